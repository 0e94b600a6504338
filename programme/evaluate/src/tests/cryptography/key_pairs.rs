//! Signatures, agreement, and derivation from what was agreed on.

use super::{flipped, hex, same};
use crate::bench::Bench;
use crate::model::{Applies, Failure, Kind, Outcome, Test, require};
use crate::observations::Observations;
use crate::probe::psa::{Attributes, alg, kind, usage};
use crate::probe::{Probe, calls, status};
use crate::reference::{self, Hash};
use crate::tests::{interface, sfr};

pub(super) const TESTS: &[Test] = &[
    Test {
        id: "crypto-signatures",
        title: "ECDSA and Ed25519 signatures are those of their standards, and another implementation accepts them",
        sfr: sfr::CRYPTOGRAPHY,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::CALLS,
        procedure: "Sign messages and hashes with P-256 and P-384 (randomised and deterministic) and with Ed25519; verify on the host and on the device, also with another message, key and with a bit flipped; compare with RFC 6979 and RFC 8032.",
        expected: "Two randomised signatures of one message differ and both verify on the host; deterministic ones are those of the RFCs; everything altered is refused as invalid-signature (-149).",
        applies: Applies::Everywhere,
        run: signatures,
    },
    Test {
        id: "crypto-agreement-and-derivation",
        title: "ECDH, X25519 and HKDF give the host's answers and those of RFC 5869 and RFC 7748",
        sfr: sfr::CRYPTOGRAPHY,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::CALLS,
        procedure: "Agree on secrets with keys of the host on both curves, derive bytes from secrets and from agreements with all three hashes and several lengths; give points that are not on the curve or of small order.",
        expected: "The host's secrets and bytes and the published ones; invalid-argument (-135) for each bad point.",
        applies: Applies::Everywhere,
        run: agreement,
    },
];

fn signatures(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let mut random = bench.sampler("crypto-signatures");
    seen.setup("verification on the host", "RustCrypto p256 and p384, ed25519-dalek");
    for (bits, hash) in [(256, Hash::Sha256), (256, Hash::Sha512), (384, Hash::Sha384), (384, Hash::Sha512)] {
        for algorithm in [alg::ecdsa(hash.psa()), alg::deterministic_ecdsa(hash.psa())] {
            let name = format!("P-{bits}, {algorithm:#010x}");
            let id =
                probe.generate(Attributes::new(kind::SECP_R1, usage::SIGN_BOTH, algorithm).sized(bits))?;
            let other =
                probe.generate(Attributes::new(kind::SECP_R1, usage::SIGN_BOTH, algorithm).sized(bits))?;
            let public = probe.done(&calls::export_public_key(id))?;
            let alone = Attributes::new(kind::SECP_R1_PUBLIC, usage::VERIFY_HASH, algorithm);
            let alone = probe.import(alone, &public)?;
            for len in [0, 100] {
                let message = random.bytes(len);
                let digest = hash.of(&message);
                let mut signatures = Vec::new();
                for sign in [
                    calls::sign_message(id, algorithm, &message),
                    calls::sign_message(id, algorithm, &message),
                    calls::sign_hash(id, algorithm, &digest),
                ] {
                    let signature = probe.done(&sign)?;
                    require!(
                        reference::ecdsa_verifies(&public, &digest, &signature),
                        "{name}: the host refuses a signature"
                    );
                    for key in [id, alone] {
                        probe.done(&calls::verify_message(key, algorithm, &message, &signature))?;
                        probe.done(&calls::verify_hash(key, algorithm, &digest, &signature))?;
                    }
                    signatures.push(signature);
                }
                let random_one = algorithm == alg::ecdsa(hash.psa());
                let differ = signatures[0] != signatures[1] && signatures[1] != signatures[2];
                let alike = signatures[0] == signatures[1] && signatures[1] == signatures[2];
                require!(if random_one { differ } else { alike }, "{name}: three signatures: {differ}");
                let wrong = flipped(&signatures[0], random.below(bits as usize * 2));
                let changed = flipped(&digest, 3);
                for (what, call) in [
                    ("signature", calls::verify_message(id, algorithm, &message, &wrong)),
                    ("signature, of hash", calls::verify_hash(id, algorithm, &digest, &wrong)),
                    ("message", calls::verify_message(id, algorithm, b"another", &signatures[0])),
                    ("hash", calls::verify_hash(id, algorithm, &changed, &signatures[0])),
                    ("key", calls::verify_message(other, algorithm, &message, &signatures[0])),
                    ("length", calls::verify_message(id, algorithm, &message, &wrong[1..])),
                ] {
                    probe.ends(&format!("{name}, another {what}"), &call, status::INVALID_SIGNATURE)?;
                    seen.case(&format!("another {what}"), "invalid-signature");
                }
                let outcome =
                    if random_one { "differ, the host accepts them" } else { "alike, the host accepts them" };
                seen.case(&format!("{name}: three signatures"), outcome);
            }
            for key in [id, other, alone] {
                probe.done(&calls::destroy_key(key))?;
            }
        }
    }
    let key = hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")?;
    let algorithm = alg::deterministic_ecdsa(alg::SHA_256);
    let id = probe.import(Attributes::new(kind::SECP_R1, usage::SIGN_BOTH, algorithm), &key)?;
    let answer = hex(
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    )?;
    same("RFC 6979, A.2.5", &probe.done(&calls::sign_message(id, algorithm, b"sample"))?, &answer)?;
    seen.case("deterministic ECDSA", "RFC 6979, A.2.5");

    let seed = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")?;
    let id = probe.import(Attributes::new(kind::TWISTED_EDWARDS, usage::SIGN, alg::PURE_EDDSA), &seed)?;
    let public = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")?;
    let answer = hex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    )?;
    same("RFC 8032, test 2", &probe.done(&calls::export_public_key(id))?, &public)?;
    same("RFC 8032, test 2", &probe.done(&calls::sign_message(id, alg::PURE_EDDSA, &[0x72]))?, &answer)?;
    seen.case("Ed25519", "RFC 8032, 7.1, test 2");
    for len in [0, 31, 1000, 4096] {
        let message = random.bytes(len);
        let signature = probe.done(&calls::sign_message(id, alg::PURE_EDDSA, &message))?;
        require!(
            reference::ed25519_verifies(&public, &message, &signature),
            "the host refuses an Ed25519 signature"
        );
        probe.done(&calls::verify_message(id, alg::PURE_EDDSA, &message, &signature))?;
        let wrong = flipped(&signature, random.below(512));
        let verify = calls::verify_message(id, alg::PURE_EDDSA, &message, &wrong);
        probe.ends("Ed25519", &verify, status::INVALID_SIGNATURE)?;
        seen.case("Ed25519", "the host accepts it; altered, invalid-signature");
    }
    Ok(())
}

fn agreement(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let mut random = bench.sampler("crypto-agreement");
    for key_type in [kind::SECP_R1, kind::MONTGOMERY] {
        let (name, bits) = if key_type == kind::SECP_R1 { ("P-256", 256) } else { ("X25519", 255) };
        let mut secrets = Vec::new();
        for _ in 0..4 {
            let id = probe.generate(Attributes::new(key_type, usage::DERIVE, alg::ECDH).sized(bits))?;
            let public = probe.done(&calls::export_public_key(id))?;
            let ours: [u8; 32] = random.bytes(32).try_into().unwrap_or([1; 32]);
            let (peer, expected) = if key_type == kind::SECP_R1 {
                (reference::ec_public(&ours), reference::p256_agrees(&ours, &public))
            } else {
                let public = public[..].try_into().unwrap_or([0; 32]);
                (Some(reference::x25519_public(ours)), Some(reference::x25519_agrees(ours, public)))
            };
            let (Some(peer), Some(expected)) = (peer, expected) else {
                return Err(Failure::Refuted(format!("{name}: the device's public key is none")));
            };
            let secret = probe.done(&calls::raw_key_agreement(alg::ECDH, id, &peer))?;
            same(name, &secret, &expected)?;
            require!(!secrets.contains(&secret), "{name}: the same secret twice");
            secrets.push(secret);
            seen.case(&format!("agreement on {name}"), "the host's secret");
            for hash in Hash::ALL {
                let algorithm = alg::agreement(alg::ECDH, alg::hkdf(hash.psa()));
                for len in [1, 32, 100] {
                    let (salt, info) = (random.bytes(len / 2), random.bytes(9));
                    let derive = calls::derive_bytes(id, algorithm, &salt, &info, &peer).room(len);
                    let bytes = probe.done(&derive)?;
                    same(name, &bytes, &hash.hkdf(&salt, &expected, &info, len))?;
                    seen.case(&format!("agreement on {name}, then HKDF"), "the host's bytes");
                }
            }
            let not_on_curve = flipped(&peer, 300 % (peer.len() * 8));
            let mut bad = vec![("too short", peer[1..].to_vec()), ("none", vec![])];
            if key_type == kind::SECP_R1 {
                bad.push(("not on the curve", not_on_curve));
                bad.push(("the point at infinity", vec![0]));
                bad.push(("all zero", [vec![4], vec![0; 64]].concat()));
                bad.push(("compressed", [vec![2 | peer[64] & 1], peer[1..33].to_vec()].concat()));
            } else {
                bad.push(("of order 4", vec![0; 32]));
                bad.push(("of order 1", [vec![1], vec![0; 31]].concat()));
                bad.push((
                    "of order 8",
                    hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")?,
                ));
            }
            for (what, point) in bad {
                let call = calls::raw_key_agreement(alg::ECDH, id, &point);
                probe.ends(&format!("{name}, a point {what}"), &call, status::INVALID_ARGUMENT)?;
                let algorithm = alg::agreement(alg::ECDH, alg::hkdf(alg::SHA_256));
                let call = calls::derive_bytes(id, algorithm, &[], &[], &point);
                probe.ends(&format!("{name}, a point {what}"), &call, status::INVALID_ARGUMENT)?;
                seen.case(&format!("{name}, a point {what}"), "invalid-argument");
            }
            probe.done(&calls::destroy_key(id))?;
        }
    }
    let scalar = hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4")?;
    let point = hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")?;
    let answer = hex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")?;
    let id = probe.import(Attributes::new(kind::MONTGOMERY, usage::DERIVE, alg::ECDH), &scalar)?;
    same("RFC 7748, 5.2", &probe.done(&calls::raw_key_agreement(alg::ECDH, id, &point))?, &answer)?;
    seen.case("X25519", "RFC 7748, 5.2");
    let secret = vec![0x0B; 22];
    let id = probe.import(Attributes::new(kind::DERIVE, usage::DERIVE, alg::hkdf(alg::SHA_256)), &secret)?;
    let (salt, info) = (hex("000102030405060708090a0b0c")?, hex("f0f1f2f3f4f5f6f7f8f9")?);
    let derive = calls::derive_bytes(id, alg::hkdf(alg::SHA_256), &salt, &info, &[]).room(42);
    let answer = hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")?;
    same("RFC 5869, A.1", &probe.done(&derive)?, &answer)?;
    seen.case("HKDF", "RFC 5869, A.1");
    for hash in Hash::ALL {
        let algorithm = alg::hkdf(hash.psa());
        let secret = random.bytes(32);
        let id = probe.import(Attributes::new(kind::DERIVE, usage::DERIVE, algorithm), &secret)?;
        for len in [1, 32, 65, 500] {
            let (salt, info) = (random.bytes(len % 70), random.bytes(len % 40));
            let derive = calls::derive_bytes(id, algorithm, &salt, &info, &[]).room(len);
            same("HKDF", &probe.done(&derive)?, &hash.hkdf(&salt, &secret, &info, len))?;
            seen.case("HKDF", "the host's bytes");
        }
        probe.done(&calls::destroy_key(id))?;
    }
    Ok(())
}
