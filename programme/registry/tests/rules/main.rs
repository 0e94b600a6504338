//! Each rule has a test that allows and one that refuses. They are named `RULE::allowed::sentence` and
//! `RULE::refused::sentence`; the last test reads the names out of this very programme.

#[path = "../support/mod.rs"]
mod support;

mod certification;
mod documents;
mod house;
mod labs;
mod list;
mod maintenance;

use dtsec_registry::domain::RULES;

#[test]
fn every_rule_has_a_test_that_allows_and_one_that_refuses() {
    let listed = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--list", "--format", "terse"])
        .output()
        .unwrap();
    let names = String::from_utf8(listed.stdout).unwrap();
    let names: Vec<&str> = names.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    let has = |number: &str, side: &str| {
        let wanted = format!("::{}::{side}::", number.to_lowercase().replace('.', "_"));
        names.iter().any(|name| name.contains(&wanted))
    };
    let gaps: Vec<String> = RULES
        .iter()
        .flat_map(|row| ["allowed", "refused"].map(|side| (row.number, side)))
        .filter(|(number, side)| !has(number, side))
        .map(|(number, side)| format!("{number} {side}"))
        .collect();
    assert!(gaps.is_empty(), "no test for: {gaps:?}");
    assert!(!has("L9", "allowed"), "a rule that does not exist has no test: the look-up sees something");
}
