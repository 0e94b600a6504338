//! Tiles (C2SP `tlog-tiles`): a log as files that never change once they are full.

use crate::tree::{Hash, Nodes, node_hash};
use std::collections::BTreeMap;

/// How many hashes, or entries, a full tile has.
pub const WIDTH: u64 = 256;
const HEIGHT: u8 = 8;

/// The longest entry.
pub const MOST_ENTRY: usize = u16::MAX as usize;

/// A number as a path: `x001/x234/067`.
fn number(mut number: u64) -> String {
    let mut path = format!("{:03}", number % 1000);
    while number >= 1000 {
        number /= 1000;
        path = format!("x{:03}/{path}", number % 1000);
    }
    path
}

/// The path of a tile of hashes; `width` is 1 to 256.
pub fn hash_path(level: u8, index: u64, width: u64) -> String {
    path(&format!("tile/{level}"), index, width)
}

/// The path of a bundle of entries; `width` is 1 to 256.
pub fn entries_path(index: u64, width: u64) -> String {
    path("tile/entries", index, width)
}

fn path(folder: &str, index: u64, width: u64) -> String {
    match width {
        WIDTH => format!("{folder}/{}", number(index)),
        _ => format!("{folder}/{}.p/{width}", number(index)),
    }
}

/// How wide the tile is in a log of that size: none where it is not in it.
fn width(level: u8, index: u64, size: u64) -> Option<u64> {
    let hashes = size.checked_shr(u32::from(level) * u32::from(HEIGHT)).unwrap_or(0);
    let rest = hashes.checked_sub(index.checked_mul(WIDTH)?)?;
    (rest > 0).then(|| rest.min(WIDTH))
}

/// Why tiles cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TileError<E> {
    /// It could not be had.
    #[error("{path}: {error}")]
    Source {
        /// Which.
        path: String,
        /// Why.
        error: E,
    },
    /// It is not of its form.
    #[error("{path}: {problem}")]
    Form {
        /// Which.
        path: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// The log is not so large.
    #[error("the log has {size} entries; there is no number {index}")]
    Beyond {
        /// Which was asked for.
        index: u64,
        /// How large it is.
        size: u64,
    },
}

/// Where tiles come from: a folder, a server.
pub trait Source {
    /// What goes wrong.
    type Error;

    /// The content of a path.
    ///
    /// # Errors
    /// Where it is not to be had.
    fn read(&mut self, path: &str) -> Result<Vec<u8>, Self::Error>;
}

/// A log of a size, read from tiles. What it says is to be believed as far as its root is that of a checkpoint.
pub struct Tiles<S> {
    source: S,
    size: u64,
    read: BTreeMap<(u8, u64), Vec<Hash>>,
}

impl<S: Source> Tiles<S> {
    /// A log of that size.
    pub fn new(source: S, size: u64) -> Self {
        Self { source, size, read: BTreeMap::new() }
    }

    /// How large it is.
    pub fn size(&self) -> u64 {
        self.size
    }

    fn fetch(&mut self, path: String) -> Result<(String, Vec<u8>), TileError<S::Error>> {
        match self.source.read(&path) {
            Ok(bytes) => Ok((path, bytes)),
            Err(error) => Err(TileError::Source { path, error }),
        }
    }

    /// The hashes of a tile.
    fn tile(&mut self, level: u8, index: u64) -> Result<&[Hash], TileError<S::Error>> {
        if !self.read.contains_key(&(level, index)) {
            let beyond = TileError::Beyond { index, size: self.size };
            let width = width(level, index, self.size).ok_or(beyond)?;
            let (path, bytes) = self.fetch(hash_path(level, index, width))?;
            if bytes.len() as u64 != width * 32 {
                return Err(TileError::Form { path, problem: "it has not as many hashes as its name says" });
            }
            let hashes = bytes.chunks_exact(32).map(|hash| hash.try_into().expect("32 bytes")).collect();
            self.read.insert((level, index), hashes);
        }
        Ok(&self.read[&(level, index)])
    }

    /// The entries of a bundle: those from `index * 256` on.
    ///
    /// # Errors
    /// [`TileError`].
    pub fn bundle(&mut self, index: u64) -> Result<Vec<Vec<u8>>, TileError<S::Error>> {
        let beyond = TileError::Beyond { index: index.saturating_mul(WIDTH), size: self.size };
        let width = width(0, index, self.size).ok_or(beyond)?;
        let (path, bytes) = self.fetch(entries_path(index, width))?;
        let entries = split(&bytes).filter(|entries| entries.len() as u64 == width);
        entries.ok_or(TileError::Form { path, problem: "it has not as many whole entries as its name says" })
    }
}

impl<S: Source> Nodes for Tiles<S> {
    type Error = TileError<S::Error>;

    fn node(&mut self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        let (tile_level, above) = (level / HEIGHT, level % HEIGHT);
        let start = index << above;
        let (tile, at) = (start / WIDTH, (start % WIDTH) as usize);
        let hashes = self.tile(tile_level, tile)?;
        let part = hashes.get(at..at + (1 << above)).map(<[Hash]>::to_vec);
        let mut part = part.ok_or(TileError::Beyond { index: start, size: self.size })?;
        while part.len() > 1 {
            part = part.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
        }
        Ok(part[0])
    }
}

/// A bundle's entries: each with its length in two bytes before it.
fn split(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, rest) = rest.split_at_checked(length)?;
        entries.push(entry.to_vec());
        bytes = rest;
    }
    bytes.is_empty().then_some(entries)
}

/// Where tiles go.
pub trait Sink: Source {
    /// Puts a content in its place as a whole: after a crash it is there or not.
    ///
    /// # Errors
    /// Where that is not possible.
    fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), Self::Error>;
}

/// Appends entries to a log of a size, and says its new size. What is written is not part of the log before a
/// checkpoint says so: after a crash it is written again.
///
/// # Errors
/// [`TileError`]; [`TileError::Form`] for an entry that is too long, before anything is written.
pub fn append<S: Sink>(sink: S, size: u64, entries: &[Vec<u8>]) -> Result<Tiles<S>, TileError<S::Error>> {
    if entries.iter().any(|entry| entry.len() > MOST_ENTRY) {
        let path = "tile/entries".to_owned();
        return Err(TileError::Form { path, problem: "an entry has 65,535 bytes at most" });
    }
    let mut old = Tiles::new(sink, size);
    let new = size + entries.len() as u64;
    if entries.is_empty() {
        return Ok(old);
    }
    // The entries, from the one bundle that was not full.
    let first = size / WIDTH;
    let mut bundle = if size.is_multiple_of(WIDTH) { Vec::new() } else { old.bundle(first)? };
    let mut hashes: Vec<Hash> = entries.iter().map(|entry| crate::tree::leaf_hash(entry)).collect();
    let mut rest = entries;
    for index in first..=(new - 1) / WIDTH {
        let take = rest.len().min(WIDTH as usize - bundle.len());
        bundle.extend_from_slice(&rest[..take]);
        rest = &rest[take..];
        let prefixed = |entry: &Vec<u8>| [&(entry.len() as u16).to_be_bytes()[..], entry].concat();
        let bytes: Vec<u8> = bundle.iter().flat_map(prefixed).collect();
        put(&mut old.source, entries_path(index, bundle.len() as u64), &bytes)?;
        bundle.clear();
    }
    // The hashes, level by level: what becomes full is a hash of the level above.
    let (mut level, mut had) = (0, size);
    while !hashes.is_empty() {
        let first = had / WIDTH;
        let mut tile = if had.is_multiple_of(WIDTH) { Vec::new() } else { old.tile(level, first)?.to_vec() };
        let (mut above, mut index, mut rest) = (Vec::new(), first, &hashes[..]);
        while !rest.is_empty() {
            let take = rest.len().min(WIDTH as usize - tile.len());
            tile.extend_from_slice(&rest[..take]);
            rest = &rest[take..];
            put(&mut old.source, hash_path(level, index, tile.len() as u64), &tile.concat())?;
            if tile.len() as u64 == WIDTH {
                while tile.len() > 1 {
                    tile = tile.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
                }
                above.push(tile[0]);
            }
            tile.clear();
            index += 1;
        }
        (hashes, had, level) = (above, had >> HEIGHT, level + 1);
    }
    Ok(Tiles::new(old.source, new))
}

fn put<S: Sink>(sink: &mut S, path: String, bytes: &[u8]) -> Result<(), TileError<S::Error>> {
    sink.write(&path, bytes).map_err(|error| TileError::Source { path, error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{self, Frontier, leaf_hash};
    use proptest::prelude::*;

    #[derive(Default)]
    struct Memory(BTreeMap<String, Vec<u8>>);

    impl Source for &mut Memory {
        type Error = String;

        fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
            self.0.get(path).cloned().ok_or_else(|| "not there".to_owned())
        }
    }

    impl Sink for &mut Memory {
        fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), String> {
            self.0.insert(path.to_owned(), bytes.to_vec());
            Ok(())
        }
    }

    fn entry(number: u64) -> Vec<u8> {
        format!("entry {number}").into_bytes()
    }

    #[test]
    fn paths_are_those_of_the_specification() {
        assert_eq!(hash_path(0, 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(hash_path(1, 0, 5), "tile/1/000.p/5");
        assert_eq!(entries_path(999, 256), "tile/entries/999");
        assert_eq!(entries_path(1000, 1), "tile/entries/x001/000.p/1");
    }

    #[test]
    fn a_log_in_tiles_is_the_tree_over_its_entries_however_it_was_appended() {
        for steps in [vec![1; 300], vec![255, 1, 1], vec![256, 256], vec![700], vec![3, 66_000, 10]] {
            let mut memory = Memory::default();
            let (mut size, mut edge) = (0, Frontier::default());
            for step in steps {
                let entries: Vec<_> = (size..size + step).map(entry).collect();
                entries.iter().for_each(|entry| edge.push(leaf_hash(entry)));
                let mut tiles = append(&mut memory, size, &entries).unwrap();
                size += step;
                assert_eq!(tiles.size(), size);
                assert_eq!(tree::root(&mut tiles, size).unwrap(), edge.root(), "{size}");
                assert_eq!(Frontier::of(&mut tiles, size).unwrap(), edge);
            }
            let mut tiles = Tiles::new(&mut memory, size);
            let read: Vec<_> =
                (0..size.div_ceil(WIDTH)).flat_map(|index| tiles.bundle(index).unwrap()).collect();
            assert_eq!(read, (0..size).map(entry).collect::<Vec<_>>());
            let (leaf, root) = (size / 2, edge.root());
            let path = tree::inclusion(&mut tiles, leaf, size).unwrap();
            assert!(tree::is_included(&leaf_hash(&entry(leaf)), leaf, size, &path, &root));
            assert!(!tree::is_included(&leaf_hash(&entry(leaf + 1)), leaf, size, &path, &root));
        }
    }

    #[test]
    fn an_older_size_can_still_be_proven_from_tiles_that_are_full_by_now() {
        let mut memory = Memory::default();
        append(&mut memory, 0, &(0..1000).map(entry).collect::<Vec<_>>()).unwrap();
        let mut tiles = Tiles::new(&mut memory, 1000);
        let (old, new) = (tree::root(&mut tiles, 512).unwrap(), tree::root(&mut tiles, 1000).unwrap());
        let path = tree::consistency(&mut tiles, 512, 1000).unwrap();
        assert!(tree::is_consistent(512, &old, 1000, &new, &path));
        assert!(!tree::is_consistent(511, &old, 1000, &new, &path));
    }

    #[test]
    fn missing_short_and_long_tiles_are_told_by_name() {
        let mut memory = Memory::default();
        append(&mut memory, 0, &(0..300).map(entry).collect::<Vec<_>>()).unwrap();
        let long = vec![vec![0; MOST_ENTRY + 1]];
        assert!(matches!(append(&mut memory, 300, &long), Err(TileError::Form { .. })));
        assert!(append(&mut memory, 300, &[vec![0; MOST_ENTRY]]).is_ok());
        memory.0.get_mut("tile/0/000").unwrap().pop();
        memory.0.get_mut("tile/entries/000").unwrap().pop();
        memory.0.remove("tile/0/001.p/44");
        let told = |error: TileError<String>| error.to_string();
        let mut tiles = Tiles::new(&mut memory, 300);
        assert!(told(tiles.node(0, 0).unwrap_err()).starts_with("tile/0/000: it has not"));
        assert!(told(tiles.node(0, 256).unwrap_err()).starts_with("tile/0/001.p/44: not there"));
        assert!(told(tiles.node(0, 512).unwrap_err()).contains("300 entries"));
        assert!(told(tiles.bundle(0).unwrap_err()).starts_with("tile/entries/000: it has not"));
        assert!(matches!(tiles.bundle(2), Err(TileError::Beyond { .. })));
        assert!(matches!(tiles.bundle(u64::MAX), Err(TileError::Beyond { .. })));
    }

    proptest! {
        #[test]
        fn no_bundle_whatever_is_read_beyond_its_end(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            if let Some(entries) = split(&bytes) {
                let back: Vec<u8> = entries
                    .iter()
                    .flat_map(|entry| [&(entry.len() as u16).to_be_bytes()[..], entry].concat())
                    .collect();
                prop_assert_eq!(back, bytes);
            }
        }
    }
}
