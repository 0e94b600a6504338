//! Loss of power: what was acknowledged stays, and nothing is half done.
//!
//! Nothing here knows where in the flash anything lies: power is cut, the device is started again and asked.

use super::storage::content::{Content, Operation, reading, reported, services};
use super::{interface, sfr};
use crate::bench::{Bench, Dut, expect_state, judged, let_pass};
use crate::model::{Applies, Failure, Kind, Outcome, Target, Test, Threat, require};
use crate::observations::Observations;
use crate::probe::{Probe, status};
use crate::seed::Sampler;
use dtsec_target::{Entropy, Session};
use std::collections::HashSet;
use std::time::{Duration, Instant};

pub(super) const TESTS: &[Test] = &[
    Test {
        id: "storage-power-cut-while-measuring",
        title: "No reading that the meter has acknowledged is lost when the power fails",
        sfr: sfr::STORAGE,
        threats: &[Threat::Physical],
        kind: Kind::Attack,
        interface: interface::SENSOR,
        procedure: "Feed the glucose meter with readings and cut the power at a random moment, while it takes them or while it starts; start it again and list the readings; 300 times on the board and 400 times on the virtual device, or as often as the environment variable DTSEC_POWER_CUTS says.",
        expected: "After each cut the storage is ready and every reading that was acknowledged as stored is listed with its time, value and index, in order and without gaps, and at most one more: the one that was under way.",
        applies: Applies::Everywhere,
        run: while_measuring,
    },
    Test {
        id: "storage-power-cut-operations",
        title: "Each operation of the storage is done or not done, wherever the power fails",
        sfr: sfr::STORAGE,
        threats: &[Threat::Physical],
        kind: Kind::Attack,
        interface: interface::GATE,
        procedure: "Set, replace and remove records, append and trim readings, and cut the power in the middle: right after a chosen store into the flash where the emulator can do that, else at random moments; for some, once more while the start recovers. Start and read everything back.",
        expected: "Everything is as before the operation or as after it, and all else as it was; the storage is ready; an operation that was answered is done.",
        applies: Applies::Everywhere,
        run: operations,
    },
    Test {
        id: "storage-nonce-not-used-twice",
        title: "What is stored again after a power cut is encrypted anew",
        sfr: sfr::STORAGE,
        threats: &[Threat::Physical],
        kind: Kind::Attack,
        interface: interface::FLASH_OF_STORAGE,
        procedure: "Set a record and cut the power in the middle of it, so that the flash holds a part of its ciphertext; copy the flash; start and set the same record again; look in the flash for any 32 bytes of the first attempt, in the place of the second or anywhere else.",
        expected: "None are found: equal plaintext under an equal nonce would give equal ciphertext. The part that the cut has left is gone when the device has started.",
        applies: Applies::Everywhere,
        run: nonces,
    },
];

/// How many cuts to make, unless the environment says otherwise.
fn cuts(bench: &Bench, full: usize, quick: usize) -> usize {
    let asked = std::env::var("DTSEC_POWER_CUTS").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or(bench.samples(full, quick))
}

/// A reading that was sent: its number is its time and its value.
fn time(number: u64) -> u64 {
    1_600_000_000 + number
}

fn value(number: u64) -> u64 {
    10 + number % 590
}

/// How the meter lists it.
fn listed_as(index: usize, number: u64) -> Option<String> {
    let at = jiff::Timestamp::from_second(time(number).try_into().ok()?).ok()?;
    Some(format!("reading index={} time={at} mg/dL={} ", index + 1, value(number)))
}

/// Whether the list is what was acknowledged and at most the one that was under way; if so, whether that one is there.
fn holds(acknowledged: &[u64], under_way: Option<u64>, list: &[String]) -> Result<bool, String> {
    let more = list.len().saturating_sub(acknowledged.len());
    let expected = acknowledged.iter().copied().chain(under_way.filter(|_| more > 0));
    for (index, number) in expected.enumerate() {
        let wanted = listed_as(index, number).unwrap_or_default();
        let Some(line) = list.get(index) else {
            return Err(format!(
                "{} readings are listed, {} were acknowledged",
                list.len(),
                acknowledged.len()
            ));
        };
        if !line.starts_with(&wanted) {
            return Err(format!("`{line}` is listed where `{wanted}` was stored"));
        }
    }
    let allowed = acknowledged.len() + usize::from(under_way.is_some());
    if list.len() > allowed {
        return Err(format!("{} readings are listed, at most {allowed} can be there", list.len()));
    }
    Ok(more > 0)
}

/// Readings sent at once.
const BURST: u64 = 4;
/// Cuts that one device goes through: each start lists all of its readings.
const CUTS_OF_A_DEVICE: usize = 40;

/// A meter whose power is cut again and again.
struct Meter {
    dut: Dut,
    acknowledged: Vec<u64>,
    under_way: Option<u64>,
    /// Number of the next reading.
    next: u64,
}

impl Meter {
    fn new(bench: &Bench, seen: &mut Observations) -> Outcome<Meter> {
        Ok(Meter { dut: bench.genuine_device(seen)?, acknowledged: Vec::new(), under_way: None, next: 0 })
    }

    /// Starts it and holds its readings against what is known; whether the one under way is there.
    fn start(&mut self) -> Outcome<(Session, bool)> {
        let mut session = self.dut.power()?;
        let report = judged(session.report())?;
        expect_state(&report, "running")?;
        let storage = &reported(&report)?.storage;
        require!(storage == "ready", "after the cut the storage is {storage}");
        let answer = judged(session.ask("readings"))?;
        require!(answer.is_ok(), "`readings` was answered with error {:?}", answer.error);
        let list: Vec<String> =
            answer.lines.into_iter().filter(|line| line.starts_with("reading index=")).collect();
        let more = holds(&self.acknowledged, self.under_way, &list).map_err(Failure::Refuted)?;
        self.acknowledged.extend(self.under_way.take().filter(|_| more));
        Ok((session, more))
    }

    fn send(&mut self, session: &mut Session) -> Outcome {
        for number in self.next..self.next + BURST {
            judged(session.send_reading(time(number), &value(number).to_string(), "mg/dL"))?;
        }
        self.next += BURST;
        Ok(())
    }

    /// How long a burst takes, and that all of it is acknowledged.
    fn whole_burst(&mut self, session: &mut Session) -> Outcome<Duration> {
        let start = Instant::now();
        let first = self.next;
        self.send(session)?;
        for number in first..self.next {
            self.acknowledged.push(number);
            let wanted = format!("stored index={}", self.acknowledged.len());
            judged(session.console().wait_line(&wanted, |line| line == wanted))?;
        }
        Ok(start.elapsed())
    }

    /// Cuts the power so much after sending readings, and takes in what was acknowledged by then.
    fn cut(&mut self, mut session: Session, after: Duration) -> Outcome<usize> {
        let first = self.next;
        self.send(&mut session)?;
        let_pass(after);
        session.cut();
        let lines = session.console().take_lines();
        let mut numbers = first..self.next;
        for line in lines.iter().filter_map(|line| line.strip_prefix("stored ")) {
            let wanted = format!("index={}", self.acknowledged.len() + 1);
            require!(line == wanted, "a reading was acknowledged as `{line}` where {wanted} comes next");
            self.acknowledged.extend(numbers.next());
        }
        let count = numbers.start - first;
        self.under_way = numbers.next();
        // A line of the sensor that the cut has cut short is no reading; those behind it never came.
        Ok(count as usize)
    }
}

fn while_measuring(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut sampler = bench.sampler("power-cuts");
    let cuts = match bench.target {
        Target::Mps2An505 => cuts(bench, 300, 20),
        Target::Virtual => cuts(bench, 400, 60),
    };
    let mut lost = 0;
    let mut made = 0;
    while made < cuts {
        let mut meter = Meter::new(bench, seen)?;
        let before = Instant::now();
        let (mut session, _) = meter.start()?;
        let starting = before.elapsed();
        let burst = meter.whole_burst(&mut session)?;
        if made == 0 {
            seen.saw("time of a start", format!("{starting:?}"));
            seen.saw("time of four readings", format!("{burst:?}"));
            drop(session);
            notices_a_loss(&mut meter, seen)?;
            session = meter.start()?.0;
        }
        for _ in 0..CUTS_OF_A_DEVICE.min(cuts - made) {
            let most = burst.as_micros() as usize * 5 / 4;
            let acknowledged = meter.cut(session, Duration::from_micros(sampler.below(most) as u64))?;
            let under_way = meter.under_way.is_some();
            made += 1;
            // Now and then once more, while it starts.
            if sampler.below(5) == 0 {
                let moment = sampler.below(starting.as_micros() as usize) as u64;
                meter.dut.cut_while_starting(Duration::from_micros(moment))?;
                made += 1;
                seen.case("cut while it starts", "all there");
            }
            let (again, more) = meter.start()?;
            session = again;
            lost += usize::from(under_way && !more);
            let what = if !under_way {
                "all had been acknowledged"
            } else if more {
                "the one under way is there as well"
            } else {
                "the one under way is not there"
            };
            seen.case(&format!("cut after {acknowledged} of {BURST} readings"), what);
        }
        drop(session);
    }
    let moments = seen.tally.len();
    require!(
        moments > 2 && lost > 0,
        "the cuts came too late or too early to try anything: {:?}",
        seen.tally
    );
    Ok(())
}

/// Control: a meter that has forgotten its last reading, as one that acknowledges before it stores would.
fn notices_a_loss(meter: &mut Meter, seen: &mut Observations) -> Outcome {
    let (storage, fuses) = (meter.dut.read_storage()?, meter.dut.read_fuses()?);
    let (mut session, _) = meter.start()?;
    let known = meter.acknowledged.clone();
    meter.whole_burst(&mut session)?;
    drop(session);
    let newer = (meter.dut.read_storage()?, meter.dut.read_fuses()?);
    let put = |storage: &[u8], fuses: &dtsec_target::FuseImage| {
        meter.dut.write_storage(storage)?;
        meter.dut.write_fuses(fuses)
    };
    put(&storage, &fuses)?;
    let (acknowledged, under_way) = (meter.acknowledged.clone(), meter.under_way);
    seen.control(
        "the same judge over a meter whose flash and counter are those of four readings ago",
        |_| match meter.start() {
            Err(Failure::Refuted(why)) => Ok(format!("noticed: {why}")),
            Err(other) => Err(other),
            Ok(_) => Err(Failure::Refuted(format!(
                "{} readings were lost unnoticed",
                acknowledged.len() - known.len()
            ))),
        },
    )?;
    meter.dut.write_storage(&newer.0)?;
    meter.dut.write_fuses(&newer.1)?;
    (meter.acknowledged, meter.under_way) = (acknowledged, under_way);
    Ok(())
}

/// A device in use, and what it holds.
fn in_use(bench: &Bench, seen: &mut Observations, sampler: &mut Sampler) -> Outcome<(Dut, Content)> {
    let mut probe = Probe::start(bench, seen)?;
    let mut content = Content::default();
    content.perform(&mut probe, &Content::sample(sampler, 12, 12))?;
    Ok((probe.cut(), content))
}

/// The next operation to be cut, of each kind in turn.
fn drawn(sampler: &mut Sampler, content: &Content, number: usize) -> Operation {
    let uids: Vec<u64> = content.records.keys().copied().collect();
    match number % 6 {
        0 => Operation::Set(1000 + number as u64, sampler.bytes(900)),
        1 => {
            let length = sampler.below(2000);
            Operation::Set(*sampler.one_of(&uids), sampler.bytes(length))
        }
        2 => Operation::Set(2000, sampler.bytes(4096)),
        3 if uids.len() > 8 => Operation::Remove(*sampler.one_of(&uids)),
        4 if content.readings.len() > 8 => {
            Operation::Trim(content.first + 1 + sampler.below(content.readings.len() - 4) as u32)
        }
        _ => Operation::Append(reading(1_700_000_000 + number as u64, 100 + number as i32)),
    }
}

const ANSWERED: &str = "answered, and done";

/// After a cut everything must be as before the operation or as after it; which.
fn settled(
    probe: &mut Probe,
    before: Content,
    operation: &Operation,
    answered: bool,
) -> Outcome<(Content, String)> {
    let mut after = before.clone();
    after.apply(operation);
    let recovery = reported(probe.report())?.recovery;
    let how =
        ["nothing to recover", "completed", "discarded", "erased"].get(recovery as usize).unwrap_or(&"?");
    if !answered && before != after {
        let refuted = match before.must_be(probe) {
            Ok(()) => return Ok((before, format!("not done, {how}"))),
            Err(Failure::Refuted(why)) => why,
            Err(other) => return Err(other),
        };
        return match after.must_be(probe) {
            Err(Failure::Refuted(why)) => {
                let name = operation.name();
                Err(Failure::Refuted(format!("{name} is neither done ({why}) nor not done ({refuted})")))
            }
            outcome => outcome.map(|()| (after, format!("done, {how}"))),
        };
    }
    after.must_be(probe)?;
    Ok((after, ANSWERED.into()))
}

fn operations(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut sampler = bench.sampler("power-cut-operations");
    let (mut dut, mut content) = in_use(bench, seen, &mut sampler)?;
    let cuts = match bench.target {
        Target::Mps2An505 => cuts(bench, 48, 18),
        Target::Virtual => cuts(bench, 300, 60),
    };
    let mut probe = Probe::power_to_be_cut(dut, seen)?;
    content.must_be(&mut probe)?;
    seen.control("the same judge, where the operation is half done", |_| half_done(&mut probe, &content))?;
    // For each kind: stores, or microseconds, that a whole one takes at most.
    let mut most = [64usize; 6];
    for number in 0..cuts {
        let operation = drawn(&mut sampler, &content, number);
        let kind = operation.name();
        let limit = &mut most[number % 6];
        let after = 1 + sampler.below(*limit);
        let moment = probe.moment(after);
        let (left, answer) = probe.cut_at(&operation.call(), moment)?;
        if let Some((status, _)) = &answer {
            require!(*status == status::SUCCESS, "{kind} returned {status}");
            *limit = (*limit * 3 / 4).max(4);
        } else if after * 2 > *limit {
            *limit *= 2;
        }
        dut = left;
        if number % 4 == 0 {
            dut.cut_while_starting(Duration::from_micros(sampler.below(60_000) as u64))?;
        }
        probe = Probe::power_to_be_cut(dut, seen)?;
        let (now, what) = settled(&mut probe, content, &operation, answer.is_some())?;
        content = now;
        seen.case(kind, &what);
    }
    seen.saw("stores or microseconds within which each kind was cut", format!("{most:?}"));
    for (kind, outcomes) in &seen.tally {
        let (all, answered) = (outcomes.values().sum::<u64>(), outcomes.get(ANSWERED).copied().unwrap_or(0));
        require!(all < 8 || answered < all, "no cut came before the answer to {kind}: {outcomes:?}");
    }
    Ok(())
}

/// Control: of two operations one is done; the judge is told of them as one.
fn half_done(probe: &mut Probe, content: &Content) -> Outcome<String> {
    let mut done = content.clone();
    done.perform(probe, &[Operation::Set(1, vec![1; 20])])?;
    let mut claimed = content.clone();
    claimed.records.remove(&2);
    let outcome = match settled(probe, claimed, &Operation::Set(1, vec![2; 20]), false) {
        Err(Failure::Refuted(why)) => Ok(format!("noticed: {why}")),
        Err(other) => return Err(other),
        Ok((_, what)) => Err(Failure::Refuted(format!("taken for {what}"))),
    };
    let old = content.records.get(&1).map(|record| record.data.clone()).unwrap_or_default();
    done.perform(probe, &[Operation::Set(1, old)])?;
    content.must_be(probe)?;
    outcome
}

/// So many bytes are not equal by chance, and headers, which may be, are shorter.
const FRAGMENT: usize = 32;
/// Fragments of headers and tags, of a record that was split into two parts.
const MAY_STAY: usize = 40;

/// Bytes that are erased together. A fragment over their border is no fragment: what lies before it may stay, while what
/// comes after it is erased and begins again with the same name and number.
const SECTOR: usize = 4096;

/// What was written between two copies of the flash, in fragments.
fn written(before: &[u8], after: &[u8]) -> HashSet<[u8; FRAGMENT]> {
    let fresh = |at: usize| before[at..at + FRAGMENT].iter().all(|byte| *byte == 0xFF);
    let full =
        |fragment: &[u8]| !fragment.contains(&0xFF) || fragment.iter().filter(|b| **b == 0xFF).count() < 8;
    let at = (0..after.len().saturating_sub(FRAGMENT - 1)).step_by(4);
    at.filter(|at| at / SECTOR == (at + FRAGMENT - 1) / SECTOR)
        .filter(|at| fresh(*at))
        .filter_map(|at| after[at..].first_chunk().copied())
        .filter(|f| full(f))
        .collect()
}

fn windows(flash: &[u8]) -> impl Iterator<Item = &[u8; FRAGMENT]> {
    flash.windows(FRAGMENT).step_by(4).filter_map(|window| window.first_chunk())
}

/// How many of the fragments lie in a flash.
fn found(fragments: &HashSet<[u8; FRAGMENT]>, flash: &[u8]) -> usize {
    windows(flash).filter(|window| fragments.contains(*window)).count()
}

/// After more of them the storage begins to move what it holds, and what was written is more than the record.
const ATTEMPTS_ON_A_DEVICE: usize = 8;

fn nonces(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut sampler = bench.sampler("nonces");
    let (mut dut, mut content) = in_use(bench, seen, &mut sampler)?;
    let wanted = bench.samples(6, 3);
    // Of the words of an entry, or microseconds; grows until the cut comes in the middle.
    let mut limit = 400;
    let (mut attempts, mut discarded) = (0, 0);
    while discarded < wanted {
        attempts += 1;
        if attempts % ATTEMPTS_ON_A_DEVICE == 0 {
            (dut, content) = in_use(bench, seen, &mut sampler)?;
        }
        require!(attempts < 60 * wanted, "after {attempts} cuts none has left a part of a record");
        let before = dut.read_storage()?;
        let probe = Probe::power_to_be_cut(dut, seen)?;
        let after = limit / 4 + sampler.below(limit);
        let moment = probe.moment(after);
        let operation = Operation::Set(77, sampler.bytes(4000));
        let (left, answer) = probe.cut_at(&operation.call(), moment)?;
        dut = left;
        let torn = dut.read_storage()?;
        let first = written(&before, &torn);
        let mut probe = Probe::power_to_be_cut(dut, seen)?;
        let (now, what) = settled(&mut probe, content, &operation, answer.is_some())?;
        content = now;
        seen.case("cut", &what);
        if first.len() < 16 {
            limit = (limit * 5 / 4).min(40_000);
        } else if !what.starts_with("not done") {
            limit = (limit * 4 / 5).max(40);
        } else {
            discarded += 1;
            if discarded == 1 {
                seen.control("the same search in the flash as the cut left it", |_| {
                    let there = found(&first, &torn);
                    require!(there >= first.len(), "{there} of {} fragments are found", first.len());
                    Ok(format!("{there} fragments of {FRAGMENT} bytes are found"))
                })?;
            }
            // Headers and tags may stay where a part was whole; its content may not.
            let recovered = probe.storage()?;
            let left = found(&first, &recovered);
            require!(
                left <= MAY_STAY,
                "{left} fragments of what the cut left are in the flash after the start"
            );
            let mut gone = first;
            windows(&recovered).for_each(|window| _ = gone.remove(window));
            content.perform(&mut probe, std::slice::from_ref(&operation))?;
            let repeated = probe.storage()?;
            let again = found(&gone, &repeated);
            let one = windows(&repeated).find(|window| gone.contains(*window)).map(hex::encode);
            require!(
                again == 0,
                "{again} fragments of {FRAGMENT} bytes are the same in both attempts, {} among them: the nonce was \
                 used twice",
                one.unwrap_or_default()
            );
            seen.case("same record set again", "encrypted anew");
        }
        dut = probe.cut();
    }
    seen.saw("records cut in the middle and set again", discarded);
    let mut probe = Probe::power(dut, seen, Entropy::System)?;
    content.must_be(&mut probe)?;
    seen.saw("storage afterwards", services(&mut probe)?.storage);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(numbers: &[u64]) -> Vec<String> {
        let line = |(index, number): (usize, &u64)| listed_as(index, *number).unwrap() + "mmol/L=1.0";
        numbers.iter().enumerate().map(line).collect()
    }

    #[test]
    fn a_reading_is_listed_with_index_time_and_value() {
        let line = listed_as(1, 5).unwrap();
        assert_eq!(line, "reading index=2 time=2020-09-13T12:26:45Z mg/dL=15 ");
    }

    #[test]
    fn what_was_acknowledged_and_at_most_the_one_under_way_may_be_listed() {
        assert_eq!(holds(&[1, 2], Some(3), &list(&[1, 2])), Ok(false));
        assert_eq!(holds(&[1, 2], Some(3), &list(&[1, 2, 3])), Ok(true));
        assert_eq!(holds(&[], None, &[]), Ok(false));
        for (acknowledged, under_way, listed) in [
            (&[1, 2][..], Some(3), &[1][..]),
            (&[1, 2], Some(3), &[1, 3]),
            (&[1, 2], Some(3), &[1, 2, 4]),
            (&[1, 2], Some(3), &[1, 2, 3, 4]),
            (&[1, 2], None, &[1, 2, 3]),
            (&[1, 2], Some(3), &[2, 1]),
            (&[1, 2], Some(3), &[]),
        ] {
            assert!(holds(acknowledged, under_way, &list(listed)).is_err(), "{listed:?}");
        }
    }

    #[test]
    fn equal_ciphertext_is_found_wherever_it_lies() {
        let before = vec![0xFF; 400];
        let mut torn = before.clone();
        let noise = crate::seed::Sampler::new(1, "ciphertext").bytes(200);
        torn[40..240].copy_from_slice(&noise);
        let fragments = written(&before, &torn);
        assert!(fragments.len() > 30);
        let mut again = before.clone();
        again[100..300].copy_from_slice(&noise);
        assert_eq!(found(&fragments, &again), fragments.len());
        again[100..300].iter_mut().for_each(|byte| *byte ^= 0x55);
        assert_eq!(found(&fragments, &again), 0);
    }
}
