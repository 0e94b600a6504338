//! The table of rules, chapter by chapter; each row stands beside the function that looks.

mod assurance;
mod composition;
mod cryptography;
mod documents;
mod form;
mod identification;
mod life_cycle;
mod notes;
mod objectives;
mod operations;
mod requirements;
mod threats;
mod use_case;

use crate::rule::Rule;

/// All tables.
pub(crate) const TABLES: &[&[Rule]] = &[
    form::RULES,
    identification::RULES,
    documents::RULES,
    use_case::RULES,
    life_cycle::RULES,
    threats::RULES,
    objectives::RULES,
    assurance::RULES,
    requirements::RULES,
    operations::RULES,
    cryptography::RULES,
    notes::RULES,
    composition::RULES,
];
