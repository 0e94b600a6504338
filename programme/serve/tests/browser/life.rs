//! The whole life of a product, walked in the browser by the roles concerned, each at a browser of his own.

use crate::fixtures::date;
use crate::house::House;
use crate::programme::Place;
use serde_json::{Value, json};

#[test]
#[ignore = "needs a browser"]
fn the_life_of_a_product_is_walked_in_the_browser_on_sqlite() {
    lives(Place::Sqlite);
}

#[test]
#[ignore = "needs a browser"]
fn the_life_of_a_product_is_walked_in_the_browser_on_postgres() {
    lives(Place::Postgres);
}

/// The reference platform's own Security Target.
const TARGET: &str = include_str!("../../../../toe/security-target.json");

/// What the platform answers when it is asked who it is.
const IDENTITY: &str = "cdd-platform 0.1.0+0";

fn target() -> Value {
    serde_json::from_str(TARGET).unwrap()
}

/// The requirements that it claims, each once.
fn claims() -> String {
    let target = target();
    let ids = target["requirements"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap());
    ids.collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>().join("\n")
}

/// Its assurance components: a profile's package is taken as it stands.
fn components() -> Vec<String> {
    serde_json::from_value(target()["assurance"]["levels"][0]["components"].clone()).unwrap()
}

/// A report with a passed work unit for each component of the Security Target.
fn report(version: &str) -> String {
    let target = target();
    let unit = |name: &String| {
        json!({
            "id": format!("{name}-1"), "component": name, "task": "Look at it.", "done": "Looked.", "evidence": [],
            "proposal": { "verdict": { "verdict": "pass", "rationale": "It is there." } },
            "decision": { "by": "Eva Lua", "date": "2030-02-01", "verdict": "pass", "reason": "Seen." },
        })
    };
    let units: Vec<Value> = components().iter().map(unit).collect();
    json!({
        "kind": "evaluation-technical-report", "title": "ETR of the reference platform", "reference": "ETR-1",
        "version": version, "date": "2030-02-01", "scheme": "DTSec", "level": "SESIP3",
        "security-target": { "title": target["title"], "version": target["version"] },
        "profile": { "title": "Connected devices", "version": "1.0" },
        "platform": { "title": "Reference BGM", "version": "0.1.0" },
        "parties": { "developer": "Maker", "sponsor": "Payer", "lab": "North", "evaluators": ["Eva Lua"] },
        "architecture": "Boot and platform.", "methods": ["CEM v3.1"], "constraints": [],
        "work-units": units, "vulnerabilities": [], "evidence": [], "observations": [],
        "conclusions": "Every work unit passed.", "acronyms": [],
    })
    .to_string()
}

fn place(location: &str) -> &str {
    location.split(['?', '#']).next().unwrap()
}

fn lives(on: Place) {
    let house = House::with_people(on);
    profile(&house);
    lab(&house);
    security_target(&house);
    evaluation(&house);
    maintenance(&house);
    vulnerability(&house);
    audit(&house);
    let differences =
        house.wait(house.registry.store().check(&mut dtsec_serve::registry::Replayed::default())).unwrap();
    assert_eq!(differences, [], "the store does not follow from its log");
}

/// A profile is reviewed in public, its comment is answered, it is accepted.
fn profile(house: &House) {
    let class = [("class/id", "meter"), ("class/name", "Glucose meters")];
    house.both_decide("/do/define-class", "define-class", &class);
    let paper = house.file("profile.md", "# Connected devices\n\nWhat they must do.\n");
    let drafted = house.walks(
        "dora",
        "/do/draft-pp",
        "draft-pp",
        &[
            ("pp", "pp"),
            ("text/title", "Connected devices"),
            ("text/version", "1.0"),
            ("text/class", "meter"),
            ("text/document@file", &paper),
            ("text/packages/0/id", "basic"),
            ("text/packages/0/components", &components().join("\n")),
            ("text/packages/0/meant-for", "low"),
            ("text/requirements", &claims()),
        ],
    );
    assert_eq!(place(&drafted), "/cases/pp/pp");
    house.walks("dora", "/cases/pp/pp", "open-pp-review", &[("closes", &date(30).to_string())]);
    let dora = house.at("dora");
    dora.open("/cases/pp/pp");
    assert!(dora.text().contains("the public review is open until"), "why it waits is not said");

    let words = [("place", "section 2"), ("text", "What of <b>radio</b>?")];
    let commented = house.walks("guest", "/profiles/pp", "comment-pp", &words);
    assert_eq!(place(&commented), "/profiles/pp");
    let guest = house.at("guest");
    assert!(guest.text().contains("What of <b>radio</b>?"), "a comment is shown as it was typed");
    guest.press("main dl a[href^='/documents/pp/pp/']");
    assert!(guest.text().contains("What they must do."), "{}", guest.text());

    let answer = [("disposition/outcome", "noted"), ("disposition/answer", "It is in section 3.")];
    house.walks("dora", "/cases/pp/pp", "dispose-comment", &answer);
    house.day(31);
    house.both_decide("/cases/pp/pp", "accept-pp", &[]);
    guest.open("/profiles/pp");
    assert!(guest.text().contains("It is in section 3."));
}

fn lab(house: &House) {
    let (accreditation, pilot) =
        (house.file("accreditation.md", "ISO 17025"), house.file("pilot.md", "Pilot."));
    house.walks(
        "nora",
        "/do/apply-lab",
        "apply-lab",
        &[
            ("lab", "north"),
            ("application/name", "North"),
            ("application/accreditation/body", "An accreditor"),
            ("application/accreditation/expires", &date(900).to_string()),
            ("application/accreditation/document@file", &accreditation),
            ("application/competence/simple-microcontroller/van", "4"),
            ("application/competence/simple-microcontroller/shown-by@file", &pilot),
            ("application/competence/general-purpose-system/van", "4"),
            ("application/competence/general-purpose-system/shown-by@file", &pilot),
            ("application/documents-its-work", "true"),
            ("application/open-to-audit", "true"),
        ],
    );
    let factors = [
        ("factors/experience", "much"),
        ("factors/accreditor", "known"),
        ("factors/costs", "fair"),
        ("factors/resources", "enough"),
    ];
    house.both_decide("/cases/lab/north", "accept-lab", &factors);
}

/// A Security Target is checked as it is uploaded, sent back once, compared with what it was, and approved.
fn security_target(house: &House) {
    let ann = house.at("ann");
    ann.open("/do/submit-st");
    let mut poor = target();
    poor["threats"] = json!([]);
    let poor = house.file("poor.json", &poor.to_string());
    ann.fills("submit-st", &[("text/document@file", &poor)]);
    ann.sends("submit-st");
    assert!(ann.browser.has(".findings table tbody tr"), "no findings in place: {}", ann.text());
    assert!(ann.text().contains("Does not conform"), "{}", ann.text());

    let first = house.file("st.json", TARGET);
    ann.fills("submit-st", &[("text/document@file", &first)]);
    ann.sends("submit-st");
    assert!(ann.text().contains("Conforms") && ann.text().contains("st.json"), "{}", ann.text());
    let name = ann.browser.find("form.act [name='text/product']");
    assert_eq!(ann.browser.property(&name, "value"), "Reference BGM", "the form is not filled in from it");
    ann.fills(
        "submit-st",
        &[
            ("st", "st"),
            ("text/class", "meter"),
            ("text/profile/0", "pp"),
            ("text/profile/1", "basic"),
            ("text/contains", "radio-1.0"),
        ],
    );
    ann.sends("submit-st");
    assert_eq!(place(&ann.path()), "/cases/st/st", "{}", ann.text());
    ann.is_calm();

    let dora = house.at("dora");
    dora.open("/work");
    dora.press("main a[href='/cases/st/st#do-review-st']");
    house.walks("dora", "/cases/st/st", "review-st", &[]);
    let findings = [("findings", "Say in the title which board it is.")];
    house.walks("dora", "/cases/st/st", "request-st-changes", &findings);

    ann.open("/cases/st/st");
    assert!(ann.text().contains("Say in the title which board it is."), "{}", ann.text());
    let mut better = target();
    better["version"] = json!("0.2");
    better["title"] = json!("Security Target of the reference board mps2-an505");
    // What is newer is compared with what is older.
    house.clock.forward(jiff::SignedDuration::from_mins(1));
    let better = house.file("st-2.json", &better.to_string());
    ann.fills("revise-st", &[("text/document@file", &better)]);
    ann.sends("revise-st");
    assert!(ann.text().contains("Conforms"), "{}", ann.text());
    ann.fills("revise-st", &[]);
    ann.sends("revise-st");
    assert_eq!(place(&ann.path()), "/cases/st/st", "{}", ann.text());

    // What changed is marked in the viewer.
    house.walks("dora", "/cases/st/st", "review-st", &[]);
    dora.open("/cases/st/st");
    dora.press("main a[href*='?since=']");
    let text = dora.text();
    assert!(text.contains("Security Target of the reference board mps2-an505"), "{text}");
    assert!(dora.browser.has("ins") && dora.browser.has("del"), "nothing is marked: {text}");
    dora.press("a[href='/cases/st/st']");
    dora.is_calm();
    house.both_decide("/cases/st/st", "approve-st", &[]);
}

/// A report is sent back once, accepted, and the product is certified and listed by two.
fn evaluation(house: &House) {
    let plan = [("plan/st", "st"), ("plan/lab", "north"), ("plan/classes", "simple-microcontroller")];
    let planned = house.walks("nora", "/do/plan-evaluation", "plan-evaluation", &plan);
    let evaluation = place(&planned).to_owned();
    house.walks("nora", &evaluation, "start-evaluation", &[]);
    let nora = house.at("nora");
    let papers = house.file("papers.md", "Working papers.");
    for version in ["1.0", "1.1"] {
        let report = house.file(&format!("etr-{version}.json"), &report(version));
        nora.open(&evaluation);
        nora.fills("submit-etr", &[("etr/document@file", &report)]);
        nora.sends("submit-etr");
        assert!(nora.text().contains("What the check found in etr-"), "{}", nora.text());
        let units =
            nora.browser.run("return new Set([...document.querySelectorAll(\"form.act [name$='/verdict']\")].map(one => one.name)).size", &[]);
        assert_eq!(units, 13, "the form is not filled in from the report");
        nora.fills(
            "submit-etr",
            &[
                ("etr/identity", IDENTITY),
                ("etr/search/date", &date(31).to_string()),
                ("etr/search/sources", "NVD"),
                ("etr/search/terms", "radio"),
                ("etr/working-papers@file", &papers),
            ],
        );
        nora.sends("submit-etr");
        assert!(nora.browser.has(".notice"), "{}", nora.text());
        nora.is_calm();
        if version == "1.0" {
            let findings = [("findings", "The attack on the pairing is too short.")];
            house.walks("dora", &evaluation, "request-rework", &findings);
        }
    }
    house.both_decide(&evaluation, "certify", &[("with/entry", "entry"), ("with/certificate", "DTS-1")]);
    let guest = house.at("guest");
    guest.open("/entries/entry");
    let shown = guest.text();
    for said in ["Certified and listed", "DTS-1", IDENTITY, "Reference BGM"] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    guest.is_calm();
}

fn maintenance(house: &House) {
    house.day(40);
    let document = house.file("request.md", "One word.");
    let asked = house.walks(
        "ann",
        "/cases/entry/entry",
        "request-maintenance",
        &[
            ("form/document@file", &document),
            ("form/version", "0.1.1"),
            ("form/identity", "cdd-platform 0.1.1+0"),
            ("form/differences/0/what", "a word on the display"),
            ("form/differences/0/effect", "minor"),
            ("form/differences/0/reasoning", "no claim is touched"),
        ],
    );
    house.both_decide(place(&asked), "append-version", &[("with/joint-effect", "none")]);
    let guest = house.at("guest");
    guest.open("/entries/entry");
    let shown = guest.text();
    assert!(shown.contains("0.1.1") && shown.contains("cdd-platform 0.1.1+0"), "{shown}");
}

/// Somebody finds a vulnerability; the product leaves the list, is mended, and comes back.
fn vulnerability(house: &House) {
    house.day(50);
    let finding = house.file("finding.md", "It opens.");
    let report = [("vulnerability", "vr-1"), ("report/document@file", finding.as_str())];
    house.walks("guest", "/do/report-vulnerability?about=entry/entry", "report-vulnerability", &report);
    let case = "/cases/vulnerability/vr-1";
    house.walks("dora", case, "triage-vulnerability", &[("found/0", "secure-update-of-platform")]);
    let guest = house.at("guest");
    guest.open("/entries/entry");
    assert!(guest.text().contains("Listed, with an open vulnerability"), "{}", guest.text());
    let ground = [("ground/ground", "conflict"), ("ground/conflict/vulnerability", "vr-1")];
    house.both_decide("/cases/entry/entry", "remove-entry", &ground);
    guest.open("/entries/entry");
    assert!(guest.text().contains("Taken off the list on"), "{}", guest.text());
    let (plan, fix) = (house.file("plan.md", "A plan."), house.file("fix.md", "A fix."));
    house.walks(
        "ann",
        case,
        "submit-plan",
        &[("plan/document@file", &plan), ("plan/due", &date(80).to_string())],
    );
    house.walks("ann", case, "report-mitigation", &[("evidence@file", &fix)]);
    house.walks("dora", case, "verify-mitigation", &[]);
    house.day(60);
    house.both_decide("/cases/entry/entry", "restore-entry", &[]);
    guest.open(&format!("/entries/entry?at={}", date(55)));
    let back = guest.text();
    assert!(
        back.contains("Certified and listed") && back.contains(&format!("On {} it was removed", date(55))),
        "{back}"
    );
    guest.open("/advisories");
    assert!(guest.text().contains("vr-1"));
}

/// It is audited at random: both sides commit to a share, and reveal it.
fn audit(house: &House) {
    let share = |visitor: &crate::house::Visitor, form: &str| {
        let text =
            format!("return document.querySelector(\"form[action^='/do/{form}'] code.long\").textContent");
        visitor.browser.run(&text, &[]).as_str().unwrap().to_owned()
    };
    let dora = house.at("dora");
    dora.open("/cases/entry/entry");
    let of_group = share(&dora, "order-audit");
    dora.fills("order-audit", &[("order/due", &date(90).to_string())]);
    dora.sends("order-audit");
    let dirk = house.at("dirk");
    dirk.open("/work/proposals");
    dirk.press("tbody a[href^='/cases/proposal/']");
    let proposal = dirk.path();
    house.walks("dirk", &proposal, "confirm", &[]);
    dirk.open("/work/audits");
    dirk.press("tbody a[href^='/cases/audit/']");
    let audit = dirk.path();
    let ann = house.at("ann");
    ann.open(&audit);
    let of_developer = share(&ann, "join-audit");
    ann.fills("join-audit", &[]);
    ann.sends("join-audit");
    house.walks("dora", &audit, "reveal-share", &[("share", &of_group)]);
    house.walks("ann", &audit, "reveal-share", &[("share", &of_developer)]);
    let evidence = house.file("evidence.md", "Shown.");
    house.walks("ann", &audit, "submit-audit-evidence", &[("evidence/0@file", &evidence)]);
    house.walks("otto", &audit, "record-audit-result", &[("results/0", "true")]);
    house.both_decide(&audit, "close-audit", &[]);
    dora.open(&audit);
    assert!(dora.text().contains("closed") || dora.text().contains("Closed"), "{}", dora.text());
}
