//! The boot report and the events, as `docs/wires.md` has them.

use serde::Serialize;
use std::collections::BTreeMap;

/// What a device says of itself at each start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Who had the last word: `boot` or `platform`.
    pub by: String,
    /// `running`, `no-application`, `no-platform`, `locked` or `unprovisioned`.
    pub state: String,
    /// Why, in a state that has reasons.
    pub reason: Option<String>,
    /// The life-cycle state.
    pub life_cycle: String,
    /// What boot made of each slot.
    pub slots: BTreeMap<String, SlotResult>,
    /// The identity fields of the profile's Table 2-1, by name.
    pub identity: BTreeMap<String, String>,
    /// The parts that started, by name: `boot`, `platform`, `application`.
    pub parts: BTreeMap<String, PartIdentity>,
    /// The fault of the Non-secure side that this start follows.
    pub fault: Option<Fault>,
    /// How the platform's services are doing; boot reports none.
    pub services: Option<Services>,
    /// The report's lines as they were heard.
    pub raw: String,
}

/// What boot made of a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SlotResult {
    /// `accepted`, `not-tried`, or the name of the error.
    pub result: String,
    /// The error's number.
    pub code: u32,
}

/// A part that started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartIdentity {
    /// Its name.
    pub name: String,
    /// Its version, `1.2.3+4`.
    pub version: String,
    /// Its security counter.
    pub counter: u32,
    /// Its measurement: 64 hex digits.
    pub measurement: String,
    /// Hash of the key that signed it: 64 hex digits, or `none`.
    pub signer: String,
}

/// A fault of the Non-secure side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Exception number.
    pub exception: u32,
    /// Its name.
    pub name: String,
    /// Secure fault status register.
    pub sfsr: u32,
    /// Configurable fault status register.
    pub cfsr: u32,
    /// Where it happened.
    pub pc: u32,
    /// The faulting address, when known.
    pub address: u32,
    /// Faults in a row.
    pub count: u32,
}

/// How the services of the platform are doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Services {
    /// `ready`, or the name of the error that keeps trusted storage from being used.
    pub storage: String,
    /// What was found after the last loss of power: 0 nothing, 1 completed, 2 discarded, 3 erased.
    pub recovery: u32,
    /// Records in trusted storage.
    pub records: u32,
    /// Number of the first reading kept.
    pub first_reading: u32,
    /// Number that the next reading will have.
    pub next_reading: u32,
    /// Families of self-tests that failed, a bit each.
    pub failed_tests: u32,
    /// Factory resets that were finished in its life.
    pub factory_resets: u32,
}

impl Services {
    /// From the words of a `cdd services …` line, which has all of them.
    pub(crate) fn of(words: &BTreeMap<String, String>) -> Option<Services> {
        let number = |key: &str| number(words.get(key)?);
        Some(Services {
            storage: words.get("storage")?.clone(),
            recovery: number("recovery")?,
            records: number("records")?,
            first_reading: number("first-reading")?,
            next_reading: number("next-reading")?,
            failed_tests: number("failed-tests")?,
            factory_resets: number("factory-resets")?,
        })
    }

    /// Readings kept.
    pub fn readings(&self) -> u32 {
        self.next_reading.saturating_sub(self.first_reading)
    }
}

/// An event that the running platform told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Its name, such as `gate-refused`.
    pub name: String,
    /// Its other words.
    pub words: BTreeMap<String, String>,
}

/// What a line on the management wire completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// A whole report.
    Report(Box<Report>),
    /// An event.
    Event(Event),
    /// The first line of a report: the device has started anew.
    Begin,
    /// Nothing yet, or a line that is not known.
    Nothing,
}

/// Puts reports and events together from lines; ignores what it does not know.
#[derive(Debug, Default)]
pub struct ReportParser {
    open: Option<Report>,
}

impl ReportParser {
    /// Takes a line, without its line end.
    pub fn line(&mut self, line: &str) -> Parsed {
        let Some(text) = line.strip_prefix("cdd ") else { return Parsed::Nothing };
        let words = words_of(text);
        let word = |key: &str| words.get(key).cloned().unwrap_or_default();
        if words.contains_key("event") {
            let others = words.iter().filter(|(key, _)| *key != "event");
            let words = others.map(|(key, value)| (key.clone(), value.clone())).collect();
            return Parsed::Event(Event { name: word("event"), words });
        }
        match words.get("report").map(String::as_str) {
            // A report that was cut short by a reset is dropped with its first line.
            Some("begin") => {
                self.open = Some(Report { by: word("by"), raw: format!("{line}\n"), ..Report::default() });
                return Parsed::Begin;
            }
            Some("end") => {
                return self.open.take().map_or(Parsed::Nothing, |mut report| {
                    report.raw.push_str(&format!("{line}\n"));
                    if report.state.is_empty() {
                        report.state = word("state");
                    }
                    Parsed::Report(Box::new(report))
                });
            }
            _ => {}
        }
        if let Some(report) = &mut self.open {
            report.raw.push_str(&format!("{line}\n"));
            report.add(text, &words);
        }
        Parsed::Nothing
    }
}

impl Report {
    /// Whether the application runs.
    pub fn is_running(&self) -> bool {
        self.state == "running"
    }

    /// What boot made of that slot; empty when the report does not name it.
    pub fn slot(&self, name: &str) -> &str {
        self.slots.get(name).map_or("", |slot| &slot.result)
    }

    fn add(&mut self, text: &str, words: &BTreeMap<String, String>) {
        let word = |key: &str| words.get(key).cloned().unwrap_or_default();
        let number = |key: &str| words.get(key).and_then(|value| number(value)).unwrap_or_default();
        let kind = text.split(['=', ' ']).next().unwrap_or_default();
        match kind {
            "state" => {
                self.state = word("state");
                self.life_cycle = word("life-cycle");
                self.reason = words.get("reason").cloned();
            }
            "slot" => {
                let result = SlotResult { result: word("result"), code: number("code") };
                self.slots.insert(word("slot"), result);
            }
            "identity" => {
                self.identity.insert(word("identity"), word("value"));
            }
            "part" => {
                let part = PartIdentity {
                    name: word("name"),
                    version: word("version"),
                    counter: number("counter"),
                    measurement: word("measurement"),
                    signer: word("signer"),
                };
                self.parts.insert(word("part"), part);
            }
            "fault" => {
                self.fault = Some(Fault {
                    exception: number("exception"),
                    name: word("name"),
                    sfsr: number("sfsr"),
                    cfsr: number("cfsr"),
                    pc: number("pc"),
                    address: number("address"),
                    count: number("count"),
                });
            }
            "services" => self.services = Services::of(words),
            _ => {}
        }
    }
}

/// The `key=value` words of a line, with the values' escapes resolved.
pub(crate) fn words_of(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split_ascii_whitespace().filter_map(|word| word.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), unescape(value))).collect()
}

/// Resolves `%20`-style escapes; what is not one stays as it is.
fn unescape(value: &str) -> String {
    let bytes = value.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digit = |offset: usize| bytes.get(at + offset).and_then(|d| (*d as char).to_digit(16));
        match (byte, digit(1), digit(2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A decimal or `0x` number.
pub(crate) fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests;
