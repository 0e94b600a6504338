//! The key store from outside: its owners, policies and operations, and what it leaves behind.

mod aead;
mod common;
mod hostile;
mod invariants;
mod keys;
mod operations;
mod policies;
mod residue;
