//! Profiles and Security Targets.

use crate::support::*;
use dtsec_registry::domain::pp::{Disposition, Outcome, PpState, PpText};
use dtsec_registry::domain::st::{PartOf, Publication, StText};
use dtsec_registry::domain::*;

fn draft(text: PpText) -> Command {
    Command::DraftPp { pp: id("pp"), text: Box::new(text) }
}

fn submit(text: StText) -> Command {
    Command::SubmitSt { st: id("st"), text: Box::new(text) }
}

mod v {
    use super::*;
    mod allowed {
        use super::*;
        #[test]
        fn a_profile_by_the_editions_of_the_standard() {
            World::with_class().does("dora", draft(profile("pp")));
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn a_profile_and_a_security_target_by_another_edition() {
            let mut text = profile("pp");
            text.editions.criteria = "ISO/IEC 15408:2022".to_owned();
            assert_eq!(World::with_class().refuses("dora", draft(text)).number(), 201);
            let mut text = target("st");
            text.editions.methodology = "ISO/IEC 18045:2022".to_owned();
            assert_eq!(World::with_labs().refuses("ann", submit(text)).rule(), Rule::V);
        }
    }
}

mod p1 {
    use super::*;
    fn comment() -> Command {
        Command::CommentPp {
            pp: id("pp"),
            comment: id("c1"),
            place: "3.1".to_owned(),
            text: "What of radios?".to_owned(),
        }
    }
    fn answer() -> Command {
        let disposition = Disposition { outcome: Outcome::Accepted, answer: "Added.".to_owned() };
        Command::DisposeComment { pp: id("pp"), comment: id("c1"), disposition }
    }
    mod allowed {
        use super::*;
        #[test]
        fn accepted_after_review_with_every_comment_answered() {
            let mut world = World::with_review();
            world.does("pat", comment()).does("dora", answer());
            world.today += 31;
            world.decided(World::accept_pp());
            assert!(matches!(world.state.pps[&id("pp")].state, PpState::Accepted { .. }));
        }
        #[test]
        fn a_new_version_takes_the_place_of_the_old_one() {
            let mut world = World::with_profile();
            let text = PpText { supersedes: Some(id("pp")), version: "2.0".to_owned(), ..profile("pp2") };
            world.does("dora", Command::DraftPp { pp: id("pp2"), text: Box::new(text) });
            let closes = date(world.today + 9);
            world.does("dora", Command::OpenPpReview { pp: id("pp2"), document: hash("pp2"), closes });
            world.today += 10;
            world.decided(Decision::AcceptPp { pp: id("pp2"), document: hash("pp2"), determination: None });
            assert_eq!(world.state.pps[&id("pp")].state.name(), "superseded");
            assert_eq!(world.refuses("ann", submit(target("st"))).number(), 301);
        }
        #[test]
        fn revised_during_review_in_answer_to_a_comment() {
            let mut world = World::with_review();
            world.does("pat", comment());
            let text = Box::new(profile("pp-b"));
            let revise = |answers| Command::RevisePp { pp: id("pp"), text: text.clone(), answers };
            assert_eq!(world.refuses("dora", revise(set(&[]))).number(), 207);
            world.does("dora", revise(set(&["c1"]))).does("dora", answer());
            assert_eq!(world.state.pps[&id("pp")].comments.len(), 1, "no comment is lost");
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn accepted_while_the_review_is_open() {
            let mut world = World::with_review();
            world.today += 30;
            assert_eq!(world.refuses_to_decide(World::accept_pp()).number(), 204);
        }
        #[test]
        fn accepted_with_a_comment_unanswered() {
            let mut world = World::with_review();
            world.does("pat", comment());
            world.today += 31;
            assert_eq!(world.refuses_to_decide(World::accept_pp()).number(), 206);
        }
        #[test]
        fn accepted_without_any_review() {
            let mut world = World::with_class();
            world.does("dora", draft(profile("pp")));
            assert_eq!(world.refuses_to_decide(World::accept_pp()).number(), 108);
        }
        #[test]
        fn a_review_without_a_day_and_a_comment_after_the_last() {
            let mut world = World::with_class();
            world.does("dora", draft(profile("pp")));
            let closes = date(0);
            let open = Command::OpenPpReview { pp: id("pp"), document: hash("pp"), closes };
            assert_eq!(world.refuses("dora", open).number(), 203);
            let mut world = World::with_review();
            world.today += 31;
            assert_eq!(world.refuses("pat", comment()).number(), 205);
        }
        #[test]
        fn a_security_target_under_a_profile_that_is_not_accepted() {
            assert_eq!(World::with_review().refuses("ann", submit(target("st"))).number(), 301);
            let mut world = World::with_st_in_review();
            world.decided(Decision::WithdrawPp { pp: id("pp") });
            assert_eq!(world.refuses_to_decide(World::approve_st()).number(), 301, "nor approved");
        }
        #[test]
        fn a_profile_by_a_developer() {
            assert_eq!(World::with_class().refuses("ann", draft(profile("pp"))).number(), 101);
        }
    }
}

mod p2 {
    use super::*;
    mod allowed {
        use super::*;
        #[test]
        fn a_security_target_with_a_package_of_its_profile() {
            World::with_labs().does("ann", submit(target("st")));
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn a_profile_without_a_package() {
            let text = PpText { packages: Vec::new(), ..profile("pp") };
            assert_eq!(World::with_class().refuses("dora", draft(text)).number(), 202);
        }
        #[test]
        fn a_security_target_with_other_components_than_the_package() {
            let text = StText { components: components(5), ..target("st") };
            assert_eq!(World::with_labs().refuses("ann", submit(text)).number(), 302);
        }
    }
}

/// Without a profile, with AVA_VAN.3.
fn weak() -> StText {
    StText { profile: None, components: components(3), ..target("st") }
}

mod a1 {
    use super::*;
    mod allowed {
        use super::*;
        #[test]
        fn moderate_potential_for_what_is_highly_critical() {
            World::with_st_in_review().decided(World::approve_st());
        }
        #[test]
        fn a_lower_package_of_which_the_working_group_has_determined_that_it_meets_the_aim() {
            let mut world = World::with_labs();
            world.submit(weak());
            let determination = Some("the interface takes three weeks".to_owned());
            world.decided(Decision::ApproveSt { st: id("st"), document: hash("st"), determination });
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn less_than_ava_van_4_for_what_is_highly_critical() {
            let mut world = World::with_labs();
            world.submit(weak());
            assert_eq!(world.refuses_to_decide(World::approve_st()).number(), 305);
        }
        #[test]
        fn a_profile_with_such_a_package() {
            let mut world = World::with_class();
            let mut text = profile("pp");
            text.packages[0].components = components(3);
            world.does("dora", draft(text));
            let closes = date(5);
            world.does("dora", Command::OpenPpReview { pp: id("pp"), document: hash("pp"), closes });
            world.today = 6;
            assert_eq!(world.refuses_to_decide(World::accept_pp()).number(), 208);
        }
    }
}

mod a2 {
    use super::*;
    fn in_class(component: bool, exposed: bool) -> World {
        let mut world = World::with_labs();
        let class = pp::DeviceClass {
            id: id("other"),
            general_purpose_component: component,
            life_critical: false,
            exposed,
            ..pump()
        };
        world.decided(Decision::DefineClass { class });
        world.submit(StText { class: id("other"), ..weak() });
        world
    }
    mod allowed {
        use super::*;
        #[test]
        fn less_for_a_general_purpose_component_and_for_what_nobody_reaches() {
            in_class(true, true).decided(World::approve_st());
            in_class(false, false).decided(World::approve_st());
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn less_for_a_networked_device() {
            assert_eq!(in_class(false, true).refuses_to_decide(World::approve_st()).number(), 306);
        }
    }
}

mod a3 {
    use super::*;
    fn with(component: &str) -> (World, Command) {
        let world = World::running();
        let mut etr = report(world.today);
        etr.by_life_cycle_audit.insert(component.to_owned());
        (world, Command::SubmitEtr { evaluation: id("ev"), etr: Box::new(etr) })
    }
    mod allowed {
        use super::*;
        #[test]
        fn an_audit_by_iec_62304_for_a_life_cycle_component() {
            let (mut world, command) = with("ALC_CMC.1");
            world.does("nora", command);
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn such_an_audit_for_the_analysis_of_vulnerabilities() {
            let (world, command) = with("AVA_VAN.4");
            assert_eq!(world.refuses("nora", command).number(), 513);
            let mut text = profile("pp");
            text.packages[0].replaceable.insert("AVA_VAN.4".to_owned());
            assert_eq!(World::with_class().refuses("dora", draft(text)).number(), 209);
        }
    }
}

mod s1 {
    use super::*;
    mod allowed {
        use super::*;
        #[test]
        fn an_evaluation_against_an_approved_security_target() {
            World::with_st().does("nora", World::plan("north"));
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn an_evaluation_before_the_approval() {
            assert_eq!(World::with_st_in_review().refuses("nora", World::plan("north")).number(), 501);
        }
        #[test]
        fn a_report_on_another_text() {
            let world = World::running();
            let etr = evaluation::Etr { st_document: hash("older"), ..report(world.today) };
            let deliver = Command::SubmitEtr { evaluation: id("ev"), etr: Box::new(etr) };
            assert_eq!(world.refuses("nora", deliver).number(), 511);
        }
        #[test]
        fn a_rejected_security_target_and_one_that_waits_for_changes() {
            let mut world = World::with_st_in_review();
            world.decided(Decision::RejectSt { st: id("st"), document: hash("st") });
            assert_eq!(world.refuses("nora", World::plan("north")).number(), 501);
            let mut world = World::with_st_in_review();
            let findings = vec!["3.2 says nothing".to_owned()];
            world.does("dora", Command::RequestStChanges { st: id("st"), document: hash("st"), findings });
            assert_eq!(world.refuses_to_decide(World::approve_st()).number(), 108);
            let text = Box::new(target("st-b"));
            world.does("ann", Command::ReviseSt { st: id("st"), text });
            assert_eq!(world.state.sts[&id("st")].state.name(), "submitted");
        }
    }
}

mod s2 {
    use super::*;
    fn publish() -> Command {
        Command::PublishSt { st: id("st"), publication: Publication::Formal }
    }
    mod allowed {
        use super::*;
        #[test]
        fn published_by_its_developer_and_approved_without() {
            World::with_st_in_review().does("ann", publish());
            World::with_st_in_review().decided(World::approve_st());
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn published_by_another_developer_or_by_the_working_group() {
            assert_eq!(World::with_st().refuses("bob", publish()).number(), 102);
            assert_eq!(World::with_st().refuses("dora", publish()).number(), 101);
        }
    }
}

mod s3 {
    use super::*;
    fn component(device_van: u8) -> StText {
        let part_of = PartOf::Component { device_components: components(device_van) };
        StText { part_of, ..target("st") }
    }
    mod allowed {
        use super::*;
        #[test]
        fn a_component_at_the_devices_assurance() {
            World::with_labs().does("ann", submit(component(4)));
        }
        #[test]
        fn a_device_with_a_certified_part() {
            let text = StText { certified_parts: set(&["entry"]), ..target("st-2") };
            World::with_entry().does("ann", Command::SubmitSt { st: id("st-2"), text: Box::new(text) });
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn a_component_at_another_assurance() {
            assert_eq!(World::with_labs().refuses("ann", submit(component(5))).number(), 303);
        }
        #[test]
        fn a_claim_that_is_not_in_the_profile_unless_marked() {
            let mut text = component(4);
            text.claims.insert("of-its-own".to_owned());
            assert_eq!(World::with_labs().refuses("ann", submit(text.clone())).number(), 304);
            text.additions.insert("of-its-own".to_owned());
            World::with_labs().does("ann", submit(text));
        }
        #[test]
        fn a_device_with_a_part_that_was_removed_or_is_below_it() {
            let mut world = World::with_entry();
            let text = StText { certified_parts: set(&["entry"]), ..target("st-2") };
            let above = StText { profile: None, components: components(5), ..text.clone() };
            let submit = |text| Command::SubmitSt { st: id("st-2"), text: Box::new(text) };
            assert_eq!(world.refuses("ann", submit(above)).number(), 308);
            world.conflict("v1").decided(World::remove_for("v1"));
            assert_eq!(world.refuses("ann", submit(text)).number(), 307);
        }
    }
}
