//! Tokens made with `coset` and `ciborium`, whole or with one thing wrong.

use ciborium::Value;
use coset::iana::Algorithm;
use coset::{CoseSign1, CoseSign1Builder, HeaderBuilder, TaggedCborSerializable};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};
use sha2::{Digest, Sha256};

pub(crate) const NONCE: i64 = 10;
pub(crate) const INSTANCE_ID: i64 = 256;
pub(crate) const PROFILE: i64 = 265;
pub(crate) const BOOT_SEED: i64 = 268;
pub(crate) const CLIENT_ID: i64 = 2394;
pub(crate) const LIFE_CYCLE: i64 = 2395;
pub(crate) const IMPLEMENTATION_ID: i64 = 2396;
pub(crate) const CERTIFICATION_REFERENCE: i64 = 2398;
pub(crate) const COMPONENTS: i64 = 2399;
pub(crate) const VERIFICATION_SERVICE: i64 = 2400;

/// A key of tests.
pub(crate) fn signing_key(number: u8) -> SigningKey {
    SigningKey::from_slice(&[number; 32]).unwrap()
}

/// Its public half, uncompressed.
pub(crate) fn public_key(number: u8) -> Vec<u8> {
    signing_key(number).verifying_key().to_sec1_point(false).as_bytes().to_vec()
}

/// What a map holds, in its order.
pub(crate) type Entries = Vec<(Value, Value)>;

/// A claims set to be changed.
#[derive(Clone)]
pub(crate) struct Claims(pub(crate) Entries);

impl Claims {
    /// All that there can be.
    pub(crate) fn full() -> Claims {
        let instance = [&[1][..], &Sha256::digest(public_key(1))].concat();
        Claims(vec![
            (NONCE.into(), Value::Bytes(vec![0xA7; 32])),
            (INSTANCE_ID.into(), Value::Bytes(instance)),
            (PROFILE.into(), dtsec_token::PROFILE.into()),
            (BOOT_SEED.into(), Value::Bytes(vec![0x5E; 32])),
            (CLIENT_ID.into(), (-1).into()),
            (LIFE_CYCLE.into(), 0x3000.into()),
            (IMPLEMENTATION_ID.into(), Value::Bytes(vec![0x1D; 32])),
            (CERTIFICATION_REFERENCE.into(), "1234567890123-12345".into()),
            (COMPONENTS.into(), Value::Array(vec![component("boot"), component("platform")])),
            (VERIFICATION_SERVICE.into(), "https://verify.example".into()),
        ])
    }

    pub(crate) fn without(mut self, label: i64) -> Claims {
        let before = self.0.len();
        self.0.retain(|(key, _)| *key != label.into());
        assert_eq!(self.0.len() + 1, before, "{label} was there");
        self
    }

    pub(crate) fn with(mut self, label: impl Into<Value>, value: impl Into<Value>) -> Claims {
        let (label, value) = (label.into(), value.into());
        match self.0.iter_mut().find(|(key, _)| *key == label) {
            Some((_, old)) => *old = value,
            None => self.0.push((label, value)),
        }
        self
    }

    pub(crate) fn encoded(&self) -> Vec<u8> {
        encoded(&Value::Map(self.0.clone()))
    }

    pub(crate) fn token(&self) -> Vec<u8> {
        token_of(&self.encoded())
    }
}

/// A component of that type.
pub(crate) fn component(kind: &str) -> Value {
    Value::Map(vec![
        (1.into(), kind.into()),
        (2.into(), Value::Bytes(vec![0x2A; 32])),
        (4.into(), "1.2.3+4".into()),
        (5.into(), Value::Bytes(vec![0x51; 32])),
        (6.into(), "sha-256".into()),
    ])
}

pub(crate) fn encoded(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

/// The token of these claims by key 1.
pub(crate) fn token_of(claims: &[u8]) -> Vec<u8> {
    envelope(claims).to_tagged_vec().unwrap()
}

/// The same, not yet put together.
pub(crate) fn envelope(claims: &[u8]) -> CoseSign1 {
    let header = HeaderBuilder::new().algorithm(Algorithm::ES256).build();
    signed(CoseSign1Builder::new().protected(header).payload(claims.to_vec()))
}

/// Signs with key 1.
pub(crate) fn signed(builder: CoseSign1Builder) -> CoseSign1 {
    let sign = |message: &[u8]| {
        let signature: Signature = signing_key(1).sign_prehash(&Sha256::digest(message)).unwrap();
        signature.to_bytes().to_vec()
    };
    builder.create_signature(&[], sign).build()
}
