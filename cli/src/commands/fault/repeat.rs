//! `dtsec fault repeat`.

use std::fmt;

use clap::Args;
use dtsec_fault::Acceptance;
use serde::Serialize;

use super::{Found, What};
use crate::output::{Answer, Exit};

/// Run one injection again, to its end and without any short cut. The status is 1 where it is accepted.
///
/// Scenario, models and --per-address are those of the campaign: they number the list.
#[derive(Args)]
pub(crate) struct Repeat {
    #[command(flatten)]
    what: What,
    /// Its number in the list.
    injection: u64,
    /// Show the address of each instruction from the fault on.
    #[arg(long)]
    trace: bool,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    run: Acceptance,
    accepted: bool,
    /// Instructions from the fault to the end.
    instructions: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trace: Vec<Stretch>,
}

/// Instructions one after the other in one function.
#[derive(Serialize)]
struct Stretch {
    symbol: String,
    addresses: Vec<String>,
}

impl Repeat {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let (campaign, images) = self.what.campaign()?;
        let ready = campaign.prepare(&images)?;
        let names = images.attacked().names();
        let (mut trace, mut instructions) = (Vec::<Stretch>::new(), 0);
        let (run, outcome) = ready.repeat(self.injection, |pc| {
            instructions += 1;
            if self.trace {
                let (symbol, address) = (names.symbol(pc), format!("{pc:#010x}"));
                match trace.last_mut().filter(|stretch| stretch.symbol == symbol) {
                    Some(stretch) => stretch.addresses.push(address),
                    None => trace.push(Stretch { symbol, addresses: vec![address] }),
                }
            }
        })?;
        let accepted = outcome.is_acceptance();
        let exit = if accepted { Exit::No } else { Exit::Success };
        Answer::new(Report { run, accepted, instructions, trace }, exit)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Stretch { symbol, addresses } in &self.trace {
            writeln!(f, "{symbol}")?;
            for address in addresses {
                writeln!(f, "  {address}")?;
            }
        }
        write!(f, "{}, {} instructions after the fault", Found(&self.run), self.instructions)
    }
}
