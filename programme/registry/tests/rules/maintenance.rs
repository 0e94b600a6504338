//! Maintenance requests, vulnerabilities reported by developers, audits, agreements.

use crate::support::*;
use dtsec_model::security_target::Confidentiality;
use dtsec_registry::domain::draw::{Party, Share};
use dtsec_registry::domain::entry::Standing;
use dtsec_registry::domain::maintenance::{Effect, Form, RevalidationGround};
use dtsec_registry::domain::vulnerability::Reporter;
use dtsec_registry::domain::*;
use std::collections::BTreeMap;

fn file(form: Form) -> Command {
    Command::RequestMaintenance { request: id("r1"), entry: id("entry"), form }
}

fn major(version: &str) -> Form {
    let mut form = form(version);
    form.differences[0].effect = Effect::Major;
    form
}

fn revalidate(judgement: Option<&str>) -> Decision {
    let judgement = judgement.map(str::to_owned);
    Decision::RequireRevalidation { ground: RevalidationGround::Major { request: id("r1"), judgement } }
}

fn after_audit() -> Decision {
    Decision::RequireRevalidation { ground: RevalidationGround::Audit { audit: id("audit") } }
}

mod m1 {
    use super::*;
    mod allowed {
        use super::*;
        #[test]
        fn minor_changes_are_appended_to_the_same_entry() {
            let mut world = World::with_entry();
            world.file("r1", "2.1").decided(appending("r1", "2.1", &[]));
            world.file("r2", "2.2").decided(appending("r2", "2.2", &["r1"]));
            let versions: Vec<_> =
                world.entry("entry").versions.iter().map(|version| version.version.as_str()).collect();
            assert_eq!(versions, ["2.0", "2.1", "2.2"]);
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn a_request_that_lists_no_difference_or_a_version_that_is_there() {
            let world = World::with_entry();
            let silent = Form { differences: Vec::new(), ..form("2.1") };
            assert_eq!(world.refuses("ann", file(silent)).number(), 701);
            assert_eq!(world.refuses("ann", file(form("2.0"))).number(), 704);
        }
        #[test]
        fn a_major_change_appended() {
            let mut world = World::with_entry();
            world.does("ann", file(major("2.1")));
            assert_eq!(world.refuses_to_decide(appending("r1", "2.1", &[])).number(), 702);
        }
        #[test]
        fn earlier_minor_changes_left_out_of_the_decision() {
            let mut world = World::with_entry();
            world.file("r1", "2.1").decided(appending("r1", "2.1", &[])).file("r2", "2.2");
            assert_eq!(world.refuses_to_decide(appending("r2", "2.2", &[])).number(), 703);
        }
        #[test]
        fn a_request_by_another_developer() {
            assert_eq!(World::with_entry().refuses("bob", file(form("2.1"))).number(), 102);
        }
    }
}

mod m2 {
    use super::*;
    fn report(plan: bool, world: &World) -> Command {
        let plan = plan.then(|| world.mitigation_plan(20));
        let report = vulnerability::Report { plan, ..found("entry") };
        Command::ReportVulnerability { vulnerability: id("v1"), report }
    }
    mod allowed {
        use super::*;
        #[test]
        fn a_developer_reports_with_a_plan_and_without_it_is_recorded() {
            for with in [true, false] {
                let mut world = World::with_entry();
                let command = report(with, &world);
                world.does("ann", command);
                let reporter = &world.state.vulnerabilities[&id("v1")].reporter;
                assert!(matches!(reporter, Reporter::Developer { with_plan, .. } if *with_plan == with));
            }
        }
        #[test]
        fn a_third_party_reports() {
            let mut world = World::with_entry();
            let command = report(false, &world);
            world.does("pat", command);
            let reporter = &world.state.vulnerabilities[&id("v1")].reporter;
            assert!(matches!(reporter, Reporter::ThirdParty { .. }));
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn a_plan_by_somebody_else_and_one_for_yesterday() {
            let mut world = World::with_entry();
            assert_eq!(world.refuses("bob", report(true, &world)).number(), 102);
            world.conflict("v2");
            let plan = world.mitigation_plan(-1);
            let late = Command::SubmitPlan { vulnerability: id("v2"), entry: id("entry"), plan };
            assert_eq!(world.refuses("ann", late).number(), 801);
        }
    }
}

mod m3 {
    use super::*;
    fn reveal(party: Party) -> Command {
        Command::RevealShare { audit: id("audit"), share: share(party) }
    }
    fn join(commitment: Digest) -> Command {
        Command::JoinAudit { audit: id("audit"), commitment }
    }
    fn ordered() -> World {
        let mut world = World::with_entry();
        let order = order("entry", world.today + 10);
        world.decided(Decision::OrderAudit { order });
        world
    }
    fn judged(satisfied: bool) -> World {
        let mut world = World::drawn();
        let drawn = world.state.audits[&id("audit")].drawn.clone();
        let evidence: BTreeMap<_, _> = drawn.iter().map(|item| (item.clone(), hash(item))).collect();
        world.does("ann", Command::SubmitAuditEvidence { audit: id("audit"), evidence });
        let results = drawn.into_iter().map(|item| (item, satisfied)).collect();
        world.does("otto", Command::RecordAuditResult { audit: id("audit"), results });
        world
    }
    mod allowed {
        use super::*;
        #[test]
        fn a_drawn_sample_is_answered_judged_and_closed() {
            let mut world = judged(true);
            world.decided(Decision::CloseAudit { audit: id("audit") });
            let audit = &world.state.audits[&id("audit")];
            assert_eq!((audit.drawn.len(), audit.population.len()), (2, 8));
            assert!(audit.draw_is_proven());
        }
        #[test]
        fn a_request_is_audited_and_then_appended() {
            let mut world = World::with_entry();
            world.file("r1", "2.1");
            let order = audit::Order { request: Some(id("r1")), ..order("entry", world.today + 10) };
            world.decided(Decision::OrderAudit { order });
            assert_eq!(world.refuses_to_decide(appending("r1", "2.1", &[])).number(), 108);
            world.does("ann", join(commit(Party::Developer)));
            world.does("dora", reveal(Party::Dwg)).does("ann", reveal(Party::Developer));
            let drawn = world.state.audits[&id("audit")].drawn.clone();
            let evidence = drawn.iter().map(|item| (item.clone(), hash(item))).collect();
            world.does("ann", Command::SubmitAuditEvidence { audit: id("audit"), evidence });
            let results = drawn.into_iter().map(|item| (item, true)).collect();
            world.does("otto", Command::RecordAuditResult { audit: id("audit"), results });
            world.decided(Decision::CloseAudit { audit: id("audit") });
            world.decided(appending("r1", "2.1", &[]));
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn a_sample_that_is_most_of_an_evaluation() {
            let world = World::with_entry();
            let large = audit::Order { sample: 3, ..order("entry", world.today + 10) };
            assert_eq!(world.refuses_to_decide(Decision::OrderAudit { order: large }).number(), 901);
        }
        #[test]
        fn another_share_than_the_one_that_was_committed_to() {
            let mut world = ordered();
            world.does("ann", join(commit(Party::Developer)));
            let other = Command::RevealShare { audit: id("audit"), share: Share::new(&[9; 32]) };
            assert_eq!(world.refuses("dora", other.clone()).number(), 902, "the working group's");
            world.does("dora", reveal(Party::Dwg));
            assert_eq!(world.refuses("ann", other).number(), 902, "and the developer's");
        }
        #[test]
        fn a_share_revealed_before_the_other_side_is_bound() {
            let mut world = ordered();
            assert_eq!(world.refuses("dora", reveal(Party::Dwg)).number(), 903);
            world.does("ann", join(commit(Party::Developer)));
            assert_eq!(world.refuses("ann", reveal(Party::Developer)).number(), 903);
        }
        #[test]
        fn the_working_groups_commitment_as_ones_own() {
            assert_eq!(ordered().refuses("ann", join(commit(Party::Dwg))).number(), 904);
        }
        #[test]
        fn a_forged_draw_does_not_prove_itself() {
            let mut audit = World::drawn().state.audits[&id("audit")].clone();
            assert!(audit.draw_is_proven());
            audit.drawn = audit.population[..2].to_vec();
            assert!(
                !audit.draw_is_proven() || World::drawn().state.audits[&id("audit")].drawn == audit.drawn
            );
            audit.drawn.reverse();
            audit.drawn.pop();
            assert!(!audit.draw_is_proven());
        }
        #[test]
        fn an_answer_to_another_sample_and_a_closing_of_what_is_not_satisfied() {
            let command = Command::SubmitAuditEvidence { audit: id("audit"), evidence: BTreeMap::new() };
            assert_eq!(World::drawn().refuses("ann", command).number(), 905);
            let close = Decision::CloseAudit { audit: id("audit") };
            assert_eq!(judged(false).refuses_to_decide(close).number(), 908);
        }
        #[test]
        fn a_security_target_that_is_no_approved_revision() {
            let revised = Form { st: Some(id("st")), ..form("2.1") };
            assert_eq!(World::with_entry().refuses("ann", file(revised)).number(), 706);
        }
    }
}

mod m4 {
    use super::*;
    mod allowed {
        use super::*;
        #[test]
        fn a_major_change_is_revalidated_and_gets_a_new_entry() {
            let mut world = World::with_entry();
            world.does("ann", file(major("3.0"))).decided(revalidate(None));
            let plan = evaluation::Plan { revalidates: Some(id("r1")), ..plan_with("north") };
            let old = Command::PlanEvaluation { evaluation: id("ev-2"), plan: plan.clone() };
            assert_eq!(world.refuses("nora", old).number(), 707, "not against the old version's");
            let text = st::StText {
                version: "3.0".to_owned(),
                identity: "alpha pump 3.0".to_owned(),
                ..target("st-3")
            };
            world.does("ann", Command::SubmitSt { st: id("st-3"), text: Box::new(text) });
            world.does("dora", Command::ReviewSt { st: id("st-3") });
            let document = hash("st-3");
            world.decided(Decision::ApproveSt { st: id("st-3"), document, determination: None });
            let plan = evaluation::Plan { st: id("st-3"), ..plan };
            world.does("nora", Command::PlanEvaluation { evaluation: id("ev-2"), plan });
            world.does("nora", Command::StartEvaluation { evaluation: id("ev-2") });
            let etr = Box::new(evaluation::Etr {
                st_document: hash("st-3"),
                identity: "alpha pump 3.0".to_owned(),
                ..report(world.today)
            });
            world.does("nora", Command::SubmitEtr { evaluation: id("ev-2"), etr });
            let with = evaluation::Certification {
                evaluation: id("ev-2"),
                certificate: id("DTS-2"),
                entry: id("entry-2"),
                ..certification(world.today)
            };
            let used = evaluation::Certification { certificate: id("DTS-1"), ..with.clone() };
            assert_eq!(world.refuses_to_decide(Decision::Certify { with: used }).number(), 516);
            world.decided(Decision::Certify { with });
            assert_eq!(world.entry("entry-2").versions[0].version, "3.0");
            assert_eq!(world.entry("entry-2").revalidates, Some(id("entry")));
            assert_eq!(world.state.requests[&id("r1")].state.name(), "revalidated");
        }
        #[test]
        fn minor_changes_that_are_major_together() {
            let mut world = World::with_entry();
            world.file("r1", "2.1").decided(revalidate(Some("the fifth this year")));
        }
        #[test]
        fn an_audit_that_is_not_supported_ends_de_facto_entries_and_appended_versions() {
            let mut world = World::with_entry();
            world.file("r1", "2.1").decided(appending("r1", "2.1", &[]));
            world.does("ann", Command::ClaimDeFacto { entry: id("mini"), claim: claim("entry") });
            world.decided(Decision::AdmitDeFacto { entry: id("mini"), assertion: hash("assertion") });
            let order = audit::Order { entries: set(&["entry", "mini"]), ..order("entry", world.today + 10) };
            world.decided(Decision::OrderAudit { order });
            world.today += 11;
            world.does("dora", Command::DeclareNotSupported { audit: id("audit") });
            world.decided(after_audit());
            assert_eq!(world.entry("mini").state.name(), "removed");
            let standing: Vec<_> =
                world.entry("entry").versions.iter().map(|version| version.standing).collect();
            assert_eq!(standing, [Standing::InForce, Standing::RevalidationRequired]);
            assert!(world.entry("entry").is_certified(), "what was evaluated stays");
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn a_revalidation_without_a_ground() {
            let mut world = World::with_entry();
            world.file("r1", "2.1");
            assert_eq!(world.refuses_to_decide(revalidate(None)).number(), 705);
            assert_eq!(World::drawn().refuses_to_decide(after_audit()).number(), 705);
            World::not_supported().decided(after_audit());
        }
        #[test]
        fn declared_not_supported_while_the_developer_has_time() {
            let command = Command::DeclareNotSupported { audit: id("audit") };
            assert_eq!(World::drawn().refuses("dora", command).number(), 906);
        }
    }
}

mod m6 {
    use super::*;
    fn confidential() -> World {
        let mut world = World::with_labs();
        let text = st::StText { confidentiality: Confidentiality::Confidential, ..target("st") };
        world.submit(text).decided(World::approve_st());
        world
    }
    fn propose() -> Command {
        Command::ProposeAgreement {
            agreement: id("nda"),
            lab: id("north"),
            developer: id("alpha"),
            document: hash("nda"),
        }
    }
    fn sign() -> Command {
        Command::SignAgreement { agreement: id("nda"), document: hash("nda") }
    }
    fn plan() -> Command {
        let plan = evaluation::Plan { agreement: Some(id("nda")), ..plan_with("north") };
        Command::PlanEvaluation { evaluation: id("ev"), plan }
    }
    mod allowed {
        use super::*;
        #[test]
        fn planned_when_all_have_signed_and_read_by_the_parties() {
            let mut world = confidential();
            world.does("dora", propose()).does("ann", sign()).does("nora", sign()).does("nora", plan());
            let st = Confidential::St(id("st"));
            for name in ["ann", "nora", "dora", "dirk"] {
                assert_eq!(may_read(&world.state, &who(name), &st), Ok(()), "{name}");
            }
        }
    }
    mod refused {
        use super::*;
        #[test]
        fn planned_before_all_have_signed() {
            let mut world = confidential();
            assert_eq!(world.refuses("nora", World::plan("north")).number(), 505);
            world.does("dora", propose()).does("ann", sign());
            assert_eq!(world.refuses("nora", plan()).number(), 505);
        }
        #[test]
        fn signed_by_somebody_else_or_twice() {
            let mut world = confidential();
            world.does("dora", propose()).does("ann", sign());
            assert_eq!(world.refuses("ann", sign()).number(), 909);
            assert_eq!(world.refuses("bob", sign()).number(), 102);
        }
        #[test]
        fn read_by_who_is_no_party() {
            let world = World::with_entry();
            for part in [Confidential::St(id("st")), Confidential::Evaluation(id("ev"))] {
                for name in ["bob", "saul", "pat"] {
                    let refusal = may_read(&world.state, &who(name), &part).unwrap_err();
                    assert_eq!(refusal.number(), 111, "{name} {part:?}");
                }
                let refusal = may_read(&world.state, &who("dina"), &part).unwrap_err();
                assert_eq!(refusal.rule(), Rule::D3);
            }
        }
    }
}
