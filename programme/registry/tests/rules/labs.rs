//! Labs.

use crate::support::*;
use dtsec_registry::domain::lab::{Application, Competence, Extension, LabGround, Scope, TechnologyClass};
use dtsec_registry::domain::*;

fn apply(application: Application) -> World {
    let mut world = World::with_profile();
    let application = Box::new(application);
    world.does("nora", Command::ApplyLab { lab: id("north"), application });
    world
}

/// Asks for a class at a level, shown by a document.
fn extension(class: TechnologyClass, van: u8) -> Extension {
    let shown = Competence { van, shown_by: Some(hash("pilot of the class")) };
    Extension { document: hash("extension"), competence: [(class, shown)].into(), accreditation: None }
}

fn extend(extension: Extension) -> Command {
    Command::ExtendLab { lab: id("north"), extension: Box::new(extension) }
}

fn accept_extension(document: &str) -> Decision {
    Decision::AcceptExtension { lab: id("north"), document: hash(document), factors: factors() }
}

fn radio_plan() -> Command {
    let mut plan = plan_with("north");
    plan.classes.insert(TechnologyClass::WirelessProtocol);
    Command::PlanEvaluation { evaluation: id("ev"), plan }
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
        #[test]
        fn another_scope_that_covers_the_work_is_taken_as_an_extension() {
            let mut world = World::with_st();
            let mut accreditation = application("north").accreditation;
            accreditation.scope = Scope::Similar("cyber security evaluation".to_owned());
            let wider = Extension {
                document: hash("extension"),
                competence: [].into(),
                accreditation: Some(accreditation.clone()),
            };
            world.does("nora", extend(wider));
            world.decided(accept_extension("extension"));
            assert_eq!(world.state.labs[&id("north")].application.accreditation, accreditation);
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn an_extension_with_a_scope_that_does_not_cover_the_work_or_is_over() {
            let world = World::with_st();
            let with = |change: fn(&mut lab::Accreditation)| {
                let mut accreditation = application("north").accreditation;
                change(&mut accreditation);
                extend(Extension {
                    accreditation: Some(accreditation),
                    ..extension(TechnologyClass::WirelessProtocol, 4)
                })
            };
            let other = with(|one| one.scope = Scope::Other("electrical safety".to_owned()));
            assert_eq!(world.refuses("nora", other).number(), 401);
            assert_eq!(world.refuses("nora", with(|one| one.expires = date(1))).number(), 402);
        }
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
        #[test]
        fn an_evaluation_of_a_class_that_was_added() {
            let mut world = World::with_st();
            assert_eq!(world.refuses("nora", radio_plan()).number(), 503);
            world.does("nora", extend(extension(TechnologyClass::WirelessProtocol, 4)));
            assert_eq!(world.refuses("nora", radio_plan()).number(), 503, "it is only asked for");
            world.decided(accept_extension("extension"));
            world.does("nora", radio_plan());
        }
        #[test]
        fn a_higher_level_in_a_class_that_it_has() {
            let mut world = World::with_st();
            world.does("nora", extend(extension(TechnologyClass::SimpleMicrocontroller, 5)));
            world.decided(accept_extension("extension"));
            let lab = &world.state.labs[&id("north")];
            assert_eq!(lab.application.competence[&TechnologyClass::SimpleMicrocontroller].van, 5);
            assert!(lab.extension.is_none() && lab.application.competence.len() == 2);
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
        fn an_extension_that_is_too_low_adds_nothing_or_is_not_shown() {
            let mut world = World::with_st();
            let radio = |van| extension(TechnologyClass::WirelessProtocol, van);
            assert_eq!(world.refuses("nora", extend(radio(3))).number(), 403);
            let known = extension(TechnologyClass::SimpleMicrocontroller, 4);
            assert_eq!(world.refuses("nora", extend(known)).number(), 410);
            let mut empty = radio(4);
            empty.competence.clear();
            assert_eq!(world.refuses("nora", extend(empty)).number(), 410);
            let mut bare = radio(4);
            bare.competence.get_mut(&TechnologyClass::WirelessProtocol).unwrap().shown_by = None;
            assert_eq!(world.refuses("nora", extend(bare)).number(), 411);
            world.does("nora", extend(radio(4)));
        }
        #[test]
        fn an_extension_of_another_lab_of_no_accepted_one_or_while_one_waits() {
            let radio = || extend(extension(TechnologyClass::WirelessProtocol, 4));
            assert_eq!(apply(application("north")).refuses("nora", radio()).number(), 502);
            let mut world = World::with_st();
            assert_eq!(world.refuses("saul", radio()).number(), 102);
            world.does("nora", radio());
            assert_eq!(world.refuses("nora", radio()).number(), 107);
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
        #[test]
        fn an_extension_that_is_rejected_changes_nothing_and_another_may_be_asked_for() {
            let mut world = World::with_st();
            let before = world.state.labs[&id("north")].clone();
            world.does("nora", extend(extension(TechnologyClass::WirelessProtocol, 4)));
            let (lab, document) = (id("north"), hash("extension"));
            world.decided(Decision::RejectExtension { lab, document, factors: factors() });
            assert_eq!(world.state.labs[&id("north")], before);
            world.does("nora", extend(extension(TechnologyClass::WebInterface, 4)));
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
            let reject = Decision::RejectLab { lab: id("north"), factors: silent.clone() };
            assert_eq!(world.refuses_to_decide(reject).number(), 405);
            let mut world = World::with_st();
            world.does("nora", extend(extension(TechnologyClass::WirelessProtocol, 4)));
            let (lab, document) = (id("north"), hash("extension"));
            let extension = Decision::AcceptExtension { lab, document, factors: silent };
            assert_eq!(world.refuses_to_decide(extension).number(), 405);
        }
        #[test]
        fn a_decision_on_another_extension_than_the_one_that_waits() {
            let mut world = World::with_st();
            assert_eq!(world.refuses_to_decide(accept_extension("extension")).number(), 106);
            world.does("nora", extend(extension(TechnologyClass::WirelessProtocol, 4)));
            assert_eq!(world.refuses_to_decide(accept_extension("another")).number(), 109);
            world.decided(accept_extension("extension"));
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
