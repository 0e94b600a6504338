//! Fault-injection campaigns on the real images of the board.
//!
//! An interpreter of the Cortex-M33 ([`isa`], [`cpu`]) runs the boot code or the platform exactly as it was built,
//! once without a fault, and then once more for each fault: an instruction skipped, a bit flipped, a branch inverted.
//! A run whose outcome must be *refused* and is not is an **acceptance**: a finding, named by address, symbol and line.
//!
//! What this says and what it does not: `docs/fault-campaigns.md`. The interpreter is held against QEMU, register by
//! register, by a test.
//!
//! May use `dtsec-target` and `cdd-image` (the fuses and the image format) and `dtsec-model` (evidence); knows of the firmware only its ELF files
//! and of the board only [`board`]. Used by `dtsec fault`.

#![forbid(unsafe_code)]

pub mod board;
mod campaign;
pub mod cpu;
mod devices;
mod error;
mod evidence;
mod fault;
mod golden;
pub mod isa;
mod list;
mod memory;
mod prepared;
mod program;
mod record;
mod scenario;

pub use campaign::{Campaign, Ready, walk};
pub use error::Error;
pub use fault::{Fault, Model};
pub use prepared::{Images, Outcome};
pub use program::{Names, Program};
pub use record::{Acceptance, Counts, Identity, Provenance, Record, RecordKind, Shard, Summary, merge};
pub use scenario::{Content, Scenario, Target};
