//! No text of a document leaves its place: it is shown as what it is, in every format.

mod support;

use dtsec_model::security_target::SecurityTarget;
use dtsec_render::{certificate, changes, conformance, docx, etr};
use serde_json::Value;
use support::{full, page, parts, profile, reference, reference_value, well_formed};

const HOSTILE: [&str; 10] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "]]><w:p/>",
    "<!-- --><![CDATA[ </w:t></w:r>",
    "&lt;script&gt; &amp; &#0; &nope;",
    "a\0b\u{1}c\u{8}d\u{1b}[31me\u{7f}f\u{85}g\u{fffe}h\u{ffff}",
    "\u{202e}ssap\u{202c} \u{2066}x\u{2069} מכשיר סוכרת جهاز",
    "<w:cantSplit /> </cp:coreProperties> {{ doc.title }} {% raw %}",
    "javascript:alert(1)//\r\n\t\u{2028}",
];

/// Puts a text behind every text of a document that is not an id, a choice or a date.
fn poisoned(value: &mut Value, poison: &str, member: &str) {
    const KEPT: [&str; 17] = [
        "kind",
        "id",
        "date",
        "profile",
        "confidentiality",
        "role",
        "what",
        "threat",
        "requirements",
        "objectives",
        "origin",
        "level",
        "note",
        "objective",
        "component",
        "row",
        "document",
    ];
    match value {
        Value::String(text) if !KEPT.contains(&member) => text.push_str(poison),
        Value::Array(items) if !KEPT.contains(&member) || items.iter().any(Value::is_object) => {
            items.iter_mut().for_each(|item| poisoned(item, poison, member));
        }
        Value::Object(members) if member != "profile" => {
            members.iter_mut().for_each(|(name, one)| poisoned(one, poison, name));
        }
        _ => {}
    }
}

fn hostile(poison: &str) -> SecurityTarget {
    let mut value = reference_value();
    poisoned(&mut value, poison, "");
    serde_json::from_value(value).unwrap()
}

/// The elements and attributes that a page is made of; whatever else stands there came from a document.
fn markup(page: &str) -> Vec<String> {
    let mut tags: Vec<String> = page
        .split('<')
        .skip(1)
        .map(|rest| rest.split(['>', ' ']).next().unwrap_or_default().trim_start_matches('/').to_owned())
        .collect();
    tags.sort();
    tags.dedup();
    tags
}

fn assert_safe(page: &str, poison: &str, known: &[String]) {
    for tag in markup(page) {
        assert!(known.contains(&tag), "{tag:?} came from {poison:?}");
    }
    const ATTRIBUTES: [&str; 13] = [
        "lang",
        "charset",
        "name",
        "content",
        "class",
        "id",
        "href",
        "dir",
        "scope",
        "role",
        "aria-label",
        "tabindex",
        "style",
    ];
    for tag in page.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag) {
        // Every second piece between quotes is a value.
        let outside: Vec<&str> = tag.split('"').step_by(2).collect();
        let names = outside
            .iter()
            .flat_map(|piece| piece.split_whitespace())
            .filter_map(|piece| piece.strip_suffix('='));
        for name in names {
            assert!(ATTRIBUTES.contains(&name), "{name} in <{tag}> came from {poison:?}");
        }
        assert!(tag.matches('"').count() % 2 == 0 && !tag.contains('\''), "<{tag}>");
        assert!(!tag.contains("href=\"") || tag.contains("href=\"#"), "<{tag}> leads away");
    }
    assert!(
        !page.chars().any(|c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')),
        "unseen turns"
    );
    assert!(!page.chars().any(|c| c.is_control() && c != '\n'), "control characters");
}

#[test]
fn hostile_text_is_only_text_in_every_document_and_format() {
    let mut known = markup(&page(&full(&reference())));
    known.extend(["s", "ins", "del", "mark", "i", "b"].map(str::to_owned));
    for poison in HOSTILE {
        let target = hostile(poison);
        let mut report = support::etr(&target);
        report.title.push_str(poison);
        report.work_units.iter_mut().for_each(|unit| unit.done.push_str(poison));
        report.vulnerabilities.iter_mut().for_each(|one| one.id.push_str(poison));
        report.observations[0].work_unit.push_str(poison);
        let checked = conformance::Checked {
            title: poison.into(),
            version: poison.into(),
            digest: String::new(),
            file: poison.into(),
            profile: poison.into(),
            tool: poison.into(),
            rules: vec![conformance::CheckedRule {
                id: poison.into(),
                title: poison.into(),
                clause: poison.into(),
                explanation: poison.into(),
                remedy: poison.into(),
                weight: conformance::Weight::Error,
                findings: vec![conformance::CheckedFinding {
                    pointer: poison.into(),
                    line: 1,
                    value: poison.into(),
                    message: poison.into(),
                }],
            }],
        };
        let docs = [
            full(&target),
            changes::mark(&full(&reference()), full(&target)).0,
            etr::report(&report, dtsec_render::Variant::Confidential).unwrap(),
            certificate::draft(&report, &target, profile()).unwrap(),
            conformance::report(&checked),
        ];
        for doc in docs {
            let html = page(&doc);
            assert_safe(&html, poison, &known);
            for (name, part) in parts(&docx::write(&doc).unwrap()) {
                well_formed(&name, &part).unwrap_or_else(|error| panic!("{poison:?}: {error}"));
            }
        }
    }
}

#[test]
fn the_reader_of_the_tests_sees_xml_that_is_not_well_formed() {
    for wrong in ["<a><b></a>", "<a>", "<a b=\"1\" b=\"2\"/>", "<a>\u{1}</a>", "<a>]]></a>", "<a b=1></a>"] {
        assert!(well_formed("wrong", wrong).is_err(), "{wrong}");
    }
    assert!(
        well_formed("right", "<?xml version=\"1.0\"?><a b=\"1\">x &lt; y<c/></a>").is_ok(),
        "the control"
    );
}

#[test]
fn what_is_hidden_is_shown_and_what_is_right_to_left_stays() {
    let page = page(&full(&hostile(HOSTILE[7])));
    assert!(page.contains("[U+202E]ssap[U+202C]") && page.contains("מכשיר סוכרת"));
}

#[test]
fn a_very_long_word_is_kept_whole_and_may_be_broken_where_it_is_shown() {
    let long = "x".repeat(2_000);
    let target = hostile(&long);
    let html = page(&full(&target));
    assert!(html.contains(&long) && html.contains("overflow-wrap: anywhere"));
    let parts = parts(&docx::write(&full(&target)).unwrap());
    assert!(parts["word/document.xml"].contains(&long));
}
