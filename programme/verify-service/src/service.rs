//! The service.

use arc_swap::ArcSwap;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dtsec_list::{Chain, InstanceId};
use dtsec_token::MAX_TOKEN_BYTES;
use dtsec_verify::{Challenges, Ear, EarSigner, Evidence, Expected, ListTime, Verifier, VerifierId};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;
use std::io;
use std::sync::Arc;
use tokio::net::TcpListener;

/// A token with its certificates has less.
const MAX_BODY_BYTES: usize = 4 * MAX_TOKEN_BYTES;
/// The media type of a signed result (RFC 9782).
const EAT_JWT: &str = "application/eat+jwt";

/// Gives verdicts over HTTP.
pub struct Service {
    verifier: ArcSwap<Verifier>,
    challenges: Challenges,
    challenge_lifetime: SignedDuration,
    signer: EarSigner,
    id: VerifierId,
    result_lifetime: SignedDuration,
}

impl Service {
    /// By a verifier; with the key of the challenges, which all replicas share, and the signer of the results.
    pub fn new(verifier: Verifier, challenge_key: &[u8; 32], signer: EarSigner) -> Service {
        let challenge_lifetime = SignedDuration::from_mins(5);
        Service {
            verifier: ArcSwap::from_pointee(verifier),
            challenges: Challenges::new(challenge_key, challenge_lifetime),
            challenge_lifetime,
            signer,
            id: VerifierId::default(),
            result_lifetime: SignedDuration::from_mins(5),
        }
    }

    /// Puts another verifier in the place of the one there was. What is under way is finished by the old one.
    pub fn replace(&self, verifier: Verifier) {
        self.verifier.store(Arc::new(verifier));
    }

    /// Which list it goes by, and how fresh that is at this moment.
    pub fn list_time(&self, now: Timestamp) -> ListTime {
        self.verifier.load().list_time(now)
    }

    /// Its routes.
    pub fn router(self: &Arc<Service>) -> Router {
        Router::new()
            .route("/challenge", get(challenge))
            .route("/verify", post(verify))
            .route("/list", get(list))
            .route("/.well-known/jwks.json", get(keys))
            .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
            .with_state(Arc::clone(self))
    }

    /// Answers until `ended` is.
    ///
    /// # Errors
    /// Where the listener fails.
    pub async fn run(
        self: &Arc<Service>,
        listener: TcpListener,
        ended: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        axum::serve(listener, self.router()).with_graceful_shutdown(ended).await
    }
}

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The body.
    #[error("{0}")]
    Body(#[from] JsonRejection),
    /// A field.
    #[error("{field}: {why}")]
    Field {
        /// Which.
        field: &'static str,
        /// What is wrong.
        why: String,
    },
    /// No challenge, or two. There is no verdict without one.
    #[error(
        "give either `challenge`, as GET /challenge answered, or your own `nonce`: a token that answers nothing proves nothing of today"
    )]
    Challenge,
    /// The machine.
    #[error("the machine fails: {0}")]
    Machine(&'static str),
}

impl IntoResponse for ServiceError {
    fn into_response(self) -> Response {
        let status = match &self {
            ServiceError::Body(rejection) => rejection.status(),
            ServiceError::Field { .. } | ServiceError::Challenge => StatusCode::BAD_REQUEST,
            ServiceError::Machine(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let title = status.canonical_reason();
        let problem = json!({ "title": title, "status": status.as_u16(), "detail": self.to_string() });
        (status, [(header::CONTENT_TYPE, "application/problem+json")], problem.to_string()).into_response()
    }
}

async fn challenge(State(service): State<Arc<Service>>) -> Result<Response, ServiceError> {
    let mut random = [0; 24];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| ServiceError::Machine("no random bytes"))?;
    let now = Timestamp::now();
    let challenge = service.challenges.issue(&random, now);
    let expires = now.saturating_add(service.challenge_lifetime).unwrap_or(now);
    let body = json!({ "challenge": URL_SAFE_NO_PAD.encode(challenge), "expires": expires });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// What is asked.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Question {
    token: String,
    #[serde(default)]
    challenge: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    instance_id: Option<InstanceId>,
    #[serde(default)]
    chain: Option<String>,
}

async fn verify(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    question: Result<Json<Question>, JsonRejection>,
) -> Result<Response, ServiceError> {
    let Json(question) = question?;
    let token = bytes("token", &question.token)?;
    let chain = question.chain.map(|pem| Chain::from_pem(pem.as_bytes())).transpose();
    let chain = chain.map_err(|why| ServiceError::Field { field: "chain", why: why.to_string() })?;
    let (own, nonce) = match (question.challenge, question.nonce) {
        (Some(challenge), None) => (true, bytes("challenge", &challenge)?),
        (None, Some(nonce)) => (false, bytes("nonce", &nonce)?),
        _ => return Err(ServiceError::Challenge),
    };
    let expected = match own {
        true => Expected::Challenge { by: &service.challenges, challenge: &nonce },
        false => Expected::Nonce(&nonce),
    };
    let mut evidence = Evidence::new(&token);
    if let Some(chain) = &chain {
        evidence = evidence.with_chain(chain);
    }
    if let Some(id) = question.instance_id {
        evidence = evidence.of_instance(id);
    }
    // One verifier for the whole of it, whatever is swapped meanwhile.
    let verifier = service.verifier.load();
    let verdict = verifier.verify(&evidence, expected, Timestamp::now());
    let result = service
        .signer
        .sign(&Ear::new(&verdict, &service.id, service.result_lifetime))
        .map_err(|_| ServiceError::Machine("the result could not be signed"))?;
    let no_store = (header::CACHE_CONTROL, "no-store");
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    if accept == Some(EAT_JWT) {
        return Ok(([(header::CONTENT_TYPE, EAT_JWT), no_store], result).into_response());
    }
    Ok(([no_store], Json(json!({ "verdict": verdict, "result": result }))).into_response())
}

fn bytes(field: &'static str, text: &str) -> Result<Vec<u8>, ServiceError> {
    let why =
        |error: base64::DecodeError| ServiceError::Field { field, why: format!("no base64url: {error}") };
    URL_SAFE_NO_PAD.decode(text).map_err(why)
}

async fn list(State(service): State<Arc<Service>>) -> Response {
    Json(service.list_time(Timestamp::now())).into_response()
}

async fn keys(State(service): State<Arc<Service>>) -> Response {
    Json(json!({ "keys": [service.signer.jwk()] })).into_response()
}
