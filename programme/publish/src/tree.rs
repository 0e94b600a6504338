//! Files that are there as a whole or not at all.

use dtsec_log::{Sink, Source};
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

impl Tree {
    /// A folder; it need not be there yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), room: None }
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
        let path = self.place(".lock");
        let told = |error| TreeError { path: path.clone(), error };
        std::fs::create_dir_all(&self.root).map_err(told)?;
        let file =
            std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(told)?;
        match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Lock(file))),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(told(error.into())),
        }
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
            std::fs::File::open(folder)?.sync_all()
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
