//! The form of a command: shown, filled in from a document, sent, and shown again with what was wrong.

use super::fill::{self, Findings};
use super::form::{Form, Given, Node, shape_of};
use super::offers::{Offer, beginnings, command, of_part};
use super::{Layout, page, words};
use crate::access::drafts::{self, Draft};
use crate::access::{Visitor, secret};
use crate::registry::{Case, Failure, Kind, Terms, Upload};
use crate::web::extract::Body;
use crate::web::guard::OldMark;
use crate::web::{App, PathOf, Problem, QueryOf, WebError};
use askama::Template;
use axum::extract::{FromRequest as _, Multipart, Request, State};
use axum::http::StatusCode;
use axum::http::header;
use axum::response::{IntoResponse as _, Redirect, Response};
use dtsec_registry::domain::{Actor, Command};
use std::collections::BTreeMap;

/// A form as it stands on a page.
pub(super) struct FormView {
    pub(super) tag: &'static str,
    pub(super) label: &'static str,
    pub(super) help: &'static str,
    /// Where it is sent.
    pub(super) to: String,
    pub(super) nodes: Vec<Node>,
    pub(super) csrf: String,
    /// Who fills it in is not signed in.
    pub(super) guest: bool,
    /// The form's number: what is sent twice under it is carried out once.
    pub(super) request: String,
    /// `KIND/ID VERSION` of the case as it was shown.
    pub(super) seen: String,
    pub(super) reason: String,
    /// Nobody is asked for a reason.
    pub(super) quiet: bool,
    pub(super) reason_problem: Option<String>,
    /// A second member has to confirm it.
    pub(super) is_decision: bool,
    pub(super) share: Option<String>,
    pub(super) has_file: bool,
    pub(super) findings: Option<Findings>,
    /// It can be filled in from a document.
    pub(super) reads: bool,
}

/// The case that a form is about, with its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct About {
    pub(super) kind: String,
    pub(super) id: String,
    pub(super) version: i64,
}

impl FormView {
    /// Of an offer, as it is at first.
    ///
    /// # Errors
    /// Where the system gives no random numbers.
    pub(super) fn new(
        offer: &Offer,
        about: Option<&About>,
        visitor: &Visitor,
    ) -> Result<Option<Self>, Failure> {
        let (Some((schema, is_decision)), Some(words)) = (shape_of(offer.tag), words::action(offer.tag))
        else {
            return Ok(None);
        };
        let nodes = Form::new(&offer.initial, &offer.spec, offer.tag).nodes(schema);
        let to = match about {
            Some(about) => format!("/do/{}?about={}/{}", offer.tag, about.kind, about.id),
            None => format!("/do/{}", offer.tag),
        };
        Ok(Some(Self {
            tag: offer.tag,
            label: words.label,
            help: words.help,
            to,
            has_file: nodes.iter().any(Node::has_file),
            nodes,
            csrf: visitor.csrf.clone(),
            guest: visitor.signed_in.is_none(),
            request: secret()?[..32].to_owned(),
            seen: about.map(|one| format!("{}/{} {}", one.kind, one.id, one.version)).unwrap_or_default(),
            reason: offer.reason().unwrap_or_default().to_owned(),
            quiet: offer.reason().is_some(),
            reason_problem: None,
            is_decision,
            share: offer.share.clone(),
            findings: None,
            reads: fill::reads(offer.tag).is_some(),
        }))
    }

    /// Takes over what was typed beside the fields of the command. Gives the version of the case as it is now.
    fn keep_typed(&mut self, sent: &Sent, offer: &Offer) -> String {
        let reason = if self.quiet { offer.reason().unwrap_or_default() } else { sent.text("_reason") };
        self.reason = reason.to_owned();
        if !sent.text("_share").is_empty() {
            self.share = Some(sent.text("_share").to_owned());
        }
        std::mem::replace(&mut self.seen, sent.text("_seen").to_owned())
    }

    /// Whether it is a button and a reason.
    pub(super) fn is_short(&self) -> bool {
        self.nodes.iter().all(|node| matches!(node.what, super::form::What::Fixed(_)))
    }
}

#[derive(Template)]
#[template(path = "act.html")]
struct ActPage {
    layout: Layout,
    form: FormView,
    problem: Option<Problem>,
    /// The case moved on: where it can be seen as it is now.
    stale: bool,
    /// It was typed before signing in.
    kept: bool,
    back: Option<(String, String)>,
}

/// The offer of a tag, for a case or for something new.
async fn offer(
    app: &App,
    actor: &Actor,
    tag: &str,
    query: &BTreeMap<String, String>,
) -> Result<(Offer, Option<About>), Failure> {
    let unknown = || Failure::NotFound(format!("form `{tag}` for this"));
    let (offers, about) = match query.get("about") {
        Some(about) => {
            let (kind, id) = about.split_once('/').ok_or_else(unknown)?;
            let (state, version) = app.registry.part(actor, kind, id).await?;
            let about = About { kind: kind.to_owned(), id: id.to_owned(), version };
            (of_part(&app.registry, actor, kind, id, &state).await?, Some(about))
        }
        None => (beginnings(&app.registry, actor).await?, None),
    };
    let found = offers.into_iter().find(|offer| offer.tag == tag).ok_or_else(unknown)?;
    Ok((found, about))
}

fn back(visitor: &Visitor, about: Option<&About>) -> Option<(String, String)> {
    let has_role = visitor.signed_in.as_ref().is_some_and(|one| !one.actor.roles.is_empty());
    let to = |one: &About| page_for(has_role, &one.kind, &one.id);
    about.map(|one| (to(one), format!("{} {}", words::kind(&one.kind), one.id)))
}

/// Where a case is shown: people of the programme work on it, others see its public page.
fn page_for(has_role: bool, kind: &str, id: &str) -> String {
    match kind {
        "entry" if !has_role => format!("/entries/{id}"),
        "pp" if !has_role => format!("/profiles/{id}"),
        "lab" if !has_role => format!("/labs/{id}"),
        _ => address_of(kind, id),
    }
}

/// Where a case is shown to people of the programme.
pub(super) fn address_of(kind: &str, id: &str) -> String {
    format!("/cases/{kind}/{id}")
}

/// What is not there for a guest may be there for who signs in: a session may have ended since the page was opened.
pub(super) fn for_a_guest(visitor: &Visitor, failure: Failure) -> Failure {
    match failure {
        Failure::NotFound(_) if visitor.signed_in.is_none() => Failure::SignIn,
        other => other,
    }
}

/// Shows a form.
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    PathOf(tag): PathOf<String>,
    QueryOf(query): QueryOf<BTreeMap<String, String>>,
) -> Result<Response, WebError> {
    let (mut offer, about) = offer(&app, &visitor.actor()?, &tag, &query)
        .await
        .map_err(|failure| for_a_guest(&visitor, failure))?;
    // What an address says beforehand: which comment, which product. What the page settles it does not change.
    for (name, value) in query.iter().filter(|(name, _)| *name != "about") {
        if !offer.spec.fixed.contains(name) && value.len() <= 1000 {
            offer.initial.set(name.as_str(), value.as_str());
        }
    }
    let unknown = || Failure::NotFound("such form".to_owned());
    let draft = drafts::find(&app.registry, &visitor.csrf).await?;
    let draft = draft.filter(|draft| place_of(&tag, &query).as_deref() == Some(draft.at.as_str()));
    let mut sent = Sent::default();
    if let Some(draft) = &draft {
        sent.texts.clone_from(&draft.fields);
        offer.initial = sent.given();
    }
    let mut form = FormView::new(&offer, about.as_ref(), &visitor)?.ok_or_else(unknown)?;
    if draft.is_some() {
        form.keep_typed(&sent, &offer);
    }
    let layout = Layout::new(&app, &visitor, form.label);
    let (kept, back) = (draft.is_some(), back(&visitor, about.as_ref()));
    page(&ActPage { layout, form, problem: None, stale: false, kept, back })
}

/// What was sent: texts and files, by the names of their fields.
#[derive(Default)]
pub(super) struct Sent {
    pub(super) texts: Vec<(String, String)>,
    files: Vec<(String, Upload)>,
}

/// Where the form of a command stands; nothing for what is no address of ours.
fn place_of(tag: &str, query: &BTreeMap<String, String>) -> Option<String> {
    words::action(tag)?;
    let Some(about) = query.get("about") else { return Some(format!("/do/{tag}")) };
    let case: Case = about.parse().ok()?;
    Some(format!("/do/{tag}?about={case}"))
}

impl Sent {
    /// What stands in the fields of the command.
    fn given(&self) -> Given {
        let mut given = Given::default();
        for (name, text) in &self.texts {
            if !name.starts_with('_') && name != "csrf" {
                // A settled list comes back as lines.
                given.add(name.as_str(), text.replace("\r\n", "\n"));
            }
        }
        given
    }

    /// Keeps what was typed for who signs in, and leads him to where he can.
    async fn kept(self, app: &App, visitor: &Visitor, at: String) -> Result<Response, WebError> {
        let fields =
            self.texts.into_iter().filter(|(name, _)| name != "csrf" && name != "_sign_in").collect();
        Draft { at, fields }.keep(&app.registry, &visitor.csrf).await?;
        Ok(Redirect::to("/sign-in").into_response())
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.texts.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

/// Reads a form, with or without files.
pub(super) async fn sent(app: &App, request: Request) -> Result<Sent, Failure> {
    let media =
        request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut sent = Sent::default();
    if !media.starts_with("multipart/form-data") {
        let Body { bytes, .. } = Body::from_request(request, app).await.map_err(|error| error.0)?;
        sent.texts = url::form_urlencoded::parse(&bytes).into_owned().collect();
        return Ok(sent);
    }
    let unfit = |error: &dyn std::fmt::Display| Failure::unfit("form", error);
    let mut parts = Multipart::from_request(request, app).await.map_err(|error| unfit(&error))?;
    while let Some(part) = parts.next_field().await.map_err(|error| unfit(&error))? {
        let name = part.name().unwrap_or_default().to_owned();
        let file = part.file_name().map(str::to_owned);
        let media = part.content_type().unwrap_or("application/octet-stream").to_owned();
        let bytes = part.bytes().await.map_err(|error| unfit(&error))?;
        match (file, name.strip_suffix("@file")) {
            (Some(file), Some(path)) if !bytes.is_empty() => {
                let upload = Upload { kind: Kind::Other, media, name: file, bytes: bytes.to_vec() };
                sent.files.push((path.to_owned(), upload));
            }
            (Some(_), _) => {}
            (None, _) => {
                let text =
                    String::from_utf8(bytes.to_vec()).map_err(|error| Failure::unfit(name.clone(), error))?;
                sent.texts.push((name, text));
            }
        }
    }
    Ok(sent)
}

/// Carries a form out.
pub(super) async fn send(
    State(app): State<App>,
    visitor: Visitor,
    PathOf(tag): PathOf<String>,
    QueryOf(query): QueryOf<BTreeMap<String, String>>,
    request: Request,
) -> Result<Response, WebError> {
    let actor = visitor.actor()?;
    let is_old = request.extensions().get::<OldMark>().is_some();
    let mut sent = sent(&app, request).await?;
    let offered = offer(&app, &actor, &tag, &query).await.map_err(|failure| for_a_guest(&visitor, failure));
    let wants_in = visitor.signed_in.is_none() && !sent.text("_sign_in").is_empty();
    let (mut offer, about) = match (offered, place_of(&tag, &query)) {
        // A session may have ended in between: what was typed is not lost.
        (Err(Failure::SignIn), Some(at)) => return sent.kept(&app, &visitor, at).await,
        (Ok(_), Some(at)) if wants_in => return sent.kept(&app, &visitor, at).await,
        (offered, _) => offered?,
    };
    let mut given = sent.given();
    if is_old {
        offer.initial = given;
        let unknown = || Failure::NotFound("such form".to_owned());
        let mut form = FormView::new(&offer, about.as_ref(), &visitor)?.ok_or_else(unknown)?;
        form.keep_typed(&sent, &offer);
        let answer = Answer { app: &app, visitor: &visitor, about: about.as_ref() };
        return answer.again(form, Some(&Failure::OldForm), false);
    }
    let mut attached = Vec::new();
    let mut findings = None;
    for (path, mut upload) in std::mem::take(&mut sent.files) {
        let reads = fill::reads(offer.tag).filter(|(at, _)| *at == path);
        if let Some((_, kind)) = reads {
            upload.kind = kind;
        }
        let digest = dtsec_store::Digest::of(&upload.bytes).to_string();
        given.set(path.as_str(), digest.as_str());
        if let Some((_, kind)) = reads {
            let stored = app.registry.hand_in(&actor, upload.clone()).await?;
            fill::fill(kind, &upload.bytes, &path, &mut given);
            findings = stored.checked.map(|checked| Findings::new(&upload.name, checked));
        } else if actor.roles.is_empty() {
            attached.push(upload);
        } else {
            // Kept, so that it need not be chosen again if something else is wrong.
            app.registry.hand_in(&actor, upload).await?;
        }
    }
    let wanted = sent.text("_add").to_owned();
    if !wanted.is_empty() {
        given.more(&wanted);
    }
    offer.initial = given;
    let unknown = || Failure::NotFound("such form".to_owned());
    let mut form = FormView::new(&offer, about.as_ref(), &visitor)?.ok_or_else(unknown)?;
    let fresh_seen = form.keep_typed(&sent, &offer);
    let number = sent.text("_request");
    if !number.is_empty() {
        form.request = number.to_owned();
    }
    let seen = form.seen.clone();
    let answer = Answer { app: &app, visitor: &visitor, about: about.as_ref() };
    if !wanted.is_empty() || findings.is_some() {
        form.findings = findings;
        // Something new is read: this is another form now.
        form.request = secret()?[..32].to_owned();
        return answer.again(form, None, false);
    }
    let (schema, is_decision) = shape_of(offer.tag).ok_or_else(unknown)?;
    let mut reading = Form::new(&offer.initial, &offer.spec, offer.tag);
    let members = reading.read(schema);
    if !reading.problems.is_empty() {
        form.nodes = reading.nodes(schema);
        let count = reading.problems.len();
        let what = if count == 1 { "one field is".to_owned() } else { format!("{count} fields are") };
        let failure = Failure::unfit("form", format!("{what} not filled in as needed"));
        return answer.again(form, Some(&failure), false);
    }
    // The proposal's number follows from the form's: sent twice, it is the same proposal.
    let proposal = format!("p-{}", &form.request[..form.request.len().min(12)]);
    let command = command(offer.tag, members, is_decision, &proposal)?;
    let mut terms = Terms { request: Some(form.request.clone()), attached, ..Terms::default() };
    if let Some((name, version)) = seen.split_once(' ')
        && let Ok(version) = version.parse()
    {
        terms.seen.insert(name.to_owned(), version);
    }
    match app.registry.execute_with(&actor, &command, &form.reason, &terms).await {
        Ok(outcome) => {
            if drafts::find(&app.registry, &visitor.csrf).await?.is_some() {
                drafts::forget(&app.registry, &visitor.csrf).await?;
            }
            let word = if outcome.repeated { "again" } else { "done" };
            let to = landing(&app, &actor, &command, about.as_ref()).await;
            let mark = if to.contains('?') { '&' } else { '?' };
            Ok(Redirect::to(&format!("{to}{mark}{word}={}", offer.tag)).into_response())
        }
        Err(failure) => {
            let stale = matches!(failure, Failure::Stale { .. });
            if stale {
                form.seen = fresh_seen;
                form.request = secret()?[..32].to_owned();
            }
            if let Some(field) = failure.field() {
                if field == "reason" {
                    form.reason_problem = Some(format!("{failure}."));
                } else if let Some(path) =
                    form.nodes.iter().find_map(|node| node.named(field)).map(str::to_owned)
                {
                    reading.problems.insert(path, format!("{} {}", failure, failure.remedy()));
                    form.nodes = reading.nodes(schema);
                }
            }
            answer.again(form, Some(&failure), stale)
        }
    }
}

struct Answer<'a> {
    app: &'a App,
    visitor: &'a Visitor,
    about: Option<&'a About>,
}

impl Answer<'_> {
    /// The form again, with what was typed.
    fn again(&self, form: FormView, failure: Option<&Failure>, stale: bool) -> Result<Response, WebError> {
        if let Some(failure @ Failure::SignIn) = failure {
            return Ok(Problem::of(failure).into_response());
        }
        let problem = failure.map(Problem::of);
        let status = problem.as_ref().map_or(200, |problem| problem.status);
        let layout = Layout::new(self.app, self.visitor, form.label);
        let (kept, back) = (false, back(self.visitor, self.about));
        let mut response = page(&ActPage { layout, form, problem, stale, kept, back })?;
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Ok(response)
    }
}

/// Where to go after it is done: to the case, as far as this person may see it.
async fn landing(app: &App, actor: &Actor, command: &Command, about: Option<&About>) -> String {
    let mut candidates: Vec<(String, String)> = Vec::new();
    if let Ok(value) = serde_json::to_value(command) {
        let kinds =
            ["agreement", "st", "evaluation", "lab", "request", "vulnerability", "audit", "pp", "entry"];
        let named = |kind: &&str| Some(((*kind).to_owned(), value.get(*kind)?.as_str()?.to_owned()));
        if about.is_none()
            || matches!(
                command,
                Command::RequestMaintenance { .. }
                    | Command::PlanEvaluation { .. }
                    | Command::ReportVulnerability { .. }
            )
        {
            let wanted = match command {
                Command::RequestMaintenance { .. } => vec!["request"],
                Command::PlanEvaluation { .. } => vec!["evaluation"],
                Command::ReportVulnerability { .. } => vec!["vulnerability"],
                _ => kinds.to_vec(),
            };
            candidates.extend(wanted.iter().find_map(named));
        }
        if let (Command::Propose { proposal, .. }, None) = (command, about) {
            candidates.push(("proposal".to_owned(), proposal.to_string()));
        }
    }
    candidates.extend(about.map(|one| (one.kind.clone(), one.id.clone())));
    for (kind, id) in candidates {
        if app.registry.part(actor, &kind, &id).await.is_ok() {
            return page_for(!actor.roles.is_empty(), &kind, &id);
        }
    }
    if actor.roles.is_empty() { "/".to_owned() } else { "/work".to_owned() }
}
