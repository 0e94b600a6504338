//! CoRIM, as draft-ietf-rats-corim-11 has it, with the profile of draft-fdb-rats-psa-endorsements: reference values and
//! endorsements of keys, in and out.
//!
//! Both are drafts, so nothing of them goes further in than this module. One reference triple is one *complete* component
//! set: a set that is spread over several triples could not be told from several releases. Who signed a CoRIM
//! is for the caller to prove before: only unsigned ones (tag 501) are read, the payload of a signed one likewise.
//!
//! What is not known and changes what is known – another profile, other kinds of triples, a measurement of another kind – is
//! refused, not skipped: what was left out would not be missed by anybody.

mod read;
mod write;

pub use read::read;
pub use write::write;

use crate::endorse::Endorsement;
use crate::{BytesError, ComponentSet, ComponentsError, CoseKeyError};

/// The profile that is spoken: draft-fdb-rats-psa-endorsements.
pub const PROFILE: &str = "tag:arm.com,2025:psa#1.0.0";
/// What a measurement of a component is called in it.
const MKEY: &str = "psa.software-component";

/// A manifest: what is to be measured on devices, and whose keys they have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Corim {
    /// Its name.
    pub id: String,
    /// Complete component sets.
    pub sets: Vec<ComponentSet>,
    /// Keys of instances; each with its implementation ID, which the profile asks for.
    pub endorsements: Vec<Endorsement>,
}

/// Why bytes are no CoRIM, or one that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CorimError {
    /// Not CBOR, or cut off.
    #[error("byte {at}: not the CBOR that is expected there: {why}")]
    Cbor {
        /// Where.
        at: usize,
        /// What the decoder says.
        why: String,
    },
    /// Bytes behind it.
    #[error("there are {0} bytes behind it")]
    Trailing(usize),
    /// Signed, which is not looked into here.
    #[error("tag {0} instead of 501: verify a signed CoRIM first, and give its payload")]
    Tag(u64),
    /// A key of a map twice.
    #[error("{place}: key {key} stands twice")]
    Repeated {
        /// Where.
        place: &'static str,
        /// Which.
        key: i64,
    },
    /// Something is missing.
    #[error("{place}: {what} is missing")]
    Missing {
        /// Where.
        place: &'static str,
        /// What.
        what: &'static str,
    },
    /// Something of a kind that is not known.
    #[error("{place}: {what} is not understood, and leaving it out would change what is said")]
    Unknown {
        /// Where.
        place: &'static str,
        /// What.
        what: String,
    },
    /// Bytes of the wrong length.
    #[error("{place}: {why}")]
    Bytes {
        /// Where.
        place: &'static str,
        /// What is wrong.
        why: BytesError,
    },
    /// A component set that no device can answer with.
    #[error("reference triple {number}: {why}")]
    Set {
        /// Which, from 0.
        number: usize,
        /// What is wrong.
        why: ComponentsError,
    },
    /// A key.
    #[error("key triple {number}: {why}")]
    Key {
        /// Which, from 0.
        number: usize,
        /// What is wrong.
        why: String,
    },
    /// A COSE_Key.
    #[error("{0}")]
    CoseKey(#[from] CoseKeyError),
}
