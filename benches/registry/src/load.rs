//! Requests at a steady rate, whether or not those before them are answered.
//!
//! A latency is counted from the moment at which a request was due, not from when it could be sent: a server that stops for a
//! while is charged for everybody who would have come in that time.

use crate::ask::{Asker, Kind};
use crate::http::Connection;
use anyhow::{Result, bail};
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Requests a second.
    pub rate: u32,
    /// For so long.
    pub duration: Duration,
    /// So long before, uncounted.
    pub warm_up: Duration,
}

/// Milliseconds of a set of requests.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latencies {
    /// How many requests.
    pub requests: usize,
    /// The median.
    pub p50: f64,
    /// Of a hundred, the fifth slowest.
    pub p95: f64,
    /// Of a hundred, the slowest.
    pub p99: f64,
    /// The slowest.
    pub most: f64,
}

impl Latencies {
    /// Of times; nothing of none.
    pub fn of(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        let millis = |time: &Duration| (time.as_secs_f64() * 100_000.0).round() / 100.0;
        let at = |percent: usize| millis(&times[(times.len() * percent / 100).min(times.len() - 1)]);
        let most = millis(times.last()?);
        Some(Self { requests: times.len(), p50: at(50), p95: at(95), p99: at(99), most })
    }
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Over all requests.
    pub all: Latencies,
    /// By what was asked for.
    pub kinds: BTreeMap<Kind, Latencies>,
    /// Requests that were not answered with 200.
    pub errors: usize,
    /// The first of them, in words.
    pub first_error: Option<String>,
    /// The largest page of each kind, in bytes.
    pub bytes: BTreeMap<Kind, usize>,
    /// Connections that were open at once at most.
    pub connections: usize,
}

struct Done {
    kind: Kind,
    counted: bool,
    took: Duration,
    answer: Result<usize, String>,
}

/// Connections that nobody uses at the moment.
#[derive(Default)]
struct Idle {
    free: Mutex<Vec<Connection>>,
}

impl Idle {
    fn take(&self) -> Option<Connection> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn put(&self, connection: Connection) -> usize {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.push(connection);
        free.len()
    }
}

async fn ask(idle: Arc<Idle>, address: SocketAddr, path: &str, visitor: u32) -> Result<usize, String> {
    let text = |error: anyhow::Error| format!("{path}: {error:#}");
    let mut connection = match idle.take() {
        Some(connection) => connection,
        None => Connection::open(address).await.map_err(text)?,
    };
    let answer = connection.get(path, visitor).await.map_err(text)?;
    idle.put(connection);
    if answer.status == 200 { Ok(answer.body.len()) } else { Err(format!("{path}: {}", answer.status)) }
}

/// Sends it.
///
/// # Errors
/// Where nothing was sent.
pub async fn send(address: SocketAddr, mut asker: Asker, plan: Plan) -> Result<Outcome> {
    let (sender, mut receiver) = mpsc::unbounded_channel::<Done>();
    let idle = Arc::new(Idle::default());
    let runtime = tokio::runtime::Handle::current();
    let whole = plan.warm_up + plan.duration;
    let count = u32::try_from(whole.as_millis() * u128::from(plan.rate) / 1000)?;
    let pool = idle.clone();
    // Of the machine's threads: the runtime's timer only knows milliseconds.
    let clock = std::thread::spawn(move || {
        let start = Instant::now();
        for number in 0..count {
            let after = Duration::from_secs(1) * number / plan.rate;
            let (kind, path) = asker.request();
            std::thread::sleep((start + after).saturating_duration_since(Instant::now()));
            let (sender, idle, counted) = (sender.clone(), pool.clone(), after >= plan.warm_up);
            runtime.spawn(async move {
                // Some five hundred visitors.
                let answer = ask(idle, address, &path, number % 500).await;
                let took = (start + after).elapsed();
                // Whoever counts has gone: then nobody wants it.
                let _ = sender.send(Done { kind, counted, took, answer });
            });
        }
    });
    let (mut times, mut bytes) = (BTreeMap::<Kind, Vec<Duration>>::new(), BTreeMap::new());
    let (mut errors, mut first_error) = (0, None);
    while let Some(done) = receiver.recv().await {
        match done.answer {
            Err(error) => {
                errors += 1;
                first_error.get_or_insert(error);
            }
            Ok(size) => {
                let most = bytes.entry(done.kind).or_insert(0);
                *most = size.max(*most);
            }
        }
        if done.counted {
            times.entry(done.kind).or_default().push(done.took);
        }
    }
    if clock.join().is_err() {
        bail!("the thread that sends has panicked");
    }
    let every = times.values().flatten().copied().collect();
    let Some(all) = Latencies::of(every) else { bail!("no request was sent: the duration is too short") };
    let kinds = times.into_iter().filter_map(|(kind, times)| Some((kind, Latencies::of(times)?))).collect();
    let connections = idle.free.lock().unwrap_or_else(PoisonError::into_inner).len();
    Ok(Outcome { all, kinds, errors, first_error, bytes, connections })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_times() {
        let times = (1..=200).rev().map(Duration::from_millis).collect();
        let found = Latencies::of(times).unwrap();
        assert_eq!((found.requests, found.p50, found.p95, found.most), (200, 101.0, 191.0, 200.0));
        assert_eq!(Latencies::of(Vec::new()), None);
    }
}
