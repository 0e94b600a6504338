//! Every way in which the structure of an image can be wrong has its own name.

mod support;

use cdd_image::{Error, Image, Signature, tlv};
use support::assemble;

const DIGEST: (u16, &[u8]) = (tlv::SHA256, &[0xD1; 32]);
const KEY_HASH: (u16, &[u8]) = (tlv::KEY_HASH, &[0xAB; 32]);
const ED25519: (u16, &[u8]) = (tlv::ED25519, &[0x5E; 64]);
const ECDSA: (u16, &[u8]) = (tlv::ECDSA, &[0x30, 6, 2, 1, 1, 2, 1, 1]);
const COUNTER: (u16, &[u8]) = (tlv::SECURITY_COUNTER, &[9, 0, 0, 0]);
const PART: (u16, &[u8]) = (tlv::PART, b"platform");
const NAME: (u16, &[u8]) = (tlv::NAME, b"bgm");
const DEPENDENCY: (u16, &[u8]) = (tlv::DEPENDENCY, &[2, 0, 0, 0, 1, 2, 3, 0, 4, 0, 0, 0]);

/// What parsing an otherwise good image with these TLVs says.
fn parse(protected: &[(u16, &[u8])], unprotected: &[(u16, &[u8])]) -> Result<(), Error> {
    Image::parse(&assemble(protected, unprotected)).map(|_| ())
}

#[test]
fn the_control_a_sound_image_says_everything_that_was_put_into_it() {
    let bytes = assemble(&[COUNTER, DEPENDENCY, PART, NAME], &[DIGEST, KEY_HASH, ED25519]);
    let image = Image::parse(&bytes).unwrap();
    assert_eq!(image.digest(), Ok(&[0xD1; 32]));
    assert_eq!(image.key_hash(), Ok(&[0xAB; 32]));
    assert_eq!(image.public_key(), None);
    assert_eq!(image.signature(), Ok(Signature::Ed25519(&[0x5E; 64])));
    assert_eq!(image.security_counter(), Ok(9));
    assert_eq!(image.part(), Ok(&b"platform"[..]));
    assert_eq!(image.name(), Some("bgm"));
    let dependency = image.dependencies().next().unwrap();
    assert_eq!((dependency.image, dependency.version), (2, support::VERSION));
    assert_eq!(image.tlvs().count(), 7);
    assert_eq!(image.payload(), b"payload");
    support::invariants::check(&bytes).unwrap();
}

#[test]
fn what_is_missing_is_named_when_it_is_asked_for() {
    let bytes = assemble(&[], &[]);
    let image = Image::parse(&bytes).unwrap();
    assert_eq!(image.digest(), Err(Error::DigestMissing));
    assert_eq!(image.key_hash(), Err(Error::KeyHashMissing));
    assert_eq!(image.signature(), Err(Error::SignatureMissing));
    assert_eq!(image.security_counter(), Err(Error::SecurityCounterMissing));
    assert_eq!(image.part(), Err(Error::PartMissing));
    assert_eq!(image.name(), None);
    assert_eq!(image.dependencies().count(), 0);
}

#[test]
fn nothing_that_means_something_may_be_there_twice() {
    for once in [DIGEST, KEY_HASH, ED25519, ECDSA, (tlv::PUBLIC_KEY, b"any")] {
        assert_eq!(parse(&[], &[once]), Ok(()));
        assert_eq!(parse(&[], &[once, once]), Err(Error::TlvDuplicate));
    }
    for once in [COUNTER, PART, NAME] {
        assert_eq!(parse(&[once], &[]), Ok(()));
        assert_eq!(parse(&[once, once], &[]), Err(Error::TlvDuplicate));
    }
    assert_eq!(parse(&[DEPENDENCY, DEPENDENCY], &[]), Ok(()), "an image may depend on several");
    assert_eq!(parse(&[], &[ECDSA, ED25519]), Err(Error::SignatureAmbiguous));
    assert_eq!(parse(&[], &[KEY_HASH, (tlv::PUBLIC_KEY, b"any")]), Err(Error::KeyAmbiguous));
}

#[test]
fn a_tlv_in_the_wrong_area_is_refused() {
    assert_eq!(parse(&[], &[COUNTER]), Err(Error::SecurityCounterUnprotected));
    for unprotected in [PART, NAME, DEPENDENCY, (tlv::BOOT_RECORD, b"any")] {
        assert_eq!(parse(&[], &[unprotected]), Err(Error::TlvMustBeProtected));
        assert_eq!(parse(&[unprotected], &[]), Ok(()));
    }
    for protected in [DIGEST, KEY_HASH, ED25519, ECDSA, (tlv::PUBLIC_KEY, b"any"), (tlv::PURE, &[1])] {
        assert_eq!(parse(&[protected], &[]), Err(Error::TlvMustBeUnprotected));
    }
}

#[test]
fn an_unknown_tlv_is_fine_where_the_signature_covers_it_and_nowhere_else() {
    for kind in [0x00, 0x03, 0x30, 0x74, 0x00A2, 0x1234, 0xFFFE, 0xFFFF] {
        assert_eq!(parse(&[(kind, b"any")], &[]), Ok(()), "{kind:#x}");
        assert_eq!(parse(&[], &[(kind, b"any")]), Err(Error::TlvNotAllowed), "{kind:#x}");
    }
}

#[test]
fn algorithms_that_are_not_supported_are_named() {
    for digest in [tlv::SHA384, tlv::SHA512] {
        assert_eq!(parse(&[], &[(digest, &[0; 64])]), Err(Error::UnsupportedDigest));
    }
    for signature in [tlv::RSA2048, tlv::RSA3072] {
        assert_eq!(parse(&[], &[(signature, &[0; 64])]), Err(Error::UnsupportedSignature));
    }
    assert_eq!(parse(&[], &[(tlv::PURE, &[1])]), Err(Error::UnsupportedPureSignature));
}

#[test]
fn a_value_of_the_wrong_length_or_shape_is_refused() {
    for (kind, right) in [(tlv::SHA256, 32), (tlv::KEY_HASH, 32), (tlv::ED25519, 64)] {
        assert_eq!(parse(&[], &[(kind, &vec![1; right])]), Ok(()));
        for wrong in [0, right - 1, right + 1] {
            assert_eq!(parse(&[], &[(kind, &vec![1; wrong])]), Err(Error::TlvBadLength));
        }
    }
    for wrong in [&[][..], &[0; 3], &[0; 5]] {
        assert_eq!(parse(&[(tlv::SECURITY_COUNTER, wrong)], &[]), Err(Error::TlvBadLength));
    }
    for right in [&b"x"[..], &[b' '; 32]] {
        assert_eq!(parse(&[(tlv::NAME, right), (tlv::PART, right)], &[]), Ok(()));
    }
    for wrong in [&b""[..], &[b'x'; 33], b"a\n", b"a\0", b"\x7F", "\u{e9}".as_bytes()] {
        assert_eq!(parse(&[(tlv::NAME, wrong)], &[]), Err(Error::NameMalformed));
        assert_eq!(parse(&[(tlv::PART, wrong)], &[]), Err(Error::PartMalformed));
    }
    let mut padded = DEPENDENCY.1.to_vec();
    for at in [1, 2, 3] {
        padded[at] = 1;
        assert_eq!(parse(&[(tlv::DEPENDENCY, &padded)], &[]), Err(Error::DependencyMalformed));
        padded[at] = 0;
    }
    assert_eq!(parse(&[(tlv::DEPENDENCY, &padded)], &[]), Ok(()));
    assert_eq!(parse(&[(tlv::DEPENDENCY, &padded[..11])], &[]), Err(Error::DependencyMalformed));
}

/// What parsing says once the byte at `at` (from the end when negative) is `value`.
fn with_byte(at: isize, value: u8) -> Result<(), Error> {
    let mut bytes = assemble(&[COUNTER], &[DIGEST]);
    let at = if at < 0 { bytes.len().strict_add_signed(at) } else { at as usize };
    bytes[at] = value;
    Image::parse(&bytes).map(|_| ())
}

#[test]
fn areas_whose_sizes_do_not_add_up_are_refused() {
    // Layout: header 32, payload 7, protected info at 39 and its TLV at 43, unprotected info at 51.
    assert_eq!(with_byte(39, 0x08), Ok(()), "the control changes nothing");
    assert_eq!(with_byte(39, 0x07), Err(Error::ProtectedTlvBadMagic));
    assert_eq!(with_byte(41, 11), Err(Error::ProtectedSizeMismatch));
    assert_eq!(with_byte(45, 3), Err(Error::TlvBadLength));
    assert_eq!(with_byte(45, 5), Err(Error::TlvTruncated));
    assert_eq!(with_byte(51, 0x08), Err(Error::TlvBadMagic));
    assert_eq!(with_byte(53, 3), Err(Error::TlvBadTotal));
    assert_eq!(with_byte(53, 39), Err(Error::TlvTruncated));
    assert_eq!(with_byte(53, 41), Err(Error::Truncated));
    assert_eq!(with_byte(57, 33), Err(Error::TlvTruncated));
    assert_eq!(with_byte(10, 0), Err(Error::TlvBadMagic), "a protected area that the header denies");
    assert_eq!(with_byte(-1, 0), Ok(()), "the digest's value is for `verify`");
    let bytes = assemble(&[COUNTER], &[DIGEST]);
    for length in 0..bytes.len() {
        assert_eq!(Image::parse(&bytes[..length]).err(), Some(Error::Truncated), "{length}");
    }
}
