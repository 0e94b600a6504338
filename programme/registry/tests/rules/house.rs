//! The house's own rules.

use crate::support::*;
use dtsec_registry::domain::*;

mod d1 {
    use super::*;
    mod allowed {
        use super::*;
        #[test]
        fn the_developer_revises_his_own_security_target() {
            let text = Box::new(target("st-b"));
            World::with_st_in_review().does("ann", Command::ReviseSt { st: id("st"), text });
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn what_needs_a_role_is_refused_without_it() {
            let world = World::empty();
            for (name, roles) in Decision::ROLES {
                assert!(!roles.is_empty() && !roles.contains(&Role::Public), "{name}");
            }
            let open: Vec<_> = Command::ROLES
                .iter()
                .filter(|(_, roles)| roles.contains(&Role::Public))
                .map(|(name, _)| *name)
                .collect();
            assert_eq!(open, ["comment-pp", "report-vulnerability", "record-view"], "for everybody");
            let class = Decision::DefineClass { class: pump() };
            for name in ["ann", "bob", "nora", "saul", "otto", "pat"] {
                let propose = Command::Propose { proposal: id("p"), decision: Box::new(class.clone()) };
                assert_eq!(world.refuses(name, propose).number(), 101, "{name}");
            }
        }
        #[test]
        fn another_developers_security_target_and_another_labs_evaluation() {
            let text = Box::new(target("st-b"));
            let revise = Command::ReviseSt { st: id("st"), text };
            assert_eq!(World::with_st_in_review().refuses("bob", revise).number(), 102);
            let world = World::running();
            assert_eq!(world.refuses("saul", world.deliver()).number(), 102);
        }
    }
}

mod d2 {
    use super::*;
    mod allowed {
        use super::*;
        #[test]
        fn two_members_and_the_event_names_both() {
            let world = World::with_class();
            let event = world.events.last().unwrap();
            assert_eq!(event.change.name(), "class-defined");
            assert_eq!(event.by, id("dirk"));
            assert_eq!(event.proposed_by, Some(id("dora")));
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn the_same_member_twice() {
            let mut world = World::empty();
            let decision = Box::new(Decision::DefineClass { class: pump() });
            world.does("dora", Command::Propose { proposal: id("p"), decision });
            let confirm = Command::Confirm { proposal: id("p") };
            assert_eq!(world.refuses("dora", confirm.clone()).number(), 104);
            world.does("dirk", confirm.clone());
            assert_eq!(world.refuses("dirk", confirm).number(), 106, "and no decision twice");
        }
        #[test]
        fn a_proposal_that_was_dropped() {
            let mut world = World::empty();
            let decision = Box::new(Decision::DefineClass { class: pump() });
            world.does("dora", Command::Propose { proposal: id("p"), decision });
            world.does("dirk", Command::Drop { proposal: id("p") });
            assert_eq!(world.refuses("dirk", Command::Confirm { proposal: id("p") }).number(), 106);
        }
    }
}

mod d3 {
    use super::*;
    mod allowed {
        use super::*;
        #[test]
        fn a_member_without_an_interest_confirms() {
            World::with_st_in_review().decided(World::approve_st());
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn a_member_with_an_interest_neither_proposes_nor_confirms() {
            let mut world = World::with_st_in_review();
            let decision = Box::new(World::approve_st());
            let propose = Command::Propose { proposal: id("p"), decision };
            assert_eq!(world.refuses("dina", propose.clone()).number(), 103);
            world.does("dora", propose);
            assert_eq!(world.refuses("dina", Command::Confirm { proposal: id("p") }).number(), 103);
        }
        #[test]
        fn nor_decides_on_his_lab_its_evaluation_its_entry_or_a_vulnerability_in_it() {
            let mut world = World::with_report();
            let propose = |decision| Command::Propose { proposal: id("p"), decision: Box::new(decision) };
            let suspend = propose(Decision::SuspendLab { lab: id("north") });
            assert_eq!(world.refuses("dina", suspend).number(), 103);
            assert_eq!(world.refuses("dina", propose(world.certify())).number(), 103);
            let certify = world.certify();
            world.decided(certify);
            world.conflict("v1");
            assert_eq!(world.refuses("dina", propose(World::remove_for("v1"))).number(), 103);
            let overdue = Command::DeclareOverdue { vulnerability: id("v1"), entry: id("entry") };
            assert_eq!(world.refuses("dina", overdue).number(), 103);
        }
    }
}

mod d5 {
    use super::*;
    mod allowed {
        use super::*;
        #[test]
        fn the_event_names_the_text() {
            let world = World::with_st();
            let event = world.events.last().unwrap();
            assert_eq!((event.change.name(), &event.document), ("st-approved", &Some(hash("st"))));
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn an_approval_of_a_text_that_was_replaced_between_the_two_members() {
            let mut world = World::with_st_in_review();
            let decision = Box::new(World::approve_st());
            world.does("dora", Command::Propose { proposal: id("p"), decision });
            let text = Box::new(target("st-b"));
            world.does("ann", Command::ReviseSt { st: id("st"), text });
            world.does("dora", Command::ReviewSt { st: id("st") });
            assert_eq!(world.refuses("dirk", Command::Confirm { proposal: id("p") }).number(), 109);
        }
    }
}

mod d6 {
    use super::*;
    mod allowed {
        use super::*;
        #[test]
        fn every_event_says_why_by_whom_and_in_which_role() {
            let world = World::with_entry();
            assert!(world.events.iter().all(|event| !event.reason.is_empty()));
            assert!(world.events.iter().all(|event| event.capacity != Role::Public));
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn a_command_without_a_reason() {
            let command = Command::StartEvaluation { evaluation: id("ev") };
            let refusal = decide(&World::empty().state, &who("nora"), &command, "  ", at(0)).unwrap_err();
            assert_eq!(refusal.number(), 105);
            assert_eq!(refusal.remedy(), "Say in a sentence why.");
        }
    }
}

mod d7 {
    use super::*;
    mod allowed {
        use super::*;
        #[test]
        fn the_whole_way_replays_to_the_same_state_and_through_json() {
            let world = World::drawn();
            let json = serde_json::to_string(&world.events).unwrap();
            let events: Vec<Event> = serde_json::from_str(&json).unwrap();
            assert_eq!(apply_all(Programme::default(), &events).unwrap(), world.state);
            let state = serde_json::to_string(&world.state).unwrap();
            assert_eq!(serde_json::from_str::<Programme>(&state).unwrap(), world.state);
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn the_same_step_twice_and_a_step_on_nothing() {
            let world = World::running();
            let start = |name| Command::StartEvaluation { evaluation: id(name) };
            assert_eq!(world.refuses("nora", start("ev")).number(), 108);
            assert_eq!(world.refuses("nora", start("other")).number(), 106);
            assert_eq!(world.refuses("nora", World::plan("north")).number(), 107);
        }
        #[test]
        fn an_event_on_what_is_not_there() {
            let events = World::running().events;
            assert!(apply(Programme::default(), events.last().unwrap()).is_err());
        }
        #[test]
        fn a_command_on_half_a_case() {
            let whole = World::running();
            let deliver = whole.deliver();
            let mut part = Programme::partial();
            let refusal = decide(&part, &who("nora"), &deliver, "because", at(whole.today)).unwrap_err();
            assert_eq!(refusal.number(), 112);
            loop {
                let missing = part.missing(&deliver);
                if missing.is_empty() {
                    break;
                }
                for one in missing {
                    part.load_from(&whole.state, &one);
                }
            }
            assert!(decide(&part, &who("nora"), &deliver, "because", at(whole.today)).is_ok());
        }
    }
}
