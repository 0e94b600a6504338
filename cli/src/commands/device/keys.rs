//! Keys that sign for a device, and the published ones that must never do so in the field.

use std::path::PathBuf;

use cdd_image::{PublicKeyBytes, RustCrypto, key_hash_of};
use dtsec_target::PublicKey;

use crate::commands::image::read_public_key;

/// Key hashes (SHA-256 of the SubjectPublicKeyInfo) of keys whose private half anyone can download.
const PUBLISHED: [(&str, &str); 7] = [
    ("e30466f6b8470c1f29070b17f1e2d3e94d445e3f608087fdc711e4382bb538b6", "MCUboot's root-ec-p256.pem"),
    ("c1907fa4eac7fae3840a78902b6f0710b037e9968e5c6274a12a28790c7d4e3c", "MCUboot's root-ed25519.pem"),
    (
        "95f82ce4b5502aa70fc2fa24b88a58ed3d61b82ff7c1ffab0e7d42d29db52834",
        "MCUboot's cypress-test-ec-p256.pem",
    ),
    ("2b82883cba4593118a6e00dde200c939e51521e093137f97ffcdc619b005e341", "Nuvoton's sample key ECC-P256.pem"),
    ("06e3fd8fda29bb60ab59557de61edb0aecdb231134be30e75b455f8e1b792fa9", "RFC 8032, 7.1, test 1"),
    ("deb2ded39dc26fce0e6085b6fc34bf6b5941913bbfe2ea614113cff9e004c170", "RFC 8032, 7.1, test 2"),
    ("8d39ba50abe50f77b6bb8ae7b6927aff7ffbeba35ad2837c0e51e82bcbcc60d5", "RFC 8032, 7.1, test 3"),
];

/// Reads public keys from PEM files; of a private key its public half is taken.
pub(super) fn read(paths: &[PathBuf]) -> anyhow::Result<Vec<PublicKey>> {
    paths.iter().map(|path| read_public_key(path).map(for_fuses)).collect()
}

/// The hash by which images name a key.
pub(super) fn hash(key: &PublicKey) -> String {
    hex::encode(key_hash_of::<RustCrypto>(&for_image(key)))
}

/// The key as images are verified with it.
pub(super) fn for_image(key: &PublicKey) -> PublicKeyBytes {
    match key {
        PublicKey::P256(point) => PublicKeyBytes::P256(*point),
        PublicKey::Ed25519(key) => PublicKeyBytes::Ed25519(*key),
    }
}

/// The name of its algorithm, as `dtsec image keygen` has it.
pub(super) fn algorithm(key: &PublicKey) -> &'static str {
    match key {
        PublicKey::P256(_) => "ecdsa-p256",
        PublicKey::Ed25519(_) => "ed25519",
    }
}

/// Where the private half of the key with this hash has been published, if it has.
pub(super) fn published(hash: &str) -> Option<&'static str> {
    PUBLISHED.iter().find(|(known, _)| *known == hash).map(|(_, name)| *name)
}

fn for_fuses(key: PublicKeyBytes) -> PublicKey {
    match key {
        PublicKeyBytes::P256(point) => PublicKey::P256(point),
        PublicKeyBytes::Ed25519(key) => PublicKey::Ed25519(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(hex: &str) -> [u8; 32] {
        let mut bytes = [0; 32];
        hex::decode_to_slice(hex, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn mcuboots_published_keys_are_known_by_their_hashes() {
        // The public keys as MCUboot's simulator has them (sim/mcuboot-sys/csupport/keys.c).
        let mut point = [0; 64];
        point[..32].copy_from_slice(&key("2acb403ce8feed5ba44995a1a91daee8dbbe1937cd14fb2f245737e5953988d9"));
        point[32..].copy_from_slice(&key("94b9d65aebd7cdd5308ad6fe48b24a6a810ee5f07d8b6834cc3a6afc538efac1"));
        let ed25519 = key("d4b31ba49a3add3f825d10ca7f31b50b0de87f37ccc49f1a403a5c1320ffb4e0");
        assert_eq!(published(&hash(&PublicKey::P256(point))), Some("MCUboot's root-ec-p256.pem"));
        assert_eq!(published(&hash(&PublicKey::Ed25519(ed25519))), Some("MCUboot's root-ed25519.pem"));
        assert_eq!(published(&hash(&PublicKey::Ed25519([1; 32]))), None);
    }
}
