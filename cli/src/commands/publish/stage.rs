//! `dtsec publish stage`: from the registry to a list that members can sign.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use dtsec_list as list;
use dtsec_publish::publisher::{self, Content, Event};
use dtsec_publish::{self as publish, PartName, RoleKey};
use dtsec_registry::domain::entry::{Entry, EntryKind, EntryState, Standing};
use dtsec_registry::domain::vulnerability::Severity;
use dtsec_serve::SystemClock;
use dtsec_serve::registry::{OpenVulnerability, PublicEvent, Registry};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::endorse::{Endorse, Endorsed};
use super::release::{Online, Released, refused};
use super::{Place, read_key};
use crate::commands::store::Data;
use crate::output::{Answer, Exit};

/// Stage what happened in the registry since the last publication, and release it if the keys for that are given as well.
///
/// Nobody sees it before it is released. What was published is acknowledged in the registry only then: a crash anywhere loses
/// and repeats nothing.
#[derive(Args)]
pub(crate) struct Stage {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    data: Data,
    /// The file with the key of the registry's documents, where it is not in the folder.
    #[arg(long, value_name = "FILE")]
    documents_key: Option<PathBuf>,
    /// Read every part anew, and not only those that something happened to. Do so now and then: it notices what no event told.
    #[arg(long)]
    whole: bool,
    #[command(flatten)]
    endorse: Endorse,
    /// The programme's name, above every page.
    #[arg(long, value_name = "TEXT", default_value = "DTSec assurance programme")]
    name: String,
    /// Where people find the tree: then QR codes and CSAF's metadata lead there.
    #[arg(long, value_name = "URL", value_parser = address)]
    address: Option<Url>,
    /// A member's private key that is here; may be repeated.
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    /// The publisher's keys: then it is released at once, if enough members have signed.
    #[command(flatten)]
    online: Online,
}

/// The kinds of parts that come from the registry.
const KINDS: [&str; 3] = ["entry", "lab", "pp"];

/// The field of an entry's part that is for verifiers.
const ATTESTATION: &str = "attestation";

/// The field of an entry's part with what is known against each of its versions, whether their devices attest themselves or not.
const KNOWN: &str = "known";

impl Stage {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(self.stage())
    }

    async fn stage(self) -> anyhow::Result<Answer> {
        let publisher = self.place.publisher()?;
        let store = self.data.open(self.documents_key.as_deref()).await?;
        let registry = Registry::new(store, Arc::new(SystemClock));
        let now = Timestamp::now();
        let endorsed = match self.endorse.changed(&publisher, now)? {
            Ok(endorsed) => endorsed,
            Err(refused) => return Answer::new(refused, Exit::No),
        };
        // One tree at a time publishes from a registry; after a crash the same one goes on at once.
        let tree = std::path::absolute(publisher.tree().root())?;
        let digest = publisher::sha256(tree.as_os_str().as_encoded_bytes());
        let worker = format!("dtsec-publish-{}", &digest[..16]);
        let busy = "somebody else is publishing from this registry; wait until that has ended";
        let mut told = registry.unpublished(&worker).await?.context(busy)?;
        // What members released by hand.
        let released = publisher.manifest()?.map_or(0, |manifest| manifest.seq);
        if told.first().is_some_and(|event| event.seq <= released) {
            registry.published(&worker, released).await?;
            told = registry.unpublished(&worker).await?.context(busy)?;
        }
        let events = told.into_iter().map(event).collect::<anyhow::Result<Vec<Event>>>()?;
        // The state after the events: what is newer comes with its own event next time.
        let before = publisher.parts_of(&KINDS)?;
        let serial = publisher.released_version()? + 1;
        let whole = self.whole || serial == 1;
        let mut content = Content::default();
        if whole {
            content.whole = KINDS.iter().map(|kind| (*kind).to_owned()).collect();
            for (name, state) in registry.public_parts().await? {
                content.parts.insert(PartName::try_from(name)?, state);
            }
        } else {
            for name in events.iter().flat_map(|event| &event.parts) {
                let state = registry.public_part(name.as_str()).await?;
                content.parts.extend(state.map(|state| (name.clone(), state)));
            }
        }
        for (name, state) in &mut content.parts {
            if let Some(id) = name.as_str().strip_prefix("entry/") {
                let entry = registry.entry(id).await?;
                let known = known(&registry, &entry).await?;
                state[ATTESTATION] = serde_json::to_value(attestation(&registry, &entry, &known).await?)?;
                state[KNOWN] = serde_json::to_value(known)?;
            }
        }
        checked(&before, &content, now)?;
        let (endorsed, batches) = endorsed;
        content.parts.extend(batches);
        let mut parts = content.parts.clone();
        for (name, bytes) in before.iter().filter(|(name, _)| !content.parts.contains_key(*name)) {
            let state = serde_json::from_slice(bytes).with_context(|| name.to_string())?;
            parts.insert(name.clone(), state);
        }
        let pages = self.pages(&registry, serial, now).await?;
        let render = |changed: &BTreeSet<PartName>| pages.render((!whole).then_some(changed), &parts);
        let keys = self.key.iter().map(|path| read_key(path)).collect::<anyhow::Result<Vec<RoleKey>>>()?;
        let by: Vec<&RoleKey> = keys.iter().collect();
        let staged = match publisher.stage(&events, &content, render, &by, now) {
            Ok(staged) => staged,
            Err(error) => return refused(error),
        };
        if !self.online.is_given() {
            return Answer::new(Staged { staged, endorsed, released: None }, Exit::Success);
        }
        let mut keys = self.online.read(&publisher)?;
        match publisher.release(&mut keys.signers(), Timestamp::now()) {
            Ok(done) => {
                registry.published(&worker, done.seq).await?;
                let released = Released::new(&publisher)?;
                Answer::new(Staged { staged, endorsed, released: Some(released) }, Exit::Success)
            }
            Err(error) => refused(error),
        }
    }

    /// What the pages are made of, besides the parts.
    async fn pages(&self, registry: &Registry, serial: u64, now: Timestamp) -> anyhow::Result<Pages> {
        let base = self.address.as_ref().map(Url::as_str);
        // Whoever publishes advisories has a name even where the list has no address.
        let namespace = self.address.clone().map_or_else(|| Url::parse("urn:dtsec:list"), Ok)?;
        let advisories = registry.public_advisories(&self.name, &namespace).await?;
        Ok(Pages { name: self.name.clone(), base: base.map(str::to_owned), serial, now, advisories })
    }
}

/// What the pages are made of, besides the parts.
struct Pages {
    name: String,
    base: Option<String>,
    serial: u64,
    now: Timestamp,
    advisories: Vec<Value>,
}

impl Pages {
    fn render(
        &self,
        touched: Option<&BTreeSet<PartName>>,
        parts: &BTreeMap<PartName, Value>,
    ) -> Result<Vec<dtsec_site::File>, dtsec_site::SiteError> {
        let input = dtsec_site::Input {
            name: &self.name,
            base: self.base.as_deref(),
            serial: self.serial,
            as_of: self.now,
            fresh_until: self.now + publisher::Lifetimes::default().timestamp,
            parts,
            advisories: &self.advisories,
        };
        dtsec_site::render(&input, touched)
    }
}

/// An address that paths are put behind.
fn address(text: &str) -> Result<Url, String> {
    let with = if text.ends_with('/') { text.to_owned() } else { format!("{text}/") };
    match Url::parse(&with).map_err(|error| error.to_string())? {
        url if matches!(url.scheme(), "http" | "https") => Ok(url),
        url => Err(format!("people reach a list by http or https, not by {}", url.scheme())),
    }
}

fn event(told: PublicEvent) -> anyhow::Result<Event> {
    let parts = told.parts.into_iter().map(PartName::try_from).collect::<Result<_, _>>()?;
    let tag = told.tag.unwrap_or_else(|| publisher::RESTATED.to_owned());
    Ok(Event { seq: told.seq, at: told.at, tag, parts })
}

/// The list that verifiers will have: one that does not hold together is not published.
fn checked(before: &BTreeMap<PartName, Vec<u8>>, content: &Content, now: Timestamp) -> anyhow::Result<()> {
    let unchanged = before.iter().filter(|(name, _)| !content.parts.contains_key(*name));
    let unchanged = unchanged.map(|(name, state)| Ok((name.as_str(), Cow::Borrowed(&state[..]))));
    let new =
        content.parts.iter().map(|(name, state)| Ok((name.as_str(), serde_json::to_vec(state)?.into())));
    let entries = list::assemble::<_, _, anyhow::Error>(unchanged.chain(new))?.entries;
    let fresh_until = now + SignedDuration::from_hours(1);
    let whole = list::PublishedList { format: list::Format::V1, serial: 1, as_of: now, fresh_until, entries };
    whole.check().context("the list does not hold together")
}

/// What is known against the versions of an entry, as far as everybody may know.
type Known = BTreeMap<String, Vec<list::OpenVulnerability>>;

async fn known(registry: &Registry, entry: &Entry) -> anyhow::Result<Known> {
    let open = |one: OpenVulnerability| list::OpenVulnerability {
        advisory: one.id.as_ref().map(|id| dtsec_site::advisory_page(id)),
        id: one.id.unwrap_or_else(|| "undisclosed".to_owned()),
        severity: match one.severity {
            Severity::Low => list::Severity::Low,
            Severity::Medium => list::Severity::Medium,
            Severity::High => list::Severity::High,
        },
    };
    let known = registry.known_against(entry).await?.into_iter();
    Ok(known.map(|(version, all)| (version, all.into_iter().map(open).collect())).collect())
}

/// An entry as a verifier reads it: with those of its versions whose devices attest themselves.
async fn attestation(registry: &Registry, entry: &Entry, known: &Known) -> anyhow::Result<list::Entry> {
    let values = registry.reference_values(entry).await?;
    let version = |one: &dtsec_registry::domain::entry::Version| -> anyhow::Result<Option<list::Version>> {
        let Some(bytes) = values.get(&one.version) else { return Ok(None) };
        let context = || format!("the reference values of {} {}", entry.id, one.version);
        let set: list::ComponentSet = serde_json::from_slice(bytes).with_context(context)?;
        set.check().with_context(context)?;
        Ok(Some(list::Version {
            version: one.version.clone(),
            identity: one.identity.clone(),
            since: one.since,
            standing: match one.standing {
                Standing::InForce => list::Standing::InForce,
                Standing::RevalidationRequired => list::Standing::RevalidationRequired,
            },
            fingerprint: set.fingerprint(),
            set,
            open: known.get(&one.version).cloned().unwrap_or_default(),
        }))
    };
    Ok(list::Entry {
        id: entry.id.to_string(),
        kind: match &entry.kind {
            EntryKind::Certified { certificate, lab, .. } => {
                list::Kind::Certified { certificate: certificate.to_string(), lab: lab.to_string() }
            }
            EntryKind::DeFacto { base, .. } => list::Kind::DeFacto { base: base.to_string() },
        },
        developer: entry.developer.to_string(),
        product: entry.product.clone(),
        class: entry.class.to_string(),
        status: match &entry.state {
            EntryState::Claimed | EntryState::Listed => list::Status::Listed,
            EntryState::RemovedPendingRemediation { since } => list::Status::RemovedPendingRemediation {
                since: *since,
                because: entry.history.last().map(|trace| trace.because.clone()).unwrap_or_default(),
            },
            EntryState::Removed { since, because } => {
                list::Status::Removed { since: *since, because: because.clone() }
            }
        },
        last_reviewed: entry.last_reviewed,
        searched: entry.searched,
        versions: entry
            .versions
            .iter()
            .filter_map(|one| version(one).transpose())
            .collect::<anyhow::Result<_>>()?,
    })
}

#[derive(Serialize)]
struct Staged {
    staged: publish::Staged,
    #[serde(skip_serializing_if = "Option::is_none")]
    endorsed: Option<Endorsed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    released: Option<Released>,
}

impl fmt::Display for Staged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let publish::Staged { version, seq, leaves, changed, signed: (have, need), .. } = &self.staged;
        write!(
            f,
            "staged: version {version}, event {seq}, {leaves} new entries in the log, {} parts changed",
            changed.len()
        )?;
        if let Some(endorsed) = &self.endorsed {
            write!(f, "\n{endorsed}")?;
        }
        match &self.released {
            Some(released) => write!(f, "\n{released}"),
            None => write!(f, "\n{have} of {need} members have signed; then `dtsec publish release`"),
        }
    }
}
