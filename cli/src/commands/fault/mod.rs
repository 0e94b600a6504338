//! `dtsec fault`: campaigns of simulated faults on the real images (docs/fault-campaigns.md).

mod device;
mod merge;
mod repeat;
mod run;
mod show;

use std::fmt;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use dtsec_fault::{Acceptance, Campaign, Images, Model, Record, Scenario, Shard};
use serde::Serialize;

use crate::output::{Answer, Exit, ShownPath};

/// What can be done with campaigns.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run a campaign, or a shard of one.
    Run(run::Run),
    /// Join the records of all shards of a campaign.
    Merge(merge::Merge),
    /// Run one injection again, to its end.
    Repeat(repeat::Repeat),
    /// Write the device that a scenario attacks, as files for QEMU.
    Device(device::Device),
    /// Show the record of a campaign.
    Show(show::Show),
}

impl Command {
    pub(crate) fn run(self) -> anyhow::Result<Answer> {
        match self {
            Command::Run(command) => command.run(),
            Command::Merge(command) => command.run(),
            Command::Repeat(command) => command.run(),
            Command::Device(command) => command.run(),
            Command::Show(command) => command.run(),
        }
    }
}

/// Which list of injections.
#[derive(Args)]
struct What {
    /// Folder of the firmware, as `cargo xtask build` makes it.
    #[arg(long, value_name = "DIR", default_value = "target/firmware/mps2-an505")]
    firmware: PathBuf,
    /// What is attacked, for instance forged-signature or foreign-frame.
    #[arg(long, value_name = "NAME")]
    scenario: String,
    /// Fault models, with commas [default: all]
    #[arg(long, value_name = "MODELS", value_delimiter = ',')]
    models: Vec<String>,
    /// Executions of each address in which faults are injected; 0 for all.
    #[arg(long, value_name = "N", default_value_t = 4)]
    per_address: u32,
}

impl What {
    fn campaign(&self) -> anyhow::Result<(Campaign, Images)> {
        let scenario = Scenario::named(&self.scenario)?;
        let mut models = Vec::new();
        for name in &self.models {
            let model = Model::named(name)?;
            if !models.contains(&model) {
                models.push(model);
            }
        }
        if models.is_empty() {
            models = Model::ALL.to_vec();
        }
        let campaign = Campaign {
            scenario,
            models,
            per_address: self.per_address,
            shard: Shard::WHOLE,
            progress_file: None,
            threads: 0,
        };
        Ok((campaign, Images::in_folder(&self.firmware, scenario.target())?))
    }
}

/// A record, as it is shown.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    record: Record,
    /// Where it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<ShownPath>,
    /// How fast it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    runs_per_second: Option<u64>,
}

impl Report {
    /// No where something was accepted that must not be.
    fn answer(self) -> anyhow::Result<Answer> {
        let exit = if self.record.total.accepted == 0 { Exit::Success } else { Exit::No };
        Answer::new(self, exit)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Record { campaign, shard, control, by_model, total, acceptances, .. } = &self.record;
        writeln!(
            f,
            "{}, shard {}/{}: {} instructions, {} addresses, {} moments; control {} after {}",
            campaign.scenario,
            shard.number,
            shard.of,
            campaign.golden_instructions,
            campaign.addresses,
            campaign.moments,
            control.name(),
            campaign.control_instructions
        )?;
        for (model, counts) in
            by_model.iter().map(|(model, counts)| (model.as_str(), counts)).chain([("all", total)])
        {
            writeln!(
                f,
                "{model:17} {:>9} runs {:>9} refused {:>9} crashed {:>7} hung {:>5} accepted",
                counts.runs, counts.refused, counts.crashed, counts.hung, counts.accepted
            )?;
        }
        for found in acceptances {
            writeln!(f, "ACCEPTED {}", Found(found))?;
        }
        if let Some(speed) = self.runs_per_second {
            writeln!(f, "{speed} runs/s")?;
        }
        match &self.out {
            Some(out) => writeln!(f, "wrote {out}"),
            None => Ok(()),
        }
    }
}

/// A run, in a line.
struct Found<'a>(&'a Acceptance);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Acceptance { injection, address, symbol, line, fault, outcome, time, .. } = self.0;
        write!(f, "#{injection} {} {address} {fault} ({time}) in {symbol} at {line}", outcome.name())
    }
}
