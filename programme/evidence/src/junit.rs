//! Reports in JUnit's XML, of tests that ran elsewhere.
//!
//! A test says which requirement it verifies by `<property name="verifies" value="ID"/>` in its `<testcase>` or in the
//! `<testsuite>` around it; a value may name several ids. A failure is a fail; an error and a skipped test decide
//! nothing. Nothing is taken from the clock, so the same report gives the same bytes.
//!
//! A report is somebody else's file: its size, depth and number of tests are bounded, a document type is refused, and
//! no entity is expanded but the five of XML itself.

use dtsec_model::catalogue;
use dtsec_model::etr::Verdict;
use dtsec_model::evidence::{Attachment, EvidenceBundle, Image, Run, TestKind, TestResult};
use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;
use std::collections::BTreeSet;

/// The longest report that is read.
pub const MAX_BYTES: usize = 16 << 20;
const MAX_DEPTH: usize = 32;
const MAX_TESTS: usize = 100_000;
/// The most that is kept of a message.
const MAX_OBSERVATION: usize = 2000;

/// Why a file is no report that could be taken in.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum JunitError {
    /// Too large.
    #[error("{bytes} bytes are more than a report may have ({MAX_BYTES}); split it")]
    TooLong {
        /// How large.
        bytes: usize,
    },
    /// Not UTF-8.
    #[error("the report is not UTF-8; convert it")]
    Encoding,
    /// Not XML.
    #[error("line {line}: not XML: {message}")]
    Xml {
        /// From 1.
        line: usize,
        /// What the reader stumbled over.
        message: String,
    },
    /// A document type, which is how XML bombs are built.
    #[error("line {line}: a report has no document type; take it out")]
    DocumentType {
        /// From 1.
        line: usize,
    },
    /// An entity of its own.
    #[error("line {line}: the entity `&{name};` is not one of XML's five, and others are not expanded")]
    Entity {
        /// From 1.
        line: usize,
        /// Its name.
        name: String,
    },
    /// Another document.
    #[error(
        "line {line}: `<{found}>` is not the root of a JUnit report, which is `<testsuites>` or `<testsuite>`"
    )]
    Root {
        /// From 1.
        line: usize,
        /// What there is.
        found: String,
    },
    /// Nested too deeply.
    #[error("line {line}: nested more than {MAX_DEPTH} deep")]
    Depth {
        /// From 1.
        line: usize,
    },
    /// Too many tests.
    #[error("line {line}: more than {MAX_TESTS} tests; split the report")]
    TooManyTests {
        /// From 1.
        line: usize,
    },
    /// It ends in the middle.
    #[error("the report ends inside `<{element}>`; it was cut off")]
    CutOff {
        /// What is open.
        element: String,
    },
    /// No tests.
    #[error("there is no test in the report")]
    NoTests,
    /// A test without a name.
    #[error("line {line}: a `<testcase>` without a name")]
    NoName {
        /// From 1.
        line: usize,
    },
    /// Two tests of one name.
    #[error("line {line}: a second test `{id}`; results are cited by name, so name them apart")]
    Repeated {
        /// From 1.
        line: usize,
        /// The name.
        id: String,
    },
    /// A requirement that does not exist.
    #[error(
        "line {line}: there is no requirement `{id}`; `verifies` takes ids of the SESIP catalogue, such as \
         `secure-update-of-platform`"
    )]
    UnknownRequirement {
        /// From 1.
        line: usize,
        /// What was named.
        id: String,
    },
    /// Nothing says when it ran.
    #[error("the report does not say when the tests ran; give --started and --finished")]
    NoTime,
    /// No images.
    #[error("no image is named; evidence is about something: give --image PART=VERSION=FILE")]
    NoImages,
}

/// What a report holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The tests, in the order of the report.
    pub results: Vec<TestResult>,
    /// The earliest `timestamp` of a suite, as it stands there.
    pub timestamp: Option<String>,
    /// The sum of the tests' times, in milliseconds.
    pub milliseconds: u64,
}

/// What a report does not say of its run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunElsewhere {
    /// The tool that ran the tests.
    pub tool: String,
    /// Its version.
    pub tool_version: String,
    /// What was tested.
    pub target: String,
    /// The images on it.
    pub images: Vec<Image>,
    /// The machine.
    pub host: String,
    /// When it began, RFC 3339, where the report does not say so.
    pub started: Option<String>,
    /// When it ended, RFC 3339, where it is not the beginning and the tests' times together.
    pub finished: Option<String>,
    /// The report's name, under which it is attached.
    pub file: String,
}

/// Takes a report in as the evidence of a run.
///
/// # Errors
/// Where the report is none, or does not say enough.
pub fn import(report: &[u8], run: &RunElsewhere) -> Result<EvidenceBundle, JunitError> {
    if run.images.is_empty() {
        return Err(JunitError::NoImages);
    }
    if report.len() > MAX_BYTES {
        return Err(JunitError::TooLong { bytes: report.len() });
    }
    let text = std::str::from_utf8(report).map_err(|_| JunitError::Encoding)?;
    let read = read(text)?;
    let began = match (&run.started, &read.timestamp) {
        (Some(started), _) => instant(started).ok_or(JunitError::NoTime)?,
        (None, Some(timestamp)) => instant(timestamp).ok_or(JunitError::NoTime)?,
        (None, None) => return Err(JunitError::NoTime),
    };
    let ended = match &run.finished {
        Some(finished) => instant(finished).ok_or(JunitError::NoTime)?,
        None => {
            let milliseconds = i64::try_from(read.milliseconds).unwrap_or(i64::MAX);
            began.checked_add(jiff::SignedDuration::from_millis(milliseconds)).unwrap_or(began)
        }
    };
    let digest = crate::sha256(report);
    Ok(EvidenceBundle {
        kind: Default::default(),
        run: Run {
            id: format!("{}-{}-{}", run.tool, run.target, &digest[..12]),
            tool: run.tool.clone(),
            tool_version: run.tool_version.clone(),
            target: run.target.clone(),
            images: run.images.clone(),
            host: run.host.clone(),
            seed: None,
            started: format!("{began:.0}"),
            finished: format!("{ended:.0}"),
        },
        results: read.results,
        attachments: vec![Attachment {
            name: run.file.clone(),
            sha256: digest,
            description: "the JUnit report that this was taken from".to_owned(),
        }],
    })
}

/// JUnit writes times without a zone; then it is UTC.
fn instant(text: &str) -> Option<jiff::Timestamp> {
    let text = text.trim();
    text.parse().ok().or_else(|| format!("{text}Z").parse().ok())
}

/// Reads a report.
///
/// # Errors
/// Where it is none.
pub fn read(text: &str) -> Result<Report, JunitError> {
    if text.len() > MAX_BYTES {
        return Err(JunitError::TooLong { bytes: text.len() });
    }
    let mut reader = Reader::from_str(text);
    let mut state = State::default();
    loop {
        let event = reader.read_event();
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let line = || line_of(text, at);
        let event = event.map_err(|error| JunitError::Xml { line: line(), message: error.to_string() })?;
        match event {
            Event::DocType(_) => return Err(JunitError::DocumentType { line: line() }),
            Event::Start(element) => state.open(&element, &line)?,
            Event::Empty(element) => {
                state.open(&element, &line)?;
                state.close(&line)?;
            }
            Event::End(_) => state.close(&line)?,
            Event::Text(text) => state.text(&text.xml10_content()),
            Event::CData(text) => state.text(&text.xml10_content()),
            Event::GeneralRef(reference) => state.text(&resolve(&reference, &line)?),
            Event::Eof => return state.finish(),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

/// An open element, as far as it matters.
enum Open {
    Suites,
    Suite {
        /// The tests before it.
        first: usize,
        verifies: Vec<String>,
    },
    Case(Case),
    /// `failure`, `error`, `skipped` inside a test.
    Ending,
    Other,
}

struct Case {
    id: String,
    title: String,
    requirements: Vec<String>,
    verdict: Verdict,
    observation: String,
}

#[derive(Default)]
struct State {
    open: Vec<(String, Open)>,
    results: Vec<TestResult>,
    ids: BTreeSet<String>,
    suites: Vec<String>,
    timestamp: Option<String>,
    milliseconds: u64,
    /// Whether the root was there and is closed.
    over: bool,
}

impl State {
    fn open(&mut self, element: &BytesStart<'_>, line: &dyn Fn() -> usize) -> Result<(), JunitError> {
        let name = element.name().as_ref().to_owned();
        if self.open.len() >= MAX_DEPTH {
            return Err(JunitError::Depth { line: line() });
        }
        if self.open.is_empty() && (self.over || !matches!(&*name, "testsuites" | "testsuite")) {
            return Err(JunitError::Root { line: line(), found: name });
        }
        // Every attribute is looked at, so that no entity hides in one that does not matter.
        let attributes = attributes(element, line)?;
        let attribute = |wanted: &str| {
            attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
        };
        let in_case = self.open.iter().any(|(_, open)| matches!(open, Open::Case(_)));
        let kind = match &*name {
            "testsuites" => Open::Suites,
            "testsuite" if !in_case => {
                self.suites.push(attribute("name").unwrap_or_default().to_owned());
                if let Some(timestamp) = attribute("timestamp").filter(|text| !text.is_empty()) {
                    let earlier = self.timestamp.as_deref().is_none_or(|known| timestamp < known);
                    if earlier {
                        self.timestamp = Some(timestamp.to_owned());
                    }
                }
                Open::Suite { first: self.results.len(), verifies: Vec::new() }
            }
            "testcase" if !in_case => self.case(&attribute, line)?,
            "failure" if in_case => self.ended(Verdict::Fail, "failed", attribute("message")),
            "error" if in_case => self.ended(Verdict::Inconclusive, "error", attribute("message")),
            "skipped" if in_case => self.ended(Verdict::Inconclusive, "skipped", attribute("message")),
            "property" => {
                if attribute("name") == Some("verifies") {
                    self.verifies(attribute("value").unwrap_or_default(), line)?;
                }
                Open::Other
            }
            _ => Open::Other,
        };
        self.open.push((name, kind));
        Ok(())
    }

    fn case<'a>(
        &mut self,
        attribute: &dyn Fn(&str) -> Option<&'a str>,
        line: &dyn Fn() -> usize,
    ) -> Result<Open, JunitError> {
        if self.results.len() >= MAX_TESTS {
            return Err(JunitError::TooManyTests { line: line() });
        }
        let name = attribute("name").map(str::trim).filter(|name| !name.is_empty());
        let title = name.ok_or_else(|| JunitError::NoName { line: line() })?.to_owned();
        let class = attribute("classname").map(str::trim).filter(|class| !class.is_empty());
        let suite = self.suites.last().map(String::as_str).filter(|suite| !suite.is_empty());
        let id = match class.or(suite) {
            Some(group) => format!("{group}.{title}"),
            None => title.clone(),
        };
        if !self.ids.insert(id.clone()) {
            return Err(JunitError::Repeated { line: line(), id });
        }
        let seconds: f64 = attribute("time").and_then(|time| time.trim().parse().ok()).unwrap_or_default();
        // What is no sensible time adds nothing: the conversion saturates, and a number that is none becomes 0.
        self.milliseconds = self.milliseconds.saturating_add((seconds * 1000.0) as u64);
        let requirements = Vec::new();
        Ok(Open::Case(Case { id, title, requirements, verdict: Verdict::Pass, observation: String::new() }))
    }

    fn ended(&mut self, verdict: Verdict, word: &str, message: Option<&str>) -> Open {
        if let Some(case) = self.current() {
            // A failure stays one, whatever else is said.
            if case.verdict != Verdict::Fail {
                case.verdict = verdict;
            }
            if !case.observation.is_empty() {
                case.observation.push_str("; ");
            }
            case.observation.push_str(word);
            case.observation.push_str(": ");
            if let Some(message) = message.map(str::trim).filter(|message| !message.is_empty()) {
                case.observation.push_str(message);
                case.observation.push('\n');
            }
        }
        Open::Ending
    }

    fn verifies(&mut self, ids: &str, line: &dyn Fn() -> usize) -> Result<(), JunitError> {
        for id in ids.split([',', ' ', '\t', '\n']).filter(|id| !id.is_empty()) {
            if catalogue::sfr(id).is_none() {
                return Err(JunitError::UnknownRequirement { line: line(), id: id.to_owned() });
            }
            let list = self.open.iter_mut().rev().find_map(|(_, open)| match open {
                Open::Case(case) => Some(&mut case.requirements),
                Open::Suite { verifies, .. } => Some(verifies),
                _ => None,
            });
            if let Some(list) = list.filter(|list| list.iter().all(|known| known != id)) {
                list.push(id.to_owned());
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if !matches!(self.open.last(), Some((_, Open::Ending))) {
            return;
        }
        if let Some(case) = self.current().filter(|case| case.observation.len() < MAX_OBSERVATION) {
            case.observation.push_str(text);
        }
    }

    fn current(&mut self) -> Option<&mut Case> {
        self.open.iter_mut().rev().find_map(|(_, open)| match open {
            Open::Case(case) => Some(case),
            _ => None,
        })
    }

    fn close(&mut self, line: &dyn Fn() -> usize) -> Result<(), JunitError> {
        let Some((name, open)) = self.open.pop() else {
            return Err(JunitError::Xml { line: line(), message: "an end without a beginning".to_owned() });
        };
        self.over = self.open.is_empty();
        match open {
            Open::Case(case) => self.results.push(case.result()),
            Open::Suite { first, verifies } => {
                self.suites.pop();
                for result in &mut self.results[first..] {
                    for id in &verifies {
                        if !result.requirements.contains(id) {
                            result.requirements.push(id.clone());
                        }
                    }
                }
            }
            Open::Suites | Open::Ending | Open::Other => drop(name),
        }
        Ok(())
    }

    fn finish(self) -> Result<Report, JunitError> {
        if let Some((element, _)) = self.open.last() {
            return Err(JunitError::CutOff { element: element.clone() });
        }
        if self.results.is_empty() {
            return Err(JunitError::NoTests);
        }
        Ok(Report { results: self.results, timestamp: self.timestamp, milliseconds: self.milliseconds })
    }
}

impl Case {
    fn result(self) -> TestResult {
        let observation = self.observation.split_whitespace().collect::<Vec<_>>().join(" ");
        let observation = observation.trim_end_matches([':', ' ']).to_owned();
        let end = (0..=MAX_OBSERVATION.min(observation.len())).rev();
        let end = end.into_iter().find(|at| observation.is_char_boundary(*at)).unwrap_or_default();
        TestResult {
            id: self.id,
            title: self.title,
            kind: TestKind::Functional,
            requirements: self.requirements,
            threats: Vec::new(),
            verdict: self.verdict,
            observation: observation[..end].to_owned(),
        }
    }
}

fn attributes(
    element: &BytesStart<'_>,
    line: &dyn Fn() -> usize,
) -> Result<Vec<(String, String)>, JunitError> {
    let refused =
        |error: &dyn std::fmt::Display| JunitError::Xml { line: line(), message: error.to_string() };
    let each = element.attributes().map(|attribute| {
        let attribute = attribute.map_err(|error| refused(&error))?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| refused(&error))?;
        Ok((attribute.key.as_ref().to_owned(), value.into_owned()))
    });
    each.collect()
}

/// A character by number, or one of XML's five.
fn resolve(reference: &BytesRef<'_>, line: &dyn Fn() -> usize) -> Result<String, JunitError> {
    let name = reference.xml10_content().into_owned();
    let number = reference
        .resolve_char_ref()
        .map_err(|error| JunitError::Xml { line: line(), message: error.to_string() })?;
    let character = match (number, &*name) {
        (Some(character), _) => character,
        (None, "amp") => '&',
        (None, "lt") => '<',
        (None, "gt") => '>',
        (None, "quot") => '"',
        (None, "apos") => '\'',
        (None, _) => return Err(JunitError::Entity { line: line(), name }),
    };
    Ok(character.to_string())
}
