//! The platform: composes the services and answers the gate.
//!
//! [`Platform`] takes over from boot: it finishes what of the life cycle was begun, verifies what is stored, reports
//! what started, says whether the application may run, and answers every call of the gate ([`Platform::call`]) and
//! the commands on the management wire ([`Platform::serve`]). It is generic over the [`Board`], so that the Secure
//! image and the virtual device are the same code.
//!
//! May use the services and `boot`'s record; used by the Secure firmware and by `virtual`.
//!
//! SFR: secure-initialization-of-platform.

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

mod buffers;
mod dispatch;
mod fault;
mod identity;
mod log;
mod management;
mod services;

pub use buffers::{Buffers, MAX_INPUT, MAX_OUTPUT};
pub use dispatch::{Input, Output};
pub use fault::{Fault, History, MAX_CONSECUTIVE_FAULTS, MAX_FAULTS};
pub use log::Level;

use cdd_boot::report::{self, Context, Line};
use cdd_boot::{Record, State};
use cdd_crypto::selftest::TestState;
use cdd_crypto::{Random, RandomState, mac};
use cdd_hal::nor_flash::MultiwriteNorFlash;
use cdd_hal::{CallerMemory, Console, EntropySource, Fuses, MonotonicCounter};
use cdd_keystore::{Family, Keystore};
use core::ops::DerefMut;
use log::Log;
use management::Management;
use services::{Attestation, Storage};
use zeroize::Zeroize;

/// Records that trusted storage can hold.
pub const MAX_RECORDS: usize = 1024;
/// Readings that the readings log can hold.
pub const MAX_READINGS: usize = 2048;

/// What trusted storage knows in RAM of what lies in flash.
pub type Index = cdd_storage::Memory<MAX_RECORDS, MAX_READINGS>;

/// What the platform needs of the board.
pub trait Board {
    /// The management wire.
    type Console: Console;
    /// The fuses.
    type Fuses: Fuses;
    /// The flash of trusted storage.
    type Flash: MultiwriteNorFlash;
    /// The counter outside the flash.
    type Counter: MonotonicCounter;
    /// Where the index lies: large, so it is put somewhere once and never moved.
    type Index: DerefMut<Target = Index>;
    /// Where the buffers lie.
    type Buffers: DerefMut<Target = Buffers>;

    /// The management wire.
    fn console(&mut self) -> &mut Self::Console;
    /// The fuses.
    fn fuses(&mut self) -> &mut Self::Fuses;
    /// Keeps the count of faults over a reset, not over loss of power.
    fn keep_fault_count(&mut self, count: u32);
    /// Erases both slots of the application. The one that runs may run from a copy.
    fn erase_application(&mut self) -> Result<(), cdd_lifecycle::EraseError>;
}

/// What the platform takes over.
pub struct Hardware<B: Board, S: EntropySource> {
    /// The board.
    pub board: B,
    /// The noise source.
    pub source: S,
    /// The flash of trusted storage.
    pub flash: B::Flash,
    /// The counter outside the flash.
    pub counter: B::Counter,
    /// Where the index of trusted storage lies.
    pub index: B::Index,
    /// Where the bytes of a call lie.
    pub buffers: B::Buffers,
}

type StorageOf<B> = cdd_storage::Store<<B as Board>::Flash, <B as Board>::Counter, <B as Board>::Index>;

/// The platform.
pub struct Platform<B: Board, S: EntropySource> {
    board: B,
    record: Record,
    random: Random<S>,
    keystore: Keystore,
    storage: Storage<B>,
    attestation: Attestation,
    buffers: B::Buffers,
    log: Log,
    faults: History,
    held_back: Option<HeldBack>,
    factory_resets: u32,
    management: Management,
    /// What people outside were told last.
    told: Health,
    wants_reset: bool,
}

/// Why the application does not run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HeldBack {
    /// There is none that boot would start.
    NoImage,
    /// It ended in a fault time after time.
    RepeatedFaults,
    /// Something of the life cycle was begun and could not be finished.
    Unsettled,
}

impl HeldBack {
    /// The stable name used in reports.
    const fn name(self) -> &'static str {
        match self {
            HeldBack::NoImage => "no-image",
            HeldBack::RepeatedFaults => "repeated-faults",
            HeldBack::Unsettled => "life-cycle",
        }
    }
}

/// What may change at any time, and people outside want to know of.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Health {
    random: RandomState,
    storage: Option<cdd_storage::Error>,
    failed_test: Option<Family>,
}

impl<B: Board, S: EntropySource> Platform<B, S> {
    /// Takes over from boot, with all that is to be done ([`Platform::take_over`]).
    pub fn start(hardware: Hardware<B, S>, record: Record, faults: History) -> Self {
        let mut platform = Platform::new(hardware, record, faults);
        platform.take_over();
        platform
    }

    /// Takes over from boot. `faults` is what is known of runs before this one. Nothing is done before
    /// [`Platform::take_over`].
    #[inline(always)] // Large: to be made where it stays.
    pub fn new(hardware: Hardware<B, S>, mut record: Record, faults: History) -> Self {
        let Hardware { board, source, flash, counter, index, buffers } = hardware;
        let secrets = record.take_secrets();
        let mut personalization = [0u8; 32];
        personalization.copy_from_slice(&*mac::hmac_sha256(&secrets.seal, &[b"cdd random"]));
        let random = Random::new(source, personalization);
        personalization.zeroize();

        let held_back = match record.state() {
            State::Running if faults.is_too_much() => Some(HeldBack::RepeatedFaults),
            State::NoApplication => Some(HeldBack::NoImage),
            _ => None,
        };
        Platform {
            board,
            record,
            random,
            keystore: Keystore::new(&secrets.seal),
            storage: Storage::new(cdd_storage::Store::new(flash, counter, index, &secrets.seal)),
            attestation: Attestation::new(&secrets.attest),
            buffers,
            log: Log::new(),
            faults,
            held_back,
            factory_resets: 0,
            management: Management::new(),
            told: Health { random: RandomState::NotStarted, storage: None, failed_test: None },
            wants_reset: false,
        }
    }

    /// Carries out what of the life cycle was begun, verifies what is stored and prints the boot report. Afterwards
    /// [`Platform::wants_reset`] and [`Platform::may_start_application`] say what to do next.
    pub fn take_over(&mut self) {
        #[cfg(feature = "planted-failed-self-test")]
        self.plant_failed_self_test(Family::Ccm);
        self.settle();
        if self.wants_reset {
            // Decommissioned: the next report is boot's.
            return;
        }
        self.report();
        if let Some(fault) = &self.faults.last {
            self.log.add(Level::Error, fault.name().as_bytes());
        }
    }

    /// Whether the application was verified and may run.
    pub fn may_start_application(&self) -> bool {
        self.state() == State::Running && !self.wants_reset
    }

    /// Makes the self-test of this family fail when it runs, as a defective implementation would.
    #[cfg(feature = "plant")]
    pub fn plant_failed_self_test(&mut self, family: Family) {
        self.keystore.self_tests().plant_failure(family);
    }

    /// The state of the device, as boot left it and the platform found it.
    fn state(&self) -> State {
        if self.held_back.is_some() { State::NoApplication } else { self.record.state() }
    }

    /// Whether the device must be reset now: something of the life cycle was begun or finished.
    pub fn wants_reset(&self) -> bool {
        self.wants_reset
    }

    /// The board.
    pub fn board(&mut self) -> &mut B {
        &mut self.board
    }

    /// Answers call `number` of the gate with the frame at `frame` in the caller's memory.
    pub fn call<M: CallerMemory>(&mut self, memory: &mut M, number: u32, frame: u32) -> i32 {
        let status = dispatch::dispatch(self, memory, number, frame);
        if !cfg!(feature = "planted-forget-purge") {
            self.buffers.wipe();
        }
        self.report_health();
        status.code()
    }

    fn health(&mut self) -> Health {
        let tests = self.keystore.self_tests();
        let failed = |family: &&Family| tests.state(**family) == TestState::Failed;
        Health {
            random: self.random.state(),
            storage: self.storage.fault(),
            failed_test: Family::ALL.iter().rev().find(failed).copied(),
        }
    }

    /// One event, and one entry in the log, for what is not as it was told last.
    fn report_health(&mut self) {
        let now = self.health();
        if now == self.told {
            return;
        }
        let before = core::mem::replace(&mut self.told, now);
        if now.random != before.random {
            let name = match now.random {
                RandomState::NotStarted => "not-started",
                RandomState::Ready => "ready",
                RandomState::Failed(fault) => {
                    self.log.add(Level::Error, fault.name().as_bytes());
                    fault.name()
                }
            };
            Line::start(self.board.console()).text("event", "random").text("state", name).end();
        }
        if let Some(error) = now.storage.filter(|_| now.storage != before.storage) {
            self.log.add(Level::Error, b"storage-verification");
            let mut line = Line::start(self.board.console());
            line.text("event", "storage").text("error", error.name()).end();
        }
        if let Some(family) = now.failed_test.filter(|_| now.failed_test != before.failed_test) {
            self.log.add(Level::Error, b"self-test");
            let mut line = Line::start(self.board.console());
            line.text("event", "self-test").text("failed", family.name()).end();
        }
    }

    fn report(&mut self) {
        let reason = self.held_back.map(HeldBack::name);
        let context = Context { by: "platform", state: self.state(), reason };
        // The console and the fuses belong to the same board, so the fuses are read beforehand.
        let mut fuses = identity::cached(self.board.fuses());
        report::write(self.board.console(), &mut fuses, &self.record, &context);
        if let Some(fault) = &self.faults.last {
            fault.report(self.board.console(), self.faults.in_a_row);
        }
        self.report_services();
        report::finish(self.board.console(), context.state);
    }
}
