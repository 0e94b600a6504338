//! A copy that looks at the list once a week.

use crate::desk::Desk;
use dtsec_mirror::{Amount, Mirror, Source};
use jiff::Timestamp;
use serde::Serialize;
use std::path::Path;

const WEEKS: usize = 52;

#[derive(Serialize)]
pub(crate) struct Figure {
    pub(crate) weeks: usize,
    pub(crate) changes: usize,
    /// The first look.
    pub(crate) first: Amount,
    /// A look after which nothing was new.
    pub(crate) idle: Amount,
    /// All looks of the year.
    pub(crate) year: Amount,
    /// Of that: manifests.
    pub(crate) manifests: u64,
    /// Of that: parts that changed.
    pub(crate) parts: u64,
}

/// Publishes so many changes in a year, each week's in one go, and follows.
pub(crate) fn year(desk: &mut Desk, folder: &Path, entries: usize, changes: usize) -> anyhow::Result<Figure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mirror = Mirror::new(folder.join("copy"));
    mirror.trust(&desk.root)?;
    let place = desk.tree.root().display().to_string();
    let look = |at: Timestamp| {
        let source = Source::new(&place)?;
        let synced = runtime.block_on(mirror.sync(&source, false, at))?;
        anyhow::Ok((source.fetched(), synced.bytes))
    };
    let (first, _) = look(Timestamp::now())?;
    let (idle, _) = look(Timestamp::now())?;
    let (mut year, mut manifests, mut parts, mut changed) = (Amount::default(), 0, 0, 0);
    for week in 1..=WEEKS {
        let until = changes * week / WEEKS;
        // Here and there, never the same twice.
        let which: Vec<usize> = (changed..until).map(|number| number * 7919 % entries).collect();
        changed = until;
        desk.publish(which, &format!("week {week}"))?;
        let (fetched, content) = look(Timestamp::now())?;
        year = Amount { files: year.files + fetched.files, bytes: year.bytes + fetched.bytes };
        let manifest = serde_json::to_vec(&mirror.manifest()?)?.len() as u64;
        manifests += manifest;
        parts += content.saturating_sub(manifest);
    }
    Ok(Figure { weeks: WEEKS, changes: changed, first, idle, year, manifests, parts })
}
