//! The inputs, with the names under which they are cited.

use crate::inputs::{DocumentPresent, Finding, InputError, Inputs, Severity, SignedBundle};
use crate::judge::{Checks, Judgement, References, listed};
use dtsec_model::canonical;
use dtsec_model::etr::Verdict;
use dtsec_model::evidence::{TestKind, TestResult};
use dtsec_model::security_target::{GuidanceDocument, PartKind};
use serde::Serialize;
use std::collections::BTreeSet;

/// Characters of a digest in a reference.
const SHORT: usize = 16;

/// Something that can be cited.
pub(crate) struct Listed {
    pub(crate) reference: String,
    pub(crate) title: String,
    pub(crate) issuer: String,
}

/// Names for everything at hand.
pub(crate) struct Context<'i> {
    pub(crate) inputs: &'i Inputs,
    pub(crate) security_target: String,
    pub(crate) conformance: Option<String>,
    pub(crate) specification: Option<String>,
    pub(crate) trace: Option<String>,
    pub(crate) configuration: Option<String>,
    pub(crate) independent: Option<String>,
    pub(crate) analysis: Option<String>,
}

fn reference(name: &str, value: &impl Serialize) -> Result<String, InputError> {
    Ok(format!("{name}:{}", &canonical::digest(value)?[..SHORT]))
}

fn optional<T: Serialize>(name: &str, value: &Option<T>) -> Result<Option<String>, InputError> {
    value.as_ref().map(|value| reference(name, value)).transpose()
}

impl<'i> Context<'i> {
    pub(crate) fn new(inputs: &'i Inputs) -> Result<Context<'i>, InputError> {
        Ok(Context {
            inputs,
            security_target: reference("security-target", &inputs.security_target)?,
            conformance: optional("conformance", &inputs.conformance)?,
            specification: optional("functional-specification", &inputs.functional_specification)?,
            trace: optional("trace", &inputs.trace)?,
            configuration: optional("configuration-list", &inputs.configuration)?,
            independent: optional("independent-tests", &inputs.independent)?,
            analysis: optional("vulnerability-analysis", &inputs.analysis)?,
        })
    }

    /// The Security Target, cited.
    pub(crate) fn target(&self) -> References {
        References::to(&self.security_target)
    }

    /// The requirements that are claimed and not struck through, each once.
    pub(crate) fn claimed(&self) -> BTreeSet<&'i str> {
        let claims = self.inputs.security_target.requirements.iter();
        claims.filter(|claim| claim.struck.is_none()).map(|claim| claim.id.as_str()).collect()
    }

    /// Findings that touch a work unit, from this weight on.
    pub(crate) fn findings(&self, unit: &str, severity: Severity) -> Vec<&'i Finding> {
        let Some(conformance) = &self.inputs.conformance else { return Vec::new() };
        let touches = |finding: &&Finding| super::ase::touches(&finding.pointer, unit);
        conformance.findings.iter().filter(|finding| finding.severity == severity).filter(touches).collect()
    }

    /// Every result with the name that it is cited by.
    pub(crate) fn results(&self) -> impl Iterator<Item = (String, &'i TestResult, &'i SignedBundle)> {
        self.inputs.evidence.iter().flat_map(|signed| {
            let run = &signed.bundle.run.id;
            signed.bundle.results.iter().map(move |result| (format!("{run}/{}", result.id), result, signed))
        })
    }

    /// The attacks, and what was tried under many faults.
    pub(crate) fn attacks(&self) -> Vec<(String, &'i TestResult)> {
        let attack = |result: &TestResult| matches!(result.kind, TestKind::Attack | TestKind::Campaign);
        self.results()
            .filter(|(_, result, _)| attack(result))
            .map(|(cited, result, _)| (cited, result))
            .collect()
    }

    /// What the tests of a requirement came to.
    pub(crate) fn tested(&self, requirement: &str) -> (usize, Vec<String>) {
        let of = |result: &TestResult| result.requirements.iter().any(|id| id == requirement);
        let (mut passed, mut others) = (0, Vec::new());
        for (cited, result, _) in self.results().filter(|(_, result, _)| of(result)) {
            if result.verdict == Verdict::Pass { passed += 1 } else { others.push(cited) }
        }
        (passed, others)
    }

    /// The documents of a component that the Security Target lists, each with the one at hand.
    pub(crate) fn documents(
        &self,
        component: &str,
    ) -> Vec<(&'i GuidanceDocument, Option<&'i DocumentPresent>)> {
        let serves = |document: &&GuidanceDocument| document.serves.iter().any(|id| id == component);
        let listed = self.inputs.security_target.all_documents().filter(serves);
        listed.map(|document| (document, self.document(&document.id))).collect()
    }

    /// A document at hand.
    pub(crate) fn document(&self, id: &str) -> Option<&'i DocumentPresent> {
        self.inputs.documents.iter().find(|document| document.id == id)
    }

    /// What the conformance check found under a place, in words; nothing where the check was not made.
    pub(crate) fn found_under(&self, place: &str) -> Option<Vec<String>> {
        let conformance = self.inputs.conformance.as_ref()?;
        let under = |finding: &&Finding| {
            let rest = finding.pointer.strip_prefix(place);
            finding.severity != Severity::Note
                && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let found = conformance.findings.iter().filter(under);
        Some(found.map(|finding| format!("{}: {}", finding.pointer, finding.message)).collect())
    }

    /// Whether what was run is what the Security Target describes: every part that is code, in its version.
    pub(crate) fn configuration_under_test(&self, what: &str) -> Judgement {
        let runs = &self.inputs.evidence;
        let cited = runs.iter().map(|signed| signed.bundle.run.id.clone());
        let Some(references) = References::of(cited.chain([self.security_target.clone()])) else {
            return Judgement::person("", []);
        };
        let parts = self.inputs.security_target.platform.parts.iter();
        let code: Vec<_> = parts.filter(|part| part.what != PartKind::Hardware).collect();
        let (mut wrong, mut unknown) = (Vec::new(), BTreeSet::new());
        for part in &code {
            let mut seen = false;
            for signed in runs {
                let run = &signed.bundle.run;
                let Some(image) = run.images.iter().find(|image| image.part == part.name) else { continue };
                seen = true;
                if image.version == dtsec_evidence::evaluation::UNVERSIONED {
                    unknown.insert(format!("{} in {} has no version", part.name, run.id));
                } else if image.version != part.version {
                    wrong.push(format!(
                        "{} is {} in {} and {} in the Security Target",
                        part.name, image.version, run.id, part.version
                    ));
                }
            }
            // A run of one part alone says nothing of the others.
            if !seen {
                unknown.insert(format!("{} is not among the images of any run", part.name));
            }
        }
        if runs.is_empty() || code.is_empty() || (wrong.is_empty() && !unknown.is_empty()) {
            let open: Vec<String> = unknown.into_iter().collect();
            let prepared = if runs.is_empty() {
                "There is no evidence of any run.".to_owned()
            } else {
                format!("Not settled by names and versions: {}.", listed(&open))
            };
            return Judgement::person(prepared, runs.iter().map(|signed| signed.bundle.run.id.clone()));
        }
        let done = format!(
            "The images of {} runs were compared with the {} parts of code in the Security Target, by name and \
             version.",
            runs.len(),
            code.len()
        );
        Checks::default()
            .none(&format!("{what} has the parts and versions of the Security Target"), &wrong)
            .judge(done, references)
    }
}

/// Everything that a result may cite, for the report's list.
pub(crate) fn listed_evidence(context: &Context<'_>) -> Vec<Listed> {
    let inputs = context.inputs;
    let target = &inputs.security_target;
    let developer = &target.organisation;
    let mut all = vec![Listed {
        reference: context.security_target.clone(),
        title: format!("{}, version {}", target.title, target.version),
        issuer: developer.clone(),
    }];
    let mut add = |reference: &Option<String>, title: &str, issuer: &str| {
        if let Some(reference) = reference {
            let (title, issuer) = (title.to_owned(), issuer.to_owned());
            all.push(Listed { reference: reference.clone(), title, issuer });
        }
    };
    let checker = inputs.conformance.as_ref().map_or("", |conformance| &conformance.tool);
    add(&context.conformance, "Conformance of the Security Target", checker);
    add(&context.specification, "Functional specification", developer);
    add(&context.trace, "Map of sources to requirements", developer);
    add(&context.configuration, "Configuration list", developer);
    add(&context.independent, "Independent tests", "the evaluator");
    add(&context.analysis, "Vulnerability analysis", "the evaluator");
    for signed in &inputs.evidence {
        let run = &signed.bundle.run;
        let issuer = match &signed.signers[..] {
            [] => "not signed".to_owned(),
            signers => format!("signed by {}", signers.join(", ")),
        };
        let title = format!("{} {} on {}, {}", run.tool, run.tool_version, run.target, run.started);
        all.push(Listed { reference: run.id.clone(), title, issuer });
    }
    for document in &inputs.documents {
        let listed = target.all_documents().find(|listed| listed.id == document.id);
        let title = listed.map_or_else(
            || document.id.clone(),
            |listed| format!("{}, version {}", listed.title, listed.version),
        );
        all.push(Listed { reference: cite(document), title, issuer: developer.clone() });
    }
    all
}

/// How a document is cited.
pub(crate) fn cite(document: &DocumentPresent) -> String {
    let digest = document.sha256.get(..SHORT).unwrap_or(&document.sha256);
    format!("document:{}@{digest}", document.id)
}
