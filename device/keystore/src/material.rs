//! The bytes of a key, and which bytes make a key of which type.
//!
//! SFR: cryptographic-keystore, cryptographic-key-generation.

use crate::{Attributes, Error, Family, SelfTests};
use cdd_crypto::curve::{Curve, MAX_PUBLIC};
use cdd_crypto::psa::key_type;
use cdd_crypto::{MIN_KEY, SecureRandom, ed25519, put, x25519};
use zeroize::{Zeroize, Zeroizing};

/// Size of the longest key in bytes.
pub const MAX_KEY: usize = 128;

/// The bytes of a key. Wiped when dropped.
#[derive(Clone)]
pub(crate) struct Material {
    bytes: Zeroizing<[u8; MAX_KEY]>,
    size: usize,
}

impl Material {
    pub(crate) fn empty() -> Material {
        Material { bytes: Zeroizing::new([0; MAX_KEY]), size: 0 }
    }

    /// Wipes the bytes where they are.
    pub(crate) fn wipe(&mut self) {
        self.bytes.zeroize();
        self.size = 0;
    }

    pub(crate) fn new(from: &[u8]) -> Result<Material, Error> {
        if from.len() > MAX_KEY {
            return Err(Error::NotSupported);
        }
        let mut bytes = Zeroizing::new([0; MAX_KEY]);
        bytes.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        Ok(Material { bytes, size: from.len() })
    }

    pub(crate) fn zero(size: usize) -> Result<Material, Error> {
        Material::new([0; MAX_KEY].get(..size).ok_or(Error::NotSupported)?)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.size).unwrap_or(&[])
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.size).unwrap_or_default()
    }

    /// The bytes as an array, where the type of the key says that they are one.
    pub(crate) fn array<const N: usize>(&self) -> Result<&[u8; N], Error> {
        self.bytes().try_into().map_err(|_| Error::CorruptionDetected)
    }
}

/// What a key is, more handy than its type and size in bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Data that no algorithm takes.
    Raw,
    Hmac,
    Derive,
    Aes,
    ChaCha20,
    Curve {
        curve: Curve,
        public: bool,
    },
    X25519 {
        public: bool,
    },
    Ed25519 {
        public: bool,
    },
}

impl Kind {
    /// The kind of a key of this type and size; refuses all that is not of 128 bits of strength or not of ours.
    pub(crate) fn new(key_type: u16, bits: u16) -> Result<Kind, Error> {
        let public = key_type::is_public(key_type);
        let kind = match (key_type, bits) {
            (key_type::RAW_DATA, 8..) => Kind::Raw,
            (key_type::HMAC, 128..) => Kind::Hmac,
            (key_type::DERIVE, 128..) => Kind::Derive,
            (key_type::AES, 128 | 192 | 256) => Kind::Aes,
            (key_type::CHACHA20, 256) => Kind::ChaCha20,
            (key_type::ECC_KEY_PAIR_SECP_R1 | key_type::ECC_PUBLIC_KEY_SECP_R1, bits) => {
                Kind::Curve { curve: Curve::from_bits(bits.into()).ok_or(Error::NotSupported)?, public }
            }
            (key_type::ECC_KEY_PAIR_MONTGOMERY | key_type::ECC_PUBLIC_KEY_MONTGOMERY, 255) => {
                Kind::X25519 { public }
            }
            (key_type::ECC_KEY_PAIR_TWISTED_EDWARDS | key_type::ECC_PUBLIC_KEY_TWISTED_EDWARDS, 255) => {
                Kind::Ed25519 { public }
            }
            _ => return Err(Error::NotSupported),
        };
        let symmetric = matches!(kind, Kind::Raw | Kind::Hmac | Kind::Derive);
        if symmetric && (!bits.is_multiple_of(8) || usize::from(bits) > 8 * MAX_KEY) {
            return Err(Error::NotSupported);
        }
        Ok(kind)
    }

    /// Size in bytes of a key of this kind and size in bits.
    pub(crate) fn size(self, bits: u16) -> usize {
        match self {
            Kind::Curve { curve, public: true } => curve.public_size(),
            _ => usize::from(bits).div_ceil(8),
        }
    }

    /// The family that computes with such a key pair or public key.
    pub(crate) fn family(self) -> Option<Family> {
        match self {
            Kind::Curve { curve: Curve::P256, .. } => Some(Family::P256),
            Kind::Curve { curve: Curve::P384, .. } => Some(Family::P384),
            Kind::X25519 { .. } => Some(Family::X25519),
            Kind::Ed25519 { .. } => Some(Family::Ed25519),
            Kind::Raw | Kind::Hmac | Kind::Derive | Kind::Aes | Kind::ChaCha20 => None,
        }
    }
}

/// Size in bits that a key of this type has when these are its bytes.
fn bits_of(key_type: u16, size: usize) -> Result<u16, Error> {
    let bits = match (key_type, size) {
        (_, 0) => return Err(Error::InvalidArgument),
        (key_type::ECC_PUBLIC_KEY_SECP_R1, 65) => 256,
        (key_type::ECC_PUBLIC_KEY_SECP_R1, 97) => 384,
        (key_type::ECC_PUBLIC_KEY_SECP_R1, _) => return Err(Error::InvalidArgument),
        (key_type::ECC_KEY_PAIR_MONTGOMERY | key_type::ECC_PUBLIC_KEY_MONTGOMERY, 32) => 255,
        (key_type::ECC_KEY_PAIR_TWISTED_EDWARDS | key_type::ECC_PUBLIC_KEY_TWISTED_EDWARDS, 32) => 255,
        (_, size) => size.checked_mul(8).ok_or(Error::NotSupported)?,
    };
    u16::try_from(bits).map_err(|_| Error::NotSupported)
}

/// Checks that these bytes make such a key, and completes the size in the attributes.
pub(crate) fn check(tests: &mut SelfTests, attributes: &mut Attributes, bytes: &[u8]) -> Result<(), Error> {
    let bits = bits_of(attributes.key_type, bytes.len())?;
    if attributes.bits != 0 && attributes.bits != bits {
        return Err(Error::InvalidArgument);
    }
    attributes.bits = bits;
    let kind = Kind::new(attributes.key_type, bits)?;
    if let Some(family) = kind.family() {
        tests.require(family)?;
    }
    let good = match kind {
        Kind::Curve { curve, public: false } => curve.is_private(bytes),
        Kind::Curve { curve, public: true } => curve.is_public(bytes),
        Kind::Ed25519 { public: true } => bytes.try_into().is_ok_and(ed25519::is_public),
        Kind::Raw
        | Kind::Hmac
        | Kind::Derive
        | Kind::Aes
        | Kind::ChaCha20
        | Kind::X25519 { .. }
        | Kind::Ed25519 { public: false } => true,
    };
    if good { Ok(()) } else { Err(Error::InvalidArgument) }
}

/// Makes a new key of this kind and size.
pub(crate) fn generate(
    tests: &mut SelfTests,
    random: &mut impl SecureRandom,
    kind: Kind,
    bits: u16,
) -> Result<Material, Error> {
    if let Some(family) = kind.family() {
        tests.require(family)?;
    }
    let mut key = Material::zero(kind.size(bits))?;
    match kind {
        Kind::Curve { public: true, .. } | Kind::X25519 { public: true } | Kind::Ed25519 { public: true } => {
            return Err(Error::InvalidArgument);
        }
        Kind::Curve { curve, public: false } => {
            // A candidate is unsuitable with a probability of 2⁻³² (FIPS 186-5 A.2.2).
            let mut suitable = false;
            for _ in 0..8 {
                random.fill(key.bytes_mut())?;
                suitable = curve.is_private(key.bytes());
                if suitable {
                    break;
                }
            }
            if !suitable {
                return Err(Error::CorruptionDetected);
            }
        }
        _ => random.fill(key.bytes_mut())?,
    }
    let mut public = [0; MAX_PUBLIC];
    if kind.family().is_some() {
        let size = public_key(kind, &key, &mut public)?;
        let public = public.get(..size).unwrap_or(&[]);
        if !pairwise_consistent(random, kind, &key, public)? {
            return Err(Error::CorruptionDetected);
        }
    }
    Ok(key)
}

/// Writes the public half of a key pair, or a public key itself, to the start of `out`; returns its size.
pub(crate) fn public_key(kind: Kind, key: &Material, out: &mut [u8]) -> Result<usize, Error> {
    let computed;
    let public: &[u8] = match kind {
        Kind::Curve { curve, public: false } => return curve.public_key(key.bytes(), out),
        Kind::X25519 { public: false } => {
            computed = x25519::public_key(key.array()?);
            &computed
        }
        Kind::Ed25519 { public: false } => {
            computed = ed25519::public_key(key.array()?);
            &computed
        }
        Kind::Curve { .. } | Kind::X25519 { .. } | Kind::Ed25519 { .. } => key.bytes(),
        Kind::Raw | Kind::Hmac | Kind::Derive | Kind::Aes | Kind::ChaCha20 => {
            return Err(Error::InvalidArgument);
        }
    };
    put(public, out)
}

/// The pairwise consistency test of a new key pair (FIPS 140-3 IG 10.3.A; SP 800-56A §5.6.2.1.4).
fn pairwise_consistent(
    random: &mut impl SecureRandom,
    kind: Kind,
    key: &Material,
    public: &[u8],
) -> Result<bool, Error> {
    use cdd_crypto::curve::MAX_SIGNATURE;
    use cdd_crypto::digest::Hash;
    let mut challenge = Zeroizing::new([0; 32]);
    random.fill(&mut *challenge)?;
    match kind {
        Kind::Curve { curve, .. } => {
            let mut signature = [0; MAX_SIGNATURE];
            let size = curve.sign(Hash::Sha256, key.bytes(), &*challenge, &[], &mut signature)?;
            Ok(curve.verify(public, &*challenge, signature.get(..size).unwrap_or(&[])).is_ok())
        }
        Kind::Ed25519 { .. } => {
            let signature = ed25519::sign(key.array()?, &*challenge);
            let public = public.try_into().map_err(|_| Error::CorruptionDetected)?;
            Ok(ed25519::verify(public, &*challenge, &signature).is_ok())
        }
        Kind::X25519 { .. } => {
            // Both sides of an agreement with a key of the moment must come out the same.
            let public = public.try_into().map_err(|_| Error::CorruptionDetected)?;
            let here = x25519::agree(key.array()?, &x25519::public_key(&challenge));
            let there = x25519::agree(&challenge, public);
            Ok(matches!((here, there), (Ok(here), Ok(there)) if *here == *there))
        }
        Kind::Raw | Kind::Hmac | Kind::Derive | Kind::Aes | Kind::ChaCha20 => Ok(true),
    }
}

const _: () = assert!(MIN_KEY * 8 == 128 && MAX_PUBLIC <= MAX_KEY);

impl Drop for Material {
    fn drop(&mut self) {
        self.size.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(u8);

    impl SecureRandom for Counting {
        fn fill(&mut self, out: &mut [u8]) -> Result<(), Error> {
            out.iter_mut().for_each(|byte| {
                self.0 = self.0.wrapping_mul(5).wrapping_add(77);
                *byte = self.0;
            });
            Ok(())
        }
    }

    #[test]
    fn a_key_pair_whose_halves_do_not_match_is_noticed() {
        let mut tests = SelfTests::new();
        let mut random = Counting(1);
        for (key_type, bits) in [
            (key_type::ECC_KEY_PAIR_SECP_R1, 256),
            (key_type::ECC_KEY_PAIR_SECP_R1, 384),
            (key_type::ECC_KEY_PAIR_MONTGOMERY, 255),
            (key_type::ECC_KEY_PAIR_TWISTED_EDWARDS, 255),
        ] {
            let Ok(kind) = Kind::new(key_type, bits) else { panic!("{key_type:#x}") };
            let Ok(key) = generate(&mut tests, &mut random, kind, bits) else { panic!("{key_type:#x}") };
            let Ok(other) = generate(&mut tests, &mut random, kind, bits) else { panic!("{key_type:#x}") };
            let mut public = [0; MAX_PUBLIC];
            let size = public_key(kind, &key, &mut public).unwrap();
            let public = &public[..size];
            assert_eq!(pairwise_consistent(&mut random, kind, &key, public), Ok(true), "{key_type:#x}");
            assert_eq!(pairwise_consistent(&mut random, kind, &other, public), Ok(false), "{key_type:#x}");
        }
    }

    #[test]
    fn the_bytes_of_a_key_are_wiped_when_dropped() {
        fn wiped<T: zeroize::ZeroizeOnDrop>() {}
        wiped::<Zeroizing<[u8; MAX_KEY]>>();
        assert!(core::mem::needs_drop::<Material>());
    }
}
