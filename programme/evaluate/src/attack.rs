//! Attacks on the images of a device: put something else into a slot, start, and see that it is refused by name.

use crate::bench::{Bench, Dut, expect_slot, expect_state, slots};
use crate::images::Part;
use crate::model::{Failure, Outcome, require};
use crate::observations::Observations;

/// A slot content that must be refused.
pub(crate) struct Attack {
    /// What kind of attack it is, for counting.
    pub kind: String,
    /// What it is in particular.
    pub case: String,
    /// The part whose first slot it is put into.
    pub part: Part,
    /// What is put there.
    pub content: Vec<u8>,
    /// The names of which one must be given as the reason.
    pub refused_as: &'static [&'static str],
}

impl Attack {
    /// An attack that is a kind of its own.
    pub(crate) fn new(
        case: &str,
        part: Part,
        content: Vec<u8>,
        refused_as: &'static [&'static str],
    ) -> Attack {
        Attack { kind: format!("{}: {case}", part.name()), case: case.into(), part, content, refused_as }
    }

    /// An attack of which there are many.
    pub(crate) fn of_kind(mut self, kind: impl Into<String>) -> Attack {
        self.kind = kind.into();
        self
    }
}

/// The state of a device that has nothing to start for `part`, the rest being good.
pub(crate) fn state_without(part: Part) -> &'static str {
    match part {
        Part::Platform => "no-platform",
        Part::Application => "no-application",
    }
}

/// Tries each attack alone on a device that boots before, and after with its own image put back.
pub(crate) fn all_are_refused(bench: &Bench, seen: &mut Observations, attacks: &[Attack]) -> Outcome {
    let dut = bench.genuine_device(seen)?;
    boots(seen, &dut, "the same device with its genuine images")?;
    let mut genuine = Vec::new();
    for part in Part::ALL {
        genuine.push((part, dut.read_slot(part.slot_a())?));
    }
    for (part, image) in &genuine {
        notices(seen, &dut, *part, image)?;
    }
    let mut wrong = Vec::new();
    for attack in attacks {
        dut.flash_slot(attack.part.slot_a(), &attack.content)?;
        let report = dut.boot();
        if seen.cases < 2 {
            seen.transcript(&attack.case, report.iter().flat_map(|report| report.raw.lines()));
        }
        match report.and_then(|report| judge(attack, &report)) {
            Ok(name) => seen.case(&attack.kind, &name),
            Err(Failure::Refuted(why)) => {
                seen.case(&attack.kind, "NOT REFUSED AS EXPECTED");
                wrong.push(format!("{}: {why}", attack.case));
            }
            Err(other) => return Err(other),
        }
        for (part, image) in &genuine {
            if *part == attack.part {
                dut.flash_slot(part.slot_a(), image)?;
            }
        }
    }
    boots(seen, &dut, "the same device afterwards, with the genuine image put back")?;
    all_as_expected(seen, wrong)
}

/// The judge, shown a genuine image under the name of an attack, must call it accepted: it is not blind to that.
fn notices(seen: &mut Observations, dut: &Dut, part: Part, genuine: &[u8]) -> Outcome {
    seen.control(
        &format!("the same judge, shown the genuine {} as if it were an attack", part.name()),
        |_| {
            let planted = Attack::new("planted", part, genuine.to_vec(), &["digest-mismatch"]);
            dut.flash_slot(part.slot_a(), &planted.content)?;
            match judge(&planted, &dut.boot()?) {
                Err(Failure::Refuted(why)) => Ok(format!("noticed: {why}")),
                Err(other) => Err(other),
                Ok(name) => Err(Failure::Refuted(format!("taken for refused as `{name}`"))),
            }
        },
    )
}

/// Ends a campaign: refuted when anything was not as expected.
pub(crate) fn all_as_expected(seen: &mut Observations, wrong: Vec<String>) -> Outcome {
    if wrong.is_empty() {
        return Ok(());
    }
    for case in wrong.iter().take(20) {
        seen.saw("not as expected", case);
    }
    Err(Failure::Refuted(format!("{} cases did not end as expected, first: {}", wrong.len(), wrong[0])))
}

/// The control of every attack on images: unharmed, the device runs.
pub(crate) fn boots(seen: &mut Observations, dut: &Dut, stimulus: &str) -> Outcome {
    seen.control(stimulus, |_| {
        let report = dut.boot()?;
        expect_state(&report, "running")?;
        Ok(format!("state=running {}", slots(&report)))
    })
}

fn judge(attack: &Attack, report: &dtsec_target::Report) -> Outcome<String> {
    let slot = attack.part.slot_a();
    expect_state(report, state_without(attack.part))?;
    let name = report.slot(slot);
    require!(
        attack.refused_as.contains(&name),
        "{slot} is reported as `{name}` where {} was expected",
        attack.refused_as.join(" or ")
    );
    require!(!report.parts.contains_key(attack.part.name()), "the refused part is listed as started");
    if attack.part == Part::Application {
        expect_slot(report, Part::Platform.slot_a(), "accepted")?;
    }
    Ok(name.to_owned())
}
