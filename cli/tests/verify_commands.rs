//! `dtsec attest verify` and `dtsec verify-service`, from outside.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A token of a virtual device, and the key that it gave.
const TOKEN: &str = include_str!("../../programme/token/tests/virtual-device.hex");
/// When the list was fresh.
const THEN: &str = "2026-11-22T12:00:00Z";

fn token() -> Vec<u8> {
    hex::decode(TOKEN.split_ascii_whitespace().nth(1).unwrap()).unwrap()
}

fn key() -> &'static str {
    TOKEN.split_ascii_whitespace().next().unwrap()
}

fn nonce() -> String {
    dtsec_token::Token::parse(&token()).unwrap().nonce.to_string()
}

/// A list with the version that the device runs.
fn list(serial: u64, fresh_until: &str) -> Value {
    let read = dtsec_token::Token::parse(&token()).unwrap();
    let component = |one: &dtsec_token::Component| {
        json!({
            "measurement_type": one.measurement_type, "version": one.version,
            "measurement": one.measurement.to_string(), "signer": one.signer.to_string(),
        })
    };
    let set = json!({
        "implementation_id": read.implementation_id.to_string(),
        "components": read.components.iter().map(component).collect::<Vec<_>>(),
    });
    let fingerprint = serde_json::from_value::<dtsec_list::ComponentSet>(set.clone()).unwrap().fingerprint();
    json!({
        "format": "dtsec-published-list/1", "serial": serial, "as-of": "2026-11-22T11:00:00Z", "fresh-until": fresh_until,
        "entries": [{
            "id": "E-1", "kind": { "is": "certified", "certificate": "C-1", "lab": "LAB-1" }, "developer": "ACME",
            "product": "Meter", "class": "bgm", "status": { "is": "listed" },
            "last-reviewed": "2026-11-01", "searched": "2026-11-01",
            "versions": [{
                "version": "1.2.3+0", "identity": "acme-meter 1.2.3+0", "since": "2026-10-01T00:00:00Z",
                "standing": "in-force", "fingerprint": fingerprint, "set": set, "open": [],
            }],
        }],
    })
}

fn put(folder: &Path, name: &str, content: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// A folder with a token and all that is needed to hold it against a list.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    put(folder.path(), "token.cbor", &token());
    put(folder.path(), "epl/list.json", list(7, "2026-11-23T11:00:00Z").to_string().as_bytes());
    put(folder.path(), "epl/endorsements/ACME.csv", format!("public-key\n{}\n", key()).as_bytes());
    folder
}

fn dtsec(folder: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dtsec"));
    command.current_dir(folder.path()).args(arguments).output().unwrap()
}

fn verify(folder: &TempDir, nonce: &str, at: &str) -> (Option<i32>, Value) {
    let arguments =
        ["--json", "attest", "verify", "token.cbor", "--list", "epl", "--nonce", nonce, "--at", at];
    let output = dtsec(folder, &arguments);
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default())
}

#[test]
fn a_token_is_listed_and_clean_and_people_are_told_what_that_means() {
    let folder = folder();
    let (status, verdict) = verify(&folder, &nonce(), THEN);
    assert_eq!(
        (status, &verdict["finding"], &verdict["tier"]),
        (Some(0), &json!("listed-and-clean"), &json!("affirming"))
    );
    assert_eq!(verdict["listed"]["version"], "1.2.3+0");
    let nonce = nonce();
    let arguments = ["attest", "verify", "token.cbor", "--list", "epl", "--nonce", &nonce, "--at", THEN];
    let text = String::from_utf8(dtsec(&folder, &arguments).stdout).unwrap();
    assert!(text.contains("Exactly a certified version runs"), "{text}");
    assert!(text.contains("list 7 as of 2026-11-22T11:00:00Z, fresh until 2026-11-23T11:00:00Z"), "{text}");
}

#[test]
fn every_other_verdict_is_no() {
    let folder = folder();
    let is = |finding: &str, (status, verdict): (Option<i32>, Value)| {
        assert_eq!((status, &verdict["finding"]), (Some(1), &json!(finding)), "{verdict}");
    };
    is("nonce-mismatch", verify(&folder, &"00".repeat(32), THEN));
    is("stale-list", verify(&folder, &nonce(), "2027-01-01T00:00:00Z"));
    let mut removed = list(8, "2026-11-23T11:00:00Z");
    removed["entries"][0]["status"] = json!({ "is": "removed", "since": THEN, "because": "vulnerability" });
    put(folder.path(), "epl/list.json", removed.to_string().as_bytes());
    is("removed", verify(&folder, &nonce(), THEN));
    put(folder.path(), "epl/list.json", list(9, "2026-11-23T11:00:00Z").to_string().as_bytes());
    assert_eq!(verify(&folder, &nonce(), THEN).0, Some(0), "the control");
    let id = dtsec_token::Token::parse(&token()).unwrap().instance_id.to_string();
    let revoked =
        json!([{ "revoked": { "is": "instance", "instance-id": id }, "since": THEN, "because": "stolen" }]);
    put(folder.path(), "epl/revocations.json", revoked.to_string().as_bytes());
    is("revoked-key", verify(&folder, &nonce(), THEN));
    std::fs::remove_dir_all(folder.path().join("epl/endorsements")).unwrap();
    is("not-endorsed", verify(&folder, &nonce(), THEN));
}

#[test]
fn a_folder_that_does_not_hold_together_gives_no_verdict() {
    let folder = folder();
    let mut odd = list(7, "2026-11-23T11:00:00Z");
    odd["entries"][0]["versions"][0]["fingerprint"] = "00".repeat(32).into();
    put(folder.path(), "epl/list.json", odd.to_string().as_bytes());
    assert_eq!(verify(&folder, &nonce(), THEN).0, Some(2));
    std::fs::remove_file(folder.path().join("epl/list.json")).unwrap();
    assert_eq!(verify(&folder, &nonce(), THEN).0, Some(2));
    let none = dtsec(&folder, &["attest", "verify", "token.cbor", "--list", "epl"]);
    assert_eq!(none.status.code(), Some(2), "a challenge is not optional");
}

#[test]
fn lines_that_are_wrong_are_named_and_the_others_count() {
    let folder = folder();
    put(folder.path(), "epl/endorsements/ACME.csv", format!("public-key\n04ab\n{}\n", key()).as_bytes());
    let nonce = nonce();
    let arguments = ["attest", "verify", "token.cbor", "--list", "epl", "--nonce", &nonce, "--at", THEN];
    let output = dtsec(&folder, &arguments);
    let warned = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && warned.contains("ACME.csv:2: public-key: 2 bytes"), "{warned}");
}

/// A service that runs; it is ended when it is dropped.
struct Service {
    child: Child,
    says: BufReader<ChildStdout>,
    warns: BufReader<ChildStderr>,
    address: String,
}

impl Service {
    fn start(folder: &TempDir, more: &[&str]) -> (Service, Value) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dtsec"));
        let arguments = ["--json", "verify-service", "--list", "epl", "--listen", "127.0.0.1:0"];
        command
            .current_dir(folder.path())
            .args(arguments)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let says = BufReader::new(child.stdout.take().unwrap());
        let warns = BufReader::new(child.stderr.take().unwrap());
        let mut service = Service { child, says, warns, address: String::new() };
        let said = service.said();
        service.address = said["address"].as_str().unwrap().trim_start_matches("http://").to_owned();
        (service, said)
    }

    /// The next line that it says.
    fn said(&mut self) -> Value {
        let mut line = String::new();
        self.says.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Status, head and body of the answer.
    fn ask(&self, request: &str, head: &str, body: &str) -> (u16, String, String) {
        self.ask_in("application/json", request, head, body)
    }

    fn ask_in(&self, media: &str, request: &str, head: &str, body: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {media}\r\n\
             Content-Length: {length}\r\n{head}\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_ascii_lowercase(), body.to_owned())
    }

    fn verify(&self, question: &Value) -> (u16, Value) {
        let (status, _, body) = self.ask("POST /verify", "", &question.to_string());
        (status, serde_json::from_str(&body).unwrap())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn question() -> Value {
    let nonce = hex::decode(nonce()).unwrap();
    json!({ "token": URL_SAFE_NO_PAD.encode(token()), "nonce": URL_SAFE_NO_PAD.encode(nonce) })
}

/// A list that is fresh for as long as this software is used.
fn fresh(serial: u64) -> Value {
    let mut list = list(serial, "2126-01-01T00:00:00Z");
    list["as-of"] = "2020-01-01T00:00:00Z".into();
    list
}

fn fresh_folder() -> TempDir {
    let folder = folder();
    put(folder.path(), "epl/list.json", fresh(7).to_string().as_bytes());
    folder
}

#[test]
fn the_service_gives_verdicts_with_signed_results() {
    let folder = fresh_folder();
    let (service, said) = Service::start(&folder, &[]);
    assert_eq!((&said["serial"], &said["entries"], &said["keys"]), (&json!(7), &json!(1), &json!(1)));
    let (status, answer) = service.verify(&question());
    assert_eq!((status, &answer["verdict"]["finding"]), (200, &json!("listed-and-clean")), "{answer}");
    let payload = answer["result"].as_str().unwrap().split('.').nth(1).unwrap();
    let result: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    assert_eq!(result["ear_status"], "affirming");
    let (status, head, body) =
        service.ask("POST /verify", "Accept: application/eat+jwt\r\n", &question().to_string());
    assert_eq!((status, body.split('.').count()), (200, 3));
    assert!(head.contains("content-type: application/eat+jwt") && head.contains("no-store"), "{head}");
    let (_, _, keys) = service.ask("GET /.well-known/jwks.json", "", "");
    assert_eq!(serde_json::from_str::<Value>(&keys).unwrap()["keys"][0]["crv"], "P-256");
    let (_, _, list) = service.ask("GET /list", "", "");
    assert_eq!(serde_json::from_str::<Value>(&list).unwrap()["freshness"], "fresh");
}

#[test]
fn its_challenges_are_known_to_every_replica_with_the_key_and_to_no_other() {
    let folder = fresh_folder();
    put(folder.path(), "key", "5a".repeat(32).as_bytes());
    let [one, other] = [
        Service::start(&folder, &["--challenge-key", "key"]).0,
        Service::start(&folder, &["--challenge-key", "key"]).0,
    ];
    let stranger = Service::start(&folder, &[]).0;
    let (_, head, body) = one.ask("GET /challenge", "", "");
    assert!(head.contains("no-store"), "{head}");
    let challenge = serde_json::from_str::<Value>(&body).unwrap()["challenge"].clone();
    assert_eq!(URL_SAFE_NO_PAD.decode(challenge.as_str().unwrap()).unwrap().len(), 64);
    // The token in the file answers another challenge: that this is what is found shows that the challenge was known.
    let question = json!({ "token": question()["token"], "challenge": challenge });
    for (service, finding) in
        [(&one, "nonce-mismatch"), (&other, "nonce-mismatch"), (&stranger, "challenge-not-ours")]
    {
        assert_eq!(service.verify(&question).1["verdict"]["finding"], finding);
    }
}

#[test]
fn a_request_that_asks_nothing_is_an_error_and_says_why() {
    let folder = fresh_folder();
    let (service, _) = Service::start(&folder, &[]);
    let good = question();
    assert_eq!(service.verify(&good).0, 200, "the control");
    for (change, status, says) in [
        (json!({ "nonce": null }), 400, "proves nothing of today"),
        (json!({ "challenge": "AAAA" }), 400, "give either"),
        (json!({ "token": "!" }), 400, "token: no base64url"),
        (json!({ "chain": "no certificates" }), 400, "chain: 0 certificates"),
        (json!({ "instance-id": "02" }), 422, "instance-id"),
        (json!({ "more": 1 }), 422, "more"),
        (json!({ "token": "A".repeat(100_000) }), 413, ""),
    ] {
        let mut question = good.clone();
        question.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (found, problem) = service.verify(&question);
        assert_eq!((found, &problem["status"]), (status, &json!(status)), "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{problem}");
    }
}

#[test]
fn a_new_list_takes_the_place_of_the_old_as_a_whole_and_a_broken_one_does_not() {
    let folder = fresh_folder();
    let (mut service, _) = Service::start(&folder, &[]);
    let finding = |service: &Service| service.verify(&question()).1["verdict"]["finding"].clone();
    assert_eq!(finding(&service), "listed-and-clean");
    let mut removed = fresh(8);
    removed["entries"][0]["status"] = json!({ "is": "removed", "since": THEN, "because": "vulnerability" });
    put(folder.path(), "epl/list.json", removed.to_string().as_bytes());
    assert_eq!(finding(&service), "listed-and-clean", "not before it is told");
    service.signal("-HUP");
    assert_eq!(service.said()["serial"], 8);
    assert_eq!(finding(&service), "removed");
    put(folder.path(), "epl/list.json", b"{");
    service.signal("-HUP");
    let mut warning = String::new();
    service.warns.read_line(&mut warning).unwrap();
    assert!(warning.contains("the list was not read again"), "{warning}");
    assert_eq!(finding(&service), "removed");
    put(folder.path(), "epl/list.json", fresh(9).to_string().as_bytes());
    service.signal("-HUP");
    assert_eq!(service.said()["serial"], 9);
    assert_eq!(finding(&service), "listed-and-clean");
    service.signal("-TERM");
    assert_eq!(service.child.wait().unwrap().code(), Some(0));
}

/// The page of `dtsec attest verify`, by the list in the folder.
fn paged(folder: &TempDir, nonce: &str, at: &str) -> (Option<i32>, String) {
    let list = ["attest", "verify", "token.cbor", "--list", "epl", "--nonce", nonce, "--at", at];
    let output = dtsec(folder, &[&list[..], &["--page", "verdict.html"]].concat());
    (output.status.code(), std::fs::read_to_string(folder.path().join("verdict.html")).unwrap())
}

#[test]
fn a_verdict_is_written_as_a_page_that_says_what_it_means() {
    let folder = folder();
    let (status, page) = paged(&folder, &nonce(), THEN);
    assert_eq!(status, Some(0));
    assert!(
        page.contains("A certified version runs on this device") && page.contains("<h1>Meter 1.2.3+0</h1>")
    );
    assert!(page.contains("By list 7 as of 2026-11-22 11:00 UTC, fresh until 2026-11-23 11:00 UTC."));
    let (status, page) = paged(&folder, &nonce(), "2027-01-01T00:00:00Z");
    assert!(status == Some(1) && page.contains("The list is out of date") && page.contains("as-of stale"));
    let put_list = |list: &Value| put(folder.path(), "epl/list.json", list.to_string().as_bytes());
    let mut removed = list(8, "2026-11-23T11:00:00Z");
    removed["entries"][0]["status"] = json!({ "is": "removed", "since": THEN, "because": "vulnerability" });
    put_list(&removed);
    let (status, page) = paged(&folder, &nonce(), THEN);
    assert!(status == Some(1) && page.contains("The product was taken off the list"));
    let mut unlisted = list(9, "2026-11-23T11:00:00Z");
    unlisted["entries"] = json!([]);
    put_list(&unlisted);
    let (status, page) = paged(&folder, &nonce(), THEN);
    assert!(status == Some(1) && page.contains("What runs on this device is not on the list"));
    let (status, page) = paged(&folder, &"00".repeat(32), THEN);
    assert!(status == Some(1) && page.contains("There is no verdict") && page.contains("nonce-mismatch"));
}

/// What a browser sends of the form.
fn posted(service: &Service, fields: &[(&str, &str)]) -> (u16, String, String) {
    let field = |(name, value): &(&str, &str)| {
        format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let body: String = fields.iter().map(field).chain(["--edge--\r\n".to_owned()]).collect();
    let head = "Accept: text/html,application/xhtml+xml;q=0.9\r\n";
    service.ask_in("multipart/form-data; boundary=edge", "POST /verify", head, &body)
}

#[test]
fn the_service_gives_people_a_form_and_answers_it_with_a_page() {
    let folder = fresh_folder();
    let (service, _) = Service::start(&folder, &[]);
    let (status, head, form) = service.ask("GET /", "", "");
    assert_eq!(status, 200);
    assert!(head.contains("content-type: text/html") && head.contains("no-store"), "{head}");
    let (_, rest) = form.split_once("name=\"challenge\" value=\"").unwrap();
    let challenge = rest.split('"').next().unwrap();
    let (token, nonce) = (hex::encode(token()), nonce());
    // Its own challenge is known, and this token answers another one.
    let (status, _, page) = posted(&service, &[("challenge", challenge), ("token", &token), ("nonce", "")]);
    assert!(status == 200 && page.contains("nonce-mismatch"), "{page}");
    let with_nonce = [("challenge", challenge), ("nonce", nonce.as_str()), ("token", token.as_str())];
    let (status, head, page) = posted(&service, &with_nonce);
    assert!(status == 200 && page.contains("A certified version runs on this device"), "{page}");
    assert!(head.contains("content-type: text/html") && head.contains("no-store"), "{head}");
    let base64 = URL_SAFE_NO_PAD.encode(hex::decode(&token).unwrap());
    let (status, _, page) = posted(&service, &[("nonce", nonce.as_str()), ("token", base64.as_str())]);
    assert!(status == 200 && page.contains("listed-and-clean"), "{page}");
    for (fields, says) in [
        (vec![("nonce", nonce.as_str())], "choose the device&#39;s token"),
        (vec![("nonce", "zz"), ("token", token.as_str())], "nonce: not hex"),
        (vec![("challenge", "!"), ("token", token.as_str())], "challenge: no base64url"),
        (vec![("nonce", nonce.as_str()), ("token", "!<b>")], "token: no base64url"),
        (vec![("nonce", nonce.as_str()), ("token", token.as_str()), ("file", "x")], "not both"),
    ] {
        let (status, head, page) = posted(&service, &fields);
        assert!(status == 400 && head.contains("text/html") && page.contains(says), "{says}: {page}");
    }
    // A browser that sends JSON gets a page as well; a program that does not ask for one gets none.
    let (_, head, _) = service.ask("POST /verify", "Accept: text/html\r\n", &question().to_string());
    assert!(head.contains("content-type: text/html"), "{head}");
    let (_, head, _) = service.ask("POST /verify", "Accept: */*\r\n", &question().to_string());
    assert!(head.contains("content-type: application/json"), "{head}");
}
