//! The platform as a host process on a strict flash model.
//!
//! The same boot code, platform and application logic as on the board, with models for what is hardware
//! there: flash ([`Nor`]), fuses and counter ([`FuseDevice`]), Non-secure memory ([`Arena`]), wires
//! ([`wire`]). For fast tests and campaigns, and to develop services on before they meet a board.
//!
//! What it is not: there is one address space and one privilege here. Isolation is what the emulated
//! board is for; of the border between the worlds this process has only the gate, with its checks of
//! every range.
//!
//! May use `device/*` and the application's library; used by the `cdd-virtual` binary and by tests.

#![deny(unsafe_code)]

pub mod batch;
mod board;
mod counter;
mod crypto;
mod device;
mod entropy;
pub mod fds;
mod fuses;
mod gate;
mod machine;
mod nor;
mod process;
mod region;
mod shared;
mod tear;
pub mod wire;

pub use board::{Board, Place};
pub use counter::{CounterCells, StorageCounter};
pub use crypto::{AcceptAnySignature, HostCrypto};
pub use device::{Device, own_measurement};
pub use entropy::Entropy;
pub use fuses::{FuseDevice, FuseFault};
pub use gate::{ARENA_BASE, ARENA_BYTES, Arena, Gate};
pub use machine::VirtualMachine;
pub use nor::{Nor, NorError, SECTOR_BYTES, Statistics, WORD_BYTES};
pub use process::{VirtualBoard, Wires, run};
pub use region::Region;
pub use shared::SharedNor;
