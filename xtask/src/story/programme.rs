//! The programme: its registry, who works with it, and what they decide.

use super::{
    FIRST, FIXED,
    scene::{DEVELOPER, FINDER, GROUP, LAB, Scene, strings, text},
};
use crate::layout;
use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

/// Person, organisation, kind of organisation, roles. `root` and `dirk` are of the working group.
const PEOPLE: [(&str, &str, &[&str]); 3] = [
    ("dirk", "dwg", &["dwg-scope", "dwg-profiles", "dwg-assurance"]),
    ("nora", "north", &["lab-evaluator", "lab-quality"]),
    ("ann", "alpha", &["developer"]),
];

const ORGANISATIONS: [(&str, &str); 2] = [("north", "lab"), ("alpha", "developer")];

/// What the vulnerability is called.
const VULNERABILITY: &str = "CVE-2030-0001";

/// The registry with its people.
pub(super) struct Programme {
    proposals: u32,
    /// What the Security Target claims: components and requirements.
    components: Vec<String>,
    claims: Vec<String>,
    /// SHA-256 of the Security Target that was approved.
    st: String,
}

/// What the product answers when it is asked who it is.
fn identity(version: &str) -> String {
    format!("Reference BGM, mps2-an505 1.0, bgm {version}")
}

fn editions() -> Value {
    json!({ "criteria": "ISO/IEC 15408:2009", "methodology": "ISO/IEC 18045:2005" })
}

/// The role by which somebody is told of.
fn role(person: &str) -> &'static str {
    match person {
        "nora" => LAB,
        "ann" => DEVELOPER,
        "guest" => FINDER,
        _ => GROUP,
    }
}

impl Programme {
    /// An empty registry is started, and its people sign in.
    pub(super) fn begins(scene: &mut Scene<'_>) -> Result<Self> {
        scene.begins(
            "The programme begins",
            "The working group starts its registry, and enters a lab and a developer. What one member does alone is not enough where \
             the standard wants two.",
        );
        let link = scene.serve()?.context("the registry is not empty; give an empty database")?;
        let place = scene.registry_place().join(" ");
        scene.deed(GROUP, &format!("dtsec serve {place}"), "the registry runs; its first member has a link");
        signs_in(scene, "root", &link)?;
        let target = layout::root().join("toe/security-target.json");
        let target = std::fs::read(&target).with_context(|| format!("cannot read {}", target.display()))?;
        let target: Value = serde_json::from_slice(&target).context("the Security Target is no JSON")?;
        let requirements = target["requirements"].as_array().into_iter().flatten();
        let programme = Self {
            proposals: 0,
            components: strings(&target["assurance"]["levels"][0]["components"]),
            claims: requirements.map(|one| text(one, "/id").to_owned()).collect(),
            st: String::new(),
        };
        for (id, kind) in ORGANISATIONS {
            let add = ["organisation", "add", id, "--name", id, "--kind", kind, "--reason", "new"];
            ask(scene, "root", &add, "")?;
        }
        for (person, organisation, roles) in PEOPLE {
            let mut add = vec!["person", "add", person, "--name", person, "--organisation", organisation];
            add.extend(["--reason", "known to us"]);
            add.extend(roles.iter().flat_map(|role| ["--role", role]));
            let made = ask(scene, "root", &add, "")?;
            if made["pending"].as_array().is_some_and(|pending| !pending.is_empty()) {
                bail!("{person} waits for a second member, and there is none yet: {made:#}");
            }
            let link = ask(scene, "root", &["person", "link", person], "")?;
            signs_in(scene, person, text(&link, "/url"))?;
            scene.deed(
                GROUP,
                &format!("dtsec registry person add {person} …"),
                format!("{} of {organisation}", roles.join(", ")),
            );
        }
        scene.ends();
        Ok(programme)
    }

    /// A profile is drafted, reviewed in public, and accepted.
    pub(super) fn accepts_the_profile(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        scene.begins(
            "A profile is accepted",
            "Which requirements a class of products has to meet. It lies open for comments first.",
        );
        let class = json!({
            "id": "platform", "name": "Platforms of connected diabetes devices",
            "general-purpose-component": true, "life-critical": false, "exposed": true,
        });
        self.decided(scene, &json!({ "decision": "define-class", "class": class }))?;
        let profile = layout::root().join("programme/model/data/sesip-profile-cdd.json");
        let document = hand_in(scene, "root", &profile.display().to_string())?;
        let pp = json!({
            "kind": "protection-profile", "title": "Connected diabetes devices", "version": "1.0", "class": "platform",
            "document": document, "editions": editions(), "requirements": self.claims,
            "packages": [{ "id": "sesip3", "components": self.components, "meant-for": "low" }],
        });
        give(scene, "root", &json!({ "command": "draft-pp", "pp": "cdd", "text": pp }))?;
        let closes = scene.date(3)?;
        let open =
            json!({ "command": "open-pp-review", "pp": "cdd", "document": document, "closes": closes });
        give(scene, "root", &open)?;
        scene.ends();
        scene.goes_on(5)?;
        scene.begins("The review is over", "Nobody had anything against the profile.");
        self.decided(scene, &json!({ "decision": "accept-pp", "pp": "cdd", "document": document }))?;
        scene.ends();
        Ok(())
    }

    /// A lab applies, and is accepted.
    pub(super) fn accepts_the_lab(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        scene.begins("A lab is accepted", "It is accredited, and shows what it can attack.");
        let document = written(scene, "nora", "accreditation.txt", "Accredited for security testing.\n")?;
        let shown = json!({ "van": 4, "shown-by": document });
        let application = json!({
            "name": "North", "competence": { "simple-microcontroller": shown, "general-purpose-system": shown },
            "accreditation": {
                "body": "An accreditor", "scope": "it-security-testing", "expires": scene.date(900)?,
                "document": document,
            },
            "documents-its-work": true, "open-to-audit": true,
        });
        give(scene, "nora", &json!({ "command": "apply-lab", "lab": "north", "application": application }))?;
        let factors =
            json!({ "experience": "much", "accreditor": "known", "costs": "usual", "resources": "enough" });
        self.decided(scene, &json!({ "decision": "accept-lab", "lab": "north", "factors": factors }))?;
        scene.ends();
        Ok(())
    }

    /// The developer hands in the Security Target, and it is approved.
    pub(super) fn approves_the_security_target(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        scene.begins(
            "The Security Target is approved",
            "What the product claims, held against the profile: this platform's own, from toe/.",
        );
        let target = layout::root().join("toe/security-target.json");
        self.st = hand_in(scene, "ann", &target.display().to_string())?;
        let target = json!({
            "document": self.st, "st-version": "0.1", "product": "Reference BGM", "version": FIRST,
            "identity": identity(FIRST), "class": "platform", "profile": ["cdd", "sesip3"],
            "components": self.components, "claims": self.claims, "editions": editions(),
            "confidentiality": "public", "part-of": { "is": "device" }, "contains": [],
        });
        give(scene, "ann", &json!({ "command": "submit-st", "st": "bgm", "text": target }))?;
        give(scene, "root", &json!({ "command": "review-st", "st": "bgm" }))?;
        self.decided(scene, &json!({ "decision": "approve-st", "st": "bgm", "document": self.st }))?;
        scene.ends();
        Ok(())
    }

    /// The lab reports, and with the acceptance of the report the product is certified and listed.
    pub(super) fn accepts_the_report_and_lists(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        scene.begins(
            "The report is accepted, and the product is listed",
            "The lab hands in its report, the evidence of the evaluation and the reference values. Accepting it, certifying and \
             listing are one decision.",
        );
        let plan = json!({ "st": "bgm", "lab": "north", "classes": ["simple-microcontroller"] });
        give(scene, "nora", &json!({ "command": "plan-evaluation", "evaluation": "ev", "plan": plan }))?;
        give(scene, "nora", &json!({ "command": "start-evaluation", "evaluation": "ev" }))?;
        let report = hand_in(scene, "nora", "evaluation/report.html")?;
        let evidence = hand_in(scene, "nora", "evaluation/evidence.json")?;
        let values = hand_in(scene, "nora", &format!("reference-{FIRST}.json"))?;
        let unit = |component: &String| {
            json!({
                "id": format!("{component}-1"), "component": component, "verdict": "pass",
                "has-rationale": true, "has-observation": false,
            })
        };
        let search = json!({ "date": scene.date(5)?, "sources": ["NVD"], "terms": ["cdd-platform"] });
        let etr = json!({
            "document": report, "st-document": self.st, "identity": identity(FIRST),
            "units": self.components.iter().map(unit).collect::<Vec<_>>(), "search": search,
            "working-papers": evidence, "reference-values": values,
        });
        give(scene, "nora", &json!({ "command": "submit-etr", "evaluation": "ev", "etr": etr }))?;
        let with = json!({
            "evaluation": "ev", "etr": report, "certificate": "DTS-1", "entry": "bgm", "search": search,
        });
        self.decided(scene, &json!({ "decision": "certify", "with": with }))?;
        scene.ends();
        Ok(())
    }

    /// Anybody may report one; the working group holds it against the Security Target.
    pub(super) fn hears_of_a_vulnerability(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        scene.goes_on(6)?;
        scene.begins(
            "A vulnerability is reported",
            "Somebody without an account reports it; the working group finds that it conflicts with what is claimed, and the \
             developer says until when it will be mended.",
        );
        let record = json!({
            "id": VULNERABILITY, "modified": "2030-01-01T00:00:00Z", "summary": "A crafted reading stops the meter.",
        });
        scene.put("report.osv.json", record.to_string())?;
        let report = [
            "report",
            "report.osv.json",
            "--format",
            "osv",
            "--entry",
            "bgm",
            "--reason",
            "found by fuzzing",
        ];
        ask(scene, "guest", &report, "")?;
        scene.deed(FINDER, &format!("dtsec registry {}", report.join(" ")), VULNERABILITY);
        let claim = self.claims.first().context("the Security Target claims nothing")?;
        let triage = json!({
            "command": "triage-vulnerability", "vulnerability": VULNERABILITY, "found": { "bgm": [claim] },
        });
        give(scene, "root", &triage)?;
        let plan =
            written(scene, "ann", "plan.txt", "A new version of the application checks the reading.\n")?;
        let plan = json!({
            "command": "submit-plan", "vulnerability": VULNERABILITY, "entry": "bgm",
            "plan": { "document": plan, "due": scene.date(10)? },
        });
        give(scene, "ann", &plan)?;
        scene.ends();
        Ok(())
    }

    /// The day has passed, and nothing was mended.
    pub(super) fn removes_what_is_overdue(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        scene.goes_on(12)?;
        scene.begins(
            "It is not mended in time, and the product is removed",
            "Everybody concerned is heard; then two members take the product off the list.",
        );
        let of =
            |command: &str| json!({ "command": command, "vulnerability": VULNERABILITY, "entry": "bgm" });
        give(scene, "root", &of("declare-overdue"))?;
        let view = json!({
            "command": "record-view", "vulnerability": VULNERABILITY, "stakeholder": "patient", "text": "Warn us.",
        });
        give(scene, "guest", &view)?;
        let considered = json!({
            "developer": "asks for time", "regulator": "none given", "patient": "warn us", "caregiver": "none given",
        });
        let ground = json!({ "ground": "overdue", "vulnerability": VULNERABILITY, "considered": considered });
        self.decided(scene, &json!({ "decision": "remove-entry", "entry": "bgm", "ground": ground }))?;
        scene.ends();
        Ok(())
    }

    /// A new version with its own reference values, which mends it.
    pub(super) fn appends_the_fixed_version_and_restores(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        scene.goes_on(14)?;
        scene.begins(
            "The fixed version is appended, and the product comes back",
            "The change is minor, so the certificate goes on. The vulnerability is mitigated from this version on; the one before \
             stays affected for good.",
        );
        let document = written(scene, "ann", "change.txt", "The reading is checked before it is stored.\n")?;
        let values = hand_in(scene, "ann", &format!("reference-{FIXED}.json"))?;
        let difference = json!({
            "what": "the check of a reading", "effect": "minor", "reasoning": "weighed against every claim",
        });
        let form = json!({
            "document": document, "version": FIXED, "identity": identity(FIXED), "differences": [difference],
            "reference-values": values,
        });
        let request =
            json!({ "command": "request-maintenance", "request": "r1", "entry": "bgm", "form": form });
        give(scene, "ann", &request)?;
        let with =
            json!({ "request": "r1", "document": document, "together-with": [], "joint-effect": "none" });
        self.decided(scene, &json!({ "decision": "append-version", "with": with }))?;
        let fix = written(scene, "ann", "fix.txt", "The crafted reading is refused; here is the test.\n")?;
        let mut mitigated = json!({
            "command": "report-mitigation", "vulnerability": VULNERABILITY, "entry": "bgm", "evidence": fix,
            "fixed-in": FIXED,
        });
        give(scene, "ann", &mitigated)?;
        mitigated["command"] = "verify-mitigation".into();
        mitigated.as_object_mut().context("a command is an object")?.remove("fixed-in");
        give(scene, "dirk", &mitigated)?;
        self.decided(scene, &json!({ "decision": "restore-entry", "entry": "bgm" }))?;
        scene.ends();
        Ok(())
    }

    /// Proposed by one member of the working group, and confirmed by another.
    fn decided(&mut self, scene: &mut Scene<'_>, decision: &Value) -> Result<()> {
        self.proposals += 1;
        let proposal = format!("p{}", self.proposals);
        let reason = ["--reason", "as the standard has it"];
        let propose = [&["propose", "-", "--proposal", &proposal][..], &reason].concat();
        ask(scene, "root", &propose, &decision.to_string())?;
        ask(scene, "dirk", &[&["confirm", &proposal][..], &reason].concat(), "")?;
        let name = text(decision, "/decision");
        let command = format!("dtsec registry propose {name} … / confirm {proposal}");
        scene.deed(GROUP, &command, "decided by two members");
        Ok(())
    }
}

fn signs_in(scene: &Scene<'_>, person: &str, link: &str) -> Result<()> {
    let out = format!("{person}.token.secret");
    scene.quietly(&["registry", "sign-in", "--out", &out, "--days", "365"], link)?;
    Ok(())
}

/// Asks the registry as a person, or as `guest` without a token.
fn ask(scene: &Scene<'_>, person: &str, arguments: &[&str], input: &str) -> Result<Value> {
    let (server, token) = (scene.server()?.to_owned(), format!("{person}.token.secret"));
    let mut all = vec!["registry", "--server", &server];
    if person != "guest" {
        all.extend(["--token", &token]);
    }
    all.extend(arguments);
    scene.quietly(&all, input)
}

/// Gives a command, and tells of it.
fn give(scene: &mut Scene<'_>, person: &str, command: &Value) -> Result<()> {
    let done =
        ask(scene, person, &["give", "-", "--reason", "as the standard has it"], &command.to_string())?;
    let changed = strings(&done["changed"]).join(", ");
    scene.deed(role(person), &format!("dtsec registry give {} …", text(command, "/command")), changed);
    Ok(())
}

/// Hands a document in, and gives its SHA-256.
fn hand_in(scene: &mut Scene<'_>, person: &str, file: &str) -> Result<String> {
    let kept = ask(scene, person, &["hand-in", file], "")?;
    let digest = text(&kept, "/digest").to_owned();
    scene.deed(role(person), &format!("dtsec registry hand-in {file}"), format!("SHA-256 {digest}"));
    Ok(digest)
}

/// Writes a document and hands it in.
fn written(scene: &mut Scene<'_>, person: &str, name: &str, content: &str) -> Result<String> {
    scene.put(name, content)?;
    hand_in(scene, person, name)
}
