//! What the list says of what runs.

use crate::device::Device;
use crate::made::Claims;
use crate::support::*;
use dtsec_list::endorse::Endorsements;
use dtsec_list::{Kind, OpenVulnerability, PublicKey, PublishedList, Severity, Standing, Status};
use dtsec_verify::{Evidence, Expected, Finding, Freshness, Tier, Verifier};

/// A change to the list, and what is found then.
fn after(change: impl FnOnce(&mut PublishedList)) -> (Finding, Tier) {
    let mut list = full_list();
    change(&mut list);
    let finding = found(&by(list), &Claims::full().token());
    (finding, finding.tier())
}

#[test]
fn a_device_that_boot_started_runs_exactly_its_certified_version() {
    let (record, key) = Device::default().start_with_key();
    let token = crate::device::token(&record, &key);
    let mut endorsements = Endorsements::new();
    endorsements.endorse("ACME", &endorsement(PublicKey::checked(key.public_key()).unwrap())).unwrap();
    let list = list(vec![entry("E-1", vec![version("1.2.3+4", set_of(&token))])]);
    let verifier = Verifier::new(list, endorsements).unwrap();
    let verdict = verifier.verify(&Evidence::new(&token), Expected::Nonce(&NONCE), now());
    assert_eq!((verdict.finding, &*verdict.detail), (Finding::ListedAndClean, ""));
    assert!(verdict.affirms() && verdict.is_exact());
    assert_eq!(verdict.manufacturer.as_deref(), Some("ACME"));
    assert_eq!(verdict.listed.unwrap().version.version, "1.2.3+4");
    assert_eq!(verdict.fingerprint, Some(verdict.listed.unwrap().version.fingerprint));
    let said = verdict.list.to_string();
    assert_eq!(said, "list 7 as of 2026-11-22T11:00:00Z, fresh until 2026-11-23T11:00:00Z");

    // Another platform on the same board has another key, and nobody has endorsed it.
    let (record, key) = Device { platform_payload: 2, ..Device::default() }.start_with_key();
    assert_eq!(found(&verifier, &crate::device::token(&record, &key)), Finding::NotEndorsed);
}

#[test]
fn an_updated_device_is_of_the_new_version_and_the_old_one_of_the_old() {
    let device = |payload| {
        let (record, key) = Device { platform_payload: payload, ..Device::default() }.start_with_key();
        (crate::device::token(&record, &key), PublicKey::checked(key.public_key()).unwrap())
    };
    let [(old, old_key), (new, new_key)] = [device(1), device(2)];
    let mut endorsements = Endorsements::new();
    for key in [old_key, new_key] {
        endorsements.endorse("ACME", &endorsement(key)).unwrap();
    }
    let mut versions = vec![version("1.2.3+4", set_of(&old)), version("2.2.3+4", set_of(&new))];
    versions[0].open.push(OpenVulnerability { id: "V-1".into(), severity: Severity::High, advisory: None });
    let verifier = Verifier::new(list(vec![entry("E-1", versions)]), endorsements).unwrap();
    assert_eq!(found_and_why(&verifier, &old), (Finding::OpenVulnerability, "V-1".into()));
    assert_eq!(found(&verifier, &new), Finding::ListedAndClean);
}

#[test]
fn nothing_wrong_is_listed_and_clean() {
    assert_eq!(after(|_| ()), (Finding::ListedAndClean, Tier::Affirming));
}

#[test]
fn an_open_vulnerability_warns() {
    let outcome = after(|list| {
        let open = OpenVulnerability { id: "V-1".into(), severity: Severity::Low, advisory: None };
        list.entries[0].versions[0].open.push(open);
    });
    assert_eq!(outcome, (Finding::OpenVulnerability, Tier::Warning));
}

#[test]
fn a_removed_entry_is_against_the_device_whatever_else_is_known() {
    let (since, because) = (now() - hours(2), String::from("vulnerability"));
    let outcome = after(|list| {
        list.entries[0].status = Status::Removed { since, because: because.clone() };
        let open = OpenVulnerability { id: "V-1".into(), severity: Severity::Low, advisory: None };
        list.entries[0].versions[0].open.push(open);
    });
    assert_eq!(outcome, (Finding::Removed, Tier::Contraindicated));
    let pending = after(|list| list.entries[0].status = Status::RemovedPendingRemediation { since, because });
    assert_eq!(pending, (Finding::RemovedPendingRemediation, Tier::Contraindicated));
}

#[test]
fn a_version_that_waits_for_revalidation_does_not_count() {
    let outcome = after(|list| list.entries[0].versions[0].standing = Standing::RevalidationRequired);
    assert_eq!(outcome, (Finding::RevalidationRequired, Tier::Warning));
}

#[test]
fn the_developers_word_is_not_a_labs() {
    let outcome = after(|list| list.entries[0].kind = Kind::DeFacto { base: "E-0".into() });
    assert_eq!(outcome, (Finding::ListedDeFacto, Tier::Warning));
}

#[test]
fn a_list_that_is_not_fresh_never_affirms_and_still_accuses() {
    let verifier = verifier();
    let token = Claims::full().token();
    let (as_of, until) = (verifier.list().as_of, verifier.list().fresh_until);
    for (at, freshness, finding) in [
        (until - hours(1), Freshness::Fresh, Finding::ListedAndClean),
        (until, Freshness::Stale, Finding::StaleList),
        (until + hours(9000), Freshness::Stale, Finding::StaleList),
        (as_of - hours(1), Freshness::FromTheFuture, Finding::StaleList),
        (as_of, Freshness::Fresh, Finding::ListedAndClean),
    ] {
        let verdict = verifier.verify(&Evidence::new(&token), Expected::Nonce(&NONCE), at);
        assert_eq!((verdict.list.freshness, verdict.finding), (freshness, finding), "{at}");
        assert_eq!(verdict.affirms(), freshness == Freshness::Fresh);
        assert_eq!(verdict.vector().executables.is_some(), freshness == Freshness::Fresh);
    }
    let mut list = full_list();
    list.entries[0].status = Status::Removed { since: now(), because: "vulnerability".into() };
    let verifier = by(list);
    let late = verifier.verify(&Evidence::new(&token), Expected::Nonce(&NONCE), until + hours(1));
    assert_eq!(late.finding, Finding::Removed);
    assert!(late.list.to_string().contains("STALE since"), "{}", late.list);
}

#[test]
fn a_list_that_contradicts_itself_gives_no_verifier() {
    let mut list = full_list();
    list.entries[0].versions[0].set.components.pop();
    assert!(Verifier::new(list, Endorsements::new()).is_err());
    assert!(Verifier::new(full_list(), Endorsements::new()).is_ok(), "the control");
}
