//! Writing a protection profile.

use super::aside::Aside;
use super::{NAMESPACE, SECTIONS, XHTML, statement};
use crate::words::{slug, unique};
use dtsec_model::assurance::COMPONENTS;
use dtsec_model::protection_profile::{Named, Package, ProtectionProfile, Requirement};
use quick_xml::escape::escape;
use std::collections::HashSet;

/// A protection profile in NIAP's XML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The document.
    pub xml: String,
    /// What the schema asks for and the profile does not have, one a sentence.
    pub lacking: Vec<String>,
}

/// Why a profile cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// XML 1.0 has no way to say this character.
    #[error("line {line} of the document would hold the control character U+{:04X}, which XML cannot carry: take it out", *character as u32)]
    Character {
        /// Which.
        character: char,
        /// The line of the document that would hold it.
        line: usize,
    },
}

/// The CC's functional classes.
const CLASSES: [(&str, &str); 11] = [
    ("FAU", "Security Audit"),
    ("FCO", "Communication"),
    ("FCS", "Cryptographic Support"),
    ("FDP", "User Data Protection"),
    ("FIA", "Identification and Authentication"),
    ("FMT", "Security Management"),
    ("FPR", "Privacy"),
    ("FPT", "Protection of the TSF"),
    ("FRU", "Resource Utilization"),
    ("FTA", "TOE Access"),
    ("FTP", "Trusted Path/Channels"),
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Writes a protection profile.
///
/// # Errors
/// Where a text of it holds a character that XML cannot carry.
pub fn write(profile: &ProtectionProfile) -> Result<Exported, WriteError> {
    let mut writer = Writer { xml: String::new(), depth: 0, lacking: Vec::new(), ids: HashSet::new() };
    writer.profile(profile);
    let Writer { xml, lacking, .. } = writer;
    let forbidden = |c: &char| !matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    for (index, line) in xml.lines().enumerate() {
        if let Some(character) = line.chars().find(forbidden) {
            return Err(WriteError::Character { character, line: index + 1 });
        }
    }
    Ok(Exported { xml, lacking })
}

struct Writer {
    xml: String,
    depth: usize,
    lacking: Vec<String>,
    /// The ids of the document.
    ids: HashSet<String>,
}

impl Writer {
    fn line(&mut self, text: &str) {
        if !text.is_empty() {
            self.xml.push_str(&"  ".repeat(self.depth));
            self.xml.push_str(text);
            self.xml.push('\n');
        }
    }

    /// An element with others in it.
    fn within(&mut self, name: &str, attributes: &[(&str, &str)], content: impl FnOnce(&mut Writer)) {
        let attributes = written(attributes);
        self.line(&format!("<{name}{attributes}>"));
        self.depth += 1;
        content(self);
        self.depth -= 1;
        self.line(&format!("</{name}>"));
    }

    /// An element with text in it.
    fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.raw(name, attributes, &escape(text));
    }

    fn raw(&mut self, name: &str, attributes: &[(&str, &str)], xml: &str) {
        self.line(&format!("<{name}{}>{xml}</{name}>", written(attributes)));
    }

    /// An id of the document, unique and of the form that XML asks for.
    fn id(&mut self, text: &str) -> String {
        let slug = slug(text);
        let named = slug.starts_with(|c: char| c.is_ascii_alphabetic());
        unique(if named { slug } else { format!("id-{slug}") }, &mut self.ids)
    }

    fn section(&mut self, title: &str, content: impl FnOnce(&mut Writer)) {
        let id = self.id(title);
        self.within("section", &[("title", title), ("id", &id)], content);
    }

    fn profile(&mut self, profile: &ProtectionProfile) {
        self.line("<?xml version=\"1.0\" encoding=\"utf-8\"?>");
        let namespaces =
            [("xmlns", NAMESPACE), ("xmlns:sec", SECTIONS), ("xmlns:h", XHTML), ("name", &profile.title)];
        self.within("PP", &namespaces, |pp| {
            let date = iso(&profile.date);
            let aside = Aside {
                id: Some(profile.id.clone()),
                criteria: Some(profile.criteria.clone()),
                date: (date.as_deref() != Some(&profile.date)).then(|| profile.date.clone()),
                reservations: profile.reservations.clone(),
                ..Aside::default()
            };
            pp.line(&aside.instruction());
            pp.reference(profile, date.as_deref());
            pp.within("sec:Introduction", &[], |chapter| {
                chapter.section("Scope", |section| section.line(&escape(&*profile.scope)));
                chapter.line("<tech-terms/>");
            });
            let criteria = &profile.criteria;
            pp.text("sec:Conformance_Claims", &[], criteria);
            pp.problem(profile);
            pp.objectives(profile);
            pp.within("sec:Security_Requirements", &[], |chapter| {
                let functional = [("title", "Security Functional Requirements")];
                chapter.within("sec:SFRs", &functional, |sfrs| sfrs.requirements(&profile.requirements));
                let assurance = [("title", "Security Assurance Requirements")];
                chapter.within("sec:SARs", &assurance, |sars| {
                    profile.packages.iter().for_each(|package| sars.package(package));
                });
            });
        });
    }

    fn reference(&mut self, profile: &ProtectionProfile, date: Option<&str>) {
        self.lacking.push("the author (PPAuthor) is not known".into());
        if date.is_none() {
            self.lacking.push(format!("the date “{}” is no day: PPPubDate asks for one", profile.date));
        }
        self.within("PPReference", &[], |reference| {
            reference.within("ReferenceTable", &[], |table| {
                table.text("PPTitle", &[], &profile.title);
                table.text("PPVersion", &[], &profile.version);
                table.line("<PPAuthor/>");
                table.text("PPPubDate", &[], date.unwrap_or_default());
                table.line("<Keywords/>");
            });
        });
        let Some(date) = date else { return self.line("<RevisionHistory/>") };
        self.within("RevisionHistory", &[], |history| {
            history.within("entry", &[], |entry| {
                entry.text("version", &[], &profile.version);
                entry.text("date", &[], date);
                entry.text("subject", &[], "This version.");
            });
        });
    }

    fn problem(&mut self, profile: &ProtectionProfile) {
        if !profile.threats.is_empty() {
            self.lacking.push("no threat says which objectives counter it (objective-refer)".into());
        }
        self.within("sec:Security_Problem_Description", &[], |chapter| {
            chapter.within("sec:Threats", &[], |section| {
                section.within("threats", &[], |threats| {
                    profile.threats.iter().for_each(|threat| threats.named("threat", threat));
                });
            });
            chapter.section("Assumptions", |section| section.line("<assumptions/>"));
        });
    }

    fn objectives(&mut self, profile: &ProtectionProfile) {
        let of_environment = |named: &&Named| named.id.starts_with("OE.");
        let (environment, own): (Vec<&Named>, Vec<&Named>) =
            profile.objectives.iter().partition(of_environment);
        match own.is_empty() {
            true => self.lacking.push("there are no objectives for the TOE (SOs)".into()),
            false => {
                self.lacking.push("no objective says which requirements address it (addressed-by)".into())
            }
        }
        self.within("sec:Security_Objectives", &[], |chapter| {
            chapter.section("Security Objectives for the TOE", |section| {
                section
                    .within("SOs", &[], |list| own.iter().for_each(|objective| list.named("SO", objective)));
            });
            chapter.section("Security Objectives for the Operational Environment", |section| {
                section.within("SOEs", &[], |list| {
                    environment.iter().for_each(|objective| list.named("SOE", objective));
                });
            });
            chapter.section("Security Objectives Rationale", |_| ());
        });
    }

    fn named(&mut self, element: &str, named: &Named) {
        self.within(element, &[("name", &named.id)], |inner| {
            let title = Some(named.title.clone()).filter(|title| !title.is_empty());
            inner.line(&Aside { title, ..Aside::default() }.instruction());
            inner.text("description", &[], &named.text);
        });
    }

    /// Neighbours of one class share a section; the order stays.
    fn requirements(&mut self, requirements: &[Requirement]) {
        for of_class in requirements.chunk_by(|a, b| class(a) == class(b)) {
            let class = of_class.first().map_or("", class);
            let known = CLASSES.iter().find(|(id, _)| *id == class);
            let title = known.map_or_else(|| class.to_owned(), |(id, title)| format!("{title} ({id})"));
            self.section(&title, |section| {
                of_class.iter().for_each(|requirement| section.requirement(requirement))
            });
        }
    }

    fn requirement(&mut self, requirement: &Requirement) {
        let (base, iteration) = requirement.id.split_once('/').unwrap_or((&requirement.id, ""));
        let cc_id = base.to_lowercase();
        let mut attributes = vec![("cc-id", &*cc_id), ("name", &*requirement.title)];
        if !iteration.is_empty() {
            attributes.push(("iteration", iteration));
        }
        if requirement.optional {
            attributes.push(("status", "optional"));
        }
        if !is_component(&cc_id) {
            self.lacking.push(format!("{} is no id of a component of the CC", requirement.id));
        }
        let back = if iteration.is_empty() {
            cc_id.to_uppercase()
        } else {
            format!("{}/{iteration}", cc_id.to_uppercase())
        };
        let aside = Aside {
            id: (back != requirement.id).then(|| requirement.id.clone()),
            dependencies: requirement.dependencies.clone(),
            ..Aside::default()
        };
        self.within("f-component", &attributes, |component| {
            component.line(&aside.instruction());
            component.notes(&requirement.notes);
            for (index, element) in requirement.elements.iter().enumerate() {
                let id = component.id(&element.id);
                component.within("f-element", &[("id", &id)], |inner| {
                    let suffix = if iteration.is_empty() { String::new() } else { format!("/{iteration}") };
                    let read_back = format!("{}.{}{suffix}", cc_id.to_uppercase(), index + 1);
                    let id = (read_back != element.id).then(|| element.id.clone());
                    inner.line(&Aside { id, ..Aside::default() }.instruction());
                    inner.raw("title", &[], &statement::write(&element.statement));
                });
            }
        });
    }

    /// The schema has one note: several stand in it as paragraphs.
    fn notes(&mut self, notes: &[String]) {
        let between = Aside { next_note: true, ..Aside::default() }.instruction();
        match notes {
            [] => (),
            [one] => self.text("note", &[("role", "application")], one),
            several => {
                let paragraphs: Vec<String> =
                    several.iter().map(|note| format!("<h:p>{}</h:p>", escape(&**note))).collect();
                self.raw("note", &[("role", "application")], &paragraphs.join(&between));
            }
        }
    }

    fn package(&mut self, package: &Package) {
        let id = self.id(&package.id);
        self.within("section", &[("title", &package.title), ("id", &id)], |section| {
            let aside = Aside { id: Some(package.id.clone()), package: true, ..Aside::default() };
            section.line(&aside.instruction());
            for component in &package.components {
                let known = COMPONENTS.iter().find(|known| known.id == component);
                let cc_id = component.to_lowercase();
                let name = known.map_or(&**component, |known| known.title);
                section.within("a-component", &[("cc-id", &cc_id), ("name", name)], |inner| {
                    let id = (cc_id.to_uppercase() != *component).then(|| component.clone());
                    inner.line(&Aside { id, ..Aside::default() }.instruction());
                    inner.within("a-element", &[("type", "E")], |element| {
                        element.text("title", &[], "As CC Part 3 has it.");
                    });
                });
            }
        });
    }
}

fn written(attributes: &[(&str, &str)]) -> String {
    attributes.iter().map(|(name, value)| format!(" {name}=\"{}\"", escape(*value))).collect()
}

/// `FCS` of `FCS_COP.1`.
fn class(requirement: &Requirement) -> &str {
    requirement.id.split('_').next().unwrap_or_default()
}

/// `fcs_cop.1`, `fpt_tst_ext.1`
fn is_component(cc_id: &str) -> bool {
    let Some((family, number)) = cc_id.split_once('.') else { return false };
    let mut parts = family.split('_');
    let class = parts.next().unwrap_or_default();
    let name = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    class.len() == 3
        && class.starts_with('f')
        && (2..=10).contains(&name.len())
        && matches!(&rest[..], [] | ["ext"])
        && number.len() == 1
        && number.chars().all(|c| c.is_ascii_digit())
}

/// `25 November 2017` as `2017-11-25`; a day that is written so stays.
fn iso(date: &str) -> Option<String> {
    let parts: Vec<&str> = date.split_whitespace().collect();
    let (year, month, day) = match &parts[..] {
        [day, month, year] => {
            let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))? + 1;
            (year.parse::<u16>().ok()?, month, day.parse::<u8>().ok()?)
        }
        [whole] => {
            let mut parts = whole.splitn(3, '-');
            let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
            (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
        }
        _ => return None,
    };
    let day_exists = (1..=31).contains(&day) && (1..=12).contains(&month) && (1000..=9999).contains(&year);
    day_exists.then(|| format!("{year:04}-{month:02}-{day:02}"))
}
