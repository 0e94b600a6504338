//! Entries side by side, with what differs marked.

use super::{Layout, page, words};
use crate::access::Visitor;
use crate::registry::Failure;
use crate::web::{App, WebError};
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;

/// A thing in a cell, and whether only some of the entries have it.
struct Item {
    text: String,
    only: bool,
}

struct Line {
    label: String,
    differs: bool,
    cells: Vec<Vec<Item>>,
}

#[derive(Template)]
#[template(path = "compare.html")]
struct ComparePage {
    layout: Layout,
    entries: Vec<String>,
    lines: Vec<Line>,
}

/// What has several values in one text.
const LISTS: &[&str] = &["assurance", "claims"];

fn cells(property: &str, values: &[String]) -> Vec<Vec<Item>> {
    let split = |value: &String| -> Vec<String> {
        let shown = |text: &str| {
            if property == "state" || property == "kind" { words::state(text).text } else { text.to_owned() }
        };
        if LISTS.contains(&property) {
            value.split(", ").filter(|one| !one.is_empty()).map(str::to_owned).collect()
        } else {
            vec![shown(value)]
        }
    };
    let all: Vec<Vec<String>> = values.iter().map(split).collect();
    // One value that differs is seen at once; in a long list it has to be marked.
    let only = |text: &String| LISTS.contains(&property) && !all.iter().all(|one| one.contains(text));
    all.iter()
        .map(|cell| cell.iter().map(|text| Item { text: text.clone(), only: only(text) }).collect())
        .collect()
}

pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Result<Response, WebError> {
    let query = query.unwrap_or_default();
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let mut ids: Vec<String> = Vec::new();
    for (name, value) in pairs {
        if name == "id" && !ids.contains(&value.clone().into_owned()) {
            ids.push(value.into_owned());
        }
    }
    if !(2..=4).contains(&ids.len()) {
        return Err(Failure::unfit("id", "choose two, three or four products in the list").into());
    }
    let compared = app.registry.compare(&ids).await?;
    let line = |row: crate::registry::ComparedRow| Line {
        cells: cells(&row.property, &row.values),
        label: match row.property.as_str() {
            "claims" => "Requirements claimed".to_owned(),
            "assurance" => "Assurance components".to_owned(),
            "kind" => "Basis".to_owned(),
            "identity" => "Identity".to_owned(),
            "version" => "Newest version in force".to_owned(),
            "profile" => "Profile".to_owned(),
            property => words::field(property),
        },
        differs: row.differs,
    };
    let layout = Layout::new(&app, &visitor, "Products side by side").at("products");
    page(&ComparePage {
        layout,
        entries: compared.entries,
        lines: compared.rows.into_iter().map(line).collect(),
    })
}
