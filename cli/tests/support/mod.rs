//! `dtsec` called in a folder, for tests of several commands.

use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// Calls it.
pub(crate) fn dtsec(folder: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dtsec"));
    command.current_dir(folder.path()).args(arguments).output().unwrap()
}

/// Calls it for JSON: the status and the object.
pub(crate) fn asked(folder: &TempDir, arguments: &[&str]) -> (i32, Value) {
    let output = dtsec(folder, &[&["--json"], arguments].concat());
    let shown = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).expect(&shown))
}

/// Calls it for what must be done.
pub(crate) fn done(folder: &TempDir, arguments: &[&str]) -> Value {
    let (status, report) = asked(folder, arguments);
    assert_eq!(status, 0, "{arguments:?}: {report}");
    report
}
