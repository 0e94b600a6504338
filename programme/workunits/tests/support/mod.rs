//! A small platform with everything that an evaluation could wish for; tests take away from it.

// Each test file is a program of its own and uses a part of this.
#![allow(dead_code)]

use dtsec_evidence::evaluation::UNVERSIONED;
use dtsec_model::attack_potential::{Equipment, Expertise, Factors, Knowledge, Time, Window};
use dtsec_model::deliverable::*;
use dtsec_model::etr::{Parties, Verdict, WorkUnitResult};
use dtsec_model::evidence::{EvidenceBundle, Image, Run, TestKind, TestResult};
use dtsec_model::security_target::SecurityTarget;
use dtsec_model::{Date, canonical};
use dtsec_workunits::independent::{CatalogueTest, Commitment, IndependentTests, Seed, TestDocumentation};
use dtsec_workunits::vulnerability::{Analysis, Candidate, Hit, PublicSearch, Stated};
use dtsec_workunits::*;
use serde_json::json;
use std::collections::BTreeMap;

pub(crate) const SFRS: [&str; 3] =
    ["verification-of-platform-identity", "secure-update-of-platform", "secure-trusted-storage"];

pub(crate) fn date(text: &str) -> Date {
    text.parse().unwrap()
}

pub(crate) fn target() -> SecurityTarget {
    let place = |section: &str| json!({ "document": "guide", "section": section });
    let claim = |id: &str| json!({ "id": id, "rationale": { "implementation": "so and so", "assessment": "by tests" } });
    let part = |name: &str, what: &str| {
        json!({ "name": name, "what": what, "version": "1.2.3", "row": "sw-version",
                "delivery": "as a signed image", "description": "runs" })
    };
    let document = |id: &str, serves: &[&str]| json!({ "id": id, "title": format!("The {id}"), "version": "1.0", "serves": serves });
    let dtsec_model::assurance::Components::Exactly(components) =
        dtsec_model::assurance::Level::Sesip3.components()
    else {
        unreachable!()
    };
    let value = json!({
        "kind": "security-target", "title": "Security Target of a platform", "version": "1.0",
        "date": "2026-01-01", "organisation": "Maker", "sesip-version": "1.2",
        "profile": { "id": "sesip-profile-cdd", "reference": "GP_1", "version": "0.0.0.9" },
        "platform": {
            "type": "platform of a meter",
            "identification": [
                { "row": "commercial-name", "value": "Platform", "verified-in": place("1") },
                { "row": "sw-version", "value": "1.2.3", "verified-in": place("1") },
            ],
            "only-certified-products-identify-so": true,
            "parts": [part("cdd-boot", "firmware"), part("cdd-platform", "software"), part("board", "hardware")],
        },
        "guidance": [document("guide", &["AGD_OPE.1", "AGD_PRE.1"])],
        "documents": [document("flaws", &["ALC_FLR.2"])],
        "overview": {
            "definition": "a platform", "functional": "it runs applications", "physical-scope": "the chip",
            "in-scope": ["boot"], "out-of-scope": ["application"], "required-non-platform": ["a battery"],
            "features": ["secure boot"],
        },
        "use-case": {
            "environment": "at home",
            "untrusted-users": { "possible": true, "explanation": "yes" },
            "untrusted-software": { "possible": false, "explanation": "no" },
        },
        "life-cycle": { "phases": [], "transitions": [], "roots-of-trust": [],
                        "key-provisioning": { "description": "in production" } },
        "threats": [],
        "objectives": [{ "id": "follow-guidance", "guidance": [place("2")] }],
        "assurance": {
            "levels": [{ "level": "SESIP3", "components": components }],
            "flaw-remediation": {
                "procedure": "fix it", "reporting": "write to us", "newer": "the greater number",
                "described-in": { "document": "flaws", "section": "1" },
            },
        },
        "requirements": SFRS.map(claim),
        "notes": [],
    });
    serde_json::from_value(value).unwrap()
}

pub(crate) fn result(id: &str, requirement: &str, kind: TestKind, verdict: Verdict) -> TestResult {
    TestResult {
        id: id.to_owned(),
        title: id.to_owned(),
        kind,
        requirements: vec![requirement.to_owned()],
        threats: Vec::new(),
        verdict,
        observation: String::new(),
    }
}

const TESTS: [(&str, &str, TestKind, &str); 6] = [
    ("identity-is-told", SFRS[0], TestKind::Functional, "gate"),
    ("identity-is-not-forged", SFRS[0], TestKind::Attack, "flash"),
    ("update-is-taken", SFRS[1], TestKind::Functional, "wire"),
    ("update-is-not-older", SFRS[1], TestKind::Attack, "flash"),
    ("storage-keeps", SFRS[2], TestKind::Functional, "gate"),
    ("storage-survives", SFRS[2], TestKind::Campaign, "power"),
];

pub(crate) fn catalogue() -> Vec<CatalogueTest> {
    TESTS
        .map(|(id, requirement, kind, interface)| CatalogueTest {
            id: id.to_owned(),
            requirement: requirement.to_owned(),
            kind,
            interface: interface.to_owned(),
        })
        .to_vec()
}

fn image(part: &str, version: &str) -> Image {
    Image {
        part: part.to_owned(),
        version: version.to_owned(),
        sha256: dtsec_evidence::sha256(part.as_bytes()),
    }
}

pub(crate) fn bundle() -> EvidenceBundle {
    EvidenceBundle {
        kind: Default::default(),
        run: Run {
            id: "run-1".to_owned(),
            tool: "tool".to_owned(),
            tool_version: "1".to_owned(),
            target: "virtual".to_owned(),
            images: vec![image("cdd-boot", "1.2.3"), image("cdd-platform", "1.2.3")],
            host: "a machine".to_owned(),
            seed: Some(1),
            started: "2026-02-01T00:00:00Z".to_owned(),
            finished: "2026-02-01T00:01:00Z".to_owned(),
        },
        results: TESTS
            .map(|(id, requirement, kind, _)| result(id, requirement, kind, Verdict::Pass))
            .to_vec(),
        attachments: Vec::new(),
    }
}

pub(crate) fn records() -> Vec<TestDocumentation> {
    let record = |(id, requirement, kind, interface): (&str, &str, TestKind, &str)| TestDocumentation {
        id: id.to_owned(),
        run: "run-1".to_owned(),
        requirement: requirement.to_owned(),
        kind,
        tested: format!("{interface} – {id}"),
        set_up: vec!["a fresh device".to_owned()],
        prerequisites: vec!["the tool".to_owned()],
        stimulus: "it is asked".to_owned(),
        observation: vec!["it answers".to_owned()],
        expected: "an answer".to_owned(),
        conclusion: "as expected – devices are off".to_owned(),
        verdict: Some(Verdict::Pass),
    };
    TESTS.map(record).to_vec()
}

pub(crate) fn specification() -> FunctionalSpecification {
    let row = |requirement: &str| InterfaceRow {
        call: format!("call of {requirement}"),
        purpose: "asks".to_owned(),
        method: "by a call".to_owned(),
        actions: "answers".to_owned(),
        requirements: vec![requirement.to_owned()],
        parameters: vec![ParameterRow { name: "field".to_owned(), description: "which".to_owned() }],
        errors: vec![ErrorRow { name: "DoesNotExist".to_owned(), meaning: "there is none".to_owned() }],
    };
    FunctionalSpecification {
        generated_from: Some("the table of the gate".to_owned()),
        interfaces: SFRS.map(row).to_vec(),
        without_interface: BTreeMap::new(),
    }
}

pub(crate) fn trace() -> TraceMap {
    TraceMap {
        requirements: SFRS.map(|id| (id.to_owned(), vec![format!("src/{id}.rs")])).into(),
        unmapped: Vec::new(),
    }
}

pub(crate) fn configuration() -> ConfigurationList {
    let names = ["cdd-boot", "cdd-platform", "board", "guide", "flaws", "security-target"];
    let item =
        |name: &str| ConfigurationItem { name: name.to_owned(), version: "1.2.3".to_owned(), sha256: None };
    ConfigurationList { items: names.map(item).to_vec() }
}

pub(crate) fn factors(time: Time) -> Factors {
    Factors {
        time,
        expertise: Expertise::Proficient,
        knowledge: Knowledge::Public,
        window: Window::Easy,
        equipment: Equipment::Standard,
    }
}

pub(crate) fn stated(id: &str, time: Time) -> Stated {
    Stated {
        id: id.to_owned(),
        source: "penetration test".to_owned(),
        requirements: vec![SFRS[2].to_owned()],
        description: "it can be read".to_owned(),
        factors: factors(time),
        reasoning: "it takes so long".to_owned(),
    }
}

pub(crate) fn analysis() -> Analysis {
    let candidate = |id: &str, tests: &[&str], excluded: Option<&str>| Candidate {
        id: id.to_owned(),
        description: "might be".to_owned(),
        tests: tests.iter().map(|test| (*test).to_owned()).collect(),
        excluded: excluded.map(str::to_owned),
    };
    Analysis {
        public_search: Some(PublicSearch {
            date: date("2026-02-20"),
            sources: vec!["a database".to_owned()],
            terms: vec!["cdd-boot".to_owned(), "cdd-platform".to_owned(), "board".to_owned()],
            hits: vec![Hit { id: "CVE-1".to_owned(), applies: false, reason: "not in it".to_owned() }],
        }),
        candidates: vec![
            candidate("rollback", &["update-is-not-older"], None),
            candidate("lasers", &[], Some("physical attacks are not claimed")),
        ],
        vulnerabilities: Vec::new(),
    }
}

pub(crate) fn seed() -> Seed {
    Seed::from_hex(&"5a".repeat(32)).unwrap()
}

pub(crate) fn drawn(records: &[TestDocumentation]) -> IndependentTests {
    let commitment = Commitment::new(&seed(), &catalogue(), 4, date("2026-01-31")).unwrap();
    IndependentTests::new(commitment, &seed(), &catalogue(), records).unwrap()
}

/// Everything, and all of it good.
pub(crate) fn inputs() -> Inputs {
    let target = target();
    let mut inputs = Inputs::new(target.clone(), date("2026-03-01"));
    inputs.conformance = Some(Conformance {
        tool: "checker 1".to_owned(),
        security_target: canonical::digest(&target).unwrap(),
        rules: 80,
        findings: Vec::new(),
    });
    inputs.evidence = vec![SignedBundle { bundle: bundle(), signers: vec!["key".to_owned()] }];
    let document = |id: &str| DocumentPresent {
        id: id.to_owned(),
        sha256: dtsec_evidence::sha256(id.as_bytes()),
        draft: false,
    };
    inputs.documents = vec![document("guide"), document("flaws")];
    inputs.functional_specification = Some(specification());
    inputs.trace = Some(trace());
    inputs.configuration = Some(configuration());
    inputs.records = records();
    inputs.independent = Some(drawn(&records()));
    inputs.analysis = Some(analysis());
    inputs
}

/// Changes the Security Target, and has it checked anew.
pub(crate) fn with_target(change: impl FnOnce(&mut SecurityTarget)) -> Inputs {
    let mut inputs = inputs();
    change(&mut inputs.security_target);
    if let Some(conformance) = &mut inputs.conformance {
        conformance.security_target = canonical::digest(&inputs.security_target).unwrap();
    }
    inputs
}

pub(crate) fn with(change: impl FnOnce(&mut Inputs)) -> Inputs {
    let mut inputs = inputs();
    change(&mut inputs);
    inputs
}

pub(crate) fn unversioned() -> EvidenceBundle {
    let mut bundle = bundle();
    for image in &mut bundle.run.images {
        image.version = UNVERSIONED.to_owned();
    }
    bundle
}

pub(crate) fn unit(inputs: &Inputs, id: &str) -> WorkUnitResult {
    propose(inputs).unwrap().into_iter().find(|result| result.id == id).unwrap()
}

pub(crate) fn frame() -> Frame {
    Frame {
        title: "Evaluation Technical Report".to_owned(),
        reference: "ETR-1".to_owned(),
        version: "1.0".to_owned(),
        date: date("2026-03-02"),
        scheme: "DTSec".to_owned(),
        parties: Parties {
            developer: "Maker".to_owned(),
            sponsor: "Maker".to_owned(),
            lab: "Lab".to_owned(),
            evaluators: vec!["Eva".to_owned(), "Ivo".to_owned()],
        },
        architecture: "boot, platform".to_owned(),
        methods: vec!["CEM".to_owned()],
        constraints: Vec::new(),
        conclusions: "see above".to_owned(),
        acronyms: Vec::new(),
    }
}
