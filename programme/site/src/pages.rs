//! What every page has, and the files that are always the same.

use crate::{File, Input, STYLE, SiteError, words};
use askama::Template;
use serde_json::json;

/// Around every page.
pub(crate) struct Layout<'a> {
    pub(crate) site: &'a str,
    pub(crate) title: &'a str,
    /// What leads from the page to the tree's root: empty, or `../`.
    pub(crate) up: &'static str,
    /// Which part of the navigation it is in.
    pub(crate) at: &'static str,
    /// A feed of its own.
    pub(crate) feed: Option<String>,
    pub(crate) as_of: String,
    pub(crate) fresh_until: String,
}

impl<'a> Layout<'a> {
    /// Of a page in the root.
    pub(crate) fn root(input: &Input<'a>, title: &'a str, at: &'static str) -> Self {
        Self {
            site: input.name,
            title,
            up: "",
            at,
            feed: None,
            as_of: words::moment(input.as_of),
            fresh_until: words::moment(input.fresh_until),
        }
    }

    /// Of a page in a folder.
    pub(crate) fn below(input: &Input<'a>, title: &'a str, at: &'static str) -> Self {
        Self { up: "../", ..Self::root(input, title, at) }
    }
}

#[derive(Template)]
#[template(path = "verify.html")]
struct Verify<'a> {
    layout: Layout<'a>,
    base: Option<&'a str>,
}

/// A page.
pub(crate) fn page(path: String, template: &impl Template) -> Result<File, SiteError> {
    Ok((path, template.render()?.into_bytes()))
}

pub(crate) fn fixed(input: &Input<'_>) -> Result<Vec<File>, SiteError> {
    let status = json!({ "serial": input.serial, "asOf": input.as_of, "freshUntil": input.fresh_until });
    let file = |path: &str, text: &str| (path.to_owned(), text.as_bytes().to_vec());
    let verify = Verify { layout: Layout::root(input, "Check a device", "verify"), base: input.base };
    Ok(vec![
        file("style.css", STYLE),
        file("icon.svg", include_str!("../../serve/templates/icon.svg")),
        file("page.js", include_str!("../templates/page.js")),
        file("search.js", include_str!("../templates/search.js")),
        file("status.js", &format!("window.dtsecStatus = {status};\n")),
        page("verify.html".to_owned(), &verify)?,
    ])
}
