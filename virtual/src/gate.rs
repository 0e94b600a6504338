//! The way across the gate in a process: a piece of memory that plays the Non-secure world's.

use cdd_client::{Argument, Entry};
use cdd_gate::Status;
use cdd_hal::{Access, CallerMemory, EntropySource};
use cdd_platform::{Board, Platform};

/// Address of the first byte of Non-secure memory.
pub const ARENA_BASE: u32 = 0x2820_0000;
/// Bytes of Non-secure memory.
pub const ARENA_BYTES: u32 = 0x1_0000;

/// All the memory that the Non-secure caller has. Every other address counts as Secure.
pub struct Arena(Vec<u8>);

impl Arena {
    /// Zeroed memory.
    pub fn new() -> Arena {
        Arena(vec![0; ARENA_BYTES as usize])
    }

    /// All of it, for whoever plays the caller.
    pub fn bytes(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// The range as offsets, if all of it is the caller's. Offsets cannot wrap, so neither does the range.
    fn range(address: u32, len: usize) -> Option<core::ops::Range<usize>> {
        let start = address.checked_sub(ARENA_BASE)? as usize;
        let end = start.checked_add(len).filter(|end| *end <= ARENA_BYTES as usize)?;
        Some(start..end)
    }
}

impl Default for Arena {
    fn default() -> Self {
        Self::new()
    }
}

impl CallerMemory for Arena {
    fn check(&self, address: u32, len: u32, _: Access) -> bool {
        len == 0 || Arena::range(address, len as usize).is_some()
    }

    fn copy_in(&self, address: u32, to: &mut [u8]) -> bool {
        match Arena::range(address, to.len()).and_then(|range| self.0.get(range)) {
            Some(from) => to.copy_from_slice(from),
            None => return to.is_empty(),
        }
        true
    }

    fn copy_out(&mut self, address: u32, from: &[u8]) -> bool {
        match Arena::range(address, from.len()).and_then(|range| self.0.get_mut(range)) {
            Some(to) => to.copy_from_slice(from),
            None => return from.is_empty(),
        }
        true
    }
}

/// The application's way to the platform: puts arguments and frame into the arena and calls the gate, so
/// that every check of the gate is made here, too.
pub struct Gate<B: Board, S: EntropySource> {
    /// The platform behind the gate.
    pub platform: Platform<B, S>,
    /// The memory in front of it.
    pub arena: Arena,
}

impl<B: Board, S: EntropySource> Gate<B, S> {
    /// A gate to this platform.
    pub fn new(platform: Platform<B, S>) -> Self {
        Gate { platform, arena: Arena::new() }
    }

    /// Makes a call as a hostile application would: any number, any frame address.
    pub fn raw_call(&mut self, number: u32, frame: u32) -> i32 {
        self.platform.call(&mut self.arena, number, frame)
    }

    /// Leaves nothing of a call in the arena: a scan of this process's memory looks for what the platform left.
    fn wipe(&mut self, taken: &Allocator) {
        let len = taken.0.saturating_sub(ARENA_BASE) as usize;
        self.arena.bytes().get_mut(..len).unwrap_or_default().fill(0);
    }
}

/// Takes memory from the arena, word by word aligned; `None` when there is not enough left.
struct Allocator(u32);

impl Allocator {
    fn take(&mut self, len: usize) -> Option<u32> {
        let at = self.0;
        let len = u32::try_from(len).ok()?.checked_next_multiple_of(4)?;
        self.0 = at.checked_add(len).filter(|end| *end <= ARENA_BASE + ARENA_BYTES)?;
        Some(at)
    }
}

impl<B: Board, S: EntropySource> Entry for Gate<B, S> {
    /// Arguments that do not fit into the arena together are the caller's own fault: `InvalidArgument`.
    fn call(&mut self, number: u32, arguments: &mut [Argument<'_>]) -> (i32, usize) {
        let mut free = Allocator(ARENA_BASE);
        let mut frame = Vec::new();
        let mut output = None;
        // The frame lies first, so its size must be known before the first buffer is placed.
        let words = arguments.iter().map(|argument| match argument {
            Argument::Value(_) => 1,
            Argument::Input(_) | Argument::Output(_) => 2,
        });
        let place = || -> Option<u32> {
            let at = free.take(words.sum::<usize>() * 4)?;
            for argument in arguments.iter() {
                let bytes: &[u8] = match argument {
                    Argument::Value(value) => {
                        frame.push(*value);
                        continue;
                    }
                    Argument::Input(bytes) => bytes,
                    Argument::Output(bytes) => bytes,
                };
                let address = free.take(bytes.len())?;
                self.arena.copy_out(address, bytes);
                frame.extend([address, u32::try_from(bytes.len()).ok()?]);
                if matches!(argument, Argument::Output(_)) {
                    output = Some((address, at + (frame.len() as u32 - 1) * 4));
                }
            }
            let raw: Vec<u8> = frame.iter().flat_map(|word| word.to_le_bytes()).collect();
            self.arena.copy_out(at, &raw);
            Some(at)
        };
        let Some(at) = place() else {
            self.wipe(&free);
            return (Status::InvalidArgument.code(), 0);
        };
        let status = self.platform.call(&mut self.arena, number, at);
        let mut written = [0u8; 4];
        if let Some((address, length_word)) = output {
            self.arena.copy_in(length_word, &mut written);
            // As on the board: what the platform wrote is in the caller's buffer, whatever the status.
            for argument in arguments {
                if let Argument::Output(bytes) = argument {
                    self.arena.copy_in(address, bytes);
                }
            }
        }
        self.wipe(&free);
        (status, u32::from_le_bytes(written) as usize)
    }
}
