//! The store from outside, on both databases.

mod access;
mod commit;
mod crash;
mod documents;
mod dump;
mod lists;
mod outbox;
mod plans;
mod rebuild;
mod support;
mod tampering;
