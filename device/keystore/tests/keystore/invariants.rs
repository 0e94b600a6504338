//! What holds for any attributes, any key material and any record whatever; shared with the fuzz target
//! `fuzz/fuzz_targets/key_parse.rs`.

use cdd_crypto::psa::{alg, key_type, usage};
use cdd_keystore::policy::{intersection, is_policy, permits};
use cdd_keystore::{
    Attributes, Env, Error, KeyStorage, Keystore, MAX_BLOB, MAX_KEY, MemoryStorage, Owner, SecureRandom,
};
use std::cell::RefCell;

const OWNER: Owner = Owner(1);

/// The same for every key, so that every record can be made again.
struct Fixed;

impl SecureRandom for Fixed {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Error> {
        out.fill(0x5A);
        Ok(())
    }
}

thread_local! {
    /// Kept, for its self-tests take longer than all else.
    static KEYS: RefCell<Keystore<4, 3>> = RefCell::new(Keystore::new(&[0x5E; 32]));
}

/// Takes the bytes for a key or, after an odd first one, for what became of a record; why it was refused.
pub(crate) fn check(bytes: &[u8]) -> Result<(), Error> {
    let (first, rest) = bytes.split_first().ok_or(Error::InvalidArgument)?;
    KEYS.with_borrow_mut(|keys| {
        let outcome = if first % 2 == 0 { key(keys, rest) } else { record(keys, rest) };
        keys.wipe_volatile();
        outcome
    })
}

/// Attributes in their encoding, then the material.
fn key(keys: &mut Keystore<4, 3>, bytes: &[u8]) -> Result<(), Error> {
    let (encoded, material) =
        bytes.split_first_chunk::<{ Attributes::SIZE }>().ok_or(Error::InvalidArgument)?;
    let wanted = Attributes::from_bytes(encoded);
    assert_eq!(wanted.to_bytes(), *encoded);
    assert_eq!(intersection(wanted.algorithm, wanted.algorithm), Some(wanted.algorithm));
    assert!(is_policy(wanted.algorithm) || !permits(wanted.algorithm, wanted.algorithm));

    let mut storage = MemoryStorage::<1>::new();
    let env = &mut Env { storage: &mut storage, random: &mut Fixed };
    let id = keys.import(env, OWNER, &wanted, material)?;
    let got = keys.attributes(env, OWNER, id).expect("it was imported");
    assert!(is_policy(wanted.algorithm) && wanted.usage & !usage::ALL == 0);
    assert_eq!(
        (got.key_type, got.algorithm, got.lifetime),
        (wanted.key_type, wanted.algorithm, wanted.lifetime)
    );
    assert_eq!(got.usage & wanted.usage, wanted.usage);
    assert!(got.bits != 0 && (wanted.bits == 0 || wanted.bits == got.bits));
    assert!(got.key_type == key_type::RAW_DATA || material.len() >= 16, "below 128 bits of strength");

    let mut out = [0; MAX_KEY];
    let exported = keys.export(env, OWNER, id, &mut out);
    if got.usage & usage::EXPORT != 0 || key_type::is_public(got.key_type) {
        assert_eq!((exported, &out[..material.len()]), (Ok(material.len()), material));
    } else {
        assert_eq!((exported, out), (Err(Error::NotPermitted), [0; MAX_KEY]));
    }
    assert_eq!(keys.attributes(env, Owner(2), id), Err(Error::InvalidHandle));
    assert_eq!(keys.destroy(env, OWNER, id), Ok(()));
    assert!(storage.record(OWNER, id).is_none());
    Ok(())
}

/// A genuine record in which the bytes are put over those from a place on, or instead of which they are.
fn record(keys: &mut Keystore<4, 3>, bytes: &[u8]) -> Result<(), Error> {
    let mut storage = MemoryStorage::<1>::new();
    let wanted = Attributes {
        key_type: key_type::HMAC,
        usage: usage::ALL,
        algorithm: alg::HMAC_SHA_256,
        lifetime: 1,
        id: 3,
        ..Attributes::default()
    };
    let mut env = Env { storage: &mut storage, random: &mut Fixed };
    let id = keys.import(&mut env, OWNER, &wanted, &[7; 32]).expect("a genuine key");
    let genuine = storage.record(OWNER, id).expect("its record").to_vec();
    let changed = match bytes {
        [at, over @ ..] if usize::from(*at) < genuine.len() => {
            let mut changed = genuine.clone();
            changed[usize::from(*at)..].iter_mut().zip(over).for_each(|(to, from)| *to = *from);
            changed
        }
        [_, instead @ ..] => instead[..instead.len().min(MAX_BLOB)].to_vec(),
        [] => Vec::new(),
    };
    storage.save(OWNER, id, &changed)?;
    let env = &mut Env { storage: &mut storage, random: &mut Fixed };
    let found = keys.attributes(env, OWNER, id);
    assert_eq!(found.is_ok(), changed == genuine, "only what was stored opens");
    assert!(matches!(found, Ok(_) | Err(Error::DataCorrupt | Error::DataInvalid)), "{found:?}");
    assert_eq!(keys.destroy(env, OWNER, id), Ok(()), "it can be destroyed all the same");
    found.map(drop)
}
