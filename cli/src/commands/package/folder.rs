//! A folder that is there as a whole or not at all.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use dtsec_evidence::sha256;
use dtsec_render::package::PackageFile;
use tempfile::TempDir;

/// The list of digests, by which a folder is known to be one of ours.
const SUMS: &str = "SHA256SUMS";

/// A folder while it is made, beside its place.
pub(super) struct Folder {
    made: TempDir,
    out: PathBuf,
    files: Vec<PackageFile>,
}

impl Folder {
    /// A folder that will lie at `out`.
    pub(super) fn new(out: &Path) -> anyhow::Result<Folder> {
        if out.exists() && !out.join(SUMS).is_file() {
            bail!("{} is there and was not made by this command: choose another folder", out.display());
        }
        let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        let made = tempfile::Builder::new().prefix(".dtsec-package-").tempdir_in(parent);
        let made = made.with_context(|| format!("cannot make a folder in {}", parent.display()))?;
        Ok(Folder { made, out: out.to_owned(), files: Vec::new() })
    }

    /// Where a file lies now.
    pub(super) fn place(&self, path: impl AsRef<Path>) -> PathBuf {
        self.made.path().join(path)
    }

    /// What was put in so far.
    pub(super) fn files(&self) -> &[PackageFile] {
        &self.files
    }

    /// Puts a file in, and says where it lies now. The same file twice is one.
    pub(super) fn put(
        &mut self,
        path: impl AsRef<Path>,
        what: &str,
        bytes: &[u8],
    ) -> anyhow::Result<PathBuf> {
        let place = self.place(&path);
        let name = path.as_ref().display().to_string();
        let digest = sha256(bytes);
        if let Some(there) = self.files.iter().find(|file| file.path == name) {
            if there.sha256 != digest {
                bail!("two things would be called {name} in the folder: {} and {what}", there.what);
            }
            return Ok(place);
        }
        let context = || format!("cannot write {}", place.display());
        if let Some(parent) = place.parent() {
            std::fs::create_dir_all(parent).with_context(context)?;
        }
        std::fs::write(&place, bytes).with_context(context)?;
        self.files.push(PackageFile { path: name, what: what.to_owned(), sha256: digest });
        Ok(place)
    }

    /// Puts the digests in and the folder in its place.
    pub(super) fn finish(mut self) -> anyhow::Result<PathBuf> {
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut sums = String::new();
        for file in &self.files {
            writeln!(sums, "{}  {}", file.sha256, file.path)?;
        }
        let place = self.place(SUMS);
        std::fs::write(&place, sums).with_context(|| format!("cannot write {}", place.display()))?;
        let context = || format!("cannot put the folder in its place, {}", self.out.display());
        // Others are to read it, which a temporary folder does not let them.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(self.made.path(), mode).with_context(context)?;
        let old = self.out.exists().then(|| self.made.path().with_extension("old"));
        if let Some(old) = &old {
            std::fs::rename(&self.out, old).with_context(context)?;
        }
        let made = self.made.keep();
        if let Err(error) = std::fs::rename(&made, &self.out) {
            if let Some(old) = &old {
                std::fs::rename(old, &self.out).with_context(context)?;
            }
            drop(std::fs::remove_dir_all(&made));
            return Err(error).with_context(context);
        }
        if let Some(old) = &old {
            std::fs::remove_dir_all(old).with_context(|| format!("cannot remove {}", old.display()))?;
        }
        Ok(self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_replaced_as_a_whole_and_its_digests_are_those_of_its_files() {
        let parent = tempfile::tempdir().unwrap();
        let out = parent.path().join("out");
        for content in ["first", "second"] {
            let mut folder = Folder::new(&out).unwrap();
            folder.put("a/b.txt", "a file", content.as_bytes()).unwrap();
            folder.put(content, "named after the turn", b"").unwrap();
            assert_eq!(folder.finish().unwrap(), out);
        }
        assert_eq!(std::fs::read(out.join("a/b.txt")).unwrap(), b"second");
        assert!(!out.join("first").exists(), "a file of the folder that was replaced");
        let sums = std::fs::read_to_string(out.join(SUMS)).unwrap();
        assert!(sums.contains(&format!("{}  a/b.txt\n", sha256(b"second"))), "{sums}");
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 1, "something is left beside it");
    }

    #[test]
    fn a_folder_of_somebody_else_stays_as_it_is() {
        let parent = tempfile::tempdir().unwrap();
        let out = parent.path().join("out");
        std::fs::create_dir(&out).unwrap();
        std::fs::write(out.join("letter"), b"mine").unwrap();
        let error = Folder::new(&out).err().unwrap().to_string();
        assert!(error.contains("choose another folder"), "{error}");
        std::fs::write(out.join(SUMS), b"").unwrap();
        assert!(Folder::new(&out).is_ok(), "the control");
        assert!(out.join("letter").exists());
    }

    #[test]
    fn one_name_is_of_one_file() {
        let parent = tempfile::tempdir().unwrap();
        let mut folder = Folder::new(&parent.path().join("out")).unwrap();
        folder.put("a", "one", b"1").unwrap();
        folder.put("a", "one again", b"1").unwrap();
        assert_eq!(folder.files().len(), 1, "the control");
        assert!(folder.put("a", "two", b"2").is_err());
    }
}
