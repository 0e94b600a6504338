//! Where `unsafe` may be written: in the hardware layer, the gate's call sequence, the boards, and nowhere else.

use std::path::{Path, PathBuf};

/// Crates that may hold `unsafe`, each with its reason. Boards (`firmware/`) are hardware layers as a whole.
const EXCEPTIONS: [(&str, &str); 4] = [
    ("device/gate", "the one instruction sequence that crosses from the application into the platform"),
    ("device/p256", "calls the assembly of P-256"),
    ("programme/target", "starts the emulator with its wires as inherited file descriptors"),
    ("virtual", "takes its wires over as inherited file descriptors"),
];

fn root() -> PathBuf {
    xtask::layout::root()
}

/// The crates directly below `folder`, or the folder itself.
fn crates(folder: &str) -> Vec<String> {
    if root().join(folder).join("Cargo.toml").is_file() {
        return vec![folder.to_owned()];
    }
    let mut found: Vec<String> = std::fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy()))
        .filter(|name| root().join(name).join("Cargo.toml").is_file())
        .collect();
    found.sort();
    found
}

/// The roots of a crate's library and program.
fn roots(name: &str) -> Vec<PathBuf> {
    let source = root().join(name).join("src");
    [source.join("lib.rs"), source.join("main.rs")].into_iter().filter(|p| p.is_file()).collect()
}

fn forbids_unsafe(source: &str) -> bool {
    source.lines().any(|line| line.trim() == "#![forbid(unsafe_code)]")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn unsafe_code_is_forbidden_in_every_crate_but_the_exceptions() {
    let mut missing = Vec::new();
    let mut seen = 0;
    for name in ["device", "programme", "cli", "virtual"].into_iter().flat_map(crates) {
        if EXCEPTIONS.iter().any(|(exception, _)| *exception == name) {
            continue;
        }
        for path in roots(&name) {
            seen += 1;
            if !forbids_unsafe(&read(&path)) {
                missing.push(path.strip_prefix(root()).unwrap().display().to_string());
            }
        }
    }
    assert!(seen > 8, "only {seen} crates were found: the test looks in the wrong place");
    assert!(missing.is_empty(), "`#![forbid(unsafe_code)]` is missing in {missing:?}");
}

#[test]
fn every_exception_is_a_crate_that_needs_it() {
    for (name, reason) in EXCEPTIONS {
        let mut files = Vec::new();
        sources(&root().join(name).join("src"), &mut files);
        assert!(
            files.iter().any(|path| read(path).contains("unsafe {")),
            "{name} holds no unsafe block; {reason}: strike it from the list"
        );
    }
}

#[test]
fn the_check_is_not_satisfied_by_a_comment_or_a_weaker_attribute() {
    assert!(forbids_unsafe("//! docs\n#![no_std]\n#![forbid(unsafe_code)]\n"));
    assert!(!forbids_unsafe("// #![forbid(unsafe_code)]\n#![deny(unsafe_code)]\n"));
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}
