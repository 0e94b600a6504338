//! Trusted storage on raw NOR flash: records and readings that are sealed, fresh, and whole after any power cut.
//!
//! May use `hal` and `crypto`; used by `platform` and by the services that keep something. The store is generic
//! over the flash (`MultiwriteNorFlash`: a programmed word may be programmed again to zero) and over the
//! [`MonotonicCounter`](cdd_hal::MonotonicCounter) outside it, and keyed by boot's seal secret. No heap, no
//! unsafe code; the index has a fixed size and lies where the caller says ([`Memory`]).
//!
//! # Specification
//!
//! A store is a map from (owner, uid) to a record of 0 to 4096 bytes with flags, and a sequence of readings
//! `first .. next`, of which only the front can be given up.
//!
//! 1. *Atomic.* An operation ([`Store::set`], [`Store::remove`], [`Store::append`], [`Store::trim`],
//!    [`Store::erase_all`]) that the power cuts at any word, erase or counter step, torn or not, is done or not
//!    done after the next mount; so also if that mount is cut, as often as you like, and always the same way.
//! 2. *Sealed.* The flash shows who owns how many records of which identifier and length and when they change
//!    (in operations), not what they hold.
//! 3. *Authentic and fresh.* What was changed, swapped, replayed, deleted, cut off, restored from an older copy
//!    or written by another device is an [`Error`] that names it, and nothing is written then. Contents are
//!    verified when read ([`Error::Tampered`], [`Error::ReadingTampered`]; other records are not harmed and the
//!    changed one can still be removed), everything else at mount. [`Store::audit`] verifies all at once.
//! 4. *Purged.* Of a record that was replaced, removed or erased, and of an operation that was discarded,
//!    neither plaintext nor ciphertext is in the flash when the call returns; after a cut, when the next mount
//!    returns. Only owner, uid, length and tag stay until the sector is reclaimed.
//! 5. *Bounded.* A call reclaims at most 8 sectors for each sector that it opens (a record of 4096 bytes opens
//!    at most 2): at most 16 erases. Erases of any two sectors differ by at most one since the last format. In
//!    exceptional layouts the call goes on reclaiming, at most twice round the ring, rather than fail; the
//!    tests have not found one. A mount walks what lives, as much again that is dead, and 16 sectors, however large
//!    the ring is; a little more after much was removed, until as much was written.
//! 6. *Readings* have consecutive indices that are never used twice but after [`Scope::Everything`]; an index
//!    that is missing is [`Error::ReadingGap`], at mount and at read, never skipped.
//!
//! A call that returned [`Error::Flash`] or [`Error::Counter`] leaves the store to be mounted again
//! ([`Error::NeedsMount`]). Erasing everything ([`Store::format`]) works whatever the flash holds.
//!
//! # Implementation
//!
//! The flash is a ring of sectors; sector number s lies in place s mod N. From `tail` to `head` they form a log
//! that is only appended to:
//!
//! ```text
//! sector  magic ‖ name ‖ number ‖ tail ‖ first ‖ next ‖ stamp ‖ chain value ‖ MAC                64 bytes
//! entry   kind flags part last ‖ length total ‖ owner ‖ uid ‖ stamp                              28
//!         ciphertext of length bytes, padded to words under the seal                             0 … 4096
//!         tag ‖ chain value                                                                      32
//! chain value = MAC(chain key, previous chain value ‖ header ‖ tag)
//! tag         = ChaCha20-Poly1305(record key, nonce = stamp ‖ part, AAD = header)
//! ```
//!
//! A word of zeros where a header would start is padding, an erased one the end of the sector. A record that
//! does not fit into the sector is split into parts; the operation is complete with the entry marked last.
//! Kinds: set, remove, reading, *tail* (the log begins later now), *trim* (readings given up), *purge* (all
//! records of an owner gone). Tail, first and next are in every sector's header too, so that the walk can begin
//! at the tail.
//!
//! The *stamp* is the value of the counter while the entry is written; see `format::Stamp`. An operation:
//!
//! | step | counter | flash |
//! |---|---|---|
//! | 1 | n, idle → n, under way | |
//! | 2 | | entries of operation n + 1, the last chain value last |
//! | 3 | | content of what it replaces overwritten with zeros; for a tail, the old sector erased |
//! | 4 | n, under way → n + 1, idle | |
//!
//! *Mount.* Survey the headers; take the head; find the tail in it; walk the log and verify each chain value;
//! hold the last complete operation against the counter. Idle: it must be the last committed one, and nothing
//! may lie behind the log. Under way: it may be that one (discard) or the one under way (complete). Then: zeros
//! over what was torn, zeros over every content that is not alive, erase sectors outside the log, step the counter.
//!
//! *Reclaiming.* What lives in the tail sector, by the index in RAM and not by what the flash says, is written
//! again at the head, each as an operation of its own, then the tail moves. Up to [`Store::capacity`] the
//! live entries leave about a quarter of the ring free. With free sectors below N/8 + 4 each opened sector
//! pays for 8 reclaimed ones: a full turn costs at most N/8 opened ones, and after it all that was dead is free.
//! While the log is longer than mounting should have to walk, each opened sector pays for 2: less than half of
//! such a log lives, so it gets shorter.
//!
//! # Argument
//!
//! *A nonce is not used twice.* It contains the stamp; the counter says "under way" before the first word is
//! written, and leaves that value for good afterwards, whether the operation was completed or discarded.
//! Formatting writes one header whose content is a function of its stamp.
//!
//! *One log for one counter value.* While idle (n, d) only a log ending with operation n − d is accepted. Were
//! there two of them, they would part at some entry of the same stamp, or of stamps of which one was discarded.
//! The first needs the device to write two contents under one stamp. The second would have to end with a number
//! that the counter has passed as discarded: refused as [`Error::Ahead`] before the next commit and as
//! [`Error::Rollback`] after it. A plain "counter or counter + 1" rule fails here: who copies the flash
//! between the last word and the counter, and puts the older flash in, gets two valid logs and two contents
//! under one nonce.
//!
//! *A cut.* The commit point is the last word of the last chain value. Before it, the walk ends at the torn
//! entry (any subset of its bits: no valid MAC) and finds the operation missing; recovery only zeroes what is
//! behind the walk's end, so a later mount decides the same. After it, the operation is found complete whatever
//! of step 3 was done, since step 3 touches only contents that the walk does not read and sectors before the tail,
//! and can be repeated. Step 4 is atomic.
//!
//! *A lost entry or sector.* A missing entry breaks the next chain value, or at the end the counter; a sector
//! begins with its predecessor's last chain value; the first one is the one that the last authenticated
//! record of the tail names, and cannot lie elsewhere than its number says.
//!
//! *An older content put in place while mounted* passes its tag, not the operation number in the index.
//!
//! # What is left out
//!
//! Identifiers and lengths are in clear. Words that read differently each time after a cut, and sectors that
//! wear out, are not handled (a failed program is [`Error::Flash`]). While an operation is under way, whoever
//! holds the chip can choose that it was not done. The counter takes two steps for an operation: a part with
//! limited endurance does not fit.
//!
//! SFR: secure-trusted-storage.

#![no_std]
#![forbid(unsafe_code)]

mod error;
mod format;
mod index;
mod medium;
mod memory;
mod mount;
mod readings;
mod seal;
mod store;

pub use error::Error;
pub use format::MAX_RECORD;
pub use memory::Memory;
pub use readings::Reading;
pub use store::{Info, MIN_SECTORS, Recovery, Scope, Store, WRITE_ONCE, Work};
