//! What all rules look at, and the questions that several of them ask.

use crate::documents::Documents;
use dtsec_model::operations::{NoneMeans, Operation, Value, operations};
use dtsec_model::profile::{ProfileRequirement, SesipProfile};
use dtsec_model::security_target::{Claim, Place, SecurityTarget};
use std::collections::HashSet;

/// The requirements that protect against an attacker who holds the device.
pub(crate) const PHYSICAL: [&str; 2] =
    ["physical-attacker-resistance", "limited-physical-attacker-resistance"];

/// A Security Target, what it is held against, and what is at hand of its documents.
pub(crate) struct Context<'c> {
    pub(crate) target: &'c SecurityTarget,
    pub(crate) profile: &'c SesipProfile,
    pub(crate) documents: &'c Documents,
    /// The requirements that hold: neither struck through nor cancelled.
    active: HashSet<&'c str>,
}

impl<'c> Context<'c> {
    pub(crate) fn new(
        target: &'c SecurityTarget,
        profile: &'c SesipProfile,
        documents: &'c Documents,
    ) -> Context<'c> {
        let holds =
            |claim: &&Claim| claim.struck.is_none() && !cancelled(claim, profile.requirement(&claim.id));
        let active = target.requirements.iter().filter(holds).map(|claim| &*claim.id).collect();
        Context { target, profile, documents, active }
    }

    /// The claims with their place, and what the profile has of them.
    pub(crate) fn claims(&self) -> impl Iterator<Item = (String, &'c Claim, Option<&'c ProfileRequirement>)> {
        let profile = self.profile;
        let place = move |(at, claim): (usize, &'c Claim)| {
            (format!("/requirements/{at}"), claim, profile.requirement(&claim.id))
        };
        self.target.requirements.iter().enumerate().map(place)
    }

    /// The claims that hold.
    pub(crate) fn active_claims(
        &self,
    ) -> impl Iterator<Item = (String, &'c Claim, Option<&'c ProfileRequirement>)> {
        self.claims()
            .filter(|(_, claim, requirement)| claim.struck.is_none() && !cancelled(claim, *requirement))
    }

    /// Whether the Security Target names a requirement at all.
    pub(crate) fn names(&self, id: &str) -> bool {
        self.target.requirements.iter().any(|claim| claim.id == id)
    }

    /// Whether it claims a requirement, and the claim holds.
    pub(crate) fn holds(&self, id: &str) -> bool {
        self.active.contains(id)
    }

    /// The requirements that hold, each once.
    pub(crate) fn holding(&self) -> Vec<&'c str> {
        let mut seen = HashSet::new();
        let each = self.target.requirements.iter().map(|claim| &*claim.id);
        each.filter(|id| self.active.contains(id) && seen.insert(*id)).collect()
    }

    /// Whether it claims protection against an attacker who holds the device.
    pub(crate) fn resists_physically(&self) -> bool {
        PHYSICAL.iter().any(|id| self.holds(id))
    }

    pub(crate) fn has_objective(&self, id: &str) -> bool {
        self.target.objectives.iter().any(|objective| objective.id == id)
    }

    /// Every place in a document that the Security Target points to, with where it does so.
    pub(crate) fn places(&self) -> Vec<(String, &'c Place)> {
        let target = self.target;
        let mut places = Vec::new();
        for (at, row) in target.platform.identification.iter().enumerate() {
            let pointer = || format!("/platform/identification/{at}/verified-in");
            places.extend(row.verified_in.as_ref().map(|place| (pointer(), place)));
        }
        let key = &target.life_cycle.key_provisioning.described_in;
        places.extend(
            key.as_ref().map(|place| ("/life-cycle/key-provisioning/described-in".to_owned(), place)),
        );
        for (at, objective) in target.objectives.iter().enumerate() {
            let each = objective.guidance.iter().enumerate();
            places.extend(each.map(|(n, place)| (format!("/objectives/{at}/guidance/{n}"), place)));
        }
        let flaws = &target.assurance.flaw_remediation.described_in;
        places.extend(
            flaws.as_ref().map(|place| ("/assurance/flaw-remediation/described-in".to_owned(), place)),
        );
        for (at, row) in target.assurance.sufficiency.iter().enumerate() {
            let each = row.covered_by.iter().enumerate();
            places.extend(
                each.map(|(n, place)| (format!("/assurance/sufficiency/{at}/covered-by/{n}"), place)),
            );
        }
        places
    }
}

/// Whether a claim's values cancel it: "none", where the profile says that this cancels.
pub(crate) fn cancelled(claim: &Claim, requirement: Option<&ProfileRequirement>) -> bool {
    let Some(requirement) = requirement else { return false };
    operations(&requirement.statement).any(|operation| match operation {
        Operation::Assignment(assignment) if assignment.none == NoneMeans::CancelsRequirement => {
            claim.values.get(&assignment.id).is_some_and(Value::is_none)
        }
        _ => false,
    })
}

/// Whether a text waits to be filled in.
pub(crate) fn open(text: &str) -> bool {
    text.contains('<')
}

/// Whether a value waits to be filled in.
pub(crate) fn open_value(value: &Value) -> bool {
    value.texts().iter().any(|text| open(text))
}

/// A text without case, and without difference between spaces.
pub(crate) fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// A member's name in a JSON pointer.
pub(crate) fn token(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Those that appear again, with their place in the list.
pub(crate) fn repeated<T: std::hash::Hash + Eq>(items: impl IntoIterator<Item = T>) -> Vec<usize> {
    let mut seen = HashSet::new();
    items.into_iter().enumerate().filter_map(|(at, item)| (!seen.insert(item)).then_some(at)).collect()
}
