use super::*;
use crate::{Role, SecretFlaw};
use std::os::unix::fs::PermissionsExt;

fn device() -> (tempfile::TempDir, Device) {
    let folder = tempfile::tempdir().unwrap();
    let mut provisioning = Provisioning::blank();
    provisioning.device_secret = [0x42; 32].into();
    let device =
        Device::create(&folder.path().join("one"), &Board::virtual_process(), &provisioning).unwrap();
    (folder, device)
}

#[test]
fn a_new_device_has_erased_flash_blank_fuses_and_a_secret_that_only_its_owner_reads() {
    let (_folder, device) = device();
    let flash = device.read_flash().unwrap();
    assert_eq!(flash.len(), device.board().flash().size);
    assert!(flash.iter().all(|byte| *byte == 0xFF));
    assert!(device.read_fuses().unwrap().is_blank());
    let factory = device.factory_path();
    assert_eq!(std::fs::read(&factory).unwrap(), [0x42; 32]);
    assert_eq!(factory.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(Device::open(device.dir()).unwrap().board().target(), "virtual");
}

#[test]
fn a_device_is_never_made_over_another() {
    let (_folder, device) = device();
    let again = Device::create(device.dir(), &Board::virtual_process(), &Provisioning::blank());
    assert!(matches!(again, Err(DeviceError::AlreadyThere { .. })));
}

#[test]
fn flashing_a_slot_erases_what_was_there_and_nothing_beside_it() {
    let (_folder, device) = device();
    let slot = device.board().slot("platform-b").unwrap().clone();
    device.flash_slot("platform-b", &vec![0; slot.size]).unwrap();
    device.flash_slot("platform-b", &[1, 2, 3]).unwrap();
    let flash = device.read_flash().unwrap();
    assert_eq!(flash[slot.offset..slot.offset + 4], [1, 2, 3, 0xFF]);
    assert_eq!(flash.iter().filter(|byte| **byte != 0xFF).count(), 3);
    assert_eq!(device.read_slot("platform-b").unwrap()[..3], [1, 2, 3]);
}

#[test]
fn an_image_larger_than_its_slot_is_refused_and_changes_nothing() {
    let (_folder, device) = device();
    let size = device.board().slot("application-a").unwrap().size;
    let result = device.flash_slot("application-a", &vec![0; size + 1]);
    assert!(matches!(result, Err(DeviceError::Oversize { .. })));
    assert!(device.read_flash().unwrap().iter().all(|byte| *byte == 0xFF));
    device.flash_slot("application-a", &vec![0; size]).unwrap();
}

#[test]
fn a_slot_that_does_not_exist_is_refused_with_the_names_of_those_that_do() {
    let (_folder, device) = device();
    let message = device.flash_slot("platform-c", &[]).unwrap_err().to_string();
    assert!(message.contains("platform-c") && message.contains("application-b"), "{message}");
}

#[test]
fn while_the_device_is_powered_its_files_are_not_written() {
    let (_folder, device) = device();
    let lock = device.lock().unwrap();
    let other = Device::open(device.dir()).unwrap();
    assert!(matches!(other.flash_slot("platform-a", &[1]), Err(DeviceError::Powered { .. })));
    assert!(matches!(other.write_flash(0, &[1]), Err(DeviceError::Powered { .. })));
    assert!(matches!(other.write_fuses(&FuseImage::blank()), Err(DeviceError::Powered { .. })));
    drop(lock);
    other.flash_slot("platform-a", &[1]).unwrap();
}

#[test]
fn bytes_outside_the_flash_are_refused() {
    let (_folder, device) = device();
    let size = device.board().flash().size;
    device.write_flash(size - 1, &[1]).unwrap();
    assert!(device.write_flash(size, &[1]).is_err());
    assert!(device.read_flash_at(usize::MAX, 2).is_err());
    assert_eq!(device.read_flash().unwrap().len(), size);
}

#[test]
fn burning_only_ever_sets_bits() {
    let (_folder, device) = device();
    let counter = |steps| {
        let (offset, bits) = cdd_fuses::counter_bits(Role::Platform, steps);
        [Burn::new("counter", offset, bits)]
    };
    device.burn(&counter(3)).unwrap();
    assert!(matches!(device.burn(&counter(2)), Err(DeviceError::BitsWouldClear { .. })));
    assert_eq!(device.read_fuses().unwrap().policy().security_counter(Role::Platform), 3);
    device.burn(&counter(4)).unwrap();
    assert_eq!(device.read_fuses().unwrap().policy().security_counter(Role::Platform), 4);
}

#[test]
fn a_folder_that_holds_no_whole_device_is_not_opened() {
    let (folder, device) = device();
    assert!(matches!(Device::open(folder.path()), Err(DeviceError::NotADevice { .. })));
    std::fs::write(device.flash_path(), [0xFF; 100]).unwrap();
    assert!(matches!(Device::open(device.dir()), Err(DeviceError::WrongSize { found: 100, .. })));
}

#[test]
fn a_file_that_is_missing_or_leads_elsewhere_is_named() {
    for name in [FLASH, FUSES, FACTORY, BOARD] {
        let (folder, device) = device();
        assert!(Device::open(device.dir()).is_ok(), "the control");
        let (path, elsewhere) = (device.path(name), folder.path().join("elsewhere"));
        std::fs::rename(&path, &elsewhere).unwrap();
        let error = Device::open(device.dir()).unwrap_err();
        assert!(matches!(&error, DeviceError::Incomplete { path: missing } if *missing == path), "{error}");
        if name != BOARD {
            std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
            assert!(matches!(Device::open(device.dir()), Err(DeviceError::NotAFile { .. })), "{name}");
        }
    }
}

#[test]
fn a_copy_is_the_same_device_in_another_folder() {
    let (folder, device) = device();
    device.flash_slot("platform-a", &[5; 10]).unwrap();
    let copy = device.copy_to(&folder.path().join("two")).unwrap();
    assert_eq!(copy.read_flash().unwrap(), device.read_flash().unwrap());
    assert_eq!(std::fs::read(copy.factory_path()).unwrap(), [0x42; 32]);
    assert_eq!(copy.factory_path().metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_field_that_reads_back_wrong_stops_the_burning_before_the_next() {
    let burns = [0x300, 0x310, 0x320].map(|offset| Burn::new(format!("field {offset:#x}"), offset, [0xF0]));
    let burn = |stuck: usize| {
        let (_folder, device) = device();
        let write = |offset: usize, bits: &[u8]| {
            let bits: Vec<u8> = bits.iter().map(|b| if offset == stuck { b & 0x7F } else { *b }).collect();
            device.write_at(FUSES, offset, &bits)
        };
        let outcome = device.burn_with(&burns, write);
        let fuses = device.read_fuses().unwrap();
        (outcome, [0x300, 0x310, 0x320].map(|offset| fuses.bytes()[offset]))
    };
    let (outcome, fuses) = burn(0x310);
    let Err(DeviceError::NotReadBack { field, offset: 0x310, burnt: 1, of: 3 }) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!((field.as_str(), fuses), ("field 0x310", [0xF0, 0x70, 0]));
    assert!(matches!(burn(0x999), (Ok(()), [0xF0, 0xF0, 0xF0])), "the control");
}

#[test]
fn a_rehearsal_copy_is_the_same_device_with_another_secret() {
    let (folder, device) = device();
    device.flash_slot("platform-a", &[1, 2, 3]).unwrap();
    device.burn(&[Burn::new("counter", 0x010, [1])]).unwrap();
    let copy = device.rehearsal_copy(&folder.path().join("copy")).unwrap();
    assert_eq!(copy.read_flash().unwrap(), device.read_flash().unwrap());
    assert!(copy.read_fuses().unwrap() == device.read_fuses().unwrap());
    assert_ne!(std::fs::read(copy.factory_path()).unwrap(), std::fs::read(device.factory_path()).unwrap());
    copy.burn(&[Burn::new("counter", 0x010, [3])]).unwrap();
    assert_eq!(
        device.read_fuses().unwrap().bytes()[0x010],
        1,
        "what is done to it is not done to the device"
    );
    let _powered = device.lock().unwrap();
    let another = device.rehearsal_copy(&folder.path().join("another"));
    assert!(matches!(another, Err(DeviceError::Powered { .. })));
}

#[test]
fn a_secret_that_is_none_is_told_from_one_that_is() {
    let (_folder, device) = device();
    let flaw = |secret: [u8; 32], mode| {
        std::fs::write(device.factory_path(), secret).unwrap();
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(device.factory_path(), permissions).unwrap();
        device.secret_flaw().unwrap()
    };
    let mut good = [0; 32];
    getrandom::fill(&mut good).unwrap();
    assert_eq!(flaw(good, 0o600), None);
    assert_eq!(flaw(good, 0o400), None);
    for mode in [0o640, 0o604, 0o644, 0o620, 0o666] {
        assert_eq!(flaw(good, mode), Some(SecretFlaw::Readable { mode }));
    }
    assert_eq!(flaw([0; 32], 0o600), Some(SecretFlaw::Pattern("all its bytes are the same")));
}
