//! What was removed is not in the flash any more, in no form.

use super::content::{Content, Operation, reading};
use super::{HEADER, SECTOR_HEADER, TRAILER};
use crate::bench::Bench;
use crate::model::{Applies, Kind, Outcome, Target, Test, Threat, require};
use crate::observations::Observations;
use crate::probe::{Probe, find_secret};
use crate::tests::{interface, sfr};
use dtsec_target::Entropy;
use std::collections::HashSet;

pub(super) const TESTS: &[Test] = &[Test {
    id: "storage-removed-content-is-gone",
    title: "Of what was removed, replaced or trimmed neither plaintext nor ciphertext is left in the flash",
    sfr: sfr::STORAGE,
    threats: &[Threat::Physical],
    kind: Kind::Attack,
    interface: interface::FLASH_OF_STORAGE,
    procedure: "Store records and readings and copy the flash; remove, replace and trim them one after the other; right after each call read the flash from outside and look in it for every 16 bytes that were written for the old content. Cut the power and look once more.",
    expected: "When the call has returned, nothing of the old content's ciphertext is in the flash but header and tag, 60 bytes for each item; plaintext never is, neither before nor after.",
    applies: Applies::Everywhere,
    run: gone,
}];

/// Bytes of an item that may stay until its sector is erased: header, tag and chain value.
const MAY_STAY: usize = HEADER + TRAILER;
/// An item may be split at the end of a sector, and the next one begins with a header of its own.
const MAY_STAY_BESIDES: usize = MAY_STAY + SECTOR_HEADER;
const WINDOW: usize = 16;

/// What was written between two copies of the flash: every window of it.
struct Traces(HashSet<[u8; WINDOW]>);

impl Traces {
    fn of(before: &[u8], after: &[u8]) -> Traces {
        let mut traces = HashSet::new();
        let changed = |at: usize| before.get(at..at + 4) != after.get(at..at + 4);
        let mut at = 0;
        while at + WINDOW <= after.len() {
            if changed(at) && changed(at + WINDOW - 4) {
                traces.extend(after[at..].first_chunk::<WINDOW>().filter(|window| !dull(*window)));
            }
            at += 4;
        }
        Traces(traces)
    }

    /// Bytes of it that a flash still holds, wherever.
    fn in_flash(&self, flash: &[u8]) -> usize {
        let windows = flash.windows(WINDOW).step_by(4);
        4 * windows.filter(|window| window.first_chunk().is_some_and(|w| self.0.contains(w))).count()
    }
}

/// Erased and overwritten flash holds nothing.
fn dull(window: &[u8]) -> bool {
    window.iter().all(|byte| *byte == 0) || window.iter().all(|byte| *byte == 0xFF)
}

fn gone(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let mut sampler = bench.sampler("storage-purged");
    let mut content = Content::default();
    content.perform(&mut probe, &Content::sample(&mut sampler, 8, 8))?;
    let rounds = if bench.target == Target::Virtual { 6 } else { 3 };
    for round in 0..bench.samples(rounds, 2) {
        for (what, items) in [("remove", 1), ("set", 1), ("trim", 10)] {
            let uid = 500 + round as u64;
            let before = probe.storage()?;
            let plain = sampler.bytes(1000 + 600 * round);
            let readings: Vec<_> = (0..10).map(|n| reading(sampler.any() >> 32, n)).collect();
            let (stored, ended) = match what {
                "remove" => (vec![Operation::Set(uid, plain.clone())], Operation::Remove(uid)),
                "set" => (
                    vec![Operation::Set(uid, plain.clone())],
                    Operation::Set(uid, sampler.bytes(plain.len() / 2)),
                ),
                _ => {
                    let next = content.next() + readings.len() as u32;
                    (
                        readings.iter().map(|reading| Operation::Append(*reading)).collect(),
                        Operation::Trim(next),
                    )
                }
            };
            content.perform(&mut probe, &stored)?;
            let flash = probe.storage()?;
            let traces = Traces::of(&before, &flash);
            require!(find_secret(&probe.flash()?, &plain).is_empty(), "plaintext lies in the flash");
            let there = traces.in_flash(&flash);
            let least = if what == "trim" { 10 * 24 } else { plain.len() };
            if round == 0 {
                seen.control(&format!("the same search before the {what}"), |_| {
                    require!(there >= least, "{there} bytes of ciphertext found where {least} were stored");
                    Ok(format!("{there} bytes of what was written are found"))
                })?;
            }
            content.perform(&mut probe, std::slice::from_ref(&ended))?;
            let may_stay = items * MAY_STAY + MAY_STAY_BESIDES;
            let left = traces.in_flash(&probe.storage()?);
            require!(
                left <= may_stay,
                "after {what} {left} of {there} bytes that were written are still in the flash"
            );
            require!(find_secret(&probe.flash()?, &plain).is_empty(), "plaintext lies in the flash");
            seen.case(what, "gone when the call returned");
            probe = Probe::power(probe.cut(), seen, Entropy::System)?;
            let left = traces.in_flash(&probe.storage()?);
            require!(left <= may_stay, "after {what} and a power cut {left} bytes are back");
        }
    }
    content.must_be(&mut probe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_found_wherever_it_lies_and_what_was_there_before_is_not() {
        let before: Vec<u8> = (0..200u8).map(|n| if n < 100 { n } else { 0xFF }).collect();
        let mut after = before.clone();
        after[100..164]
            .iter_mut()
            .enumerate()
            .for_each(|(n, byte)| *byte = (n as u8).wrapping_mul(37) ^ 0x5A);
        let traces = Traces::of(&before, &after);
        assert_eq!(traces.in_flash(&before), 0);
        assert!((48..=64).contains(&traces.in_flash(&after)));
        let moved = [&[9; 40][..], &after[100..164]].concat();
        assert_eq!(traces.in_flash(&moved), traces.in_flash(&after));
        let mut zeroed = after;
        zeroed[100..164].fill(0);
        assert_eq!(traces.in_flash(&zeroed), 0);
    }
}
