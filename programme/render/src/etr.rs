//! An Evaluation Technical Report as a document, in the order of CEM's content of an ETR.

use crate::doc::{Doc, Line, Role, Row, Run, Tone, code, link, missing, plain, strong};
use crate::layout::{Layout, anchored, cell, joined, paragraphs, row, said};
use crate::text::{Anchor, Text};
use crate::{RenderError, Variant};
use dtsec_model::assurance::COMPONENTS;
use dtsec_model::attack_potential::{Equipment, Expertise, Factors, Knowledge, Time, Window, least_points};
use dtsec_model::canonical;
use dtsec_model::etr::{
    Cited, EvaluationTechnicalReport, Proposal, Standing, Verdict, Vulnerability, WorkUnitResult,
};

/// An Evaluation Technical Report as a document.
///
/// # Errors
/// Where it has no digest.
pub fn report(etr: &EvaluationTechnicalReport, variant: Variant) -> Result<Doc, RenderError> {
    let digest = canonical::digest(etr).map_err(|error| RenderError::Digest(error.to_string()))?;
    let full = variant == Variant::Confidential;
    let mut writing = Writing { etr, full, out: Layout::new() };
    writing.introduction();
    writing.architecture();
    writing.evaluation();
    writing.results();
    writing.conclusions();
    writing.evidence();
    writing.acronyms();
    writing.observations();
    let kind = if full {
        "Evaluation Technical Report"
    } else {
        "Evaluation Technical Report – sanitised summary"
    };
    let mark = if full {
        "CONFIDENTIAL – developer, lab and certifying body only"
    } else {
        "PUBLIC – sanitised summary"
    };
    let doc = Doc {
        kind: kind.into(),
        title: Text::new(&etr.title),
        author: Text::new(&etr.parties.lab),
        date: Some(etr.date),
        version: Text::new(&etr.version),
        digest: Text::new(&digest),
        mark: mark.into(),
        banner: None,
        facts: facts(etr, &digest, full),
        front: front(etr, full),
        body: writing.out.into_blocks(),
    };
    Ok(doc.without_dangling_links())
}

/// The verdict over the whole: the evaluator's decisions.
pub(crate) fn overall(etr: &EvaluationTechnicalReport) -> Verdict {
    Verdict::over(etr.work_units.iter().map(WorkUnitResult::verdict))
}

fn facts(etr: &EvaluationTechnicalReport, digest: &str, full: bool) -> Vec<(Text, Line)> {
    let what =
        if full { "Document digest (SHA-256, RFC 8785)" } else { "Sanitised from the report with digest" };
    vec![
        ("Platform".into(), vec![plain(format!("{}, version {}", etr.platform.title, etr.platform.version))]),
        ("Report".into(), said(&etr.reference, "number of the report")),
        ("Version".into(), said(&etr.version, "version")),
        ("Date".into(), vec![plain(etr.date.to_string())]),
        ("Scheme".into(), said(&etr.scheme, "scheme")),
        ("Assurance level".into(), vec![plain(etr.level.name())]),
        ("Security Target".into(), cited(&etr.security_target)),
        ("Profile".into(), cited(&etr.profile)),
        ("Lab".into(), said(&etr.parties.lab, "lab")),
        ("Verdict".into(), vec![verdict(overall(etr))]),
        (what.into(), vec![code(digest)]),
    ]
}

fn front(etr: &EvaluationTechnicalReport, full: bool) -> Vec<crate::doc::Block> {
    let mut out = Layout::new();
    let open: Vec<&WorkUnitResult> = etr.work_units.iter().filter(|unit| unit.decision.is_none()).collect();
    if !open.is_empty() {
        let text = format!(
            "{} of {} work units have no decision by an evaluator. What a tool proposes is no verdict: until somebody \
             decides, each of them counts as inconclusive.",
            open.len(),
            etr.work_units.len()
        );
        out.note("open", Tone::Warning, "Not decided", vec![vec![plain(text)]]);
    }
    let usable = etr.vulnerabilities.iter().filter(|one| one.factors.is_exploitable_at(etr.level)).count();
    if usable > 0 {
        let many =
            if usable == 1 { "1 vulnerability".to_owned() } else { format!("{usable} vulnerabilities") };
        let level = etr.level.name();
        let text = format!("{many} can be exploited by an attacker of {level}: the evaluation fails.");
        out.note("exploitable", Tone::Alert, "Exploitable vulnerabilities", vec![vec![plain(text)]]);
    }
    if !full {
        let text = "This summary may be given to anybody. What was done, the evidence, the architecture and the vulnerabilities \
                    in detail are left out, and each such place says so. All verdicts are there.";
        out.note("sanitised", Tone::Note, "Sanitised summary", vec![vec![plain(text)]]);
    }
    out.into_blocks()
}

struct Writing<'a> {
    etr: &'a EvaluationTechnicalReport,
    full: bool,
    out: Layout,
}

impl Writing<'_> {
    fn chapter(&mut self, number: &str, title: &str) {
        let level = u8::try_from(number.split('.').count()).unwrap_or(u8::MAX);
        self.out.heading(level, Some(number), title, Anchor::new("section", number));
    }

    fn left_out(&mut self, key: &str, what: &str) {
        self.out.line(key, vec![plain(format!("{what}: left out in the sanitised summary."))]);
    }

    fn introduction(&mut self) {
        let etr = self.etr;
        self.chapter("1", "Introduction");
        let digest = etr.security_target.digest.as_deref();
        let mut rows = vec![
            ("Scheme", said(&etr.scheme, "scheme")),
            ("Report", vec![plain(format!("{}, version {}, {}", etr.reference, etr.version, etr.date))]),
            ("Security Target", cited(&etr.security_target)),
            (
                "Its digest",
                digest.map_or_else(|| vec![missing("digest of the Security Target")], |one| vec![code(one)]),
            ),
            ("Profile", cited(&etr.profile)),
            ("Platform, as it answers", cited(&etr.platform)),
            ("Developer", said(&etr.parties.developer, "developer")),
            ("Sponsor", said(&etr.parties.sponsor, "sponsor")),
            ("Lab", said(&etr.parties.lab, "lab")),
        ];
        if self.full {
            rows.push(("Evaluators", said(&etr.parties.evaluators.join(", "), "names of the evaluators")));
        }
        let rows =
            rows.into_iter().map(|(term, line)| row(term, vec![cell(strong(term)), vec![line]])).collect();
        self.out.table("identifiers", "Identifiers", &[("Item", 30), ("Value", 70)], rows);
    }

    fn architecture(&mut self) {
        self.chapter("2", "Architectural description of the platform");
        match self.full {
            true => self.out.text("architecture", &self.etr.architecture, "how the platform is built"),
            false => self.left_out("architecture", "How the platform is built"),
        }
    }

    fn evaluation(&mut self) {
        self.chapter("3", "Evaluation");
        self.chapter("3.1", "Methods, techniques, tools and standards");
        match &self.etr.methods[..] {
            [] => self.out.line("methods", vec![missing("methods")]),
            methods => self.out.list("methods", methods.iter().map(String::as_str)),
        }
        self.chapter("3.2", "Constraints and assumptions");
        match &self.etr.constraints[..] {
            [] => self.out.line("constraints", vec![plain("None are told.")]),
            constraints => self.out.list("constraints", constraints.iter().map(String::as_str)),
        }
    }

    /// The components in the order of the criteria, then those that they do not have.
    fn components(&self) -> Vec<&str> {
        let has = |id: &str| self.etr.work_units.iter().any(|unit| unit.component == id);
        let mut all: Vec<&str> = COMPONENTS.iter().map(|one| one.id).filter(|id| has(id)).collect();
        for unit in &self.etr.work_units {
            if !all.contains(&&*unit.component) {
                all.push(&unit.component);
            }
        }
        all
    }

    fn results(&mut self) {
        self.chapter("4", "Results of the evaluation");
        let components: Vec<String> = self.components().into_iter().map(str::to_owned).collect();
        let etr = self.etr;
        let of =
            |id: &str| etr.work_units.iter().filter(move |unit| unit.component == id).collect::<Vec<_>>();
        let rows = components.iter().map(|id| {
            let units = of(id);
            let proposed =
                units.iter().filter(|unit| matches!(unit.proposal, Proposal::Verdict { .. })).count();
            let decided = units.iter().filter(|unit| unit.decision.is_some()).count();
            let over = Verdict::over(units.iter().map(|unit| unit.verdict()));
            let name = vec![vec![link(Anchor::new("component", id), id)], vec![plain(title(id))]];
            let count = |number: usize| cell(plain(number.to_string()));
            row(&**id, vec![name, count(units.len()), count(proposed), count(decided), cell(verdict(over))])
        });
        let rows = rows.collect();
        let columns = [
            ("Component", 44),
            ("Work units", 13),
            ("Proposed by evidence", 15),
            ("Decided", 13),
            ("Verdict", 15),
        ];
        self.out.table("verdicts", "Verdicts by component", &columns, rows);
        let line = vec![plain("Over all: "), verdict(overall(etr)), plain(".")];
        self.out.line("overall", line);
        for (index, id) in components.iter().enumerate() {
            let number = format!("4.{}", index + 1);
            let heading = format!("{id} {}", title(id));
            self.out.heading(2, Some(&number), heading.trim_end(), Anchor::new("component", id));
            for unit in of(id) {
                self.work_unit(unit);
            }
        }
        let number = format!("4.{}", components.len() + 1);
        self.out.heading(2, Some(&number), "Vulnerabilities", Anchor::new("section", "vulnerabilities"));
        self.vulnerabilities();
    }

    fn work_unit(&mut self, unit: &WorkUnitResult) {
        self.out.heading(3, None, &unit.id, Anchor::new("unit", &unit.id));
        let mut all: Vec<(&str, Vec<Line>)> =
            vec![("Task", paragraphs(&unit.task, "what the evaluator is to do"))];
        if self.full {
            all.push(("Done", paragraphs(&unit.done, "what was done")));
            let evidence = unit.evidence.iter().map(|reference| vec![code(reference)]);
            let evidence = joined(evidence, ", ");
            all.push(("Evidence", vec![if evidence.is_empty() { vec![plain("none")] } else { evidence }]));
            match &unit.proposal {
                Proposal::Verdict { verdict: proposed, rationale } => {
                    let mut lines = vec![vec![plain(proposed.name())]];
                    lines.extend(paragraphs(rationale, "why"));
                    all.push(("Proposal of the tool", lines));
                }
                Proposal::NeedsPerson { todo, prepared } => {
                    let mut line = vec![strong("Needs a person: ")];
                    line.extend(said(todo, "what that person must do"));
                    let mut lines = vec![line];
                    if !prepared.trim().is_empty() {
                        lines.push(vec![strong("Prepared: "), plain(prepared)]);
                    }
                    all.push(("Proposal of the tool", lines));
                }
            }
        }
        let decision = match &unit.decision {
            Some(one) if self.full => {
                let mut lines =
                    vec![vec![verdict(one.verdict), plain(format!(", by {} on {}", one.by, one.date))]];
                lines.extend(paragraphs(&one.reason, "why"));
                let differs =
                    matches!(&unit.proposal, Proposal::Verdict { verdict, .. } if *verdict != one.verdict);
                if differs {
                    lines.push(vec![strong("Differs from the proposal.")]);
                }
                lines
            }
            Some(one) => vec![vec![verdict(one.verdict)]],
            None => vec![vec![verdict(Verdict::Inconclusive), plain(": no evaluator has decided")]],
        };
        all.push(("Verdict", decision));
        self.out.definitions(&format!("unit {}", unit.id), all);
    }

    fn vulnerabilities(&mut self) {
        let etr = self.etr;
        if etr.vulnerabilities.is_empty() {
            return self
                .out
                .line("vulnerabilities", vec![plain("None were found, exploitable or residual.")]);
        }
        let needed = format!(
            "An attack fails {} where it needs fewer than {} points (CEM v3.1, Annex B.4). Points are computed here from the factors.",
            etr.level.name(),
            least_points(etr.level.van())
        );
        self.out.line("scale", vec![plain(needed)]);
        let rows: Vec<Row> = etr.vulnerabilities.iter().map(|one| self.vulnerability_row(one)).collect();
        let columns = [
            ("Vulnerability", 16),
            ("Requirements", 28),
            ("Points", 10),
            ("Attacker needed", 23),
            ("Standing", 23),
        ];
        self.out.table("vulnerabilities", "Exploitable and residual vulnerabilities", &columns, rows);
        if !self.full {
            return self.left_out("vulnerabilities in detail", "Description, factors and reasoning");
        }
        for one in &etr.vulnerabilities {
            self.out.heading(3, None, &one.id, Anchor::new("vulnerability", &one.id));
            let all = vec![
                ("Description", paragraphs(&one.description, "what it is")),
                ("Source", paragraphs(&one.source, "how it came to be known")),
                ("Factors", factors(&one.factors)),
                ("Reasoning", paragraphs(&one.reasoning, "why these values")),
            ];
            self.out.definitions(&format!("vulnerability {}", one.id), all);
        }
    }

    fn vulnerability_row(&self, one: &Vulnerability) -> Row {
        let computed = match one.factors.is_exploitable_at(self.etr.level) {
            true => Standing::Exploitable,
            false => Standing::Residual,
        };
        let points = one.factors.points().map_or_else(|| "–".to_owned(), |points| points.to_string());
        let attacker = one.factors.potential().map_or("cannot be used", |potential| potential.name());
        let mut standing = vec![vec![match computed {
            Standing::Exploitable => strong("exploitable"),
            Standing::Residual => plain("residual"),
        }]];
        if computed != one.standing {
            let text = "the report’s data say otherwise: the factors count";
            standing.push(vec![Run::new(Role::Missing, text)]);
        }
        let id = link(Anchor::new("vulnerability", &one.id), &one.id);
        let requirements = joined(one.requirements.iter().map(|id| vec![plain(id)]), ", ");
        row(
            &*one.id,
            vec![cell(id), vec![requirements], cell(plain(points)), cell(plain(attacker)), standing],
        )
    }

    fn conclusions(&mut self) {
        self.chapter("5", "Conclusions and recommendations");
        self.out.text("conclusions", &self.etr.conclusions, "conclusions and recommendations");
    }

    fn evidence(&mut self) {
        self.chapter("6", "List of evaluation evidence");
        if !self.full {
            return self.left_out("evidence", "The evidence");
        }
        let rows = self.etr.evidence.iter().map(|one| {
            let cells = vec![
                vec![said(&one.title, "title")],
                vec![said(&one.issuer, "issuer")],
                cell(if one.reference.trim().is_empty() {
                    missing("reference")
                } else {
                    code(&one.reference)
                }),
            ];
            row(format!("{} {}", one.title, one.reference), cells)
        });
        let rows: Vec<Row> = rows.collect();
        if rows.is_empty() {
            self.out.line("no evidence", vec![missing("evidence")]);
        }
        self.out.table(
            "evidence",
            "Evidence that was used",
            &[("Title", 36), ("Issuer", 22), ("Reference", 42)],
            rows,
        );
    }

    fn acronyms(&mut self) {
        if self.etr.acronyms.is_empty() {
            return;
        }
        self.chapter("7", "Acronyms");
        let all = self.etr.acronyms.iter().map(|term| (&*term.term, vec![said(&term.meaning, "meaning")]));
        self.out.definitions("acronyms", all.collect());
    }

    fn observations(&mut self) {
        self.chapter("8", "Observation reports");
        if self.etr.observations.is_empty() {
            return self.out.line("observations", vec![plain("There are none.")]);
        }
        let rows = self.etr.observations.iter().map(|one| {
            let unit = link(Anchor::new("unit", &one.work_unit), &one.work_unit);
            let cells = vec![
                cell(strong(&one.id)),
                cell(unit),
                vec![said(&one.about, "document or product")],
                vec![said(&one.severity, "severity")],
                vec![said(&one.status, "status")],
            ];
            anchored(Anchor::new("observation", &one.id), &*one.id, cells)
        });
        let rows = rows.collect();
        let columns = [("Report", 15), ("Work unit", 20), ("About", 30), ("Severity", 15), ("Status", 20)];
        self.out.table("observations", "Observation reports and their status", &columns, rows);
        if !self.full {
            return self.left_out("observations in detail", "What was observed");
        }
        for one in &self.etr.observations {
            self.out.heading(2, None, &one.id, Anchor::new("observation-report", &one.id));
            let all = vec![
                ("Observation", paragraphs(&one.observation, "what was seen")),
                ("To be resolved by", vec![said(&one.resolver, "who")]),
                ("Timetable", vec![said(&one.timetable, "by when")]),
                ("If nobody does", paragraphs(&one.consequence, "what follows")),
            ];
            self.out.definitions(&format!("observation {}", one.id), all);
        }
    }
}

fn title(component: &str) -> &'static str {
    COMPONENTS.iter().find(|one| one.id == component).map_or("", |one| one.title)
}

/// A verdict, told by its word and not by a colour alone.
pub(crate) fn verdict(verdict: Verdict) -> Run {
    strong(match verdict {
        Verdict::Pass => "✓ pass",
        Verdict::Fail => "✗ fail",
        Verdict::Inconclusive => "? inconclusive",
    })
}

pub(crate) fn cited(cited: &Cited) -> Line {
    let mut line = said(&cited.title, "title");
    line.push(plain(", version "));
    line.extend(said(&cited.version, "version"));
    line
}

fn factors(factors: &Factors) -> Vec<Line> {
    let line = |what: &str, value: &str, points: Option<u32>| -> Line {
        let points = points
            .map_or_else(|| "cannot be used in this environment".to_owned(), |points| points.to_string());
        vec![plain(format!("{what}: {value} – ")), strong(points)]
    };
    let total = factors.points().map_or_else(|| "no sum".to_owned(), |points| points.to_string());
    vec![
        line("Elapsed time", time(factors.time), Some(factors.time.points())),
        line("Expertise", expertise(factors.expertise), Some(factors.expertise.points())),
        line("Knowledge", knowledge(factors.knowledge), Some(factors.knowledge.points())),
        line("Window of opportunity", window(factors.window), factors.window.points()),
        line("Equipment", equipment(factors.equipment), Some(factors.equipment.points())),
        vec![plain("Sum: "), strong(total)],
    ]
}

const fn time(time: Time) -> &'static str {
    match time {
        Time::OneDay => "a day or less",
        Time::OneWeek => "a week or less",
        Time::TwoWeeks => "two weeks or less",
        Time::OneMonth => "a month or less",
        Time::TwoMonths => "two months or less",
        Time::ThreeMonths => "three months or less",
        Time::FourMonths => "four months or less",
        Time::FiveMonths => "five months or less",
        Time::SixMonths => "six months or less",
        Time::MoreThanSixMonths => "more than six months",
    }
}

const fn expertise(expertise: Expertise) -> &'static str {
    match expertise {
        Expertise::Layman => "layman",
        Expertise::Proficient => "proficient",
        Expertise::Expert => "expert",
        Expertise::MultipleExperts => "multiple experts",
    }
}

const fn knowledge(knowledge: Knowledge) -> &'static str {
    match knowledge {
        Knowledge::Public => "public",
        Knowledge::Restricted => "restricted",
        Knowledge::Sensitive => "sensitive",
        Knowledge::Critical => "critical",
    }
}

const fn window(window: Window) -> &'static str {
    match window {
        Window::Unlimited => "unnecessary or unlimited",
        Window::Easy => "easy",
        Window::Moderate => "moderate",
        Window::Difficult => "difficult",
        Window::None => "none",
    }
}

const fn equipment(equipment: Equipment) -> &'static str {
    match equipment {
        Equipment::Standard => "standard",
        Equipment::Specialised => "specialised",
        Equipment::Bespoke => "bespoke",
        Equipment::MultipleBespoke => "multiple bespoke",
    }
}
