//! What factory reset and decommissioning have in common: preview, consent, and evidence that is read back.

use std::fmt;
use std::path::Path;

use anyhow::Context;
use dtsec_target::{
    Device, FuseImage, LifeCycle, MAX_FACTORY_RESETS, Report as BootReport, Services, Session, Transaction,
};
use serde::Serialize;

use super::diversifier;
use crate::commands::consent;
use crate::commands::supply::Supply;
use crate::output::{Answer, Exit, ShownPath};

/// What was destroyed, or would have been.
#[derive(Serialize)]
struct Report {
    device: ShownPath,
    transaction: Transaction,
    done: bool,
    refused: Option<String>,
    destroys: Vec<String>,
    keeps: Vec<&'static str>,
    before: Option<Standing>,
    after: Option<Standing>,
    /// What was read back, and whether it is what it has to be.
    evidence: Vec<Evidence>,
}

/// Where a device stands: what it says itself, and what is in its fuses and its flash.
#[derive(Clone, Serialize)]
struct Standing {
    state: String,
    life_cycle: &'static str,
    factory_resets_begun: u32,
    factory_resets_finished: u32,
    diversifier: &'static str,
    application_slots_erased: bool,
    services: Option<Services>,
}

#[derive(Serialize)]
struct Evidence {
    what: &'static str,
    found: String,
    good: bool,
}

/// Previews, asks unless told `yes`, has the device do it, and reads back what came of it.
pub(super) fn run(
    transaction: Transaction,
    dir: &Path,
    supply: &Supply,
    yes: bool,
) -> anyhow::Result<Answer> {
    let device = Device::open(dir)?;
    let mut report = Report::new(&device, transaction);
    let fuses = device.read_fuses()?;
    if let Some(reason) = forbidden(transaction, &fuses) {
        return report.refuse(reason);
    }
    let mut session = supply.switch_on(&device)?;
    if fuses.is_decommissioning() {
        let last = until_locked(&mut session)?;
        session.power_off();
        return report.done(&device, &last);
    }
    let first = session.report()?;
    if !matches!(first.state.as_str(), "running" | "no-application") {
        return report.refuse(out_of_reach(&first));
    }
    report.preview(Standing::of(&device, &first)?);
    if !yes && !consent::given(&report, "There is no way back.", word(transaction))? {
        return report.refuse("not confirmed; add --yes to go ahead without being asked".into());
    }
    let last = match transaction {
        Transaction::FactoryReset => session.factory_reset(),
        Transaction::Decommission => session.decommission(),
    };
    let last = last.with_context(|| format!("the {transaction} of {} failed", dir.display()))?;
    session.power_off();
    report.done(&device, &last)
}

/// What a person types to go ahead.
fn word(transaction: Transaction) -> &'static str {
    match transaction {
        Transaction::FactoryReset => "reset",
        Transaction::Decommission => "decommission",
    }
}

/// Why a device with these fuses cannot do it.
fn forbidden(transaction: Transaction, fuses: &FuseImage) -> Option<String> {
    let reset = transaction == Transaction::FactoryReset;
    match fuses.policy().life_cycle {
        None => Some("the fuses hold no life cycle that is known: the device is locked for good".into()),
        Some(LifeCycle::Decommissioned) => Some("the device is decommissioned already, for good".into()),
        Some(LifeCycle::Assembly) if reset => Some(
            "the device was never provisioned (its life cycle is assembly): there is nothing to reset. \
             `dtsec device provision` is the next step"
                .into(),
        ),
        Some(LifeCycle::Assembly) => Some(
            "the device was never provisioned (its life cycle is assembly), so that no platform runs that could do \
             it: `dtsec device burn DIR life-cycle decommissioned` ends it"
                .into(),
        ),
        Some(_) if reset && fuses.is_decommissioning() => Some(
            "the device is being decommissioned: `dtsec device decommission` finishes what was begun".into(),
        ),
        Some(_) if reset && fuses.factory_resets().1 >= MAX_FACTORY_RESETS => Some(format!(
            "all {MAX_FACTORY_RESETS} factory resets of its life are used up; it can only be decommissioned"
        )),
        Some(_) => None,
    }
}

/// Why a device in this state cannot be told.
fn out_of_reach(report: &BootReport) -> String {
    let state = &report.state;
    match state.as_str() {
        "no-platform" => format!(
            "no platform starts that could do it (state no-platform; platform-a: {}, platform-b: {}): put a platform \
             image in with `dtsec device flash`, then try again",
            report.slot("platform-a"),
            report.slot("platform-b")
        ),
        _ => format!("no platform runs that could do it: the device is in state {state}"),
    }
}

/// A decommissioning that was begun goes on by itself; boot's last word is that the device is locked.
fn until_locked(session: &mut Session) -> anyhow::Result<BootReport> {
    loop {
        let report = session.report().context("the decommissioning that was begun is still not finished")?;
        if report.state == "locked" {
            return Ok(report);
        }
    }
}

impl Report {
    fn new(device: &Device, transaction: Transaction) -> Report {
        Report {
            device: device.dir().into(),
            transaction,
            done: false,
            refused: None,
            destroys: Vec::new(),
            keeps: Vec::new(),
            before: None,
            after: None,
            evidence: Vec::new(),
        }
    }

    fn refuse(mut self, reason: String) -> anyhow::Result<Answer> {
        self.refused = Some(reason);
        Answer::new(self, Exit::No)
    }

    fn preview(&mut self, before: Standing) {
        let kept = before.services.as_ref().map_or_else(
            || "all of it".to_owned(),
            |services| format!("{} records, {} readings", services.records, services.readings()),
        );
        self.destroys = vec![format!("trusted storage: {kept}, and every key that was made or imported")];
        match self.transaction {
            Transaction::FactoryReset => {
                self.keeps = vec!["identity and attestation key", "signing keys and counters", "all images"];
            }
            Transaction::Decommission => {
                self.destroys.extend([
                    "the images in application-a and application-b".into(),
                    "the diversifier: no secret of this device can be derived again, nor its attestation key"
                        .into(),
                    "the life cycle: decommissioned, it never starts again".into(),
                ]);
                self.keeps =
                    vec!["identity and signing keys in the fuses, to be read", "the platform's images"];
            }
        }
        self.before = Some(before);
    }

    /// Reads back what came of it.
    fn done(mut self, device: &Device, last: &BootReport) -> anyhow::Result<Answer> {
        let after = Standing::of(device, last)?;
        self.evidence = match self.transaction {
            Transaction::FactoryReset => reset_evidence(self.before.as_ref(), &after),
            Transaction::Decommission => decommissioning_evidence(&after),
        };
        (self.done, self.after) = (true, Some(after));
        let good = self.evidence.iter().all(|evidence| evidence.good);
        Answer::new(self, if good { Exit::Success } else { Exit::No })
    }
}

impl Standing {
    fn of(device: &Device, report: &BootReport) -> anyhow::Result<Standing> {
        let fuses = device.read_fuses()?;
        let (begun, finished) = fuses.factory_resets();
        let mut erased = true;
        for (slot, _) in device.board().slots().filter(|(_, slot)| slot.part == "application") {
            erased &= device.read_slot(slot)?.iter().all(|byte| *byte == 0xFF);
        }
        Ok(Standing {
            state: report.state.clone(),
            life_cycle: fuses.policy().life_cycle.map_or("of no known state: locked", LifeCycle::name),
            factory_resets_begun: begun,
            factory_resets_finished: finished,
            diversifier: diversifier(&fuses),
            application_slots_erased: erased,
            services: report.services.clone(),
        })
    }
}

fn reset_evidence(before: Option<&Standing>, after: &Standing) -> Vec<Evidence> {
    let (begun, finished) = (after.factory_resets_begun, after.factory_resets_finished);
    let expected = before.map(|before| before.factory_resets_finished + 1);
    let services = after.services.as_ref();
    let told = services.map_or(0, |services| services.factory_resets);
    let kept = |services: &Services| (services.records, services.readings());
    let storage = services.map_or("not told".to_owned(), |services| {
        let (records, readings) = kept(services);
        format!("{}, {records} records, {readings} readings", services.storage)
    });
    let empty = services.is_some_and(|services| services.storage == "ready" && kept(services) == (0, 0));
    let life_cycle = before.is_some_and(|before| before.life_cycle == after.life_cycle);
    vec![
        Evidence {
            what: "factory resets finished (fuses)",
            found: format!("{finished} of {begun} begun"),
            good: begun == finished && Some(finished) == expected,
        },
        Evidence {
            what: "factory resets finished (device)",
            found: told.to_string(),
            good: Some(told) == expected,
        },
        Evidence { what: "trusted storage", found: storage, good: empty },
        Evidence { what: "life cycle, as before", found: after.life_cycle.into(), good: life_cycle },
        Evidence {
            what: "state",
            found: after.state.clone(),
            good: matches!(after.state.as_str(), "running" | "no-application"),
        },
    ]
}

fn decommissioning_evidence(after: &Standing) -> Vec<Evidence> {
    let erased = after.application_slots_erased;
    vec![
        Evidence {
            what: "life cycle (fuses)",
            found: after.life_cycle.into(),
            good: after.life_cycle == LifeCycle::Decommissioned.name(),
        },
        Evidence {
            what: "diversifier (fuses)",
            found: after.diversifier.into(),
            good: after.diversifier == "destroyed",
        },
        Evidence {
            what: "application slots",
            found: if erased { "erased" } else { "not erased" }.into(),
            good: erased,
        },
        Evidence { what: "state", found: after.state.clone(), good: after.state == "locked" },
    ]
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (device, transaction) = (&self.device, self.transaction);
        if let Some(reason) = &self.refused {
            writeln!(f, "refused: {reason}\nnothing was destroyed in {device}")?;
        }
        if self.done {
            writeln!(f, "{device}: {transaction} done, and read back:")?;
            for Evidence { what, found, good } in &self.evidence {
                writeln!(f, "  {what:<32} {found}{}", if *good { "" } else { "   NOT AS IT HAS TO BE" })?;
            }
            return Ok(());
        }
        if !self.destroys.is_empty() {
            writeln!(f, "{transaction} would destroy in {device}, for good:")?;
            self.destroys.iter().try_for_each(|what| writeln!(f, "  {what}"))?;
            writeln!(f, "and keep:")?;
            self.keeps.iter().try_for_each(|what| writeln!(f, "  {what}"))?;
        }
        Ok(())
    }
}
