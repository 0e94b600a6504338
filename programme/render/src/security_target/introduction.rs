//! Chapter 1: how the document is to be read, references, terms. A Security Target may drop it.

use super::Writing;
use crate::doc::{Role, Run, plain, strong};
use crate::layout::{cell, row, said};
use crate::text::Anchor;
use dtsec_model::profile::Reference;

impl Writing<'_> {
    pub(super) fn introduction(&mut self) {
        self.out.heading(1, Some("1"), "Introduction", Anchor::new("section", "1"));
        self.passage("1");
        self.out.line(
            "marks",
            vec![
                plain("In the statements of chapters 4 and 5, "),
                Run::new(Role::Fixed, "bold"),
                plain(" was fixed by the profile, "),
                Run::new(Role::Given, "italic"),
                plain(" is given by this Security Target, and "),
                Run { struck: true, ..plain("struck through") },
                plain(
                    " is a requirement of the profile that is not claimed, with the argument for that. Chapters 2 to 6 and \
                     their sections have the numbers of the profile; a section that is missing here is an optional \
                     requirement that is not claimed.",
                ),
            ],
        );
        self.references(Some("1.3"));
        if !self.profile.terms.is_empty() {
            self.out.heading(2, Some("1.4"), "Terms and abbreviations", Anchor::new("section", "1.4"));
            let terms = self.profile.terms.iter();
            let all = terms.map(|term| (&*term.term, vec![said(&term.meaning, "meaning")]));
            self.out.definitions("terms", all.collect());
        }
    }

    /// Every document that is referred to: the Security Target's and, where it names none of that id, the profile's.
    pub(super) fn references(&mut self, number: Option<&str>) {
        let own = &self.target.references;
        let is_new = |one: &&Reference| own.iter().all(|other| other.id != one.id);
        let all = own.iter().chain(self.profile.references.iter().filter(is_new));
        let rows = all.map(|reference| {
            let edition = reference.edition.as_deref().unwrap_or("the latest");
            let cells = vec![
                cell(strong(format!("[{}]", reference.id))),
                vec![said(&reference.title, "title")],
                vec![said(&reference.description, "what it is")],
                cell(plain(edition)),
            ];
            row(&*reference.id, cells)
        });
        let rows: Vec<_> = rows.collect();
        if rows.is_empty() {
            return;
        }
        let level = if number.is_some() { 2 } else { 1 };
        self.out.heading(level, number, "References", Anchor::new("section", "references"));
        let columns = [("Cited as", 15), ("Document", 30), ("What it is", 35), ("Edition", 20)];
        self.out.table("references", "Documents that are referred to", &columns, rows);
    }
}
