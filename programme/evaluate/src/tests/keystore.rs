//! Keys: how they are made, what they may be used for, where they are, and that they go when they are destroyed.

use super::{interface, sfr};
use crate::attack::all_as_expected;
use crate::bench::Bench;
use crate::model::{Applies, Failure, Kind, Outcome, Target, Test, Threat, require};
use crate::observations::Observations;
use crate::probe::calls::{self, Call};
use crate::probe::psa::{Attributes, alg, kind, usage};
use crate::probe::{Probe, Residues, find_secret, status};
use crate::reference::{self, Hash};
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
    Test {
        id: "keystore-life-of-a-key",
        title: "Import, attributes, copy, export and destruction are those of the PSA Crypto API",
        sfr: sfr::KEYSTORE,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::CALLS,
        procedure: "Import keys of every type, read attributes, export, copy with more, less and other rights, destroy, use after that; import what is no key of its type, under a number that is taken, and with numbers, lifetimes and rights that do not exist; fill all places.",
        expected: "The statuses and attributes of the specification; a copy never has more rights than its source; a destroyed key is invalid-handle (-136) everywhere.",
        applies: Applies::Everywhere,
        run: life_of_a_key,
    },
    Test {
        id: "keystore-policy-enforced",
        title: "A key does what its policy allows and nothing else",
        sfr: sfr::KEYSTORE,
        threats: &[Threat::BadSoftware],
        kind: Kind::Attack,
        interface: interface::CALLS,
        procedure: "For each kind of use take a key whose policy allows it, one that lacks the right and has all others, one whose permitted algorithm is another, and one of another type.",
        expected: "Allowed uses succeed; not-permitted (-133) without the right or algorithm; not-permitted or invalid-argument (-135) for another type.",
        applies: Applies::Everywhere,
        run: policy,
    },
    Test {
        id: "keystore-keys-never-leave",
        title: "A key that may not be exported does not leave by any call",
        sfr: sfr::KEYSTORE,
        threats: &[Threat::BadSoftware],
        kind: Kind::Attack,
        interface: interface::CALLS,
        procedure: "Import keys of known value without the right of export, volatile and persistent; export them, copy them with that right and export the copies, then make every call that takes a key with each of them and many algorithms; search all outputs for the key.",
        expected: "not-permitted (-133) for export and for export of copies; no output holds 8 bytes of a key. The same search finds the key that may be exported.",
        applies: Applies::Everywhere,
        run: never_leave,
    },
    Test {
        id: "keystore-power-cycle",
        title: "Persistent keys survive a power cut and volatile ones do not",
        sfr: sfr::KEYSTORE,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::CALLS,
        procedure: "Make persistent and volatile keys of several types, use them, cut the power, start again, use them; destroy the persistent ones, cut again.",
        expected: "After the first cut the persistent keys compute as before with the same attributes, and the volatile ones are invalid-handle (-136); after the second all are.",
        applies: Applies::Everywhere,
        run: power_cycle,
    },
    Test {
        id: "keystore-wrapped-at-rest",
        title: "Neither flash nor memory shows a persistent key; destruction removes even its ciphertext",
        sfr: sfr::KEYSTORE,
        threats: &[Threat::Physical, Threat::BadSoftware],
        kind: Kind::Attack,
        interface: interface::MEMORY,
        procedure: "Import persistent keys of known value and use them; search flash and all memory for them and their parts; note the ciphertext that the import wrote; cut the power and search the flash again; destroy the keys and look for their ciphertexts.",
        expected: "No part of a key is found; its ciphertext is, and after destruction not 8 bytes of that are left anywhere in the flash.",
        applies: Applies::Everywhere,
        run: wrapped,
    },
];

/// Every type and size that can be generated: name, attributes, bytes of the key.
fn offered() -> Vec<(&'static str, Attributes, usize)> {
    let hmac = |hash| Attributes::new(kind::HMAC, usage::ALL, alg::hmac(hash));
    let aes = |algorithm| Attributes::new(kind::AES, usage::ALL, algorithm);
    let ecdsa = |hash| Attributes::new(kind::SECP_R1, usage::ALL, alg::ecdsa(hash));
    vec![
        ("AES-128", aes(alg::GCM).sized(128), 16),
        ("AES-192", aes(alg::CBC_PKCS7).sized(192), 24),
        ("AES-256", aes(alg::CCM).sized(256), 32),
        ("ChaCha20", Attributes::new(kind::CHACHA20, usage::ALL, alg::CHACHA20_POLY1305).sized(256), 32),
        ("HMAC, 128 bits", hmac(alg::SHA_256).sized(128), 16),
        ("HMAC, 1024 bits", hmac(alg::SHA_512).sized(1024), 128),
        ("derivation", Attributes::new(kind::DERIVE, usage::ALL, alg::hkdf(alg::SHA_256)).sized(256), 32),
        ("raw data", Attributes::new(kind::RAW_DATA, usage::ALL, 0).sized(512), 64),
        ("P-256", ecdsa(alg::SHA_256).sized(256), 32),
        ("P-384", ecdsa(alg::SHA_384).sized(384), 48),
        ("X25519", Attributes::new(kind::MONTGOMERY, usage::ALL, alg::ECDH).sized(255), 32),
        ("Ed25519", Attributes::new(kind::TWISTED_EDWARDS, usage::ALL, alg::PURE_EDDSA).sized(255), 32),
    ]
}

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

fn life_of_a_key(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let mut random = bench.sampler("keystore-life");
    for (name, attributes, _) in offered() {
        let made = probe.generate(attributes)?;
        let key = probe.done(&calls::export_key(made))?;
        probe.done(&calls::destroy_key(made))?;
        for lasting in [false, true] {
            let wanted = attributes.sized(0);
            let wanted = if lasting { wanted.lasting(3) } else { wanted };
            let id = probe.import(wanted, &key)?;
            let has = probe.attributes(id)?;
            require!(has == Attributes { id, bits: attributes.bits, ..wanted }, "{name}: {has:?}");
            require!(probe.done(&calls::export_key(id))? == key, "{name}: another key comes back");
            let small = calls::export_key(id).room(key.len() - 1);
            probe.ends(name, &small, status::BUFFER_TOO_SMALL)?;
            // A copy with less, one that asks for more.
            let less = Attributes { usage: usage::COPY, ..attributes };
            let copy = probe.numbered(&calls::copy_key(id, &less.to_bytes()))?;
            require!(probe.attributes(copy)?.usage == usage::COPY, "{name}: a copy with other rights");
            probe.ends(name, &calls::export_key(copy), status::NOT_PERMITTED)?;
            let more = probe.numbered(&calls::copy_key(copy, &attributes.to_bytes()))?;
            require!(probe.attributes(more)?.usage == usage::COPY, "{name}: a copy with more rights");
            probe.ends(name, &calls::export_key(more), status::NOT_PERMITTED)?;
            if lasting {
                let taken = wanted.to_bytes();
                for call in [calls::import_key(&taken, &key), calls::copy_key(more, &taken)] {
                    probe.ends(name, &call, status::ALREADY_EXISTS)?;
                }
            }
            for id in [more, copy, id] {
                probe.done(&calls::destroy_key(id))?;
                for call in [calls::export_key(id), calls::get_key_attributes(id), calls::destroy_key(id)] {
                    probe.ends(name, &call, status::INVALID_HANDLE)?;
                }
            }
            seen.case(&format!("{name}: imported, copied, exported, destroyed"), "as specified");
        }
    }
    let gcm = Attributes::new(kind::AES, usage::CRYPT, alg::GCM);
    let p256 = Attributes::new(kind::SECP_R1, usage::SIGN_BOTH, alg::ecdsa(alg::SHA_256));
    let public = Attributes::new(kind::SECP_R1_PUBLIC, usage::VERIFY_HASH, alg::ecdsa(alg::SHA_256));
    let good = random.bytes(16);
    let off_curve = [vec![4], random.bytes(64)].concat();
    for (what, attributes, key, expected) in [
        ("no bytes", gcm, &[][..], status::INVALID_ARGUMENT),
        ("another size than its attributes say", gcm.sized(256), &good, status::INVALID_ARGUMENT),
        ("private key of zero", p256, &[0; 32], status::INVALID_ARGUMENT),
        ("private key above the order", p256, &[0xFF; 32], status::INVALID_ARGUMENT),
        ("public key not on the curve", public, &off_curve, status::INVALID_ARGUMENT),
        ("number of a volatile key", Attributes { id: 7, ..gcm }, &good, status::INVALID_ARGUMENT),
        ("persistent without number", Attributes { lifetime: 1, ..gcm }, &good, status::INVALID_ARGUMENT),
        ("number above those of users", gcm.lasting(0x4000_0000), &good, status::INVALID_ARGUMENT),
        ("lifetime that is none", Attributes { lifetime: 2, ..gcm }, &good, status::NOT_SUPPORTED),
        ("right that is none", Attributes { usage: 0x8000_0000, ..gcm }, &good, status::INVALID_ARGUMENT),
        (
            "more than 128 bytes",
            Attributes::new(kind::RAW_DATA, usage::EXPORT, 0),
            &[3; 129],
            status::NOT_SUPPORTED,
        ),
    ] {
        probe.ends(what, &calls::import_key(&attributes.to_bytes(), key), expected)?;
        seen.case(&format!("import: {what}"), &expected.to_string());
    }
    for len in [0, 19, 21] {
        let record = vec![0; len];
        probe.ends("attributes cut short", &calls::import_key(&record, &good), status::INVALID_ARGUMENT)?;
        seen.case("attributes of another length", "invalid-argument");
    }
    let record = gcm.to_bytes();
    probe.ends(
        "no room for the number",
        &calls::import_key(&record, &good).room(3),
        status::BUFFER_TOO_SMALL,
    )?;
    probe.done(&calls::destroy_key(0))?;
    seen.case("destruction of key 0", "success");
    // All places.
    let mut ids = BTreeSet::new();
    loop {
        match probe.make(&calls::import_key(&record, &good))? {
            (status::SUCCESS, id) => {
                let id = u32::from_le_bytes(id.try_into().unwrap_or_default());
                require!(ids.insert(id) && ids.len() <= 64, "{} volatile keys", ids.len());
            }
            (status, _) => {
                require!(status == status::INSUFFICIENT_MEMORY, "full: status {status}");
                break;
            }
        }
    }
    seen.saw("volatile keys at once", ids.len());
    require!(ids.len() >= 8, "only {} volatile keys at once", ids.len());
    for id in &ids {
        probe.done(&calls::destroy_key(*id))?;
    }
    let id = probe.import(gcm, &good)?;
    require!(!ids.contains(&id), "the number of a destroyed key is given again");
    seen.case("places", "all taken, refused, free again, new numbers");
    Ok(())
}

/// A kind of use: the right it needs, its algorithm and another that does not permit it, and the call.
struct Use {
    what: &'static str,
    key_type: u16,
    bits: u16,
    right: u32,
    algorithm: u32,
    other: u32,
    call: fn(u32, u32, &Prepared) -> Call<'_>,
}

/// What calls need besides a key: answers made with the very same key.
struct Prepared {
    peer: Vec<u8>,
    answer: Vec<u8>,
    record: Vec<u8>,
}

const HMAC: u32 = alg::hmac(alg::SHA_256);
const ECDSA: u32 = alg::ecdsa(alg::SHA_256);
const HKDF: u32 = alg::hkdf(alg::SHA_256);
const AGREED: u32 = alg::agreement(alg::ECDH, HKDF);

const fn using(
    what: &'static str,
    (key_type, bits): (u16, u16),
    right: u32,
    (algorithm, other): (u32, u32),
    call: fn(u32, u32, &Prepared) -> Call<'_>,
) -> Use {
    Use { what, key_type, bits, right, algorithm, other, call }
}

const AES: (u16, u16) = (kind::AES, 128);
const EC: (u16, u16) = (kind::SECP_R1, 256);
const USES: &[Use] = &[
    using("export", AES, usage::EXPORT, (alg::GCM, alg::GCM), |k, _, _| calls::export_key(k)),
    using("copy", AES, usage::COPY, (alg::GCM, alg::GCM), |k, _, p| calls::copy_key(k, &p.record)),
    using("MAC", (kind::HMAC, 256), usage::SIGN_MESSAGE, (HMAC, alg::hmac(alg::SHA_512)), |k, a, _| {
        calls::mac_compute(k, a, b"x")
    }),
    using("MAC in several calls", AES, usage::SIGN_MESSAGE, (alg::CMAC, alg::CTR), |k, a, _| {
        calls::mac_sign_setup(k, a)
    }),
    using("verified MAC", AES, usage::VERIFY_MESSAGE, (alg::CMAC, alg::GCM), |k, a, p| {
        calls::mac_verify(k, a, b"x", &p.answer)
    }),
    using(
        "verified MAC in several calls",
        (kind::HMAC, 256),
        usage::VERIFY_MESSAGE,
        (HMAC, alg::hmac(alg::SHA_384)),
        |k, a, _| calls::mac_verify_setup(k, a),
    ),
    using("encryption", AES, usage::ENCRYPT, (alg::CTR, alg::CBC_PKCS7), |k, a, _| {
        calls::cipher_encrypt(k, a, b"x")
    }),
    using("encryption in several calls", AES, usage::ENCRYPT, (alg::CBC_PKCS7, alg::CTR), |k, a, _| {
        calls::cipher_encrypt_setup(k, a)
    }),
    using("decryption", AES, usage::DECRYPT, (alg::CTR, alg::CBC_NO_PADDING), |k, a, _| {
        calls::cipher_decrypt(k, a, &[1; 20])
    }),
    using("decryption in several calls", AES, usage::DECRYPT, (alg::CTR, alg::GCM), |k, a, _| {
        calls::cipher_decrypt_setup(k, a)
    }),
    using("sealing", AES, usage::ENCRYPT, (alg::GCM, alg::CCM), |k, a, _| {
        calls::aead_encrypt(k, a, &[1; 12], &[], b"x")
    }),
    using("sealing in several calls", AES, usage::ENCRYPT, (alg::CCM, alg::GCM), |k, a, _| {
        calls::aead_encrypt_setup(k, a)
    }),
    using("opening", AES, usage::DECRYPT, (alg::GCM, alg::CTR), |k, a, p| {
        calls::aead_decrypt(k, a, &[1; 12], &[], &p.answer)
    }),
    using(
        "opening in several calls",
        (kind::CHACHA20, 256),
        usage::DECRYPT,
        (alg::CHACHA20_POLY1305, 0),
        |k, a, _| calls::aead_decrypt_setup(k, a),
    ),
    using(
        "signature",
        EC,
        usage::SIGN_MESSAGE,
        (ECDSA, alg::deterministic_ecdsa(alg::SHA_256)),
        |k, a, _| calls::sign_message(k, a, b"x"),
    ),
    using("signature of a hash", EC, usage::SIGN_HASH, (ECDSA, alg::ecdsa(alg::SHA_384)), |k, a, _| {
        calls::sign_hash(k, a, &[1; 32])
    }),
    using(
        "Ed25519 signature",
        (kind::TWISTED_EDWARDS, 255),
        usage::SIGN_MESSAGE,
        (alg::PURE_EDDSA, ECDSA),
        |k, a, _| calls::sign_message(k, a, b"x"),
    ),
    using("verification", EC, usage::VERIFY_MESSAGE, (ECDSA, alg::ECDH), |k, a, p| {
        calls::verify_message(k, a, b"x", &p.answer)
    }),
    using("verification of a hash", EC, usage::VERIFY_HASH, (ECDSA, alg::ecdsa(alg::SHA_512)), |k, a, p| {
        calls::verify_hash(k, a, &[1; 32], &p.answer)
    }),
    using("raw agreement", EC, usage::DERIVE, (alg::ECDH, ECDSA), |k, a, p| {
        calls::raw_key_agreement(a, k, &p.peer)
    }),
    using("agreement on a key", EC, usage::DERIVE, (alg::ECDH, AGREED), |k, a, p| {
        calls::key_agreement(a, k, &p.peer, &p.record)
    }),
    using(
        "agreement and derived bytes",
        EC,
        usage::DERIVE,
        (AGREED, alg::agreement(alg::ECDH, alg::hkdf(alg::SHA_512))),
        |k, a, p| calls::derive_bytes(k, a, &[], &[], &p.peer),
    ),
    using("derived bytes", (kind::DERIVE, 256), usage::DERIVE, (HKDF, alg::hkdf(alg::SHA_512)), |k, a, _| {
        calls::derive_bytes(k, a, &[], &[], &[])
    }),
    using("derived key", (kind::DERIVE, 256), usage::DERIVE, (HKDF, alg::hkdf(alg::SHA_384)), |k, a, p| {
        calls::derive_key(k, a, &[], &[], &p.record)
    }),
];

fn policy(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let mut random = bench.sampler("keystore-policy");
    let peer = reference::ec_public(&[5; 32]).unwrap_or_default();
    let mut wrong = Vec::new();
    let mut allowed_uses = 0;
    for Use { what, key_type, bits, right, algorithm, other, call } in USES {
        let key = random.bytes(usize::from(*bits).div_ceil(8));
        let record = match *what {
            "copy" => Attributes::new(*key_type, usage::CRYPT, *algorithm),
            "agreement on a key" => Attributes::new(kind::DERIVE, usage::DERIVE, HKDF),
            _ => Attributes::new(kind::AES, usage::CRYPT, alg::GCM).sized(128),
        };
        let mut prepared =
            Prepared { peer: peer.clone(), answer: vec![0; 64], record: record.to_bytes().to_vec() };
        // The same key with all rights makes what the call needs.
        let id = probe.import(Attributes::new(*key_type, usage::ALL, *algorithm), &key)?;
        let answer = match *what {
            "verified MAC" => Some(calls::mac_compute(id, *algorithm, b"x")),
            "opening" => Some(calls::aead_encrypt(id, *algorithm, &[1; 12], &[], b"x")),
            "verification" => Some(calls::sign_message(id, *algorithm, b"x")),
            "verification of a hash" => Some(calls::sign_hash(id, *algorithm, &[1; 32])),
            _ => None,
        };
        if let Some(answer) = answer {
            prepared.answer = probe.done(&answer)?;
        }
        probe.done(&calls::destroy_key(id))?;
        // Who may sign or verify a hash may do so with a message.
        let implies = match *right {
            usage::SIGN_MESSAGE => usage::SIGN_HASH,
            usage::VERIFY_MESSAGE => usage::VERIFY_HASH,
            _ => 0,
        };
        let without = usage::ALL & !(right | implies);
        let foreign = if *key_type == kind::RAW_DATA { kind::AES } else { kind::RAW_DATA };
        let mut cases = vec![
            ("with the right alone", *key_type, *right, *algorithm, true),
            ("with all rights", *key_type, usage::ALL, *algorithm, true),
            ("with all rights but this", *key_type, without, *algorithm, false),
            ("with no right", *key_type, 0, *algorithm, false),
        ];
        if *what != "export" && *what != "copy" {
            cases.push(("with another algorithm", *key_type, usage::ALL, *other, false));
            cases.push(("with no algorithm", *key_type, usage::ALL, 0, false));
            cases.push(("of another type", foreign, usage::ALL, *algorithm, false));
        }
        for lasting in [false, true] {
            for (case, key_type, rights, permitted, allowed) in &cases {
                let attributes = Attributes::new(*key_type, *rights, *permitted);
                let attributes = if lasting { attributes.lasting(77) } else { attributes };
                let id = probe.import(attributes, &key)?;
                let (came, output) = probe.make(&call(id, *algorithm, &prepared))?;
                let good = match (allowed, *case) {
                    (true, _) => came == status::SUCCESS,
                    (false, "of another type") => {
                        [status::NOT_PERMITTED, status::INVALID_ARGUMENT].contains(&came)
                    }
                    (false, _) => came == status::NOT_PERMITTED,
                };
                if !good {
                    wrong.push(format!("{what} {case}: status {came}"));
                }
                if *allowed {
                    allowed_uses += 1;
                } else {
                    let outcome = if good { came.to_string() } else { format!("NOT REFUSED: {came}") };
                    seen.case(&format!("{what} {case}"), &outcome);
                }
                // What was made is not needed.
                let number = output.try_into().map(u32::from_le_bytes).unwrap_or_default();
                match *what {
                    "copy" | "agreement on a key" | "derived key" => {
                        drop(probe.done(&calls::destroy_key(number))?)
                    }
                    several if several.contains("several") => drop(probe.done(&calls::abort(number))?),
                    _ => {}
                }
                probe.done(&calls::destroy_key(id))?;
            }
        }
    }
    seen.control("the same uses with a key that has the right and the algorithm", |_| {
        require!(allowed_uses == 4 * USES.len(), "only {allowed_uses} were made");
        Ok(format!("{allowed_uses} uses made, as judged above"))
    })?;
    all_as_expected(seen, wrong)
}

fn never_leave(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let mut random = bench.sampler("keystore-leave");
    let peer = reference::ec_public(&[5; 32]).unwrap_or_default();
    let algorithms = [
        0,
        HMAC,
        alg::hmac(alg::SHA_512),
        alg::CMAC,
        alg::CTR,
        alg::CBC_NO_PADDING,
        alg::CBC_PKCS7,
        alg::ECB_NO_PADDING,
        alg::CCM,
        alg::GCM,
        alg::CHACHA20_POLY1305,
        ECDSA,
        alg::deterministic_ecdsa(alg::SHA_256),
        alg::PURE_EDDSA,
        alg::ECDH,
        HKDF,
        AGREED,
        alg::SHA_256,
        alg::STREAM_CIPHER,
        0xFFFF_FFFF,
    ];
    let mut wrong = Vec::new();
    for (name, attributes, size) in offered() {
        let key = random.bytes(size);
        let hidden = Attributes { usage: usage::ALL & !usage::EXPORT, ..attributes }.sized(0);
        for lasting in [false, true] {
            let hidden = if lasting { hidden.lasting(55) } else { hidden };
            let id = probe.import(hidden, &key)?;
            probe.ends(name, &calls::export_key(id), status::NOT_PERMITTED)?;
            let copy = probe.numbered(&calls::copy_key(id, &attributes.to_bytes()))?;
            probe.ends(name, &calls::export_key(copy), status::NOT_PERMITTED)?;
            probe.done(&calls::destroy_key(copy))?;
            let mut tries = vec![calls::export_public_key(id), calls::get_key_attributes(id)];
            for a in algorithms {
                tries.extend([
                    calls::mac_compute(id, a, &[]),
                    calls::cipher_encrypt(id, a, &[0; 16]),
                    calls::cipher_decrypt(id, a, &[0; 48]),
                    calls::aead_encrypt(id, a, &[0; 12], &[], &[0; 16]),
                    calls::aead_decrypt(id, a, &[0; 12], &[], &[0; 48]),
                    calls::sign_message(id, a, &[]),
                    calls::sign_hash(id, a, &[0; 32]),
                    calls::raw_key_agreement(a, id, &peer),
                    calls::derive_bytes(id, a, &[], &[], &[]),
                    calls::derive_bytes(id, a, &[], &[], &peer),
                    calls::export_key(id ^ a),
                    calls::storage_get(id, a, 0),
                    calls::digest(a, &[]),
                ]);
            }
            let results = probe.make_all(&tries)?;
            for (call, (_, output)) in tries.iter().zip(&results) {
                if !find_secret(output, &key).is_empty() {
                    wrong.push(format!("{name}: `{}` gave a part of the key", call.name));
                }
                seen.case(&format!("`{}`", call.name), "no part of the key");
            }
            let shown = Attributes { usage: usage::EXPORT, ..attributes }.sized(0);
            let shown = probe.import(shown, &key)?;
            if !lasting && name == "AES-256" {
                seen.control(
                    "the same search in the export of the same key with the right of export",
                    |_| {
                        let output = probe.done(&calls::export_key(shown))?;
                        require!(
                            !find_secret(&output, &key).is_empty(),
                            "it is not found in {} bytes",
                            output.len()
                        );
                        Ok(format!("found in {} bytes", output.len()))
                    },
                )?;
            }
            probe.done(&calls::destroy_key(shown))?;
            probe.done(&calls::destroy_key(id))?;
        }
    }
    all_as_expected(seen, wrong)
}

fn power_cycle(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let mut random = bench.sampler("keystore-power");
    let mut keys = Vec::new();
    for (place, (name, attributes, size)) in offered().into_iter().enumerate() {
        let key = random.bytes(size);
        if probe.make(&calls::import_key(&attributes.sized(0).to_bytes(), &key))?.0 != status::SUCCESS {
            return Err(Failure::Refuted(format!("{name}: a random key is refused")));
        }
        let volatile = probe.import(attributes.sized(0), &key);
        let lasting = probe.import(attributes.sized(0).lasting(200 + place as u32), &key)?;
        keys.push((name, key, volatile, lasting));
        // Places are few.
        let (_, _, volatile, _) = &keys[place];
        if place >= 4
            && let Ok(id) = volatile
        {
            probe.done(&calls::destroy_key(*id))?;
        }
        if place == 5 {
            probe = Probe::power(probe.cut(), seen, Entropy::System)?;
        }
    }
    let mut probe = Probe::power(probe.cut(), seen, Entropy::System)?;
    for (name, key, volatile, lasting) in &keys {
        let back = probe.done(&calls::export_key(*lasting))?;
        require!(back == *key, "{name}: after the power cut another key comes back");
        let has = probe.attributes(*lasting)?;
        let offered = offered().into_iter().find(|(known, ..)| known == name).map(|(_, a, _)| a);
        require!(Some(has) == offered.map(|a| a.lasting(*lasting)), "{name}: after the power cut {has:?}");
        if let Ok(id) = volatile {
            probe.ends(name, &calls::export_key(*id), status::INVALID_HANDLE)?;
        }
        seen.case(
            &format!("{name}, after a power cut"),
            "the persistent one is there, the volatile one is not",
        );
        probe.done(&calls::destroy_key(*lasting))?;
    }
    let mut probe = Probe::power(probe.cut(), seen, Entropy::System)?;
    for (name, _, _, lasting) in &keys {
        probe.ends(name, &calls::get_key_attributes(*lasting), status::INVALID_HANDLE)?;
        seen.case(&format!("{name}, destroyed, after a power cut"), "invalid-handle");
    }
    Ok(())
}

/// What trusted storage keeps of a record that is gone until the sector is reclaimed, and which tells nothing of its
/// content: the entry's header before it, its tag and chain value behind it (specification of the storage).
const HEADER: usize = 28;
const TAIL: usize = 32;

/// The ciphertext that a call wrote: the longest stretch of flash that changed, without header and tail.
fn ciphertext(before: &[u8], after: &[u8]) -> Vec<u8> {
    let changed = before.iter().zip(after).enumerate().filter(|(_, (a, b))| a != b).map(|(at, _)| at);
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for at in changed {
        match runs.last_mut() {
            // Some bytes are the erased value by chance.
            Some(last) if at < last.end + 8 => last.end = at + 1,
            _ => runs.push(at..at + 1),
        }
    }
    let longest = runs.into_iter().max_by_key(ExactSizeIterator::len).unwrap_or_default();
    after.get(longest.start + HEADER..longest.end.saturating_sub(TAIL)).unwrap_or_default().to_vec()
}

fn wrapped(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let mut random = bench.sampler("keystore-wrapped");
    probe.planted(seen, &random.bytes(32))?;
    // The storage has its first page.
    probe.done(&calls::storage_set(1, 0, 0, b"first"))?;
    let mut wrong = Vec::new();
    let mut keys = Vec::new();
    for (place, (name, attributes, size)) in offered().into_iter().enumerate() {
        let id = 300 + place as u32;
        let key = random.bytes(size);
        let before = probe.flash()?;
        probe.import(attributes.sized(0).lasting(id), &key)?;
        let record = ciphertext(&before, &probe.flash()?);
        require!(record.len() >= size + 16, "{name}: the import wrote {} bytes", record.len());
        probe.make(&calls::mac_compute(id, attributes.algorithm, b"x"))?;
        probe.make(&calls::aead_encrypt(id, attributes.algorithm, &[0; 12], &[], b"x"))?;
        probe.make(&calls::sign_message(id, attributes.algorithm, b"x"))?;
        let left = Residues::of(&mut probe)?;
        let found: Vec<_> = left.in_memory(name, &key).into_iter().chain(left.in_flash(name, &key)).collect();
        seen.case(&format!("{name}, imported and used"), if found.is_empty() { "nowhere" } else { "FOUND" });
        wrong.extend(found.iter().map(ToString::to_string));
        keys.push((name, id, key, record));
    }
    let flash = probe.flash()?;
    seen.control("the same search in the flash for what the imports wrote", |_| {
        let found = keys.iter().filter(|(.., record)| !find_secret(&flash, record).is_empty()).count();
        require!(found == keys.len(), "only {found} of {} records are found", keys.len());
        Ok(format!("{found} ciphertexts of {} keys", keys.len()))
    })?;
    let dut = probe.cut();
    let flash = dut.read_flash()?;
    for (name, _, key, _) in &keys {
        require!(
            find_secret(&flash, key).is_empty(),
            "{name}: a part of it is in the flash of the dead device"
        );
        seen.case(&format!("{name}, in the flash of the dead device"), "nowhere");
    }
    let mut probe = Probe::power(dut, seen, Entropy::System)?;
    for (name, id, key, record) in &keys {
        require!(probe.done(&calls::export_key(*id))? == *key, "{name}: another key comes back");
        probe.done(&calls::destroy_key(*id))?;
        let left = find_secret(&probe.flash()?, record);
        if let Some(at) = left.first() {
            wrong
                .push(format!("{name}: {} parts of its ciphertext are in the flash, at {at:#x}", left.len()));
        }
        let outcome = if left.is_empty() { "no part of its ciphertext" } else { "CIPHERTEXT LEFT" };
        seen.case(&format!("{name}, destroyed"), outcome);
    }
    if probe.target() == Target::Mps2An505 {
        seen.saw("bytes of flash searched", flash.len());
    }
    all_as_expected(seen, wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ciphertext_is_the_longest_change_without_header_and_tail() {
        let before = vec![0xFF; 512];
        let mut after = before.clone();
        after[8..12].fill(0);
        let entry: Vec<u8> = (0..100u8).collect();
        after[64..164].copy_from_slice(&entry);
        assert_eq!(ciphertext(&before, &after), entry[28..68]);
        assert!(ciphertext(&before, &before).is_empty());
    }

    #[test]
    fn every_call_that_takes_a_key_and_a_policy_is_in_the_table_of_uses() {
        let prepared = Prepared { peer: vec![], answer: vec![], record: vec![] };
        let used: BTreeSet<_> = USES.iter().map(|one| (one.call)(1, 2, &prepared).name).collect();
        let ungoverned = ["export_public_key", "get_key_attributes", "destroy_key"];
        for row in calls::ALL {
            let takes = row.arguments.iter().any(|(name, _)| *name == "key" || *name == "source");
            let makes = ["import_key", "generate_key", "attest_get_key"].contains(&row.name);
            if takes && !makes && !ungoverned.contains(&row.name) {
                assert!(used.contains(row.name), "{}", row.name);
            }
        }
    }
}
