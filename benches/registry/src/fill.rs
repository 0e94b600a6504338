//! A registry of any size, made by the programme's own commands: profile, labs and people as in the demonstration, and then
//! products from their Security Targets to the list, some with later versions, some taken off again.

use anyhow::{Context as _, Result};
use dtsec_model::etr::Verdict;
use dtsec_model::security_target::Confidentiality;
use dtsec_registry::domain::entry::RemovalGround;
use dtsec_registry::domain::evaluation::{Certification, Etr, Plan, Search, Unit};
use dtsec_registry::domain::lab::TechnologyClass;
use dtsec_registry::domain::maintenance::{Appending, Difference, Effect, Form};
use dtsec_registry::domain::pp::Editions;
use dtsec_registry::domain::st::{PartOf, Publication, StText};
use dtsec_registry::domain::vulnerability::{Report, Severity};
use dtsec_registry::domain::{
    Actor, Command, Decision, Digest, Event, Programme, Role, VulnerabilityId, apply_all, day, decide,
};
use dtsec_serve::registry::{Grant, parts, transaction_of};
use dtsec_serve::{Registry, demo};
use dtsec_store::{Loaded, NewDocument, Time};
use std::collections::BTreeSet;
use std::str::FromStr;

/// Products of one developer that are carried through together.
const BATCH: usize = 100;

/// Developers, each with about as many products.
const DEVELOPERS: usize = 40;

const BRANDS: [&str; 25] = [
    "Aurora", "Balance", "Cadence", "Delta", "Ember", "Fathom", "Glide", "Harbour", "Indigo", "Juniper",
    "Keystone", "Lumen", "Meridian", "Nimbus", "Orbit", "Prairie", "Quartz", "Ripple", "Summit", "Tempo",
    "Umber", "Vector", "Willow", "Xenon", "Zephyr",
];
const THINGS: [&str; 10] =
    ["Pump", "Meter", "Sensor", "Pen", "Patch", "Bridge", "Receiver", "Controller", "Watch", "Reader"];
const LINES: [&str; 16] = [
    "Air", "Basic", "Care", "Daily", "Easy", "Flex", "Go", "Home", "Junior", "Link", "Max", "Neo", "One",
    "Plus", "Sport", "Travel",
];

/// The name of a product. All words are frequent but its number.
pub fn name(number: usize) -> String {
    let pick = |from: &[&'static str], by: usize| from[(number / by) % from.len()];
    format!("{} {} {} {number}", pick(&BRANDS, 7), pick(&THINGS, 1), pick(&LINES, 3))
}

/// Words that a search may have: of brands, things and lines.
pub fn words() -> [&'static [&'static str]; 3] {
    [&BRANDS, &THINGS, &LINES]
}

/// The class of devices of a product.
fn class(number: usize) -> &'static str {
    if THINGS[number % THINGS.len()] == "Pump" { "pump" } else { "meter" }
}

/// The id of a product's entry.
pub fn entry(number: usize) -> String {
    format!("product-{number}")
}

fn id<T: FromStr>(text: &str) -> Result<T> {
    text.parse().ok().with_context(|| format!("`{text}` is no id"))
}

/// Whoever acts.
struct Cast {
    dana: Actor,
    david: Actor,
    nora: Actor,
    pat: Actor,
}

async fn who(registry: &Registry, name: &str) -> Result<Actor> {
    let (actor, _) = registry.actor(name).await?.with_context(|| format!("nobody is called `{name}`"))?;
    Ok(actor)
}

/// What every product leans on.
async fn base(registry: &Registry) -> Result<Programme> {
    let mut programme = Programme::default();
    for (kind, name) in [("class", "pump"), ("class", "meter"), ("pp", "cdd-1.0"), ("lab", "north")] {
        let part =
            parts::part(kind, name).with_context(|| format!("there are no parts of the kind {kind}"))?;
        let key = parts::key(&part);
        parts::insert(&mut programme, &part, registry.store().load([key.clone()]).await?.state(&key))?;
    }
    Ok(programme)
}

/// Fills an empty registry. What happens to the products of a batch is decided by the domain, step by step, and kept at once:
/// singly, ten thousand would take an hour.
///
/// # Errors
/// Where a command is refused, or the store fails.
pub async fn fill(registry: &Registry, products: usize) -> Result<()> {
    demo::fill(registry).await?;
    let cast = Cast {
        dana: who(registry, "dana").await?,
        david: who(registry, "david").await?,
        nora: who(registry, "nora").await?,
        pat: who(registry, "pat").await?,
    };
    let base = base(registry).await?;
    let size = BATCH.min(products.div_ceil(DEVELOPERS)).max(1);
    let numbers: Vec<usize> = (0..products).collect();
    for (number, numbers) in numbers.chunks(size).enumerate() {
        let developer = developer(registry, &cast.dana, number % DEVELOPERS).await?;
        let now = registry.now();
        let mut batch = Batch {
            cast: &cast,
            developer,
            number,
            numbers,
            now,
            programme: base.clone(),
            events: Vec::new(),
            documents: Vec::new(),
        };
        batch.carry_through()?;
        let (events, documents) = (batch.events, batch.documents);
        let mut all = transaction_of(base.clone(), &Loaded::default(), "first-member", now, &events)?;
        all.documents = documents;
        registry.store().commit(all).await?;
    }
    Ok(())
}

async fn developer(registry: &Registry, dana: &Actor, number: usize) -> Result<Actor> {
    let name = format!("developer-{number}");
    if let Some((actor, _)) = registry.actor(&name).await? {
        return Ok(actor);
    }
    let reason = "measured";
    registry
        .put_organisation(
            dana,
            &id(&name)?,
            &format!("{} Medical {number}", BRANDS[number % 25]),
            "developer",
            reason,
        )
        .await?;
    let grant = Grant {
        person: id(&name)?,
        name: format!("Developer {number}"),
        email: None,
        organisation: id(&name)?,
        roles: [Role::Developer].into(),
        reason: reason.to_owned(),
    };
    Ok(registry.grant(dana, &grant).await?.actor(grant.person))
}

/// Products that go through the programme together.
struct Batch<'a> {
    cast: &'a Cast,
    developer: Actor,
    number: usize,
    numbers: &'a [usize],
    now: Time,
    programme: Programme,
    events: Vec<Event>,
    documents: Vec<NewDocument>,
}

/// A command, and the documents that it brings into a case.
struct Step {
    command: Command,
    case: String,
    papers: Vec<(Digest, Vec<u8>)>,
}

fn step(command: Command) -> Step {
    Step { command, case: String::new(), papers: Vec::new() }
}

fn with(command: Command, case: String, papers: Vec<(Digest, Vec<u8>)>) -> Step {
    Step { command, case, papers }
}

fn propose(proposal: &str, decision: Decision) -> Result<Step> {
    Ok(step(Command::Propose { proposal: id(proposal)?, decision: Box::new(decision) }))
}

/// A paper of a page, with its hash.
fn paper(title: &str) -> Result<(Digest, Vec<u8>)> {
    let bytes =
        format!("# {title}\n\n{}", "A paper that was made to be measured with.\n".repeat(20)).into_bytes();
    let hash = dtsec_store::Digest::of(&bytes);
    Ok((id(hash.as_str())?, bytes))
}

fn components() -> BTreeSet<String> {
    ["ADV_ARC.1", "ADV_FSP.4", "AGD_OPE.1", "ALC_CMC.4", "ATE_IND.2", "AVA_VAN.4"].map(str::to_owned).into()
}

fn claims() -> BTreeSet<String> {
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

impl Batch<'_> {
    fn carry_through(&mut self) -> Result<()> {
        let Cast { dana, nora, pat, .. } = self.cast;
        let developer = self.developer.clone();
        for one in self.numbers.iter().copied() {
            let submitted = self.submitted(one)?;
            self.act(&developer, submitted)?;
            self.act(dana, step(Command::ReviewSt { st: id(&entry(one))? }))?;
            let document = paper(&format!("Security Target {one}"))?.0;
            let approve = Decision::ApproveSt { st: id(&entry(one))?, document, determination: None };
            self.decided(&format!("st-{one}"), approve)?;
            let publication = Publication::Formal;
            self.act(&developer, step(Command::PublishSt { st: id(&entry(one))?, publication }))?;
            for evaluated in self.evaluated(one)? {
                self.act(nora, evaluated)?;
            }
            let with = Certification {
                evaluation: id(&entry(one))?,
                etr: paper(&format!("Report {one}"))?.0,
                certificate: id(&format!("DTS-2030-{one}"))?,
                entry: id(&entry(one))?,
                search: self.search(one),
            };
            self.decided(&format!("entry-{one}"), Decision::Certify { with })?;
            // Every fifth has a later version, every twentieth is off the list.
            if one.is_multiple_of(5) {
                let requested = self.requested(one)?;
                self.act(&developer, requested)?;
                let with = Appending {
                    request: id(&format!("request-{one}"))?,
                    document: paper(&format!("Maintenance request {one}"))?.0,
                    together_with: BTreeSet::new(),
                    joint_effect: "None.".to_owned(),
                };
                self.decided(&format!("version-{one}"), Decision::AppendVersion { with })?;
            }
            if one % 20 == 7 {
                let reported = self.reported(one)?;
                self.act(pat, reported)?;
                let vulnerability: VulnerabilityId = id(&format!("CVE-2030-{one}"))?;
                let claims = BTreeSet::from(["secure-communication-enforcement".to_owned()]);
                let found = [(id(&entry(one))?, claims)].into();
                let triage = Command::TriageVulnerability { vulnerability: vulnerability.clone(), found };
                self.act(dana, step(triage))?;
                let ground = RemovalGround::Conflict { vulnerability };
                let remove = Decision::RemoveEntry { entry: id(&entry(one))?, ground };
                self.decided(&format!("removal-{one}"), remove)?;
            }
        }
        Ok(())
    }

    /// What one person does.
    fn act(&mut self, actor: &Actor, step: Step) -> Result<()> {
        let events = decide(&self.programme, actor, &step.command, "measured", self.now)?;
        self.programme = apply_all(std::mem::take(&mut self.programme), &events)?;
        self.events.extend(events);
        for (digest, bytes) in step.papers {
            self.documents.push(NewDocument {
                case: step.case.clone(),
                digest: digest.as_str().parse()?,
                confidential: true,
                media: "text/markdown; charset=utf-8".to_owned(),
                name: "paper.md".to_owned(),
                bytes,
            });
        }
        Ok(())
    }

    /// What two members of the working group decide.
    fn decided(&mut self, proposal: &str, decision: Decision) -> Result<()> {
        self.act(&self.cast.dana, propose(proposal, decision)?)?;
        self.act(&self.cast.david, step(Command::Confirm { proposal: id(proposal)? }))
    }

    fn search(&self, number: usize) -> Search {
        Search { date: day(self.now), sources: vec!["NVD".to_owned()], terms: vec![name(number)] }
    }

    fn submitted(&self, number: usize) -> Result<Step> {
        let (document, bytes) = paper(&format!("Security Target {number}"))?;
        let papers = vec![(document.clone(), bytes)];
        let text = Box::new(StText {
            document,
            st_version: "1.0".to_owned(),
            product: name(number),
            version: "1.0".to_owned(),
            identity: format!("{} 1.0", entry(number)),
            class: id(class(number))?,
            profile: Some((id("cdd-1.0")?, id("moderate")?)),
            components: components(),
            claims: claims(),
            additions: BTreeSet::new(),
            editions: Editions::standard(),
            confidentiality: Confidentiality::Public,
            part_of: PartOf::Device,
            // Up to twenty products of a developer share a part.
            contains: BTreeSet::from([id(&format!("part-{}-{}", self.number, number / 20))?]),
            certified_parts: BTreeSet::new(),
            revises: None,
        });
        Ok(with(Command::SubmitSt { st: id(&entry(number))?, text }, format!("st/{}", entry(number)), papers))
    }

    fn evaluated(&self, number: usize) -> Result<Vec<Step>> {
        let evaluation = || id(&entry(number));
        let classes = [TechnologyClass::SimpleMicrocontroller, TechnologyClass::WirelessProtocol].into();
        let plan =
            Plan { st: id(&entry(number))?, lab: id("north")?, classes, agreement: None, revalidates: None };
        let unit = |component: &String| Unit {
            id: format!("{component}-1"),
            component: component.clone(),
            verdict: Verdict::Pass,
            has_rationale: true,
            has_observation: false,
        };
        let report = paper(&format!("Report {number}"))?;
        let working = paper(&format!("Working papers {number}"))?;
        let etr = Box::new(Etr {
            document: report.0.clone(),
            st_document: paper(&format!("Security Target {number}"))?.0,
            identity: format!("{} 1.0", entry(number)),
            units: components().iter().map(unit).collect(),
            search: self.search(number),
            working_papers: Some(working.0.clone()),
            reference_values: None,
            by_life_cycle_audit: BTreeSet::new(),
        });
        Ok(vec![
            step(Command::PlanEvaluation { evaluation: evaluation()?, plan }),
            step(Command::StartEvaluation { evaluation: evaluation()? }),
            with(
                Command::SubmitEtr { evaluation: evaluation()?, etr },
                format!("evaluation/{}", entry(number)),
                vec![report, working],
            ),
        ])
    }

    fn requested(&self, number: usize) -> Result<Step> {
        let paper = paper(&format!("Maintenance request {number}"))?;
        let form = Form {
            document: paper.0.clone(),
            version: "1.1".to_owned(),
            identity: format!("{} 1.1", entry(number)),
            st: None,
            reference_values: None,
            differences: vec![Difference {
                what: "Two words on the display.".to_owned(),
                touches: BTreeSet::new(),
                effect: Effect::Minor,
                reasoning: "No requirement is touched.".to_owned(),
            }],
        };
        let (request, entry) = (id(&format!("request-{number}"))?, id(&entry(number))?);
        let case = format!("request/request-{number}");
        Ok(with(Command::RequestMaintenance { request, entry, form }, case, vec![paper]))
    }

    fn reported(&self, number: usize) -> Result<Step> {
        let paper = paper(&format!("Vulnerability {number}"))?;
        let document = paper.0.clone();
        let entries = BTreeSet::from([id(&entry(number))?]);
        let report = Report { document, severity: Severity::High, entries, component: None, plan: None };
        let vulnerability = id(&format!("CVE-2030-{number}"))?;
        let case = format!("vulnerability/CVE-2030-{number}");
        Ok(with(Command::ReportVulnerability { vulnerability, report }, case, vec![paper]))
    }
}
