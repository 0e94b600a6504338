//! Which image may start, and the controlled state when none may.
//!
//! [`boot`] is the whole decision: it reads the fuses, picks the best platform image that verifies and
//! the best application image that goes with it, loads both into the memory they run from, derives the
//! platform's secrets and fills in the [`Record`] that is handed over. It is generic over the
//! [`Machine`], so that the code that runs in the boot ROM is the code that the campaigns run on a host.
//!
//! Rules: no heap, no panic path, no unbounded loop; any content of the flash leads to a defined
//! outcome; what is verified is the copy that is executed, never the flash; every decision is doubled
//! (`cdd-hardening`).
//!
//! SFR: secure-initialization-of-platform. May use `hal`, `hardening`, `fuses`, `image`; used by the
//! boot firmware, and by `platform` for the record.

#![no_std]
#![forbid(unsafe_code)]

mod admit;
mod derive;
mod error;
mod machine;
mod record;
pub mod report;
mod select;

pub use error::Refusal;
pub use machine::{BootIdentity, Crypto, Layout, Machine, PartId, SlotId};
pub use record::{PartEntry, RECORD_MAGIC, Record, Secrets, State};

use cdd_fuses::{LifeCycle, Policy};
use cdd_hardening::launder;

/// Decides what starts. The record says what was decided and why; its state says what to do next:
/// jump to the loaded platform for [`State::Running`] and [`State::NoApplication`], stay for the others.
#[inline(never)]
pub fn boot<M: Machine, C: Crypto>(machine: &mut M, record: &mut Record) {
    record.start(machine.identity());
    let Ok(policy) = Policy::read(machine) else {
        return record.stop(State::Locked);
    };
    record.life_cycle = policy.life_cycle.map_or(u32::MAX, |state| state as u32);
    match launder(policy.life_cycle) {
        None | Some(LifeCycle::Decommissioned) => return record.stop(State::Locked),
        Some(LifeCycle::Assembly) => return record.stop(State::Unprovisioned),
        Some(LifeCycle::Provisioning | LifeCycle::Secured | LifeCycle::DebugAuthorised) => (),
    }

    let Some(platform) = select::best::<M, C>(machine, record, &policy, PartId::Platform, None) else {
        return record.stop(State::NoPlatform);
    };
    record.set_part(PartId::Platform, platform);
    match select::best::<M, C>(machine, record, &policy, PartId::Application, Some(&platform)) {
        Some(application) => {
            record.set_part(PartId::Application, application);
            record.set_state(State::Running);
        }
        None => record.set_state(State::NoApplication),
    }
    if derive::secrets::<M, C>(machine, record).is_err() {
        machine.wipe(PartId::Platform);
        machine.wipe(PartId::Application);
        record.stop(State::Locked);
    }
}
