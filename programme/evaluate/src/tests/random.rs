//! Random numbers: there when the source is sound, refused by name when it is not.

use super::{NEEDS_TRUSTZONE, interface, sfr};
use crate::bench::{Bench, Dut, expect_state, judged};
use crate::model::{Applies, Failure, Kind, Outcome, Test, Threat, require};
use crate::observations::Observations;
use crate::probe::{Probe, status};
use crate::statistics;
use dtsec_target::{Entropy, Session};
use std::collections::BTreeSet;

pub(super) const TESTS: &[Test] = &[
    Test {
        id: "random-gives-what-is-asked-for",
        title: "Random gives exactly the bytes asked for, and never the same twice",
        sfr: sfr::RANDOM,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::ENTROPY,
        procedure: "Ask for 1 to 4096 bytes, several times in one start, over several starts of one device, and on several devices; ask for lengths that the console does not take.",
        expected: "Exactly the length asked for; no two outputs of 16 bytes or more are equal; 0 and 4097 are refused.",
        applies: Applies::Everywhere,
        run: gives_bytes,
    },
    Test {
        id: "random-looks-random",
        title: "64 KiB of output pass simple statistics",
        sfr: sfr::RANDOM,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::ENTROPY,
        procedure: "Gather 65,536 bytes; count the one bits, the values of the bytes, the runs, and repeated blocks of 8 bytes.",
        expected: "Each within bounds that a sound generator misses less than once in a million evaluations. It shows that nothing is grossly wrong, and no more.",
        applies: Applies::Everywhere,
        run: looks_random,
    },
    Test {
        id: "random-fails-closed",
        title: "Without sound entropy there is no random number, and the device goes on measuring",
        sfr: sfr::RANDOM,
        threats: &[Threat::Physical],
        kind: Kind::Attack,
        interface: interface::ENTROPY,
        procedure: "Start with a source that is silent, falls silent, is stuck at a value, or favours one; ask for random bytes several times; send glucose readings before and after; then cut the power and start with a good source.",
        expected: "insufficient-entropy every time, an event that names the fault, readings taken as ever; the fault stays until the device is switched off, and is gone after it.",
        applies: Applies::Everywhere,
        run: fails_closed,
    },
    Test {
        id: "random-depends-on-source-and-device",
        title: "Another device gives other numbers even from the same entropy, and other entropy gives others on the same device",
        sfr: sfr::RANDOM,
        threats: &[Threat::Physical],
        kind: Kind::Attack,
        interface: interface::ENTROPY,
        procedure: "Feed two devices the same sample stream, as an attacker on the source's wire could, and compare their outputs; feed one device two streams.",
        expected: "The outputs differ in both cases: the device's own secret takes part, and so does the source.",
        applies: Applies::Everywhere,
        run: depends,
    },
    Test {
        id: "random-limits-at-the-gate",
        title: "The call keeps its limits and writes nothing beyond them",
        sfr: sfr::RANDOM,
        threats: &[Threat::BadSoftware],
        kind: Kind::Attack,
        interface: interface::GATE,
        procedure: "Through the gate ask for 0, 1, 65,536 and 65,537 bytes, with canaries around the output, and with a pointer that is not the caller's.",
        expected: "Success for the first three, with the canaries untouched; invalid-argument for 65,537; programmer-error for the pointer.",
        applies: NEEDS_TRUSTZONE,
        run: limits,
    },
    Test {
        id: "random-nothing-needs-a-source-too",
        title: "Without sound entropy even a request for no bytes is refused",
        sfr: sfr::RANDOM,
        threats: &[Threat::Physical],
        kind: Kind::Attack,
        interface: interface::ENTROPY,
        procedure: "Through the gate ask for 0 and for 16 bytes on a device whose source is silent, and on one whose source is stuck.",
        expected: "insufficient-entropy (-148) for both, so that an application cannot mistake a dead generator for a living one; success on a device with a good source.",
        applies: NEEDS_TRUSTZONE,
        run: nothing_from_a_dead_source,
    },
];

/// Asks the application for random bytes.
fn random(session: &mut Session, count: usize) -> Outcome<Vec<u8>> {
    let answer = judged(session.ask(&format!("random {count}")))?;
    let Some(text) = answer.line("random").filter(|_| answer.is_ok()) else {
        return Err(Failure::Refuted(format!("`random {count}` was answered with error {:?}", answer.error)));
    };
    let bytes = hex::decode(text).map_err(|_| Failure::Refuted(format!("`{text}` is not hex")))?;
    require!(bytes.len() == count, "{} bytes came where {count} were asked for", bytes.len());
    Ok(bytes)
}

fn started(dut: &Dut, entropy: Entropy) -> Outcome<Session> {
    let mut session = dut.power_with(entropy)?;
    expect_state(&judged(session.report())?, "running")?;
    Ok(session)
}

fn gives_bytes(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut outputs = BTreeSet::new();
    for device in ["first device", "second device"] {
        let dut = bench.genuine_device(seen)?;
        for _ in 0..2 {
            let mut session = started(&dut, Entropy::System)?;
            for count in [1, 2, 16, 31, 32, 255, 256, 257, 4096, 32] {
                let bytes = random(&mut session, count)?;
                if count >= 16 {
                    let new = outputs.insert(bytes[..16].to_vec());
                    require!(new, "the same 16 bytes came twice");
                }
                seen.case(device, "exact length, not seen before");
            }
            for wrong in ["0", "4097", "-1", "x"] {
                let answer = judged(session.ask(&format!("random {wrong}")))?;
                require!(!answer.is_ok(), "`random {wrong}` was answered");
                seen.case("length that is refused", answer.error.as_deref().unwrap_or_default());
            }
            let event = judged(session.wait_event("random"))?;
            require!(
                event.words.get("state").is_some_and(|s| s == "ready"),
                "event random {:?}",
                event.words
            );
        }
    }
    seen.saw("different outputs", outputs.len());
    Ok(())
}

fn looks_random(bench: &Bench, seen: &mut Observations) -> Outcome {
    let dut = bench.genuine_device(seen)?;
    let mut session = started(&dut, Entropy::System)?;
    let mut bytes = Vec::with_capacity(65_536);
    while bytes.len() < 65_536 {
        bytes.extend(random(&mut session, 4096)?);
    }
    seen.control("the same statistics over a counter, a text and biased bits", |_| {
        let counter: Vec<u8> = (0..65_536u32).flat_map(|n| (n as u16).to_le_bytes()).take(65_536).collect();
        let text: Vec<u8> = b"glucose ".iter().copied().cycle().take(65_536).collect();
        let mut biased = bytes.clone();
        biased.iter_mut().step_by(8).for_each(|byte| *byte |= 1);
        for (what, sample) in [("counter", counter), ("text", text), ("biased bits", biased)] {
            require!(!statistics::all(&sample).iter().all(|s| s.holds()), "a {what} passes");
        }
        Ok("each fails at least one".into())
    })?;
    for statistic in statistics::all(&bytes) {
        seen.saw(statistic.name, statistic.to_string());
        require!(statistic.holds(), "{}: {statistic}", statistic.name);
        seen.case(statistic.name, "within bounds");
    }
    Ok(())
}

fn fails_closed(bench: &Bench, seen: &mut Observations) -> Outcome {
    // Every second sample the same: far above the cutoff of 71 in 512, and never nine in a row.
    let biased: Vec<u8> = (0..8192u32).map(|n| if n % 2 == 0 { 0xA5 } else { (n / 2 * 7) as u8 }).collect();
    let dut = bench.genuine_device(seen)?;
    works(seen, &dut, "the same device with a good source")?;
    for (case, entropy, name) in [
        ("silent from the start", Entropy::Silent, "entropy-absent"),
        ("silent after 100 samples", Entropy::Short(100), "entropy-short"),
        ("silent in the middle of seeding", Entropy::Short(1100), "entropy-short"),
        ("stuck at 0", Entropy::Constant(0), "entropy-stuck"),
        ("stuck at 0xA5", Entropy::Constant(0xA5), "entropy-stuck"),
        ("one value in every second sample", Entropy::Bytes(biased), "entropy-biased"),
    ] {
        let mut session = started(&dut, entropy)?;
        reading(&mut session, 1_700_000_000, "100")?;
        for attempt in 0..3 {
            let answer = judged(session.ask("random 16"))?;
            let error = answer.error.as_deref();
            require!(error == Some("insufficient-entropy"), "{case}, attempt {attempt}: error {error:?}");
            require!(answer.line("random").is_none(), "{case}: random bytes came with the error");
        }
        let event = judged(session.wait_event("random"))?;
        let state = event.words.get("state").cloned().unwrap_or_default();
        require!(state == name, "{case}: the event says state={state} where {name} was expected");
        reading(&mut session, 1_700_000_300, "105")?;
        seen.transcript(
            case,
            session.transcript().lines().filter(|l| l.contains("event=random") || l.contains("error")),
        );
        drop(session);
        works(seen, &dut, &format!("after {case}: power cut, good source"))?;
        seen.case(case, &format!("insufficient-entropy, {state}, readings go on"));
    }
    Ok(())
}

/// Control: with a good source there are random bytes, and the meter measures.
fn works(seen: &mut Observations, dut: &Dut, stimulus: &str) -> Outcome {
    seen.control(stimulus, |_| {
        let mut session = started(dut, Entropy::System)?;
        let bytes = random(&mut session, 16)?;
        reading(&mut session, 1_700_000_000, "120")?;
        Ok(format!("{} random bytes, reading taken", bytes.len()))
    })
}

/// The meter takes a reading and shows it.
fn reading(session: &mut Session, time: u64, value: &str) -> Outcome {
    // The answer of any command shows that the meter runs; a start-up line may be gone already.
    judged(session.ask("help"))?;
    judged(session.send_reading(time, value, "mg/dL"))?;
    let line =
        judged(session.console().wait_line("a reading", |line| {
            line.starts_with("reading ") || line.starts_with("sensor error")
        }))?;
    require!(line.contains(&format!("mg/dL={value}")), "a reading of {value} mg/dL was shown as `{line}`");
    Ok(())
}

fn depends(bench: &Bench, seen: &mut Observations) -> Outcome {
    let [one, other] = [bench.genuine_device(seen)?, bench.genuine_device(seen)?];
    let draw =
        |dut: &Dut, seed| -> Outcome<Vec<u8>> { random(&mut started(dut, Entropy::Seeded(seed))?, 32) };
    let first = draw(&one, 1)?;
    let again = draw(&one, 1)?;
    seen.control("the same stream into the same device twice", |_| {
        require!(first == again, "the outputs differ although the samples were the same");
        Ok("the same output: the sample stream is under the harness's control".into())
    })?;
    let elsewhere = draw(&other, 1)?;
    require!(first != elsewhere, "two devices gave the same output from the same samples");
    seen.case("the same stream into another device", "another output");
    let fresh = draw(&one, 2)?;
    require!(first != fresh, "another stream gave the same output");
    seen.case("another stream into the same device", "another output");
    Ok(())
}

fn limits(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    probe.call_control(seen, "32 random bytes")?;
    let (buffer, _) = probe.buffer();
    let output = buffer + 64;
    for count in [0u32, 1, 3, 33] {
        probe.ok(&format!("fill {:#x} 96 0xcc", output - 16))?;
        let frame = probe.put(0, &[output, count])?;
        let status = probe.call("random", frame)?;
        require!(status == status::SUCCESS, "{count} bytes: status {status}");
        let dump = probe.ok(&format!("dump {:#x} 96", output - 16))?;
        let bytes = hex::decode(&dump).map_err(|_| Failure::Refuted(format!("`{dump}` is not hex")))?;
        let end = 16 + count as usize;
        let clean = bytes[..16].iter().chain(&bytes[end..]).all(|byte| *byte == 0xCC);
        require!(clean, "{count} bytes: a canary was overwritten");
        let written = probe.ok(&format!("read {:#x}", frame + 4))?;
        require!(
            crate::probe::number(&written) == Some(count),
            "the length word says {written} after {count} bytes"
        );
        seen.case(&format!("{count} bytes"), "success, canaries untouched");
    }
    // A place in the caller's own memory, far from the probe's variables and stack.
    const LARGE: u32 = 0x2822_0000;
    let frame = probe.put(0, &[LARGE, 65_536])?;
    let status = probe.call("random", frame)?;
    require!(status == status::SUCCESS, "65,536 bytes: status {status}");
    let last = probe.ok(&format!("dump {:#x} 40", LARGE + 65_536 - 32))?;
    require!(
        last.len() == 80 && last.ends_with(&"0".repeat(16)),
        "around the end of 65,536 bytes lies {last}"
    );
    require!(!last.starts_with(&"0".repeat(64)), "the last 32 of 65,536 bytes are zero");
    seen.case("65536 bytes", "success, nothing behind them");
    for (what, address, count, expected) in [
        ("65,537 bytes", output, 65_537, status::INVALID_ARGUMENT),
        ("128 KiB", output, 128 << 10, status::INVALID_ARGUMENT),
        ("Secure memory", 0x3808_0000, 32, status::PROGRAMMER_ERROR),
        ("wrapping range", 0xFFFF_FFF0, 32, status::PROGRAMMER_ERROR),
    ] {
        let frame = probe.put(0, &[address, count])?;
        let status = probe.call("random", frame)?;
        require!(status == expected, "{what}: status {status} where {expected} was expected");
        seen.case(what, &status.to_string());
    }
    probe.call_control(seen, "32 random bytes, afterwards")
}

fn nothing_from_a_dead_source(bench: &Bench, seen: &mut Observations) -> Outcome {
    let ask = |probe: &mut Probe, count: u32| -> Outcome<i64> {
        let output = probe.buffer().0 + 64;
        let frame = probe.put(0, &[output, count])?;
        probe.call("random", frame)
    };
    seen.setup("noise source", "as each case says");
    let mut good = Probe::start(bench, seen)?;
    for count in [0, 16] {
        seen.control(&format!("{count} bytes with a good source"), |_| {
            let status = ask(&mut good, count)?;
            require!(status == status::SUCCESS, "status {status}");
            Ok("status 0".into())
        })?;
    }
    for (case, entropy) in [("silent source", Entropy::Silent), ("stuck source", Entropy::Constant(0))] {
        // Each count on a device that was not asked before.
        for count in [0, 16] {
            let mut probe = Probe::start_with(bench, seen, entropy.clone())?;
            let status = ask(&mut probe, count)?;
            require!(status == status::INSUFFICIENT_ENTROPY, "{case}, {count} bytes: status {status}");
            seen.case(&format!("{case}, {count} bytes"), "insufficient-entropy");
        }
    }
    Ok(())
}
