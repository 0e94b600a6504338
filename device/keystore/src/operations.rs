//! Operations in several calls, several of them open at once (the `_setup`, `_update`, `_finish` of PSA).
//!
//! Whatever goes wrong in a call on an operation ends it. A number is not given again before 2²⁴ operations have
//! used its place; a call on one that is over is a bad state, except to end it, which always works.
//!
//! SFR: cryptographic-operation.

use crate::{Environment, Error, KeyId, Keystore, OperationId, Owner};
use cdd_crypto::aead::{MAX_NONCE, Multipart};
use cdd_crypto::cipher::{Cipher, Direction, IV};
use cdd_crypto::digest::{Hash, Hasher, MAX_SIZE};
use cdd_crypto::mac::Mac;
use cdd_crypto::psa::usage;
use cdd_crypto::put;

/// A place for an operation.
pub(crate) struct OperationSlot {
    generation: u32,
    owner: Option<Owner>,
    key: KeyId,
    operation: Operation,
}

// No heap to box the larger ones in.
#[allow(clippy::large_enum_variant)]
enum Operation {
    /// None; as large as any other, so that putting it there overwrites all of what was there.
    Blank {
        _zeros: [u8; BLANK],
    },
    Hash(Hasher, Hash),
    MacSign(Mac),
    MacVerify(Mac),
    /// No initialisation vector yet.
    CipherSetUp(Cipher, Direction),
    Cipher(Cipher),
    Aead(Multipart),
}

/// At least the bytes of the largest operation and what alignment may put before it; one short of a multiple of
/// every alignment, so that with the tag there is no padding, into which a move could copy from the stack.
const BLANK: usize = {
    let (cipher, mac, hash) = (size_of::<Cipher>(), size_of::<Mac>(), size_of::<Hasher>());
    let largest = if cipher > mac { cipher } else { mac };
    let largest = if largest > hash { largest } else { hash };
    let largest = if largest > size_of::<Multipart>() { largest } else { size_of::<Multipart>() };
    (largest / 16 + 2) * 16 - 1
};

const _: () = assert!(size_of::<Operation>() == BLANK + 1, "no padding");

impl OperationSlot {
    pub(crate) fn empty() -> OperationSlot {
        OperationSlot {
            generation: 0,
            owner: None,
            key: 0,
            operation: Operation::Blank { _zeros: [0; BLANK] },
        }
    }

    /// Wipes the operation in place.
    pub(crate) fn end(&mut self) {
        self.take();
    }

    /// Takes the operation out and leaves nothing of it behind.
    fn take(&mut self) -> Operation {
        self.owner = None;
        core::mem::replace(&mut self.operation, Operation::Blank { _zeros: [0; BLANK] })
    }

    fn id(&self, place: usize) -> OperationId {
        ((self.generation & 0xff_ffff) << 8) | place as u32
    }
}

impl<const KEYS: usize, const OPERATIONS: usize> Keystore<KEYS, OPERATIONS> {
    /// `psa_hash_setup`.
    pub fn hash_setup(&mut self, owner: Owner, algorithm: u32) -> Result<OperationId, Error> {
        let hash = self.hash(algorithm)?;
        self.open(owner, 0, Operation::Hash(Hasher::new(hash), hash))
    }

    /// `psa_hash_update`.
    pub fn hash_update(&mut self, owner: Owner, id: OperationId, piece: &[u8]) -> Result<(), Error> {
        self.with(owner, id, |operation| match operation {
            Operation::Hash(hasher, _) => {
                hasher.update(piece);
                Ok(())
            }
            _ => Err(Error::BadState),
        })
    }

    /// `psa_hash_finish`.
    pub fn hash_finish(&mut self, owner: Owner, id: OperationId, out: &mut [u8]) -> Result<usize, Error> {
        match self.close(owner, id)? {
            Operation::Hash(_, hash) if out.len() < hash.size() => Err(Error::BufferTooSmall),
            Operation::Hash(hasher, _) => Ok(hasher.finish(out)),
            _ => Err(Error::BadState),
        }
    }

    /// `psa_hash_verify`.
    pub fn hash_verify(&mut self, owner: Owner, id: OperationId, expected: &[u8]) -> Result<(), Error> {
        let mut out = [0; MAX_SIZE];
        let size = self.hash_finish(owner, id, &mut out)?;
        if out.get(..size) == Some(expected) { Ok(()) } else { Err(Error::InvalidSignature) }
    }

    /// `psa_hash_clone`.
    pub fn hash_clone(&mut self, owner: Owner, id: OperationId) -> Result<OperationId, Error> {
        let copy = self.with(owner, id, |operation| match operation {
            Operation::Hash(hasher, hash) => Ok(Operation::Hash(hasher.clone(), *hash)),
            _ => Err(Error::BadState),
        })?;
        self.open(owner, 0, copy)
    }

    /// `psa_mac_sign_setup`.
    pub fn mac_sign_setup(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        key: KeyId,
        algorithm: u32,
    ) -> Result<OperationId, Error> {
        let mac = self.mac(env, owner, key, algorithm, usage::SIGN_MESSAGE)?;
        self.open(owner, key, Operation::MacSign(mac))
    }

    /// `psa_mac_verify_setup`.
    pub fn mac_verify_setup(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        key: KeyId,
        algorithm: u32,
    ) -> Result<OperationId, Error> {
        let mac = self.mac(env, owner, key, algorithm, usage::VERIFY_MESSAGE)?;
        self.open(owner, key, Operation::MacVerify(mac))
    }

    /// `psa_mac_update`.
    pub fn mac_update(&mut self, owner: Owner, id: OperationId, piece: &[u8]) -> Result<(), Error> {
        self.with(owner, id, |operation| match operation {
            Operation::MacSign(mac) | Operation::MacVerify(mac) => {
                mac.update(piece);
                Ok(())
            }
            _ => Err(Error::BadState),
        })
    }

    /// `psa_mac_sign_finish`.
    pub fn mac_sign_finish(&mut self, owner: Owner, id: OperationId, out: &mut [u8]) -> Result<usize, Error> {
        match self.close(owner, id)? {
            Operation::MacSign(mac) => mac.finish(out),
            _ => Err(Error::BadState),
        }
    }

    /// `psa_mac_verify_finish`.
    pub fn mac_verify_finish(&mut self, owner: Owner, id: OperationId, tag: &[u8]) -> Result<(), Error> {
        match self.close(owner, id)? {
            Operation::MacVerify(mac) => mac.verify(tag),
            _ => Err(Error::BadState),
        }
    }

    /// `psa_cipher_encrypt_setup` and `psa_cipher_decrypt_setup`.
    pub fn cipher_setup(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        key: KeyId,
        algorithm: u32,
        direction: Direction,
    ) -> Result<OperationId, Error> {
        let (mode, found) = self.cipher_key(env, owner, key, algorithm, needed(direction))?;
        let cipher = Cipher::new(mode, direction, found.material.bytes(), &[0; IV])?;
        self.open(owner, key, Operation::CipherSetUp(cipher, direction))
    }

    /// `psa_cipher_generate_iv`: chooses the initialisation vector at random and writes it to `out`.
    pub fn cipher_generate_iv(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        id: OperationId,
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let written = self.with(owner, id, |operation| match operation {
            Operation::CipherSetUp(_, Direction::Encrypt) => {
                let iv = out.get_mut(..IV).ok_or(Error::BufferTooSmall)?;
                env.fill(iv)
            }
            _ => Err(Error::BadState),
        });
        written?;
        self.cipher_set_iv(owner, id, out.get(..IV).unwrap_or(&[]))?;
        Ok(IV)
    }

    /// `psa_cipher_set_iv`.
    pub fn cipher_set_iv(&mut self, owner: Owner, id: OperationId, iv: &[u8]) -> Result<(), Error> {
        let slot = self.operation(owner, id)?;
        let Operation::CipherSetUp(mut cipher, _) = slot.take() else {
            return Err(Error::BadState);
        };
        cipher.set_iv(iv.try_into().map_err(|_| Error::InvalidArgument)?);
        slot.owner = Some(owner);
        slot.operation = Operation::Cipher(cipher);
        Ok(())
    }

    /// `psa_cipher_update`.
    pub fn cipher_update(
        &mut self,
        owner: Owner,
        id: OperationId,
        input: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        self.with(owner, id, |operation| match operation {
            Operation::Cipher(cipher) => cipher.update(input, out),
            _ => Err(Error::BadState),
        })
    }

    /// `psa_cipher_finish`.
    pub fn cipher_finish(&mut self, owner: Owner, id: OperationId, out: &mut [u8]) -> Result<usize, Error> {
        match self.close(owner, id)? {
            Operation::Cipher(cipher) => cipher.finish(out),
            _ => Err(Error::BadState),
        }
    }

    /// `psa_aead_encrypt_setup`.
    pub fn aead_encrypt_setup(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        key: KeyId,
        algorithm: u32,
    ) -> Result<OperationId, Error> {
        self.aead_setup(env, owner, key, algorithm, Direction::Encrypt)
    }

    /// `psa_aead_decrypt_setup`. What [`Keystore::aead_update`] releases is not known to be authentic before
    /// [`Keystore::aead_verify`] says so: until then the caller must act on none of it, and wipe it if refused.
    pub fn aead_decrypt_setup(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        key: KeyId,
        algorithm: u32,
    ) -> Result<OperationId, Error> {
        self.aead_setup(env, owner, key, algorithm, Direction::Decrypt)
    }

    fn aead_setup(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        key: KeyId,
        algorithm: u32,
        direction: Direction,
    ) -> Result<OperationId, Error> {
        let (aead, found) = self.aead_key(env, owner, key, algorithm, needed(direction))?;
        let operation = Multipart::new(aead, direction, found.material.bytes())?;
        self.open(owner, key, Operation::Aead(operation))
    }

    /// `psa_aead_set_lengths`: sizes in bytes that additional data and text will have. Before the nonce; with CCM
    /// there is none without.
    pub fn aead_set_lengths(
        &mut self,
        owner: Owner,
        id: OperationId,
        ad: usize,
        text: usize,
    ) -> Result<(), Error> {
        self.with_aead(owner, id, |aead| aead.set_lengths(ad, text))
    }

    /// `psa_aead_generate_nonce`, to encrypt: chooses the nonce at random, writes it to `out` and returns its size,
    /// 13 bytes with CCM (for texts below 64 KiB), else 12.
    pub fn aead_generate_nonce(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        id: OperationId,
        out: &mut [u8],
    ) -> Result<usize, Error> {
        self.with_aead(owner, id, |aead| {
            if aead.direction() != Direction::Encrypt {
                return Err(Error::BadState);
            }
            let size = aead.nonce_size();
            let mut nonce = [0; MAX_NONCE];
            let nonce = nonce.get_mut(..size).unwrap_or_default();
            env.fill(nonce)?;
            // First, so that no nonce leaves that is none.
            aead.set_nonce(nonce)?;
            put(nonce, out)
        })
    }

    /// `psa_aead_set_nonce`.
    pub fn aead_set_nonce(&mut self, owner: Owner, id: OperationId, nonce: &[u8]) -> Result<(), Error> {
        self.with_aead(owner, id, |aead| aead.set_nonce(nonce))
    }

    /// `psa_aead_update_ad`: additional data, before any text.
    pub fn aead_update_ad(&mut self, owner: Owner, id: OperationId, piece: &[u8]) -> Result<(), Error> {
        self.with_aead(owner, id, |aead| aead.update_ad(piece))
    }

    /// `psa_aead_update`: as much comes out as goes in.
    pub fn aead_update(
        &mut self,
        owner: Owner,
        id: OperationId,
        input: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        self.with_aead(owner, id, |aead| aead.update(input, out))
    }

    /// `psa_aead_finish`: writes what is left of the ciphertext, which is nothing, and the 16-byte tag to `out`.
    pub fn aead_finish(&mut self, owner: Owner, id: OperationId, out: &mut [u8]) -> Result<usize, Error> {
        match self.close(owner, id)? {
            Operation::Aead(aead) => put(&aead.finish()?, out),
            _ => Err(Error::BadState),
        }
    }

    /// `psa_aead_verify`: whether all that was released is authentic. No plaintext is left to come.
    pub fn aead_verify(&mut self, owner: Owner, id: OperationId, tag: &[u8]) -> Result<(), Error> {
        match self.close(owner, id)? {
            Operation::Aead(aead) => aead.verify(tag),
            _ => Err(Error::BadState),
        }
    }

    fn with_aead<T>(
        &mut self,
        owner: Owner,
        id: OperationId,
        step: impl FnOnce(&mut Multipart) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.with(owner, id, |operation| match operation {
            Operation::Aead(aead) => step(aead),
            _ => Err(Error::BadState),
        })
    }

    /// `psa_hash_abort`, `psa_mac_abort`, `psa_cipher_abort`, `psa_aead_abort`: ends the operation, if it is not over already.
    pub fn abort(&mut self, owner: Owner, id: OperationId) {
        if let Ok(slot) = self.operation(owner, id) {
            slot.end();
        }
    }

    /// Ends what uses a key that is being destroyed.
    pub(crate) fn end_operations_with(&mut self, owner: Owner, key: KeyId) {
        let uses = |slot: &&mut OperationSlot| slot.owner == Some(owner) && slot.key == key;
        self.operations.iter_mut().filter(uses).for_each(OperationSlot::end);
    }

    /// Ends all of an owner.
    pub(crate) fn end_operations_of(&mut self, owner: Owner) {
        self.operations.iter_mut().filter(|slot| slot.owner == Some(owner)).for_each(OperationSlot::end);
    }

    fn open(&mut self, owner: Owner, key: KeyId, operation: Operation) -> Result<OperationId, Error> {
        let mut slots = self.operations.iter_mut().enumerate();
        let (place, slot) = slots.find(|(_, slot)| slot.owner.is_none()).ok_or(Error::InsufficientMemory)?;
        slot.generation = slot.generation.wrapping_add(1);
        if slot.generation & 0xff_ffff == 0 {
            // Zero is no number of an operation.
            slot.generation = 1;
        }
        slot.owner = Some(owner);
        slot.key = key;
        slot.operation = operation;
        Ok(slot.id(place))
    }

    /// Does something with an operation, and ends it if that fails.
    fn with<T>(
        &mut self,
        owner: Owner,
        id: OperationId,
        step: impl FnOnce(&mut Operation) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let slot = self.operation(owner, id)?;
        step(&mut slot.operation).inspect_err(|_| slot.end())
    }

    /// Takes an operation out to finish it.
    fn close(&mut self, owner: Owner, id: OperationId) -> Result<Operation, Error> {
        Ok(self.operation(owner, id)?.take())
    }

    fn operation(&mut self, owner: Owner, id: OperationId) -> Result<&mut OperationSlot, Error> {
        let place = (id & 0xff) as usize;
        let slot = self.operations.get_mut(place).ok_or(Error::BadState)?;
        let found = slot.owner == Some(owner) && slot.id(place) == id;
        if found { Ok(slot) } else { Err(Error::BadState) }
    }
}

/// What a key's policy must allow.
fn needed(direction: Direction) -> u32 {
    match direction {
        Direction::Encrypt => usage::ENCRYPT,
        Direction::Decrypt => usage::DECRYPT,
    }
}
