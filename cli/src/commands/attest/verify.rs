//! `dtsec attest verify`.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use dtsec_list::{Chain, InstanceId};
use dtsec_verify::{Evidence, Expected, Listed, Verdict};
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::show::start_of;
use crate::commands::list;
use crate::commands::list_source::ListArgs;
use crate::output::{Answer, Exit};

/// Hold a token against the published list: is it exactly a certified version, with nothing open against it?
///
/// The status is 0 when it is, by a list that is fresh, and 1 for every other verdict; also where the list is not to be believed: then
/// the message names why, as `dtsec list sync` does.
#[derive(Args)]
pub(crate) struct Verify {
    /// The token: CBOR, as `dtsec attest token --out` writes it.
    token: PathBuf,
    #[command(flatten)]
    list: ListArgs,
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

/// A challenge.
#[derive(Clone)]
pub(super) struct Nonce(pub(super) Vec<u8>);

pub(super) fn nonce(text: &str) -> Result<Nonce, String> {
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
        let source = self.list.open()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        if let Err(error) = runtime.block_on(source.sync(now)) {
            return list::refused(error.into());
        }
        let loaded = source.load(now)?;
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
        let voucher = source.voucher();
        let mut json = serde_json::to_value(&verdict)?;
        json["list-source"] = serde_json::to_value(&voucher)?;
        let text = format!("{}{:<14} {voucher}", Told(&verdict), "list from");
        Answer::new(Report { json, text }, exit)
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
