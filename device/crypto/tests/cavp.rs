//! NIST CAVP response files, the examples of SP 800-38B, RFC 3686 and RFC 6979: `vectors/` of the repository, taken from
//! cryptography-vectors 48.0.0 (PyPI), as they are there but for line ends.

use cdd_crypto::aead::{self, Aead};
use cdd_crypto::cipher::{CipherMode, Direction, crypt};
use cdd_crypto::curve::{Curve, MAX_PUBLIC, MAX_SIGNATURE};
use cdd_crypto::digest::{Hash, MAX_SIZE};
use cdd_crypto::mac::{Mac, MacAlgorithm};
use cdd_crypto::psa::alg;
use std::collections::HashMap;

/// Calls `case` at each line `last = …`, with all fields so far, and returns how often.
fn each(file: &str, last: &str, mut case: impl FnMut(&HashMap<String, String>)) -> usize {
    let (mut fields, mut cases) = (HashMap::new(), 0);
    for line in file.lines() {
        let line = line.trim_matches(|c: char| c == '[' || c == ']' || c.is_whitespace());
        let Some((name, value)) = line.split_once('=') else {
            if line.starts_with("ENCRYPT") || line.starts_with("DECRYPT") {
                fields.insert("SECTION".to_string(), line.to_string());
            }
            continue;
        };
        let name = name.trim();
        fields.insert(name.to_string(), value.trim().to_string());
        if name == last {
            case(&fields);
            cases += 1;
        }
    }
    cases
}

fn bytes(fields: &HashMap<String, String>, name: &str) -> Vec<u8> {
    hex::decode(&fields[name]).unwrap()
}

fn number(fields: &HashMap<String, String>, name: &str) -> usize {
    fields[name].parse().unwrap()
}

#[test]
fn hashes_give_the_answers_of_cavp() {
    for (file, hash, cases) in [
        (include_str!("../../../vectors/sha256shortmsg.rsp"), Hash::Sha256, 65),
        (include_str!("../../../vectors/sha384shortmsg.rsp"), Hash::Sha384, 129),
        (include_str!("../../../vectors/sha512shortmsg.rsp"), Hash::Sha512, 129),
    ] {
        let ran = each(file, "MD", |fields| {
            let message = &bytes(fields, "Msg")[..number(fields, "Len") / 8];
            let mut out = [0; MAX_SIZE];
            let size = hash.digest(message, &mut out);
            assert_eq!(out[..size], bytes(fields, "MD"), "{hash:?} {}", message.len());
        });
        assert_eq!(ran, cases);
    }
}

#[test]
fn cbc_gives_the_answers_of_cavp() {
    let mut ran = 0;
    for file in [
        include_str!("../../../vectors/cbcmmt128.rsp"),
        include_str!("../../../vectors/cbcmmt192.rsp"),
        include_str!("../../../vectors/cbcmmt256.rsp"),
    ] {
        let mut check = |fields: &HashMap<String, String>| {
            let (direction, from, to) = match fields["SECTION"].as_str() {
                "ENCRYPT" => (Direction::Encrypt, "PLAINTEXT", "CIPHERTEXT"),
                _ => (Direction::Decrypt, "CIPHERTEXT", "PLAINTEXT"),
            };
            let iv = bytes(fields, "IV").try_into().unwrap();
            let (from, to) = (bytes(fields, from), bytes(fields, to));
            let mut out = vec![0; from.len()];
            let size =
                crypt(CipherMode::CbcNoPadding, direction, &bytes(fields, "KEY"), &iv, &from, &mut out);
            assert_eq!(size, Ok(to.len()));
            assert_eq!(out, to);
        };
        let (there, back) = file.split_once("[DECRYPT]").unwrap();
        ran += each(there, "CIPHERTEXT", &mut check);
        ran += each(&format!("[DECRYPT]\n{back}"), "PLAINTEXT", &mut check);
    }
    assert_eq!(ran, 60);
}

#[test]
fn counter_mode_gives_the_answers_of_rfc_3686() {
    let mut ran = 0;
    for file in [
        include_str!("../../../vectors/aes_128_ctr.txt"),
        include_str!("../../../vectors/aes_192_ctr.txt"),
        include_str!("../../../vectors/aes_256_ctr.txt"),
    ] {
        ran += each(file, "CIPHERTEXT", |fields| {
            let iv = bytes(fields, "IV").try_into().unwrap();
            let (from, to) = (bytes(fields, "PLAINTEXT"), bytes(fields, "CIPHERTEXT"));
            let mut out = vec![0; from.len()];
            crypt(CipherMode::Ctr, Direction::Encrypt, &bytes(fields, "KEY"), &iv, &from, &mut out).unwrap();
            assert_eq!(out, to);
        });
    }
    assert_eq!(ran, 9);
}

#[test]
fn ccm_gives_the_answers_of_cavp_for_every_length_of_nonce() {
    let mut ran = 0;
    for file in [
        include_str!("../../../vectors/vnt128.rsp"),
        include_str!("../../../vectors/vnt192.rsp"),
        include_str!("../../../vectors/vnt256.rsp"),
    ] {
        ran += each(file, "CT", |fields| {
            assert_eq!(number(fields, "Tlen"), aead::TAG);
            let (key, nonce, aad) = (bytes(fields, "Key"), bytes(fields, "Nonce"), bytes(fields, "Adata"));
            let (plain, sealed) = (bytes(fields, "Payload"), bytes(fields, "CT"));
            let (mut there, mut back) = (vec![0; sealed.len()], vec![0; plain.len()]);
            aead::encrypt(Aead::Ccm, &key, &nonce, &aad, &plain, &mut there).unwrap();
            aead::decrypt(Aead::Ccm, &key, &nonce, &aad, &sealed, &mut back).unwrap();
            assert_eq!((there, back), (sealed, plain));
        });
    }
    assert_eq!(ran, 210);
}

#[test]
fn cmac_gives_the_answers_of_sp_800_38b() {
    let mut ran = 0;
    for file in [
        include_str!("../../../vectors/nist_800_38b_aes128.txt"),
        include_str!("../../../vectors/nist_800_38b_aes192.txt"),
        include_str!("../../../vectors/nist_800_38b_aes256.txt"),
    ] {
        ran += each(file, "OUTPUT", |fields| {
            let mut mac =
                Mac::new(MacAlgorithm::from_psa(alg::CMAC).unwrap(), &bytes(fields, "KEY")).unwrap();
            mac.update(&bytes(fields, "MESSAGE"));
            let mut out = [0; 16];
            assert_eq!(mac.finish(&mut out), Ok(16));
            assert_eq!(out[..], bytes(fields, "OUTPUT"));
        });
    }
    assert_eq!(ran, 12);
}

#[test]
fn deterministic_ecdsa_gives_the_answers_of_rfc_6979_and_a_randomised_one_verifies_too() {
    let ran = each(include_str!("../../../vectors/rfc6979.txt"), "SIGNATURE", |fields| {
        let curve = Curve::from_bits(number(fields, "CURVE")).unwrap();
        let hash = match number(fields, "HASH") {
            256 => Hash::Sha256,
            384 => Hash::Sha384,
            _ => Hash::Sha512,
        };
        let key = bytes(fields, "KEY");
        let mut digest = [0; MAX_SIZE];
        let size = hash.digest(&bytes(fields, "MESSAGE"), &mut digest);
        let digest = &digest[..size];
        let mut out = [0; MAX_SIGNATURE];
        let size = curve.sign(hash, &key, digest, &[], &mut out).unwrap();
        assert_eq!(out[..size], bytes(fields, "SIGNATURE"), "{curve:?} {hash:?}");

        let mut public = [0; MAX_PUBLIC];
        let size_of_public = curve.public_key(&key, &mut public).unwrap();
        let mut other = [0; MAX_SIGNATURE];
        curve.sign(hash, &key, digest, &[1; 32], &mut other).unwrap();
        assert_ne!(out, other);
        for signature in [&out[..size], &other[..size]] {
            assert_eq!(curve.verify(&public[..size_of_public], digest, signature), Ok(()));
        }
    });
    assert_eq!(ran, 12);
}
