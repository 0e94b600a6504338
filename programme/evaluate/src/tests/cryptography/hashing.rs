//! Hashes and MACs.

use super::{flipped, hex, pieces, same};
use crate::bench::Bench;
use crate::model::{Applies, Kind, Outcome, Test};
use crate::observations::Observations;
use crate::probe::psa::{Attributes, alg, kind, usage};
use crate::probe::{Probe, calls, status};
use crate::reference::Hash;
use crate::tests::{interface, sfr};

pub(super) const TESTS: &[Test] = &[
    Test {
        id: "crypto-hashes",
        title: "SHA-256, SHA-384 and SHA-512 give the answers of FIPS 180-4, in one call and in many",
        sfr: sfr::CRYPTOGRAPHY,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::CALLS,
        procedure: "Hash `abc` and messages of 0 to 5,000 bytes: in one call, compared by the device, in pieces of several sizes, and through a clone that goes on beside its original.",
        expected: "The hashes of the standard and of the host; a comparison with another hash is refused.",
        applies: Applies::Everywhere,
        run: hashes,
    },
    Test {
        id: "crypto-macs",
        title: "HMAC and CMAC give the answers of RFC 4231 and SP 800-38B, in one call and in many",
        sfr: sfr::CRYPTOGRAPHY,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::CALLS,
        procedure: "Compute and verify MACs with published keys and messages, and HMACs of random messages with random keys, in one call and in pieces; verify with one bit of the MAC flipped.",
        expected: "The published answers and the host's; invalid-signature (-149) for every flipped bit tried.",
        applies: Applies::Everywhere,
        run: macs,
    },
];

fn hashes(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let mut random = bench.sampler("crypto-hashes");
    let abc = [
        (Hash::Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            Hash::Sha384,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        ),
        (
            Hash::Sha512,
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
    ];
    for (hash, answer) in abc {
        let answer = hex(answer)?;
        same("`abc`", &probe.done(&calls::digest(hash.psa(), b"abc"))?, &answer)?;
        seen.case(&format!("{hash:?} of `abc`"), "as published");
    }
    for hash in Hash::ALL {
        let number = hash.psa();
        for len in [0, 1, 55, 56, 64, 111, 112, 128, 257, 1000, 5000] {
            let message = random.bytes(len);
            let expected = hash.of(&message);
            let what = format!("{hash:?} of {len} bytes");
            same(&what, &probe.done(&calls::digest(number, &message))?, &expected)?;
            probe.done(&calls::hash_compare(number, &message, &expected))?;
            let other = flipped(&expected, len);
            for wrong in [&other[..], &expected[1..], &[]] {
                let compare = calls::hash_compare(number, &message, wrong);
                probe.ends(&what, &compare, status::INVALID_SIGNATURE)?;
            }
            for size in [1, 65] {
                let (first, rest) = message.split_at(len / 2);
                let operation = probe.numbered(&calls::hash_setup(number))?;
                // At most some dozen pieces.
                let size = size.max(len / 30);
                probe.all_done(&pieces(first, size, |piece| calls::hash_update(operation, piece)))?;
                let copy = probe.numbered(&calls::hash_clone(operation))?;
                probe.all_done(&pieces(rest, size, |piece| calls::hash_update(operation, piece)))?;
                same(&what, &probe.done(&calls::hash_finish(operation))?, &expected)?;
                // The clone stands where it was made.
                same(&what, &probe.done(&calls::hash_finish(copy))?, &hash.of(first))?;
            }
            let operation = probe.numbered(&calls::hash_setup(number))?;
            probe.done(&calls::hash_update(operation, &message))?;
            probe.done(&calls::hash_verify(operation, &expected))?;
            let operation = probe.numbered(&calls::hash_setup(number))?;
            probe.done(&calls::hash_update(operation, &message))?;
            probe.ends(&what, &calls::hash_verify(operation, &other), status::INVALID_SIGNATURE)?;
            seen.case(&format!("{hash:?}, one call, compared, in pieces, cloned"), "the host's hash");
        }
    }
    Ok(())
}

fn macs(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let mut random = bench.sampler("crypto-macs");
    let hi = b"Hi There".to_vec();
    let block = hex("6bc1bee22e409f96e93d7e117393172a")?;
    let aes = hex("2b7e151628aed2a6abf7158809cf4f3c")?;
    let mut cases = vec![
        (
            "RFC 4231, 4.2",
            alg::hmac(alg::SHA_256),
            vec![0x0B; 20],
            hi.clone(),
            hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")?,
        ),
        (
            "RFC 4231, 4.2",
            alg::hmac(alg::SHA_384),
            vec![0x0B; 20],
            hi.clone(),
            hex(
                "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
            )?,
        ),
        (
            "RFC 4231, 4.2",
            alg::hmac(alg::SHA_512),
            vec![0x0B; 20],
            hi,
            hex(
                "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
            )?,
        ),
        ("SP 800-38B, D.1", alg::CMAC, aes.clone(), vec![], hex("bb1d6929e95937287fa37d129b756746")?),
        ("SP 800-38B, D.1", alg::CMAC, aes, block, hex("070a16b46b4d4144f79bdd9dd04a287c")?),
    ];
    for hash in Hash::ALL {
        for (key, len) in [(16, 0), (32, 100), (128, 1000)] {
            let (key, message) = (random.bytes(key), random.bytes(len));
            let mac = hash.hmac(&key, &[&message]);
            cases.push(("the host's HMAC", alg::hmac(hash.psa()), key, message, mac));
        }
    }
    for (source, algorithm, key, message, mac) in cases {
        let key_type = if algorithm == alg::CMAC { kind::AES } else { kind::HMAC };
        let id = probe.import(Attributes::new(key_type, usage::SIGN, algorithm), &key)?;
        same(source, &probe.done(&calls::mac_compute(id, algorithm, &message))?, &mac)?;
        probe.done(&calls::mac_verify(id, algorithm, &message, &mac))?;
        for size in [1, 63] {
            let size = size.max(message.len() / 30);
            let operation = probe.numbered(&calls::mac_sign_setup(id, algorithm))?;
            probe.all_done(&pieces(&message, size, |piece| calls::mac_update(operation, piece)))?;
            same(source, &probe.done(&calls::mac_sign_finish(operation))?, &mac)?;
        }
        for bit in (0..8).map(|_| random.below(mac.len() * 8)) {
            let wrong = flipped(&mac, bit);
            let verify = calls::mac_verify(id, algorithm, &message, &wrong);
            probe.ends("a bit flipped", &verify, status::INVALID_SIGNATURE)?;
            for (mac, expected) in [(&wrong, status::INVALID_SIGNATURE), (&mac, status::SUCCESS)] {
                let operation = probe.numbered(&calls::mac_verify_setup(id, algorithm))?;
                probe.done(&calls::mac_update(operation, &message))?;
                probe.ends("in pieces", &calls::mac_verify_finish(operation, mac), expected)?;
            }
            seen.case("MAC with a bit flipped", "invalid-signature");
        }
        let short = &mac[..mac.len() - 1];
        probe.ends(
            "cut short",
            &calls::mac_verify(id, algorithm, &message, short),
            status::INVALID_SIGNATURE,
        )?;
        seen.case(&format!("{algorithm:#010x}: computed, verified, in pieces"), source);
        probe.done(&calls::destroy_key(id))?;
    }
    Ok(())
}
