//! The programme's rules as pure state machines: no I/O, no clock, no randomness.
//!
//! [`decide`] takes what is, who asks, what is asked, why and when, and answers with events or a [`Refusal`]; [`apply`]
//! takes what is and an event, and answers with what is then.

mod actor;
pub mod agreement;
mod apply;
pub mod audit;
mod command;
mod decide;
pub mod draw;
pub mod entry;
pub mod evaluation;
mod event;
mod ids;
pub mod lab;
pub mod maintenance;
#[cfg(test)]
mod model_check;
pub mod pp;
mod programme;
mod read;
mod refusal;
mod rules;
pub mod st;
pub mod vulnerability;

pub use actor::{Actor, Role};
pub use apply::{ReplayError, apply, apply_all};
pub use command::{Command, Decision};
pub use decide::{authorise, decide};
pub use event::{Change, Event};
pub use ids::*;
pub use programme::{Programme, Proposal, Ref};
pub use read::{Confidential, may_read};
pub use refusal::Refusal;
pub use rules::{Binds, Force, RULES, Row, Rule};
