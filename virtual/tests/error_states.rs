//! Error states: what fails is told, and everything else goes on.

#![forbid(unsafe_code)]

mod support;

use cdd_client::{Platform as Client, Status};
use cdd_keystore::Family;
use cdd_platform::{History, Platform};
use cdd_virtual::{Entropy, Gate, VirtualBoard};
use support::*;

/// A device in which the self-test of this family fails.
fn device(broken: Option<Family>) -> Gate<VirtualBoard<Silent>, Entropy> {
    let start = Specimen::genuine().start();
    let hardware = VirtualBoard::hardware(start.machine, Silent, Entropy::OperatingSystem).unwrap();
    let mut platform = Platform::new(hardware, start.record, History::default());
    if let Some(family) = broken {
        platform.plant_failed_self_test(family);
    }
    platform.take_over();
    Gate::new(platform)
}

#[test]
fn a_cipher_that_fails_its_self_test_neither_seals_nor_opens_and_the_rest_goes_on() {
    let mut gate = device(Some(Family::ChaCha20Poly1305));
    let mut client = Client::new(&mut gate);
    let services = client.services().unwrap();
    assert_eq!(services.failed_tests, 1 << Family::ChaCha20Poly1305 as u32);
    assert_eq!(services.storage, 0x0416);
    assert_eq!(client.storage_set(1, 0, 0, b"reading"), Err(Status::CorruptionDetected));
    let mut hash = [0; 32];
    assert_eq!(client.digest(cdd_client::algorithm::SHA_256, b"abc", &mut hash), Ok(32));
    client.random(&mut [0; 32]).unwrap();
}

#[test]
fn another_family_that_fails_leaves_the_storage_alone() {
    for broken in [None, Some(Family::Ccm)] {
        let mut gate = device(broken);
        let mut client = Client::new(&mut gate);
        assert_eq!(client.services().unwrap().storage, 0, "{broken:?}");
        client.storage_set(1, 0, 0, b"reading").unwrap();
    }
}
