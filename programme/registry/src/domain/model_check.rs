//! Small programmes, walked exhaustively: two labs, two developers, three members of the working group, an auditor and
//! somebody from the street all try every command in every state that can be reached. What must never happen is written
//! down here a second time, without the machines' own checks; and with a rule switched off, it must be seen to happen.

use super::decide::{decide, decide_without};
use super::entry::{EntryKind, EntryState, RemovalGround};
use super::evaluation::{EvaluationState, Plan};
use super::lab::{LabGround, LabState, Scope, TechnologyClass};
use super::st::StState;
use super::*;
use dtsec_model::etr::Verdict;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

#[path = "../../tests/support/mod.rs"]
mod support;
use support::*;

mod maintained;

fn propose(decision: Decision) -> Command {
    Command::Propose { proposal: id("p"), decision: Box::new(decision) }
}

/// What was found.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Violation(String);

fn must(holds: bool, what: impl FnOnce() -> String) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(Violation(what())) }
}

/// The organisations whose matter a change is, told from the states alone.
fn subjects(before: &Programme, change: &Change) -> BTreeSet<OrganisationId> {
    let mut found = BTreeSet::new();
    match change {
        Change::StReviewOpened { st }
        | Change::StChangesRequested { st, .. }
        | Change::StApproved { st, .. }
        | Change::StRejected { st } => {
            found.insert(before.sts[st].developer.clone());
        }
        Change::LabAccepted { lab, .. }
        | Change::LabRejected { lab, .. }
        | Change::LabExtended { lab, .. }
        | Change::LabExtensionRejected { lab, .. }
        | Change::LabSuspended { lab }
        | Change::LabReinstated { lab }
        | Change::LabRemoved { lab, .. } => {
            found.insert(before.labs[lab].organisation.clone());
        }
        Change::ReworkRequested { evaluation, .. }
        | Change::EtrRejected { evaluation }
        | Change::Certified { evaluation, .. } => {
            let evaluation = &before.evaluations[evaluation];
            found.extend([
                before.sts[&evaluation.st].developer.clone(),
                before.labs[&evaluation.lab].organisation.clone(),
            ]);
        }
        Change::EntryRemoved { entry, .. }
        | Change::EntryRestored { entry }
        | Change::DeFactoAdmitted { entry }
        | Change::MitigationVerified { entry, .. }
        | Change::VersionAppended { entry, .. }
        | Change::DeclaredOverdue { entry, .. } => {
            found.insert(before.entries[entry].developer.clone());
        }
        Change::VulnerabilityTriaged { vulnerability, .. } => {
            found.extend(before.vulnerabilities[vulnerability].developers.clone());
        }
        Change::AuditOrdered { audit } => {
            found.insert(audit.developer.clone());
        }
        Change::AuditResult { audit, .. }
        | Change::AuditClosed { audit }
        | Change::AuditNotSupported { audit } => {
            found.insert(before.audits[audit].developer.clone());
        }
        _ => {}
    }
    found
}

const DECISIONS: [&str; 19] = [
    "pp-accepted",
    "pp-withdrawn",
    "st-approved",
    "st-rejected",
    "lab-accepted",
    "lab-rejected",
    "lab-extended",
    "lab-extension-rejected",
    "lab-suspended",
    "lab-removed",
    "certified",
    "etr-rejected",
    "entry-removed",
    "entry-restored",
    "de-facto-admitted",
    "version-appended",
    "revalidation-required",
    "audit-ordered",
    "audit-closed",
];

/// A lab that may evaluate this Security Target in these classes today.
fn lab_is_in_order(
    state: &Programme,
    evaluation: &evaluation::Evaluation,
    now: Time,
) -> Result<(), Violation> {
    let lab = &state.labs[&evaluation.lab];
    let application = &lab.application;
    must(matches!(lab.state, LabState::Accepted { .. }), || {
        format!("lab {} is {}", lab.id, lab.state.name())
    })?;
    must(!matches!(application.accreditation.scope, Scope::Other(_)), || "out of scope".to_owned())?;
    must(day(now) <= application.accreditation.expires, || "accreditation is over".to_owned())?;
    let shown = |class| application.competence.get(class).is_some_and(|one| one.van >= 4);
    must(evaluation.classes.iter().all(shown), || "no competence for a class".to_owned())?;
    let st = &state.sts[&evaluation.st];
    must(lab.organisation != st.developer, || "the lab is the developer's".to_owned())?;
    must(!application.affiliates.contains(&st.developer), || "the lab depends on the developer".to_owned())
}

fn st_is_approved(state: &Programme, evaluation: &evaluation::Evaluation) -> Result<(), Violation> {
    let st = &state.sts[&evaluation.st];
    must(
        matches!(&st.state, StState::Approved { document, .. } if *document == evaluation.st_document),
        || format!("the Security Target is {}", st.state.name()),
    )
}

/// What every step must satisfy.
fn step_holds(before: &Programme, events: &[Event], after: &Programme) -> Result<(), Violation> {
    for event in events {
        let name = event.change.name();
        let persons: Vec<_> = std::iter::once(&event.by).chain(&event.proposed_by).collect();
        if DECISIONS.contains(&name) {
            must(persons.len() == 2 && persons[0] != persons[1], || format!("{name} by one person"))?;
        }
        if event.capacity.is_impartial() {
            for organisation in subjects(before, &event.change) {
                for person in &persons {
                    let actor = who(person.as_str());
                    must(!actor.has_interest_in(&organisation), || {
                        format!("{person} took part in `{name}` on `{organisation}`")
                    })?;
                }
            }
        }
        match &event.change {
            Change::EvaluationPlanned { evaluation } => st_is_approved(before, evaluation)?,
            Change::EvaluationStarted { evaluation } => {
                let evaluation = &before.evaluations[evaluation];
                st_is_approved(before, evaluation)?;
                lab_is_in_order(before, evaluation, event.at)?;
            }
            Change::EtrSubmitted { evaluation, etr } => {
                let evaluation = &before.evaluations[evaluation];
                lab_is_in_order(before, evaluation, event.at)?;
                must(event.organisation == evaluation.lab_organisation, || "another's report".to_owned())?;
                must(etr.identity == before.sts[&evaluation.st].text.identity, || {
                    "the report is on another product".to_owned()
                })?;
            }
            Change::StRevised { st, .. } => {
                must(event.organisation == before.sts[st].developer, || "another's text".to_owned())?;
            }
            Change::Certified { evaluation, entry, .. } => {
                let evaluation = &before.evaluations[evaluation];
                st_is_approved(before, evaluation)?;
                let EvaluationState::EtrSubmitted { etr } = &evaluation.state else {
                    return Err(Violation("certified without a report".to_owned()));
                };
                must(etr.units.iter().all(|unit| unit.verdict == Verdict::Pass), || {
                    "certified with a report that does not pass".to_owned()
                })?;
                must(entry.st_document == evaluation.st_document, || "another text listed".to_owned())?;
            }
            Change::EntryRestored { entry } => {
                let entry = &before.entries[entry];
                let pending = matches!(entry.state, EntryState::RemovedPendingRemediation { .. });
                must(pending && entry.open.is_empty(), || "restored too early".to_owned())?;
            }
            Change::EntryRemoved { entry, ground: RemovalGround::Recurrence { .. } } => {
                let times = before.vulnerabilities.values();
                let times = times.filter(|one| one.conflicts.contains_key(entry)).count();
                must(times > 1, || "nothing recurred".to_owned())?;
            }
            _ => {}
        }
    }
    for (id, entry) in &before.entries {
        let now = after.entries.get(id);
        must(now.is_some_and(|now| now.history.starts_with(&entry.history)), || {
            format!("the history of {id} was rewritten")
        })?;
        if let Some(now) = now
            && now.state != entry.state
        {
            let last = now.history.last();
            must(last.is_some_and(|last| last.is == now.state.name()), || format!("{id} left no trace"))?;
        }
    }
    // Each step has one event besides the one that takes the proposal away.
    events.iter().try_for_each(|event| maintained::step_holds(before, event, after))?;
    state_holds(after)?;
    maintained::state_holds(after)
}

/// What every state must satisfy.
fn state_holds(state: &Programme) -> Result<(), Violation> {
    for entry in state.entries.values() {
        if let EntryKind::Certified { evaluation, certificate, etr, .. } = &entry.kind {
            let evaluation = &state.evaluations[evaluation];
            st_is_approved(state, evaluation)?;
            let accepted = matches!(&evaluation.state,
                EvaluationState::Accepted { etr: of, entry: listed } if of == etr && *listed == entry.id);
            must(accepted, || "an entry without an accepted report".to_owned())?;
            must(state.certificates.get(certificate) == Some(&entry.id), || "no certificate".to_owned())?;
        }
        if let (EntryKind::DeFacto { base, .. }, EntryState::Listed) = (&entry.kind, &entry.state) {
            must(state.entries[base].is_certified(), || "de facto on nothing".to_owned())?;
        }
    }
    for evaluation in state.evaluations.values() {
        if let EvaluationState::Accepted { entry, .. } = &evaluation.state {
            must(state.entries.contains_key(entry), || "accepted and not listed".to_owned())?;
        }
    }
    Ok(())
}

struct Walk {
    states: usize,
    steps: usize,
    refused: usize,
    certified: usize,
    tags: BTreeSet<&'static str>,
}

fn key(state: &Programme) -> u64 {
    let mut hasher = DefaultHasher::new();
    serde_json::to_vec(state).unwrap().hash(&mut hasher);
    hasher.finish()
}

/// Every state that can be reached, or the first violation.
fn walk(start: &World, commands: &[Command], off: Option<Rule>) -> Result<Walk, Violation> {
    let actors = EVERYBODY.map(who);
    let now = at(start.today);
    let mut seen = HashSet::from([key(&start.state)]);
    let mut waiting = VecDeque::from([start.state.clone()]);
    let mut walk = Walk { states: 1, steps: 0, refused: 0, certified: 0, tags: BTreeSet::new() };
    while let Some(state) = waiting.pop_front() {
        for (actor, command) in actors.iter().flat_map(|actor| commands.iter().map(move |one| (actor, one))) {
            let Ok(events) = decide_without(&state, actor, command, "because", now, off) else {
                walk.refused += 1;
                continue;
            };
            let after = apply_all(state.clone(), &events).map_err(|error| Violation(error.to_string()))?;
            step_holds(&state, &events, &after)?;
            walk.steps += 1;
            walk.tags.extend(events.iter().map(|event| event.change.name()));
            walk.certified += usize::from(events.iter().any(|event| event.change.name() == "certified"));
            if seen.insert(key(&after)) {
                waiting.push_back(after);
            }
        }
    }
    walk.states = seen.len();
    Ok(walk)
}

/// From a profile to the list: everything that labs, developers and the working group can try.
fn to_the_list() -> (World, Vec<Command>) {
    let world = World::with_profile();
    let mut expired = application("south");
    expired.accreditation.expires = date(1);
    let st = || Box::new(target("st"));
    let mut fails = report(world.today);
    fails.units[0].verdict = Verdict::Fail;
    fails.units[0].has_observation = false;
    let mut other = report(world.today);
    other.identity = "another pump".to_owned();
    let wide = Plan { classes: [TechnologyClass::WebInterface].into(), ..plan_with("north") };
    let lab: LabId = id("north");
    let deliver = |etr| Command::SubmitEtr { evaluation: id("ev"), etr: Box::new(etr) };
    let commands = vec![
        Command::ApplyLab { lab: lab.clone(), application: Box::new(application("north")) },
        Command::ApplyLab { lab: id("south"), application: Box::new(expired) },
        propose(Decision::AcceptLab { lab: lab.clone(), factors: factors() }),
        propose(Decision::AcceptLab { lab: id("south"), factors: factors() }),
        propose(Decision::SuspendLab { lab: lab.clone() }),
        propose(Decision::RemoveLab { lab, ground: LabGround::OwnRequest }),
        Command::SubmitSt { st: id("st"), text: st() },
        Command::ReviewSt { st: id("st") },
        Command::ReviseSt { st: id("st"), text: st() },
        propose(World::approve_st()),
        World::plan("north"),
        World::plan("south"),
        Command::PlanEvaluation { evaluation: id("ev"), plan: wide },
        Command::StartEvaluation { evaluation: id("ev") },
        deliver(report(world.today)),
        deliver(fails),
        deliver(other),
        Command::RequestRework {
            evaluation: id("ev"),
            document: hash("etr"),
            findings: vec!["mend it".to_owned()],
        },
        propose(Decision::RejectEtr { evaluation: id("ev"), document: hash("etr") }),
        propose(Decision::Certify { with: certification(world.today) }),
        Command::Confirm { proposal: id("p") },
        Command::Drop { proposal: id("p") },
    ];
    (world, commands)
}

/// On the list: vulnerabilities, removal, restoring, a de-facto entry.
fn on_the_list() -> (World, Vec<Command>) {
    let world = World::with_entry();
    let claims = BTreeMap::from([(id("entry"), BTreeSet::from(["requirement-1".to_owned()]))]);
    let ground = RemovalGround::Recurrence { judgement: "too many".to_owned() };
    let mut commands = vec![
        propose(World::overdue("v1", everybody_heard())),
        propose(Decision::RemoveEntry { entry: id("entry"), ground }),
        propose(Decision::RestoreEntry { entry: id("entry") }),
        propose(Decision::RestoreEntry { entry: id("mini") }),
        Command::ClaimDeFacto { entry: id("mini"), claim: claim("entry") },
        propose(Decision::AdmitDeFacto { entry: id("mini"), assertion: hash("assertion") }),
        Command::DeclareOverdue { vulnerability: id("v1"), entry: id("entry") },
        Command::Confirm { proposal: id("p") },
    ];
    for name in ["v1", "v2"] {
        let (vulnerability, entry, evidence) = (|| id(name), || id("entry"), || hash("fix"));
        commands.extend([
            Command::ReportVulnerability { vulnerability: vulnerability(), report: found("entry") },
            Command::TriageVulnerability { vulnerability: vulnerability(), found: claims.clone() },
            Command::ReportMitigation {
                vulnerability: vulnerability(),
                entry: entry(),
                evidence: evidence(),
                fixed_in: None,
            },
            Command::VerifyMitigation {
                vulnerability: vulnerability(),
                entry: entry(),
                evidence: evidence(),
            },
            propose(World::remove_for(name)),
        ]);
    }
    (world, commands)
}

#[test]
fn nothing_is_certified_without_target_lab_report_and_listing() {
    let (world, commands) = to_the_list();
    let walk = walk(&world, &commands, None).unwrap();
    println!("{} states, {} steps, {} refused", walk.states, walk.steps, walk.refused);
    assert!(walk.certified > 0, "the walk reaches a certificate, or it shows nothing");
    assert!(walk.states > 1000 && walk.refused > walk.steps);
}

#[test]
fn what_leaves_the_list_leaves_a_trace_and_comes_back_only_when_remediated() {
    let (mut world, mut commands) = on_the_list();
    // Who reports does not matter here: without this every state would be there once for each reporter.
    for name in ["v1", "v2"] {
        world.does("pat", Command::ReportVulnerability { vulnerability: id(name), report: found("entry") });
    }
    commands.retain(|command| command.name() != "report-vulnerability");
    let walk = walk(&world, &commands, None).unwrap();
    println!("{} states, {} steps, {} refused", walk.states, walk.steps, walk.refused);
    assert!(walk.states > 500 && walk.refused > walk.steps);
}

#[test]
fn a_rule_that_is_switched_off_is_noticed() {
    let (world, commands) = to_the_list();
    for rule in [Rule::S1, Rule::L1, Rule::L2, Rule::L3, Rule::C1, Rule::E1, Rule::D1, Rule::D2, Rule::D3] {
        let violation = walk(&world, &commands, Some(rule)).err();
        println!("{rule}: {}", violation.as_ref().map_or("nothing".to_owned(), Violation::to_string));
        assert!(violation.is_some(), "without {rule} nothing was noticed");
    }
    let (mut world, commands) = on_the_list();
    for name in ["v1", "v2"] {
        world.does("pat", Command::ReportVulnerability { vulnerability: id(name), report: found("entry") });
    }
    for rule in [Rule::E2_1, Rule::E2_2, Rule::D2, Rule::D3, Rule::M5] {
        let violation = walk(&world, &commands, Some(rule)).err();
        println!("{rule}: {}", violation.as_ref().map_or("nothing".to_owned(), Violation::to_string));
        assert!(violation.is_some(), "without {rule} nothing was noticed");
    }
}

/// The commands of both walks, and maintenance and audit beside them.
fn everything() -> (World, Vec<Command>) {
    let (world, mut commands) = to_the_list();
    commands.extend(on_the_list().1);
    for (request, version, earlier) in [("r1", "2.1", &[][..]), ("r2", "2.2", &["r1"])] {
        commands.push(Command::RequestMaintenance {
            request: id(request),
            entry: id("entry"),
            form: form(version),
        });
        commands.push(propose(appending(request, version, earlier)));
    }
    let ground = maintenance::RevalidationGround::Audit { audit: id("audit") };
    commands.extend([
        propose(Decision::OrderAudit { order: order("entry", world.today + 10) }),
        Command::JoinAudit { audit: id("audit"), commitment: commit(draw::Party::Developer) },
        Command::RevealShare { audit: id("audit"), share: share(draw::Party::Dwg) },
        Command::RevealShare { audit: id("audit"), share: share(draw::Party::Developer) },
        Command::DeclareNotSupported { audit: id("audit") },
        propose(Decision::RequireRevalidation { ground }),
    ]);
    (world, commands)
}

/// The part of the programme that a storage layer loads for a command.
fn loaded(whole: &Programme, command: &Command) -> Programme {
    let mut part = Programme::partial();
    for _ in 0..8 {
        let missing = part.missing(command);
        if missing.is_empty() {
            return part;
        }
        missing.iter().for_each(|one| part.load_from(whole, one));
    }
    panic!("{} is never loaded", command.name());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_part_of_the_programme_decides_as_the_whole_and_the_record_replays(
        listed in any::<bool>(),
        choices in proptest::collection::vec(any::<prop::sample::Index>(), 60)
    ) {
        let (mut world, commands) = everything();
        if listed {
            world = World::with_entry();
        }
        let now = at(world.today);
        for choice in choices {
            let mut open = Vec::new();
            for name in EVERYBODY {
                let actor = who(name);
                for command in &commands {
                    if decide(&world.state, &actor, command, "because", now).is_ok()
                        && command.name() != "drop-proposal"
                    {
                        open.push((actor.clone(), command));
                    }
                }
            }
            // What was proposed is confirmed first, so that the walk gets somewhere.
            if let Some(at) = open.iter().position(|(_, command)| command.name() == "confirm") {
                open = vec![open.swap_remove(at)];
            }
            if open.is_empty() {
                break;
            }
            let (actor, command) = choice.get(&open);
            let events = decide(&world.state, actor, command, "because", now).unwrap();
            let mut part = loaded(&world.state, command);
            prop_assert_eq!(&decide(&part, actor, command, "because", now).unwrap(), &events);
            for name in EVERYBODY {
                let actor = who(name);
                prop_assert_eq!(
                    decide(&part, &actor, command, "because", now),
                    decide(&world.state, &actor, command, "because", now)
                );
            }
            let before = world.state.clone();
            for event in &events {
                let touched: BTreeSet<Ref> = event.touches(&world.state).into_iter().collect();
                let after = apply(world.state.clone(), event).unwrap();
                for one in world.state.parts().union(&after.parts()) {
                    prop_assert!(touched.contains(one) || world.state.same_part(&after, one), "{one:?}");
                }
                part = apply(part, event).unwrap();
                for one in &touched {
                    prop_assert!(part.same_part(&after, one), "{one:?} differs");
                }
                world.state = after;
            }
            step_holds(&before, &events, &world.state).unwrap();
            world.events.extend(events);
        }
        let json = serde_json::to_string(&world.events).unwrap();
        let events: Vec<Event> = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(apply_all(Programme::default(), &events).unwrap(), world.state);
    }
}
