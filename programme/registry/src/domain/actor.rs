//! Who acts: persons, their organisations, roles and interests.

use super::ids::{OrganisationId, PersonId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a person may be in the programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The working group's committee for the scope of work.
    DwgScope,
    /// The working group's committee for profiles.
    DwgProfiles,
    /// The working group's committee for assurance.
    DwgAssurance,
    /// Evaluates in a lab.
    LabEvaluator,
    /// Answers for a lab's quality and accreditation.
    LabQuality,
    /// Acts for a developer.
    Developer,
    /// Carries out audits, for the working group or for a lab.
    Auditor,
    /// Anybody.
    Public,
}

impl Role {
    /// All of them.
    pub const ALL: [Role; 8] = [
        Role::DwgScope,
        Role::DwgProfiles,
        Role::DwgAssurance,
        Role::LabEvaluator,
        Role::LabQuality,
        Role::Developer,
        Role::Auditor,
        Role::Public,
    ];

    /// The name of it.
    pub const fn name(self) -> &'static str {
        match self {
            Role::DwgScope => "dwg-scope",
            Role::DwgProfiles => "dwg-profiles",
            Role::DwgAssurance => "dwg-assurance",
            Role::LabEvaluator => "lab-evaluator",
            Role::LabQuality => "lab-quality",
            Role::Developer => "developer",
            Role::Auditor => "auditor",
            Role::Public => "public",
        }
    }

    /// Whether who acts in it must have no interest in the case.
    pub const fn is_impartial(self) -> bool {
        matches!(self, Role::DwgScope | Role::DwgProfiles | Role::DwgAssurance | Role::Auditor)
    }
}

/// A person who acts, as the access layer knows him.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Actor {
    /// Who.
    pub person: PersonId,
    /// For whom he works.
    pub organisation: OrganisationId,
    /// Other organisations in which he has an interest: declared, and those of the same group.
    #[serde(default)]
    pub interests: BTreeSet<OrganisationId>,
    /// What he may be. Everybody is [`Role::Public`] as well.
    pub roles: BTreeSet<Role>,
}

impl Actor {
    /// Whether he has a role.
    pub fn is(&self, role: Role) -> bool {
        role == Role::Public || self.roles.contains(&role)
    }

    /// Whether he belongs to an organisation or has an interest in it.
    pub fn has_interest_in(&self, organisation: &OrganisationId) -> bool {
        &self.organisation == organisation || self.interests.contains(organisation)
    }
}
