//! Images whose structure is broken on purpose: sizes, areas, TLVs.

use super::{interface, sfr};
use crate::attack::{Attack, all_are_refused};
use crate::bench::Bench;
use crate::images::{Part, SignedImage, Signer, entry, field_u16};
use crate::model::{Applies, Kind, Outcome, Test, Threat};
use crate::observations::Observations;
use cdd_image::tlv;

const THREATS: &[Threat] = &[Threat::Physical, Threat::BadSoftware];

pub(super) const TESTS: &[Test] = &[
    Test {
        id: "init-truncated-image",
        title: "A truncated image does not start, wherever it was cut",
        sfr: sfr::INITIALIZATION,
        threats: THREATS,
        kind: Kind::Attack,
        interface: interface::FLASH,
        procedure: "Write only the first n bytes of a genuine image, the rest of the slot staying erased: n at every border of its structure, one byte before and after, and at sampled places between.",
        expected: "Each is refused: empty for nothing at all, a header error within the header, tlv-bad-magic up to the TLVs, an error of TLVs, key or signature within those.",
        applies: Applies::Everywhere,
        run: truncated,
    },
    Test {
        id: "init-false-sizes",
        title: "An image with false sizes or flags in its header does not start",
        sfr: sfr::INITIALIZATION,
        threats: THREATS,
        kind: Kind::Attack,
        interface: interface::FLASH,
        procedure: "Set magic number, header size, payload size, TLV size and flags of a genuine header to wrong, oversized, wrapping and unsupported values.",
        expected: "Each is refused by the name of the field's own error, before anything is hashed.",
        applies: Applies::Everywhere,
        run: false_sizes,
    },
    Test {
        id: "init-malformed-tlvs",
        title: "An image with missing, repeated, overlapping or misplaced TLVs does not start",
        sfr: sfr::INITIALIZATION,
        threats: THREATS,
        kind: Kind::Attack,
        interface: interface::FLASH,
        procedure: "Take away, repeat, shorten, lengthen, mix and move the TLVs of a genuine image; let lengths reach over the next TLV and over the end; add ones that nothing would authenticate.",
        expected: "Each is refused by the name of its own error.",
        applies: Applies::Everywhere,
        run: malformed_tlvs,
    },
];

fn truncated(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut attacks = Vec::new();
    let mut sampler = bench.sampler("truncation");
    for part in Part::ALL {
        let image = bench.genuine(part)?;
        let mut cuts: Vec<usize> = image
            .regions()
            .iter()
            .flat_map(|region| [region.bytes.start, region.bytes.start + 1, region.bytes.end - 1])
            .collect();
        cuts.extend((0..bench.samples(12, 4)).map(|_| sampler.below(image.bytes.len())));
        cuts.sort_unstable();
        cuts.dedup();
        for length in cuts {
            let mut content = image.bytes[..length].to_vec();
            content.resize(image.bytes.len(), 0xFF);
            if content == image.bytes {
                continue;
            }
            let (kind, names) = cut_in(&image, length)?;
            let attack = Attack::new(&format!("cut after {length} bytes"), part, content, names);
            attacks.push(attack.of_kind(format!("{}: cut in {kind}", part.name())));
        }
    }
    all_are_refused(bench, seen, &attacks)
}

/// Where a cut falls, and what it must be refused as.
fn cut_in(image: &SignedImage, length: usize) -> Outcome<(&'static str, &'static [&'static str])> {
    let unprotected = image.region("unprotected-info")?;
    Ok(match length {
        0 => ("nothing", &["empty"]),
        1..4 => ("magic number", &["bad-magic"]),
        4..32 => ("header", HEADER_ERRORS),
        _ if length < unprotected.start + 2 => ("signed bytes", &["tlv-bad-magic"]),
        // The total reads as 0xFF in one or both bytes: too large for the slot, or over erased TLVs.
        _ if length < unprotected.end => ("TLV info", &["too-large", "tlv-truncated"]),
        _ => ("TLVs", TLV_ERRORS),
    })
}

const HEADER_ERRORS: &[&str] = &[
    "bad-header-size",
    "bad-protected-size",
    "size-overflow",
    "too-large",
    "wrong-header-size",
    "wrong-load-address",
    "unsupported-flags",
    "not-bootable",
    "unsupported-encryption",
    "unsupported-compression",
    "digest-mismatch",
    "tlv-bad-magic",
];

const TLV_ERRORS: &[&str] = &[
    "tlv-truncated",
    "tlv-bad-length",
    "tlv-not-allowed",
    "digest-mismatch",
    "digest-missing",
    "key-hash-missing",
    "key-unknown",
    "signature-missing",
    "signature-malformed",
    "signature-invalid",
];

fn false_sizes(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut attacks = Vec::new();
    for part in Part::ALL {
        let image = bench.genuine(part)?;
        let slot_size = bench.board.slot(part.slot_a()).map_or(0, |slot| slot.size) as u32;
        let payload = crate::images::field_u32(&image.bytes, 12);
        let protected = field_u16(&image.bytes, 10);
        let mut add = |case: &str, at: usize, value: &[u8], names| {
            let content = image.edited(|bytes| bytes[at..at + value.len()].copy_from_slice(value));
            attacks.push(Attack::new(case, part, content, names));
        };
        add("magic number zero", 0, &[0; 4], &["bad-magic"]);
        add("magic number of an older format", 0, &0x96F3_B83Cu32.to_le_bytes(), &["bad-magic"]);
        add("header size 0", 8, &0u16.to_le_bytes(), &["bad-header-size"]);
        add("header size 31", 8, &31u16.to_le_bytes(), &["bad-header-size"]);
        add("header size 32", 8, &32u16.to_le_bytes(), &["wrong-header-size"]);
        add("header size 65535", 8, &u16::MAX.to_le_bytes(), &["wrong-header-size"]);
        add("TLV size 3", 10, &3u16.to_le_bytes(), &["bad-protected-size"]);
        add("TLV size 0", 10, &0u16.to_le_bytes(), &["tlv-bad-magic"]);
        add("TLV size + 4", 10, &(protected + 4).to_le_bytes(), &["tlv-bad-magic"]);
        add("TLV size 65535", 10, &u16::MAX.to_le_bytes(), &["too-large", "tlv-bad-magic"]);
        add("payload size 0", 12, &0u32.to_le_bytes(), &["tlv-bad-magic"]);
        add("payload size - 1", 12, &(payload - 1).to_le_bytes(), &["tlv-bad-magic"]);
        add("payload size + 1", 12, &(payload + 1).to_le_bytes(), &["tlv-bad-magic"]);
        add("payload size of the slot", 12, &slot_size.to_le_bytes(), &["too-large"]);
        add("payload size 2^31", 12, &0x8000_0000u32.to_le_bytes(), &["too-large"]);
        add("payload size 2^32 - 1", 12, &u32::MAX.to_le_bytes(), &["size-overflow"]);
        let wraps = u32::MAX - u32::from(field_u16(&image.bytes, 8)) + 1;
        add("payload size that wraps to 0", 12, &wraps.to_le_bytes(), &["size-overflow"]);
        add("encrypted", 16, &0x24u32.to_le_bytes(), &["unsupported-encryption"]);
        add("compressed", 16, &0x220u32.to_le_bytes(), &["unsupported-compression"]);
        add("unknown flag", 16, &0x8000_0020u32.to_le_bytes(), &["unsupported-flags"]);
    }
    all_are_refused(bench, seen, &attacks)
}

fn malformed_tlvs(bench: &Bench, seen: &mut Observations) -> Outcome {
    let mut attacks = Vec::new();
    for part in Part::ALL {
        let image = bench.genuine(part)?;
        attacks.extend(changed_tlvs(bench, &image)?);
        attacks.extend(changed_bytes(&image)?);
    }
    all_are_refused(bench, seen, &attacks)
}

type Tlvs = Vec<(u16, Vec<u8>)>;

/// The unprotected TLVs edited as a list, the area's size made to match.
fn changed_tlvs(bench: &Bench, image: &SignedImage) -> Outcome<Vec<Attack>> {
    let part = image.recipe.part;
    let other = bench.sign(&crate::images::Recipe { signer: Signer::OwnEd25519, ..bench.recipe(part) })?;
    let ed25519 = other.bytes[other.region("signature")?].to_vec();
    let mut attacks = Vec::new();
    let mut add = |case: &str, names, edit: &dyn Fn(&mut Tlvs)| -> Outcome {
        let content = image.with_unprotected(|tlvs| edit(tlvs))?;
        attacks.push(Attack::new(case, part, content, names));
        Ok(())
    };
    let find = |tlvs: &Tlvs, kind: u16| tlvs.iter().position(|(k, _)| *k == kind).unwrap_or(0);
    add("no TLVs at all", &["key-hash-missing", "digest-missing"], &|t| t.clear())?;
    add("no digest", &["digest-missing"], &|t| t.retain(|(k, _)| *k != tlv::SHA256))?;
    add("no key hash", &["key-hash-missing"], &|t| t.retain(|(k, _)| *k != tlv::KEY_HASH))?;
    add("no signature", &["signature-missing"], &|t| t.retain(|(k, _)| *k != tlv::ECDSA))?;
    for (case, kind) in
        [("two digests", tlv::SHA256), ("two key hashes", tlv::KEY_HASH), ("two signatures", tlv::ECDSA)]
    {
        add(case, &["tlv-duplicate"], &|t| {
            let copy = t[find(t, kind)].clone();
            t.push(copy);
        })?;
    }
    add("signatures of two kinds", &["signature-ambiguous"], &|t| t.push((tlv::ED25519, ed25519.clone())))?;
    add("another algorithm's signature", &["signature-invalid"], &|t| {
        let at = find(t, tlv::ECDSA);
        t[at] = (tlv::ED25519, ed25519.clone());
    })?;
    add("hash and whole key", &["key-ambiguous"], &|t| t.push((tlv::PUBLIC_KEY, vec![0x30; 91])))?;
    add("digest of 31 bytes", &["tlv-bad-length"], &|t| {
        let at = find(t, tlv::SHA256);
        t[at].1.pop();
    })?;
    add("digest of 33 bytes", &["tlv-bad-length"], &|t| {
        let at = find(t, tlv::SHA256);
        t[at].1.push(0);
    })?;
    add("empty signature", &["signature-malformed"], &|t| {
        let at = find(t, tlv::ECDSA);
        t[at].1.clear();
    })?;
    add("signature of zeros", &["signature-malformed"], &|t| {
        let at = find(t, tlv::ECDSA);
        t[at].1.fill(0);
    })?;
    add("signature r = s = 0 in DER", &["signature-malformed", "signature-invalid"], &|t| {
        let at = find(t, tlv::ECDSA);
        t[at].1 = vec![0x30, 6, 2, 1, 0, 2, 1, 0];
    })?;
    add("unknown TLV beside the signature", &["tlv-not-allowed"], &|t| t.push((0x7777, vec![1])))?;
    add("second counter, unsigned", &["security-counter-unprotected"], &|t| {
        t.push((tlv::SECURITY_COUNTER, u32::MAX.to_le_bytes().to_vec()));
    })?;
    add("second part, unsigned", &["tlv-must-be-protected"], &|t| t.push((tlv::PART, b"boot".to_vec())))?;
    add("SHA-384 digest", &["unsupported-digest"], &|t| t.push((tlv::SHA384, vec![0; 48])))?;
    add("RSA signature", &["unsupported-signature"], &|t| t.push((tlv::RSA2048, vec![0; 256])))?;
    add("mark of a pure signature", &["unsupported-pure-signature"], &|t| t.push((tlv::PURE, vec![1])))?;
    Ok(attacks)
}

/// Lengths inside the TLV areas changed so that they overlap or overrun.
fn changed_bytes(image: &SignedImage) -> Outcome<Vec<Attack>> {
    let part = image.recipe.part;
    let protected = image.region("protected-info")?;
    let unprotected = image.region("unprotected-info")?;
    let first_length = unprotected.end + 2;
    let set = |case: &str, at: usize, value: u16, names| {
        let content = image.edited(|bytes| bytes[at..at + 2].copy_from_slice(&value.to_le_bytes()));
        Attack::new(case, part, content, names)
    };
    let whole = field_u16(&image.bytes, unprotected.start + 2);
    let mut attacks = vec![
        set("area of 3 bytes", unprotected.start + 2, 3, &["tlv-bad-total"]),
        set("area ends inside its last TLV", unprotected.start + 2, whole - 1, &["tlv-truncated"]),
        set("area of 65535 bytes", unprotected.start + 2, u16::MAX, &["too-large", "tlv-truncated"]),
        set("TLV reaches over the next one", first_length, 32 + 8, &["tlv-bad-length"]),
        set("TLV reaches over the end", first_length, u16::MAX, &["tlv-truncated"]),
        set("protected area without its magic number", protected.start, 0, &["protected-tlv-bad-magic"]),
        set(
            "protected area larger than the header says",
            protected.start + 2,
            u16::MAX,
            &["protected-size-mismatch"],
        ),
        set("protected TLV reaches over the end", protected.end + 2, u16::MAX, &["tlv-truncated"]),
        set("protected area reaches into itself", protected.start + 2, 4, &["protected-size-mismatch"]),
    ];
    // A second, unprotected counter that overlaps the signature's bytes.
    let overlap = image.edited(|bytes| {
        let tail = entry(tlv::SECURITY_COUNTER, &[0xFF; 4]);
        let at = bytes.len() - tail.len();
        bytes[at..].copy_from_slice(&tail);
    });
    let names = &["signature-malformed", "signature-invalid"];
    attacks.push(Attack::new("a TLV hidden in the signature", part, overlap, names));
    Ok(attacks)
}
