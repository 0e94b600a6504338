//! How many tests passed, read from what the test runners print.

use crate::shell;
use anyhow::{Context as _, Result};
use std::{
    fmt,
    io::{BufRead as _, BufReader, Read},
    ops::AddAssign,
    process::{Command, Stdio},
};

/// Tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Passed.
    pub passed: u64,
    /// Failed, or stopped for taking too long.
    pub failed: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// Who runs the tests. nextest shows what a failed test program printed, a summary of libtest included: that one must
/// not be counted again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// cargo-nextest: `Summary [ 1.2s] 5 tests run: 4 passed (1 slow), 1 failed, 2 skipped`.
    Nextest,
    /// Rust's own, for each test program: `test result: ok. 4 passed; 1 failed; …`.
    Libtest,
}

impl Tally {
    /// Runs a test runner, shows what it says, and adds up its summaries; and whether it ended well.
    pub fn of(command: &mut Command, runner: Runner) -> Result<(Self, bool)> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start `{}`", shell::shown(command)))?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let (mut tally, other) = std::thread::scope(|scope| {
            let err = scope.spawn(|| read(err, runner));
            (read(out, runner), err.join().unwrap_or_default())
        });
        tally += other;
        Ok((tally, child.wait()?.success()))
    }

    /// What one line says.
    fn of_line(line: &str, runner: Runner) -> Option<Self> {
        let line = line.trim();
        let counts = match runner {
            Runner::Nextest => line.strip_prefix("Summary [")?.split_once(" run:")?.1,
            Runner::Libtest => line.strip_prefix("test result:")?.split_once('.')?.1,
        };
        let mut tally = Self::default();
        for part in counts.split([',', ';']) {
            let mut words = part.split_whitespace();
            let (Some(Ok(count)), Some(kind)) = (words.next().map(str::parse::<u64>), words.next()) else {
                continue;
            };
            match kind {
                "passed" => tally.passed += count,
                "failed" | "timed" | "exec" => tally.failed += count,
                _ => {}
            }
        }
        Some(tally)
    }
}

fn read(stream: Option<impl Read>, runner: Runner) -> Tally {
    let mut tally = Tally::default();
    let Some(stream) = stream else { return tally };
    for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        shell::note(&line);
        if let Some(counts) = Tally::of_line(&line, runner) {
            tally += counts;
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summaries_of_both_runners_are_understood() {
        use Runner::{Libtest, Nextest};
        let lines = [
            (Nextest, "     Summary [   0.014s] 9 tests run: 9 passed, 0 skipped", 9, 0),
            (
                Nextest,
                " Summary [ 3.1s] 12/14 tests run: 9 passed (2 slow, 1 leaky), 2 failed, 1 timed out, 2 skipped",
                9,
                3,
            ),
            (
                Libtest,
                "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s",
                3,
                0,
            ),
            (Libtest, "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out", 1, 2),
        ];
        for (runner, line, passed, failed) in lines {
            assert_eq!(Tally::of_line(line, runner), Some(Tally { passed, failed }), "{line}");
        }
    }

    #[test]
    fn the_result_that_a_failed_program_printed_is_not_counted_twice_under_nextest() {
        assert_eq!(
            Tally::of_line("    test result: FAILED. 0 passed; 1 failed; 0 ignored", Runner::Nextest),
            None
        );
    }

    #[test]
    fn other_lines_count_nothing() {
        for line in ["", "test a::b ... ok", "3 passed", "running 3 tests"] {
            assert_eq!(Tally::of_line(line, Runner::Libtest), None, "{line}");
        }
    }
}
