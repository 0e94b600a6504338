//! Hash functions (FIPS 180-4), in one piece or streaming, chosen at run time.

use sha2::Digest;

const PSA_ALG_SHA_256: u32 = 0x0200_0009;
#[cfg(feature = "sha512")]
const PSA_ALG_SHA_384: u32 = 0x0200_000a;
#[cfg(feature = "sha512")]
const PSA_ALG_SHA_512: u32 = 0x0200_000b;

/// Size in bytes of the longest digest there is.
pub const MAX_SIZE: usize = 64;

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    #[cfg(feature = "sha512")]
    Sha384,
    /// SHA-512.
    #[cfg(feature = "sha512")]
    Sha512,
}

impl Hash {
    /// The function that a PSA Crypto algorithm identifier (`psa_algorithm_t`) names, if it is one of ours.
    pub const fn from_psa(alg: u32) -> Option<Hash> {
        match alg {
            PSA_ALG_SHA_256 => Some(Hash::Sha256),
            #[cfg(feature = "sha512")]
            PSA_ALG_SHA_384 => Some(Hash::Sha384),
            #[cfg(feature = "sha512")]
            PSA_ALG_SHA_512 => Some(Hash::Sha512),
            _ => None,
        }
    }

    /// Size of the digest in bytes.
    pub const fn size(self) -> usize {
        match self {
            Hash::Sha256 => 32,
            #[cfg(feature = "sha512")]
            Hash::Sha384 => 48,
            #[cfg(feature = "sha512")]
            Hash::Sha512 => 64,
        }
    }

    /// Hashes `message` in one piece; result as [`Hasher::finish`].
    pub fn digest(self, message: &[u8], out: &mut [u8]) -> usize {
        let mut hasher = Hasher::new(self);
        hasher.update(message);
        hasher.finish(out)
    }
}

/// A hash under way. Its state is wiped when it is dropped.
#[derive(Clone)]
pub struct Hasher(State);

#[derive(Clone)]
enum State {
    Sha256(sha2::Sha256),
    #[cfg(feature = "sha512")]
    Sha384(sha2::Sha384),
    #[cfg(feature = "sha512")]
    Sha512(sha2::Sha512),
}

impl Hasher {
    /// Starts a hash.
    pub fn new(hash: Hash) -> Hasher {
        Hasher(match hash {
            Hash::Sha256 => State::Sha256(sha2::Sha256::new()),
            #[cfg(feature = "sha512")]
            Hash::Sha384 => State::Sha384(sha2::Sha384::new()),
            #[cfg(feature = "sha512")]
            Hash::Sha512 => State::Sha512(sha2::Sha512::new()),
        })
    }

    /// Adds a piece of the message.
    pub fn update(&mut self, piece: &[u8]) {
        match &mut self.0 {
            State::Sha256(state) => state.update(piece),
            #[cfg(feature = "sha512")]
            State::Sha384(state) => state.update(piece),
            #[cfg(feature = "sha512")]
            State::Sha512(state) => state.update(piece),
        }
    }

    /// Writes the digest to the start of `out` and returns its size.
    ///
    /// If `out` is too short nothing is written and the result is 0.
    pub fn finish(self, out: &mut [u8]) -> usize {
        match self.0 {
            State::Sha256(state) => put(&state.finalize(), out),
            #[cfg(feature = "sha512")]
            State::Sha384(state) => put(&state.finalize(), out),
            #[cfg(feature = "sha512")]
            State::Sha512(state) => put(&state.finalize(), out),
        }
    }
}

fn put(digest: &[u8], out: &mut [u8]) -> usize {
    if out.len() < digest.len() {
        return 0;
    }
    out.iter_mut().zip(digest).for_each(|(to, from)| *to = *from);
    digest.len()
}
