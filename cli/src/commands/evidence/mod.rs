//! `dtsec evidence`: what tests found, signed, joined and handed on.

mod import_junit;
mod keygen;
mod merge;
mod sign;
mod verify;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use dtsec_evidence::evaluation::Record;
use dtsec_evidence::{Collection, Envelope, PublicKey, verify};
use dtsec_model::Document;
use dtsec_model::evidence::EvidenceBundle;
use zeroize::Zeroizing;

use crate::output::Answer;

/// What can be done with evidence.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a new key to sign evidence with.
    Keygen(keygen::Keygen),
    /// Sign evidence, or add a signature to evidence that is signed.
    Sign(sign::Sign),
    /// Check who signed evidence, and that it is as it was signed.
    Verify(verify::Verify),
    /// Join the evidence of several runs.
    Merge(merge::Merge),
    /// Take in a JUnit report of tests that ran elsewhere.
    ImportJunit(import_junit::ImportJunit),
}

impl Command {
    pub(crate) fn run(self) -> anyhow::Result<Answer> {
        match self {
            Command::Keygen(command) => command.run(),
            Command::Sign(command) => command.run(),
            Command::Verify(command) => command.run(),
            Command::Merge(command) => command.run(),
            Command::ImportJunit(command) => command.run(),
        }
    }
}

/// Whose signatures count.
#[derive(Args)]
pub(crate) struct Trusted {
    /// Public key in PEM of somebody whose signature counts; may be repeated.
    #[arg(long = "key", value_name = "FILE")]
    pub(crate) keys: Vec<PathBuf>,
    /// How many of these keys must have signed.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) threshold: usize,
}

impl Trusted {
    pub(crate) fn read(&self) -> anyhow::Result<Vec<PublicKey>> {
        let read = |path: &PathBuf| {
            PublicKey::from_pem(&read_key(path)?).with_context(|| format!("{} is of no use", path.display()))
        };
        self.keys.iter().map(read).collect()
    }
}

/// Evidence in a file, and the ids of the keys that vouch for it.
pub(crate) struct Evidence {
    pub(crate) bundle: EvidenceBundle,
    pub(crate) signers: Vec<String>,
}

/// Reads evidence of any form: a bundle, a collection, the record of an evaluation or of a fault campaign, or an envelope, which is opened with
/// the keys given and not without.
pub(crate) fn read_evidence(path: &Path, trusted: &Trusted) -> anyhow::Result<Vec<Evidence>> {
    let text = read_text(path)?;
    let context = || format!("cannot use {}", path.display());
    let unsigned = |bundle| Evidence { bundle, signers: Vec::new() };
    match form(&text).with_context(context)? {
        Form::Envelope => {
            if trusted.keys.is_empty() {
                bail!(
                    "{} is signed: name the keys that you trust with --key, so that it can be checked",
                    path.display()
                );
            }
            let envelope = Envelope::from_json(&text).with_context(context)?;
            let verified = verify(&envelope, &trusted.read()?, trusted.threshold).with_context(context)?;
            let signers = verified.signers;
            Ok(vec![Evidence { bundle: verified.statement.into_evidence(), signers }])
        }
        Form::Bundle => Ok(vec![unsigned(EvidenceBundle::from_json(&text).with_context(context)?)]),
        Form::Collection => {
            let collection: Collection = serde_json::from_str(&text).with_context(context)?;
            Ok(collection.runs.into_iter().map(unsigned).collect())
        }
        Form::Evaluation => {
            let record = Record::from_json(&text).with_context(context)?;
            Ok(vec![unsigned(record.evidence(&text, &Default::default()).with_context(context)?)])
        }
        Form::Campaign => Ok(vec![unsigned(campaign(&text, &Default::default()).with_context(context)?)]),
    }
}

/// The evidence of a fault campaign, or of a shard of one.
pub(crate) fn campaign(text: &str, versions: &BTreeMap<String, String>) -> anyhow::Result<EvidenceBundle> {
    let record = dtsec_fault::Record::from_json(text).map_err(anyhow::Error::msg)?;
    Ok(record.evidence(text, versions)?)
}

/// What a file of evidence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A DSSE envelope.
    Envelope,
    /// An evidence bundle.
    Bundle,
    /// Several.
    Collection,
    /// What `dtsec evaluate` leaves.
    Evaluation,
    /// What `dtsec fault run` leaves.
    Campaign,
}

/// Tells the forms apart by the members that only they have.
pub(crate) fn form(text: &str) -> anyhow::Result<Form> {
    #[derive(serde::Deserialize)]
    struct Head {
        #[serde(rename = "payloadType")]
        payload_type: Option<String>,
        kind: Option<String>,
        schema: Option<u32>,
    }
    let head: Head = serde_json::from_str(text).context("not JSON of any form of evidence")?;
    match (head.payload_type, head.kind.as_deref(), head.schema) {
        (Some(_), ..) => Ok(Form::Envelope),
        (None, Some("evidence"), _) => Ok(Form::Bundle),
        (None, Some("evidence-collection"), _) => Ok(Form::Collection),
        (None, Some("fault-campaign"), _) => Ok(Form::Campaign),
        (None, None, Some(_)) => Ok(Form::Evaluation),
        (None, Some(kind), _) => bail!("this is a document of kind `{kind}`, and not evidence"),
        (None, None, None) => bail!(
            "this is neither an envelope (`payloadType`), nor evidence (`kind`), nor the evidence.json of `dtsec evaluate`"
        ),
    }
}

/// A file of evidence, as far as it may be long.
pub(crate) fn read_text(path: &Path) -> anyhow::Result<String> {
    let limit = dtsec_evidence::MAX_BYTES as u64;
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_string(&mut text))
        .with_context(|| format!("cannot read {}", path.display()))?;
    if text.len() as u64 > limit {
        bail!("{} is larger than {limit} bytes, which is more than is read", path.display());
    }
    Ok(text)
}

/// More than any key in PEM is long.
const KEY_LIMIT: u64 = 64 * 1024;

/// A key's text, which is wiped when it is no longer used.
pub(crate) fn read_key(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(KEY_LIMIT as usize + 1));
    std::fs::File::open(path)
        .and_then(|file| file.take(KEY_LIMIT + 1).read_to_string(&mut text))
        .with_context(|| format!("cannot read the key {}", path.display()))?;
    if text.len() as u64 > KEY_LIMIT {
        bail!("{} is no key: it is larger than 64 KiB", path.display());
    }
    Ok(text)
}

/// `NAME=VALUE`, split at the first sign.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err(format!("`{text}` is not of the form NAME=VALUE")),
    }
}
