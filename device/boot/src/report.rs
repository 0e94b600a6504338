//! The boot report: what a start came to, line by line, as `docs/wires.md` lays down.
//!
//! Written with a few small functions instead of `core::fmt`, whose machinery is larger than boot and
//! brings panic paths with it.
//!
//! SFR: verification-of-platform-identity, secure-initialization-of-platform.

use crate::{PartId, Record, Refusal, SlotId, State};
use cdd_fuses::LifeCycle;
use cdd_hal::{Console, FuseError, Fuses};

/// Writes words of a line to a console.
pub struct Line<'c, C: Console + ?Sized>(&'c mut C);

impl<'c, C: Console + ?Sized> Line<'c, C> {
    /// Starts a line.
    pub fn start(console: &'c mut C) -> Self {
        console.write(b"cdd");
        Line(console)
    }

    /// ` key=`, for a value that follows.
    pub fn key(&mut self, key: &str) -> &mut Self {
        self.0.write(b" ");
        self.0.write(key.as_bytes());
        self.0.write(b"=");
        self
    }

    /// ` word`, which starts a line of a kind of its own.
    pub fn word_alone(&mut self, word: &str) -> &mut Self {
        self.0.write(b" ");
        self.0.write(word.as_bytes());
        self
    }

    /// ` key=text`; bytes of the text that are not printable are escaped.
    pub fn text(&mut self, key: &str, text: &str) -> &mut Self {
        self.key(key);
        self.escaped(text.as_bytes())
    }

    /// Bytes, those escaped that would break a word.
    pub fn escaped(&mut self, bytes: &[u8]) -> &mut Self {
        for byte in bytes {
            match byte {
                b'!'..=b'$' | b'&'..=b'~' => self.0.write(core::slice::from_ref(byte)),
                _ => {
                    self.0.write(b"%");
                    self.hex(core::slice::from_ref(byte));
                }
            }
        }
        self
    }

    /// Bytes as hex digits.
    pub fn hex(&mut self, bytes: &[u8]) -> &mut Self {
        for byte in bytes {
            self.0.write(&[digit(byte >> 4), digit(byte & 15)]);
        }
        self
    }

    /// ` key=0x…` with eight digits.
    pub fn word(&mut self, key: &str, value: u32) -> &mut Self {
        self.key(key);
        self.0.write(b"0x");
        self.hex(&value.to_be_bytes())
    }

    /// A decimal number.
    pub fn decimal(&mut self, value: u32) -> &mut Self {
        let mut digits = [0u8; 10];
        let mut rest = value;
        let mut from = digits.len();
        for (at, place) in digits.iter_mut().enumerate().rev() {
            *place = digit((rest % 10) as u8);
            rest /= 10;
            from = at;
            if rest == 0 {
                break;
            }
        }
        self.0.write(digits.get(from..).unwrap_or_default());
        self
    }

    /// ` key=` and a decimal number.
    pub fn number(&mut self, key: &str, value: u32) -> &mut Self {
        self.key(key);
        self.decimal(value)
    }

    /// Ends the line.
    pub fn end(&mut self) {
        self.0.write(b"\r\n");
    }
}

const fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + (value - 10) }
}

/// What is shown beside the record.
pub struct Context {
    /// Who reports: `boot` or `platform`.
    pub by: &'static str,
    /// The state to report, where it is no longer the record's.
    pub state: State,
    /// Why it is that state, where there is more to say.
    pub reason: Option<&'static str>,
}

/// Writes the report up to, not including, its last line; [`finish`] writes that one.
pub fn write<C: Console + ?Sized, F: Fuses + ?Sized>(
    console: &mut C,
    fuses: &mut F,
    record: &Record,
    context: &Context,
) {
    Line::start(console).text("report", "begin").text("by", context.by).end();
    let life_cycle = LifeCycle::ALL.into_iter().find(|state| *state as u32 == record.life_cycle);
    let mut line = Line::start(console);
    line.text("state", context.state.name());
    line.text("life-cycle", life_cycle.map_or("undefined", LifeCycle::name));
    if let Some(reason) = context.reason {
        line.text("reason", reason);
    }
    line.end();

    for slot in SlotId::ALL {
        let code = record.result(slot);
        let mut line = Line::start(console);
        line.text("slot", slot.name()).text("result", Refusal::name_of(code));
        line.key("code").escaped(b"0x").hex(&code.to_be_bytes()).end();
    }
    for (name, (at, length)) in [
        ("commercial-name", cdd_fuses::COMMERCIAL_NAME),
        ("hardware-reference", cdd_fuses::HARDWARE_REFERENCE),
        ("hardware-version", cdd_fuses::HARDWARE_VERSION),
    ] {
        let mut raw = [0u8; 48];
        let mut line = Line::start(console);
        line.text("identity", name);
        match fuse_text(fuses, at, length, &mut raw) {
            Ok(text) => line.key("value").escaped(text).end(),
            Err(_) => line.text("error", "fuses-unreadable").end(),
        }
    }
    for (part, name, version) in [
        (PartId::Boot, "firmware-name", "firmware-version"),
        (PartId::Platform, "software-name", "software-version"),
    ] {
        if let Some(entry) = record.part(part) {
            Line::start(console).text("identity", name).text("value", entry.name()).end();
            version_of(Line::start(console).text("identity", version).key("value"), record, part).end();
        }
    }
    for part in PartId::ALL {
        let Some(entry) = record.part(part) else { continue };
        let mut line = Line::start(console);
        line.text("part", part.name()).text("name", entry.name());
        version_of(line.key("version"), record, part).number("counter", entry.counter);
        line.key("measurement").hex(&entry.measurement);
        match entry.signer {
            [0, ..] if entry.signer == [0; 32] => line.text("signer", "none"),
            signer => line.key("signer").hex(&signer),
        };
        line.end();
    }
}

/// Writes the report's last line.
pub fn finish<C: Console + ?Sized>(console: &mut C, state: State) {
    Line::start(console).text("report", "end").text("state", state.name()).end();
}

/// Reads a text from the fuses, without its padding.
pub fn fuse_text<'b, F: Fuses + ?Sized>(
    fuses: &mut F,
    at: u16,
    length: usize,
    buffer: &'b mut [u8; 48],
) -> Result<&'b [u8], FuseError> {
    let text = buffer.get_mut(..length).ok_or(FuseError::OutOfRange)?;
    fuses.read(at, text)?;
    let end = text.iter().position(|b| *b == 0).unwrap_or(text.len());
    Ok(buffer.get(..end).unwrap_or_default())
}

fn version_of<'l, 'c, C: Console + ?Sized>(
    line: &'l mut Line<'c, C>,
    record: &Record,
    part: PartId,
) -> &'l mut Line<'c, C> {
    let version = record.part(part).map(|entry| entry.version()).unwrap_or_default();
    line.decimal(version.major.into()).escaped(b".").decimal(version.minor.into()).escaped(b".");
    line.decimal(version.revision.into()).escaped(b"+").decimal(version.build)
}
