//! A dump, read line by line and judged on the way: its head, its order, both chains of hashes, its end. It needs no database, so
//! that a dump can be judged before anything is made.

use crate::database::Head;
use crate::dump::{FORMAT, Header, Line};
use crate::error::{Error, Result};
use crate::migrate;
use crate::names::Digest;
use sha2::{Digest as _, Sha256};
use std::io::{BufRead, Read as _};

/// Of a document of the largest size, in hex, with what is about it.
const LONGEST_LINE: u64 = (crate::document::LARGEST as u64) * 2 + (1 << 20);

/// What a whole dump holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// How many lines, the last one not counted.
    pub lines: u64,
    /// The schema of the database that it is of.
    pub schema: i64,
    /// The id of the key under which its documents are sealed.
    pub key: String,
    /// Where the log of events ends.
    pub events: Head,
    /// Where the log of readings ends.
    pub readings: Head,
}

/// Reads a dump to its end and says what it holds. Documents stay sealed: that they open is seen when they are read.
///
/// # Errors
/// Where it is not whole, a log does not verify, or it is of a later program.
pub fn inspect(from: &mut (dyn BufRead + Send)) -> Result<Inspected> {
    let mut reader = Reader::new(from);
    while reader.next()?.is_some() {}
    reader.end()
}

pub(crate) struct Reader<'a> {
    from: &'a mut (dyn BufRead + Send),
    text: Vec<u8>,
    hash: Sha256,
    /// Read so far.
    number: u64,
    lines: u64,
    ended: bool,
    header: Option<(i64, String)>,
    events: Head,
    readings: Head,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(from: &'a mut (dyn BufRead + Send)) -> Self {
        let (events, readings) = (Head::start(), Head::start());
        let (text, hash) = (Vec::new(), Sha256::new());
        Self { from, text, hash, number: 0, lines: 0, ended: false, header: None, events, readings }
    }

    /// Something is wrong with the line that was read last.
    pub(crate) fn wrong(&self, problem: impl Into<String>) -> Error {
        Error::Dump { line: self.number, problem: problem.into() }
    }

    /// The next line, which fits to all before it.
    pub(crate) fn next(&mut self) -> Result<Option<Line>> {
        self.text.clear();
        self.number += 1;
        let read = self.from.take(LONGEST_LINE).read_until(b'\n', &mut self.text);
        read.map_err(|problem| self.wrong(problem.to_string()))?;
        if self.text.is_empty() {
            return if self.ended { Ok(None) } else { Err(self.wrong("the dump ends before its last line")) };
        }
        if self.ended {
            return Err(self.wrong("something follows the last line"));
        }
        if self.text.last() != Some(&b'\n') {
            return Err(self.wrong("it is cut off, or longer than any"));
        }
        let line: Line =
            serde_json::from_slice(&self.text).map_err(|problem| self.wrong(problem.to_string()))?;
        self.judge(&line)?;
        self.hash.update(&self.text);
        self.lines += u64::from(!self.ended);
        Ok(Some(line))
    }

    fn judge(&mut self, line: &Line) -> Result<()> {
        match (&self.header, line) {
            (None, Line::Dump(header)) => return self.begin(header),
            (None, _) => return Err(self.wrong("it is not the first line of a dump")),
            (Some(_), Line::Dump(_)) => return Err(self.wrong("a second dump begins")),
            (Some(_), _) => {}
        }
        match line {
            Line::End(end) => {
                if end.lines != self.lines || end.sha256 != Digest::of_hash(self.hash.clone()) {
                    return Err(self.wrong(format!("{} lines of {} were announced", end.lines, end.sha256)));
                }
                self.ended = true;
            }
            Line::Event(event) => {
                if let Some(what) = event.fault(&self.events) {
                    return Err(Error::Tampered { log: "event", seq: self.events.seq + 1, what });
                }
                self.events = event.head();
            }
            Line::Reading(reading) => {
                if let Some(what) = reading.fault(&self.readings) {
                    return Err(Error::Tampered { log: "reading", seq: self.readings.seq + 1, what });
                }
                self.readings = reading.head();
            }
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, header: &Header) -> Result<()> {
        if header.format != FORMAT {
            return Err(self.wrong(format!("format {} is not known, only {FORMAT}", header.format)));
        }
        if header.schema > migrate::SCHEMA {
            return Err(Error::Newer { found: header.schema, known: migrate::SCHEMA });
        }
        self.header = Some((header.schema, header.key.clone()));
        Ok(())
    }

    /// What a dump held that was read to its end.
    pub(crate) fn end(self) -> Result<Inspected> {
        match self.header {
            Some((schema, key)) if self.ended => {
                let Self { lines, events, readings, .. } = self;
                Ok(Inspected { lines, schema, key, events, readings })
            }
            _ => Err(self.wrong("the dump ends before its last line")),
        }
    }
}
