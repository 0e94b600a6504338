//! The platform: composes the services and answers the gate.
//!
//! [`Platform`] takes over from boot: it reports what started, says whether the application may run,
//! answers every call of the gate ([`Platform::call`]) and, where no application runs, the questions on
//! the management wire ([`Platform::serve`]). It is generic over the [`Board`], so that the Secure image
//! and the virtual device are the same code.
//!
//! May use the services and `boot`'s record; used by the Secure firmware and by `virtual`.

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

mod console;
mod dispatch;
mod fault;
mod identity;
mod log;
mod services;

pub use console::LineReader;
pub use dispatch::{Input, Output};
pub use fault::{Fault, History, MAX_CONSECUTIVE_FAULTS, MAX_FAULTS};
pub use log::Level;

use cdd_boot::report::{self, Context, Line};
use cdd_boot::{Record, State};
use cdd_crypto::{Random, mac};
use cdd_hal::{CallerMemory, Console, EntropySource, Fuses};
use log::Log;
use zeroize::Zeroize;

/// What the platform needs of the board.
pub trait Board {
    /// The management wire.
    type Console: Console;
    /// The fuses.
    type Fuses: Fuses;

    /// The management wire.
    fn console(&mut self) -> &mut Self::Console;
    /// The fuses.
    fn fuses(&mut self) -> &mut Self::Fuses;
    /// Keeps the count of faults over a reset, not over loss of power.
    fn keep_fault_count(&mut self, count: u32);
}

/// The platform.
pub struct Platform<B: Board, S: EntropySource> {
    board: B,
    record: Record,
    random: Random<S>,
    log: Log,
    faults: History,
    state: State,
    reason: Option<&'static str>,
}

impl<B: Board, S: EntropySource> Platform<B, S> {
    /// Takes over from boot. `faults` is what is known of runs before this one.
    ///
    /// Prints the boot report. Afterwards [`Platform::may_start_application`] says what to do next.
    pub fn start(board: B, mut record: Record, source: S, faults: History) -> Self {
        // What no service uses yet is not kept: the secrets end with this function.
        let secrets = record.take_secrets();
        let mut personalization = [0u8; 32];
        personalization.copy_from_slice(&*mac::hmac_sha256(&secrets.seal, &[b"cdd random"]));
        let random = Random::new(source, personalization);
        personalization.zeroize();

        let (state, reason) = match record.state() {
            State::Running if faults.is_too_much() => (State::NoApplication, Some("repeated-faults")),
            State::NoApplication => (State::NoApplication, Some("no-image")),
            state => (state, None),
        };
        let mut platform = Platform { board, record, random, log: Log::new(), faults, state, reason };
        platform.report();
        if let Some(fault) = &platform.faults.last {
            platform.log.add(Level::Error, fault.name().as_bytes());
        }
        platform
    }

    /// Whether the application was verified and may run.
    pub fn may_start_application(&self) -> bool {
        self.state == State::Running && self.record.state() == State::Running
    }

    /// The board.
    pub fn board(&mut self) -> &mut B {
        &mut self.board
    }

    /// Answers call `number` of the gate with the frame at `frame` in the caller's memory.
    pub fn call<M: CallerMemory>(&mut self, memory: &mut M, number: u32, frame: u32) -> i32 {
        dispatch::dispatch(self, memory, number, frame).code()
    }

    /// Answers one line on the management wire, for a device that runs no application.
    pub fn serve(&mut self, line: &[u8]) {
        match line {
            b"report" => self.report(),
            b"" => (),
            _ => Line::start(self.board.console()).text("error", "unknown-command").end(),
        }
    }

    fn report(&mut self) {
        let context = Context { by: "platform", state: self.state, reason: self.reason };
        // The console and the fuses belong to the same board, so the fuses are read beforehand.
        let mut fuses = identity::cached(self.board.fuses());
        report::write(self.board.console(), &mut fuses, &self.record, &context);
        if let Some(fault) = &self.faults.last {
            fault.report(self.board.console(), self.faults.in_a_row);
        }
        report::finish(self.board.console(), self.state);
    }
}
