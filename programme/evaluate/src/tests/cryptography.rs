//! Cryptographic operations through the gate: each family gives the answers of its standard, several at once do not
//! mix, and what is weak or out of order is refused.

mod encryption;
mod hashing;
mod key_pairs;
mod operations;
mod strength;

use crate::model::{Failure, Outcome, Test, require};
use crate::probe::calls::Call;
use anyhow::Context;

/// Tests of the families of algorithms, of operations, and of what is refused as weak.
pub(super) const TESTS: &[&[Test]] =
    &[hashing::TESTS, encryption::TESTS, key_pairs::TESTS, operations::TESTS, strength::TESTS];

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
