//! The server from outside: requests go in, answers and the log come out.

#[path = "../../../registry/tests/support/mod.rs"]
mod fixtures;
#[path = "../shared/programme.rs"]
mod programme;
mod site;

mod access;
mod exchange;
mod first_use;
mod foreign;
mod forms;
mod input;
mod pages;
mod pages_life;
mod passkeys;
mod provider;
mod registry;
mod routes;
