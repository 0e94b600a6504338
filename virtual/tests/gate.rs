//! The gate from the caller's side: what it does for a caller that keeps the rules, and that it touches
//! nothing for one that does not. Every refusal stands beside the same call with nothing wrong.

#![forbid(unsafe_code)]

mod support;

use cdd_client::{Argument, Entry, Platform as Client, Status, algorithm};
use cdd_gate::number;
use cdd_hal::Console;
use cdd_platform::{History, Platform};
use cdd_virtual::{ARENA_BASE, ARENA_BYTES, Entropy, Gate, VirtualBoard};
use support::*;

const SUCCESS: i32 = 0;
const REFUSED: i32 = Status::ProgrammerError.code();
const END: u32 = ARENA_BASE + ARENA_BYTES;
/// Where a Secure image runs, and where its memory is, on the board.
const SECURE: [u32; 3] = [0x3800_0000, 0x1000_0000, 0x0];

#[derive(Default)]
struct Management(Vec<u8>);

impl Console for Management {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
    fn read(&mut self) -> Option<u8> {
        None
    }
}

type TestGate = Gate<VirtualBoard<Management>, Entropy>;

fn gate() -> TestGate {
    let start = Specimen::genuine().start();
    let hardware =
        VirtualBoard::hardware(start.machine, Management::default(), Entropy::OperatingSystem).unwrap();
    Gate::new(Platform::start(hardware, start.record, History::default()))
}

/// Writes a frame at `at` and makes the call.
fn call(gate: &mut TestGate, number: u32, at: u32, frame: &[u32]) -> i32 {
    for (word, offset) in frame.iter().zip((0u32..).step_by(4)) {
        if let Some(to) = at.checked_add(offset).and_then(|at| at.checked_sub(ARENA_BASE)) {
            let to = to as usize;
            if to + 4 <= ARENA_BYTES as usize {
                gate.arena.bytes()[to..to + 4].copy_from_slice(&word.to_le_bytes());
            }
        }
    }
    gate.raw_call(number, at)
}

/// The same, of which the platform must have refused every bit: nothing written, and an event.
fn refused(gate: &mut TestGate, number: u32, at: u32, frame: &[u32], reason: &str) {
    gate.platform.board().management.0.clear();
    gate.arena.bytes().fill(0xA5);
    let status = call(gate, number, at, frame);
    let after = gate.arena.bytes().to_vec();
    gate.arena.bytes().fill(0xA5);
    for (word, offset) in frame.iter().zip((0u32..).step_by(4)) {
        let to = at.wrapping_add(offset).wrapping_sub(ARENA_BASE) as usize;
        if to.checked_add(4).is_some_and(|end| end <= ARENA_BYTES as usize) {
            gate.arena.bytes()[to..to + 4].copy_from_slice(&word.to_le_bytes());
        }
    }
    assert_eq!(status, REFUSED, "call {number} frame {at:#x} {frame:x?}");
    assert!(after == gate.arena.bytes(), "call {number} wrote something: frame {at:#x} {frame:x?}");
    let said = String::from_utf8(gate.platform.board().management.0.clone()).unwrap();
    assert_eq!(said, format!("cdd event=gate-refused call={number} reason={reason}\r\n"));
}

#[test]
fn an_output_must_be_all_the_callers() {
    let mut gate = gate();
    let frame = ARENA_BASE + 0x100;
    let mine = ARENA_BASE + 0x1000;
    for (address, len) in [(mine, 32), (END - 32, 32), (ARENA_BASE, 1), (mine, 0), (0x3800_0000, 0), (END, 0)]
    {
        assert_eq!(call(&mut gate, number::random, frame, &[address, len]), SUCCESS, "{address:#x} {len}");
    }
    let mut wrong = vec![
        (END - 31, 32),                  // one byte too far
        (ARENA_BASE - 1, 32),            // starts before
        (END, 1),                        // starts behind
        (ARENA_BASE, ARENA_BYTES + 1),   // larger than all there is
        (mine, u32::MAX),                // wraps
        (u32::MAX, 2),                   // wraps at once
        (u32::MAX - 15, 32),             // wraps to 16
        (mine, 0u32.wrapping_sub(mine)), // ends exactly at the wrap
    ];
    wrong.extend(SECURE.map(|address| (address, 32)));
    for (address, len) in wrong {
        refused(&mut gate, number::random, frame, &[address, len], "output-not-callers");
    }
    assert_eq!(call(&mut gate, number::random, frame, &[mine, 32]), SUCCESS, "the gate still serves");
}

#[test]
fn an_input_must_be_all_the_callers() {
    let mut gate = gate();
    let (frame, mine, hash) = (ARENA_BASE + 0x100, ARENA_BASE + 0x1000, ARENA_BASE + 0x2000);
    let digest = |address, len| [algorithm::SHA_256, address, len, hash, 32];
    for (address, len) in [(mine, 100), (END - 100, 100), (0x3800_0000, 0)] {
        assert_eq!(call(&mut gate, number::digest, frame, &digest(address, len)), SUCCESS);
    }
    let wrong =
        [(END - 99, 100), (ARENA_BASE - 4, 8), (mine, u32::MAX), (u32::MAX - 3, 8), (mine, ARENA_BYTES)];
    for (address, len) in wrong.into_iter().chain(SECURE.map(|address| (address, 64))) {
        refused(&mut gate, number::digest, frame, &digest(address, len), "input-not-callers");
    }
    // Either argument alone makes it wrong.
    refused(
        &mut gate,
        number::digest,
        frame,
        &[algorithm::SHA_256, mine, 9, SECURE[0], 32],
        "output-not-callers",
    );
}

#[test]
fn a_frame_must_be_aligned_and_all_the_callers() {
    let mut gate = gate();
    let mine = ARENA_BASE + 0x1000;
    for at in [ARENA_BASE, ARENA_BASE + 4, END - 8] {
        assert_eq!(call(&mut gate, number::random, at, &[mine, 16]), SUCCESS, "{at:#x}");
    }
    for odd in 1..4 {
        refused(&mut gate, number::random, ARENA_BASE + odd, &[mine, 16], "frame-misaligned");
    }
    for at in [END - 4, END, ARENA_BASE - 4, ARENA_BASE - 8, u32::MAX - 3, SECURE[0], SECURE[1], SECURE[2]] {
        refused(&mut gate, number::random, at, &[mine, 16], "frame-not-callers");
    }
    // A call without arguments does not look at its frame.
    assert_eq!(gate.raw_call(number::application_ready, SECURE[0] + 1), SUCCESS);
}

#[test]
fn a_call_that_does_not_exist_is_not_supported_whatever_its_frame() {
    let mut gate = gate();
    for number in [cdd_gate::CALLS.len() as u32, 100, 0x8000_0000, u32::MAX] {
        for frame in [ARENA_BASE, SECURE[0], 3] {
            assert_eq!(gate.raw_call(number, frame), Status::NotSupported.code());
        }
    }
}

#[test]
fn every_call_of_the_table_refuses_every_hostile_range() {
    let mut gate = gate();
    let (frame, mine) = (ARENA_BASE + 0x100, ARENA_BASE + 0x1000);
    for call in cdd_gate::CALLS {
        for hostile in 0..call.arguments.len() {
            if call.arguments[hostile].shape == cdd_gate::Shape::Value {
                continue;
            }
            for (address, len) in [(SECURE[0], 64), (END - 8, 64), (u32::MAX - 7, 64), (mine, u32::MAX)] {
                let words: Vec<u32> = call
                    .arguments
                    .iter()
                    .enumerate()
                    .flat_map(|(at, argument)| match argument.shape {
                        cdd_gate::Shape::Value => vec![0],
                        _ if at == hostile => vec![address, len],
                        _ => vec![mine, 64],
                    })
                    .collect();
                let shape = call.arguments[hostile].shape;
                let reason =
                    if shape == cdd_gate::Shape::Input { "input-not-callers" } else { "output-not-callers" };
                refused(&mut gate, call.number, frame, &words, reason);
            }
        }
    }
}

#[test]
fn random_calls_with_random_frames_end_in_a_known_status_without_a_panic() {
    let mut gate = gate();
    let mut random = Random(0x6A7E);
    let mut succeeded = 0;
    let interesting =
        [0, 1, ARENA_BASE, ARENA_BASE + 0x1000, END - 4, END, SECURE[0], u32::MAX, u32::MAX - 7];
    for _ in 0..20_000 {
        let word = |random: &mut Random| match random.below(4) {
            0 => interesting[random.below(interesting.len())],
            1 => random.below(300) as u32,
            2 => ARENA_BASE + random.below(0x1_0000) as u32,
            _ => random.next() as u32,
        };
        let frame: Vec<u32> = (0..8).map(|_| word(&mut random)).collect();
        let at = if random.below(8) == 0 {
            word(&mut random)
        } else {
            ARENA_BASE + random.below(0x1000) as u32 * 4
        };
        let status = call(&mut gate, random.below(9) as u32, at, &frame);
        assert!(Status::from_code(status).is_some());
        succeeded += usize::from(status == SUCCESS);
    }
    assert!(succeeded > 100, "{succeeded}");
}

#[test]
fn an_output_over_the_frame_itself_cannot_redirect_the_platform() {
    let mut gate = gate();
    let frame = ARENA_BASE + 0x100;
    // The random bytes overwrite address and length; the platform took the frame in before.
    assert_eq!(call(&mut gate, number::random, frame, &[frame, 8]), SUCCESS);
    assert_eq!(call(&mut gate, number::random, frame, &[frame - 64, 256]), SUCCESS);
}

#[test]
fn the_client_gets_through_the_same_gate() {
    let mut client = Client::new(gate());
    let mut text = [0; 48];
    assert_eq!(client.identity(cdd_client::IdentityField::CommercialName, &mut text), Ok("Reference BGM"));
    let mut hash = [0; 32];
    assert_eq!(client.digest(algorithm::SHA_256, b"abc", &mut hash), Ok(32));
    assert_eq!(hash[..4], [0xBA, 0x78, 0x16, 0xBF]);
    assert_eq!(client.digest(algorithm::SHA_256, b"abc", &mut hash[..31]), Err(Status::BufferTooSmall));
    let mut random = [0; 4096];
    assert_eq!(client.random(&mut random), Ok(4096));
    assert_ne!(random[..32], [0; 32]);
    assert_eq!(
        client.random(&mut [0; ARENA_BYTES as usize]),
        Err(Status::InvalidArgument),
        "more than memory"
    );
    assert_eq!(client.part(cdd_client::Part::Platform).unwrap().name(), "cdd-platform");
    assert_eq!(client.state().unwrap().state, 1);
}

#[test]
fn a_call_of_the_client_leaves_nothing_in_the_callers_memory() {
    let mut gate = gate();
    let (message, mut hash) = ([0x5E; 300], [0; 32]);
    let mut digest = |arguments: &mut [Argument<'_>]| {
        let status = gate.call(number::digest, arguments).0;
        let left = gate.arena.bytes().iter().filter(|byte| **byte != 0).count();
        (status, left)
    };
    let mut arguments =
        [Argument::Value(algorithm::SHA_256), Argument::Input(&message), Argument::Output(&mut hash)];
    assert_eq!(digest(&mut arguments), (SUCCESS, 0));
    let mut large = vec![0; ARENA_BYTES as usize];
    let mut arguments =
        [Argument::Value(algorithm::SHA_256), Argument::Input(&message), Argument::Output(&mut large)];
    assert_eq!(digest(&mut arguments), (Status::InvalidArgument.code(), 0));
    assert_ne!(hash, [0; 32], "the answer came all the same");
}
