//! `dtsec device flash`.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context;
use cdd_image::{Header, Image, RustCrypto, Verifier, flags, verify};
use clap::Args;
use dtsec_target::{Device, Role};
use serde::Serialize;

use super::{keys, name};
use crate::output::{Answer, Exit, ShownPath};

/// Erase a slot and write an image to its start. Whether it may start is for the device to decide.
#[derive(Args)]
pub(crate) struct Flash {
    /// The device, switched off.
    dir: PathBuf,
    /// The slot: platform-a, platform-b, application-a or application-b.
    slot: String,
    /// The signed image, as `dtsec image sign` or imgtool makes it.
    image: PathBuf,
}

#[derive(Serialize)]
struct Report {
    device: ShownPath,
    slot: String,
    image: ShownPath,
    bytes: usize,
    version: Option<String>,
    warnings: Vec<String>,
}

impl Flash {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let device = Device::open(&self.dir)?;
        let image =
            std::fs::read(&self.image).with_context(|| format!("cannot read {}", self.image.display()))?;
        device.flash_slot(&self.slot, &image)?;
        let part = device.board().slot(&self.slot).map(|slot| slot.part.clone()).unwrap_or_default();
        let report = Report {
            device: self.dir.into(),
            slot: self.slot,
            image: self.image.into(),
            bytes: image.len(),
            version: Header::parse(&image).ok().map(|header| header.version.to_string()),
            warnings: warnings(&device, &image, &part)?,
        };
        Answer::new(report, Exit::Success)
    }
}

/// What already shows that the device will not start the image.
fn warnings(device: &Device, bytes: &[u8], part: &str) -> anyhow::Result<Vec<String>> {
    let image = match Image::parse(bytes) {
        Err(error) => return Ok(vec![format!("not an image that can start: {error}")]),
        Ok(image) => image,
    };
    let mut warnings = Vec::new();
    match image.part() {
        Ok(named) if named == part.as_bytes() => {}
        Ok(named) => {
            warnings.push(format!("the image is for part `{}`, the slot for `{part}`", named.escape_ascii()))
        }
        Err(_) => warnings.push(format!("the image does not say that it is for part `{part}`")),
    }
    let digest = RustCrypto::sha256(&[image.signed_bytes()]);
    let intact = image.digest().is_ok_and(|said| *said == digest);
    if !intact {
        warnings.push("the digest is wrong: the image was changed after it was signed".into());
    }
    let fuses = device.read_fuses()?;
    for role in [Role::Platform, Role::Application].into_iter().filter(|role| name(*role) == part) {
        let trusted = fuses.trusted_keys(role);
        let whole = || image.public_key().map(|key| RustCrypto::sha256(&[key]));
        let signer = image.key_hash().ok().copied().or_else(whole).map(hex::encode);
        match trusted.iter().find(|key| signer.as_ref().is_some_and(|signer| *signer == keys::hash(key))) {
            None if trusted.is_empty() => {
                warnings.push(format!("no {part} key is burnt yet that is not revoked: nothing starts"));
            }
            None => warnings.push(format!(
                "the image is signed by {}, which is none of the {part} keys that are burnt and not revoked",
                signer.unwrap_or_else(|| "nobody whom it names".into())
            )),
            Some(key) if intact && verify::<RustCrypto>(&image, &keys::for_image(key)).is_err() => {
                warnings.push("the signature is wrong".into());
            }
            Some(_) => {}
        }
        let needed = fuses.policy().security_counter(role);
        match image.security_counter() {
            Err(_) => warnings.push("the image has no security counter".into()),
            Ok(has) if has < needed => {
                warnings.push(format!("the image has security counter {has}, and the device needs {needed}"));
            }
            Ok(_) => {}
        }
    }
    if let Some(layout) = device.board().part(part) {
        let header = image.header();
        if header.header_size != layout.header_size {
            let (has, needed) = (header.header_size, layout.header_size);
            warnings.push(format!("the header is {has} bytes long, and has to be {needed} (-H {needed:#x})"));
        }
        if header.has(flags::RAM_LOAD) && header.load_address != layout.load_address {
            let (has, needed) = (header.load_address, layout.load_address);
            warnings
                .push(format!("the image is to run at {has:#010x}, and the {part} runs at {needed:#010x}"));
        }
    }
    Ok(warnings)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = self.version.as_ref().map_or(String::new(), |version| format!(", version {version}"));
        let (image, device) = (&self.image, &self.device);
        writeln!(f, "wrote {image} ({} bytes{version}) to {} of {device}", self.bytes, self.slot)?;
        self.warnings.iter().try_for_each(|warning| writeln!(f, "warning: {warning}"))
    }
}
