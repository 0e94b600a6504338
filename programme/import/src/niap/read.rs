//! Reading a protection profile.

use super::statement::{self, flat, flat_nodes};
use super::tree::{Element, Node, Space, parse};
use super::{NAMESPACE, ReadError};
use crate::words::{plain, slug, unique};
use dtsec_model::protection_profile::{
    Element as ElementOf, Named, Package, ProtectionProfile, ProtectionProfileKind, Requirement,
};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};

/// A protection profile that was read, and what of the document is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The profile.
    pub profile: ProtectionProfile,
    /// What of the document has no place in it.
    pub left_out: Vec<LeftOut>,
    /// What could be read in several ways, and how it was.
    pub assumed: Vec<String>,
}

/// Elements of one name that have no place in a profile here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Their name.
    pub element: String,
    /// How many there are.
    pub count: usize,
    /// The line of the first.
    pub line: usize,
}

/// Elements that are read, or that only hold others.
const READ: [&str; 33] = [
    "PP",
    "PPReference",
    "ReferenceTable",
    "PPTitle",
    "PPVersion",
    "PPPubDate",
    "chapter",
    "section",
    "subsection",
    "threats",
    "threat",
    "description",
    "SOs",
    "SO",
    "SOEs",
    "SOE",
    "f-component",
    "f-element",
    "title",
    "note",
    "a-component",
    "a-element",
    "cclaims",
    "cclaim",
    "assignable",
    "selectables",
    "selectable",
    "refinement",
    "xref",
    "linkref",
    "secref",
    "cite",
    "abbr",
];

/// Reads a protection profile.
///
/// # Errors
/// See [`ReadError`].
pub fn read(text: &str) -> Result<Imported, ReadError> {
    let root = parse(text)?;
    if !root.is("PP") {
        return Err(ReadError::NotAProtectionProfile { found: root.name.clone(), line: root.line });
    }
    let aside = root.aside();
    let said =
        |name: &str| root.all(name).first().map(|element| flat(element)).filter(|text| !text.is_empty());
    let title = said("PPTitle").or_else(|| root.attribute("name").map(str::to_owned));
    let title = title.ok_or(ReadError::Missing { what: "title (PPReference/ReferenceTable/PPTitle)" })?;
    let mut reader = Reader { assumed: Vec::new() };
    let requirements = reader.requirements(&root)?;
    if requirements.is_empty() {
        return Err(ReadError::Missing { what: "security functional requirement (f-component)" });
    }
    let environment = reader.named(&root, "SOE")?;
    let mut objectives = reader.named(&root, "SO")?;
    objectives.extend(environment);
    let profile = ProtectionProfile {
        kind: ProtectionProfileKind::default(),
        id: aside.id.unwrap_or_else(|| slug(&title)),
        title,
        version: said("PPVersion").unwrap_or_default(),
        date: aside.date.or_else(|| said("PPPubDate")).unwrap_or_default(),
        criteria: aside
            .criteria
            .or_else(|| chapter(&root, &["conformanceclaims", "cclaims"]).map(flat))
            .unwrap_or_default(),
        scope: scope(&root),
        threats: reader.named(&root, "threat")?,
        objectives,
        requirements,
        packages: packages(&root)?,
        reservations: aside.reservations,
    };
    Ok(Imported { profile, left_out: left_out(&root), assumed: reader.assumed })
}

struct Reader {
    assumed: Vec<String>,
}

impl Reader {
    /// Threats or objectives.
    fn named(&mut self, root: &Element, element: &str) -> Result<Vec<Named>, ReadError> {
        let read = |named: &Element| {
            let text = named.child("description").map(flat).unwrap_or_default();
            Ok(Named {
                id: required(named, "name")?.to_owned(),
                title: named.aside().title.unwrap_or_default(),
                text,
            })
        };
        root.all(element).into_iter().map(read).collect()
    }

    fn requirements(&mut self, root: &Element) -> Result<Vec<Requirement>, ReadError> {
        let mut taken = HashSet::new();
        let mut requirements = Vec::new();
        for component in root.all("f-component") {
            let requirement = self.requirement(component)?;
            if !taken.insert(requirement.id.clone()) {
                return Err(wrong(
                    component,
                    &format!("{} stands here a second time; give an iteration", requirement.id),
                ));
            }
            requirements.push(requirement);
        }
        Ok(requirements)
    }

    fn requirement(&mut self, component: &Element) -> Result<Requirement, ReadError> {
        let aside = component.aside();
        let base = required(component, "cc-id")?.to_uppercase();
        let iteration = component.attribute("iteration").map(|name| format!("/{name}")).unwrap_or_default();
        let id = aside.id.unwrap_or_else(|| format!("{base}{iteration}"));
        let status = component.attribute("status").unwrap_or("mandatory");
        if !matches!(status, "mandatory" | "optional") {
            self.assumed.push(format!("{id} of line {} has the status {status}: optional", component.line));
        }
        let mut notes = notes(component);
        let mut elements = Vec::new();
        for (index, element) in component.all("f-element").into_iter().enumerate() {
            notes.extend(self::notes(element));
            elements.push(self.element(element, &base, &iteration, index + 1)?);
        }
        Ok(Requirement {
            title: required(component, "name")?.to_owned(),
            id,
            optional: status != "mandatory",
            elements,
            dependencies: aside.dependencies,
            notes,
        })
    }

    fn element(
        &mut self,
        element: &Element,
        base: &str,
        iteration: &str,
        number: usize,
    ) -> Result<ElementOf, ReadError> {
        let title =
            element.child("title").ok_or_else(|| wrong(element, "it has no title, which holds its text"))?;
        let id = element.aside().id.unwrap_or_else(|| format!("{base}.{number}{iteration}"));
        let mut flattened = Vec::new();
        let statement = statement::read(title, &mut flattened);
        let each = flattened.into_iter().map(|line| {
            format!(
                "an operation of {id} at line {line} holds another: the inner one is kept as text in brackets"
            )
        });
        self.assumed.extend(each);
        Ok(ElementOf { id, statement })
    }
}

/// The notes right in an element.
fn notes(element: &Element) -> Vec<String> {
    let mut notes = Vec::new();
    for note in element.elements().filter(|child| child.is("note")) {
        let parts = note.children.split(|child| matches!(child, Node::Aside(aside) if aside.next_note));
        for part in parts {
            let text = flat_nodes(part);
            if !text.is_empty() {
                notes.push(text);
            }
        }
    }
    notes
}

/// The assurance components: the sections that are packages, and all others as one.
fn packages(root: &Element) -> Result<Vec<Package>, ReadError> {
    let mut packages = Vec::new();
    let mut others = Vec::new();
    let mut taken = HashSet::new();
    let mut open: Vec<&Element> = vec![root];
    while let Some(element) = open.pop() {
        let aside = element.aside();
        if aside.package {
            let title = required(element, "title")?.to_owned();
            let id = unique(aside.id.unwrap_or_else(|| slug(&title)), &mut taken);
            packages.push(Package { id, title, components: components(&element.all("a-component"))? });
            continue;
        }
        if element.is("a-component") {
            others.push(element);
            continue;
        }
        let children: Vec<&Element> = element.elements().collect();
        open.extend(children.into_iter().rev());
    }
    if !others.is_empty() {
        let id = unique("sars".into(), &mut taken);
        let title = "Security Assurance Requirements".into();
        packages.push(Package { id, title, components: components(&others)? });
    }
    Ok(packages)
}

fn components(elements: &[&Element]) -> Result<Vec<String>, ReadError> {
    let id = |component: &&Element| {
        let aside = component.aside().id;
        aside.map_or_else(|| required(component, "cc-id").map(str::to_uppercase), Ok)
    };
    elements.iter().map(id).collect()
}

/// What the introduction says the profile is about.
fn scope(root: &Element) -> String {
    let Some(introduction) = chapter(root, &["introduction"]) else { return String::new() };
    let sections: Vec<&Element> = introduction.elements().collect();
    let called = |names: &[&str]| sections.iter().find(|section| names.contains(&&*title(section))).copied();
    called(&["scope", "scopeofdocument"]).or_else(|| called(&["overview"])).map(flat).unwrap_or_default()
}

/// A chapter, by its title in plain letters.
fn chapter<'r>(root: &'r Element, names: &[&str]) -> Option<&'r Element> {
    root.elements().find(|chapter| names.contains(&&*title(chapter)))
}

/// The title of a chapter or a section; one of the namespace of sections may have it as its name.
fn title(element: &Element) -> String {
    let named = Some(&*element.name).filter(|_| element.space == Space::Section);
    plain(element.attribute("title").or(named).unwrap_or_default())
}

fn left_out(root: &Element) -> Vec<LeftOut> {
    let mut found: BTreeMap<String, LeftOut> = BTreeMap::new();
    let mut open: Vec<&Element> = vec![root];
    while let Some(element) = open.pop() {
        let read = match element.space {
            Space::Cc => READ.contains(&&*element.name),
            Space::Section | Space::Xhtml => true,
            Space::Other => false,
        };
        if !read {
            let new = || LeftOut { element: element.name.clone(), count: 0, line: element.line };
            let entry = found.entry(element.name.clone()).or_insert_with(new);
            entry.count += 1;
            entry.line = entry.line.min(element.line);
            continue;
        }
        open.extend(element.elements());
    }
    found.into_values().collect()
}

fn required<'e>(element: &'e Element, attribute: &str) -> Result<&'e str, ReadError> {
    element.attribute(attribute).ok_or_else(|| wrong(element, &format!("it has no attribute `{attribute}`")))
}

fn wrong(element: &Element, message: &str) -> ReadError {
    let name = if element.space == Space::Cc {
        element.name.clone()
    } else {
        format!("{} (outside {NAMESPACE})", element.name)
    };
    ReadError::Element { element: name, line: element.line, message: message.into() }
}
