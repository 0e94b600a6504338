//! `dtsec publish keygen`.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use dtsec_log::Kind;
use dtsec_publish::RoleKey;
use serde::Serialize;

use crate::files::write_new;
use crate::output::{Answer, Exit, ShownPath};

/// Make a key: Ed25519, PKCS#8 in PEM, readable by its owner only. Nothing is overwritten.
///
/// Keys of the root and of members are made and kept where nobody else comes, and never on the server that publishes.
#[derive(Args)]
pub(crate) struct Keygen {
    /// File for the private key.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// For the log of this name, such as list.example.org: prints its key as notes have it.
    #[arg(long, value_name = "NAME", conflicts_with = "witness")]
    log: Option<String>,
    /// For a witness of this name.
    #[arg(long, value_name = "NAME")]
    witness: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Report {
    key: ShownPath,
    public_key: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wrote {} (private: keep it secret)\npublic key {}", self.key, self.public_key)
    }
}

impl Keygen {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let key = RoleKey::generate()?;
        let public_key = match (&self.log, &self.witness) {
            (Some(name), _) => key.note_signer(name, Kind::Note)?.public().to_string(),
            (_, Some(name)) => key.note_signer(name, Kind::Cosignature)?.public().to_string(),
            (None, None) => key.public().to_string(),
        };
        write_new(&self.out, key.to_pem()?.as_bytes(), 0o600)?;
        Answer::new(Report { key: self.out.into(), public_key }, Exit::Success)
    }
}
