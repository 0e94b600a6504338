//! Does the device say who it is, completely and truthfully?

use super::{NEEDS_TRUSTZONE, interface, sfr};
use crate::attack::boots;
use crate::bench::{
    Bench, COMMERCIAL_NAME, HARDWARE_REFERENCE, HARDWARE_VERSION, expect_slot, expect_state, judged, version,
};
use crate::images::{Part, Recipe, SignedImage};
use crate::model::{Applies, Kind, Outcome, Test, Threat, require};
use crate::observations::Observations;
use crate::rom;
use dtsec_target::{PartIdentity, Report};
use std::collections::BTreeMap;

pub(super) const TESTS: &[Test] = &[
    Test {
        id: "identity-report-equals-what-was-signed",
        title: "The boot report names each part exactly as it was signed",
        sfr: sfr::IDENTITY,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::MANAGEMENT,
        procedure: "Sign a platform and an application, compute their measurement from the image files with another implementation, start, and compare with the boot report.",
        expected: "Boot, platform and application are listed and nothing else; name, version, security counter, measurement and signer of the signed parts are equal.",
        applies: Applies::Everywhere,
        run: report_equals_signed,
    },
    Test {
        id: "identity-table-2-1-is-complete",
        title: "All seven fields of the profile's Table 2-1 are there and true",
        sfr: sfr::IDENTITY,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::MANAGEMENT,
        procedure: "Provision commercial name, hardware reference and hardware version, start, and read the identity fields of the boot report.",
        expected: "Seven fields, none empty: the three that were provisioned, the name and version of the boot code as its part says, and those of the platform image as it was signed.",
        applies: Applies::Everywhere,
        run: table_is_complete,
    },
    Test {
        id: "identity-through-the-application",
        title: "The application is told the same identity as the management wire",
        sfr: sfr::IDENTITY,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::CONSOLE,
        procedure: "Ask the running application for the identity, which it gets from the platform's calls, and compare every string with the boot report.",
        expected: "The seven fields and the three parts are the same strings.",
        applies: Applies::Everywhere,
        run: through_the_application,
    },
    Test {
        id: "identity-boot-measurement",
        title: "The measurement of the boot code is that of the ROM's content",
        sfr: sfr::IDENTITY,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::MANAGEMENT,
        procedure: "Take the loadable bytes of the boot ELF file, blank the 32 bytes in which the measurement itself is kept, hash them, and compare with the boot report.",
        expected: "The two are the same 32 bytes.",
        applies: Applies::Only(
            crate::model::Target::Mps2An505,
            "the virtual device's boot code is part of its process and has no ROM image to be measured",
        ),
        run: boot_measurement,
    },
    Test {
        id: "identity-updated-platform-differs",
        title: "An updated platform identifies itself differently",
        sfr: sfr::IDENTITY,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::MANAGEMENT,
        procedure: "Start a platform, put the next version into the other slot, start again and compare the two identities.",
        expected: "Software version and measurement changed to those of the new image; commercial name, hardware, boot code and application did not.",
        applies: Applies::Everywhere,
        run: updated_differs,
    },
    Test {
        id: "identity-cannot-be-borrowed",
        title: "A modified image cannot answer with the identity of the certified one",
        sfr: sfr::IDENTITY,
        threats: &[Threat::BadSoftware, Threat::Physical],
        kind: Kind::Attack,
        interface: interface::FLASH,
        procedure: "Change the payload of the certified platform and leave its digest as it was; do it again with the digest recomputed; then sign the changed payload properly under the same name and version, as an insider could.",
        expected: "The first is refused with digest-mismatch, the second with signature-invalid; the third starts, but with another measurement than the certified one.",
        applies: Applies::Everywhere,
        run: cannot_be_borrowed,
    },
    Test {
        id: "identity-not-writable-by-the-application",
        title: "The application cannot change what the platform says of itself",
        sfr: sfr::IDENTITY,
        threats: &[Threat::BadSoftware],
        kind: Kind::Attack,
        interface: interface::NON_SECURE,
        procedure: "From a hostile Non-secure application, write to the fuses' bus and over the memory in which the boot record lies, and compare the identity before and after.",
        expected: "Each write ends in a secure-fault; every field and part is the same after it.",
        applies: NEEDS_TRUSTZONE,
        run: not_writable,
    },
];

fn part<'r>(report: &'r Report, name: &str) -> Outcome<&'r PartIdentity> {
    require!(report.parts.contains_key(name), "part `{name}` is not listed");
    Ok(&report.parts[name])
}

fn equals(report: &Report, image: &SignedImage) -> Outcome {
    let name = image.recipe.part.name();
    let seen = part(report, name)?;
    let signed = PartIdentity {
        name: image.recipe.name.clone().unwrap_or_default(),
        version: image.recipe.version.to_string(),
        counter: image.recipe.counter.unwrap_or_default(),
        measurement: image.measurement.clone(),
        signer: image.signer_hash.clone(),
    };
    require!(*seen == signed, "{name} is reported as {seen:?} but was signed as {signed:?}");
    Ok(())
}

fn report_equals_signed(bench: &Bench, seen: &mut Observations) -> Outcome {
    for (text, counter, name) in [
        ("1.2.3+4", 5, "cdd-platform"),
        ("0.0.0+0", 256, "x"),
        ("255.255.65535+4294967295", 5, "name with 32 characters, blanks!"),
    ] {
        let change = |part| Recipe {
            version: version(text),
            counter: Some(counter),
            name: Some(name.into()),
            ..bench.recipe(part)
        };
        let [platform, application] = [change(Part::Platform), change(Part::Application)];
        let dut = bench.device_with(seen, &[("platform-a", &platform), ("application-a", &application)])?;
        let report = dut.boot()?;
        seen.transcript(text, report.raw.lines());
        expect_state(&report, "running")?;
        let listed: Vec<&str> = report.parts.keys().map(String::as_str).collect();
        require!(listed == ["application", "boot", "platform"], "parts listed: {listed:?}");
        for recipe in [&platform, &application] {
            let image = bench.sign(recipe)?;
            equals(&report, &image)?;
            seen.saw(format!("{} measurement, signed and reported", recipe.part.name()), &image.measurement);
            seen.case(recipe.part.name(), "equal");
        }
        let boot = part(&report, "boot")?;
        require!(!boot.name.is_empty() && boot.signer == "none", "boot is reported as {boot:?}");
    }
    Ok(())
}

const FIELDS: [&str; 7] = [
    "commercial-name",
    "hardware-reference",
    "hardware-version",
    "firmware-name",
    "firmware-version",
    "software-name",
    "software-version",
];

fn table_is_complete(bench: &Bench, seen: &mut Observations) -> Outcome {
    let report = bench.genuine_device(seen)?.boot()?;
    let platform = bench.recipe(Part::Platform);
    let boot = part(&report, "boot")?;
    let expected = [
        COMMERCIAL_NAME.to_owned(),
        HARDWARE_REFERENCE.to_owned(),
        HARDWARE_VERSION.to_owned(),
        boot.name.clone(),
        boot.version.clone(),
        platform.name.unwrap_or_default(),
        platform.version.to_string(),
    ];
    require!(report.identity.len() == 7, "{} fields are reported", report.identity.len());
    for (field, expected) in FIELDS.iter().zip(&expected) {
        let value = report.identity.get(*field).map(String::as_str).unwrap_or_default();
        require!(!value.is_empty(), "{field} is missing or empty");
        require!(value == expected, "{field} is `{value}` and not `{expected}`");
        seen.saw(*field, value);
        seen.case("field", "present and true");
    }
    Ok(())
}

fn through_the_application(bench: &Bench, seen: &mut Observations) -> Outcome {
    let dut = bench.genuine_device(seen)?;
    let mut session = dut.power()?;
    let report = judged(session.report())?;
    let answer = judged(session.ask("identity"))?;
    seen.transcript("answer of the application", &answer.lines);
    require!(answer.is_ok(), "the application answered error {:?}", answer.error);
    let mut fields = BTreeMap::new();
    let mut parts = BTreeMap::new();
    for line in &answer.lines {
        match line.split_once(' ').and_then(|(kind, rest)| Some((kind, rest.split_once(' ')?))) {
            Some(("identity", (field, text))) => drop(fields.insert(field.to_owned(), text.to_owned())),
            Some(("part", (name, rest))) => drop(parts.insert(name.to_owned(), rest.to_owned())),
            _ => {}
        }
    }
    require!(
        fields == report.identity,
        "told to the application: {fields:?}; on the management wire: {:?}",
        report.identity
    );
    seen.cases("field", "the same string", fields.len() as u64);
    let names: Vec<_> = parts.keys().collect();
    require!(parts.len() == report.parts.len(), "told to the application: {names:?}");
    for line in report.raw.lines() {
        let Some(rest) = line.strip_prefix("cdd part=") else { continue };
        let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let told = parts.get(name).map(String::as_str);
        require!(
            told == Some(rest),
            "part {name}: told to the application {told:?}, on the management wire `{rest}`"
        );
        seen.case("part", "the same string");
    }
    Ok(())
}

fn boot_measurement(bench: &Bench, seen: &mut Observations) -> Outcome {
    let path = bench.firmware().boot();
    let rom = rom::load(&std::fs::read(&path)?)?;
    let expected = rom.measurement();
    seen.setup("boot ELF", format!("{} bytes loaded from {:#010x}", rom.bytes.len(), rom::START));
    let report = bench.genuine_device(seen)?.boot()?;
    let seen_measurement = part(&report, "boot")?.measurement.clone();
    seen.saw("computed from the file", &expected);
    seen.saw("reported", &seen_measurement);
    require!(seen_measurement == expected, "boot reports {seen_measurement}; its ROM hashes to {expected}");
    seen.case("measurement", "equal");
    Ok(())
}

fn updated_differs(bench: &Bench, seen: &mut Observations) -> Outcome {
    let dut = bench.genuine_device(seen)?;
    let before = dut.boot()?;
    let mut next = Recipe { version: version("0.1.0+1"), ..bench.recipe(Part::Platform) };
    next.payload.extend_from_slice(b"next");
    let image = bench.sign(&next)?;
    seen.setup("slot platform-b", image.describe());
    dut.flash_slot("platform-b", &image.bytes)?;
    let after = dut.boot()?;
    expect_slot(&after, "platform-b", "accepted")?;
    equals(&after, &image)?;
    for field in FIELDS {
        let changed = before.identity.get(field) != after.identity.get(field);
        require!(changed == (field == "software-version"), "{field} changed: {changed}");
        seen.case(field, if changed { "changed" } else { "the same" });
    }
    require!(part(&before, "platform")?.measurement != image.measurement, "the measurement did not change");
    for same in ["boot", "application"] {
        require!(part(&before, same)? == part(&after, same)?, "{same} changed with the platform");
    }
    seen.saw("software-version before", &before.identity["software-version"]);
    seen.saw("software-version after", &after.identity["software-version"]);
    Ok(())
}

fn cannot_be_borrowed(bench: &Bench, seen: &mut Observations) -> Outcome {
    let dut = bench.genuine_device(seen)?;
    let certified = bench.genuine(Part::Platform)?;
    seen.control("the certified image", |_| {
        let report = dut.boot()?;
        equals(&report, &certified)?;
        Ok(format!("measurement {}", certified.measurement))
    })?;
    let last = certified.region("payload")?.end - 1;
    let changed = certified.edited(|bytes| bytes[last] ^= 0xFF);
    let signed = certified.region("unprotected-info")?.start;
    let digest = certified.region("digest")?;
    let mut rehashed = changed.clone();
    let fresh = hex::decode(crate::images::sha256(&changed[..signed]))?;
    rehashed[digest].copy_from_slice(&fresh);
    for (case, content, name) in [
        ("changed payload", changed, "digest-mismatch"),
        ("changed payload and digest", rehashed, "signature-invalid"),
    ] {
        dut.flash_slot("platform-a", &content)?;
        let report = dut.boot()?;
        expect_state(&report, "no-platform")?;
        expect_slot(&report, "platform-a", name)?;
        require!(!report.parts.contains_key("platform"), "a refused platform is listed");
        seen.case(case, name);
    }
    let mut insider = bench.recipe(Part::Platform);
    insider.payload.push(0);
    let insider = bench.sign(&insider)?;
    dut.flash_slot("platform-a", &insider.bytes)?;
    let report = dut.boot()?;
    equals(&report, &insider)?;
    require!(insider.measurement != certified.measurement, "two images have the same measurement");
    seen.case("signed by an insider under the same name and version", "starts with a measurement of its own");
    dut.flash_slot("platform-a", &certified.bytes)?;
    boots(seen, &dut, "the certified image put back")
}

fn not_writable(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = crate::probe::Probe::start(bench, seen)?;
    let before = probe.report().clone();
    probe.memory_control(seen)?;
    for (what, address) in [
        ("fuse bus, Secure", 0x5020_D000u32),
        ("fuse bus, Non-secure alias", 0x4020_D000),
        ("platform's memory", 0x3800_0400),
        ("platform's memory, Non-secure alias", 0x2800_0400),
        ("end of the Secure memory", 0x381F_FFF0),
    ] {
        let after = probe.must_fault(&format!("write {address:#x} 0x41414141"), &["secure-fault"])?;
        require!(
            after.identity == before.identity && after.parts == before.parts,
            "the identity changed after a write to {what}"
        );
        seen.case(&format!("write to {what}"), "secure-fault, identity unchanged");
    }
    Ok(())
}
