//! `dtsec work-units`: the 81 work units of SESIP3, what the evidence proposes and what the evaluator decides.

mod decide;
mod list;
mod propose;
mod report;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use dtsec_conformance::{Documents, check, rules};
use dtsec_evidence::evaluation::Record;
use dtsec_evidence::sha256;
use dtsec_model::deliverable::TraceMap;
use dtsec_model::profile::SesipProfile;
use dtsec_model::security_target::SecurityTarget;
use dtsec_model::{Date, Document, builtin, canonical};
use dtsec_workunits::independent::TestDocumentation;
use dtsec_workunits::{Conformance, Decisions, DocumentPresent, Finding, Inputs, Severity, SignedBundle};
use serde::de::DeserializeOwned;

use super::evidence::{Form, Trusted, form, read_evidence, read_text};
use crate::output::Answer;

/// What can be done with work units.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Show the work units.
    List(list::List),
    /// Show what the evidence proposes for each, and what a person must do.
    Propose(Box<propose::Propose>),
    /// Confirm what is proposed for a unit.
    Confirm(Box<decide::Confirm>),
    /// Give a verdict on a unit: against the proposal, or where only a person can tell.
    Decide(Box<decide::Decide>),
    /// Put the Evaluation Technical Report together.
    Report(Box<report::MakeReport>),
}

impl Command {
    pub(crate) fn run(self) -> anyhow::Result<Answer> {
        match self {
            Command::List(command) => command.run(),
            Command::Propose(command) => command.run(),
            Command::Confirm(command) => command.run(),
            Command::Decide(command) => command.run(),
            Command::Report(command) => command.run(),
        }
    }
}

/// Everything that the evaluation has to go by. What is absent was not handed over.
#[derive(Args)]
pub(crate) struct Case {
    /// The Security Target. It is held against its profile here and now; documents with a file are looked for beside it.
    #[arg(long, value_name = "FILE")]
    pub(in crate::commands) security_target: PathBuf,
    /// The profile, where it is not the built-in one.
    #[arg(long, value_name = "FILE")]
    pub(in crate::commands) profile: Option<PathBuf>,
    /// The day of the evaluation.
    #[arg(long, value_name = "DATE")]
    pub(in crate::commands) date: Date,
    /// Evidence: bundle, collection, evidence.json of an evaluation, or envelope; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub(in crate::commands) evidence: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::commands) trusted: Trusted,
    /// The evidence.json of an evaluation, for the record of each test; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub(in crate::commands) records: Vec<PathBuf>,
    /// A document that is still a draft, by its id; may be repeated.
    #[arg(long, value_name = "ID")]
    pub(in crate::commands) draft: Vec<String>,
    /// The functional specification's table (JSON).
    #[arg(long, value_name = "FILE")]
    pub(in crate::commands) functional_specification: Option<PathBuf>,
    /// The map of the sources: what `dtsec trace --json` printed.
    #[arg(long, value_name = "FILE")]
    pub(in crate::commands) trace: Option<PathBuf>,
    /// The configuration list (JSON).
    #[arg(long, value_name = "FILE")]
    pub(in crate::commands) configuration: Option<PathBuf>,
    /// The independent tests, from `dtsec independent-tests reveal`.
    #[arg(long, value_name = "FILE")]
    pub(in crate::commands) independent: Option<PathBuf>,
    /// The vulnerability analysis (JSON).
    #[arg(long, value_name = "FILE")]
    pub(in crate::commands) analysis: Option<PathBuf>,
}

impl Case {
    /// All of it.
    pub(in crate::commands) fn read(&self) -> anyhow::Result<Inputs> {
        let path = &self.security_target;
        let target = SecurityTarget::from_json(&read_text(path)?)
            .with_context(|| format!("{} is no Security Target", path.display()))?;
        let profile = match &self.profile {
            None => builtin::sesip_profile().clone(),
            Some(path) => SesipProfile::from_json(&read_text(path)?)
                .with_context(|| format!("{} is no profile", path.display()))?,
        };
        let folder = path.parent().unwrap_or(Path::new(""));
        let conformance = conformance(&target, &profile, folder)?;
        let documents = self.documents(&target, folder)?;
        let mut inputs = Inputs::new(target, self.date);
        inputs.conformance = Some(conformance);
        inputs.documents = documents;
        for path in &self.evidence {
            for one in read_evidence(path, &self.trusted)? {
                inputs.evidence.push(SignedBundle { bundle: one.bundle, signers: one.signers });
            }
        }
        for path in &self.records {
            let text = read_text(path)?;
            let context = || format!("cannot use {}", path.display());
            if form(&text).with_context(context)? != Form::Evaluation {
                bail!("{} is not the evidence.json of an evaluation", path.display());
            }
            let record = Record::from_json(&text).with_context(context)?;
            let run = record.evidence(&text, &Default::default()).with_context(context)?.run.id;
            inputs.records.extend(TestDocumentation::all(&record, &run));
        }
        inputs.functional_specification = optional(self.functional_specification.as_deref())?;
        inputs.trace = optional::<Traced>(self.trace.as_deref())?.map(Traced::map);
        inputs.configuration = optional(self.configuration.as_deref())?;
        inputs.independent = optional(self.independent.as_deref())?;
        inputs.analysis = optional(self.analysis.as_deref())?;
        Ok(inputs)
    }

    /// The documents that the Security Target lists with a file, as far as they are there.
    fn documents(&self, target: &SecurityTarget, folder: &Path) -> anyhow::Result<Vec<DocumentPresent>> {
        if let Some(unknown) = self.draft.iter().find(|id| target.all_documents().all(|one| one.id != **id)) {
            bail!("--draft names `{unknown}`, which the Security Target does not list");
        }
        let mut documents = Vec::new();
        for document in target.all_documents() {
            let Some(file) = &document.file else { continue };
            let path = folder.join(file);
            match std::fs::read(&path) {
                Ok(bytes) => documents.push(DocumentPresent {
                    id: document.id.clone(),
                    sha256: sha256(&bytes),
                    draft: self.draft.contains(&document.id),
                }),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot read {}", path.display()));
                }
            }
        }
        Ok(documents)
    }
}

/// What a check finds in a Security Target whose documents lie in this folder.
pub(in crate::commands) fn conformance(
    target: &SecurityTarget,
    profile: &SesipProfile,
    folder: &Path,
) -> anyhow::Result<Conformance> {
    let findings = check(target, profile, &Documents::beside(folder, target));
    let finding = |found: dtsec_conformance::Finding| Finding {
        rule: found.rule.id.to_owned(),
        pointer: found.pointer,
        message: found.message,
        severity: match found.rule.severity {
            dtsec_conformance::Severity::Note => Severity::Note,
            dtsec_conformance::Severity::Warning => Severity::Warning,
            dtsec_conformance::Severity::Error => Severity::Error,
        },
    };
    Ok(Conformance {
        tool: concat!("dtsec ", env!("CARGO_PKG_VERSION")).to_owned(),
        security_target: canonical::digest(target)?,
        rules: rules().count(),
        findings: findings.into_iter().map(finding).collect(),
    })
}

fn optional<T: DeserializeOwned>(path: Option<&Path>) -> anyhow::Result<Option<T>> {
    path.map(json).transpose()
}

pub(in crate::commands) fn json<T: DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    serde_json::from_str(&read_text(path)?)
        .with_context(|| format!("{} is not of the form that is expected here", path.display()))
}

/// What of `dtsec trace --json` is about the sources.
#[derive(serde::Deserialize)]
struct Traced {
    requirements: Vec<TracedRequirement>,
    gaps: Vec<TracedGap>,
}

#[derive(serde::Deserialize)]
struct TracedRequirement {
    requirement: String,
    sources: Vec<String>,
}

/// Of the gaps those that name a source; the others are about interfaces and tests, which other units look at.
#[derive(serde::Deserialize)]
struct TracedGap {
    gap: String,
    source: Option<String>,
}

impl Traced {
    fn map(self) -> TraceMap {
        let rows = self.requirements.into_iter();
        let gaps = self.gaps.into_iter();
        TraceMap {
            requirements: rows.map(|row| (row.requirement, row.sources)).collect(),
            unmapped: gaps.filter_map(|gap| Some(format!("{} ({})", gap.source?, gap.gap))).collect(),
        }
    }
}

/// The decisions in a file; none where there is no such file yet.
pub(in crate::commands) fn decisions(path: &Path) -> anyhow::Result<Decisions> {
    match path.try_exists() {
        Ok(false) => Ok(Decisions::default()),
        _ => json(path),
    }
}
