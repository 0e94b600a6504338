//! Who is who: organisations, persons, what they may be. Every change of it is an event in the same log.

use super::{Failure, Registry};
use dtsec_registry::domain::{Actor, OrganisationId, PersonId, Role};
use dtsec_store::{
    AccessChange, Change, Credential, Event, Key, NewEvent, OneTime, Organisation, Person, SecretHash, Size,
    Time, Token, Transaction,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// The working group's own organisation.
pub const DWG: &str = "dwg";

/// A person as the access layer knows him.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PersonData {
    /// The name.
    pub name: String,
    /// Where mail arrives.
    pub email: Option<String>,
    /// For whom he works.
    pub organisation: OrganisationId,
    /// What he may be.
    pub roles: BTreeSet<Role>,
    /// Other organisations in which he has an interest, as he declares.
    pub interests: BTreeSet<OrganisationId>,
    /// Roles that a second member of the working group has to confirm.
    pub pending: Option<Pending>,
    /// Since when he may not come in any more.
    pub disabled: Option<Time>,
}

/// Roles that wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Pending {
    /// Which.
    pub roles: BTreeSet<Role>,
    /// Who gave them.
    pub by: PersonId,
}

impl PersonData {
    /// As the domain sees him.
    pub fn actor(&self, id: PersonId) -> Actor {
        let (organisation, interests) = (self.organisation.clone(), self.interests.clone());
        Actor { person: id, organisation, interests, roles: self.roles.clone() }
    }
}

/// A person to come, or new roles of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Grant {
    /// The person's id.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// The name.
    pub name: String,
    /// Where mail arrives: an account at the OpenID provider with this address, verified, is his.
    #[serde(default)]
    pub email: Option<String>,
    /// For whom he works.
    #[schema(value_type = String)]
    pub organisation: OrganisationId,
    /// What he may be.
    #[schema(value_type = Vec<String>)]
    pub roles: BTreeSet<Role>,
    /// Why.
    pub reason: String,
}

/// Whether a role is the working group's to give, and only by two.
const fn is_sensitive(role: Role) -> bool {
    role.is_impartial()
}

/// Whether an actor may give these roles to somebody of an organisation, and whether they have to wait for a second member.
///
/// # Errors
/// [`Failure::Denied`].
pub fn may_grant(actor: &Actor, grant: &Grant, members: usize) -> Result<bool, Failure> {
    let denied = |what: String| Failure::Denied {
        what,
        remedy: "Ask a member of the working group, or of that organisation, who may.",
    };
    if actor.person == grant.person {
        return Err(denied("nobody changes his own roles".to_owned()));
    }
    if grant.roles.contains(&Role::Public) {
        return Err(Failure::unfit("roles", "everybody is `public`; it is not given"));
    }
    if super::is_dwg(actor) {
        let sensitive = grant.roles.iter().copied().any(is_sensitive);
        return Ok(sensitive && members >= 2);
    }
    let own = actor.organisation == grant.organisation;
    let within = |roles: &[Role]| grant.roles.iter().all(|role| roles.contains(role));
    let lab = actor.is(Role::LabQuality) && within(&[Role::LabEvaluator, Role::LabQuality]);
    let developer = actor.is(Role::Developer) && within(&[Role::Developer]);
    if own && (lab || developer) {
        return Ok(false);
    }
    Err(denied(format!("these roles in `{}` are not yours to give", grant.organisation)))
}

/// How long a sign-in link works.
const LINK_HOURS: i64 = 24;

/// What sign-in links are for.
pub(crate) const LINK: &str = "sign-in";

fn key(person: &str) -> Key {
    Key::new("person", person)
}

/// What a change of the access layer makes of the aggregates; none for an event of the domain.
pub(super) fn replayed(event: &Event) -> Option<Result<Vec<(Key, Value)>, String>> {
    match event.key.kind.as_str() {
        "person" => Some(Ok(event
            .data
            .get("person")
            .map(|state| (event.key.clone(), state.clone()))
            .into_iter()
            .collect())),
        "organisation" | "upload" | "sbom" => Some(Ok(Vec::new())),
        _ => None,
    }
}

/// A change of one person, with its event.
struct Step<'a> {
    by: &'a str,
    id: &'a str,
    tag: &'a str,
    reason: &'a str,
    more: Value,
    access: Vec<AccessChange>,
}

impl Registry {
    /// A person with his version, if there is one.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn person(&self, id: &str) -> Result<Option<(PersonData, i64)>, Failure> {
        let key = key(id);
        let loaded = self.store.load([key.clone()]).await?;
        let Some(state) = loaded.state(&key) else { return Ok(None) };
        let person = PersonData::deserialize(state)
            .map_err(|error| Failure::Damaged { what: key.to_string(), problem: error.to_string() })?;
        Ok(Some((person, loaded.version(&key))))
    }

    /// A person, for the working group and for members of the same organisation.
    ///
    /// # Errors
    /// Where there is none, or he is of another organisation: both look the same.
    pub async fn person_for(&self, actor: &Actor, id: &str) -> Result<PersonData, Failure> {
        let (person, _) = self.known(id).await?;
        let own = actor.organisation == person.organisation && !actor.roles.is_empty();
        if own || super::is_dwg(actor) || actor.person.as_str() == id {
            return Ok(person);
        }
        Err(Failure::NotFound(format!("person `{id}`")))
    }

    /// Somebody who may come in, as the domain sees him.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn actor(&self, id: &str) -> Result<Option<(Actor, PersonData)>, Failure> {
        let Some((person, _)) = self.person(id).await? else { return Ok(None) };
        let Ok(id) = id.parse::<PersonId>() else { return Ok(None) };
        Ok(person.disabled.is_none().then(|| (person.actor(id), person)))
    }

    async fn known(&self, id: &str) -> Result<(PersonData, i64), Failure> {
        self.person(id).await?.ok_or_else(|| Failure::NotFound(format!("person `{id}`")))
    }

    /// How many members the working group has, as far as two.
    async fn members(&self) -> Result<usize, Failure> {
        let mut members = BTreeSet::new();
        for role in [Role::DwgScope, Role::DwgProfiles, Role::DwgAssurance] {
            let search = dtsec_store::Search::all("persons").facet("role", role.name()).size(Size::new(2));
            members.extend(self.store.search(&search).await?.items.into_iter().map(|row| row.id));
        }
        Ok(members.len())
    }

    async fn keep(&self, step: Step<'_>, after: Option<(&PersonData, i64)>) -> Result<(), Failure> {
        let mut transaction = Transaction::new(step.by, self.now());
        let mut data = step.more;
        if let Some((person, version)) = after {
            let state = json!(person);
            data["person"] = state.clone();
            transaction.changes.push(Change { key: key(step.id), expected: version, state });
            transaction.access.push(AccessChange::PutPerson(Person {
                id: step.id.to_owned(),
                name: person.name.clone(),
                email: person.email.clone(),
                organisation: person.organisation.to_string(),
                data: json!({}),
                disabled: person.disabled,
            }));
        }
        let mut event = NewEvent::new(key(step.id), step.tag, data);
        step.reason.clone_into(&mut event.reason);
        transaction.events.push(event);
        transaction.access.extend(step.access);
        self.store.commit(transaction).await?;
        Ok(())
    }

    /// A new organisation, or a new name of one: by the working group.
    ///
    /// # Errors
    /// For who may not, and for what is no organisation.
    pub async fn put_organisation(
        &self,
        actor: &Actor,
        id: &OrganisationId,
        name: &str,
        kind: &str,
        reason: &str,
    ) -> Result<(), Failure> {
        if !super::is_dwg(actor) {
            return Err(Failure::Denied {
                what: "organisations are entered by the working group".to_owned(),
                remedy: "Ask a member of the working group.",
            });
        }
        filled("name", name)?;
        filled("reason", reason)?;
        if !["dwg", "lab", "developer", "other"].contains(&kind) {
            return Err(Failure::unfit("kind", "`lab`, `developer`, `dwg` or `other` is needed"));
        }
        self.organisation_entered(actor.person.as_str(), id, name, kind, reason).await
    }

    async fn organisation_entered(
        &self,
        by: &str,
        id: &OrganisationId,
        name: &str,
        kind: &str,
        reason: &str,
    ) -> Result<(), Failure> {
        let mut transaction = Transaction::new(by, self.now());
        let mut event = NewEvent::new(
            Key::new("organisation", id.as_str()),
            "organisation-entered",
            json!({ "name": name, "kind": kind }),
        );
        reason.clone_into(&mut event.reason);
        transaction.events.push(event);
        transaction.access.push(AccessChange::PutOrganisation(Organisation {
            id: id.to_string(),
            name: name.to_owned(),
            kind: kind.to_owned(),
            data: json!({}),
        }));
        self.store.commit(transaction).await?;
        Ok(())
    }

    /// Enters a person, or gives a person other roles. The working group's own roles wait for a second member, as soon as
    /// there is one.
    ///
    /// # Errors
    /// For who may not, and for what does not fit.
    pub async fn grant(&self, actor: &Actor, grant: &Grant) -> Result<PersonData, Failure> {
        filled("reason", &grant.reason)?;
        filled("name", &grant.name)?;
        if crate::access::RESERVED.contains(&grant.person.as_str()) {
            return Err(Failure::unfit("person", "this id stands for nobody in particular"));
        }
        let before = self.person(grant.person.as_str()).await?;
        if let Some((before, _)) = &before
            && before.organisation != grant.organisation
        {
            return Err(Failure::unfit("organisation", "a person does not change it; enter another person"));
        }
        let email = grant.email.as_deref().map(str::to_lowercase).filter(|email| !email.is_empty());
        if let Some((before, _)) = &before
            && before.email != email
            && self.has_signed_in(grant.person.as_str()).await?
        {
            // Whoever has the address can sign in with it: as a second member, too.
            return Err(Failure::unfit(
                "email",
                "it does not change once the person has signed in; enter another person",
            ));
        }
        let mut members = self.members().await?;
        if let Some((before, _)) = &before {
            // Who takes roles away needs the same rights as who gives them.
            let taken = Grant { roles: before.roles.clone(), ..grant.clone() };
            may_grant(actor, &taken, members)?;
        }
        if self.store.organisation(grant.organisation.as_str()).await?.is_none() {
            return Err(Failure::unfit("organisation", "there is none of this id; enter it first"));
        }
        members = members.max(self.members().await?);
        let waits = may_grant(actor, grant, members)?;
        let (old, version) = match before {
            Some((person, version)) => (Some(person), version),
            None => (None, 0),
        };
        let kept: BTreeSet<Role> = old.as_ref().map(|person| person.roles.clone()).unwrap_or_default();
        let added = grant.roles.iter().copied().filter(|role| !kept.contains(role) && is_sensitive(*role));
        let waiting: BTreeSet<Role> = if waits { added.collect() } else { BTreeSet::new() };
        let person = PersonData {
            name: grant.name.clone(),
            email,
            organisation: grant.organisation.clone(),
            roles: grant.roles.difference(&waiting).copied().collect(),
            interests: old.as_ref().map(|person| person.interests.clone()).unwrap_or_default(),
            pending: (!waiting.is_empty()).then(|| Pending { roles: waiting, by: actor.person.clone() }),
            disabled: None,
        };
        let step = Step {
            by: actor.person.as_str(),
            id: grant.person.as_str(),
            tag: if old.is_some() { "roles-given" } else { "person-entered" },
            reason: &grant.reason,
            more: json!({}),
            access: Vec::new(),
        };
        self.keep(step, Some((&person, version))).await?;
        Ok(person)
    }

    /// Confirms roles of the working group, as its second member.
    ///
    /// # Errors
    /// For who may not, or gave them; and where none wait.
    pub async fn confirm_roles(
        &self,
        actor: &Actor,
        id: &PersonId,
        reason: &str,
    ) -> Result<PersonData, Failure> {
        filled("reason", reason)?;
        let (mut person, version) = self.known(id.as_str()).await?;
        let remedy = "Let another member of the working group confirm them.";
        let Some(pending) = person.pending.take() else {
            return Err(Failure::Denied {
                what: format!("no roles of `{id}` wait"),
                remedy: "Give them first.",
            });
        };
        if !super::is_dwg(actor) || pending.by == actor.person || *id == actor.person {
            let what = "these roles are confirmed by a second member of the working group".to_owned();
            return Err(Failure::Denied { what, remedy });
        }
        person.roles.extend(pending.roles);
        let step = Step {
            by: actor.person.as_str(),
            id: id.as_str(),
            tag: "roles-confirmed",
            reason,
            more: json!({ "given-by": pending.by }),
            access: Vec::new(),
        };
        self.keep(step, Some((&person, version))).await?;
        Ok(person)
    }

    /// Keeps somebody out from now on: all sessions end, tokens and links are worth nothing.
    ///
    /// # Errors
    /// For who may not.
    pub async fn disable(&self, actor: &Actor, id: &PersonId, reason: &str) -> Result<(), Failure> {
        filled("reason", reason)?;
        let (mut person, version) = self.known(id.as_str()).await?;
        may_grant(actor, &as_grant(id, &person, reason), 0)?;
        person.disabled = Some(self.now());
        let step = Step {
            by: actor.person.as_str(),
            id: id.as_str(),
            tag: "person-disabled",
            reason,
            more: json!({}),
            access: vec![AccessChange::EndSessions { person: id.to_string() }],
        };
        self.keep(step, Some((&person, version))).await
    }

    /// Declares in which organisations one has an interest. It adds only: what was declared once is taken back by the working
    /// group, by new roles for a new person.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn declare_interest(
        &self,
        actor: &Actor,
        organisation: &OrganisationId,
        reason: &str,
    ) -> Result<(), Failure> {
        filled("reason", reason)?;
        if self.store.organisation(organisation.as_str()).await?.is_none() {
            return Err(Failure::unfit("organisation", "there is none of this id"));
        }
        let (mut person, version) = self.known(actor.person.as_str()).await?;
        person.interests.insert(organisation.clone());
        let step = Step {
            by: actor.person.as_str(),
            id: actor.person.as_str(),
            tag: "interest-declared",
            reason,
            more: json!({}),
            access: Vec::new(),
        };
        self.keep(step, Some((&person, version))).await
    }

    /// A link with which somebody signs in once. What is returned is the secret: it is shown once and kept nowhere.
    ///
    /// # Errors
    /// For who may not.
    pub async fn sign_in_link(&self, actor: &Actor, id: &PersonId) -> Result<String, Failure> {
        let (person, _) = self.known(id.as_str()).await?;
        if actor.person != *id {
            may_grant(actor, &as_grant(id, &person, "link"), 0)?;
            // Who could sign in as a second member would be two members at once.
            if person
                .roles
                .iter()
                .chain(person.pending.iter().flat_map(|one| &one.roles))
                .any(|role| is_sensitive(*role))
                && self.has_signed_in(id.as_str()).await?
            {
                return Err(Failure::Denied {
                    what: format!("`{id}` has signed in before, and another member could sign in as him"),
                    remedy: "Whoever runs the server makes a link: `dtsec serve --link-for`.",
                });
            }
        }
        self.link_made(actor.person.as_str(), id).await
    }

    async fn has_signed_in(&self, id: &str) -> Result<bool, Failure> {
        let mut after = 0;
        loop {
            let page = self.store.history(&key(id), after, Size::new(Size::MOST)).await?;
            if page.items.iter().any(|event| event.tag == "signed-in") {
                return Ok(true);
            }
            match (page.next, page.items.last()) {
                (Some(_), Some(last)) => after = last.seq,
                _ => return Ok(false),
            }
        }
    }

    /// As [`Registry::sign_in_link`], by whoever runs the server.
    ///
    /// # Errors
    /// Where there is no such person.
    pub async fn link_by_operator(&self, id: &PersonId) -> Result<String, Failure> {
        self.known(id.as_str()).await?;
        self.link_made("operator", id).await
    }

    async fn link_made(&self, by: &str, id: &PersonId) -> Result<String, Failure> {
        let secret = crate::access::secret()?;
        let expires = self.now() + jiff::SignedDuration::from_hours(LINK_HOURS);
        let one = OneTime {
            hash: SecretHash::of(&secret),
            purpose: LINK.to_owned(),
            data: json!({ "person": id }),
            expires,
        };
        let step = Step {
            by,
            id: id.as_str(),
            tag: "sign-in-link-made",
            reason: "",
            more: json!({ "expires": expires }),
            access: vec![AccessChange::AddOneTime(one)],
        };
        self.keep(step, None).await?;
        Ok(secret)
    }

    /// In an empty registry: enters the working group and its first member, and makes a link for him. Nothing otherwise.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn first_member(&self) -> Result<Option<(PersonId, String)>, Failure> {
        if self.store.head().await?.seq > 0 {
            return Ok(None);
        }
        let bug = |error: dtsec_registry::domain::IdError| Failure::Bug(error.to_string());
        let organisation: OrganisationId = DWG.parse().map_err(bug)?;
        let first: PersonId = "first-member".parse().map_err(bug)?;
        let reason = "the registry is new";
        self.organisation_entered("operator", &organisation, "Working group", "dwg", reason).await?;
        let person = PersonData {
            name: "First member".to_owned(),
            email: None,
            organisation,
            roles: [Role::DwgScope, Role::DwgProfiles, Role::DwgAssurance].into(),
            interests: BTreeSet::new(),
            pending: None,
            disabled: None,
        };
        let step = Step {
            by: "operator",
            id: first.as_str(),
            tag: "person-entered",
            reason,
            more: json!({}),
            access: Vec::new(),
        };
        self.keep(step, Some((&person, 0))).await?;
        let secret = self.link_made("operator", &first).await?;
        Ok(Some((first, secret)))
    }

    /// Notes something about a person's own ways to sign in, with the change itself.
    pub(crate) async fn own_access(
        &self,
        person: &str,
        tag: &str,
        more: Value,
        access: Vec<AccessChange>,
    ) -> Result<(), Failure> {
        self.keep(Step { by: person, id: person, tag, reason: "", more, access }, None).await
    }

    /// A person's ways to sign in.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn credentials(&self, person: &str) -> Result<Vec<Credential>, Failure> {
        Ok(self.store.credentials(person, "", Size::new(MOST_CREDENTIALS)).await?.items)
    }

    /// A person's tokens.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn tokens(
        &self,
        person: &str,
        after: &str,
        size: Size,
    ) -> Result<dtsec_store::Page<Token>, Failure> {
        Ok(self.store.tokens(person, after, size).await?)
    }
}

/// Nobody needs more passkeys.
pub(crate) const MOST_CREDENTIALS: u16 = 50;

fn as_grant(id: &PersonId, person: &PersonData, reason: &str) -> Grant {
    Grant {
        person: id.clone(),
        name: person.name.clone(),
        email: person.email.clone(),
        organisation: person.organisation.clone(),
        roles: person.roles.clone(),
        reason: reason.to_owned(),
    }
}

fn filled(field: &'static str, text: &str) -> Result<(), Failure> {
    if text.trim().is_empty() { Err(Failure::unfit(field, "it is empty")) } else { Ok(()) }
}
