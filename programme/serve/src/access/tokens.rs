//! Tokens for the interface: what they may do, how long they live, how they are revoked.

use super::{By, SignedIn, id, secret};
use crate::registry::{Failure, Registry};
use dtsec_store::{AccessChange, SecretHash, Token};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// What a token may do. It never does more than its person may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Look at what the person may see.
    Read,
    /// Give commands.
    Write,
    /// Open confidential documents.
    Documents,
    /// Enter organisations and persons.
    Persons,
}

impl Scope {
    /// The name of it.
    pub const fn name(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Write => "write",
            Scope::Documents => "documents",
            Scope::Persons => "persons",
        }
    }
}

/// What every token begins with, so that it is found where it does not belong.
pub const PREFIX: &str = "dtsec_";

/// The longest life of a token.
pub const MOST_DAYS: u32 = 365;

/// Uses are noted no more often.
const NOTED_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// Whether there can be such a token.
///
/// # Errors
/// For a life that is too long, for no scope at all, and without a name.
pub fn check(name: &str, scopes: &BTreeSet<Scope>, days: u32) -> Result<(), Failure> {
    if scopes.is_empty() {
        return Err(Failure::unfit("scopes", "give at least one"));
    }
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(Failure::unfit("days", format!("1 to {MOST_DAYS} are possible")));
    }
    if name.trim().is_empty() {
        return Err(Failure::unfit("name", "it is empty"));
    }
    Ok(())
}

/// Makes a token and gives its secret, which is shown once, and its id.
///
/// # Errors
/// For a life that is too long, and for no scope at all.
pub async fn make(
    registry: &Registry,
    person: &str,
    name: &str,
    scopes: &BTreeSet<Scope>,
    days: u32,
) -> Result<(String, Token), Failure> {
    check(name, scopes, days)?;
    let secret = format!("{PREFIX}{}", secret()?);
    let now = registry.now();
    let token = Token {
        hash: SecretHash::of(&secret),
        id: id("token")?,
        person: person.to_owned(),
        name: name.to_owned(),
        scopes: scopes.iter().map(|scope| scope.name().to_owned()).collect(),
        created: now,
        expires: now + SignedDuration::from_hours(24 * i64::from(days)),
        used: None,
        revoked: None,
    };
    let more = json!({ "token": token.id, "scopes": token.scopes, "expires": token.expires });
    registry.own_access(person, "token-made", more, vec![AccessChange::AddToken(token.clone())]).await?;
    Ok((secret, token))
}

/// Revokes a token.
///
/// # Errors
/// Where the person has none of that id.
pub async fn revoke(registry: &Registry, person: &str, id: &str) -> Result<(), Failure> {
    let change =
        AccessChange::RevokeToken { id: id.to_owned(), person: person.to_owned(), at: registry.now() };
    let done = registry.own_access(person, "token-revoked", json!({ "token": id }), vec![change]).await;
    done.map_err(|failure| match failure {
        Failure::Store(dtsec_store::Error::Refused { .. }) => Failure::NotFound(format!("token `{id}`")),
        other => other,
    })
}

/// Who has this token.
///
/// # Errors
/// [`Failure::SignIn`] for a token that never was, is over or was revoked.
pub async fn find(registry: &Registry, secret: &str) -> Result<SignedIn, Failure> {
    if !secret.starts_with(PREFIX) || secret.len() > 200 {
        return Err(Failure::SignIn);
    }
    let (hash, now) = (SecretHash::of(secret), registry.now());
    let token = registry.store().token(&hash, now).await?.ok_or(Failure::SignIn)?;
    let (actor, person) = registry.actor(&token.person).await?.ok_or(Failure::SignIn)?;
    if token.used.is_none_or(|used| now.duration_since(used) >= NOTED_EVERY) {
        registry.store().token_used(&hash, now).await?;
    }
    let known = [Scope::Read, Scope::Write, Scope::Documents, Scope::Persons];
    let scopes =
        known.into_iter().filter(|scope| token.scopes.iter().any(|name| name == scope.name())).collect();
    Ok(SignedIn { actor, person, by: By::Token { id: token.id, scopes } })
}
