//! Files that are there as a whole or not at all.

use dtsec_log::{Sink, Source};
use serde::Serialize;
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
        let place = self.place(path);
        let write = || {
            let left = |room: &Arc<AtomicU64>| {
                room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
            };
            if !self.room.as_ref().is_none_or(left) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let folder = place.parent().unwrap_or(&self.root);
            std::fs::create_dir_all(folder)?;
            let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
            file.write_all(bytes)?;
            // Others are to read it, which a temporary file does not let them.
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
            file.as_file().set_permissions(mode)?;
            file.as_file().sync_all()?;
            file.persist(&place).map_err(|error| error.error)?;
            // The name as well.
            std::fs::File::open(folder)?.sync_all()?;
            for (count, more) in self.written.iter().zip([1, bytes.len() as u64, 2]) {
                count.fetch_add(more, Ordering::Relaxed);
            }
            Ok(())
        };
        write().map_err(|error| TreeError { path: place.clone(), error })
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
