//! What is attacked: a device with an image that boot must refuse, or a call that the gate must refuse.

use crate::Error;
use crate::board::{APPLICATION, DEVICE_SECRET, FLASH, HEADER_SIZE, PLATFORM};
use crate::cpu::Machine;
use crate::devices::Devices;
use crate::program::Program;
use cdd_image::build::{Builder, KeyType, SigningKey};
use cdd_image::{Image, PublicKeyBytes, RustCrypto, Version, tlv};
use dtsec_target::{Board, LifeCycle, Provisioning, PublicKey};

/// A scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// An image of whoever attacks, that names the manufacturer's key but is signed by another.
    ForgedSignature,
    /// A genuine image of which one bit of code was changed.
    AlteredPayload,
    /// A genuine image whose security counter is below the device's.
    OlderCounter,
    /// A genuine image signed by a key that was revoked.
    RevokedKey,
    /// An image signed by a key that the device does not know, and says so.
    UnknownKey,
    /// A genuine image on a device that was decommissioned.
    Decommissioned,
    /// A call whose frame lies in Secure memory.
    ForeignFrame,
    /// A call that asks for output to Secure memory.
    ForeignOutput,
    /// A call that gives Secure memory as input.
    ForeignInput,
}

/// Which image a scenario runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The boot decision.
    Boot,
    /// The gate's checks.
    Gate,
}

impl Target {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Target::Boot => "boot",
            Target::Gate => "gate",
        }
    }
}

impl Scenario {
    /// All scenarios.
    pub const ALL: [Scenario; 9] = [
        Scenario::ForgedSignature,
        Scenario::AlteredPayload,
        Scenario::OlderCounter,
        Scenario::RevokedKey,
        Scenario::UnknownKey,
        Scenario::Decommissioned,
        Scenario::ForeignFrame,
        Scenario::ForeignOutput,
        Scenario::ForeignInput,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Scenario::ForgedSignature => "forged-signature",
            Scenario::AlteredPayload => "altered-payload",
            Scenario::OlderCounter => "older-counter",
            Scenario::RevokedKey => "revoked-key",
            Scenario::UnknownKey => "unknown-key",
            Scenario::Decommissioned => "decommissioned",
            Scenario::ForeignFrame => "foreign-frame",
            Scenario::ForeignOutput => "foreign-output",
            Scenario::ForeignInput => "foreign-input",
        }
    }

    /// The scenario of this name.
    pub fn named(text: &str) -> Result<Scenario, Error> {
        Scenario::ALL.into_iter().find(|scenario| scenario.name() == text).ok_or_else(|| Error::Unknown {
            what: "scenario",
            text: text.into(),
            choices: Scenario::ALL.map(Scenario::name).join(", "),
        })
    }

    /// The device that boot's scenarios attack; with `attacked` false, the one that their positive control starts.
    pub fn content(self, attacked: bool) -> Result<Content, Error> {
        let maker = Maker::new(self.name());
        if attacked { maker.attacked(self) } else { maker.genuine() }
    }

    /// The requirement that says so.
    pub const fn requirement(self) -> &'static str {
        match self {
            Scenario::Decommissioned => "decommission-of-platform",
            Scenario::ForeignFrame | Scenario::ForeignOutput | Scenario::ForeignInput => {
                "isolation-of-platform-parts"
            }
            _ => "secure-initialization-of-platform",
        }
    }

    /// What must not happen, in a sentence.
    pub const fn title(self) -> &'static str {
        match self {
            Scenario::ForgedSignature => "An image with a forged signature does not start",
            Scenario::AlteredPayload => "An altered image does not start",
            Scenario::OlderCounter => "An image with an older security counter does not start",
            Scenario::RevokedKey => "An image signed by a revoked key does not start",
            Scenario::UnknownKey => "An image signed by an unknown key does not start",
            Scenario::Decommissioned => "A decommissioned device starts nothing",
            Scenario::ForeignFrame => "A call with a frame in Secure memory is refused",
            Scenario::ForeignOutput => "A call for output to Secure memory is refused",
            Scenario::ForeignInput => "A call with input in Secure memory is refused",
        }
    }

    /// What it runs on.
    pub const fn target(self) -> Target {
        match self {
            Scenario::ForeignFrame | Scenario::ForeignOutput | Scenario::ForeignInput => Target::Gate,
            _ => Target::Boot,
        }
    }
}

/// The content of a device: its flash (from the start, the rest erased), its fuses, its secret.
#[derive(Clone)]
pub struct Content {
    /// Images by their offset in flash.
    pub flash: Vec<(usize, Vec<u8>)>,
    /// All of the EEPROM.
    pub fuses: Vec<u8>,
    /// The unique device secret.
    pub secret: [u8; 32],
}

impl Content {
    /// The whole flash, as a file of the device.
    pub fn flash_file(&self) -> Vec<u8> {
        let mut flash = vec![0xFF; FLASH.size as usize];
        for (at, image) in &self.flash {
            flash[*at..*at + image.len()].copy_from_slice(image);
        }
        flash
    }
}

/// Bytes of the payload that boot is to start. It does nothing.
const PAYLOAD: usize = 1024;

/// A vector table, an endless loop, and bytes that differ from one another and are not zero.
fn stub(load: u32, stack: u32) -> Vec<u8> {
    let entry = load + HEADER_SIZE + 0x200;
    let mut payload: Vec<u8> =
        (0..PAYLOAD as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8 | 1).collect();
    payload[..4].copy_from_slice(&stack.to_le_bytes());
    for vector in payload[4..64].chunks_exact_mut(4) {
        vector.copy_from_slice(&(entry | 1).to_le_bytes());
    }
    payload[0x200..0x202].copy_from_slice(&[0xFE, 0xE7]);
    payload
}

/// Makes devices for the scenarios. Keys and secrets are fixed: the same campaign is the same everywhere.
pub(crate) struct Maker {
    scenario: &'static str,
}

impl Maker {
    pub(crate) fn new(scenario: &'static str) -> Maker {
        Maker { scenario }
    }

    fn wrong(&self, reason: impl ToString) -> Error {
        Error::Scenario { scenario: self.scenario, reason: reason.to_string() }
    }

    fn key(&self, byte: u8) -> Result<SigningKey, Error> {
        SigningKey::from_secret(KeyType::EcdsaP256, &[byte; 32]).map_err(|e| self.wrong(e))
    }

    fn sign(&self, payload: &[u8], part: &str, load: u32, key: &SigningKey) -> Result<Vec<u8>, Error> {
        let builder = Builder {
            header_size: HEADER_SIZE as u16,
            load_address: Some(load),
            security_counter: Some(1),
            part: Some(part.into()),
            name: Some("campaign".into()),
            ..Builder::new(Version { major: 1, minor: 0, revision: 0, build: 0 })
        };
        builder.sign(payload, key).map_err(|e| self.wrong(e))
    }

    fn provisioning(&self) -> Result<Provisioning, Error> {
        let public = |key: &SigningKey| match key.public() {
            PublicKeyBytes::P256(point) => PublicKey::P256(point),
            PublicKeyBytes::Ed25519(key) => PublicKey::Ed25519(key),
        };
        Ok(Provisioning {
            life_cycle: LifeCycle::Secured,
            platform_keys: vec![public(&self.key(0x11)?), public(&self.key(0x22)?)],
            application_keys: vec![public(&self.key(0x33)?)],
            platform_counter: 1,
            application_counter: 1,
            commercial_name: "Fault campaign".into(),
            hardware_reference: "mps2-an505".into(),
            hardware_version: "1.0".into(),
            diversifier: *b"a diversifier of 32 bytes, fixed",
            ..Provisioning::blank()
        })
    }

    fn content(&self, flash: Vec<(&str, Vec<u8>)>, provisioning: &Provisioning) -> Result<Content, Error> {
        let board = Board::mps2_an505();
        let fuses = provisioning.fuses().map_err(|e| self.wrong(e))?;
        let place = |(slot, image): (&str, Vec<u8>)| {
            let slot = board.slot(slot).ok_or_else(|| self.wrong(format!("the board has no slot {slot}")))?;
            Ok((slot.offset, image))
        };
        Ok(Content {
            flash: flash.into_iter().map(place).collect::<Result<_, Error>>()?,
            fuses: fuses.bytes().to_vec(),
            secret: *b"the unique secret of this device",
        })
    }

    /// A device that boots the stub.
    pub(crate) fn genuine(&self) -> Result<Content, Error> {
        let image = self.sign(&platform_stub(), "platform", PLATFORM.start, &self.key(0x11)?)?;
        self.content(vec![("platform-a", image)], &self.provisioning()?)
    }

    /// A device that must not boot what is in its slot.
    pub(crate) fn attacked(&self, scenario: Scenario) -> Result<Content, Error> {
        let genuine = self.sign(&platform_stub(), "platform", PLATFORM.start, &self.key(0x11)?)?;
        let mut provisioning = self.provisioning()?;
        let image = match scenario {
            Scenario::ForgedSignature => {
                let mut forged = self.sign(&platform_stub(), "platform", PLATFORM.start, &self.key(0x44)?)?;
                let named = self.key(0x11)?.public().hash::<RustCrypto>();
                self.replace(&mut forged, tlv::KEY_HASH, &named)?;
                forged
            }
            Scenario::UnknownKey => {
                self.sign(&platform_stub(), "platform", PLATFORM.start, &self.key(0x44)?)?
            }
            Scenario::AlteredPayload => {
                let mut altered = genuine;
                altered[HEADER_SIZE as usize + 0x300] ^= 0x10;
                altered
            }
            Scenario::OlderCounter => {
                provisioning.platform_counter = 2;
                genuine
            }
            Scenario::Decommissioned => {
                provisioning.life_cycle = LifeCycle::Decommissioned;
                genuine
            }
            Scenario::RevokedKey => {
                provisioning.revoked_platform = vec![0];
                genuine
            }
            _ => return Err(self.wrong("it is not one of boot's")),
        };
        self.content(vec![("platform-a", image)], &provisioning)
    }

    /// A device with the real platform and an application that does nothing.
    pub(crate) fn with_platform(&self, platform: &[u8]) -> Result<Content, Error> {
        let platform = self.sign(platform, "platform", PLATFORM.start, &self.key(0x11)?)?;
        let stub = stub(APPLICATION.start, 0x2821_0000);
        let application = self.sign(&stub, "application", APPLICATION.start, &self.key(0x33)?)?;
        self.content(vec![("platform-a", platform), ("application-a", application)], &self.provisioning()?)
    }

    /// Replaces the value of a TLV by another of the same length.
    fn replace(&self, image: &mut [u8], kind: u16, value: &[u8]) -> Result<(), Error> {
        let parsed = Image::parse(image).map_err(|e| self.wrong(e))?;
        let old = parsed.tlvs().find(|tlv| tlv.kind == kind).map(|tlv| tlv.value.to_vec());
        let old =
            old.filter(|old| old.len() == value.len()).ok_or_else(|| self.wrong("there is no such TLV"))?;
        let at = image.windows(old.len()).rposition(|window| window == old);
        let at = at.ok_or_else(|| self.wrong("the TLV cannot be found again"))?;
        image[at..at + value.len()].copy_from_slice(value);
        Ok(())
    }
}

fn platform_stub() -> Vec<u8> {
    stub(PLATFORM.start, 0x3809_0000)
}

/// The board with this content, at its reset.
pub(crate) fn power_on(boot: &Program, content: &Content) -> Machine {
    let mut machine = Machine::new(Devices::new(&content.fuses));
    for at in (0..FLASH.size).step_by(4096) {
        machine.memory.put(FLASH.start + at, &[0xFF; 4096]);
    }
    for (at, image) in &content.flash {
        machine.memory.put(FLASH.start + *at as u32, image);
    }
    for (address, bytes) in &boot.segments {
        machine.memory.put(*address, bytes);
    }
    machine.memory.put(DEVICE_SECRET, &content.secret);
    machine.memory.set_rom(crate::board::BOOT_ROM);
    machine.decode(crate::board::BOOT_ROM);
    machine.reset(crate::board::BOOT_ROM.start);
    machine
}
