//! `dtsec serve`.

use std::fmt;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use dtsec_serve::access::oidc::ProviderConfig;
use dtsec_serve::{Config, Server};
use serde::Serialize;
use tracing_subscriber::filter::LevelFilter;

use super::store::Place;
use crate::output::{Answer, Exit};

/// Run the assurance programme: the registry, its pages and its interface.
///
/// It starts at once, on SQLite in a folder. In an empty registry it enters the working group's first member and prints a
/// link with which he signs in once. It ends on Ctrl-C or SIGTERM, when what is under way is done.
#[derive(Args)]
pub(crate) struct Serve {
    /// Where to listen.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8417")]
    listen: SocketAddr,
    #[command(flatten)]
    place: Place,
    /// The address under which people reach it, such as https://registry.example.org.
    #[arg(long, value_name = "URL")]
    origin: Option<url::Url>,
    /// The address of a proxy in front of it, whose X-Forwarded-For is believed.
    #[arg(long, value_name = "IP")]
    proxy: Vec<IpAddr>,
    /// An OpenID provider: a JSON file with `issuer`, `client-id` and, where it wants one, `client-secret`.
    #[arg(long, value_name = "FILE")]
    provider: Option<PathBuf>,
    /// Print a sign-in link for this person and end.
    #[arg(long, value_name = "PERSON")]
    link_for: Option<String>,
    /// Fill an empty registry with a believable programme, and print sign-in links for each role.
    #[arg(long, conflicts_with = "link_for")]
    demo: bool,
}

#[derive(Serialize)]
struct Report {
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.link {
            Some(link) => f.write_str(link),
            None => write!(f, "{} has ended", self.address),
        }
    }
}

/// What is said when it listens.
#[derive(Serialize)]
struct Started<'a> {
    address: &'a str,
    links: Vec<Link>,
}

#[derive(Serialize)]
struct Link {
    person: String,
    link: String,
}

impl Serve {
    pub(crate) fn run(self, json: bool) -> anyhow::Result<Answer> {
        let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(LevelFilter::INFO);
        // A second run in one process keeps the first log.
        let _ = if json { log.json().try_init() } else { log.with_ansi(false).try_init() };
        tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(self.serve(json))
    }

    async fn serve(self, json: bool) -> anyhow::Result<Answer> {
        let settings = self.place.settings()?;
        let provider = self.provider.as_deref().map(read_provider).transpose()?;
        let (mut listen, mut origin, proxies) = (self.listen, self.origin, self.proxy);
        if self.link_for.is_some() {
            // The server itself may be running: the link leads there, and its port is taken.
            origin = origin.or_else(|| format!("http://localhost:{}", listen.port()).parse().ok());
            listen.set_port(0);
        }
        let server = Server::start(Config { listen, settings, origin, proxies, provider }).await?;
        let address = server.origin().to_string();
        if let Some(person) = self.link_for {
            let secret = server.registry().link_by_operator(&person.parse()?).await?;
            let link = Some(server.sign_in_address(&secret));
            return Answer::new(Report { address, link }, Exit::Success);
        }
        let mut links: Vec<Link> = server
            .first_link()
            .into_iter()
            .map(|(person, link)| Link { person: person.to_string(), link })
            .collect();
        if self.demo {
            let made = dtsec_serve::demo::fill(server.registry()).await?;
            links = made
                .into_iter()
                .map(|(person, secret)| Link { person, link: server.sign_in_address(&secret) })
                .collect();
        }
        say(&Started { address: &address, links }, json)?;
        server.run(ended()).await;
        Answer::new(Report { address, link: None }, Exit::Success)
    }
}

fn read_provider(path: &std::path::Path) -> anyhow::Result<ProviderConfig> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}

/// Says at once where it listens: the answer comes only when it has ended.
fn say(started: &Started<'_>, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(started)?)?;
    } else {
        writeln!(out, "{}", started.address)?;
        for Link { person, link } in &started.links {
            writeln!(out, "  {person} signs in once with {link}")?;
        }
    }
    Ok(out.flush()?)
}

async fn ended() {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(_) => return std::future::pending().await,
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
