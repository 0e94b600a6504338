//! Factory reset and decommissioning: is everything gone that must go, does what must stay stay, and does nothing –
//! neither a broken application nor a cut – keep it from being finished?

use super::recovery::{crasher, expect_stopped};
use super::storage::SECTOR_HEADER;
use super::storage::content::{get, reported, services, set};
use super::{NEEDS_TRUSTZONE, interface, sfr};
use crate::bench::{Bench, Dut, expect_state, judged, let_pass};
use crate::images::Part;
use crate::model::{Applies, Failure, Kind, Outcome, Target, Test, Threat, require};
use crate::observations::Observations;
use crate::probe::psa::{Attributes, alg, kind, usage};
use crate::probe::{CODE, Probe, calls, status};
use crate::seed::Sampler;
use dtsec_target::{Entropy, Report, Session};
use std::collections::HashSet;
use std::time::Duration;

pub(super) const TESTS: &[Test] = &[
    Test {
        id: "factory-reset-destroys-what-came-after-delivery",
        title: "A factory reset destroys all that the device received, and leaves the instance what it was",
        sfr: sfr::FACTORY_RESET,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::LIFE_CYCLE,
        procedure: "Store records, readings and a persistent key, note the flash and the attestation key, do a factory reset on the management wire, and look at calls, flash, fuses and attestation key.",
        expected: "The device runs again; records, readings and key do not exist; no piece of 16 bytes of what the storage held is in the flash; the count of finished resets in the fuses and in the report is one higher; the attestation key is the same.",
        applies: Applies::Everywhere,
        run: destroys,
    },
    Test {
        id: "factory-reset-needs-the-code",
        title: "Nothing is destroyed by a line that does not repeat the code",
        sfr: sfr::FACTORY_RESET,
        threats: &[Threat::Physical],
        kind: Kind::Attack,
        interface: interface::LIFE_CYCLE,
        procedure: "On the management wire: confirm what nobody asked for; ask for a factory reset and for decommissioning and confirm with another code; confirm with the right code after a wrong one. Through the gate: call factory_reset with every phrase but the right one.",
        expected: "Each is refused and the readings are still there; asked and confirmed as it should be, the reset is done.",
        applies: Applies::Everywhere,
        run: needs_the_code,
    },
    Test {
        id: "factory-reset-without-an-application",
        title: "A factory reset works where no application runs",
        sfr: sfr::FACTORY_RESET,
        threats: &[Threat::BadSoftware],
        kind: Kind::Functional,
        interface: interface::LIFE_CYCLE,
        procedure: "Store a reading, destroy the application's image, start, and do a factory reset on the management wire.",
        expected: "The device is in no-application before and after; the reading is gone and the reset counted.",
        applies: Applies::Everywhere,
        run: without_application,
    },
    Test {
        id: "factory-reset-with-a-crashing-application",
        title: "A factory reset works when the application faults at its first instruction",
        sfr: sfr::FACTORY_RESET,
        threats: &[Threat::BadSoftware],
        kind: Kind::Attack,
        interface: interface::LIFE_CYCLE,
        procedure: "Store readings and records, replace the application by a genuinely signed one whose first instruction is undefined, wait until the platform starts it no more, and ask for a factory reset on the management wire.",
        expected: "State no-application with reason repeated-faults; the reset is done all the same, and nothing of the old content is in the flash; a good application runs afterwards.",
        applies: NEEDS_TRUSTZONE,
        run: with_a_crashing_application,
    },
    Test {
        id: "factory-reset-against-the-application",
        title: "An application that hangs with all its interrupts masked cannot keep the owner from a factory reset",
        sfr: sfr::FACTORY_RESET,
        threats: &[Threat::BadSoftware],
        kind: Kind::Attack,
        interface: interface::LIFE_CYCLE,
        procedure: "Let the hostile application store a reading, mask every interrupt that it can mask and loop for good; then ask for a token and do a factory reset on the management wire.",
        expected: "The token comes, the reset is done, the reading is gone and the device runs again.",
        applies: NEEDS_TRUSTZONE,
        run: against_the_application,
    },
    Test {
        id: "factory-reset-against-a-held-call",
        title: "An application cannot hold a call open to keep the management wire from being answered",
        sfr: sfr::FACTORY_RESET,
        threats: &[Threat::BadSoftware],
        kind: Kind::Attack,
        interface: interface::LIFE_CYCLE,
        procedure: "Let the hostile application start a timer whose interrupt handler never returns when it has interrupted the platform, and make a call that takes many periods of that timer; then ask for the services and do a factory reset on the management wire.",
        expected: "The wire answers and the reset is done.",
        applies: NEEDS_TRUSTZONE,
        run: against_a_held_call,
    },
    Test {
        id: "factory-reset-by-the-application",
        title: "The application can ask for a factory reset on its user's behalf",
        sfr: sfr::FACTORY_RESET,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::CALLS,
        procedure: "Store a record, call factory_reset with its phrase, and wait for the start that follows.",
        expected: "The device starts anew, the record is gone, the reset is counted.",
        applies: Applies::Everywhere,
        run: by_the_application,
    },
    Test {
        id: "factory-reset-finishes-after-cuts",
        title: "A factory reset whose power is cut is finished by the next start",
        sfr: sfr::FACTORY_RESET,
        threats: &[Threat::Physical],
        kind: Kind::Attack,
        interface: interface::LIFE_CYCLE,
        procedure: "Again and again: store records and readings, confirm a factory reset, and cut the power at a random moment after it began; sometimes cut the next start as well; then let it start.",
        expected: "Each time it is finished and counted, and nothing of what was stored is left.",
        applies: Applies::Everywhere,
        run: finishes_after_cuts,
    },
    Test {
        id: "decommission-is-for-good",
        title: "A decommissioned device never starts again and holds nothing that it received",
        sfr: sfr::DECOMMISSION,
        threats: &[Threat::Physical],
        kind: Kind::Attack,
        interface: interface::LIFE_CYCLE,
        procedure: "Store records, readings and a key, decommission the device, cut its power and start it several times; put genuine images into its slots again; put the old flash back.",
        expected: "It is locked and decommissioned at every start and starts nothing; no piece of what it stored is in the flash; both application slots are erased; the diversifier, from which all its secrets came, is burnt to ones.",
        applies: Applies::Everywhere,
        run: for_good,
    },
    Test {
        id: "decommission-finishes-after-cuts",
        title: "A decommissioning whose power is cut is finished by the next start",
        sfr: sfr::DECOMMISSION,
        threats: &[Threat::Physical],
        kind: Kind::Attack,
        interface: interface::LIFE_CYCLE,
        procedure: "With new devices: store records, confirm the decommissioning, cut the power at a random moment after it began, and start again.",
        expected: "Each device ends up locked and decommissioned, its storage and application erased and its diversifier burnt.",
        applies: Applies::Everywhere,
        run: decommission_after_cuts,
    },
];

/// The key that is stored.
const KEY: Attributes = Attributes::new(kind::HMAC, usage::SIGN_MESSAGE, alg::hmac(alg::SHA_256)).lasting(77);
/// The longest that a cut is put off, in milliseconds: more than a reset takes.
const LONGEST: u64 = 400;

/// How long to put off a cut. Early moments are the interesting ones.
fn early(sampler: &mut Sampler) -> Duration {
    Duration::from_millis(sampler.any() % LONGEST * (sampler.any() % LONGEST) / LONGEST)
}

/// What a device holds, as its flash shows it: all pieces of the storage that are neither erased nor overwritten, without
/// the headers of sectors, of which an empty storage has one too.
fn pieces(dut: &Dut) -> Outcome<HashSet<Vec<u8>>> {
    let dull = |piece: &&[u8]| piece.iter().all(|byte| *byte == 0 || *byte == 0xFF);
    let storage = dut.read_storage()?;
    let inside = storage.chunks(4096).flat_map(|sector| sector[SECTOR_HEADER..].chunks(16));
    Ok(inside.filter(|piece| !dull(piece)).map(<[u8]>::to_vec).collect())
}

/// Stores records, readings and a key.
fn fill(probe: &mut Probe, bench: &Bench, label: &str) -> Outcome {
    let mut sampler = bench.sampler(label);
    for uid in 1..=4 {
        probe.done(&set(uid, 0, &sampler.bytes(400)))?;
    }
    for _ in 0..8 {
        let mut reading = sampler.bytes(24);
        reading[22..].fill(0);
        probe.done(&calls::readings_append(&reading))?;
    }
    match probe.make(&calls::import_key(&KEY.to_bytes(), &sampler.bytes(32)))? {
        (status::SUCCESS | status::ALREADY_EXISTS, _) => Ok(()),
        (status, _) => Err(Failure::Refuted(format!("import_key: status {status}"))),
    }
}

/// The same, and switches the device off; what its flash then shows, which is a lot.
fn filled(mut probe: Probe, bench: &Bench, label: &str) -> Outcome<(Dut, HashSet<Vec<u8>>)> {
    fill(&mut probe, bench, label)?;
    let dut = probe.cut();
    let held = pieces(&dut)?;
    require!(held.len() > 100, "the storage shows {} pieces only", held.len());
    Ok((dut, held))
}

/// Nothing can be had of what was stored, and so many resets were finished.
fn is_empty(probe: &mut Probe, resets: u32) -> Outcome {
    let services = services(probe)?;
    let state = (services.storage.as_str(), services.records, services.next_reading, services.factory_resets);
    require!(state == ("ready", 0, 0, resets), "storage, records, next reading, resets: {state:?}");
    probe.ends("a record is still there", &get(1, 0, 500), status::DOES_NOT_EXIST)?;
    probe.ends("the key is still there", &calls::get_key_attributes(KEY.id), status::INVALID_HANDLE)
}

/// None of the pieces is in the flash any more.
fn is_gone(dut: &Dut, before: &HashSet<Vec<u8>>) -> Outcome {
    let left = pieces(dut)?;
    let found = left.intersection(before).count();
    require!(found == 0, "{found} of {} pieces are still in the flash", before.len());
    Ok(())
}

fn destroys(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let key = judged(probe.session().attestation_key())?;
    let (dut, before) = filled(probe, bench, "factory-reset")?;
    seen.saw("pieces of 16 bytes before", before.len());

    let mut probe = Probe::power(dut, seen, Entropy::System)?;
    let report = judged(probe.session().factory_reset())?;
    expect_state(&report, "running")?;
    is_empty(&mut probe, 1)?;
    require!(judged(probe.session().attestation_key())? == key, "the instance has another identity");
    let dut = probe.cut();
    is_gone(&dut, &before)?;
    let counts = dut.read_fuses()?.factory_resets();
    require!(counts == (1, 1), "begun and finished, in the fuses: {counts:?}");
    seen.case("factory reset", "all gone, identity kept, counted");
    let mut probe = Probe::power(dut, seen, Entropy::System)?;
    is_empty(&mut probe, 1)?;
    seen.case("power cycle after it", "still empty");
    Ok(())
}

/// The code that the device gives for this command.
fn code(session: &mut Session, command: &str) -> Outcome<String> {
    let wire = session.management();
    wire.take_lines();
    judged(wire.send_line(command))?;
    let wanted = format!("cdd confirm={command} code=");
    let line = judged(wire.wait_line("code to confirm with", |line| line.starts_with(&wanted)))?;
    Ok(line[wanted.len()..].to_owned())
}

fn confirm(session: &mut Session, code: &str) -> Outcome<bool> {
    let wire = session.management();
    judged(wire.send_line(&format!("confirm {code}")))?;
    let line = judged(wire.wait_line("answer to the code", |line| {
        line.starts_with("cdd error=") || line.starts_with("cdd event=life-cycle begun=")
    }))?;
    Ok(line.starts_with("cdd event="))
}

fn needs_the_code(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    fill(&mut probe, bench, "code")?;
    require!(!confirm(probe.session(), "00000000")?, "confirmed what nobody asked for");
    seen.case("unasked code", "refused");
    for command in ["factory-reset", "decommission"] {
        let right = code(probe.session(), command)?;
        let wrong: String = right.chars().map(|digit| if digit == '0' { '1' } else { '0' }).collect();
        require!(!confirm(probe.session(), &wrong)?, "{command}: a wrong code was taken");
        require!(!confirm(probe.session(), &right)?, "{command}: the right code was taken after a wrong one");
        seen.cases("wrong code, then the right one", "refused", 2);
    }
    for phrase in [&b""[..], b"factory reset ", b"factory-reset", b"Factory reset", b"factory rese", &[0; 13]]
    {
        let what = format!("phrase {phrase:?}");
        probe.ends(&what, &calls::factory_reset(phrase), status::INVALID_ARGUMENT)?;
        seen.case("wrong phrase", "refused");
    }
    let services = services(&mut probe)?;
    require!(services.next_reading == 8 && services.factory_resets == 0, "{services:?}");
    seen.control("the right code at once", |_| {
        judged(probe.session().factory_reset())?;
        is_empty(&mut probe, 1)?;
        Ok("the reset was done".into())
    })
}

fn without_application(bench: &Bench, seen: &mut Observations) -> Outcome {
    let (dut, before) = filled(Probe::start(bench, seen)?, bench, "no-application")?;
    dut.erase_slot(Part::Application.slot_a())?;
    let mut session = dut.power()?;
    let report = judged(session.report())?;
    expect_state(&report, "no-application")?;
    let kept = reported(&report)?.next_reading;
    require!(kept == 8, "the readings were not there before: {kept}");
    let report = judged(session.factory_reset())?;
    expect_state(&report, "no-application")?;
    let services = reported(&report)?;
    require!((services.next_reading, services.factory_resets) == (0, 1), "{services:?}");
    drop(session);
    is_gone(&dut, &before)?;
    seen.case("no application", "reset done");
    Ok(())
}

fn with_a_crashing_application(bench: &Bench, seen: &mut Observations) -> Outcome {
    let (dut, before) = filled(Probe::start(bench, seen)?, bench, "crashing")?;
    let slot = Part::Application.slot_a();
    dut.flash_slot(slot, &bench.sign(&crasher(bench))?.bytes)?;
    let mut session = dut.power()?;
    let mut report = judged(session.report())?;
    for _ in 0..5 {
        if report.state == "no-application" {
            break;
        }
        report = judged(session.report())?;
    }
    expect_stopped(&report)?;
    let kept = reported(&report)?.next_reading;
    require!(kept == 8, "the readings were not there before: {kept}");
    let report = judged(session.factory_reset())?;
    let services = reported(&report)?;
    require!((services.next_reading, services.factory_resets) == (0, 1), "{services:?}");
    drop(session);
    is_gone(&dut, &before)?;
    seen.case("crashing application", "reset done");
    dut.flash_slot(slot, &bench.genuine(Part::Application)?.bytes)?;
    seen.control("the same device with a good application", |_| {
        let report = dut.boot()?;
        expect_state(&report, "running")?;
        Ok("it runs".into())
    })
}

/// `cpsid i`, `cpsid f`, `b .`, and what fills the word.
const MASK_AND_LOOP: [u32; 2] = [0xB671_B672, 0xBF00_E7FE];

fn against_the_application(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    fill(&mut probe, bench, "hang")?;
    let (buffer, _) = probe.buffer();
    for (word, at) in MASK_AND_LOOP.iter().zip([0, 4]) {
        probe.ok(&format!("write {:#x} {word:#x}", buffer + at))?;
    }
    // It does not come back, so nobody waits for its answer.
    judged(probe.session().console().send_line(&format!("jump {:#x}", buffer | 1)))?;
    judged(probe.session().console().send_line("ping"))?;
    let answer = probe.session().console().next_line(Duration::from_millis(500));
    require!(answer.is_none(), "the application does not hang, it said {answer:?}");
    judged(probe.session().token(&[7; 32]))?;
    seen.case("token beside a hanging application", "issued");
    let report = judged(probe.session().factory_reset())?;
    expect_state(&report, "running")?;
    let services = reported(&report)?;
    require!((services.next_reading, services.factory_resets) == (0, 1), "{services:?}");
    seen.case("factory reset beside a hanging application", "done");
    seen.control("the application after the reset", |_| {
        judged(probe.session().console_ready("probe ready"))?;
        Ok("it runs again".into())
    })
}

/// `mov r0, lr`, `lsls r0, #25`, `bmi .`, `bx lr`: does not come back where EXC_RETURN says that Secure code was
/// interrupted.
const HOLD: [u32; 2] = [0x0640_4670, 0x4770_D4FE];

fn against_a_held_call(bench: &Bench, seen: &mut Observations) -> Outcome {
    const VTOR_NS: u32 = 0xE000_ED08;
    const SYSTICK: [(u32, u32); 3] = [(0xE000_E014, 200_000), (0xE000_E018, 0), (0xE000_E010, 7)];
    let mut probe = Probe::start(bench, seen)?;
    let (buffer, length) = probe.buffer();
    let table = buffer.next_multiple_of(1024);
    require!(table + 0x400 <= buffer + length, "the probe's buffer has no room for a vector table");
    let (handler, frame, hash) = (table + 0x200, table + 0x240, table + 0x300);
    let mut write = |at: u32, word: u32| probe.ok(&format!("write {at:#x} {word:#x}")).map(drop);
    write(table + 15 * 4, handler | 1)?;
    for (word, at) in HOLD.iter().zip([0, 4]) {
        write(handler + at, *word)?;
    }
    // A hash over all of the application: many periods of the timer.
    let all = CODE.end - CODE.start;
    for (word, at) in [alg::SHA_256, CODE.start, all, hash, 32].into_iter().zip((0..).step_by(4)) {
        write(frame + at, word)?;
    }
    seen.control("the call without the timer", |_| {
        let status = probe.call("digest", frame)?;
        require!(status == status::SUCCESS, "status {status}");
        Ok("it succeeds".into())
    })?;
    let mut write = |at: u32, word: u32| probe.ok(&format!("write {at:#x} {word:#x}")).map(drop);
    write(frame + 16, 32)?;
    write(VTOR_NS, table)?;
    for (at, word) in SYSTICK {
        write(at, word)?;
    }
    // It may hang itself: nobody waits for its answer.
    let line = format!("call {} {frame:#x}", calls::number("digest"));
    judged(probe.session().console().send_line(&line))?;
    services(&mut probe)?;
    seen.case("services during and after the call", "answered");
    let report = judged(probe.session().factory_reset())?;
    expect_state(&report, "running")?;
    seen.case("factory reset", "done");
    Ok(())
}

fn by_the_application(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    fill(&mut probe, bench, "by-application")?;
    let report = probe.resets(&calls::factory_reset(b"factory reset"))?;
    expect_state(&report, "running")?;
    require!(report.fault.is_none(), "the start follows a fault: {:?}", report.fault);
    is_empty(&mut probe, 1)?;
    seen.case("factory_reset with its phrase", "done");
    Ok(())
}

/// Asks for the transaction, lets it begin, and cuts the power so much later.
fn begin_and_cut(mut probe: Probe, command: &str, after: Duration) -> Outcome<Dut> {
    let code = code(probe.session(), command)?;
    require!(confirm(probe.session(), &code)?, "the code was refused");
    let_pass(after);
    Ok(probe.cut())
}

fn finishes_after_cuts(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut sampler = bench.sampler("factory-reset-cuts");
    let mut probe = Probe::start(bench, seen)?;
    for round in 1..=bench.samples(15, 4) as u32 {
        let (dut, before) = filled(probe, bench, &format!("round {round}"))?;
        probe = Probe::power(dut, seen, Entropy::System)?;
        let dut = begin_and_cut(probe, "factory-reset", early(&mut sampler))?;
        let at_the_cut = dut.read_fuses()?.factory_resets();
        if round % 3 == 0 {
            // Cut the start that carries it out as well.
            dut.cut_while_starting(Duration::from_millis(sampler.any() % 150))?;
        }
        probe = Probe::power(dut, seen, Entropy::System)?;
        is_empty(&mut probe, round)?;
        let dut = probe.cut();
        is_gone(&dut, &before)?;
        let counts = dut.read_fuses()?.factory_resets();
        require!(counts == (round, round), "begun and finished: {counts:?}");
        let unfinished = at_the_cut.0 > at_the_cut.1;
        seen.case(if unfinished { "cut in the middle" } else { "cut when it was done" }, "finished");
        probe = Probe::power(dut, seen, Entropy::System)?;
    }
    let middle = seen.tally.get("cut in the middle").map_or(0, |outcomes| outcomes.values().sum());
    seen.control("a cut in the middle", |_| {
        require!(middle > 0, "no cut hit a reset that was under way");
        Ok(format!("{middle} of them"))
    })
}

/// The device is what a decommissioned one must be.
fn is_decommissioned(dut: &Dut, report: &Report, before: &HashSet<Vec<u8>>) -> Outcome {
    expect_state(report, "locked")?;
    require!(report.life_cycle == "decommissioned", "life cycle {}", report.life_cycle);
    require!(report.by == "boot" && report.services.is_none(), "something beyond boot has started");
    is_gone(dut, before)?;
    for slot in [Part::Application.slot_a(), Part::Application.slot_b()] {
        require!(dut.read_slot(slot)?.iter().all(|byte| *byte == 0xFF), "{slot} is not erased");
    }
    let diversifier = dut.read_fuses()?.diversifier();
    require!(diversifier == [0xFF; 32], "the diversifier is {}", hex::encode(diversifier));
    Ok(())
}

fn for_good(bench: &Bench, seen: &mut Observations) -> Outcome {
    let (dut, before) = filled(Probe::start(bench, seen)?, bench, "decommission")?;
    let flash = dut.read_flash()?;
    seen.control("the device before", |seen| {
        let report = dut.boot()?;
        expect_state(&report, "running")?;
        seen.saw("pieces of 16 bytes before", before.len());
        Ok("it runs".into())
    })?;
    let mut probe = Probe::power(dut, seen, Entropy::System)?;
    let report = judged(probe.session().decommission())?;
    let dut = probe.cut();
    is_decommissioned(&dut, &report, &before)?;
    for _ in 0..3 {
        is_decommissioned(&dut, &dut.boot()?, &before)?;
        seen.case("power cycle", "locked");
    }
    for part in Part::ALL {
        dut.flash_slot(part.slot_a(), &bench.genuine(part)?.bytes)?;
        let report = dut.boot()?;
        require!(
            report.state == "locked" && report.by == "boot",
            "a genuine image started: {}",
            report.state
        );
        seen.case("genuine images put back", "locked");
    }
    dut.write_flash(0, &flash)?;
    let report = dut.boot()?;
    require!(report.state == "locked" && report.by == "boot", "the old flash started: {}", report.state);
    seen.case("the old flash put back", "locked");
    Ok(())
}

fn decommission_after_cuts(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut sampler = bench.sampler("decommission-cuts");
    let (full, quick) = if bench.target == Target::Virtual { (10, 3) } else { (6, 2) };
    let rounds = bench.samples(full, quick);
    let (mut round, mut middle) = (0, 0);
    // Where all came too late, some more at once, so that one at least is in the middle.
    while round < rounds || middle == 0 && round < rounds + 20 {
        let (dut, before) = filled(Probe::start(bench, seen)?, bench, "decommission-cuts")?;
        let probe = Probe::power(dut, seen, Entropy::System)?;
        let after = if round < rounds { early(&mut sampler) } else { Duration::ZERO };
        let dut = begin_and_cut(probe, "decommission", after)?;
        let done = dut.read_fuses()?.diversifier() == [0xFF; 32];
        let mut session = dut.power()?;
        let mut report = judged(session.report())?;
        while report.state != "locked" {
            report = judged(session.report())?;
        }
        drop(session);
        is_decommissioned(&dut, &report, &before)?;
        seen.case(if done { "cut when it was done" } else { "cut in the middle" }, "finished");
        round += 1;
        middle += usize::from(!done);
    }
    seen.control("a cut in the middle", |_| {
        require!(middle > 0, "no cut hit a decommissioning that was under way");
        Ok(format!("{middle} of {round}"))
    })?;
    seen.control("a device that nobody decommissions", |seen| {
        let (dut, _) = filled(Probe::start(bench, seen)?, bench, "decommission-control")?;
        expect_state(&dut.boot()?, "running")?;
        Ok("it runs and holds what it was given".into())
    })
}
