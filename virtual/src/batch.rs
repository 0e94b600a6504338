//! Fast campaigns: many starts of one device, each with some of its flash or fuses changed.
//!
//! One request a line, one answer a line:
//!
//! ```text
//! boot [flash@<offset>=<hex>]… [fuses@<offset>=<hex>]… [erase@<offset>+<len>]…
//! state=<state> platform-a=<result> platform-b=<result> application-a=<result> application-b=<result>
//! ```
//!
//! Numbers are decimal or `0x…`. The changes are made in their order, hold for this one start, and are
//! literal: they may set fuse bits or clear them. A request that is not one gets `error <what>` and
//! starts nothing. A panic is a finding, so nothing here catches one.

use crate::{AcceptAnySignature, HostCrypto, VirtualMachine};
use cdd_boot::{Crypto, Record, Refusal, SlotId};
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use zerocopy::FromZeros;

/// A defect that is planted to see whether a campaign finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum PlantedDefect {
    /// Every signature counts as valid.
    AcceptAnySignature,
}

/// A machine that is started again and again from the same content.
pub struct Batch {
    machine: VirtualMachine,
    record: Record,
    undo: Vec<Undo>,
    boot: fn(&mut VirtualMachine, &mut Record),
}

/// What a change overwrote.
enum Undo {
    Flash(usize, Vec<u8>),
    Fuses(usize, Vec<u8>),
}

impl Batch {
    /// Starts this machine, which must not write to files.
    pub fn new(machine: VirtualMachine, defect: Option<PlantedDefect>) -> Batch {
        let boot = match defect {
            None => boot::<HostCrypto>,
            Some(PlantedDefect::AcceptAnySignature) => boot::<AcceptAnySignature>,
        };
        Batch { machine, record: Record::new_zeroed(), undo: Vec::new(), boot }
    }

    /// Answers one request.
    pub fn answer(&mut self, request: &str) -> String {
        let outcome = self.changed(request).map(|()| (self.boot)(&mut self.machine, &mut self.record));
        self.restore();
        match outcome {
            Ok(()) => {
                let mut answer = format!("state={}", self.record.state().name());
                for slot in SlotId::ALL {
                    let result = Refusal::name_of(self.record.result(slot));
                    let _ = write!(answer, " {}={result}", slot.name());
                }
                answer
            }
            Err(what) => format!("error {what}"),
        }
    }

    /// What the last start left in its record.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The machine, with its pristine content.
    pub fn machine(&self) -> &VirtualMachine {
        &self.machine
    }

    fn changed(&mut self, request: &str) -> Result<(), &'static str> {
        let mut words = request.split_ascii_whitespace();
        if words.next() != Some("boot") {
            return Err("unknown-request");
        }
        words.try_for_each(|word| self.change(word))
    }

    fn change(&mut self, word: &str) -> Result<(), &'static str> {
        let (kind, change) = word.split_once('@').ok_or("bad-change")?;
        if kind == "erase" {
            let (offset, len) = change.split_once('+').ok_or("bad-change")?;
            let (offset, len) = (number(offset)?, number(len)?);
            let available = self.machine.nor.content().len();
            if len > available {
                return Err("out-of-range");
            }
            return self.flash(offset, &vec![0xFF; len]);
        }
        let (offset, bytes) = change.split_once('=').ok_or("bad-change")?;
        let (offset, bytes) = (number(offset)?, hex::decode(bytes).map_err(|_| "bad-hex")?);
        match kind {
            "flash" => self.flash(offset, &bytes),
            "fuses" => {
                let old = part(self.machine.fuses.content(), offset, bytes.len())?;
                self.undo.push(Undo::Fuses(offset, old));
                self.machine.fuses.tamper(offset, &bytes).map_err(|_| "out-of-range")
            }
            _ => Err("bad-change"),
        }
    }

    fn flash(&mut self, offset: usize, bytes: &[u8]) -> Result<(), &'static str> {
        let old = part(self.machine.nor.content(), offset, bytes.len())?;
        self.undo.push(Undo::Flash(offset, old));
        self.machine.nor.tamper(offset, bytes).map_err(|_| "out-of-range")
    }

    /// Takes the changes back, the last one first, for they may overlap.
    fn restore(&mut self) {
        while let Some(undo) = self.undo.pop() {
            // Cannot fail: the range is the one that was changed.
            let _ = match undo {
                Undo::Flash(offset, old) => self.machine.nor.tamper(offset, &old).is_ok(),
                Undo::Fuses(offset, old) => self.machine.fuses.tamper(offset, &old).is_ok(),
            };
        }
    }
}

fn boot<C: Crypto>(machine: &mut VirtualMachine, record: &mut Record) {
    cdd_boot::boot::<_, C>(machine, record);
}

fn part(content: &[u8], offset: usize, len: usize) -> Result<Vec<u8>, &'static str> {
    let end = offset.checked_add(len).ok_or("out-of-range")?;
    content.get(offset..end).map(<[u8]>::to_vec).ok_or("out-of-range")
}

fn number(text: &str) -> Result<usize, &'static str> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_hexdigit()) => usize::from_str_radix(digits, 16),
        None if text.bytes().all(|b| b.is_ascii_digit()) => text.parse(),
        _ => return Err("bad-number"),
    };
    parsed.map_err(|_| "bad-number")
}

/// Answers requests until there are no more. Answers are sent as soon as no request is waiting.
pub fn serve(mut batch: Batch, requests: impl Read, answers: impl Write) -> io::Result<()> {
    let mut requests = BufReader::with_capacity(1 << 16, requests);
    let mut answers = BufWriter::new(answers);
    let mut line = Vec::new();
    while requests.read_until(b'\n', &mut line)? > 0 {
        let answer = match str::from_utf8(&line) {
            Ok(request) => batch.answer(request),
            Err(_) => "error not-text".to_owned(),
        };
        line.clear();
        writeln!(answers, "{answer}")?;
        if !requests.buffer().contains(&b'\n') {
            answers.flush()?;
        }
    }
    answers.flush()
}
