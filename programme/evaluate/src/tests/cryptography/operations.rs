//! Operations in several calls: many at once, and their order.

use super::same;
use crate::attack::all_as_expected;
use crate::bench::Bench;
use crate::model::{Applies, Kind, Outcome, Test, Threat, require};
use crate::observations::Observations;
use crate::probe::calls::{self, Call};
use crate::probe::psa::{Attributes, alg, kind, usage};
use crate::probe::{Probe, as_number, status};
use crate::reference::Hash;
use crate::seed::Sampler;
use crate::tests::{interface, sfr};

pub(super) const TESTS: &[Test] = &[
    Test {
        id: "crypto-operations-interleaved",
        title: "Eight operations open at once do not mix, and a ninth is refused",
        sfr: sfr::CRYPTOGRAPHY,
        threats: &[Threat::BadSoftware],
        kind: Kind::Attack,
        interface: interface::CALLS,
        procedure: "Open eight operations of different families, feed them in an order that follows from the seed, open a ninth, finish them; hold the results against those of one call each. Then use the numbers of operations that are over, and numbers that were never given.",
        expected: "Each result is as if it had been alone; insufficient-memory (-141) for the ninth; bad-state (-137) for every number that is not an operation; eight can be opened again.",
        applies: Applies::Everywhere,
        run: interleaved,
    },
    Test {
        id: "crypto-wrong-order-refused",
        title: "Calls of an operation in the wrong order are refused and end it",
        sfr: sfr::CRYPTOGRAPHY,
        threats: &[Threat::BadSoftware],
        kind: Kind::Attack,
        interface: interface::CALLS,
        procedure: "For each family: finish twice, feed after the end, feed or finish before vector or nonce, give a vector or nonce twice, finish as what it is not, use another family's calls, give CCM no lengths or others than announced.",
        expected: "bad-state (-137), or invalid-argument (-135) where lengths are broken; the operation is over after it; the same calls in the right order succeed; all places are free at the end.",
        applies: Applies::Everywhere,
        run: wrong_order,
    },
];

/// An operation under way, and what it must end with.
struct Running {
    id: u32,
    message: Vec<u8>,
    fed: usize,
    came: Vec<u8>,
    expected: Vec<u8>,
    feed: fn(u32, &[u8]) -> Call<'_>,
    finish: fn(u32) -> Call<'static>,
}

/// Operations open at once that the platform has room for.
const OPERATIONS: usize = 8;

fn interleaved(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let mut random = bench.sampler("crypto-interleaved");
    let aes = Attributes::new(kind::AES, usage::CRYPT, 0).sized(128);
    let key = |probe: &mut Probe, algorithm| probe.generate(Attributes { algorithm, ..aes });
    let hmac = alg::hmac(alg::SHA_256);
    let hmac_key = probe.generate(Attributes::new(kind::HMAC, usage::SIGN, hmac).sized(256))?;
    let cmac = Attributes::new(kind::AES, usage::SIGN, alg::CMAC).sized(256);
    let cmac_key = probe.generate(cmac)?;
    let (ctr_key, cbc_key) = (key(&mut probe, alg::CTR)?, key(&mut probe, alg::CBC_PKCS7)?);
    let (gcm_key, ccm_key) = (key(&mut probe, alg::GCM)?, key(&mut probe, alg::CCM)?);
    for round in 0..bench.samples(6, 2) {
        let message = |random: &mut Sampler| {
            let len = 1 + random.below(600);
            random.bytes(len)
        };
        let mut running = Vec::new();
        let mut add = |id, message: &[u8], expected: Vec<u8>, feed, finish| {
            let (message, came) = (message.to_vec(), Vec::new());
            running.push(Running { id, message, fed: 0, came, expected, feed, finish });
        };
        for hash in [Hash::Sha256, Hash::Sha512] {
            let message = message(&mut random);
            let id = probe.numbered(&calls::hash_setup(hash.psa()))?;
            add(id, &message, hash.of(&message), calls::hash_update, calls::hash_finish);
        }
        for (key, algorithm) in [(hmac_key, hmac), (cmac_key, alg::CMAC)] {
            let message = message(&mut random);
            let expected = probe.done(&calls::mac_compute(key, algorithm, &message))?;
            let id = probe.numbered(&calls::mac_sign_setup(key, algorithm))?;
            add(id, &message, expected, calls::mac_update, calls::mac_sign_finish);
        }
        for (key, algorithm) in [(ctr_key, alg::CTR), (cbc_key, alg::CBC_PKCS7)] {
            // Decryption of what one call encrypted.
            let message = message(&mut random);
            let sealed = probe.done(&calls::cipher_encrypt(key, algorithm, &message).room(700))?;
            let id = probe.numbered(&calls::cipher_decrypt_setup(key, algorithm))?;
            probe.done(&calls::cipher_set_iv(id, &sealed[..16]))?;
            add(id, &sealed[16..], message, calls::cipher_update, calls::cipher_finish);
        }
        for (key, algorithm, nonce) in [(gcm_key, alg::GCM, 12), (ccm_key, alg::CCM, 13)] {
            let (message, nonce) = (message(&mut random), random.bytes(nonce));
            let expected =
                probe.done(&calls::aead_encrypt(key, algorithm, &nonce, b"x", &message).room(700))?;
            let id = probe.numbered(&calls::aead_encrypt_setup(key, algorithm))?;
            probe.done(&calls::aead_set_lengths(id, 1, message.len() as u32))?;
            probe.done(&calls::aead_set_nonce(id, &nonce))?;
            probe.done(&calls::aead_update_ad(id, b"x"))?;
            add(id, &message, expected, calls::aead_update, calls::aead_finish);
        }
        require!(running.len() == OPERATIONS, "{} operations were set up", running.len());
        let ninth = calls::hash_setup(alg::SHA_256);
        probe.ends("a ninth operation", &ninth, status::INSUFFICIENT_MEMORY)?;
        let mut over = Vec::new();
        while !running.is_empty() {
            let place = random.below(running.len());
            let one = &mut running[place];
            let rest = &one.message[one.fed..];
            let size = (1 + random.below(90)).min(rest.len());
            if size > 0 {
                let piece = probe.done(&(one.feed)(one.id, &rest[..size]))?;
                one.came.extend(piece);
                one.fed += size;
                continue;
            }
            let mut one = running.swap_remove(place);
            one.came.extend(probe.done(&(one.finish)(one.id))?);
            same("an operation among others", &one.came, &one.expected)?;
            over.push((one.id, one.finish));
            seen.case("operation among seven others", "as if alone");
        }
        let made_up = [0, 0xFFFF_FFFF, over[0].0 ^ 0x100, over[0].0 + 1, 0x8000_0000, 255];
        for (id, finish) in over.iter().copied().chain(made_up.map(|id| (id, calls::hash_finish as _))) {
            let finish: fn(u32) -> Call<'static> = finish;
            probe.ends("an operation that is over", &finish(id), status::BAD_STATE)?;
            probe.done(&calls::abort(id))?;
            seen.case("number of no operation", "bad-state");
        }
        if round == 0 {
            seen.control("the eight places after all operations are over", |_| {
                let setups = [const { 0 }; OPERATIONS].map(|_| calls::hash_setup(alg::SHA_256));
                let ids = probe.all_done(&setups)?;
                probe.ends("a ninth", &ninth, status::INSUFFICIENT_MEMORY)?;
                for id in ids.iter().filter_map(|id| as_number(id)) {
                    probe.done(&calls::abort(id))?;
                }
                Ok("eight could be opened, a ninth could not".into())
            })?;
        }
    }
    Ok(())
}

/// Calls on an operation in an order, of which the last is out of place.
struct Sequence {
    what: &'static str,
    setup: Call<'static>,
    /// In order.
    good: &'static [fn(u32) -> Call<'static>],
    /// Not in order.
    bad: fn(u32) -> Call<'static>,
    status: i64,
}

fn wrong_order(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let aes = Attributes::new(kind::AES, usage::CRYPT, 0).sized(128);
    let hmac = alg::hmac(alg::SHA_256);
    let mac_key = probe.generate(Attributes::new(kind::HMAC, usage::SIGN, hmac).sized(256))?;
    let ctr_key = probe.generate(Attributes { algorithm: alg::CTR, ..aes })?;
    let gcm_key = probe.generate(Attributes { algorithm: alg::GCM, ..aes })?;
    let ccm_key = probe.generate(Attributes { algorithm: alg::CCM, ..aes })?;
    let hash = || calls::hash_setup(alg::SHA_256);
    let sign = || calls::mac_sign_setup(mac_key, hmac);
    let verify = || calls::mac_verify_setup(mac_key, hmac);
    let encrypt = || calls::cipher_encrypt_setup(ctr_key, alg::CTR);
    let decrypt = || calls::cipher_decrypt_setup(ctr_key, alg::CTR);
    let seal = || calls::aead_encrypt_setup(gcm_key, alg::GCM);
    let open = || calls::aead_decrypt_setup(gcm_key, alg::GCM);
    let seal_ccm = || calls::aead_encrypt_setup(ccm_key, alg::CCM);
    const NONCE: &[u8] = &[5; 12];
    const IV: &[u8] = &[6; 16];
    const BAD: i64 = status::BAD_STATE;
    let none: &[fn(u32) -> Call<'static>] = &[];
    let sequence = |what, setup, good, bad, status| Sequence { what, setup, good, bad, status };
    let mac: fn(u32) -> Call<'static> = |o| calls::mac_update(o, b"x");
    let nonce: fn(u32) -> Call<'static> = |o| calls::aead_set_nonce(o, NONCE);
    let sequences = [
        sequence(
            "hash: update after finish",
            hash(),
            &[|o| calls::hash_finish(o)],
            |o| calls::hash_update(o, b"x"),
            BAD,
        ),
        sequence("hash: finish twice", hash(), &[|o| calls::hash_finish(o)], calls::hash_finish, BAD),
        sequence(
            "hash: verify after finish",
            hash(),
            &[|o| calls::hash_finish(o)],
            |o| calls::hash_verify(o, &[0; 32]),
            BAD,
        ),
        sequence("hash: clone after finish", hash(), &[|o| calls::hash_finish(o)], calls::hash_clone, BAD),
        sequence(
            "hash: update after abort",
            hash(),
            &[|o| calls::abort(o)],
            |o| calls::hash_update(o, b""),
            BAD,
        ),
        sequence("hash: a MAC's update", hash(), none, mac, BAD),
        sequence("hash: a cipher's finish", hash(), none, calls::cipher_finish, BAD),
        sequence("hash: an AEAD's nonce", hash(), none, nonce, BAD),
        sequence("MAC: update after finish", sign(), &[|o| calls::mac_sign_finish(o)], mac, BAD),
        sequence("MAC: verify what signs", sign(), none, |o| calls::mac_verify_finish(o, &[0; 32]), BAD),
        sequence("MAC: sign what verifies", verify(), none, calls::mac_sign_finish, BAD),
        sequence("MAC: clone", sign(), none, calls::hash_clone, BAD),
        sequence("cipher: update before the vector", encrypt(), none, |o| calls::cipher_update(o, b"x"), BAD),
        sequence("cipher: finish before the vector", encrypt(), none, calls::cipher_finish, BAD),
        sequence(
            "cipher: vector twice",
            encrypt(),
            &[|o| calls::cipher_set_iv(o, IV)],
            |o| calls::cipher_set_iv(o, IV),
            BAD,
        ),
        sequence(
            "cipher: own vector after one",
            encrypt(),
            &[|o| calls::cipher_set_iv(o, IV)],
            calls::cipher_generate_iv,
            BAD,
        ),
        sequence("cipher: own vector to decrypt", decrypt(), none, calls::cipher_generate_iv, BAD),
        sequence(
            "cipher: update after finish",
            encrypt(),
            &[|o| calls::cipher_set_iv(o, IV), |o| calls::cipher_finish(o)],
            |o| calls::cipher_update(o, b"x"),
            BAD,
        ),
        sequence(
            "cipher: vector of 15 bytes",
            encrypt(),
            none,
            |o| calls::cipher_set_iv(o, &IV[1..]),
            status::INVALID_ARGUMENT,
        ),
        sequence("AEAD: update before the nonce", seal(), none, |o| calls::aead_update(o, b"x"), BAD),
        sequence(
            "AEAD: additional data before the nonce",
            seal(),
            none,
            |o| calls::aead_update_ad(o, b"x"),
            BAD,
        ),
        sequence("AEAD: finish before the nonce", seal(), none, calls::aead_finish, BAD),
        sequence("AEAD: nonce twice", seal(), &[|o| calls::aead_set_nonce(o, NONCE)], nonce, BAD),
        sequence(
            "AEAD: own nonce after one",
            seal(),
            &[|o| calls::aead_set_nonce(o, NONCE)],
            calls::aead_generate_nonce,
            BAD,
        ),
        sequence("AEAD: own nonce to open", open(), none, calls::aead_generate_nonce, BAD),
        sequence(
            "AEAD: lengths after the nonce",
            seal(),
            &[|o| calls::aead_set_nonce(o, NONCE)],
            |o| calls::aead_set_lengths(o, 1, 1),
            BAD,
        ),
        sequence(
            "AEAD: additional data after text",
            seal(),
            &[|o| calls::aead_set_nonce(o, NONCE), |o| calls::aead_update(o, b"x")],
            |o| calls::aead_update_ad(o, b"x"),
            BAD,
        ),
        sequence(
            "AEAD: verify what seals",
            seal(),
            &[|o| calls::aead_set_nonce(o, NONCE)],
            |o| calls::aead_verify(o, &[0; 16]),
            BAD,
        ),
        sequence(
            "AEAD: finish what opens",
            open(),
            &[|o| calls::aead_set_nonce(o, NONCE)],
            calls::aead_finish,
            BAD,
        ),
        sequence(
            "AEAD: update after finish",
            seal(),
            &[|o| calls::aead_set_nonce(o, NONCE), |o| calls::aead_finish(o)],
            |o| calls::aead_update(o, b"x"),
            BAD,
        ),
        sequence("CCM: no lengths", seal_ccm(), none, nonce, BAD),
        sequence(
            "CCM: more text than announced",
            seal_ccm(),
            &[|o| calls::aead_set_lengths(o, 0, 1), |o| calls::aead_set_nonce(o, NONCE)],
            |o| calls::aead_update(o, b"xx"),
            status::INVALID_ARGUMENT,
        ),
        sequence(
            "CCM: less text than announced",
            seal_ccm(),
            &[
                |o| calls::aead_set_lengths(o, 0, 2),
                |o| calls::aead_set_nonce(o, NONCE),
                |o| calls::aead_update(o, b"x"),
            ],
            calls::aead_finish,
            status::INVALID_ARGUMENT,
        ),
        sequence(
            "CCM: more additional data than announced",
            seal_ccm(),
            &[|o| calls::aead_set_lengths(o, 1, 1), |o| calls::aead_set_nonce(o, NONCE)],
            |o| calls::aead_update_ad(o, b"xx"),
            status::INVALID_ARGUMENT,
        ),
    ];
    let mut wrong = Vec::new();
    for Sequence { what, setup, good, bad, status } in &sequences {
        let operation = probe.numbered(setup)?;
        for call in *good {
            probe.done(&call(operation))?;
        }
        let (came, output) = probe.make(&bad(operation))?;
        if came != *status || !output.is_empty() {
            wrong.push(format!("{what}: status {came} where {status} was expected"));
        }
        seen.case(what, &came.to_string());
        // Whatever was wrong, the operation is over.
        for call in [
            bad(operation),
            calls::hash_finish(operation),
            calls::cipher_finish(operation),
            calls::aead_finish(operation),
        ] {
            let (came, _) = probe.make(&call)?;
            if came != BAD {
                wrong.push(format!("{what}: afterwards `{}` returned {came}", call.name));
            }
        }
    }
    seen.control("the right order of each family, in all eight places", |_| {
        for _ in 0..2 {
            let mut open_now = Vec::new();
            for (setup, good) in [
                (
                    hash(),
                    &[|o| calls::hash_update(o, b"x"), |o| calls::hash_finish(o)]
                        as &[fn(u32) -> Call<'static>],
                ),
                (sign(), &[|o| calls::mac_update(o, b"x"), |o| calls::mac_sign_finish(o)]),
                (
                    encrypt(),
                    &[
                        |o| calls::cipher_generate_iv(o),
                        |o| calls::cipher_update(o, b"x"),
                        |o| calls::cipher_finish(o),
                    ],
                ),
                (
                    encrypt(),
                    &[
                        |o| calls::cipher_set_iv(o, IV),
                        |o| calls::cipher_update(o, b"x"),
                        |o| calls::cipher_finish(o),
                    ],
                ),
                (
                    decrypt(),
                    &[
                        |o| calls::cipher_set_iv(o, IV),
                        |o| calls::cipher_update(o, b"x"),
                        |o| calls::cipher_finish(o),
                    ],
                ),
                (
                    seal(),
                    &[
                        |o| calls::aead_generate_nonce(o),
                        |o| calls::aead_update_ad(o, b"x"),
                        |o| calls::aead_update(o, b"x"),
                        |o| calls::aead_finish(o),
                    ],
                ),
                (
                    seal(),
                    &[
                        |o| calls::aead_set_lengths(o, 1, 1),
                        |o| calls::aead_set_nonce(o, NONCE),
                        |o| calls::aead_update_ad(o, b"x"),
                        |o| calls::aead_update(o, b"x"),
                        |o| calls::aead_finish(o),
                    ],
                ),
                (
                    seal_ccm(),
                    &[
                        |o| calls::aead_set_lengths(o, 1, 1),
                        |o| calls::aead_generate_nonce(o),
                        |o| calls::aead_update_ad(o, b"x"),
                        |o| calls::aead_update(o, b"x"),
                        |o| calls::aead_finish(o),
                    ],
                ),
            ] {
                open_now.push((probe.numbered(&setup)?, good));
            }
            for (operation, good) in open_now {
                for call in good {
                    probe.done(&call(operation))?;
                }
            }
        }
        Ok("each succeeded, twice eight at once".into())
    })?;
    all_as_expected(seen, wrong)
}
