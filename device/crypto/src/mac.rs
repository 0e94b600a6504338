//! HMAC-SHA-256 (FIPS 198-1).

use hmac::Hmac;
use hmac::digest::{FixedOutput, KeyInit, Update};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Size of the result in bytes.
pub const SIZE: usize = 32;

/// Block size of SHA-256 in bytes: a longer key is hashed first (FIPS 198-1 §4, step 2).
const BLOCK: usize = 64;

/// The MAC of the concatenation of `parts`.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; SIZE]> {
    let mut mac = HmacSha256::new(key);
    parts.iter().for_each(|part| mac.update(part));
    let mut out = Zeroizing::new([0u8; SIZE]);
    mac.finish(&mut out);
    out
}

/// A MAC under way. Its state is wiped when it is dropped.
pub struct HmacSha256(Hmac<Sha256>);

impl HmacSha256 {
    /// Starts a MAC; a key may have any length.
    #[inline(never)]
    pub fn new(key: &[u8]) -> HmacSha256 {
        // Padded here because the constructor that takes a whole block cannot fail.
        let mut block = Zeroizing::new([0u8; BLOCK]);
        if key.len() <= BLOCK {
            block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        } else {
            let hashed = Zeroizing::new(<[u8; SIZE]>::from(Sha256::digest(key)));
            block.iter_mut().zip(hashed.iter()).for_each(|(to, from)| *to = *from);
        }
        HmacSha256(Hmac::new((&*block).into()))
    }

    /// Adds a piece of the message.
    #[inline(never)]
    pub fn update(&mut self, piece: &[u8]) {
        Update::update(&mut self.0, piece);
    }

    /// Writes the MAC to `out`.
    #[inline(never)]
    pub fn finish(self, out: &mut [u8; SIZE]) {
        self.0.finalize_into(out.into());
    }
}
