//! The tests, each with the words that stand in its record.

mod attestation;
mod authenticity;
mod campaigns;
mod cryptography;
mod identity;
mod integrity;
mod isolation;
mod keystore;
mod lifecycle;
mod pointers;
mod power;
mod purging;
mod random;
mod recovery;
mod slots;
mod states;
mod storage;
mod structure;
mod vectors;

use crate::model::{Applies, Target, Test};

/// Requirement ids that tests refer to.
pub(crate) mod sfr {
    pub(crate) const IDENTITY: &str = "verification-of-platform-identity";
    pub(crate) const INITIALIZATION: &str = "secure-initialization-of-platform";
    pub(crate) const RANDOM: &str = "cryptographic-random-number-generation";
    pub(crate) const STORAGE: &str = "secure-trusted-storage";
    pub(crate) const PURGING: &str = "residual-information-purging";
    pub(crate) const KEYSTORE: &str = "cryptographic-keystore";
    pub(crate) const KEY_GENERATION: &str = "cryptographic-key-generation";
    pub(crate) const FACTORY_RESET: &str = "factory-reset-of-platform";
    pub(crate) const DECOMMISSION: &str = "decommission-of-platform";
    pub(crate) const PLATFORM_GENUINENESS: &str = "attestation-of-platform-genuineness";
    pub(crate) const APPLICATION_GENUINENESS: &str = "attestation-of-application-genuineness";
    pub(crate) const INSTANCE_IDENTITY: &str = "verification-of-platform-instance-identity";
    pub(crate) const CRYPTOGRAPHY: &str = "cryptographic-operation";
}

/// The wires and memories that tests stimulate, as their records name them.
pub(crate) mod interface {
    pub(crate) const FLASH: &str =
        "External flash, written from outside while the device is off; boot report on the management wire";
    pub(crate) const FLASH_OF_STORAGE: &str =
        "Flash of trusted storage, read and written from outside; gate calls 56 to 64; the meter's console";
    pub(crate) const FUSES: &str =
        "Fuse device, burnt from outside while the device is off; boot report on the management wire";
    pub(crate) const MANAGEMENT: &str = "Management wire";
    pub(crate) const CONSOLE: &str = "Application console, through the gate";
    pub(crate) const NON_SECURE: &str = "Memory and instructions of the Non-secure application (probe)";
    pub(crate) const GATE: &str = "The gate: veneers called by the Non-secure application (probe)";
    pub(crate) const CALLS: &str = "The gate: calls of the application (probe) with arguments of its own";
    pub(crate) const LIFE_CYCLE: &str = "Commands `factory-reset`, `decommission`, `confirm` of the management wire; flash and fuses from outside";
    pub(crate) const ATTESTATION: &str =
        "Gate calls 65 to 67 and commands `token`, `attestation-key` of the management wire";
    pub(crate) const MEMORY: &str =
        "The gate, and a look from outside into all memory of the running device and its flash";
    pub(crate) const SENSOR: &str = "Sensor wire; power; the meter's console";
    pub(crate) const ENTROPY: &str = "Entropy wire; gate call `random`";
}

/// For tests of the border between the worlds.
pub(crate) const NEEDS_TRUSTZONE: Applies = Applies::Only(
    Target::Mps2An505,
    "the virtual device has no Non-secure world: its services run in one process without a gate or memory attribution",
);

/// For campaigns of thousands of starts.
pub(crate) const NEEDS_SPEED: Applies = Applies::Only(
    Target::Virtual,
    "thousands of starts take too long on the emulated board; it runs the same boot code and a sampled campaign",
);

/// Every test, in the order in which they are run: the long ones first, so that two workers end together.
pub fn all() -> Vec<Test> {
    [
        storage::TESTS.concat().as_slice(),
        power::TESTS,
        campaigns::TESTS,
        vectors::TESTS,
        purging::TESTS,
        keystore::TESTS.concat().as_slice(),
        cryptography::TESTS.concat().as_slice(),
        integrity::TESTS,
        structure::TESTS,
        pointers::TESTS,
        isolation::TESTS,
        recovery::TESTS,
        random::TESTS,
        lifecycle::TESTS,
        attestation::TESTS,
        authenticity::TESTS,
        slots::TESTS,
        states::TESTS,
        identity::TESTS,
    ]
    .concat()
}

#[cfg(test)]
mod unit_tests {
    use super::*;
    use crate::model::Kind;
    use std::collections::BTreeSet;

    #[test]
    fn every_test_has_an_id_of_its_own_and_serves_a_requirement_of_the_profile() {
        let tests = all();
        let ids: BTreeSet<_> = tests.iter().map(|test| test.id).collect();
        assert_eq!(ids.len(), tests.len());
        for test in &tests {
            assert!(
                test.id.bytes().all(|b| b == b'-' || b.is_ascii_lowercase() || b.is_ascii_digit()),
                "{}",
                test.id
            );
            assert!(crate::sfr::by_id(test.sfr).is_some(), "{}", test.id);
        }
    }

    #[test]
    fn every_test_is_described_in_sentences_and_every_attack_names_its_threat() {
        for test in all() {
            for text in [test.procedure, test.expected] {
                assert!(text.ends_with('.') && text.len() > 20, "{}: {text}", test.id);
            }
            assert!(!test.title.ends_with('.'), "{}", test.id);
            assert!(test.kind == Kind::Functional || !test.threats.is_empty(), "{}", test.id);
        }
    }

    #[test]
    fn every_target_has_tests_of_all_three_requirements() {
        for target in Target::ALL {
            for sfr in [sfr::IDENTITY, sfr::INITIALIZATION, sfr::RANDOM] {
                let runs = |test: &Test| test.sfr == sfr && test.applies.reason_against(target).is_none();
                assert!(all().iter().any(runs), "{sfr} on {}", target.name());
            }
        }
    }
}
