//! `dtsec fault`, and its records as evidence, from outside.

mod support;

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use support::{asked, done, dtsec};
use tempfile::TempDir;

/// The record of a shard of a campaign of six injections, `accepted` of this shard's accepted.
fn record(number: u32, of: u32, accepted: usize) -> Value {
    let at = |n: u32| 6 * n / of;
    let runs = at(number) - at(number - 1);
    let counts = json!({
        "runs": runs, "refused": runs - accepted as u32, "crashed": 0, "hung": 0, "accepted": accepted,
    });
    let acceptance = json!({
        "injection": at(number - 1), "address": "0x10000400", "symbol": "admit", "line": "admit.rs:1",
        "model": "skip-1", "fault": "1 skipped", "outcome": "started", "time": 7,
    });
    json!({
        "kind": "fault-campaign",
        "provenance": {
            "host": format!("machine {number}"),
            "started": "2026-01-02T03:04:05Z",
            "finished": "2026-01-02T03:05:00Z",
        },
        "campaign": {
            "version": "1", "scenario": "older-counter", "target": "boot", "models": ["skip-1"], "per_address": 1,
            "images": { "boot": "ab".repeat(32) }, "golden_instructions": 6, "control_instructions": 9,
            "addresses": 6, "moments": 6, "injections": 6,
        },
        "shard": { "number": number, "of": of },
        "range": [at(number - 1), at(number)],
        "control": "started",
        "total": counts,
        "by_model": { "skip-1": counts },
        "acceptances": vec![acceptance; accepted],
    })
}

/// A folder with these records, `1.json` and so on.
fn folder(records: &[Value]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (number, record) in (1..).zip(records) {
        std::fs::write(folder.path().join(format!("{number}.json")), record.to_string()).unwrap();
    }
    folder
}

#[test]
fn the_shards_of_a_campaign_become_one_record_that_is_signed_and_verified() {
    let folder = folder(&[record(1, 3, 0), record(2, 3, 0), record(3, 3, 0)]);
    let merged = done(&folder, &["fault", "merge", "3.json", "1.json", "2.json", "-o", "whole.json"]);
    assert_eq!(
        (&merged["total"]["runs"], &merged["provenance"]["host"]),
        (&json!(6), &json!("machine 1; machine 2; machine 3"))
    );
    assert_eq!(done(&folder, &["fault", "show", "whole.json"])["total"], merged["total"]);
    done(&folder, &["evidence", "keygen", "-o", "key.pem", "--public-out", "key.pub"]);
    let sign = ["evidence", "sign", "whole.json", "-k", "key.pem", "-o", "signed.json", "--image-version"];
    let signed = done(&folder, &[&sign[..], &["boot=1.2.0"]].concat());
    assert!(signed["run"].as_str().unwrap().starts_with("fault-older-counter-"), "{signed}");
    assert_eq!(asked(&folder, &[&sign[..], &["radio=1.2.0"]].concat()).0, 2);
    let verified =
        done(&folder, &["evidence", "verify", "signed.json", "--key", "key.pub", "-o", "out.json"]);
    assert_eq!(
        (&verified["run"]["passed"], &verified["run"]["images"][0]["version"]),
        (&json!(1), &json!("1.2.0"))
    );
    let text = std::fs::read_to_string(folder.path().join("out.json")).unwrap();
    assert!(text.contains("6 runs") && text.contains("fault.older-counter.skip-1"), "{text}");
}

#[test]
fn a_campaign_that_accepted_something_is_answered_with_no_and_fails_as_evidence() {
    let folder = folder(&[record(1, 1, 1), record(1, 1, 0)]);
    assert_eq!(asked(&folder, &["fault", "show", "2.json"]).0, 0, "the control");
    let (status, shown) = asked(&folder, &["fault", "show", "1.json"]);
    assert_eq!((status, &shown["acceptances"][0]["address"]), (1, &json!("0x10000400")));
    let text = String::from_utf8(dtsec(&folder, &["fault", "show", "1.json"]).stdout).unwrap();
    assert!(text.contains("ACCEPTED #0 started 0x10000400 1 skipped (7) in admit"), "{text}");
    assert_eq!(asked(&folder, &["fault", "merge", "1.json"]).0, 1);
    let merged = done(&folder, &["evidence", "merge", "1.json", "-o", "collection.json"]);
    assert_eq!(merged["tests"]["fault.older-counter.skip-1"]["verdict"], "fail");
}

#[test]
fn signed_parts_of_a_campaign_are_joined_and_only_all_of_them() {
    let mut other_image = record(3, 3, 0);
    other_image["campaign"]["images"]["boot"] = json!("cd".repeat(32));
    let mut other_version = record(3, 3, 0);
    other_version["campaign"]["version"] = json!("2");
    let mut again = record(2, 3, 0);
    again["provenance"]["host"] = json!("another machine");
    let parts = [record(1, 3, 0), record(2, 3, 0), record(3, 3, 0)];
    let folder = folder(&[&parts[..], &[other_image, other_version, again, record(2, 2, 0)]].concat());
    done(&folder, &["evidence", "keygen", "-o", "key.pem", "--public-out", "key.pub"]);
    for number in 1..=3 {
        let [file, signed] = [format!("{number}.json"), format!("signed-{number}.json")];
        done(&folder, &["evidence", "sign", &file, "-k", "key.pem", "-o", &signed]);
    }
    let merge = |files: &[&str]| {
        asked(&folder, &[&["evidence", "merge", "--key", "key.pub", "-o", "all.json"], files].concat())
    };
    let (status, merged) = merge(&["signed-1.json", "signed-2.json", "signed-3.json"]);
    assert_eq!((status, merged["runs"].as_array().unwrap().len()), (0, 3), "{merged}");
    assert_eq!(merged["tests"]["fault.older-counter.skip-1"]["verdict"], "pass");
    for (files, said) in [
        (&["signed-1.json", "signed-3.json"][..], "part 2 of 3"),
        (&["signed-1.json", "signed-2.json"], "part 3 of 3"),
        (&["signed-1.json", "signed-2.json", "4.json"], "images"),
        (&["signed-1.json", "signed-2.json", "5.json"], "version is another"),
        (&["signed-1.json", "signed-2.json", "signed-3.json", "6.json"], "two different runs"),
        (&["signed-1.json", "signed-2.json", "signed-3.json", "7.json"], "overlap"),
    ] {
        let (status, refused) = merge(files);
        let error = refused["error"].as_str().unwrap();
        assert!(status == 2 && error.contains(said), "{files:?}: {error}");
    }
}

#[test]
fn a_call_that_makes_no_sense_is_at_fault_and_says_what_there_is() {
    let mut altered = record(1, 1, 0);
    altered["total"]["refused"] = json!(7);
    let folder = folder(&[record(1, 2, 0), altered]);
    for (call, say) in [
        (&["fault", "run", "--scenario", "magic"][..], "forged-signature"),
        (&["fault", "run", "--scenario", "older-counter", "--models", "magic"], "skip-1"),
        (&["fault", "run", "--scenario", "older-counter", "--firmware", "nowhere"], "nowhere/boot.elf"),
        (
            &["fault", "repeat", "--scenario", "older-counter", "--firmware", "nowhere", "0"],
            "nowhere/boot.elf",
        ),
        (&["fault", "merge", "1.json"], "shard 2 of 2 is missing"),
        (&["fault", "show", "2.json"], "do not add up"),
        (&["evidence", "sign", "2.json", "-k", "none", "-o", "x"], "none"),
        (&["fault", "device", "--scenario", "foreign-frame", "out"], "not one of boot's"),
    ] {
        let (status, report) = asked(&folder, call);
        assert_eq!(status, 2, "{call:?}: {report}");
        assert!(report["error"].as_str().unwrap().contains(say), "{call:?}: {report}");
    }
}

#[test]
fn the_attacked_device_is_written_for_another_emulator() {
    let folder = folder(&[]);
    let written = done(&folder, &["fault", "device", "--scenario", "decommissioned", "attacked"]);
    done(&folder, &["fault", "device", "--scenario", "decommissioned", "--control", "control"]);
    assert_eq!(written["files"].as_array().unwrap().len(), 3);
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    // The same image in both; only the fuses make one of them refuse it.
    assert!(read("attacked/flash.bin") == read("control/flash.bin"));
    assert_ne!(read("attacked/fuses.bin"), read("control/fuses.bin"));
}

fn firmware() -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/firmware/mps2-an505");
    std::env::var_os("DTSEC_FIRMWARE").map_or(built, PathBuf::from)
}

#[test]
#[ignore = "needs the firmware"]
fn a_campaign_runs_in_shards_and_one_injection_of_it_again() {
    let (folder, firmware) = (folder(&[]), firmware());
    let what = ["--firmware", firmware.to_str().unwrap(), "--scenario", "older-counter"];
    let what = [&what[..], &["--models", "branch-inversion", "--per-address", "1"]].concat();
    for (shard, out) in [("1/2", "1.json"), ("2/2", "2.json")] {
        done(
            &folder,
            &[&["fault", "run", "--shard", shard, "-o", out, "--progress", "p"], &what[..]].concat(),
        );
        std::fs::remove_file(folder.path().join("p")).unwrap();
    }
    let merged = done(&folder, &["fault", "merge", "1.json", "2.json"]);
    assert!(merged["total"]["runs"].as_u64().unwrap() > 100, "{merged}");
    done(&folder, &["evidence", "merge", "1.json", "2.json", "-o", "all.json"]);
    let again = done(&folder, &[&["fault", "repeat", "--trace", "0"], &what[..]].concat());
    assert_eq!((&again["injection"], &again["accepted"]), (&json!(0), &json!(false)));
    assert!(!again["trace"].as_array().unwrap().is_empty());
    let beyond = merged["campaign"]["injections"].to_string();
    assert_eq!(asked(&folder, &[&["fault", "repeat", &beyond], &what[..]].concat()).0, 2);
}
