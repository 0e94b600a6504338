//! `dtsec image sign`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, bail};
use cdd_image::build::Builder;
use cdd_image::{Dependency, Image, RustCrypto, Version, verify};
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{read_file, read_signing_key};
use crate::files;
use crate::output::{Answer, Exit, ShownPath};

/// TLV types that `--part` and `--name` write.
const PART: u16 = 0x00A0;
const NAME: u16 = 0x00A1;

/// Make a signed image. The same options to imgtool give the same bytes (with Ed25519; ECDSA
/// signatures of imgtool are random, these are not).
#[derive(Args)]
pub(crate) struct Sign {
    /// Private key to sign with, in PEM.
    #[arg(short, long, value_name = "FILE")]
    key: PathBuf,
    /// Version, MAJOR.MINOR.REVISION+BUILD, later parts optional.
    #[arg(short, long)]
    version: Version,
    /// Offset of the payload, at least 32 and a multiple of 4.
    #[arg(short = 'H', long, value_name = "BYTES", value_parser = header_size)]
    header_size: u16,
    /// Put the header in front of INFILE; otherwise INFILE must start with that many zeros.
    #[arg(long)]
    pad_header: bool,
    /// Write alignment of the flash: 1, 2, 4, 8, 16 or 32.
    #[arg(long, default_value = "1", value_name = "BYTES")]
    align: u8,
    /// Size of the slot, which image and trailer must fit.
    #[arg(short = 'S', long, value_name = "BYTES", value_parser = slot_size)]
    slot_size: u32,
    /// Fill the slot up to its size, with the trailer's magic at the end.
    #[arg(long)]
    pad: bool,
    /// Security counter, or `auto` for one made of the version.
    #[arg(short, long, value_name = "NUMBER")]
    security_counter: Option<Counter>,
    /// Images that must be there too: "(IMAGE, VERSION), ...".
    #[arg(short, long, value_name = "LIST")]
    dependencies: Option<Dependencies>,
    /// Address to copy the image to and run it at.
    #[arg(short = 'L', long, value_name = "ADDRESS", value_parser = number::<u32>)]
    load_addr: Option<u32>,
    /// Flash address that the image is built for.
    #[arg(short = 'F', long, value_name = "ADDRESS", value_parser = number::<u32>)]
    rom_fixed: Option<u32>,
    /// The image is not to be started on its own.
    #[arg(long)]
    non_bootable: bool,
    /// Which part of the device the image is (vendor TLV 0x00a0).
    #[arg(long)]
    part: Option<Part>,
    /// Name of the part, up to 32 printable ASCII characters (vendor TLV 0x00a1).
    #[arg(long)]
    name: Option<String>,
    /// A vendor TLV, as imgtool has it: VALUE is text, or hex after 0x. 0x00a0 is --part, 0x00a1 --name.
    #[arg(long, num_args = 2, value_names = ["TAG", "VALUE"])]
    custom_tlv: Vec<String>,
    /// How the image names the key: by its hash or by the whole key.
    #[arg(long, default_value = "hash")]
    public_key_format: PublicKeyFormat,
    /// Fill an ECDSA signature with zeros to 72 bytes.
    #[arg(long)]
    pad_sig: bool,
    /// What is to run, a binary file.
    infile: PathBuf,
    /// The image.
    outfile: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Part {
    Platform,
    Application,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PublicKeyFormat {
    Hash,
    Full,
}

#[derive(Serialize)]
struct Report {
    image: ShownPath,
    size: usize,
    version: String,
    digest: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "wrote {}, {} bytes, version {}", self.image, self.size, self.version)?;
        write!(f, "digest {}", self.digest)
    }
}

impl Sign {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        for path in [&self.infile, &self.outfile] {
            if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("hex")) {
                let path = path.display();
                bail!(
                    "{path} is Intel HEX by its name; only binaries are signed: use `objcopy -O binary` first"
                );
            }
        }
        for (path, what) in [(&self.key, "the key"), (&self.infile, "INFILE")] {
            if files::are_one(path, &self.outfile) {
                bail!(
                    "OUTFILE {} is the same file as {what}, which signing would overwrite: choose another name",
                    self.outfile.display()
                );
            }
        }
        let key = read_signing_key(&self.key)?;
        let input = read_file(&self.infile)?;
        let bytes = self
            .builder()?
            .sign(&input, &key)
            .with_context(|| format!("cannot make an image of {}", self.infile.display()))?;
        // Nothing leaves the house that does not verify.
        let digest = Image::parse(&bytes)
            .and_then(|image| verify::<RustCrypto>(&image, &key.public()))
            .context("the image just made does not verify: please report this")?;
        files::write(&self.outfile, &bytes)?;
        let report = Report {
            size: bytes.len(),
            version: self.version.to_string(),
            digest: hex::encode(digest),
            image: self.outfile.into(),
        };
        Answer::new(report, Exit::Success)
    }

    fn builder(&self) -> anyhow::Result<Builder> {
        let mut builder = Builder {
            header_size: self.header_size,
            pad_header: self.pad_header,
            align: self.align,
            slot_size: self.slot_size,
            pad: self.pad,
            security_counter: self.security_counter.map(|counter| counter.of(self.version)),
            dependencies: self.dependencies.clone().unwrap_or_default().0,
            load_address: self.load_addr,
            rom_fixed: self.rom_fixed,
            non_bootable: self.non_bootable,
            part: self.part.and_then(|part| Some(part.to_possible_value()?.get_name().to_owned())),
            name: self.name.clone(),
            full_public_key: self.public_key_format == PublicKeyFormat::Full,
            pad_signature: self.pad_sig,
            ..Builder::new(self.version)
        };
        for pair in self.custom_tlv.chunks_exact(2) {
            let [tag, value] = pair else { continue };
            custom_tlv(&mut builder, tag, value).with_context(|| format!("--custom-tlv {tag} {value}"))?;
        }
        Ok(builder)
    }
}

/// Takes up a TLV that imgtool calls custom; two of them have a field of their own.
fn custom_tlv(builder: &mut Builder, tag: &str, value: &str) -> anyhow::Result<()> {
    let tag: u16 = number(tag).map_err(anyhow::Error::msg)?;
    let bytes = match value.strip_prefix("0x") {
        Some(digits) => hex::decode(digits)?,
        None => value.as_bytes().to_vec(),
    };
    let field = match tag {
        PART => &mut builder.part,
        NAME => &mut builder.name,
        _ if builder.vendor_tlvs.iter().any(|(there, _)| *there == tag) => bail!("is given twice"),
        _ => {
            builder.vendor_tlvs.push((tag, bytes));
            return Ok(());
        }
    };
    if field.is_some() {
        bail!("is given twice");
    }
    *field = Some(String::from_utf8(bytes).context("is not text")?);
    Ok(())
}

fn header_size(text: &str) -> Result<u16, String> {
    match number::<u16>(text)? {
        size if size % 4 == 0 => Ok(size),
        size => Err(format!("{size} is not a multiple of 4: the payload must be aligned to words")),
    }
}

fn slot_size(text: &str) -> Result<u32, String> {
    match number(text)? {
        0 => Err("a slot of no size holds no image".into()),
        size => Ok(size),
    }
}

/// A number in decimal, or with 0x, 0o or 0b before it in that base.
fn number<N: TryFrom<u64>>(text: &str) -> Result<N, String> {
    let lower = text.to_ascii_lowercase();
    let (digits, base) = match lower.get(..2) {
        Some("0x") => (&lower[2..], 16),
        Some("0o") => (&lower[2..], 8),
        Some("0b") => (&lower[2..], 2),
        _ => (&lower[..], 10),
    };
    let value = u64::from_str_radix(digits, base).map_err(|error| error.to_string())?;
    N::try_from(value).map_err(|_| format!("{value} is too large here"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counter {
    Auto,
    Value(u32),
}

impl Counter {
    /// `auto` is imgtool's rule: major, minor and revision in one number.
    fn of(self, version: Version) -> u32 {
        match self {
            Counter::Value(value) => value,
            Counter::Auto => {
                u32::from_be_bytes([version.major, version.minor, 0, 0]) + u32::from(version.revision)
            }
        }
    }
}

impl FromStr for Counter {
    type Err = String;

    fn from_str(text: &str) -> Result<Counter, String> {
        if text.eq_ignore_ascii_case("auto") { Ok(Counter::Auto) } else { number(text).map(Counter::Value) }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Dependencies(Vec<Dependency>);

impl FromStr for Dependencies {
    type Err = String;

    fn from_str(text: &str) -> Result<Dependencies, String> {
        let form = || format!("`{text}` is not of the form \"(IMAGE, VERSION), (IMAGE, VERSION)\"");
        let mut rest = text.trim();
        let mut dependencies = Vec::new();
        loop {
            let (pair, after) = rest.strip_prefix('(').and_then(|r| r.split_once(')')).ok_or_else(form)?;
            let (image, version) = pair.split_once(',').ok_or_else(form)?;
            dependencies.push(Dependency {
                image: image
                    .trim()
                    .parse()
                    .map_err(|_| format!("`{}` is no image number, 0 to 255", image.trim()))?,
                version: version.trim().parse().map_err(|error| format!("`{}`: {error}", version.trim()))?,
            });
            rest = after.trim_start();
            if rest.is_empty() {
                return Ok(Dependencies(dependencies));
            }
            rest = rest.strip_prefix(',').ok_or_else(form)?.trim_start();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_the_bases_of_imgtool() {
        assert_eq!(number::<u32>("0x200"), Ok(512));
        assert_eq!(number::<u32>("0B101"), Ok(5));
        assert_eq!(number::<u16>("0o17"), Ok(15));
        assert_eq!(number::<u16>("65535"), Ok(65_535));
        for wrong in ["", "0x", "-1", "65536", "12k", "é"] {
            assert!(number::<u16>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_counter_made_of_the_version_is_that_of_imgtool() {
        let version = "1.2.3+4".parse().unwrap();
        assert_eq!("auto".parse::<Counter>().unwrap().of(version), 0x0102_0003);
        assert_eq!("0x10".parse::<Counter>().unwrap().of(version), 16);
    }

    #[test]
    fn dependencies_are_a_list_of_pairs() {
        let read = |text: &str| text.parse::<Dependencies>().map(|list| list.0);
        let dependency = |image, version: &str| Dependency { image, version: version.parse().unwrap() };
        assert_eq!(read("(1, 1.2.3+0)"), Ok(vec![dependency(1, "1.2.3")]));
        assert_eq!(read(" (1,1.0) , (2, 2.0.1+7) "), Ok(vec![dependency(1, "1"), dependency(2, "2.0.1+7")]));
        for wrong in
            ["", "1, 1.0", "(1 1.0)", "(256, 1.0)", "(1, x)", "(1, 1.0),", "(1, 1.0) (2, 1.0)", "(1, 1.0"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
