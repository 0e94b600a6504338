//! Builds the board's firmware and the virtual device into `target/firmware/`.

use crate::{counter::LIBRARY, elf::Program, layout, shell, toolchain::Toolchain};
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
    /// How its hashes are built.
    pub hashes: Hashes,
}

/// Which of `sha2`'s back ends: for the boot code, whose time is mostly hashing, the fast one; for the platform, whose
/// three hashes would take half of the image, the small one (docs/decisions/0004-boot-cryptography.md and 0011).
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Hashes {
    /// 35 instructions a byte of SHA-256, 7 KB of code.
    Fast,
    /// 69 instructions a byte, half a KB.
    Small,
}

impl Hashes {
    fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast-hashes",
            Self::Small => "small-hashes",
        }
    }

    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Fast => &[],
            // AES likewise: 2.7 KB less for 4 % more instructions.
            Self::Small => &["--cfg=sha2_backend_soft=\"compact\"", "--cfg=aes_backend_soft=\"compact\""],
        }
    }
}

/// Every package, each built by itself: none gets a feature of a dependency that only another asked for.
pub const PACKAGES: [Package; 5] = [
    Package { package: BOOT, product: "boot", flat: false, hashes: Hashes::Fast },
    Package { package: "mps2-an505-platform", product: "platform", flat: true, hashes: Hashes::Small },
    Package { package: "bgm", product: "bgm", flat: true, hashes: Hashes::Small },
    Package { package: "probe", product: "probe", flat: true, hashes: Hashes::Small },
    Package { package: "bench", product: "bench", flat: true, hashes: Hashes::Small },
];

/// The boot code.
pub const BOOT: &str = "mps2-an505-boot";

/// The other boot code, which verifies Ed25519 as well; it goes to a folder of its own beside the same other products.
const BOOT_ED25519: Package = Package { package: BOOT, product: "boot", flat: false, hashes: Hashes::Small };

/// What the assembly of P-256 need not contain: boot verifies and does nothing else.
const P256_VERIFY_ONLY: &str = "-Dinclude_p256_sign=0 -Dinclude_p256_keygen=0 -Dinclude_p256_ecdh=0 \
    -Dinclude_p256_raw_scalarmult_generic=0 -Dinclude_p256_raw_scalarmult_base=0 -Dinclude_p256_decompress_point=0 \
    -Dinclude_p256_decode_point=0 -Dinclude_p256_to_octet_string_uncompressed=0 \
    -Dinclude_p256_to_octet_string_compressed=0 -Dinclude_p256_to_octet_string_hybrid=0";
/// What it need not contain for the platform, which signs and agrees as well.
const P256_WHOLE: &str = "-Dinclude_p256_raw_scalarmult_generic=0 -Dinclude_p256_raw_scalarmult_base=0 \
    -Dinclude_p256_decompress_point=0 -Dinclude_p256_to_octet_string_uncompressed=0 \
    -Dinclude_p256_to_octet_string_compressed=0 -Dinclude_p256_to_octet_string_hybrid=0";

/// Builds all of it: `boot.elf` with its measurement in place, and an `.elf` and a `.bin` of each of the others; and
/// beside it, in `mps2-an505-ed25519`, the same with the boot code that verifies Ed25519.
pub fn build(toolchain: &Toolchain) -> Result<PathBuf> {
    let out = layout::firmware();
    let target = layout::products().join("firmware-build");
    build_in(toolchain, &layout::root(), &target, &out)?;
    shell::step("build boot with Ed25519", || {
        variant(toolchain, &target, &BOOT_ED25519, "ed25519", &layout::firmware_ed25519())
    })?;
    Ok(out)
}

/// Builds the boot code without its countermeasures against faults, for the campaign that must find that.
pub fn unhardened(toolchain: &Toolchain) -> Result<()> {
    let planted = layout::products().join("planted");
    let out = planted.join(UNHARDENED).join("firmware");
    let boot = PACKAGES.iter().find(|package| package.package == BOOT).context("there is a boot code")?;
    variant(toolchain, &planted.join("build"), boot, UNHARDENED, &out)
}

/// The feature that takes them out.
const UNHARDENED: &str = "planted-unhardened";

/// Builds `package` once more, with a feature, and puts it into `out` beside the other products as they are.
pub fn variant(
    toolchain: &Toolchain,
    target_dir: &Path,
    package: &Package,
    feature: &str,
    out: &Path,
) -> Result<()> {
    let elf = compile(toolchain, &layout::root(), target_dir, package, &[feature])?;
    finish(package, &elf, out)?;
    for other in PACKAGES.iter().filter(|other| other.product != package.product) {
        let name = format!("{}.{}", other.product, if other.flat { "bin" } else { "elf" });
        let from = layout::firmware().join(&name);
        let bytes = std::fs::read(&from).with_context(|| format!("cannot read {}", from.display()))?;
        shell::write_if_changed(&out.join(&name), &bytes)?;
    }
    // What cuts the power at chosen moments; it is not there where the firmware alone was built.
    match std::fs::read(layout::firmware().join(LIBRARY)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        read => shell::write_if_changed(&out.join(LIBRARY), &read.context("cannot read the plugin")?),
    }
}

/// The same from the sources in `root`, into `out`.
pub fn build_in(toolchain: &Toolchain, root: &Path, target_dir: &Path, out: &Path) -> Result<()> {
    for package in &PACKAGES {
        shell::step(&format!("build {}", package.product), || {
            let elf = compile(toolchain, root, target_dir, package, &[])?;
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
    package: &Package,
    features: &[&str],
) -> Result<PathBuf> {
    // A folder for each choice of flags, or one would throw away what another has built.
    let (p256, folder) =
        if package.package == BOOT { (P256_VERIFY_ONLY, "boot") } else { (P256_WHOLE, "images") };
    let target_dir = target_dir.join(folder).join(package.hashes.name());
    let mut cargo = toolchain.cargo("build", root, &target_dir, package.hashes.flags());
    cargo.env("CFLAGS_thumbv8m_main_none_eabi", p256);
    cargo.args(["--quiet", "--profile", "firmware", "--package", package.package, "--bin", package.package]);
    if !features.is_empty() {
        cargo.arg("--features").arg(features.join(","));
    }
    shell::run(&mut cargo)?;
    Ok(target_dir.join(layout::TARGET).join("firmware").join(package.package))
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
        shell::run(shell::cargo().args(["build", "--quiet", "--package", "dtsec"]))?;
        shell::run(shell::cargo().args(["build", "--quiet", "--release", "--package", "cdd-virtual"]))?;
        let place = layout::virtual_device();
        put_virtual(&layout::host_target(), &place)?;
        Ok(place)
    })
}

/// Builds the virtual device once more, with a feature, into `out`.
pub fn virtual_variant(target_dir: &Path, feature: &str, out: &Path) -> Result<()> {
    let mut cargo = shell::cargo();
    cargo.args([
        "build",
        "--quiet",
        "--release",
        "--package",
        "cdd-virtual",
        "--features",
        feature,
        "--target-dir",
    ]);
    shell::run(cargo.arg(target_dir))?;
    put_virtual(target_dir, &out.join("cdd-virtual"))
}

/// Puts the virtual device that was built in `target_dir` into its place, executable.
fn put_virtual(target_dir: &Path, place: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let built = target_dir.join("release/cdd-virtual");
    let bytes = std::fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
    shell::write_if_changed(place, &bytes)?;
    std::fs::set_permissions(place, std::fs::Permissions::from_mode(0o755))
        .with_context(|| format!("cannot make {} executable", place.display()))
}
