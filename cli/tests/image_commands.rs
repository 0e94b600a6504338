//! `dtsec image …` as a person or a script meets it: what it says and its exit status.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const SIGN: [&str; 12] =
    ["sign", "-k", "key.pem", "-v", "1.2.3+4", "-H", "0x40", "-S", "0x8000", "--pad-header", "-s", "7"];

fn dtsec(folder: &TempDir, arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_dtsec");
    Command::new(program).arg("image").args(arguments).current_dir(folder.path()).output().unwrap()
}

/// The exit status and the JSON of a command.
fn json(folder: &TempDir, arguments: &[&str]) -> (i32, Value) {
    let output = dtsec(folder, &[&["--json"], arguments].concat());
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).expect("one JSON value"))
}

/// A folder with a key, a payload and a signed image.
fn bench() -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("in.bin"), b"a payload").unwrap();
    let (status, _) =
        json(&folder, &["keygen", "-t", "ed25519", "--out", "key.pem", "--public-out", "pub.pem"]);
    assert_eq!(status, 0);
    let options = ["--part", "platform", "--name", "reference", "-d", "(1, 1.0)", "in.bin", "image.bin"];
    assert_eq!(json(&folder, &[&SIGN[..], &options].concat()).0, 0);
    folder
}

fn exists(folder: &TempDir, name: &str) -> bool {
    folder.path().join(name).exists()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_signed_image_is_verified_with_either_half_of_its_key() {
    let folder = bench();
    for key in ["key.pem", "pub.pem"] {
        let output = dtsec(&folder, &["verify", "-k", key, "image.bin"]);
        assert_eq!(output.status.code(), Some(0));
        assert!(
            String::from_utf8(output.stdout).unwrap().starts_with("image.bin: verified\nversion 1.2.3+4\n")
        );
    }
    let (status, report) = json(&folder, &["verify", "-k", "pub.pem", "image.bin"]);
    assert_eq!((status, &report["verified"], &report["version"]), (0, &true.into(), &"1.2.3+4".into()));
}

#[test]
fn what_does_not_verify_is_named_and_gives_status_1_and_neither_version_nor_digest() {
    let folder = bench();
    assert_eq!(json(&folder, &["keygen", "-t", "ed25519", "-o", "other.pem"]).0, 0);
    let mut bytes = std::fs::read(folder.path().join("image.bin")).unwrap();
    bytes[0x40] ^= 1;
    std::fs::write(folder.path().join("flipped.bin"), bytes).unwrap();
    for (key, file, name) in [
        ("key.pem", "flipped.bin", "digest-mismatch"),
        ("other.pem", "image.bin", "key-mismatch"),
        ("key.pem", "in.bin", "truncated"),
    ] {
        let (status, report) = json(&folder, &["verify", "-k", key, file]);
        assert_eq!((status, &report["verified"], &report["error"]["name"]), (1, &false.into(), &name.into()));
        assert!(report["version"].is_null() && report["digest"].is_null());
        let text = dtsec(&folder, &["verify", "-k", key, file]).stdout;
        assert!(String::from_utf8(text).unwrap().contains(&format!("not verified: {name}: ")));
    }
}

#[test]
fn inspect_shows_all_that_an_image_says_of_itself() {
    let folder = bench();
    let (status, report) = json(&folder, &["inspect", "image.bin"]);
    assert_eq!(status, 0);
    assert_eq!(report["header"]["version"], "1.2.3+4");
    assert_eq!(report["header"]["image_size"], 9);
    let image = &report["image"];
    assert_eq!((&image["part"], &image["name"]), (&"platform".into(), &"reference".into()));
    assert_eq!((&image["security_counter"], &image["digest_correct"]), (&7.into(), &true.into()));
    assert_eq!(image["dependencies"][0]["version"], "1.0.0+0");
    let names: Vec<_> =
        image["tlvs"].as_array().unwrap().iter().map(|tlv| tlv["name"].as_str().unwrap()).collect();
    let expected =
        ["security-counter", "dependency", "part", "name", "sha256", "key-hash", "ed25519-signature"];
    assert_eq!(names, expected);
    let text = String::from_utf8(dtsec(&folder, &["inspect", "image.bin"]).stdout).unwrap();
    for words in
        ["security counter  7", "digest correct    yes", "image 1, 1.0.0+0 or later", "0x00a1   name"]
    {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
}

#[test]
fn inspect_says_no_to_what_is_no_image_but_shows_a_header_that_it_can_read() {
    let folder = bench();
    let image = std::fs::read(folder.path().join("image.bin")).unwrap();
    std::fs::write(folder.path().join("half.bin"), &image[..70]).unwrap();
    let (status, report) = json(&folder, &["inspect", "half.bin"]);
    assert_eq!((status, &report["error"]["name"]), (1, &"truncated".into()));
    assert_eq!(report["header"]["version"], "1.2.3+4");
    assert!(report["image"].is_null());
    std::fs::write(folder.path().join("erased.bin"), [0xFF; 64]).unwrap();
    assert_eq!(json(&folder, &["inspect", "erased.bin"]).1["error"]["name"], "empty");
}

#[test]
fn an_existing_key_is_never_overwritten_and_nothing_is_left_behind() {
    let folder = bench();
    let before = std::fs::read(folder.path().join("key.pem")).unwrap();
    let refused = ["keygen", "-t", "ed25519", "-o", "key.pem", "--public-out", "new-pub.pem"];
    let output = dtsec(&folder, &refused);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("cannot create key.pem: an existing key is never overwritten"));
    assert_eq!(std::fs::read(folder.path().join("key.pem")).unwrap(), before);
    assert!(!exists(&folder, "new-pub.pem"));
    let refused = ["keygen", "-t", "ed25519", "-o", "new.pem", "--public-out", "pub.pem"];
    assert_eq!(dtsec(&folder, &refused).status.code(), Some(2));
    assert!(!exists(&folder, "new.pem"));
    let control = ["keygen", "-t", "ed25519", "-o", "new.pem", "--public-out", "new-pub.pem"];
    assert_eq!(dtsec(&folder, &control).status.code(), Some(0));
    assert!(exists(&folder, "new.pem") && exists(&folder, "new-pub.pem"));
}

#[cfg(unix)]
#[test]
fn a_private_key_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = bench();
    let mode = |name: &str| std::fs::metadata(Path::join(folder.path(), name)).unwrap().permissions().mode();
    assert_eq!(mode("key.pem") & 0o777, 0o600);
    assert_ne!(mode("pub.pem") & 0o077, 0, "the control: the public one is readable by others");
}

#[test]
fn a_call_or_a_file_at_fault_gives_status_2_says_what_to_do_and_writes_nothing() {
    let folder = bench();
    let signs = |more: &[&str]| dtsec(&folder, &[&SIGN[..], more, &["in.bin", "new.bin"]].concat());
    for (more, words) in [
        (&["--name", "é"][..], "name is not 1 to 32 printable ASCII characters"),
        (&["--align", "3"], "alignment 3 is not one of 1, 2, 4, 8, 16, 32"),
        (&["-L", "4", "-F", "4"], "a load address or a fixed flash address, not both"),
        (&["--part", "radio"], "invalid value 'radio'"),
        (&["-d", "1, 1.0"], "is not of the form"),
    ] {
        let output = signs(more);
        assert_eq!(output.status.code(), Some(2), "{more:?}");
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
        assert!(!exists(&folder, "new.bin"));
    }
    assert_eq!(signs(&[]).status.code(), Some(0), "the control");

    for (arguments, words) in [
        (["verify", "-k", "pub.pem", "absent.bin"], "cannot read absent.bin"),
        (["verify", "-k", "absent.pem", "image.bin"], "cannot read the key absent.pem"),
        (["verify", "-k", "in.bin", "image.bin"], "not a key in PEM"),
    ] {
        let output = dtsec(&folder, &arguments);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
        let (status, report) = json(&folder, &arguments);
        assert_eq!(status, 2);
        assert!(report["error"].as_str().unwrap().contains(words));
    }
    let public = [&["sign", "-k", "pub.pem"], &SIGN[3..], &["in.bin", "x.bin"]].concat();
    assert!(stderr(&dtsec(&folder, &public)).contains("signing needs the private one"));
    let hex = [&SIGN[..], &["in.hex", "x.bin"]].concat();
    assert!(stderr(&dtsec(&folder, &hex)).contains("objcopy -O binary"));
}

#[test]
fn signing_never_overwrites_its_key_or_its_input_by_whatever_name() {
    let folder = bench();
    let path = |name: &str| folder.path().join(name);
    std::fs::hard_link(path("key.pem"), path("other-name.pem")).unwrap();
    std::os::unix::fs::symlink("in.bin", path("link.bin")).unwrap();
    let (key, input) = (std::fs::read(path("key.pem")).unwrap(), std::fs::read(path("in.bin")).unwrap());
    for (outfile, words) in [
        ("key.pem", "the same file as the key"),
        ("other-name.pem", "the same file as the key"),
        ("in.bin", "the same file as INFILE"),
        ("./link.bin", "the same file as INFILE"),
    ] {
        let output = dtsec(&folder, &[&SIGN[..], &["in.bin", outfile]].concat());
        assert_eq!(output.status.code(), Some(2), "{outfile}");
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
    assert_eq!(std::fs::read(path("key.pem")).unwrap(), key);
    assert_eq!(std::fs::read(path("in.bin")).unwrap(), input);
    let control = dtsec(&folder, &[&SIGN[..], &["in.bin", "image.bin"]].concat());
    assert_eq!(control.status.code(), Some(0), "the control: an old image is replaced");
}

#[test]
fn a_full_disk_leaves_the_old_image_whole_and_no_half_file() {
    let folder = bench();
    let names = || {
        let entries = std::fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = (names(), std::fs::read(folder.path().join("image.bin")).unwrap());
    let limited = |kilobytes: u32, call: &str| {
        let program = env!("CARGO_BIN_EXE_dtsec");
        let line = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec {program} image {call}");
        Command::new("bash").args(["-c", &line]).current_dir(folder.path()).output().unwrap()
    };
    let sign = format!("{} --pad in.bin image.bin", SIGN.join(" "));
    let keygen = "keygen -t ed25519 -o new.pem --public-out new-pub.pem";
    for call in [&sign, keygen] {
        let output = limited(if call == keygen { 0 } else { 10 }, call);
        assert_eq!(output.status.code(), Some(2), "{call}");
        assert!(!stderr(&output).contains("never overwritten"), "{}", stderr(&output));
        assert_eq!((names(), std::fs::read(folder.path().join("image.bin")).unwrap()), before, "{call}");
    }
    for call in [&sign, keygen] {
        assert_eq!(limited(1000, call).status.code(), Some(0), "{call}, the control");
    }
    assert_eq!(std::fs::metadata(folder.path().join("image.bin")).unwrap().len(), 0x8000);
}

#[test]
fn a_header_that_breaks_alignment_a_slot_of_no_size_and_a_key_of_no_end_are_refused() {
    let folder = bench();
    let signs = |key: &str, header: &str, slot: &str| {
        let call =
            ["sign", "-k", key, "-v", "1.0", "-H", header, "-S", slot, "--pad-header", "in.bin", "new.bin"];
        let output = dtsec(&folder, &call);
        (output.status.code(), stderr(&output))
    };
    assert_eq!(signs("key.pem", "64", "0x8000").0, Some(0), "the control");
    for (key, header, slot, words) in [
        ("key.pem", "66", "0x8000", "not a multiple of 4"),
        ("key.pem", "64", "0", "holds no image"),
        ("/dev/zero", "64", "0x8000", "larger than 64 KiB"),
    ] {
        let (status, said) = signs(key, header, slot);
        assert_eq!(status, Some(2));
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn the_line_of_the_readme_for_imgtool_is_understood() {
    let folder = bench();
    let call = "sign -k key.pem -v 1.2.3+4 -H 0x400 --pad-header --align 4 -S 0x80000 -s 1 \
        --custom-tlv 0x00a0 platform --custom-tlv 0x00a1 my-platform";
    let signs = |more: &[&str]| {
        let call: Vec<&str> = call.split_ascii_whitespace().chain(more.iter().copied()).collect();
        dtsec(&folder, &[&call[..], &["in.bin", "new.bin"]].concat())
    };
    assert_eq!(
        signs(&["--custom-tlv", "0xb0", "0x00ff", "--custom-tlv", "177", "text"]).status.code(),
        Some(0)
    );
    let (_, report) = json(&folder, &["inspect", "new.bin"]);
    let image = &report["image"];
    assert_eq!((&image["part"], &image["name"]), (&"platform".into(), &"my-platform".into()));
    let tlvs = image["tlvs"].as_array().unwrap();
    let value = |kind: u16| tlvs.iter().find(|tlv| tlv["type"] == kind).map(|tlv| tlv["value"].clone());
    assert_eq!((value(0xB0), value(0xB1)), (Some("00ff".into()), Some("74657874".into())));
    for (more, words) in [
        (&["--part", "platform"][..], "given twice"),
        (&["--custom-tlv", "0xb0", "1", "--custom-tlv", "0xb0", "2"], "given twice"),
        (&["--custom-tlv", "0xb0", "0x1"], "--custom-tlv 0xb0 0x1"),
        (&["--custom-tlv", "0x10", "sha"], "is not free"),
    ] {
        let output = signs(more);
        assert_eq!(output.status.code(), Some(2), "{more:?}");
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
}
