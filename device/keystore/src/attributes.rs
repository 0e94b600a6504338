//! What a key is and what it may be used for.
//!
//! SFR: cryptographic-keystore.

use crate::{Error, policy};

/// Lives until destroyed or reset.
pub const LIFETIME_VOLATILE: u32 = 0;
/// Lives in the storage until destroyed.
pub const LIFETIME_PERSISTENT: u32 = 1;
/// Largest number that an owner may choose for a key (`PSA_KEY_ID_USER_MAX`).
pub const MAX_USER_ID: u32 = 0x3fff_ffff;

/// The attributes of a key (`psa_key_attributes_t`). Its owner is not among them: a caller cannot set that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attributes {
    /// `psa_key_type_t`.
    pub key_type: u16,
    /// Size in bits; zero on import and copy if the key itself shall say.
    pub bits: u16,
    /// `psa_key_usage_t`.
    pub usage: u32,
    /// The permitted algorithm, `psa_algorithm_t`; may be a wildcard.
    pub algorithm: u32,
    /// [`LIFETIME_VOLATILE`] or [`LIFETIME_PERSISTENT`].
    pub lifetime: u32,
    /// Number of a persistent key, chosen by its owner; zero in a request for a volatile one.
    pub id: u32,
}

impl Attributes {
    /// Size of the encoding in bytes.
    pub const SIZE: usize = 20;

    /// Whether the key outlives a reset.
    pub const fn is_persistent(&self) -> bool {
        self.lifetime == LIFETIME_PERSISTENT
    }

    /// Checks what does not depend on the key itself, and adds the usages that another includes.
    pub(crate) fn checked(mut self) -> Result<Attributes, Error> {
        match (self.lifetime, self.id) {
            (LIFETIME_VOLATILE, 0) | (LIFETIME_PERSISTENT, 1..=MAX_USER_ID) => {}
            (LIFETIME_VOLATILE | LIFETIME_PERSISTENT, _) => return Err(Error::InvalidArgument),
            _ => return Err(Error::NotSupported),
        }
        self.usage = policy::with_implied(self.usage).ok_or(Error::InvalidArgument)?;
        if policy::is_policy(self.algorithm) { Ok(self) } else { Err(Error::NotSupported) }
    }

    /// The encoding, all numbers big-endian: key type and size in bits of two bytes each; usage, algorithm, lifetime
    /// and number of four.
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        let kind = u32::from(self.key_type) << 16 | u32::from(self.bits);
        let words = [kind, self.usage, self.algorithm, self.lifetime, self.id];
        let words = words.iter().flat_map(|word| word.to_be_bytes());
        bytes.iter_mut().zip(words).for_each(|(to, from)| *to = from);
        bytes
    }

    /// From the encoding of [`Attributes::to_bytes`]. Nothing is checked here: who makes a key does that.
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Attributes {
        let (words, _) = bytes.as_chunks::<4>();
        let word = |n: usize| words.get(n).map_or(0, |word| u32::from_be_bytes(*word));
        Attributes {
            key_type: (word(0) >> 16) as u16,
            bits: word(0) as u16,
            usage: word(1),
            algorithm: word(2),
            lifetime: word(3),
            id: word(4),
        }
    }
}
