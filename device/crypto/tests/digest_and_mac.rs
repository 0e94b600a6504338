//! The examples of FIPS 180-4 (NIST, "Cryptographic Standards and Guidelines: Example Values") and RFC 4231.

use cdd_crypto::digest::{Hash, Hasher, MAX_SIZE};
use cdd_crypto::mac::{HmacSha256, hmac_sha256};
use proptest::prelude::*;

const TWO_BLOCKS_256: &[u8] = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
#[cfg(feature = "sha512")]
const TWO_BLOCKS_512: &[u8] =
    b"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";

fn digest(hash: Hash, message: &[u8]) -> String {
    let mut out = [0u8; MAX_SIZE];
    let size = hash.digest(message, &mut out);
    assert_eq!(size, hash.size());
    hex::encode(&out[..size])
}

#[test]
fn sha_256_gives_the_answers_of_fips_180_4() {
    for (message, answer) in [
        (&b"abc"[..], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (TWO_BLOCKS_256, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
        (&[b'a'; 1_000_000], "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ] {
        assert_eq!(digest(Hash::Sha256, message), answer);
    }
}

#[test]
#[cfg(feature = "sha512")]
fn sha_384_gives_the_answers_of_fips_180_4() {
    for (message, answer) in [
        (
            &b"abc"[..],
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        ),
        (
            b"",
            "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
        ),
        (
            TWO_BLOCKS_512,
            "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039",
        ),
    ] {
        assert_eq!(digest(Hash::Sha384, message), answer);
    }
}

#[test]
#[cfg(feature = "sha512")]
fn sha_512_gives_the_answers_of_fips_180_4() {
    for (message, answer) in [
        (
            &b"abc"[..],
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
        (
            b"",
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
        ),
        (
            TWO_BLOCKS_512,
            "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909",
        ),
    ] {
        assert_eq!(digest(Hash::Sha512, message), answer);
    }
}

#[test]
fn a_psa_identifier_names_its_function_and_any_other_none() {
    assert_eq!(Hash::from_psa(0x0200_0009), Some(Hash::Sha256));
    #[cfg(feature = "sha512")]
    {
        assert_eq!(Hash::from_psa(0x0200_000a), Some(Hash::Sha384));
        assert_eq!(Hash::from_psa(0x0200_000b), Some(Hash::Sha512));
    }
    // MD5, SHA-1, SHA-224, SHA3-256, HMAC(SHA-256), and nothing at all.
    for other in [0x0200_0003, 0x0200_0005, 0x0200_0008, 0x0200_0011, 0x0380_0009, 0, u32::MAX] {
        assert_eq!(Hash::from_psa(other), None, "{other:#x}");
    }
}

#[test]
fn a_buffer_too_short_for_the_digest_is_left_alone() {
    let mut out = [0xAA; 31];
    assert_eq!(Hash::Sha256.digest(b"abc", &mut out), 0);
    assert_eq!(out, [0xAA; 31]);
    let mut out = [0xAA; 33];
    assert_eq!(Hash::Sha256.digest(b"abc", &mut out), 32);
    assert_eq!(out[32], 0xAA);
}

#[test]
fn hmac_sha_256_gives_the_answers_of_rfc_4231() {
    let long = [0xaa; 131];
    for (key, message, answer) in [
        (&[0x0b; 20][..], &b"Hi There"[..], "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (&[0xaa; 20], &[0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        (
            &long,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            &long,
            b"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.",
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        ),
    ] {
        assert_eq!(hex::encode(*hmac_sha256(key, &[message])), answer);
        let (head, tail) = message.split_at(message.len() / 3);
        assert_eq!(hex::encode(*hmac_sha256(key, &[head, b"", tail])), answer);
    }
}

proptest! {
    #[test]
    fn streaming_in_any_pieces_gives_the_digest_of_the_whole(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..8)
    ) {
        use sha2_independent::Digest;
        let mut hasher = Hasher::new(Hash::Sha256);
        pieces.iter().for_each(|piece| hasher.update(piece));
        let copy = hasher.clone();
        let (mut out, mut out_of_copy) = ([0u8; 32], [0u8; 32]);
        hasher.finish(&mut out);
        copy.finish(&mut out_of_copy);
        let expected: [u8; 32] = sha2_independent::Sha256::digest(pieces.concat()).into();
        prop_assert_eq!(out, expected);
        prop_assert_eq!(out_of_copy, expected);
    }

    #[test]
    fn hmac_agrees_with_the_definition_of_fips_198_1(
        key in prop::collection::vec(any::<u8>(), 0..200),
        message in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        use sha2_independent::{Digest, Sha256};
        let mut block = [0u8; 64];
        if key.len() > 64 {
            block[..32].copy_from_slice(&Sha256::digest(&key));
        } else {
            block[..key.len()].copy_from_slice(&key);
        }
        let inner = Sha256::new().chain_update(block.map(|b| b ^ 0x36)).chain_update(&message).finalize();
        let outer: [u8; 32] =
            Sha256::new().chain_update(block.map(|b| b ^ 0x5c)).chain_update(inner).finalize().into();
        prop_assert_eq!(*hmac_sha256(&key, &[&message]), outer);
        let mut streamed = HmacSha256::new(&key);
        message.iter().for_each(|byte| streamed.update(&[*byte]));
        let mut out = [0u8; 32];
        streamed.finish(&mut out);
        prop_assert_eq!(out, outer);
    }
}
