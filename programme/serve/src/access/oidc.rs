//! OpenID Connect: authorization code with PKCE, at one configured provider. An account there is a person's own by its subject;
//! the first time, by its verified mail address.

use super::{secret, session};
use crate::registry::{Failure, Registry};
use dtsec_store::{AccessChange, Credential, OneTime, SecretHash};
use jiff::SignedDuration;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreJwsSigningAlgorithm, CoreProviderMetadata,
};
use openidconnect::{
    AsyncHttpClient, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse,
    IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// How the provider is reached.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProviderConfig {
    /// Its issuer: `https://login.example.org`.
    pub issuer: String,
    /// Our id there.
    pub client_id: String,
    /// Our secret there, for a provider that wants one.
    #[serde(default)]
    pub client_secret: Option<String>,
}

/// A provider.
pub struct Provider {
    config: ProviderConfig,
    issuer: IssuerUrl,
    redirect: RedirectUrl,
    client: Client,
}

impl std::fmt::Debug for Provider {
    /// Not its secret.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Provider").field("issuer", &self.config.issuer).finish_non_exhaustive()
    }
}

/// What is remembered between the two halves.
#[derive(Serialize, Deserialize)]
struct Open {
    nonce: String,
    verifier: String,
    browser: String,
}

/// Asks the provider, on a thread of its own.
struct Client(ureq::Agent);

impl<'c> AsyncHttpClient<'c> for Client {
    type Error = Unreachable;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Unreachable>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        let agent = self.0.clone();
        let answer = tokio::task::spawn_blocking(move || {
            let answer = agent.run(request).map_err(|error| Unreachable(error.to_string()))?;
            let (parts, mut body) = answer.into_parts();
            let body = body.with_config().limit(ANSWER).read_to_vec();
            Ok(HttpResponse::from_parts(parts, body.map_err(|error| Unreachable(error.to_string()))?))
        });
        Box::pin(async move { answer.await.map_err(|error| Unreachable(error.to_string()))? })
    }
}

/// Why the provider could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unreachable(String);

/// Public keys only: with a shared secret, whoever verifies could sign.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 7] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

const OPEN_FOR: SignedDuration = SignedDuration::from_mins(10);
const PURPOSE: &str = "oidc";
const ANSWER: u64 = 1 << 20;

impl Provider {
    /// Of a configuration. `back` is our own address to which the provider sends people back.
    ///
    /// # Errors
    /// For an issuer that is no address, or one without TLS that is not this machine.
    pub fn new(config: ProviderConfig, back: String) -> Result<Self, Failure> {
        let unfit = |error: &dyn std::fmt::Display| Failure::unfit("issuer", error);
        let issuer = IssuerUrl::new(config.issuer.clone()).map_err(|error| unfit(&error))?;
        let local = matches!(issuer.url().host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if issuer.url().scheme() != "https" && !local {
            return Err(Failure::unfit("issuer", "`https` is needed"));
        }
        let redirect = RedirectUrl::new(back).map_err(|error| unfit(&error))?;
        Ok(Self { config, issuer, redirect, client: Client(crate::web_client()) })
    }

    async fn metadata(&self) -> Result<CoreProviderMetadata, Failure> {
        CoreProviderMetadata::discover_async(self.issuer.clone(), &self.client)
            .await
            .map_err(|error| elsewhere(&error))
    }

    /// Where to send somebody who wants to sign in. `browser` is his browser's mark: the answer must come with it.
    ///
    /// # Errors
    /// Where the provider does not answer.
    pub async fn begin(&self, registry: &Registry, browser: &str) -> Result<String, Failure> {
        let client = CoreClient::from_provider_metadata(
            self.metadata().await?,
            ClientId::new(self.config.client_id.clone()),
            self.config.client_secret.clone().map(ClientSecret::new),
        )
        .set_redirect_uri(self.redirect.clone());
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let state = secret()?;
        let csrf = CsrfToken::new(state.clone());
        let (url, _, nonce) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, move || csrf, Nonce::new_random)
            .add_scope(Scope::new("email".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        let open = Open {
            nonce: nonce.secret().clone(),
            verifier: verifier.secret().clone(),
            browser: browser.to_owned(),
        };
        let one = OneTime {
            hash: SecretHash::of(&state),
            purpose: PURPOSE.to_owned(),
            data: json!(open),
            expires: registry.now() + OPEN_FOR,
        };
        registry.store().add_one_time(&one).await?;
        Ok(url.into())
    }

    /// Takes the provider's answer, and gives the cookie's secret.
    ///
    /// # Errors
    /// For an answer to a question that nobody asked here, one that does not verify, and an account that is nobody's.
    pub async fn finish(
        &self,
        registry: &Registry,
        browser: &str,
        state: &str,
        code: &str,
    ) -> Result<String, Failure> {
        let denied = || Failure::Denied {
            what: "this answer belongs to no sign-in that this browser began".to_owned(),
            remedy: "Begin again.",
        };
        let found = registry.store().take_one_time(&SecretHash::of(state), PURPOSE, registry.now()).await?;
        let open =
            Open::deserialize(found.ok_or_else(denied)?).map_err(|error| Failure::Bug(error.to_string()))?;
        if !session::carries(&open.browser, browser) {
            return Err(denied());
        }
        let client = CoreClient::from_provider_metadata(
            self.metadata().await?,
            ClientId::new(self.config.client_id.clone()),
            self.config.client_secret.clone().map(ClientSecret::new),
        )
        .set_redirect_uri(self.redirect.clone());
        let tokens = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| elsewhere(&error))?
            .set_pkce_verifier(PkceCodeVerifier::new(open.verifier))
            .request_async(&self.client)
            .await
            .map_err(|error| elsewhere(&error))?;
        let token =
            tokens.id_token().ok_or_else(|| elsewhere(&Unreachable("it gave no id token".to_owned())))?;
        let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS);
        let claims = token.claims(&verifier, &Nonce::new(open.nonce)).map_err(|error| elsewhere(&error))?;
        let verified = claims.email_verified() == Some(true);
        let email = claims.email().filter(|_| verified).map(|email| email.to_lowercase());
        self.person(registry, claims.subject().as_str(), email).await
    }

    async fn person(
        &self,
        registry: &Registry,
        subject: &str,
        email: Option<String>,
    ) -> Result<String, Failure> {
        let id = format!("oidc {} {subject}", self.config.issuer);
        if let Some(known) = registry.store().credential(&id).await? {
            registry.store().credential_used(&id, &known.data, registry.now()).await?;
            return session::start(registry, &known.person, "oidc").await;
        }
        let found = match &email {
            Some(email) => registry.store().person_by_email(email).await?,
            None => None,
        };
        let person = found.ok_or_else(|| Failure::Denied {
            what: "this account is nobody's here: no person has its verified mail address".to_owned(),
            remedy: "Ask whoever entered you to give your mail address as the provider has it.",
        })?;
        let credential = Credential {
            id,
            person: person.id.clone(),
            kind: "oidc".to_owned(),
            data: json!({ "issuer": self.config.issuer, "email": email }),
            created: registry.now(),
            used: None,
        };
        let change = AccessChange::AddCredential(credential);
        let more = json!({ "issuer": self.config.issuer });
        registry.own_access(&person.id, "account-linked", more, vec![change]).await?;
        session::start(registry, &person.id, "oidc").await
    }
}

fn elsewhere(error: &dyn std::error::Error) -> Failure {
    let mut problem = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        problem = format!("{problem}: {inner}");
        cause = inner.source();
    }
    Failure::Elsewhere { who: "the OpenID provider", problem }
}

/// How long the provider may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
