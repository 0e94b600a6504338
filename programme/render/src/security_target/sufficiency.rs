//! Chapter 6: what covers each component of the level, and how the protection profile's requirements are covered.

use super::Writing;
use crate::doc::{Line, code, missing, plain, strong};
use crate::layout::{cell, joined, row, said};
use dtsec_model::assurance::COMPONENTS;
use dtsec_model::profile::MappingRow;

impl Writing<'_> {
    pub(super) fn sufficiency(&mut self) {
        self.section("6", "Mapping and Sufficiency Rationales");
        self.section("6.1", "Security Assurance");
        self.components();
        self.section("6.2", "Functionality");
        self.mapping();
    }

    fn components(&mut self) {
        let assurance = &self.target.assurance;
        let mut ids: Vec<&str> =
            assurance.levels.iter().flat_map(|claim| &claim.components).map(String::as_str).collect();
        ids.extend(assurance.sufficiency.iter().map(|one| &*one.component));
        let mut seen = std::collections::HashSet::new();
        ids.retain(|id| seen.insert(*id));
        let full = self.is_full();
        let rows = ids.into_iter().map(|id| {
            let title = COMPONENTS.iter().find(|component| component.id == id).map_or("", |one| one.title);
            let name = vec![vec![code(id)], vec![plain(title)]];
            let given = assurance.sufficiency.iter().find(|one| one.component == id);
            let (covered, rationale) = match given {
                _ if !full => (cell(plain("left out")), cell(plain("left out"))),
                Some(one) => (
                    self.places(&one.covered_by, "documents that cover it"),
                    vec![said(&one.rationale, "why that is enough")],
                ),
                None => (cell(missing("documents that cover it")), cell(missing("why that is enough"))),
            };
            row(id, vec![name, covered, rationale])
        });
        let rows = rows.collect();
        let columns = [("Component", 27), ("Covered by", 30), ("Rationale", 43)];
        self.out.table("sufficiency", "What covers each assurance component", &columns, rows);
    }

    fn mapping(&mut self) {
        let rows = self.profile.mapping.iter().map(|one| {
            let mut name = vec![vec![code(&one.requirement)]];
            if one.optional {
                name.push(vec![plain("optional")]);
            }
            row(
                &*one.requirement,
                vec![name, self.covered(one), vec![said(&one.rationale, "why that is enough")]],
            )
        });
        let rows = rows.collect();
        let columns = [("Protection profile", 22), ("Covered by", 43), ("Why that is enough", 35)];
        self.out.table("mapping", "Requirements of the protection profile", &columns, rows);
    }

    fn covered(&self, mapping: &MappingRow) -> Vec<Line> {
        if mapping.covered_by.is_empty() {
            return cell(plain("not by the platform"));
        }
        let one = |id: &String| -> Line {
            let claims = self.claim_links(id);
            // An optional requirement may be claimed or not; a mandatory one that is not is missing in chapter 5.
            if claims.is_empty() {
                return vec![self.sfr(id), plain(" (not claimed)")];
            }
            let claims = claims.into_iter().map(|(claim, link)| {
                let standing = match (&claim.struck, &claim.not_yet_met) {
                    (Some(_), _) => Some(" (struck through)"),
                    (None, Some(_)) => Some(" (not met yet)"),
                    (None, None) => None,
                };
                std::iter::once(link).chain(standing.map(strong)).collect()
            });
            joined(claims, ", ")
        };
        let mut lines: Vec<Line> = mapping.covered_by.iter().map(one).collect();
        for iteration in &mapping.iterations {
            let covering = mapping.covered_by.iter().flat_map(|id| self.claim_links(id));
            let covering = covering.filter(|(claim, _)| {
                claim.covers.contains(iteration) || claim.iteration.as_ref() == Some(iteration)
            });
            let names = joined(covering.map(|(_, link)| vec![link]), ", ");
            let mut line = vec![plain(format!("Iteration “{iteration}”: "))];
            line.extend(if names.is_empty() { vec![missing("claim that covers it")] } else { names });
            lines.push(line);
        }
        lines
    }
}
