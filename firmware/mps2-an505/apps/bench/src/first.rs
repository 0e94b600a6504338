//! The self-test of a family inside each call that may be the first to use it: where the stack goes deepest.
//!
//! A family is tested once in a start, so each of these sequences is a start of its own. They have no figures.

use crate::psa::{self, kind};
use crate::{Bench, Interval, Lent, Marks, SHORT};
use cdd_client::{Entry, Platform, Status};

/// Numbers of the keys that [`prepare`] leaves.
const SIGNING: u32 = 11;
const AGREEING: u32 = 12;
const SIGNING_384: u32 = 13;

/// How many sequences there are; their numbers begin with 1.
pub const FIRST_USES: u32 = 14;

/// Stores the keys that the sequences use.
pub fn prepare<E: Entry, M: Marks>(platform: Platform<E>, marks: M) -> Result<(), Status> {
    let mut bench = Bench::new(platform, marks);
    for (id, bytes, algorithm) in [
        (SIGNING, 32, psa::DETERMINISTIC_ECDSA_SHA_256),
        (AGREEING, 32, psa::ECDH),
        (SIGNING_384, 48, psa::DETERMINISTIC_ECDSA_SHA_384),
    ] {
        let pair = psa::persistent(kind::SECP_R1, 0, algorithm, id);
        bench.pass(|l| l.platform.import(&pair, &l.message[1..=bytes]))?;
    }
    Ok(())
}

/// One call after a start, with all that it tests.
pub fn first_use<E: Entry, M: Marks>(platform: Platform<E>, marks: M, number: u32) -> Result<(), Status> {
    let mut bench = Bench::new(platform, marks);
    bench.marks.begin(Interval { name: None, records: None, calls: 1, resets: false });
    let Bench { platform, message, out, .. } = &mut bench;
    let done = call(Lent { platform, message, out }, number);
    bench.marks.end();
    match done {
        // What was verified was no signature; the work is the same.
        Ok(_) | Err(Status::InvalidSignature) => Ok(()),
        Err(status) => Err(status),
    }
}

fn call<E: Entry>(lent: Lent<'_, E>, number: u32) -> Result<usize, Status> {
    let Lent { platform, message, out } = lent;
    let (ecdsa, agreement) = (psa::DETERMINISTIC_ECDSA_SHA_256, psa::ECDH | psa::HKDF_SHA_256);
    let (hash, short) = (&message[..32], &message[..SHORT]);
    let wanted = psa::volatile(kind::DERIVE, 0, psa::HKDF_SHA_256).to_bytes();
    match number {
        1 => platform.attest_get_token(hash, &mut out[..1024]),
        2 => platform.attest_get_token_size(32, &mut out[..4]),
        3 => platform.attest_get_key(&mut out[..65]),
        4 => {
            let pair = psa::persistent(kind::SECP_R1, 256, ecdsa, SIGNING_384 + 1);
            platform.generate_key(&pair.to_bytes(), &mut out[..4])
        }
        5 => platform.export_public_key(SIGNING, &mut out[..65]),
        6 => platform.sign_hash(SIGNING, ecdsa, hash, &mut out[..64]),
        7 => platform.sign_message(SIGNING, ecdsa, short, &mut out[..64]),
        8 => platform.verify_hash(SIGNING, ecdsa, hash, short),
        9 => platform.verify_message(SIGNING, ecdsa, short, short),
        10 => platform.raw_key_agreement(psa::ECDH, AGREEING, &GENERATOR, &mut out[..32]),
        11 => platform.key_agreement(psa::ECDH, AGREEING, &GENERATOR, &wanted, &mut out[..4]),
        12 => {
            let mut request = [0; 20 + GENERATOR.len()];
            request[..20].copy_from_slice(&psa::volatile(kind::AES, 128, psa::CCM).to_bytes());
            request[20..].copy_from_slice(&GENERATOR);
            platform.derive_key(AGREEING, agreement, hash, hash, &request, &mut out[..4])
        }
        13 => {
            let ecdsa = psa::DETERMINISTIC_ECDSA_SHA_384;
            platform.verify_message(SIGNING_384, ecdsa, short, &message[..96])
        }
        _ => platform.derive_bytes(AGREEING, agreement, hash, hash, &GENERATOR, &mut out[..64]),
    }
}

/// The generator of P-256 (SP 800-186 §3.2.1.3): a peer's key that needs no key to be made.
const GENERATOR: [u8; 65] = [
    0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2,
    0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f,
    0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce,
    0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
];
