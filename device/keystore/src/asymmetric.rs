//! Signatures and raw key agreement (PSA Crypto API §10.7, §10.9).
//!
//! SFR: cryptographic-operation.

use crate::keys::Key;
use crate::material::{Kind, public_key};
use crate::policy::is_policy;
use crate::{Attributes, Environment, Error, Family, KeyId, Keystore, Owner};
use cdd_crypto::curve::{Curve, MAX_PUBLIC};
use cdd_crypto::digest::{Hash, MAX_SIZE};
use cdd_crypto::psa::{alg, key_type, usage};
use cdd_crypto::sign::SignAlgorithm;
use cdd_crypto::{ed25519, put, x25519};
use zeroize::Zeroizing;

/// Random bytes that are mixed into a randomised signature.
const EXTRA: usize = 32;

impl<const KEYS: usize, const OPERATIONS: usize> Keystore<KEYS, OPERATIONS> {
    /// `psa_sign_message`.
    pub fn sign_message(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        key: KeyId,
        algorithm: u32,
        message: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let (scheme, key) = self.signing_key(env, owner, key, algorithm, usage::SIGN_MESSAGE)?;
        match scheme {
            SignAlgorithm::Ed25519 => {
                if out.len() < ed25519::SIGNATURE {
                    return Err(Error::BufferTooSmall);
                }
                put(&ed25519::sign(key.material.array()?, message), out)
            }
            SignAlgorithm::Ecdsa { hash, deterministic } => {
                let (digest, size) = self.digest(hash, message)?;
                let digest = digest.get(..size).unwrap_or(&[]);
                self.ecdsa(env, &key, hash, deterministic, digest, out)
            }
        }
    }

    /// `psa_sign_hash`.
    pub fn sign_hash(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        key: KeyId,
        algorithm: u32,
        digest: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let (scheme, key) = self.signing_key(env, owner, key, algorithm, usage::SIGN_HASH)?;
        match scheme {
            SignAlgorithm::Ecdsa { hash, deterministic } if digest.len() == hash.size() => {
                self.ecdsa(env, &key, hash, deterministic, digest, out)
            }
            // Ed25519 signs no hashes; or this is not a hash of that kind.
            SignAlgorithm::Ecdsa { .. } | SignAlgorithm::Ed25519 => Err(Error::InvalidArgument),
        }
    }

    /// `psa_verify_message`, with a public key or a key pair.
    pub fn verify_message(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        key: KeyId,
        algorithm: u32,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        let (scheme, key) = self.signing_key(env, owner, key, algorithm, usage::VERIFY_MESSAGE)?;
        match scheme {
            SignAlgorithm::Ed25519 => {
                let mut public = [0; ed25519::KEY];
                public_key(key.kind()?, &key.material, &mut public)?;
                ed25519::verify(&public, message, signature)
            }
            SignAlgorithm::Ecdsa { hash, .. } => {
                let (digest, size) = self.digest(hash, message)?;
                ecdsa_verify(&key, digest.get(..size).unwrap_or(&[]), signature)
            }
        }
    }

    /// `psa_verify_hash`, with a public key or a key pair.
    pub fn verify_hash(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        key: KeyId,
        algorithm: u32,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        let (scheme, key) = self.signing_key(env, owner, key, algorithm, usage::VERIFY_HASH)?;
        match scheme {
            SignAlgorithm::Ecdsa { hash, .. } if digest.len() == hash.size() => {
                ecdsa_verify(&key, digest, signature)
            }
            SignAlgorithm::Ecdsa { .. } | SignAlgorithm::Ed25519 => Err(Error::InvalidArgument),
        }
    }

    /// `psa_raw_key_agreement`: the shared secret as it is; better derived from than used.
    pub fn raw_key_agreement(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        key: KeyId,
        algorithm: u32,
        peer: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        only_agreement(algorithm)?;
        let secret = self.shared_secret(env, owner, key, algorithm, peer)?;
        put(&*secret, out)
    }

    /// `psa_key_agreement` (1.2): the shared secret becomes a key for derivation, and is not seen.
    pub fn key_agreement(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        key: KeyId,
        algorithm: u32,
        peer: &[u8],
        attributes: &Attributes,
    ) -> Result<KeyId, Error> {
        only_agreement(algorithm)?;
        if !matches!(attributes.key_type, key_type::DERIVE | key_type::HMAC | key_type::RAW_DATA) {
            return Err(Error::InvalidArgument);
        }
        let secret = self.shared_secret(env, owner, key, algorithm, peer)?;
        self.import(env, owner, attributes, &*secret)
    }

    /// Diffie-Hellman on P-256 or X25519.
    pub(crate) fn shared_secret(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        key: KeyId,
        algorithm: u32,
        peer: &[u8],
    ) -> Result<Zeroizing<[u8; 32]>, Error> {
        let key = self.find_for(env, owner, key, usage::DERIVE, algorithm)?;
        match key.kind()? {
            Kind::Curve { curve: curve @ Curve::P256, public: false } => {
                self.tests.require(Family::P256)?;
                let mut secret = Zeroizing::new([0; 32]);
                curve.agree(key.material.bytes(), peer, &mut *secret)?;
                Ok(secret)
            }
            Kind::X25519 { public: false } => {
                self.tests.require(Family::X25519)?;
                let peer = peer.try_into().map_err(|_| Error::InvalidArgument)?;
                x25519::agree(key.material.array()?, peer)
            }
            Kind::Curve { curve: Curve::P384, public: false } => Err(Error::NotSupported),
            _ => Err(Error::InvalidArgument),
        }
    }

    /// The key for a signature algorithm, which it fits; a key pair if it shall sign.
    fn signing_key(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        key: KeyId,
        algorithm: u32,
        usage: u32,
    ) -> Result<(SignAlgorithm, Key), Error> {
        let scheme = SignAlgorithm::from_psa(algorithm).ok_or(Error::NotSupported)?;
        let key = self.find_for(env, owner, key, usage, algorithm)?;
        let signs = usage & (usage::SIGN_MESSAGE | usage::SIGN_HASH) != 0;
        let kind = key.kind()?;
        let (fits, public) = match (scheme, kind) {
            (SignAlgorithm::Ecdsa { .. }, Kind::Curve { public, .. }) => (true, public),
            (SignAlgorithm::Ed25519, Kind::Ed25519 { public }) => (true, public),
            _ => (false, false),
        };
        if !fits || signs && public {
            return Err(Error::InvalidArgument);
        }
        self.tests.require(kind.family().ok_or(Error::InvalidArgument)?)?;
        Ok((scheme, key))
    }

    fn ecdsa(
        &mut self,
        env: &mut impl Environment,
        key: &Key,
        hash: Hash,
        deterministic: bool,
        digest: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let Kind::Curve { curve, public: false } = key.kind()? else { return Err(Error::InvalidArgument) };
        let mut extra = Zeroizing::new([0; EXTRA]);
        let extra: &[u8] = if deterministic {
            &[]
        } else {
            env.fill(&mut *extra)?;
            &*extra
        };
        curve.sign(hash, key.material.bytes(), digest, extra, out)
    }

    fn digest(&mut self, hash: Hash, message: &[u8]) -> Result<([u8; MAX_SIZE], usize), Error> {
        self.tests.require(Family::Hash)?;
        let mut digest = [0; MAX_SIZE];
        let size = hash.digest(message, &mut digest);
        Ok((digest, size))
    }
}

/// An agreement alone, with nothing behind it.
fn only_agreement(algorithm: u32) -> Result<(), Error> {
    match algorithm {
        alg::ECDH => Ok(()),
        known if is_policy(known) => Err(Error::InvalidArgument),
        _ => Err(Error::NotSupported),
    }
}

fn ecdsa_verify(key: &Key, digest: &[u8], signature: &[u8]) -> Result<(), Error> {
    let kind = key.kind()?;
    let Kind::Curve { curve, .. } = kind else { return Err(Error::InvalidArgument) };
    let mut public = [0; MAX_PUBLIC];
    let size = public_key(kind, &key.material, &mut public)?;
    curve.verify(public.get(..size).unwrap_or(&[]), digest, signature)
}
