//! The draft of a certificate: what the registry would issue, and everything that keeps it from doing so.

use crate::doc::{Block, Doc, Line, Tone, code, missing, plain, strong};
use crate::layout::{Layout, cell, row, said};
use crate::text::{Anchor, Text};
use crate::{RenderError, etr as report};
use dtsec_model::etr::{EvaluationTechnicalReport, Verdict};
use dtsec_model::profile::SesipProfile;
use dtsec_model::security_target::SecurityTarget;
use dtsec_model::{canonical, catalogue};

/// What stands across a draft.
pub const BANNER: &str = "DRAFT – NOT A CERTIFICATE";

/// The draft of a certificate for what this report evaluated. It stays a draft: only the registry issues certificates.
///
/// # Errors
/// [`RenderError::OtherProfile`] and [`RenderError::OtherSecurityTarget`] where the three do not belong together.
pub fn draft(
    etr: &EvaluationTechnicalReport,
    target: &SecurityTarget,
    profile: &SesipProfile,
) -> Result<Doc, RenderError> {
    if target.profile.id != profile.id {
        let (claimed, given) = (target.profile.id.clone(), profile.id.clone());
        return Err(RenderError::OtherProfile { claimed, given });
    }
    let of_target = canonical::digest(target).map_err(|error| RenderError::Digest(error.to_string()))?;
    if let Some(named) = etr.security_target.digest.as_ref().filter(|named| **named != of_target) {
        return Err(RenderError::OtherSecurityTarget { named: named.clone(), given: of_target });
    }
    let of_etr = canonical::digest(etr).map_err(|error| RenderError::Digest(error.to_string()))?;
    let identification = |id: &str| {
        let row = target.platform.identification.iter().find(|row| row.row == id);
        row.map_or("", |row| row.value.as_str())
    };
    let facts: Vec<(Text, Line)> = vec![
        ("Certificate number".into(), vec![plain("given by the registry when it issues the certificate")]),
        ("Issued, valid until".into(), vec![plain("given by the registry")]),
        ("Product".into(), said(identification("commercial-name"), "product name")),
        ("Developer".into(), said(&etr.parties.developer, "developer")),
        ("Sponsor".into(), said(&etr.parties.sponsor, "sponsor")),
        ("Assurance level".into(), vec![strong(etr.level.name())]),
        ("Profile".into(), vec![plain(format!("{}, version {}", profile.reference, profile.version))]),
        ("SESIP version".into(), said(&target.sesip_version, "SESIP version")),
        ("Lab".into(), said(&etr.parties.lab, "lab")),
        ("Scheme".into(), said(&etr.scheme, "scheme")),
    ];
    let doc = Doc {
        kind: "Certificate".into(),
        title: Text::new(&format!("Security certificate for {}", etr.platform.title)),
        author: Text::default(),
        date: Some(etr.date),
        version: Text::new(&etr.version),
        digest: Text::new(&of_etr),
        mark: "Draft for the certifying body".into(),
        banner: Some(BANNER.into()),
        facts,
        front: front(etr, target),
        body: body(etr, target, profile, [&of_target, &of_etr]),
    };
    Ok(doc.without_dangling_links())
}

/// What keeps a certificate from being issued, in words.
pub fn obstacles(etr: &EvaluationTechnicalReport, target: &SecurityTarget) -> Vec<String> {
    let mut found = Vec::new();
    match report::overall(etr) {
        Verdict::Pass => {}
        verdict => found.push(format!("the verdict over all work units is {}", verdict.name())),
    }
    for claim in target.requirements.iter().filter(|claim| claim.not_yet_met.is_some()) {
        found.push(format!("the claim {} is not met by this version of the platform", claim.name()));
    }
    for one in etr.vulnerabilities.iter().filter(|one| one.factors.is_exploitable_at(etr.level)) {
        found.push(format!("the vulnerability {} can be exploited at {}", one.id, etr.level.name()));
    }
    if etr.security_target.digest.is_none() {
        found.push("the report does not say by digest which Security Target was evaluated".to_owned());
    }
    if !target.platform.only_certified_products_identify_so {
        found.push(
            "the developer does not declare that only the certified product identifies itself so".to_owned(),
        );
    }
    let levels: Vec<&str> = target.assurance.levels.iter().map(|claim| claim.level.name()).collect();
    if !levels.contains(&etr.level.name()) {
        let claimed = levels.join(", ");
        found.push(format!(
            "the report is about {}, and the Security Target claims {claimed}",
            etr.level.name()
        ));
    }
    found
}

fn front(etr: &EvaluationTechnicalReport, target: &SecurityTarget) -> Vec<Block> {
    let mut out = Layout::new();
    let text = "This is the draft of a certificate, made from the report of the evaluation. It certifies nothing. A certificate \
                exists when the registry has issued it under a number of its own.";
    out.note("draft", Tone::Alert, BANNER, vec![vec![plain(text)]]);
    let obstacles = obstacles(etr, target);
    if !obstacles.is_empty() {
        let lines = obstacles.into_iter().map(|one| vec![plain(one)]).collect();
        out.note("obstacles", Tone::Alert, "What keeps it from being issued", lines);
    }
    out.into_blocks()
}

fn body(
    etr: &EvaluationTechnicalReport,
    target: &SecurityTarget,
    profile: &SesipProfile,
    [of_target, of_etr]: [&String; 2],
) -> Vec<Block> {
    let mut out = Layout::new();
    out.heading(1, Some("1"), "What is certified", Anchor::new("section", "1"));
    let rows = target.platform.identification.iter().map(|one| {
        let known = profile.identification.iter().find(|row| row.id == one.row);
        let title = known.map_or(&*one.row, |row| &row.title);
        row(&*one.row, vec![cell(strong(title)), vec![said(&one.value, title)]])
    });
    let rows = rows.collect();
    out.table("platform", "Identification: what the device answers", &[("Item", 35), ("Value", 65)], rows);

    out.heading(1, Some("2"), "Security functional requirements", Anchor::new("section", "2"));
    let rows = target.requirements.iter().map(|claim| {
        let known = profile.requirement(&claim.id).map(|one| one.title.clone());
        let title = known.or_else(|| catalogue::sfr(&claim.id).map(|sfr| sfr.title.clone()));
        let mut name = title.unwrap_or_else(|| claim.id.clone());
        if let Some(iteration) = &claim.iteration {
            name.push_str(&format!(" ({iteration})"));
        }
        let standing = match (&claim.struck, &claim.not_yet_met) {
            (Some(_), _) => plain("struck through: not claimed"),
            (None, Some(_)) => strong("✗ not met yet"),
            (None, None) => plain("claimed"),
        };
        row(claim.name(), vec![cell(plain(name)), cell(standing)])
    });
    let rows = rows.collect();
    out.table("requirements", "Requirements", &[("Requirement", 70), ("Standing", 30)], rows);

    out.heading(1, Some("3"), "Conditions", Anchor::new("section", "3"));
    let text = "The certificate holds for the platform as it is identified here, used as its guidance says, with these objectives \
                met by its environment:";
    out.line("conditions", vec![plain(text)]);
    let names = target.objectives.iter().map(|one| vec![code(&one.id)]).collect();
    out.lines("objectives", names);

    out.heading(1, Some("4"), "What it rests on", Anchor::new("section", "4"));
    let vulnerabilities =
        etr.vulnerabilities.iter().filter(|one| !one.factors.is_exploitable_at(etr.level)).count();
    let named = etr.security_target.digest.as_ref();
    let digest = if named.is_some() {
        code(of_target)
    } else {
        missing("digest of the Security Target in the report")
    };
    let rows: Vec<(&str, Line)> = vec![
        ("Security Target", vec![plain(format!("{}, version {}", target.title, target.version))]),
        ("Its digest", vec![digest]),
        (
            "Evaluation Technical Report",
            vec![plain(format!("{}, version {}, {}", etr.reference, etr.version, etr.date))],
        ),
        ("Its digest", vec![code(of_etr)]),
        ("Verdict", vec![report::verdict(report::overall(etr))]),
        ("Residual vulnerabilities", vec![plain(vulnerabilities.to_string())]),
    ];
    let rows = rows.into_iter().enumerate();
    let rows = rows
        .map(|(number, (term, line))| row(format!("{number} {term}"), vec![cell(strong(term)), vec![line]]));
    let rows = rows.collect();
    out.table("basis", "Documents and verdict", &[("Item", 35), ("Value", 65)], rows);
    out.into_blocks()
}
