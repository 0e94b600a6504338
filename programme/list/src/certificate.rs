//! Certificates of attestation keys: a manufacturer's authority, and chains that end in a device's key.
//!
//! Paths are validated by webpki, which TLS in Rust relies on; what is added is that the key is one of P-256.

use crate::{BytesError, PublicKey};
use jiff::Timestamp;
use rustls_pki_types::pem::{PemObject, SectionKind};
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use sha2::{Digest, Sha256};
use std::time::Duration;
use webpki::aws_lc_rs::{
    ECDSA_P256_SHA256, ECDSA_P256_SHA384, ECDSA_P384_SHA256, ECDSA_P384_SHA384, ED25519,
};
use webpki::{EndEntityCert, KeyUsage};

/// With what certificates may be signed: nothing below 128 bits of strength, and no RSA.
const ALGORITHMS: [&dyn SignatureVerificationAlgorithm; 5] =
    [ECDSA_P256_SHA256, ECDSA_P256_SHA384, ECDSA_P384_SHA256, ECDSA_P384_SHA384, ED25519];
/// The purpose that a certificate of an attestation key names, if it names any: tcg-dice-kp-attestInit, 2.23.133.5.4.100.9.
/// A certificate made for something else, such as a server, is not taken.
const ATTEST: &[u8] = &[0x67, 0x81, 0x05, 0x05, 0x04, 0x64, 0x09];
/// The most certificates in a chain.
const MAX_CHAIN: usize = 8;

/// Why certificates do not give a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Not PEM.
    #[error("not PEM: {0}")]
    Pem(String),
    /// No certificates, or too many.
    #[error("{found} certificates, and there have to be 1 to {}", MAX_CHAIN)]
    Count {
        /// How many there are.
        found: usize,
    },
    /// It is no certificate.
    #[error("not a certificate: {0}")]
    Certificate(String),
    /// It does not lead to an endorsed authority, or not at this time, or not for this purpose.
    #[error("the chain leads to none of the {authorities} endorsed authorities: {why}")]
    Path {
        /// How many there are.
        authorities: usize,
        /// What the path validation says.
        why: String,
    },
    /// The key is of another kind.
    #[error("the certificate's key: {0}")]
    Key(#[from] BytesError),
}

/// A manufacturer's authority: the certificate with which the certificates of its devices' keys end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    manufacturer: String,
    der: CertificateDer<'static>,
}

impl Authority {
    /// An authority from its certificate in DER.
    ///
    /// # Errors
    /// Where it is no certificate.
    pub fn new(manufacturer: impl Into<String>, der: Vec<u8>) -> Result<Authority, ChainError> {
        let der = CertificateDer::from(der);
        webpki::anchor_from_trusted_cert(&der).map_err(|error| ChainError::Certificate(error.to_string()))?;
        Ok(Authority { manufacturer: manufacturer.into(), der })
    }

    /// Whose it is.
    pub fn manufacturer(&self) -> &str {
        &self.manufacturer
    }

    /// The SHA-256 over the certificate: what a revocation names.
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(&self.der).into()
    }

    /// The certificate in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}

/// A chain of certificates: that of the attestation key first, then those that lead to an authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain(Vec<CertificateDer<'static>>);

impl Chain {
    /// A chain from certificates in DER.
    ///
    /// # Errors
    /// Where there are none or too many.
    pub fn new(der: Vec<Vec<u8>>) -> Result<Chain, ChainError> {
        match der.len() {
            1..=MAX_CHAIN => Ok(Chain(der.into_iter().map(CertificateDer::from).collect())),
            found => Err(ChainError::Count { found }),
        }
    }

    /// A chain from PEM.
    ///
    /// # Errors
    /// Where it is not PEM, holds anything else, or nothing.
    pub fn from_pem(pem: &[u8]) -> Result<Chain, ChainError> {
        let mut certificates = Vec::new();
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem) {
            match section.map_err(|error| ChainError::Pem(error.to_string()))? {
                (SectionKind::Certificate, der) => certificates.push(der),
                (other, _) => return Err(ChainError::Pem(format!("there is a {other:?} in it"))),
            }
        }
        Chain::new(certificates)
    }

    /// The SHA-256 over each certificate: what a revocation names.
    pub fn fingerprints(&self) -> impl Iterator<Item = [u8; 32]> {
        self.0.iter().map(|der| Sha256::digest(der).into())
    }

    /// The key that the first certificate is for, and the authority that the chain leads to.
    ///
    /// # Errors
    /// Where the chain leads to none of the authorities at this time.
    pub fn verify<'a>(
        &self,
        authorities: &'a [Authority],
        now: Timestamp,
    ) -> Result<(PublicKey, &'a Authority), ChainError> {
        let Some((first, intermediates)) = self.0.split_first() else {
            return Err(ChainError::Count { found: 0 });
        };
        let leaf =
            EndEntityCert::try_from(first).map_err(|error| ChainError::Certificate(error.to_string()))?;
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let usage = KeyUsage::required_if_present(ATTEST);
        let mut why = "there are none".to_owned();
        for authority in authorities {
            let anchor = webpki::anchor_from_trusted_cert(&authority.der)
                .map_err(|error| ChainError::Certificate(error.to_string()))?;
            let anchors = [anchor];
            match leaf.verify_for_usage(&ALGORITHMS, &anchors, intermediates, time, usage, None, None) {
                Ok(_) => {
                    let spki = leaf.subject_public_key_info();
                    return Ok((PublicKey::of_spki(&spki)?, authority));
                }
                // Of several reasons the one that got furthest: an unknown issuer is what all the others say.
                Err(webpki::Error::UnknownIssuer) if authorities.len() > 1 && why != "there are none" => {}
                Err(error) => why = error.to_string(),
            }
        }
        Err(ChainError::Path { authorities: authorities.len(), why })
    }
}
