//! Arithmetic: shifts, additions with carry, and the DSP extension's operations (DDI 0553, E2).

use crate::isa::{ASR, LSL, LSR, ROR};

/// Shifts; returns the carry as well.
pub(super) fn shift(value: u32, kind: u8, amount: u32, carry: bool) -> (u32, bool) {
    match (kind, amount) {
        (_, 0) => (value, carry),
        (LSL, 1..=31) => (value << amount, value >> (32 - amount) & 1 == 1),
        (LSL, 32) => (0, value & 1 == 1),
        (LSR, 1..=31) => (value >> amount, value >> (amount - 1) & 1 == 1),
        (LSR, 32) => (0, value >> 31 == 1),
        (LSL | LSR, _) => (0, false),
        (ASR, 1..=31) => ((value as i32 >> amount) as u32, value >> (amount - 1) & 1 == 1),
        (ASR, _) => ((value as i32 >> 31) as u32, value >> 31 == 1),
        (ROR, _) => {
            let turned = value.rotate_right(amount & 31);
            (turned, turned >> 31 == 1)
        }
        _ => (u32::from(carry) << 31 | value >> 1, value & 1 == 1),
    }
}

/// Adds; returns carry and overflow as well.
#[inline]
pub(super) fn add(a: u32, b: u32, carry: bool) -> (u32, bool, bool) {
    let wide = u64::from(a) + u64::from(b) + u64::from(carry);
    let sum = wide as u32;
    (sum, wide >> 32 != 0, (a ^ sum) & (b ^ sum) & 0x8000_0000 != 0)
}

/// Cuts to the range of so many bits, signed or not; whether anything was cut.
pub(super) fn saturate(value: i64, bits: u32, signed: bool) -> (u32, bool) {
    let (low, high) =
        if signed { (-(1i64 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) };
    let cut = value.clamp(low, high);
    (cut as u32, cut != value)
}

/// The parallel additions and subtractions; returns the greater-or-equal flags where there are any.
pub(super) fn parallel(a: u32, b: u32, code: u32) -> Option<(u32, Option<u8>)> {
    let (operation, unsigned, variant) = (code & 7, code >> 3 & 1 == 1, code >> 4 & 3);
    let width = if matches!(operation, 0 | 4) { 8 } else { 16 };
    let lanes = 32 / width;
    let lane = |word: u32, n: u32| {
        let raw = word >> (n * width) & ((1 << width) - 1);
        if unsigned { i64::from(raw) } else { i64::from((raw << (32 - width)) as i32 >> (32 - width)) }
    };
    let (mut result, mut ge) = (0u32, 0u8);
    for n in 0..lanes {
        // The exchanging forms take the other halfword, and add in one lane and subtract in the other.
        let (other, subtract) = match operation {
            0 | 1 => (n, false),
            4 | 5 => (n, true),
            2 => (1 - n, n == 0),
            6 => (1 - n, n == 1),
            _ => return None,
        };
        let (x, y) = (lane(a, n), lane(b, other));
        let exact = if subtract { x - y } else { x + y };
        let value = match variant {
            0 => exact,
            1 => i64::from(saturate(exact, width, !unsigned).0 as i32),
            _ => exact >> 1,
        };
        result |= (value as u32 & ((1u64 << width) - 1) as u32) << (n * width);
        let reached = if unsigned && !subtract { exact >> width != 0 } else { exact >= 0 };
        if reached {
            ge |= (if width == 8 { 1 } else { 3 }) << (n * width / 8);
        }
    }
    Some((result, (variant == 0).then_some(ge)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_give_the_last_bit_shifted_out() {
        assert_eq!(shift(0x8000_0001, LSL, 1, false), (2, true));
        assert_eq!(shift(0x8000_0001, LSR, 32, false), (0, true));
        assert_eq!(shift(0x8000_0000, ASR, 40, false), (u32::MAX, true));
        assert_eq!(shift(1, ROR, 1, false), (0x8000_0000, true));
        assert_eq!(shift(1, ROR, 32, false), (1, false));
        assert_eq!(shift(1, crate::isa::RRX, 1, true), (0x8000_0000, true));
        assert_eq!(shift(5, LSR, 0, true), (5, true));
    }

    #[test]
    fn sums_know_carry_and_overflow() {
        assert_eq!(add(u32::MAX, 0, true), (0, true, false));
        assert_eq!(add(0x7FFF_FFFF, 1, false), (0x8000_0000, false, true));
        assert_eq!(add(5, !7, true), ((-2i32) as u32, false, false));
    }

    #[test]
    fn parallel_sums_keep_to_their_lanes() {
        // UQADD8, UADD16, SSUB8.
        assert_eq!(parallel(0xFF01_80FF, 0x0101_8001, 0b01_1000), Some((0xFF02_FFFF, None)));
        assert_eq!(parallel(0xFFFF_0001, 0x0001_0001, 0b00_1001), Some((0x0000_0002, Some(0b1100))));
        assert_eq!(parallel(0x0005_0000, 0x0003_0001, 0b00_0100), Some((0x0002_00FF, Some(0b1110))));
    }
}
