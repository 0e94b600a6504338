//! Numbers modulo the order of edwards25519, in constant time.
//!
//! As signed digits to the base 256, least significant first, in the manner of TweetNaCl: slow beside anything else,
//! and nothing beside the multiplication of a point (1 %).

use zeroize::Zeroizing;

type Digits = Zeroizing<[i32; 64]>;

/// The order less 2²⁵²; its upper digits are zero.
const LOW: [i32; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];
/// Digits of [`LOW`] that a product with it and what that carries can reach.
const REACH: usize = 20;

/// `number` modulo the order.
pub(super) fn reduce(number: &[u8; 64]) -> Zeroizing<[u8; 32]> {
    let mut digits = Zeroizing::new([0; 64]);
    digits.iter_mut().zip(number).for_each(|(to, from)| *to = i32::from(*from));
    reduced(digits)
}

/// `a` · `b` + `c` modulo the order.
pub(super) fn multiply_add(a: &[u8; 32], b: &[u8; 32], c: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    let mut digits = Zeroizing::new([0; 64]);
    digits.iter_mut().zip(c).for_each(|(to, from)| *to = i32::from(*from));
    for (at, a) in a.iter().enumerate() {
        let places = digits.iter_mut().skip(at);
        places.zip(b).for_each(|(to, b)| *to += i32::from(*a) * i32::from(*b));
    }
    // At most 32 products of two bytes in a digit.
    let mut carry = 0;
    for digit in digits.iter_mut() {
        *digit += carry;
        carry = *digit >> 8;
        *digit &= 0xff;
    }
    reduced(digits)
}

/// Whether `number` is below the order. It is public: takes variable time.
pub(super) fn is_below(number: &[u8; 32]) -> bool {
    let order = LOW.iter().enumerate().map(|(at, low)| if at == 31 { 0x10 } else { *low });
    let differs = number.iter().map(|byte| i32::from(*byte)).zip(order).rev().find(|(a, b)| a != b);
    differs.is_some_and(|(number, order)| number < order)
}

/// Digits of at most 10 bits become those of the number below the order.
fn reduced(mut digits: Digits) -> Zeroizing<[u8; 32]> {
    // 2²⁵⁶ is -16 · LOW: away with the upper half, from the top.
    for at in (32..64).rev() {
        let Some((top, window)) = digits.get_mut(at - 32..=at).and_then(<[i32]>::split_last_mut) else {
            continue;
        };
        let mut carry = 0;
        for (digit, low) in window.iter_mut().zip(&LOW).take(REACH) {
            *digit += carry - 16 * *top * low;
            carry = (*digit + 128) >> 8;
            *digit -= carry << 8;
        }
        window.iter_mut().skip(REACH).take(1).for_each(|digit| *digit += carry);
        *top = 0;
    }
    let (low_half, _) = digits.split_at_mut(32);
    // What is left above 2²⁵², likewise: then at most a little below zero or above the order. So the order is taken
    // off once more, and added while that is below zero.
    let above = low_half.last().map_or(0, |last| *last >> 4);
    let mut carry = subtract(low_half, above);
    carry += subtract(low_half, 1);
    carry += subtract(low_half, carry);
    carry += subtract(low_half, carry);
    debug_assert_eq!(carry, 0);
    let mut out = Zeroizing::new([0; 32]);
    out.iter_mut().zip(low_half).for_each(|(to, from)| *to = *from as u8);
    out
}

/// Takes `times` the order off; digits are then bytes, and what they carry comes back.
fn subtract(digits: &mut [i32], times: i32) -> i32 {
    let mut carry = 0;
    let order = LOW.iter().enumerate().map(|(at, low)| if at == 31 { 0x10 } else { *low });
    for (digit, order) in digits.iter_mut().zip(order) {
        *digit += carry - times * order;
        carry = *digit >> 8;
        *digit &= 0xff;
    }
    carry
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use curve25519_dalek::Scalar;
    use proptest::prelude::*;

    const ORDER: [u8; 32] = {
        let mut order = [0; 32];
        let mut at = 0;
        while at < 31 {
            order[at] = LOW[at] as u8;
            at += 1;
        }
        order[31] = 0x10;
        order
    };

    fn wide(low: [u8; 32], high: [u8; 32]) -> [u8; 64] {
        let mut number = [0; 64];
        number[..32].copy_from_slice(&low);
        number[32..].copy_from_slice(&high);
        number
    }

    fn agrees(number: &[u8; 64]) -> bool {
        let reduced = reduce(number);
        is_below(&reduced) && *reduced == Scalar::from_bytes_mod_order_wide(number).to_bytes()
    }

    #[test]
    fn numbers_around_multiples_of_the_order_are_reduced() {
        let mut less = ORDER;
        less[0] -= 1;
        let mut more = ORDER;
        more[0] += 1;
        for low in [[0; 32], [0xff; 32], less, ORDER, more, [0x80; 32], [0x7f; 32]] {
            for high in [[0; 32], [0xff; 32], less, ORDER, more, [0x80; 32], [0x7f; 32]] {
                assert!(agrees(&wide(low, high)), "{low:x?} {high:x?}");
            }
            // Multiples of the order, and the numbers beside them.
            for times in 0..=255u8 {
                let product = multiply_add(&ORDER, &[times; 32], &low);
                let expected = Scalar::from_bytes_mod_order(low).to_bytes();
                assert_eq!(*product, expected, "{times} {low:x?}");
            }
        }
        assert!(is_below(&less) && is_below(&[0; 32]));
        assert!(!is_below(&ORDER) && !is_below(&more) && !is_below(&[0xff; 32]));
    }

    proptest! {
        #[test]
        fn a_number_is_reduced_as_dalek_does(low: [u8; 32], high: [u8; 32]) {
            prop_assert!(agrees(&wide(low, high)));
        }

        #[test]
        fn product_and_sum_are_those_of_dalek(a: [u8; 32], b: [u8; 32], c: [u8; 32]) {
            let of = Scalar::from_bytes_mod_order;
            prop_assert_eq!(*multiply_add(&a, &b, &c), (of(a) * of(b) + of(c)).to_bytes());
        }
    }
}
