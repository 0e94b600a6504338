//! The token: envelope, claims, signature.

use crate::claims::{Bytes, Component, LifeCycle, Map};
use crate::{Place, TokenError};
use ciborium::Value;
use coset::{CoseError, CoseSign1, TaggedCborSerializable};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The profile that a token names (RFC 9783 §4.5.2 and §5.2).
pub const PROFILE: &str = "tag:psacertified.org,2023:psa#tfm";
/// The longest token that is looked at. RFC 9783 names no limit; real ones have less than a kilobyte.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// `{1: -7}`: ES256 (RFC 9053 §2.1).
const PROTECTED: [u8; 3] = [0xA1, 0x01, 0x26];
/// r ‖ s
const SIGNATURE_BYTES: usize = 64;
/// UEID of type RAND (RFC 9711 §4.2.1), the only one that RFC 9783 §4.2.1 allows.
const UEID_RAND: u8 = 0x01;

/// A token that was read. Nothing of it is proven before [`Token::verify`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Token {
    /// The challenge that it answers: 32, 48 or 64 bytes.
    pub nonce: Bytes,
    /// Which device: 33 bytes, the first of them 1.
    pub instance_id: Bytes,
    /// Which immutable platform: 32 bytes, the same for all devices of a kind.
    pub implementation_id: Bytes,
    /// Who asked: negative for a caller in the Non-secure world, positive for one in the Secure world.
    pub client_id: i32,
    /// The state of its life.
    pub life_cycle: LifeCycle,
    /// That claim as it stands there.
    pub life_cycle_claim: u16,
    /// The software that runs, one component or more.
    pub components: Vec<Component>,
    /// Random bytes that are others after each start: 8 to 32.
    pub boot_seed: Option<Bytes>,
    /// Where the platform is listed as certified: 13 digits, a dash, 5 digits.
    pub certification_reference: Option<String>,
    /// Where it can be verified. A hint by the device, and no more.
    pub verification_service: Option<String>,
    /// How many claims there are besides, of which RFC 9783 knows nothing.
    pub unknown_claims: usize,
    /// What was signed: SHA-256 of the Sig_structure (RFC 9052 §4.4).
    #[serde(skip)]
    digest: [u8; 32],
    #[serde(skip)]
    signature: [u8; SIGNATURE_BYTES],
}

impl Token {
    /// Reads a token.
    pub fn parse(bytes: &[u8]) -> Result<Token, TokenError> {
        if bytes.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong { bytes: bytes.len() });
        }
        let envelope = CoseSign1::from_tagged_slice(bytes).map_err(|error| match error {
            CoseError::DecodeFailed(ciborium::de::Error::Io(_)) => TokenError::Truncated,
            other => TokenError::Envelope(other.to_string()),
        })?;
        let protected = envelope.protected.original_data.as_deref().unwrap_or_default();
        if protected != PROTECTED {
            return Err(TokenError::ProtectedHeader(protected.into()));
        }
        if !envelope.unprotected.is_empty() {
            return Err(TokenError::UnprotectedHeader);
        }
        let signature = <[u8; SIGNATURE_BYTES]>::try_from(&envelope.signature[..])
            .map_err(|_| TokenError::SignatureLength { bytes: envelope.signature.len() })?;
        let payload = envelope.payload.as_deref().ok_or(TokenError::NoClaims)?;
        let claims = claims_map(payload)?;
        let digest = Sha256::digest(envelope.tbs_data(&[])).into();
        if envelope.to_tagged_vec().ok().as_deref() != Some(bytes) {
            return Err(TokenError::NotPreferred("envelope"));
        }
        Token::of(Map::of("the claims", claims)?, digest, signature)
    }

    fn of(mut map: Map, digest: [u8; 32], signature: [u8; SIGNATURE_BYTES]) -> Result<Token, TokenError> {
        let place = Place::Claim;
        let profile = map.text(265, place("profile"))?.ok_or(TokenError::Missing(place("profile")))?;
        if profile != PROFILE {
            let value = format!("`{profile}`");
            return Err(TokenError::Value { place: place("profile"), value, allowed: PROFILE });
        }
        let instance_id = map.bytes(256, place("instance ID"), &[33], "33")?;
        if instance_id.first() != Some(&UEID_RAND) {
            let (place, value) = (place("instance ID"), instance_id.to_string());
            return Err(TokenError::Value { place, value, allowed: "of type RAND: it starts with 01" });
        }
        let number = map.number(2394, place("client ID"))?;
        let client_id = i32::try_from(number).ok().filter(|id| *id != 0).ok_or_else(|| {
            let allowed = "a number of 32 bits that is not 0";
            TokenError::Value { place: place("client ID"), value: number.to_string(), allowed }
        })?;
        let (life_cycle, life_cycle_claim) = life_cycle(map.number(2395, place("security life cycle"))?)?;
        let seed_fits = |length| (8..=32).contains(&length);
        Ok(Token {
            nonce: map.hash(10, place("nonce"))?,
            instance_id,
            implementation_id: map.bytes(2396, place("implementation ID"), &[32], "32")?,
            client_id,
            life_cycle,
            life_cycle_claim,
            components: components(&mut map)?,
            boot_seed: map.optional_bytes(268, place("boot seed"), seed_fits, "8 to 32")?,
            certification_reference: certification_reference(&mut map)?,
            verification_service: map.text(2400, place("verification service"))?,
            unknown_claims: map.left(),
            digest,
            signature,
        })
    }

    /// Whether the holder of this key signed the token: an uncompressed point of P-256, `04 ‖ x ‖ y` (SEC 1 §2.3.3).
    pub fn verify(&self, public_key_sec1: &[u8]) -> bool {
        let (Some(key), Ok(signature)) =
            (uncompressed(public_key_sec1), Signature::from_slice(&self.signature))
        else {
            return false;
        };
        key.verify_prehash(&self.digest, &signature).is_ok()
    }

    /// Whether the instance ID is that of this key: `01 ‖ SHA-256(key)` (PSA Attestation API 2.0, Table 4).
    pub fn names(&self, public_key_sec1: &[u8]) -> bool {
        self.instance_id.get(1..) == Some(&Sha256::digest(public_key_sec1)[..])
    }

    /// What was signed: SHA-256 of the Sig_structure (RFC 9052 §4.4). For whoever verifies with other cryptography.
    pub const fn signed_digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The signature as it stands there: `r ‖ s`.
    pub const fn signature(&self) -> &[u8; SIGNATURE_BYTES] {
        &self.signature
    }

    /// The component of that type, such as `platform`.
    pub fn component(&self, measurement_type: &str) -> Option<&Component> {
        self.components.iter().find(|part| part.measurement_type.as_deref() == Some(measurement_type))
    }
}

/// The key, if it is of the one form that instance IDs are made of.
fn uncompressed(sec1: &[u8]) -> Option<VerifyingKey> {
    (sec1.len() == 65 && sec1.first() == Some(&4)).then(|| VerifyingKey::from_sec1_bytes(sec1).ok())?
}

fn claims_map(payload: &[u8]) -> Result<Vec<(Value, Value)>, TokenError> {
    let mut rest = payload;
    let value: Value =
        ciborium::from_reader(&mut rest).map_err(|error| TokenError::Claims(error.to_string()))?;
    if !rest.is_empty() {
        return Err(TokenError::Claims("there are bytes behind it".into()));
    }
    let mut again = Vec::with_capacity(payload.len());
    if ciborium::into_writer(&value, &mut again).is_err() || again != payload {
        return Err(TokenError::NotPreferred("claims set"));
    }
    value.into_map().map_err(|_| TokenError::Claims("it is something else".into()))
}

fn life_cycle(number: i128) -> Result<(LifeCycle, u16), TokenError> {
    let known = u16::try_from(number).ok().and_then(|claim| Some((LifeCycle::of_claim(claim)?, claim)));
    known.ok_or_else(|| TokenError::Value {
        place: Place::Claim("security life cycle"),
        value: number.to_string(),
        allowed: "a state of RFC 9783 §4.3.1",
    })
}

fn components(map: &mut Map) -> Result<Vec<Component>, TokenError> {
    let place = Place::Claim("software components");
    match map.take(2399) {
        None => Err(TokenError::Missing(place)),
        Some(Value::Array(all)) if !all.is_empty() => {
            all.into_iter().enumerate().map(|(number, value)| Component::of(number, value)).collect()
        }
        Some(_) => Err(TokenError::Type { place, expected: "an array with something in it" }),
    }
}

/// An EAN-13, a dash, five digits (RFC 9783 §4.2.3).
fn certification_reference(map: &mut Map) -> Result<Option<String>, TokenError> {
    let place = Place::Claim("certification reference");
    let Some(text) = map.text(2398, place)? else { return Ok(None) };
    let fits = |(at, byte): (usize, u8)| if at == 13 { byte == b'-' } else { byte.is_ascii_digit() };
    if text.len() == 19 && text.bytes().enumerate().all(fits) {
        return Ok(Some(text));
    }
    let value = format!("`{text}`");
    Err(TokenError::Value { place, value, allowed: "13 digits, a dash and 5 digits" })
}
