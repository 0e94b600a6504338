//! Rules for cryptography: 128 bits, by a table.

use crate::context::{Context, open, token};
use crate::finding::Found;
use crate::rule::{Rule, Severity};
use crate::strength::{EXAMPLES, Strength, bare, strength};
use dtsec_model::operations::Value;
use dtsec_model::security_target::{Algorithm, Claim};

pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "algorithms-named",
        clause: "GPT_SPE_151 5.2.7 to 5.2.9; T18",
        title: "Where the profile asks for a strength, the algorithms are named with their sizes",
        explanation: "Strength is computed, not read from prose.",
        remedy: "Fill in `algorithms` of the claim.",
        severity: Severity::Error,
        check: algorithms_named,
    },
    Rule {
        id: "algorithms-agree",
        clause: "GPT_SPE_151 5.2.8, 5.2.9; T18",
        title: "Every algorithm of the requirement's text is among those whose strength is computed",
        explanation: "An algorithm that only the text has would never be judged.",
        remedy: "Add it to `algorithms` of the claim, or take it out of the text.",
        severity: Severity::Error,
        check: algorithms_agree,
    },
    Rule {
        id: "key-lengths-agree",
        clause: "GPT_SPE_151 5.2.8, 5.2.9; T18",
        title: "Every key length of the requirement's text is among those whose strength is computed",
        explanation: "A key length that only the text has would never be judged.",
        remedy: "Add it to `bits` of its algorithm, or take it out of the text.",
        severity: Severity::Error,
        check: key_lengths_agree,
    },
    Rule {
        id: "algorithm-known",
        clause: "NIST SP 800-57 Part 1, 5.6; T18",
        title: "An algorithm is one of the table of strengths",
        explanation: "What the table does not have is not known to reach any strength: the programme relies on cryptography \
                      that has been looked at for long.",
        remedy: "Use the table's name for it; an algorithm of one's own does not belong into a Security Target.",
        severity: Severity::Error,
        check: algorithm_known,
    },
    Rule {
        id: "algorithm-sized",
        clause: "NIST SP 800-57 Part 1, 5.6; T18",
        title: "An algorithm whose strength hangs on a size has one",
        explanation: "AES or ECDSA alone says nothing of the strength.",
        remedy: "Fill in `bits`: of key, modulus or curve.",
        severity: Severity::Error,
        check: algorithm_sized,
    },
    Rule {
        id: "strength-128",
        clause: "GPT_SPE_151 5.2.8, application note; NIST SP 800-57 Part 1, 5.6; T18",
        title: "Nothing is weaker than 128 bits",
        explanation: "The profile asks for at least 128 bits of security by the state of the art: so no RSA of 2048 bits (112), \
                      no SHA-1 under a signature, no curve below 255 bits.",
        remedy: "Use a larger size or another algorithm.",
        severity: Severity::Error,
        check: strength_128,
    },
    Rule {
        id: "short-tag-argued",
        clause: "GPT_SPE_151 5.2.8, application note; NIST SP 800-38C, 800-107; T18",
        title: "A tag shorter than 128 bits is argued",
        explanation: "An attacker guesses a short tag; it holds only where the guesses are few, and that must be said.",
        remedy: "Use the whole tag, or say in `argument` what limits the guesses.",
        severity: Severity::Error,
        check: short_tag_argued,
    },
    Rule {
        id: "crc-is-no-integrity",
        clause: "GPT_SPE_151 5.2.7, application note; T18",
        title: "No checksum stands for integrity",
        explanation: "Anybody computes a CRC; it finds accidents and stops nobody.",
        remedy: "Use a signature or a message authentication code.",
        severity: Severity::Error,
        check: crc_is_no_integrity,
    },
];

const NEEDED: u32 = 128;

/// The claims that hold and that the profile asks a strength of.
fn judged<'c>(context: &Context<'c>) -> impl Iterator<Item = (String, &'c Claim)> {
    let needs =
        context.active_claims().filter(|(_, _, known)| known.is_some_and(|known| known.needs_strength));
    needs.map(|(place, claim, _)| (place, claim))
}

/// Every algorithm of a claim that holds, whatever requirement it is of.
fn algorithms<'c>(context: &Context<'c>) -> impl Iterator<Item = (String, &'c Algorithm)> {
    let each = context.active_claims().flat_map(|(place, claim, _)| {
        claim.algorithms.iter().enumerate().map(move |(at, one)| (format!("{place}/algorithms/{at}"), one))
    });
    each.filter(|(_, algorithm)| !open(&algorithm.name))
}

fn algorithms_named(context: &Context<'_>, found: &mut Found) {
    for (place, claim) in judged(context).filter(|(_, claim)| claim.algorithms.is_empty()) {
        found.at(format!("{place}/algorithms"), "", format!("`{}` names no algorithm", claim.name()));
    }
}

/// The single entries of a value: a text is a list with commas.
fn entries(value: &Value) -> impl Iterator<Item = &str> {
    let each = value.texts().iter().flat_map(|text| text.split([',', ';']));
    each.flat_map(|text| text.split(" and ")).map(str::trim).filter(|text| !text.is_empty())
}

fn algorithms_agree(context: &Context<'_>, found: &mut Found) {
    for (place, claim) in judged(context).filter(|(_, claim)| !claim.algorithms.is_empty()) {
        let Some(value) = claim.values.get("algorithms") else { continue };
        let names: Vec<String> = claim.algorithms.iter().map(|algorithm| bare(&algorithm.name)).collect();
        // A further size of an algorithm that was named before: "ECDSA over P-256 and P-384".
        let sizes: Vec<u32> =
            claim.algorithms.iter().flat_map(|algorithm| &algorithm.bits).copied().collect();
        let is_size =
            |bare: &str| bare.trim_start_matches('p').parse().is_ok_and(|size| sizes.contains(&size));
        for entry in entries(value).filter(|entry| !open(entry)) {
            let bare = bare(entry);
            if is_size(&bare) {
                continue;
            }
            if !names.iter().any(|name| !name.is_empty() && bare.contains(&**name)) {
                let message = "this is none of the algorithms whose strength is computed";
                found.at(format!("{place}/values/algorithms"), entry, message);
            }
        }
    }
}

fn key_lengths_agree(context: &Context<'_>, found: &mut Found) {
    let id = "key-lengths";
    for (place, claim) in judged(context).filter(|(_, claim)| !claim.algorithms.is_empty()) {
        let Some(value) = claim.values.get(id) else { continue };
        let sizes: Vec<u32> =
            claim.algorithms.iter().flat_map(|algorithm| &algorithm.bits).copied().collect();
        for text in value.texts().iter().filter(|text| !open(text)) {
            // Digits behind a letter are part of a name: Curve25519.
            let words = text.split(|c: char| !c.is_alphanumeric());
            let numbers =
                words.filter_map(|word| word.trim_end_matches(char::is_alphabetic).parse::<u32>().ok());
            // Smaller numbers count other things.
            for number in numbers.filter(|number| *number >= 40 && !sizes.contains(number)) {
                let message = "this is no size of the algorithms whose strength is computed";
                found.at(format!("{place}/values/{}", token(id)), number, message);
            }
        }
    }
}

fn algorithm_known(context: &Context<'_>, found: &mut Found) {
    for (place, algorithm) in algorithms(context) {
        if strength(&algorithm.name, &algorithm.bits) == Strength::Unknown {
            let message = format!(
                "the table of strengths does not have this algorithm; among those it has: {EXAMPLES}"
            );
            found.at(format!("{place}/name"), &algorithm.name, message);
        }
    }
}

fn algorithm_sized(context: &Context<'_>, found: &mut Found) {
    for (place, algorithm) in algorithms(context) {
        if strength(&algorithm.name, &algorithm.bits) == Strength::SizeNeeded {
            found.at(format!("{place}/bits"), "", format!("the size of {} is not said", algorithm.name));
        }
    }
}

fn strength_128(context: &Context<'_>, found: &mut Found) {
    for (place, algorithm) in algorithms(context) {
        match strength(&algorithm.name, &algorithm.bits) {
            Strength::Bits(bits) if bits < NEEDED => {
                let sizes: Vec<String> = algorithm.bits.iter().map(u32::to_string).collect();
                let value = [&[algorithm.name.clone()][..], &sizes].concat().join(" ");
                let message = format!("its strength is {bits} bits, and {NEEDED} are needed");
                found.at(place, value, message);
            }
            _ => {}
        }
    }
}

fn short_tag_argued(context: &Context<'_>, found: &mut Found) {
    for (place, algorithm) in algorithms(context) {
        let argued = algorithm.argument.as_ref().is_some_and(|argument| !argument.trim().is_empty());
        if let Some(bits) = algorithm.tag_bits.filter(|bits| *bits < NEEDED && !argued) {
            let message = format!("a tag of {bits} bits, and no argument why it is enough");
            found.at(format!("{place}/tag-bits"), bits, message);
        }
    }
}

fn crc_is_no_integrity(context: &Context<'_>, found: &mut Found) {
    for (place, algorithm) in algorithms(context) {
        if strength(&algorithm.name, &algorithm.bits) == Strength::NoCryptography {
            found.at(format!("{place}/name"), &algorithm.name, "this is no cryptography");
        }
    }
    for (place, claim) in judged(context) {
        // What is left out of the protection may have a checksum.
        for (id, value) in
            claim.values.iter().filter(|(id, _)| !["plaintext", "exceptions"].contains(&&***id))
        {
            let has_crc = |text: &&String| text.split(|c: char| !c.is_alphanumeric()).any(is_crc);
            for text in value.texts().iter().filter(has_crc) {
                found.at(format!("{place}/values/{}", token(id)), text, "a checksum is named here");
            }
        }
    }
}

/// CRC, and CRC with its width.
fn is_crc(word: &str) -> bool {
    word.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("crc"))
        && word[3..].bytes().all(|byte| byte.is_ascii_digit())
}
