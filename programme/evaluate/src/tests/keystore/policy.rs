//! A key does what its policy allows.

use super::{AGREED, ECDSA, HKDF, HMAC};
use crate::attack::all_as_expected;
use crate::bench::Bench;
use crate::model::{Applies, Kind, Outcome, Test, Threat, require};
use crate::observations::Observations;
use crate::probe::calls::{self, Call};
use crate::probe::psa::{Attributes, alg, kind, usage};
use crate::probe::{Probe, as_number, status};
use crate::reference;
use crate::tests::{interface, sfr};

pub(super) const TESTS: &[Test] = &[Test {
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
}];

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
    let mut allowed_uses = Vec::new();
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
                if *allowed {
                    allowed_uses.push((good, format!("{what} {case}: status {came}")));
                } else if good {
                    seen.case(&format!("{what} {case}"), &came.to_string());
                } else {
                    seen.case(&format!("{what} {case}"), &format!("NOT REFUSED: {came}"));
                    wrong.push(format!("{what} {case}: status {came}"));
                }
                // What was made is not needed.
                let number = as_number(&output).unwrap_or_default();
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
        let refused = allowed_uses.iter().find(|(good, _)| !good);
        require!(refused.is_none(), "{}", refused.map_or("", |(_, what)| what.as_str()));
        Ok(format!("all {} succeeded", allowed_uses.len()))
    })?;
    all_as_expected(seen, wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

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
