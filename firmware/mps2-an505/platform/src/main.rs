//! The Secure image of the MPS2+ AN505 board.
//!
//! Boot has verified it, loaded it to Secure RAM and jumped here. It sets up what the Non-secure world
//! may reach, reports, starts the application and from then on answers the gate (`gate`) and the faults
//! of the Non-secure side (`fault`).

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod fault;
#[cfg(target_os = "none")]
mod gate;
#[cfg(target_os = "none")]
mod start;

#[cfg(not(target_os = "none"))]
fn main() {}
