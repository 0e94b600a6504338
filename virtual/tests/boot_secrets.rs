//! What the derived secrets depend on, and that they are handed over once.

#![forbid(unsafe_code)]

mod support;

use cdd_boot::{Record, SlotId, State};
use cdd_fuses::LifeCycle;
use cdd_virtual::{Board, FuseDevice, HostCrypto, Nor, VirtualMachine};
use support::*;
use zerocopy::FromZeros;

/// The two secrets, attest and seal.
type Pair = ([u8; 32], [u8; 32]);

fn secrets(specimen: &Specimen) -> Pair {
    let record = specimen.start().record;
    assert!(matches!(record.state(), State::Running | State::NoApplication));
    (record.attest_secret, record.seal_secret)
}

fn changed(change: impl FnOnce(&mut Specimen)) -> Pair {
    let mut specimen = Specimen::genuine();
    change(&mut specimen);
    secrets(&specimen)
}

#[test]
fn the_same_device_with_the_same_images_gets_the_same_secrets_at_every_start() {
    let first = changed(|_| ());
    assert_eq!(first, changed(|_| ()));
    assert_ne!(first.0, first.1);
    assert_ne!(first.0, [0; 32]);
    assert_ne!(first.1, [0; 32]);
    assert_ne!(first.0, SECRET);
}

#[test]
fn an_update_by_the_same_signer_keeps_the_seal_and_changes_the_attestation() {
    let (attest, seal) = changed(|_| ());
    let updated = changed(|s| s.put(SlotId::PlatformB, &genuine_platform(2)));
    assert_ne!(updated.0, attest);
    assert_eq!(updated.1, seal);
    // The slot does not matter, nor does the application.
    let moved = changed(|s| {
        s.put(SlotId::PlatformA, &[]);
        s.put(SlotId::PlatformB, &genuine_platform(1));
        s.put(SlotId::ApplicationA, &[]);
    });
    assert_eq!(moved, (attest, seal));
}

#[test]
fn another_signer_gets_neither_secret() {
    let (attest, seal) = changed(|_| ());
    let image = platform(version(1, 0)).sign(&payload(1, 256), &second_platform_key()).unwrap();
    let other = changed(|s| s.put(SlotId::PlatformA, &image));
    assert_ne!(other.0, attest);
    assert_ne!(other.1, seal);
}

#[test]
fn another_device_diversifier_or_life_cycle_gives_other_secrets() {
    let mut seen = vec![changed(|_| ())];
    seen.push(changed(|s| s.secret[31] ^= 1));
    seen.push(changed(|s| s.burn(cdd_fuses::DIVERSIFIER.0, &[0x04])));
    seen.push(changed(|s| s.burn(cdd_fuses::DIVERSIFIER.0, &[0xFF; 32])));
    seen.push(changed(|s| s.life_cycle(LifeCycle::Provisioning)));
    seen.push(changed(|s| s.life_cycle(LifeCycle::DebugAuthorised)));
    for (i, one) in seen.iter().enumerate() {
        for other in &seen[i + 1..] {
            assert_ne!(one.0, other.0);
            assert_ne!(one.1, other.1);
        }
    }
}

#[test]
fn other_boot_code_changes_the_attestation_and_keeps_the_seal() {
    let (attest, seal) = changed(|_| ());
    let specimen = Specimen::genuine();
    let (nor, fuses) = (Nor::with_content(specimen.flash), FuseDevice::with_content(specimen.fuses));
    let mut machine = VirtualMachine::new(Board::reference(), nor, fuses, SECRET, [0xB1; 32]);
    let mut record = Record::new_zeroed();
    cdd_boot::boot::<_, HostCrypto>(&mut machine, &mut record);
    assert_ne!(record.attest_secret, attest);
    assert_eq!(record.seal_secret, seal);
}

#[test]
fn the_secrets_can_be_taken_from_the_record_once() {
    let mut record = Specimen::genuine().start().record;
    let (attest, seal) = (record.attest_secret, record.seal_secret);
    let taken = record.take_secrets();
    assert_eq!((taken.attest, taken.seal), (attest, seal));
    assert_eq!((record.attest_secret, record.seal_secret), ([0; 32], [0; 32]));
    let again = record.take_secrets();
    assert_eq!((again.attest, again.seal), ([0; 32], [0; 32]));
    let bytes = zerocopy::IntoBytes::as_bytes(&record);
    assert!(!bytes.windows(8).any(|window| window == &attest[..8] || window == &seal[..8]));
}

#[test]
fn a_record_of_an_earlier_start_leaves_nothing_in_the_next_one() {
    let mut record = Record::new_zeroed();
    cdd_boot::boot::<_, HostCrypto>(&mut Specimen::genuine().machine(), &mut record);
    assert_eq!(record.state(), State::Running);
    cdd_boot::boot::<_, HostCrypto>(&mut Specimen::blank().machine(), &mut record);
    assert_eq!(record.state(), State::Unprovisioned);
    assert_eq!((record.attest_secret, record.seal_secret), ([0; 32], [0; 32]));
    assert!(cdd_boot::PartId::ALL[1..].iter().all(|part| record.part(*part).is_none()));
}
