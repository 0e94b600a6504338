//! The Non-secure caller's memory, as the Armv8-M test-target instructions see it.
//!
//! SFR: secure-initialization-of-platform.

use crate::map;
use cdd_hal::{Access, CallerMemory};
use cortex_m::cmse::{AccessType, TestTarget};

/// The memory of the Non-secure side.
pub struct NonSecure;

impl CallerMemory for NonSecure {
    fn check(&self, address: u32, len: u32, access: Access) -> bool {
        if cfg!(feature = "planted-unchecked-pointers") {
            return true;
        }
        let Some(last) = len.checked_sub(1) else { return true };
        let Some(last) = address.checked_add(last) else { return false };
        // Only memory of the application. The test-target instruction is not enough: it answers for the
        // private peripheral bus (0xE000_0000 and up), which is exempt from attribution and banked, so a
        // copy there would reach the Secure side's own registers; and the application's devices are not
        // memory either.
        let inside = |memory: map::Range| memory.start <= address && last <= memory.last();
        if !inside(map::APPLICATION) && !inside(map::APPLICATION_RAM) {
            return false;
        }
        // With the caller's own rights (its privilege and its MPU), both ends in the same SAU, IDAU and
        // MPU region, and Non-secure. No region of ours has a hole, so the ends speak for the middle.
        let ends = [address, last].map(|end| TestTarget::check(end as *mut u32, AccessType::NonSecure));
        let [first, second] = ends;
        let allowed = |end: &TestTarget| match access {
            Access::Read => end.ns_readable(),
            Access::Write => end.ns_read_and_writable(),
        };
        first.as_u32() == second.as_u32() && !first.secure() && allowed(&first) && allowed(&second)
    }

    fn copy_in(&self, address: u32, to: &mut [u8]) -> bool {
        let Ok(len) = u32::try_from(to.len()) else { return false };
        if !self.check(address, len, Access::Read) {
            return false;
        }
        let mut at = address;
        let whole_words = if address.is_multiple_of(4) { to.len() & !3 } else { 0 };
        let (words, bytes) = to.split_at_mut(whole_words);
        for word in words.chunks_exact_mut(4) {
            // SAFETY: the range was just found to be memory that the Non-secure caller may read. It is
            // never Rust memory of this image, and is read volatile, since the caller may change it.
            word.copy_from_slice(&unsafe { (at as *const u32).read_volatile() }.to_ne_bytes());
            at = at.wrapping_add(4);
        }
        for byte in bytes {
            // SAFETY: as above.
            *byte = unsafe { (at as *const u8).read_volatile() };
            at = at.wrapping_add(1);
        }
        true
    }

    fn copy_out(&mut self, address: u32, from: &[u8]) -> bool {
        let Ok(len) = u32::try_from(from.len()) else { return false };
        if !self.check(address, len, Access::Write) {
            return false;
        }
        let mut at = address;
        let whole_words = if address.is_multiple_of(4) { from.len() & !3 } else { 0 };
        let (words, bytes) = from.split_at(whole_words);
        for word in words.chunks_exact(4) {
            let word = word.first_chunk().map_or(0, |word| u32::from_ne_bytes(*word));
            // SAFETY: as above, for memory that the caller may write.
            unsafe { (at as *mut u32).write_volatile(word) };
            at = at.wrapping_add(4);
        }
        for byte in bytes {
            // SAFETY: as above.
            unsafe { (at as *mut u8).write_volatile(*byte) };
            at = at.wrapping_add(1);
        }
        true
    }
}
