//! The signature algorithms by their PSA numbers.
//!
//! SFR: cryptographic-operation.

#[cfg(feature = "ecdsa")]
use crate::digest::Hash;
use crate::psa::alg;

/// A signature algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignAlgorithm {
    /// ECDSA over the message's hash.
    #[cfg(feature = "ecdsa")]
    Ecdsa {
        /// The hash.
        hash: Hash,
        /// Whether the same message always gets the same signature (RFC 6979).
        deterministic: bool,
    },
    /// Ed25519 over the message itself.
    #[cfg(feature = "ed25519")]
    Ed25519,
}

impl SignAlgorithm {
    /// The algorithm that a `psa_algorithm_t` names, if it is one of ours. A wildcard is none.
    pub const fn from_psa(algorithm: u32) -> Option<SignAlgorithm> {
        match algorithm & !alg::HASH_MASK {
            #[cfg(feature = "ecdsa")]
            base @ (alg::ECDSA_BASE | alg::DETERMINISTIC_ECDSA_BASE) => {
                match Hash::from_psa((alg::SHA_256 & !alg::HASH_MASK) | (algorithm & alg::HASH_MASK)) {
                    Some(hash) => Some(SignAlgorithm::Ecdsa {
                        hash,
                        deterministic: base == alg::DETERMINISTIC_ECDSA_BASE,
                    }),
                    None => None,
                }
            }
            #[cfg(feature = "ed25519")]
            alg::PURE_EDDSA if algorithm == alg::PURE_EDDSA => Some(SignAlgorithm::Ed25519),
            _ => None,
        }
    }
}
