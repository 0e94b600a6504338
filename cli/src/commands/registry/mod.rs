//! `dtsec registry`: the interface of a running server, from the command line.

mod catalogue;
mod client;
mod decisions;
mod own;
mod persons;
mod shown;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::files;
use crate::output::{Answer, Exit};
use catalogue::Catalogue;
use client::{Client, Sent};
use shown::Shown;

/// Ask and change the registry of a running server.
///
/// `dtsec registry sign-in` makes a token from a sign-in link. The token is taken from DTSEC_TOKEN or a file, never from the
/// command line, where other processes see it. The status is 1 where the registry refuses: then nothing was changed, and the
/// answer says rule, number, field and what to do.
#[derive(Args)]
pub(crate) struct Registry {
    /// The server; DTSEC_SERVER where it is not given, and http://localhost:8417 where that is not set.
    #[arg(long, value_name = "URL")]
    server: Option<url::Url>,
    /// A file with the token.
    #[arg(long, value_name = "FILE")]
    token: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    SignIn(own::SignIn),
    /// Who the token belongs to, and what it may do.
    Me,
    /// What waits for you.
    Waiting(Page),
    /// A page of a list: entries, labs, pps, sts, evaluations, requests, vulnerabilities, audits, proposals, …
    List {
        /// The list.
        list: String,
        /// Words, or their beginnings.
        #[arg(long, default_value = "")]
        search: String,
        /// A filter, such as state=listed; may be given several times.
        #[arg(long, value_name = "FACET=VALUE")]
        filter: Vec<String>,
        /// From the last to the first.
        #[arg(long)]
        backwards: bool,
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
    /// What happened in the whole programme, newest first.
    Log(Page),
    /// The rules by which the registry refuses.
    Rules,

    /// What commands and decisions there are, and their fields.
    Commands {
        /// One of them.
        name: Option<String>,
        /// Print something to fill in, for `give` and `propose`.
        #[arg(long, requires = "name")]
        skeleton: bool,
    },
    Give(decisions::Give),
    Propose(decisions::Propose),
    Confirm(decisions::Confirm),
    #[command(name = "drop")]
    DropProposal(decisions::DropProposal),
    Comment(decisions::Comment),
    Share(decisions::MakeShare),
    Reveal(decisions::Reveal),

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
    /// Who read the confidential documents of a case, newest first.
    Readings {
        /// The case: st/ID, evaluation/ID, …
        case: String,
        #[command(flatten)]
        page: Page,
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
        /// An entry that it touches; may be given several times.
        #[arg(long)]
        entry: Vec<String>,
        /// The shared component in which it lies.
        #[arg(long)]
        component: Option<String>,
        /// Why it is reported.
        #[arg(long)]
        reason: String,
        /// A number of your own: under it, it is carried out once.
        #[arg(long, value_name = "NUMBER")]
        once: Option<String>,
    },
    /// Take in the list of components of an entry: CycloneDX.
    Components {
        /// The entry.
        entry: String,
        /// The list.
        file: PathBuf,
    },

    /// Organisations: list them, enter one.
    #[command(subcommand)]
    Organisation(persons::Organisations),
    /// Persons: enter one, give roles, confirm them, keep one out, make a sign-in link.
    #[command(subcommand)]
    Person(persons::Persons),
    /// Your tokens: list them, revoke one. `sign-in` makes one.
    #[command(subcommand)]
    Tokens(own::Tokens),
    /// Where you are signed in with a browser: list it, end it.
    #[command(subcommand)]
    Sessions(own::Sessions),
    Interest(own::Interest),
}

/// Where to go on, and how much at once.
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
    fn query(&self, mut query: Vec<(String, String)>) -> Vec<(String, String)> {
        query.push(("size".to_owned(), self.size.to_string()));
        query.extend(self.after.clone().map(|after| ("after".to_owned(), after)));
        query
    }
}

/// Where a server is that was started without more ado.
const LOCAL: &str = "http://localhost:8417";

/// The server that is meant.
fn server(given: Option<url::Url>) -> anyhow::Result<url::Url> {
    match (given, std::env::var("DTSEC_SERVER")) {
        (Some(server), _) => Ok(server),
        (None, Ok(text)) if !text.is_empty() => {
            text.parse().with_context(|| format!("DTSEC_SERVER: `{text}` is no address"))
        }
        _ => Ok(LOCAL.parse()?),
    }
}

impl Registry {
    pub(crate) fn run(self) -> anyhow::Result<Answer> {
        let command = match self.command {
            Command::SignIn(sign_in) => {
                let (exit, value) = sign_in.ask()?;
                return Answer::new(Shown(value), exit);
            }
            command => command,
        };
        let client = Client::new(&server(self.server)?, self.token.as_deref())?;
        let (exit, value) = match command {
            Command::Commands { name, skeleton } => return commands(&client, name.as_deref(), skeleton),
            command => command.ask(&client)?,
        };
        Answer::new(Shown(value), exit)
    }
}

impl Command {
    fn ask(self, client: &Client) -> anyhow::Result<(Exit, Value)> {
        match self {
            // These need something else than a client, and were dealt with.
            Command::SignIn(sign_in) => sign_in.ask(),
            Command::Commands { .. } => client.get("openapi.json", &[]),

            Command::Me => client.get("v1/me", &[]),
            Command::Waiting(page) => client.get("v1/waiting", &page.query(Vec::new())),
            Command::List { list, search, filter, backwards, page } => {
                let mut query = vec![("q".to_owned(), search)];
                for one in filter {
                    let (facet, value) = one.split_once('=').context("a filter is FACET=VALUE")?;
                    query.push((facet.to_owned(), value.to_owned()));
                }
                query.extend(backwards.then(|| ("order".to_owned(), "backwards".to_owned())));
                client.get(&format!("v1/lists/{}", part(&list)?), &page.query(query))
            }
            Command::Show { part: name } => client.get(&format!("v1/parts/{}", pair(&name)?), &[]),
            Command::History { part: name, page } => {
                client.get(&format!("v1/parts/{}/history", pair(&name)?), &page.query(Vec::new()))
            }
            Command::Status { entry, at } => {
                client.get(&format!("v1/entries/{}/status", part(&entry)?), &[("at".to_owned(), at)])
            }
            Command::Compare { entries } => {
                client.get("v1/compare", &[("ids".to_owned(), entries.join(","))])
            }
            Command::Log(page) => client.get("v1/log", &page.query(Vec::new())),
            Command::Rules => client.get("v1/rules", &[]),

            Command::Give(give) => give.ask(client),
            Command::Propose(propose) => propose.ask(client),
            Command::Confirm(confirm) => confirm.ask(client),
            Command::DropProposal(drop) => drop.ask(client),
            Command::Comment(comment) => comment.ask(client),
            Command::Share(share) => share.ask(),
            Command::Reveal(reveal) => reveal.ask(client),

            Command::HandIn { file, kind } => hand_in(client, &file, kind),
            Command::Documents { case, page } => {
                client.get(&format!("v1/documents/{}", pair(&case)?), &page.query(Vec::new()))
            }
            Command::Fetch { case, digest, out } => fetch(client, &case, &digest, &out),
            Command::Readings { case, page } => {
                client.get(&format!("v1/readings/{}", pair(&case)?), &page.query(Vec::new()))
            }
            Command::Advisory { vulnerability } => {
                client.get(&format!("v1/advisories/{}", part(&vulnerability)?), &[])
            }
            Command::Report { file, format, entry, component, reason, once } => {
                let mut query = vec![("entries".to_owned(), entry.join(",")), ("reason".to_owned(), reason)];
                query.extend(component.map(|component| ("component".to_owned(), component)));
                let bytes = read(&file)?;
                let sent = Sent { media: "application/json", bytes: &bytes, once: once.as_deref() };
                client.post(&format!("v1/reports/{format}"), &query, &sent)
            }
            Command::Components { entry, file } => {
                let bytes = read(&file)?;
                let sent = Sent { media: "application/vnd.cyclonedx+json", bytes: &bytes, once: None };
                client.post(&format!("v1/entries/{}/components", part(&entry)?), &[], &sent)
            }

            Command::Organisation(organisations) => organisations.ask(client),
            Command::Person(persons) => persons.ask(client),
            Command::Tokens(tokens) => tokens.ask(client),
            Command::Sessions(sessions) => sessions.ask(client),
            Command::Interest(interest) => interest.ask(client),
        }
    }
}

fn commands(client: &Client, name: Option<&str>, skeleton: bool) -> anyhow::Result<Answer> {
    let (exit, description) = client.get("openapi.json", &[])?;
    if exit != Exit::Success {
        return Answer::new(Shown(description), exit);
    }
    let found = match name {
        None => Some(Catalogue::all(&description)?),
        Some(name) => Catalogue::one(&description, name, skeleton)?,
    };
    match found {
        Some(catalogue) => Answer::new(catalogue, Exit::Success),
        None => bail!(
            "there is no command or decision `{}`; `dtsec registry commands` names them all",
            name.unwrap_or_default()
        ),
    }
}

fn hand_in(client: &Client, file: &Path, kind: String) -> anyhow::Result<(Exit, Value)> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let json = file.extension().is_some_and(|extension| extension == "json");
    let media = if json { "application/json" } else { "application/octet-stream" };
    let query = [("kind".to_owned(), kind), ("name".to_owned(), name)];
    let bytes = read(file)?;
    let (exit, value) = client.post("v1/documents", &query, &Sent { media, bytes: &bytes, once: None })?;
    // It is kept all the same; whether it conforms is the answer.
    let conforms = value.pointer("/checked/conforms").and_then(Value::as_bool) != Some(false);
    Ok((if conforms { exit } else { Exit::No }, value))
}

fn fetch(client: &Client, case: &str, digest: &str, out: &Path) -> anyhow::Result<(Exit, Value)> {
    let (status, bytes) = client.fetch(&format!("v1/documents/{}/{}", pair(case)?, part(digest)?), &[])?;
    if !(200..300).contains(&status) {
        return client.answer(status, &bytes);
    }
    files::write(out, &bytes)?;
    Ok((Exit::Success, json!({ "written": out.display().to_string(), "bytes": bytes.len() })))
}

/// The most that is read: more than any server takes.
const MOST: u64 = 128 << 20;

/// A file, or standard input where it is called `-`.
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path != Path::new("-") {
        return std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    }
    let mut bytes = Vec::new();
    std::io::stdin().take(MOST).read_to_end(&mut bytes).context("standard input")?;
    Ok(bytes)
}

/// A file with JSON.
fn read_json(path: &Path) -> anyhow::Result<Value> {
    serde_json::from_slice(&read(path)?).with_context(|| format!("{} is no JSON", path.display()))
}

/// A part of a path, which leads nowhere else.
fn part(text: &str) -> anyhow::Result<&str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    if text.is_empty() || text.starts_with('.') || !text.bytes().all(fits) {
        bail!("`{text}` is no id: letters, digits, `.`, `-` and `_` make one");
    }
    Ok(text)
}

/// Two of them.
fn pair(text: &str) -> anyhow::Result<String> {
    match text.split_once('/') {
        Some((kind, id)) => Ok(format!("{}/{}", part(kind)?, part(id)?)),
        None => bail!("`{text}` is not of the form KIND/ID, such as entry/ID"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_into_an_address_leads_nowhere_else() {
        assert_eq!(pair("entry/a.b-c_1").unwrap(), "entry/a.b-c_1");
        for wrong in
            ["", "entry", "entry/", "/a", "entry/..", "../a", "entry/a/b", "entry/a?b", "entry/a%2f", "é/a"]
        {
            assert!(pair(wrong).is_err(), "{wrong}");
        }
        assert!(part("a/b").is_err() && part("..").is_err());
    }
}
