//! A scenario made ready: the machine at its first instruction, and what each end of a run means.

use crate::Error;
use crate::board::{
    APPLICATION, APPLICATION_RAM, APPLICATION_SECURE, FLASH, HEADER_SIZE, PLATFORM, UNUSED_SECURE, VENEERS,
};
use crate::cpu::{Machine, Stop};
use crate::memory::offset;
use crate::program::Program;
use crate::scenario::{Maker, Scenario, Target, power_on};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// As it must: boot stayed and said so, or the gate returned an error.
    Refused,
    /// The core took a fault, or asked for a reset.
    Crashed,
    /// It went on for ever, or waits for what does not come.
    Hung,
    /// The image that must not start was jumped to.
    Started,
    /// Code was fetched from the flash, whose content is whoever's.
    RanFlash,
    /// The call that must be refused returned success.
    Granted,
    /// Secure memory that the caller named was read.
    Read,
    /// Secure memory that the caller named was written.
    Wrote,
    /// Something was written into the caller's memory, though the call was refused.
    Leaked,
}

impl Outcome {
    /// Whether that is what must not happen.
    pub fn is_acceptance(self) -> bool {
        !matches!(self, Outcome::Refused | Outcome::Crashed | Outcome::Hung)
    }

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Refused => "refused",
            Outcome::Crashed => "crashed",
            Outcome::Hung => "hung",
            Outcome::Started => "started",
            Outcome::RanFlash => "ran-flash",
            Outcome::Granted => "granted",
            Outcome::Read => "read",
            Outcome::Wrote => "wrote",
            Outcome::Leaked => "leaked",
        }
    }
}

/// The images of a campaign.
pub struct Images {
    /// The boot code.
    pub boot: Program,
    /// The platform: what is signed, and the program that it was made from. Boot's scenarios do not need it.
    pub platform: Option<(Vec<u8>, Program)>,
}

impl Images {
    /// Reads what `cargo xtask build` made.
    pub fn in_folder(folder: &Path, target: Target) -> Result<Images, Error> {
        let boot = Program::read(&folder.join("boot.elf"))?;
        let platform = match target {
            Target::Boot => None,
            Target::Gate => {
                let path = folder.join("platform.bin");
                let flat = std::fs::read(&path).map_err(|source| Error::file("read", &path, source))?;
                Some((flat, Program::read(&folder.join("platform.elf"))?))
            }
        };
        Ok(Images { boot, platform })
    }

    /// The program that faults are injected into.
    pub fn attacked(&self) -> &Program {
        self.platform.as_ref().map_or(&self.boot, |(_, program)| program)
    }
}

/// Asked so often for a byte on its wire, boot is at the end of all that it does.
const IDLE: u32 = 2;
/// No start takes longer.
const START_LIMIT: u64 = 200_000_000;
/// Words of the frames, and what they point to, in the application's memory.
const FRAME: u32 = 0x2820_1000;
const BUFFER: u32 = 0x2820_2000;
/// Bytes that a scenario's call passes. No single flipped bit makes none of them.
const LEN: u32 = 48;
/// Where the caller goes on.
const RETURN: u32 = APPLICATION.start + 0x700;
/// The calls that are made: `platform_state` and `digest`, by number; and SHA-256 as PSA numbers it.
const PLATFORM_STATE: u32 = 2;
const DIGEST: u32 = 4;
const SHA_256: u32 = 0x0200_0009;

/// The machine at its first instruction.
pub(crate) struct Prepared {
    pub(crate) machine: Machine,
    pub(crate) target: Target,
    /// What is decoded, and where faults are injected.
    pub(crate) code: std::ops::Range<u32>,
}

impl Prepared {
    /// The scenario itself.
    pub(crate) fn attacked(scenario: Scenario, images: &Images) -> Result<Prepared, Error> {
        match scenario.target() {
            Target::Boot => Prepared::boot(images, &Maker::new(scenario.name()).attacked(scenario)?),
            Target::Gate => Prepared::gate(scenario, images, true),
        }
    }

    /// The same with what must be accepted.
    pub(crate) fn genuine(scenario: Scenario, images: &Images) -> Result<Prepared, Error> {
        match scenario.target() {
            Target::Boot => Prepared::boot(images, &Maker::new(scenario.name()).genuine()?),
            Target::Gate => Prepared::gate(scenario, images, false),
        }
    }

    fn boot(images: &Images, content: &crate::Content) -> Result<Prepared, Error> {
        let mut machine = power_on(&images.boot, content);
        machine.foreign =
            vec![PLATFORM, APPLICATION_SECURE, APPLICATION, FLASH.start..FLASH.start + FLASH.size];
        Ok(Prepared { machine, target: Target::Boot, code: crate::board::BOOT_ROM })
    }

    fn gate(scenario: Scenario, images: &Images, attacked: bool) -> Result<Prepared, Error> {
        let maker = Maker::new(scenario.name());
        let wrong = |reason: String| Error::Scenario { scenario: scenario.name(), reason };
        let Some((flat, _)) = &images.platform else { return Err(wrong("there is no platform".into())) };
        let mut machine = started(images, &maker.with_platform(flat)?).map_err(wrong)?;
        let code = PLATFORM.start + HEADER_SIZE
            ..(PLATFORM.start + HEADER_SIZE + flat.len() as u32).next_multiple_of(2);
        machine.foreign = std::iter::once(FLASH.start..FLASH.start + FLASH.size).collect();
        machine.decode(code.clone());

        let number = if scenario == Scenario::ForeignInput { DIGEST } else { PLATFORM_STATE };
        let secure = |address: u32, when: Scenario| {
            if attacked && scenario == when { UNUSED_SECURE } else { address }
        };
        let buffer = secure(BUFFER, Scenario::ForeignOutput);
        let words = match number {
            DIGEST => vec![SHA_256, secure(BUFFER, Scenario::ForeignInput), LEN, BUFFER + 0x100, LEN],
            _ => vec![buffer, LEN],
        };
        let frame = secure(FRAME, Scenario::ForeignFrame);
        let words: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
        machine.memory.put(frame, &words);

        call(&mut machine, number, frame);
        let secret = offset(UNUSED_SECURE).unwrap_or(0);
        let at = |range: std::ops::Range<u32>| {
            let start = offset(range.start).unwrap_or(0);
            start..start + range.len()
        };
        machine.memory.watch.no_read = secret..secret + 256;
        machine.memory.watch.no_write = vec![secret..secret + 256, at(APPLICATION), at(APPLICATION_RAM)];
        machine.memory.watch.on = attacked;
        Ok(Prepared { machine, target: Target::Gate, code })
    }

    /// Whether what has happened so far is the end; asked after each instruction.
    #[inline]
    pub(crate) fn is_over(&self, machine: &Machine) -> bool {
        self.target == Target::Boot && machine.devices.idle >= IDLE
    }

    /// Whether faults are injected no longer: what must be decided is decided.
    pub(crate) fn is_decided(&self, machine: &Machine) -> bool {
        self.target == Target::Boot && machine.devices.sent > 0
    }

    /// What a stop means.
    pub(crate) fn judge(&self, machine: &Machine, stop: Stop) -> Outcome {
        let ended = match (self.target, stop) {
            (_, Stop::Waiting) => Outcome::Hung,
            (Target::Boot, Stop::Foreign(pc)) => foreign(machine, pc),
            (Target::Gate, Stop::Foreign(pc)) if foreign(machine, pc).is_acceptance() => Outcome::RanFlash,
            (Target::Gate, Stop::NonSecure(_)) if machine.regs.r[0] == 0 => Outcome::Granted,
            (Target::Gate, Stop::NonSecure(_)) => Outcome::Refused,
            _ => Outcome::Crashed,
        };
        self.with_watch(machine, ended)
    }

    /// The outcome, unless forbidden memory was touched on the way.
    pub(crate) fn with_watch(&self, machine: &Machine, ended: Outcome) -> Outcome {
        let watch = &machine.memory.watch;
        match ended {
            _ if watch.secret_written => Outcome::Wrote,
            _ if watch.was_read => Outcome::Read,
            Outcome::Refused | Outcome::Crashed | Outcome::Hung if watch.was_written => Outcome::Leaked,
            ended => ended,
        }
    }
}

/// A fetch from where an image lies, or where one lay and was wiped.
fn foreign(machine: &Machine, pc: u32) -> Outcome {
    let there = machine.memory.peek(pc, 4);
    if there.iter().all(|byte| *byte == 0) || there.iter().all(|byte| *byte == 0xFF) {
        return Outcome::Crashed;
    }
    if pc >= FLASH.start { Outcome::RanFlash } else { Outcome::Started }
}

/// Boot and platform run, up to the application's first instruction.
fn started(images: &Images, content: &crate::Content) -> Result<Machine, String> {
    let mut machine = power_on(&images.boot, content);
    machine.foreign = vec![PLATFORM];
    match run(&mut machine) {
        Some(Stop::Foreign(_)) => {}
        other => return Err(format!("boot did not start the platform but ended as {other:?}")),
    }
    machine.foreign.clear();
    machine.decode(PLATFORM.start + HEADER_SIZE..PLATFORM.end);
    match run(&mut machine) {
        Some(Stop::NonSecure(_)) => Ok(machine),
        other => Err(format!(
            "the platform did not start the application but ended as {other:?} at {:#010x}",
            machine.regs.r[15]
        )),
    }
}

fn run(machine: &mut Machine) -> Option<Stop> {
    (0..START_LIMIT).find_map(|_| machine.step().err())
}

/// The registers as a Non-secure caller leaves them at a veneer.
fn call(machine: &mut Machine, number: u32, frame: u32) {
    machine.regs.r[..13].iter_mut().zip(0..).for_each(|(register, n)| *register = 0x5A00_0000 | n);
    machine.regs.r[0] = frame;
    machine.regs.r[14] = RETURN | 1;
    machine.regs.r[15] = VENEERS + 8 * number;
    machine.regs.secure = false;
}
