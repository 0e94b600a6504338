//! Why bytes are not an image, or an image not a genuine one.

macro_rules! errors {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal, $name:literal;)+) => {
        /// Why bytes are not an image, or an image not a genuine one.
        ///
        /// Each cause has a number and a name of its own; neither is ever given another meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u16)]
        pub enum Error {
            $($(#[doc = $doc])+ $variant = $code,)+
        }

        impl Error {
            /// All of them.
            pub const ALL: &'static [Error] = &[$(Error::$variant),+];

            /// The stable number.
            pub const fn code(self) -> u16 {
                self as u16
            }

            /// The stable name, for reports.
            pub const fn name(self) -> &'static str {
                match self { $(Error::$variant => $name,)+ }
            }

            /// The cause in one sentence.
            const fn sentence(self) -> &'static str {
                match self { $(Error::$variant => concat!($($doc),+),)+ }
            }
        }
    };
}

errors! {
    /// There is no image: the first 32 bytes are erased flash.
    Empty = 0x0101, "empty";
    /// The bytes end before the image does.
    Truncated = 0x0102, "truncated";
    /// The header does not start with the magic number of an MCUboot image, 0x96f3b83d.
    BadMagic = 0x0103, "bad-magic";
    /// The header says that it is smaller than 32 bytes.
    BadHeaderSize = 0x0104, "bad-header-size";
    /// The header gives the protected TLV area a size that cannot hold its own 4-byte info.
    BadProtectedSize = 0x0105, "bad-protected-size";
    /// The sizes in the image add up to more than 32 bits can hold.
    SizeOverflow = 0x0106, "size-overflow";

    /// The header has flags that are unknown here.
    UnsupportedFlags = 0x0110, "unsupported-flags";
    /// The image is encrypted.
    UnsupportedEncryption = 0x0111, "unsupported-encryption";
    /// The image is compressed.
    UnsupportedCompression = 0x0112, "unsupported-compression";
    /// The digest is not SHA-256.
    UnsupportedDigest = 0x0113, "unsupported-digest";
    /// The signature is neither ECDSA nor Ed25519.
    UnsupportedSignature = 0x0114, "unsupported-signature";
    /// The signature is a pure one, over the image and not its digest.
    UnsupportedPureSignature = 0x0115, "unsupported-pure-signature";

    /// The unprotected TLV area does not start with its magic number, 0x6907.
    TlvBadMagic = 0x0120, "tlv-bad-magic";
    /// The protected TLV area does not start with its magic number, 0x6908.
    ProtectedTlvBadMagic = 0x0121, "protected-tlv-bad-magic";
    /// The header and the protected TLV area differ about the size of that area.
    ProtectedSizeMismatch = 0x0122, "protected-size-mismatch";
    /// The unprotected TLV area says that it is smaller than its own 4-byte info.
    TlvBadTotal = 0x0123, "tlv-bad-total";
    /// A TLV reaches beyond the end of its area.
    TlvTruncated = 0x0124, "tlv-truncated";
    /// A TLV that may be there once is there twice.
    TlvDuplicate = 0x0125, "tlv-duplicate";
    /// A TLV has a length that its type does not have.
    TlvBadLength = 0x0126, "tlv-bad-length";
    /// There is a TLV in the unprotected area that nothing would authenticate.
    TlvNotAllowed = 0x0127, "tlv-not-allowed";
    /// A TLV that must be in the protected area is in the unprotected one.
    TlvMustBeProtected = 0x0128, "tlv-must-be-protected";
    /// A TLV that must be in the unprotected area is in the protected one.
    TlvMustBeUnprotected = 0x0129, "tlv-must-be-unprotected";

    /// There is no digest.
    DigestMissing = 0x0130, "digest-missing";
    /// The digest is not that of the image.
    DigestMismatch = 0x0131, "digest-mismatch";
    /// There is no hash of the signer's key.
    KeyHashMissing = 0x0132, "key-hash-missing";
    /// There are both the signer's key and a hash of it.
    KeyAmbiguous = 0x0133, "key-ambiguous";
    /// The image names another key as its signer's.
    KeyMismatch = 0x0134, "key-mismatch";
    /// There is no signature.
    SignatureMissing = 0x0135, "signature-missing";
    /// There are signatures of two kinds.
    SignatureAmbiguous = 0x0136, "signature-ambiguous";
    /// The ECDSA signature is not two positive 256-bit integers in strict DER.
    SignatureMalformed = 0x0137, "signature-malformed";
    /// The signature is of another algorithm than the key.
    SignatureWrongAlgorithm = 0x0138, "signature-wrong-algorithm";
    /// The signature was not made with this key over this image.
    SignatureInvalid = 0x0139, "signature-invalid";

    /// There is no security counter.
    SecurityCounterMissing = 0x0140, "security-counter-missing";
    /// The security counter is in the unprotected area, where the signature does not cover it.
    SecurityCounterUnprotected = 0x0141, "security-counter-unprotected";
    /// The image does not say which part of the platform it is.
    PartMissing = 0x0142, "part-missing";
    /// The kind of part is not 1 to 32 printable ASCII characters.
    PartMalformed = 0x0143, "part-malformed";
    /// The name is not 1 to 32 printable ASCII characters.
    NameMalformed = 0x0144, "name-malformed";
    /// A dependency is not 12 bytes, or its padding is not zero.
    DependencyMalformed = 0x0145, "dependency-malformed";
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.sentence().trim_ascii())
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_number_and_a_kebab_case_name_of_its_own() {
        for (i, error) in Error::ALL.iter().enumerate() {
            let name = error.name();
            assert!(name.bytes().all(|b| b == b'-' || b.is_ascii_lowercase()), "{name}");
            assert_eq!(error.code() >> 8, 1, "{name}");
            for other in Error::ALL.iter().skip(i + 1) {
                assert_ne!(error.code(), other.code());
                assert_ne!(name, other.name());
            }
        }
    }
}
