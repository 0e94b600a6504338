//! Organisations and persons: entered, given roles, let in, kept out.

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::{Value, json};

use super::client::Client;
use super::{Page, part};
use crate::output::Exit;

#[derive(Subcommand)]
pub(super) enum Organisations {
    /// Every organisation.
    List(Page),
    /// Enter an organisation, or give one another name.
    Add {
        /// Its id.
        organisation: String,
        /// Its name.
        #[arg(long)]
        name: String,
        /// What it is.
        #[arg(long, value_parser = ["developer", "lab", "dwg", "other"])]
        kind: String,
        /// Why, in a sentence.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Subcommand)]
pub(super) enum Persons {
    /// Persons, as far as you may see them.
    List {
        /// Words, or their beginnings.
        #[arg(long, default_value = "")]
        search: String,
        #[command(flatten)]
        page: Page,
    },
    /// A person.
    Show {
        /// The person's id.
        person: String,
    },
    /// Enter a person. Roles of the working group wait for `confirm` by another of its members.
    Add {
        /// The person's id.
        person: String,
        /// The name.
        #[arg(long)]
        name: String,
        /// For whom the person works.
        #[arg(long, value_name = "ID")]
        organisation: String,
        /// A role; may be given several times.
        #[arg(long, value_parser = ROLES)]
        role: Vec<String>,
        /// Where mail arrives: with it, an account at the OpenID provider is his.
        #[arg(long)]
        email: Option<String>,
        /// Why, in a sentence.
        #[arg(long)]
        reason: String,
    },
    /// Give a person other roles: these, and no others any more.
    Roles {
        /// The person's id.
        person: String,
        /// A role; may be given several times, and none at all takes all away.
        #[arg(long, value_parser = ROLES)]
        role: Vec<String>,
        /// Why, in a sentence.
        #[arg(long)]
        reason: String,
    },
    /// Confirm the working group's roles of a person, as its second member.
    Confirm {
        /// The person's id.
        person: String,
        /// Why, in a sentence.
        #[arg(long)]
        reason: String,
    },
    /// Keep a person out from now on: sessions end, tokens and links are worth nothing.
    Disable {
        /// The person's id.
        person: String,
        /// Why, in a sentence.
        #[arg(long)]
        reason: String,
    },
    /// Make a link with which a person signs in once, within a day.
    Link {
        /// The person's id.
        person: String,
    },
}

const ROLES: [&str; 7] =
    ["dwg-scope", "dwg-profiles", "dwg-assurance", "lab-evaluator", "lab-quality", "developer", "auditor"];

impl Organisations {
    pub(super) fn ask(self, client: &Client) -> anyhow::Result<(Exit, Value)> {
        match self {
            Self::List(page) => client.get("v1/organisations", &page.query(Vec::new())),
            Self::Add { organisation, name, kind, reason } => client.post_json(
                "v1/organisations",
                &json!({ "id": organisation, "name": name, "kind": kind, "reason": reason }),
            ),
        }
    }
}

impl Persons {
    pub(super) fn ask(self, client: &Client) -> anyhow::Result<(Exit, Value)> {
        let because = |person: &str, what: &str, reason: &str| {
            client.post_json(&format!("v1/persons/{}/{what}", part(person)?), &json!({ "reason": reason }))
        };
        match self {
            Self::List { search, page } => {
                client.get("v1/lists/persons", &page.query(vec![("q".to_owned(), search)]))
            }
            Self::Show { person } => client.get(&format!("v1/persons/{}", part(&person)?), &[]),
            Self::Add { person, name, organisation, role, email, reason } => client.post_json(
                "v1/persons",
                &json!({
                    "person": person, "name": name, "organisation": organisation, "roles": role,
                    "email": email, "reason": reason,
                }),
            ),
            Self::Roles { person, role, reason } => {
                let (exit, before) = client.get(&format!("v1/persons/{}", part(&person)?), &[])?;
                if exit != Exit::Success {
                    return Ok((exit, before));
                }
                let kept = |name: &str| before.get(name).cloned().context("the server's answer has no name");
                let body = json!({
                    "person": person, "name": kept("name")?, "organisation": kept("organisation")?,
                    "email": kept("email")?, "roles": role, "reason": reason,
                });
                client.post_json("v1/persons", &body)
            }
            Self::Confirm { person, reason } => because(&person, "confirm", &reason),
            Self::Disable { person, reason } => because(&person, "disable", &reason),
            Self::Link { person } => {
                client.post_json(&format!("v1/persons/{}/link", part(&person)?), &json!({}))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dtsec_registry::domain::Role;

    #[test]
    fn every_role_of_the_programme_can_be_given_but_that_which_everybody_has() {
        let all: Vec<&str> =
            Role::ALL.into_iter().filter(|role| *role != Role::Public).map(Role::name).collect();
        assert_eq!(all, ROLES);
    }
}
