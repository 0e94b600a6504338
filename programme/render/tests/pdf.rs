//! Pages, read back by another program's reader: what stands on them, and that nothing else does.

mod support;

use dtsec_model::{canonical, security_target::SecurityTarget};
use dtsec_render::doc::{Change, Content, Doc, Item, NoteBox, Role, Row, Run, Tone, code, plain};
use dtsec_render::{Anchor, Format, Variant, certificate, changes, conformance, etr, pdf, write};
use lopdf::{Dictionary, Document, Object};
use std::sync::LazyLock;
use support::{full, profile, reference, sanitised};

/// What must be text and nothing else, for a typesetter above all.
const HOSTILE: [&str; 12] = [
    "#import \"@preview/x:1.0.0\": *",
    "#read(\"/etc/passwd\") #eval(\"1+1\") #sys.inputs",
    "*bold* _given_ `raw` ```raw``` $x^2$ = heading",
    "] } ) \\ \" ' // comment /* comment */ ~ -- --- ... @label <label>",
    "\\u{41} \\n \\\\ %%EOF endobj >> stream",
    "(\\) Tj ET Q <</JS (app.alert(1))>>",
    "\u{202e}ssap\u{202c} מכשיר סוכרת جهاز",
    "👩\u{200d}⚕\u{fe0f} 🩸 糖尿病 \u{e000} \u{10ffff} e\u{301}\u{301}\u{301}",
    "a\0b\u{1b}[31m\u{7f}\u{fffe}\u{fffd}",
    "x \u{ad} y \u{200b} z \u{feff} w \u{2060} v",
    "\u{301}\u{301} \u{200d}\u{200d} \u{640}\u{640}",
    "ﬁ ﷽ 𝔸 Ǆ ẞ ⅷ",
];

/// The pages of the reference platform's Security Target.
static REFERENCE: LazyLock<Vec<u8>> = LazyLock::new(|| pdf::write(&full(&reference())).unwrap());

fn read(file: &[u8]) -> Document {
    Document::load_mem(file).expect("another reader opens it")
}

/// The text of each page without its spaces: how lines are broken is the typesetter's.
fn pages(file: &[u8]) -> Vec<String> {
    let document = read(file);
    let numbers = document.get_pages();
    numbers.keys().map(|number| squeezed(&document.extract_text(&[*number]).unwrap())).collect()
}

fn text(doc: &Doc) -> String {
    pages(&pdf::write(doc).unwrap()).concat()
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// How a text begins: its end may stand on the next page.
fn beginning(text: &str) -> String {
    squeezed(text).chars().take(60).collect()
}

/// Whether a text stands there: its beginning or its end, for one page may end within it.
fn stands(text: &str, there: &str) -> bool {
    let all: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let part = all.len().min(25);
    let has = |part: &[char]| there.contains(&part.iter().collect::<String>());
    has(&all[..part]) || has(&all[all.len() - part..])
}

fn checked(poison: &str) -> conformance::Checked {
    conformance::Checked {
        title: poison.into(),
        version: poison.into(),
        digest: "ab".repeat(32),
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
    }
}

/// A document in which a text stands everywhere where text can stand.
fn everywhere(text: &str) -> Doc {
    let roles = [
        Role::Plain,
        Role::Strong,
        Role::Fixed,
        Role::Given,
        Role::Missing,
        Role::Code,
        Role::Link(Anchor::new("rule", "nowhere")),
        Role::Link(Anchor::new("row", "here")),
    ];
    let runs: Vec<Run> = roles
        .into_iter()
        .zip([None, Some(Change::Added), Some(Change::Removed), Some(Change::Changed)].into_iter().cycle())
        .flat_map(|(role, change)| {
            [Run { change, struck: true, ..Run::new(role, text) }, plain(" "), Run::new(Role::Plain, "")]
        })
        .collect();
    let mut doc = conformance::report(&checked(text));
    let mut put = |key: &str, content| {
        let block = dtsec_render::doc::Block { key: key.into(), change: Some(Change::Added), content };
        doc.body.push(block);
    };
    put("paragraph", Content::Paragraph(runs.clone()));
    put("empty", Content::Paragraph(Vec::new()));
    let item = Item { key: String::new(), change: Some(Change::Removed), line: runs.clone() };
    put("list", Content::List(vec![item.clone(), item]));
    put("no list", Content::List(Vec::new()));
    let note = NoteBox { tone: Tone::Alert, title: text.into(), lines: vec![runs.clone(), Vec::new()] };
    put("box", Content::Box(note));
    let definition = dtsec_render::doc::Definition {
        key: String::new(),
        change: Some(Change::Changed),
        term: text.into(),
        lines: vec![runs.clone()],
    };
    put("definitions", Content::Definitions(vec![definition]));
    put("no definitions", Content::Definitions(Vec::new()));
    let column = |share| dtsec_render::doc::Column { title: text.into(), share };
    let row = |change| Row {
        key: String::new(),
        change,
        anchor: Some(Anchor::new("row", "here")),
        cells: vec![vec![runs.clone(), runs.clone()], vec![]],
    };
    let rows = vec![row(None), row(Some(Change::Added)), row(Some(Change::Removed))];
    let columns = vec![column(10), column(80), column(10)];
    put("table", Content::Table(dtsec_render::doc::Table { caption: text.into(), columns, rows }));
    let heading = |level| {
        Content::Heading(dtsec_render::doc::Heading {
            level,
            number: Some(text.into()),
            anchor: Some(Anchor::new("row", "here")),
            line: runs.clone(),
        })
    };
    put("deep", heading(6));
    put("high", heading(0));
    doc.banner = Some(text.into());
    doc.facts.push((text.into(), runs));
    doc
}

#[test]
fn every_kind_of_document_becomes_pages_that_another_reader_opens() {
    let target = reference();
    let report = support::etr(&target);
    let docs = [
        ("SecurityTarget", full(&target)),
        ("SecurityTarget–sanitisedversion", sanitised(&target)),
        ("EvaluationTechnicalReport", etr::report(&report, Variant::Confidential).unwrap()),
        ("sanitisedsummary", etr::report(&report, Variant::Sanitised).unwrap()),
        ("DRAFT", certificate::draft(&report, &target, profile()).unwrap()),
        ("Conformancereport", conformance::report(&checked("st.json"))),
    ];
    for (wanted, doc) in docs {
        let file = write(&doc, Format::Pdf).unwrap();
        assert!(file.starts_with(b"%PDF-1.7"));
        let pages = pages(&file);
        assert!(pages[0].contains(wanted) && pages[0].contains(&beginning(doc.title.as_str())), "{wanted}");
        assert!(pages[1].contains("Contents"), "{wanted}");
        let count = pages.len();
        for (number, page) in pages.iter().enumerate() {
            assert!(page.contains(&format!("Page{}of{count}", number + 1)), "{wanted}: {page}");
            assert!(page.contains(&squeezed(doc.mark.as_str())), "{wanted}: the mark is on every page");
            assert!(page.contains(doc.digest.as_str()), "{wanted}: the digest is on every page");
            assert!(page.contains(&squeezed(&format!("version {}", doc.version))), "{wanted}");
        }
    }
    assert!(
        Document::load_mem(b"%PDF-1.7\nnothing").is_err(),
        "the control: the reader refuses what is none"
    );
}

#[test]
fn the_pages_of_a_security_target_have_its_title_all_claims_every_heading_and_every_sentence() {
    let target = reference();
    let doc = full(&target);
    let text = pages(&REFERENCE).concat();
    for claim in &target.requirements {
        let title = profile().requirement(&claim.id).map_or("", |one| &one.title);
        assert!(!title.is_empty() && text.contains(&squeezed(title)), "{}", claim.name());
    }
    for line in doc.lines() {
        for run in line {
            assert!(stands(run.text.as_str(), &text), "{}", run.text);
        }
    }
    assert!(!text.contains("secure-nothing"), "the control");
}

#[test]
fn a_long_id_is_broken_over_lines_and_is_still_one_text() {
    let id = "a_very_long::path::of_a_program/with-parts".repeat(6);
    let digest = "0123456789abcdef".repeat(8);
    let mut doc = everywhere("-");
    doc.body.truncate(1);
    doc.body[0].content = Content::Paragraph(vec![code(&id), plain(" "), code(&digest)]);
    let pages = pages(&pdf::write(&doc).unwrap());
    assert!(pages.concat().contains(&format!("{id}{digest}")));
}

#[test]
fn the_sanitised_pages_have_nothing_that_is_confidential() {
    let mut value = support::reference_value();
    value["confidentiality"] = "confidential".into();
    let target: SecurityTarget = serde_json::from_value(value).unwrap();
    let (all, public) = (text(&full(&target)), text(&sanitised(&target)));
    assert!(all.contains("CONFIDENTIAL") && !public.contains("CONFIDENTIAL"));
    let mut hidden: Vec<&str> = Vec::new();
    for claim in &target.requirements {
        hidden.extend([claim.rationale.implementation.as_str(), &claim.rationale.assessment]);
    }
    hidden.extend(target.threats.iter().map(|trace| trace.rationale.as_str()));
    hidden.extend(target.assurance.sufficiency.iter().map(|one| one.rationale.as_str()));
    hidden.extend(target.life_cycle.transitions.iter().map(|one| one.secured_by.as_str()));
    hidden.retain(|text| !text.trim().is_empty());
    assert!(hidden.len() > 20, "the control: there is something to hide");
    for text in hidden {
        assert!(all.contains(&beginning(text)), "the control: {text}");
        assert!(!public.contains(&beginning(text)), "{text}");
    }
}

#[test]
fn text_that_looks_like_markup_stays_text_everywhere() {
    let (ascii, other): (Vec<&str>, Vec<&str>) = HOSTILE.into_iter().partition(|poison| poison.is_ascii());
    let found = text(&everywhere(&ascii.join(" ")));
    for poison in ascii.iter().filter(|poison| !poison.contains('\0')) {
        let times = found.matches(&squeezed(poison)).count();
        assert!(times >= 40, "{poison}: {times}");
    }
    // What no font has comes out as its code point, and what reads from the right in another order.
    assert!(pdf::write(&everywhere(&other.join(" "))).is_ok());
    let shown = text(&everywhere("🩸\u{202e}"));
    assert!(shown.contains("[U+1FA78][U+202E]"), "what cannot be seen or shown is told");
}

#[test]
fn words_without_an_end_and_texts_without_a_letter_are_set() {
    let word = "x".repeat(10_000);
    let mut target = reference();
    target.title.push_str(&word);
    target.platform.parts[0].version.push_str(&word);
    target.requirements[0].rationale.implementation.push_str(&word);
    let mut doc = full(&target);
    doc.body
        .retain(|block| block.key.starts_with("parts") || block.key.starts_with(&target.requirements[0].id));
    let pages = pages(&pdf::write(&doc).unwrap());
    assert!(pages.concat().matches('x').count() > 20_000);
    assert!(
        pages.iter().all(|page| page.contains(&format!("of{}", pages.len()))),
        "the footer has its place"
    );
    for empty in ["", " "] {
        pdf::write(&everywhere(empty)).unwrap();
    }
    let long = "A sentence of some words. ".repeat(20);
    let doc = everywhere(&long);
    assert!(text(&doc).matches("Asentenceofsomewords.").count() > 1_000);
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let target = reference();
    assert!(*REFERENCE == pdf::write(&full(&target)).unwrap());
    let mut other: SecurityTarget = target;
    other.version.push('1');
    assert!(*REFERENCE != pdf::write(&full(&other)).unwrap(), "the control");
}

#[test]
fn changes_are_marked_on_the_pages() {
    let old = reference();
    let mut new = reference();
    new.version = "77.0".into();
    new.requirements[0].rationale.implementation.push_str(" Nevertheless.");
    let (marked, found) = changes::mark(&full(&old), full(&new));
    assert!(found.changed > 0);
    let file = pdf::write(&marked).unwrap();
    let text = pages(&file).concat();
    assert!(text.contains("Changemarks") && text.contains("Nevertheless."));
    let green = |file: &[u8]| {
        let document = read(file);
        let pages = document.get_pages();
        let streams = pages.values().map(|id| document.get_page_content(*id));
        // The colour of what is new.
        streams.filter(|one| String::from_utf8_lossy(one).contains("0.41960785 0.22745098")).count()
    };
    assert!(green(&file) > 0);
    assert_eq!(green(&REFERENCE), 0, "the control");
}

#[test]
fn the_file_says_what_it_is_is_tagged_and_runs_nothing() {
    let target = reference();
    let document = read(&REFERENCE);
    let catalog = document.catalog().unwrap();
    assert_eq!(catalog.get(b"Lang").unwrap().as_str().unwrap(), b"en");
    assert!(catalog.has(b"StructTreeRoot") && catalog.has(b"Outlines") && catalog.has(b"Metadata"));
    let marked = catalog.get(b"MarkInfo").and_then(Object::as_dict).unwrap();
    assert!(marked.get(b"Marked").unwrap().as_bool().unwrap());
    let info = document.trailer.get(b"Info").unwrap().as_reference().unwrap();
    let info = document.get_dictionary(info).unwrap();
    let said = |key: &[u8]| lopdf::decode_text_string(info.get(key).unwrap()).unwrap();
    assert!(said(b"Title").contains(&target.title) && said(b"Title").ends_with("Security Target"));
    assert_eq!(said(b"Author"), target.organisation);
    assert!(said(b"Keywords").contains(&canonical::digest(&target).unwrap()));
    for never in ["JavaScript", "JS", "OpenAction", "AA", "EmbeddedFiles", "URI", "Launch"] {
        let has = |dictionary: &Dictionary| dictionary.has(never.as_bytes());
        let found = document.objects.values().any(|object| object.as_dict().is_ok_and(has));
        assert!(!found, "{never}");
    }
    let links = |document: &Document| {
        let link = |object: &Object| {
            let subtype = object.as_dict().and_then(|one| one.get(b"Subtype"));
            subtype.and_then(Object::as_name).is_ok_and(|name| name == b"Link")
        };
        document.objects.values().filter(|object| link(object)).count()
    };
    assert!(links(&document) > 100, "contents and cross references are links: {}", links(&document));
}
