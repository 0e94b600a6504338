//! The pages in a real browser: the server on a port, a headless Chromium, and a person who clicks and types.

mod access;
mod driver;
mod first_use;
#[path = "../../../registry/tests/support/mod.rs"]
mod fixtures;
mod house;
mod life;
mod look;
mod papers;
#[path = "../shared/programme.rs"]
mod programme;
mod unlucky;
