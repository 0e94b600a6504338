//! Passkeys: made by somebody who is signed in, and used to sign in without a name.
//!
//! Both take two steps. What is open between them lies in the store, is taken once, and ends after five minutes; the browser
//! only has its number. Attestation is not asked for: what a member's authenticator is, is not the programme's business.

use super::{SignedIn, secret, session};
use crate::registry::{Failure, MOST_CREDENTIALS, Registry};
use dtsec_store::{AccessChange, Credential, OneTime, SecretHash};
use jiff::SignedDuration;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;
use webauthn_rs::prelude::{
    CreationChallengeResponse, CredentialID, DiscoverableAuthentication, Passkey, PasskeyRegistration,
    PublicKeyCredential, RegisterPublicKeyCredential, RequestChallengeResponse, Uuid, WebauthnError,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};

/// The first half of a sign-in or of a new passkey.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Opened<T> {
    /// The number of it, to be sent with the second half.
    pub number: String,
    /// What the browser's authenticator is asked.
    pub challenge: T,
}

/// Verifies passkeys for one site.
pub struct Passkeys {
    webauthn: Webauthn,
}

impl std::fmt::Debug for Passkeys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Passkeys").finish_non_exhaustive()
    }
}

const OPEN_FOR: SignedDuration = SignedDuration::from_mins(5);
const KIND: &str = "passkey";
const REGISTER: &str = "passkey-registration";
const SIGN_IN: &str = "passkey-sign-in";

impl Passkeys {
    /// For a site.
    ///
    /// # Errors
    /// Where its origin is none that passkeys are bound to: a number instead of a name, other than `localhost`.
    pub fn new(origin: &Url, name: &str) -> Result<Self, Failure> {
        let host = origin.host_str().unwrap_or_default();
        let webauthn = WebauthnBuilder::new(host, origin).and_then(|builder| builder.rp_name(name).build());
        let webauthn = webauthn
            .map_err(|error| Failure::unfit("origin", format!("passkeys need a host name: {error}")))?;
        Ok(Self { webauthn })
    }

    /// Begins a new passkey for somebody who is signed in.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn begin(
        &self,
        registry: &Registry,
        who: &SignedIn,
    ) -> Result<Opened<CreationChallengeResponse>, Failure> {
        let person = who.actor.person.as_str();
        let had = registry.credentials(person).await?;
        if had.len() + 1 >= usize::from(MOST_CREDENTIALS) {
            return Err(Failure::unfit("passkey", "there are too many; remove one first"));
        }
        let had: Vec<CredentialID> =
            had.iter().filter(|one| one.kind == KIND).filter_map(|one| hex::decode(&one.id).ok()).collect();
        let made =
            self.webauthn.start_passkey_registration(handle(person), person, &who.person.name, Some(had));
        let (mut challenge, state) = made.map_err(|error| refused(&error))?;
        // It is used without a name, so the authenticator has to know whose it is.
        let mut asked = serde_json::to_value(&challenge).map_err(bug)?;
        if let Some(selection) = asked.pointer_mut("/publicKey/authenticatorSelection") {
            selection["residentKey"] = json!("preferred");
        }
        challenge = serde_json::from_value(asked).map_err(bug)?;
        let number = keep(registry, REGISTER, json!({ "person": person, "state": state })).await?;
        Ok(Opened { number, challenge })
    }

    /// Ends it: the passkey is kept. What is returned is its id.
    ///
    /// # Errors
    /// For an answer that does not verify, or comes too late, or for somebody else.
    pub async fn finish(
        &self,
        registry: &Registry,
        who: &SignedIn,
        number: &str,
        name: &str,
        answer: &RegisterPublicKeyCredential,
    ) -> Result<String, Failure> {
        #[derive(Deserialize)]
        struct Open {
            person: String,
            state: PasskeyRegistration,
        }
        let open: Open = take(registry, REGISTER, number).await?;
        if open.person != who.actor.person.as_str() {
            return Err(too_late());
        }
        let passkey = self
            .webauthn
            .finish_passkey_registration(answer, &open.state)
            .map_err(|error| refused(&error))?;
        let id = hex::encode(passkey.cred_id());
        let credential = Credential {
            id: id.clone(),
            person: open.person.clone(),
            kind: KIND.to_owned(),
            data: json!({ "passkey": passkey, "name": name }),
            created: registry.now(),
            used: None,
        };
        let change = AccessChange::AddCredential(credential);
        registry.own_access(&open.person, "passkey-added", json!({ "name": name }), vec![change]).await?;
        Ok(id)
    }

    /// Takes a passkey away.
    ///
    /// # Errors
    /// Where the person has none of that id.
    pub async fn remove(&self, registry: &Registry, who: &SignedIn, id: &str) -> Result<(), Failure> {
        let person = who.actor.person.to_string();
        let change = AccessChange::RemoveCredential { id: id.to_owned(), person: person.clone() };
        let done = registry.own_access(&person, "passkey-removed", json!({}), vec![change]).await;
        done.map_err(|failure| match failure {
            Failure::Store(dtsec_store::Error::Refused { .. }) => {
                Failure::NotFound("passkey of this id".to_owned())
            }
            other => other,
        })
    }

    /// Begins a sign-in. Nobody says who he is: the passkey does.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn ask(&self, registry: &Registry) -> Result<Opened<RequestChallengeResponse>, Failure> {
        let made = self.webauthn.start_discoverable_authentication();
        let (mut challenge, state) = made.map_err(|error| refused(&error))?;
        // A button was pressed; nothing is to wait for a form to be filled in.
        challenge.mediation = None;
        let number = keep(registry, SIGN_IN, json!({ "state": state })).await?;
        Ok(Opened { number, challenge })
    }

    /// Ends it, and gives the cookie's secret.
    ///
    /// # Errors
    /// For a passkey that is not known, or does not verify: which of these is not said.
    pub async fn sign_in(
        &self,
        registry: &Registry,
        number: &str,
        answer: &PublicKeyCredential,
    ) -> Result<String, Failure> {
        #[derive(Deserialize)]
        struct Open {
            state: DiscoverableAuthentication,
        }
        let open: Open = take(registry, SIGN_IN, number).await?;
        let (handle_given, id) =
            self.webauthn.identify_discoverable_authentication(answer).map_err(|error| refused(&error))?;
        let id = hex::encode(id);
        let found = registry.store().credential(&id).await?.filter(|one| one.kind == KIND);
        let credential = found.ok_or_else(unknown)?;
        if handle(&credential.person) != handle_given {
            return Err(unknown());
        }
        let mut data = credential.data;
        let mut passkey: Passkey = Passkey::deserialize(&data["passkey"]).map_err(|error| {
            Failure::Damaged { what: format!("passkey `{id}`"), problem: error.to_string() }
        })?;
        let result = self
            .webauthn
            .finish_discoverable_authentication_v2(answer, open.state, &passkey)
            .map_err(|error| refused(&error))?;
        passkey.update_credential(&result);
        data["passkey"] = serde_json::to_value(&passkey).map_err(bug)?;
        registry.store().credential_used(&id, &data, registry.now()).await?;
        session::start(registry, &credential.person, KIND).await
    }
}

/// What authenticators know a person by. It follows from the id, and says nothing of it.
fn handle(person: &str) -> Uuid {
    let hash = Sha256::new().chain_update("dtsec-serve passkey 1").chain_update(person).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Uuid::from_bytes(bytes)
}

async fn keep(registry: &Registry, purpose: &str, data: Value) -> Result<String, Failure> {
    let number = secret()?;
    let one = OneTime {
        hash: SecretHash::of(&number),
        purpose: purpose.to_owned(),
        data,
        expires: registry.now() + OPEN_FOR,
    };
    registry.store().add_one_time(&one).await?;
    Ok(number)
}

async fn take<T: DeserializeOwned>(registry: &Registry, purpose: &str, number: &str) -> Result<T, Failure> {
    let found = registry.store().take_one_time(&SecretHash::of(number), purpose, registry.now()).await?;
    T::deserialize(found.ok_or_else(too_late)?).map_err(bug)
}

fn too_late() -> Failure {
    Failure::Denied { what: "this came too late, or twice".to_owned(), remedy: "Begin again." }
}

fn unknown() -> Failure {
    Failure::Denied {
        what: "this passkey is not known here, or does not verify".to_owned(),
        remedy: "Use another one, or a sign-in link.",
    }
}

fn refused(error: &WebauthnError) -> Failure {
    tracing::debug!(%error, "passkey");
    unknown()
}

fn bug(error: serde_json::Error) -> Failure {
    Failure::Bug(error.to_string())
}
