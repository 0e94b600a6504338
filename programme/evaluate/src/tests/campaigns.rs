//! Campaigns of thousands of starts on the virtual device: every bit, and ten thousand flash contents.
//!
//! Each campaign proves itself: the same judge looks at a device with a planted defect – one that accepts any
//! signature – and must find it, or the campaign counts as blind.

use super::{NEEDS_SPEED, integrity, interface, sfr};
use crate::attack::{all_as_expected, state_without};
use crate::bench::{Bench, Dut};
use crate::images::Part;
use crate::model::{Applies, Failure, Kind, Outcome, Target, Test, Threat, require};
use crate::mutation::{Flash, Pool};
use crate::observations::Observations;
use crate::oracle::Oracle;
use dtsec_target::{Batch, BatchOutcome, Patch};

const THREATS: &[Threat] = &[Threat::Physical, Threat::BadSoftware];

pub(super) const TESTS: &[Test] = &[
    Test {
        id: "init-random-and-mutated-flash",
        title: "Random and mutated flash contents end in the state that an independent oracle predicts",
        sfr: sfr::INITIALIZATION,
        threats: THREATS,
        kind: Kind::Attack,
        interface: interface::FLASH,
        procedure: "Fill the four slots with genuine, old, foreign, revoked, mislabelled and random contents, mutate them – bits, bytes, blocks, lengths, splices, shifts, cuts – and start: 10,000 times on the virtual device, a sample on the emulated board. An oracle that knows only the trusted public keys and the rules predicts each state.",
        expected: "The device is alive after every start and in exactly the state predicted: it never runs what is not genuine, and never refuses what is.",
        applies: Applies::Everywhere,
        run: random_and_mutated,
    },
    Test {
        id: "init-every-bit-of-the-platform",
        title: "No single bit of the platform image can be flipped unnoticed: all were tried",
        sfr: sfr::INITIALIZATION,
        threats: THREATS,
        kind: Kind::Attack,
        interface: interface::FLASH,
        procedure: "Flip every bit of a genuine platform image, one at a time, and start after each.",
        expected: "State no-platform every time, with a refusal that fits the region of the bit.",
        applies: NEEDS_SPEED,
        run: every_platform_bit,
    },
    Test {
        id: "init-every-bit-of-the-application",
        title: "No single bit of the application image can be flipped unnoticed: all were tried",
        sfr: sfr::INITIALIZATION,
        threats: THREATS,
        kind: Kind::Attack,
        interface: interface::FLASH,
        procedure: "Flip every bit of a genuine application image, one at a time, and start after each.",
        expected: "State no-application every time, with a refusal that fits the region of the bit, while the platform is accepted.",
        applies: NEEDS_SPEED,
        run: every_application_bit,
    },
    Test {
        id: "init-every-length",
        title: "No truncated image starts: every length was tried",
        sfr: sfr::INITIALIZATION,
        threats: THREATS,
        kind: Kind::Attack,
        interface: interface::FLASH,
        procedure: "Erase the slot from byte n on, for every n from nothing to all but the last byte of both images, and start after each.",
        expected: "State no-platform or no-application every time.",
        applies: NEEDS_SPEED,
        run: every_length,
    },
];

/// What boot makes of the device for one start with changes.
fn start(batch: &mut Batch, patches: &[Patch]) -> Outcome<BatchOutcome> {
    crate::bench::judged(batch.boot(patches))
}

fn control(seen: &mut Observations, batch: &mut Batch, stimulus: &str) -> Outcome {
    seen.control(stimulus, |_| {
        let outcome = start(batch, &[])?;
        require!(outcome.state == "running", "{}", outcome.raw);
        Ok(outcome.raw)
    })
}

fn every_platform_bit(bench: &Bench, seen: &mut Observations) -> Outcome {
    every_bit(bench, seen, Part::Platform)
}

fn every_application_bit(bench: &Bench, seen: &mut Observations) -> Outcome {
    every_bit(bench, seen, Part::Application)
}

fn every_bit(bench: &Bench, seen: &mut Observations, part: Part) -> Outcome {
    let dut = bench.genuine_device(seen)?;
    seen.control("the same judge over a device with a planted defect: it accepts any signature", |_| {
        let mut unused = Observations::default();
        let wrong =
            flips(bench, &mut unused, &mut dut.batch_with_planted_defect()?, &dut, part, Some("signature"))?;
        require!(!wrong.is_empty(), "no acceptance was found in {} cases", unused.cases);
        Ok(format!("{} of {} flips in the signature were found accepted", wrong.len(), unused.cases))
    })?;
    let mut batch = dut.batch()?;
    control(seen, &mut batch, "the same device with its genuine images")?;
    let wrong = flips(bench, seen, &mut batch, &dut, part, None)?;
    control(seen, &mut batch, "the same device afterwards")?;
    all_as_expected(seen, wrong)
}

/// Flips every bit of the image, or of one region of it; says what was not refused as it should be.
fn flips(
    bench: &Bench,
    seen: &mut Observations,
    batch: &mut Batch,
    dut: &Dut,
    part: Part,
    only: Option<&str>,
) -> Outcome<Vec<String>> {
    let content = dut.read_slot(part.slot_a())?;
    let offset = bench.board.slot(part.slot_a()).map_or(0, |slot| slot.offset);
    let mut wrong = Vec::new();
    for region in crate::images::regions(&content) {
        if only.is_some_and(|only| only != region.kind) {
            continue;
        }
        let allowed = integrity::names_for(region.kind);
        // In a quick evaluation every eighth bit, in another place of each byte.
        let step = bench.samples(1, 9);
        for bit in (region.bytes.start * 8..region.bytes.end * 8).step_by(step) {
            let byte = content[bit / 8] ^ (1 << (bit % 8));
            let outcome = start(batch, &[Patch::Flash { offset: offset + bit / 8, bytes: vec![byte] }])?;
            let name = outcome.slots.get(part.slot_a()).map(String::as_str).unwrap_or_default();
            let refused = outcome.state == state_without(part) && allowed.contains(&name);
            if !refused {
                wrong.push(format!(
                    "bit {} of byte {:#x} ({}): {}",
                    bit % 8,
                    bit / 8,
                    region.kind,
                    outcome.raw
                ));
            }
            seen.case(region.kind, name);
        }
    }
    Ok(wrong)
}

fn every_length(bench: &Bench, seen: &mut Observations) -> Outcome {
    let dut = bench.genuine_device(seen)?;
    let mut batch = dut.batch()?;
    control(seen, &mut batch, "the same device with its genuine images")?;
    let mut wrong = Vec::new();
    for part in Part::ALL {
        let image = bench.genuine(part)?;
        let Some(slot) = bench.board.slot(part.slot_a()) else { continue };
        let written = dut.read_slot(part.slot_a())?;
        for length in (0..image.bytes.len()).step_by(bench.samples(1, 16)) {
            if written[length..image.bytes.len()].iter().all(|byte| *byte == 0xFF) {
                continue; // Erasing what is erased changes nothing.
            }
            let erase = Patch::Erase { offset: slot.offset + length, len: image.bytes.len() - length };
            let outcome = start(&mut batch, &[erase])?;
            let name = outcome.slots.get(part.slot_a()).cloned().unwrap_or_default();
            if outcome.state != state_without(part) || name == "accepted" {
                wrong.push(format!("{} cut after {length} bytes: {}", part.name(), outcome.raw));
            }
            seen.case(part.name(), &name);
        }
    }
    control(seen, &mut batch, "the same device afterwards")?;
    all_as_expected(seen, wrong)
}

/// A way to start a device with a flash content.
trait Starter {
    fn state(&mut self, flash: &Flash) -> Outcome<String>;
}

struct InBatch<'b>(&'b Bench, Batch);

impl Starter for InBatch<'_> {
    fn state(&mut self, flash: &Flash) -> Outcome<String> {
        let patches: Vec<Patch> = flash
            .slots
            .iter()
            .filter_map(|(name, bytes)| {
                Some(Patch::Flash { offset: self.0.board.slot(name)?.offset, bytes: bytes.clone() })
            })
            .collect();
        Ok(start(&mut self.1, &patches)?.state)
    }
}

struct ByPower<'d>(&'d Dut);

impl Starter for ByPower<'_> {
    fn state(&mut self, flash: &Flash) -> Outcome<String> {
        // What the content before left in a slot must not decide this one.
        for slot in Part::ALL.iter().flat_map(|part| [part.slot_a(), part.slot_b()]) {
            let content = flash.slots.iter().find(|(name, _)| *name == slot);
            self.0.flash_slot(slot, content.map_or(&[], |(_, bytes)| bytes))?;
        }
        Ok(self.0.boot()?.state)
    }
}

fn random_and_mutated(bench: &Bench, seen: &mut Observations) -> Outcome {
    let pool = Pool::new(bench)?;
    let ed25519 = bench.verifies_ed25519()?;
    seen.saw("boot code verifies Ed25519", ed25519);
    let oracle = Oracle::new(bench, ed25519);
    let dut = bench.device_with(seen, &[])?;
    seen.setup("pool of slot contents", pool.describe());
    let (count, mut starter): (usize, Box<dyn Starter + '_>) = match bench.target {
        Target::Virtual => {
            let defective = InBatch(bench, dut.batch_with_planted_defect()?);
            planted(bench, seen, &pool, &oracle, defective)?;
            (bench.samples(10_000, 500), Box::new(InBatch(bench, dut.batch()?)))
        }
        Target::Mps2An505 => (bench.samples(32, 8), Box::new(ByPower(&dut))),
    };
    seen.control("the genuine images by the same way of starting", |_| {
        let flash = pool.genuine();
        let state = starter.state(&flash)?;
        require!(state == "running" && oracle.predict(&flash) == "running", "state={state}");
        Ok(format!("state={state}, as predicted"))
    })?;
    let wrong = predictions(bench, seen, &pool, &oracle, starter.as_mut(), count)?;
    // A sample of a few may hold no genuine content by chance; thousands do not.
    let yes = seen.tally.values().any(|outcomes| outcomes.contains_key("running, as predicted"));
    require!(yes || count < 500, "no mutated content was genuine: the oracle's yes was never tried");
    all_as_expected(seen, wrong)
}

/// Runs the campaign; says where the device and the oracle differ.
fn predictions(
    bench: &Bench,
    seen: &mut Observations,
    pool: &Pool,
    oracle: &Oracle,
    starter: &mut dyn Starter,
    count: usize,
) -> Outcome<Vec<String>> {
    let mut sampler = bench.sampler("mutation");
    let mut wrong = Vec::new();
    for number in 0..count {
        let flash = pool.draw(&mut sampler);
        let predicted = oracle.predict(&flash);
        let state = match starter.state(&flash) {
            Ok(state) => state,
            Err(Failure::Refuted(why)) => {
                wrong.push(format!("content {number} ({}): {why}", flash.history));
                return Ok(wrong); // The process is gone; there is nobody left to ask.
            }
            Err(other) => return Err(other),
        };
        if state == predicted {
            seen.case(flash.kind, &format!("{state}, as predicted"));
        } else {
            seen.case(flash.kind, &format!("{state} where {predicted} was predicted"));
            wrong.push(format!("content {number} ({}): {state}, predicted {predicted}", flash.history));
        }
    }
    Ok(wrong)
}

fn planted(
    bench: &Bench,
    seen: &mut Observations,
    pool: &Pool,
    oracle: &Oracle,
    mut defective: InBatch<'_>,
) -> Outcome {
    let count = bench.samples(2_000, 500);
    seen.control("the same judge over a device with a planted defect: it accepts any signature", |_| {
        let mut unused = Observations::default();
        let wrong = predictions(bench, &mut unused, pool, oracle, &mut defective, count)?;
        require!(!wrong.is_empty(), "no acceptance was found in {count} contents");
        Ok(format!("{} of {count} contents were found started although not genuine", wrong.len()))
    })
}
