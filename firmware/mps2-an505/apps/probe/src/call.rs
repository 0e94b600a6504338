//! `gate NUMBER [v:WORD | i:HEX | s:OFFSET:LENGTH | o:LENGTH]…`: any call of the gate.

use crate::out::Out;
use crate::word;
use cdd_client::{Argument, Entry};
use cdd_console::unhex;
use cdd_hal::Console;

/// What an output holds before the call, to see what the call wrote.
const UNTOUCHED: u8 = 0xC5;

/// Most arguments of a call.
const MAX_ARGUMENTS: usize = cdd_gate::MAX_FRAME_WORDS;

/// Makes the call and answers `gate STATUS HEX-OF-OUTPUT`; what is no call gets `error bad-argument`.
///
/// Where the call wrote anything else than it says – behind the output's length, or at all when it failed – the
/// line ends in `beyond`.
pub(crate) fn gate<E: Entry, C: Console>(
    rest: &mut [u8],
    entry: &mut E,
    scratch: &[u8],
    output: &mut [u8],
    out: &mut Out<'_, C>,
) {
    let Some(made) = make(rest, entry, scratch, output) else {
        return out.say("error bad-argument").end();
    };
    let given = output.get_mut(..made.capacity).unwrap_or_default();
    let said = if made.status == 0 { made.written } else { 0 };
    let (result, behind) = given.split_at_mut(said.min(made.capacity));
    out.say("gate ").number(made.status);
    if !result.is_empty() {
        out.say(" ").hex(result);
    }
    if said > made.capacity || behind.iter().any(|byte| *byte != UNTOUCHED) {
        out.say(" beyond");
    }
    out.end();
    given.fill(0);
}

/// What a call came to.
struct Made {
    status: i32,
    capacity: usize,
    written: usize,
}

/// Parses and makes the call; `None` when it is none.
fn make<E: Entry>(rest: &mut [u8], entry: &mut E, scratch: &[u8], output: &mut [u8]) -> Option<Made> {
    let (number, mut rest) = word::first(rest);
    let number = word::strict(number)?;
    // What lies behind the last veneer would fault.
    cdd_gate::CALLS.get(number as usize)?;
    let mut output = Some(output);
    let mut capacity = 0;
    let mut arguments: [Argument<'_>; MAX_ARGUMENTS] = core::array::from_fn(|_| Argument::Value(0));
    let (mut count, mut words) = (0, 0);
    loop {
        let (argument, after) = word::first(rest);
        rest = after;
        if argument.is_empty() {
            break;
        }
        let (kind, value) = argument.split_at_mut_checked(2)?;
        let argument = match &*kind {
            b"v:" => Argument::Value(word::strict(value)?),
            b"i:" => Argument::Input(unhex(value)?),
            b"s:" => {
                let colon = value.iter().position(|byte| *byte == b':')?;
                let (offset, len) =
                    (word::strict(value.get(..colon)?)?, word::strict(value.get(colon + 1..)?)?);
                let offset = offset as usize;
                Argument::Input(scratch.get(offset..offset.checked_add(len as usize)?)?)
            }
            b"o:" => {
                capacity = word::strict(value)? as usize;
                // The gate knows calls with one output only.
                let bytes = output.take()?.get_mut(..capacity)?;
                bytes.fill(UNTOUCHED);
                Argument::Output(bytes)
            }
            _ => return None,
        };
        words += if matches!(argument, Argument::Value(_)) { 1 } else { 2 };
        *arguments.get_mut(count)? = argument;
        count += 1;
    }
    if words > cdd_gate::MAX_FRAME_WORDS {
        return None;
    }
    let (status, written) = entry.call(number, arguments.get_mut(..count)?);
    Some(Made { status, capacity, written })
}
