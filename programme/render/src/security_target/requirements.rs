//! Chapter 5: assurance and functional requirements.

use super::{Writing, claim_link, completed, sfr_anchor, sfr_title};
use crate::doc::{Line, Role, Row, Run, Tone, code, missing, plain, strong};
use crate::layout::{cell, joined, paragraphs, row, said};
use crate::text::Anchor;
use dtsec_model::assurance::COMPONENTS;
use dtsec_model::catalogue;
use dtsec_model::operations::{Operation, Value, operations};
use dtsec_model::profile::{Obligation, ProfileRequirement};
use dtsec_model::security_target::{Claim, Origin};

impl<'a> Writing<'a> {
    pub(super) fn requirements(&mut self) {
        self.section("5", "Security Requirements");
        self.assurance();
        let numbers = self.profile.sections.iter().map(|section| &*section.number);
        let is_group =
            |number: &&str| number.strip_prefix("5.").is_some_and(|rest| !rest.contains('.') && rest != "1");
        let mut groups: Vec<&str> = numbers.filter(is_group).collect();
        if groups.is_empty() {
            groups.push("5.2");
        }
        for group in &groups {
            self.group(group);
        }
        let in_a_group = |id: &str| {
            let section = self.profile.requirement(id).map(|requirement| &*requirement.section);
            section.is_some_and(|section| groups.iter().any(|group| is_under(section, group)))
        };
        let mut rest: Vec<&str> = Vec::new();
        for claim in &self.target.requirements {
            if !in_a_group(&claim.id) && !rest.contains(&&*claim.id) {
                rest.push(&claim.id);
            }
        }
        if rest.is_empty() {
            return;
        }
        let last = groups.iter().filter_map(|group| group.strip_prefix("5.")?.parse::<u32>().ok()).max();
        let number = format!("5.{}", last.unwrap_or(2) + 1);
        let title = "Additional Security Functional Requirements";
        self.out.heading(2, Some(&number), title, Anchor::new("section", &number));
        self.passage(&number);
        for (index, id) in rest.into_iter().enumerate() {
            self.requirement(&format!("{number}.{}", index + 1), id);
        }
    }

    fn assurance(&mut self) {
        let assurance = &self.target.assurance;
        self.section("5.1", "Security Assurance Requirements");
        if assurance.levels.is_empty() {
            self.out.line("levels", vec![missing("assurance level")]);
        }
        for claim in &assurance.levels {
            let mut line = vec![plain("Claimed: "), strong(claim.level.name())];
            if !claim.requirements.is_empty() {
                line.push(plain(", for "));
                line.extend(joined(claim.requirements.iter().map(|id| vec![self.sfr(id)]), ", "));
            }
            line.push(plain("."));
            let key = format!("level {}", claim.level.name());
            self.out.line(&*key, line);
            let rows = claim.components.iter().map(|id| {
                let known = COMPONENTS.iter().find(|component| component.id == id);
                let title = known.map_or("not a component of SESIP", |component| component.title);
                row(&**id, vec![cell(code(id)), cell(plain(title))])
            });
            let rows = rows.collect();
            let caption = format!("Components of {}", claim.level.name());
            self.out.table(&format!("{key} components"), &caption, &[("Component", 25), ("Title", 75)], rows);
        }
        let flaws = &assurance.flaw_remediation;
        self.out.heading(
            3,
            None,
            "Flaw reporting procedure (ALC_FLR.2)",
            Anchor::new("part", "flaw-remediation"),
        );
        let mut all = vec![
            ("How anybody reports a flaw", paragraphs(&flaws.reporting, "how a flaw is reported")),
            ("What “newer” means", paragraphs(&flaws.newer, "what newer means for an update")),
        ];
        if self.is_full() {
            let procedure = paragraphs(&flaws.procedure, "what is done with a reported flaw");
            all.insert(0, ("What is done with a report", procedure));
            if let Some(place) = &flaws.described_in {
                all.push(("In full", vec![self.place(place)]));
            }
        }
        if let Some(argument) = &flaws.no_update_argument {
            all.push(("Why updates are not needed", paragraphs(argument, "the argument")));
        }
        self.out.definitions("flaw remediation", all);
        if !self.is_full() {
            self.left_out("flaw remediation internal", "The internal steps");
        }
    }

    /// A section of the profile with its requirements.
    fn group(&mut self, number: &str) {
        self.section(number, "Security Functional Requirements");
        let (target, profile) = (self.target, self.profile);
        let of_group = profile.requirements.iter().filter(|one| is_under(&one.section, number));
        let (claimed, absent): (Vec<_>, Vec<_>) =
            of_group.partition(|one| target.claims(&one.id).next().is_some());
        let mandatory = |one: &&&ProfileRequirement| one.obligation == Obligation::Mandatory;
        let names = |all: Vec<&&ProfileRequirement>| -> Line {
            joined(all.into_iter().map(|one| vec![plain(format!("{} ({})", one.title, one.section))]), ", ")
        };
        let must: Vec<_> = absent.iter().filter(mandatory).collect();
        if !must.is_empty() {
            let mut line = vec![missing("claims on mandatory requirements"), plain(" ")];
            line.extend(names(must));
            self.out.note(
                format!("absent {number}"),
                Tone::Alert,
                "Mandatory requirements that are not claimed",
                vec![line],
            );
        }
        let may: Vec<_> = absent.iter().filter(|one| !mandatory(one)).collect();
        if !may.is_empty() {
            let mut line = vec![plain("Optional and not claimed: ")];
            line.extend(names(may));
            line.push(plain("."));
            self.out.line(format!("not claimed {number}"), line);
        }
        // A note that the Security Target applies is copied in, whether its requirement is claimed or not.
        for requirement in &absent {
            for note in &requirement.notes {
                if target.notes.iter().any(|one| one.note == note.id) {
                    self.note(note);
                }
            }
        }
        for requirement in claimed {
            self.requirement(&requirement.section, &requirement.id);
        }
    }

    /// A requirement with all its iterations.
    fn requirement(&mut self, number: &str, id: &'a str) {
        let (target, profile) = (self.target, self.profile);
        let claims: Vec<&Claim> = target.claims(id).collect();
        let known = profile.requirement(id);
        let title = sfr_title(target, profile, id);
        let iterated = claims.len() > 1 || claims.iter().any(|claim| claim.iteration.is_some());
        let heading = match &claims[..] {
            [only] if !iterated => titled(&title, only),
            _ => title.clone(),
        };
        self.out.heading(3, Some(number), &heading, sfr_anchor(id, None));
        let obligation = known.map_or("not in the profile", |one| one.obligation.name());
        let mut status = vec![code(id), plain(format!(" · {obligation}"))];
        if claims.iter().any(|claim| claim.origin == Origin::Addition) {
            status.push(plain(" · "));
            status.push(strong("addition to the profile"));
        }
        self.out.line(format!("sfr {id}"), status);
        for (index, claim) in claims.iter().enumerate() {
            if iterated {
                let iteration = claim.iteration.as_deref().unwrap_or("iteration without a name");
                let heading = titled(&format!("{title} – {iteration}"), claim);
                let anchor = sfr_anchor(id, claim.iteration.as_deref());
                self.out.heading(4, Some(&format!("{number}.{}", index + 1)), &heading, anchor);
            }
            self.claim(claim, known);
        }
        for note in known.map_or(&[][..], |one| &one.notes[..]) {
            self.note(note);
        }
    }

    fn claim(&mut self, claim: &'a Claim, known: Option<&'a ProfileRequirement>) {
        let key = claim.name();
        if let Some(lacks) = &claim.not_yet_met {
            let lines = paragraphs(lacks, "what is missing");
            self.out.note(
                format!("{key} unmet"),
                Tone::Alert,
                "Not met by this version of the platform",
                lines,
            );
        }
        self.out.line(format!("{key} statement"), statement(claim, known));
        if let Some(extension) = known.and_then(|one| one.extension.as_ref()) {
            let line =
                vec![strong("Extension by the profile: "), struck(claim, Run::new(Role::Fixed, extension))];
            self.out.line(format!("{key} extension"), line);
        }
        if let Some(own) = &claim.outside_catalogue {
            let lines = vec![said(&own.disclaimer, "that others may not recognise this requirement")];
            self.out.note(format!("{key} outside"), Tone::Warning, "Outside SESIP’s catalogue", lines);
        }
        if let Some(struck) = &claim.struck {
            let mut lines = paragraphs(&struck.argument, "why the requirement is struck through");
            if let Some(objective) = &struck.objective {
                lines.push(vec![
                    plain("Objective for the environment that goes with it: "),
                    self.objective(objective),
                ]);
            }
            self.out.note(format!("{key} struck"), Tone::Warning, "Struck through: not claimed", lines);
        }
        self.out.lines(&format!("{key} values"), self.other_values(claim, known));
        if !claim.covers.is_empty() {
            let text = format!("Covers, of the profile’s mapping: {}.", claim.covers.join(", "));
            self.out.line(format!("{key} covers"), vec![plain(text)]);
        }
        for refinement in &claim.refinements {
            let mut line = vec![strong("Refinement: "), Run::new(Role::Given, &refinement.text)];
            if self.is_full() {
                line.push(plain(" Stricter because: "));
                line.extend(said(&refinement.why_stricter, "why it is stricter"));
            }
            self.out.line(format!("{key} refinement"), line);
        }
        self.algorithms(claim);
        if !self.is_full() {
            return self.left_out(&format!("{key} rationale"), "Conformance rationale");
        }
        let rationale = &claim.rationale;
        let mut both = vec![
            ("Implementation", paragraphs(&rationale.implementation, "how it is implemented")),
            ("Assessment", paragraphs(&rationale.assessment, "how that was assessed")),
        ];
        match (&rationale.extension, known.and_then(|one| one.extension.as_ref())) {
            (Some(text), _) => both.push(("Extension", paragraphs(text, "how the extension is met"))),
            (None, Some(_)) => both.push(("Extension", vec![vec![missing("how the extension is met")]])),
            (None, None) => {}
        }
        self.out.definitions(&format!("{key} rationale"), both);
    }

    /// What is given and has no place in a statement: shown, for it is claimed.
    fn other_values(&self, claim: &Claim, known: Option<&ProfileRequirement>) -> Vec<Line> {
        let placed = |id: &str| {
            let mut ids =
                known.into_iter().flat_map(|one| operations(&one.statement)).filter_map(Operation::id);
            ids.any(|other| other == id)
        };
        let others = claim.values.iter().filter(|(id, _)| !placed(id)).map(|(id, value)| {
            let text = match value {
                Value::Included(stays) => stays.to_string(),
                value => value.sentence(),
            };
            vec![strong(format!("{id}: ")), Run::new(Role::Given, text)]
        });
        others.collect()
    }

    fn algorithms(&mut self, claim: &Claim) {
        let rows = claim.algorithms.iter().map(|one| {
            let bits: Vec<String> = one.bits.iter().map(u32::to_string).collect();
            let bits = if bits.is_empty() { "–".to_owned() } else { bits.join(", ") };
            let tag = one.tag_bits.map_or_else(|| "–".to_owned(), |bits| bits.to_string());
            let mut tag = vec![vec![plain(tag)]];
            if let Some(argument) = one.argument.as_ref().filter(|_| self.is_full()) {
                tag.push(said(argument, "why a shorter tag is enough"));
            }
            let cells = vec![vec![said(&one.name, "algorithm")], cell(plain(&bits)), tag];
            row(format!("{} {bits}", one.name), cells)
        });
        let rows: Vec<Row> = rows.collect();
        let columns = [("Algorithm", 45), ("Sizes in bits", 25), ("Tag in bits", 30)];
        let key = format!("{} algorithms", claim.name());
        self.out.table(&key, &format!("Cryptography of {}", claim.name()), &columns, rows);
    }

    /// The claims on a requirement, each a cross reference.
    pub(super) fn claim_links(&self, id: &str) -> Vec<(&'a Claim, Run)> {
        let (target, profile) = (self.target, self.profile);
        target
            .requirements
            .iter()
            .filter(|claim| claim.id == id)
            .map(|claim| (claim, claim_link(target, profile, claim)))
            .collect()
    }
}

/// Whether a section lies under another.
fn is_under(section: &str, group: &str) -> bool {
    section.strip_prefix(group).is_some_and(|rest| rest.starts_with('.'))
}

/// The standing of a claim belongs to its title: it must be seen in the table of contents.
fn titled(title: &str, claim: &Claim) -> String {
    match (&claim.struck, &claim.not_yet_met) {
        (Some(_), _) => format!("{title} (struck through)"),
        (None, Some(_)) => format!("{title} (not met yet)"),
        (None, None) => title.to_owned(),
    }
}

fn struck(claim: &Claim, run: Run) -> Run {
    Run { struck: claim.struck.is_some(), ..run }
}

fn statement(claim: &Claim, known: Option<&ProfileRequirement>) -> Line {
    let line = match (known, &claim.outside_catalogue, catalogue::sfr(&claim.id)) {
        (Some(known), _, _) => completed(&known.statement, &claim.values),
        (None, Some(own), _) => said(&own.statement, "statement"),
        (None, None, Some(sfr)) => vec![plain(&sfr.summary)],
        (None, None, None) => vec![missing("statement: neither profile nor catalogue have this requirement")],
    };
    line.into_iter().map(|run| struck(claim, run)).collect()
}
