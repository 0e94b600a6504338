//! The life of a product, walked by the forms of the pages: each is fetched, filled in as a person would, and sent.

use crate::fixtures::{self, at, date, hash};
use crate::site::{As, Place, Site, on_both};
use axum::body::Body;
use axum::http::{Request, header};
use dtsec_registry::domain::draw::Party;

on_both! {
    the_life_of_a_product_is_walked_by_forms_from_the_review_of_its_profile_to_its_return_to_the_list
}

/// A form as it stands on a page: where it goes, and what is in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    pub(crate) to: String,
    pub(crate) fields: Vec<(String, String)>,
}

fn decoded(text: &str) -> String {
    let text = text.replace("&#38;", "&").replace("&#34;", "\"").replace("&#39;", "'").replace("&#60;", "<");
    text.replace("&#62;", ">")
        .replace("&amp;", "&")
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
}

/// The value of an attribute in a tag's text.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let rest = tag.split(&format!(" {name}=\"")).nth(1)?;
    Some(decoded(rest.split('"').next()?))
}

/// The form on a page that goes to this address, or begins so.
pub(crate) fn form(page: &str, to: &str) -> Option<Found> {
    let start = page
        .match_indices("<form method=\"post\" action=\"")
        .find(|(at, found)| page[at + found.len()..].starts_with(to))?
        .0;
    let text = &page[start..start + page[start..].find("</form>")?];
    let mut found = Found { to: attribute(text, "action")?, fields: Vec::new() };
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let tag = &rest[..rest.find('>').unwrap_or(rest.len())];
        let Some(name) = attribute(tag, "name") else { continue };
        if tag.starts_with("input") {
            let picked = !tag.contains("type=\"checkbox\"") && !tag.contains("type=\"radio\"");
            if !tag.contains("type=\"file\"") && (picked || tag.contains(" checked")) {
                found.fields.push((name, attribute(tag, "value").unwrap_or_default()));
            }
        } else if tag.starts_with("textarea") {
            let inside = &rest[tag.len() + 1..rest.find("</textarea>").unwrap_or(rest.len())];
            found.fields.push((name, decoded(inside.strip_prefix('\n').unwrap_or(inside))));
        } else if tag.starts_with("select") {
            let inside = &rest[..rest.find("</select>").unwrap_or(rest.len())];
            let chosen = inside.split("<option").skip(1).find(|option| option.contains(" selected"));
            let option = chosen.or_else(|| inside.split("<option").nth(1)).unwrap_or_default();
            found.fields.push((name, attribute(option, "value").unwrap_or_default()));
        }
    }
    Some(found)
}

impl Found {
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.fields.retain(|(key, _)| key != name);
        self.fields.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn one(&self, name: &str) -> &str {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

impl Site {
    /// Sends a form as a browser does.
    pub(crate) async fn send_form(&self, who: &As, form: &Found) -> crate::site::Answer {
        let mut body = String::new();
        for (name, value) in &form.fields {
            let text: String = [name, value].map(|text| percent(text)).join("=");
            body = if body.is_empty() { text } else { format!("{body}&{text}") };
        }
        let mut request =
            Request::builder().method("POST").uri(&form.to).header("sec-fetch-site", "same-origin");
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let As::Cookie(cookie) = who {
            request = request.header(header::COOKIE, format!("dtsec={cookie}"));
        }
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// Opens a page, fills in the form of a command there, sends it, and says where it leads.
    pub(crate) async fn walks(&self, who: &str, page: &str, tag: &str, fields: &[(&str, &str)]) -> String {
        // The clock moves on between steps, and sessions end.
        let who = &match who {
            "guest" => As::Cookie("0".repeat(64)),
            name => self.cookie(name).await,
        };
        let text = self.get(who, page).await.is(200).text();
        let mut form =
            form(&text, &format!("/do/{tag}")).unwrap_or_else(|| panic!("no form `{tag}` on {page}: {text}"));
        form.set("_reason", "as the test needs it");
        for (name, value) in fields {
            form.set(name, value);
        }
        let answer = self.send_form(who, &form).await;
        let shown = answer.text();
        let refused = shown.split("role=\"alert\"").nth(1).unwrap_or(&shown);
        assert_eq!(answer.status.as_u16(), 303, "{tag} on {page}: {}", &refused[..refused.len().min(600)]);
        answer.header("location").to_owned()
    }

    /// Proposed by one member, confirmed by another, each on a page.
    pub(crate) async fn both_decide(&self, page: &str, tag: &str, fields: &[(&str, &str)]) {
        self.walks("dora", page, tag, fields).await;
        let (dora, dirk) = (self.cookie("dora").await, self.cookie("dirk").await);
        let list = self.get(&dirk, "/work/proposals").await.is(200).text();
        let proposal = list.split("/cases/proposal/").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let own = self.get(&dora, &format!("/cases/proposal/{proposal}")).await.is(200).text();
        assert!(form(&own, "/do/confirm").is_none(), "the first member is offered to be the second");
        self.walks("dirk", &format!("/cases/proposal/{proposal}"), "confirm", &[]).await;
    }
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}

fn page_of(location: &str) -> &str {
    location.split('?').next().unwrap()
}

async fn the_life_of_a_product_is_walked_by_forms_from_the_review_of_its_profile_to_its_return_to_the_list(
    place: Place,
) {
    let site = place.with_people().await;
    let text = |name: &str| hash(name).to_string();
    site.both_decide(
        "/do/define-class",
        "define-class",
        &[
            ("class/id", "pump"),
            ("class/name", "Insulin pumps"),
            ("class/life-critical", "true"),
            ("class/exposed", "true"),
        ],
    )
    .await;

    // A profile is reviewed in public, and every comment is answered.
    let claims = "requirement-1\nrequirement-2\nrequirement-3\nrequirement-4\nrequirement-5";
    let drafted = site
        .walks(
            "dora",
            "/do/draft-pp",
            "draft-pp",
            &[
                ("pp", "pp"),
                ("text/title", "Connected devices"),
                ("text/version", "1.0"),
                ("text/class", "pump"),
                ("text/document", &text("pp")),
                ("text/packages/0/id", "moderate"),
                ("text/packages/0/components", "AVA_VAN.4\nADV_FSP.4"),
                ("text/packages/0/meant-for", "high"),
                ("text/requirements", claims),
            ],
        )
        .await;
    assert_eq!(drafted, "/cases/pp/pp?done=draft-pp");
    site.walks("dora", "/cases/pp/pp", "open-pp-review", &[("closes", &date(30).to_string())]).await;
    let waits = site.get(&site.cookie("dora").await, "/cases/pp/pp").await.text();
    assert!(waits.contains("the public review is open until"), "why it cannot be accepted yet is not said");
    let commented = site
        .walks(
            "guest",
            "/profiles/pp",
            "comment-pp",
            &[("place", "section 2"), ("text", "What of <b>radio</b>?")],
        )
        .await;
    assert_eq!(commented, "/profiles/pp?done=comment-pp");
    let shown = site.get(&As::Nobody, "/profiles/pp").await.text();
    assert!(shown.contains("What of &#60;b&#62;radio") || shown.contains("What of &lt;b&gt;radio"));
    site.walks(
        "dora",
        "/cases/pp/pp",
        "dispose-comment",
        &[("disposition/outcome", "noted"), ("disposition/answer", "It is in section 3.")],
    )
    .await;
    site.clock.set(at(31));
    site.both_decide("/cases/pp/pp", "accept-pp", &[]).await;

    // A lab applies and is accepted.
    site.walks(
        "nora",
        "/do/apply-lab",
        "apply-lab",
        &[
            ("lab", "north"),
            ("application/name", "North"),
            ("application/accreditation/body", "An accreditor"),
            ("application/accreditation/expires", &date(900).to_string()),
            ("application/accreditation/document", &text("accreditation")),
            ("application/competence/simple-microcontroller/van", "4"),
            ("application/competence/general-purpose-system/van", "4"),
            ("application/competence/simple-microcontroller/shown-by", &text("pilot")),
            ("application/competence/general-purpose-system/shown-by", &text("pilot")),
            ("application/documents-its-work", "true"),
            ("application/open-to-audit", "true"),
        ],
    )
    .await;
    let factors = [
        ("factors/experience", "much"),
        ("factors/accreditor", "known"),
        ("factors/costs", "fair"),
        ("factors/resources", "enough"),
    ];
    site.both_decide("/cases/lab/north", "accept-lab", &factors).await;

    // A Security Target is handed in, read, and approved.
    site.walks(
        "ann",
        "/do/submit-st",
        "submit-st",
        &[
            ("st", "st"),
            ("text/document", &text("st")),
            ("text/st-version", "1.0"),
            ("text/product", "Pump"),
            ("text/version", "2.0"),
            ("text/identity", "alpha pump 2.0"),
            ("text/class", "pump"),
            ("text/profile/0", "pp"),
            ("text/profile/1", "moderate"),
            ("text/components", "AVA_VAN.4\nADV_FSP.4"),
            ("text/claims", claims),
            ("text/confidentiality", "public"),
            ("text/contains", "radio-1.0"),
        ],
    )
    .await;
    let work = site.get(&site.cookie("dora").await, "/work").await.text();
    assert!(work.contains("/cases/st/st#do-review-st"), "it does not wait for the working group");
    site.walks("dora", "/cases/st/st", "review-st", &[]).await;
    site.both_decide("/cases/st/st", "approve-st", &[]).await;

    // It is evaluated, certified and listed.
    let planned = site
        .walks(
            "nora",
            "/do/plan-evaluation",
            "plan-evaluation",
            &[("plan/st", "st"), ("plan/lab", "north"), ("plan/classes", "simple-microcontroller")],
        )
        .await;
    let evaluation = page_of(&planned).to_owned();
    site.walks("nora", &evaluation, "start-evaluation", &[]).await;
    site.walks(
        "nora",
        &evaluation,
        "submit-etr",
        &[
            ("etr/document", &text("etr")),
            ("etr/identity", "alpha pump 2.0"),
            ("etr/units/#", "1"),
            ("etr/units/0/id", "AVA_VAN.4-1"),
            ("etr/units/0/component", "AVA_VAN.4"),
            ("etr/units/0/verdict", "pass"),
            ("etr/units/0/has-rationale", "true"),
            ("etr/search/date", &date(31).to_string()),
            ("etr/search/sources", "NVD"),
            ("etr/search/terms", "radio"),
            ("etr/working-papers", &text("papers")),
        ],
    )
    .await;
    site.both_decide(&evaluation, "certify", &[("with/entry", "entry"), ("with/certificate", "DTS-1")]).await;
    let entry = site.get(&As::Nobody, "/entries/entry").await.is(200).text();
    assert!(
        entry.contains("Certified and listed") && entry.contains("DTS-1") && entry.contains("alpha pump 2.0")
    );

    // A minor change is appended.
    site.clock.set(at(40));
    let asked = site
        .walks(
            "ann",
            "/cases/entry/entry",
            "request-maintenance",
            &[
                ("form/document", &text("form")),
                ("form/version", "2.1"),
                ("form/identity", "alpha pump 2.1"),
                ("form/differences/0/what", "a word on the display"),
                ("form/differences/0/effect", "minor"),
                ("form/differences/0/reasoning", "no claim is touched"),
            ],
        )
        .await;
    site.both_decide(page_of(&asked), "append-version", &[("with/joint-effect", "none")]).await;
    let entry = site.get(&As::Nobody, "/entries/entry").await.text();
    assert!(entry.contains("2.1") && entry.contains("a word on the display"));

    // Somebody finds a vulnerability. It conflicts; the product leaves the list, is mended, and comes back.
    site.clock.set(at(50));
    site.walks(
        "guest",
        "/do/report-vulnerability?about=entry/entry",
        "report-vulnerability",
        &[("vulnerability", "vr-1"), ("report/document", &text("finding"))],
    )
    .await;
    site.walks("dora", "/cases/vulnerability/vr-1", "triage-vulnerability", &[("found/0", "requirement-1")])
        .await;
    let open = site.get(&As::Nobody, "/entries/entry").await.text();
    assert!(open.contains("Listed, with an open vulnerability"));
    site.both_decide(
        "/cases/entry/entry",
        "remove-entry",
        &[("ground/ground", "conflict"), ("ground/conflict/vulnerability", "vr-1")],
    )
    .await;
    let removed = site.get(&As::Nobody, "/entries/entry").await.text();
    assert!(
        removed.contains("Taken off the list on") && !removed.contains("vr-1"),
        "a removal names the class of its reason only"
    );
    site.walks(
        "ann",
        "/cases/vulnerability/vr-1",
        "submit-plan",
        &[("plan/document", &text("plan")), ("plan/due", &date(80).to_string())],
    )
    .await;
    site.walks("ann", "/cases/vulnerability/vr-1", "report-mitigation", &[("evidence", &text("fix"))]).await;
    site.walks("dora", "/cases/vulnerability/vr-1", "verify-mitigation", &[]).await;
    site.clock.set(at(60));
    site.both_decide("/cases/entry/entry", "restore-entry", &[]).await;
    let back = site.get(&As::Nobody, &format!("/entries/entry?at={}", date(55))).await.text();
    assert!(back.contains("Certified and listed"));
    assert!(back.contains("On 2030-02-25 it was <strong>removed"), "what it was at a day is not said");
    let feed = site.get(&As::Nobody, "/changes.atom").await.is(200);
    assert!(feed.header("content-type").starts_with("application/atom+xml"));
    assert_eq!(feed.text().matches("<entry>").count(), 4, "{}", feed.text());
    assert!(site.get(&As::Nobody, "/advisories").await.text().contains("vr-1"));

    // And it is audited at random.
    site.both_decide(
        "/cases/entry/entry",
        "order-audit",
        &[
            ("order/audit", "audit"),
            ("order/commitment", fixtures::commit(Party::Dwg).as_str()),
            ("order/due", &date(90).to_string()),
        ],
    )
    .await;
    let own = fixtures::commit(Party::Developer);
    site.walks("ann", "/cases/audit/audit", "join-audit", &[("commitment", own.as_str())]).await;
    let share = |party| serde_json::to_value(fixtures::share(party)).unwrap().as_str().unwrap().to_owned();
    site.walks("dora", "/cases/audit/audit", "reveal-share", &[("share", &share(Party::Dwg))]).await;
    site.walks("ann", "/cases/audit/audit", "reveal-share", &[("share", &share(Party::Developer))]).await;
    site.walks("ann", "/cases/audit/audit", "submit-audit-evidence", &[("evidence/0", &text("shown"))]).await;
    site.walks("otto", "/cases/audit/audit", "record-audit-result", &[("results/0", "true")]).await;
    site.both_decide("/cases/audit/audit", "close-audit", &[]).await;
}
