//! Where the text contradicts itself. Each is looked for in the text, and told only where it is found.

use super::inline::without_marks;
use super::layout::{Block, BlockKind, RawSection};
use super::mapping::OtherName;
use crate::words::{plain, slug};
use dtsec_model::assurance::Level;
use dtsec_model::catalogue;
use dtsec_model::profile::{Deviation, Obligation, SesipProfile};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// What was noticed while the text was read.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// The titles of all sections.
    pub(crate) titles: Vec<String>,
    /// Requirements that a table calls by another name.
    pub(crate) other_names: Vec<OtherName>,
    /// Where an operation stands in roman letters.
    roman: BTreeMap<String, Vec<String>>,
    /// `XYZ application`: how often, and where.
    applications: BTreeMap<String, (usize, BTreeSet<String>)>,
    /// Whether the text says that roman angle brackets address the writer.
    roman_is_for_writers: bool,
}

impl Facts {
    /// Looks at a section's own words.
    pub(crate) fn take_text(&mut self, section: &RawSection, blocks: &[Block]) {
        for block in blocks {
            match &block.kind {
                BlockKind::Paragraph(text) | BlockKind::Caption(text) | BlockKind::Footnote(text) => {
                    self.take(section, text);
                }
                BlockKind::List(items) => items.iter().for_each(|item| self.take(section, &item.whole())),
                BlockKind::Table(rows) => {
                    rows.iter().flat_map(|row| &row.cells).for_each(|cell| self.take(section, cell));
                }
            }
        }
    }

    fn take(&mut self, section: &RawSection, text: &str) {
        let text = without_marks(text);
        self.roman_is_for_writers |= text.contains("roman letters");
        let words: Vec<&str> = text.split_whitespace().collect();
        for pair in words.windows(2) {
            let name = pair[0].trim_matches(|c: char| !c.is_alphanumeric());
            let acronym = (2..=6).contains(&name.len()) && name.chars().all(|c| c.is_ascii_uppercase());
            if acronym
                && plain(pair[1]).starts_with("application")
                && !plain(pair[1]).starts_with("applications")
            {
                let (count, places) = self.applications.entry(name.into()).or_default();
                *count += 1;
                places.insert(section.dotted());
            }
        }
    }

    /// Operations of a section that stand in roman letters.
    pub(crate) fn roman(&mut self, section: &RawSection, operations: &[String]) {
        if !operations.is_empty() {
            self.roman.entry(section.dotted()).or_default().extend(operations.iter().cloned());
        }
    }
}

/// All that are found.
pub(crate) fn find(profile: &SesipProfile, facts: &Facts) -> Vec<Deviation> {
    let mut found = Vec::new();
    found.extend(two_applications(facts));
    found.extend(other_names(facts));
    found.extend(two_titles(profile));
    found.extend(unclear_editions(profile));
    found.extend(required_and_iterated(profile));
    found.extend(unmapped(profile));
    found.extend(empty_covered_by(profile));
    found.extend(elements_among_components(profile));
    found.extend(sections_that_are_not_there(profile, facts));
    found.extend(roman_operations(facts));
    found.extend(revisions_out_of_order(profile));
    found.extend(assurance_below_the_scheme(profile));
    found
}

fn deviation(id: &str, place: &str, found: String, read_as: &str) -> Deviation {
    Deviation { id: id.into(), place: place.into(), found, read_as: read_as.into() }
}

/// One application under two names.
fn two_applications(facts: &Facts) -> Vec<Deviation> {
    let usual = facts.applications.iter().max_by_key(|(_, (count, _))| *count).map(|(name, _)| name);
    let others = facts.applications.iter().filter(|(name, _)| Some(*name) != usual);
    let each = others.filter_map(|(name, (_, places))| {
        let usual = usual?;
        let places = places.iter().cloned().collect::<Vec<_>>().join(", ");
        let found = format!("“{name} application” beside “{usual} application”");
        let id = format!("{}-application", slug(name));
        Some(deviation(&id, &places, found, "The same: the application of the device."))
    });
    each.collect()
}

fn other_names(facts: &Facts) -> Vec<Deviation> {
    let each = facts.other_names.iter().map(|other| {
        let found = format!("“{}”, where the requirement is called “{}”", other.name, other.title);
        let read_as = format!("{}: another name of it.", other.id);
        deviation(&slug(&other.name), "the mapping of functionality", found, &read_as)
    });
    each.collect()
}

/// The document under another title in its own references.
fn two_titles(profile: &SesipProfile) -> Option<Deviation> {
    let number = plain(&profile.reference);
    let itself = profile
        .references
        .iter()
        .find(|reference| !number.is_empty() && plain(&reference.title) == number)?;
    let same = plain(&itself.description).contains(&plain(&profile.title));
    let found = format!("“{}” on the title page, “{}” in the references", profile.title, itself.description);
    let read_as = format!("One document: {}.", profile.reference);
    (!same).then(|| deviation("title", "title page and references", found, &read_as))
}

/// IEC 62304 has one edition, of 2006, and an amendment of 2015: there is no second edition to cite.
fn unclear_editions(profile: &SesipProfile) -> Vec<Deviation> {
    let cited = profile.references.iter().filter(|reference| {
        let of_62304 =
            plain(&reference.title).contains("iec62304") || plain(&reference.id).contains("iec62304");
        let edition = reference.edition.as_deref().unwrap_or_default().to_lowercase();
        of_62304 && ["second", "2nd"].iter().any(|second| edition.contains(second))
    });
    let each = cited.map(|reference| {
        let found = format!("“{}” of IEC 62304", reference.edition.as_deref().unwrap_or_default());
        deviation(
            "iec-62304-edition",
            "references",
            found,
            "The recognised edition, 2006 with amendment 1 of 2015.",
        )
    });
    each.collect()
}

/// A requirement of its own that the mapping shows as an iteration of another.
fn required_and_iterated(profile: &SesipProfile) -> Vec<Deviation> {
    let iterations =
        profile.mapping.iter().flat_map(|row| row.iterations.iter().map(move |item| (row, item)));
    let each = iterations.filter_map(|(row, item)| {
        let requirement =
            profile.requirements.iter().find(|requirement| plain(&requirement.title) == plain(item))?;
        let of = row.covered_by.join(", ");
        let found = format!("“{item}” as a requirement of its own and as an iteration of {of}");
        let place = format!("{} and the mapping of functionality", requirement.section);
        let read_as = "The requirement of its own covers the iteration.";
        Some(deviation(&format!("{}-twice", short(&requirement.id)), &place, found, read_as))
    });
    each.collect()
}

/// A mandatory requirement that neither SESIP asks for in every Security Target nor the mapping explains.
fn unmapped(profile: &SesipProfile) -> Vec<Deviation> {
    if profile.mapping.is_empty() {
        return Vec::new();
    }
    let mapped: HashSet<&str> =
        profile.mapping.iter().flat_map(|row| &row.covered_by).map(String::as_str).collect();
    let iterated: HashSet<String> =
        profile.mapping.iter().flat_map(|row| &row.iterations).map(|item| plain(item)).collect();
    let unmapped = profile.requirements.iter().filter(|requirement| {
        let sesips_own = catalogue::sfr(&requirement.id).is_some_and(|sfr| sfr.mandatory);
        let named = mapped.contains(&*requirement.id) || iterated.contains(&plain(&requirement.title));
        requirement.obligation == Obligation::Mandatory && !sesips_own && !named
    });
    let each = unmapped.map(|requirement| {
        let found = format!("no row for {}", requirement.title);
        let read_as = "It goes beyond the protection profile, and is mandatory all the same.";
        let id = format!("{}-unmapped", short(&requirement.id));
        deviation(&id, "the mapping of functionality", found, read_as)
    });
    each.collect()
}

fn short(id: &str) -> &str {
    id.strip_prefix("cryptographic-").unwrap_or(id)
}

fn empty_covered_by(profile: &SesipProfile) -> Option<Deviation> {
    let components =
        profile.assurance.iter().filter(|row| row.covered_by.is_empty()).map(|row| &*row.component);
    // Without a word, "None" says that the application must; nothing at all says nothing.
    let none = |row: &&dtsec_model::profile::MappingRow| row.covered_by.is_empty() && row.optional;
    let requirements = profile.mapping.iter().filter(none).map(|row| &*row.requirement);
    let empty: Vec<&str> = components.chain(requirements).collect();
    let found = format!("nothing covers {}", empty.join(", "));
    let read_as = "Components: the evidence of that name. Requirements: the application must meet them.";
    (!empty.is_empty()).then(|| deviation("empty-covered-by", "the tables of chapter 6", found, read_as))
}

/// One row names an element, where the others name components.
fn elements_among_components(profile: &SesipProfile) -> Option<Deviation> {
    let (elements, components): (Vec<&str>, Vec<&str>) = profile
        .mapping
        .iter()
        .map(|row| &*row.requirement)
        .partition(|requirement| requirement.matches('.').count() > 1);
    let found = format!("{}: an element among components", elements.join(", "));
    let both = !elements.is_empty() && !components.is_empty();
    both.then(|| {
        deviation("element-in-mapping", "the mapping of functionality", found, "The element's component.")
    })
}

/// `as specified in “X”`, where no section is called X.
fn sections_that_are_not_there(profile: &SesipProfile, facts: &Facts) -> Vec<Deviation> {
    let mut named: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for row in &profile.assurance {
        for quoted in quoted(&row.covered_by) {
            let there = facts.titles.iter().any(|title| plain(title) == plain(quoted));
            if !there {
                named.entry(quoted.to_owned()).or_default().push(&row.component);
            }
        }
    }
    let each = named.into_iter().map(|(name, components)| {
        let found = format!("“{name}” for {}, and no section is called so", components.join(", "));
        let read_as = "The documents that the Security Target lists for the level.";
        deviation(&format!("no-section-{}", slug(&name)), "the table of assurance", found, read_as)
    });
    each.collect()
}

fn quoted(text: &str) -> Vec<&str> {
    text.split(['“', '”', '"']).skip(1).step_by(2).filter(|name| !name.trim().is_empty()).collect()
}

fn roman_operations(facts: &Facts) -> Option<Deviation> {
    if !facts.roman_is_for_writers || facts.roman.is_empty() {
        return None;
    }
    let places = facts.roman.keys().cloned().collect::<Vec<_>>().join(", ");
    let operations =
        facts.roman.values().flatten().map(|inner| format!("<{inner}>")).collect::<Vec<_>>().join(", ");
    let found = format!("{operations} in roman letters, which are for what is told the writer");
    Some(deviation("roman-operations", &places, found, "Operations, as in SESIP's catalogue."))
}

fn revisions_out_of_order(profile: &SesipProfile) -> Option<Deviation> {
    let number = |version: &str| -> Option<Vec<u32>> {
        version.split_whitespace().next()?.split('.').map(|part| part.parse().ok()).collect()
    };
    let steps = profile.revisions.windows(2);
    let back = steps.filter_map(|pair| Some((pair, number(&pair[0].version)?, number(&pair[1].version)?)));
    let back: Vec<String> = back
        .filter(|(_, before, after)| after < before)
        .map(|(pair, _, _)| {
            format!("{} ({}) behind {} ({})", pair[1].version, pair[1].date, pair[0].version, pair[0].date)
        })
        .collect();
    let read_as = "Two numberings: drafts count towards the first release.";
    (!back.is_empty()).then(|| deviation("revision-order", "revision history", back.join("; "), read_as))
}

/// DTSec asks for labs that master AVA_VAN.4 and, at high criticality, for more than SESIP3 shows.
fn assurance_below_the_scheme(profile: &SesipProfile) -> Option<Deviation> {
    let of_dtsec = profile.references.iter().any(|reference| plain(&reference.id).contains("dtsecpp"));
    let van3 =
        profile.level == Level::Sesip3 && profile.assurance.iter().any(|row| row.component == "AVA_VAN.3");
    let found = "SESIP3 asks for AVA_VAN.3; DTSec asks for labs that master AVA_VAN.4, and at high criticality for \
                 moderate to high attack potential";
    let read_as = "A SESIP3 certificate carries into a device evaluated at Enhanced-Basic, and not by itself into one \
                   at Moderate.";
    (of_dtsec && van3).then(|| deviation("van-3-and-4", "5.1 and the DTSec standard", found.into(), read_as))
}
