//! `dtsec evidence sign`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use dtsec_evidence::evaluation::Record;
use dtsec_evidence::{Envelope, PrivateKey, Statement};
use dtsec_model::Document;
use dtsec_model::evidence::EvidenceBundle;
use serde::Serialize;

use super::{Form, campaign, form, pair, read_key, read_text};
use crate::files;
use crate::output::{Answer, Exit, ShownPath};

/// Sign evidence, or add a signature to evidence that is signed.
///
/// The evidence of one run becomes an in-toto Statement about the images that were tested, in a DSSE envelope. What
/// `dtsec evaluate` and `dtsec fault run` left is taken as it is; it does not know the versions of its images, so name
/// them.
#[derive(Args)]
pub(crate) struct Sign {
    /// The evidence: a bundle, the evidence.json of an evaluation, the record of a fault campaign, or an envelope.
    file: PathBuf,
    /// Private key in PEM; may be repeated.
    #[arg(short, long = "key", value_name = "FILE", required = true)]
    keys: Vec<PathBuf>,
    /// Version of an image of an evaluation or a campaign; may be repeated.
    #[arg(long = "image-version", value_name = "PART=VERSION", value_parser = pair)]
    versions: Vec<(String, String)>,
    /// File for the envelope.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Serialize)]
struct Report {
    file: ShownPath,
    out: ShownPath,
    run: Option<String>,
    /// What the statement is about, where it was made now.
    subjects: Vec<String>,
    /// All keys that have signed, by their own word.
    keyids: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.run {
            Some(run) => writeln!(f, "signed the evidence of run {run}")?,
            None => writeln!(f, "added a signature to {}", self.file)?,
        }
        for subject in &self.subjects {
            writeln!(f, "about   {subject}")?;
        }
        for keyid in &self.keyids {
            writeln!(f, "key id  {keyid}")?;
        }
        write!(f, "wrote {}", self.out)
    }
}

impl Sign {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let text = read_text(&self.file)?;
        let context = || format!("cannot sign {}", self.file.display());
        let keys = self.keys.iter().map(|path| {
            PrivateKey::from_pem(&read_key(path)?).with_context(|| format!("{} is of no use", path.display()))
        });
        let mut keys = keys.collect::<anyhow::Result<Vec<_>>>()?.into_iter();
        let form = form(&text).with_context(context)?;
        let versions: BTreeMap<String, String> = self.versions.iter().cloned().collect();
        if !matches!(form, Form::Evaluation | Form::Campaign) && !versions.is_empty() {
            bail!(
                "--image-version is for the evidence.json of an evaluation and the record of a fault campaign; other \
                 evidence has its versions"
            );
        }
        let bundle = match form {
            Form::Envelope => None,
            Form::Bundle => Some(EvidenceBundle::from_json(&text).with_context(context)?),
            Form::Evaluation => {
                let record = Record::from_json(&text).with_context(context)?;
                Some(record.evidence(&text, &versions).with_context(context)?)
            }
            Form::Campaign => Some(campaign(&text, &versions).with_context(context)?),
            Form::Collection => bail!(
                "{} is a collection of runs; sign the evidence of each run, then merge",
                self.file.display()
            ),
        };
        let (mut envelope, run, subjects) = match bundle {
            None => (Envelope::from_json(&text).with_context(context)?, None, Vec::new()),
            Some(bundle) => {
                let run = bundle.run.id.clone();
                let statement = Statement::new(bundle).with_context(context)?;
                let subject = |subject: &dtsec_evidence::Subject| {
                    let digest = subject.digest.get("sha256").map_or("", String::as_str);
                    format!("{} sha256:{digest}", subject.name)
                };
                let subjects = statement.subjects().iter().map(subject).collect();
                let first = keys.next().context("no key was given")?;
                (Envelope::seal(&statement, &first).with_context(context)?, Some(run), subjects)
            }
        };
        for key in keys {
            envelope.countersign(&key).with_context(context)?;
        }
        files::write(&self.out, envelope.to_json().as_bytes())?;
        let keyids = envelope.signatures().iter().map(|signature| signature.keyid.clone()).collect();
        Answer::new(
            Report { file: self.file.into(), out: self.out.into(), run, subjects, keyids },
            Exit::Success,
        )
    }
}
