//! The calls of the gate: instructions and stack of each, and starts with what they have stored.
//!
//! The sequence is that of the application `bench` (`firmware/mps2-an505/apps/bench`). The board runs it between the
//! counter's marks; here it is run over nothing, which gives the name of each interval and the calls in it.

use super::{Figures, boot_code};
use crate::{
    counter::{Counter, Machine, Wanted, copy},
    device::{Part, Workshop},
    elf::Program,
    layout,
};
use anyhow::{Context as _, Result, anyhow};
use bench::{FIRST_USES, Interval, LONG, Marks, RECORDS, SHORT};
use cdd_client::{Argument, Entry, Platform};
use std::{cell::RefCell, collections::BTreeSet, ops::Range, path::Path};

/// The figures of gate calls in the order in which they are counted; those with records in the storage without their
/// number.
pub fn names() -> Vec<String> {
    let mut names = Vec::new();
    for name in noted(WHOLE).iter().filter_map(|noted| noted.interval.name) {
        let name = format!("gate-{name}");
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The numbers of records, as the names of figures end with them.
pub fn records() -> impl Iterator<Item = String> {
    RECORDS.iter().map(u32::to_string)
}

/// What a byte costs in each operation that was counted on a short message and a long one: (the name that both begin
/// with, tenths of an instruction).
pub fn per_byte(figures: &Figures) -> Vec<(String, u64)> {
    let (short, long) = (format!("-{SHORT}"), format!("-{LONG}"));
    let ends = names().into_iter().filter_map(|name| {
        let stem = name.strip_suffix(&short)?;
        let [less, more] = [&short, &long].map(|end| figures.get(&format!("{stem}{end}")));
        Some((stem.to_owned(), more?.checked_sub(less?)? * 10 / (LONG - SHORT) as u64))
    });
    ends.collect()
}

/// The figure of an interval, if it has one.
fn figure(interval: &Interval) -> Option<String> {
    let name = interval.name?;
    Some(match interval.records {
        Some(records) => format!("gate-{name}-{records}"),
        None => format!("gate-{name}"),
    })
}

/// An interval, and the numbers of the calls in it.
#[derive(Debug, PartialEq, Eq)]
struct Noted {
    interval: Interval,
    calls: BTreeSet<u32>,
}

#[derive(Default)]
struct Notes {
    all: Vec<Noted>,
    open: bool,
}

/// What everything succeeds on, and what notes it.
struct Pretended<'n>(&'n RefCell<Notes>);

impl Entry for Pretended<'_> {
    fn call(&mut self, number: u32, arguments: &mut [Argument<'_>]) -> (i32, usize) {
        let mut notes = self.0.borrow_mut();
        let open = notes.open;
        if let Some(last) = notes.all.last_mut().filter(|_| open) {
            last.calls.insert(number);
        }
        let written = arguments.iter().find_map(|argument| match argument {
            Argument::Output(out) => Some(out.len()),
            _ => None,
        });
        (0, written.unwrap_or(0))
    }
}

impl Marks for Pretended<'_> {
    fn begin(&mut self, interval: Interval) {
        let mut notes = self.0.borrow_mut();
        notes.open = true;
        notes.all.push(Noted { interval, calls: BTreeSet::new() });
    }

    fn end(&mut self) {
        self.0.borrow_mut().open = false;
    }
}

/// Number of the sequence that has the figures.
const WHOLE: u32 = 0;
/// Number of the one that stores what the first uses need.
const PREPARE: u32 = FIRST_USES + 1;

/// What a sequence does.
fn noted(sequence: u32) -> Vec<Noted> {
    let notes = RefCell::default();
    let _ = bench::sequence(Platform::new(Pretended(&notes)), Pretended(&notes), sequence);
    notes.into_inner().all
}

/// The application in the workshop's device, ready to be counted.
pub(super) struct Sequence {
    /// First instructions of the platform and of the application.
    starts: [u32; 2],
    failed: u32,
    stack: Range<u32>,
    /// The code that wipes the stack.
    wiping: Range<u32>,
    payload: Vec<u8>,
    /// Where in the payload the number of the sequence is.
    number: usize,
}

impl Sequence {
    /// Installs the application, and starts the device a first time: that makes the storage.
    pub(super) fn prepare(counter: &Counter, workshop: &Workshop, work: &Path) -> Result<Self> {
        let program = |name: &str| Program::read(&layout::firmware().join(format!("{name}.elf")));
        let (platform, bench) = (program("platform")?, program("bench")?);
        let loaded = bench.loaded()?;
        let number = symbol(&bench, "CDD_BENCH_SEQUENCE")?.checked_sub(loaded.address);
        let sequence = Sequence {
            starts: [platform.reset_vector()?, bench.reset_vector()?],
            failed: symbol(&bench, "cdd_bench_failed")?,
            stack: symbol(&platform, "__euninit")?..symbol(&platform, "_stack_start")?,
            wiping: function(&platform, "cdd_wipe_stack")?,
            payload: loaded.bytes,
            number: number.context("the number of the sequence is not in the image")? as usize,
        };
        sequence.install(workshop, work, WHOLE)?;
        let machine = Machine::Kept(&workshop.device(), workshop.board());
        counter.count(&boot_code(), &machine, &Wanted { at: sequence.starts.into(), ..Wanted::default() })?;
        Ok(sequence)
    }

    fn install(&self, workshop: &Workshop, work: &Path, sequence: u32) -> Result<()> {
        let mut payload = self.payload.clone();
        let place = payload.get_mut(self.number..self.number + 4);
        place
            .context("the number of the sequence is not in the image")?
            .copy_from_slice(&sequence.to_le_bytes());
        let path = work.join("bench.bin");
        std::fs::write(&path, &payload).with_context(|| format!("cannot write {}", path.display()))?;
        workshop.install(Part::Application, "bench", &path)
    }

    /// Counts the starts and the calls.
    pub(super) fn count(
        &self,
        figures: &mut Figures,
        counter: &Counter,
        workshop: &Workshop,
        work: &Path,
    ) -> Result<()> {
        self.install(workshop, work, WHOLE)?;
        let whole = noted(WHOLE);
        figures.instructions.insert("start-0".into(), self.start(counter, workshop, &workshop.device())?);
        for records in RECORDS {
            let folder = work.join(format!("with-{records}"));
            std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
            let device = copy(&workshop.device(), &folder)?;
            let last = whole.iter().rposition(|noted| noted.interval.records == Some(records));
            let intervals = last.context("the sequence has no such number of records")? + 1;
            let wanted = Wanted { intervals, failed: Some(self.failed), ..Wanted::default() };
            counter.count(&boot_code(), &Machine::Kept(&device, workshop.board()), &wanted)?;
            let start = self.start(counter, workshop, &device)?;
            figures.instructions.insert(format!("start-{records}"), start);
        }
        let (device, board) = (workshop.device(), workshop.board());
        self.calls(figures, counter, &Machine::Device(&device, board), &whole)?;
        // Each first use is in a start of its own, so that each of these calls has the self-test in it.
        self.install(workshop, work, PREPARE)?;
        self.calls(figures, counter, &Machine::Kept(&device, board), &noted(PREPARE))?;
        for first in 1..=FIRST_USES {
            self.install(workshop, work, first)?;
            self.calls(figures, counter, &Machine::Device(&device, board), &noted(first))?;
        }
        let most = figures.stack.values().max().context("no call was made")?;
        figures.bytes.insert("gate-stack".into(), *most);
        Ok(())
    }

    /// The platform's first instruction to the application's.
    fn start(&self, counter: &Counter, workshop: &Workshop, device: &Path) -> Result<u64> {
        let wanted = Wanted { at: self.starts.into(), ..Wanted::default() };
        let counts = counter.count(&boot_code(), &Machine::Device(device, workshop.board()), &wanted)?;
        let [platform, application] = counts.at[..] else {
            return Err(anyhow!("the counter saw {} of two starts", counts.at.len()));
        };
        application.checked_sub(platform).context("the application starts before the platform")
    }

    fn calls(
        &self,
        figures: &mut Figures,
        counter: &Counter,
        machine: &Machine<'_>,
        noted: &[Noted],
    ) -> Result<()> {
        let wanted = Wanted {
            intervals: noted.len(),
            stack: self.stack.clone(),
            ignored: self.wiping.clone(),
            failed: Some(self.failed),
            ..Wanted::default()
        };
        let counts = counter.count(&boot_code(), machine, &wanted)?;
        for (Noted { interval, calls }, seen) in noted.iter().zip(counts.intervals) {
            if let Some(name) = figure(interval) {
                figures.instructions.insert(name, seen.count / u64::from(interval.calls));
            }
            for call in calls {
                let call = cdd_gate::CALLS.get(*call as usize).context("the table has no such call")?;
                let most = figures.stack.entry(call.name.to_owned()).or_default();
                *most = seen.stack.max(*most);
            }
        }
        Ok(())
    }
}

fn symbol(program: &Program, name: &str) -> Result<u32> {
    program.symbol(name).with_context(|| format!("there is no symbol {name}"))
}

/// From a symbol to the next one.
fn function(program: &Program, name: &str) -> Result<Range<u32>> {
    let start = symbol(program, name)?;
    let others = program.symbols();
    let end = others.iter().filter_map(|name| program.symbol(name)).filter(|other| *other > start).min();
    Ok(start..end.with_context(|| format!("nothing comes after {name}"))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn each_interval_has_its_calls_and_the_same_ones_every_time() {
        for number in WHOLE..=PREPARE {
            let sequence = noted(number);
            assert!(sequence.iter().all(|noted| noted.calls.len() == 1), "one kind of call in each");
            assert_eq!(sequence, noted(number));
        }
    }

    #[test]
    fn a_byte_costs_what_a_long_message_takes_more_than_a_short_one() {
        let figures = |short, long| Figures {
            instructions: BTreeMap::from([
                ("gate-sha-384-64".to_owned(), short),
                ("gate-sha-384-4096".to_owned(), long),
            ]),
            ..Figures::default()
        };
        assert_eq!(per_byte(&figures(100, 100 + 4032 * 3 / 2)), [("gate-sha-384".to_owned(), 15)]);
        assert_eq!(per_byte(&figures(100, 99)), []);
    }
}
