//! JUnit reports of tests that ran elsewhere.

#![forbid(unsafe_code)]

use dtsec_evidence::junit::{JunitError, RunElsewhere, import, read};
use dtsec_model::Document;
use dtsec_model::etr::Verdict;
use dtsec_model::evidence::Image;
use proptest::prelude::*;

const REPORT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="storage" timestamp="2026-01-02T03:04:05" tests="5">
    <properties>
      <property name="verifies" value="secure-trusted-storage"/>
      <property name="other" value="&lt;&#33;"/>
    </properties>
    <testcase name="keeps" classname="power" time="0.25"/>
    <testcase name="refuses" classname="power" time="0.5">
      <properties><property name="verifies" value="residual-information-purging, secure-trusted-storage"/></properties>
      <failure message="was 3 &amp; not 4">left: 3
right: <![CDATA[<4>]]> &#x41;</failure>
    </testcase>
    <testcase name="skips"><skipped message="no board"/></testcase>
    <testcase name="breaks"><error>the wire is gone</error><system-out>noise &amp; noise</system-out></testcase>
  </testsuite>
  <testsuite><testcase name="alone"/></testsuite>
</testsuites>
"#;

fn elsewhere() -> RunElsewhere {
    RunElsewhere {
        tool: "cargo-nextest".to_owned(),
        tool_version: "0.9".to_owned(),
        target: "board".to_owned(),
        images: vec![Image {
            part: "cdd-platform".to_owned(),
            version: "1.2.3".to_owned(),
            sha256: dtsec_evidence::sha256(b"an image"),
        }],
        host: "lab-7".to_owned(),
        started: None,
        finished: None,
        file: "junit.xml".to_owned(),
    }
}

#[test]
fn each_test_becomes_a_result_with_the_requirements_that_it_verifies() {
    let report = read(REPORT).unwrap();
    let rows: Vec<(&str, Verdict, Vec<&str>, &str)> = report
        .results
        .iter()
        .map(|result| {
            let requirements = result.requirements.iter().map(String::as_str).collect();
            (result.id.as_str(), result.verdict, requirements, result.observation.as_str())
        })
        .collect();
    let storage = "secure-trusted-storage";
    assert_eq!(
        rows,
        [
            ("power.keeps", Verdict::Pass, vec![storage], ""),
            (
                "power.refuses",
                Verdict::Fail,
                vec!["residual-information-purging", storage],
                "failed: was 3 & not 4 left: 3 right: <4> A"
            ),
            ("storage.skips", Verdict::Inconclusive, vec![storage], "skipped: no board"),
            ("storage.breaks", Verdict::Inconclusive, vec![storage], "error: the wire is gone"),
            ("alone", Verdict::Pass, vec![], ""),
        ]
    );
}

#[test]
fn the_same_report_gives_the_same_bytes_and_the_time_is_the_reports() {
    let one = import(REPORT.as_bytes(), &elsewhere()).unwrap();
    assert_eq!(one.to_json(), import(REPORT.as_bytes(), &elsewhere()).unwrap().to_json());
    assert_eq!(
        (one.run.started.as_str(), one.run.finished.as_str()),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z")
    );
    assert_eq!(one.attachments[0].sha256, dtsec_evidence::sha256(REPORT.as_bytes()));
    let other = import(REPORT.replace("keeps", "holds").as_bytes(), &elsewhere()).unwrap();
    assert_ne!(one.run.id, other.run.id, "another report is another run");
    dtsec_evidence::Statement::new(one).expect("it can be signed");
}

#[test]
fn a_report_without_a_time_needs_one_and_evidence_needs_an_image() {
    let timeless = REPORT.replace(" timestamp=\"2026-01-02T03:04:05\"", "");
    assert_eq!(import(timeless.as_bytes(), &elsewhere()), Err(JunitError::NoTime));
    let run = RunElsewhere {
        started: Some("2026-05-06T07:08:09+02:00".to_owned()),
        finished: Some("2026-05-06T05:09:09Z".to_owned()),
        ..elsewhere()
    };
    let bundle = import(timeless.as_bytes(), &run).unwrap();
    assert_eq!(
        (bundle.run.started.as_str(), bundle.run.finished.as_str()),
        ("2026-05-06T05:08:09Z", "2026-05-06T05:09:09Z")
    );
    let wrong = RunElsewhere { started: Some("yesterday".to_owned()), ..elsewhere() };
    assert_eq!(import(REPORT.as_bytes(), &wrong), Err(JunitError::NoTime));
    let nothing = RunElsewhere { images: Vec::new(), ..elsewhere() };
    assert_eq!(import(REPORT.as_bytes(), &nothing), Err(JunitError::NoImages));
}

#[test]
fn a_requirement_that_does_not_exist_is_refused_with_its_line() {
    let wrong = REPORT.replacen("\"secure-trusted-storage\"", "\"secure-storage\"", 1);
    let error = read(&wrong).unwrap_err();
    assert_eq!(error, JunitError::UnknownRequirement { line: 5, id: "secure-storage".to_owned() });
}

#[test]
fn entities_and_document_types_are_refused_wherever_they_stand() {
    let bomb =
        r#"<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><testsuite><testcase name="&b;"/></testsuite>"#;
    assert_eq!(read(bomb).unwrap_err(), JunitError::DocumentType { line: 1 });
    let entity = |at: &str| at.replace('@', "&own;");
    for text in [
        r#"<testsuite><testcase name="a"><failure>@</failure></testcase></testsuite>"#,
        r#"<testsuite><testcase name="a"><system-out>@</system-out></testcase></testsuite>"#,
        r#"<testsuite>@<testcase name="a"/></testsuite>"#,
    ] {
        read(&text.replace('@', "&amp;")).expect("the control");
        assert!(
            matches!(read(&entity(text)), Err(JunitError::Entity { name, .. }) if name == "own"),
            "{text}"
        );
    }
    for text in [
        r#"<testsuite><testcase name="@"/></testsuite>"#,
        r#"<testsuite hostname="@"><testcase name="a"/></testsuite>"#,
    ] {
        read(&text.replace('@', "&amp;")).expect("the control");
        assert!(matches!(read(&entity(text)), Err(JunitError::Xml { .. })), "{text}");
    }
}

#[test]
fn what_is_no_report_is_told_so() {
    let kind = |text: &str| read(text).unwrap_err();
    assert!(matches!(kind("<html/>"), JunitError::Root { line: 1, .. }));
    assert!(matches!(kind("nothing"), JunitError::NoTests));
    assert!(matches!(kind("<testsuite/>"), JunitError::NoTests));
    assert!(matches!(kind("<testsuite><testcase/></testsuite>"), JunitError::NoName { .. }));
    assert!(matches!(kind("<testsuite><testcase name='a'/>"), JunitError::CutOff { .. }));
    assert!(matches!(kind("<testsuite><testcase name='a'></testsuite>"), JunitError::Xml { .. }));
    let twice = "<testsuite><testcase name='a'/>\n<testcase name='a'/></testsuite>";
    assert_eq!(kind(twice), JunitError::Repeated { line: 2, id: "a".to_owned() });
    assert!(matches!(
        kind("<testsuite><testcase name='a'/></testsuite><testsuite/>"),
        JunitError::Root { .. }
    ));
    assert!(matches!(import(&[0xFF, 0xFE], &elsewhere()), Err(JunitError::Encoding)));
    read("<testsuite><testcase name='a'/></testsuite>").expect("the control");
}

#[test]
fn a_report_is_bounded_in_depth_and_in_what_is_kept() {
    let nested = |depth: usize| {
        format!("{}<testcase name='a'/>{}", "<testsuite>".repeat(depth), "</testsuite>".repeat(depth))
    };
    read(&nested(20)).expect("the control");
    assert!(matches!(read(&nested(40)), Err(JunitError::Depth { .. })));
    let long = format!(
        "<testsuite><testcase name='a'><failure>{}</failure></testcase></testsuite>",
        "ü ".repeat(9000)
    );
    let kept = &read(&long).unwrap().results[0].observation;
    assert!(kept.len() <= 2000 && kept.starts_with("failed"), "{}", kept.len());
    let huge = vec![b' '; dtsec_evidence::junit::MAX_BYTES + 1];
    assert!(matches!(import(&huge, &elsewhere()), Err(JunitError::TooLong { .. })));
}

#[test]
fn a_failure_stays_one_whatever_else_the_test_says() {
    for inner in ["<failure/><skipped/>", "<skipped/><failure/>", "<error/><failure/><error/>"] {
        let text = format!("<testsuite><testcase name='a'>{inner}</testcase></testsuite>");
        assert_eq!(read(&text).unwrap().results[0].verdict, Verdict::Fail, "{inner}");
    }
}

proptest! {
    #[test]
    fn no_change_of_a_byte_makes_the_reader_panic(at in 0usize..2000, byte in 0u8..128) {
        let mut bytes = REPORT.as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = import(&bytes, &elsewhere());
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[<>a-z/='\"&;! \\[\\]-]{0,120}") {
        let _ = read(&text);
    }
}
