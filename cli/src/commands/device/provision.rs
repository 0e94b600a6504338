//! `dtsec device provision`.

use std::path::PathBuf;

use clap::Args;
use dtsec_target::{Device, FuseImage, LifeCycle, Provisioning, PublicKey, Role, SecretFlaw};

use super::{Burnt, State, keys};
use crate::commands::supply::Supply;
use crate::output::Answer;

/// Burn keys, identity and life cycle into a blank device, after showing them. Once: there is no way back.
///
/// The device secret, which is there since assembly, is looked at but neither shown nor changed.
#[derive(Args)]
pub(crate) struct Provision {
    /// The device.
    dir: PathBuf,
    /// Key that signs platform images: public or private PEM. Up to four.
    #[arg(long, value_name = "PEM", required = true, num_args = 1..=4)]
    platform_key: Vec<PathBuf>,
    /// Key that signs application images: public or private PEM. Up to four.
    #[arg(long, value_name = "PEM", required = true, num_args = 1..=4)]
    application_key: Vec<PathBuf>,
    /// Commercial name of the product, at most 48 bytes.
    #[arg(long, value_name = "TEXT", value_parser = text)]
    commercial_name: String,
    /// Hardware reference, at most 32 bytes.
    #[arg(long, value_name = "TEXT", value_parser = text)]
    hardware_reference: String,
    /// Hardware version, at most 16 bytes.
    #[arg(long, value_name = "TEXT", value_parser = text)]
    hardware_version: String,
    /// Lowest security counter of a platform image.
    #[arg(long, value_name = "N", default_value_t = 0)]
    platform_counter: u32,
    /// Lowest security counter of an application image.
    #[arg(long, value_name = "N", default_value_t = 0)]
    application_counter: u32,
    /// Life-cycle state to end in: `provisioning` for production tests, `secured` for the field.
    #[arg(long, value_name = "STATE", default_value = "secured", value_parser = state)]
    life_cycle: State,
    /// Accept keys whose private half has been published. Never for a device in the field.
    #[arg(long)]
    development: bool,
    /// Burn without asking.
    #[arg(long, conflicts_with = "rehearse")]
    yes: bool,
    /// Do all of it on a copy, switch that on, show what became of it, and change nothing.
    #[arg(long)]
    rehearse: bool,
    #[command(flatten)]
    supply: Supply,
}

impl Provision {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let device = Device::open(&self.dir)?;
        let fuses = device.read_fuses()?;
        let provisioning = self.provisioning(&fuses)?;
        let burns = provisioning.burns()?;
        let trusted = [&provisioning.platform_keys[..], &provisioning.application_keys[..]].concat();
        let published = published(&trusted);
        let report = Burnt::new(&device, &burns, self.warnings(&provisioning, &published));
        match fuses.policy().life_cycle {
            Some(LifeCycle::Assembly) => {}
            None => {
                return report
                    .refuse("the fuses hold no life cycle that is known: the device is locked for good");
            }
            Some(LifeCycle::Decommissioned) => {
                return report.refuse("the device is decommissioned, for good");
            }
            Some(now) => {
                let has_keys =
                    [Role::Platform, Role::Application].iter().all(|role| !fuses.keys(*role).is_empty());
                let what = if has_keys {
                    "the device is provisioned already"
                } else {
                    "it is too late to provision it"
                };
                return report.refuse(format!("{what}: its life cycle is {}", now.name()));
            }
        }
        if let (Some(first), false) = (published.first(), self.development) {
            return report.refuse(format!(
                "{first} is a test key whose private half is published: anyone could sign for this device. \
                 Make a key with `dtsec image keygen`, or add --development"
            ));
        }
        match device.secret_flaw()? {
            None => {}
            Some(flaw @ SecretFlaw::Readable { .. }) => {
                return report.refuse(format!(
                    "the device secret is none: {flaw}. If nobody has read it, `chmod 600 {}` keeps it so",
                    self.dir.join("factory.bin").display()
                ));
            }
            Some(flaw @ SecretFlaw::Pattern(_)) => {
                return report.refuse(format!(
                    "the device secret is none: {flaw}. `dtsec device create` makes a device with one that is drawn"
                ));
            }
        }
        if self.rehearse {
            return report.rehearse(&device, &burns, &self.supply);
        }
        report.go_ahead(&device, &burns, self.yes)
    }

    fn provisioning(&self, fuses: &FuseImage) -> anyhow::Result<Provisioning> {
        let provisioning = Provisioning {
            life_cycle: self.life_cycle.into(),
            platform_keys: keys::read(&self.platform_key)?,
            application_keys: keys::read(&self.application_key)?,
            platform_counter: self.platform_counter,
            application_counter: self.application_counter,
            commercial_name: self.commercial_name.clone(),
            hardware_reference: self.hardware_reference.clone(),
            hardware_version: self.hardware_version.clone(),
            ..Provisioning::blank()
        };
        // Provisioning that was interrupted goes on with the diversifier that was burnt then.
        match fuses.diversifier() {
            [0, rest @ ..] if rest == [0; 31] => Ok(provisioning.with_random_diversifier()?),
            burnt => Ok(Provisioning { diversifier: burnt, ..provisioning }),
        }
    }

    fn warnings(&self, provisioning: &Provisioning, published: &[&str]) -> Vec<String> {
        let mut warnings: Vec<String> =
            published.iter().map(|name| format!("{name}: anyone can sign for this device")).collect();
        if provisioning.platform_keys.iter().any(|key| provisioning.application_keys.contains(key)) {
            warnings
                .push("one key signs both platform and application: their makers are not told apart".into());
        }
        if matches!(self.life_cycle, State::Provisioning) {
            warnings.push(
                "the life cycle is not yet secured; end with `dtsec device burn DIR life-cycle secured`"
                    .into(),
            );
        }
        warnings
    }
}

fn published(trusted: &[PublicKey]) -> Vec<&'static str> {
    let mut names: Vec<_> = trusted.iter().filter_map(|key| keys::published(&keys::hash(key))).collect();
    names.dedup();
    names
}

/// A field of the identity: without it nobody could tell the product.
fn text(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        Err("the identity of a device is never empty".into())
    } else {
        Ok(text.to_owned())
    }
}

fn state(text: &str) -> Result<State, String> {
    match text {
        "provisioning" => Ok(State::Provisioning),
        "secured" => Ok(State::Secured),
        _ => Err("expected `provisioning` or `secured`".into()),
    }
}
