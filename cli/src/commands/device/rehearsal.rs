//! Doing on a copy what is about to be done to a device.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Context;
use dtsec_target::{Burn, Device};
use serde::Serialize;

use super::{Burnt, impossible};
use crate::commands::supply::Supply;
use crate::output::{Answer, Exit};

/// How the copy was when all was burnt and it was switched on.
#[derive(Serialize)]
pub(super) struct Rehearsal {
    state: String,
    reason: Option<String>,
    life_cycle: String,
    /// What boot made of each slot.
    slots: BTreeMap<String, String>,
}

impl Burnt {
    /// Burns a copy of the device, reads it back, switches it on, and shows what became of it. The device itself is
    /// only read, and of its secret not even that: the copy has another one.
    pub(super) fn rehearse(
        mut self,
        device: &Device,
        burns: &[Burn],
        supply: &Supply,
    ) -> anyhow::Result<Answer> {
        if let Some(reason) = impossible(device, burns)? {
            return self.refuse(reason);
        }
        let folder = tempfile::tempdir().context("cannot make a temporary folder for the copy")?;
        let copy = device.rehearsal_copy(&folder.path().join("copy")).context("cannot copy the device")?;
        copy.burn(burns).context("the rehearsal failed; nothing was burnt into the device itself")?;
        let mut session = supply.switch_on(&copy)?;
        let report = session.report()?;
        session.power_off();
        self.fuses.iter_mut().for_each(|field| field.read_back = true);
        for (name, slot) in &report.slots {
            if !matches!(slot.result.as_str(), "accepted" | "not-tried" | "empty") {
                self.warnings.push(format!("the image in {name} would not start: {}", slot.result));
            }
        }
        let useless = !matches!(report.state.as_str(), "running" | "no-application" | "no-platform");
        self.rehearsal = Some(Rehearsal {
            state: report.state,
            reason: report.reason,
            life_cycle: report.life_cycle,
            slots: report.slots.into_iter().map(|(name, slot)| (name, slot.result)).collect(),
        });
        Answer::new(self, if useless { Exit::No } else { Exit::Success })
    }
}

impl fmt::Display for Rehearsal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.reason.as_ref().map_or(String::new(), |reason| format!(" ({reason})"));
        writeln!(
            f,
            "the copy was read back after each field and switched on: it is {}{reason},",
            self.state
        )?;
        writeln!(f, "life cycle {}", self.life_cycle)?;
        self.slots.iter().try_for_each(|(name, result)| writeln!(f, "  {name:<14} {result}"))?;
        if self.state == "no-platform" {
            writeln!(
                f,
                "no image starts yet: `dtsec device flash` puts them in, before or after provisioning"
            )?;
        }
        Ok(())
    }
}
