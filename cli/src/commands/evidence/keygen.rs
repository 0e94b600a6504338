//! `dtsec evidence keygen`.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use dtsec_evidence::PrivateKey;
use serde::Serialize;

use crate::files::write_new;
use crate::output::{Answer, Exit, ShownPath};

/// Make a new key to sign evidence with: ECDSA on P-256, PKCS#8 in PEM, readable by its owner only. Nothing is
/// overwritten.
#[derive(Args)]
pub(crate) struct Keygen {
    /// File for the private key.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// File for the public key, to be given to those who check.
    #[arg(long, value_name = "FILE")]
    public_out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    key: ShownPath,
    public_key: Option<ShownPath>,
    keyid: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "wrote {} (private: keep it secret)", self.key)?;
        if let Some(public) = &self.public_key {
            writeln!(f, "wrote {public}")?;
        }
        write!(f, "key id {}", self.keyid)
    }
}

impl Keygen {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let key = PrivateKey::generate()?;
        let public = key.public();
        // The public key first: if it cannot be written, no private key lies about.
        if let Some(path) = &self.public_out {
            write_new(path, public.to_pem()?.as_bytes(), 0o644)?;
        }
        let written = write_new(&self.out, key.to_pem()?.as_bytes(), 0o600);
        if let (Err(_), Some(path)) = (&written, &self.public_out) {
            std::fs::remove_file(path).with_context(|| format!("cannot take back {}", path.display()))?;
        }
        written?;
        let public_key = self.public_out.map(ShownPath::from);
        Answer::new(Report { key: self.out.into(), public_key, keyid: public.id()? }, Exit::Success)
    }
}
