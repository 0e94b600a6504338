//! Known-answer tests before first use.

use cdd_crypto::selftest::TestState;
use cdd_crypto::{Error, Family, SelfTests};

#[test]
fn every_family_gives_its_known_answer_and_is_tested_only_when_used() {
    let mut tests = SelfTests::new();
    for family in Family::ALL {
        assert_eq!(tests.state(*family), TestState::NotRun, "{}", family.name());
        assert_eq!(tests.require(*family), Ok(()), "{}", family.name());
        assert_eq!(tests.state(*family), TestState::Passed, "{}", family.name());
    }
}

#[test]
fn a_family_that_fails_refuses_until_reset_and_no_other_does() {
    for broken in Family::ALL {
        let mut tests = SelfTests::new();
        tests.plant_failure(*broken);
        for _ in 0..2 {
            assert_eq!(tests.require(*broken), Err(Error::SelfTest(*broken)), "{}", broken.name());
            assert_eq!(tests.state(*broken), TestState::Failed);
        }
        for other in Family::ALL.iter().filter(|other| *other != broken) {
            assert_eq!(tests.require(*other), Ok(()), "{}", other.name());
        }
        assert_eq!(tests.require(*broken), Err(Error::SelfTest(*broken)));
        let mut after_reset = SelfTests::new();
        assert_eq!(after_reset.require(*broken), Ok(()));
    }
}

#[test]
fn a_failed_self_test_has_the_number_of_corruption() {
    assert_eq!(Error::SelfTest(Family::Gcm).code(), -151);
}
