//! Nothing weak is offered.

use crate::attack::all_as_expected;
use crate::bench::Bench;
use crate::model::{Applies, Failure, Kind, Outcome, Test, Threat};
use crate::observations::Observations;
use crate::probe::calls::{self, Call};
use crate::probe::psa::{Attributes, alg, kind, usage};
use crate::probe::{Probe, Returned, as_number, status};
use crate::seed::Sampler;
use crate::tests::{interface, sfr};

pub(super) const TESTS: &[Test] = &[Test {
    id: "crypto-weak-refused",
    title: "Nothing below 128 bits of strength is offered",
    sfr: sfr::CRYPTOGRAPHY,
    threats: &[Threat::Network, Threat::BadSoftware],
    kind: Kind::Attack,
    interface: interface::CALLS,
    procedure: "Ask for MD5, SHA-1 and SHA-224 as hashes and inside HMAC, HKDF and ECDSA; for keys of DES, RC4, RSA, finite-field Diffie-Hellman, P-192, P-224, and AES, HMAC and derivation keys below 128 bits, imported and generated; for ECB, a bare stream cipher, and MACs and tags below 128 bits, in policies and in use.",
    expected: "not-supported (-134) each time, and no key is made; the nearest thing to each that is strong enough succeeds.",
    applies: Applies::Everywhere,
    run: weak,
}];

/// What is not strong enough, and beside it what is.
struct Weak<'a> {
    what: &'a str,
    weak: Call<'a>,
    strong: Call<'a>,
}

fn weak(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let mut random = bench.sampler("crypto-weak");
    let mut wrong = Vec::new();
    // Keys that may be used with any MAC or tag of their family, to see that the request decides.
    let hmac = alg::hmac(alg::SHA_256);
    let any_mac = Attributes::new(kind::HMAC, usage::SIGN, alg::at_least(hmac, 1)).sized(256);
    let any_mac = probe.generate(any_mac)?;
    let any_cmac = Attributes::new(kind::AES, usage::SIGN, alg::at_least(alg::CMAC, 1)).sized(128);
    let any_cmac = probe.generate(any_cmac)?;
    let any_tag =
        |algorithm| Attributes::new(kind::AES, usage::CRYPT, alg::at_least(algorithm, 1)).sized(128);
    let any_ccm = probe.generate(any_tag(alg::CCM))?;
    let any_gcm = probe.generate(any_tag(alg::GCM))?;
    let any_hash = alg::ecdsa(alg::ANY_HASH);
    let any_ecdsa = probe.generate(Attributes::new(kind::SECP_R1, usage::SIGN_BOTH, any_hash).sized(256))?;
    let cbc = probe.generate(Attributes::new(kind::AES, usage::CRYPT, alg::CBC_NO_PADDING).sized(128))?;
    let hkdf = Attributes::new(kind::DERIVE, usage::DERIVE, alg::hkdf(alg::SHA_256)).sized(256);
    let hkdf_key = probe.generate(hkdf)?;
    let (nonce, block) = ([7u8; 13], [9u8; 16]);
    let mut cases: Vec<Weak<'_>> = Vec::new();
    for (what, hash) in [("MD5", alg::MD5), ("SHA-1", alg::SHA_1), ("SHA-224", alg::SHA_224)] {
        let (weak, strong) = (calls::digest(hash, b"abc"), calls::digest(alg::SHA_256, b"abc"));
        cases.push(Weak { what, weak, strong });
        let (weak, strong) = (calls::hash_setup(hash), calls::hash_setup(alg::SHA_256));
        cases.push(Weak { what, weak, strong });
        let (weak, strong) = (alg::hmac(hash), hmac);
        cases.push(Weak {
            what: "HMAC with a weak hash",
            weak: calls::mac_compute(any_mac, weak, b"abc"),
            strong: calls::mac_compute(any_mac, strong, b"abc"),
        });
        let (weak, strong) = (alg::ecdsa(hash), alg::ecdsa(alg::SHA_256));
        cases.push(Weak {
            what: "ECDSA with a weak hash",
            weak: calls::sign_message(any_ecdsa, weak, b"abc"),
            strong: calls::sign_message(any_ecdsa, strong, b"abc"),
        });
        let (weak, strong) = (alg::hkdf(hash), alg::hkdf(alg::SHA_256));
        cases.push(Weak {
            what: "HKDF with a weak hash",
            weak: calls::derive_bytes(hkdf_key, weak, &[], &[], &[]),
            strong: calls::derive_bytes(hkdf_key, strong, &[], &[], &[]),
        });
    }
    for bytes in [1, 4, 8, 12, 15] {
        for (key, algorithm) in [(any_mac, hmac), (any_cmac, alg::CMAC)] {
            let weak = alg::shortened(algorithm, bytes);
            cases.push(Weak {
                what: "MAC below 128 bits",
                weak: calls::mac_compute(key, weak, b"abc"),
                strong: calls::mac_compute(key, alg::shortened(algorithm, 16), b"abc"),
            });
            cases.push(Weak {
                what: "MAC below 128 bits, in several calls",
                weak: calls::mac_sign_setup(key, weak),
                strong: calls::mac_sign_setup(key, alg::shortened(algorithm, 16)),
            });
        }
        for (key, algorithm, nonce) in [(any_ccm, alg::CCM, &nonce[..]), (any_gcm, alg::GCM, &nonce[..12])] {
            let weak = alg::shortened(algorithm, bytes);
            cases.push(Weak {
                what: "tag below 128 bits",
                weak: calls::aead_encrypt(key, weak, nonce, &[], b"abc"),
                strong: calls::aead_encrypt(key, algorithm, nonce, &[], b"abc"),
            });
            cases.push(Weak {
                what: "tag below 128 bits, in several calls",
                weak: calls::aead_decrypt_setup(key, weak),
                strong: calls::aead_decrypt_setup(key, algorithm),
            });
        }
    }
    for (what, weak) in [("ECB", alg::ECB_NO_PADDING), ("bare stream cipher", alg::STREAM_CIPHER)] {
        let strong = alg::CBC_NO_PADDING;
        cases.push(Weak {
            what,
            weak: calls::cipher_encrypt(cbc, weak, &block),
            strong: calls::cipher_encrypt(cbc, strong, &block),
        });
        cases.push(Weak {
            what,
            weak: calls::cipher_decrypt_setup(cbc, weak),
            strong: calls::cipher_decrypt_setup(cbc, strong),
        });
    }
    for Weak { what, weak, .. } in &cases {
        match probe.make(weak)? {
            (status::NOT_SUPPORTED, output) if output.is_empty() => seen.case(what, "not-supported"),
            (status, _) => {
                seen.case(what, "NOT REFUSED");
                wrong.push(format!("{what}: `{}` returned {status}", weak.name));
            }
        }
    }
    seen.control("for each of these the nearest that is strong enough", |_| {
        for Weak { strong, .. } in &cases {
            let output = probe.done(strong)?;
            // The operations are not what this is about.
            if let Some(id) = as_number(&output).filter(|_| strong.name.ends_with("setup")) {
                probe.done(&calls::abort(id))?;
            }
        }
        Ok(format!("{} calls succeeded", cases.len()))
    })?;
    keys_of_no_strength(&mut probe, seen, &mut random, &mut wrong)?;
    all_as_expected(seen, wrong)
}

/// Keys that are too short, or of a type that is, and policies for what is weak.
fn keys_of_no_strength(
    probe: &mut Probe,
    seen: &mut Observations,
    random: &mut Sampler,
    wrong: &mut Vec<String>,
) -> Outcome {
    let aes = |algorithm| Attributes::new(kind::AES, usage::CRYPT, algorithm);
    let ecdsa = |key_type| Attributes::new(key_type, usage::SIGN_BOTH, alg::ecdsa(alg::SHA_256));
    let hmac = |algorithm| Attributes::new(kind::HMAC, usage::SIGN, algorithm);
    let hmac_256 = alg::hmac(alg::SHA_256);
    let hkdf = |hash| Attributes::new(kind::DERIVE, usage::DERIVE, alg::hkdf(hash));
    let none = |key_type| Attributes::new(key_type, usage::EXPORT, 0);
    let chacha = Attributes::new(kind::CHACHA20, usage::CRYPT, alg::CHACHA20_POLY1305);
    let strong_pair = (ecdsa(kind::SECP_R1), 256, 32);
    // What, then attributes, bits and bytes of the weak key and of the strong one.
    let cases = [
        ("AES key of 64 bits", (aes(alg::CTR), 64, 8), (aes(alg::CTR), 128, 16)),
        ("AES key of 120 bits", (aes(alg::CTR), 120, 15), (aes(alg::CTR), 192, 24)),
        ("ChaCha20 key of 128 bits", (chacha, 128, 16), (chacha, 256, 32)),
        ("HMAC key of 120 bits", (hmac(hmac_256), 120, 15), (hmac(hmac_256), 128, 16)),
        ("derivation key of 120 bits", (hkdf(alg::SHA_256), 120, 15), (hkdf(alg::SHA_256), 128, 16)),
        ("DES", (none(kind::DES), 64, 8), (none(kind::AES), 128, 16)),
        ("3DES", (none(kind::DES), 192, 24), (none(kind::AES), 192, 24)),
        ("RC4", (none(kind::ARC4), 128, 16), (none(kind::CHACHA20), 256, 32)),
        ("RSA", (none(kind::RSA_KEY_PAIR), 1024, 128), (none(kind::RAW_DATA), 1024, 128)),
        ("RSA public key", (none(kind::RSA_PUBLIC_KEY), 1024, 128), (none(kind::RAW_DATA), 1024, 128)),
        (
            "finite-field Diffie-Hellman",
            (none(kind::DH_RFC7919), 1024, 128),
            (none(kind::RAW_DATA), 1024, 128),
        ),
        ("P-192", (ecdsa(kind::SECP_R1), 192, 24), strong_pair),
        ("P-224", (ecdsa(kind::SECP_R1), 224, 28), strong_pair),
        ("policy: ECB", (aes(alg::ECB_NO_PADDING), 128, 16), (aes(alg::CBC_PKCS7), 128, 16)),
        ("policy: bare stream cipher", (aes(alg::STREAM_CIPHER), 256, 32), (aes(alg::CTR), 256, 32)),
        (
            "policy: HMAC of 15 bytes",
            (hmac(alg::shortened(hmac_256, 15)), 256, 32),
            (hmac(alg::shortened(hmac_256, 16)), 256, 32),
        ),
        ("policy: HMAC with SHA-1", (hmac(alg::hmac(alg::SHA_1)), 256, 32), (hmac(hmac_256), 256, 32)),
        (
            "policy: CCM with a tag of 8 bytes",
            (aes(alg::shortened(alg::CCM, 8)), 128, 16),
            (aes(alg::CCM), 128, 16),
        ),
        (
            "policy: GCM with a tag of 12 bytes",
            (aes(alg::shortened(alg::GCM, 12)), 128, 16),
            (aes(alg::GCM), 128, 16),
        ),
        ("policy: HKDF with SHA-1", (hkdf(alg::SHA_1), 256, 32), (hkdf(alg::SHA_256), 256, 32)),
        (
            "policy: ECDSA with SHA-1",
            (Attributes { algorithm: alg::ecdsa(alg::SHA_1), ..ecdsa(kind::SECP_R1) }, 256, 32),
            strong_pair,
        ),
        (
            "policy: RSA signatures",
            (Attributes { algorithm: alg::RSA_PKCS1V15_SIGN_SHA_256, ..ecdsa(kind::SECP_R1) }, 256, 32),
            strong_pair,
        ),
        (
            "policy: finite-field agreement",
            (Attributes { algorithm: alg::FFDH, ..hkdf(alg::SHA_256) }, 256, 32),
            (hkdf(alg::SHA_256), 256, 32),
        ),
    ];
    for (what, weak, _) in cases {
        for generated in [false, true] {
            match made(probe, random, weak, generated)? {
                (status::NOT_SUPPORTED, output) if output.is_empty() => seen.case(what, "not-supported"),
                (status, _) => {
                    let how = if generated { "generated" } else { "imported" };
                    seen.case(what, "NOT REFUSED");
                    wrong.push(format!("{what}, {how}: status {status}"));
                }
            }
        }
    }
    seen.control("for each of these keys and policies one that is strong enough", |_| {
        for (what, _, strong) in cases {
            for generated in [false, true] {
                let (status, output) = made(probe, random, strong, generated)?;
                let id = as_number(&output).filter(|_| status == status::SUCCESS);
                let Some(id) = id else {
                    return Err(Failure::Refuted(format!("{what}: what is strong enough: status {status}")));
                };
                probe.done(&calls::destroy_key(id))?;
            }
        }
        Ok(format!("{} keys were imported and {0} made", cases.len()))
    })
}

/// Imports or generates a key of these attributes, bits and bytes.
fn made(
    probe: &mut Probe,
    random: &mut Sampler,
    (attributes, bits, bytes): (Attributes, u16, usize),
    generated: bool,
) -> Outcome<Returned> {
    if generated {
        probe.make(&calls::generate_key(&attributes.sized(bits).to_bytes()))
    } else {
        probe.make(&calls::import_key(&attributes.sized(0).to_bytes(), &random.bytes(bytes)))
    }
}
