//! A registry with its server, and persons who ask it by the command line.

use dtsec_scratch::Clock;
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::people::{ORGANISATIONS, PEOPLE};
use crate::place::Place;
use crate::server::{Server, asked, done};

pub(crate) struct World {
    pub(crate) place: Place,
    clock: Clock,
    pub(crate) server: Server,
    /// When the test began.
    begun: Date,
    proposals: u32,
}

fn today() -> Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// What was answered.
pub(crate) struct Said {
    pub(crate) status: i32,
    pub(crate) value: Value,
}

impl Said {
    /// It must have been done.
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 0, "{:#}", self.value);
        self.value
    }

    /// It must have been refused, with this number.
    pub(crate) fn refused(self, number: u16) -> Value {
        assert_eq!(self.status, 1, "{:#}", self.value);
        assert_eq!(self.value["number"], number, "{:#}", self.value);
        let remedy = self.value["remedy"].as_str().unwrap();
        assert!(!remedy.is_empty(), "it is not said what to do: {:#}", self.value);
        self.value
    }
}

impl World {
    /// An empty registry, whose first member has signed in as `root`.
    pub(crate) fn new(place: Place) -> Self {
        let clock = Clock::new();
        let server = Server::start(&place, &clock, 0);
        let link = server.first_link.clone().expect("a new registry has a link");
        let world = Self { place, clock, server, begun: today(), proposals: 0 };
        world.signs_in("root", &link);
        world
    }

    /// Over a registry that is there already.
    pub(crate) fn over(place: Place) -> Self {
        let clock = Clock::new();
        let server = Server::start(&place, &clock, 0);
        assert_eq!(server.first_link, None);
        Self { place, clock, server, begun: today(), proposals: 0 }
    }

    /// With everybody of [`PEOPLE`], each with a token.
    pub(crate) fn with_people(place: Place) -> Self {
        let world = Self::new(place);
        for (id, kind) in ORGANISATIONS {
            world
                .ask("root", &["organisation", "add", id, "--name", id, "--kind", kind, "--reason", "new"])
                .ok();
        }
        for (person, organisation, roles) in PEOPLE {
            let mut arguments =
                vec!["person", "add", person, "--name", person, "--organisation", organisation];
            arguments.extend(["--reason", "known to us"]);
            arguments.extend(roles.iter().flat_map(|role| ["--role", role]));
            let made = world.ask("root", &arguments).ok();
            if made["pending"] != json!([]) {
                let confirm = ["person", "confirm", person, "--reason", "known to me, too"];
                world.ask("root", &confirm).refused(10);
                world.ask("dirk", &confirm).ok();
            }
            let link = world.ask("root", &["person", "link", person]).ok();
            world.signs_in(person, link["url"].as_str().unwrap());
        }
        world
    }

    pub(crate) fn signs_in(&self, person: &str, link: &str) {
        let out = self.place.path(&format!("{person}.token"));
        let arguments = ["registry", "sign-in", "--out", &out, "--days", "365"];
        let (status, made) = asked(&arguments, link);
        assert_eq!(status, 0, "{made:#}");
        assert!(made.get("token").is_none(), "the secret is in the file only");
    }

    /// A day, counted from the first one of the test.
    pub(crate) fn day(&self, number: i64) -> String {
        self.begun.checked_add(number.days()).unwrap().to_string()
    }

    /// The server is killed, and another one goes on some days after the first one began.
    pub(crate) fn goes_on(&mut self, day: i64) {
        self.server.kill();
        self.server = Server::start(&self.place, &self.clock, day);
        assert_eq!(self.server.first_link, None, "what was acknowledged was lost");
    }

    /// Asks as a person, or as `guest` without a token.
    pub(crate) fn ask(&self, who: &str, arguments: &[&str]) -> Said {
        self.ask_with(who, arguments, "")
    }

    fn ask_with(&self, who: &str, arguments: &[&str], input: &str) -> Said {
        let token = self.place.path(&format!("{who}.token"));
        let mut all = vec!["registry", "--server", &self.server.address];
        if who != "guest" {
            all.extend(["--token", &token]);
        }
        all.extend(arguments);
        let (status, value) = asked(&all, input);
        Said { status, value }
    }

    /// Gives a command.
    pub(crate) fn give(&self, who: &str, command: &Value) -> Said {
        self.give_with(who, command, &[])
    }

    pub(crate) fn give_with(&self, who: &str, command: &Value, more: &[&str]) -> Said {
        let arguments = [&["give", "-", "--reason", "as the test needs it"], more].concat();
        self.ask_with(who, &arguments, &command.to_string())
    }

    /// Is refused with this number, and nothing happens.
    pub(crate) fn refuses(&self, who: &str, command: &Value, number: u16) {
        let before = self.head();
        self.give(who, command).refused(number);
        assert_eq!(self.head(), before, "refused, and yet something happened");
    }

    pub(crate) fn propose(&self, who: &str, decision: &Value, proposal: &str) -> Said {
        let arguments = ["propose", "-", "--proposal", proposal, "--reason", "as the test needs it"];
        self.ask_with(who, &arguments, &decision.to_string())
    }

    pub(crate) fn confirm(&self, who: &str, proposal: &str) -> Said {
        self.ask(who, &["confirm", proposal, "--reason", "seen as well"])
    }

    /// Proposed by one member, and confirmed by another: nobody is both.
    pub(crate) fn decided(&mut self, decision: &Value) -> Value {
        self.proposals += 1;
        let proposal = format!("p{}", self.proposals);
        self.propose("root", decision, &proposal).ok();
        let waits = self.row("dirk", "proposals", &proposal);
        assert_eq!(waits["decision"], decision["decision"]);
        self.confirm("root", &proposal).refused(104);
        self.confirm("dirk", &proposal).ok()
    }

    /// Hands a paper in, and gives its SHA-256.
    pub(crate) fn paper(&self, who: &str, name: &str) -> String {
        let file = self.place.path(&format!("{name}.txt"));
        std::fs::write(&file, format!("This is {name}.\n")).unwrap();
        let kept = self.ask(who, &["hand-in", &file]).ok();
        kept["digest"].as_str().unwrap().to_owned()
    }

    /// A row of a list.
    pub(crate) fn row(&self, who: &str, list: &str, id: &str) -> Value {
        let page = self.ask(who, &["list", list, "--size", "500"]).ok();
        let found = page["items"].as_array().unwrap().iter().find(|row| row["id"] == id).cloned();
        found.unwrap_or_else(|| panic!("no {id} in {list}: {page:#}"))
    }

    /// The state of something, as a list has it.
    pub(crate) fn state(&self, who: &str, list: &str, id: &str) -> String {
        self.row(who, list, id)["state"].as_str().unwrap().to_owned()
    }

    /// A part as it is.
    pub(crate) fn part(&self, who: &str, part: &str) -> Value {
        self.ask(who, &["show", part]).ok()["state"].take()
    }

    /// What an entry was on a day, as anybody may ask.
    pub(crate) fn status(&self, entry: &str, day: i64) -> Value {
        self.ask("guest", &["status", entry, &self.day(day)]).ok()
    }

    /// The number of the last event.
    pub(crate) fn head(&self) -> i64 {
        let log = self.ask("root", &["log", "--size", "1"]).ok();
        log["items"][0]["number"].as_i64().unwrap()
    }

    /// The logs verify, and everything that is kept follows from the events.
    pub(crate) fn verifies(&self) -> Value {
        let place = self.place.arguments();
        let place: Vec<&str> = place.iter().map(String::as_str).collect();
        done(&[&["store", "verify"], place.as_slice()].concat())
    }
}
