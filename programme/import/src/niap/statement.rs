//! The title of an element as a statement, both ways.

use super::aside::Aside;
use super::tree::{Element, Node, Space};
use crate::words::{collapse, slug, unique};
use dtsec_model::operations::{
    Assignment, NoneMeans, Operation, OptionalWord, Segment, Selection, Statement,
};
use quick_xml::escape::escape;
use std::collections::HashSet;
use std::fmt::Write as _;

/// What an optional word is chosen against.
const WITHOUT: &str = "nothing more";

/// Reads a statement. `flattened` is told of operations within operations: the model has none, they become text.
pub(super) fn read(title: &Element, flattened: &mut Vec<usize>) -> Statement {
    let mut reader = Reader { statement: Vec::new(), taken: HashSet::new(), flattened };
    reader.children(title);
    let mut statement = reader.statement;
    if let Some(Segment::Text(first)) = statement.first_mut() {
        *first = first.trim_start().to_owned();
    }
    if let Some(Segment::Text(last)) = statement.last_mut() {
        *last = last.trim_end().to_owned();
    }
    statement.retain(|segment| !matches!(segment, Segment::Text(text) if text.is_empty()));
    statement
}

struct Reader<'f> {
    statement: Statement,
    taken: HashSet<String>,
    flattened: &'f mut Vec<usize>,
}

impl Reader<'_> {
    fn children(&mut self, element: &Element) {
        for child in &element.children {
            match child {
                Node::Text(text) => self.text(text),
                Node::Aside(_) => (),
                Node::Element(element) => self.element(element),
            }
        }
    }

    fn element(&mut self, element: &Element) {
        if element.is("assignable") {
            let aside = element.aside();
            let prompt = self.prompt(element);
            let id = self.id(aside.id.as_deref().or(element.attribute("id")), &prompt);
            let none = aside.none.unwrap_or(NoneMeans::Nothing);
            self.push(Operation::Assignment(Assignment { id, prompt, none }));
        } else if element.is("selectables") {
            self.selection(element);
        } else if element.is("refinement") {
            self.push(Operation::Fixed(flat(element)));
        } else if let Some(text) = in_its_place(element) {
            self.text(&text);
        } else {
            self.children(element);
        }
    }

    fn selection(&mut self, element: &Element) {
        let aside = element.aside();
        let options: Vec<String> = element
            .elements()
            .filter(|option| option.is("selectable"))
            .map(|option| self.prompt(option))
            .collect();
        let prompt = aside.prompt.unwrap_or_else(|| options.join(", "));
        let id = self.id(aside.id.as_deref().or(element.attribute("id")), &prompt);
        if aside.optional_word {
            self.push(Operation::Option(OptionalWord { id, text: prompt }));
            return;
        }
        let only_one = element.attribute("onlyone") == Some("yes");
        self.push(Operation::Selection(Selection { id, prompt, options, only_one }));
    }

    /// The text of an operation; one within it becomes text.
    fn prompt(&mut self, element: &Element) -> String {
        if !element.all("assignable").is_empty() || !element.all("selectables").is_empty() {
            self.flattened.push(element.line);
        }
        flat(element)
    }

    fn id(&mut self, said: Option<&str>, prompt: &str) -> String {
        unique(said.map_or_else(|| slug(prompt), str::to_owned), &mut self.taken)
    }

    fn push(&mut self, operation: Operation) {
        self.statement.push(Segment::Operation(operation));
    }

    /// White space is collapsed, and one space stays at each end.
    fn text(&mut self, text: &str) {
        let mut collapsed = String::new();
        for c in text.chars() {
            match c.is_whitespace() {
                true if collapsed.ends_with(' ') => (),
                true => collapsed.push(' '),
                false => collapsed.push(c),
            }
        }
        match self.statement.last_mut() {
            Some(Segment::Text(last)) if last.ends_with(' ') => last.push_str(collapsed.trim_start()),
            Some(Segment::Text(last)) => last.push_str(&collapsed),
            _ if collapsed.is_empty() => (),
            _ => self.statement.push(Segment::Text(collapsed)),
        }
    }
}

/// What stands for an element that is a reference, a break, or a remark to the authors.
fn in_its_place(element: &Element) -> Option<String> {
    let reference = ["to", "linkend", "g", "ref-id"].iter().find_map(|name| element.attribute(name));
    match (element.space, &*element.name) {
        (Space::Xhtml, "br") => Some(" ".into()),
        (Space::Cc, "depends" | "comment" | "not-selectable" | "deprecated" | "ctr") => Some(String::new()),
        (Space::Cc, "xref" | "linkref" | "secref" | "cite" | "appref" | "figref" | "ctr-ref")
            if element.children.is_empty() =>
        {
            Some(reference.unwrap_or_default().to_owned())
        }
        _ => None,
    }
}

/// The text of an element in one line; operations in brackets, as the CC print them.
pub(super) fn flat(element: &Element) -> String {
    flat_nodes(&element.children)
}

/// The text of nodes that stand side by side.
pub(super) fn flat_nodes(nodes: &[Node]) -> String {
    let mut text = String::new();
    write_flat(nodes, &mut text);
    collapse(&text)
}

/// The element stands in others at most as deep as the tree is bounded to.
fn write_flat(nodes: &[Node], text: &mut String) {
    for child in nodes {
        match child {
            Node::Text(piece) => text.push_str(piece),
            Node::Aside(_) => (),
            Node::Element(element) => {
                if let Some(piece) = in_its_place(element) {
                    text.push_str(&piece);
                } else if element.is("assignable") {
                    let _ = write!(text, "[assignment: {}]", flat(element));
                } else if element.is("selectables") {
                    let options = element.elements().filter(|option| option.is("selectable")).map(flat);
                    let _ = write!(text, "[selection: {}]", options.collect::<Vec<_>>().join(", "));
                } else {
                    let apart = element.space == Space::Xhtml
                        && matches!(&*element.name, "p" | "li" | "div" | "tr" | "td");
                    if apart {
                        text.push(' ');
                    }
                    write_flat(&element.children, text);
                    if apart {
                        text.push(' ');
                    }
                }
            }
        }
    }
}

/// Writes a statement.
pub(super) fn write(statement: &[Segment]) -> String {
    let mut xml = String::new();
    for segment in statement {
        // Writing to a string does not fail.
        let _ = match segment {
            Segment::Text(text) => write!(xml, "{}", escape(&**text)),
            Segment::Operation(Operation::Fixed(text)) => {
                write!(xml, "<refinement>{}</refinement>", escape(&**text))
            }
            Segment::Operation(Operation::Assignment(assignment)) => {
                let none = Some(assignment.none).filter(|none| *none != NoneMeans::Nothing);
                let aside = Aside { id: Some(assignment.id.clone()), none, ..Aside::default() };
                write!(xml, "<assignable>{}{}</assignable>", aside.instruction(), escape(&*assignment.prompt))
            }
            Segment::Operation(Operation::Selection(selection)) => {
                let (id, prompt) = (Some(selection.id.clone()), Some(selection.prompt.clone()));
                let aside = Aside { id, prompt, ..Aside::default() }.instruction();
                let only_one = if selection.only_one { " onlyone=\"yes\"" } else { "" };
                write!(xml, "<selectables{only_one}>{aside}{}</selectables>", selectables(&selection.options))
            }
            Segment::Operation(Operation::Option(word)) => {
                let (id, prompt) = (Some(word.id.clone()), Some(word.text.clone()));
                let aside = Aside { id, prompt, optional_word: true, ..Aside::default() }.instruction();
                let shown = word.text.trim().trim_end_matches(',').to_owned();
                write!(xml, "<selectables>{aside}{}</selectables>", selectables(&[shown, WITHOUT.to_owned()]))
            }
        };
    }
    xml
}

fn selectables(options: &[String]) -> String {
    options.iter().map(|option| format!("<selectable>{}</selectable>", escape(&**option))).collect()
}
