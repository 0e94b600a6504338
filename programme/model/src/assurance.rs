//! Assurance: the SESIP levels, and the CC security assurance components that each is made of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A SESIP assurance level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Level {
    /// Self-assessment, looked at for consistency.
    #[serde(rename = "SESIP1")]
    Sesip1,
    /// Black box, penetration test within a time limit.
    #[serde(rename = "SESIP2")]
    Sesip2,
    /// White box: source analysis and penetration test within a time limit.
    #[serde(rename = "SESIP3")]
    Sesip3,
    /// Reuse of a certificate with AVA_VAN.4.
    #[serde(rename = "SESIP4")]
    Sesip4,
    /// Reuse of a certificate with AVA_VAN.5.
    #[serde(rename = "SESIP5")]
    Sesip5,
}

/// What a level is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Components {
    /// Exactly these.
    Exactly(&'static [&'static str]),
    /// Those of the certificate that is reused, among them this one.
    OfCertificate(&'static str),
}

const SESIP1: &[&str] =
    &["ASE_INT.1", "ASE_OBJ.1", "ASE_REQ.3", "ASE_TSS.1", "AGD_OPE.1", "AGD_PRE.1", "ALC_FLR.2", "AVA_VAN.1"];
const SESIP2: &[&str] = &[
    "ASE_INT.1",
    "ASE_OBJ.1",
    "ASE_REQ.3",
    "ASE_TSS.1",
    "ADV_FSP.4",
    "AGD_OPE.1",
    "AGD_PRE.1",
    "ALC_FLR.2",
    "ATE_IND.1",
    "AVA_VAN.2",
];
const SESIP3: &[&str] = &[
    "ASE_INT.1",
    "ASE_OBJ.1",
    "ASE_REQ.3",
    "ASE_TSS.1",
    "ADV_FSP.4",
    "ADV_IMP.3",
    "AGD_OPE.1",
    "AGD_PRE.1",
    "ALC_CMC.1",
    "ALC_CMS.1",
    "ALC_FLR.2",
    "ATE_IND.1",
    "AVA_VAN.3",
];

impl Level {
    /// All of them, the lowest first.
    pub const ALL: [Level; 5] = [Level::Sesip1, Level::Sesip2, Level::Sesip3, Level::Sesip4, Level::Sesip5];

    /// The name in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Sesip1 => "SESIP1",
            Level::Sesip2 => "SESIP2",
            Level::Sesip3 => "SESIP3",
            Level::Sesip4 => "SESIP4",
            Level::Sesip5 => "SESIP5",
        }
    }

    /// What it is made of. A Security Target's components match one level exactly; nobody may augment it.
    pub const fn components(self) -> Components {
        match self {
            Level::Sesip1 => Components::Exactly(SESIP1),
            Level::Sesip2 => Components::Exactly(SESIP2),
            Level::Sesip3 => Components::Exactly(SESIP3),
            Level::Sesip4 => Components::OfCertificate("AVA_VAN.4"),
            Level::Sesip5 => Components::OfCertificate("AVA_VAN.5"),
        }
    }

    /// The number of AVA_VAN in it.
    pub const fn van(self) -> u8 {
        self as u8 + 1
    }

    /// Whether these components are this level's, no more and no fewer, in any order.
    pub fn is_made_of<S: AsRef<str>>(self, components: &[S]) -> bool {
        let has = |component: &str| components.iter().any(|other| other.as_ref() == component);
        match self.components() {
            Components::Exactly(these) => {
                these.len() == components.len() && these.iter().all(|component| has(component))
            }
            Components::OfCertificate(van) => has(van),
        }
    }
}

/// A CC component that a SESIP level uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Component {
    /// As in CC Part 3, or in SESIP where that adds one.
    pub id: &'static str,
    /// Its class.
    pub class: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Work units of the evaluator at SESIP3 (CEM v3.1; ADV_IMP.3 by analogy with ADV_IMP.1); 0 where SESIP3 does not
    /// have it.
    pub work_units: u8,
}

const fn component(id: &'static str, class: &'static str, title: &'static str, work_units: u8) -> Component {
    Component { id, class, title, work_units }
}

/// The components of SESIP1 to SESIP5, class by class.
pub const COMPONENTS: [Component; 17] = [
    component("ASE_INT.1", "ASE", "ST introduction", 11),
    component("ASE_OBJ.1", "ASE", "Security objectives for the operational environment", 1),
    component("ASE_REQ.3", "ASE", "Listed security requirements", 7),
    component("ASE_TSS.1", "ASE", "TOE summary specification", 2),
    component("ADV_FSP.4", "ADV", "Complete functional specification", 12),
    component(
        "ADV_IMP.3",
        "ADV",
        "Complete mapping of the implementation representation of the TSF to the SFRs",
        3,
    ),
    component("AGD_OPE.1", "AGD", "Operational user guidance", 8),
    component("AGD_PRE.1", "AGD", "Preparative procedures", 3),
    component("ALC_CMC.1", "ALC", "Labelling of the TOE", 2),
    component("ALC_CMS.1", "ALC", "TOE CM coverage", 2),
    component("ALC_FLR.2", "ALC", "Flaw reporting procedures", 10),
    component("ATE_IND.1", "ATE", "Independent testing: conformance", 8),
    component("AVA_VAN.1", "AVA", "Vulnerability survey", 0),
    component("AVA_VAN.2", "AVA", "Vulnerability analysis", 0),
    component("AVA_VAN.3", "AVA", "Focused vulnerability analysis", 12),
    component("AVA_VAN.4", "AVA", "Methodical vulnerability analysis", 0),
    component("AVA_VAN.5", "AVA", "Advanced methodical vulnerability analysis", 0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_component_of_a_level_is_in_the_table() {
        for level in Level::ALL {
            let known = |id: &str| COMPONENTS.iter().any(|component| component.id == id);
            match level.components() {
                Components::Exactly(these) => assert!(these.iter().all(|id| known(id)), "{}", level.name()),
                Components::OfCertificate(van) => assert!(known(van)),
            }
        }
    }

    #[test]
    fn sesip3_has_81_work_units() {
        let Components::Exactly(these) = Level::Sesip3.components() else { unreachable!() };
        let of = |id: &str| COMPONENTS.iter().find(|component| component.id == id).unwrap().work_units;
        assert_eq!(these.iter().map(|id| u32::from(of(id))).sum::<u32>(), 81);
        assert_eq!(COMPONENTS.iter().map(|component| u32::from(component.work_units)).sum::<u32>(), 81);
    }

    #[test]
    fn a_level_is_made_of_its_components_and_no_others() {
        let Components::Exactly(these) = Level::Sesip3.components() else { unreachable!() };
        assert!(Level::Sesip3.is_made_of(these));
        let mut turned = these.to_vec();
        turned.reverse();
        assert!(Level::Sesip3.is_made_of(&turned));
        assert!(!Level::Sesip3.is_made_of(&these[1..]), "one is missing");
        let mut more = these.to_vec();
        more.push("ATE_COV.1");
        assert!(!Level::Sesip3.is_made_of(&more), "augmented");
        let mut twice = these[1..].to_vec();
        twice.push(these[1]);
        assert!(!Level::Sesip3.is_made_of(&twice), "one is missing and another is named twice");
        assert!(!Level::Sesip2.is_made_of(these));
    }
}
