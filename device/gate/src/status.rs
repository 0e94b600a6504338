//! What a call returns: the numbers of `psa_status_t` (PSA Certified Status code API 1.0).

macro_rules! statuses {
    ($( $(#[doc = $doc:literal])* $name:ident = $number:literal, $text:literal; )*) => {
        /// The result of a call; numbers and meaning are those of `psa_status_t`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(i32)]
        #[must_use]
        pub enum Status { $( $(#[doc = $doc])* $name = $number ),* }

        impl Status {
            /// The status with this number.
            pub const fn from_code(code: i32) -> Option<Status> {
                match code { $( $number => Some(Status::$name), )* _ => None }
            }

            /// The stable name used in reports.
            pub const fn name(self) -> &'static str {
                match self { $( Status::$name => $text ),* }
            }
        }
    };
}

statuses! {
    /// Done.
    Success = 0, "success";
    /// The caller broke the rules of the gate: a pointer to memory that is not its own, a range that wraps.
    ProgrammerError = -129, "programmer-error";
    /// Another call is under way.
    ConnectionBusy = -131, "connection-busy";
    /// Something failed that no other number names.
    GenericError = -132, "generic-error";
    /// Policy forbids it.
    NotPermitted = -133, "not-permitted";
    /// No such call, algorithm or option.
    NotSupported = -134, "not-supported";
    /// An argument has a value that the call does not take.
    InvalidArgument = -135, "invalid-argument";
    /// No key or operation has this handle.
    InvalidHandle = -136, "invalid-handle";
    /// Not in this state.
    BadState = -137, "bad-state";
    /// The output does not fit.
    BufferTooSmall = -138, "buffer-too-small";
    /// There is one already.
    AlreadyExists = -139, "already-exists";
    /// Nothing there.
    DoesNotExist = -140, "does-not-exist";
    /// All slots for volatile things are taken.
    InsufficientMemory = -141, "insufficient-memory";
    /// The storage is full.
    InsufficientStorage = -142, "insufficient-storage";
    /// The platform could not do its part.
    ServiceFailure = -144, "service-failure";
    /// The storage could not be read or written.
    StorageFailure = -146, "storage-failure";
    /// Hardware failed.
    HardwareFailure = -147, "hardware-failure";
    /// The entropy source or its health tests failed: there is no random until the next reset.
    InsufficientEntropy = -148, "insufficient-entropy";
    /// The signature, MAC or tag is not that of the message.
    InvalidSignature = -149, "invalid-signature";
    /// The padding is wrong.
    InvalidPadding = -150, "invalid-padding";
    /// The platform found itself changed: a self-test failed.
    CorruptionDetected = -151, "corruption-detected";
    /// What is stored was changed or cut short.
    DataCorrupt = -152, "data-corrupt";
    /// What is stored is not what it should be.
    DataInvalid = -153, "data-invalid";
}

impl Status {
    /// Its number.
    pub const fn code(self) -> i32 {
        self as i32
    }
}
