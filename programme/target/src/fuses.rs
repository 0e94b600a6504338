//! The fuses as a file: bits that are only ever set.

use crate::DeviceError;
use cdd_fuses::{KEYS_PER_ROLE, Policy, PublicKey, Role};
use cdd_hal::{FuseError, Fuses};

/// One change of the fuses: bits to be set from an offset on.
#[derive(Debug, Clone, PartialEq, Eq)]
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

    /// A text field, without its padding.
    pub fn text(&self, (offset, len): (u16, usize)) -> String {
        let raw = self.field(offset, len).unwrap_or_default();
        let end = raw.iter().position(|byte| *byte == 0).unwrap_or(raw.len());
        String::from_utf8_lossy(&raw[..end]).into_owned()
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
}
