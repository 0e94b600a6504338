//! Links that sign in once.

use super::session;
use super::tokens::{self, Scope};
use crate::registry::{Failure, LINK, Registry};
use dtsec_store::{SecretHash, Token};
use std::collections::BTreeSet;

/// Uses a link up, and gives the cookie's secret.
///
/// # Errors
/// For a link that never was, was used, or is too old: which of these is not said.
pub async fn sign_in(registry: &Registry, secret: &str) -> Result<String, Failure> {
    let person = take(registry, secret).await?;
    session::start(registry, &person, "link").await
}

/// Uses a link up, and gives a token: for who works from the command line. No session begins.
///
/// # Errors
/// As for [`sign_in`]. What does not fit a token is refused before the link is used up.
pub async fn make_token(
    registry: &Registry,
    secret: &str,
    name: &str,
    scopes: &BTreeSet<Scope>,
    days: u32,
) -> Result<(String, Token), Failure> {
    tokens::check(name, scopes, days)?;
    let person = take(registry, secret).await?;
    session::note(registry, &person, "link").await?;
    tokens::make(registry, &person, name, scopes, days).await
}

/// Uses a link up, and says whose it was.
async fn take(registry: &Registry, secret: &str) -> Result<String, Failure> {
    let denied = || Failure::Denied {
        what: "this link does not work: it works once, and for a day".to_owned(),
        remedy: "Ask for another one.",
    };
    let fits = secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !fits {
        return Err(denied());
    }
    let hash = SecretHash::of(secret);
    let found = registry.store().take_one_time(&hash, LINK, registry.now()).await?.ok_or_else(denied)?;
    found.get("person").and_then(serde_json::Value::as_str).map(str::to_owned).ok_or_else(denied)
}
