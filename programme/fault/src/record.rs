//! What a campaign found, as it is kept, resumed, joined and compared.

use crate::Error;
use crate::fault::{Fault, Model};
use crate::prepared::Outcome;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Says what the document is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordKind {
    /// The only value.
    #[default]
    #[serde(rename = "fault-campaign")]
    FaultCampaign,
}

/// What makes two campaigns the same one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Version of `dtsec`: another one may make another list.
    pub version: String,
    /// Name of the scenario.
    pub scenario: String,
    /// `boot` or `gate`.
    pub target: String,
    /// The models, in the order of the list.
    pub models: Vec<Model>,
    /// Executions of each address in which faults are injected; 0 for all.
    pub per_address: u32,
    /// SHA-256 of each ELF file.
    pub images: BTreeMap<String, String>,
    /// Instructions of the run without a fault, up to the decision.
    pub golden_instructions: u64,
    /// Instructions of the positive control, to its end.
    pub control_instructions: u64,
    /// Different addresses among them.
    pub addresses: u32,
    /// Moments at which faults are injected.
    pub moments: u64,
    /// Injections in the whole list. There is no chance in it: the list follows from what is above.
    pub injections: u64,
}

impl Identity {
    /// What of it is another in `other`: its name, and both values.
    pub fn difference(&self, other: &Identity) -> Option<Error> {
        let field = |field, one: String, other: String| {
            (one != other).then_some(Error::Different { field, one, other })
        };
        let models = |of: &Identity| of.models.iter().map(|m| m.name()).collect::<Vec<_>>().join(",");
        let images = |of: &Identity| {
            let short = |(part, digest): (&String, &String)| format!("{part} {digest}");
            of.images.iter().map(short).collect::<Vec<_>>().join(", ")
        };
        let moments = |of: &Identity| {
            let Identity {
                golden_instructions, control_instructions, addresses, moments, injections, ..
            } = of;
            format!(
                "{golden_instructions} and {control_instructions} instructions, {addresses} addresses, {moments} \
                 moments, {injections} injections"
            )
        };
        field("version", self.version.clone(), other.version.clone())
            .or_else(|| field("scenario", self.scenario.clone(), other.scenario.clone()))
            .or_else(|| field("images", images(self), images(other)))
            .or_else(|| field("models", models(self), models(other)))
            .or_else(|| {
                field(
                    "executions of each address",
                    self.per_address.to_string(),
                    other.per_address.to_string(),
                )
            })
            .or_else(|| field("target", self.target.clone(), other.target.clone()))
            .or_else(|| field("list", moments(self), moments(other)))
    }
}

/// Where and when a campaign was run. One that was broken off and went on says when it went on last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The machine.
    pub host: String,
    /// When it began, RFC 3339 in UTC.
    pub started: String,
    /// When it ended, likewise.
    pub finished: String,
}

impl Provenance {
    /// Of both together.
    fn join(&mut self, other: Provenance) {
        if !self.host.split("; ").any(|host| host == other.host) {
            self.host = format!("{}; {}", self.host, other.host);
        }
        // In UTC and of one form, so in the order of their letters.
        self.started = self.started.clone().min(other.started);
        self.finished = self.finished.clone().max(other.finished);
    }
}

/// How many runs ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All.
    pub runs: u64,
    /// As they must.
    pub refused: u64,
    /// By a fault of the core or a reset.
    pub crashed: u64,
    /// Not at all.
    pub hung: u64,
    /// As they must not.
    pub accepted: u64,
}

impl Counts {
    /// Counts one more run.
    pub fn add(&mut self, outcome: Outcome) {
        self.runs += 1;
        match outcome {
            Outcome::Refused => self.refused += 1,
            Outcome::Crashed => self.crashed += 1,
            Outcome::Hung => self.hung += 1,
            _ => self.accepted += 1,
        }
    }

    pub(crate) fn join(&mut self, other: &Counts) {
        self.runs += other.runs;
        self.refused += other.refused;
        self.crashed += other.crashed;
        self.hung += other.hung;
        self.accepted += other.accepted;
    }
}

/// A run that ended as it must not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Acceptance {
    /// Its number in the list: `dtsec fault repeat` runs it again.
    pub injection: u64,
    /// Address of the instruction, in hexadecimal.
    pub address: String,
    /// Function it is in.
    pub symbol: String,
    /// File and line it comes from.
    pub line: String,
    /// The model.
    pub model: Model,
    /// Exactly what was done.
    pub fault: String,
    /// What happened.
    pub outcome: Outcome,
    /// Before how many instructions of the run.
    pub time: u32,
}

/// A part of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Its number, from 1.
    pub number: u32,
    /// How many there are.
    pub of: u32,
}

impl Shard {
    /// The whole list.
    pub const WHOLE: Shard = Shard { number: 1, of: 1 };

    /// Reads `k/n`.
    pub fn parse(text: &str) -> Result<Shard, Error> {
        let unknown = || Error::Unknown { what: "shard", text: text.into(), choices: "1/n to n/n".into() };
        let (number, of) = text.split_once('/').ok_or_else(unknown)?;
        let shard =
            Shard { number: number.parse().map_err(|_| unknown())?, of: of.parse().map_err(|_| unknown())? };
        if (1..=shard.of).contains(&shard.number) { Ok(shard) } else { Err(unknown()) }
    }

    /// Its injections: first, and one past the last.
    pub fn range(self, injections: u64) -> (u64, u64) {
        let at = |n: u32| (u128::from(injections) * u128::from(n) / u128::from(self.of)) as u64;
        (at(self.number - 1), at(self.number))
    }
}

/// The record of a shard, or of a whole campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// What this is.
    pub kind: RecordKind,
    /// Where and when; of a run within the library, nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
    /// Which campaign.
    pub campaign: Identity,
    /// Which part of its list.
    pub shard: Shard,
    /// Its injections: first, and one past the last.
    pub range: (u64, u64),
    /// How the positive control ended: what must be accepted, was.
    pub control: Outcome,
    /// How many runs ended how.
    pub total: Counts,
    /// The same for each model.
    pub by_model: BTreeMap<String, Counts>,
    /// Every run that ended as it must not.
    pub acceptances: Vec<Acceptance>,
}

impl Record {
    /// Reads a record from a file.
    pub fn read(path: &Path) -> Result<Record, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::file("read", path, source))?;
        Record::from_json(&text).map_err(|reason| Error::Record { path: path.to_owned(), reason })
    }

    /// Reads a record whose counts add up; the error says what is wrong with it.
    pub fn from_json(text: &str) -> Result<Record, String> {
        let record: Record = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let Shard { number, of } = record.shard;
        if !(1..=of).contains(&number) {
            return Err(format!("there is no shard {number} of {of}"));
        }
        let mut sum = Counts::default();
        record.by_model.values().for_each(|counts| sum.join(counts));
        let Counts { runs, refused, crashed, hung, accepted } = record.total;
        let (from, to) = record.shard.range(record.campaign.injections);
        let adds_up = sum == record.total
            && refused.checked_add(crashed).and_then(|n| n.checked_add(hung)?.checked_add(accepted))
                == Some(runs)
            && record.range == (from, to)
            && runs == to - from
            && record.acceptances.len() as u64 == accepted;
        if adds_up { Ok(record) } else { Err("its counts do not add up: it was altered".into()) }
    }

    /// Its JSON form.
    pub fn to_json(&self) -> String {
        // String keys, and no failing serializers.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// What is kept of a campaign in the repository: the counts, without the images' digests, which each build changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Executions of each address in which faults were injected.
    pub per_address: u32,
    /// The runs of each model, and how they ended.
    pub by_model: BTreeMap<String, Counts>,
}

impl From<&Record> for Summary {
    fn from(record: &Record) -> Summary {
        Summary { per_address: record.campaign.per_address, by_model: record.by_model.clone() }
    }
}

/// Joins the records of all shards of one campaign.
pub fn merge(mut records: Vec<Record>) -> Result<Record, Error> {
    records.sort_by_key(|record| record.shard.number);
    let Some(first) = records.first().cloned() else {
        return Err(Error::Shards { shard: 1, of: 1, what: "missing" });
    };
    let of = first.shard.of;
    let mut joined = Record {
        shard: Shard::WHOLE,
        range: (0, first.campaign.injections),
        total: Counts::default(),
        by_model: BTreeMap::new(),
        acceptances: Vec::new(),
        ..first
    };
    let mut expected = 1;
    for record in records {
        if let Some(different) = joined.campaign.difference(&record.campaign) {
            return Err(different);
        }
        if record.shard.of != of {
            let (one, other) = (of.to_string(), record.shard.of.to_string());
            return Err(Error::Different { field: "number of shards", one, other });
        }
        if record.shard.number != expected {
            let (shard, what) = if record.shard.number < expected {
                (record.shard.number, "there twice")
            } else {
                (expected, "missing")
            };
            return Err(Error::Shards { shard, of, what });
        }
        expected += 1;
        joined.provenance = match (joined.provenance.take(), record.provenance) {
            (Some(mut provenance), Some(other)) => {
                provenance.join(other);
                Some(provenance)
            }
            _ => None,
        };
        joined.total.join(&record.total);
        for (model, counts) in &record.by_model {
            joined.by_model.entry(model.clone()).or_default().join(counts);
        }
        joined.acceptances.extend(record.acceptances);
    }
    if expected != of + 1 {
        return Err(Error::Shards { shard: expected, of, what: "missing" });
    }
    Ok(joined)
}

/// What a fault is called in a record.
pub(crate) fn described(fault: Fault) -> String {
    match fault {
        Fault::Skip(count) => format!("{count} skipped"),
        Fault::Register { register: 16, bit } => {
            format!("flag {}", ["v", "c", "z", "n"][usize::from(bit & 3)])
        }
        Fault::Register { register, bit } => format!("r{register} bit {bit}"),
        Fault::Opcode(bit) => format!("bit {bit} of the instruction"),
        Fault::Invert => "condition inverted".into(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn record(number: u32, of: u32) -> Record {
        let campaign = Identity {
            version: "1".into(),
            scenario: "older-counter".into(),
            target: "boot".into(),
            models: vec![Model::Skip1],
            per_address: 1,
            images: BTreeMap::from([("boot".into(), "ab".repeat(32))]),
            golden_instructions: 10,
            control_instructions: 12,
            addresses: 10,
            moments: 10,
            injections: 10,
        };
        let mut counts = Counts::default();
        let shard = Shard { number, of };
        let range = shard.range(10);
        (range.0..range.1).for_each(|_| counts.add(Outcome::Refused));
        let provenance = Provenance {
            host: "a machine".into(),
            started: format!("2026-01-02T03:04:0{}Z", number % 10),
            finished: "2026-01-02T03:05:00Z".into(),
        };
        Record {
            kind: RecordKind::default(),
            provenance: Some(provenance),
            campaign,
            shard,
            range,
            control: Outcome::Started,
            total: counts,
            by_model: BTreeMap::from([("skip-1".into(), counts)]),
            acceptances: Vec::new(),
        }
    }

    #[test]
    fn shards_of_any_number_join_to_the_whole() {
        for of in 1..=9 {
            let joined = merge((1..=of).rev().map(|n| record(n, of)).collect()).unwrap();
            assert_eq!(joined, record(1, 1), "{of}");
        }
    }

    #[test]
    fn a_shard_that_is_missing_or_there_twice_or_cut_otherwise_is_refused() {
        let missing = merge(vec![record(1, 3), record(3, 3)]);
        assert!(matches!(missing, Err(Error::Shards { shard: 2, of: 3, what: "missing" })));
        let last = merge(vec![record(1, 3), record(2, 3)]);
        assert!(matches!(last, Err(Error::Shards { shard: 3, .. })));
        let twice = merge(vec![record(1, 2), record(1, 2), record(2, 2)]);
        assert!(matches!(twice, Err(Error::Shards { what: "there twice", .. })));
        let overlapping = merge(vec![record(1, 2), record(2, 3), record(3, 3)]);
        assert!(matches!(overlapping, Err(Error::Different { field: "number of shards", .. })));
        assert!(merge(Vec::new()).is_err());
        merge(vec![record(1, 2), record(2, 2)]).expect("the control");
    }

    #[test]
    fn shards_of_different_images_models_scenarios_or_versions_are_refused() {
        type Change = (&'static str, fn(&mut Identity));
        let changes: [Change; 5] = [
            ("images", |campaign| drop(campaign.images.insert("boot".into(), "00".into()))),
            ("models", |campaign| campaign.models.push(Model::Skip2)),
            ("scenario", |campaign| campaign.scenario = "revoked-key".into()),
            ("version", |campaign| campaign.version = "2".into()),
            ("executions of each address", |campaign| campaign.per_address = 2),
        ];
        for (what, change) in changes {
            let (one, mut other) = (record(1, 2), record(2, 2));
            merge(vec![one.clone(), other.clone()]).expect("the control");
            change(&mut other.campaign);
            match merge(vec![one, other]) {
                Err(Error::Different { field, .. }) => assert_eq!(field, what),
                joined => panic!("{what}: {joined:?}"),
            }
        }
    }

    #[test]
    fn a_record_whose_counts_were_altered_is_refused() {
        let kept = record(1, 2);
        assert_eq!(Record::from_json(&kept.to_json()), Ok(kept.clone()));
        for (from, to) in [
            ("\"refused\": 5", "\"refused\": 4"),
            ("\"number\": 1", "\"number\": 2"),
            ("\"of\": 2", "\"of\": 0"),
        ] {
            let altered = kept.to_json().replace(from, to);
            assert_ne!(altered, kept.to_json());
            assert!(Record::from_json(&altered).is_err(), "{to}");
        }
    }

    #[test]
    fn a_shard_is_written_as_one_of_so_many() {
        assert_eq!(Shard::parse("2/3").unwrap().range(10), (3, 6));
        for wrong in ["0/3", "4/3", "1", "a/b", "1/0"] {
            assert!(Shard::parse(wrong).is_err(), "{wrong}");
        }
    }
}
