//! Makes calls of the gate, any of them, with any arguments.

use super::calls::Call;
use super::{Probe, shown, status};
use crate::bench::{Dut, judged};
use crate::model::{Failure, Outcome, require};
use crate::observations::Observations;
use anyhow::anyhow;
use dtsec_target::{Entropy, ProbeAnswer, Report};
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
    /// Bytes to read that lie in the probe's scratch buffer (`put`); a call with such has no long input besides.
    Scratch { at: usize, bytes: usize },
    /// Room to write so many bytes.
    Output(usize),
}

impl Probe {
    /// Makes a call: its status, and what it wrote to its output.
    ///
    /// A call that writes more than it says, or anything at all where it fails, is refuted: whoever is refused must
    /// not get a part of the answer.
    pub(crate) fn make(&mut self, call: &Call<'_>) -> Outcome<Returned> {
        let results = self.make_all(std::slice::from_ref(call))?;
        results.into_iter().next().ok_or_else(|| Failure::Harness(anyhow!("no answer to `{}`", call.name)))
    }

    /// Makes calls one after the other without waiting for each answer, which is several times as fast.
    pub(crate) fn make_all(&mut self, calls: &[Call<'_>]) -> Outcome<Vec<Returned>> {
        let mut results = Vec::with_capacity(calls.len());
        for calls in calls.chunks(CALLS_AT_ONCE) {
            let mut lines = Vec::with_capacity(calls.len());
            let mut places = Vec::with_capacity(calls.len());
            for call in calls {
                let Lines { before, line, after } = lines_of(call)?;
                lines.extend(before);
                places.push((call.name, lines.len()));
                lines.push(line);
                lines.extend(after);
            }
            let answers = judged(self.session().probe_all(&lines))?;
            let mut calls = places.into_iter().peekable();
            for (at, line) in lines.iter().enumerate() {
                // Where answers end early, the last of them says why.
                let answer = answers.get(at).or(answers.last());
                match calls.next_if(|(_, place)| *place == at) {
                    Some((name, _)) => results.push(result(name, answer)?),
                    None => expect_ok(answer, line)?,
                }
            }
        }
        Ok(results)
    }

    /// Makes a call that must succeed; its output.
    pub(crate) fn done(&mut self, call: &Call<'_>) -> Outcome<Vec<u8>> {
        succeeded(call, self.make(call)?)
    }

    /// Makes calls that must all succeed; their outputs.
    pub(crate) fn all_done(&mut self, calls: &[Call<'_>]) -> Outcome<Vec<Vec<u8>>> {
        let results = self.make_all(calls)?;
        calls.iter().zip(results).map(|(call, result)| succeeded(call, result)).collect()
    }

    /// Makes a call that must succeed and gives a number.
    pub(crate) fn numbered(&mut self, call: &Call<'_>) -> Outcome<u32> {
        let output = self.done(call)?;
        as_number(&output).ok_or_else(|| {
            Failure::Refuted(format!("`{}` gave {} bytes and no number", call.name, output.len()))
        })
    }

    /// Makes a call that must end in this status.
    pub(crate) fn ends(&mut self, what: &str, call: &Call<'_>, expected: i64) -> Outcome {
        let (status, _) = self.make(call)?;
        require!(
            status == expected,
            "{what}: `{}` returned {status} where {expected} was expected",
            call.name
        );
        Ok(())
    }

    /// Makes a call that resets the device; the report of the new start.
    pub(crate) fn resets(&mut self, call: &Call<'_>) -> Outcome<Report> {
        let line = self.prepared(call)?;
        match self.say(&line)? {
            ProbeAnswer::Fault(report) => Ok(*report),
            // The virtual device answers before it resets.
            answer => {
                succeeded(call, result(call.name, Some(&answer))?)?;
                judged(self.session().report())
            }
        }
    }

    /// Makes a call and cuts the power at that moment, or when the call has returned: the device as the cut left it,
    /// and the call's result if it was heard before.
    pub(crate) fn cut_at(mut self, call: &Call<'_>, moment: Moment) -> Outcome<(Dut, Option<Returned>)> {
        let line = self.prepared(call)?;
        let after = match moment {
            Moment::After(after) => after,
            Moment::Store(stores) => {
                self.dut.cut_after_stores(stores)?;
                HANG
            }
        };
        let Probe { session, dut, .. } = self;
        let answer = judged(session.cut_during(&line, after))?;
        let result = answer.map(|answer| result(call.name, Some(&answer))).transpose()?;
        Ok((dut, result))
    }

    /// Has the probe take in what is too long for the line of a call; that line.
    fn prepared(&mut self, call: &Call<'_>) -> Outcome<String> {
        let Lines { before, line, .. } = lines_of(call)?;
        for line in &before {
            self.ok(line)?;
        }
        Ok(line)
    }

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

    /// The moment after so many stores into the flash, or so many microseconds where nothing counts stores.
    pub(crate) fn moment(&self, after: usize) -> Moment {
        match self.dut.counting_stores(&self.dut.flash_addresses()) {
            Some(_) => Moment::Store(after as u32),
            None => Moment::After(Duration::from_micros(after as u64)),
        }
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

/// The number that a call has put out, if it is one.
pub(crate) fn as_number(output: &[u8]) -> Option<u32> {
    output.try_into().ok().map(u32::from_le_bytes)
}

fn succeeded(call: &Call<'_>, (status, output): Returned) -> Outcome<Vec<u8>> {
    require!(status == status::SUCCESS, "`{}` returned {status} where it must succeed", call.name);
    Ok(output)
}

/// The lines that make a call.
#[derive(Debug, PartialEq, Eq)]
struct Lines {
    /// Inputs that are too long for the line of the call, put into the probe's scratch buffer.
    before: Vec<String>,
    /// The call itself.
    line: String,
    /// What was put there may be a secret, and who looks for it in memory must not find this copy.
    after: Option<String>,
}

fn lines_of(Call { number, name, args }: &Call<'_>) -> Outcome<Lines> {
    let hex: usize =
        args.iter().map(|arg| if let Arg::Input(bytes) = arg { 2 * bytes.len() } else { 0 }).sum();
    // What else stands in the line: the call, and each argument's letter and number.
    let fits = hex + 16 + 24 * args.len() <= LINE;
    let mut before = Vec::new();
    let mut line = format!("gate {number}");
    let mut used = 0;
    for arg in args {
        line += &match arg {
            Arg::Value(word) => format!(" v:{word:#x}"),
            Arg::Output(len) => format!(" o:{len}"),
            Arg::Scratch { at, bytes } => format!(" s:{at}:{bytes}"),
            Arg::Input(bytes) if fits => format!(" i:{}", hex::encode(bytes)),
            Arg::Input(bytes) => {
                let at = used;
                used += bytes.len();
                if used > SCRATCH {
                    let all = hex / 2;
                    return Err(Failure::Harness(anyhow!(
                        "{all} bytes of input are more than the probe's {SCRATCH}; give `{name}` less"
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
    Ok(Lines { before, line, after })
}

fn expect_ok(answer: Option<&ProbeAnswer>, line: &str) -> Outcome {
    if answer.is_some_and(|answer| answer.ok().is_some()) {
        return Ok(());
    }
    let verb = line.split(' ').next().unwrap_or_default();
    Err(Failure::Harness(anyhow!("the probe answered {} to `{verb}`", said(answer))))
}

fn result(name: &str, answer: Option<&ProbeAnswer>) -> Outcome<Returned> {
    let unclear = || Failure::Refuted(format!("`{name}` was answered with {}", said(answer)));
    let Some(ProbeAnswer::Line(line)) = answer else { return Err(unclear()) };
    if line.starts_with("error ") {
        let why = format!("the probe was built without `{name}` or cannot take these arguments: `{line}`");
        return Err(Failure::Harness(anyhow!(why)));
    }
    let mut words = line.strip_prefix("gate ").ok_or_else(unclear)?.split(' ');
    let status = words.next().and_then(|word| word.parse().ok()).ok_or_else(unclear)?;
    let mut output = Vec::new();
    for word in words {
        require!(
            word != "beyond",
            "`{name}` wrote to its output what it did not say: status {status}, {} bytes",
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
    use crate::probe::calls;

    fn line(text: &str) -> Outcome<Returned> {
        result("random", Some(&ProbeAnswer::Line(text.into())))
    }

    #[test]
    fn short_inputs_stand_in_the_line_of_the_call_and_long_ones_are_put_before_it() {
        let lines = |call: Call<'_>| lines_of(&call).ok().unwrap();
        let alone = |line: &str| Lines { before: vec![], line: line.into(), after: None };
        assert_eq!(lines(calls::digest(16, &[0xAB, 0]).room(32)), alone("gate 4 v:0x10 i:ab00 o:32"));
        assert_eq!(lines(calls::application_ready()), alone("gate 3"));
        let stored = calls::storage_set(1, 0, 0, &[]).in_scratch(8, 4096);
        assert_eq!(lines(stored), alone("gate 56 v:0x1 v:0x0 v:0x0 s:8:4096"));
        let largest = lines(calls::import_key(&[7; 4096], &[8; 64]));
        assert!(largest.before.is_empty() && largest.line.len() <= LINE);
        let Lines { before, line, after } = lines(calls::import_key(&[1; 5000], &[2; 3]));
        assert!(before[0].starts_with("put 0 0101") && before[1].starts_with("put 4096 0101"));
        assert_eq!(before[2..], ["put 5000 020202"]);
        assert!(before.iter().all(|line| line.len() <= LINE));
        assert_eq!((&*line, after.as_deref()), ("gate 8 s:0:5000 s:5000:3 o:4", Some("wipe")));
        assert!(matches!(lines_of(&calls::factory_reset(&[0; 8193])), Err(Failure::Harness(_))));
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
        assert!(matches!(result("random", None), Err(Failure::Refuted(_))));
        let fault = ProbeAnswer::Fault(Box::default());
        assert!(
            matches!(result("random", Some(&fault)), Err(Failure::Refuted(why)) if why.contains("restart"))
        );
    }
}
