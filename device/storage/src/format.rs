//! What lies where in the flash. All numbers little-endian, everything in whole words of 4 bytes.
//!
//! SFR: secure-trusted-storage.

use crate::seal::{Keys, Mac, same};

/// Longest record in bytes.
pub const MAX_RECORD: usize = 4096;
/// Bytes of an entry besides its content: header, tag, chain value.
pub(crate) const OVERHEAD: u32 = Entry::BYTES as u32 + TRAILER;
/// Tag and chain value.
pub(crate) const TRAILER: u32 = 32;
/// A record is split at the end of a sector only if at least so many bytes of it fit before.
pub(crate) const MIN_SPLIT: u32 = 64;
/// Bytes of a reading's content.
pub(crate) const READING: u16 = 24;

/// `length` rounded up to whole words.
pub(crate) const fn padded(length: u32) -> u32 {
    length.saturating_add(3) & !3
}

/// Whether every byte is `value`. By words: a mount looks at the whole ring like this.
pub(crate) fn consists_of(bytes: &[u8], value: u8) -> bool {
    let (words, rest) = bytes.as_chunks::<4>();
    words.iter().all(|word| *word == [value; 4]) && rest.iter().all(|byte| *byte == value)
}

/// How many of the `left` bytes of a record go into a sector with `room` bytes; `None`: open the next one.
pub(crate) fn portion(room: u32, left: u32) -> Option<u32> {
    if room >= OVERHEAD + padded(left) {
        Some(left)
    } else if left >= MIN_SPLIT && room >= OVERHEAD + MIN_SPLIT {
        Some(room - OVERHEAD)
    } else {
        None
    }
}

/// A value of the counter: the last number that was used (40 bits), how many were discarded since the last
/// committed one (23 bits), whether an operation is under way (1 bit).
///
/// | from | event | to |
/// |---|---|---|
/// | n, d, idle | an operation begins; its number is n + 1 | n, d, under way |
/// | n, d, under way | its last word is in the flash | n + 1, 0, idle |
/// | n, d, under way | a mount finds that it is not | n + 1, d + 1, idle |
/// | n, d, any | everything is to be erased | n, all ones |
/// | n, all ones | everything is erased | n + 1, 0, idle |
///
/// Every arrow goes up, and no number is used twice. While idle the log ends with operation n - d.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp(pub(crate) u64);

impl Stamp {
    /// Before a mount and after a failure: as if something were under way.
    pub(crate) const UNKNOWN: Stamp = Stamp(1);
    const LOW: u64 = 0xFF_FFFF;
    const LAST_NUMBER: u64 = (1 << 40) - 2;

    const fn idle(number: u64, discarded: u64) -> Stamp {
        Stamp(number << 24 | discarded << 1)
    }

    /// Number of the operation that has this stamp.
    pub(crate) const fn operation(self) -> u64 {
        (self.0 >> 24) + 1
    }

    const fn discarded(self) -> u64 {
        (self.0 & Self::LOW) >> 1
    }

    /// Number of the last committed operation.
    pub(crate) const fn committed(self) -> u64 {
        (self.0 >> 24).saturating_sub(self.discarded())
    }

    pub(crate) const fn is_erasing(self) -> bool {
        self.0 & Self::LOW == Self::LOW
    }

    pub(crate) const fn is_under_way(self) -> bool {
        self.0 & 1 == 1
    }

    /// An operation begins. `None` at the end of the numbers, or after eight million cuts in a row.
    pub(crate) const fn begin(self) -> Option<Stamp> {
        let exhausted = self.discarded() >= (Self::LOW >> 1) - 2 || self.operation() >= Self::LAST_NUMBER;
        if exhausted { None } else { Some(Stamp(self.0 | 1)) }
    }

    /// What was under way is done.
    pub(crate) const fn done(self) -> Stamp {
        Stamp::idle(self.operation(), 0)
    }

    /// What was under way is void.
    pub(crate) const fn discard(self) -> Stamp {
        Stamp::idle(self.operation(), self.discarded() + 1)
    }

    pub(crate) const fn erasing(self) -> Option<Stamp> {
        if self.operation() >= Self::LAST_NUMBER { None } else { Some(Stamp(self.0 | Self::LOW)) }
    }
}

/// What an entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Owner and uid have this content from now on.
    Set = 1,
    /// Owner and uid have no record any more.
    Remove = 2,
    /// The reading of index uid.
    Reading = 3,
    /// The log begins at sector uid; what was before is erased.
    Tail = 4,
    /// The readings before index uid are gone.
    Trim = 5,
    /// The owner has no record any more.
    Purge = 6,
}

/// The header of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) flags: u8,
    /// Number of this part of the operation.
    pub(crate) part: u8,
    /// Whether it is the last part: with it the operation is complete.
    pub(crate) last: bool,
    /// Bytes of content in this entry.
    pub(crate) length: u16,
    /// Bytes of content in all parts.
    pub(crate) total: u16,
    pub(crate) owner: u32,
    pub(crate) uid: u64,
    /// The counter while this was written.
    pub(crate) stamp: Stamp,
}

impl Entry {
    pub(crate) const BYTES: usize = 28;

    pub(crate) fn to_bytes(self) -> [u8; Entry::BYTES] {
        let [l0, l1] = self.length.to_le_bytes();
        let [t0, t1] = self.total.to_le_bytes();
        let [o0, o1, o2, o3] = self.owner.to_le_bytes();
        let [u0, u1, u2, u3, u4, u5, u6, u7] = self.uid.to_le_bytes();
        let [s0, s1, s2, s3, s4, s5, s6, s7] = self.stamp.0.to_le_bytes();
        let kind = self.kind as u8;
        let last = u8::from(self.last);
        #[rustfmt::skip]
        let bytes = [
            kind, self.flags, self.part, last, l0, l1, t0, t1, o0, o1, o2, o3,
            u0, u1, u2, u3, u4, u5, u6, u7, s0, s1, s2, s3, s4, s5, s6, s7,
        ];
        bytes
    }

    /// The header, if these bytes can be one.
    pub(crate) fn from_bytes(bytes: &[u8; Entry::BYTES]) -> Option<Entry> {
        #[rustfmt::skip]
        let [
            kind, flags, part, last, l0, l1, t0, t1, o0, o1, o2, o3,
            u0, u1, u2, u3, u4, u5, u6, u7, s0, s1, s2, s3, s4, s5, s6, s7,
        ] = *bytes;
        let kind = match kind {
            1 => Kind::Set,
            2 => Kind::Remove,
            3 => Kind::Reading,
            4 => Kind::Tail,
            5 => Kind::Trim,
            6 => Kind::Purge,
            _ => return None,
        };
        let last = match last {
            0 => false,
            1 => true,
            _ => return None,
        };
        let entry = Entry {
            kind,
            flags,
            part,
            last,
            length: u16::from_le_bytes([l0, l1]),
            total: u16::from_le_bytes([t0, t1]),
            owner: u32::from_le_bytes([o0, o1, o2, o3]),
            uid: u64::from_le_bytes([u0, u1, u2, u3, u4, u5, u6, u7]),
            stamp: Stamp(u64::from_le_bytes([s0, s1, s2, s3, s4, s5, s6, s7])),
        };
        (entry.length <= entry.total && usize::from(entry.total) <= MAX_RECORD).then_some(entry)
    }

    /// Bytes of content as they lie in the flash.
    pub(crate) const fn content(&self) -> u32 {
        padded(self.length as u32)
    }

    /// Bytes of the whole entry.
    pub(crate) const fn size(&self) -> u32 {
        OVERHEAD + self.content()
    }
}

/// The first bytes of a sector of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SectorHeader {
    /// Number of the sector; it lies in place `sector` mod (sectors of the flash).
    pub(crate) sector: u32,
    /// The counter when it was opened.
    pub(crate) stamp: Stamp,
    /// First sector of the log then.
    pub(crate) tail: u32,
    /// Index of the first reading kept then.
    pub(crate) first: u32,
    /// Index of the next reading then.
    pub(crate) next: u32,
    /// The chain value before the first entry.
    pub(crate) chain: Mac,
}

/// What the first bytes of a sector are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Survey {
    Blank,
    Ours(SectorHeader),
    Foreign,
    Junk,
}

impl SectorHeader {
    pub(crate) const BYTES: u32 = 64;
    const MAGIC: [u8; 4] = *b"CDS1";

    /// Number of the last operation that was complete when it was opened.
    pub(crate) const fn number(&self) -> u64 {
        if self.stamp.is_erasing() { self.stamp.operation() } else { self.stamp.committed() }
    }

    pub(crate) fn to_bytes(self, keys: &Keys) -> [u8; 64] {
        let mut bytes = [0u8; 64];
        let Some((body, mac)) = bytes.split_at_mut_checked(48) else { return bytes };
        let fields: [&[u8]; 8] = [
            &Self::MAGIC,
            &keys.name,
            &self.sector.to_le_bytes(),
            &self.tail.to_le_bytes(),
            &self.first.to_le_bytes(),
            &self.next.to_le_bytes(),
            &self.stamp.0.to_le_bytes(),
            &self.chain,
        ];
        let all = fields.iter().flat_map(|field| field.iter());
        body.iter_mut().zip(all).for_each(|(to, from)| *to = *from);
        let tag = keys.sector(self.stamp, self.sector, body);
        mac.iter_mut().zip(tag).for_each(|(to, from)| *to = from);
        bytes
    }

    /// Reads the header of the sector in `place` of `sectors`.
    pub(crate) fn survey(bytes: &[u8; 64], keys: &Keys, place: u32, sectors: u32) -> Survey {
        if consists_of(bytes, 0xFF) {
            return Survey::Blank;
        }
        let word = |at: usize| {
            let mut word = [0u8; 4];
            word.iter_mut().zip(bytes.iter().skip(at)).for_each(|(to, from)| *to = *from);
            word
        };
        let number = |at: usize| u32::from_le_bytes(word(at));
        if word(0) == Self::MAGIC && word(4) != keys.name {
            return Survey::Foreign;
        }
        let mut chain = [0u8; 16];
        chain.iter_mut().zip(bytes.iter().skip(32)).for_each(|(to, from)| *to = *from);
        let header = SectorHeader {
            sector: number(8),
            stamp: Stamp(u64::from(number(24)) | u64::from(number(28)) << 32),
            tail: number(12),
            first: number(16),
            next: number(20),
            chain,
        };
        let expected = header.to_bytes(keys);
        let ours = match (bytes.last_chunk::<16>(), expected.last_chunk::<16>()) {
            (Some(found), Some(mac)) => {
                same(found, mac) && bytes.first_chunk::<48>() == expected.first_chunk()
            }
            _ => false,
        };
        let in_place = header.sector.checked_rem(sectors) == Some(place);
        if ours && in_place { Survey::Ours(header) } else { Survey::Junk }
    }
}
