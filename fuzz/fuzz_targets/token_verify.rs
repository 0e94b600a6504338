//! Any bytes give a token or an error that can be shown; and of them all only the one that was signed verifies.
//!
//! `programme/token/tests/tokens/hostile.rs` does the same with random tokens.

#![no_main]

use dtsec_token::Token;
use std::sync::LazyLock;

/// A key and a token that it signed.
static GENUINE: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
    let text = include_str!("../../programme/token/tests/virtual-device.hex");
    let parts: Vec<Vec<u8>> =
        text.split_ascii_whitespace().map(|part| hex::decode(part).expect("hex")).collect();
    let [key, token] = parts.try_into().expect("a key and a token");
    assert!(Token::parse(&token).is_ok_and(|token| token.verify(&key)), "the control");
    [key, token]
});

/// The token that these bytes stand for.
fn token(bytes: &[u8], genuine: &[u8]) -> Vec<u8> {
    match bytes {
        // Claims, so that they are reached: with a signature that nobody made.
        [0, claims @ ..] => {
            let head = match claims.len() {
                0..24 => vec![0x40 | claims.len() as u8],
                24..256 => vec![0x58, claims.len() as u8],
                _ => vec![0x59, (claims.len() >> 8) as u8, claims.len() as u8],
            };
            let before = [0xD2, 0x84, 0x43, 0xA1, 0x01, 0x26, 0xA0];
            [&before[..], &head, claims, &[0x58, 0x40], &[1; 64]].concat()
        }
        // The genuine one with something put in the place of something.
        [1, high, low, removed, put @ ..] => {
            let at = usize::from(u16::from_be_bytes([*high, *low])).min(genuine.len());
            let end = (at + usize::from(*removed)).min(genuine.len());
            [&genuine[..at], put, &genuine[end..]].concat()
        }
        other => other.to_vec(),
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let [key, genuine] = &*GENUINE;
    let bytes = token(bytes, genuine);
    match Token::parse(&bytes) {
        Ok(token) => assert_eq!(token.verify(key), bytes == *genuine),
        Err(error) => assert!(!error.to_string().chars().any(char::is_control), "{error}"),
    }
});
