//! What is burnt when a device is made.

use crate::fuses::role_name;
use crate::{Burn, Device, DeviceError, FuseImage};
use cdd_fuses::{
    COMMERCIAL_NAME, DIVERSIFIER, HARDWARE_REFERENCE, HARDWARE_VERSION, KEYS_PER_ROLE, LifeCycle, PublicKey,
    Role,
};
use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use zeroize::Zeroizing;

/// Everything that makes one device: keys, identity, life cycle, secrets.
///
/// There is no `Debug`: it holds the device's secret. The secret is erased from memory with it.
#[derive(Clone)]
pub struct Provisioning {
    /// The life-cycle state to be burnt.
    pub life_cycle: LifeCycle,
    /// Who may sign the platform; at most four.
    pub platform_keys: Vec<PublicKey>,
    /// Who may sign the application; at most four.
    pub application_keys: Vec<PublicKey>,
    /// The lowest security counter of a platform image.
    pub platform_counter: u32,
    /// The lowest security counter of an application image.
    pub application_counter: u32,
    /// Indices of the platform keys that are revoked.
    pub revoked_platform: Vec<usize>,
    /// Indices of the application keys that are revoked.
    pub revoked_application: Vec<usize>,
    /// Commercial name of the product, at most 48 bytes.
    pub commercial_name: String,
    /// Hardware reference, at most 32 bytes.
    pub hardware_reference: String,
    /// Hardware version, at most 16 bytes.
    pub hardware_version: String,
    /// What goes into every derived secret.
    pub diversifier: [u8; 32],
    /// The unique device secret; it goes to `factory.bin`, not to the fuses.
    pub device_secret: Zeroizing<[u8; 32]>,
}

impl Provisioning {
    /// Nothing burnt, and a secret of zeros: for tests of a device that nobody provisioned.
    pub fn blank() -> Provisioning {
        Provisioning {
            life_cycle: LifeCycle::Assembly,
            platform_keys: Vec::new(),
            application_keys: Vec::new(),
            platform_counter: 0,
            application_counter: 0,
            revoked_platform: Vec::new(),
            revoked_application: Vec::new(),
            commercial_name: String::new(),
            hardware_reference: String::new(),
            hardware_version: String::new(),
            diversifier: [0; 32],
            device_secret: Zeroizing::new([0; 32]),
        }
    }

    /// The same with a diversifier from the operating system's generator.
    pub fn with_random_diversifier(mut self) -> Result<Provisioning, DeviceError> {
        fill_random(&mut self.diversifier)?;
        Ok(self)
    }

    /// The same with a device secret from the operating system's generator.
    pub fn with_random_secret(mut self) -> Result<Provisioning, DeviceError> {
        fill_random(&mut *self.device_secret)?;
        Ok(self)
    }

    /// The changes of the fuses that this needs, in the order in which they must be burnt: the life
    /// cycle comes last, so that a device that was interrupted never passes for a finished one.
    pub fn burns(&self) -> Result<Vec<Burn>, DeviceError> {
        let mut burns = Vec::new();
        for (role, keys) in
            [(Role::Platform, &self.platform_keys), (Role::Application, &self.application_keys)]
        {
            if keys.len() > KEYS_PER_ROLE {
                return refuse(format!("{} {} keys, room for {KEYS_PER_ROLE}", keys.len(), role_name(role)));
            }
            for (index, key) in keys.iter().enumerate() {
                if keys[..index].contains(key) {
                    return refuse(format!("{} key {index} is there twice", role_name(role)));
                }
                let (offset, bits) = key.encode(role, index);
                burns.push(Burn::new(format!("{} key {index}", role_name(role)), offset, bits));
            }
        }
        for (role, counter, revoked) in [
            (Role::Platform, self.platform_counter, &self.revoked_platform),
            (Role::Application, self.application_counter, &self.revoked_application),
        ] {
            if counter > 0 {
                burns.push(FuseImage::blank().raise_counter(role, counter)?);
            }
            if !revoked.is_empty() {
                burns.push(FuseImage::blank().revoke(role, revoked)?);
            }
        }
        for (field, value, place) in [
            ("commercial name", &self.commercial_name, COMMERCIAL_NAME),
            ("hardware reference", &self.hardware_reference, HARDWARE_REFERENCE),
            ("hardware version", &self.hardware_version, HARDWARE_VERSION),
        ] {
            burns.extend(text(field, value, place)?);
        }
        if self.diversifier != [0; 32] {
            burns.push(Burn::new("diversifier", DIVERSIFIER.0, self.diversifier));
        }
        if self.life_cycle >= LifeCycle::Secured {
            let mut so_far = FuseImage::blank();
            so_far.apply(&burns)?;
            burns.extend(so_far.close_blank_keys()?);
        }
        if self.life_cycle != LifeCycle::Assembly {
            burns.push(FuseImage::blank().advance(self.life_cycle)?);
        }
        Ok(burns)
    }

    /// The fuses of a device that was blank before.
    pub fn fuses(&self) -> Result<FuseImage, DeviceError> {
        let mut fuses = FuseImage::blank();
        fuses.apply(&self.burns()?)?;
        Ok(fuses)
    }
}

/// Why a device secret is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretFlaw {
    /// Others than its owner may read it.
    Readable {
        /// The permissions of its file.
        mode: u32,
    },
    /// It was never drawn at random.
    Pattern(&'static str),
}

impl fmt::Display for SecretFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretFlaw::Readable { mode } => {
                write!(f, "its file (factory.bin) has mode {mode:04o}: others than its owner can get at it")
            }
            SecretFlaw::Pattern(what) => write!(f, "it was not drawn at random: {what}"),
        }
    }
}

impl Device {
    /// What is wrong with the device secret. The secret itself stays here.
    pub fn secret_flaw(&self) -> Result<Option<SecretFlaw>, DeviceError> {
        let path = self.factory_path();
        let read = |e| DeviceError::file("read", &path, e);
        let mode = path.metadata().map_err(read)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Ok(Some(SecretFlaw::Readable { mode }));
        }
        let secret = Zeroizing::new(std::fs::read(&path).map_err(read)?);
        Ok(pattern(&secret).map(SecretFlaw::Pattern))
    }

    /// A copy of this device in another folder to rehearse on: the same flash and fuses, but a secret of its own, so
    /// that this device's is never copied.
    pub fn rehearsal_copy(&self, dir: &Path) -> Result<Device, DeviceError> {
        let _lock = self.lock()?;
        let copy = Device::create(dir, self.board(), &Provisioning::blank().with_random_secret()?)?;
        copy.write_flash(0, &self.read_flash()?)?;
        copy.write_fuses(&self.read_fuses()?)?;
        Ok(copy)
    }
}

/// What shows that 32 bytes were chosen and not drawn. Drawn ones pass but for one time in 2^40.
fn pattern(secret: &[u8]) -> Option<&'static str> {
    let mut seen = [false; 256];
    secret.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    let distinct = seen.iter().filter(|seen| **seen).count();
    let repeats = |period: usize| secret.iter().zip(secret.iter().skip(period)).all(|(a, b)| a == b);
    let mut steps = secret.iter().zip(secret.iter().skip(1)).map(|(a, b)| b.wrapping_sub(*a));
    let first = steps.next();
    if distinct <= 1 {
        Some("all its bytes are the same")
    } else if steps.all(|step| Some(step) == first) {
        Some("it counts up or down")
    } else if (2..=secret.len() / 2).any(repeats) {
        Some("it repeats itself")
    } else if secret.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n')) {
        Some("it is a text")
    } else if distinct <= 12 {
        Some("it has hardly any different bytes")
    } else {
        None
    }
}

fn text(field: &str, value: &str, (offset, len): (u16, usize)) -> Result<Option<Burn>, DeviceError> {
    if value.len() > len {
        return refuse(format!("the {field} is {} bytes long, at most {len} fit", value.len()));
    }
    if value.chars().any(char::is_control) {
        return refuse(format!("the {field} holds a control character"));
    }
    Ok((!value.is_empty()).then(|| Burn::new(format!("{field} `{value}`"), offset, value.as_bytes())))
}

fn refuse<T>(reason: String) -> Result<T, DeviceError> {
    Err(DeviceError::Provisioning(reason))
}

fn fill_random(out: &mut [u8]) -> Result<(), DeviceError> {
    getrandom::fill(out).map_err(|e| DeviceError::NoRandom(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference() -> Provisioning {
        Provisioning {
            life_cycle: LifeCycle::Secured,
            platform_keys: vec![PublicKey::Ed25519([7; 32]), PublicKey::P256([8; 64])],
            application_keys: vec![PublicKey::P256([9; 64])],
            platform_counter: 3,
            application_counter: 9,
            revoked_platform: vec![0, 3],
            commercial_name: "Reference BGM".into(),
            hardware_reference: "mps2-an505".into(),
            hardware_version: "1.0".into(),
            diversifier: [0x5A; 32],
            ..Provisioning::blank()
        }
    }

    #[test]
    fn what_was_provisioned_is_what_the_device_reads() {
        let fuses = reference().fuses().unwrap();
        let policy = fuses.policy();
        assert_eq!(policy.life_cycle, Some(LifeCycle::Secured));
        assert_eq!(policy.security_counter(Role::Platform), 3);
        assert_eq!(policy.security_counter(Role::Application), 9);
        let revoked = |role| (0..4).map(|index| policy.is_revoked(role, index)).collect::<Vec<bool>>();
        assert_eq!(revoked(Role::Platform), [true, false, true, true], "0 as asked, 2 and 3 for being blank");
        assert_eq!(revoked(Role::Application), [false, true, true, true]);
        assert_eq!(
            fuses.keys(Role::Platform),
            [(0, PublicKey::Ed25519([7; 32])), (1, PublicKey::P256([8; 64]))]
        );
        assert_eq!(fuses.keys(Role::Application), [(0, PublicKey::P256([9; 64]))]);
        assert_eq!(fuses.commercial_name(), "Reference BGM");
        assert_eq!(fuses.hardware_reference(), "mps2-an505");
        assert_eq!(fuses.hardware_version(), "1.0");
        assert_eq!(fuses.diversifier(), [0x5A; 32]);
    }

    #[test]
    fn blank_key_slots_stay_open_until_the_device_is_secured() {
        let mut provisioning = reference();
        provisioning.life_cycle = LifeCycle::Provisioning;
        let fuses = provisioning.fuses().unwrap();
        assert!(!fuses.policy().is_revoked(Role::Application, 1));
        let mut closed = fuses.clone();
        closed.apply(&fuses.close_blank_keys().unwrap()).unwrap();
        assert!(closed.policy().is_revoked(Role::Application, 1));
        assert!(!closed.policy().is_revoked(Role::Application, 0), "a key that is there stays");
    }

    #[test]
    fn nothing_provisioned_leaves_the_fuses_blank() {
        assert!(Provisioning::blank().fuses().unwrap().is_blank());
    }

    #[test]
    fn the_life_cycle_is_burnt_last() {
        let burns = reference().burns().unwrap();
        assert_eq!(burns.last().map(|burn| burn.offset), Some(cdd_fuses::LIFE_CYCLE));
    }

    #[test]
    fn the_secret_never_reaches_the_fuses() {
        let mut provisioning = reference();
        provisioning.device_secret = [0xC3; 32].into();
        let fuses = provisioning.fuses().unwrap();
        assert!(!fuses.bytes().windows(4).any(|window| window == [0xC3; 4]));
    }

    #[test]
    fn chosen_secrets_are_known_by_their_patterns_and_drawn_ones_pass() {
        let counting =
            |step: u8| (0..32u8).map(|n| n.wrapping_mul(step).wrapping_add(7)).collect::<Vec<u8>>();
        let two: Vec<u8> = (0..16).map(|n: u8| n.wrapping_mul(n).wrapping_mul(37)).collect();
        for (secret, what) in [
            (vec![0; 32], "the same"),
            (vec![0xFF; 32], "the same"),
            (vec![0x42; 32], "the same"),
            (counting(1), "counts"),
            (counting(255), "counts"),
            (counting(17), "counts"),
            ([0xDE, 0xAD, 0xBE, 0xEF].repeat(8), "repeats"),
            (two.repeat(2), "repeats"),
            (b"this is the secret of a device!!".to_vec(), "text"),
            ([&[0; 31][..], &[1]].concat(), "hardly any"),
        ] {
            let found = pattern(&secret);
            assert!(found.is_some_and(|found| found.contains(what)), "{what}: {found:?}");
        }
        for _ in 0..10_000 {
            let mut drawn = [0; 32];
            fill_random(&mut drawn).unwrap();
            assert_eq!(pattern(&drawn), None, "{drawn:?}");
        }
    }

    #[test]
    fn what_does_not_fit_the_fuse_map_is_refused() {
        let cases: [fn(&mut Provisioning); 6] = [
            |p| p.platform_keys = (0..5).map(|n| PublicKey::Ed25519([n; 32])).collect(),
            |p| p.platform_keys = vec![PublicKey::Ed25519([1; 32]); 2],
            |p| p.application_counter = 257,
            |p| p.revoked_application = vec![4],
            |p| p.hardware_version = "a version that is too long".into(),
            |p| p.commercial_name = "two\nlines".into(),
        ];
        for case in cases {
            let mut provisioning = reference();
            case(&mut provisioning);
            assert!(matches!(provisioning.burns(), Err(DeviceError::Provisioning(_))));
        }
    }
}
