//! The faults: what is done to one executed instruction, once.

use crate::Error;
use crate::cpu::{Machine, Stop};
use crate::isa::{FLAGS, Insn};
use serde::{Deserialize, Serialize};

/// A fault model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// The instruction is not executed.
    #[serde(rename = "skip-1")]
    Skip1,
    /// Nor is the one behind it.
    #[serde(rename = "skip-2")]
    Skip2,
    /// Nor the one behind that.
    #[serde(rename = "skip-3")]
    Skip3,
    /// A bit of a register (or flag) that the instruction reads is flipped before it does. That is where a flipped
    /// bit begins to matter, whenever it was flipped.
    RegisterBit,
    /// A bit of the instruction is flipped as it is fetched.
    OpcodeBit,
    /// A conditional branch, or an instruction in an IT block, goes the other way.
    BranchInversion,
}

impl Model {
    /// All models.
    pub const ALL: [Model; 6] = [
        Model::Skip1,
        Model::Skip2,
        Model::Skip3,
        Model::RegisterBit,
        Model::OpcodeBit,
        Model::BranchInversion,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Model::Skip1 => "skip-1",
            Model::Skip2 => "skip-2",
            Model::Skip3 => "skip-3",
            Model::RegisterBit => "register-bit",
            Model::OpcodeBit => "opcode-bit",
            Model::BranchInversion => "branch-inversion",
        }
    }

    /// The model of this name.
    pub fn named(text: &str) -> Result<Model, Error> {
        Model::ALL.into_iter().find(|model| model.name() == text).ok_or_else(|| Error::Unknown {
            what: "fault model",
            text: text.into(),
            choices: Model::ALL.map(Model::name).join(", "),
        })
    }
}

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// So many instructions are skipped.
    Skip(u8),
    /// This bit of this register; register 16 is the flags.
    Register {
        /// Its number.
        register: u8,
        /// The bit.
        bit: u8,
    },
    /// This bit of the instruction; 16 and up are in its second halfword.
    Opcode(u8),
    /// The condition is turned round.
    Invert,
}

impl Fault {
    /// The model that it belongs to.
    pub fn model(self) -> Model {
        match self {
            Fault::Skip(1) => Model::Skip1,
            Fault::Skip(2) => Model::Skip2,
            Fault::Skip(_) => Model::Skip3,
            Fault::Register { .. } => Model::RegisterBit,
            Fault::Opcode(_) => Model::OpcodeBit,
            Fault::Invert => Model::BranchInversion,
        }
    }

    /// How many faults of a model there are for an instruction.
    pub(crate) fn count(model: Model, insn: &Insn, in_it_block: bool) -> u32 {
        match model {
            Model::Skip1 | Model::Skip2 | Model::Skip3 => 1,
            Model::OpcodeBit => u32::from(insn.size) * 8,
            Model::BranchInversion => u32::from(in_it_block || insn.is_conditional_branch()),
            Model::RegisterBit => {
                let reads = reads(insn, in_it_block);
                32 * (reads & 0xFFFF).count_ones() + if reads & FLAGS != 0 { 4 } else { 0 }
            }
        }
    }

    /// The `n`th of them.
    pub(crate) fn nth(model: Model, insn: &Insn, in_it_block: bool, n: u32) -> Fault {
        match model {
            Model::Skip1 => Fault::Skip(1),
            Model::Skip2 => Fault::Skip(2),
            Model::Skip3 => Fault::Skip(3),
            Model::OpcodeBit => Fault::Opcode(n as u8),
            Model::BranchInversion => Fault::Invert,
            Model::RegisterBit => {
                let mut registers = reads(insn, in_it_block) & 0xFFFF;
                for _ in 0..n / 32 {
                    registers &= registers.wrapping_sub(1);
                }
                match registers.trailing_zeros() {
                    32 => Fault::Register { register: 16, bit: 28 + (n % 32) as u8 },
                    register => Fault::Register { register: register as u8, bit: (n % 32) as u8 },
                }
            }
        }
    }

    /// Executes the instruction at the PC with this fault.
    pub(crate) fn inject(self, machine: &mut Machine) -> Result<(), Stop> {
        match self {
            Fault::Skip(count) => {
                for _ in 0..count {
                    machine.skip()?;
                }
                Ok(())
            }
            Fault::Register { register: 16, bit } => {
                let regs = &mut machine.regs;
                match bit {
                    28 => regs.v = !regs.v,
                    29 => regs.c = !regs.c,
                    30 => regs.z = !regs.z,
                    _ => regs.n = !regs.n,
                }
                machine.step()
            }
            Fault::Register { register, bit } => {
                machine.regs.r[register as usize & 15] ^= 1 << (bit & 31);
                machine.step()
            }
            Fault::Opcode(bit) => {
                let [mut first, mut second] = machine.fetch_raw()?;
                if bit < 16 {
                    first ^= 1 << bit
                } else {
                    second ^= 1 << (bit - 16)
                }
                machine.fetch_as(Insn::decode(first, second)).and_then(|insn| machine.execute(insn))
            }
            Fault::Invert => {
                let insn = machine.fetch()?;
                if machine.regs.it != 0 {
                    // The lowest bit of the condition is this instruction's alone.
                    machine.regs.it ^= 0x10;
                    return machine.execute(insn);
                }
                machine.execute(insn.inverted())
            }
        }
    }
}

fn reads(insn: &Insn, in_it_block: bool) -> u32 {
    insn.reads() | if in_it_block { FLAGS } else { 0 }
}
