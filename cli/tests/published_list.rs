//! The published list by its commands: the ceremony, publications from a registry, copies that follow, lists that lie, and keys that
//! are lost.

#[path = "support/web.rs"]
mod web;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use dtsec_publish::publisher::object_path;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with everything in it.
struct World {
    folder: TempDir,
}

const PLACE: [&str; 4] = ["--tree", "tree", "--log", "log.json"];

const ONLINE: [&str; 8] = [
    "--snapshot-key",
    "snapshot.pem",
    "--timestamp-key",
    "timestamp.pem",
    "--log-key",
    "log.pem",
    "--witness",
    "witness.pem:witness.state",
];

impl World {
    /// Everybody has a key, and the first root is in the tree.
    fn after_the_ceremony() -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        for name in ["root-1", "root-2", "root-3", "member-1", "member-2", "snapshot", "timestamp"] {
            world.key(name, &[]);
        }
        let log = world.key("log", &["--log", "list.example"]);
        let witness = world.key("witness", &["--witness", "witness.example"]);
        let policy = json!({ "log": log, "witnesses": [witness], "quorum": 1 });
        std::fs::write(world.path("log.json"), policy.to_string()).unwrap();
        world.root("root.json", &["root-1", "root-2"], &["member-1", "member-2"], &[]);
        let install = [&["publish", "root", "install", "root.json"][..], &PLACE].concat();
        assert_eq!(world.asks(&install).0, 1, "nobody has signed it");
        world.sign_root("root.json", &["root-1", "root-2"]);
        world.done(&["publish", "root", "check", "root.json"]);
        world.done(&install);
        world
    }

    /// The same, with a registry of which everything is published.
    fn published() -> Self {
        let world = Self::after_the_ceremony();
        world.registry("data");
        world.stages(&["--key", "member-1.pem"]);
        world.signs("member-2");
        world.releases();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dtsec"));
        command.current_dir(self.folder.path()).env_remove("DTSEC_DATABASE");
        command
    }

    /// Status and answer.
    fn asks(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.command().arg("--json").args(arguments).output().unwrap();
        let value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
            panic!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        });
        (output.status.code().unwrap(), value)
    }

    fn done(&self, arguments: &[&str]) -> Value {
        let (status, value) = self.asks(arguments);
        assert_eq!(status, 0, "{arguments:?}: {value:#}");
        value
    }

    /// What people are told.
    fn told(&self, arguments: &[&str]) -> String {
        let output = self.command().args(arguments).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    }

    /// Makes a key, and gives its public half.
    fn key(&self, name: &str, more: &[&str]) -> String {
        let out = format!("{name}.pem");
        let made = self.done(&[&["publish", "keygen", "--out", &out], more].concat());
        let public = made["public-key"].as_str().unwrap().to_owned();
        std::fs::write(self.path(&format!("{name}.pub")), &public).unwrap();
        public
    }

    fn public(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap()
    }

    /// Writes a root down.
    fn root(&self, out: &str, roots: &[&str], members: &[&str], more: &[&str]) -> Value {
        let (snapshot, timestamp) = (self.public("snapshot"), self.public("timestamp"));
        let held = |option: &'static str, names: &[&str]| -> Vec<String> {
            names.iter().flat_map(|name| [option.to_owned(), self.public(name)]).collect()
        };
        let (roots, members) = (held("--root", roots), held("--targets", members));
        let mut arguments = vec!["publish", "root", "new", "--out", out, "--snapshot", &snapshot];
        arguments.extend(["--timestamp", &timestamp]);
        arguments.extend(roots.iter().chain(&members).map(String::as_str));
        arguments.extend(more);
        self.done(&arguments)
    }

    fn sign_root(&self, root: &str, names: &[&str]) {
        for name in names {
            self.done(&["publish", "root", "sign", root, "--key", &format!("{name}.pem")]);
        }
    }

    /// A registry in which a good deal has happened.
    fn registry(&self, data: &str) {
        let mut command = self.command();
        command.args(["--json", "serve", "--demo", "--listen", "127.0.0.1:0", "--data", data]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(line.contains("address"), "{line}");
    }

    fn stages(&self, more: &[&str]) -> Value {
        self.done(&[&["publish", "stage", "--data", "data"][..], &PLACE, more].concat())
    }

    fn signs(&self, member: &str) -> Value {
        let key = format!("{member}.pem");
        self.done(&[&["publish", "sign", "--key", &key][..], &PLACE].concat())
    }

    fn release(&self) -> (i32, Value) {
        self.asks(&[&["publish", "release"][..], &PLACE, &ONLINE].concat())
    }

    fn releases(&self) -> Value {
        let (status, value) = self.release();
        assert_eq!(status, 0, "{value:#}");
        value
    }

    fn refreshes(&self) -> Value {
        self.done(&[&["publish", "refresh"][..], &PLACE, &ONLINE].concat())
    }

    /// Has a copy follow a tree.
    fn syncs(&self, copy: &str, from: &str) -> (i32, Value) {
        self.asks(&["list", "sync", copy, "--from", from, "--root", "root.json"])
    }

    fn put_away(&self, name: &str) {
        std::fs::rename(self.path(name), self.path("away")).unwrap();
    }

    fn put_back(&self, name: &str) {
        std::fs::rename(self.path("away"), self.path(name)).unwrap();
    }

    /// A copy of the tree as it is now.
    fn keeps(&self, name: &str) {
        copied(&self.path("tree"), &self.path(name));
    }

    /// An entry that is on the list.
    fn entry(&self, copy: &str) -> String {
        let shown = self.done(&["list", "show", copy]);
        let parts = shown["parts"].as_array().unwrap().iter();
        let mut entries = parts.filter_map(Value::as_str).filter(|name| name.starts_with("entry/"));
        entries.next().expect("the registry has listed products").to_owned()
    }
}

fn copied(from: &Path, to: &Path) {
    if to.exists() {
        std::fs::remove_dir_all(to).unwrap();
    }
    assert!(Command::new("cp").arg("-RT").args([from, to]).status().unwrap().success());
}

#[test]
fn a_registry_is_published_and_followed_in_a_folder_and_on_a_web_server() {
    let world = World::after_the_ceremony();
    world.registry("data");
    let staged = world.stages(&["--key", "member-1.pem"]);
    assert_eq!(staged["staged"]["signed"], json!([1, 2]));
    let (status, refused) = world.release();
    assert_eq!(status, 1, "one member is not enough: {refused:#}");
    assert!(refused["refused"].as_str().unwrap().contains("1 of the 2 signatures"), "{refused}");
    assert!(!world.path("tree/metadata/timestamp.json").exists(), "nobody sees what is only staged");
    let review = world.done(&[&["publish", "sign"][..], &PLACE].concat());
    assert!(review["changed"].as_array().is_some_and(|parts| !parts.is_empty()), "{review:#}");
    assert_eq!(review["signed"], json!([1, 2]), "who only looks does not sign");
    assert_eq!(world.signs("member-2")["signed"], json!([2, 2]));
    let released = world.releases();
    assert_eq!(released["version"], 1);

    let address = web::serve(&world.path("tree"));
    for (copy, from) in [("copy", "tree"), ("fetched", address.as_str())] {
        let (status, synced) = world.syncs(copy, from);
        assert_eq!((status, &synced["version"]), (0, &json!(1)), "{synced:#}");
        assert_eq!(synced["parts"], released["parts"]);
        assert_eq!(world.done(&["list", "check", copy])["log-size"], released["log-size"]);
    }
    let entry = world.entry("copy");
    // People find the product by its page, in the tree and in a copy of it.
    let id = entry.strip_prefix("entry/").unwrap();
    for place in ["tree", "copy", "fetched"] {
        let page = |path: &str| std::fs::read_to_string(world.path(place).join(path)).unwrap();
        let part: Value = serde_json::from_str(&page(&format!("parts/{entry}.json"))).unwrap();
        let product = part["product"].as_str().unwrap();
        for path in ["index.html", &format!("entries/{id}.html"), "changes.atom"] {
            assert!(page(path).contains(product), "{place}/{path} does not name {product}");
        }
        assert!(page("list.json").contains(&format!("\"{id}\"")), "{place}");
    }
    let shown = world.done(&["list", "show", "copy", &entry]);
    assert!(!shown["history"].as_array().unwrap().is_empty(), "{shown:#}");
    assert_eq!(shown["list"]["stale"], false);
    let people = world.told(&["list", "show", "copy", &entry]);
    assert!(people.contains("of the log, proven by") && people.contains("fresh until"), "{people}");
    let (status, nothing) = world.asks(&["list", "show", "copy", "entry/nobody"]);
    assert_eq!((status, &nothing["state"]), (1, &Value::Null));

    // Nothing has happened since: nothing changes, and it stays fresh.
    world.refreshes();
    let (status, again) = world.syncs("copy", "tree");
    assert_eq!((status, &again["leaves"]), (0, &json!([])), "{again:#}");
    let same = world.done(&["list", "diff", "fetched", "copy"]);
    assert_eq!((&same["added"], &same["leaves"]), (&json!([]), &json!([])), "{same:#}");
}

#[test]
fn an_old_timestamp_that_is_put_back_is_a_rollback() {
    let world = World::published();
    let timestamp = world.path("tree/metadata/timestamp.json");
    let old = std::fs::read(&timestamp).unwrap();
    world.refreshes();
    assert_eq!(world.syncs("copy", "tree").0, 0);
    let new = std::fs::read(&timestamp).unwrap();
    std::fs::write(&timestamp, old).unwrap();
    let (status, refused) = world.syncs("copy", "tree");
    assert_eq!((status, &refused["attack"]), (1, &json!("rollback")), "{refused:#}");
    std::fs::write(&timestamp, new).unwrap();
    assert_eq!(world.syncs("copy", "tree").0, 0, "the control");
}

#[test]
fn a_list_that_nobody_renews_is_frozen_and_a_copy_of_it_stale() {
    let world = World::published();
    assert_eq!(world.syncs("copy", "tree").0, 0);
    let clock = dtsec_scratch::Clock::new();
    let later = |arguments: &[&str]| {
        let mut command = world.command();
        clock.put(&mut command, 2);
        let output = command.arg("--json").args(arguments).output().unwrap();
        (output.status.code().unwrap(), serde_json::from_slice::<Value>(&output.stdout).unwrap())
    };
    let sync = ["list", "sync", "copy", "--from", "tree"];
    let (status, refused) = later(&sync);
    assert_eq!((status, &refused["attack"]), (1, &json!("freeze")), "{refused:#}");
    let (status, checked) = later(&["list", "check", "copy"]);
    assert_eq!((status, &checked["list"]["stale"]), (1, &json!(true)), "{checked:#}");
    assert_eq!(world.asks(&["list", "check", "copy"]).0, 0, "the control: today it is fresh");
    let refresh = [&["publish", "refresh"][..], &PLACE, &ONLINE].concat();
    assert_eq!(later(&refresh).0, 0);
    assert_eq!(later(&sync).0, 0, "the control: renewed, it is followed");
    assert_eq!(later(&["list", "check", "copy"]).0, 0);
}

#[test]
fn a_part_that_is_changed_is_refused_wherever_it_lies() {
    let world = World::published();
    assert_eq!(world.syncs("copy", "tree").0, 0);
    let entry = world.entry("copy");
    let manifest = std::fs::read(world.path("copy/.mirror/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let digest = manifest["parts"][&entry].as_str().unwrap();
    let changed = |place: &Path| {
        let text = std::fs::read_to_string(place).unwrap();
        std::fs::write(place, text.replacen("listed", "LISTED", 1).replacen('a', "b", 1)).unwrap();
    };
    world.keeps("changed");
    changed(&world.path("changed").join(object_path(digest)));
    let (status, refused) = world.syncs("fresh", "changed");
    assert_eq!((status, &refused["attack"]), (1, &json!("damage")), "{refused:#}");
    assert!(refused["refused"].as_str().unwrap().contains("not the file that was signed"), "{refused}");
    assert_eq!(world.syncs("fresh", "tree").0, 0, "the control");

    // In the copy itself its own check finds it.
    world.done(&["list", "check", "copy"]);
    changed(&world.path(&format!("copy/parts/{entry}.json")));
    let (status, refused) = world.asks(&["list", "check", "copy"]);
    assert_eq!((status, &refused["attack"]), (1, &json!("damage")), "{refused:#}");
}

#[test]
fn a_publisher_who_shows_two_lists_is_found_by_who_saw_the_other_one() {
    let world = World::published();
    assert_eq!(world.syncs("copy", "tree").0, 0);
    // Everything is done anew with the same keys, over a registry of which another past is told.
    for name in ["tree", "data"] {
        std::fs::rename(world.path(name), world.path(&format!("first-{name}"))).unwrap();
    }
    std::fs::remove_file(world.path("witness.state")).unwrap();
    world.done(&[&["publish", "root", "install", "root.json"][..], &PLACE].concat());
    world.registry("data");
    world.stages(&["--key", "member-1.pem", "--key", "member-2.pem"]);
    world.releases();
    // A version more than the copy has seen, or it would be a rollback already.
    world.refreshes();
    let (status, refused) = world.syncs("copy", "tree");
    assert_eq!((status, &refused["attack"]), (1, &json!("split-view")), "{refused:#}");
    assert_eq!(world.syncs("stranger", "tree").0, 0, "who sees one past only cannot know");
    let (status, refused) = world.asks(&["list", "diff", "copy", "stranger"]);
    assert_eq!((status, &refused["attack"]), (1, &json!("split-view")), "{refused:#}");
    assert_eq!(world.syncs("copy", "first-tree").0, 0, "the control: the one that was seen");
}

#[test]
fn a_copy_without_a_root_and_a_list_that_cannot_be_had_are_no_attacks() {
    let world = World::published();
    let (status, error) = world.asks(&["list", "sync", "copy", "--from", "tree"]);
    assert_eq!(status, 2);
    assert!(error["error"].as_str().unwrap().contains("--root"), "{error}");
    let (status, error) = world.asks(&["list", "check", "copy"]);
    assert_eq!(status, 2, "{error}");
    assert_eq!(world.asks(&["list", "sync", "copy", "--from", "nowhere", "--root", "root.json"]).0, 2);
    let nobody = "http://127.0.0.1:1";
    let (status, error) = world.syncs("copy", nobody);
    assert_eq!(status, 2, "a list that could not be had is none that is not to be believed: {error:#}");
    world.put_away("tree/metadata/timestamp.json");
    let (status, error) = world.syncs("copy", "tree");
    assert_eq!(status, 2, "{error:#}");
    assert!(error["error"].as_str().unwrap().contains("no list is published there"), "{error}");
    world.put_back("tree/metadata/timestamp.json");
    assert_eq!(world.syncs("copy", "tree").0, 0, "the control");
}

#[test]
fn a_key_of_a_member_that_was_lost_is_replaced_and_followers_go_along() {
    let world = World::published();
    assert_eq!(world.syncs("copy", "tree").0, 0);
    world.key("member-3", &[]);
    let next = world.root(
        "root-2.json",
        &["root-1", "root-2"],
        &["member-1", "member-3"],
        &["--after", "root.json"],
    );
    assert_eq!(next["version"], 2);
    world.sign_root("root-2.json", &["root-1"]);
    let check = ["publish", "root", "check", "root-2.json", "--after", "root.json"];
    assert_eq!(world.asks(&check).0, 1, "one holder is not enough");
    world.sign_root("root-2.json", &["root-2"]);
    world.done(&check);
    world.done(&[&["publish", "root", "install", "root-2.json"][..], &PLACE].concat());

    // What the lost key signs does not count any more; the new one's signature does.
    world.stages(&["--key", "member-1.pem"]);
    let lost = [&["publish", "sign", "--key", "member-2.pem"][..], &PLACE].concat();
    assert_eq!(world.asks(&lost).0, 1, "the key that was lost");
    assert_eq!(world.signs("member-3")["signed"], json!([2, 2]));
    world.releases();
    let (status, synced) = world.syncs("copy", "tree");
    assert_eq!((status, &synced["version"]), (0, &json!(2)), "{synced:#}");
    assert_eq!(world.syncs("stranger", "tree").0, 0, "who begins with the first root comes to the second");
}

#[test]
fn a_key_of_the_root_that_was_lost_is_replaced_by_the_holders_of_the_others() {
    let world = World::published();
    assert_eq!(world.syncs("copy", "tree").0, 0);
    world.key("root-4", &[]);
    let members = ["member-1", "member-2"];
    world.root("root-2.json", &["root-1", "root-4"], &members, &["--after", "root.json"]);
    // By the new holders alone it does not follow the first: two of the old ones have to sign as well.
    world.sign_root("root-2.json", &["root-1", "root-4"]);
    let check = ["publish", "root", "check", "root-2.json", "--after", "root.json"];
    let (status, missing) = world.asks(&check);
    assert_eq!((status, &missing["whole"]), (1, &json!(false)), "{missing:#}");
    world.sign_root("root-2.json", &["root-2"]);
    world.done(&check);
    world.done(&[&["publish", "root", "install", "root-2.json"][..], &PLACE].concat());
    world.refreshes();
    assert_eq!(world.syncs("copy", "tree").0, 0);
}

#[test]
fn nothing_is_overwritten_and_nothing_is_released_twice() {
    let world = World::published();
    let (status, error) = world.asks(&["publish", "keygen", "--out", "root-1.pem"]);
    assert_eq!(status, 2);
    assert!(error["error"].as_str().unwrap().contains("never overwritten"), "{error}");
    let (status, refused) = world.release();
    assert_eq!(status, 1, "{refused:#}");
    assert!(refused["refused"].as_str().unwrap().contains("nothing is staged"), "{refused}");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(world.path("log.pem")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
}
