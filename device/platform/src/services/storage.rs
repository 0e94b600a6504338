//! Trusted storage behind the gate: records and readings of the application, and where the key store keeps keys.
//!
//! SFR: secure-trusted-storage, cryptographic-keystore.

use super::number_fits;
use crate::dispatch::{Input, Output};
use crate::{Board, Platform, StorageOf};
use cdd_crypto::selftest::TestState;
use cdd_gate::{READING_BYTES, ServiceState, Status};
use cdd_hal::{CallerMemory, EntropySource};
use cdd_keystore::{Family, KeyId, KeyStorage, Owner};
use cdd_storage::{Error, Reading, Recovery, Scope};

/// The application, as owner of records.
const APPLICATION: u32 = 1;
/// Owners with this bit own the keys of the owner without it.
const KEYS_OF: u32 = 1 << 31;

/// Trusted storage, and how it is doing.
pub(crate) struct Storage<B: Board> {
    /// None where the flash is not fit for it.
    store: Option<StorageOf<B>>,
    /// Why it cannot be used; set at the start.
    down: Option<Error>,
    /// The last verification failure that a call came upon.
    fault: Option<Error>,
}

impl<B: Board> Storage<B> {
    pub(crate) fn new(store: Result<StorageOf<B>, Error>) -> Self {
        let down = store.as_ref().err().copied().unwrap_or(Error::NeedsMount);
        Storage { store: store.ok(), down: Some(down), fault: None }
    }

    /// Verifies what is there. A storage that does not verify stays as it is, and is not used: what to do about
    /// it is for people to say.
    pub(crate) fn mount(&mut self) {
        if let Some(store) = &mut self.store {
            self.down = store.remount().err();
        }
    }

    /// Erases everything, whatever there is, and starts empty.
    pub(crate) fn make(&mut self) -> Result<(), Error> {
        let store = self.store.as_mut().ok_or(Error::Geometry)?;
        self.down = store.erase_all(Scope::Everything).err();
        self.fault = None;
        self.down.map_or(Ok(()), Err)
    }

    /// Lets nobody use it, for this reason.
    pub(crate) fn take_down(&mut self, why: Error) {
        self.down = Some(why);
    }

    pub(crate) fn fault(&self) -> Option<Error> {
        self.fault
    }

    /// Does something with the storage if it can be used, and remembers what does not verify.
    fn with<R>(&mut self, work: impl FnOnce(&mut StorageOf<B>) -> Result<R, Error>) -> Result<R, Error> {
        let (None, Some(store)) = (self.down, &mut self.store) else {
            return Err(self.down.unwrap_or(Error::Geometry));
        };
        let outcome = work(store);
        if matches!(outcome, Err(Error::Flash | Error::Counter | Error::NeedsMount)) {
            // An access failed in the middle: what was under way is completed or discarded before the next call.
            self.down = store.remount().err();
        }
        if let Err(error) = outcome
            && error.is_verification_failure()
        {
            self.fault = Some(error);
        }
        outcome
    }
}

fn status(error: Error) -> Status {
    Status::from_code(error.psa_status()).unwrap_or(Status::StorageFailure)
}

/// The key store's records, in a name space of their own.
pub(crate) struct KeyRecords<'s, B: Board>(pub(super) &'s mut Storage<B>);

fn key_error(error: Error) -> cdd_keystore::Error {
    use cdd_keystore::Error as Key;
    match error {
        Error::InsufficientStorage | Error::IndexTooSmall => Key::InsufficientStorage,
        error if error.is_verification_failure() => Key::DataCorrupt,
        Error::NeedsMount => Key::BadState,
        _ => Key::StorageFailure,
    }
}

impl<B: Board> KeyStorage for KeyRecords<'_, B> {
    fn load(
        &mut self,
        owner: Owner,
        id: KeyId,
        out: &mut [u8],
    ) -> Result<Option<usize>, cdd_keystore::Error> {
        match self.0.with(|store| store.get(owner.0 | KEYS_OF, id.into(), 0, out)) {
            Ok(size) => Ok(Some(size)),
            Err(Error::DoesNotExist) => Ok(None),
            Err(error) => Err(key_error(error)),
        }
    }

    fn save(&mut self, owner: Owner, id: KeyId, blob: &[u8]) -> Result<(), cdd_keystore::Error> {
        self.0.with(|store| store.set(owner.0 | KEYS_OF, id.into(), blob, 0)).map_err(key_error)
    }

    fn erase(&mut self, owner: Owner, id: KeyId) -> Result<bool, cdd_keystore::Error> {
        match self.0.with(|store| store.remove(owner.0 | KEYS_OF, id.into())) {
            Ok(()) => Ok(true),
            Err(Error::DoesNotExist) => Ok(false),
            Err(error) => Err(key_error(error)),
        }
    }
}

const fn uid(low: u32, high: u32) -> u64 {
    (high as u64) << 32 | low as u64
}

impl<B: Board, S: EntropySource> Platform<B, S> {
    pub(crate) fn storage_set<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        low: u32,
        high: u32,
        flags: u32,
        data: Input,
    ) -> Result<(), Status> {
        if data.len() > cdd_storage::MAX_RECORD {
            return Err(Status::InvalidArgument);
        }
        let flags = u8::try_from(flags).map_err(|_| Status::NotSupported)?;
        let Platform { storage, buffers, .. } = self;
        let data = buffers.input.arena().take(memory, data)?;
        storage.with(|store| store.set(APPLICATION, uid(low, high), data, flags)).map_err(status)
    }

    pub(crate) fn storage_get<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        low: u32,
        high: u32,
        offset: u32,
        data: &mut Output,
    ) -> Result<(), Status> {
        let Platform { storage, buffers, .. } = self;
        let out = buffers.output.arena().for_output(data.capacity());
        let get = |store: &mut StorageOf<B>| store.get(APPLICATION, uid(low, high), offset as usize, out);
        let size = storage.with(get).map_err(status)?;
        data.write(memory, out.get(..size).unwrap_or_default())
    }

    pub(crate) fn storage_get_info<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        low: u32,
        high: u32,
        info: &mut Output,
    ) -> Result<(), Status> {
        let found = self.storage.with(|store| store.get_info(APPLICATION, uid(low, high))).map_err(status)?;
        let mut record = [0u8; 8];
        let words = [found.length as u32, u32::from(found.flags)];
        record
            .iter_mut()
            .zip(words.iter().flat_map(|word| word.to_le_bytes()))
            .for_each(|(to, from)| *to = from);
        info.write(memory, &record)
    }

    pub(crate) fn storage_remove<M: CallerMemory>(
        &mut self,
        _: &mut M,
        low: u32,
        high: u32,
    ) -> Result<(), Status> {
        self.storage.with(|store| store.remove(APPLICATION, uid(low, high))).map_err(status)
    }

    pub(crate) fn readings_append<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        reading: Input,
        index: &mut Output,
    ) -> Result<(), Status> {
        number_fits(index)?;
        let mut bytes = [0u8; READING_BYTES];
        if reading.copy(memory, &mut bytes)?.len() != READING_BYTES {
            return Err(Status::InvalidArgument);
        }
        let cdd_gate::Reading { time, device, value, unit } =
            cdd_gate::Reading::from_bytes(&bytes).ok_or(Status::InvalidArgument)?;
        let number = self.storage.with(|store| store.append(&Reading { time, value, unit, device }));
        Self::write_number(memory, index, number.map_err(status)?)
    }

    pub(crate) fn readings_read<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        index: u32,
        reading: &mut Output,
    ) -> Result<(), Status> {
        let Reading { time, value, unit, device } =
            self.storage.with(|store| store.read(index)).map_err(status)?;
        reading.write(memory, &cdd_gate::Reading { time, device, value, unit }.to_bytes())
    }

    pub(crate) fn readings_range<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        range: &mut Output,
    ) -> Result<(), Status> {
        let kept = self.storage.with(|store| Ok(store.readings())).map_err(status)?;
        if range.capacity() < 8 {
            return Err(Status::BufferTooSmall);
        }
        Self::write_number(memory, range, kept.start)?;
        Self::write_number(memory, range, kept.end)
    }

    pub(crate) fn readings_trim<M: CallerMemory>(&mut self, _: &mut M, first: u32) -> Result<(), Status> {
        self.storage.with(|store| store.trim(first)).map_err(status)
    }

    pub(crate) fn service_state<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        record: &mut Output,
    ) -> Result<(), Status> {
        let state = self.services();
        record.write(memory, &state.to_bytes())
    }

    /// The name of trusted storage's state.
    pub(crate) fn storage_name(&self) -> &'static str {
        self.storage.down.map_or("ready", |error| error.name())
    }

    /// How the services are doing.
    pub(crate) fn services(&mut self) -> ServiceState {
        let code = |error: Option<Error>| error.map_or(0, |error| u32::from(error.code()));
        let tests = self.keystore.self_tests();
        let families = |wanted: TestState| {
            let these = Family::ALL.iter().filter(|family| tests.state(**family) == wanted);
            these.fold(0, |bits, family| bits | 1 << *family as u32)
        };
        let (failed_tests, passed_tests) = (families(TestState::Failed), families(TestState::Passed));
        let store = self.storage.store.as_ref().filter(|_| self.storage.down.is_none());
        let kept = store.map(|store| store.readings()).unwrap_or_default();
        ServiceState {
            storage: code(self.storage.down),
            recovery: match store.map(|store| store.recovery()) {
                None | Some(Recovery::Clean) => 0,
                Some(Recovery::Completed) => 1,
                Some(Recovery::Discarded) => 2,
                Some(Recovery::Erased) => 3,
            },
            storage_fault: code(self.storage.fault),
            records: store.map_or(0, |store| store.records() as u32),
            first_reading: kept.start,
            next_reading: kept.end,
            failed_tests,
            passed_tests,
            factory_resets: self.factory_resets,
            attestation: self.attestation.error().map_or(0, |error| u32::from(error.code())),
        }
    }
}
