//! Files that are there as a whole or not at all.

use dtsec_log::{Sink, Source};
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A folder that is served. Each file is written beside its place, made durable, and moved there.
#[derive(Debug, Clone)]
pub struct Tree {
    root: PathBuf,
    /// How many writes are left before the disk is full.
    room: Option<Arc<AtomicU64>>,
    written: Arc<[AtomicU64; 3]>,
}

/// What was written by a tree and its clones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Written {
    /// Files that were put in their place.
    pub files: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// How often the disk was asked to make something durable.
    pub syncs: u64,
}

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {error}", path = path.display())]
pub struct TreeError {
    /// Which.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub error: io::Error,
}

/// The right to write: one publisher at a time. It ends with the process.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "it is held, not used")] std::fs::File);

impl Lock {
    /// Takes a lock that others hold for moments only: waits for them.
    ///
    /// # Errors
    /// [`TreeError`].
    pub(crate) fn wait(path: &Path) -> Result<Option<Self>, TreeError> {
        Self::take(path, rustix::fs::FlockOperation::LockExclusive)
    }

    fn take(path: &Path, how: rustix::fs::FlockOperation) -> Result<Option<Self>, TreeError> {
        let told = |error| TreeError { path: path.to_owned(), error };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(told)?;
        }
        let file =
            std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(told)?;
        match rustix::fs::flock(&file, how) {
            Ok(()) => Ok(Some(Self(file))),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(told(error.into())),
        }
    }
}

impl Tree {
    /// A folder; it need not be there yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), room: None, written: Arc::default() }
    }

    /// One whose disk is full after so many writes: for those who try what a crash leaves behind.
    #[must_use]
    pub fn with_room(mut self, writes: u64) -> Self {
        self.room = Some(Arc::new(AtomicU64::new(writes)));
        self
    }

    /// A folder beside it that nobody serves, with a name that is longer by `suffix`.
    #[must_use]
    pub fn beside(&self, suffix: &str) -> Self {
        let mut root = self.root.clone().into_os_string();
        root.push(suffix);
        Self { root: root.into(), ..self.clone() }
    }

    /// The paths of all files, sorted; without those whose names begin with a dot.
    ///
    /// # Errors
    /// [`TreeError`].
    pub fn files(&self) -> Result<Vec<String>, TreeError> {
        let mut files = Vec::new();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let place = self.place(&folder);
            let told = |error| TreeError { path: place.clone(), error };
            let entries = match std::fs::read_dir(&place) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                entries => entries.map_err(told)?,
            };
            for entry in entries {
                let entry = entry.map_err(told)?;
                let name =
                    entry.file_name().into_string().map_err(|_| told(io::ErrorKind::InvalidData.into()))?;
                let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
                match entry.file_type().map_err(told)?.is_dir() {
                    _ if name.starts_with('.') => {}
                    true => folders.push(path),
                    false => files.push(path),
                }
            }
        }
        files.sort();
        Ok(files)
    }

    /// Takes everything away.
    ///
    /// # Errors
    /// [`TreeError`].
    pub fn clear(&self) -> Result<(), TreeError> {
        match std::fs::remove_dir_all(&self.root) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(TreeError { path: self.root.clone(), error })
            }
            _ => Ok(()),
        }
    }

    fn has_room(&self) -> bool {
        let left = |room: &Arc<AtomicU64>| {
            room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
        };
        self.room.as_ref().is_none_or(left)
    }

    /// What was written so far.
    pub fn written(&self) -> Written {
        let [files, bytes, syncs] = self.written.each_ref().map(|count| count.load(Ordering::Relaxed));
        Written { files, bytes, syncs }
    }

    /// Where it lies.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a path lies.
    pub fn place(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Takes the right to write; none where somebody else has it.
    ///
    /// # Errors
    /// [`TreeError`].
    pub fn lock(&self) -> Result<Option<Lock>, TreeError> {
        Lock::take(&self.place(".lock"), rustix::fs::FlockOperation::NonBlockingLockExclusive)
    }

    /// A file, if it is there.
    ///
    /// # Errors
    /// [`TreeError`].
    pub fn get(&self, path: &str) -> Result<Option<Vec<u8>>, TreeError> {
        match std::fs::read(self.place(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(TreeError { path: self.place(path), error }),
        }
    }

    /// Whether a file is there.
    ///
    /// # Errors
    /// [`TreeError`].
    pub fn has(&self, path: &str) -> Result<bool, TreeError> {
        let place = self.place(path);
        place.try_exists().map_err(|error| TreeError { path: place, error })
    }

    /// Takes a file away, if it is there.
    ///
    /// # Errors
    /// [`TreeError`].
    pub fn remove(&self, path: &str) -> Result<(), TreeError> {
        match std::fs::remove_file(self.place(path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(TreeError { path: self.place(path), error })
            }
            _ => Ok(()),
        }
    }

    /// Puts a file in its place.
    ///
    /// # Errors
    /// [`TreeError`]; then what was there before still is.
    pub fn put(&self, path: &str, bytes: &[u8]) -> Result<(), TreeError> {
        let mut writing = self.writing();
        writing.put(path, bytes)?;
        writing.done()
    }

    /// Puts many files in their places: each as [`Tree::put`] does it, and the disk is not asked for each of them.
    pub fn writing(&self) -> Writing<'_> {
        Writing { tree: self, waiting: Vec::new() }
    }

    /// Puts a file there unless the same one is.
    ///
    /// # Errors
    /// [`TreeError`].
    pub fn put_changed(&self, path: &str, bytes: &[u8]) -> Result<bool, TreeError> {
        if self.get(path)?.as_deref() == Some(bytes) {
            return Ok(false);
        }
        self.put(path, bytes).map(|()| true)
    }
}

/// So many files wait at most until they are put in their places.
const MOST: usize = 1_000;
/// From so many files on, everything that the file system has is made durable in one go, and not each file by itself.
const MANY: usize = 64;

/// Files that are written beside their places. They are moved there when all of them are durable.
#[derive(Debug)]
pub struct Writing<'t> {
    tree: &'t Tree,
    waiting: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    place: PathBuf,
    file: tempfile::TempPath,
    bytes: u64,
}

impl Writing<'_> {
    /// Writes a file beside its place.
    ///
    /// # Errors
    /// [`TreeError`]; then what was in its place before still is.
    pub fn put(&mut self, path: &str, bytes: &[u8]) -> Result<(), TreeError> {
        let place = self.tree.place(path);
        let write = || {
            let folder = place.parent().unwrap_or(&self.tree.root);
            std::fs::create_dir_all(folder)?;
            let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
            file.write_all(bytes)?;
            // Others are to read it, which a temporary file does not let them.
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
            file.as_file().set_permissions(mode)?;
            Ok(file.into_temp_path())
        };
        let file = write().map_err(|error| TreeError { path: place.clone(), error })?;
        self.waiting.push(Waiting { place, file, bytes: bytes.len() as u64 });
        if self.waiting.len() >= MOST { self.move_all() } else { Ok(()) }
    }

    /// Puts a file there unless the same one is.
    ///
    /// # Errors
    /// [`TreeError`].
    pub fn put_changed(&mut self, path: &str, bytes: &[u8]) -> Result<bool, TreeError> {
        if self.tree.get(path)?.as_deref() == Some(bytes) {
            return Ok(false);
        }
        self.put(path, bytes).map(|()| true)
    }

    /// Puts all of them in their places, durably.
    ///
    /// # Errors
    /// [`TreeError`]; then some of them are, each as a whole.
    pub fn done(mut self) -> Result<(), TreeError> {
        self.move_all()
    }

    fn move_all(&mut self) -> Result<(), TreeError> {
        let waiting = std::mem::take(&mut self.waiting);
        let many = waiting.len() >= MANY;
        let all = || self.sync(&self.tree.root, |file| Ok(rustix::fs::syncfs(file)?));
        let one = |path: &Path| self.sync(path, std::fs::File::sync_all);
        match many {
            true => all()?,
            false => waiting.iter().try_for_each(|one_file| one(&one_file.file))?,
        }
        let mut folders = BTreeSet::new();
        for Waiting { place, file, bytes } in waiting {
            let told = |error| TreeError { path: place.clone(), error };
            if !self.tree.has_room() {
                return Err(told(io::ErrorKind::StorageFull.into()));
            }
            file.persist(&place).map_err(|error| told(error.error))?;
            for (count, more) in self.tree.written.iter().zip([1, bytes]) {
                count.fetch_add(more, Ordering::Relaxed);
            }
            folders.extend(place.parent().map(Path::to_owned));
        }
        // The names as well.
        match many {
            true => all(),
            false => folders.iter().try_for_each(|folder| one(folder)),
        }
    }

    fn sync(&self, path: &Path, how: impl FnOnce(&std::fs::File) -> io::Result<()>) -> Result<(), TreeError> {
        let synced = std::fs::File::open(path).and_then(|file| how(&file));
        self.tree.written[2].fetch_add(1, Ordering::Relaxed);
        synced.map_err(|error| TreeError { path: path.to_owned(), error })
    }
}

impl Source for &Tree {
    type Error = TreeError;

    fn read(&mut self, path: &str) -> Result<Vec<u8>, TreeError> {
        let missing = || TreeError { path: self.place(path), error: io::ErrorKind::NotFound.into() };
        self.get(path)?.ok_or_else(missing)
    }
}

impl Sink for &Tree {
    fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), TreeError> {
        self.put(path, bytes)
    }
}

/// What is to come over what there is: read from the first that has it, written to the upper one.
#[derive(Debug, Clone, Copy)]
pub struct Layers<'a> {
    /// What is to come.
    pub above: &'a Tree,
    /// What there is.
    pub below: &'a Tree,
}

impl Layers<'_> {
    /// A file, if it is there.
    ///
    /// # Errors
    /// [`TreeError`].
    pub fn get(&self, path: &str) -> Result<Option<Vec<u8>>, TreeError> {
        match self.above.get(path)? {
            None => self.below.get(path),
            found => Ok(found),
        }
    }
}

impl Source for Layers<'_> {
    type Error = TreeError;

    fn read(&mut self, path: &str) -> Result<Vec<u8>, TreeError> {
        let missing = || TreeError { path: self.below.place(path), error: io::ErrorKind::NotFound.into() };
        self.get(path)?.ok_or_else(missing)
    }
}

impl Sink for Layers<'_> {
    fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), TreeError> {
        self.above.put(path, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_writes_at_a_time_and_a_file_is_the_old_one_or_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let tree = Tree::new(folder.path().join("tree"));
        let lock = tree.lock().unwrap();
        assert!(lock.is_some() && tree.lock().unwrap().is_none());
        drop(lock);
        assert!(tree.lock().unwrap().is_some());
        assert_eq!(tree.get("a/b").unwrap(), None);
        assert!(tree.put_changed("a/b", b"1").unwrap());
        assert!(!tree.put_changed("a/b", b"1").unwrap());
        assert_eq!(tree.get("a/b").unwrap().as_deref(), Some(&b"1"[..]));
        // A folder where the file should be: the error names it, and nothing is left beside it.
        assert!(tree.put("a", b"2").unwrap_err().to_string().contains("tree/a"));
        let left = std::fs::read_dir(tree.root())
            .unwrap()
            .filter(|one| one.as_ref().unwrap().file_name().to_string_lossy().starts_with(".new"));
        assert_eq!(left.count(), 0);
    }
}
