//! A device as the outside sees it: its files, its wires, its power switch.
//!
//! - [`Board`] says what a target looks like (flash, slots, files), read from its `board.json`.
//! - [`Device`] is one device: a folder with its flash, its fuses and its factory data. [`Provisioning`] is
//!   what is burnt when it is made.
//! - [`Device::power_on`] gives a [`Session`]: boot [`Report`]s, the four [`Wire`]s, questions to the
//!   application. Dropping it cuts the power.
//! - [`Batch`] starts a virtual device thousands of times with damaged flash or fuses.
//!
//! What is said on the wires is the contract in `docs/wires.md`; nothing here knows more of a device than
//! that page and the fuse map (`cdd-fuses`). The evaluation (`dtsec-evaluate`) and `dtsec device` use this
//! crate; it may use `cdd-fuses` and nothing else of the device side.
//!
//! ```no_run
//! use dtsec_target::{Board, Device, Firmware, Power, Provisioning};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let board = Board::mps2_an505();
//! let device = Device::create("/tmp/one".as_ref(), &board, &Provisioning::blank())?;
//! let firmware = Firmware::new("target/firmware/mps2-an505", &board);
//! let mut session = device.power_on(&Power::new(&firmware.dir))?;
//! println!("{}", session.report()?.state);
//! # Ok(()) }
//! ```

mod batch;
mod board;
mod device;
mod error;
mod fuses;
mod launch;
mod power;
mod provisioning;
mod pump;
mod report;
mod session;
mod wire;

pub use batch::{Batch, BatchOutcome, Patch};
pub use board::{Board, Firmware, Flash, Kind, PartLayout, Slot};
pub use device::Device;
pub use error::{DeviceError, SessionError};
pub use fuses::{Burn, FuseImage, MAX_FACTORY_RESETS};
pub use power::{Entropy, Power};
pub use provisioning::{Provisioning, SecretFlaw};
pub use report::{Event, Fault, Parsed, PartIdentity, Report, ReportParser, Services, SlotResult};
pub use session::{Answer, ProbeAnswer, Refusal, Session, Transaction, sensor_line};
pub use wire::{Wire, WireName};

/// What the fuse map means; shared with the device.
pub use cdd_fuses::{LifeCycle, Policy, PublicKey, Role};
