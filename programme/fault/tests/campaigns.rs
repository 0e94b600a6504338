//! Campaigns on the boot code as built: what they accept is what is known, and a build without countermeasures is found.

use dtsec_fault::{Campaign, Counts, Error, Images, Model, Record, Scenario, Shard, Target, merge};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Boot's scenarios that end before the long verification of the signature; that one is the planted test's.
const SHORT: [Scenario; 5] = [
    Scenario::OlderCounter,
    Scenario::RevokedKey,
    Scenario::UnknownKey,
    Scenario::AlteredPayload,
    Scenario::Decommissioned,
];

/// A folder of firmware: where `cargo xtask` puts it, or what the environment says.
fn firmware(variable: &str, built: &str) -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(built);
    std::env::var_os(variable).map_or(built, PathBuf::from)
}

fn images() -> Images {
    let folder = firmware("DTSEC_FIRMWARE", "target/firmware/mps2-an505");
    Images::in_folder(&folder, Target::Boot).expect("run `cargo xtask build` first")
}

/// The first execution of every address.
fn campaign(scenario: Scenario, models: &[Model]) -> Campaign {
    let models = models.to_vec();
    Campaign { scenario, models, per_address: 1, shard: Shard::WHOLE, progress_file: None, threads: 0 }
}

fn run(campaign: &Campaign, images: &Images) -> Record {
    campaign.run(&campaign.prepare(images).unwrap(), |_, _| ()).unwrap()
}

#[test]
#[ignore = "needs the firmware"]
fn what_the_boot_code_accepts_is_what_is_known() {
    let images = images();
    let known: BTreeMap<String, BTreeMap<String, Counts>> =
        serde_json::from_str(include_str!("../counts.json")).unwrap();
    let found: BTreeMap<_, _> = SHORT
        .iter()
        .map(|scenario| {
            let record = run(&campaign(*scenario, &[Model::Skip1, Model::BranchInversion]), &images);
            for acceptance in &record.acceptances {
                println!("{} {acceptance:?}", scenario.name());
            }
            (scenario.name().to_owned(), record.by_model)
        })
        .collect();
    println!("{}", serde_json::to_string_pretty(&found).unwrap());
    let accepted = |counts: &BTreeMap<String, BTreeMap<String, Counts>>| {
        let all =
            counts.iter().flat_map(|(scenario, models)| models.iter().map(move |m| (scenario.clone(), m)));
        all.map(|(scenario, (model, counts))| ((scenario, model.clone()), counts.accepted))
            .collect::<BTreeMap<_, _>>()
    };
    assert_eq!(
        accepted(&found),
        accepted(&known),
        "put what is printed above into programme/fault/counts.json"
    );
}

#[test]
#[ignore = "needs the firmware and the planted boot code"]
fn a_boot_code_without_countermeasures_is_found() {
    let folder = firmware("DTSEC_FIRMWARE_UNHARDENED", "target/planted/planted-unhardened/firmware");
    let images =
        Images::in_folder(&folder, Target::Boot).expect("build the variant `planted-unhardened` first");
    let record = run(&campaign(Scenario::ForgedSignature, &[Model::BranchInversion]), &images);
    assert!(record.total.accepted > 0, "{:?}", record.by_model);
}

#[test]
#[ignore = "needs the firmware"]
fn a_campaign_that_was_killed_goes_on_and_ends_like_one_that_was_not() {
    let images = images();
    let work = tempfile::tempdir().unwrap();
    let mut campaign = campaign(Scenario::OlderCounter, &[Model::Skip1]);
    let whole = run(&campaign, &images);
    let path = work.path().join("progress");
    campaign.progress_file = Some(path.clone());
    assert_eq!(run(&campaign, &images), whole);
    let kept = std::fs::read(&path).unwrap();
    // Killed in the middle of a line: what was written of it does not count.
    for cut in [kept.len() - 7, kept.len() / 2, 10, 0] {
        std::fs::write(&path, &kept[..cut]).unwrap();
        assert_eq!(run(&campaign, &images), whole, "cut at {cut}");
    }
    campaign.per_address = 2;
    let ready = campaign.prepare(&images).unwrap();
    assert!(
        matches!(campaign.run(&ready, |_, _| ()), Err(Error::Different { .. })),
        "another campaign's file"
    );
}

#[test]
#[ignore = "needs the firmware"]
fn shards_join_to_what_one_machine_finds() {
    let images = images();
    let mut campaign = campaign(Scenario::OlderCounter, &[Model::BranchInversion]);
    let whole = run(&campaign, &images);
    let shards = (1..=3).map(|number| {
        campaign.shard = Shard { number, of: 3 };
        run(&campaign, &images)
    });
    assert_eq!(merge(shards.collect()).unwrap(), whole);
}

#[test]
#[ignore = "needs the firmware"]
fn a_run_cut_short_ends_as_the_same_run_in_full() {
    let images = images();
    let campaign = campaign(Scenario::OlderCounter, &[Model::Skip1]);
    let ready = campaign.prepare(&images).unwrap();
    let record = campaign.run(&ready, |_, _| ()).unwrap();
    let accepted: Vec<u64> = record.acceptances.iter().map(|found| found.injection).collect();
    let mut counts = Counts::default();
    // Every 20th in full, and each acceptance.
    for number in (0..record.campaign.injections).filter(|n| n % 20 == 0 || accepted.contains(n)) {
        let (_, outcome) = ready.repeat(number, |_| ()).unwrap();
        assert_eq!(outcome.is_acceptance(), accepted.contains(&number), "{number}");
        counts.add(outcome);
    }
    assert!(counts.refused > 50 && counts.crashed > 0, "{counts:?}");
}

/// What long campaigns left, as it is kept in the repository (docs/fault-campaigns.md).
#[test]
fn every_record_that_is_kept_adds_up_and_only_those_of_the_planted_build_accept_anything() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("campaigns");
    let mut planted = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let record = Record::read(&path).unwrap();
        assert!(record.control.is_acceptance(), "{}", path.display());
        let is_planted = path.file_name().unwrap().to_string_lossy().starts_with("planted-");
        assert_eq!(record.total.accepted > 0, is_planted, "{}", path.display());
        planted += u32::from(is_planted);
    }
    assert!(planted > 0, "the control");
}
