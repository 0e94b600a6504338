//! From tokens to verdicts: what is affirmed, and every way in which it is not.

#![forbid(unsafe_code)]

#[allow(dead_code, reason = "the tests that it belongs to use more of it")]
#[path = "../../../../device/attest/tests/attest/support.rs"]
mod device;
#[allow(dead_code, reason = "the tests that it belongs to use more of it")]
#[path = "../../../token/tests/tokens/support.rs"]
mod made;

mod chains;
mod challenges;
mod findings;
mod hostile;
mod listed;
mod near;
mod properties;
mod results;
mod support;
mod vectors;
