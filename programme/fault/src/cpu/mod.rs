//! The core: Armv8-M Mainline in Secure state, one instruction at a time.
//!
//! Exceptions are not taken: a fault, a supervisor call or a breakpoint ends the run, for the firmware answers each by
//! stopping or by a reset. Interrupts do not come. Time does not exist: no instruction's effect depends on it.

mod data;
mod execute;
mod load_store;

use crate::devices::{Attribution, Devices, Effect};
use crate::isa::Insn;
use crate::memory::Memories;
use std::ops::Range;

/// Why the core stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// No such instruction, or an operand that none may have.
    Undefined,
    /// A coprocessor, all of which are off.
    NoCoprocessor,
    /// A branch to an address that names no Thumb instruction, or an exception return outside of any.
    InvalidState,
    /// No memory or device there, or one that refuses.
    BusFault(u32),
    /// An access that must be aligned and is not.
    Unaligned,
    /// The stack would have grown beyond its limit.
    StackOverflow,
    /// The protection unit does not allow it.
    Forbidden(u32),
    /// The attribution does not allow it.
    SecureFault,
    /// A supervisor call or a breakpoint.
    Call,
    /// Waits for an interrupt, none of which comes.
    Waiting,
    /// Asked for a reset.
    Reset,
    /// Went over to the Non-secure state, to this address.
    NonSecure(u32),
    /// Fetched from memory where no code of this stage is.
    Foreign(u32),
}

/// The registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registers {
    /// r0 to r12, SP, LR, and the address of the instruction.
    pub r: [u32; 16],
    /// Negative.
    pub n: bool,
    /// Zero.
    pub z: bool,
    /// Carry.
    pub c: bool,
    /// Overflow.
    pub v: bool,
    /// Saturation.
    pub q: bool,
    /// Greater-or-equal flags of the DSP instructions.
    pub ge: u8,
    /// The rest of an IT block.
    pub it: u8,
    /// Whether the core is in Secure state; the gate begins outside.
    pub secure: bool,
    /// The special registers by their number in MRS and MSR.
    pub special: [u32; 32],
    /// The same of the Non-secure side.
    pub special_ns: [u32; 32],
    exclusive: Option<u32>,
}

/// Numbers of special registers.
pub(crate) mod special {
    pub(crate) const MSP: usize = 8;
    pub(crate) const PSP: usize = 9;
    pub(crate) const MSPLIM: usize = 10;
    pub(crate) const CONTROL: usize = 20;
}

impl Registers {
    /// The flags as the program status register has them.
    pub fn apsr(&self) -> u32 {
        u32::from(self.n) << 31
            | u32::from(self.z) << 30
            | u32::from(self.c) << 29
            | u32::from(self.v) << 28
            | u32::from(self.q) << 27
            | u32::from(self.ge) << 16
    }

    fn set_apsr(&mut self, value: u32, nzcvq: bool, g: bool) {
        if nzcvq {
            self.n = value >> 31 & 1 == 1;
            self.z = value >> 30 & 1 == 1;
            self.c = value >> 29 & 1 == 1;
            self.v = value >> 28 & 1 == 1;
            self.q = value >> 27 & 1 == 1;
        }
        if g {
            self.ge = (value >> 16 & 15) as u8;
        }
    }

    fn condition(&self, code: u8) -> bool {
        let holds = match code >> 1 {
            0 => self.z,
            1 => self.c,
            2 => self.n,
            3 => self.v,
            4 => self.c && !self.z,
            5 => self.n == self.v,
            6 => !self.z && self.n == self.v,
            _ => return true,
        };
        holds != (code & 1 == 1)
    }
}

/// The instructions of a stretch of memory, decoded.
#[derive(Clone, Default)]
pub(crate) struct Decoded {
    base: u32,
    insns: std::sync::Arc<Vec<Insn>>,
}

/// The core with all that it reaches.
pub(crate) struct Machine {
    pub(crate) regs: Registers,
    pub(crate) memory: Memories,
    pub(crate) devices: Devices,
    decoded: Decoded,
    /// Memory from which a fetch ends the run.
    pub(crate) foreign: Vec<Range<u32>>,
    /// Accesses to devices so far.
    accesses: u64,
    /// Where to go on after the instruction under way.
    next: u32,
}

impl Machine {
    /// After power-on, before the reset: all memory zero.
    pub(crate) fn new(devices: Devices) -> Machine {
        Machine {
            regs: Registers {
                r: [0; 16],
                n: false,
                z: false,
                c: false,
                v: false,
                q: false,
                ge: 0,
                it: 0,
                secure: true,
                special: [0; 32],
                special_ns: [0; 32],
                exclusive: None,
            },
            memory: Memories::new(),
            devices,
            decoded: Decoded::default(),
            foreign: Vec::new(),
            accesses: 0,
            next: 0,
        }
    }

    /// Another machine in the same state.
    pub(crate) fn duplicate(&self) -> Machine {
        Machine {
            regs: self.regs.clone(),
            memory: self.memory.duplicate(),
            devices: self.devices.clone(),
            decoded: self.decoded.clone(),
            foreign: self.foreign.clone(),
            accesses: 0,
            next: 0,
        }
    }

    /// What the core does at a reset: takes stack and entry from the vector table.
    pub(crate) fn reset(&mut self, vectors: u32) {
        let word = |at: u32| self.memory.peek(at, 4).try_into().map_or(0, u32::from_le_bytes);
        let (stack, entry) = (word(vectors), word(vectors + 4));
        self.regs.r[13] = stack & !3;
        self.regs.r[14] = u32::MAX;
        self.regs.r[15] = entry & !1;
        // The reset value of the flags does not matter to anybody; QEMU's is Z.
        self.regs.z = true;
    }

    /// Decodes the code in `range` as it is now. What is written there later is noticed and decoded anew.
    pub(crate) fn decode(&mut self, range: Range<u32>) {
        let half = |at: u32| self.memory.fetch(at).unwrap_or(0);
        let insns = range.clone().step_by(2).map(|at| Insn::decode(half(at), half(at.wrapping_add(2))));
        self.decoded = Decoded { base: range.start, insns: std::sync::Arc::new(insns.collect()) };
        self.devices.set_code(range.clone());
        self.memory.set_code(range);
    }

    /// The instruction at the PC.
    #[inline]
    pub(crate) fn fetch(&self) -> Result<Insn, Stop> {
        let index = self.regs.r[15].wrapping_sub(self.decoded.base) >> 1;
        match self.decoded.insns.get(index as usize) {
            Some(insn)
                if !self.memory.code_changed && self.regs.secure && self.devices.mpu().permits_code() =>
            {
                Ok(*insn)
            }
            _ => self.fetch_slowly(),
        }
    }

    #[cold]
    fn fetch_slowly(&self) -> Result<Insn, Stop> {
        let [first, second] = self.fetch_raw()?;
        self.fetch_as(Insn::decode(first, second))
    }

    /// Checks that what was fetched may be executed in this state.
    pub(crate) fn fetch_as(&self, insn: Insn) -> Result<Insn, Stop> {
        if !self.regs.secure && insn.op != crate::isa::Op::Sg {
            // The Non-secure side got into Secure memory past its gate.
            return Err(Stop::SecureFault);
        }
        Ok(insn)
    }

    /// The halfword at the PC and the one behind it.
    pub(crate) fn fetch_raw(&self) -> Result<[u16; 2], Stop> {
        let pc = self.regs.r[15];
        if self.regs.secure && !self.devices.mpu().permits(pc) {
            return Err(Stop::Forbidden(pc));
        }
        if self.foreign.iter().any(|range| range.contains(&pc)) {
            return Err(Stop::Foreign(pc));
        }
        if self.devices.sau().look_up(pc).0 == Attribution::NonSecure {
            return Err(Stop::SecureFault);
        }
        let first = self.memory.fetch(pc).ok_or(Stop::BusFault(pc))?;
        Ok([first, self.memory.fetch(pc.wrapping_add(2)).unwrap_or(0)])
    }

    /// Executes the instruction at the PC.
    #[inline]
    pub(crate) fn step(&mut self) -> Result<(), Stop> {
        let insn = self.fetch()?;
        self.execute(insn)
    }

    /// Goes past the instruction at the PC without doing what it says.
    pub(crate) fn skip(&mut self) -> Result<(), Stop> {
        let insn = self.fetch()?;
        self.regs.r[15] = self.regs.r[15].wrapping_add(insn.size.into());
        self.advance_it();
        Ok(())
    }

    /// A number that is another one after anything but registers may have changed.
    pub(crate) fn changes(&self) -> u64 {
        self.memory.stores().wrapping_add(self.accesses)
    }

    fn advance_it(&mut self) {
        let it = self.regs.it;
        self.regs.it = if it & 7 == 0 { 0 } else { it & 0xE0 | it << 1 & 0x1F };
    }

    #[inline]
    fn load(&mut self, address: u32, size: u32) -> Result<u32, Stop> {
        if let Some(value) = self.memory.read(address, size) {
            return Ok(value);
        }
        if address & (size - 1) != 0 {
            return Err(Stop::Unaligned);
        }
        self.accesses += 1;
        let word = self.devices.read(address & !3).ok_or(Stop::BusFault(address))? >> (8 * (address & 3));
        Ok(if size == 4 { word } else { word & ((1 << (8 * size)) - 1) })
    }

    #[inline]
    fn store(&mut self, address: u32, size: u32, value: u32) -> Result<(), Stop> {
        if self.memory.write(address, size, value).is_some() {
            return Ok(());
        }
        if address & (size - 1) != 0 {
            return Err(Stop::Unaligned);
        }
        self.accesses += 1;
        match self.devices.write(address & !3, value << (8 * (address & 3))) {
            Some(Effect::None) => Ok(()),
            Some(Effect::Reset) => Err(Stop::Reset),
            None => Err(Stop::BusFault(address)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_instruction_in_any_state_ends_in_a_step_or_a_stop() {
        let mut machine = Machine::new(Devices::new(&[]));
        let mut random = 0x2545_F491_4F6C_DD1Du64;
        let mut next = || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random as u32
        };
        for first in 0..=u16::MAX {
            for _ in 0..8 {
                machine.memory.begin();
                machine.regs.r.iter_mut().for_each(|register| *register = next());
                machine.regs.r[13] = 0x3000_4000;
                machine.regs.r[15] = 0x3000_0100;
                machine.regs.it = if next() & 3 == 0 { next() as u8 } else { 0 };
                let insn = Insn::decode(first, next() as u16);
                let _ = machine.execute(insn);
                let _ = insn.reads();
                machine.memory.undo();
            }
        }
    }
}
