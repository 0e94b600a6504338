//! `dtsec attest show`.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use cdd_image::PublicKeyBytes;
use clap::Args;
use dtsec_token::{MAX_TOKEN_BYTES, Token};
use serde::Serialize;

use super::{Checked, Decoded, Refusal};
use crate::commands::image::read_public_key;
use crate::output::{Answer, Exit, ShownPath};

/// Show what a token in a file says, and whether a key signed it. Without a key nothing of it is proven.
#[derive(Args)]
pub(crate) struct Show {
    /// The token: CBOR, as `dtsec attest token --out` writes it.
    file: PathBuf,
    /// The key that the manufacturer has endorsed for this device, in PEM.
    #[arg(long, value_name = "PEM")]
    key: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    file: ShownPath,
    /// Why it is no token.
    error: Option<Refusal>,
    token: Option<Token>,
    checked: Option<Checked>,
}

impl Show {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let key = self.key.as_deref().map(p256_key).transpose()?;
        let read = Token::parse(&start_of(&self.file)?);
        let mut report = Report { file: self.file.into(), error: None, token: None, checked: None };
        match read {
            Ok(token) => {
                report.checked = key.map(|key| Checked::new(&token, &key));
                report.token = Some(token);
            }
            Err(error) => report.error = Some(error.into()),
        }
        let good = report.error.is_none() && report.checked.as_ref().is_none_or(Checked::both);
        Answer::new(report, if good { Exit::Success } else { Exit::No })
    }
}

/// The file, or one byte more of it than any token has.
pub(super) fn start_of(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_TOKEN_BYTES as u64 + 1).read_to_end(&mut bytes))
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(bytes)
}

/// The point of a key in PEM: `04 ‖ x ‖ y`.
pub(super) fn p256_key(path: &Path) -> anyhow::Result<[u8; 65]> {
    let PublicKeyBytes::P256(point) = read_public_key(path)? else {
        bail!("{} is no key of an attestation: those are ECDSA on P-256", path.display());
    };
    let mut key = [4; 65];
    key[1..].copy_from_slice(&point);
    Ok(key)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(error) = &self.error {
            return writeln!(f, "{} is no token: {}: {}", self.file, error.name, error.message);
        }
        let Some(token) = &self.token else { return Ok(()) };
        writeln!(f, "{}", Decoded(token))?;
        match &self.checked {
            None => writeln!(
                f,
                "nothing of it is proven: give the key that the manufacturer endorsed (--key PEM)"
            ),
            Some(Checked { verifies: false, .. }) => writeln!(f, "the signature is NOT by this key"),
            Some(Checked { instance_id_matches: false, .. }) => {
                writeln!(f, "the signature is by this key, but the instance ID is NOT that of the key")
            }
            Some(_) => writeln!(f, "the signature is by this key, and the instance ID is that of the key"),
        }
    }
}
