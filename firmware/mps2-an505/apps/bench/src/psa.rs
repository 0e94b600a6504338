//! The numbers of the PSA Crypto API that are asked for, and keys with their attributes.

use cdd_client::KeyAttributes;

pub(crate) const HMAC_SHA_256: u32 = 0x0380_0009;
pub(crate) const CMAC: u32 = 0x03c0_0200;
pub(crate) const CTR: u32 = 0x04c0_1000;
pub(crate) const CBC_NO_PADDING: u32 = 0x0440_4000;
pub(crate) const CCM: u32 = 0x0550_0100;
pub(crate) const GCM: u32 = 0x0550_0200;
pub(crate) const CHACHA20_POLY1305: u32 = 0x0510_0500;
pub(crate) const HKDF_SHA_256: u32 = 0x0800_0109;
pub(crate) const DETERMINISTIC_ECDSA_SHA_256: u32 = 0x0600_0709;
pub(crate) const DETERMINISTIC_ECDSA_SHA_384: u32 = 0x0600_070a;
pub(crate) const PURE_EDDSA: u32 = 0x0600_0800;
pub(crate) const ECDH: u32 = 0x0902_0000;

/// `psa_key_type_t`.
pub(crate) mod kind {
    pub(crate) const HMAC: u16 = 0x1100;
    pub(crate) const DERIVE: u16 = 0x1200;
    pub(crate) const AES: u16 = 0x2400;
    pub(crate) const CHACHA20: u16 = 0x2004;
    pub(crate) const SECP_R1: u16 = 0x7112;
    pub(crate) const MONTGOMERY: u16 = 0x7141;
    pub(crate) const TWISTED_EDWARDS: u16 = 0x7142;

    /// The type of the public half of a key pair.
    pub(crate) const fn public(pair: u16) -> u16 {
        pair & !0x3000
    }
}

/// `psa_key_usage_t`: all but signing and verifying of hashes by keys that cannot.
const USAGE: u32 = 0x7F03;

/// A key that lasts until reset and may do anything with one algorithm.
pub(crate) const fn volatile(key_type: u16, bits: u16, algorithm: u32) -> KeyAttributes {
    KeyAttributes { key_type, bits, usage: USAGE, algorithm, lifetime: 0, id: 0 }
}

/// A key that lasts until it is destroyed.
pub(crate) const fn persistent(key_type: u16, bits: u16, algorithm: u32, id: u32) -> KeyAttributes {
    KeyAttributes { key_type, bits, usage: USAGE, algorithm, lifetime: 1, id }
}
