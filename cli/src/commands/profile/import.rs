//! `dtsec profile import`.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use dtsec_import::sesip;
use dtsec_model::Document;
use dtsec_model::profile::{SesipProfile, Wording};
use serde::Serialize;

use crate::files;
use crate::output::{Answer, Exit, ShownPath};

/// Read the text of a SESIP profile, and say what could not be placed and where the text contradicts itself.
///
/// The text is what a PDF gives: headings with their numbers in lines of their own, tabs between the cells of tables. The
/// status is 1 where something of it could not be placed. `dtsec st check --profile` takes the file that is written.
#[derive(Args)]
pub(crate) struct Import {
    /// The text, in UTF-8.
    file: PathBuf,
    /// File for the profile, in JSON.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    file: ShownPath,
    out: Option<ShownPath>,
    report: sesip::Report,
    /// Beside the built-in profile, where it is the same document.
    comparison: Option<sesip::Comparison>,
    profile: SesipProfile,
}

impl Import {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let text = files::text(&self.file)?;
        let sesip::Import { profile, report, comparison } =
            sesip::import(&text).with_context(|| format!("{} is no SESIP profile", self.file.display()))?;
        if let Some(out) = &self.out {
            files::write(out, profile.to_json().as_bytes())?;
        }
        let exit = if report.unplaced.is_empty() { Exit::Success } else { Exit::No };
        let (file, out) = (self.file.into(), self.out.map(ShownPath::from));
        Answer::new(Report { file, out, report, comparison, profile }, exit)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SesipProfile { title, version, reference, date, level, id, .. } = &self.profile;
        writeln!(f, "{title}, version {version} of {date} ({reference}), {}", level.name())?;
        if let Wording::Official { sha256 } = &self.profile.wording {
            writeln!(f, "id {id}, text with SHA-256 {sha256}")?;
        }
        if let Some(out) = &self.out {
            writeln!(f, "wrote {out}")?;
        }
        self.counts(f)?;
        writeln!(f, "\nwhere the text contradicts itself, and how it is read")?;
        for deviation in &self.profile.deviations {
            writeln!(
                f,
                "  {} ({}): {}\n    {}",
                deviation.id, deviation.place, deviation.found, deviation.read_as
            )?;
        }
        if self.profile.deviations.is_empty() {
            writeln!(f, "  nowhere that was noticed")?;
        }
        self.lines(f)
    }
}

impl Report {
    fn counts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comparison = self.comparison.as_ref();
        match comparison {
            Some(_) => writeln!(f, "\n{:<24}{:>12}{:>12}", "", "in the text", "built in")?,
            None => writeln!(f, "\n{:<24}{:>12}", "", "in the text")?,
        }
        let alone = sesip::Comparison::new(&self.profile, &self.profile);
        for count in &comparison.unwrap_or(&alone).counts {
            match comparison {
                Some(_) => writeln!(f, "{:<24}{:>12}{:>12}", count.what, count.imported, count.built_in)?,
                None => writeln!(f, "{:<24}{:>12}", count.what, count.imported)?,
            }
        }
        let Some(comparison) = comparison else { return Ok(()) };
        writeln!(f, "\nwhere ids and rules differ from the built-in profile's")?;
        comparison.differences.iter().try_for_each(|difference| writeln!(f, "  {difference}"))?;
        if comparison.differences.is_empty() {
            writeln!(f, "  nowhere")?;
        }
        Ok(())
    }

    fn lines(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sesip::Report { lines, placed, unplaced, assumed, left_out } = &self.report;
        let places: Vec<String> = placed
            .iter()
            .filter_map(|(place, count)| {
                Some(format!("{} {count}", serde_json::to_value(place).ok()?.as_str()?))
            })
            .collect();
        writeln!(f, "\n{lines} lines that hold something: {}", places.join(", "))?;
        if !assumed.is_empty() {
            writeln!(f, "\ncould be read otherwise")?;
        }
        assumed.iter().try_for_each(|assumed| writeln!(f, "  line {}: {}", assumed.line, assumed.read_as))?;
        if !left_out.is_empty() {
            writeln!(f, "\nleft out: of the title page, and says nothing about the profile")?;
        }
        left_out.iter().try_for_each(|out| writeln!(f, "  line {}: {}", out.line, out.text))?;
        writeln!(f, "\nnot placed")?;
        for unplaced in unplaced {
            writeln!(f, "  line {}: {}: {}", unplaced.line, unplaced.text, unplaced.why)?;
        }
        if unplaced.is_empty() {
            writeln!(f, "  nothing")?;
        }
        Ok(())
    }
}
