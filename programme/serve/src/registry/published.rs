//! What whoever publishes the list asks of the registry: the events that everybody may know of, and what is true after them.

use super::{Failure, Query, Registry, TOPIC_PUBLIC};
use crate::access::guest;
use crate::api::csaf;
use dtsec_registry::domain::entry::{Basis, Entry, EntryKind, EntryState};
use dtsec_registry::domain::vulnerability::{Severity, Vulnerability};
use dtsec_registry::domain::{Digest as Named, Ref, Time};
use dtsec_store::{Digest, Key, Reader, Search, Size};
use jiff::SignedDuration;
use serde_json::Value;
use std::collections::BTreeMap;
use url::Url;

/// An event that touched what everybody may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicEvent {
    /// Its number in the log.
    pub seq: i64,
    /// When.
    pub at: Time,
    /// What happened, by its tag; none where only what it changed is for everybody.
    pub tag: Option<String>,
    /// To which parts: `KIND/ID`.
    pub parts: Vec<String>,
}

/// A vulnerability that is in a version and not mitigated there, as far as everybody may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenVulnerability {
    /// Which; none while that is confidential.
    pub id: Option<String>,
    /// How bad its reporter finds it.
    pub severity: Severity,
}

/// The events that everybody may know of. Of others that touch a public part – a request for maintenance, an application – only
/// what they change in it is published.
const TAGS: [&str; 21] = [
    "pp-review-opened",
    "pp-revised",
    "pp-commented",
    "pp-comment-disposed",
    "pp-accepted",
    "pp-withdrawn",
    "lab-accepted",
    "lab-suspended",
    "lab-reinstated",
    "lab-removed",
    "lab-accreditation-renewed",
    "lab-extended",
    "certified",
    "entry-removed",
    "entry-restored",
    "entry-kept",
    "entry-reviewed",
    "de-facto-admitted",
    "version-appended",
    "vulnerability-triaged",
    "mitigation-verified",
];

/// An event's tag for everybody, if it is one.
pub(super) fn public_tag(tag: &str) -> Option<&str> {
    TAGS.contains(&tag).then_some(tag)
}

/// How long a publisher has the events for himself.
const LEASE: SignedDuration = SignedDuration::from_mins(10);

/// The kinds of public parts, by their lists.
const PUBLIC: [(&str, &str); 3] = [("entries", "entry"), ("labs", "lab"), ("pps", "pp")];

impl Registry {
    /// The events that were not yet acknowledged as published, the oldest first; none where another worker publishes.
    ///
    /// # Errors
    /// Where the store fails, or a message is damaged.
    pub async fn unpublished(&self, worker: &str) -> Result<Option<Vec<PublicEvent>>, Failure> {
        let now = self.now();
        let messages = self.store.take(TOPIC_PUBLIC, worker, now, now + LEASE, u16::MAX).await?;
        let event = |message: dtsec_store::Message| {
            let parts = message.data["parts"].as_array().into_iter().flatten();
            Some(PublicEvent {
                seq: message.seq,
                at: message.at,
                tag: message.data["tag"].as_str().map(str::to_owned),
                parts: parts.map(|part| part.as_str().map(str::to_owned)).collect::<Option<_>>()?,
            })
        };
        let damaged = || Failure::Damaged {
            what: "the outbox".to_owned(),
            problem: "a message is no event".to_owned(),
        };
        messages.map(|all| all.into_iter().map(event).collect::<Option<_>>().ok_or_else(damaged)).transpose()
    }

    /// Everything up to an event is published: it is not told again.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn published(&self, worker: &str, up_to: i64) -> Result<(), Failure> {
        self.store.acknowledge(TOPIC_PUBLIC, worker, up_to).await?;
        Ok(self.store.give_back(TOPIC_PUBLIC, worker).await?)
    }

    /// A part (`KIND/ID`) as anybody sees it; none where nobody is to.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn public_part(&self, name: &str) -> Result<Option<Value>, Failure> {
        let Some((kind, id)) = name.split_once('/') else { return Ok(None) };
        match self.part(&guest()?, kind, id).await {
            Ok((state, _)) => Ok(Some(without_people(state))),
            Err(Failure::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Every part that anybody may see, by `KIND/ID`, as anybody sees it.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn public_parts(&self) -> Result<BTreeMap<String, Value>, Failure> {
        let guest = guest()?;
        let mut parts = BTreeMap::new();
        for (list, kind) in PUBLIC {
            let mut query = Query { size: Size::new(500), ..Query::default() };
            loop {
                let page = self.list::<Value>(&guest, list, &query).await?;
                for row in &page.items {
                    let Some(id) = row["id"].as_str() else { continue };
                    let (state, _) = self.part(&guest, kind, id).await?;
                    parts.insert(format!("{kind}/{id}"), without_people(state));
                }
                match page.next {
                    Some(next) => query.after = Some(next),
                    None => break,
                }
            }
        }
        Ok(parts)
    }

    /// What is known against the versions of an entry and not mitigated in them, by version.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn known_against(
        &self,
        entry: &Entry,
    ) -> Result<BTreeMap<String, Vec<OpenVulnerability>>, Failure> {
        let view = self.view(entry.affected.keys().cloned().map(Ref::Vulnerability)).await?;
        let mut known: BTreeMap<String, Vec<OpenVulnerability>> = BTreeMap::new();
        for (id, versions) in &entry.affected {
            let Some(one) = view.vulnerabilities.get(id) else { continue };
            let touched = self.view(one.entries.iter().cloned().map(Ref::Entry)).await?;
            let entries: Vec<Entry> = touched.entries.values().cloned().collect();
            let public = csaf::is_public(one, &entries);
            for version in versions {
                let id = public.then(|| id.to_string());
                let severity = one.report.severity;
                known.entry(version.clone()).or_default().push(OpenVulnerability { id, severity });
            }
        }
        Ok(known)
    }

    /// The advisory on a vulnerability, as CSAF 2.0: `entries` are those that it may touch.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn advisory(
        &self,
        publisher: &str,
        site: &Url,
        vulnerability: &Vulnerability,
        entries: &[Entry],
    ) -> Result<Value, Failure> {
        let key = Key::new("vulnerability", vulnerability.id.as_str());
        let history = self.store.history(&key, 0, Size::new(Size::MOST)).await?;
        let history: Vec<_> = history.items.into_iter().map(|event| (event.at, event.tag)).collect();
        Ok(csaf::advisory(publisher, site, vulnerability, entries, &history))
    }

    /// Every advisory that anybody may see, as CSAF 2.0. `site` is where they are published.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn public_advisories(&self, publisher: &str, site: &Url) -> Result<Vec<Value>, Failure> {
        let mut advisories = Vec::new();
        let mut after = None;
        loop {
            let search =
                Search::all("vulnerabilities").facet("triaged", "yes").size(Size::new(500)).after(after);
            let found = self.store.search(&search).await?;
            let ids = found.items.iter().filter_map(|row| row.id.parse().ok().map(Ref::Vulnerability));
            let view = self.view(ids.collect::<Vec<_>>()).await?;
            for one in view.vulnerabilities.values() {
                let touched = self.view(one.entries.iter().cloned().map(Ref::Entry)).await?;
                // What is only claimed is nobody's business yet.
                let entries = touched.entries.values().filter(|entry| entry.state != EntryState::Claimed);
                let entries: Vec<Entry> = entries.cloned().collect();
                if !entries.is_empty() && csaf::is_public(one, &entries) {
                    advisories.push(self.advisory(publisher, site, one, &entries).await?);
                }
            }
            match found.next {
                Some(next) => after = Some(next),
                None => return Ok(advisories),
            }
        }
    }

    /// The reference values of an entry's versions, by version: the documents that the lab or the developer handed in. The
    /// reading is logged as the publisher's.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn reference_values(&self, entry: &Entry) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
        let mut all = BTreeMap::new();
        for version in &entry.versions {
            let Some(digest) = &version.reference_values else { continue };
            let case = match (&version.basis, &entry.kind) {
                (Basis::Evaluated, EntryKind::Certified { evaluation, .. }) => {
                    format!("evaluation/{evaluation}")
                }
                (Basis::Maintained { request }, _) => format!("request/{request}"),
                _ => continue,
            };
            let reader =
                Reader { person: "publisher".to_owned(), purpose: "publication".to_owned(), at: self.now() };
            if let Some(document) = self.store.read_document(&case, &stored(digest)?, &reader).await? {
                all.insert(version.version.clone(), document.bytes.to_vec());
            }
        }
        Ok(all)
    }
}

/// Without who wrote a comment: the registry's pages may say so, but what is published can never be taken back.
fn without_people(mut state: Value) -> Value {
    for comment in
        state.get_mut("comments").and_then(Value::as_object_mut).into_iter().flat_map(|all| all.values_mut())
    {
        if let Some(comment) = comment.as_object_mut() {
            comment.remove("by");
        }
    }
    state
}

fn stored(digest: &Named) -> Result<Digest, Failure> {
    digest.as_str().parse().map_err(|_| Failure::Bug(format!("{digest} is no digest")))
}
