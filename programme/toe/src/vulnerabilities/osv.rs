//! Advisories in the format of OSV (schema 1), as far as they are about crates.

use super::advisory::{Advisory, Affected, Range};
use semver::Version;
use serde::Deserialize;

const ECOSYSTEM: &str = "crates.io";

#[derive(Deserialize)]
struct Entry {
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    published: String,
    withdrawn: Option<String>,
    #[serde(default)]
    affected: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    package: Option<Name>,
    #[serde(default)]
    ranges: Vec<Events>,
    #[serde(default)]
    versions: Vec<String>,
}

#[derive(Deserialize)]
struct Name {
    ecosystem: String,
    name: String,
}

#[derive(Deserialize)]
struct Events {
    #[serde(rename = "type")]
    kind: String,
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    introduced: Option<String>,
    fixed: Option<String>,
    last_affected: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum File {
    One(Box<Entry>),
    Several(Vec<Entry>),
}

/// Reads a file with one entry or a list of them: one advisory for each crate that it is about.
pub(super) fn read(text: &str) -> Result<Vec<Advisory>, String> {
    let entries = match serde_json::from_str(text).map_err(|error| error.to_string())? {
        File::One(entry) => vec![*entry],
        File::Several(entries) => entries,
    };
    entries
        .into_iter()
        .map(advisories)
        .collect::<Result<Vec<_>, _>>()
        .map(|all| all.into_iter().flatten().collect())
}

fn advisories(entry: Entry) -> Result<Vec<Advisory>, String> {
    let mut found: Vec<Advisory> = Vec::new();
    for package in &entry.affected {
        let Some(name) = package.package.as_ref().filter(|name| name.ecosystem == ECOSYSTEM) else {
            continue;
        };
        let mut ranges = Vec::new();
        for events in package.ranges.iter().filter(|events| events.kind == "SEMVER") {
            ranges.extend(intervals(&events.events).map_err(|error| format!("{}: {error}", entry.id))?);
        }
        let day = |time: &str| time.get(..10).unwrap_or(time).to_owned();
        found.push(Advisory {
            id: entry.id.clone(),
            aliases: entry.aliases.clone(),
            package: name.name.clone(),
            title: if entry.summary.is_empty() { entry.id.clone() } else { entry.summary.clone() },
            date: day(&entry.published),
            withdrawn: entry.withdrawn.as_deref().map(day),
            affected: Affected::Ranges { ranges, versions: package.versions.clone() },
        });
    }
    Ok(found)
}

/// Events in their order, as intervals.
fn intervals(events: &[Event]) -> Result<Vec<Range>, String> {
    let version = |text: &str| match text {
        "0" => Ok(None),
        text => Version::parse(text).map(Some).map_err(|error| format!("`{text}` is no version: {error}")),
    };
    let mut ranges = Vec::new();
    let mut open: Option<Range> = None;
    for event in events {
        if let Some(from) = &event.introduced {
            ranges.extend(open.replace(Range { introduced: version(from)?, ..Range::default() }));
        } else if let Some(mut range) = open.take() {
            range.fixed = event.fixed.as_deref().map(version).transpose()?.flatten();
            range.last = event.last_affected.as_deref().map(version).transpose()?.flatten();
            // What ends nothing, a limit for one, leaves it open.
            if range.fixed.is_none() && range.last.is_none() {
                open = Some(range)
            } else {
                ranges.push(range)
            }
        }
    }
    ranges.extend(open);
    Ok(ranges)
}
