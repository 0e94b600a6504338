//! CoRIM out.

use super::{Corim, CorimError, MKEY, PROFILE};
use crate::{Component, ImplementationId, InstanceId, PublicKey};
use minicbor::Encoder;
use minicbor::data::Tag;
use std::convert::Infallible;

type E<'e> = &'e mut Encoder<Vec<u8>>;
type Done = Result<(), minicbor::encode::Error<Infallible>>;

/// Writes a manifest as an unsigned CoRIM; a publisher signs it.
///
/// # Errors
/// Where an endorsement names no implementation ID, which the profile asks for, or a set is none.
pub fn write(corim: &Corim) -> Result<Vec<u8>, CorimError> {
    for (number, set) in corim.sets.iter().enumerate() {
        set.check().map_err(|why| CorimError::Set { number, why })?;
    }
    let keys = corim.endorsements.iter().enumerate().map(|(number, one)| {
        let why = || CorimError::Key {
            number,
            why: "it names no implementation ID, which the profile asks for".into(),
        };
        Ok((one.implementation_id.ok_or_else(why)?, one.instance_id, one.public_key))
    });
    let keys: Vec<_> = keys.collect::<Result<_, CorimError>>()?;
    let mut inside = Encoder::new(Vec::new());
    let mut e = Encoder::new(Vec::new());
    // Writing to memory does not fail.
    let _ = comid(&mut inside, corim, &keys);
    let _ = manifest(&mut e, corim, &inside.into_writer());
    Ok(e.into_writer())
}

fn manifest(e: E<'_>, corim: &Corim, comid: &[u8]) -> Done {
    e.tag(Tag::new(501))?.map(3)?;
    e.u8(0)?.str(&corim.id)?;
    e.u8(1)?.array(1)?.tag(Tag::new(506))?.bytes(comid)?;
    e.u8(3)?.tag(Tag::new(32))?.str(PROFILE)?;
    Ok(())
}

fn comid(e: E<'_>, corim: &Corim, keys: &[(ImplementationId, InstanceId, PublicKey)]) -> Done {
    e.map(2)?;
    e.u8(1)?.map(1)?.u8(0)?.str(&corim.id)?;
    let kinds = u64::from(!corim.sets.is_empty()) + u64::from(!keys.is_empty());
    e.u8(4)?.map(kinds)?;
    if !corim.sets.is_empty() {
        e.u8(0)?.array(corim.sets.len() as u64)?;
        for set in &corim.sets {
            e.array(2)?;
            environment(e, &set.implementation_id, None)?;
            e.array(set.components.len() as u64)?;
            for component in &set.components {
                measurement(e, component)?;
            }
        }
    }
    if !keys.is_empty() {
        e.u8(3)?.array(keys.len() as u64)?;
        for (implementation_id, instance_id, key) in keys {
            e.array(2)?;
            environment(e, implementation_id, Some(instance_id))?;
            e.array(1)?.tag(Tag::new(554))?.str(&pem(key))?;
        }
    }
    Ok(())
}

fn environment(e: E<'_>, implementation_id: &ImplementationId, instance: Option<&InstanceId>) -> Done {
    e.map(1 + u64::from(instance.is_some()))?;
    e.u8(0)?.map(1)?.u8(0)?.tag(Tag::new(560))?.bytes(implementation_id.as_bytes())?;
    if let Some(id) = instance {
        e.u8(1)?.tag(Tag::new(550))?.bytes(id.as_bytes())?;
    }
    Ok(())
}

fn measurement(e: E<'_>, component: &Component) -> Done {
    e.map(2)?.u8(0)?.str(MKEY)?.u8(1)?;
    let texts = [&component.version, &component.measurement_type];
    e.map(2 + texts.iter().filter(|text| text.is_some()).count() as u64)?;
    if let Some(version) = &component.version {
        e.u8(0)?.map(1)?.u8(0)?.str(version)?;
    }
    let digest = component.measurement.as_bytes();
    let algorithm = match digest.len() {
        32 => 1,
        48 => 7,
        _ => 8,
    };
    e.u8(2)?.array(1)?.array(2)?.u8(algorithm)?.bytes(digest)?;
    if let Some(name) = &component.measurement_type {
        e.u8(11)?.str(name)?;
    }
    e.u8(13)?.array(1)?.tag(Tag::new(560))?.bytes(component.signer.as_bytes())?;
    Ok(())
}

/// SubjectPublicKeyInfo in PEM (RFC 7468).
fn pem(key: &PublicKey) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(key.spki());
    let lines: Vec<&str> =
        (0..text.len()).step_by(64).filter_map(|at| text.get(at..(at + 64).min(text.len()))).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}
