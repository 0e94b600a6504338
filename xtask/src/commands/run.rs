//! to come
use crate::Answer;
use anyhow::Result;
/// x
#[derive(clap::Args)]
pub struct Run {}
impl Run { pub(super) fn run(self) -> Result<Answer> { Ok(Answer::Yes) } }
