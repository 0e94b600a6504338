//! The application service: one transaction for each command, decided anew where somebody was faster.

use crate::fixtures::{self, id};
use crate::site::{Place, on_both};
use dtsec_registry::domain::{Command, Refusal};
use dtsec_serve::Failure;
use dtsec_serve::registry::{EntryRow, Query, Replayed, Terms, WaitingRow};
use dtsec_store::Size;

on_both! {
    a_product_is_listed_by_commands_and_the_store_follows_from_its_events
    a_request_is_carried_out_once_and_its_number_means_nothing_else
    of_two_who_decide_at_once_both_are_heard_in_turn
    a_decision_on_an_older_version_than_there_is_is_refused
    what_a_rule_refuses_leaves_no_trace
    what_waits_is_shown_to_whom_it_waits_for
    a_command_that_brings_in_a_document_that_nobody_handed_in_is_refused_and_changes_nothing
    who_publishes_is_told_what_everybody_may_know_once_and_no_more
    what_is_published_says_what_was_commented_and_not_by_whom
}

async fn a_product_is_listed_by_commands_and_the_store_follows_from_its_events(place: Place) {
    let site = place.with_entry().await;
    let actor = fixtures::who("pat");
    let found = site.registry.list::<EntryRow>(&actor, "entries", &Query::default()).await.unwrap();
    assert_eq!(found.items.len(), 1);
    assert_eq!((found.items[0].product.as_str(), found.items[0].van), ("Pump", 4));
    let differences = site.registry.store().check(&mut Replayed::default()).await.unwrap();
    assert_eq!(differences, []);
}

async fn a_request_is_carried_out_once_and_its_number_means_nothing_else(place: Place) {
    let site = place.with_people().await;
    let who = fixtures::who("nora");
    let command =
        Command::ApplyLab { lab: id("north"), application: Box::new(fixtures::application("north")) };
    let terms = Terms { request: Some("one".to_owned()), ..Terms::default() };
    let first = site.registry.execute_with(&who, &command, "why", &terms).await.unwrap();
    let head = site.head().await;
    let again = site.registry.execute_with(&who, &command, "why", &terms).await.unwrap();
    assert!(again.repeated && again.first == first.first && site.head().await == head);
    let other = site.registry.execute_with(&who, &command, "another reason", &terms).await;
    assert!(matches!(other, Err(Failure::Store(dtsec_store::Error::RequestReused(_)))), "{other:?}");
    // Another person's request of the same number is another request.
    let saul = fixtures::who("saul");
    let command =
        Command::ApplyLab { lab: id("south"), application: Box::new(fixtures::application("south")) };
    assert!(!site.registry.execute_with(&saul, &command, "why", &terms).await.unwrap().repeated);
}

async fn of_two_who_decide_at_once_both_are_heard_in_turn(place: Place) {
    let site = place.with_entry().await;
    let review = |days: i64| Command::ReviewEntry { entry: id("entry"), searched: fixtures::date(days) };
    site.clock.set(fixtures::at(60));
    let (one, other) = (review(40), review(40));
    let (dora, dirk) = (fixtures::who("dora"), fixtures::who("dirk"));
    let (one, other) = tokio::join!(
        site.registry.execute(&dora, &one, "looked through"),
        site.registry.execute(&dirk, &other, "looked through"),
    );
    // The second one is decided on what the first one made, and not on what both saw.
    let refused = [&one, &other].into_iter().filter(|done| done.is_err()).count();
    assert!(refused <= 1, "{one:?} {other:?}");
    assert_eq!(site.registry.store().check(&mut Replayed::default()).await.unwrap(), []);
}

async fn a_decision_on_an_older_version_than_there_is_is_refused(place: Place) {
    let site = place.with_entry().await;
    site.clock.set(fixtures::at(60));
    let command = Command::ReviewEntry { entry: id("entry"), searched: fixtures::date(50) };
    let mut terms = Terms::default();
    terms.seen.insert("entry/entry".to_owned(), 7);
    let stale = site.registry.execute_with(&fixtures::who("dora"), &command, "why", &terms).await;
    assert!(matches!(stale, Err(Failure::Stale { seen: 7, .. })), "{stale:?}");
    let (_, version) = site.registry.part(&fixtures::who("pat"), "entry", "entry").await.unwrap();
    terms.seen.insert("entry/entry".to_owned(), version);
    site.registry.execute_with(&fixtures::who("dora"), &command, "why", &terms).await.unwrap();
}

async fn what_a_rule_refuses_leaves_no_trace(place: Place) {
    let site = place.with_entry().await;
    let head = site.head().await;
    let command = Command::WithdrawRequest { request: id("none") };
    let refused = site.registry.execute(&fixtures::who("ann"), &command, "why").await;
    assert!(matches!(refused, Err(Failure::Refused(Refusal::Unknown { .. }))), "{refused:?}");
    assert_eq!(site.head().await, head);
}

async fn what_waits_is_shown_to_whom_it_waits_for(place: Place) {
    let site = place.with_people().await;
    site.does(
        "nora",
        Command::ApplyLab { lab: id("north"), application: Box::new(fixtures::application("north")) },
    )
    .await;
    let waits = async |name: &str| {
        let page = site.registry.waiting(&fixtures::who(name), None, Size::default()).await.unwrap();
        page.items.into_iter().map(|row: WaitingRow| format!("{} {}", row.todo, row.what)).collect::<Vec<_>>()
    };
    assert_eq!(waits("dora").await, ["accept-lab lab/north"]);
    assert!(waits("nora").await.is_empty() && waits("ann").await.is_empty() && waits("pat").await.is_empty());
}

async fn a_command_that_brings_in_a_document_that_nobody_handed_in_is_refused_and_changes_nothing(
    place: Place,
) {
    let site = place.with_people().await;
    let mut application = fixtures::application("north");
    application.accreditation.document = fixtures::hash("never handed in");
    let apply = |application: &dtsec_registry::domain::lab::Application| Command::ApplyLab {
        lab: id("north"),
        application: Box::new(application.clone()),
    };
    let head = site.head().await;
    let nora = fixtures::who("nora");
    let failure = site.registry.execute(&nora, &apply(&application), "we apply").await.unwrap_err();
    assert_eq!((failure.status(), failure.number()), (422, 26));
    let digest = application.accreditation.document.to_string();
    assert!(failure.to_string().contains(&digest) && failure.remedy().contains("Hand the document in first"));
    assert_eq!(site.head().await, head);
    // Another organisation's document is not ours.
    let bytes = b"never handed in".to_vec();
    let upload = || dtsec_serve::registry::Upload {
        kind: dtsec_serve::registry::Kind::Other,
        media: "text/plain".to_owned(),
        name: String::new(),
        bytes: bytes.clone(),
    };
    site.registry.hand_in(&fixtures::who("saul"), upload()).await.unwrap();
    assert!(site.registry.execute(&nora, &apply(&application), "we apply").await.is_err());
    // Ours is, and from then on the case has it.
    site.registry.hand_in(&nora, upload()).await.unwrap();
    site.registry.execute(&nora, &apply(&application), "we apply").await.unwrap();
    let kept = site.registry.store().has_document("lab/north", &digest.parse().unwrap()).await.unwrap();
    assert!(kept, "the lab's case does not have the document");
}

async fn who_publishes_is_told_what_everybody_may_know_once_and_no_more(place: Place) {
    let site = place.with_entry().await;
    let registry = &site.registry;
    let told = registry.unpublished("publisher").await.unwrap().unwrap();
    let tags: Vec<&str> = told.iter().filter_map(|event| event.tag.as_deref()).collect();
    assert!(tags.contains(&"lab-accepted") && tags.contains(&"certified"), "{tags:?}");
    assert!(!tags.contains(&"lab-applied") && told.iter().any(|event| event.tag.is_none()));
    assert_eq!(registry.unpublished("another").await.unwrap(), None, "one publishes at a time");
    let last = told.last().unwrap().seq;
    registry.published("publisher", last).await.unwrap();
    assert_eq!(registry.unpublished("publisher").await.unwrap().unwrap(), []);
    registry.published("publisher", last).await.unwrap();

    // A vulnerability in the first version, mended in the second: anybody learns which versions, and nobody which vulnerability
    // while it is open.
    let form = fixtures::form("2.1");
    site.does("ann", Command::RequestMaintenance { request: id("r1"), entry: id("entry"), form }).await;
    let report = fixtures::found("entry");
    site.does("pat", Command::ReportVulnerability { vulnerability: id("v1"), report }).await;
    let found = [(id("entry"), ["requirement-1".to_owned()].into())].into();
    site.does("dora", Command::TriageVulnerability { vulnerability: id("v1"), found }).await;
    let told = registry.unpublished("publisher").await.unwrap().unwrap();
    assert!(told.iter().all(|event| event.parts == ["entry/entry"]), "{told:?}");
    let tags: Vec<Option<&str>> = told.iter().map(|event| event.tag.as_deref()).collect();
    assert_eq!(tags, [None, Some("vulnerability-triaged")]);
    let state = registry.public_part("entry/entry").await.unwrap().unwrap();
    assert!(!state.to_string().contains("v1") && !state.to_string().contains("r1"), "{state}");
    assert_eq!(registry.public_part("vulnerability/v1").await.unwrap(), None);
    let entry = registry.entry("entry").await.unwrap();
    let known = registry.known_against(&entry).await.unwrap();
    assert_eq!(known.keys().collect::<Vec<_>>(), [&entry.versions[0].version]);
    assert_eq!(known.values().next().unwrap()[0].id, None);
    site.decided(fixtures::appending("r1", "2.1", &[])).await;
    let (vulnerability, evidence) = (|| id("v1"), fixtures::hash("fix"));
    let fixed_in = Some("2.1".to_owned());
    let (entry, reported) = (id("entry"), evidence.clone());
    site.does(
        "ann",
        Command::ReportMitigation { vulnerability: vulnerability(), entry, evidence: reported, fixed_in },
    )
    .await;
    let verified = Command::VerifyMitigation { vulnerability: vulnerability(), entry: id("entry"), evidence };
    site.does("dora", verified).await;
    let entry = registry.entry("entry").await.unwrap();
    let known = registry.known_against(&entry).await.unwrap();
    assert_eq!(known.keys().collect::<Vec<_>>(), [&entry.versions[0].version]);
    assert_eq!(known.values().next().unwrap()[0].id.as_deref(), Some("v1"));
    // In the advisory as well.
    let advisory = site.get(&crate::site::As::Nobody, "/api/v1/advisories/v1").await.is(200).json();
    let of = &advisory["vulnerabilities"][0];
    assert_eq!(of["product_status"]["fixed"], serde_json::json!(["entry:2.1"]));
    assert_eq!(of["remediations"][0]["category"], "vendor_fix");
}

async fn what_is_published_says_what_was_commented_and_not_by_whom(place: Place) {
    let site = place.with_entry().await;
    let text = Box::new(fixtures::profile("notes"));
    site.does("dora", Command::DraftPp { pp: id("pp-2"), text }).await;
    let (document, closes) = (fixtures::hash("notes"), fixtures::date(90));
    site.does("dora", Command::OpenPpReview { pp: id("pp-2"), document, closes }).await;
    let (place, text) = ("Packages".to_owned(), "Name the edition.".to_owned());
    site.does("pat", Command::CommentPp { pp: id("pp-2"), comment: id("c1"), place, text }).await;
    let seen = site.get(&crate::site::As::Nobody, "/api/v1/parts/pp/pp-2").await.is(200).text();
    assert!(seen.contains("\"pat\""), "the registry says who it was: {seen}");
    let one = site.registry.public_part("pp/pp-2").await.unwrap().unwrap();
    assert_eq!(one["comments"]["c1"]["text"], "Name the edition.");
    for (name, part) in site.registry.public_parts().await.unwrap() {
        for person in ["pat", "dora", "dirk", "ann", "nora", "saul"] {
            assert!(!part.to_string().contains(&format!("\"{person}\"")), "{name}: {part}");
        }
        if name == "pp/pp-2" {
            assert_eq!(part, one);
        }
    }
}
