//! Links that sign in once.

use super::session;
use crate::registry::{Failure, LINK, Registry};
use dtsec_store::SecretHash;

/// Uses a link up, and gives the cookie's secret.
///
/// # Errors
/// For a link that never was, was used, or is too old: which of these is not said.
pub async fn sign_in(registry: &Registry, secret: &str) -> Result<String, Failure> {
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
    let person = found.get("person").and_then(serde_json::Value::as_str).ok_or_else(denied)?;
    session::start(registry, person, "link").await
}
