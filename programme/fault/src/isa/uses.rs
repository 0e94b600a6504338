//! Which registers an instruction reads: where a flipped bit can matter.

use super::{Alu, Insn, Op, RRX};

/// The flags, as a bit of [`Insn::reads`] behind those of the sixteen registers.
pub const FLAGS: u32 = 1 << 16;

impl Insn {
    /// The registers read, a bit for each, and [`FLAGS`]. The PC is not among them.
    pub fn reads(&self) -> u32 {
        let (rd, rn, rm, ra) =
            (1u32 << (self.rd & 15), 1u32 << (self.rn & 15), 1u32 << (self.rm & 15), 1u32 << (self.ra & 15));
        let set = match self.op {
            Op::AluImm(alu) | Op::TestImm(alu) => operands(alu, rn, 0),
            Op::AluReg(alu) | Op::TestReg(alu) => {
                operands(alu, rn, rm) | if self.ra == RRX { FLAGS } else { 0 }
            }
            Op::ShiftReg | Op::AddHi | Op::SaturatingAdd | Op::Parallel | Op::Pkhbt | Op::Pkhtb => rn | rm,
            Op::MovHi | Op::Bx | Op::Blx | Op::Bxns | Op::Blxns | Op::Rev | Op::Rev16 | Op::Revsh => rm,
            Op::Rbit | Op::Clz => rm,
            Op::Sel => rn | rm | FLAGS,
            Op::Movt => rd,
            Op::Ldr | Op::Ldrb | Op::Ldrh | Op::Ldrsb | Op::Ldrsh | Op::Ldrd | Op::Tt => rn,
            Op::LoadExclusive | Op::LoadAcquire => rn,
            Op::Str | Op::Strb | Op::Strh | Op::StoreRelease | Op::StoreExclusive => rd | rn,
            Op::Strd => rd | ra | rn,
            Op::LdrReg | Op::LdrbReg | Op::LdrhReg | Op::LdrsbReg | Op::LdrshReg | Op::Tbb | Op::Tbh => {
                rn | rm
            }
            Op::StrReg | Op::StrbReg | Op::StrhReg => rd | rn | rm,
            Op::LdmIa | Op::LdmDb => rn,
            Op::StmIa | Op::StmDb => rn | self.imm & 0xFFFF,
            Op::BCond => FLAGS,
            Op::Cbz | Op::Cbnz | Op::Msr => rn,
            Op::Sxtb | Op::Sxth | Op::Uxtb | Op::Uxth | Op::Sxtb16 | Op::Uxtb16 => rm | rn,
            Op::Bfi => rd | rn,
            Op::Sbfx | Op::Ubfx | Op::Ssat | Op::Usat | Op::Ssat16 | Op::Usat16 => rn,
            Op::Mul | Op::Smull | Op::Umull | Op::Sdiv | Op::Udiv => rn | rm,
            Op::Mla | Op::Mls | Op::Smlaxy | Op::Smlaw | Op::Smlad | Op::Smlsd | Op::Smmla | Op::Smmls => {
                rn | rm | ra
            }
            Op::Usada8 => rn | rm | ra,
            Op::Smlal | Op::Umlal | Op::Umaal | Op::Smlalxy | Op::Smlald | Op::Smlsld => rn | rm | ra | rd,
            _ => 0,
        };
        set & !(1 << 15)
    }
}

fn operands(alu: Alu, rn: u32, rm: u32) -> u32 {
    match alu {
        Alu::Mov | Alu::Mvn => rm,
        Alu::Adc | Alu::Sbc => rn | rm | FLAGS,
        _ => rn | rm,
    }
}
