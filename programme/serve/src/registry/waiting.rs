//! What waits for whom: it follows from the states alone, so nobody has to be told by hand.

use super::rows::{WaitingRow, tag};
use dtsec_registry::domain::agreement::Agreement;
use dtsec_registry::domain::audit::{Audit, AuditState};
use dtsec_registry::domain::entry::{Entry, EntryState};
use dtsec_registry::domain::evaluation::{Evaluation, EvaluationState};
use dtsec_registry::domain::lab::{Lab, LabState};
use dtsec_registry::domain::maintenance::{Request, RequestState};
use dtsec_registry::domain::pp::{Pp, PpState};
use dtsec_registry::domain::st::{St, StState};
use dtsec_registry::domain::vulnerability::{ConflictState, Vulnerability};
use dtsec_registry::domain::{Actor, OrganisationId, Proposal, Role};
use dtsec_store::{Row, Search};

/// The list.
pub(super) const LIST: &str = "waiting";

/// Something to do, and who may.
struct Todo<'a> {
    what: String,
    title: String,
    state: String,
    sort: String,
    rows: Vec<(&'static str, Role, Option<&'a OrganisationId>)>,
}

impl<'a> Todo<'a> {
    fn new(kind: &str, id: impl ToString, title: impl ToString, state: String) -> Self {
        let what = format!("{kind}/{}", id.to_string());
        Self { sort: what.clone(), what, title: title.to_string(), state, rows: Vec::new() }
    }

    /// Any of these members of the working group.
    fn dwg(mut self, todo: &'static str, roles: &[Role]) -> Self {
        self.rows.extend(roles.iter().map(|role| (todo, *role, None)));
        self
    }

    /// Somebody in an organisation.
    fn of(mut self, todo: &'static str, role: Role, organisation: &'a OrganisationId) -> Self {
        self.rows.push((todo, role, Some(organisation)));
        self
    }

    fn rows(self) -> Vec<Row> {
        let Self { what, title, state, sort, rows } = self;
        let row = |(todo, role, organisation): (&'static str, Role, Option<&OrganisationId>)| {
            let by = term(role, organisation.map(OrganisationId::as_str));
            let data = WaitingRow {
                what: what.clone(),
                title: title.clone(),
                todo: todo.to_owned(),
                by: by.clone(),
                state: state.clone(),
            };
            let id = format!("{what} {todo} {by}");
            Row::new(LIST, id, &sort, serde_json::json!(data)).facet("by", &by)
        };
        rows.into_iter().map(row).collect()
    }
}

fn term(role: Role, organisation: Option<&str>) -> String {
    match organisation {
        Some(organisation) => format!("{}:{organisation}", role.name()),
        None => role.name().to_owned(),
    }
}

/// A search for what waits for an actor.
pub fn terms_of(actor: &Actor) -> Search {
    let mut search = Search::all(LIST);
    for role in &actor.roles {
        let own = matches!(role, Role::Developer | Role::LabEvaluator | Role::LabQuality);
        search = search.facet("by", &term(*role, own.then(|| actor.organisation.as_str())));
    }
    search
}

const PROFILES: &[Role] = &[Role::DwgProfiles];
const ASSURANCE: &[Role] = &[Role::DwgAssurance];
const READERS: &[Role] = &[Role::DwgProfiles, Role::DwgAssurance];

pub(super) fn proposal(proposal: &Proposal) -> Vec<Row> {
    let decision = &proposal.decision;
    Todo::new("proposal", &proposal.id, decision.name(), "proposed".to_owned())
        .dwg("confirm", decision.roles())
        .rows()
}

pub(super) fn pp(pp: &Pp) -> Vec<Row> {
    let todo = Todo::new("pp", &pp.id, format!("{} {}", pp.title, pp.version), tag(&pp.state));
    match &pp.state {
        PpState::Draft => todo.dwg("open-pp-review", PROFILES),
        PpState::PublicReview { .. } if pp.comments.values().any(|comment| comment.disposition.is_none()) => {
            todo.dwg("dispose-comment", PROFILES)
        }
        PpState::PublicReview { .. } => todo.dwg("accept-pp", PROFILES),
        _ => todo,
    }
    .rows()
}

pub(super) fn st(st: &St) -> Vec<Row> {
    let todo = Todo::new("st", &st.id, format!("{} {}", st.text.product, st.text.version), tag(&st.state));
    match &st.state {
        StState::Submitted => todo.dwg("review-st", READERS),
        StState::InReview => todo.dwg("approve-st", READERS),
        StState::ChangesRequested { .. } => todo.of("revise-st", Role::Developer, &st.developer),
        StState::Approved { .. } | StState::Rejected => todo,
    }
    .rows()
}

pub(super) fn lab(lab: &Lab) -> Vec<Row> {
    let todo = Todo::new("lab", &lab.id, &lab.application.name, tag(&lab.state));
    match &lab.state {
        LabState::Applied => todo.dwg("accept-lab", ASSURANCE),
        LabState::Suspended { .. } => todo.dwg("reinstate-lab", ASSURANCE),
        LabState::Accepted { .. } if lab.extension.is_some() => todo.dwg("accept-extension", ASSURANCE),
        _ => todo,
    }
    .rows()
}

pub(super) fn evaluation(evaluation: &Evaluation) -> Vec<Row> {
    let todo = Todo::new("evaluation", &evaluation.id, &evaluation.st, tag(&evaluation.state));
    let lab = &evaluation.lab_organisation;
    match &evaluation.state {
        EvaluationState::Planned => todo.of("start-evaluation", Role::LabEvaluator, lab),
        EvaluationState::Running { .. } | EvaluationState::Rework { .. } => {
            todo.of("submit-etr", Role::LabEvaluator, lab)
        }
        EvaluationState::EtrSubmitted { .. } => todo.dwg("certify", ASSURANCE),
        EvaluationState::Accepted { .. } | EvaluationState::Rejected => todo,
    }
    .rows()
}

pub(super) fn entry(entry: &Entry) -> Vec<Row> {
    let todo = Todo::new("entry", &entry.id, &entry.product, tag(&entry.state));
    match &entry.state {
        EntryState::Claimed => todo.dwg("admit-de-facto", ASSURANCE),
        EntryState::RemovedPendingRemediation { .. } if entry.open.is_empty() => {
            todo.dwg("restore-entry", ASSURANCE)
        }
        _ => todo,
    }
    .rows()
}

pub(super) fn request(request: &Request) -> Vec<Row> {
    let title = format!("{} {}", request.entry, request.form.version);
    let todo = Todo::new("request", &request.id, title, tag(&request.state));
    match &request.state {
        RequestState::Submitted => todo.dwg("append-version", ASSURANCE),
        _ => todo,
    }
    .rows()
}

pub(super) fn vulnerability(vulnerability: &Vulnerability) -> Vec<Row> {
    let state = if vulnerability.triaged { "triaged" } else { "reported" };
    let todo = || Todo::new("vulnerability", &vulnerability.id, &vulnerability.id, state.to_owned());
    if !vulnerability.triaged {
        return todo().dwg("triage-vulnerability", ASSURANCE).rows();
    }
    let states = || vulnerability.conflicts.values().map(|conflict| &conflict.state);
    let mut open = todo();
    if states().any(|state| matches!(state, ConflictState::MitigationReported { .. })) {
        open = open.dwg("verify-mitigation", ASSURANCE);
    }
    if states().any(|state| matches!(state, ConflictState::Overdue { .. })) {
        open = open.dwg("remove-entry", ASSURANCE);
    }
    for (wanted, todo) in [("open", "submit-plan"), ("planned", "report-mitigation")] {
        if states().any(|state| state.name() == wanted) {
            for developer in &vulnerability.developers {
                open = open.of(todo, Role::Developer, developer);
            }
        }
    }
    open.rows()
}

pub(super) fn audit(audit: &Audit) -> Vec<Row> {
    let todo = Todo::new("audit", &audit.id, &audit.developer, tag(&audit.state));
    let developer = |todo: Todo<'_>, what| todo.of(what, Role::Developer, &audit.developer).rows();
    match &audit.state {
        AuditState::Committed => developer(todo, "join-audit"),
        AuditState::Joined => todo.dwg("reveal-share", ASSURANCE).rows(),
        AuditState::HalfRevealed => developer(todo, "reveal-share"),
        AuditState::Drawn => developer(todo, "submit-audit-evidence"),
        AuditState::EvidenceSubmitted if audit.results.is_empty() => {
            todo.dwg("record-audit-result", &[Role::Auditor]).rows()
        }
        AuditState::EvidenceSubmitted => todo.dwg("close-audit", ASSURANCE).rows(),
        AuditState::NotSupported { .. } => todo.dwg("require-revalidation", ASSURANCE).rows(),
        AuditState::Closed { .. } | AuditState::RevalidationRequired => Vec::new(),
    }
}

pub(super) fn agreement(agreement: &Agreement) -> Vec<Row> {
    if agreement.ended {
        return Vec::new();
    }
    let mut todo = Todo::new("agreement", &agreement.id, &agreement.id, "proposed".to_owned());
    for (organisation, role) in [(&agreement.lab, Role::LabQuality), (&agreement.developer, Role::Developer)]
    {
        if !agreement.signed.contains(organisation) {
            todo = todo.of("sign-agreement", role, organisation);
        }
    }
    todo.rows()
}
