//! The list of injections: every one has a number, the same in every shard and on every machine.

use crate::fault::{Fault, Model};
use crate::golden::Golden;
use crate::isa::Insn;
use std::collections::{HashMap, HashSet};

/// One injection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Injection {
    /// Before how many instructions of the golden run.
    pub(crate) time: u32,
    pub(crate) address: u32,
    pub(crate) fault: Fault,
}

/// All of them, in the order of the golden run.
pub(crate) struct List {
    models: Vec<Model>,
    /// The moments chosen, each with the number of its first injection.
    moments: Vec<(u32, u64)>,
    instructions: HashMap<u32, Insn>,
    in_it_block: HashSet<u32>,
    total: u64,
    /// Different addresses.
    pub(crate) addresses: u32,
}

impl List {
    /// Of each address, so many of its executions: the first, the last, and others evenly between them.
    pub(crate) fn new(
        golden: &Golden,
        instructions: HashMap<u32, Insn>,
        in_it_block: HashSet<u32>,
        models: &[Model],
        per_address: u32,
    ) -> List {
        let decided = &golden.trace[..golden.decided];
        let mut counts: HashMap<u32, u32> = HashMap::new();
        for pc in decided {
            *counts.entry(*pc).or_default() += 1;
        }
        let mut seen: HashMap<u32, u32> = HashMap::new();
        let (mut moments, mut total) = (Vec::new(), 0);
        for (time, pc) in (0u32..).zip(decided) {
            let nth = seen.entry(*pc).or_default();
            let wanted = is_chosen(*nth, counts[pc], per_address);
            *nth += 1;
            if !wanted {
                continue;
            }
            moments.push((time, total));
            let insn = &instructions[pc];
            let count = |model: &Model| u64::from(Fault::count(*model, insn, in_it_block.contains(pc)));
            total += models.iter().map(count).sum::<u64>();
        }
        let addresses = counts.len() as u32;
        List { models: models.to_vec(), moments, instructions, in_it_block, total, addresses }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        self.total
    }

    /// The moments at which faults are injected.
    pub(crate) fn moments(&self) -> usize {
        self.moments.len()
    }

    /// The one with this number.
    pub(crate) fn get(&self, golden: &Golden, number: u64) -> Option<Injection> {
        if number >= self.total {
            return None;
        }
        let index = self.moments.partition_point(|(_, first)| *first <= number) - 1;
        let (time, first) = self.moments[index];
        let address = golden.trace[time as usize];
        let (insn, in_it_block) = (&self.instructions[&address], self.in_it_block.contains(&address));
        let mut left = (number - first) as u32;
        for model in &self.models {
            let count = Fault::count(*model, insn, in_it_block);
            if left < count {
                return Some(Injection { time, address, fault: Fault::nth(*model, insn, in_it_block, left) });
            }
            left -= count;
        }
        None
    }
}

/// Whether the `nth` of `count` executions is one of `wanted`.
fn is_chosen(nth: u32, count: u32, wanted: u32) -> bool {
    if wanted == 0 || count <= wanted {
        return true;
    }
    if wanted == 1 {
        return nth == 0;
    }
    // The k-th chosen is execution k·(count−1)/(wanted−1), rounded down.
    let (nth, steps, span) = (u64::from(nth), u64::from(wanted - 1), u64::from(count - 1));
    let k = (nth * steps).div_ceil(span);
    k * span / steps == nth
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_execution_are_always_chosen_and_as_many_as_wanted() {
        for (count, wanted) in [(10, 3), (9752, 4), (64, 64), (65, 64), (5, 8), (100, 7), (2, 1), (1000, 0)] {
            let chosen: Vec<u32> = (0..count).filter(|nth| is_chosen(*nth, count, wanted)).collect();
            let expected = if wanted == 0 { count } else { count.min(wanted) };
            assert_eq!(chosen.len() as u32, expected, "{count} {wanted}: {chosen:?}");
            assert_eq!(chosen[0], 0);
            assert!(wanted == 1 || chosen.last() == Some(&(count - 1)));
        }
    }
}
