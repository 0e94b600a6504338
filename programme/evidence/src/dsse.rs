//! DSSE: the envelope in which a statement travels, and what its signatures are worth.
//!
//! <https://github.com/secure-systems-lab/dsse>, protocol and envelope v1. A signature covers type and payload
//! together, in the pre-authentication encoding, so nobody can pass the bytes of one type off as another. The key id in
//! an envelope is a hint that nobody has signed: here it decides nothing.

use crate::key::{KeyError, PrivateKey, PublicKey};
use crate::statement::{Statement, StatementError};
use base64ct::{Base64, Base64Unpadded, Base64Url, Base64UrlUnpadded, Encoding as _};
use serde::{Deserialize, Serialize};

/// The only type of payload that is known here.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The most signatures that are looked at.
const MAX_SIGNATURES: usize = 64;

/// Bytes as signed: `DSSEv1`, then length and bytes of the type, then length and bytes of the payload.
pub fn pre_authentication(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// Why something is no envelope, or cannot become one.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Too large.
    #[error("{bytes} bytes are more than an envelope may have ({})", crate::MAX_BYTES)]
    TooLong {
        /// How large.
        bytes: usize,
    },
    /// Not JSON of that form.
    #[error("not a DSSE envelope: {0}")]
    Json(#[from] serde_json::Error),
    /// Payload or signature is not in base64.
    #[error("not a DSSE envelope: {what} is not base64")]
    Base64 {
        /// Which of them.
        what: &'static str,
    },
    /// Too many signatures.
    #[error("{found} signatures are more than are looked at ({MAX_SIGNATURES})")]
    TooManySignatures {
        /// How many.
        found: usize,
    },
    /// Another type of payload.
    #[error("the payload is of type `{found}`, and only `{PAYLOAD_TYPE}` is known")]
    PayloadType {
        /// What it says.
        found: String,
    },
    /// It was signed by this key before.
    #[error("key {keyid} has signed this before, and a second signature adds nothing; sign with another key")]
    SignedBefore {
        /// The key.
        keyid: String,
    },
    /// What is signed is no evidence.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The key is of no use.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// An envelope. What is in it is not believed before [`verify`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// In base64.
    payload: String,
    /// What the payload is.
    #[serde(rename = "payloadType")]
    payload_type: String,
    /// Who says so.
    signatures: Vec<Signature>,
}

/// A signature in an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// A hint which key to try: the SHA-256 of its SubjectPublicKeyInfo. Nobody has signed it.
    #[serde(default)]
    pub keyid: String,
    /// In base64; inside it, DER.
    pub sig: String,
}

impl Envelope {
    /// Puts a statement into an envelope and signs it.
    ///
    /// # Errors
    /// Where the statement has no canonical bytes.
    pub fn seal(statement: &Statement, key: &PrivateKey) -> Result<Envelope, EnvelopeError> {
        let mut envelope = Envelope {
            payload: Base64::encode_string(&statement.bytes()?),
            payload_type: PAYLOAD_TYPE.to_owned(),
            signatures: Vec::new(),
        };
        envelope.countersign(key)?;
        Ok(envelope)
    }

    /// Adds a signature. Only what could be verified is signed, and by each key once.
    ///
    /// # Errors
    /// Where the payload is no evidence, or this key has signed before.
    pub fn countersign(&mut self, key: &PrivateKey) -> Result<(), EnvelopeError> {
        if self.payload_type != PAYLOAD_TYPE {
            return Err(EnvelopeError::PayloadType { found: self.payload_type.clone() });
        }
        let payload = self.payload()?;
        Statement::from_json(&text(&payload)?)?;
        let signed = pre_authentication(&self.payload_type, &payload);
        let (public, keyid) = (key.public(), key.public().id()?);
        if self.made_by(&public, &signed)? {
            return Err(EnvelopeError::SignedBefore { keyid });
        }
        self.signatures.push(Signature { keyid, sig: Base64::encode_string(&key.sign(&signed)?) });
        Ok(())
    }

    /// Reads it. Members that DSSE does not know are ignored, as it asks for.
    ///
    /// # Errors
    /// Where it is too large or of another form.
    pub fn from_json(text: &str) -> Result<Envelope, EnvelopeError> {
        if text.len() > crate::MAX_BYTES {
            return Err(EnvelopeError::TooLong { bytes: text.len() });
        }
        let envelope: Envelope = serde_json::from_str(text)?;
        if envelope.signatures.len() > MAX_SIGNATURES {
            return Err(EnvelopeError::TooManySignatures { found: envelope.signatures.len() });
        }
        envelope.payload()?;
        for signature in &envelope.signatures {
            decode(&signature.sig, "a signature")?;
        }
        Ok(envelope)
    }

    /// Its JSON form.
    pub fn to_json(&self) -> String {
        // Texts only: this does not fail.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The signatures, as they stand there.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    fn payload(&self) -> Result<Vec<u8>, EnvelopeError> {
        decode(&self.payload, "the payload")
    }

    fn made_by(&self, key: &PublicKey, signed: &[u8]) -> Result<bool, EnvelopeError> {
        for signature in &self.signatures {
            if key.made(&decode(&signature.sig, "a signature")?, signed) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Why an envelope is not believed.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The question makes no sense.
    #[error(
        "a threshold of {threshold} cannot be asked of {keys} different keys; it is from 1 to that number"
    )]
    Threshold {
        /// How many were asked for.
        threshold: usize,
        /// How many keys there are.
        keys: usize,
    },
    /// Nobody has signed.
    #[error("there is no signature on it")]
    NoSignature,
    /// Too few of those who are trusted.
    #[error(
        "{signers} of the {keys} keys given signed this, and {threshold} must have; it carries {signatures} \
         signatures, so it was signed by other keys or altered afterwards"
    )]
    TooFew {
        /// Keys that did.
        signers: usize,
        /// Keys that were given.
        keys: usize,
        /// Keys that must have.
        threshold: usize,
        /// Signatures on it.
        signatures: usize,
    },
    /// The envelope is of another form or type.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
}

/// What was in an envelope, and who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What was signed.
    pub statement: Statement,
    /// The ids of the keys given that signed it, each once, in the order in which they were given.
    pub signers: Vec<String>,
}

/// Opens an envelope: at least `threshold` of `keys` must have signed it, each counted once however often it signed
/// and however often it was given.
///
/// # Errors
/// Where too few did, and where what they signed is no evidence or contradicts itself.
pub fn verify(envelope: &Envelope, keys: &[PublicKey], threshold: usize) -> Result<Verified, VerifyError> {
    let mut distinct: Vec<PublicKey> = Vec::with_capacity(keys.len());
    for key in keys {
        if !distinct.contains(key) {
            distinct.push(*key);
        }
    }
    if threshold == 0 || threshold > distinct.len() {
        return Err(VerifyError::Threshold { threshold, keys: distinct.len() });
    }
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(EnvelopeError::PayloadType { found: envelope.payload_type.clone() }.into());
    }
    if envelope.signatures.is_empty() {
        return Err(VerifyError::NoSignature);
    }
    let payload = envelope.payload()?;
    let signed = pre_authentication(&envelope.payload_type, &payload);
    let mut signers = Vec::new();
    for key in &distinct {
        if envelope.made_by(key, &signed)? {
            signers.push(key.id().map_err(EnvelopeError::from)?);
        }
    }
    if signers.len() < threshold {
        return Err(VerifyError::TooFew {
            signers: signers.len(),
            keys: distinct.len(),
            threshold,
            signatures: envelope.signatures.len(),
        });
    }
    // Not a byte of it is read before it is known who wrote it.
    let statement = text(&payload).and_then(|text| Ok(Statement::from_json(&text)?))?;
    Ok(Verified { statement, signers })
}

fn text(payload: &[u8]) -> Result<String, EnvelopeError> {
    let text = std::str::from_utf8(payload);
    // As serde_json says it of bytes that are no text.
    text.map(str::to_owned).map_err(|_| {
        let error = <serde_json::Error as serde::de::Error>::custom("it is not UTF-8");
        EnvelopeError::Statement(StatementError::Json(error))
    })
}

/// DSSE allows both alphabets, and people leave the padding away.
fn decode(text: &str, what: &'static str) -> Result<Vec<u8>, EnvelopeError> {
    Base64::decode_vec(text)
        .or_else(|_| Base64Url::decode_vec(text))
        .or_else(|_| Base64Unpadded::decode_vec(text))
        .or_else(|_| Base64UrlUnpadded::decode_vec(text))
        .map_err(|_| EnvelopeError::Base64 { what })
}
