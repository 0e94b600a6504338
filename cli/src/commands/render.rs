//! `dtsec render`.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use dtsec_conformance::{Documents, Report as Findings, Severity, check};
use dtsec_model::etr::EvaluationTechnicalReport;
use dtsec_model::profile::SesipProfile;
use dtsec_model::security_target::SecurityTarget;
use dtsec_model::{Kind, canonical};
use dtsec_render::conformance::{Checked, CheckedFinding, CheckedRule, Weight};
use dtsec_render::{Doc, Options, Variant, changes};
use serde::Serialize;

use super::st;
use crate::files;
use crate::output::{Answer, Exit, ShownPath};

/// Write a Security Target or an Evaluation Technical Report for people: HTML, DOCX or PDF.
///
/// The wording of requirements, objectives and notes is the profile's: give the imported one (`dtsec profile import`) before
/// the document goes to a lab.
#[derive(Args)]
pub(crate) struct Render {
    /// The Security Target or the Evaluation Technical Report (JSON).
    file: PathBuf,
    /// The profile that the Security Target claims: the id of a built-in one, or a file. Without it, the built-in one.
    #[arg(long, value_name = "ID|FILE")]
    profile: Option<String>,
    /// The previous version: what changed since is marked.
    #[arg(long, value_name = "FILE")]
    previous: Option<PathBuf>,
    /// Who it is for.
    #[arg(long, value_enum, default_value_t = For::Confidential)]
    variant: For,
    /// What is made of it.
    #[arg(long = "as", value_enum, default_value_t = What::Document, value_name = "WHAT")]
    what: What,
    /// For the draft of a certificate: the Security Target that was evaluated.
    #[arg(long, value_name = "FILE", required_if_eq("what", "certificate"))]
    security_target: Option<PathBuf>,
    /// Leave chapter 1 of a Security Target out, as the profile allows.
    #[arg(long)]
    without_introduction: bool,
    /// The format.
    #[arg(long, value_enum)]
    format: Format,
    /// File to be written.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum For {
    /// Everything: developer, lab, certifying body.
    Confidential,
    /// Anybody: without rationales and what is internal.
    Sanitised,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum What {
    /// The document itself.
    Document,
    /// Of an Evaluation Technical Report: the draft of a certificate.
    Certificate,
    /// Of a Security Target: what it was held against, and what was found.
    Conformance,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Format {
    /// One page without scripts.
    Html,
    /// For word processors.
    Docx,
    /// Pages, for archives and readers that speak: PDF/A-2a and PDF/UA-1.
    Pdf,
}

#[derive(Serialize)]
struct Report {
    kind: String,
    title: String,
    version: String,
    digest: String,
    variant: For,
    format: Format,
    /// Places that are not filled in.
    missing: usize,
    changes: Option<Marks>,
    bytes: usize,
    out: ShownPath,
}

#[derive(Serialize)]
struct Marks {
    added: usize,
    removed: usize,
    changed: usize,
}

impl Render {
    pub(crate) fn run(self) -> anyhow::Result<Answer> {
        if [Some(&self.file), self.previous.as_ref(), self.security_target.as_ref()]
            .into_iter()
            .flatten()
            .any(|read| files::are_one(read, &self.out))
        {
            bail!("{} is read: choose another name for --out", self.out.display());
        }
        let mut doc = self.lay_out(&self.file)?;
        let mut marks = None;
        if let Some(previous) = &self.previous {
            let (marked, found) = changes::mark(&self.lay_out(previous)?, doc);
            doc = marked;
            marks = Some(Marks { added: found.added, removed: found.removed, changed: found.changed });
        }
        let format = match self.format {
            Format::Html => dtsec_render::Format::Html,
            Format::Docx => dtsec_render::Format::Docx,
            Format::Pdf => dtsec_render::Format::Pdf,
        };
        let bytes = dtsec_render::write(&doc, format)?;
        files::write(&self.out, &bytes)?;
        let report = Report {
            kind: doc.kind.to_string(),
            title: doc.title.to_string(),
            version: doc.version.to_string(),
            digest: doc.digest.to_string(),
            variant: self.variant,
            format: self.format,
            missing: doc.missing(),
            changes: marks,
            bytes: bytes.len(),
            out: self.out.into(),
        };
        Answer::new(report, Exit::Success)
    }

    fn lay_out(&self, path: &Path) -> anyhow::Result<Doc> {
        let text = files::text(path)?;
        let variant = match self.variant {
            For::Confidential => Variant::Confidential,
            For::Sanitised => Variant::Sanitised,
        };
        let here = || format!("{} cannot be rendered", path.display());
        match (kind(&text), self.what) {
            (Some(Kind::SecurityTarget), What::Document) => {
                let target: SecurityTarget = st::read(path, &text)?;
                let options = Options { variant, introduction: !self.without_introduction };
                let profile = self.profile(&target)?;
                dtsec_render::security_target(&target, &profile, options).with_context(here)
            }
            (Some(Kind::SecurityTarget), What::Conformance) => self.conformance(path, &text),
            (Some(Kind::EvaluationTechnicalReport), What::Document) => {
                let etr: EvaluationTechnicalReport = st::read(path, &text)?;
                dtsec_render::etr::report(&etr, variant).with_context(here)
            }
            (Some(Kind::EvaluationTechnicalReport), What::Certificate) => {
                let etr: EvaluationTechnicalReport = st::read(path, &text)?;
                // The parser asks for it.
                let file = self.security_target.as_deref().unwrap_or(Path::new(""));
                let target: SecurityTarget = st::read(file, &files::text(file)?)?;
                let profile = self.profile(&target)?;
                dtsec_render::certificate::draft(&etr, &target, &profile).with_context(here)
            }
            (Some(Kind::SecurityTarget), What::Certificate) => {
                bail!(
                    "{} is a Security Target: give the Evaluation Technical Report, and this with --security-target",
                    path.display()
                )
            }
            (Some(Kind::EvaluationTechnicalReport), What::Conformance) => {
                bail!("{} is an Evaluation Technical Report: give the Security Target", path.display())
            }
            (Some(kind), _) => bail!(
                "{} is a document of kind `{}`: give a Security Target or an Evaluation Technical Report",
                path.display(),
                kind.name()
            ),
            (None, _) => bail!(
                "{} does not say which document it is: give the JSON form of a Security Target or an Evaluation Technical \
                 Report, with its member `kind`",
                path.display()
            ),
        }
    }

    /// The profile that is given, or the built-in one of the claimed id.
    fn profile(&self, target: &SecurityTarget) -> anyhow::Result<std::borrow::Cow<'static, SesipProfile>> {
        st::profile(self.profile.as_deref().unwrap_or(&target.profile.id))
    }

    fn conformance(&self, path: &Path, text: &str) -> anyhow::Result<Doc> {
        let target: SecurityTarget = st::read(path, text)?;
        let profile = self.profile(&target)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let found = check(&target, &profile, &Documents::beside(folder, &target));
        let name = format!("{} {}", profile.id, profile.version);
        let found = Findings::new(&path.display().to_string(), &name, text, found);
        conformance_report(&target, &found)
    }
}

/// What a check found, rule by rule, as a document.
pub(super) fn conformance_report(target: &SecurityTarget, found: &Findings) -> anyhow::Result<Doc> {
    let rules = dtsec_conformance::rules().map(|rule| {
        let findings = found.findings.iter().filter(|row| row.rule == rule.id).map(|row| CheckedFinding {
            pointer: row.pointer.clone(),
            line: row.line,
            value: row.value.clone(),
            message: row.message.clone(),
        });
        CheckedRule {
            id: rule.id.to_owned(),
            title: rule.title.to_owned(),
            clause: rule.clause.to_owned(),
            explanation: rule.explanation.to_owned(),
            remedy: rule.remedy.to_owned(),
            weight: match rule.severity {
                Severity::Note => Weight::Note,
                Severity::Warning => Weight::Warning,
                Severity::Error => Weight::Error,
            },
            findings: findings.collect(),
        }
    });
    let rules = rules.collect();
    Ok(dtsec_render::conformance::report(&Checked {
        title: target.title.clone(),
        version: target.version.clone(),
        digest: canonical::digest(target)?,
        file: found.file.clone(),
        profile: found.profile.clone(),
        tool: concat!("dtsec ", env!("CARGO_PKG_VERSION")).to_owned(),
        rules,
    }))
}

/// What a document says it is.
fn kind(text: &str) -> Option<Kind> {
    let head: serde_json::Value = serde_json::from_str(text).ok()?;
    let said = head.get("kind")?.as_str()?;
    Kind::ALL.into_iter().find(|kind| kind.name() == said)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}, version {}", self.kind, self.title, self.version)?;
        writeln!(f, "digest {}", self.digest)?;
        if let Some(marks) = &self.changes {
            writeln!(
                f,
                "marks: {} added, {} removed, {} changed",
                marks.added, marks.removed, marks.changed
            )?;
        }
        match self.missing {
            0 => {}
            1 => writeln!(f, "1 place is not filled in, and marked")?,
            count => writeln!(f, "{count} places are not filled in, and marked")?,
        }
        write!(f, "wrote {} ({} bytes)", self.out, self.bytes)
    }
}
