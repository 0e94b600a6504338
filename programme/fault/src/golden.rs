//! The run without a fault: what every other run is held against.
//!
//! A faulted run need not go on to its end once it is certain how it ends. At chosen moments of the golden run (the
//! *checkpoints*) it is known which bytes of memory the rest of that run reads before it writes them. A faulted run that
//! comes to the same instruction with the same registers, the same devices and the same content of those bytes does
//! from there on what the golden run did, whatever else differs: it ends like it.

use crate::cpu::{Machine, Registers};
use crate::devices::Devices;
use crate::isa::Insn;
use crate::memory::Access;
use crate::prepared::{Outcome, Prepared};
use std::collections::HashMap;

/// About so many instructions lie between two checkpoints.
const CHECKPOINT_EVERY: usize = 512;
/// An instruction that is executed more often is none to have a checkpoint at.
const RARE: u32 = 600;
/// No golden run is longer.
const LIMIT: usize = 100_000_000;

/// A moment of the golden run.
pub(crate) struct Checkpoint {
    pub(crate) time: u32,
    regs: Registers,
    devices: Devices,
    /// Bytes that matter from here on, as words at their offset: which bits, and their value.
    live: Vec<(u32, u32, u32)>,
}

impl Checkpoint {
    /// Whether the machine goes on from here as the golden run did.
    pub(crate) fn is_rejoined_by(&self, machine: &Machine) -> bool {
        self.regs == machine.regs
            && self.live.iter().all(|(at, mask, value)| machine.memory.word_at(*at) & mask == *value)
            && self.devices.goes_on_as(&machine.devices)
    }
}

/// The golden run.
pub(crate) struct Golden {
    /// The address of each instruction, in order; for those in which faults are injected, and on to the end.
    pub(crate) trace: Vec<u32>,
    /// Faults are injected before this one.
    pub(crate) decided: usize,
    pub(crate) outcome: Outcome,
    pub(crate) checkpoints: Vec<Checkpoint>,
    /// The checkpoints at an address.
    at: Vec<Vec<u32>>,
    /// For each halfword of the code, which of those lists is its own, from 1; 0 for none.
    marked: Vec<u32>,
    code_start: u32,
}

impl Golden {
    /// Runs it; with `None` it did not end.
    pub(crate) fn run(prepared: &Prepared) -> Option<Golden> {
        let (trace, decided, outcome) = traced(prepared)?;
        let times = choose(&trace, prepared.code.start, prepared.code.len());
        let (checkpoints, at) = observed(prepared, &trace, &times);
        let mut marked = vec![0; prepared.code.len() / 2 + 1];
        let mut lists = Vec::with_capacity(at.len());
        for (pc, list) in at {
            lists.push(list);
            marked[(pc - prepared.code.start) as usize / 2] = lists.len() as u32;
        }
        let (at, code_start) = (lists, prepared.code.start);
        Some(Golden { trace, decided, outcome, checkpoints, at, marked, code_start })
    }

    /// The list of checkpoints at `pc`: where a run may have re-joined this one. 0 where there is none.
    #[inline]
    pub(crate) fn mark(&self, pc: u32) -> u32 {
        let index = pc.wrapping_sub(self.code_start) >> 1;
        self.marked.get(index as usize).copied().unwrap_or(0)
    }

    /// The checkpoints of a list that lie behind `injected`, as far as they are near to `time`.
    pub(crate) fn candidates(
        &self,
        mark: u32,
        injected: u32,
        time: u32,
    ) -> impl Iterator<Item = &Checkpoint> {
        const NEAR: usize = 6;
        let all = self.at.get(mark as usize - 1).map_or(&[][..], Vec::as_slice);
        let time_of = |index: &u32| self.checkpoints[*index as usize].time;
        let first = all.partition_point(|index| time_of(index) <= injected);
        let near = all.partition_point(|index| time_of(index) < time);
        let from = near.saturating_sub(NEAR / 2).max(first);
        let to = (from + NEAR).min(all.len());
        all[from.min(to)..to].iter().map(|index| &self.checkpoints[*index as usize])
    }

    /// The instruction at each address of the trace, once.
    pub(crate) fn instructions(&self, machine: &Machine) -> HashMap<u32, Insn> {
        let mut all = HashMap::new();
        let half = |at: u32| machine.memory.fetch(at).unwrap_or(0);
        for pc in &self.trace {
            all.entry(*pc).or_insert_with(|| Insn::decode(half(*pc), half(pc.wrapping_add(2))));
        }
        all
    }
}

/// The first run: which instructions, and how it ends.
fn traced(prepared: &Prepared) -> Option<(Vec<u32>, usize, Outcome)> {
    let mut machine = prepared.machine.duplicate();
    let (mut trace, mut decided) = (Vec::new(), None);
    while trace.len() < LIMIT {
        trace.push(machine.regs.r[15]);
        let stepped = machine.step();
        if decided.is_none() && prepared.is_decided(&machine) {
            decided = Some(trace.len());
        }
        let len = trace.len();
        match stepped {
            Err(stop) => {
                let outcome = prepared.judge(&machine, stop);
                return Some((trace, decided.unwrap_or(len), outcome));
            }
            Ok(()) if prepared.is_over(&machine) => {
                let outcome = prepared.with_watch(&machine, Outcome::Refused);
                return Some((trace, decided.unwrap_or(len), outcome));
            }
            Ok(()) => {}
        }
    }
    None
}

/// The moments of the checkpoints: in each stretch, the instruction that is executed least often of all.
fn choose(trace: &[u32], start: u32, len: usize) -> Vec<usize> {
    let mut counts = vec![0u32; len / 2 + 1];
    let index = |pc: u32| Some(pc.wrapping_sub(start) as usize / 2).filter(|index| *index < len / 2);
    for pc in trace {
        if let Some(index) = index(*pc) {
            counts[index] += 1;
        }
    }
    let times = (0..trace.len()).step_by(CHECKPOINT_EVERY).filter_map(|from| {
        let to = (from + CHECKPOINT_EVERY).min(trace.len());
        let count = |time: &usize| index(trace[*time]).map_or(u32::MAX, |index| counts[index]);
        (from..to).min_by_key(count).filter(|time| count(time) <= RARE)
    });
    times.collect()
}

/// The second and the third run: which memory matters at each checkpoint, and what is in it.
fn observed(
    prepared: &Prepared,
    trace: &[u32],
    times: &[usize],
) -> (Vec<Checkpoint>, HashMap<u32, Vec<u32>>) {
    let mut machine = prepared.machine.duplicate();
    machine.memory.log = Some(Vec::new());
    let mut logged = Vec::with_capacity(times.len());
    let mut next = times.iter().peekable();
    for time in 0..trace.len() {
        if next.next_if(|at| **at == time).is_some() {
            logged.push(machine.memory.log.as_ref().map_or(0, Vec::len));
        }
        if machine.step().is_err() {
            break;
        }
    }
    let log = machine.memory.log.take().unwrap_or_default();
    let live = live(&log, &logged, &machine);

    let mut machine = prepared.machine.duplicate();
    let mut checkpoints = Vec::with_capacity(times.len());
    let mut at: HashMap<u32, Vec<u32>> = HashMap::new();
    let mut next = times.iter().zip(live).peekable();
    for (time, pc) in trace.iter().enumerate() {
        if let Some((_, live)) = next.next_if(|(at, _)| **at == time) {
            let value = |(at, mask): (u32, u32)| (at, mask, machine.memory.word_at(at) & mask);
            at.entry(*pc).or_default().push(checkpoints.len() as u32);
            checkpoints.push(Checkpoint {
                time: time as u32,
                regs: machine.regs.clone(),
                devices: machine.devices.clone(),
                live: live.into_iter().map(value).collect(),
            });
        }
        if machine.step().is_err() {
            break;
        }
    }
    (checkpoints, at)
}

/// For each checkpoint, the bytes that are read later before they are written: word offsets and masks.
fn live(log: &[Access], logged: &[usize], machine: &Machine) -> Vec<Vec<(u32, u32)>> {
    let mut live: HashMap<u32, u32> = HashMap::new();
    let mut all = Vec::with_capacity(logged.len());
    let mut end = log.len();
    for start in logged.iter().rev() {
        for access in log[*start..end].iter().rev() {
            for at in access.at..access.at + u32::from(access.size) {
                let (word, mask) = (at & !3, 0xFFu32 << (8 * (at & 3)));
                if access.store {
                    if let Some(live) = live.get_mut(&word) {
                        *live &= !mask;
                    }
                } else if !machine.memory.is_fixed(at) {
                    *live.entry(word).or_default() |= mask;
                }
            }
        }
        end = *start;
        live.retain(|_, mask| *mask != 0);
        let mut words: Vec<(u32, u32)> = live.iter().map(|(at, mask)| (*at, *mask)).collect();
        words.sort_unstable();
        all.push(words);
    }
    all.reverse();
    all
}
