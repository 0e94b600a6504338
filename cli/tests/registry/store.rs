//! Backups by `dtsec store`: whole or not there, taken while the server works, restored into either database.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::papers::*;
use crate::place::{Place, on_both};
use crate::server::{asked, called, done, dtsec};
use crate::world::World;

on_both! {
    a_backup_of_a_server_at_work_is_restored_into_either_database_and_goes_on
    a_damaged_backup_is_refused_before_anything_is_made
    nothing_is_restored_over_something
    documents_are_sealed_under_a_new_key_and_open_with_it_only
}

fn store(place: &Place, arguments: &[&str]) -> (i32, Value) {
    let of = place.arguments();
    let of: Vec<&str> = of.iter().map(String::as_str).collect();
    asked(&[&["store"], arguments, &of].concat(), "")
}

fn stored(place: &Place, arguments: &[&str]) -> Value {
    let (status, value) = store(place, arguments);
    assert_eq!(status, 0, "{arguments:?}: {value:#}");
    value
}

fn fails(place: &Place, arguments: &[&str], said: &str) {
    let (status, value) = store(place, arguments);
    assert_eq!(status, 2, "{arguments:?}: {value:#}");
    assert!(value["error"].as_str().unwrap().contains(said), "{arguments:?}: {value:#}");
}

/// Puts the key of one place where the other looks for it.
fn share_key(from: &Place, to: &Place) {
    let key = |place: &Place| place.folder.path().join("data/documents.key");
    std::fs::create_dir_all(key(to).parent().unwrap()).unwrap();
    std::fs::copy(key(from), key(to)).unwrap();
}

fn kept(place: &Place) -> bool {
    place.folder.path().join("data").exists()
}

fn backed_up(world: &World, name: &str) -> String {
    let file = world.place.path(name);
    stored(&world.place, &["backup", &file]);
    file
}

fn a_backup_of_a_server_at_work_is_restored_into_either_database_and_goes_on(place: Place) {
    let world = World::with_people(place);
    let (secret, paper) = (world.paper("ann", "secret"), world.paper("nora", "accreditation"));
    let (end, written) = (AtomicBool::new(false), AtomicU32::new(0));
    let file = world.place.path("backup");
    let report = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            while !end.load(Ordering::SeqCst) {
                let number = written.load(Ordering::SeqCst);
                let id = format!("lab-{number}");
                let command = json!({
                    "command": "apply-lab", "lab": id, "application": application(&id, &paper, "2999-01-01"),
                });
                world.give("nora", &command).ok();
                written.fetch_add(1, Ordering::SeqCst);
            }
        });
        // It is at work before the backup begins, and after it ends.
        let written_after = |before: u32| {
            while written.load(Ordering::SeqCst) == before {
                assert!(!writer.is_finished(), "the server does not take it");
                std::thread::yield_now();
            }
        };
        written_after(0);
        let report = stored(&world.place, &["backup", &file]);
        written_after(written.load(Ordering::SeqCst));
        end.store(true, Ordering::SeqCst);
        writer.join().unwrap();
        report
    });
    assert_eq!(Path::new(&file).metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(
        !std::fs::read_to_string(&file).unwrap().contains("This is secret"),
        "it lies open in the backup"
    );
    let judged = done(&["store", "verify", "--backup", &file]);
    assert_eq!((&judged["events"], &judged["head"]), (&report["events"], &report["head"]));

    let mut targets = vec![world.place.another()];
    if !world.place.is_sqlite() {
        targets.push(Place::sqlite());
    }
    for target in targets {
        share_key(&world.place, &target);
        let restored = stored(&target, &["restore", &file]);
        assert_eq!((&restored["events"], &restored["head"]), (&report["events"], &report["head"]));
        let noted = report["head"].as_str().unwrap();
        assert_eq!(stored(&target, &["verify", "--noted", noted])["faults"], json!([]));
        // A server goes on with it: tokens are worth what they were.
        std::fs::copy(world.place.path("ann.token"), target.path("ann.token")).unwrap();
        let other = World::over(target);
        let out = other.place.path("out");
        other.ask("ann", &["fetch", "upload/alpha", &secret, "--out", &out]).ok();
        assert_eq!(std::fs::read_to_string(&out).unwrap(), "This is secret.\n");
        other.paper("ann", "another");
    }
    // The head runs through what came later, and through nothing else.
    stored(&world.place, &["verify", "--noted", report["head"].as_str().unwrap()]);
    let forged = format!("{}:{}", report["events"], "0e".repeat(32));
    let (status, value) = store(&world.place, &["verify", "--noted", &forged]);
    assert_eq!((status, value["faults"].as_array().unwrap().len()), (1, 1), "{value:#}");
}

fn a_damaged_backup_is_refused_before_anything_is_made(place: Place) {
    let world = World::new(place);
    world.paper("root", "a paper");
    let file = backed_up(&world, "backup");
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let target = world.place.another();
    let damaged = [
        text[..text.len() / 2].to_owned(),
        lines[..lines.len() - 1].concat(),
        [&lines[..2], &lines[3..]].concat().concat(),
        text.replacen("first-member", "other-member", 1),
        format!("{text}{}", lines[1]),
        String::new(),
        "nothing of the kind\n".to_owned(),
    ];
    for text in damaged {
        let damaged = world.place.path("damaged");
        std::fs::write(&damaged, text).unwrap();
        let (status, judged) = asked(&["store", "verify", "--backup", &damaged], "");
        assert_eq!((status, judged["faults"].as_array().unwrap().len()), (1, 1), "{judged:#}");
        fails(&target, &["restore", &damaged], "is not restored");
        assert!(!kept(&target), "something was made for a backup that is none");
    }
    // Without its key, and with another one, nothing is made either.
    fails(&target, &["restore", &file], "put its file there first");
    assert!(!kept(&target));
    share_key(&World::new(Place::sqlite()).place, &target);
    fails(&target, &["restore", &file], "the backup needs");
    assert!(!target.folder.path().join("data/registry.sqlite").exists());
    share_key(&world.place, &target);
    stored(&target, &["restore", &file]);
}

fn nothing_is_restored_over_something(place: Place) {
    let world = World::new(place);
    let file = backed_up(&world, "backup");
    let before = stored(&world.place, &["verify"]);
    fails(&world.place, &["restore", &file], "not empty");
    assert_eq!(stored(&world.place, &["verify"]), before);
    fails(&world.place, &["backup", &file], "is there already");
    let target = world.place.another();
    share_key(&world.place, &target);
    stored(&target, &["restore", &file]);
    fails(&target, &["restore", &file], "not empty");

    let copy = world.place.path("copy");
    if world.place.is_sqlite() {
        stored(&world.place, &["copy", &copy]);
        fails(&world.place, &["copy", &copy], "copy");
        let url = format!("sqlite://{copy}");
        let key = world.place.path("data/documents.key");
        let verified = done(&["store", "verify", "--database", &url, "--key", &key]);
        assert_eq!(verified["head"], before["head"]);
    } else {
        fails(&world.place, &["copy", &copy], "PostgreSQL is not copied");
    }
}

fn documents_are_sealed_under_a_new_key_and_open_with_it_only(place: Place) {
    let mut world = World::with_people(place);
    let secret = world.paper("ann", "secret");
    world.server.kill();
    let (old, new) = (world.place.path("data/documents.key"), world.place.path("new.key"));
    stored(&world.place, &["change-key", &new]);
    fails(&world.place, &["verify"], "name that key's file");
    assert_eq!(stored(&world.place, &["verify", "--key", &new])["faults"], json!([]));
    std::fs::rename(&new, &old).unwrap();
    world.goes_on(0);
    let out = world.place.path("out");
    world.ask("ann", &["fetch", "upload/alpha", &secret, "--out", &out]).ok();
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "This is secret.\n");
}

#[test]
fn a_backup_for_which_there_is_no_room_is_not_there() {
    let world = World::new(Place::sqlite());
    let large = world.place.path("large");
    std::fs::write(&large, vec![7; 300_000]).unwrap();
    world.ask("root", &["hand-in", &large]).ok();
    let folder = world.place.folder.path().join("backups");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("backup");
    let data = world.place.arguments();
    // Blocks of 512 bytes: 100 KB. A write beyond the limit is to fail and not to kill.
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 200; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_dtsec")]);
    command.args(["--json", "store", "backup"]).arg(&file).args(&data);
    let output = called(command, b"");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("the disk is full") && said.contains("no backup was made"), "{said}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    stored(&world.place, &["backup", &file.display().to_string()]);
}

#[test]
fn a_backup_that_was_killed_is_not_there() {
    let world = World::new(Place::sqlite());
    let large = world.place.path("large");
    std::fs::write(&large, vec![7; 6 << 20]).unwrap();
    world.ask("root", &["hand-in", &large]).ok();
    let folder = world.place.folder.path().join("backups");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("backup");
    let mut command = dtsec();
    command.args(["store", "backup"]).arg(&file).args(world.place.arguments());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // Something of it is on the disk, and not all: the head of the dump is written before the large document is read.
    let begun = || std::fs::read_dir(&folder).unwrap().flatten().next().is_some();
    while !begun() && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(begun(), "it ended before it began");
    if file.exists() {
        // It was faster than the signal: then it is whole.
        done(&["store", "verify", "--backup", &file.display().to_string()]);
        return;
    }
    let left = std::fs::read_dir(&folder).unwrap().flatten().next().unwrap();
    let name = left.file_name().into_string().unwrap();
    assert!(name.starts_with(".dtsec-") && name.ends_with(".part"), "{name}");
    let (status, _) = asked(&["store", "verify", "--backup", &left.path().display().to_string()], "");
    assert_eq!(status, 1, "what was left is taken for a backup");
    stored(&world.place, &["backup", &file.display().to_string()]);
}

#[test]
fn a_restore_that_was_killed_is_done_again() {
    let world = World::new(Place::sqlite());
    let large = world.place.path("large");
    std::fs::write(&large, vec![7; 6 << 20]).unwrap();
    world.ask("root", &["hand-in", &large]).ok();
    let file = backed_up(&world, "backup");
    let target = Place::sqlite();
    share_key(&world.place, &target);
    let mut command = dtsec();
    command.args(["store", "restore", &file]).args(target.arguments());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let database = target.folder.path().join("data/registry.sqlite");
    while !database.exists() && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(database.exists(), "it ended before it began");
    // Nothing of it is there, and then it is done again; or it was faster than the signal, and all of it is.
    let (status, value) = store(&target, &["restore", &file]);
    assert!(status == 0 || value["error"].as_str().unwrap().contains("not empty"), "{value:#}");
    assert_eq!(stored(&target, &["verify"])["head"], stored(&world.place, &["verify"])["head"]);
}

#[test]
fn a_change_from_outside_shows() {
    let world = World::new(Place::sqlite());
    assert_eq!(stored(&world.place, &["verify"])["faults"], json!([]));
    let mut file = backed_up(&world, "backup");
    // A backup that says that it is whole, and whose events are others: its digest fits, and its chain does not.
    let text =
        std::fs::read_to_string(&file).unwrap().replacen("the registry is new", "the registry is old", 1);
    let (body, _) = text.trim_end().rsplit_once('\n').unwrap();
    let body = format!("{body}\n");
    let end = json!({ "end": { "lines": body.lines().count(), "sha256": dtsec_store::Digest::of(body.as_bytes()).as_str() } });
    file.push_str("-forged");
    let mut forged = std::fs::File::create(&file).unwrap();
    forged.write_all(format!("{body}{end}\n").as_bytes()).unwrap();
    let (status, judged) = asked(&["store", "verify", "--backup", &file], "");
    assert_eq!(status, 1);
    assert!(judged["faults"][0].as_str().unwrap().contains("was changed at number 1"), "{judged:#}");
}
