//! Why no token was issued.

macro_rules! errors {
    ($( $(#[doc = $doc:literal])* $name:ident = $number:literal, $text:literal; )*) => {
        /// Why no token was issued.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u16)]
        pub enum AttestError {
            $( $(#[doc = $doc])* $name = $number, )*
        }

        impl AttestError {
            /// All errors, in order.
            pub const ALL: &[AttestError] = &[ $( AttestError::$name ),* ];

            /// Its stable number.
            pub const fn code(self) -> u16 {
                self as u16
            }

            /// The stable name used in reports.
            pub const fn name(self) -> &'static str {
                match self { $( AttestError::$name => $text, )* }
            }
        }
    };
}

errors! {
    /// The challenge is not 32, 48 or 64 bytes long (RFC 9783 §4.1.1).
    NonceLength = 0x0501, "nonce-length";
    /// The output is shorter than the token; [`crate::size`] tells how long that is.
    BufferTooSmall = 0x0502, "buffer-too-small";
    /// The record does not hold boot and platform: boot did not end in a state in which this runs.
    PartMissing = 0x0503, "part-missing";
    /// The boot seed is not 8 to 32 bytes long (RFC 9783 §4.3.2).
    BootSeedLength = 0x0504, "boot-seed-length";
    /// The verification service indicator is empty or longer than [`crate::MAX_SERVICE_BYTES`].
    ServiceLength = 0x0505, "service-length";
    /// Not a certification reference: 13 digits, a dash, 5 digits (RFC 9783 §4.2.3).
    CertificationReference = 0x0506, "certification-reference";
    /// The attestation secret is all zeros: boot left none, or it was taken before.
    NoSecret = 0x0507, "no-secret";
    /// The secret gives no key within the bounded number of attempts (never, but for a broken hash).
    KeyDerivation = 0x0508, "key-derivation";
    /// The two computations of the signature differ: a fault was injected.
    FaultDetected = 0x0509, "fault-detected";
}

impl core::fmt::Display for AttestError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

impl core::error::Error for AttestError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_its_own_number_of_this_crates_range_and_its_own_name() {
        for (at, error) in AttestError::ALL.iter().enumerate() {
            assert_eq!(error.code() >> 8, 0x05);
            for other in &AttestError::ALL[at + 1..] {
                assert_ne!(error.code(), other.code());
                assert_ne!(error.name(), other.name());
            }
        }
        assert_eq!(AttestError::NonceLength.code(), 0x0501);
    }
}
