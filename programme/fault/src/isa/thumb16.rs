//! The 16-bit encodings (DDI 0553, C2.2).

use super::{ASR, Alu, CARRY_KEPT, Insn, LSL, LSR, Op, ROR, SetFlags};

pub(super) fn decode(hw: u32) -> Insn {
    let at = |shift: u32, bits: u32| hw >> shift & ((1 << bits) - 1);
    let low = |shift: u32| at(shift, 3) as u8;
    let insn = |op| Insn::new(op, 2);
    let outside_it = SetFlags::OutsideIt;
    match hw >> 11 {
        0b00000..=0b00010 => {
            let kind = at(11, 2) as u8;
            let amount = if kind != LSL && at(6, 5) == 0 { 32 } else { at(6, 5) };
            Insn {
                rd: low(0),
                rm: low(3),
                ra: kind,
                imm: amount,
                s: outside_it,
                ..insn(Op::AluReg(Alu::Mov))
            }
        }
        0b00011 => {
            let alu = if at(9, 1) == 0 { Alu::Add } else { Alu::Sub };
            if at(10, 1) == 0 {
                Insn { rd: low(0), rn: low(3), rm: low(6), s: outside_it, ..insn(Op::AluReg(alu)) }
            } else {
                Insn { rd: low(0), rn: low(3), imm: at(6, 3), s: outside_it, ..insn(Op::AluImm(alu)) }
            }
        }
        0b00100 => {
            Insn { rd: low(8), imm: at(0, 8), ra: CARRY_KEPT, s: outside_it, ..insn(Op::AluImm(Alu::Mov)) }
        }
        0b00101 => Insn { rn: low(8), imm: at(0, 8), ..insn(Op::TestImm(Alu::Sub)) },
        0b00110 => {
            Insn { rd: low(8), rn: low(8), imm: at(0, 8), s: outside_it, ..insn(Op::AluImm(Alu::Add)) }
        }
        0b00111 => {
            Insn { rd: low(8), rn: low(8), imm: at(0, 8), s: outside_it, ..insn(Op::AluImm(Alu::Sub)) }
        }
        0b01000 if at(10, 1) == 0 => data_processing(hw),
        0b01000 => special(hw),
        0b01001 => Insn { rd: low(8), imm: at(0, 8) * 4, ..insn(Op::LdrLit) },
        0b01010 | 0b01011 => {
            let op = match at(9, 3) {
                0 => Op::StrReg,
                1 => Op::StrhReg,
                2 => Op::StrbReg,
                3 => Op::LdrsbReg,
                4 => Op::LdrReg,
                5 => Op::LdrhReg,
                6 => Op::LdrbReg,
                _ => Op::LdrshReg,
            };
            Insn { rd: low(0), rn: low(3), rm: low(6), ..insn(op) }
        }
        0b01100 => Insn { rd: low(0), rn: low(3), imm: at(6, 5) * 4, ..insn(Op::Str) },
        0b01101 => Insn { rd: low(0), rn: low(3), imm: at(6, 5) * 4, ..insn(Op::Ldr) },
        0b01110 => Insn { rd: low(0), rn: low(3), imm: at(6, 5), ..insn(Op::Strb) },
        0b01111 => Insn { rd: low(0), rn: low(3), imm: at(6, 5), ..insn(Op::Ldrb) },
        0b10000 => Insn { rd: low(0), rn: low(3), imm: at(6, 5) * 2, ..insn(Op::Strh) },
        0b10001 => Insn { rd: low(0), rn: low(3), imm: at(6, 5) * 2, ..insn(Op::Ldrh) },
        0b10010 => Insn { rd: low(8), rn: 13, imm: at(0, 8) * 4, ..insn(Op::Str) },
        0b10011 => Insn { rd: low(8), rn: 13, imm: at(0, 8) * 4, ..insn(Op::Ldr) },
        0b10100 => Insn { rd: low(8), imm: at(0, 8) * 4, ..insn(Op::Adr) },
        0b10101 => Insn { rd: low(8), rn: 13, imm: at(0, 8) * 4, ..insn(Op::AluImm(Alu::Add)) },
        0b10110 | 0b10111 => miscellaneous(hw),
        0b11000 => Insn { rn: low(8), imm: at(0, 8), w: true, ..insn(Op::StmIa) },
        // The base is written back unless it is loaded.
        0b11001 => Insn { rn: low(8), imm: at(0, 8), w: hw >> low(8) & 1 == 0, ..insn(Op::LdmIa) },
        0b11010 | 0b11011 => match at(8, 4) {
            14 => insn(Op::Undefined),
            15 => Insn { imm: at(0, 8), ..insn(Op::Svc) },
            cond => Insn { ra: cond as u8, imm: signed(at(0, 8) << 1, 9), ..insn(Op::BCond) },
        },
        0b11100 => Insn { imm: signed(at(0, 11) << 1, 12), ..insn(Op::B) },
        _ => insn(Op::Undefined),
    }
}

/// Extends the sign of a number of `bits` bits.
pub(super) fn signed(value: u32, bits: u32) -> u32 {
    ((value << (32 - bits)) as i32 >> (32 - bits)) as u32
}

fn data_processing(hw: u32) -> Insn {
    let (rd, rm) = ((hw & 7) as u8, (hw >> 3 & 7) as u8);
    let s = SetFlags::OutsideIt;
    let both = |op| Insn { rd, rn: rd, rm, s, ..Insn::new(op, 2) };
    let test = |op| Insn { rn: rd, rm, ..Insn::new(op, 2) };
    let shift = |kind| Insn { rd, rn: rd, rm, ra: kind, s, ..Insn::new(Op::ShiftReg, 2) };
    match hw >> 6 & 15 {
        0 => both(Op::AluReg(Alu::And)),
        1 => both(Op::AluReg(Alu::Eor)),
        2 => shift(LSL),
        3 => shift(LSR),
        4 => shift(ASR),
        5 => both(Op::AluReg(Alu::Adc)),
        6 => both(Op::AluReg(Alu::Sbc)),
        7 => shift(ROR),
        8 => test(Op::TestReg(Alu::And)),
        9 => Insn { rd, rn: rm, s, ..Insn::new(Op::AluImm(Alu::Rsb), 2) },
        10 => test(Op::TestReg(Alu::Sub)),
        11 => test(Op::TestReg(Alu::Add)),
        12 => both(Op::AluReg(Alu::Orr)),
        13 => Insn { rd, rn: rm, rm: rd, s, ..Insn::new(Op::Mul, 2) },
        14 => both(Op::AluReg(Alu::Bic)),
        _ => both(Op::AluReg(Alu::Mvn)),
    }
}

fn special(hw: u32) -> Insn {
    let rm = (hw >> 3 & 15) as u8;
    let rd = (hw & 7 | hw >> 4 & 8) as u8;
    let insn = |op| Insn { rd, rn: rd, rm, ..Insn::new(op, 2) };
    match hw >> 8 & 3 {
        0 => insn(Op::AddHi),
        1 => insn(Op::TestReg(Alu::Sub)),
        2 => insn(Op::MovHi),
        _ => match (hw >> 7 & 1, hw & 7) {
            (0, 0) => insn(Op::Bx),
            (0, 4) => insn(Op::Bxns),
            (1, 0) => insn(Op::Blx),
            (1, 4) => insn(Op::Blxns),
            _ => insn(Op::Undefined),
        },
    }
}

fn miscellaneous(hw: u32) -> Insn {
    let insn = |op| Insn::new(op, 2);
    let (rd, rm) = ((hw & 7) as u8, (hw >> 3 & 7) as u8);
    if hw & 0xF500 == 0xB100 {
        let imm = (hw >> 3 & 31 | hw >> 4 & 32) << 1;
        return Insn { rn: rd, imm, ..insn(if hw >> 11 & 1 == 0 { Op::Cbz } else { Op::Cbnz }) };
    }
    match hw >> 7 & 31 {
        0 => Insn { rd: 13, rn: 13, imm: (hw & 127) * 4, ..insn(Op::AluImm(Alu::Add)) },
        1 => Insn { rd: 13, rn: 13, imm: (hw & 127) * 4, ..insn(Op::AluImm(Alu::Sub)) },
        0b00100 | 0b00101 => {
            let op = [Op::Sxth, Op::Sxtb, Op::Uxth, Op::Uxtb][(hw >> 6 & 3) as usize];
            Insn { rd, rn: 15, rm, ..insn(op) }
        }
        0b01000..=0b01011 => Insn { rn: 13, imm: hw & 0xFF | (hw & 0x100) << 6, w: true, ..insn(Op::StmDb) },
        0b01100 if hw & 0xFFE8 == 0xB660 => Insn { imm: hw & 0x13, ..insn(Op::Cps) },
        0b10100 | 0b10101 => match hw >> 6 & 3 {
            0 => Insn { rd, rm, ..insn(Op::Rev) },
            1 => Insn { rd, rm, ..insn(Op::Rev16) },
            3 => Insn { rd, rm, ..insn(Op::Revsh) },
            _ => insn(Op::Undefined),
        },
        0b11000..=0b11011 => Insn { rn: 13, imm: hw & 0xFF | (hw & 0x100) << 7, w: true, ..insn(Op::LdmIa) },
        0b11100 | 0b11101 => insn(Op::Bkpt),
        0b11110 | 0b11111 => match (hw & 15, hw >> 4 & 15) {
            (0, 2 | 3) => insn(Op::Wfi),
            (0, _) => insn(Op::Nop),
            _ => Insn { imm: hw & 0xFF, ..insn(Op::It) },
        },
        _ => insn(Op::Undefined),
    }
}
