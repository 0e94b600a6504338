//! The best image for a part: candidates by version, the first that is admitted wins.
//!
//! SFR: secure-initialization-of-platform.

use crate::{Crypto, Machine, PartEntry, PartId, Record, Refusal, SlotId, admit};
use cdd_fuses::Policy;
use cdd_image::{HEADER_BYTES, Header};

/// Tries the part's slots, the newer version first, and returns what was loaded.
///
/// The versions that order the slots come from flash and are only a hint; the version that is recorded
/// is the one that was verified.
pub(crate) fn best<M: Machine, C: Crypto>(
    machine: &mut M,
    record: &mut Record,
    policy: &Policy,
    part: PartId,
    platform: Option<&PartEntry>,
) -> Option<PartEntry> {
    let [a, b] = part.slots();
    let (first, second) = match (header(machine, a), header(machine, b)) {
        (Ok(a_header), Ok(b_header)) if b_header.version > a_header.version => {
            ((b, Ok(b_header)), (a, Ok(a_header)))
        }
        (a_header, b_header) => ((a, a_header), (b, b_header)),
    };
    let mut chosen = None;
    for (slot, header) in [first, second] {
        let result = match header {
            Err(refusal) => Err(refusal),
            Ok(_) if chosen.is_some() => Err(Refusal::NotTried),
            Ok(header) => admit::admit::<M, C>(machine, policy, slot, &header, platform),
        };
        match result {
            Ok(entry) => {
                record.set_result(slot, Refusal::Accepted.code());
                chosen = Some(entry);
            }
            Err(refusal) => record.set_result(slot, refusal.code()),
        }
    }
    chosen
}

fn header<M: Machine>(machine: &mut M, slot: SlotId) -> Result<Header, Refusal> {
    let mut raw = [0u8; HEADER_BYTES];
    if !machine.read_slot(slot, 0, &mut raw) {
        return Err(Refusal::FlashUnreadable);
    }
    Ok(Header::parse(&raw)?)
}
