//! The numbers of the PSA Certified Crypto API 1.x that the platform knows: `psa_algorithm_t`,
//! `psa_key_type_t`, `psa_key_usage_t`.
//!
//! What is not here cannot be asked for. RSA, finite-field Diffie-Hellman, SHA-1, MD5, SHA-224, curves below
//! 256 bits, DES, ECB and stream use of ChaCha20 without a tag are absent; a tag shorter than 128 bits is
//! refused wherever its length can be encoded.
//!
//! SFR: cryptographic-operation, cryptographic-keystore.

/// `psa_algorithm_t` (PSA Crypto API §10).
pub mod alg {
    /// No algorithm.
    pub const NONE: u32 = 0;
    /// SHA-256.
    pub const SHA_256: u32 = 0x0200_0009;
    /// SHA-384.
    pub const SHA_384: u32 = 0x0200_000a;
    /// SHA-512.
    pub const SHA_512: u32 = 0x0200_000b;
    /// Any hash: only in a policy, inside a signature algorithm.
    pub const ANY_HASH: u32 = 0x0200_00ff;
    /// HMAC with SHA-256.
    pub const HMAC_SHA_256: u32 = 0x0380_0009;
    /// HMAC with SHA-384.
    pub const HMAC_SHA_384: u32 = 0x0380_000a;
    /// HMAC with SHA-512.
    pub const HMAC_SHA_512: u32 = 0x0380_000b;
    /// CMAC over AES.
    pub const CMAC: u32 = 0x03c0_0200;
    /// AES in counter mode.
    pub const CTR: u32 = 0x04c0_1000;
    /// AES-CBC, whole blocks.
    pub const CBC_NO_PADDING: u32 = 0x0440_4000;
    /// AES-CBC with the padding of PKCS #7.
    pub const CBC_PKCS7: u32 = 0x0440_4100;
    /// AES-CCM, 16-byte tag.
    pub const CCM: u32 = 0x0550_0100;
    /// AES-GCM, 16-byte tag.
    pub const GCM: u32 = 0x0550_0200;
    /// ChaCha20-Poly1305 (RFC 8439).
    pub const CHACHA20_POLY1305: u32 = 0x0510_0500;
    /// HKDF with SHA-256.
    pub const HKDF_SHA_256: u32 = 0x0800_0109;
    /// HKDF with SHA-384.
    pub const HKDF_SHA_384: u32 = 0x0800_010a;
    /// HKDF with SHA-512.
    pub const HKDF_SHA_512: u32 = 0x0800_010b;
    /// ECDSA, randomised; with the low byte of a hash.
    pub const ECDSA_BASE: u32 = 0x0600_0600;
    /// ECDSA, deterministic (RFC 6979); with the low byte of a hash.
    pub const DETERMINISTIC_ECDSA_BASE: u32 = 0x0600_0700;
    /// Ed25519 over the message itself.
    pub const PURE_EDDSA: u32 = 0x0600_0800;
    /// Elliptic-curve Diffie-Hellman, the shared secret as it is.
    pub const ECDH: u32 = 0x0902_0000;

    /// Policy only: "a MAC of at least the length given" (`PSA_ALG_AT_LEAST_THIS_LENGTH_MAC`), likewise for AEAD.
    pub const AT_LEAST_THIS_LENGTH: u32 = 0x0000_8000;
    /// The field of the tag's length in MAC and AEAD algorithms; zero in a MAC means all of it.
    pub const LENGTH_MASK: u32 = 0x003f_0000;
    /// Where an algorithm names its hash.
    pub const HASH_MASK: u32 = 0x0000_00ff;

    /// ECDSA with this hash, randomised.
    pub const fn ecdsa(hash: u32) -> u32 {
        ECDSA_BASE | (hash & HASH_MASK)
    }

    /// ECDSA with this hash, deterministic.
    pub const fn deterministic_ecdsa(hash: u32) -> u32 {
        DETERMINISTIC_ECDSA_BASE | (hash & HASH_MASK)
    }

    /// `PSA_ALG_TRUNCATED_MAC`.
    pub const fn truncated_mac(mac: u32, bytes: u32) -> u32 {
        (mac & !(LENGTH_MASK | AT_LEAST_THIS_LENGTH)) | ((bytes << 16) & LENGTH_MASK)
    }

    /// `PSA_ALG_AT_LEAST_THIS_LENGTH_MAC`; a policy, never a request.
    pub const fn at_least_this_length_mac(mac: u32, bytes: u32) -> u32 {
        truncated_mac(mac, bytes) | AT_LEAST_THIS_LENGTH
    }

    /// `PSA_ALG_AEAD_WITH_SHORTENED_TAG`.
    pub const fn shortened_tag(aead: u32, bytes: u32) -> u32 {
        truncated_mac(aead, bytes)
    }

    /// `PSA_ALG_AEAD_WITH_AT_LEAST_THIS_LENGTH_TAG`; a policy, never a request.
    pub const fn at_least_this_length_tag(aead: u32, bytes: u32) -> u32 {
        at_least_this_length_mac(aead, bytes)
    }

    /// `PSA_ALG_KEY_AGREEMENT`: the agreement followed by the derivation.
    pub const fn key_agreement(agreement: u32, derivation: u32) -> u32 {
        agreement | derivation
    }
}

/// `psa_key_type_t` (PSA Crypto API §9.2).
pub mod key_type {
    /// Data that no algorithm takes as a key.
    pub const RAW_DATA: u16 = 0x1001;
    /// A key for HMAC.
    pub const HMAC: u16 = 0x1100;
    /// A secret to derive from.
    pub const DERIVE: u16 = 0x1200;
    /// An AES key.
    pub const AES: u16 = 0x2400;
    /// A ChaCha20 key.
    pub const CHACHA20: u16 = 0x2004;
    /// Key pair on a NIST curve over a prime field: P-256 or P-384 by its size in bits.
    pub const ECC_KEY_PAIR_SECP_R1: u16 = 0x7112;
    /// Public key on such a curve.
    pub const ECC_PUBLIC_KEY_SECP_R1: u16 = 0x4112;
    /// X25519 key pair, 255 bits.
    pub const ECC_KEY_PAIR_MONTGOMERY: u16 = 0x7141;
    /// X25519 public key.
    pub const ECC_PUBLIC_KEY_MONTGOMERY: u16 = 0x4141;
    /// Ed25519 key pair, 255 bits.
    pub const ECC_KEY_PAIR_TWISTED_EDWARDS: u16 = 0x7142;
    /// Ed25519 public key.
    pub const ECC_PUBLIC_KEY_TWISTED_EDWARDS: u16 = 0x4142;

    /// Whether this is a public key, which no policy keeps secret.
    pub const fn is_public(key_type: u16) -> bool {
        key_type & 0x7000 == 0x4000
    }

    /// Whether this is a key pair.
    pub const fn is_key_pair(key_type: u16) -> bool {
        key_type & 0x7000 == 0x7000
    }

    /// The type of the public half of a key pair; of a public key itself.
    pub const fn public_of(key_type: u16) -> u16 {
        key_type & !0x3000
    }
}

/// `psa_key_usage_t` (PSA Crypto API §9.6).
pub mod usage {
    /// The key may leave.
    pub const EXPORT: u32 = 0x0000_0001;
    /// The key may be copied.
    pub const COPY: u32 = 0x0000_0002;
    /// It may encrypt.
    pub const ENCRYPT: u32 = 0x0000_0100;
    /// It may decrypt.
    pub const DECRYPT: u32 = 0x0000_0200;
    /// It may sign, or MAC, a message.
    pub const SIGN_MESSAGE: u32 = 0x0000_0400;
    /// It may verify the signature, or MAC, of a message.
    pub const VERIFY_MESSAGE: u32 = 0x0000_0800;
    /// It may sign a hash; includes [`SIGN_MESSAGE`].
    pub const SIGN_HASH: u32 = 0x0000_1000;
    /// It may verify the signature of a hash; includes [`VERIFY_MESSAGE`].
    pub const VERIFY_HASH: u32 = 0x0000_2000;
    /// Keys may be derived from it.
    pub const DERIVE: u32 = 0x0000_4000;
    /// All of the above.
    pub const ALL: u32 =
        EXPORT | COPY | ENCRYPT | DECRYPT | SIGN_MESSAGE | VERIFY_MESSAGE | SIGN_HASH | VERIFY_HASH | DERIVE;
}
