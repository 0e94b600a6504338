//! Which compiler builds the firmware: rustup's, when its standard library for the target is installed, else Debian's,
//! which compiles `core` from source.

use crate::{layout, layout::TARGET, shell};
use anyhow::{Result, bail};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Debian's compiler, cargo and source of the standard library.
pub const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// Set to `rustup` or `debian` to force the choice.
pub const CHOICE: &str = "CDD_FIRMWARE_TOOLCHAIN";

/// A compiler that can build the firmware.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// rustup's compiler with the target's own `core`.
    Rustup,
    /// Debian's compiler, with `core` built from Debian's source and rustup's linker.
    Debian {
        /// `rust-lld`, or Debian's `ld.lld`.
        linker: PathBuf,
    },
}

impl Toolchain {
    /// The best that is installed, if any.
    pub fn installed() -> Result<Option<Self>> {
        Ok(match std::env::var(CHOICE).as_deref() {
            Ok("rustup") => Self::rustup()?,
            Ok("debian") => Self::debian()?,
            Ok(other) => bail!("{CHOICE} is `{other}`; it can be `rustup` or `debian`"),
            Err(_) => Self::rustup()?.map_or_else(Self::debian, |t| Ok(Some(t)))?,
        })
    }

    fn rustup() -> Result<Option<Self>> {
        let libraries = sysroot()?.join("lib/rustlib").join(TARGET).join("lib");
        let has_core = std::fs::read_dir(libraries).is_ok_and(|mut d| {
            d.any(|e| e.is_ok_and(|e| e.file_name().to_string_lossy().starts_with("libcore-")))
        });
        Ok(has_core.then_some(Self::Rustup))
    }

    fn debian() -> Result<Option<Self>> {
        let complete =
            ["/usr/bin/rustc", "/usr/bin/cargo", "/usr/lib/rustlib/src/rust/library/core/src/lib.rs"]
                .iter()
                .all(|p| Path::new(p).is_file());
        if !complete {
            return Ok(None);
        }
        let own = sysroot()?.join("lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld");
        let linker = if own.is_file() { Some(own) } else { shell::which("ld.lld") };
        Ok(linker.map(|linker| Self::Debian { linker }))
    }

    /// In a word, for people.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Rustup => "rustup's compiler",
            Self::Debian { .. } => "Debian's compiler, core from source",
        }
    }

    /// `cargo <verb>` for the firmware's target in `root`, up to and including `--target`. Compiled files go to
    /// a directory of their own: host and firmware builds do not disturb each other.
    pub fn cargo(&self, verb: &str, root: &Path, target_dir: &Path, flags: &[&str]) -> Command {
        let mut command = match self {
            Self::Rustup => Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())),
            Self::Debian { linker } => {
                let mut command = Command::new("/usr/bin/cargo");
                command
                    .env("RUSTC", "/usr/bin/rustc")
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("CARGO_TARGET_THUMBV8M_MAIN_NONE_EABI_LINKER", linker)
                    .env_remove("CARGO")
                    .env_remove("RUSTUP_TOOLCHAIN");
                command
            }
        };
        shell::forget_package(&mut command);
        command
            .current_dir(root)
            .env("CARGO_TARGET_DIR", target_dir)
            .env("CARGO_ENCODED_RUSTFLAGS", rustflags(root, flags))
            .env_remove("RUSTFLAGS")
            .arg(verb);
        if matches!(self, Self::Debian { .. }) {
            command.arg("-Zbuild-std=core,alloc");
        }
        command.args(["--target", TARGET]);
        command
    }
}

/// Compiler flags: the core of the board, and what takes this machine's folders out of what is built, so that it comes
/// out the same anywhere.
fn rustflags(root: &Path, more: &[&str]) -> String {
    let home = shell::cargo_home("");
    let remapped = [(root, "/cdd"), (&home, "/cargo"), (Path::new("/usr/lib/rustlib/src/rust"), "/rust")]
        .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    let own = ["-Ctarget-cpu=cortex-m33"].into_iter().chain(more.iter().copied()).map(str::to_owned);
    remapped.into_iter().chain(own).collect::<Vec<_>>().join("\x1f")
}

/// The root of the host's own compiler.
fn sysroot() -> Result<PathBuf> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(rustc);
    command.current_dir(layout::root()).args(["--print", "sysroot"]);
    shell::output(&mut command).map(PathBuf::from)
}
