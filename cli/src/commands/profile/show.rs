//! `dtsec profile show`.

use std::borrow::Cow;
use std::fmt;

use clap::Args;
use dtsec_model::operations::{Segment, Values, complete, sentence};
use dtsec_model::profile::{NoteKind, ProfileRequirement, SesipProfile, Wording};
use serde::{Serialize, Serializer};

use crate::output::{Answer, Exit};

/// Show a profile: its requirements with their notes, objectives, mapping and deviations.
#[derive(Args)]
pub(crate) struct Show {
    /// The id of a built-in profile, or a file.
    profile: String,
}

struct Report(Cow<'static, SesipProfile>);

impl Show {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        Answer::new(Report(crate::commands::st::profile(&self.profile)?), Exit::Success)
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let profile = &*self.0;
        let SesipProfile { title, version, reference, date, level, id, .. } = profile;
        writeln!(f, "{title}, version {version} of {date} ({reference}), {}", level.name())?;
        match &profile.wording {
            Wording::Official { sha256 } => {
                writeln!(f, "id {id}, in the wording of the text with SHA-256 {sha256}")?
            }
            Wording::Summaries => {
                writeln!(
                    f,
                    "id {id}, in this project's own words: `dtsec profile import` fills in the official ones"
                )?;
            }
        }
        writeln!(f, "\nthreats")?;
        profile
            .threats
            .iter()
            .try_for_each(|threat| writeln!(f, "  {}  {}", threat.id.name(), threat.title))?;
        writeln!(f, "\nobjectives for the environment")?;
        for objective in &profile.objectives {
            writeln!(f, "  {}\n    {}", objective.id, template(&objective.statement))?;
        }
        writeln!(f, "\nrequirements")?;
        profile.requirements.iter().try_for_each(|requirement| show(f, requirement))?;
        writeln!(f, "\nmapping")?;
        for row in &profile.mapping {
            let optional = if row.optional { " (optional)" } else { "" };
            let covered =
                if row.covered_by.is_empty() { "–".to_owned() } else { row.covered_by.join(", ") };
            writeln!(f, "  {}{optional}: {covered}", row.requirement)?;
        }
        writeln!(f, "\ndeviations")?;
        for deviation in &profile.deviations {
            writeln!(
                f,
                "  {} ({}): {}\n    {}",
                deviation.id, deviation.place, deviation.found, deviation.read_as
            )?;
        }
        Ok(())
    }
}

fn show(f: &mut fmt::Formatter<'_>, requirement: &ProfileRequirement) -> fmt::Result {
    let ProfileRequirement { id, title, section, obligation, .. } = requirement;
    writeln!(f, "  {section} {title} ({id}, {})", obligation.name())?;
    writeln!(f, "    {}", template(&requirement.statement))?;
    if let Some(extension) = &requirement.extension {
        writeln!(f, "    extension: {extension}")?;
    }
    for note in &requirement.notes {
        let kind = match note.kind {
            NoteKind::Application => "application note",
            NoteKind::Informational => "informational note",
        };
        writeln!(f, "    {kind} {}: {}", note.id, note.text)?;
    }
    Ok(())
}

fn template(statement: &[Segment]) -> String {
    sentence(&complete(statement, &Values::new()))
}
