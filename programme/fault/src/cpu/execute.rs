//! What each instruction does (DDI 0553, C2.4).

use super::data::{add, parallel, saturate, shift};
use super::{Machine, Stop, special};
use crate::devices::Attribution;
use crate::isa::{Alu, CARRY_TOP, Insn, LSL, Op, SetFlags};

/// Offset from a special register's number to that of its Non-secure twin.
const NON_SECURE_SPECIAL: u32 = 0x80;

impl Machine {
    /// The PC as an operand.
    pub(super) fn pc(&self) -> u32 {
        self.regs.r[15].wrapping_add(4)
    }

    fn reg(&self, register: u8) -> u32 {
        if register == 15 { self.pc() } else { self.regs.r[register as usize] }
    }

    /// Goes on at an address whose lowest bit says which instruction set; there is one.
    pub(super) fn branch_exchange(&mut self, target: u32) -> Result<(), Stop> {
        if target & 1 == 0 || target >= 0xFE00_0000 {
            return Err(Stop::InvalidState);
        }
        self.next = target & !1;
        Ok(())
    }

    /// Executes an instruction as if it were the one at the PC.
    pub(crate) fn execute(&mut self, i: Insn) -> Result<(), Stop> {
        self.next = self.regs.r[15].wrapping_add(i.size.into());
        let mut sets_flags = i.s != SetFlags::Never;
        if self.regs.it != 0 {
            let passes = self.regs.condition(self.regs.it >> 4);
            self.advance_it();
            sets_flags &= i.s == SetFlags::Always;
            if !passes {
                self.regs.r[15] = self.next;
                return Ok(());
            }
        }
        self.perform(i, sets_flags)?;
        self.regs.r[15] = self.next;
        Ok(())
    }

    #[inline(always)]
    fn perform(&mut self, i: Insn, sets_flags: bool) -> Result<(), Stop> {
        match i.op {
            Op::AluImm(alu) => {
                let carry = if i.ra == CARRY_TOP { i.imm >> 31 == 1 } else { self.regs.c };
                let a = self.regs.r[i.rn as usize];
                let value = self.compute(alu, a, i.imm, carry, sets_flags);
                self.result(i, alu, value)
            }
            Op::AluReg(alu) => {
                let (b, carry) = shift(self.regs.r[i.rm as usize], i.ra, i.imm, self.regs.c);
                let a = self.regs.r[i.rn as usize];
                let value = self.compute(alu, a, b, carry, sets_flags);
                self.result(i, alu, value)
            }
            Op::TestImm(alu) => {
                let carry = if i.ra == CARRY_TOP { i.imm >> 31 == 1 } else { self.regs.c };
                self.compute(alu, self.regs.r[i.rn as usize], i.imm, carry, true);
                Ok(())
            }
            Op::TestReg(alu) => {
                let (b, carry) = shift(self.reg(i.rm), i.ra, i.imm, self.regs.c);
                self.compute(alu, self.reg(i.rn), b, carry, true);
                Ok(())
            }
            Op::ShiftReg => {
                let amount = self.regs.r[i.rm as usize] & 0xFF;
                let (value, carry) = shift(self.regs.r[i.rn as usize], i.ra, amount, self.regs.c);
                if sets_flags {
                    self.logical_flags(value, carry);
                }
                self.set(i.rd, value)
            }
            Op::MovHi => match i.rd {
                15 => self.branch(self.reg(i.rm)),
                _ => self.set(i.rd, self.reg(i.rm)),
            },
            Op::AddHi => {
                let sum = self.reg(i.rn).wrapping_add(self.reg(i.rm));
                match i.rd {
                    15 => self.branch(sum),
                    13 => self.result(i, Alu::Add, sum),
                    _ => self.set(i.rd, sum),
                }
            }
            Op::Adr => self.set(i.rd, (self.pc() & !3).wrapping_add(i.imm)),
            Op::Movt => {
                let low = self.regs.r[i.rd as usize] & 0xFFFF;
                self.set(i.rd, i.imm << 16 | low)
            }
            Op::Ldr => self.load_plain(i, 4, false),
            Op::Ldrb => self.load_plain(i, 1, false),
            Op::Ldrh => self.load_plain(i, 2, false),
            Op::Ldrsb => self.load_plain(i, 1, true),
            Op::Ldrsh => self.load_plain(i, 2, true),
            Op::Str => self.store_plain(i, 4),
            Op::Strb => self.store_plain(i, 1),
            Op::Strh => self.store_plain(i, 2),
            Op::LdrReg => self.load_indexed(i, 4, false),
            Op::LdrbReg => self.load_indexed(i, 1, false),
            Op::LdrhReg => self.load_indexed(i, 2, false),
            Op::LdrsbReg => self.load_indexed(i, 1, true),
            Op::LdrshReg => self.load_indexed(i, 2, true),
            Op::StrReg => self.store_indexed(i, 4),
            Op::StrbReg => self.store_indexed(i, 1),
            Op::StrhReg => self.store_indexed(i, 2),
            Op::LdrLit => self.load_literal(i, 4, false),
            Op::LdrbLit => self.load_literal(i, 1, false),
            Op::LdrhLit => self.load_literal(i, 2, false),
            Op::LdrsbLit => self.load_literal(i, 1, true),
            Op::LdrshLit => self.load_literal(i, 2, true),
            Op::Ldrd => self.load_two(i),
            Op::Strd => self.store_two(i),
            Op::LdmIa | Op::LdmDb | Op::StmIa | Op::StmDb => self.multiple(i),
            Op::B => {
                self.next = self.pc().wrapping_add(i.imm);
                Ok(())
            }
            Op::BCond => {
                if self.regs.condition(i.ra) {
                    self.next = self.pc().wrapping_add(i.imm);
                }
                Ok(())
            }
            Op::Cbz | Op::Cbnz => {
                if (self.regs.r[i.rn as usize] == 0) == (i.op == Op::Cbz) {
                    self.next = self.pc().wrapping_add(i.imm);
                }
                Ok(())
            }
            Op::Bl => {
                self.regs.r[14] = self.next | 1;
                self.next = self.pc().wrapping_add(i.imm);
                Ok(())
            }
            Op::Bx => self.branch_exchange(self.reg(i.rm)),
            Op::Blx => {
                let target = self.reg(i.rm);
                self.regs.r[14] = self.next | 1;
                self.branch_exchange(target)
            }
            Op::It => {
                self.regs.it = i.imm as u8;
                Ok(())
            }
            Op::Nop => Ok(()),
            Op::Mul => {
                let product = self.regs.r[i.rn as usize].wrapping_mul(self.regs.r[i.rm as usize]);
                if sets_flags {
                    (self.regs.n, self.regs.z) = (product >> 31 == 1, product == 0);
                }
                self.set(i.rd, product)
            }
            _ => self.perform_rare(i),
        }
    }

    #[inline(never)]
    fn perform_rare(&mut self, i: Insn) -> Result<(), Stop> {
        let (a, b) = (self.regs.r[i.rn as usize & 15], self.regs.r[i.rm as usize & 15]);
        match i.op {
            Op::Bxns | Op::Blxns => {
                let target = self.reg(i.rm);
                if target & 1 == 0 {
                    return Err(Stop::NonSecure(target));
                }
                if i.op == Op::Blxns {
                    self.regs.r[14] = self.next | 1;
                }
                self.branch_exchange(target)
            }
            Op::Tbb => {
                let halfwords = self.load(self.reg(i.rn).wrapping_add(b), 1)?;
                self.branch(self.pc().wrapping_add(2 * halfwords))
            }
            Op::Tbh => {
                let halfwords = self.load(self.reg(i.rn).wrapping_add(b << 1), 2)?;
                self.branch(self.pc().wrapping_add(2 * halfwords))
            }
            Op::LoadExclusive | Op::LoadAcquire | Op::StoreExclusive | Op::StoreRelease => {
                self.exclusive_or_ordered(i)
            }
            Op::Clrex => {
                self.clear_exclusive();
                Ok(())
            }
            Op::Cps => {
                let value = i.imm >> 4 & 1;
                if i.imm & 2 != 0 {
                    self.regs.special[16] = value;
                }
                if i.imm & 1 != 0 {
                    self.regs.special[19] = value;
                }
                Ok(())
            }
            Op::Mrs => {
                let value = self.read_special(i.imm);
                self.set(i.rd, value)
            }
            Op::Msr => {
                self.write_special(i.imm, i.ra, a);
                Ok(())
            }
            Op::Sg => self.secure_gateway(),
            Op::Tt => {
                let answer = self.devices.sau().test_target(a);
                self.set(i.rd, answer)
            }
            Op::Wfi => Err(Stop::Waiting),
            Op::Svc | Op::Bkpt => Err(Stop::Call),
            Op::NoCoprocessor => Err(Stop::NoCoprocessor),
            Op::Undefined => Err(Stop::Undefined),
            _ => self.perform_dsp(i, a, b),
        }
    }

    fn perform_dsp(&mut self, i: Insn, a: u32, b: u32) -> Result<(), Stop> {
        let c = self.regs.r[i.ra as usize & 15];
        let turned = b.rotate_right(i.imm);
        let plus = if i.rn == 15 { 0 } else { a };
        let half = |word: u32, top: bool| i64::from(if top { word >> 16 } else { word } as u16 as i16);
        let value = match i.op {
            Op::Rev => b.swap_bytes(),
            Op::Rev16 => b.swap_bytes().rotate_right(16),
            Op::Revsh => (b as u16).swap_bytes() as i16 as u32,
            Op::Rbit => b.reverse_bits(),
            Op::Clz => b.leading_zeros(),
            Op::Sel => {
                let mask = (0..4).map(|n| if self.regs.ge >> n & 1 == 1 { 0xFFu32 << (8 * n) } else { 0 });
                let mask: u32 = mask.sum();
                a & mask | b & !mask
            }
            Op::Sxtb => plus.wrapping_add(turned as u8 as i8 as u32),
            Op::Sxth => plus.wrapping_add(turned as u16 as i16 as u32),
            Op::Uxtb => plus.wrapping_add(turned & 0xFF),
            Op::Uxth => plus.wrapping_add(turned & 0xFFFF),
            Op::Sxtb16 | Op::Uxtb16 => {
                let extend = |byte: u32| {
                    if i.op == Op::Sxtb16 { byte as u8 as i8 as u32 } else { byte & 0xFF }
                };
                let low = (plus & 0xFFFF).wrapping_add(extend(turned)) & 0xFFFF;
                let high = (plus >> 16).wrapping_add(extend(turned >> 16)) & 0xFFFF;
                high << 16 | low
            }
            Op::Bfi => {
                let (low, top) = (i.imm, u32::from(i.ra));
                if top < low {
                    return Err(Stop::Undefined);
                }
                let mask = ((1u64 << (top - low + 1)) - 1) as u32;
                let source = if i.rn == 15 { 0 } else { a };
                self.regs.r[i.rd as usize] & !(mask << low) | (source & mask) << low
            }
            Op::Sbfx | Op::Ubfx => {
                let width = u32::from(i.ra);
                if i.imm + width > 32 {
                    return Err(Stop::Undefined);
                }
                let at_top = a << (32 - i.imm - width);
                if i.op == Op::Sbfx { (at_top as i32 >> (32 - width)) as u32 } else { at_top >> (32 - width) }
            }
            Op::Ssat | Op::Usat => {
                let shifted = if i.rm == 0 { a << i.imm } else { (a as i32 >> i.imm) as u32 };
                self.saturated(i64::from(shifted as i32), i.ra.into(), i.op == Op::Ssat)
            }
            Op::Ssat16 | Op::Usat16 => {
                let signed = i.op == Op::Ssat16;
                let low = self.saturated(half(a, false), i.ra.into(), signed) & 0xFFFF;
                self.saturated(half(a, true), i.ra.into(), signed) << 16 | low
            }
            Op::Pkhbt => shift(b, LSL, i.imm, false).0 & 0xFFFF_0000 | a & 0xFFFF,
            Op::Pkhtb => shift(b, i.ra, i.imm, false).0 & 0xFFFF | a & 0xFFFF_0000,
            Op::Parallel => {
                let (value, ge) = parallel(a, b, i.imm).ok_or(Stop::Undefined)?;
                self.regs.ge = ge.unwrap_or(self.regs.ge);
                value
            }
            Op::SaturatingAdd => {
                let (n, m) = (i64::from(a as i32), i64::from(b as i32));
                let n = if i.imm & 1 == 1 { i64::from(self.saturated(2 * n, 32, true) as i32) } else { n };
                self.saturated(if i.imm & 2 == 0 { m + n } else { m - n }, 32, true)
            }
            Op::Mla => c.wrapping_add(a.wrapping_mul(b)),
            Op::Mls => c.wrapping_sub(a.wrapping_mul(b)),
            Op::Smlaxy => {
                let product = half(a, i.imm & 2 != 0) * half(b, i.imm & 1 != 0);
                self.accumulated(product, i.ra)
            }
            Op::Smlaw => self.accumulated((i64::from(a as i32) * half(b, i.imm & 1 != 0)) >> 16, i.ra),
            Op::Smlad | Op::Smlsd => {
                let b = if i.imm & 1 == 1 { b.rotate_right(16) } else { b };
                let (low, high) = (half(a, false) * half(b, false), half(a, true) * half(b, true));
                self.accumulated(if i.op == Op::Smlad { low + high } else { low - high }, i.ra)
            }
            Op::Smmla | Op::Smmls => {
                let product = i64::from(a as i32).wrapping_mul(i64::from(b as i32));
                let base = if i.ra == 15 { 0 } else { i64::from(c as i32) << 32 };
                let sum =
                    if i.op == Op::Smmla { base.wrapping_add(product) } else { base.wrapping_sub(product) };
                (sum.wrapping_add(if i.imm & 1 == 1 { 0x8000_0000 } else { 0 }) >> 32) as u32
            }
            Op::Usada8 => {
                let differences =
                    a.to_le_bytes().into_iter().zip(b.to_le_bytes()).map(|(x, y)| u32::from(x.abs_diff(y)));
                let sum: u32 = differences.sum();
                if i.ra == 15 { sum } else { c.wrapping_add(sum) }
            }
            Op::Sdiv if b == 0 => 0,
            Op::Sdiv => (a as i32).wrapping_div(b as i32) as u32,
            Op::Udiv => a.checked_div(b).unwrap_or(0),
            _ => return self.perform_long(i, a, b),
        };
        self.set(i.rd, value)
    }

    fn perform_long(&mut self, i: Insn, a: u32, b: u32) -> Result<(), Stop> {
        let (low, high) = (self.regs.r[i.ra as usize], self.regs.r[i.rd as usize]);
        let sum = u64::from(high) << 32 | u64::from(low);
        let unsigned = u64::from(a) * u64::from(b);
        let signed = i64::from(a as i32).wrapping_mul(i64::from(b as i32)) as u64;
        let half = |word: u32, top: bool| i64::from(if top { word >> 16 } else { word } as u16 as i16);
        let other = if i.imm & 1 == 1 { b.rotate_right(16) } else { b };
        let products = (half(a, false) * half(other, false), half(a, true) * half(other, true));
        let value = match i.op {
            Op::Umull => unsigned,
            Op::Smull => signed,
            Op::Umlal => sum.wrapping_add(unsigned),
            Op::Smlal => sum.wrapping_add(signed),
            Op::Umaal => unsigned.wrapping_add(low.into()).wrapping_add(high.into()),
            Op::Smlalxy => sum.wrapping_add((half(a, i.imm & 2 != 0) * half(b, i.imm & 1 != 0)) as u64),
            Op::Smlald => sum.wrapping_add((products.0 + products.1) as u64),
            Op::Smlsld => sum.wrapping_add((products.0 - products.1) as u64),
            _ => return Err(Stop::Undefined),
        };
        self.set(i.ra, value as u32)?;
        self.set(i.rd, (value >> 32) as u32)
    }

    /// Adds the accumulator, if any, and remembers an overflow.
    fn accumulated(&mut self, product: i64, register: u8) -> u32 {
        let base = if register == 15 { 0 } else { i64::from(self.regs.r[register as usize] as i32) };
        let sum = base + product;
        self.regs.q |= i64::from(sum as i32) != sum;
        sum as u32
    }

    fn saturated(&mut self, value: i64, bits: u32, signed: bool) -> u32 {
        let (value, cut) = saturate(value, bits.max(u32::from(signed)), signed);
        self.regs.q |= cut;
        value
    }

    fn branch(&mut self, target: u32) -> Result<(), Stop> {
        self.next = target & !1;
        Ok(())
    }

    fn set(&mut self, register: u8, value: u32) -> Result<(), Stop> {
        match register {
            15 => return Err(Stop::Undefined),
            13 => self.regs.r[13] = value & !3,
            _ => self.regs.r[register as usize] = value,
        }
        Ok(())
    }

    /// Sets the destination; an addition to the stack pointer is checked against its limit.
    #[inline]
    fn result(&mut self, i: Insn, alu: Alu, value: u32) -> Result<(), Stop> {
        if i.rd >= 13 {
            if i.rd == 13 && matches!(alu, Alu::Add | Alu::Sub) {
                self.check_stack(value)?;
            }
            return self.set(i.rd, value);
        }
        self.regs.r[i.rd as usize] = value;
        Ok(())
    }

    fn logical_flags(&mut self, value: u32, carry: bool) {
        self.regs.n = value >> 31 == 1;
        self.regs.z = value == 0;
        self.regs.c = carry;
    }

    #[inline(always)]
    fn compute(&mut self, alu: Alu, a: u32, b: u32, carry: bool, sets_flags: bool) -> u32 {
        let (value, carry, overflow) = match alu {
            Alu::Add => add(a, b, false),
            Alu::Sub => add(a, !b, true),
            Alu::Adc => add(a, b, self.regs.c),
            Alu::Sbc => add(a, !b, self.regs.c),
            Alu::Rsb => add(!a, b, true),
            Alu::And => (a & b, carry, self.regs.v),
            Alu::Bic => (a & !b, carry, self.regs.v),
            Alu::Orr => (a | b, carry, self.regs.v),
            Alu::Orn => (a | !b, carry, self.regs.v),
            Alu::Eor => (a ^ b, carry, self.regs.v),
            Alu::Mov => (b, carry, self.regs.v),
            Alu::Mvn => (!b, carry, self.regs.v),
        };
        if sets_flags {
            self.logical_flags(value, carry);
            self.regs.v = overflow;
        }
        value
    }

    fn secure_gateway(&mut self) -> Result<(), Stop> {
        if self.regs.secure {
            return Ok(());
        }
        if self.devices.sau().look_up(self.regs.r[15]).0 != Attribution::NonSecureCallable {
            return Err(Stop::SecureFault);
        }
        self.regs.secure = true;
        self.regs.it = 0;
        // Where the caller wants to go on is in its own state.
        self.regs.r[14] &= !1;
        Ok(())
    }

    fn read_special(&self, number: u32) -> u32 {
        match number {
            // The exception number is that of no exception.
            0..=3 => self.regs.apsr(),
            4..=7 => 0,
            8 if self.regs.special[special::CONTROL] & 2 == 0 => self.regs.r[13],
            9 if self.regs.special[special::CONTROL] & 2 != 0 => self.regs.r[13],
            18 => self.regs.special[17],
            8..=31 => self.regs.special[number as usize],
            _ => self.regs.special_ns[(number - NON_SECURE_SPECIAL.min(number)) as usize & 31],
        }
    }

    fn write_special(&mut self, number: u32, mask: u8, value: u32) {
        let uses_process_stack = self.regs.special[special::CONTROL] & 2 != 0;
        match number {
            0..=3 => self.regs.set_apsr(value, mask & 8 != 0, mask & 4 != 0),
            4..=7 => {}
            8 if !uses_process_stack => self.regs.r[13] = value & !3,
            9 if uses_process_stack => self.regs.r[13] = value & !3,
            8 | 9 => self.regs.special[number as usize] = value & !3,
            10 | 11 => self.regs.special[number as usize] = value & !7,
            16 | 19 => self.regs.special[number as usize] = value & 1,
            17 => self.regs.special[17] = value & 0xFF,
            18 => {
                let (now, new) = (self.regs.special[17], value & 0xFF);
                if new != 0 && (now == 0 || new < now) {
                    self.regs.special[17] = new;
                }
            }
            20 => {
                self.regs.special[special::CONTROL] = value & 3;
                if (value & 2 != 0) != uses_process_stack {
                    let (off, on) = if value & 2 != 0 {
                        (special::MSP, special::PSP)
                    } else {
                        (special::PSP, special::MSP)
                    };
                    self.regs.special[off] = self.regs.r[13];
                    self.regs.r[13] = self.regs.special[on];
                }
            }
            0x80..=0x9F => self.regs.special_ns[(number - NON_SECURE_SPECIAL) as usize] = value,
            _ => {}
        }
    }
}
