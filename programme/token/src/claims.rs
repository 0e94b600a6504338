//! The claims, typed, and how they are taken out of CBOR maps.

use crate::{Place, TokenError};
use ciborium::Value;
use serde::{Serialize, Serializer};
use std::fmt;

/// The longest text that is taken.
const MAX_TEXT_BYTES: usize = 256;

/// Bytes, shown as hex.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Bytes(Vec<u8>);

impl Bytes {
    /// Whether all of them are zero: so a device says that a part has no signer.
    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0)
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({self})")
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The security life cycle (RFC 9783 §4.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LifeCycle {
    /// 0x00xx
    Unknown,
    /// 0x10xx
    AssemblyAndTest,
    /// 0x20xx
    Provisioning,
    /// 0x30xx
    Secured,
    /// 0x40xx
    NonPsaRotDebug,
    /// 0x50xx
    RecoverablePsaRotDebug,
    /// 0x60xx
    Decommissioned,
}

impl LifeCycle {
    /// The state that a claim stands for; the low byte is the implementation's.
    pub const fn of_claim(claim: u16) -> Option<LifeCycle> {
        Some(match claim >> 8 {
            0x00 => LifeCycle::Unknown,
            0x10 => LifeCycle::AssemblyAndTest,
            0x20 => LifeCycle::Provisioning,
            0x30 => LifeCycle::Secured,
            0x40 => LifeCycle::NonPsaRotDebug,
            0x50 => LifeCycle::RecoverablePsaRotDebug,
            0x60 => LifeCycle::Decommissioned,
            _ => return None,
        })
    }

    /// Its name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            LifeCycle::Unknown => "unknown",
            LifeCycle::AssemblyAndTest => "assembly-and-test",
            LifeCycle::Provisioning => "provisioning",
            LifeCycle::Secured => "secured",
            LifeCycle::NonPsaRotDebug => "non-psa-rot-debug",
            LifeCycle::RecoverablePsaRotDebug => "recoverable-psa-rot-debug",
            LifeCycle::Decommissioned => "decommissioned",
        }
    }

    /// Whether the root of trust is locked in this state, so that a verifier may rely on what it says.
    pub const fn may_be_trusted(self) -> bool {
        matches!(self, LifeCycle::Secured | LifeCycle::NonPsaRotDebug)
    }
}

/// A software component (RFC 9783 §4.4.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Component {
    /// What it is, such as `platform`.
    pub measurement_type: Option<String>,
    /// Its measurement: 32, 48 or 64 bytes.
    pub measurement: Bytes,
    /// Its version.
    pub version: Option<String>,
    /// Hash of the key that signed it: 32, 48 or 64 bytes; zeros where nobody did.
    pub signer: Bytes,
    /// How it was measured, such as `sha-256`.
    pub measurement_description: Option<String>,
}

impl Component {
    /// A component from its map.
    pub(crate) fn of(number: usize, value: Value) -> Result<Component, TokenError> {
        let place = |name| Place::Component(number, name);
        let Value::Map(entries) = value else {
            return Err(TokenError::Type { place: place("the whole"), expected: "a map" });
        };
        let mut map = Map::of("a software component", entries)?;
        Ok(Component {
            measurement_type: map.text(1, place("the measurement type"))?,
            measurement: map.hash(2, place("the measurement value"))?,
            version: map.text(4, place("the version"))?,
            signer: map.hash(5, place("the signer ID"))?,
            measurement_description: map.text(6, place("the measurement description"))?,
        })
    }
}

/// A map with labels, out of which claims are taken.
pub(crate) struct Map(Vec<(Value, Value)>);

impl Map {
    /// Refuses keys that are no labels, and labels that stand twice.
    pub(crate) fn of(name: &'static str, entries: Vec<(Value, Value)>) -> Result<Map, TokenError> {
        for (at, (label, _)) in entries.iter().enumerate() {
            let shown = match label {
                Value::Integer(number) => i128::from(*number).to_string(),
                Value::Text(text) => format!("`{}`", text.escape_default()),
                _ => return Err(TokenError::Label(name)),
            };
            if entries.iter().take(at).any(|(other, _)| other == label) {
                return Err(TokenError::Repeated { map: name, label: shown });
            }
        }
        Ok(Map(entries))
    }

    /// The labels that nobody took.
    pub(crate) fn left(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn take(&mut self, label: i64) -> Option<Value> {
        let at = self.0.iter().position(|(key, _)| *key == Value::from(label))?;
        Some(self.0.swap_remove(at).1)
    }

    pub(crate) fn bytes(
        &mut self,
        label: i64,
        place: Place,
        lengths: &[usize],
        allowed: &'static str,
    ) -> Result<Bytes, TokenError> {
        let found = self.optional_bytes(label, place, |length| lengths.contains(&length), allowed)?;
        found.ok_or(TokenError::Missing(place))
    }

    pub(crate) fn optional_bytes(
        &mut self,
        label: i64,
        place: Place,
        fits: impl Fn(usize) -> bool,
        allowed: &'static str,
    ) -> Result<Option<Bytes>, TokenError> {
        match self.take(label) {
            None => Ok(None),
            Some(Value::Bytes(bytes)) if fits(bytes.len()) => Ok(Some(Bytes(bytes))),
            Some(Value::Bytes(bytes)) => Err(TokenError::Length { place, bytes: bytes.len(), allowed }),
            Some(_) => Err(TokenError::Type { place, expected: "a byte string" }),
        }
    }

    /// A hash of the three sizes that there are (RFC 9783, `psa-hash-type`).
    pub(crate) fn hash(&mut self, label: i64, place: Place) -> Result<Bytes, TokenError> {
        self.bytes(label, place, &[32, 48, 64], "32, 48 or 64")
    }

    /// A text; of printable ASCII, so that it can be shown to anybody on any terminal.
    pub(crate) fn text(&mut self, label: i64, place: Place) -> Result<Option<String>, TokenError> {
        let allowed = "at least 1, at most 256";
        match self.take(label) {
            None => Ok(None),
            Some(Value::Text(text)) if text.is_empty() || text.len() > MAX_TEXT_BYTES => {
                Err(TokenError::Length { place, bytes: text.len(), allowed })
            }
            Some(Value::Text(text)) if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) => {
                let value = format!("`{}`", text.escape_default());
                Err(TokenError::Value { place, value, allowed: "printable ASCII" })
            }
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err(TokenError::Type { place, expected: "a text" }),
        }
    }

    /// A number that has to be there.
    pub(crate) fn number(&mut self, label: i64, place: Place) -> Result<i128, TokenError> {
        match self.take(label) {
            None => Err(TokenError::Missing(place)),
            Some(Value::Integer(number)) => Ok(number.into()),
            Some(_) => Err(TokenError::Type { place, expected: "a number" }),
        }
    }
}
