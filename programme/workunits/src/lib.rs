//! The work of an evaluator at SESIP3, unit by unit: what evidence can propose, and what only a person can tell.
//!
//! [`units`] holds the 81 work units as data (numbering of CEM v3.1; ADV_IMP.3 by analogy; wording ours). [`propose()`]
//! takes what there is – Security Target, conformance findings, evidence, documents, functional specification, map of
//! the sources, independent tests, vulnerability analysis – and gives each unit a proposed verdict with rationale and
//! evidence, or says what a person must do. A verdict is the evaluator's: [`Decisions`] holds them, each bound to the
//! digest of what it decided on. [`assemble()`] makes the Evaluation Technical Report, and [`gaps`] says what it still
//! lacks.
//!
//! [`independent`] draws the tests of ATE_IND.1 from a committed seed; [`vulnerability`] computes what is exploitable
//! and what is residual.
//!
//! Uses `dtsec-model` and `dtsec-evidence`; used by `dtsec work-units`, `dtsec independent-tests` and
//! `dtsec attack-potential`.

#![forbid(unsafe_code)]

mod assemble;
mod decisions;
pub mod independent;
mod inputs;
mod judge;
mod observation;
mod propose;
pub mod units;
pub mod vulnerability;

pub use assemble::{AssembleError, Frame, Gap, assemble, by_component, evidence_listed, gaps, verdict};
pub use decisions::{Applied, DecisionError, Decisions, DecisionsKind, Entry, Stale, digest_of};
pub use inputs::{Conformance, DocumentPresent, Finding, InputError, Inputs, Severity, SignedBundle};
pub use observation::observations;
pub use propose::{Counts, counts, propose};
