//! `dtsec device`: make a device, put firmware on it, look at it, run it.

mod burn;
mod create;
mod decommission;
mod factory_reset;
mod flash;
mod keys;
mod provision;
mod rehearsal;
mod run;
mod show;
mod transaction;

use anyhow::Context;
use clap::{Subcommand, ValueEnum};
use dtsec_target::{Burn, Device, FuseImage, LifeCycle, Role};
use serde::Serialize;

use super::consent;
use crate::output::{Answer, Exit, ShownPath};

/// What can be done with a device, which is a folder: its flash, its fuses, its factory data.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a blank device, as it leaves assembly.
    Create(create::Create),
    /// Burn keys, identity and life cycle into a blank device.
    Provision(Box<provision::Provision>),
    /// Write an image into a slot.
    Flash(flash::Flash),
    /// Show what is burnt into a device and which images are in its slots.
    Show(show::Show),
    /// Burn more fuses: raise a counter, revoke a key, advance the life cycle.
    Burn(burn::BurnCommand),
    /// Destroy all that a device received since delivery.
    FactoryReset(factory_reset::FactoryReset),
    /// Take a device out of service for good.
    Decommission(decommission::Decommission),
    /// Switch a device on and talk to it.
    Run(run::Run),
}

impl Command {
    pub(crate) fn run(self, json: bool) -> anyhow::Result<Answer> {
        match self {
            Command::Create(command) => command.run(),
            Command::Provision(command) => command.run(),
            Command::Flash(command) => command.run(),
            Command::Show(command) => command.run(),
            Command::Burn(command) => command.run(),
            Command::FactoryReset(command) => command.run(),
            Command::Decommission(command) => command.run(),
            Command::Run(command) => command.run(json),
        }
    }
}

/// Whose images: the names used in files and on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Part {
    /// The platform.
    Platform,
    /// The application.
    Application,
}

impl From<Part> for Role {
    fn from(part: Part) -> Role {
        match part {
            Part::Platform => Role::Platform,
            Part::Application => Role::Application,
        }
    }
}

/// What a role is called.
fn name(role: Role) -> &'static str {
    match role {
        Role::Platform => "platform",
        Role::Application => "application",
    }
}

/// What the diversifier, from which every secret is derived, has become.
fn diversifier(fuses: &FuseImage) -> &'static str {
    match fuses.diversifier() {
        bytes if bytes == [0; 32] => "blank",
        bytes if bytes == [0xFF; 32] => "destroyed",
        _ => "burnt",
    }
}

/// The life-cycle states that can be burnt, by the names of reports.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Provisioning,
    Secured,
    DebugAuthorised,
    Decommissioned,
}

impl From<State> for LifeCycle {
    fn from(state: State) -> LifeCycle {
        match state {
            State::Provisioning => LifeCycle::Provisioning,
            State::Secured => LifeCycle::Secured,
            State::DebugAuthorised => LifeCycle::DebugAuthorised,
            State::Decommissioned => LifeCycle::Decommissioned,
        }
    }
}

/// What was burnt, or would have been.
#[derive(Serialize)]
struct Burnt {
    device: ShownPath,
    burnt: bool,
    /// It was all there already.
    nothing_to_do: bool,
    refused: Option<String>,
    warnings: Vec<String>,
    fuses: Vec<Field>,
    /// What was seen when all of this was done to a copy.
    rehearsal: Option<rehearsal::Rehearsal>,
}

/// One field of the fuses, as it is to be read afterwards.
#[derive(Serialize)]
struct Field {
    field: String,
    offset: u16,
    /// What is read there afterwards; withheld when secrets are derived from it.
    bytes: Option<String>,
    /// It was burnt, and read back before the next was burnt; in a rehearsal, on the copy.
    read_back: bool,
}

impl Burnt {
    fn new(device: &Device, burns: &[Burn], warnings: Vec<String>) -> Burnt {
        let field = |burn: &Burn| Field {
            field: burn.field.clone(),
            offset: burn.offset,
            bytes: (!burn.is_confidential()).then(|| hex::encode(&burn.bits)),
            read_back: false,
        };
        let (device, fuses) = (device.dir().into(), burns.iter().map(field).collect());
        Burnt { device, burnt: false, nothing_to_do: false, refused: None, warnings, fuses, rehearsal: None }
    }

    /// The answer that nothing was burnt, and why.
    fn refuse(mut self, reason: impl Into<String>) -> anyhow::Result<Answer> {
        self.refused = Some(reason.into());
        Answer::new(self, Exit::No)
    }

    /// The answer that all of it was there already.
    fn nothing_to_do(mut self) -> anyhow::Result<Answer> {
        self.nothing_to_do = true;
        Answer::new(self, Exit::Success)
    }

    /// Shows what will be burnt, asks unless told `--yes`, burns, and reads back.
    fn go_ahead(mut self, device: &Device, burns: &[Burn], yes: bool) -> anyhow::Result<Answer> {
        if let Some(reason) = impossible(device, burns)? {
            return self.refuse(reason);
        }
        if !yes && !consent::given(&self, "fuses can never be cleared.", "burn")? {
            return self.refuse("not confirmed; add --yes to burn without being asked");
        }
        device.burn(burns).with_context(|| format!("cannot burn {}", device.dir().display()))?;
        self.burnt = true;
        self.fuses.iter_mut().for_each(|field| field.read_back = true);
        Answer::new(self, Exit::Success)
    }
}

/// Why the fuses that are burnt already do not allow this.
fn impossible(device: &Device, burns: &[Burn]) -> anyhow::Result<Option<String>> {
    Ok(device.read_fuses()?.apply(burns).err().map(|error| error.to_string()))
}

impl std::fmt::Display for Burnt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.refused, self.burnt) {
            (Some(reason), _) => writeln!(f, "refused: {reason}\nnothing was burnt into {}", self.device)?,
            (None, _) if self.nothing_to_do => {
                writeln!(f, "nothing to do: this is burnt into {} already:", self.device)?
            }
            (None, true) => writeln!(f, "burnt into {}, each field read back before the next:", self.device)?,
            (None, false) if self.rehearsal.is_some() => {
                writeln!(f, "rehearsed on a copy; nothing was changed in {}:", self.device)?;
            }
            (None, false) => writeln!(f, "to be burnt into {}, for good:", self.device)?,
        }
        for field in &self.fuses {
            writeln!(
                f,
                "  {:#05x}  {:<34} {}",
                field.offset,
                field.field,
                field.bytes.as_deref().map_or("(not shown)".into(), shortened)
            )?;
        }
        if let Some(rehearsal) = &self.rehearsal {
            write!(f, "{rehearsal}")?;
        }
        self.warnings.iter().try_for_each(|warning| writeln!(f, "warning: {warning}"))
    }
}

fn shortened(hex: &str) -> String {
    match hex.get(..32) {
        Some(start) if hex.len() > 40 => format!("{start}… ({} bytes)", hex.len() / 2),
        _ => hex.to_owned(),
    }
}
