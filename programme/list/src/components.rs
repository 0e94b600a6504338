//! Component sets: all that runs on a device, as one thing with one fingerprint.

use crate::{Fingerprint, Hash, ImplementationId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The most components that a set has. RFC 9783 names no limit; devices have three or four.
pub(crate) const MAX_COMPONENTS: usize = 64;
/// The longest text of a component.
const MAX_TEXT_BYTES: usize = 256;

/// A software component (RFC 9783 §4.4.1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// What it is, such as `platform`: the measurement type. A device may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measurement_type: Option<String>,
    /// Its version. A device may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its measurement.
    pub measurement: Hash,
    /// Hash of the key that signed it; zeros where nobody did.
    pub signer: Hash,
}

/// The same, borrowed from wherever it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ComponentRef<'a> {
    /// What it is.
    pub measurement_type: Option<&'a str>,
    /// Its version.
    pub version: Option<&'a str>,
    /// Its measurement.
    pub measurement: &'a [u8],
    /// Hash of the key that signed it.
    pub signer: &'a [u8],
}

impl Component {
    /// The same, borrowed.
    pub fn borrowed(&self) -> ComponentRef<'_> {
        ComponentRef {
            measurement_type: self.measurement_type.as_deref(),
            version: self.version.as_deref(),
            measurement: self.measurement.as_bytes(),
            signer: self.signer.as_bytes(),
        }
    }
}

/// Everything that is measured on a device: the hardware with its immutable code, and all software.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComponentSet {
    /// Which immutable platform.
    pub implementation_id: ImplementationId,
    /// Every component, in any order.
    pub components: Vec<Component>,
}

/// Why components are no set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComponentsError {
    /// There are none, or more than a device has.
    #[error("{found} components, and there have to be 1 to {}", MAX_COMPONENTS)]
    Count {
        /// How many there are.
        found: usize,
    },
    /// A text that no token can have.
    #[error("component {number}: {field} has to be 1 to {} bytes of printable ASCII", MAX_TEXT_BYTES)]
    Text {
        /// Which component, from 0.
        number: usize,
        /// Which text.
        field: &'static str,
    },
    /// The same twice.
    #[error("component {number} stands there twice")]
    Repeated {
        /// Which component, from 0.
        number: usize,
    },
}

impl ComponentSet {
    /// Its fingerprint: it does not depend on the order of the components, and on everything else.
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint(&self.implementation_id, self.components.iter().map(Component::borrowed))
    }

    /// Whether a token could say it.
    ///
    /// # Errors
    /// No components or too many, texts that no token has, a component twice.
    pub fn check(&self) -> Result<(), ComponentsError> {
        let found = self.components.len();
        if !(1..=MAX_COMPONENTS).contains(&found) {
            return Err(ComponentsError::Count { found });
        }
        for (number, component) in self.components.iter().enumerate() {
            let texts =
                [("the measurement type", &component.measurement_type), ("the version", &component.version)];
            for (field, text) in texts {
                let good = |text: &String| {
                    (1..=MAX_TEXT_BYTES).contains(&text.len())
                        && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
                };
                if !text.as_ref().is_none_or(good) {
                    return Err(ComponentsError::Text { number, field });
                }
            }
            if self.components[..number].contains(component) {
                return Err(ComponentsError::Repeated { number });
            }
        }
        Ok(())
    }
}

/// What a fingerprint starts with: another encoding would start otherwise.
const DOMAIN: &[u8] = b"dtsec component set 1";

/// The fingerprint of a set, from wherever it stands.
///
/// ```text
/// SHA-256(domain ‖ implementation ID ‖ count ‖ components)
/// component = type ‖ version ‖ measurement ‖ signer
/// ```
///
/// Components are in the order of their fields. A text is its length and itself, and one that is not there is `FF FF`; a
/// measurement and a signer likewise. Numbers are 16 bits, big-endian: nothing can be read in two ways.
pub fn fingerprint<'a>(
    implementation_id: &ImplementationId,
    components: impl Iterator<Item = ComponentRef<'a>>,
) -> Fingerprint {
    let mut sorted: Vec<ComponentRef<'a>> = components.collect();
    sorted.sort_unstable();
    let mut bytes = Vec::with_capacity(64 + 160 * sorted.len());
    bytes.extend_from_slice(DOMAIN);
    bytes.extend_from_slice(implementation_id.as_bytes());
    put_length(&mut bytes, sorted.len());
    for component in &sorted {
        put(&mut bytes, component.measurement_type.map(str::as_bytes));
        put(&mut bytes, component.version.map(str::as_bytes));
        put(&mut bytes, Some(component.measurement));
        put(&mut bytes, Some(component.signer));
    }
    Fingerprint::new(Sha256::digest(&bytes).into())
}

fn put(bytes: &mut Vec<u8>, field: Option<&[u8]>) {
    match field {
        None => bytes.extend_from_slice(&[0xFF, 0xFF]),
        Some(field) => {
            put_length(bytes, field.len());
            bytes.extend_from_slice(field);
        }
    }
}

/// No token is longer than 16 KiB, so that nothing in one reaches `FFFF`.
fn put_length(bytes: &mut Vec<u8>, length: usize) {
    let length = u16::try_from(length).unwrap_or(u16::MAX - 1);
    bytes.extend_from_slice(&length.to_be_bytes());
}
