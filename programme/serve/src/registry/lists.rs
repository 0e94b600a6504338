//! The lists that follow from the programme's parts: what is shown, what it is found by, what it is sorted by.

use super::access::PersonData;
use super::rows::*;
use super::waiting;
use dtsec_model::security_target::Confidentiality;
use dtsec_registry::domain::Proposal;
use dtsec_registry::domain::agreement::Agreement;
use dtsec_registry::domain::audit::{Audit, Conductor};
use dtsec_registry::domain::entry::{Entry, EntryKind, EntryState};
use dtsec_registry::domain::evaluation::Evaluation;
use dtsec_registry::domain::lab::Lab;
use dtsec_registry::domain::maintenance::Request;
use dtsec_registry::domain::pp::{DeviceClass, Pp, PpState};
use dtsec_registry::domain::st::St;
use dtsec_registry::domain::vulnerability::Vulnerability;
use dtsec_store::{Aggregate, Projection, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Who may see a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Anybody.
    Publicly,
    /// The working group and auditors all of it, others what concerns their organisation.
    ByParties,
    /// The working group.
    ByDwg,
    /// Who is asked to do something.
    ByOneself,
}

/// A list: its name, who may see it, and the facets that it is filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListOf {
    /// Its name.
    pub name: &'static str,
    /// Who may see it.
    pub seen: Seen,
    /// What it is filtered by.
    pub facets: &'static [&'static str],
}

/// Every list.
pub const LISTS: &[ListOf] = &[
    list(
        "entries",
        Seen::Publicly,
        &["class", "component", "developer", "kind", "lab", "profile", "state", "van"],
    ),
    list("labs", Seen::Publicly, &["class", "state"]),
    list("pps", Seen::Publicly, &["class", "state"]),
    list("classes", Seen::Publicly, &["criticality"]),
    list("public-sts", Seen::Publicly, &["class", "developer", "state"]),
    list("claims", Seen::ByParties, &["developer"]),
    list("drafts", Seen::ByDwg, &["class"]),
    list("lab-applications", Seen::ByParties, &["state"]),
    list("sts", Seen::ByParties, &["class", "developer", "state"]),
    list("evaluations", Seen::ByParties, &["developer", "lab", "st", "state"]),
    list("requests", Seen::ByParties, &["developer", "entry", "state"]),
    list("vulnerabilities", Seen::ByParties, &["entry", "severity", "triaged"]),
    list("audits", Seen::ByParties, &["developer", "state"]),
    list("agreements", Seen::ByParties, &["state"]),
    list("proposals", Seen::ByDwg, &["decision"]),
    list("persons", Seen::ByParties, &["organisation", "role"]),
    list(waiting::LIST, Seen::ByOneself, &[]),
];

const fn list(name: &'static str, seen: Seen, facets: &'static [&'static str]) -> ListOf {
    ListOf { name, seen, facets }
}

/// The list of this name.
pub(super) fn list_of(name: &str) -> Option<&'static ListOf> {
    LISTS.iter().find(|list| list.name == name)
}

/// Makes the rows of every list. A store is opened with it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lists;

impl Projection for Lists {
    fn rows(&self, aggregate: &Aggregate) -> Vec<Row> {
        let id = &aggregate.key.id;
        match aggregate.key.kind.as_str() {
            "proposal" => of(aggregate, proposal),
            "class" => of(aggregate, class),
            "pp" => of(aggregate, pp),
            "st" => of(aggregate, st),
            "lab" => of(aggregate, lab),
            "evaluation" => of(aggregate, evaluation),
            "entry" => of(aggregate, entry),
            "request" => of(aggregate, request),
            "vulnerability" => of(aggregate, vulnerability),
            "audit" => of(aggregate, audit),
            "agreement" => of(aggregate, agreement),
            "person" => of(aggregate, |data: &PersonData| person(id, data)),
            _ => Vec::new(),
        }
    }
}

fn of<T: DeserializeOwned>(aggregate: &Aggregate, rows: impl FnOnce(&T) -> Vec<Row>) -> Vec<Row> {
    if aggregate.state.is_null() {
        return Vec::new();
    }
    match T::deserialize(&aggregate.state) {
        Ok(part) => rows(&part),
        // It was written by this program; a check of the store shows it.
        Err(error) => {
            tracing::error!(key = %aggregate.key, %error, "no rows: it cannot be read");
            Vec::new()
        }
    }
}

fn row(list: &str, id: impl ToString, sort: &str, shown: &impl Serialize) -> Row {
    Row::new(list, id.to_string(), sort, serde_json::json!(shown))
}

fn proposal(proposal: &Proposal) -> Vec<Row> {
    let shown = ProposalRow::from(proposal);
    let mut rows = waiting::proposal(proposal);
    let one = row("proposals", &proposal.id, &proposal.at.to_string(), &shown);
    rows.push(one.facet("decision", &shown.decision));
    rows
}

fn class(class: &DeviceClass) -> Vec<Row> {
    let shown = ClassRow::from(class);
    vec![
        row("classes", &class.id, &class.name, &shown)
            .facet("criticality", &shown.criticality)
            .words(&class.name),
    ]
}

fn pp(pp: &Pp) -> Vec<Row> {
    let shown = PpRow::from(pp);
    let list = if pp.state == PpState::Draft { "drafts" } else { "pps" };
    let one = row(list, &pp.id, &format!("{} {}", pp.title, pp.version), &shown)
        .facet("state", &shown.state)
        .facet("class", &shown.class)
        .words(&format!("{} {} {}", pp.id, pp.title, pp.version));
    let mut rows = waiting::pp(pp);
    rows.push(one);
    rows
}

fn st(st: &St) -> Vec<Row> {
    let shown = StRow::from(st);
    let make = |list: &str| {
        row(list, &st.id, &format!("{} {}", st.text.product, st.text.version), &shown)
            .facet("state", &shown.state)
            .facet("class", &shown.class)
            .facet("developer", &shown.developer)
            .facet("party", &shown.developer)
            .words(&format!("{} {} {}", st.id, st.text.product, st.developer))
    };
    let mut rows = waiting::st(st);
    rows.push(make("sts"));
    if shown.public {
        rows.push(make("public-sts"));
    }
    rows
}

fn lab(lab: &Lab) -> Vec<Row> {
    let shown = LabRow::from(lab);
    let list = if is_public_lab(lab) { "labs" } else { "lab-applications" };
    let mut one = row(list, &lab.id, &lab.application.name, &shown)
        .facet("state", &shown.state)
        .facet("party", &shown.organisation)
        .words(&format!("{} {}", lab.id, lab.application.name));
    for class in lab.application.competence.keys() {
        one = one.facet("class", class.name());
    }
    let mut rows = waiting::lab(lab);
    rows.push(one);
    rows
}

fn evaluation(evaluation: &Evaluation) -> Vec<Row> {
    let shown = EvaluationRow::from(evaluation);
    let one = row("evaluations", &evaluation.id, evaluation.id.as_str(), &shown)
        .facet("state", &shown.state)
        .facet("st", &shown.st)
        .facet("lab", &shown.lab)
        .facet("developer", &shown.developer)
        .facet("party", &shown.developer)
        .facet("party", evaluation.lab_organisation.as_str())
        .words(&format!("{} {} {}", evaluation.id, evaluation.st, evaluation.lab));
    let mut rows = waiting::evaluation(evaluation);
    rows.push(one);
    rows
}

fn entry(entry: &Entry) -> Vec<Row> {
    let shown = EntryRow::from(entry);
    let list = if entry.state == EntryState::Claimed { "claims" } else { "entries" };
    let mut one = row(list, &entry.id, &format!("{} {}", entry.product, entry.id), &shown)
        .facet("state", &shown.state)
        .facet("class", &shown.class)
        .facet("developer", &shown.developer)
        .facet("party", &shown.developer)
        .facet("kind", &shown.kind)
        .facet("van", &shown.van.to_string())
        .words(&format!("{} {} {}", entry.id, entry.product, entry.developer));
    if let Some(profile) = &shown.profile {
        one = one.facet("profile", profile);
    }
    if let EntryKind::Certified { lab, certificate, .. } = &entry.kind {
        one = one.facet("lab", lab.as_str()).words(certificate.as_str());
    }
    for component in &entry.contains {
        one = one.facet("component", component.as_str());
    }
    for version in &entry.versions {
        one = one.words(&version.version).words(&version.identity);
    }
    let mut rows = waiting::entry(entry);
    rows.push(one);
    rows
}

fn request(request: &Request) -> Vec<Row> {
    let shown = RequestRow::from(request);
    let one = row("requests", &request.id, request.id.as_str(), &shown)
        .facet("state", &shown.state)
        .facet("entry", &shown.entry)
        .facet("developer", &shown.developer)
        .facet("party", &shown.developer)
        .words(&format!("{} {}", request.id, request.entry));
    let mut rows = waiting::request(request);
    rows.push(one);
    rows
}

fn vulnerability(vulnerability: &Vulnerability) -> Vec<Row> {
    let shown = VulnerabilityRow::from(vulnerability);
    let mut one = row("vulnerabilities", &vulnerability.id, &vulnerability.reported.to_string(), &shown)
        .facet("severity", &shown.severity)
        .facet("triaged", if vulnerability.triaged { "yes" } else { "no" })
        .words(vulnerability.id.as_str());
    for entry in &shown.entries {
        one = one.facet("entry", entry);
    }
    for developer in &vulnerability.developers {
        one = one.facet("party", developer.as_str());
    }
    let mut rows = waiting::vulnerability(vulnerability);
    rows.push(one);
    rows
}

fn audit(audit: &Audit) -> Vec<Row> {
    let shown = AuditRow::from(audit);
    let mut one = row("audits", &audit.id, audit.id.as_str(), &shown)
        .facet("state", &shown.state)
        .facet("developer", &shown.developer)
        .facet("party", &shown.developer)
        .words(audit.id.as_str());
    if let Conductor::Lab(lab) = &audit.conductor {
        one = one.facet("lab", lab.as_str());
    }
    let mut rows = waiting::audit(audit);
    rows.push(one);
    rows
}

fn agreement(agreement: &Agreement) -> Vec<Row> {
    let state = match agreement.ended {
        true => "ended",
        false if agreement.binds(&agreement.lab, &agreement.developer) => "in-force",
        false => "proposed",
    };
    let mut rows = waiting::agreement(agreement);
    let one = row("agreements", &agreement.id, agreement.id.as_str(), agreement)
        .facet("state", state)
        .facet("party", agreement.lab.as_str())
        .facet("party", agreement.developer.as_str());
    rows.push(one);
    rows
}

fn person(id: &str, person: &PersonData) -> Vec<Row> {
    let shown = PersonRow {
        id: id.to_owned(),
        name: person.name.clone(),
        organisation: person.organisation.to_string(),
        roles: person.roles.iter().map(|role| role.name().to_owned()).collect(),
        pending: person
            .pending
            .iter()
            .flat_map(|one| &one.roles)
            .map(|role| role.name().to_owned())
            .collect(),
        disabled: person.disabled.is_some(),
    };
    let mut one = row("persons", id, &person.name, &shown)
        .facet("organisation", person.organisation.as_str())
        .facet("party", person.organisation.as_str())
        .words(&format!("{id} {}", person.name));
    if person.disabled.is_none() {
        for role in &shown.roles {
            one = one.facet("role", role);
        }
    }
    vec![one]
}

/// Whether a Security Target's text is confidential.
pub(super) fn is_confidential(st: &St) -> bool {
    st.text.confidentiality == Confidentiality::Confidential || st.publication.is_none()
}
