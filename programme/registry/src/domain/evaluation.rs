//! Evaluations: planned → running → report delivered → accepted | rework | rejected. Accepting the report, giving the
//! certificate and listing the product is one transition: [`certify`].

use super::decide::{Context, Made};
use super::entry::{Basis, Entry, EntryKind, EntryState, Standing, Trace, Version};
use super::event::Change;
use super::ids::{
    AgreementId, CertificateId, Date, Digest, EntryId, EvaluationId, LabId, OrganisationId, RequestId, StId,
    Time, day,
};
use super::lab::TechnologyClass;
use super::pp::van;
use super::refusal::Refusal;
use super::{maintenance::RequestState, st};
use dtsec_model::etr::Verdict;
use dtsec_model::security_target::Confidentiality;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// An evaluation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Evaluation {
    /// Which.
    pub id: EvaluationId,
    /// Against what.
    pub st: StId,
    /// Against exactly which text.
    pub st_document: Digest,
    /// Whose product.
    pub developer: OrganisationId,
    /// Which lab.
    pub lab: LabId,
    /// Whose lab.
    pub lab_organisation: OrganisationId,
    /// The environments in the product.
    pub classes: BTreeSet<TechnologyClass>,
    /// The agreement on confidentiality.
    pub agreement: Option<AgreementId>,
    /// The request whose revalidation it is.
    pub revalidates: Option<RequestId>,
    /// Visits of the working group.
    pub observations: Vec<Observation>,
    /// How far it is.
    pub state: EvaluationState,
}

/// A visit of the working group while a lab evaluates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Observation {
    /// When.
    pub at: Time,
    /// Whether the lab let it happen and answered.
    pub supported: bool,
    /// The notes.
    pub document: Digest,
}

/// How far an evaluation is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum EvaluationState {
    /// Agreed.
    Planned,
    /// The lab evaluates.
    Running {
        /// Since.
        since: Time,
    },
    /// The working group reads the report.
    EtrSubmitted {
        /// What it says.
        etr: Box<Etr>,
    },
    /// The lab is to mend the report.
    Rework {
        /// What is wrong.
        findings: Vec<String>,
    },
    /// Accepted, and with it certified and listed.
    Accepted {
        /// The report.
        etr: Digest,
        /// The entry.
        entry: EntryId,
    },
    /// Nothing comes of it.
    Rejected,
}

impl EvaluationState {
    /// In a word.
    pub const fn name(&self) -> &'static str {
        match self {
            EvaluationState::Planned => "planned",
            EvaluationState::Running { .. } => "running",
            EvaluationState::EtrSubmitted { .. } => "waiting for a decision on its report",
            EvaluationState::Rework { .. } => "returned for rework",
            EvaluationState::Accepted { .. } => "accepted",
            EvaluationState::Rejected => "rejected",
        }
    }
}

/// What a report says, as far as decisions hang on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Etr {
    /// The hash of its canonical bytes.
    pub document: Digest,
    /// The Security Target that it names.
    pub st_document: Digest,
    /// The product's answer that it names.
    pub identity: String,
    /// Every work unit.
    pub units: Vec<Unit>,
    /// The last search for known vulnerabilities.
    pub search: Search,
    /// The lab's working papers; none where it has none.
    pub working_papers: Option<Digest>,
    /// The reference values: what a device of this version measures of itself, as a component set. Without them its tokens
    /// cannot be held against the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_values: Option<Digest>,
    /// The life-cycle components for which an audit by IEC 62304 stands.
    #[serde(default)]
    pub by_life_cycle_audit: BTreeSet<String>,
}

/// A work unit of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Unit {
    /// Which: `AVA_VAN.4-3`.
    pub id: String,
    /// Its component.
    pub component: String,
    /// The evaluator's verdict.
    pub verdict: Verdict,
    /// Whether it is said why.
    pub has_rationale: bool,
    /// Whether an observation report goes with it.
    pub has_observation: bool,
}

/// A search of public sources for known vulnerabilities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Search {
    /// When.
    pub date: Date,
    /// Where.
    pub sources: Vec<String>,
    /// For what.
    pub terms: Vec<String>,
}

impl Search {
    fn check(&self, context: &Context<'_>, not_before: Option<Date>) -> Result<(), Refusal> {
        context.filled("search.sources", self.sources.first().map_or("", String::as_str))?;
        context.filled("search.terms", self.terms.first().map_or("", String::as_str))?;
        let fits = self.date <= day(context.now) && not_before.is_none_or(|earlier| self.date >= earlier);
        context.guard(fits, || Refusal::SearchNotDated { date: self.date })
    }
}

impl Etr {
    /// The verdict over all units.
    pub fn verdict(&self) -> Verdict {
        Verdict::over(self.units.iter().map(|unit| unit.verdict))
    }

    fn without(&self, wanted: impl Fn(&Unit) -> bool) -> Option<String> {
        let found: Vec<&str> =
            self.units.iter().filter(|unit| wanted(unit)).map(|unit| unit.id.as_str()).collect();
        (!found.is_empty()).then(|| found.join(", "))
    }
}

impl Evaluation {
    fn wrong(&self, needs: &'static str) -> Refusal {
        Refusal::WrongState { what: format!("evaluation {}", self.id), is: self.state.name(), needs }
    }

    /// The report that waits for a decision.
    pub fn submitted(&self) -> Option<&Etr> {
        match &self.state {
            EvaluationState::EtrSubmitted { etr } => Some(etr),
            _ => None,
        }
    }
}

/// What a plan says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Plan {
    /// Against what.
    pub st: StId,
    /// Which lab.
    pub lab: LabId,
    /// The environments in the product.
    pub classes: BTreeSet<TechnologyClass>,
    /// The agreement on confidentiality.
    #[serde(default)]
    pub agreement: Option<AgreementId>,
    /// The request whose revalidation it is.
    #[serde(default)]
    pub revalidates: Option<RequestId>,
}

pub(super) fn plan(context: &Context<'_>, id: &EvaluationId, plan: &Plan) -> Made {
    context.new_id(context.state.evaluations.contains_key(id), "evaluation", id)?;
    let st = context.state.st(&plan.st)?;
    st.approved(context)?;
    let lab = context.state.lab(&plan.lab)?;
    lab.may_evaluate(context)?;
    context.filled("classes", plan.classes.first().map_or("", |class| class.name()))?;
    let missing: Vec<&str> = plan
        .classes
        .iter()
        .filter(|class| !lab.application.competence.contains_key(*class))
        .map(|class| class.name())
        .collect();
    context.guard(missing.is_empty(), || Refusal::OutsideCompetence { classes: missing.join(", ") })?;
    let bound = lab.organisation == st.developer || lab.application.affiliates.contains(&st.developer);
    context.guard(!bound, || Refusal::NotIndependent {
        lab: lab.id.to_string(),
        developer: st.developer.to_string(),
    })?;
    if st.text.confidentiality == Confidentiality::Confidential {
        let agreed = match &plan.agreement {
            Some(agreement) => context.state.agreement(agreement)?.binds(&lab.organisation, &st.developer),
            None => false,
        };
        context.guard(agreed, || Refusal::AgreementMissing {
            lab: lab.organisation.to_string(),
            developer: st.developer.to_string(),
        })?;
    }
    if let Some(request) = &plan.revalidates {
        let request = context.state.request(request)?;
        context.ours_is("the request", &request.developer, &st.developer)?;
        let due = matches!(request.state, RequestState::RevalidationRequired);
        context.guard(due, || request.wrong("waiting for its revalidation"))?;
        let new = &request.form;
        let same = st.text.version == new.version && st.text.identity == new.identity;
        context.guard(same, || Refusal::OtherVersion {
            st: st.text.version.clone(),
            request: new.version.clone(),
        })?;
    }
    Ok(vec![Change::EvaluationPlanned {
        evaluation: Box::new(Evaluation {
            id: id.clone(),
            st: plan.st.clone(),
            st_document: st.text.document.clone(),
            developer: st.developer.clone(),
            lab: plan.lab.clone(),
            lab_organisation: lab.organisation.clone(),
            classes: plan.classes.clone(),
            agreement: plan.agreement.clone(),
            revalidates: plan.revalidates.clone(),
            observations: Vec::new(),
            state: EvaluationState::Planned,
        }),
    }])
}

/// The text is approved, was so before `since`, and is the one that is evaluated.
fn st_holds(context: &Context<'_>, evaluation: &Evaluation, since: Time) -> Result<(), Refusal> {
    let st = context.state.st(&evaluation.st)?;
    st.approved(context)?;
    let Some((approved, at)) = st.approval() else { return Ok(()) };
    context.guard(approved == &evaluation.st_document && at <= since, || Refusal::OtherSecurityTarget {
        given: evaluation.st_document.clone(),
        approved: approved.clone(),
    })
}

pub(super) fn start(context: &Context<'_>, id: &EvaluationId) -> Made {
    let evaluation = context.state.evaluation(id)?;
    let planned = evaluation.state == EvaluationState::Planned;
    context.guard(planned, || evaluation.wrong("planned"))?;
    st_holds(context, evaluation, context.now)?;
    context.state.lab(&evaluation.lab)?.may_evaluate(context)?;
    Ok(vec![Change::EvaluationStarted { evaluation: id.clone() }])
}

pub(super) fn observe(context: &Context<'_>, id: &EvaluationId, supported: bool, document: &Digest) -> Made {
    let evaluation = context.state.evaluation(id)?;
    let running =
        matches!(evaluation.state, EvaluationState::Running { .. } | EvaluationState::Rework { .. });
    context.guard(running, || evaluation.wrong("running or in rework"))?;
    Ok(vec![Change::EvaluationObserved {
        evaluation: id.clone(),
        observation: Observation { at: context.now, supported, document: document.clone() },
    }])
}

pub(super) fn submit_etr(context: &Context<'_>, id: &EvaluationId, etr: &Etr) -> Made {
    let evaluation = context.state.evaluation(id)?;
    let open = matches!(evaluation.state, EvaluationState::Running { .. } | EvaluationState::Rework { .. });
    context.guard(open, || evaluation.wrong("running or in rework"))?;
    context.state.lab(&evaluation.lab)?.may_evaluate(context)?;
    context.guard(etr.st_document == evaluation.st_document, || Refusal::OtherSecurityTarget {
        given: etr.st_document.clone(),
        approved: evaluation.st_document.clone(),
    })?;
    let st = context.state.st(&evaluation.st)?;
    context.guard(etr.identity == st.text.identity, || Refusal::IdentityDiffers {
        st: st.text.identity.clone(),
        report: etr.identity.clone(),
    })?;
    let refused = evaluation.observations.last().is_some_and(|visit| !visit.supported);
    context.guard(!refused, || Refusal::NotOpenToAudit {})?;
    context.guard(etr.working_papers.is_some(), || Refusal::WorkNotDocumented {})?;
    let open = etr.without(|unit| unit.verdict == Verdict::Inconclusive || !unit.has_rationale);
    context.guard(open.is_none() && !etr.units.is_empty(), || Refusal::UnitsOpen {
        units: open.clone().unwrap_or_else(|| "all: there is none".to_owned()),
    })?;
    let silent = etr.without(|unit| unit.verdict == Verdict::Fail && !unit.has_observation);
    context.guard(silent.is_none(), || Refusal::FailWithoutObservation {
        units: silent.clone().unwrap_or_default(),
    })?;
    let van = van(&st.text.components);
    let component = format!("AVA_VAN.{van}");
    let covered = etr.units.iter().any(|unit| unit.component == component);
    context.guard(covered, || Refusal::VanNotCovered { van })?;
    let replaceable = st::package(context, &st.text)?.map(|package| package.replaceable.clone());
    let other: Vec<&str> = etr
        .by_life_cycle_audit
        .iter()
        .filter(|one| !replaceable.as_ref().is_some_and(|these| these.contains(*one)))
        .map(String::as_str)
        .collect();
    context.guard(other.is_empty(), || Refusal::NotReplaceable { components: other.join(", ") })?;
    etr.search.check(context, None)?;
    Ok(vec![Change::EtrSubmitted { evaluation: id.clone(), etr: Box::new(etr.clone()) }])
}

fn on_report<'a>(
    context: &Context<'a>,
    id: &EvaluationId,
    document: &Digest,
) -> Result<(&'a Evaluation, &'a Etr), Refusal> {
    let evaluation = context.state.evaluation(id)?;
    let Some(etr) = evaluation.submitted() else {
        return Err(Refusal::ReportNotAccepted {
            evaluation: id.to_string(),
            state: evaluation.state.name(),
        });
    };
    context.same(&format!("the report of evaluation {id}"), document, &etr.document)?;
    Ok((evaluation, etr))
}

pub(super) fn request_rework(
    context: &Context<'_>,
    id: &EvaluationId,
    document: &Digest,
    findings: &[String],
) -> Made {
    on_report(context, id, document)?;
    context.filled("findings", findings.first().map_or("", String::as_str))?;
    Ok(vec![Change::ReworkRequested { evaluation: id.clone(), findings: findings.to_vec() }])
}

pub(super) fn reject(context: &Context<'_>, id: &EvaluationId, document: &Digest) -> Made {
    on_report(context, id, document)?;
    Ok(vec![Change::EtrRejected { evaluation: id.clone() }])
}

/// What is given with a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Certification {
    /// The evaluation.
    pub evaluation: EvaluationId,
    /// Its report.
    pub etr: Digest,
    /// The certificate's number.
    pub certificate: CertificateId,
    /// The entry's id.
    pub entry: EntryId,
    /// The search for known vulnerabilities, made again for the listing.
    pub search: Search,
}

/// Accepts the report, gives the certificate and lists the product, or does nothing of it.
pub(super) fn certify(context: &Context<'_>, with: &Certification) -> Made {
    let (evaluation, etr) = on_report(context, &with.evaluation, &with.etr)?;
    context.new_id(context.state.entries.contains_key(&with.entry), "entry", &with.entry)?;
    let verdict = etr.verdict();
    context.guard(verdict == Verdict::Pass, || Refusal::NotPassed { verdict: verdict.name() })?;
    st_holds(context, evaluation, context.now)?;
    with.search.check(context, Some(etr.search.date))?;
    let used = context.state.certificates.contains_key(&with.certificate);
    context.guard(!used, || Refusal::CertificateUsed { certificate: with.certificate.to_string() })?;
    let st = context.state.st(&evaluation.st)?;
    st::parts(context, &st.text)?;
    let text = &st.text;
    let revalidates = match &evaluation.revalidates {
        Some(request) => Some(context.state.request(request)?.entry.clone()),
        None => None,
    };
    let entry = Entry {
        id: with.entry.clone(),
        kind: EntryKind::Certified {
            certificate: with.certificate.clone(),
            evaluation: evaluation.id.clone(),
            lab: evaluation.lab.clone(),
            etr: etr.document.clone(),
        },
        developer: evaluation.developer.clone(),
        product: text.product.clone(),
        class: text.class.clone(),
        st: evaluation.st.clone(),
        st_document: evaluation.st_document.clone(),
        profile: text.profile.as_ref().map(|(pp, _)| pp.clone()),
        editions: text.editions.clone(),
        components: text.components.clone(),
        claims: text.claims.clone(),
        contains: text.contains.clone(),
        certified_parts: text.certified_parts.clone(),
        revalidates,
        versions: vec![Version {
            version: text.version.clone(),
            identity: text.identity.clone(),
            since: context.now,
            basis: Basis::Evaluated,
            standing: Standing::InForce,
            reference_values: etr.reference_values.clone(),
        }],
        state: EntryState::Listed,
        history: vec![Trace { at: context.now, is: "listed".to_owned(), because: "certified".to_owned() }],
        last_reviewed: day(context.now),
        searched: with.search.date,
        open: BTreeSet::new(),
        conflicted: BTreeSet::new(),
        affected: BTreeMap::new(),
        de_facto: BTreeSet::new(),
        requests: Vec::new(),
    };
    Ok(vec![Change::Certified {
        evaluation: with.evaluation.clone(),
        request: evaluation.revalidates.clone(),
        entry: Box::new(entry),
    }])
}
