//! Advisories for people: small pages, product by product.

use crate::pages::{Layout, page};
use crate::parts::{Advisory, All, Said};
use crate::words::State;
use crate::{File, Input, SiteError, csaf, words};
use askama::Template;

struct Line<'a> {
    page: String,
    id: &'a str,
    severity: String,
    changed: String,
    products: usize,
}

/// What an advisory says of a version.
struct Product<'a> {
    entry: &'a str,
    product: &'a str,
    version: &'a str,
    state: State,
    what_to_do: &'a str,
}

#[derive(Template)]
#[template(path = "advisories.html")]
struct Advisories<'a> {
    layout: Layout<'a>,
    lines: Vec<Line<'a>>,
}

#[derive(Template)]
#[template(path = "advisory.html")]
struct AdvisoryPage<'a> {
    layout: Layout<'a>,
    id: &'a str,
    severity: String,
    first: String,
    changed: String,
    products: Vec<Product<'a>>,
    csaf: String,
}

fn severity(advisory: &Advisory<'_>) -> String {
    advisory
        .document
        .aggregate_severity
        .as_ref()
        .map_or_else(|| "not said".to_owned(), |one| one.text.to_owned())
}

pub(crate) fn files(input: &Input<'_>, all: &All<'_>) -> Result<Vec<File>, SiteError> {
    let mut files = Vec::new();
    let mut lines = Vec::new();
    for advisory in &all.advisories {
        let tracking = &advisory.document.tracking;
        let name = csaf::name(tracking.id);
        let mut products = Vec::new();
        for (product, said) in advisory.products() {
            let Some((entry, version)) = product.split_once(':') else { continue };
            let Some(known) = all.entries.get(entry) else { continue };
            let state = match said {
                Said::Affected => State::new("warn", "Affected"),
                Said::Investigated => State::new("warn", "Being looked into"),
                Said::Fixed => State::new("good", "Solved"),
                Said::NotAffected => State::new("good", "Not affected"),
            };
            let what_to_do = advisory.remedy(product).unwrap_or_default();
            products.push(Product { entry, product: known.product, version, state, what_to_do });
        }
        lines.push(Line {
            page: format!("{name}.html"),
            id: tracking.id,
            severity: severity(advisory),
            changed: words::day(tracking.current_release_date),
            products: products.iter().map(|one| one.entry).collect::<std::collections::BTreeSet<_>>().len(),
        });
        let view = AdvisoryPage {
            layout: Layout::below(input, tracking.id, "advisories"),
            id: tracking.id,
            severity: severity(advisory),
            first: words::day(tracking.initial_release_date),
            changed: words::day(tracking.current_release_date),
            products,
            csaf: csaf::path(tracking),
        };
        files.push(page(crate::advisory_page(tracking.id), &view)?);
    }
    let layout = Layout::below(input, "Advisories", "advisories");
    files.push(page("advisories/index.html".to_owned(), &Advisories { layout, lines })?);
    Ok(files)
}
