//! Pages from outside: what they show to whom, and what becomes of a form that is not right.

use crate::fixtures::{self, date, hash};
use crate::pages_life::{Found, form};
use crate::site::{As, Site};
use dtsec_registry::domain::Command;

/// Every page that a visitor without an account, or a role, opens.
const PUBLIC: &[&str] = &[
    "/",
    "/?q=pump&state=listed&van=4",
    "/entries/entry",
    "/labs",
    "/labs/north",
    "/profiles",
    "/profiles/pp",
    "/advisories",
    "/rules",
    "/sign-in",
    "/do/report-vulnerability",
    "/do/report-vulnerability?about=entry/entry",
];

const WORK: &[(&str, &[&str])] = &[
    (
        "dora",
        &[
            "/work",
            "/work/sts",
            "/work/entries",
            "/work/evaluations",
            "/work/proposals",
            "/work/vulnerabilities",
            "/work/audits",
            "/work/classes",
            "/cases/st/st",
            "/cases/entry/entry",
            "/cases/pp/pp",
            "/cases/lab/north",
            "/cases/evaluation/ev",
            "/cases/class/pump",
            "/do/draft-pp",
            "/do/order-audit",
            "/do/propose-agreement",
            "/do/define-class",
            "/people",
            "/log",
            "/me",
        ],
    ),
    (
        "ann",
        &[
            "/work",
            "/work/sts",
            "/cases/st/st",
            "/cases/entry/entry",
            "/do/submit-st",
            "/do/request-maintenance?about=entry/entry",
            "/people",
            "/me",
        ],
    ),
    ("nora", &["/work", "/cases/evaluation/ev", "/do/plan-evaluation", "/do/apply-lab", "/me"]),
    ("otto", &["/work", "/log", "/cases/entry/entry"]),
];

/// What every page must be: one title, headings in order, a way past the navigation, names on fields, nothing that runs.
fn is_well_made(path: &str, page: &str) {
    assert!(page.starts_with("<!doctype html>") && page.contains("lang=\"en\""), "{path}");
    for once in ["<h1", "<main", "class=\"skip\"", "<title>"] {
        assert_eq!(page.matches(once).count(), 1, "{path}: {once}");
    }
    for never in [" style=\"", "<style", "onclick", "javascript:", "<script>"] {
        assert!(!page.contains(never), "{path}: {never}");
    }
    let mut last = 0;
    for (at, _) in page.match_indices("<h") {
        let Some(level) = page[at + 2..].chars().next().and_then(|one| one.to_digit(10)) else { continue };
        assert!(level <= last + 1, "{path}: h{level} after h{last}");
        last = level;
    }
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for id in &ids {
        assert_eq!(ids.iter().filter(|one| one == &id).count(), 1, "{path}: the id {id} is there twice");
    }
    for tag in page
        .split(['<'])
        .filter(|tag| ["input", "textarea", "select"].iter().any(|name| tag.starts_with(&format!("{name} "))))
    {
        let tag = tag.split('>').next().unwrap();
        let id = tag.split(" id=\"").nth(1).and_then(|rest| rest.split('"').next());
        let named = tag.contains("type=\"hidden\"")
            || tag.contains("aria-label=")
            || id.is_some_and(|id| page.contains(&format!("for=\"{id}\"")))
            || (tag.contains("name=\"reason\"") && id.is_none());
        assert!(named, "{path}: a field without a label: {tag}");
    }
    for head in page.split("<thead>").skip(1) {
        let head = head.split("</thead>").next().unwrap();
        assert_eq!(
            head.matches("<th ").count(),
            head.matches("scope=\"col\"").count(),
            "{path}: a head without scope"
        );
    }
}

#[tokio::test]
async fn every_page_has_its_landmarks_its_headings_in_order_names_on_fields_and_nothing_that_runs() {
    let site = Site::with_entry().await;
    for path in PUBLIC {
        is_well_made(path, &site.get(&As::Nobody, path).await.is(200).text());
    }
    for (name, paths) in WORK {
        let who = site.cookie(name).await;
        for path in *paths {
            is_well_made(path, &site.get(&who, path).await.is(200).text());
        }
    }
}

#[tokio::test]
async fn a_page_offers_what_its_reader_may_do_now_and_nothing_else() {
    let site = Site::with_people().await;
    site.listed().await;
    let second = Command::SubmitSt { st: fixtures::id("st-2"), text: Box::new(fixtures::target("st-2")) };
    site.does("ann", second).await;
    let offered = async |who: &str| {
        let page = site.get(&site.cookie(who).await, "/cases/st/st-2").await.is(200).text();
        ["review-st", "revise-st", "publish-st", "approve-st", "request-st-changes"]
            .map(|tag| form(&page, &format!("/do/{tag}")).is_some())
    };
    assert_eq!(offered("dora").await, [true, false, false, false, false]);
    assert_eq!(offered("ann").await, [false, true, true, false, false]);
    site.does("dora", Command::ReviewSt { st: fixtures::id("st-2") }).await;
    assert_eq!(offered("dora").await, [false, false, false, true, true]);
    // A member with an interest in the developer sees neither the text nor a form.
    site.get(&site.cookie("dina").await, "/cases/st/st-2").await.is(404);
    site.get(&site.cookie("bob").await, "/cases/st/st-2").await.is(404);
}

#[tokio::test]
async fn a_form_that_is_refused_comes_back_with_rule_reason_remedy_and_what_was_typed() {
    let site = Site::with_entry().await;
    let ann = site.cookie("ann").await;
    let path = "/do/request-maintenance?about=entry/entry";
    let page = site.get(&ann, path).await.is(200).text();
    let mut filled = form(&page, "/do/request-maintenance").unwrap();
    filled.set("form/version", "2.0");
    filled.set("form/document", "no hash");
    filled.set("form/identity", "alpha <pump>");
    filled.set("_reason", "because");
    let before = site.head().await;
    let answer = site.send_form(&ann, &filled).await.is(422).text();
    assert!(answer.contains("`no hash` is not the SHA-256"), "the field does not say what is wrong");
    assert!(answer.contains("aria-invalid"));
    let again = form(&answer, "/do/request-maintenance").unwrap();
    assert_eq!(again.one("form/identity"), "alpha <pump>");
    assert_eq!(again.one("_reason"), "because");
    // Now a rule says no: the version stands in the entry.
    let mut filled = again;
    filled.set("form/document", hash("form").as_str());
    filled.set("form/differences/#", "1");
    filled.set("form/differences/0/what", "a word");
    filled.set("form/differences/0/effect", "minor");
    filled.set("form/differences/0/reasoning", "none");
    let answer = site.send_form(&ann, &filled).await.is(422).text();
    assert!(
        answer.contains("/rules#M1") && answer.contains("version 2.0 stands in the entry already"),
        "{answer}"
    );
    assert!(answer.contains("Give the new version."));
    assert_eq!(site.head().await, before, "something was changed");
    // And one without a reason.
    filled.set("form/version", "2.1");
    filled.set("_reason", " ");
    let answer = site.send_form(&ann, &filled).await.is(422).text();
    assert!(answer.contains("no reason is given"));
    filled.set("_reason", "a new version");
    site.send_form(&ann, &filled).await.is(303);
}

async fn review(site: &Site, who: &As, day: i64) -> Found {
    let page = site.get(who, "/cases/entry/entry").await.is(200).text();
    let mut filled = form(&page, "/do/review-entry").unwrap();
    filled.set("searched", &date(day).to_string());
    filled.set("_reason", "searched");
    filled
}

#[tokio::test]
async fn a_form_that_is_sent_twice_counts_once_and_one_that_has_grown_old_is_not_carried_out() {
    let site = Site::with_entry().await;
    site.clock.set(fixtures::at(60));
    let (dora, dirk) = (site.cookie("dora").await, site.cookie("dirk").await);
    let filled = review(&site, &dora, 40).await;
    let old = review(&site, &dirk, 50).await;
    let first = site.send_form(&dora, &filled).await.is(303);
    assert_eq!(first.header("location"), "/cases/entry/entry?done=review-entry");
    let before = site.head().await;
    let second = site.send_form(&dora, &filled).await.is(303);
    assert_eq!(second.header("location"), "/cases/entry/entry?again=review-entry");
    let said = site.get(&dora, second.header("location")).await.text();
    assert!(said.contains("counted the first time"));
    let stale = site.send_form(&dirk, &old).await.is(409).text();
    assert!(stale.contains("It has moved on since you opened this form"));
    assert_eq!(site.head().await, before, "something was changed");
    // Looked at again and sent again, it is carried out.
    let again = form(&stale, "/do/review-entry").unwrap();
    assert_eq!(again.one("searched"), date(50).to_string());
    site.send_form(&dirk, &again).await.is(303);
}

#[tokio::test]
async fn a_security_target_is_checked_as_it_is_uploaded_and_fills_the_form_in() {
    let site = Site::with_entry().await;
    let As::Cookie(cookie) = site.cookie("ann").await else { panic!("a cookie") };
    let ann = As::Cookie(cookie.clone());
    let document = include_str!("../../../../toe/security-target.json");
    let part = |name: &str, more: &str, text: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n{text}\r\n")
    };
    let body = [
        part("csrf", "", &dtsec_serve::access::session::mark(&cookie)),
        part("st", "", "st-new"),
        part("_reason", "", "a first text"),
        part("text/document@file", "; filename=\"st.json\"\r\nContent-Type: application/json", document),
        "--x--\r\n".to_owned(),
    ]
    .concat();
    let request = axum::http::Request::builder()
        .method("POST")
        .uri("/do/submit-st")
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "multipart/form-data; boundary=x")
        .header("cookie", format!("dtsec={cookie}"));
    let page = site.send(request.body(axum::body::Body::from(body)).unwrap()).await.is(200).text();
    assert!(page.contains("What the check found in st.json"));
    let filled = form(&page, "/do/submit-st").unwrap();
    let digest = dtsec_store::Digest::of(document.as_bytes());
    assert_eq!(filled.one("text/document"), digest.as_str());
    assert_eq!(filled.one("text/product"), "Reference BGM");
    assert_eq!(filled.one("st"), "st-new");
    assert!(filled.one("text/claims").contains("secure-trusted-storage"));
    // It is laid out for reading, without anything that runs.
    let viewed = site.get(&ann, &format!("/documents/upload/alpha/{}", digest.as_str())).await.is(200);
    assert!(viewed.header("content-security-policy").starts_with("default-src 'none'"));
    assert!(viewed.text().contains("Security Target") && !viewed.text().contains("<script"));
}

#[tokio::test]
async fn products_stand_side_by_side_with_what_differs_marked() {
    let site = Site::with_entry().await;
    let (entry, claim) = (fixtures::id("mini"), fixtures::claim("entry"));
    site.does("ann", Command::ClaimDeFacto { entry, claim }).await;
    let admitted = dtsec_registry::domain::Decision::AdmitDeFacto {
        entry: fixtures::id("mini"),
        assertion: hash("assertion"),
    };
    site.decided(admitted).await;
    let list = site.get(&As::Nobody, "/").await.is(200).text();
    assert!(list.contains("de facto: not evaluated by a lab"));
    let page = site.get(&As::Nobody, "/compare?id=entry&id=mini").await.is(200).text();
    is_well_made("/compare", &page);
    assert!(page.contains("Pump mini") && page.contains("class=\"differs\""));
    assert!(
        !page.split("Requirements claimed").next().unwrap().rsplit("<tr").next().unwrap().contains("differs"),
        "they claim the same"
    );
    site.get(&As::Nobody, "/compare?id=entry").await.is(422);
    site.get(&As::Nobody, "/compare?id=entry&id=none").await.is(404);
}

#[tokio::test]
async fn a_token_of_one_s_own_is_made_shown_once_and_revoked_on_the_page() {
    let site = Site::with_people().await;
    let ann = site.cookie("ann").await;
    let page = site.get(&ann, "/me").await.is(200).text();
    let mut filled = form(&page, "/me/token").unwrap();
    filled.set("name", "build");
    let refused = site.send_form(&ann, &filled).await.is(422).text();
    assert!(refused.contains("give at least one"));
    filled.set("scope", "read");
    let made = site.send_form(&ann, &filled).await.is(200).text();
    let token = made.split("<code class=\"long\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    site.get(&As::Token(token.clone()), "/api/v1/me").await.is(200);
    let page = site.get(&ann, "/me").await.text();
    assert!(!page.contains(&token), "the secret is shown again");
    let revoke = form(&page, "/me/revoke").unwrap();
    site.send_form(&ann, &revoke).await.is(303);
    site.get(&As::Token(token), "/api/v1/me").await.is(401);
}
