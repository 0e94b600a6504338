//! The whole story, on both databases: every verdict is the one that it has to be.

#![forbid(unsafe_code)]

use xtask::story::{self, FIRST, FIXED, Setting, Tale};

/// Tells it with one test of the evaluation: the whole evaluation has a run of its own.
fn told(database: Option<String>) -> Tale {
    let folder = tempfile::tempdir().unwrap();
    let setting = Setting {
        folder: folder.path().to_owned(),
        database,
        tests: vec!["identity-report-equals-what-was-signed".to_owned()],
    };
    let mut chapters = 0;
    let tale = story::tell(setting, &mut |chapter| {
        chapters += 1;
        assert!(!chapter.deeds.is_empty(), "nothing is done in `{}`", chapter.title);
    });
    let tale = tale.unwrap();
    assert_eq!(tale.chapters.len(), chapters, "every chapter is told when it has happened");
    tale
}

/// What the verdicts are, whichever database the registry is on.
fn ends_well(tale: &Tale) {
    let verdicts: Vec<_> = tale
        .verdicts
        .iter()
        .map(|one| (one.device.as_str(), one.version.as_str(), one.finding.as_str()))
        .collect();
    let expected = [
        ("meter-1", FIRST, "listed-and-clean"),
        ("meter-1", FIRST, "listed-and-clean"),
        ("meter-1", FIRST, "open-vulnerability"),
        ("meter-1", FIRST, "removed-pending-remediation"),
        ("meter-2", FIXED, "listed-and-clean"),
        ("meter-1", FIRST, "open-vulnerability"),
    ];
    assert_eq!(verdicts, expected);
}

#[test]
#[ignore = "needs the firmware and QEMU: run by `cargo xtask test`"]
fn from_the_evaluation_to_the_verdict_on_the_fixed_version_on_sqlite() {
    ends_well(&told(None));
}

#[test]
#[ignore = "needs PostgreSQL, the firmware and QEMU: run by `cargo xtask test`"]
fn from_the_evaluation_to_the_verdict_on_the_fixed_version_on_postgresql() {
    ends_well(&told(Some(dtsec_scratch::Server::shared().database())));
}
