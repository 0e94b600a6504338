//! Every rule of the DTSec standard (version 0.8, 28 December 2015) and the house's own, as data: number, place in the
//! standard, our own words, whom it binds, how strongly, and the transitions that it guards.
//!
//! The numbers are the project's (L labs, P profiles, S Security Targets, A assurance, C certification, E list,
//! M maintenance, V criteria, D the house's own). `obligations` gives the numbers under which the comparison of
//! programmes lists the same rule. `tests/rules` fails for a rule without a test that allows and one that refuses.

use serde::{Deserialize, Serialize};

/// How strongly a rule binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Force {
    /// It is so, or nothing happens.
    Must,
    /// It is expected; its absence is recorded.
    Should,
    /// A right that somebody has.
    May,
}

/// Whom a rule binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Binds {
    /// The working group.
    Dwg,
    /// Labs.
    Lab,
    /// Developers.
    Developer,
    /// All of them.
    Everybody,
}

/// A rule and what is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Which.
    pub rule: Rule,
    /// Its number: `L2`, `E2.1`.
    pub number: &'static str,
    /// Where it comes from: section and line of the standard, or the house.
    pub clause: &'static str,
    /// Our words for it.
    pub text: &'static str,
    /// Whom it binds.
    pub binds: Binds,
    /// How strongly.
    pub force: Force,
    /// The same rule in the comparison of programmes.
    pub obligations: &'static [&'static str],
    /// The commands and decisions that it guards, by their tags; empty where it guards all.
    pub guards: &'static [&'static str],
}

macro_rules! rules {
    ($($rule:ident $number:literal $clause:literal $binds:ident $force:ident [$($obligation:literal),*]
       [$($guard:literal),* $(,)?] $text:literal;)*) => {
        /// The rules.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Rule {
            $(#[doc = $text] #[serde(rename = $number)] $rule,)*
        }

        /// Every rule, in the order of the life of a product.
        pub const RULES: &[Row] = &[$(Row {
            rule: Rule::$rule,
            number: $number,
            clause: $clause,
            text: $text,
            binds: Binds::$binds,
            force: Force::$force,
            obligations: &[$($obligation),*],
            guards: &[$($guard),*],
        },)*];
    };
}

rules! {
    V "V" "1 ISO/IEC 15408, line 232" Everybody Must ["S2"]
        ["draft-pp", "submit-st", "revise-st"]
        "Evaluations are made by ISO/IEC 15408:2009 and ISO/IEC 18045:2005; every profile and Security Target names the editions that it follows.";
    P1 "P1" "1 Protection Profiles, line 216; 2 Approval, line 355" Dwg Must ["S1", "S12"]
        ["draft-pp", "revise-pp", "open-pp-review", "comment-pp", "dispose-comment", "accept-pp", "submit-st", "approve-st"]
        "The working group writes and publishes the profiles; each goes through public review, and every comment is answered, before it is accepted and before a Security Target uses it.";
    P2 "P2" "1 Assurance Packages, line 254" Dwg Must ["S3"]
        ["draft-pp", "revise-pp", "submit-st"]
        "A profile defines its assurance packages itself, and a Security Target under it uses one of them.";
    A1 "A1" "1 Assurance Packages, line 265" Everybody Must ["S4"]
        ["accept-pp", "approve-st"]
        "What is highly critical is evaluated with a package that resists attackers of moderate to high potential: AVA_VAN.4 or above, or a package of which the working group has determined, with its reasons, that it meets that aim.";
    A2 "A2" "1 Assurance Packages, line 270" Everybody Must ["S5"]
        ["approve-st"]
        "Less assurance is for general-purpose components without a life-critical function and for devices that such attackers cannot reach, and for nothing else.";
    A3 "A3" "1 Assurance Packages, line 248" Everybody May ["M8"]
        ["draft-pp", "revise-pp", "submit-etr"]
        "An audit of the life cycle by IEC 62304 may stand for the life-cycle components of a package that says so, and for no other component.";
    S1 "S1" "2 Approval, line 358" Everybody Must ["S13", "S14"]
        ["plan-evaluation", "start-evaluation", "submit-etr", "certify"]
        "Every evaluation is against a Security Target, and the working group has approved exactly that text before it starts.";
    S2 "S2" "2 Approval, line 358" Developer May ["S13"]
        ["publish-st"]
        "A Security Target may be put to public review or published; nobody but its developer may, and nothing depends on it.";
    S3 "S3" "1 Assurance Packages, line 283" Everybody Must ["S6"]
        ["submit-st", "approve-st"]
        "A component is evaluated at the assurance of the devices that hold it, and claims nothing that does not agree with their profile.";
    L1 "L1" "2 Lab Accreditation, lines 296 and 300" Everybody Must ["S7"]
        ["apply-lab", "accept-lab", "plan-evaluation", "start-evaluation", "submit-etr"]
        "Evaluations are made by independent labs that applied, were accepted, and stand on the public list.";
    L2 "L2" "2 Lab Accreditation, line 304" Lab Must ["S8"]
        ["accept-lab", "reinstate-lab", "renew-accreditation", "extend-lab", "accept-extension", "plan-evaluation", "start-evaluation", "submit-etr"]
        "A lab is accredited by ISO/IEC 17025 with a scope that names security testing of information technology or the like, and the accreditation is in force.";
    L3 "L3" "2 Lab Accreditation, line 312" Lab Must ["S9"]
        ["accept-lab", "extend-lab", "accept-extension", "plan-evaluation"]
        "A lab masters AVA_VAN.4 or above from simple microcontrollers to general-purpose systems; what its accreditation does not cover it shows when it applies, and it evaluates only what it has shown.";
    L4 "L4" "2 Lab Accreditation, line 306" Dwg May ["R1"]
        ["accept-lab", "reject-lab", "accept-extension", "reject-extension"]
        "The working group accepts or rejects a lab on its experience, its accreditor's standing, its costs and its resources, and says what it weighed.";
    L5 "L5" "2 Lab Accreditation, line 326" Lab Must ["M1"]
        ["accept-lab", "observe-evaluation", "submit-etr"]
        "A lab documents its work and is open to audit and to observation while it evaluates.";
    L6 "L6" "2 Evaluated Products List, line 350" Dwg May ["R4"]
        ["remove-lab"]
        "A lab may lose its place for a product that it passed and that suffers from recurring vulnerabilities.";
    C1 "C1" "2 Product Certification, line 333" Lab Must ["M2"]
        ["submit-etr", "certify"]
        "For what passes, the lab delivers a report with enough detail, above all on the analysis of vulnerabilities.";
    C2 "C2" "2 Product Certification, line 337" Dwg Must ["S10"]
        ["certify"]
        "Certified is only what has an accepted report and stands on the list: both are one transition.";
    E1 "E1" "2 Evaluated Products List, line 342" Dwg Must ["S11"]
        ["certify"]
        "What is certified stands on a public list, under the name that the device itself answers.";
    E2_1 "E2.1" "2 Evaluated Products List, line 344" Dwg May ["R2"]
        ["remove-entry", "restore-entry"]
        "A product with a vulnerability that conflicts with its Security Target may be taken off the list until it is remediated.";
    E2_2 "E2.2" "2 Evaluated Products List, line 347" Dwg May ["R3"]
        ["remove-entry", "restore-entry"]
        "A product with many recurring vulnerabilities may be taken off the list even if all are remediated.";
    E2_3 "E2.3" "2 Assurance Maintenance, line 374" Dwg May ["R5"]
        ["declare-overdue", "remove-entry", "keep-entry"]
        "A product whose vulnerability is not mitigated well and soon may be taken off the list; there is no fixed threshold, and developers, regulators, patients and caregivers are heard.";
    M1 "M1" "2 Assurance Maintenance, line 364" Everybody Must ["M3", "M4"]
        ["request-maintenance", "append-version"]
        "Who wants to reuse a certificate for a new version files a request that lists every difference; if the changes are minor, each and together, the version is appended to the entry.";
    M2 "M2" "2 Assurance Maintenance, line 372" Developer Should ["M5"]
        ["report-vulnerability", "submit-plan"]
        "A developer reports vulnerabilities of high severity, with a plan to mitigate them.";
    M3 "M3" "2 Assurance Maintenance, line 383" Dwg May ["R6"]
        ["order-audit", "join-audit", "reveal-share", "submit-audit-evidence", "record-audit-result", "close-audit"]
        "The working group may have a developer audited at random, by itself or by an accepted lab, on a sample of the requirements that costs little of a full evaluation, against the Security Target or an approved minor revision of it.";
    M4 "M4" "2 Assurance Maintenance, line 389" Dwg May ["R7"]
        ["declare-not-supported", "require-revalidation"]
        "Where the audit is not supported or the change is major, the working group may require a full revalidation.";
    M5 "M5" "1 Assurance Packages, line 257" Developer May ["M7"]
        ["claim-de-facto", "admit-de-facto"]
        "Who has passed may claim de-facto certification for later, similar products that meet the whole Security Target; they are subject to random audit, shown apart, and end with the certificate that they lean on.";
    M6 "M6" "2 Assurance Maintenance, line 392" Everybody Must ["M6"]
        ["propose-agreement", "sign-agreement", "plan-evaluation"]
        "Working group, lab and developer agree on confidentiality where the developer needs it, before anything confidential is handed over.";
    M7 "M7" "2 Assurance Maintenance, line 396" Dwg Must ["S15"]
        ["review-entry"]
        "A certificate does not expire; the list says when it was last looked at.";
    D1 "D1" "house" Everybody Must [] []
        "What no rule allows is refused: every command names the roles that may give it and whose case it is.";
    D2 "D2" "house" Dwg Must [] ["confirm"]
        "A decision of the working group is taken by two of its members.";
    D3 "D3" "house" Everybody Must [] []
        "Nobody decides on a product or a lab of an organisation to which he belongs or in which he has an interest.";
    D4 "D4" "house" Dwg Must [] ["remove-entry", "restore-entry"]
        "What is taken off the list leaves a public trace: state, day and class of reason.";
    D5 "D5" "house" Everybody Must []
        ["accept-pp", "approve-st", "reject-st", "request-st-changes", "certify", "append-version"]
        "A decision on a document names its hash and holds for that text only.";
    D6 "D6" "house" Everybody Must [] []
        "Every step states its reason.";
    D7 "D7" "house" Everybody Must [] []
        "A step is taken only from the states from which it leads, on things that exist, and not twice.";
}

impl Rule {
    /// What is known of it.
    pub fn row(self) -> &'static Row {
        // The table is made from the same list as the enum, in the same order.
        &RULES[self as usize]
    }

    /// Its number.
    pub fn number(self) -> &'static str {
        self.row().number
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_finds_its_own_row_and_every_obligation_is_met_by_one() {
        for row in RULES {
            assert_eq!(row.rule.row(), row);
        }
        let mut wanted: Vec<String> = Vec::new();
        for (letter, last) in [("S", 15), ("R", 7), ("M", 8)] {
            wanted.extend((1..=last).map(|number| format!("{letter}{number}")));
        }
        for obligation in wanted {
            assert!(
                RULES.iter().any(|row| row.obligations.contains(&obligation.as_str())),
                "no rule meets {obligation}"
            );
        }
    }

    #[test]
    fn a_rule_guards_only_commands_that_exist() {
        let names: Vec<_> =
            super::super::Command::NAMES.iter().chain(super::super::Decision::NAMES).copied().collect();
        for row in RULES {
            for guard in row.guards {
                assert!(names.contains(guard), "{}: there is no command `{guard}`", row.number);
            }
        }
    }
}
