//! `dtsec image keygen`.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context;
use cdd_image::build::{KeyType, SigningKey, public_to_pem};
use cdd_image::{RustCrypto, key_hash_of};
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::files::write_new;
use crate::output::{Answer, Exit, ShownPath};

/// Make a new key to sign with: PKCS#8 in PEM, readable by its owner only. Nothing is overwritten.
#[derive(Args)]
pub(crate) struct Keygen {
    /// Kind of key.
    #[arg(short = 't', long = "type", value_name = "TYPE")]
    key_type: Kind,
    /// File for the private key.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// File for the public key.
    #[arg(long, value_name = "FILE")]
    public_out: Option<PathBuf>,
}

/// imgtool's names of the kinds of keys.
#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    EcdsaP256,
    Ed25519,
}

#[derive(Serialize)]
struct Report {
    key: ShownPath,
    public_key: Option<ShownPath>,
    key_hash: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "wrote {} (private: keep it secret)", self.key)?;
        if let Some(public) = &self.public_key {
            writeln!(f, "wrote {}", public)?;
        }
        write!(f, "key hash {}", self.key_hash)
    }
}

impl Keygen {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let key = SigningKey::generate(match self.key_type {
            Kind::EcdsaP256 => KeyType::EcdsaP256,
            Kind::Ed25519 => KeyType::Ed25519,
        })?;
        let public = key.public();
        // The public key first: if it cannot be written, no private key lies about.
        if let Some(path) = &self.public_out {
            write_new(path, public_to_pem(&public)?.as_bytes(), 0o644)?;
        }
        let written = write_new(&self.out, key.to_pem()?.as_bytes(), 0o600);
        if let (Err(_), Some(path)) = (&written, &self.public_out) {
            std::fs::remove_file(path).with_context(|| format!("cannot take back {}", path.display()))?;
        }
        written?;
        let key_hash = hex::encode(key_hash_of::<RustCrypto>(&public));
        Answer::new(
            Report { key: self.out.into(), public_key: self.public_out.map(ShownPath::from), key_hash },
            Exit::Success,
        )
    }
}
