//! The store on the strict flash model of `virtual`, cut at every word, attacked, measured.

#[allow(dead_code, unreachable_pub, reason = "taken in whole from the virtual device")]
#[path = "../../../../virtual/src/nor.rs"]
mod nor;
#[allow(dead_code, unreachable_pub, reason = "taken in whole from the virtual device")]
#[path = "../../../../virtual/src/tear.rs"]
mod tear;

mod attacks;
mod counter;
mod cuts;
mod figures;
mod harness;
mod planted;
mod purging;
mod random;
mod semantics;
