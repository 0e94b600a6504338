//! The published list, endorsements in bulk, and CoRIM.

#![forbid(unsafe_code)]

mod batches;
mod corim;
mod enrolment;
mod fingerprints;
mod lists;
mod made;
