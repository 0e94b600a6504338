//! The list: removal, restoring, review, de-facto entries.

use crate::support::*;
use dtsec_registry::domain::entry::{DeFactoClaim, RemovalGround};
use dtsec_registry::domain::*;
use std::collections::BTreeMap;

fn restore(entry: &str) -> Decision {
    Decision::RestoreEntry { entry: id(entry) }
}

fn recurrence() -> Decision {
    let ground = RemovalGround::Recurrence { judgement: "two in a month".to_owned() };
    Decision::RemoveEntry { entry: id("entry"), ground }
}

fn late(name: &str) -> Command {
    Command::DeclareOverdue { vulnerability: id(name), entry: id("entry") }
}

mod e2_1 {
    use super::*;
    mod allowed {
        use super::*;
        #[test]
        fn removed_for_a_conflict_and_restored_when_remediated() {
            let mut world = World::with_entry();
            world.conflict("v1").decided(World::remove_for("v1"));
            assert!(!world.entry("entry").is_certified());
            world.remediate("v1").decided(restore("entry"));
            assert!(world.entry("entry").is_certified());
        }
        #[test]
        fn mended_in_a_new_version_and_not_in_the_one_before() {
            let mut world = World::with_entry();
            let first = world.entry("entry").versions[0].version.clone();
            let affected =
                |world: &World, version: &str| world.entry("entry").is_affected(version, &id("v1"));
            world.conflict("v1").decided(World::remove_for("v1"));
            assert!(affected(&world, &first));
            // A version that comes while it is open is not thereby clean.
            world.file("r1", "2.1").decided(appending("r1", "2.1", &[]));
            assert!(affected(&world, "2.1"));
            world.remediate_in("v1", Some("2.1")).decided(restore("entry"));
            assert!(world.entry("entry").is_certified() && world.entry("entry").open.is_empty());
            assert!(affected(&world, &first) && !affected(&world, "2.1"));
            // What comes after is mended as well.
            world.file("r2", "2.2").decided(appending("r2", "2.2", &["r1"]));
            assert!(!affected(&world, "2.2"));
        }
        #[test]
        fn mitigated_without_a_new_version_in_all_of_them() {
            let mut world = World::with_entry();
            world.file("r1", "2.1").decided(appending("r1", "2.1", &[]));
            world.conflict("v1").remediate("v1");
            assert!(world.entry("entry").affected.is_empty());
        }
        #[test]
        fn a_vulnerability_of_a_shared_component_reaches_every_entry_that_holds_it() {
            let mut world = World::with_entry();
            world.does("ann", Command::ClaimDeFacto { entry: id("mini"), claim: claim("entry") });
            let report = vulnerability::Report {
                entries: set(&[]),
                component: Some(id("radio-1.0")),
                ..found("entry")
            };
            world.does("pat", Command::ReportVulnerability { vulnerability: id("v1"), report });
            assert_eq!(world.state.vulnerabilities[&id("v1")].entries, set(&["entry", "mini"]));
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn removed_for_what_does_not_conflict() {
            let mut world = World::with_entry();
            let report = found("entry");
            world.does("pat", Command::ReportVulnerability { vulnerability: id("v1"), report });
            assert_eq!(world.refuses_to_decide(World::remove_for("v1")).number(), 601);
            let found = BTreeMap::from([(id("entry"), set(&[]))]);
            world.does("dora", Command::TriageVulnerability { vulnerability: id("v1"), found });
            assert_eq!(world.refuses_to_decide(World::remove_for("v1")).number(), 601);
        }
        #[test]
        fn restored_before_everything_is_remediated() {
            let mut world = World::with_entry();
            world.conflict("v1").conflict("v2").decided(World::remove_for("v1")).remediate("v1");
            assert_eq!(world.refuses_to_decide(restore("entry")).number(), 605);
        }
        #[test]
        fn mended_in_a_version_that_is_not_listed() {
            let mut world = World::with_entry();
            world.conflict("v1");
            let report = |fixed_in: &str| Command::ReportMitigation {
                vulnerability: id("v1"),
                entry: id("entry"),
                evidence: hash("fix"),
                fixed_in: Some(fixed_in.to_owned()),
            };
            assert_eq!(world.refuses("ann", report("9.9")).number(), 106);
            let listed = world.entry("entry").versions[0].version.clone();
            world.does("ann", report(&listed));
        }
        #[test]
        fn a_triage_by_claims_that_the_security_target_does_not_make() {
            let mut world = World::with_entry();
            let report = found("entry");
            world.does("pat", Command::ReportVulnerability { vulnerability: id("v1"), report });
            let triage = |found| Command::TriageVulnerability { vulnerability: id("v1"), found };
            let other = BTreeMap::from([(id("entry"), ["beauty".to_owned()].into())]);
            assert_eq!(world.refuses("dora", triage(other)).number(), 805);
            assert_eq!(world.refuses("dora", triage(BTreeMap::new())).number(), 804);
        }
    }
}

mod e2_2 {
    use super::*;
    mod allowed {
        use super::*;
        #[test]
        fn removed_for_recurrence_although_all_are_remediated() {
            let mut world = World::with_entry();
            world.conflict("v1").remediate("v1").conflict("v2").remediate("v2").decided(recurrence());
            assert_eq!(world.entry("entry").state.name(), "removed");
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn one_does_not_recur() {
            let mut world = World::with_entry();
            world.conflict("v1");
            assert_eq!(world.refuses_to_decide(recurrence()).number(), 602);
        }
        #[test]
        fn what_was_removed_for_recurrence_does_not_come_back() {
            let mut world = World::with_entry();
            world.conflict("v1").remediate("v1").conflict("v2").remediate("v2").decided(recurrence());
            assert_eq!(world.refuses_to_decide(restore("entry")).number(), 606);
        }
    }
}

mod e2_3 {
    use super::*;
    mod allowed {
        use super::*;
        #[test]
        fn removed_when_overdue_and_everybody_was_heard() {
            let mut world = World::with_entry();
            world.conflict("v1").does("dora", late("v1"));
            world.decided(World::overdue("v1", everybody_heard()));
            assert_eq!(world.entry("entry").state.name(), "removed pending remediation");
        }
        #[test]
        fn or_kept_for_the_same_reasons() {
            let mut world = World::with_entry();
            world.conflict("v1").does("dora", late("v1"));
            let considered = everybody_heard();
            world.decided(Decision::KeepEntry { entry: id("entry"), vulnerability: id("v1"), considered });
            assert!(world.entry("entry").is_certified());
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn overdue_before_the_plan_is_due() {
            let mut world = World::with_entry();
            world.conflict("v1");
            let plan = world.mitigation_plan(5);
            world.does("ann", Command::SubmitPlan { vulnerability: id("v1"), entry: id("entry"), plan });
            assert_eq!(world.refuses("dora", late("v1")).number(), 802);
            world.today += 6;
            world.does("dora", late("v1"));
        }
        #[test]
        fn removed_before_it_is_overdue_or_without_hearing_the_patients() {
            let mut world = World::with_entry();
            world.conflict("v1");
            let early = World::overdue("v1", everybody_heard());
            assert_eq!(world.refuses_to_decide(early).number(), 603);
            world.does("dora", late("v1"));
            let mut deaf = everybody_heard();
            deaf.remove(&vulnerability::Stakeholder::Patient);
            assert_eq!(world.refuses_to_decide(World::overdue("v1", deaf)).number(), 604);
        }
        #[test]
        fn the_developers_view_by_somebody_else() {
            let mut world = World::with_entry();
            world.conflict("v1");
            let view = |stakeholder| Command::RecordView {
                vulnerability: id("v1"),
                stakeholder,
                text: "It can wait.".to_owned(),
            };
            let developer = vulnerability::Stakeholder::Developer;
            assert_eq!(world.refuses("bob", view(developer)).number(), 102);
            world.does("ann", view(developer)).does("pat", view(vulnerability::Stakeholder::Patient));
        }
    }
}

mod m5 {
    use super::*;
    fn claims(claim: DeFactoClaim) -> Command {
        Command::ClaimDeFacto { entry: id("mini"), claim }
    }
    fn admit() -> Decision {
        Decision::AdmitDeFacto { entry: id("mini"), assertion: hash("assertion") }
    }
    mod allowed {
        use super::*;
        #[test]
        fn claimed_admitted_shown_apart_and_gone_with_its_base() {
            let mut world = World::with_entry();
            world.does("ann", claims(claim("entry"))).decided(admit());
            assert_eq!(world.entry("mini").state, entry::EntryState::Listed);
            assert!(!world.entry("mini").is_certified(), "it is never certified");
            world.conflict("v1").decided(World::remove_for("v1"));
            assert_eq!(world.entry("mini").history.last().unwrap().because, "base entry removed");
            assert_eq!(world.refuses_to_decide(restore("mini")).number(), 607, "not before its base");
            world.remediate("v1").decided(restore("entry")).decided(restore("mini"));
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn claimed_for_a_part_of_the_security_target() {
            let mut part = claim("entry");
            part.asserts.remove("requirement-1");
            assert_eq!(World::with_entry().refuses("ann", claims(part)).number(), 608);
        }
        #[test]
        fn claimed_on_anothers_on_a_removed_or_on_a_de_facto_entry() {
            let mut world = World::with_entry();
            assert_eq!(world.refuses("bob", claims(claim("entry"))).number(), 607);
            world.does("ann", claims(claim("entry"))).decided(admit());
            let second = Command::ClaimDeFacto { entry: id("nano"), claim: claim("mini") };
            assert_eq!(world.refuses("ann", second).number(), 607);
            world.conflict("v1").decided(World::remove_for("v1"));
            let third = Command::ClaimDeFacto { entry: id("nano"), claim: claim("entry") };
            assert_eq!(world.refuses("ann", third).number(), 607);
        }
    }
}

mod m7 {
    use super::*;
    fn review(searched: i64) -> Command {
        Command::ReviewEntry { entry: id("entry"), searched: date(searched) }
    }
    mod allowed {
        use super::*;
        #[test]
        fn after_fifty_years_it_stands_and_says_when_it_was_last_reviewed() {
            let mut world = World::with_entry();
            let certified = world.today;
            world.today += 50 * 365;
            let status = world.entry("entry").status_at(at(world.today)).unwrap();
            assert_eq!(status.is, "listed");
            assert_eq!(world.entry("entry").last_reviewed, date(certified));
            let today = world.today;
            world.does("dora", review(today));
            assert_eq!(world.entry("entry").last_reviewed, date(today));
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn a_review_on_a_search_from_the_future_or_an_older_one() {
            let world = World::with_entry();
            assert_eq!(world.refuses("dora", review(world.today + 1)).number(), 609);
            assert_eq!(world.refuses("dora", review(world.today - 1)).number(), 609);
        }
    }
}

mod d4 {
    use super::*;
    mod allowed {
        use super::*;
        #[test]
        fn the_history_shows_state_day_and_class_of_reason() {
            let mut world = World::with_entry();
            let certified = world.today;
            world.today += 3;
            world.conflict("v1").decided(World::remove_for("v1"));
            let entry = world.entry("entry");
            assert_eq!(entry.status_at(at(certified + 1)).unwrap().is, "listed");
            let now = entry.status_at(at(world.today)).unwrap();
            assert_eq!(
                (now.is.as_str(), now.because.as_str()),
                ("removed pending remediation", "vulnerability")
            );
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn a_ground_that_only_follows_from_another_decision() {
            let ground = RemovalGround::BaseRemoved { until_remediation: true };
            let decision = Decision::RemoveEntry { entry: id("entry"), ground };
            assert_eq!(World::with_entry().refuses_to_decide(decision).rule(), Rule::D4);
        }
    }
}
