//! The real server on a port of its own, with the people of the fixtures, a clock that the test sets, and browsers for them.

use crate::driver::{Browser, Element};
use crate::fixtures;
use crate::programme::{Place, TestClock};
use dtsec_serve::{Config, Registry, Server};
use serde_json::json;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::oneshot;

pub(crate) struct House {
    pub(crate) registry: Registry,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) origin: String,
    pub(crate) first: String,
    browsers: RefCell<BTreeMap<String, Rc<Visitor>>>,
    folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    /// Its end is the server's.
    _end: oneshot::Sender<()>,
}

/// Somebody at a browser.
pub(crate) struct Visitor {
    pub(crate) browser: Browser,
    origin: String,
}

impl House {
    /// An empty registry.
    pub(crate) fn empty(place: Place) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(TestClock::at(fixtures::at(0)));
        let config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            settings: place.settings(folder.path()),
            origin: None,
            proxies: Vec::new(),
            provider: None,
        };
        let server = runtime.block_on(Server::start_at(config, clock.clone())).unwrap();
        let (registry, origin) =
            (server.registry().clone(), server.origin().as_str().trim_end_matches('/').to_owned());
        let (_, first) = server.first_link().unwrap();
        let (end, ended) = oneshot::channel::<()>();
        runtime.spawn(server.run(async move {
            let _ = ended.await;
        }));
        Self { registry, clock, origin, first, browsers: RefCell::default(), folder, runtime, _end: end }
    }

    /// With everybody of the fixtures.
    pub(crate) fn with_people(place: Place) -> Self {
        let house = Self::empty(place);
        house.wait(crate::programme::people(&house.registry));
        house
    }

    /// With a listed product, on day 31.
    pub(crate) fn with_entry(place: Place) -> Self {
        let house = Self::with_people(place);
        house.wait(crate::programme::listed(&house.registry, &house.clock));
        house
    }

    /// With the programme of the demonstration.
    pub(crate) fn of_the_demonstration() -> Self {
        let house = Self::empty(Place::Sqlite);
        house.wait(dtsec_serve::demo::fill(&house.registry)).unwrap();
        house
    }

    pub(crate) fn wait<T>(&self, what: impl Future<Output = T>) -> T {
        self.runtime.block_on(what)
    }

    /// A file to upload: its path.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// A browser in which nobody is signed in.
    pub(crate) fn guest(&self) -> Visitor {
        Visitor { browser: Browser::open(), origin: self.origin.clone() }
    }

    /// The address of a sign-in link for somebody.
    pub(crate) fn link(&self, person: &str) -> String {
        let secret = self.wait(self.registry.link_by_operator(&fixtures::id(person))).unwrap();
        format!("/sign-in/link?token={secret}")
    }

    /// The browser of somebody, signed in by a link where he is not. Each has one.
    pub(crate) fn at(&self, person: &str) -> Rc<Visitor> {
        let known = self.browsers.borrow().get(person).cloned();
        let visitor = known.unwrap_or_else(|| {
            let visitor = Rc::new(self.guest());
            self.browsers.borrow_mut().insert(person.to_owned(), visitor.clone());
            visitor
        });
        if person != "guest" {
            visitor.open("/sign-in");
            if !visitor.browser.has(".account [action='/sign-out']") {
                visitor.sign_in(&self.link(person));
            }
        }
        visitor
    }

    /// Days go by; whoever was signed in is not any more.
    pub(crate) fn day(&self, day: i64) {
        self.clock.set(fixtures::at(day));
    }

    /// Opens a page as somebody, fills in the form of a command there, and sends it. Says where it leads.
    pub(crate) fn walks(&self, who: &str, page: &str, tag: &str, fields: &[(&str, &str)]) -> String {
        let visitor = self.at(who);
        visitor.open(page);
        visitor.fills(tag, fields);
        visitor.sends(tag);
        let address = visitor.path();
        assert!(visitor.browser.has(".notice"), "{who}: {tag} on {page}: {}", visitor.browser.text());
        visitor.is_calm();
        address
    }

    /// Proposed by one member of the working group, found among the proposals and confirmed by another.
    pub(crate) fn both_decide(&self, page: &str, tag: &str, fields: &[(&str, &str)]) {
        self.walks("dora", page, tag, fields);
        let dirk = self.at("dirk");
        dirk.open("/work/proposals");
        let link = dirk.browser.find("tbody a[href^='/cases/proposal/']");
        dirk.browser.follow(&link);
        let proposal = dirk.path();
        let dora = self.at("dora");
        dora.open(&proposal);
        assert!(
            !dora.browser.has("form[action^='/do/confirm']"),
            "the first member is offered to be the second"
        );
        self.walks("dirk", &proposal, "confirm", &[]);
    }
}

impl Visitor {
    pub(crate) fn open(&self, path: &str) {
        self.browser.go(&format!("{}{path}", self.origin));
    }

    /// Where in the site it is.
    pub(crate) fn path(&self) -> String {
        let address = self.browser.address();
        address.strip_prefix(&self.origin).unwrap_or_else(|| panic!("it is elsewhere: {address}")).to_owned()
    }

    pub(crate) fn text(&self) -> String {
        self.browser.text()
    }

    /// Opens a sign-in link and presses its button.
    pub(crate) fn sign_in(&self, link: &str) {
        self.open(link.strip_prefix(&self.origin).unwrap_or(link));
        self.browser.follow(&self.browser.find("main form button"));
        self.browser.find(".account [action='/sign-out']");
    }

    pub(crate) fn press(&self, css: &str) {
        self.browser.follow(&self.browser.find(css));
    }

    /// Fills in the form of a command as a person does. What names a path is a file.
    pub(crate) fn fills(&self, tag: &str, fields: &[(&str, &str)]) {
        let form = form_of(tag);
        self.browser.find(&form);
        let reason = [("_reason", "as the test needs it")];
        let given = fields.iter().any(|(name, _)| *name == "_reason");
        let has_reason = self.browser.has(&format!("{form} [name='_reason']"));
        for (name, value) in fields.iter().chain(reason.iter().filter(|_| has_reason && !given)) {
            self.fill(&form, name, value);
        }
    }

    fn fill(&self, form: &str, name: &str, value: &str) {
        // What is folded away is unfolded, as a person does.
        let show = "for (let at = document.querySelector(arguments[0]); at; at = at.parentElement) if (at.tagName === 'DETAILS') at.open = true;";
        let field = format!("{form} [name='{name}']:not([type=hidden])");
        let kind = self.browser.run(
            "const found = document.querySelector(arguments[0]); return found && (found.type || found.tagName)",
            &[json!(field)],
        );
        self.browser.run(show, &[json!(field)]);
        match kind.as_str() {
            Some("radio" | "checkbox") => {
                let element = self.browser.find(&format!("{field}[value='{value}']"));
                if self.browser.property(&element, "checked") != json!(true) {
                    self.browser.click(&element);
                }
            }
            Some("select-one") => {
                self.browser.click(&self.browser.find(&format!("{field} option[value='{value}']")));
            }
            Some("date") => {
                let set = "const one = document.querySelector(arguments[0]); one.value = arguments[1]; \
                    one.dispatchEvent(new Event('input', { bubbles: true })); return one.value";
                assert_eq!(self.browser.run(set, &[json!(field), json!(value)]), json!(value), "{name}");
            }
            Some("file") => self.browser.type_in(&self.browser.find(&field), value),
            Some(_) => {
                let element = self.browser.find(&field);
                self.browser.clear(&element);
                self.browser.type_in(&element, value);
            }
            None => panic!("no field `{name}` in {form} at {}: {}", self.path(), self.text()),
        }
    }

    /// Presses the button of the form.
    pub(crate) fn sends(&self, tag: &str) {
        let button: Element =
            self.browser.find(&format!("{} .send button[type=submit]:not([name])", form_of(tag)));
        self.browser.follow(&button);
    }

    /// The browser complained of nothing.
    pub(crate) fn is_calm(&self) {
        let said = self.browser.complaints();
        assert!(said.is_empty(), "{}: {said:?}", self.path());
    }

    /// A refusal was shown with its status, and that is all the browser complained of.
    pub(crate) fn is_refused(&self, status: u16) {
        let said = self.browser.complaints();
        let own = format!("status of {status} ");
        assert!(!said.is_empty() && said.iter().all(|one| one.contains(&own)), "{}: {said:?}", self.path());
    }
}

fn form_of(tag: &str) -> String {
    format!("form[action^='/do/{tag}']")
}
