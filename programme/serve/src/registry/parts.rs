//! A part of the programme as an aggregate of the store, and back.

use super::Failure;
use dtsec_registry::domain::{Programme, Ref};
use dtsec_store::Key;
use serde_json::Value;

macro_rules! parts {
    ($($part:ident $kind:literal $field:ident;)*) => {
        /// The kinds of parts: the first half of a key.
        pub const KINDS: &[&str] = &[$($kind),*];

        /// The key under which a part is kept.
        pub fn key(part: &Ref) -> Key {
            match part { $(Ref::$part(id) => Key::new($kind, id.as_str()),)* }
        }

        /// The part of a key; none for a kind that is no part of the programme, or an id that is none.
        pub fn part(kind: &str, id: &str) -> Option<Ref> {
            match kind { $($kind => id.parse().ok().map(Ref::$part),)* _ => None }
        }

        /// Puts a part into the programme as it is kept. What was kept as nothing is not there any more.
        ///
        /// # Errors
        /// [`Failure::Damaged`] for what is no such part.
        pub fn insert(programme: &mut Programme, part: &Ref, state: Option<&Value>) -> Result<(), Failure> {
            let Some(state) = state.filter(|state| !state.is_null()) else {
                programme.absent.insert(part.clone());
                return Ok(());
            };
            let damaged = |problem: serde_json::Error| Failure::Damaged {
                what: key(part).to_string(),
                problem: problem.to_string(),
            };
            match part {
                $(Ref::$part(id) => {
                    let read = serde::Deserialize::deserialize(state).map_err(damaged)?;
                    programme.$field.insert(id.clone(), read);
                })*
            }
            Ok(())
        }

        /// A part as it is to be kept: nothing for one that is gone.
        pub(super) fn state(programme: &Programme, part: &Ref) -> Result<Value, serde_json::Error> {
            match part { $(Ref::$part(id) => serde_json::to_value(programme.$field.get(id)),)* }
        }
    };
}

parts! {
    Proposal "proposal" proposals;
    Class "class" classes;
    Pp "pp" pps;
    St "st" sts;
    Lab "lab" labs;
    Evaluation "evaluation" evaluations;
    Entry "entry" entries;
    Certificate "certificate" certificates;
    Component "component" components;
    Request "request" requests;
    Vulnerability "vulnerability" vulnerabilities;
    Audit "audit" audits;
    Agreement "agreement" agreements;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_the_part_s_own_name_and_leads_back_to_it() {
        for kind in KINDS {
            let part = part(kind, "a.b-c_1").expect("a part of each kind");
            assert_eq!(key(&part), Key::new(*kind, "a.b-c_1"));
            assert_eq!(serde_json::to_value(&part).unwrap()["part"], *kind);
        }
        assert_eq!(part("person", "ann"), None);
        assert_eq!(super::part("pp", "not an id"), None);
    }

    #[test]
    fn what_was_kept_as_nothing_is_absent() {
        let mut programme = Programme::partial();
        let part = part("proposal", "p").unwrap();
        insert(&mut programme, &part, Some(&Value::Null)).unwrap();
        assert!(!programme.has(&part) && programme.absent.contains(&part));
    }
}
