//! The server: opened, listened on, ended gracefully.

use crate::access::oidc::{Provider, ProviderConfig};
use crate::registry::{Failure, Lists, Registry};
use crate::web::router::router;
use crate::web::state::{App, Site};
use crate::{Clock, SystemClock};
use axum::Router;
use axum::extract::ConnectInfo;
use dtsec_registry::domain::PersonId;
use dtsec_store::{Settings, Store};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;
use url::Url;

/// What is set for a server.
#[derive(Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where everything is kept.
    pub settings: Settings,
    /// The address under which people reach it, where that is another one.
    pub origin: Option<Url>,
    /// Addresses of proxies in front of it.
    pub proxies: Vec<IpAddr>,
    /// An OpenID provider.
    pub provider: Option<ProviderConfig>,
}

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address.
    #[error("cannot listen on {address}: {source}; choose another address with --listen")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The address under which people reach it.
    #[error("the address {0} cannot be used; give one with --origin, such as https://registry.example.org")]
    Origin(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] dtsec_store::Error),
    /// Anything else.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// A server that is ready to run.
pub struct Server {
    listener: TcpListener,
    app: App,
    first: Option<(PersonId, String)>,
}

/// How long a request's head may take to come.
const HEAD: Duration = Duration::from_secs(10);

/// How long what is under way may take when the server ends.
const FAREWELL: Duration = Duration::from_secs(20);

/// How often what is over is swept away.
const SWEEP: Duration = Duration::from_secs(600);

impl Server {
    /// Opens the store, listens, and enters the first member in an empty registry.
    ///
    /// # Errors
    /// [`ServeError`].
    pub async fn start(config: Config) -> Result<Self, ServeError> {
        Self::start_at(config, Arc::new(SystemClock)).await
    }

    /// As [`Server::start`], by another clock.
    ///
    /// # Errors
    /// [`ServeError`].
    pub async fn start_at(config: Config, clock: Arc<dyn Clock>) -> Result<Self, ServeError> {
        let address = config.listen;
        let listen = |source| ServeError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let port = listener.local_addr().map_err(listen)?.port();
        let origin = match config.origin {
            Some(origin) => origin,
            // Passkeys are bound to a name.
            None => format!("http://localhost:{port}")
                .parse()
                .map_err(|_| ServeError::Origin(address.to_string()))?,
        };
        let store = Store::open(&config.settings, Arc::new(Lists)).await?;
        let registry = Registry::new(store, clock);
        let mut site = Site::new(origin);
        site.proxies = config.proxies;
        let provider = match config.provider {
            Some(provider) => Some(Provider::new(provider, site.link("/sign-in/oidc/back"))?),
            None => None,
        };
        let first = registry.first_member().await?;
        Ok(Self { listener, app: App::new(registry, site, provider)?, first })
    }

    /// The programme.
    pub fn registry(&self) -> &Registry {
        &self.app.registry
    }

    /// The address under which people reach it.
    pub fn origin(&self) -> &Url {
        &self.app.site.origin
    }

    /// In a registry that was empty: the first member, and the address with which he signs in once.
    pub fn first_link(&self) -> Option<(PersonId, String)> {
        self.first.as_ref().map(|(person, secret)| (person.clone(), self.sign_in_address(secret)))
    }

    /// The address of a sign-in link.
    pub fn sign_in_address(&self, secret: &str) -> String {
        self.app.site.link(&format!("/sign-in/link?token={secret}"))
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Where the system does not say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `end`, lets what is under way finish, and closes the store.
    pub async fn run(self, end: impl Future<Output = ()> + Send) {
        let store = self.app.registry.store().clone();
        let sweeper = tokio::spawn(sweep(self.app.registry.clone()));
        accept(self.listener, router(self.app), end).await;
        sweeper.abort();
        store.close().await;
    }
}

async fn accept(listener: TcpListener, router: Router, end: impl Future<Output = ()> + Send) {
    let graceful = GracefulShutdown::new();
    tokio::pin!(end);
    loop {
        tokio::select! {
            () = &mut end => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => answer(stream, peer, &router, &graceful),
                Err(error) => {
                    // Too many open files, or a connection that went away: others go on.
                    tracing::warn!(%error, "not accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(listener);
    if tokio::time::timeout(FAREWELL, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were cut off");
    }
}

fn answer(stream: TcpStream, peer: SocketAddr, router: &Router, graceful: &GracefulShutdown) {
    // Small answers are not to wait for more.
    let _ = stream.set_nodelay(true);
    let service = router.clone().map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let watched = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = watched.await {
            tracing::debug!(%error, "connection");
        }
    });
}

async fn sweep(registry: Registry) {
    let mut every = tokio::time::interval(SWEEP);
    loop {
        every.tick().await;
        if let Err(error) = registry.store().sweep(registry.now()).await {
            tracing::warn!(%error, "not swept");
        }
    }
}
