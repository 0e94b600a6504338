//! `cargo xtask story`: the whole story, told to whoever comes new to it.

use super::build;
use crate::{
    Answer, layout,
    needs::{self, Need},
    shell,
    story::{self, Setting},
};
use anyhow::{Context as _, Result, bail};
use std::path::PathBuf;

/// What is shown of the evaluation where not all of it is: who the device is, that a forged image and an older one do not start,
/// and that no device can speak for another.
const TESTS: [&str; 4] = [
    "identity-report-equals-what-was-signed",
    "init-wrong-signer",
    "init-older-security-counter",
    "attest-instance-identity-is-its-own",
];

/// Tells the whole story on the emulated board. Everything that was made stays in the folder.
#[derive(clap::Args)]
pub struct Story {
    /// The registry on PostgreSQL, at this address, instead of SQLite
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The folder; what an earlier story left there is thrown away [default: out/story]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// A test of the evaluation; may be repeated. A few are chosen unless told
    #[arg(long, value_name = "TEST", conflicts_with = "full")]
    test: Vec<String>,
    /// The whole evaluation
    #[arg(long)]
    full: bool,
    /// Print JSON instead of a text
    #[arg(long)]
    json: bool,
    /// With firmware and `dtsec` as they were built last
    #[arg(long)]
    no_build: bool,
}

impl Story {
    pub(super) fn run(self) -> Result<Answer> {
        needs::ensure(&Need::RUN)?;
        if !self.no_build {
            build::everything(&needs::toolchain()?)?;
        }
        let folder = emptied(self.out.unwrap_or_else(|| layout::root().join("out/story")))?;
        let tests = match self.full {
            true => Vec::new(),
            false if self.test.is_empty() => TESTS.map(str::to_owned).into(),
            false => self.test,
        };
        let setting = Setting { folder, database: self.database, tests };
        let json = self.json;
        let tale = story::tell(setting, &mut |chapter| match json {
            true => shell::note(&format!("  {}. {}", chapter.number, chapter.title)),
            false => println!("{chapter}"),
        })?;
        match json {
            true => println!("{:#}", serde_json::to_value(&tale)?),
            false => {
                println!("Everything lies in {}; the commands can be repeated there.", tale.folder.display())
            }
        }
        Ok(Answer::Yes)
    }
}

/// What marks a folder as a story's: nothing else is thrown away.
const MARK: &str = "story.txt";

fn emptied(folder: PathBuf) -> Result<PathBuf> {
    let context = || format!("cannot make {}", folder.display());
    if folder.exists() {
        if !folder.join(MARK).is_file() {
            bail!(
                "{} is there and was not made by this command; choose another folder (--out)",
                folder.display()
            );
        }
        std::fs::remove_dir_all(&folder).with_context(context)?;
    }
    std::fs::create_dir_all(&folder).with_context(context)?;
    std::fs::write(folder.join(MARK), "Made by `cargo xtask story`.\n").with_context(context)?;
    std::fs::canonicalize(&folder).with_context(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_story_left_is_thrown_away() {
        let place = tempfile::tempdir().unwrap();
        let told = emptied(place.path().join("story")).unwrap();
        std::fs::write(told.join("list.json"), "{}").unwrap();
        assert!(!emptied(told).unwrap().join("list.json").exists());
        let error = emptied(place.path().to_owned()).unwrap_err().to_string();
        assert!(error.contains("was not made by this command"), "{error}");
    }
}
