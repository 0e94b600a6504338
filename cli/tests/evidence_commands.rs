//! `dtsec evidence`, `dtsec attack-potential`, `dtsec independent-tests` and `dtsec work-units list`, from outside.

mod support;

use serde_json::{Value, json};
use support::{asked, done, dtsec};
use tempfile::TempDir;

fn said(folder: &TempDir, arguments: &[&str]) -> String {
    String::from_utf8(dtsec(folder, arguments).stdout).unwrap()
}

const REPORT: &str = r#"<testsuite name="storage" timestamp="2026-01-02T03:04:05">
  <properties><property name="verifies" value="secure-trusted-storage"/></properties>
  <testcase name="keeps"/><testcase name="purges"><failure message="left over"/></testcase>
</testsuite>"#;

/// A folder with two keys, a third one, an image, a report, and its evidence.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    for name in ["one", "two", "three"] {
        let (key, public) = (format!("{name}.pem"), format!("{name}.pub"));
        done(&folder, &["evidence", "keygen", "-o", &key, "--public-out", &public]);
    }
    std::fs::write(folder.path().join("platform.bin"), b"an image").unwrap();
    std::fs::write(folder.path().join("other.bin"), b"another image").unwrap();
    std::fs::write(folder.path().join("junit.xml"), REPORT).unwrap();
    done(&folder, &import("junit.xml", "evidence.json"));
    folder
}

fn import<'a>(report: &'a str, out: &'a str) -> [&'a str; 13] {
    [
        "evidence",
        "import-junit",
        report,
        "--image",
        "cdd-platform=1.2.3=platform.bin",
        "--tool=nextest",
        "--tool-version=0.9",
        "--target=board",
        "--host=lab-7",
        "-o",
        out,
        "--finished",
        "2026-01-02T03:05:00Z",
    ]
}

#[test]
fn evidence_is_signed_by_two_and_verified_by_whoever_has_their_keys() {
    let folder = folder();
    let signed = done(&folder, &["evidence", "sign", "evidence.json", "-k", "one.pem", "-o", "signed.json"]);
    assert_eq!(signed["keyids"].as_array().unwrap().len(), 1);
    done(&folder, &["evidence", "sign", "signed.json", "-k", "two.pem", "-o", "signed.json"]);
    let both =
        ["evidence", "verify", "signed.json", "--key", "one.pub", "--key", "two.pub", "--threshold", "2"];
    let report = done(&folder, &both);
    assert_eq!(report["signers"].as_array().unwrap().len(), 2);
    assert_eq!((&report["run"]["passed"], &report["run"]["failed"]), (&json!(1), &json!(1)));
    assert_eq!(report["run"]["images"][0]["version"], "1.2.3");
    let text = said(&folder, &both);
    assert!(text.starts_with("signed.json: verified\n") && text.contains("lab-7"), "{text}");
}

#[test]
fn what_is_not_as_it_was_signed_is_answered_with_no() {
    let folder = folder();
    done(&folder, &["evidence", "sign", "evidence.json", "-k", "one.pem", "-o", "signed.json"]);
    let verify = ["evidence", "verify", "signed.json", "--key"];
    done(&folder, &[&verify[..], &["one.pub", "--image", "cdd-platform=platform.bin"]].concat());
    for (more, refused) in [
        (&["three.pub"][..], "signed by other keys or altered"),
        (&["one.pub", "--image", "cdd-platform=other.bin"], "was tested as"),
        (&["one.pub", "--image", "radio=platform.bin"], "is not among what was tested"),
    ] {
        let (status, report) = asked(&folder, &[&verify[..], more].concat());
        assert_eq!((status, &report["verified"]), (1, &json!(false)), "{report}");
        assert!(report["refused"].as_str().unwrap().contains(refused), "{report}");
    }
    let path = folder.path().join("signed.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut envelope: Value = serde_json::from_str(&text).unwrap();
    // One character of the payload, somewhere in the middle.
    let mut payload = envelope["payload"].as_str().unwrap().to_owned();
    let other = if &payload[100..101] == "A" { "B" } else { "A" };
    payload.replace_range(100..101, other);
    envelope["payload"] = json!(payload);
    std::fs::write(&path, envelope.to_string()).unwrap();
    let (status, report) = asked(&folder, &[&verify[..], &["one.pub"]].concat());
    assert_eq!(status, 1, "{report}");
    std::fs::write(&path, "{}").unwrap();
    assert_eq!(asked(&folder, &[&verify[..], &["one.pub"]].concat()).0, 1);
}

#[test]
fn a_call_that_makes_no_sense_is_at_fault_and_says_what_to_do() {
    let folder = folder();
    done(&folder, &["evidence", "sign", "evidence.json", "-k", "one.pem", "-o", "signed.json"]);
    for (call, say) in [
        (&["evidence", "verify", "signed.json"][..], "--key"),
        (&["evidence", "verify", "signed.json", "--key", "one.pub", "--threshold", "2"], "threshold"),
        (&["evidence", "verify", "signed.json", "--key", "one.pem"], "PUBLIC KEY"),
        (&["evidence", "sign", "evidence.json", "-k", "one.pub", "-o", "x"], "PRIVATE KEY"),
        (&["evidence", "sign", "signed.json", "-k", "one.pem", "-o", "x"], "signed this before"),
        (&["evidence", "sign", "junit.xml", "-k", "one.pem", "-o", "x"], "not JSON"),
        (&["evidence", "keygen", "-o", "one.pem"], "never overwritten"),
        (&["evidence", "merge", "signed.json", "-o", "x"], "--key"),
        (&["work-units", "list", "--component", "ATE_COV.1"], "work-units list"),
    ] {
        let (status, report) = asked(&folder, call);
        assert_eq!(status, 2, "{call:?}: {report}");
        assert!(report["error"].as_str().unwrap().contains(say), "{call:?}: {report}");
        assert!(!folder.path().join("x").exists());
    }
}

#[test]
fn a_report_gives_the_same_evidence_every_time() {
    let folder = folder();
    done(&folder, &import("junit.xml", "again.json"));
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    assert_eq!(read("evidence.json"), read("again.json"));
    std::fs::write(folder.path().join("bomb.xml"), "<!DOCTYPE a><testsuite/>").unwrap();
    let (status, report) = asked(&folder, &import("bomb.xml", "bomb.json"));
    assert!(status == 2 && report["error"].as_str().unwrap().contains("document type"), "{report}");
}

#[test]
fn evidence_of_several_runs_is_joined_once_each() {
    let folder = folder();
    std::fs::write(folder.path().join("more.xml"), REPORT.replace("left over", "gone")).unwrap();
    done(&folder, &import("more.xml", "more.json"));
    done(&folder, &["evidence", "sign", "more.json", "-k", "one.pem", "-o", "signed.json"]);
    let merge = [
        "evidence",
        "merge",
        "evidence.json",
        "signed.json",
        "evidence.json",
        "--key",
        "one.pub",
        "-o",
        "all.json",
    ];
    let report = done(&folder, &merge);
    assert_eq!(report["runs"].as_array().unwrap().len(), 2);
    assert_eq!(report["tests"]["storage.purges"]["verdict"], "fail");
    assert_eq!(report["tests"]["storage.keeps"]["results"].as_array().unwrap().len(), 2);
    let again = done(&folder, &["evidence", "merge", "all.json", "evidence.json", "-o", "again.json"]);
    assert_eq!(again["runs"], report["runs"]);
}

#[test]
fn an_attack_is_rated_and_the_boundary_of_sesip3_is_14_points() {
    let folder = TempDir::new().unwrap();
    let rate = |time: &str, more: &[&str]| {
        let time = format!("--time={time}");
        let call = [
            "attack-potential",
            &time,
            "--expertise=proficient",
            "--knowledge=public",
            "--window=easy",
            "--equipment=standard",
        ];
        asked(&folder, &[&call[..], more].concat())
    };
    let (status, report) = rate("three-months", &[]);
    assert_eq!((status, &report["sum"], &report["standing"]), (0, &json!(14), &json!("residual")));
    assert_eq!((&report["needed"], &report["resisted"]), (&json!("moderate"), &json!("enhanced-basic")));
    assert_eq!(report["leaves_van"], 3);
    let (status, report) = rate("two-months", &[]);
    assert_eq!((status, &report["sum"], &report["standing"]), (1, &json!(11), &json!("exploitable")));
    assert_eq!(rate("two-months", &["--level=SESIP2"]).0, 0);
    assert_eq!(rate("three-months", &["--level=SESIP4"]).0, 1);
    assert_eq!(rate("a-year", &[]).0, 2);
    let call = [
        "--time=one-week",
        "--expertise=proficient",
        "--knowledge=public",
        "--window=easy",
        "--equipment=standard",
    ];
    assert_eq!(
        said(&folder, &[&["attack-potential"], &call[..]].concat()),
        "elapsed time   one-week                 1\n\
         expertise      proficient               3\n\
         knowledge      public                   0\n\
         window         easy                     1\n\
         equipment      standard                 0\n\
         sum                                     5\n\
         \n\
         needs an attacker of potential Basic\n\
         a product whose easiest attack this is resists: none\n\
         meets no AVA_VAN\n\
         exploitable at SESIP3, which needs 14 points or more\n"
    );
    assert_eq!(asked(&folder, &["attack-potential", "--time=one-week"]).0, 2, "a factor is missing");
}

#[test]
fn a_list_tells_exploitable_from_residual_and_lets_nobody_state_it() {
    let folder = TempDir::new().unwrap();
    let one = |id: &str, time: &str| {
        json!({
            "id": id, "source": "test", "requirements": ["secure-trusted-storage"], "description": "it is read",
            "reasoning": "so long",
            "factors": { "time": time, "expertise": "expert", "knowledge": "public", "window": "easy",
                         "equipment": "standard" },
        })
    };
    let write = |list: Value| std::fs::write(folder.path().join("list.json"), list.to_string()).unwrap();
    let list = ["attack-potential", "--list", "list.json"];
    write(json!([one("slow", "three-months"), one("quick", "one-week")]));
    let (status, report) = asked(&folder, &list);
    assert_eq!(status, 1);
    let standing =
        |at: usize| (&report["vulnerabilities"][at]["id"], &report["vulnerabilities"][at]["standing"]);
    assert_eq!(standing(0), (&json!("quick"), &json!("exploitable")));
    assert_eq!(standing(1), (&json!("slow"), &json!("residual")));
    write(json!([one("slow", "three-months")]));
    assert_eq!(asked(&folder, &list).0, 0);
    let mut stated = one("quick", "one-week");
    stated["standing"] = json!("residual");
    write(json!([stated]));
    let (status, report) = asked(&folder, &list);
    assert!(status == 2 && report["error"].as_str().unwrap().contains("standing"), "{report}");
}

#[test]
fn independent_tests_are_committed_to_and_drawn_by_the_seed_and_by_no_other() {
    let folder = TempDir::new().unwrap();
    let commit = |seed, out| {
        [
            "independent-tests",
            "commit",
            "--target=virtual",
            "--count=12",
            "--date=2026-01-31",
            "--seed-out",
            seed,
            "-o",
            out,
        ]
    };
    let report = done(&folder, &commit("seed", "commitment.json"));
    let seed = std::fs::read_to_string(folder.path().join("seed")).unwrap();
    assert!(!report.to_string().contains(seed.trim()), "the seed is not told in advance");
    let choose = |seed| {
        asked(
            &folder,
            &[
                "independent-tests",
                "choose",
                "--target=virtual",
                "--commitment=commitment.json",
                "--seed",
                seed,
            ],
        )
    };
    let (status, chosen) = choose("seed");
    assert_eq!((status, chosen["tests"].as_array().unwrap().len()), (0, 12));
    assert!(chosen["coverage"]["requirements"][0].as_u64().unwrap() > 5, "{chosen}");
    assert_eq!(choose("seed").1, chosen);
    done(&folder, &commit("other-seed", "other.json"));
    let (status, report) = choose("other-seed");
    assert!(status == 2 && report["error"].as_str().unwrap().contains("was committed to"), "{report}");
    assert_eq!(asked(&folder, &commit("seed", "third.json")).0, 2, "a seed is never overwritten");
    assert!(!folder.path().join("third.json").exists());
}

#[test]
fn there_are_81_work_units() {
    let folder = TempDir::new().unwrap();
    let report = done(&folder, &["work-units", "list"]);
    assert_eq!(report["work_units"].as_array().unwrap().len(), 81);
    let van = done(&folder, &["work-units", "list", "--component", "AVA_VAN.3"]);
    assert_eq!(van["work_units"].as_array().unwrap().len(), 12);
}
