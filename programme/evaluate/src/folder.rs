//! The folder that takes what an evaluation found: `evidence.json` and `report.html`.
//!
//! It is tried before anything runs, so that minutes of tests are not lost to a full disk or a mistyped path; one
//! evaluation at a time holds it; and each file is there whole or as it was before, never in part.

use crate::evidence::Evidence;
use crate::report;
use anyhow::{Context, Result, bail};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

const FILES: [&str; 2] = ["evidence.json", "report.html"];
const LOCK: &str = "evaluation.lock";

/// A folder for evidence, held by this evaluation until it is dropped or the process ends.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    lock: File,
}

impl Folder {
    /// Makes the folder, takes hold of it and shows that it can be written.
    pub fn claim(path: &Path) -> Result<Folder> {
        std::fs::create_dir_all(path).with_context(|| format!("cannot create {}", path.display()))?;
        let lock_path = path.join(LOCK);
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path);
        let lock = lock.with_context(|| format!("cannot write {}", lock_path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "another evaluation writes into {}; wait for its end, or choose another folder with --out",
                path.display()
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", lock_path.display()));
            }
        }
        for file in FILES.map(|name| path.join(name)) {
            if file.is_dir() {
                bail!("{} is a folder; the evaluation writes a file there", file.display());
            }
        }
        let folder = Folder { path: path.to_owned(), lock };
        drop(folder.temporary("a probe")?);
        Ok(folder)
    }

    /// Writes both files; returns their paths. Whoever reads them meanwhile sees the old ones or the new ones.
    pub fn write(&self, evidence: &Evidence) -> Result<[PathBuf; 2]> {
        let json = serde_json::to_string_pretty(evidence)? + "\n";
        let page = report::html(evidence)?;
        // Both are on the disk before the first takes its place.
        let [json, page] = [self.temporary(&json)?, self.temporary(&page)?];
        let [json_path, page_path] = FILES.map(|name| self.path.join(name));
        for (file, path) in [(json, &json_path), (page, &page_path)] {
            file.persist(path).with_context(|| format!("cannot write {}", path.display()))?;
        }
        let synced = File::open(&self.path).and_then(|folder| folder.sync_all());
        synced.with_context(|| format!("cannot write {}", self.path.display()))?;
        Ok([json_path, page_path])
    }

    /// A file of this folder with that content, under a name of its own until it takes another's place.
    fn temporary(&self, content: &str) -> Result<tempfile::NamedTempFile> {
        use std::os::unix::fs::PermissionsExt;
        let make = || -> std::io::Result<_> {
            let mut builder = tempfile::Builder::new();
            builder.prefix(".evaluation-").permissions(std::fs::Permissions::from_mode(0o644));
            let mut file = builder.tempfile_in(&self.path)?;
            file.write_all(content.as_bytes())?;
            file.as_file().sync_all()?;
            Ok(file)
        };
        make().with_context(|| format!("cannot write into {}", self.path.display()))
    }
}

impl Drop for Folder {
    /// Closing the file would not do: a child that was just forked may still hold a copy of it.
    fn drop(&mut self) {
        drop(self.lock.unlock());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entry = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|e| entry(e).to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_folder_is_made_and_takes_both_files_and_nothing_else_stays_in_it() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("new/folder");
        let folder = Folder::claim(&path).unwrap();
        let files = folder.write(&crate::report::sample()).unwrap();
        assert_eq!(files, FILES.map(|name| path.join(name)));
        let evidence: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&files[0]).unwrap()).expect("whole JSON");
        assert_eq!(evidence["seed"], 7);
        assert_eq!(names(&path), [LOCK, FILES[0], FILES[1]]);
    }

    #[test]
    fn a_folder_that_cannot_be_made_or_written_is_refused_before_anything_runs() {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("file"), "").unwrap();
        let error = Folder::claim(&place.path().join("file/below")).unwrap_err();
        assert!(format!("{error:#}").contains("cannot create"), "{error:#}");
        let taken = place.path().join("taken");
        std::fs::create_dir_all(taken.join(FILES[1])).unwrap();
        let error = Folder::claim(&taken).unwrap_err();
        assert!(format!("{error:#}").contains("report.html is a folder"), "{error:#}");
        Folder::claim(&place.path().join("good")).expect("a folder beside them");
    }

    #[test]
    fn two_evaluations_do_not_write_into_the_same_folder_and_one_after_the_other_do() {
        let place = tempfile::tempdir().unwrap();
        let first = Folder::claim(place.path()).unwrap();
        let error = Folder::claim(place.path()).unwrap_err().to_string();
        assert!(error.contains("another evaluation") && error.contains("--out"), "{error}");
        drop(first);
        Folder::claim(place.path()).expect("free again");
    }

    #[test]
    fn evidence_that_cannot_be_written_whole_leaves_the_old_evidence_as_it_was() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("out");
        let folder = Folder::claim(&path).unwrap();
        let [json, page] = folder.write(&crate::report::sample()).unwrap();
        let old = std::fs::read(&json).unwrap();
        // A reader that opened the old file goes on reading the old file: the new one is another file.
        let mut reader = File::open(&json).unwrap();
        let mut newer = crate::report::sample();
        newer.seed = 8;
        folder.write(&newer).unwrap();
        let mut seen = Vec::new();
        std::io::Read::read_to_end(&mut reader, &mut seen).unwrap();
        assert_eq!(seen, old, "the file was overwritten in place");
        assert_ne!(std::fs::read(&json).unwrap(), old);
        drop(page);
        std::fs::remove_dir_all(&path).unwrap();
        let error = folder.write(&newer).unwrap_err();
        assert!(format!("{error:#}").contains("cannot write into"), "{error:#}");
    }
}
