//! The steps of a device's life that destroy something: factory reset and decommissioning.
//!
//! Both are transactions over a one-way memory (the fuses) and what can be erased ([`Device`]). A transaction
//! is *begun* by one fuse bit; from then on every start of the platform carries it out before anything else, until
//! another fuse bit says that it is finished. So it does not matter where the power fails, nor how often, nor in
//! what state the application is. The count of finished factory resets, and the decommissioned state itself, are
//! the evidence: they lie in fuses, which nobody can set back.
//!
//! | step | factory reset | decommissioning |
//! |---|---|---|
//! | begun | one more bit in `RESETS_BEGUN` | `DECOMMISSIONING` |
//! | 1 | trusted storage erased | trusted storage erased, if the flash lets it |
//! | 2 | | both application slots erased, likewise |
//! | 3 | | diversifier burnt to ones: no secret of this device can be derived again |
//! | finished | as many bits in `RESETS_FINISHED` | life-cycle word burnt: boot starts nothing any more |
//!
//! Every step may be repeated, and is, after a cut. A flash that refuses to be erased – write-protected, exchanged –
//! keeps a factory reset from being finished, and the application from starting; a decommissioning it cannot hold up:
//! with the diversifier goes the key to all that it holds. The instance's identity survives a factory reset, since it
//! hangs on device secret and diversifier.
//!
//! It also says whether trusted storage must be made anew ([`storage_is_made`]): the key it is sealed with changes with
//! the life cycle, so what a device kept during production ends when it is secured.
//!
//! SFR: factory-reset-of-platform, decommission-of-platform. May use `fuses` and `hal`; used by `platform`.

#![no_std]
#![forbid(unsafe_code)]

use cdd_fuses::{
    DECOMMISSIONING, DIVERSIFIER, LIFE_CYCLE, LifeCycle, RESETS_BEGUN, RESETS_FINISHED, STORAGE_MADE,
};
use cdd_hal::{FuseError, Fuses};

/// Factory resets that a device can do.
pub const MAX_FACTORY_RESETS: u32 = 8 * RESETS_BEGUN.1 as u32;
/// How many of them an application may ask for: one that has been taken over cannot use up those of the owner.
pub const MAX_FOR_APPLICATION: u32 = MAX_FACTORY_RESETS / 4 * 3;

/// What a transaction works on.
pub trait Device {
    /// The fuses.
    type Fuses: Fuses;

    /// The fuses.
    fn fuses(&mut self) -> &mut Self::Fuses;
    /// Erases all of trusted storage, whatever it holds, and makes it anew.
    fn erase_storage(&mut self) -> Result<(), EraseError>;
    /// Erases both slots of the application.
    fn erase_application(&mut self) -> Result<(), EraseError>;
}

/// The flash did not do what it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EraseError;

/// A transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transaction {
    /// All that the device received since delivery is destroyed.
    FactoryReset,
    /// All that the device received since production is destroyed, and it never works again.
    Decommission,
}

impl Transaction {
    /// The stable name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Transaction::FactoryReset => "factory-reset",
            Transaction::Decommission => "decommission",
        }
    }
}

/// Why a transaction was not begun or not finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// The fuses did not do what they were told.
    Fuses(FuseError),
    /// The flash did not.
    Erase,
    /// All factory resets of this life are used up.
    Exhausted,
    /// Not in this state of the life cycle.
    LifeCycle,
}

impl Error {
    /// Its stable number.
    pub const fn code(self) -> u16 {
        match self {
            Error::Fuses(_) => 0x0601,
            Error::Erase => 0x0602,
            Error::Exhausted => 0x0603,
            Error::LifeCycle => 0x0604,
        }
    }

    /// The stable name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Error::Fuses(_) => "fuses",
            Error::Erase => "erase",
            Error::Exhausted => "exhausted",
            Error::LifeCycle => "life-cycle",
        }
    }
}

impl From<FuseError> for Error {
    fn from(error: FuseError) -> Error {
        Error::Fuses(error)
    }
}

impl From<EraseError> for Error {
    fn from(_: EraseError) -> Error {
        Error::Erase
    }
}

/// What the fuses say of transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Factory resets that were finished.
    pub factory_resets: u32,
    /// What is under way.
    pub under_way: Option<Transaction>,
}

/// What [`carry_out`] has finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// Which.
    pub transaction: Transaction,
    /// Whether the flash did what it was told.
    pub erased: bool,
}

/// Reads where the device stands.
pub fn standing<F: Fuses + ?Sized>(fuses: &mut F) -> Result<Standing, FuseError> {
    let begun = count(fuses, RESETS_BEGUN)?;
    let finished = count(fuses, RESETS_FINISHED)?;
    let mut mark = [0u8];
    fuses.read(DECOMMISSIONING, &mut mark)?;
    let under_way = match (mark, begun > finished) {
        ([0], false) => None,
        ([0], true) => Some(Transaction::FactoryReset),
        _ => Some(Transaction::Decommission),
    };
    Ok(Standing { factory_resets: finished, under_way })
}

/// Begins a transaction: from now on [`carry_out`] does it.
pub fn begin<F: Fuses + ?Sized>(
    fuses: &mut F,
    life_cycle: Option<LifeCycle>,
    transaction: Transaction,
) -> Result<(), Error> {
    if !matches!(life_cycle, Some(LifeCycle::Provisioning | LifeCycle::Secured | LifeCycle::DebugAuthorised))
    {
        return Err(Error::LifeCycle);
    }
    match transaction {
        Transaction::Decommission => Ok(fuses.burn(DECOMMISSIONING, &[0xFF])?),
        Transaction::FactoryReset => {
            let finished = count(fuses, RESETS_FINISHED)?;
            if finished >= MAX_FACTORY_RESETS {
                return Err(Error::Exhausted);
            }
            raise(fuses, RESETS_BEGUN, finished + 1)
        }
    }
}

/// Carries out what was begun, if something was; to be called at every start, before anything else.
///
/// Says what was finished, and for a decommissioning whether the flash was erased as well. After that the device must
/// be reset.
pub fn carry_out(device: &mut impl Device) -> Result<Option<Finished>, Error> {
    let under_way = standing(device.fuses())?.under_way;
    let mut erased = true;
    match under_way {
        None => {}
        Some(Transaction::FactoryReset) => {
            device.erase_storage()?;
            let begun = count(device.fuses(), RESETS_BEGUN)?;
            raise(device.fuses(), RESETS_FINISHED, begun)?;
        }
        Some(Transaction::Decommission) => {
            let (storage, application) = (device.erase_storage(), device.erase_application());
            erased = storage.is_ok() && application.is_ok();
            device.fuses().burn(DIVERSIFIER.0, &[0xFF; DIVERSIFIER.1])?;
            let [_, _, _, last] = LifeCycle::Decommissioned.words();
            device.fuses().burn(LIFE_CYCLE + 12, &last.to_le_bytes())?;
        }
    }
    Ok(under_way.map(|transaction| Finished { transaction, erased }))
}

/// Whether trusted storage was made in this state of the life cycle.
pub fn storage_is_made<F: Fuses + ?Sized>(fuses: &mut F, life_cycle: LifeCycle) -> Result<bool, FuseError> {
    let mut mark = [0u8];
    fuses.read(mark_of(life_cycle), &mut mark)?;
    Ok(mark != [0])
}

/// Remembers that it was; to be called when it has been made.
pub fn storage_was_made<F: Fuses + ?Sized>(fuses: &mut F, life_cycle: LifeCycle) -> Result<(), FuseError> {
    fuses.burn(mark_of(life_cycle), &[0xFF])
}

fn mark_of(life_cycle: LifeCycle) -> u16 {
    STORAGE_MADE.0 + life_cycle as u16
}

const _: () = assert!(LifeCycle::ALL.len() <= STORAGE_MADE.1 && RESETS_BEGUN.1 == RESETS_FINISHED.1);

fn count<F: Fuses + ?Sized>(fuses: &mut F, (at, length): (u16, usize)) -> Result<u32, FuseError> {
    let mut bits = [0u8; RESETS_BEGUN.1];
    let bits = bits.get_mut(..length).unwrap_or_default();
    fuses.read(at, bits)?;
    Ok(bits.iter().map(|byte| byte.count_ones()).sum())
}

/// Sets the lowest bits of a unary count, one bit a time: a cut leaves it at a number in between.
fn raise<F: Fuses + ?Sized>(fuses: &mut F, (at, length): (u16, usize), to: u32) -> Result<(), Error> {
    let mut bits = [0u8; RESETS_BEGUN.1];
    let bits = bits.get_mut(..length).unwrap_or_default();
    fuses.read(at, bits)?;
    let mut have: u32 = bits.iter().map(|byte| byte.count_ones()).sum();
    for (offset, byte) in (at..).zip(bits) {
        while have < to && *byte != 0xFF {
            *byte |= 1 << byte.trailing_ones();
            fuses.burn(offset, &[*byte])?;
            have += 1;
        }
    }
    if have >= to { Ok(()) } else { Err(Error::Exhausted) }
}
