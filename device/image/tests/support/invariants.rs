//! What holds for any bytes whatever; shared with the fuzz target `fuzz/fuzz_targets/image_parse.rs`.

use cdd_image::{Error, Image, total_size};

/// Parses `bytes` and, if they are an image, checks that everything it says lies inside them and adds up.
pub fn check(bytes: &[u8]) -> Result<(), Error> {
    let image = Image::parse(bytes)?;
    let header = image.header();
    let (total, signed) = (image.total_size(), image.signed_bytes());

    assert!(total <= bytes.len());
    assert_eq!(image.bytes(), &bytes[..total]);
    assert_eq!(signed, &bytes[..header.signed_size().unwrap() as usize]);
    assert_eq!(total_size(header, &bytes[signed.len()..]), Ok(total as u32));
    let payload = header.header_size as usize..header.header_size as usize + header.image_size as usize;
    assert_eq!(image.payload(), &bytes[payload]);

    let area = |protected: bool| {
        let entries = image.tlvs().filter(|tlv| tlv.protected == protected);
        entries.map(|tlv| 4 + tlv.value.len()).sum::<usize>()
    };
    assert_eq!(area(true), (header.protected_size as usize).saturating_sub(4));
    assert_eq!(area(false), total - signed.len() - 4);

    // Without its last byte it is no image; without what follows it, it is the same one.
    assert_eq!(Image::parse(&bytes[..total - 1]).err(), Some(Error::Truncated));
    assert_eq!(Image::parse(image.bytes()).map(|again| *again.header()), Ok(*header));

    let _ = (image.digest(), image.key_hash(), image.public_key(), image.signature());
    let _ = (image.security_counter(), image.part(), image.dependencies().count());
    assert!(image.name().is_none_or(|name| (1..=32).contains(&name.len())));
    Ok(())
}
