//! Does the device prove what it is and runs, and can nobody else, nothing changed and no copy do so in its place?
//!
//! Tokens are read and verified by `dtsec-token`, which shares no code with the device.

use super::{interface, sfr};
use crate::bench::{Bench, Dut, expect_state, judged, version};
use crate::images::{Part, Recipe};
use crate::model::{Applies, Failure, Kind, Outcome, Test, Threat, require};
use crate::observations::Observations;
use crate::probe::{Probe, calls, status};
use dtsec_target::{Entropy, LifeCycle, Report, Session};
use dtsec_token::Token;

pub(super) const TESTS: &[Test] = &[
    Test {
        id: "attest-token-answers-the-challenge",
        title: "A token answers exactly the challenge that it was asked with, and a foreign implementation accepts it",
        sfr: sfr::PLATFORM_GENUINENESS,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::ATTESTATION,
        procedure: "Ask for tokens through the gate and on the management wire with challenges of 32, 48 and 64 bytes, and through the gate with every other length up to 80; read and verify them with coset and p256.",
        expected: "Each token verifies with the attestation key, carries the challenge, is of the length that was announced, and says who asked (-1 the application, 1 the management wire); every other length of challenge is refused.",
        applies: Applies::Everywhere,
        run: answers_the_challenge,
    },
    Test {
        id: "attest-token-lists-every-part",
        title: "A token lists every part with version, measurement and signer, as boot reported them",
        sfr: sfr::PLATFORM_GENUINENESS,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::ATTESTATION,
        procedure: "Compare the software components, the life cycle and the profile of a token with the boot report of the same start.",
        expected: "Boot, platform and application and nothing else, each with the version, measurement and signer of the boot report; the life cycle is secured.",
        applies: Applies::Everywhere,
        run: lists_every_part,
    },
    Test {
        id: "attest-no-bit-can-be-changed",
        title: "A token of which any single bit was changed is not accepted",
        sfr: sfr::PLATFORM_GENUINENESS,
        threats: &[Threat::Network, Threat::BadSoftware],
        kind: Kind::Attack,
        interface: interface::ATTESTATION,
        procedure: "Flip every bit of a token, one at a time, and read and verify the result.",
        expected: "Each is refused as no token, or does not verify with the device's key.",
        applies: Applies::Everywhere,
        run: no_bit_can_be_changed,
    },
    Test {
        id: "attest-without-entropy",
        title: "A device whose noise source has failed can still say what it is",
        sfr: sfr::PLATFORM_GENUINENESS,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::ATTESTATION,
        procedure: "Start the device with a noise source that says nothing, ask for random bytes and for a token.",
        expected: "Random is refused; the token verifies, and has no boot seed.",
        applies: Applies::Everywhere,
        run: without_entropy,
    },
    Test {
        id: "attest-changed-platform-cannot-use-the-key",
        title: "Another platform, another boot policy state or another life cycle has another attestation key",
        sfr: sfr::PLATFORM_GENUINENESS,
        threats: &[Threat::BadSoftware, Threat::Physical],
        kind: Kind::Attack,
        interface: interface::FLASH,
        procedure: "Note the attestation key; install another platform that the right key signed, start and ask again; put the first one back; then make the same device, with the same secret, in the life-cycle state provisioning.",
        expected: "The other platform and the other life cycle have other keys, so their tokens do not verify with the first one; the first platform has its key back.",
        applies: Applies::Everywhere,
        run: changed_platform,
    },
    Test {
        id: "attest-application-genuineness",
        title: "A token tells one application from another",
        sfr: sfr::APPLICATION_GENUINENESS,
        threats: &[Threat::BadSoftware],
        kind: Kind::Attack,
        interface: interface::FLASH,
        procedure: "Ask for a token with the certified application; replace it by one of another version, by one with another content under the same name and version, and by none; ask again each time.",
        expected: "Each token verifies with the same key and shows exactly the application that runs: another version, another measurement, no application; platform and boot stay as they were.",
        applies: Applies::Everywhere,
        run: application_genuineness,
    },
    Test {
        id: "attest-instance-identity-is-its-own",
        title: "Two devices of the same kind have two identities, and none can speak for the other",
        sfr: sfr::INSTANCE_IDENTITY,
        threats: &[Threat::Physical, Threat::Network],
        kind: Kind::Attack,
        interface: interface::ATTESTATION,
        procedure: "Make two devices with the same images; compare instance IDs, keys and implementation IDs; verify the token of each with the key of the other; put the flash of one into the other.",
        expected: "Instance IDs and keys differ and the implementation ID is the same; a token verifies with its own device's key only; the other one's flash does not bring its identity along.",
        applies: Applies::Everywhere,
        run: instance_identity,
    },
    Test {
        id: "attest-instance-identity-stays",
        title: "The instance keeps its identity over power cycles and a factory reset",
        sfr: sfr::INSTANCE_IDENTITY,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::ATTESTATION,
        procedure: "Ask for instance ID and key, cut the power three times, do a factory reset, and ask again each time.",
        expected: "They are the same each time; the instance ID is 01 followed by the SHA-256 of the key; the boot seed differs from start to start.",
        applies: Applies::Everywhere,
        run: identity_stays,
    },
];

const CHALLENGE: [u8; 32] = [0xC4; 32];

/// Reads a token that must be one and must verify with `key`.
fn genuine(bytes: &[u8], key: &[u8]) -> Outcome<Token> {
    let token = match Token::parse(bytes) {
        Ok(token) => token,
        Err(error) => return Err(Failure::Refuted(format!("no token: {error}"))),
    };
    require!(token.verify(key), "the token does not verify with the attestation key");
    require!(token.names(key), "the instance ID {} is not that of the key", token.instance_id);
    Ok(token)
}

/// Switches a device on; it must get to the platform.
fn on(dut: &Dut) -> Outcome<(Session, Report)> {
    let mut session = dut.power()?;
    let report = judged(session.report())?;
    Ok((session, report))
}

/// Key and token of a running device, over the management wire.
fn attested(session: &mut Session) -> Outcome<(Vec<u8>, Token)> {
    let key = judged(session.attestation_key())?.to_vec();
    let token = genuine(&judged(session.token(&CHALLENGE))?, &key)?;
    Ok((key, token))
}

fn answers_the_challenge(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let key = probe.done(&calls::attest_get_key())?;
    require!(key.len() == 65 && key[0] == 4, "the key is {} bytes: {}", key.len(), hex::encode(&key));
    let same = judged(probe.session().attestation_key())?;
    require!(same[..] == key[..], "the management wire gives another key than the gate");
    for length in 0..=80usize {
        let challenge: Vec<u8> = (0..length as u8).map(|byte| byte.wrapping_mul(7) ^ 0x5A).collect();
        let ask = calls::attest_get_token(&challenge);
        let (status, bytes) = probe.make(&ask)?;
        if ![32, 48, 64].contains(&length) {
            require!(status == status::INVALID_ARGUMENT, "a challenge of {length} bytes: status {status}");
            seen.case("challenge of a wrong length", "refused");
            continue;
        }
        require!(status == status::SUCCESS, "a challenge of {length} bytes: status {status}");
        let token = genuine(&bytes, &key)?;
        require!(token.nonce[..] == challenge[..], "the token answers {}", token.nonce);
        require!(token.client_id == -1, "the application's token says client {}", token.client_id);
        let announced = probe.numbered(&calls::attest_get_token_size(length as u32))? as usize;
        require!(announced == bytes.len(), "{announced} bytes were announced, {} came", bytes.len());
        let (status, none) = probe.make(&ask.room(announced.saturating_sub(1)))?;
        require!(
            status == status::BUFFER_TOO_SMALL && none.is_empty(),
            "one byte too little room: status {status}, {} bytes",
            none.len()
        );
        let token = genuine(&judged(probe.session().token(&challenge))?, &key)?;
        require!(token.nonce[..] == challenge[..], "the wire's token answers {}", token.nonce);
        require!(token.client_id == 1, "the wire's token says client {}", token.client_id);
        seen.saw(format!("token for {length} bytes"), format!("{} bytes", bytes.len()));
        seen.case("challenge of a right length", "token verified");
    }
    Ok(())
}

/// The components of a token are the parts of the boot report.
fn same_parts(token: &Token, report: &Report) -> Outcome {
    require!(
        token.components.len() == report.parts.len(),
        "{} components, {} parts",
        token.components.len(),
        report.parts.len()
    );
    for (name, part) in &report.parts {
        let Some(component) = token.component(name) else {
            return Err(Failure::Refuted(format!("the token does not list {name}")));
        };
        let signer = if component.signer.is_zero() { "none".into() } else { component.signer.to_string() };
        let said = (component.version.clone().unwrap_or_default(), component.measurement.to_string(), signer);
        let reported = (part.version.clone(), part.measurement.clone(), part.signer.clone());
        require!(said == reported, "{name}: the token says {said:?}, the boot report {reported:?}");
    }
    Ok(())
}

fn lists_every_part(bench: &Bench, seen: &mut Observations) -> Outcome {
    let dut = bench.genuine_device(seen)?;
    let (mut session, report) = on(&dut)?;
    expect_state(&report, "running")?;
    let (_, token) = attested(&mut session)?;
    same_parts(&token, &report)?;
    require!(token.components.len() == 3, "{} components", token.components.len());
    require!(token.life_cycle == dtsec_token::LifeCycle::Secured, "life cycle {}", token.life_cycle.name());
    require!(token.unknown_claims == 0, "{} claims that RFC 9783 does not know", token.unknown_claims);
    seen.saw("implementation ID", &token.implementation_id);
    seen.saw("instance ID", &token.instance_id);
    Ok(())
}

fn no_bit_can_be_changed(bench: &Bench, seen: &mut Observations) -> Outcome {
    let dut = bench.genuine_device(seen)?;
    let (mut session, _) = on(&dut)?;
    let key = judged(session.attestation_key())?;
    let mut bytes = judged(session.token(&CHALLENGE))?;
    seen.control("the token as it came", |_| genuine(&bytes, &key).map(|_| "verified".into()))?;
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        let outcome = match Token::parse(&bytes) {
            Err(_) => "no token",
            Ok(token) if !token.verify(&key) => "signature refused",
            Ok(_) => return Err(Failure::Refuted(format!("bit {bit} was changed and the token verifies"))),
        };
        seen.case("bit flipped", outcome);
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    Ok(())
}

fn without_entropy(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start_with(bench, seen, Entropy::Silent)?;
    probe.ends("silent source", &calls::random(), status::INSUFFICIENT_ENTROPY)?;
    let (_, token) = attested(probe.session())?;
    require!(token.boot_seed.is_none(), "a boot seed without entropy: {:?}", token.boot_seed);
    seen.case("silent source", "token verified");
    Ok(())
}

fn changed_platform(bench: &Bench, seen: &mut Observations) -> Outcome {
    let genuine_device = bench.provisioning()?;
    let dut = bench.device_provisioned(&genuine_device)?;
    let (platform, application) = (Part::Platform.slot_a(), Part::Application.slot_a());
    let first = bench.genuine(Part::Platform)?;
    dut.flash_slot(platform, &first.bytes)?;
    dut.flash_slot(application, &bench.genuine(Part::Application)?.bytes)?;
    let key_of = |dut: &Dut| -> Outcome<(Vec<u8>, Token)> { attested(&mut on(dut)?.0) };
    let (key, _) = key_of(&dut)?;

    let other = Recipe { version: version("9.9.9+9"), ..bench.recipe(Part::Platform) };
    dut.flash_slot(platform, &bench.sign(&other)?.bytes)?;
    let (others, token) = key_of(&dut)?;
    require!(others != key && !token.verify(&key), "another platform has the same attestation key");
    seen.case("another platform", "another key");

    dut.flash_slot(platform, &first.bytes)?;
    seen.control("the first platform again", |_| {
        let (again, _) = key_of(&dut)?;
        require!(again == key, "it has another key than before");
        Ok("the first key".into())
    })?;

    let mut earlier = genuine_device;
    earlier.life_cycle = LifeCycle::Provisioning;
    let dut = bench.device_provisioned(&earlier)?;
    dut.flash_slot(platform, &first.bytes)?;
    dut.flash_slot(application, &bench.genuine(Part::Application)?.bytes)?;
    let (others, token) = key_of(&dut)?;
    require!(others != key && !token.verify(&key), "another life cycle has the same attestation key");
    require!(
        token.life_cycle == dtsec_token::LifeCycle::Provisioning && !token.life_cycle.may_be_trusted(),
        "the token says {}",
        token.life_cycle.name()
    );
    seen.case("another life cycle", "another key");
    Ok(())
}

fn application_genuineness(bench: &Bench, seen: &mut Observations) -> Outcome {
    let dut = bench.genuine_device(seen)?;
    let slot = Part::Application.slot_a();
    let run = |seen: &mut Observations, what: &str| -> Outcome<(Vec<u8>, Token)> {
        let (mut session, report) = on(&dut)?;
        let (key, token) = attested(&mut session)?;
        same_parts(&token, &report)?;
        seen.case(what, "shown as it is");
        Ok((key, token))
    };
    let certified = bench.recipe(Part::Application);
    let (key, first) = run(seen, "the certified application")?;
    seen.control("the certified application", |_| {
        require!(first.component("application").is_some(), "it is not listed");
        Ok("listed with its measurement".into())
    })?;

    let newer = Recipe { version: version("2.2.0+0"), ..certified.clone() };
    let mut payload = certified.payload.clone();
    // Behind the code, so that it runs as before.
    payload.extend_from_slice(&[0x13; 64]);
    let altered = Recipe { payload, ..certified };
    for (what, recipe) in [("another version", newer), ("another content under the same version", altered)] {
        dut.flash_slot(slot, &bench.sign(&recipe)?.bytes)?;
        let (same_key, token) = run(seen, what)?;
        let measurement = |token: &Token| token.component("application").map(|part| part.measurement.clone());
        require!(measurement(&token) != measurement(&first), "{what}: the same measurement");
        require!(same_key == key, "{what}: another attestation key");
        for part in ["boot", "platform"] {
            require!(token.component(part) == first.component(part), "{what}: {part} changed as well");
        }
    }
    dut.erase_slot(slot)?;
    let (same_key, token) = run(seen, "no application")?;
    require!(token.component("application").is_none() && same_key == key, "without an application");
    Ok(())
}

fn instance_identity(bench: &Bench, seen: &mut Observations) -> Outcome {
    let (one, other) = (bench.genuine_device(seen)?, bench.genuine_device(seen)?);
    let (mut session, _) = on(&one)?;
    let (key, token) = attested(&mut session)?;
    drop(session);
    let (mut session, _) = on(&other)?;
    let (others_key, others_token) = attested(&mut session)?;
    drop(session);
    seen.control("each token with its own device's key", |_| {
        require!(token.verify(&key), "the first does not verify");
        require!(others_token.verify(&others_key), "the second does not verify");
        Ok("both verify".into())
    })?;
    require!(token.instance_id != others_token.instance_id && key != others_key, "two devices, one identity");
    require!(
        token.implementation_id == others_token.implementation_id,
        "two devices of a kind, two implementation IDs"
    );
    require!(!token.verify(&others_key) && !others_token.verify(&key), "a key verifies another's token");
    seen.case("token with the other's key", "refused");
    other.write_flash(0, &one.read_flash()?)?;
    let (mut session, _) = on(&other)?;
    let (after, _) = attested(&mut session)?;
    require!(after == others_key, "the flash of another device brought its identity along");
    seen.case("the other's flash", "its own identity still");
    Ok(())
}

fn identity_stays(bench: &Bench, seen: &mut Observations) -> Outcome {
    let dut = bench.genuine_device(seen)?;
    let mut first: Option<(Vec<u8>, Token)> = None;
    let mut seeds = Vec::new();
    for start in 0..5 {
        let (mut session, _) = on(&dut)?;
        if start == 4 {
            judged(session.factory_reset())?;
        }
        let (key, token) = attested(&mut session)?;
        seeds.push(token.boot_seed.clone());
        match &first {
            None => first = Some((key, token)),
            Some((first_key, first)) => {
                require!(
                    key == *first_key && token.instance_id == first.instance_id,
                    "start {start}: another identity"
                );
            }
        }
        seen.case(if start == 4 { "after a factory reset" } else { "after a power cycle" }, "same identity");
    }
    for (at, seed) in seeds.iter().enumerate() {
        require!(seed.is_some() && !seeds[..at].contains(seed), "boot seeds {seeds:?}");
    }
    Ok(())
}
