//! Rules for the operations on a requirement's statement: assignment, selection, optional word, "none", wording.

use crate::context::{Context, cancelled, open, open_value, token};
use crate::finding::Found;
use crate::rule::{Rule, Severity};
use dtsec_model::catalogue;
use dtsec_model::operations::{NoneMeans, Operation, Segment, Value, operation, operations};
use dtsec_model::profile::{ProfileRequirement, Wording};
use dtsec_model::security_target::Claim;
use std::collections::BTreeSet;

pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "value-given",
        clause: "CC Part 1, assignment and selection; GPT_SPE_151 5.2 to 5.4; T15",
        title: "Every operation of a requirement is completed",
        explanation: "An assignment is filled in, at least one option of a selection is chosen, an optional word stays or goes. \
                      A requirement of the catalogue that the profile does not have is completed as well.",
        remedy: "Give the value under `values`, by the operation's id; for an optional word true or false.",
        severity: Severity::Error,
        check: value_given,
    },
    Rule {
        id: "value-kind",
        clause: "CC Part 1, assignment and selection; T15",
        title: "A value is of its operation's kind",
        explanation: "An assignment takes text, a selection takes options, an optional word takes true or false.",
        remedy: "Write text or a list for an assignment, a list for a selection, true or false for an optional word.",
        severity: Severity::Error,
        check: value_kind,
    },
    Rule {
        id: "value-known",
        clause: "GPT_SPE_151 6.1, footnote; T15",
        title: "Values are given only for what the requirement asks",
        explanation: "What the profile fixed (bold) is not an operation any more; a value for it would change the profile.",
        remedy: "Correct the id, or remove the value.",
        severity: Severity::Error,
        check: value_known,
    },
    Rule {
        id: "selection-offered",
        clause: "CC Part 1, selection; GPT_SPE_151 5.2.10; T15",
        title: "A selection chooses from what is offered",
        explanation: "The profile lists the options; where it says so, exactly one is chosen.",
        remedy: "Choose among the options, as they are written in the profile.",
        severity: Severity::Error,
        check: selection_offered,
    },
    Rule {
        id: "none-allowed",
        clause: "GPT_SPE_151 5.2.8 to 5.2.10, application notes; T17",
        title: "\"none\" stands only where it means something",
        explanation: "It cancels cryptographic operation, key generation and, for the list of assets, the key store; it is a \
                      value for exceptions, and for the key store's operations. Elsewhere a requirement with \"none\" asks for \
                      nothing.",
        remedy: "Fill in a value; where the requirement does not apply, see whether it may be struck through or left out.",
        severity: Severity::Error,
        check: none_allowed,
    },
    Rule {
        id: "cancel-condition",
        clause: "GPT_SPE_151 5.2.8, application note; T17",
        title: "Cryptographic operation is cancelled only where storage and communication are enforced",
        explanation: "The application then needs no cryptography of the platform's: its data and its messages are protected \
                      without its doing.",
        remedy: "Claim secure trusted storage and secure communication enforcement, or offer the operations.",
        severity: Severity::Error,
        check: cancel_condition,
    },
    Rule {
        id: "wording-unchanged",
        clause: "GPT_SPE_151 6.1, footnote; T15, T21",
        title: "A requirement that is carried as text has the profile's wording",
        explanation: "Only the operations change it; what the profile fixed (bold) stays, and a refinement is listed.",
        remedy: "Restore the wording, or leave `wording` out: it is filled in from the profile.",
        severity: Severity::Error,
        check: wording_unchanged,
    },
    Rule {
        id: "wording-comparable",
        clause: "GPT_SPE_151 6.1, footnote; T21",
        title: "Wording that is carried can be compared",
        explanation: "A built-in profile has summaries, not the official wording; with them only the fixed words are looked for.",
        remedy: "Import the official profile (`dtsec profile import`) and check against that.",
        severity: Severity::Note,
        check: wording_comparable,
    },
];

/// Parameters in which "none" leaves nothing to meet, where the profile does not say what it means.
const EMPTY_WITH_NONE: [&str; 8] = [
    "algorithms",
    "controlled-states",
    "data",
    "endpoints",
    "entropy-sources",
    "key-lengths",
    "protocols",
    "specification",
];

fn missing(value: Option<&Value>) -> bool {
    match value {
        None => true,
        Some(Value::Included(_)) => false,
        Some(value) => value.is_empty(),
    }
}

fn value_given(context: &Context<'_>, found: &mut Found) {
    for (place, claim, known) in context.active_claims() {
        let wanted: Vec<&str> = match (known, catalogue::sfr(&claim.id)) {
            (Some(known), _) => operations(&known.statement).filter_map(Operation::id).collect(),
            (None, Some(sfr)) => sfr.parameters.iter().map(String::as_str).collect(),
            (None, None) => continue,
        };
        for id in wanted.into_iter().filter(|id| missing(claim.values.get(*id))) {
            let message = format!("`{id}` of `{}` is not given", claim.name());
            found.at(format!("{place}/values/{}", token(id)), "", message);
        }
    }
}

/// Every value of a claim that holds, with the operation that it is for.
fn completed<'c>(
    context: &Context<'c>,
) -> impl Iterator<Item = (String, &'c Claim, &'c Operation, &'c Value)> {
    let of_profile = context.active_claims().filter_map(|(place, claim, known)| Some((place, claim, known?)));
    of_profile.flat_map(|(place, claim, known): (String, &Claim, &ProfileRequirement)| {
        let values = claim.values.iter().filter(|(_, value)| !open_value(value));
        values.filter_map(move |(id, value)| {
            let operation = operation(&known.statement, id)?;
            Some((format!("{place}/values/{}", token(id)), claim, operation, value))
        })
    })
}

fn value_kind(context: &Context<'_>, found: &mut Found) {
    for (place, _, operation, value) in completed(context) {
        match (operation, value) {
            (Operation::Assignment(_), Value::Included(there)) => {
                found.at(place, there, "an assignment takes text or a list");
            }
            (Operation::Selection(_), Value::Included(there)) => {
                found.at(place, there, "a selection takes the options that are chosen");
            }
            (Operation::Option(_), Value::Text(_) | Value::List(_)) => {
                found.at(
                    place,
                    value.sentence(),
                    "an optional word takes true where it stays and false where it goes",
                );
            }
            _ => {}
        }
    }
}

fn value_known(context: &Context<'_>, found: &mut Found) {
    for (place, claim, known) in context.claims() {
        let asked = |id: &str| match (known, catalogue::sfr(&claim.id)) {
            (Some(known), _) => operation(&known.statement, id).is_some(),
            (None, Some(sfr)) => sfr.parameters.iter().any(|parameter| parameter == id),
            (None, None) => true,
        };
        for id in claim.values.keys().filter(|id| !asked(id)) {
            let message = format!("`{}` asks for nothing of this name", claim.id);
            found.at(format!("{place}/values/{}", token(id)), id, message);
        }
    }
}

fn selection_offered(context: &Context<'_>, found: &mut Found) {
    for (place, _, operation, value) in completed(context) {
        let Operation::Selection(selection) = operation else { continue };
        for chosen in value.texts().iter().filter(|chosen| !selection.options.contains(chosen)) {
            if !chosen.trim().is_empty() {
                let message = format!("what is offered: {}", selection.options.join(", "));
                found.at(place.clone(), chosen, message);
            }
        }
        if selection.only_one && value.texts().len() > 1 {
            found.at(place, value.sentence(), "exactly one may be chosen");
        }
    }
}

fn none_allowed(context: &Context<'_>, found: &mut Found) {
    for (place, _, operation, value) in completed(context).filter(|(_, _, _, value)| value.is_none()) {
        let Operation::Assignment(assignment) = operation else { continue };
        let empty = EMPTY_WITH_NONE.contains(&&*assignment.id);
        match assignment.none {
            NoneMeans::Forbidden => {
                found.at(place, value.sentence(), "the profile does not allow \"none\" here")
            }
            NoneMeans::Nothing if empty => {
                found.at(place, value.sentence(), "with \"none\" here the requirement asks for nothing");
            }
            NoneMeans::Nothing | NoneMeans::CancelsRequirement => {}
        }
    }
}

fn cancel_condition(context: &Context<'_>, found: &mut Found) {
    let needed = ["secure-trusted-storage", "secure-communication-enforcement"];
    let missing: Vec<&str> = needed.into_iter().filter(|id| !context.holds(id)).collect();
    for (place, claim, known) in context.claims() {
        if claim.id == "cryptographic-operation" && cancelled(claim, known) && !missing.is_empty() {
            let message = format!("it is cancelled, and {} does not hold", missing.join(" and "));
            found.at(format!("{place}/values"), "none", message);
        }
    }
}

/// Claims that carry a wording, beside what the profile has.
fn worded<'c>(
    context: &Context<'c>,
) -> impl Iterator<Item = (String, &'c Claim, &'c ProfileRequirement, &'c str)> {
    context.claims().filter_map(|(place, claim, known)| {
        let wording = claim.wording.as_deref().filter(|wording| !open(wording))?;
        Some((format!("{place}/wording"), claim, known?, wording))
    })
}

fn wording_unchanged(context: &Context<'_>, found: &mut Found) {
    let official = matches!(context.profile.wording, Wording::Official { .. });
    for (place, claim, known, wording) in worded(context) {
        let squeezed = squeeze(wording);
        let gone = operations(&known.statement).find_map(|operation| match operation {
            Operation::Fixed(text) if !squeezed.contains(&squeeze(text)) => Some(text),
            _ => None,
        });
        if let Some(text) = gone {
            found.at(place, wording, format!("what the profile fixed is gone: \"{text}\""));
        } else if official && !follows(claim, known, squeezed) {
            let message = format!("this is not the profile's wording of `{}`, completed", claim.id);
            found.at(place, wording, message);
        }
    }
}

fn wording_comparable(context: &Context<'_>, found: &mut Found) {
    if context.profile.wording != Wording::Summaries {
        return;
    }
    for (place, claim, known, wording) in worded(context) {
        let squeezed = squeeze(wording);
        let fixed = operations(&known.statement).all(|operation| match operation {
            Operation::Fixed(text) => squeezed.contains(&squeeze(text)),
            _ => true,
        });
        // Words that are gone are told as such.
        if fixed && !follows(claim, known, squeezed) {
            let message =
                "this profile has summaries: whether the wording is the official one cannot be seen";
            found.at(place, wording, message);
        }
    }
}

/// Whether a wording is the profile's, with something at the place of each operation; refinements set apart.
fn follows(claim: &Claim, known: &ProfileRequirement, mut wording: String) -> bool {
    for refinement in &claim.refinements {
        let text = squeeze(&refinement.text);
        if !text.is_empty() {
            wording = wording.replacen(&text, "", 1);
        }
    }
    fits(&known.statement, &wording)
}

/// Whether a squeezed text is this statement, completed somehow. Keeps the set of places where the next segment may begin, so
/// that no text makes it slow.
fn fits(statement: &[Segment], text: &str) -> bool {
    let mut places = BTreeSet::from([0]);
    for segment in statement {
        let after = |words: &str| -> BTreeSet<usize> {
            let words = squeeze(words);
            places.iter().filter(|at| text[**at..].starts_with(&words)).map(|at| at + words.len()).collect()
        };
        places = match segment {
            Segment::Text(words) | Segment::Operation(Operation::Fixed(words)) => after(words),
            Segment::Operation(Operation::Option(word)) => {
                after(&word.text).union(&places).copied().collect()
            }
            Segment::Operation(Operation::Assignment(_) | Operation::Selection(_)) => {
                let Some(first) = places.first().copied() else { return false };
                // At least one character; what follows says where it ends.
                text[first..].char_indices().map(|(at, c)| first + at + c.len_utf8()).collect()
            }
        };
    }
    places.contains(&text.len())
}

/// A text without spaces, case, and marks of emphasis.
fn squeeze(text: &str) -> String {
    let keep = |c: &char| !c.is_whitespace() && !matches!(c, '*' | '_');
    text.chars().filter(keep).flat_map(char::to_lowercase).collect()
}
