//! Secrets for the next stage, in the manner of DICE (TCG DICE Attestation Architecture).
//!
//! The unique device secret never leaves boot. What the platform gets are two secrets derived from it:
//! one bound to what exactly was started, one bound to who signed it, so that sealed data survive an
//! update of the platform while an attestation key does not.
//!
//! ```text
//! instance = HMAC(device secret, "cdd instance" ‖ diversifier)
//! attest   = HMAC(instance, "cdd attest" ‖ life cycle ‖ boot ‖ platform ‖ platform's signer)
//! seal     = HMAC(instance, "cdd seal"   ‖ life cycle ‖ platform's signer)
//! ```
//!
//! The diversifier lies in the fuses: burning it to ones destroys every secret of the device.
//!
//! SFR: attestation-of-platform-genuineness, secure-trusted-storage, cryptographic-keystore.

use crate::{Crypto, Machine, PartId, Record};
use cdd_hal::FuseError;
use zeroize::{Zeroize, Zeroizing};

pub(crate) fn secrets<M: Machine, C: Crypto>(machine: &mut M, record: &mut Record) -> Result<(), FuseError> {
    let (at, _) = cdd_fuses::DIVERSIFIER;
    let mut diversifier = [0u8; 32];
    machine.read(at, &mut diversifier)?;
    let (Some(boot), Some(platform)) = (record.part(PartId::Boot), record.part(PartId::Platform)) else {
        return Ok(());
    };
    let life_cycle = record.life_cycle.to_le_bytes();
    let device = machine.device_secret();
    let instance = Zeroizing::new(C::hmac_sha256(&device, &[b"cdd instance", &diversifier]));
    let attest = C::hmac_sha256(
        &instance,
        &[b"cdd attest", &life_cycle, &boot.measurement, &platform.measurement, &platform.signer],
    );
    let seal = C::hmac_sha256(&instance, &[b"cdd seal", &life_cycle, &platform.signer]);
    record.attest_secret = attest;
    record.seal_secret = seal;
    diversifier.zeroize();
    Ok(())
}
