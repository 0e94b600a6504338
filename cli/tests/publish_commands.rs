//! `dtsec publish`: whose keys count as parts of the list, and witnesses that others run.

mod support;

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use support::{asked, done};
use tempfile::TempDir;

/// Points of the curve: once, twice and three times its generator.
const KEYS: [&str; 3] = [
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
     4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    "047cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978\
     07775510db8ed040293d9ac69f7430dbba7dade63ce982299e04b79d227873d1",
    "045ecbe4d1a6330a44c8f7ef951d4bf165e6c6b721efada985fb41661bc6e7fd6c\
     8734640c4998ff7e374b06ce1a64a2ecd82ab036384fb83d9a79b127a27d5032",
];

/// A folder with a tree after its ceremony, and all keys.
struct Desk {
    folder: TempDir,
    log: String,
}

impl Desk {
    /// Whose log needs so many of these witnesses.
    fn new(witnesses: &[&str], quorum: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = |name: &str, more: &[&str]| {
            let made = done(&folder, &[&["publish", "keygen", "--out", name], more].concat());
            made["public-key"].as_str().unwrap().to_owned()
        };
        let of = |name| key(name, &[]);
        let (root, members) = ([of("root-1"), of("root-2")], [of("member-1"), of("member-2")]);
        let (snapshot, timestamp) = (of("snapshot"), of("timestamp"));
        let log = key("log", &["--log", "list.example"]);
        let witnesses: Vec<String> = witnesses.iter().map(|name| key(name, &["--witness", name])).collect();
        let policy = json!({ "log": log, "witnesses": witnesses, "quorum": quorum });
        std::fs::write(folder.path().join("log.json"), policy.to_string()).unwrap();
        let ceremony =
            ["publish", "root", "new", "--out", "root.json", "--root", &root[0], "--root", &root[1]];
        let holders = ["--targets", &members[0], "--targets", &members[1]];
        done(
            &folder,
            &[&ceremony[..], &holders, &["--snapshot", &snapshot, "--timestamp", &timestamp]].concat(),
        );
        for key in ["root-1", "root-2"] {
            done(&folder, &["publish", "root", "sign", "root.json", "--key", key]);
        }
        done(&folder, &["publish", "root", "install", "root.json", "--tree", "tree", "--log", "log.json"]);
        // An empty registry, as a server makes it at its first start.
        let mut command = Command::new(env!("CARGO_BIN_EXE_dtsec"));
        command.current_dir(folder.path()).args(["--json", "serve", "--listen", "127.0.0.1:0"]);
        let mut server = command.args(["--data", "data"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("address"), "{line}");
        server.kill().unwrap();
        server.wait().unwrap();
        Self { folder, log }
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Stages, signed by both members.
    fn stage(&self, more: &[&str]) -> (i32, Value) {
        let stage = ["publish", "stage", "--tree", "tree", "--log", "log.json", "--data", "data"];
        asked(&self.folder, &[&stage[..], &["--key", "member-1", "--key", "member-2"], more].concat())
    }

    fn release(&self, more: &[&str]) -> (i32, Value) {
        let release = ["publish", "release", "--tree", "tree", "--log", "log.json"];
        let keys = ["--snapshot-key", "snapshot", "--timestamp-key", "timestamp", "--log-key", "log"];
        asked(&self.folder, &[&release[..], &keys, more].concat())
    }

    fn copy(&self, from: &str, to: &str) {
        let (from, to) = (self.folder.path().join(from), self.folder.path().join(to));
        let _ = std::fs::remove_dir_all(&to);
        assert!(Command::new("cp").arg("-RT").args([from, to]).status().unwrap().success());
    }

    /// A published part.
    fn part(&self, name: &str) -> Value {
        let path = self.folder.path().join(format!("tree/parts/{name}.json"));
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }
}

/// `dtsec publish witness serve`, until it is dropped.
struct Witness {
    child: Child,
    address: String,
    seen: u64,
}

impl Witness {
    fn start(desk: &Desk, name: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dtsec"));
        let serve =
            ["--json", "publish", "witness", "serve", "--listen", "127.0.0.1:0", "--key", name, "--name"];
        command.current_dir(desk.folder.path()).args(serve).arg(name);
        command.args(["--log", &desk.log, "--state", &format!("{name}.state")]).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let address = said["address"].as_str().unwrap().to_owned();
        Self { child, address, seen: said["seen"].as_u64().unwrap() }
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Something that answers every request so.
fn answering(body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            // A submission ends with the newline of its last signature.
            let mut byte = [0; 4096];
            while !request.ends_with(b"=\n") {
                match stream.read(&mut byte) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => request.extend_from_slice(&byte[..read]),
                }
            }
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
            );
        }
    });
    address
}

/// An address where every connection ends at once.
fn down() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || listener.incoming().for_each(drop));
    address
}

#[test]
fn endorsements_are_published_as_parts_and_only_what_is_new_changes() {
    let desk = Desk::new(&[], 0);
    desk.put("keys/endorsements/ACME.csv", &format!("public-key\n{}\n", KEYS[0]));
    let (status, staged) = desk.stage(&["--endorse", "keys"]);
    assert_eq!(status, 0, "{staged:#}");
    assert_eq!(staged["staged"]["changed"], json!(["endorsements/ACME.1"]));
    assert_eq!(staged["endorsed"]["new-keys"], 1);
    assert_eq!(desk.release(&[]).0, 0);
    assert_eq!(
        desk.part("endorsements/ACME.1"),
        json!({ "manufacturer": "ACME", "keys": [{ "public-key": KEYS[0] }] })
    );
    // The next file has new keys only; what is published stays.
    desk.put("keys/endorsements/ACME.csv", &format!("public-key\n{}\n", KEYS[1]));
    let instance = format!("01{}", "ab".repeat(32));
    let revoked = json!([{ "revoked": { "is": "instance", "instance-id": instance },
        "since": "2026-11-01T00:00:00Z", "because": "stolen" }]);
    desk.put("keys/revocations.json", &revoked.to_string());
    let (status, staged) = desk.stage(&["--endorse", "keys"]);
    assert_eq!(status, 0, "{staged:#}");
    assert_eq!(staged["staged"]["changed"], json!(["endorsements/ACME.1", "endorsements/revocations.1"]));
    assert_eq!(
        (&staged["endorsed"]["new-keys"], &staged["endorsed"]["new-revocations"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(desk.release(&[]).0, 0);
    assert_eq!(desk.part("endorsements/ACME.1")["keys"].as_array().unwrap().len(), 2);
    assert_eq!(desk.part("endorsements/revocations.1")["revocations"], revoked);
    let (_, staged) = desk.stage(&["--endorse", "keys"]);
    assert_eq!(staged["staged"]["changed"], json!([]), "nothing is new");
}

#[test]
fn a_line_that_is_refused_keeps_all_from_being_published_unless_it_is_to_be_left_out() {
    let desk = Desk::new(&[], 0);
    let instance = format!("01{}", "ab".repeat(32));
    desk.put("keys/endorsements/ACME.csv", &format!("instance-id,public-key\n{instance},{}\n", KEYS[0]));
    assert_eq!(desk.stage(&["--endorse", "keys"]).0, 0, "the control");
    assert_eq!(desk.release(&[]).0, 0);
    // Somebody else's key for an instance that has one, and one that is none.
    let file = format!("instance-id,public-key\n{instance},{}\n,{}\n,0405\n", KEYS[1], KEYS[2]);
    desk.put("more/endorsements/other.csv", &file);
    let (status, refused) = desk.stage(&["--endorse", "more"]);
    assert_eq!(status, 1, "{refused:#}");
    assert_eq!(refused["refused"][0]["line"], 2);
    assert!(refused["refused"][0]["why"].as_str().unwrap().contains("another key by ACME"), "{refused:#}");
    assert_eq!(refused["refused"][1]["line"], 4);
    assert_eq!(desk.release(&[]).0, 1, "nothing is staged");
    let (status, staged) = desk.stage(&["--endorse", "more", "--skip-refused"]);
    assert_eq!((status, &staged["endorsed"]["new-keys"]), (0, &json!(1)), "{staged:#}");
    assert_eq!(staged["endorsed"]["refused"].as_array().unwrap().len(), 2);
    assert_eq!(staged["staged"]["changed"], json!(["endorsements/other.1"]));
    let (status, error) = desk.stage(&["--endorse", "nowhere"]);
    assert_eq!(status, 2, "a folder that is not there is a wrong call: {error:#}");
}

#[test]
fn a_list_is_released_with_enough_witnesses_elsewhere_although_one_lies_and_one_is_down() {
    let desk = Desk::new(&["one.example", "two.example", "three.example"], 2);
    let [one, two] = ["one.example", "two.example"].map(|name| Witness::start(&desk, name));
    desk.put("keys/endorsements/ACME.csv", &format!("public-key\n{}\n", KEYS[0]));
    assert_eq!(desk.stage(&["--endorse", "keys"]).0, 0);
    // What the third one once signed of another log.
    let liar = answering(format!("\u{2014} three.example {}\n", liars_signature(&desk)));
    let down = down();
    let (status, refused) =
        desk.release(&["--witness-url", &one.address, "--witness-url", &liar, "--witness-url", &down]);
    assert_eq!(status, 1, "{refused:#}");
    let why = refused["refused"].as_str().unwrap();
    assert!(why.contains("1 of the 2 witnesses"), "{why}");
    assert!(why.contains("signature of three.example does not verify"), "{why}");
    assert!(why.contains(&down), "{why}");
    assert!(!desk.folder.path().join("tree/checkpoint").exists(), "nobody sees it");
    let all = [&liar, &one.address, &down, &two.address];
    let all: Vec<&str> = all.iter().flat_map(|url| ["--witness-url", url]).collect();
    let (status, released) = desk.release(&all);
    assert_eq!((status, &released["log-size"]), (0, &json!(1)), "{released:#}");
    let checkpoint = std::fs::read_to_string(desk.folder.path().join("tree/checkpoint")).unwrap();
    assert!(checkpoint.contains("one.example") && checkpoint.contains("two.example"), "{checkpoint}");
    assert!(!checkpoint.contains("three.example"), "{checkpoint}");
    drop((one, two));
    let again = Witness::start(&desk, "one.example");
    assert_eq!(again.seen, 1, "it remembers");
}

/// A cosignature that is well-formed, has the right key's ID, and is of something else: 4 + 8 + 64 bytes.
fn liars_signature(desk: &Desk) -> String {
    use base64::Engine as _;
    let policy: Value =
        serde_json::from_slice(&std::fs::read(desk.folder.path().join("log.json")).unwrap()).unwrap();
    let id = policy["witnesses"][2].as_str().unwrap().split('+').nth(1).unwrap().to_owned();
    let id = u32::from_str_radix(&id, 16).unwrap().to_be_bytes();
    base64::engine::general_purpose::STANDARD.encode([&id[..], &[7; 72]].concat())
}

#[test]
fn a_publisher_whose_tree_was_set_back_finds_no_witness_for_another_past() {
    let desk = Desk::new(&["one.example"], 1);
    let witness = Witness::start(&desk, "one.example");
    let by = ["--witness-url", &witness.address];
    let publish = |key: &str| {
        desk.put("keys/endorsements/ACME.csv", &format!("public-key\n{key}\n"));
        assert_eq!(desk.stage(&["--endorse", "keys"]).0, 0);
        desk.release(&by)
    };
    assert_eq!(publish(KEYS[0]).0, 0);
    desk.copy("tree", "backup");
    assert_eq!(publish(KEYS[1]).0, 0);
    desk.copy("tree", "honest");
    // From a backup: another second entry than the one that was seen.
    desk.copy("backup", "tree");
    let (status, refused) = publish(KEYS[2]);
    assert_eq!(status, 1, "{refused:#}");
    assert!(refused["refused"].as_str().unwrap().contains("another log with 2 entries"), "{refused:#}");
    desk.copy("honest", "tree");
    let (status, released) = publish(KEYS[2]);
    assert_eq!((status, &released["log-size"]), (0, &json!(3)), "the control: {released:#}");
}

#[test]
fn a_list_is_not_published_from_a_registry_that_is_not_there() {
    let desk = Desk::new(&[], 0);
    std::fs::rename(desk.folder.path().join("data"), desk.folder.path().join("elsewhere")).unwrap();
    let (status, error) = desk.stage(&[]);
    assert_eq!(status, 2, "{error:#}");
    assert!(error["error"].as_str().unwrap().contains("--data"), "{error:#}");
    assert!(!desk.folder.path().join("data").exists(), "and none is made");
    std::fs::rename(desk.folder.path().join("elsewhere"), desk.folder.path().join("data")).unwrap();
    assert_eq!(desk.stage(&[]).0, 0, "the control");
}
