//! Evidence of several runs, joined.

#![forbid(unsafe_code)]

mod support;

use dtsec_evidence::{Collection, MergeError};
use dtsec_model::etr::Verdict;
use dtsec_model::evidence::EvidenceBundle;
use proptest::prelude::*;
use support::bundle;

fn ids(collection: &Collection) -> Vec<&str> {
    collection.runs.iter().map(|bundle| bundle.run.id.as_str()).collect()
}

#[test]
fn a_run_that_comes_twice_counts_once_and_the_order_does_not_matter() {
    let runs = [bundle("b", 1), bundle("a", 2), bundle("b", 1)];
    let merged = Collection::merge(runs.clone(), false).unwrap();
    assert_eq!(ids(&merged), ["a", "b"]);
    let turned = Collection::merge(runs.into_iter().rev(), false).unwrap();
    assert_eq!(merged.to_json(), turned.to_json());
}

#[test]
fn two_different_runs_of_one_id_are_refused() {
    let mut other = bundle("a", 1);
    other.results[0].verdict = Verdict::Fail;
    let error = Collection::merge([bundle("a", 1), other], false).unwrap_err();
    assert!(matches!(&error, MergeError::Conflict { run } if run == "a"), "{error}");
}

#[test]
fn runs_on_different_images_are_refused_unless_that_is_meant() {
    let mut other = bundle("b", 1);
    other.run.images[0].sha256 = dtsec_evidence::sha256(b"another image");
    let runs = [bundle("a", 1), other];
    let error = Collection::merge(runs.clone(), false).unwrap_err();
    assert!(matches!(error, MergeError::Images { .. }), "{error}");
    assert!(error.to_string().contains("cdd-platform"), "{error}");
    assert_eq!(ids(&Collection::merge(runs, true).unwrap()), ["a", "b"]);
    assert!(matches!(Collection::merge([], true), Err(MergeError::Nothing)));
}

#[test]
fn a_test_passes_over_all_shards_only_if_it_passed_in_each() {
    let shards = |verdicts: &[Verdict]| {
        let shard = |(number, verdict): (usize, &Verdict)| {
            let mut shard = bundle(&format!("shard-{number}"), 1);
            shard.results[0].verdict = *verdict;
            shard
        };
        let merged = Collection::merge(verdicts.iter().enumerate().map(shard), false).unwrap();
        merged.combined()["test-0"].clone()
    };
    let all = shards(&[Verdict::Pass, Verdict::Pass]);
    assert_eq!(
        (all.verdict, &all.results[..]),
        (Verdict::Pass, &["shard-0/test-0".to_owned(), "shard-1/test-0".to_owned()][..])
    );
    assert_eq!(shards(&[Verdict::Pass, Verdict::Inconclusive]).verdict, Verdict::Inconclusive);
    assert_eq!(shards(&[Verdict::Inconclusive, Verdict::Fail]).verdict, Verdict::Fail);
}

#[test]
fn a_collection_survives_its_json_form_and_states_no_verdict_of_its_own() {
    let merged = Collection::merge([bundle("a", 1)], false).unwrap();
    assert_eq!(serde_json::from_str::<Collection>(&merged.to_json()).unwrap(), merged);
    let with_verdict = merged.to_json().replacen("\"runs\"", "\"verdict\": \"pass\", \"runs\"", 1);
    assert!(serde_json::from_str::<Collection>(&with_verdict).is_err());
}

fn runs() -> impl Strategy<Value = Vec<EvidenceBundle>> {
    // What a run holds follows from its id, so that no two runs contradict each other.
    proptest::collection::vec(0usize..6, 1..8)
        .prop_map(|ids| ids.into_iter().map(|id| bundle(&format!("run-{id}"), id)).collect())
}

proptest! {
    #[test]
    fn merging_is_commutative_associative_and_idempotent(a in runs(), b in runs(), c in runs()) {
        let merge = |runs: Vec<EvidenceBundle>| Collection::merge(runs, false).unwrap();
        let [ab, bc] = [merge([a.clone(), b.clone()].concat()), merge([b.clone(), c.clone()].concat())];
        let left = merge([ab.runs.clone(), c.clone()].concat());
        let right = merge([bc.runs, a.clone()].concat());
        prop_assert_eq!(&left, &right);
        prop_assert_eq!(&merge([left.runs.clone(), left.runs.clone()].concat()), &left);
    }
}

/// A part of a run in parts.
fn part(run: &str, number: u32, of: u32) -> EvidenceBundle {
    bundle(&format!("{run}-part-{number}-of-{of}"), 1)
}

#[test]
fn all_parts_of_a_run_are_joined_in_any_order() {
    let parts = [part("a", 3, 3), part("a", 1, 3), part("b", 1, 1), part("a", 2, 3), bundle("c", 1)];
    assert_eq!(Collection::merge(parts, false).unwrap().runs.len(), 5);
}

#[test]
fn a_run_of_which_a_part_is_missing_is_refused() {
    for (given, missing) in
        [(vec![1, 3], 2), (vec![2, 3], 1), (vec![1, 2], 3), (vec![0, 1, 2, 3], 0), (vec![1, 2, 3, 4], 4)]
    {
        let parts = given.into_iter().map(|number| part("a", number, 3));
        match Collection::merge(parts, false) {
            Err(MergeError::MissingPart { run, part, of: 3, .. }) => {
                assert_eq!((run.as_str(), part), ("a", missing))
            }
            joined => panic!("{joined:?}"),
        }
    }
    Collection::merge([1, 2, 3].map(|number| part("a", number, 3)), false).expect("the control");
}

#[test]
fn parts_that_overlap_are_refused() {
    let halves = [part("a", 1, 2), part("a", 2, 2)];
    Collection::merge(halves.clone(), false).expect("the control");
    for other in [part("a", 2, 3), bundle("a", 1)] {
        let error = Collection::merge([&halves[..], &[other]].concat(), false).unwrap_err();
        assert!(matches!(error, MergeError::OverlappingParts { .. }), "{error}");
    }
    // The same part run twice: two runs, and one would count double.
    let mut again = part("a", 2, 2);
    again.run.host = "another machine".to_owned();
    let error = Collection::merge([&halves[..], &[again]].concat(), false).unwrap_err();
    assert!(matches!(error, MergeError::Conflict { .. }), "{error}");
}

#[test]
fn parts_of_different_images_tests_or_versions_are_refused_and_it_is_said_which() {
    let halves = || [part("a", 1, 2), part("a", 2, 2)];
    Collection::merge(halves(), true).expect("the control");
    type Change = (&'static str, fn(&mut EvidenceBundle));
    let changes: [Change; 4] = [
        ("the images are others", |bundle| {
            bundle.run.images[0].sha256 = dtsec_evidence::sha256(b"another image");
        }),
        ("the tests are others", |bundle| bundle.results[0].id.push_str("-of-another-model")),
        ("the tool or its version", |bundle| bundle.run.tool_version = "2".to_owned()),
        ("something else", |_| ()),
    ];
    for (said, change) in changes {
        let [first, mut second] = halves();
        // What makes them different makes another name as well.
        second.run.id = "b-part-2-of-2".to_owned();
        change(&mut second);
        let error = Collection::merge([first.clone(), second.clone()], true).unwrap_err();
        assert!(matches!(error, MergeError::MissingPart { .. }), "{error}");
        assert!(error.to_string().contains(said), "{error}");
        if said.contains("images") {
            let error = Collection::merge([first, second], false).unwrap_err();
            assert!(matches!(error, MergeError::Images { .. }), "{error}");
        }
    }
}
