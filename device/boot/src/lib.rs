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
pub use record::{CLEARANCE, PartEntry, RECORD_MAGIC, Record, Secrets, State};

use cdd_fuses::{LifeCycle, Policy};
use cdd_hardening::{Flow, launder};
use record::step;

/// Decides what starts. The record says what was decided and why. Only a record that
/// [may be left with](Record::may_leave) allows the jump to the loaded platform; with any other, boot stays.
/// Afterwards nobody can read the device secret until the next reset.
#[inline(never)]
pub fn boot<M: Machine, C: Crypto>(machine: &mut M, record: &mut Record) {
    let mut flow = Flow::start();
    record.start(machine.identity());
    machine.clear();
    flow.step(step::CLEARED);
    if let Err(state) = decide::<M, C>(machine, record, &mut flow) {
        machine.wipe(PartId::Platform);
        machine.wipe(PartId::Application);
        record.stop(state);
    }
    machine.forget();
    record.clear_for_start(flow);
}

/// The decision; an error is the state in which boot stays.
fn decide<M: Machine, C: Crypto>(machine: &mut M, record: &mut Record, flow: &mut Flow) -> Result<(), State> {
    let policy = Policy::read(machine).map_err(|_| State::Locked)?;
    record.life_cycle = policy.life_cycle.map_or(u32::MAX, |state| state as u32);
    starts(&policy)?;
    flow.step(step::LIFE_CYCLE);

    let platform = select::best::<M, C>(machine, record, &policy, PartId::Platform, None);
    let platform = platform.ok_or(State::NoPlatform)?;
    record.set_part(PartId::Platform, platform);
    flow.step(step::PLATFORM);

    match select::best::<M, C>(machine, record, &policy, PartId::Application, Some(&platform)) {
        Some(application) => {
            record.set_part(PartId::Application, application);
            record.set_state(State::Running);
        }
        None => record.set_state(State::NoApplication),
    }
    derive::secrets::<M, C>(machine, record).map_err(|_| State::Locked)?;
    flow.step(step::SECRETS);

    // Once more, from the fuses: one wrong turn at the first look must not be enough.
    let again = Policy::read(machine).map_err(|_| State::Locked)?;
    starts(&again)?;
    if launder(again) != policy {
        return Err(State::Locked);
    }
    flow.step(step::CONFIRMED);
    Ok(())
}

/// Whether anything may start in this life-cycle state.
#[inline(never)]
fn starts(policy: &Policy) -> Result<(), State> {
    match launder(policy.life_cycle) {
        Some(LifeCycle::Provisioning | LifeCycle::Secured | LifeCycle::DebugAuthorised) => Ok(()),
        Some(LifeCycle::Assembly) => Err(State::Unprovisioned),
        Some(LifeCycle::Decommissioned) | None => Err(State::Locked),
    }
}
