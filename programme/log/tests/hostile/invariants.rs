//! What has to hold of whatever bytes come in place of notes, keys, checkpoints and tiles. The fuzz target includes this file.

use dtsec_log::{Checkpoint, Key, Note, Source, Tiles};

/// The same bytes for every path.
struct Always<'a>(&'a [u8]);

impl Source for Always<'_> {
    type Error = std::convert::Infallible;

    fn read(&mut self, _: &str) -> Result<Vec<u8>, Self::Error> {
        Ok(self.0.to_vec())
    }
}

/// What is taken is written as it was read; what is not is refused with a reason; nothing panics.
pub(crate) fn hold(bytes: &[u8]) {
    match Note::parse(bytes) {
        Ok(note) => {
            assert_eq!(Note::parse(note.to_string().as_bytes()).expect("what was read is read again"), note);
            if let Ok(checkpoint) = Checkpoint::parse(note.text()) {
                // A text may have more lines; what the three say is kept.
                let again = Checkpoint::parse(&checkpoint.to_string()).expect("what was read is read again");
                assert_eq!(again, checkpoint);
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        match Key::parse(text) {
            Ok(key) => assert_eq!(Key::parse(&key.to_string()).expect("what was read is read again"), key),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        if let Err(error) = Checkpoint::parse(text) {
            assert!(!error.to_string().is_empty());
        }
    }
    let size = u64::from(bytes.first().copied().unwrap_or(0)) + 1;
    let mut tiles = Tiles::new(Always(bytes), size);
    if let Ok(entries) = tiles.bundle(0) {
        assert_eq!(entries.len() as u64, size.min(256));
        assert_eq!(entries.iter().map(|entry| entry.len() + 2).sum::<usize>(), bytes.len());
    }
    assert!(tiles.bundle(u64::MAX).is_err() && tiles.bundle(2).is_err());
}
