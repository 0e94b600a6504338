//! Reports, certificates and listing.

use crate::support::*;
use dtsec_model::etr::Verdict;
use dtsec_registry::domain::evaluation::{Etr, EvaluationState};
use dtsec_registry::domain::*;

fn with(change: impl FnOnce(&mut Etr)) -> (World, Command) {
    let world = World::running();
    let mut etr = report(world.today);
    change(&mut etr);
    (world, Command::SubmitEtr { evaluation: id("ev"), etr: Box::new(etr) })
}

mod c1 {
    use super::*;
    mod allowed {
        use super::*;
        #[test]
        fn a_report_with_every_verdict_and_rationale() {
            let (mut world, deliver) = with(|_| {});
            world.does("nora", deliver);
        }
        #[test]
        fn a_report_that_fails_with_an_observation_is_taken_in_and_returned() {
            let (mut world, deliver) =
                with(|etr| etr.units.push(unit("ALC_CMC.1-1", "ALC_CMC.1", Verdict::Fail)));
            world.does("nora", deliver);
            assert_eq!(world.refuses_to_decide(world.certify()).number(), 509);
            let findings = vec!["mend ALC_CMC".to_owned()];
            world.does(
                "dora",
                Command::RequestRework { evaluation: id("ev"), document: hash("etr"), findings },
            );
            let deliver = world.deliver();
            world.does("nora", deliver);
            let certify = world.certify();
            world.decided(certify);
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn an_open_unit_a_silent_one_and_a_report_without_units() {
            let (world, open) =
                with(|etr| etr.units.push(unit("ALC_CMC.1-1", "ALC_CMC.1", Verdict::Inconclusive)));
            assert_eq!(world.refuses("nora", open).number(), 506);
            let (world, silent) = with(|etr| etr.units[0].has_rationale = false);
            assert_eq!(world.refuses("nora", silent).number(), 506);
            let (world, empty) = with(|etr| etr.units.clear());
            assert_eq!(world.refuses("nora", empty).number(), 506);
        }
        #[test]
        fn a_report_without_the_analysis_of_vulnerabilities_at_its_level() {
            let (world, deliver) = with(|etr| etr.units[0].component = "AVA_VAN.3".to_owned());
            assert_eq!(world.refuses("nora", deliver).number(), 507);
        }
        #[test]
        fn a_fail_without_an_observation() {
            let (world, deliver) = with(|etr| {
                etr.units[1].verdict = Verdict::Fail;
            });
            assert_eq!(world.refuses("nora", deliver).number(), 508);
        }
        #[test]
        fn a_listing_on_an_older_search_for_known_vulnerabilities() {
            let world = World::with_report();
            let with = certification(world.today - 1);
            assert_eq!(world.refuses_to_decide(Decision::Certify { with }).number(), 510);
        }
    }
}

mod c2 {
    use super::*;
    mod allowed {
        use super::*;
        #[test]
        fn accepted_certified_and_listed_in_one_event() {
            let world = World::with_entry();
            let events: Vec<_> =
                world.events.iter().filter(|event| event.change.name() == "certified").collect();
            assert_eq!(events.len(), 1);
            assert!(world.entry("entry").is_certified());
            let state = &world.state.evaluations[&id("ev")].state;
            assert!(matches!(state, EvaluationState::Accepted { .. }));
            assert_eq!(world.state.certificates[&id("DTS-1")], id("entry"));
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn a_certificate_before_there_is_a_report() {
            let world = World::running();
            assert_eq!(world.refuses_to_decide(world.certify()).number(), 514);
        }
        #[test]
        fn a_certificate_twice_and_a_number_twice() {
            let world = World::with_entry();
            let again = evaluation::Certification { entry: id("entry-2"), ..certification(world.today) };
            assert_eq!(world.refuses_to_decide(Decision::Certify { with: again }).number(), 514);
        }
        #[test]
        fn a_rejected_report() {
            let mut world = World::with_report();
            world.decided(Decision::RejectEtr { evaluation: id("ev"), document: hash("etr") });
            assert_eq!(world.refuses_to_decide(world.certify()).number(), 514);
        }
    }
}

mod e1 {
    use super::*;
    mod allowed {
        use super::*;
        #[test]
        fn the_list_shows_what_the_device_answers() {
            let world = World::with_entry();
            assert_eq!(world.entry("entry").versions[0].identity, "alpha pump 2.0");
            assert_eq!(world.entry("entry").history[0].is, "listed");
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn a_report_on_a_product_that_answers_something_else() {
            let (world, deliver) = with(|etr| etr.identity = "alpha pump 2.0 ".to_owned());
            assert_eq!(world.refuses("nora", deliver).number(), 512);
        }
    }
}
