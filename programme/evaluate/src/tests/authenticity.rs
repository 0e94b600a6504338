//! Who may sign what, and how old an image may be.

use super::{interface, sfr};
use crate::attack::{Attack, all_are_refused, boots, state_without};
use crate::bench::{Bench, COUNTER, PLATFORM_VERSION, expect_slot, expect_state, version};
use crate::images::{Keys, Part, Recipe, Signer};
use crate::model::{Applies, Kind, Outcome, Test, Threat};
use crate::observations::Observations;

/// Key slots of a role in the fuses.
const KEYS: usize = 4;

pub(super) const TESTS: &[Test] = &[
    Test {
        id: "init-wrong-signer",
        title: "An image signed by a stranger's, a revoked or the other role's key does not start",
        sfr: sfr::INITIALIZATION,
        threats: &[Threat::BadSoftware, Threat::Physical],
        kind: Kind::Attack,
        interface: interface::FLASH,
        procedure: "Sign otherwise perfect images of both parts with a key that was never provisioned, with one that was provisioned and revoked, and with the key of the other part; also name the right key and sign with the wrong one.",
        expected: "Each is refused: key-unknown, key-revoked, key-unknown, signature-invalid.",
        applies: Applies::Everywhere,
        run: wrong_signer,
    },
    Test {
        id: "init-revoked-key-burnt-twice",
        title: "A revoked key that is burnt into a second slot stays revoked",
        sfr: sfr::INITIALIZATION,
        threats: &[Threat::Physical, Threat::BadSoftware],
        kind: Kind::Attack,
        interface: interface::FUSES,
        procedure: "Burn the revoked key of each part into a slot that is not revoked, and the good key into one that is, by hand, for provisioning refuses duplicates; start images signed by that key.",
        expected: "key-revoked each time, whichever of the two slots comes first; with another key in the revoked slot the same image starts.",
        applies: Applies::Everywhere,
        run: burnt_twice,
    },
    Test {
        id: "init-older-security-counter",
        title: "An older image does not start even with a valid signature",
        sfr: sfr::INITIALIZATION,
        threats: &[Threat::Physical, Threat::BadSoftware],
        kind: Kind::Attack,
        interface: interface::FLASH,
        procedure: "Offer correctly signed images with each security counter below the one in the fuses, and one without a counter; then burn the counter higher and restore the flash of before, images and all.",
        expected: "counter-too-old for each lower counter, security-counter-missing without one; equal and higher counters start; the restored flash is refused.",
        applies: Applies::Everywhere,
        run: older_counter,
    },
    Test {
        id: "init-wrong-part",
        title: "An application does not start as the platform, nor the platform as an application",
        sfr: sfr::INITIALIZATION,
        threats: &[Threat::BadSoftware, Threat::Physical],
        kind: Kind::Attack,
        interface: interface::FLASH,
        procedure: "Put the genuine image of each part into the other's slot; sign images that say they are the other part with the right role's key and layout, and images that say the right part with the other role's key.",
        expected: "wrong-load-address or wrong-part for the exchanged images, wrong-part for the false claim, key-unknown for the other role's key.",
        applies: Applies::Everywhere,
        run: wrong_part,
    },
    Test {
        id: "init-wrong-layout",
        title: "An image that was made for another layout does not start",
        sfr: sfr::INITIALIZATION,
        threats: &[Threat::BadSoftware],
        kind: Kind::Attack,
        interface: interface::FLASH,
        procedure: "Sign images with another load address, another header size, the mark of a non-bootable image, without a part and without a name.",
        expected: "wrong-load-address, wrong-header-size, not-bootable, part-missing and name-missing.",
        applies: Applies::Everywhere,
        run: wrong_layout,
    },
    Test {
        id: "init-dependency-not-met",
        title: "An application does not start on a platform older than it needs",
        sfr: sfr::INITIALIZATION,
        threats: &[Threat::BadSoftware],
        kind: Kind::Attack,
        interface: interface::FLASH,
        procedure: "Sign applications that need exactly the platform's version, one build more, and one major version more.",
        expected: "The first starts; the others are refused with dependency-not-met while the platform runs.",
        applies: Applies::Everywhere,
        run: dependency,
    },
];

fn wrong_signer(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut attacks = Vec::new();
    for part in Part::ALL {
        let recipe = bench.recipe(part);
        for (signer, case, names) in [
            (Signer::Stranger, "signed by a stranger", &["key-unknown"]),
            (Signer::Revoked, "signed by a revoked key", &["key-revoked"]),
            (Signer::OtherRole, "signed by the other role's key", &["key-unknown"]),
        ] {
            let image = bench.sign(&Recipe { signer, ..recipe.clone() })?;
            attacks.push(Attack::new(case, part, image.bytes, names));
        }
        // The stranger's signature under the name of the right key.
        let genuine = bench.sign(&recipe)?;
        let strange = bench.sign(&Recipe { signer: Signer::Stranger, ..recipe })?;
        let signature = strange.bytes[strange.region("signature")?].to_vec();
        let forged = genuine.with_unprotected(|tlvs| {
            if let Some(last) = tlvs.last_mut() {
                last.1 = signature;
            }
        })?;
        attacks.push(Attack::new(
            "stranger's signature under the right key's name",
            part,
            forged,
            &["signature-invalid"],
        ));
    }
    all_are_refused(bench, seen, &attacks)
}

fn burnt_twice(bench: &Bench, seen: &mut Observations) -> Outcome {
    for part in Part::ALL {
        let recipe = bench.recipe(part);
        let image = |signer| bench.sign(&Recipe { signer, ..recipe.clone() });
        let dut = bench.genuine_device(seen)?;
        let slot = part.slot_a();
        // The last slot is blank, so closed: revoked.
        let closed = KEYS - 1;
        bench.burn_key(&dut, part, closed, Signer::Stranger)?;
        boots(seen, &dut, &format!("{}: a stranger's key in the revoked slot", part.name()))?;
        for (case, at, signer) in [
            ("the good key once more, in a revoked slot behind it", closed, Signer::Own),
            ("the revoked key once more, in a good slot before it", Keys::REVOKED_SLOT - 1, Signer::Revoked),
        ] {
            let dut = bench.genuine_device(seen)?;
            boots(seen, &dut, &format!("{}: before {case}", part.name()))?;
            bench.burn_key(&dut, part, at, signer)?;
            dut.flash_slot(slot, &image(signer)?.bytes)?;
            let report = dut.boot()?;
            expect_state(&report, state_without(part))?;
            expect_slot(&report, slot, "key-revoked")?;
            seen.case(&format!("{}: {case}", part.name()), "key-revoked");
        }
    }
    Ok(())
}

fn older_counter(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut attacks = Vec::new();
    for part in Part::ALL {
        for counter in 0..COUNTER {
            let image = bench.sign(&Recipe { counter: Some(counter), ..bench.recipe(part) })?;
            attacks.push(Attack::new("lower counter", part, image.bytes, &["counter-too-old"]));
        }
        let image = bench.sign(&Recipe { counter: None, ..bench.recipe(part) })?;
        attacks.push(Attack::new("no counter", part, image.bytes, &["security-counter-missing"]));
    }
    all_are_refused(bench, seen, &attacks)?;

    let dut = bench.genuine_device(seen)?;
    for part in Part::ALL {
        for counter in [COUNTER + 1, 255, 256, u32::MAX] {
            let image = bench.sign(&Recipe { counter: Some(counter), ..bench.recipe(part) })?;
            dut.flash_slot(part.slot_a(), &image.bytes)?;
            expect_state(&dut.boot()?, "running")?;
            seen.case(&format!("{}: higher counter", part.name()), "running");
        }
        dut.flash_slot(part.slot_a(), &bench.genuine(part)?.bytes)?;
    }
    rollback(bench, seen)
}

/// The whole flash is restored after the fuses moved on.
fn rollback(bench: &Bench, seen: &mut Observations) -> Outcome {
    for part in Part::ALL {
        let dut = bench.genuine_device(seen)?;
        boots(seen, &dut, "before the counter in the fuses was raised")?;
        let mut raised = bench.provisioning()?;
        match part {
            Part::Platform => raised.platform_counter = COUNTER + 1,
            Part::Application => raised.application_counter = COUNTER + 1,
        }
        let burn =
            raised.burns()?.into_iter().find(|burn| burn.field.contains(&format!("{} counter", part.name())));
        dut.burn(burn.as_slice())?;
        let report = dut.boot()?;
        expect_state(&report, state_without(part))?;
        expect_slot(&report, part.slot_a(), "counter-too-old")?;
        seen.case(&format!("{}: flash restored after the fuses moved on", part.name()), "counter-too-old");
    }
    Ok(())
}

fn wrong_part(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut attacks = Vec::new();
    for (part, other) in [(Part::Platform, Part::Application), (Part::Application, Part::Platform)] {
        let exchanged = bench.genuine(other)?;
        let capacity = bench.board.slot(part.slot_a()).map_or(0, |slot| slot.size);
        if exchanged.bytes.len() <= capacity {
            let names = &["wrong-load-address", "wrong-part"];
            attacks.push(Attack::new("the other part's genuine image", part, exchanged.bytes, names));
        }
        for (case, says) in
            [("says it is the other part", other.name()), ("says it is the boot code", "boot")]
        {
            let image = bench.sign(&Recipe { says_part: Some(says.into()), ..bench.recipe(part) })?;
            attacks.push(Attack::new(case, part, image.bytes, &["wrong-part"]));
        }
        let image = bench.sign(&Recipe { signer: Signer::OtherRole, ..bench.recipe(part) })?;
        attacks.push(Attack::new("the other role's key", part, image.bytes, &["key-unknown"]));
    }
    all_are_refused(bench, seen, &attacks)
}

fn wrong_layout(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut attacks = Vec::new();
    for part in Part::ALL {
        let good = || bench.recipe(part);
        let elsewhere = good().load_address.map(|address| address.wrapping_add(0x1000));
        for (case, recipe, names) in [
            ("load address + 0x1000", Recipe { load_address: elsewhere, ..good() }, &["wrong-load-address"]),
            ("header of 512 bytes", Recipe { header_size: 512, ..good() }, &["wrong-header-size"]),
            ("header of 2048 bytes", Recipe { header_size: 2048, ..good() }, &["wrong-header-size"]),
            ("non-bootable", Recipe { non_bootable: true, ..good() }, &["not-bootable"]),
            ("no part", Recipe { says_part: None, ..good() }, &["part-missing"]),
            ("no name", Recipe { name: None, ..good() }, &["name-missing"]),
        ] {
            attacks.push(Attack::new(case, part, bench.sign(&recipe)?.bytes, names));
        }
    }
    all_are_refused(bench, seen, &attacks)
}

fn dependency(bench: &Bench, seen: &mut Observations) -> Outcome {
    let dut = bench.genuine_device(seen)?;
    let needs = |text: &str| -> Outcome<Vec<u8>> {
        let needs_platform = Some(version(text));
        Ok(bench.sign(&Recipe { needs_platform, ..bench.recipe(Part::Application) })?.bytes)
    };
    for met in [PLATFORM_VERSION, "0.0.255+7", "0.0.1"] {
        dut.flash_slot("application-a", &needs(met)?)?;
        boots(seen, &dut, &format!("an application that needs platform {met}"))?;
    }
    let attacks: Vec<Attack> = ["0.1.0+1", "0.1.1", "2.0.0", "255.255.65535+4294967295"]
        .into_iter()
        .map(|text| {
            let image = needs(text)?;
            Ok(Attack::new(&format!("needs {text}"), Part::Application, image, &["dependency-not-met"]))
        })
        .collect::<Outcome<_>>()?;
    all_are_refused(bench, seen, &attacks)
}
