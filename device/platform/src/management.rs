//! The commands on the management wire: the way in that needs no application.
//!
//! SFR: verification-of-platform-identity, verification-of-platform-instance-identity,
//! attestation-of-platform-genuineness, attestation-of-application-genuineness,
//! factory-reset-of-platform, decommission-of-platform.

use crate::{Board, Platform};
use cdd_boot::report::Line;
use cdd_console::{Received, unhex};
use cdd_gate::Status;
use cdd_hal::EntropySource;
use cdd_lifecycle::Transaction;

/// Longest line; of a longer one nothing counts.
const MAX_LINE: usize = 160;

/// What has come on the wire and is not done yet.
pub(crate) struct Management {
    line: cdd_console::Line<MAX_LINE>,
    /// What must be confirmed, and by which code.
    asked: Option<(Transaction, u32)>,
    /// Codes given out, for when there is no random.
    codes: u32,
}

impl Management {
    pub(crate) const fn new() -> Management {
        Management { line: cdd_console::Line::new(), asked: None, codes: 0 }
    }
}

impl<B: Board, S: EntropySource> Platform<B, S> {
    /// Takes a byte of the management wire, and carries out the line that it completes.
    pub fn receive(&mut self, byte: u8) {
        let mut command = [0u8; MAX_LINE];
        let len = match self.management.line.push(byte) {
            Received::Nothing => return,
            Received::TooLong => return self.refuse("unknown-command"),
            Received::Line(line) => {
                command.iter_mut().zip(&*line).for_each(|(to, from)| *to = *from);
                line.len()
            }
        };
        self.serve(command.get_mut(..len).unwrap_or_default());
    }

    fn serve(&mut self, line: &mut [u8]) {
        let (command, argument) =
            line.split_at_mut(line.iter().position(|byte| *byte == b' ').unwrap_or(line.len()));
        let argument = argument.get_mut(1..).unwrap_or_default();
        match (&*command, argument.is_empty()) {
            (b"report", true) => self.report(),
            (b"services", true) => self.report_services(),
            (b"token", _) => self.answer_token(argument),
            (b"attestation-key", true) => match self.attestation_key() {
                Ok(key) => Line::start(self.board.console()).key("attestation-key").hex(&key).end(),
                Err(status) => self.refuse(status.name()),
            },
            (b"factory-reset", true) => self.ask(Transaction::FactoryReset),
            (b"decommission", true) => self.ask(Transaction::Decommission),
            (b"confirm", _) => self.confirm(argument),
            _ => self.refuse("unknown-command"),
        }
        self.buffers.wipe();
        self.report_health();
    }

    fn refuse(&mut self, why: &str) {
        Line::start(self.board.console()).text("error", why).end();
    }

    fn answer_token(&mut self, challenge: &mut [u8]) {
        let Some(nonce) = unhex(challenge) else {
            return self.refuse(Status::InvalidArgument.name());
        };
        let shown = self.management_token(nonce, |board, token| {
            Line::start(board.console()).key("token").hex(token).end();
        });
        if let Err(status) = shown {
            self.refuse(status.name());
        }
    }

    /// Asks back before anything is destroyed: the code must be repeated.
    fn ask(&mut self, transaction: Transaction) {
        let mut code = [0u8; 4];
        if self.random.fill(&mut code).is_err() {
            // It guards against accidents, not against attackers: a number that was not given before will do.
            self.management.codes = self.management.codes.wrapping_add(1);
            code = self.management.codes.to_be_bytes();
        }
        self.management.asked = Some((transaction, u32::from_be_bytes(code)));
        Line::start(self.board.console()).text("confirm", transaction.name()).key("code").hex(&code).end();
    }

    fn confirm(&mut self, code: &mut [u8]) {
        let said = unhex(code);
        match self.management.asked.take() {
            Some((transaction, code)) if said.as_deref() == Some(&code.to_be_bytes()[..]) => {
                if let Err(error) = self.begin(transaction) {
                    self.refuse(error.name());
                }
            }
            _ => self.refuse("nothing-to-confirm"),
        }
    }

    /// Says how the services are doing, in one line.
    pub(crate) fn report_services(&mut self) {
        let state = self.services();
        let storage = self.storage_name();
        Line::start(self.board.console())
            .word_alone("services")
            .text("storage", storage)
            .number("recovery", state.recovery)
            .number("records", state.records)
            .number("first-reading", state.first_reading)
            .number("next-reading", state.next_reading)
            .word("failed-tests", state.failed_tests)
            .number("factory-resets", state.factory_resets)
            .end();
    }
}
