//! Puts the package together, with what the library cannot say by itself: which rows repeat on every page, and what the
//! document is called.
//!
//! Both are put in as text at places that no text of a document can look like: in text every `<` is escaped.

use crate::RenderError;
use crate::doc::Doc;
use docx_rs::Docx;
use std::io::Cursor;

const UNSPLIT: &str = "<w:cantSplit />";
const HEAD: &str = "<w:cantSplit /><w:tblHeader />";
const END: &str = "</cp:coreProperties>";

/// `tables`: how many have a header row.
pub(super) fn pack(docx: Docx, doc: &Doc, tables: usize) -> Result<Vec<u8>, RenderError> {
    let mut parts = docx.build();
    parts.document = replaced(parts.document, UNSPLIT, HEAD, tables)?;
    let title = format!("<dc:title>{}</dc:title>{END}", escaped(&format!("{} – {}", doc.title, doc.kind)));
    parts.doc_props.core = replaced(parts.doc_props.core, END, &title, 1)?;
    let mut file = Cursor::new(Vec::new());
    parts.pack(&mut file).map_err(|error| RenderError::Docx(error.to_string()))?;
    Ok(file.into_inner())
}

fn replaced(part: Vec<u8>, from: &str, to: &str, times: usize) -> Result<Vec<u8>, RenderError> {
    let text = String::from_utf8(part).map_err(|error| RenderError::Docx(error.to_string()))?;
    let found = text.matches(from).count();
    if found != times {
        // Another version of the library writes this differently: no file is better than one without it.
        return Err(RenderError::Docx(format!("`{from}` stands {found} times in a part, and not {times}")));
    }
    Ok(text.replace(from, to).into_bytes())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
