//! What every handler has.

use crate::access::limits::{Buckets, Rate};
use crate::access::{oidc::Provider, passkeys::Passkeys};
use crate::pages::Filters;
use crate::registry::Registry;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// What every handler has. Clones share it.
#[derive(Clone)]
pub struct App {
    /// The programme.
    pub registry: Registry,
    /// What is set for the whole server.
    pub site: Arc<Site>,
    pub(crate) addresses: Arc<Buckets<IpAddr>>,
    pub(crate) accounts: Arc<Buckets<String>>,
    /// Sign-ins are tried more slowly than pages are read.
    pub(crate) sign_ins: Arc<Buckets<IpAddr>>,
    pub(crate) passkeys: Arc<Passkeys>,
    pub(crate) provider: Option<Arc<Provider>>,
    /// What the list's filters offer: the same for everybody, and asked for by every page of the list.
    pub(crate) filters: Arc<Filters>,
}

/// What is set for the whole server.
#[derive(Debug, Clone)]
pub struct Site {
    /// The address under which people reach it.
    pub origin: Url,
    /// The name of the programme, above every page.
    pub name: String,
    /// Addresses of proxies whose `X-Forwarded-For` is believed.
    pub proxies: Vec<IpAddr>,
    /// How long a request may take.
    pub patience: Duration,
    /// For an address.
    pub address_rate: Rate,
    /// For an account.
    pub account_rate: Rate,
    /// For attempts to sign in, from an address.
    pub sign_in_rate: Rate,
}

impl Site {
    /// With what fits most servers.
    pub fn new(origin: Url) -> Self {
        Self {
            origin,
            name: "DTSec assurance programme".to_owned(),
            proxies: Vec::new(),
            patience: Duration::from_secs(30),
            address_rate: Rate { burst: 600, per_second: 100.0 },
            account_rate: Rate { burst: 300, per_second: 30.0 },
            sign_in_rate: Rate { burst: 20, per_second: 0.2 },
        }
    }

    /// Whether people reach it by TLS: then cookies go that way only.
    pub fn is_secure(&self) -> bool {
        self.origin.scheme() == "https"
    }

    /// An address on this site.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.origin.as_str().trim_end_matches('/'))
    }

    /// As browsers send it in `Origin`.
    pub fn origin_text(&self) -> String {
        self.origin.origin().ascii_serialization()
    }
}

impl App {
    /// Over a registry.
    ///
    /// # Errors
    /// Where the origin is no address that passkeys can be bound to.
    pub fn new(
        registry: Registry,
        site: Site,
        provider: Option<Provider>,
    ) -> Result<Self, crate::registry::Failure> {
        let passkeys = Passkeys::new(&site.origin, &site.name)?;
        Ok(Self {
            registry,
            addresses: Arc::new(Buckets::new(site.address_rate)),
            accounts: Arc::new(Buckets::new(site.account_rate)),
            sign_ins: Arc::new(Buckets::new(site.sign_in_rate)),
            passkeys: Arc::new(passkeys),
            provider: provider.map(Arc::new),
            filters: Arc::default(),
            site: Arc::new(site),
        })
    }
}
