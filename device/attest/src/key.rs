//! The attestation key, bound to what boot started.
//!
//! SFR: attestation-of-platform-genuineness, verification-of-platform-instance-identity.

use crate::AttestError;
use cdd_crypto::curve::Curve;
use cdd_crypto::digest::Hash;
use cdd_crypto::kdf::hkdf;
use cdd_hardening::{equal, launder};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Size of a public key in bytes: `0x04 ‖ x ‖ y` (SEC 1 §2.3.3, what `psa_export_public_key` gives).
pub const PUBLIC_KEY_BYTES: usize = 65;
/// Size of an instance ID in bytes.
pub const INSTANCE_ID_BYTES: usize = 33;
/// Size of a signature in bytes: r ‖ s, as COSE wants it (RFC 9053 §2.1).
pub(crate) const SIGNATURE_BYTES: usize = 64;

const LABEL: [u8; 25] = *b"cdd attestation key ES256";
/// UEID of type RAND (RFC 9711 §4.2.1, RFC 9783 §4.2.1).
const UEID_RAND: u8 = 0x01;

/// The initial attestation key: ECDSA on P-256. Wiped when dropped; it can sign tokens and nothing else.
///
/// ```text
/// d = HKDF-SHA-256("", attest secret, "cdd attestation key ES256" ‖ i, 32)   for the first i = 1, 2, … that fits
/// ```
///
/// A candidate is taken when 0 < d < n (RFC 5869; rejection sampling as in FIPS 186-5 A.2.2), so that no
/// key is likelier than another.
pub struct AttestationKey {
    private: Zeroizing<[u8; 32]>,
    public: [u8; PUBLIC_KEY_BYTES],
    instance_id: [u8; INSTANCE_ID_BYTES],
}

impl ZeroizeOnDrop for AttestationKey {}

impl AttestationKey {
    /// Derives the key from the secret that boot handed over (`cdd_boot::Secrets::attest`), which is wiped
    /// whatever the outcome.
    pub fn derive(attest_secret: &mut [u8; 32]) -> Result<AttestationKey, AttestError> {
        let secret = Zeroizing::new(*attest_secret);
        attest_secret.zeroize();
        if secret.iter().fold(0, |any, byte| any | byte) == 0 {
            return Err(AttestError::NoSecret);
        }
        AttestationKey::first_of((1..=u8::MAX).filter_map(|i| candidate(&secret, i)))
    }

    fn first_of(
        mut candidates: impl Iterator<Item = Zeroizing<[u8; 32]>>,
    ) -> Result<AttestationKey, AttestError> {
        let fits = |candidate: &Zeroizing<[u8; 32]>| Curve::P256.is_private(&**candidate);
        candidates.find(fits).ok_or(AttestError::KeyDerivation).and_then(AttestationKey::new)
    }

    fn new(private: Zeroizing<[u8; 32]>) -> Result<AttestationKey, AttestError> {
        let mut public = [0u8; PUBLIC_KEY_BYTES];
        Curve::P256.public_key(&*private, &mut public).map_err(|_| AttestError::KeyDerivation)?;
        let mut instance_id = [UEID_RAND; INSTANCE_ID_BYTES];
        if let Some(hash) = instance_id.get_mut(1..) {
            Hash::Sha256.digest(&public, hash);
        }
        Ok(AttestationKey { private, public, instance_id })
    }

    /// The public key, uncompressed.
    pub fn public_key(&self) -> &[u8; PUBLIC_KEY_BYTES] {
        &self.public
    }

    /// The instance ID: `0x01 ‖ SHA-256(public key)` (RFC 9783 §4.2.1, PSA Attestation API 2.0 Table 4).
    pub fn instance_id(&self) -> &[u8; INSTANCE_ID_BYTES] {
        &self.instance_id
    }

    /// Signs a digest, deterministically (RFC 6979) and twice: such a signature with a fault in it, beside
    /// the right one of the same digest, gives the key away. It is only handed out if both are the same.
    pub(crate) fn sign(&self, digest: &[u8; 32]) -> Result<[u8; SIGNATURE_BYTES], AttestError> {
        let signature = self.sign_once(&launder(*digest))?;
        let again = self.sign_once(&launder(*digest))?;
        if equal(&signature, &again).is_yes() { Ok(signature) } else { Err(AttestError::FaultDetected) }
    }

    #[inline(never)]
    fn sign_once(&self, digest: &[u8; 32]) -> Result<[u8; SIGNATURE_BYTES], AttestError> {
        let mut signature = [0u8; SIGNATURE_BYTES];
        Curve::P256
            .sign(Hash::Sha256, &*self.private, digest, &[], &mut signature)
            .map_err(|_| AttestError::FaultDetected)?;
        Ok(signature)
    }
}

fn candidate(secret: &[u8; 32], number: u8) -> Option<Zeroizing<[u8; 32]>> {
    let mut info = [number; LABEL.len() + 1];
    info.iter_mut().zip(LABEL).for_each(|(to, from)| *to = from);
    let mut out = Zeroizing::new([0u8; 32]);
    hkdf(Hash::Sha256, &[], secret, &info, &mut *out).ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use core::cell::Cell;

    /// n of P-256 (SP 800-186 §3.2.1.3).
    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

    fn bytes(hex: &str) -> Zeroizing<[u8; 32]> {
        let mut out = Zeroizing::new([0u8; 32]);
        assert_eq!(hex::decode_to_slice(hex, &mut *out), Ok(()));
        out
    }

    fn public(candidates: &[Zeroizing<[u8; 32]>]) -> Result<[u8; 65], AttestError> {
        AttestationKey::first_of(candidates.iter().cloned()).map(|key| *key.public_key())
    }

    #[test]
    fn a_candidate_that_is_no_scalar_is_rejected_and_the_next_one_taken() {
        let zero = Zeroizing::new([0u8; 32]);
        let one = bytes("0000000000000000000000000000000000000000000000000000000000000001");
        let mut largest = bytes(ORDER);
        largest[31] -= 1;
        let all_ones = Zeroizing::new([0xFFu8; 32]);
        // The generator and its negative: the smallest and the largest scalar are both taken.
        let generator = public(&[one]).unwrap_or([0; 65]);
        assert_eq!(
            hex::encode(&generator[1..33]),
            "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        );
        assert_eq!(public(core::slice::from_ref(&largest)).map(|p| p[1..33] == generator[1..33]), Ok(true));
        for bad in [zero, bytes(ORDER), all_ones] {
            assert_eq!(public(core::slice::from_ref(&bad)), Err(AttestError::KeyDerivation));
            assert_eq!(public(&[bad, largest.clone()]), public(core::slice::from_ref(&largest)));
        }
    }

    #[test]
    fn the_secret_is_wiped_and_gives_a_key_once() {
        let mut secret = [0x5A; 32];
        let key = AttestationKey::derive(&mut secret).map(|key| *key.public_key());
        assert!(key.is_ok());
        assert_eq!(secret, [0; 32]);
        assert_eq!(AttestationKey::derive(&mut secret).err(), Some(AttestError::NoSecret));
        // The control: the same secret again gives the same key, one bit more gives another.
        assert_eq!(AttestationKey::derive(&mut [0x5A; 32]).map(|key| *key.public_key()), key);
        let mut other = [0x5A; 32];
        other[31] ^= 1;
        assert_ne!(AttestationKey::derive(&mut other).map(|key| *key.public_key()), key);
    }

    #[test]
    fn signatures_are_those_of_rfc_6979() {
        // RFC 6979 A.2.5, P-256 with SHA-256.
        let key =
            AttestationKey::new(bytes("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"));
        let signed = |message: &[u8]| {
            let mut digest = [0u8; 32];
            Hash::Sha256.digest(message, &mut digest);
            key.as_ref().ok().and_then(|key| key.sign(&digest).ok()).map(hex::encode).unwrap_or_default()
        };
        assert_eq!(
            signed(b"sample"),
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
             f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
        );
        assert_eq!(
            signed(b"test"),
            "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367\
             019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"
        );
    }

    #[test]
    fn the_derivation_stops_at_the_first_candidate_that_fits() {
        let drawn = Cell::new(0);
        let candidates = core::iter::repeat_with(|| {
            drawn.set(drawn.get() + 1);
            Zeroizing::new([drawn.get() - 1; 32])
        });
        assert!(AttestationKey::first_of(candidates.take(9)).is_ok());
        assert_eq!(drawn.get(), 2, "zero rejected, one taken");
    }
}
