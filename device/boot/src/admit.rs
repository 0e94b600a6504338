//! Whether the image of one slot may start: loads it, verifies the loaded copy, answers once.

use crate::{Crypto, Layout, Machine, PartEntry, PartId, Refusal, SlotId};
use cdd_fuses::{KEYS_PER_ROLE, Policy, PublicKey};
use cdd_hardening::{Flow, Verdict, equal, launder};
use cdd_image::{Header, Image, Signature, flags};

/// Flags that an image may carry: none, or where in RAM it runs.
const SUPPORTED_FLAGS: u32 = flags::RAM_LOAD;
/// Number of the platform image in a dependency.
const PLATFORM_IMAGE: u8 = 0;

/// The steps of an admission. Each is mixed into the flow only once its check has passed.
mod step {
    pub(super) const LOADED: u32 = 0x3E91_04C7;
    pub(super) const STRUCTURE: u32 = 0x7B52_D8A1;
    pub(super) const COUNTER: u32 = 0xC60F_3B94;
    pub(super) const KEY: u32 = 0x19E7_A25D;
    pub(super) const DIGEST: u32 = 0xA4D3_6F18;
    pub(super) const SIGNATURE: u32 = 0x5D28_9BE6;
}

const ALL_STEPS: u32 =
    Flow::expected(&[step::LOADED, step::STRUCTURE, step::COUNTER, step::KEY, step::DIGEST, step::SIGNATURE]);

/// Loads the image of `slot` and verifies the loaded copy. On a refusal the copy is wiped.
#[inline(never)]
pub(crate) fn admit<M: Machine, C: Crypto>(
    machine: &mut M,
    policy: &Policy,
    slot: SlotId,
    hint: &Header,
    platform: Option<&PartEntry>,
) -> Result<PartEntry, Refusal> {
    let outcome = try_admit::<M, C>(machine, policy, slot, hint, platform);
    if outcome.is_err() {
        machine.wipe(slot.part());
    }
    outcome
}

fn try_admit<M: Machine, C: Crypto>(
    machine: &mut M,
    policy: &Policy,
    slot: SlotId,
    hint: &Header,
    platform: Option<&PartEntry>,
) -> Result<PartEntry, Refusal> {
    let mut flow = Flow::start();
    let part = slot.part();
    let layout = machine.layout(part);

    let size = load(machine, slot, hint, layout)?;
    flow.step(step::LOADED);

    // From here on only the loaded copy counts: the bytes checked are the bytes run.
    let key_hash = signer_hash::<C>(&Image::parse(machine.loaded(part, size))?)?;
    let key = signer::<M, C>(machine, policy, part, &key_hash);
    let image = Image::parse(machine.loaded(part, size))?;
    if u32::try_from(image.total_size()) != Ok(size) {
        return Err(Refusal::FlashChanged);
    }
    let counter = structure(&image, part, layout, platform)?;
    flow.step(step::STRUCTURE);

    let lowest = policy.security_counter(part.role());
    if launder(counter) < lowest || launder(lowest) > counter {
        return Err(Refusal::CounterTooOld);
    }
    flow.step(step::COUNTER);

    let claimed = *image.digest()?;
    let measurement = C::sha256(&[image.signed_bytes()]);
    let signature = image.signature()?;
    let version = image.header().version;
    let mut name = [0u8; 32];
    let name = copied(image.name().ok_or(Refusal::NameMissing)?, &mut name);

    let key = key?;
    flow.step(step::KEY);

    let same = equal(&measurement, &claimed);
    if !same.is_yes() {
        return Err(cdd_image::Error::DigestMismatch.into());
    }
    flow.step(step::DIGEST);

    let genuine = signed::<C>(&key, &measurement, &signature);
    if !genuine.is_yes() {
        return Err(cdd_image::Error::SignatureInvalid.into());
    }
    flow.step(step::SIGNATURE);

    // The one place that says yes: all steps were taken, and both answers still stand.
    if !flow.is_at(ALL_STEPS).and(same).and(genuine).is_yes() {
        return Err(Refusal::FaultDetected);
    }
    Ok(PartEntry::new(slot as u32, version, counter, measurement, key_hash, name))
}

/// Copies the image from flash to where it runs; returns its size.
fn load<M: Machine>(machine: &mut M, slot: SlotId, hint: &Header, layout: Layout) -> Result<u32, Refusal> {
    if hint.header_size != layout.header_size {
        return Err(Refusal::WrongHeaderSize);
    }
    let limit = machine.slot_size(slot).min(layout.capacity);
    let signed = hint.signed_size()?;
    let mut tlv_info = [0u8; 4];
    if signed.checked_add(4).is_none_or(|end| end > limit) {
        return Err(Refusal::TooLarge);
    }
    if !machine.read_slot(slot, signed, &mut tlv_info) {
        return Err(Refusal::FlashUnreadable);
    }
    let size = cdd_image::total_size(hint, &tlv_info)?;
    if size > limit {
        return Err(Refusal::TooLarge);
    }
    if !machine.load(slot, size) {
        return Err(Refusal::FlashUnreadable);
    }
    Ok(size)
}

/// Everything about the image that needs no cryptography; returns its security counter.
fn structure(
    image: &Image<'_>,
    part: PartId,
    layout: Layout,
    platform: Option<&PartEntry>,
) -> Result<u32, Refusal> {
    let claimed = image.part()?;
    if claimed != part.name().as_bytes() || launder(claimed) != part.name().as_bytes() {
        return Err(Refusal::WrongPart);
    }
    let header = image.header();
    if header.flags & !SUPPORTED_FLAGS != 0 {
        return Err(Refusal::NotBootable);
    }
    if header.header_size != layout.header_size {
        return Err(Refusal::WrongHeaderSize);
    }
    if header.has(flags::RAM_LOAD) && header.load_address != layout.load_address {
        return Err(Refusal::WrongLoadAddress);
    }
    for dependency in image.dependencies() {
        let met = dependency.image == PLATFORM_IMAGE
            && platform.is_some_and(|platform| platform.version() >= dependency.version);
        if !met {
            return Err(Refusal::DependencyNotMet);
        }
    }
    Ok(image.security_counter()?)
}

/// Hash of the key that the image names as its signer's.
fn signer_hash<C: Crypto>(image: &Image<'_>) -> Result<[u8; 32], Refusal> {
    match (image.key_hash(), image.public_key()) {
        (Ok(hash), _) => Ok(*hash),
        (Err(_), Some(key)) => Ok(C::sha256(&[key])),
        (Err(error), None) => Err(error.into()),
    }
}

/// The provisioned key with this hash, unless it is revoked.
fn signer<M: Machine, C: Crypto>(
    machine: &mut M,
    policy: &Policy,
    part: PartId,
    hash: &[u8; 32],
) -> Result<PublicKey, Refusal> {
    let role = part.role();
    let mut found = Err(Refusal::KeyUnknown);
    let mut revoked = false;
    // All of them, for a key that was provisioned twice is revoked if it is revoked once.
    for index in 0..KEYS_PER_ROLE {
        let Some(key) = PublicKey::read(machine, role, index).map_err(|_| Refusal::FusesUnreadable)? else {
            continue;
        };
        let own = match &key {
            PublicKey::P256(point) => C::sha256(&[&cdd_image::spki_p256(point)]),
            PublicKey::Ed25519(key) => C::sha256(&[&cdd_image::spki_ed25519(key)]),
        };
        if !equal(&own, hash).is_yes() {
            continue;
        }
        revoked |= launder(policy.is_revoked(role, index)) || policy.is_revoked(launder(role), index);
        found = Ok(key);
    }
    if launder(revoked) {
        return Err(Refusal::KeyRevoked);
    }
    found
}

/// Whether `key` signed `digest`; a signature by the other algorithm is not. Verified twice, for what an
/// implementation answers is a single bit, which a single fault can turn.
#[inline(never)]
fn signed<C: Crypto>(key: &PublicKey, digest: &[u8; 32], signature: &Signature<'_>) -> Verdict {
    once::<C>(key, digest, signature).and(once::<C>(launder(key), launder(digest), launder(signature)))
}

#[inline(never)]
fn once<C: Crypto>(key: &PublicKey, digest: &[u8; 32], signature: &Signature<'_>) -> Verdict {
    match (key, signature) {
        (PublicKey::P256(point), Signature::EcdsaP256(rs)) => {
            Verdict::from_check(C::verify_p256(point, digest, rs))
        }
        (PublicKey::Ed25519(key), Signature::Ed25519(signature)) => {
            Verdict::from_check(C::verify_ed25519(key, digest, signature))
        }
        _ => Verdict::NO,
    }
}

fn copied<'b>(name: &str, buffer: &'b mut [u8; 32]) -> &'b str {
    let mut len = 0;
    for (to, from) in buffer.iter_mut().zip(name.bytes()) {
        *to = from;
        len += 1;
    }
    core::str::from_utf8(buffer.get(..len).unwrap_or_default()).unwrap_or("")
}
