//! What trusted storage costs in flash beside two plain stores, on the same flash model, in the same run.
//!
//! | store | what it is | keeps |
//! |---|---|---|
//! | `cdd-storage` | ours | sealed, fresh, purged, atomic |
//! | `sequential-storage` 8.0.2 (October 2026, maintained by Tweede golf) | log with RAM caches | plain, CRC |
//! | `ekv` 1.0.0 (November 2024, its only release; Embassy) | LSM tree, transactions | plain, CRC |
//!
//! Counted are words programmed, sectors erased, reads and bytes read: numbers, the same in every run. A word that is
//! programmed again to zero counts again. The counter's bytes are in another memory and are told apart.
//!
//! May use `cdd-storage` and the flash model of `cdd-virtual`; the peers are used here and nowhere else.

#![forbid(unsafe_code)]

mod flash;
mod measure;
mod report;
mod stores;

pub use flash::{Flash, Tally};
pub use measure::{Budgeted, Figures, Log, PAYLOADS, RECORDS, Row, SETS, measure};
pub use stores::{Ekv, Sealed, Sequential, Subject};
