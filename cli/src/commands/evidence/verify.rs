//! `dtsec evidence verify`.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use dtsec_evidence::{Envelope, VerifyError, sha256, verify};
use dtsec_model::etr::Verdict;
use serde::Serialize;

use super::{Trusted, pair, read_text};
use crate::output::{Answer, Exit, ShownPath};

/// Check who signed evidence, and that it is as it was signed.
///
/// The status is 1 where too few of the keys given signed it, where it was altered, or where an image given with --image
/// is not the one that was tested.
#[derive(Args)]
pub(crate) struct Verify {
    /// The envelope.
    file: PathBuf,
    #[command(flatten)]
    trusted: Trusted,
    /// An image that the evidence has to be about; may be repeated.
    #[arg(long = "image", value_name = "PART=FILE", value_parser = pair)]
    images: Vec<(String, String)>,
    /// File for the evidence, where it verifies.
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    file: ShownPath,
    verified: bool,
    /// Why it is not believed.
    refused: Option<String>,
    signers: Vec<String>,
    run: Option<Run>,
    out: Option<ShownPath>,
}

#[derive(Serialize)]
struct Run {
    id: String,
    tool: String,
    target: String,
    host: String,
    images: Vec<dtsec_model::evidence::Image>,
    passed: usize,
    failed: usize,
    inconclusive: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(refused) = &self.refused {
            return write!(f, "{}: NOT verified: {refused}", self.file);
        }
        writeln!(f, "{}: verified", self.file)?;
        for signer in &self.signers {
            writeln!(f, "signed by  {signer}")?;
        }
        if let Some(run) = &self.run {
            writeln!(f, "run        {} ({} on {}, {})", run.id, run.tool, run.target, run.host)?;
            for image in &run.images {
                writeln!(f, "image      {} {} sha256:{}", image.part, image.version, image.sha256)?;
            }
            writeln!(
                f,
                "results    {} passed, {} failed, {} inconclusive",
                run.passed, run.failed, run.inconclusive
            )?;
        }
        match &self.out {
            Some(out) => writeln!(f, "wrote {out}"),
            None => Ok(()),
        }
    }
}

impl Verify {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        if self.trusted.keys.is_empty() {
            bail!("name at least one key that you trust with --key; without one nothing can be verified");
        }
        let keys = self.trusted.read()?;
        let text = read_text(&self.file)?;
        let mut report = Report {
            file: self.file.clone().into(),
            verified: false,
            refused: None,
            signers: Vec::new(),
            run: None,
            out: None,
        };
        let envelope = match Envelope::from_json(&text) {
            Ok(envelope) => envelope,
            Err(error) => {
                report.refused = Some(error.to_string());
                return Answer::new(report, Exit::No);
            }
        };
        let verified = match verify(&envelope, &keys, self.trusted.threshold) {
            Ok(verified) => verified,
            // The call is at fault, and not the evidence.
            Err(error @ VerifyError::Threshold { .. }) => return Err(error.into()),
            Err(error) => {
                report.refused = Some(error.to_string());
                return Answer::new(report, Exit::No);
            }
        };
        let bundle = verified.statement.into_evidence();
        for (part, path) in &self.images {
            let bytes = std::fs::read(path).with_context(|| format!("cannot read {path}"))?;
            let digest = sha256(&bytes);
            let tested = bundle.run.images.iter().find(|image| image.part == *part);
            let refused = match tested {
                Some(image) if image.sha256 == digest => continue,
                Some(image) => format!("`{part}` was tested as {}, and {path} is {digest}", image.sha256),
                None => format!("`{part}` is not among what was tested"),
            };
            report.refused = Some(refused);
            return Answer::new(report, Exit::No);
        }
        let count = |verdict| bundle.results.iter().filter(|result| result.verdict == verdict).count();
        report.run = Some(Run {
            id: bundle.run.id.clone(),
            tool: format!("{} {}", bundle.run.tool, bundle.run.tool_version),
            target: bundle.run.target.clone(),
            host: bundle.run.host.clone(),
            images: bundle.run.images.clone(),
            passed: count(Verdict::Pass),
            failed: count(Verdict::Fail),
            inconclusive: count(Verdict::Inconclusive),
        });
        if let Some(path) = self.out {
            crate::files::write(&path, dtsec_model::Document::to_json(&bundle).as_bytes())?;
            report.out = Some(path.into());
        }
        report.verified = true;
        report.signers = verified.signers;
        Answer::new(report, Exit::Success)
    }
}
