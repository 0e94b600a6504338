//! `dtsec package`: everything that a lab starts from, in one folder.

mod folder;
mod report;

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use dtsec_conformance::{Documents, Report as Findings, check};
use dtsec_evidence::evaluation::{Record, UNVERSIONED};
use dtsec_evidence::{Envelope, PrivateKey, Statement, sha256};
use dtsec_model::deliverable::{ConfigurationItem, ConfigurationList};
use dtsec_model::etr::Verdict;
use dtsec_model::evidence::{EvidenceBundle, Image};
use dtsec_model::profile::SesipProfile;
use dtsec_model::security_target::{PartKind, SecurityTarget};
use dtsec_model::{Date, Document, canonical};
use dtsec_render::package::{Package as Overview, PackageFile, PackageRequirement, PackageRun};
use dtsec_render::{Doc, Options, Variant};
use dtsec_toe::sbom::Product;
use dtsec_toe::sources::Configuration;
use dtsec_toe::trace::Trace;
use dtsec_workunits::{assemble, counts};

use super::evidence::{Form, Trusted, campaign, form, read_key, read_text};
use super::work_units::{Case, decisions, json};
use super::{render, sbom, st, trace};
use crate::files;
use crate::output::{Answer, Exit};
use folder::Folder;
use report::Report;

/// Put everything together that a lab starts from: checked Security Target, documents, signed evidence, work units,
/// Evaluation Technical Report, bill of materials, maps. Nothing in it is a verdict.
///
/// The status is 1 where the Security Target does not conform. What work units come to is told and changes nothing: that is
/// the evaluator's.
#[derive(Args)]
pub(crate) struct Package {
    /// Root of the repository.
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// The Security Target [default: ROOT/toe/security-target.json]
    #[arg(long, value_name = "FILE")]
    security_target: Option<PathBuf>,
    /// The profile, where it is not the built-in one: official wording and notes come from it (`dtsec profile import`).
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// What belongs to the platform [default: ROOT/toe/trace.json]
    #[arg(long, value_name = "FILE")]
    configuration: Option<PathBuf>,
    /// What the report says that does not follow from evidence [default: ROOT/toe/etr-frame.json]
    #[arg(long, value_name = "FILE")]
    frame: Option<PathBuf>,
    /// Evidence: the evidence.json of an evaluation, the record of a fault campaign, or a bundle; may be repeated. It is
    /// signed here. What was run on other images than those of the Security Target is laid in, and does not count.
    #[arg(long, value_name = "FILE")]
    evidence: Vec<PathBuf>,
    /// Private key in PEM that evidence is signed with (`dtsec evidence keygen`).
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The evaluator's decisions so far.
    #[arg(long, value_name = "FILE")]
    decisions: Option<PathBuf>,
    /// The independent tests, from `dtsec independent-tests reveal`.
    #[arg(long, value_name = "FILE")]
    independent: Option<PathBuf>,
    /// The vulnerability analysis (JSON) [default: ROOT/toe/vulnerability-analysis.json]
    #[arg(long, value_name = "FILE")]
    analysis: Option<PathBuf>,
    /// The day [default: today]
    #[arg(long, value_name = "DATE")]
    date: Option<Date>,
    /// The folder. One that was made by this command is replaced; any other must not be there.
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
}

/// Evidence as it lies in the folder.
struct Signed {
    bundle: EvidenceBundle,
    /// The envelope's path.
    envelope: PathBuf,
    /// The record's path, where it came from an evaluation.
    record: Option<PathBuf>,
    /// Whether it was run on the platform of the Security Target.
    counts: bool,
}

impl Package {
    pub(crate) fn run(self) -> anyhow::Result<Answer> {
        let mut folder = Folder::new(&self.out)?;
        let work = Work::read(&self)?;
        work.security_target(&mut folder)?;
        let findings = work.conformance(&mut folder)?;
        let map = work.developer(&mut folder)?;
        let evidence = work.evidence(&mut folder)?;
        work.configuration_list(&mut folder, &evidence)?;
        let given = work.given(&mut folder)?;
        let inputs = work.case(&folder, &evidence, &given).read()?;
        let known = given.decisions.as_deref().map(decisions).transpose()?.unwrap_or_default();
        let (etr, stale) = assemble(&inputs, json(&given.frame)?, &known)?;
        folder.put("work-units.json", "The work units as data", pretty(&etr.work_units)?.as_bytes())?;
        folder.put("etr.json", "The Evaluation Technical Report as data", etr.to_json().as_bytes())?;
        let doc = dtsec_render::etr::report(&etr, Variant::Confidential)?;
        pages(&mut folder, "etr", "The Evaluation Technical Report", &doc)?;
        let doc = dtsec_render::etr::report(&etr, Variant::Sanitised)?;
        page(&mut folder, "etr-public", "The Evaluation Technical Report, for anybody", &doc)?;

        let overview = work.overview(&findings, &map, &evidence, etr.work_units.clone(), folder.files())?;
        let runs = overview.runs.len();
        let doc = dtsec_render::package::overview(&overview);
        folder.put("index.html", "This page", &dtsec_render::write(&doc, dtsec_render::Format::Html)?)?;
        let files = folder.files().len() + 1;
        let out = folder.finish()?;
        let report = Report {
            conforms: findings.conforms,
            errors: findings.errors,
            warnings: findings.warnings,
            counts: counts(&etr.work_units),
            components: report::components(&etr.work_units),
            stale,
            runs,
            files,
            out: out.into(),
        };
        let exit = if findings.conforms { Exit::Success } else { Exit::No };
        Answer::new(report, exit)
    }
}

/// What is put together.
struct Work {
    root: PathBuf,
    /// The Security Target's path under the root.
    place: PathBuf,
    text: String,
    target: SecurityTarget,
    profile: std::borrow::Cow<'static, SesipProfile>,
    profile_file: Option<PathBuf>,
    configuration: Configuration,
    frame: PathBuf,
    evidence: Vec<PathBuf>,
    runs: Vec<Run>,
    key: PrivateKey,
    decisions: Option<PathBuf>,
    independent: Option<PathBuf>,
    analysis: Option<PathBuf>,
    date: Date,
}

/// What people gave, as it lies in the folder.
struct Given {
    frame: PathBuf,
    profile: Option<PathBuf>,
    decisions: Option<PathBuf>,
    independent: Option<PathBuf>,
    analysis: Option<PathBuf>,
}

impl Work {
    fn read(call: &Package) -> anyhow::Result<Work> {
        let root = canonical_path(&call.root)?;
        let beside =
            |file: &Option<PathBuf>, name: &str| file.clone().unwrap_or_else(|| root.join("toe").join(name));
        let path = canonical_path(&beside(&call.security_target, "security-target.json"))?;
        let Ok(place) = path.strip_prefix(&root).map(Path::to_owned) else {
            bail!("{} does not lie under {}: give the right --root", path.display(), root.display());
        };
        let text = files::text(&path)?;
        let target: SecurityTarget = st::read(&path, &text)?;
        let profile = match &call.profile {
            Some(path) => st::profile(&path.to_string_lossy())?,
            None => st::profile(&target.profile.id)?,
        };
        let key = PrivateKey::from_pem(&read_key(&call.key)?)
            .with_context(|| format!("{} is of no use", call.key.display()))?;
        let analysis = beside(&call.analysis, "vulnerability-analysis.json");
        let mut runs = call.evidence.iter().map(|path| read_run(path)).collect::<anyhow::Result<Vec<_>>>()?;
        identify(&mut runs);
        let today = || jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        Ok(Work {
            profile,
            profile_file: call.profile.clone(),
            configuration: Configuration::read(&beside(&call.configuration, "trace.json"))?,
            frame: beside(&call.frame, "etr-frame.json"),
            evidence: call.evidence.clone(),
            runs,
            key,
            decisions: call.decisions.clone(),
            independent: call.independent.clone(),
            analysis: (call.analysis.is_some() || analysis.is_file()).then_some(analysis),
            date: call.date.unwrap_or_else(today),
            root,
            place,
            text,
            target,
        })
    }

    /// The Security Target, for machines and for people, and the documents that it lists, where it looks for them.
    fn security_target(&self, folder: &mut Folder) -> anyhow::Result<()> {
        folder.put(&self.place, "The Security Target", self.text.as_bytes())?;
        let beside = self.place.parent().unwrap_or(Path::new(""));
        for document in self.target.all_documents() {
            let Some(file) = &document.file else { continue };
            let Some(place) = normal(&beside.join(file)) else {
                bail!("the document `{}` lies outside the repository: {file}", document.id);
            };
            let bytes = std::fs::read(self.root.join(&place)).with_context(|| {
                format!("cannot read the document `{}`, {}", document.id, place.display())
            })?;
            folder.put(&place, &document.title, &bytes)?;
        }
        let laid_out = |variant| {
            let options = Options { variant, introduction: true };
            dtsec_render::security_target(&self.target, &self.profile, options)
        };
        pages(folder, "security-target", "The Security Target", &laid_out(Variant::Confidential)?)?;
        page(
            folder,
            "security-target-public",
            "The Security Target, for anybody",
            &laid_out(Variant::Sanitised)?,
        )
    }

    fn conformance(&self, folder: &mut Folder) -> anyhow::Result<Findings> {
        let path = folder.place(&self.place);
        let beside = path.parent().unwrap_or(Path::new(""));
        let found = check(&self.target, &self.profile, &Documents::beside(beside, &self.target));
        let name = format!("{} {}", self.profile.id, self.profile.version);
        let findings = Findings::new(&self.place.display().to_string(), &name, &self.text, found);
        folder.put("conformance.json", "What the conformance check found", pretty(&findings)?.as_bytes())?;
        let sarif = format!("{:#}\n", findings.sarif());
        folder.put("conformance.sarif", "The same for tools (SARIF)", sarif.as_bytes())?;
        let doc = render::conformance_report(&self.target, &findings)?;
        pages(folder, "conformance", "The conformance report", &doc)?;
        Ok(findings)
    }

    /// What is made from sources: specification, map, bill of materials.
    fn developer(&self, folder: &mut Folder) -> anyhow::Result<Trace> {
        let table = dtsec_toe::specification::table(&self.target, &self.configuration);
        folder.put(
            "functional-specification.json",
            "The gate's calls as a table",
            pretty(&table)?.as_bytes(),
        )?;
        let map = trace::map(&self.root, &self.target, &self.configuration, &self.evaluations())?;
        folder.put("trace.json", "Requirements, interfaces, sources, tests", pretty(&map)?.as_bytes())?;
        let software = self.target.platform.parts.iter().find(|part| part.what == PartKind::Software);
        let software = software.context("the Security Target has no part that is software")?;
        let packages = sbom::PLATFORM.0.map(str::to_owned).to_vec();
        let product = Product { name: software.name.clone(), version: software.version.clone(), packages };
        let sbom = sbom::of(&self.root, sbom::PLATFORM.1, &product)?;
        folder.put("sbom.cdx.json", "The bill of materials (CycloneDX)", sbom.to_json().as_bytes())?;
        Ok(map)
    }

    /// The files of evidence that are records of evaluations.
    fn evaluations(&self) -> Vec<PathBuf> {
        let files = self.evidence.iter().zip(&self.runs);
        files.filter(|(_, run)| run.form == Form::Evaluation).map(|(path, _)| path.clone()).collect()
    }

    /// Signs everything and lays it in.
    fn evidence(&self, folder: &mut Folder) -> anyhow::Result<Vec<Signed>> {
        let public = self.key.public().to_pem()?;
        folder.put(SIGNER, "The public key that evidence is signed with", public.as_bytes())?;
        let code: Vec<&str> = self.code().map(|part| part.name.as_str()).collect();
        let mut all = Vec::new();
        for Run { bundle, text, form } in &self.runs {
            let id = &bundle.run.id;
            if !id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) || id.starts_with('.') {
                bail!("the run's id `{id}` cannot be the name of a file");
            }
            let sealed =
                Statement::new(bundle.clone()).map(|statement| Envelope::seal(&statement, &self.key));
            let sealed = sealed.with_context(|| format!("cannot sign {id}"))??;
            let what = format!("Evidence of {} on {}, signed", bundle.run.tool, bundle.run.target);
            let envelope =
                folder.put(format!("evidence/{id}.dsse.json"), &what, sealed.to_json().as_bytes())?;
            let record = format!("evidence/{id}.record.json");
            let record = match *form {
                Form::Evaluation => {
                    let what = "The full record of that run: set-up, stimulus, observations, transcripts";
                    Some(folder.put(record, what, text.as_bytes())?)
                }
                Form::Campaign => {
                    let what = "The record of that campaign: counts, and every run that ended as it must not";
                    folder.put(record, what, text.as_bytes())?;
                    None
                }
                Form::Envelope | Form::Bundle | Form::Collection => None,
            };
            let counts = bundle.run.images.iter().any(|image| code.contains(&image.part.as_str()));
            all.push(Signed { bundle: bundle.clone(), envelope, record, counts });
        }
        Ok(all)
    }

    fn code(&self) -> impl Iterator<Item = &dtsec_model::security_target::Part> {
        self.target.platform.parts.iter().filter(|part| part.what != PartKind::Hardware)
    }

    /// Parts with the version and digest of what was tested, documents with the digest of what lies in the folder.
    fn configuration_list(&self, folder: &mut Folder, evidence: &[Signed]) -> anyhow::Result<()> {
        let images: Vec<_> = evidence.iter().flat_map(|one| &one.bundle.run.images).collect();
        let part = |part: &dtsec_model::security_target::Part| {
            let image = images.iter().find(|image| image.part == part.name);
            ConfigurationItem {
                name: part.name.clone(),
                version: image.map_or(&part.version, |image| &image.version).clone(),
                sha256: image.map(|image| image.sha256.clone()),
            }
        };
        let mut items: Vec<_> = self.target.platform.parts.iter().map(part).collect();
        items.push(ConfigurationItem {
            name: "security-target".to_owned(),
            version: self.target.version.clone(),
            sha256: Some(sha256(self.text.as_bytes())),
        });
        let beside = self.place.parent().unwrap_or(Path::new(""));
        for document in self.target.all_documents() {
            let place = document.file.as_ref().and_then(|file| normal(&beside.join(file)));
            let bytes = place.map(|place| std::fs::read(folder.place(&place))).transpose()?;
            items.push(ConfigurationItem {
                name: document.id.clone(),
                version: document.version.clone(),
                sha256: bytes.map(|bytes| sha256(&bytes)),
            });
        }
        let list = pretty(&ConfigurationList { items })?;
        folder.put("configuration-list.json", "The configuration list as data", list.as_bytes())?;
        Ok(())
    }

    /// Lays in what people gave, so that whoever has the folder can repeat what follows from it.
    fn given(&self, folder: &mut Folder) -> anyhow::Result<Given> {
        let mut lay =
            |path: &Path, name: &str, what: &str| folder.put(name, what, files::text(path)?.as_bytes());
        let mut laid = |path: &Option<PathBuf>, name, what| {
            path.as_deref().map(|path| lay(path, name, what)).transpose()
        };
        Ok(Given {
            profile: laid(&self.profile_file, "profile.json", "The profile, as it was imported")?,
            decisions: laid(&self.decisions, "decisions.json", "The evaluator's decisions so far")?,
            independent: laid(&self.independent, "independent-tests.json", "The independent tests")?,
            analysis: laid(&self.analysis, "vulnerability-analysis.json", "The vulnerability analysis")?,
            frame: lay(
                &self.frame,
                "etr-frame.json",
                "What the report says that does not follow from evidence",
            )?,
        })
    }

    /// What the work units are judged on: what lies in the folder, and nothing else.
    fn case(&self, folder: &Folder, evidence: &[Signed], given: &Given) -> Case {
        let counting = || evidence.iter().filter(|one| one.counts);
        Case {
            security_target: folder.place(&self.place),
            profile: given.profile.clone(),
            date: self.date,
            evidence: counting().map(|one| one.envelope.clone()).collect(),
            trusted: Trusted { keys: vec![folder.place(SIGNER)], threshold: 1 },
            records: counting().filter_map(|one| one.record.clone()).collect(),
            draft: Vec::new(),
            functional_specification: Some(folder.place("functional-specification.json")),
            trace: Some(folder.place("trace.json")),
            configuration: Some(folder.place("configuration-list.json")),
            independent: given.independent.clone(),
            analysis: given.analysis.clone(),
        }
    }

    fn overview(
        &self,
        findings: &Findings,
        map: &Trace,
        evidence: &[Signed],
        work_units: Vec<dtsec_model::etr::WorkUnitResult>,
        files: &[PackageFile],
    ) -> anyhow::Result<Overview> {
        let results = |id: &str, wanted: bool| {
            let all = evidence.iter().filter(|one| one.counts).flat_map(|one| &one.bundle.results);
            let of = all.filter(|result| result.requirements.iter().any(|other| other == id));
            of.filter(|result| (result.verdict == Verdict::Pass) == wanted).count()
        };
        let requirement = |row: &dtsec_toe::trace::Row| PackageRequirement {
            id: row.requirement.clone(),
            passed: results(&row.requirement, true),
            failed: results(&row.requirement, false),
            sources: row.sources.len(),
            not_yet_met: row.not_yet_met.clone(),
        };
        let signer = self.key.public().id()?;
        let run = |one: &Signed| {
            let Signed { bundle, counts, .. } = one;
            let passed = bundle.results.iter().filter(|result| result.verdict == Verdict::Pass).count();
            PackageRun {
                id: bundle.run.id.clone(),
                what: format!("{} {} on {}", bundle.run.tool, bundle.run.tool_version, bundle.run.target),
                passed: (passed, bundle.results.len()),
                counts: *counts,
                signers: vec![signer.clone()],
            }
        };
        let missing = map.requirements.iter().filter(|row| row.not_yet_met.is_some()).count();
        let mut remarks = Vec::new();
        if missing > 0 {
            remarks.push(format!(
                "The Security Target itself says of {missing} requirements that they are not met yet; no product can be \
                 certified on it before they are."
            ));
        }
        if self.profile.wording == dtsec_model::profile::Wording::Summaries {
            remarks.push(
                "The profile's wording is a summary. Give the imported profile (--profile) before this goes to a lab."
                    .to_owned(),
            );
        }
        Ok(Overview {
            title: self.target.title.clone(),
            version: self.target.version.clone(),
            digest: canonical::digest(&self.target)?,
            tool: concat!("dtsec ", env!("CARGO_PKG_VERSION")).to_owned(),
            date: self.date,
            conformance: (findings.errors, findings.warnings, findings.rules),
            work_units,
            requirements: map.requirements.iter().map(requirement).collect(),
            runs: evidence.iter().map(run).collect(),
            remarks,
            files: files.to_vec(),
        })
    }
}

/// Evidence as it was handed over.
struct Run {
    bundle: EvidenceBundle,
    text: String,
    form: Form,
}

fn read_run(path: &Path) -> anyhow::Result<Run> {
    let context = || format!("cannot use {}", path.display());
    let text = read_text(path)?;
    let form = form(&text).with_context(context)?;
    let none = Default::default();
    let bundle = match form {
        Form::Bundle => EvidenceBundle::from_json(&text).with_context(context)?,
        Form::Evaluation => {
            let record = Record::from_json(&text).with_context(context)?;
            record.evidence(&text, &none).with_context(context)?
        }
        Form::Campaign => campaign(&text, &none).with_context(context)?,
        Form::Envelope | Form::Collection => bail!(
            "{} is signed already, or holds several runs: give the evidence of each run as it was made",
            path.display()
        ),
    };
    Ok(Run { bundle, text, form })
}

/// A file has no name and no version of its own. Where a device has answered for the same bytes in another run, they are
/// that part in that version.
fn identify(runs: &mut [Run]) {
    let answered: Vec<Image> = runs
        .iter()
        .flat_map(|run| &run.bundle.run.images)
        .filter(|image| image.version != UNVERSIONED)
        .cloned()
        .collect();
    for image in runs.iter_mut().flat_map(|run| &mut run.bundle.run.images) {
        let same = answered.iter().find(|known| known.sha256 == image.sha256);
        if let (UNVERSIONED, Some(same)) = (image.version.as_str(), same) {
            *image = same.clone();
        }
    }
}

/// Where the public key lies.
const SIGNER: &str = "evidence/signer.pem";

fn canonical_path(path: &Path) -> anyhow::Result<PathBuf> {
    std::fs::canonicalize(path).with_context(|| format!("cannot find {}", path.display()))
}

/// The path without `.` and `..`; nothing where it leads outside.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => normal.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !normal.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(normal)
}

fn pretty(value: &impl serde::Serialize) -> anyhow::Result<String> {
    Ok(format!("{:#}\n", serde_json::to_value(value)?))
}

/// HTML, PDF and DOCX.
fn pages(folder: &mut Folder, name: &str, what: &str, doc: &Doc) -> anyhow::Result<()> {
    page(folder, name, what, doc)?;
    let docx = dtsec_render::write(doc, dtsec_render::Format::Docx)?;
    folder.put(format!("{name}.docx"), &format!("{what}, to work on"), &docx)?;
    Ok(())
}

/// HTML and PDF.
fn page(folder: &mut Folder, name: &str, what: &str, doc: &Doc) -> anyhow::Result<()> {
    for (format, extension) in [(dtsec_render::Format::Html, "html"), (dtsec_render::Format::Pdf, "pdf")] {
        let bytes = dtsec_render::write(doc, format)?;
        folder.put(
            format!("{name}.{extension}"),
            &format!("{what}, {}", extension.to_uppercase()),
            &bytes,
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_from_one_that_leads_outside() {
        assert_eq!(normal(Path::new("toe/../docs/./a.md")), Some(PathBuf::from("docs/a.md")));
        for outside in ["toe/../../a", "/a", ".."] {
            assert_eq!(normal(Path::new(outside)), None, "{outside}");
        }
    }
}
