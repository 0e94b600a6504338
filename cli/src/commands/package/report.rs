//! What `dtsec package` answers.

use std::collections::BTreeMap;
use std::fmt;

use dtsec_model::etr::WorkUnitResult;
use dtsec_workunits::{Counts, Stale, counts};
use serde::Serialize;

use crate::output::ShownPath;

#[derive(Serialize)]
pub(super) struct Report {
    pub(super) conforms: bool,
    pub(super) errors: usize,
    pub(super) warnings: usize,
    pub(super) counts: Counts,
    pub(super) components: Vec<Component>,
    pub(super) stale: Vec<Stale>,
    pub(super) runs: usize,
    pub(super) files: usize,
    pub(super) out: ShownPath,
}

/// The work units of a component.
#[derive(Serialize)]
pub(super) struct Component {
    component: String,
    #[serde(flatten)]
    counts: Counts,
}

/// The work units by component, in the order of the components.
pub(super) fn components(results: &[WorkUnitResult]) -> Vec<Component> {
    let mut order = Vec::new();
    let mut units: BTreeMap<&str, Vec<WorkUnitResult>> = BTreeMap::new();
    for result in results {
        if !units.contains_key(&*result.component) {
            order.push(&*result.component);
        }
        units.entry(&result.component).or_default().push(result.clone());
    }
    let row =
        |component: &str| Component { component: component.to_owned(), counts: counts(&units[component]) };
    order.into_iter().map(row).collect()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conforms = if self.conforms { "conforms" } else { "does NOT conform" };
        writeln!(f, "the Security Target {conforms}: {} errors, {} warnings", self.errors, self.warnings)?;
        writeln!(
            f,
            "\n{:<10} {:>5} {:>5} {:>5} {:>13} {:>13}",
            "component", "units", "pass", "fail", "inconclusive", "needs person"
        )?;
        for row in &self.components {
            line(f, &row.component, &row.counts)?;
        }
        line(f, "all", &self.counts)?;
        let Counts { pass, fail, inconclusive, needs_person, .. } = self.counts;
        let proposed = pass + fail + inconclusive;
        writeln!(
            f,
            "\n{proposed} of {} work units are proposed by evidence, {needs_person} need a person",
            proposed + needs_person
        )?;
        for stale in &self.stale {
            writeln!(f, "stale: the decision on {} by {} does not count", stale.work_unit, stale.by)?;
        }
        write!(
            f,
            "wrote {} ({} files, evidence of {} runs); begin with index.html",
            self.out, self.files, self.runs
        )
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, counts: &Counts) -> fmt::Result {
    let Counts { pass, fail, inconclusive, needs_person, .. } = *counts;
    let units = pass + fail + inconclusive + needs_person;
    writeln!(f, "{name:<10} {units:>5} {pass:>5} {fail:>5} {inconclusive:>13} {needs_person:>13}")
}
