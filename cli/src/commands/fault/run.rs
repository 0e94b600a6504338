//! `dtsec fault run`.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Instant;

use clap::Args;
use dtsec_fault::{Provenance, Shard};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Report, What};
use crate::files;
use crate::output::Answer;

/// Run a campaign, or a shard of one.
///
/// Every injection is a run of the real images with one fault. A run that must be refused and is not is an acceptance;
/// the status is 1 where there is one. A campaign that was killed goes on with the same --progress.
#[derive(Args)]
pub(crate) struct Run {
    #[command(flatten)]
    what: What,
    /// Only this part of the list, for an array of machines.
    #[arg(long, value_name = "K/N", default_value = "1/1")]
    shard: String,
    /// Keep what is done in this file, and go on from it.
    #[arg(long, value_name = "FILE")]
    progress: Option<PathBuf>,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// File for the record, to be merged, shown and signed.
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Run {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let (mut campaign, images) = self.what.campaign()?;
        campaign.shard = Shard::parse(&self.shard)?;
        campaign.progress_file = self.progress;
        campaign.threads = self.threads.unwrap_or(0);
        let began = jiff::Timestamp::now();
        let ready = campaign.prepare(&images)?;
        // Silent where standard error is no terminal.
        let bar = ProgressBar::new(0).with_style(style());
        let start = Instant::now();
        // What an earlier run has done is not this one's speed.
        let kept = OnceLock::new();
        let mut record = campaign.run(&ready, |done, total| {
            kept.get_or_init(|| {
                bar.reset_eta();
                done
            });
            bar.set_length(total);
            bar.set_position(done);
        })?;
        bar.finish_and_clear();
        let done = record.total.runs - kept.get().copied().unwrap_or(0);
        let speed = done as f64 / start.elapsed().as_secs_f64();
        record.provenance = Some(Provenance {
            host: host(),
            started: format!("{began:.0}"),
            finished: format!("{:.0}", jiff::Timestamp::now()),
        });
        if let Some(path) = &self.out {
            files::write(path, record.to_json().as_bytes())?;
        }
        let runs_per_second = (done > 0).then_some(speed.round() as u64);
        Report { record, out: self.out.map(Into::into), runs_per_second }.answer()
    }
}

fn style() -> ProgressStyle {
    let template = "{elapsed_precise} {bar:30} {human_pos}/{human_len} runs, {per_sec}, {eta} left";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Operating system and processor.
fn host() -> String {
    format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)
}
