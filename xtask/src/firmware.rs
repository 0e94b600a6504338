//! Builds the board's firmware and the virtual device into `target/firmware/`.

use crate::{elf::Program, layout, shell, toolchain::Toolchain};
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

/// A package of the firmware and what becomes of it.
pub struct Package {
    /// Its name in the workspace and of its ELF file.
    pub package: &'static str,
    /// Its name among the products.
    pub product: &'static str,
    /// Whether the product is a flat `.bin` to be signed; the boot code is loaded as an ELF file.
    pub flat: bool,
}

/// Every package, each built by itself: none gets a feature of a dependency that only another asked for.
pub const PACKAGES: [Package; 4] = [
    Package { package: "mps2-an505-boot", product: "boot", flat: false },
    Package { package: "mps2-an505-platform", product: "platform", flat: true },
    Package { package: "bgm", product: "bgm", flat: true },
    Package { package: "probe", product: "probe", flat: true },
];

/// Builds all of it: `boot.elf` with its measurement in place, and an `.elf` and a `.bin` of each of the others.
pub fn build(toolchain: &Toolchain) -> Result<PathBuf> {
    let out = layout::firmware();
    build_in(toolchain, &layout::root(), &layout::products().join("firmware-build"), &out)?;
    Ok(out)
}

/// The same from the sources in `root`, into `out`.
pub fn build_in(toolchain: &Toolchain, root: &Path, target_dir: &Path, out: &Path) -> Result<()> {
    for package in &PACKAGES {
        shell::step(&format!("build {}", package.product), || {
            let elf = compile(toolchain, root, target_dir, package.package, &[])?;
            finish(package, &elf, out)
        })?;
    }
    Ok(())
}

/// Compiles and links one package; the path of its ELF file.
pub fn compile(
    toolchain: &Toolchain,
    root: &Path,
    target_dir: &Path,
    package: &str,
    features: &[&str],
) -> Result<PathBuf> {
    let mut cargo = toolchain.cargo("build", root, target_dir);
    cargo.args(["--quiet", "--profile", "firmware", "--package", package, "--bin", package]);
    if !features.is_empty() {
        cargo.arg("--features").arg(features.join(","));
    }
    shell::run(&mut cargo)?;
    Ok(target_dir.join(layout::TARGET).join("firmware").join(package))
}

fn finish(package: &Package, elf: &Path, out: &Path) -> Result<()> {
    let mut program = Program::read(elf)?;
    if package.flat {
        let loaded = program.loaded().with_context(|| elf.display().to_string())?;
        shell::write_if_changed(&out.join(format!("{}.bin", package.product)), &loaded.bytes)?;
    } else {
        program.patch_measurement().with_context(|| elf.display().to_string())?;
    }
    shell::write_if_changed(&out.join(format!("{}.elf", package.product)), program.file())
}

/// Builds the virtual device and the `dtsec` command line; returns the former's place.
pub fn build_host() -> Result<PathBuf> {
    shell::step("build dtsec and cdd-virtual", || {
        shell::run(shell::cargo().args([
            "build",
            "--quiet",
            "--release",
            "--package",
            "dtsec",
            "--package",
            "cdd-virtual",
        ]))?;
        let place = layout::virtual_device();
        let built = layout::host_target().join("release/cdd-virtual");
        let bytes = std::fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
        shell::write_if_changed(&place, &bytes)?;
        make_executable(&place)?;
        Ok(place)
    })
}

fn make_executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
        .with_context(|| format!("cannot make {} executable", path.display()))
}
