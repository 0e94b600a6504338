//! The functional specification of the gate (ADV_FSP.4), made from the table that dispatcher and client are made from:
//! for each call purpose, method of use, parameters, actions, every error with its meaning, and the requirement.

use crate::sources::Configuration;
use cdd_gate::{Argument, CALLS, Call, GATE_ERRORS, Shape, Status, VENEERS, veneer_address};
use dtsec_model::deliverable::{ErrorRow, FunctionalSpecification, InterfaceRow, ParameterRow};
use dtsec_model::security_target::SecurityTarget;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Calls that are used in one way and act on one thing.
struct Group {
    title: &'static str,
    first: u32,
    last: u32,
    /// How they are used.
    usage: &'static str,
    /// What they change.
    actions: &'static str,
}

const GROUPS: &[Group] = &[
    Group {
        title: "Identity and state",
        first: 0,
        last: 3,
        usage: "At any time, in any order. Records are little-endian; their fields are those of `cdd_gate::PART_RECORD_BYTES` and \
                `STATE_RECORD_BYTES`.",
        actions: "The first three change nothing. `application_ready` clears the count of faults in a row; it does not clear the \
                  count of faults since power-on.",
    },
    Group {
        title: "Hash, random, log",
        first: 4,
        last: 7,
        usage: "At any time, in any order.",
        actions: "`digest` and `log_read` change nothing. The first `random` tests the noise source and seeds the generator; each \
                  one changes the generator's state. It writes in pieces of 256 bytes: where it fails, what was written before is not to \
                  be used. `log_write` puts an entry into the log in memory, in place of the oldest one of sixteen, and prints it on the \
                  management wire.",
    },
    Group {
        title: "Keys",
        first: 8,
        last: 14,
        usage: "A key is named by its number. Attributes are a record of 20 bytes (`cdd_gate::KeyAttributes`): type, size, usage, \
                permitted algorithm, lifetime, number. A key that lasts has a number that its maker chose; a volatile one is given its \
                number, and is gone after a reset.",
        actions: "A key that lasts is written to trusted storage, encrypted, before the call returns; the power can fail at any time, \
                  and the key is then there as a whole or not at all. `destroy_key` ends operations under way that use the key, and \
                  leaves nothing of it in memory or flash.",
    },
    Group {
        title: "Operations in one call",
        first: 15,
        last: 29,
        usage: "Each use of a key is held against its policy: usage and permitted algorithm. A message has at most 4,096 bytes, except \
                for hashes. Before a family of algorithms is used for the first time, it passes a known-answer test.",
        actions: "Nothing is kept of inputs and results. Those that make a key act like the calls for keys; those that draw random \
                  bytes change the generator's state. Where something does not verify, nothing of the output is written.",
    },
    Group {
        title: "Operations in several calls",
        first: 30,
        last: 55,
        usage: "A setup gives the number of an operation; at most eight are open at once. Then come vector or nonce, lengths, additional \
                data and pieces in the order of PSA Crypto, then finish or verify.",
        actions: "The state of the operation changes with each call. Finish, verify, abort and any error end it: its number is then of \
                  none, and its state is wiped.",
    },
    Group {
        title: "Trusted storage",
        first: 56,
        last: 64,
        usage: "A record is named by a number of 64 bits, not 0, passed in two halves. A reading is named by its index, which it is given \
                when it is appended.",
        actions: "What is stored, removed, appended or trimmed is done for good, or not at all, when the call returns, wherever the power \
                  fails. Content that was replaced or given up is overwritten. What does not verify is refused and never repaired. The \
                  others change nothing in the flash.",
    },
    Group {
        title: "Attestation",
        first: 65,
        last: 67,
        usage: "The challenge is the verifier's; nothing else of the token is the caller's.",
        actions: "The first use derives the attestation key and draws a boot seed; nothing else is changed.",
    },
    Group {
        title: "Life cycle",
        first: 68,
        last: 68,
        usage: "Once, on the user's behalf.",
        actions: "Burns one fuse, wipes volatile keys and resets the device, so the call does not come back; the start after it erases \
                  trusted storage and burns another fuse.",
    },
];

/// What a status means to the caller, and what to do about it.
fn meaning(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Success => ("Done; outputs are written.", "–"),
        Status::ProgrammerError => (
            "The frame or a range is not the caller's to use, wraps or is misaligned. No service has seen the call; the platform prints an event.",
            "Correct the application; one that does not do this by mistake is under attack.",
        ),
        Status::ConnectionBusy => ("Another call is under way.", "Call again when it has ended."),
        Status::GenericError => {
            ("Something failed that no other number names.", "Reset; report it to the developer.")
        }
        Status::NotPermitted => (
            "A policy forbids it: the key's, a record that is written once, the life cycle, or the number of factory resets that applications have.",
            "Use another key, or do not do it.",
        ),
        Status::NotSupported => {
            ("There is no such call, algorithm, type or size.", "Ask for one that there is.")
        }
        Status::InvalidArgument => {
            ("An argument has a value that the call does not take.", "Correct the application.")
        }
        Status::InvalidHandle => ("No key of this caller has that number.", "Use the number that was given."),
        Status::BadState => (
            "The operation is over, or the call is out of its order; or trusted storage, or what needs it, cannot be used now.",
            "Begin a new operation; ask `service_state`.",
        ),
        Status::BufferTooSmall => (
            "The output does not fit. Nothing was written.",
            "Call again with more room; an operation in several calls is over.",
        ),
        Status::AlreadyExists => {
            ("There is a key with this number.", "Destroy it, or choose another number.")
        }
        Status::DoesNotExist => ("There is nothing under this number or index.", "–"),
        Status::InsufficientMemory => (
            "All places for volatile keys or operations are taken, or the message is too long for one call.",
            "End or destroy something; use several calls.",
        ),
        Status::InsufficientStorage => ("Trusted storage is full.", "Remove records, trim readings."),
        Status::ServiceFailure => ("The platform could not do its part.", "Reset; ask `service_state`."),
        Status::StorageFailure => {
            ("Flash or counter could not be read or written.", "Reset; if it stays, replace the device.")
        }
        Status::HardwareFailure => (
            "Hardware failed: fuses did not answer, or a check of what was computed did not hold.",
            "Reset; if it stays, replace the device.",
        ),
        Status::InsufficientEntropy => (
            "The noise source or its health tests failed: there is no random until the next reset.",
            "Reset; go on with what needs no random.",
        ),
        Status::InvalidSignature => (
            "Signature, MAC or tag is not that of the message; for storage: what lies there is not what was stored.",
            "Do not believe the data; tell the user where it is stored data.",
        ),
        Status::InvalidPadding => {
            ("The padding is wrong.", "Do not believe the data; tell no peer which of the two it was.")
        }
        Status::CorruptionDetected => (
            "A self-test failed: the platform found itself changed. That family of algorithms stays out of use.",
            "Reset; if it stays, replace the device.",
        ),
        Status::DataCorrupt => (
            "What is stored was changed, exchanged, cut short or put back.",
            "Tell the user; a factory reset makes storage anew.",
        ),
        Status::DataInvalid => {
            ("What is stored is authentic and not what it should be.", "Report it to the developer.")
        }
    }
}

/// The same as a table, and for each claimed requirement without a call where else it can be seen.
pub fn table(target: &SecurityTarget, configuration: &Configuration) -> FunctionalSpecification {
    FunctionalSpecification {
        generated_from: Some("device/gate/src/table.rs".to_owned()),
        interfaces: CALLS.iter().map(interface).collect(),
        without_interface: on_wires(target, configuration),
    }
}

fn interface(call: &Call) -> InterfaceRow {
    let group = GROUPS.iter().find(|group| (group.first..=group.last).contains(&call.number));
    let parameter = |argument: &Argument| ParameterRow {
        name: argument.name.to_owned(),
        description: format!("{}: {}", shape_name(argument.shape), argument.meaning.trim()),
    };
    let error =
        |status: &Status| ErrorRow { name: status.name().to_owned(), meaning: meaning(*status).0.to_owned() };
    InterfaceRow {
        call: call.name.to_owned(),
        purpose: call.purpose.trim().to_owned(),
        method: group.map_or("", |group| group.usage).to_owned(),
        actions: format!("{} {}", actions(call), group.map_or("", |group| group.actions)),
        requirements: vec![call.sfr.to_owned()],
        parameters: call.arguments.iter().map(parameter).collect(),
        errors: GATE_ERRORS.iter().chain(call.errors).map(error).collect(),
    }
}

/// Requirements that no call serves, with the interfaces on wires that do. One that nothing serves is not there.
fn on_wires(target: &SecurityTarget, configuration: &Configuration) -> BTreeMap<String, String> {
    let claimed = target.requirements.iter().filter(|claim| claim.struck.is_none()).map(|claim| &claim.id);
    let without = claimed.filter(|id| CALLS.iter().all(|call| call.sfr != **id));
    let reason = |id: &String| {
        let serves = configuration.interfaces.iter().filter(|one| one.requirements.contains(id));
        let names: Vec<String> = serves.map(|one| format!("{} ({} wire)", one.name, one.wire)).collect();
        (!names.is_empty()).then(|| {
            (
                id.clone(),
                format!("no call of the gate; seen at {}, specified in docs/wires.md", names.join(", ")),
            )
        })
    };
    without.filter_map(reason).collect()
}

/// The whole specification, in Markdown.
pub fn markdown() -> String {
    let mut text = String::new();
    head(&mut text);
    for group in GROUPS {
        let calls = CALLS.iter().filter(|call| (group.first..=group.last).contains(&call.number));
        push(
            &mut text,
            &format!(
                "## {}\n\n*Method of use.* {}\n\n*Actions.* {}",
                group.title, group.usage, group.actions
            ),
        );
        calls.for_each(|call| section(&mut text, call));
    }
    errors(&mut text);
    requirements(&mut text);
    text
}

fn push(text: &mut String, paragraph: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(paragraph);
    text.push('\n');
}

fn head(text: &mut String) {
    push(text, "# Functional specification of the gate");
    push(
        text,
        "Component ADV_FSP.4. Made by `dtsec specification` from the table of calls (`device/gate/src/table.rs`), which the platform's \
         dispatcher and the application's client are compiled from: a call that is not here does not exist. Do not edit. The other \
         interface of the platform, the management wire, is specified in `docs/wires.md`.",
    );
    push(text, "## How a call is made");
    push(
        text,
        &format!(
            "Call *n* is entered at its veneer, address {VENEERS:#010x} + 8 *n* (Thumb bit set), with the address of a frame in r0: 32-bit words \
             in the caller's own memory, word-aligned, in the order of the arguments. A *value* is one word; an *input* is two, address and \
             length of bytes that the platform reads; an *output* is two, address and capacity of bytes that the platform writes. The status is \
             returned in r0; r1 to r3, r12 and the flags are overwritten."
        ),
    );
    push(
        text,
        "Actions common to all calls: the platform refuses a call while another is under way; takes the frame in once; checks with the caller's own rights \
         that it may read every input and write frame and output; copies inputs in before it looks at them; does what the call is for; writes the \
         output and, on success, its length into the frame's word for the capacity. Buffers, and the stack below, are wiped when the call has \
         ended. The application's interrupts wait meanwhile. On an error the length word stays as it was and the output is not to be used.",
    );
    let own: Vec<&str> = GATE_ERRORS.iter().map(|status| status.name()).collect();
    push(
        text,
        &format!(
            "Errors that every call may return besides its own: {}. What each number means stands under \"Errors\".",
            own.join(", ")
        ),
    );
}

fn section(text: &mut String, call: &Call) {
    push(text, &format!("### {} `{}`", call.number, call.name));
    let mut facts = format!("- Purpose: {}\n", call.purpose.trim());
    // Writing to a string does not fail.
    let _ = writeln!(facts, "- Requirement: {}", call.sfr);
    let _ = writeln!(
        facts,
        "- Entered at {:#010x}; frame of {} words",
        veneer_address(call.number),
        call.frame_words()
    );
    let _ = write!(facts, "- Actions: {}", actions(call));
    push(text, &facts);
    if call.arguments.is_empty() {
        push(text, "No parameters.");
    } else {
        let mut table = String::from("| Parameter | Shape | Words | Meaning |\n|---|---|---|---|");
        let mut word = 0;
        for Argument { name, shape, meaning } in call.arguments {
            let last = word + shape.words() - 1;
            let words = if last == word { word.to_string() } else { format!("{word}, {last}") };
            let _ = write!(table, "\n| `{name}` | {} | {words} | {meaning} |", shape_name(*shape));
            word = last + 1;
        }
        push(text, &table);
    }
    if call.errors.is_empty() {
        push(text, "No errors of its own.");
    } else {
        let errors: Vec<String> =
            call.errors.iter().map(|status| format!("{} ({})", status.name(), status.code())).collect();
        push(text, &format!("Errors of its own: {}.", errors.join(", ")));
    }
}

/// What a call reads and writes, step by step.
fn actions(call: &Call) -> String {
    let of = |wanted: Shape| {
        let names: Vec<String> =
            call.arguments.iter().filter(|a| a.shape == wanted).map(|a| format!("`{}`", a.name)).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let mut steps = Vec::new();
    steps.extend(of(Shape::Value).map(|names| format!("takes {names} from the frame")));
    steps.extend(of(Shape::Input).map(|names| format!("copies {names} in")));
    steps.push("does what the purpose says".to_owned());
    steps.extend(of(Shape::Output).map(|names| format!("writes {names} and its length")));
    format!("{}; see the group's.", steps.join("; "))
}

fn shape_name(shape: Shape) -> &'static str {
    match shape {
        Shape::Value => "value",
        Shape::Input => "input",
        Shape::Output => "output",
    }
}

fn errors(text: &mut String) {
    push(text, "## Errors");
    push(
        text,
        "The numbers are those of `psa_status_t`. \"Calls\" are those that name the error as their own.",
    );
    let mut table = String::from("| Number | Name | Meaning | What to do | Calls |\n|---|---|---|---|---|");
    for code in (-200..=0).rev() {
        let Some(status) = Status::from_code(code) else { continue };
        let (meaning, remedy) = meaning(status);
        let calls = CALLS.iter().filter(|call| call.errors.contains(&status)).count();
        let calls = match (status, GATE_ERRORS.contains(&status)) {
            (Status::Success, _) | (_, true) => "all".to_owned(),
            _ => calls.to_string(),
        };
        let _ = write!(table, "\n| {code} | {} | {meaning} | {remedy} | {calls} |", status.name());
    }
    push(text, &table);
}

fn requirements(text: &mut String) {
    push(text, "## Requirements and calls");
    let mut ids: Vec<&str> = CALLS.iter().map(|call| call.sfr).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut table = String::from("| Requirement | Calls |\n|---|---|");
    for id in ids {
        let calls: Vec<String> = CALLS
            .iter()
            .filter(|call| call.sfr == id)
            .map(|call| format!("{} `{}`", call.number, call.name))
            .collect();
        let _ = write!(table, "\n| {id} | {} |", calls.join(", "));
    }
    push(text, &table);
    push(
        text,
        "Requirements that are not named here have their interface on the management wire, or none of their own; `dtsec trace` has the whole map.",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_stands_in_one_group_and_in_the_text_once() {
        let text = markdown();
        for call in CALLS {
            let groups = GROUPS.iter().filter(|group| (group.first..=group.last).contains(&call.number));
            assert_eq!(groups.count(), 1, "{}", call.name);
            assert_eq!(
                text.matches(&format!("\n### {} `{}`\n", call.number, call.name)).count(),
                1,
                "{}",
                call.name
            );
        }
    }

    #[test]
    fn every_parameter_and_every_error_of_a_call_stands_in_its_section() {
        let text = markdown();
        for call in CALLS {
            let section = text.split(&format!("\n### {} `{}`\n", call.number, call.name)).nth(1).unwrap();
            let section = section.split("\n##").next().unwrap();
            assert!(section.contains(call.sfr) && section.contains(call.purpose.trim()), "{}", call.name);
            for argument in call.arguments {
                assert!(section.contains(&format!("| `{}` | {}", argument.name, shape_name(argument.shape))));
            }
            for error in call.errors {
                assert!(section.contains(error.name()), "{} {}", call.name, error.name());
                assert!(
                    text.contains(&format!("| {} | {} |", error.code(), error.name())),
                    "{}",
                    error.name()
                );
            }
        }
    }
}
