//! Ciphers, and encryption with authentication.

use super::{flipped, hex, pieces, same};
use crate::bench::Bench;
use crate::model::{Applies, Kind, Outcome, Test, Threat, require};
use crate::observations::Observations;
use crate::probe::calls::{self, Call};
use crate::probe::psa::{Attributes, alg, kind, usage};
use crate::probe::{Probe, status};
use crate::tests::{interface, sfr};

pub(super) const TESTS: &[Test] = &[
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
];

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
