//! Hash, MAC, cipher and AEAD in one call (PSA Crypto API §10.2 to §10.5).
//!
//! SFR: cryptographic-operation.

use crate::keys::Key;
use crate::material::Kind;
use crate::{Environment, Error, Family, KeyId, Keystore, Owner};
use cdd_crypto::aead::{self, Aead};
use cdd_crypto::cipher::{CipherMode, Direction, IV, crypt};
use cdd_crypto::digest::{Hash, MAX_SIZE};
use cdd_crypto::mac::{Mac, MacAlgorithm};
use cdd_crypto::psa::usage;

impl<const KEYS: usize, const OPERATIONS: usize> Keystore<KEYS, OPERATIONS> {
    /// `psa_hash_compute`.
    pub fn hash_compute(&mut self, algorithm: u32, message: &[u8], out: &mut [u8]) -> Result<usize, Error> {
        let hash = self.hash(algorithm)?;
        if out.len() < hash.size() {
            return Err(Error::BufferTooSmall);
        }
        Ok(hash.digest(message, out))
    }

    /// `psa_hash_compare`.
    pub fn hash_compare(&mut self, algorithm: u32, message: &[u8], expected: &[u8]) -> Result<(), Error> {
        let mut out = [0; MAX_SIZE];
        let size = self.hash_compute(algorithm, message, &mut out)?;
        if out.get(..size) == Some(expected) { Ok(()) } else { Err(Error::InvalidSignature) }
    }

    /// `psa_mac_compute`.
    pub fn mac_compute(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        key: KeyId,
        algorithm: u32,
        message: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let mut mac = self.mac(env, owner, key, algorithm, usage::SIGN_MESSAGE)?;
        mac.update(message);
        mac.finish(out)
    }

    /// `psa_mac_verify`.
    pub fn mac_verify(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        key: KeyId,
        algorithm: u32,
        message: &[u8],
        tag: &[u8],
    ) -> Result<(), Error> {
        let mut mac = self.mac(env, owner, key, algorithm, usage::VERIFY_MESSAGE)?;
        mac.update(message);
        mac.verify(tag)
    }

    /// `psa_cipher_encrypt`: a fresh random initialisation vector, then the ciphertext.
    pub fn cipher_encrypt(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        key: KeyId,
        algorithm: u32,
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let (mode, key) = self.cipher_key(env, owner, key, algorithm, usage::ENCRYPT)?;
        let (iv, body) = out.split_first_chunk_mut::<IV>().ok_or(Error::BufferTooSmall)?;
        env.fill(iv)?;
        let size = crypt(mode, Direction::Encrypt, key.material.bytes(), iv, plaintext, body)?;
        Ok(size.saturating_add(IV))
    }

    /// `psa_cipher_decrypt` of what [`Keystore::cipher_encrypt`] wrote.
    pub fn cipher_decrypt(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        key: KeyId,
        algorithm: u32,
        input: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let (mode, key) = self.cipher_key(env, owner, key, algorithm, usage::DECRYPT)?;
        let (iv, body) = input.split_first_chunk::<IV>().ok_or(Error::InvalidArgument)?;
        crypt(mode, Direction::Decrypt, key.material.bytes(), iv, body, out)
    }

    /// `psa_aead_encrypt`: the ciphertext, then the 16-byte tag.
    #[allow(clippy::too_many_arguments)] // Those of PSA.
    pub fn aead_encrypt(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        key: KeyId,
        algorithm: u32,
        nonce: &[u8],
        aad: &[u8],
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let (aead, key) = self.aead_key(env, owner, key, algorithm, usage::ENCRYPT)?;
        aead::encrypt(aead, key.material.bytes(), nonce, aad, plaintext, out)
    }

    /// `psa_aead_decrypt`; a message that is not authentic releases nothing.
    #[allow(clippy::too_many_arguments)] // Those of PSA.
    pub fn aead_decrypt(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        key: KeyId,
        algorithm: u32,
        nonce: &[u8],
        aad: &[u8],
        ciphertext: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let (aead, key) = self.aead_key(env, owner, key, algorithm, usage::DECRYPT)?;
        aead::decrypt(aead, key.material.bytes(), nonce, aad, ciphertext, out)
    }

    pub(crate) fn hash(&mut self, algorithm: u32) -> Result<Hash, Error> {
        let hash = Hash::from_psa(algorithm).ok_or(Error::NotSupported)?;
        self.tests.require(Family::Hash)?;
        Ok(hash)
    }

    pub(crate) fn mac(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        key: KeyId,
        algorithm: u32,
        usage: u32,
    ) -> Result<Mac, Error> {
        let mac = MacAlgorithm::from_psa(algorithm).ok_or(Error::NotSupported)?;
        let key = self.find_for(env, owner, key, usage, algorithm)?;
        let (kind, family) =
            if mac.is_hmac() { (Kind::Hmac, Family::Hmac) } else { (Kind::Aes, Family::Cmac) };
        self.fits(&key, kind, family)?;
        Mac::new(mac, key.material.bytes())
    }

    pub(crate) fn cipher_key(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        key: KeyId,
        algorithm: u32,
        usage: u32,
    ) -> Result<(CipherMode, Key), Error> {
        let mode = CipherMode::from_psa(algorithm).ok_or(Error::NotSupported)?;
        let key = self.find_for(env, owner, key, usage, algorithm)?;
        self.fits(&key, Kind::Aes, Family::Cipher)?;
        Ok((mode, key))
    }

    pub(crate) fn aead_key(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        key: KeyId,
        algorithm: u32,
        usage: u32,
    ) -> Result<(Aead, Key), Error> {
        let aead = Aead::from_psa(algorithm).ok_or(Error::NotSupported)?;
        let key = self.find_for(env, owner, key, usage, algorithm)?;
        let (kind, family) = match aead {
            Aead::Ccm => (Kind::Aes, Family::Ccm),
            Aead::Gcm => (Kind::Aes, Family::Gcm),
            Aead::ChaCha20Poly1305 => (Kind::ChaCha20, Family::ChaCha20Poly1305),
        };
        self.fits(&key, kind, family)?;
        Ok((aead, key))
    }

    /// Whether the key is of the kind that the algorithm takes, and the algorithm's family works.
    fn fits(&mut self, key: &Key, kind: Kind, family: Family) -> Result<(), Error> {
        if key.kind()? != kind {
            return Err(Error::InvalidArgument);
        }
        self.tests.require(family)
    }
}
