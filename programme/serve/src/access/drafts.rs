//! What somebody typed into a form while he was not signed in, or not any more: kept for an hour, for his browser alone, so that
//! he finds it in the form again when he has signed in. Files are not kept.

use super::session::mark;
use crate::registry::{Failure, Registry};
use dtsec_store::{OneTime, SecretHash};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// A form that was not sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Where the form stands.
    pub at: String,
    /// What stood in it: names and values.
    pub fields: Vec<(String, String)>,
}

/// What these secrets are for.
const PURPOSE: &str = "draft";

/// How long one is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(1);

/// Anybody can have one kept: no more than this.
const LARGEST: usize = 256 * 1024;

/// The browser's mark follows from its cookie, and stands in no address and in no log.
fn key(mark: &str) -> SecretHash {
    SecretHash::of(&format!("draft {mark}"))
}

impl Draft {
    /// Keeps it for the browser with this mark, instead of another one.
    ///
    /// # Errors
    /// For a large one, and where the store fails.
    pub async fn keep(&self, registry: &Registry, mark: &str) -> Result<(), Failure> {
        let size: usize = self.fields.iter().map(|(name, value)| name.len() + value.len()).sum();
        if size > LARGEST {
            return Err(Failure::TooLarge { most: LARGEST });
        }
        let data = serde_json::to_value(self).map_err(|error| Failure::Bug(error.to_string()))?;
        let one =
            OneTime { hash: key(mark), purpose: PURPOSE.to_owned(), data, expires: registry.now() + KEPT };
        forget(registry, mark).await?;
        Ok(registry.store().add_one_time(&one).await?)
    }
}

/// The draft of the browser with this mark.
///
/// # Errors
/// Where the store fails.
pub async fn find(registry: &Registry, mark: &str) -> Result<Option<Draft>, Failure> {
    let found = registry.store().one_time(&key(mark), PURPOSE, registry.now()).await?;
    found.map(read).transpose()
}

/// Forgets it.
///
/// # Errors
/// Where the store fails.
pub async fn forget(registry: &Registry, mark: &str) -> Result<Option<Draft>, Failure> {
    let found = registry.store().take_one_time(&key(mark), PURPOSE, registry.now()).await?;
    found.map(read).transpose()
}

/// Who signs in gets another cookie: his draft goes with him. Gives the address of its form.
///
/// # Errors
/// Where the store fails.
pub async fn carry(registry: &Registry, from: &str, cookie: &str) -> Result<Option<String>, Failure> {
    // Most have none, and reading is cheaper than taking.
    if find(registry, from).await?.is_none() {
        return Ok(None);
    }
    let Some(draft) = forget(registry, from).await? else { return Ok(None) };
    draft.keep(registry, &mark(cookie)).await?;
    Ok(Some(draft.at))
}

fn read(data: serde_json::Value) -> Result<Draft, Failure> {
    serde_json::from_value(data)
        .map_err(|error| Failure::Damaged { what: "a draft".to_owned(), problem: error.to_string() })
}
