//! `dtsec list`: a copy of the published list, for whoever depends on it.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use dtsec_mirror::{Difference, Fresh, Mirror, MirrorError, Proven, Source, Synced};
use dtsec_publish::{Leaf, PartName};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::output::{Answer, Exit};

/// Follow the published list: keep a copy that works offline, and hold it against its log.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Fetch what is new, and keep it only if signatures, list and log fit together.
    Sync(Sync),
    /// Show an entry or another part, and its history with proofs. Without a part: all there are.
    Show(Show),
    /// Examine a copy as a stranger would who has the first root: every signature, the whole log, every part.
    Check(Check),
    /// What a later copy has that an earlier one has not.
    Diff(Diff),
}

/// Fetch what is new, and keep it only if signatures, list and log fit together.
///
/// The status is 1 where the list is not to be believed: the message names why – rollback, frozen, mixture, quietly removed,
/// listed or changed, split view – and the copy stays what it was.
#[derive(Args)]
pub(crate) struct Sync {
    /// The copy's folder.
    folder: PathBuf,
    /// Where the list is published: an address, or a folder.
    #[arg(long, value_name = "URL|DIR")]
    from: String,
    /// The first root, from a source that you trust; needed once.
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
    /// Leave out pages and feeds.
    #[arg(long)]
    without_pages: bool,
}

/// Show an entry or another part, and its history with proofs.
#[derive(Args)]
pub(crate) struct Show {
    /// The copy's folder.
    folder: PathBuf,
    /// The part: entry/ID, lab/ID, …
    part: Option<PartName>,
}

/// Examine a copy. The status is 1 where something is wrong, or where it is stale.
#[derive(Args)]
pub(crate) struct Check {
    /// The copy's folder.
    folder: PathBuf,
    /// The first root, from a source that you trust: for a copy that others made.
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
}

/// What a later copy has that an earlier one has not. The status is 1 where their logs are not one.
#[derive(Args)]
pub(crate) struct Diff {
    /// The earlier copy.
    earlier: PathBuf,
    /// The later copy.
    later: PathBuf,
}

impl Command {
    pub(crate) fn run(self) -> anyhow::Result<Answer> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let now = Timestamp::now();
        let done = match self {
            Command::Sync(call) => return runtime.block_on(call.run(now)),
            Command::Show(call) => call.run(now),
            Command::Check(call) => runtime.block_on(call.run(now)),
            Command::Diff(call) => call.run(),
        };
        done.or_else(refused)
    }
}

/// What is wrong with a list is an answer; that it could not be had is not.
pub(super) fn refused(error: anyhow::Error) -> anyhow::Result<Answer> {
    match error.downcast::<MirrorError>() {
        Ok(
            error @ (MirrorError::Source(_)
            | MirrorError::Tree(_)
            | MirrorError::NoRoot
            | MirrorError::OtherRoot
            | MirrorError::Busy),
        ) => Err(error.into()),
        Ok(error) => Answer::new(Refused { refused: error.to_string(), attack: name(&error) }, Exit::No),
        Err(error) => Err(error),
    }
}

/// The name of what was found, for tools.
fn name(error: &MirrorError) -> &'static str {
    match error {
        MirrorError::Rollback(_) => "rollback",
        MirrorError::Frozen { .. } => "freeze",
        MirrorError::Mixture(_) => "mix-and-match",
        MirrorError::QuietRemoval(_) => "quiet-removal",
        MirrorError::QuietListing(_) => "quiet-listing",
        MirrorError::QuietChange(_) => "quiet-change",
        MirrorError::SplitView { .. } | MirrorError::LogWentBack { .. } | MirrorError::OtherLog { .. } => {
            "split-view"
        }
        MirrorError::Signature(_) => "signature",
        MirrorError::Checkpoint(_) => "checkpoint",
        MirrorError::Digest { .. }
        | MirrorError::Damaged { .. }
        | MirrorError::Tile(_)
        | MirrorError::Leaf { .. } => "damage",
        _ => "metadata",
    }
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Refused {
    refused: String,
    attack: &'static str,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused: {}", self.refused)
    }
}

/// As of when, and whether that is still good.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Age {
    #[serde(flatten)]
    fresh: Fresh,
    stale: bool,
}

impl Age {
    fn new(fresh: Fresh, now: Timestamp) -> Self {
        Self { fresh, stale: fresh.stale_at(now).is_some() }
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fresh { as_of, until } = self.fresh;
        match self.stale {
            false => write!(f, "list as of {as_of}, fresh until {until}"),
            true => write!(f, "list as of {as_of}, STALE since {until}: fetch it anew"),
        }
    }
}

impl Sync {
    async fn run(self, now: Timestamp) -> anyhow::Result<Answer> {
        let mirror = Mirror::new(&self.folder);
        if let Some(path) = &self.root {
            let root = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            mirror.trust(&root)?;
        }
        let source = Source::new(&self.from)?;
        match mirror.sync(&source, !self.without_pages, now).await {
            Ok(synced) => Answer::new(Report { age: Age::new(synced.fresh, now), synced }, Exit::Success),
            Err(error) => refused(error.into()),
        }
    }
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    synced: Synced,
    #[serde(skip)]
    age: Age,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Synced { version, leaves, parts, bytes, .. } = &self.synced;
        writeln!(f, "version {version}, {parts} parts, {} KB fetched", bytes.div_ceil(1000))?;
        for leaf in leaves {
            writeln!(f, "  {}", line(leaf))?;
        }
        write!(f, "{}", self.age)
    }
}

fn line(leaf: &Leaf) -> String {
    format!("{}  {:<28} {}", leaf.at, leaf.event, leaf.part)
}

impl Show {
    fn run(self, now: Timestamp) -> anyhow::Result<Answer> {
        let mirror = Mirror::new(&self.folder);
        let age = Age::new(mirror.fresh()?.ok_or(MirrorError::NoRoot)?, now);
        match self.part {
            None => {
                let parts = mirror.manifest()?.parts.into_keys().collect();
                Answer::new(Parts { parts, list: age }, Exit::Success)
            }
            Some(name) => {
                let state = mirror.part(&name)?;
                let exit = if state.is_some() { Exit::Success } else { Exit::No };
                let history = mirror.history(Some(&name))?;
                Answer::new(Shown { part: name, state, history, list: age }, exit)
            }
        }
    }
}

#[derive(Serialize)]
struct Parts {
    parts: Vec<PartName>,
    list: Age,
}

#[derive(Serialize)]
struct Shown {
    part: PartName,
    state: Option<Value>,
    history: Vec<Proven>,
    list: Age,
}

impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| writeln!(f, "{part}"))?;
        write!(f, "{}", self.list)
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.state {
            None => writeln!(f, "{} is not in the list", self.part)?,
            Some(state) => writeln!(f, "{state:#}")?,
        }
        for Proven { number, leaf, proof } in &self.history {
            writeln!(f, "  {}  (entry {number} of the log, proven by {} hashes)", line(leaf), proof.len())?;
        }
        write!(f, "{}", self.list)
    }
}

impl Check {
    async fn run(self, now: Timestamp) -> anyhow::Result<Answer> {
        let read =
            |path: &PathBuf| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        let root = self.root.as_ref().map(read).transpose()?;
        let (fresh, size) = Mirror::new(&self.folder).check(root.as_deref()).await?;
        let list = Age::new(fresh, now);
        let exit = if list.stale { Exit::No } else { Exit::Success };
        Answer::new(Checked { list, log_size: size }, exit)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Checked {
    list: Age,
    log_size: u64,
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "signatures, list and log fit together; the log has {} entries", self.log_size)?;
        write!(f, "{}", self.list)
    }
}

impl Diff {
    fn run(self) -> anyhow::Result<Answer> {
        let difference = Mirror::new(self.earlier).diff(&Mirror::new(self.later))?;
        Answer::new(Differs(difference), Exit::Success)
    }
}

#[derive(Serialize)]
struct Differs(Difference);

impl fmt::Display for Differs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { added, changed, gone, leaves } = &self.0;
        for (sign, parts) in [("+", added), ("~", changed), ("-", gone)] {
            parts.iter().try_for_each(|part| writeln!(f, "{sign} {part}"))?;
        }
        leaves.iter().try_for_each(|leaf| writeln!(f, "  {}", line(leaf)))?;
        write!(
            f,
            "{} added, {} changed, {} gone, {} events",
            added.len(),
            changed.len(),
            gone.len(),
            leaves.len()
        )
    }
}
