//! The numbers of the PSA Certified Crypto API 1.2, as a caller of the gate needs them, and the attributes of keys.

use super::{Probe, calls};
use crate::model::{Failure, Outcome};

/// `psa_algorithm_t`.
pub(crate) mod alg {
    pub(crate) const MD5: u32 = 0x0200_0003;
    pub(crate) const SHA_1: u32 = 0x0200_0005;
    pub(crate) const SHA_224: u32 = 0x0200_0008;
    pub(crate) const SHA_256: u32 = 0x0200_0009;
    pub(crate) const SHA_384: u32 = 0x0200_000A;
    pub(crate) const SHA_512: u32 = 0x0200_000B;
    /// Stands for any hash, in a policy.
    pub(crate) const ANY_HASH: u32 = 0x0200_00FF;
    pub(crate) const CMAC: u32 = 0x03C0_0200;
    pub(crate) const CTR: u32 = 0x04C0_1000;
    pub(crate) const CBC_NO_PADDING: u32 = 0x0440_4000;
    pub(crate) const CBC_PKCS7: u32 = 0x0440_4100;
    pub(crate) const ECB_NO_PADDING: u32 = 0x0440_4400;
    pub(crate) const STREAM_CIPHER: u32 = 0x0480_0100;
    pub(crate) const CCM: u32 = 0x0550_0100;
    pub(crate) const GCM: u32 = 0x0550_0200;
    pub(crate) const CHACHA20_POLY1305: u32 = 0x0510_0500;
    pub(crate) const PURE_EDDSA: u32 = 0x0600_0800;
    pub(crate) const ECDH: u32 = 0x0902_0000;
    pub(crate) const FFDH: u32 = 0x0901_0000;
    pub(crate) const RSA_PKCS1V15_SIGN_SHA_256: u32 = 0x0600_0209;

    /// `PSA_ALG_HMAC`.
    pub(crate) const fn hmac(hash: u32) -> u32 {
        0x0380_0000 | hash & 0xFF
    }

    /// `PSA_ALG_HKDF`.
    pub(crate) const fn hkdf(hash: u32) -> u32 {
        0x0800_0100 | hash & 0xFF
    }

    /// `PSA_ALG_ECDSA`.
    pub(crate) const fn ecdsa(hash: u32) -> u32 {
        0x0600_0600 | hash & 0xFF
    }

    /// `PSA_ALG_DETERMINISTIC_ECDSA`.
    pub(crate) const fn deterministic_ecdsa(hash: u32) -> u32 {
        0x0600_0700 | hash & 0xFF
    }

    /// `PSA_ALG_TRUNCATED_MAC` and `PSA_ALG_AEAD_WITH_SHORTENED_TAG`.
    pub(crate) const fn shortened(algorithm: u32, bytes: u32) -> u32 {
        algorithm & !0x003F_8000 | (bytes << 16) & 0x003F_0000
    }

    /// `PSA_ALG_AT_LEAST_THIS_LENGTH_MAC` and the like for AEAD: a policy.
    pub(crate) const fn at_least(algorithm: u32, bytes: u32) -> u32 {
        shortened(algorithm, bytes) | 0x8000
    }

    /// `PSA_ALG_KEY_AGREEMENT`: an agreement, then a derivation.
    pub(crate) const fn agreement(agreement: u32, derivation: u32) -> u32 {
        agreement | derivation
    }
}

/// `psa_key_type_t`.
pub(crate) mod kind {
    pub(crate) const RAW_DATA: u16 = 0x1001;
    pub(crate) const HMAC: u16 = 0x1100;
    pub(crate) const DERIVE: u16 = 0x1200;
    pub(crate) const AES: u16 = 0x2400;
    pub(crate) const DES: u16 = 0x2301;
    pub(crate) const ARC4: u16 = 0x2002;
    pub(crate) const CHACHA20: u16 = 0x2004;
    pub(crate) const RSA_KEY_PAIR: u16 = 0x7001;
    pub(crate) const RSA_PUBLIC_KEY: u16 = 0x4001;
    pub(crate) const SECP_R1: u16 = 0x7112;
    pub(crate) const SECP_R1_PUBLIC: u16 = 0x4112;
    pub(crate) const MONTGOMERY: u16 = 0x7141;
    pub(crate) const TWISTED_EDWARDS: u16 = 0x7142;
    pub(crate) const TWISTED_EDWARDS_PUBLIC: u16 = 0x4142;
    pub(crate) const DH_RFC7919: u16 = 0x7203;
}

/// `psa_key_usage_t`.
pub(crate) mod usage {
    pub(crate) const EXPORT: u32 = 0x0001;
    pub(crate) const COPY: u32 = 0x0002;
    pub(crate) const ENCRYPT: u32 = 0x0100;
    pub(crate) const DECRYPT: u32 = 0x0200;
    pub(crate) const SIGN_MESSAGE: u32 = 0x0400;
    pub(crate) const VERIFY_MESSAGE: u32 = 0x0800;
    pub(crate) const SIGN_HASH: u32 = 0x1000;
    pub(crate) const VERIFY_HASH: u32 = 0x2000;
    pub(crate) const DERIVE: u32 = 0x4000;
    /// Encrypt and decrypt.
    pub(crate) const CRYPT: u32 = ENCRYPT | DECRYPT;
    /// Sign and verify messages, or compute and verify MACs.
    pub(crate) const SIGN: u32 = SIGN_MESSAGE | VERIFY_MESSAGE;
    /// Sign and verify hashes, and so messages.
    pub(crate) const SIGN_BOTH: u32 = SIGN_HASH | VERIFY_HASH | SIGN;
    /// All.
    pub(crate) const ALL: u32 = EXPORT | COPY | CRYPT | SIGN_BOTH | DERIVE;
}

/// `psa_key_attributes_t`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Attributes {
    pub key_type: u16,
    /// 0 on import: the key itself says.
    pub bits: u16,
    pub usage: u32,
    pub algorithm: u32,
    /// 0 until reset, 1 until destroyed.
    pub lifetime: u32,
    /// Its number, if it lasts.
    pub id: u32,
}

impl Attributes {
    /// Of a volatile key.
    pub(crate) const fn new(key_type: u16, usage: u32, algorithm: u32) -> Attributes {
        Attributes { key_type, bits: 0, usage, algorithm, lifetime: 0, id: 0 }
    }

    /// The same with a size.
    pub(crate) const fn sized(self, bits: u16) -> Attributes {
        Attributes { bits, ..self }
    }

    /// The same for a key that lasts, under this number.
    pub(crate) const fn lasting(self, id: u32) -> Attributes {
        Attributes { lifetime: 1, id, ..self }
    }

    /// As they cross the gate: 20 bytes.
    pub(crate) fn to_bytes(self) -> [u8; 20] {
        let words = [
            u32::from(self.bits) << 16 | u32::from(self.key_type),
            self.usage,
            self.algorithm,
            self.lifetime,
            self.id,
        ];
        let mut bytes = [0; 20];
        bytes.chunks_mut(4).zip(words).for_each(|(to, word)| to.copy_from_slice(&word.to_le_bytes()));
        bytes
    }

    /// From the 20 bytes that the gate gives.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Attributes> {
        let (words, rest) = bytes.as_chunks::<4>();
        let words: Vec<u32> = words.iter().map(|word| u32::from_le_bytes(*word)).collect();
        let [kind, usage, algorithm, lifetime, id] = words[..] else { return None };
        let (key_type, bits) = (kind as u16, (kind >> 16) as u16);
        rest.is_empty().then_some(Attributes { key_type, bits, usage, algorithm, lifetime, id })
    }
}

impl Probe {
    /// Imports a key; its number.
    pub(crate) fn import(&mut self, attributes: Attributes, key: &[u8]) -> Outcome<u32> {
        self.numbered(&calls::import_key(&attributes.to_bytes(), key))
    }

    /// Makes a key; its number.
    pub(crate) fn generate(&mut self, attributes: Attributes) -> Outcome<u32> {
        self.numbered(&calls::generate_key(&attributes.to_bytes()))
    }

    /// The attributes of a key.
    pub(crate) fn attributes(&mut self, key: u32) -> Outcome<Attributes> {
        let record = self.done(&calls::get_key_attributes(key))?;
        Attributes::from_bytes(&record).ok_or_else(|| {
            Failure::Refuted(format!("the attributes of key {key:#x} are {} bytes", record.len()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_come_back_from_their_bytes() {
        let attributes = Attributes::new(kind::AES, usage::CRYPT, alg::GCM).sized(256).lasting(7);
        assert_eq!(Attributes::from_bytes(&attributes.to_bytes()), Some(attributes));
        assert_eq!(attributes.to_bytes()[..4], [0x00, 0x24, 0x00, 0x01]);
        assert_eq!(Attributes::from_bytes(&[0; 19]), None);
        assert_eq!(Attributes::from_bytes(&[0; 24]), None);
    }

    #[test]
    fn composed_algorithms_have_the_numbers_of_the_specification() {
        assert_eq!(alg::hmac(alg::SHA_256), 0x0380_0009);
        assert_eq!(alg::shortened(alg::hmac(alg::SHA_256), 8), 0x0388_0009);
        assert_eq!(alg::shortened(alg::CCM, 4), 0x0544_0100);
        assert_eq!(alg::at_least(alg::GCM, 12), 0x054C_8200);
        assert_eq!(alg::agreement(alg::ECDH, alg::hkdf(alg::SHA_256)), 0x0902_0109 | 0x0800_0000);
    }
}
