//! What was measured, for people and as JSON.

use crate::On;
use crate::ask::SHARES;
use crate::load::{Latencies, Outcome, Plan};
use serde::Serialize;
use std::fmt::{self, Display, Formatter};

/// What was measured on one database.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Figures {
    /// Which.
    pub on: On,
    /// Products in the list.
    pub products: usize,
    /// Events in the log.
    pub events: i64,
    /// Seconds in which the registry was filled.
    pub filling: f64,
    /// Milliseconds from the start of the server's process to its first page.
    pub start: f64,
    /// The most memory of the server's process, in bytes.
    pub most_memory: u64,
    /// Milliseconds of one core for a request, in the server's process.
    pub cpu: f64,
    /// The size of the database, in bytes.
    pub database: u64,
    /// What the requests took.
    pub outcome: Outcome,
}

/// What was measured.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// Requests a second.
    pub rate: u32,
    /// Seconds that are counted.
    pub seconds: f64,
    /// Cores of the machine.
    pub cores: usize,
    /// On each database.
    pub measured: Vec<Figures>,
}

/// What the project aims at.
const AIMS: &str = "p95 below 20 ms, start below 1,000 ms";

impl Report {
    /// Of figures.
    pub fn new(plan: Plan, measured: Vec<Figures>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { rate: plan.rate, seconds: plan.duration.as_secs_f64(), cores, measured }
    }
}

fn line(out: &mut Formatter<'_>, name: &str, times: &Latencies, bytes: Option<usize>) -> fmt::Result {
    let Latencies { requests, p50, p95, p99, most } = times;
    let bytes = bytes.map_or(String::new(), |bytes| bytes.to_string());
    writeln!(out, "  {name:22}{requests:>9}{p50:>9.2}{p95:>9.2}{p99:>9.2}{most:>9.2}{bytes:>10}")
}

impl Display for Figures {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        const MIB: f64 = 1_048_576.0;
        #[allow(clippy::cast_precision_loss, reason = "shown with one digit")]
        let mib = |bytes: u64| bytes as f64 / MIB;
        let Self { products, events, filling, start, cpu, outcome, .. } = self;
        writeln!(
            out,
            "\n{}: {products} products, {events} events, filled in {filling:.1} s",
            self.on.name()
        )?;
        writeln!(
            out,
            "  start {start:.0} ms, memory {:.1} MiB at most, {cpu:.2} ms of a core a request, database {:.1} MiB, {} connections, {} errors",
            mib(self.most_memory),
            mib(self.database),
            outcome.connections,
            outcome.errors
        )?;
        if let Some(error) = &outcome.first_error {
            writeln!(out, "  the first error: {error}")?;
        }
        let (requests, bytes) = ("requests", "bytes");
        writeln!(
            out,
            "  {:22}{requests:>9}{:>9}{:>9}{:>9}{:>9}{bytes:>10}",
            "milliseconds", "p50", "p95", "p99", "most"
        )?;
        for (kind, _) in SHARES {
            if let Some(times) = outcome.kinds.get(&kind) {
                line(out, kind.name(), times, outcome.bytes.get(&kind).copied())?;
            }
        }
        line(out, "all", &outcome.all, None)
    }
}

impl Display for Report {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let Self { rate, seconds, cores, .. } = self;
        writeln!(
            out,
            "The programme's server: {rate} requests a second for {seconds} s, each counted from when it was due; {cores} cores, \
             shared with who asks\n  aims: {AIMS}"
        )?;
        self.measured.iter().try_for_each(|figures| figures.fmt(out))
    }
}
