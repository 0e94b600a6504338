//! The counter beside the fuses: a number that only goes up, in memory that can be written over and over.
//!
//! It lies at the end of the fuse device, out of reach of [`Fuses`](cdd_hal::Fuses), in 16 slots that are
//! written in turn:
//!
//! ```text
//! slot   number ‖ its complement, little-endian       16 bytes
//! ```
//!
//! To raise it: overwrite the slot after the newest one with zeros, write the number there, read it back. The
//! newest number counts.
//!
//! *A cut at any bit.* A slot is only ever on its way from a number to zeros or from zeros to a number. A number
//! and its complement have 64 bits set, whatever the number; so a slot in which a cut left any subset of the
//! bits of one is no number, or that very one. It is the slot after the newest number, and only there
//! something unreadable is taken for what a cut has left. Anywhere else it is [`CounterError::Corrupt`], as is a
//! slot out of its turn: never an older number, and never zero, which only a counter that was never raised has.
//!
//! SFR: secure-trusted-storage.

use cdd_hal::{CounterError, MonotonicCounter};

/// Offset and length of the counter in the fuse device.
pub const REGION: (u16, usize) = (0xF00, BYTES);

const BYTES: usize = SLOTS * SLOT_BYTES;
const SLOTS: usize = 16;
const SLOT_BYTES: usize = 16;

/// The memory of the counter. Offsets count from its own beginning, so that nothing else can be reached.
pub trait Cells {
    /// Reads `out.len()` bytes from `offset`.
    fn read(&mut self, offset: u16, out: &mut [u8]) -> Result<(), CounterError>;

    /// Writes `bytes` from `offset` on. Cut, any subset of the bits that change may have changed.
    fn write(&mut self, offset: u16, bytes: &[u8]) -> Result<(), CounterError>;
}

impl<C: Cells + ?Sized> Cells for &mut C {
    fn read(&mut self, offset: u16, out: &mut [u8]) -> Result<(), CounterError> {
        C::read(self, offset, out)
    }

    fn write(&mut self, offset: u16, bytes: &[u8]) -> Result<(), CounterError> {
        C::write(self, offset, bytes)
    }
}

/// The counter in such memory.
#[derive(Debug)]
pub struct Counter<C> {
    cells: C,
    /// Unknown until it was read, and again after a failure.
    position: Option<Position>,
}

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Position {
    number: u64,
    /// The slot that is written next.
    next: usize,
    /// Whether that one holds zeros.
    blank: bool,
}

impl<C: Cells> Counter<C> {
    /// The counter in this memory.
    pub const fn new(cells: C) -> Counter<C> {
        Counter { cells, position: None }
    }

    /// Its memory.
    pub fn cells(&mut self) -> &mut C {
        // Whoever has it may change it.
        self.position = None;
        &mut self.cells
    }

    fn look(&mut self) -> Result<Position, CounterError> {
        let mut region = [0u8; BYTES];
        self.cells.read(0, &mut region)?;
        position(&region).ok_or(CounterError::Corrupt)
    }

    fn write(&mut self, at: Position, to: u64) -> Result<(), CounterError> {
        let offset = (at.next * SLOT_BYTES) as u16;
        if !at.blank {
            self.cells.write(offset, &[0; SLOT_BYTES])?;
        }
        let slot = encode(to);
        self.cells.write(offset, &slot)?;
        let mut written = [0u8; SLOT_BYTES];
        self.cells.read(offset, &mut written)?;
        if written == slot { Ok(()) } else { Err(CounterError::NotWritten) }
    }
}

impl<C: Cells> MonotonicCounter for Counter<C> {
    fn read(&mut self) -> Result<u64, CounterError> {
        self.position = None;
        let position = self.look()?;
        self.position = Some(position);
        Ok(position.number)
    }

    fn advance(&mut self, to: u64) -> Result<(), CounterError> {
        let position = match self.position.take() {
            Some(position) => position,
            None => self.look()?,
        };
        if to <= position.number {
            self.position = Some(position);
            return Err(CounterError::NotUpwards);
        }
        self.write(position, to)?;
        let next = after(position.next);
        // Of the slot after it nothing is known but in the first turn; zeros do no harm.
        self.position = Some(Position { number: to, next, blank: false });
        Ok(())
    }
}

const fn after(slot: usize) -> usize {
    if slot + 1 < SLOTS { slot + 1 } else { 0 }
}

fn encode(number: u64) -> [u8; SLOT_BYTES] {
    (u128::from(number) | u128::from(!number) << 64).to_le_bytes()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Blank,
    Number(u64),
    Unreadable,
}

fn slot(region: &[u8; BYTES], at: usize) -> Slot {
    let bytes = region.get(at * SLOT_BYTES..).and_then(|bytes| bytes.first_chunk::<SLOT_BYTES>());
    let Some(bytes) = bytes else { return Slot::Unreadable };
    let word = u128::from_le_bytes(*bytes);
    match (word as u64, (word >> 64) as u64) {
        (0, 0) => Slot::Blank,
        (number, complement) if number == !complement => Slot::Number(number),
        _ => Slot::Unreadable,
    }
}

/// Where the counter stands; `None` when no sequence of steps and cuts leaves the memory like this.
fn position(region: &[u8; BYTES]) -> Option<Position> {
    let numbered = |at| match slot(region, at) {
        Slot::Number(number) => Some((at, number)),
        Slot::Blank | Slot::Unreadable => None,
    };
    let newest = (0..SLOTS).filter_map(numbered).max_by_key(|(_, number)| *number);
    let (next, number) = newest.map_or((0, 0), |(at, number)| (after(at), number));

    // Round the ring from the oldest to the newest: in the first turn nothing was written behind `next` yet,
    // later every slot holds a number above the one before it.
    let unwritten = SLOTS - 1 - next;
    let mut others = (next + 1..SLOTS).chain(0..next).map(|at| slot(region, at)).peekable();
    let mut blank = 0;
    while others.next_if_eq(&Slot::Blank).is_some() {
        blank += 1;
    }
    let own = slot(region, next);
    let (mut last, full) = match own {
        Slot::Number(oldest) => (oldest, true),
        Slot::Blank | Slot::Unreadable => (0, false),
    };
    let rising = others.all(|slot| match slot {
        Slot::Number(number) => number > core::mem::replace(&mut last, number),
        Slot::Blank | Slot::Unreadable => false,
    });
    let in_turn = rising && (blank == 0 || (blank == unwritten && !full));
    in_turn.then_some(Position { number, next, blank: own == Slot::Blank })
}
