//! Running other programs, and saying what goes on.

use anyhow::{Context as _, Result, bail};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::retry_on_intr,
    process::{Pid, PidfdFlags, pidfd_open},
};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// One line to the person at the terminal. Always to standard error: standard output is for results.
pub fn note(line: &str) {
    eprintln!("{line}");
}

/// Runs a step, and prints its name before and its time after.
pub fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    note(&format!("  … {name}"));
    let start = Instant::now();
    let result = work();
    let mark = if result.is_ok() { "ok" } else { "failed" };
    note(&format!("  {mark} {name} ({:.1} s)", start.elapsed().as_secs_f32()));
    result
}

/// Runs a command with this process's own terminal; an error if it fails.
pub fn run(command: &mut Command) -> Result<()> {
    if !succeeds(command)? {
        bail!("`{}` failed; its own message is above", shown(command));
    }
    Ok(())
}

/// Runs a command with this process's own terminal; whether it succeeded.
pub fn succeeds(command: &mut Command) -> Result<bool> {
    Ok(command.status().with_context(|| format!("cannot start `{}`", shown(command)))?.success())
}

/// Runs a command in silence; an error with all that it said if it fails.
pub fn quietly(command: &mut Command) -> Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !output.status.success() {
        bail!(
            "`{}` failed:\n{}{}",
            shown(command),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

/// Runs a command for at most `limit`; whether it succeeded in that time.
pub fn within(command: &mut Command, limit: Duration) -> Result<bool> {
    let mut child =
        command.stdin(Stdio::null()).spawn().with_context(|| format!("cannot start `{}`", shown(command)))?;
    let process = pidfd_open(Pid::from_child(&child), PidfdFlags::empty())?;
    let limit = Timespec::try_from(limit)?;
    retry_on_intr(|| poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&limit)))?;
    if let Some(status) = child.try_wait()? {
        return Ok(status.success());
    }
    child.kill().and_then(|()| child.wait()).with_context(|| format!("cannot stop `{}`", shown(command)))?;
    Ok(false)
}

/// Runs a command to its end, as [`Child::wait_with_output`] does, and lets it end in its own way when this process is
/// told to (SIGINT, SIGTERM): it may have devices to switch off.
///
/// [`Child::wait_with_output`]: std::process::Child::wait_with_output
pub fn attended(command: &mut Command) -> Result<std::process::Output> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("cannot listen to signals")?;
    let handle = signals.handle();
    let child = command.spawn().with_context(|| format!("cannot start `{}`", shown(command)))?;
    let id = child.id().to_string();
    let thread = std::thread::spawn(move || {
        for signal in signals.forever() {
            // A program on the same terminal hears the first of these twice, which changes nothing.
            drop(Command::new("kill").args([&format!("-{signal}"), &id]).stderr(Stdio::null()).status());
        }
    });
    let output = child.wait_with_output();
    handle.close();
    drop(thread.join());
    output.with_context(|| format!("cannot wait for `{}`", shown(command)))
}

/// The standard output of a command, trimmed; standard error goes to the terminal.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !output.status.success() {
        bail!("`{}` failed", shown(command));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Finds a program on the search path.
pub fn which(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|d| d.join(program)).find(|p| p.is_file())
}

/// A place below cargo's own folder.
pub fn cargo_home(below: &str) -> PathBuf {
    std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".cargo")))
        .unwrap_or_default()
        .join(below)
}

/// The cargo that runs us, for work on the host, in the workspace's root.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(crate::layout::root());
    forget_package(&mut command);
    command
}

/// Takes cargo's description of *this* package out of a child's environment, so that nothing there is rebuilt for it.
pub fn forget_package(command: &mut Command) {
    for (key, _) in std::env::vars_os() {
        let name = key.to_string_lossy();
        if name.starts_with("CARGO_PKG_")
            || name.starts_with("CARGO_MANIFEST_")
            || name.starts_with("CARGO_BIN_")
        {
            command.env_remove(&key);
        }
    }
}

/// Writes `bytes` to `path` unless they are there already.
pub fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<()> {
    if std::fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// A command as a person would type it.
pub fn shown(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_may_take_so_long_and_no_longer() {
        let long = Duration::from_secs(60);
        assert!(within(&mut Command::new("true"), long).unwrap());
        assert!(!within(&mut Command::new("false"), long).unwrap());
        assert!(!within(Command::new("sleep").arg("1000"), Duration::from_millis(10)).unwrap());
    }
}
