//! What was replaced or removed is gone from the flash: neither its plaintext nor its ciphertext is left.

use crate::harness::{Device, Op, after, content, set};

/// The words of a live record's ciphertext: what differs in the flash from before it was set.
fn ciphertext(before: &Device, op: &Op) -> (Device, Vec<[u8; 8]>) {
    let mut device = before.clone();
    op.run(&mut device.mount().expect("mounts")).expect("done");
    let old = before.nor.content();
    let new = device.nor.content();
    let from = new.iter().zip(old).position(|(a, b)| a != b).expect("something was written");
    // Header 28 bytes, then the content.
    let words =
        new[from + 28..from + 28 + 96].chunks_exact(8).map(|w| w.try_into().expect("8 bytes")).collect();
    (device, words)
}

fn left(device: &Device, pieces: &[[u8; 8]]) -> usize {
    let flash = device.nor.content();
    pieces.iter().filter(|piece| flash.windows(8).any(|window| window == *piece)).count()
}

fn plaintext(seed: u8) -> Vec<[u8; 8]> {
    content(96, seed).chunks_exact(8).map(|piece| piece.try_into().expect("8 bytes")).collect()
}

#[test]
fn plaintext_is_never_in_the_flash() {
    let (device, _) = after(8, &[set(1, 1, 96, 7)]);
    assert_eq!(left(&device, &plaintext(7)), 0);
    let mut planted = device.clone();
    planted.nor.tamper(5 * 4096, &content(96, 7)).expect("plants");
    assert_eq!(left(&planted, &plaintext(7)), 12, "the scan is not blind");
}

#[test]
pub(crate) fn what_is_replaced_removed_or_erased_is_gone_at_once_and_after_a_cut_by_the_next_mount() {
    let (before, _) = after(8, &[set(2, 2, 30, 1)]);
    let (device, pieces) = ciphertext(&before, &set(1, 1, 96, 7));
    assert_eq!(left(&device, &pieces), 12, "the control: while it lives it is there");
    for op in [set(1, 1, 10, 8), Op::Remove { owner: 1, uid: 1 }, Op::Purge { owner: 1 }, Op::EraseEverything]
    {
        let mut done = device.clone();
        op.run(&mut done.mount().expect("mounts")).expect("done");
        assert_eq!(left(&done, &pieces), 0, "{op:?}");
        let (mut kept, mut gone) = (0, 0);
        for word in 1.. {
            let mut cut = device.clone();
            cut.nor.cut_after(word, word * 7);
            if op.run(&mut cut.mount().expect("mounts")).is_ok() {
                break;
            }
            cut.power_on();
            let alive = cut.mount().expect("mounts").get_info(1, 1).is_ok_and(|info| info.length == 96);
            assert_eq!(left(&cut, &pieces), if alive { 12 } else { 0 }, "{op:?} cut at {word}");
            if alive { kept += 1 } else { gone += 1 }
        }
        assert!(gone > 0 && (kept > 0 || op == Op::EraseEverything), "{op:?}: {kept} {gone}");
    }
}

#[test]
fn nothing_is_left_of_a_set_that_was_cut() {
    let (before, _) = after(8, &[set(2, 2, 30, 1)]);
    let mut seen = 0;
    for word in 1..=7 + 24 + 7 {
        let mut cut = before.clone();
        cut.nor.cut_after(word, word);
        assert!(set(1, 1, 96, 7).run(&mut cut.mount().expect("mounts")).is_err());
        cut.power_on();
        let from = before.nor.content().iter().rposition(|byte| *byte != 0xFF).expect("a log") + 1;
        let written = cut.nor.content()[from..].iter().any(|byte| *byte != 0xFF && *byte != 0);
        seen += usize::from(written);
        cut.mount().expect("mounts");
        assert!(cut.nor.content()[from..].iter().all(|byte| matches!(*byte, 0 | 0xFF)), "cut at {word}");
    }
    assert!(seen > 30, "the control: the cuts left something");
}

#[test]
fn what_a_reclaimed_sector_held_is_gone_and_a_moved_record_lives_in_one_place_only() {
    let (before, _) = after(8, &[]);
    let (mut device, pieces) = ciphertext(&before, &set(1, 1, 96, 7));
    let mut moved = 0;
    for seed in 0..60 {
        let mut store = device.mount().expect("mounts");
        store.set(2, 1, &content(500, seed), 0).expect("sets");
        moved += store.work().moved;
        let still_there = store.get_info(1, 1).is_ok();
        drop(store);
        assert!(still_there);
        assert_eq!(left(&device, &pieces), if moved > 0 { 0 } else { 12 }, "after {seed}");
    }
    assert!(moved > 1);
}
