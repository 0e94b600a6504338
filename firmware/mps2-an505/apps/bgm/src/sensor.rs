//! A line of the sensor: `$BG,<unix time>,<value>,<unit>*<checksum>`.
//!
//! Strict: one spelling for each value, so that a damaged line is noticed even where the checksum is not.

use crate::{END_OF_TIME, Glucose};

/// What the sensor measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measurement {
    /// When, in Unix time.
    pub time: u32,
    /// How much.
    pub glucose: Glucose,
}

/// Why a line is no measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SensorError {
    /// Longer than any line of the sensor.
    TooLong,
    /// Not of the form that the sensor's lines have.
    Malformed,
    /// The checksum is not that of the line.
    Checksum,
    /// A unit that the meter does not know.
    UnknownUnit,
    /// The time or the value is outside what the meter takes.
    OutOfRange,
}

impl SensorError {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            SensorError::TooLong => "too-long",
            SensorError::Malformed => "malformed",
            SensorError::Checksum => "checksum",
            SensorError::UnknownUnit => "unknown-unit",
            SensorError::OutOfRange => "out-of-range",
        }
    }
}

/// Reads a line without its end.
///
/// The checksum comes first: about a damaged line nothing else is said.
pub fn parse(line: &[u8]) -> Result<Measurement, SensorError> {
    let (body, checksum) = match line {
        [b'$', rest @ ..] => rest.split_last_chunk::<3>().ok_or(SensorError::Malformed)?,
        _ => return Err(SensorError::Malformed),
    };
    let [b'*', high, low] = checksum else { return Err(SensorError::Malformed) };
    let claimed = hex_digit(*high)? << 4 | hex_digit(*low)?;
    if body.iter().fold(0, |sum, byte| sum ^ byte) != claimed {
        return Err(SensorError::Checksum);
    }
    let mut fields = body.split(|byte| *byte == b',');
    let mut field = || fields.next().ok_or(SensorError::Malformed);
    let (kind, time, value, unit) = (field()?, field()?, field()?, field()?);
    if kind != b"BG" || fields.next().is_some() {
        return Err(SensorError::Malformed);
    }
    let time = number(time, 10)?;
    let glucose = match unit {
        b"mg/dL" => u16::try_from(number(value, 5)?).ok().and_then(Glucose::from_mg_dl),
        b"mmol/L" => match value {
            [whole @ .., b'.', tenth] => {
                let tenths = number(whole, 3)? * 10 + number(&[*tenth], 1)?;
                u16::try_from(tenths).ok().and_then(Glucose::from_mmol_l_tenths)
            }
            _ => return Err(SensorError::Malformed),
        },
        _ => return Err(SensorError::UnknownUnit),
    };
    let glucose = glucose.ok_or(SensorError::OutOfRange)?;
    if time >= END_OF_TIME {
        return Err(SensorError::OutOfRange);
    }
    Ok(Measurement { time, glucose })
}

/// A decimal number of at most `digits` digits without leading zeros.
fn number(text: &[u8], digits: usize) -> Result<u32, SensorError> {
    let well_formed = match text {
        [] => false,
        [b'0'] => true,
        [first, ..] => *first != b'0' && text.len() <= digits && text.iter().all(u8::is_ascii_digit),
    };
    if !well_formed {
        return Err(SensorError::Malformed);
    }
    text.iter()
        .try_fold(0u32, |value, digit| value.checked_mul(10)?.checked_add(u32::from(digit - b'0')))
        .ok_or(SensorError::OutOfRange)
}

fn hex_digit(digit: u8) -> Result<u8, SensorError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(SensorError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(body: &str) -> Vec<u8> {
        let checksum = body.bytes().fold(0, |sum, byte| sum ^ byte);
        format!("${body}*{checksum:02X}").into_bytes()
    }

    #[test]
    fn a_line_in_either_unit_is_read() {
        let read = parse(&line("BG,1767225600,100,mg/dL")).unwrap();
        assert_eq!((read.time, read.glucose.mg_dl()), (1_767_225_600, 100));
        let read = parse(&line("BG,0,5.6,mmol/L")).unwrap();
        assert_eq!((read.time, read.glucose.mmol_l_tenths()), (0, 56));
        assert_eq!(parse(b"$BG,0,5.6,mmol/L*54"), parse(&line("BG,0,5.6,mmol/L")), "a checksum by hand");
    }

    #[test]
    fn each_fault_has_its_name() {
        use SensorError::*;
        for (body, error) in [
            ("BG,1,9,mg/dL", OutOfRange),
            ("BG,1,601,mg/dL", OutOfRange),
            ("BG,1,65636,mg/dL", OutOfRange),
            ("BG,1,99999,mg/dL", OutOfRange),
            ("BG,1,0.5,mmol/L", OutOfRange),
            ("BG,1,33.4,mmol/L", OutOfRange),
            ("BG,1,999.9,mmol/L", OutOfRange),
            ("BG,4133980800,100,mg/dL", OutOfRange),
            ("BG,9999999999,100,mg/dL", OutOfRange),
            ("BG,1,100,mg/dl", UnknownUnit),
            ("BG,1,100,", UnknownUnit),
            ("BG,1,100", Malformed),
            ("BG,1,100,mg/dL,", Malformed),
            ("BX,1,100,mg/dL", Malformed),
            ("BG,,100,mg/dL", Malformed),
            ("BG,-1,100,mg/dL", Malformed),
            ("BG,+1,100,mg/dL", Malformed),
            ("BG,01,100,mg/dL", Malformed),
            ("BG,10000000000,100,mg/dL", Malformed),
            ("BG,1,,mg/dL", Malformed),
            ("BG,1, 100,mg/dL", Malformed),
            ("BG,1,0100,mg/dL", Malformed),
            ("BG,1,100.0,mg/dL", Malformed),
            ("BG,1,1e2,mg/dL", Malformed),
            ("BG,1,5,mmol/L", Malformed),
            ("BG,1,.5,mmol/L", Malformed),
            ("BG,1,5.,mmol/L", Malformed),
            ("BG,1,05.6,mmol/L", Malformed),
            ("BG,1,5.65,mmol/L", Malformed),
            ("BG,1,5,6,mmol/L", Malformed),
        ] {
            assert_eq!(parse(&line(body)), Err(error), "{body}");
        }
        for raw in [
            "",
            "$",
            "$*00",
            "BG,1,100,mg/dL*00",
            "$BG,1,100,mg/dL",
            "$BG,1,100,mg/dL*0",
            "$BG,1,100,mg/dL*0g",
        ] {
            assert_eq!(parse(raw.as_bytes()), Err(Malformed), "{raw}");
        }
    }

    #[test]
    fn every_single_flipped_bit_is_noticed() {
        let good = line("BG,1767225600,100,mg/dL");
        let read = parse(&good).unwrap();
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            // Only the case of a checksum's letter may change without harm.
            assert!(
                parse(&bad).is_err() || bad.eq_ignore_ascii_case(&good) && parse(&bad) == Ok(read),
                "bit {bit}"
            );
        }
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let mut state = 0x9E37_79B9_7F4A_7C15u64;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize
        };
        let alphabet = b"$BG,0123456789.mg/dLmol*\x00\xFFaf";
        for _ in 0..200_000 {
            let bytes: Vec<u8> = (0..next() % 40).map(|_| alphabet[next() % alphabet.len()]).collect();
            let _ = parse(&bytes);
            let body = String::from_utf8_lossy(&bytes).into_owned();
            let _ = parse(&line(&body));
        }
    }
}
