//! What `cargo xtask bench` counts behind the gate: a fixed sequence of calls, in intervals with names.
//!
//! [`run`] is the sequence. On the board the intervals are marked for the counter (`benches/qemu-plugin`); `xtask` runs
//! the same function over an entry that does nothing and notes the intervals: so name and count cannot drift apart.
//! Nothing in it depends on what a call gives, but that it succeeds.
//!
//! Every call of the table is made at least once, for the high-water mark of its stack. Keys and messages are fixed and
//! signatures deterministic, so that two runs count the same; what draws random bytes varies a little.
//!
//! May use `cdd-client` only, as any application; used by the image of this package and by `xtask`.

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

mod crypto;
mod first;
mod keys;
mod platform;
mod psa;
mod several;
mod storage;

pub use first::{FIRST_USES, first_use, prepare};
pub use storage::RECORDS;

use cdd_client::{Entry, Platform, Status};

/// Bytes of the long messages; with the short ones the difference gives the cost of a byte.
pub const LONG: usize = 4096;
/// Bytes of the short messages.
pub const SHORT: usize = 64;

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// Name of the figure; an interval without one is there for the stack of its calls.
    pub name: Option<&'static str>,
    /// Records that trusted storage has, where that matters.
    pub records: Option<u32>,
    /// How often the call is made in it: the figure is the mean.
    pub calls: u32,
    /// Whether the device resets before the end of it.
    pub resets: bool,
}

/// The marks of the counter.
pub trait Marks {
    /// An interval begins.
    fn begin(&mut self, interval: Interval);
    /// It ends.
    fn end(&mut self);
}

/// A sequence by its number, as the image has it: 0 is [`run`], then those of [`first_use`], and [`prepare`].
pub fn sequence<E: Entry, M: Marks>(platform: Platform<E>, marks: M, number: u32) -> Result<(), Status> {
    match number {
        0 => run(platform, marks),
        1..=FIRST_USES => first_use(platform, marks, number),
        _ => prepare(platform, marks),
    }
}

/// Makes all calls. The first that fails ends it; the last one resets the device, and never returns there.
pub fn run<E: Entry, M: Marks>(platform: Platform<E>, marks: M) -> Result<(), Status> {
    let mut bench = Bench::new(platform, marks);
    bench.platform_calls()?;
    bench.one_call()?;
    bench.several_calls()?;
    bench.key_calls()?;
    bench.tokens()?;
    bench.storage_calls()?;
    bench.factory_reset()
}

/// The platform, the marks, and memory to lend.
struct Bench<E: Entry, M: Marks> {
    platform: Platform<E>,
    marks: M,
    message: [u8; LONG],
    out: [u8; LONG + 32],
    records: Option<u32>,
}

/// What a call is lent: the message, and room for what comes out.
struct Lent<'b, E: Entry> {
    platform: &'b mut Platform<E>,
    message: &'b [u8; LONG],
    out: &'b mut [u8; LONG + 32],
}

impl<E: Entry, M: Marks> Bench<E, M> {
    fn new(platform: Platform<E>, marks: M) -> Self {
        let message = core::array::from_fn(|at| at as u8);
        Bench { platform, marks, message, out: [0; LONG + 32], records: None }
    }

    /// Counts one call under a name.
    fn count<R>(
        &mut self,
        name: &'static str,
        work: impl FnOnce(Lent<'_, E>) -> Result<R, Status>,
    ) -> Result<R, Status> {
        self.interval(Some(name), 1, work)
    }

    /// The same without a figure, only for its stack.
    fn pass<R>(&mut self, work: impl FnOnce(Lent<'_, E>) -> Result<R, Status>) -> Result<R, Status> {
        self.interval(None, 1, work)
    }

    /// Counts so many calls with the numbers from 0 on.
    fn mean(
        &mut self,
        name: &'static str,
        calls: u32,
        mut work: impl FnMut(&mut Lent<'_, E>, u32) -> Result<usize, Status>,
    ) -> Result<(), Status> {
        self.interval(Some(name), calls, |mut lent| {
            (0..calls).try_for_each(|number| work(&mut lent, number).map(drop))
        })
    }

    fn interval<R>(
        &mut self,
        name: Option<&'static str>,
        calls: u32,
        work: impl FnOnce(Lent<'_, E>) -> Result<R, Status>,
    ) -> Result<R, Status> {
        let Bench { platform, marks, message, out, records } = self;
        marks.begin(Interval { name, records: *records, calls, resets: false });
        let result = work(Lent { platform, message, out });
        marks.end();
        result
    }
}
