//! Where the bytes of a call lie while the platform works on them.
//!
//! Inputs are copied here before they are looked at, outputs from here when they are complete: what the caller
//! does to its memory meanwhile changes nothing. After each call what was used is wiped.
//!
//! SFR: residual-information-purging.

use crate::dispatch::Input;
use cdd_gate::Status;
use cdd_hal::CallerMemory;
use zeroize::Zeroize;

/// Bytes that all inputs of a call may have together.
pub const MAX_INPUT: usize = 5120;
/// Bytes that an output may have: a message of 4,096, a vector or a tag, a block.
pub const MAX_OUTPUT: usize = 4096 + 32;

/// One area.
pub(crate) struct Area<const BYTES: usize> {
    bytes: [u8; BYTES],
    used: usize,
}

/// An area for inputs and one for outputs. All zero when new, so that a static of them takes no space in the image.
pub struct Buffers {
    pub(crate) input: Area<MAX_INPUT>,
    pub(crate) output: Area<MAX_OUTPUT>,
}

impl Buffers {
    /// Empty.
    pub const fn new() -> Buffers {
        Buffers {
            input: Area { bytes: [0; MAX_INPUT], used: 0 },
            output: Area { bytes: [0; MAX_OUTPUT], used: 0 },
        }
    }

    /// Wipes what was used since the last time.
    pub(crate) fn wipe(&mut self) {
        self.input.wipe();
        self.output.wipe();
    }
}

impl Default for Buffers {
    fn default() -> Self {
        Self::new()
    }
}

impl<const BYTES: usize> Area<BYTES> {
    pub(crate) fn arena(&mut self) -> Arena<'_> {
        Arena { free: &mut self.bytes, used: &mut self.used }
    }

    fn wipe(&mut self) {
        if let Some(used) = self.bytes.get_mut(..self.used.min(BYTES)) {
            used.zeroize();
        }
        self.used = 0;
    }
}

/// What is left of an area during a call.
pub(crate) struct Arena<'b> {
    free: &'b mut [u8],
    used: &'b mut usize,
}

impl<'b> Arena<'b> {
    /// So many bytes of it; `InsufficientMemory` when they are not there.
    pub(crate) fn bytes(&mut self, len: usize) -> Result<&'b mut [u8], Status> {
        let free = core::mem::take(&mut self.free);
        let (bytes, rest) = free.split_at_mut_checked(len).ok_or(Status::InsufficientMemory)?;
        self.free = rest;
        *self.used = self.used.saturating_add(len);
        Ok(bytes)
    }

    /// A copy of an input.
    pub(crate) fn take<M: CallerMemory>(&mut self, memory: &M, input: Input) -> Result<&'b [u8], Status> {
        input.copy(memory, self.bytes(input.len())?)
    }

    /// As many bytes as the caller has room for, at most all.
    pub(crate) fn for_output(&mut self, capacity: usize) -> &'b mut [u8] {
        let len = capacity.min(self.free.len());
        self.bytes(len).unwrap_or_default()
    }
}
