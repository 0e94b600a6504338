//! Counts what the firmware executes in QEMU, by the plugin in `benches/qemu-plugin`.

use crate::{device::Board, layout, shell};
use anyhow::{Context as _, Result, bail};
use std::{
    ops::Range,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

/// No measurement takes longer.
const LIMIT: Duration = Duration::from_secs(120);

/// The plugin's file.
pub const LIBRARY: &str = "libcdd_counter.so";

/// The plugin, built.
pub struct Counter {
    plugin: PathBuf,
}

/// What to count, and until when.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Until each of these addresses was reached.
    pub at: Vec<u32>,
    /// Until so many intervals were seen. A reset ends the last one.
    pub intervals: usize,
    /// The stack to watch, and the code whose stores do not count; empty for none.
    pub stack: Range<u32>,
    /// See there.
    pub ignored: Range<u32>,
    /// Where the program says that it has failed.
    pub failed: Option<u32>,
}

/// What was counted, in instructions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Executed before each address was reached first, in the order asked for.
    pub at: Vec<u64>,
    /// Each interval between marks.
    pub intervals: Vec<Interval>,
}

/// What was seen between two marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interval {
    /// Instructions executed.
    pub count: u64,
    /// Bytes of the stack that were written, from its top.
    pub stack: u64,
}

/// What is started, besides the boot code: nothing, or a device.
pub enum Machine<'a> {
    /// A program alone.
    Bare,
    /// A copy of the device in this folder: each count starts from the same flash and fuses.
    Device(&'a Path, &'a Board),
    /// The device itself: what it stores is there afterwards.
    Kept(&'a Path, &'a Board),
}

impl Counter {
    /// Builds the plugin.
    pub fn build() -> Result<Self> {
        let package = layout::root().join("benches/qemu-plugin");
        let target = layout::host_target().join("qemu-plugin");
        shell::run(
            shell::cargo()
                .args(["build", "--quiet", "--release", "--locked", "--manifest-path"])
                .arg(package.join("Cargo.toml"))
                .arg("--target-dir")
                .arg(&target),
        )?;
        Ok(Self { plugin: target.join("release").join(LIBRARY) })
    }

    /// Puts the plugin beside the firmware, where the evaluation looks for what cuts the power at a chosen store.
    pub fn put_into(&self, folder: &Path) -> Result<()> {
        let bytes =
            std::fs::read(&self.plugin).with_context(|| format!("cannot read {}", self.plugin.display()))?;
        shell::write_if_changed(&folder.join(LIBRARY), &bytes)
    }

    /// Starts `program` and counts until each address was reached and so many intervals were seen.
    pub fn count(&self, program: &Path, machine: &Machine<'_>, wanted: &Wanted) -> Result<Counts> {
        let Wanted { at, intervals, stack, ignored, failed } = wanted;
        let work = tempfile::Builder::new().prefix("cdd-count-").tempdir()?;
        let (out, said) = (work.path().join("counts"), work.path().join("stderr"));
        let mut plugin = format!("{},out={},marks={intervals}", self.plugin.display(), out.display());
        for address in at {
            plugin += &format!(",at={address:#x}");
        }
        if !stack.is_empty() {
            plugin += &format!(",stack={:#x},top={:#x}", stack.start, stack.end);
            plugin += &format!(",ignore={:#x},ignored={:#x}", ignored.start, ignored.end);
        }
        if let Some(address) = failed {
            plugin += &format!(",failed={address:#x}");
        }
        let mut qemu = Command::new("qemu-system-arm");
        qemu.args(["-nodefaults", "-no-reboot", "-display", "none", "-monitor", "none", "-kernel"])
            .arg(program);
        match machine {
            Machine::Bare => drop(qemu.args(["-machine", layout::BOARD])),
            Machine::Device(folder, board) => connect(&mut qemu, &copy(folder, work.path())?, board),
            Machine::Kept(folder, board) => connect(&mut qemu, folder, board),
        }
        // Wires that nobody listens to: a reader's pace would be counted as the device's own waiting. Only the noise
        // source is there.
        for wire in ["null", "null", "serial,path=/dev/urandom", "null"].iter().enumerate() {
            let (number, backend) = wire;
            qemu.args(["-chardev", &format!("{},id=u{number}{}", split(backend).0, split(backend).1)]);
            qemu.args(["-serial", &format!("chardev:u{number}")]);
        }
        qemu.arg("-plugin").arg(plugin).stdout(Stdio::null()).stderr(std::fs::File::create(&said)?);
        let complete = shell::within(&mut qemu, LIMIT)?;
        let text = std::fs::read_to_string(&out).unwrap_or_default();
        let counts = parse(&text, at)?;
        if !complete || counts.at.len() < at.len() || counts.intervals.len() < *intervals {
            bail!(
                "`{}` saw {} of {} addresses and {} of {intervals} intervals{}\n{}",
                shell::shown(&qemu),
                counts.at.len(),
                at.len(),
                counts.intervals.len(),
                if complete { "" } else { ", and did not end" },
                std::fs::read_to_string(&said).unwrap_or_default()
            );
        }
        Ok(counts)
    }
}

/// The device's memories.
fn connect(qemu: &mut Command, folder: &Path, board: &Board) {
    let file = |name: &str| folder.join(name).display().to_string();
    qemu.args(["-machine", &format!("{},memory-backend=flash0", layout::BOARD)])
        .args([
            "-object",
            &format!(
                "memory-backend-file,id=flash0,size={},share=on,mem-path={}",
                board.flash.size,
                file("flash.bin")
            ),
        ])
        .args([
            "-device",
            &format!(
                "loader,addr={:#x},force-raw=on,file={}",
                board.factory_secret_address,
                file("factory.bin")
            ),
        ])
        .args(["-drive", &format!("if=none,id=otp,format=raw,file={}", file("fuses.bin"))])
        .args(["-device", "at24c-eeprom,address=0x50,rom-size=4096,drive=otp"]);
}

/// Copies a device's memories into another folder.
pub fn copy(device: &Path, work: &Path) -> Result<PathBuf> {
    for name in ["flash.bin", "fuses.bin", "factory.bin"] {
        std::fs::copy(device.join(name), work.join(name))
            .with_context(|| format!("cannot copy {}", device.join(name).display()))?;
    }
    Ok(work.to_owned())
}

/// A backend's kind, and its options with their comma.
fn split(backend: &str) -> (&str, &str) {
    backend.find(',').map_or((backend, ""), |comma| backend.split_at(comma))
}

fn parse(text: &str, at: &[u32]) -> Result<Counts> {
    let mut reached = Vec::new();
    let mut counts = Counts::default();
    for line in text.lines() {
        let word = |name: &str| {
            line.split(' ').find_map(|word| word.strip_prefix(name)).with_context(|| unknown(line))
        };
        let count = word("count=")?.parse()?;
        if let Ok(address) = word("at=") {
            reached.push((u32::from_str_radix(address.trim_start_matches("0x"), 16)?, count));
        } else {
            word("interval=")?;
            counts.intervals.push(Interval { count, stack: word("stack=")?.parse()? });
        }
    }
    counts.at =
        at.iter().filter_map(|a| reached.iter().find(|(r, _)| r == a).map(|(_, count)| *count)).collect();
    Ok(counts)
}

fn unknown(line: &str) -> String {
    format!("the counter wrote an unknown line `{line}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_in_the_order_asked_for_and_intervals_in_their_own() {
        let text = "at=0x00000010 count=5\ninterval=0 count=7 stack=80\nat=0x00000020 count=9\n";
        let counts = parse(text, &[0x20, 0x10, 0x30]).unwrap();
        assert_eq!(counts, Counts { at: vec![9, 5], intervals: vec![Interval { count: 7, stack: 80 }] });
        assert!(parse("interval=0 count=7\n", &[]).is_err());
        assert!(parse("something else\n", &[]).is_err());
    }
}
