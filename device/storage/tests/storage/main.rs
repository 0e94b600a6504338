//! The store on the strict flash model of `virtual`, cut at every word, attacked, measured.
//!
//! The model is taken in as a file: a dev-dependency on `cdd-virtual` would be a circle through the platform, and there
//! the model would be compiled without the optimisation that these tests have.

#[expect(dead_code, unreachable_pub, reason = "its other half keeps a virtual device's flash in a file")]
#[path = "../../../../virtual/src/nor.rs"]
mod nor;
#[path = "../../../../virtual/src/tear.rs"]
mod tear;

mod attacks;
mod counter;
mod cuts;
mod figures;
mod harness;
mod hostile;
mod invariants;
mod live;
mod planted;
mod purging;
mod random;
mod semantics;
