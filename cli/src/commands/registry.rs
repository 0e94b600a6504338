//! `dtsec registry`: the interface of a running server, from the command line.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::output::{Answer, Exit};

/// Ask and change the registry of a running server.
///
/// The token is taken from DTSEC_TOKEN or a file, never from the command line, where other processes see it. The status is
/// 1 where the registry refuses: then nothing was changed, and the answer says rule, number, field and what to do.
#[derive(Args)]
pub(crate) struct Registry {
    /// The server.
    #[arg(long, value_name = "URL", default_value = "http://localhost:8417")]
    server: url::Url,
    /// A file with the token.
    #[arg(long, value_name = "FILE")]
    token: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Who the token belongs to, and what it may do.
    Me,
    /// What waits for you.
    Waiting(Page),
    /// A page of a list: entries, labs, pps, sts, evaluations, requests, vulnerabilities, audits, …
    List {
        /// The list.
        list: String,
        /// Words, or their beginnings.
        #[arg(long, default_value = "")]
        search: String,
        /// A filter, such as state=listed.
        #[arg(long, value_name = "FACET=VALUE")]
        filter: Vec<String>,
        #[command(flatten)]
        page: Page,
    },
    /// A part of the programme as it is.
    Show {
        /// What: entry/ID, st/ID, lab/ID, …
        part: String,
    },
    /// What happened to a part.
    History {
        /// What: entry/ID, st/ID, lab/ID, …
        part: String,
        #[command(flatten)]
        page: Page,
    },
    /// What an entry was at a time.
    Status {
        /// The entry.
        entry: String,
        /// A day, or a moment.
        at: String,
    },
    /// Entries side by side.
    Compare {
        /// The entries.
        #[arg(num_args = 2..=6, required = true)]
        entries: Vec<String>,
    },
    /// Give a command: a JSON file as the description of the interface has it (`Command`).
    Give {
        /// The command.
        file: PathBuf,
        /// Why, in a sentence.
        #[arg(long)]
        reason: String,
        /// A number of your own: under it, it is carried out once.
        #[arg(long, value_name = "NUMBER")]
        once: Option<String>,
        /// Only ask whether it would be carried out.
        #[arg(long, conflicts_with = "once")]
        rehearse: bool,
    },
    /// Hand a document in, so that a command can name it.
    HandIn {
        /// The document.
        file: PathBuf,
        /// As what: security-target and etr are checked.
        #[arg(long, default_value = "other", value_parser = ["security-target", "etr", "other"])]
        kind: String,
    },
    /// The documents of a case.
    Documents {
        /// The case: st/ID, evaluation/ID, …
        case: String,
        #[command(flatten)]
        page: Page,
    },
    /// Fetch a document. The reading of a confidential one is logged.
    Fetch {
        /// The case: st/ID, evaluation/ID, …
        case: String,
        /// Its SHA-256.
        digest: String,
        /// Where to write it.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// The advisory on a vulnerability: CSAF 2.0 with VEX.
    Advisory {
        /// The vulnerability.
        vulnerability: String,
    },
    /// Report a vulnerability with a record in OSV's or CVE's format.
    Report {
        /// The record.
        file: PathBuf,
        /// Its format.
        #[arg(long, value_parser = ["osv", "cve"])]
        format: String,
        /// An entry that it touches.
        #[arg(long)]
        entry: Vec<String>,
        /// Why it is reported.
        #[arg(long)]
        reason: String,
    },
    /// Take in the list of components of an entry: CycloneDX.
    Components {
        /// The entry.
        entry: String,
        /// The list.
        file: PathBuf,
    },
}

#[derive(Args)]
struct Page {
    /// The page before's `next`.
    #[arg(long)]
    after: Option<String>,
    /// How many at once, 500 at most.
    #[arg(long, default_value_t = 50)]
    size: u16,
}

impl Page {
    fn query(&self, query: &mut Vec<(String, String)>) {
        query.push(("size".to_owned(), self.size.to_string()));
        query.extend(self.after.clone().map(|after| ("after".to_owned(), after)));
    }
}

/// What the server answered.
struct Report(Value);

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(detail), Some(remedy)) = (self.0.get("detail"), self.0.get("remedy")) {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            write!(f, "refused: {}\n  number {}", text(detail), self.0["number"])?;
            for name in ["rule", "field"] {
                if let Some(value) = self.0.get(name) {
                    write!(f, ", {name} {}", text(value))?;
                }
            }
            return write!(f, "\n  {}", text(remedy));
        }
        match self.0.get("items").and_then(Value::as_array) {
            None => write!(f, "{:#}", self.0),
            Some(items) => {
                for item in items {
                    writeln!(f, "{}", line(item))?;
                }
                match self.0.get("next").and_then(Value::as_str) {
                    Some(next) => write!(f, "more: --after {next}"),
                    None => write!(f, "{} shown, and no more", items.len()),
                }
            }
        }
    }
}

/// A row of a list on a line.
fn line(item: &Value) -> String {
    let shown = |(name, value): (&String, &Value)| match value {
        Value::Null => None,
        Value::String(text) => Some(format!("{name}: {text}")),
        other => Some(format!("{name}: {other}")),
    };
    match item {
        Value::Object(all) => all.iter().filter_map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

impl Registry {
    pub(crate) fn run(self) -> anyhow::Result<Answer> {
        let client = Client::new(&self.server, self.token.as_deref())?;
        let (exit, value) = match self.command {
            Command::Me => client.get("me", &[])?,
            Command::Waiting(page) => client.page("waiting", Vec::new(), &page)?,
            Command::List { list, search, filter, page } => {
                let mut query = vec![("q".to_owned(), search)];
                for one in filter {
                    let (facet, value) = one.split_once('=').context("a filter is FACET=VALUE")?;
                    query.push((facet.to_owned(), value.to_owned()));
                }
                client.page(&format!("lists/{}", part(&list)?), query, &page)?
            }
            Command::Show { part: name } => client.get(&format!("parts/{}", part(&name)?), &[])?,
            Command::History { part: name, page } => {
                client.page(&format!("parts/{}/history", part(&name)?), Vec::new(), &page)?
            }
            Command::Status { entry, at } => {
                client.get(&format!("entries/{}/status", part(&entry)?), &[("at".to_owned(), at)])?
            }
            Command::Compare { entries } => {
                client.get("compare", &[("ids".to_owned(), entries.join(","))])?
            }
            Command::Give { file, reason, once, rehearse } => {
                let command: Value =
                    serde_json::from_slice(&read(&file)?).with_context(|| file.display().to_string())?;
                let body = json!({ "command": command, "reason": reason }).to_string();
                let path = if rehearse { "rehearsals" } else { "commands" };
                client.post(path, &[], "application/json", body.as_bytes(), once.as_deref())?
            }
            Command::HandIn { file, kind } => {
                let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
                let json = file.extension().is_some_and(|extension| extension == "json");
                let media = if json { "application/json" } else { "application/octet-stream" };
                let query = [("kind".to_owned(), kind), ("name".to_owned(), name)];
                let (exit, value) = client.post("documents", &query, media, &read(&file)?, None)?;
                // It is kept all the same; whether it conforms is the answer.
                let conforms = value.pointer("/checked/conforms").and_then(Value::as_bool) != Some(false);
                (if conforms { exit } else { Exit::No }, value)
            }
            Command::Documents { case, page } => {
                client.page(&format!("documents/{}", part(&case)?), Vec::new(), &page)?
            }
            Command::Fetch { case, digest, out } => {
                let path = format!("documents/{}/{}", part(&case)?, part(&digest)?);
                let mut answer = client.sent(client.agent.get(client.address(&path, &[])?))?;
                let status = answer.status();
                let body = answer.body_mut().with_config().limit(MOST).read_to_vec()?;
                if !status.is_success() {
                    (Exit::No, serde_json::from_slice(&body).context("the server's answer")?)
                } else {
                    std::fs::write(&out, &body).with_context(|| out.display().to_string())?;
                    (Exit::Success, json!({ "written": out.display().to_string(), "bytes": body.len() }))
                }
            }
            Command::Advisory { vulnerability } => {
                client.get(&format!("advisories/{}", part(&vulnerability)?), &[])?
            }
            Command::Report { file, format, entry, reason } => {
                let query = [("entries".to_owned(), entry.join(",")), ("reason".to_owned(), reason)];
                client.post(&format!("reports/{format}"), &query, "application/json", &read(&file)?, None)?
            }
            Command::Components { entry, file } => {
                let path = format!("entries/{}/components", part(&entry)?);
                client.post(&path, &[], "application/vnd.cyclonedx+json", &read(&file)?, None)?
            }
        };
        Answer::new(Report(value), exit)
    }
}

/// The most that an answer has.
const MOST: u64 = 80 << 20;

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| path.display().to_string())
}

/// A part of a path: ids and one slash, and nothing that would lead elsewhere.
fn part(text: &str) -> anyhow::Result<&str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/".contains(&byte);
    if text.is_empty()
        || !text.bytes().all(fits)
        || text.split('/').any(|one| one.is_empty() || one.starts_with('.'))
    {
        bail!("`{text}` is not of the form KIND/ID");
    }
    Ok(text)
}

struct Client {
    agent: ureq::Agent,
    server: url::Url,
    token: Option<String>,
}

impl Client {
    fn new(server: &url::Url, token: Option<&Path>) -> anyhow::Result<Self> {
        let token = match token {
            Some(path) => Some(String::from_utf8(read(path)?).context("the token")?.trim().to_owned()),
            None => std::env::var("DTSEC_TOKEN").ok(),
        };
        let local = matches!(server.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if token.is_some() && server.scheme() != "https" && !local {
            bail!("a token is sent to another machine by https only");
        }
        Ok(Self { agent: dtsec_serve::web_client(), server: server.clone(), token })
    }

    fn address(&self, path: &str, query: &[(String, String)]) -> anyhow::Result<String> {
        let mut address = self.server.join(&format!("/api/v1/{path}")).context("the server's address")?;
        if !query.is_empty() {
            address.query_pairs_mut().extend_pairs(query);
        }
        Ok(address.into())
    }

    fn get(&self, path: &str, query: &[(String, String)]) -> anyhow::Result<(Exit, Value)> {
        answer(self.sent(self.agent.get(self.address(path, query)?))?)
    }

    fn page(
        &self,
        path: &str,
        mut query: Vec<(String, String)>,
        page: &Page,
    ) -> anyhow::Result<(Exit, Value)> {
        page.query(&mut query);
        self.get(path, &query)
    }

    fn sent(
        &self,
        mut request: ureq::RequestBuilder<ureq::typestate::WithoutBody>,
    ) -> anyhow::Result<ureq::http::Response<ureq::Body>> {
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        request.call().with_context(|| self.server.to_string())
    }

    fn post(
        &self,
        path: &str,
        query: &[(String, String)],
        media: &str,
        body: &[u8],
        once: Option<&str>,
    ) -> anyhow::Result<(Exit, Value)> {
        let mut request = self.agent.post(self.address(path, query)?).header("Content-Type", media);
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if let Some(once) = once {
            request = request.header("Idempotency-Key", once);
        }
        answer(request.send(body).with_context(|| self.server.to_string())?)
    }
}

fn answer(mut answer: ureq::http::Response<ureq::Body>) -> anyhow::Result<(Exit, Value)> {
    let status = answer.status();
    let body = answer.body_mut().with_config().limit(MOST).read_to_vec()?;
    let value = if body.is_empty() {
        json!({ "done": true })
    } else {
        serde_json::from_slice(&body).context("the server's answer")?
    };
    match status.as_u16() {
        200..300 => Ok((Exit::Success, value)),
        400..500 => Ok((Exit::No, value)),
        status => bail!("the server answers {status}: {}", value["detail"].as_str().unwrap_or_default()),
    }
}
