//! One's own access: a token from a sign-in link, tokens, sessions, interests.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::Client;
use super::{Page, part};
use crate::files;
use crate::output::Exit;

/// Make a token from a sign-in link, and put it into a file that only you can read.
///
/// The link is read from standard input, because others see the command line. It is used up by it, and no session begins. Where
/// the link leads is where it is sent; --server need not be given.
#[derive(Args)]
pub(super) struct SignIn {
    /// The file to make; it must not be there yet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// What the token is for.
    #[arg(long, default_value = "command line")]
    name: String,
    /// What it may do; may be given several times.
    #[arg(long, value_parser = SCOPES, default_values = SCOPES)]
    scope: Vec<String>,
    /// For how many days, 365 at most.
    #[arg(long, default_value_t = 90)]
    days: u32,
}

const SCOPES: [&str; 4] = ["read", "write", "documents", "persons"];

#[derive(Subcommand)]
pub(super) enum Tokens {
    /// Your tokens, without their secrets.
    List(Page),
    /// Revoke one of your tokens.
    Revoke {
        /// Its id, as the list has it.
        token: String,
    },
}

#[derive(Subcommand)]
pub(super) enum Sessions {
    /// Where you are signed in with a browser.
    List(Page),
    /// Sign out everywhere. Tokens stay; they are revoked one by one.
    End,
}

/// Declare an interest in an organisation: you do not decide on its cases from then on. It is not taken back.
#[derive(Args)]
pub(super) struct Interest {
    /// The organisation.
    organisation: String,
    /// Which interest it is.
    #[arg(long)]
    reason: String,
}

/// The longest that a link is.
const LONGEST: u64 = 4096;

impl SignIn {
    pub(super) fn ask(self) -> anyhow::Result<(Exit, Value)> {
        // Before the link is used up.
        if self.out.symlink_metadata().is_ok() {
            bail!("{} is there already; give the file of the token another name", self.out.display());
        }
        folder_is_there(&self.out)?;
        let mut text = String::new();
        std::io::stdin().take(LONGEST).read_to_string(&mut text).context("standard input")?;
        let link = url::Url::parse(text.trim())
            .ok()
            .filter(|link| link.path() == "/sign-in/link")
            .context("standard input has no sign-in link; it ends with /sign-in/link?token=…")?;
        let secret =
            link.query_pairs().find(|(name, _)| name == "token").map(|(_, value)| value.into_owned());
        let secret = secret.context("the link has no `token=`; copy all of it")?;
        let server = link.join("/").context("the link's address")?;
        let client = Client::without_token(&server)?;
        client.keeps_secrets("a sign-in link")?;
        let token = json!({ "name": self.name, "scopes": self.scope, "days": self.days });
        let body = json!({ "link": secret, "token": token });
        let (exit, mut made) = client.post_json("v1/sign-in/link/token", &body)?;
        if exit != Exit::Success {
            return Ok((exit, made));
        }
        let token = made.as_object_mut().and_then(|made| made.remove("token"));
        let token = token.and_then(|token| token.as_str().map(str::to_owned));
        let token = token.context("the server's answer has no token")?;
        files::write_new(&self.out, format!("{token}\n").as_bytes(), 0o600)?;
        made["written"] = json!(self.out.display().to_string());
        made["server"] = json!(server.as_str());
        Ok((Exit::Success, made))
    }
}

fn folder_is_there(path: &Path) -> anyhow::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        bail!(
            "there is no folder {}; make it first, so that the link is not used up in vain",
            folder.display()
        );
    }
    Ok(())
}

impl Tokens {
    pub(super) fn ask(self, client: &Client) -> anyhow::Result<(Exit, Value)> {
        match self {
            Self::List(page) => client.get("v1/me/tokens", &page.query(Vec::new())),
            Self::Revoke { token } => {
                client.post_json(&format!("v1/me/tokens/{}/revoke", part(&token)?), &json!({}))
            }
        }
    }
}

impl Sessions {
    pub(super) fn ask(self, client: &Client) -> anyhow::Result<(Exit, Value)> {
        match self {
            Self::List(page) => client.get("v1/me/sessions", &page.query(Vec::new())),
            Self::End => client.post_json("v1/me/sessions/end", &json!({})),
        }
    }
}

impl Interest {
    pub(super) fn ask(self, client: &Client) -> anyhow::Result<(Exit, Value)> {
        let body = json!({ "organisation": self.organisation, "reason": self.reason });
        client.post_json("v1/me/interests", &body)
    }
}
