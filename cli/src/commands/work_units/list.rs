//! `dtsec work-units list`.

use std::fmt;

use clap::Args;
use dtsec_workunits::units;
use serde::Serialize;

use crate::output::{Answer, Exit};

/// Show the work units of SESIP3, with what a person does where evidence does not settle one.
#[derive(Args)]
pub(crate) struct List {
    /// Only those of this component, such as AVA_VAN.3.
    #[arg(long, value_name = "COMPONENT")]
    component: Option<String>,
}

#[derive(Serialize)]
struct Row {
    id: &'static str,
    component: &'static str,
    task: &'static str,
    person: &'static str,
}

#[derive(Serialize)]
struct Report {
    work_units: Vec<Row>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.work_units {
            writeln!(f, "{:<13} {}", row.id, row.task)?;
        }
        write!(f, "{} work units", self.work_units.len())
    }
}

impl List {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let wanted = |unit: &&units::WorkUnit| {
            self.component.as_deref().is_none_or(|component| unit.component() == component)
        };
        let work_units: Vec<Row> = units::all()
            .iter()
            .filter(wanted)
            .map(|unit| Row {
                id: &unit.id,
                component: unit.component(),
                task: &unit.task,
                person: &unit.person,
            })
            .collect();
        if let (Some(component), true) = (&self.component, work_units.is_empty()) {
            anyhow::bail!("SESIP3 has no work units of `{component}`; `dtsec work-units list` shows all");
        }
        Answer::new(Report { work_units }, Exit::Success)
    }
}
