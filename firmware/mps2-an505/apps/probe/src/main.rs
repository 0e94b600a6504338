//! The probe on the board: its commands over memory and instructions, and its wires.
//!
//! It can read, write, jump and call wherever it likes, with Non-secure rights.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod attack;
#[cfg(target_os = "none")]
mod start;

#[cfg(not(target_os = "none"))]
fn main() {}
