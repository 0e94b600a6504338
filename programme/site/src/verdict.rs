//! A device's verdict as a page, and the form that asks for one. Each page is one file that needs nothing beside it.

use crate::{STYLE, words};
use askama::Template;
use dtsec_list::{OpenVulnerability, Severity};
use dtsec_verify::{Finding, Freshness, ListTime, Listed, Verdict};

/// Where whoever has the device goes on.
struct Advice {
    tone: &'static str,
    head: &'static str,
    text: &'static str,
}

const CARE: &str = "Do not stop a therapy because of this page: talk to the care team first.";

/// What a finding means for who has the device.
fn advice(finding: Finding) -> Advice {
    let advice = |tone, head, text| Advice { tone, head, text };
    match finding {
        Finding::ListedAndClean => advice(
            "good",
            "A certified version runs on this device",
            "It is genuine, exactly what was evaluated runs on it, and nothing is known against that version.",
        ),
        Finding::OpenVulnerability => advice(
            "warn",
            "A listed version runs, and a weakness is known in it",
            "The device is genuine. Install the update that the developer offers, or ask the developer or your clinic what to do until \
             there is one.",
        ),
        Finding::ListedDeFacto => advice(
            "calm",
            "A version that is listed de facto runs on this device",
            "It is genuine, and its developer states that it is as secure as a certified product. No lab has evaluated it.",
        ),
        Finding::RevalidationRequired => advice(
            "warn",
            "A listed version runs that does not count for now",
            "The device is genuine. Its version has to be evaluated anew; ask the developer or your clinic for another one.",
        ),
        Finding::StaleList => advice(
            "warn",
            "The list is out of date",
            "The version was listed and nothing was known against it. What became of it since then is not known: get a newer list and ask \
             again.",
        ),
        Finding::NotListed
        | Finding::MissingComponent
        | Finding::ExtraComponent
        | Finding::MixedRelease
        | Finding::WrongSigner => advice(
            "warn",
            "What runs on this device is not on the list",
            "The device is genuine, and it runs something that was not evaluated as a whole. Ask the developer or your clinic whether an \
             update leads to a listed version.",
        ),
        Finding::RemovedPendingRemediation | Finding::Removed => advice(
            "bad",
            "The product was taken off the list",
            "The device is genuine and runs a version of a product that does not count any more. Ask the developer or your clinic what to do.",
        ),
        Finding::DebugState | Finding::Decommissioned | Finding::NotSecured => advice(
            "bad",
            "This device is not in a state in which it can be relied on",
            "Have whoever looks after your devices examine it.",
        ),
        Finding::RevokedKey
        | Finding::NotEndorsed
        | Finding::NotAcceptedChain
        | Finding::WrongInstance
        | Finding::WrongImplementation => advice(
            "bad",
            "That this is a genuine device is not proven",
            "Its developer does not vouch for it, or no longer, or it is another device than the one that was asked. Have whoever looks \
             after your devices examine it.",
        ),
        _ => advice(
            "bad",
            "There is no verdict",
            "What was handed in does not prove anything about the device. Ask it again, with a new challenge.",
        ),
    }
}

fn severity(of: Severity) -> &'static str {
    match of {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
    }
}

fn list_said(list: &ListTime) -> (bool, String) {
    let (as_of, until) = (words::moment(list.as_of), words::moment(list.fresh_until));
    match list.freshness {
        Freshness::Fresh => (true, format!("By list {} as of {as_of}, fresh until {until}.", list.serial)),
        Freshness::Stale => {
            (false, format!("By list {} as of {as_of}, out of date since {until}.", list.serial))
        }
        Freshness::FromTheFuture => (
            false,
            format!("By list {} as of {as_of}, which is in the future: a clock is wrong.", list.serial),
        ),
    }
}

#[derive(Template)]
#[template(path = "verdict.html")]
struct Page<'v> {
    style: &'static str,
    title: &'static str,
    advice: Advice,
    care: &'static str,
    fresh: bool,
    list: String,
    at: String,
    listed: Option<Listed<'v>>,
    exact: bool,
    open: Vec<(&'v OpenVulnerability, &'static str)>,
    verdict: &'v Verdict<'v>,
    instance: Option<String>,
    fingerprint: Option<String>,
    /// Where another device is asked for.
    again: bool,
}

/// The page of a verdict. `again` where a form lies in the folder above it.
///
/// # Errors
/// Where the template engine fails.
pub fn page(verdict: &Verdict<'_>, again: bool) -> Result<String, askama::Error> {
    let (fresh, list) = list_said(&verdict.list);
    let advice = advice(verdict.finding);
    Page {
        style: STYLE,
        title: advice.head,
        advice,
        care: CARE,
        fresh,
        list,
        at: words::moment(verdict.at),
        listed: verdict.listed,
        exact: verdict.is_exact(),
        open: verdict.open().iter().map(|one| (one, severity(one.severity))).collect(),
        verdict,
        instance: verdict.token.as_ref().map(|token| token.instance_id.to_string()),
        fingerprint: verdict.fingerprint.as_ref().map(ToString::to_string),
        again,
    }
    .render()
}

/// What the form needs.
#[derive(Debug, Clone)]
pub struct Form<'a> {
    /// A challenge of the service, as it takes it back.
    pub challenge: &'a str,
    /// The same in hex, for whoever asks the device.
    pub challenge_hex: &'a str,
    /// Until when it can be answered.
    pub expires: jiff::Timestamp,
    /// By which list verdicts are.
    pub list: ListTime,
}

#[derive(Template)]
#[template(path = "ask.html")]
struct Ask<'a> {
    style: &'static str,
    title: &'static str,
    form: &'a Form<'a>,
    expires: String,
    fresh: bool,
    list: String,
}

/// The form that asks for a verdict.
///
/// # Errors
/// Where the template engine fails.
pub fn form(form: &Form<'_>) -> Result<String, askama::Error> {
    let (fresh, list) = list_said(&form.list);
    let expires = words::moment(form.expires);
    Ask { style: STYLE, title: "Check a device", form, expires, fresh, list }.render()
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Problem<'a> {
    style: &'static str,
    title: &'static str,
    said: &'a str,
}

/// Why there is no verdict: what was handed in asks nothing.
///
/// # Errors
/// Where the template engine fails.
pub fn problem(said: &str) -> Result<String, askama::Error> {
    Problem { style: STYLE, title: "Nothing was checked", said }.render()
}
