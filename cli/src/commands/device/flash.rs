//! `dtsec device flash`.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context;
use cdd_image::{Header, Image};
use clap::Args;
use dtsec_target::Device;
use serde::Serialize;

use crate::output::{Answer, Exit};

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
    device: PathBuf,
    slot: String,
    image: PathBuf,
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
            device: self.dir,
            slot: self.slot,
            image: self.image,
            bytes: image.len(),
            version: Header::parse(&image).ok().map(|header| header.version.to_string()),
            warnings: warnings(&image, &part),
        };
        Answer::new(report, Exit::Success)
    }
}

/// What already shows that the device will not start the image.
fn warnings(bytes: &[u8], part: &str) -> Vec<String> {
    match Image::parse(bytes) {
        Err(error) => vec![format!("not an image that can start: {error}")],
        Ok(image) => match image.part() {
            Ok(named) if named == part.as_bytes() => Vec::new(),
            Ok(named) => {
                vec![format!("the image is for part `{}`, the slot for `{part}`", named.escape_ascii())]
            }
            Err(_) => vec![format!("the image does not say that it is for part `{part}`")],
        },
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = self.version.as_ref().map_or(String::new(), |version| format!(", version {version}"));
        let (image, device) = (self.image.display(), self.device.display());
        writeln!(f, "wrote {image} ({} bytes{version}) to {} of {device}", self.bytes, self.slot)?;
        self.warnings.iter().try_for_each(|warning| writeln!(f, "warning: {warning}"))
    }
}
