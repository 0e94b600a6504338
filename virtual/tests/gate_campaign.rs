//! An application that makes any calls whatever, tens of thousands of them: the platform never stops, serves
//! afterwards as before, and gives no key away that its policy keeps.

#![forbid(unsafe_code)]

mod support;

use cdd_client::{KeyAttributes, Platform as Client};
use cdd_gate::{CALLS, Shape};
use cdd_platform::{History, Platform};
use cdd_virtual::{ARENA_BASE, ARENA_BYTES, Entropy, Gate, VirtualBoard};
use support::*;

type TestGate = Gate<VirtualBoard<Silent>, Entropy>;

fn gate() -> TestGate {
    let start = Specimen::genuine().start();
    let hardware = VirtualBoard::hardware(start.machine, Silent, Entropy::OperatingSystem).unwrap();
    Gate::new(Platform::start(hardware, start.record, History::default()))
}

const EXPORT: u32 = 1;
const SECRET_LEN: usize = 32;

/// Keys that can do everything but leave, of every kind whose bytes are its own.
fn kept_keys(random: &mut Random) -> Vec<(KeyAttributes, Vec<u8>)> {
    let kinds: [(u16, &[u32]); 4] = [
        (0x1100, &[0x0380_0009]),                                        // HMAC
        (0x1200, &[0x0800_0109]),                                        // derive
        (0x2400, &[0x0440_4100, 0x04c0_1000, 0x0550_0100, 0x03c0_0200]), // AES
        (0x2004, &[0x0510_0500]),                                        // ChaCha20
    ];
    let mut keys = Vec::new();
    for (key_type, algorithms) in kinds {
        for algorithm in algorithms {
            for lifetime in [0, 1] {
                let id = if lifetime == 1 { keys.len() as u32 + 1 } else { 0 };
                let usage = 0x7F02;
                let attributes =
                    KeyAttributes { key_type, bits: 256, usage, algorithm: *algorithm, lifetime, id };
                keys.push((attributes, random.bytes(SECRET_LEN)));
            }
        }
    }
    keys
}

/// What calls are made of: numbers that mean something and numbers that do not.
struct Pool {
    values: Vec<u32>,
    records: Vec<Vec<u8>>,
}

impl Pool {
    fn value(&self, random: &mut Random) -> u32 {
        match random.below(4) {
            0 => random.next() as u32,
            1 => random.below(64) as u32,
            _ => self.values[random.below(self.values.len())],
        }
    }

    fn input(&self, random: &mut Random) -> Vec<u8> {
        match random.below(3) {
            0 => {
                let len = [0, 1, 12, 16, 20, 24, 32, 64, 65, 97, 300, 4096][random.below(12)];
                random.bytes(len)
            }
            _ => {
                let mut record = self.records[random.below(self.records.len())].clone();
                if random.below(4) == 0 && !record.is_empty() {
                    let at = random.below(record.len());
                    record[at] ^= 1 << random.below(8);
                }
                record
            }
        }
    }
}

/// Makes one call out of the pool; whether it succeeded.
fn call(gate: &mut TestGate, pool: &mut Pool, random: &mut Random) -> bool {
    // Not the one that ends everything.
    let number = random.below(CALLS.len() + 1) as u32;
    if number == cdd_gate::number::factory_reset {
        return false;
    }
    let mut frame = Vec::new();
    let mut free = ARENA_BASE + 0x100;
    let mut output = None;
    for argument in CALLS.get(number as usize).map_or(&[][..], |call| call.arguments) {
        match argument.shape {
            Shape::Value => frame.push(pool.value(random)),
            Shape::Input => {
                let bytes = pool.input(random);
                let at = (free - ARENA_BASE) as usize;
                gate.arena.bytes()[at..at + bytes.len()].copy_from_slice(&bytes);
                frame.extend([free, bytes.len() as u32]);
                free += bytes.len() as u32 + 4;
            }
            Shape::Output => {
                let len = [0, 4, 16, 20, 32, 65, 200, 4200][random.below(8)];
                output = Some(free);
                frame.extend([free, len]);
                free += len + 4;
            }
        }
    }
    // Now and then a pointer or a length that is not the caller's.
    if random.below(16) == 0 && !frame.is_empty() {
        let at = random.below(frame.len());
        frame[at] =
            [0, u32::MAX, 0x3800_0000, ARENA_BASE + ARENA_BYTES - 1, random.next() as u32][random.below(5)];
    }
    for (to, word) in gate.arena.bytes().chunks_exact_mut(4).zip(&frame) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    let success = gate.raw_call(number, ARENA_BASE) == 0;
    if let (true, Some(at)) = (success, output) {
        // A number that came out may be that of a key or of an operation.
        let at = (at - ARENA_BASE) as usize;
        let number = u32::from_le_bytes(gate.arena.bytes()[at..at + 4].try_into().unwrap());
        if pool.values.len() < 400 {
            pool.values.push(number);
        }
    }
    success
}

/// Halves of secrets, and which of them a memory holds.
struct Search {
    halves: Vec<Vec<u8>>,
    /// Whether a half begins with these two bytes.
    begins: Vec<bool>,
}

impl Search {
    fn of<'s>(secrets: impl Iterator<Item = &'s Vec<u8>>) -> Search {
        let halves: Vec<Vec<u8>> =
            secrets.flat_map(|secret| secret.chunks(SECRET_LEN / 2).map(<[u8]>::to_vec)).collect();
        let mut begins = vec![false; 1 << 16];
        halves.iter().for_each(|half| begins[usize::from(half[0]) << 8 | usize::from(half[1])] = true);
        Search { halves, begins }
    }

    fn finds(&self, memory: &[u8]) -> Option<&[u8]> {
        let at = memory
            .windows(2)
            .enumerate()
            .filter(|(_, pair)| self.begins[usize::from(pair[0]) << 8 | usize::from(pair[1])]);
        let mut found =
            at.filter_map(|(at, _)| self.halves.iter().find(|half| memory[at..].starts_with(half)));
        found.next().map(|half| &half[..])
    }
}

#[test]
fn no_sequence_of_calls_stops_the_platform_or_gives_a_kept_key_away() {
    let mut random = Random(0x5EED_CA11);
    let mut gate = gate();
    let kept = kept_keys(&mut random);
    let mut pool = Pool { values: Vec::new(), records: Vec::new() };
    for (attributes, secret) in &kept {
        let number = Client::new(&mut gate).import(attributes, secret).unwrap();
        pool.values.push(number);
        pool.values.push(attributes.algorithm);
        for usage in [attributes.usage, attributes.usage | EXPORT, EXPORT] {
            pool.records.push(KeyAttributes { usage, lifetime: 0, id: 0, ..*attributes }.to_bytes().to_vec());
            // Any other kind of key made of it or from it.
            pool.records.push(
                KeyAttributes { usage, key_type: 0x1001, algorithm: 0, lifetime: 0, id: 0, ..*attributes }
                    .to_bytes()
                    .to_vec(),
            );
        }
    }
    pool.values.extend([0x0200_0009, 0x0200_000b, 0x0600_0609, 0x0902_0000, 0x0902_0109, 1, 2]);
    gate.arena.bytes().fill(0);
    let search = Search::of(kept.iter().map(|(_, secret)| secret));

    let (mut succeeded, mut refused) = (0, 0);
    for round in 0..30_000 {
        if call(&mut gate, &mut pool, &mut random) {
            succeeded += 1
        } else {
            refused += 1
        }
        if round % 16 == 0 {
            assert_eq!(search.finds(gate.arena.bytes()), None, "round {round}: a key has left");
        }
    }
    assert!(succeeded > 1_500 && refused > 1_500, "{succeeded} calls succeeded, {refused} were refused");

    // It serves as before; and a key that may leave is found by the same look at the memory.
    let mut client = Client::new(&mut gate);
    client.random(&mut [0; 32]).unwrap();
    let mut hash = [0; 32];
    assert_eq!(client.digest(cdd_client::algorithm::SHA_256, b"abc", &mut hash), Ok(32));
    let secret = random.bytes(SECRET_LEN);
    let attributes = KeyAttributes { id: 4000, lifetime: 1, usage: EXPORT, ..kept[0].0 };
    let key = client.import(&attributes, &secret).unwrap();
    let (out, frame) = (ARENA_BASE + 0x100, ARENA_BASE);
    for (to, word) in gate.arena.bytes().chunks_exact_mut(4).zip([key, out, 64]) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    assert_eq!(gate.raw_call(cdd_gate::number::export_key, frame), 0);
    let found = Search::of([&secret].into_iter()).finds(gate.arena.bytes()).is_some();
    assert!(found, "the look at the memory is blind");
}

#[test]
fn no_line_on_the_management_wire_stops_the_platform_or_destroys_anything() {
    let mut random = Random(77);
    let mut gate = gate();
    let words = [
        "report",
        "services",
        "token ",
        "attestation-key",
        "factory-reset",
        "decommission",
        "confirm ",
        " ",
        "\0",
    ];
    for _ in 0..3_000 {
        let mut line: Vec<u8> = Vec::new();
        for _ in 0..random.below(4) {
            line.extend(words[random.below(words.len())].bytes());
            if random.below(3) == 0 {
                let len = random.below(70);
                line.extend(hex(&random.bytes(len)).bytes());
            }
        }
        line.truncate(160);
        line.push(b'\n');
        line.iter().for_each(|byte| gate.platform.receive(*byte));
        assert!(!gate.platform.wants_reset(), "{}", String::from_utf8_lossy(&line));
    }
    Client::new(&mut gate).random(&mut [0; 32]).unwrap();
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
