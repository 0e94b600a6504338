//! Chapter 4: what the environment has to do, and where the guidance tells how.

use super::{Writing, completed};
use crate::doc::{Line, Row, code, link, missing, plain};
use crate::layout::{anchored, row, said};
use crate::text::Anchor;
use dtsec_model::security_target::{InheritedMet, Objective, Origin};

impl Writing<'_> {
    pub(super) fn objectives(&mut self) {
        self.section("4", "Security Objectives for the Operational Environment");
        let columns = [("Objective", 22), ("What it asks for", 45), ("Told in the guidance", 33)];
        let rows: Vec<Row> = self.target.objectives.iter().map(|one| self.objective_row(one)).collect();
        if rows.is_empty() {
            self.out.line("objectives", vec![missing("objectives for the environment")]);
        }
        self.out.table("objectives", "Objectives for the environment", &columns, rows);
        self.inherited();
    }

    fn objective_row(&self, objective: &Objective) -> Row {
        let mut name = vec![vec![code(&objective.id)]];
        if objective.origin == Origin::Addition {
            name.push(vec![plain("addition to the profile")]);
        }
        let statement = match (self.profile.objective(&objective.id), &objective.statement) {
            (Some(known), _) => completed(&known.statement, &objective.values),
            (None, Some(own)) => said(own, "statement"),
            (None, None) => vec![missing("statement")],
        };
        let guidance = self.places(&objective.guidance, "place in the guidance");
        anchored(
            Anchor::new("objective", &objective.id),
            &*objective.id,
            vec![name, vec![statement], guidance],
        )
    }

    /// One subsection for each certified part.
    fn inherited(&mut self) {
        let all = &self.target.inherited_objectives;
        let mut parts: Vec<&str> = Vec::new();
        for one in all {
            if !parts.contains(&&*one.part) {
                parts.push(&one.part);
            }
        }
        for (number, part) in parts.into_iter().enumerate() {
            let (title, number) = (format!("Objectives inherited from {part}"), format!("4.{}", number + 1));
            self.out.heading(2, Some(&number), &title, Anchor::new("inherited", part));
            let rows = all.iter().filter(|one| one.part == part).map(|one| {
                let met: Line = match &one.met {
                    InheritedMet::ByRequirement(id) => vec![plain("covered by "), self.sfr(id)],
                    InheritedMet::ByObjective(id) => {
                        vec![plain("passed on by "), link(Anchor::new("objective", id), id)]
                    }
                };
                row(&*one.statement, vec![vec![said(&one.statement, "objective")], vec![met]])
            });
            let rows = rows.collect();
            let caption = format!("What became of the objectives of {part}");
            self.out.table(&format!("inherited {part}"), &caption, &[("Objective", 60), ("Met", 40)], rows);
        }
    }
}
