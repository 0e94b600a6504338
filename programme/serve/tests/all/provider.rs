//! OpenID Connect, with a provider of the test's own on this machine.

use crate::passkeys::base64;
use crate::site::{As, Site};
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use dtsec_serve::access::oidc::ProviderConfig;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// What the provider answers with; each test turns one thing.
#[derive(Clone)]
struct Says {
    issuer: String,
    claims: Value,
    /// The challenge of PKCE of the last question.
    challenge: String,
    key: u8,
}

type Shared = Arc<Mutex<Says>>;

fn key(number: u8) -> SigningKey {
    SigningKey::from_slice(&[number; 32]).unwrap()
}

async fn discovery(State(says): State<Shared>) -> Json<Value> {
    let issuer = says.lock().unwrap().issuer.clone();
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }))
}

async fn keys() -> Json<Value> {
    let point = key(9).verifying_key().to_sec1_point(false);
    let (x, y) = (base64(point.x().unwrap()), base64(point.y().unwrap()));
    Json(
        json!({ "keys": [{ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "1", "x": x, "y": y }] }),
    )
}

async fn token(State(says): State<Shared>, Form(asked): Form<BTreeMap<String, String>>) -> Json<Value> {
    let says = says.lock().unwrap().clone();
    let proof = base64(&Sha256::digest(&asked["code_verifier"]));
    if asked["grant_type"] != "authorization_code" || proof != says.challenge {
        return Json(json!({ "error": "invalid_grant" }));
    }
    let head = base64(json!({ "alg": "ES256", "kid": "1" }).to_string().as_bytes());
    let text = format!("{head}.{}", base64(says.claims.to_string().as_bytes()));
    let signature: Signature = key(says.key).sign(text.as_bytes());
    let id_token = format!("{text}.{}", base64(&signature.to_bytes()));
    Json(json!({ "access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": id_token }))
}

/// A site with a provider, and what the provider says.
async fn with_provider() -> (Site, Shared) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let says = Says { issuer: issuer.clone(), claims: json!({}), challenge: String::new(), key: 9 };
    let says: Shared = Arc::new(Mutex::new(says));
    let router = Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/keys", get(keys))
        .route("/token", post(token))
        .with_state(says.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let config = json!({ "issuer": issuer, "client-id": "dtsec" });
    let config: ProviderConfig = serde_json::from_value(config).unwrap();
    let site = Site::with(|_| {}, Some(config)).await;
    site.people().await;
    (site, says)
}

/// Begins a sign-in: the browser's cookie, and what the provider was asked.
async fn begin(site: &Site) -> (As, BTreeMap<String, String>) {
    let answer = site.get(&As::Nobody, "/sign-in/oidc").await.is(303);
    let asked = url::Url::parse(answer.header("location")).unwrap();
    (As::Cookie(answer.cookie()), asked.query_pairs().into_owned().collect())
}

fn answer(says: &Shared, asked: &BTreeMap<String, String>, claims: Value) {
    let mut says = says.lock().unwrap();
    says.challenge = asked["code_challenge"].clone();
    // The library holds these against the machine's clock.
    let now = jiff::Timestamp::now().as_second();
    says.claims = json!({
        "iss": says.issuer, "sub": "4711", "aud": "dtsec", "iat": now, "exp": now + 300, "nonce": asked["nonce"],
        "email": "ANN@example.org", "email_verified": true,
    });
    for (name, value) in claims.as_object().unwrap() {
        says.claims[name] = value.clone();
    }
}

async fn back(site: &Site, browser: &As, asked: &BTreeMap<String, String>) -> crate::site::Answer {
    site.get(browser, &format!("/sign-in/oidc/back?code=c&state={}", asked["state"])).await
}

#[tokio::test]
async fn an_account_signs_in_by_its_verified_address_first_and_by_its_subject_then() {
    let (site, says) = with_provider().await;
    let (browser, asked) = begin(&site).await;
    assert_eq!((asked["code_challenge_method"].as_str(), asked["response_type"].as_str()), ("S256", "code"));
    answer(&says, &asked, json!({}));
    let cookie = back(&site, &browser, &asked).await.is(303).cookie();
    let me = site.get(&As::Cookie(cookie), "/api/v1/me").await.is(200).json();
    assert_eq!(me["person"], "ann");
    let (browser, asked) = begin(&site).await;
    answer(&says, &asked, json!({ "email": "bob@example.org" }));
    let cookie = back(&site, &browser, &asked).await.is(303).cookie();
    let me = site.get(&As::Cookie(cookie), "/api/v1/me").await.is(200).json();
    assert_eq!(me["person"], "ann", "the subject counts, and not what the address says today");
}

#[tokio::test]
async fn an_answer_that_is_not_quite_right_signs_nobody_in() {
    let (site, says) = with_provider().await;
    let cases = [
        ("not verified", json!({ "email_verified": false }), 403),
        ("nobody's address", json!({ "email": "eve@example.org" }), 403),
        ("for somebody else", json!({ "aud": "other" }), 502),
        ("by another issuer", json!({ "iss": "http://evil.example" }), 502),
        ("to another question", json!({ "nonce": "another" }), 502),
        ("over", json!({ "exp": 1_000_000_000 }), 502),
    ];
    for (what, claims, status) in cases {
        let (browser, asked) = begin(&site).await;
        answer(&says, &asked, claims);
        let refused = back(&site, &browser, &asked).await;
        assert_eq!(refused.status.as_u16(), status, "{what}: {}", refused.text());
    }
    let (browser, asked) = begin(&site).await;
    answer(&says, &asked, json!({}));
    says.lock().unwrap().key = 10;
    back(&site, &browser, &asked).await.is(502);
    says.lock().unwrap().key = 9;
    let (browser, mut asked) = begin(&site).await;
    asked.insert("code_challenge".to_owned(), "of another question".to_owned());
    answer(&says, &asked, json!({}));
    back(&site, &browser, &asked).await.is(502);
}

#[tokio::test]
async fn an_answer_belongs_to_the_browser_that_asked_and_counts_once() {
    let (site, says) = with_provider().await;
    let (browser, asked) = begin(&site).await;
    answer(&says, &asked, json!({}));
    let (other, _) = begin(&site).await;
    back(&site, &other, &asked).await.is(403);
    back(&site, &browser, &asked).await.is(403);
    let (browser, asked) = begin(&site).await;
    answer(&says, &asked, json!({}));
    back(&site, &browser, &asked).await.is(303);
    back(&site, &browser, &asked).await.is(403);
}

#[test]
fn a_provider_without_tls_is_only_taken_on_this_machine() {
    let made = |issuer: &str| {
        let config: ProviderConfig =
            serde_json::from_value(json!({ "issuer": issuer, "client-id": "x" })).unwrap();
        dtsec_serve::access::oidc::Provider::new(config, "http://localhost/back".to_owned()).is_ok()
    };
    assert!(made("https://login.example.org") && made("http://127.0.0.1:1"));
    assert!(!made("http://login.example.org") && !made("nothing"));
}
