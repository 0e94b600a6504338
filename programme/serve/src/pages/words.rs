//! Words for people: what pages call commands, events, states, roles, kinds and fields.

/// What a command or decision is called on a button, and what it does in a sentence.
pub(super) struct Action {
    /// The command's or decision's tag.
    pub(super) tag: &'static str,
    /// On a button.
    pub(super) label: &'static str,
    /// What happens.
    pub(super) help: &'static str,
}

macro_rules! actions {
    ($($tag:literal $label:literal $help:literal;)*) => {
        /// Every command and decision that has a form.
        pub(super) const ACTIONS: &[Action] = &[$(Action { tag: $tag, label: $label, help: $help }),*];
    };
}

actions! {
    "confirm" "Confirm this decision" "You are its second member. It takes effect at once.";
    "drop-proposal" "Drop this proposal" "It will not be decided. Somebody may propose it anew.";
    "draft-pp" "Begin a profile" "It is a draft until it goes to public review.";
    "revise-pp" "Change the text" "During public review, say which comments the new text answers.";
    "open-pp-review" "Open public review" "Anybody may comment until the last day that you give.";
    "comment-pp" "Comment on this profile" "Your comment and its answer are public. Anybody may comment.";
    "dispose-comment" "Answer a comment" "Say what becomes of it. Comment and answer are public.";
    "submit-st" "Hand in a Security Target" "The file is checked as it is uploaded; findings stand beside it.";
    "revise-st" "Hand in another text" "The new text is read instead of the old one.";
    "publish-st" "Publish it" "Anybody can read it from then on.";
    "review-st" "Begin to read it" "The developer sees that it is being read.";
    "request-st-changes" "Return it for changes" "The developer sees your findings and hands in another text.";
    "apply-lab" "Apply as a lab" "The working group looks at your accreditation and at what you master.";
    "renew-accreditation" "Record a renewed accreditation" "It replaces the one on record.";
    "extend-lab" "Ask for more competence" "Other classes, a higher level, or an accreditation with another scope. The working group decides on it.";
    "plan-evaluation" "Plan an evaluation" "Of a Security Target that is approved.";
    "start-evaluation" "Start the evaluation" "It runs from now on.";
    "observe-evaluation" "Record a visit" "What was seen at the lab, and whether it supported the visit.";
    "submit-etr" "Hand in the report" "Upload it: the work units and verdicts are read from it.";
    "request-rework" "Return the report" "The lab sees your findings and mends the report.";
    "review-entry" "Record a look through" "The entry shows the day as its last review.";
    "claim-de-facto" "Claim de-facto certification" "For a later, similar product that meets the whole Security Target.";
    "request-maintenance" "Ask for a new version" "List every difference from what was evaluated, with its effect.";
    "withdraw-request" "Take the request back" "Nothing comes of it.";
    "report-vulnerability" "Report a vulnerability" "Everybody may. The developers of the products are told; the report stays confidential.";
    "triage-vulnerability" "Judge it against the Security Targets" "For each product: which claims are not met. None means that it does not conflict.";
    "submit-plan" "Plan a mitigation" "What will be done in this product, and by when.";
    "record-view" "Give a view" "It is weighed if the working group has to decide on a removal.";
    "report-mitigation" "Report it as mitigated" "Give the evidence; the working group verifies it.";
    "verify-mitigation" "Confirm that it is mitigated" "You have seen that the evidence shows it.";
    "declare-overdue" "Declare the mitigation overdue" "The working group then decides whether the product stays on the list.";
    "join-audit" "Commit to your share of the draw" "Neither side can choose the sample: each commits before it knows the other's share.";
    "reveal-share" "Reveal your share" "It must be the one that you committed to.";
    "submit-audit-evidence" "Answer the sample" "One document for each item that was drawn.";
    "record-audit-result" "Record the result" "Say of each item whether it is satisfied.";
    "declare-not-supported" "Declare the audit not supported" "The working group may then require a full revalidation.";
    "propose-agreement" "Propose an agreement on confidentiality" "Between the working group, a lab and a developer.";
    "sign-agreement" "Sign the agreement" "For your organisation.";
    "end-agreement" "End the agreement" "It binds for nothing that is handed over from now on.";
    "define-class" "Define a class of devices" "Its criticality follows: life-critical and exposed means at least AVA_VAN.4.";
    "accept-pp" "Accept the profile" "Security Targets may use it; the version that it replaces may not be used any more.";
    "withdraw-pp" "Withdraw the profile" "No new Security Target may use it.";
    "approve-st" "Approve the Security Target" "Exactly this text may be evaluated.";
    "reject-st" "Reject the Security Target" "It will not be used.";
    "accept-lab" "Accept the lab" "It stands on the public list and may evaluate.";
    "reject-lab" "Reject the lab" "It is told what was weighed.";
    "accept-extension" "Add what the lab asked for" "It evaluates these classes, too, from then on.";
    "reject-extension" "Do not add it" "The lab stays accepted for what it was.";
    "suspend-lab" "Suspend the lab" "It stays on the list and may not evaluate for now.";
    "reinstate-lab" "Take the lab back" "It may evaluate again.";
    "remove-lab" "Remove the lab" "It leaves the list of labs.";
    "certify" "Accept the report, certify and list" "Report, certificate and entry in one step.";
    "reject-etr" "Reject the report" "Nothing comes of the evaluation.";
    "remove-entry" "Take it off the list" "State, day and class of reason stay public.";
    "restore-entry" "Put it back on the list" "What conflicted is remediated.";
    "keep-entry" "Keep it on the list" "Although a mitigation is overdue: say how each view was weighed.";
    "admit-de-facto" "List the claim, apart" "It is shown as claimed by the developer and subject to random audit.";
    "append-version" "Append the version" "Only minor changes, each of them and all of them together.";
    "require-revalidation" "Require a revalidation" "The version needs a full evaluation.";
    "order-audit" "Order a random audit" "The sample is drawn so that nobody can choose it.";
    "close-audit" "Close the audit" "Every item is satisfied.";
}

/// The words for a command or decision.
pub(super) fn action(tag: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|one| one.tag == tag)
}

/// A button's text for a tag.
pub(super) fn label(tag: &str) -> String {
    action(tag).map_or_else(|| plain(tag), |one| one.label.to_owned())
}

/// A tag as words: `in-review` is `In review`.
pub(super) fn plain(tag: &str) -> String {
    let text = tag.replace(['-', '_'], " ");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// What happened, for a line of a history.
pub(super) fn event(tag: &str) -> String {
    let text = match tag {
        "proposed" => "A decision was proposed",
        "confirmed" => "A decision was confirmed by a second member",
        "proposal-dropped" => "A proposal was dropped",
        "class-defined" => "Class of devices defined",
        "pp-drafted" => "Profile begun",
        "pp-revised" => "Profile text changed",
        "pp-review-opened" => "Public review opened",
        "pp-commented" => "Comment received",
        "pp-comment-disposed" => "Comment answered",
        "pp-accepted" => "Profile accepted",
        "pp-withdrawn" => "Profile withdrawn",
        "st-submitted" => "Security Target handed in",
        "st-revised" => "Another text handed in",
        "st-published" => "Security Target published",
        "st-review-opened" => "Reading begun",
        "st-changes-requested" => "Returned for changes",
        "st-approved" => "Security Target approved",
        "st-rejected" => "Security Target rejected",
        "lab-applied" => "Lab applied",
        "lab-accepted" => "Lab accepted",
        "lab-rejected" => "Lab rejected",
        "lab-suspended" => "Lab suspended",
        "lab-reinstated" => "Lab taken back",
        "lab-removed" => "Lab removed",
        "lab-accreditation-renewed" => "Accreditation renewed",
        "lab-extension-requested" => "More competence asked for",
        "lab-extended" => "Competence extended",
        "lab-extension-rejected" => "Extension rejected",
        "evaluation-planned" => "Evaluation planned",
        "evaluation-started" => "Evaluation started",
        "evaluation-observed" => "The working group visited the lab",
        "etr-submitted" => "Report handed in",
        "rework-requested" => "Report returned for rework",
        "etr-rejected" => "Report rejected",
        "certified" => "Certified and listed",
        "entry-removed" => "Taken off the list",
        "entry-restored" => "Back on the list",
        "entry-kept" => "Kept on the list although a mitigation is overdue",
        "entry-reviewed" => "Looked through",
        "de-facto-claimed" => "De-facto certification claimed",
        "de-facto-admitted" => "Listed as de-facto certified",
        "maintenance-requested" => "New version asked for",
        "request-withdrawn" => "Request taken back",
        "version-appended" => "Version appended",
        "revalidation-required" => "Revalidation required",
        "vulnerability-reported" => "Vulnerability reported",
        "vulnerability-triaged" => "Judged against the Security Targets",
        "plan-submitted" => "Mitigation planned",
        "view-recorded" => "A view was given",
        "mitigation-reported" => "Reported as mitigated",
        "mitigation-verified" => "Mitigation verified",
        "declared-overdue" => "Mitigation declared overdue",
        "audit-ordered" => "Audit ordered",
        "audit-joined" => "The developer committed to its share",
        "share-revealed" => "A share was revealed",
        "audit-evidence" => "Evidence handed in",
        "audit-result" => "Result recorded",
        "audit-closed" => "Audit closed",
        "audit-not-supported" => "Audit not supported",
        "agreement-proposed" => "Agreement proposed",
        "agreement-signed" => "Agreement signed",
        "agreement-ended" => "Agreement ended",
        _ => return plain(tag),
    };
    text.to_owned()
}

/// A state for people, and how it is coloured: `good`, `warn`, `bad`, `calm`.
pub(super) struct State {
    /// The words.
    pub(super) text: String,
    /// The class.
    pub(super) tone: &'static str,
}

/// The words for a state's tag.
pub(super) fn state(tag: &str) -> State {
    let tone = match tag {
        "listed" | "accepted" | "approved" | "appended" | "closed" | "in-force" | "mitigated"
        | "revalidated" | "certified" => "good",
        "removed" | "rejected" | "overdue" | "not-supported" | "withdrawn" => "bad",
        "removed-pending-remediation"
        | "changes-requested"
        | "rework"
        | "suspended"
        | "revalidation-required"
        | "public-review"
        | "open"
        | "reported"
        | "high" => "warn",
        _ => "calm",
    };
    let text = match tag {
        "removed-pending-remediation" => "Removed until remediated",
        "etr-submitted" => "Report waits for a decision",
        "changes-requested" => "Returned for changes",
        "rework" => "Returned for rework",
        "public-review" => "In public review",
        "evidence-submitted" => "Evidence is in",
        "half-revealed" => "One share revealed",
        "joined" => "Both have committed",
        "committed" => "Waits for the developer's share",
        "drawn" => "Sample is drawn",
        "de-facto" => "De facto",
        _ => return State { text: plain(tag), tone },
    };
    State { text: text.to_owned(), tone }
}

/// The states of a list, for its filter.
pub(super) fn states_of(list: &str) -> &'static [&'static str] {
    match list {
        "entries" => &["listed", "removed-pending-remediation", "removed"],
        "labs" => &["accepted", "suspended", "removed"],
        "lab-applications" => &["applied", "rejected"],
        "pps" => &["public-review", "accepted", "superseded", "withdrawn"],
        "sts" | "public-sts" => &["submitted", "in-review", "changes-requested", "approved", "rejected"],
        "evaluations" => &["planned", "running", "etr-submitted", "rework", "accepted", "rejected"],
        "requests" => {
            &["submitted", "appended", "under-audit", "revalidation-required", "revalidated", "withdrawn"]
        }
        "audits" => &[
            "committed",
            "joined",
            "half-revealed",
            "drawn",
            "evidence-submitted",
            "closed",
            "not-supported",
            "revalidation-required",
        ],
        "agreements" => &["proposed", "in-force", "ended"],
        _ => &[],
    }
}

/// What a list is called.
pub(super) fn list(name: &str) -> String {
    let text = match name {
        "entries" => "Evaluated products",
        "labs" => "Labs",
        "pps" => "Profiles",
        "classes" => "Classes of devices",
        "claims" => "De-facto claims",
        "drafts" => "Draft profiles",
        "lab-applications" => "Lab applications",
        "sts" | "public-sts" => "Security Targets",
        "requests" => "Maintenance requests",
        "proposals" => "Proposed decisions",
        _ => return plain(name),
    };
    text.to_owned()
}

/// What a kind of case is called.
pub(super) fn kind(name: &str) -> String {
    let text = match name {
        "st" => "Security Target",
        "pp" => "Profile",
        "entry" => "Entry",
        "request" => "Maintenance request",
        "class" => "Class of devices",
        "proposal" => "Proposed decision",
        "upload" => "Handed in",
        _ => return plain(name),
    };
    text.to_owned()
}

/// The list that a kind's cases stand in, for the way back.
pub(super) fn list_of_kind(kind: &str) -> &'static str {
    match kind {
        "st" => "sts",
        "pp" => "pps",
        "lab" => "labs",
        "evaluation" => "evaluations",
        "request" => "requests",
        "vulnerability" => "vulnerabilities",
        "audit" => "audits",
        "agreement" => "agreements",
        "proposal" => "proposals",
        "class" => "classes",
        _ => "entries",
    }
}

/// A role for people.
pub(super) fn role(name: &str) -> String {
    let text = match name {
        "dwg-scope" => "Working group, scope",
        "dwg-profiles" => "Working group, profiles",
        "dwg-assurance" => "Working group, assurance",
        "lab-evaluator" => "Lab, evaluator",
        "lab-quality" => "Lab, quality",
        "public" => "Anybody",
        _ => return plain(name),
    };
    text.to_owned()
}

/// What a field is called.
pub(super) fn field(name: &str) -> String {
    let text = match name {
        "st" => "Security Target",
        "st-version" => "Version of the Security Target",
        "st-document" => "Text of the Security Target",
        "pp" => "Profile",
        "id" => "Id",
        "identity" => "Identity: exactly what the product answers",
        "editions" => "Editions that it follows",
        "reference-values" => "Reference values: what its devices attest",
        "van" => "AVA_VAN",
        "part-of" => "What it is",
        "is" => "It is",
        "contains" => "Shared components",
        "certified-parts" => "Parts that are listed themselves",
        "claims" => "Requirements that it claims",
        "additions" => "Claims beyond the profile",
        "components" => "Assurance components",
        "meant-for" => "For what criticality",
        "etr" => "Report",
        "search" => "Last search for known vulnerabilities",
        "searched" => "Day of the search for known vulnerabilities",
        "has-rationale" => "It is said why",
        "has-observation" => "With an observation report",
        "by-life-cycle-audit" => "Components for which an IEC 62304 audit stands",
        "replaceable" => "Components for which an IEC 62304 audit may stand",
        "found" => "Claims that are not met, product by product",
        "considered" => "How each view was weighed",
        "together-with" => "Earlier minor changes that are weighed together with it",
        "joint-effect" => "Their effect together",
        "general-purpose-component" => "A general-purpose component, and no device",
        "life-critical" => "A life may hang on its function",
        "exposed" => "Networked, or used outside guarded rooms",
        "body" => "Who accredited",
        "closes" => "Last day for comments",
        "due" => "Last day",
        "expires" => "Valid until",
        "determination" => "Where the assurance is below AVA_VAN.4: why it meets the aim",
        "touches" => "Requirements that it touches",
        "what" => "What changed",
        "reasoning" => "Why that is its effect",
        "documents-its-work" => "It documents its work",
        "open-to-audit" => "It is open to audit and observation",
        "shown-by" => "What shows it",
        "sample" => "How many items are drawn",
        "commitment" => "Commitment to a share",
        "share" => "Your share",
        "supported" => "The lab supported the visit",
        "results" => "Satisfied",
        "evidence" => "Evidence",
        "revises" => "Minor revision of",
        "asserts" => "Requirements that you assert: all of the Security Target",
        "base" => "The certified entry that it leans on",
        "answers" => "Comments that the new text answers",
        "place" => "Where: section, page or requirement",
        "stakeholder" => "You speak as",
        "profile" => "Profile and package",
        "text" => "Text",
        "with" => "Decision",
        "documentation" => "Documentation",
        "document" => "Document",
        "open" => "Open vulnerabilities",
        "conflicted" => "Vulnerabilities that ever conflicted",
        "affected" => "Versions that a vulnerability is in",
        "fixed-in" => "The version that mends it; empty where no new version is needed",
        "de-facto" => "De-facto entries that lean on it",
        "dwg" => "The working group",
        "because" => "Because",
        "at" => "When",
        "by" => "By",
        _ => return plain(name),
    };
    text.to_owned()
}

/// What helps to fill a field in.
pub(super) fn hint(name: &str) -> &'static str {
    match name {
        "identity" => "Character by character; report and Security Target must say the same.",
        "requirements"
        | "claims"
        | "components"
        | "replaceable"
        | "additions"
        | "contains"
        | "certified-parts"
        | "touches"
        | "answers"
        | "findings"
        | "sources"
        | "terms"
        | "together-with"
        | "affiliates"
        | "asserts"
        | "entries"
        | "by-life-cycle-audit"
        | "device-components" => "One on each line.",
        "criteria" => "ISO/IEC 15408:2009",
        "methodology" => "ISO/IEC 18045:2005",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dtsec_registry::domain::{Command, Decision};

    #[test]
    fn every_command_and_decision_has_words_and_no_words_are_of_none() {
        let names =
            || Command::NAMES.iter().chain(Decision::NAMES).copied().filter(|name| *name != "propose");
        for name in names() {
            assert!(action(name).is_some(), "{name} has no words");
        }
        for one in ACTIONS {
            assert!(names().any(|name| name == one.tag), "there is no command {}", one.tag);
        }
    }

    #[test]
    fn a_tag_without_words_of_its_own_is_read_as_words() {
        assert_eq!(plain("in-review"), "In review");
        assert_eq!(state("removed-pending-remediation").tone, "warn");
        assert_eq!(event("signed-in"), "Signed in");
    }
}
