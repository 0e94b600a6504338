//! Paragraphs with operations as statements.
//!
//! Ids of operations are those of the built-in profile, by prompt or place, then those of SESIP's catalogue, and slugs
//! where neither knows the operation: a Security Target refers to them, whichever copy of a profile it is held against.

use super::inline::{Piece, pieces};
use crate::words::{plain, slug, unique};
use dtsec_model::operations::{
    Assignment, NoneMeans, Operation, OptionalWord, Segment, Selection, Statement, operations,
};
use std::collections::HashSet;

/// What is known of a statement's operations beforehand.
#[derive(Debug, Default)]
pub(crate) struct Known<'k> {
    /// The statement of the same requirement or objective in the built-in profile.
    pub(crate) statement: &'k [Segment],
    /// The parameters in the catalogue.
    pub(crate) parameters: &'k [String],
}

/// A statement, and what about it is remarkable.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) statement: Statement,
    /// Operations that stand in roman letters, though roman letters address the writer.
    pub(crate) roman: Vec<String>,
    /// An angle bracket never closes.
    pub(crate) unclosed: bool,
}

/// Reads a statement.
pub(crate) fn read(text: &str, known: &Known) -> Read {
    let (pieces, unclosed) = pieces(text);
    let mut read = Read { unclosed, ..Read::default() };
    let mut names = Names::new(known);
    let mut swallow = false;
    for piece in pieces {
        match piece {
            Piece::Text(text) => {
                let text = if std::mem::take(&mut swallow) { text.trim_start() } else { &text };
                if !text.is_empty() {
                    push_text(&mut read.statement, text);
                }
            }
            Piece::Bold(text) => read.statement.push(Segment::Operation(Operation::Fixed(text))),
            Piece::Angle { inner, italic } => {
                if !italic {
                    read.roman.push(inner.clone());
                }
                let operation = names.name(operation(&inner));
                swallow = matches!(&operation, Operation::Option(word) if word.text.ends_with(' '));
                read.statement.push(Segment::Operation(operation));
            }
        }
    }
    read
}

fn push_text(statement: &mut Statement, text: &str) {
    match statement.last_mut() {
        Some(Segment::Text(last)) => last.push_str(text),
        _ => statement.push(Segment::Text(text.into())),
    }
}

/// The operation that angle brackets ask for, without an id.
fn operation(inner: &str) -> Operation {
    let id = String::new();
    let lower = inner.to_lowercase();
    let (head, body) = inner.split_once(':').unwrap_or(("", inner));
    let head = plain(head);
    if matches!(
        &*head,
        "selection" | "select" | "selectone" | "selectoneof" | "selectiononeof" | "chooseoneof"
    ) {
        let options = options(body);
        return Operation::Selection(Selection {
            id,
            prompt: body.trim().into(),
            options,
            only_one: head.contains("one"),
        });
    }
    let body = if head == "assignment" { body } else { inner };
    let word = lower.trim();
    let is_word = [",", " and", " or"].iter().any(|end| word.ends_with(end));
    if is_word && head != "assignment" {
        return Operation::Option(OptionalWord { id, text: format!("{} ", inner.trim()) });
    }
    Operation::Assignment(Assignment { id, prompt: body.trim().into(), none: NoneMeans::Nothing })
}

fn options(text: &str) -> Vec<String> {
    let separator = [';', '|', ','].into_iter().find(|separator| text.contains(*separator)).unwrap_or(',');
    let without_joint = |option: &str| {
        let option = option.trim();
        ["or ", "and "]
            .iter()
            .find_map(|joint| option.strip_prefix(joint))
            .unwrap_or(option)
            .trim()
            .to_owned()
    };
    text.split(separator).map(without_joint).filter(|option| !option.is_empty()).collect()
}

/// Gives each operation its id.
struct Names<'k> {
    known: Vec<&'k Operation>,
    parameters: &'k [String],
    taken: HashSet<String>,
    /// How many operations came before.
    place: usize,
}

impl<'k> Names<'k> {
    fn new(known: &Known<'k>) -> Names<'k> {
        let known_operations =
            operations(known.statement).filter(|operation| operation.id().is_some()).collect();
        Names { known: known_operations, parameters: known.parameters, taken: HashSet::new(), place: 0 }
    }

    fn name(&mut self, mut operation: Operation) -> Operation {
        let known = self.known(&operation);
        let id = match known {
            Some(known) => known.id().unwrap_or_default().to_owned(),
            None => self.new_id(&operation),
        };
        let id = unique(id, &mut self.taken);
        match (&mut operation, known) {
            (Operation::Assignment(assignment), Some(Operation::Assignment(known))) => {
                *assignment =
                    Assignment { id, prompt: std::mem::take(&mut assignment.prompt), none: known.none };
            }
            (Operation::Assignment(Assignment { id: place, .. }), _)
            | (Operation::Selection(Selection { id: place, .. }), _)
            | (Operation::Option(OptionalWord { id: place, .. }), _) => *place = id,
            (Operation::Fixed(_), _) => (),
        }
        self.place += 1;
        operation
    }

    /// The known operation of the same kind with the same prompt, else at the same place.
    fn known(&self, operation: &Operation) -> Option<&'k Operation> {
        let same_kind =
            |other: &Operation| std::mem::discriminant(other) == std::mem::discriminant(operation);
        let free =
            |other: &&Operation| same_kind(other) && other.id().is_some_and(|id| !self.taken.contains(id));
        let asks = plain(prompt(operation));
        let same_prompt = self.known.iter().copied().filter(free).find(|other| plain(prompt(other)) == asks);
        same_prompt.or_else(|| self.known.get(self.place).copied().filter(free))
    }

    fn new_id(&self, operation: &Operation) -> String {
        let prompt = prompt(operation);
        let short = ["list of the ", "list of ", "the "].iter().find_map(|start| prompt.strip_prefix(start));
        let short = short.unwrap_or(prompt).trim();
        let short = [" and", " or"].iter().find_map(|joint| short.strip_suffix(joint)).unwrap_or(short);
        let slug = slug(short);
        let free = |parameter: &&String| !self.taken.contains(*parameter);
        let named = |parameter: &&String| {
            slug == **parameter || slug.split('-').any(|word| word == parameter.as_str())
        };
        self.parameters.iter().filter(free).find(named).cloned().unwrap_or(slug)
    }
}

/// What an operation asks for.
pub(crate) fn prompt(operation: &Operation) -> &str {
    match operation {
        Operation::Assignment(Assignment { prompt, .. }) | Operation::Selection(Selection { prompt, .. }) => {
            prompt
        }
        Operation::Option(OptionalWord { text, .. }) | Operation::Fixed(text) => text,
    }
}

/// What the notes say about "none" is put into the assignments that they speak of. Answers whether they say that it
/// cancels the requirement, and no assignment is known to be meant.
pub(crate) fn mark_none(statement: &mut Statement, notes: &[&str]) -> bool {
    let mut meant_nothing = false;
    for note in notes {
        let lower = note.to_lowercase();
        if !lower.contains("none") || !lower.contains("cancel") {
            continue;
        }
        let cancels = !lower.contains("not cancel");
        let value_of = lower
            .split_once("value of ")
            .map(|(_, after)| after.split(['.', ',', ';', ':']).next().unwrap_or(after));
        let wanted: HashSet<&str> = value_of.into_iter().flat_map(words).collect();
        let mut found = false;
        for assignment in assignments(statement) {
            let prompt = assignment.prompt.to_lowercase();
            let has: HashSet<&str> = words(&prompt).collect();
            if !wanted.is_empty() && wanted.is_subset(&has) {
                found = true;
                assignment.none = if cancels { NoneMeans::CancelsRequirement } else { NoneMeans::Nothing };
            }
        }
        let known = assignments(statement).any(|assignment| assignment.none == NoneMeans::CancelsRequirement);
        meant_nothing |= cancels && !found && !known;
    }
    meant_nothing
}

/// "none" is no value for any of them.
pub(crate) fn forbid_none(statement: &mut Statement) {
    assignments(statement).for_each(|assignment| assignment.none = NoneMeans::Forbidden);
}

fn assignments(statement: &mut Statement) -> impl Iterator<Item = &mut Assignment> {
    statement.iter_mut().filter_map(|segment| match segment {
        Segment::Operation(Operation::Assignment(assignment)) => Some(assignment),
        _ => None,
    })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !matches!(*word, "" | "the" | "a" | "of" | "list"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(read: &Read) -> Vec<&str> {
        operations(&read.statement).filter_map(Operation::id).collect()
    }

    #[test]
    fn operations_keep_the_ids_that_are_known_by_prompt_or_place() {
        let known = read("does *<list of things>* with *<tools>*", &Known::default()).statement;
        let known: Statement = known
            .into_iter()
            .map(|segment| match segment {
                Segment::Operation(Operation::Assignment(mut assignment)) => {
                    assignment.id = format!("known-{}", assignment.id);
                    Segment::Operation(Operation::Assignment(assignment))
                }
                other => other,
            })
            .collect();
        let known = Known { statement: &known, parameters: &[] };
        assert_eq!(ids(&read("*<tools>* and *<List of Things>*", &known)), ["known-tools", "known-things"]);
        assert_eq!(
            ids(&read("*<other things>* with *<other tools>*", &known)),
            ["known-things", "known-tools"]
        );
    }

    #[test]
    fn an_unknown_operation_is_named_by_the_catalogue_or_by_its_prompt() {
        let known = Known { parameters: &["key-lengths".into(), "algorithms".into()], ..Known::default() };
        let read =
            read("<list of cryptographic algorithms> <list of key lengths> <list of modes> <modes>", &known);
        assert_eq!(ids(&read), ["algorithms", "key-lengths", "modes", "modes-2"]);
        assert_eq!(read.roman.len(), 4);
    }

    #[test]
    fn an_optional_word_takes_its_space_along() {
        let read = read("the *<confidentiality,>* integrity and <the rest and> more", &Known::default());
        let text = dtsec_model::operations::sentence(&dtsec_model::operations::complete(
            &read.statement,
            &[("confidentiality", false), ("rest", true)]
                .map(|(id, stays)| (id.to_owned(), dtsec_model::operations::Value::Included(stays)))
                .into(),
        ));
        assert_eq!(text, "the integrity and the rest and more");
    }

    #[test]
    fn a_selection_has_its_options() {
        let read = read("*<selection: a, b or c, or d>* <select one of: x; y>", &Known::default());
        let Some(Operation::Selection(first)) = operations(&read.statement).next() else { panic!() };
        assert_eq!(first.options, ["a", "b or c", "d"]);
        let Some(Operation::Selection(second)) = operations(&read.statement).nth(1) else { panic!() };
        assert!(second.only_one && second.options == ["x", "y"]);
    }

    #[test]
    fn none_cancels_where_the_notes_say_so_and_only_there() {
        let mut statement = read("<list of garden tools> for <list of uses>", &Known::default()).statement;
        let notes = [
            "with none as the value of list of tools, the requirement is cancelled",
            "with none as the value of list of uses, it does not cancel",
        ];
        assert!(!mark_none(&mut statement, &notes));
        let none: Vec<NoneMeans> = assignments(&mut statement).map(|assignment| assignment.none).collect();
        assert_eq!(none, [NoneMeans::CancelsRequirement, NoneMeans::Nothing]);
        let mut statement = read("<list of garden tools>", &Known::default()).statement;
        assert!(mark_none(&mut statement, &["with none as the value of functionality it is cancelled"]));
    }
}
