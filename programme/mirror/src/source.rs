//! Where a list comes from: a folder, or a web server. Nothing that comes from there is believed because of where it came from.

use bytes::Bytes;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tough::{Transport, TransportError, TransportErrorKind, TransportStream};
use url::Url;

/// The longest that one file may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The largest file.
const MOST: u64 = 256 << 20;

/// A published tree, by the address of its root: `file:///srv/list/` or `https://list.example/`.
#[derive(Debug, Clone)]
pub struct Source {
    root: Url,
    agent: ureq::Agent,
    fetched: Arc<[AtomicU64; 2]>,
}

/// What was fetched from a source and its clones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// How many files.
    pub files: u64,
    /// Bytes of them.
    pub bytes: u64,
}

/// Why something could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It is no address of a tree.
    #[error("`{0}` is neither a folder nor an address that begins with http: or https:")]
    Address(String),
    /// It is not there.
    #[error("{0} is not there")]
    Missing(Url),
    /// Nobody publishes there.
    #[error("no list is published there: {0} is missing; see that the address is that of the tree")]
    NoList(Url),
    /// It could not be had.
    #[error("{url}: {problem}")]
    Transport {
        /// What.
        url: Url,
        /// Why not.
        problem: String,
    },
}

impl Source {
    /// From a folder's path, or an address.
    ///
    /// # Errors
    /// [`SourceError::Address`].
    pub fn new(place: &str) -> Result<Self, SourceError> {
        let address = || SourceError::Address(place.to_owned());
        let root = match Url::parse(place) {
            Ok(url) if matches!(url.scheme(), "http" | "https" | "file") => url,
            _ => {
                let path = std::fs::canonicalize(place).map_err(|_| address())?;
                Url::from_directory_path(path).map_err(|()| address())?
            }
        };
        let root = match root.path().ends_with('/') {
            true => root,
            false => format!("{root}/").parse().map_err(|_| address())?,
        };
        Ok(Self { root, agent: agent(), fetched: Arc::default() })
    }

    /// What was fetched so far: everything, also what is signed.
    pub fn fetched(&self) -> Amount {
        let [files, bytes] = self.fetched.each_ref().map(|count| count.load(Ordering::Relaxed));
        Amount { files, bytes }
    }

    pub(crate) fn join(&self, path: &str) -> Result<Url, SourceError> {
        self.root.join(path).map_err(|_| SourceError::Address(path.to_owned()))
    }

    /// A file below the root.
    pub(crate) async fn get(&self, path: &str) -> Result<Vec<u8>, SourceError> {
        let url = self.join(path)?;
        let (source, asked) = (self.clone(), url.clone());
        let got = tokio::task::spawn_blocking(move || source.counted(&asked)).await;
        got.unwrap_or_else(|error| Err(SourceError::Transport { url, problem: error.to_string() }))
    }

    fn counted(&self, url: &Url) -> Result<Vec<u8>, SourceError> {
        let bytes = fetch(&self.agent, url)?;
        for (count, more) in self.fetched.iter().zip([1, bytes.len() as u64]) {
            count.fetch_add(more, Ordering::Relaxed);
        }
        Ok(bytes)
    }
}

/// With the system's roots, without redirects.
fn agent() -> ureq::Agent {
    let roots = rustls_native_certs::load_native_certs().certs;
    let roots: Vec<_> = roots.iter().map(|root| ureq::tls::Certificate::from_der(root).to_owned()).collect();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ureq::tls::TlsConfig::builder()
        .root_certs(ureq::tls::RootCerts::Specific(Arc::new(roots)))
        .unversioned_rustls_crypto_provider(provider)
        .build();
    let config = ureq::Agent::config_builder().tls_config(tls).max_redirects(0).http_status_as_error(false);
    config.timeout_global(Some(PATIENCE)).build().into()
}

fn fetch(agent: &ureq::Agent, url: &Url) -> Result<Vec<u8>, SourceError> {
    let failed = |problem: String| SourceError::Transport { url: url.clone(), problem };
    if url.scheme() == "file" {
        let path = url.to_file_path().map_err(|()| failed("it is no path".to_owned()))?;
        let told = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => SourceError::Missing(url.clone()),
            _ => failed(error.to_string()),
        };
        // Neither a device nor a pipe, which would never end.
        let about = std::fs::metadata(&path).map_err(told)?;
        if !about.is_file() || about.len() > MOST {
            return Err(failed("it is no file of a list".to_owned()));
        }
        return std::fs::read(path).map_err(told);
    }
    let mut answer = agent.get(url.as_str()).call().map_err(|error| failed(error.to_string()))?;
    match answer.status().as_u16() {
        200 => answer
            .body_mut()
            .with_config()
            .limit(MOST)
            .read_to_vec()
            .map_err(|error| failed(error.to_string())),
        403 | 404 | 410 => Err(SourceError::Missing(url.clone())),
        status => Err(failed(format!("the server answers {status}"))),
    }
}

#[async_trait::async_trait]
impl Transport for Source {
    async fn fetch(&self, url: Url) -> Result<TransportStream, TransportError> {
        let (source, asked) = (self.clone(), url.clone());
        let got = tokio::task::spawn_blocking(move || source.counted(&asked)).await;
        let failed = |kind, error: SourceError| TransportError::new_with_cause(kind, url.as_str(), error);
        let bytes = match got {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(error @ SourceError::Missing(_))) => {
                return Err(failed(TransportErrorKind::FileNotFound, error));
            }
            Ok(Err(error)) => return Err(failed(TransportErrorKind::Other, error)),
            Err(error) => {
                return Err(TransportError::new_with_cause(TransportErrorKind::Other, url.as_str(), error));
            }
        };
        Ok(Box::pin(futures_util::stream::once(std::future::ready(Ok(Bytes::from(bytes))))))
    }
}
