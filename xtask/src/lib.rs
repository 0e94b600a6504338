//! The workspace's own tool, `cargo xtask`: sets the machine up, builds the firmware, runs, evaluates,
//! tests and measures it.
//!
//! It may use every other tool of the machine and the `dtsec` command line; nothing may use it. Each command
//! is one file in [`commands`]; what they share lies beside.

pub mod commands;
pub mod counter;
pub mod device;
pub mod elf;
pub mod firmware;
pub mod layout;
pub mod measure;
pub mod needs;
pub mod peers;
pub mod shell;
pub mod story;
pub mod symbols;
pub mod tally;
pub mod toolchain;

/// How a command ends, as a process exit status: 0, 1 and, for an [`anyhow::Error`], 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Done, and the answer is yes: status 0.
    Yes,
    /// Done, and the answer is no – a test failed, a budget is exceeded: status 1.
    No,
    /// Not done; a program that this one ran has said why, and this was its status.
    NotDone(u8),
}

impl Answer {
    /// `Yes` if `good`.
    pub fn from_bool(good: bool) -> Self {
        if good { Self::Yes } else { Self::No }
    }

    /// The worse of both.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::NotDone(status), _) | (_, Self::NotDone(status)) => Self::NotDone(status),
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }
}
