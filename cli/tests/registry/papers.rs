//! What commands and decisions say.

use serde_json::{Value, json};

pub(crate) const CLAIMS: [&str; 6] =
    ["requirement-1", "requirement-2", "requirement-3", "requirement-4", "requirement-5", "requirement-6"];

const COMPONENTS: [&str; 2] = ["ADV_FSP.4", "AVA_VAN.4"];

fn editions() -> Value {
    json!({ "criteria": "ISO/IEC 15408:2009", "methodology": "ISO/IEC 18045:2005" })
}

pub(crate) fn class() -> Value {
    let class = json!({
        "id": "pump", "name": "Insulin pumps", "general-purpose-component": false, "life-critical": true, "exposed": true,
    });
    json!({ "decision": "define-class", "class": class })
}

pub(crate) fn draft(document: &str) -> Value {
    let text = json!({
        "kind": "protection-profile", "title": "Connected devices", "version": "1.0", "class": "pump",
        "document": document, "editions": editions(), "requirements": CLAIMS,
        "packages": [{ "id": "moderate", "components": COMPONENTS, "meant-for": "high" }],
    });
    json!({ "command": "draft-pp", "pp": "pp", "text": text })
}

pub(crate) fn target(document: &str, version: &str) -> Value {
    json!({
        "document": document, "st-version": "1.0", "product": "Pump", "version": version,
        "identity": format!("alpha pump {version}"), "class": "pump", "profile": ["pp", "moderate"],
        "components": COMPONENTS, "claims": CLAIMS, "editions": editions(), "confidentiality": "public",
        "part-of": { "is": "device" }, "contains": ["radio-1.0"],
    })
}

pub(crate) fn application(name: &str, document: &str, expires: &str) -> Value {
    let shown = json!({ "van": 4, "shown-by": document });
    json!({
        "name": name,
        "accreditation": {
            "body": "An accreditor", "scope": "it-security-testing", "expires": expires, "document": document,
        },
        "competence": { "simple-microcontroller": shown, "general-purpose-system": shown },
        "documents-its-work": true, "open-to-audit": true,
    })
}

pub(crate) fn accept_lab(lab: &str) -> Value {
    let factors = json!({
        "experience": "much", "accreditor": "known", "costs": "usual", "resources": "enough",
    });
    json!({ "decision": "accept-lab", "lab": lab, "factors": factors })
}

pub(crate) fn plan(evaluation: &str, st: &str, lab: &str, revalidates: Option<&str>) -> Value {
    let mut plan = json!({ "st": st, "lab": lab, "classes": ["simple-microcontroller"] });
    if let Some(request) = revalidates {
        plan["revalidates"] = json!(request);
    }
    json!({ "command": "plan-evaluation", "evaluation": evaluation, "plan": plan })
}

fn search(day: &str) -> Value {
    json!({ "date": day, "sources": ["NVD"], "terms": ["radio 1.0"] })
}

pub(crate) fn report(evaluation: &str, document: &str, st: &str, version: &str, day: &str) -> Value {
    let unit = |component: &str| {
        json!({
            "id": format!("{component}-1"), "component": component, "verdict": "pass",
            "has-rationale": true, "has-observation": false,
        })
    };
    let etr = json!({
        "document": document, "st-document": st, "identity": format!("alpha pump {version}"),
        "units": COMPONENTS.map(unit), "search": search(day), "working-papers": document,
    });
    json!({ "command": "submit-etr", "evaluation": evaluation, "etr": etr })
}

pub(crate) fn certify(evaluation: &str, etr: &str, entry: &str, certificate: &str, day: &str) -> Value {
    let with = json!({
        "evaluation": evaluation, "etr": etr, "certificate": certificate, "entry": entry, "search": search(day),
    });
    json!({ "decision": "certify", "with": with })
}

pub(crate) fn request(request: &str, document: &str, version: &str, effect: &str) -> Value {
    let difference = json!({
        "what": "the display", "effect": effect, "reasoning": "weighed against every claim",
    });
    let form = json!({
        "document": document, "version": version, "identity": format!("alpha pump {version}"),
        "differences": [difference],
    });
    json!({ "command": "request-maintenance", "request": request, "entry": "entry", "form": form })
}

pub(crate) fn vulnerability(id: &str, document: &str) -> Value {
    let report = json!({ "document": document, "severity": "high", "entries": ["entry"] });
    json!({ "command": "report-vulnerability", "vulnerability": id, "report": report })
}

pub(crate) fn triage(id: &str) -> Value {
    json!({ "command": "triage-vulnerability", "vulnerability": id, "found": { "entry": ["requirement-1"] } })
}

pub(crate) fn mitigation(id: &str, document: &str, due: &str) -> Value {
    json!({
        "command": "submit-plan", "vulnerability": id, "entry": "entry",
        "plan": { "document": document, "due": due },
    })
}

/// `report-mitigation` or `verify-mitigation`.
pub(crate) fn mitigated(command: &str, id: &str, evidence: &str) -> Value {
    json!({ "command": command, "vulnerability": id, "entry": "entry", "evidence": evidence })
}

pub(crate) fn remove_for_overdue(id: &str) -> Value {
    let considered = json!({
        "developer": "asks for time", "regulator": "none given", "patient": "warn us", "caregiver": "none given",
    });
    let ground = json!({ "ground": "overdue", "vulnerability": id, "considered": considered });
    json!({ "decision": "remove-entry", "entry": "entry", "ground": ground })
}
