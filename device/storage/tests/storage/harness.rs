//! A device (flash and counter), a model of what it must hold, and operations on both.

use crate::nor::Nor;
use cdd_hal::{CounterError, MonotonicCounter};
use cdd_storage::{Error, Memory, Reading, Scope, Store, WRITE_ONCE};
use std::collections::BTreeMap;

pub(crate) const SECRET: [u8; 32] = [0x5E; 32];
pub(crate) const SECTOR: usize = 4096;

/// The store of most tests: a small index.
pub(crate) type Small<'a> = Store<&'a mut Nor, &'a mut Counter, Box<Memory<24, 32>>>;

/// A counter outside the flash whose power can fail before or after a step.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counter {
    pub(crate) value: u64,
    pub(crate) steps: u32,
    /// Power fails at this step; whether the step is taken.
    pub(crate) cut: Option<(u32, bool)>,
}

impl MonotonicCounter for Counter {
    fn read(&mut self) -> Result<u64, CounterError> {
        Ok(self.value)
    }

    fn advance(&mut self, to: u64) -> Result<(), CounterError> {
        if to <= self.value {
            return Err(CounterError::NotUpwards);
        }
        self.steps += 1;
        match self.cut {
            Some((at, taken)) if at == self.steps => {
                if taken {
                    self.value = to;
                }
                Err(CounterError::NoAnswer)
            }
            _ => {
                self.value = to;
                Ok(())
            }
        }
    }
}

/// Flash and counter.
pub(crate) struct Device {
    pub(crate) nor: Nor,
    pub(crate) counter: Counter,
}

impl Clone for Device {
    fn clone(&self) -> Device {
        let counter = Counter { value: self.counter.value, ..Counter::default() };
        Device { nor: Nor::with_content(self.nor.content().to_vec()), counter }
    }
}

impl Device {
    pub(crate) fn formatted(sectors: usize) -> Device {
        let mut device = Device { nor: Nor::erased(sectors * SECTOR), counter: Counter::default() };
        Small::format(&mut device.nor, &mut device.counter, Box::default(), &SECRET).expect("formats");
        device
    }

    pub(crate) fn mount(&mut self) -> Result<Small<'_>, Error> {
        Small::mount(&mut self.nor, &mut self.counter, Box::default(), &SECRET)
    }

    pub(crate) fn power_on(&mut self) {
        self.nor.power_on();
        self.counter.cut = None;
        self.counter.steps = 0;
    }

    pub(crate) fn with_flash_of(&self, other: &Device) -> Device {
        Device { nor: Nor::with_content(other.nor.content().to_vec()), counter: self.clone().counter }
    }
}

/// Something that is done to a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Op {
    Set { owner: u32, uid: u64, length: usize, seed: u8, flags: u8 },
    Remove { owner: u32, uid: u64 },
    Append { seed: u8 },
    Trim { first: u32 },
    Purge { owner: u32 },
    EraseReadings,
    EraseEverything,
}

pub(crate) fn set(owner: u32, uid: u64, length: usize, seed: u8) -> Op {
    Op::Set { owner, uid, length, seed, flags: 0 }
}

/// Content that can be recognised in the flash.
pub(crate) fn content(length: usize, seed: u8) -> Vec<u8> {
    (0..length).map(|at| (at as u8).wrapping_mul(29).wrapping_add(seed.wrapping_mul(151)) | 1).collect()
}

pub(crate) fn reading(seed: u8) -> Reading {
    Reading {
        time: 1_700_000_000 + u64::from(seed),
        value: i32::from(seed) * 7 - 300,
        unit: 0x1140,
        device: 0xD0D0_0000 + u64::from(seed),
    }
}

impl Op {
    pub(crate) fn run<C: MonotonicCounter>(
        &self,
        store: &mut Store<&mut Nor, C, Box<Memory<24, 32>>>,
    ) -> Result<(), Error> {
        match *self {
            Op::Set { owner, uid, length, seed, flags } => {
                store.set(owner, uid, &content(length, seed), flags)
            }
            Op::Remove { owner, uid } => store.remove(owner, uid),
            Op::Append { seed } => store.append(&reading(seed)).map(|_| ()),
            Op::Trim { first } => store.trim(first),
            Op::Purge { owner } => store.erase_all(Scope::Owner(owner)),
            Op::EraseReadings => store.erase_all(Scope::Readings),
            Op::EraseEverything => store.erase_all(Scope::Everything),
        }
    }
}

/// What a store must hold, as simply as it can be said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Model {
    pub(crate) records: BTreeMap<(u32, u64), (Vec<u8>, u8)>,
    pub(crate) readings: BTreeMap<u32, Reading>,
    pub(crate) next: u32,
}

impl Model {
    pub(crate) fn run(&mut self, op: &Op) -> Result<(), Error> {
        match *op {
            Op::Set { owner, uid, length, seed, flags } => {
                if self.records.get(&(owner, uid)).is_some_and(|(_, flags)| flags & WRITE_ONCE != 0) {
                    return Err(Error::WriteOnce);
                }
                self.records.insert((owner, uid), (content(length, seed), flags));
            }
            Op::Remove { owner, uid } => {
                let (_, flags) = self.records.get(&(owner, uid)).ok_or(Error::DoesNotExist)?;
                if flags & WRITE_ONCE != 0 {
                    return Err(Error::WriteOnce);
                }
                self.records.remove(&(owner, uid));
            }
            Op::Append { seed } => {
                self.readings.insert(self.next, reading(seed));
                self.next += 1;
            }
            Op::Trim { first } if first > self.next => return Err(Error::InvalidArgument),
            Op::Trim { first } => self.readings.retain(|index, _| *index >= first),
            Op::Purge { owner } => self.records.retain(|(of, _), _| *of != owner),
            Op::EraseReadings => self.readings.clear(),
            Op::EraseEverything => *self = Model::default(),
        }
        Ok(())
    }

    /// Whether the store holds exactly this.
    pub(crate) fn is_in(&self, store: &mut Small<'_>) -> Result<(), String> {
        let first = self.readings.keys().next().copied().unwrap_or(self.next);
        if store.readings() != (first..self.next) {
            return Err(format!("readings {:?}, not {first}..{}", store.readings(), self.next));
        }
        if store.records() != self.records.len() {
            return Err(format!("{} records, not {}", store.records(), self.records.len()));
        }
        let mut out = [0u8; cdd_storage::MAX_RECORD];
        for ((owner, uid), (data, flags)) in &self.records {
            let length =
                store.get(*owner, *uid, 0, &mut out).map_err(|error| format!("{owner}/{uid}: {error:?}"))?;
            if out[..length] != data[..] || store.get_info(*owner, *uid).map(|info| info.flags) != Ok(*flags)
            {
                return Err(format!("{owner}/{uid} is another"));
            }
        }
        for (index, reading) in &self.readings {
            if store.read(*index) != Ok(*reading) {
                return Err(format!("reading {index}: {:?}", store.read(*index)));
            }
        }
        store.audit().map_err(|error| format!("audit: {error:?}"))
    }
}

/// A device and its model after these operations.
pub(crate) fn after(sectors: usize, ops: &[Op]) -> (Device, Model) {
    let mut device = Device::formatted(sectors);
    let mut model = Model::default();
    let mut store = device.mount().expect("mounts");
    for op in ops {
        assert_eq!(op.run(&mut store), model.run(op), "{op:?}");
    }
    model.is_in(&mut store).expect("the model");
    (device, model)
}
