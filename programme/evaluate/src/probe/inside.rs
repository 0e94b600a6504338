//! A look into a running device from outside: its memory and its flash.
//!
//! On the board through QEMU's monitor, with the processor stopped. The bus is asked for Secure memory, for the
//! processor, which runs the probe, has no right to it; the memory protection controllers let a Secure master see
//! Secure blocks only, so Non-secure memory is looked at as the processor sees it.
//!
//! The virtual device has one memory for everybody: that of its process.

use super::Probe;
use crate::model::{Failure, Outcome, Target, require};
use anyhow::{Context, anyhow};
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

/// The region of the platform's own memory on the board.
pub(super) const PLATFORM: &str = "Secure memory";
/// The board's Secure memory for code and data (SSRAM2), by its Secure alias. All of it is read.
const SECURE: Range<u64> = 0x3800_0000..0x3820_0000;
/// The application's memory, and where it runs.
const NON_SECURE: [Range<u64>; 2] =
    [super::RAM.start as u64..super::RAM.end as u64, super::CODE.start as u64..super::CODE.end as u64];
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
            region(PLATFORM, &SECURE),
            region("application's memory", ram),
            region("application's code", code),
        ])
    }

    /// The content of these regions, all at the same moment.
    pub(crate) fn memory(&mut self, regions: Vec<Region>) -> Outcome<Vec<(Region, Vec<u8>)>> {
        match self.target() {
            Target::Virtual => self.process_memory(regions),
            Target::Mps2An505 => self.board_memory(regions),
        }
    }

    /// The content of the flash, as it is at this moment.
    pub(crate) fn flash(&self) -> Outcome<Vec<u8>> {
        self.dut.read_flash()
    }

    /// The part of it that is the platform's trusted storage.
    pub(crate) fn storage(&self) -> Outcome<Vec<u8>> {
        self.dut.read_storage()
    }

    fn board_memory(&mut self, regions: Vec<Region>) -> Outcome<Vec<(Region, Vec<u8>)>> {
        let scrap = self.dut.scrap();
        let Some(monitor) = &mut self.monitor else {
            return Err(Failure::Harness(anyhow!("the board has no monitor")));
        };
        monitor.stop()?;
        let read = regions.into_iter().map(|region| {
            let (start, len) = (region.range.start, (region.range.end - region.range.start) as usize);
            let bytes = match SECURE.contains(&start) {
                true => monitor.bus(start & !SECURE_ALIAS, len, &scrap)?,
                false => monitor.seen(start, len, &scrap)?,
            };
            Ok((region, bytes))
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
    fn process_memory(&mut self, regions: Vec<Region>) -> Outcome<Vec<(Region, Vec<u8>)>> {
        let path = format!("/proc/{}/mem", self.session.process_id());
        let memory =
            File::open(&path).with_context(|| format!("cannot open {path}")).map_err(Failure::Harness)?;
        let read = regions.into_iter().map(|region| {
            let mut bytes = vec![0; (region.range.end - region.range.start) as usize];
            memory.read_exact_at(&mut bytes, region.range.start)?;
            Ok((region, bytes))
        });
        read.collect()
    }
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
