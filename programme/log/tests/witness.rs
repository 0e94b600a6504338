//! A witness over a log that grows, and over logs that lie.

use dtsec_log::witness::{Declined, Remembered, cosign};
use dtsec_log::{
    Checkpoint, CheckpointError, Hash, Kind, Note, NoteSigner, Policy, Sink, Source, Tiles, tile, tree,
};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

#[derive(Default, Clone)]
struct Memory(BTreeMap<String, Vec<u8>>);

impl Source for Memory {
    type Error = String;

    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        self.0.get(path).cloned().ok_or_else(|| "not there".to_owned())
    }
}

impl Sink for Memory {
    fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), String> {
        self.0.insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }
}

fn signer(name: &str, kind: Kind, seed: u8) -> NoteSigner {
    NoteSigner::new(name, kind, &Zeroizing::new([seed; 32])).unwrap()
}

fn log() -> NoteSigner {
    signer("list.example", Kind::Note, 1)
}

fn witness() -> NoteSigner {
    signer("witness.example", Kind::Cosignature, 2)
}

/// A log of these entries.
fn tiles(entries: &[&str]) -> Tiles<Memory> {
    let entries: Vec<_> = entries.iter().map(|entry| entry.as_bytes().to_vec()).collect();
    tile::append(Memory::default(), 0, &entries).unwrap()
}

fn signed(tiles: &mut Tiles<Memory>, by: &NoteSigner) -> Note {
    let (size, root) = (tiles.size(), tree::root(tiles, tiles.size()).unwrap());
    let mut note = Checkpoint { origin: "list.example".to_owned(), size, root }.note().unwrap();
    note.add(by.sign(note.text(), 0));
    note
}

fn proof(tiles: &mut Tiles<Memory>, old: u64) -> Vec<Hash> {
    tree::consistency(tiles, old, tiles.size()).unwrap()
}

fn ask(remembered: Remembered, tiles: &mut Tiles<Memory>) -> Result<Remembered, Declined> {
    let path = if remembered.size <= tiles.size() { proof(tiles, remembered.size) } else { Vec::new() };
    let note = signed(tiles, &log());
    let (remembered, signature) =
        cosign(&witness(), log().public(), remembered, (remembered.size, &path), &note, 9)?;
    let mut note = note;
    note.add(signature);
    let policy =
        Policy { log: log().public().clone(), witnesses: vec![witness().public().clone()], quorum: 1 };
    policy.believe(&note).expect("what a witness signs is believed");
    Ok(remembered)
}

#[test]
fn a_witness_signs_a_log_that_grows() {
    let mut remembered = Remembered::nothing();
    for size in [0, 1, 1, 2, 5] {
        remembered = ask(remembered, &mut tiles(&["a", "b", "c", "d", "e"][..size])).unwrap();
        assert_eq!(remembered.size, size as u64);
    }
}

#[test]
fn a_log_that_goes_back_is_not_signed() {
    let remembered = ask(Remembered::nothing(), &mut tiles(&["a", "b"])).unwrap();
    assert_eq!(ask(remembered, &mut tiles(&["a"])), Err(Declined::Back { size: 1, seen: 2 }));
    assert!(ask(remembered, &mut tiles(&["a", "b"])).is_ok());
}

#[test]
fn a_log_that_shows_another_past_is_not_signed() {
    let remembered = ask(Remembered::nothing(), &mut tiles(&["listed", "removed"])).unwrap();
    for other in [&["listed", "kept"][..], &["listed", "kept", "removed"], &["listed", "listed", "x"]] {
        assert_eq!(ask(remembered, &mut tiles(other)), Err(Declined::Fork { seen: 2 }), "{other:?}");
    }
    assert!(ask(remembered, &mut tiles(&["listed", "removed", "restored"])).is_ok());
}

#[test]
fn a_proof_from_elsewhere_and_a_checkpoint_of_nobody_are_told_apart() {
    let remembered = ask(Remembered::nothing(), &mut tiles(&["a", "b"])).unwrap();
    let mut grown = tiles(&["a", "b", "c"]);
    let (path, note) = (proof(&mut grown, 1), signed(&mut grown, &log()));
    let asked =
        |old, note: &Note| cosign(&witness(), log().public(), remembered, (old, &path), note, 9).map(|_| ());
    assert_eq!(asked(1, &note), Err(Declined::Elsewhere { size: 2 }));
    assert_eq!(asked(2, &note), Err(Declined::Fork { seen: 2 }));
    let stranger = signed(&mut grown, &signer("list.example", Kind::Note, 3));
    assert!(matches!(asked(2, &stranger), Err(Declined::Checkpoint(CheckpointError::Note(_)))));
    assert!(ask(remembered, &mut grown).is_ok());
}
