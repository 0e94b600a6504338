//! Rules for sections 2.3 and 2.4, and for whatever points into a document.

use crate::context::{Context, open};
use crate::finding::Found;
use crate::rule::{Rule, Severity};
use dtsec_model::assurance::Components;
use dtsec_model::security_target::GuidanceDocument;

pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "document-complete",
        clause: "GP_FST_070 Annex D 2; GPT_SPE_151 2.3, 2.4; T8",
        title: "Each document is listed with id, title and version",
        explanation: "A reference to a document without a version changes its meaning with the document's next version.",
        remedy: "Fill in `id`, `title` and `version`.",
        severity: Severity::Error,
        check: document_complete,
    },
    Rule {
        id: "document-readable",
        clause: "GP_FST_070 Annex D 2",
        title: "A document whose file is named can be read",
        explanation: "The file is looked for relative to the Security Target, to see whether the sections that are cited are \
                      there.",
        remedy: "Correct `file`, or put the file there.",
        severity: Severity::Error,
        check: document_readable,
    },
    Rule {
        id: "documents-for-level",
        clause: "GPT_SPE_151 2.3, 2.4; requirements 2.4; T8",
        title: "Each component that asks the developer for a document has one",
        explanation: "The level's evaluation begins with the developer's documents: guidance for operation and preparation \
                      among the guidance; specification, map, lists, procedures and tests among the documents.",
        remedy: "List the document and name the component in its `serves`.",
        severity: Severity::Error,
        check: documents_for_level,
    },
    Rule {
        id: "place-listed",
        clause: "GPT_SPE_151 2.2, 4; CEM ASE_OBJ.1; T13",
        title: "Whatever points into a document points into a listed one",
        explanation: "A reference that leads nowhere cannot be followed by integrator or evaluator.",
        remedy: "Use the id of a document in `guidance` or `documents`, or list the document there.",
        severity: Severity::Error,
        check: place_listed,
    },
    Rule {
        id: "place-section",
        clause: "CEM ASE_OBJ.1; GPT_SPE_151 2.2, 4",
        title: "Whatever points into a document names the section",
        explanation: "The exact place is asked for, not the document alone.",
        remedy: "Fill in `section` with number or title of the heading.",
        severity: Severity::Error,
        check: place_section,
    },
    Rule {
        id: "place-found",
        clause: "CEM ASE_OBJ.1; GPT_SPE_151 2.2, 4",
        title: "A section that is cited is a heading of the document",
        explanation: "Where the document is at hand its headings are read (Markdown); sections are renamed more often than the \
                      references to them.",
        remedy: "Cite the heading as it stands: its number, its title, or both.",
        severity: Severity::Error,
        check: place_found,
    },
];

/// What the developer hands in a document for, and whether that is guidance (requirements 2.4). The rest is the Security
/// Target itself, or the evaluator's own work.
const NEEDS_DOCUMENT: [(&str, bool); 8] = [
    ("AGD_OPE.1", true),
    ("AGD_PRE.1", true),
    ("ADV_FSP.4", false),
    ("ADV_IMP.3", false),
    ("ALC_CMC.1", false),
    ("ALC_CMS.1", false),
    ("ALC_FLR.2", false),
    ("ATE_IND.1", false),
];

/// Both lists, with the place of each document.
fn listed<'c>(context: &Context<'c>) -> impl Iterator<Item = (String, &'c GuidanceDocument)> {
    let guidance = context.target.guidance.iter().enumerate();
    let documents = context.target.documents.iter().enumerate();
    guidance
        .map(|(at, document)| (format!("/guidance/{at}"), document))
        .chain(documents.map(|(at, document)| (format!("/documents/{at}"), document)))
}

fn document_complete(context: &Context<'_>, found: &mut Found) {
    for (place, document) in listed(context) {
        found.unless_said(format!("{place}/id"), &document.id, "id of the document");
        found.unless_said(format!("{place}/title"), &document.title, "title of the document");
        found.unless_said(format!("{place}/version"), &document.version, "version of the document");
    }
}

fn document_readable(context: &Context<'_>, found: &mut Found) {
    for (place, document) in listed(context) {
        if let (Some(file), Some(why)) = (&document.file, context.documents.unreadable(&document.id))
            && !open(file)
        {
            found.at(format!("{place}/file"), file, format!("the file cannot be read: {why}"));
        }
    }
}

fn documents_for_level(context: &Context<'_>, found: &mut Found) {
    let target = context.target;
    // Of a level that reuses a certificate, its documents are that certificate's.
    let named = |component: &str| {
        target.assurance.levels.iter().any(|claim| match claim.level.components() {
            Components::Exactly(these) => these.contains(&component),
            Components::OfCertificate(_) => false,
        })
    };
    for (component, guidance) in NEEDS_DOCUMENT.into_iter().filter(|(component, _)| named(component)) {
        let serves = |document: &GuidanceDocument| document.serves.iter().any(|other| other == component);
        let there = target.guidance.iter().any(serves) || (!guidance && target.documents.iter().any(serves));
        let (place, among) =
            if guidance { ("/guidance", "guidance") } else { ("/documents", "guidance or documents") };
        // An empty list is a dropped section, which is told there.
        let empty = if guidance { target.guidance.is_empty() } else { target.documents.is_empty() };
        if !there && !empty {
            found.at(place, "", format!("none of the {among} serves {component}"));
        }
    }
}

fn place_listed(context: &Context<'_>, found: &mut Found) {
    for (pointer, place) in context.places() {
        let known = context.target.all_documents().any(|document| document.id == place.document);
        if !known && !open(&place.document) {
            found.at(format!("{pointer}/document"), &place.document, "no document of this id is listed");
        }
    }
}

fn place_section(context: &Context<'_>, found: &mut Found) {
    for (pointer, place) in context.places() {
        let what = format!("section of `{}`", place.document);
        found.unless_said(format!("{pointer}/section"), &place.section, &what);
    }
}

fn place_found(context: &Context<'_>, found: &mut Found) {
    for (pointer, place) in context.places() {
        let said = !place.section.trim().is_empty() && !open(&place.section);
        if said && context.documents.has_section(&place.document, &place.section) == Some(false) {
            let message = format!("`{}` has no heading of this number or title", place.document);
            found.at(format!("{pointer}/section"), &place.section, message);
        }
    }
}
