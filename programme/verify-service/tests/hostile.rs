//! Hostile tokens over HTTP: each has its own finding in an answer with status 200, and what asks nothing is an error.

#![forbid(unsafe_code)]

#[allow(dead_code)]
#[path = "../../token/tests/tokens/support.rs"]
mod made;
#[allow(dead_code)]
#[path = "../../verify/tests/verdicts/support.rs"]
mod support;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value as Cbor;
use dtsec_list::PublishedList;
use dtsec_token::MAX_TOKEN_BYTES;
use dtsec_verify::EarSigner;
use dtsec_verify_service::Service;
use jiff::Timestamp;
use made::{COMPONENTS, Claims, LIFE_CYCLE, component};
use serde_json::{Value, json};
use std::sync::Arc;
use support::{NONCE, by, entry, full_list, hours, key, set_of, version};
use tokio::sync::oneshot;

/// A component of a release.
fn part(kind: &str, release: u8, signer: u8) -> Cbor {
    let Cbor::Map(mut map) = component(kind) else { unreachable!() };
    map[1].1 = Cbor::Bytes(vec![release; 32]);
    map[2].1 = format!("{release}.0.0").into();
    map[3].1 = Cbor::Bytes(vec![signer; 32]);
    Cbor::Map(map)
}

fn token(parts: &[(&str, u8, u8)]) -> Vec<u8> {
    let parts = parts.iter().map(|(kind, release, signer)| part(kind, *release, *signer)).collect();
    Claims::full().with(COMPONENTS, Cbor::Array(parts)).token()
}

const ONE: [(&str, u8, u8); 3] = [("boot", 9, 0), ("platform", 1, 7), ("application", 1, 8)];
const TWO: [(&str, u8, u8); 3] = [("boot", 9, 0), ("platform", 2, 7), ("application", 2, 8)];

/// Two releases, fresh now.
fn list() -> PublishedList {
    let versions = vec![version("1.0.0", set_of(&token(&ONE))), version("2.0.0", set_of(&token(&TWO)))];
    let now = Timestamp::now();
    let (as_of, fresh_until) = (now - hours(1), now + hours(23));
    PublishedList { as_of, fresh_until, entries: vec![entry("E-1", versions)], ..full_list() }
}

/// The service on a port of its own, until it is dropped.
struct Running {
    address: String,
    end: Option<oneshot::Sender<()>>,
    runs: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    fn new() -> Self {
        let service = Arc::new(Service::new(by(list()), &[7; 32], EarSigner::generate().unwrap().0));
        let (end, ended) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let runs = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                let ended = async {
                    let _ = ended.await;
                };
                service.run(listener, ended).await.unwrap();
            });
        });
        Self { address: format!("http://{}", told.recv().unwrap()), end: Some(end), runs: Some(runs) }
    }

    fn asked(&self, question: &Value) -> (u16, Value) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let post = agent.post(format!("{}/verify", self.address)).content_type("application/json");
        let mut answer = post.send(question.to_string()).unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap())
    }

    /// The finding on a token.
    fn found(&self, token: &[u8], more: &Value) -> String {
        let mut question = json!({ "token": base64(token), "nonce": base64(&NONCE) });
        for (name, value) in more.as_object().unwrap() {
            question[name] = value.clone();
        }
        let (status, answer) = self.asked(&question);
        assert_eq!(status, 200, "{answer:#}");
        assert_eq!(answer["result"].as_str().unwrap().split('.').count(), 3, "signed whatever it is");
        answer["verdict"]["finding"].as_str().unwrap().to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.end.take().map(|end| end.send(()));
        self.runs.take().unwrap().join().unwrap();
    }
}

fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[test]
fn each_hostile_token_has_its_own_finding() {
    let service = Running::new();
    let with = |label, value: Cbor| Claims(one()).with(label, value).token();
    let good = token(&ONE);
    let cut = &good[..good.len() / 2];
    let life = |state: i64| with(LIFE_CYCLE, state.into());
    for (name, token, more, finding) in [
        ("the control", good.clone(), json!({}), "listed-and-clean"),
        (
            "the other control",
            token(&TWO),
            json!({ "instance-id": key(1).instance_id() }),
            "listed-and-clean",
        ),
        ("missing", token(&ONE[..2]), json!({}), "missing-component"),
        ("extra", token(&[ONE[0], ONE[1], ONE[2], ("radio", 1, 7)]), json!({}), "extra-component"),
        ("mixed release", token(&[ONE[0], TWO[1], ONE[2]]), json!({}), "mixed-release"),
        ("wrong signer", token(&[ONE[0], ONE[1], ("application", 1, 66)]), json!({}), "wrong-signer"),
        ("wrong instance", good.clone(), json!({ "instance-id": key(2).instance_id() }), "wrong-instance"),
        ("debug state", life(0x4000), json!({}), "debug-state"),
        ("decommissioned", life(0x6000), json!({}), "decommissioned"),
        ("replayed", good.clone(), json!({ "nonce": base64(&[0xA8; 32]) }), "nonce-mismatch"),
        ("truncated", cut.to_vec(), json!({}), "truncated"),
        ("oversized", vec![0xD2; MAX_TOKEN_BYTES + 1], json!({}), "oversized"),
    ] {
        assert_eq!(service.found(&token, &more), finding, "{name}");
    }
}

/// The claims of the first release.
fn one() -> made::Entries {
    let parts = ONE.iter().map(|(kind, release, signer)| part(kind, *release, *signer)).collect();
    Claims::full().with(COMPONENTS, Cbor::Array(parts)).0
}

#[test]
fn an_answer_to_a_challenge_cannot_be_used_for_another_one() {
    let service = Running::new();
    let challenge = || {
        let mut answer = ureq::get(format!("{}/challenge", service.address)).call().unwrap();
        let answer: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        answer["challenge"].as_str().unwrap().to_owned()
    };
    let (first, second) = (challenge(), challenge());
    let nonce = Cbor::Bytes(URL_SAFE_NO_PAD.decode(&first).unwrap());
    let token = Claims(one()).with(made::NONCE, nonce).token();
    let found = |challenge: &str| {
        let (status, answer) = service.asked(&json!({ "token": base64(&token), "challenge": challenge }));
        (status, answer["verdict"]["finding"].as_str().unwrap().to_owned())
    };
    assert_eq!(found(&first), (200, "listed-and-clean".to_owned()), "the control");
    assert_eq!(found(&second), (200, "nonce-mismatch".to_owned()));
}

#[test]
fn a_body_that_no_token_needs_is_not_read() {
    let service = Running::new();
    // One byte too many: it is read to its end, so that the answer is not lost on the way.
    let question = |length: usize| json!({ "token": "A".repeat(length), "nonce": "" });
    let more = question(0).to_string().len();
    let (status, problem) = service.asked(&question(4 * MAX_TOKEN_BYTES + 1 - more));
    assert_eq!((status, &problem["status"]), (413, &json!(413)), "{problem:#}");
    assert_eq!(service.found(&token(&ONE), &json!({})), "listed-and-clean", "the control");
}
