//! `dtsec publish`: the published list, its keys, and who holds them.

mod endorse;
mod keygen;
mod release;
mod root;
mod stage;
mod witness;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use dtsec_publish::{RoleKey, tree::Tree};
use zeroize::Zeroizing;

use crate::output::Answer;

/// Publish the list: a static tree, signed, that any web server serves.
///
/// Who holds which key is decided once, in a ceremony: `keygen` for each holder, `root new`, `root sign` by enough of the
/// root's holders, each offline. After that `sign` and `release` for each new list, and `refresh` daily. A key that was lost
/// or stolen is replaced by `root new --after`.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a key for a role, for the log or for a witness.
    Keygen(keygen::Keygen),
    /// Say who holds the roles.
    #[command(subcommand)]
    Root(root::Command),
    /// Stage what happened in the registry since the last publication.
    Stage(Box<stage::Stage>),
    /// Sign the list that is staged, as a member of the working group.
    Sign(release::Sign),
    /// Release the list that is staged and signed by enough members.
    Release(release::Release),
    /// Sign anew how fresh the list is.
    Refresh(release::Refresh),
    /// Watch the log of a list that somebody else publishes.
    #[command(subcommand)]
    Witness(witness::Command),
}

impl Command {
    pub(crate) fn run(self, json: bool) -> anyhow::Result<Answer> {
        match self {
            Command::Keygen(command) => command.run(),
            Command::Root(command) => command.run(),
            Command::Stage(command) => command.run(),
            Command::Sign(command) => command.run(),
            Command::Release(command) => command.run(),
            Command::Refresh(command) => command.run(),
            Command::Witness(command) => command.run(json),
        }
    }
}

fn read_key(path: &Path) -> anyhow::Result<RoleKey> {
    let read = std::fs::read_to_string(path).map(Zeroizing::new);
    let text = read.with_context(|| format!("cannot read {}", path.display()))?;
    RoleKey::from_pem(&text).with_context(|| format!("{} is of no use", path.display()))
}

/// The tree, and what is known of its log.
#[derive(clap::Args)]
struct Place {
    /// The tree's folder.
    #[arg(long, value_name = "DIR")]
    tree: PathBuf,
    /// The log's public key and its witnesses: a JSON file with `log`, `witnesses`, `quorum`.
    #[arg(long, value_name = "FILE")]
    log: PathBuf,
}

impl Place {
    fn publisher(&self) -> anyhow::Result<dtsec_publish::Publisher> {
        let text = crate::files::text(&self.log)?;
        let policy = serde_json::from_str(&text).with_context(|| self.log.display().to_string())?;
        Ok(dtsec_publish::Publisher::new(Tree::new(&self.tree), policy, Default::default())?)
    }
}
