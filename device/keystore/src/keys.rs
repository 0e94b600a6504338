//! Key management: import, export, copy, destroy, generate (PSA Crypto API §9).
//!
//! SFR: cryptographic-keystore, cryptographic-key-generation.

use crate::material::{self, Kind, Material};
use crate::wrap::{self, MAX_BLOB};
use crate::{Attributes, Environment, Error, Family, KeyId, Keystore, MAX_USER_ID, Owner, policy};
use cdd_crypto::psa::{key_type, usage};
use cdd_crypto::put;
use zeroize::Zeroizing;

/// Generations of a slot before it is used up: with the place, the number of a volatile key stays in the range
/// that PSA leaves to the implementation, and no number is ever given twice.
const GENERATIONS: u32 = 1 << 22;

/// A place for a volatile key.
///
/// Not an `Option`: writing `None` would leave the bytes of the key where they are, or copy others from the stack.
pub(crate) struct Slot {
    generation: u32,
    owner: Option<Owner>,
    key: Key,
}

/// A key as it is in use.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) attributes: Attributes,
    pub(crate) material: Material,
}

impl Key {
    fn empty() -> Key {
        Key { attributes: Attributes::default(), material: Material::empty() }
    }

    pub(crate) fn kind(&self) -> Result<Kind, Error> {
        Kind::new(self.attributes.key_type, self.attributes.bits).map_err(|_| Error::DataInvalid)
    }
}

impl Slot {
    pub(crate) fn empty() -> Slot {
        Slot { generation: 0, owner: None, key: Key::empty() }
    }

    /// Wipes the key in place.
    pub(crate) fn destroy(&mut self) {
        self.owner = None;
        self.key.material.wipe();
        self.key.attributes = Attributes::default();
    }

    fn id(&self, place: usize) -> KeyId {
        (MAX_USER_ID + 1) | (self.generation << 8) | place as u32
    }

    fn is_free(&self) -> bool {
        self.owner.is_none() && self.generation < GENERATIONS - 1
    }
}

impl<const KEYS: usize, const OPERATIONS: usize> Keystore<KEYS, OPERATIONS> {
    /// `psa_import_key`: takes key material in the format of its type and returns the key's number.
    pub fn import(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        attributes: &Attributes,
        data: &[u8],
    ) -> Result<KeyId, Error> {
        let mut attributes = attributes.checked()?;
        material::check(&mut self.tests, &mut attributes, data)?;
        let material = Material::new(data)?;
        self.create(env, owner, Key { attributes, material })
    }

    /// `psa_generate_key`. A key pair is tested for consistency before it is given out.
    pub fn generate(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        attributes: &Attributes,
    ) -> Result<KeyId, Error> {
        let attributes = attributes.checked()?;
        if attributes.bits == 0 {
            return Err(Error::InvalidArgument);
        }
        let kind = Kind::new(attributes.key_type, attributes.bits)?;
        let material = material::generate(&mut self.tests, env, kind, attributes.bits)?;
        self.create(env, owner, Key { attributes, material })
    }

    /// `psa_copy_key`: the copy may do what both the source and `attributes` permit.
    pub fn copy(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        source: KeyId,
        attributes: &Attributes,
    ) -> Result<KeyId, Error> {
        let mut wanted = attributes.checked()?;
        let Key { attributes: have, material } = self.find(env, owner, source)?;
        if have.usage & usage::COPY == 0 {
            return Err(Error::NotPermitted);
        }
        let same_type = wanted.key_type == 0 || wanted.key_type == have.key_type;
        let same_size = wanted.bits == 0 || wanted.bits == have.bits;
        if !(same_type && same_size) {
            return Err(Error::InvalidArgument);
        }
        wanted.key_type = have.key_type;
        wanted.bits = have.bits;
        wanted.usage &= have.usage;
        wanted.algorithm =
            policy::intersection(have.algorithm, wanted.algorithm).ok_or(Error::InvalidArgument)?;
        self.create(env, owner, Key { attributes: wanted, material })
    }

    /// `psa_export_key`: the material, if the policy lets it leave; a public key always.
    pub fn export(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        id: KeyId,
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let key = self.find(env, owner, id)?;
        let free = key_type::is_public(key.attributes.key_type);
        if !free && key.attributes.usage & usage::EXPORT == 0 {
            return Err(Error::NotPermitted);
        }
        put(key.material.bytes(), out)
    }

    /// `psa_export_public_key`: the public half of a key pair, or a public key.
    pub fn export_public(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        id: KeyId,
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let key = self.find(env, owner, id)?;
        let kind = key.kind()?;
        self.tests.require(kind.family().ok_or(Error::InvalidArgument)?)?;
        material::public_key(kind, &key.material, out)
    }

    /// `psa_get_key_attributes`.
    pub fn attributes(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        id: KeyId,
    ) -> Result<Attributes, Error> {
        Ok(self.find(env, owner, id)?.attributes)
    }

    /// `psa_destroy_key`: removes the key from RAM and storage and ends the operations that use it. The number
    /// zero is no key, and destroying it does nothing.
    pub fn destroy(&mut self, env: &mut impl Environment, owner: Owner, id: KeyId) -> Result<(), Error> {
        if id == 0 {
            return Ok(());
        }
        self.end_operations_with(owner, id);
        if id <= MAX_USER_ID {
            // Not opened first: a record that no longer opens must go too.
            return if env.erase(owner, id)? { Ok(()) } else { Err(Error::InvalidHandle) };
        }
        self.slot(owner, id)?.destroy();
        Ok(())
    }

    /// `psa_purge_key`: removes copies from RAM that are not needed, of which there are none; so it says whether there
    /// is such a key.
    pub fn purge(&mut self, env: &mut impl Environment, owner: Owner, id: KeyId) -> Result<(), Error> {
        self.find(env, owner, id).map(drop)
    }

    /// Destroys the volatile keys of an owner and ends its operations, as when an application is started anew.
    pub fn purge_owner(&mut self, owner: Owner) {
        self.end_operations_of(owner);
        self.slots.iter_mut().filter(|slot| slot.owner == Some(owner)).for_each(Slot::destroy);
    }

    /// The key of this owner with this number; a persistent one comes from the storage and is wiped after use.
    pub(crate) fn find(&mut self, env: &mut impl Environment, owner: Owner, id: KeyId) -> Result<Key, Error> {
        if id > MAX_USER_ID {
            return Ok(self.slot(owner, id)?.key.clone());
        }
        if id == 0 {
            return Err(Error::InvalidHandle);
        }
        self.wrapping_works()?;
        let mut blob = [0; MAX_BLOB];
        let size = env.load(owner, id, &mut blob)?.ok_or(Error::InvalidHandle)?;
        let blob = blob.get(..size).ok_or(Error::DataInvalid)?;
        let (attributes, material) = wrap::unwrap(&self.wrap, owner, id, blob)?;
        Ok(Key { attributes, material })
    }

    /// The key, if its policy permits this use of it with this algorithm.
    pub(crate) fn find_for(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        id: KeyId,
        usage: u32,
        algorithm: u32,
    ) -> Result<Key, Error> {
        let key = self.find(env, owner, id)?;
        let used = key.attributes.usage & usage == usage;
        if used && policy::permits(key.attributes.algorithm, algorithm) {
            Ok(key)
        } else {
            Err(Error::NotPermitted)
        }
    }

    /// Puts a checked key into a slot or the storage.
    pub(crate) fn create(
        &mut self,
        env: &mut impl Environment,
        owner: Owner,
        mut key: Key,
    ) -> Result<KeyId, Error> {
        if key.attributes.is_persistent() {
            let id = key.attributes.id;
            self.wrapping_works()?;
            let mut blob = Zeroizing::new([0; MAX_BLOB]);
            if env.load(owner, id, &mut *blob)?.is_some() {
                return Err(Error::AlreadyExists);
            }
            let size = wrap::wrap(&self.wrap, env, owner, &key.attributes, &key.material, &mut blob)?;
            env.save(owner, id, blob.get(..size).ok_or(Error::CorruptionDetected)?)?;
            return Ok(id);
        }
        let mut slots = self.slots.iter_mut().enumerate();
        let (place, slot) = slots.find(|(_, slot)| slot.is_free()).ok_or(Error::InsufficientMemory)?;
        slot.generation = slot.generation.saturating_add(1);
        let id = slot.id(place);
        key.attributes.id = id;
        slot.owner = Some(owner);
        slot.key = key;
        Ok(id)
    }

    fn wrapping_works(&mut self) -> Result<(), Error> {
        self.tests.require(Family::Hmac)?;
        self.tests.require(Family::Ccm)
    }

    fn slot(&mut self, owner: Owner, id: KeyId) -> Result<&mut Slot, Error> {
        let place = (id & 0xff) as usize;
        let slot = self.slots.get_mut(place).ok_or(Error::InvalidHandle)?;
        let found = slot.owner == Some(owner) && slot.id(place) == id;
        if found { Ok(slot) } else { Err(Error::InvalidHandle) }
    }
}
