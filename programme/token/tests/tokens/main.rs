//! Tokens made by `coset` and `ciborium`, as they should be and otherwise.

#![forbid(unsafe_code)]

mod claims;
mod hostile;
mod support;
