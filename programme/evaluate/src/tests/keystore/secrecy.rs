//! Keys are used and never seen: not in an output, not in flash, not in memory.

use super::{AGREED, ECDSA, HKDF, HMAC, offered};
use crate::attack::all_as_expected;
use crate::bench::Bench;
use crate::model::{Applies, Kind, Outcome, Target, Test, Threat, require};
use crate::observations::Observations;
use crate::probe::psa::{Attributes, alg, usage};
use crate::probe::{Probe, Residues, calls, find_secret, runs, status};
use crate::reference;
use crate::tests::storage::{HEADER, TRAILER};
use crate::tests::{interface, sfr};
use dtsec_target::Entropy;

pub(super) const TESTS: &[Test] = &[
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

/// The ciphertext that a call wrote: the longest stretch of flash that changed, without what trusted storage keeps of a
/// record that is gone until the sector is reclaimed and which tells nothing of its content: the entry's header before
/// it, its tag and chain value behind it.
fn ciphertext(before: &[u8], after: &[u8]) -> Vec<u8> {
    let changed = before.iter().zip(after).enumerate().filter(|(_, (a, b))| a != b);
    // Some bytes are the erased value by chance: runs that lie close together are one.
    let runs = runs(changed.map(|(at, _)| at as u64));
    let longest = runs.into_iter().max_by_key(|run| run.end - run.start).unwrap_or_default();
    let (start, end) = (longest.start as usize + HEADER, (longest.end as usize).saturating_sub(TRAILER));
    after.get(start..end).unwrap_or_default().to_vec()
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
}
