//! Who may come in, and where to.

pub mod drafts;
pub mod limits;
pub mod links;
pub mod oidc;
pub mod passkeys;
pub mod session;
pub mod table;
pub mod tokens;

use crate::registry::{Failure, PersonData};
use dtsec_registry::domain::{Actor, OrganisationId, PersonId};
use dtsec_store::SecretHash;
use std::collections::BTreeSet;
use std::net::IpAddr;
use tokens::Scope;

/// Ids that no person may have: they stand in the log for nobody in particular.
pub const RESERVED: [&str; 2] = ["guest", "operator"];

/// 256 random bits, as hex.
pub(crate) fn secret() -> Result<String, Failure> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| Failure::Store(dtsec_store::Error::Randomness))?;
    Ok(hex::encode(bytes))
}

/// A new id of something: 128 random bits with a word before it.
pub(crate) fn id(word: &str) -> Result<String, Failure> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| Failure::Store(dtsec_store::Error::Randomness))?;
    Ok(format!("{word}-{}", hex::encode(bytes)))
}

/// Who sends a request.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// From where.
    pub address: IpAddr,
    /// Who is signed in.
    pub signed_in: Option<SignedIn>,
    /// The mark of this browser that its forms carry.
    pub csrf: String,
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// As the domain sees him.
    pub actor: Actor,
    /// As the access layer knows him.
    pub person: PersonData,
    /// By what.
    pub by: By,
}

/// By what somebody is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// A cookie.
    Session(SecretHash),
    /// A token for the interface.
    Token {
        /// Which.
        id: String,
        /// What it may do.
        scopes: BTreeSet<Scope>,
    },
}

impl Visitor {
    /// Who acts: somebody who is signed in, or a guest of no organisation and without a role.
    ///
    /// # Errors
    /// Never, as long as the guest's id is one.
    pub fn actor(&self) -> Result<Actor, Failure> {
        match &self.signed_in {
            Some(one) => Ok(one.actor.clone()),
            None => guest(),
        }
    }

    /// Somebody who is signed in.
    ///
    /// # Errors
    /// [`Failure::SignIn`] where nobody is.
    pub fn known(&self) -> Result<&SignedIn, Failure> {
        self.signed_in.as_ref().ok_or(Failure::SignIn)
    }
}

/// Anybody.
pub(crate) fn guest() -> Result<Actor, Failure> {
    let bug = |error: dtsec_registry::domain::IdError| Failure::Bug(error.to_string());
    Ok(Actor {
        person: PersonId::new(RESERVED[0]).map_err(bug)?,
        organisation: OrganisationId::new("public").map_err(bug)?,
        interests: BTreeSet::new(),
        roles: BTreeSet::new(),
    })
}
