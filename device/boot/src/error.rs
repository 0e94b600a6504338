//! Why a slot's image was not started.
//!
//! SFR: secure-initialization-of-platform.

macro_rules! refusals {
    ($( $(#[doc = $doc:literal])* $name:ident = $number:literal, $text:literal; )*) => {
        /// Why boot did not start the image of a slot, besides the image format's own errors.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u16)]
        pub enum Refusal {
            $( $(#[doc = $doc])* $name = $number, )*
            /// The image itself is at fault.
            Image(cdd_image::Error) = 0x0100,
        }

        impl Refusal {
            /// Its stable number.
            pub fn code(self) -> u16 {
                match self { $( Refusal::$name => $number, )* Refusal::Image(error) => error.code() }
            }

            /// The stable name of a slot's result, `unknown` for a number that none has.
            pub fn name_of(code: u16) -> &'static str {
                match code {
                    $( $number => $text, )*
                    _ => cdd_image::Error::ALL
                        .iter()
                        .find(|error| error.code() == code)
                        .map_or("unknown", |error| error.name()),
                }
            }
        }
    };
}

refusals! {
    /// Not refused: started.
    Accepted = 0x0000, "accepted";
    /// Not looked at, for a better image was accepted first.
    NotTried = 0x0001, "not-tried";
    /// Signed by a key that is not provisioned for this role.
    KeyUnknown = 0x0201, "key-unknown";
    /// Signed by a key that has been revoked.
    KeyRevoked = 0x0202, "key-revoked";
    /// The security counter is below the one in the fuses.
    CounterTooOld = 0x0203, "counter-too-old";
    /// Signed as another part than the slot is for.
    WrongPart = 0x0204, "wrong-part";
    /// The header's size is not the one that the vector table needs.
    WrongHeaderSize = 0x0205, "wrong-header-size";
    /// Linked for another address than it would run at.
    WrongLoadAddress = 0x0206, "wrong-load-address";
    /// Needs a platform that is not the one being started.
    DependencyNotMet = 0x0207, "dependency-not-met";
    /// Larger than its slot or than the memory it would run from.
    TooLarge = 0x0208, "too-large";
    /// The flash could not be read.
    FlashUnreadable = 0x0209, "flash-unreadable";
    /// Carries a flag that no image of this device has: not bootable, fixed in ROM.
    NotBootable = 0x020A, "not-bootable";
    /// The steps of the verification do not add up: a fault was injected.
    FaultDetected = 0x020B, "fault-detected";
    /// The fuses could not be read.
    FusesUnreadable = 0x020C, "fuses-unreadable";
    /// The flash gave another image when it was read again: the size differs from the header's.
    FlashChanged = 0x020E, "flash-changed";
    /// The image has no name.
    NameMissing = 0x020D, "name-missing";
}

impl From<cdd_image::Error> for Refusal {
    fn from(error: cdd_image::Error) -> Refusal {
        Refusal::Image(error)
    }
}
