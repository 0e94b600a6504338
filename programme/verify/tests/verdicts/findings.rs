//! Findings: numbers, names and tiers are for good.

use dtsec_verify::{Finding, Tier};
use std::collections::HashSet;

#[test]
fn every_finding_has_a_number_and_a_name_of_its_own() {
    let numbers: HashSet<u16> = Finding::ALL.iter().map(|one| one.number()).collect();
    let names: HashSet<&str> = Finding::ALL.iter().map(|one| one.name()).collect();
    let sentences: HashSet<&str> = Finding::ALL.iter().map(|one| one.says()).collect();
    for distinct in [numbers.len(), names.len(), sentences.len()] {
        assert_eq!(distinct, Finding::ALL.len());
    }
}

#[test]
fn the_first_digit_of_the_number_says_the_tier_and_only_one_finding_affirms() {
    for finding in Finding::ALL {
        let tier = match finding.number() / 100 {
            1 => Tier::Affirming,
            2 => Tier::Warning,
            3 | 4 => Tier::Contraindicated,
            other => unreachable!("{other}"),
        };
        assert_eq!(finding.tier(), tier, "{finding:?}");
        assert!(finding.tier() >= finding.vector().tier(), "no better than its claims: {finding:?}");
    }
    assert_eq!(Finding::ALL.iter().filter(|one| one.tier() == Tier::Affirming).count(), 1);
}

#[test]
fn the_values_are_those_of_ar4si_for_what_was_found() {
    for (finding, executables) in [
        (Finding::ListedAndClean, 2),
        (Finding::OpenVulnerability, 32),
        (Finding::NotListed, 33),
        (Finding::Removed, 96),
        (Finding::BadSignature, 99),
        (Finding::NonceMismatch, 99),
    ] {
        assert_eq!(finding.vector().executables, Some(executables), "{finding:?}");
    }
    let tiers = [-128, -97, -96, -33, -32, -2, -1, 0, 1, 2, 31, 32, 95, 96, 127].map(Tier::of);
    use Tier::{Affirming as A, Contraindicated as C, None as N, Warning as W};
    assert_eq!(tiers, [C, C, W, W, A, A, N, N, N, A, A, W, W, C, C]);
}
