//! What is asked: as JSON by programs, as a form by people. And how the answer is wanted.

use crate::ServiceError;
use axum::Json;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dtsec_list::{Chain, InstanceId};
use serde::Deserialize;

/// The media type of a signed result (RFC 9782).
pub(crate) const EAT_JWT: &str = "application/eat+jwt";

/// How the answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The verdict and the signed result.
    Json,
    /// The signed result alone.
    Result,
    /// A page: browsers ask so.
    Page,
}

impl Wanted {
    pub(crate) fn by(headers: &HeaderMap) -> Wanted {
        match headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()) {
            Some(EAT_JWT) => Wanted::Result,
            Some(accept) if accept.split([',', ';']).any(|one| one.trim() == "text/html") => Wanted::Page,
            _ => Wanted::Json,
        }
    }
}

/// What is asked.
pub(crate) struct Question {
    pub(crate) token: Vec<u8>,
    /// Whether the challenge is to be one of this service.
    pub(crate) own: bool,
    pub(crate) nonce: Vec<u8>,
    pub(crate) instance_id: Option<InstanceId>,
    pub(crate) chain: Option<Chain>,
}

/// The same as JSON.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Asked {
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

impl Question {
    pub(crate) async fn read(request: Request) -> Result<Question, ServiceError> {
        let media = request.headers().get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
        if media.is_some_and(|media| media.starts_with("multipart/form-data")) {
            return Question::of_form(Multipart::from_request(request, &()).await?).await;
        }
        let Json(asked) = Json::<Asked>::from_request(request, &()).await?;
        let token = base64url("token", &asked.token)?;
        let chain = asked.chain.map(|pem| certificates(&pem)).transpose()?;
        let (own, nonce) = match (asked.challenge, asked.nonce) {
            (Some(challenge), None) => (true, base64url("challenge", &challenge)?),
            (None, Some(nonce)) => (false, base64url("nonce", &nonce)?),
            _ => return Err(ServiceError::Challenge),
        };
        Ok(Question { token, own, nonce, instance_id: asked.instance_id, chain })
    }

    /// The form of `GET /`. It always brings the challenge that it was made with; one's own goes before it.
    async fn of_form(mut form: Multipart) -> Result<Question, ServiceError> {
        let (mut file, mut text, mut challenge, mut nonce, mut chain) =
            (Vec::new(), String::new(), String::new(), String::new(), String::new());
        while let Some(field) = form.next_field().await? {
            match field.name() {
                Some("file") => file = field.bytes().await?.to_vec(),
                Some("token") => text = field.text().await?.split_whitespace().collect(),
                Some("challenge") => challenge = field.text().await?,
                Some("nonce") => nonce = field.text().await?.split_whitespace().collect(),
                Some("chain") => chain = field.text().await?,
                _ => {}
            }
        }
        let wrong = |field, why: &str| ServiceError::Field { field, why: why.to_owned() };
        let token = match (file.is_empty(), text.is_empty()) {
            (false, true) => file,
            (true, false) => hex::decode(&text).or_else(|_| base64url("token", &text))?,
            (true, true) => return Err(wrong("token", "choose the device's token as a file, or paste it")),
            (false, false) => return Err(wrong("token", "give it as a file or as text, and not both")),
        };
        let (own, nonce) = match nonce.is_empty() {
            true => (true, base64url("challenge", &challenge)?),
            false => {
                (false, hex::decode(&nonce).map_err(|error| wrong("nonce", &format!("not hex: {error}")))?)
            }
        };
        let chain = if chain.trim().is_empty() { None } else { Some(certificates(&chain)?) };
        Ok(Question { token, own, nonce, instance_id: None, chain })
    }
}

fn certificates(pem: &str) -> Result<Chain, ServiceError> {
    Chain::from_pem(pem.as_bytes())
        .map_err(|why| ServiceError::Field { field: "chain", why: why.to_string() })
}

fn base64url(field: &'static str, text: &str) -> Result<Vec<u8>, ServiceError> {
    let why =
        |error: base64::DecodeError| ServiceError::Field { field, why: format!("no base64url: {error}") };
    URL_SAFE_NO_PAD.decode(text).map_err(why)
}
