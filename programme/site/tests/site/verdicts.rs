//! A verdict as a page: each kind of finding in its own words.

use crate::asked::{asked, shown};
use dtsec_site::verdict::problem;
use dtsec_verify::{Finding, Freshness};

#[test]
fn every_finding_has_a_page_that_names_it_and_the_list_and_nothing_is_loaded() {
    for finding in Finding::ALL {
        let html = shown(*finding, Freshness::Fresh);
        assert!(html.contains(&format!("{}: {}", finding.number(), finding.name())), "{finding:?}");
        assert!(
            html.contains("By list 7 as of 2030-04-01 12:00 UTC, fresh until 2030-04-02 12:00 UTC."),
            "{finding:?}"
        );
        assert!(!html.contains("<script") && !html.contains("src="), "{finding:?}");
        assert!(!html.contains("<detail>") && html.contains("a &#60;detail&#62;"), "{finding:?}");
        assert!(!html.to_lowercase().contains("stop using"), "{finding:?}");
        // Only what is well goes without the advice to talk first.
        let well = *finding == Finding::ListedAndClean;
        assert_eq!(html.contains("verdict good"), well, "{finding:?}");
        assert_eq!(html.contains("talk to the care team"), !well, "{finding:?}");
    }
}

#[test]
fn what_is_open_is_shown_for_the_version_that_runs_and_for_no_other() {
    let exact = shown(Finding::OpenVulnerability, Freshness::Fresh);
    assert!(
        exact.contains("CVE-2030-1000") && exact.contains("severity: high") && exact.contains("What runs")
    );
    assert!(exact.contains("<h1>Alpha &#60;Pump&#62; 1.0.0</h1>"));
    let near = shown(Finding::MixedRelease, Freshness::Fresh);
    assert!(!near.contains("CVE-2030-1000") && near.contains("it is not what runs"));
}

#[test]
fn a_list_that_is_out_of_date_is_said_above_everything_else() {
    let stale = shown(Finding::StaleList, Freshness::Stale);
    assert!(stale.contains("as-of stale") && stale.contains("out of date since 2030-04-02 12:00 UTC"));
    assert!(!shown(Finding::ListedAndClean, Freshness::Fresh).contains("as-of stale"), "the control");
}

#[test]
fn the_form_brings_its_challenge_and_a_problem_says_what_was_wrong() {
    let made = asked();
    assert!(made.contains("name=\"challenge\" value=\"AQID\"") && made.contains(">010203<"));
    for field in ["file", "token", "nonce", "chain"] {
        assert!(made.contains(&format!("<label for=\"{field}\">")), "{field} has no label");
    }
    assert!(problem("token: <b>").unwrap().contains("token: &#60;b&#62;"));
}
