//! Immutable boot code of the MPS2+ AN505 board.
//!
//! Runs from the boot ROM after every reset: decides what starts (`cdd-boot`), then hides itself and
//! the device secret, wipes its memory and jumps to the platform. When nothing may start, it stays and
//! answers on the management wire.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod crypto;
#[cfg(target_os = "none")]
mod leave;
#[cfg(target_os = "none")]
mod machine;
#[cfg(target_os = "none")]
mod mpu;
#[cfg(target_os = "none")]
mod start;

#[cfg(not(target_os = "none"))]
fn main() {}
