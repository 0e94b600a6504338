//! A document as one HTML page: no script, nothing from elsewhere, so that it can be archived and read in twenty years.
//!
//! The page prints as a report: title page, contents, page numbers where the browser has them, the mark on every page. All
//! text is escaped by the template engine; the only markup that is put in unescaped is the output of these templates.

use crate::RenderError;
use crate::doc::{Block, Change, Content, Doc, Heading, Line, Role, Run};
use askama::Template;

#[derive(Template)]
#[template(path = "document.html")]
struct Page<'d> {
    doc: &'d Doc,
}

#[derive(Template)]
#[template(path = "block.html")]
struct OneBlock<'d> {
    block: &'d Block,
}

#[derive(Template)]
#[template(path = "line.html")]
struct OneLine<'d> {
    line: &'d Line,
}

/// The page.
///
/// # Errors
/// Where the template engine fails to write.
pub fn write(doc: &Doc) -> Result<String, RenderError> {
    Ok(Page { doc }.render()?)
}

impl Page<'_> {
    fn block(&self, block: &Block) -> Result<String, askama::Error> {
        OneBlock { block }.render()
    }

    fn line(&self, line: &Line) -> Result<String, askama::Error> {
        OneLine { line }.render()
    }

    fn headings(&self) -> Vec<&Heading> {
        self.doc.contents(3).collect()
    }
}

impl OneBlock<'_> {
    fn line(&self, line: &Line) -> Result<String, askama::Error> {
        OneLine { line }.render()
    }

    /// The element: chapters are `h2`, for the document's title is `h1`.
    fn heading(&self, heading: &Heading) -> u8 {
        heading.level.saturating_add(1).min(6)
    }

    /// The class of something that changed; none of what did not.
    fn class(&self, change: &Option<Change>) -> &'static str {
        match change {
            Some(Change::Added) => " change added",
            Some(Change::Removed) => " change removed",
            Some(Change::Changed) => " change changed",
            None => "",
        }
    }

    /// What became of it, for those who do not see the bar.
    fn spoken(&self, change: &Option<Change>) -> &'static str {
        match change {
            Some(Change::Added) => "Added: ",
            Some(Change::Removed) => "Removed: ",
            Some(Change::Changed) => "Changed: ",
            None => "",
        }
    }
}

impl OneLine<'_> {
    fn plain_role(&self, run: &Run) -> bool {
        run.role == Role::Plain && !run.struck && run.change.is_none()
    }
}
