//! The conformance report: what a Security Target was held against, rule by rule, and what was found.
//!
//! It takes plain data, so that this crate needs none of the checker's code.

use crate::doc::{Doc, Line, Tone, code, link, plain, strong};
use crate::layout::{Layout, cell, row, said};
use crate::text::{Anchor, Text};

/// What was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The title of the Security Target.
    pub title: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 of its canonical bytes.
    pub digest: String,
    /// Its file.
    pub file: String,
    /// The profile, and its version.
    pub profile: String,
    /// The tool, and its version.
    pub tool: String,
    /// Every rule that was looked at, in the order of the chapters.
    pub rules: Vec<CheckedRule>,
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// To be known.
    Note,
    /// To be looked at by a person.
    Warning,
    /// Does not conform.
    Error,
}

/// A rule, and what it found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedRule {
    /// Its id.
    pub id: String,
    /// What holds where it is kept.
    pub title: String,
    /// Document and section that it follows from.
    pub clause: String,
    /// Why.
    pub explanation: String,
    /// What to do about a finding.
    pub remedy: String,
    /// How much a finding weighs.
    pub weight: Weight,
    /// What it found.
    pub findings: Vec<CheckedFinding>,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedFinding {
    /// A JSON pointer into the Security Target.
    pub pointer: String,
    /// Its line, from 1.
    pub line: usize,
    /// What stands there.
    pub value: String,
    /// What is wrong with it.
    pub message: String,
}

impl Weight {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Weight::Note => "note",
            Weight::Warning => "warning",
            Weight::Error => "error",
        }
    }
}

impl Checked {
    /// Whether nothing is an error.
    pub fn conforms(&self) -> bool {
        self.count(Weight::Error) == 0
    }

    /// How many findings weigh so much.
    pub fn count(&self, weight: Weight) -> usize {
        self.rules.iter().filter(|rule| rule.weight == weight).map(|rule| rule.findings.len()).sum()
    }
}

/// The report as a document.
pub fn report(checked: &Checked) -> Doc {
    let mut out = Layout::new();
    let (errors, warnings, notes) =
        (checked.count(Weight::Error), checked.count(Weight::Warning), checked.count(Weight::Note));
    let broken: Vec<&CheckedRule> = checked.rules.iter().filter(|rule| !rule.findings.is_empty()).collect();
    out.heading(1, Some("1"), "Findings by rule", Anchor::new("section", "1"));
    if broken.is_empty() {
        out.line("none", vec![plain("No rule found anything.")]);
    }
    for rule in broken {
        out.heading(2, None, &rule.title, Anchor::new("rule", &rule.id));
        let line = vec![code(&rule.id), plain(format!(" · {} · {}", rule.weight.name(), rule.clause))];
        out.line(format!("rule {}", rule.id), line);
        out.line(format!("why {}", rule.id), vec![plain(&rule.explanation)]);
        out.line(format!("remedy {}", rule.id), vec![strong("To do: "), plain(&rule.remedy)]);
        let rows = rule.findings.iter().map(|one| {
            let place = vec![vec![plain(format!("line {}", one.line))], vec![code(&one.pointer)]];
            let value: Vec<Line> =
                if one.value.is_empty() { cell(plain("nothing")) } else { cell(code(&one.value)) };
            row(&*one.pointer, vec![place, cell(plain(&one.message)), value])
        });
        let rows = rows.collect();
        let columns = [("Place", 34), ("What is wrong", 38), ("What stands there", 28)];
        out.table(&format!("findings {}", rule.id), &format!("Findings of {}", rule.id), &columns, rows);
    }
    out.heading(1, Some("2"), "All rules", Anchor::new("section", "2"));
    let rows = checked.rules.iter().map(|rule| {
        let result = match rule.findings.len() {
            0 => plain("✓ kept"),
            1 => link(Anchor::new("rule", &rule.id), format!("1 {}", rule.weight.name())),
            count => link(Anchor::new("rule", &rule.id), format!("{count} {}s", rule.weight.name())),
        };
        let cells = vec![
            vec![vec![plain(&rule.title)], vec![code(&rule.id)]],
            cell(plain(&rule.clause)),
            cell(result),
        ];
        row(&*rule.id, cells)
    });
    let rows = rows.collect();
    out.table("rules", "Rules that were looked at", &[("Rule", 50), ("Clause", 32), ("Result", 18)], rows);

    let result = match checked.conforms() {
        true => strong("✓ conforms"),
        false => strong("✗ does not conform"),
    };
    let mut front = Layout::new();
    if !checked.conforms() {
        let text =
            format!("{errors} findings are errors: the Security Target does not conform to its profile.");
        front.note("errors", Tone::Alert, "Does not conform", vec![vec![plain(text)]]);
    }
    let facts = vec![
        ("Security Target".into(), said(&checked.title, "title")),
        ("Version".into(), said(&checked.version, "version")),
        ("File".into(), vec![code(&checked.file)]),
        ("Digest (SHA-256, RFC 8785)".into(), vec![code(&checked.digest)]),
        ("Held against".into(), vec![plain(&checked.profile)]),
        ("By".into(), vec![plain(&checked.tool)]),
        ("Rules".into(), vec![plain(checked.rules.len().to_string())]),
        ("Found".into(), vec![plain(format!("{errors} errors, {warnings} warnings, {notes} notes"))]),
        ("Result".into(), vec![result]),
    ];
    Doc {
        kind: "Conformance report".into(),
        title: Text::new(&format!("Conformance of: {}", checked.title)),
        author: Text::new(&checked.tool),
        date: None,
        version: Text::new(&checked.version),
        digest: Text::new(&checked.digest),
        mark: "CONFIDENTIAL – developer and lab only".into(),
        banner: None,
        facts,
        front: front.into_blocks(),
        body: out.into_blocks(),
    }
}
