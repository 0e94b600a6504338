//! What somebody may do with a case now. Which commands a page offers stands here; whether this person may give them now, the
//! domain says: each is rehearsed with something in every field.

use super::form::{Given, Spec, sample, shape_of, spread};
use crate::access::secret;
use crate::registry::{ClassRow, EntryRow};
use crate::registry::{Failure, LabRow, PpRow, Query, Registry};
use dtsec_registry::domain::audit::Audit;
use dtsec_registry::domain::draw::{Party, Share, commitment};
use dtsec_registry::domain::entry::{Entry, EntryKind};
use dtsec_registry::domain::evaluation::Evaluation;
use dtsec_registry::domain::maintenance::Request;
use dtsec_registry::domain::vulnerability::{ConflictState, Vulnerability};
use dtsec_registry::domain::{Actor, AuditId, Command, Decision, Digest, Ref, Refusal, Role, day};
use dtsec_store::Size;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// A command that a page offers.
#[derive(Debug, Clone)]
pub(super) struct Offer {
    /// The command's or decision's tag.
    pub(super) tag: &'static str,
    /// What stands in its form at first.
    pub(super) initial: Given,
    /// What the page settles, and what there is to choose from.
    pub(super) spec: Spec,
    /// A share of a draw that goes with it: it is shown once and kept nowhere.
    pub(super) share: Option<String>,
}

/// Whether an offer can be taken now.
#[derive(Debug, Clone)]
pub(super) enum Standing {
    /// It can.
    Now,
    /// It can when something else has happened: why not yet, and what to do.
    Later { why: String, remedy: &'static str },
    /// Not by this person, or not in this state.
    Never,
}

impl Offer {
    fn new(tag: &'static str, initial: Value) -> Self {
        let mut given = Given::default();
        if let Some((schema, _)) = shape_of(tag) {
            spread(schema, &initial, &mut given);
        }
        Self { tag, initial: given, spec: Spec::default(), share: None }
    }

    fn fix(mut self, paths: &[&str]) -> Self {
        for path in paths {
            self.spec = self.spec.fix(path);
        }
        self
    }

    fn choose(mut self, path: &str, among: Vec<(String, String)>) -> Self {
        if !among.is_empty() {
            self.spec = self.spec.choose(path, among);
        }
        self
    }

    /// Where nobody is asked for a reason: what is sent says it.
    pub(super) fn reason(&self) -> Option<&'static str> {
        match self.tag {
            "comment-pp" => Some("A comment in the public review."),
            "report-vulnerability" => Some("A vulnerability was found."),
            "record-view" => Some("A view is given."),
            _ => None,
        }
    }
}

/// Who may give a command or take a decision.
fn roles(tag: &str) -> &'static [Role] {
    let all = || Command::ROLES.iter().chain(Decision::ROLES);
    all().find(|(name, _)| *name == tag).map(|(_, roles)| *roles).unwrap_or_default()
}

fn new_id(word: &str) -> Result<String, Failure> {
    Ok(format!("{word}-{}", &secret()?[..8]))
}

fn read<T: DeserializeOwned>(state: &Value) -> Result<T, Failure> {
    T::deserialize(state)
        .map_err(|error| Failure::Damaged { what: "a case".to_owned(), problem: error.to_string() })
}

fn plain(ids: impl IntoIterator<Item = impl ToString>) -> Vec<(String, String)> {
    ids.into_iter().map(|id| (id.to_string(), id.to_string())).collect()
}

/// A share of a draw, and the commitment to it.
fn share(audit: &str, party: Party) -> Result<(String, Digest), Failure> {
    let text = secret()?;
    let bug = |error: String| Failure::Bug(error);
    let mut bytes = [0_u8; 32];
    hex::decode_to_slice(&text, &mut bytes).map_err(|error| bug(error.to_string()))?;
    let audit: AuditId =
        audit.parse().map_err(|error: dtsec_registry::domain::IdError| bug(error.to_string()))?;
    Ok((text, commitment(&audit, party, &Share::new(&bytes))))
}

/// What there is to choose from: a page of it, no more.
struct Choices<'a> {
    registry: &'a Registry,
    actor: &'a Actor,
}

impl Choices<'_> {
    async fn page<T: DeserializeOwned>(
        &self,
        list: &str,
        facet: Option<(&str, &str)>,
    ) -> Result<Vec<T>, Failure> {
        let facets = facet.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
        let query = Query { facets, size: Size::new(100), ..Query::default() };
        Ok(self.registry.list(self.actor, list, &query).await?.items)
    }

    async fn classes(&self) -> Result<Vec<(String, String)>, Failure> {
        let all: Vec<ClassRow> = self.page("classes", None).await?;
        Ok(all.into_iter().map(|one| (one.id, one.name)).collect())
    }

    async fn profiles(&self) -> Result<Vec<(String, String)>, Failure> {
        let all: Vec<PpRow> = self.page("pps", Some(("state", "accepted"))).await?;
        Ok(all
            .into_iter()
            .map(|one| (one.id.clone(), format!("{} {} ({})", one.title, one.version, one.id)))
            .collect())
    }

    async fn own_labs(&self) -> Result<Vec<(String, String)>, Failure> {
        let all: Vec<LabRow> = self.page("labs", Some(("state", "accepted"))).await?;
        let own = all.into_iter().filter(|one| one.organisation == self.actor.organisation.as_str());
        Ok(own.map(|one| (one.id, one.name)).collect())
    }

    async fn listed(&self) -> Result<Vec<(String, String)>, Failure> {
        let all: Vec<EntryRow> = self.page("entries", Some(("state", "listed"))).await?;
        Ok(all.into_iter().map(|one| (one.id.clone(), format!("{} ({})", one.product, one.id))).collect())
    }
}

/// What begins something new.
pub(super) async fn beginnings(registry: &Registry, actor: &Actor) -> Result<Vec<Offer>, Failure> {
    let choices = Choices { registry, actor };
    let standard = json!({ "criteria": "ISO/IEC 15408:2009", "methodology": "ISO/IEC 18045:2005" });
    let mut all = Vec::new();
    if actor.is(Role::DwgProfiles) {
        let initial = json!({ "pp": "", "text": { "kind": "protection-profile", "editions": standard, "packages": [{}] } });
        all.push(Offer::new("draft-pp", initial).choose("text/class", choices.classes().await?));
    }
    if actor.is(Role::DwgScope) {
        all.push(Offer::new("define-class", json!({})));
    }
    if actor.is(Role::Developer) {
        let initial = json!({
            "st": new_id("st")?,
            "text": { "editions": standard, "confidentiality": "confidential", "part-of": { "is": "device" } },
        });
        let offer = Offer::new("submit-st", initial);
        all.push(
            offer
                .choose("text/class", choices.classes().await?)
                .choose("text/profile/0", choices.profiles().await?),
        );
    }
    if actor.is(Role::LabQuality) {
        let initial = json!({ "application": { "accreditation": { "scope": "it-security-testing" } } });
        all.push(Offer::new("apply-lab", initial));
    }
    if actor.is(Role::LabEvaluator) || actor.is(Role::LabQuality) {
        let offer = Offer::new("plan-evaluation", json!({ "evaluation": new_id("ev")?, "plan": {} }))
            .fix(&["evaluation"]);
        all.push(offer.choose("plan/lab", choices.own_labs().await?));
    }
    if actor.is(Role::DwgAssurance) {
        let audit = new_id("audit")?;
        let (secret, commitment) = share(&audit, Party::Dwg)?;
        let initial =
            json!({ "order": { "audit": audit, "sample": 1, "conductor": "dwg", "commitment": commitment } });
        let mut offer = Offer::new("order-audit", initial).fix(&["order/audit", "order/commitment"]);
        offer.share = Some(secret);
        all.push(offer.choose("order/entries", choices.listed().await?));
        all.push(Offer::new("propose-agreement", json!({ "agreement": new_id("nda")? })).fix(&["agreement"]));
    }
    all.push(Offer::new(
        "report-vulnerability",
        json!({ "vulnerability": new_id("vr")?, "report": { "severity": "high" } }),
    ));
    Ok(all)
}

/// What pages of a kind of case offer at all.
pub(super) async fn of_part(
    registry: &Registry,
    actor: &Actor,
    kind: &str,
    id: &str,
    state: &Value,
) -> Result<Vec<Offer>, Failure> {
    let choices = Choices { registry, actor };
    let today = day(registry.now()).to_string();
    // The case itself is settled: its own field is named after its kind.
    let one = |tag: &'static str, mut initial: Value, fixed: &[&str]| {
        initial[kind] = json!(id);
        Offer::new(tag, initial).fix(&[kind]).fix(fixed)
    };
    let simple = |tag: &'static str| one(tag, json!({}), &[]);
    let document =
        || json!({ "document": state.pointer("/text/document").or_else(|| state.get("document")) });
    let mut all = Vec::new();
    match kind {
        "proposal" => all.extend([simple("confirm"), simple("drop-proposal")]),
        "class" => all.push(Offer::new("define-class", json!({ "class": state })).fix(&["class/id"])),
        "pp" => {
            let fields = [
                "kind",
                "title",
                "version",
                "class",
                "document",
                "editions",
                "packages",
                "requirements",
                "supersedes",
            ];
            let text: serde_json::Map<_, _> = fields
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), state.get(*name)?.clone())))
                .collect();
            let comments = state.get("comments").and_then(Value::as_object);
            let unanswered = comments
                .into_iter()
                .flatten()
                .filter(|(_, one)| one.get("disposition").is_none_or(Value::is_null));
            let unanswered: Vec<_> = unanswered
                .map(|(id, one)| {
                    (
                        id.clone(),
                        format!("{id}: {}", one.get("place").and_then(Value::as_str).unwrap_or_default()),
                    )
                })
                .collect();
            all.push(one("comment-pp", json!({ "comment": new_id("c")? }), &["comment"]));
            if !unanswered.is_empty() {
                all.push(
                    one("dispose-comment", json!({ "disposition": {} }), &[]).choose("comment", unanswered),
                );
            }
            all.push(one("open-pp-review", document(), &["document"]));
            all.push(one("accept-pp", document(), &["document"]));
            let revised = one("revise-pp", json!({ "text": text }), &[]);
            let known = comments.into_iter().flatten().map(|(id, _)| id);
            all.push(revised.choose("text/class", choices.classes().await?).choose("answers", plain(known)));
            all.push(simple("withdraw-pp"));
        }
        "st" => {
            all.push(simple("review-st"));
            all.push(one("approve-st", document(), &["document"]));
            all.push(one("request-st-changes", document(), &["document"]));
            all.push(one("reject-st", document(), &["document"]));
            let text = state.get("text").cloned().unwrap_or_default();
            let offer = one("revise-st", json!({ "text": text }), &[]);
            all.push(
                offer
                    .choose("text/class", choices.classes().await?)
                    .choose("text/profile/0", choices.profiles().await?),
            );
            all.push(one("publish-st", json!({ "publication": "formal" }), &[]));
            let plan =
                Offer::new("plan-evaluation", json!({ "evaluation": new_id("ev")?, "plan": { "st": id } }));
            all.push(plan.fix(&["evaluation", "plan/st"]).choose("plan/lab", choices.own_labs().await?));
        }
        "lab" => {
            all.extend([simple("accept-lab"), simple("reject-lab")]);
            let accreditation = state.pointer("/application/accreditation").cloned().unwrap_or_default();
            all.push(one("renew-accreditation", json!({ "accreditation": accreditation }), &[]));
            all.push(one("extend-lab", json!({ "extension": {} }), &[]));
            // Shown to its parties only; where it is hidden, nothing is decided.
            if let Some(asked) = state.pointer("/extension/document") {
                for decision in ["accept-extension", "reject-extension"] {
                    all.push(one(decision, json!({ "document": asked }), &["document"]));
                }
            }
            all.extend([simple("suspend-lab"), simple("reinstate-lab"), simple("remove-lab")]);
        }
        "evaluation" => {
            let evaluation: Evaluation = read(state)?;
            all.push(simple("start-evaluation"));
            all.push(one("submit-etr", json!({ "etr": { "st-document": evaluation.st_document } }), &[]));
            if let Some(etr) = evaluation.submitted() {
                let with = json!({ "with": {
                    "evaluation": id, "etr": etr.document, "certificate": new_id("DTS")?, "entry": new_id("epl")?, "search": etr.search,
                } });
                all.push(Offer::new("certify", with).fix(&["with/evaluation", "with/etr"]));
                let on = || json!({ "document": etr.document });
                all.push(one("request-rework", on(), &["document"]));
                all.push(one("reject-etr", on(), &["document"]));
            }
            all.push(simple("observe-evaluation"));
        }
        "entry" => {
            // Who is no party is not told which vulnerabilities are open.
            let mut state = state.clone();
            for hidden in ["open", "conflicted", "requests"] {
                if state.get(hidden).is_none() {
                    state[hidden] = json!([]);
                }
            }
            let entry: Entry = read(&state)?;
            all.extend(of_entry(&entry, actor, &today)?);
        }
        "request" => {
            let request: Request = read(state)?;
            let view = registry.view([Ref::Entry(request.entry.clone())]).await?;
            let minor = view.entries.get(&request.entry).map(Entry::minor_changes).unwrap_or_default();
            let with = json!({ "with": { "request": id, "document": request.form.document, "together-with": minor } });
            let appended = Offer::new("append-version", with).fix(&["with/request", "with/document"]);
            all.push(appended.choose("with/together-with", plain(&minor)));
            let ground = json!({ "ground": { "because": "major", "request": id } });
            all.push(Offer::new("require-revalidation", ground).fix(&["ground/major/request"]));
            if actor.is(Role::DwgAssurance) {
                all.push(audit_of(request.entry.as_str(), Some(id))?);
            }
            all.push(simple("withdraw-request"));
        }
        "vulnerability" => {
            let vulnerability: Vulnerability = read(state)?;
            all.extend(of_vulnerability(registry, actor, &vulnerability).await?);
        }
        "audit" => {
            let audit: Audit = read(state)?;
            if actor.is(Role::Developer) {
                let (secret, commitment) = share(id, Party::Developer)?;
                let mut offer = one("join-audit", json!({ "commitment": commitment }), &["commitment"]);
                offer.share = Some(secret);
                all.push(offer);
            }
            all.push(simple("reveal-share"));
            let each = |value: Value| {
                audit
                    .drawn
                    .iter()
                    .map(|item| (item.clone(), value.clone()))
                    .collect::<serde_json::Map<_, _>>()
            };
            all.push(one("submit-audit-evidence", json!({ "evidence": each(json!("")) }), &[]));
            all.push(one("record-audit-result", json!({ "results": each(json!(false)) }), &[]));
            all.extend([simple("close-audit"), simple("declare-not-supported")]);
            let ground = json!({ "ground": { "because": "audit", "audit": id } });
            all.push(Offer::new("require-revalidation", ground).fix(&["ground/audit/audit"]));
        }
        "agreement" => {
            all.extend([one("sign-agreement", document(), &["document"]), simple("end-agreement")])
        }
        _ => {}
    }
    all.retain(|offer| proposes_or_gives(actor, kind, offer.tag));
    Ok(all)
}

/// Whether an actor has a role for it at all. Who may confirm follows from the decision.
fn proposes_or_gives(actor: &Actor, kind: &str, tag: &str) -> bool {
    kind == "proposal" || roles(tag).iter().any(|role| actor.is(*role))
}

fn audit_of(entry: &str, request: Option<&str>) -> Result<Offer, Failure> {
    let audit = new_id("audit")?;
    let (secret, commitment) = share(&audit, Party::Dwg)?;
    let mut order = json!({ "audit": audit, "entries": [entry], "sample": 1, "conductor": "dwg", "commitment": commitment });
    if let Some(request) = request {
        order["request"] = json!(request);
    }
    let mut offer = Offer::new("order-audit", json!({ "order": order }));
    offer.share = Some(secret);
    Ok(offer.fix(&["order/audit", "order/entries", "order/commitment"]))
}

fn of_entry(entry: &Entry, actor: &Actor, today: &str) -> Result<Vec<Offer>, Failure> {
    let id = entry.id.as_str();
    let open = || plain(&entry.open);
    let report = json!({ "vulnerability": new_id("vr")?, "report": { "severity": "high", "entries": [id] } });
    let mut all = vec![
        Offer::new(
            "request-maintenance",
            json!({ "request": new_id("rq")?, "entry": id, "form": { "differences": [{}] } }),
        )
        .fix(&["request", "entry"]),
        Offer::new(
            "claim-de-facto",
            json!({ "entry": new_id("epl")?, "claim": { "base": id, "asserts": entry.claims } }),
        )
        .fix(&["entry", "claim/base", "claim/asserts"]),
        Offer::new("review-entry", json!({ "entry": id, "searched": today })).fix(&["entry"]),
        Offer::new("remove-entry", json!({ "entry": id, "ground": {} }))
            .fix(&["entry"])
            .choose("ground/conflict/vulnerability", open())
            .choose("ground/overdue/vulnerability", open()),
        Offer::new("restore-entry", json!({ "entry": id })).fix(&["entry"]),
        Offer::new("keep-entry", json!({ "entry": id })).fix(&["entry"]).choose("vulnerability", open()),
        Offer::new("report-vulnerability", report).fix(&["report/entries"]),
    ];
    if let EntryKind::DeFacto { assertion, .. } = &entry.kind {
        let initial = json!({ "entry": id, "assertion": assertion });
        all.push(Offer::new("admit-de-facto", initial).fix(&["entry", "assertion"]));
    }
    if actor.is(Role::DwgAssurance) {
        all.push(audit_of(id, None)?);
    }
    Ok(all)
}

async fn of_vulnerability(
    registry: &Registry,
    actor: &Actor,
    vulnerability: &Vulnerability,
) -> Result<Vec<Offer>, Failure> {
    let id = vulnerability.id.as_str();
    let view = registry.view(vulnerability.entries.iter().cloned().map(Ref::Entry)).await?;
    let own = |entry: &&Entry| !actor.is(Role::Developer) || entry.developer == actor.organisation;
    let mut all = Vec::new();
    let found: serde_json::Map<_, _> =
        view.entries.keys().map(|entry| (entry.to_string(), json!([]))).collect();
    let mut triage = Offer::new("triage-vulnerability", json!({ "vulnerability": id, "found": found }))
        .fix(&["vulnerability"]);
    for (at, entry) in view.entries.values().enumerate() {
        triage = triage.choose(&format!("found/{at}"), plain(&entry.claims));
    }
    all.push(triage);
    // In which products something is to be done now.
    let among = |wanted: &dyn Fn(&ConflictState) -> bool| {
        let conflicts = view.entries.values().filter(own).filter(|entry| {
            vulnerability.conflicts.get(&entry.id).is_some_and(|conflict| wanted(&conflict.state))
        });
        conflicts
            .map(|entry| (entry.id.to_string(), format!("{} ({})", entry.product, entry.id)))
            .collect::<Vec<_>>()
    };
    let not_mitigated = among(&|state| !matches!(state, ConflictState::Mitigated { .. }));
    let overdue = among(&|state| matches!(state, ConflictState::Overdue { .. }));
    let reported = among(&|state| matches!(state, ConflictState::MitigationReported { .. }));
    if !not_mitigated.is_empty() {
        for tag in ["submit-plan", "report-mitigation", "declare-overdue"] {
            let offer = Offer::new(tag, json!({ "vulnerability": id })).fix(&["vulnerability"]);
            all.push(offer.choose("entry", not_mitigated.clone()));
        }
    }
    for (entry, words) in reported {
        let conflict = view
            .entries
            .keys()
            .find(|key| key.as_str() == entry)
            .and_then(|key| vulnerability.conflicts.get(key));
        let Some(ConflictState::MitigationReported { evidence, .. }) =
            conflict.map(|conflict| &conflict.state)
        else {
            continue;
        };
        let initial = json!({ "vulnerability": id, "entry": entry, "evidence": evidence });
        let offer = Offer::new("verify-mitigation", initial).fix(&["vulnerability", "evidence"]);
        all.push(offer.choose("entry", vec![(entry, words)]));
        // One at a time: the evidence belongs to one product.
        break;
    }
    if !overdue.is_empty() {
        let ground = json!({ "ground": { "ground": "overdue", "vulnerability": id } });
        all.push(Offer::new("remove-entry", ground).choose("entry", overdue.clone()));
        let kept = Offer::new("keep-entry", json!({ "vulnerability": id })).fix(&["vulnerability"]);
        all.push(kept.choose("entry", overdue));
    }
    all.push(Offer::new("record-view", json!({ "vulnerability": id })).fix(&["vulnerability"]));
    Ok(all)
}

/// Whether an offer can be taken now, by what the domain says of it with something in every field.
pub(super) async fn standing(registry: &Registry, actor: &Actor, offer: &Offer) -> Result<Standing, Failure> {
    let Some((schema, is_decision)) = shape_of(offer.tag) else { return Ok(Standing::Never) };
    let members = sample(schema, &offer.initial, &offer.spec, day(registry.now()));
    let Ok(command) = command(offer.tag, members, is_decision, "rehearsal") else { return Ok(Standing::Now) };
    match registry.rehearse(actor, &command).await {
        Ok(()) => Ok(Standing::Now),
        Err(Failure::Refused(refusal)) => Ok(judged(&refusal)),
        Err(failure) => Err(failure),
    }
}

/// What a refusal of a rehearsal means: something in the fields was not right, or something else has to happen first, or this
/// is not for this person and state.
fn judged(refusal: &Refusal) -> Standing {
    match refusal {
        Refusal::RoleMissing { .. }
        | Refusal::NotYours { .. }
        | Refusal::NotAParty { .. }
        | Refusal::NotOverdue { .. }
        | Refusal::NoGround {}
        | Refusal::NotRestorable { .. }
        | Refusal::NothingToAudit { .. }
        | Refusal::BaseNotCertified { .. }
        | Refusal::ReviewOver { .. }
        | Refusal::WrongState { .. } => Standing::Never,
        Refusal::ConflictOfInterest { .. }
        | Refusal::SamePerson { .. }
        | Refusal::ReviewOpen { .. }
        | Refusal::CommentsUnanswered { .. }
        | Refusal::NotYetDue { .. }
        | Refusal::StillInTime { .. }
        | Refusal::RevealOutOfOrder { .. }
        | Refusal::NotRemediated { .. }
        | Refusal::AuditNotPassed { .. }
        | Refusal::MajorChange { .. }
        | Refusal::StNotApproved { .. }
        | Refusal::LabNotAccepted { .. }
        | Refusal::AccreditationExpired { .. } => {
            Standing::Later { why: refusal.to_string(), remedy: refusal.remedy() }
        }
        _ => Standing::Now,
    }
}

/// The command that a form asks for.
///
/// # Errors
/// Where the members are none of this command: the fields say so first.
pub(super) fn command(
    tag: &str,
    mut members: Map<String, Value>,
    is_decision: bool,
    proposal: &str,
) -> Result<Command, Failure> {
    let word = if is_decision { "decision" } else { "command" };
    members.insert(word.to_owned(), Value::String(tag.to_owned()));
    let mut value = Value::Object(members);
    if is_decision {
        value = serde_json::json!({ "command": "propose", "proposal": proposal, "decision": value });
    }
    serde_json::from_value(value).map_err(|error| Failure::unfit("form", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_do_what_is_the_domain_s_word() {
        assert_eq!(roles("review-st"), [Role::DwgProfiles, Role::DwgAssurance]);
        assert_eq!(roles("approve-st"), [Role::DwgProfiles, Role::DwgAssurance]);
        assert!(roles("nothing").is_empty());
    }

    #[test]
    fn a_share_is_the_one_that_was_committed_to() {
        let (text, committed) = share("audit-1", Party::Developer).unwrap();
        let read: Share = serde_json::from_value(json!(text)).unwrap();
        assert_eq!(commitment(&"audit-1".parse().unwrap(), Party::Developer, &read), committed);
    }
}
