//! After the listing: a minor and a major request, a vulnerability and an audit of the same product, all at once.

use super::super::audit::{Audit, AuditState, Conductor};
use super::super::entry::{Basis, Standing};
use super::super::maintenance::{Effect, RequestState, RevalidationGround};
use super::super::vulnerability::ConflictState;
use super::*;

/// The requests whose versions were appended to an entry, told from its versions alone: those that stand, or all of them.
fn appended(entry: &entry::Entry, all: bool) -> BTreeSet<RequestId> {
    let maintained = |version: &entry::Version| match &version.basis {
        Basis::Maintained { request } if all || version.standing == Standing::InForce => {
            Some(request.clone())
        }
        _ => None,
    };
    entry.versions.iter().filter_map(maintained).collect()
}

/// Whose alone a step is: the developer's, whose product it is about.
fn owner<'a>(before: &'a Programme, change: &Change) -> Option<&'a OrganisationId> {
    Some(match change {
        Change::MaintenanceRequested { request } => &before.entries[&request.entry].developer,
        Change::RequestWithdrawn { request } => &before.requests[request].developer,
        Change::PlanSubmitted { entry, .. } | Change::MitigationReported { entry, .. } => {
            &before.entries[entry].developer
        }
        Change::AuditJoined { audit, .. } | Change::AuditEvidence { audit, .. } => {
            &before.audits[audit].developer
        }
        _ => return None,
    })
}

/// What every step after the listing must satisfy.
pub(super) fn step_holds(before: &Programme, event: &Event, after: &Programme) -> Result<(), Violation> {
    if let Some(owner) = owner(before, &event.change) {
        must(event.organisation == *owner, || format!("{} by another developer", event.change.name()))?;
    }
    match &event.change {
        Change::MaintenanceRequested { request } => {
            must(!request.form.differences.is_empty(), || "a request without differences".to_owned())
        }
        Change::VersionAppended { request, entry, together_with, .. } => {
            let (request, entry) = (&before.requests[request], &before.entries[entry]);
            let audited = |audit: &AuditId| matches!(before.audits[audit].state, AuditState::Closed { .. });
            let open = match &request.state {
                RequestState::Submitted => true,
                RequestState::UnderAudit { audit } => audited(audit),
                _ => false,
            };
            must(open, || format!("appended while {}", request.state.name()))?;
            let minor = request.form.differences.iter().all(|one| one.effect == Effect::Minor);
            must(minor, || "a major change was appended".to_owned())?;
            must(appended(entry, true) == *together_with, || {
                "earlier changes were not looked at".to_owned()
            })?;
            let new = entry.versions.iter().all(|version| version.version != request.form.version);
            must(new, || "a version twice".to_owned())
        }
        Change::RevalidationRequired { ground: RevalidationGround::Major { request, judgement } } => {
            let request = &before.requests[request];
            let major = request.form.differences.iter().any(|one| one.effect == Effect::Major);
            must(major || judgement.is_some(), || "a revalidation without a ground".to_owned())
        }
        Change::RevalidationRequired { ground: RevalidationGround::Audit { audit } } => {
            let failed = matches!(before.audits[audit].state, AuditState::NotSupported { .. });
            must(failed, || "a revalidation after no failed audit".to_owned())
        }
        Change::AuditOrdered { audit } => {
            let most = audit.population.len().div_ceil(4);
            must((1..=most).contains(&(audit.sample as usize)), || "a sample that is none".to_owned())
        }
        Change::ShareRevealed { audit, party: draw::Party::Developer, .. } => {
            let audit = &before.audits[audit];
            must(audit.shares.contains_key(&draw::Party::Dwg), || "the developer revealed first".to_owned())
        }
        Change::AuditResult { audit, .. } => {
            let by_dwg = before.audits[audit].conductor == Conductor::Dwg;
            must(by_dwg && event.capacity == Role::Auditor, || "a result by no auditor".to_owned())
        }
        Change::AuditClosed { audit } => {
            let Audit { drawn, evidence, results, .. } = &before.audits[audit];
            let shown =
                drawn.iter().all(|item| evidence.contains_key(item) && results.get(item) == Some(&true));
            must(shown && results.len() == drawn.len(), || "closed with something open".to_owned())
        }
        Change::AuditNotSupported { audit } => {
            let audit = &before.audits[audit];
            let failed = audit.results.values().any(|satisfied| !satisfied);
            let gave_up = event.organisation == audit.developer;
            let late = day(event.at) > audit.due;
            must(failed || gave_up || late, || "an audit was ended too early".to_owned())
        }
        Change::MitigationVerified { vulnerability, entry, .. } => {
            let state = &before.vulnerabilities[vulnerability].conflicts[entry].state;
            let seen = matches!(state, ConflictState::MitigationReported { evidence, .. }
                if Some(evidence) == event.document.as_ref());
            must(seen, || format!("verified while {}, or on another evidence", state.name()))
        }
        _ => Ok(()),
    }?;
    for (id, entry) in &before.entries {
        let names = |entry: &entry::Entry| -> Vec<String> {
            entry.versions.iter().map(|version| version.version.clone()).collect()
        };
        let now = after.entries.get(id).map(names).unwrap_or_default();
        must(now.starts_with(&names(entry)), || format!("a version of {id} was taken away"))?;
    }
    Ok(())
}

/// What every state after the listing must satisfy.
pub(super) fn state_holds(state: &Programme) -> Result<(), Violation> {
    for entry in state.entries.values() {
        let unmitigated = |one: &&vulnerability::Vulnerability| {
            let conflict = one.conflicts.get(&entry.id);
            conflict.is_some_and(|one| !matches!(one.state, ConflictState::Mitigated { .. }))
        };
        let open: BTreeSet<VulnerabilityId> =
            state.vulnerabilities.values().filter(unmitigated).map(|one| one.id.clone()).collect();
        must(entry.open == open, || format!("{} does not show what is open", entry.id))?;
        for (vulnerability, versions) in &entry.affected {
            let known =
                versions.iter().all(|one| entry.versions.iter().any(|version| &version.version == one));
            must(known, || format!("{vulnerability} in a version that {} has not", entry.id))?;
            must(entry.conflicted.contains(vulnerability), || format!("{vulnerability} never conflicted"))?;
        }
        // A version is clean only when everything was mitigated in it: what is open is in every version that came since.
        let last = entry.versions.last().map(|version| &version.version);
        let in_last: BTreeSet<VulnerabilityId> = entry
            .affected
            .iter()
            .filter(|(_, versions)| last.is_some_and(|last| versions.contains(last)))
            .map(|(id, _)| id.clone())
            .collect();
        must(in_last == entry.open, || format!("{}: the newest version is not what is open", entry.id))?;
        for request in appended(entry, false) {
            let appended = matches!(state.requests[&request].state, RequestState::Appended { .. });
            must(appended, || format!("a version of request {request}, which is not appended"))?;
        }
    }
    for audit in state.audits.values() {
        must(audit.drawn.is_empty() || audit.draw_is_proven(), || "a draw that proves nothing".to_owned())?;
    }
    Ok(())
}

/// What the developer and the working group can try.
fn after_the_list() -> (World, Vec<Command>) {
    let mut world = World::with_entry();
    world.conflict("v1");
    let (r1, r2) = (|| id("r1"), || id("r2"));
    let entry = || id::<EntryId>("entry");
    let mut major = form("2.2");
    major.differences[0].effect = Effect::Major;
    let mut silent = form("2.3");
    silent.differences.clear();
    let for_major = |request, judgement| RevalidationGround::Major { request, judgement };
    let revalidate = |ground| propose(Decision::RequireRevalidation { ground });
    let audit = || id::<AuditId>("audit");
    let ordered = order("entry", world.today + 10);
    let large = audit::Order { sample: 3, ..ordered.clone() };
    // Which items are drawn follows from the two shares; a walk of the same draw says it.
    let drawn = World::drawn().state.audits[&audit()].drawn.clone();
    let all = |satisfied: bool| drawn.iter().map(|item| (item.clone(), satisfied)).collect();
    let shown = |items: &[String]| items.iter().map(|item| (item.clone(), hash(item))).collect();
    let verify = |evidence| Command::VerifyMitigation { vulnerability: id("v1"), entry: entry(), evidence };
    let commands = vec![
        Command::RequestMaintenance { request: r1(), entry: entry(), form: form("2.1") },
        Command::RequestMaintenance { request: r2(), entry: entry(), form: major },
        Command::RequestMaintenance { request: id("r3"), entry: entry(), form: silent },
        propose(appending("r1", "2.1", &[])),
        propose(appending("r2", "2.2", &["r1"])),
        propose(appending("r2", "2.2", &[])),
        Command::WithdrawRequest { request: r1() },
        revalidate(for_major(r2(), None)),
        revalidate(for_major(r1(), None)),
        revalidate(RevalidationGround::Audit { audit: audit() }),
        Command::ReportMitigation {
            vulnerability: id("v1"),
            entry: entry(),
            evidence: hash("fix"),
            fixed_in: None,
        },
        Command::ReportMitigation {
            vulnerability: id("v1"),
            entry: entry(),
            evidence: hash("fix"),
            fixed_in: Some("2.1".to_owned()),
        },
        Command::SubmitPlan { vulnerability: id("v1"), entry: entry(), plan: world.mitigation_plan(9) },
        Command::DeclareOverdue { vulnerability: id("v1"), entry: entry() },
        propose(World::overdue("v1", everybody_heard())),
        verify(hash("fix")),
        verify(hash("another fix")),
        propose(Decision::OrderAudit { order: audit::Order { request: Some(r1()), ..ordered } }),
        propose(Decision::OrderAudit { order: large }),
        Command::JoinAudit { audit: audit(), commitment: commit(draw::Party::Developer) },
        Command::RevealShare { audit: audit(), share: share(draw::Party::Dwg) },
        Command::RevealShare { audit: audit(), share: share(draw::Party::Developer) },
        Command::SubmitAuditEvidence { audit: audit(), evidence: shown(&drawn) },
        Command::SubmitAuditEvidence { audit: audit(), evidence: shown(&drawn[..1]) },
        Command::RecordAuditResult { audit: audit(), results: all(true) },
        Command::RecordAuditResult { audit: audit(), results: all(false) },
        propose(Decision::CloseAudit { audit: audit() }),
        Command::DeclareNotSupported { audit: audit() },
        Command::Confirm { proposal: id("p") },
    ];
    (world, commands)
}

#[test]
fn versions_mitigations_and_audits_go_only_where_they_may() {
    let (world, commands) = after_the_list();
    let walk = walk(&world, &commands, None).unwrap();
    println!("{} states, {} steps, {} refused", walk.states, walk.steps, walk.refused);
    for tag in ["version-appended", "revalidation-required", "mitigation-verified", "audit-closed"] {
        assert!(walk.tags.contains(tag), "the walk never comes to `{tag}`, or it shows nothing");
    }
    assert!(walk.states > 1000 && walk.refused > walk.steps);
}

#[test]
fn a_rule_of_maintenance_that_is_switched_off_is_noticed() {
    let (world, commands) = after_the_list();
    for rule in [Rule::M1, Rule::M3, Rule::M4, Rule::D1, Rule::D2, Rule::D3, Rule::D5] {
        let violation = walk(&world, &commands, Some(rule)).err();
        println!("{rule}: {}", violation.as_ref().map_or("nothing".to_owned(), Violation::to_string));
        assert!(violation.is_some(), "without {rule} nothing was noticed");
    }
}
