//! Where the story happens: a folder, a day, and `dtsec`.

use super::{Tale, Verdict};
use crate::{device::Board, layout};
use anyhow::{Context as _, Result, bail};
use dtsec_scratch::Clock;
use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use serde::Serialize;
use serde_json::Value;
use std::{
    fmt,
    fs::File,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// The last day of the story: today.
const LAST: i64 = 14;

/// Where and with what it is told.
pub struct Setting {
    /// An empty folder.
    pub folder: PathBuf,
    /// The registry's database; SQLite in the folder where there is none.
    pub database: Option<String>,
    /// The tests of the evaluation; all of them where none is named.
    pub tests: Vec<String>,
}

/// What belongs together.
#[derive(Debug, Clone, Serialize)]
pub struct Chapter {
    /// Its number, from 1.
    pub number: usize,
    /// The day of the story.
    pub day: i64,
    /// What happens.
    pub title: String,
    /// What that is about.
    pub about: String,
    /// What was done.
    pub deeds: Vec<Deed>,
}

/// What somebody did.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Deed {
    /// Who.
    pub by: String,
    /// The command, as it can be typed in the story's folder.
    pub command: String,
    /// What came out.
    pub came_out: String,
}

impl fmt::Display for Chapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}. {} (day {})", self.number, self.title, self.day)?;
        writeln!(f, "   {}", self.about)?;
        for Deed { by, command, came_out } in &self.deeds {
            writeln!(f, "   {by:<12} {command}")?;
            writeln!(f, "   {:<12} → {came_out}", "")?;
        }
        Ok(())
    }
}

/// Who sees to a day's work, by the role that is told.
pub(super) const DEVELOPER: &str = "developer";
/// The lab.
pub(super) const LAB: &str = "lab";
/// The working group.
pub(super) const GROUP: &str = "group";
/// Whoever found the vulnerability.
pub(super) const FINDER: &str = "researcher";
/// Who relies on the list.
pub(super) const HOSPITAL: &str = "hospital";
/// Who publishes it.
pub(super) const PUBLISHER: &str = "publisher";

/// The story as far as it has been told.
pub(super) struct Scene<'t> {
    pub(super) setting: Setting,
    pub(super) board: Board,
    clock: Clock,
    day: i64,
    begun: Date,
    server: Option<Server>,
    chapter: Option<Chapter>,
    chapters: Vec<Chapter>,
    pub(super) verdicts: Vec<Verdict>,
    told: &'t mut dyn FnMut(&Chapter),
}

/// The registry's server. It is killed in the end: nothing that it acknowledged may hang on how it ends.
struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl<'t> Scene<'t> {
    pub(super) fn new(setting: Setting, told: &'t mut dyn FnMut(&Chapter)) -> Result<Self> {
        let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
        let begun = today.checked_sub(LAST.days()).context("the calendar begins later")?;
        Ok(Self {
            board: Board::read()?,
            setting,
            clock: Clock::new(),
            day: 0,
            begun,
            server: None,
            chapter: None,
            chapters: Vec::new(),
            verdicts: Vec::new(),
            told,
        })
    }

    /// A chapter begins.
    pub(super) fn begins(&mut self, title: &str, about: &str) {
        self.ends();
        self.chapter = Some(Chapter {
            number: self.chapters.len() + 1,
            day: self.day,
            title: title.to_owned(),
            about: about.to_owned(),
            deeds: Vec::new(),
        });
    }

    /// It ends.
    pub(super) fn ends(&mut self) {
        if let Some(chapter) = self.chapter.take() {
            (self.told)(&chapter);
            self.chapters.push(chapter);
        }
    }

    /// Something that is worth telling.
    pub(super) fn deed(&mut self, by: &str, command: &str, came_out: impl Into<String>) {
        if let Some(chapter) = &mut self.chapter {
            chapter.deeds.push(Deed {
                by: by.to_owned(),
                command: command.to_owned(),
                came_out: came_out.into(),
            });
        }
    }

    pub(super) fn tale(mut self) -> Tale {
        self.ends();
        let Self { chapters, verdicts, setting, .. } = self;
        Tale { chapters, verdicts, folder: setting.folder }
    }

    /// A day of the story, as the registry writes it.
    pub(super) fn date(&self, day: i64) -> Result<String> {
        Ok(self.begun.checked_add(day.days()).context("the calendar ends earlier")?.to_string())
    }

    /// Days go by: the server is killed as by a power cut, and goes on.
    pub(super) fn goes_on(&mut self, day: i64) -> Result<()> {
        self.day = day;
        if self.server.take().is_some() && self.serve()?.is_some() {
            bail!("the registry has lost what it had acknowledged");
        }
        Ok(())
    }

    /// A path in the folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.setting.folder.join(name)
    }

    /// Writes a file into the folder.
    pub(super) fn put(&self, name: &str, content: impl AsRef<[u8]>) -> Result<()> {
        let path = self.path(name);
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, content))
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// The arguments that say where the registry is.
    pub(super) fn registry_place(&self) -> Vec<String> {
        let mut place = vec!["--data".to_owned(), "data".to_owned()];
        place.extend(self.setting.database.iter().flat_map(|url| ["--database".to_owned(), url.clone()]));
        place
    }

    fn command(&self) -> Command {
        let mut command = Command::new(layout::dtsec());
        command.current_dir(&self.setting.folder);
        for name in ["DTSEC_TOKEN", "DTSEC_SERVER", "DTSEC_DATABASE"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs `dtsec` for its status and its JSON. What has to do with a device is not given another clock: the emulator is none of ours.
    pub(super) fn asks(&self, arguments: &[&str], input: &str) -> Result<(i32, Value)> {
        let mut command = self.command();
        command.arg("--json").args(arguments);
        if !matches!(arguments.first(), Some(&("device" | "evaluate")))
            && arguments.get(..2) != Some(&["attest", "token"])
            && arguments.get(..2) != Some(&["attest", "key"])
        {
            self.clock.put(&mut command, self.day - LAST);
        }
        let shown = || format!("dtsec {}", arguments.join(" "));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start `{}`", shown()))?;
        if let Some(mut stdin) = child.stdin.take() {
            // It may end without having read everything.
            drop(stdin.write_all(input.as_bytes()));
        }
        let output = child.wait_with_output().with_context(|| format!("cannot wait for `{}`", shown()))?;
        let said = String::from_utf8_lossy(&output.stderr);
        let status = output.status.code().with_context(|| format!("`{}` was killed: {said}", shown()))?;
        let value = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("`{}` ended with {status} and no JSON: {said}", shown()))?;
        Ok((status, value))
    }

    /// Runs `dtsec` for what has to be done, without a word.
    pub(super) fn quietly(&self, arguments: &[&str], input: &str) -> Result<Value> {
        let (status, value) = self.asks(arguments, input)?;
        if status != 0 {
            bail!("`dtsec {}` ended with {status}: {value:#}", arguments.join(" "));
        }
        Ok(value)
    }

    /// Runs `dtsec` for what has to be done, and tells of it.
    pub(super) fn does(
        &mut self,
        by: &str,
        arguments: &[&str],
        came_out: impl FnOnce(&Value) -> String,
    ) -> Result<Value> {
        let value = self.quietly(arguments, "")?;
        self.deed(by, &typed(arguments), came_out(&value));
        Ok(value)
    }

    /// Starts the registry's server, and gives the link with which the first member signs in, where it is new.
    pub(super) fn serve(&mut self) -> Result<Option<String>> {
        self.server = None;
        let log = self.path("registry.log");
        let log = File::options().create(true).append(true).open(&log).context("cannot write the log")?;
        let mut command = self.command();
        command.args(["--json", "serve", "--listen", "127.0.0.1:0"]).args(self.registry_place());
        self.clock.put(&mut command, self.day - LAST);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().context("cannot start `dtsec serve`")?;
        let stdout = child.stdout.take().context("the server has no output")?;
        // From here on it is killed, whatever happens.
        let mut server = Server { child, address: String::new() };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).context("the server says nothing")?;
        let started: Value = serde_json::from_str(&line).with_context(|| {
            format!("the registry does not start; see {}", self.path("registry.log").display())
        })?;
        server.address = started["address"].as_str().context("the server has no address")?.to_owned();
        self.server = Some(server);
        Ok(started["links"][0]["link"].as_str().map(str::to_owned))
    }

    /// Where the server is.
    pub(super) fn server(&self) -> Result<&str> {
        Ok(&self.server.as_ref().context("no server runs")?.address)
    }
}

/// A command as a shell takes it.
pub(super) fn typed(arguments: &[&str]) -> String {
    let mut line = String::from("dtsec");
    for argument in arguments {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=+,".contains(&byte);
        match argument.bytes().all(plain) {
            true => line.extend([" ", argument]),
            false => line.extend([" '", &argument.replace('\'', r"'\''"), "'"]),
        }
    }
    line
}

/// A text of a value; empty where there is none.
pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The texts in a value.
pub(super) fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
