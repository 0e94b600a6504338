//! What may not grow with the list: the statements that a page takes, and its bytes. They are counted, so that a slow machine
//! changes nothing.

use bench_registry::ask::{Asker, Kind, SHARES};
use bench_registry::fill;
use bench_registry::http::Connection;
use bench_registry::server::Place;
use dtsec_serve::registry::Lists;
use dtsec_serve::{Config, Registry, Server, SystemClock};
use dtsec_store::{Store, sql};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// The statements are counted for the whole process: one registry at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// A small list, and one that is ten times as long. Both fill a page.
const SIZES: [usize; 2] = [100, 1000];

/// No page takes more statements.
const MOST_STATEMENTS: u64 = 12;

/// What pages of a kind took.
#[derive(Debug, Clone, Copy)]
struct Count {
    /// The fewest statements.
    fewest: u64,
    /// The most: a sweep of old sessions may have fallen into one of them.
    most: u64,
    /// The bytes of the largest.
    bytes: usize,
}

type Counts = BTreeMap<Kind, Count>;

async fn counted(place: Place<'_>, products: usize) -> Counts {
    let store = Store::open(&place.settings().unwrap(), Arc::new(Lists)).await.unwrap();
    let registry = Registry::new(store, Arc::new(SystemClock));
    registry.first_member().await.unwrap();
    fill::fill(&registry, products).await.unwrap();
    registry.store().close().await;

    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let settings = place.settings().unwrap();
    let config = Config { listen, settings, origin: None, proxies: vec![listen.ip()], provider: None };
    let server = Server::start(config).await.unwrap();
    let address = server.address().unwrap();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(server.run(async { _ = ended.await }));
    let mut connection = Connection::open(address).await.unwrap();
    let mut asker = Asker::new(&mut connection, products).await.unwrap();
    let mut counts = Counts::new();
    for (kind, _) in SHARES {
        for visitor in 0..12 {
            let path = asker.path(kind);
            let before = sql::made();
            let answer = connection.get(&path, visitor).await.unwrap();
            let made = sql::made() - before;
            assert_eq!(answer.status, 200, "{path}");
            let count = counts.entry(kind).or_insert(Count { fewest: u64::MAX, most: 0, bytes: 0 });
            count.fewest = count.fewest.min(made);
            count.most = count.most.max(made);
            count.bytes = count.bytes.max(answer.body.len());
        }
    }
    drop(connection);
    end.send(()).unwrap();
    running.await.unwrap();
    counts
}

fn compared(counts: [Counts; 2]) {
    let [small, large] = counts;
    assert_eq!(small.len(), SHARES.len());
    let page = small.values().map(|count| count.bytes).max().unwrap_or_default();
    for (kind, now) in large {
        let before = small[&kind];
        println!("{}: {before:?} in a small list, {now:?} in a large one", kind.name());
        assert!(before.fewest > 0 && before.bytes > 1000, "{}: nothing is counted", kind.name());
        assert!(now.fewest <= before.most, "{}: {now:?}, and {before:?} in a small list", kind.name());
        assert!(now.fewest <= MOST_STATEMENTS, "{}: {now:?}", kind.name());
        // A search that finds less than a page in the small list finds a page in the large one, and no more.
        assert!(now.bytes <= page * 5 / 4, "{}: {now:?}, and {page} bytes in a small list", kind.name());
    }
    // The page that everybody opens first: where the log ends, and the lines.
    assert!(small[&Kind::List].fewest <= 2, "{:?}", small[&Kind::List]);
}

fn run(databases: [Option<String>; 2]) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let [first, second] = databases;
    let counts = [(first, SIZES[0]), (second, SIZES[1])].map(|(database, products)| {
        let folder = tempfile::tempdir().unwrap();
        let place = Place { folder: folder.path(), database: database.as_deref() };
        runtime.block_on(counted(place, products))
    });
    compared(counts);
}

#[test]
fn no_page_takes_more_statements_or_bytes_in_a_list_that_is_ten_times_as_long() {
    run([None, None]);
}

#[test]
#[ignore = "needs PostgreSQL"]
fn nor_on_postgresql() {
    let server = dtsec_scratch::Server::shared();
    run([(); 2].map(|()| Some(server.database())));
}
