//! The published list: who may sign it, how it is published, and who follows it.

use super::scene::{GROUP, HOSPITAL, PUBLISHER, Scene, strings, text};
use anyhow::Result;
use serde_json::json;

/// The publisher's keys, as each release takes them.
const ONLINE: [&str; 8] = [
    "--snapshot-key",
    "keys/snapshot.pem",
    "--timestamp-key",
    "keys/timestamp.pem",
    "--log-key",
    "keys/log.pem",
    "--witness",
    "keys/witness.pem:keys/witness.state",
];

const PLACE: [&str; 4] = ["--tree", "tree", "--log", "log.json"];

/// Who holds which key is decided once.
pub(super) fn ceremony(scene: &mut Scene<'_>) -> Result<()> {
    scene.begins(
        "The key ceremony",
        "Holders of the root and members of the working group make keys offline; two of each have to sign. The publisher's own keys \
         only say how fresh the list is.",
    );
    scene.put("keys/README", "In a real programme no two of these keys lie in one place.\n")?;
    let mut key = |by: &str, name: &str, more: &[&str]| {
        let out = format!("keys/{name}.pem");
        let arguments = [&["publish", "keygen", "--out", &out], more].concat();
        let made =
            scene.does(by, &arguments, |value| format!("public key {}", text(value, "/public-key")))?;
        anyhow::Ok(text(&made, "/public-key").to_owned())
    };
    let roots = [key(GROUP, "root-1", &[])?, key(GROUP, "root-2", &[])?];
    let members = [key(GROUP, "member-1", &[])?, key(GROUP, "member-2", &[])?];
    let (snapshot, timestamp) = (key(PUBLISHER, "snapshot", &[])?, key(PUBLISHER, "timestamp", &[])?);
    let log = key(PUBLISHER, "log", &["--log", "list.example.org"])?;
    let witness = key(PUBLISHER, "witness", &["--witness", "witness.example.org"])?;
    let policy = json!({ "log": log, "witnesses": [witness], "quorum": 1 });
    scene.put("log.json", format!("{policy:#}\n"))?;
    let mut new = vec!["publish", "root", "new", "--out", "root.json", "--snapshot", &snapshot];
    new.extend(["--timestamp", &timestamp]);
    new.extend(roots.iter().flat_map(|key| ["--root", key]));
    new.extend(members.iter().flat_map(|key| ["--targets", key]));
    scene.does(GROUP, &new, |value| format!("root version {}, nobody has signed it", value["version"]))?;
    for holder in ["keys/root-1.pem", "keys/root-2.pem"] {
        let sign = ["publish", "root", "sign", "root.json", "--key", holder];
        scene.does(GROUP, &sign, |value| format!("{} signatures", value["signatures"]))?;
    }
    let install = [&["publish", "root", "install", "root.json"][..], &PLACE].concat();
    scene.does(PUBLISHER, &install, |_| "the tree begins with this root".to_owned())?;
    scene.ends();
    Ok(())
}

/// What happened since the last time becomes visible to everybody, and the hospital follows.
pub(super) fn publishes(scene: &mut Scene<'_>, title: &str, more: &[&str]) -> Result<()> {
    scene.begins(
        title,
        "The publisher stages what happened in the registry, two members sign it, the log's witness sees it, and whoever follows the list \
         holds list and log against each other.",
    );
    let place = scene.registry_place();
    let mut stage = [&["publish", "stage"][..], &PLACE].concat();
    stage.extend(place.iter().map(String::as_str));
    stage.extend(more);
    scene.does(PUBLISHER, &stage, |value| {
        format!(
            "version {} with {} new entries in the log",
            value["staged"]["version"], value["staged"]["leaves"]
        )
    })?;
    for member in ["keys/member-1.pem", "keys/member-2.pem"] {
        let sign = [&["publish", "sign", "--key", member][..], &PLACE].concat();
        scene.does(GROUP, &sign, |value| {
            let changed = strings(&value["changed"]).join(", ");
            format!("{changed}: {} of {} signatures", value["signed"][0], value["signed"][1])
        })?;
    }
    let release = [&["publish", "release"][..], &PLACE, &ONLINE].concat();
    scene.does(PUBLISHER, &release, |value| {
        format!("{} parts, {} entries in the log", value["parts"], value["log-size"])
    })?;
    // The registry is told with the next staging that this one is out.
    let sync = ["list", "sync", "copy", "--from", "tree", "--root", "root.json"];
    scene.does(HOSPITAL, &sync, |value| {
        let leaves = value["leaves"].as_array().map_or(0, Vec::len);
        format!("{leaves} new entries of the log verified, fresh until {}", text(value, "/fresh/until"))
    })?;
    scene.ends();
    Ok(())
}

/// Anybody can see what became of the product, with proofs.
pub(super) fn shows_the_history(scene: &mut Scene<'_>) -> Result<()> {
    scene.begins(
        "Anybody looks back",
        "The log shows every step of the entry, and that nothing was taken back.",
    );
    scene.does(HOSPITAL, &["list", "show", "copy", "entry/bgm"], |value| {
        let history = value["history"].as_array().into_iter().flatten();
        history.map(|one| text(one, "/leaf/event")).collect::<Vec<_>>().join(" → ")
    })?;
    scene.does(HOSPITAL, &["list", "check", "copy"], |value| {
        format!("signatures, list and log fit together over {} entries", value["log-size"])
    })?;
    scene.ends();
    Ok(())
}
