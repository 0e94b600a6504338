//! The first page, lists by letter, labs, profiles.

use crate::data::newest_known;
use crate::pages::{Layout, page};
use crate::parts::{All, Entry, Lab, Profile};
use crate::words::{Claim, State};
use crate::{File, Input, SiteError, Touched, words};
use askama::Template;
use std::collections::{BTreeMap, BTreeSet};

/// So many products the first page shows all of; of more it leads to lists by letter.
const FEW: usize = 200;

/// An entry in a list.
struct Line<'a> {
    id: &'a str,
    product: &'a str,
    developer: &'a str,
    class: &'a str,
    versions: String,
    state: State,
}

impl<'a> Line<'a> {
    fn of(all: &All<'a>, entry: &Entry<'a>) -> Self {
        let newest: Vec<&str> = entry.versions.iter().rev().take(3).map(|one| one.version).collect();
        let more = if entry.versions.len() > newest.len() { ", …" } else { "" };
        Self {
            id: entry.id,
            product: entry.product,
            developer: entry.developer,
            class: entry.class,
            versions: format!("{}{more}", newest.join(", ")),
            state: words::entry(entry, newest_known(all, entry)),
        }
    }
}

/// The letter under which a product is found.
pub(crate) fn letter(product: &str) -> String {
    match product.trim_start().chars().next() {
        Some(first) if first.is_ascii_alphabetic() => first.to_ascii_uppercase().to_string(),
        Some(first) if first.is_ascii_digit() => "0-9".to_owned(),
        _ => "other".to_owned(),
    }
}

#[derive(Template)]
#[template(path = "index.html")]
struct Index<'a> {
    layout: Layout<'a>,
    count: usize,
    lines: Vec<Line<'a>>,
    letters: Vec<(String, usize)>,
}

#[derive(Template)]
#[template(path = "letter.html")]
struct Letter<'a> {
    layout: Layout<'a>,
    lines: Vec<Line<'a>>,
}

#[derive(Template)]
#[template(path = "labs.html")]
struct Labs<'a> {
    layout: Layout<'a>,
    labs: Vec<(&'a Lab<'a>, State)>,
}

#[derive(Template)]
#[template(path = "lab.html")]
struct LabPage<'a> {
    layout: Layout<'a>,
    lab: &'a Lab<'a>,
    state: State,
    since: String,
    competence: Vec<(String, u8)>,
    lines: Vec<Line<'a>>,
}

#[derive(Template)]
#[template(path = "profiles.html")]
struct Profiles<'a> {
    layout: Layout<'a>,
    profiles: Vec<(&'a Profile<'a>, State)>,
}

#[derive(Template)]
#[template(path = "profile.html")]
struct ProfilePage<'a> {
    layout: Layout<'a>,
    profile: &'a Profile<'a>,
    state: State,
    since: String,
    claims: Vec<Claim>,
    lines: Vec<Line<'a>>,
}

fn sorted<'e, 'a: 'e>(entries: impl Iterator<Item = &'e Entry<'a>>) -> Vec<&'e Entry<'a>> {
    let mut all: Vec<&Entry<'a>> = entries.collect();
    all.sort_by_cached_key(|one| (one.product.to_lowercase(), one.id));
    all
}

pub(crate) fn files<'a>(
    input: &Input<'a>,
    all: &All<'a>,
    touched: &Touched<'a>,
) -> Result<Vec<File>, SiteError> {
    let mut files = Vec::new();
    let lines =
        |entries: Vec<&Entry<'a>>| entries.into_iter().map(|one| Line::of(all, one)).collect::<Vec<_>>();
    let mut by_letter: BTreeMap<String, Vec<&Entry<'a>>> = BTreeMap::new();
    for entry in all.entries.values() {
        by_letter.entry(letter(entry.product)).or_default().push(entry);
    }
    let count = all.entries.len();
    files.push(page(
        "index.html".to_owned(),
        &Index {
            layout: Layout::root(input, "Is it on the list?", "products"),
            count,
            lines: if count <= FEW { lines(sorted(all.entries.values())) } else { Vec::new() },
            letters: by_letter.iter().map(|(letter, entries)| (letter.clone(), entries.len())).collect(),
        },
    )?);
    for (letter, entries) in &by_letter {
        if touched.whole || touched.letters.contains(letter) {
            let title = format!("Products: {letter}");
            let layout = Layout::below(input, &title, "products");
            let lines = lines(sorted(entries.iter().copied()));
            files.push(page(format!("letters/{letter}.html"), &Letter { layout, lines })?);
        }
    }
    let labs = all.labs.values().map(|lab| (lab, words::state(lab.state.state))).collect();
    files.push(page(
        "labs/index.html".to_owned(),
        &Labs { layout: Layout::below(input, "Labs", "labs"), labs },
    )?);
    let mut of_lab: BTreeMap<&str, Vec<&Entry<'a>>> = BTreeMap::new();
    let mut of_profile: BTreeMap<&str, Vec<&Entry<'a>>> = BTreeMap::new();
    for entry in all.entries.values() {
        let wanted = |of: Option<&'a str>, among: &BTreeSet<&str>| of.filter(|of| among.contains(of));
        if let Some(lab) = wanted(entry.kind.lab, &touched.labs) {
            of_lab.entry(lab).or_default().push(entry);
        }
        if let Some(profile) = wanted(entry.profile, &touched.profiles) {
            of_profile.entry(profile).or_default().push(entry);
        }
    }
    for lab in touched.labs.iter().filter_map(|id| all.labs.get(id)) {
        let entries = of_lab.remove(lab.id).unwrap_or_default();
        let view = LabPage {
            layout: Layout::below(input, lab.application.name, "labs"),
            lab,
            state: words::state(lab.state.state),
            since: lab.state.since.map(words::day).unwrap_or_default(),
            competence: lab
                .application
                .competence
                .iter()
                .map(|(of, one)| (words::plain(of), one.van))
                .collect(),
            lines: lines(sorted(entries.into_iter())),
        };
        files.push(page(format!("labs/{}.html", lab.id), &view)?);
    }
    let profiles = all.profiles.values().map(|one| (one, words::state(one.state.state))).collect();
    let layout = Layout::below(input, "Profiles", "profiles");
    files.push(page("profiles/index.html".to_owned(), &Profiles { layout, profiles })?);
    for profile in touched.profiles.iter().filter_map(|id| all.profiles.get(id)) {
        let entries = of_profile.remove(profile.id).unwrap_or_default();
        let title = format!("{} {}", profile.title, profile.version);
        let view = ProfilePage {
            layout: Layout::below(input, &title, "profiles"),
            profile,
            state: words::state(profile.state.state),
            since: profile.state.since.map(words::day).unwrap_or_default(),
            claims: profile.requirements.iter().map(|id| words::claim(id)).collect(),
            lines: lines(sorted(entries.into_iter())),
        };
        files.push(page(format!("profiles/{}.html", profile.id), &view)?);
    }
    Ok(files)
}
