//! What the tests share: documents, and files taken apart.

#![allow(dead_code)]

use dtsec_model::builtin::sesip_profile;
use dtsec_model::etr::EvaluationTechnicalReport;
use dtsec_model::profile::SesipProfile;
use dtsec_model::security_target::SecurityTarget;
use dtsec_model::{Document as _, canonical};
use dtsec_render::{Doc, Options, Variant, html, security_target};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

/// The reference platform's own Security Target.
pub(crate) fn reference() -> SecurityTarget {
    SecurityTarget::from_json(include_str!("../../../../toe/security-target.json")).unwrap()
}

pub(crate) fn reference_value() -> Value {
    serde_json::from_str(include_str!("../../../../toe/security-target.json")).unwrap()
}

pub(crate) fn profile() -> &'static SesipProfile {
    sesip_profile()
}

pub(crate) fn full(target: &SecurityTarget) -> Doc {
    security_target(target, profile(), Options::default()).unwrap()
}

pub(crate) fn sanitised(target: &SecurityTarget) -> Doc {
    security_target(target, profile(), Options { variant: Variant::Sanitised, introduction: true }).unwrap()
}

pub(crate) fn page(doc: &Doc) -> String {
    html::write(doc).unwrap()
}

/// What a reader of a page sees: its text without markup, with the escapes undone, in one line.
pub(crate) fn seen(page: &str) -> String {
    let body = page.split_once("<body>").unwrap().1;
    let mut text = String::new();
    let mut inside = false;
    for c in body.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    for (escape, c) in [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")] {
        text = text.replace(escape, c);
    }
    one_line(&text)
}

pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The parts of a DOCX file by their names.
pub(crate) fn parts(file: &[u8]) -> BTreeMap<String, String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut part = archive.by_index(index).unwrap();
            let mut text = String::new();
            part.read_to_string(&mut text).unwrap();
            (part.name().to_owned(), text)
        })
        .collect()
}

/// Reads XML to its end: every element closed, every attribute and escape readable, no character that XML forbids.
pub(crate) fn well_formed(name: &str, xml: &str) -> Result<(), String> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let mut depth = 0usize;
    let forbidden = |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    if let Some(c) = xml.chars().find(|c| forbidden(*c)) {
        return Err(format!("{name}: {c:?} is forbidden in XML"));
    }
    loop {
        match reader.read_event().map_err(|error| format!("{name}: {error}"))? {
            Event::Eof if depth == 0 => return Ok(()),
            Event::Eof => return Err(format!("{name}: {depth} elements are open at the end")),
            Event::Start(start) => {
                depth += 1;
                for attribute in start.attributes() {
                    attribute.map_err(|error| format!("{name}: {error}"))?;
                }
            }
            Event::Empty(start) => {
                for attribute in start.attributes() {
                    attribute.map_err(|error| format!("{name}: {error}"))?;
                }
            }
            Event::End(_) => depth -= 1,
            Event::Text(text) if text.as_ref().contains("]]>") => {
                return Err(format!("{name}: `]]>` stands in text"));
            }
            _ => {}
        }
    }
}

/// The text of a part, as a word processor shows it.
pub(crate) fn words(xml: &str) -> String {
    let mut text = String::new();
    for (at, _) in xml.match_indices("<w:t").filter(|(at, _)| matches!(xml.as_bytes()[at + 4], b'>' | b' ')) {
        let from = at + xml[at..].find('>').unwrap() + 1;
        let to = from + xml[from..].find("</w:t>").unwrap();
        text.push_str(&xml[from..to]);
    }
    for (escape, c) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")] {
        text = text.replace(escape, c);
    }
    text
}

/// A small report: one work unit passed, one failed with an observation report, one undecided; two vulnerabilities.
pub(crate) fn etr(target: &SecurityTarget) -> EvaluationTechnicalReport {
    let value = json!({
        "kind": "evaluation-technical-report", "title": "ETR of the sample", "reference": "ETR-7", "version": "1.2", "date": "2026-11-20",
        "scheme": "DTSec", "level": "SESIP3",
        "security-target": {"title": target.title, "version": target.version, "digest": canonical::digest(target).unwrap()},
        "profile": {"title": "GPT_SPE_151", "version": "0.0.0.9"},
        "platform": {"title": "Reference BGM", "version": "0.1.0"},
        "parties": {"developer": "Maker", "sponsor": "Payer", "lab": "House of Tests", "evaluators": ["Eva Lua"]},
        "architecture": "Boot and platform.", "methods": ["CEM v3.1"], "constraints": ["Emulated only."],
        "work-units": [
            {"id": "ASE_INT.1-1", "component": "ASE_INT.1", "task": "Look at the title.", "done": "Looked.", "evidence": ["st/title"],
             "proposal": {"verdict": {"verdict": "pass", "rationale": "It is there."}},
             "decision": {"by": "Eva Lua", "date": "2026-11-19", "verdict": "pass", "reason": "Seen."}},
            {"id": "ATE_IND.1-1", "component": "ATE_IND.1", "task": "Test.", "done": "Tested.", "evidence": [],
             "proposal": {"verdict": {"verdict": "pass", "rationale": "Green."}},
             "decision": {"by": "Eva Lua", "date": "2026-11-19", "verdict": "fail", "reason": "One case was skipped."}},
            {"id": "AVA_VAN.3-1", "component": "AVA_VAN.3", "task": "Attack.", "done": "", "evidence": [],
             "proposal": {"needs-person": {"todo": "Rate the attack.", "prepared": "The list of candidates."}}}
        ],
        "vulnerabilities": [
            {"id": "V-1", "source": "public search", "requirements": ["secure-debugging"], "description": "A port is open.", "standing": "exploitable",
             "factors": {"time": "one-week", "expertise": "proficient", "knowledge": "public", "window": "easy", "equipment": "standard"},
             "reasoning": "Anybody can."},
            {"id": "V-2", "source": "own search", "requirements": [], "description": "A slow leak.", "standing": "residual",
             "factors": {"time": "two-weeks", "expertise": "expert", "knowledge": "restricted", "window": "easy", "equipment": "specialised"},
             "reasoning": "Hard."}
        ],
        "evidence": [{"issuer": "Maker", "title": "Test report", "reference": "run-1"}],
        "observations": [{"id": "OR-1", "about": "Test report", "work-unit": "ATE_IND.1-1", "observation": "A case is missing.",
            "severity": "major", "resolver": "developer", "timetable": "four weeks", "consequence": "fail", "status": "open"}],
        "conclusions": "Not yet.", "acronyms": [{"term": "TOE", "meaning": "Target of Evaluation"}]
    });
    EvaluationTechnicalReport::from_json(&value.to_string()).unwrap()
}
