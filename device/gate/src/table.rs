//! The table of calls. A new call is a new row; a row's number and shape never change.

use crate::{Argument, Call, Shape, Status};

/// Hands the table of calls to the macro named, row by row.
///
/// A row: documentation, number, name, SFR, arguments (name: shape "meaning"), errors of its own.
#[macro_export]
macro_rules! gate_table {
    ($consumer:ident) => {
        $consumer! {
            /// One field of the platform's identity (profile Table 2-1) as UTF-8 text.
            0 identity_field "verification-of-platform-identity"
                (field: value "number of an IdentityField", text: output "the text, at most 48 bytes")
                [DoesNotExist, BufferTooSmall, HardwareFailure];
            /// Name, version, measurement and signer of one part of the platform or of the application.
            1 identity_part "verification-of-platform-identity"
                (index: value "0 boot, 1 platform, 2 application", record: output "a part record, 112 bytes")
                [DoesNotExist, BufferTooSmall];
            /// State of the platform: what started, the life cycle, random, the last fault.
            2 platform_state "secure-initialization-of-platform"
                (record: output "a state record, 32 bytes")
                [BufferTooSmall];
            /// Tells the platform that the application has started well; clears the fault count.
            3 application_ready "secure-initialization-of-platform"
                ()
                [];
            /// Hash of a message.
            4 digest "cryptographic-operation"
                (algorithm: value "PSA_ALG_SHA_256, _384 or _512", message: input "the message", hash: output "the hash")
                [BufferTooSmall];
            /// Random bytes, all of the output.
            5 random "cryptographic-random-number-generation"
                (bytes: output "at most 65,536 bytes, all are filled; none: is there random?")
                [InsufficientEntropy];
            /// Adds an entry to the platform's log.
            6 log_write "secure-initialization-of-platform"
                (level: value "0 error, 1 warning, 2 information", text: input "printable ASCII, at most 96 bytes")
                [];
            /// Reads an entry of the platform's log, the oldest kept being 0.
            7 log_read "secure-initialization-of-platform"
                (index: value "position from the oldest", entry: output "number and level (4 bytes each), then the text")
                [DoesNotExist, BufferTooSmall];
        }
    };
}

macro_rules! define_calls {
    ($( $(#[doc = $doc:literal])* $number:literal $name:ident $sfr:literal
        ( $( $argument:ident : $shape:ident $meaning:literal ),* ) [ $( $error:ident ),* ]; )*) => {
        /// Every call, in the order of the numbers.
        pub const CALLS: &[Call] = &[ $( Call {
            number: $number,
            name: stringify!($name),
            purpose: concat!($( $doc ),*),
            sfr: $sfr,
            arguments: &[ $( Argument {
                name: stringify!($argument),
                shape: define_calls!(@shape $shape),
                meaning: $meaning,
            } ),* ],
            errors: &[ $( Status::$error ),* ],
        } ),* ];

        /// The number of each call, by name.
        pub mod number {
            $( $(#[doc = $doc])* #[allow(non_upper_case_globals)] pub const $name: u32 = $number; )*
        }
    };
    (@shape value) => { Shape::Value };
    (@shape input) => { Shape::Input };
    (@shape output) => { Shape::Output };
}

gate_table!(define_calls);

/// Words of the largest frame.
pub const MAX_FRAME_WORDS: usize = 8;

const _: () = {
    let mut i = 0;
    while i < CALLS.len() {
        assert!(
            CALLS[i].number as usize == i,
            "numbers run from 0 without gaps: a veneer is found by its number"
        );
        let (mut words, mut outputs, mut a) = (0, 0, 0);
        while a < CALLS[i].arguments.len() {
            let shape = CALLS[i].arguments[a].shape;
            words += shape.words();
            outputs += matches!(shape, Shape::Output) as usize;
            a += 1;
        }
        assert!(words <= MAX_FRAME_WORDS, "the frame must fit");
        assert!(outputs <= 1, "a call has at most one output");
        i += 1;
    }
    assert!(CALLS.len() * 8 <= crate::VENEER_BYTES as usize, "the veneers must fit");
};
