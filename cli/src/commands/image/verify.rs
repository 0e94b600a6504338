//! `dtsec image verify`.

use std::fmt;
use std::path::PathBuf;

use cdd_image::{Image, RustCrypto, verify};
use clap::Args;
use serde::Serialize;

use super::{Refusal, read_file, read_public_key};
use crate::output::{Answer, Exit, ShownPath};

/// Check that an image was signed with a key: its structure, digest, key and signature.
#[derive(Args)]
pub(crate) struct Verify {
    /// Public key, or the private one that it belongs to, in PEM.
    #[arg(short, long, value_name = "FILE")]
    key: PathBuf,
    /// The image, or a slot that starts with one.
    file: PathBuf,
}

#[derive(Serialize)]
struct Report {
    file: ShownPath,
    verified: bool,
    version: Option<String>,
    digest: Option<String>,
    error: Option<Refusal>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(error) = &self.error {
            return write!(f, "{}: not verified: {}: {}", self.file, error.name, error.message);
        }
        writeln!(f, "{}: verified", self.file)?;
        writeln!(f, "version {}", self.version.as_deref().unwrap_or_default())?;
        write!(f, "digest {}", self.digest.as_deref().unwrap_or_default())
    }
}

impl Verify {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let key = read_public_key(&self.key)?;
        let bytes = read_file(&self.file)?;
        let checked = Image::parse(&bytes)
            .and_then(|image| Ok((image.header().version, verify::<RustCrypto>(&image, &key)?)));
        // What does not verify has no version and no digest that could be believed.
        let (version, digest, error) = match checked {
            Ok((version, digest)) => (Some(version.to_string()), Some(hex::encode(digest)), None),
            Err(error) => (None, None, Some(Refusal::from(error))),
        };
        let exit = if error.is_none() { Exit::Success } else { Exit::No };
        Answer::new(
            Report { file: self.file.into(), verified: error.is_none(), version, digest, error },
            exit,
        )
    }
}
