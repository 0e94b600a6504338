//! Cryptographic operations through the gate: each family gives the answers of its standard, several at once do not
//! mix, and what is weak or out of order is refused.

use super::{interface, sfr};
use crate::bench::Bench;
use crate::model::{Applies, Failure, Kind, Outcome, Test, Threat, require};
use crate::observations::Observations;
use crate::probe::calls::{self, Call};
use crate::probe::psa::{Attributes, alg, kind, usage};
use crate::probe::{Probe, status};
use crate::reference::{self, Hash};
use anyhow::Context;

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
    Test {
        id: "crypto-ciphers",
        title: "AES-128, -192 and -256 in CBC and CTR give the answers of SP 800-38A",
        sfr: sfr::CRYPTOGRAPHY,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::CALLS,
        procedure: "Encrypt and decrypt published blocks in several calls with the published vector; encrypt messages of 0 to 4,096 bytes in one call and decrypt them again, in one call and in pieces; encrypt one message twice; decrypt with a wrong padding.",
        expected: "The published answers; every message comes back; a fresh vector each time, so that equal messages give different ciphertexts; invalid-padding (-150).",
        applies: Applies::Everywhere,
        run: ciphers,
    },
    Test {
        id: "crypto-aead",
        title: "CCM, GCM and ChaCha20-Poly1305 give the answers of their standards and release nothing that is not authentic",
        sfr: sfr::CRYPTOGRAPHY,
        threats: &[Threat::Network],
        kind: Kind::Functional,
        interface: interface::CALLS,
        procedure: "Seal and open published messages and random ones of 0 to 4,096 bytes, in one call and in pieces of several sizes, with the nonce given and with the device's own; open with a bit flipped in ciphertext, tag, nonce and additional data.",
        expected: "The published answers; one call and pieces agree; every message comes back; invalid-signature (-149) and not one byte of output for each change.",
        applies: Applies::Everywhere,
        run: aead,
    },
    Test {
        id: "crypto-signatures",
        title: "ECDSA and Ed25519 signatures are those of their standards, and another implementation accepts them",
        sfr: sfr::CRYPTOGRAPHY,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::CALLS,
        procedure: "Sign messages and hashes with P-256 and P-384 (randomised and deterministic) and with Ed25519; verify on the host and on the device, also with another message, key and with a bit flipped; compare with RFC 6979 and RFC 8032.",
        expected: "Two randomised signatures of one message differ and both verify on the host; deterministic ones are those of the RFCs; everything altered is refused as invalid-signature (-149).",
        applies: Applies::Everywhere,
        run: signatures,
    },
    Test {
        id: "crypto-agreement-and-derivation",
        title: "ECDH, X25519 and HKDF give the host's answers and those of RFC 5869 and RFC 7748",
        sfr: sfr::CRYPTOGRAPHY,
        threats: &[],
        kind: Kind::Functional,
        interface: interface::CALLS,
        procedure: "Agree on secrets with keys of the host on both curves, derive bytes from secrets and from agreements with all three hashes and several lengths; give points that are not on the curve or of small order.",
        expected: "The host's secrets and bytes and the published ones; invalid-argument (-135) for each bad point.",
        applies: Applies::Everywhere,
        run: agreement,
    },
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
        id: "crypto-weak-refused",
        title: "Nothing below 128 bits of strength is offered",
        sfr: sfr::CRYPTOGRAPHY,
        threats: &[Threat::Network, Threat::BadSoftware],
        kind: Kind::Attack,
        interface: interface::CALLS,
        procedure: "Ask for MD5, SHA-1 and SHA-224 as hashes and inside HMAC, HKDF and ECDSA; for keys of DES, RC4, RSA, finite-field Diffie-Hellman, P-192, P-224, and AES, HMAC and derivation keys below 128 bits, imported and generated; for ECB, a bare stream cipher, and MACs and tags below 128 bits, in policies and in use.",
        expected: "not-supported (-134) each time, and no key is made; beside each the nearest thing that is strong enough succeeds.",
        applies: Applies::Everywhere,
        run: weak,
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

/// Bytes in hex, of a constant.
fn hex(text: &str) -> Outcome<Vec<u8>> {
    hex::decode(text).with_context(|| format!("`{text}` is not hex")).map_err(Failure::Harness)
}

/// What came is what had to come.
fn same(what: &str, came: &[u8], expected: &[u8]) -> Outcome {
    require!(
        came == expected,
        "{what}: {} came where {} was expected",
        hex::encode(came),
        hex::encode(expected)
    );
    Ok(())
}

/// The same bytes with one bit flipped.
fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let bits = bytes.len() * 8;
    if let Some(byte) = bytes.get_mut(bit % bits.max(1) / 8) {
        *byte ^= 1 << (bit % 8);
    }
    bytes
}

/// Feeds pieces of so many bytes.
fn pieces<'a>(message: &'a [u8], size: usize, feed: impl Fn(&'a [u8]) -> Call<'a>) -> Vec<Call<'a>> {
    message.chunks(size).map(feed).collect()
}

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

const KEY_128: &str = "2b7e151628aed2a6abf7158809cf4f3c";
const KEY_192: &str = "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b";
const KEY_256: &str = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";

fn ciphers(bench: &Bench, seen: &mut Observations) -> Outcome {
    const IV: &str = "000102030405060708090a0b0c0d0e0f";
    const COUNTER: &str = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";
    let mut probe = Probe::start(bench, seen)?;
    let mut random = bench.sampler("crypto-ciphers");
    let block = hex("6bc1bee22e409f96e93d7e117393172a")?;
    for (algorithm, key, iv, answer) in [
        (alg::CBC_NO_PADDING, KEY_128, IV, "7649abac8119b246cee98e9b12e9197d"),
        (alg::CBC_NO_PADDING, KEY_192, IV, "4f021db243bc633d7178183a9fa071e8"),
        (alg::CBC_NO_PADDING, KEY_256, IV, "f58c4c04d6e5f1ba779eabfb5f7bfbd6"),
        (alg::CTR, KEY_128, COUNTER, "874d6191b620e3261bef6864990db6ce"),
        (alg::CTR, KEY_192, COUNTER, "1abc932417521ca24f2b0459fe7e6e0b"),
        (alg::CTR, KEY_256, COUNTER, "601ec313775789a5b7a7f504bbf3d228"),
    ] {
        let (key, iv, answer) = (hex(key)?, hex(iv)?, hex(answer)?);
        let id = probe.import(Attributes::new(kind::AES, usage::CRYPT, algorithm), &key)?;
        for (setup, from, to) in [
            (calls::cipher_encrypt_setup(id, algorithm), &block, &answer),
            (calls::cipher_decrypt_setup(id, algorithm), &answer, &block),
        ] {
            let operation = probe.numbered(&setup)?;
            probe.done(&calls::cipher_set_iv(operation, &iv))?;
            let mut out = probe.done(&calls::cipher_update(operation, &from[..5]))?;
            out.extend(probe.done(&calls::cipher_update(operation, &from[5..]))?);
            out.extend(probe.done(&calls::cipher_finish(operation))?);
            same("SP 800-38A", &out, to)?;
        }
        seen.case(
            &format!("{algorithm:#010x}, {} bits: encrypted and decrypted", key.len() * 8),
            "SP 800-38A",
        );
        probe.done(&calls::destroy_key(id))?;
    }
    for algorithm in [alg::CBC_NO_PADDING, alg::CBC_PKCS7, alg::CTR] {
        for bits in [128, 192, 256] {
            let id = probe.generate(Attributes::new(kind::AES, usage::CRYPT, algorithm).sized(bits))?;
            for len in if bits == 128 { vec![0, 16, 17, 4095, 4096] } else { vec![16, 17, 1000] } {
                let whole = algorithm != alg::CBC_NO_PADDING || len % 16 == 0;
                let message = random.bytes(len);
                let encrypt = calls::cipher_encrypt(id, algorithm, &message).room(4200);
                if !whole {
                    probe.ends("no whole blocks", &encrypt, status::INVALID_ARGUMENT)?;
                    continue;
                }
                let sealed = probe.done(&encrypt)?;
                let again = probe.done(&encrypt)?;
                require!(sealed[..16] != again[..16], "the same vector twice");
                require!(len == 0 || sealed[16..] != again[16..], "the same ciphertext twice");
                for sealed in [&sealed, &again] {
                    let decrypt = calls::cipher_decrypt(id, algorithm, sealed).room(4200);
                    same("decrypted", &probe.done(&decrypt)?, &message)?;
                }
                let operation = probe.numbered(&calls::cipher_decrypt_setup(id, algorithm))?;
                probe.done(&calls::cipher_set_iv(operation, &sealed[..16]))?;
                let parts = pieces(&sealed[16..], 300, |piece| calls::cipher_update(operation, piece));
                let mut out = probe.all_done(&parts)?.concat();
                out.extend(probe.done(&calls::cipher_finish(operation))?);
                same("decrypted in pieces", &out, &message)?;
                seen.case(
                    &format!("{algorithm:#010x}, {bits} bits"),
                    "comes back, never the same ciphertext",
                );
            }
            if algorithm == alg::CBC_PKCS7 {
                // A padding of 0 cannot be: the vector turns the last byte of the only block, 16, into it.
                let sealed = probe.done(&calls::cipher_encrypt(id, algorithm, &[]))?;
                let wrong = flipped(&sealed, 15 * 8 + 4);
                let decrypt = calls::cipher_decrypt(id, algorithm, &wrong);
                probe.ends("padding of 0", &decrypt, status::INVALID_PADDING)?;
                seen.case("wrong padding", "invalid-padding");
            }
            probe.done(&calls::destroy_key(id))?;
        }
    }
    Ok(())
}

/// A way to seal, with published answers.
struct Sealing {
    source: &'static str,
    algorithm: u32,
    key_type: u16,
    key: &'static str,
    nonce: &'static str,
    additional: &'static str,
    plaintext: &'static str,
    sealed: &'static str,
}

const SEALINGS: &[Sealing] = &[
    Sealing {
        source: "RFC 8439, 2.8.2",
        algorithm: alg::CHACHA20_POLY1305,
        key_type: kind::CHACHA20,
        key: "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
        nonce: "070000004041424344454647",
        additional: "50515253c0c1c2c3c4c5c6c7",
        plaintext: "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a204966204920636f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73637265656e20776f756c642062652069742e",
        sealed: "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691",
    },
    Sealing {
        source: "McGrew and Viega, case 4",
        algorithm: alg::GCM,
        key_type: kind::AES,
        key: "feffe9928665731c6d6a8f9467308308",
        nonce: "cafebabefacedbaddecaf888",
        additional: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        sealed: "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47",
    },
];

/// Opens or seals in pieces.
fn in_pieces(
    probe: &mut Probe,
    setup: &Call<'_>,
    nonce: &[u8],
    additional: &[u8],
    text: &[u8],
    size: usize,
) -> Outcome<(u32, Vec<u8>)> {
    let operation = probe.numbered(setup)?;
    probe.done(&calls::aead_set_lengths(operation, additional.len() as u32, text.len() as u32))?;
    probe.done(&calls::aead_set_nonce(operation, nonce))?;
    probe.all_done(&pieces(additional, size, |piece| calls::aead_update_ad(operation, piece)))?;
    let out = probe.all_done(&pieces(text, size, |piece| calls::aead_update(operation, piece)))?;
    Ok((operation, out.concat()))
}

fn aead(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let mut random = bench.sampler("crypto-aead");
    for sealing in SEALINGS {
        let Sealing { source, algorithm, key_type, .. } = *sealing;
        let [key, nonce, additional, plain, sealed] =
            [sealing.key, sealing.nonce, sealing.additional, sealing.plaintext, sealing.sealed].map(hex);
        let (key, nonce, additional, plain, sealed) = (key?, nonce?, additional?, plain?, sealed?);
        let id = probe.import(Attributes::new(key_type, usage::CRYPT, algorithm), &key)?;
        same(
            source,
            &probe.done(&calls::aead_encrypt(id, algorithm, &nonce, &additional, &plain))?,
            &sealed,
        )?;
        same(
            source,
            &probe.done(&calls::aead_decrypt(id, algorithm, &nonce, &additional, &sealed))?,
            &plain,
        )?;
        seen.case(&format!("{algorithm:#010x}"), source);
        probe.done(&calls::destroy_key(id))?;
    }
    for (algorithm, key_type, bits, nonce_len) in [
        (alg::CCM, kind::AES, 128, 13),
        (alg::CCM, kind::AES, 256, 7),
        (alg::GCM, kind::AES, 128, 12),
        (alg::GCM, kind::AES, 192, 12),
        (alg::GCM, kind::AES, 256, 12),
        (alg::CHACHA20_POLY1305, kind::CHACHA20, 256, 12),
    ] {
        let name = format!("{algorithm:#010x}, {bits} bits");
        let id = probe.generate(Attributes::new(key_type, usage::CRYPT, algorithm).sized(bits))?;
        for (text, ad) in [(0, 0), (1, 0), (16, 1), (257, 20), (4096, 30)] {
            let (nonce, additional, message) =
                (random.bytes(nonce_len), random.bytes(ad), random.bytes(text));
            let seal = calls::aead_encrypt(id, algorithm, &nonce, &additional, &message).room(4200);
            let sealed = probe.done(&seal)?;
            require!(sealed.len() == text + 16, "{name}: {} bytes for {text}", sealed.len());
            let open = |sealed: &[u8], nonce: &[u8], additional: &[u8], probe: &mut Probe| {
                probe.make(&calls::aead_decrypt(id, algorithm, nonce, additional, sealed).room(4200))
            };
            let opened = open(&sealed, &nonce, &additional, &mut probe)?;
            same(&name, &opened.1, &message)?;
            let (body, tag) = sealed.split_at(text);
            for size in if text > 1000 { vec![500] } else { vec![1, 7, 33] } {
                let size: usize = size.max(text / 30);

                let setup = calls::aead_encrypt_setup(id, algorithm);
                let (operation, out) = in_pieces(&mut probe, &setup, &nonce, &additional, &message, size)?;
                same(&name, &out, body)?;
                same(&name, &probe.done(&calls::aead_finish(operation))?, tag)?;
                let setup = calls::aead_decrypt_setup(id, algorithm);
                let (operation, out) = in_pieces(&mut probe, &setup, &nonce, &additional, body, size)?;
                same(&name, &out, &message)?;
                probe.done(&calls::aead_verify(operation, tag))?;
                let (operation, _) = in_pieces(&mut probe, &setup, &nonce, &additional, body, size)?;
                let wrong = flipped(tag, random.below(128));
                probe.ends(&name, &calls::aead_verify(operation, &wrong), status::INVALID_SIGNATURE)?;
            }
            seen.case(&format!("{name}: sealed, opened, in pieces"), "agrees");
            // One bit anywhere. That a refusal gives no output is seen to by `gate`.
            let bits = [text * 8, 128, nonce.len() * 8, ad * 8];
            for (what, count) in ["ciphertext", "tag", "nonce", "additional data"].into_iter().zip(bits) {
                for _ in 0..count.min(if text > 1000 { 1 } else { 4 }) {
                    let bit = random.below(count);
                    let (mut sealed, mut nonce, mut additional) =
                        (sealed.clone(), nonce.clone(), additional.clone());
                    match what {
                        "ciphertext" => sealed = [flipped(body, bit), tag.to_vec()].concat(),
                        "tag" => sealed = [body.to_vec(), flipped(tag, bit)].concat(),
                        "nonce" => nonce = flipped(&nonce, bit),
                        _ => additional = flipped(&additional, bit),
                    }
                    let (status, _) = open(&sealed, &nonce, &additional, &mut probe)?;
                    require!(
                        status == status::INVALID_SIGNATURE,
                        "{name}: bit {bit} of the {what} flipped: status {status}"
                    );
                    seen.case(&format!("bit flipped in the {what}"), "invalid-signature, nothing released");
                }
            }
        }
        // A nonce of the device's own.
        let mut nonces = Vec::new();
        for _ in 0..4 {
            let operation = probe.numbered(&calls::aead_encrypt_setup(id, algorithm))?;
            probe.done(&calls::aead_set_lengths(operation, 0, 5))?;
            let nonce = probe.done(&calls::aead_generate_nonce(operation))?;
            let mut sealed = probe.done(&calls::aead_update(operation, b"hello"))?;
            sealed.extend(probe.done(&calls::aead_finish(operation))?);
            same(&name, &probe.done(&calls::aead_decrypt(id, algorithm, &nonce, &[], &sealed))?, b"hello")?;
            require!(!nonces.contains(&nonce), "{name}: the same nonce twice");
            nonces.push(nonce);
        }
        seen.case(&format!("{name}: nonce of the device"), "new each time");
        probe.done(&calls::destroy_key(id))?;
    }
    seen.setup("CCM", "its published answers are those of the test crypto-cavp");
    Ok(())
}

fn signatures(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let mut random = bench.sampler("crypto-signatures");
    seen.setup("verification on the host", "RustCrypto p256 and p384, ed25519-dalek");
    for (bits, hash) in [(256, Hash::Sha256), (256, Hash::Sha512), (384, Hash::Sha384), (384, Hash::Sha512)] {
        for algorithm in [alg::ecdsa(hash.psa()), alg::deterministic_ecdsa(hash.psa())] {
            let name = format!("P-{bits}, {algorithm:#010x}");
            let id =
                probe.generate(Attributes::new(kind::SECP_R1, usage::SIGN_BOTH, algorithm).sized(bits))?;
            let other =
                probe.generate(Attributes::new(kind::SECP_R1, usage::SIGN_BOTH, algorithm).sized(bits))?;
            let public = probe.done(&calls::export_public_key(id))?;
            let alone = Attributes::new(kind::SECP_R1_PUBLIC, usage::VERIFY_HASH, algorithm);
            let alone = probe.import(alone, &public)?;
            for len in [0, 100] {
                let message = random.bytes(len);
                let digest = hash.of(&message);
                let mut signatures = Vec::new();
                for sign in [
                    calls::sign_message(id, algorithm, &message),
                    calls::sign_message(id, algorithm, &message),
                    calls::sign_hash(id, algorithm, &digest),
                ] {
                    let signature = probe.done(&sign)?;
                    require!(
                        reference::ecdsa_verifies(&public, &digest, &signature),
                        "{name}: the host refuses a signature"
                    );
                    for key in [id, alone] {
                        probe.done(&calls::verify_message(key, algorithm, &message, &signature))?;
                        probe.done(&calls::verify_hash(key, algorithm, &digest, &signature))?;
                    }
                    signatures.push(signature);
                }
                let random_one = algorithm == alg::ecdsa(hash.psa());
                let differ = signatures[0] != signatures[1] && signatures[1] != signatures[2];
                let alike = signatures[0] == signatures[1] && signatures[1] == signatures[2];
                require!(if random_one { differ } else { alike }, "{name}: three signatures: {differ}");
                let wrong = flipped(&signatures[0], random.below(bits as usize * 2));
                let changed = flipped(&digest, 3);
                for (what, call) in [
                    ("signature", calls::verify_message(id, algorithm, &message, &wrong)),
                    ("signature, of hash", calls::verify_hash(id, algorithm, &digest, &wrong)),
                    ("message", calls::verify_message(id, algorithm, b"another", &signatures[0])),
                    ("hash", calls::verify_hash(id, algorithm, &changed, &signatures[0])),
                    ("key", calls::verify_message(other, algorithm, &message, &signatures[0])),
                    ("length", calls::verify_message(id, algorithm, &message, &wrong[1..])),
                ] {
                    probe.ends(&format!("{name}, another {what}"), &call, status::INVALID_SIGNATURE)?;
                    seen.case(&format!("another {what}"), "invalid-signature");
                }
                let outcome =
                    if random_one { "differ, the host accepts them" } else { "alike, the host accepts them" };
                seen.case(&format!("{name}: three signatures"), outcome);
            }
            for key in [id, other, alone] {
                probe.done(&calls::destroy_key(key))?;
            }
        }
    }
    let key = hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")?;
    let algorithm = alg::deterministic_ecdsa(alg::SHA_256);
    let id = probe.import(Attributes::new(kind::SECP_R1, usage::SIGN_BOTH, algorithm), &key)?;
    let answer = hex(
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    )?;
    same("RFC 6979, A.2.5", &probe.done(&calls::sign_message(id, algorithm, b"sample"))?, &answer)?;
    seen.case("deterministic ECDSA", "RFC 6979, A.2.5");

    let seed = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")?;
    let id = probe.import(Attributes::new(kind::TWISTED_EDWARDS, usage::SIGN, alg::PURE_EDDSA), &seed)?;
    let public = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")?;
    let answer = hex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    )?;
    same("RFC 8032, test 2", &probe.done(&calls::export_public_key(id))?, &public)?;
    same("RFC 8032, test 2", &probe.done(&calls::sign_message(id, alg::PURE_EDDSA, &[0x72]))?, &answer)?;
    seen.case("Ed25519", "RFC 8032, 7.1, test 2");
    for len in [0, 31, 1000, 4096] {
        let message = random.bytes(len);
        let signature = probe.done(&calls::sign_message(id, alg::PURE_EDDSA, &message))?;
        require!(
            reference::ed25519_verifies(&public, &message, &signature),
            "the host refuses an Ed25519 signature"
        );
        probe.done(&calls::verify_message(id, alg::PURE_EDDSA, &message, &signature))?;
        let wrong = flipped(&signature, random.below(512));
        let verify = calls::verify_message(id, alg::PURE_EDDSA, &message, &wrong);
        probe.ends("Ed25519", &verify, status::INVALID_SIGNATURE)?;
        seen.case("Ed25519", "the host accepts it; altered, invalid-signature");
    }
    Ok(())
}

fn agreement(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut probe = Probe::start(bench, seen)?;
    let mut random = bench.sampler("crypto-agreement");
    for key_type in [kind::SECP_R1, kind::MONTGOMERY] {
        let (name, bits) = if key_type == kind::SECP_R1 { ("P-256", 256) } else { ("X25519", 255) };
        let mut secrets = Vec::new();
        for _ in 0..4 {
            let id = probe.generate(Attributes::new(key_type, usage::DERIVE, alg::ECDH).sized(bits))?;
            let public = probe.done(&calls::export_public_key(id))?;
            let ours: [u8; 32] = random.bytes(32).try_into().unwrap_or([1; 32]);
            let (peer, expected) = if key_type == kind::SECP_R1 {
                (reference::ec_public(&ours), reference::p256_agrees(&ours, &public))
            } else {
                let public = public[..].try_into().unwrap_or([0; 32]);
                (Some(reference::x25519_public(ours)), Some(reference::x25519_agrees(ours, public)))
            };
            let (Some(peer), Some(expected)) = (peer, expected) else {
                return Err(Failure::Refuted(format!("{name}: the device's public key is none")));
            };
            let secret = probe.done(&calls::raw_key_agreement(alg::ECDH, id, &peer))?;
            same(name, &secret, &expected)?;
            require!(!secrets.contains(&secret), "{name}: the same secret twice");
            secrets.push(secret);
            seen.case(&format!("agreement on {name}"), "the host's secret");
            for hash in Hash::ALL {
                let algorithm = alg::agreement(alg::ECDH, alg::hkdf(hash.psa()));
                for len in [1, 32, 100] {
                    let (salt, info) = (random.bytes(len / 2), random.bytes(9));
                    let derive = calls::derive_bytes(id, algorithm, &salt, &info, &peer).room(len);
                    let bytes = probe.done(&derive)?;
                    same(name, &bytes, &hash.hkdf(&salt, &expected, &info, len))?;
                    seen.case(&format!("agreement on {name}, then HKDF"), "the host's bytes");
                }
            }
            let not_on_curve = flipped(&peer, 300 % (peer.len() * 8));
            let mut bad = vec![("too short", peer[1..].to_vec()), ("none", vec![])];
            if key_type == kind::SECP_R1 {
                bad.push(("not on the curve", not_on_curve));
                bad.push(("the point at infinity", vec![0]));
                bad.push(("all zero", [vec![4], vec![0; 64]].concat()));
                bad.push(("compressed", [vec![2 | peer[64] & 1], peer[1..33].to_vec()].concat()));
            } else {
                bad.push(("of order 4", vec![0; 32]));
                bad.push(("of order 1", [vec![1], vec![0; 31]].concat()));
                bad.push((
                    "of order 8",
                    hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")?,
                ));
            }
            for (what, point) in bad {
                let call = calls::raw_key_agreement(alg::ECDH, id, &point);
                probe.ends(&format!("{name}, a point {what}"), &call, status::INVALID_ARGUMENT)?;
                let algorithm = alg::agreement(alg::ECDH, alg::hkdf(alg::SHA_256));
                let call = calls::derive_bytes(id, algorithm, &[], &[], &point);
                probe.ends(&format!("{name}, a point {what}"), &call, status::INVALID_ARGUMENT)?;
                seen.case(&format!("{name}, a point {what}"), "invalid-argument");
            }
            probe.done(&calls::destroy_key(id))?;
        }
    }
    let scalar = hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4")?;
    let point = hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")?;
    let answer = hex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")?;
    let id = probe.import(Attributes::new(kind::MONTGOMERY, usage::DERIVE, alg::ECDH), &scalar)?;
    same("RFC 7748, 5.2", &probe.done(&calls::raw_key_agreement(alg::ECDH, id, &point))?, &answer)?;
    seen.case("X25519", "RFC 7748, 5.2");
    let secret = vec![0x0B; 22];
    let id = probe.import(Attributes::new(kind::DERIVE, usage::DERIVE, alg::hkdf(alg::SHA_256)), &secret)?;
    let (salt, info) = (hex("000102030405060708090a0b0c")?, hex("f0f1f2f3f4f5f6f7f8f9")?);
    let derive = calls::derive_bytes(id, alg::hkdf(alg::SHA_256), &salt, &info, &[]).room(42);
    let answer = hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")?;
    same("RFC 5869, A.1", &probe.done(&derive)?, &answer)?;
    seen.case("HKDF", "RFC 5869, A.1");
    for hash in Hash::ALL {
        let algorithm = alg::hkdf(hash.psa());
        let secret = random.bytes(32);
        let id = probe.import(Attributes::new(kind::DERIVE, usage::DERIVE, algorithm), &secret)?;
        for len in [1, 32, 65, 500] {
            let (salt, info) = (random.bytes(len % 70), random.bytes(len % 40));
            let derive = calls::derive_bytes(id, algorithm, &salt, &info, &[]).room(len);
            same("HKDF", &probe.done(&derive)?, &hash.hkdf(&salt, &secret, &info, len))?;
            seen.case("HKDF", "the host's bytes");
        }
        probe.done(&calls::destroy_key(id))?;
    }
    Ok(())
}

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
        let message = |random: &mut crate::seed::Sampler| {
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
                probe.ends("a ninth", &calls::hash_setup(alg::SHA_256), status::INSUFFICIENT_MEMORY)?;
                for id in ids {
                    let id = u32::from_le_bytes(id.try_into().unwrap_or_default());
                    probe.done(&calls::abort(id))?;
                }
                Ok("eight could be opened, a ninth could not".into())
            })?;
        }
    }
    Ok(())
}

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
    for Weak { what, weak, strong } in &cases {
        match probe.make(weak)? {
            (status::NOT_SUPPORTED, output) if output.is_empty() => seen.case(what, "not-supported"),
            (status, _) => {
                seen.case(what, "NOT REFUSED");
                wrong.push(format!("{what}: `{}` returned {status}", weak.name));
            }
        }
        let output = probe.done(strong)?;
        // The operations are not what this is about.
        if let (true, Ok(id)) = (strong.name.ends_with("setup"), output.try_into()) {
            probe.done(&calls::abort(u32::from_le_bytes(id)))?;
        }
    }
    seen.control("beside each of these the nearest that is strong enough", |_| {
        Ok(format!("{} calls succeeded", cases.len()))
    })?;
    keys_of_no_strength(&mut probe, seen, &mut random, &mut wrong)?;
    crate::attack::all_as_expected(seen, wrong)
}

/// Keys that are too short, or of a type that is, and policies for what is weak.
fn keys_of_no_strength(
    probe: &mut Probe,
    seen: &mut Observations,
    random: &mut crate::seed::Sampler,
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
    for (what, weak, strong) in cases {
        for generated in [false, true] {
            let make = |(attributes, bits, bytes): (Attributes, u16, usize),
                        random: &mut crate::seed::Sampler| {
                let key = random.bytes(bytes);
                (attributes.sized(if generated { bits } else { 0 }).to_bytes(), key)
            };
            let (attributes, key) = make(weak, random);
            let call = if generated {
                calls::generate_key(&attributes)
            } else {
                calls::import_key(&attributes, &key)
            };
            match probe.make(&call)? {
                (status::NOT_SUPPORTED, output) if output.is_empty() => seen.case(what, "not-supported"),
                (status, _) => {
                    seen.case(what, "NOT REFUSED");
                    wrong.push(format!("{what}: `{}` returned {status}", call.name));
                }
            }
            let (attributes, key) = make(strong, random);
            let call = if generated {
                calls::generate_key(&attributes)
            } else {
                calls::import_key(&attributes, &key)
            };
            let id = probe.numbered(&call)?;
            probe.done(&calls::destroy_key(id))?;
        }
    }
    seen.control("beside each of these keys and policies one that is strong enough", |_| {
        Ok(format!("{} keys were imported and {0} made", cases.len()))
    })
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
    crate::attack::all_as_expected(seen, wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bit_is_flipped_and_no_other() {
        for bit in [0, 7, 8, 31] {
            let there = flipped(&[0; 4], bit);
            assert_eq!(there.iter().map(|byte| byte.count_ones()).sum::<u32>(), 1);
            assert_eq!(flipped(&there, bit), [0; 4]);
        }
        assert!(flipped(&[], 3).is_empty());
    }
}
