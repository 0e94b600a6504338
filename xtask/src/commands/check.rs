//! to come
use crate::Answer;
use anyhow::Result;
/// x
#[derive(clap::Args)]
pub struct Check {}
impl Check { pub(super) fn run(self) -> Result<Answer> { Ok(Answer::Yes) } }
