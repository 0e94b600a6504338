//! Words for people: states, advice, what was evaluated.

use crate::parts::Entry;
use dtsec_model::catalogue;
use jiff::Timestamp;

/// A state for people: its words, and its tone (`good`, `warn`, `bad`, `calm`), which gives it colour and shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) text: String,
    pub(crate) tone: &'static str,
}

impl State {
    pub(crate) fn new(tone: &'static str, text: impl Into<String>) -> Self {
        Self { text: text.into(), tone }
    }
}

/// What is to be done about a product, for who has one.
pub(crate) struct Advice {
    pub(crate) tone: &'static str,
    pub(crate) head: String,
    pub(crate) text: String,
}

/// The day of a moment.
pub(crate) fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// A moment to the minute.
pub(crate) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A tag as words.
pub(crate) fn plain(tag: &str) -> String {
    let text = tag.replace(['-', '_'], " ");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The state of an entry, and what is known against the newest of its versions that stands.
pub(crate) fn entry(entry: &Entry<'_>, known: usize) -> State {
    match entry.state.state {
        "listed" if known > 0 => State::new("warn", "Listed, open vulnerability"),
        "listed" if entry.is_de_facto() => State::new("calm", "Listed de facto"),
        "listed" => State::new("good", "Listed"),
        "removed-pending-remediation" => State::new("warn", "Removed until remediated"),
        "removed" => State::new("bad", "Removed"),
        other => State::new("calm", plain(other)),
    }
}

/// The state of a lab or profile.
pub(crate) fn state(tag: &str) -> State {
    let tone = match tag {
        "accepted" => "good",
        "suspended" | "public-review" => "warn",
        "removed" | "withdrawn" | "rejected" => "bad",
        _ => "calm",
    };
    State::new(tone, if tag == "public-review" { "In public review".to_owned() } else { plain(tag) })
}

const CARE: &str = "Keep using it as your care team told you, and do not stop a therapy without asking them.";

/// What the state of an entry means for who has the product.
pub(crate) fn advice(entry: &Entry<'_>, known: usize) -> Advice {
    let since = entry.state.since.map(day).unwrap_or_default();
    match entry.state.state {
        "listed" if known > 0 => Advice {
            tone: "warn",
            head: "Listed, with an open vulnerability".to_owned(),
            text: format!(
                "A weakness is known in the newest listed version, and its developer is working on it. Install updates when your \
                 device offers them, and ask the developer or your clinic what else to do. {CARE}"
            ),
        },
        "listed" if entry.is_de_facto() => Advice {
            tone: "calm",
            head: "Listed de facto".to_owned(),
            text: "No lab has evaluated this product. Its developer states that it meets the same security claims as a certified \
                   product, and random audits check that."
                .to_owned(),
        },
        "listed" => Advice {
            tone: "good",
            head: "Certified and listed".to_owned(),
            text: "An independent lab has evaluated its security, the working group has accepted the report, and nothing is known \
                   against the newest listed version."
                .to_owned(),
        },
        "removed-pending-remediation" => Advice {
            tone: "warn",
            head: format!("Not on the list since {since}, until a problem is solved"),
            text: format!(
                "Something was found that does not fit with what was certified. It can come back when that is solved and checked. \
                 Install updates when your device offers them, and ask the developer or your clinic what to do until then. {CARE}"
            ),
        },
        _ => Advice {
            tone: "bad",
            head: format!("Not on the list since {since}"),
            text: format!(
                "It was taken off the list for good{}. Its certificate says nothing about it any more. Ask the developer or your \
                 clinic what to do. {CARE}",
                entry.state.because.map(|because| format!(": {because}")).unwrap_or_default()
            ),
        },
    }
}

/// What a level of vulnerability analysis means.
pub(crate) fn level(van: u8) -> &'static str {
    match van {
        5.. => "The lab attacked it as experts with much time and equipment would.",
        4 => "The lab attacked it as skilled attackers with some time and equipment would.",
        3 => "The lab attacked it as attackers with more than basic skill would.",
        1 | 2 => "The lab attacked it as attackers with basic skill would.",
        0 => "No vulnerability analysis is named.",
    }
}

/// A requirement that a product claims: its name, and what it means where that is known.
pub(crate) struct Claim {
    pub(crate) name: String,
    pub(crate) means: &'static str,
}

/// What a claim means, in this project's own words.
pub(crate) fn claim(id: &str) -> Claim {
    match catalogue::sfr(id) {
        Some(sfr) => Claim { name: sfr.title.clone(), means: &sfr.summary },
        None => Claim { name: plain(id), means: "" },
    }
}

/// Why a version is in an entry.
pub(crate) fn basis(by: &str) -> &'static str {
    match by {
        "evaluated" => "evaluated by the lab",
        "maintained" => "added after a check of its changes",
        _ => "stated by the developer",
    }
}

/// A line of an entry's history.
pub(crate) struct Moment {
    pub(crate) at: Timestamp,
    pub(crate) text: String,
    pub(crate) tone: &'static str,
}

impl Moment {
    pub(crate) fn day(&self) -> String {
        day(self.at)
    }
}

/// What became of an entry, the newest first.
pub(crate) fn history(entry: &Entry<'_>) -> Vec<Moment> {
    let traces = entry.history.iter().map(|trace| {
        let (is, tone) = match trace.is {
            "listed" => ("Listed", "good"),
            "removed pending remediation" => ("Taken off the list until remediated", "warn"),
            "removed" => ("Taken off the list", "bad"),
            other => (other, "calm"),
        };
        let text =
            if trace.because.is_empty() { plain(is) } else { format!("{}: {}", plain(is), trace.because) };
        Moment { at: trace.at, text, tone }
    });
    let appended = entry.versions.iter().skip(1).map(|one| {
        let text = format!("Version {} added: {}", one.version, basis(one.basis.by));
        Moment { at: one.since, text, tone: "calm" }
    });
    let mut all: Vec<Moment> = traces.chain(appended).collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.at));
    all
}
