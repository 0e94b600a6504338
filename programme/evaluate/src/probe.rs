//! The hostile Non-secure application at work: what the tests of the border between the worlds have in common.

pub(crate) mod calls;
mod gate;
mod inside;
#[cfg(test)]
mod live;
pub(crate) mod psa;
mod residue;
mod secret;

pub(crate) use self::{
    gate::{Arg, Returned, as_number},
    residue::{Residues, runs},
    secret::find_secret,
};

use crate::attack::boots;
use crate::bench::{Bench, Dut, expect_state, judged};
use crate::images::Part;
use crate::model::{Failure, Outcome, Target, require};
use crate::monitor::Monitor;
use crate::observations::Observations;
use anyhow::anyhow;
use dtsec_target::{Entropy, ProbeAnswer, Report, Session};

/// Where the board runs an application, as `docs/wires.md` lays down.
pub(crate) const CODE: std::ops::Range<u32> = 0x0020_0000..0x0028_0000;
/// The application's memory.
pub(crate) const RAM: std::ops::Range<u32> = 0x2820_0000..0x2824_0000;

/// Where the veneer of call 0 lies (functional specification of the gate).
pub(crate) const VENEERS: u32 = 0x3800_0800;

/// `psa_status_t` numbers.
pub(crate) mod status {
    /// Done.
    pub(crate) const SUCCESS: i64 = 0;
    /// A pointer or range that is not the caller's.
    pub(crate) const PROGRAMMER_ERROR: i64 = -129;
    /// The noise source does not give what random numbers need.
    pub(crate) const INSUFFICIENT_ENTROPY: i64 = -148;
    /// Policy forbids it.
    pub(crate) const NOT_PERMITTED: i64 = -133;
    /// No such call, algorithm or option.
    pub(crate) const NOT_SUPPORTED: i64 = -134;
    /// An argument that the call does not take.
    pub(crate) const INVALID_ARGUMENT: i64 = -135;
    /// The output does not fit.
    pub(crate) const BUFFER_TOO_SMALL: i64 = -138;
    /// Nothing there.
    pub(crate) const DOES_NOT_EXIST: i64 = -140;
    /// The storage is full.
    pub(crate) const INSUFFICIENT_STORAGE: i64 = -142;
    /// The signature, MAC or tag is not that of the message.
    pub(crate) const INVALID_SIGNATURE: i64 = -149;
    /// What is stored was changed or cut short.
    pub(crate) const DATA_CORRUPT: i64 = -152;
    /// No such key.
    pub(crate) const INVALID_HANDLE: i64 = -136;
    /// Not at this time.
    pub(crate) const BAD_STATE: i64 = -137;
    /// There is one of this number.
    pub(crate) const ALREADY_EXISTS: i64 = -139;
    /// All places are taken.
    pub(crate) const INSUFFICIENT_MEMORY: i64 = -141;
    /// The padding is wrong.
    pub(crate) const INVALID_PADDING: i64 = -150;
}

/// A device that runs the probe.
pub(crate) struct Probe {
    session: Session,
    report: Report,
    buffer: u32,
    length: u32,
    /// None on the virtual device.
    monitor: Option<Monitor>,
    dut: Dut,
}

impl Probe {
    /// Starts a device with a genuine platform and the probe as its application.
    pub(crate) fn start(bench: &Bench, seen: &mut Observations) -> Outcome<Probe> {
        Probe::start_with(bench, seen, Entropy::System)
    }

    /// The same with another noise source.
    pub(crate) fn start_with(bench: &Bench, seen: &mut Observations, entropy: Entropy) -> Outcome<Probe> {
        let images =
            [("platform-a", &bench.recipe(Part::Platform)), ("application-a", &bench.application("probe"))];
        Probe::power(bench.device_with(seen, &images)?, seen, entropy)
    }

    /// Switches on a device that runs the probe: one whose power was cut, say.
    pub(crate) fn power(dut: Dut, seen: &mut Observations, entropy: Entropy) -> Outcome<Probe> {
        Probe::power_more(dut, seen, entropy, &[])
    }

    fn power_more(dut: Dut, seen: &mut Observations, entropy: Entropy, more: &[String]) -> Outcome<Probe> {
        let (session, report, monitor) = dut.power_watched(entropy, more)?;
        expect_state(&report, "running")?;
        let mut probe = Probe { session, report, buffer: 0, length: 0, monitor, dut };
        probe.ready()?;
        // The virtual device has no addresses that the probe could be told.
        if probe.target() == Target::Mps2An505 {
            let answer = probe.ok("buffer")?;
            let numbers: Vec<u32> = answer.split_whitespace().filter_map(number).collect();
            let [buffer, length] = numbers[..] else {
                return Err(Failure::Harness(anyhow!("the probe said `{answer}` of its buffer")));
            };
            (probe.buffer, probe.length) = (buffer, length);
            seen.setup("probe's own buffer", format!("{buffer:#010x}, {length} bytes"));
        }
        Ok(probe)
    }

    /// What it runs on.
    pub(crate) fn target(&self) -> Target {
        self.dut.target()
    }

    /// The boot report of the first start.
    pub(crate) fn report(&self) -> &Report {
        &self.report
    }

    /// The probe's own buffer: address and length; none on the virtual device.
    pub(crate) fn buffer(&self) -> (u32, u32) {
        (self.buffer, self.length)
    }

    /// The session.
    pub(crate) fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Tells the platform that the application has started well, which clears the count of faults.
    pub(crate) fn ready(&mut self) -> Outcome {
        self.done(&calls::application_ready()).map(drop)
    }

    /// Says a line and returns the answer, whatever it is.
    pub(crate) fn say(&mut self, line: &str) -> Outcome<ProbeAnswer> {
        judged(self.session.probe(line))
    }

    /// Says a line that must be answered `ok`; what follows it.
    pub(crate) fn ok(&mut self, line: &str) -> Outcome<String> {
        let answer = self.say(line)?;
        let text = answer.ok().map(str::to_owned);
        text.ok_or_else(|| Failure::Refuted(format!("`{line}` was answered with {}", shown(&answer))))
    }

    /// Says a line that must end in a fault of one of these names; the report of the new start.
    pub(crate) fn must_fault(&mut self, line: &str, names: &[&str]) -> Outcome<Report> {
        match self.say(line)? {
            ProbeAnswer::Line(text) => Err(Failure::Refuted(format!("`{line}` was answered with `{text}`"))),
            ProbeAnswer::Fault(report) => {
                expect_state(&report, "running")?;
                let fault = report.fault.clone();
                require!(
                    fault.as_ref().is_some_and(|fault| names.contains(&fault.name.as_str())),
                    "`{line}` ended in {:?} where {} was expected",
                    fault.map(|fault| fault.name),
                    names.join(" or ")
                );
                // So that the next fault is again the first in a row.
                self.ready()?;
                Ok(*report)
            }
        }
    }

    /// Puts words into the buffer, from byte `at` of it; their address.
    pub(crate) fn put(&mut self, at: u32, words: &[u32]) -> Outcome<u32> {
        let address = self.buffer + at;
        for (n, word) in words.iter().enumerate() {
            self.ok(&format!("write {:#x} {word:#x}", address + 4 * n as u32))?;
        }
        Ok(address)
    }

    /// Makes the call of this name with the frame at this address; its status.
    pub(crate) fn call(&mut self, name: &str, frame: u32) -> Outcome<i64> {
        self.status(&format!("call {} {frame:#x}", calls::number(name)))
    }

    /// Says a line that must be answered with a status.
    pub(crate) fn status(&mut self, line: &str) -> Outcome<i64> {
        let answer = self.say(line)?;
        answer
            .status()
            .ok_or_else(|| Failure::Refuted(format!("`{line}` was answered with {}", shown(&answer))))
    }

    /// Control, and the end of a session: after power-off the same device runs its application again.
    pub(crate) fn after_power_cut(self, seen: &mut Observations) -> Outcome {
        let Probe { session, dut, .. } = self;
        session.power_off();
        boots(seen, &dut, "the same device after its power was cut")
    }

    /// Cuts the power; what is left is the device with its flash and fuses.
    pub(crate) fn cut(self) -> Dut {
        let Probe { session, dut, .. } = self;
        session.power_off();
        dut
    }

    /// Control: loads and stores work where the probe may make them.
    pub(crate) fn memory_control(&mut self, seen: &mut Observations) -> Outcome {
        let address = self.buffer;
        seen.control("a store and a load in the probe's own memory", |_| {
            self.ok(&format!("write {address:#x} 0x600df00d"))?;
            let word = self.ok(&format!("read {address:#x}"))?;
            require!(number(&word) == Some(0x600D_F00D), "read back {word}");
            Ok(format!("read back {word}"))
        })
    }

    /// Control: a correct call of `random` into the probe's own memory is obeyed.
    pub(crate) fn call_control(&mut self, seen: &mut Observations, stimulus: &str) -> Outcome {
        seen.control(stimulus, |_| {
            let output = self.buffer + 64;
            let frame = self.put(0, &[output, 32])?;
            self.put(64, &[0; 8])?;
            let status = self.call("random", frame)?;
            require!(status == status::SUCCESS, "status {status}");
            let bytes = self.ok(&format!("dump {output:#x} 32"))?;
            require!(bytes.bytes().any(|b| b != b'0') && bytes.len() == 64, "the output is {bytes}");
            Ok("status 0, 32 bytes written".into())
        })
    }
}

/// A decimal or `0x` number.
pub(crate) fn number(text: &str) -> Option<u32> {
    match text.trim().strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.trim().parse().ok(),
    }
}

/// An answer in a few words.
pub(crate) fn shown(answer: &ProbeAnswer) -> String {
    match answer {
        ProbeAnswer::Line(line) => format!("`{line}`"),
        ProbeAnswer::Fault(report) => match &report.fault {
            Some(fault) => format!("a restart after {} at {:#010x}", fault.name, fault.pc),
            None => "a restart without a fault".into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_probe_are_read_in_both_bases() {
        assert_eq!(number("0x600df00d"), Some(0x600D_F00D));
        assert_eq!(number(" 42"), Some(42));
        assert_eq!(number("okay"), None);
    }
}
