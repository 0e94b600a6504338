//! Sessions: a random number in a cookie, its hash in the store. Idle ones end after an hour, all after twelve.

use super::{By, SignedIn, secret};
use crate::registry::{Failure, Registry};
use dtsec_store::{SecretHash, Session, Time};
use jiff::SignedDuration;
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// A session that is not used for so long ends.
pub const IDLE: SignedDuration = SignedDuration::from_hours(1);

/// No session lasts longer.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(12);

/// A use is noted no more often, so that reading does not write.
const NOTED_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// The mark that forms carry: it follows from the cookie, which no other site can read.
pub fn mark(cookie: &str) -> String {
    hex::encode(Sha256::new().chain_update("dtsec-serve form 1").chain_update(cookie).finalize())
}

/// Whether a form carries the mark. Hashes are compared, so the time tells nothing of the mark.
pub fn carries(mark: &str, given: &str) -> bool {
    Sha256::digest(mark) == Sha256::digest(given)
}

/// Signs somebody in, and gives the cookie's secret. `by` says in the log how.
///
/// # Errors
/// For somebody who may not come in, or where the store fails.
pub async fn start(registry: &Registry, person: &str, by: &str) -> Result<String, Failure> {
    note(registry, person, by).await?;
    let (secret, now) = (secret()?, registry.now());
    let session = Session {
        hash: SecretHash::of(&secret),
        person: person.to_owned(),
        data: json!({ "by": by }),
        created: now,
        seen: now,
        expires: now + IDLE,
    };
    registry.store().start_session(&session).await?;
    Ok(secret)
}

/// Notes in the log that somebody signs in. `by` says how.
///
/// # Errors
/// For somebody who may not come in, or where the store fails.
pub(super) async fn note(registry: &Registry, person: &str, by: &str) -> Result<(), Failure> {
    if registry.actor(person).await?.is_none() {
        return Err(Failure::Denied {
            what: "this person may not come in".to_owned(),
            remedy: "Ask the working group.",
        });
    }
    registry.own_access(person, "signed-in", json!({ "by": by }), Vec::new()).await
}

/// Who has this cookie.
///
/// # Errors
/// Where the store fails.
pub async fn find(registry: &Registry, cookie: &str) -> Result<Option<SignedIn>, Failure> {
    let (hash, now) = (SecretHash::of(cookie), registry.now());
    let Some(session) = registry.store().session(&hash, now).await? else { return Ok(None) };
    let Some((actor, person)) = registry.actor(&session.person).await? else { return Ok(None) };
    if now.duration_since(session.seen) >= NOTED_EVERY {
        registry.store().session_seen(&hash, now, ends(session.created, now)).await?;
    }
    Ok(Some(SignedIn { actor, person, by: By::Session(hash) }))
}

fn ends(created: Time, now: Time) -> Time {
    (now + IDLE).min(created + LONGEST)
}

/// Signs out.
///
/// # Errors
/// Where the store fails.
pub async fn end(registry: &Registry, person: &str, hash: &SecretHash) -> Result<(), Failure> {
    registry.own_access(person, "signed-out", json!({}), Vec::new()).await?;
    Ok(registry.store().end_session(hash).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_prolonged_up_to_its_longest() {
        let created = Time::from_second(1_900_000_000).unwrap();
        assert_eq!(ends(created, created), created + IDLE);
        let late = created + SignedDuration::from_mins(11 * 60 + 30);
        assert_eq!(ends(created, late), created + LONGEST);
    }

    #[test]
    fn a_form_carries_the_mark_of_its_own_cookie_only() {
        assert!(carries(&mark("a"), &mark("a")));
        assert!(!carries(&mark("a"), &mark("b")));
        assert_ne!(mark("a"), "a");
    }
}
