//! XML as a tree, bounded.

use super::aside::Aside;
use super::{MAX_BYTES, MAX_DEPTH, MAX_NODES, NAMESPACE, ReadError, SECTIONS, XHTML};
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

/// Where a name comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Space {
    /// NIAP's elements.
    Cc,
    /// Chapters named by their titles.
    Section,
    Xhtml,
    Other,
}

/// An element.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) space: Space,
    pub(crate) name: String,
    pub(crate) line: usize,
    attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Node>,
}

/// What stands in an element.
#[derive(Debug)]
pub(crate) enum Node {
    Element(Element),
    Text(String),
    /// `<?dtsec {…}?>`
    Aside(Box<Aside>),
}

impl Element {
    /// An attribute; empty ones are none.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// Whether it is this one of NIAP's.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.space == Space::Cc && self.name == name
    }

    /// The elements right in it.
    pub(crate) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|child| match child {
            Node::Element(element) => Some(element),
            Node::Text(_) | Node::Aside(_) => None,
        })
    }

    /// The first of NIAP's elements of this name right in it.
    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.elements().find(|element| element.is(name))
    }

    /// Every one of NIAP's elements of this name in it, however deep, in the order of the document; what stands in one
    /// that was found is not looked at.
    pub(crate) fn all<'e>(&'e self, name: &str) -> Vec<&'e Element> {
        let mut found = Vec::new();
        let mut open: Vec<&Element> = vec![self];
        while let Some(element) = open.pop() {
            if element.is(name) && !std::ptr::eq(element, self) {
                found.push(element);
                continue;
            }
            let children: Vec<&Element> = element.elements().collect();
            open.extend(children.into_iter().rev());
        }
        found
    }

    /// What is said beside the form, right in it.
    pub(crate) fn aside(&self) -> Aside {
        let asides = self.children.iter().filter_map(|child| match child {
            Node::Aside(aside) => Some(aside),
            _ => None,
        });
        asides.fold(Aside::default(), |all, one| all.and(one))
    }
}

/// Reads a document.
pub(crate) fn parse(text: &str) -> Result<Element, ReadError> {
    if text.len() > MAX_BYTES {
        return Err(ReadError::TooLong { bytes: text.len() });
    }
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().enable_all_checks(true);
    let mut lines = Lines { text, at: 0, line: 1 };
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    let mut nodes = 0usize;
    loop {
        let before = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
        let line = lines.at(before);
        let (space, event) = match reader.read_resolved_event() {
            Ok((namespace, event)) => (space(&namespace), event),
            Err(error) => return Err(ReadError::Syntax { line, message: error.to_string() }),
        };
        nodes += 1;
        if nodes > MAX_NODES {
            return Err(ReadError::TooMany { line });
        }
        match event {
            Event::Start(start) => {
                if open.len() >= MAX_DEPTH {
                    return Err(ReadError::TooDeep { line });
                }
                let Some(space) = space else {
                    let name = start.name().as_ref().to_owned();
                    return Err(ReadError::Syntax {
                        line,
                        message: format!("the prefix of {name} is declared nowhere"),
                    });
                };
                if open.is_empty() && root.is_some() {
                    return Err(ReadError::Syntax {
                        line,
                        message: "there is a second outermost element".into(),
                    });
                }
                open.push(element(&start, space, line)?);
            }
            Event::End(_) => {
                let Some(done) = open.pop() else { continue };
                match open.last_mut() {
                    Some(parent) => parent.children.push(Node::Element(done)),
                    None => root = Some(done),
                }
            }
            Event::Text(content) => push_text(&mut open, &content.xml10_content()),
            Event::CData(content) => push_text(&mut open, &content.xml10_content()),
            Event::GeneralRef(reference) => {
                let text = resolved(&reference, line)?;
                push_text(&mut open, &text);
            }
            Event::PI(instruction) if instruction.target() == "dtsec" => {
                let aside = Aside::parse(instruction.content()).map_err(|message| ReadError::Element {
                    element: "<?dtsec ?>".into(),
                    line,
                    message,
                })?;
                if let Some(parent) = open.last_mut() {
                    parent.children.push(Node::Aside(Box::new(aside)));
                }
            }
            Event::DocType(_) => return Err(ReadError::DocumentType { line }),
            Event::Eof => break,
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => (),
        }
    }
    let line = lines.at(text.len());
    if let Some(unclosed) = open.last() {
        let message = format!("<{}> of line {} never ends", unclosed.name, unclosed.line);
        return Err(ReadError::Syntax { line, message });
    }
    root.ok_or(ReadError::Syntax { line, message: "there is no element".into() })
}

/// The namespace; none where the prefix is not declared.
fn space(namespace: &ResolveResult) -> Option<Space> {
    match namespace {
        ResolveResult::Bound(namespace) => Some(match namespace.0 {
            NAMESPACE => Space::Cc,
            SECTIONS => Space::Section,
            XHTML => Space::Xhtml,
            _ => Space::Other,
        }),
        ResolveResult::Unbound => Some(Space::Other),
        ResolveResult::Unknown(_) => None,
    }
}

fn element(start: &BytesStart, space: Space, line: usize) -> Result<Element, ReadError> {
    let syntax = |message: String| ReadError::Syntax { line, message };
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| syntax(error.to_string()))?;
        let value =
            attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|error| syntax(error.to_string()))?;
        attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    Ok(Element {
        space,
        name: start.local_name().as_ref().to_owned(),
        line,
        attributes,
        children: Vec::new(),
    })
}

fn push_text(open: &mut [Element], text: &str) {
    let Some(parent) = open.last_mut() else { return };
    match parent.children.last_mut() {
        Some(Node::Text(last)) => last.push_str(text),
        _ => parent.children.push(Node::Text(text.to_owned())),
    }
}

/// XML's own entities, and characters by number; nothing else.
fn resolved(reference: &quick_xml::events::BytesRef, line: usize) -> Result<String, ReadError> {
    let character = reference.resolve_char_ref();
    match character.map_err(|error| ReadError::Syntax { line, message: error.to_string() })? {
        Some(character) => Ok(character.into()),
        None => match quick_xml::escape::resolve_xml_entity(reference) {
            Some(text) => Ok(text.into()),
            None => Err(ReadError::Entity { name: reference.to_string(), line }),
        },
    }
}

/// The line of a position; positions only grow.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    fn at(&mut self, position: usize) -> usize {
        let position = position.min(self.text.len());
        let between = self.text.as_bytes().get(self.at..position).unwrap_or_default();
        self.line += between.iter().filter(|byte| **byte == b'\n').count();
        self.at = self.at.max(position);
        self.line
    }
}
