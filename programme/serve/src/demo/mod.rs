//! A believable programme for who looks at the server for the first time: made by real commands, over the last year.

mod steps;

use crate::Clock;
use crate::registry::{DWG, Failure, Grant, Kind, Registry, Terms, Upload};
use dtsec_registry::domain::{Actor, Command, Date, Decision, Digest, Role, day};
use dtsec_store::Time;
use jiff::SignedDuration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Goes through the year as the steps do.
struct Year(Mutex<Time>);

impl Clock for Year {
    fn now(&self) -> Time {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Days of the story.
const DAYS: i64 = 300;

/// A name in the story that is no id: a mistake of this file.
fn id<T: std::str::FromStr>(text: &str) -> Result<T, Failure> {
    text.parse().map_err(|_| Failure::Bug(format!("the demonstration names `{text}`, which is no id")))
}

/// Who tells the story.
struct Story {
    registry: Registry,
    year: Arc<Year>,
    begin: Time,
    actors: BTreeMap<&'static str, Actor>,
    papers: Vec<Upload>,
    proposals: u32,
}

/// Fills an empty registry, and gives each person with the secret of a sign-in link.
///
/// # Errors
/// For a registry that is not empty, and where the store fails.
pub async fn fill(registry: &Registry) -> Result<Vec<(String, String)>, Failure> {
    let root = registry.actor("first-member").await?;
    let (Some((root, _)), true) = (root, registry.store().head().await?.seq <= 3) else {
        return Err(Failure::Denied {
            what: "the demonstration is only made in an empty registry".to_owned(),
            remedy: "Give a new folder with --data.",
        });
    };
    let begin = registry.now() - SignedDuration::from_hours(24 * DAYS);
    let year = Arc::new(Year(Mutex::new(begin)));
    let mut story = Story {
        registry: Registry::new(registry.store().clone(), year.clone()),
        year,
        begin,
        actors: BTreeMap::new(),
        papers: Vec::new(),
        proposals: 0,
    };
    story.people(&root).await?;
    steps::tell(&mut story).await?;
    let mut links = Vec::new();
    for person in story.actors.keys() {
        links.push(((*person).to_owned(), registry.link_by_operator(&id(person)?).await?));
    }
    Ok(links)
}

/// Person, name, organisation, roles.
const PEOPLE: &[(&str, &str, &str, &[Role])] = &[
    ("dana", "Dana (working group)", DWG, &[Role::DwgScope, Role::DwgProfiles, Role::DwgAssurance]),
    ("david", "David (working group)", DWG, &[Role::DwgScope, Role::DwgProfiles, Role::DwgAssurance]),
    ("otto", "Otto (auditor)", DWG, &[Role::Auditor]),
    ("nora", "Nora (North Lab)", "north", &[Role::LabEvaluator, Role::LabQuality]),
    ("saul", "Saul (South Lab)", "south", &[Role::LabEvaluator, Role::LabQuality]),
    ("ann", "Ann (Alpha Medical)", "alpha", &[Role::Developer]),
    ("bob", "Bob (Beta Diabetes)", "beta", &[Role::Developer]),
    ("pat", "Pat (patient)", "public", &[]),
];

const ORGANISATIONS: &[(&str, &str, &str)] = &[
    ("north", "North Lab", "lab"),
    ("south", "South Lab", "lab"),
    ("alpha", "Alpha Medical", "developer"),
    ("beta", "Beta Diabetes", "developer"),
    ("public", "The public", "other"),
];

impl Story {
    async fn people(&mut self, root: &Actor) -> Result<(), Failure> {
        let reason = "a demonstration";
        for (organisation, name, kind) in ORGANISATIONS {
            self.registry.put_organisation(root, &id(organisation)?, name, kind, reason).await?;
        }
        for (person, name, organisation, roles) in PEOPLE {
            let grant = Grant {
                person: id(person)?,
                name: (*name).to_owned(),
                email: None,
                organisation: id(organisation)?,
                roles: roles.iter().copied().collect(),
                reason: reason.to_owned(),
            };
            let mut made = self.registry.grant(root, &grant).await?;
            if made.pending.is_some() {
                let dana = self.who("dana")?;
                made = self.registry.confirm_roles(&dana, &grant.person, reason).await?;
            }
            self.actors.insert(person, made.actor(grant.person));
        }
        Ok(())
    }

    fn who(&self, name: &str) -> Result<Actor, Failure> {
        self.actors.get(name).cloned().ok_or_else(|| Failure::Bug(format!("nobody is called `{name}`")))
    }

    /// Goes on to a day of the story.
    fn on(&mut self, day: i64) {
        let mut now = self.year.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = self.begin + SignedDuration::from_hours(24 * day);
    }

    /// A day of the story.
    fn date(&self, of: i64) -> Date {
        day(self.begin + SignedDuration::from_hours(24 * of))
    }

    /// Writes a paper that goes with the next command, and gives its hash.
    fn paper(&mut self, title: &str) -> Result<Digest, Failure> {
        let bytes = format!("# {title}\n\nA paper of the demonstration.\n").into_bytes();
        let hash = dtsec_store::Digest::of(&bytes);
        let name = format!("{}.md", title.to_lowercase().replace(' ', "-"));
        self.papers.push(Upload {
            kind: Kind::Other,
            media: "text/markdown; charset=utf-8".to_owned(),
            name,
            bytes,
        });
        id(hash.as_str())
    }

    async fn does(&mut self, name: &str, command: Command, reason: &str) -> Result<(), Failure> {
        let terms = Terms { attached: std::mem::take(&mut self.papers), ..Terms::default() };
        self.registry.execute_with(&self.who(name)?, &command, reason, &terms).await.map(drop)
    }

    /// Proposed by one member of the working group, confirmed by another.
    async fn decided(&mut self, decision: Decision, reason: &str) -> Result<(), Failure> {
        self.proposals += 1;
        let proposal = format!("proposal-{}", self.proposals);
        let decision = Box::new(decision);
        self.does("dana", Command::Propose { proposal: id(&proposal)?, decision }, reason).await?;
        self.does("david", Command::Confirm { proposal: id(&proposal)? }, reason).await
    }
}
