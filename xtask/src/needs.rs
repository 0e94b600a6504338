//! What a command needs of the machine, and how it gets there. Looking takes milliseconds, so each command asks for its
//! own part every time.

use crate::{
    layout,
    layout::TARGET,
    shell,
    toolchain::{CHOICE, DEBIAN_PACKAGES, Toolchain},
};
use anyhow::{Context as _, Result, bail};
use std::{path::Path, process::Command, sync::Once, time::Duration};

/// What of other people's we are tested against: the real imgtool, and a COSE and a CBOR implementation that are not
/// ours (pycose cannot decode with cbor2 6).
pub const PYTHON_PEERS: [&str; 4] = ["imgtool==2.5.0", "pycose==1.1.0", "cbor2==5.9.0", "tuf==7.0.1"];

/// Something that is not in this repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// A compiler for the firmware's target.
    Toolchain,
    /// The C compiler for assembly in dependencies of the firmware.
    ArmGcc,
    /// The emulator.
    Qemu,
    /// Other people's Python ([`PYTHON_PEERS`]), in an environment of its own.
    PythonPeers,
    /// Somebody else's validator of advisories.
    CsafValidator,
    /// The database of larger registries, for its tests.
    Postgres,
    /// A browser and its driver, for the tests of the pages.
    Browser,
    /// The licence and advisory check.
    CargoDeny,
}

/// The version of csaf-validator that is run.
const CSAF_VALIDATOR: &str = "0.5.2";

impl Need {
    /// What `setup` provides: all but cargo-deny, which takes minutes to compile and which only `check` needs.
    pub const ALL: [Self; 7] = [
        Self::Toolchain,
        Self::ArmGcc,
        Self::Qemu,
        Self::PythonPeers,
        Self::CsafValidator,
        Self::Postgres,
        Self::Browser,
    ];

    /// What a build of the firmware needs.
    pub const BUILD: [Self; 2] = [Self::Toolchain, Self::ArmGcc];

    /// What a run in the emulator needs.
    pub const RUN: [Self; 3] = [Self::Toolchain, Self::ArmGcc, Self::Qemu];

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Toolchain => "Rust for thumbv8m.main-none-eabi",
            Self::ArmGcc => "gcc-arm-none-eabi",
            Self::Qemu => "qemu-system-arm",
            Self::PythonPeers => "imgtool, pycose, cbor2 and python-tuf",
            Self::CsafValidator => "csaf-validator",
            Self::Postgres => "postgresql",
            Self::Browser => "chromium and its driver",
            Self::CargoDeny => "cargo-deny",
        }
    }

    /// Whether it is there.
    pub fn is_met(self) -> Result<bool> {
        Ok(match self {
            Self::Toolchain => Toolchain::installed()?.is_some(),
            Self::ArmGcc => {
                shell::which("arm-none-eabi-gcc").is_some()
                    && Path::new("/usr/lib/arm-none-eabi/newlib").is_dir()
            }
            Self::Qemu => shell::which("qemu-system-arm").is_some(),
            Self::PythonPeers => {
                layout::imgtool().is_file() && peers_stamp().is_some_and(|s| s == PYTHON_PEERS.join(" "))
            }
            Self::CsafValidator => layout::csaf_validator().is_file(),
            Self::Postgres => Path::new("/usr/lib/postgresql").is_dir(),
            Self::Browser => shell::which("chromium").is_some() && shell::which("chromedriver").is_some(),
            Self::CargoDeny => {
                shell::which("cargo-deny").is_some() || shell::cargo_home("bin/cargo-deny").is_file()
            }
        })
    }

    fn install(self) -> Result<()> {
        match self {
            Self::Toolchain => install_toolchain(),
            Self::ArmGcc => apt_install(&["gcc-arm-none-eabi", "libnewlib-arm-none-eabi"]),
            Self::Qemu => apt_install(&["qemu-system-arm"]),
            Self::PythonPeers => install_peers(),
            // Of its own, and not a dependency of ours: with it everybody's JSON objects would keep another order. Unoptimised: it reads a few pages.
            Self::CsafValidator => shell::run(
                shell::cargo()
                    .args([
                        "install",
                        "--debug",
                        "--locked",
                        "--quiet",
                        "--version",
                        CSAF_VALIDATOR,
                        "--root",
                    ])
                    .arg(layout::tools())
                    .arg("csaf-validator"),
            ),
            Self::Postgres => apt_install(&["postgresql"]),
            Self::Browser => apt_install(&["chromium", "chromium-driver"]),
            Self::CargoDeny => {
                shell::run(shell::cargo().args(["install", "--locked", "--quiet", "cargo-deny"]))
            }
        }
    }
}

/// Makes sure of each, installing what is missing.
pub fn ensure(needs: &[Need]) -> Result<()> {
    for &need in needs {
        if need.is_met()? {
            continue;
        }
        shell::step(&format!("install {}", need.name()), || need.install())?;
        if !need.is_met()? {
            bail!("{} is still missing after its installation", need.name());
        }
    }
    Ok(())
}

/// Makes sure of the firmware's compiler and of what else a build needs.
pub fn toolchain() -> Result<Toolchain> {
    ensure(&Need::BUILD)?;
    Toolchain::installed()?.context("the firmware's compiler vanished")
}

/// rustup first; where it cannot reach the target, Debian's packages.
fn install_toolchain() -> Result<()> {
    if std::env::var(CHOICE).as_deref() != Ok("debian") && shell::which("rustup").is_some() {
        let mut rustup = Command::new("rustup");
        rustup.current_dir(layout::root()).args(["target", "add", TARGET]);
        match shell::within(&mut rustup, Duration::from_secs(180)) {
            Ok(true) => return Ok(()),
            _ => shell::note(&format!("  rustup cannot add {TARGET} here; Debian's compiler will serve")),
        }
    }
    apt_install(&DEBIAN_PACKAGES)?;
    if Toolchain::installed()?.is_none() {
        // The compiler is there, so it is the linker that is missing: this rustup came without one.
        apt_install(&["lld"])?;
    }
    Ok(())
}

/// Installs Debian packages, as root or by sudo, with one `apt-get update` before the first.
fn apt_install(packages: &[&str]) -> Result<()> {
    static UPDATED: Once = Once::new();
    let list = packages.join(" ");
    if shell::which("apt-get").is_none() {
        bail!("needs {list}: install them with your system's package manager (this is not a Debian)");
    }
    let root = shell::output(Command::new("id").arg("-u"))? == "0";
    let sudo = !root && Command::new("sudo").args(["-n", "true"]).output().is_ok_and(|o| o.status.success());
    if !root && !sudo {
        bail!("needs {list}: run `sudo apt-get install {list}`");
    }
    let apt = |arguments: &[&str]| {
        let mut command = if root { Command::new("apt-get") } else { Command::new("sudo") };
        if sudo {
            command.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        }
        command.env("DEBIAN_FRONTEND", "noninteractive").args(["-q", "-y"]).args(arguments);
        shell::quietly(&mut command)
    };
    let mut updated = Ok(());
    UPDATED.call_once(|| updated = apt(&["update"]));
    if let Err(error) = updated {
        shell::note(&format!(
            "  apt-get update failed; going on with the package lists as they are: {error:#}"
        ));
    }
    let mut install = vec!["install", "--no-install-recommends"];
    install.extend(packages);
    apt(&install).with_context(|| format!("needs {list}: run `sudo apt-get install {list}`"))
}

/// A Python environment with imgtool and the other peers in `target/venv`.
fn install_peers() -> Result<()> {
    let venv = layout::venv();
    if venv.exists() {
        std::fs::remove_dir_all(&venv)
            .with_context(|| format!("cannot remove the old {}", venv.display()))?;
    }
    let make = || shell::quietly(Command::new("python3").args(["-m", "venv"]).arg(&venv));
    if make().is_err() {
        apt_install(&["python3", "python3-venv", "python3-pip"])?;
        let _ = std::fs::remove_dir_all(&venv);
        make().context("needs python3 with its module venv")?;
    }
    let peers = PYTHON_PEERS.join(" ");
    shell::quietly(
        Command::new(venv.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .args(PYTHON_PEERS),
    )
    .with_context(|| format!("needs {peers} from PyPI"))?;
    std::fs::write(venv.join("stamp"), peers).context("cannot mark the Python environment as complete")
}

fn peers_stamp() -> Option<String> {
    std::fs::read_to_string(layout::venv().join("stamp")).ok()
}
