//! The published list for people and for feed readers: files made of public parts. No I/O, no clock.
//!
//! ```text
//! index.html, letters/       look a product up; works from a folder without a server, and without scripts
//! entries/ID.html .json .atom  an entry in plain words, with a QR code for the box of each version
//! labs/ profiles/ advisories/  who evaluated, by what, and what is known
//! verify.html                how a device's verdict is had, and how this list is checked
//! changes.atom, csaf/        what happened (Atom), and advisories as CSAF 2.0 distributes them (§7)
//! entries.json, fingerprints.json, list.json   for programs
//! ```
//!
//! Every link is relative, so the same files serve from any folder. Addresses that others need as a whole – QR codes, CSAF's
//! provider metadata – are there where the list's own address is known. Nothing but what is public goes in, and of that
//! nothing that names a person. Times come from `status.js`, which every page loads: a page that did not change is not
//! written again, and still says how fresh the list is.
//!
//! - [`render`]: the files, all of them or those that a change touches;
//! - [`verdict`]: a device's verdict as a page.
//!
//! May use `publish` (names of parts), `list`, `verify`, `model`. Used by `verify-service` and `cli`.
#![forbid(unsafe_code)]

mod advisories;
mod csaf;
mod data;
mod entry;
mod feeds;
mod lists;
mod pages;
mod parts;
mod qr;
pub mod verdict;
mod words;

use dtsec_publish::PartName;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A file: its path in the tree, and its bytes.
pub type File = (String, Vec<u8>);

/// The style sheet: the registry's own looks, and what only the published pages need.
pub const STYLE: &str =
    concat!(include_str!("../../serve/templates/style.css"), include_str!("../templates/site.css"));

/// Where the page of an advisory lies in the tree.
pub fn advisory_page(id: &str) -> String {
    format!("advisories/{}.html", csaf::name(id))
}

/// What the files are made of.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The programme's name, above every page.
    pub name: &'a str,
    /// Where the tree is served, with a slash at its end; none where that is not known.
    pub base: Option<&'a str>,
    /// The list's number.
    pub serial: u64,
    /// The list is what was so then.
    pub as_of: Timestamp,
    /// Until then it is to be relied on.
    pub fresh_until: Timestamp,
    /// Every public part.
    pub parts: &'a BTreeMap<PartName, Value>,
    /// Every public advisory, as CSAF 2.0.
    pub advisories: &'a [Value],
}

/// Why there are no files.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// A part has another form than its kind has.
    #[error("part {part} cannot be shown: {problem}")]
    Part {
        /// Which.
        part: PartName,
        /// What is wrong.
        problem: serde_json::Error,
    },
    /// An advisory has another form than CSAF's.
    #[error("advisory {number} cannot be shown: {problem}; it needs the fields of CSAF 2.0")]
    Advisory {
        /// Which of them, from 0.
        number: usize,
        /// What is wrong.
        problem: serde_json::Error,
    },
    /// Two advisories whose names CSAF makes the same.
    #[error("two advisories would lie at {0}: give one of them another ID")]
    SameName(String),
    /// A page could not be filled in.
    #[error("a page could not be filled in: {0}")]
    Page(#[from] askama::Error),
    /// Something could not be written as JSON.
    #[error("something cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The address is too long for a QR code.
    #[error("the address {0} is too long for a QR code: serve the list under a shorter one")]
    Address(String),
}

/// The files: all of them, or those that a change of some parts touches. Indexes, feeds and what is for programs as a whole are
/// always among them.
///
/// # Errors
/// [`SiteError`], for the first part or advisory that cannot be shown.
pub fn render(input: &Input<'_>, changed: Option<&BTreeSet<PartName>>) -> Result<Vec<File>, SiteError> {
    let all = parts::All::read(input)?;
    let touched = Touched::by(&all, changed);
    let mut files = pages::fixed(input)?;
    files.extend(data::files(input, &all)?);
    files.extend(lists::files(input, &all, &touched)?);
    files.extend(entry::files(input, &all, &touched)?);
    files.extend(advisories::files(input, &all)?);
    files.extend(feeds::files(input, &all)?);
    files.extend(csaf::files(input, &all)?);
    Ok(files)
}

/// What has to be written.
struct Touched<'a> {
    whole: bool,
    entries: BTreeSet<&'a str>,
    labs: BTreeSet<&'a str>,
    profiles: BTreeSet<&'a str>,
    letters: BTreeSet<String>,
}

impl<'a> Touched<'a> {
    /// A page is touched by its own part, and by those whose names stand on it.
    fn by(all: &parts::All<'a>, changed: Option<&BTreeSet<PartName>>) -> Self {
        let named: BTreeSet<&str> = changed.into_iter().flatten().map(PartName::as_str).collect();
        let of = |kind: &str| -> BTreeSet<&str> {
            named.iter().filter_map(|name| name.strip_prefix(kind)?.strip_prefix('/')).collect()
        };
        let (entries, labs, profiles) = (of("entry"), of("lab"), of("pp"));
        let is = |among: &BTreeSet<&str>, id: &str| changed.is_none() || among.contains(id);
        let advised: BTreeSet<&str> = all.advised.keys().map(|(entry, _)| *entry).collect();
        let mut touched = Self {
            whole: changed.is_none(),
            entries: BTreeSet::new(),
            labs: all.labs.keys().copied().filter(|id| is(&labs, id)).collect(),
            profiles: all.profiles.keys().copied().filter(|id| is(&profiles, id)).collect(),
            letters: BTreeSet::new(),
        };
        let (mut labs, mut profiles) = (touched.labs.clone(), touched.profiles.clone());
        for (id, entry) in &all.entries {
            let own = is(&entries, id);
            if own {
                touched.letters.insert(lists::letter(entry.product));
                labs.extend(entry.kind.lab);
                profiles.extend(entry.profile);
            }
            let by_name = |of: Option<&str>, among: &BTreeSet<&str>| of.is_some_and(|of| among.contains(of));
            // What was said of it may have changed although its part did not.
            if own
                || advised.contains(id)
                || by_name(entry.kind.lab, &touched.labs)
                || by_name(entry.profile, &touched.profiles)
            {
                touched.entries.insert(id);
            }
        }
        labs.retain(|id| all.labs.contains_key(id));
        profiles.retain(|id| all.profiles.contains_key(id));
        (touched.labs, touched.profiles) = (labs, profiles);
        touched
    }
}
