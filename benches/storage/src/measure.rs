//! The scenarios. No time, no chance: the same numbers in every run.

use crate::flash::{Flash, Tally};
use crate::stores::{Ekv, Sealed, Sequential, Subject};
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use std::collections::BTreeMap;

/// Numbers of records.
pub const RECORDS: [u64; 3] = [10, 100, 1000];
/// Bytes of a record, where the number of records is varied.
const USUAL_PAYLOAD: usize = 64;
/// Bytes of a record, with 100 records.
pub const PAYLOADS: [usize; 4] = [16, 64, 256, 1024];
/// Sets that replace a record: the ring goes round several times.
pub const SETS: u64 = 10_000;
/// Bytes of a reading.
const READING_BYTES: usize = 24;

/// What one store did with one number of records of one length.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The store.
    pub store: &'static str,
    /// Number of records.
    pub records: u64,
    /// Bytes of each.
    pub payload: usize,
    /// Words programmed for each word of payload of a new record.
    pub new_words: f64,
    /// The same where one is replaced, over all sets.
    pub replaced_words: f64,
    /// Sectors erased in 1,000 of these sets.
    pub erases: f64,
    /// Most less least erases of a sector after them.
    pub wear_spread: u64,
    /// Reads for one get.
    pub get_reads: f64,
    /// Bytes read for one get.
    pub get_bytes: f64,
    /// Reads from power-on until the first record was had.
    pub mount_reads: u64,
    /// Bytes read until then.
    pub mount_bytes: u64,
    /// Bytes written to the counter for one set.
    pub counter_bytes: f64,
}

/// What the log of readings cost a store.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Log {
    /// The store.
    pub store: &'static str,
    /// Readings appended.
    pub readings: u32,
    /// Words programmed for each of the six words of a reading.
    pub words: f64,
    /// Sectors erased.
    pub erases: u64,
}

/// All that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// One for each store, number of records and length.
    pub rows: Vec<Row>,
    /// One for each store.
    pub logs: Vec<Log>,
    /// Bytes of RAM that each store keeps, with room for 1,024 records.
    pub ram: Vec<(&'static str, usize)>,
}

impl Figures {
    /// The row of a store.
    pub fn row(&self, store: &str, records: u64, payload: usize) -> Option<&Row> {
        self.rows.iter().find(|row| (row.store, row.records, row.payload) == (store, records, payload))
    }

    /// How many times the words of `peer` ours takes for a new record, which is the cost of sealing, and for one
    /// that is replaced, whose old content ours overwrites and the peers leave there.
    pub fn ratio(&self, peer: &str, records: u64, payload: usize) -> Option<(f64, f64)> {
        let of = |store| self.row(store, records, payload).map(|row| (row.new_words, row.replaced_words));
        let (ours, peers) = (of(Sealed::NAME)?, of(peer)?);
        Some((ours.0 / peers.0, ours.1 / peers.1))
    }

    /// What has budgets (`benches/budgets.toml`): words of ours in thousandths of a peer's, and bytes that a mount reads.
    pub fn budgeted(&self) -> Budgeted {
        let thousandths = |ratio: f64| (ratio * 1000.0).ceil() as u64;
        let mut budgeted = Budgeted::default();
        for row in self.rows.iter().filter(|row| row.store == Sealed::NAME) {
            let shape = format!("{}x{}", row.records, row.payload);
            for peer in [Sequential::NAME, Ekv::NAME] {
                if let Some((new, replaced)) = self.ratio(peer, row.records, row.payload) {
                    budgeted.permille.insert(format!("storage-new-{shape}-{peer}"), thousandths(new));
                    budgeted
                        .permille
                        .insert(format!("storage-replaced-{shape}-{peer}"), thousandths(replaced));
                }
            }
            budgeted.bytes.insert(format!("storage-mount-{shape}"), row.mount_bytes);
        }
        for peer in [Sequential::NAME, Ekv::NAME] {
            if let Some(ratio) = self.log_ratio(peer) {
                budgeted.permille.insert(format!("storage-readings-{peer}"), thousandths(ratio));
            }
        }
        budgeted
    }

    /// The words of the log of readings, likewise.
    pub fn log_ratio(&self, peer: &str) -> Option<f64> {
        let of = |store| self.logs.iter().find(|log| log.store == store).map(|log| log.words);
        Some(of(Sealed::NAME)? / of(peer)?)
    }
}

/// The figures that have budgets, by name.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Budgeted {
    /// Words programmed, in thousandths of what a peer programs.
    pub permille: BTreeMap<String, u64>,
    /// Bytes read from power-on until the first record was had.
    pub bytes: BTreeMap<String, u64>,
}

/// Runs everything, with so many sets that replace a record (usually [`SETS`]).
pub fn measure(sets: u64) -> Result<Figures> {
    let mut shapes: Vec<(u64, usize)> = RECORDS.iter().map(|records| (*records, USUAL_PAYLOAD)).collect();
    shapes
        .extend(PAYLOADS.iter().filter(|payload| **payload != USUAL_PAYLOAD).map(|payload| (100, *payload)));
    let mut rows = Vec::new();
    for (records, payload) in shapes {
        rows.push(row::<Sealed>(records, payload, sets)?);
        rows.push(row::<Sequential>(records, payload, sets)?);
        rows.push(row::<Ekv>(records, payload, sets)?);
    }
    let logs = vec![log::<Sealed>()?, log::<Sequential>()?, log::<Ekv>()?];
    let ram =
        vec![(Sealed::NAME, Sealed::ram()), (Sequential::NAME, Sequential::ram()), (Ekv::NAME, Ekv::ram())];
    Ok(Figures { rows, logs, ram })
}

/// Content that is another one for each key and turn.
fn content(payload: usize, key: u64, turn: u64) -> Vec<u8> {
    let seed = key.wrapping_mul(31).wrapping_add(turn.wrapping_mul(17));
    (0..payload as u64).map(|at| (seed ^ at.wrapping_mul(0x9E37_79B9) >> 7) as u8).collect()
}

fn row<S: Subject>(records: u64, payload: usize, sets: u64) -> Result<Row> {
    let what = || format!("{} with {records} records of {payload} bytes", S::NAME);
    let payload_words = payload.div_ceil(4) as f64;
    let flash = Flash::erased();
    let mut store = S::format(&flash).with_context(what)?;
    let formatted = flash.erases();

    let (before, outside) = (flash.tally(), store.bytes_outside());
    for key in 1..=records {
        store.set(key, &content(payload, key, 0)).with_context(what)?;
    }
    let new = flash.tally().since(before);

    let before = flash.tally();
    for turn in 0..sets {
        store.set(1 + turn % records, &content(payload, 1 + turn % records, turn)).with_context(what)?;
    }
    let replaced = flash.tally().since(before);
    let counter_bytes = (store.bytes_outside() - outside) as f64 / (sets + records) as f64;
    let erased: Vec<u64> =
        flash.erases().iter().zip(&formatted).map(|(after, before)| after - before).collect();

    // The last turn in which each key was set.
    let last = |key: u64| (sets - 1) - (sets - key) % records;
    let mut out = [0; 1024];
    let mut get = |store: &mut S, key| -> Result<()> {
        let length = store.get(key, &mut out).with_context(what)?;
        ensure!(out[..length] == content(payload, key, last(key)), "{}: another content of {key}", what());
        Ok(())
    };
    let before = flash.tally();
    (1..=records).try_for_each(|key| get(&mut store, key))?;
    let got = flash.tally().since(before);

    let before = flash.tally();
    let mut store = store.power_cycle().with_context(what)?;
    get(&mut store, 1)?;
    let mounted = flash.tally().since(before);
    ensure!((mounted.words, mounted.erases) == (0, 0), "{}: mounting writes", what());
    (1..=records).try_for_each(|key| get(&mut store, key))?;

    let per = |of: u64, count: u64| of as f64 / count as f64;
    Ok(Row {
        store: S::NAME,
        records,
        payload,
        new_words: per(new.words, records) / payload_words,
        replaced_words: per(replaced.words, sets) / payload_words,
        erases: per(replaced.erases * 1000, sets),
        wear_spread: erased.iter().max().unwrap_or(&0) - erased.iter().min().unwrap_or(&0),
        get_reads: per(got.reads, records),
        get_bytes: per(got.bytes_read, records),
        mount_reads: mounted.reads,
        mount_bytes: mounted.bytes_read,
        counter_bytes,
    })
}

fn log<S: Subject>() -> Result<Log> {
    const READINGS: u32 = 1000;
    let flash = Flash::erased();
    let mut store = S::format(&flash)?;
    let before = flash.tally();
    for index in 0..READINGS {
        let mut reading = [0xA5; READING_BYTES];
        reading[..4].copy_from_slice(&index.to_le_bytes());
        store.append(index, &reading).with_context(|| format!("{}: reading {index}", S::NAME))?;
    }
    let Tally { words, erases, .. } = flash.tally().since(before);
    let words = words as f64 / f64::from(READINGS) / (READING_BYTES / 4) as f64;
    Ok(Log { store: S::NAME, readings: READINGS, words, erases })
}
