//! Every reason for which a command is refused: number, rule, what is wrong, what to do. A number is used once, or this
//! does not compile.

use super::ids::{Date, Digest};
use super::rules::Rule;

macro_rules! refusals {
    ($($number:literal $rule:ident $name:ident { $($field:ident: $type:ty),* } $wrong:literal => $remedy:literal;)*) => {
        /// A command was refused, and nothing was changed.
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        pub enum Refusal {
            $(
                #[doc = $wrong]
                #[error($wrong)]
                #[allow(missing_docs, reason = "the sentence names every field")]
                $name { $($field: $type),* },
            )*
        }

        // Two variants with one number do not compile.
        #[allow(dead_code, clippy::enum_variant_names, reason = "it is only there to be compiled")]
        enum Numbers { $($name = $number,)* }

        impl Refusal {
            /// Its number, which stays.
            pub const fn number(&self) -> u16 {
                match self { $(Refusal::$name { .. } => $number,)* }
            }

            /// The rule for which it is refused.
            pub const fn rule(&self) -> Rule {
                match self { $(Refusal::$name { .. } => Rule::$rule,)* }
            }

            /// What to do.
            pub const fn remedy(&self) -> &'static str {
                match self { $(Refusal::$name { .. } => $remedy,)* }
            }

            /// Every number with its rule.
            pub const ALL: &'static [(u16, Rule)] = &[$(($number, Rule::$rule),)*];
        }
    };
}

refusals! {
    101 D1 RoleMissing { command: &'static str, needs: String }
        "`{command}` needs one of these roles: {needs}" => "Ask somebody who has the role, or ask the working group to give it to you.";
    102 D1 NotYours { what: String, owner: String }
        "{what} is a matter of `{owner}`" => "Let a member of that organisation do it.";
    103 D3 ConflictOfInterest { person: String, organisation: String }
        "{person} belongs to `{organisation}` or has an interest in it, and this is its case" => "Let a member without an interest in the case decide.";
    104 D2 SamePerson { person: String }
        "{person} proposed this decision and cannot be its second member" => "Let another member of the committee confirm it.";
    105 D6 ReasonMissing {}
        "no reason is given" => "Say in a sentence why.";
    106 D7 Unknown { what: String }
        "{what} does not exist" => "Check the id.";
    107 D7 Exists { what: String }
        "{what} exists already" => "Choose another id; if this was sent twice, the first one counts.";
    108 D7 WrongState { what: String, is: &'static str, needs: &'static str }
        "{what} is {is}; this needs it to be {needs}" => "Reload it: it may have moved on since you looked.";
    109 D5 OtherDocument { what: String, given: Digest, current: Digest }
        "{what} now has the text {current}, and the decision is on {given}" => "Read the current text and decide on that.";
    110 D6 Blank { field: &'static str }
        "`{field}` is empty" => "Fill it in.";
    111 D1 ReadDenied { what: String }
        "{what} is confidential, and you are no party to its case" => "Ask the developer for an agreement, or read the public entry.";
    112 D7 Missing { what: String }
        "{what} was not loaded with the case" => "Load everything that `missing` names, then decide again.";
    113 D4 NotListable { what: String, why: &'static str }
        "{what} cannot be used: {why}" => "Choose another.";

    201 V CriteriaNotCited { found: String }
        "the document follows `{found}`, and not ISO/IEC 15408:2009 with ISO/IEC 18045:2005" => "Name both editions in the document, and follow them.";
    202 P2 NoPackage { pp: String }
        "profile {pp} defines no assurance package" => "Define at least one, with its components, in the profile itself.";
    203 P1 ReviewTooShort { closes: Date }
        "a public review that closes on {closes} gives nobody a day" => "Choose a later day.";
    204 P1 ReviewOpen { closes: Date }
        "the public review is open until {closes}" => "Wait until it is over.";
    205 P1 ReviewOver { closed: Date }
        "the public review closed on {closed}" => "Write to the profile committee; the next version will be reviewed again.";
    206 P1 CommentsUnanswered { comments: String }
        "these comments have no disposition: {comments}" => "Answer each of them, then accept.";
    207 P1 RevisionAnswersNothing { pp: String }
        "during its review, profile {pp} is only revised in answer to comments" => "Name the comments that the revision answers.";
    208 A1 PackageTooLow { package: String, van: u8, minimum: u8 }
        "package {package} has AVA_VAN.{van}, and highly critical devices need AVA_VAN.{minimum}" => "Raise the package, or determine with reasons that it meets the aim.";
    209 A3 LifeCycleOnly { components: String }
        "an audit by IEC 62304 cannot stand for {components}" => "Leave only ALC components of the package to the audit.";

    301 P1 PpNotAccepted { pp: String, state: &'static str }
        "profile {pp} is {state}; only an accepted one may be used" => "Use an accepted version of it.";
    302 P2 PackageNotInPp { package: String, pp: String }
        "profile {pp} has no package {package} with these components" => "Use one of the profile's packages as it stands.";
    303 S3 ComponentAssurance { found: String, device: String }
        "the component claims {found}, and the devices that hold it {device}" => "Claim the same assurance as those devices.";
    304 S3 ClaimOutsidePp { claims: String }
        "these claims are neither in the profile nor marked as additions: {claims}" => "Claim what the profile has, and mark the rest as additions.";
    305 A1 AssuranceTooLow { van: u8, minimum: u8 }
        "the class is highly critical and needs AVA_VAN.{minimum}; this is AVA_VAN.{van}" => "Raise the assurance, or let the working group determine that the package meets the aim.";
    306 A2 LowerNotPermitted { class: String }
        "class {class} is neither a general-purpose component without life-critical function nor out of such attackers' reach" => "Claim AVA_VAN.4 or above.";
    307 S3 PartNotListed { part: String, state: &'static str }
        "certified part {part} is {state}" => "Use a part that is listed.";
    308 S3 PartBelow { part: String, van: u8, needs: u8 }
        "certified part {part} has AVA_VAN.{van}, and the whole claims AVA_VAN.{needs}" => "Use a part of the same assurance, or evaluate it with the device.";
    309 S3 DeviceUnknown {}
        "a component must say which devices' assurance it is made for" => "Name the components of the device's package.";

    401 L2 ScopeDoesNotCover { scope: String }
        "the accreditation covers `{scope}`, and not security testing of information technology" => "Have the scope extended, then apply again.";
    402 L2 AccreditationExpired { expires: Date }
        "the accreditation ended on {expires}" => "Renew it, and record the renewal.";
    403 L3 CompetenceTooLow { class: &'static str, van: u8 }
        "for {class} the lab shows AVA_VAN.{van}; AVA_VAN.4 is the least" => "Show the competence, or leave the class out.";
    404 L3 RangeTooNarrow {}
        "the lab shows no competence at one end of the range" => "Show it for simple microcontrollers, and for web interfaces or general-purpose systems.";
    405 L4 FactorsNotWeighed { factor: &'static str }
        "it is not said how `{factor}` was weighed" => "Give a sentence for each factor.";
    406 L5 NotOpenToAudit {}
        "the lab does not undertake to document its work and to be open to audit and observation" => "It must undertake both.";
    407 L6 NoRecurringVulnerabilities { entry: String }
        "entry {entry} is not this lab's, or does not suffer from recurring vulnerabilities" => "Name an entry that this lab evaluated and that has several vulnerabilities that conflicted.";
    408 L2 StillAccredited {}
        "the accreditation is in force and covers the work" => "Name another ground.";
    409 L5 NoRefusal {}
        "no observation of this lab was refused or left without support" => "Record the observation first.";
    410 L3 NothingExtended { what: String }
        "this extends nothing: the lab is accepted for {what} already, at this level or above" => "Name classes that are new, or a higher level, or an accreditation with another scope.";
    411 L3 CompetenceNotShown { class: &'static str }
        "nothing shows the competence for {class}" => "Name the hash of what shows it, or the accreditation that covers it.";

    501 S1 StNotApproved { st: String, state: &'static str }
        "Security Target {st} is {state}; an evaluation needs an approved one" => "Have it approved first.";
    502 L1 LabNotAccepted { lab: String, state: &'static str }
        "lab {lab} is {state}" => "Choose an accepted lab.";
    503 L3 OutsideCompetence { classes: String }
        "the lab has shown no competence for {classes}" => "Choose a lab that has, or have the competence shown.";
    504 L1 NotIndependent { lab: String, developer: String }
        "lab {lab} is not independent of `{developer}`" => "Choose an independent lab.";
    505 M6 AgreementMissing { lab: String, developer: String }
        "the Security Target is confidential, and no agreement with `{lab}` and `{developer}` is in force" => "Sign one first.";
    506 C1 UnitsOpen { units: String }
        "these work units have no verdict or no rationale: {units}" => "Decide each, and say why.";
    507 C1 VanNotCovered { van: u8 }
        "the report has no work unit of AVA_VAN.{van}" => "Report the analysis of vulnerabilities at the level that the Security Target claims.";
    508 C1 FailWithoutObservation { units: String }
        "these work units fail without an observation report: {units}" => "Write one for each.";
    509 C1 NotPassed { verdict: &'static str }
        "the report says {verdict}" => "Only what passed is certified.";
    510 C1 SearchNotDated { date: Date }
        "a search for known vulnerabilities of {date} is older than the report's, or lies in the future" => "Search again, and give sources, terms and day.";
    511 S1 OtherSecurityTarget { given: Digest, approved: Digest }
        "the report is on {given}, and approved is {approved}" => "Evaluate the approved text.";
    512 E1 IdentityDiffers { st: String, report: String }
        "the Security Target says that the device answers `{st}`, the report says `{report}`" => "They must be the same, character by character.";
    513 A3 NotReplaceable { components: String }
        "the package does not let an audit by IEC 62304 stand for {components}" => "Evaluate those components.";
    514 C2 ReportNotAccepted { evaluation: String, state: &'static str }
        "evaluation {evaluation} is {state}; only a delivered report can be accepted, and without it nothing is certified" => "Let the lab deliver its report.";
    515 L5 WorkNotDocumented {}
        "the report comes without the lab's working papers" => "Name their hash.";
    516 C2 CertificateUsed { certificate: String }
        "certificate {certificate} is given already" => "Choose another number.";

    601 E2_1 NoConflict { vulnerability: String }
        "vulnerability {vulnerability} does not conflict with this entry's Security Target, or is mitigated" => "Triage it against the Security Target first.";
    602 E2_2 NotRecurring { entry: String }
        "entry {entry} has not had more than one vulnerability that conflicted" => "Name the recurring vulnerabilities.";
    603 E2_3 NotOverdue { vulnerability: String }
        "vulnerability {vulnerability} is not overdue" => "Declare it overdue first, with the reason.";
    604 E2_3 NotHeard { stakeholders: String }
        "it is not said how the views of these were weighed: {stakeholders}" => "Hear them, and say for each what was weighed, even if none was given.";
    605 E2_1 NotRemediated { vulnerabilities: String }
        "these vulnerabilities are not remediated: {vulnerabilities}" => "Verify the mitigation of each first.";
    606 E2_2 NotRestorable { entry: String }
        "entry {entry} was not removed until remediation, but for good" => "Evaluate the product anew; it gets a new entry.";
    607 M5 BaseNotCertified { entry: String }
        "entry {entry} is not a listed, certified product of this developer without open vulnerabilities" => "Lean on one that is.";
    608 M5 NotEverythingAsserted {}
        "it is not asserted that the product meets all of the Security Target" => "Assert all of it, or file a maintenance request.";
    609 M7 NotALaterReview { last: Date }
        "the entry was last reviewed on {last}" => "Give a later day that is not in the future.";

    701 M1 NoDifferences {}
        "the request lists no difference" => "List each, with what it touches and its effect.";
    702 M1 MajorChange { differences: String }
        "these differences are major: {differences}" => "Require a revalidation, or have the request corrected.";
    703 M1 EarlierChangesNotShown { requests: String }
        "the decision must look at the earlier minor changes together with this one, and these are not named or named wrongly: {requests}" => "Name all versions appended since the evaluation, and weigh their joint effect.";
    704 M1 VersionListed { version: String }
        "version {version} stands in the entry already" => "Give the new version.";
    705 M4 NoGround {}
        "the request has no major difference, and no audit says that it is not supported" => "Name a ground, or append the version.";
    706 M3 NotAMinorRevision { st: String }
        "Security Target {st} is not an approved revision of the one that was evaluated" => "Have the revision approved first.";
    707 M4 OtherVersion { st: String, request: String }
        "the Security Target is of version {st}, and to be revalidated is version {request}" => "Have a Security Target of the new version approved, with the answer that the product gives.";

    801 M2 DueInThePast { due: Date }
        "the plan is due on {due}, which is over" => "Give a day to come.";
    802 E2_3 NotYetDue { due: Date }
        "the plan is due on {due}" => "Wait for it, or let the developer revise it.";
    803 E2_1 NotAffected { entry: String }
        "entry {entry} is not among those that the vulnerability may touch" => "Name only the entries of the report.";
    804 E2_1 NotTriaged { entries: String }
        "the triage says nothing of {entries}" => "Judge it for each entry that it may touch.";
    805 E2_1 ClaimNotInSt { claims: String }
        "the Security Target does not claim {claims}" => "Name the claims of the Security Target that are not met.";

    901 M3 SampleTooLarge { sample: u32, most: u32 }
        "a sample of {sample} is no sample here: at most {most}, at least 1" => "Draw fewer.";
    902 M3 ShareBroken { party: &'static str }
        "the share that the {party} reveals is not the one it committed to" => "Reveal the share that was committed to.";
    903 M3 RevealOutOfOrder { first: &'static str }
        "the {first} comes first" => "Wait for it: the order keeps either side from choosing.";
    904 M3 CommitmentCopied {}
        "the two commitments are the same" => "Draw a share of your own.";
    905 M3 EvidenceIncomplete { items: String }
        "these sampled items are missing, or were not sampled: {items}" => "Answer exactly the sample.";
    906 M4 StillInTime { due: Date }
        "the developer has until {due}" => "Wait, or let the developer say that it cannot support the audit.";
    907 M3 NothingToAudit { what: String }
        "{what} gives no requirement to sample, or is not this developer's" => "Name listed entries of one developer.";
    908 M3 AuditNotPassed { items: String }
        "these items do not satisfy: {items}" => "Declare the audit not supported, or have them shown.";
    909 M6 NotAParty { organisation: String }
        "`{organisation}` is no party to this agreement, or has signed it" => "Only its parties sign it, once.";
}
