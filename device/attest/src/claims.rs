//! What a token says.
//!
//! SFR: attestation-of-platform-genuineness, attestation-of-application-genuineness,
//! verification-of-platform-instance-identity.

use crate::AttestError;
use cdd_boot::{PartEntry, PartId, Record};
use cdd_crypto::digest::{Hash, Hasher};
use cdd_fuses::LifeCycle;
use core::num::NonZeroI32;

/// The client ID of a caller in the Non-secure world: negative (RFC 9783 §4.1.2).
pub const NON_SECURE_CALLER: NonZeroI32 = match NonZeroI32::new(-1) {
    Some(id) => id,
    None => NonZeroI32::MIN,
};

/// Longest verification service indicator in bytes.
pub const MAX_SERVICE_BYTES: usize = 128;

/// What a token says besides the challenge and what follows from the key.
///
/// Parts and life cycle are boot's own record: nobody after boot has a say in them.
#[derive(Clone, Copy)]
pub struct Claims<'a> {
    /// What boot recorded. Every part that it started is listed, in the order of [`PartId::ALL`].
    pub record: &'a Record,
    /// What the immutable part of the platform is, the same for all instances; see [`implementation_id`].
    pub implementation_id: &'a [u8; 32],
    /// Who asks: [`NON_SECURE_CALLER`], or positive for a caller in the Secure world.
    pub client_id: NonZeroI32,
    /// Random bytes drawn once after reset, 8 to 32 of them.
    pub boot_seed: Option<&'a [u8]>,
    /// A hint where this token can be verified, 1 to [`MAX_SERVICE_BYTES`] bytes, usually a URL.
    pub verification_service: Option<&'a str>,
    /// Where the platform is listed as certified.
    pub certification_reference: Option<CertificationReference<'a>>,
}

impl<'a> Claims<'a> {
    /// The parts that boot started.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (PartId, &'a PartEntry)> {
        let record = self.record;
        PartId::ALL.into_iter().filter_map(move |part| Some((part, record.part(part)?)))
    }

    /// The life-cycle state that boot recorded, as RFC 9783 numbers it.
    pub(crate) fn life_cycle(&self) -> u16 {
        let number = self.record.life_cycle;
        psa_life_cycle(LifeCycle::ALL.into_iter().find(|state| *state as u32 == number))
    }

    pub(crate) fn check(&self) -> Result<(), AttestError> {
        if self.record.part(PartId::Boot).is_none() || self.record.part(PartId::Platform).is_none() {
            return Err(AttestError::PartMissing);
        }
        if self.boot_seed.is_some_and(|seed| !(8..=32).contains(&seed.len())) {
            return Err(AttestError::BootSeedLength);
        }
        if self.verification_service.is_some_and(|s| s.is_empty() || s.len() > MAX_SERVICE_BYTES) {
            return Err(AttestError::ServiceLength);
        }
        Ok(())
    }
}

/// A certification reference: an EAN-13, a dash, five digits of version (RFC 9783 §4.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertificationReference<'a>(&'a str);

impl<'a> CertificationReference<'a> {
    /// Size of every reference in bytes.
    pub const BYTES: usize = 19;

    /// Takes a text that has the form of a reference; the check digit of the EAN is not looked at.
    pub fn new(text: &'a str) -> Result<Self, AttestError> {
        let fits = |(at, byte): (usize, u8)| if at == 13 { byte == b'-' } else { byte.is_ascii_digit() };
        if text.len() == Self::BYTES && text.bytes().enumerate().all(fits) {
            Ok(CertificationReference(text))
        } else {
            Err(AttestError::CertificationReference)
        }
    }

    /// The text.
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

/// The security life cycle claim for a state of ours (RFC 9783 §4.3.1; the low byte stays zero).
///
/// A verifier may only trust a token of a device in `0x3000`. Where our states know less than RFC 9783's,
/// the less trusted one is said: authorised debugging reaches the platform too and is therefore PSA RoT
/// debug (`0x5000`), never non-PSA-RoT debug (`0x4000`); fuses that stand for no state are unknown.
pub const fn psa_life_cycle(state: Option<LifeCycle>) -> u16 {
    match state {
        None => 0x0000,
        Some(LifeCycle::Assembly) => 0x1000,
        Some(LifeCycle::Provisioning) => 0x2000,
        Some(LifeCycle::Secured) => 0x3000,
        Some(LifeCycle::DebugAuthorised) => 0x5000,
        Some(LifeCycle::Decommissioned) => 0x6000,
    }
}

/// The implementation ID: SHA-256 over what does not change in a device's life, that is the hardware as the
/// identity fields name it and the immutable boot code as it is.
///
/// ```text
/// SHA-256("cdd implementation" ‖ len ‖ hardware reference ‖ len ‖ hardware version ‖ boot measurement)
/// ```
///
/// `len` is one byte; the texts are the identity fields without padding, of which at most 255 bytes count.
pub fn implementation_id(
    hardware_reference: &[u8],
    hardware_version: &[u8],
    boot_measurement: &[u8; 32],
) -> [u8; 32] {
    let mut hasher = Hasher::new(Hash::Sha256);
    hasher.update(b"cdd implementation");
    for text in [hardware_reference, hardware_version] {
        let len = u8::try_from(text.len()).unwrap_or(u8::MAX);
        hasher.update(&[len]);
        hasher.update(text.get(..usize::from(len)).unwrap_or(text));
    }
    hasher.update(boot_measurement);
    let mut id = [0u8; 32];
    hasher.finish(&mut id);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_maps_to_its_own_psa_state_and_only_a_secured_device_says_secured() {
        let table = [
            (None, 0x0000),
            (Some(LifeCycle::Assembly), 0x1000),
            (Some(LifeCycle::Provisioning), 0x2000),
            (Some(LifeCycle::Secured), 0x3000),
            (Some(LifeCycle::DebugAuthorised), 0x5000),
            (Some(LifeCycle::Decommissioned), 0x6000),
        ];
        assert_eq!(table.len(), LifeCycle::ALL.len() + 1);
        for (state, number) in table {
            assert_eq!(psa_life_cycle(state), number, "{state:?}");
            // The two states whose tokens RFC 9783 lets a verifier trust.
            let trusted = [0x30, 0x40].contains(&(number >> 8));
            assert_eq!(trusted, state == Some(LifeCycle::Secured), "{state:?}");
        }
    }

    #[test]
    fn a_certification_reference_is_thirteen_digits_a_dash_and_five_digits() {
        let good = "1234567890123-12345";
        assert_eq!(CertificationReference::new(good).map(CertificationReference::as_str), Ok(good));
        for bad in [
            "",
            "1234567890123",
            "123456789012312345",
            "1234567890123-1234",
            "1234567890123-123456",
            "1234567890123 12345",
            "123456789012-312345",
            "1234567890123-1234a",
            "٣234567890123-1234",
        ] {
            assert_eq!(CertificationReference::new(bad), Err(AttestError::CertificationReference), "{bad}");
        }
    }

    #[test]
    fn the_implementation_id_depends_on_each_field_and_on_where_one_ends() {
        let id = implementation_id(b"board", b"1.0", &[7; 32]);
        assert_eq!(id, implementation_id(b"board", b"1.0", &[7; 32]));
        assert_ne!(id, implementation_id(b"boar", b"d1.0", &[7; 32]));
        assert_ne!(id, implementation_id(b"board", b"1.1", &[7; 32]));
        assert_ne!(id, implementation_id(b"board", b"1.0", &[8; 32]));
        // Longer than any identity field, and still an answer.
        let long = [b'x'; 300];
        assert_eq!(implementation_id(&long, b"", &[0; 32]), implementation_id(&long[..255], b"", &[0; 32]));
    }

    #[test]
    fn the_non_secure_caller_is_negative() {
        assert_eq!(NON_SECURE_CALLER.get(), -1);
    }
}
