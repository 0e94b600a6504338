//! `dtsec evaluate`: runs the evaluation of a target and writes its evidence.

use crate::output::{Answer, Exit};
use anyhow::{Context, bail};
use clap::Args;
use dtsec_evaluate::{
    Applicable, Evidence, Folder, NotApplicable, Options, Progress, Selection, Summary, Target, Test,
    TestRecord, Verdict, Work,
};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use std::fmt;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Evaluate a target from outside: functional tests and attacks.
#[derive(Args)]
pub(crate) struct Evaluate {
    /// What to evaluate: mps2-an505 or virtual.
    #[arg(long, value_name = "TARGET", value_parser = target)]
    target: Target,
    /// Only tests of this SFR (id, title or alias); may be repeated.
    #[arg(long, value_name = "SFR")]
    sfr: Vec<String>,
    /// Only this test; may be repeated.
    #[arg(long, value_name = "TEST")]
    test: Vec<String>,
    /// Folder for evidence.json and report.html [default: target/evaluation/TARGET]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Folder of the built firmware [default: target/firmware/TARGET]
    #[arg(long, value_name = "DIR")]
    firmware: Option<PathBuf>,
    /// Seed of the samples, to repeat an evaluation [default: a new one]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Show the tests and run none.
    #[arg(long)]
    list: bool,
    /// Cut the samples down. For development: not evidence.
    #[arg(long)]
    quick: bool,
}

impl Evaluate {
    pub(crate) fn run(self) -> anyhow::Result<Answer> {
        let selection = Selection { sfrs: self.sfr, tests: self.test };
        if self.list {
            return Answer::new(List::of(&selection, self.target)?, Exit::Success);
        }
        let name = self.target.name();
        let seed = self.seed.unwrap_or_else(fresh_seed);
        let options = Options {
            target: self.target,
            firmware: self.firmware.unwrap_or_else(|| Path::new("target/firmware").join(name)),
            selection,
            seed,
            quick: self.quick,
        };
        let count = options.selection.resolve(self.target)?.0.len();
        dtsec_evaluate::check(&options)?;
        let folder = Folder::claim(&self.out.unwrap_or_else(|| Path::new("target/evaluation").join(name)))?;
        let work = Arc::new(Work::new().context("cannot make a temporary folder")?);
        let shown = Shown::new(count);
        let interruption = Interruption::watch(&work, &shown)?;
        eprintln!("evaluating {name}: {count} tests, seed {seed}");
        let evidence = dtsec_evaluate::evaluate(&options, &work, &shown)?;
        interruption.over();
        shown.bar.finish_and_clear();
        let written = folder.write(&evidence);
        let exit = match (evidence.verdict(), &written) {
            (_, Err(error)) => {
                eprintln!("error: {error:#}");
                Exit::AtFault
            }
            (Verdict::Pass, Ok(_)) => Exit::Success,
            (Verdict::Fail, Ok(_)) => Exit::No,
            (Verdict::Inconclusive, Ok(_)) => Exit::AtFault,
        };
        Answer::new(Evaluation { evidence, files: written.map(Vec::from).unwrap_or_default() }, exit)
    }
}

/// Whoever breaks an evaluation off (SIGINT, SIGTERM) leaves no devices and no half evidence behind.
struct Interruption {
    signals: Handle,
    thread: JoinHandle<()>,
}

impl Interruption {
    /// From now on such a signal clears `work` and ends the process. Its devices end with it: the kernel sees to that.
    fn watch(work: &Arc<Work>, shown: &Shown) -> anyhow::Result<Interruption> {
        let mut heard = Signals::new([SIGINT, SIGTERM]).context("cannot listen to signals")?;
        let signals = heard.handle();
        let (work, bar, silent) = (Arc::clone(work), shown.bar.clone(), Arc::clone(&shown.silent));
        let thread = std::thread::spawn(move || {
            if let Some(signal) = heard.forever().next() {
                silent.store(true, Ordering::Relaxed);
                bar.finish_and_clear();
                work.clear();
                eprintln!("interrupted: the devices are off, and nothing was written");
                std::process::exit(128 + signal);
            }
        });
        Ok(Interruption { signals, thread })
    }

    /// The tests are over: what remains is written in one go, which a signal no longer breaks.
    fn over(self) {
        self.signals.close();
        drop(self.thread.join());
    }
}

fn target(name: &str) -> anyhow::Result<Target> {
    let Some(target) = Target::by_name(name) else {
        bail!("there is no target `{name}`; there are {}", Target::ALL.map(Target::name).join(" and "));
    };
    Ok(target)
}

/// A seed that nobody chose. It only selects samples, so the clock will do.
fn fresh_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.as_nanos() as u64 % 1_000_000_000
}

/// Progress on standard error: a bar on a terminal, a line for each test elsewhere.
struct Shown {
    bar: ProgressBar,
    plain: bool,
    /// Whether nobody is told of anything any more.
    silent: Arc<AtomicBool>,
}

impl Shown {
    fn new(count: usize) -> Shown {
        let plain = !std::io::stderr().is_terminal();
        let bar = if plain { ProgressBar::hidden() } else { ProgressBar::new(count as u64) };
        if let Ok(style) = ProgressStyle::with_template("{elapsed_precise} {bar:30} {pos}/{len} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Shown { bar, plain, silent: Arc::default() }
    }
}

impl Progress for Shown {
    fn started(&self, test: &Test) {
        self.bar.set_message(test.title.to_owned());
    }

    fn finished(&self, record: &TestRecord) {
        // How tests end after an interruption is nobody's verdict: their devices were taken away.
        if self.silent.load(Ordering::Relaxed) {
            return;
        }
        self.bar.inc(1);
        let failed = record.verdict != Verdict::Pass;
        let mut line = format!("{:<12} {} ({:.1} s)", record.verdict.name(), record.id, record.seconds);
        if failed {
            line.push_str(&format!("\n             {}", record.conclusion));
        }
        if self.plain {
            eprintln!("{line}");
        } else if failed {
            self.bar.println(line);
        }
    }
}

/// What an evaluation answers: the table for people, the summary as JSON.
struct Evaluation {
    evidence: Evidence,
    /// What was written.
    files: Vec<PathBuf>,
}

impl Serialize for Evaluation {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Summary::serialize(&self.evidence.summary(), serializer)
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let evidence = &self.evidence;
        writeln!(f, "{:<42} {:<10} {:>6} {:>6}  result", "SFR", "", "passed", "failed")?;
        for row in &evidence.sfrs {
            let result = row.standing.name().replace('-', " ");
            writeln!(
                f,
                "{:<42} {:<10} {:>6} {:>6}  {result}",
                row.id,
                row.obligation.name(),
                row.passed,
                row.failed
            )?;
        }
        let summary = evidence.summary();
        writeln!(f, "\n{} of {} tests passed on {}", summary.passed, summary.tests, evidence.target.name())?;
        if !evidence.not_applicable.is_empty() {
            writeln!(
                f,
                "{} tests say nothing on this target (see the report)",
                evidence.not_applicable.len()
            )?;
        }
        for failure in evidence.failures() {
            writeln!(f, "{}: {}\n    {}", failure.verdict.name(), failure.id, failure.conclusion)?;
        }
        if evidence.quick {
            writeln!(f, "quick: samples were cut down; this is not evidence")?;
        }
        for file in &self.files {
            writeln!(f, "wrote {}", file.display())?;
        }
        Ok(())
    }
}

/// The tests of a selection.
#[derive(Serialize)]
struct List {
    target: Target,
    tests: Vec<Applicable>,
    not_applicable: Vec<NotApplicable>,
    /// Requirements that no test looks at yet, when all are shown.
    without_tests: Vec<&'static str>,
}

impl List {
    fn of(selection: &Selection, target: Target) -> anyhow::Result<List> {
        let (tests, not_applicable) = selection.resolve(target)?;
        let all = dtsec_evaluate::all_tests();
        let without_tests = dtsec_evaluate::sfr::all()
            .iter()
            .map(|sfr| sfr.id)
            .filter(|id| selection.is_all() && !all.iter().any(|test| test.sfr == *id))
            .collect();
        let tests = tests.iter().map(Applicable::from).collect();
        Ok(List { target, tests, not_applicable, without_tests })
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = "";
        for sfr in dtsec_evaluate::sfr::all() {
            for test in self.tests.iter().filter(|test| test.sfr == sfr.id) {
                if last != sfr.id {
                    writeln!(f, "{}", sfr.id)?;
                    last = sfr.id;
                }
                writeln!(f, "  {:<42} {:<10} {}", test.id, test.kind.name(), test.title)?;
            }
        }
        if !self.not_applicable.is_empty() {
            writeln!(f, "not on {}:", self.target.name())?;
        }
        for test in &self.not_applicable {
            writeln!(f, "  {:<42} {}", test.id, test.reason)?;
        }
        if !self.without_tests.is_empty() {
            writeln!(f, "SFRs without a test yet:")?;
        }
        for sfr in &self.without_tests {
            writeln!(f, "  {sfr}")?;
        }
        Ok(())
    }
}
