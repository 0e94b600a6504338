//! `dtsec attest key`.

use std::fmt;
use std::path::PathBuf;

use cdd_image::build::public_to_pem;
use cdd_image::{PublicKeyBytes, RustCrypto, Verifier};
use clap::Args;
use dtsec_target::Device;
use serde::Serialize;

use super::without_platform;
use crate::commands::supply::Supply;
use crate::files;
use crate::output::{Answer, Exit, ShownPath};

/// Switch a device on and show the key that its tokens are signed with, to be endorsed by its manufacturer.
///
/// The key hangs on the device, its life cycle, its boot code and the version of its platform: it is another one after
/// an update. Ask for it where nobody can be in between: in production.
#[derive(Args)]
pub(crate) struct GetKey {
    /// The device.
    dir: PathBuf,
    /// File for the public key in PEM (SubjectPublicKeyInfo).
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    supply: Supply,
}

#[derive(Serialize)]
struct Report {
    device: ShownPath,
    /// Why there is none.
    refused: Option<String>,
    key: Option<Key>,
    out: Option<ShownPath>,
}

#[derive(Serialize)]
struct Key {
    /// The life-cycle state that it belongs to.
    life_cycle: String,
    /// `04 ‖ x ‖ y`
    public_key: String,
    pem: String,
    /// The instance ID in tokens that it signs.
    instance_id: String,
}

impl GetKey {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let device = Device::open(&self.dir)?;
        let mut session = self.supply.switch_on(&device)?;
        let life_cycle = session.report()?.life_cycle;
        let mut report = Report { device: device.dir().into(), refused: None, key: None, out: None };
        let public = match without_platform(session.attestation_key())? {
            Ok(public) => public,
            Err(reason) => {
                report.refused = Some(reason);
                return Answer::new(report, Exit::No);
            }
        };
        session.power_off();
        let key = Key::new(life_cycle, public)?;
        if let Some(path) = self.out {
            files::write(&path, key.pem.as_bytes())?;
            report.out = Some(path.into());
        }
        report.key = Some(key);
        Answer::new(report, Exit::Success)
    }
}

impl Key {
    fn new(life_cycle: String, public: [u8; 65]) -> anyhow::Result<Key> {
        let mut point = [0; 64];
        point.copy_from_slice(&public[1..]);
        Ok(Key {
            life_cycle,
            public_key: hex::encode(public),
            pem: public_to_pem(&PublicKeyBytes::P256(point))?,
            instance_id: format!("01{}", hex::encode(RustCrypto::sha256(&[&public]))),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(reason) = &self.refused {
            return writeln!(f, "no key: {reason}");
        }
        let Some(key) = &self.key else { return Ok(()) };
        writeln!(f, "attestation key of {} in life cycle {}", self.device, key.life_cycle)?;
        writeln!(f, "instance ID  {}", key.instance_id)?;
        writeln!(f, "public key   {}", key.public_key)?;
        match &self.out {
            Some(out) => writeln!(f, "wrote {out}"),
            None => write!(f, "{}", key.pem),
        }
    }
}
