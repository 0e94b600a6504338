//! Verdicts by the published list, from outside: a copy that is kept, a tree that is followed, and a folder that nobody signed.

#[path = "../../programme/publish/tests/publish/desk.rs"]
mod desk;
#[path = "support/web.rs"]
mod web;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use desk::{Desk, event, part};
use serde_json::{Value, json};

/// A token of a virtual device, and the key that it gave.
const TOKEN: &str = include_str!("../../programme/token/tests/virtual-device.hex");

fn token() -> Vec<u8> {
    hex::decode(TOKEN.split_ascii_whitespace().nth(1).unwrap()).unwrap()
}

fn nonce() -> String {
    dtsec_token::Token::parse(&token()).unwrap().nonce.to_string()
}

/// The entry of the version that the device runs, for verifiers.
fn attestation(status: &Value) -> Value {
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
        "id": "E-1", "kind": { "is": "certified", "certificate": "C-1", "lab": "LAB-1" }, "developer": "ACME",
        "product": "Meter", "class": "bgm", "status": status, "last-reviewed": "2026-11-01", "searched": "2026-11-01",
        "versions": [{
            "version": "1.2.3+0", "identity": "acme-meter 1.2.3+0", "since": "2026-10-01T00:00:00Z",
            "standing": "in-force", "fingerprint": fingerprint, "set": set, "open": [],
        }],
    })
}

/// A publisher with the product on the list, and a verifier with a token.
struct World {
    desk: Desk,
    published: i64,
}

impl World {
    fn new() -> Self {
        let mut desk = Desk::new();
        let key = TOKEN.split_ascii_whitespace().next().unwrap();
        let batch = json!({ "manufacturer": "ACME", "keys": [{ "public-key": key }] });
        desk.content.parts.insert(part("endorsements/ACME.1"), batch);
        let mut world = Self { desk, published: 0 };
        world.put("root.json", &serde_json::to_vec(&world.desk.first).unwrap());
        world.put("token.cbor", &token());
        world.publishes(&json!({ "is": "listed" }));
        world
    }

    /// The product is what it is from now on.
    fn publishes(&mut self, status: &Value) {
        self.published += 1;
        let state = json!({ "product": "Meter", "attestation": attestation(status) });
        self.desk.content.parts.insert(part("entry/E-1"), state);
        self.desk.publish(&[event(self.published, "entry-changed", &["entry/E-1"])]).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.desk.folder.path().join(name)
    }

    fn put(&self, name: &str, content: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dtsec"));
        command.current_dir(self.desk.folder.path()).arg("--json").args(arguments);
        command
    }

    /// Status and answer.
    fn asks(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.command(arguments).output().unwrap();
        let value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
            panic!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        });
        (output.status.code().unwrap(), value)
    }

    fn verifies(&self, list: &[&str]) -> (i32, Value) {
        let nonce = nonce();
        let arguments = ["attest", "verify", "token.cbor", "--nonce", &nonce, "--list"];
        self.asks(&[&arguments[..], list].concat())
    }

    fn syncs(&self, copy: &str) -> (i32, Value) {
        self.asks(&["list", "sync", copy, "--from", "tree", "--root", "root.json"])
    }
}

fn copied(from: &Path, to: &Path) {
    if to.exists() {
        std::fs::remove_dir_all(to).unwrap();
    }
    assert!(Command::new("cp").arg("-RT").args([from, to]).status().unwrap().success());
}

fn removed() -> Value {
    json!({ "is": "removed", "since": "2026-11-22T10:00:00Z", "because": "vulnerability" })
}

#[test]
fn a_token_is_held_against_a_copy_that_is_kept() {
    let mut world = World::new();
    assert_eq!(world.syncs("copy").0, 0);
    let (status, verdict) = world.verifies(&["copy"]);
    assert_eq!((status, &verdict["finding"]), (0, &json!("listed-and-clean")), "{verdict:#}");
    assert_eq!((&verdict["manufacturer"], &verdict["list"]["serial"]), (&json!("ACME"), &json!(1)));
    assert_eq!(verdict["list-source"]["proven"], true);
    world.publishes(&removed());
    assert_eq!(world.verifies(&["copy"]).1["finding"], "listed-and-clean", "the copy is what it was");
    assert_eq!(world.syncs("copy").0, 0);
    let (status, verdict) = world.verifies(&["copy"]);
    assert_eq!((status, &verdict["finding"]), (1, &json!("removed")), "{verdict:#}");
}

#[test]
fn a_token_is_held_against_a_tree_that_is_followed_first_in_a_folder_and_on_a_web_server() {
    let world = World::new();
    let address = web::serve(&world.path("tree"));
    for place in ["tree", &address] {
        let (status, verdict) = world.verifies(&[place, "--root", "root.json"]);
        assert_eq!((status, &verdict["finding"]), (0, &json!("listed-and-clean")), "{verdict:#}");
        let source = &verdict["list-source"];
        assert_eq!((&source["proven"], &source["notices-rollback"]), (&json!(true), &json!(false)));
        assert!(source["says"].as_str().unwrap().contains("only be noticed with --keep"), "{source}");
        let (status, error) = world.verifies(&[place]);
        assert_eq!(status, 2);
        assert!(error["error"].as_str().unwrap().contains("--root FILE"), "{error}");
    }
    let (status, verdict) = world.verifies(&[&address, "--root", "root.json", "--keep", "kept"]);
    assert_eq!((status, &verdict["list-source"]["notices-rollback"]), (0, &json!(true)), "{verdict:#}");
    // Its copy has the root from now on, and is one like any other.
    assert_eq!(world.verifies(&[&address, "--keep", "kept"]).0, 0);
    assert_eq!(world.verifies(&["kept"]).0, 0);
}

#[test]
fn an_older_list_is_refused_by_name_where_a_copy_is_kept_and_believed_where_none_is() {
    let mut world = World::new();
    copied(&world.path("tree"), &world.path("older"));
    world.publishes(&removed());
    let kept = ["--root", "root.json", "--keep", "kept"];
    assert_eq!(world.verifies(&[&["tree"][..], &kept].concat()).1["finding"], "removed", "the control");
    let (status, refused) = world.verifies(&[&["older"][..], &kept].concat());
    assert_eq!((status, &refused["attack"]), (1, &json!("rollback")), "{refused:#}");
    assert!(refused.get("finding").is_none(), "there is no verdict by a list that is refused");
    assert_eq!(world.verifies(&["kept"]).1["finding"], "removed", "the copy stays what it was");
    let (_, verdict) = world.verifies(&["older", "--root", "root.json"]);
    assert_eq!(verdict["finding"], "listed-and-clean", "who keeps nothing cannot know");
}

#[test]
fn a_tree_of_somebody_else_gives_no_verdict() {
    let (world, other) = (World::new(), World::new());
    world.put("other.json", &serde_json::to_vec(&other.desk.first).unwrap());
    let (status, refused) = world.verifies(&["tree", "--root", "other.json"]);
    assert_eq!((status, &refused["attack"]), (1, &json!("signature")), "{refused:#}");
    assert_eq!(world.verifies(&["tree", "--root", "root.json"]).0, 0, "the control");
}

#[test]
fn a_plain_folder_gives_a_verdict_and_says_that_nothing_proves_who_made_it() {
    let world = World::new();
    let list = json!({
        "format": "dtsec-published-list/1", "serial": 7, "as-of": "2020-01-01T00:00:00Z",
        "fresh-until": "2126-01-01T00:00:00Z", "entries": [attestation(&json!({ "is": "listed" }))],
    });
    let key = TOKEN.split_ascii_whitespace().next().unwrap();
    world.put("plain/list.json", list.to_string().as_bytes());
    world.put("plain/endorsements/ACME.csv", format!("public-key\n{key}\n").as_bytes());
    let (status, verdict) = world.verifies(&["plain"]);
    assert_eq!((status, &verdict["list-source"]["proven"]), (0, &json!(false)), "{verdict:#}");
    let nonce = nonce();
    let mut people = Command::new(env!("CARGO_BIN_EXE_dtsec"));
    let arguments = ["attest", "verify", "token.cbor", "--nonce", &nonce, "--list", "plain"];
    let output = people.current_dir(world.desk.folder.path()).args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("NOTHING proves who made it"), "{text}");
    let (status, error) = world.verifies(&["plain", "--root", "root.json"]);
    assert_eq!(status, 2, "a root that would not be used is not overlooked: {error}");
}

#[test]
fn reference_values_are_taken_from_the_answer_of_the_device_before_one_and_from_no_other() {
    let world = World::new();
    let key = hex::decode(TOKEN.split_ascii_whitespace().next().unwrap()).unwrap();
    let mut point = [0; 64];
    point.copy_from_slice(&key[1..]);
    let pem = cdd_image::build::public_to_pem(&cdd_image::PublicKeyBytes::P256(point)).unwrap();
    world.put("key.pem", pem.as_bytes());
    let taken = |nonce: &str, key: &str| {
        let arguments = [
            "attest",
            "reference-values",
            "token.cbor",
            "--key",
            key,
            "--nonce",
            nonce,
            "--out",
            "values.json",
        ];
        world.asks(&arguments)
    };
    let (status, refused) = taken(&"00".repeat(32), "key.pem");
    assert_eq!((status, &refused["refused"]["name"]), (1, &json!("nonce")), "{refused:#}");
    assert_eq!(world.asks(&["image", "keygen", "--type", "ecdsa-p256", "--out", "other.pem"]).0, 0);
    let (status, refused) = taken(&nonce(), "other.pem");
    assert_eq!((status, &refused["refused"]["name"]), (1, &json!("key")), "{refused:#}");
    assert!(!world.path("values.json").exists());
    let (status, made) = taken(&nonce(), "key.pem");
    assert_eq!(status, 0, "{made:#}");
    let listed = attestation(&json!({ "is": "listed" }));
    assert_eq!(made["fingerprint"], listed["versions"][0]["fingerprint"]);
    let values: Value = serde_json::from_slice(&std::fs::read(world.path("values.json")).unwrap()).unwrap();
    assert_eq!(values["implementation_id"], listed["versions"][0]["set"]["implementation_id"]);
}

/// A service that runs; it is ended when it is dropped.
struct Service {
    child: Child,
    says: BufReader<ChildStdout>,
    warns: BufReader<ChildStderr>,
    address: String,
}

impl Service {
    fn start(world: &World, list: &[&str]) -> Self {
        let arguments = ["verify-service", "--listen", "127.0.0.1:0", "--list"];
        let mut command = world.command(&[&arguments[..], list].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let says = BufReader::new(child.stdout.take().unwrap());
        let warns = BufReader::new(child.stderr.take().unwrap());
        let mut service = Self { child, says, warns, address: String::new() };
        let said = service.said();
        service.address = said["address"].as_str().unwrap().trim_start_matches("http://").to_owned();
        service
    }

    fn said(&mut self) -> Value {
        let mut line = String::new();
        self.says.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| {
            let mut warned = String::new();
            self.warns.read_to_string(&mut warned).unwrap();
            panic!("it says `{line}`: {warned}")
        })
    }

    fn warned(&mut self) -> String {
        let mut line = String::new();
        self.warns.read_line(&mut line).unwrap();
        line
    }

    /// Has it look for a newer list, as it does by itself after some minutes.
    fn looks(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    }

    fn finding(&self) -> Value {
        let nonce = URL_SAFE_NO_PAD.encode(hex::decode(nonce()).unwrap());
        let body = json!({ "token": URL_SAFE_NO_PAD.encode(token()), "nonce": nonce }).to_string();
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "POST /verify HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str::<Value>(body).unwrap()["verdict"]["finding"].take()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn the_service_follows_the_list_and_goes_on_with_the_old_one_where_the_new_one_is_refused() {
    let mut world = World::new();
    copied(&world.path("tree"), &world.path("older"));
    let mut service = Service::start(&world, &["tree", "--root", "root.json", "--keep", "kept"]);
    assert_eq!(service.finding(), "listed-and-clean");
    world.publishes(&removed());
    assert_eq!(service.finding(), "listed-and-clean", "not before it has looked");
    service.looks();
    assert_eq!(service.said()["serial"], 2);
    assert_eq!(service.finding(), "removed");
    let newer = world.path("newer");
    copied(&world.path("tree"), &newer);
    copied(&world.path("older"), &world.path("tree"));
    service.looks();
    let warned = service.warned();
    assert!(warned.contains("rollback") && warned.contains("going on by list 2"), "{warned}");
    assert_eq!(service.finding(), "removed", "goes on with what it had");
    copied(&newer, &world.path("tree"));
    service.looks();
    assert_eq!(service.said()["serial"], 2, "the control: the genuine one is read again");
}

#[test]
fn the_service_does_not_begin_with_a_list_that_is_refused_unless_it_has_a_copy() {
    let mut world = World::new();
    copied(&world.path("tree"), &world.path("older"));
    world.publishes(&removed());
    let other = World::new();
    world.put("other.json", &serde_json::to_vec(&other.desk.first).unwrap());
    let arguments = ["verify-service", "--listen", "127.0.0.1:0", "--list", "tree", "--root", "other.json"];
    let (status, refused) = world.asks(&arguments);
    assert_eq!((status, &refused["attack"]), (1, &json!("signature")), "{refused:#}");
    assert_eq!(world.verifies(&["tree", "--root", "root.json", "--keep", "kept"]).0, 1);
    let mut service = Service::start(&world, &["older", "--keep", "kept"]);
    assert!(service.warned().contains("rollback"));
    assert_eq!(service.finding(), "removed");
}
