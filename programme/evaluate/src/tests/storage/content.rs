//! What was stored and must be found again: the oracle of every test of trusted storage.

use crate::model::{Failure, Outcome, require};
use crate::probe::{Arg, Probe, Returned, call, status};
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
    pub(in crate::tests) fn call(&self) -> (u32, Vec<Arg<'_>>) {
        match self {
            Operation::Set(uid, data) => {
                let [low, high] = halves(*uid);
                (call::STORAGE_SET, vec![low, high, Arg::Value(0), Arg::Input(data)])
            }
            Operation::Remove(uid) => (call::STORAGE_REMOVE, halves(*uid).to_vec()),
            Operation::Append(reading) => (call::READINGS_APPEND, vec![Arg::Input(reading), Arg::Output(4)]),
            Operation::Trim(first) => (call::READINGS_TRIM, vec![Arg::Value(*first)]),
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

/// The two arguments that name a record.
pub(in crate::tests) fn halves(uid: u64) -> [Arg<'static>; 2] {
    [Arg::Value(uid as u32), Arg::Value((uid >> 32) as u32)]
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
        let calls: Vec<_> = operations.iter().map(Operation::call).collect();
        let calls: Vec<(u32, &[Arg<'_>])> = calls.iter().map(|(number, args)| (*number, &args[..])).collect();
        for (operation, (status, output)) in operations.iter().zip(probe.gates(&calls)?) {
            require!(status == status::SUCCESS, "{} returned {status}", operation.name());
            if let Operation::Append(_) = operation {
                let next = self.next().to_le_bytes();
                require!(output == next, "a reading got index {output:?} where {next:?} comes next");
            }
            self.apply(operation);
        }
        Ok(())
    }

    /// Reads everything back.
    pub(in crate::tests) fn look(&self, probe: &mut Probe) -> Outcome<Found> {
        let mut found = Found::default();
        let mut asked: Vec<(String, u32, Vec<Arg<'_>>, Vec<u8>)> = Vec::new();
        for (uid, Record { data, flags }) in &self.records {
            let [low, high] = halves(*uid);
            let info = [(data.len() as u32).to_le_bytes(), flags.to_le_bytes()].concat();
            asked.push((
                format!("info of record {uid:#x}"),
                call::STORAGE_GET_INFO,
                vec![low, high, Arg::Output(8)],
                info,
            ));
            let room = Arg::Output(data.len() + 16);
            let args = vec![low, high, Arg::Value(0), room];
            asked.push((format!("record {uid:#x}"), call::STORAGE_GET, args, data.clone()));
        }
        for (index, reading) in (self.first..).zip(&self.readings) {
            let args = vec![Arg::Value(index), Arg::Output(24)];
            asked.push((format!("reading {index}"), call::READINGS_READ, args, reading.to_vec()));
        }
        let range = [self.first.to_le_bytes(), self.next().to_le_bytes()].concat();
        asked.push(("range of readings".into(), call::READINGS_RANGE, vec![Arg::Output(8)], range));
        let calls: Vec<(u32, &[Arg<'_>])> =
            asked.iter().map(|(_, number, args, _)| (*number, &args[..])).collect();
        let answers = probe.gates(&calls)?;
        for ((what, _, _, stored), answer) in asked.iter().zip(answers) {
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
        Ok(())
    }
}

impl Content {
    /// Every record is there: 32 bytes of each are read, anywhere in it; the platform verifies all of it for that.
    pub(in crate::tests) fn must_be_in_samples(&self, probe: &mut Probe, sampler: &mut Sampler) -> Outcome {
        const SAMPLE: usize = 32;
        let mut asked: Vec<(u64, &[u8], Vec<Arg<'_>>)> = Vec::new();
        for (uid, Record { data, .. }) in &self.records {
            let at = sampler.below(data.len().saturating_sub(SAMPLE) + 1);
            let [low, high] = halves(*uid);
            let wanted = &data[at..data.len().min(at + SAMPLE)];
            asked.push((*uid, wanted, vec![low, high, Arg::Value(at as u32), Arg::Output(SAMPLE)]));
        }
        let calls: Vec<(u32, &[Arg<'_>])> =
            asked.iter().map(|(_, _, args)| (call::STORAGE_GET, &args[..])).collect();
        let answers = probe.gates(&calls)?;
        for ((uid, wanted, _), (status, bytes)) in asked.iter().zip(answers) {
            require!(status == status::SUCCESS, "record {uid:#x}: status {status}");
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
