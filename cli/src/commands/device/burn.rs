//! `dtsec device burn`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use dtsec_target::{Burn, Device, DeviceError, FuseImage, LifeCycle, Role};

use super::{Burnt, Part, State};
use crate::output::Answer;

/// Burn more fuses into a provisioned device, after showing them. There is no way back.
#[derive(Args)]
pub(crate) struct BurnCommand {
    /// The device, switched off.
    dir: PathBuf,
    #[command(subcommand)]
    what: What,
    /// Burn without asking.
    #[arg(long, global = true)]
    yes: bool,
}

#[derive(Subcommand)]
enum What {
    /// Raise a security counter: images with a lower one start no more.
    Counter {
        /// Whose images.
        part: Part,
        /// The new counter, at most 256.
        value: u32,
    },
    /// Revoke a key: what it signed starts no more.
    Revoke {
        /// Whose images.
        part: Part,
        /// The key's number, 0 to 3, as `dtsec device show` has it.
        key: usize,
    },
    /// Advance the life cycle.
    LifeCycle {
        /// The state to go to.
        state: State,
    },
}

impl BurnCommand {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let device = Device::open(&self.dir)?;
        let fuses = device.read_fuses()?;
        match self.what.burns(&fuses) {
            Ok(burns) => {
                let report = Burnt::new(&device, &burns, self.what.warnings(&fuses));
                report.go_ahead(&device, &burns, self.yes)
            }
            Err(DeviceError::Provisioning(reason)) => Burnt::new(&device, &[], Vec::new()).refuse(reason),
            Err(error) => Err(error.into()),
        }
    }
}

impl What {
    /// What is burnt, in order.
    fn burns(&self, fuses: &FuseImage) -> Result<Vec<Burn>, DeviceError> {
        Ok(match self {
            What::Counter { part, value } => vec![fuses.raise_counter((*part).into(), *value)?],
            What::Revoke { part, key } => vec![fuses.revoke((*part).into(), &[*key])?],
            What::LifeCycle { state } => {
                let state = LifeCycle::from(*state);
                let mut burns =
                    if state == LifeCycle::Secured { fuses.close_blank_keys()? } else { Vec::new() };
                burns.push(fuses.advance(state)?);
                burns
            }
        })
    }

    /// What a person may not expect of this burn.
    fn warnings(&self, fuses: &FuseImage) -> Vec<String> {
        let warning = match self {
            What::Revoke { part, key } => {
                let role = Role::from(*part);
                let policy = fuses.policy();
                let left = fuses.keys(role).iter().any(|(n, _)| n != key && !policy.is_revoked(role, *n));
                let name = match role {
                    Role::Platform => "platform",
                    Role::Application => "application",
                };
                (!left).then(|| format!("no key is left to sign the {name} with: none will ever start again"))
            }
            What::LifeCycle { state } => match LifeCycle::from(*state) {
                LifeCycle::Decommissioned => Some("the device will never start again".to_owned()),
                _ => None,
            },
            What::Counter { .. } => None,
        };
        warning.into_iter().collect()
    }
}
