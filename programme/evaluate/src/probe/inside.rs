//! A look into a running device from outside: its memory, its flash, its fuses.
//!
//! On the board through QEMU's monitor, with the processor stopped. The bus is asked for Secure memory, for the
//! processor, which runs the probe, has no right to it; the memory protection controllers let a Secure master see
//! Secure blocks only, so Non-secure memory is looked at as the processor sees it.
//!
//! The virtual device has one memory for everybody: that of its process.

use super::{Probe, find_secret};
use crate::model::{Failure, Outcome, Target, require};
use crate::observations::Observations;
use anyhow::Context;
use dtsec_target::FuseImage;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// A stretch of memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Region {
    /// What it is.
    pub name: String,
    /// Where it is: addresses of the board as the processor knows them, or of the virtual device's process.
    pub range: Range<u64>,
}

/// The board's Secure memory for code and data (SSRAM2), by its Secure alias. All of it is read.
const SECURE: Range<u64> = 0x3800_0000..0x3820_0000;
/// The application's memory, and where it runs.
const NON_SECURE: [Range<u64>; 2] =
    [super::RAM.start as u64..super::RAM.end as u64, super::CODE.start as u64..super::CODE.end as u64];
/// Code of the platform, from the start of its image: of the first slot, or of the memory that it was loaded to.
const CODE: Range<usize> = 0x1000..0x3000;
/// A Secure alias differs from the address on the bus by this bit.
const SECURE_ALIAS: u64 = 1 << 28;

impl Probe {
    /// All memory in which something could be left.
    pub(crate) fn regions(&mut self) -> Outcome<Vec<Region>> {
        if self.target() == Target::Virtual {
            return self.mappings();
        }
        let region = |name: &str, range: &Range<u64>| Region { name: name.into(), range: range.clone() };
        let [ram, code] = &NON_SECURE;
        Ok(vec![
            region("Secure memory", &SECURE),
            region("application's memory", ram),
            region("application's code", code),
        ])
    }

    /// The content of these ranges, all at the same moment.
    pub(crate) fn memory(&mut self, ranges: &[Range<u64>]) -> Outcome<Vec<(Range<u64>, Vec<u8>)>> {
        match self.target() {
            Target::Virtual => self.process_memory(ranges),
            Target::Mps2An505 => self.board_memory(ranges),
        }
    }

    /// The content of the flash, as it is at this moment.
    pub(crate) fn flash(&self) -> Outcome<Vec<u8>> {
        self.dut.read_flash()
    }

    /// The fuses, as they are at this moment.
    pub(crate) fn fuses(&self) -> Outcome<FuseImage> {
        self.dut.read_fuses()
    }

    /// Where in memory the secret is: region and address of each fragment.
    ///
    /// Control: a pattern that the probe is given to keep is found by the same search.
    pub(crate) fn search(&mut self, seen: &mut Observations, secret: &[u8]) -> Outcome<Vec<(String, u64)>> {
        let regions = self.regions()?;
        let ranges: Vec<Range<u64>> = regions.iter().map(|region| region.range.clone()).collect();
        let mut pattern = vec![0; 32];
        File::open("/dev/urandom")?.read_exact_at(&mut pattern, 0)?;
        self.ok(&format!("put 64 {}", hex::encode(&pattern)))?;
        let memory = self.memory(&ranges)?;
        self.ok("wipe")?;
        let find = |what: &[u8]| -> Vec<(String, u64)> {
            let each = regions.iter().zip(&memory);
            each.flat_map(|(region, (range, bytes))| {
                let found = find_secret(bytes, what);
                found.into_iter().map(|at| (region.name.clone(), range.start + at as u64))
            })
            .collect()
        };
        let bytes: usize = memory.iter().map(|(_, bytes)| bytes.len()).sum();
        seen.control("the same search for a pattern that the probe keeps", |_| {
            let found = find(&pattern);
            require!(!found.is_empty(), "it is not found in {bytes} bytes of memory");
            Ok(format!("found in {bytes} bytes of memory, {}", found[0].0))
        })?;
        if self.target() == Target::Mps2An505 {
            let flash = self.flash()?;
            seen.control(
                "the platform's code, as it lies in flash, in the Secure memory that was searched",
                |_| {
                    let secure = memory.iter().find(|(range, _)| is_secure(range));
                    let code = secure.and_then(|(_, bytes)| bytes.get(CODE)).unwrap_or_default();
                    require!(flash.get(CODE) == Some(code), "other bytes are there");
                    Ok(format!("the same {} bytes", code.len()))
                },
            )?;
        }
        Ok(find(secret))
    }

    fn board_memory(&mut self, ranges: &[Range<u64>]) -> Outcome<Vec<(Range<u64>, Vec<u8>)>> {
        let scrap = self.dut.scrap();
        let monitor = match &mut self.monitor {
            Some(monitor) => monitor,
            none => none.insert(self.dut.monitor()?),
        };
        monitor.stop()?;
        let read = ranges.iter().map(|range| {
            let len = (range.end - range.start) as usize;
            let bytes = match is_secure(range) {
                true => monitor.bus(range.start & !SECURE_ALIAS, len, &scrap)?,
                false => monitor.seen(range.start, len, &scrap)?,
            };
            Ok((range.clone(), bytes))
        });
        let read: std::io::Result<Vec<_>> = read.collect();
        monitor.resume()?;
        Ok(read?)
    }

    fn mappings(&mut self) -> Outcome<Vec<Region>> {
        let path = format!("/proc/{}/maps", self.session.process_id());
        let maps = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"));
        let regions: Vec<Region> = maps.map_err(Failure::Harness)?.lines().filter_map(mapping).collect();
        require!(!regions.is_empty(), "the device's process has no memory of its own: {path} lists none");
        Ok(regions)
    }

    /// A parent may read its child's memory; the child waits for a line meanwhile.
    fn process_memory(&mut self, ranges: &[Range<u64>]) -> Outcome<Vec<(Range<u64>, Vec<u8>)>> {
        let path = format!("/proc/{}/mem", self.session.process_id());
        let memory =
            File::open(&path).with_context(|| format!("cannot open {path}")).map_err(Failure::Harness)?;
        let read = ranges.iter().map(|range| {
            let mut bytes = vec![0; (range.end - range.start) as usize];
            memory.read_exact_at(&mut bytes, range.start)?;
            Ok((range.clone(), bytes))
        });
        read.collect()
    }
}

fn is_secure(range: &Range<u64>) -> bool {
    SECURE.contains(&range.start)
}

/// A line of `/proc/PID/maps` whose memory the process can write, and nobody else.
fn mapping(line: &str) -> Option<Region> {
    let mut words = line.split_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    if words.next()? != "rw-p" {
        return None;
    }
    let name = words.nth(3).unwrap_or("anonymous");
    let number = |text| u64::from_str_radix(text, 16).ok();
    // The kernel's own pages look like the process's and cannot be read.
    (!name.starts_with("[v"))
        .then(|| Some(Region { name: name.into(), range: number(start)?..number(end)? }))?
}
