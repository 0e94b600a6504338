//! Files that are whole or not there: written under another name beside their place, then put there at once.

use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use tempfile::NamedTempFile;

/// Writes a file, in place of one that may be there. What is no regular file (`/dev/stdout`, a pipe) is written to.
pub(crate) fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let context = || format!("cannot write {}", path.display());
    // Through a symbolic link, which stays.
    let place = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mode = match std::fs::metadata(&place) {
        Ok(there) if !there.is_file() => return std::fs::write(path, content).with_context(context),
        Ok(there) => Some(there.permissions().mode() & 0o777),
        Err(_) => None,
    };
    let file = beside(&place, content, mode.unwrap_or(0o666)).with_context(context)?;
    if let Some(mode) = mode {
        let permissions = std::fs::Permissions::from_mode(mode);
        file.as_file().set_permissions(permissions).with_context(context)?;
    }
    file.persist(&place).map_err(|error| error.error).with_context(context)?;
    Ok(())
}

/// Writes a file that must not be there yet.
pub(crate) fn write_new(path: &Path, content: &[u8], mode: u32) -> anyhow::Result<()> {
    let made = beside(path, content, mode).and_then(|file| Ok(file.persist_noclobber(path)?));
    match made {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!(
            "cannot create {}: an existing key is never overwritten, choose another name",
            path.display()
        ),
        Err(error) => Err(error).with_context(|| format!("cannot create {}", path.display())),
    }
}

/// A file to come that is written piece by piece: it gets its name when it is whole, and never in the place of another.
pub(crate) struct NewFile {
    file: NamedTempFile,
    path: PathBuf,
}

impl NewFile {
    /// Begins one. Until it is put in its place it lies beside it under a name that begins with `.dtsec-` and ends with `.part`.
    pub(crate) fn begin(path: &Path, mode: u32) -> anyhow::Result<Self> {
        let context = || format!("cannot create {}", path.display());
        if path.symlink_metadata().is_ok() {
            bail!("cannot create {}: it is there already; choose another name", path.display());
        }
        let permissions = std::fs::Permissions::from_mode(mode);
        let mut new = tempfile::Builder::new();
        let file = new.prefix(".dtsec-").suffix(".part").permissions(permissions).tempfile_in(folder(path));
        Ok(Self { file: file.with_context(context)?, path: path.to_owned() })
    }

    /// What is written to.
    pub(crate) fn file(&self) -> &std::fs::File {
        self.file.as_file()
    }

    /// Gives it its name, when all of it is on the disk.
    pub(crate) fn put(self) -> anyhow::Result<()> {
        let context = || format!("cannot create {}", self.path.display());
        self.file.as_file().sync_all().with_context(context)?;
        self.file.persist_noclobber(&self.path).map_err(|error| error.error).with_context(context)?;
        // The name is to last as well.
        std::fs::File::open(folder(&self.path)).and_then(|folder| folder.sync_all()).with_context(context)
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The text of a file; what is no UTF-8 is told with its place.
pub(crate) fn text(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        anyhow!(
            "{} is no text in UTF-8: byte {at}, in line {line}, is none; convert it first",
            path.display()
        )
    })
}

/// Whether both paths lead to one file, whatever they are called.
pub(crate) fn are_one(a: &Path, b: &Path) -> bool {
    let identity = |path: &Path| std::fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
    matches!((identity(a), identity(b)), (Some(a), Some(b)) if a == b)
}

/// The content in a nameless neighbour of `path`, which goes away unless it is put somewhere.
fn beside(path: &Path, content: &[u8], mode: u32) -> std::io::Result<NamedTempFile> {
    let permissions = std::fs::Permissions::from_mode(mode);
    let mut new = tempfile::Builder::new();
    let mut file = new.prefix(".dtsec-").permissions(permissions).tempfile_in(folder(path))?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_put_in_its_place_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, b"old").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new", "the control");
        assert!(write_new(&path, b"newer", 0o600).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write(&folder.path().join("nowhere/file"), b"").is_err());
    }

    #[test]
    fn a_link_and_the_mode_of_a_file_that_is_replaced_stay() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link] = ["file", "link"].map(|name| folder.path().join(name));
        std::fs::write(&file, b"old").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        assert!(are_one(&file, &link) && !are_one(&file, folder.path()));
        write(&link, b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn a_new_file_has_its_name_when_it_is_whole_and_never_that_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let new = NewFile::begin(&path, 0o600).unwrap();
        new.file().write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(new);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "what was given up is gone");
        let [one, other] = [(); 2].map(|()| NewFile::begin(&path, 0o600).unwrap());
        one.file().write_all(b"whole").unwrap();
        one.put().unwrap();
        assert!(other.put().is_err() && NewFile::begin(&path, 0o600).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
