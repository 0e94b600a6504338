//! How commands switch a device on.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use dtsec_target::{Device, Power, Session};

/// How a device is switched on.
#[derive(Args)]
pub(crate) struct Supply {
    /// Folder of the built firmware.
    ///
    /// Seen from here `target/firmware/<target>` unless told.
    #[arg(long, value_name = "DIR")]
    firmware: Option<PathBuf>,
    /// How long a start or an answer may take before the device counts as hung.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    hang_limit: u32,
}

impl Supply {
    /// The firmware, and entropy from the operating system.
    pub(crate) fn power(&self) -> Power {
        Power { firmware: self.firmware.clone().unwrap_or_default(), ..Power::default() }
    }

    /// How long to wait before a device counts as hung.
    pub(crate) fn limit(&self) -> Duration {
        Duration::from_secs(self.hang_limit.into())
    }

    /// Switches a device on.
    pub(crate) fn switch_on(&self, device: &Device) -> anyhow::Result<Session> {
        let mut session = device.power_on(&self.power())?;
        session.set_deadline(self.limit());
        Ok(session)
    }
}
