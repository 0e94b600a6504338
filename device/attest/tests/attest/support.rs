//! Devices that boot starts for real, and a verifier that shares no code with what it verifies.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use cdd_attest::{AttestationKey, Claims, NON_SECURE_CALLER};
use cdd_boot::{BootIdentity, Crypto, Layout, Machine, PartId, Record, SlotId};
use cdd_fuses::{LifeCycle, PublicKey, Role};
use cdd_hal::{DeviceSecret, FuseError, Fuses};
use cdd_image::build::{Builder, KeyType, SigningKey};
use cdd_image::{PublicKeyBytes, RustCrypto, Verifier, Version};
use ciborium::Value;
use coset::iana::{self, EnumI64};
use coset::{CoseSign1, RegisteredLabelWithPrivate, TaggedCborSerializable};
use zerocopy::FromZeros;
use zeroize::Zeroizing;

pub(crate) const IMPLEMENTATION_ID: [u8; 32] = [0x1D; 32];
pub(crate) const BOOT_SEED: [u8; 32] = [0x5E; 32];
pub(crate) const NONCE: [u8; 64] = [0xA7; 64];

const RAM: u32 = 0x1000;
const LOAD_ADDRESS: u32 = 0x3000_0000;

/// A device: what is in its fuses and flash, and who made it.
#[derive(Clone)]
pub(crate) struct Device {
    pub(crate) secret: [u8; 32],
    pub(crate) boot: [u8; 32],
    pub(crate) life_cycle: LifeCycle,
    pub(crate) platform_payload: u8,
    pub(crate) platform_signer: u8,
    pub(crate) application_payload: Option<u8>,
}

impl Default for Device {
    fn default() -> Self {
        Device {
            secret: [0x42; 32],
            boot: [0xB0; 32],
            life_cycle: LifeCycle::Secured,
            platform_payload: 1,
            platform_signer: 1,
            application_payload: Some(1),
        }
    }
}

impl Device {
    /// Starts the device: what boot hands over.
    pub(crate) fn start(&self) -> Record {
        let mut fuses = vec![0u8; cdd_fuses::SIZE];
        let mut burn = |at: u16, bits: &[u8]| fuses[usize::from(at)..][..bits.len()].copy_from_slice(bits);
        let words: Vec<u8> = self.life_cycle.words().iter().flat_map(|word| word.to_le_bytes()).collect();
        burn(cdd_fuses::LIFE_CYCLE, &words);
        for (role, signer, index) in
            [(Role::Platform, 1, 0), (Role::Platform, 2, 1), (Role::Application, 3, 0)]
        {
            let PublicKeyBytes::P256(point) = signing_key(signer).public() else { unreachable!() };
            let (at, bits) = PublicKey::P256(point).encode(role, index);
            burn(at, &bits);
        }
        burn(cdd_fuses::DIVERSIFIER.0, &[0x33; 32]);

        let image = |part: PartId, payload: u8, signer: u8| {
            let builder = Builder {
                security_counter: Some(1),
                load_address: Some(LOAD_ADDRESS),
                header_size: 0x200,
                part: Some(part.name().into()),
                name: Some(format!("test-{}", part.name())),
                ..Builder::new(version(payload))
            };
            builder.sign(&[payload; 256], &signing_key(signer)).unwrap()
        };
        let mut machine = TestMachine {
            fuses,
            secret: self.secret,
            boot: self.boot,
            platform: image(PartId::Platform, self.platform_payload, self.platform_signer),
            application: self.application_payload.map_or(Vec::new(), |p| image(PartId::Application, p, 3)),
            memory: [Vec::new(), Vec::new()],
        };
        let mut record = Record::new_zeroed();
        cdd_boot::boot::<_, TestCrypto>(&mut machine, &mut record);
        record
    }

    /// Starts the device and derives its attestation key.
    pub(crate) fn start_with_key(&self) -> (Record, AttestationKey) {
        let mut record = self.start();
        let key = AttestationKey::derive(&mut record.attest_secret).unwrap();
        (record, key)
    }
}

/// The version of the images with this payload.
pub(crate) fn version(payload: u8) -> Version {
    Version { major: payload, minor: 2, revision: 3, build: 4 }
}

fn signing_key(number: u8) -> SigningKey {
    SigningKey::from_secret(KeyType::EcdsaP256, &[number; 32]).unwrap()
}

/// The ID of the signer with this number, as boot records it.
pub(crate) fn signer_id(number: u8) -> [u8; 32] {
    signing_key(number).public().hash::<RustCrypto>()
}

/// What the platform would claim of this record.
pub(crate) fn claims(record: &Record) -> Claims<'_> {
    Claims {
        record,
        implementation_id: &IMPLEMENTATION_ID,
        client_id: NON_SECURE_CALLER,
        boot_seed: Some(&BOOT_SEED),
        verification_service: Some("https://verify.example"),
        certification_reference: None,
    }
}

/// A token for a challenge of 32 bytes.
pub(crate) fn token(record: &Record, key: &AttestationKey) -> Vec<u8> {
    let mut out = vec![0; cdd_attest::MAX_TOKEN_BYTES];
    let len = cdd_attest::issue(&claims(record), key, &NONCE[..32], &mut out).unwrap();
    out.truncate(len);
    out
}

/// A claims set as others see it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ClaimsSet(pub(crate) Vec<(Value, Value)>);

impl ClaimsSet {
    pub(crate) fn get(&self, label: i64) -> Option<&Value> {
        self.0.iter().find(|(key, _)| *key == Value::from(label)).map(|(_, value)| value)
    }

    pub(crate) fn labels(&self) -> Vec<i64> {
        self.0.iter().map(|(key, _)| i64::try_from(key.as_integer().unwrap()).unwrap()).collect()
    }
}

/// Verifies a token with `coset`, `ciborium` and AWS-LC: tagged COSE_Sign1, nothing but ES256 in the
/// headers, signature by `public_key`. Its claims set, or why not.
pub(crate) fn verify(token: &[u8], public_key: &[u8]) -> Result<ClaimsSet, String> {
    let sign1 = CoseSign1::from_tagged_slice(token).map_err(|error| error.to_string())?;
    let es256 = RegisteredLabelWithPrivate::Assigned(iana::Algorithm::ES256);
    if sign1.protected.header.alg != Some(es256) || !sign1.protected.header.rest.is_empty() {
        return Err("protected header".into());
    }
    if !sign1.unprotected.is_empty() {
        return Err("unprotected header".into());
    }
    sign1
        .verify_signature(b"", |signature, signed| {
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public_key).verify(signed, signature)
        })
        .map_err(|_| "signature".to_string())?;
    let payload = sign1.payload.ok_or("no payload")?;
    let mut rest = &payload[..];
    let claims: Value = ciborium::from_reader(&mut rest).map_err(|error| error.to_string())?;
    if !rest.is_empty() {
        return Err("bytes after the claims set".into());
    }
    claims.into_map().map(ClaimsSet).map_err(|_| "not a map".into())
}

/// COSE's number of ES256, by a foreign registry.
pub(crate) fn es256() -> i64 {
    iana::Algorithm::ES256.to_i64()
}

struct TestCrypto;

impl Verifier for TestCrypto {
    fn sha256(data: &[&[u8]]) -> [u8; 32] {
        RustCrypto::sha256(data)
    }

    fn verify_p256(point: &[u8; 64], digest: &[u8; 32], signature: &[u8; 64]) -> bool {
        RustCrypto::verify_p256(point, digest, signature)
    }

    fn verify_ed25519(_: &[u8; 32], _: &[u8], _: &[u8; 64]) -> bool {
        false
    }
}

impl Crypto for TestCrypto {
    fn hmac_sha256(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key);
        aws_lc_rs::hmac::sign(&key, &parts.concat()).as_ref().try_into().unwrap()
    }
}

struct TestMachine {
    fuses: Vec<u8>,
    secret: [u8; 32],
    boot: [u8; 32],
    platform: Vec<u8>,
    application: Vec<u8>,
    memory: [Vec<u8>; 2],
}

impl TestMachine {
    fn slot(&self, slot: SlotId) -> &[u8] {
        match slot {
            SlotId::PlatformA => &self.platform,
            SlotId::ApplicationA => &self.application,
            SlotId::PlatformB | SlotId::ApplicationB => &[],
        }
    }

    fn memory(part: PartId) -> usize {
        usize::from(part == PartId::Application)
    }
}

impl Fuses for TestMachine {
    fn read(&mut self, offset: u16, out: &mut [u8]) -> Result<(), FuseError> {
        out.copy_from_slice(self.fuses.get(usize::from(offset)..).unwrap().get(..out.len()).unwrap());
        Ok(())
    }

    fn burn(&mut self, _: u16, _: &[u8]) -> Result<(), FuseError> {
        Err(FuseError::OutOfRange)
    }
}

impl DeviceSecret for TestMachine {
    fn device_secret(&mut self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.secret)
    }

    fn forget(&mut self) {}
}

impl Machine for TestMachine {
    fn identity(&self) -> BootIdentity {
        BootIdentity { name: "test-boot", version: version(9), measurement: self.boot }
    }

    fn slot_size(&self, _: SlotId) -> u32 {
        RAM
    }

    fn layout(&self, _: PartId) -> Layout {
        Layout { load_address: LOAD_ADDRESS, header_size: 0x200, capacity: RAM }
    }

    fn read_slot(&mut self, slot: SlotId, offset: u32, out: &mut [u8]) -> bool {
        let content = self.slot(slot).iter().copied().chain(core::iter::repeat(0xFF));
        out.iter_mut().zip(content.skip(offset as usize)).for_each(|(to, from)| *to = from);
        true
    }

    fn load(&mut self, slot: SlotId, len: u32) -> bool {
        let mut image = vec![0; len as usize];
        self.read_slot(slot, 0, &mut image);
        self.memory[TestMachine::memory(slot.part())] = image;
        true
    }

    fn loaded(&self, part: PartId, len: u32) -> &[u8] {
        let memory = &self.memory[TestMachine::memory(part)];
        memory.get(..len as usize).unwrap_or(memory)
    }

    fn clear(&mut self) {
        self.memory = [Vec::new(), Vec::new()];
    }

    fn wipe(&mut self, part: PartId) {
        self.memory[TestMachine::memory(part)].clear();
    }
}
