//! `dtsec` as a process of its own: one that answers and ends, and one that serves until it is killed.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Output, Stdio};

use dtsec_scratch::Clock;
use serde_json::Value;

use crate::place::Place;

/// `dtsec` with an environment that says nothing of a registry.
pub(crate) fn dtsec() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dtsec"));
    for name in ["DTSEC_TOKEN", "DTSEC_SERVER", "DTSEC_DATABASE"] {
        command.env_remove(name);
    }
    command
}

/// Calls it, with something on its standard input.
pub(crate) fn called(mut command: Command, input: &[u8]) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // It may end without having read everything.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// Calls it for JSON: the status and the object.
pub(crate) fn asked(arguments: &[&str], input: &str) -> (i32, Value) {
    let mut command = dtsec();
    command.arg("--json").args(arguments);
    let output = called(command, input.as_bytes());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let object = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{arguments:?}: {said}"));
    (output.status.code().unwrap_or_else(|| panic!("{arguments:?}: {said}")), object)
}

/// As [`asked`], for what must be done.
pub(crate) fn done(arguments: &[&str]) -> Value {
    let (status, object) = asked(arguments, "");
    assert_eq!(status, 0, "{arguments:?}: {object:#}");
    object
}

/// Calls it for people: the status, and all that it says.
pub(crate) fn told(arguments: &[&str], input: &str) -> (i32, String) {
    let mut command = dtsec();
    command.args(arguments);
    let output = called(command, input.as_bytes());
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

/// A server that runs. It is killed in the end, as nobody would end it who could choose.
pub(crate) struct Server {
    child: Child,
    /// Its address, which ends with a slash.
    pub(crate) address: String,
    /// The link of the first member, in a registry that was empty.
    pub(crate) first_link: Option<String>,
}

impl Server {
    /// Starts one that believes that it is so many days later, and waits until it says where it listens. Where a test goes on some
    /// days later, it kills the server and starts another one.
    pub(crate) fn start(place: &Place, clock: &Clock, days: i64) -> Self {
        let log = File::options().create(true).append(true).open(place.path("log")).unwrap();
        let mut command = dtsec();
        command.args(["--json", "serve", "--listen", "127.0.0.1:0"]).args(place.arguments());
        clock.put(&mut command, days);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let started: Value = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("{line}: {}", std::fs::read_to_string(place.path("log")).unwrap()));
        Self {
            child,
            address: started["address"].as_str().unwrap().to_owned(),
            first_link: started["links"][0]["link"].as_str().map(str::to_owned),
        }
    }

    /// As a power cut would end it.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been killed before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
