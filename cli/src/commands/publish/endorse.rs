//! `dtsec publish stage --endorse`: whose attestation keys count, as parts of the list.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use dtsec_list::batch::{self, Batch};
use dtsec_list::endorse::Endorsements;
use dtsec_publish::{PartName, Publisher};
use dtsec_verify_service::folder;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::output::ShownPath;

/// Endorsements of attestation keys.
#[derive(Args)]
pub(super) struct Endorse {
    /// Publish what manufacturers say of their attestation keys as well: a folder with endorsements/, authorities/ and
    /// revocations.json. It is added to what is published already; nothing of that is taken back, only revoked.
    #[arg(long, value_name = "DIR")]
    endorse: Option<PathBuf>,
    /// Publish although some lines are refused: without those.
    #[arg(long, requires = "endorse")]
    skip_refused: bool,
}

/// What is new.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Endorsed {
    new_keys: usize,
    new_authorities: usize,
    new_revocations: usize,
    /// Parts of the list that change.
    batches: usize,
    refused: Vec<Line>,
}

/// A record that was refused.
#[derive(Serialize)]
struct Line {
    file: ShownPath,
    line: u64,
    why: String,
}

/// Nothing is published, because of these lines.
#[derive(Serialize)]
pub(super) struct Refused {
    refused: Vec<Line>,
}

type Parts = BTreeMap<PartName, Value>;

impl Endorse {
    /// The parts that change, and what is new in them; or why nothing is to be published.
    pub(super) fn changed(
        &self,
        publisher: &Publisher,
        now: Timestamp,
    ) -> anyhow::Result<Result<(Option<Endorsed>, Parts), Refused>> {
        let Some(folder) = &self.endorse else { return Ok(Ok((None, Parts::new()))) };
        anyhow::ensure!(folder.is_dir(), "{} is no folder", folder.display());
        let mut all = Endorsements::new();
        let mut published = BTreeMap::new();
        for (name, bytes) in publisher.parts_of(&[batch::KIND])? {
            let batch: Batch = serde_json::from_slice(&bytes).with_context(|| name.to_string())?;
            all.add(&batch).with_context(|| name.to_string())?;
            published.insert(name.to_string(), batch);
        }
        let count = |all: &Endorsements| (all.len(), all.authorities().len(), all.revocations().count());
        let before = count(&all);
        let refused = folder::enrol(folder, &mut all, now)?;
        let line = |(path, one): (PathBuf, dtsec_list::enrol::Refused)| Line {
            file: path.into(),
            line: one.line,
            why: one.why.to_string(),
        };
        let refused: Vec<Line> = refused.into_iter().map(line).collect();
        if !refused.is_empty() && !self.skip_refused {
            return Ok(Err(Refused { refused }));
        }
        let after = count(&all);
        let parts = batch::changed(&published, &all)
            .into_iter()
            .map(|(name, batch)| Ok((PartName::try_from(name)?, serde_json::to_value(batch)?)))
            .collect::<anyhow::Result<Parts>>()?;
        let endorsed = Endorsed {
            new_keys: after.0 - before.0,
            new_authorities: after.1 - before.1,
            new_revocations: after.2 - before.2,
            batches: parts.len(),
            refused,
        };
        Ok(Ok((Some(endorsed), parts)))
    }
}

impl fmt::Display for Endorsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { new_keys, new_authorities, new_revocations, batches, refused } = self;
        write!(
            f,
            "endorsed: {new_keys} new keys, {new_authorities} new authorities, {new_revocations} new revocations \
             in {batches} batches"
        )?;
        refused.iter().try_for_each(|line| write!(f, "\nleft out: {line}"))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.why)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.refused.len();
        write!(f, "refused: {lines} lines; mend them, or leave them out with --skip-refused")?;
        self.refused.iter().try_for_each(|line| write!(f, "\n{line}"))
    }
}
