//! Commands: given from a file, or with a word of their own where they are short.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use dtsec_registry::domain::draw::{Party, Share, commitment};
use serde_json::{Map, Value, json};

use super::client::{Client, Sent};
use super::{read, read_json};
use crate::files;
use crate::output::Exit;

/// What goes with every command.
#[derive(Args)]
struct Terms {
    /// Why, in a sentence.
    #[arg(long)]
    reason: String,
    /// A number of your own: under it, it is carried out once, however often it is sent.
    #[arg(long, value_name = "NUMBER")]
    once: Option<String>,
    /// The version of a part that you looked at: if it has moved on, the command is refused. May be given several times.
    #[arg(long, value_name = "KIND/ID=VERSION")]
    seen: Vec<String>,
    /// Only ask whether it would be carried out.
    #[arg(long, conflicts_with_all = ["once", "seen"])]
    rehearse: bool,
}

impl Terms {
    fn give(&self, client: &Client, command: &Value) -> anyhow::Result<(Exit, Value)> {
        let mut body = json!({ "command": command, "reason": self.reason });
        if !self.seen.is_empty() {
            body["seen"] = Value::Object(seen(&self.seen)?);
        }
        let path = if self.rehearse { "v1/rehearsals" } else { "v1/commands" };
        let bytes = body.to_string();
        let sent = Sent { media: "application/json", bytes: bytes.as_bytes(), once: self.once.as_deref() };
        match client.post(path, &[], &sent)? {
            (Exit::Success, _) if self.rehearse => Ok((Exit::Success, json!({ "rehearsed": true }))),
            answer => Ok(answer),
        }
    }
}

fn seen(all: &[String]) -> anyhow::Result<Map<String, Value>> {
    let one = |text: &String| {
        let (part, version) =
            text.rsplit_once('=').with_context(|| format!("`{text}` is not KIND/ID=VERSION"))?;
        let version: i64 = version.parse().with_context(|| format!("`{version}` is no version"))?;
        Ok((part.to_owned(), json!(version)))
    };
    all.iter().map(one).collect()
}

/// Give a command: a JSON file, as `dtsec registry commands NAME --skeleton` prints one to fill in.
#[derive(Args)]
pub(super) struct Give {
    /// The command; - for standard input.
    file: PathBuf,
    #[command(flatten)]
    terms: Terms,
}

/// Propose a decision of the working group, which another member confirms: a JSON file.
#[derive(Args)]
pub(super) struct Propose {
    /// The decision; - for standard input.
    file: PathBuf,
    /// The proposal's id, by which it is confirmed; where it is not given, a new one is made up.
    #[arg(long, value_name = "ID")]
    proposal: Option<String>,
    #[command(flatten)]
    terms: Terms,
}

/// Take a proposed decision, as its second member. `dtsec registry show proposal/ID` says what it is.
#[derive(Args)]
pub(super) struct Confirm {
    /// The proposal.
    proposal: String,
    #[command(flatten)]
    terms: Terms,
}

/// Drop a proposed decision.
#[derive(Args)]
pub(super) struct DropProposal {
    /// The proposal.
    proposal: String,
    #[command(flatten)]
    terms: Terms,
}

/// Comment on a profile in public review. Anybody may, without a token.
#[derive(Args)]
pub(super) struct Comment {
    /// The profile.
    pp: String,
    /// Which place of it.
    #[arg(long)]
    place: String,
    /// What you say.
    #[arg(long)]
    text: String,
    /// The comment's id; where it is not given, a new one is made up.
    #[arg(long, value_name = "ID")]
    comment: Option<String>,
    #[command(flatten)]
    terms: Terms,
}

/// Make your share of an audit's draw, and print the commitment to it: for `order-audit` or `join-audit`.
///
/// The share stays secret until the other side is bound; `reveal` gives it then.
#[derive(Args)]
pub(super) struct MakeShare {
    /// The audit.
    audit: String,
    /// Whose share it is.
    #[arg(long, value_parser = ["dwg", "developer"])]
    party: String,
    /// The file to make, readable by you only.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Reveal your share of an audit's draw.
#[derive(Args)]
pub(super) struct Reveal {
    /// The audit.
    audit: String,
    /// The file that `share` made.
    file: PathBuf,
    #[command(flatten)]
    terms: Terms,
}

impl Give {
    pub(super) fn ask(self, client: &Client) -> anyhow::Result<(Exit, Value)> {
        let command = read_json(&self.file)?;
        if command.get("command").is_none() && command.get("decision").is_some() {
            bail!("{} holds a decision: give it with `dtsec registry propose`", self.file.display());
        }
        self.terms.give(client, &command)
    }
}

impl Propose {
    pub(super) fn ask(self, client: &Client) -> anyhow::Result<(Exit, Value)> {
        let decision = read_json(&self.file)?;
        if decision.get("decision").is_none() && decision.get("command").is_some() {
            bail!("{} holds a command: give it with `dtsec registry give`", self.file.display());
        }
        let proposal = id(self.proposal, "proposal", &self.terms)?;
        self.terms.give(client, &json!({ "command": "propose", "proposal": proposal, "decision": decision }))
    }
}

impl Confirm {
    pub(super) fn ask(self, client: &Client) -> anyhow::Result<(Exit, Value)> {
        self.terms.give(client, &json!({ "command": "confirm", "proposal": self.proposal }))
    }
}

impl DropProposal {
    pub(super) fn ask(self, client: &Client) -> anyhow::Result<(Exit, Value)> {
        self.terms.give(client, &json!({ "command": "drop-proposal", "proposal": self.proposal }))
    }
}

impl Comment {
    pub(super) fn ask(self, client: &Client) -> anyhow::Result<(Exit, Value)> {
        let comment = id(self.comment, "comment", &self.terms)?;
        let Self { pp, place, text, terms, .. } = self;
        let command =
            json!({ "command": "comment-pp", "pp": pp, "comment": comment, "place": place, "text": text });
        terms.give(client, &command)
    }
}

impl MakeShare {
    pub(super) fn ask(self) -> anyhow::Result<(Exit, Value)> {
        let audit = self.audit.parse().with_context(|| format!("`{}`", self.audit))?;
        let party = if self.party == "dwg" { Party::Dwg } else { Party::Developer };
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| anyhow::anyhow!("the system gives no random numbers"))?;
        let commitment = commitment(&audit, party, &Share::new(&bytes));
        files::write_new(&self.out, format!("{}\n", hex::encode(bytes)).as_bytes(), 0o600)?;
        let written = self.out.display().to_string();
        Ok((Exit::Success, json!({ "commitment": commitment.as_str(), "written": written })))
    }
}

impl Reveal {
    pub(super) fn ask(self, client: &Client) -> anyhow::Result<(Exit, Value)> {
        let text = String::from_utf8(read(&self.file)?).context("the share")?;
        let command = json!({ "command": "reveal-share", "audit": self.audit, "share": text.trim() });
        self.terms.give(client, &command)
    }
}

/// The id that was given, or a new one.
fn id(given: Option<String>, word: &str, terms: &Terms) -> anyhow::Result<String> {
    match given {
        Some(given) => Ok(given),
        // Sent again, it would be another one.
        None if terms.once.is_some() => bail!("with --once, give an id with --{word} as well"),
        None => {
            let mut bytes = [0; 6];
            getrandom::fill(&mut bytes).map_err(|_| anyhow::anyhow!("the system gives no random numbers"))?;
            Ok(format!("{word}-{}", hex::encode(bytes)))
        }
    }
}
