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

            // Keys (PSA Crypto API §9). A key belongs to the application; attributes are a record of 20 bytes.
            /// psa_import_key: takes a key in.
            8 import_key "cryptographic-keystore"
                (attributes: input "attributes", data: input "the key in the format of its type", key: output "its number, 4 bytes")
                [NotPermitted, AlreadyExists, InsufficientMemory, InsufficientStorage, BufferTooSmall,
                 CorruptionDetected, StorageFailure, DataCorrupt, BadState];
            /// psa_generate_key: makes a key that nobody outside has seen.
            9 generate_key "cryptographic-key-generation"
                (attributes: input "attributes", key: output "its number, 4 bytes")
                [AlreadyExists, InsufficientMemory, InsufficientStorage, InsufficientEntropy, BufferTooSmall,
                 CorruptionDetected, StorageFailure, DataCorrupt, BadState];
            /// psa_copy_key: a copy that may do no more than the key itself.
            10 copy_key "cryptographic-keystore"
                (source: value "number of the key", attributes: input "attributes", key: output "its number, 4 bytes")
                [InvalidHandle, NotPermitted, AlreadyExists, InsufficientMemory, InsufficientStorage, BufferTooSmall,
                 CorruptionDetected, StorageFailure, DataCorrupt, DataInvalid, BadState];
            /// psa_export_key: the key itself, where its policy lets it leave.
            11 export_key "cryptographic-keystore"
                (key: value "number of the key", data: output "the key in the format of its type")
                [InvalidHandle, NotPermitted, BufferTooSmall, CorruptionDetected, StorageFailure, DataCorrupt, DataInvalid,
                 BadState];
            /// psa_export_public_key: the public half of a key pair.
            12 export_public_key "cryptographic-keystore"
                (key: value "number of the key", data: output "the public key in the format of its type")
                [InvalidHandle, BufferTooSmall, CorruptionDetected, StorageFailure, DataCorrupt, DataInvalid, BadState];
            /// psa_get_key_attributes.
            13 get_key_attributes "cryptographic-keystore"
                (key: value "number of the key", attributes: output "attributes, 20 bytes")
                [InvalidHandle, BufferTooSmall, CorruptionDetected, StorageFailure, DataCorrupt, DataInvalid, BadState];
            /// psa_destroy_key: removes a key from memory and flash, and ends what uses it.
            14 destroy_key "cryptographic-keystore"
                (key: value "number of the key; 0 does nothing")
                [InvalidHandle, StorageFailure, DataCorrupt, BadState];

            // Operations in one call (PSA Crypto API §10): at most 4,096 bytes of message, except for hashes.
            /// psa_hash_compare.
            15 hash_compare "cryptographic-operation"
                (algorithm: value "a hash", message: input "the message", hash: input "the hash expected")
                [InvalidSignature, CorruptionDetected];
            /// psa_mac_compute.
            16 mac_compute "cryptographic-operation"
                (key: value "number of the key", algorithm: value "HMAC or CMAC", message: input "the message", mac: output "the MAC")
                [InvalidHandle, NotPermitted, BufferTooSmall, InsufficientMemory, CorruptionDetected, StorageFailure, DataCorrupt,
                 DataInvalid, BadState];
            /// psa_mac_verify.
            17 mac_verify "cryptographic-operation"
                (key: value "number of the key", algorithm: value "HMAC or CMAC", message: input "the message", mac: input "the MAC")
                [InvalidHandle, NotPermitted, InvalidSignature, InsufficientMemory, CorruptionDetected, StorageFailure, DataCorrupt,
                 DataInvalid, BadState];
            /// psa_cipher_encrypt: a random initialisation vector, then the ciphertext.
            18 cipher_encrypt "cryptographic-operation"
                (key: value "number of the key", algorithm: value "CTR or CBC", plaintext: input "the plaintext",
                 ciphertext: output "16 bytes of vector, then the ciphertext")
                [InvalidHandle, NotPermitted, BufferTooSmall, InsufficientMemory, InsufficientEntropy, CorruptionDetected,
                 StorageFailure, DataCorrupt, DataInvalid, BadState];
            /// psa_cipher_decrypt of what cipher_encrypt gave.
            19 cipher_decrypt "cryptographic-operation"
                (key: value "number of the key", algorithm: value "CTR or CBC", ciphertext: input "vector and ciphertext",
                 plaintext: output "the plaintext")
                [InvalidHandle, NotPermitted, BufferTooSmall, InsufficientMemory, InvalidPadding, CorruptionDetected,
                 StorageFailure, DataCorrupt, DataInvalid, BadState];
            /// psa_aead_encrypt.
            20 aead_encrypt "cryptographic-operation"
                (key: value "number of the key", algorithm: value "CCM, GCM or ChaCha20-Poly1305", nonce: input "the nonce",
                 additional: input "additional data", plaintext: input "the plaintext", ciphertext: output "ciphertext, then 16 bytes of tag")
                [InvalidHandle, NotPermitted, BufferTooSmall, InsufficientMemory, CorruptionDetected, StorageFailure, DataCorrupt,
                 DataInvalid, BadState];
            /// psa_aead_decrypt; what is not authentic is not given out.
            21 aead_decrypt "cryptographic-operation"
                (key: value "number of the key", algorithm: value "CCM, GCM or ChaCha20-Poly1305", nonce: input "the nonce",
                 additional: input "additional data", ciphertext: input "ciphertext and tag", plaintext: output "the plaintext")
                [InvalidHandle, NotPermitted, BufferTooSmall, InsufficientMemory, InvalidSignature, CorruptionDetected,
                 StorageFailure, DataCorrupt, DataInvalid, BadState];
            /// psa_sign_message.
            22 sign_message "cryptographic-operation"
                (key: value "number of the key", algorithm: value "ECDSA with a hash, or Ed25519", message: input "the message",
                 signature: output "the signature")
                [InvalidHandle, NotPermitted, BufferTooSmall, InsufficientMemory, InsufficientEntropy, CorruptionDetected,
                 StorageFailure, DataCorrupt, DataInvalid, BadState];
            /// psa_verify_message.
            23 verify_message "cryptographic-operation"
                (key: value "number of the key", algorithm: value "ECDSA with a hash, or Ed25519", message: input "the message",
                 signature: input "the signature")
                [InvalidHandle, NotPermitted, InvalidSignature, InsufficientMemory, CorruptionDetected, StorageFailure, DataCorrupt,
                 DataInvalid, BadState];
            /// psa_sign_hash.
            24 sign_hash "cryptographic-operation"
                (key: value "number of the key", algorithm: value "ECDSA with a hash", hash: input "the hash",
                 signature: output "the signature")
                [InvalidHandle, NotPermitted, BufferTooSmall, InsufficientEntropy, CorruptionDetected, StorageFailure, DataCorrupt,
                 DataInvalid, BadState];
            /// psa_verify_hash.
            25 verify_hash "cryptographic-operation"
                (key: value "number of the key", algorithm: value "ECDSA with a hash", hash: input "the hash",
                 signature: input "the signature")
                [InvalidHandle, NotPermitted, InvalidSignature, CorruptionDetected, StorageFailure, DataCorrupt, DataInvalid,
                 BadState];
            /// psa_raw_key_agreement: the shared secret as it is; derive_bytes and derive_key are better.
            26 raw_key_agreement "cryptographic-operation"
                (algorithm: value "ECDH", key: value "number of the key", peer: input "the peer's public key", secret: output "the secret")
                [InvalidHandle, NotPermitted, BufferTooSmall, CorruptionDetected, StorageFailure, DataCorrupt, DataInvalid, BadState];
            /// psa_key_agreement: the shared secret as a key for derivation.
            27 key_agreement "cryptographic-key-generation"
                (algorithm: value "ECDH", key: value "number of the key", peer: input "the peer's public key",
                 attributes: input "attributes of the new key", made: output "its number, 4 bytes")
                [InvalidHandle, NotPermitted, AlreadyExists, InsufficientMemory, InsufficientStorage, InsufficientEntropy,
                 BufferTooSmall, CorruptionDetected, StorageFailure, DataCorrupt, DataInvalid, BadState];
            /// psa_key_derivation_output_bytes with all inputs at once.
            28 derive_bytes "cryptographic-operation"
                (key: value "number of the secret, or of the key pair of an agreement",
                 algorithm: value "HKDF, or ECDH and HKDF", salt: input "the salt, may be empty", info: input "the context",
                 peer: input "the peer's public key, empty without agreement", bytes: output "all are filled")
                [InvalidHandle, NotPermitted, InsufficientMemory, CorruptionDetected, StorageFailure, DataCorrupt, DataInvalid,
                 BadState];
            /// psa_key_derivation_output_key with all inputs at once.
            29 derive_key "cryptographic-key-generation"
                (key: value "number of the secret, or of the key pair of an agreement",
                 algorithm: value "HKDF, or ECDH and HKDF", salt: input "the salt, may be empty", info: input "the context",
                 request: input "attributes of the new key, then the peer's public key", made: output "its number, 4 bytes")
                [InvalidHandle, NotPermitted, AlreadyExists, InsufficientMemory, InsufficientStorage, InsufficientEntropy,
                 BufferTooSmall, CorruptionDetected, StorageFailure, DataCorrupt, DataInvalid, BadState];

            // Operations in several calls. Any error ends the operation.
            /// psa_hash_abort, psa_mac_abort, psa_cipher_abort, psa_aead_abort: ends an operation, if it is not over.
            30 abort "cryptographic-operation"
                (operation: value "number of the operation")
                [];
            /// psa_hash_setup.
            31 hash_setup "cryptographic-operation"
                (algorithm: value "a hash", operation: output "its number, 4 bytes")
                [InsufficientMemory, BufferTooSmall, CorruptionDetected];
            /// psa_hash_update.
            32 hash_update "cryptographic-operation"
                (operation: value "number of the operation", piece: input "more of the message")
                [BadState];
            /// psa_hash_finish.
            33 hash_finish "cryptographic-operation"
                (operation: value "number of the operation", hash: output "the hash")
                [BadState, BufferTooSmall];
            /// psa_hash_verify.
            34 hash_verify "cryptographic-operation"
                (operation: value "number of the operation", hash: input "the hash expected")
                [BadState, InvalidSignature];
            /// psa_hash_clone.
            35 hash_clone "cryptographic-operation"
                (operation: value "number of the operation", copy: output "number of the copy, 4 bytes")
                [BadState, InsufficientMemory, BufferTooSmall];
            /// psa_mac_sign_setup.
            36 mac_sign_setup "cryptographic-operation"
                (key: value "number of the key", algorithm: value "HMAC or CMAC", operation: output "its number, 4 bytes")
                [InvalidHandle, NotPermitted, InsufficientMemory, BufferTooSmall, CorruptionDetected, StorageFailure, DataCorrupt,
                 DataInvalid, BadState];
            /// psa_mac_verify_setup.
            37 mac_verify_setup "cryptographic-operation"
                (key: value "number of the key", algorithm: value "HMAC or CMAC", operation: output "its number, 4 bytes")
                [InvalidHandle, NotPermitted, InsufficientMemory, BufferTooSmall, CorruptionDetected, StorageFailure, DataCorrupt,
                 DataInvalid, BadState];
            /// psa_mac_update.
            38 mac_update "cryptographic-operation"
                (operation: value "number of the operation", piece: input "more of the message")
                [BadState];
            /// psa_mac_sign_finish.
            39 mac_sign_finish "cryptographic-operation"
                (operation: value "number of the operation", mac: output "the MAC")
                [BadState, BufferTooSmall];
            /// psa_mac_verify_finish.
            40 mac_verify_finish "cryptographic-operation"
                (operation: value "number of the operation", mac: input "the MAC")
                [BadState, InvalidSignature];
            /// psa_cipher_encrypt_setup.
            41 cipher_encrypt_setup "cryptographic-operation"
                (key: value "number of the key", algorithm: value "CTR or CBC", operation: output "its number, 4 bytes")
                [InvalidHandle, NotPermitted, InsufficientMemory, BufferTooSmall, CorruptionDetected, StorageFailure, DataCorrupt,
                 DataInvalid, BadState];
            /// psa_cipher_decrypt_setup.
            42 cipher_decrypt_setup "cryptographic-operation"
                (key: value "number of the key", algorithm: value "CTR or CBC", operation: output "its number, 4 bytes")
                [InvalidHandle, NotPermitted, InsufficientMemory, BufferTooSmall, CorruptionDetected, StorageFailure, DataCorrupt,
                 DataInvalid, BadState];
            /// psa_cipher_generate_iv.
            43 cipher_generate_iv "cryptographic-operation"
                (operation: value "number of the operation", iv: output "the vector, 16 bytes")
                [BadState, BufferTooSmall, InsufficientEntropy];
            /// psa_cipher_set_iv.
            44 cipher_set_iv "cryptographic-operation"
                (operation: value "number of the operation", iv: input "the vector, 16 bytes")
                [BadState];
            /// psa_cipher_update.
            45 cipher_update "cryptographic-operation"
                (operation: value "number of the operation", piece: input "at most 4,096 bytes", result: output "what is ready")
                [BadState, BufferTooSmall, InsufficientMemory];
            /// psa_cipher_finish.
            46 cipher_finish "cryptographic-operation"
                (operation: value "number of the operation", result: output "the rest")
                [BadState, BufferTooSmall, InvalidPadding];
            /// psa_aead_encrypt_setup.
            47 aead_encrypt_setup "cryptographic-operation"
                (key: value "number of the key", algorithm: value "CCM, GCM or ChaCha20-Poly1305", operation: output "its number, 4 bytes")
                [InvalidHandle, NotPermitted, InsufficientMemory, BufferTooSmall, CorruptionDetected, StorageFailure, DataCorrupt,
                 DataInvalid, BadState];
            /// psa_aead_decrypt_setup.
            48 aead_decrypt_setup "cryptographic-operation"
                (key: value "number of the key", algorithm: value "CCM, GCM or ChaCha20-Poly1305", operation: output "its number, 4 bytes")
                [InvalidHandle, NotPermitted, InsufficientMemory, BufferTooSmall, CorruptionDetected, StorageFailure, DataCorrupt,
                 DataInvalid, BadState];
            /// psa_aead_set_lengths: before the nonce; CCM needs it.
            49 aead_set_lengths "cryptographic-operation"
                (operation: value "number of the operation", additional: value "bytes of additional data", plaintext: value "bytes of plaintext")
                [BadState];
            /// psa_aead_generate_nonce.
            50 aead_generate_nonce "cryptographic-operation"
                (operation: value "number of the operation", nonce: output "the nonce")
                [BadState, BufferTooSmall, InsufficientEntropy];
            /// psa_aead_set_nonce.
            51 aead_set_nonce "cryptographic-operation"
                (operation: value "number of the operation", nonce: input "the nonce")
                [BadState];
            /// psa_aead_update_ad.
            52 aead_update_ad "cryptographic-operation"
                (operation: value "number of the operation", piece: input "more additional data")
                [BadState];
            /// psa_aead_update. When decrypting, nothing may be believed before aead_verify has succeeded.
            53 aead_update "cryptographic-operation"
                (operation: value "number of the operation", piece: input "at most 4,096 bytes", result: output "what is ready")
                [BadState, BufferTooSmall, InsufficientMemory];
            /// psa_aead_finish: the tag.
            54 aead_finish "cryptographic-operation"
                (operation: value "number of the operation", tag: output "16 bytes of tag")
                [BadState, BufferTooSmall];
            /// psa_aead_verify: whether all that aead_update gave is authentic; no plaintext is left to come.
            55 aead_verify "cryptographic-operation"
                (operation: value "number of the operation", tag: input "the tag")
                [BadState, InvalidSignature];

            // Trusted storage (PSA Secure Storage API). A record has a number of 64 bits, not 0.
            /// psa_ps_set: stores a record in place of what was there: done or not done, whatever the power does.
            56 storage_set "secure-trusted-storage"
                (low: value "low half of the record's number", high: value "high half", flags: value "1: write once",
                 data: input "at most 4,096 bytes")
                [NotPermitted, InsufficientStorage, StorageFailure, DataCorrupt, InvalidSignature, BadState];
            /// psa_ps_get: what there is of a record from an offset on.
            57 storage_get "secure-trusted-storage"
                (low: value "low half of the record's number", high: value "high half", offset: value "in bytes", data: output "the bytes")
                [DoesNotExist, StorageFailure, DataCorrupt, InvalidSignature, BadState];
            /// psa_ps_get_info: length and flags of a record, 4 bytes each.
            58 storage_get_info "secure-trusted-storage"
                (low: value "low half of the record's number", high: value "high half", info: output "8 bytes")
                [DoesNotExist, BufferTooSmall, StorageFailure, DataCorrupt, InvalidSignature, BadState];
            /// psa_ps_remove: removes a record; nothing of its content is left in the flash.
            59 storage_remove "secure-trusted-storage"
                (low: value "low half of the record's number", high: value "high half")
                [DoesNotExist, NotPermitted, StorageFailure, DataCorrupt, InvalidSignature, BadState];
            /// Appends a reading to the readings log.
            60 readings_append "secure-trusted-storage"
                (reading: input "a reading record, 24 bytes", index: output "its index, 4 bytes")
                [BufferTooSmall, InsufficientStorage, StorageFailure, DataCorrupt, InvalidSignature, BadState];
            /// Reads the reading of an index. One that is missing or changed is an error and is never left out.
            61 readings_read "secure-trusted-storage"
                (index: value "its index", reading: output "a reading record, 24 bytes")
                [DoesNotExist, BufferTooSmall, StorageFailure, DataCorrupt, InvalidSignature, BadState];
            /// Index of the first reading that is kept, and of the one that comes next, 4 bytes each.
            62 readings_range "secure-trusted-storage"
                (range: output "8 bytes")
                [BufferTooSmall, StorageFailure, DataCorrupt, InvalidSignature, BadState];
            /// Gives up the readings before an index; nothing of them is left in the flash.
            63 readings_trim "secure-trusted-storage"
                (first: value "index of the first reading to keep")
                [StorageFailure, DataCorrupt, InvalidSignature, BadState];
            /// State of the services behind the gate: a record of 48 bytes.
            64 service_state "secure-trusted-storage"
                (record: output "a service record, 48 bytes")
                [BufferTooSmall];

            // Attestation (PSA Attestation API).
            /// psa_initial_attest_get_token: a signed statement what this device is and runs.
            65 attest_get_token "attestation-of-platform-genuineness"
                (challenge: input "32, 48 or 64 bytes of the verifier", token: output "the token")
                [BufferTooSmall, CorruptionDetected, HardwareFailure, ServiceFailure];
            /// psa_initial_attest_get_token_size.
            66 attest_get_token_size "attestation-of-platform-genuineness"
                (challenge: value "bytes of the challenge", size: output "bytes of the token, 4 bytes")
                [BufferTooSmall, CorruptionDetected, HardwareFailure, ServiceFailure];
            /// The public half of the attestation key, 65 bytes, of which the instance ID is the hash.
            67 attest_get_key "verification-of-platform-instance-identity"
                (key: output "65 bytes: 4, x, y")
                [BufferTooSmall, CorruptionDetected, ServiceFailure];

            // Life cycle.
            /// Destroys all that the device received since delivery and starts anew. Does not come back.
            68 factory_reset "factory-reset-of-platform"
                (phrase: input "the text `factory reset`")
                [NotPermitted, HardwareFailure];
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
pub const MAX_FRAME_WORDS: usize = 12;

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
