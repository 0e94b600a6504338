//! A small programme: three members of the working group, two labs, two developers, an auditor, a patient.

#![allow(dead_code, reason = "each test file uses what it needs")]
#![allow(unreachable_pub, reason = "it is a part of test programmes")]

use dtsec_model::etr::Verdict;
use dtsec_model::security_target::Confidentiality;
use dtsec_registry::domain::audit::{Conductor, Order};
use dtsec_registry::domain::draw::{Party, Share, commitment};
use dtsec_registry::domain::entry::{DeFactoClaim, RemovalGround};
use dtsec_registry::domain::evaluation::{Certification, Etr, Plan, Search, Unit};
use dtsec_registry::domain::lab::{Accreditation, Application, Competence, Factors, Scope, TechnologyClass};
use dtsec_registry::domain::maintenance::{Appending, Difference, Effect, Form};
use dtsec_registry::domain::pp::{Criticality, DeviceClass, Editions, Package, PpText};
use dtsec_registry::domain::st::{PartOf, StText};
use dtsec_registry::domain::vulnerability::{Considered, MitigationPlan, Report, Severity, Stakeholder};
use dtsec_registry::domain::*;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

pub fn id<T: FromStr>(text: &str) -> T {
    T::from_str(text).ok().unwrap_or_else(|| panic!("{text} is no id"))
}

/// The hash of a document that says its name and nothing else.
pub fn hash(name: &str) -> Digest {
    use sha2::Digest as _;
    id(&hex::encode(sha2::Sha256::digest(name)))
}

/// Every document that is handed in somewhere.
pub const DOCUMENTS: [&str; 17] = [
    "pp",
    "st",
    "accreditation",
    "pilot",
    "etr",
    "papers",
    "assertion",
    "finding",
    "fix",
    "plan",
    "form",
    "shown",
    "2.1",
    "2.2",
    "notes",
    "extension",
    "st-2",
];

pub fn set<T: Ord + FromStr>(items: &[&str]) -> BTreeSet<T> {
    items.iter().map(|item| id(item)).collect()
}

/// Noon of a day; day 0 is the first of January 2030.
pub fn at(day: i64) -> Time {
    Time::from_second(1_893_499_200 + day * 86_400).unwrap()
}

pub fn date(of: i64) -> Date {
    day(at(of))
}

fn actor(person: &str, organisation: &str, interests: &[&str], roles: &[Role]) -> Actor {
    Actor {
        person: id(person),
        organisation: id(organisation),
        interests: set(interests),
        roles: roles.iter().copied().collect(),
    }
}

/// Everybody, by name.
pub fn who(name: &str) -> Actor {
    let dwg = [Role::DwgScope, Role::DwgProfiles, Role::DwgAssurance];
    let lab = [Role::LabEvaluator, Role::LabQuality];
    match name {
        "dora" | "dirk" => actor(name, "dts", &[], &dwg),
        // A member of the working group with an interest in a developer and in a lab.
        "dina" => actor(name, "clinic", &["alpha", "north"], &dwg),
        "ann" => actor(name, "alpha", &[], &[Role::Developer]),
        "bob" => actor(name, "beta", &[], &[Role::Developer]),
        "nora" => actor(name, "north", &[], &lab),
        "saul" => actor(name, "south", &[], &lab),
        "otto" => actor(name, "dts", &[], &[Role::Auditor]),
        _ => actor(name, "home", &[], &[]),
    }
}

pub const EVERYBODY: [&str; 9] = ["dora", "dirk", "dina", "ann", "bob", "nora", "saul", "otto", "pat"];

pub fn pump() -> DeviceClass {
    DeviceClass {
        id: id("pump"),
        name: "Insulin pumps".to_owned(),
        general_purpose_component: false,
        life_critical: true,
        exposed: true,
    }
}

pub fn components(van: u8) -> BTreeSet<String> {
    [format!("AVA_VAN.{van}"), "ADV_FSP.4".to_owned(), "ALC_CMC.1".to_owned()].into()
}

pub fn claims() -> BTreeSet<String> {
    (1..=8).map(|number| format!("requirement-{number}")).collect()
}

pub fn profile(document: &str) -> PpText {
    PpText {
        kind: dtsec_model::Kind::ProtectionProfile,
        title: "Connected devices".to_owned(),
        version: "1.0".to_owned(),
        class: id("pump"),
        document: hash(document),
        editions: Editions::standard(),
        packages: vec![Package {
            id: id("moderate"),
            components: components(4),
            replaceable: ["ALC_CMC.1".to_owned()].into(),
            meant_for: Criticality::High,
        }],
        requirements: claims(),
        supersedes: None,
    }
}

pub fn target(document: &str) -> StText {
    StText {
        document: hash(document),
        st_version: "1.0".to_owned(),
        product: "Pump".to_owned(),
        version: "2.0".to_owned(),
        identity: "alpha pump 2.0".to_owned(),
        class: id("pump"),
        profile: Some((id("pp"), id("moderate"))),
        components: components(4),
        claims: claims(),
        additions: BTreeSet::new(),
        editions: Editions::standard(),
        confidentiality: Confidentiality::Public,
        part_of: PartOf::Device,
        contains: set(&["radio-1.0"]),
        certified_parts: BTreeSet::new(),
        revises: None,
    }
}

pub fn application(name: &str) -> Application {
    let shown = || Competence { van: 4, shown_by: Some(hash("pilot")) };
    Application {
        name: name.to_owned(),
        affiliates: BTreeSet::new(),
        accreditation: Accreditation {
            body: "An accreditor".to_owned(),
            scope: Scope::ItSecurityTesting,
            expires: date(1000),
            document: hash("accreditation"),
        },
        competence: [
            (TechnologyClass::SimpleMicrocontroller, shown()),
            (TechnologyClass::GeneralPurposeSystem, shown()),
        ]
        .into(),
        documents_its_work: true,
        open_to_audit: true,
    }
}

pub fn factors() -> Factors {
    let text = |what: &str| format!("{what}: enough");
    Factors {
        experience: text("experience"),
        accreditor: text("accreditor"),
        costs: text("costs"),
        resources: text("resources"),
    }
}

pub fn plan_with(lab: &str) -> Plan {
    Plan {
        st: id("st"),
        lab: id(lab),
        classes: [TechnologyClass::SimpleMicrocontroller].into(),
        agreement: None,
        revalidates: None,
    }
}

pub fn search(day: i64) -> Search {
    Search { date: date(day), sources: vec!["NVD".to_owned()], terms: vec!["radio".to_owned()] }
}

pub fn unit(name: &str, component: &str, verdict: Verdict) -> Unit {
    Unit {
        id: name.to_owned(),
        component: component.to_owned(),
        verdict,
        has_rationale: true,
        has_observation: verdict == Verdict::Fail,
    }
}

pub fn report(day: i64) -> Etr {
    Etr {
        document: hash("etr"),
        st_document: hash("st"),
        identity: "alpha pump 2.0".to_owned(),
        units: vec![
            unit("AVA_VAN.4-1", "AVA_VAN.4", Verdict::Pass),
            unit("ADV_FSP.4-1", "ADV_FSP.4", Verdict::Pass),
        ],
        search: search(day),
        working_papers: Some(hash("papers")),
        reference_values: None,
        by_life_cycle_audit: BTreeSet::new(),
    }
}

pub fn certification(day: i64) -> Certification {
    Certification {
        evaluation: id("ev"),
        etr: hash("etr"),
        certificate: id("DTS-1"),
        entry: id("entry"),
        search: search(day),
    }
}

pub fn form(version: &str) -> Form {
    Form {
        document: hash(version),
        version: version.to_owned(),
        identity: format!("alpha pump {version}"),
        st: None,
        reference_values: None,
        differences: vec![Difference {
            what: "a word on the display".to_owned(),
            touches: BTreeSet::new(),
            effect: Effect::Minor,
            reasoning: "no claim is touched".to_owned(),
        }],
    }
}

pub fn appending(request: &str, version: &str, earlier: &[&str]) -> Decision {
    Decision::AppendVersion {
        with: Appending {
            request: id(request),
            document: hash(version),
            together_with: set(earlier),
            joint_effect: "none".to_owned(),
        },
    }
}

pub fn everybody_heard() -> Considered {
    Stakeholder::ALL.iter().map(|one| (*one, format!("{}: none given", one.name()))).collect()
}

pub fn found(entry: &str) -> Report {
    Report {
        document: hash("finding"),
        severity: Severity::High,
        entries: set(&[entry]),
        component: None,
        plan: None,
    }
}

pub fn claim(base: &str) -> DeFactoClaim {
    DeFactoClaim {
        base: id(base),
        product: "Pump mini".to_owned(),
        version: "2.1".to_owned(),
        identity: "alpha pump mini 2.1".to_owned(),
        contains: set(&["radio-1.0"]),
        assertion: hash("assertion"),
        asserts: claims(),
    }
}

pub fn share(party: Party) -> Share {
    Share::new(&[if party == Party::Dwg { 1 } else { 2 }; 32])
}

pub fn commit(party: Party) -> Digest {
    commitment(&id("audit"), party, &share(party))
}

pub fn order(entry: &str, due: i64) -> Order {
    Order {
        audit: id("audit"),
        entries: set(&[entry]),
        request: None,
        conductor: Conductor::Dwg,
        sample: 2,
        due: date(due),
        commitment: commit(Party::Dwg),
    }
}

/// A programme and its record.
#[derive(Clone, Default)]
pub struct World {
    pub state: Programme,
    pub events: Vec<Event>,
    pub today: i64,
}

impl World {
    pub fn ask(&self, name: &str, command: &Command) -> Result<Vec<Event>, Refusal> {
        decide(&self.state, &who(name), command, "as the test needs it", at(self.today))
    }

    /// Does it, or fails the test.
    pub fn does(&mut self, name: &str, command: Command) -> &mut Self {
        match self.ask(name, &command) {
            Ok(events) => {
                self.state = apply_all(std::mem::take(&mut self.state), &events).unwrap();
                self.events.extend(events);
            }
            Err(refusal) => panic!("{name}: {}: {refusal}", command.name()),
        }
        self
    }

    /// Proposed by the first member of the working group, confirmed by the second.
    pub fn decided(&mut self, decision: Decision) -> &mut Self {
        self.does("dora", Command::Propose { proposal: id("p"), decision: Box::new(decision) });
        self.does("dirk", Command::Confirm { proposal: id("p") })
    }

    pub fn refuses(&self, name: &str, command: Command) -> Refusal {
        match self.ask(name, &command) {
            Ok(events) => panic!("{name}: {} was carried out: {events:?}", command.name()),
            Err(refusal) => refusal,
        }
    }

    pub fn refuses_to_decide(&self, decision: Decision) -> Refusal {
        self.refuses("dora", Command::Propose { proposal: id("p"), decision: Box::new(decision) })
    }

    pub fn empty() -> Self {
        Self::default()
    }

    pub fn with_class() -> Self {
        let mut world = Self::empty();
        world.decided(Decision::DefineClass { class: pump() });
        world
    }

    /// In public review for thirty days.
    pub fn with_review() -> Self {
        let mut world = Self::with_class();
        world.does("dora", Command::DraftPp { pp: id("pp"), text: Box::new(profile("pp")) });
        let closes = date(world.today + 30);
        world.does("dora", Command::OpenPpReview { pp: id("pp"), document: hash("pp"), closes });
        world
    }

    pub fn accept_pp() -> Decision {
        Decision::AcceptPp { pp: id("pp"), document: hash("pp"), determination: None }
    }

    pub fn with_profile() -> Self {
        let mut world = Self::with_review();
        world.today += 31;
        world.decided(Self::accept_pp());
        world
    }

    pub fn with_labs() -> Self {
        let mut world = Self::with_profile();
        for (lab, person) in [("north", "nora"), ("south", "saul")] {
            let application = Box::new(application(lab));
            world.does(person, Command::ApplyLab { lab: id(lab), application });
            world.decided(Decision::AcceptLab { lab: id(lab), factors: factors() });
        }
        world
    }

    pub fn approve_st() -> Decision {
        Decision::ApproveSt { st: id("st"), document: hash("st"), determination: None }
    }

    pub fn submit(&mut self, text: StText) -> &mut Self {
        self.does("ann", Command::SubmitSt { st: id("st"), text: Box::new(text) });
        self.does("dora", Command::ReviewSt { st: id("st") })
    }

    pub fn with_st_in_review() -> Self {
        let mut world = Self::with_labs();
        world.submit(target("st"));
        world
    }

    pub fn with_st() -> Self {
        let mut world = Self::with_st_in_review();
        world.decided(Self::approve_st());
        world
    }

    pub fn plan(lab: &str) -> Command {
        Command::PlanEvaluation { evaluation: id("ev"), plan: plan_with(lab) }
    }

    pub fn deliver(&self) -> Command {
        Command::SubmitEtr { evaluation: id("ev"), etr: Box::new(report(self.today)) }
    }

    pub fn running() -> Self {
        let mut world = Self::with_st();
        world.does("nora", Self::plan("north"));
        world.does("nora", Command::StartEvaluation { evaluation: id("ev") });
        world
    }

    pub fn with_report() -> Self {
        let mut world = Self::running();
        let deliver = world.deliver();
        world.does("nora", deliver);
        world
    }

    pub fn certify(&self) -> Decision {
        Decision::Certify { with: certification(self.today) }
    }

    pub fn with_entry() -> Self {
        let mut world = Self::with_report();
        let certify = world.certify();
        world.decided(certify);
        world
    }

    pub fn entry(&self, name: &str) -> &entry::Entry {
        self.state.entry(&id(name)).unwrap()
    }

    /// A vulnerability that conflicts with the entry.
    pub fn conflict(&mut self, name: &str) -> &mut Self {
        let report = found("entry");
        self.does("pat", Command::ReportVulnerability { vulnerability: id(name), report });
        let found = BTreeMap::from([(id("entry"), BTreeSet::from(["requirement-1".to_owned()]))]);
        self.does("dora", Command::TriageVulnerability { vulnerability: id(name), found })
    }

    pub fn remediate(&mut self, name: &str) -> &mut Self {
        self.remediate_in(name, None)
    }

    /// From a version on.
    pub fn remediate_in(&mut self, name: &str, fixed_in: Option<&str>) -> &mut Self {
        let evidence = hash("fix");
        let (vulnerability, entry): (VulnerabilityId, EntryId) = (id(name), id("entry"));
        self.does(
            "ann",
            Command::ReportMitigation {
                vulnerability: vulnerability.clone(),
                entry: entry.clone(),
                evidence: evidence.clone(),
                fixed_in: fixed_in.map(str::to_owned),
            },
        );
        self.does("dora", Command::VerifyMitigation { vulnerability, entry, evidence })
    }

    pub fn remove_for(name: &str) -> Decision {
        Decision::RemoveEntry {
            entry: id("entry"),
            ground: RemovalGround::Conflict { vulnerability: id(name) },
        }
    }

    pub fn overdue(name: &str, considered: Considered) -> Decision {
        Decision::RemoveEntry {
            entry: id("entry"),
            ground: RemovalGround::Overdue { vulnerability: id(name), considered },
        }
    }

    pub fn file(&mut self, request: &str, version: &str) -> &mut Self {
        let form = form(version);
        self.does("ann", Command::RequestMaintenance { request: id(request), entry: id("entry"), form })
    }

    pub fn mitigation_plan(&self, days: i64) -> MitigationPlan {
        MitigationPlan { document: hash("plan"), due: date(self.today + days) }
    }

    /// An audit whose sample is drawn.
    pub fn drawn() -> Self {
        let mut world = Self::with_entry();
        let order = order("entry", world.today + 10);
        world.decided(Decision::OrderAudit { order });
        world.does("ann", Command::JoinAudit { audit: id("audit"), commitment: commit(Party::Developer) });
        world.does("dora", Command::RevealShare { audit: id("audit"), share: share(Party::Dwg) });
        world.does("ann", Command::RevealShare { audit: id("audit"), share: share(Party::Developer) });
        world
    }

    pub fn not_supported() -> Self {
        let mut world = Self::drawn();
        world.does("ann", Command::DeclareNotSupported { audit: id("audit") });
        world
    }
}
