//! Programs that are not ours: csaf-validator reads our advisories, with the schema of CSAF 2.0 and all its mandatory tests.

use crate::fixtures::{self, id};
use crate::site::Place;
use dtsec_registry::domain::Command;
use dtsec_registry::domain::vulnerability::{Report, Severity};
use serde_json::{Value, json};

/// Whether it accepts an advisory, and what it says.
fn validated(advisory: &Value) -> (bool, String) {
    let validator =
        std::env::var("DTSEC_CSAF_VALIDATOR").expect("DTSEC_CSAF_VALIDATOR: `cargo xtask test` sets it");
    let folder = tempfile::tempdir().unwrap();
    let name = advisory["document"]["tracking"]["id"].as_str().unwrap().to_lowercase();
    let path = folder.path().join(format!("{name}.json"));
    std::fs::write(&path, advisory.to_string()).unwrap();
    let output = std::process::Command::new(validator)
        .args(["--csaf-version", "2.0", "--test", "basic"])
        .arg(&path)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test]
#[ignore = "needs csaf-validator"]
async fn a_foreign_validator_accepts_advisories_in_every_state_and_refuses_broken_ones() {
    let site = Place::Sqlite.with_entry().await;
    let dora = site.cookie("dora").await;
    let mut seen = std::collections::BTreeSet::new();
    for (name, conflicts) in [("CVE-2030-1000", true), ("report-of-our-own.2", false)] {
        let vulnerability = || id(name);
        let advisory = async || {
            let advisory = site.get(&dora, &format!("/api/v1/advisories/{name}")).await.is(200).json();
            let (good, said) = validated(&advisory);
            assert!(good, "{said}\n{advisory:#}");
            advisory
        };
        let report = Report {
            document: fixtures::hash("finding"),
            severity: Severity::High,
            entries: fixtures::set(&["entry"]),
            component: None,
            plan: None,
        };
        site.does("pat", Command::ReportVulnerability { vulnerability: vulnerability(), report }).await;
        let mut all = vec![advisory().await];
        let claims = conflicts.then(|| "requirement-1".to_owned());
        let found = [(id("entry"), claims.into_iter().collect())].into();
        site.does("dora", Command::TriageVulnerability { vulnerability: vulnerability(), found }).await;
        all.push(advisory().await);
        if conflicts {
            let (entry, evidence) = (id("entry"), fixtures::hash("fix"));
            let reported = Command::ReportMitigation {
                vulnerability: vulnerability(),
                entry,
                evidence: evidence.clone(),
                fixed_in: None,
            };
            site.does("ann", reported).await;
            let entry = id("entry");
            site.does("dora", Command::VerifyMitigation { vulnerability: vulnerability(), entry, evidence })
                .await;
            all.push(advisory().await);
        }
        let statuses = all.iter().map(|one| &one["vulnerabilities"][0]["product_status"]);
        seen.extend(statuses.flat_map(|one| one.as_object().unwrap().keys().cloned()));
        // The control: what breaks the schema, and what only a mandatory test finds.
        let last = all.pop().unwrap();
        assert_eq!(last["document"]["distribution"]["tlp"]["label"], "WHITE");
        let broken: [fn(&mut Value); 3] = [
            |one| drop(one["document"].as_object_mut().unwrap().remove("publisher")),
            |one| one["vulnerabilities"][0]["product_status"] = json!({ "fixed": ["nobody's:1.0"] }),
            |one| one["document"]["tracking"]["version"] = json!("99"),
        ];
        for (number, breaks) in broken.iter().enumerate() {
            let mut one = last.clone();
            breaks(&mut one);
            let (good, said) = validated(&one);
            assert!(!good, "broken in way {number} and accepted: {said}");
        }
    }
    let every = ["fixed", "known_affected", "known_not_affected", "under_investigation"];
    assert!(seen.iter().map(String::as_str).eq(every), "{seen:?}");
}
