//! What is left of secrets in memory and flash after the calls that handled them: nothing.

use super::{NEEDS_TRUSTZONE, interface, sfr};
use crate::attack::all_as_expected;
use crate::bench::Bench;
use crate::model::{Applies, Failure, Kind, Outcome, Test, Threat, require};
use crate::observations::Observations;
use crate::probe::calls::{self, Call};
use crate::probe::psa::{Attributes, alg, kind, usage};
use crate::probe::{Probe, Residues, status};
use crate::reference::{self, Hash};
use crate::seed::Sampler;
use std::ops::Range;

const THREATS: &[Threat] = &[Threat::Physical, Threat::BadSoftware];

pub(super) const TESTS: &[Test] = &[
    Test {
        id: "purging-nothing-left-after-calls",
        title: "No call leaves keys, plaintexts, shared secrets, derived or random bytes, nonces or readings behind",
        sfr: sfr::PURGING,
        threats: THREATS,
        kind: Kind::Attack,
        interface: interface::MEMORY,
        procedure: "Import, generate, copy and export keys; encrypt, decrypt, seal, open, compute and verify MACs, in one call and in several, finished, aborted and refused; sign, agree, derive; draw random; store and read records and readings; make a token. After each, search all Secure memory with its stacks, the application's memory and the flash for the secrets that it handled, in every byte order and in parts of 8 bytes; the nonce of a signature is computed from it with the key.",
        expected: "Nothing is found anywhere, but a volatile key in exactly one place of Secure memory while it exists; in none after it is destroyed.",
        applies: Applies::Everywhere,
        run: nothing_left,
    },
    Test {
        id: "purging-memory-does-not-depend-on-secrets",
        title: "The platform's memory after a call does not depend on the secrets that it handled",
        sfr: sfr::PURGING,
        threats: THREATS,
        kind: Kind::Attack,
        interface: interface::MEMORY,
        procedure: "Make the same calls twice with different keys, messages and peers of the same length, and compare all Secure memory after them byte by byte: what is left of a secret in any form – a key schedule, the state of a hash, a number half computed – must differ. The places of the random generator's state are found beforehand and set aside for calls that draw from it.",
        expected: "No more than counters and numbers of at most 8 bytes differ.",
        applies: NEEDS_TRUSTZONE,
        run: independent,
    },
    Test {
        id: "purging-reset-leaves-nothing",
        title: "A reset leaves nothing of volatile keys, open operations, random state or the application's memory",
        sfr: sfr::PURGING,
        threats: THREATS,
        kind: Kind::Attack,
        interface: interface::MEMORY,
        procedure: "With a volatile key, open operations and a pattern in the application's memory, make the application fault, which resets the device without taking its power; search all memory for them, and for the state that the random generator had.",
        expected: "Found before the reset, and nowhere after it.",
        applies: NEEDS_TRUSTZONE,
        run: reset,
    },
];

/// A secret, and in how many places of memory it may be.
struct Secret<'a> {
    name: &'a str,
    bytes: &'a [u8],
    places: usize,
}

fn gone<'a>(name: &'a str, bytes: &'a [u8]) -> Secret<'a> {
    Secret { name, bytes, places: 0 }
}

fn kept<'a>(name: &'a str, bytes: &'a [u8]) -> Secret<'a> {
    Secret { name, bytes, places: 1 }
}

/// A device that is searched again and again.
struct Search<'s> {
    probe: Probe,
    seen: &'s mut Observations,
    wrong: Vec<String>,
    bytes: usize,
}

impl Search<'_> {
    /// Searches for what the calls just made handled.
    fn after(&mut self, what: &str, secrets: &[Secret<'_>]) -> Outcome {
        let left = Residues::of(&mut self.probe)?;
        self.bytes = left.bytes();
        for Secret { name, bytes, places } in secrets {
            let memory = left.in_memory(name, bytes);
            let outside = memory.iter().filter(|residue| residue.place.starts_with("application")).count();
            let flash = left.in_flash(name, bytes);
            if memory.len() == *places && outside == 0 && flash.is_empty() {
                let outcome = if *places == 0 { "nowhere" } else { "in one place, where it is kept" };
                self.seen.case(what, outcome);
            } else {
                let all: Vec<_> = memory.iter().chain(&flash).map(ToString::to_string).collect();
                self.wrong.push(format!(
                    "after {what}: {} where {places} may be: {}",
                    all.len(),
                    all.join(", ")
                ));
                self.seen.case(what, "NOT AS EXPECTED");
            }
        }
        Ok(())
    }

    fn done(&mut self, call: &Call<'_>) -> Outcome<Vec<u8>> {
        self.probe.done(call)
    }

    fn numbered(&mut self, call: &Call<'_>) -> Outcome<u32> {
        self.probe.numbered(call)
    }
}

/// Numbers of persistent keys of this module.
const LASTING: Range<u32> = 0x100..0x140;

fn nothing_left(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut random = bench.sampler("purging");
    let mut probe = Probe::start(bench, seen)?;
    probe.planted(seen, &random.bytes(32))?;
    // The generator starts and the self-tests run before anything is judged.
    probe.done(&calls::random())?;
    let mut search = Search { probe, seen, wrong: Vec::new(), bytes: 0 };
    keys(&mut search, &mut random)?;
    symmetric(&mut search, &mut random)?;
    several_calls(&mut search, &mut random)?;
    signatures(&mut search, &mut random)?;
    agreements(&mut search, &mut random)?;
    storage(&mut search, &mut random)?;
    let Search { wrong, bytes, .. } = search;
    seen.saw("bytes searched each time", bytes);
    all_as_expected(seen, wrong)
}

/// Keys come and go.
fn keys(search: &mut Search<'_>, random: &mut Sampler) -> Outcome {
    let hmac = alg::hmac(alg::SHA_256);
    let attributes = Attributes::new(kind::HMAC, usage::SIGN | usage::EXPORT | usage::COPY, hmac);
    let secret = random.bytes(32);
    let id = search.probe.import(attributes, &secret)?;
    // Control too: the same search finds a key that is there.
    search.after("import of a volatile key", &[kept("key", &secret)])?;
    search.done(&calls::mac_compute(id, hmac, b"message"))?;
    search.after("MAC with a volatile key", &[kept("key", &secret)])?;
    search.done(&calls::export_key(id))?;
    search.after("export of a volatile key", &[kept("key", &secret)])?;
    let copy = search.numbered(&calls::copy_key(id, &attributes.to_bytes()))?;
    search.after("copy of a volatile key", &[Secret { name: "key", bytes: &secret, places: 2 }])?;
    search.done(&calls::destroy_key(id))?;
    search.done(&calls::destroy_key(copy))?;
    search.after("destruction of both", &[gone("key", &secret)])?;

    let lasting = attributes.lasting(LASTING.start);
    let secret = random.bytes(64);
    search.probe.import(lasting, &secret)?;
    search.after("import of a persistent key", &[gone("key", &secret)])?;
    search.done(&calls::export_key(LASTING.start))?;
    search.after("export of a persistent key", &[gone("key", &secret)])?;
    search.done(&calls::get_key_attributes(LASTING.start))?;
    let other = attributes.lasting(LASTING.start + 1).to_bytes();
    search.done(&calls::copy_key(LASTING.start, &other))?;
    search.after("copy of a persistent key", &[gone("key", &secret)])?;
    let again = calls::import_key(&other, &secret);
    search.probe.ends("import over a key", &again, status::ALREADY_EXISTS)?;
    search.after("refused import", &[gone("key", &secret)])?;
    search.done(&calls::destroy_key(LASTING.start))?;
    search.done(&calls::destroy_key(LASTING.start + 1))?;
    search.after("destruction of persistent keys", &[gone("key", &secret)])?;

    let made = [
        (Attributes::new(kind::AES, usage::EXPORT, alg::GCM).sized(256), "AES"),
        (Attributes::new(kind::SECP_R1, usage::EXPORT, alg::ecdsa(alg::SHA_256)).sized(256), "P-256"),
        (Attributes::new(kind::SECP_R1, usage::EXPORT, alg::ecdsa(alg::SHA_384)).sized(384), "P-384"),
        (Attributes::new(kind::MONTGOMERY, usage::EXPORT, alg::ECDH).sized(255), "X25519"),
        (Attributes::new(kind::TWISTED_EDWARDS, usage::EXPORT, alg::PURE_EDDSA).sized(255), "Ed25519"),
    ];
    for (attributes, name) in made {
        let id = search.probe.generate(attributes)?;
        let key = search.done(&calls::export_key(id))?;
        search.after(&format!("making of a volatile {name} key"), &[kept("key", &key)])?;
        search.done(&calls::destroy_key(id))?;
        search.after(&format!("destruction of an {name} key"), &[gone("key", &key)])?;
        let id = search.probe.generate(attributes.lasting(LASTING.start + 2))?;
        let key = search.done(&calls::export_key(id))?;
        search.after(&format!("making of a persistent {name} key"), &[gone("key", &key)])?;
        search.done(&calls::destroy_key(id))?;
    }
    Ok(())
}

/// MACs, ciphers and AEAD in one call, with keys that last.
fn symmetric(search: &mut Search<'_>, random: &mut Sampler) -> Outcome {
    let id = LASTING.start + 3;
    for (algorithm, key_type, size) in [
        (alg::hmac(alg::SHA_256), kind::HMAC, 32),
        (alg::hmac(alg::SHA_512), kind::HMAC, 64),
        (alg::CMAC, kind::AES, 32),
    ] {
        let (key, message) = (random.bytes(size), random.bytes(200));
        search.probe.import(Attributes::new(key_type, usage::SIGN, algorithm).lasting(id), &key)?;
        let mac = search.done(&calls::mac_compute(id, algorithm, &message))?;
        let secrets = [gone("key", &key), gone("message", &message), gone("MAC", &mac)];
        search.after("MAC", &secrets)?;
        search.done(&calls::mac_verify(id, algorithm, &message, &mac))?;
        search.after("verified MAC", &secrets)?;
        let mut wrong = mac.clone();
        wrong[0] ^= 1;
        let refused = calls::mac_verify(id, algorithm, &message, &wrong);
        search.probe.ends("MAC", &refused, status::INVALID_SIGNATURE)?;
        search.after("refused MAC", &secrets)?;
        search.done(&calls::destroy_key(id))?;
    }
    for algorithm in [alg::CTR, alg::CBC_PKCS7] {
        let (key, message) = (random.bytes(16), random.bytes(200));
        search.probe.import(Attributes::new(kind::AES, usage::CRYPT, algorithm).lasting(id), &key)?;
        let sealed = search.done(&calls::cipher_encrypt(id, algorithm, &message))?;
        let secrets = [gone("key", &key), gone("plaintext", &message)];
        search.after("encryption", &secrets)?;
        search.done(&calls::cipher_decrypt(id, algorithm, &sealed))?;
        search.after("decryption", &secrets)?;
        let short = calls::cipher_decrypt(id, algorithm, &sealed).room(150);
        search.probe.ends("decryption", &short, status::BUFFER_TOO_SMALL)?;
        search.after("decryption without room", &secrets)?;
        search.done(&calls::destroy_key(id))?;
    }
    for (algorithm, key_type, nonce) in
        [(alg::CCM, kind::AES, 13), (alg::GCM, kind::AES, 12), (alg::CHACHA20_POLY1305, kind::CHACHA20, 12)]
    {
        let (key, message, nonce) = (random.bytes(32), random.bytes(200), random.bytes(nonce));
        let additional = random.bytes(40);
        search.probe.import(Attributes::new(key_type, usage::CRYPT, algorithm).lasting(id), &key)?;
        let sealed = search.done(&calls::aead_encrypt(id, algorithm, &nonce, &additional, &message))?;
        let secrets = [gone("key", &key), gone("plaintext", &message)];
        search.after("sealing", &secrets)?;
        search.done(&calls::aead_decrypt(id, algorithm, &nonce, &additional, &sealed))?;
        search.after("opening", &secrets)?;
        let mut wrong = sealed.clone();
        wrong[215] ^= 1;
        let refused = calls::aead_decrypt(id, algorithm, &nonce, &additional, &wrong);
        search.probe.ends("opening", &refused, status::INVALID_SIGNATURE)?;
        search.after("opening of what is not authentic", &secrets)?;
        search.done(&calls::destroy_key(id))?;
    }
    Ok(())
}

/// Operations in several calls: their state is kept while they are open, and no longer.
fn several_calls(search: &mut Search<'_>, random: &mut Sampler) -> Outcome {
    let id = LASTING.start + 4;
    let message = random.bytes(100);
    for algorithm in [alg::hmac(alg::SHA_256), alg::CMAC] {
        let key_type = if algorithm == alg::CMAC { kind::AES } else { kind::HMAC };
        let key = random.bytes(32);
        search.probe.import(Attributes::new(key_type, usage::SIGN, algorithm).lasting(id), &key)?;
        let secrets = [gone("key", &key), gone("message", &message)];
        for aborted in [false, true] {
            let operation = search.numbered(&calls::mac_sign_setup(id, algorithm))?;
            search.done(&calls::mac_update(operation, &message))?;
            if aborted {
                search.done(&calls::abort(operation))?;
            } else {
                search.done(&calls::mac_sign_finish(operation))?;
            }
            search.after(if aborted { "aborted MAC" } else { "MAC in several calls" }, &secrets)?;
        }
        search.done(&calls::destroy_key(id))?;
    }
    for algorithm in [alg::CTR, alg::CBC_PKCS7] {
        let key = random.bytes(16);
        search.probe.import(Attributes::new(kind::AES, usage::CRYPT, algorithm).lasting(id), &key)?;
        let secrets = [gone("key", &key), gone("plaintext", &message)];
        for aborted in [false, true] {
            let operation = search.numbered(&calls::cipher_encrypt_setup(id, algorithm))?;
            search.done(&calls::cipher_generate_iv(operation))?;
            search.done(&calls::cipher_update(operation, &message))?;
            if aborted {
                search.done(&calls::abort(operation))?;
            } else {
                search.done(&calls::cipher_finish(operation))?;
            }
            search.after(
                if aborted { "aborted encryption" } else { "encryption in several calls" },
                &secrets,
            )?;
        }
        search.done(&calls::destroy_key(id))?;
    }
    for (algorithm, key_type) in
        [(alg::CCM, kind::AES), (alg::GCM, kind::AES), (alg::CHACHA20_POLY1305, kind::CHACHA20)]
    {
        let key = random.bytes(32);
        search.probe.import(Attributes::new(key_type, usage::CRYPT, algorithm).lasting(id), &key)?;
        let secrets = [gone("key", &key), gone("plaintext", &message)];
        for end in ["finished", "aborted", "out of order", "its key destroyed"] {
            let operation = search.numbered(&calls::aead_encrypt_setup(id, algorithm))?;
            search.done(&calls::aead_set_lengths(operation, 0, message.len() as u32))?;
            search.done(&calls::aead_generate_nonce(operation))?;
            search.done(&calls::aead_update(operation, &message))?;
            match end {
                "finished" => drop(search.done(&calls::aead_finish(operation))?),
                "aborted" => drop(search.done(&calls::abort(operation))?),
                "out of order" => {
                    search.probe.ends(end, &calls::aead_generate_nonce(operation), status::BAD_STATE)?;
                }
                _ => drop(search.done(&calls::destroy_key(id))?),
            }
            search.after(&format!("sealing in several calls, {end}"), &secrets)?;
        }
    }
    Ok(())
}

fn signatures(search: &mut Search<'_>, random: &mut Sampler) -> Outcome {
    let id = LASTING.start + 5;
    let message = random.bytes(100);
    for algorithm in [alg::ecdsa(alg::SHA_256), alg::deterministic_ecdsa(alg::SHA_256)] {
        for lasting in [false, true] {
            let key = private_key(random, 32)?;
            let attributes = Attributes::new(kind::SECP_R1, usage::SIGN_BOTH, algorithm);
            let attributes = if lasting { attributes.lasting(id) } else { attributes };
            let id = search.probe.import(attributes, &key)?;
            let signature = search.done(&calls::sign_message(id, algorithm, &message))?;
            let nonce = reference::p256_nonce(&key, &Hash::Sha256.of(&message), &signature);
            let Some(nonce) = nonce else {
                return Err(Failure::Refuted("a signature on P-256 has numbers out of range".into()));
            };
            let places = usize::from(!lasting);
            let key_secret = Secret { name: "key", bytes: &key, places };
            search.after(
                "signature on P-256",
                &[key_secret, gone("nonce", &nonce), gone("message", &message)],
            )?;
            search.done(&calls::verify_message(id, algorithm, &message, &signature))?;
            search.done(&calls::export_public_key(id))?;
            search.after("public key and verification", &[Secret { name: "key", bytes: &key, places }])?;
            search.done(&calls::destroy_key(id))?;
            search.after("destruction of a P-256 key", &[gone("key", &key)])?;
        }
    }
    let key = private_key(random, 48)?;
    let algorithm = alg::ecdsa(alg::SHA_384);
    search.probe.import(Attributes::new(kind::SECP_R1, usage::SIGN_BOTH, algorithm).lasting(id), &key)?;
    search.done(&calls::sign_message(id, algorithm, &message))?;
    search.after("signature on P-384", &[gone("key", &key), gone("message", &message)])?;
    search.done(&calls::destroy_key(id))?;
    let seed = random.bytes(32);
    search
        .probe
        .import(Attributes::new(kind::TWISTED_EDWARDS, usage::SIGN, alg::PURE_EDDSA).lasting(id), &seed)?;
    search.done(&calls::sign_message(id, alg::PURE_EDDSA, &message))?;
    // RFC 8032, 5.1.6: the seed's hash is the secret number and the prefix of the nonce.
    let hash = Hash::Sha512.of(&seed);
    let nonce = Hash::Sha512.of(&[&hash[32..], &message].concat());
    let secrets = [
        gone("key", &seed),
        gone("secret number and prefix", &hash),
        gone("nonce", &nonce),
        gone("message", &message),
    ];
    search.after("Ed25519 signature", &secrets)?;
    search.done(&calls::destroy_key(id))?;
    Ok(())
}

/// A private key on a curve: any number that the host takes as one.
fn private_key(random: &mut Sampler, size: usize) -> Outcome<Vec<u8>> {
    for _ in 0..8 {
        let key = random.bytes(size);
        if reference::ec_public(&key).is_some() {
            return Ok(key);
        }
    }
    Err(Failure::Harness(anyhow::anyhow!("eight samples in a row are no private keys")))
}

fn agreements(search: &mut Search<'_>, random: &mut Sampler) -> Outcome {
    let (pair, derived) = (LASTING.start + 6, LASTING.start + 7);
    for key_type in [kind::SECP_R1, kind::MONTGOMERY] {
        let (ours, theirs) = (private_key(random, 32)?, private_key(random, 32)?);
        let (peer, shared) = if key_type == kind::SECP_R1 {
            let peer = reference::ec_public(&theirs).unwrap_or_default();
            let shared = reference::p256_agrees(&ours, &peer).unwrap_or_default();
            (peer, shared)
        } else {
            let [ours, theirs] = [&ours, &theirs].map(|key| key[..].try_into().unwrap_or([1; 32]));
            let peer = reference::x25519_public(theirs);
            let shared = reference::x25519_agrees(ours, peer[..].try_into().unwrap_or([1; 32]));
            (peer, shared)
        };
        search.probe.import(Attributes::new(key_type, usage::DERIVE, alg::ECDH).lasting(pair), &ours)?;
        let came = search.done(&calls::raw_key_agreement(alg::ECDH, pair, &peer))?;
        require!(came == shared, "the device agrees on another secret than the host");
        search.after("agreement", &[gone("key", &ours), gone("shared secret", &shared)])?;
        let algorithm = alg::agreement(alg::ECDH, alg::hkdf(alg::SHA_256));
        let (salt, info) = (random.bytes(16), random.bytes(16));
        let bytes = search.done(&calls::derive_bytes(pair, algorithm, &salt, &info, &peer))?;
        let pseudorandom = Hash::Sha256.hmac(&salt, &[&shared]);
        require!(bytes == Hash::Sha256.hkdf(&salt, &shared, &info, 32), "other bytes than the host's");
        let secrets = [
            gone("key", &ours),
            gone("shared secret", &shared),
            gone("pseudorandom key", &pseudorandom),
            gone("derived bytes", &bytes),
        ];
        search.after("agreement and derivation", &secrets)?;
        let attributes = Attributes::new(kind::DERIVE, usage::DERIVE, alg::hkdf(alg::SHA_256));
        let made = search.numbered(&calls::key_agreement(alg::ECDH, pair, &peer, &attributes.to_bytes()))?;
        search.after("agreement on a volatile key", &[gone("key", &ours), kept("shared secret", &shared)])?;
        let derive = |lifetime: Attributes| -> Vec<u8> { lifetime.sized(256).to_bytes().to_vec() };
        let aes = Attributes::new(kind::AES, usage::CRYPT, alg::GCM);
        let volatile = derive(aes);
        let id =
            search.numbered(&calls::derive_key(made, alg::hkdf(alg::SHA_256), &salt, &info, &volatile))?;
        let secrets = [
            kept("shared secret", &shared),
            gone("pseudorandom key", &pseudorandom),
            kept("derived key", &bytes),
        ];
        search.after("derivation of a volatile key", &secrets)?;
        search.done(&calls::destroy_key(id))?;
        let lasting = derive(aes.lasting(derived));
        search.numbered(&calls::derive_key(made, alg::hkdf(alg::SHA_256), &salt, &info, &lasting))?;
        search.done(&calls::destroy_key(made))?;
        let secrets = [
            gone("key", &ours),
            gone("shared secret", &shared),
            gone("pseudorandom key", &pseudorandom),
            gone("derived key", &bytes),
        ];
        search.after("derivation of a persistent key", &secrets)?;
        search.done(&calls::destroy_key(derived))?;
        search.done(&calls::destroy_key(pair))?;
    }
    Ok(())
}

/// Random, hashes, records, readings, tokens.
fn storage(search: &mut Search<'_>, random: &mut Sampler) -> Outcome {
    let bytes = search.done(&calls::random().room(256))?;
    search.after("random", &[gone("random bytes", &bytes)])?;
    let message = random.bytes(1000);
    search.done(&calls::digest(alg::SHA_256, &message))?;
    search.after("hash", &[gone("message", &message)])?;
    let operation = search.numbered(&calls::hash_setup(alg::SHA_512))?;
    search.done(&calls::hash_update(operation, &message))?;
    search.done(&calls::hash_finish(operation))?;
    search.after("hash in several calls", &[gone("message", &message)])?;
    let content = random.bytes(500);
    search.done(&calls::storage_set(7, 0, 0, &content))?;
    search.after("storing of a record", &[gone("record", &content)])?;
    search.done(&calls::storage_get(7, 0, 0))?;
    search.after("reading of a record", &[gone("record", &content)])?;
    search.done(&calls::storage_remove(7, 0))?;
    search.after("removal of a record", &[gone("record", &content)])?;
    let mut reading = random.bytes(24);
    // Its end is zero.
    reading[22..].fill(0);
    let index = search.numbered(&calls::readings_append(&reading))?;
    search.after("appending of a reading", &[gone("reading", &reading[..22])])?;
    search.done(&calls::readings_read(index))?;
    search.after("reading of a reading", &[gone("reading", &reading[..22])])?;
    let challenge = random.bytes(32);
    let token = search.done(&calls::attest_get_token(&challenge))?;
    search.after("token", &[gone("challenge", &challenge), gone("signature", &token[token.len() - 64..])])?;
    Ok(())
}

/// A run of the platform's memory that differs and is longer than this is no counter.
const COUNTER: u64 = 8;

fn independent(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut random = bench.sampler("purging-differences");
    let mut probe = Probe::start(bench, seen)?;
    // All self-tests have run, and the generator too.
    for _ in 0..2 {
        let mut random = random.clone();
        SECRET_CALLS.iter().try_for_each(|(_, _, run)| run(&mut probe, &mut random))?;
    }
    let before = Residues::of(&mut probe)?;
    probe.done(&calls::random())?;
    let after = Residues::of(&mut probe)?;
    let state: Vec<Range<u64>> = before.differences(&after);
    let long = |range: &&Range<u64>| range.end - range.start > COUNTER;
    let generator: Vec<Range<u64>> = state.iter().filter(long).cloned().collect();
    seen.control("the same comparison before and after a draw of random", |_| {
        require!(!generator.is_empty(), "no difference is seen though the generator's state changed");
        let bytes: u64 = generator.iter().map(|range| range.end - range.start).sum();
        require!(bytes <= 200, "{bytes} bytes differ: {generator:x?}");
        Ok(format!("{bytes} bytes differ, at {generator:x?}"))
    })?;
    let volatile = Attributes::new(kind::HMAC, usage::SIGN, alg::hmac(alg::SHA_256));
    seen.control("the same comparison with another volatile key in its place", |_| {
        let mut moments = Vec::new();
        for _ in 0..2 {
            let id = probe.import(volatile, &random.bytes(32))?;
            moments.push(Residues::of(&mut probe)?);
            probe.done(&calls::destroy_key(id))?;
        }
        let found = moments[0].differences(&moments[1]);
        require!(found.iter().any(|range| range.end - range.start >= 24), "only {found:x?} differ");
        Ok(format!("differences at {found:x?}"))
    })?;
    let mut wrong = Vec::new();
    for (place, (what, draws, run)) in SECRET_CALLS.iter().enumerate() {
        let mut moments = Vec::new();
        for _ in 0..2 {
            run(&mut probe, &mut random)?;
            moments.push(Residues::of(&mut probe)?);
        }
        let allowed = |range: &Range<u64>| {
            *draws
                && generator
                    .iter()
                    .any(|known| range.start + COUNTER >= known.start && range.end <= known.end + COUNTER)
        };
        let found = moments[0].differences(&moments[1]);
        let left: Vec<_> = found.iter().filter(long).filter(|range| !allowed(range)).collect();
        if left.is_empty() {
            seen.case(what, "counters only");
        } else {
            seen.case(what, "MORE THAN COUNTERS");
            let total: u64 = left.iter().map(|range| range.end - range.start).sum();
            wrong.push(format!("{place}: after {what} {total} bytes depend on the secrets, at {left:x?}"));
        }
    }
    all_as_expected(seen, wrong)
}

type SecretCalls = fn(&mut Probe, &mut Sampler) -> Outcome;

/// Calls on secrets: what, whether they draw random, and the calls. All keys are gone at the end.
const SECRET_CALLS: &[(&str, bool, SecretCalls)] = &[
    ("a volatile key that came and went", false, |probe, random| {
        let id = probe
            .import(Attributes::new(kind::HMAC, usage::SIGN, alg::hmac(alg::SHA_256)), &random.bytes(64))?;
        probe.done(&calls::destroy_key(id)).map(drop)
    }),
    ("HMAC", false, |probe, random| {
        let id = probe
            .import(Attributes::new(kind::HMAC, usage::SIGN, alg::hmac(alg::SHA_512)), &random.bytes(64))?;
        probe.done(&calls::mac_compute(id, alg::hmac(alg::SHA_512), &random.bytes(100)))?;
        probe.done(&calls::destroy_key(id)).map(drop)
    }),
    ("CMAC", false, |probe, random| {
        let id = probe.import(Attributes::new(kind::AES, usage::SIGN, alg::CMAC), &random.bytes(16))?;
        probe.done(&calls::mac_compute(id, alg::CMAC, &random.bytes(100)))?;
        probe.done(&calls::destroy_key(id)).map(drop)
    }),
    ("CBC and CTR in several calls, one aborted", false, |probe, random| {
        for algorithm in [alg::CBC_PKCS7, alg::CTR] {
            let id = probe.import(Attributes::new(kind::AES, usage::CRYPT, algorithm), &random.bytes(32))?;
            for aborted in [true, false] {
                let operation = probe.numbered(&calls::cipher_encrypt_setup(id, algorithm))?;
                probe.done(&calls::cipher_set_iv(operation, &random.bytes(16)))?;
                probe.done(&calls::cipher_update(operation, &random.bytes(100)))?;
                let end = if aborted { calls::abort(operation) } else { calls::cipher_finish(operation) };
                probe.done(&end)?;
            }
            probe.done(&calls::destroy_key(id))?;
        }
        Ok(())
    }),
    ("CCM", false, |probe, random| sealed(probe, random, alg::CCM, kind::AES)),
    ("GCM", false, |probe, random| sealed(probe, random, alg::GCM, kind::AES)),
    ("ChaCha20-Poly1305", false, |probe, random| {
        sealed(probe, random, alg::CHACHA20_POLY1305, kind::CHACHA20)
    }),
    ("deterministic ECDSA on P-256", false, |probe, random| {
        signed(probe, random, kind::SECP_R1, alg::deterministic_ecdsa(alg::SHA_256), 32)
    }),
    ("deterministic ECDSA on P-384", false, |probe, random| {
        signed(probe, random, kind::SECP_R1, alg::deterministic_ecdsa(alg::SHA_384), 48)
    }),
    ("Ed25519", false, |probe, random| signed(probe, random, kind::TWISTED_EDWARDS, alg::PURE_EDDSA, 32)),
    ("randomised ECDSA on P-256", true, |probe, random| {
        signed(probe, random, kind::SECP_R1, alg::ecdsa(alg::SHA_256), 32)
    }),
    ("randomised ECDSA on P-384", true, |probe, random| {
        signed(probe, random, kind::SECP_R1, alg::ecdsa(alg::SHA_384), 48)
    }),
    ("agreement on P-256", false, |probe, random| agreed(probe, random, kind::SECP_R1)),
    ("agreement with X25519", false, |probe, random| agreed(probe, random, kind::MONTGOMERY)),
    ("derivation", false, |probe, random| {
        let algorithm = alg::hkdf(alg::SHA_384);
        let id = probe.import(Attributes::new(kind::DERIVE, usage::DERIVE, algorithm), &random.bytes(48))?;
        probe
            .done(&calls::derive_bytes(id, algorithm, &random.bytes(20), &random.bytes(20), &[]).room(200))?;
        probe.done(&calls::destroy_key(id)).map(drop)
    }),
    ("keys that were made", true, |probe, _| {
        for attributes in [
            Attributes::new(kind::AES, usage::EXPORT, alg::GCM).sized(256),
            Attributes::new(kind::SECP_R1, usage::EXPORT, alg::ecdsa(alg::SHA_256)).sized(256),
            Attributes::new(kind::SECP_R1, usage::EXPORT, alg::ecdsa(alg::SHA_384)).sized(384),
            Attributes::new(kind::MONTGOMERY, usage::EXPORT, alg::ECDH).sized(255),
            Attributes::new(kind::TWISTED_EDWARDS, usage::EXPORT, alg::PURE_EDDSA).sized(255),
        ] {
            let id = probe.generate(attributes)?;
            probe.done(&calls::export_key(id))?;
            probe.done(&calls::destroy_key(id))?;
        }
        Ok(())
    }),
    ("hashes, one aborted", false, |probe, random| {
        for algorithm in [alg::SHA_256, alg::SHA_512] {
            probe.done(&calls::digest(algorithm, &random.bytes(200)))?;
            let operation = probe.numbered(&calls::hash_setup(algorithm))?;
            probe.done(&calls::hash_update(operation, &random.bytes(100)))?;
            probe.done(&calls::abort(operation))?;
        }
        Ok(())
    }),
    ("token", false, |probe, random| probe.done(&calls::attest_get_token(&random.bytes(32))).map(drop)),
];

fn sealed(probe: &mut Probe, random: &mut Sampler, algorithm: u32, key_type: u16) -> Outcome {
    let id = probe.import(Attributes::new(key_type, usage::CRYPT, algorithm), &random.bytes(32))?;
    let (nonce, additional, message) = (random.bytes(12), random.bytes(40), random.bytes(100));
    let sealed = probe.done(&calls::aead_encrypt(id, algorithm, &nonce, &additional, &message))?;
    probe.done(&calls::aead_decrypt(id, algorithm, &nonce, &additional, &sealed))?;
    for aborted in [true, false] {
        let operation = probe.numbered(&calls::aead_decrypt_setup(id, algorithm))?;
        probe.done(&calls::aead_set_lengths(operation, 40, 100))?;
        probe.done(&calls::aead_set_nonce(operation, &nonce))?;
        probe.done(&calls::aead_update_ad(operation, &additional))?;
        probe.done(&calls::aead_update(operation, &sealed[..100]))?;
        let end =
            if aborted { calls::abort(operation) } else { calls::aead_verify(operation, &sealed[100..]) };
        probe.done(&end)?;
    }
    probe.done(&calls::destroy_key(id)).map(drop)
}

fn signed(probe: &mut Probe, random: &mut Sampler, key_type: u16, algorithm: u32, size: usize) -> Outcome {
    let key = private_key(random, size)?;
    let id = probe.import(Attributes::new(key_type, usage::SIGN_BOTH, algorithm), &key)?;
    probe.done(&calls::sign_message(id, algorithm, &random.bytes(100)))?;
    probe.done(&calls::export_public_key(id))?;
    probe.done(&calls::destroy_key(id)).map(drop)
}

fn agreed(probe: &mut Probe, random: &mut Sampler, key_type: u16) -> Outcome {
    let (ours, theirs) = (private_key(random, 32)?, private_key(random, 32)?);
    let peer = if key_type == kind::SECP_R1 {
        reference::ec_public(&theirs).unwrap_or_default()
    } else {
        reference::x25519_public(theirs.try_into().unwrap_or([1; 32]))
    };
    let id = probe.import(Attributes::new(key_type, usage::DERIVE, alg::ECDH), &ours)?;
    probe.done(&calls::raw_key_agreement(alg::ECDH, id, &peer))?;
    let algorithm = alg::agreement(alg::ECDH, alg::hkdf(alg::SHA_256));
    probe.done(&calls::derive_bytes(id, algorithm, &random.bytes(20), &random.bytes(20), &peer))?;
    probe.done(&calls::destroy_key(id)).map(drop)
}

fn reset(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut random = bench.sampler("purging-reset");
    let mut probe = Probe::start(bench, seen)?;
    probe.done(&calls::random())?;
    let before = Residues::of(&mut probe)?;
    probe.done(&calls::random())?;
    let after = Residues::of(&mut probe)?;
    let state = before.differences(&after);
    let state = state.iter().max_by_key(|range| range.end - range.start).cloned().unwrap_or_default();
    let generator = after.at(&state).to_vec();
    require!(generator.len() >= 32, "the state of the generator has only {} bytes", generator.len());

    let (key, message, pattern) = (random.bytes(32), random.bytes(100), random.bytes(32));
    let hmac = alg::hmac(alg::SHA_256);
    let id = probe.import(Attributes::new(kind::HMAC, usage::SIGN, hmac), &key)?;
    let operation = probe.numbered(&calls::hash_setup(alg::SHA_256))?;
    // Less than a block waits in the operation as it is.
    probe.done(&calls::hash_update(operation, &message[..48]))?;
    probe.ok(&format!("put 64 {}", hex::encode(&pattern)))?;
    let secrets = [
        ("volatile key", &key[..]),
        ("message of an open operation", &message[..48]),
        ("pattern in the application's memory", &pattern[..]),
        ("state of the random generator", &generator[..]),
    ];
    let there = Residues::of(&mut probe)?;
    for (name, secret) in secrets {
        seen.control(&format!("{name}, before the reset"), |_| {
            let found = there.in_memory(name, secret);
            require!(!found.is_empty(), "it is not found");
            Ok(format!("found: {}", found[0]))
        })?;
    }
    probe.must_fault("udf", &["hard-fault", "usage-fault"])?;
    let left = Residues::of(&mut probe)?;
    let mut wrong = Vec::new();
    for (name, secret) in secrets {
        let found = left.in_memory(name, secret).into_iter().chain(left.in_flash(name, secret));
        let found: Vec<String> = found.map(|residue| residue.to_string()).collect();
        seen.case(name, if found.is_empty() { "nowhere" } else { "FOUND" });
        wrong.extend(found);
    }
    probe.ends("a key from before the reset", &calls::export_key(id), status::INVALID_HANDLE)?;
    probe.ends("an operation from before", &calls::hash_finish(operation), status::BAD_STATE)?;
    seen.control("the same device goes on", |_| {
        let bytes = probe.done(&calls::random())?;
        Ok(format!("{} random bytes", bytes.len()))
    })?;
    all_as_expected(seen, wrong)
}
