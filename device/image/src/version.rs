//! Versions of images.
//!
//! SFR: secure-initialization-of-platform.

use core::fmt;
use core::str::FromStr;

/// A version, as in the image header: `major.minor.revision+build`. Ordered in that order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Version {
    /// Major.
    pub major: u8,
    /// Minor.
    pub minor: u8,
    /// Revision.
    pub revision: u16,
    /// Build number.
    pub build: u32,
}

impl Version {
    pub(crate) const fn from_bytes(bytes: [u8; 8]) -> Version {
        let [major, minor, r0, r1, b0, b1, b2, b3] = bytes;
        Version {
            major,
            minor,
            revision: u16::from_le_bytes([r0, r1]),
            build: u32::from_le_bytes([b0, b1, b2, b3]),
        }
    }

    /// The eight bytes that stand for this version in a header or a dependency.
    pub const fn to_bytes(self) -> [u8; 8] {
        let [r0, r1] = self.revision.to_le_bytes();
        let [b0, b1, b2, b3] = self.build.to_le_bytes();
        [self.major, self.minor, r0, r1, b0, b1, b2, b3]
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}+{}", self.major, self.minor, self.revision, self.build)
    }
}

/// The text is not a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionError;

impl fmt::Display for VersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not a version: write MAJOR.MINOR.REVISION+BUILD, later parts optional, \
             no leading zeros, at most 255.255.65535+4294967295",
        )
    }
}

impl core::error::Error for VersionError {}

impl FromStr for Version {
    type Err = VersionError;

    /// Reads `major[.minor[.revision[+build]]]`, the grammar of imgtool.
    fn from_str(text: &str) -> Result<Version, VersionError> {
        let (numbers, build) = match text.split_once('+') {
            Some((numbers, build)) => (numbers, Some(build)),
            None => (text, None),
        };
        let mut parts = numbers.split('.');
        let version = Version {
            major: number(parts.next())?,
            minor: number(parts.next())?,
            // A build number only goes with a complete version.
            revision: match (parts.next(), build) {
                (None, Some(_)) => return Err(VersionError),
                (part, _) => number(part)?,
            },
            build: number(build)?,
        };
        if parts.next().is_some() { Err(VersionError) } else { Ok(version) }
    }
}

/// A decimal number without sign or leading zeros; an absent one is zero.
fn number<N: FromStr + Default>(digits: Option<&str>) -> Result<N, VersionError> {
    let Some(digits) = digits else { return Ok(N::default()) };
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    if plain { digits.parse().map_err(|_| VersionError) } else { Err(VersionError) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;
    extern crate std;

    #[test]
    fn a_version_reads_back_from_its_text_and_its_bytes() {
        for text in ["0.0.0+0", "1.2.3+4", "255.255.65535+4294967295"] {
            let version: Version = text.parse().unwrap();
            assert_eq!(version.to_string(), text);
            assert_eq!(Version::from_bytes(version.to_bytes()), version);
        }
        assert_eq!("7".parse(), Ok(Version { major: 7, ..Version::default() }));
        assert_eq!("7.1".parse(), Ok(Version { major: 7, minor: 1, ..Version::default() }));
    }

    #[test]
    fn what_imgtool_would_not_read_as_a_version_is_refused() {
        for text in
            ["", "1.", "01.2.3", "1.2.3.4", "1.2+3", "1.2.3+", "-1.0.0", "+1", "256.0.0", "1.2.65536", "v1"]
        {
            assert_eq!(text.parse::<Version>(), Err(VersionError), "{text}");
        }
    }

    #[test]
    fn versions_are_ordered_by_major_then_minor_then_revision_then_build() {
        let sorted = ["0.0.0+9", "0.0.1+0", "0.1.0+0", "1.0.0+0", "1.0.0+1", "1.0.256+0", "2.0.1+0"];
        let versions = sorted.map(|text| text.parse::<Version>().unwrap());
        assert!(versions.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
