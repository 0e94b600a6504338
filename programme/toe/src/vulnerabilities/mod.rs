//! The search for published vulnerabilities over an SBOM, without a network: dated, repeatable, with every hit on record,
//! also those that do not apply, each with its reason (AVA_VAN.3, public search).

mod advisory;
mod database;
mod osv;
mod rustsec;

pub use advisory::{Advisory, Judgement};
pub use database::{Database, DatabaseError, Origin};

use crate::sbom::Sbom;
use semver::Version;
use serde::{Deserialize, Serialize};

/// What people have found out about hits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Findings {
    /// Each of them.
    pub findings: Vec<Finding>,
}

/// What somebody has found out about a hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Finding {
    /// The advisory.
    pub advisory: String,
    /// The library.
    pub package: String,
    /// The version that was looked at: for another one it says nothing.
    pub version: String,
    /// Whether the platform is vulnerable.
    pub applicable: bool,
    /// Why.
    pub reason: String,
    /// Who looked.
    pub by: String,
    /// When, as yyyy-mm-dd.
    pub date: String,
}

/// What is asked.
pub struct Query<'q> {
    /// What is in the product.
    pub sbom: &'q Sbom,
    /// What is known.
    pub databases: &'q [Database],
    /// Words to look for in the titles, beside the names of components: the product's, for one.
    pub terms: &'q [String],
    /// What people have found out.
    pub findings: &'q Findings,
    /// When, as yyyy-mm-dd.
    pub date: &'q str,
}

/// The record of a search.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Search {
    /// When.
    pub date: String,
    /// Of which product.
    pub product: Option<String>,
    /// In what.
    pub sources: Vec<Origin>,
    /// What was searched for: every component by name, then the other terms.
    pub terms: Vec<String>,
    /// Everything that was found.
    pub hits: Vec<Hit>,
    /// Components whose version is none that advisories could name.
    pub unversioned: Vec<String>,
    /// Findings that fit no hit: of an older version, or misspelt.
    pub idle_findings: Vec<Finding>,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Hit {
    /// The advisory.
    pub advisory: String,
    /// Other names of it.
    pub aliases: Vec<String>,
    /// What it is about.
    pub title: String,
    /// The component; none where a term was found.
    pub package: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// By what it was found.
    pub term: String,
    /// Whether it may apply.
    pub standing: Standing,
    /// Why.
    pub reason: String,
}

/// Where a hit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It applies to this version, and nobody has said that it does not to this platform.
    Open,
    /// Somebody has looked, and the platform is vulnerable.
    Confirmed,
    /// It does not apply.
    NotApplicable,
}

impl Standing {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Standing::Open => "open",
            Standing::Confirmed => "confirmed",
            Standing::NotApplicable => "not applicable",
        }
    }
}

impl Search {
    /// Hits that somebody has to do something about.
    pub fn to_be_done(&self) -> impl Iterator<Item = &Hit> {
        self.hits.iter().filter(|hit| hit.standing != Standing::NotApplicable)
    }
}

/// Searches.
pub fn search(query: &Query<'_>) -> Search {
    let mut hits = Vec::new();
    let mut unversioned = Vec::new();
    let mut used = vec![false; query.findings.findings.len()];
    let advisories = || query.databases.iter().flat_map(Database::advisories);
    for component in &query.sbom.components {
        let version = component.version.as_deref().unwrap_or_default();
        let parsed = Version::parse(version).ok();
        if parsed.is_none() {
            unversioned.push(component.name.clone());
        }
        for advisory in advisories().filter(|advisory| advisory.package == component.name) {
            let judgement = advisory.judge(parsed.as_ref());
            let found = query.findings.findings.iter().zip(&mut used).find(|(finding, _)| {
                finding.package == component.name
                    && finding.version == version
                    && advisory.is_called(&finding.advisory)
            });
            let (standing, reason) = weigh(judgement, found);
            hits.push(Hit {
                advisory: advisory.id.clone(),
                aliases: advisory.aliases.clone(),
                title: advisory.title.clone(),
                package: Some(component.name.clone()),
                version: component.version.clone(),
                term: component.name.clone(),
                standing,
                reason,
            });
        }
    }
    for term in query.terms {
        hits.extend(
            advisories()
                .filter(|advisory| advisory.mentions(term))
                .map(|advisory| mention(advisory, term, query.sbom)),
        );
    }
    hits.sort_by(|a, b| (&a.advisory, &a.package, &a.version).cmp(&(&b.advisory, &b.package, &b.version)));
    // Two databases may hold one advisory.
    hits.dedup_by(|a, b| a.advisory == b.advisory && a.package == b.package && a.version == b.version);
    let mut terms: Vec<String> =
        query.sbom.components.iter().map(|component| component.name.clone()).collect();
    terms.sort();
    terms.dedup();
    terms.extend(query.terms.iter().cloned());
    let idle = query.findings.findings.iter().zip(used).filter(|(_, used)| !used);
    let product = query.sbom.metadata.component.as_ref();
    Search {
        date: query.date.to_owned(),
        product: product
            .map(|product| format!("{} {}", product.name, product.version.as_deref().unwrap_or("-"))),
        sources: query.databases.iter().map(|database| database.origin().clone()).collect(),
        terms,
        hits,
        unversioned,
        idle_findings: idle.map(|(finding, _)| finding.clone()).collect(),
    }
}

/// What a hit comes to, from what the advisory says of the version and what somebody has found out.
fn weigh(judgement: Judgement, found: Option<(&Finding, &mut bool)>) -> (Standing, String) {
    let said = |finding: &Finding| format!("{} ({}, {})", finding.reason, finding.by, finding.date);
    match (judgement, found) {
        (judgement, Some((finding, used))) if !finding.reason.trim().is_empty() => {
            *used = true;
            match (judgement, finding.applicable) {
                (_, true) => (Standing::Confirmed, said(finding)),
                (Judgement::NotAffected(why), false) => (Standing::NotApplicable, why),
                (Judgement::Affected(_), false) => (Standing::NotApplicable, said(finding)),
            }
        }
        (Judgement::Affected(why), _) => (Standing::Open, why),
        (Judgement::NotAffected(why), _) => (Standing::NotApplicable, why),
    }
}

/// A hit by a word in a title. It applies only to what it names, which was looked for by name.
fn mention(advisory: &Advisory, term: &str, sbom: &Sbom) -> Hit {
    let inside = sbom.components.iter().any(|component| component.name == advisory.package);
    let package = &advisory.package;
    let reason = if inside {
        format!("it is about {package}, which was searched for by name: see there")
    } else {
        format!("it is about {package}, which is not in the SBOM")
    };
    Hit {
        advisory: advisory.id.clone(),
        aliases: advisory.aliases.clone(),
        title: advisory.title.clone(),
        package: None,
        version: None,
        term: term.to_owned(),
        standing: Standing::NotApplicable,
        reason,
    }
}
