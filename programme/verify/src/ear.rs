//! A verdict as an EAT Attestation Result: draft-ietf-rats-ear-04, with the vector of draft-ietf-rats-ar4si-09.
//!
//! Both are drafts, pinned by [`PROFILE`]; they stay in this file. What the drafts have no claim for – the finding, the version, the
//! list with its times – is in the verifier's own claims (`ear_verifier_claims`).

use crate::{Freshness, Tier, TrustVector, Verdict};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The profile that names the draft.
pub const PROFILE: &str = "tag:ietf.org,2026:rats/ear#04";
/// By which rules a verdict is given.
const POLICY: &str = "tag:dtsec,2026:published-list#1";
/// The name of the one part that is appraised: the device as a whole.
const SUBMODULE: &str = "cdd";

/// Who gives verdicts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifierId {
    /// Who made the verifier.
    pub developer: String,
    /// Which build it is.
    pub build: String,
}

impl Default for VerifierId {
    fn default() -> VerifierId {
        VerifierId {
            developer: "dtsec".into(),
            build: concat!("dtsec-verify ", env!("CARGO_PKG_VERSION")).into(),
        }
    }
}

/// An EAT Attestation Result.
#[derive(Debug, Clone, Serialize)]
pub struct Ear<'v> {
    eat_profile: &'static str,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    ear_verifier_id: &'v VerifierId,
    #[serde(skip_serializing_if = "Option::is_none")]
    eat_nonce: Option<String>,
    ear_status: Tier,
    submods: BTreeMap<&'static str, Appraisal<'v>>,
}

#[derive(Debug, Clone, Serialize)]
struct Appraisal<'v> {
    ear_status: Tier,
    ear_trustworthiness_vector: TrustVector,
    ear_appraisal_policy_ids: [&'static str; 1],
    #[serde(serialize_with = "verdict")]
    ear_verifier_claims: &'v Verdict<'v>,
}

fn verdict<S: Serializer>(verdict: &&Verdict<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    verdict.serialize(serializer)
}

impl<'v> Ear<'v> {
    /// The result of a verdict; good for so long, and never longer than the list.
    pub fn new(verdict: &'v Verdict<'v>, verifier: &'v VerifierId, lifetime: SignedDuration) -> Ear<'v> {
        let iat = verdict.at.as_second();
        let until = verdict.at.saturating_add(lifetime).unwrap_or(verdict.at);
        let until = match verdict.list.freshness {
            Freshness::Fresh => until.min(verdict.list.fresh_until),
            Freshness::Stale | Freshness::FromTheFuture => until,
        };
        let appraisal = Appraisal {
            ear_status: verdict.tier(),
            ear_trustworthiness_vector: verdict.vector(),
            ear_appraisal_policy_ids: [POLICY],
            ear_verifier_claims: verdict,
        };
        Ear {
            eat_profile: PROFILE,
            iat,
            exp: Some(until.as_second()),
            ear_verifier_id: verifier,
            eat_nonce: verdict.token.as_ref().map(|token| URL_SAFE_NO_PAD.encode(&token.nonce[..])),
            ear_status: verdict.tier(),
            submods: BTreeMap::from([(SUBMODULE, appraisal)]),
        }
    }
}

/// Why there is no signer, or no signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// The key.
    #[error("no private key of ECDSA on P-256 in PKCS #8: {0}")]
    Key(String),
    /// The operating system gives no random bytes, or the cryptography fails.
    #[error("the signature could not be made")]
    Signature,
    /// The result has no JSON.
    #[error("the result could not be written: {0}")]
    Json(String),
}

/// Signs results: JWTs with ES256 (RFC 7515, RFC 7518 §3.4).
pub struct EarSigner {
    key: EcdsaKeyPair,
    random: SystemRandom,
    /// `{"alg":"ES256",…}` in base64url, with the dot behind it.
    head: String,
}

impl EarSigner {
    /// With a private key in PKCS #8.
    ///
    /// # Errors
    /// Where it is none of P-256.
    pub fn new(pkcs8: &[u8]) -> Result<EarSigner, SignerError> {
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
            .map_err(|error| SignerError::Key(error.to_string()))?;
        Ok(EarSigner::of(key))
    }

    /// With a new key, and the key in PKCS #8.
    ///
    /// # Errors
    /// Where the operating system gives no random bytes.
    pub fn generate() -> Result<(EarSigner, Vec<u8>), SignerError> {
        let key =
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| SignerError::Signature)?;
        let pkcs8 = key.to_pkcs8v1().map_err(|_| SignerError::Signature)?.as_ref().to_vec();
        Ok((EarSigner::of(key), pkcs8))
    }

    fn of(key: EcdsaKeyPair) -> EarSigner {
        let head = r#"{"alg":"ES256","typ":"JWT"}"#;
        EarSigner { key, random: SystemRandom::new(), head: format!("{}.", URL_SAFE_NO_PAD.encode(head)) }
    }

    /// The public key, `04 ‖ x ‖ y`.
    pub fn public_key(&self) -> &[u8] {
        self.key.public_key().as_ref()
    }

    /// The public key as a JWK (RFC 7517).
    pub fn jwk(&self) -> Value {
        let point = self.public_key();
        let coordinate =
            |range| point.get::<std::ops::Range<usize>>(range).map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "x": coordinate(1..33), "y": coordinate(33..65) })
    }

    /// The signed result.
    ///
    /// # Errors
    /// Where the cryptography fails.
    pub fn sign(&self, ear: &Ear<'_>) -> Result<String, SignerError> {
        let payload = serde_json::to_vec(ear).map_err(|error| SignerError::Json(error.to_string()))?;
        let mut jwt = String::with_capacity(self.head.len() + payload.len() * 4 / 3 + 96);
        jwt.push_str(&self.head);
        URL_SAFE_NO_PAD.encode_string(&payload, &mut jwt);
        let signature = self.key.sign(&self.random, jwt.as_bytes()).map_err(|_| SignerError::Signature)?;
        jwt.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut jwt);
        Ok(jwt)
    }
}

impl std::fmt::Debug for EarSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EarSigner").finish_non_exhaustive()
    }
}
