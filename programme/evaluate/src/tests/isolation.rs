//! The border between the worlds: a hostile Non-secure application reaches for what is not its own.

use super::{NEEDS_TRUSTZONE, interface, sfr};
use crate::bench::{Bench, judged};
use crate::model::{Kind, Outcome, Test, Threat, require};
use crate::observations::Observations;
use crate::probe::{Probe, VENEERS, calls, shown};
use dtsec_target::ProbeAnswer;

const THREATS: &[Threat] = &[Threat::BadSoftware];

pub(super) const TESTS: &[Test] = &[
    Test {
        id: "isolation-secure-memory-not-readable",
        title: "The application cannot read Secure memory or devices",
        sfr: sfr::INITIALIZATION,
        threats: THREATS,
        kind: Kind::Attack,
        interface: interface::NON_SECURE,
        procedure: "Load a word from the flash slots, the platform's code and memory, the boot record, the boot ROM, the device secret, the management and entropy UARTs, the fuses' bus and the protection controllers, by their Secure addresses and by their Non-secure aliases.",
        expected: "Each load ends in a secure-fault that is recorded and reported after the reset; the probe works again.",
        applies: NEEDS_TRUSTZONE,
        run: not_readable,
    },
    Test {
        id: "isolation-secure-memory-not-writable",
        title: "The application cannot write Secure memory or devices",
        sfr: sfr::INITIALIZATION,
        threats: THREATS,
        kind: Kind::Attack,
        interface: interface::NON_SECURE,
        procedure: "Store a word to each of the same addresses, and to the registers that decide what is Secure.",
        expected: "Each store ends in a secure-fault; the same images are accepted at the start that follows.",
        applies: NEEDS_TRUSTZONE,
        run: not_writable,
    },
    Test {
        id: "isolation-no-way-in-but-the-veneers",
        title: "The application cannot enter Secure code except through a veneer",
        sfr: sfr::INITIALIZATION,
        threats: THREATS,
        kind: Kind::Attack,
        interface: interface::NON_SECURE,
        procedure: "Branch into the platform's code, its vector table, the boot ROM and the flash, behind the first instruction of a veneer, into its middle, to a veneer that has no call, and behind the last one.",
        expected: "Each branch ends in a secure-fault; a branch to a veneer itself returns a status.",
        applies: NEEDS_TRUSTZONE,
        run: no_way_in,
    },
    Test {
        id: "isolation-forged-return-refused",
        title: "The application cannot return into Secure code that never called it",
        sfr: sfr::INITIALIZATION,
        threats: THREATS,
        kind: Kind::Attack,
        interface: interface::NON_SECURE,
        procedure: "Branch to the values that stand for a return into Secure code (FNC_RETURN) and for a return from an exception (EXC_RETURN), though there was no call and no exception.",
        expected: "It never comes back: each branch ends in a fault, and the probe works again; a branch to a function of its own comes back.",
        applies: NEEDS_TRUSTZONE,
        run: forged_return,
    },
    Test {
        id: "isolation-secure-stack-refused",
        title: "The application cannot use Secure memory as its stack",
        sfr: sfr::INITIALIZATION,
        threats: THREATS,
        kind: Kind::Attack,
        interface: interface::NON_SECURE,
        procedure: "Set the Non-secure stack pointer into Secure memory, its alias and the flash, and push.",
        expected: "A secure-fault each time.",
        applies: NEEDS_TRUSTZONE,
        run: secure_stack,
    },
    Test {
        id: "isolation-reset-is-not-the-applications",
        title: "The application cannot reset the system",
        sfr: sfr::INITIALIZATION,
        threats: THREATS,
        kind: Kind::Attack,
        interface: interface::NON_SECURE,
        procedure: "Write the reset request to the Non-secure AIRCR.",
        expected: "Nothing happens: no new boot report, and the application goes on.",
        applies: NEEDS_TRUSTZONE,
        run: reset_ignored,
    },
];

/// What is Secure on the reference board, and where an attacker finds it.
const SECURE: &[(&str, u32)] = &[
    ("flash, slot platform-a", 0x8000_0000),
    ("flash, slot application-a", 0x8010_0000),
    ("flash, last word", 0x80FF_FFFC),
    ("platform's code", 0x3800_0400),
    ("platform's code, alias", 0x2800_0400),
    ("platform's memory", 0x3808_0000),
    ("platform's memory, alias", 0x2808_0000),
    ("boot record", 0x380F_0000),
    ("boot record, alias", 0x280F_0000),
    ("fault record", 0x380F_F000),
    ("boot's memory", 0x3000_0000),
    ("boot's memory, alias", 0x2000_0000),
    ("boot ROM", 0x1000_0000),
    ("boot ROM, alias", 0x0000_0000),
    ("device secret", 0x1001_0000),
    ("device secret, alias", 0x0001_0000),
    ("application's code by its Secure alias", 0x1020_0000),
    ("application's memory by its Secure alias", 0x3820_0000),
    ("management UART", 0x5020_0000),
    ("management UART, alias", 0x4020_0000),
    ("entropy UART", 0x5020_2000),
    ("entropy UART, alias", 0x4020_2000),
    ("fuse bus", 0x5020_D000),
    ("fuse bus, alias", 0x4020_D000),
    ("memory protection controller 0", 0x5800_7000),
    ("memory protection controller 1", 0x5800_8000),
    ("memory protection controller 2", 0x5800_9000),
    ("peripheral protection registers", 0x5008_0000),
];

fn not_readable(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    probe.memory_control(seen)?;
    for (what, address) in SECURE {
        let report = probe.must_fault(&format!("read {address:#x}"), &["secure-fault"])?;
        recorded(&report, what)?;
        if seen.cases < 2 {
            seen.transcript(what, report.raw.lines());
        }
        seen.case(what, "secure-fault");
    }
    probe.memory_control(seen)
}

fn not_writable(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    probe.memory_control(seen)?;
    let before = probe.report().clone();
    for (what, address) in SECURE {
        let report = probe.must_fault(&format!("write {address:#x} 0xdeadbeef"), &["secure-fault"])?;
        require!(report.parts == before.parts, "after a store to {what} other parts are reported");
        require!(report.slots == before.slots, "after a store to {what} the slots are judged differently");
        seen.case(what, "secure-fault");
    }
    probe.memory_control(seen)
}

/// The report that follows a fault says so: where, and for the first time since the application was ready.
fn recorded(report: &dtsec_target::Report, what: &str) -> Outcome {
    let Some(fault) = &report.fault else { return Ok(()) };
    require!(fault.exception == 7 && fault.sfsr != 0, "the fault after `{what}` is recorded as {fault:?}");
    let own = crate::probe::CODE;
    require!(
        own.contains(&fault.pc),
        "the fault after `{what}` is recorded at {:#010x}, outside the application",
        fault.pc
    );
    require!(fault.count == 1, "the fault after `{what}` counts as number {}", fault.count);
    Ok(())
}

fn no_way_in(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let (buffer, _) = probe.buffer();
    let veneer = VENEERS + 8 * calls::number("random");
    let enters = |seen: &mut Observations, probe: &mut Probe| {
        seen.control("a branch to the veneer of `random` itself", |_| {
            let frame = probe.put(0, &[buffer + 64, 16])?;
            let status = probe.status(&format!("enter {:#x} {frame:#x}", veneer | 1))?;
            require!(status == 0, "status {status}");
            Ok("status 0".into())
        })
    };
    enters(seen, &mut probe)?;
    for (what, address) in [
        ("behind the veneer's SG", veneer + 4),
        ("middle of the veneer's SG", veneer + 2),
        ("middle of the veneer's branch", veneer + 6),
        ("veneer without a call", VENEERS + 8 * calls::ALL.len() as u32),
        ("veneer without a call, far", VENEERS + 8 * 100),
        ("last bytes of the veneers", VENEERS + 0x3F8),
        ("behind the veneers", VENEERS + 0x400),
        ("before the veneers", VENEERS - 8),
        ("platform's vector table", 0x3800_0400),
        ("platform's code", 0x3800_1000),
        ("platform's code, alias", 0x2800_1000),
        ("boot ROM", 0x1000_0400),
        ("boot ROM, alias", 0x0000_0400),
        ("flash", 0x8000_0400),
        ("platform's memory", 0x3808_0000),
    ] {
        for line in [format!("enter {:#x} {buffer:#x}", address | 1), format!("jump {:#x}", address | 1)] {
            let report = probe.must_fault(&line, &["secure-fault"])?;
            if seen.cases < 1 {
                seen.transcript(what, report.raw.lines());
            }
            seen.case(what, "secure-fault");
        }
    }
    enters(seen, &mut probe)
}

fn forged_return(bench: &Bench, seen: &mut Observations) -> Outcome {
    /// `bx lr`, twice.
    const RETURN: u32 = 0x4770_4770;
    const FAULTS: &[&str] = &["secure-fault", "usage-fault", "hard-fault", "mem-fault", "bus-fault"];
    let mut probe = Probe::start(bench, seen)?;
    let (buffer, _) = probe.buffer();
    let comes_back = |seen: &mut Observations, probe: &mut Probe, when: &str| {
        seen.control(&format!("a branch to a function of the probe's own, {when}"), |_| {
            let function = probe.put(0, &[RETURN])?;
            probe.ok(&format!("jump {:#x}", function | 1))?;
            Ok("it comes back".into())
        })
    };
    comes_back(seen, &mut probe, "before")?;
    for (what, address) in [
        ("function return", 0xFEFF_FFFFu32),
        ("function return, bit 0 clear", 0xFEFF_FFFE),
        ("exception return, Secure thread, main stack", 0xFFFF_FFF9),
        ("exception return, Secure thread, process stack", 0xFFFF_FFFD),
        ("exception return, Non-secure thread", 0xFFFF_FFBC),
    ] {
        for line in [format!("jump {address:#x}"), format!("enter {address:#x} {buffer:#x}")] {
            let report = probe.must_fault(&line, FAULTS)?;
            if seen.cases < 2 {
                seen.transcript(what, report.raw.lines().filter(|line| line.contains("fault")));
            }
            seen.case(what, &report.fault.map(|fault| fault.name).unwrap_or_default());
        }
    }
    comes_back(seen, &mut probe, "after")
}

fn secure_stack(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    probe.memory_control(seen)?;
    for (what, address) in [
        ("platform's memory", 0x3808_0800u32),
        ("platform's memory, alias", 0x2808_0800),
        ("boot record", 0x380F_0800),
        ("flash", 0x8000_0800),
        ("device secret", 0x1001_0020),
    ] {
        let report = probe.must_fault(&format!("stack {address:#x}"), &["secure-fault"])?;
        seen.case(what, "secure-fault");
        if seen.cases == 1 {
            seen.transcript(what, report.raw.lines());
        }
    }
    probe.memory_control(seen)
}

fn reset_ignored(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    seen.control("a fault is answered by a new start", |_| {
        let report = probe.must_fault("read 0x38080000", &["secure-fault"])?;
        Ok(format!("a new report, state={}", report.state))
    })?;
    let (buffer, _) = probe.buffer();
    probe.ok(&format!("write {buffer:#x} 0x5afe5afe"))?;
    let answer = probe.say("reset")?;
    require!(
        matches!(&answer, ProbeAnswer::Line(line) if line == "ok"),
        "`reset` was answered with {}",
        shown(&answer)
    );
    let kept = probe.ok(&format!("read {buffer:#x}"))?;
    require!(kept == "0x5afe5afe", "the application's memory holds {kept} afterwards");
    let lines = probe.session().management().take_lines();
    let begun = lines.iter().filter(|line| line.starts_with("cdd report=begin")).count();
    require!(begun <= 2, "{begun} boot reports were heard");
    judged(probe.session().probe("ping"))?;
    seen.case("reset request", "ignored");
    Ok(())
}
