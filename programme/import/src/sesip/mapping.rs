//! The two tables of chapter 6: the level's components, and the protection profile's requirements.

use super::inline::without_marks;
use super::layout::{Row, is_mark};
use super::report::Ledger;
use super::tables::list_in_cell;
use crate::words::plain;
use dtsec_model::catalogue;
use dtsec_model::profile::{AssuranceRow, MappingRow, ProfileRequirement};

/// A name by which a table calls a requirement, other than the profile itself does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OtherName {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) title: String,
}

/// Reads a row of the table of assurance components.
pub(crate) fn assurance(row: &Row, ledger: &mut Ledger) -> Option<AssuranceRow> {
    let family = without_marks(row.cell(1));
    let component = family.split_whitespace().find(|word| is_component(word));
    let Some(component) = component else {
        ledger.fail(row.line, &row.cells.join(" | "), "no assurance component is named in the second column");
        return None;
    };
    Some(AssuranceRow {
        component: component.trim_end_matches(is_mark).into(),
        covered_by: without_marks(row.cell(2)),
        rationale: without_marks(row.cell(3)),
    })
}

/// `AVA_VAN.3`, `ALC_TSU_EXT.1`
fn is_component(word: &str) -> bool {
    let word = word.trim_end_matches(is_mark);
    let Some((family, number)) = word.rsplit_once('.') else { return false };
    let parts: Vec<&str> = family.split('_').collect();
    let upper =
        |part: &&str| part.len() >= 2 && part.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    parts.len() >= 2 && parts.iter().all(upper) && number.parse::<u8>().is_ok()
}

/// Reads the rows of the table that maps the protection profile. A row that has nothing but a name shares the cells of
/// the row above it: they were merged.
pub(crate) fn mapping(
    rows: &[Row],
    requirements: &[ProfileRequirement],
    ledger: &mut Ledger,
) -> (Vec<MappingRow>, Vec<OtherName>) {
    let mut mapped: Vec<MappingRow> = Vec::new();
    let mut other_names = Vec::new();
    for row in rows {
        let (name, optional) = name(row.cell(0));
        if name.is_empty() {
            ledger.fail(row.line, &row.cells.join(" | "), "no requirement is named in the first column");
            continue;
        }
        let merged = row.cells.iter().skip(1).all(String::is_empty);
        if let Some(above) = mapped.last().filter(|_| merged) {
            let shared = MappingRow { requirement: name, optional, ..above.clone() };
            mapped.push(shared);
            continue;
        }
        let (cell, items) = list_in_cell(row.cell(1));
        let mut covered = Covered { requirements, ids: Vec::new(), other_names: &mut other_names };
        let rest = covered.read(&cell);
        if !rest.is_empty() {
            let why = "this names no requirement of the profile or of SESIP's catalogue";
            ledger.fail(row.line, &rest, why);
        }
        let covered_by = covered.ids;
        let rationale = without_marks(row.cell(2));
        mapped.push(MappingRow { requirement: name, optional, covered_by, iterations: items, rationale });
    }
    (mapped, other_names)
}

/// A requirement's name, and whether "(optional)" stands behind it.
fn name(cell: &str) -> (String, bool) {
    let cell = without_marks(cell);
    match cell.split_once('(') {
        Some((name, rest)) => (name.trim().into(), plain(rest) == "optional"),
        None => (cell.trim().into(), false),
    }
}

struct Covered<'r> {
    requirements: &'r [ProfileRequirement],
    ids: Vec<String>,
    other_names: &'r mut Vec<OtherName>,
}

impl Covered<'_> {
    /// Titles may stand one behind the other with nothing between: the longest is taken each time. Answers what is no
    /// title and says nothing.
    fn read(&mut self, cell: &str) -> String {
        let mut rest = cell;
        let mut left = String::new();
        while !rest.is_empty() {
            let trimmed = rest.trim_start_matches([' ', ',', ';', '.', ':', '\n']);
            if let Some((length, id)) = self.title(trimmed) {
                self.note_name(&trimmed[..length], &id);
                if !self.ids.contains(&id) {
                    self.ids.push(id);
                }
                rest = &trimmed[length..];
                continue;
            }
            let end = trimmed.find(char::is_whitespace).unwrap_or(trimmed.len());
            let (word, behind) = trimmed.split_at(end);
            if !matches!(&*plain(word), "" | "none" | "and" | "or" | "iterated" | "for" | "na") {
                left.push_str(if left.is_empty() { "" } else { " " });
                left.push_str(word);
            }
            rest = behind;
        }
        left
    }

    /// The longest title that the text begins with: its length and the id.
    fn title(&self, text: &str) -> Option<(usize, String)> {
        let own =
            self.requirements.iter().map(|requirement| (requirement.title.as_str(), requirement.id.as_str()));
        let catalogue = catalogue::all().iter().flat_map(|sfr| {
            let names = std::iter::once(&sfr.title).chain(&sfr.aliases);
            names.map(|name| (name.as_str(), sfr.id.as_str()))
        });
        let begins = own.chain(catalogue).filter(|(title, _)| {
            let start = text.get(..title.len()).is_some_and(|start| start.eq_ignore_ascii_case(title));
            let whole =
                !text.get(title.len()..).is_some_and(|behind| behind.starts_with(char::is_alphanumeric));
            !title.is_empty() && start && whole
        });
        begins.max_by_key(|(title, _)| title.len()).map(|(title, id)| (title.len(), id.to_owned()))
    }

    fn note_name(&mut self, name: &str, id: &str) {
        let own = self.requirements.iter().find(|requirement| requirement.id == id);
        let Some(requirement) = own.filter(|own| plain(&own.title) != plain(name)) else { return };
        let title = requirement.title.clone();
        self.other_names.push(OtherName { name: name.into(), id: id.into(), title });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rows: &[&[&str]]) -> (Vec<MappingRow>, Vec<OtherName>, usize) {
        let profile = dtsec_model::builtin::sesip_profile();
        let rows: Vec<Row> = rows
            .iter()
            .map(|cells| Row { line: 1, cells: cells.iter().map(|cell| (*cell).to_owned()).collect() })
            .collect();
        let mut ledger = Ledger::new("");
        let (mapped, names) = mapping(&rows, &profile.requirements, &mut ledger);
        (mapped, names, ledger.finish().unplaced.len())
    }

    #[test]
    fn titles_are_told_apart_though_nothing_stands_between_them() {
        let cell = "Physical Attacker Resistance Limited Physical Attacker Resistance";
        let (mapped, names, unplaced) = read(&[&["FPT_PHP.3 (optional)", cell, "Depends."]]);
        assert_eq!(
            mapped[0].covered_by,
            ["physical-attacker-resistance", "limited-physical-attacker-resistance"]
        );
        assert!(mapped[0].optional && mapped[0].requirement == "FPT_PHP.3");
        assert!(names.is_empty() && unplaced == 0);
    }

    #[test]
    fn merged_cells_are_shared_and_empty_ones_are_not_filled() {
        let rows: [&[&str]; 4] = [
            &["FDP_IFC.1", "None", "Why."],
            &["FDP_IFF.1", "", ""],
            &["FIA_AFL.1", "", "Else."],
            &["FIA_UAU.1", "", ""],
        ];
        let (mapped, _, unplaced) = read(&rows);
        let why: Vec<&str> = mapped.iter().map(|row| &*row.rationale).collect();
        assert_eq!(why, ["Why.", "Why.", "Else.", "Else."]);
        assert!(mapped.iter().all(|row| row.covered_by.is_empty()) && unplaced == 0);
    }

    #[test]
    fn another_name_is_understood_and_told_and_an_unknown_one_is_reported() {
        let (mapped, names, _) = read(&[&["FDP_DAU.1", "Secure Storage", ""]]);
        assert_eq!(mapped[0].covered_by, ["secure-trusted-storage"]);
        assert_eq!(names[0].name, "Secure Storage");
        let (mapped, _, unplaced) = read(&[&["FDP_DAU.1", "Secure Watering", ""]]);
        assert!(mapped[0].covered_by.is_empty() && unplaced == 1);
    }

    #[test]
    fn iterations_are_the_items_of_the_list() {
        let (mapped, _, unplaced) = read(&[&[
            "FCS_COP.1",
            "Cryptographic Operation, iterated for: <ul> • One • Two, and three ",
            "Full.",
        ]]);
        assert_eq!(mapped[0].covered_by, ["cryptographic-operation"]);
        assert_eq!(mapped[0].iterations, ["One", "Two, and three"]);
        assert_eq!(unplaced, 0);
    }
}
