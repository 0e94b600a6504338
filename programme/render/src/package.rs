//! The first page of what goes to a lab: what is in the folder, how far the evidence carries, what is left for a person.
//!
//! It takes plain data, so that this crate needs none of the evaluation's code.

use crate::doc::{Doc, Line, Tone, code, plain, strong};
use crate::layout::{Layout, anchored, cell, row};
use crate::text::{Anchor, Text};
use dtsec_model::Date;
use dtsec_model::assurance::COMPONENTS;
use dtsec_model::etr::{Proposal, Verdict, WorkUnitResult};

/// What is in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The title of the Security Target.
    pub title: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 of its canonical bytes.
    pub digest: String,
    /// The tool, and its version.
    pub tool: String,
    /// The day.
    pub date: Date,
    /// What the conformance check came to: errors, warnings, rules.
    pub conformance: (usize, usize, usize),
    /// Every work unit.
    pub work_units: Vec<WorkUnitResult>,
    /// Every requirement that is claimed.
    pub requirements: Vec<PackageRequirement>,
    /// Every run.
    pub runs: Vec<PackageRun>,
    /// What else a reader must know.
    pub remarks: Vec<String>,
    /// Every file.
    pub files: Vec<PackageFile>,
}

/// A requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageRequirement {
    /// Its id.
    pub id: String,
    /// Tests of the platform that passed.
    pub passed: usize,
    /// Tests that did not.
    pub failed: usize,
    /// Places in the sources.
    pub sources: usize,
    /// What the Security Target says is missing.
    pub not_yet_met: Option<String>,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageRun {
    /// Its id.
    pub id: String,
    /// What was run on what.
    pub what: String,
    /// Results that passed, and all.
    pub passed: (usize, usize),
    /// Whether it is evidence on the platform, or on something beside it.
    pub counts: bool,
    /// Who signed it.
    pub signers: Vec<String>,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageFile {
    /// Its path in the folder.
    pub path: String,
    /// What it is.
    pub what: String,
    /// Its SHA-256, in hex.
    pub sha256: String,
}

/// How many units there are of each kind of proposal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Kinds {
    pass: usize,
    fail: usize,
    inconclusive: usize,
    person: usize,
}

impl Kinds {
    fn of<'u>(units: impl Iterator<Item = &'u WorkUnitResult>) -> Kinds {
        let mut kinds = Kinds::default();
        for unit in units {
            *match &unit.proposal {
                Proposal::Verdict { verdict: Verdict::Pass, .. } => &mut kinds.pass,
                Proposal::Verdict { verdict: Verdict::Fail, .. } => &mut kinds.fail,
                Proposal::Verdict { verdict: Verdict::Inconclusive, .. } => &mut kinds.inconclusive,
                Proposal::NeedsPerson { .. } => &mut kinds.person,
            } += 1;
        }
        kinds
    }

    fn proposed(self) -> usize {
        self.pass + self.fail + self.inconclusive
    }

    fn cells(self) -> Vec<Vec<Line>> {
        let all = [self.proposed() + self.person, self.pass, self.fail, self.inconclusive, self.person];
        all.map(|count| cell(plain(count.to_string()))).to_vec()
    }
}

/// The page as a document.
pub fn overview(package: &Package) -> Doc {
    let mut out = Layout::new();
    let all = Kinds::of(package.work_units.iter());
    work_units(&mut out, package, all);
    requirements(&mut out, package);
    runs(&mut out, package);
    people(&mut out, package);
    files(&mut out, package);
    let (errors, warnings, rules) = package.conformance;
    let facts = vec![
        (Text::from("Security Target"), vec![plain(&package.title)]),
        ("Version".into(), vec![plain(&package.version)]),
        ("Digest (SHA-256)".into(), vec![code(&package.digest)]),
        ("Date".into(), vec![plain(package.date.to_string())]),
        ("Conformance".into(), vec![plain(format!("{rules} rules; {errors} errors, {warnings} warnings"))]),
        (
            "Work units".into(),
            vec![
                strong(format!("{} of {}", all.proposed(), all.proposed() + all.person)),
                plain(format!(" proposed by evidence; {} need a person", all.person)),
            ],
        ),
    ];
    let mut front = Layout::new();
    front.note("whose verdict", Tone::Note, "Whose verdict", vec![vec![plain(
        "Nothing here is a verdict. What evidence proposes, an evaluator confirms or overrules, with a reason; what needs a \
         person says what that person must do.",
    )]]);
    for (at, remark) in package.remarks.iter().enumerate() {
        front.note(format!("remark {at}"), Tone::Warning, "To be known", vec![vec![plain(remark)]]);
    }
    let doc = Doc {
        kind: "Evaluation package".into(),
        title: Text::new(&package.title),
        version: Text::new(&package.version),
        author: Text::new(&package.tool),
        date: Some(package.date),
        digest: Text::new(&package.digest),
        mark: "CONFIDENTIAL – developer, lab and certifying body only".into(),
        banner: None,
        facts,
        front: front.into_blocks(),
        body: out.into_blocks(),
    };
    doc.without_dangling_links()
}

fn work_units(out: &mut Layout, package: &Package, all: Kinds) {
    out.heading(1, Some("1"), "Work units", Anchor::new("section", "1"));
    let columns = [
        ("Component", 28),
        ("Units", 12),
        ("Pass", 12),
        ("Fail", 12),
        ("Inconclusive", 18),
        ("Needs a person", 18),
    ];
    let mut rows = Vec::new();
    for component in COMPONENTS.iter().map(|component| component.id) {
        let units: Vec<_> = package.work_units.iter().filter(|unit| unit.component == component).collect();
        if !units.is_empty() {
            let mut cells = vec![cell(code(component))];
            cells.extend(Kinds::of(units.into_iter()).cells());
            rows.push(row(component, cells));
        }
    }
    let mut cells = vec![cell(strong("All"))];
    cells.extend(all.cells());
    rows.push(row("all", cells));
    out.table("work units", "What evidence proposes, by component", &columns, rows);
    let failing = package.work_units.iter().filter_map(|unit| match &unit.proposal {
        Proposal::Verdict { verdict, rationale } if *verdict != Verdict::Pass => {
            let verdict = plain(verdict.name());
            Some(row(&*unit.id, vec![cell(code(&unit.id)), cell(verdict), cell(plain(rationale))]))
        }
        _ => None,
    });
    let failing: Vec<_> = failing.collect();
    if !failing.is_empty() {
        let columns = [("Unit", 20), ("Proposed", 16), ("Because", 64)];
        out.table("not passing", "Units that are not proposed to pass", &columns, failing);
    }
}

fn requirements(out: &mut Layout, package: &Package) {
    out.heading(1, Some("2"), "Requirements", Anchor::new("section", "2"));
    let rows = package.requirements.iter().map(|one| {
        let missing = one.not_yet_met.as_deref().map_or_else(Vec::new, |missing| cell(plain(missing)));
        let number = |count: usize| cell(plain(count.to_string()));
        let cells =
            vec![cell(code(&one.id)), number(one.passed), number(one.failed), number(one.sources), missing];
        anchored(Anchor::new("requirement", &one.id), &*one.id, cells)
    });
    let columns = [("Requirement", 36), ("Passed", 10), ("Failed", 10), ("Sources", 11), ("Not met yet", 33)];
    out.table(
        "requirements",
        "Tests and sources of each requirement that is claimed",
        &columns,
        rows.collect(),
    );
}

fn runs(out: &mut Layout, package: &Package) {
    out.heading(1, Some("3"), "Evidence", Anchor::new("section", "3"));
    let rows = package.runs.iter().map(|run| {
        let (passed, all) = run.passed;
        let counts = if run.counts { "yes" } else { "no: not these images" };
        let signers = run.signers.iter().map(|id| vec![code(id)]).collect();
        let result = cell(plain(format!("{passed} of {all} passed")));
        row(&*run.id, vec![cell(code(&run.id)), cell(plain(&run.what)), result, cell(plain(counts)), signers])
    });
    let columns = [("Run", 24), ("What", 28), ("Result", 16), ("On the platform", 12), ("Signed by", 20)];
    out.table("runs", "Runs", &columns, rows.collect());
}

fn people(out: &mut Layout, package: &Package) {
    out.heading(1, Some("4"), "What a person must do", Anchor::new("section", "4"));
    let rows = package.work_units.iter().filter_map(|unit| match &unit.proposal {
        Proposal::NeedsPerson { todo, prepared } => {
            let prepared = if prepared.is_empty() { Vec::new() } else { cell(plain(prepared)) };
            Some(row(&*unit.id, vec![cell(code(&unit.id)), cell(plain(todo)), prepared]))
        }
        Proposal::Verdict { .. } => None,
    });
    let columns = [("Unit", 18), ("To do", 46), ("Prepared", 36)];
    out.table("people", "Units that need a person", &columns, rows.collect());
}

fn files(out: &mut Layout, package: &Package) {
    out.heading(1, Some("5"), "Files", Anchor::new("section", "5"));
    let rows = package.files.iter().map(|file| {
        let cells = vec![cell(code(&file.path)), cell(plain(&file.what)), cell(code(&file.sha256))];
        anchored(Anchor::new("file", &file.path), &*file.path, cells)
    });
    let columns = [("File", 34), ("What it is", 36), ("SHA-256", 30)];
    out.table("files", "The files of the folder, without this page and SHA256SUMS", &columns, rows.collect());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(id: &str, proposal: Proposal) -> WorkUnitResult {
        WorkUnitResult {
            id: id.to_owned(),
            component: id.rsplit_once('-').unwrap().0.to_owned(),
            task: "look".to_owned(),
            done: String::new(),
            evidence: Vec::new(),
            proposal,
            decision: None,
        }
    }

    fn package(work_units: Vec<WorkUnitResult>) -> Package {
        Package {
            title: "T".to_owned(),
            version: "1".to_owned(),
            digest: "ab".to_owned(),
            tool: "dtsec".to_owned(),
            date: "2026-01-01".parse().unwrap(),
            conformance: (0, 2, 91),
            work_units,
            requirements: Vec::new(),
            runs: Vec::new(),
            remarks: vec!["<b>known</b>".to_owned()],
            files: Vec::new(),
        }
    }

    #[test]
    fn the_page_says_how_many_units_evidence_proposes_and_how_many_need_a_person() {
        let rationale = "so it is".to_owned();
        let fail = Proposal::Verdict { verdict: Verdict::Fail, rationale: rationale.clone() };
        let pass = Proposal::Verdict { verdict: Verdict::Pass, rationale };
        let person = Proposal::NeedsPerson { todo: "read it".to_owned(), prepared: String::new() };
        let units = vec![unit("ASE_INT.1-1", pass), unit("ASE_INT.1-2", fail), unit("ATE_IND.1-8", person)];
        let page = crate::html::write(&overview(&package(units))).unwrap();
        assert!(page.contains("2 of 3") && page.contains("1 need a person"));
        assert!(page.contains("so it is") && page.contains("read it"));
        assert!(!page.contains("<b>known") && page.contains("known"));
    }
}
