//! Why a cryptographic call was refused, with the numbers of `psa_status_t`.

use crate::selftest::Family;

macro_rules! errors {
    ($( $(#[doc = $doc:literal])* $name:ident = $number:literal; )*) => {
        /// Why a call was refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Error {
            $( $(#[doc = $doc])* $name, )*
            /// The known-answer test of this family failed: it refuses every use until the next reset.
            ///
            /// PSA has no number of its own for this; it goes out as `PSA_ERROR_CORRUPTION_DETECTED`.
            SelfTest(Family),
        }

        impl Error {
            /// Its number as `psa_status_t` (PSA Certified Status code API 1.0, Crypto API 1.x).
            pub const fn code(self) -> i32 {
                match self {
                    $( Error::$name => $number, )*
                    Error::SelfTest(_) => Error::CorruptionDetected.code(),
                }
            }
        }
    };
}

errors! {
    /// The key's policy, or the platform's, forbids it.
    NotPermitted = -133;
    /// No such algorithm, key type, size or option.
    NotSupported = -134;
    /// An argument has a value that the call does not take.
    InvalidArgument = -135;
    /// No key, and no operation, has this number for this owner.
    InvalidHandle = -136;
    /// Not in this state.
    BadState = -137;
    /// The output does not fit.
    BufferTooSmall = -138;
    /// There is a key with this number already.
    AlreadyExists = -139;
    /// No slot is free.
    InsufficientMemory = -141;
    /// The storage is full.
    InsufficientStorage = -142;
    /// The storage failed.
    StorageFailure = -146;
    /// No random numbers.
    InsufficientEntropy = -148;
    /// The signature, MAC or tag is wrong.
    InvalidSignature = -149;
    /// The decrypted padding is wrong.
    InvalidPadding = -150;
    /// The platform contradicts itself: a fault, or an attack.
    CorruptionDetected = -151;
    /// A stored key is not what was stored.
    DataCorrupt = -152;
    /// A stored key is authentic but makes no sense to this version.
    DataInvalid = -153;
}
