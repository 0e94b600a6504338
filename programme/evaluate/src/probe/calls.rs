//! Every call of the gate by its name, as the functional specification of the gate lays it down.
//!
//! A call is a value: made by the function with its name, and carried out by [`Probe`](super::Probe), one or many at a
//! time. A function that is never used is a call that no test makes.

use super::Arg;

/// A call with its arguments.
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: &'static str,
    /// Its arguments.
    pub args: Vec<Arg<'a>>,
}

impl Call<'_> {
    /// The same with room for so many bytes of output.
    pub(crate) fn room(mut self, bytes: usize) -> Self {
        if let Some(Arg::Output(room)) = self.args.last_mut() {
            *room = bytes;
        }
        self
    }

    /// The same with its last input taken from the probe's scratch buffer, where it lies already.
    pub(crate) fn in_scratch(mut self, at: usize, bytes: usize) -> Self {
        if let Some(input) = self.args.iter_mut().rfind(|arg| matches!(arg, Arg::Input(_))) {
            *input = Arg::Scratch { at, bytes };
        }
        self
    }
}

/// What a call takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A word.
    Value,
    /// Address and length of bytes to read.
    Input,
    /// Address and length of bytes to write.
    Output,
}

impl Shape {
    /// Words of the frame.
    pub(crate) const fn words(self) -> usize {
        match self {
            Shape::Value => 1,
            Shape::Input | Shape::Output => 2,
        }
    }
}

/// A row of the table of calls.
#[derive(Debug)]
pub(crate) struct Row {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub arguments: &'static [(&'static str, Shape)],
}

/// The rows: number, name, arguments, and the output with the room that it gets unless a test says otherwise.
macro_rules! calls {
    ($( $number:literal $name:ident ( $( $arg:ident : $shape:ident ),* ) $( -> $out:ident $room:literal )?; )*) => {
        $(
            pub(crate) fn $name<'a>($( $arg: calls!(@type $shape) ),*) -> Call<'a> {
                let args = vec![ $( Arg::$shape($arg), )* $( Arg::Output($room) )? ];
                Call { number: $number, name: stringify!($name), args }
            }
        )*

        /// Every call, in the order of the numbers.
        pub(crate) const ALL: &[Row] = &[ $( Row {
            number: $number,
            name: stringify!($name),
            arguments: &[
                $( (stringify!($arg), Shape::$shape), )*
                $( (stringify!($out), Shape::Output) )?
            ],
        } ),* ];
    };
    (@type Value) => { u32 };
    (@type Input) => { &'a [u8] };
}

calls! {
    0 identity_field(field: Value) -> text 48;
    1 identity_part(index: Value) -> record 112;
    2 platform_state() -> record 32;
    3 application_ready();
    4 digest(algorithm: Value, message: Input) -> hash 64;
    5 random() -> bytes 32;
    6 log_write(level: Value, text: Input);
    7 log_read(index: Value) -> entry 104;
    8 import_key(attributes: Input, data: Input) -> key 4;
    9 generate_key(attributes: Input) -> key 4;
    10 copy_key(source: Value, attributes: Input) -> key 4;
    11 export_key(key: Value) -> data 128;
    12 export_public_key(key: Value) -> data 128;
    13 get_key_attributes(key: Value) -> attributes 20;
    14 destroy_key(key: Value);
    15 hash_compare(algorithm: Value, message: Input, hash: Input);
    16 mac_compute(key: Value, algorithm: Value, message: Input) -> mac 64;
    17 mac_verify(key: Value, algorithm: Value, message: Input, mac: Input);
    18 cipher_encrypt(key: Value, algorithm: Value, plaintext: Input) -> ciphertext 512;
    19 cipher_decrypt(key: Value, algorithm: Value, ciphertext: Input) -> plaintext 512;
    20 aead_encrypt(key: Value, algorithm: Value, nonce: Input, additional: Input, plaintext: Input)
        -> ciphertext 512;
    21 aead_decrypt(key: Value, algorithm: Value, nonce: Input, additional: Input, ciphertext: Input)
        -> plaintext 512;
    22 sign_message(key: Value, algorithm: Value, message: Input) -> signature 96;
    23 verify_message(key: Value, algorithm: Value, message: Input, signature: Input);
    24 sign_hash(key: Value, algorithm: Value, hash: Input) -> signature 96;
    25 verify_hash(key: Value, algorithm: Value, hash: Input, signature: Input);
    26 raw_key_agreement(algorithm: Value, key: Value, peer: Input) -> secret 32;
    27 key_agreement(algorithm: Value, key: Value, peer: Input, attributes: Input) -> made 4;
    28 derive_bytes(key: Value, algorithm: Value, salt: Input, info: Input, peer: Input) -> bytes 32;
    29 derive_key(key: Value, algorithm: Value, salt: Input, info: Input, request: Input) -> made 4;
    30 abort(operation: Value);
    31 hash_setup(algorithm: Value) -> operation 4;
    32 hash_update(operation: Value, piece: Input);
    33 hash_finish(operation: Value) -> hash 64;
    34 hash_verify(operation: Value, hash: Input);
    35 hash_clone(operation: Value) -> copy 4;
    36 mac_sign_setup(key: Value, algorithm: Value) -> operation 4;
    37 mac_verify_setup(key: Value, algorithm: Value) -> operation 4;
    38 mac_update(operation: Value, piece: Input);
    39 mac_sign_finish(operation: Value) -> mac 64;
    40 mac_verify_finish(operation: Value, mac: Input);
    41 cipher_encrypt_setup(key: Value, algorithm: Value) -> operation 4;
    42 cipher_decrypt_setup(key: Value, algorithm: Value) -> operation 4;
    43 cipher_generate_iv(operation: Value) -> iv 16;
    44 cipher_set_iv(operation: Value, iv: Input);
    45 cipher_update(operation: Value, piece: Input) -> result 512;
    46 cipher_finish(operation: Value) -> result 16;
    47 aead_encrypt_setup(key: Value, algorithm: Value) -> operation 4;
    48 aead_decrypt_setup(key: Value, algorithm: Value) -> operation 4;
    49 aead_set_lengths(operation: Value, additional: Value, plaintext: Value);
    50 aead_generate_nonce(operation: Value) -> nonce 13;
    51 aead_set_nonce(operation: Value, nonce: Input);
    52 aead_update_ad(operation: Value, piece: Input);
    53 aead_update(operation: Value, piece: Input) -> result 512;
    54 aead_finish(operation: Value) -> tag 16;
    55 aead_verify(operation: Value, tag: Input);
    56 storage_set(low: Value, high: Value, flags: Value, data: Input);
    57 storage_get(low: Value, high: Value, offset: Value) -> data 4096;
    58 storage_get_info(low: Value, high: Value) -> info 8;
    59 storage_remove(low: Value, high: Value);
    60 readings_append(reading: Input) -> index 4;
    61 readings_read(index: Value) -> reading 24;
    62 readings_range() -> range 8;
    63 readings_trim(first: Value);
    64 service_state() -> record 48;
    65 attest_get_token(challenge: Input) -> token 1024;
    66 attest_get_token_size(challenge: Value) -> size 4;
    67 attest_get_key() -> key 65;
    68 factory_reset(phrase: Input);
}

/// The number of the call of this name, for frames that are made by address.
///
/// # Panics
/// When there is no such call.
pub(crate) fn number(name: &str) -> u32 {
    let row = ALL.iter().find(|row| row.name == name);
    row.unwrap_or_else(|| panic!("the gate has no call `{name}`")).number
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of the largest frame (functional specification of the gate).
    const FRAME_WORDS: usize = 12;

    #[test]
    fn the_table_has_no_gaps_and_every_frame_fits() {
        assert!(ALL.iter().enumerate().all(|(place, row)| row.number as usize == place));
        let words =
            |row: &Row| -> usize { row.arguments.iter().map(|(_, shape)| shape.words()).sum::<usize>() };
        assert!(ALL.iter().all(|row| words(row) <= FRAME_WORDS));
    }

    #[test]
    fn the_number_of_a_call_is_found_by_its_name() {
        assert_eq!((number("identity_field"), number("factory_reset")), (0, 68));
    }

    #[test]
    #[should_panic(expected = "no call `digests`")]
    fn a_name_that_no_call_has_stops_the_test_that_asks_for_it() {
        number("digests");
    }

    #[test]
    fn a_call_has_its_arguments_in_the_order_of_the_table() {
        let call = aead_encrypt(7, 9, &[1], &[2, 3], &[]).room(5);
        assert_eq!((call.number, call.name), (20, "aead_encrypt"));
        assert!(matches!(
            call.args[..],
            [
                Arg::Value(7),
                Arg::Value(9),
                Arg::Input([1]),
                Arg::Input([2, 3]),
                Arg::Input([]),
                Arg::Output(5)
            ]
        ));
    }
}
