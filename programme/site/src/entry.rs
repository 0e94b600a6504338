//! An entry's page: what is true of it now, in plain words; then version by version; then what it rests on and its history.

use crate::data::newest_known;
use crate::pages::{Layout, page};
use crate::parts::{All, Entry, Said};
use crate::words::{Advice, Claim, Moment, State};
use crate::{File, Input, SiteError, Touched, feeds, qr, words};
use askama::Template;
use std::collections::BTreeSet;

/// What is known about a version.
struct Known {
    /// Which; empty while it is confidential.
    id: String,
    severity: String,
    state: State,
    what_to_do: String,
    /// Its advisory's page.
    advisory: Option<String>,
}

struct VersionView<'a> {
    anchor: String,
    version: &'a str,
    identity: &'a str,
    since: String,
    basis: &'static str,
    state: State,
    known: Vec<Known>,
    fingerprint: Option<&'a str>,
    /// Its address, and that as a QR code.
    code: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "entry.html")]
struct EntryPage<'a> {
    layout: Layout<'a>,
    entry: &'a Entry<'a>,
    advice: Advice,
    since: String,
    level: &'static str,
    lab: Option<(&'a str, &'a str)>,
    profile: Option<(&'a str, String)>,
    claims: Vec<Claim>,
    versions: Vec<VersionView<'a>>,
    history: Vec<Moment>,
}

pub(crate) fn files<'a>(
    input: &Input<'a>,
    all: &All<'a>,
    touched: &Touched<'a>,
) -> Result<Vec<File>, SiteError> {
    let mut files = Vec::new();
    for (id, entry) in all.entries.iter().filter(|(id, _)| touched.entries.contains(*id)) {
        files.push(page(format!("entries/{id}.html"), &view(input, all, entry)?)?);
        files.push((format!("entries/{id}.atom"), feeds::entry(input, entry)?));
        if let Some(state) = format!("entry/{id}").parse().ok().and_then(|name| input.parts.get(&name)) {
            files.push((format!("entries/{id}.json"), serde_json::to_vec_pretty(state)?));
        }
    }
    Ok(files)
}

fn view<'e>(input: &Input<'e>, all: &'e All<'_>, entry: &'e Entry<'e>) -> Result<EntryPage<'e>, SiteError> {
    let mut versions = Vec::new();
    for (place, one) in entry.versions.iter().enumerate() {
        let anchor = format!("version-{}", place + 1);
        let known = known(all, entry, one.version);
        let code = match input.base {
            Some(base) => {
                let address = format!("{base}entries/{}.html#{anchor}", entry.id);
                let code = qr::svg(&address)?;
                Some((address, code))
            }
            None => None,
        };
        let open = known.iter().filter(|one| one.state.tone == "warn").count();
        versions.push(VersionView {
            anchor,
            version: one.version,
            identity: one.identity,
            since: words::day(one.since),
            basis: words::basis(one.basis.by),
            state: version_state(entry, one.standing, open),
            known,
            fingerprint: entry.attested(one.version).map(|one| one.fingerprint),
            code,
        });
    }
    versions.reverse();
    let known = newest_known(all, entry);
    let mut layout = Layout::below(input, entry.product, "products");
    layout.feed = Some(format!("{}.atom", entry.id));
    Ok(EntryPage {
        layout,
        advice: words::advice(entry, known),
        since: entry.history.first().map(|one| words::day(one.at)).unwrap_or_default(),
        level: words::level(entry.van()),
        lab: entry.kind.lab.map(|id| (id, all.labs.get(id).map_or(id, |lab| lab.application.name))),
        profile: entry.profile.map(|id| {
            let title = all.profiles.get(id).map(|one| format!("{} {}", one.title, one.version));
            (id, title.unwrap_or_else(|| id.to_owned()))
        }),
        claims: entry.claims.iter().map(|id| words::claim(id)).collect(),
        versions,
        history: words::history(entry),
        entry,
    })
}

fn version_state(entry: &Entry<'_>, standing: &str, open: usize) -> State {
    match entry.state.state {
        "listed" if standing != "in-force" => State::new("warn", "Does not count until revalidated"),
        "listed" if open > 0 => State::new("warn", "Listed, open vulnerability"),
        _ => words::entry(entry, 0),
    }
}

/// All that is known about a version: what its part says is open, and what advisories say.
fn known(all: &All<'_>, entry: &Entry<'_>, version: &str) -> Vec<Known> {
    let mut told = BTreeSet::new();
    let mut found = Vec::new();
    for (number, said) in all.advised.get(&(entry.id, version)).into_iter().flatten() {
        let advisory = &all.advisories[*number];
        let id = advisory.document.tracking.id;
        told.insert(id);
        let remedy = advisory.remedy(&format!("{}:{version}", entry.id)).unwrap_or_default();
        let (state, what_to_do) = match said {
            Said::Affected => (State::new("warn", "Affected"), helped(remedy)),
            Said::Investigated => (State::new("warn", "Being looked into"), helped("")),
            Said::Fixed => {
                (State::new("good", "Solved"), "Nothing: this version is safe from it.".to_owned())
            }
            Said::NotAffected => (State::new("good", "Not affected"), "Nothing.".to_owned()),
        };
        let severity = advisory.document.aggregate_severity.as_ref().map_or("", |one| one.text);
        found.push(Known {
            id: id.to_owned(),
            severity: severity.to_lowercase(),
            state,
            what_to_do,
            advisory: Some(crate::csaf::name(id)),
        });
    }
    for open in entry.open(version).iter().filter(|open| !told.contains(open.id)) {
        found.push(Known {
            id: if open.id == "undisclosed" { String::new() } else { open.id.to_owned() },
            severity: open.severity.to_owned(),
            state: State::new("warn", "Open"),
            what_to_do: helped(""),
            advisory: None,
        });
    }
    found
}

fn helped(remedy: &str) -> String {
    let ask =
        "Ask the developer or your clinic what to do; do not stop a therapy without asking your care team.";
    if remedy.is_empty() { ask.to_owned() } else { format!("{remedy} {ask}") }
}
