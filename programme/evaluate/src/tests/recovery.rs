//! Faults of the application: recorded, reported, and in the end stopped.

use super::{NEEDS_TRUSTZONE, interface, sfr};
use crate::attack::boots;
use crate::bench::{Bench, expect_state, judged};
use crate::images::{Part, Recipe};
use crate::model::{Failure, Kind, Outcome, Test, Threat, require};
use crate::observations::Observations;
use crate::probe::Probe;
use dtsec_target::{ProbeAnswer, Report};

pub(super) const TESTS: &[Test] = &[
    Test {
        id: "fault-is-recorded-and-reported",
        title: "A fault of the application is recorded and reported after the reset",
        sfr: sfr::INITIALIZATION,
        threats: &[Threat::BadSoftware],
        kind: Kind::Attack,
        interface: interface::NON_SECURE,
        procedure: "From the probe, execute an undefined instruction and touch Secure memory, then read the report of the start that follows.",
        expected: "Each fault is named with its exception, status registers and an address inside the application; the count is 1 each time, for the application was ready in between; a start after power-off reports none.",
        applies: NEEDS_TRUSTZONE,
        run: recorded,
    },
    Test {
        id: "fault-loop-is-stopped",
        title: "An application that faults again and again before it is ready is no longer started",
        sfr: sfr::INITIALIZATION,
        threats: &[Threat::BadSoftware],
        kind: Kind::Attack,
        interface: interface::NON_SECURE,
        procedure: "Start a genuinely signed application whose first instruction is undefined.",
        expected: "Two starts that report the fault, then state no-application with reason repeated-faults; after power-off the sequence begins anew, and a good application in its place runs.",
        applies: NEEDS_TRUSTZONE,
        run: loop_is_stopped,
    },
    Test {
        id: "fault-loop-stays-stopped",
        title: "A warm reset does not bring back an application that was stopped",
        sfr: sfr::INITIALIZATION,
        threats: &[Threat::BadSoftware, Threat::Physical],
        kind: Kind::Attack,
        interface: interface::NON_SECURE,
        procedure: "Let an application fault until it is stopped, then press the reset button of the board, which leaves the memory as it is, several times; cut the power at the end.",
        expected: "State no-application with reason repeated-faults after each warm reset; only after power-off is the application started again.",
        applies: NEEDS_TRUSTZONE,
        run: stays_stopped,
    },
    Test {
        id: "fault-number-is-limited",
        title: "An application that says it is ready and faults all the same is stopped after 100 faults",
        sfr: sfr::INITIALIZATION,
        threats: &[Threat::BadSoftware],
        kind: Kind::Attack,
        interface: interface::NON_SECURE,
        procedure: "From the probe, call application_ready and execute an undefined instruction, again and again.",
        expected: "The platform starts the application 99 times more, then no longer: state no-application, reason repeated-faults, at the 100th fault; after power-off the probe runs again.",
        applies: NEEDS_TRUSTZONE,
        run: number_is_limited,
    },
];

fn recorded(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    probe.memory_control(seen)?;
    require!(probe.report().fault.is_none(), "a fault is reported after power-on");
    for (line, names) in [
        ("udf", &["hard-fault", "usage-fault"][..]),
        ("read 0x38080000", &["secure-fault"]),
        ("jump 0x38001001", &["secure-fault"]),
        ("udf", &["hard-fault", "usage-fault"]),
    ] {
        let report = probe.must_fault(line, names)?;
        seen.transcript(line, report.raw.lines().filter(|line| line.contains("fault")));
        let Some(fault) = report.fault else { continue };
        require!(fault.count == 1, "the fault counts as number {}", fault.count);
        require!(
            crate::probe::CODE.contains(&fault.pc) || line.starts_with("jump"),
            "it happened at {:#010x}, outside the application",
            fault.pc
        );
        require!(fault.sfsr != 0 || fault.cfsr != 0 || fault.exception == 3, "no status register says why");
        seen.case(line, &format!("{} (exception {})", fault.name, fault.exception));
    }
    Ok(())
}

/// An application whose first instruction is undefined: a vector table and `udf #0`.
pub(super) fn crasher(bench: &Bench) -> Recipe {
    const STACK: u32 = 0x2821_0000;
    let good = bench.application("bgm");
    let start = good.load_address.unwrap_or_default() + u32::from(good.header_size);
    let mut payload = vec![0u8; 1024];
    payload[..4].copy_from_slice(&STACK.to_le_bytes());
    payload[4..8].copy_from_slice(&(start + 512 + 1).to_le_bytes());
    payload[512..516].copy_from_slice(&[0x00, 0xDE, 0x00, 0xDE]);
    Recipe { payload, name: Some("crasher".into()), ..good }
}

fn loop_is_stopped(bench: &Bench, seen: &mut Observations) -> Outcome {
    let images = [("platform-a", &bench.recipe(Part::Platform)), ("application-a", &crasher(bench))];
    let dut = bench.device_with(seen, &images)?;
    for run in ["after power-on", "after power was cut and came back"] {
        let mut session = dut.power()?;
        let first = judged(session.report())?;
        expect_state(&first, "running")?;
        require!(first.fault.is_none(), "a fault is reported {run}");
        let mut counts = Vec::new();
        let last = loop {
            let report = judged(session.report())?;
            let Some(fault) = &report.fault else {
                require!(false, "a start without a fault, in state {}", report.state);
                return Ok(());
            };
            counts.push(fault.count);
            if report.state != "running" || counts.len() > 5 {
                break report;
            }
        };
        seen.transcript(run, last.raw.lines());
        expect_stopped(&last)?;
        require!(counts == [1, 2, 3], "the faults counted {counts:?}");
        seen.case(run, "stopped at the third fault");
        judged(session.management().send_line("report"))?;
        let again = judged(session.report())?;
        expect_state(&again, "no-application")?;
    }
    let good = bench.genuine(Part::Application)?;
    dut.flash_slot("application-a", &good.bytes)?;
    boots(seen, &dut, "the same device with a good application")
}

/// The application is not running because it faulted too often.
pub(super) fn expect_stopped(report: &Report) -> Outcome {
    expect_state(report, "no-application")?;
    require!(report.reason.as_deref() == Some("repeated-faults"), "reason={:?}", report.reason);
    Ok(())
}

fn stays_stopped(bench: &Bench, seen: &mut Observations) -> Outcome {
    let good = bench.genuine_device(seen)?;
    seen.control("the reset button on a device whose application runs", |_| {
        let (mut session, report, mut button) = good.power_with_reset()?;
        expect_state(&report, "running")?;
        button.warm_reset()?;
        let report = judged(session.report())?;
        expect_state(&report, "running")?;
        Ok("a new boot report, state=running".into())
    })?;
    let images = [("platform-a", &bench.recipe(Part::Platform)), ("application-a", &crasher(bench))];
    let dut = bench.device_with(seen, &images)?;
    let (mut session, mut report, mut button) = dut.power_with_reset()?;
    for start in ["power-on", "first fault", "second fault"] {
        require!(report.state == "running", "after the {start} the state is {}", report.state);
        report = judged(session.report())?;
    }
    expect_stopped(&report)?;
    for reset in 1..=3 {
        button.warm_reset()?;
        let report = judged(session.report())?;
        seen.transcript(&format!("after warm reset {reset}"), report.raw.lines());
        expect_stopped(&report)?;
        seen.case("warm reset of a stopped device", "no-application reason=repeated-faults");
    }
    drop(session);
    seen.control("the power cut and back", |_| {
        let report = dut.boot()?;
        expect_state(&report, "running")?;
        Ok("started again".into())
    })
}

/// Faults after which an application is not started again before power-off (configuration guide).
const ALL_FAULTS: usize = 100;

fn number_is_limited(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    probe.memory_control(seen)?;
    for fault in 1..=ALL_FAULTS {
        let ProbeAnswer::Fault(report) = probe.say("udf")? else {
            return Err(Failure::Refuted(format!("`udf` number {fault} was answered")));
        };
        if fault < ALL_FAULTS {
            require!(report.state == "running", "state={} after fault {fault}", report.state);
            probe.ready()?;
            seen.case("fault after application_ready", "started again");
        } else {
            seen.transcript("the last fault", report.raw.lines());
            expect_stopped(&report)?;
            seen.case("the last fault", "no-application reason=repeated-faults");
        }
    }
    probe.after_power_cut(seen)
}
