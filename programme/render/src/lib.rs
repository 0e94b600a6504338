//! The documents of the programme for people: Security Target, Evaluation Technical Report, draft of a certificate,
//! conformance report.
//!
//! Each is laid out once, as a [`Doc`]: headings with their numbers, paragraphs of runs, tables, lists, boxes, definitions,
//! cross references. A format is a small writer over that ([`html`], [`docx`], [`pdf`]); another one needs no knowledge of what a
//! Security Target is. Change marks ([`changes`]) are put between two `Doc`s and so look alike in every document and format.
//!
//! Nothing of a document's text can leave its place: [`Text`] holds only what every format can carry and shows what would
//! turn the direction of reading, anchors are made of letters and digits, and the writers escape everything.
//!
//! May use `dtsec-model`; used by the command line and by `cargo xtask evaluate`.

#![forbid(unsafe_code)]

pub mod certificate;
pub mod changes;
pub mod conformance;
pub mod doc;
pub mod docx;
pub mod etr;
pub mod html;
mod layout;
pub mod package;
pub mod pdf;
mod security_target;
mod text;

pub use changes::Changes;
pub use doc::Doc;
pub use security_target::{Options, security_target};
pub use text::{Anchor, Text};

/// Who a document is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Variant {
    /// Everything: for developer, lab and certifying body.
    #[default]
    Confidential,
    /// For anybody: without rationales and without what lies inside the developer's house. Threats, objectives and
    /// requirements stay.
    Sanitised,
}

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One page without scripts or anything from elsewhere.
    Html,
    /// For word processors: OOXML.
    Docx,
    /// Pages, for archives and for readers that speak: PDF/A-2a and PDF/UA-1.
    Pdf,
}

/// Why a document cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The profile is not the one that the Security Target claims: its sections and notes would be wrong.
    #[error(
        "the Security Target claims profile `{claimed}`, and `{given}` was given: give the profile that it claims"
    )]
    OtherProfile {
        /// What is claimed.
        claimed: String,
        /// What was given.
        given: String,
    },
    /// The report names another Security Target than the one given.
    #[error(
        "the report is about the Security Target with digest {named}, and the one given has {given}: give the one that \
         was evaluated"
    )]
    OtherSecurityTarget {
        /// What the report says.
        named: String,
        /// Of the one given.
        given: String,
    },
    /// No canonical bytes.
    #[error("the document has no canonical bytes, and so no digest: {0}")]
    Digest(String),
    /// The page could not be written.
    #[error("the HTML page could not be written: {0}")]
    Html(#[from] askama::Error),
    /// The file could not be written.
    #[error("the DOCX file could not be written: {0}")]
    Docx(String),
    /// The pages could not be set.
    #[error("the PDF file could not be written: {0}")]
    Pdf(String),
}

/// A document in a format.
///
/// # Errors
/// Where the writer of the format fails.
pub fn write(doc: &Doc, format: Format) -> Result<Vec<u8>, RenderError> {
    match format {
        Format::Html => Ok(html::write(doc)?.into_bytes()),
        Format::Docx => docx::write(doc),
        Format::Pdf => pdf::write(doc),
    }
}
