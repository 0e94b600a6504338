//! Attestation behind the gate.
//!
//! SFR: attestation-of-platform-genuineness, attestation-of-application-genuineness,
//! verification-of-platform-instance-identity.

use super::number_fits;
use crate::dispatch::{Input, Output};
use crate::{Board, HeldBack, Platform, identity};
use cdd_attest::{AttestError, AttestationKey, Claims, MAX_TOKEN_BYTES, NON_SECURE_CALLER, PUBLIC_KEY_BYTES};
use cdd_boot::{PartId, Record};
use cdd_crypto::Random;
use cdd_gate::{IdentityField, Status};
use cdd_hal::{CallerMemory, EntropySource, Fuses};
use cdd_keystore::{Family, SelfTests};
use core::num::NonZeroI32;
use zeroize::Zeroizing;

/// Who asks for a token on the management wire: not an application.
const MANAGEMENT: NonZeroI32 = match NonZeroI32::new(1) {
    Some(id) => id,
    None => NonZeroI32::MAX,
};

/// The attestation key, made on first use, and what stays the same in every token of this run.
pub(crate) struct Attestation {
    secret: Zeroizing<[u8; 32]>,
    key: Option<AttestationKey>,
    boot_seed: Option<[u8; 32]>,
    error: Option<AttestError>,
}

impl Attestation {
    pub(crate) fn new(secret: &[u8; 32]) -> Attestation {
        Attestation { secret: Zeroizing::new(*secret), key: None, boot_seed: None, error: None }
    }

    /// What keeps it from working.
    pub(crate) fn error(&self) -> Option<AttestError> {
        self.error
    }

    /// The key; on first use it is derived, and a boot seed is drawn. Without random there is no boot seed, which
    /// is optional, and the token says all the rest.
    fn key<S: EntropySource>(
        &mut self,
        tests: &mut SelfTests,
        random: &mut Random<S>,
    ) -> Result<(&AttestationKey, Option<&[u8]>), Status> {
        for family in [Family::Hash, Family::Hmac, Family::Hkdf, Family::P256] {
            tests.require(family).map_err(cdd_keystore::status)?;
        }
        if self.key.is_none() && self.error.is_none() {
            match AttestationKey::derive(&mut self.secret) {
                Ok(key) => self.key = Some(key),
                Err(error) => self.error = Some(error),
            }
            let mut seed = [0u8; 32];
            self.boot_seed = random.fill(&mut seed).is_ok().then_some(seed);
        }
        let key = self.key.as_ref().ok_or(Status::ServiceFailure)?;
        Ok((key, self.boot_seed.as_ref().map(|seed| &seed[..])))
    }
}

fn status(error: AttestError) -> Status {
    match error {
        AttestError::NonceLength => Status::InvalidArgument,
        AttestError::BufferTooSmall => Status::BufferTooSmall,
        AttestError::FaultDetected => Status::CorruptionDetected,
        _ => Status::ServiceFailure,
    }
}

/// What the immutable part of this platform is, from the fuses and boot's record.
fn implementation<F: Fuses>(fuses: &mut F, record: &Record) -> Result<[u8; 32], Status> {
    let (mut reference, mut version) = ([0u8; 48], [0u8; 48]);
    let reference = identity::field(fuses, record, IdentityField::HardwareReference, &mut reference)?;
    let version = identity::field(fuses, record, IdentityField::HardwareVersion, &mut version)?;
    let boot = record.part(PartId::Boot).ok_or(Status::ServiceFailure)?;
    Ok(cdd_attest::implementation_id(reference, version, &boot.measurement))
}

impl<B: Board, S: EntropySource> Platform<B, S> {
    fn token<R>(
        &mut self,
        client: NonZeroI32,
        work: impl FnOnce(&Claims<'_>, &AttestationKey, &mut [u8]) -> Result<R, Status>,
    ) -> Result<R, Status> {
        if self.held_back == Some(HeldBack::Unsettled) {
            // It shall not pass for a device in use.
            return Err(Status::BadState);
        }
        let Platform { board, record, random, keystore, attestation, buffers, .. } = self;
        let (key, boot_seed) = attestation.key(keystore.self_tests(), random)?;
        let implementation_id = implementation(board.fuses(), record)?;
        let claims = Claims {
            record,
            implementation_id: &implementation_id,
            client_id: client,
            boot_seed,
            verification_service: None,
            certification_reference: None,
        };
        work(&claims, key, buffers.output.arena().for_output(MAX_TOKEN_BYTES))
    }

    pub(crate) fn attest_get_token<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        challenge: Input,
        token: &mut Output,
    ) -> Result<(), Status> {
        let mut nonce = [0u8; 64];
        let nonce = challenge.copy(memory, &mut nonce)?;
        self.token(NON_SECURE_CALLER, |claims, key, out| {
            if token.capacity() < cdd_attest::size(claims, nonce.len()).map_err(status)? {
                return Err(Status::BufferTooSmall);
            }
            let size = cdd_attest::issue(claims, key, nonce, out).map_err(status)?;
            token.write(memory, out.get(..size).unwrap_or_default())
        })
    }

    pub(crate) fn attest_get_token_size<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        challenge: u32,
        size: &mut Output,
    ) -> Result<(), Status> {
        number_fits(size)?;
        let bytes = self.token(NON_SECURE_CALLER, |claims, _, _| {
            cdd_attest::size(claims, challenge as usize).map_err(status)
        })?;
        Self::write_number(memory, size, bytes as u32)
    }

    pub(crate) fn attest_get_key<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: &mut Output,
    ) -> Result<(), Status> {
        let public = self.attestation_key()?;
        key.write(memory, &public)
    }

    /// The public half of the attestation key.
    pub(crate) fn attestation_key(&mut self) -> Result<[u8; PUBLIC_KEY_BYTES], Status> {
        let Platform { random, keystore, attestation, .. } = self;
        attestation.key(keystore.self_tests(), random).map(|(key, _)| *key.public_key())
    }

    /// A token for whoever asks on the management wire, given to `show`.
    pub(crate) fn management_token(
        &mut self,
        nonce: &[u8],
        show: impl FnOnce(&mut B, &[u8]),
    ) -> Result<(), Status> {
        // The token is copied so that the board is free to show it.
        let mut token = [0u8; MAX_TOKEN_BYTES];
        let size = self.token(MANAGEMENT, |claims, key, out| {
            let size = cdd_attest::issue(claims, key, nonce, out).map_err(status)?;
            let bytes = out.get(..size).unwrap_or_default();
            token.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            Ok(size)
        })?;
        show(&mut self.board, token.get(..size).unwrap_or_default());
        Ok(())
    }
}
