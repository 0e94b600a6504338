//! Finds secrets in what was read out of a device.

use std::collections::HashSet;

/// Shortest part of a secret that counts: half of a 128-bit key leaves too little to guess.
const FRAGMENT: usize = 8;

/// Where in `haystack` the secret, or any 8-byte aligned fragment of it, lies: as it is, with the bytes of each word
/// reversed, with the words reversed (numbers of many limbs), or both; with words of 4 and of 8 bytes; and as HMAC has
/// a key, combined with its two pads.
///
/// # Panics
/// When the secret has less than 16 bytes, or a part so regular that memory holds it anyhow: such a search says nothing.
pub(crate) fn find_secret(haystack: &[u8], secret: &[u8]) -> Vec<usize> {
    assert!(
        secret.len() >= 2 * FRAGMENT,
        "a secret to look for needs at least 16 bytes, not {}",
        secret.len()
    );
    let needles = needles(secret);
    // Most places are ruled out by two bytes.
    let mut first = vec![false; 1 << 16];
    needles.iter().for_each(|needle| first[usize::from(u16::from_le_bytes([needle[0], needle[1]]))] = true);
    let mut found = Vec::new();
    for (at, window) in haystack.windows(FRAGMENT).enumerate() {
        if first[usize::from(u16::from_le_bytes([window[0], window[1]]))] && needles.contains(window) {
            found.push(at);
        }
    }
    found
}

fn needles(secret: &[u8]) -> HashSet<[u8; FRAGMENT]> {
    let swapped = |size: usize| -> Vec<u8> {
        secret.chunks(size).flat_map(|word| word.iter().rev().copied()).collect()
    };
    let turned = |bytes: &[u8], size: usize| -> Vec<u8> { bytes.rchunks(size).flatten().copied().collect() };
    let mut forms = vec![secret.to_vec()];
    for size in [4, 8] {
        forms.push(swapped(size));
        forms.push(turned(secret, size));
    }
    forms.push(turned(secret, 1));
    for pad in [0x36, 0x5C] {
        forms.push(secret.iter().map(|byte| byte ^ pad).collect());
    }
    let mut needles = HashSet::new();
    for form in forms {
        let last = form.len() - FRAGMENT;
        // The last fragment too, should the length be no multiple of 8.
        for at in (0..=last).step_by(FRAGMENT).chain([last]) {
            let mut fragment = [0; FRAGMENT];
            fragment.copy_from_slice(&form[at..at + FRAGMENT]);
            let different: HashSet<u8> = fragment.into_iter().collect();
            assert!(different.len() >= 4, "choose a random secret: {fragment:02x?} may be anywhere");
            needles.insert(fragment);
        }
    }
    needles
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 32 bytes, all different.
    fn secret() -> Vec<u8> {
        (0..32u8).map(|n| n.wrapping_mul(7).wrapping_add(0x41)).collect()
    }

    /// Memory that holds every byte many times, with `planted` at `at`.
    fn memory(at: usize, planted: &[u8]) -> Vec<u8> {
        let mut memory: Vec<u8> = (0..10_000u32).map(|n| ((n * n) >> 3) as u8).collect();
        memory[at..at + planted.len()].copy_from_slice(planted);
        memory
    }

    #[test]
    fn a_secret_is_found_wherever_it_starts_and_nothing_is_found_where_it_is_not() {
        let secret = secret();
        for at in [0, 1, 777, 10_000 - 32] {
            assert_eq!(find_secret(&memory(at, &secret), &secret), [at, at + 8, at + 16, at + 24]);
        }
        assert!(find_secret(&memory(0, &[]), &secret).is_empty());
        assert!(find_secret(&[], &secret).is_empty());
        let mut other = secret.clone();
        other.iter_mut().step_by(8).for_each(|byte| *byte ^= 1);
        assert!(find_secret(&memory(50, &other), &secret).is_empty(), "seven bytes of eight are no fragment");
    }

    #[test]
    fn a_secret_is_found_with_its_words_or_their_bytes_reversed() {
        let secret = secret();
        let bytes_of_words: Vec<u8> = secret.chunks(4).flat_map(|w| w.iter().rev()).copied().collect();
        let bytes_of_long_words: Vec<u8> = secret.chunks(8).flat_map(|w| w.iter().rev()).copied().collect();
        let words: Vec<u8> = secret.rchunks(4).flatten().copied().collect();
        let long_words: Vec<u8> = secret.rchunks(8).flatten().copied().collect();
        // Eight little-endian words, the lowest first: a big-endian number in the assembly of P-256.
        let limbs: Vec<u8> = secret.iter().rev().copied().collect();
        for form in [bytes_of_words, bytes_of_long_words, words, long_words, limbs] {
            assert_ne!(form, secret);
            assert!(find_secret(&memory(301, &form), &secret).contains(&301), "{form:02x?}");
        }
    }

    #[test]
    fn a_key_of_hmac_is_found_under_its_pads() {
        let secret = secret();
        for pad in [0x36, 0x5C] {
            let block: Vec<u8> = secret.iter().map(|byte| byte ^ pad).collect();
            assert_eq!(find_secret(&memory(64, &block), &secret).first(), Some(&64));
        }
        let other: Vec<u8> = secret.iter().map(|byte| byte ^ 0x35).collect();
        assert!(find_secret(&memory(64, &other), &secret).is_empty());
    }

    #[test]
    fn half_a_secret_is_a_secret_and_so_is_a_quarter() {
        let secret = secret();
        for from in [0, 8, 16, 24] {
            assert_eq!(find_secret(&memory(99, &secret[from..from + 8]), &secret), [99]);
        }
        assert!(find_secret(&memory(99, &secret[4..11]), &secret).is_empty(), "not aligned, and too short");
        // The end of a secret whose length is no multiple of eight.
        assert_eq!(find_secret(&memory(99, &secret[12..20]), &secret[..20]), [99]);
    }

    #[test]
    #[should_panic(expected = "at least 16 bytes")]
    fn a_short_secret_is_not_looked_for() {
        find_secret(&[0; 64], &[1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    #[should_panic(expected = "choose a random secret")]
    fn a_regular_secret_is_not_looked_for() {
        find_secret(&[0; 64], &[0; 32]);
    }
}
