//! The fuses as a file: bits that are only ever set.

use crate::DeviceError;
use cdd_fuses::{
    COMMERCIAL_NAME, DECOMMISSIONING, DIVERSIFIER, HARDWARE_REFERENCE, HARDWARE_VERSION, KEYS_PER_ROLE,
    LIFE_CYCLE, LifeCycle, MAX_COUNTER, Policy, PublicKey, RESETS_BEGUN, RESETS_FINISHED, Role, counter_bits,
    revocation_bits,
};
use cdd_hal::{FuseError, Fuses};

/// One change of the fuses: bits to be set from an offset on. No `Debug`: see [`Burn::is_confidential`].
#[derive(Clone, PartialEq, Eq)]
pub struct Burn {
    /// What the field is for, for people.
    pub field: String,
    /// Offset of the field.
    pub offset: u16,
    /// What must be read there afterwards.
    pub bits: Vec<u8>,
}

impl Burn {
    /// A change of `field`.
    pub fn new(field: impl Into<String>, offset: u16, bits: impl Into<Vec<u8>>) -> Burn {
        Burn { field: field.into(), offset, bits: bits.into() }
    }

    /// Whether secrets are derived from these bits, so that they must not be shown.
    pub fn is_confidential(&self) -> bool {
        self.offset == DIVERSIFIER.0
    }
}

/// The content of a device's fuses.
#[derive(Clone, PartialEq, Eq)]
pub struct FuseImage {
    bytes: Vec<u8>,
}

impl FuseImage {
    /// Fuses as they come from the factory: all zero.
    pub fn blank() -> FuseImage {
        FuseImage { bytes: vec![0; cdd_fuses::SIZE] }
    }

    /// Fuses with that content; `None` when there is not exactly [`cdd_fuses::SIZE`] bytes of it.
    pub fn from_bytes(bytes: Vec<u8>) -> Option<FuseImage> {
        (bytes.len() == cdd_fuses::SIZE).then_some(FuseImage { bytes })
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether nothing was ever burnt.
    pub fn is_blank(&self) -> bool {
        self.bytes.iter().all(|byte| *byte == 0)
    }

    /// Sets what `burns` say. Nothing is changed when one of them would need a bit cleared.
    pub fn apply(&mut self, burns: &[Burn]) -> Result<(), DeviceError> {
        let mut after = self.clone();
        for change in burns {
            let old = after.field(change.offset, change.bits.len())?;
            if old.iter().zip(&change.bits).any(|(old, new)| old & !new != 0) {
                let field = change.field.clone();
                return Err(DeviceError::BitsWouldClear { offset: change.offset, field });
            }
            let at = usize::from(change.offset);
            after.bytes[at..at + change.bits.len()].copy_from_slice(&change.bits);
        }
        *self = after;
        Ok(())
    }

    /// `len` bytes from `offset`.
    pub fn field(&self, offset: u16, len: usize) -> Result<&[u8], DeviceError> {
        let from = usize::from(offset);
        self.bytes.get(from..from + len).ok_or(DeviceError::OutOfRange {
            what: "fuses",
            offset: from,
            end: from + len,
            size: self.bytes.len(),
        })
    }

    /// What they say about which images may start.
    pub fn policy(&self) -> Policy {
        let mut raw = [0; 0x58];
        raw.copy_from_slice(&self.bytes[..0x58]);
        Policy::decode(&raw)
    }

    /// The provisioned keys of a role with their indices.
    pub fn keys(&self, role: Role) -> Vec<(usize, PublicKey)> {
        let mut reader = self.clone();
        (0..KEYS_PER_ROLE)
            .filter_map(|index| Some((index, PublicKey::read(&mut reader, role, index).ok()??)))
            .collect()
    }

    /// The keys whose signatures count for a role. One that is burnt twice and revoked once is revoked.
    pub fn trusted_keys(&self, role: Role) -> Vec<PublicKey> {
        let policy = self.policy();
        let (revoked, mut trusted): (Vec<_>, Vec<_>) =
            self.keys(role).into_iter().partition(|(index, _)| policy.is_revoked(role, *index));
        trusted.retain(|(_, key)| !revoked.iter().any(|(_, gone)| gone == key));
        trusted.into_iter().map(|(_, key)| key).collect()
    }

    /// What burning is needed to raise a security counter.
    pub fn raise_counter(&self, role: Role, counter: u32) -> Result<Burn, DeviceError> {
        let now = self.policy().security_counter(role);
        if counter > MAX_COUNTER || counter < now {
            return Err(DeviceError::Provisioning(format!(
                "the {} counter is {now} and can only be raised, to {MAX_COUNTER} at most; not to {counter}",
                role_name(role)
            )));
        }
        let (offset, bits) = counter_bits(role, counter);
        let field = format!("{} counter {counter}", role_name(role));
        self.with_old_bits(Burn::new(field, offset, bits))
    }

    /// What burning is needed to revoke keys of a role.
    pub fn revoke(&self, role: Role, keys: &[usize]) -> Result<Burn, DeviceError> {
        let (offset, mut bits) = (revocation_bits(role, 0).0, [0; 4]);
        for key in keys {
            if *key >= KEYS_PER_ROLE {
                return Err(DeviceError::Provisioning(format!(
                    "there is no {} key {key} to be revoked; keys are 0 to {}",
                    role_name(role),
                    KEYS_PER_ROLE - 1
                )));
            }
            bits.iter_mut().zip(revocation_bits(role, *key).1).for_each(|(sum, bit)| *sum |= bit);
        }
        let list = keys.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        self.with_old_bits(Burn::new(format!("{} key {list} revoked", role_name(role)), offset, bits))
    }

    /// What burning closes the key slots that are blank, by revoking them.
    ///
    /// Fuses can always be set, so a slot that is blank on a device in the field is a place where whoever takes
    /// over the platform could put a key of his own, for good.
    pub fn close_blank_keys(&self) -> Result<Vec<Burn>, DeviceError> {
        let mut burns = Vec::new();
        for role in [Role::Platform, Role::Application] {
            let used: Vec<usize> = self.keys(role).into_iter().map(|(index, _)| index).collect();
            let blank: Vec<usize> = (0..KEYS_PER_ROLE).filter(|index| !used.contains(index)).collect();
            if !blank.is_empty() {
                burns.push(self.revoke(role, &blank)?);
            }
        }
        Ok(burns)
    }

    /// What burning is needed to take the life cycle to `state`; there is no way back.
    pub fn advance(&self, state: LifeCycle) -> Result<Burn, DeviceError> {
        let bits: Vec<u8> = state.words().iter().flat_map(|word| word.to_le_bytes()).collect();
        let burn = self.with_old_bits(Burn::new(format!("life cycle {}", state.name()), LIFE_CYCLE, bits))?;
        let mut after = self.clone();
        after.apply(std::slice::from_ref(&burn))?;
        if after.policy().life_cycle == Some(state) {
            return Ok(burn);
        }
        let now = self.policy().life_cycle.map_or("not a state at all", LifeCycle::name);
        Err(DeviceError::Provisioning(format!(
            "the life cycle is {now}; from there is no way to {}",
            state.name()
        )))
    }

    /// Commercial name of the product.
    pub fn commercial_name(&self) -> String {
        self.text(COMMERCIAL_NAME)
    }

    /// Hardware reference.
    pub fn hardware_reference(&self) -> String {
        self.text(HARDWARE_REFERENCE)
    }

    /// Hardware version.
    pub fn hardware_version(&self) -> String {
        self.text(HARDWARE_VERSION)
    }

    /// What goes into every derived secret; zeros when none was burnt, ones when it was destroyed.
    pub fn diversifier(&self) -> [u8; 32] {
        let mut diversifier = [0; 32];
        let raw = self.field(DIVERSIFIER.0, DIVERSIFIER.1).unwrap_or_default();
        diversifier.iter_mut().zip(raw).for_each(|(to, from)| *to = *from);
        diversifier
    }

    /// Factory resets begun and finished in the device's life.
    pub fn factory_resets(&self) -> (u32, u32) {
        let count = |(offset, len)| self.field(offset, len).map_or(0, count_ones);
        (count(RESETS_BEGUN), count(RESETS_FINISHED))
    }

    /// Whether decommissioning was begun: from then on every start goes on with it.
    pub fn is_decommissioning(&self) -> bool {
        self.field(DECOMMISSIONING, 1).is_ok_and(|mark| mark != [0])
    }

    /// A text field, without its padding.
    fn text(&self, (offset, len): (u16, usize)) -> String {
        let raw = self.field(offset, len).unwrap_or_default();
        let end = raw.iter().position(|byte| *byte == 0).unwrap_or(raw.len());
        String::from_utf8_lossy(&raw[..end]).into_owned()
    }

    /// The same burn with the bits that are burnt there already, which stay.
    fn with_old_bits(&self, mut burn: Burn) -> Result<Burn, DeviceError> {
        let old = self.field(burn.offset, burn.bits.len())?;
        burn.bits.iter_mut().zip(old).for_each(|(new, old)| *new |= old);
        Ok(burn)
    }
}

/// Factory resets that a device can do in its life.
pub const MAX_FACTORY_RESETS: u32 = 8 * RESETS_BEGUN.1 as u32;

fn count_ones(bits: &[u8]) -> u32 {
    bits.iter().map(|byte| byte.count_ones()).sum()
}

/// What a role is called.
pub(crate) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Platform => "platform",
        Role::Application => "application",
    }
}

impl Fuses for FuseImage {
    fn read(&mut self, offset: u16, out: &mut [u8]) -> Result<(), FuseError> {
        let field = self.field(offset, out.len()).map_err(|_| FuseError::OutOfRange)?;
        out.copy_from_slice(field);
        Ok(())
    }

    fn burn(&mut self, offset: u16, bits: &[u8]) -> Result<(), FuseError> {
        let from = usize::from(offset);
        let field = self.bytes.get_mut(from..from + bits.len()).ok_or(FuseError::OutOfRange)?;
        field.iter_mut().zip(bits).for_each(|(old, new)| *old |= new);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burn_that_would_clear_a_bit_changes_nothing_at_all() {
        let mut fuses = FuseImage::blank();
        fuses.apply(&[Burn::new("a", 0x60, [0b0110])]).unwrap();
        let before = fuses.clone();
        let result = fuses.apply(&[Burn::new("b", 0x70, [1]), Burn::new("a", 0x60, [0b0101])]);
        assert!(matches!(result, Err(DeviceError::BitsWouldClear { offset: 0x60, .. })));
        assert!(fuses == before);
        fuses.apply(&[Burn::new("a", 0x60, [0b0111])]).unwrap();
        assert_eq!(fuses.field(0x60, 1).unwrap(), [0b0111]);
    }

    #[test]
    fn a_burn_outside_the_fuses_is_refused() {
        let mut fuses = FuseImage::blank();
        assert!(fuses.apply(&[Burn::new("end", 0xFFF, [1])]).is_ok());
        assert!(fuses.apply(&[Burn::new("end", 0xFFF, [1, 1])]).is_err());
        assert!(FuseImage::from_bytes(vec![0; 4095]).is_none());
    }

    fn after(fuses: &FuseImage, burn: Result<Burn, DeviceError>) -> FuseImage {
        let mut after = fuses.clone();
        after.apply(&[burn.unwrap()]).unwrap();
        after
    }

    #[test]
    fn the_life_cycle_goes_forward_only() {
        let fuses = FuseImage::blank();
        let fuses = after(&fuses, fuses.advance(LifeCycle::Provisioning));
        assert!(fuses.advance(LifeCycle::Assembly).is_err());
        let secured = after(&fuses, fuses.advance(LifeCycle::Secured));
        assert!(secured.advance(LifeCycle::Provisioning).is_err());
        let debug = after(&secured, secured.advance(LifeCycle::DebugAuthorised));
        assert!(debug.advance(LifeCycle::Secured).is_err());
        for state in [&secured, &debug] {
            let dead = after(state, state.advance(LifeCycle::Decommissioned));
            assert_eq!(dead.policy().life_cycle, Some(LifeCycle::Decommissioned));
            assert!(LifeCycle::ALL[..4].iter().all(|earlier| dead.advance(*earlier).is_err()));
        }
    }

    #[test]
    fn a_key_that_was_burnt_twice_and_revoked_once_is_trusted_no_more() {
        let mut fuses = FuseImage::blank();
        let key = PublicKey::Ed25519([7; 32]);
        for index in [0, 1] {
            let (offset, bits) = key.encode(Role::Platform, index);
            fuses.apply(&[Burn::new("key", offset, bits)]).unwrap();
        }
        assert!(
            fuses.trusted_keys(Role::Platform).len() == 2 && fuses.trusted_keys(Role::Application).is_empty()
        );
        let fuses = after(&fuses, fuses.revoke(Role::Platform, &[1]));
        assert!(fuses.trusted_keys(Role::Platform).is_empty());
    }

    #[test]
    fn what_was_begun_and_what_was_finished_are_counted_apart() {
        let mut fuses = FuseImage::blank();
        assert_eq!((fuses.factory_resets(), fuses.is_decommissioning()), ((0, 0), false));
        fuses.apply(&[Burn::new("begun", RESETS_BEGUN.0, [0xFF, 1])]).unwrap();
        fuses.apply(&[Burn::new("finished", RESETS_FINISHED.0, [0xFF])]).unwrap();
        assert_eq!((fuses.factory_resets(), fuses.is_decommissioning()), ((9, 8), false));
        fuses.apply(&[Burn::new("all", RESETS_BEGUN.0, [0xFF; RESETS_BEGUN.1])]).unwrap();
        fuses.apply(&[Burn::new("one bit", DECOMMISSIONING, [0x10])]).unwrap();
        assert_eq!((fuses.factory_resets(), fuses.is_decommissioning()), ((MAX_FACTORY_RESETS, 8), true));
    }

    #[test]
    fn counters_are_raised_and_keys_revoked_one_after_the_other() {
        let fuses = FuseImage::blank();
        let fuses = after(&fuses, fuses.raise_counter(Role::Application, 7));
        assert!(fuses.raise_counter(Role::Application, 6).is_err());
        assert!(fuses.raise_counter(Role::Application, 257).is_err());
        let fuses = after(&fuses, fuses.raise_counter(Role::Application, 9));
        assert_eq!(fuses.policy().security_counter(Role::Application), 9);
        let fuses = after(&fuses, fuses.revoke(Role::Platform, &[1]));
        let fuses = after(&fuses, fuses.revoke(Role::Platform, &[3]));
        let revoked: Vec<bool> = (0..4).map(|key| fuses.policy().is_revoked(Role::Platform, key)).collect();
        assert_eq!(revoked, [false, true, false, true]);
        assert!(fuses.revoke(Role::Platform, &[4]).is_err());
    }
}
