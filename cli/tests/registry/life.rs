//! The whole life of a product by `dtsec registry`, by the roles concerned: from the public review of its profile to the
//! revalidation after a major change. The server is killed where days go by.

use serde_json::{Value, json};

use crate::papers::*;
use crate::place::{Place, on_both};
use crate::world::World;

on_both! {
    a_product_is_walked_through_its_whole_life
}

fn a_product_is_walked_through_its_whole_life(place: Place) {
    let mut world = World::with_people(place);
    profile_is_reviewed_and_accepted(&mut world);
    lab_is_accepted(&mut world);
    let st = security_target_is_approved(&mut world);
    product_is_evaluated_certified_and_listed(&mut world, &st);
    minor_change_is_appended(&mut world);
    vulnerability_is_mitigated_in_time(&mut world);
    vulnerability_is_overdue_and_the_product_leaves_the_list_and_comes_back(&mut world);
    product_is_audited_at_random(&mut world);
    major_change_is_revalidated(&mut world);
    assert_eq!(world.verifies()["faults"], json!([]));
}

fn profile_is_reviewed_and_accepted(world: &mut World) {
    world.refuses("ann", &json!({ "command": "propose", "proposal": "p", "decision": class() }), 101);
    world.decided(&class());
    assert_eq!(world.row("guest", "classes", "pump")["criticality"], "high");

    let document = world.paper("root", "profile");
    world.refuses("ann", &draft(&document), 101);
    world.give("root", &draft(&document)).ok();
    assert_eq!(world.row("root", "drafts", "pp")["state"], "draft");
    world.ask("guest", &["show", "pp/pp"]).refused(16);

    let comment =
        ["comment", "pp", "--place", "section 2", "--text", "What of radio?", "--reason", "as a parent"];
    world.ask("guest", &comment).refused(108);
    let open =
        json!({ "command": "open-pp-review", "pp": "pp", "document": document, "closes": world.day(0) });
    world.refuses("root", &open, 203);
    let open =
        json!({ "command": "open-pp-review", "pp": "pp", "document": document, "closes": world.day(3) });
    world.give("root", &open).ok();
    assert_eq!(world.state("guest", "pps", "pp"), "public-review");

    world.ask("guest", &comment).ok();
    let row = world.row("guest", "pps", "pp");
    assert_eq!((&row["comments"], &row["unanswered"]), (&json!(1), &json!(1)));
    let comment = comment_of(&world.part("guest", "pp/pp"));
    let disposition = json!({ "outcome": "noted", "answer": "It is in section 3." });
    let dispose =
        json!({ "command": "dispose-comment", "pp": "pp", "comment": comment, "disposition": disposition });
    world.refuses("otto", &dispose, 101);

    let accept = json!({ "decision": "accept-pp", "pp": "pp", "document": document });
    world.propose("root", &accept, "early").refused(204);
    world.goes_on(5);
    world.propose("root", &accept, "unanswered").refused(206);
    world.give("dirk", &dispose).ok();
    assert_eq!(world.row("guest", "pps", "pp")["unanswered"], 0);
    world.decided(&accept);
    assert_eq!(world.state("guest", "pps", "pp"), "accepted");
    world.ask("guest", &["documents", "pp/pp"]).ok();
}

/// The id of the only comment.
fn comment_of(pp: &Value) -> String {
    let comments = &pp["comments"];
    let id = match comments {
        Value::Object(all) => all.keys().next().cloned(),
        all => all[0]["id"].as_str().map(str::to_owned),
    };
    id.unwrap_or_else(|| panic!("no comment: {pp:#}"))
}

fn lab_is_accepted(world: &mut World) {
    let document = world.paper("nora", "accreditation");
    let apply = |lab: &str, document: &str, expires: &str| json!({ "command": "apply-lab", "lab": lab, "application": application(lab, document, expires) });
    let command = apply("north", &document, &world.day(4));
    world.refuses("ann", &command, 101);
    world.give("nora", &command).ok();
    assert_eq!(world.state("nora", "lab-applications", "north"), "applied");
    world.ask("guest", &["list", "lab-applications"]).refused(111);
    world.propose("root", &accept_lab("north"), "expired").refused(402);
    let renewed = application("north", &document, &world.day(900))["accreditation"].take();
    let renew = json!({ "command": "renew-accreditation", "lab": "north", "accreditation": renewed });
    world.refuses("lea", &renew, 102);
    world.give("nora", &renew).ok();

    // A member with an interest in the lab does not decide on it.
    world.ask("dina", &["interest", "north", "--reason", "my brother works there"]).ok();
    world.propose("root", &accept_lab("north"), "lab").ok();
    world.confirm("dina", "lab").refused(103);
    world.confirm("dirk", "lab").ok();
    assert_eq!(world.state("guest", "labs", "north"), "accepted");

    // A developer's own lab may be accepted, and evaluates for others.
    let document = world.paper("lea", "other accreditation");
    world.give("lea", &apply("own", &document, &world.day(900))).ok();
    world.propose("root", &accept_lab("own"), "in-haste").ok();
    world.ask("ann", &["drop", "in-haste", "--reason", "mine"]).refused(101);
    world.ask("root", &["drop", "in-haste", "--reason", "second thoughts"]).ok();
    world.confirm("dirk", "in-haste").refused(106);
    world.decided(&accept_lab("own"));
}

fn security_target_is_approved(world: &mut World) -> String {
    let first = world.paper("ann", "first target");
    let submit = json!({ "command": "submit-st", "st": "st", "text": target(&first, "2.0") });
    world.refuses("nora", &submit, 101);
    world.give("ann", &submit).ok();
    assert_eq!(world.state("ann", "sts", "st"), "submitted");
    let todo = world.ask("root", &["waiting"]).ok();
    assert!(todo["items"].as_array().unwrap().iter().any(|row| row["what"] == "st/st"), "{todo:#}");

    let approve = |document: &str| json!({ "decision": "approve-st", "st": "st", "document": document });
    world.propose("root", &approve(&first), "unread").refused(108);
    world.give("root", &json!({ "command": "review-st", "st": "st" })).ok();
    assert_eq!(world.state("ann", "sts", "st"), "in-review");
    let changes = json!({
        "command": "request-st-changes", "st": "st", "document": first, "findings": ["say who the user is"],
    });
    world.give("dirk", &changes).ok();
    assert_eq!(world.state("ann", "sts", "st"), "changes-requested");

    let second = world.paper("ann", "second target");
    let revise = json!({ "command": "revise-st", "st": "st", "text": target(&second, "2.0") });
    world.refuses("bob", &revise, 102);
    world.give("ann", &revise).ok();
    world.give("root", &json!({ "command": "review-st", "st": "st" })).ok();
    world.propose("root", &approve(&first), "old").refused(109);
    world.decided(&approve(&second));
    assert_eq!(world.state("ann", "sts", "st"), "approved");
    let publish = json!({ "command": "publish-st", "st": "st", "publication": "formal" });
    world.give("ann", &publish).ok();
    assert_eq!(world.state("guest", "public-sts", "st"), "approved");

    // The document is its owner's and, once it is public, everybody's; its reading leaves a trace.
    let out = world.place.path("fetched");
    world.ask("guest", &["fetch", "st/st", &second, "--out", &out]).ok();
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "This is second target.\n");
    world.ask("ann", &["readings", "st/st"]).ok();
    second
}

fn product_is_evaluated_certified_and_listed(world: &mut World, st: &str) {
    world.refuses("lea", &plan("ev", "st", "own", None), 504);
    world.refuses("nora", &plan("ev", "st", "own", None), 102);
    world.give("nora", &plan("ev", "st", "north", None)).ok();
    assert_eq!(world.state("nora", "evaluations", "ev"), "planned");
    world.ask("bob", &["show", "evaluation/ev"]).refused(16);
    world.ask("nora", &["show", "evaluation/ev"]).ok();

    let first = world.paper("nora", "first report");
    let day = world.day(5);
    world.refuses("nora", &report("ev", &first, st, "2.0", &day), 108);
    let start = json!({ "command": "start-evaluation", "evaluation": "ev" });
    world.refuses("ann", &start, 101);
    world.give("nora", &start).ok();
    assert_eq!(world.state("nora", "evaluations", "ev"), "running");
    world.refuses("nora", &start, 108);

    world.refuses("nora", &report("ev", &first, st, "1.9", &day), 512);
    world.give("nora", &report("ev", &first, st, "2.0", &day)).ok();
    assert_eq!(world.state("nora", "evaluations", "ev"), "etr-submitted");
    let rework = json!({
        "command": "request-rework", "evaluation": "ev", "document": first, "findings": ["describe the attack"],
    });
    world.give("dirk", &rework).ok();
    assert_eq!(world.state("nora", "evaluations", "ev"), "rework");
    let second = world.paper("nora", "second report");
    world.propose("root", &certify("ev", &first, "entry", "DTS-1", &day), "soon").refused(514);
    world.give("nora", &report("ev", &second, st, "2.0", &day)).ok();

    world.ask("guest", &["show", "entry/entry"]).refused(16);
    // Killed between the two members: what the first one did stands.
    world.propose("root", &certify("ev", &second, "entry", "DTS-1", &day), "certify").ok();
    world.goes_on(5);
    assert_eq!(world.state("nora", "evaluations", "ev"), "etr-submitted");
    let done = world.confirm("dirk", "certify").ok();
    assert!(done["changed"].as_array().unwrap().contains(&json!("entry/entry")), "{done:#}");
    assert_eq!(world.state("nora", "evaluations", "ev"), "accepted");
    let entry = world.row("guest", "entries", "entry");
    assert_eq!((&entry["state"], &entry["certificate"]), (&json!("listed"), &json!("DTS-1")));
    assert_eq!((&entry["identity"], &entry["lab"]), (&json!("alpha pump 2.0"), &json!("north")));
    assert_eq!(world.status("entry", 5)["is"], "listed");
    assert_eq!(world.status("entry", 4)["is"], Value::Null, "it was not yet there");
}

fn minor_change_is_appended(world: &mut World) {
    let document = world.paper("ann", "minor change");
    world.refuses("bob", &request("r1", &document, "2.1", "minor"), 102);
    world.give("ann", &request("r1", &document, "2.1", "minor")).ok();
    assert_eq!(world.state("ann", "requests", "r1"), "submitted");
    let with = json!({ "request": "r1", "document": document, "together-with": [], "joint-effect": "none" });
    world.decided(&json!({ "decision": "append-version", "with": with }));
    assert_eq!(world.state("ann", "requests", "r1"), "appended");
    assert_eq!(world.status("entry", 5)["versions"], json!(["2.0", "2.1"]));
}

/// Somebody who is nobody here reports a vulnerability, with a record as databases have it.
fn reported(world: &World, id: &str) {
    let record = world.place.path(&format!("{id}.osv.json"));
    let text = json!({ "id": id, "modified": "2030-01-01T00:00:00Z", "summary": "It opens." });
    std::fs::write(&record, text.to_string()).unwrap();
    let arguments = ["report", &record, "--format", "osv", "--entry", "entry", "--reason", "found"];
    world.ask("guest", &arguments).ok();
}

fn vulnerability_is_mitigated_in_time(world: &mut World) {
    // A report names its document, and a guest has none that is here: the record that he sends is the document.
    let invented = vulnerability("v1", &"0b".repeat(32));
    world.give("guest", &invented).refused(26);
    reported(world, "v1");
    assert_eq!(world.row("root", "vulnerabilities", "v1")["triaged"], false);
    world.refuses("ann", &triage("v1"), 101);
    world.give("root", &triage("v1")).ok();
    let row = world.row("ann", "vulnerabilities", "v1");
    assert_eq!((&row["triaged"], &row["conflicts"]), (&json!(true), &json!(["entry"])));
    assert_eq!(world.row("guest", "entries", "entry")["open-vulnerabilities"], 1);
    world.ask("bob", &["show", "vulnerability/v1"]).refused(16);

    let plan = world.paper("ann", "plan");
    world.refuses("bob", &mitigation("v1", &plan, &world.day(10)), 102);
    world.give("ann", &mitigation("v1", &plan, &world.day(10))).ok();
    let conflict = |world: &World, id: &str| {
        let part = world.part("root", &format!("vulnerability/{id}"));
        part["conflicts"]["entry"]["state"]["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(conflict(world, "v1"), "planned");
    let fix = world.paper("ann", "fix");
    world.give("ann", &mitigated("report-mitigation", "v1", &fix)).ok();
    assert_eq!(conflict(world, "v1"), "mitigation-reported");
    world.refuses("ann", &mitigated("verify-mitigation", "v1", &fix), 101);
    world.give("dirk", &mitigated("verify-mitigation", "v1", &fix)).ok();
    assert_eq!(conflict(world, "v1"), "mitigated");
    let entry = world.row("guest", "entries", "entry");
    assert_eq!((&entry["state"], &entry["open-vulnerabilities"]), (&json!("listed"), &json!(0)));
    let advisory = world.ask("guest", &["advisory", "v1"]).ok();
    assert_eq!(advisory["document"]["csaf_version"], "2.0");
}

fn vulnerability_is_overdue_and_the_product_leaves_the_list_and_comes_back(world: &mut World) {
    reported(world, "v2");
    world.give("root", &triage("v2")).ok();
    let plan = world.paper("ann", "second plan");
    world.give("ann", &mitigation("v2", &plan, &world.day(10))).ok();
    let late = json!({ "command": "declare-overdue", "vulnerability": "v2", "entry": "entry" });
    world.refuses("root", &late, 802);
    world.propose("root", &remove_for_overdue("v2"), "hasty").refused(603);

    world.goes_on(12);
    world.give("root", &late).ok();
    let overdue = world.part("ann", "vulnerability/v2");
    assert_eq!(overdue["conflicts"]["entry"]["state"]["state"], "overdue");
    let view = |who: &str| json!({ "command": "record-view", "vulnerability": "v2", "stakeholder": who, "text": "Warn us." });
    world.refuses("bob", &view("developer"), 102);
    world.give("guest", &view("patient")).ok();
    world.decided(&remove_for_overdue("v2"));
    assert_eq!(world.row("guest", "entries", "entry")["state"], "removed-pending-remediation");
    assert_eq!(world.status("entry", 12)["is"], "removed pending remediation");
    assert_eq!(world.status("entry", 11)["is"], "listed", "what it was stays public");

    let restore = json!({ "decision": "restore-entry", "entry": "entry" });
    world.propose("root", &restore, "unmended").refused(605);
    let fix = world.paper("ann", "second fix");
    world.give("ann", &mitigated("report-mitigation", "v2", &fix)).ok();
    world.give("dirk", &mitigated("verify-mitigation", "v2", &fix)).ok();
    world.goes_on(14);
    world.decided(&restore);
    assert_eq!(world.row("guest", "entries", "entry")["state"], "listed");
    assert_eq!(world.status("entry", 14)["is"], "listed");
    assert_eq!(world.status("entry", 13)["is"], "removed pending remediation");
    let history = world.ask("guest", &["history", "entry/entry"]).ok();
    let events: Vec<_> = history["items"].as_array().unwrap().iter().map(|line| &line["event"]).collect();
    assert!(events.len() >= 3, "{history:#}");
}

fn product_is_audited_at_random(world: &mut World) {
    let shares = ["dwg", "developer"].map(|party| world.place.path(&format!("{party}.share")));
    let commitment = |party: &str, out: &str| {
        let made = world.ask("guest", &["share", "audit", "--party", party, "--out", out]).ok();
        made["commitment"].as_str().unwrap().to_owned()
    };
    let [dwg, developer] = [commitment("dwg", &shares[0]), commitment("developer", &shares[1])];
    let order = json!({
        "audit": "audit", "entries": ["entry"], "conductor": "dwg", "sample": 1, "due": world.day(40),
        "commitment": dwg,
    });
    world.decided(&json!({ "decision": "order-audit", "order": order }));
    assert_eq!(world.state("ann", "audits", "audit"), "committed");
    let join =
        |commitment: &str| json!({ "command": "join-audit", "audit": "audit", "commitment": commitment });
    world.refuses("ann", &join(&dwg), 904);
    world.refuses("bob", &join(&developer), 102);
    world.give("ann", &join(&developer)).ok();
    assert_eq!(world.state("ann", "audits", "audit"), "joined");
    let reveal = |share: &'static str, who: &str| {
        let file = world.place.path(&format!("{share}.share"));
        world.ask(who, &["reveal", "audit", &file, "--reason", "as committed"])
    };
    reveal("developer", "ann").refused(903);
    reveal("dwg", "root").ok();
    assert_eq!(world.state("ann", "audits", "audit"), "half-revealed");
    reveal("dwg", "ann").refused(902);
    reveal("developer", "ann").ok();
    assert_eq!(world.state("ann", "audits", "audit"), "drawn");

    let audit = world.part("ann", "audit/audit");
    let drawn = audit["drawn"][0].as_str().unwrap().to_owned();
    let shown = world.paper("ann", "evidence");
    let evidence = |item: &str| json!({ "command": "submit-audit-evidence", "audit": "audit", "evidence": { item: shown } });
    world.refuses("ann", &evidence("entry/another"), 905);
    world.give("ann", &evidence(&drawn)).ok();
    assert_eq!(world.state("ann", "audits", "audit"), "evidence-submitted");
    let result = json!({ "command": "record-audit-result", "audit": "audit", "results": { drawn: true } });
    world.refuses("root", &result, 101);
    world.give("otto", &result).ok();
    world.decided(&json!({ "decision": "close-audit", "audit": "audit" }));
    assert_eq!(world.state("ann", "audits", "audit"), "closed");
}

fn major_change_is_revalidated(world: &mut World) {
    let document = world.paper("ann", "major change");
    world.give("ann", &request("r2", &document, "3.0", "major")).ok();
    let with =
        json!({ "request": "r2", "document": document, "together-with": ["r1"], "joint-effect": "none" });
    world.propose("root", &json!({ "decision": "append-version", "with": with }), "minor").refused(702);
    let ground = json!({ "because": "major", "request": "r2" });
    world.decided(&json!({ "decision": "require-revalidation", "ground": ground }));
    assert_eq!(world.state("ann", "requests", "r2"), "revalidation-required");

    world.refuses("nora", &plan("ev-2", "st", "north", Some("r2")), 707);
    let text = world.paper("ann", "third target");
    world.give("ann", &json!({ "command": "submit-st", "st": "st-3", "text": target(&text, "3.0") })).ok();
    world.give("root", &json!({ "command": "review-st", "st": "st-3" })).ok();
    world.decided(&json!({ "decision": "approve-st", "st": "st-3", "document": text }));
    world.give("nora", &plan("ev-2", "st-3", "north", Some("r2"))).ok();
    world.give("nora", &json!({ "command": "start-evaluation", "evaluation": "ev-2" })).ok();
    let etr = world.paper("nora", "third report");
    let day = world.day(14);
    world.give("nora", &report("ev-2", &etr, &text, "3.0", &day)).ok();
    world.propose("root", &certify("ev-2", &etr, "entry-2", "DTS-1", &day), "used").refused(516);
    world.decided(&certify("ev-2", &etr, "entry-2", "DTS-2", &day));
    assert_eq!(world.state("ann", "requests", "r2"), "revalidated");
    assert_eq!(world.row("guest", "entries", "entry-2")["state"], "listed");
    what_others_write_is_taken_in(world);
    let compared = world.ask("guest", &["compare", "entry", "entry-2"]).ok();
    assert_eq!(compared["entries"], json!(["entry", "entry-2"]));
}

/// A list of components, and a record of a vulnerability, in formats of others.
fn what_others_write_is_taken_in(world: &World) {
    let (components, record) = (world.place.path("components.json"), world.place.path("record.json"));
    let list = json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "components": [] });
    std::fs::write(&components, list.to_string()).unwrap();
    world.ask("bob", &["components", "entry", &components]).refused(102);
    world.ask("ann", &["components", "entry", &components]).ok();
    std::fs::write(&record, json!({ "id": "GHSA-1" }).to_string()).unwrap();
    let report = ["report", &record, "--format", "osv", "--reason", "found elsewhere"];
    world.ask("guest", &report).refused(13);
    world.ask("guest", &[&report[..], &["--entry", "entry"]].concat()).ok();
    assert_eq!(world.row("root", "vulnerabilities", "GHSA-1")["triaged"], false);
}
