//! The developer's deliverables that are made and not written: the map of sources to requirements ([`trace`]), the
//! functional specification of the gate ([`specification`]), the SBOM ([`sbom`]) and the search for published
//! vulnerabilities over it ([`vulnerabilities`]).
//!
//! May use `cdd-gate`, which is the interface as a table and nothing of the device's inside, and `dtsec-model`; used by
//! the command line.

#![forbid(unsafe_code)]

pub mod annotation;
pub mod sbom;
pub mod sources;
pub mod specification;
pub mod trace;
pub mod vulnerabilities;
