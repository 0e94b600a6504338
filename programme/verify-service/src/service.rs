//! The service.

use crate::question::{EAT_JWT, Question, Wanted};
use arc_swap::ArcSwap;
use axum::extract::multipart::{MultipartError, MultipartRejection};
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dtsec_token::MAX_TOKEN_BYTES;
use dtsec_verify::{Challenges, Ear, EarSigner, Evidence, Expected, ListTime, Verifier, VerifierId};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::io;
use std::sync::Arc;
use tokio::net::TcpListener;

/// A token with its certificates has less.
const MAX_BODY_BYTES: usize = 4 * MAX_TOKEN_BYTES;

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

    /// A new challenge, and until when it can be answered.
    fn challenge(&self, now: Timestamp) -> Result<(Vec<u8>, Timestamp), ServiceError> {
        let mut random = [0; 24];
        aws_lc_rs::rand::fill(&mut random).map_err(|_| ServiceError::Machine("no random bytes"))?;
        let challenge = self.challenges.issue(&random, now);
        Ok((challenge.to_vec(), now.saturating_add(self.challenge_lifetime).unwrap_or(now)))
    }

    /// Which list it goes by, and how fresh that is at this moment.
    pub fn list_time(&self, now: Timestamp) -> ListTime {
        self.verifier.load().list_time(now)
    }

    /// Its routes.
    pub fn router(self: &Arc<Service>) -> Router {
        Router::new()
            .route("/", get(form))
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
    /// The form, as a whole.
    #[error("{0}")]
    NoForm(#[from] MultipartRejection),
    /// The form, somewhere in it.
    #[error("{}", .0.body_text())]
    Form(#[from] MultipartError),
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

impl ServiceError {
    fn status(&self) -> StatusCode {
        match self {
            ServiceError::Body(rejection) => rejection.status(),
            ServiceError::NoForm(rejection) => rejection.status(),
            ServiceError::Form(error) => error.status(),
            ServiceError::Field { .. } | ServiceError::Challenge => StatusCode::BAD_REQUEST,
            ServiceError::Machine(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// As it is wanted: people get a page.
    fn shown(self, wanted: Wanted) -> Response {
        let shown = match wanted {
            Wanted::Page => page(self.status(), dtsec_site::verdict::problem(&self.to_string())),
            Wanted::Json | Wanted::Result => Err(self),
        };
        shown.unwrap_or_else(ServiceError::into_response)
    }
}

impl IntoResponse for ServiceError {
    fn into_response(self) -> Response {
        let status = self.status();
        let title = status.canonical_reason();
        let problem = json!({ "title": title, "status": status.as_u16(), "detail": self.to_string() });
        (status, [(header::CONTENT_TYPE, "application/problem+json")], problem.to_string()).into_response()
    }
}

async fn challenge(State(service): State<Arc<Service>>) -> Result<Response, ServiceError> {
    let (challenge, expires) = service.challenge(Timestamp::now())?;
    let body = json!({ "challenge": URL_SAFE_NO_PAD.encode(challenge), "expires": expires });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

async fn verify(State(service): State<Arc<Service>>, request: Request) -> Response {
    let wanted = Wanted::by(request.headers());
    let answer = Question::read(request).await.and_then(|question| service.answer(&question, wanted));
    answer.unwrap_or_else(|error| error.shown(wanted))
}

impl Service {
    fn answer(&self, question: &Question, wanted: Wanted) -> Result<Response, ServiceError> {
        let expected = match question.own {
            true => Expected::Challenge { by: &self.challenges, challenge: &question.nonce },
            false => Expected::Nonce(&question.nonce),
        };
        let mut evidence = Evidence::new(&question.token);
        if let Some(chain) = &question.chain {
            evidence = evidence.with_chain(chain);
        }
        if let Some(id) = question.instance_id {
            evidence = evidence.of_instance(id);
        }
        // One verifier for the whole of it, whatever is swapped meanwhile.
        let verifier = self.verifier.load();
        let verdict = verifier.verify(&evidence, expected, Timestamp::now());
        if wanted == Wanted::Page {
            return page(StatusCode::OK, dtsec_site::verdict::page(&verdict, true));
        }
        let result = self
            .signer
            .sign(&Ear::new(&verdict, &self.id, self.result_lifetime))
            .map_err(|_| ServiceError::Machine("the result could not be signed"))?;
        let no_store = (header::CACHE_CONTROL, "no-store");
        if wanted == Wanted::Result {
            return Ok(([(header::CONTENT_TYPE, EAT_JWT), no_store], result).into_response());
        }
        Ok(([no_store], Json(json!({ "verdict": verdict, "result": result }))).into_response())
    }
}

/// The form, with a challenge of its own.
async fn form(State(service): State<Arc<Service>>) -> Result<Response, ServiceError> {
    let now = Timestamp::now();
    let (challenge, expires) = service.challenge(now)?;
    let verifier = service.verifier.load();
    let form = dtsec_site::verdict::Form {
        challenge: &URL_SAFE_NO_PAD.encode(&challenge),
        challenge_hex: &hex::encode(&challenge),
        expires,
        list: verifier.list_time(now),
    };
    page(StatusCode::OK, dtsec_site::verdict::form(&form))
}

/// A page that no cache keeps. Its own policy lets it load nothing.
fn page<E>(status: StatusCode, made: Result<String, E>) -> Result<Response, ServiceError> {
    let html = made.map_err(|_| ServiceError::Machine("the page could not be made"))?;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    Ok((status, headers, html).into_response())
}

async fn list(State(service): State<Arc<Service>>) -> Response {
    Json(service.list_time(Timestamp::now())).into_response()
}

async fn keys(State(service): State<Arc<Service>>) -> Response {
    Json(json!({ "keys": [service.signer.jwk()] })).into_response()
}
