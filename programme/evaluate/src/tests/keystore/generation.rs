//! How keys are made.

use super::offered;
use crate::bench::Bench;
use crate::model::{Applies, Kind, Outcome, Test, Threat, require};
use crate::observations::Observations;
use crate::probe::psa::{Attributes, alg, kind, usage};
use crate::probe::{Probe, calls, status};
use crate::reference::{self, Hash};
use crate::tests::{interface, sfr};
use dtsec_target::Entropy;
use std::collections::BTreeSet;

pub(super) const TESTS: &[Test] = &[
    Test {
        id: "keygen-keys-are-new-and-as-asked-for",
        title: "Every generated key is new and has the type, size and policy that were asked for",
        sfr: sfr::KEY_GENERATION,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::CALLS,
        procedure: "Generate keys of every type and size that is offered, several of each and on two devices, volatile and persistent; read their attributes; export them; ask for sizes that no type has and for public keys.",
        expected: "No key comes twice; attributes are those asked for; key pairs fit their public keys as the host computes them; not-supported (-134) or invalid-argument (-135) for the rest.",
        applies: Applies::Everywhere,
        run: keys_are_new,
    },
    Test {
        id: "keygen-pairs-and-derived-keys-work",
        title: "Generated, agreed and derived keys are those that the host computes",
        sfr: sfr::KEY_GENERATION,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::CALLS,
        procedure: "Generate key pairs that cannot be exported, sign with them and verify on the host with the exported public key; agree on keys and derive keys, volatile and persistent, and compare what they compute with the host's keys.",
        expected: "The host accepts every signature, and every agreed or derived key computes what the host's key does.",
        applies: Applies::Everywhere,
        run: pairs_work,
    },
    Test {
        id: "keygen-needs-entropy",
        title: "Without sound entropy no key is made, and what needs none still works",
        sfr: sfr::KEY_GENERATION,
        threats: &[Threat::Physical],
        kind: Kind::Attack,
        interface: interface::CALLS,
        procedure: "With a source that is silent, stuck, or falls silent while seeding, generate keys of every kind, volatile and persistent; encrypt, sign at random and import a persistent key, which draw random too; then hash, verify, and sign deterministically. Then start the same device with a good source.",
        expected: "insufficient-entropy (-148) each time and no key; hashes, verification and deterministic signatures as ever; with a good source every key is made.",
        applies: Applies::Everywhere,
        run: needs_entropy,
    },
];

/// The public key that belongs to a private one, as the host computes it; `None` for other keys.
fn public_of(key_type: u16, private: &[u8]) -> Option<Vec<u8>> {
    match key_type {
        kind::SECP_R1 => reference::ec_public(private),
        kind::MONTGOMERY => Some(reference::x25519_public(private.try_into().ok()?)),
        kind::TWISTED_EDWARDS => Some(reference::ed25519_public(private.try_into().ok()?)),
        _ => None,
    }
}

fn keys_are_new(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut keys = BTreeSet::new();
    for device in ["first device", "second device"] {
        let mut probe = Probe::start(bench, seen)?;
        for (name, attributes, size) in offered() {
            for lasting in [false, false, true] {
                let wanted = if lasting { attributes.lasting(9) } else { attributes };
                let id = probe.generate(wanted)?;
                let has = probe.attributes(id)?;
                require!(
                    has == Attributes { id, ..wanted },
                    "{name}: {has:?} where {wanted:?} was asked for"
                );
                require!(lasting == (id == 9), "{name}: a number of {id:#x}");
                let key = probe.done(&calls::export_key(id))?;
                require!(key.len() == size, "{name}: {} bytes", key.len());
                require!(keys.insert(key.clone()), "{name}: the same key came twice");
                let public = calls::export_public_key(id);
                match public_of(attributes.key_type, &key) {
                    Some(expected) => {
                        let public = probe.done(&public)?;
                        require!(public == expected, "{name}: the public key is not that of the private one");
                    }
                    None => probe.ends(name, &public, status::INVALID_ARGUMENT)?,
                }
                probe.done(&calls::destroy_key(id))?;
                seen.case(&format!("{name}, {device}"), "new, as asked for");
            }
        }
        for (what, attributes, expected) in [
            ("no size", offered()[0].1.sized(0), status::INVALID_ARGUMENT),
            ("AES, 129 bits", offered()[0].1.sized(129), status::NOT_SUPPORTED),
            ("HMAC, 130 bits", offered()[4].1.sized(130), status::NOT_SUPPORTED),
            ("HMAC, 1032 bits", offered()[4].1.sized(1032), status::NOT_SUPPORTED),
            ("P-521", offered()[8].1.sized(521), status::NOT_SUPPORTED),
            ("X448", offered()[10].1.sized(448), status::NOT_SUPPORTED),
            (
                "a public key",
                Attributes { key_type: kind::SECP_R1_PUBLIC, ..offered()[8].1 },
                status::INVALID_ARGUMENT,
            ),
        ] {
            probe.ends(what, &calls::generate_key(&attributes.to_bytes()), expected)?;
            seen.case(what, &expected.to_string());
        }
    }
    seen.saw("different keys", keys.len());
    Ok(())
}

fn pairs_work(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let mut random = bench.sampler("keygen-pairs");
    for round in 0..3 {
        for (bits, hash) in [(256, Hash::Sha256), (384, Hash::Sha384)] {
            let algorithm = alg::ecdsa(hash.psa());
            let id =
                probe.generate(Attributes::new(kind::SECP_R1, usage::SIGN_BOTH, algorithm).sized(bits))?;
            let public = probe.done(&calls::export_public_key(id))?;
            let message = random.bytes(50);
            let signature = probe.done(&calls::sign_message(id, algorithm, &message))?;
            require!(
                reference::ecdsa_verifies(&public, &hash.of(&message), &signature),
                "P-{bits}: the host refuses a signature of a new key"
            );
            probe.done(&calls::destroy_key(id))?;
            seen.case(&format!("new key on P-{bits}"), "the host accepts its signature");
        }
        let attributes = Attributes::new(kind::TWISTED_EDWARDS, usage::SIGN, alg::PURE_EDDSA).sized(255);
        let id = probe.generate(attributes)?;
        let public = probe.done(&calls::export_public_key(id))?;
        let message = random.bytes(50);
        let signature = probe.done(&calls::sign_message(id, alg::PURE_EDDSA, &message))?;
        require!(
            reference::ed25519_verifies(&public, &message, &signature),
            "Ed25519: the host refuses a signature of a new key"
        );
        probe.done(&calls::destroy_key(id))?;
        seen.case("new Ed25519 key", "the host accepts its signature");

        let ours: [u8; 32] = random.bytes(32).try_into().unwrap_or([1; 32]);
        let pair = probe.generate(Attributes::new(kind::MONTGOMERY, usage::DERIVE, alg::ECDH).sized(255))?;
        let public = probe.done(&calls::export_public_key(pair))?;
        let shared = reference::x25519_agrees(ours, public[..].try_into().unwrap_or([0; 32]));
        let hkdf = alg::hkdf(alg::SHA_256);
        let secret = Attributes::new(kind::DERIVE, usage::DERIVE, hkdf).to_bytes();
        let peer = reference::x25519_public(ours);
        let secret = probe.numbered(&calls::key_agreement(alg::ECDH, pair, &peer, &secret))?;
        let (salt, info) = (random.bytes(8), random.bytes(12));
        let hmac = alg::hmac(alg::SHA_256);
        for (id, algorithm, peer) in [(secret, hkdf, &[][..]), (pair, alg::agreement(alg::ECDH, hkdf), &peer)]
        {
            for lasting in [false, true] {
                let wanted = Attributes::new(kind::HMAC, usage::SIGN, hmac).sized(256);
                let wanted = if lasting { wanted.lasting(20 + round) } else { wanted };
                let request = [&wanted.to_bytes()[..], peer].concat();
                let made = probe.numbered(&calls::derive_key(id, algorithm, &salt, &info, &request))?;
                let has = probe.attributes(made)?;
                require!(has == Attributes { id: made, ..wanted }, "derived: {has:?} for {wanted:?}");
                let key = Hash::Sha256.hkdf(&salt, &shared, &info, 32);
                let mac = probe.done(&calls::mac_compute(made, hmac, b"message"))?;
                require!(mac == Hash::Sha256.hmac(&key, &[b"message"]), "the derived key is not the host's");
                probe.ends("derived key", &calls::export_key(made), status::NOT_PERMITTED)?;
                probe.done(&calls::destroy_key(made))?;
                seen.case("agreed and derived key", "computes what the host's does");
            }
        }
        // A scalar or a point is not any bytes.
        let curve = Attributes::new(kind::SECP_R1, usage::SIGN_BOTH, alg::ecdsa(alg::SHA_256)).sized(256);
        let curve = curve.to_bytes();
        let derive = calls::derive_key(secret, hkdf, &salt, &info, &curve);
        probe.ends("derived key pair", &derive, status::NOT_SUPPORTED)?;
        probe.done(&calls::destroy_key(secret))?;
        probe.done(&calls::destroy_key(pair))?;
    }
    Ok(())
}

fn needs_entropy(bench: &Bench, seen: &mut Observations) -> Outcome {
    let gcm = offered()[0].1;
    for (case, entropy) in [
        ("silent", Entropy::Silent),
        ("stuck", Entropy::Constant(0)),
        ("silent while seeding", Entropy::Short(1100)),
    ] {
        let mut probe = Probe::start_with(bench, seen, entropy)?;
        for (name, attributes, _) in offered() {
            for attributes in [attributes, attributes.lasting(5)] {
                let record = attributes.to_bytes();
                let generate = calls::generate_key(&record);
                probe.ends(&format!("{case}: {name}"), &generate, status::INSUFFICIENT_ENTROPY)?;
                let read = calls::get_key_attributes(5);
                probe.ends(&format!("{case}: {name}"), &read, status::INVALID_HANDLE)?;
                seen.case(&format!("{case}: key to be made"), "insufficient-entropy, no key");
            }
        }
        let cbc = Attributes::new(kind::AES, usage::CRYPT, alg::CBC_PKCS7);
        let cbc = probe.import(cbc, &[7; 16])?;
        let ecdsa = Attributes::new(kind::SECP_R1, usage::SIGN_BOTH, alg::ecdsa(alg::ANY_HASH));
        let ecdsa = probe.import(ecdsa, &[7; 32])?;
        let kept = gcm.sized(0).lasting(6).to_bytes();
        for call in [
            calls::cipher_encrypt(cbc, alg::CBC_PKCS7, b"x"),
            calls::sign_message(ecdsa, alg::ecdsa(alg::SHA_256), b"x"),
            calls::import_key(&kept, &[7; 16]),
            calls::random(),
        ] {
            probe.ends(case, &call, status::INSUFFICIENT_ENTROPY)?;
            seen.case(&format!("{case}: `{}`", call.name), "insufficient-entropy");
        }
        probe.ends(case, &calls::get_key_attributes(6), status::INVALID_HANDLE)?;
        let hash = probe.done(&calls::digest(alg::SHA_256, b"abc"))?;
        require!(hash == Hash::Sha256.of(b"abc"), "{case}: another hash");
        let deterministic =
            Attributes::new(kind::SECP_R1, usage::SIGN_BOTH, alg::deterministic_ecdsa(alg::SHA_256));
        let id = probe.import(deterministic, &[9; 32])?;
        let algorithm = alg::deterministic_ecdsa(alg::SHA_256);
        let signature = probe.done(&calls::sign_message(id, algorithm, b"abc"))?;
        probe.done(&calls::verify_message(id, algorithm, b"abc", &signature))?;
        let public = probe.done(&calls::export_public_key(id))?;
        require!(
            reference::ecdsa_verifies(&public, &hash, &signature),
            "{case}: the host refuses a signature"
        );
        seen.case(&format!("{case}: hash, deterministic signature, verification"), "as ever");
        let mut probe = Probe::power(probe.cut(), seen, Entropy::System)?;
        seen.control(&format!("{case}: the same device with a good source"), |_| {
            for (_, attributes, _) in offered() {
                for attributes in [attributes, attributes.lasting(5)] {
                    let id = probe.generate(attributes)?;
                    probe.done(&calls::destroy_key(id))?;
                }
            }
            probe.done(&calls::import_key(&kept, &[7; 16]))?;
            Ok(format!("{} keys were made", 2 * offered().len()))
        })?;
    }
    Ok(())
}
