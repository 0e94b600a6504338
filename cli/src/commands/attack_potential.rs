//! `dtsec attack-potential`.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use dtsec_model::assurance::Level;
use dtsec_model::attack_potential::{
    Equipment, Expertise, Factors, Knowledge, Potential, Time, Window, least_points,
};
use dtsec_model::etr::{Standing, Vulnerability};
use dtsec_workunits::vulnerability::{Stated, rate, standing};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde::de::value::{Error, StrDeserializer};

use crate::output::{Answer, Exit};

/// Compute what an attack needs, by the table of CEM v3.1, Annex B.4.
///
/// Give the five factors of an attack, over finding and using it together; or a list of vulnerabilities in a file, of
/// which the exploitable and the residual ones are told apart. The status is 1 where something is exploitable at the
/// level.
#[derive(Args)]
pub(crate) struct AttackPotential {
    /// Elapsed time: one-day, one-week, two-weeks, one-month, two-months … six-months, more-than-six-months.
    #[arg(long, value_parser = word::<Time>, required_unless_present = "list", conflicts_with = "list")]
    time: Option<Time>,
    /// Expertise: layman, proficient, expert, multiple-experts.
    #[arg(long, value_parser = word::<Expertise>, required_unless_present = "list", conflicts_with = "list")]
    expertise: Option<Expertise>,
    /// Knowledge of the product: public, restricted, sensitive, critical.
    #[arg(long, value_parser = word::<Knowledge>, required_unless_present = "list", conflicts_with = "list")]
    knowledge: Option<Knowledge>,
    /// Window of opportunity: unlimited, easy, moderate, difficult, none.
    #[arg(long, value_parser = word::<Window>, required_unless_present = "list", conflicts_with = "list")]
    window: Option<Window>,
    /// Equipment: standard, specialised, bespoke, multiple-bespoke.
    #[arg(long, value_parser = word::<Equipment>, required_unless_present = "list", conflicts_with = "list")]
    equipment: Option<Equipment>,
    /// A JSON list of vulnerabilities: id, source, requirements, description, factors, reasoning.
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// The level to judge by: SESIP1 to SESIP5.
    #[arg(long, value_parser = word::<Level>, default_value = "SESIP3")]
    level: Level,
}

impl AttackPotential {
    pub(crate) fn run(self) -> anyhow::Result<Answer> {
        let level = self.level;
        if let Some(path) = self.list {
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let stated: Vec<Stated> = serde_json::from_str(&text)
                .with_context(|| format!("{} is no list of vulnerabilities", path.display()))?;
            let vulnerabilities = rate(&stated, level)?;
            let exploitable = vulnerabilities.iter().any(|one| one.standing == Standing::Exploitable);
            let exit = if exploitable { Exit::No } else { Exit::Success };
            return Answer::new(List { level, vulnerabilities }, exit);
        }
        let missing = "a factor is missing";
        let factors = Factors {
            time: self.time.context(missing)?,
            expertise: self.expertise.context(missing)?,
            knowledge: self.knowledge.context(missing)?,
            window: self.window.context(missing)?,
            equipment: self.equipment.context(missing)?,
        };
        let standing = standing(&factors, level);
        let exit = if standing == Standing::Exploitable { Exit::No } else { Exit::Success };
        Answer::new(Rating::new(factors, level, standing), exit)
    }
}

/// A value by its name in documents, so that there is one list of names.
fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    T::deserialize(StrDeserializer::<Error>::new(text)).map_err(|error| error.to_string())
}

/// The name of a value in documents.
fn name(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[derive(Serialize)]
struct Rating {
    factors: Factors,
    /// None where the path cannot be used in this environment.
    sum: Option<u32>,
    /// The attacker that it needs.
    needed: Option<Potential>,
    /// The strongest attacker that a product with this easiest attack resists.
    resisted: Option<Potential>,
    /// The highest AVA_VAN that is still met; 0 where none is.
    leaves_van: u8,
    level: Level,
    /// What a sum must reach at this level.
    level_needs: u32,
    standing: Standing,
}

impl Rating {
    fn new(factors: Factors, level: Level, standing: Standing) -> Rating {
        let needed = factors.potential();
        Rating {
            factors,
            sum: factors.points(),
            needed,
            resisted: needed.and_then(Potential::resisted),
            leaves_van: (1..=5).rev().find(|van| factors.leaves_van(*van)).unwrap_or_default(),
            level,
            level_needs: least_points(level.van()),
            standing,
        }
    }
}

impl fmt::Display for Rating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let factors = &self.factors;
        let rows = [
            ("elapsed time", name(&factors.time), Some(factors.time.points())),
            ("expertise", name(&factors.expertise), Some(factors.expertise.points())),
            ("knowledge", name(&factors.knowledge), Some(factors.knowledge.points())),
            ("window", name(&factors.window), factors.window.points()),
            ("equipment", name(&factors.equipment), Some(factors.equipment.points())),
        ];
        for (factor, value, points) in rows {
            let points = points.map_or("–".to_owned(), |points| points.to_string());
            writeln!(f, "{factor:<14} {value:<22} {points:>3}")?;
        }
        match (self.sum, self.needed) {
            (Some(sum), Some(needed)) => {
                writeln!(f, "{:<14} {:<22} {sum:>3}", "sum", "")?;
                writeln!(f, "\nneeds an attacker of potential {}", needed.name())?;
                let resisted = self.resisted.map_or("none", Potential::name);
                writeln!(f, "a product whose easiest attack this is resists: {resisted}")?;
            }
            _ => writeln!(f, "\nthe path cannot be used in this environment, whatever the sum")?,
        }
        match self.leaves_van {
            0 => writeln!(f, "meets no AVA_VAN")?,
            van => writeln!(f, "leaves AVA_VAN.{van}")?,
        }
        let level = self.level.name();
        match self.standing {
            Standing::Exploitable => {
                write!(f, "exploitable at {level}, which needs {} points or more", self.level_needs)
            }
            Standing::Residual => {
                write!(f, "residual at {level}, which needs {} points or more", self.level_needs)
            }
        }
    }
}

#[derive(Serialize)]
struct List {
    level: Level,
    vulnerabilities: Vec<Vulnerability>,
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |standing| self.vulnerabilities.iter().filter(|one| one.standing == standing).count();
        writeln!(
            f,
            "at {}: {} exploitable, {} residual",
            self.level.name(),
            count(Standing::Exploitable),
            count(Standing::Residual)
        )?;
        for one in &self.vulnerabilities {
            let points = one.factors.points().map_or("–".to_owned(), |points| points.to_string());
            writeln!(
                f,
                "{:<12} {points:>3}  {:<16} {} ({})",
                name(&one.standing),
                one.id,
                one.description,
                one.requirements.join(", ")
            )?;
        }
        Ok(())
    }
}
