//! Devices for the tests: images, fuses, and starts of them.

#![allow(dead_code, unreachable_pub)] // Each test file uses its own part.

pub mod folder;
pub mod raw;

use cdd_boot::{Crypto, Record, Refusal, SlotId, State};
use cdd_fuses::{LifeCycle, PublicKey, Role};
use cdd_hal::Console;
use cdd_image::build::{Builder, KeyType, SigningKey};
use cdd_image::{PublicKeyBytes, Version};
use cdd_virtual::{Board, FuseDevice, HostCrypto, Nor, VirtualMachine};
use zerocopy::FromZeros;

pub const SECRET: [u8; 32] = [0x42; 32];
pub const BOOT_MEASUREMENT: [u8; 32] = [0xB0; 32];
pub const PLATFORM_ADDRESS: u32 = 939_524_096;
pub const APPLICATION_ADDRESS: u32 = 2_097_152;
pub const ERASED: u8 = 0xFF;

/// A management wire on which nobody listens.
#[derive(Default)]
pub struct Silent;

impl Console for Silent {
    fn write(&mut self, _: &[u8]) {}
    fn read(&mut self) -> Option<u8> {
        None
    }
}

pub fn version(major: u8, minor: u8) -> Version {
    Version { major, minor, ..Version::default() }
}

/// A key, always the same for the same seed.
pub fn key(key_type: KeyType, seed: u8) -> SigningKey {
    SigningKey::from_secret(key_type, &[seed; 32]).unwrap()
}

/// The platform's keys 0 (P-256) and 1 (Ed25519), and one that is provisioned nowhere.
pub fn platform_key() -> SigningKey {
    key(KeyType::EcdsaP256, 1)
}
pub fn second_platform_key() -> SigningKey {
    key(KeyType::Ed25519, 2)
}
pub fn application_key() -> SigningKey {
    key(KeyType::EcdsaP256, 3)
}
pub fn foreign_key() -> SigningKey {
    key(KeyType::EcdsaP256, 9)
}

pub fn platform(version: Version) -> Builder {
    Builder {
        header_size: 1024,
        security_counter: Some(5),
        load_address: Some(PLATFORM_ADDRESS),
        part: Some("platform".into()),
        name: Some("cdd-platform".into()),
        ..Builder::new(version)
    }
}

pub fn application(version: Version) -> Builder {
    Builder {
        header_size: 1024,
        security_counter: Some(5),
        load_address: Some(APPLICATION_ADDRESS),
        part: Some("application".into()),
        name: Some("bgm".into()),
        ..Builder::new(version)
    }
}

/// A payload that is another one for another tag.
pub fn payload(tag: u8, len: usize) -> Vec<u8> {
    (0..len).map(|at| (at as u8).wrapping_mul(31) ^ tag).collect()
}

pub fn genuine_platform(major: u8) -> Vec<u8> {
    platform(version(major, 0)).sign(&payload(major, 256), &platform_key()).unwrap()
}

pub fn genuine_application(major: u8) -> Vec<u8> {
    application(version(major, 0)).sign(&payload(!major, 256), &application_key()).unwrap()
}

/// A device that is being put together.
#[derive(Clone)]
pub struct Specimen {
    pub flash: Vec<u8>,
    pub fuses: Vec<u8>,
    pub secret: [u8; 32],
}

/// What a start came to.
pub struct Start {
    pub record: Record,
    pub machine: VirtualMachine,
}

impl Start {
    pub fn state(&self) -> State {
        self.record.state()
    }

    pub fn result(&self, slot: SlotId) -> &'static str {
        Refusal::name_of(self.record.result(slot))
    }

    pub fn results(&self) -> [&'static str; 4] {
        SlotId::ALL.map(|slot| self.result(slot))
    }
}

impl Specimen {
    /// Blank fuses, erased flash.
    pub fn blank() -> Specimen {
        let size = Board::reference().flash_size() as usize;
        Specimen { flash: vec![ERASED; size], fuses: vec![0; cdd_fuses::SIZE], secret: SECRET }
    }

    /// Provisioned and secured, with no image.
    pub fn secured() -> Specimen {
        let mut specimen = Specimen::blank();
        specimen.life_cycle(LifeCycle::Secured);
        specimen.provision(Role::Platform, 0, &platform_key());
        specimen.provision(Role::Platform, 1, &second_platform_key());
        specimen.provision(Role::Application, 0, &application_key());
        for role in [Role::Platform, Role::Application] {
            let (at, bits) = cdd_fuses::counter_bits(role, 5);
            specimen.burn(at, &bits);
        }
        specimen.burn(cdd_fuses::DIVERSIFIER.0, &[0x33; 32]);
        specimen.burn(cdd_fuses::COMMERCIAL_NAME.0, b"Reference BGM");
        specimen.burn(cdd_fuses::HARDWARE_REFERENCE.0, b"virtual");
        specimen.burn(cdd_fuses::HARDWARE_VERSION.0, b"1.0");
        specimen
    }

    /// A device that runs: genuine images of version 1 in the slots A.
    pub fn genuine() -> Specimen {
        let mut specimen = Specimen::secured();
        specimen.put(SlotId::PlatformA, &genuine_platform(1));
        specimen.put(SlotId::ApplicationA, &genuine_application(1));
        specimen
    }

    /// Sets fuse bits.
    pub fn burn(&mut self, at: u16, bits: &[u8]) {
        self.fuses[at as usize..].iter_mut().zip(bits).for_each(|(fuse, bits)| *fuse |= bits);
    }

    /// Overwrites the life-cycle words.
    pub fn life_cycle(&mut self, state: LifeCycle) {
        let words: Vec<u8> = state.words().iter().flat_map(|word| word.to_le_bytes()).collect();
        self.fuses[..16].copy_from_slice(&words);
    }

    pub fn provision(&mut self, role: Role, index: usize, key: &SigningKey) {
        let public = match key.public() {
            PublicKeyBytes::P256(point) => PublicKey::P256(point),
            PublicKeyBytes::Ed25519(key) => PublicKey::Ed25519(key),
        };
        let (at, bits) = public.encode(role, index);
        self.burn(at, &bits);
    }

    /// Erases the slot and writes the image, of which what does not fit is cut off.
    pub fn put(&mut self, slot: SlotId, image: &[u8]) {
        let content = self.slot_mut(slot);
        content.fill(ERASED);
        content.iter_mut().zip(image).for_each(|(to, from)| *to = *from);
    }

    pub fn slot(&self, slot: SlotId) -> &[u8] {
        let place = Board::reference().slot(slot);
        &self.flash[place.offset as usize..][..place.size as usize]
    }

    pub fn slot_mut(&mut self, slot: SlotId) -> &mut [u8] {
        let place = Board::reference().slot(slot);
        &mut self.flash[place.offset as usize..][..place.size as usize]
    }

    pub fn machine(&self) -> VirtualMachine {
        let (nor, fuses) =
            (Nor::with_content(self.flash.clone()), FuseDevice::with_content(self.fuses.clone()));
        VirtualMachine::new(Board::reference(), nor, fuses, self.secret, BOOT_MEASUREMENT)
    }

    pub fn start(&self) -> Start {
        self.start_with::<HostCrypto>()
    }

    pub fn start_with<C: Crypto>(&self) -> Start {
        let mut machine = self.machine();
        let mut record = Record::new_zeroed();
        cdd_boot::boot::<_, C>(&mut machine, &mut record);
        Start { record, machine }
    }
}

/// Reproducible random numbers.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| (self.next() >> 32) as u8).collect()
    }
}
