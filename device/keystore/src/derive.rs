//! Key derivation (PSA Crypto API §10.6), as one call.
//!
//! SFR: cryptographic-operation, cryptographic-key-generation.

use crate::keys::Key;
use crate::material::{Kind, Material};
use crate::policy::derivation_of_agreement;
use crate::{Attributes, Environment, Error, Family, KeyId, Keystore, Owner};
use cdd_crypto::kdf;
use cdd_crypto::psa::usage;

/// How to derive: what C callers put into a `psa_key_derivation_operation_t` step by step.
#[derive(Debug, Clone, Copy)]
pub struct Derivation<'a> {
    /// HKDF, or `PSA_ALG_KEY_AGREEMENT` of ECDH and HKDF.
    pub algorithm: u32,
    /// `PSA_KEY_DERIVATION_INPUT_SALT`; may be empty.
    pub salt: &'a [u8],
    /// `PSA_KEY_DERIVATION_INPUT_INFO`.
    pub info: &'a [u8],
    /// The peer's public key, for an agreement; else empty.
    pub peer: &'a [u8],
}

impl<const KEYS: usize, const OPERATIONS: usize> Keystore<KEYS, OPERATIONS> {
    /// `psa_key_derivation_output_bytes`: fills `out` from the secret key. Refused, `out` is all zero.
    pub fn derive_bytes(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        secret: KeyId,
        derivation: &Derivation<'_>,
        out: &mut [u8],
    ) -> Result<(), Error> {
        let result = self.derive(env, owner, secret, derivation, out);
        if result.is_err() {
            out.fill(0);
        }
        result
    }

    /// `psa_key_derivation_output_key`: a key whose type takes any bytes.
    pub fn derive_key(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        secret: KeyId,
        derivation: &Derivation<'_>,
        attributes: &Attributes,
    ) -> Result<KeyId, Error> {
        let attributes = attributes.checked()?;
        let kind = Kind::new(attributes.key_type, attributes.bits)?;
        match kind {
            Kind::Raw | Kind::Hmac | Kind::Derive | Kind::Aes | Kind::ChaCha20 => {}
            // A scalar or a point is not any bytes.
            Kind::Curve { .. } | Kind::X25519 { .. } | Kind::Ed25519 { .. } => {
                return Err(Error::NotSupported);
            }
        }
        let mut material = Material::zero(kind.size(attributes.bits))?;
        self.derive(env, owner, secret, derivation, material.bytes_mut())?;
        self.create(env, owner, Key { attributes, material })
    }

    fn derive(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        secret: KeyId,
        derivation: &Derivation<'_>,
        out: &mut [u8],
    ) -> Result<(), Error> {
        let Derivation { algorithm, salt, info, peer } = *derivation;
        if let Some(hkdf) = derivation_of_agreement(algorithm) {
            let hash = kdf::from_psa(hkdf).ok_or(Error::NotSupported)?;
            let secret = self.shared_secret(env, owner, secret, algorithm, peer)?;
            self.tests.require(Family::Hkdf)?;
            return kdf::hkdf(hash, salt, &*secret, info, out);
        }
        let hash = kdf::from_psa(algorithm).ok_or(Error::NotSupported)?;
        let key = self.find_for(env, owner, secret, usage::DERIVE, algorithm)?;
        if key.kind()? != Kind::Derive || !peer.is_empty() {
            return Err(Error::InvalidArgument);
        }
        self.tests.require(Family::Hkdf)?;
        kdf::hkdf(hash, salt, key.material.bytes(), info, out)
    }
}
