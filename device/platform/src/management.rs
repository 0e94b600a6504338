//! The commands on the management wire: the way in that needs no application.

use crate::{Board, Platform};
use cdd_boot::report::Line;
use cdd_gate::Status;
use cdd_hal::EntropySource;
use cdd_lifecycle::Transaction;

/// Bytes of the largest challenge.
const MAX_CHALLENGE: usize = 64;

/// What the wire has asked for and not confirmed yet.
pub(crate) struct Management {
    asked: Option<(Transaction, u32)>,
    /// Codes given out, for when there is no random.
    codes: u32,
}

impl Management {
    pub(crate) const fn new() -> Management {
        Management { asked: None, codes: 0 }
    }
}

impl<B: Board, S: EntropySource> Platform<B, S> {
    /// Carries out one line of the management wire.
    pub fn serve(&mut self, line: &[u8]) {
        let before = self.health();
        let (command, argument) = match line.iter().position(|byte| *byte == b' ') {
            Some(at) => (line.get(..at).unwrap_or_default(), line.get(at + 1..).unwrap_or_default()),
            None => (line, &[][..]),
        };
        match (command, argument) {
            (b"", b"") => (),
            (b"report", b"") => self.report(),
            (b"services", b"") => self.report_services(),
            (b"token", challenge) => self.answer_token(challenge),
            (b"attestation-key", b"") => match self.attestation_key() {
                Ok(key) => Line::start(self.board.console()).key("attestation-key").hex(&key).end(),
                Err(status) => self.refuse(status.name()),
            },
            (b"factory-reset", b"") => self.ask(Transaction::FactoryReset),
            (b"decommission", b"") => self.ask(Transaction::Decommission),
            (b"confirm", code) => self.confirm(code),
            _ => self.refuse("unknown-command"),
        }
        self.buffers.wipe();
        self.report_health(before);
    }

    fn refuse(&mut self, why: &str) {
        Line::start(self.board.console()).text("error", why).end();
    }

    fn answer_token(&mut self, challenge: &[u8]) {
        let mut nonce = [0u8; MAX_CHALLENGE];
        let Some(nonce) = unhex(challenge, &mut nonce) else {
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

    fn confirm(&mut self, code: &[u8]) {
        let mut said = [0u8; 4];
        let said = unhex(code, &mut said).and_then(|said| said.first_chunk::<4>());
        match self.management.asked.take() {
            Some((transaction, code)) if said == Some(&code.to_be_bytes()) => {
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

/// Decodes hex digits to the start of `to`; `None` when they are none or do not fit.
fn unhex<'t>(text: &[u8], to: &'t mut [u8]) -> Option<&'t [u8]> {
    let (pairs, rest) = text.as_chunks::<2>();
    let to = to.get_mut(..pairs.len()).filter(|_| rest.is_empty())?;
    for (byte, [high, low]) in to.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(to)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::unhex;

    #[test]
    fn only_whole_pairs_of_hex_digits_that_fit_are_decoded() {
        let mut to = [0u8; 4];
        assert_eq!(unhex(b"00fFa5", &mut to), Some(&[0, 255, 0xA5][..]));
        assert_eq!(unhex(b"", &mut to), Some(&[][..]));
        for bad in [&b"0"[..], b"0g", b"zz", b"0011223344"] {
            assert_eq!(unhex(bad, &mut to), None);
        }
    }
}
