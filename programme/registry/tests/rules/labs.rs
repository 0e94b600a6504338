//! Labs.

use crate::support::*;
use dtsec_registry::domain::lab::{Application, LabGround, Scope, TechnologyClass};
use dtsec_registry::domain::*;

fn apply(application: Application) -> World {
    let mut world = World::with_profile();
    let application = Box::new(application);
    world.does("nora", Command::ApplyLab { lab: id("north"), application });
    world
}

fn accept() -> Decision {
    Decision::AcceptLab { lab: id("north"), factors: factors() }
}

mod l1 {
    use super::*;
    mod allowed {
        use super::*;
        #[test]
        fn an_accepted_lab_is_public_and_evaluates() {
            let mut world = World::with_st();
            assert!(world.state.labs[&id("north")].is_public());
            world.does("nora", World::plan("north"));
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn an_applicant_a_suspended_and_a_removed_lab_do_not_evaluate() {
            let mut world = World::with_st();
            let application = Box::new(application("third"));
            world.does("nora", Command::ApplyLab { lab: id("third"), application });
            assert_eq!(world.refuses("nora", World::plan("third")).number(), 502);
            world.decided(Decision::SuspendLab { lab: id("north") });
            assert_eq!(world.refuses("nora", World::plan("north")).number(), 502);
            world.decided(Decision::ReinstateLab { lab: id("north") });
            world.does("nora", World::plan("north"));
            world.decided(Decision::RemoveLab { lab: id("north"), ground: LabGround::OwnRequest });
            let start = Command::StartEvaluation { evaluation: id("ev") };
            assert_eq!(world.refuses("nora", start).number(), 502);
        }
        #[test]
        fn a_lab_that_depends_on_the_developer() {
            let mut world = apply(Application { affiliates: set(&["alpha"]), ..application("north") });
            world.decided(accept());
            world.submit(target("st")).decided(World::approve_st());
            assert_eq!(world.refuses("nora", World::plan("north")).number(), 504);
        }
    }
}

mod l2 {
    use super::*;
    mod allowed {
        use super::*;
        #[test]
        fn a_scope_of_it_security_testing_or_the_like() {
            apply(application("north")).decided(accept());
            let mut like = application("north");
            like.accreditation.scope = Scope::Similar("cyber security evaluation".to_owned());
            apply(like).decided(accept());
        }
        #[test]
        fn a_renewed_accreditation_lets_the_lab_work_on() {
            let mut world = World::with_st();
            world.today = 1001;
            assert_eq!(world.refuses("nora", World::plan("north")).number(), 402);
            let accreditation =
                lab::Accreditation { expires: date(2000), ..application("north").accreditation };
            world.does("nora", Command::RenewAccreditation { lab: id("north"), accreditation });
            world.does("nora", World::plan("north"));
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn another_scope() {
            let mut other = application("north");
            other.accreditation.scope = Scope::Other("electrical safety".to_owned());
            assert_eq!(apply(other).refuses_to_decide(accept()).number(), 401);
        }
        #[test]
        fn an_accreditation_that_ended_when_applying_and_when_delivering() {
            let mut over = application("north");
            over.accreditation.expires = date(1);
            assert_eq!(apply(over).refuses_to_decide(accept()).number(), 402);
            let mut world = World::running();
            world.today = 1001;
            assert_eq!(world.refuses("nora", world.deliver()).number(), 402);
        }
    }
}

mod l3 {
    use super::*;
    mod allowed {
        use super::*;
        #[test]
        fn ava_van_4_over_the_whole_range() {
            apply(application("north")).decided(accept());
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn ava_van_3() {
            let mut weak = application("north");
            weak.competence.get_mut(&TechnologyClass::SimpleMicrocontroller).unwrap().van = 3;
            assert_eq!(apply(weak).refuses_to_decide(accept()).number(), 403);
        }
        #[test]
        fn one_end_of_the_range() {
            let mut narrow = application("north");
            narrow.competence.remove(&TechnologyClass::GeneralPurposeSystem);
            assert_eq!(apply(narrow).refuses_to_decide(accept()).number(), 404);
        }
        #[test]
        fn an_evaluation_of_what_the_lab_has_not_shown() {
            let mut plan = plan_with("north");
            plan.classes.insert(TechnologyClass::WirelessProtocol);
            let command = Command::PlanEvaluation { evaluation: id("ev"), plan };
            assert_eq!(World::with_st().refuses("nora", command).number(), 503);
        }
    }
}

mod l4 {
    use super::*;
    mod allowed {
        use super::*;
        #[test]
        fn accepted_or_rejected_on_what_was_weighed() {
            apply(application("north")).decided(accept());
            apply(application("north")).decided(Decision::RejectLab { lab: id("north"), factors: factors() });
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn a_decision_that_does_not_say_what_was_weighed() {
            let silent = lab::Factors { costs: " ".to_owned(), ..factors() };
            let world = apply(application("north"));
            let accept = Decision::AcceptLab { lab: id("north"), factors: silent.clone() };
            assert_eq!(world.refuses_to_decide(accept).number(), 405);
            let reject = Decision::RejectLab { lab: id("north"), factors: silent };
            assert_eq!(world.refuses_to_decide(reject).number(), 405);
        }
    }
}

mod l5 {
    use super::*;
    fn visit(supported: bool) -> Command {
        Command::ObserveEvaluation { evaluation: id("ev"), supported, document: hash("notes") }
    }
    mod allowed {
        use super::*;
        #[test]
        fn a_report_after_a_visit_with_working_papers() {
            let mut world = World::running();
            world.does("dora", visit(true));
            let deliver = world.deliver();
            world.does("nora", deliver);
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn a_lab_that_does_not_undertake_it() {
            let closed = Application { open_to_audit: false, ..application("north") };
            assert_eq!(apply(closed).refuses_to_decide(accept()).number(), 406);
        }
        #[test]
        fn a_report_after_a_visit_that_was_refused_or_without_working_papers() {
            let mut world = World::running();
            let etr = evaluation::Etr { working_papers: None, ..report(world.today) };
            let bare = Command::SubmitEtr { evaluation: id("ev"), etr: Box::new(etr) };
            assert_eq!(world.refuses("nora", bare).number(), 515);
            world.does("dora", visit(false));
            assert_eq!(world.refuses("nora", world.deliver()).number(), 406);
        }
    }
}

mod l6 {
    use super::*;
    fn remove(lab: &str) -> Decision {
        let ground = LabGround::RecurringVulnerabilities { entry: id("entry") };
        Decision::RemoveLab { lab: id(lab), ground }
    }
    mod allowed {
        use super::*;
        #[test]
        fn the_lab_of_a_product_with_recurring_vulnerabilities_is_removed() {
            let mut world = World::with_entry();
            world.conflict("v1").conflict("v2").decided(remove("north"));
            assert!(!world.state.labs[&id("north")].is_public());
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn one_vulnerability_does_not_recur_and_another_lab_is_not_to_blame() {
            let mut world = World::with_entry();
            world.conflict("v1");
            assert_eq!(world.refuses_to_decide(remove("north")).number(), 407);
            world.conflict("v2");
            assert_eq!(world.refuses_to_decide(remove("south")).number(), 407);
        }
    }
}
