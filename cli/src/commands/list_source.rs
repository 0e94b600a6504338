//! Where the list comes from that verdicts rest on.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use dtsec_mirror::{Mirror, MirrorError, Source};
use dtsec_verify_service::folder::Loaded;
use dtsec_verify_service::{folder, followed};
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use tempfile::TempDir;

/// What is in every copy that `dtsec list sync` keeps.
const COPY: &str = ".mirror";
/// What is in every published tree.
const TREE: &str = "metadata";

/// The list that verdicts rest on.
#[derive(Args)]
pub(crate) struct ListArgs {
    /// The list: a copy that `dtsec list sync` keeps, or the address or folder of a published tree, which is followed first (--root).
    ///
    /// A folder with list.json, endorsements/, authorities/ and revocations.json is possible as well: nothing proves then
    /// who made it.
    #[arg(long, value_name = "URL|DIR")]
    list: String,
    /// The first root of a published tree, from a source that you trust; needed until there is a copy (--keep).
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
    /// Keep the copy of a published tree in this folder: only against it can be noticed that an older list is shown.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// A list that can be read again and again.
pub(crate) struct ListSource {
    kind: Kind,
    /// Where the copy lies that nobody keeps.
    _temporary: Option<TempDir>,
}

enum Kind {
    /// A copy that somebody else syncs.
    Copy(Mirror),
    /// A tree that is followed into a copy.
    Tree { from: Source, address: String, copy: Mirror, is_kept: bool },
    /// A folder without signatures.
    Plain(PathBuf),
}

impl ListArgs {
    /// Finds out what it is.
    pub(crate) fn open(&self) -> anyhow::Result<ListSource> {
        let path = Path::new(&self.list);
        let is_tree = ["http:", "https:", "file:"].iter().any(|scheme| self.list.starts_with(scheme));
        let kind = match () {
            () if is_tree || (path.join(TREE).is_dir() && !path.join(COPY).is_dir()) => return self.tree(),
            () if path.join(COPY).is_dir() => Kind::Copy(Mirror::new(path)),
            () => Kind::Plain(path.to_owned()),
        };
        if self.root.is_some() || self.keep.is_some() {
            bail!(
                "--root and --keep are for following a published tree, and {} is none: \
                 there a copy has its own root, and a plain folder has nothing that could be verified",
                self.list
            );
        }
        Ok(ListSource { kind, _temporary: None })
    }

    fn tree(&self) -> anyhow::Result<ListSource> {
        let from = Source::new(&self.list)?;
        let temporary = match &self.keep {
            Some(_) => None,
            None => Some(tempfile::tempdir().context("cannot make a temporary folder")?),
        };
        let folder = self.keep.as_deref().or(temporary.as_ref().map(TempDir::path)).unwrap_or(Path::new("."));
        let copy = Mirror::new(folder);
        match &self.root {
            Some(path) => {
                let root = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
                copy.trust(&root).with_context(|| path.display().to_string())?;
            }
            None if copy.fresh()?.is_none() => bail!(
                "{} is a published tree: give its first root from a source that you trust (--root FILE)",
                self.list
            ),
            None => {}
        }
        let kind = Kind::Tree { from, address: self.list.clone(), copy, is_kept: self.keep.is_some() };
        Ok(ListSource { kind, _temporary: temporary })
    }
}

impl ListSource {
    /// Follows a tree; everything else is as it lies there.
    ///
    /// # Errors
    /// Why the list is not to be believed, each attack by its name. The copy stays what it was.
    pub(crate) async fn sync(&self, now: Timestamp) -> Result<(), MirrorError> {
        if let Kind::Tree { from, copy, .. } = &self.kind {
            copy.sync(from, false, now).await?;
        }
        Ok(())
    }

    /// Whether there is a list to go on with when a sync was refused.
    pub(crate) fn is_filled(&self) -> Result<bool, MirrorError> {
        match &self.kind {
            Kind::Copy(copy) | Kind::Tree { copy, .. } => Ok(copy.fresh()?.is_some()),
            Kind::Plain(_) => Ok(true),
        }
    }

    /// Reads it, and warns of what is left out.
    pub(crate) fn load(&self, now: Timestamp) -> anyhow::Result<Loaded> {
        let loaded = match &self.kind {
            Kind::Copy(copy) | Kind::Tree { copy, .. } => followed::load(copy)?,
            Kind::Plain(path) => folder::load(path, now)?,
        };
        for (path, refused) in &loaded.refused {
            eprintln!("warning: {}:{}: {}", path.display(), refused.line, refused.why);
        }
        Ok(loaded)
    }

    /// What vouches for it.
    pub(crate) fn voucher(&self) -> Voucher {
        match &self.kind {
            Kind::Copy(copy) => Voucher::Copy { folder: copy.tree().root().display().to_string() },
            Kind::Tree { address, copy, is_kept, .. } => Voucher::Followed {
                from: address.clone(),
                kept: is_kept.then(|| copy.tree().root().display().to_string()),
            },
            Kind::Plain(folder) => Voucher::Nobody { folder: folder.display().to_string() },
        }
    }
}

/// What vouches for a list.
#[derive(Clone)]
pub(crate) enum Voucher {
    /// Signatures and log, when the copy was synced.
    Copy { folder: String },
    /// Signatures and log, now.
    Followed { from: String, kept: Option<String> },
    /// Nothing.
    Nobody { folder: String },
}

impl fmt::Display for Voucher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Voucher::Copy { folder } => {
                write!(f, "{folder}, a copy whose signatures and log were verified when it was synced")
            }
            Voucher::Followed { from, kept: Some(kept) } => {
                write!(f, "{from}, signatures and log verified, and held against the copy in {kept}")
            }
            Voucher::Followed { from, kept: None } => write!(
                f,
                "{from}, signatures and log verified; that it is older than one seen before can only be noticed with --keep DIR"
            ),
            Voucher::Nobody { folder } => write!(
                f,
                "{folder}, a plain folder: NOTHING proves who made it; follow the published list (dtsec list sync)"
            ),
        }
    }
}

impl Serialize for Voucher {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "kebab-case")]
        struct Shape<'v> {
            place: &'v str,
            proven: bool,
            notices_rollback: bool,
            says: String,
        }
        let (place, proven, notices_rollback) = match self {
            Voucher::Copy { folder } => (folder, true, true),
            Voucher::Followed { from, kept } => (from, true, kept.is_some()),
            Voucher::Nobody { folder } => (folder, false, false),
        };
        Shape { place, proven, notices_rollback, says: self.to_string() }.serialize(serializer)
    }
}
