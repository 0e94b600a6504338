//! The instructions of Armv8-M with the Main and DSP extensions, as decoded once and executed often.
//!
//! Source: Arm DDI 0553 (Armv8-M Architecture Reference Manual), part C. There is no floating point: the board's
//! firmware keeps it switched off, so every coprocessor instruction is the fault that it is there.

mod thumb16;
mod thumb32;
mod uses;

pub use uses::FLAGS;

/// What a data-processing instruction computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Alu {
    And,
    Bic,
    Orr,
    Orn,
    Eor,
    Add,
    Adc,
    Sub,
    Sbc,
    Rsb,
    Mov,
    Mvn,
}

/// What an instruction does; the operands are the fields of [`Insn`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Op {
    /// Rd = Rn op imm; `ra` says where the carry comes from.
    AluImm(Alu),
    /// Rd = Rn op shift(Rm); shift kind in `ra`, amount in `imm`.
    AluReg(Alu),
    /// Flags of Rn op imm only.
    TestImm(Alu),
    /// Flags of Rn op shift(Rm) only.
    TestReg(Alu),
    /// Rd = Rn shifted by the low byte of Rm; kind in `ra`.
    ShiftReg,
    /// The hi-register moves and additions, which may write the PC.
    MovHi,
    AddHi,
    /// Rd = word-aligned PC + imm (already signed).
    Adr,
    Movt,
    /// Loads and stores: address Rn + imm, with `p` and `w`.
    Ldr,
    Ldrb,
    Ldrh,
    Ldrsb,
    Ldrsh,
    Str,
    Strb,
    Strh,
    /// The same at Rn + Rm << imm.
    LdrReg,
    LdrbReg,
    LdrhReg,
    LdrsbReg,
    LdrshReg,
    StrReg,
    StrbReg,
    StrhReg,
    /// Loads at word-aligned PC + imm; size and sign as above.
    LdrLit,
    LdrbLit,
    LdrhLit,
    LdrsbLit,
    LdrshLit,
    /// Rd and Ra.
    Ldrd,
    Strd,
    /// Register list in `imm`; `w` writes back.
    LdmIa,
    LdmDb,
    StmIa,
    StmDb,
    /// Exclusive, acquire and release; size in `imm` (1, 2, 4), offset in `rm` × 4 for the word forms.
    LoadExclusive,
    StoreExclusive,
    LoadAcquire,
    StoreRelease,
    Clrex,
    B,
    /// Condition in `ra`.
    BCond,
    Bl,
    Bx,
    Blx,
    Bxns,
    Blxns,
    Cbz,
    Cbnz,
    Tbb,
    Tbh,
    It,
    Nop,
    Wfi,
    Cps,
    Mrs,
    Msr,
    Sg,
    /// `imm` bit 0: A, bit 1: T.
    Tt,
    Rev,
    Rev16,
    Revsh,
    Rbit,
    Clz,
    Sel,
    /// Extension, with addition if `rn` is not 15; rotation in `imm`.
    Sxtb,
    Sxth,
    Uxtb,
    Uxth,
    Sxtb16,
    Uxtb16,
    Bfi,
    Sbfx,
    Ubfx,
    Ssat,
    Usat,
    Ssat16,
    Usat16,
    Pkhbt,
    Pkhtb,
    /// `imm`: operation (3 bits), unsigned (bit 3), variant (bits 4–5: plain, saturating, halving).
    Parallel,
    /// `imm`: add, double add, subtract, double subtract.
    SaturatingAdd,
    Mul,
    Mla,
    Mls,
    /// Halfword and dual multiplications; `imm` is the second halfword's bits 4–5.
    Smlaxy,
    Smlaw,
    Smlad,
    Smlsd,
    Smmla,
    Smmls,
    Usada8,
    Smull,
    Umull,
    Smlal,
    Umlal,
    Umaal,
    Smlalxy,
    Smlald,
    Smlsld,
    Sdiv,
    Udiv,
    Svc,
    Bkpt,
    /// A coprocessor instruction: all coprocessors are off.
    NoCoprocessor,
    Undefined,
}

/// When an instruction sets the flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetFlags {
    /// It does not.
    Never,
    /// It does.
    Always,
    /// It does outside an IT block: most 16-bit instructions.
    OutsideIt,
}

/// Where a logical operation with an immediate takes its carry from.
pub const CARRY_KEPT: u8 = 0;
/// From bit 31 of the immediate, which was rotated.
pub const CARRY_TOP: u8 = 1;

/// Shift kinds, as encoded; a rotation by zero is the one through the carry.
pub const LSL: u8 = 0;
/// Logical right.
pub const LSR: u8 = 1;
/// Arithmetic right.
pub const ASR: u8 = 2;
/// Rotation.
pub const ROR: u8 = 3;
/// Rotation by one through the carry.
pub const RRX: u8 = 4;

/// A decoded instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Insn {
    /// What it does.
    pub op: Op,
    /// Bytes: 2 or 4.
    pub size: u8,
    /// Destination, or the register that is loaded or stored.
    pub rd: u8,
    /// First operand or base.
    pub rn: u8,
    /// Second operand.
    pub rm: u8,
    /// Third operand, or a small number; see [`Op`].
    pub ra: u8,
    /// When it sets the flags.
    pub s: SetFlags,
    /// Whether the base is indexed before the access.
    pub p: bool,
    /// Whether the base is written back.
    pub w: bool,
    /// Immediate.
    pub imm: u32,
}

impl Insn {
    pub(crate) const fn new(op: Op, size: u8) -> Insn {
        Insn { op, size, rd: 0, rn: 0, rm: 0, ra: 0, s: SetFlags::Never, p: true, w: false, imm: 0 }
    }

    /// Decodes the instruction that begins with `first`; `second` is the halfword behind it.
    pub fn decode(first: u16, second: u16) -> Insn {
        if is_32_bit(first) {
            thumb32::decode(first.into(), second.into())
        } else {
            thumb16::decode(first.into())
        }
    }

    /// Whether its outcome depends on a condition of its own, which a fault may invert. Instructions in an IT block
    /// depend on the block's.
    pub fn is_conditional_branch(&self) -> bool {
        matches!(self.op, Op::BCond | Op::Cbz | Op::Cbnz)
    }

    /// The same branch with the condition turned round.
    pub fn inverted(mut self) -> Insn {
        match self.op {
            Op::BCond => self.ra ^= 1,
            Op::Cbz => self.op = Op::Cbnz,
            Op::Cbnz => self.op = Op::Cbz,
            _ => {}
        }
        self
    }
}

/// Whether a halfword begins a 32-bit instruction.
pub fn is_32_bit(first: u16) -> bool {
    first >> 11 >= 0b11101
}
