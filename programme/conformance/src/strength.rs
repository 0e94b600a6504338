//! How strong an algorithm is, by NIST SP 800-57 Part 1 Rev. 5 (tables 2 and 3) and SP 800-208 for hash-based signatures.

/// The strength of an algorithm at its sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// In bits, of the weakest of the sizes.
    Bits(u32),
    /// It finds accidents and stops nobody.
    NoCryptography,
    /// It hangs on a size, and none is said.
    SizeNeeded,
    /// The table does not have it.
    Unknown,
}

/// What the strength of an algorithm hangs on.
#[derive(Debug, Clone, Copy)]
enum By {
    /// Always the same.
    Fixed(u32),
    /// The size of the key, and not more than this.
    Key(u32),
    /// The largest step that the size reaches.
    Steps(&'static [(u32, u32)]),
    /// Nothing.
    None,
}

/// Integer factorisation and finite fields: the size of the modulus.
const MODULUS: By = By::Steps(&[(1024, 80), (2048, 112), (3072, 128), (7680, 192), (15360, 256)]);
/// Elliptic curves: the size of the field. 255 is Curve25519, which counts as 128 (SP 800-186).
const CURVE: By = By::Steps(&[(160, 80), (224, 112), (255, 128), (384, 192), (512, 256)]);

/// Names without case and punctuation, and what their strength hangs on. A hash by itself is one under a signature, where
/// collisions count; as part of a MAC, a derivation or a generator it has a name of its own.
const TABLE: &[(&[&str], By)] = &[
    (
        &[
            "aes", "aesgcm", "aesccm", "aesctr", "aescbc", "aescmac", "aesgmac", "aeskw", "aesxts", "aesecb",
            "cmac",
        ],
        By::Key(256),
    ),
    (&["aria", "camellia"], By::Key(256)),
    (&["chacha20", "chacha20poly1305", "xchacha20poly1305"], By::Key(256)),
    (&["ascon", "asconaead128"], By::Fixed(128)),
    (&["hmac", "hmacsha256", "hmacsha384", "hmacsha512", "hmacsha3256"], By::Key(256)),
    (&["hmacsha1"], By::Key(128)),
    (&["hkdf", "hkdfsha256", "hkdfsha384", "hkdfsha512"], By::Key(256)),
    (&["hmacdrbg", "ctrdrbg", "hashdrbg"], By::Key(256)),
    (&["ecdsa", "ecdh", "ecdhe", "ecies", "jpake", "spake2"], CURVE),
    (&["ed25519", "x25519"], By::Fixed(128)),
    (&["ed448", "x448"], By::Fixed(224)),
    (&["rsa", "rsapss", "rsapkcs1", "rsaoaep", "dsa", "dh", "ffdh", "ffdhe"], MODULUS),
    (&["sha256", "sha3256", "sha512256"], By::Fixed(128)),
    (&["sha384", "sha3384"], By::Fixed(192)),
    (&["sha512", "sha3512"], By::Fixed(256)),
    (&["shake128"], By::Fixed(128)),
    (&["shake256"], By::Fixed(256)),
    (&["sha224", "sha3224"], By::Fixed(112)),
    (&["mlkem"], By::Steps(&[(512, 128), (768, 192), (1024, 256)])),
    (&["mldsa"], By::Steps(&[(44, 128), (65, 192), (87, 256)])),
    (&["slhdsa", "lms", "xmss"], By::Key(256)),
    // Broken or worn out; named so that they are refused for what they are.
    (&["sha1"], By::Fixed(61)),
    (&["md5"], By::Fixed(18)),
    (&["3des", "tdes", "tdea"], By::Fixed(112)),
    (&["des"], By::Fixed(56)),
    (&["rc4"], By::Fixed(0)),
    (&["crc", "crc8", "crc16", "crc32", "adler32", "fletcher", "checksum"], By::None),
];

/// A name without case and punctuation.
pub(crate) fn bare(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The strength of an algorithm at these sizes: of keys, moduli or fields, in bits; of a lattice scheme, its parameter set.
pub fn strength(name: &str, bits: &[u32]) -> Strength {
    let name = bare(name);
    let Some((_, by)) = TABLE.iter().find(|(names, _)| names.contains(&&*name)) else {
        return Strength::Unknown;
    };
    let weakest = |of: &dyn Fn(u32) -> u32| match bits.iter().map(|bits| of(*bits)).min() {
        Some(bits) => Strength::Bits(bits),
        None => Strength::SizeNeeded,
    };
    match by {
        By::Fixed(bits) => Strength::Bits(*bits),
        By::Key(most) => weakest(&|bits| bits.min(*most)),
        By::Steps(steps) => weakest(&|bits| {
            steps.iter().rev().find(|(size, _)| *size <= bits).map_or(0, |(_, strength)| *strength)
        }),
        By::None => Strength::NoCryptography,
    }
}

/// A few names of the table, for those who used another.
pub(crate) const EXAMPLES: &str = "AES-CCM, HMAC-SHA-256, ECDSA, ECDH, Ed25519, RSA-PSS, SHA-256, HMAC_DRBG";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strengths_are_those_of_sp_800_57() {
        for (name, bits, strength_of_it) in [
            ("AES-CCM", &[128][..], 128),
            ("AES", &[256, 192], 192),
            ("RSA", &[1024], 80),
            ("RSA-PSS", &[2048], 112),
            ("RSA-PSS", &[3071], 112),
            ("RSA-PSS", &[3072], 128),
            ("FFDHE", &[4096], 128),
            ("ECDSA", &[224], 112),
            ("ECDSA", &[256], 128),
            ("ECDH", &[384, 256], 128),
            ("ECDH", &[521], 256),
            ("ECDH", &[112], 0),
            ("Ed25519", &[], 128),
            ("SHA-256", &[], 128),
            ("SHA-224", &[], 112),
            ("HMAC-SHA-256", &[128], 128),
            ("HMAC-SHA-1", &[160], 128),
            ("HMAC_DRBG", &[256], 256),
            ("ML-KEM", &[768], 192),
            ("3DES", &[192], 112),
        ] {
            assert_eq!(strength(name, bits), Strength::Bits(strength_of_it), "{name} {bits:?}");
        }
    }

    #[test]
    fn a_missing_size_an_unknown_name_and_a_checksum_are_told_apart() {
        assert_eq!(strength("AES", &[]), Strength::SizeNeeded);
        assert_eq!(strength("ROT-13", &[128]), Strength::Unknown);
        assert_eq!(strength("CRC-32", &[32]), Strength::NoCryptography);
        assert_eq!(strength("aes ccm", &[128]), Strength::Bits(128), "however it is written");
    }

    #[test]
    fn a_name_is_in_the_table_once() {
        let names: Vec<&str> = TABLE.iter().flat_map(|(names, _)| names.iter().copied()).collect();
        assert!(crate::context::repeated(&names).is_empty());
        assert!(names.iter().all(|name| bare(name) == *name));
        assert!(EXAMPLES.split(", ").all(|name| strength(name, &[256]) != Strength::Unknown));
    }
}
