//! Where things lie in the workspace.

use std::path::PathBuf;

/// The one board that is built for.
pub const BOARD: &str = "mps2-an505";

/// The board's Rust target.
pub const TARGET: &str = "thumbv8m.main-none-eabi";

/// The root of the workspace.
pub fn root() -> PathBuf {
    let mut path = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    path.pop();
    path
}

/// `target/` of the workspace. Products lie here even when `CARGO_TARGET_DIR` sends compilation elsewhere, so that
/// everybody finds them.
pub fn products() -> PathBuf {
    root().join("target")
}

/// What the firmware build makes: `boot.elf`, `platform.bin`, …
pub fn firmware() -> PathBuf {
    products().join("firmware").join(BOARD)
}

/// The same with the boot code that verifies Ed25519 as well.
pub fn firmware_ed25519() -> PathBuf {
    products().join("firmware").join(format!("{BOARD}-ed25519"))
}

/// The virtual device.
pub fn virtual_device() -> PathBuf {
    products().join("firmware/virtual/cdd-virtual")
}

/// Cargo's directory for the host tools.
pub fn host_target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(products, PathBuf::from)
}

/// The `dtsec` command line.
pub fn dtsec() -> PathBuf {
    host_target().join("debug/dtsec")
}

/// The Python environment with imgtool and the other peers.
pub fn venv() -> PathBuf {
    products().join("venv")
}

/// Other people's programs that are compiled here.
pub fn tools() -> PathBuf {
    products().join("tools")
}

/// Somebody else's validator of CSAF.
pub fn csaf_validator() -> PathBuf {
    tools().join("bin/csaf-validator")
}

/// imgtool itself.
pub fn imgtool() -> PathBuf {
    venv().join("bin/imgtool")
}
