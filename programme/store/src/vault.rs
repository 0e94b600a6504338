//! Documents at rest. Each is sealed under a key of its own, and that one under the key in the key file, so that the latter
//! can be changed without touching the documents. What a document belongs to is sealed with it: a row that is copied to
//! another case does not open.

use crate::database::{Database, query};
use crate::document::NewDocument;
use crate::error::{Error, Result};
use crate::names::{Digest, Time, micros};
use crate::{document, sql};
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use sha2::{Digest as _, Sha256};
use sqlx::Row as _;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const KEY: usize = 32;
const NONCE: usize = 24;

/// Where the key is.
#[derive(Debug, Clone)]
pub(crate) struct KeyFile {
    pub(crate) path: PathBuf,
    /// A store without documents may make one.
    pub(crate) may_be_made: bool,
}

impl KeyFile {
    /// The id of its key, if it is there.
    pub(crate) fn id(&self) -> Result<Option<String>> {
        Ok(read(&self.path)?.map(|key| key.id))
    }
}

/// Seals and opens documents.
pub(crate) struct Vault {
    path: PathBuf,
    key: Key,
}

/// A key with its id.
struct Key {
    bytes: Zeroizing<[u8; KEY]>,
    id: String,
}

impl Key {
    fn new(bytes: Zeroizing<[u8; KEY]>) -> Self {
        let hash =
            Sha256::new().chain_update("dtsec-store key id 1").chain_update(bytes.as_slice()).finalize();
        Self { id: hex::encode(&hash[..8]), bytes }
    }

    fn random() -> Result<Self> {
        let mut bytes = Zeroizing::new([0; KEY]);
        random(bytes.as_mut_slice())?;
        Ok(Self::new(bytes))
    }

    /// Seals: a nonce, then the ciphertext.
    fn seal(&self, message: &[u8], about: &[u8]) -> Result<Vec<u8>> {
        let mut nonce = [0; NONCE];
        random(&mut nonce)?;
        let payload = Payload { msg: message, aad: about };
        let cipher = XChaCha20Poly1305::new((&*self.bytes).into());
        let sealed = cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::TooLarge { size: message.len(), most: document::LARGEST })?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`Key::seal`] made; `None` where anything differs.
    fn open(&self, sealed: &[u8], about: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let cipher = XChaCha20Poly1305::new((&*self.bytes).into());
        let opened = cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: about });
        opened.ok().map(Zeroizing::new)
    }
}

/// Never shows the key.
impl std::fmt::Debug for Vault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Vault").field("path", &self.path).field("key", &self.key.id).finish_non_exhaustive()
    }
}

fn random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|_| Error::Randomness)
}

/// The id of the key, in the table `meta`.
const NAME: &str = "documents-key";

impl Vault {
    pub(crate) async fn open(database: &Database, file: KeyFile) -> Result<Self> {
        let needed = needed(database).await?;
        let key = match read(&file.path)? {
            Some(key) => key,
            None if file.may_be_made && needed.is_none() => make(&file.path)?,
            None => return Err(Error::NoKey { path: file.path }),
        };
        let needed = match needed {
            Some(needed) => needed,
            None => {
                let mut write = database.write().await?;
                query(&sql::SET_META).bind(NAME).bind(key.id.as_str()).execute(&mut *write).await?;
                let row = query(&sql::META).bind(NAME).fetch_one(&mut *write).await?;
                write.commit().await?;
                row.try_get(0)?
            }
        };
        if needed != key.id {
            return Err(Error::OtherKey { path: file.path, found: key.id, needed });
        }
        Ok(Self { path: file.path, key })
    }

    pub(crate) fn key_id(&self) -> &str {
        &self.key.id
    }

    pub(crate) fn needs(&self, needed: &str) -> Result<()> {
        if needed == self.key.id {
            return Ok(());
        }
        let (path, found) = (self.path.clone(), self.key.id.clone());
        Err(Error::OtherKey { path, found, needed: needed.to_owned() })
    }

    pub(crate) fn seal(&self, document: &NewDocument, at: Time) -> Result<document::Sealed> {
        document.check()?;
        let about = document::About {
            case: document.case.clone(),
            digest: document.digest.clone(),
            confidential: document.confidential,
            media: document.media.clone(),
            name: document.name.clone(),
            size: document.bytes.len() as i64,
            stored: micros(at),
        };
        let own = Key::random()?;
        let bytes = about.bytes();
        Ok(document::Sealed {
            wrapped: self.key.seal(own.bytes.as_slice(), &bytes)?,
            sealed: own.seal(&document.bytes, &bytes)?,
            key_id: self.key.id.clone(),
            about,
        })
    }

    pub(crate) fn unseal(&self, sealed: &document::Sealed) -> Result<Zeroizing<Vec<u8>>> {
        self.needs(&sealed.key_id)?;
        let damaged = |problem: &str| Error::Damaged {
            what: format!("document {} of {}", sealed.about.digest, sealed.about.case),
            problem: problem.to_owned(),
        };
        let about = sealed.about.bytes();
        let own = self.own(&sealed.wrapped, &about).ok_or_else(|| damaged("its key does not open"))?;
        let bytes = own.open(&sealed.sealed, &about).ok_or_else(|| damaged("it does not open"))?;
        if Digest::of(&bytes) != sealed.about.digest {
            return Err(damaged("its digest is another"));
        }
        Ok(bytes)
    }

    fn own(&self, wrapped: &[u8], about: &[u8]) -> Option<Key> {
        let bytes = self.key.open(wrapped, about)?;
        let mut own = Zeroizing::new([0; KEY]);
        (bytes.len() == KEY).then(|| own.copy_from_slice(&bytes))?;
        Some(Key::new(own))
    }

    /// Seals a document's own key under another key.
    fn rewrap(&self, to: &Self, sealed: &document::Sealed) -> Result<Vec<u8>> {
        self.needs(&sealed.key_id)?;
        let about = sealed.about.bytes();
        let own = self.own(&sealed.wrapped, &about).ok_or_else(|| Error::Damaged {
            what: format!("document {} of {}", sealed.about.digest, sealed.about.case),
            problem: "its key does not open".to_owned(),
        })?;
        to.key.seal(own.bytes.as_slice(), &about)
    }
}

impl crate::Store {
    /// Seals all documents' keys under a new key, in a file that must not exist yet. Other stores that are open go on
    /// with the old one and cannot open documents any more.
    ///
    /// # Errors
    /// Where the file exists, or the database fails: then the old key stays in force.
    pub async fn change_key(&mut self, file: &Path) -> Result<()> {
        if file.exists() {
            let exists = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
            return Err(Error::file(file)(exists));
        }
        let new = Vault { key: make(file)?, path: file.to_owned() };
        let mut write = self.database.write().await?;
        crate::database::lock(&mut write, "reading").await?;
        crate::database::lock(&mut write, "event").await?;
        let mut last = (String::new(), String::new());
        loop {
            let rows = query(&sql::ALL_DOCUMENTS)
                .bind(last.0.as_str())
                .bind(last.1.as_str())
                .bind(8)
                .fetch_all(&mut *write)
                .await?;
            let Some(row) = rows.last() else { break };
            last = (row.try_get(0)?, row.try_get(1)?);
            for row in &rows {
                let sealed = document::Sealed::from_row(row)?;
                query(&sql::CHANGE_KEY)
                    .bind(sealed.about.case.as_str())
                    .bind(sealed.about.digest.as_str())
                    .bind(new.key.id.as_str())
                    .bind(self.vault.rewrap(&new, &sealed)?)
                    .execute(&mut *write)
                    .await?;
            }
        }
        query(&sql::CHANGE_META).bind(NAME).bind(new.key.id.as_str()).execute(&mut *write).await?;
        write.commit().await?;
        self.vault = std::sync::Arc::new(new);
        Ok(())
    }
}

async fn needed(database: &Database) -> Result<Option<String>> {
    let row = query(&sql::META).bind(NAME).fetch_optional(database.readers()).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

fn read(path: &Path) -> Result<Option<Key>> {
    let text = match std::fs::read(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file(path)(error)),
    };
    let mode = std::fs::metadata(path).map_err(Error::file(path))?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Error::KeyExposed { path: path.to_owned(), mode });
    }
    let mut bytes = Zeroizing::new([0; KEY]);
    hex::decode_to_slice(text.trim_ascii_end(), bytes.as_mut_slice())
        .map_err(|_| Error::NotAKey { path: path.to_owned() })?;
    Ok(Some(Key::new(bytes)))
}

/// Makes a key file: whole or not at all, and never in the place of another.
fn make(path: &Path) -> Result<Key> {
    let key = Key::random()?;
    let mut text = Zeroizing::new(vec![b'\n'; 2 * KEY + 1]);
    hex::encode_to_slice(key.bytes.as_slice(), &mut text[..2 * KEY]).map_err(|_| Error::Randomness)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(Error::file(folder))?;
    let part = path.with_extension(format!("{}.part", key.id));
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&part)
        .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::hard_link(&part, path));
    // It is only a second name by now, or nothing at all.
    let _ = std::fs::remove_file(&part);
    match written {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return read(path)?.ok_or_else(|| Error::NoKey { path: path.to_owned() });
        }
        Err(error) => return Err(Error::file(path)(error)),
    }
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::file(folder))?;
    Ok(key)
}
