//! Records that cross the gate as bytes. All numbers are little-endian.

/// Bytes of a key's attributes.
pub const ATTRIBUTES_BYTES: usize = 20;
/// Bytes of a reading.
pub const READING_BYTES: usize = 24;
/// Bytes of the record that `service_state` writes.
pub const SERVICE_RECORD_BYTES: usize = 48;

/// The attributes of a key (`psa_key_attributes_t`).
///
/// | bytes | field |
/// |---|---|
/// | 0..2 | type (`psa_key_type_t`) |
/// | 2..4 | size in bits |
/// | 4..8 | usage (`psa_key_usage_t`) |
/// | 8..12 | permitted algorithm (`psa_algorithm_t`) |
/// | 12..16 | lifetime: 0 until reset, 1 until destroyed |
/// | 16..20 | number: 1 to 0x3fffffff for a key that lasts, else 0 |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyAttributes {
    /// `psa_key_type_t`.
    pub key_type: u16,
    /// Size in bits; 0 on import and copy: the key itself says.
    pub bits: u16,
    /// `psa_key_usage_t`.
    pub usage: u32,
    /// `psa_algorithm_t`.
    pub algorithm: u32,
    /// `psa_key_lifetime_t`.
    pub lifetime: u32,
    /// `psa_key_id_t`.
    pub id: u32,
}

impl KeyAttributes {
    /// As they cross the gate.
    pub fn to_bytes(&self) -> [u8; ATTRIBUTES_BYTES] {
        let mut bytes = [0; ATTRIBUTES_BYTES];
        let kind = u32::from(self.bits) << 16 | u32::from(self.key_type);
        let words = [kind, self.usage, self.algorithm, self.lifetime, self.id];
        let all = words.iter().flat_map(|word| word.to_le_bytes());
        bytes.iter_mut().zip(all).for_each(|(to, from)| *to = from);
        bytes
    }

    /// Reads them.
    pub fn from_bytes(bytes: &[u8; ATTRIBUTES_BYTES]) -> KeyAttributes {
        let (words, _) = bytes.as_chunks::<4>();
        let word = |at: usize| words.get(at).map_or(0, |word| u32::from_le_bytes(*word));
        KeyAttributes {
            key_type: word(0) as u16,
            bits: (word(0) >> 16) as u16,
            usage: word(1),
            algorithm: word(2),
            lifetime: word(3),
            id: word(4),
        }
    }
}

/// A measured value.
///
/// | bytes | field |
/// |---|---|
/// | 0..8 | time, seconds since 1970 |
/// | 8..16 | device that measured |
/// | 16..20 | value in the unit, signed |
/// | 20..22 | unit, as IEEE 11073-10101 numbers it |
/// | 22..24 | zero |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// When, in seconds of the device's clock.
    pub time: u64,
    /// Which sensor or meter.
    pub device: u64,
    /// How much, in `unit`.
    pub value: i32,
    /// The unit.
    pub unit: u16,
}

impl Reading {
    /// As it crosses the gate.
    pub fn to_bytes(&self) -> [u8; READING_BYTES] {
        let mut bytes = [0; READING_BYTES];
        let fields: [&[u8]; 4] = [
            &self.time.to_le_bytes(),
            &self.device.to_le_bytes(),
            &self.value.to_le_bytes(),
            &self.unit.to_le_bytes(),
        ];
        let all = fields.iter().flat_map(|field| field.iter());
        bytes.iter_mut().zip(all).for_each(|(to, from)| *to = *from);
        bytes
    }

    /// Reads it; `None` when the bytes that must be zero are not.
    pub fn from_bytes(bytes: &[u8; READING_BYTES]) -> Option<Reading> {
        let number = |at: usize, size: usize| {
            let field = bytes.get(at..at + size).unwrap_or_default();
            field.iter().rev().fold(0u64, |number, byte| number << 8 | u64::from(*byte))
        };
        (number(22, 2) == 0).then(|| Reading {
            time: number(0, 8),
            device: number(8, 8),
            value: number(16, 4) as u32 as i32,
            unit: number(20, 2) as u16,
        })
    }
}

/// How the services behind the gate are doing: twelve words in the order of the fields, then zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ServiceState {
    /// Trusted storage: 0 ready, else the number of the error that keeps it from being used (0x04xx).
    pub storage: u32,
    /// What the last start found in it: 0 nothing under way, 1 an operation completed, 2 one discarded, 3 an
    /// erasure completed.
    pub recovery: u32,
    /// Number of the last error that a call found in what is stored (0x04xx), 0 for none since the start.
    pub storage_fault: u32,
    /// Records kept.
    pub records: u32,
    /// Index of the first reading kept.
    pub first_reading: u32,
    /// Index of the next reading.
    pub next_reading: u32,
    /// Families of algorithms whose known-answer test has failed, one bit each.
    pub failed_tests: u32,
    /// Families whose test has passed, one bit each.
    pub passed_tests: u32,
    /// Factory resets finished.
    pub factory_resets: u32,
    /// Number of the error that keeps attestation from working (0x05xx), 0 for none.
    pub attestation: u32,
}

/// What the number of a storage error means to whoever must act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageHealth {
    /// It works.
    Good,
    /// It cannot be used, for want of working hardware.
    Broken,
    /// What lies there is not what this device wrote last: changed, replaced, taken away or put back.
    Tampered,
}

impl StorageHealth {
    /// The stable name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            StorageHealth::Good => "good",
            StorageHealth::Broken => "broken",
            StorageHealth::Tampered => "tampered",
        }
    }

    const fn of(number: u32) -> StorageHealth {
        match number {
            0 => StorageHealth::Good,
            0x0421..=0x042F => StorageHealth::Tampered,
            _ => StorageHealth::Broken,
        }
    }
}

impl ServiceState {
    /// What trusted storage as a whole is like, or what a call has found in it since the start.
    pub const fn storage_health(&self) -> StorageHealth {
        match (StorageHealth::of(self.storage), StorageHealth::of(self.storage_fault)) {
            (StorageHealth::Good, fault) => fault,
            (down, _) => down,
        }
    }

    const WORDS: usize = 10;

    /// As it crosses the gate.
    pub fn to_bytes(&self) -> [u8; SERVICE_RECORD_BYTES] {
        let words: [u32; Self::WORDS] = [
            self.storage,
            self.recovery,
            self.storage_fault,
            self.records,
            self.first_reading,
            self.next_reading,
            self.failed_tests,
            self.passed_tests,
            self.factory_resets,
            self.attestation,
        ];
        let mut bytes = [0; SERVICE_RECORD_BYTES];
        let all = words.iter().flat_map(|word| word.to_le_bytes());
        bytes.iter_mut().zip(all).for_each(|(to, from)| *to = from);
        bytes
    }

    /// Reads it.
    pub fn from_bytes(bytes: &[u8; SERVICE_RECORD_BYTES]) -> ServiceState {
        let (words, _) = bytes.as_chunks::<4>();
        let word = |at: usize| words.get(at).map_or(0, |word| u32::from_le_bytes(*word));
        ServiceState {
            storage: word(0),
            recovery: word(1),
            storage_fault: word(2),
            records: word(3),
            first_reading: word(4),
            next_reading: word(5),
            failed_tests: word(6),
            passed_tests: word(7),
            factory_resets: word(8),
            attestation: word(9),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_as_they_were() {
        let attributes =
            KeyAttributes { key_type: 0x7112, bits: 256, usage: 1, algorithm: 2, lifetime: 1, id: 7 };
        assert_eq!(KeyAttributes::from_bytes(&attributes.to_bytes()), attributes);
        assert_eq!(attributes.to_bytes()[..4], [0x12, 0x71, 0, 1]);
        let reading = Reading { time: u64::MAX - 1, device: 3, value: -5, unit: 0x1234 };
        assert_eq!(Reading::from_bytes(&reading.to_bytes()), Some(reading));
        let mut padded = reading.to_bytes();
        padded[23] = 1;
        assert_eq!(Reading::from_bytes(&padded), None);
        let state = ServiceState { storage: 1, attestation: 10, passed_tests: 8, ..ServiceState::default() };
        assert_eq!(ServiceState::from_bytes(&state.to_bytes()), state);
    }
}
