//! The MPS2+ AN505 board (Cortex-M33 with TrustZone-M): memory map and drivers.
//!
//! Every register address and every `unsafe` access to the board's hardware is here. Used by the boot
//! code, the platform image and the applications; [`map`] also by the host's tests.

#![no_std]

pub mod map;

#[cfg(target_os = "none")]
mod register;

#[cfg(target_os = "none")]
pub mod caller;
#[cfg(target_os = "none")]
pub mod copy;
#[cfg(target_os = "none")]
pub mod counter;
#[cfg(target_os = "none")]
mod eeprom;
#[cfg(target_os = "none")]
pub mod entropy;
#[cfg(target_os = "none")]
pub mod flash;
#[cfg(target_os = "none")]
pub mod fuses;
#[cfg(target_os = "none")]
pub mod mpc;
#[cfg(target_os = "none")]
pub mod system;
#[cfg(target_os = "none")]
pub mod uart;
#[cfg(target_os = "none")]
pub mod vectors;
