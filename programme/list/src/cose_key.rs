//! Public keys as COSE_Key (RFC 9052 §7, RFC 9053 §7.1.1).

use crate::{BytesError, PublicKey};
use minicbor::Decoder;
use minicbor::data::Type;

/// Why bytes are no COSE_Key of an attestation key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CoseKeyError {
    /// Not CBOR, or cut off.
    #[error("no COSE_Key: not a CBOR map with labels, or cut off")]
    Cbor,
    /// Bytes behind it.
    #[error("no COSE_Key: there are bytes behind it")]
    Trailing,
    /// A label twice.
    #[error("COSE_Key: label {0} stands twice")]
    Repeated(i64),
    /// Something is missing.
    #[error("COSE_Key: {0} is missing")]
    Missing(&'static str),
    /// Another kind of key.
    #[error("COSE_Key: {field} is {found}, and has to be {needs}")]
    Kind {
        /// What says so.
        field: &'static str,
        /// What it is.
        found: i64,
        /// What it has to be.
        needs: &'static str,
    },
    /// A private key has no business here.
    #[error("COSE_Key: it holds a PRIVATE key. Take it for known to others, and make another one")]
    Private,
    /// The point.
    #[error("COSE_Key: {0}")]
    Point(#[from] BytesError),
}

/// Reads the COSE_Key of an attestation key: EC2, P-256, public.
///
/// # Errors
/// Where it is not that.
pub fn cose_key(bytes: &[u8]) -> Result<PublicKey, CoseKeyError> {
    let mut decoder = Decoder::new(bytes);
    let key = read(&mut decoder)?;
    if decoder.position() != bytes.len() {
        return Err(CoseKeyError::Trailing);
    }
    Ok(key)
}

/// The same inside of something else.
pub(crate) fn read(decoder: &mut Decoder<'_>) -> Result<PublicKey, CoseKeyError> {
    let cbor = |_| CoseKeyError::Cbor;
    let entries = decoder.map().map_err(cbor)?.ok_or(CoseKeyError::Cbor)?;
    let (mut kind, mut algorithm, mut curve) = (None, None, None);
    let (mut x, mut y) = (None, None);
    let mut seen = Vec::new();
    for _ in 0..entries {
        let label = match decoder.datatype().map_err(cbor)? {
            Type::String => {
                decoder.skip().map_err(cbor)?;
                decoder.skip().map_err(cbor)?;
                continue;
            }
            _ => decoder.i64().map_err(cbor)?,
        };
        if seen.contains(&label) {
            return Err(CoseKeyError::Repeated(label));
        }
        seen.push(label);
        match label {
            1 => kind = Some(decoder.i64().map_err(cbor)?),
            3 => algorithm = Some(decoder.i64().map_err(cbor)?),
            -1 => curve = Some(decoder.i64().map_err(cbor)?),
            -2 => x = Some(decoder.bytes().map_err(cbor)?),
            -3 => y = Some(decoder.bytes().map_err(cbor)?),
            -4 => return Err(CoseKeyError::Private),
            _ => decoder.skip().map_err(cbor)?,
        }
    }
    let checks = [("kty", kind, 2, "2: EC2"), ("crv", curve, 1, "1: P-256")];
    for (field, found, needs, shown) in checks {
        let found = found.ok_or(CoseKeyError::Missing(field))?;
        if found != needs {
            return Err(CoseKeyError::Kind { field, found, needs: shown });
        }
    }
    if let Some(found) = algorithm.filter(|found| *found != -7) {
        return Err(CoseKeyError::Kind { field: "alg", found, needs: "-7: ES256" });
    }
    let (x, y) = (x.ok_or(CoseKeyError::Missing("x"))?, y.ok_or(CoseKeyError::Missing("y"))?);
    Ok(PublicKey::checked(&[&[0x04], x, y].concat())?)
}
