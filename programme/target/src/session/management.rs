//! Commands on the management wire: the way in that needs no application.

use super::Session;
use crate::report::words_of;
use crate::wire::WireName;
use crate::{Report, Services, SessionError};
use serde::Serialize;
use std::fmt;

/// Bytes of a public attestation key: an uncompressed point of P-256.
const KEY_BYTES: usize = 65;

/// A step of the life cycle that destroys something, by its name on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transaction {
    /// All that the device received since delivery is destroyed.
    FactoryReset,
    /// The device never works again.
    Decommission,
}

impl Transaction {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Transaction::FactoryReset => "factory-reset",
            Transaction::Decommission => "decommission",
        }
    }

    /// Whether a device that reports this is through with it: a reset one is in use again, a decommissioned one is
    /// not even started by boot.
    fn ends_with(self, report: &Report) -> bool {
        match self {
            Transaction::FactoryReset => report.by == "platform",
            Transaction::Decommission => report.state == "locked",
        }
    }
}

impl fmt::Display for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Session {
    /// Asks the platform for an attestation token, as raw CBOR; the challenge has 32, 48 or 64 bytes.
    pub fn token(&mut self, challenge: &[u8]) -> Result<Vec<u8>, SessionError> {
        let question = format!("token {}", hex::encode(challenge));
        let answer = self.manage(&question, "token=")?;
        hex::decode(&answer).map_err(|_| SessionError::Unexpected { question, answer })
    }

    /// Asks the platform for the public key that its tokens are signed with: `04 ‖ x ‖ y` on P-256.
    pub fn attestation_key(&mut self) -> Result<[u8; KEY_BYTES], SessionError> {
        let question = "attestation-key";
        let answer = self.manage(question, "attestation-key=")?;
        let mut key = [0; KEY_BYTES];
        hex::decode_to_slice(&answer, &mut key)
            .map_err(|_| SessionError::Unexpected { question: question.into(), answer })?;
        Ok(key)
    }

    /// Asks the platform how its services are doing.
    pub fn services(&mut self) -> Result<Services, SessionError> {
        let question = "services";
        let answer = self.manage(question, "services ")?;
        Services::of(&words_of(&answer))
            .ok_or_else(|| SessionError::Unexpected { question: question.into(), answer })
    }

    /// Destroys all that the device received since delivery, and gives the report of the start that follows.
    ///
    /// The device must say that it finished; what it counts ([`Report::services`]) is for the caller to look at.
    pub fn factory_reset(&mut self) -> Result<Report, SessionError> {
        self.carry_out(Transaction::FactoryReset)
    }

    /// Decommissions the device, and gives boot's report of the start that follows: `locked`.
    pub fn decommission(&mut self) -> Result<Report, SessionError> {
        self.carry_out(Transaction::Decommission)
    }

    /// Asks, repeats the code that the device gives, and waits until it has started anew and says that it is done.
    fn carry_out(&mut self, transaction: Transaction) -> Result<Report, SessionError> {
        let question = transaction.name();
        let answer = self.manage(question, "confirm=")?;
        let (named, code) = answer.split_once(" code=").unwrap_or_default();
        if named != question || code.is_empty() || !code.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(SessionError::Unexpected { question: question.into(), answer });
        }
        let reports = self.process.shared.lock().completed;
        self.manage(&format!("confirm {code}"), "event=life-cycle begun=")?;
        self.finished(transaction, reports)
    }

    /// Waits for the report that ends a transaction, of those after the first `reports`, and looks whether the device
    /// said before it that it finished. An error on the way need not keep it from that: a decommissioning goes on over
    /// a flash that refuses to be erased.
    fn finished(&self, transaction: Transaction, reports: u64) -> Result<Report, SessionError> {
        let (mut finished, mut error) = (false, None);
        let report = self.wait(&format!("end of the {transaction}"), |heard| {
            let lines = &mut heard.wires[WireName::Management as usize].lines;
            for line in lines.drain(..) {
                match line.strip_prefix("cdd event=life-cycle ").and_then(|words| words.split_once('=')) {
                    Some(("finished", name)) => finished |= name == transaction.name(),
                    Some(("error", name)) => error = Some(name.to_owned()),
                    _ => {}
                }
            }
            heard.next_report(reports).filter(|report| error.is_some() || transaction.ends_with(report))
        })?;
        if finished { Ok(report) } else { Err(SessionError::NotFinished { transaction, error }) }
    }

    /// Says a line on the management wire and gives what follows `cdd <expected>` in the answer.
    ///
    /// Lines of that wire not yet read are dropped; reports and events are kept.
    fn manage(&mut self, question: &str, expected: &str) -> Result<String, SessionError> {
        let state =
            self.wait("boot report", |heard| heard.state.clone().filter(|_| heard.begun == heard.completed))?;
        if !matches!(state.as_str(), "running" | "no-application") {
            return Err(SessionError::NoPlatform { state });
        }
        let before = {
            let mut heard = self.process.shared.lock();
            heard.wires[WireName::Management as usize].lines.clear();
            heard.completed
        };
        self.management().send_line(question)?;
        self.wait(&format!("answer to `{}`", super::shortened(question)), |heard| {
            let lines = &mut heard.wires[WireName::Management as usize].lines;
            for line in std::iter::from_fn(|| lines.pop_front()) {
                let Some(line) = line.strip_prefix("cdd ") else { continue };
                if let Some(answer) = line.strip_prefix(expected) {
                    return Some(Ok(answer.to_owned()));
                }
                if let Some(name) = line.strip_prefix("error=") {
                    let (question, refusal) = (question.to_owned(), Refusal::named(name));
                    return Some(Err(SessionError::Refused { question, refusal }));
                }
            }
            // A start that nobody asked for: the answer will not come.
            let report = heard.next_report(before)?;
            Some(Err(SessionError::Restarted(Box::new(report))))
        })?
    }
}

/// Why the platform did not do what it was told on the management wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No such command, or not in this state.
    #[error("it does not know the command: its platform is older than this tool, or it is in another state")]
    UnknownCommand,
    /// The argument is not what the command takes.
    #[error("it does not take that argument; a challenge has 32, 48 or 64 bytes")]
    InvalidArgument,
    /// There is nothing that could be confirmed, or the code is another.
    #[error("nothing was asked for that this code confirms; ask again")]
    NothingToConfirm,
    /// Not in this state of the life cycle.
    #[error("not in this state of its life cycle; only a provisioned device that is in use can do it")]
    LifeCycle,
    /// All factory resets of this life are used up.
    #[error("all the factory resets of its life are used up; it can only be decommissioned")]
    Exhausted,
    /// The fuses or the flash failed.
    #[error("its hardware failed ({0}); switch it off and on, and try again")]
    Hardware(String),
    /// Anything else.
    #[error("it says `{0}`")]
    Other(String),
}

impl Refusal {
    /// The refusal of that name (`cdd error=<name>`).
    fn named(name: &str) -> Refusal {
        match name {
            "unknown-command" => Refusal::UnknownCommand,
            "invalid-argument" => Refusal::InvalidArgument,
            "nothing-to-confirm" => Refusal::NothingToConfirm,
            "life-cycle" => Refusal::LifeCycle,
            "exhausted" => Refusal::Exhausted,
            "fuses" | "erase" | "hardware-failure" => Refusal::Hardware(name.to_owned()),
            other => Refusal::Other(other.to_owned()),
        }
    }
}
