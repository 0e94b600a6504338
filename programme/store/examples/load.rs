//! Fills a new store with entries and prints how long the public pages' queries take:
//!
//! ```text
//! cargo run --release -p dtsec-store --example load -- [ENTRIES] [DATABASE-URL]
//! ```
//!
//! Wall-clock times of this machine, for comparison with each other only.

use dtsec_store::{
    Aggregate, Change, Key, Location, NewEvent, Row, Search, Settings, Store, Time, Transaction,
};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

type Failure = Box<dyn std::error::Error>;

fn rows(aggregate: &Aggregate) -> Vec<Row> {
    let text = |name: &str| aggregate.state[name].as_str().unwrap_or_default();
    let row = Row::new("entries", &aggregate.key.id, text("name"), aggregate.state.clone());
    vec![
        row.facet("status", text("status"))
            .facet("class", text("class"))
            .words(text("name"))
            .words(text("by")),
    ]
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let entries = arguments.next().map_or(Ok(10_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let mut settings = Settings::new(folder.path());
    if let Some(url) = arguments.next() {
        settings = settings.database(Location::from_url(&url)?);
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run(&settings, entries))
}

async fn run(settings: &Settings, entries: u32) -> Result<(), Failure> {
    let store = Store::open(settings, Arc::new(rows)).await?;
    let start = Instant::now();
    for number in 0..entries {
        store.commit(entry(number)?).await?;
    }
    println!("{entries} commits: {:.1} s", start.elapsed().as_secs_f32());
    store.close().await;
    let start = Instant::now();
    let store = Store::open(settings, Arc::new(rows)).await?;
    println!("opened in {:.1} ms", millis(start.elapsed()));

    let all = || Search::all("entries");
    let last = store.search(&all().backwards()).await?.next;
    let searches = [
        ("first page", all()),
        ("a late page", all().backwards().after(last)),
        ("by status", all().facet("status", "listed")),
        ("by class and status", all().facet("class", "pump").facet("status", "removed")),
        ("one word", all().words("glu")),
        ("three words, in few", all().words("glucose alpha 99")),
        ("two frequent words, in none", all().words("pump").facet("class", "meter")),
    ];
    for (name, search) in searches {
        let mut times = Vec::new();
        for _ in 0..300 {
            let start = Instant::now();
            store.search(&search).await?;
            times.push(start.elapsed());
        }
        report(name, times);
    }
    let mut times = Vec::new();
    for number in 0..300 {
        let start = Instant::now();
        store.row("entries", &format!("e{}", number * 7 % entries)).await?;
        times.push(start.elapsed());
    }
    report("one entry", times);
    let start = Instant::now();
    store.verify_chain(None).await?;
    println!("chain verified in {:.0} ms", millis(start.elapsed()));
    Ok(())
}

fn entry(number: u32) -> Result<Transaction, Failure> {
    let pick = |from: &[&'static str], by: u32| from[(number / by) as usize % from.len()];
    let class = pick(&["pump", "meter", "sensor"], 1);
    let state = json!({
        "name": format!("{} {class} {} {number}", pick(&["Insulin", "Glucose"], 3), pick(&["Alpha", "Beta"], 6)),
        "by": pick(&["Acme Medical", "Bolus Devices", "Cannula GmbH"], 12),
        "class": class,
        "status": if number.is_multiple_of(10) { "removed" } else { "listed" },
    });
    let key = Key::new("entry", format!("e{number}"));
    let mut transaction = Transaction::new("load", Time::from_second(1_790_000_000 + i64::from(number))?);
    transaction.events.push(NewEvent::new(key.clone(), "listed", state.clone()));
    transaction.changes.push(Change { key, expected: 0, state });
    Ok(transaction)
}

fn report(name: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent: usize| millis(times[(times.len() * percent / 100).min(times.len() - 1)]);
    println!("{name}: median {:.2} ms, p95 {:.2} ms", at(50), at(95));
}

fn millis(time: Duration) -> f32 {
    time.as_secs_f32() * 1000.0
}
