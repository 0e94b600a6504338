//! Sessions with real firmware in QEMU. They need it built: `cargo xtask test` does that and runs them.

use cdd_image::PublicKeyBytes;
use cdd_image::build::{Builder, KeyType, SigningKey};
use dtsec_target::{
    Board, Device, Entropy, Firmware, LifeCycle, Power, ProbeAnswer, Provisioning, PublicKey, Session,
};
use std::path::Path;

struct Bench {
    _folder: tempfile::TempDir,
    device: Device,
    firmware: Firmware,
}

impl Bench {
    fn new(application: &str) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let board = Board::mps2_an505();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/firmware/mps2-an505");
        let firmware = Firmware::new(root, &board);
        assert_eq!(firmware.missing(), None, "run `cargo xtask build` first");
        let keys =
            [KeyType::EcdsaP256, KeyType::EcdsaP256].map(|key_type| SigningKey::generate(key_type).unwrap());
        let [platform_key, application_key] = keys.each_ref().map(|key| match key.public() {
            PublicKeyBytes::P256(point) => PublicKey::P256(point),
            PublicKeyBytes::Ed25519(key) => PublicKey::Ed25519(key),
        });
        let provisioning = Provisioning {
            life_cycle: LifeCycle::Secured,
            platform_keys: vec![platform_key],
            application_keys: vec![application_key],
            commercial_name: "Reference BGM".into(),
            hardware_reference: "mps2-an505".into(),
            hardware_version: "1.0".into(),
            ..Provisioning::blank()
        };
        let provisioning = provisioning.with_random_diversifier().unwrap().with_random_secret().unwrap();
        let device = Device::create(&folder.path().join("device"), &board, &provisioning).unwrap();
        let bench = Bench { _folder: folder, device, firmware };
        bench.flash("platform-a", &bench.firmware.platform(), &keys[0]);
        bench.flash("application-a", &bench.firmware.application(application).unwrap(), &keys[1]);
        bench
    }

    fn flash(&self, slot: &str, payload: &Path, key: &SigningKey) {
        let board = self.device.board();
        let part = &board.slot(slot).unwrap().part;
        let layout = board.part(part).unwrap();
        let mut builder = Builder::new("1.2.3+4".parse().unwrap());
        builder.header_size = layout.header_size;
        builder.pad_header = true;
        builder.load_address = Some(layout.load_address);
        builder.security_counter = Some(1);
        builder.part = Some(part.clone());
        builder.name = Some(format!("test-{part}"));
        let image = builder.sign(&std::fs::read(payload).unwrap(), key).unwrap();
        self.device.flash_slot(slot, &image).unwrap();
    }

    fn session(&self, entropy: Entropy) -> Session {
        self.device.power_on(&Power::new(&self.firmware.dir).with_entropy(entropy)).unwrap()
    }
}

#[test]
#[ignore = "needs the firmware and QEMU: run by `cargo xtask test`"]
fn the_reference_application_starts_and_answers() {
    let bench = Bench::new("bgm");
    let mut session = bench.session(Entropy::System);
    let report = session.report().unwrap();
    assert!(report.is_running(), "{}", report.raw);
    assert_eq!(report.slot("platform-a"), "accepted");
    assert_eq!(report.identity["commercial-name"], "Reference BGM");
    let identity = session.ask("identity").unwrap();
    assert!(identity.is_ok() && identity.lines.len() >= 7, "{}", session.transcript());
    let digest = session.ask("digest 616263").unwrap();
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(digest.line("digest"), Some(expected), "{}", session.transcript());
    session.send_reading(1_700_000_000, "104", "mg/dL").unwrap();
    session.console().wait_line("reading", |line| line.contains("mg/dL=104")).unwrap();
}

#[test]
#[ignore = "needs the firmware and QEMU: run by `cargo xtask test`"]
fn the_probe_faults_and_the_device_starts_again() {
    let bench = Bench::new("probe");
    let mut session = bench.session(Entropy::System);
    session.report().unwrap();
    assert_eq!(session.probe("ping").unwrap().ok(), Some(""));
    let answer = session.probe("read 0x38000000").unwrap();
    assert!(matches!(answer, ProbeAnswer::Fault(_)), "{answer:?}");
    assert!(answer.fault().is_some(), "{}", session.transcript());
    assert_eq!(session.probe("ping").unwrap().ok(), Some(""));
}

#[test]
#[ignore = "needs the firmware and QEMU: run by `cargo xtask test`"]
fn a_stuck_noise_source_leaves_no_random_bytes() {
    let bench = Bench::new("bgm");
    let good = bench.session(Entropy::System).ask("random 32").unwrap();
    assert!(good.is_ok(), "{good:?}");
    let bad = bench.session(Entropy::Constant(0)).ask("random 32").unwrap();
    assert!(!bad.is_ok(), "{bad:?}");
}

#[test]
#[ignore = "needs the firmware and QEMU: run by `cargo xtask test`"]
fn a_device_without_images_still_reports() {
    let bench = Bench::new("bgm");
    bench.device.erase_slot("platform-a").unwrap();
    let mut session = bench.session(Entropy::System);
    assert_eq!(session.report().unwrap().state, "no-platform");
    session.management().send_line("report").unwrap();
    assert_eq!(session.report().unwrap().by, "boot");
}
