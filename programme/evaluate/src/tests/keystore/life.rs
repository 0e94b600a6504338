//! Keys come, are copied and go, and outlive a power cut or do not.

use super::offered;
use crate::bench::Bench;
use crate::model::{Applies, Kind, Outcome, Test, require};
use crate::observations::Observations;
use crate::probe::psa::{Attributes, alg, kind, usage};
use crate::probe::{Probe, as_number, calls, status};
use crate::tests::{interface, sfr};
use dtsec_target::Entropy;
use std::collections::BTreeSet;

pub(super) const TESTS: &[Test] = &[
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
];

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
                let new = as_number(&id).is_some_and(|id| ids.insert(id));
                require!(new && ids.len() <= 64, "{} volatile keys", ids.len());
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

fn power_cycle(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let mut random = bench.sampler("keystore-power");
    let mut keys = Vec::new();
    for (place, (name, attributes, size)) in offered().into_iter().enumerate() {
        let key = random.bytes(size);
        let volatile = probe.import(attributes.sized(0), &key)?;
        let lasting = probe.import(attributes.sized(0).lasting(200 + place as u32), &key)?;
        for id in [volatile, lasting] {
            require!(probe.done(&calls::export_key(id))? == key, "{name}: another key comes back");
        }
        keys.push((name, attributes, key, volatile, lasting));
        // Places for volatile keys are few.
        if place == 5 {
            probe = Probe::power(probe.cut(), seen, Entropy::System)?;
        }
    }
    let mut probe = Probe::power(probe.cut(), seen, Entropy::System)?;
    for (name, attributes, key, volatile, lasting) in &keys {
        let back = probe.done(&calls::export_key(*lasting))?;
        require!(back == *key, "{name}: after the power cut another key comes back");
        let has = probe.attributes(*lasting)?;
        require!(has == attributes.lasting(*lasting), "{name}: after the power cut {has:?}");
        probe.ends(name, &calls::export_key(*volatile), status::INVALID_HANDLE)?;
        seen.case(
            &format!("{name}, after a power cut"),
            "the persistent one is there, the volatile one is not",
        );
        probe.done(&calls::destroy_key(*lasting))?;
    }
    let mut probe = Probe::power(probe.cut(), seen, Entropy::System)?;
    for (name, _, _, _, lasting) in &keys {
        probe.ends(name, &calls::get_key_attributes(*lasting), status::INVALID_HANDLE)?;
        seen.case(&format!("{name}, destroyed, after a power cut"), "invalid-handle");
    }
    Ok(())
}
