//! Known-answer tests before first use (FIPS 140-3 IG 10.3.A).
//!
//! Each family of algorithms is tested on its first use, so that a device pays only for what it uses. One that
//! fails refuses from then on: nothing but a reset of the device starts afresh. The other families go on, for
//! a broken AES must not silence what a working hash still protects.
//!
//! The inputs are the bytes 0, 1, 2, … 63; the answers were made by OpenSSL 3, which shares no code with this
//! crate. Standard vectors are what `tests/` runs.
//!
//! SFR: cryptographic-operation.

use crate::Error;
#[cfg(any(feature = "ccm", feature = "gcm", feature = "chacha20poly1305"))]
use crate::aead::{self, Aead};
use crate::digest::{Hash, MAX_SIZE};
use crate::mac::{Mac, MacAlgorithm};
use crate::{drbg, kdf};

macro_rules! families {
    ($( $(#[doc = $doc:literal])* $(#[cfg($cfg:meta)])? $name:ident $text:literal $test:ident; )*) => {
        /// A family of algorithms that is tested, and fails, together.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Family { $( $(#[doc = $doc])* $name ),* }

        impl Family {
            /// All families, those that are not linked included.
            pub const ALL: &[Family] = &[ $( Family::$name ),* ];

            /// The stable name used in reports.
            pub const fn name(self) -> &'static str {
                match self { $( Family::$name => $text ),* }
            }
        }

        /// Runs the test of a family on this input; false as well for one that is not linked.
        fn run(family: Family, input: &Input) -> bool {
            match family {
                $( $(#[cfg($cfg)])? Family::$name => $test(input).is_ok_and(|good| good), )*
                // There is none when all are linked.
                #[allow(unreachable_patterns)]
                _ => false,
            }
        }
    };
}

families! {
    /// SHA-256, SHA-384, SHA-512.
    Hash "hash" hash;
    /// HMAC.
    Hmac "hmac" hmac;
    /// AES-CMAC.
    #[cfg(feature = "cmac")]
    Cmac "cmac" cmac;
    /// AES in CBC and counter mode.
    #[cfg(feature = "cipher")]
    Cipher "cipher" cipher;
    /// AES-CCM.
    #[cfg(feature = "ccm")]
    Ccm "ccm" ccm;
    /// AES-GCM.
    #[cfg(feature = "gcm")]
    Gcm "gcm" gcm;
    /// ChaCha20-Poly1305.
    #[cfg(feature = "chacha20poly1305")]
    ChaCha20Poly1305 "chacha20-poly1305" chacha;
    /// ECDSA and Diffie-Hellman on P-256.
    #[cfg(feature = "p256")]
    P256 "p256" p256;
    /// ECDSA on P-384.
    #[cfg(feature = "p384")]
    P384 "p384" p384;
    /// Ed25519.
    #[cfg(feature = "ed25519")]
    Ed25519 "ed25519" ed25519;
    /// X25519.
    #[cfg(feature = "x25519")]
    X25519 "x25519" x25519;
    /// HKDF.
    Hkdf "hkdf" hkdf;
    /// HMAC_DRBG.
    Drbg "drbg" random;
}

/// How the test of a family went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestState {
    /// The family was not used yet.
    NotRun,
    /// It gave the known answer.
    Passed,
    /// It did not: refused until reset.
    Failed,
}

/// The state of all self-tests. There is one in a device, and it lives until reset.
#[derive(Debug)]
pub struct SelfTests {
    states: [TestState; Family::ALL.len()],
    #[cfg(feature = "plant")]
    planted: Option<Family>,
}

impl Default for SelfTests {
    fn default() -> SelfTests {
        SelfTests::new()
    }
}

impl SelfTests {
    /// Nothing tested yet.
    pub const fn new() -> SelfTests {
        SelfTests {
            states: [TestState::NotRun; Family::ALL.len()],
            #[cfg(feature = "plant")]
            planted: None,
        }
    }

    /// Must be asked before every use of a family: tests it if that has not been done.
    pub fn require(&mut self, family: Family) -> Result<(), Error> {
        let fault = self.fault(family);
        let Some(state) = self.states.get_mut(family as usize) else {
            return Err(Error::SelfTest(family));
        };
        if *state == TestState::NotRun {
            // Failed unless the test comes back and says otherwise.
            *state = TestState::Failed;
            let mut input = INPUT;
            input[0] ^= fault;
            if run(family, &input) {
                *state = TestState::Passed;
            }
        }
        match state {
            TestState::Passed => Ok(()),
            TestState::NotRun | TestState::Failed => Err(Error::SelfTest(family)),
        }
    }

    /// How the test of a family went; runs nothing.
    pub fn state(&self, family: Family) -> TestState {
        self.states.get(family as usize).copied().unwrap_or(TestState::Failed)
    }

    /// Makes the test of this family fail when it runs, as a defective implementation would.
    #[cfg(feature = "plant")]
    pub fn plant_failure(&mut self, family: Family) {
        self.planted = Some(family);
    }

    #[cfg(feature = "plant")]
    fn fault(&self, family: Family) -> u8 {
        u8::from(self.planted == Some(family)) << 6
    }

    #[cfg(not(feature = "plant"))]
    fn fault(&self, _: Family) -> u8 {
        0
    }
}

type Input = [u8; 64];

const INPUT: Input = {
    let mut input = [0; 64];
    let mut i = 0;
    while i < 64 {
        input[i] = i as u8;
        i += 1;
    }
    input
};

/// `input` from its start; empty if it were too short, which no answer matches.
fn first(input: &Input, size: usize) -> &[u8] {
    input.get(..size).unwrap_or(&[])
}

fn hash(input: &Input) -> Result<bool, Error> {
    let good = digest_is(Hash::Sha256, input, &SHA_256);
    #[cfg(feature = "sha512")]
    let good = good && digest_is(Hash::Sha384, input, &SHA_384) && digest_is(Hash::Sha512, input, &SHA_512);
    Ok(good)
}

fn digest_is(hash: Hash, input: &Input, answer: &[u8]) -> bool {
    let mut out = [0; MAX_SIZE];
    let size = hash.digest(input, &mut out);
    out.get(..size) == Some(answer)
}

fn mac_is(algorithm: MacAlgorithm, key: &[u8], message: &[u8], answer: &[u8]) -> Result<bool, Error> {
    let mut mac = Mac::new(algorithm, key)?;
    mac.update(message);
    Ok(mac.verify(answer).is_ok())
}

fn hmac(input: &Input) -> Result<bool, Error> {
    let good = mac_is(MacAlgorithm::hmac(Hash::Sha256), first(input, 32), input, &HMAC_SHA_256)?;
    #[cfg(feature = "sha512")]
    let good = good && mac_is(MacAlgorithm::hmac(Hash::Sha512), first(input, 32), input, &HMAC_SHA_512)?;
    Ok(good)
}

#[cfg(feature = "cmac")]
fn cmac(input: &Input) -> Result<bool, Error> {
    let algorithm = MacAlgorithm::from_psa(crate::psa::alg::CMAC).ok_or(Error::NotSupported)?;
    mac_is(algorithm, first(input, 16), first(input, 40), &CMAC)
}

#[cfg(feature = "cipher")]
fn cipher(input: &Input) -> Result<bool, Error> {
    use crate::cipher::{CipherMode, Direction, crypt};
    let iv = input.first_chunk().ok_or(Error::InvalidArgument)?;
    let mut good = true;
    for (mode, key, answer) in [
        (CipherMode::CbcNoPadding, 16, &CBC_128[..]),
        (CipherMode::CbcNoPadding, 24, &CBC_192),
        (CipherMode::CbcNoPadding, 32, &CBC_256),
        (CipherMode::Ctr, 16, &CTR),
    ] {
        let (key, plain) = (first(input, key), first(input, answer.len()));
        let (mut there, mut back) = ([0; 40], [0; 40]);
        let size = crypt(mode, Direction::Encrypt, key, iv, plain, &mut there)?;
        good &= there.get(..size) == Some(answer);
        let size = crypt(mode, Direction::Decrypt, key, iv, answer, &mut back)?;
        good &= back.get(..size) == Some(plain);
    }
    Ok(good)
}

#[cfg(any(feature = "ccm", feature = "gcm", feature = "chacha20poly1305"))]
fn aead_is(aead: Aead, key: usize, nonce: usize, input: &Input, answer: &[u8; 36]) -> Result<bool, Error> {
    let (key, nonce, text) = (first(input, key), first(input, nonce), first(input, 20));
    let (mut there, mut back) = ([0; 36], [0; 20]);
    aead::encrypt(aead, key, nonce, text, text, &mut there)?;
    aead::decrypt(aead, key, nonce, text, answer, &mut back)?;
    let mut changed = *answer;
    changed[0] ^= 1;
    let refused = aead::decrypt(aead, key, nonce, text, &changed, &mut [0; 20]).is_err();
    Ok(there == *answer && back == *text && refused)
}

#[cfg(feature = "ccm")]
fn ccm(input: &Input) -> Result<bool, Error> {
    aead_is(Aead::Ccm, 16, 13, input, &CCM)
}

#[cfg(feature = "gcm")]
fn gcm(input: &Input) -> Result<bool, Error> {
    aead_is(Aead::Gcm, 16, 12, input, &GCM)
}

#[cfg(feature = "chacha20poly1305")]
fn chacha(input: &Input) -> Result<bool, Error> {
    aead_is(Aead::ChaCha20Poly1305, 32, 12, input, &CHACHA)
}

/// Signs and verifies with a key, and on a hash, that are the first bytes of the input.
#[cfg(feature = "ecdsa")]
fn ecdsa_is(curve: crate::curve::Curve, hash: Hash, input: &Input, answer: &[u8]) -> Result<bool, Error> {
    use crate::curve::{MAX_PUBLIC, MAX_SIGNATURE};
    let key = first(input, curve.size());
    let mut public = [0; MAX_PUBLIC];
    let size = curve.public_key(key, &mut public)?;
    let public = public.get(..size).unwrap_or(&[]);
    let mut signature = [0; MAX_SIGNATURE];
    let size = curve.sign(hash, key, key, &[], &mut signature)?;
    let signature = signature.get_mut(..size).unwrap_or_default();
    let good = *signature == *answer && curve.verify(public, key, signature).is_ok();
    signature.iter_mut().take(1).for_each(|byte| *byte ^= 1);
    Ok(good && curve.verify(public, key, signature).is_err())
}

#[cfg(feature = "p256")]
fn p256(input: &Input) -> Result<bool, Error> {
    let curve = crate::curve::Curve::P256;
    let (key, peer) = input.split_at(32);
    let (mut public, mut shared) = ([0; 65], [0; 32]);
    curve.public_key(peer, &mut public)?;
    curve.agree(key, &public, &mut shared)?;
    Ok(shared == ECDH_P256 && ecdsa_is(curve, Hash::Sha256, input, &ECDSA_P256)?)
}

#[cfg(feature = "p384")]
fn p384(input: &Input) -> Result<bool, Error> {
    ecdsa_is(crate::curve::Curve::P384, Hash::Sha384, input, &ECDSA_P384)
}

#[cfg(feature = "ed25519")]
fn ed25519(input: &Input) -> Result<bool, Error> {
    let key = input.first_chunk().ok_or(Error::InvalidArgument)?;
    let public = crate::ed25519::public_key(key);
    let mut changed = ED25519;
    changed[0] ^= 1;
    Ok(crate::ed25519::sign(key, input) == ED25519
        && crate::ed25519::verify(&public, input, &ED25519).is_ok()
        && crate::ed25519::verify(&public, input, &changed).is_err())
}

#[cfg(feature = "x25519")]
fn x25519(input: &Input) -> Result<bool, Error> {
    let key = input.first_chunk().ok_or(Error::InvalidArgument)?;
    let peer = crate::x25519::public_key(input.last_chunk().ok_or(Error::InvalidArgument)?);
    Ok(*crate::x25519::agree(key, &peer)? == X25519)
}

fn hkdf(input: &Input) -> Result<bool, Error> {
    let mut out = [0; 40];
    kdf::hkdf(Hash::Sha256, first(input, 16), first(input, 32), first(input, 8), &mut out)?;
    Ok(out == HKDF)
}

fn random(input: &Input) -> Result<bool, Error> {
    // The generator has a test of its own; a planted fault is all that there is of the input.
    Ok(drbg::self_test() && input[0] == 0)
}

static SHA_256: [u8; 32] = [
    0xfd, 0xea, 0xb9, 0xac, 0xf3, 0x71, 0x03, 0x62, 0xbd, 0x26, 0x58, 0xcd, 0xc9, 0xa2, 0x9e, 0x8f, 0x9c,
    0x75, 0x7f, 0xcf, 0x98, 0x11, 0x60, 0x3a, 0x8c, 0x44, 0x7c, 0xd1, 0xd9, 0x15, 0x11, 0x08,
];
#[cfg(feature = "sha512")]
static SHA_384: [u8; 48] = [
    0x9f, 0x2c, 0x9e, 0xb7, 0x11, 0x6b, 0x3d, 0x7a, 0x4b, 0xa8, 0x4a, 0x74, 0xa4, 0xd4, 0xef, 0xf8, 0xa5,
    0xef, 0xcf, 0x54, 0xb6, 0xd7, 0xb6, 0x62, 0x69, 0x3c, 0x38, 0x57, 0x79, 0x14, 0xc7, 0x3a, 0x21, 0x47,
    0x66, 0xf0, 0xa1, 0x75, 0x33, 0x9b, 0xb0, 0x89, 0x5a, 0x86, 0x38, 0x24, 0xfc, 0x0a,
];
#[cfg(feature = "sha512")]
static SHA_512: [u8; 64] = [
    0xee, 0x43, 0x20, 0xeb, 0xaf, 0x3f, 0xdb, 0x4f, 0x2c, 0x83, 0x2b, 0x13, 0x72, 0x00, 0xc0, 0x8e, 0x23,
    0x5e, 0x0f, 0xa7, 0xbb, 0xd0, 0xeb, 0x17, 0x40, 0xc7, 0x06, 0x3b, 0xa8, 0xa0, 0xd1, 0x51, 0xda, 0x77,
    0xe0, 0x03, 0x39, 0x8e, 0x17, 0x14, 0xa9, 0x55, 0xd4, 0x75, 0xb0, 0x5e, 0x3e, 0x95, 0x0b, 0x63, 0x95,
    0x03, 0xb4, 0x52, 0xec, 0x18, 0x5d, 0xe4, 0x22, 0x9b, 0xc4, 0x87, 0x39, 0x49,
];
static HMAC_SHA_256: [u8; 32] = [
    0x17, 0x32, 0x06, 0x78, 0x1c, 0x3b, 0x82, 0x8a, 0x0d, 0xc2, 0xa7, 0x16, 0xfe, 0x0d, 0xdb, 0x5e, 0x6e,
    0x56, 0xec, 0x17, 0x11, 0x70, 0x95, 0x2f, 0xf6, 0xb3, 0xf4, 0xde, 0x44, 0xfa, 0x18, 0xd7,
];
#[cfg(feature = "sha512")]
static HMAC_SHA_512: [u8; 64] = [
    0x25, 0x92, 0xee, 0x5d, 0x89, 0x38, 0x26, 0xf1, 0xbe, 0x2d, 0x66, 0x6a, 0x5a, 0x1a, 0x7e, 0x1c, 0x7f,
    0x8a, 0xa2, 0xba, 0x27, 0x5a, 0xd3, 0x15, 0x1b, 0xfd, 0xf1, 0x82, 0x65, 0x9b, 0x64, 0xa5, 0xa2, 0x77,
    0xc2, 0xb5, 0x01, 0x16, 0x4b, 0xfd, 0xdc, 0x5d, 0x23, 0x6e, 0x29, 0xc3, 0xe6, 0x30, 0x4a, 0x19, 0x07,
    0xc6, 0x8f, 0xfe, 0xa2, 0x4b, 0x44, 0xf5, 0x48, 0x19, 0xd9, 0xca, 0x5c, 0x45,
];
#[cfg(feature = "cmac")]
static CMAC: [u8; 16] =
    [0x29, 0x14, 0x6c, 0xa6, 0x2a, 0x43, 0x2a, 0xd9, 0x8f, 0x98, 0xc3, 0x4f, 0x23, 0xd2, 0x09, 0x1a];
#[cfg(feature = "cipher")]
static CBC_128: [u8; 32] = [
    0xc6, 0xa1, 0x3b, 0x37, 0x87, 0x8f, 0x5b, 0x82, 0x6f, 0x4f, 0x81, 0x62, 0xa1, 0xc8, 0xd8, 0x79, 0x35,
    0xd9, 0xdc, 0xdb, 0x82, 0x9f, 0xec, 0x33, 0x52, 0xe7, 0xbf, 0x10, 0xb8, 0x4b, 0xe4, 0xa5,
];
#[cfg(feature = "cipher")]
static CBC_192: [u8; 32] = [
    0x91, 0x62, 0x51, 0x82, 0x1c, 0x73, 0xa5, 0x22, 0xc3, 0x96, 0xd6, 0x27, 0x38, 0x01, 0x96, 0x07, 0x18,
    0x17, 0xdb, 0x15, 0x0e, 0x77, 0x1c, 0x58, 0x9e, 0xd0, 0x80, 0x49, 0x3d, 0xe7, 0x33, 0x8b,
];
#[cfg(feature = "cipher")]
static CBC_256: [u8; 32] = [
    0xf2, 0x90, 0x00, 0xb6, 0x2a, 0x49, 0x9f, 0xd0, 0xa9, 0xf3, 0x9a, 0x6a, 0xdd, 0x2e, 0x77, 0x80, 0x95,
    0x43, 0xb8, 0x6f, 0xc0, 0x46, 0xfa, 0x88, 0x3a, 0x94, 0x46, 0xb8, 0x2e, 0x47, 0xd1, 0x2d,
];
#[cfg(feature = "cipher")]
static CTR: [u8; 40] = [
    0x0a, 0x95, 0x09, 0xb6, 0x45, 0x6b, 0xf6, 0x42, 0xf9, 0xca, 0x9e, 0x53, 0xca, 0x5e, 0xe4, 0x55, 0x12,
    0x72, 0xfe, 0x87, 0x72, 0x0d, 0x64, 0x81, 0x82, 0xc3, 0xe7, 0x14, 0x57, 0xb9, 0x11, 0xc3, 0x3a, 0x0c,
    0xb6, 0x90, 0x35, 0x39, 0x83, 0xdf,
];
#[cfg(feature = "ccm")]
static CCM: [u8; 36] = [
    0x16, 0x35, 0xb6, 0x8b, 0x57, 0x0c, 0xfc, 0x85, 0x52, 0x9e, 0x39, 0xac, 0x91, 0x39, 0x10, 0xd7, 0xf3,
    0x11, 0x16, 0x31, 0xf9, 0x0d, 0x4c, 0x48, 0x7c, 0x1b, 0x51, 0xe4, 0xf9, 0xbb, 0x3c, 0x19, 0xaf, 0x30,
    0xf8, 0x1b,
];
#[cfg(feature = "gcm")]
static GCM: [u8; 36] = [
    0x93, 0x6d, 0xa5, 0xcd, 0x62, 0x1e, 0xf1, 0x53, 0x43, 0xdb, 0x6b, 0x81, 0x3a, 0xae, 0x7e, 0x07, 0xa3,
    0x37, 0x08, 0xf5, 0x00, 0x8b, 0x7a, 0xdc, 0xc2, 0x10, 0xa0, 0xe2, 0xd6, 0xd8, 0x02, 0x69, 0xfe, 0x02,
    0x17, 0x70,
];
#[cfg(feature = "chacha20poly1305")]
static CHACHA: [u8; 36] = [
    0x89, 0xfa, 0x0a, 0x03, 0x2d, 0x12, 0xa3, 0x47, 0xbf, 0x8a, 0x35, 0xf8, 0x94, 0x10, 0x00, 0x6c, 0xd9,
    0x61, 0xa0, 0xf4, 0x7a, 0x83, 0x45, 0x40, 0x76, 0xb2, 0xca, 0xfd, 0x71, 0x77, 0xce, 0xf8, 0x88, 0xf8,
    0x77, 0xa5,
];
#[cfg(feature = "p256")]
static ECDSA_P256: [u8; 64] = [
    0xa8, 0x66, 0x52, 0xdd, 0x7e, 0x73, 0xca, 0xf9, 0xfc, 0x9e, 0xf4, 0x99, 0xc6, 0x05, 0xe8, 0xb3, 0x59,
    0x08, 0xa2, 0xd7, 0x47, 0x09, 0xa3, 0xb2, 0xac, 0x32, 0x47, 0x8d, 0xc3, 0x90, 0xd9, 0x85, 0x91, 0x27,
    0xa0, 0x80, 0xcc, 0x3b, 0x96, 0x4d, 0x37, 0xd6, 0x27, 0xff, 0x3a, 0xa7, 0xb5, 0x43, 0xa4, 0x10, 0xa7,
    0xcc, 0x6d, 0x8c, 0xa8, 0x70, 0x52, 0xea, 0x95, 0xc3, 0x49, 0xd2, 0x17, 0x13,
];
#[cfg(feature = "p384")]
static ECDSA_P384: [u8; 96] = [
    0xa8, 0x4e, 0x02, 0x67, 0x00, 0xa9, 0xf1, 0x10, 0xc5, 0x7e, 0x65, 0x69, 0xb3, 0x2d, 0xf7, 0x99, 0xa4,
    0xcb, 0xb7, 0x79, 0x39, 0x8c, 0x74, 0x87, 0x4a, 0x49, 0x93, 0x70, 0x7e, 0x5c, 0x5c, 0x4f, 0xc5, 0x37,
    0xea, 0x19, 0x9d, 0x96, 0x9e, 0xc9, 0xd7, 0xaf, 0x82, 0x0a, 0x50, 0x33, 0xf9, 0x46, 0x32, 0xa3, 0x04,
    0x39, 0x0e, 0x8c, 0x22, 0xbf, 0x4c, 0xe9, 0x79, 0x85, 0xcd, 0x1e, 0xb3, 0x59, 0x55, 0xc7, 0xc1, 0x00,
    0x26, 0xa1, 0x18, 0x3c, 0xd1, 0xbc, 0xd4, 0xb1, 0x1f, 0x87, 0x40, 0x3f, 0xf5, 0xac, 0x3c, 0x30, 0xae,
    0x56, 0x9c, 0x2f, 0x11, 0x3c, 0x4a, 0xd0, 0x6f, 0x07, 0xdc, 0x7e,
];
#[cfg(feature = "p256")]
static ECDH_P256: [u8; 32] = [
    0x3b, 0xf9, 0x3d, 0xf2, 0xbb, 0xc3, 0xbb, 0xfc, 0x82, 0xa8, 0xaf, 0xc4, 0x9b, 0xf6, 0x02, 0x5f, 0x85,
    0xa9, 0x61, 0x9b, 0xb9, 0x56, 0x17, 0xa7, 0xf6, 0x3f, 0x72, 0xc6, 0x73, 0x06, 0xa7, 0x7c,
];
#[cfg(feature = "ed25519")]
static ED25519: [u8; 64] = [
    0x91, 0xad, 0x47, 0x3a, 0xe8, 0x9d, 0xd1, 0xe7, 0xc2, 0x98, 0x3e, 0xc2, 0xd0, 0x44, 0x5f, 0xef, 0x4d,
    0xd1, 0x24, 0xe3, 0x77, 0xa4, 0xb6, 0x73, 0xb2, 0x49, 0x26, 0x7e, 0xd8, 0x0b, 0x60, 0x4f, 0xa7, 0xd7,
    0xd2, 0xb0, 0x8b, 0x54, 0x99, 0x03, 0x90, 0xa8, 0x76, 0x0c, 0x61, 0x6b, 0xc1, 0x56, 0x07, 0xaa, 0x3a,
    0xb9, 0xc3, 0xbf, 0xc9, 0x7f, 0x7d, 0xd5, 0x9e, 0x17, 0x34, 0xb8, 0xed, 0x04,
];
#[cfg(feature = "x25519")]
static X25519: [u8; 32] = [
    0x96, 0x63, 0xaa, 0x1d, 0xa9, 0x7e, 0x84, 0x8a, 0x91, 0x4a, 0x43, 0x6d, 0x04, 0x16, 0x3d, 0xfb, 0xb8,
    0x91, 0x78, 0xf1, 0x07, 0xf1, 0xb5, 0xb7, 0x7e, 0xd3, 0x85, 0x42, 0x03, 0x38, 0x28, 0x54,
];
static HKDF: [u8; 40] = [
    0x81, 0xe0, 0xee, 0x97, 0x97, 0xef, 0xe9, 0x95, 0x3b, 0x2e, 0x64, 0xa7, 0xc9, 0xb4, 0x1a, 0xe7, 0x4a,
    0xaf, 0x37, 0x8f, 0x8b, 0xce, 0x5d, 0x53, 0x75, 0xd3, 0x4b, 0x1d, 0xb3, 0xa3, 0x09, 0x7a, 0xc8, 0x44,
    0x8e, 0xf0, 0x35, 0x56, 0xaf, 0xa6,
];
