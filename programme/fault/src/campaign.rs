//! A campaign: the list of injections, run on all cores, kept as it goes.

use crate::Error;
use crate::cpu::{Machine, Registers};
use crate::fault::Model;
use crate::golden::Golden;
use crate::list::{Injection, List};
use crate::prepared::{Images, Outcome, Prepared};
use crate::program::Names;
use crate::record::{Acceptance, Counts, Identity, Record, RecordKind, Shard, described};
use crate::scenario::Scenario;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Injections that are run and kept together. What a kill loses is at most this for each thread.
const CHUNK: u64 = 512;
/// A run may take so many times what is left of the golden one, or all of the positive control if that is more (a fault
/// may lead into what the golden run never came to), and this many instructions more.
const TIMES: u32 = 2;
const GRACE: u32 = 100_000;
/// The longer a run has been another one than the golden run, the less often it is asked whether it still is: after one
/// part in so many of that time. Where the signature is verified this is a tenth of all work, nearly always in vain.
const SELDOM: u32 = 32;
/// In this many instructions a loop that changes nothing is found.
const LOOP: u32 = 1024;

/// What is to be run.
pub struct Campaign {
    /// The scenario.
    pub scenario: Scenario,
    /// The models.
    pub models: Vec<Model>,
    /// Executions of each address in which faults are injected: the first, the last, others evenly between; 0 for all.
    pub per_address: u32,
    /// Which part.
    pub shard: Shard,
    /// Where to keep what is done, and to go on from; `None` keeps nothing.
    pub progress_file: Option<PathBuf>,
    /// Threads; 0 for one a core.
    pub threads: usize,
}

/// A campaign made ready.
pub struct Ready {
    prepared: Prepared,
    golden: Golden,
    list: List,
    identity: Identity,
    control: Outcome,
    /// Instructions of the positive control.
    control_length: u32,
    names: Names,
}

/// What one chunk gave, a line of the file of progress.
#[derive(Serialize, Deserialize)]
struct Done {
    chunk: u64,
    counts: BTreeMap<Model, Counts>,
    acceptances: Vec<Acceptance>,
}

/// The first line of that file.
#[derive(Serialize, Deserialize)]
struct Header {
    campaign: Identity,
    shard: Shard,
}

impl Campaign {
    /// Runs the scenario without a fault, and its positive control, and makes the list.
    pub fn prepare(&self, images: &Images) -> Result<Ready, Error> {
        let scenario = self.scenario.name();
        let control = Golden::run(&Prepared::genuine(self.scenario, images)?);
        let control_length = control.as_ref().map_or(0, |golden| golden.trace.len() as u32);
        let control = control.map_or(Outcome::Hung, |golden| golden.outcome);
        if !control.is_acceptance() {
            return Err(Error::Blind { scenario, found: control.name().into() });
        }
        let prepared = Prepared::attacked(self.scenario, images)?;
        let golden = Golden::run(&prepared);
        let found = golden.as_ref().map_or(Outcome::Hung, |golden| golden.outcome);
        let wrong =
            || Error::Golden { scenario, expected: Outcome::Refused.name(), found: found.name().into() };
        let golden = golden.filter(|golden| golden.outcome == Outcome::Refused).ok_or_else(wrong)?;
        let instructions = golden.instructions(&prepared.machine);
        let in_it_block = in_it_blocks(&prepared, &golden);
        let list = List::new(&golden, instructions, in_it_block, &self.models, self.per_address);
        let mut digests = BTreeMap::from([("boot".to_owned(), images.boot.digest.clone())]);
        if let Some((_, platform)) = &images.platform {
            digests.insert("platform".into(), platform.digest.clone());
        }
        let identity = Identity {
            version: env!("CARGO_PKG_VERSION").into(),
            scenario: scenario.into(),
            target: self.scenario.target().name().into(),
            models: self.models.clone(),
            per_address: self.per_address,
            images: digests,
            golden_instructions: golden.decided as u64,
            control_instructions: control_length.into(),
            addresses: list.addresses,
            moments: list.moments() as u64,
            injections: list.len(),
        };
        Ok(Ready {
            prepared,
            golden,
            list,
            identity,
            control,
            control_length,
            names: images.attacked().names(),
        })
    }

    /// Runs the shard. `progress` is told how many injections of it are done, and of how many.
    pub fn run(&self, ready: &Ready, progress: impl Fn(u64, u64) + Sync) -> Result<Record, Error> {
        let range = self.shard.range(ready.list.len());
        let chunks: Vec<u64> = (range.0 / CHUNK..range.1.div_ceil(CHUNK)).collect();
        let (file, kept) = self.open_progress(ready)?;
        let done: BTreeSet<u64> = kept.iter().map(|done| done.chunk).collect();
        let left: Vec<u64> = chunks.into_iter().filter(|chunk| !done.contains(chunk)).collect();
        let bounds = |chunk: u64| (range.0.max(chunk * CHUNK), range.1.min((chunk + 1) * CHUNK));
        let count = |chunk: &u64| bounds(*chunk).1 - bounds(*chunk).0;

        let total = range.1 - range.0;
        let finished = AtomicU64::new(total - left.iter().map(count).sum::<u64>());
        progress(finished.load(Ordering::Relaxed), total);
        let results = Mutex::new((file, kept, None::<Error>));
        let threads = if self.threads > 0 {
            self.threads
        } else {
            std::thread::available_parallelism().map_or(1, usize::from)
        };
        // Each thread takes the next chunk that is left, so each goes through the list once, forwards.
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                let (results, finished, progress, next, left) =
                    (&results, &finished, &progress, &next, &left);
                scope.spawn(move || {
                    let mut runner = Runner::new(ready);
                    while let Some(chunk) = left.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let (from, to) = bounds(*chunk);
                        let done = runner.chunk(*chunk, from, to);
                        let mut results = results.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                        if let Err(error) = keep(&mut results.0, &done, self.progress_file.as_deref()) {
                            results.2 = Some(error);
                            return;
                        }
                        results.1.push(done);
                        let now = finished.fetch_add(to - from, Ordering::Relaxed) + (to - from);
                        progress(now, total);
                    }
                });
            }
        });
        let (_, kept, error) = results.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        error.map_or_else(|| Ok(self.record(ready, range, kept)), Err)
    }

    fn record(&self, ready: &Ready, range: (u64, u64), kept: Vec<Done>) -> Record {
        let mut record = Record {
            kind: RecordKind::default(),
            provenance: None,
            campaign: ready.identity.clone(),
            shard: self.shard,
            range,
            control: ready.control,
            total: Counts::default(),
            by_model: BTreeMap::new(),
            acceptances: Vec::new(),
        };
        for done in kept {
            for (model, counts) in &done.counts {
                record.by_model.entry(model.name().into()).or_default().join(counts);
                record.total.join(counts);
            }
            record.acceptances.extend(done.acceptances);
        }
        record.acceptances.sort();
        record
    }

    /// Opens the file of progress; what of it is of this campaign is taken over, a torn last line is not.
    fn open_progress(&self, ready: &Ready) -> Result<(Option<File>, Vec<Done>), Error> {
        let Some(path) = &self.progress_file else { return Ok((None, Vec::new())) };
        let header = Header { campaign: ready.identity.clone(), shard: self.shard };
        let wrong = |source| Error::file("write", path, source);
        let (mut kept, mut good) = (Vec::new(), 0);
        if let Ok(file) = File::open(path) {
            let mut reader = BufReader::new(file);
            let mut line = String::new();
            while reader.read_line(&mut line).map_err(|source| Error::file("read", path, source))? > 0 {
                if !line.ends_with('\n') {
                    break;
                }
                if good == 0 {
                    let found = serde_json::from_str::<Header>(&line).map_err(|error| Error::Record {
                        path: path.clone(),
                        reason: format!("{error}; it was to hold a campaign's progress"),
                    })?;
                    if let Some(different) = found.campaign.difference(&header.campaign) {
                        return Err(different);
                    }
                    if found.shard != header.shard {
                        let text = |shard: Shard| format!("{}/{}", shard.number, shard.of);
                        let (one, other) = (text(found.shard), text(header.shard));
                        return Err(Error::Different { field: "shard", one, other });
                    }
                } else {
                    match serde_json::from_str(&line) {
                        Ok(done) => kept.push(done),
                        Err(_) => break,
                    }
                }
                good += line.len() as u64;
                line.clear();
            }
        }
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .read(true)
            .open(path)
            .map_err(wrong)?;
        file.set_len(good).map_err(wrong)?;
        std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0)).map_err(wrong)?;
        if good == 0 {
            write_line(&mut file, &header).map_err(wrong)?;
        }
        Ok((Some(file), kept))
    }
}

fn keep(file: &mut Option<File>, done: &Done, path: Option<&Path>) -> Result<(), Error> {
    match (file, path) {
        (Some(file), Some(path)) => {
            write_line(file, done).map_err(|source| Error::file("write", path, source))
        }
        _ => Ok(()),
    }
}

/// One line in one write, so that a kill leaves all of it or a torn one at the end.
fn write_line(file: &mut File, value: &impl Serialize) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    file.write_all(&line)
}

/// The addresses that the golden run executes under a condition of an IT block.
fn in_it_blocks(prepared: &Prepared, golden: &Golden) -> HashSet<u32> {
    let mut machine = prepared.machine.duplicate();
    let mut found = HashSet::new();
    for pc in &golden.trace[..golden.decided] {
        if machine.regs.it != 0 {
            found.insert(*pc);
        }
        if machine.step().is_err() {
            break;
        }
    }
    found
}

impl Ready {
    /// Which campaign this is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Runs one injection again, alone and to its end: nothing is cut short. Tells each instruction to `each`.
    pub fn repeat(&self, number: u64, mut each: impl FnMut(u32)) -> Result<(Acceptance, Outcome), Error> {
        let injection = self.list.get(&self.golden, number).ok_or(Error::NoInjection(number))?;
        let mut machine = self.prepared.machine.duplicate();
        for _ in 0..injection.time {
            if machine.step().is_err() {
                break;
            }
        }
        machine.memory.begin();
        let mut watched = |pc: u32| each(pc);
        let outcome = faulted(self, &mut machine, injection, false, &mut watched);
        Ok((named(self, number, injection, outcome), outcome))
    }
}

/// One thread's machine, which follows the golden run from injection to injection.
struct Runner<'r> {
    ready: &'r Ready,
    machine: Machine,
    time: u32,
}

impl<'r> Runner<'r> {
    fn new(ready: &'r Ready) -> Runner<'r> {
        Runner { ready, machine: ready.prepared.machine.duplicate(), time: 0 }
    }

    fn chunk(&mut self, chunk: u64, from: u64, to: u64) -> Done {
        let mut done = Done { chunk, counts: BTreeMap::new(), acceptances: Vec::new() };
        for number in from..to {
            let Some(injection) = self.ready.list.get(&self.ready.golden, number) else { break };
            if injection.time < self.time {
                (self.machine, self.time) = (self.ready.prepared.machine.duplicate(), 0);
            }
            while self.time < injection.time {
                if self.machine.step().is_err() {
                    break;
                }
                self.time += 1;
            }
            let outcome = self.inject(injection);
            done.counts.entry(injection.fault.model()).or_default().add(outcome);
            if outcome.is_acceptance() {
                done.acceptances.push(named(self.ready, number, injection, outcome));
            }
        }
        done
    }

    fn inject(&mut self, injection: Injection) -> Outcome {
        let (regs, devices) = (self.machine.regs.clone(), self.machine.devices.clone());
        self.machine.memory.begin();
        let outcome = faulted(self.ready, &mut self.machine, injection, true, &mut |_| {});
        self.machine.memory.undo();
        (self.machine.regs, self.machine.devices) = (regs, devices);
        outcome
    }
}

/// Runs on from a fault to its outcome.
fn faulted(
    ready: &Ready,
    machine: &mut Machine,
    injection: Injection,
    may_rejoin: bool,
    each: &mut impl FnMut(u32),
) -> Outcome {
    let Ready { prepared, golden, .. } = ready;
    each(machine.regs.r[15]);
    if let Err(stop) = injection.fault.inject(machine) {
        return prepared.judge(machine, stop);
    }
    let mut time = injection.time + 1;
    let left = (golden.trace.len() as u32 - injection.time).max(ready.control_length);
    let limit = injection.time.saturating_add(left.saturating_mul(TIMES)).saturating_add(GRACE);
    let mut look_again = time;
    // A state that comes again, with nothing stored between, will come again for ever.
    let mut before = (machine.regs.clone(), machine.changes());
    while time < limit {
        for _ in 0..LOOP {
            if prepared.is_over(machine) {
                return prepared.with_watch(machine, Outcome::Refused);
            }
            let pc = machine.regs.r[15];
            let mark = golden.mark(pc);
            if mark != 0 && time >= look_again && may_rejoin && !machine.memory.code_changed {
                let mut candidates = golden.candidates(mark, injection.time, time);
                if candidates.any(|checkpoint| checkpoint.is_rejoined_by(machine)) {
                    return prepared.with_watch(machine, golden.outcome);
                }
                look_again = time + (time - injection.time) / SELDOM;
            }
            each(pc);
            if let Err(stop) = machine.step() {
                return prepared.judge(machine, stop);
            }
            time += 1;
            if machine.regs.r[15] == before.0.r[15]
                && machine.changes() == before.1
                && machine.regs == before.0
            {
                return prepared.with_watch(machine, Outcome::Hung);
            }
        }
        before = (machine.regs.clone(), machine.changes());
    }
    prepared.with_watch(machine, Outcome::Hung)
}

fn named(ready: &Ready, number: u64, injection: Injection, outcome: Outcome) -> Acceptance {
    Acceptance {
        injection: number,
        address: format!("{:#010x}", injection.address),
        symbol: ready.names.symbol(injection.address),
        line: ready.names.line(injection.address),
        model: injection.fault.model(),
        fault: described(injection.fault),
        outcome,
        time: injection.time,
    }
}

/// Runs a scenario (or, with `attacked` false, its positive control) without a fault, and shows the registers before
/// each instruction to `each`, until that says no. For holding the interpreter against another one.
pub fn walk(
    scenario: Scenario,
    attacked: bool,
    images: &Images,
    mut each: impl FnMut(&Registers) -> bool,
) -> Result<Outcome, Error> {
    let prepare = if attacked { Prepared::attacked } else { Prepared::genuine };
    let prepared = prepare(scenario, images)?;
    let mut machine = prepared.machine.duplicate();
    while each(&machine.regs) {
        if let Err(stop) = machine.step() {
            return Ok(prepared.judge(&machine, stop));
        }
        if prepared.is_over(&machine) {
            break;
        }
    }
    Ok(prepared.with_watch(&machine, Outcome::Refused))
}
