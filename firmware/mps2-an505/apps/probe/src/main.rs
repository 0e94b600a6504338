//! The hostile application of the evaluation: does to the platform what it is told to on its console.
//!
//! It is signed and started like any application, so it stands for one that an attacker has taken over:
//! it can read, write, jump and call wherever it likes, with Non-secure rights. What it understands is
//! laid down in `docs/wires.md`. It is no part of the product.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod attack;
#[cfg(target_os = "none")]
mod console;
#[cfg(target_os = "none")]
mod start;

#[cfg(not(target_os = "none"))]
fn main() {}
