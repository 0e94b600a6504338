//! The gate under hostile arguments: pointers, lengths and frames that are not the caller's.

use super::{NEEDS_TRUSTZONE, interface, sfr};
use crate::attack::all_as_expected;
use crate::bench::{Bench, expect_state, judged};
use crate::model::{Failure, Kind, Outcome, Test, Threat, require};
use crate::observations::Observations;
use crate::probe::calls::{self, Row, Shape};
use crate::probe::psa::alg;
use crate::probe::{Probe, shown, status};
use dtsec_target::ProbeAnswer;

const THREATS: &[Threat] = &[Threat::BadSoftware];

pub(super) const TESTS: &[Test] = &[
    Test {
        id: "gate-foreign-pointers-refused",
        title: "The gate refuses pointers to memory that is not the caller's",
        sfr: sfr::INITIALIZATION,
        threats: THREATS,
        kind: Kind::Attack,
        interface: interface::GATE,
        procedure: "Call every call that takes a pointer with outputs and inputs in Secure memory, its aliases, the flash, the ROM and Secure devices; with ranges that wrap, straddle the border of the caller's memory, or are 4 GiB long.",
        expected: "programmer-error (-129) each time, an event that names the call and the reason, nothing written, and the same call with the caller's own memory succeeds.",
        applies: NEEDS_TRUSTZONE,
        run: foreign_pointers,
    },
    Test {
        id: "gate-foreign-frames-refused",
        title: "The gate refuses frames that are not the caller's",
        sfr: sfr::INITIALIZATION,
        threats: THREATS,
        kind: Kind::Attack,
        interface: interface::GATE,
        procedure: "Call every call that has arguments with the frame at zero, misaligned, in Secure memory, in the flash, at the last word of the address space, and over the borders of the caller's memory.",
        expected: "programmer-error (-129) each time, and the gate works afterwards.",
        applies: NEEDS_TRUSTZONE,
        run: foreign_frames,
    },
    Test {
        id: "gate-arguments-out-of-range",
        title: "The gate answers values outside a call's range with a status of their own",
        sfr: sfr::INITIALIZATION,
        threats: THREATS,
        kind: Kind::Attack,
        interface: interface::GATE,
        procedure: "Pass unknown fields, parts, algorithms, levels and indices, outputs that are too small, and texts that are too long or not printable.",
        expected: "The status that the functional specification gives for each; the platform goes on.",
        applies: NEEDS_TRUSTZONE,
        run: out_of_range,
    },
    Test {
        id: "gate-calls-do-not-nest",
        title: "No interrupt of the application begins a call inside another one",
        sfr: sfr::INITIALIZATION,
        threats: THREATS,
        kind: Kind::Attack,
        interface: interface::GATE,
        procedure: "Make 300 calls of random while a Non-secure timer interrupt makes calls of its own, at every moment of the outer ones.",
        expected: "The interrupt waits until a call has ended: none of its calls is refused as busy, every outer call succeeds, and the gate works afterwards.",
        applies: NEEDS_TRUSTZONE,
        run: nested,
    },
    Test {
        id: "gate-never-uses-the-callers-stack",
        title: "The gate does not write where the caller's stack pointer points",
        sfr: sfr::INITIALIZATION,
        threats: THREATS,
        kind: Kind::Attack,
        interface: interface::GATE,
        procedure: "Call random with the stack pointer in Secure memory, its aliases, Secure devices, the flash, the ROM, where there is nothing, and at the ends of the address space; and with it in the probe's own memory between canaries.",
        expected: "Each call is answered or ends in a fault; the canaries around the probe's own stack pointer are untouched, the slots are judged as before, and the gate works afterwards.",
        applies: NEEDS_TRUSTZONE,
        run: foreign_stacks,
    },
    Test {
        id: "gate-leaves-nothing-in-registers",
        title: "A call leaves nothing of the platform in the registers",
        sfr: sfr::INITIALIZATION,
        threats: THREATS,
        kind: Kind::Attack,
        interface: interface::GATE,
        procedure: "Make calls that succeed and calls that are refused, and look at r1, r2, r3, r12 and the flags when they return.",
        expected: "Each register holds the caller's own return address and nothing else; the flags are those of that number.",
        applies: NEEDS_TRUSTZONE,
        run: leftovers,
    },
];

/// The caller's memory: code and working memory (configuration guide).
const CALLERS_RAM: (u32, u32) = (crate::probe::RAM.start, crate::probe::RAM.end);
const CALLERS_CODE: (u32, u32) = (crate::probe::CODE.start, crate::probe::CODE.end);

/// Ranges that are not, or not wholly, the caller's.
fn foreign_ranges(buffer: u32) -> Vec<(&'static str, u32, u32)> {
    vec![
        ("platform's memory", 0x3808_0000, 32),
        ("platform's memory, alias", 0x2808_0000, 32),
        ("platform's code", 0x3800_0400, 32),
        ("the veneers", 0x3800_0800, 32),
        ("boot record", 0x380F_0000, 32),
        ("boot ROM", 0x1000_0000, 32),
        ("address zero", 0, 32),
        ("device secret", 0x1001_0000, 32),
        ("device secret, alias", 0x0001_0000, 32),
        ("flash", 0x8000_0000, 32),
        ("management UART", 0x5020_0000, 4),
        ("management UART, alias", 0x4020_0000, 4),
        ("fuse bus", 0x5020_D000, 4),
        ("protection registers", 0x5008_0000, 4),
        ("caller's memory by its Secure alias", buffer | 0x1000_0000, 32),
        ("range that wraps", 0xFFFF_FFF0, 0x20),
        ("range that wraps by one byte", 0xFFFF_FFFF, 2),
        ("range that wraps into the caller's memory", buffer, 0xFFFF_FFFF),
        ("range that ends where it begins", buffer, 0u32.wrapping_sub(buffer)),
        ("own memory, 2 GiB long", buffer, 0x8000_0000),
        ("over the start of the caller's memory", CALLERS_RAM.0 - 16, 32),
        ("over the end of the caller's memory", CALLERS_RAM.1 - 16, 32),
        ("one byte before the caller's memory", CALLERS_RAM.0 - 1, 1),
        ("one byte behind the caller's memory", CALLERS_RAM.1, 1),
        ("over the start of the caller's code", CALLERS_CODE.0 - 16, 32),
        ("over the end of the caller's code", CALLERS_CODE.1 - 16, 32),
        ("from code over to working memory", CALLERS_CODE.0, CALLERS_RAM.0 - CALLERS_CODE.0 + 32),
        ("processor's registers: vector table", 0xE000_ED08, 4),
        ("processor's registers: attribution unit", 0xE000_EDD0, 32),
        ("processor's registers: whole system control space", 0xE000_E000, 4096),
        ("processor's registers, Non-secure alias", 0xE002_ED08, 32),
        ("trace and debug registers", 0xE000_1000, 32),
    ]
}

/// A call with one of its pointers left open.
struct Pointer {
    row: &'static Row,
    /// Word of the frame that holds it; its length follows.
    word: usize,
    what: String,
}

/// Every pointer of every call.
fn pointers() -> Vec<Pointer> {
    let mut all = Vec::new();
    for row in calls::ALL {
        let mut word = 0;
        for (name, shape) in row.arguments {
            if *shape != Shape::Value {
                all.push(Pointer { row, word, what: format!("{} {name}", row.name) });
            }
            word += shape.words();
        }
    }
    all
}

impl Pointer {
    /// A frame with this pointer, every other one to 32 bytes of the caller's own memory, and small values.
    fn frame(&self, address: u32, len: u32, own: u32) -> Vec<u32> {
        let mut frame = Vec::new();
        for (_, shape) in self.row.arguments {
            match shape {
                Shape::Value => frame.push(1),
                Shape::Input | Shape::Output if frame.len() == self.word => frame.extend([address, len]),
                Shape::Input | Shape::Output => frame.extend([own, 32]),
            }
        }
        frame
    }
}

fn foreign_pointers(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let (buffer, _) = probe.buffer();
    let own = buffer + 256;
    probe.call_control(seen, "random into the caller's own memory")?;
    probe.session().management().take_lines();
    let mut wrong = Vec::new();
    for pointer in pointers() {
        for (what, address, len) in foreign_ranges(buffer) {
            let frame = probe.put(0, &pointer.frame(address, len, own))?;
            let case = format!("{} at {what} ({address:#010x}, {len} bytes)", pointer.what);
            let outcome = match probe.say(&format!("call {} {frame:#x}", pointer.row.number))? {
                answer if answer.status() == Some(status::PROGRAMMER_ERROR) => {
                    refusal(&mut probe, pointer.row.number)?
                }
                answer => {
                    if matches!(answer, ProbeAnswer::Fault(_)) {
                        probe.ready()?;
                    }
                    wrong.push(format!("{case} was answered with {}", shown(&answer)));
                    "NOT REFUSED".into()
                }
            };
            seen.case(&pointer.what, &outcome);
        }
    }
    probe.call_control(seen, "the same call afterwards")?;
    all_as_expected(seen, wrong)
}

/// The event that goes with a refusal: names the call and gives a reason.
fn refusal(probe: &mut Probe, number: u32) -> Outcome<String> {
    let event = judged(probe.session().wait_event("gate-refused"))?;
    let call = event.words.get("call");
    require!(call == Some(&number.to_string()), "the event names call {call:?} and not {number}");
    let reason = event.words.get("reason").cloned().unwrap_or_default();
    require!(!reason.is_empty(), "the event gives no reason");
    Ok(format!("-129, {reason}"))
}

fn foreign_frames(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let (buffer, _) = probe.buffer();
    probe.call_control(seen, "a frame in the caller's own memory")?;
    let mut wrong = Vec::new();
    for row in calls::ALL.iter().filter(|row| !row.arguments.is_empty()) {
        let words: usize = row.arguments.iter().map(|(_, shape)| shape.words()).sum();
        for (what, frame) in [
            ("at zero", 0),
            ("misaligned by 1", buffer + 1),
            ("misaligned by 2", buffer + 2),
            ("in the platform's memory", 0x3808_0000),
            ("in the platform's memory, alias", 0x2808_0000),
            ("in the flash", 0x8000_0000),
            ("in the device secret", 0x1001_0000),
            ("in the management UART, alias", 0x4020_0000),
            ("in the processor's registers", 0xE000_ED08),
            ("at the last word there is", 0xFFFF_FFFC),
            ("over the start of the caller's memory", CALLERS_RAM.0 - 4),
            // A frame of one word lies wholly behind it.
            ("over the end of the caller's memory", CALLERS_RAM.1 - 4 * (words as u32 - 1)),
        ] {
            let answer = probe.say(&format!("call {} {frame:#x}", row.number))?;
            if matches!(answer, ProbeAnswer::Fault(_)) {
                probe.ready()?;
            }
            if answer.status() == Some(status::PROGRAMMER_ERROR) {
                seen.case(what, "-129");
            } else {
                wrong.push(format!("{}, frame {what} ({frame:#010x}): {}", row.name, shown(&answer)));
                seen.case(what, "NOT REFUSED");
            }
        }
    }
    probe.call_control(seen, "a frame in the caller's own memory, afterwards")?;
    all_as_expected(seen, wrong)
}

fn out_of_range(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let (buffer, _) = probe.buffer();
    probe.call_control(seen, "random within its range")?;
    let text = b"AAA";
    for (what, call, expected) in [
        ("field 7 of the identity", calls::identity_field(7), status::DOES_NOT_EXIST),
        ("field 4294967295", calls::identity_field(u32::MAX), status::DOES_NOT_EXIST),
        ("no room for a field", calls::identity_field(0).room(1), status::BUFFER_TOO_SMALL),
        ("part 3", calls::identity_part(3), status::DOES_NOT_EXIST),
        ("a part record of 111 bytes", calls::identity_part(1).room(111), status::BUFFER_TOO_SMALL),
        ("a state record of 31 bytes", calls::platform_state().room(31), status::BUFFER_TOO_SMALL),
        ("algorithm 0", calls::digest(0, text), status::NOT_SUPPORTED),
        ("MD5", calls::digest(alg::MD5, text), status::NOT_SUPPORTED),
        ("SHA-1", calls::digest(alg::SHA_1, text), status::NOT_SUPPORTED),
        ("a hash of 31 bytes", calls::digest(alg::SHA_256, text).room(31), status::BUFFER_TOO_SMALL),
        ("log level 3", calls::log_write(3, text), status::INVALID_ARGUMENT),
        ("a text of 97 bytes", calls::log_write(2, &[b'A'; 97]), status::INVALID_ARGUMENT),
        ("a text with a line feed", calls::log_write(2, b"AAA\n"), status::INVALID_ARGUMENT),
        ("entry 4294967295 of the log", calls::log_read(u32::MAX), status::DOES_NOT_EXIST),
    ] {
        probe.ends(what, &call, expected)?;
        seen.case(what, &expected.to_string());
    }
    seen.control("the same calls within their ranges", |_| {
        let within = [
            calls::identity_field(0),
            calls::identity_part(1),
            calls::platform_state(),
            calls::digest(alg::SHA_256, text),
            calls::log_write(2, &[b'A'; 96]),
            calls::log_read(0),
        ];
        probe.all_done(&within)?;
        Ok(format!("{} of them succeed", within.len()))
    })?;
    // More than the probe has a buffer for: by its address.
    let frame = probe.put(0, &[buffer, 65_537])?;
    let status = probe.call("random", frame)?;
    require!(status == status::INVALID_ARGUMENT, "65,537 random bytes: status {status}");
    seen.case("65,537 random bytes", &status.to_string());
    probe.call_control(seen, "random within its range, afterwards")
}

fn nested(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    probe.call_control(seen, "a call that nothing interrupts")?;
    let answer = probe.say("nest 300")?;
    let ProbeAnswer::Line(line) = &answer else {
        require!(false, "`nest 300` was answered with {}", shown(&answer));
        return Ok(());
    };
    let numbers: Vec<u64> = line.split_whitespace().skip(1).filter_map(|word| word.parse().ok()).collect();
    let [calls, nested, busy] = numbers[..] else {
        require!(false, "`nest 300` was answered with `{line}`");
        return Ok(());
    };
    seen.saw("answer", line);
    require!(calls == 300, "only {calls} of 300 outer calls succeeded");
    require!(nested > 0, "the timer never interrupted the application");
    require!(busy == 0, "{busy} of {nested} calls of the timer came inside another call");
    seen.cases("outer call", "success", calls);
    seen.cases("call of the timer", "success", nested);
    probe.call_control(seen, "a call that nothing interrupts, afterwards")
}

fn leftovers(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let (buffer, _) = probe.buffer();
    probe.call_control(seen, "the call gives its result all the same")?;
    for (what, name, frame) in [
        ("random that succeeds", "random", vec![buffer + 256, 32]),
        ("random that is refused", "random", vec![0x3808_0000, 32]),
        ("digest that succeeds", "digest", vec![alg::SHA_256, buffer, 64, buffer + 256, 32]),
        ("part that does not exist", "identity_part", vec![9, buffer + 256, 112]),
    ] {
        let frame = probe.put(0, &frame)?;
        let answer = probe.ok(&format!("leftovers {} {frame:#x}", calls::number(name)))?;
        let words: Vec<u32> = answer.split_whitespace().filter_map(crate::probe::number).collect();
        let [r1, r2, r3, r12, flags] = words[..] else {
            return Err(Failure::Harness(anyhow::anyhow!("the probe answered `{answer}`")));
        };
        seen.saw(format!("r1, r2, r3, r12 and flags after {what}"), &answer);
        let own = (CALLERS_CODE.0..CALLERS_CODE.1).contains(&r1);
        require!(own && [r2, r3, r12] == [r1; 3], "after {what} the registers hold {answer}");
        // NZCVQ in the upper five bits, GE in bits 16 to 19; the other bits of APSR read as zero.
        require!(flags == r1 & 0xF80F_0000, "after {what} the flags are {flags:#010x}");
        seen.case(what, "only the return address");
    }
    Ok(())
}

/// Where a hostile caller may point its stack.
const STACKS: &[(&str, u32)] = &[
    ("platform's memory", 0x3808_0800),
    ("platform's memory, alias", 0x2808_0800),
    ("platform's code", 0x3800_1000),
    ("boot record", 0x380F_0800),
    ("fault record", 0x380F_F010),
    ("boot's memory", 0x3000_0800),
    ("boot ROM", 0x1000_0800),
    ("device secret", 0x1001_0020),
    ("flash", 0x8000_0800),
    ("management UART", 0x5020_0008),
    ("protection registers", 0x5008_0010),
    ("memory protection controller", 0x5800_7010),
    ("attribution unit", 0xE000_EDE0),
    ("nothing", 0x6000_0000),
    ("nothing, Non-secure", 0x2900_0000),
    ("address zero", 0),
    ("first words", 8),
    ("end of the address space", 0xFFFF_FFF8),
];

fn foreign_stacks(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let before = probe.report().clone();
    let (buffer, _) = probe.buffer();
    let random = |probe: &mut Probe, stack: u32| -> Outcome<ProbeAnswer> {
        let frame = probe.put(0, &[buffer + 64, 16])?;
        probe.say(&format!("stackcall {} {frame:#x} {stack:#x}", calls::number("random")))
    };
    let own = |seen: &mut Observations, probe: &mut Probe, when: &str| {
        seen.control(&format!("the stack pointer in the probe's own memory, {when}"), |_| {
            let canaries = buffer + 128;
            probe.ok(&format!("fill {canaries:#x} 96 0xcc"))?;
            let answer = random(probe, canaries + 48)?;
            require!(answer.status() == Some(status::SUCCESS), "answered with {}", shown(&answer));
            let left = probe.ok(&format!("dump {canaries:#x} 96"))?;
            require!(left == "cc".repeat(96), "around the stack pointer lies {left}");
            Ok("status 0, nothing written around it".into())
        })
    };
    own(seen, &mut probe, "before")?;
    for (what, stack) in STACKS {
        let outcome = match random(&mut probe, *stack)? {
            ProbeAnswer::Line(line) => line,
            ProbeAnswer::Fault(report) => {
                expect_state(&report, "running")?;
                require!(
                    report.slots == before.slots,
                    "with the stack at {what} the slots are judged differently"
                );
                require!(report.parts == before.parts, "with the stack at {what} other parts are reported");
                probe.ready()?;
                report.fault.map_or("restart".into(), |fault| fault.name)
            }
        };
        seen.case(what, &outcome);
        // Whatever happened there, the next call is served.
        let answer = random(&mut probe, buffer + 176)?;
        require!(answer.status() == Some(status::SUCCESS), "after the stack at {what}: {}", shown(&answer));
    }
    own(seen, &mut probe, "after")?;
    let report = probe.must_fault("udf", &["hard-fault", "usage-fault"])?;
    require!(
        report.slots == before.slots && report.parts == before.parts,
        "the device reports something else"
    );
    Ok(())
}
