//! Attacks on the flash of trusted storage while the device is off: seen, named, never repaired.

use super::content::{Content, Found, Operation, application_sees, reported, services};
use super::{HEADER, TRAILER};
use crate::attack::all_as_expected;
use crate::bench::{Bench, Dut, expect_state, judged};
use crate::images::Part;
use crate::model::{Applies, Failure, Kind, Outcome, Target, Test, Threat, require};
use crate::observations::Observations;
use crate::probe::Probe;
use crate::seed::Sampler;
use crate::tests::{interface, sfr};
use dtsec_target::{Entropy, FuseImage, Session};
use std::ops::Range;

pub(super) const TESTS: &[Test] = &[
    Test {
        id: "storage-flipped-bits",
        title: "A flipped bit anywhere in the stored data is seen",
        sfr: sfr::STORAGE,
        threats: &[Threat::Physical],
        kind: Kind::Attack,
        interface: interface::FLASH_OF_STORAGE,
        procedure: "Store records and readings, switch off, flip one bit, start and read everything back: one bit of every word that holds anything on the virtual device, of some words on the board, and of some erased and overwritten words; put the flash back each time.",
        expected: "Where a word holds anything, the storage is refused at the start or an item when it is read, by a name that says so; in other words nothing stored changes. Nothing is read as anything else than what was stored, and the platform writes nothing.",
        applies: Applies::Everywhere,
        run: flipped_bits,
    },
    Test {
        id: "storage-exchanged-parts",
        title: "Exchanged, replayed, deleted and foreign data are seen, and the meter goes on measuring",
        sfr: sfr::STORAGE,
        threats: &[Threat::Physical],
        kind: Kind::Attack,
        interface: interface::FLASH_OF_STORAGE,
        procedure: "While the device is off: exchange two records, or their contents, or two readings; put older copies of a record, of a sector and of the whole storage in place; erase and overwrite records and sectors; cut the log off; exchange and move sectors; put another device's storage in. Start the probe, which reads everything back, and the glucose meter, which measures.",
        expected: "Each is refused at the start or when it is read, by the name that fits; nothing is read as anything else than what was stored, and the platform writes nothing. The meter shows a low reading with its alarm all the same, and warns of the storage.",
        applies: Applies::Everywhere,
        run: exchanged_parts,
    },
    Test {
        id: "storage-tampering-is-shown",
        title: "The user of the meter sees which readings cannot be believed, and is warned",
        sfr: sfr::STORAGE,
        threats: &[Threat::Physical],
        kind: Kind::Attack,
        interface: interface::FLASH_OF_STORAGE,
        procedure: "Take twelve readings with the meter, switch off, flip a bit in the fifth; list the readings, take one more, switch off and on; then put the storage of yesterday back, list and measure again; at last reset to factory state.",
        expected: "The fifth is listed in its place with an error, the others as they were; the warning says tampered; the new reading is shown with its alarm and kept. Of the older storage nothing is listed, the warning says tampered, and a new reading is shown with its alarm though it cannot be kept; after the factory reset it can.",
        applies: Applies::Everywhere,
        run: shown_to_the_user,
    },
];

/// What the platform makes of a flash.
#[derive(Debug, PartialEq, Eq)]
enum Judgement {
    /// Everything is read as it was stored.
    Harmless,
    /// Some items are refused when they are read; the name that the event gives.
    OnRead(String),
    /// The storage is refused at the start, under this name.
    AtStart(String),
}

impl Judgement {
    fn name(&self) -> String {
        match self {
            Judgement::Harmless => "nothing stored has changed".into(),
            Judgement::OnRead(name) => format!("{name}, when read"),
            Judgement::AtStart(name) => format!("{name}, at the start"),
        }
    }
}

/// A device that is off, with something in its storage.
struct Victim {
    dut: Dut,
    content: Content,
    storage: Vec<u8>,
    fuses: FuseImage,
}

impl Victim {
    /// What a device is when its power is cut now.
    fn of(probe: Probe, content: Content) -> Outcome<Victim> {
        let dut = probe.cut();
        let (storage, fuses) = (dut.read_storage()?, dut.read_fuses()?);
        Ok(Victim { dut, content, storage, fuses })
    }

    /// Starts the device with another storage, reads everything back and judges; afterwards all is as before.
    fn judge(mut self, seen: &mut Observations, storage: &[u8]) -> (Option<Victim>, Outcome<Judgement>) {
        let prepared = self.dut.write_storage(storage);
        let mut probe = match prepared.and_then(|()| Probe::power(self.dut, seen, Entropy::System)) {
            Ok(probe) => probe,
            Err(failure) => return (None, Err(failure)),
        };
        let judgement = judgement(&mut probe, &self.content);
        self.dut = probe.cut();
        let untouched = untouched(&self.dut, storage, &self.fuses);
        let judgement = judgement.and_then(|judgement| untouched.map(|()| judgement));
        match self.dut.write_storage(&self.storage) {
            Ok(()) => (Some(self), judgement),
            Err(failure) => (None, Err(failure)),
        }
    }
}

/// The platform has written nothing.
fn untouched(dut: &Dut, storage: &[u8], fuses: &FuseImage) -> Outcome {
    require!(dut.read_storage()? == storage, "the platform has written to a storage that was tampered with");
    require!(dut.read_fuses()? == *fuses, "the platform has burnt fuses or raised its counter");
    Ok(())
}

/// Names under which the storage may be refused at the start.
const AT_START: [&str; 6] = ["foreign", "rollback", "ahead", "corrupt", "sector-missing", "reading-gap"];
/// Names under which an item may be refused.
const ON_READ: [&str; 2] = ["tampered", "reading-tampered"];

fn judgement(probe: &mut Probe, content: &Content) -> Outcome<Judgement> {
    let name = reported(probe.report())?.storage.clone();
    let Found { same, refused, wrong } = content.look(probe)?;
    if name != "ready" {
        require!(AT_START.contains(&name.as_str()), "the storage is refused as `{name}`");
        let given = wrong.first().filter(|_| same == 0);
        require!(same == 0 && wrong.is_empty(), "{name}, and yet {same} items are given out {given:?}");
        let services = services(probe)?;
        application_sees(probe, &services)?;
        return Ok(Judgement::AtStart(name));
    }
    require!(wrong.is_empty(), "{}", wrong[0]);
    if refused.is_empty() {
        return Ok(Judgement::Harmless);
    }
    let event = judged(probe.session().wait_event("storage"))?;
    let name = event.words.get("error").cloned().unwrap_or_default();
    require!(ON_READ.contains(&name.as_str()), "{}, and the event says `{name}`", refused[0]);
    Ok(Judgement::OnRead(name))
}

/// The judge must see content that is not what it should be.
fn is_not_blind(probe: &mut Probe, seen: &mut Observations, content: &Content) -> Outcome {
    seen.control("the same judge, told of one bit more in one record and of one reading less", |_| {
        let mut other = content.clone();
        if let Some(record) = other.records.values_mut().find(|record| !record.data.is_empty()) {
            record.data[0] ^= 1;
        }
        other.readings.pop();
        match judgement(probe, &other) {
            Err(Failure::Refuted(why)) => Ok(format!("noticed: {why}")),
            Err(other) => Err(other),
            Ok(found) => Err(Failure::Refuted(format!("taken for {}", found.name()))),
        }
    })
}

fn control(victim: Victim, seen: &mut Observations, stimulus: &str) -> Outcome<Victim> {
    let storage = victim.storage.clone();
    let (victim, judgement) = victim.judge(seen, &storage);
    let judgement = judgement?;
    seen.control(stimulus, |_| {
        require!(judgement == Judgement::Harmless, "{}", judgement.name());
        Ok("everything is read as it was stored".into())
    })?;
    victim.ok_or_else(gone)
}

fn gone() -> Failure {
    Failure::Harness(anyhow::anyhow!("the device was lost"))
}

/// A word that has never been written since its sector was erased, or was overwritten.
fn holds_nothing(word: &[u8]) -> bool {
    word == [0; 4] || word == [0xFF; 4]
}

fn flipped_bits(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let mut sampler = bench.sampler("storage-flips");
    let mut content = Content::default();
    let count = if bench.target == Target::Virtual { 12 } else { 16 };
    content.perform(&mut probe, &Content::sample(&mut sampler, count, count))?;
    content
        .perform(&mut probe, &[Operation::Set(3, vec![7; 90]), Operation::Remove(4), Operation::Trim(2)])?;
    is_not_blind(&mut probe, seen, &content)?;
    let mut victim = control(Victim::of(probe, content)?, seen, "the same device, untouched")?;

    let (mut full, mut empty): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    for (at, word) in victim.storage.chunks(4).enumerate() {
        if holds_nothing(word) { empty.push(4 * at) } else { full.push(4 * at) }
    }
    seen.saw("words that hold something", full.len());
    let some = |sampler: &mut Sampler, words: &[usize], count: usize| -> Vec<usize> {
        (0..count).map(|_| *sampler.one_of(words)).collect()
    };
    if bench.target == Target::Mps2An505 {
        full = some(&mut sampler, &full, bench.samples(60, 15));
    } else if bench.quick {
        full = some(&mut sampler, &full, 100);
    }
    // Near the log, where they matter most, and anywhere.
    let end = full.iter().max().map_or(0, |last| last + 4096);
    let near: Vec<usize> = empty.iter().copied().filter(|at| *at < end).collect();
    let fast = bench.target == Target::Virtual;
    let mut others = some(&mut sampler, &near, bench.samples(if fast { 60 } else { 12 }, 6));
    others.extend(some(&mut sampler, &empty, bench.samples(if fast { 20 } else { 4 }, 2)));
    let mut wrong = Vec::new();
    for (must_be_seen, at) in
        full.into_iter().map(|at| (true, at)).chain(others.into_iter().map(|at| (false, at)))
    {
        let at = at + sampler.below(4);
        let bit = sampler.below(8);
        let mut storage = victim.storage.clone();
        storage[at] ^= 1 << bit;
        let kind = if must_be_seen { "word that holds something" } else { "erased or overwritten word" };
        let (left, judgement) = victim.judge(seen, &storage);
        match judgement {
            Ok(Judgement::Harmless) if must_be_seen => {
                wrong.push(format!("bit {bit} of byte {at:#x} was not seen"));
                seen.case(kind, "NOT SEEN");
            }
            Ok(judgement) => seen.case(kind, &judgement.name()),
            Err(Failure::Refuted(why)) => {
                wrong.push(format!("bit {bit} of byte {at:#x}: {why}"));
                seen.case(kind, "NOT REFUSED AS EXPECTED");
            }
            Err(other) => return Err(other),
        }
        match left {
            Some(left) => victim = left,
            None => return all_as_expected(seen, wrong).and(Err(gone())),
        }
    }
    control(victim, seen, "the same device afterwards, with its own storage put back")?;
    all_as_expected(seen, wrong)
}

/// Where the flash has changed, in whole words.
fn changed(before: &[u8], after: &[u8]) -> Range<usize> {
    let words = || before.chunks(4).zip(after.chunks(4));
    let first = words().position(|(old, new)| old != new).unwrap_or(0);
    let last = words().rposition(|(old, new)| old != new).map_or(first, |last| last + 1);
    4 * first..4 * last
}

/// Does one operation and says where in the storage it was written; again with another one until it lies in one sector.
fn entry(
    bench: &Bench,
    probe: &mut Probe,
    content: &mut Content,
    mut operation: impl FnMut() -> Operation,
) -> Outcome<Range<usize>> {
    for _ in 0..8 {
        let before = probe.storage()?;
        content.perform(probe, &[operation()])?;
        let place = changed(&before, &probe.storage()?);
        let sector = |at: usize| at / bench.board.flash().erase;
        // A sector that was opened begins with a header of its own.
        if sector(place.start) == sector(place.end - 1)
            && !place.start.is_multiple_of(bench.board.flash().erase)
        {
            return Ok(place);
        }
    }
    Err(Failure::Harness(anyhow::anyhow!("no entry lies in one sector")))
}

/// A storage that an attacker has made, and under which names it may be refused.
struct Forgery {
    what: &'static str,
    storage: Vec<u8>,
    named: &'static [&'static str],
}

const CORRUPT: &[&str] = &["corrupt"];
const CUT_SHORT: &[&str] = &["rollback", "corrupt", "sector-missing"];
const OLDER: &[&str] = &["rollback"];

/// A device with its storage, and all that can be made of it and of another device's.
fn forgeries(bench: &Bench, seen: &mut Observations) -> Outcome<(Victim, Vec<Forgery>)> {
    let mut sampler = bench.sampler("storage-exchanged");
    let foreign = {
        let mut probe = Probe::start(bench, seen)?;
        Content::default().perform(&mut probe, &Content::sample(&mut sampler, 8, 8))?;
        Victim::of(probe, Content::default())?.storage
    };
    let mut probe = Probe::start(bench, seen)?;
    let mut content = Content::default();
    let fresh = probe.storage()?;
    content.perform(&mut probe, &Content::sample(&mut sampler, 40, 40))?;
    let old = probe.storage()?;
    let mut uid = 100;
    let mut record = |length: usize| {
        uid += 1;
        Operation::Set(uid, sampler.bytes(length))
    };
    let one = entry(bench, &mut probe, &mut content, || record(400))?;
    let other = entry(bench, &mut probe, &mut content, || record(400))?;
    let mut value = 100;
    let mut measured = || {
        value += 1;
        Operation::Append(super::reading(1_750_000_000, value))
    };
    let one_reading = entry(bench, &mut probe, &mut content, &mut measured)?;
    let other_reading = entry(bench, &mut probe, &mut content, &mut measured)?;
    let version = entry(bench, &mut probe, &mut content, || record(300))?;
    let before_new = probe.storage()?;
    let replaced = content.records.keys().next_back().copied().unwrap_or(1);
    // The new version, and where it was written: beside it, the old one was overwritten.
    content.perform(&mut probe, &[Operation::Set(replaced, (0..300u32).map(|n| n as u8).collect())])?;
    let after_new = probe.storage()?;
    let mut masked = after_new.clone();
    masked[version.clone()].copy_from_slice(&before_new[version.clone()]);
    let new = changed(&before_new, &masked);
    content.perform(&mut probe, &Content::sample(&mut sampler, 20, 0))?;
    let before_last = probe.storage()?;
    let last = entry(bench, &mut probe, &mut content, measured)?;
    is_not_blind(&mut probe, seen, &content)?;
    let victim = Victim::of(probe, content)?;

    let now = victim.storage.clone();
    let size = bench.board.flash().erase;
    let sector = |at: usize| at / size * size..at / size * size + size;
    let used: Vec<usize> = (0..now.len())
        .step_by(size)
        .filter(|at| now[*at..at + size].iter().any(|byte| *byte != 0xFF))
        .collect();
    require!(used.len() >= 4, "the storage takes {} sectors, too few to exchange any", used.len());
    let inner = |entry: &Range<usize>| entry.start + HEADER..entry.end - TRAILER;
    let mut all = Vec::new();
    let mut add = |what, named, make: &mut dyn FnMut(&mut Vec<u8>)| {
        let mut storage = now.clone();
        make(&mut storage);
        if storage != now {
            all.push(Forgery { what, storage, named });
        }
    };
    let fill = |storage: &mut Vec<u8>, place: &Range<usize>, byte: u8| storage[place.clone()].fill(byte);
    add("two records exchanged", CORRUPT, &mut |s| swap(s, &one, &other));
    add("the contents of two records exchanged", &["tampered"], &mut |s| {
        swap(s, &inner(&one), &inner(&other))
    });
    add("two readings exchanged", CORRUPT, &mut |s| swap(s, &one_reading, &other_reading));
    add("the contents of two readings exchanged", &["reading-tampered"], &mut |s| {
        swap(s, &inner(&one_reading), &inner(&other_reading));
    });
    add("a record's older copy over the newer", CORRUPT, &mut |s| {
        paste(s, &new, &before_new[version.clone()])
    });
    add("a record's older content over the newer", &["tampered"], &mut |s| {
        paste(s, &inner(&new), &before_new[inner(&version)]);
    });
    add("a record's older copy back where it lay", &[], &mut |s| {
        paste(s, &version, &before_new[version.clone()]);
    });
    add("a record erased", CORRUPT, &mut |s| fill(s, &one, 0xFF));
    add("a record overwritten with zeros", CORRUPT, &mut |s| fill(s, &one, 0));
    add("a record's sector erased", CUT_SHORT, &mut |s| fill(s, &sector(one.start), 0xFF));
    add("the last reading erased", OLDER, &mut |s| fill(s, &last, 0xFF));
    add("the last reading overwritten with zeros", OLDER, &mut |s| fill(s, &last, 0));
    add("the last reading there twice", CORRUPT, &mut |s| {
        let twice = now[last.clone()].to_vec();
        paste(s, &(last.end..last.end + twice.len()), &twice);
    });
    add("the storage of one operation ago", OLDER, &mut |s| s.copy_from_slice(&before_last));
    add("the storage of long ago", OLDER, &mut |s| s.copy_from_slice(&old));
    add("the storage as it was delivered", OLDER, &mut |s| s.copy_from_slice(&fresh));
    add("another device's storage", &["foreign"], &mut |s| s.copy_from_slice(&foreign));
    add("one sector of another device", CORRUPT, &mut |s| {
        paste(s, &sector(used[0]), &foreign[sector(used[0])]);
    });
    let middle = used[used.len() / 2];
    add("the log cut off in the middle", CUT_SHORT, &mut |s| {
        fill(s, &(middle + 512..now.len()), 0xFF);
    });
    add("the log cut off between two sectors", CUT_SHORT, &mut |s| fill(s, &(middle..now.len()), 0xFF));
    add("the first sector of the log erased", CUT_SHORT, &mut |s| fill(s, &sector(used[0]), 0xFF));
    add("a sector in the middle erased", CUT_SHORT, &mut |s| fill(s, &sector(middle), 0xFF));
    add("the last sector as it was one operation ago", OLDER, &mut |s| {
        paste(s, &sector(last.start), &before_last[sector(last.start)]);
    });
    add("two sectors exchanged", CUT_SHORT, &mut |s| swap(s, &sector(used[1]), &sector(middle)));
    add("a sector there twice", CORRUPT, &mut |s| {
        let free = (0..now.len()).step_by(size).find(|at| !used.contains(at)).unwrap_or(0);
        paste(s, &sector(free), &now[sector(used[1])]);
    });
    add("all moved by one sector", CUT_SHORT, &mut |s| s.rotate_right(size));
    add("all erased", OLDER, &mut |s| s.fill(0xFF));
    add("all overwritten with zeros", CORRUPT, &mut |s| s.fill(0));
    let noise = bench.sampler("noise").bytes(now.len());
    add("all overwritten with noise", CORRUPT, &mut |s| s.copy_from_slice(&noise));
    Ok((victim, all))
}

fn swap(storage: &mut [u8], one: &Range<usize>, other: &Range<usize>) {
    let (a, b) = (storage[one.clone()].to_vec(), storage[other.clone()].to_vec());
    let length = a.len().min(b.len());
    storage[one.start..one.start + length].copy_from_slice(&b[..length]);
    storage[other.start..other.start + length].copy_from_slice(&a[..length]);
}

fn paste(storage: &mut [u8], place: &Range<usize>, bytes: &[u8]) {
    let length = place.len().min(bytes.len());
    storage[place.start..place.start + length].copy_from_slice(&bytes[..length]);
}

fn exchanged_parts(bench: &Bench, seen: &mut Observations) -> Outcome {
    let (victim, forgeries) = forgeries(bench, seen)?;
    let mut victim = control(victim, seen, "the same device, untouched")?;
    seen.saw("forgeries", forgeries.len());
    let mut wrong = Vec::new();
    let mut refuted = |seen: &mut Observations, what: &str, outcome: Outcome<String>| match outcome {
        Ok(name) => {
            seen.case(what, &name);
            Ok(())
        }
        Err(Failure::Refuted(why)) => {
            seen.case(what, "NOT REFUSED AS EXPECTED");
            wrong.push(format!("{what}: {why}"));
            Ok(())
        }
        Err(other) => Err(other),
    };
    for forgery in &forgeries {
        let (left, judgement) = victim.judge(seen, &forgery.storage);
        let named = judgement.and_then(|judgement| {
            let fits = match &judgement {
                Judgement::Harmless => forgery.named.is_empty(),
                Judgement::OnRead(name) | Judgement::AtStart(name) => forgery.named.contains(&name.as_str()),
            };
            require!(fits, "{} where {:?} was expected", judgement.name(), forgery.named);
            Ok(judgement.name())
        });
        refuted(seen, forgery.what, named)?;
        victim = left.ok_or_else(gone)?;
    }
    let victim = control(victim, seen, "the same device afterwards, with its own storage put back")?;
    let meter = bench.genuine(Part::Application)?;
    victim.dut.flash_slot(Part::Application.slot_a(), &meter.bytes)?;
    for forgery in &forgeries {
        victim.dut.write_storage(&forgery.storage)?;
        refuted(seen, "meter", measures(&victim, forgery))?;
        victim.dut.write_fuses(&victim.fuses)?;
    }
    victim.dut.write_storage(&victim.storage)?;
    seen.control("the meter on the same device with its own storage", |_| {
        let mut session = victim.dut.power()?;
        let shown = low_reading(&mut session)?;
        require!(shown.stored.starts_with("index="), "the reading was not kept: stored {}", shown.stored);
        require!(shown.warnings.is_empty(), "it warns: {:?}", shown.warnings);
        Ok("the reading is shown with its alarm and kept; no warning".into())
    })?;
    all_as_expected(seen, wrong)
}

/// The meter on such a storage measures, and warns where the storage was refused at the start.
fn measures(victim: &Victim, forgery: &Forgery) -> Outcome<String> {
    let mut session = victim.dut.power()?;
    let report = judged(session.report())?;
    expect_state(&report, "running")?;
    let storage = reported(&report)?.storage.clone();
    let shown = low_reading(&mut session)?;
    drop(session);
    if storage == "ready" {
        return Ok("reading shown with its alarm; the storage can be used".into());
    }
    require!(
        shown.stored.starts_with("error="),
        "{}: a reading was kept in a storage that is {storage}: {}",
        forgery.what,
        shown.stored
    );
    require!(
        shown.warnings.iter().any(|warning| warning.starts_with("storage=tampered code=0x04")),
        "{}: the meter does not warn of a storage that is {storage}: {:?}",
        forgery.what,
        shown.warnings
    );
    untouched(&victim.dut, &forgery.storage, &victim.fuses)?;
    Ok("reading shown with its alarm; warning storage=tampered".into())
}

/// What the meter showed of a reading.
#[derive(Debug, Default)]
struct Shown {
    /// What follows `stored`.
    stored: String,
    /// What follows `warning`, since the device was switched on.
    warnings: Vec<String>,
}

/// Sends a reading that is too low; it must be shown, with its alarm, whatever the storage is like.
fn low_reading(session: &mut Session) -> Outcome<Shown> {
    let mut shown = Shown::default();
    let heard = |line: &str, shown: &mut Shown| {
        if let Some(warning) = line.strip_prefix("warning ") {
            shown.warnings.push(warning.to_owned());
        }
    };
    judged(session.console().wait_line("bgm ready", |line| {
        heard(line, &mut shown);
        line == "bgm ready"
    }))?;
    judged(session.send_reading(1_760_000_000, "50", "mg/dL"))?;
    let wanted = "reading time=2025-10-09T08:53:20Z mg/dL=50 mmol/L=2.8 alarm=low";
    let line = judged(session.console().wait_line("the reading", |line| {
        heard(line, &mut shown);
        line.starts_with("reading time=")
    }))?;
    require!(line == wanted, "the reading is shown as `{line}`");
    let stored = judged(session.console().wait_line("what became of it", |line| {
        heard(line, &mut shown);
        line.starts_with("stored ")
    }))?;
    shown.stored = stored.trim_start_matches("stored ").to_owned();
    // A warning comes before the answer to the next command.
    judged(session.console().send_line("digest 00"))?;
    judged(session.console().wait_line("an answer", |line| {
        heard(line, &mut shown);
        line == "ok"
    }))?;
    Ok(shown)
}

/// The meter's list of readings.
fn listed(session: &mut Session) -> Outcome<Vec<String>> {
    let answer = judged(session.ask("readings"))?;
    require!(answer.is_ok(), "`readings` was answered with error {:?}", answer.error);
    Ok(answer.lines.into_iter().filter(|line| line.starts_with("reading ")).collect())
}

fn shown_to_the_user(bench: &Bench, seen: &mut Observations) -> Outcome {
    let dut = bench.genuine_device(seen)?;
    let mut session = dut.power()?;
    judged(session.console_ready("bgm ready"))?;
    let mut places = Vec::new();
    let mut yesterday = None;
    for n in 0..12u64 {
        let before = dut.read_storage()?;
        yesterday.get_or_insert(before.clone());
        judged(session.send_reading(1_760_000_000 + 300 * n, &(60 + 20 * n).to_string(), "mg/dL"))?;
        let stored = judged(session.console().wait_line("stored", |line| line.starts_with("stored ")))?;
        require!(stored == format!("stored index={}", n + 1), "`{stored}` for reading {}", n + 1);
        places.push(changed(&before, &dut.read_storage()?));
    }
    let all = listed(&mut session)?;
    seen.control("the same device, untouched, after a power cut", |seen| {
        require!(all.len() == 12 && !all.iter().any(|line| line.contains("error=")), "{all:?}");
        drop(session);
        let mut session = dut.power()?;
        let again = listed(&mut session)?;
        require!(again == all, "after the power cut {again:?}");
        seen.transcript("readings", &all);
        Ok("twelve readings, the same before and after".into())
    })?;
    let storage = dut.read_storage()?;
    let fifth = places[4].clone();
    let mut tampered = storage;
    tampered[fifth.start + HEADER + bench.sampler("fifth").below(24)] ^= 0x10;
    dut.write_storage(&tampered)?;
    for start in ["first start", "after a new reading and a power cut"] {
        let mut session = dut.power()?;
        judged(session.console_ready("bgm ready"))?;
        let lines = listed(&mut session)?;
        let expected = |(n, line): (usize, &String)| {
            if n == 4 { "reading index=5 error=invalid-signature".to_owned() } else { line.clone() }
        };
        let wanted: Vec<String> = all.iter().enumerate().map(expected).collect();
        require!(lines.get(..12) == Some(&wanted[..]), "{start}: {lines:?}");
        let warning = judged(session.console().wait_line("a warning", |line| line.starts_with("warning ")))?;
        require!(warning == "warning storage=tampered code=0x0428", "`{warning}`");
        let event = judged(session.wait_event("storage"))?;
        require!(event.words.get("error").is_some_and(|name| name == "reading-tampered"), "{event:?}");
        seen.transcript(start, lines.iter().filter(|line| line.contains("error=")).chain([&warning]));
        if lines.len() == 12 {
            judged(session.send_reading(1_760_100_000, "50", "mg/dL"))?;
            for wanted in ["reading time=", "stored index=13"] {
                let line = judged(session.console().wait_line(wanted, |line| line.starts_with(wanted)))?;
                require!(!wanted.ends_with('=') || line.ends_with("alarm=low"), "`{line}`");
            }
        } else {
            require!(lines.len() == 13 && lines[12].contains("index=13 "), "{lines:?}");
        }
        seen.case("a bit of the fifth reading", "shown in its place with an error; the others as they were");
    }
    dut.write_storage(&yesterday.unwrap_or_default())?;
    let mut session = dut.power()?;
    let shown = low_reading(&mut session)?;
    require!(shown.warnings == ["storage=tampered code=0x0422"], "warnings {:?}", shown.warnings);
    require!(shown.stored == "error=invalid-signature", "stored {}", shown.stored);
    let answer = judged(session.ask("readings"))?;
    require!(answer.error.as_deref() == Some("invalid-signature"), "`readings`: {answer:?}");
    seen.case("the storage of yesterday", "warning, and the reading shown with its alarm");
    let report = judged(session.factory_reset())?;
    require!(reported(&report)?.storage == "ready", "{:?}", report.services);
    let shown = low_reading(&mut session)?;
    require!(shown.stored == "index=1" && shown.warnings.is_empty(), "{shown:?}");
    seen.case("factory reset", "the storage can be used again");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_changed_is_found_in_whole_words() {
        let before = vec![0xFF; 40];
        let mut after = before.clone();
        after[9] = 1;
        after[21] = 1;
        assert_eq!(changed(&before, &after), 8..24);
        assert_eq!(changed(&before, &before), 0..0);
    }

    #[test]
    fn entries_are_exchanged_and_pasted_without_moving_anything_else() {
        let mut storage: Vec<u8> = (0..12).collect();
        swap(&mut storage, &(0..4), &(8..12));
        assert_eq!(storage, [8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3]);
        paste(&mut storage, &(4..6), &[0xAA, 0xBB, 0xCC]);
        assert_eq!(storage[3..8], [11, 0xAA, 0xBB, 6, 7]);
    }
}
