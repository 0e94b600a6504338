//! Who may come in: organisations, persons, credentials, sessions, tokens, links that work once. What changes a person's
//! rights comes with an event, in a [`Transaction`](crate::Transaction); what only notes a use does not.

use crate::database::{moment, moment_or_none, query};
use crate::error::{Result, refused};
use crate::names::{self, Digest, Time, canonical, micros};
use crate::page::{Page, Size};
use crate::sql;
use crate::store::Store;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::AnyConnection;
use sqlx::Row as _;
use sqlx::any::AnyRow;

/// The hash of a secret that somebody shows: of a cookie, a token, a link. The secret itself is never kept. It must be
/// drawn at random, with 128 bits or more: then it cannot be guessed from the hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretHash(Digest);

impl SecretHash {
    /// Of a secret.
    pub fn of(secret: &str) -> Self {
        Self(Digest::of(secret.as_bytes()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is: `dwg`, `lab`, `developer`.
    pub kind: String,
    /// What else is known.
    pub data: Value,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The person's id.
    pub id: String,
    /// The name.
    pub name: String,
    /// Where mail arrives; one person's only.
    pub email: Option<String>,
    /// For whom the person works.
    pub organisation: String,
    /// What else is known: roles, declared interests.
    pub data: Value,
    /// Since when the person may not come in any more.
    pub disabled: Option<Time>,
}

/// A way to sign in: a passkey, an account elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// Its id: a passkey's own, or issuer and subject.
    pub id: String,
    /// Whose.
    pub person: String,
    /// `passkey`, `oidc`.
    pub kind: String,
    /// The public key and its counter, or what the issuer says.
    pub data: Value,
    /// Since when.
    pub created: Time,
    /// When it was last used.
    pub used: Option<Time>,
}

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The cookie's hash.
    pub hash: SecretHash,
    /// Who.
    pub person: String,
    /// What the pages keep with it.
    pub data: Value,
    /// Since when.
    pub created: Time,
    /// When it was last used.
    pub seen: Time,
    /// From when on it is none any more.
    pub expires: Time,
}

/// A token for the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// The token's hash.
    pub hash: SecretHash,
    /// What it is called by when it is shown or revoked.
    pub id: String,
    /// Whose.
    pub person: String,
    /// What it is for, in the person's words.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Since when.
    pub created: Time,
    /// From when on it is none any more.
    pub expires: Time,
    /// When it was last used.
    pub used: Option<Time>,
    /// Since when it is revoked.
    pub revoked: Option<Time>,
}

/// A change of who may come in. It is carried out with the events of its transaction.
#[derive(Debug, Clone, PartialEq)]
pub enum AccessChange {
    /// A new organisation, or new data of one.
    PutOrganisation(Organisation),
    /// A new person, or new data of one.
    PutPerson(Person),
    /// A new way to sign in.
    AddCredential(Credential),
    /// A way to sign in less.
    RemoveCredential {
        /// Which.
        id: String,
        /// Whose.
        person: String,
    },
    /// A new token.
    AddToken(Token),
    /// A token less.
    RevokeToken {
        /// Which.
        id: String,
        /// Whose.
        person: String,
        /// When.
        at: Time,
    },
    /// Signs a person out everywhere.
    EndSessions {
        /// Whom.
        person: String,
    },
    /// A link that works once.
    AddOneTime(OneTime),
}

/// Something that works once: a sign-in link, the open half of a sign-in.
#[derive(Debug, Clone, PartialEq)]
pub struct OneTime {
    /// The hash of what is shown.
    pub hash: SecretHash,
    /// What it is for; it works for nothing else.
    pub purpose: String,
    /// What is remembered.
    pub data: Value,
    /// From when on it does not work any more.
    pub expires: Time,
}

impl AccessChange {
    pub(crate) async fn carry_out(&self, write: &mut AnyConnection) -> Result<()> {
        match self {
            Self::PutOrganisation(one) => one.put(write).await,
            Self::PutPerson(one) => one.put(write).await,
            Self::AddCredential(one) => one.insert(write).await,
            Self::RemoveCredential { id, person } => {
                let query = query(&sql::DELETE_CREDENTIAL).bind(id.as_str()).bind(person.as_str());
                changed(query.execute(write).await?.rows_affected(), "credential")
            }
            Self::AddToken(one) => one.insert(write).await,
            Self::RevokeToken { id, person, at } => {
                let query =
                    query(&sql::REVOKE_TOKEN).bind(id.as_str()).bind(person.as_str()).bind(micros(*at));
                changed(query.execute(write).await?.rows_affected(), "token")
            }
            Self::EndSessions { person } => {
                query(&sql::DELETE_SESSIONS_OF).bind(person.as_str()).execute(write).await?;
                Ok(())
            }
            Self::AddOneTime(one) => one.insert(write).await,
        }
    }
}

fn changed(rows: u64, what: &'static str) -> Result<()> {
    if rows == 0 {
        return Err(crate::Error::Refused { what, problem: "this person has none of that id" });
    }
    Ok(())
}

impl Organisation {
    pub(crate) async fn put(&self, write: &mut AnyConnection) -> Result<()> {
        names::name("id of an organisation", &self.id)?;
        names::name("name of an organisation", &self.name)?;
        names::name("kind of an organisation", &self.kind)?;
        query(&sql::PUT_ORGANISATION)
            .bind(self.id.as_str())
            .bind(self.name.as_str())
            .bind(self.kind.as_str())
            .bind(canonical("an organisation", &self.data)?)
            .execute(write)
            .await?;
        Ok(())
    }

    pub(crate) fn from_row(row: &AnyRow) -> Result<Self> {
        let id: String = row.try_get(0)?;
        let data = names::parse(format_args!("organisation `{id}`"), &row.try_get::<String, _>(3)?)?;
        Ok(Self { id, name: row.try_get(1)?, kind: row.try_get(2)?, data })
    }
}

impl Person {
    pub(crate) async fn put(&self, write: &mut AnyConnection) -> Result<()> {
        names::name("id of a person", &self.id)?;
        names::name("name of a person", &self.name)?;
        if let Some(email) = &self.email {
            names::name("mail address of a person", email)?;
        }
        query(&sql::PUT_PERSON)
            .bind(self.id.as_str())
            .bind(self.name.as_str())
            .bind(self.email.as_deref())
            .bind(self.organisation.as_str())
            .bind(canonical("a person", &self.data)?)
            .bind(self.disabled.map(micros))
            .execute(write)
            .await
            .map_err(refused(
                "person",
                "somebody else has this mail address",
                "there is no such organisation",
            ))?;
        Ok(())
    }

    pub(crate) fn from_row(row: &AnyRow) -> Result<Self> {
        let id: String = row.try_get(0)?;
        let data = names::parse(format_args!("person `{id}`"), &row.try_get::<String, _>(4)?)?;
        let (name, email, organisation) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        Ok(Self { id, name, email, organisation, data, disabled: moment_or_none(row, 5)? })
    }
}

impl Credential {
    pub(crate) async fn insert(&self, write: &mut AnyConnection) -> Result<()> {
        // Ids of passkeys are long.
        names::free_text("id of a credential", &self.id)?;
        names::name("kind of a credential", &self.kind)?;
        query(&sql::ADD_CREDENTIAL)
            .bind(self.id.as_str())
            .bind(self.person.as_str())
            .bind(self.kind.as_str())
            .bind(canonical("a credential", &self.data)?)
            .bind(micros(self.created))
            .bind(self.used.map(micros))
            .execute(write)
            .await
            .map_err(refused("credential", "it is registered already", "there is no such person"))?;
        Ok(())
    }

    pub(crate) fn from_row(row: &AnyRow) -> Result<Self> {
        let id: String = row.try_get(0)?;
        let data = names::parse(format_args!("credential `{id}`"), &row.try_get::<String, _>(3)?)?;
        let (person, kind) = (row.try_get(1)?, row.try_get(2)?);
        Ok(Self { id, person, kind, data, created: moment(row, 4)?, used: moment_or_none(row, 5)? })
    }
}

impl Token {
    pub(crate) async fn insert(&self, write: &mut AnyConnection) -> Result<()> {
        names::name("id of a token", &self.id)?;
        names::name("name of a token", &self.name)?;
        query(&sql::ADD_TOKEN)
            .bind(self.hash.as_str())
            .bind(self.id.as_str())
            .bind(self.person.as_str())
            .bind(self.name.as_str())
            .bind(canonical("scopes", &self.scopes.iter().cloned().map(Value::String).collect())?)
            .bind(micros(self.created))
            .bind(micros(self.expires))
            .bind(self.used.map(micros))
            .bind(self.revoked.map(micros))
            .execute(write)
            .await
            .map_err(refused("token", "there is one of this id", "there is no such person"))?;
        Ok(())
    }

    pub(crate) fn from_row(row: &AnyRow) -> Result<Self> {
        let id: String = row.try_get(1)?;
        let scopes = names::parse(format_args!("token `{id}`"), &row.try_get::<String, _>(4)?)?;
        let hash = SecretHash(crate::database::digest(row, 0)?);
        let (person, name, created, expires) =
            (row.try_get(2)?, row.try_get(3)?, moment(row, 5)?, moment(row, 6)?);
        let (used, revoked) = (moment_or_none(row, 7)?, moment_or_none(row, 8)?);
        Ok(Self { hash, id, person, name, scopes, created, expires, used, revoked })
    }
}

impl OneTime {
    async fn insert(&self, write: &mut AnyConnection) -> Result<()> {
        names::name("purpose", &self.purpose)?;
        query(&sql::ADD_ONE_TIME)
            .bind(self.hash.as_str())
            .bind(self.purpose.as_str())
            .bind(canonical("what is remembered", &self.data)?)
            .bind(micros(self.expires))
            .execute(write)
            .await
            .map_err(refused("one-time secret", "it exists already", ""))?;
        Ok(())
    }
}

fn session(row: &AnyRow) -> Result<Session> {
    let data = names::parse("a session", &row.try_get::<String, _>(2)?)?;
    let (hash, person) = (SecretHash(crate::database::digest(row, 0)?), row.try_get(1)?);
    Ok(Session {
        hash,
        person,
        data,
        created: moment(row, 3)?,
        seen: moment(row, 4)?,
        expires: moment(row, 5)?,
    })
}

impl Store {
    /// An organisation.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn organisation(&self, id: &str) -> Result<Option<Organisation>> {
        let row = query(&sql::ORGANISATION).bind(id).fetch_optional(self.database.readers()).await?;
        row.as_ref().map(Organisation::from_row).transpose()
    }

    /// Organisations by id, after one.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn organisations(&self, after: &str, size: Size) -> Result<Page<Organisation>> {
        let rows = query(&sql::ORGANISATIONS)
            .bind(after)
            .bind(size.and_one())
            .fetch_all(self.database.readers())
            .await?;
        let all = rows.iter().map(Organisation::from_row).collect::<Result<_>>()?;
        Ok(Page::cut(all, size, |last: &Organisation| last.id.clone()))
    }

    /// A person.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn person(&self, id: &str) -> Result<Option<Person>> {
        let row = query(&sql::PERSON).bind(id).fetch_optional(self.database.readers()).await?;
        row.as_ref().map(Person::from_row).transpose()
    }

    /// The person with a mail address.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn person_by_email(&self, email: &str) -> Result<Option<Person>> {
        let row = query(&sql::PERSON_BY_EMAIL).bind(email).fetch_optional(self.database.readers()).await?;
        row.as_ref().map(Person::from_row).transpose()
    }

    /// Persons by id, after one: all, or those of an organisation.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn persons(&self, of: Option<&str>, after: &str, size: Size) -> Result<Page<Person>> {
        let query = match of {
            None => query(&sql::PERSONS),
            Some(organisation) => query(&sql::PERSONS_OF).bind(organisation),
        };
        let rows = query.bind(after).bind(size.and_one()).fetch_all(self.database.readers()).await?;
        let all = rows.iter().map(Person::from_row).collect::<Result<_>>()?;
        Ok(Page::cut(all, size, |last: &Person| last.id.clone()))
    }

    /// A way to sign in.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn credential(&self, id: &str) -> Result<Option<Credential>> {
        let row = query(&sql::CREDENTIAL).bind(id).fetch_optional(self.database.readers()).await?;
        row.as_ref().map(Credential::from_row).transpose()
    }

    /// A person's ways to sign in, by id, after one.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn credentials(&self, person: &str, after: &str, size: Size) -> Result<Page<Credential>> {
        let rows = query(&sql::CREDENTIALS_OF)
            .bind(person)
            .bind(after)
            .bind(size.and_one())
            .fetch_all(self.database.readers())
            .await?;
        let all = rows.iter().map(Credential::from_row).collect::<Result<_>>()?;
        Ok(Page::cut(all, size, |last: &Credential| last.id.clone()))
    }

    /// Notes that a way to sign in was used, and what it is now: a passkey counts.
    ///
    /// # Errors
    /// Where there is none of that id.
    pub async fn credential_used(&self, id: &str, data: &Value, at: Time) -> Result<()> {
        let mut write = self.database.write().await?;
        let query =
            query(&sql::USE_CREDENTIAL).bind(id).bind(canonical("a credential", data)?).bind(micros(at));
        changed(query.execute(&mut *write).await?.rows_affected(), "credential")?;
        Ok(write.commit().await?)
    }

    /// Signs somebody in.
    ///
    /// # Errors
    /// Where there is no such person.
    pub async fn start_session(&self, session: &Session) -> Result<()> {
        let mut write = self.database.write().await?;
        query(&sql::ADD_SESSION)
            .bind(session.hash.as_str())
            .bind(session.person.as_str())
            .bind(canonical("a session", &session.data)?)
            .bind(micros(session.created))
            .bind(micros(session.seen))
            .bind(micros(session.expires))
            .execute(&mut *write)
            .await
            .map_err(refused("session", "it exists already", "there is no such person"))?;
        Ok(write.commit().await?)
    }

    /// A session that has not ended.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn session(&self, hash: &SecretHash, now: Time) -> Result<Option<Session>> {
        let row = query(&sql::SESSION)
            .bind(hash.as_str())
            .bind(micros(now))
            .fetch_optional(self.database.readers())
            .await?;
        row.as_ref().map(session).transpose()
    }

    /// A person's sessions, by hash, after one.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn sessions(&self, person: &str, after: &str, size: Size) -> Result<Page<Session>> {
        let rows = query(&sql::SESSIONS_OF)
            .bind(person)
            .bind(after)
            .bind(size.and_one())
            .fetch_all(self.database.readers())
            .await?;
        let all = rows.iter().map(session).collect::<Result<_>>()?;
        Ok(Page::cut(all, size, |last: &Session| last.hash.as_str().to_owned()))
    }

    /// Notes that a session was used, and prolongs it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn session_seen(&self, hash: &SecretHash, at: Time, expires: Time) -> Result<()> {
        let mut write = self.database.write().await?;
        query(&sql::TOUCH_SESSION)
            .bind(hash.as_str())
            .bind(micros(at))
            .bind(micros(expires))
            .execute(&mut *write)
            .await?;
        Ok(write.commit().await?)
    }

    /// Signs somebody out.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn end_session(&self, hash: &SecretHash) -> Result<()> {
        let mut write = self.database.write().await?;
        query(&sql::DELETE_SESSION).bind(hash.as_str()).execute(&mut *write).await?;
        Ok(write.commit().await?)
    }

    /// A token that is neither over nor revoked.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn token(&self, hash: &SecretHash, now: Time) -> Result<Option<Token>> {
        let row = query(&sql::TOKEN)
            .bind(hash.as_str())
            .bind(micros(now))
            .fetch_optional(self.database.readers())
            .await?;
        row.as_ref().map(Token::from_row).transpose()
    }

    /// A person's tokens, by id, after one; those that are over too.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn tokens(&self, person: &str, after: &str, size: Size) -> Result<Page<Token>> {
        let rows = query(&sql::TOKENS_OF)
            .bind(person)
            .bind(after)
            .bind(size.and_one())
            .fetch_all(self.database.readers())
            .await?;
        let all = rows.iter().map(Token::from_row).collect::<Result<_>>()?;
        Ok(Page::cut(all, size, |last: &Token| last.id.clone()))
    }

    /// Notes that a token was used.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn token_used(&self, hash: &SecretHash, at: Time) -> Result<()> {
        let mut write = self.database.write().await?;
        query(&sql::USE_TOKEN).bind(hash.as_str()).bind(micros(at)).execute(&mut *write).await?;
        Ok(write.commit().await?)
    }

    /// Keeps the open half of a sign-in. A sign-in link comes with an event: [`AccessChange::AddOneTime`].
    ///
    /// # Errors
    /// Where it exists already.
    pub async fn add_one_time(&self, one: &OneTime) -> Result<()> {
        let mut write = self.database.write().await?;
        one.insert(&mut write).await?;
        Ok(write.commit().await?)
    }

    /// Looks at something that works once, and leaves it there. `None` where there is none, or not any more.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn one_time(&self, hash: &SecretHash, purpose: &str, now: Time) -> Result<Option<Value>> {
        let row = query(&sql::ONE_TIME)
            .bind(hash.as_str())
            .bind(purpose)
            .bind(micros(now))
            .fetch_optional(self.database.readers())
            .await?;
        let Some(row) = row else { return Ok(None) };
        names::parse("what was remembered", &row.try_get::<String, _>(0)?).map(Some)
    }

    /// Takes something that works once: it is gone then. `None` where it never was, was taken, is over, or is for
    /// something else.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn take_one_time(&self, hash: &SecretHash, purpose: &str, now: Time) -> Result<Option<Value>> {
        let mut write = self.database.write().await?;
        let row =
            query(&sql::TAKE_ONE_TIME).bind(hash.as_str()).bind(purpose).fetch_optional(&mut *write).await?;
        write.commit().await?;
        let Some(row) = row else { return Ok(None) };
        if row.try_get::<i64, _>(1)? <= micros(now) {
            return Ok(None);
        }
        names::parse("what was remembered", &row.try_get::<String, _>(0)?).map(Some)
    }

    /// Deletes sessions and one-time secrets that are over.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn sweep(&self, now: Time) -> Result<u64> {
        let mut write = self.database.write().await?;
        let mut swept = 0;
        for statement in [&sql::DELETE_OLD_SESSIONS, &sql::DELETE_OLD_ONE_TIMES] {
            swept += query(statement).bind(micros(now)).execute(&mut *write).await?.rows_affected();
        }
        write.commit().await?;
        Ok(swept)
    }
}
