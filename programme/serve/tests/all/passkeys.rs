//! Passkeys, with an authenticator of the test's own.

use crate::site::{As, Site};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// An authenticator with one key.
struct Authenticator {
    key: SigningKey,
    id: Vec<u8>,
    user: String,
    count: u32,
}

const ORIGIN: &str = "http://localhost:8417";

pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte))
            << (8 * (3 - three.len()));
        for place in 0..=three.len() {
            text.push(char::from(LETTERS[(number >> (18 - 6 * place) & 63) as usize]));
        }
    }
    text
}

impl Authenticator {
    fn new(number: u8) -> Self {
        let key = SigningKey::from_slice(&[number; 32]).unwrap();
        Self { key, id: vec![number; 32], user: String::new(), count: 0 }
    }

    fn data(&mut self, flags: u8, more: &[u8]) -> Vec<u8> {
        self.count += 1;
        let mut data = Sha256::digest("localhost").to_vec();
        data.push(flags);
        data.extend(self.count.to_be_bytes());
        data.extend(more);
        data
    }

    fn client(kind: &str, challenge: &Value, origin: &str) -> Vec<u8> {
        let challenge = &challenge["publicKey"]["challenge"];
        json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false })
            .to_string()
            .into_bytes()
    }

    fn create(&mut self, challenge: &Value) -> Value {
        self.user = challenge["publicKey"]["user"]["id"].as_str().unwrap().to_owned();
        let point = self.key.verifying_key().to_sec1_point(false);
        let mut more = vec![0; 16];
        more.extend((self.id.len() as u16).to_be_bytes());
        more.extend(&self.id);
        more.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        more.extend(point.x().unwrap().as_slice());
        more.extend([0x22, 0x58, 0x20]);
        more.extend(point.y().unwrap().as_slice());
        let data = self.data(0x45, &more);
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(data);
        json!({
            "id": base64(&self.id), "rawId": base64(&self.id), "type": "public-key", "extensions": {},
            "response": {
                "attestationObject": base64(&object),
                "clientDataJSON": base64(&Self::client("webauthn.create", challenge, ORIGIN)),
            },
        })
    }

    fn get(&mut self, challenge: &Value, origin: &str, flags: u8) -> Value {
        let (client, data) = (Self::client("webauthn.get", challenge, origin), self.data(flags, &[]));
        let signature: DerSignature =
            self.key.sign(&[data.clone(), Sha256::digest(&client).to_vec()].concat());
        json!({
            "id": base64(&self.id), "rawId": base64(&self.id), "type": "public-key", "extensions": {},
            "response": {
                "authenticatorData": base64(&data), "clientDataJSON": base64(&client),
                "signature": base64(signature.as_bytes()), "userHandle": self.user,
            },
        })
    }
}

async fn registered(site: &Site, who: &As, number: u8) -> Authenticator {
    let mut authenticator = Authenticator::new(number);
    let open = site.post(who, "/api/v1/me/passkeys/begin", &json!({})).await.is(200).json();
    let answer = authenticator.create(&open["challenge"]);
    let body = json!({ "number": open["number"], "name": "key", "answer": answer });
    site.post(who, "/api/v1/me/passkeys/finish", &body).await.is(204);
    authenticator
}

async fn open(site: &Site) -> Value {
    site.post(&As::Nobody, "/api/v1/sign-in/passkey/begin", &json!({})).await.is(200).json()
}

async fn finish(site: &Site, open: &Value, answer: Value) -> crate::site::Answer {
    let body = json!({ "number": open["number"], "answer": answer });
    site.post(&As::Nobody, "/api/v1/sign-in/passkey/finish", &body).await
}

#[tokio::test]
async fn a_passkey_is_made_used_without_a_name_and_taken_away() {
    let site = Site::with_people().await;
    let ann = site.cookie("ann").await;
    let mut key = registered(&site, &ann, 7).await;
    for _ in 0..2 {
        let open = open(&site).await;
        let answer = key.get(&open["challenge"], ORIGIN, 0x05);
        let cookie = finish(&site, &open, answer).await.is(204).cookie();
        let me = site.get(&As::Cookie(cookie), "/api/v1/me").await.is(200).json();
        assert_eq!(me["person"], "ann");
    }
    let listed = site.get(&ann, "/api/v1/me/passkeys").await.is(200).json();
    let id = listed[0]["id"].as_str().unwrap();
    let bob = site.cookie("bob").await;
    site.post(&bob, &format!("/api/v1/me/passkeys/{id}/remove"), &json!({})).await.is(404);
    site.post(&ann, &format!("/api/v1/me/passkeys/{id}/remove"), &json!({})).await.is(204);
    let open = open(&site).await;
    let answer = key.get(&open["challenge"], ORIGIN, 0x05);
    finish(&site, &open, answer).await.is(403);
}

#[tokio::test]
async fn an_answer_that_is_not_quite_right_signs_nobody_in() {
    let site = Site::with_people().await;
    let mut key = registered(&site, &site.cookie("ann").await, 7).await;
    let mut stranger = Authenticator::new(8);
    stranger.user.clone_from(&key.user);
    stranger.id.clone_from(&key.id);
    let refused = async |open: &Value, answer: Value, what: &str| {
        let answer = finish(&site, open, answer).await;
        assert_eq!(answer.status.as_u16(), 403, "{what}");
        assert!(answer.headers.get("set-cookie").is_none(), "{what}");
    };
    let one = open(&site).await;
    refused(&one, key.get(&one["challenge"], "http://evil.example", 0x05), "another site").await;
    let one = open(&site).await;
    refused(&one, key.get(&one["challenge"], ORIGIN, 0x01), "nobody verified").await;
    let one = open(&site).await;
    refused(&one, stranger.get(&one["challenge"], ORIGIN, 0x05), "another key").await;
    let (one, other) = (open(&site).await, open(&site).await);
    refused(&one, key.get(&other["challenge"], ORIGIN, 0x05), "another challenge").await;
    let one = open(&site).await;
    key.count = 0;
    refused(&one, key.get(&one["challenge"], ORIGIN, 0x05), "a copied key").await;
    key.count = 50;
    let one = open(&site).await;
    let answer = key.get(&one["challenge"], ORIGIN, 0x05);
    finish(&site, &one, answer.clone()).await.is(204);
    refused(&one, answer, "twice").await;
    let one = open(&site).await;
    site.clock.forward(jiff::SignedDuration::from_mins(6));
    refused(&one, key.get(&one["challenge"], ORIGIN, 0x05), "too late").await;
}

#[tokio::test]
async fn a_passkey_cannot_be_finished_by_somebody_else_or_registered_twice() {
    let site = Site::with_people().await;
    let (ann, bob) = (site.cookie("ann").await, site.cookie("bob").await);
    let mut key = Authenticator::new(7);
    let open = site.post(&ann, "/api/v1/me/passkeys/begin", &json!({})).await.is(200).json();
    let answer = key.create(&open["challenge"]);
    let body = json!({ "number": open["number"], "name": "key", "answer": answer });
    site.post(&bob, "/api/v1/me/passkeys/finish", &body).await.is(403);
    registered(&site, &ann, 7).await;
    let open = site.post(&bob, "/api/v1/me/passkeys/begin", &json!({})).await.is(200).json();
    let body = json!({ "number": open["number"], "name": "key", "answer": key.create(&open["challenge"]) });
    site.post(&bob, "/api/v1/me/passkeys/finish", &body).await.is(422);
}
