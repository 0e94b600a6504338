//! A protection profile in NIAP's XML (`https://niap-ccevs.org/cc/v1`; the form of `commoncriteria/transforms`).
//!
//! What that form has no place for – the title of a threat, dependencies, the id of an operation, assurance packages –
//! is written as processing instructions `<?dtsec {…}?>`, which its schema and its style sheets do not look at; so a
//! profile survives the way there and back. White space is collapsed, as the style sheets do.
//!
//! Reading is bounded ([`MAX_BYTES`], [`MAX_DEPTH`], [`MAX_NODES`]); a document type declaration is refused, and no
//! entity is expanded but XML's own five and characters by number.

mod aside;
mod read;
mod statement;
mod tree;
mod write;

pub use read::{Imported, LeftOut, read};
pub use write::{Exported, WriteError, write};

/// The namespace of the elements.
pub const NAMESPACE: &str = "https://niap-ccevs.org/cc/v1";
/// The namespace of chapters that have their title as their name.
pub const SECTIONS: &str = "https://niap-ccevs.org/cc/v1/section";
/// The namespace of text that is marked up.
pub const XHTML: &str = "http://www.w3.org/1999/xhtml";
/// The longest document that is read, in bytes.
pub const MAX_BYTES: usize = 16 << 20;
/// The deepest that elements may stand in one another.
pub const MAX_DEPTH: usize = 100;
/// The most elements, texts and instructions that a document may have.
pub const MAX_NODES: usize = 400_000;

/// Why a text is no protection profile in NIAP's XML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Too long.
    #[error("the document has {bytes} bytes, and {MAX_BYTES} are read at most")]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// Not well-formed.
    #[error("line {line}: not XML: {message}")]
    Syntax {
        /// From 1.
        line: usize,
        /// What the reader stumbled over.
        message: String,
    },
    /// A document type declaration.
    #[error(
        "line {line}: there is a document type declaration: take it out, with the entities that it declares"
    )]
    DocumentType {
        /// From 1.
        line: usize,
    },
    /// An entity that is not XML's own.
    #[error("line {line}: &{name}; is not expanded: put the text there that it stands for")]
    Entity {
        /// Its name.
        name: String,
        /// From 1.
        line: usize,
    },
    /// Elements in elements without end.
    #[error("line {line}: elements stand in one another more than {MAX_DEPTH} deep")]
    TooDeep {
        /// From 1.
        line: usize,
    },
    /// Too much of everything.
    #[error("line {line}: there are more than {MAX_NODES} elements and texts")]
    TooMany {
        /// From 1.
        line: usize,
    },
    /// XML, but something else.
    #[error("line {line}: the document is a {found} and no PP of the namespace {NAMESPACE}")]
    NotAProtectionProfile {
        /// The name of its first element.
        found: String,
        /// From 1.
        line: usize,
    },
    /// Something that a protection profile must have.
    #[error("there is no {what}")]
    Missing {
        /// What.
        what: &'static str,
    },
    /// An element that lacks what it must have, or has something wrong.
    #[error("line {line}: {element}: {message}")]
    Element {
        /// Its name.
        element: String,
        /// From 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
}
