//! Trusted storage and the readings log with ever more records in it.

use crate::{Bench, Lent, Marks};
use cdd_client::{Entry, Reading, Status};

/// Numbers of records that there are while the calls are counted. Starts are counted with the same.
pub const RECORDS: [u32; 3] = [10, 100, 1000];

/// Sets under one name: enough for sectors to be filled and others reclaimed.
const SETS: u32 = 1000;
/// Appended readings: several sectors of them.
const READINGS: u32 = 200;
/// Calls under one name that do not depend on the place in the flash.
const CALLS: u32 = 16;
/// Number of the record that is 1 KiB long; those before it are short.
const LARGE: u32 = 1;

fn set<E: Entry>(lent: &mut Lent<'_, E>, record: u32, bytes: usize, turn: u32) -> Result<usize, Status> {
    let from = turn as usize % 256;
    lent.platform.storage_set(record, 0, 0, &lent.message[from..from + bytes])
}

fn reading(time: u32) -> [u8; 24] {
    Reading { time: time.into(), device: 1, value: 100, unit: 0x0852 }.to_bytes()
}

impl<E: Entry, M: Marks> Bench<E, M> {
    pub(crate) fn storage_calls(&mut self) -> Result<(), Status> {
        let mut present = 0;
        for records in RECORDS {
            self.records = Some(records);
            self.fill(present, records)?;
            self.stage(records)?;
            present = records;
        }
        self.records = None;
        self.pass(|l| l.platform.storage_get_info(LARGE, 0, &mut l.out[..8]))?;
        self.pass(|l| l.platform.readings_range(&mut l.out[..8]))?;
        self.pass(|l| l.platform.readings_trim(CALLS))?;
        Ok(())
    }

    /// Records with the numbers from `present` + 1 to `records`.
    fn fill(&mut self, present: u32, records: u32) -> Result<(), Status> {
        self.pass(|mut lent| {
            for record in present + 1..=records {
                set(&mut lent, record, if record == LARGE { 1024 } else { 64 }, record)?;
            }
            Ok(())
        })
    }

    /// Leaves as many records as there were.
    fn stage(&mut self, records: u32) -> Result<(), Status> {
        let short = |call: u32| LARGE + 1 + call % (records - 1);
        self.mean("storage-set-64", SETS, |l, call| set(l, short(call), 64, call))?;
        self.mean("storage-set-1024", CALLS, |l, call| set(l, LARGE, 1024, call))?;
        self.mean("storage-get-64", CALLS, |l, call| {
            l.platform.storage_get(short(call), 0, 0, &mut l.out[..64])
        })?;
        self.mean("storage-get-1024", CALLS, |l, _| l.platform.storage_get(LARGE, 0, 0, &mut l.out[..1024]))?;
        let last = records - 4;
        self.mean("storage-remove-64", 4, |l, call| l.platform.storage_remove(last + 1 + call, 0))?;
        self.mean("storage-new-64", 4, |l, call| set(l, last + 1 + call, 64, call))?;
        self.mean("readings-append", READINGS, |l, call| {
            l.platform.readings_append(&reading(call), &mut l.out[..4])
        })?;
        self.mean("readings-read", CALLS, |l, call| l.platform.readings_read(call, &mut l.out[..24]))
    }
}
