//! Operations in one call: each family's first use, with its self-test, and then what it costs.

use crate::psa::{self, kind};
use crate::{Bench, LONG, Lent, Marks, SHORT};
use cdd_client::{Entry, Status, algorithm};

/// Names of one operation: its first use, on a short message, on a long one.
struct Names {
    first: Option<&'static str>,
    short: &'static str,
    long: &'static str,
}

macro_rules! names {
    ($name:literal) => {
        Names { first: None, short: concat!($name, "-64"), long: concat!($name, "-4096") }
    };
    ($name:literal, first) => {
        Names { first: Some(concat!($name, "-first")), ..names!($name) }
    };
}

impl<E: Entry, M: Marks> Bench<E, M> {
    pub(crate) fn one_call(&mut self) -> Result<(), Status> {
        self.hashes()?;
        self.symmetric()?;
        self.signatures()?;
        self.agreements()?;
        self.derivation()
    }

    /// An operation on messages of both lengths.
    fn sizes(
        &mut self,
        names: Names,
        work: impl Fn(Lent<'_, E>, usize) -> Result<usize, Status>,
    ) -> Result<(), Status> {
        if let Some(first) = names.first {
            self.count(first, |l| work(l, SHORT))?;
        }
        self.count(names.short, |l| work(l, SHORT))?;
        self.count(names.long, |l| work(l, LONG))?;
        Ok(())
    }

    fn hashes(&mut self) -> Result<(), Status> {
        for (names, algorithm) in [
            (names!("digest", first), algorithm::SHA_256),
            (names!("sha-384"), algorithm::SHA_384),
            (names!("sha-512"), algorithm::SHA_512),
        ] {
            self.sizes(names, |l, bytes| {
                l.platform.digest(algorithm, &l.message[..bytes], &mut l.out[..64])
            })?;
        }
        let hash = self.sha_256(SHORT)?;
        self.pass(|l| l.platform.hash_compare(algorithm::SHA_256, &l.message[..SHORT], &hash))?;
        Ok(())
    }

    /// The hash of the message's first bytes, not counted.
    fn sha_256(&mut self, bytes: usize) -> Result<[u8; 32], Status> {
        let mut hash = [0; 32];
        self.platform.digest(algorithm::SHA_256, &self.message[..bytes], &mut hash)?;
        Ok(hash)
    }

    /// A key of so many bytes, not counted.
    fn key(&mut self, key_type: u16, bytes: usize, algorithm: u32) -> Result<u32, Status> {
        self.platform.import(&psa::volatile(key_type, 0, algorithm), &self.message[1..=bytes])
    }

    fn symmetric(&mut self) -> Result<(), Status> {
        for (names, key_type, algorithm) in [
            (names!("hmac-sha-256", first), kind::HMAC, psa::HMAC_SHA_256),
            (names!("cmac-aes-128", first), kind::AES, psa::CMAC),
        ] {
            let bytes = if key_type == kind::AES { 16 } else { 32 };
            let key = self.key(key_type, bytes, algorithm)?;
            self.sizes(names, |l, bytes| {
                l.platform.mac_compute(key, algorithm, &l.message[..bytes], &mut l.out[..32])
            })?;
            let mac = self.mac(key, algorithm)?;
            self.pass(|l| l.platform.mac_verify(key, algorithm, &l.message[..SHORT], &mac.0[..mac.1]))?;
            self.platform.destroy_key(key)?;
        }
        for (names, bytes, algorithm) in [
            (names!("aes-128-ctr", first), 16, psa::CTR),
            (names!("aes-256-ctr"), 32, psa::CTR),
            (names!("aes-128-cbc"), 16, psa::CBC_NO_PADDING),
            (names!("aes-256-cbc"), 32, psa::CBC_NO_PADDING),
        ] {
            let key = self.key(kind::AES, bytes, algorithm)?;
            self.sizes(names, |l, bytes| {
                l.platform.cipher_encrypt(key, algorithm, &l.message[..bytes], &mut l.out[..bytes + 16])
            })?;
            self.pass(|l| {
                l.platform.cipher_decrypt(key, algorithm, &l.message[..SHORT + 16], &mut l.out[..SHORT])
            })?;
            self.platform.destroy_key(key)?;
        }
        for (names, key_type, bytes, algorithm) in [
            (names!("aes-128-ccm", first), kind::AES, 16, psa::CCM),
            (names!("aes-256-ccm"), kind::AES, 32, psa::CCM),
            (names!("aes-128-gcm", first), kind::AES, 16, psa::GCM),
            (names!("aes-256-gcm"), kind::AES, 32, psa::GCM),
            (names!("chacha20-poly1305", first), kind::CHACHA20, 32, psa::CHACHA20_POLY1305),
        ] {
            let key = self.key(key_type, bytes, algorithm)?;
            self.sizes(names, |l, bytes| {
                let nonce = &l.message[..12];
                let out = &mut l.out[..bytes + 16];
                l.platform.aead_encrypt(key, algorithm, nonce, &[], &l.message[..bytes], out)
            })?;
            self.open(key, algorithm)?;
            self.platform.destroy_key(key)?;
        }
        Ok(())
    }

    fn mac(&mut self, key: u32, algorithm: u32) -> Result<([u8; 32], usize), Status> {
        let mut mac = [0; 32];
        let size = self.platform.mac_compute(key, algorithm, &self.message[..SHORT], &mut mac)?;
        Ok((mac, size))
    }

    fn open(&mut self, key: u32, algorithm: u32) -> Result<(), Status> {
        let mut sealed = [0; SHORT + 16];
        let nonce = &self.message[..12];
        self.platform.aead_encrypt(key, algorithm, nonce, &[], &self.message[..SHORT], &mut sealed)?;
        self.pass(|l| {
            let nonce = &l.message[..12];
            l.platform.aead_decrypt(key, algorithm, nonce, &[], &sealed, &mut l.out[..SHORT])
        })?;
        Ok(())
    }

    fn signatures(&mut self) -> Result<(), Status> {
        self.ecdsa(
            ["p256-import-first", "p256-import", "p256-public", "p256-sign", "p256-verify"],
            32,
            psa::DETERMINISTIC_ECDSA_SHA_256,
        )?;
        self.ecdsa(
            ["p384-import-first", "p384-import", "p384-public", "p384-sign", "p384-verify"],
            48,
            psa::DETERMINISTIC_ECDSA_SHA_384,
        )?;
        let generated = psa::volatile(kind::SECP_R1, 256, psa::DETERMINISTIC_ECDSA_SHA_256);
        let key = self.count("p256-generate", |l| l.platform.generate(&generated))?;
        self.platform.destroy_key(key)?;
        self.ed25519()
    }

    /// Pair, its public half as a key of its own, a signature of a hash, its verification.
    fn ecdsa(&mut self, names: [&'static str; 5], bytes: usize, algorithm: u32) -> Result<(), Status> {
        let [first, import, public, sign, verify] = names;
        let pair = psa::volatile(kind::SECP_R1, 0, algorithm);
        let key = self.count(first, |l| l.platform.import(&pair, &l.message[1..=bytes]))?;
        self.platform.destroy_key(key)?;
        let key = self.count(import, |l| l.platform.import(&pair, &l.message[1..=bytes]))?;
        let mut point = [0; 97];
        let size = self.count(public, |l| l.platform.export_public_key(key, &mut point))?;
        let public = psa::volatile(kind::public(kind::SECP_R1), 0, algorithm);
        let peer = self.pass(|l| l.platform.import(&public, &point[..size]))?;
        let mut signature = [0; 96];
        let size =
            self.count(sign, |l| l.platform.sign_hash(key, algorithm, &l.message[..bytes], &mut signature))?;
        let signature = &signature[..size];
        self.count(verify, |l| l.platform.verify_hash(peer, algorithm, &l.message[..bytes], signature))?;
        self.platform.destroy_key(key)?;
        self.platform.destroy_key(peer)?;
        Ok(())
    }

    fn ed25519(&mut self) -> Result<(), Status> {
        let pair = psa::volatile(kind::TWISTED_EDWARDS, 0, psa::PURE_EDDSA);
        let key = self.count("ed25519-import-first", |l| l.platform.import(&pair, &l.message[1..=32]))?;
        let mut point = [0; 32];
        self.count("ed25519-public", |l| l.platform.export_public_key(key, &mut point))?;
        let public = psa::volatile(kind::public(kind::TWISTED_EDWARDS), 0, psa::PURE_EDDSA);
        let peer = self.pass(|l| l.platform.import(&public, &point))?;
        let mut signature = [0; 64];
        self.count("ed25519-sign", |l| {
            l.platform.sign_message(key, psa::PURE_EDDSA, &l.message[..SHORT], &mut signature)
        })?;
        self.count("ed25519-verify", |l| {
            l.platform.verify_message(peer, psa::PURE_EDDSA, &l.message[..SHORT], &signature)
        })?;
        self.platform.destroy_key(key)?;
        self.platform.destroy_key(peer)?;
        Ok(())
    }

    fn agreements(&mut self) -> Result<(), Status> {
        let mut point = [0; 65];
        let key = self.key(kind::SECP_R1, 32, psa::ECDH)?;
        let size = self.platform.export_public_key(key, &mut point)?;
        let point = &point[..size];
        self.count("ecdh-p256", |l| l.platform.raw_key_agreement(psa::ECDH, key, point, &mut l.out[..32]))?;
        let derive = psa::volatile(kind::DERIVE, 0, psa::HKDF_SHA_256).to_bytes();
        self.pass(|l| l.platform.key_agreement(psa::ECDH, key, point, &derive, &mut l.out[..4]))?;
        self.platform.destroy_key(key)?;

        let mut point = [0; 32];
        let pair = psa::volatile(kind::MONTGOMERY, 0, psa::ECDH);
        let key = self.count("x25519-import-first", |l| l.platform.import(&pair, &l.message[1..=32]))?;
        self.count("x25519-public", |l| l.platform.export_public_key(key, &mut point))?;
        self.count("x25519", |l| l.platform.raw_key_agreement(psa::ECDH, key, &point, &mut l.out[..32]))?;
        self.platform.destroy_key(key)?;
        Ok(())
    }

    fn derivation(&mut self) -> Result<(), Status> {
        let key = self.key(kind::DERIVE, 32, psa::HKDF_SHA_256)?;
        for name in ["hkdf-64-first", "hkdf-64"] {
            self.count(name, |l| {
                let (salt, info) = (&l.message[..32], &l.message[..32]);
                l.platform.derive_bytes(key, psa::HKDF_SHA_256, salt, info, &[], &mut l.out[..64])
            })?;
        }
        let wanted = psa::volatile(kind::AES, 128, psa::CCM).to_bytes();
        self.pass(|l| {
            let (salt, info) = (&l.message[..32], &l.message[..32]);
            l.platform.derive_key(key, psa::HKDF_SHA_256, salt, info, &wanted, &mut l.out[..4])
        })?;
        self.platform.destroy_key(key)?;
        Ok(())
    }
}
