//! HKDF (RFC 5869), the hash chosen at run time.
//!
//! SFR: cryptographic-operation, cryptographic-key-generation.

use crate::Error;
use crate::digest::{Hash, MAX_SIZE};
use crate::mac::Hmac;
use crate::psa::alg;
use zeroize::Zeroizing;

/// The hash of the HKDF that a `psa_algorithm_t` names, if it is one of ours.
pub const fn from_psa(algorithm: u32) -> Option<Hash> {
    match algorithm {
        alg::HKDF_SHA_256 => Hash::from_psa(alg::SHA_256),
        alg::HKDF_SHA_384 => Hash::from_psa(alg::SHA_384),
        alg::HKDF_SHA_512 => Hash::from_psa(alg::SHA_512),
        _ => None,
    }
}

/// Extracts and expands: fills `out`, at most 255 times the size of the hash.
#[inline(never)]
pub fn hkdf(hash: Hash, salt: &[u8], secret: &[u8], info: &[u8], out: &mut [u8]) -> Result<(), Error> {
    let size = hash.size();
    if out.len() > 255 * size {
        return Err(Error::InvalidArgument);
    }
    let mut key = Zeroizing::new([0; MAX_SIZE]);
    let mut extract = Hmac::new(hash, salt);
    extract.update(secret);
    extract.finish(&mut key);

    let mut block = Zeroizing::new([0; MAX_SIZE]);
    for (number, chunk) in (1..=u8::MAX).zip(out.chunks_mut(size)) {
        let mut expand = Hmac::new(hash, key.get(..size).unwrap_or(&[]));
        if number > 1 {
            expand.update(block.get(..size).unwrap_or(&[]));
        }
        expand.update(info);
        expand.update(&[number]);
        expand.finish(&mut block);
        chunk.iter_mut().zip(block.iter()).for_each(|(to, from)| *to = *from);
    }
    Ok(())
}
