//! A publisher with all its keys and a list that is made up.

use anyhow::anyhow;
use dtsec_list::{
    Component, ComponentSet, Entry, Format, Hash, ImplementationId, Kind, PublishedList, Standing, Status,
    Version,
};
use dtsec_publish::publisher::LogPolicy;
use dtsec_publish::tree::{Tree, Written};
use dtsec_publish::witness::LocalWitness;
use dtsec_publish::{Content, Event, Holders, PartName, Publisher, RoleKey, Roles, Signers, root};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::time::Instant;

pub(crate) struct Desk {
    /// The tree; it counts what is written.
    pub(crate) tree: Tree,
    /// The root that a follower trusts.
    pub(crate) root: Vec<u8>,
    policy: LogPolicy,
    members: [RoleKey; 2],
    snapshot: RoleKey,
    timestamp: RoleKey,
    log: dtsec_log::NoteSigner,
    witness: LocalWitness,
    seq: i64,
}

/// What a publication took.
#[derive(Serialize)]
pub(crate) struct Figure {
    /// To read what is published and hold it together with what is new.
    pub(crate) look_ms: u128,
    /// To write what is new.
    pub(crate) stage_ms: u128,
    /// To put it in its place.
    pub(crate) release_ms: u128,
    pub(crate) written: Written,
}

impl Desk {
    pub(crate) fn new(folder: &Path) -> anyhow::Result<Desk> {
        let key = RoleKey::generate;
        let holders = [key()?, key()?];
        let (members, snapshot, timestamp) = ([key()?, key()?], key()?, key()?);
        let log = key()?.note_signer("list.example", dtsec_log::Kind::Note)?;
        let signer = key()?.note_signer("witness.example", dtsec_log::Kind::Cosignature)?;
        let held = |keys: &[RoleKey], threshold| Holders {
            keys: keys.iter().map(RoleKey::public).collect(),
            threshold,
        };
        let roles = Roles {
            root: held(&holders, 2),
            targets: held(&members, 2),
            snapshot: held(std::slice::from_ref(&snapshot), 1),
            timestamp: held(std::slice::from_ref(&timestamp), 1),
        };
        let now = Timestamp::now();
        let mut first = roles.root(None, now, now + SignedDuration::from_hours(24 * 365))?;
        holders.iter().try_for_each(|key| key.sign(&mut first))?;
        let policy = LogPolicy {
            log: log.public().to_string(),
            witnesses: vec![signer.public().to_string()],
            quorum: 1,
        };
        let witness = LocalWitness::new(signer, log.public().clone(), folder.join("witness.json"));
        let tree = Tree::new(folder.join("tree"));
        Publisher::new(tree.clone(), policy.clone(), Default::default())?.install_root(&first)?;
        let root = root::bytes(&first)?;
        Ok(Desk { tree, root, policy, members, snapshot, timestamp, log, witness, seq: 0 })
    }

    /// Publishes that these entries are in a state: in the steps of `dtsec publish stage`.
    pub(crate) fn publish(
        &mut self,
        entries: impl IntoIterator<Item = usize>,
        state: &str,
    ) -> anyhow::Result<Figure> {
        let before = self.tree.written();
        let publisher = Publisher::new(self.tree.clone(), self.policy.clone(), Default::default())?;
        let now = Timestamp::now();
        let mut content = Content::default();
        for number in entries {
            self.seq += 1;
            let name = PartName::try_from(format!("entry/E-{number}"))?;
            content.parts.insert(name, part(number, state, self.seq)?);
        }
        let event = Event {
            seq: self.seq,
            at: now,
            tag: "entry-changed".into(),
            parts: content.parts.keys().cloned().collect(),
        };
        let started = Instant::now();
        let published = publisher.parts_of(&["entry"])?;
        let unchanged = published.into_iter().filter(|(name, _)| !content.parts.contains_key(name));
        let unchanged = unchanged.map(|(name, bytes)| Ok((name.to_string(), bytes)));
        let new = content.parts.iter().map(|(name, part)| Ok((name.to_string(), serde_json::to_vec(part)?)));
        let entries = dtsec_list::assemble::<_, _, anyhow::Error>(unchanged.chain(new))?.entries;
        let fresh_until = now + SignedDuration::from_hours(1);
        PublishedList { format: Format::V1, serial: 1, as_of: now, fresh_until, entries }.check()?;
        let looked = Instant::now();
        let by: Vec<&RoleKey> = self.members.iter().collect();
        publisher.stage(
            &[event],
            &content,
            |_: &_| Ok::<_, std::convert::Infallible>(Vec::new()),
            &by,
            now,
        )?;
        let staged = Instant::now();
        let mut signers = Signers {
            snapshot: &self.snapshot,
            timestamp: &self.timestamp,
            log: &self.log,
            witnesses: vec![&mut self.witness],
        };
        publisher.release(&mut signers, now)?;
        let released = Instant::now();
        let written = self.tree.written();
        Ok(Figure {
            look_ms: (looked - started).as_millis(),
            stage_ms: (staged - looked).as_millis(),
            release_ms: (released - staged).as_millis(),
            written: Written {
                files: written.files - before.files,
                bytes: written.bytes - before.bytes,
                syncs: written.syncs - before.syncs,
            },
        })
    }
}

fn hash(text: &str) -> anyhow::Result<Hash> {
    Hash::try_from(&Sha256::digest(text)[..]).map_err(|error| anyhow!("{error}"))
}

/// An entry as anybody sees it, of the size that entries have: three components, some sentences on what was evaluated.
fn part(number: usize, state: &str, seq: i64) -> anyhow::Result<serde_json::Value> {
    let component = |name: &str| {
        anyhow::Ok(Component {
            measurement_type: Some(name.into()),
            version: Some(format!("1.{number}.0+0")),
            measurement: hash(&format!("{name} {number}"))?,
            signer: hash(&format!("signer of {name}"))?,
        })
    };
    let implementation = Sha256::digest(format!("implementation {number}"));
    let set = ComponentSet {
        implementation_id: ImplementationId::try_from(&implementation[..])?,
        components: ["boot", "platform", "application"]
            .map(component)
            .into_iter()
            .collect::<Result<_, _>>()?,
    };
    let day = jiff::civil::date(2026, 11, 1);
    let entry = Entry {
        id: format!("E-{number}"),
        kind: Kind::Certified { certificate: format!("C-{number}"), lab: "LAB-1".into() },
        developer: format!("Developer {}", number % 300),
        product: format!("Meter {number}"),
        class: "bgm".into(),
        status: Status::Listed,
        last_reviewed: day,
        searched: day,
        versions: vec![Version {
            version: format!("1.{number}.0+0"),
            identity: format!("acme-meter-{number} 1.{number}.0+0"),
            since: Timestamp::constant(1_790_000_000, 0),
            standing: Standing::InForce,
            fingerprint: set.fingerprint(),
            set,
            open: Vec::new(),
        }],
    };
    let claim = |at: usize| {
        format!("claim {at} of entry {number}: what the Security Target says of it, in one sentence")
    };
    Ok(json!({
        "id": entry.id, "product": entry.product, "developer": entry.developer, "state": state, "seq": seq,
        "claims": (0..12).map(claim).collect::<Vec<_>>(), "attestation": entry,
    }))
}
