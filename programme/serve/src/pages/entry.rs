//! A product's page: what is true of it now, in plain words; then what it rests on; then all that happened.

use super::{Layout, Notice, page, words};
use crate::access::Visitor;
use crate::registry::{Case, Failure, StatusAt};
use crate::web::{App, PathOf, QueryOf, WebError};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use dtsec_registry::domain::entry::{Basis, Entry, EntryKind, EntryState, Standing};
use dtsec_registry::domain::pp::van;
use dtsec_registry::domain::{Actor, Ref, RequestId, Time, day};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What is asked besides.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    at: String,
    /// What was done before, where a form leads here.
    #[serde(default)]
    done: Option<String>,
}

/// A version with what changed in it.
struct VersionView {
    version: String,
    identity: String,
    since: String,
    basis: &'static str,
    stands: bool,
    request: Option<String>,
    /// What changed, without the developer's reasoning, which is the parties'.
    differences: Vec<String>,
}

/// A line of the timeline.
struct Moment {
    at: String,
    stamp: String,
    text: String,
    tone: &'static str,
}

/// What it was at a day.
struct Then {
    asked: String,
    text: String,
    versions: Vec<String>,
}

/// What is to be done about a product, for who has one.
struct Advice {
    tone: &'static str,
    head: String,
    text: String,
}

#[derive(Template)]
#[template(path = "entry.html")]
struct EntryPage {
    layout: Layout,
    notice: Option<Notice>,
    id: String,
    entry: Entry,
    advice: Advice,
    van: u8,
    lab: Option<(String, String)>,
    certificate: Option<String>,
    base: Option<String>,
    versions: Vec<VersionView>,
    minor: usize,
    timeline: Vec<Moment>,
    then: Option<Then>,
    asked: String,
    st_public: bool,
    components: Vec<String>,
    claims: Vec<String>,
    is_party: bool,
}

/// A moment, or a day: then its end.
fn time_of(text: &str) -> Result<Time, Failure> {
    if let Ok(time) = text.parse::<Time>() {
        return Ok(time);
    }
    let unfit = |_| Failure::unfit("at", "a day such as 2030-01-31 is needed");
    let date: jiff::civil::Date = text.parse().map_err(unfit)?;
    let end = date.at(23, 59, 59, 999_999_000).to_zoned(jiff::tz::TimeZone::UTC).map_err(unfit)?;
    Ok(end.timestamp())
}

fn advice(entry: &Entry) -> Advice {
    let open = entry.open.len();
    let de_facto = matches!(entry.kind, EntryKind::DeFacto { .. });
    let on = |time: &Time| day(*time).to_string();
    match &entry.state {
        EntryState::Listed if open > 0 => Advice {
            tone: "warn",
            head: "Listed, with an open vulnerability".to_owned(),
            text: format!(
                "{} reported in this product and not mitigated yet. It stays listed while the developer remedies it. \
                 If you use one: install updates as soon as your device offers them, follow the developer's notices, and do not \
                 stop a therapy without asking your care team.",
                if open == 1 { "One vulnerability is".to_owned() } else { format!("{open} vulnerabilities are") }
            ),
        },
        EntryState::Listed if de_facto => Advice {
            tone: "calm",
            head: "Listed de facto".to_owned(),
            text: "No lab has evaluated this product. Its developer asserts that it meets the same Security Target as a certified \
                   product, and it is subject to random audit."
                .to_owned(),
        },
        EntryState::Listed => Advice {
            tone: "good",
            head: "Certified and listed".to_owned(),
            text: "An independent lab evaluated it against its Security Target, the working group accepted the report, and no open \
                   vulnerability conflicts with what it claims."
                .to_owned(),
        },
        EntryState::RemovedPendingRemediation { since } => Advice {
            tone: "warn",
            head: format!("Taken off the list on {}, until it is remediated", on(since)),
            text: "Something conflicts with what this product claims. It may come back when the working group has seen that it is \
                   remedied. If you use one: install updates as soon as your device offers them, ask the developer what to do \
                   until then, and do not stop a therapy without asking your care team."
                .to_owned(),
        },
        EntryState::Removed { since, because } => Advice {
            tone: "bad",
            head: format!("Taken off the list on {}", on(since)),
            text: format!(
                "The reason is: {because}. The certificate says nothing of this product any more, and it does not come back under \
                 this entry. If you use one: ask its developer and your care team what to do."
            ),
        },
        EntryState::Claimed => Advice { tone: "calm", head: "Claimed".to_owned(), text: "It is not listed.".to_owned() },
    }
}

fn timeline(entry: &Entry) -> Vec<Moment> {
    let mut all: Vec<(Time, String, &'static str)> = Vec::new();
    for trace in &entry.history {
        let text = match trace.because.as_str() {
            "" => words::plain(&trace.is),
            because => format!("{}: {because}", words::plain(&trace.is)),
        };
        all.push((trace.at, text, words::state(&trace.is.replace(' ', "-")).tone));
    }
    for version in entry.versions.iter().skip(1) {
        all.push((version.since, format!("Version {} appended", version.version), "calm"));
    }
    all.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
    let moment = |(at, text, tone): (Time, String, &'static str)| Moment {
        at: day(at).to_string(),
        stamp: at.to_string(),
        text,
        tone,
    };
    all.into_iter().map(moment).collect()
}

fn then(status: &StatusAt, asked: &str) -> Then {
    let because = status.because.as_deref().filter(|text| !text.is_empty());
    let text = match (&status.is, &status.since) {
        (Some(is), Some(since)) => {
            let because = because.map(|text| format!(" ({text})")).unwrap_or_default();
            format!("{is}, since {}{because}", day(*since))
        }
        _ => "not in the list yet".to_owned(),
    };
    Then { asked: asked.to_owned(), text, versions: status.versions.clone() }
}

pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    PathOf(id): PathOf<String>,
    QueryOf(asked): QueryOf<Asked>,
) -> Result<Response, WebError> {
    let entry = app.registry.entry(&id).await?;
    let then = match asked.at.trim() {
        "" => None,
        at => Some(then(&app.registry.status_at(&id, time_of(at)?).await?, at)),
    };
    let wanted = entry.requests.iter().cloned().map(Ref::Request).chain(entry.lab().cloned().map(Ref::Lab));
    let view = app.registry.view(wanted.chain([Ref::St(entry.st.clone())])).await?;
    let actor = visitor.actor()?;
    let lab = entry.lab().map(|id| {
        let name = view.labs.get(id).map_or_else(|| id.to_string(), |lab| lab.application.name.clone());
        (id.to_string(), name)
    });
    let (certificate, base) = match &entry.kind {
        EntryKind::Certified { certificate, .. } => (Some(certificate.to_string()), None),
        EntryKind::DeFacto { base, .. } => (None, Some(base.to_string())),
    };
    let mut differences: BTreeMap<&RequestId, Vec<String>> = view
        .requests
        .iter()
        .map(|(id, request)| {
            let all = request.form.differences.iter();
            (id, all.map(|one| one.what.clone()).collect())
        })
        .collect();
    let versions: Vec<VersionView> = entry
        .versions
        .iter()
        .map(|version| {
            let request = match &version.basis {
                Basis::Maintained { request } => Some(request),
                _ => None,
            };
            VersionView {
                version: version.version.clone(),
                identity: version.identity.clone(),
                since: day(version.since).to_string(),
                basis: match version.basis {
                    Basis::Evaluated => "evaluated by the lab",
                    Basis::Maintained { .. } => "appended: minor changes",
                    Basis::Asserted => "asserted by the developer",
                },
                stands: version.standing == Standing::InForce,
                differences: request.and_then(|id| differences.remove(id)).unwrap_or_default(),
                request: request.map(ToString::to_string),
            }
        })
        .collect();
    let guest = Actor { roles: std::collections::BTreeSet::new(), ..actor.clone() };
    let st_public = app.registry.may_read(&guest, &Case::Of(Ref::St(entry.st.clone()))).await.is_ok();
    let layout = Layout::new(&app, &visitor, entry.product.clone())
        .at("products")
        .feed(format!("/entries/{id}/changes.atom"));
    page(&EntryPage {
        notice: asked.done.as_deref().map(Notice::done),
        layout,
        advice: advice(&entry),
        van: van(&entry.components),
        lab,
        certificate,
        base,
        minor: entry.minor_changes().len(),
        versions,
        timeline: timeline(&entry),
        then,
        asked: if asked.at.is_empty() { day(app.registry.now()).to_string() } else { asked.at.clone() },
        st_public,
        components: entry.components.iter().cloned().collect(),
        claims: entry.claims.iter().cloned().collect(),
        is_party: !actor.roles.is_empty(),
        id,
        entry,
    })
}

/// For the timeline's feed: its lines, newest first.
pub(super) fn feed_lines(entry: &Entry) -> Vec<(String, String)> {
    timeline(entry).into_iter().map(|one| (one.stamp, one.text)).collect()
}
