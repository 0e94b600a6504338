//! Enrolment: endorsements in bulk, from files as manufacturers have them. A line that is wrong is refused by its number and
//! reason; the others go in.
//!
//! | Format | A record |
//! |---|---|
//! | CSV | a row; the first names the columns: `public-key`, `cose-key` or `pem`, and, if wanted, `instance-id`, `implementation-id` |
//! | JSON lines | an object with the same names; `chain` besides: certificates in PEM, that of the key first |
//! | PEM | a public key |
//! | CoRIM | a key triple; its number stands for the line |
//!
//! Where no instance ID is given it is the one that is made of the key.

use crate::corim::{self, CorimError};
use crate::endorse::{Certificates, EndorseError, Endorsement, Endorsements};
use crate::{BytesError, Chain, ChainError, CoseKeyError, PublicKey, cose_key};
use jiff::Timestamp;
use rustls_pki_types::pem::{PemObject, SectionKind};
use serde::{Deserialize, Serialize};

/// The longest record that is read.
const MAX_RECORD_BYTES: usize = 64 * 1024;

/// In which form endorsements come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Comma-separated values with a head.
    Csv,
    /// One JSON object a line.
    JsonLines,
    /// Public keys in PEM, one after another.
    Pem,
    /// A manifest as [`corim`] reads it, with keys only.
    Corim,
}

impl Form {
    /// The form of files with this extension.
    pub fn of_extension(extension: &str) -> Option<Form> {
        match extension {
            "csv" => Some(Form::Csv),
            "jsonl" => Some(Form::JsonLines),
            "pem" => Some(Form::Pem),
            "corim" => Some(Form::Corim),
            _ => None,
        }
    }
}

/// What came of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Enrolled {
    /// How many were new.
    pub new: usize,
    /// How many were there already, the same.
    pub known: usize,
    /// What was refused, by its line.
    pub refused: Vec<Refused>,
}

/// A record that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Refused {
    /// The line on which the record begins, from 1 on.
    pub line: u64,
    /// Why.
    #[serde(serialize_with = "shown")]
    pub why: EnrolError,
}

fn shown<S: serde::Serializer>(why: &EnrolError, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(why)
}

/// Why a record is no endorsement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnrolError {
    /// Not of the form that was said.
    #[error("not {form}: {why}")]
    Form {
        /// Which form.
        form: &'static str,
        /// What the reader says.
        why: String,
    },
    /// Longer than any endorsement.
    #[error("{bytes} bytes are more than any endorsement has ({})", MAX_RECORD_BYTES)]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// No key, or several.
    #[error("there have to be exactly one of public-key, cose-key, pem and chain, and there are {found}")]
    Keys {
        /// How many there are.
        found: usize,
    },
    /// A field that is not what it is to be.
    #[error("{field}: {why}")]
    Field {
        /// Which.
        field: &'static str,
        /// What is wrong.
        why: BytesError,
    },
    /// The COSE_Key.
    #[error("{0}")]
    CoseKey(#[from] CoseKeyError),
    /// The chain of certificates.
    #[error("{0}")]
    Chain(#[from] ChainError),
    /// A private key has no business here.
    #[error("it holds a PRIVATE key. Take it for known to others, and make another one")]
    Private,
    /// The manifest.
    #[error("{0}")]
    Corim(#[from] CorimError),
    /// Reference values, which come to the list with an evaluation and not with keys.
    #[error("it has {0} component sets: hand in reference values with the version they are of")]
    ReferenceValues(usize),
    /// The instance has another key.
    #[error("{0}")]
    Endorse(#[from] EndorseError),
}

/// A record, before its fields are looked at.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Record {
    #[serde(default)]
    instance_id: Option<String>,
    #[serde(default)]
    implementation_id: Option<String>,
    #[serde(default)]
    public_key: Option<String>,
    #[serde(default)]
    cose_key: Option<String>,
    #[serde(default)]
    pem: Option<String>,
    #[serde(default)]
    chain: Option<String>,
}

impl Endorsements {
    /// Takes in a manufacturer's file. Certificates are held against the authorities that are known, at this time.
    pub fn enrol(&mut self, manufacturer: &str, form: Form, file: &[u8], now: Timestamp) -> Enrolled {
        let mut enrolled = Enrolled { new: 0, known: 0, refused: Vec::new() };
        let mut count = |line: u64, outcome: Result<bool, EnrolError>| match outcome {
            Ok(true) => enrolled.new += 1,
            Ok(false) => enrolled.known += 1,
            Err(why) => enrolled.refused.push(Refused { line, why }),
        };
        let mut take = |line: u64, record: Result<Record, EnrolError>| {
            let outcome = record.and_then(|record| record.endorsement(self, now)).and_then(
                |(endorsement, certificates)| Ok(self.keep(manufacturer, &endorsement, certificates)?),
            );
            count(line, outcome);
        };
        match form {
            Form::Corim => match corim::read(file) {
                Err(why) => count(1, Err(why.into())),
                Ok(manifest) if !manifest.sets.is_empty() => {
                    count(1, Err(EnrolError::ReferenceValues(manifest.sets.len())));
                }
                Ok(manifest) => {
                    for (number, endorsement) in (1..).zip(&manifest.endorsements) {
                        count(number, self.endorse(manufacturer, endorsement).map_err(EnrolError::from));
                    }
                }
            },
            Form::Csv => csv_records(file, &mut take),
            Form::JsonLines => json_records(file, &mut take),
            Form::Pem => pem_records(file, &mut take),
        }
        enrolled
    }
}

type Take<'t> = &'t mut dyn FnMut(u64, Result<Record, EnrolError>);

fn csv_records(file: &[u8], take: Take<'_>) {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let head = match reader.headers() {
        Ok(head) => head.clone(),
        Err(error) => return take(1, Err(EnrolError::Form { form: "CSV", why: error.to_string() })),
    };
    let mut row = csv::StringRecord::new();
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut row) {
            Ok(false) => return,
            Ok(true) => {
                let line = row.position().map_or(line, csv::Position::line);
                let bytes = row.as_slice().len();
                take(
                    line,
                    too_long(bytes).and_then(|()| {
                        let form =
                            |error: csv::Error| EnrolError::Form { form: "CSV", why: error.to_string() };
                        row.deserialize(Some(&head)).map_err(form)
                    }),
                );
            }
            Err(error) => {
                let line = error.position().map_or(line, csv::Position::line);
                take(line, Err(EnrolError::Form { form: "CSV", why: error.to_string() }));
            }
        }
    }
}

fn json_records(file: &[u8], take: Take<'_>) {
    for (number, line) in (1..).zip(file.split(|byte| *byte == b'\n')) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        take(
            number,
            too_long(line.len()).and_then(|()| {
                let form =
                    |error: serde_json::Error| EnrolError::Form { form: "JSON", why: error.to_string() };
                serde_json::from_slice(line).map_err(form)
            }),
        );
    }
}

fn pem_records(file: &[u8], take: Take<'_>) {
    const BEGIN: &[u8] = b"-----BEGIN ";
    let lines: Vec<(u64, &[u8])> = (1..).zip(file.split_inclusive(|byte| *byte == b'\n')).collect();
    let starts = lines.iter().enumerate().filter(|(_, (_, line))| line.starts_with(BEGIN)).map(|(at, _)| at);
    let starts: Vec<usize> = starts.collect();
    if starts.is_empty() {
        return take(1, Err(EnrolError::Form { form: "PEM", why: "there is no BEGIN in it".into() }));
    }
    for (which, start) in starts.iter().enumerate() {
        let end = starts.get(which + 1).copied().unwrap_or(lines.len());
        let text: Vec<u8> = lines[*start..end].iter().flat_map(|(_, line)| line.iter().copied()).collect();
        let record = too_long(text.len())
            .map(|()| Record { pem: Some(String::from_utf8_lossy(&text).into_owned()), ..Record::default() });
        take(lines[*start].0, record);
    }
}

fn too_long(bytes: usize) -> Result<(), EnrolError> {
    if bytes > MAX_RECORD_BYTES { Err(EnrolError::TooLong { bytes }) } else { Ok(()) }
}

impl Record {
    /// The endorsement, and the certificates that it came by.
    fn endorsement(
        self,
        known: &Endorsements,
        now: Timestamp,
    ) -> Result<(Endorsement, Certificates), EnrolError> {
        let mut certificates = Box::default();
        // An empty cell of a table says nothing.
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let keys = [given(self.public_key), given(self.cose_key), given(self.pem), given(self.chain)];
        let found = keys.iter().flatten().count();
        let public_key = match keys {
            _ if found != 1 => return Err(EnrolError::Keys { found }),
            [Some(hex), ..] => of_hex("public-key", &hex, PublicKey::checked)?,
            [_, Some(hex), ..] => {
                let hex_error = |_| EnrolError::Field { field: "cose-key", why: BytesError::Hex };
                cose_key(&hex::decode(hex).map_err(hex_error)?)?
            }
            [_, _, Some(pem), _] => of_pem(pem.as_bytes())?,
            [.., Some(chain)] => {
                let endorsed = known.by_chain(&Chain::from_pem(chain.as_bytes())?, now)?;
                certificates = endorsed.certificates.into();
                endorsed.key
            }
            _ => return Err(EnrolError::Keys { found }),
        };
        let instance_id = match given(self.instance_id) {
            Some(text) => text.parse().map_err(|why| EnrolError::Field { field: "instance-id", why })?,
            None => public_key.instance_id(),
        };
        let implementation_id = given(self.implementation_id)
            .map(|text| text.parse().map_err(|why| EnrolError::Field { field: "implementation-id", why }))
            .transpose()?;
        Ok((Endorsement { instance_id, public_key, implementation_id }, certificates))
    }
}

fn of_hex<T>(
    field: &'static str,
    text: &str,
    read: impl FnOnce(&[u8]) -> Result<T, BytesError>,
) -> Result<T, EnrolError> {
    let bytes = hex::decode(text).map_err(|_| EnrolError::Field { field, why: BytesError::Hex })?;
    read(&bytes).map_err(|why| EnrolError::Field { field, why })
}

/// One public key in PEM.
fn of_pem(pem: &[u8]) -> Result<PublicKey, EnrolError> {
    let form = |why: String| EnrolError::Form { form: "PEM", why };
    let mut sections = <(SectionKind, Vec<u8>)>::pem_slice_iter(pem);
    let first = sections.next().ok_or_else(|| form("there is no BEGIN in it".into()))?;
    let (kind, der) = first.map_err(|error| form(error.to_string()))?;
    if sections.next().is_some() {
        return Err(form("there is more than one key in it".into()));
    }
    match kind {
        SectionKind::PublicKey => {
            PublicKey::of_spki(&der).map_err(|why| EnrolError::Field { field: "pem", why })
        }
        SectionKind::PrivateKey | SectionKind::EcPrivateKey | SectionKind::RsaPrivateKey => {
            Err(EnrolError::Private)
        }
        other => Err(form(format!("there is a {other:?} in it, and not a public key"))),
    }
}
