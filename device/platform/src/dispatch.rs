//! The gate's Secure side: takes the frame in once, checks every range, calls the service.
//!
//! Made from the table in `cdd-gate`. A service never sees an address: it gets [`Input`] and [`Output`],
//! which can only be made here, from a range that the caller itself may access.
//!
//! SFR: secure-initialization-of-platform, residual-information-purging.

use crate::{Board, Platform};
use cdd_boot::report::Line;
use cdd_gate::Status;
use cdd_hal::{Access, CallerMemory, EntropySource};

/// Bytes of the caller that it may read. They may change under the platform's hands, so they are copied
/// out piece by piece and each byte is looked at once.
#[derive(Clone, Copy)]
pub struct Input {
    address: u32,
    len: u32,
}

impl Input {
    /// Their number.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Copies all of them to the start of `to`; an error when they do not fit.
    pub fn copy<'t, M: CallerMemory>(&self, memory: &M, to: &'t mut [u8]) -> Result<&'t [u8], Status> {
        let to = to.get_mut(..self.len as usize).ok_or(Status::InvalidArgument)?;
        if memory.copy_in(self.address, to) { Ok(to) } else { Err(Status::ProgrammerError) }
    }

    /// Copies them out in pieces and hands each to `take`.
    pub fn pieces<M: CallerMemory>(&self, memory: &M, mut take: impl FnMut(&[u8])) -> Result<(), Status> {
        let mut piece = [0u8; 256];
        let mut done = 0u32;
        while done < self.len {
            let size = (self.len - done).min(piece.len() as u32);
            let to = piece.get_mut(..size as usize).unwrap_or_default();
            if !memory.copy_in(self.address.wrapping_add(done), to) {
                return Err(Status::ProgrammerError);
            }
            take(to);
            done += size;
        }
        Ok(())
    }
}

/// Bytes of the caller that it may write.
pub struct Output {
    address: u32,
    capacity: u32,
    written: u32,
}

impl Output {
    /// How many fit.
    pub fn capacity(&self) -> usize {
        self.capacity as usize
    }

    /// Writes more bytes; `BufferTooSmall` when they do not fit.
    pub fn write<M: CallerMemory>(&mut self, memory: &mut M, bytes: &[u8]) -> Result<(), Status> {
        let len = u32::try_from(bytes.len()).map_err(|_| Status::BufferTooSmall)?;
        let end = self.written.checked_add(len).filter(|end| *end <= self.capacity);
        let end = end.ok_or(Status::BufferTooSmall)?;
        if !memory.copy_out(self.address.wrapping_add(self.written), bytes) {
            return Err(Status::ProgrammerError);
        }
        self.written = end;
        Ok(())
    }
}

/// A frame, taken in once. Of one size for all calls, so that there is one copy of the code.
struct Frame {
    words: [u32; cdd_gate::MAX_FRAME_WORDS],
    next: usize,
}

/// Why the gate refused a call before any service saw it.
struct Refused(&'static str);

impl Frame {
    #[inline(never)]
    fn take<M: CallerMemory>(memory: &M, address: u32, words: usize) -> Result<Self, Refused> {
        let mut frame = Frame { words: [0; cdd_gate::MAX_FRAME_WORDS], next: 0 };
        if words == 0 {
            return Ok(frame);
        }
        if !address.is_multiple_of(4) {
            return Err(Refused("frame-misaligned"));
        }
        if !memory.check(address, (words * 4) as u32, Access::Write) {
            return Err(Refused("frame-not-callers"));
        }
        for (word, offset) in frame.words.iter_mut().take(words).zip((0u32..).step_by(4)) {
            let mut raw = [0u8; 4];
            if !memory.copy_in(address.wrapping_add(offset), &mut raw) {
                return Err(Refused("frame-not-callers"));
            }
            *word = u32::from_le_bytes(raw);
        }
        Ok(frame)
    }

    fn word(&mut self) -> u32 {
        let word = self.words.get(self.next).copied().unwrap_or_default();
        self.next += 1;
        word
    }

    #[inline(never)]
    fn value<M: CallerMemory>(&mut self, _: &M) -> Result<u32, Refused> {
        Ok(self.word())
    }

    #[inline(never)]
    fn input<M: CallerMemory>(&mut self, memory: &M) -> Result<Input, Refused> {
        let (address, len) = (self.word(), self.word());
        if !memory.check(address, len, Access::Read) {
            return Err(Refused("input-not-callers"));
        }
        Ok(Input { address, len })
    }

    #[inline(never)]
    fn output<M: CallerMemory>(&mut self, memory: &M) -> Result<Output, Refused> {
        let (address, capacity) = (self.word(), self.word());
        if !memory.check(address, capacity, Access::Write) {
            return Err(Refused("output-not-callers"));
        }
        Ok(Output { address, capacity, written: 0 })
    }
}

/// For each call, where the length word of its output lies in the frame; 0 for a call without one. Made when this is
/// compiled: the texts of the table stay out of the image.
const LENGTH_WORDS: [u8; cdd_gate::CALLS.len()] = {
    let mut words = [0; cdd_gate::CALLS.len()];
    let mut call = 0;
    while call < words.len() {
        let arguments = cdd_gate::CALLS[call].arguments;
        let (mut at, mut argument) = (0, 0);
        while argument < arguments.len() {
            if matches!(arguments[argument].shape, cdd_gate::Shape::Output) {
                words[call] = (at + 1) * 4;
            }
            at += arguments[argument].shape.words() as u8;
            argument += 1;
        }
        call += 1;
    }
    words
};

macro_rules! define_dispatch {
    ($( $(#[doc = $doc:literal])* $number:literal $name:ident $sfr:literal
        ( $( $argument:ident : $shape:ident $meaning:literal ),* ) [ $( $error:ident ),* ]; )*) => {
        fn service<B: Board, S: EntropySource, M: CallerMemory>(
            platform: &mut Platform<B, S>,
            memory: &mut M,
            number: u32,
            frame_address: u32,
        ) -> Result<Result<u32, Status>, Refused> {
            match number {
                $( $number => {
                    #[allow(unused_mut, unused_variables)]
                    let mut frame = Frame::take(
                        memory,
                        frame_address,
                        const { 0 $( + cdd_gate::Shape::words(define_dispatch!(@shape $shape)) )* },
                    )?;
                    $( #[allow(unused_mut)] let mut $argument = frame.$shape(memory)?; )*
                    let outcome = platform.$name(memory $(, define_dispatch!(@pass $shape $argument))*);
                    #[allow(unused_mut, unused_assignments)]
                    let mut written = 0;
                    $( define_dispatch!(@written $shape $argument written); )*
                    Ok(outcome.map(|()| written))
                } )*
                _ => Ok(Err(Status::NotSupported)),
            }
        }
    };
    (@shape value) => { cdd_gate::Shape::Value };
    (@shape input) => { cdd_gate::Shape::Input };
    (@shape output) => { cdd_gate::Shape::Output };
    (@pass output $argument:ident) => { &mut $argument };
    (@pass $shape:ident $argument:ident) => { $argument };
    (@written output $argument:ident $written:ident) => { $written = $argument.written; };
    (@written $shape:ident $argument:ident $written:ident) => {};
}

cdd_gate::gate_table!(define_dispatch);

pub(crate) fn dispatch<B: Board, S: EntropySource, M: CallerMemory>(
    platform: &mut Platform<B, S>,
    memory: &mut M,
    number: u32,
    frame: u32,
) -> Status {
    match service(platform, memory, number, frame) {
        Ok(Ok(written)) => match LENGTH_WORDS.get(number as usize) {
            Some(at @ 1..) if !memory.copy_out(frame.wrapping_add((*at).into()), &written.to_le_bytes()) => {
                Status::ProgrammerError
            }
            _ => Status::Success,
        },
        Ok(Err(status)) => status,
        Err(Refused(reason)) => {
            Line::start(platform.board.console())
                .text("event", "gate-refused")
                .number("call", number)
                .text("reason", reason)
                .end();
            Status::ProgrammerError
        }
    }
}
