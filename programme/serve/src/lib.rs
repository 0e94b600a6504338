//! The assurance programme as a server.
//!
//! ```text
//! pages, api ──┬─ access     who is this, may this route be used: sessions, tokens, passkeys, OpenID Connect, links
//!              └─ Registry   what is asked of the programme
//!                   load the parts that a command names → dtsec-registry decides → dtsec-store keeps all of it, or
//!                   nothing; if somebody else was faster, it is decided anew
//! ```
//!
//! - What the programme's rules say is decided in `dtsec-registry` alone. This crate decides who may come in, who may read a
//!   document, and what is shown.
//! - Each route has a row in [`access::table`]: who may use it, and what trace a use leaves. A route without a row is refused.
//! - Times come from a [`Clock`], so that tests have their own.
//!
//! May use `dtsec-registry`, `dtsec-store`, `dtsec-conformance`; used by the command line.

#![forbid(unsafe_code)]

pub mod access;
pub mod api;
mod clock;
pub mod demo;
pub mod pages;
pub mod registry;
mod serve;
pub mod web;

pub use clock::{Clock, SystemClock};
pub use registry::{Failure, Outcome, Registry};
pub use serve::{Config, ServeError, Server};

/// Asks other services: with the system's roots, no redirects, and not for long.
pub fn web_client() -> ureq::Agent {
    let roots = rustls_native_certs::load_native_certs().certs;
    let roots: Vec<_> = roots.iter().map(|root| ureq::tls::Certificate::from_der(root).to_owned()).collect();
    let tls = ureq::tls::TlsConfig::builder()
        .root_certs(ureq::tls::RootCerts::Specific(std::sync::Arc::new(roots)))
        .unversioned_rustls_crypto_provider(
            std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
        )
        .build();
    ureq::Agent::config_builder()
        .tls_config(tls)
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_global(Some(access::oidc::PATIENCE))
        .build()
        .into()
}
