//! Whatever comes in place of a note, a key, a checkpoint or a tile.

mod invariants;

use dtsec_log::{Checkpoint, Kind, NoteSigner};
use invariants::hold;
use proptest::prelude::*;
use zeroize::Zeroizing;

/// A checkpoint that a log and a witness have signed.
fn note() -> Vec<u8> {
    let signer = |name, kind| NoteSigner::new(name, kind, &Zeroizing::new([7; 32])).unwrap();
    let checkpoint = Checkpoint { origin: "list.example".to_owned(), size: 300, root: [9; 32] };
    let mut note = checkpoint.note().unwrap();
    for signer in [signer("list.example", Kind::Note), signer("witness.example", Kind::Cosignature)] {
        note.add(signer.sign(note.text(), 1));
    }
    note.to_string().into_bytes()
}

/// Two entries as a bundle has them, behind a number that makes the tree of that size.
fn bundle() -> Vec<u8> {
    [&[0, 3][..], b"one", &[0, 0]].concat()
}

#[test]
fn what_is_genuine_is_taken() {
    assert!(dtsec_log::Note::parse(&note()).is_ok());
    hold(&note());
    hold(&bundle());
}

#[test]
fn every_shortened_note_is_read_as_what_it_is_or_refused() {
    let note = note();
    for length in 0..note.len() {
        hold(&note[..length]);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_taken_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        hold(&bytes);
    }

    #[test]
    fn any_change_of_a_note_is_taken_or_refused(at in 0usize..1000, with in any::<u8>(), insert in any::<bool>()) {
        let mut bytes = note();
        let at = at % bytes.len();
        if insert { bytes.insert(at, with) } else { bytes[at] = with }
        hold(&bytes);
    }
}
