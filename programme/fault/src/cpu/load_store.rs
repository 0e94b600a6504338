//! Loads and stores of one register, of two and of many.

use super::{Machine, Stop, special};
use crate::isa::{Insn, Op};

impl Machine {
    /// Base and offset of a plain access, with the write-back's check of the stack's limit.
    fn address(&self, i: Insn) -> Result<(u32, u32), Stop> {
        let base = self.regs.r[i.rn as usize];
        let indexed = base.wrapping_add(i.imm);
        if i.w && i.rn == 13 {
            self.check_stack(indexed)?;
        }
        Ok((if i.p { indexed } else { base }, indexed))
    }

    pub(super) fn check_stack(&self, pointer: u32) -> Result<(), Stop> {
        if pointer < self.regs.special[special::MSPLIM] { Err(Stop::StackOverflow) } else { Ok(()) }
    }

    pub(super) fn load_register(&mut self, register: u8, value: u32) -> Result<(), Stop> {
        if register == 15 {
            return self.branch_exchange(value);
        }
        self.regs.r[register as usize] = value;
        Ok(())
    }

    pub(super) fn load_plain(&mut self, i: Insn, size: u32, signed: bool) -> Result<(), Stop> {
        let (address, indexed) = self.address(i)?;
        let value = extended(self.load(address, size)?, size, signed);
        if i.w {
            self.regs.r[i.rn as usize] = indexed;
        }
        self.load_register(i.rd, value)
    }

    pub(super) fn store_plain(&mut self, i: Insn, size: u32) -> Result<(), Stop> {
        let (address, indexed) = self.address(i)?;
        self.store(address, size, self.regs.r[i.rd as usize])?;
        if i.w {
            self.regs.r[i.rn as usize] = indexed;
        }
        Ok(())
    }

    fn register_address(&self, i: Insn) -> u32 {
        self.regs.r[i.rn as usize].wrapping_add(self.regs.r[i.rm as usize] << i.imm)
    }

    pub(super) fn load_indexed(&mut self, i: Insn, size: u32, signed: bool) -> Result<(), Stop> {
        let value = extended(self.load(self.register_address(i), size)?, size, signed);
        self.load_register(i.rd, value)
    }

    pub(super) fn store_indexed(&mut self, i: Insn, size: u32) -> Result<(), Stop> {
        self.store(self.register_address(i), size, self.regs.r[i.rd as usize])
    }

    pub(super) fn load_literal(&mut self, i: Insn, size: u32, signed: bool) -> Result<(), Stop> {
        let address = (self.pc() & !3).wrapping_add(i.imm);
        let value = extended(self.load(address, size)?, size, signed);
        self.load_register(i.rd, value)
    }

    pub(super) fn load_two(&mut self, i: Insn) -> Result<(), Stop> {
        if i.rn == 15 {
            let address = (self.pc() & !3).wrapping_add(i.imm);
            let (first, second) = (self.load(address, 4)?, self.load(address.wrapping_add(4), 4)?);
            (self.regs.r[i.rd as usize], self.regs.r[i.ra as usize]) = (first, second);
            return Ok(());
        }
        let (address, indexed) = self.address(i)?;
        if address & 3 != 0 {
            return Err(Stop::Unaligned);
        }
        let (first, second) = (self.load(address, 4)?, self.load(address.wrapping_add(4), 4)?);
        if i.w {
            self.regs.r[i.rn as usize] = indexed;
        }
        if i.rd == 15 || i.ra == 15 {
            return Err(Stop::Undefined);
        }
        (self.regs.r[i.rd as usize], self.regs.r[i.ra as usize]) = (first, second);
        Ok(())
    }

    pub(super) fn store_two(&mut self, i: Insn) -> Result<(), Stop> {
        let (address, indexed) = self.address(i)?;
        if address & 3 != 0 {
            return Err(Stop::Unaligned);
        }
        self.store(address, 4, self.regs.r[i.rd as usize])?;
        self.store(address.wrapping_add(4), 4, self.regs.r[i.ra as usize])?;
        if i.w {
            self.regs.r[i.rn as usize] = indexed;
        }
        Ok(())
    }

    /// Loads or stores the registers of the list, the lowest at the lowest address.
    pub(super) fn multiple(&mut self, i: Insn) -> Result<(), Stop> {
        let base = self.regs.r[i.rn as usize];
        let bytes = 4 * i.imm.count_ones();
        let down = matches!(i.op, Op::LdmDb | Op::StmDb);
        let (start, after) = if down {
            (base.wrapping_sub(bytes), base.wrapping_sub(bytes))
        } else {
            (base, base.wrapping_add(bytes))
        };
        if start & 3 != 0 {
            return Err(Stop::Unaligned);
        }
        if i.rn == 13 && i.w {
            self.check_stack(after)?;
        }
        let mut list = i.imm;
        let mut at = start;
        if matches!(i.op, Op::StmIa | Op::StmDb) {
            while list != 0 {
                self.store(at, 4, self.regs.r[list.trailing_zeros() as usize])?;
                at = at.wrapping_add(4);
                list &= list - 1;
            }
            if i.w {
                self.regs.r[i.rn as usize] = after;
            }
            return Ok(());
        }
        let mut target = None;
        let mut loaded = [0u32; 16];
        while list != 0 {
            loaded[list.trailing_zeros() as usize] = self.load(at, 4)?;
            at = at.wrapping_add(4);
            list &= list - 1;
        }
        if i.w {
            self.regs.r[i.rn as usize] = after;
        }
        let mut list = i.imm;
        while list != 0 {
            let register = list.trailing_zeros() as usize;
            list &= list - 1;
            match register {
                15 => target = Some(loaded[15]),
                13 => self.regs.r[13] = loaded[13] & !3,
                _ => self.regs.r[register] = loaded[register],
            }
        }
        target.map_or(Ok(()), |target| self.branch_exchange(target))
    }

    pub(super) fn exclusive_or_ordered(&mut self, i: Insn) -> Result<(), Stop> {
        let address = self.regs.r[i.rn as usize].wrapping_add(u32::from(i.rm) * 4);
        if address & (i.imm - 1) != 0 {
            return Err(Stop::Unaligned);
        }
        match i.op {
            Op::LoadExclusive | Op::LoadAcquire => {
                let value = self.load(address, i.imm)?;
                if i.op == Op::LoadExclusive {
                    self.regs.exclusive = Some(address);
                }
                self.load_register(i.rd, value)
            }
            Op::StoreExclusive => {
                let held = self.regs.exclusive.take() == Some(address);
                if held {
                    self.store(address, i.imm, self.regs.r[i.rd as usize])?;
                }
                self.regs.r[i.ra as usize] = u32::from(!held);
                Ok(())
            }
            _ => self.store(address, i.imm, self.regs.r[i.rd as usize]),
        }
    }

    pub(super) fn clear_exclusive(&mut self) {
        self.regs.exclusive = None;
    }
}

fn extended(value: u32, size: u32, signed: bool) -> u32 {
    match (signed, size) {
        (true, 1) => value as u8 as i8 as u32,
        (true, 2) => value as u16 as i16 as u32,
        _ => value,
    }
}
