//! CoRIM in.

use super::{Corim, CorimError, MKEY, PROFILE};
use crate::endorse::Endorsement;
use crate::{Component, ComponentSet, Hash, ImplementationId, InstanceId, PublicKey};
use minicbor::Decoder;
use minicbor::data::Type;
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject;

type Result<T> = std::result::Result<T, CorimError>;

/// Reads an unsigned CoRIM.
///
/// # Errors
/// Where it is none, of another profile, or says something that is not understood.
pub fn read(bytes: &[u8]) -> Result<Corim> {
    let mut d = Decoder::new(bytes);
    let tag = cbor(&d, d.clone().tag())?.as_u64();
    if tag != 501 {
        return Err(CorimError::Tag(tag));
    }
    cbor(&d.clone(), d.tag())?;
    let (mut corim, mut id, mut profile) = (Corim::default(), None, None);
    map(&mut d, "the manifest", |d, key| {
        match key {
            0 => id = Some(text_or_uuid(d)?),
            1 => each(d, |d, _| tag_of(d, &mut corim))?,
            3 => profile = Some(uri(d)?),
            // Where it hangs together with others, how long it is valid, who wrote it: for whoever takes it in.
            2 | 4 | 5 => skip(d)?,
            other => return unknown("the manifest", format!("key {other}")),
        }
        Ok(())
    })?;
    if d.position() != bytes.len() {
        return Err(CorimError::Trailing(bytes.len() - d.position()));
    }
    corim.id = id.ok_or(CorimError::Missing { place: "the manifest", what: "id" })?;
    match profile.as_deref() {
        Some(PROFILE) => Ok(corim),
        Some(other) => unknown("the manifest", format!("profile {other}")),
        None => Err(CorimError::Missing { place: "the manifest", what: "profile" }),
    }
}

/// A tag of the manifest: of the three kinds only CoMID says what is taken here.
fn tag_of(d: &mut Decoder<'_>, corim: &mut Corim) -> Result<()> {
    let tag = cbor(&d.clone(), d.tag())?.as_u64();
    if tag != 506 {
        return unknown("the manifest's tags", format!("tag {tag}"));
    }
    let inside = cbor(&d.clone(), d.bytes())?;
    let mut d = Decoder::new(inside);
    let mut triples = false;
    map(&mut d, "the CoMID", |d, key| {
        match key {
            4 => {
                triples = true;
                map(d, "the triples", |d, kind| match kind {
                    0 => each(d, |d, number| reference(d, number, corim)),
                    3 => each(d, |d, number| key_triple(d, number, corim)),
                    other => unknown("the triples", format!("kind {other}")),
                })?;
            }
            // Language, identity, who wrote it, links.
            0..=3 => skip(d)?,
            other => return unknown("the CoMID", format!("key {other}")),
        }
        Ok(())
    })?;
    if d.position() != inside.len() {
        return Err(CorimError::Trailing(inside.len() - d.position()));
    }
    if triples { Ok(()) } else { Err(CorimError::Missing { place: "the CoMID", what: "triples" }) }
}

/// `[environment, [+ measurement]]`
fn reference(d: &mut Decoder<'_>, number: usize, corim: &mut Corim) -> Result<()> {
    pair(d, "a reference triple")?;
    let (implementation_id, instance) = environment(d)?;
    if instance.is_some() {
        return unknown("a reference triple", "an instance: releases are for all devices".into());
    }
    let mut components = Vec::new();
    each(d, |d, _| {
        components.push(measurement(d)?);
        Ok(())
    })?;
    let set = ComponentSet { implementation_id, components };
    set.check().map_err(|why| CorimError::Set { number, why })?;
    corim.sets.push(set);
    Ok(())
}

/// `{0: mkey, 1: mval}`
fn measurement(d: &mut Decoder<'_>) -> Result<Component> {
    const PLACE: &str = "a measurement";
    let (mut mkey, mut component) = (None, None);
    map(d, PLACE, |d, key| {
        match key {
            0 => mkey = Some(text(d)?),
            1 => component = Some(values(d)?),
            other => return unknown(PLACE, format!("key {other}")),
        }
        Ok(())
    })?;
    match mkey.as_deref() {
        Some(MKEY) => component.ok_or(CorimError::Missing { place: PLACE, what: "mval" }),
        Some(other) => unknown(PLACE, format!("mkey {other}")),
        None => Err(CorimError::Missing { place: PLACE, what: "mkey" }),
    }
}

/// The measured values of a component.
fn values(d: &mut Decoder<'_>) -> Result<Component> {
    const PLACE: &str = "the measured values";
    let (mut version, mut digest, mut name, mut signer) = (None, None, None, None);
    map(d, PLACE, |d, key| {
        match key {
            0 => map(d, "the version", |d, key| {
                match key {
                    0 => version = Some(text(d)?),
                    // The scheme in which versions are counted.
                    1 => skip(d)?,
                    other => return unknown("the version", format!("key {other}")),
                }
                Ok(())
            })?,
            2 => each(d, |d, number| {
                if number > 0 {
                    return unknown(PLACE, "a second digest: a token has one".into());
                }
                digest = Some(one_digest(d)?);
                Ok(())
            })?,
            11 => name = Some(text(d)?),
            13 => each(d, |d, number| {
                if number > 0 {
                    return unknown(PLACE, "a second signer: a token has one".into());
                }
                let bytes = tagged_bytes(d, 560, "the signer")?;
                signer = Some(
                    Hash::try_from(bytes).map_err(|why| CorimError::Bytes { place: "the signer", why })?,
                );
                Ok(())
            })?,
            other => return unknown(PLACE, format!("key {other}")),
        }
        Ok(())
    })?;
    Ok(Component {
        measurement_type: name,
        version,
        measurement: digest.ok_or(CorimError::Missing { place: PLACE, what: "digest" })?,
        signer: signer.ok_or(CorimError::Missing { place: PLACE, what: "signer (cryptokeys)" })?,
    })
}

/// `[algorithm, value]`: the algorithm as its number or its name in the registry of named information.
fn one_digest(d: &mut Decoder<'_>) -> Result<Hash> {
    const PLACE: &str = "a digest";
    pair(d, PLACE)?;
    let algorithm = match cbor(d, d.datatype())? {
        Type::String => text(d)?,
        _ => cbor(&d.clone(), d.i64())?.to_string(),
    };
    let length = match algorithm.as_str() {
        "1" | "sha-256" => 32,
        "7" | "sha-384" => 48,
        "8" | "sha-512" => 64,
        other => return unknown(PLACE, format!("algorithm {other}")),
    };
    let bytes = cbor(&d.clone(), d.bytes())?;
    let wrong =
        crate::BytesError::Length { bytes: bytes.len(), allowed: "the length that its algorithm gives" };
    match Hash::try_from(bytes) {
        Ok(hash) if bytes.len() == length => Ok(hash),
        _ => Err(CorimError::Bytes { place: PLACE, why: wrong }),
    }
}

/// `[environment, [key]]`
fn key_triple(d: &mut Decoder<'_>, number: usize, corim: &mut Corim) -> Result<()> {
    pair(d, "a key triple")?;
    let (implementation_id, instance_id) = environment(d)?;
    let instance_id = instance_id.ok_or(CorimError::Missing { place: "a key triple", what: "instance" })?;
    let mut key = None;
    each(d, |d, which| {
        if which > 0 {
            return unknown("a key triple", "a second key: an instance has one".into());
        }
        key = Some(verification_key(d, number)?);
        Ok(())
    })?;
    let public_key = key.ok_or(CorimError::Missing { place: "a key triple", what: "key" })?;
    corim.endorsements.push(Endorsement {
        instance_id,
        public_key,
        implementation_id: Some(implementation_id),
    });
    Ok(())
}

/// A key: SubjectPublicKeyInfo in PEM (554) or a COSE_Key (558).
fn verification_key(d: &mut Decoder<'_>, number: usize) -> Result<PublicKey> {
    let wrong = |why: String| CorimError::Key { number, why };
    match cbor(&d.clone(), d.tag())?.as_u64() {
        554 => {
            let pem = cbor(&d.clone(), d.str())?;
            let der =
                SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).map_err(|e| wrong(e.to_string()))?;
            PublicKey::of_spki(&der).map_err(|why| wrong(why.to_string()))
        }
        558 => Ok(crate::cose_key::read(d)?),
        other => unknown("a key triple", format!("a key of tag {other}")),
    }
}

/// The environment: the class, which is the implementation ID, and the instance.
fn environment(d: &mut Decoder<'_>) -> Result<(ImplementationId, Option<InstanceId>)> {
    const PLACE: &str = "an environment";
    let (mut class, mut instance) = (None, None);
    map(d, PLACE, |d, key| {
        match key {
            0 => map(d, "a class", |d, key| {
                match key {
                    0 => {
                        let bytes = tagged_bytes(d, 560, "the implementation ID")?;
                        let place = "the implementation ID";
                        let id = ImplementationId::try_from(bytes);
                        class = Some(id.map_err(|why| CorimError::Bytes { place, why })?);
                    }
                    // Vendor and model, in words.
                    1 | 2 => skip(d)?,
                    other => return unknown("a class", format!("key {other}")),
                }
                Ok(())
            })?,
            1 => {
                let place = "the instance";
                let bytes = tagged_bytes(d, 550, place)?;
                instance = Some(InstanceId::try_from(bytes).map_err(|why| CorimError::Bytes { place, why })?);
            }
            other => return unknown(PLACE, format!("key {other}")),
        }
        Ok(())
    })?;
    Ok((class.ok_or(CorimError::Missing { place: PLACE, what: "implementation ID (class)" })?, instance))
}

/// What the decoder says, with the place.
fn cbor<T>(d: &Decoder<'_>, result: std::result::Result<T, minicbor::decode::Error>) -> Result<T> {
    result.map_err(|error| CorimError::Cbor { at: d.position(), why: error.to_string() })
}

fn unknown<T>(place: &'static str, what: String) -> Result<T> {
    let what = what.escape_default().to_string();
    Err(CorimError::Unknown { place, what })
}

fn skip(d: &mut Decoder<'_>) -> Result<()> {
    cbor(&d.clone(), d.skip())
}

fn text(d: &mut Decoder<'_>) -> Result<String> {
    cbor(&d.clone(), d.str()).map(str::to_owned)
}

fn text_or_uuid(d: &mut Decoder<'_>) -> Result<String> {
    if cbor(d, d.datatype())? == Type::String {
        return text(d);
    }
    let bytes = if cbor(d, d.datatype())? == Type::Tag {
        tagged_bytes(d, 37, "the id")?
    } else {
        cbor(&d.clone(), d.bytes())?
    };
    Ok(hex::encode(bytes))
}

fn uri(d: &mut Decoder<'_>) -> Result<String> {
    match cbor(&d.clone(), d.tag())?.as_u64() {
        32 => text(d),
        other => unknown("the manifest", format!("profile of tag {other}")),
    }
}

fn tagged_bytes<'b>(d: &mut Decoder<'b>, needs: u64, place: &'static str) -> Result<&'b [u8]> {
    let tag = cbor(&d.clone(), d.tag())?.as_u64();
    if tag != needs {
        return unknown(place, format!("tag {tag} instead of {needs}"));
    }
    cbor(&d.clone(), d.bytes())
}

fn pair(d: &mut Decoder<'_>, place: &'static str) -> Result<()> {
    match cbor(&d.clone(), d.array())? {
        Some(2) => Ok(()),
        _ => unknown(place, "anything but two items".into()),
    }
}

/// Every item of an array of definite length.
fn each<'b>(d: &mut Decoder<'b>, mut item: impl FnMut(&mut Decoder<'b>, usize) -> Result<()>) -> Result<()> {
    let Some(count) = cbor(&d.clone(), d.array())? else {
        return unknown("an array", "an indefinite length".into());
    };
    for number in 0..usize::try_from(count).unwrap_or(usize::MAX) {
        item(d, number)?;
    }
    Ok(())
}

/// Every entry of a map with numbers for keys, each of them once.
fn map<'b>(
    d: &mut Decoder<'b>,
    place: &'static str,
    mut entry: impl FnMut(&mut Decoder<'b>, i64) -> Result<()>,
) -> Result<()> {
    let Some(count) = cbor(&d.clone(), d.map())? else {
        return unknown(place, "an indefinite length".into());
    };
    let mut seen = Vec::new();
    for _ in 0..count {
        let key = cbor(&d.clone(), d.i64())?;
        if seen.contains(&key) {
            return Err(CorimError::Repeated { place, key });
        }
        seen.push(key);
        entry(d, key)?;
    }
    Ok(())
}
