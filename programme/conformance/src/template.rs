//! A Security Target to be filled in.

use dtsec_model::assurance::{Components, Level};
use dtsec_model::operations::{Operation, Segment, Value, Values, operations};
use dtsec_model::profile::{NoteKind, ObjectiveApplies, Obligation, ProfileRequirement, SesipProfile};
use dtsec_model::security_target::*;

/// A Security Target for a profile in which every place to fill in is marked: by `<…>`, or where a place cannot hold text by
/// null or false. Exactly those places are findings of a check.
pub fn template(profile: &SesipProfile) -> SecurityTarget {
    let mandatory = profile.requirements.iter().filter(|one| one.obligation == Obligation::Mandatory);
    let requirements: Vec<Claim> = mandatory.flat_map(|one| claims(profile, one)).collect();
    let components: Vec<String> = match profile.level.components() {
        Components::Exactly(these) => these.iter().map(|&id| id.to_owned()).collect(),
        Components::OfCertificate(van) => vec![van.to_owned()],
    };
    SecurityTarget {
        kind: SecurityTargetKind::SecurityTarget,
        title: mark("title of the Security Target"),
        version: mark("version, as 1.0"),
        date: None,
        organisation: mark("who writes it"),
        sesip_version: mark("version of SESIP that it follows"),
        profile: ProfileClaim {
            id: profile.id.clone(),
            reference: profile.reference.clone(),
            version: profile.version.clone(),
        },
        confidentiality: Confidentiality::Public,
        platform: platform(profile),
        guidance: vec![
            document("manual for operation", &["AGD_OPE.1"]),
            document("manual for preparation", &["AGD_PRE.1"]),
        ],
        documents: documents(profile.level),
        references: profile.references.clone(),
        other_certifications: Vec::new(),
        overview: Overview {
            definition: mark("what the platform is made of and runs"),
            functional: mark("what the platform does"),
            physical_scope: mark("where the platform ends"),
            in_scope: vec![mark("name of each part")],
            out_of_scope: vec![mark("what does not belong to the platform: the application, …")],
            required_non_platform: vec![mark("what the platform needs beside it")],
            features: profile.features.clone(),
        },
        use_case: UseCase {
            environment: mark("under which conditions the platform is secure"),
            untrusted_users: Exposure {
                possible: None,
                explanation: mark(
                    "why untrusted users can or cannot reach it, and what protects against them",
                ),
            },
            untrusted_software: Exposure {
                possible: None,
                explanation: mark(
                    "why untrusted software can or cannot run on it, and what protects against it",
                ),
            },
        },
        life_cycle: life_cycle(),
        threats: profile.threats.iter().map(|threat| trace(threat.id)).collect(),
        objectives: objectives(profile),
        inherited_objectives: Vec::new(),
        assurance: AssuranceClaim {
            sufficiency: components.iter().map(|id| sufficiency(profile, id)).collect(),
            levels: vec![LevelClaim { level: profile.level, components, requirements: Vec::new() }],
            flaw_remediation: FlawRemediation {
                procedure: mark("what is done with a reported flaw"),
                reporting: mark("how anybody reports one"),
                newer: mark(
                    "what \"newer\" means for an update: which number is compared, and where it is kept",
                ),
                no_update_argument: None,
                described_in: Some(place()),
            },
        },
        notes: notes(profile),
        requirements,
        passages: Vec::new(),
    }
}

fn mark(what: &str) -> String {
    // A prompt of the profile may have brackets of its own.
    format!("<{}>", what.trim_matches(['<', '>']))
}

fn place() -> Place {
    Place { document: mark("id of a listed document"), section: mark("its section") }
}

fn platform(profile: &SesipProfile) -> Platform {
    let part = |what, name: &str| Part {
        name: mark(&format!("name of the {name}")),
        what,
        version: mark("its version"),
        row: mark("the row of the table of identification that shows it"),
        delivery: mark("how it is delivered, and in what form"),
        description: mark("what it does"),
        linked_by: None,
    };
    let row = |row: &dtsec_model::profile::IdentificationRow| Identification {
        row: row.id.clone(),
        value: mark(&row.title),
        verified_in: Some(place()),
    };
    Platform {
        platform_type: mark("what kind of platform it is"),
        role: PlatformRole::Device,
        identification: profile.identification.iter().map(row).collect(),
        only_certified_products_identify_so: false,
        parts: vec![
            part(PartKind::Hardware, "chip or board"),
            part(PartKind::Firmware, "code that comes with it"),
            part(PartKind::Software, "code that is loaded"),
        ],
        certified_parts: Vec::new(),
    }
}

fn document(title: &str, serves: &[&str]) -> GuidanceDocument {
    GuidanceDocument {
        id: mark("how it is cited"),
        title: mark(title),
        version: mark("its version"),
        file: None,
        serves: serves.iter().map(|&id| id.to_owned()).collect(),
    }
}

fn documents(level: Level) -> Vec<GuidanceDocument> {
    let all = [
        ("functional specification", &["ADV_FSP.4"][..]),
        ("map of the source to the requirements", &["ADV_IMP.3"]),
        ("configuration list", &["ALC_CMC.1", "ALC_CMS.1"]),
        ("flaw remediation procedures", &["ALC_FLR.2"]),
        ("tests of the developer", &["ATE_IND.1"]),
    ];
    let has = |id: &&'static str| match level.components() {
        Components::Exactly(these) => these.contains(id),
        // The certificate has its own documents.
        Components::OfCertificate(_) => *id == "ALC_FLR.2",
    };
    let needed = all.into_iter().filter(|(_, serves)| serves.iter().any(has));
    needed.map(|(title, serves)| document(title, serves)).collect()
}

fn life_cycle() -> LifeCycle {
    let phase = |name: &str| Phase {
        name: name.to_owned(),
        description: mark("what happens in this phase"),
        states: vec![mark("a state that a platform can be in")],
    };
    LifeCycle {
        phases: ["Design", "Production", "Integration", "Use", "End of life"].map(phase).into(),
        transitions: vec![Transition {
            from: mark("state"),
            to: mark("state"),
            secured_by: mark("how the transition is secured"),
        }],
        roots_of_trust: vec![RootOfTrust {
            name: mark("name of the root of trust"),
            purpose: mark("for what"),
            phase: mark("the phase in which it is put in"),
            state: mark("the state that the platform is in then"),
            secured_by: mark("how that is secured"),
        }],
        key_provisioning: KeyProvisioning {
            description: mark("how keys are provisioned"),
            described_in: Some(place()),
        },
    }
}

fn trace(threat: dtsec_model::threat::Threat) -> ThreatTrace {
    ThreatTrace {
        threat,
        requirements: vec![mark("ids of the requirements that counter it")],
        objectives: vec![mark("ids of the objectives that do, if any")],
        rationale: mark("why that is enough"),
    }
}

fn objectives(profile: &SesipProfile) -> Vec<Objective> {
    let applies =
        |when| matches!(when, ObjectiveApplies::Always | ObjectiveApplies::WithoutPhysicalResistance);
    let wanted = profile.objectives.iter().filter(|objective| applies(objective.applies));
    let objective = |objective: &dtsec_model::profile::ProfileObjective| Objective {
        id: objective.id.clone(),
        origin: Origin::Profile,
        values: values(&objective.statement),
        statement: None,
        guidance: vec![place()],
    };
    wanted.map(objective).collect()
}

fn values(statement: &[Segment]) -> Values {
    let value = |operation: &Operation| match operation {
        Operation::Assignment(one) => Some((one.id.clone(), Value::Text(mark(&one.prompt)))),
        Operation::Selection(one) => {
            let offered = format!("choose: {}", one.options.join(", "));
            Some((one.id.clone(), Value::List(vec![mark(&offered)])))
        }
        Operation::Option(one) => {
            let asked = format!("true where \"{}\" stays, false where it goes", one.text.trim());
            Some((one.id.clone(), Value::Text(mark(&asked))))
        }
        Operation::Fixed(_) => None,
    };
    operations(statement).filter_map(value).collect()
}

/// The claims on a requirement: one, or one for each iteration that the profile's mapping asks for.
fn claims(profile: &SesipProfile, requirement: &ProfileRequirement) -> Vec<Claim> {
    let asked = profile.mapping.iter().filter(|row| row.covered_by.contains(&requirement.id));
    let iterations: Vec<&String> = asked.flat_map(|row| &row.iterations).collect();
    let one = |iteration: Option<&String>| Claim {
        id: requirement.id.clone(),
        iteration: iteration.cloned(),
        covers: iteration.into_iter().cloned().collect(),
        origin: Origin::Profile,
        outside_catalogue: None,
        struck: None,
        not_yet_met: None,
        values: values(&requirement.statement),
        refinements: Vec::new(),
        wording: None,
        algorithms: algorithms(requirement),
        rationale: Rationale {
            implementation: mark("how the platform meets it"),
            assessment: mark("how that was assessed: tests, another standard, another party"),
            extension: requirement.extension.as_ref().map(|_| mark("how the profile's extension is met")),
        },
    };
    match &iterations[..] {
        [] => vec![one(None)],
        several => several.iter().map(|iteration| one(Some(iteration))).collect(),
    }
}

fn algorithms(requirement: &ProfileRequirement) -> Vec<Algorithm> {
    let name = mark("algorithm, with its sizes in `bits`");
    let one = Algorithm { name, bits: Vec::new(), tag_bits: None, argument: None };
    if requirement.needs_strength { vec![one] } else { Vec::new() }
}

fn sufficiency(profile: &SesipProfile, component: &str) -> Sufficiency {
    let known = profile.assurance.iter().find(|row| row.component == component);
    let by_document =
        known.is_some_and(|row| !row.covered_by.trim().is_empty()) && !component.starts_with("ASE_");
    Sufficiency {
        component: component.to_owned(),
        covered_by: if by_document { vec![place()] } else { Vec::new() },
        rationale: mark("why that is enough"),
    }
}

fn notes(profile: &SesipProfile) -> Vec<NoteApplied> {
    let mandatory = profile.requirements.iter().filter(|one| one.obligation == Obligation::Mandatory);
    let notes = profile.notes.iter().chain(mandatory.flat_map(|one| &one.notes));
    let application = notes.filter(|note| note.kind == NoteKind::Application);
    let applied = mark("how it was applied");
    application
        .map(|note| NoteApplied { note: note.id.clone(), text: None, applied: applied.clone() })
        .collect()
}
