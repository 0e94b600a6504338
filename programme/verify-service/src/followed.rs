//! A copy of the published tree ([`Mirror`]) as a verifier's list.
//!
//! The list is put together from the parts that the log is over, entries with their reference values and batches of
//! endorsements; its moments are the copy's own, which its publisher signed last. Signatures and log were verified when the copy was
//! synced, and each part is held against its digest when it is read.

use crate::folder::Loaded;
use dtsec_list::{AssembleError, Assembled, Format, ListError, PublishedList, assemble};
use dtsec_mirror::{Mirror, MirrorError};
use dtsec_verify::Verifier;

/// The kinds of parts that a verdict rests on.
const KINDS: [&str; 2] = ["entry", "endorsements"];

/// Why a copy gives no verifier.
#[derive(Debug, thiserror::Error)]
pub enum FollowedError {
    /// The copy cannot be read, or is not what was signed.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    /// A part is not what a verifier can read.
    #[error(transparent)]
    Parts(#[from] AssembleError),
    /// The parts contradict each other.
    #[error("the published list does not hold together, and its publisher should hear of it: {0}")]
    List(#[from] Box<ListError>),
}

/// Puts the list of a copy together.
///
/// # Errors
/// [`FollowedError`]; [`MirrorError::NoRoot`] for a copy that has never been filled.
pub fn load(mirror: &Mirror) -> Result<Loaded, FollowedError> {
    // Before the parts: if somebody syncs meanwhile, the list is taken for older than it is, never for newer.
    let fresh = mirror.fresh()?.ok_or(MirrorError::NoRoot)?;
    let serial = mirror.version()?.ok_or(MirrorError::NoRoot)?;
    let parts = mirror.parts_of(&KINDS)?.map(|part| {
        let (name, bytes) = part?;
        Ok::<_, FollowedError>((String::from(name), bytes))
    });
    let Assembled { entries, endorsements } = assemble(parts)?;
    let list =
        PublishedList { format: Format::V1, serial, as_of: fresh.as_of, fresh_until: fresh.until, entries };
    let keys = endorsements.len();
    let verifier = Verifier::new(list, endorsements).map_err(Box::new)?;
    Ok(Loaded { verifier, keys, refused: Vec::new() })
}
