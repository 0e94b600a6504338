//! Devices: made, evaluated, endorsed, asked who they are, updated.

use super::{
    FIRST, FIXED, Verdict,
    scene::{DEVELOPER, HOSPITAL, LAB, Scene, text, typed},
};
use crate::{device::Part, layout};
use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// The devices of the story. The second one is updated later.
const DEVICES: [&str; 2] = ["meter-1", "meter-2"];

fn firmware() -> String {
    layout::firmware().display().to_string()
}

/// The manufacturer's keys, images and devices.
pub(super) fn are_made(scene: &mut Scene<'_>) -> Result<()> {
    scene.begins(
        "Two devices are made",
        "A manufacturer makes signing keys, signs platform and application, and provisions two emulated boards.",
    );
    for part in ["platform", "application"] {
        let key = format!("{part}.pem");
        scene.does(DEVELOPER, &["image", "keygen", "--type", "ecdsa-p256", "--out", &key], |_| {
            format!("the key that signs each {part}")
        })?;
    }
    signed(scene, Part::Platform, FIRST)?;
    signed(scene, Part::Application, FIRST)?;
    for device in DEVICES {
        let create = ["device", "create", "--target", layout::BOARD, "--out", device];
        scene.does(DEVELOPER, &create, |_| "a blank device with a secret of its own".to_owned())?;
        let provision = [
            "device",
            "provision",
            device,
            "--platform-key",
            "platform.pem",
            "--application-key",
            "application.pem",
            "--commercial-name",
            "Reference BGM",
            "--hardware-reference",
            layout::BOARD,
            "--hardware-version",
            "1.0",
            "--life-cycle",
            "secured",
            "--development",
            "--yes",
        ];
        scene.does(DEVELOPER, &provision, |_| "keys and identity are burnt, and it is secured".to_owned())?;
        for part in [Part::Platform, Part::Application] {
            flashed(scene, device, part, &format!("{}-a", part.name()), FIRST)?;
        }
    }
    scene.ends();
    Ok(())
}

fn image(part: Part, version: &str) -> String {
    format!("{}-{version}.img", part.name())
}

/// Signs an image. A version that mends something has a higher security counter: there is no way back from it.
fn signed(scene: &mut Scene<'_>, part: Part, version: &str) -> Result<()> {
    let (name, payload) = match part {
        Part::Platform => ("cdd-platform", "platform.bin"),
        Part::Application => ("bgm", "bgm.bin"),
    };
    let place = scene.board.part(part)?;
    let size = scene.board.slot_size(&format!("{}-a", part.name()))?.to_string();
    let payload = layout::firmware().join(payload).display().to_string();
    let counter = if version == FIRST { "1" } else { "2" };
    let (full, key, out) = (format!("{version}+0"), format!("{}.pem", part.name()), image(part, version));
    let (header, load) = (place.header_size.to_string(), format!("{:#x}", place.load_address));
    let arguments = [
        "image",
        "sign",
        "--key",
        &key,
        "--version",
        &full,
        "--pad-header",
        "--align",
        "4",
        "--security-counter",
        counter,
        "--header-size",
        &header,
        "--slot-size",
        &size,
        "--load-addr",
        &load,
        "--part",
        part.name(),
        "--name",
        name,
        &payload,
        &out,
    ];
    scene.does(DEVELOPER, &arguments, |_| format!("{name} {version}, signed"))?;
    Ok(())
}

fn flashed(scene: &mut Scene<'_>, device: &str, part: Part, slot: &str, version: &str) -> Result<()> {
    let arguments = ["device", "flash", device, slot, &image(part, version)];
    scene.does(DEVELOPER, &arguments, |_| format!("{} {version} lies in {slot}", part.name()))?;
    Ok(())
}

/// The lab tests the firmware on boards of its own.
pub(super) fn are_evaluated(scene: &mut Scene<'_>) -> Result<()> {
    scene.begins(
        "The platform is evaluated",
        "A lab runs tests and attacks on the emulated board from outside, each with its positive control.",
    );
    let firmware = firmware();
    let tests = scene.setting.tests.clone();
    let mut arguments =
        vec!["evaluate", "--target", layout::BOARD, "--firmware", &firmware, "--out", "evaluation"];
    arguments.extend(tests.iter().flat_map(|test| ["--test", test]));
    scene.does(LAB, &arguments, |value| {
        format!("{} of {} tests passed; evidence in evaluation/", value["passed"], value["tests"])
    })?;
    scene.ends();
    Ok(())
}

/// Challenges a device with random bytes, keeps its token under a name, and gives the challenge.
fn token(scene: &mut Scene<'_>, by: &str, device: &str, name: &str) -> Result<String> {
    let firmware = firmware();
    let arguments = ["attest", "token", device, "--firmware", &firmware, "--out", name];
    let answered = scene.does(by, &arguments, |value| {
        let components = value["token"]["components"].as_array().map_or(0, Vec::len);
        format!("it answers the challenge {} with {components} components", text(value, "/challenge"))
    })?;
    Ok(text(&answered, "/challenge").to_owned())
}

/// The lab takes the reference values from a device that it has before it.
pub(super) fn give_reference_values(scene: &mut Scene<'_>, device: &str, version: &str) -> Result<()> {
    scene.begins(
        "Reference values are taken",
        "What a device of this version measures of itself, every component of it: that is what verdicts compare with.",
    );
    let (firmware, key) = (firmware(), format!("{device}.pub.pem"));
    scene.does(LAB, &["attest", "key", device, "--firmware", &firmware, "--out", &key], |value| {
        format!("instance {}", text(value, "/key/instance_id"))
    })?;
    let file = format!("reference-{version}.token");
    let nonce = token(scene, LAB, device, &file)?;
    let out = format!("reference-{version}.json");
    let values = ["attest", "reference-values", &file, "--key", &key, "--nonce", &nonce, "--out", &out];
    scene.does(LAB, &values, |value| format!("fingerprint {}", text(value, "/fingerprint")))?;
    scene.ends();
    Ok(())
}

/// The manufacturer endorses the attestation keys of his devices, as he learned them in production.
pub(super) fn are_endorsed(scene: &mut Scene<'_>) -> Result<()> {
    scene.begins(
        "Attestation keys are endorsed",
        "In production the manufacturer asks each device for its key. It stays the same when the application is updated.",
    );
    let firmware = firmware();
    let mut lines = String::from("public-key\n");
    for device in DEVICES {
        let key = scene.does(DEVELOPER, &["attest", "key", device, "--firmware", &firmware], |value| {
            format!("instance {}", text(value, "/key/instance_id"))
        })?;
        lines.push_str(text(&key, "/key/public_key"));
        lines.push('\n');
    }
    scene.put("manufacturer/endorsements/alpha.csv", lines)?;
    scene.deed(DEVELOPER, "manufacturer/endorsements/alpha.csv", format!("{} keys", DEVICES.len()));
    scene.ends();
    Ok(())
}

/// A fresh token of a device, held against the copy of the list.
pub(super) fn is_verified(scene: &mut Scene<'_>, device: &str, version: &str, finding: &str) -> Result<()> {
    verified(scene, device, version, finding, &["copy"])
}

/// The same against the published tree, which is followed from the first root.
pub(super) fn is_verified_against_the_tree(
    scene: &mut Scene<'_>,
    device: &str,
    version: &str,
    finding: &str,
) -> Result<()> {
    verified(scene, device, version, finding, &["tree", "--root", "root.json"])
}

fn verified(scene: &mut Scene<'_>, device: &str, version: &str, finding: &str, list: &[&str]) -> Result<()> {
    let file = format!("{device}.token");
    let nonce = token(scene, HOSPITAL, device, &file)?;
    scene.put(&format!("{device}.nonce"), &nonce)?;
    let mut arguments = vec!["attest", "verify", &file, "--nonce", &nonce, "--list"];
    arguments.extend(list);
    let (status, verdict) = scene.asks(&arguments, "")?;
    let found = text(&verdict, "/finding").to_owned();
    if found != finding || status != i32::from(finding != "listed-and-clean") {
        bail!("the verdict on {device} is to be {finding}, and it is, with status {status}: {verdict:#}");
    }
    let came_out = format!("{}: {} (status {status})", found.to_uppercase(), told(&verdict));
    scene.deed(HOSPITAL, &typed(&arguments), came_out);
    scene.verdicts.push(Verdict { device: device.to_owned(), version: version.to_owned(), finding: found });
    Ok(())
}

/// What a verdict says, and of what.
fn told(verdict: &Value) -> String {
    let open: Vec<&str> =
        verdict["open"].as_array().into_iter().flatten().map(|one| text(one, "/id")).collect();
    let open = if open.is_empty() { String::new() } else { format!(" [{}]", open.join(", ")) };
    let (product, version) = (text(verdict, "/listed/product"), text(verdict, "/listed/version"));
    format!("{product} {version}. {}{open}", text(verdict, "/says"))
}

/// The second device gets the version that mends it, and starts it.
pub(super) fn one_is_updated(scene: &mut Scene<'_>) -> Result<()> {
    scene.begins(
        "A fixed version is made",
        "The developer signs the application anew, with a higher version and a higher security counter. One of the devices gets it.",
    );
    signed(scene, Part::Application, FIXED)?;
    let device = DEVICES.get(1).context("there is a second device")?;
    flashed(scene, device, Part::Application, "application-b", FIXED)?;
    scene.ends();
    Ok(())
}
