//! The evidence as a page for people: `report.html`.
//!
//! One file without scripts or anything from elsewhere, so that it can be archived beside the evidence and read
//! in twenty years. Everything that came from a device is escaped by the template engine.

use crate::evidence::{Evidence, Standing};
use crate::model::Verdict;
use askama::Template;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    evidence: &'a Evidence,
    passed: usize,
    failed: usize,
    total: usize,
}

impl Page<'_> {
    /// The requirements on which a test of this evaluation says something.
    fn count(&self, standing: Standing) -> usize {
        self.evidence.sfrs.iter().filter(|row| row.standing == standing).count()
    }

    fn sign(&self, verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Pass => "✓",
            Verdict::Fail => "✗",
            Verdict::Inconclusive => "?",
        }
    }

    fn sfr_sign(&self, standing: &Standing) -> &'static str {
        match standing {
            Standing::Passed => "✓",
            Standing::Failed => "✗",
            Standing::NotTested => "–",
        }
    }
}

/// The page.
pub(crate) fn html(evidence: &Evidence) -> Result<String, askama::Error> {
    let summary = evidence.summary();
    Page { evidence, passed: summary.passed, failed: summary.failed, total: summary.tests }.render()
}

/// An evaluation with one failed attack whose device spoke HTML.
#[cfg(test)]
pub(crate) fn sample() -> Evidence {
    use crate::evidence::{NotApplicable, Provenance, SCHEMA, TestRecord, TestedFile};
    use crate::model::{Kind, Target};
    use crate::observations::Observations;

    let mut observations = Observations::default();
    observations.setup("slot platform-a", "sha256=ab");
    observations.saw("state", "<script>alert('&')</script>");
    observations.case("header", "accepted");
    observations.transcript("boot", ["cdd state=running <b>"]);
    observations.control("the genuine image", |_| Ok("running".into())).ok();
    let tests = vec![TestRecord {
        id: "init-sample",
        title: "A sample",
        sfr: "secure-initialization-of-platform",
        threats: vec!["T.PHYSICAL"],
        kind: Kind::Attack,
        interface: "flash",
        procedure: "Flip a bit.",
        expected: "Refused.",
        observations,
        conclusion: "booted with <none>".into(),
        clean_up: "gone",
        verdict: Verdict::Fail,
        seconds: 1.25,
    }];
    Evidence {
        schema: SCHEMA,
        target: Target::Mps2An505,
        provenance: Provenance {
            tool: "dtsec-evaluate 0".into(),
            date: "2026-01-01T00:00:00Z".into(),
            finished: "2026-01-01T00:01:00Z".into(),
            host: "linux".into(),
            device_host: "QEMU".into(),
        },
        seed: 7,
        quick: false,
        board: serde_json::json!({}),
        files: vec![TestedFile {
            name: "boot".into(),
            version: Some("1.0".into()),
            path: "a&b".into(),
            size: 1,
            sha256: "00".into(),
        }],
        sfrs: Evidence::rows(&tests),
        tests,
        not_applicable: vec![NotApplicable { id: "x", title: "X", sfr: "y", reason: "no world" }],
        limits: crate::evidence::limits(Target::Mps2An505),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_device_says_cannot_become_markup() {
        let page = html(&sample()).unwrap();
        assert!(!page.contains("<script"), "markup from a device");
        assert!(!page.contains("running <b>") && !page.contains("<none>"));
        assert!(page.contains("&#60;script&#62;") || page.contains("&lt;script&gt;"));
    }

    #[test]
    fn the_page_stands_alone_and_names_every_requirement() {
        let page = html(&sample()).unwrap();
        for sfr in crate::sfr::all() {
            assert!(page.contains(sfr.title), "{}", sfr.id);
        }
        for foreign in ["http://", "https://", "src=", "@import", "url("] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        assert!(page.starts_with("<!doctype html>") && page.contains("lang=\"en\""));
    }

    #[test]
    fn each_test_can_be_linked_to_and_shows_its_verdict_and_control() {
        let page = html(&sample()).unwrap();
        assert!(page.contains("id=\"init-sample\"") && page.contains("href=\"#init-sample\""));
        assert!(page.contains("Positive control") && page.contains("the genuine image"));
        assert!(page.contains("inconclusive") || page.contains("fail"));
    }
}
