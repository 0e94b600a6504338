//! Documents by their content: sealed, bound to a case, and every reading of a confidential one logged before it is opened.

use crate::database::{Head, digest, lock, moment, move_head, query};
use crate::error::{Error, Result};
use crate::event::{Fields, fault};
use crate::names::{self, Digest, Time, micros};
use crate::page::{Page, Size};
use crate::sql;
use crate::store::Store;
use sqlx::AnyConnection;
use sqlx::Row as _;
use sqlx::any::AnyRow;
use zeroize::Zeroizing;

/// The largest document that is taken.
pub const LARGEST: usize = 64 << 20;

/// A document before it is kept. The same bytes may belong to several cases; each keeps its own.
#[derive(Clone, PartialEq, Eq)]
pub struct NewDocument {
    /// The case that it belongs to, and with it who may read it.
    pub case: String,
    /// Its SHA-256, as announced.
    pub digest: Digest,
    /// Only parties to the case may read it.
    pub confidential: bool,
    /// Its media type.
    pub media: String,
    /// Its file name; may be empty.
    pub name: String,
    /// Itself.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for NewDocument {
    /// Not its bytes.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "NewDocument({} of {}, {} bytes)", self.digest, self.case, self.bytes.len())
    }
}

impl NewDocument {
    pub(crate) fn check(&self) -> Result<()> {
        names::name("case of a document", &self.case)?;
        names::name("media type of a document", &self.media)?;
        if !self.name.is_empty() {
            names::name("name of a document", &self.name)?;
        }
        if self.bytes.len() > LARGEST {
            return Err(Error::TooLarge { size: self.bytes.len(), most: LARGEST });
        }
        let found = Digest::of(&self.bytes);
        if found != self.digest {
            return Err(Error::OtherBytes { claimed: self.digest.to_string(), found: found.to_string() });
        }
        Ok(())
    }
}

/// What is known of a document without opening it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Whose.
    pub case: String,
    /// Its SHA-256.
    pub digest: Digest,
    /// Whether it is confidential.
    pub confidential: bool,
    /// Its media type.
    pub media: String,
    /// Its file name.
    pub name: String,
    /// How many bytes.
    pub size: i64,
    /// Since when.
    pub stored: Time,
}

/// A document, opened. Its bytes are wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// What is known of it.
    pub listed: Listed,
    /// Itself.
    pub bytes: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Document {
    /// Not its bytes.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.listed.fmt(out)
    }
}

/// Who reads, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// Who.
    pub person: String,
    /// Why: the page or the command.
    pub purpose: String,
    /// When.
    pub at: Time,
}

/// A reading of a confidential document, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Its number: 1, 2, 3, …
    pub seq: i64,
    /// Whose document.
    pub case: String,
    /// Which.
    pub digest: Digest,
    /// Who read it.
    pub reader: String,
    /// Why.
    pub purpose: String,
    /// When.
    pub at: Time,
    /// The hash of the reading before.
    pub previous: Digest,
    /// Its own hash.
    pub hash: Digest,
}

/// What a document is sealed with.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct About {
    pub(crate) case: String,
    pub(crate) digest: Digest,
    pub(crate) confidential: bool,
    pub(crate) media: String,
    pub(crate) name: String,
    pub(crate) size: i64,
    pub(crate) stored: i64,
}

impl About {
    /// What it belongs to, as bytes that are authenticated with it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        Fields::new("dtsec-store document 1")
            .text(&self.case)
            .text(self.digest.as_str())
            .number(i64::from(self.confidential))
            .text(&self.media)
            .text(&self.name)
            .number(self.size)
            .number(self.stored)
            .digest()
            .as_str()
            .as_bytes()
            .to_vec()
    }

    fn from_row(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            case: row.try_get(0)?,
            digest: digest(row, 1)?,
            confidential: row.try_get::<i64, _>(2)? != 0,
            media: row.try_get(3)?,
            name: row.try_get(4)?,
            size: row.try_get(5)?,
            stored: row.try_get(6)?,
        })
    }

    fn listed(self) -> Result<Listed> {
        let stored = names::time(self.stored)?;
        let Self { case, digest, confidential, media, name, size, .. } = self;
        Ok(Listed { case, digest, confidential, media, name, size, stored })
    }
}

/// A document as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sealed {
    pub(crate) about: About,
    pub(crate) key_id: String,
    #[serde(with = "crate::dump::hexadecimal")]
    pub(crate) wrapped: Vec<u8>,
    #[serde(with = "crate::dump::hexadecimal")]
    pub(crate) sealed: Vec<u8>,
}

impl Sealed {
    /// Keeps it. A case that has the document already keeps the one that it has.
    pub(crate) async fn insert(&self, write: &mut AnyConnection) -> Result<()> {
        query(&sql::ADD_DOCUMENT)
            .bind(self.about.case.as_str())
            .bind(self.about.digest.as_str())
            .bind(i64::from(self.about.confidential))
            .bind(self.about.media.as_str())
            .bind(self.about.name.as_str())
            .bind(self.about.size)
            .bind(self.about.stored)
            .bind(self.key_id.as_str())
            .bind(self.wrapped.as_slice())
            .bind(self.sealed.as_slice())
            .execute(write)
            .await?;
        Ok(())
    }

    pub(crate) fn from_row(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            about: About::from_row(row)?,
            key_id: row.try_get(7)?,
            wrapped: row.try_get(8)?,
            sealed: row.try_get(9)?,
        })
    }
}

/// A reading as its hash sees it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenReading {
    pub(crate) seq: i64,
    pub(crate) case: String,
    pub(crate) digest: String,
    pub(crate) reader: String,
    pub(crate) purpose: String,
    pub(crate) at: i64,
    pub(crate) previous: Digest,
    pub(crate) hash: Digest,
}

impl WrittenReading {
    fn computed(&self) -> Digest {
        Fields::new("dtsec-store reading 1")
            .number(self.seq)
            .text(&self.case)
            .text(&self.digest)
            .text(&self.reader)
            .text(&self.purpose)
            .number(self.at)
            .text(self.previous.as_str())
            .digest()
    }

    pub(crate) fn fault(&self, after: &Head) -> Option<String> {
        fault(after, self.seq, &self.previous, &self.hash, || self.computed())
    }

    pub(crate) fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash.clone() }
    }

    pub(crate) async fn insert(&self, write: &mut AnyConnection) -> Result<()> {
        query(&sql::ADD_READING)
            .bind(self.seq)
            .bind(self.case.as_str())
            .bind(self.digest.as_str())
            .bind(self.reader.as_str())
            .bind(self.purpose.as_str())
            .bind(self.at)
            .bind(self.previous.as_str())
            .bind(self.hash.as_str())
            .execute(write)
            .await?;
        Ok(())
    }

    pub(crate) fn from_row(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            seq: row.try_get(0)?,
            case: row.try_get(1)?,
            digest: row.try_get(2)?,
            reader: row.try_get(3)?,
            purpose: row.try_get(4)?,
            at: row.try_get(5)?,
            previous: digest(row, 6)?,
            hash: digest(row, 7)?,
        })
    }
}

fn reading(row: &AnyRow) -> Result<Reading> {
    Ok(Reading {
        seq: row.try_get(0)?,
        case: row.try_get(1)?,
        digest: digest(row, 2)?,
        reader: row.try_get(3)?,
        purpose: row.try_get(4)?,
        at: moment(row, 5)?,
        previous: digest(row, 6)?,
        hash: digest(row, 7)?,
    })
}

/// Which readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readings<'a> {
    /// Of a case's documents.
    Of(&'a str),
    /// By a person.
    By(&'a str),
}

impl Store {
    /// Opens a document for somebody who may read it. The reading of a confidential one is logged, for good, before it is
    /// opened. `None` where the case has no such document.
    ///
    /// # Errors
    /// Where it was changed, or the key or the database fails.
    pub async fn read_document(
        &self,
        case: &str,
        digest: &Digest,
        reader: &Reader,
    ) -> Result<Option<Document>> {
        names::name("reader", &reader.person)?;
        names::free_text("purpose of a reading", &reader.purpose)?;
        let Some(sealed) = self.sealed(case, digest).await? else { return Ok(None) };
        if sealed.about.confidential {
            self.log_reading(case, digest, reader).await?;
        }
        self.opened(sealed).map(Some)
    }

    /// Opens a document that anybody may read.
    ///
    /// # Errors
    /// [`Error::Confidential`] where not anybody may.
    pub async fn public_document(&self, case: &str, digest: &Digest) -> Result<Option<Document>> {
        let Some(sealed) = self.sealed(case, digest).await? else { return Ok(None) };
        let document = self.opened(sealed)?;
        // Asked of what was authenticated, not of the row.
        if document.listed.confidential {
            return Err(Error::Confidential { case: case.to_owned(), digest: digest.to_string() });
        }
        Ok(Some(document))
    }

    /// The documents of a case, by digest.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn documents(&self, case: &str, after: &str, size: Size) -> Result<Page<Listed>> {
        let rows = query(&sql::DOCUMENTS_OF)
            .bind(case)
            .bind(after)
            .bind(size.and_one())
            .fetch_all(self.database.readers())
            .await?;
        let all = rows.iter().map(|row| About::from_row(row)?.listed()).collect::<Result<_>>()?;
        Ok(Page::cut(all, size, |last: &Listed| last.digest.to_string()))
    }

    /// Whether a case has a document. Nothing is opened, so nothing is logged.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn has_document(&self, case: &str, digest: &Digest) -> Result<bool> {
        let query = query(&sql::HAS_DOCUMENT).bind(case).bind(digest.as_str());
        Ok(query.fetch_optional(self.database.readers()).await?.is_some())
    }

    /// Readings before a number, newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn readings(&self, of: Readings<'_>, before: Option<i64>, size: Size) -> Result<Page<Reading>> {
        let query = match of {
            Readings::Of(case) => query(&sql::READINGS_OF).bind(case),
            Readings::By(reader) => query(&sql::READINGS_BY).bind(reader),
        };
        let rows = query
            .bind(before.unwrap_or(i64::MAX))
            .bind(size.and_one())
            .fetch_all(self.database.readers())
            .await?;
        let all = rows.iter().map(reading).collect::<Result<_>>()?;
        Ok(Page::cut(all, size, |last: &Reading| last.seq.to_string()))
    }

    async fn sealed(&self, case: &str, digest: &Digest) -> Result<Option<Sealed>> {
        let row = query(&sql::DOCUMENT)
            .bind(case)
            .bind(digest.as_str())
            .fetch_optional(self.database.readers())
            .await?;
        row.as_ref().map(Sealed::from_row).transpose()
    }

    fn opened(&self, sealed: Sealed) -> Result<Document> {
        let bytes = self.vault.unseal(&sealed)?;
        Ok(Document { listed: sealed.about.listed()?, bytes })
    }

    async fn log_reading(&self, case: &str, digest: &Digest, reader: &Reader) -> Result<()> {
        let mut write = self.database.write().await?;
        let head = lock(&mut write, "reading").await?;
        let mut reading = WrittenReading {
            seq: head.seq + 1,
            case: case.to_owned(),
            digest: digest.to_string(),
            reader: reader.person.clone(),
            purpose: reader.purpose.clone(),
            at: micros(reader.at),
            previous: head.hash,
            hash: Digest::zero(),
        };
        reading.hash = reading.computed();
        reading.insert(&mut write).await?;
        move_head(&mut write, "reading", &reading.head()).await?;
        Ok(write.commit().await?)
    }
}
