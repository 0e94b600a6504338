//! Which image starts when several could.

use super::{interface, sfr};
use crate::attack::boots;
use crate::bench::{Bench, expect_slot, expect_state, slots, version};
use crate::images::{Part, Recipe, Signer};
use crate::model::{Applies, Kind, Outcome, Test, Threat, require};
use crate::observations::Observations;
use dtsec_target::Report;

pub(super) const TESTS: &[Test] = &[
    Test {
        id: "init-genuine-boot",
        title: "A genuine platform and application start",
        sfr: sfr::INITIALIZATION,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::FLASH,
        procedure: "Put a signed platform and a signed application into their first slots and switch on.",
        expected: "The report is by the platform, says running and secured, both first slots accepted, both second slots empty.",
        applies: Applies::Everywhere,
        run: genuine_boot,
    },
    Test {
        id: "init-signature-algorithms",
        title: "Images start that are signed with an algorithm of the boot code, whichever part they are",
        sfr: sfr::INITIALIZATION,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::FLASH,
        procedure: "Sign platform and application with each combination of ECDSA P-256 and Ed25519, keys of both being provisioned, and switch on. Ed25519 is an option of the boot code; whether this one has it is found by trying and recorded.",
        expected: "With ECDSA P-256 the device always runs. With Ed25519 it runs in every combination, or, where the boot code lacks the algorithm, refuses the image in every combination by name. What runs names as signer the hash of the key that was used.",
        applies: Applies::Everywhere,
        run: algorithms,
    },
    Test {
        id: "init-newest-image-starts",
        title: "The newest genuine image starts, whichever slot it lies in",
        sfr: sfr::INITIALIZATION,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::FLASH,
        procedure: "Fill both slots of a part with images that differ in one field of the version only, for each field of the version, and then the other way round.",
        expected: "The newer one is accepted and reported, the older one not tried.",
        applies: Applies::Everywhere,
        run: newest_starts,
    },
    Test {
        id: "init-fallback-when-preferred-is-corrupt",
        title: "A corrupt newer image does not keep the older genuine one from starting",
        sfr: sfr::INITIALIZATION,
        threats: &[Threat::Physical],
        kind: Kind::Attack,
        interface: interface::FLASH,
        procedure: "Put a newer image with a damaged payload into one slot and an older genuine one into the other, for both parts and both orders.",
        expected: "The damaged one is refused with digest-mismatch, the other accepted, and the device runs.",
        applies: Applies::Everywhere,
        run: fallback,
    },
];

fn genuine_boot(bench: &Bench, seen: &mut Observations) -> Outcome {
    let dut = bench.genuine_device(seen)?;
    let report = dut.boot()?;
    seen.transcript("boot report", report.raw.lines());
    expect_state(&report, "running")?;
    require!(report.by == "platform", "the report is by `{}`", report.by);
    require!(report.life_cycle == "secured", "life-cycle={}", report.life_cycle);
    for (slot, result) in [
        ("platform-a", "accepted"),
        ("platform-b", "empty"),
        ("application-a", "accepted"),
        ("application-b", "empty"),
    ] {
        expect_slot(&report, slot, result)?;
    }
    require!(report.slots.len() == 4, "{} slots are reported", report.slots.len());
    require!(report.fault.is_none(), "a fault is reported after a first start");
    seen.saw("report", slots(&report));
    seen.case("start", "running");
    Ok(())
}

fn algorithms(bench: &Bench, seen: &mut Observations) -> Outcome {
    let has_ed25519 = bench.verifies_ed25519()?;
    seen.saw(
        "boot code verifies Ed25519",
        if has_ed25519 { "yes" } else { "no: a build without that option" },
    );
    for (platform, application) in [
        (Signer::Own, Signer::Own),
        (Signer::Own, Signer::OwnEd25519),
        (Signer::OwnEd25519, Signer::Own),
        (Signer::OwnEd25519, Signer::OwnEd25519),
    ] {
        let startable = |signer| signer == Signer::Own || has_ed25519;
        let case = format!("platform {platform:?}, application {application:?}");
        let platform = Recipe { signer: platform, ..bench.recipe(Part::Platform) };
        let application = Recipe { signer: application, ..bench.recipe(Part::Application) };
        let dut = bench.device_with(seen, &[("platform-a", &platform), ("application-a", &application)])?;
        let report = dut.boot()?;
        let state = match (startable(platform.signer), startable(application.signer)) {
            (false, _) => "no-platform",
            (true, false) => "no-application",
            (true, true) => "running",
        };
        expect_state(&report, state)?;
        for recipe in [&platform, &application] {
            match report.parts.get(recipe.part.name()) {
                Some(part) => {
                    let hash = bench.sign(recipe)?.signer_hash;
                    require!(
                        part.signer == hash,
                        "{} names {} as its signer and not {hash}",
                        part.name,
                        part.signer
                    );
                }
                None => require!(
                    ["signature-invalid", "unsupported-signature", "not-tried"]
                        .contains(&report.slot(recipe.part.slot_a())),
                    "an image of an algorithm that boot lacks is reported as `{}`",
                    report.slot(recipe.part.slot_a())
                ),
            }
        }
        seen.case(&case, state);
    }
    Ok(())
}

fn newest_starts(bench: &Bench, seen: &mut Observations) -> Outcome {
    let pairs = [
        ("1.2.3+4", "2.0.0+0", "major"),
        ("1.2.3+4", "1.3.0+0", "minor"),
        ("1.2.255+4", "1.2.256+0", "revision"),
        ("1.2.3+65535", "1.2.3+65536", "build"),
    ];
    let dut = bench.genuine_device(seen)?;
    for part in Part::ALL {
        let own = bench.genuine(part)?;
        for (older, newer, field) in pairs {
            let [older, newer] = [older, newer].map(|v| Recipe { version: version(v), ..bench.recipe(part) });
            for (a, b, expected) in [(&older, &newer, part.slot_b()), (&newer, &older, part.slot_a())] {
                dut.flash_slot(part.slot_a(), &bench.sign(a)?.bytes)?;
                dut.flash_slot(part.slot_b(), &bench.sign(b)?.bytes)?;
                let report = dut.boot()?;
                chosen(&report, part, expected, &newer)?;
                seen.case(&format!("{} differs in {field}", part.name()), expected);
            }
        }
        dut.flash_slot(part.slot_a(), &own.bytes)?;
        dut.erase_slot(part.slot_b())?;
    }
    Ok(())
}

fn chosen(report: &Report, part: Part, slot: &str, recipe: &Recipe) -> Outcome {
    expect_state(report, "running")?;
    let other = if slot == part.slot_a() { part.slot_b() } else { part.slot_a() };
    expect_slot(report, slot, "accepted")?;
    expect_slot(report, other, "not-tried")?;
    let version = report.parts.get(part.name()).map(|part| part.version.as_str());
    let expected = recipe.version.to_string();
    require!(version == Some(&expected), "reported version {version:?}, signed {expected}");
    Ok(())
}

fn fallback(bench: &Bench, seen: &mut Observations) -> Outcome {
    let dut = bench.genuine_device(seen)?;
    boots(seen, &dut, "the same device with its genuine images")?;
    for part in Part::ALL {
        let good = bench.genuine(part)?;
        let newer = bench.sign(&Recipe { version: version("9.0.0"), ..bench.recipe(part) })?;
        let corrupt = newer.flipped(newer.region("payload")?.start * 8 + 3);
        for (bad_slot, good_slot) in [(part.slot_a(), part.slot_b()), (part.slot_b(), part.slot_a())] {
            dut.flash_slot(good_slot, &good.bytes)?;
            dut.flash_slot(bad_slot, &newer.bytes)?;
            seen.control(&format!("the newer image undamaged in {bad_slot}"), |_| {
                let report = dut.boot()?;
                expect_state(&report, "running")?;
                expect_slot(&report, bad_slot, "accepted")?;
                Ok(slots(&report))
            })?;
            dut.flash_slot(bad_slot, &corrupt)?;
            let report = dut.boot()?;
            expect_state(&report, "running")?;
            expect_slot(&report, bad_slot, "digest-mismatch")?;
            expect_slot(&report, good_slot, "accepted")?;
            let measured =
                report.parts.get(part.name()).map(|part| part.measurement.clone()).unwrap_or_default();
            require!(measured == good.measurement, "what runs measures {measured}, not {}", good.measurement);
            seen.case(&format!("damaged image in {bad_slot}"), "digest-mismatch, the other one runs");
        }
        dut.flash_slot(part.slot_a(), &good.bytes)?;
        dut.erase_slot(part.slot_b())?;
    }
    Ok(())
}
