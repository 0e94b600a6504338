//! One flipped bit, sampled over the whole image, on real starts.

use super::{interface, sfr};
use crate::attack::{Attack, all_are_refused};
use crate::bench::Bench;
use crate::images::Part;
use crate::model::{Applies, Kind, Outcome, Test, Threat};
use crate::observations::Observations;

pub(super) const TESTS: &[Test] = &[
    Test {
        id: "init-flipped-bit-platform",
        title: "A platform image with one flipped bit does not start",
        sfr: sfr::INITIALIZATION,
        threats: &[Threat::Physical, Threat::BadSoftware],
        kind: Kind::Attack,
        interface: interface::FLASH,
        procedure: "Flip one bit of a genuine platform image, sampled from every region of it – header, padding, payload, TLV heads and values, digest, key hash, signature – and start; repeat.",
        expected: "Refused each time and state no-platform: digest-mismatch for what is executed, key-unknown, signature-invalid or -malformed in the key hash and signature, a named error of structure elsewhere.",
        applies: Applies::Everywhere,
        run: platform,
    },
    Test {
        id: "init-flipped-bit-application",
        title: "An application image with one flipped bit does not start",
        sfr: sfr::INITIALIZATION,
        threats: &[Threat::Physical, Threat::BadSoftware],
        kind: Kind::Attack,
        interface: interface::FLASH,
        procedure: "Flip one bit of a genuine application image, sampled from every region of it, and start; repeat.",
        expected: "Refused each time by name and state no-application, while the platform runs.",
        applies: Applies::Everywhere,
        run: application,
    },
];

fn platform(bench: &Bench, seen: &mut Observations) -> Outcome {
    flips(bench, seen, Part::Platform)
}

fn application(bench: &Bench, seen: &mut Observations) -> Outcome {
    flips(bench, seen, Part::Application)
}

fn flips(bench: &Bench, seen: &mut Observations, part: Part) -> Outcome {
    let image = bench.genuine(part)?;
    let mut sampler = bench.sampler(part.name());
    let per_region = bench.samples(3, 1);
    let mut attacks = Vec::new();
    let mut sample = Vec::new();
    for region in image.regions() {
        // What is executed is most of the image and deserves more samples than four bytes of a TLV.
        let count = if region.kind == "payload" { 3 * per_region } else { per_region };
        for _ in 0..count {
            let bit = region.bytes.start * 8 + sampler.below(region.bytes.len() * 8);
            sample.push(bit.to_string());
            let case = format!("bit {} of byte {:#x} ({})", bit % 8, bit / 8, region.kind);
            let attack = Attack::new(&case, part, image.flipped(bit), names_for(region.kind));
            attacks.push(attack.of_kind(region.kind));
        }
    }
    seen.saw("bits flipped, each alone", sample.join(" "));
    all_are_refused(bench, seen, &attacks)
}

/// What a flipped bit in a region may be refused as.
pub(super) fn names_for(region: &str) -> &'static [&'static str] {
    match region {
        "payload" | "header-padding" | "digest" => &["digest-mismatch"],
        "key-hash" => &["key-unknown"],
        "signature" => &["signature-invalid", "signature-malformed"],
        "security-counter" => &["digest-mismatch", "counter-too-old"],
        "part" => &["wrong-part", "part-malformed"],
        "name" => &["digest-mismatch", "name-malformed"],
        "protected-info" => &["protected-tlv-bad-magic", "protected-size-mismatch"],
        "header" => &[
            "digest-mismatch",
            "bad-magic",
            "bad-header-size",
            "bad-protected-size",
            "wrong-header-size",
            "wrong-load-address",
            "size-overflow",
            "too-large",
            "unsupported-flags",
            "not-bootable",
            "unsupported-encryption",
            "unsupported-compression",
            "tlv-bad-magic",
            "tlv-bad-total",
        ],
        _ => &[
            "tlv-bad-magic",
            "tlv-bad-total",
            "tlv-truncated",
            "tlv-bad-length",
            "tlv-not-allowed",
            "tlv-duplicate",
            "tlv-must-be-protected",
            "tlv-must-be-unprotected",
            "too-large",
            "digest-missing",
            "digest-mismatch",
            "key-hash-missing",
            "key-ambiguous",
            "key-unknown",
            "part-missing",
            "part-malformed",
            "wrong-part",
            "name-missing",
            "name-malformed",
            "dependency-malformed",
            "security-counter-missing",
            "security-counter-unprotected",
            "counter-too-old",
            "signature-missing",
            "signature-ambiguous",
            "signature-malformed",
            "signature-invalid",
            "unsupported-digest",
            "unsupported-signature",
            "unsupported-pure-signature",
        ],
    }
}
