//! `dtsec image inspect`.

use std::fmt;
use std::path::PathBuf;

use cdd_image::{Header, Image, RustCrypto, Verifier, flags};
use clap::Args;
use serde::Serialize;

use super::{Refusal, read_file};
use crate::output::{Answer, Exit, ShownPath};

/// Show what an image says of itself. Nothing of it is proven: see `dtsec image verify`.
#[derive(Args)]
pub(crate) struct Inspect {
    /// The image, or a slot that starts with one.
    file: PathBuf,
}

/// What can be said; a file that is no image has an error, and a header if that much was readable.
#[derive(Serialize)]
struct Report {
    file: ShownPath,
    error: Option<Refusal>,
    header: Option<HeaderReport>,
    image: Option<ImageReport>,
}

#[derive(Serialize)]
struct HeaderReport {
    version: String,
    load_address: u32,
    header_size: u16,
    protected_size: u16,
    image_size: u32,
    flags: Vec<&'static str>,
}

#[derive(Serialize)]
struct ImageReport {
    total_size: usize,
    digest: Option<String>,
    digest_correct: bool,
    key_hash: Option<String>,
    security_counter: Option<u32>,
    part: Option<String>,
    name: Option<String>,
    dependencies: Vec<DependencyReport>,
    tlvs: Vec<TlvReport>,
}

#[derive(Serialize)]
struct DependencyReport {
    image: u8,
    version: String,
}

#[derive(Serialize)]
struct TlvReport {
    #[serde(rename = "type")]
    kind: u16,
    name: Option<&'static str>,
    protected: bool,
    length: usize,
    value: String,
}

impl Inspect {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let bytes = read_file(&self.file)?;
        let image = Image::parse(&bytes);
        let report = Report {
            file: self.file.into(),
            error: image.as_ref().err().map(|error| Refusal::from(*error)),
            header: Header::parse(&bytes).ok().map(|header| HeaderReport::new(&header)),
            image: image.as_ref().ok().map(ImageReport::new),
        };
        Answer::new(report, if image.is_ok() { Exit::Success } else { Exit::No })
    }
}

impl HeaderReport {
    fn new(header: &Header) -> HeaderReport {
        let names = [
            (flags::PIC, "position-independent"),
            (flags::NON_BOOTABLE, "non-bootable"),
            (flags::RAM_LOAD, "ram-load"),
            (flags::ROM_FIXED, "rom-fixed"),
        ];
        HeaderReport {
            version: header.version.to_string(),
            load_address: header.load_address,
            header_size: header.header_size,
            protected_size: header.protected_size,
            image_size: header.image_size,
            flags: names.into_iter().filter(|(flag, _)| header.has(*flag)).map(|(_, name)| name).collect(),
        }
    }
}

impl ImageReport {
    fn new(image: &Image<'_>) -> ImageReport {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let digest = image.digest().ok();
        ImageReport {
            total_size: image.total_size(),
            digest: digest.map(hex::encode),
            digest_correct: digest.is_some_and(|d| *d == RustCrypto::sha256(&[image.signed_bytes()])),
            key_hash: image.key_hash().ok().map(hex::encode),
            security_counter: image.security_counter().ok(),
            part: image.part().ok().map(text),
            name: image.name().map(str::to_owned),
            dependencies: image
                .dependencies()
                .map(|d| DependencyReport { image: d.image, version: d.version.to_string() })
                .collect(),
            tlvs: image
                .tlvs()
                .map(|tlv| TlvReport {
                    kind: tlv.kind,
                    name: tlv.name(),
                    protected: tlv.protected,
                    length: tlv.value.len(),
                    value: hex::encode(tlv.value),
                })
                .collect(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(error) = &self.error {
            writeln!(f, "{}: {}: {}", self.file, error.name, error.message)?;
        }
        if let Some(header) = &self.header {
            header.fmt(f)?;
        }
        self.image.as_ref().map_or(Ok(()), |image| image.fmt(f))
    }
}

impl fmt::Display for HeaderReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = if self.flags.is_empty() { "none".to_owned() } else { self.flags.join(", ") };
        row(f, "version", &self.version)?;
        row(f, "flags", flags)?;
        row(f, "load address", format_args!("{:#010x}", self.load_address))?;
        row(f, "header", format_args!("{} bytes", self.header_size))?;
        row(f, "payload", format_args!("{} bytes", self.image_size))?;
        row(f, "protected TLVs", format_args!("{} bytes", self.protected_size))
    }
}

impl fmt::Display for ImageReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let none = || "none".to_owned();
        row(f, "total", format_args!("{} bytes", self.total_size))?;
        row(f, "part", self.part.clone().unwrap_or_else(none))?;
        row(f, "name", self.name.clone().unwrap_or_else(none))?;
        row(f, "security counter", self.security_counter.map_or_else(none, |counter| counter.to_string()))?;
        for dependency in &self.dependencies {
            row(
                f,
                "depends on",
                format_args!("image {}, {} or later", dependency.image, dependency.version),
            )?;
        }
        row(f, "key hash", self.key_hash.clone().unwrap_or_else(none))?;
        row(f, "digest", self.digest.clone().unwrap_or_else(none))?;
        row(f, "digest correct", if self.digest_correct { "yes" } else { "no" })?;
        writeln!(f, "\n{:<8} {:<20} {:<12} {:>6}  value", "type", "name", "area", "bytes")?;
        for tlv in &self.tlvs {
            let area = if tlv.protected { "protected" } else { "unprotected" };
            let name = tlv.name.unwrap_or("-");
            writeln!(f, "{:#06x}   {name:<20} {area:<12} {:>6}  {}", tlv.kind, tlv.length, tlv.value)?;
        }
        Ok(())
    }
}

fn row(f: &mut fmt::Formatter<'_>, what: &str, value: impl fmt::Display) -> fmt::Result {
    writeln!(f, "{what:<17} {value}")
}
