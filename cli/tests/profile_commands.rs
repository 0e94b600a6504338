//! `dtsec profile` and `dtsec pp`.

use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// Documents of our own in the forms that are imported.
const PROFILE: &str = include_str!("../../programme/import/tests/documents/garden-profile.txt");
const PP: &str = include_str!("../../programme/import/tests/documents/garden-pp.xml");

fn dtsec(folder: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dtsec"));
    command.current_dir(folder.path()).args(arguments).output().unwrap()
}

fn json(folder: &TempDir, arguments: &[&str]) -> (i32, Value) {
    let output = dtsec(folder, &[&["--json"], arguments].concat());
    let shown = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).expect(&shown))
}

fn text(folder: &TempDir, arguments: &[&str]) -> (i32, String) {
    let output = dtsec(folder, arguments);
    let all = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(all).unwrap())
}

fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("garden.txt"), PROFILE).unwrap();
    std::fs::write(folder.path().join("garden.xml"), PP).unwrap();
    folder
}

#[test]
fn a_profile_is_imported_and_shown() {
    let folder = folder();
    let (status, report) = json(&folder, &["profile", "import", "garden.txt", "--out", "garden.json"]);
    assert_eq!((status, report["report"]["unplaced"].as_array().map(Vec::len)), (0, Some(0)));
    assert_eq!(report["profile"]["requirements"].as_array().map(Vec::len), Some(14));
    let (status, shown) = text(&folder, &["profile", "show", "garden.json"]);
    assert_eq!(status, 0, "{shown}");
    assert!(shown.contains("5.2.10 Frost Protection (frost-protection, mandatory)"), "{shown}");
    let (status, shown) = text(&folder, &["profile", "import", "garden.txt"]);
    assert!(status == 0 && shown.contains("not placed\n  nothing"), "{shown}");
    assert!(shown.contains("secure-trusted-storage: another name of it."), "{shown}");
}

#[test]
fn what_could_not_be_placed_makes_the_status_1_and_is_said_with_its_line() {
    let folder = folder();
    std::fs::write(folder.path().join("snails.txt"), PROFILE.replace("T.BAD_PEER", "T.SNAILS")).unwrap();
    let (status, shown) = text(&folder, &["profile", "import", "snails.txt"]);
    assert_eq!(status, 1, "{shown}");
    let line = PROFILE.lines().position(|line| line == "3.3.4 Jealous Neighbour (T.BAD_PEER)").unwrap() + 1;
    assert!(
        shown.contains(&format!("  line {line}: Jealous Neighbour (T.SNAILS): a threat other than")),
        "{shown}"
    );
}

#[test]
fn the_built_in_profile_is_shown_by_its_id() {
    let folder = folder();
    let (status, profile) = json(&folder, &["profile", "show", "sesip-profile-cdd"]);
    assert_eq!((status, profile["level"].as_str()), (0, Some("SESIP3")));
    let (status, shown) = text(&folder, &["profile", "show", "no-such"]);
    assert!(status == 2 && shown.contains("sesip-profile-cdd"), "{shown}");
}

#[test]
fn what_is_no_profile_is_refused_with_a_reason() {
    let folder = folder();
    std::fs::write(folder.path().join("latin1.txt"), b"one\ntw\xf6\n").unwrap();
    for (file, reason) in
        [("garden.xml", "no section 1"), ("latin1.txt", "line 2"), ("nowhere.txt", "cannot read")]
    {
        let (status, shown) = text(&folder, &["profile", "import", file]);
        assert!(status == 2 && shown.contains(reason), "{file}: {shown}");
    }
}

#[test]
fn a_protection_profile_goes_to_xml_and_back() {
    let folder = folder();
    let (status, report) = json(&folder, &["pp", "export", "dtsec-cdd-pp", "--out", "ours.xml"]);
    assert!(status == 0 && report["lacking"].as_array().is_some_and(|all| !all.is_empty()), "{report}");
    let (status, _) = json(&folder, &["pp", "import", "ours.xml", "--out", "ours.json"]);
    assert_eq!(status, 0);
    let (_, again) = json(&folder, &["pp", "export", "ours.json"]);
    let written = std::fs::read_to_string(folder.path().join("ours.xml")).unwrap();
    assert_eq!(again["xml"].as_str(), Some(&*written));
}

#[test]
fn an_import_of_xml_says_what_it_left_out_and_why_it_refuses() {
    let folder = folder();
    let (status, shown) = text(&folder, &["pp", "import", "garden.xml"]);
    assert!(status == 0 && shown.contains("left out: 1 × <aactivity>"), "{shown}");
    std::fs::write(folder.path().join("laughs.xml"), PP.replace("Someone digs.", "&laugh;")).unwrap();
    let (status, shown) = text(&folder, &["pp", "import", "laughs.xml"]);
    assert!(status == 2 && shown.contains("&laugh; is not expanded"), "{shown}");
}
