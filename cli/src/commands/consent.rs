//! Asking a person before something is done that cannot be undone.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

/// Shows what will be done and asks for a word; without a terminal nobody can be asked.
pub(crate) fn given(preview: &impl Display, warning: &str, word: &str) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    let mut out = io::stderr();
    out.write_all(format!("{preview}{warning} Type `{word}` to go ahead: ").as_bytes())?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer.trim() == word)
}
