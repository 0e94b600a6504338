//! Documents: handed in, checked, used by a command, read.

use super::{Case, Failure, Registry, parts};
use dtsec_conformance::{Documents, Report, check};
use dtsec_model::etr::EvaluationTechnicalReport as EtrDocument;
use dtsec_model::security_target::SecurityTarget;
use dtsec_registry::domain::{Actor, Command, Refusal};
use dtsec_store::{Digest, Document, Key, Listed, NewDocument, NewEvent, Page, Reader, Size, Transaction};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a document is handed in as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A Security Target: it is held against its profile.
    SecurityTarget,
    /// An Evaluation Technical Report: it is read, and its work units are counted.
    Etr,
    /// Anything else.
    Other,
}

/// A document that is handed in.
#[derive(Clone)]
pub struct Upload {
    /// As what.
    pub kind: Kind,
    /// Its media type.
    pub media: String,
    /// Its file name; may be empty.
    pub name: String,
    /// Itself.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Upload {
    /// Not its bytes.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Upload({:?}, {} bytes)", self.kind, self.bytes.len())
    }
}

/// A document that was handed in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Stored {
    /// The case that has it now.
    pub case: String,
    /// Its SHA-256: what commands name it by.
    pub digest: String,
    /// How many bytes.
    pub size: usize,
    /// What the check found, where there is one.
    pub checked: Option<Checked>,
}

/// What the check of a document found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Checked {
    /// Whether it can be read as what it was handed in as.
    pub readable: bool,
    /// Why not.
    pub problem: Option<String>,
    /// The profile that it was held against.
    pub profile: Option<String>,
    /// Whether nothing is an error.
    pub conforms: bool,
    /// How many findings are errors.
    pub errors: usize,
    /// How many are warnings.
    pub warnings: usize,
    /// What was found, with rule, place, value and remedy.
    #[schema(value_type = Vec<Object>)]
    pub findings: Vec<serde_json::Value>,
}

impl Checked {
    fn unreadable(problem: impl ToString) -> Self {
        Self {
            readable: false,
            problem: Some(problem.to_string()),
            profile: None,
            conforms: false,
            errors: 1,
            warnings: 0,
            findings: Vec::new(),
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Checked> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| Checked::unreadable(format!("{}: {}", error.path(), error.inner())))
}

/// Checks a document as what it was handed in as. What does not conform is kept all the same: the findings say what to do.
pub fn checked(kind: Kind, name: &str, bytes: &[u8]) -> Option<Checked> {
    match kind {
        Kind::Other => None,
        Kind::SecurityTarget => Some(security_target(name, bytes).unwrap_or_else(|unreadable| unreadable)),
        Kind::Etr => Some(etr(bytes).unwrap_or_else(|unreadable| unreadable)),
    }
}

fn security_target(name: &str, bytes: &[u8]) -> Result<Checked, Checked> {
    let target: SecurityTarget = read(bytes)?;
    let text = std::str::from_utf8(bytes).map_err(Checked::unreadable)?;
    let profile = dtsec_model::builtin::sesip_profile();
    let found = check(&target, profile, &Documents::none());
    let report = Report::new(name, &format!("{} {}", profile.id, profile.version), text, found);
    let (errors, warnings) = (report.errors, report.warnings);
    let findings = report.findings.iter().map(|row| serde_json::json!(row)).collect();
    let profile = Some(report.profile.clone());
    Ok(Checked {
        readable: true,
        problem: None,
        profile,
        conforms: report.conforms,
        errors,
        warnings,
        findings,
    })
}

fn etr(bytes: &[u8]) -> Result<Checked, Checked> {
    let _: EtrDocument = read(bytes)?;
    Ok(Checked {
        readable: true,
        problem: None,
        profile: None,
        conforms: true,
        errors: 0,
        warnings: 0,
        findings: Vec::new(),
    })
}

impl Registry {
    /// Takes a document in, for a command to name it. Only its organisation sees it until then.
    ///
    /// # Errors
    /// A [`Failure`]; then nothing was kept.
    pub async fn hand_in(&self, actor: &Actor, upload: Upload) -> Result<Stored, Failure> {
        if actor.roles.is_empty() {
            return Err(Failure::Denied {
                what: "only members of an organisation of the programme hand in documents".to_owned(),
                remedy: "Ask the working group or your organisation for a role.",
            });
        }
        let checked = checked(upload.kind, &upload.name, &upload.bytes);
        let case = Case::Upload(actor.organisation.clone()).to_string();
        let (digest, size) = (Digest::of(&upload.bytes), upload.bytes.len());
        let mut transaction = Transaction::new(actor.person.as_str(), self.now());
        let mut event = NewEvent::new(
            Key::new("upload", actor.organisation.as_str()),
            "document-handed-in",
            serde_json::json!({ "size": size, "media": upload.media, "name": upload.name }),
        );
        event.document = Some(digest.clone());
        transaction.events.push(event);
        transaction.documents.push(NewDocument {
            case: case.clone(),
            digest: digest.clone(),
            confidential: true,
            media: upload.media,
            name: upload.name,
            bytes: upload.bytes,
        });
        self.store.commit(transaction).await?;
        Ok(Stored { case, digest: digest.to_string(), size, checked })
    }

    /// The documents that a command names and that come with it, or that its organisation has handed in before: for the
    /// case that they belong to now. One that the command brings in and that nobody has is refused: a record that names a
    /// text which cannot be read shows nothing.
    pub(super) async fn handed_in(
        &self,
        actor: &Actor,
        command: &Command,
        attached: &[Upload],
    ) -> Result<Vec<NewDocument>, Failure> {
        let Some(case) = case_of(command) else { return Ok(Vec::new()) };
        // Whether a case is public changes; the store's own mark says who must be named when it is read.
        let confidential = !case.starts_with("pp/");
        let mut named: Vec<&str> = Vec::new();
        let text = serde_json::to_value(command).map_err(|error| Failure::Bug(error.to_string()))?;
        digests(&text, &mut named);
        named.sort_unstable();
        named.dedup();
        let from = Case::Upload(actor.organisation.clone()).to_string();
        let mut documents = Vec::new();
        for text in named {
            let Ok(digest) = text.parse::<Digest>() else { continue };
            if let Some(upload) = attached.iter().find(|upload| Digest::of(&upload.bytes) == digest) {
                let Upload { media, name, bytes, .. } = upload.clone();
                documents.push(NewDocument { case: case.clone(), digest, confidential, media, name, bytes });
                continue;
            }
            let reader = Reader {
                person: actor.person.to_string(),
                purpose: format!("{}: used in {case}", command.name()),
                at: self.now(),
            };
            let Some(mut found) = self.store.read_document(&from, &digest, &reader).await? else {
                let brought = command.brings().into_iter().any(|one| one.as_str() == text);
                if brought && !self.store.has_document(&case, &digest).await? {
                    return Err(Failure::NoDocument { digest: text.to_owned() });
                }
                continue;
            };
            documents.push(NewDocument {
                case: case.clone(),
                digest,
                confidential,
                media: std::mem::take(&mut found.listed.media),
                name: std::mem::take(&mut found.listed.name),
                bytes: found.bytes.to_vec(),
            });
        }
        Ok(documents)
    }

    /// The documents of a case, by digest.
    ///
    /// # Errors
    /// Where the actor may not read them.
    pub async fn documents(
        &self,
        actor: &Actor,
        case: &Case,
        after: &str,
        size: Size,
    ) -> Result<Page<Listed>, Failure> {
        self.may_read(actor, case).await?;
        Ok(self.store.documents(&case.to_string(), after, size).await?)
    }

    /// Opens a document. Its reading is in the log before it is opened.
    ///
    /// # Errors
    /// Where the actor may not read it, or the case does not have it.
    pub async fn read(
        &self,
        actor: &Actor,
        case: &Case,
        digest: &Digest,
        purpose: &str,
    ) -> Result<Document, Failure> {
        self.may_read(actor, case).await?;
        let reader = Reader { person: actor.person.to_string(), purpose: purpose.to_owned(), at: self.now() };
        let found = self.store.read_document(&case.to_string(), digest, &reader).await?;
        found.ok_or_else(|| Refusal::Unknown { what: format!("document {digest} of {case}") }.into())
    }
}

/// The case that a command's documents belong to: the part that it is about.
fn case_of(command: &Command) -> Option<String> {
    let value = serde_json::to_value(command).ok()?;
    let names: &[(&str, &str)] = match command.name() {
        "submit-plan" | "report-mitigation" | "verify-mitigation" | "report-vulnerability" => {
            &[("vulnerability", "vulnerability")]
        }
        "request-maintenance" => &[("request", "request")],
        "propose" => {
            let decision = value.get("decision")?;
            return part_named(decision);
        }
        _ => return part_named(&value),
    };
    names.iter().find_map(|(field, kind)| Some(format!("{kind}/{}", value.get(*field)?.as_str()?)))
}

/// A part that is named by a field of its kind's name.
fn part_named(value: &serde_json::Value) -> Option<String> {
    let kinds = ["pp", "st", "evaluation", "lab", "request", "vulnerability", "audit", "agreement", "entry"];
    let inside = value.get("with").or_else(|| value.get("order"));
    kinds.iter().find_map(|kind| {
        let id = value.get(*kind).or_else(|| inside?.get(*kind))?.as_str()?;
        parts::part(kind, id).map(|_| format!("{kind}/{id}"))
    })
}

/// Every text in a value that is a digest.
fn digests<'a>(value: &'a serde_json::Value, found: &mut Vec<&'a str>) {
    match value {
        serde_json::Value::String(text) if text.len() == 64 => found.push(text),
        serde_json::Value::Array(all) => all.iter().for_each(|one| digests(one, found)),
        serde_json::Value::Object(all) => all.values().for_each(|one| digests(one, found)),
        _ => {}
    }
}
