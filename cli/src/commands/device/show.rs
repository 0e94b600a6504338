//! `dtsec device show`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use cdd_image::Image;
use clap::Args;
use dtsec_target::{Device, FuseImage, LifeCycle, Role};
use serde::Serialize;

use super::{diversifier, keys};
use crate::output::{Answer, Exit, ShownPath};

/// Show what is burnt into a device and which images are in its slots. Works while it runs.
#[derive(Args)]
pub(crate) struct Show {
    /// The device.
    dir: PathBuf,
}

#[derive(Serialize)]
struct Report {
    device: ShownPath,
    target: String,
    life_cycle: &'static str,
    commercial_name: String,
    hardware_reference: String,
    hardware_version: String,
    diversifier: &'static str,
    /// Factory resets finished in its life.
    factory_resets: u32,
    /// What was begun and is finished at the next start.
    under_way: Option<&'static str>,
    platform: Trust,
    application: Trust,
    slots: BTreeMap<String, SlotReport>,
}

/// Whose signatures are trusted for a role, and from which counter on.
#[derive(Serialize)]
struct Trust {
    counter: u32,
    keys: Vec<Key>,
}

#[derive(Serialize)]
struct Key {
    number: usize,
    algorithm: &'static str,
    hash: String,
    revoked: bool,
    /// Where its private half was published, if it was.
    published: Option<&'static str>,
}

#[derive(Serialize)]
struct SlotReport {
    part: String,
    /// Why there is no image, or `None` when there is one.
    error: Option<&'static str>,
    name: Option<String>,
    version: Option<String>,
    counter: Option<u32>,
    signer: Option<String>,
    bytes: Option<usize>,
}

impl Show {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let device = Device::open(&self.dir)?;
        let fuses = device.read_fuses()?;
        let mut slots = BTreeMap::new();
        for (name, slot) in device.board().slots() {
            slots.insert(name.to_owned(), SlotReport::new(&slot.part, &device.read_slot(name)?));
        }
        let report = Report {
            device: self.dir.into(),
            target: device.board().target().to_owned(),
            life_cycle: fuses.policy().life_cycle.map_or("of no known state: locked", LifeCycle::name),
            commercial_name: fuses.commercial_name(),
            hardware_reference: fuses.hardware_reference(),
            hardware_version: fuses.hardware_version(),
            diversifier: diversifier(&fuses),
            factory_resets: fuses.factory_resets().1,
            under_way: under_way(&fuses),
            platform: Trust::new(&fuses, Role::Platform),
            application: Trust::new(&fuses, Role::Application),
            slots,
        };
        Answer::new(report, Exit::Success)
    }
}

/// What of the life cycle was begun and not finished.
fn under_way(fuses: &FuseImage) -> Option<&'static str> {
    let (begun, finished) = fuses.factory_resets();
    match fuses.policy().life_cycle {
        Some(LifeCycle::Decommissioned) => None,
        _ if fuses.is_decommissioning() => Some("decommission"),
        _ => (begun > finished).then_some("factory-reset"),
    }
}

impl Trust {
    fn new(fuses: &FuseImage, role: Role) -> Trust {
        let policy = fuses.policy();
        let keys = fuses.keys(role).into_iter().map(|(number, key)| {
            let hash = keys::hash(&key);
            let (algorithm, published) = (keys::algorithm(&key), keys::published(&hash));
            Key { number, algorithm, hash, revoked: policy.is_revoked(role, number), published }
        });
        Trust { counter: policy.security_counter(role), keys: keys.collect() }
    }
}

impl SlotReport {
    fn new(part: &str, content: &[u8]) -> SlotReport {
        let image = Image::parse(content);
        let found = image.as_ref().ok();
        SlotReport {
            part: part.to_owned(),
            error: image.as_ref().err().map(|error| error.name()),
            name: found.and_then(|image| image.name()).map(str::to_owned),
            version: found.map(|image| image.header().version.to_string()),
            counter: found.and_then(|image| image.security_counter().ok()),
            signer: found.and_then(|image| image.key_hash().ok()).map(hex::encode),
            bytes: found.map(Image::total_size),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |text: &str| if text.is_empty() { "not burnt".to_owned() } else { text.to_owned() };
        row(f, "target", &self.target)?;
        row(f, "life cycle", self.life_cycle)?;
        row(f, "commercial name", &text(&self.commercial_name))?;
        row(f, "hardware", &text(&self.hardware_reference))?;
        row(f, "hardware version", &text(&self.hardware_version))?;
        row(f, "diversifier", self.diversifier)?;
        row(f, "factory resets", &self.factory_resets.to_string())?;
        if let Some(transaction) = self.under_way {
            row(f, "under way", &format!("{transaction}, to be finished at the next start"))?;
        }
        for (name, trust) in [("platform", &self.platform), ("application", &self.application)] {
            writeln!(f, "\n{name} images: security counter {} or higher, signed by", trust.counter)?;
            if trust.keys.is_empty() {
                writeln!(f, "  nobody: no key is burnt")?;
            }
            trust.keys.iter().try_for_each(|key| key.fmt(f))?;
        }
        writeln!(f)?;
        self.slots.iter().try_for_each(|(name, slot)| writeln!(f, "{name:<14} {slot}"))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {} {:<10} {}", self.number, self.algorithm, self.hash)?;
        if self.revoked {
            write!(f, " revoked")?;
        }
        if let Some(name) = self.published {
            write!(f, " (published test key: {name})")?;
        }
        writeln!(f)
    }
}

impl fmt::Display for SlotReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(error) = self.error {
            return write!(f, "{error}");
        }
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        let counter = self.counter.map_or_else(|| "-".to_owned(), |counter| counter.to_string());
        write!(f, "{} {}, counter {counter}, ", text(&self.name), text(&self.version))?;
        write!(f, "{} bytes, signed by {}", self.bytes.unwrap_or(0), text(&self.signer))
    }
}

fn row(f: &mut fmt::Formatter<'_>, what: &str, value: &str) -> fmt::Result {
    writeln!(f, "{what:<17} {value}")
}
