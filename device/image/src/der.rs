//! ECDSA signatures in DER (RFC 3279, 2.2.3: a SEQUENCE of two INTEGERs).
//!
//! SFR: secure-initialization-of-platform.

use crate::Error;

/// Longest encoding of a P-256 signature; imgtool's `--pad-sig` pads to it with zeros.
pub(crate) const MAX_BYTES: usize = 72;

/// Reads a P-256 signature into r || s, big-endian, 32 bytes each.
///
/// Strict DER (X.690, 8.3 and 10.1): one-byte lengths, integers positive, not zero, of the fewest bytes.
/// After the SEQUENCE there may be zeros up to 72 bytes in all, for `imgtool --pad-sig`; they are a
/// second spelling of the same signature, but not of the image, which is what its digest covers.
pub(crate) fn parse(der: &[u8]) -> Result<[u8; 64], Error> {
    if der.len() > MAX_BYTES {
        return Err(Error::SignatureMalformed);
    }
    let (sequence, padding) = take(der, 0x30)?;
    if padding.iter().any(|byte| *byte != 0) {
        return Err(Error::SignatureMalformed);
    }
    let (r, rest) = take(sequence, 0x02)?;
    let (s, rest) = take(rest, 0x02)?;
    if !rest.is_empty() {
        return Err(Error::SignatureMalformed);
    }
    let mut out = [0u8; 64];
    let (first, second) = out.split_at_mut(32);
    put_integer(r, first)?;
    put_integer(s, second)?;
    Ok(out)
}

/// Splits off the value of an element with this tag and a one-byte length: the longer forms start with a
/// byte of 0x80 or more, and read as a length they reach beyond the 72 bytes.
fn take(bytes: &[u8], tag: u8) -> Result<(&[u8], &[u8]), Error> {
    match bytes {
        [found, length, rest @ ..] if *found == tag => {
            rest.split_at_checked(usize::from(*length)).ok_or(Error::SignatureMalformed)
        }
        _ => Err(Error::SignatureMalformed),
    }
}

/// Writes the value of an INTEGER right-aligned into `out`, which is zero.
fn put_integer(value: &[u8], out: &mut [u8]) -> Result<(), Error> {
    let magnitude = match value {
        // A leading zero is there exactly when the number would read as negative without it.
        [0, rest @ ..] if rest.first().is_some_and(|byte| *byte >= 0x80) => rest,
        [1..=0x7F, ..] => value,
        _ => return Err(Error::SignatureMalformed),
    };
    if magnitude.len() > out.len() {
        return Err(Error::SignatureMalformed);
    }
    out.iter_mut().rev().zip(magnitude.iter().rev()).for_each(|(to, from)| *to = *from);
    Ok(())
}

/// Writes r || s as DER.
#[cfg(feature = "build")]
pub(crate) fn encode(signature: &[u8; 64]) -> alloc::vec::Vec<u8> {
    let mut integers = alloc::vec::Vec::with_capacity(MAX_BYTES);
    for half in signature.chunks(32) {
        let zeros = half.iter().take_while(|byte| **byte == 0).count();
        let magnitude = &half[zeros.min(31)..];
        let sign = usize::from(magnitude[0] >= 0x80);
        integers.extend([0x02, (magnitude.len() + sign) as u8]);
        integers.extend(core::iter::repeat_n(0, sign));
        integers.extend_from_slice(magnitude);
    }
    let mut der = alloc::vec![0x30, integers.len() as u8];
    der.append(&mut integers);
    der
}

#[cfg(all(test, feature = "build"))]
mod tests {
    use super::*;

    /// A signature whose two numbers start with the given bytes.
    fn numbers(r: &[u8], s: &[u8]) -> [u8; 64] {
        let mut out = [0x11; 64];
        out[..r.len()].copy_from_slice(r);
        out[32..32 + s.len()].copy_from_slice(s);
        out
    }

    #[test]
    fn every_shape_of_signature_reads_back() {
        let mut shapes = alloc::vec![numbers(&[0x80], &[0x7F]), numbers(&[0, 0, 0x80], &[0, 1]), [0xFF; 64]];
        let mut smallest = [0; 64];
        (smallest[31], smallest[63]) = (1, 1);
        shapes.push(smallest);
        for shape in shapes {
            let mut der = encode(&shape);
            assert_eq!(parse(&der), Ok(shape));
            while der.len() < MAX_BYTES {
                der.push(0);
                assert_eq!(parse(&der), Ok(shape), "zero padding up to 72 bytes is imgtool's --pad-sig");
            }
            der.push(0);
            assert_eq!(parse(&der), Err(Error::SignatureMalformed));
        }
    }

    #[test]
    fn what_is_not_strict_der_of_two_positive_numbers_is_refused() {
        assert!(parse(&[0x30, 6, 2, 1, 1, 2, 1, 1]).is_ok(), "the control");
        for der in [
            &[][..],
            &[0x30],
            &[0x31, 6, 2, 1, 1, 2, 1, 1],
            &[0x30, 0x81, 6, 2, 1, 1, 2, 1, 1],
            &[0x30, 0x80, 2, 1, 1, 2, 1, 1, 0, 0],
            &[0x30, 7, 2, 1, 1, 2, 1, 1],
            &[0x30, 5, 2, 1, 1, 2, 1, 1],
            &[0x30, 7, 2, 1, 1, 2, 1, 1, 0],
            &[0x30, 9, 2, 1, 1, 2, 1, 1, 2, 1, 1],
            &[0x30, 6, 3, 1, 1, 2, 1, 1],
            &[0x30, 6, 2, 1, 0, 2, 1, 1],
            &[0x30, 6, 2, 1, 1, 2, 1, 0],
            &[0x30, 6, 2, 1, 0x80, 2, 1, 1],
            &[0x30, 7, 2, 2, 0, 1, 2, 1, 1],
            &[0x30, 5, 2, 0, 2, 1, 1],
            &[0x30, 3, 2, 1, 1],
            &[0x30, 6, 2, 1, 1, 2, 1, 1, 0, 1],
        ] {
            assert_eq!(parse(der), Err(Error::SignatureMalformed), "{der:02x?}");
        }
        let mut long = alloc::vec![0x30, 38, 2, 33, 1];
        long.extend([0; 32]);
        long.extend([2, 1, 1]);
        assert_eq!(parse(&long), Err(Error::SignatureMalformed), "257 bits");
    }
}
