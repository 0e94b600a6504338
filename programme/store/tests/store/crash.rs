//! Killed at any moment, out of disk: what was acknowledged is there, and nothing is there by halves.

use crate::support::{Place, Setter, key, set};
use dtsec_scratch::Server;
use dtsec_store::{Error, Location, Settings, Store};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// Set for the process that writes until it is killed: where, and how many.
const WRITER: &str = "DTSEC_STORE_TEST_WRITER";

/// Not a test by itself: the other process of those below. It says what was acknowledged, one version a line.
#[tokio::test]
async fn a_writer_for_the_other_tests() {
    let Ok(text) = std::env::var(WRITER) else { return };
    let parts: Vec<&str> = text.split('\n').collect();
    let mut settings = Settings::new(parts[0]);
    if !parts[1].is_empty() {
        settings = settings.database(Location::from_url(parts[1]).unwrap());
    }
    let store = Store::open(&settings, Arc::new(crate::support::rows)).await.unwrap();
    let mut version = store.load([key("a")]).await.unwrap().version(&key("a"));
    loop {
        let state =
            json!({"name": format!("Pump {version}"), "status": "listed", "padding": "x".repeat(2000)});
        let mut transaction = set("a", version, state.clone());
        transaction.events[0].publish.push(("list".to_owned(), json!({ "version": version })));
        transaction.events.extend(set(&format!("b{version}"), 0, state.clone()).events);
        transaction.changes.extend(set(&format!("b{version}"), 0, state).changes);
        match store.commit(transaction).await {
            Ok(_) => version += 1,
            Err(error) => {
                println!("refused {error:?}");
                return;
            }
        }
        println!("acknowledged {version}");
    }
}

fn writer(place: &Place, blocks: Option<u32>) -> Child {
    let url = if place.is_sqlite() { String::new() } else { place.url() };
    let mut command = Command::new("sh");
    // A write beyond the limit is to fail and not to kill.
    let limit = blocks.map_or(String::new(), |blocks| format!("trap '' XFSZ; ulimit -f {blocks};"));
    command.args([
        "-c",
        &format!("{limit} exec \"$0\" --exact crash::a_writer_for_the_other_tests --nocapture"),
    ]);
    command.arg(std::env::current_exe().unwrap());
    command.env(WRITER, format!("{}\n{url}", place.folder.path().display()));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// Reads what was acknowledged, until the writer ends or has had so many.
fn acknowledged(child: &mut Child, most: usize) -> (i64, Option<String>) {
    let (mut last, mut refused) = (0, None);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut had = 0;
    while had < most {
        let Some(Ok(line)) = lines.next() else { break };
        if let Some((_, number)) = line.split_once("acknowledged ") {
            last = number.parse().unwrap();
            had += 1;
        } else if let Some((_, error)) = line.split_once("refused ") {
            refused = Some(error.to_owned());
        }
    }
    if had == most {
        child.kill().unwrap();
        // What it still managed to say counts.
        for line in lines.map_while(Result::ok) {
            if let Some((_, number)) = line.split_once("acknowledged ") {
                last = number.parse().unwrap();
            }
        }
    }
    child.wait().unwrap();
    (last, refused)
}

/// Whole transactions only, and every acknowledged one.
async fn is_whole(place: &Place, acknowledged: i64) -> i64 {
    let store = place.open().await;
    let events = store.verify_chain(None).await.unwrap().events.seq;
    let version = store.load([key("a")]).await.unwrap().version(&key("a"));
    assert!(version >= acknowledged, "{version} of {acknowledged} acknowledged");
    assert_eq!(events, version * 2);
    assert_eq!(store.check(&mut Setter).await.unwrap(), []);
    let waiting = store.take("list", "w", crate::support::at(0), crate::support::at(0), 5000).await.unwrap();
    assert_eq!(waiting.unwrap().len() as i64, version);
    store.close().await;
    version
}

/// After how many acknowledgements to kill: spread over the moments of a transaction by the two processes' own pace.
const KILLS: [usize; 8] = [1, 2, 3, 5, 8, 13, 4, 7];

async fn killed_again_and_again(place: Place) {
    let mut versions = BTreeMap::new();
    for (round, most) in KILLS.into_iter().enumerate() {
        let mut child = writer(&place, None);
        let (last, refused) = acknowledged(&mut child, most);
        assert_eq!(refused, None);
        versions.insert(round, is_whole(&place, last).await);
    }
    assert!(versions[&(KILLS.len() - 1)] >= KILLS.iter().sum::<usize>() as i64);
}

#[tokio::test]
async fn a_program_killed_at_any_moment_loses_nothing_on_sqlite() {
    killed_again_and_again(Place::sqlite()).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_program_killed_at_any_moment_loses_nothing_on_postgresql() {
    killed_again_and_again(Place::postgres()).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_server_killed_at_any_moment_loses_nothing() {
    let server = Server::start();
    let place = Place::on(&server);
    for most in [1, 4, 9] {
        let mut child = writer(&place, None);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut last = 0;
        let mut note = |line: String| {
            if let Some((_, number)) = line.split_once("acknowledged ") {
                last = number.parse().unwrap();
                return true;
            }
            assert!(!line.contains("refused") || line.contains("Unreachable"), "{line}");
            false
        };
        let mut had = 0;
        while had < most {
            had += usize::from(note(lines.next().unwrap().unwrap()));
        }
        server.crash_and_recover();
        lines.map_while(Result::ok).for_each(|line| _ = note(line));
        child.wait().unwrap();
        is_whole(&place, last).await;
    }
}

#[tokio::test]
async fn a_full_disk_is_named_and_loses_nothing() {
    let place = Place::sqlite();
    place.open().await.close().await;
    // In blocks of 512 bytes: 600 KB.
    let mut child = writer(&place, Some(1200));
    let (last, refused) = acknowledged(&mut child, usize::MAX);
    let refused = refused.expect("the disk is full at last");
    assert!(refused.starts_with("NoSpace"), "{refused}");
    assert!(last > 3, "{last}");
    assert_eq!(is_whole(&place, last).await, last);
    // With room again it goes on.
    let store = place.open().await;
    store.commit(set("a", last, json!({}))).await.unwrap();
    assert!(matches!(store.commit(set("a", last, json!({}))).await, Err(Error::Conflict { .. })));
}
