//! The 32-bit encodings (DDI 0553, C2.3).

use super::thumb16::signed;
use super::{Alu, CARRY_KEPT, CARRY_TOP, Insn, LSL, LSR, Op, ROR, RRX, SetFlags};

fn insn(op: Op) -> Insn {
    Insn::new(op, 4)
}

fn field(hw: u32, shift: u32) -> u8 {
    (hw >> shift & 15) as u8
}

pub(super) fn decode(a: u32, b: u32) -> Insn {
    match a >> 11 & 3 {
        1 => match a >> 4 & 0x7F {
            op if op & 0x64 == 0x00 => multiple(a, b),
            op if op & 0x64 == 0x04 => dual_and_exclusive(a, b),
            op if op & 0x60 == 0x20 => shifted_register(a, b),
            _ => insn(Op::NoCoprocessor),
        },
        2 if b >> 15 == 1 => branch_and_control(a, b),
        2 if a >> 9 & 1 == 0 => modified_immediate(a, b),
        2 => plain_immediate(a, b),
        _ => match a >> 4 & 0x7F {
            op if op & 0x60 == 0x00 => load_store(a, b),
            op if op & 0x70 == 0x20 => data_processing_register(a, b),
            op if op & 0x78 == 0x30 => multiply(a, b),
            op if op & 0x78 == 0x38 => long_multiply(a, b),
            op if op & 0x40 != 0 => insn(Op::NoCoprocessor),
            _ => insn(Op::Undefined),
        },
    }
}

fn multiple(a: u32, b: u32) -> Insn {
    let op = match (a >> 7 & 3, a >> 4 & 1) {
        (1, 0) => Op::StmIa,
        (1, _) => Op::LdmIa,
        (2, 0) => Op::StmDb,
        (2, _) => Op::LdmDb,
        _ => return insn(Op::Undefined),
    };
    Insn { rn: field(a, 0), imm: b & 0xFFFF, w: a >> 5 & 1 == 1, ..insn(op) }
}

fn dual_and_exclusive(a: u32, b: u32) -> Insn {
    if (a, b) == (0xE97F, 0xE97F) {
        return insn(Op::Sg);
    }
    let (p, u, w, load) = (a >> 8 & 1, a >> 7 & 1, a >> 5 & 1, a >> 4 & 1 == 1);
    let (rn, rt, rt2) = (field(a, 0), field(b, 12), field(b, 8));
    if p == 1 || w == 1 {
        let offset = (b & 0xFF) * 4;
        let imm = if u == 1 { offset } else { offset.wrapping_neg() };
        let op = if load { Op::Ldrd } else { Op::Strd };
        return Insn { rd: rt, ra: rt2, rn, imm, p: p == 1, w: w == 1, ..insn(op) };
    }
    if u == 0 {
        let (op, rm) = (if load { Op::LoadExclusive } else { Op::StoreExclusive }, (b & 0xFF) as u8);
        if !load && rt == 15 && b & 0x3F == 0 {
            return Insn { rd: rt2, rn, imm: b >> 7 & 1 | b >> 5 & 2, ..insn(Op::Tt) };
        }
        return if load {
            Insn { rd: rt, rn, rm, imm: 4, ..insn(op) }
        } else {
            Insn { rd: rt, ra: rt2, rn, rm, imm: 4, ..insn(op) }
        };
    }
    let exclusive = if load { Op::LoadExclusive } else { Op::StoreExclusive };
    let ordered = if load { Op::LoadAcquire } else { Op::StoreRelease };
    let access = |op, imm| Insn { rd: rt, ra: field(b, 0), rn, imm, ..insn(op) };
    match b >> 4 & 15 {
        0 if load => Insn { rn, rm: field(b, 0), ..insn(Op::Tbb) },
        1 if load => Insn { rn, rm: field(b, 0), ..insn(Op::Tbh) },
        4 | 12 => access(exclusive, 1),
        5 | 13 => access(exclusive, 2),
        14 => access(exclusive, 4),
        8 => access(ordered, 1),
        9 => access(ordered, 2),
        10 => access(ordered, 4),
        _ => insn(Op::Undefined),
    }
}

fn alu(code: u32) -> Option<Alu> {
    Some(match code {
        0 => Alu::And,
        1 => Alu::Bic,
        2 => Alu::Orr,
        3 => Alu::Orn,
        4 => Alu::Eor,
        8 => Alu::Add,
        10 => Alu::Adc,
        11 => Alu::Sbc,
        13 => Alu::Sub,
        14 => Alu::Rsb,
        _ => return None,
    })
}

/// What the operation is when one of its registers is 15: a move, or a test.
fn variant(alu: Alu, rn: u8, rd: u8, s: bool) -> (Alu, bool) {
    match alu {
        Alu::Orr if rn == 15 => (Alu::Mov, false),
        Alu::Orn if rn == 15 => (Alu::Mvn, false),
        Alu::And | Alu::Eor | Alu::Add | Alu::Sub if rd == 15 && s => (alu, true),
        _ => (alu, false),
    }
}

fn flags(s: bool) -> SetFlags {
    if s { SetFlags::Always } else { SetFlags::Never }
}

/// The shift of a register operand: kind and amount.
fn shift(kind: u32, amount: u32) -> (u8, u32) {
    match (kind as u8, amount) {
        (LSL, amount) => (LSL, amount),
        (ROR, 0) => (RRX, 1),
        (ROR, amount) => (ROR, amount),
        (kind @ LSR.., 0) => (kind, 32),
        (kind, amount) => (kind, amount),
    }
}

fn shifted_register(a: u32, b: u32) -> Insn {
    let (rn, rd, rm, s) = (field(a, 0), field(b, 8), field(b, 0), a >> 4 & 1 == 1);
    let amount = b >> 10 & 0x1C | b >> 6 & 3;
    let (kind, imm) = shift(b >> 4 & 3, amount);
    let code = a >> 5 & 15;
    if code == 6 {
        let op = if b >> 5 & 1 == 0 { Op::Pkhbt } else { Op::Pkhtb };
        return Insn { rd, rn, rm, ra: kind, imm, ..insn(op) };
    }
    let Some(alu) = alu(code) else { return insn(Op::Undefined) };
    let (alu, test) = variant(alu, rn, rd, s);
    let op = if test { Op::TestReg(alu) } else { Op::AluReg(alu) };
    Insn { rd, rn, rm, ra: kind, imm, s: flags(s), ..insn(op) }
}

fn modified_immediate(a: u32, b: u32) -> Insn {
    let (rn, rd, s) = (field(a, 0), field(b, 8), a >> 4 & 1 == 1);
    let imm12 = (a >> 10 & 1) << 11 | (b >> 12 & 7) << 8 | b & 0xFF;
    let byte = imm12 & 0xFF;
    let (imm, carry) = match imm12 >> 8 {
        0 => (byte, CARRY_KEPT),
        1 => (byte << 16 | byte, CARRY_KEPT),
        2 => (byte << 24 | byte << 8, CARRY_KEPT),
        3 => (byte * 0x0101_0101, CARRY_KEPT),
        _ => ((0x80 | imm12 & 0x7F).rotate_right(imm12 >> 7), CARRY_TOP),
    };
    let Some(alu) = alu(a >> 5 & 15) else { return insn(Op::Undefined) };
    let (alu, test) = variant(alu, rn, rd, s);
    let op = if test { Op::TestImm(alu) } else { Op::AluImm(alu) };
    Insn { rd, rn, imm, ra: carry, s: flags(s), ..insn(op) }
}

fn plain_immediate(a: u32, b: u32) -> Insn {
    let (rn, rd) = (field(a, 0), field(b, 8));
    let imm12 = (a >> 10 & 1) << 11 | (b >> 12 & 7) << 8 | b & 0xFF;
    let imm16 = (a & 15) << 12 | imm12;
    let (low, width) = (b >> 10 & 0x1C | b >> 6 & 3, b & 0x1F);
    let bits = |op, ra| Insn { rd, rn, ra, imm: low, ..insn(op) };
    match a >> 4 & 0x1F {
        0 if rn == 15 => Insn { rd, imm: imm12, ..insn(Op::Adr) },
        0 => Insn { rd, rn, imm: imm12, ..insn(Op::AluImm(Alu::Add)) },
        4 => Insn { rd, imm: imm16, ra: CARRY_KEPT, ..insn(Op::AluImm(Alu::Mov)) },
        10 if rn == 15 => Insn { rd, imm: imm12.wrapping_neg(), ..insn(Op::Adr) },
        10 => Insn { rd, rn, imm: imm12, ..insn(Op::AluImm(Alu::Sub)) },
        12 => Insn { rd, imm: imm16, ..insn(Op::Movt) },
        // The amount and kind of the shift travel as `imm` and `rm`, the bit count as `ra`.
        18 if low == 0 => Insn { rd, rn, ra: (b & 15) as u8 + 1, ..insn(Op::Ssat16) },
        26 if low == 0 => Insn { rd, rn, ra: (b & 15) as u8, ..insn(Op::Usat16) },
        16 | 18 => Insn { rm: (a >> 5 & 1) as u8, ..bits(Op::Ssat, width as u8 + 1) },
        24 | 26 => Insn { rm: (a >> 5 & 1) as u8, ..bits(Op::Usat, width as u8) },
        20 => bits(Op::Sbfx, width as u8 + 1),
        // The most significant bit as `ra`; no source register clears.
        22 => bits(Op::Bfi, width as u8),
        28 => bits(Op::Ubfx, width as u8 + 1),
        _ => insn(Op::Undefined),
    }
}

fn branch_and_control(a: u32, b: u32) -> Insn {
    let s = a >> 10 & 1;
    let (j1, j2) = (b >> 13 & 1, b >> 11 & 1);
    let far = || {
        let (i1, i2) = (!(j1 ^ s) & 1, !(j2 ^ s) & 1);
        signed(s << 24 | i1 << 23 | i2 << 22 | (a & 0x3FF) << 12 | (b & 0x7FF) << 1, 25)
    };
    match (b >> 14 & 1, b >> 12 & 1) {
        (0, 1) => Insn { imm: far(), ..insn(Op::B) },
        (1, 1) => Insn { imm: far(), ..insn(Op::Bl) },
        (1, _) => insn(Op::Undefined),
        _ if a >> 7 & 7 != 7 => {
            let offset = s << 20 | j2 << 19 | j1 << 18 | (a & 0x3F) << 12 | (b & 0x7FF) << 1;
            Insn { ra: field(a, 6), imm: signed(offset, 21), ..insn(Op::BCond) }
        }
        _ => match a >> 4 & 0x7F {
            0x38 | 0x39 => Insn { rn: field(a, 0), ra: field(b, 8), imm: b & 0xFF, ..insn(Op::Msr) },
            0x3A if b & 0xFF == 3 || b & 0xFF == 2 => insn(Op::Wfi),
            0x3A => insn(Op::Nop),
            0x3B => match b >> 4 & 15 {
                2 => insn(Op::Clrex),
                4..=6 => insn(Op::Nop),
                _ => insn(Op::Undefined),
            },
            0x3E | 0x3F => Insn { rd: field(b, 8), imm: b & 0xFF, ..insn(Op::Mrs) },
            _ => insn(Op::Undefined),
        },
    }
}

fn load_store(a: u32, b: u32) -> Insn {
    let (rn, rd, load, sign, size) = (field(a, 0), field(b, 12), a >> 4 & 1, a >> 8 & 1, a >> 5 & 3);
    let kind = match (load, sign, size) {
        (0, 0, 0) => 0,
        (0, 0, 1) => 1,
        (0, 0, 2) => 2,
        (1, 0, 0) => 3,
        (1, 0, 1) => 4,
        (1, 0, 2) => 5,
        (1, 1, 0) => 6,
        (1, 1, 1) => 7,
        _ => return insn(Op::Undefined),
    };
    const PLAIN: [Op; 8] = [Op::Strb, Op::Strh, Op::Str, Op::Ldrb, Op::Ldrh, Op::Ldr, Op::Ldrsb, Op::Ldrsh];
    const REGISTER: [Op; 8] = [
        Op::StrbReg,
        Op::StrhReg,
        Op::StrReg,
        Op::LdrbReg,
        Op::LdrhReg,
        Op::LdrReg,
        Op::LdrsbReg,
        Op::LdrshReg,
    ];
    const LITERAL: [Op; 8] = [
        Op::Undefined,
        Op::Undefined,
        Op::Undefined,
        Op::LdrbLit,
        Op::LdrhLit,
        Op::LdrLit,
        Op::LdrsbLit,
        Op::LdrshLit,
    ];
    // Loads of bytes and halfwords into the PC are hints to a cache.
    if load == 1 && rd == 15 && size != 2 {
        return insn(Op::Nop);
    }
    if rn == 15 {
        let imm = if a >> 7 & 1 == 1 { b & 0xFFF } else { (b & 0xFFF).wrapping_neg() };
        return Insn { rd, imm, ..insn(LITERAL[kind]) };
    }
    if a >> 7 & 1 == 1 {
        return Insn { rd, rn, imm: b & 0xFFF, ..insn(PLAIN[kind]) };
    }
    if b >> 11 & 1 == 1 {
        let (p, u, w) = (b >> 10 & 1 == 1, b >> 9 & 1 == 1, b >> 8 & 1 == 1);
        if !p && !w {
            return insn(Op::Undefined);
        }
        let imm = if u { b & 0xFF } else { (b & 0xFF).wrapping_neg() };
        return Insn { rd, rn, imm, p, w, ..insn(PLAIN[kind]) };
    }
    if b >> 6 & 0x3F != 0 {
        return insn(Op::Undefined);
    }
    Insn { rd, rn, rm: field(b, 0), imm: b >> 4 & 3, ..insn(REGISTER[kind]) }
}

fn data_processing_register(a: u32, b: u32) -> Insn {
    let (rn, rd, rm) = (field(a, 0), field(b, 8), field(b, 0));
    let make = |op, imm| Insn { rd, rn, rm, imm, ..insn(op) };
    if b >> 12 != 15 {
        return insn(Op::Undefined);
    }
    if a >> 7 & 1 == 0 {
        if b >> 4 & 15 == 0 {
            return Insn { ra: (a >> 5 & 3) as u8, s: flags(a >> 4 & 1 == 1), ..make(Op::ShiftReg, 0) };
        }
        let op = match a >> 4 & 7 {
            0 => Op::Sxth,
            1 => Op::Uxth,
            2 => Op::Sxtb16,
            3 => Op::Uxtb16,
            4 => Op::Sxtb,
            5 => Op::Uxtb,
            _ => return insn(Op::Undefined),
        };
        return if b >> 7 & 1 == 1 { make(op, (b >> 4 & 3) * 8) } else { insn(Op::Undefined) };
    }
    let variant = b >> 4 & 3;
    match b >> 6 & 3 {
        unsigned @ (0 | 1) if variant != 3 => make(Op::Parallel, a >> 4 & 7 | unsigned << 3 | variant << 4),
        2 => match (a >> 4 & 7, variant) {
            (0, _) => make(Op::SaturatingAdd, variant),
            (1, 0) => make(Op::Rev, 0),
            (1, 1) => make(Op::Rev16, 0),
            (1, 2) => make(Op::Rbit, 0),
            (1, _) => make(Op::Revsh, 0),
            (2, 0) => make(Op::Sel, 0),
            (3, 0) => make(Op::Clz, 0),
            _ => insn(Op::Undefined),
        },
        _ => insn(Op::Undefined),
    }
}

fn multiply(a: u32, b: u32) -> Insn {
    let (rn, rd, rm, ra) = (field(a, 0), field(b, 8), field(b, 0), field(b, 12));
    let make = |op| Insn { rd, rn, rm, ra, imm: b >> 4 & 3, ..insn(op) };
    if b >> 6 & 3 != 0 {
        return insn(Op::Undefined);
    }
    match (a >> 4 & 7, b >> 4 & 3) {
        (0, 0) if ra == 15 => make(Op::Mul),
        (0, 0) => make(Op::Mla),
        (0, 1) => make(Op::Mls),
        (1, _) => make(Op::Smlaxy),
        (2, 0 | 1) => make(Op::Smlad),
        (3, 0 | 1) => make(Op::Smlaw),
        (4, 0 | 1) => make(Op::Smlsd),
        (5, 0 | 1) => make(Op::Smmla),
        (6, 0 | 1) => make(Op::Smmls),
        (7, 0) => make(Op::Usada8),
        _ => insn(Op::Undefined),
    }
}

fn long_multiply(a: u32, b: u32) -> Insn {
    // The low half goes to `ra`, the high half to `rd`.
    let (rn, rd, rm, ra) = (field(a, 0), field(b, 8), field(b, 0), field(b, 12));
    let make = |op| Insn { rd, rn, rm, ra, imm: b >> 4 & 3, ..insn(op) };
    match (a >> 4 & 7, b >> 4 & 15) {
        (0, 0) => make(Op::Smull),
        (1, 15) => make(Op::Sdiv),
        (2, 0) => make(Op::Umull),
        (3, 15) => make(Op::Udiv),
        (4, 0) => make(Op::Smlal),
        (4, 8..=11) => make(Op::Smlalxy),
        (4, 12 | 13) => make(Op::Smlald),
        (5, 12 | 13) => make(Op::Smlsld),
        (6, 0) => make(Op::Umlal),
        (6, 6) => make(Op::Umaal),
        _ => insn(Op::Undefined),
    }
}
