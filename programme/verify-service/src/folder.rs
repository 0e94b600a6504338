//! A folder with a list and endorsements.
//!
//! ```text
//! list.json                           the published list
//! endorsements/MANUFACTURER.csv       keys; also .jsonl, .pem and .corim
//! authorities/MANUFACTURER.pem        certificates whose certificates endorse keys
//! revocations.json                    what no longer counts
//! ```
//!
//! All but the list may be missing. Nothing here is signed, so that nothing proves who made it: for lists of one's own, and for
//! tests. Whoever relies on the published list follows it ([`crate::followed`]).

use dtsec_list::endorse::{Endorsements, Revocation};
use dtsec_list::enrol::{Form, Refused};
use dtsec_list::{Authority, ChainError, ListError, PublishedList};
use dtsec_verify::Verifier;
use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::io;
use std::path::{Path, PathBuf};

/// What was in a folder.
pub struct Loaded {
    /// By its list and endorsements.
    pub verifier: Verifier,
    /// How many keys are endorsed.
    pub keys: usize,
    /// Lines that were refused, with their files. The others count.
    pub refused: Vec<(PathBuf, Refused)>,
}

/// Why a folder gives no verifier.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A file that cannot be read.
    #[error("{}: {why}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// The list.
    #[error("{}: {why}", path.display())]
    List {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        why: Box<ListError>,
    },
    /// The revocations. None of them may be overlooked.
    #[error("{}: not an array of revocations: {why}", path.display())]
    Revocations {
        /// Their file.
        path: PathBuf,
        /// What is wrong.
        why: serde_json::Error,
    },
    /// An authority.
    #[error("{}: {why}", path.display())]
    Authority {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        why: ChainError,
    },
    /// A file that says nothing.
    #[error("{}: endorsements are in .csv, .jsonl, .pem or .corim, named after the manufacturer", .0.display())]
    Form(PathBuf),
}

/// Reads a folder. Certificates of keys that are enrolled are held against this moment.
///
/// # Errors
/// Where something cannot be read or does not hold together.
pub fn load(folder: &Path, now: Timestamp) -> Result<Loaded, FolderError> {
    let path = folder.join("list.json");
    let list = PublishedList::from_json(&read(&path)?)
        .map_err(|why| FolderError::List { path: path.clone(), why: why.into() })?;
    let mut endorsements = Endorsements::new();
    let refused = enrol(folder, &mut endorsements, now)?;
    let keys = endorsements.len();
    let verifier =
        Verifier::new(list, endorsements).map_err(|why| FolderError::List { path, why: why.into() })?;
    Ok(Loaded { verifier, keys, refused })
}

/// Adds what a folder says of keys; answers what was refused.
///
/// # Errors
/// Where something cannot be read; then some of it may have been added.
pub fn enrol(
    folder: &Path,
    endorsements: &mut Endorsements,
    now: Timestamp,
) -> Result<Vec<(PathBuf, Refused)>, FolderError> {
    for path in files(&folder.join("authorities"))? {
        let pem = read(&path)?;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let authority = certificate
                .map_err(|error| ChainError::Pem(error.to_string()))
                .and_then(|der| Authority::new(stem(&path), der.to_vec()));
            endorsements
                .authorise(authority.map_err(|why| FolderError::Authority { path: path.clone(), why })?);
        }
    }
    let mut refused = Vec::new();
    for path in files(&folder.join("endorsements"))? {
        let form = path.extension().and_then(|extension| Form::of_extension(extension.to_str()?));
        let form = form.ok_or_else(|| FolderError::Form(path.clone()))?;
        let enrolled = endorsements.enrol(&stem(&path), form, &read(&path)?, now);
        refused.extend(enrolled.refused.into_iter().map(|one| (path.clone(), one)));
    }
    let revocations = folder.join("revocations.json");
    if revocations.exists() {
        let all: Vec<Revocation> = serde_json::from_slice(&read(&revocations)?)
            .map_err(|why| FolderError::Revocations { path: revocations, why })?;
        all.into_iter().for_each(|one| endorsements.revoke(one));
    }
    Ok(refused)
}

fn read(path: &Path) -> Result<Vec<u8>, FolderError> {
    std::fs::read(path).map_err(|why| FolderError::Read { path: path.into(), why })
}

/// The manufacturer that a file is named after.
fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The files of a folder that may be missing, in the order of their names.
fn files(folder: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let wrong = |why| FolderError::Read { path: folder.into(), why };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(wrong(error)),
    };
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>().map_err(wrong)?;
    files.sort();
    Ok(files)
}
