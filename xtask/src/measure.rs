//! What `cargo xtask bench` measures, and the budgets.

mod gate;
pub mod programme;
mod stores;

pub use gate::{names, per_byte, records};

use crate::{
    counter::{Counter, Machine, Wanted},
    device::{Part, Workshop},
    elf::Program,
    layout, shell,
};
use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Payloads of the images whose boot is counted, in bytes: what is signed, without header and trailer.
const PAYLOADS: [(&str, usize); 2] = [("64k", 64 << 10), ("256k", 256 << 10)];

/// Counts that depend on when the noise source delivers are the least of so many runs.
const RUNS: usize = 3;

/// Figures by name.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Executed instructions.
    pub instructions: BTreeMap<String, u64>,
    /// Bytes of code, of variables or of stack, or read from flash.
    pub bytes: BTreeMap<String, u64>,
    /// What trusted storage takes, in thousandths of what a plain store takes.
    pub permille: BTreeMap<String, u64>,
    /// Bytes of stack that each call of the gate takes, by its name in the table. They have no budgets but that of the
    /// most of them, `gate-stack`.
    #[serde(default)]
    pub stack: BTreeMap<String, u64>,
    /// The stores side by side, for people.
    #[serde(skip)]
    pub stores: String,
}

impl Figures {
    /// The budgets of the repository.
    pub fn budgets() -> Result<Self> {
        let path = layout::root().join("benches/budgets.toml");
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is not a list of budgets", path.display()))
    }

    /// Every figure that has a budget, with its name.
    pub fn all(&self) -> impl Iterator<Item = (&str, u64)> {
        let all = self.instructions.iter().chain(&self.bytes).chain(&self.permille);
        all.map(|(name, value)| (name.as_str(), *value))
    }

    /// The value of such a figure.
    pub fn get(&self, name: &str) -> Option<u64> {
        [&self.instructions, &self.bytes, &self.permille].iter().find_map(|unit| unit.get(name).copied())
    }

    /// Each figure with its budget and whether it keeps it. A figure without a budget is an error, and the reverse.
    pub fn against(&self, budgets: &Self) -> Result<Vec<Kept>> {
        for (name, _) in budgets.all() {
            ensure!(
                self.get(name).is_some(),
                "benches/budgets.toml has a budget for `{name}`, which is not measured"
            );
        }
        self.all()
            .map(|(name, value)| {
                let budget = budgets
                    .get(name)
                    .with_context(|| format!("benches/budgets.toml has no budget for `{name}`"))?;
                Ok(Kept { name: name.to_owned(), value, budget })
            })
            .collect()
    }
}

/// A figure beside its budget.
#[derive(Debug, Serialize)]
pub struct Kept {
    /// Its name.
    pub name: String,
    /// What was measured.
    pub value: u64,
    /// The most that it may be.
    pub budget: u64,
}

impl Kept {
    /// Whether the budget is kept.
    pub fn holds(&self) -> bool {
        self.value <= self.budget
    }
}

/// Measures everything. The firmware is built already.
pub fn measure() -> Result<Figures> {
    let mut figures = Figures::default();
    sizes(&mut figures)?;
    let counter = Counter::build()?;
    let work = tempfile::Builder::new().prefix("cdd-bench-").tempdir()?;
    let workshop = Workshop::open_or_make(&work.path().join("shop"))?;
    shell::step("count the start of a platform", || boot(&mut figures, &counter, &workshop, work.path()))?;
    workshop.install(Part::Platform, "cdd-platform", &layout::firmware().join("platform.bin"))?;
    let sequence = gate::Sequence::prepare(&counter, &workshop, work.path())?;
    shell::step("count the start of an application", || {
        application(&mut figures, &counter, &workshop, work.path())
    })?;
    shell::step("count gate calls and starts with records", || {
        sequence.count(&mut figures, &counter, &workshop, work.path())
    })?;
    shell::step("compare the stores", || stores::compare(&mut figures, work.path()))?;
    Ok(figures)
}

fn boot_code() -> PathBuf {
    layout::firmware().join("boot.elf")
}

fn sizes(figures: &mut Figures) -> Result<()> {
    for part in ["boot", "platform"] {
        let sizes = Program::read(&layout::firmware().join(format!("{part}.elf")))?.sizes()?;
        figures.bytes.insert(format!("{part}-code"), sizes.code().into());
        figures.bytes.insert(format!("{part}-variables"), sizes.ram().into());
    }
    Ok(())
}

/// Reset to the platform's first instruction: one image verified, no application there.
fn boot(figures: &mut Figures, counter: &Counter, workshop: &Workshop, work: &Path) -> Result<()> {
    for (size, bytes) in PAYLOADS {
        let (payload, entry) = stub(workshop, Part::Platform, bytes, work)?;
        workshop.install(Part::Platform, "bench", &payload)?;
        let count = least(counter, workshop, entry, 1)?;
        figures.instructions.insert(format!("boot-{size}"), count);
    }
    Ok(())
}

/// Reset to the application's first instruction, through the real platform.
fn application(figures: &mut Figures, counter: &Counter, workshop: &Workshop, work: &Path) -> Result<()> {
    for (size, bytes) in PAYLOADS {
        let (payload, entry) = stub(workshop, Part::Application, bytes, work)?;
        workshop.install(Part::Application, "bench", &payload)?;
        let count = least(counter, workshop, entry, RUNS)?;
        figures.instructions.insert(format!("application-{size}"), count);
    }
    Ok(())
}

fn least(counter: &Counter, workshop: &Workshop, entry: u32, runs: usize) -> Result<u64> {
    let mut best = u64::MAX;
    for _ in 0..runs {
        let device = workshop.device();
        let machine = Machine::Device(&device, workshop.board());
        let wanted = Wanted { at: vec![entry], ..Wanted::default() };
        let counts = counter.count(&boot_code(), &machine, &wanted)?;
        best = best.min(*counts.at.first().context("the counter returned nothing")?);
    }
    Ok(best)
}

/// A payload of that size that does nothing, and the address of its first instruction: a vector table, `b .`, and
/// bytes that differ from one another.
fn stub(workshop: &Workshop, part: Part, bytes: usize, work: &Path) -> Result<(PathBuf, u32)> {
    const CODE: u32 = 0x400;
    let stack: u32 = match part {
        Part::Platform => 0x3809_0000,
        Part::Application => 0x2821_0000,
    };
    let entry = workshop.board().part(part)?.payload() + CODE;
    let mut payload: Vec<u8> =
        (0..bytes as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut put =
        |at: u32, bytes: &[u8]| payload[at as usize..at as usize + bytes.len()].copy_from_slice(bytes);
    put(0, &stack.to_le_bytes());
    for vector in 1..140 {
        put(4 * vector, &(entry | 1).to_le_bytes());
    }
    put(CODE, &[0xfe, 0xe7]);
    let path = work.join(format!("{}-{bytes}.bin", part.name()));
    std::fs::write(&path, &payload).with_context(|| format!("cannot write {}", path.display()))?;
    Ok((path, entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(value: u64) -> Figures {
        Figures { instructions: BTreeMap::from([("boot-64k".to_owned(), value)]), ..Figures::default() }
    }

    #[test]
    fn a_figure_at_its_budget_holds_and_one_beyond_does_not() {
        assert!(figures(100).against(&figures(100)).unwrap()[0].holds());
        assert!(!figures(101).against(&figures(100)).unwrap()[0].holds());
    }

    #[test]
    fn a_figure_without_a_budget_is_an_error_and_so_is_the_reverse() {
        let none = Figures::default();
        assert!(figures(1).against(&none).is_err());
        assert!(none.against(&figures(1)).is_err());
    }

    #[test]
    fn the_stack_of_a_call_needs_no_budget() {
        let stack = BTreeMap::from([("digest".to_owned(), 500)]);
        assert_eq!(Figures { stack, ..figures(1) }.against(&figures(1)).unwrap().len(), 1);
    }

    #[test]
    fn the_budgets_of_the_repository_can_be_read() {
        assert!(Figures::budgets().unwrap().get("boot-64k").is_some());
    }
}
