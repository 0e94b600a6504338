//! What pages and API have in common: state, the guard in front of every route, answers to what was not done.

pub mod extract;
pub mod guard;
pub mod problem;
pub mod router;
pub mod state;

pub use extract::{Body, Form, Json, PathOf, QueryOf};
pub use problem::{Problem, WebError};
pub use state::App;
