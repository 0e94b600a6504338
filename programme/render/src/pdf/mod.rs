//! A document as PDF: typeset pages with contents, bookmarks and cross references, tagged for readers that speak, and mark,
//! version, digest and page number on every page. It meets PDF/UA-1 and, where it has a date,
//! PDF/A-2a for archives: that wants one, and none is made up.
//!
//! What a page looks like is `templates/document.typ`, which never changes. What stands in a document is given to it as
//! values ([`values`]) and is nowhere read as markup, so there is nothing to be escaped. The typesetter sees that one file
//! and the fonts in the program ([`world`]): no other file, no network, no clock. The same document gives the same bytes.

mod fit;
mod values;
mod world;

use crate::RenderError;
use crate::doc::Doc;
use typst::diag::SourceDiagnostic;
use typst::foundations::Smart;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

/// The file.
///
/// # Errors
/// Where the typesetter or the writer of PDF fails.
pub fn write(doc: &Doc) -> Result<Vec<u8>, RenderError> {
    let world = world::World::new(values::of(doc));
    let compiled = typst::compile(&world);
    let document = compiled.output.map_err(|all| told(&all))?;
    let standards = match doc.date {
        Some(_) => &[PdfStandard::Ua_1, PdfStandard::A_2a][..],
        None => &[PdfStandard::Ua_1],
    };
    let standards =
        PdfStandards::new(standards).map_err(|error| RenderError::Pdf(error.message().to_string()))?;
    let options = PdfOptions {
        creator: Smart::Custom(Some(concat!("dtsec-render ", env!("CARGO_PKG_VERSION")).to_owned())),
        standards,
        ..PdfOptions::default()
    };
    let file = typst_pdf::pdf(&document, &options).map_err(|all| told(&all))?;
    // The typesetter remembers what it has set, and a program may live long.
    typst::comemo::evict(0);
    Ok(file)
}

fn told(all: &[SourceDiagnostic]) -> RenderError {
    let one = |error: &SourceDiagnostic| {
        let hints = error.hints.iter().map(|hint| format!(" ({})", hint.v));
        std::iter::once(error.message.to_string()).chain(hints).collect::<String>()
    };
    RenderError::Pdf(all.iter().map(one).collect::<Vec<_>>().join("; "))
}
