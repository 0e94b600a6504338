//! Random audits: committed → joined → half revealed → drawn → evidence → closed | not supported (→ revalidation).
//!
//! The working group commits to its share first, the developer second; then the working group reveals first, the
//! developer second. So the working group chooses blind, and withholding its share tells it nothing; a developer who sees
//! the outcome and withholds his share does not support the audit, which is the worst outcome for him. The population
//! is not chosen at all: it is every claim of every named entry.

use super::decide::{Context, Made};
use super::draw::{Party, Share, commitment, draw};
use super::event::Change;
use super::ids::{AuditId, Date, Digest, EntryId, LabId, OrganisationId, RequestId, Time, day};
use super::maintenance::RequestState;
use super::refusal::Refusal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The largest share of the population that an audit may draw, in percent: the standard asks for a small one, the number is
/// the house's.
pub const LARGEST_SAMPLE_PERCENT: usize = 25;

/// An audit of a developer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Audit {
    /// Which.
    pub id: AuditId,
    /// Whom.
    pub developer: OrganisationId,
    /// Which entries.
    pub entries: BTreeSet<EntryId>,
    /// The request that gave rise to it.
    pub request: Option<RequestId>,
    /// Who carries it out.
    pub conductor: Conductor,
    /// The last day for the developer to commit, to reveal and to give evidence.
    pub due: Date,
    /// What can be drawn: `ENTRY/CLAIM`.
    pub population: Vec<String>,
    /// How many are drawn.
    pub sample: u32,
    /// The commitments.
    pub commitments: BTreeMap<Party, Digest>,
    /// The shares that were revealed.
    pub shares: BTreeMap<Party, Share>,
    /// What was drawn.
    pub drawn: Vec<String>,
    /// What the developer gave for each.
    pub evidence: BTreeMap<String, Digest>,
    /// Whether each is satisfied, as the auditor found.
    pub results: BTreeMap<String, bool>,
    /// How far it is.
    pub state: AuditState,
}

/// Who carries out an audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conductor {
    /// The working group's people.
    Dwg,
    /// An accepted lab.
    Lab(LabId),
}

/// How far an audit is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum AuditState {
    /// The working group has committed to its share.
    Committed,
    /// So has the developer.
    Joined,
    /// The working group has revealed its share.
    HalfRevealed,
    /// The sample stands.
    Drawn,
    /// The developer has answered.
    EvidenceSubmitted,
    /// It is satisfied.
    Closed {
        /// Since.
        at: Time,
    },
    /// It is not, or was not supported.
    NotSupported {
        /// Since.
        at: Time,
    },
    /// A revalidation was required.
    RevalidationRequired,
}

impl AuditState {
    /// In a word.
    pub const fn name(&self) -> &'static str {
        match self {
            AuditState::Committed => "committed",
            AuditState::Joined => "joined",
            AuditState::HalfRevealed => "half revealed",
            AuditState::Drawn => "drawn",
            AuditState::EvidenceSubmitted => "waiting for its result",
            AuditState::Closed { .. } => "closed",
            AuditState::NotSupported { .. } => "not supported",
            AuditState::RevalidationRequired => "followed by revalidation",
        }
    }
}

impl Audit {
    fn wrong(&self, needs: &'static str) -> Refusal {
        Refusal::WrongState { what: format!("audit {}", self.id), is: self.state.name(), needs }
    }

    /// Whether the record proves its own draw: both shares fit their commitments, and give what was drawn.
    pub fn draw_is_proven(&self) -> bool {
        let (Some(dwg), Some(developer)) = (self.shares.get(&Party::Dwg), self.shares.get(&Party::Developer))
        else {
            return false;
        };
        let fits = |party, share| self.commitments.get(&party) == Some(&commitment(&self.id, party, share));
        fits(Party::Dwg, dwg) && fits(Party::Developer, developer) && self.drawn == self.draw(dwg, developer)
    }

    fn draw(&self, dwg: &Share, developer: &Share) -> Vec<String> {
        let places = draw(&self.id, dwg, developer, &self.population, self.sample);
        places.into_iter().filter_map(|place| self.population.get(place).cloned()).collect()
    }
}

/// What the working group decides on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Order {
    /// The audit's id.
    pub audit: AuditId,
    /// Which entries, all of one developer.
    pub entries: BTreeSet<EntryId>,
    /// The request that gives rise to it.
    #[serde(default)]
    pub request: Option<RequestId>,
    /// Who carries it out.
    pub conductor: Conductor,
    /// How many requirements are drawn.
    pub sample: u32,
    /// The last day for the developer.
    pub due: Date,
    /// The working group's commitment.
    pub commitment: Digest,
}

pub(super) fn order(context: &Context<'_>, order: &Order) -> Made {
    context.new_id(context.state.audits.contains_key(&order.audit), "audit", &order.audit)?;
    context.guard(order.due > day(context.now), || Refusal::DueInThePast { due: order.due })?;
    let mut developer = None;
    let mut population = Vec::new();
    for id in &order.entries {
        let entry = context.state.entry(id)?;
        let standing = entry.state.name() == "listed" || entry.state.name() == "removed pending remediation";
        let same = developer.as_ref().is_none_or(|one| one == &entry.developer);
        context.guard(standing && same, || Refusal::NothingToAudit { what: format!("entry {id}") })?;
        developer = Some(entry.developer.clone());
        population.extend(entry.claims.iter().map(|claim| format!("{id}/{claim}")));
    }
    let Some(developer) = developer else {
        return Err(Refusal::NothingToAudit { what: "an order without entries".to_owned() });
    };
    if let Conductor::Lab(lab) = &order.conductor {
        let lab = context.state.lab(lab)?;
        lab.may_evaluate(context)?;
        let bound = lab.organisation == developer || lab.application.affiliates.contains(&developer);
        context.guard(!bound, || Refusal::NotIndependent {
            lab: lab.id.to_string(),
            developer: developer.to_string(),
        })?;
    }
    if let Some(id) = &order.request {
        let request = context.state.request(id)?;
        context.guard(request.state == RequestState::Submitted, || request.wrong("submitted"))?;
        let about = order.entries.contains(&request.entry);
        context.guard(about, || Refusal::NothingToAudit { what: format!("request {id}") })?;
    }
    let most = (population.len() * LARGEST_SAMPLE_PERCENT).div_ceil(100);
    let fits = order.sample >= 1 && usize::try_from(order.sample).is_ok_and(|sample| sample <= most);
    context.guard(fits, || Refusal::SampleTooLarge {
        sample: order.sample,
        most: u32::try_from(most).unwrap_or(u32::MAX),
    })?;
    Ok(vec![Change::AuditOrdered {
        audit: Box::new(Audit {
            id: order.audit.clone(),
            developer,
            entries: order.entries.clone(),
            request: order.request.clone(),
            conductor: order.conductor.clone(),
            due: order.due,
            population,
            sample: order.sample,
            commitments: BTreeMap::from([(Party::Dwg, order.commitment.clone())]),
            shares: BTreeMap::new(),
            drawn: Vec::new(),
            evidence: BTreeMap::new(),
            results: BTreeMap::new(),
            state: AuditState::Committed,
        }),
    }])
}

pub(super) fn join(context: &Context<'_>, id: &AuditId, commitment: &Digest) -> Made {
    let audit = context.state.audit(id)?;
    context.guard(audit.state == AuditState::Committed, || audit.wrong("committed"))?;
    let copied = audit.commitments.values().any(|one| one == commitment);
    context.guard(!copied, || Refusal::CommitmentCopied {})?;
    Ok(vec![Change::AuditJoined { audit: id.clone(), commitment: commitment.clone() }])
}

pub(super) fn reveal(context: &Context<'_>, id: &AuditId, party: Party, share: &Share) -> Made {
    let audit = context.state.audit(id)?;
    match (&audit.state, party) {
        (AuditState::Joined, Party::Dwg) | (AuditState::HalfRevealed, Party::Developer) => {}
        (AuditState::Joined, Party::Developer) => {
            return Err(Refusal::RevealOutOfOrder { first: Party::Dwg.name() });
        }
        (AuditState::Committed, _) => {
            return Err(Refusal::RevealOutOfOrder { first: "developer's commitment" });
        }
        _ => return Err(audit.wrong("joined")),
    }
    let fits = audit.commitments.get(&party) == Some(&commitment(id, party, share));
    context.guard(fits, || Refusal::ShareBroken { party: party.name() })?;
    let drawn = match (party, audit.shares.get(&Party::Dwg)) {
        (Party::Developer, Some(dwg)) => audit.draw(dwg, share),
        _ => Vec::new(),
    };
    Ok(vec![Change::ShareRevealed { audit: id.clone(), party, share: share.clone(), drawn }])
}

fn differing<'a, V>(drawn: &'a [String], given: &'a BTreeMap<String, V>) -> Vec<&'a str> {
    let missing = drawn.iter().filter(|item| !given.contains_key(*item));
    missing.chain(given.keys().filter(|item| !drawn.contains(item))).map(String::as_str).collect()
}

pub(super) fn evidence(context: &Context<'_>, id: &AuditId, evidence: &BTreeMap<String, Digest>) -> Made {
    let audit = context.state.audit(id)?;
    context.guard(audit.state == AuditState::Drawn, || audit.wrong("drawn"))?;
    let wrong = differing(&audit.drawn, evidence);
    context.guard(wrong.is_empty(), || Refusal::EvidenceIncomplete { items: wrong.join(", ") })?;
    Ok(vec![Change::AuditEvidence { audit: id.clone(), evidence: evidence.clone() }])
}

pub(super) fn result(context: &Context<'_>, id: &AuditId, results: &BTreeMap<String, bool>) -> Made {
    let audit = context.state.audit(id)?;
    let waiting = audit.state == AuditState::EvidenceSubmitted;
    context.guard(waiting, || audit.wrong("waiting for its result"))?;
    if let Conductor::Lab(lab) = &audit.conductor {
        context.ours("the result", &context.state.lab(lab)?.organisation)?;
    }
    let wrong = differing(&audit.drawn, results);
    context.guard(wrong.is_empty(), || Refusal::EvidenceIncomplete { items: wrong.join(", ") })?;
    Ok(vec![Change::AuditResult { audit: id.clone(), results: results.clone() }])
}

pub(super) fn close(context: &Context<'_>, id: &AuditId) -> Made {
    let audit = context.state.audit(id)?;
    let judged = audit.state == AuditState::EvidenceSubmitted && !audit.results.is_empty();
    context.guard(judged, || audit.wrong("judged by its auditor"))?;
    let failed: Vec<&str> =
        audit.results.iter().filter(|(_, satisfied)| !**satisfied).map(|(item, _)| item.as_str()).collect();
    context.guard(failed.is_empty(), || Refusal::AuditNotPassed { items: failed.join(", ") })?;
    Ok(vec![Change::AuditClosed { audit: id.clone() }])
}

pub(super) fn not_supported(context: &Context<'_>, id: &AuditId) -> Made {
    let audit = context.state.audit(id)?;
    match audit.state {
        // The developer is late, or says himself that he cannot.
        AuditState::Committed | AuditState::HalfRevealed | AuditState::Drawn => {
            let late = day(context.now) > audit.due || context.actor.organisation == audit.developer;
            context.guard(late, || Refusal::StillInTime { due: audit.due })?;
        }
        AuditState::EvidenceSubmitted => {
            let failed = audit.results.values().any(|satisfied| !satisfied);
            context.guard(failed, || audit.wrong("judged, and not satisfied"))?;
        }
        _ => return Err(audit.wrong("waiting for the developer, or judged")),
    }
    Ok(vec![Change::AuditNotSupported { audit: id.clone() }])
}
