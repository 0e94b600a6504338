//! `dtsec attest verify`.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use dtsec_list::{Chain, InstanceId};
use dtsec_verify::{Evidence, Expected, Listed, Verdict};
use dtsec_verify_service::folder;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::show::start_of;
use crate::output::{Answer, Exit};

/// Hold a token against the published list: is it exactly a certified version, with nothing open against it?
///
/// The status is 0 when it is, by a list that is fresh, and 1 for every other verdict. Whether the folder is genuine is
/// not looked at: a mirror checks that when it writes it.
#[derive(Args)]
pub(crate) struct Verify {
    /// The token: CBOR, as `dtsec attest token --out` writes it.
    token: PathBuf,
    /// The folder with list.json, endorsements/, authorities/ and revocations.json.
    #[arg(long, value_name = "DIR")]
    list: PathBuf,
    /// The challenge that the token has to answer, in hex.
    #[arg(long, value_name = "HEX", value_parser = nonce)]
    nonce: Nonce,
    /// Only this device may answer: its instance ID in hex.
    #[arg(long, value_name = "HEX")]
    instance: Option<InstanceId>,
    /// Certificates of the device's key in PEM, its own first.
    #[arg(long, value_name = "PEM")]
    chain: Option<PathBuf>,
    /// As of this moment instead of now, such as 2026-11-22T12:00:00Z.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Write the verdict as a page for people as well: one file that needs no network.
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
}

#[derive(Clone)]
struct Nonce(Vec<u8>);

fn nonce(text: &str) -> Result<Nonce, String> {
    hex::decode(text).map(Nonce).map_err(|error| format!("not hex: {error}"))
}

/// The verdict in both its forms; it does not outlive the list.
struct Report {
    json: serde_json::Value,
    text: String,
}

impl Verify {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let now = self.at.unwrap_or_else(Timestamp::now);
        let chain = self.chain.map(|path| {
            let pem = std::fs::read(&path).with_context(|| path.display().to_string())?;
            Chain::from_pem(&pem).with_context(|| path.display().to_string())
        });
        let chain = chain.transpose()?;
        let token = start_of(&self.token)?;
        let loaded = folder::load(&self.list, now)?;
        for (path, refused) in &loaded.refused {
            eprintln!("warning: {}:{}: {}", path.display(), refused.line, refused.why);
        }
        let mut evidence = Evidence::new(&token);
        if let Some(chain) = &chain {
            evidence = evidence.with_chain(chain);
        }
        if let Some(id) = self.instance {
            evidence = evidence.of_instance(id);
        }
        let verdict = loaded.verifier.verify(&evidence, Expected::Nonce(&self.nonce.0), now);
        if let Some(path) = &self.page {
            let html = dtsec_site::verdict::page(&verdict, false)?;
            std::fs::write(path, html).with_context(|| format!("cannot write {}", path.display()))?;
        }
        let exit = if verdict.affirms() { Exit::Success } else { Exit::No };
        Answer::new(Report { json: serde_json::to_value(&verdict)?, text: Told(&verdict).to_string() }, exit)
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A verdict for people.
struct Told<'v>(&'v Verdict<'v>);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Told(verdict) = self;
        let finding = verdict.finding;
        writeln!(f, "{} ({})", finding.name(), finding.number())?;
        writeln!(f, "{}", finding.says())?;
        if !verdict.detail.is_empty() {
            writeln!(f, "{}", verdict.detail)?;
        }
        writeln!(f)?;
        let mut row = |what: &str, value: &dyn fmt::Display| writeln!(f, "{what:<14} {value}");
        if let Some(Listed { entry, version }) = &verdict.listed {
            let near = if verdict.is_exact() { "" } else { "nearest: " };
            row(
                "product",
                &format_args!("{near}{} {} by {}", entry.product, version.version, entry.developer),
            )?;
            row("identity", &version.identity)?;
            row("entry", &format_args!("{}, last reviewed {}", entry.id, entry.last_reviewed))?;
        }
        for open in verdict.open() {
            let advisory = open.advisory.as_deref().unwrap_or("no advisory");
            row("open", &format_args!("{} ({:?}): {advisory}", open.id, open.severity))?;
        }
        if let Some(token) = &verdict.token {
            row("instance ID", &token.instance_id)?;
        }
        if let Some(manufacturer) = &verdict.manufacturer {
            row("endorsed by", manufacturer)?;
        }
        if let Some(fingerprint) = &verdict.fingerprint {
            row("fingerprint", fingerprint)?;
        }
        row("by", &verdict.list)
    }
}
