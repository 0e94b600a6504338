//! Calls of the gate, any of them, with any arguments.

use super::{Probe, shown};
use crate::bench::{Dut, judged};
use crate::model::{Failure, Outcome, require};
use crate::observations::Observations;
use anyhow::anyhow;
use dtsec_target::{Entropy, ProbeAnswer};
use std::time::Duration;

/// Longest line that the probe takes (`docs/wires.md`).
const LINE: usize = 9 * 1024;
/// Its scratch buffer, and how much of it one line can fill.
const SCRATCH: usize = 8 * 1024;
const PIECE: usize = 4 * 1024;
/// A call that has not returned by then hangs.
const HANG: Duration = Duration::from_secs(30);
/// Calls under way at once: what is not yet answered is lost when one of them ends in a fault.
const CALLS_AT_ONCE: usize = 64;

/// What a call returned: its status, and what it wrote to its output.
pub(crate) type Returned = (i64, Vec<u8>);

/// One argument of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Arg<'a> {
    /// A word.
    Value(u32),
    /// Bytes to read.
    Input(&'a [u8]),
    /// Room to write so many bytes.
    Output(usize),
}

impl Probe {
    /// Makes a call: its status, and what it wrote to its output.
    ///
    /// A call that writes more than it says, or anything at all where it fails, is refuted: whoever is refused must
    /// not get a part of the answer.
    pub(crate) fn gate(&mut self, number: u32, args: &[Arg<'_>]) -> Outcome<Returned> {
        let results = self.gates(&[(number, args)])?;
        results.into_iter().next().ok_or_else(|| Failure::Harness(anyhow!("no answer to call {number}")))
    }

    /// Makes calls one after the other without waiting for each answer, which is several times as fast.
    pub(crate) fn gates(&mut self, calls: &[(u32, &[Arg<'_>])]) -> Outcome<Vec<Returned>> {
        let mut results = Vec::with_capacity(calls.len());
        for calls in calls.chunks(CALLS_AT_ONCE) {
            let mut lines = Vec::with_capacity(calls.len());
            let mut places = Vec::with_capacity(calls.len());
            for (number, args) in calls {
                let Lines { before, call, after } = lines_of(*number, args)?;
                lines.extend(before);
                places.push((*number, lines.len()));
                lines.push(call);
                lines.extend(after);
            }
            let answers = judged(self.session().probe_all(&lines))?;
            let mut calls = places.into_iter().peekable();
            for (at, line) in lines.iter().enumerate() {
                // Where answers end early, the last of them says why.
                let answer = answers.get(at).or(answers.last());
                match calls.next_if(|(_, place)| *place == at) {
                    Some((number, _)) => results.push(result(number, answer)?),
                    None => expect_ok(answer, line)?,
                }
            }
        }
        Ok(results)
    }

    /// Makes a call that must end in this status; what it wrote to its output.
    pub(crate) fn gate_ok(&mut self, number: u32, args: &[Arg<'_>]) -> Outcome<Vec<u8>> {
        let (status, output) = self.gate(number, args)?;
        expect_status(&format!("call {number}"), status, super::status::SUCCESS)?;
        Ok(output)
    }

    /// Makes a call and cuts the power so much later, or when the call has returned: the device as the cut left it,
    /// and the call's result if it was heard before.
    pub(crate) fn cut_during(
        mut self,
        number: u32,
        args: &[Arg<'_>],
        after: Duration,
    ) -> Outcome<(Dut, Option<Returned>)> {
        let Lines { before, call, .. } = lines_of(number, args)?;
        for line in &before {
            self.ok(line)?;
        }
        let Probe { session, dut, .. } = self;
        let answer = judged(session.cut_during(&call, after))?;
        let result = answer.map(|answer| result(number, Some(&answer))).transpose()?;
        Ok((dut, result))
    }
}

/// Where the power is cut.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Moment {
    /// Right after this store into the flash, counted from the beginning of the call.
    Store(u32),
    /// So long after the call was made.
    After(Duration),
}

impl Probe {
    /// Switches on a device whose power will be cut at exact moments, where that can be done; else says in the record
    /// that they will be random.
    pub(crate) fn power_to_be_cut(dut: Dut, seen: &mut Observations) -> Outcome<Probe> {
        let counting = dut.counting_stores(&dut.flash_addresses());
        let how = match counting {
            Some(_) => "right after a chosen store into the flash",
            None => "at random moments: nothing here counts stores into the flash",
        };
        seen.setup("power cuts", how);
        Probe::power_more(dut, seen, Entropy::System, &counting.unwrap_or_default())
    }

    /// Whether [`Moment::Store`] can be had of this device.
    pub(crate) fn counts_stores(&self) -> bool {
        self.dut.counting_stores(&self.dut.flash_addresses()).is_some()
    }

    /// Makes a call and cuts the power at that moment, or when the call has returned: the device as the cut left it, and
    /// the call's result if it was heard before.
    pub(crate) fn cut_at(
        self,
        number: u32,
        args: &[Arg<'_>],
        moment: Moment,
    ) -> Outcome<(Dut, Option<Returned>)> {
        let after = match moment {
            Moment::After(after) => after,
            Moment::Store(stores) => {
                self.dut.cut_after_stores(stores)?;
                HANG
            }
        };
        self.cut_during(number, args, after)
    }
}

/// The status is this one.
pub(crate) fn expect_status(what: &str, status: i64, expected: i64) -> Outcome {
    require!(status == expected, "{what}: status {status} where {expected} was expected");
    Ok(())
}

/// The lines that make a call.
#[derive(Debug, PartialEq, Eq)]
struct Lines {
    /// Inputs that are too long for the line of the call, put into the probe's scratch buffer.
    before: Vec<String>,
    call: String,
    /// What was put there may be a secret, and who looks for it in memory must not find this copy.
    after: Option<String>,
}

fn lines_of(number: u32, args: &[Arg<'_>]) -> Outcome<Lines> {
    let hex: usize =
        args.iter().map(|arg| if let Arg::Input(bytes) = arg { 2 * bytes.len() } else { 0 }).sum();
    // What else stands in the line: the call, and each argument's letter and number.
    let fits = hex + 16 + 24 * args.len() <= LINE;
    let mut before = Vec::new();
    let mut call = format!("gate {number}");
    let mut used = 0;
    for arg in args {
        call += &match arg {
            Arg::Value(word) => format!(" v:{word:#x}"),
            Arg::Output(len) => format!(" o:{len}"),
            Arg::Input(bytes) if fits => format!(" i:{}", hex::encode(bytes)),
            Arg::Input(bytes) => {
                let at = used;
                used += bytes.len();
                if used > SCRATCH {
                    let all = hex / 2;
                    return Err(Failure::Harness(anyhow!(
                        "{all} bytes of input are more than the probe's {SCRATCH}; give call {number} less"
                    )));
                }
                for (n, piece) in bytes.chunks(PIECE).enumerate() {
                    before.push(format!("put {} {}", at + n * PIECE, hex::encode(piece)));
                }
                format!(" s:{at}:{}", bytes.len())
            }
        };
    }
    let after = (used > 0).then(|| "wipe".into());
    Ok(Lines { before, call, after })
}

fn expect_ok(answer: Option<&ProbeAnswer>, line: &str) -> Outcome {
    if answer.is_some_and(|answer| answer.ok().is_some()) {
        return Ok(());
    }
    let verb = line.split(' ').next().unwrap_or_default();
    Err(Failure::Harness(anyhow!("the probe answered {} to `{verb}`", said(answer))))
}

fn result(number: u32, answer: Option<&ProbeAnswer>) -> Outcome<Returned> {
    let unclear = || Failure::Refuted(format!("call {number} was answered with {}", said(answer)));
    let Some(ProbeAnswer::Line(line)) = answer else { return Err(unclear()) };
    if line.starts_with("error ") {
        let why =
            format!("the probe was built without call {number} or cannot take these arguments: `{line}`");
        return Err(Failure::Harness(anyhow!(why)));
    }
    let mut words = line.strip_prefix("gate ").ok_or_else(unclear)?.split(' ');
    let status = words.next().and_then(|word| word.parse().ok()).ok_or_else(unclear)?;
    let mut output = Vec::new();
    for word in words {
        require!(
            word != "beyond",
            "call {number} wrote to its output what it did not say: status {status}, {} bytes",
            output.len()
        );
        output = hex::decode(word).map_err(|_| unclear())?;
    }
    Ok((status, output))
}

fn said(answer: Option<&ProbeAnswer>) -> String {
    answer.map_or("nothing".into(), shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Outcome<Returned> {
        result(5, Some(&ProbeAnswer::Line(text.into())))
    }

    #[test]
    fn short_inputs_stand_in_the_line_of_the_call_and_long_ones_are_put_before_it() {
        let lines = |args: &[Arg<'_>]| lines_of(4, args).ok().unwrap();
        let alone = |call: &str| Lines { before: vec![], call: call.into(), after: None };
        let all = [Arg::Value(16), Arg::Input(&[0xAB, 0]), Arg::Output(32)];
        assert_eq!(lines(&all), alone("gate 4 v:0x10 i:ab00 o:32"));
        assert_eq!(lines(&[]), alone("gate 4"));
        let largest = lines(&[Arg::Input(&[7; 4096]), Arg::Input(&[8; 64])]);
        assert!(largest.before.is_empty() && largest.call.len() <= LINE);
        let Lines { before, call, after } =
            lines(&[Arg::Input(&[1; 5000]), Arg::Input(&[2; 3]), Arg::Output(1)]);
        assert!(before[0].starts_with("put 0 0101") && before[1].starts_with("put 4096 0101"));
        assert_eq!(before[2..], ["put 5000 020202"]);
        assert!(before.iter().all(|line| line.len() <= LINE));
        assert_eq!((&*call, after.as_deref()), ("gate 4 s:0:5000 s:5000:3 o:1", Some("wipe")));
        assert!(matches!(lines_of(4, &[Arg::Input(&[0; 8193])]), Err(Failure::Harness(_))));
    }

    #[test]
    fn an_answer_has_a_status_and_bytes_and_anything_else_is_told() {
        assert_eq!(line("gate 0 ab00").ok(), Some((0, vec![0xAB, 0])));
        assert_eq!(line("gate -129").ok(), Some((-129, vec![])));
        assert!(
            matches!(line("gate -149 beyond"), Err(Failure::Refuted(why)) if why.contains("did not say"))
        );
        assert!(matches!(line("gate 0 ab beyond"), Err(Failure::Refuted(_))));
        assert!(matches!(line("error bad-argument"), Err(Failure::Harness(_))));
        assert!(matches!(line("ok"), Err(Failure::Refuted(_))));
        assert!(matches!(result(5, None), Err(Failure::Refuted(_))));
        let fault = ProbeAnswer::Fault(Box::default());
        assert!(matches!(result(5, Some(&fault)), Err(Failure::Refuted(why)) if why.contains("restart")));
    }
}
