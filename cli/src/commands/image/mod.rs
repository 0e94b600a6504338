//! `dtsec image`: firmware images in MCUboot's format. Options have imgtool's names and meanings.

mod inspect;
mod keygen;
mod sign;
mod verify;

use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use cdd_image::build::{SigningKey, public_from_pem};
use cdd_image::{Error, PublicKeyBytes};
use clap::Subcommand;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::output::Answer;

/// What can be done with images.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a new key to sign with.
    Keygen(keygen::Keygen),
    /// Make a signed image.
    Sign(Box<sign::Sign>),
    /// Show what an image says of itself.
    Inspect(inspect::Inspect),
    /// Check that an image was signed with a key.
    Verify(verify::Verify),
}

impl Command {
    pub(crate) fn run(self) -> anyhow::Result<Answer> {
        match self {
            Command::Keygen(command) => command.run(),
            Command::Sign(command) => command.run(),
            Command::Inspect(command) => command.run(),
            Command::Verify(command) => command.run(),
        }
    }
}

/// Why an image is refused, in JSON.
#[derive(Serialize)]
struct Refusal {
    name: &'static str,
    code: u16,
    message: String,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        Refusal { name: error.name(), code: error.code(), message: error.to_string() }
    }
}

/// More than any key in PEM is long.
const KEY_LIMIT: u64 = 64 * 1024;

fn read_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn read_pem(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(KEY_LIMIT as usize + 1));
    std::fs::File::open(path)
        .and_then(|file| file.take(KEY_LIMIT + 1).read_to_string(&mut text))
        .with_context(|| format!("cannot read the key {}", path.display()))?;
    if text.len() as u64 > KEY_LIMIT {
        bail!("{} is no key: it is larger than 64 KiB", path.display());
    }
    Ok(text)
}

fn read_signing_key(path: &Path) -> anyhow::Result<SigningKey> {
    SigningKey::from_pem(&read_pem(path)?).with_context(|| format!("{} is of no use", path.display()))
}

pub(super) fn read_public_key(path: &Path) -> anyhow::Result<PublicKeyBytes> {
    public_from_pem(&read_pem(path)?).with_context(|| format!("{} is of no use", path.display()))
}
