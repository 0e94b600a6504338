//! Factory reset and decommissioning: who may begin them, and carrying them out at the start.
//!
//! SFR: factory-reset-of-platform, decommission-of-platform.

use super::storage::Storage;
use crate::dispatch::Input;
use crate::{Board, HeldBack, Level, Platform};
use cdd_boot::report::Line;
use cdd_fuses::LifeCycle;
use cdd_gate::Status;
use cdd_hal::{CallerMemory, EntropySource};
use cdd_keystore::Family;
use cdd_lifecycle::{EraseError, Error, Finished, Transaction};

/// What the transactions work on.
struct Device<'p, B: Board> {
    board: &'p mut B,
    storage: &'p mut Storage<B>,
}

impl<B: Board> cdd_lifecycle::Device for Device<'_, B> {
    type Fuses = B::Fuses;

    fn fuses(&mut self) -> &mut B::Fuses {
        self.board.fuses()
    }

    fn erase_storage(&mut self) -> Result<(), EraseError> {
        self.storage.make().map_err(|_| EraseError)
    }

    fn erase_application(&mut self) -> Result<(), EraseError> {
        self.board.erase_application().map_err(|_| EraseError)
    }
}

/// What an application must say, so that no stray call destroys anything.
const PHRASE: &[u8] = b"factory reset";

fn status(error: Error) -> Status {
    match error {
        Error::LifeCycle | Error::Exhausted => Status::NotPermitted,
        Error::Fuses(_) | Error::Erase => Status::HardwareFailure,
    }
}

impl<B: Board, S: EntropySource> Platform<B, S> {
    pub(crate) fn factory_reset<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        phrase: Input,
    ) -> Result<(), Status> {
        let mut buffer = [0u8; PHRASE.len()];
        match phrase.copy(memory, &mut buffer) {
            Ok(said) if said == PHRASE && self.factory_resets >= cdd_lifecycle::MAX_FOR_APPLICATION => {
                Err(Status::NotPermitted)
            }
            Ok(said) if said == PHRASE => self.begin(Transaction::FactoryReset).map_err(status),
            Err(Status::ProgrammerError) => Err(Status::ProgrammerError),
            _ => Err(Status::InvalidArgument),
        }
    }

    /// The state of the life cycle that boot recorded.
    pub(crate) fn life_cycle(&self) -> Option<LifeCycle> {
        LifeCycle::ALL.into_iter().find(|state| *state as u32 == self.record.life_cycle)
    }

    /// Begins a transaction: the device must now be reset, and carries it out when it starts.
    pub(crate) fn begin(&mut self, transaction: Transaction) -> Result<(), Error> {
        let life_cycle = self.life_cycle();
        cdd_lifecycle::begin(self.board.fuses(), life_cycle, transaction)?;
        // Nothing of what is about to be destroyed is used any more.
        self.keystore.wipe_volatile();
        self.wants_reset = true;
        Line::start(self.board.console()).text("event", "life-cycle").text("begun", transaction.name()).end();
        Ok(())
    }

    /// Carries out what was begun, and makes trusted storage where this state of the life cycle has none yet;
    /// then verifies what is stored. Where that does not go through, no application is started.
    pub(crate) fn settle(&mut self) {
        if let Err(error) = self.try_settle() {
            self.report_life_cycle_error(error);
            self.held_back = Some(HeldBack::Unsettled);
        }
    }

    fn report_life_cycle_error(&mut self, error: Error) {
        self.log.add(Level::Error, error.name().as_bytes());
        Line::start(self.board.console()).text("event", "life-cycle").text("error", error.name()).end();
    }

    fn try_settle(&mut self) -> Result<(), Error> {
        let life_cycle = self.life_cycle();
        // What seals the storage. Where it is broken the storage is still erased if that was begun, and used for nothing.
        let sealing = self.keystore.self_tests().require(Family::ChaCha20Poly1305);
        let Platform { board, storage, .. } = self;
        let finished = cdd_lifecycle::carry_out(&mut Device { board, storage })?;
        if let Some(Finished { transaction, erased }) = finished {
            if !erased {
                self.report_life_cycle_error(Error::Erase);
            }
            Line::start(self.board.console())
                .text("event", "life-cycle")
                .text("finished", transaction.name())
                .end();
            if transaction == Transaction::Decommission {
                self.wants_reset = true;
                return Ok(());
            }
        }
        let Platform { board, storage, .. } = self;
        self.factory_resets = cdd_lifecycle::standing(board.fuses())?.factory_resets;
        let Some(life_cycle) = life_cycle else { return Ok(()) };
        if cdd_lifecycle::storage_is_made(board.fuses(), life_cycle)? {
            if finished.is_none() && sealing.is_ok() {
                storage.mount();
            }
        } else {
            storage.make().map_err(|_| Error::Erase)?;
            cdd_lifecycle::storage_was_made(board.fuses(), life_cycle)?;
        }
        if sealing.is_err() {
            storage.take_down(cdd_storage::Error::SelfTest);
        }
        Ok(())
    }
}
