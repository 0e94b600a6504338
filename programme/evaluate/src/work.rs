//! Where the devices of an evaluation lie while it runs.

use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

const PREFIX: &str = "dtsec-evaluate-";

/// How long ago an evaluation that was killed must have begun before its folder is swept away.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// A temporary folder that only its owner can look into – devices keep secrets in theirs – and that goes with this
/// value, or at [`Work::clear`].
#[derive(Debug)]
pub struct Work {
    folder: PathBuf,
    cleared: RwLock<bool>,
}

impl Work {
    /// A new folder. Those of evaluations that were killed more than a day ago are removed.
    pub fn new() -> io::Result<Work> {
        Work::within(&std::env::temp_dir())
    }

    fn within(place: &Path) -> io::Result<Work> {
        let private = std::fs::Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().prefix(PREFIX).permissions(private).tempdir_in(place)?.keep();
        // What another user left is his.
        if let Ok(own) = folder.metadata() {
            sweep(place, own.uid(), SystemTime::now() - STALE);
        }
        Ok(Work { folder, cleared: RwLock::new(false) })
    }

    /// Makes something in a folder of its own below this one, unless it was cleared.
    pub(crate) fn make<T, E: From<io::Error>>(
        &self,
        make: impl FnOnce(TempDir) -> Result<T, E>,
    ) -> Result<T, E> {
        let cleared = self.cleared.read().unwrap_or_else(PoisonError::into_inner);
        if *cleared {
            return Err(io::Error::from(io::ErrorKind::Interrupted).into());
        }
        make(TempDir::new_in(&self.folder)?)
    }

    /// Removes everything, and lets nothing new be made: for the end before the end, from another thread than the
    /// evaluation's. Its tests then fail; nobody should look at them any more.
    pub fn clear(&self) {
        *self.cleared.write().unwrap_or_else(PoisonError::into_inner) = true;
        // A device that is still on may write into its folder. Under another name nobody finds it any more; only what
        // was on its way there can still arrive, once.
        let mut away = self.folder.clone().into_os_string();
        away.push(".cleared");
        if std::fs::rename(&self.folder, &away).is_ok() && std::fs::remove_dir_all(&away).is_err() {
            drop(std::fs::remove_dir_all(&away));
        }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Removes folders of evaluations of this user that nothing was done in since `before`.
fn sweep(place: &Path, user: u32, before: SystemTime) {
    for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
        let stale = |about: std::fs::Metadata| {
            about.is_dir() && about.uid() == user && about.modified().is_ok_and(|then| then < before)
        };
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && entry.metadata().is_ok_and(stale) {
            drop(std::fs::remove_dir_all(entry.path()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_but_the_owner_can_look_into_the_folder_and_it_goes_with_its_value() {
        let place = tempfile::tempdir().unwrap();
        let work = Work::within(place.path()).unwrap();
        assert_eq!(work.folder.metadata().unwrap().mode() & 0o777, 0o700);
        let below = work.make(|folder| Ok::<_, io::Error>(folder.path().to_owned())).unwrap();
        assert!(below.starts_with(&work.folder));
        let folder = work.folder.clone();
        drop(work);
        assert!(!folder.exists());
    }

    #[test]
    fn a_cleared_folder_is_gone_and_nothing_can_be_made_in_it_again() {
        let place = tempfile::tempdir().unwrap();
        let work = Work::within(place.path()).unwrap();
        let held = work.make(Ok::<_, io::Error>).unwrap();
        std::fs::write(held.path().join("factory.bin"), [7; 32]).unwrap();
        work.clear();
        assert!(!work.folder.exists());
        assert!(work.make(Ok::<_, io::Error>).is_err());
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_somebody_writes_into_meanwhile_is_gone_all_the_same() {
        let place = tempfile::tempdir().unwrap();
        let work = Work::within(place.path()).unwrap();
        let held = work.make(Ok::<_, io::Error>).unwrap();
        let (path, (begun, has_begun)) = (held.path().to_owned(), std::sync::mpsc::channel());
        std::thread::scope(|scope| {
            // Until there is nothing any more to write into.
            scope.spawn(move || {
                (0..).all(|n: u32| {
                    let written = std::fs::write(path.join(n.to_string()), [7; 32]);
                    _ = begun.send(());
                    written.is_ok()
                })
            });
            for _ in 0..100 {
                has_begun.recv().unwrap();
            }
            work.clear();
        });
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[test]
    fn folders_that_a_killed_evaluation_left_are_swept_a_day_later_and_nothing_else_is() {
        let place = tempfile::tempdir().unwrap();
        let old = SystemTime::now() - 2 * STALE;
        for (name, age) in
            [("dtsec-evaluate-old", Some(old)), ("dtsec-evaluate-new", None), ("other-old", Some(old))]
        {
            let folder = place.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            if let Some(age) = age {
                std::fs::File::open(&folder).unwrap().set_modified(age).unwrap();
            }
        }
        let work = Work::within(place.path()).unwrap();
        assert!(!place.path().join("dtsec-evaluate-old").exists());
        assert!(place.path().join("dtsec-evaluate-new").exists() && place.path().join("other-old").exists());
        drop(work);
    }
}
