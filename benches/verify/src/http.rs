//! Verdicts over HTTP on loopback: the service of the programme on so many threads, asked over connections that stay open.

use crate::made::{Fleet, NONCE};
use crate::part;
use anyhow::{Context, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dtsec_verify_service::Service;
use serde::Serialize;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the threads of the service are called: by that their time is told from that of who asks.
const THREAD: &str = "service";

/// What a measurement was of, and what it gave.
#[derive(Serialize)]
pub(crate) struct Figure {
    entries: usize,
    keys: usize,
    cores: usize,
    connections: usize,
    per_second: f64,
    /// By the time that the service's threads had a processor: what the rest of the machine does is not in it.
    per_second_of_a_core: f64,
    p50_us: f64,
    p95_us: f64,
    p99_us: f64,
}

/// Asks so many times over so many connections at once.
pub(crate) struct Load {
    pub(crate) verdicts: usize,
    pub(crate) connections: usize,
}

/// The requests, one for each device.
pub(crate) fn requests(fleet: &Fleet, devices: usize) -> Vec<Vec<u8>> {
    let request = |token: &Vec<u8>| {
        let (token, nonce) = (URL_SAFE_NO_PAD.encode(token), URL_SAFE_NO_PAD.encode(NONCE));
        let body = format!("{{\"token\":\"{token}\",\"nonce\":\"{nonce}\"}}");
        let length = body.len();
        let head = "POST /verify HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json";
        format!("{head}\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
    };
    fleet.tokens.iter().take(devices).map(request).collect()
}

impl Load {
    pub(crate) fn measured(
        &self,
        service: &Arc<Service>,
        cores: usize,
        (entries, keys): (usize, usize),
        requests: &Arc<Vec<Vec<u8>>>,
    ) -> anyhow::Result<Figure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(cores)
            .thread_name(THREAD)
            .enable_all()
            .build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let running = runtime.spawn({
            let service = Arc::clone(service);
            async move {
                let ended = async {
                    let _ = ended.await;
                };
                service.run(listener, ended).await
            }
        });
        self.ask(address, self.verdicts / 10, requests)?;
        let (before, started) = (busy()?, Instant::now());
        let mut times = self.ask(address, self.verdicts, requests)?;
        let (took, worked) = (started.elapsed(), busy()? - before);
        let _ = end.send(());
        runtime.block_on(running)??;
        times.sort_unstable();
        Ok(Figure {
            entries,
            keys,
            cores,
            connections: self.connections,
            per_second: times.len() as f64 / took.as_secs_f64(),
            per_second_of_a_core: times.len() as f64 / worked.as_secs_f64(),
            p50_us: part(&times, 50)?,
            p95_us: part(&times, 95)?,
            p99_us: part(&times, 99)?,
        })
    }

    /// How long each answer took.
    fn ask(
        &self,
        address: SocketAddr,
        verdicts: usize,
        requests: &Arc<Vec<Vec<u8>>>,
    ) -> anyhow::Result<Vec<Duration>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let each = verdicts.div_ceil(self.connections);
            let visitors: Vec<_> = (0..self.connections)
                .map(|number| {
                    tokio::spawn(visitor(address, number * each..(number + 1) * each, Arc::clone(requests)))
                })
                .collect();
            let mut times = Vec::with_capacity(verdicts);
            for visitor in visitors {
                times.extend(visitor.await??);
            }
            Ok(times)
        })
    }
}

/// One request after the other on one connection.
async fn visitor(
    address: SocketAddr,
    numbers: std::ops::Range<usize>,
    requests: Arc<Vec<Vec<u8>>>,
) -> anyhow::Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut times, mut buffer) = (Vec::with_capacity(numbers.len()), Vec::with_capacity(16 << 10));
    for number in numbers {
        let started = Instant::now();
        stream.write_all(&requests[number % requests.len()]).await?;
        buffer.clear();
        while !whole(&buffer)? {
            if stream.read_buf(&mut buffer).await? == 0 {
                bail!("the service closed the connection");
            }
        }
        times.push(started.elapsed());
        ensure!(buffer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&buffer));
        ensure!(
            find(&buffer, b"\"listed-and-clean\"").is_some(),
            "another verdict: {}",
            String::from_utf8_lossy(&buffer)
        );
    }
    Ok(times)
}

/// Whether an answer is there as a whole.
fn whole(buffer: &[u8]) -> anyhow::Result<bool> {
    let Some(end) = find(buffer, b"\r\n\r\n") else { return Ok(false) };
    let head = std::str::from_utf8(&buffer[..end])?;
    let mut lengths = head.lines().filter_map(|line| line.strip_prefix("content-length: "));
    let length: usize = lengths.next_back().context("the answer has no length")?.parse()?;
    Ok(buffer.len() >= end + 4 + length)
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|part| part == what)
}

/// For how long the service's threads have had a processor.
fn busy() -> anyhow::Result<Duration> {
    let mut busy = Duration::ZERO;
    for task in std::fs::read_dir("/proc/self/task").context("no /proc: this measures on Linux")? {
        let task = task?.path();
        if std::fs::read_to_string(task.join("comm"))?.trim() == THREAD {
            let statistics = std::fs::read_to_string(task.join("schedstat"))?;
            let nanoseconds = statistics.split(' ').next().unwrap_or_default().parse()?;
            busy += Duration::from_nanos(nanoseconds);
        }
    }
    Ok(busy)
}

pub(crate) fn print(figures: &[Figure]) {
    println!(
        "\nOver HTTP on loopback, the verdict and its signed result; `/s a core`: by the time that the service had one"
    );
    println!("   entries      keys  cores  connections         /s  /s a core   p50 µs   p95 µs   p99 µs");
    for one in figures {
        println!(
            "{:>10} {:>9} {:>6} {:>12} {:>10.0} {:>10.0} {:>8.0} {:>8.0} {:>8.0}",
            one.entries,
            one.keys,
            one.cores,
            one.connections,
            one.per_second,
            one.per_second_of_a_core,
            one.p50_us,
            one.p95_us,
            one.p99_us
        );
    }
}
