//! The sources of the platform, and what each of them says of itself.

use crate::annotation;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What belongs to the platform, as `toe/trace.json` says it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Configuration {
    /// Folders with its sources, relative to the root; a part of a path may be `*`.
    pub sources: Vec<String>,
    /// Interfaces that are not calls of the gate.
    pub interfaces: Vec<WireInterface>,
    /// Files and folders that implement no requirement by themselves.
    pub supporting: Vec<Supporting>,
}

/// An interface on a wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WireInterface {
    /// The command, or what is heard.
    pub name: String,
    /// The wire.
    pub wire: String,
    /// The requirements that it serves.
    pub requirements: Vec<String>,
}

/// A source, or a folder of them, that implements no requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Supporting {
    /// Relative to the root.
    pub path: String,
    /// Why it implements none.
    pub reason: String,
}

/// Why sources cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourcesError {
    /// A file or folder.
    #[error("cannot read {path}: {error}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The configuration.
    #[error("{path}: {message}; see toe/source-map.md for its form")]
    Configuration {
        /// Its file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// A folder that no longer exists, or a pattern that fits none.
    #[error(
        "{pattern}: no folder under {root} fits this entry of `sources`; correct the entry or give the right --root"
    )]
    NoFolder {
        /// The entry.
        pattern: String,
        /// Where it was looked for.
        root: PathBuf,
    },
}

/// A source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Relative to the root, with `/`.
    pub path: String,
    /// The requirements that it names, or why they cannot be read.
    pub annotation: Result<Option<Vec<String>>, annotation::AnnotationError>,
}

impl Configuration {
    /// Reads it.
    pub fn read(path: &Path) -> Result<Configuration, SourcesError> {
        let text = read(path)?;
        serde_json::from_str(&text).map_err(|error| SourcesError::Configuration {
            path: path.to_owned(),
            message: error.to_string(),
        })
    }

    /// Every source of the platform, by path.
    pub fn sources(&self, root: &Path) -> Result<Vec<Source>, SourcesError> {
        let mut found = Vec::new();
        for pattern in &self.sources {
            let folders = folders(root, pattern)?;
            if folders.is_empty() {
                return Err(SourcesError::NoFolder { pattern: pattern.clone(), root: root.to_owned() });
            }
            for folder in folders {
                files(root, &folder, &mut found)?;
            }
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found.dedup_by(|a, b| a.path == b.path);
        Ok(found)
    }

    /// The entry of the list that a file falls under.
    pub fn supporting(&self, path: &str) -> Option<&Supporting> {
        self.supporting.iter().find(|entry| is_under(path, &entry.path))
    }
}

/// Whether a file is this one, or lies in this folder.
pub(crate) fn is_under(path: &str, entry: &str) -> bool {
    let entry = entry.trim_end_matches('/');
    path.strip_prefix(entry).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn read(path: &Path) -> Result<String, SourcesError> {
    std::fs::read_to_string(path).map_err(|error| SourcesError::Read { path: path.to_owned(), error })
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, SourcesError> {
    let failed = |error| SourcesError::Read { path: folder.to_owned(), error };
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    paths.sort();
    Ok(paths)
}

/// The folders that a pattern fits.
fn folders(root: &Path, pattern: &str) -> Result<Vec<PathBuf>, SourcesError> {
    let mut fitting = vec![root.to_owned()];
    for part in pattern.split('/') {
        let mut next = Vec::new();
        for folder in fitting {
            if part == "*" {
                next.extend(entries(&folder)?.into_iter().filter(|path| path.is_dir()));
            } else if folder.join(part).is_dir() {
                next.push(folder.join(part));
            }
        }
        fitting = next;
    }
    Ok(fitting)
}

fn files(root: &Path, folder: &Path, found: &mut Vec<Source>) -> Result<(), SourcesError> {
    for path in entries(folder)? {
        if path.is_dir() {
            files(root, &path, found)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = read(&path)?;
            let relative = path.strip_prefix(root).unwrap_or(&path);
            let parts = relative.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>();
            found.push(Source { path: parts.join("/"), annotation: annotation::read(&text) });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_falls_under_itself_and_its_folders_and_under_nothing_else() {
        for entry in ["device/hal", "device/hal/", "device", "device/hal/src/lib.rs"] {
            assert!(is_under("device/hal/src/lib.rs", entry), "{entry}");
        }
        for entry in ["device/ha", "device/hal/src/lib", "hal", "device/hal/src/lib.rs/x"] {
            assert!(!is_under("device/hal/src/lib.rs", entry), "{entry}");
        }
    }
}
