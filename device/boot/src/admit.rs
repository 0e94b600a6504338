//! Whether the image of one slot may start: loads it, verifies the loaded copy, answers once.
//!
//! SFR: secure-initialization-of-platform.

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
    pub(super) const EXAMINED: u32 = 0x7B52_D8A1;
    pub(super) const DIGEST: u32 = 0xA4D3_6F18;
    pub(super) const SIGNATURE: u32 = 0x5D28_9BE6;
    pub(super) const AGAIN: u32 = 0xC60F_3B94;
}

const ALL_STEPS: u32 =
    Flow::expected(&[step::LOADED, step::EXAMINED, step::DIGEST, step::SIGNATURE, step::AGAIN]);

/// What an admission has shown so far. It outlives the function that fills it in: a fault that leads past the checks to
/// where *yes* is said does not lead past [`admit`], which looks at all of it again.
struct Proof {
    flow: Flow,
    /// The digest is that of the loaded bytes.
    same: Verdict,
    /// Both examinations.
    examined: [Verdict; 2],
    /// Both verifications of the signature.
    genuine: [Verdict; 2],
}

impl Proof {
    #[inline(always)]
    fn start() -> Proof {
        Proof {
            flow: Flow::start(),
            same: Verdict::NO,
            examined: [Verdict::NO; 2],
            genuine: [Verdict::NO; 2],
        }
    }

    /// Whether all steps were taken and all answers are *yes*.
    #[inline(never)]
    fn holds(&self) -> Verdict {
        let [first, second] = self.examined;
        let [genuine, again] = self.genuine;
        self.flow.is_at(ALL_STEPS).and(self.same).and(first).and(second).and(genuine).and(again)
    }
}

/// Loads the image of `slot` and verifies the loaded copy. On a refusal the copy is wiped.
#[inline(never)]
pub(crate) fn admit<M: Machine, C: Crypto>(
    machine: &mut M,
    policy: &Policy,
    slot: SlotId,
    hint: &Header,
    platform: Option<&PartEntry>,
) -> Result<PartEntry, Refusal> {
    let mut proof = Proof::start();
    let mut outcome = try_admit::<M, C>(machine, policy, slot, hint, platform, &mut proof);
    // For the second time, and from outside.
    if outcome.is_ok() && !cfg!(feature = "planted-unhardened") && !proof.holds().is_yes() {
        outcome = Err(Refusal::FaultDetected);
    }
    if outcome.is_err() {
        machine.wipe(slot.part());
    }
    outcome
}

#[inline(never)]
fn try_admit<M: Machine, C: Crypto>(
    machine: &mut M,
    policy: &Policy,
    slot: SlotId,
    hint: &Header,
    platform: Option<&PartEntry>,
    proof: &mut Proof,
) -> Result<PartEntry, Refusal> {
    let part = slot.part();
    let layout = machine.layout(part);

    let size = load(machine, slot, hint, layout)?;
    proof.flow.step(step::LOADED);

    // From here on only the loaded copy counts: the bytes checked are the bytes run.
    let signer = examine::<M, C>(machine, policy, part, size, platform, &mut proof.examined[0])?;
    proof.flow.step(step::EXAMINED);

    let image = Image::parse(machine.loaded(part, size))?;
    let claimed = *image.digest()?;
    let measurement = C::sha256(&[image.signed_bytes()]);
    proof.same = equal(&measurement, &claimed);
    if !proof.same.is_yes() {
        return Err(cdd_image::Error::DigestMismatch.into());
    }
    proof.flow.step(step::DIGEST);

    proof.genuine[0] = signed::<C>(machine.loaded(part, size), &signer.key, &measurement)?;
    if !proof.genuine[0].is_yes() {
        return Err(cdd_image::Error::SignatureInvalid.into());
    }
    proof.flow.step(step::SIGNATURE);

    if cfg!(feature = "planted-unhardened") {
        (proof.examined[1], proof.genuine[1]) = (proof.examined[0], proof.genuine[0]);
    } else {
        // All of it once more, from what the fuses say now: whatever one fault made of a counter, a key or an answer
        // the first time, this time it did not.
        let policy = Policy::read(machine).map_err(|_| Refusal::FusesUnreadable)?;
        let (part, size) = (launder(slot).part(), launder(size));
        let signer = examine::<M, C>(machine, &policy, part, size, platform, &mut proof.examined[1])?;
        proof.genuine[1] = signed::<C>(machine.loaded(part, size), &signer.key, &measurement)?;
    }
    proof.flow.step(step::AGAIN);

    if !proof.holds().is_yes() {
        return Err(Refusal::FaultDetected);
    }
    let image = Image::parse(machine.loaded(part, size))?;
    let mut name = [0u8; 32];
    let name = copied(image.name().ok_or(Refusal::NameMissing)?, &mut name);
    Ok(PartEntry::new(slot as u32, image.header().version, signer.counter, measurement, signer.hash, name))
}

/// Who signed an image, as it says itself, and the counter that it carries.
struct Signer {
    key: PublicKey,
    hash: [u8; 32],
    counter: u32,
}

/// Everything about the loaded image but its digest and its signature. `passed` is set as the very last.
#[inline(never)]
fn examine<M: Machine, C: Crypto>(
    machine: &mut M,
    policy: &Policy,
    part: PartId,
    size: u32,
    platform: Option<&PartEntry>,
    passed: &mut Verdict,
) -> Result<Signer, Refusal> {
    let layout = machine.layout(part);
    let image = Image::parse(machine.loaded(part, size))?;
    let hash = signer_hash::<C>(&image)?;
    if u32::try_from(image.total_size()) != Ok(size) {
        return Err(Refusal::FlashChanged);
    }
    let counter = structure(&image, part, layout, platform)?;
    let lowest = policy.security_counter(part.role());
    if counter < lowest {
        return Err(Refusal::CounterTooOld);
    }
    image.digest()?;
    image.signature()?;
    image.name().ok_or(Refusal::NameMissing)?;
    let (key, standing) = signer::<M, C>(machine, policy, part, &hash)?;
    let current = Verdict::from_check(launder(counter) >= launder(policy).security_counter(part.role()));
    *passed = current.and(standing);
    Ok(Signer { key, hash, counter })
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

/// The provisioned key with this hash, and that it is not revoked.
fn signer<M: Machine, C: Crypto>(
    machine: &mut M,
    policy: &Policy,
    part: PartId,
    hash: &[u8; 32],
) -> Result<(PublicKey, Verdict), Refusal> {
    let role = part.role();
    let mut found = Err(Refusal::KeyUnknown);
    // All of them, for a key that was provisioned twice is revoked if it is revoked once.
    for index in 0..KEYS_PER_ROLE {
        let Some(key) = PublicKey::read(machine, role, index).map_err(|_| Refusal::FusesUnreadable)? else {
            continue;
        };
        let own = match &key {
            PublicKey::P256(point) => C::sha256(&[&cdd_image::spki_p256(point)]),
            PublicKey::Ed25519(key) => C::sha256(&[&cdd_image::spki_ed25519(key)]),
        };
        let same = equal(&own, hash);
        if !same.is_yes() {
            continue;
        }
        if policy.is_revoked(role, index) {
            return Err(Refusal::KeyRevoked);
        }
        found = Ok((key, same.and(Verdict::from_check(!policy.is_revoked(launder(role), launder(index))))));
    }
    found
}

/// Whether `key` signed `digest`; a signature by the other algorithm is not. To be asked twice, for what an
/// implementation answers is a single bit, which a single fault can turn.
#[inline(never)]
fn signed<C: Crypto>(loaded: &[u8], key: &PublicKey, digest: &[u8; 32]) -> Result<Verdict, Refusal> {
    let signature = Image::parse(loaded)?.signature()?;
    Ok(match (key, &signature) {
        (PublicKey::P256(point), Signature::EcdsaP256(rs)) => {
            Verdict::from_check(C::verify_p256(point, digest, rs))
        }
        (PublicKey::Ed25519(key), Signature::Ed25519(signature)) => {
            Verdict::from_check(C::verify_ed25519(key, digest, signature))
        }
        _ => Verdict::NO,
    })
}

fn copied<'b>(name: &str, buffer: &'b mut [u8; 32]) -> &'b str {
    let mut len = 0;
    for (to, from) in buffer.iter_mut().zip(name.bytes()) {
        *to = from;
        len += 1;
    }
    core::str::from_utf8(buffer.get(..len).unwrap_or_default()).unwrap_or("")
}
