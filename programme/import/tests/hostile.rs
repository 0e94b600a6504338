//! Whatever the text: the importer answers, and says of each line where it went.

#![forbid(unsafe_code)]

use dtsec_import::sesip::{Import, import};
use dtsec_model::Document;
use dtsec_model::profile::SesipProfile;
use proptest::prelude::*;
use std::collections::HashSet;

const GARDEN: &str = include_str!("documents/garden-profile.txt");

/// Every line that holds something was placed, left out, or is reported; and the profile is a document.
fn answers(text: &str) -> Result<(), TestCaseError> {
    let Ok(Import { profile, report, .. }) = import(text) else { return Ok(()) };
    let placed: usize = report.placed.values().sum();
    let reported: HashSet<usize> =
        report.unplaced.iter().filter(|one| one.why.contains("no place")).map(|one| one.line).collect();
    prop_assert_eq!(placed + report.left_out.len() + reported.len(), report.lines);
    prop_assert_eq!(SesipProfile::from_json(&profile.to_json()).unwrap(), profile);
    Ok(())
}

/// What a text is made of, so that chance meets something.
const PIECES: [&str; 26] = [
    "\n",
    "\n\n",
    "\t",
    "*<",
    ">*",
    "<",
    ">",
    "**",
    "*",
    "- ",
    " - ",
    "1 Introduction\n",
    "5.2 SFRs\n",
    "5.2.1 X\n",
    "Contents\n",
    "Table 1-1: X\n",
    "Application notes:\n",
    "Note: ",
    "¹ ",
    "[PP]\tCovered by\tRationale\n",
    "<ul>•",
    "Term\tDefinition\n",
    "selection:",
    "SESIP3",
    "words",
    "ä\u{a0}\u{feff}",
];

fn pieces() -> impl Strategy<Value = String> {
    proptest::collection::vec(0..PIECES.len(), 0..60)
        .prop_map(|picks| picks.into_iter().map(|pick| PIECES[pick]).collect())
}

#[test]
fn the_document_itself_is_answered_for() {
    answers(GARDEN).unwrap();
    assert!(import(GARDEN).is_ok());
}

#[test]
fn long_and_deep_texts_are_read_in_reasonable_time() {
    let start = std::time::Instant::now();
    for piece in ["<a", "*<a", "**a", "> <", "- x\n", "a\tb\n", "<a\n\n", "Application note: x\n\n"] {
        let text = GARDEN
            .replace("Someone with a spade is noticed before anything else breaks.", &piece.repeat(5_000));
        answers(&text).unwrap();
    }
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_text_makes_the_importer_panic(text in pieces(), any in "\\PC{0,80}") {
        answers(&text)?;
        answers(&any)?;
        let start = "SESIP Profile for X\n\n1 A\n\n1.1 Security Assurance Requirements\n\nSESIP1\n\n1.2 SFRs\n\n1.2.1 B\n\n";
        answers(&format!("{start}{text}{any}"))?;
    }

    #[test]
    fn no_change_of_characters_makes_the_importer_panic(at in 0usize..20_000, remove in 0usize..60, put in pieces()) {
        let chars: Vec<char> = GARDEN.chars().collect();
        let at = at % chars.len();
        let rest = chars.iter().skip(at + remove);
        let text: String = chars[..at].iter().copied().chain(put.chars()).chain(rest.copied()).collect();
        answers(&text)?;
    }

    #[test]
    fn no_change_of_lines_makes_the_importer_panic(swaps in proptest::collection::vec((0usize..1000, 0usize..1000), 1..8), gone in 0usize..1000) {
        let mut lines: Vec<&str> = GARDEN.lines().collect();
        for (a, b) in swaps {
            let (a, b) = (a % lines.len(), b % lines.len());
            lines.swap(a, b);
        }
        lines.remove(gone % lines.len());
        answers(&lines.join("\n"))?;
        answers(&lines.join("\r\n"))?;
    }
}
