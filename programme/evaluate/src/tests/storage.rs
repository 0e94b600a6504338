//! Trusted storage: records and readings are kept as they were given, and what was done to them outside is seen.

pub(super) mod content;
mod purged;
mod tampering;

use super::{interface, sfr};
use crate::bench::Bench;
use crate::model::{Applies, Kind, Outcome, Target, Test, require};
use crate::observations::Observations;
use crate::probe::calls::{self, Call};
use crate::probe::{Probe, status};
use content::{Content, Operation, Record, get, get_info, reading, remove, services, set};
use dtsec_target::Entropy;

const FUNCTIONAL: &[Test] = &[
    Test {
        id: "storage-records",
        title: "Records are set, read, replaced and removed as the PSA Secure Storage API says",
        sfr: sfr::STORAGE,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::GATE,
        procedure: "Through the gate set records of 0 to 4,096 bytes, replace them by longer and shorter ones, read from offsets into room of different sizes, ask for length and flags, remove them; do what is not allowed: number 0, 4,097 bytes, unknown flags, an offset behind the end, a write-once record replaced or removed, records that are not there. Cut the power and read all again.",
        expected: "Exactly the bytes that were set last, as many as there is room for; invalid-argument, not-supported, not-permitted and does-not-exist for what is not allowed, with nothing changed; the same content after the power cut.",
        applies: Applies::Everywhere,
        run: records,
    },
    Test {
        id: "storage-thousand-records",
        title: "A thousand records are kept at once, and a full storage refuses more and loses none",
        sfr: sfr::STORAGE,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::GATE,
        procedure: "Set 1,000 records – of 4,096 bytes on the board, of up to 200 on the virtual device, which has less flash – then more until one is refused; replace one, remove one, set another; cut the power and read all again.",
        expected: "At least 1,000 records; insufficient-storage for the one too many; everything that was accepted is there before and after the power cut.",
        applies: Applies::Everywhere,
        run: thousand_records,
    },
    Test {
        id: "storage-readings-log",
        title: "Readings keep their order and their index for good",
        sfr: sfr::STORAGE,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::GATE,
        procedure: "Append readings until the log is full, read each, give up the oldest, append more, give up all, append again, with the power cut in between; read and give up what is not there, and append what is no reading.",
        expected: "Indices count up by one and none is ever used again; each reading is read as it was appended, trimmed and future ones do not exist; insufficient-storage when full, invalid-argument for what is no reading; all the same after each power cut.",
        applies: Applies::Everywhere,
        run: readings_log,
    },
    Test {
        id: "storage-wear-is-even",
        title: "The flash wears evenly, and little is written beside what is stored",
        sfr: sfr::STORAGE,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::FLASH_OF_STORAGE,
        procedure: "Keep some records and replace another one again and again until every sector was erased; watch the flash from outside and count for each sector how often erased bits came back.",
        expected: "No sector was erased more than one time more than any other, and at most four bytes were erased for each byte that was stored.",
        applies: Applies::Everywhere,
        run: wear,
    },
];

/// Bytes of an entry before and behind its content, and of a sector before its first entry (specification of trusted
/// storage).
pub(super) const HEADER: usize = 28;
pub(super) const TRAILER: usize = 32;
pub(super) const SECTOR_HEADER: usize = 64;

/// Tests of what the storage does and of attacks on it.
pub(super) const TESTS: &[&[Test]] = &[tampering::TESTS, FUNCTIONAL, purged::TESTS];

const WRITE_ONCE: u32 = 1;

fn records(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let mut sampler = bench.sampler("storage-records");
    let mut content = Content::default();
    content.must_be(&mut probe)?;
    // Numbers that differ in their high half only are different numbers.
    let uids = [1, 2, 0xFFFF_FFFF, 1 << 32, 1 << 32 | 1, u64::MAX];
    for length in [0, 1, 15, 16, 17, 1000, 4095, 4096, 2, 0] {
        for uid in uids {
            content.perform(&mut probe, &[Operation::Set(uid, sampler.bytes(length))])?;
            seen.case("set", "read back exactly");
        }
        content.must_be(&mut probe)?;
    }
    parts_are_read(&mut probe, &mut content, seen)?;
    for (what, uid, data, flags, expected) in [
        ("number 0", 0, &[1][..], 0, status::INVALID_ARGUMENT),
        ("4,097 bytes", 1, &[1; 4097], 0, status::INVALID_ARGUMENT),
        ("flag 8", 1, &[1], 8, status::NOT_SUPPORTED),
        ("flag 0x80", 1, &[1], 0x81, status::NOT_SUPPORTED),
        ("flag 0x100", 1, &[1], 0x100, status::NOT_SUPPORTED),
    ] {
        probe.ends(what, &set(uid, flags, data), expected)?;
        seen.case("set of what is not allowed", what);
    }
    for uid in [0, 3, 2 << 32, u64::MAX - 1] {
        for call in [get(uid, 0, 8), get_info(uid), remove(uid)] {
            probe.ends(&format!("record {uid:#x}"), &call, status::DOES_NOT_EXIST)?;
            seen.case("record that is not there", call.name);
        }
    }
    content.must_be(&mut probe)?;
    write_once(&mut probe, &mut content, seen)?;
    let mut probe = Probe::power(probe.cut(), seen, Entropy::System)?;
    content.must_be(&mut probe)?;
    probe.ends("write-once", &set(5, 0, &[0; 9]), status::NOT_PERMITTED)?;
    for uid in uids {
        content.perform(&mut probe, &[Operation::Remove(uid)])?;
        probe.ends("removed", &get(uid, 0, 8), status::DOES_NOT_EXIST)?;
        probe.ends("removed again", &remove(uid), status::DOES_NOT_EXIST)?;
    }
    content.must_be(&mut probe)?;
    let mut probe = Probe::power(probe.cut(), seen, Entropy::System)?;
    content.must_be(&mut probe)?;
    seen.case("power cut", "all records as before");
    Ok(())
}

/// Offsets into a record, and room for less than there is.
fn parts_are_read(probe: &mut Probe, content: &mut Content, seen: &mut Observations) -> Outcome {
    let data: Vec<u8> = (0..300u32).map(|n| (n * 7) as u8).collect();
    content.perform(probe, &[Operation::Set(2, data.clone())])?;
    for (offset, room) in [(0, 300), (0, 301), (0, 10), (0, 0), (1, 299), (100, 50), (299, 1), (300, 8)] {
        let bytes = probe.done(&get(2, offset, room))?;
        let expected: Vec<u8> = data[offset..].iter().copied().take(room).collect();
        require!(bytes == expected, "{} bytes came from offset {offset} into {room}", bytes.len());
        seen.case("read from an offset", "exactly what is there");
    }
    for offset in [301, 4096, u32::MAX as usize] {
        probe.ends(&format!("offset {offset}"), &get(2, offset, 8), status::INVALID_ARGUMENT)?;
        seen.case("read from behind the end", "invalid-argument");
    }
    probe.ends("7 bytes of room", &get_info(2).room(7), status::BUFFER_TOO_SMALL)
}

fn write_once(probe: &mut Probe, content: &mut Content, seen: &mut Observations) -> Outcome {
    // The flags that ask for less protection are taken, and change nothing.
    for (uid, flags) in [(5, WRITE_ONCE), (6, 2), (7, 4), (8, 6)] {
        let data = vec![flags as u8; 33];
        probe.done(&set(uid, flags, &data))?;
        content.records.insert(uid, Record { data, flags });
    }
    content.must_be(probe)?;
    for (what, call) in [
        ("replaced", set(5, 0, &[0; 9])),
        ("replaced by itself", set(5, WRITE_ONCE, &[1; 33])),
        ("removed", remove(5)),
    ] {
        probe.ends(&format!("write-once, {what}"), &call, status::NOT_PERMITTED)?;
        seen.case("write-once record", what);
    }
    content.must_be(probe)
}

/// What the probe has in its buffer. The wire is slow: large records are windows of it.
struct Pool(Vec<u8>);

impl Pool {
    fn give(probe: &mut Probe, bytes: Vec<u8>) -> Outcome<Pool> {
        for (at, piece) in (0..).step_by(4096).zip(bytes.chunks(4096)) {
            probe.ok(&format!("put {at} {}", hex::encode(piece)))?;
        }
        Ok(Pool(bytes))
    }

    /// Sets records: their number, and offset and length of the window.
    fn set(&self, probe: &mut Probe, content: &mut Content, windows: &[(u64, usize, usize)]) -> Outcome {
        let call = |(uid, at, length): &(u64, usize, usize)| set(*uid, 0, &[]).in_scratch(*at, *length);
        let calls: Vec<Call<'_>> = windows.iter().map(call).collect();
        probe.all_done(&calls)?;
        for (uid, at, length) in windows {
            content.apply(&Operation::Set(*uid, self.0[*at..at + length].to_vec()));
        }
        Ok(())
    }
}

fn thousand_records(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let mut sampler = bench.sampler("storage-thousand-records");
    let mut content = Content::default();
    let pool = Pool::give(&mut probe, sampler.bytes(8192))?;
    let window = |uid: u64| {
        let length = if bench.target == Target::Virtual { sampler.below(200) } else { 4096 };
        (uid, 4 * uid as usize, length)
    };
    let windows: Vec<_> = (1..=1000).map(window).collect();
    pool.set(&mut probe, &mut content, &windows)?;
    let bytes: usize = content.records.values().map(|record| record.data.len()).sum();
    seen.saw("bytes in 1,000 records", bytes);
    content.must_be_in_samples(&mut probe, &mut sampler)?;
    let mut uid = 1001;
    let refused = loop {
        let data = sampler.bytes(8);
        match probe.make(&set(uid, 0, &data))? {
            (status::SUCCESS, _) if uid < 100_000 => content.apply(&Operation::Set(uid, data)),
            (other, _) => break other,
        }
        uid += 1;
    };
    require!(refused == status::INSUFFICIENT_STORAGE, "one record too many: status {refused}");
    seen.saw("records until one was refused", content.records.len());
    content.perform(&mut probe, &[Operation::Set(1, sampler.bytes(100))])?;
    content.perform(&mut probe, &[Operation::Remove(2), Operation::Set(uid, vec![2; 60])])?;
    content.must_be_in_samples(&mut probe, &mut sampler)?;
    let mut probe = Probe::power(probe.cut(), seen, Entropy::System)?;
    content.must_be_in_samples(&mut probe, &mut sampler)?;
    seen.cases("record", "as it was set, after a power cut", content.records.len() as u64);
    Ok(())
}

/// Readings that a log takes at least (functional specification of the platform).
const LOG: usize = 2048;

fn readings_log(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let mut content = Content::default();
    let appended = |from: usize, count: usize| -> Vec<Operation> {
        let one = |n| Operation::Append(reading(1_600_000_000 + n as u64, (n * 37 % 500) as i32 - 7));
        (from..from + count).map(one).collect()
    };
    content.perform(&mut probe, &appended(0, 100))?;
    content.must_be(&mut probe)?;
    let mut padded = reading(1, 2);
    padded[23] = 1;
    for (what, bytes) in
        [("23 bytes", &reading(1, 2)[..23]), ("25 bytes", &[0; 25]), ("none", &[]), ("padding", &padded)]
    {
        probe.ends(what, &calls::readings_append(bytes), status::INVALID_ARGUMENT)?;
        seen.case("what is no reading", what);
    }
    let good = reading(1, 2);
    for (what, call, expected) in [
        ("no room for the index", calls::readings_append(&good).room(3), status::BUFFER_TOO_SMALL),
        ("no room for the reading", calls::readings_read(0).room(23), status::BUFFER_TOO_SMALL),
        ("trim of readings to come", calls::readings_trim(101), status::INVALID_ARGUMENT),
    ] {
        probe.ends(what, &call, expected)?;
    }
    content.must_be(&mut probe)?;

    // Trimmed, cut, and trimmed backwards, which does nothing.
    content.perform(&mut probe, &[Operation::Trim(40), Operation::Trim(0), Operation::Trim(39)])?;
    content.must_be(&mut probe)?;
    for index in [0, 39, 100, 5000, u32::MAX] {
        probe.ends(&format!("reading {index}"), &calls::readings_read(index), status::DOES_NOT_EXIST)?;
        seen.case("reading that is not there", "does-not-exist");
    }
    let mut probe = Probe::power(probe.cut(), seen, Entropy::System)?;
    content.must_be(&mut probe)?;
    content.perform(&mut probe, &appended(100, LOG - 60))?;
    content.must_be(&mut probe)?;
    let last = reading(9, 9);
    let full = format!("reading {} of a log of {LOG}", LOG + 1);
    probe.ends(&full, &calls::readings_append(&last), status::INSUFFICIENT_STORAGE)?;
    content.perform(&mut probe, &[Operation::Trim(41), Operation::Append(last)])?;
    content.must_be(&mut probe)?;

    // Nothing is left, and yet no index comes back.
    let next = content.next();
    content.perform(&mut probe, &[Operation::Trim(next)])?;
    for round in ["power cut", "another power cut"] {
        probe = Probe::power(probe.cut(), seen, Entropy::System)?;
        content.must_be(&mut probe)?;
        content.perform(&mut probe, &appended(5000, 3))?;
        content.must_be(&mut probe)?;
        seen.case(round, "index goes on");
    }
    require!(content.next() == next + 6, "the last index is {}", content.next());
    seen.cases("reading", "as it was appended", u64::from(content.next()));
    Ok(())
}

/// What each sector has gone through, as far as it can be seen from outside.
struct Wear {
    last: Vec<u8>,
    sector: usize,
    erased: Vec<u32>,
}

impl Wear {
    fn new(storage: Vec<u8>, sector: usize) -> Wear {
        let erased = vec![0; storage.len() / sector];
        Wear { last: storage, sector, erased }
    }

    /// Counts the sectors in which a bit has been set again, which only erasing does.
    fn look(&mut self, storage: Vec<u8>) {
        let sectors = self.last.chunks(self.sector).zip(storage.chunks(self.sector));
        for (count, (old, new)) in self.erased.iter_mut().zip(sectors) {
            *count += u32::from(old != new && old.iter().zip(new).any(|(old, new)| new & !old != 0));
        }
        self.last = storage;
    }

    fn least_and_most(&self) -> (u32, u32) {
        let (least, most) = (self.erased.iter().min(), self.erased.iter().max());
        (least.copied().unwrap_or(0), most.copied().unwrap_or(0))
    }
}

fn wear(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let mut sampler = bench.sampler("storage-wear");
    let mut content = Content::default();
    content.perform(&mut probe, &Content::sample(&mut sampler, 20, 20))?;
    let pool = Pool::give(&mut probe, sampler.bytes(8192))?;
    let mut wear = Wear::new(probe.storage()?, bench.board.flash().erase);
    let (length, turns) = match bench.target {
        Target::Mps2An505 => (4096, 1),
        Target::Virtual => (1000, bench.samples(4, 1) as u32),
    };
    let mut stored = 0;
    // So few at a time that no sector can be erased twice between two looks.
    let at_once = 8;
    let limit = (turns as usize + 1) * wear.last.len() / length;
    while wear.least_and_most().0 < turns {
        require!(
            stored / length < limit,
            "after {stored} bytes a sector was never erased: {:?}",
            wear.erased
        );
        let windows: Vec<_> = (0..at_once).map(|_| (99, 4 * sampler.below(1000), length)).collect();
        pool.set(&mut probe, &mut content, &windows)?;
        stored += at_once * length;
        wear.look(probe.storage()?);
        let (least, most) = wear.least_and_most();
        require!(most - least <= 1, "sectors were erased {least} to {most} times");
    }
    let erased = wear.erased.iter().sum::<u32>() as usize * wear.sector;
    seen.saw("bytes stored", stored);
    seen.saw("bytes erased", erased);
    seen.saw("erased for each byte stored", format!("{:.2}", erased as f64 / stored as f64));
    seen.saw("erasures of a sector", format!("{:?}", wear.least_and_most()));
    require!(erased <= 4 * stored, "{erased} bytes were erased to store {stored}");
    content.must_be(&mut probe)?;
    let services = services(&mut probe)?;
    seen.saw("records afterwards", services.records);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bits_that_are_set_again_count_as_an_erasure() {
        let mut wear = Wear::new(vec![0xFF; 12], 4);
        let mut flash = vec![0xFF; 12];
        flash[5] = 0xF0;
        wear.look(flash.clone());
        assert_eq!(wear.erased, [0, 0, 0]);
        flash[5] = 0xF1;
        flash[6] = 0;
        wear.look(flash.clone());
        assert_eq!((&wear.erased[..], wear.least_and_most()), (&[0, 1, 0][..], (0, 1)));
        wear.look(flash);
        assert_eq!(wear.erased, [0, 1, 0]);
    }
}
