//! The controlled states: what a device is in when nothing, or not everything, may start.

use super::{interface, sfr};
use crate::attack::boots;
use crate::bench::{Bench, Dut, expect_slot, expect_state, judged, slots};
use crate::images::Part;
use crate::model::{Applies, Kind, Outcome, Test, Threat, require};
use crate::observations::Observations;
use dtsec_target::{LifeCycle, Provisioning, Report, Session};

pub(super) const TESTS: &[Test] = &[
    Test {
        id: "init-empty-device",
        title: "A device with empty flash says that it has no platform",
        sfr: sfr::INITIALIZATION,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::FLASH,
        procedure: "Switch on a provisioned device whose flash is erased, and then one that has an application only.",
        expected: "State no-platform reported by boot; the erased slots are empty, the application is not tried and no part but boot is listed.",
        applies: Applies::Everywhere,
        run: empty_device,
    },
    Test {
        id: "init-platform-without-application",
        title: "A platform without an application runs alone and says so",
        sfr: sfr::INITIALIZATION,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::FLASH,
        procedure: "Put a genuine platform into its slot, leave the application's slots empty, and switch on.",
        expected: "State no-application, reason no-image, reported by the platform; no application is listed.",
        applies: Applies::Everywhere,
        run: without_application,
    },
    Test {
        id: "init-locked-by-life-cycle",
        title: "A decommissioned device, or one with impossible life-cycle fuses, starts nothing",
        sfr: sfr::INITIALIZATION,
        threats: &[Threat::Physical],
        kind: Kind::Attack,
        interface: interface::FUSES,
        procedure: "With genuine images in flash, set the life-cycle fuses to decommissioned, to words that no state has, and to each state's words with one bit more or less.",
        expected: "State locked every time, with no slot accepted and no part but boot listed; one bit never gives a state that allows more.",
        applies: Applies::Everywhere,
        run: locked,
    },
    Test {
        id: "init-unprovisioned",
        title: "A device with blank fuses starts nothing, even genuine images",
        sfr: sfr::INITIALIZATION,
        threats: &[Threat::Physical],
        kind: Kind::Attack,
        interface: interface::FUSES,
        procedure: "Put genuine images into a device whose fuses are blank, and into one that has keys but no life-cycle state; switch on.",
        expected: "State unprovisioned, reported by boot; nothing is accepted.",
        applies: Applies::Everywhere,
        run: unprovisioned,
    },
    Test {
        id: "init-stopped-device-answers-only-report",
        title: "A stopped device repeats its report and obeys nothing else",
        sfr: sfr::INITIALIZATION,
        threats: &[Threat::Physical],
        kind: Kind::Attack,
        interface: interface::MANAGEMENT,
        procedure: "In each state in which no application runs, send unknown commands, lines longer than the 32 bytes that a line may have, and random bytes; ask for the report before and after.",
        expected: "Unknown commands get unknown-command; the report after is the report before; the state never changes.",
        applies: Applies::Everywhere,
        run: answers_only_report,
    },
];

fn empty_device(bench: &Bench, seen: &mut Observations) -> Outcome {
    let dut = bench.device_with(seen, &[])?;
    let report = dut.boot()?;
    seen.transcript("empty flash", report.raw.lines());
    nothing_started(&report, "no-platform")?;
    for slot in ["platform-a", "platform-b"] {
        expect_slot(&report, slot, "empty")?;
    }
    seen.case("erased flash", "no-platform");
    let dut = bench.device_with(seen, &[("application-a", &bench.recipe(Part::Application))])?;
    let report = dut.boot()?;
    nothing_started(&report, "no-platform")?;
    expect_slot(&report, "application-a", "not-tried")?;
    seen.case("application only", "no-platform");
    Ok(())
}

fn without_application(bench: &Bench, seen: &mut Observations) -> Outcome {
    let dut = bench.device_with(seen, &[("platform-a", &bench.recipe(Part::Platform))])?;
    let report = dut.boot()?;
    seen.transcript("boot report", report.raw.lines());
    expect_state(&report, "no-application")?;
    require!(report.by == "platform", "the report is by `{}`", report.by);
    require!(report.reason.as_deref() == Some("no-image"), "reason={:?}", report.reason);
    require!(report.parts.contains_key("platform"), "the platform is not listed");
    require!(!report.parts.contains_key("application"), "an application is listed");
    expect_slot(&report, "application-a", "empty")?;
    expect_slot(&report, "application-b", "empty")?;
    seen.case("platform only", "no-application reason=no-image");
    Ok(())
}

fn nothing_started(report: &Report, state: &str) -> Outcome {
    expect_state(report, state)?;
    require!(report.by == "boot", "the report is by `{}`", report.by);
    let listed: Vec<&str> = report.parts.keys().map(String::as_str).collect();
    require!(listed == ["boot"], "parts listed: {listed:?}");
    let accepted = report.slots.values().any(|slot| slot.result == "accepted");
    require!(!accepted, "a slot is reported as accepted: {}", slots(report));
    Ok(())
}

fn locked(bench: &Bench, seen: &mut Observations) -> Outcome {
    for state in [LifeCycle::Provisioning, LifeCycle::Secured, LifeCycle::DebugAuthorised] {
        let dut = with_life_cycle(bench, seen, state.words())?;
        boots(seen, &dut, &format!("life cycle {}", state.name()))?;
    }
    let mut cases = vec![
        ("decommissioned".to_owned(), LifeCycle::Decommissioned.words()),
        ("words of no state".to_owned(), [0x1234_5678, 0, 0, 0]),
        ("secured without provisioning".to_owned(), [0, LifeCycle::Secured.words()[1], 0, 0]),
        ("all bits burnt".to_owned(), [u32::MAX; 4]),
    ];
    let mut sampler = bench.sampler("life-cycle");
    let count = match bench.target {
        crate::model::Target::Virtual => 128,
        crate::model::Target::Mps2An505 => bench.samples(12, 4),
    };
    for n in 0..count {
        let bit = if count == 128 { n } else { sampler.below(128) };
        let mut words = LifeCycle::Secured.words();
        words[bit / 32] ^= 1 << (bit % 32);
        cases.push(("one bit off secured".to_owned(), words));
    }
    let dut = with_life_cycle(bench, seen, LifeCycle::Secured.words())?;
    for (case, words) in &cases {
        set_life_cycle(&dut, *words)?;
        let report = dut.boot()?;
        if seen.cases == 0 {
            seen.transcript(case, report.raw.lines());
        }
        nothing_started(&report, "locked")?;
        seen.case(case, &report.state);
    }
    Ok(())
}

fn with_life_cycle(bench: &Bench, seen: &mut Observations, words: [u32; 4]) -> Outcome<Dut> {
    let dut = bench.genuine_device(seen)?;
    set_life_cycle(&dut, words)?;
    Ok(dut)
}

/// Sets the fuse words, also to what no fuse programmer could burn: bits are cleared where needed.
fn set_life_cycle(dut: &Dut, words: [u32; 4]) -> Outcome {
    let mut bytes = dut.read_fuses()?.bytes().to_vec();
    let raw: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes[..raw.len()].copy_from_slice(&raw);
    if let Some(fuses) = dtsec_target::FuseImage::from_bytes(bytes) {
        dut.write_fuses(&fuses)?;
    }
    Ok(())
}

fn unprovisioned(bench: &Bench, seen: &mut Observations) -> Outcome {
    let control = bench.genuine_device(seen)?;
    boots(seen, &control, "the same images in a provisioned device")?;
    let mut keys_only = bench.provisioning()?;
    keys_only.life_cycle = LifeCycle::Assembly;
    for (case, provisioning) in [("blank fuses", Provisioning::blank()), ("keys, no life cycle", keys_only)] {
        let dut = bench.device_provisioned(&provisioning)?;
        for part in Part::ALL {
            dut.flash_slot(part.slot_a(), &bench.genuine(part)?.bytes)?;
        }
        let report = dut.boot()?;
        seen.transcript(case, report.raw.lines());
        nothing_started(&report, "unprovisioned")?;
        seen.case(case, "unprovisioned");
    }
    Ok(())
}

fn answers_only_report(bench: &Bench, seen: &mut Observations) -> Outcome {
    let no_platform = bench.device_with(seen, &[])?;
    let no_application = bench.device_with(seen, &[("platform-a", &bench.recipe(Part::Platform))])?;
    let locked = with_life_cycle(bench, seen, LifeCycle::Decommissioned.words())?;
    let unprovisioned = bench.device_provisioned(&Provisioning::blank())?;
    for (state, dut) in [
        ("no-platform", &no_platform),
        ("no-application", &no_application),
        ("locked", &locked),
        ("unprovisioned", &unprovisioned),
    ] {
        let mut session = dut.power()?;
        let before = judged(session.report())?;
        expect_state(&before, state)?;
        seen.control(&format!("asking a device in {state} for its report"), |_| {
            let again = ask_report(&mut session)?;
            require!(same_report(&again, &before), "the second report differs from the first");
            Ok(format!("the same report, state={}", again.state))
        })?;
        for command in
            ["boot", "start", "report now", "REPORT", "reset", "unlock", "debug on", "read 0x10000000"]
        {
            let answer = command_answer(&mut session, command)?;
            require!(answer == "cdd error=unknown-command", "`{command}` was answered with `{answer}`");
            seen.case(&format!("{state}: unknown command"), "unknown-command");
        }
        let mut sampler = bench.sampler(state);
        for round in 0..bench.samples(12, 4) {
            let length = if round < 2 { 33 + round * 200 } else { 1 + sampler.below(120) };
            judged(session.management().send(&sampler.bytes(length)))?;
            judged(session.management().send(b"\r\n"))?;
            let again = ask_report(&mut session)?;
            require!(
                same_report(&again, &before),
                "after random bytes the report differs: state={}",
                again.state
            );
            seen.case(&format!("{state}: random bytes"), "the same report");
        }
    }
    Ok(())
}

fn ask_report(session: &mut Session) -> Outcome<Report> {
    judged(session.management().send_line("report"))?;
    judged(session.report())
}

/// What an unknown command is answered with; a report would be an answer too, and the wrong one.
fn command_answer(session: &mut Session, command: &str) -> Outcome<String> {
    session.management().take_lines();
    judged(session.management().send_line(command))?;
    judged(session.management().wait_line("an answer to a command", |line| line.starts_with("cdd ")))
}

fn same_report(one: &Report, other: &Report) -> bool {
    one.state == other.state
        && one.life_cycle == other.life_cycle
        && one.slots == other.slots
        && one.parts == other.parts
        && one.identity == other.identity
}
