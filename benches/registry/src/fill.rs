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
use dtsec_registry::domain::{Actor, Command, Date, Decision, Digest, Role, day};
use dtsec_serve::registry::{Grant, Kind, Step, Upload};
use dtsec_serve::{Registry, demo};
use std::collections::BTreeSet;
use std::str::FromStr;

/// Products of one developer that are carried through together.
const BATCH: usize = 100;

/// Developers, each with about as many products.
const DEVELOPERS: usize = 40;

const BRANDS: [&str; 25] = [
    "Aurora", "Balance", "Cadence", "Delta", "Ember", "Fathom", "Glide", "Harbour", "Indigo", "Juniper", "Keystone",
    "Lumen", "Meridian", "Nimbus", "Orbit", "Prairie", "Quartz", "Ripple", "Summit", "Tempo", "Umber", "Vector",
    "Willow", "Xenon", "Zephyr",
];
const THINGS: [&str; 10] =
    ["Pump", "Meter", "Sensor", "Pen", "Patch", "Bridge", "Receiver", "Controller", "Watch", "Reader"];
const LINES: [&str; 16] = [
    "Air", "Basic", "Care", "Daily", "Easy", "Flex", "Go", "Home", "Junior", "Link", "Max", "Neo", "One", "Plus",
    "Sport", "Travel",
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

/// Fills an empty registry.
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
    let size = BATCH.min(products.div_ceil(DEVELOPERS)).max(1);
    let numbers: Vec<usize> = (0..products).collect();
    for (batch, numbers) in numbers.chunks(size).enumerate() {
        let developer = developer(registry, &cast.dana, batch % DEVELOPERS).await?;
        Batch { registry, cast: &cast, developer, numbers, today: day(registry.now()) }.carry_through().await?;
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
        .put_organisation(dana, &id(&name)?, &format!("{} Medical {number}", BRANDS[number % 25]), "developer", reason)
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
    registry: &'a Registry,
    cast: &'a Cast,
    developer: Actor,
    numbers: &'a [usize],
    today: Date,
}

fn step(command: Command) -> Step {
    Step { command, reason: "measured".to_owned(), attached: Vec::new() }
}

fn with(command: Command, papers: Vec<Upload>) -> Step {
    Step { attached: papers, ..step(command) }
}

fn propose(proposal: &str, decision: Decision) -> Result<Step> {
    Ok(step(Command::Propose { proposal: id(proposal)?, decision: Box::new(decision) }))
}

/// A paper of a page, and its hash.
fn paper(title: &str) -> Result<(Digest, Upload)> {
    let bytes = format!("# {title}\n\n{}", "A paper that was made to be measured with.\n".repeat(20)).into_bytes();
    let hash = dtsec_store::Digest::of(&bytes);
    let media = "text/markdown; charset=utf-8".to_owned();
    Ok((id(hash.as_str())?, Upload { kind: Kind::Other, media, name: format!("{title}.md"), bytes }))
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
    async fn carry_through(&self) -> Result<()> {
        let Cast { dana, david, nora, pat } = self.cast;
        let all = |_: usize| true;
        // Every fifth has a later version, every twentieth is off the list.
        let (maintained, removed) = (|one: usize| one.is_multiple_of(5), |one: usize| one % 20 == 7);
        self.act(&self.developer, all, |one| Ok(vec![self.submitted(one)?])).await?;
        self.act(dana, all, |one| {
            let document = paper(&format!("Security Target {one}"))?.0;
            let approve = Decision::ApproveSt { st: id(&entry(one))?, document, determination: None };
            Ok(vec![step(Command::ReviewSt { st: id(&entry(one))? }), propose(&format!("st-{one}"), approve)?])
        })
        .await?;
        self.confirm(david, "st", all).await?;
        self.act(&self.developer, all, |one| {
            let publication = Publication::Formal;
            Ok(vec![step(Command::PublishSt { st: id(&entry(one))?, publication })])
        })
        .await?;
        self.act(nora, all, |one| self.evaluated(one)).await?;
        self.act(dana, all, |one| {
            let with = Certification {
                evaluation: id(&entry(one))?,
                etr: paper(&format!("Report {one}"))?.0,
                certificate: id(&format!("DTS-2030-{one}"))?,
                entry: id(&entry(one))?,
                search: self.search(one),
            };
            Ok(vec![propose(&format!("entry-{one}"), Decision::Certify { with })?])
        })
        .await?;
        self.confirm(david, "entry", all).await?;
        self.act(&self.developer, maintained, |one| Ok(vec![self.requested(one)?])).await?;
        self.act(dana, maintained, |one| {
            let with = Appending {
                request: id(&format!("request-{one}"))?,
                document: paper(&format!("Maintenance request {one}"))?.0,
                together_with: BTreeSet::new(),
                joint_effect: "None.".to_owned(),
            };
            Ok(vec![propose(&format!("version-{one}"), Decision::AppendVersion { with })?])
        })
        .await?;
        self.confirm(david, "version", maintained).await?;
        self.act(pat, removed, |one| Ok(vec![self.reported(one)?])).await?;
        self.act(dana, removed, |one| {
            let vulnerability = || id(&format!("CVE-2030-{one}"));
            let claims = BTreeSet::from(["secure-communication-enforcement".to_owned()]);
            let found = [(id(&entry(one))?, claims)].into();
            let ground = RemovalGround::Conflict { vulnerability: vulnerability()? };
            Ok(vec![
                step(Command::TriageVulnerability { vulnerability: vulnerability()?, found }),
                propose(&format!("removal-{one}"), Decision::RemoveEntry { entry: id(&entry(one))?, ground })?,
            ])
        })
        .await?;
        self.confirm(david, "removal", removed).await
    }

    /// What one person does with each of the products.
    async fn act(
        &self,
        actor: &Actor,
        which: impl Fn(usize) -> bool,
        steps: impl Fn(usize) -> Result<Vec<Step>>,
    ) -> Result<()> {
        let mut all = Vec::new();
        for number in self.numbers.iter().filter(|one| which(**one)) {
            all.extend(steps(*number)?);
        }
        if !all.is_empty() {
            self.registry.execute_together(actor, &all).await?;
        }
        Ok(())
    }

    async fn confirm(&self, david: &Actor, what: &str, which: impl Fn(usize) -> bool) -> Result<()> {
        self.act(david, which, |one| {
            Ok(vec![step(Command::Confirm { proposal: id(&format!("{what}-{one}"))? })])
        })
        .await
    }

    fn search(&self, number: usize) -> Search {
        Search { date: self.today, sources: vec!["NVD".to_owned()], terms: vec![name(number)] }
    }

    fn submitted(&self, number: usize) -> Result<Step> {
        let (document, upload) = paper(&format!("Security Target {number}"))?;
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
            // Some twenty products share a part.
            contains: BTreeSet::from([id(&format!("part-{}", number / 20))?]),
            certified_parts: BTreeSet::new(),
            revises: None,
        });
        Ok(with(Command::SubmitSt { st: id(&entry(number))?, text }, vec![upload]))
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
        let (document, report) = paper(&format!("Report {number}"))?;
        let (papers, working) = paper(&format!("Working papers {number}"))?;
        let etr = Box::new(Etr {
            document,
            st_document: paper(&format!("Security Target {number}"))?.0,
            identity: format!("{} 1.0", entry(number)),
            units: components().iter().map(unit).collect(),
            search: self.search(number),
            working_papers: Some(papers),
            by_life_cycle_audit: BTreeSet::new(),
        });
        Ok(vec![
            step(Command::PlanEvaluation { evaluation: evaluation()?, plan }),
            step(Command::StartEvaluation { evaluation: evaluation()? }),
            with(Command::SubmitEtr { evaluation: evaluation()?, etr }, vec![report, working]),
        ])
    }

    fn requested(&self, number: usize) -> Result<Step> {
        let (document, upload) = paper(&format!("Maintenance request {number}"))?;
        let form = Form {
            document,
            version: "1.1".to_owned(),
            identity: format!("{} 1.1", entry(number)),
            st: None,
            differences: vec![Difference {
                what: "Two words on the display.".to_owned(),
                touches: BTreeSet::new(),
                effect: Effect::Minor,
                reasoning: "No requirement is touched.".to_owned(),
            }],
        };
        let (request, entry) = (id(&format!("request-{number}"))?, id(&entry(number))?);
        Ok(with(Command::RequestMaintenance { request, entry, form }, vec![upload]))
    }

    fn reported(&self, number: usize) -> Result<Step> {
        let (document, upload) = paper(&format!("Vulnerability {number}"))?;
        let entries = BTreeSet::from([id(&entry(number))?]);
        let report = Report { document, severity: Severity::High, entries, component: None, plan: None };
        let vulnerability = id(&format!("CVE-2030-{number}"))?;
        Ok(with(Command::ReportVulnerability { vulnerability, report }, vec![upload]))
    }
}
