//! What was stored and must be found again: the oracle of every test of trusted storage.

use crate::model::{Failure, Outcome, require};
use crate::probe::calls::{self, Call};
use crate::probe::{Probe, Returned, as_number, status};
use crate::seed::Sampler;
use std::collections::BTreeMap;

/// A reading as it crosses the gate.
pub(in crate::tests) type Reading = [u8; 24];

/// A record's content and flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tests) struct Record {
    pub data: Vec<u8>,
    pub flags: u32,
}

/// What a device has been told to keep.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::tests) struct Content {
    /// By number.
    pub records: BTreeMap<u64, Record>,
    /// Index of the first reading kept.
    pub first: u32,
    /// The readings from there on.
    pub readings: Vec<Reading>,
}

/// What changes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tests) enum Operation {
    Set(u64, Vec<u8>),
    Remove(u64),
    Append(Reading),
    Trim(u32),
}

impl Operation {
    /// The call that does it.
    pub(in crate::tests) fn call(&self) -> Call<'_> {
        match self {
            Operation::Set(uid, data) => set(*uid, 0, data),
            Operation::Remove(uid) => remove(*uid),
            Operation::Append(reading) => calls::readings_append(reading),
            Operation::Trim(first) => calls::readings_trim(*first),
        }
    }

    /// What kind it is, for counting.
    pub(in crate::tests) fn name(&self) -> &'static str {
        match self {
            Operation::Set(..) => "set",
            Operation::Remove(_) => "remove",
            Operation::Append(_) => "append",
            Operation::Trim(_) => "trim",
        }
    }
}

/// A reading of that time and value in mg/dL.
pub(in crate::tests) fn reading(time: u64, value: i32) -> Reading {
    const MG_DL: u16 = 2130;
    let mut bytes = [0; 24];
    bytes[..8].copy_from_slice(&time.to_le_bytes());
    bytes[16..20].copy_from_slice(&value.to_le_bytes());
    bytes[20..22].copy_from_slice(&MG_DL.to_le_bytes());
    bytes
}

/// A record's number crosses the gate in two words.
fn halves(uid: u64) -> (u32, u32) {
    (uid as u32, (uid >> 32) as u32)
}

/// The call that sets a record.
pub(in crate::tests) fn set(uid: u64, flags: u32, data: &[u8]) -> Call<'_> {
    let (low, high) = halves(uid);
    calls::storage_set(low, high, flags, data)
}

/// The call that reads a record from an offset into some room.
pub(in crate::tests) fn get(uid: u64, offset: usize, room: usize) -> Call<'static> {
    let (low, high) = halves(uid);
    calls::storage_get(low, high, offset as u32).room(room)
}

/// The call that asks for a record's length and flags.
pub(in crate::tests) fn get_info(uid: u64) -> Call<'static> {
    let (low, high) = halves(uid);
    calls::storage_get_info(low, high)
}

/// The call that removes a record.
pub(in crate::tests) fn remove(uid: u64) -> Call<'static> {
    let (low, high) = halves(uid);
    calls::storage_remove(low, high)
}

/// What came back of what was stored.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::tests) struct Found {
    /// Items that are as they were stored.
    pub same: usize,
    /// Items that the platform refuses to give out because they do not verify.
    pub refused: Vec<String>,
    /// What is neither.
    pub wrong: Vec<String>,
}

impl Content {
    /// Some records of different lengths, and readings, with no traces of others.
    pub(in crate::tests) fn sample(sampler: &mut Sampler, records: usize, readings: usize) -> Vec<Operation> {
        const LENGTHS: [usize; 8] = [0, 1, 3, 16, 61, 200, 700, 1300];
        let record = |n: usize| Operation::Set(1 + n as u64, vec![n as u8; LENGTHS[n % LENGTHS.len()]]);
        let mut operations: Vec<_> = (0..records).map(record).collect();
        operations.iter_mut().for_each(|operation| {
            if let Operation::Set(_, data) = operation {
                *data = sampler.bytes(data.len());
            }
        });
        let value = |n: usize| 60 + (n as i32 * 7) % 240;
        operations
            .extend((0..readings).map(|n| Operation::Append(reading(1_700_000_000 + n as u64, value(n)))));
        operations
    }

    /// What is there after an operation that was done.
    pub(in crate::tests) fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Set(uid, data) => {
                self.records.insert(*uid, Record { data: data.clone(), flags: 0 });
            }
            Operation::Remove(uid) => drop(self.records.remove(uid)),
            Operation::Append(reading) => self.readings.push(*reading),
            Operation::Trim(first) => {
                let gone = first.saturating_sub(self.first).min(self.readings.len() as u32);
                self.readings.drain(..gone as usize);
                self.first += gone;
            }
        }
    }

    /// Index of the next reading.
    pub(in crate::tests) fn next(&self) -> u32 {
        self.first + self.readings.len() as u32
    }

    /// Does these operations, each of which must succeed.
    pub(in crate::tests) fn perform(&mut self, probe: &mut Probe, operations: &[Operation]) -> Outcome {
        let calls: Vec<Call<'_>> = operations.iter().map(Operation::call).collect();
        for (operation, output) in operations.iter().zip(probe.all_done(&calls)?) {
            if let Operation::Append(_) = operation {
                let (index, next) = (as_number(&output), self.next());
                require!(index == Some(next), "a reading got index {index:?} where {next} comes next");
            }
            self.apply(operation);
        }
        Ok(())
    }

    /// Reads everything back.
    pub(in crate::tests) fn look(&self, probe: &mut Probe) -> Outcome<Found> {
        let mut found = Found::default();
        let mut asked: Vec<(String, Vec<u8>)> = Vec::new();
        let mut calls: Vec<Call<'_>> = Vec::new();
        let mut ask = |what, call, stored| {
            asked.push((what, stored));
            calls.push(call);
        };
        for (uid, Record { data, flags }) in &self.records {
            let info = [(data.len() as u32).to_le_bytes(), flags.to_le_bytes()].concat();
            ask(format!("info of record {uid:#x}"), get_info(*uid), info);
            ask(format!("record {uid:#x}"), get(*uid, 0, data.len() + 16), data.clone());
        }
        for (index, reading) in (self.first..).zip(&self.readings) {
            ask(format!("reading {index}"), calls::readings_read(index), reading.to_vec());
        }
        let range = [self.first.to_le_bytes(), self.next().to_le_bytes()].concat();
        ask("range of readings".into(), calls::readings_range(), range);
        for ((what, stored), answer) in asked.iter().zip(probe.make_all(&calls)?) {
            found.add(what, stored, answer);
        }
        Ok(found)
    }

    /// Everything is there, and nothing else.
    pub(in crate::tests) fn must_be(&self, probe: &mut Probe) -> Outcome {
        let Found { refused, wrong, .. } = self.look(probe)?;
        let first = wrong.first().or(refused.first());
        require!(first.is_none(), "{}", first.cloned().unwrap_or_default());
        let services = services(probe)?;
        let numbers = (services.records as usize, services.first_reading, services.next_reading);
        let stored = (self.records.len(), self.first, self.next());
        require!(
            numbers == stored,
            "records, first and next reading are {numbers:?}, stored were {stored:?}"
        );
        require!(services.storage == "ready", "storage={}", services.storage);
        application_sees(probe, &services)
    }
}

impl Content {
    /// Every record is there: 32 bytes of each are read, anywhere in it; the platform verifies all of it for that.
    pub(in crate::tests) fn must_be_in_samples(&self, probe: &mut Probe, sampler: &mut Sampler) -> Outcome {
        const SAMPLE: usize = 32;
        let (mut asked, mut calls): (Vec<(u64, &[u8])>, Vec<Call<'_>>) = (Vec::new(), Vec::new());
        for (uid, Record { data, .. }) in &self.records {
            let at = sampler.below(data.len().saturating_sub(SAMPLE) + 1);
            asked.push((*uid, &data[at..data.len().min(at + SAMPLE)]));
            calls.push(get(*uid, at, SAMPLE));
        }
        for ((uid, wanted), bytes) in asked.iter().zip(probe.all_done(&calls)?) {
            require!(bytes == *wanted, "record {uid:#x} was read as {}", shown(&bytes));
        }
        let services = services(probe)?;
        let (records, stored) = (services.records as usize, self.records.len());
        require!(records == stored, "{records} records, stored were {stored}");
        Ok(())
    }
}

impl Found {
    fn add(&mut self, what: &str, stored: &[u8], (status, output): Returned) {
        match status {
            status::SUCCESS if output == stored => self.same += 1,
            status::INVALID_SIGNATURE | status::DATA_CORRUPT => {
                self.refused.push(format!("{what}: status {status}"));
            }
            status::SUCCESS => self.wrong.push(format!(
                "{what} was read as {} where {} was stored",
                shown(&output),
                shown(stored)
            )),
            other => self.wrong.push(format!("{what}: status {other}")),
        }
    }
}

/// How the platform says that its services are, asked for now.
pub(in crate::tests) fn services(probe: &mut Probe) -> Outcome<dtsec_target::Services> {
    crate::bench::judged(probe.session().services())
}

/// The application sees the same of the services as the management wire says: in the words of `service_state`.
pub(in crate::tests) fn application_sees(probe: &mut Probe, said: &dtsec_target::Services) -> Outcome {
    let record = probe.done(&calls::service_state())?;
    let words: Vec<u32> = record.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
    let [storage, recovery, _, records, first, next, failed, _, resets, ..] = words[..] else {
        return Err(Failure::Refuted(format!("`service_state` gave {} bytes", record.len())));
    };
    let ready = said.storage == "ready";
    let told = (said.recovery, said.records, said.first_reading, said.next_reading);
    require!(
        (storage == 0) == ready
            && (recovery, records, first, next) == told
            && (failed, resets) == (said.failed_tests, said.factory_resets),
        "`service_state` gives {words:x?}, the management wire {said:?}"
    );
    Ok(())
}

/// The line of the boot report that says it.
pub(in crate::tests) fn reported(report: &dtsec_target::Report) -> Outcome<&dtsec_target::Services> {
    let none = || Failure::Refuted("the boot report says nothing of the services".into());
    report.services.as_ref().ok_or_else(none)
}

fn shown(bytes: &[u8]) -> String {
    match bytes.get(..16) {
        Some(start) => format!("{}… ({} bytes)", hex::encode(start), bytes.len()),
        None => hex::encode(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_change_the_content_as_the_specification_says() {
        let mut content = Content::default();
        let [a, b, c] = [1, 2, 3].map(|n| reading(n, 100));
        for operation in [
            Operation::Set(7, vec![1]),
            Operation::Set(7, vec![2, 3]),
            Operation::Set(8, vec![]),
            Operation::Remove(8),
            Operation::Append(a),
            Operation::Append(b),
            Operation::Trim(1),
            Operation::Trim(0),
            Operation::Append(c),
        ] {
            content.apply(&operation);
        }
        assert_eq!(content.records.keys().collect::<Vec<_>>(), [&7]);
        assert_eq!(content.records[&7].data, [2, 3]);
        assert_eq!((content.first, content.next(), &content.readings[..]), (1, 3, &[b, c][..]));
        content.apply(&Operation::Trim(3));
        assert_eq!((content.first, content.next()), (3, 3));
    }

    #[test]
    fn what_was_read_is_the_same_refused_or_wrong() {
        let mut found = Found::default();
        found.add("a", &[1, 2], (0, vec![1, 2]));
        found.add("b", &[1, 2], (-149, vec![]));
        found.add("c", &[1, 2], (-152, vec![]));
        assert_eq!((found.same, found.refused.len(), found.wrong.len()), (1, 2, 0));
        for wrong in [(0, vec![1, 3]), (0, vec![1]), (0, vec![1, 2, 0]), (-140, vec![]), (-146, vec![])] {
            found.add("d", &[1, 2], wrong);
        }
        assert_eq!((found.same, found.refused.len(), found.wrong.len()), (1, 2, 5));
    }

    #[test]
    fn a_reading_has_time_value_and_unit_in_their_places() {
        let bytes = reading(0x0102, -1);
        assert_eq!(bytes[..3], [2, 1, 0]);
        assert_eq!(bytes[16..], [0xFF, 0xFF, 0xFF, 0xFF, 0x52, 0x08, 0, 0]);
    }
}
