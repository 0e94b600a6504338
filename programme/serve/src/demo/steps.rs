//! What happens in the story.

use super::{DAYS, Failure, Story, id};
use dtsec_model::etr::Verdict;
use dtsec_model::security_target::Confidentiality;
use dtsec_registry::domain::audit::{Conductor, Order};
use dtsec_registry::domain::draw::{Party, Share, commitment};
use dtsec_registry::domain::entry::RemovalGround;
use dtsec_registry::domain::evaluation::{Certification, Etr, Plan, Search, Unit};
use dtsec_registry::domain::lab::{Accreditation, Application, Competence, Factors, Scope, TechnologyClass};
use dtsec_registry::domain::maintenance::{Appending, Difference, Effect, Form};
use dtsec_registry::domain::pp::{Criticality, DeviceClass, Disposition, Editions, Outcome, Package, PpText};
use dtsec_registry::domain::st::{PartOf, Publication, StText};
use dtsec_registry::domain::vulnerability::{MitigationPlan, Report, Severity, Stakeholder};
use dtsec_registry::domain::{Command, Decision, PpId};
use std::collections::BTreeSet;

/// How far a product's evaluation gets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Far {
    Submitted,
    Approved,
    Planned,
    Running,
    Reported,
    Rework,
    Rejected,
    Listed,
}

/// Product, its id, who makes it, its class, the day on which it begins, how far it gets.
const PRODUCTS: &[(&str, &str, &str, &str, i64, Far)] = &[
    ("Alpha Pump", "alpha-pump", "ann", "pump", 60, Far::Listed),
    ("Alpha Meter", "alpha-meter", "ann", "meter", 70, Far::Listed),
    ("Beta Sensor", "beta-sensor", "bob", "meter", 80, Far::Listed),
    ("Beta Bridge", "beta-bridge", "bob", "meter", 230, Far::Rejected),
    ("Alpha Patch", "alpha-patch", "ann", "pump", 240, Far::Rework),
    ("Beta Pen", "beta-pen", "bob", "pump", 245, Far::Reported),
    ("Alpha Remote", "alpha-remote", "ann", "meter", 250, Far::Running),
    ("Beta Ring", "beta-ring", "bob", "meter", 260, Far::Planned),
    ("Alpha Watch", "alpha-watch", "ann", "meter", 270, Far::Approved),
    ("Beta Band", "beta-band", "bob", "meter", 285, Far::Submitted),
];

pub(super) async fn tell(story: &mut Story) -> Result<(), Failure> {
    classes(story).await?;
    profiles(story).await?;
    labs(story).await?;
    for product in PRODUCTS {
        evaluated(story, product).await?;
    }
    maintained(story).await?;
    removed_and_remediated(story).await?;
    audited(story).await?;
    review_to_come(story).await
}

async fn classes(story: &mut Story) -> Result<(), Failure> {
    for (class, name, part, critical, exposed) in [
        ("pump", "Insulin pumps", false, true, true),
        ("meter", "Glucose meters and sensors", false, true, true),
        ("radio", "Radio modules", true, false, true),
    ] {
        let class = DeviceClass {
            id: id(class)?,
            name: name.to_owned(),
            general_purpose_component: part,
            life_critical: critical,
            exposed,
        };
        story.decided(Decision::DefineClass { class }, "the scope of the programme").await?;
    }
    Ok(())
}

fn components() -> BTreeSet<String> {
    ["ADV_ARC.1", "ADV_FSP.4", "AGD_OPE.1", "ALC_CMC.4", "ATE_IND.2", "AVA_VAN.4"].map(str::to_owned).into()
}

fn requirements() -> BTreeSet<String> {
    [
        "cryptographic-keystore",
        "cryptographic-operation",
        "cryptographic-random-number-generation",
        "secure-communication-enforcement",
        "secure-communication-support",
        "secure-initialization-of-platform",
        "secure-trusted-storage",
        "secure-update-of-platform",
        "verification-of-platform-identity",
    ]
    .map(str::to_owned)
    .into()
}

fn profile(story: &mut Story, version: &str, supersedes: Option<&str>) -> Result<Box<PpText>, Failure> {
    Ok(Box::new(PpText {
        kind: dtsec_model::Kind::ProtectionProfile,
        title: "Connected diabetes devices".to_owned(),
        version: version.to_owned(),
        class: id("pump")?,
        document: story.paper(&format!("Connected diabetes devices {version}"))?,
        editions: Editions::standard(),
        packages: vec![Package {
            id: id("moderate")?,
            components: components(),
            replaceable: ["ALC_CMC.4".to_owned()].into(),
            meant_for: Criticality::High,
        }],
        requirements: requirements(),
        supersedes: supersedes.map(id).transpose()?,
    }))
}

async fn profiles(story: &mut Story) -> Result<(), Failure> {
    story.on(1);
    let text = profile(story, "1.0", None)?;
    let document = text.document.clone();
    let pp: PpId = id("cdd-1.0")?;
    story.does("dana", Command::DraftPp { pp: pp.clone(), text }, "the first profile").await?;
    let closes = story.date(31);
    let open = Command::OpenPpReview { pp: pp.clone(), document: document.clone(), closes };
    story.does("dana", open, "everybody is to be heard").await?;
    story.on(12);
    let comment = Command::CommentPp {
        pp: pp.clone(),
        comment: id("c1")?,
        place: "Assumptions".to_owned(),
        text: "Children share devices with their parents; say who the user is.".to_owned(),
    };
    story.does("pat", comment, "as a parent").await?;
    story.on(25);
    let disposition =
        Disposition { outcome: Outcome::Noted, answer: "The next version takes it up.".to_owned() };
    let answered = Command::DisposeComment { pp: pp.clone(), comment: id("c1")?, disposition };
    story.does("david", answered, "read in the committee").await?;
    story.on(33);
    story
        .decided(
            Decision::AcceptPp { pp, document, determination: None },
            "reviewed, and every comment answered",
        )
        .await
}

/// The next version is in review at the end of the story.
async fn review_to_come(story: &mut Story) -> Result<(), Failure> {
    story.on(DAYS - 10);
    let text = profile(story, "1.1", Some("cdd-1.0"))?;
    let document = text.document.clone();
    let pp: PpId = id("cdd-1.1")?;
    story.does("dana", Command::DraftPp { pp: pp.clone(), text }, "says who the user is").await?;
    let closes = story.date(DAYS + 30);
    story
        .does("dana", Command::OpenPpReview { pp: pp.clone(), document, closes }, "everybody is to be heard")
        .await?;
    story.on(DAYS - 4);
    let comment = Command::CommentPp {
        pp,
        comment: id("c1")?,
        place: "Packages".to_owned(),
        text: "The audit of the life cycle should name the edition of IEC 62304.".to_owned(),
    };
    story.does("ann", comment, "as a developer").await
}

async fn labs(story: &mut Story) -> Result<(), Failure> {
    for (day, lab, person, name) in
        [(35, "north", "nora", "North Lab"), (DAYS - 6, "south", "saul", "South Lab")]
    {
        story.on(day);
        let shown_by = Some(story.paper(&format!("{name} pilot evaluations"))?);
        let shown = || Competence { van: 4, shown_by: shown_by.clone() };
        let classes = [
            TechnologyClass::SimpleMicrocontroller,
            TechnologyClass::WirelessProtocol,
            TechnologyClass::GeneralPurposeSystem,
        ];
        let application = Box::new(Application {
            name: name.to_owned(),
            affiliates: BTreeSet::new(),
            accreditation: Accreditation {
                body: "A national accreditor".to_owned(),
                scope: Scope::ItSecurityTesting,
                expires: story.date(DAYS + 500),
                document: story.paper(&format!("{name} accreditation"))?,
            },
            competence: classes.into_iter().map(|class| (class, shown())).collect(),
            documents_its_work: true,
            open_to_audit: true,
        });
        story.does(person, Command::ApplyLab { lab: id(lab)?, application }, "we want to evaluate").await?;
        if lab == "north" {
            let factors = Factors {
                experience: "Ten years of smart cards and radios.".to_owned(),
                accreditor: "Known, and recognised abroad.".to_owned(),
                costs: "Usual.".to_owned(),
                resources: "Six evaluators.".to_owned(),
            };
            story.on(45);
            story.decided(Decision::AcceptLab { lab: id(lab)?, factors }, "meets every rule").await?;
        }
    }
    Ok(())
}

fn target(story: &mut Story, name: &str, key: &str, class: &str) -> Result<Box<StText>, Failure> {
    Ok(Box::new(StText {
        document: story.paper(&format!("Security Target of {name}"))?,
        st_version: "1.0".to_owned(),
        product: name.to_owned(),
        version: "1.0".to_owned(),
        identity: format!("{key} 1.0"),
        class: id(class)?,
        profile: Some((id("cdd-1.0")?, id("moderate")?)),
        components: components(),
        claims: requirements(),
        additions: BTreeSet::new(),
        editions: Editions::standard(),
        confidentiality: Confidentiality::Public,
        part_of: PartOf::Device,
        contains: BTreeSet::from([id("radio-1.0")?]),
        certified_parts: BTreeSet::new(),
        revises: None,
    }))
}

async fn evaluated(
    story: &mut Story,
    (name, key, developer, class, day, far): &(&str, &str, &str, &str, i64, Far),
) -> Result<(), Failure> {
    story.on(*day);
    let text = target(story, name, key, class)?;
    let document = text.document.clone();
    story.does(developer, Command::SubmitSt { st: id(key)?, text }, "to be evaluated").await?;
    if *far == Far::Submitted {
        return Ok(());
    }
    story.on(day + 5);
    story.does("dana", Command::ReviewSt { st: id(key)? }, "it is its turn").await?;
    let approve = Decision::ApproveSt { st: id(key)?, document: document.clone(), determination: None };
    story.decided(approve, "fits the profile").await?;
    let publish = Command::PublishSt { st: id(key)?, publication: Publication::Formal };
    story.does(developer, publish, "anybody may read it").await?;
    if *far == Far::Approved {
        return Ok(());
    }
    story.on(day + 10);
    let plan = Plan {
        st: id(key)?,
        lab: id("north")?,
        classes: [TechnologyClass::SimpleMicrocontroller, TechnologyClass::WirelessProtocol].into(),
        agreement: None,
        revalidates: None,
    };
    story
        .does("nora", Command::PlanEvaluation { evaluation: id(key)?, plan }, "agreed with the developer")
        .await?;
    if *far == Far::Planned {
        return Ok(());
    }
    story.does("nora", Command::StartEvaluation { evaluation: id(key)? }, "the samples are here").await?;
    if *far == Far::Running {
        return Ok(());
    }
    story.on(day + 40);
    let found = Search {
        date: story.date(day + 39),
        sources: vec!["NVD".to_owned(), "OSV".to_owned()],
        terms: vec![(*name).to_owned(), "radio 1.0".to_owned()],
    };
    let unit = |component: &String| Unit {
        id: format!("{component}-1"),
        component: component.clone(),
        verdict: Verdict::Pass,
        has_rationale: true,
        has_observation: false,
    };
    let etr = Box::new(Etr {
        document: story.paper(&format!("Evaluation Technical Report of {name}"))?,
        st_document: document,
        identity: format!("{key} 1.0"),
        units: components().iter().map(unit).collect(),
        search: found.clone(),
        working_papers: Some(story.paper(&format!("Working papers of {name}"))?),
        reference_values: None,
        by_life_cycle_audit: BTreeSet::new(),
    });
    let report = etr.document.clone();
    story.does("nora", Command::SubmitEtr { evaluation: id(key)?, etr }, "all work units are done").await?;
    story.on(day + 45);
    match far {
        Far::Rework => {
            let findings = vec!["The attack on the pairing is not described in enough detail.".to_owned()];
            let rework = Command::RequestRework { evaluation: id(key)?, document: report, findings };
            story.does("david", rework, "read in the committee").await
        }
        Far::Rejected => {
            let reject = Decision::RejectEtr { evaluation: id(key)?, document: report };
            story.decided(reject, "the developer changed the product under evaluation").await
        }
        Far::Listed => {
            let with = Certification {
                evaluation: id(key)?,
                etr: report,
                certificate: id(&format!("DTS-{day}"))?,
                entry: id(key)?,
                search: Search { date: story.date(day + 44), ..found },
            };
            story.decided(Decision::Certify { with }, "the report is complete, and everything passed").await
        }
        _ => Ok(()),
    }
}

async fn maintained(story: &mut Story) -> Result<(), Failure> {
    story.on(150);
    let form = |document, version: &str, what: &str| Form {
        reference_values: None,
        document,
        version: version.to_owned(),
        identity: format!("alpha-pump {version}"),
        st: None,
        differences: vec![Difference {
            what: what.to_owned(),
            touches: BTreeSet::new(),
            effect: Effect::Minor,
            reasoning: "No requirement is touched.".to_owned(),
        }],
    };
    let document = story.paper("Alpha Pump 1.1 maintenance request")?;
    let filed = Command::RequestMaintenance {
        request: id("alpha-pump-1.1")?,
        entry: id("alpha-pump")?,
        form: form(document.clone(), "1.1", "Two words on the display."),
    };
    story.does("ann", filed, "a new version").await?;
    let with = Appending {
        request: id("alpha-pump-1.1")?,
        document,
        together_with: BTreeSet::new(),
        joint_effect: "None.".to_owned(),
    };
    story.decided(Decision::AppendVersion { with }, "minor").await?;
    story.on(DAYS - 3);
    let document = story.paper("Alpha Pump 1.2 maintenance request")?;
    let filed = Command::RequestMaintenance {
        request: id("alpha-pump-1.2")?,
        entry: id("alpha-pump")?,
        form: form(document, "1.2", "A translation."),
    };
    story.does("ann", filed, "a new version").await
}

async fn conflict(story: &mut Story, vulnerability: &str, entry: &str) -> Result<(), Failure> {
    let report = Report {
        document: story.paper(&format!("Report of {vulnerability}"))?,
        severity: Severity::High,
        entries: BTreeSet::from([id(entry)?]),
        component: None,
        plan: None,
    };
    story
        .does(
            "pat",
            Command::ReportVulnerability { vulnerability: id(vulnerability)?, report },
            "found at home",
        )
        .await?;
    let claims = BTreeSet::from(["secure-communication-enforcement".to_owned()]);
    let found = [(id(entry)?, claims)].into();
    let triage = Command::TriageVulnerability { vulnerability: id(vulnerability)?, found };
    story.does("dana", triage, "shown on a device").await?;
    let remove = Decision::RemoveEntry {
        entry: id(entry)?,
        ground: RemovalGround::Conflict { vulnerability: id(vulnerability)? },
    };
    story.decided(remove, "it conflicts with what the Security Target claims").await
}

async fn removed_and_remediated(story: &mut Story) -> Result<(), Failure> {
    story.on(180);
    conflict(story, "CVE-2030-1001", "beta-sensor").await?;
    story.on(190);
    let plan = MitigationPlan { document: story.paper("Mitigation of CVE-2030-1001")?, due: story.date(230) };
    let (vulnerability, entry) = (id("CVE-2030-1001")?, id("beta-sensor")?);
    story.does("bob", Command::SubmitPlan { vulnerability, entry, plan }, "an update is on its way").await?;
    story.on(215);
    let evidence = story.paper("Evidence for CVE-2030-1001")?;
    let (vulnerability, entry) = (id("CVE-2030-1001")?, id("beta-sensor")?);
    let reported =
        Command::ReportMitigation { vulnerability, entry, evidence: evidence.clone(), fixed_in: None };
    story.does("bob", reported, "the update is out").await?;
    story.on(220);
    let (vulnerability, entry) = (id("CVE-2030-1001")?, id("beta-sensor")?);
    story
        .does("david", Command::VerifyMitigation { vulnerability, entry, evidence }, "seen on a device")
        .await?;
    story.decided(Decision::RestoreEntry { entry: id("beta-sensor")? }, "everything is remediated").await?;
    story.on(DAYS - 20);
    conflict(story, "CVE-2030-1002", "alpha-meter").await?;
    story.on(DAYS - 15);
    let view = Command::RecordView {
        vulnerability: id("CVE-2030-1002")?,
        stakeholder: Stakeholder::Patient,
        text: "My meter must go on working; warn me, and do not switch it off.".to_owned(),
    };
    story.does("pat", view, "as a patient").await
}

/// Ordered, joined, and drawn: the developer is to answer the sample.
async fn audited(story: &mut Story) -> Result<(), Failure> {
    story.on(DAYS - 9);
    let share = |party| Share::new(&[if party == Party::Dwg { 0x5a } else { 0xa5 }; 32]);
    let order = Order {
        audit: id("audit-alpha-pump")?,
        entries: BTreeSet::from([id("alpha-pump")?]),
        request: None,
        conductor: Conductor::Dwg,
        sample: 2,
        due: story.date(DAYS + 20),
        commitment: commitment(&id("audit-alpha-pump")?, Party::Dwg, &share(Party::Dwg)),
    };
    story.decided(Decision::OrderAudit { order }, "it was its turn").await?;
    let commitment = commitment(&id("audit-alpha-pump")?, Party::Developer, &share(Party::Developer));
    story
        .does("ann", Command::JoinAudit { audit: id("audit-alpha-pump")?, commitment }, "we take part")
        .await?;
    for (who, party) in [("dana", Party::Dwg), ("ann", Party::Developer)] {
        let reveal = Command::RevealShare { audit: id("audit-alpha-pump")?, share: share(party) };
        story.does(who, reveal, "as committed").await?;
    }
    Ok(())
}
