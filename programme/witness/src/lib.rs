//! A witness of a log over HTTP (C2SP `tlog-witness`): the service, and who asks it.
//!
//! | `POST /add-checkpoint` | Answer |
//! |---|---|
//! | it continues what the witness remembers | 200, the signature |
//! | no submission, or a proof from more than there is | 400 |
//! | the log's signature is missing or wrong | 403 |
//! | another log | 404 |
//! | the proof begins elsewhere, or the same size has another root | 409, the size that it remembers |
//! | the proof does not hold | 422 |
//!
//! The witness has one file that says what it saw last; it is written before a signature is given away. Several processes
//! may share it: between looking and remembering, one of them is alone.
//!
//! May use `log` and `publish`. Used by `cli`.

#![forbid(unsafe_code)]

mod ask;
mod service;

pub use ask::HttpWitness;
pub use service::Service;
