//! What a storage operation answers when it does not do what was asked.

/// Why an operation was not done. Each has a stable number, 0x04xx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// There is no such record, or no reading of this index yet.
    DoesNotExist,
    /// The record is write-once.
    WriteOnce,
    /// No room for another record, reading or byte.
    InsufficientStorage,
    /// Longer than [`MAX_RECORD`](crate::MAX_RECORD), an offset behind the end, or a uid of 0.
    InvalidArgument,
    /// A flag that this storage does not know.
    NotSupported,
    /// The reading was trimmed away; the log starts at `first`.
    ReadingTrimmed {
        /// Index of the first reading that is kept.
        first: u32,
    },

    /// The flash refused an access or lost power.
    Flash,
    /// The counter refused an access or lost power.
    Counter,
    /// An earlier operation broke off; mount again before anything else.
    NeedsMount,
    /// The flash has too few or unsuitable sectors or words.
    Geometry,
    /// The counter is at its end.
    CounterExhausted,
    /// The flash holds more records or readings than this build has index entries for.
    IndexTooSmall,

    /// The cipher failed its self-test: whoever owns the storage must not use it.
    SelfTest,

    /// Never formatted: the counter is 0.
    NotFormatted,
    /// Sealed by another device, or under another secret.
    Foreign,
    /// Older than the counter: an older copy of the flash, or its newest records are gone.
    Rollback {
        /// Number of the last operation that the flash holds.
        found: u64,
        /// Number of the last operation that was committed.
        expected: u64,
    },
    /// Newer than the counter: an operation that was discarded has come back, or the counter was exchanged.
    Ahead {
        /// Number of the last operation that the flash holds.
        found: u64,
        /// Number of the last operation that was committed.
        expected: u64,
    },
    /// What lies there is not what was written there.
    Corrupt {
        /// Byte offset in the flash of the entry or sector that does not verify.
        at: u32,
    },
    /// A sector of the log is not there.
    SectorMissing {
        /// Byte offset in the flash where it should be.
        at: u32,
    },
    /// The content of a record does not verify.
    Tampered {
        /// Owner of the record.
        owner: u32,
        /// Identifier of the record.
        uid: u64,
    },
    /// A reading that was appended is not in the log.
    ReadingGap {
        /// Its index.
        index: u32,
    },
    /// The content of a reading does not verify.
    ReadingTampered {
        /// Its index.
        index: u32,
    },
}

impl Error {
    /// Its stable number.
    pub const fn code(self) -> u16 {
        match self {
            Error::DoesNotExist => 0x0401,
            Error::WriteOnce => 0x0402,
            Error::InsufficientStorage => 0x0403,
            Error::InvalidArgument => 0x0404,
            Error::NotSupported => 0x0405,
            Error::ReadingTrimmed { .. } => 0x0406,
            Error::Flash => 0x0410,
            Error::Counter => 0x0411,
            Error::NeedsMount => 0x0412,
            Error::Geometry => 0x0413,
            Error::CounterExhausted => 0x0414,
            Error::IndexTooSmall => 0x0415,
            Error::SelfTest => 0x0416,
            Error::NotFormatted => 0x0420,
            Error::Foreign => 0x0421,
            Error::Rollback { .. } => 0x0422,
            Error::Ahead { .. } => 0x0423,
            Error::Corrupt { .. } => 0x0424,
            Error::SectorMissing { .. } => 0x0425,
            Error::Tampered { .. } => 0x0426,
            Error::ReadingGap { .. } => 0x0427,
            Error::ReadingTampered { .. } => 0x0428,
        }
    }

    /// The stable name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Error::DoesNotExist => "does-not-exist",
            Error::WriteOnce => "write-once",
            Error::InsufficientStorage => "insufficient-storage",
            Error::InvalidArgument => "invalid-argument",
            Error::NotSupported => "not-supported",
            Error::ReadingTrimmed { .. } => "reading-trimmed",
            Error::Flash => "flash",
            Error::Counter => "counter",
            Error::NeedsMount => "needs-mount",
            Error::Geometry => "geometry",
            Error::CounterExhausted => "counter-exhausted",
            Error::IndexTooSmall => "index-too-small",
            Error::SelfTest => "self-test",
            Error::NotFormatted => "not-formatted",
            Error::Foreign => "foreign",
            Error::Rollback { .. } => "rollback",
            Error::Ahead { .. } => "ahead",
            Error::Corrupt { .. } => "corrupt",
            Error::SectorMissing { .. } => "sector-missing",
            Error::Tampered { .. } => "tampered",
            Error::ReadingGap { .. } => "reading-gap",
            Error::ReadingTampered { .. } => "reading-tampered",
        }
    }

    /// The `psa_status_t` that the PSA Certified Secure Storage API has for it.
    pub const fn psa_status(self) -> i32 {
        match self {
            Error::WriteOnce => -133,
            Error::NotSupported => -134,
            Error::InvalidArgument => -135,
            Error::NeedsMount => -137,
            Error::DoesNotExist | Error::ReadingTrimmed { .. } | Error::NotFormatted => -140,
            Error::InsufficientStorage | Error::IndexTooSmall => -142,
            Error::Flash | Error::Counter | Error::CounterExhausted | Error::Geometry => -146,
            Error::SelfTest => -151,
            Error::Corrupt { .. } | Error::SectorMissing { .. } => -152,
            Error::Foreign
            | Error::Rollback { .. }
            | Error::Ahead { .. }
            | Error::Tampered { .. }
            | Error::ReadingGap { .. }
            | Error::ReadingTampered { .. } => -149,
        }
    }

    /// Whether it says that the content of the flash is not what this device wrote last.
    pub const fn is_verification_failure(self) -> bool {
        self.code() >= 0x0421
    }
}
