//! The rules of PSA about permitted algorithms and usages (PSA Crypto API §9.6, `psa_copy_key`).
//!
//! SFR: cryptographic-keystore.

use cdd_crypto::aead::Aead;
use cdd_crypto::cipher::CipherMode;
use cdd_crypto::mac::MacAlgorithm;
use cdd_crypto::psa::{alg, usage};
use cdd_crypto::{kdf, sign::SignAlgorithm};

/// `usage` with what it includes: who may sign a hash may sign a message. `None` if a bit has no meaning.
pub fn with_implied(usage: u32) -> Option<u32> {
    if usage & !usage::ALL != 0 {
        return None;
    }
    let sign = if usage & usage::SIGN_HASH != 0 { usage::SIGN_MESSAGE } else { 0 };
    let verify = if usage & usage::VERIFY_HASH != 0 { usage::VERIFY_MESSAGE } else { 0 };
    Some(usage | sign | verify)
}

/// What an algorithm is, as far as policies care.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Exactly this.
    Exact(u32),
    /// This signature scheme with any hash.
    AnyHash(u32),
    /// This MAC or AEAD (its length field zero) with a tag of exactly, or at least, so many bytes.
    Tag { base: u32, bytes: u32, at_least: bool },
    /// Agreement alone, and with any derivation behind it.
    Agreement,
}

impl Rule {
    fn of(algorithm: u32) -> Option<Rule> {
        let at_least = algorithm & alg::AT_LEAST_THIS_LENGTH != 0;
        let base = algorithm & !(alg::LENGTH_MASK | alg::AT_LEAST_THIS_LENGTH);
        let bytes = (algorithm & alg::LENGTH_MASK) >> 16;
        if let Some(full) = MacAlgorithm::from_psa(base).map(|mac| mac.size() as u32) {
            let bytes = if bytes == 0 { full } else { bytes };
            // A tag below 128 bits is no request; as a lower bound it harms nobody.
            let known = bytes <= full && (at_least || MacAlgorithm::from_psa(algorithm).is_some());
            return known.then_some(Rule::Tag { base, bytes, at_least });
        }
        if Aead::from_psa(base | 16 << 16).is_some() {
            let known = bytes == 16 || at_least && (1..16).contains(&bytes);
            return known.then_some(Rule::Tag { base, bytes, at_least });
        }
        if at_least {
            return None;
        }
        if algorithm & alg::HASH_MASK == alg::ANY_HASH & alg::HASH_MASK {
            let scheme = algorithm & !alg::HASH_MASK;
            let known = matches!(
                SignAlgorithm::from_psa(scheme | alg::SHA_256 & alg::HASH_MASK),
                Some(SignAlgorithm::Ecdsa { .. })
            );
            return known.then_some(Rule::AnyHash(scheme));
        }
        if algorithm == alg::ECDH {
            return Some(Rule::Agreement);
        }
        let known = CipherMode::from_psa(algorithm).is_some()
            || SignAlgorithm::from_psa(algorithm).is_some()
            || kdf::from_psa(algorithm).is_some()
            || derivation_of_agreement(algorithm).is_some();
        known.then_some(Rule::Exact(algorithm))
    }
}

/// The derivation in an algorithm that is an agreement followed by one.
pub fn derivation_of_agreement(algorithm: u32) -> Option<u32> {
    // The agreement is in bits 16 to 23, the derivation in the rest.
    let derivation = (algorithm & 0xfe00_ffff) & !0x0100_0000;
    let known = algorithm == alg::key_agreement(alg::ECDH, derivation) && kdf::from_psa(derivation).is_some();
    known.then_some(derivation)
}

/// Whether a key may have this as its permitted algorithm: none, one of ours, or a wildcard over those.
pub fn is_policy(algorithm: u32) -> bool {
    algorithm == alg::NONE || Rule::of(algorithm).is_some()
}

/// Whether a key with this permitted algorithm may be used with the one requested. A wildcard is no request.
pub fn permits(policy: u32, requested: u32) -> bool {
    let (Some(policy), Some(requested)) = (Rule::of(policy), Rule::of(requested)) else {
        return false;
    };
    match requested {
        Rule::AnyHash(_) | Rule::Tag { at_least: true, .. } => false,
        Rule::Exact(_) | Rule::Tag { .. } | Rule::Agreement => covers(policy, requested),
    }
}

/// Whether all that `narrow` permits, `wide` permits.
fn covers(wide: Rule, narrow: Rule) -> bool {
    match (wide, narrow) {
        (Rule::AnyHash(scheme), Rule::Exact(algorithm)) => {
            algorithm & !alg::HASH_MASK == scheme && SignAlgorithm::from_psa(algorithm).is_some()
        }
        (Rule::Tag { base, bytes, at_least: true }, Rule::Tag { base: other, bytes: longer, .. }) => {
            base == other && longer >= bytes
        }
        (Rule::Agreement, Rule::Exact(algorithm)) => derivation_of_agreement(algorithm).is_some(),
        _ => wide == narrow,
    }
}

/// What both permit, as a permitted algorithm; `None` if there is no such thing.
pub fn intersection(a: u32, b: u32) -> Option<u32> {
    if a == b {
        return Some(a);
    }
    if a == alg::NONE || b == alg::NONE {
        return Some(alg::NONE);
    }
    let (rule_a, rule_b) = (Rule::of(a)?, Rule::of(b)?);
    if covers(rule_a, rule_b) {
        Some(b)
    } else if covers(rule_b, rule_a) {
        Some(a)
    } else {
        None
    }
}
