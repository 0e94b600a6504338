//! Signed images for the tests: by recipe, taken apart into regions, and damaged on purpose.

use crate::model::{Failure, Outcome};
use anyhow::{Context, Result, anyhow};
use cdd_image::build::{Builder, KeyType, SigningKey};
use cdd_image::{Dependency, RustCrypto, Version, key_hash_of, tlv};
use std::ops::Range;

/// The part that an image is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    /// The platform.
    Platform,
    /// The application.
    Application,
}

impl Part {
    /// Both.
    pub(crate) const ALL: [Part; 2] = [Part::Platform, Part::Application];

    /// What the part TLV says.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Part::Platform => "platform",
            Part::Application => "application",
        }
    }

    /// Its first slot.
    pub(crate) const fn slot_a(self) -> &'static str {
        match self {
            Part::Platform => "platform-a",
            Part::Application => "application-a",
        }
    }

    /// Its second slot.
    pub(crate) const fn slot_b(self) -> &'static str {
        match self {
            Part::Platform => "platform-b",
            Part::Application => "application-b",
        }
    }
}

/// Who signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Signer {
    /// The ECDSA P-256 key that is provisioned for the part.
    Own,
    /// The Ed25519 key that is provisioned for the part.
    OwnEd25519,
    /// The provisioned key of the other part.
    OtherRole,
    /// A key that was provisioned for the part and then revoked.
    Revoked,
    /// A key that was never provisioned.
    Stranger,
}

/// The keys of one evaluation: made for it, never stored.
pub(crate) struct Keys {
    platform: RoleKeys,
    application: RoleKeys,
    stranger: SigningKey,
}

struct RoleKeys {
    p256: SigningKey,
    ed25519: SigningKey,
    revoked: SigningKey,
}

impl RoleKeys {
    fn generate() -> Result<RoleKeys> {
        Ok(RoleKeys {
            p256: SigningKey::generate(KeyType::EcdsaP256)?,
            ed25519: SigningKey::generate(KeyType::Ed25519)?,
            revoked: SigningKey::generate(KeyType::EcdsaP256)?,
        })
    }
}

impl Keys {
    /// New keys.
    pub(crate) fn generate() -> Result<Keys> {
        Ok(Keys {
            platform: RoleKeys::generate()?,
            application: RoleKeys::generate()?,
            stranger: SigningKey::generate(KeyType::EcdsaP256)?,
        })
    }

    fn role(&self, part: Part) -> &RoleKeys {
        match part {
            Part::Platform => &self.platform,
            Part::Application => &self.application,
        }
    }

    /// The key with which `signer` signs images of `part`.
    pub(crate) fn of(&self, part: Part, signer: Signer) -> &SigningKey {
        let other = match part {
            Part::Platform => Part::Application,
            Part::Application => Part::Platform,
        };
        match signer {
            Signer::Own => &self.role(part).p256,
            Signer::OwnEd25519 => &self.role(part).ed25519,
            Signer::OtherRole => &self.role(other).p256,
            Signer::Revoked => &self.role(part).revoked,
            Signer::Stranger => &self.stranger,
        }
    }

    /// The keys to provision for `part`, in the order of their fuse slots. The one to revoke is
    /// [`Keys::REVOKED_SLOT`].
    pub(crate) fn provisioned(&self, part: Part) -> [&SigningKey; 3] {
        let role = self.role(part);
        [&role.p256, &role.ed25519, &role.revoked]
    }

    /// Fuse slot of the key that is revoked.
    pub(crate) const REVOKED_SLOT: usize = 2;
}

/// What a good image has; tests change one thing at a time.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    /// The part whose slot it goes to, and whose layout it follows.
    pub part: Part,
    /// The part that it says it is; `None` for no such TLV.
    pub says_part: Option<String>,
    /// Its name; `None` for no such TLV.
    pub name: Option<String>,
    /// Version.
    pub version: Version,
    /// Security counter; `None` for no such TLV.
    pub counter: Option<u32>,
    /// Who signs it.
    pub signer: Signer,
    /// Header size.
    pub header_size: u16,
    /// Address in the header.
    pub load_address: Option<u32>,
    /// Whether it says that it is not to be started.
    pub non_bootable: bool,
    /// The lowest platform version that it wants.
    pub needs_platform: Option<Version>,
    /// What runs.
    pub payload: Vec<u8>,
}

/// A signed image and what is known of it from having made it.
#[derive(Debug, Clone)]
pub(crate) struct SignedImage {
    /// The image.
    pub bytes: Vec<u8>,
    /// Its recipe, without the payload.
    pub recipe: Recipe,
    /// SHA-256 of its signed bytes, computed here and not by its builder.
    pub measurement: String,
    /// Hash of the signer's key.
    pub signer_hash: String,
}

impl Recipe {
    /// Builds and signs the image.
    pub(crate) fn sign(&self, keys: &Keys) -> Result<SignedImage> {
        let mut builder = Builder::new(self.version);
        builder.header_size = self.header_size;
        builder.security_counter = self.counter;
        builder.load_address = self.load_address;
        builder.non_bootable = self.non_bootable;
        builder.part = self.says_part.clone();
        builder.name = self.name.clone();
        builder.dependencies =
            self.needs_platform.iter().map(|version| Dependency { image: 0, version: *version }).collect();
        let key = keys.of(self.part, self.signer);
        let bytes = builder.sign(&self.payload, key).context("an image for a test could not be built")?;
        let signed = field_u32(&bytes, 8) as usize & 0xFFFF;
        let signed = signed + field_u32(&bytes, 12) as usize + (field_u32(&bytes, 8) >> 16) as usize;
        Ok(SignedImage {
            measurement: sha256(&bytes[..signed]),
            signer_hash: hex::encode(key_hash_of::<RustCrypto>(&key.public())),
            recipe: Recipe { payload: Vec::new(), ..self.clone() },
            bytes,
        })
    }
}

impl SignedImage {
    /// One line that identifies it in a record.
    pub(crate) fn describe(&self) -> String {
        let counter = self.recipe.counter.map_or("none".to_owned(), |counter| counter.to_string());
        format!(
            "{} {} {} counter={counter} signer={:?} {} bytes sha256={}",
            self.recipe.says_part.as_deref().unwrap_or("(no part)"),
            self.recipe.name.as_deref().unwrap_or("(no name)"),
            self.recipe.version,
            self.recipe.signer,
            self.bytes.len(),
            sha256(&self.bytes),
        )
    }

    /// Its regions, from the first byte to the last.
    pub(crate) fn regions(&self) -> Vec<Region> {
        regions(&self.bytes)
    }

    /// The bytes of the only region of this kind.
    pub(crate) fn region(&self, kind: &str) -> Outcome<Range<usize>> {
        let found = self.regions().into_iter().find(|region| region.kind == kind);
        let none = || Failure::Harness(anyhow!("the image has no region `{kind}`"));
        found.map(|region| region.bytes).ok_or_else(none)
    }

    /// A copy with one bit flipped.
    pub(crate) fn flipped(&self, bit: usize) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    }

    /// A copy edited in any way.
    pub(crate) fn edited(&self, edit: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        edit(&mut bytes);
        bytes
    }

    /// A copy with other unprotected TLVs, its info made to match.
    pub(crate) fn with_unprotected(&self, edit: impl FnOnce(&mut Vec<(u16, Vec<u8>)>)) -> Outcome<Vec<u8>> {
        let area = self.region("unprotected-info")?.start;
        let mut entries = Vec::new();
        let mut at = area + 4;
        while at + 4 <= self.bytes.len() {
            let (kind, length) = (field_u16(&self.bytes, at), field_u16(&self.bytes, at + 2) as usize);
            entries.push((kind, self.bytes[at + 4..at + 4 + length].to_vec()));
            at += 4 + length;
        }
        edit(&mut entries);
        let body: Vec<u8> = entries.iter().flat_map(|(kind, value)| entry(*kind, value)).collect();
        let mut bytes = self.bytes[..area].to_vec();
        bytes.extend(0x6907u16.to_le_bytes());
        bytes.extend((body.len() as u16 + 4).to_le_bytes());
        bytes.extend(body);
        Ok(bytes)
    }
}

/// A TLV's bytes.
pub(crate) fn entry(kind: u16, value: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &(value.len() as u16).to_le_bytes(), value].concat()
}

/// A stretch of an image with one meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Region {
    /// What it is.
    pub kind: &'static str,
    /// Where it is.
    pub bytes: Range<usize>,
}

/// Walks a sound image. Written here anew and from the format alone: it must not share a mistake with the parser
/// that is under test.
pub(crate) fn regions(bytes: &[u8]) -> Vec<Region> {
    let header_size = field_u16(bytes, 8) as usize;
    let protected = field_u16(bytes, 10) as usize;
    let payload_end = header_size + field_u32(bytes, 12) as usize;
    let mut found = vec![
        Region { kind: "header", bytes: 0..32 },
        Region { kind: "header-padding", bytes: 32..header_size },
        Region { kind: "payload", bytes: header_size..payload_end },
    ];
    let mut areas = vec![("unprotected-info", payload_end + protected)];
    if protected > 0 {
        areas.insert(0, ("protected-info", payload_end));
    }
    for (info, start) in areas {
        found.push(Region { kind: info, bytes: start..start + 4 });
        let end = start + field_u16(bytes, start + 2) as usize;
        let mut at = start + 4;
        while at + 4 <= end {
            let value = at + 4 + field_u16(bytes, at + 2) as usize;
            found.push(Region { kind: "tlv-head", bytes: at..at + 4 });
            found.push(Region { kind: value_kind(field_u16(bytes, at)), bytes: at + 4..value });
            at = value;
        }
    }
    found.retain(|region| !region.bytes.is_empty());
    found
}

fn value_kind(kind: u16) -> &'static str {
    match kind {
        tlv::SHA256 => "digest",
        tlv::KEY_HASH => "key-hash",
        tlv::ECDSA | tlv::ED25519 => "signature",
        tlv::SECURITY_COUNTER => "security-counter",
        tlv::DEPENDENCY => "dependency",
        tlv::PART => "part",
        tlv::NAME => "name",
        _ => "tlv-value",
    }
}

/// Little-endian number at `at`, 0 beyond the end.
pub(crate) fn field_u16(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).and_then(|b| b.try_into().ok()).map_or(0, u16::from_le_bytes)
}

/// Little-endian number at `at`, 0 beyond the end.
pub(crate) fn field_u32(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
}

/// SHA-256 in hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    hex::encode(sha2::Sha256::digest(bytes))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn recipe(part: Part) -> Recipe {
        Recipe {
            part,
            says_part: Some(part.name().into()),
            name: Some("sample".into()),
            version: "1.2.3+4".parse().unwrap(),
            counter: Some(3),
            signer: Signer::Own,
            header_size: 1024,
            load_address: Some(0x3800_0000),
            non_bootable: false,
            needs_platform: None,
            payload: vec![0x5A; 300],
        }
    }

    #[test]
    fn the_regions_of_an_image_cover_every_byte_once() {
        let keys = Keys::generate().unwrap();
        for signer in [Signer::Own, Signer::OwnEd25519] {
            let image = Recipe { signer, ..recipe(Part::Platform) }.sign(&keys).unwrap();
            let regions = image.regions();
            assert_eq!(regions[0].bytes.start, 0);
            assert!(regions.windows(2).all(|pair| pair[0].bytes.end == pair[1].bytes.start), "{regions:?}");
            assert_eq!(regions.last().unwrap().bytes.end, image.bytes.len());
            for kind in ["digest", "key-hash", "signature", "security-counter", "part", "name"] {
                assert!(!image.region(kind).unwrap().is_empty(), "{kind}");
            }
        }
    }

    #[test]
    fn the_measurement_computed_here_is_the_digest_that_the_image_carries() {
        let image = recipe(Part::Application).sign(&Keys::generate().unwrap()).unwrap();
        let digest = image.region("digest").unwrap();
        assert_eq!(image.measurement, hex::encode(&image.bytes[digest]));
    }

    #[test]
    fn an_image_with_its_own_tlvs_put_back_is_the_same_image() {
        let image = recipe(Part::Platform).sign(&Keys::generate().unwrap()).unwrap();
        assert_eq!(image.with_unprotected(|_| ()).unwrap(), image.bytes);
        assert_ne!(image.with_unprotected(|tlvs| tlvs.reverse()).unwrap(), image.bytes);
    }
}
