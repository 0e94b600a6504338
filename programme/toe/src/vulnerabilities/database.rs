//! A database on disk: a checkout of RustSec's, or files of OSV.

use super::advisory::Advisory;
use super::{osv, rustsec};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Why a database cannot be used. A part that cannot be read makes the whole unusable: a search must not miss it in silence.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// A file or folder.
    #[error("cannot read {path}: {error}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file that is no advisory.
    #[error("{path} is no advisory: {message}")]
    Advisory {
        /// Which.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// There is nothing in it.
    #[error(
        "{path} holds no advisories; give a checkout of rustsec/advisory-db, or OSV's JSON files for crates.io"
    )]
    Empty {
        /// Which.
        path: PathBuf,
    },
}

/// Where advisories come from, so that a search can be repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Origin {
    /// Where it lies.
    pub path: String,
    /// `rustsec` or `osv`.
    pub format: &'static str,
    /// The commit of a checkout.
    pub commit: Option<String>,
    /// How many there are.
    pub advisories: usize,
    /// The date of the newest one.
    pub newest: Option<String>,
}

/// A database.
#[derive(Debug, Clone)]
pub struct Database {
    origin: Origin,
    advisories: Vec<Advisory>,
}

impl Database {
    /// Reads one.
    pub fn read(path: &Path) -> Result<Database, DatabaseError> {
        let crates = path.join("crates");
        let (format, advisories) = if crates.is_dir() {
            ("rustsec", all(&crates, "md", &|text| rustsec::read(text).map(|one| vec![one]))?)
        } else {
            ("osv", all(path, "json", &osv::read)?)
        };
        if advisories.is_empty() {
            return Err(DatabaseError::Empty { path: path.to_owned() });
        }
        let origin = Origin {
            path: path.display().to_string(),
            format,
            commit: commit(path),
            advisories: advisories.len(),
            newest: advisories.iter().map(|advisory| advisory.date.clone()).max(),
        };
        Ok(Database { origin, advisories })
    }

    /// Where it comes from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What is in it.
    pub fn advisories(&self) -> &[Advisory] {
        &self.advisories
    }
}

type Reader<'r> = &'r dyn Fn(&str) -> Result<Vec<Advisory>, String>;

/// The advisories of a file, or of all files with this ending in a folder and below.
fn all(path: &Path, ending: &str, read: Reader<'_>) -> Result<Vec<Advisory>, DatabaseError> {
    let failed = |error| DatabaseError::Read { path: path.to_owned(), error };
    if !path.is_dir() {
        let text = std::fs::read_to_string(path).map_err(failed)?;
        return read(&text).map_err(|message| DatabaseError::Advisory { path: path.to_owned(), message });
    }
    let entries = std::fs::read_dir(path).map_err(failed)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = entries.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && (path.is_dir() || path.extension().is_some_and(|is| is == ending)) {
            found.append(&mut all(&path, ending, read)?);
        }
    }
    Ok(found)
}

/// The commit that a checkout is at; none where it is no checkout.
fn commit(path: &Path) -> Option<String> {
    let git = path.join(".git");
    let head = std::fs::read_to_string(git.join("HEAD")).ok()?;
    let Some(name) = head.trim().strip_prefix("ref: ") else { return Some(head.trim().to_owned()) };
    let loose = std::fs::read_to_string(git.join(name)).ok().map(|id| id.trim().to_owned());
    loose.or_else(|| {
        let packed = std::fs::read_to_string(git.join("packed-refs")).ok()?;
        let line =
            packed.lines().find(|line| line.split_once(' ').is_some_and(|(_, packed)| packed == name))?;
        line.split_once(' ').map(|(id, _)| id.to_owned())
    })
}
