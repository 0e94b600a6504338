//! The real server in a process of its own, and what the system says of that process.

use crate::http::Connection;
use anyhow::{Context as _, Result, bail};
use dtsec_serve::{Config, Server};
use dtsec_store::{Location, Settings};
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// The argument with which this program is the server.
pub const ROLE: &str = "serve";

/// Where a registry is kept.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    /// The folder of the data.
    pub folder: &'a Path,
    /// The database, where it is not in the folder.
    pub database: Option<&'a str>,
}

impl Place<'_> {
    /// As the store wants it.
    ///
    /// # Errors
    /// For an address that is none of a database.
    pub fn settings(&self) -> Result<Settings> {
        let settings = Settings::new(self.folder);
        Ok(match self.database {
            None => settings,
            Some(url) => settings.database(Location::from_url(url)?),
        })
    }
}

/// What the other process does: serves until its input ends, which it does when whoever started it does.
///
/// # Errors
/// Where it cannot start.
pub async fn serve(place: Place<'_>) -> Result<()> {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    // Who measures is many visitors, and says so as a proxy would.
    let config = Config {
        listen,
        settings: place.settings()?,
        origin: None,
        proxies: vec![listen.ip()],
        provider: None,
    };
    let server = Server::start(config).await?;
    println!("{}", server.address()?);
    let (sender, ended) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = sender.send(());
    });
    // Whoever sends has read to the end, or is gone: both are the end.
    server.run(async { _ = ended.await }).await;
    Ok(())
}

/// The server from outside.
pub struct Process {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From its start to the first page.
    pub start: Duration,
}

/// What the system says of a process.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// The most memory that it had, in bytes.
    pub most_memory: u64,
    /// How long it has computed.
    pub cpu: Duration,
}

impl Process {
    /// Starts it, and waits for the first page of the list.
    ///
    /// # Errors
    /// Where it does not start.
    pub async fn start(place: &Place<'_>) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(ROLE).arg("--data").arg(place.folder);
        command.args(place.database.map(|url| ["--database", url]).into_iter().flatten());
        let begin = Instant::now();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("the server")?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("the server's output")?;
        BufReader::new(stdout).read_line(&mut line).await?;
        let address = line.trim().parse().context("the server did not start; its own message is above")?;
        let page = Connection::open(address).await?.get("/", 0).await?;
        if page.status != 200 {
            bail!("the first page is answered with {}", page.status);
        }
        Ok(Self { child, address, start: begin.elapsed() })
    }

    /// What it used until now.
    ///
    /// # Errors
    /// Where the system does not say.
    pub fn usage(&self) -> Result<Usage> {
        let id = self.child.id().context("the server has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let kilobytes: u64 = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok())
            .context("no VmHWM in the process's status")?;
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        // utime and stime, in hundredths of a second on every Linux there is.
        let ticks: u64 = fields.iter().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Ok(Usage { most_memory: kilobytes * 1024, cpu: Duration::from_millis(ticks * 10) })
    }

    /// Ends it and waits.
    ///
    /// # Errors
    /// Where it did not end well.
    pub async fn end(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        let status = self.child.wait().await?;
        if !status.success() {
            bail!("the server ended with {status}");
        }
        Ok(())
    }
}
