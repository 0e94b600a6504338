//! A campaign as evidence: one result for each model, about the images that ran.

use crate::record::Record;
use crate::scenario::Scenario;
use crate::{Error, Shard};
use dtsec_model::etr::Verdict;
use dtsec_model::evidence::{Attachment, EvidenceBundle, Image, Run, TestKind, TestResult};
use dtsec_model::threat::Threat;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// What stands for a version that nobody has given: an ELF file has none.
const UNVERSIONED: &str = "unversioned";

impl Record {
    /// Its evidence. `text` is the record itself, which is attached by its digest; `versions` are those of the images.
    ///
    /// The id of the run says which campaign and which part of it, so that parts can be joined, and only those that
    /// belong together.
    pub fn evidence(&self, text: &str, versions: &BTreeMap<String, String>) -> Result<EvidenceBundle, Error> {
        let campaign = &self.campaign;
        let scenario = Scenario::named(&campaign.scenario)?;
        let provenance = self.provenance.clone().ok_or(Error::NoProvenance)?;
        if let Some(part) = versions.keys().find(|part| !campaign.images.contains_key(*part)) {
            let choices = campaign.images.keys().cloned().collect::<Vec<_>>().join(", ");
            return Err(Error::Unknown { what: "image of this campaign", text: part.clone(), choices });
        }
        let image = |(part, digest): (&String, &String)| Image {
            part: part.clone(),
            version: versions.get(part).map_or(UNVERSIONED, String::as_str).to_owned(),
            sha256: digest.clone(),
        };
        Ok(EvidenceBundle {
            kind: Default::default(),
            run: Run {
                id: self.run_id(),
                tool: "dtsec fault".to_owned(),
                tool_version: campaign.version.clone(),
                target: format!("{} of mps2-an505, interpreted", campaign.target),
                images: campaign.images.iter().map(image).collect(),
                host: provenance.host,
                seed: None,
                started: provenance.started,
                finished: provenance.finished,
            },
            results: campaign.models.iter().map(|model| self.result(scenario, model.name())).collect(),
            attachments: vec![Attachment {
                name: "fault-campaign.json".to_owned(),
                sha256: hex::encode(Sha256::digest(text.as_bytes())),
                description: "the record of the campaign: counts, and every run that ended as it must not"
                    .to_owned(),
            }],
        })
    }

    /// `fault-<scenario>-<digest of what makes it this campaign>`, and the part if it is not the whole.
    fn run_id(&self) -> String {
        // No failing serializers; maps in order.
        let identity = serde_json::to_vec(&self.campaign).unwrap_or_default();
        let digest = hex::encode(Sha256::digest(identity));
        let whole = format!("fault-{}-{}", self.campaign.scenario, &digest[..16]);
        match self.shard {
            Shard::WHOLE => whole,
            Shard { number, of } => format!("{whole}-part-{number}-of-{of}"),
        }
    }

    fn result(&self, scenario: Scenario, model: &str) -> TestResult {
        let counts = self.by_model.get(model).copied().unwrap_or_default();
        let executions = match self.campaign.per_address {
            0 => "every execution".to_owned(),
            1 => "the first execution".to_owned(),
            n => format!("{n} executions"),
        };
        // A part may hold none of a model's runs. Where the whole holds none, nothing was shown.
        let verdict = match (counts.accepted, counts.runs) {
            (1.., _) => Verdict::Fail,
            (0, 0) if self.shard == Shard::WHOLE => Verdict::Inconclusive,
            _ => Verdict::Pass,
        };
        TestResult {
            id: format!("fault.{}.{model}", scenario.name()),
            title: format!("{} under one fault: {model}", scenario.title()),
            kind: TestKind::Campaign,
            requirements: vec![scenario.requirement().to_owned()],
            threats: vec![Threat::Physical],
            verdict,
            observation: format!(
                "{} runs, {executions} of each of {} addresses: {} refused, {} crashed, {} hung, {} accepted; the \
                 control ended as {}",
                counts.runs,
                self.campaign.addresses,
                counts.refused,
                counts.crashed,
                counts.hung,
                counts.accepted,
                self.control.name()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::record;

    #[test]
    fn each_part_of_a_campaign_has_an_id_of_its_own_and_the_campaign_in_common() {
        let id = |record: &Record| record.evidence("", &BTreeMap::new()).unwrap().run.id;
        let whole = id(&record(1, 1));
        assert!(whole.starts_with("fault-older-counter-"), "{whole}");
        assert_eq!(id(&record(2, 3)), format!("{whole}-part-2-of-3"));
        let mut other = record(1, 1);
        other.campaign.per_address = 7;
        assert_ne!(id(&other), whole);
    }

    #[test]
    fn a_campaign_passes_where_nothing_was_accepted_and_fails_where_something_was() {
        let mut record = record(1, 1);
        let versions = BTreeMap::from([("boot".to_owned(), "1.2.0".to_owned())]);
        let bundle = record.evidence("text", &versions).unwrap();
        assert_eq!(bundle.results[0].verdict, Verdict::Pass, "the control");
        assert_eq!(bundle.run.images[0].version, "1.2.0");
        assert!(bundle.results[0].observation.starts_with("10 runs"), "{}", bundle.results[0].observation);
        record.by_model.get_mut("skip-1").unwrap().accepted = 1;
        assert_eq!(record.evidence("text", &versions).unwrap().results[0].verdict, Verdict::Fail);
    }

    #[test]
    fn what_says_not_where_it_was_run_or_names_a_version_of_nothing_is_no_evidence() {
        let mut record = record(1, 1);
        record.evidence("", &BTreeMap::new()).expect("the control");
        let versions = BTreeMap::from([("radio".to_owned(), "1".to_owned())]);
        assert!(matches!(record.evidence("", &versions), Err(Error::Unknown { .. })));
        record.provenance = None;
        assert!(matches!(record.evidence("", &BTreeMap::new()), Err(Error::NoProvenance)));
    }
}
