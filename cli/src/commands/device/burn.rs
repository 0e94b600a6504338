//! `dtsec device burn`.

use std::path::PathBuf;

use cdd_image::Image;
use clap::{Args, Subcommand};
use dtsec_target::{Burn, Device, DeviceError, FuseImage, LifeCycle, Role};

use super::{Burnt, Part, State, name};
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
        if let Some(reason) = self.what.premature(&fuses) {
            return Burnt::new(&device, &[], Vec::new()).refuse(reason);
        }
        match self.what.burns(&fuses) {
            Ok(burns) if changes_nothing(&fuses, &burns) => {
                Burnt::new(&device, &burns, Vec::new()).nothing_to_do()
            }
            Ok(burns) => {
                let report = Burnt::new(&device, &burns, self.what.warnings(&device, &fuses)?);
                report.go_ahead(&device, &burns, self.yes)
            }
            Err(DeviceError::Provisioning(reason)) => Burnt::new(&device, &[], Vec::new()).refuse(reason),
            Err(error) => Err(error.into()),
        }
    }
}

fn changes_nothing(fuses: &FuseImage, burns: &[Burn]) -> bool {
    let mut after = fuses.clone();
    after.apply(burns).is_ok() && after == *fuses
}

impl What {
    /// Why this must not be burnt before other things are: a device could never be made whole after it.
    fn premature(&self, fuses: &FuseImage) -> Option<String> {
        let to = match self {
            What::LifeCycle { state } => Some(LifeCycle::from(*state)),
            What::Counter { .. } | What::Revoke { .. } => None,
        };
        if to == Some(LifeCycle::Decommissioned) {
            return None;
        }
        if fuses.policy().life_cycle == Some(LifeCycle::Assembly) {
            return Some(
                "the device is not provisioned (its life cycle is assembly): `dtsec device provision` burns all that \
                 it needs, and could not do so after this. Only `life-cycle decommissioned` can be burnt now"
                    .into(),
            );
        }
        if to == Some(LifeCycle::Secured) {
            let bare = [Role::Platform, Role::Application]
                .into_iter()
                .find(|r| fuses.trusted_keys(*r).is_empty())?;
            return Some(format!(
                "there is no {} key that is not revoked: nothing would ever start",
                name(bare)
            ));
        }
        None
    }

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
    fn warnings(&self, device: &Device, fuses: &FuseImage) -> anyhow::Result<Vec<String>> {
        Ok(match self {
            What::Revoke { part, .. } => {
                let role = Role::from(*part);
                let mut after = fuses.clone();
                after.apply(&self.burns(fuses)?)?;
                let warning =
                    || format!("no key is left to sign the {} with: none will ever start again", name(role));
                after.trusted_keys(role).is_empty().then(warning).into_iter().collect()
            }
            What::LifeCycle { state } => match LifeCycle::from(*state) {
                LifeCycle::Decommissioned => {
                    let mut warnings = vec!["the device will never start again".to_owned()];
                    if fuses.policy().life_cycle != Some(LifeCycle::Assembly) {
                        warnings.push(
                            "what is stored in it stays there: `dtsec device decommission` destroys that first".into(),
                        );
                    }
                    warnings
                }
                _ => Vec::new(),
            },
            What::Counter { part, value } => lower(device, (*part).into(), *value)?,
        })
    }
}

/// A warning for each image that is installed and whose counter is lower.
fn lower(device: &Device, role: Role, counter: u32) -> anyhow::Result<Vec<String>> {
    let mut warnings = Vec::new();
    for (slot, place) in device.board().slots().filter(|(_, place)| place.part == name(role)) {
        let content = device.read_slot(slot)?;
        let Ok(image) = Image::parse(&content) else { continue };
        let has = image.security_counter().unwrap_or(0);
        if has < counter {
            let (version, part) = (image.header().version, &place.part);
            warnings
                .push(format!("the {part} {version} in {slot} has counter {has}: it will not start again"));
        }
    }
    Ok(warnings)
}
