//! The three stores behind one interface: the same keys, the same contents, one operation a call.

use crate::flash::{Flash, SECTORS};
use anyhow::{Context, Result, anyhow, ensure};
use cdd_hal::{CounterError, MonotonicCounter};
use cdd_storage::{Memory, Reading, Scope, Store};
use cdd_virtual::{CounterCells, SECTOR_BYTES, StorageCounter};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use sequential_storage::cache::key_pointers::ArrayKeyPointers;
use sequential_storage::cache::page_pointers::ArrayPagePointers;
use sequential_storage::cache::page_states::ArrayPageStates;
use sequential_storage::cache::{Cache, Uncached};
use sequential_storage::map::{MapConfig, MapStorage};
use sequential_storage::queue::{QueueConfig, QueueStorage};
use std::cell::RefCell;
use std::fmt::Debug;
use std::rc::Rc;
use std::task::{Context as Waking, Poll, Waker};

/// The most records.
pub(crate) const MOST_RECORDS: usize = 1024;
/// The longest content, and room for a key and a header.
const BUFFER: usize = 1024 + 64;

/// A store to be measured.
pub trait Subject {
    /// Its name.
    const NAME: &'static str;

    /// An empty one on an erased flash.
    fn format(flash: &Flash) -> Result<Self>
    where
        Self: Sized;
    /// Stores a record in place of what was there.
    fn set(&mut self, key: u64, data: &[u8]) -> Result<()>;
    /// Reads a record; its length.
    fn get(&mut self, key: u64, out: &mut [u8]) -> Result<usize>;
    /// Adds a reading with this index to a log. A store is asked for this or for records, not for both.
    fn append(&mut self, index: u32, data: &[u8; 24]) -> Result<()>;
    /// The power goes and comes: the store as it is then, mounted if that is something of its own.
    fn power_cycle(self) -> Result<Self>
    where
        Self: Sized;
    /// Bytes of RAM that it keeps between calls.
    fn ram() -> usize
    where
        Self: Sized;
    /// Bytes written to a memory outside the flash so far.
    fn bytes_outside(&self) -> u64 {
        0
    }
}

/// Polls a future that never waits.
fn now<T>(future: impl Future<Output = T>) -> Result<T> {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Waking::from_waker(Waker::noop())) {
        Poll::Ready(value) => Ok(value),
        Poll::Pending => Err(anyhow!("it waits, and there is nothing to wait for")),
    }
}

fn failed<E: Debug>(error: E) -> anyhow::Error {
    anyhow!("{error:?}")
}

/// Trusted storage.
pub struct Sealed {
    flash: Flash,
    counter: Outside,
    store: Store<Flash, Outside, Box<Memory<MOST_RECORDS, 2048>>>,
}

const SECRET: [u8; 32] = [0x5E; 32];

#[derive(Clone)]
struct Outside(Rc<RefCell<StorageCounter>>);

impl MonotonicCounter for Outside {
    fn read(&mut self) -> Result<u64, CounterError> {
        self.0.borrow_mut().read()
    }

    fn advance(&mut self, to: u64) -> Result<(), CounterError> {
        self.0.borrow_mut().advance(to)
    }
}

impl Sealed {
    fn on(flash: Flash, counter: Outside) -> Result<Sealed> {
        let store = Store::new(flash.clone(), counter.clone(), Box::default(), &SECRET).map_err(failed)?;
        Ok(Sealed { flash, counter, store })
    }
}

impl Subject for Sealed {
    const NAME: &'static str = "cdd-storage";

    fn format(flash: &Flash) -> Result<Sealed> {
        let counter = Outside(Rc::new(RefCell::new(StorageCounter::new(CounterCells::blank()))));
        let mut sealed = Sealed::on(flash.clone(), counter)?;
        sealed.store.erase_all(Scope::Everything).map_err(failed)?;
        Ok(sealed)
    }

    fn set(&mut self, key: u64, data: &[u8]) -> Result<()> {
        self.store.set(1, key, data, 0).map_err(failed)
    }

    fn get(&mut self, key: u64, out: &mut [u8]) -> Result<usize> {
        self.store.get(1, key, 0, out).map_err(failed)
    }

    fn append(&mut self, index: u32, data: &[u8; 24]) -> Result<()> {
        let [a, b, c, d, e, f, g, h, ..] = *data;
        let time = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let appended = self.store.append(&Reading { time, value: -1, unit: 0x1140, device: !time });
        ensure!(appended.map_err(failed)? == index, "another index");
        Ok(())
    }

    fn power_cycle(self) -> Result<Sealed> {
        let mut sealed = Sealed::on(self.flash, self.counter)?;
        sealed.store.remount().map_err(failed)?;
        Ok(sealed)
    }

    fn ram() -> usize {
        size_of::<Memory<MOST_RECORDS, 2048>>() + size_of::<Store<(), (), ()>>()
    }

    fn bytes_outside(&self) -> u64 {
        // `cells` makes the counter look again at its next step; that reads, and what it writes is the same.
        self.counter.0.borrow_mut().cells().bytes_written()
    }
}

type MapCache =
    Cache<ArrayPageStates<SECTORS>, ArrayPagePointers<SECTORS>, ArrayKeyPointers<u64, MOST_RECORDS>, u64>;
type QueueCache = Cache<ArrayPageStates<SECTORS>, ArrayPagePointers<SECTORS>, Uncached>;

/// `sequential-storage`, with every cache in RAM that it has.
pub struct Sequential {
    flash: Flash,
    map: MapStorage<u64, Flash, MapCache>,
    queue: QueueStorage<Flash, QueueCache>,
}

const WHOLE: std::ops::Range<u32> = 0..(SECTORS * SECTOR_BYTES) as u32;

impl Sequential {
    fn on(flash: Flash) -> Sequential {
        let cache = Cache::new(ArrayPageStates::new(), ArrayPagePointers::new(), ArrayKeyPointers::new());
        let map = MapStorage::new(flash.clone(), MapConfig::new(WHOLE), cache);
        let cache = Cache::new(ArrayPageStates::new(), ArrayPagePointers::new(), Uncached);
        let queue = QueueStorage::new(flash.clone(), QueueConfig::new(WHOLE), cache);
        Sequential { flash, map, queue }
    }
}

impl Subject for Sequential {
    const NAME: &'static str = "sequential-storage";

    fn format(flash: &Flash) -> Result<Sequential> {
        Ok(Sequential::on(flash.clone()))
    }

    fn set(&mut self, key: u64, data: &[u8]) -> Result<()> {
        now(self.map.store_item(&mut [0; BUFFER], &key, &data))?.map_err(failed)
    }

    fn get(&mut self, key: u64, out: &mut [u8]) -> Result<usize> {
        let mut buffer = [0; BUFFER];
        let found = now(self.map.fetch_item::<&[u8]>(&mut buffer, &key))?.map_err(failed)?;
        let content = found.context("not there")?;
        out.get_mut(..content.len()).context("too long")?.copy_from_slice(content);
        Ok(content.len())
    }

    fn append(&mut self, _: u32, data: &[u8; 24]) -> Result<()> {
        now(self.queue.push(data, false))?.map_err(failed)
    }

    fn power_cycle(self) -> Result<Sequential> {
        Ok(Sequential::on(self.flash))
    }

    fn ram() -> usize {
        size_of::<MapCache>() + size_of::<QueueCache>()
    }
}

/// `ekv`, one transaction for each operation.
pub struct Ekv {
    flash: Flash,
    database: Box<ekv::Database<Flash, NoopRawMutex>>,
}

impl Ekv {
    fn on(flash: Flash) -> Ekv {
        let mut config = ekv::Config::default();
        config.random_seed = 1;
        Ekv { database: Box::new(ekv::Database::new(flash.clone(), config)), flash }
    }
}

impl Subject for Ekv {
    const NAME: &'static str = "ekv";

    fn format(flash: &Flash) -> Result<Ekv> {
        let ekv = Ekv::on(flash.clone());
        now(ekv.database.format())?.map_err(failed)?;
        Ok(ekv)
    }

    fn set(&mut self, key: u64, data: &[u8]) -> Result<()> {
        now(async {
            let mut transaction = self.database.write_transaction().await;
            transaction.write(&key.to_be_bytes(), data).await.map_err(failed)?;
            transaction.commit().await.map_err(failed)
        })?
    }

    fn get(&mut self, key: u64, out: &mut [u8]) -> Result<usize> {
        now(async {
            let transaction = self.database.read_transaction().await;
            transaction.read(&key.to_be_bytes(), out).await.map_err(failed)
        })?
    }

    fn append(&mut self, index: u32, data: &[u8; 24]) -> Result<()> {
        self.set(index.into(), data)
    }

    fn power_cycle(self) -> Result<Ekv> {
        let ekv = Ekv::on(self.flash);
        now(ekv.database.mount())?.map_err(failed)?;
        Ok(ekv)
    }

    fn ram() -> usize {
        size_of::<ekv::Database<Flash, NoopRawMutex>>()
    }
}
