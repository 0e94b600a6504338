//! The work units, as data: `data/work-units.json`.

use serde::Deserialize;
use std::sync::LazyLock;

/// A work unit of the evaluator.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WorkUnit {
    /// Component and number: `AVA_VAN.3-4`.
    pub id: String,
    /// What the evaluator is to do.
    pub task: String,
    /// What a person must do where evidence does not settle it.
    pub person: String,
    /// Who must resolve it where it fails.
    pub resolver: String,
}

impl WorkUnit {
    /// The component: `AVA_VAN.3`.
    pub fn component(&self) -> &str {
        component_of(&self.id)
    }
}

/// The component that a work unit's id names.
pub fn component_of(id: &str) -> &str {
    id.rsplit_once('-').map_or(id, |(component, _)| component)
}

static UNITS: LazyLock<Vec<WorkUnit>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../data/work-units.json")).unwrap_or_else(|error| {
        // Part of this program, and its tests read it.
        panic!("the built-in work units: {error}")
    })
});

/// All 81 of SESIP3, in the order of the components.
pub fn all() -> &'static [WorkUnit] {
    &UNITS
}

/// The unit of this id.
pub fn unit(id: &str) -> Option<&'static WorkUnit> {
    all().iter().find(|unit| unit.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dtsec_model::assurance::COMPONENTS;

    #[test]
    fn every_component_has_as_many_units_as_the_model_says_numbered_from_1() {
        for component in COMPONENTS {
            let of: Vec<&str> =
                all().iter().filter(|unit| unit.component() == component.id).map(|unit| &*unit.id).collect();
            let expected: Vec<String> =
                (1..=component.work_units).map(|number| format!("{}-{number}", component.id)).collect();
            assert_eq!(of, expected, "{}", component.id);
        }
        assert_eq!(all().len(), 81);
    }

    #[test]
    fn every_unit_says_what_to_see_and_what_a_person_does() {
        for unit in all() {
            for text in [&unit.task, &unit.person] {
                assert!(text.len() > 15 && text.ends_with(['.', '?']), "{}: {text}", unit.id);
            }
            assert!(["developer", "evaluator"].contains(&&*unit.resolver), "{}", unit.id);
        }
    }
}
