//! `dtsec schema`.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use dtsec_model::{Kind, schema::schema};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::files;
use crate::output::{Answer, Exit};

/// Write the JSON Schema (2020-12) of a kind of document, for editors and for tools that are not ours.
#[derive(Args)]
pub(crate) struct Schema {
    /// The kind: what a document says in its member `kind`.
    #[arg(value_parser = kinds())]
    kind: String,
    /// File for it; printed unless told.
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The published list: it is no document of an evaluation.
const LIST: &str = "published-list";

fn kinds() -> clap::builder::PossibleValuesParser {
    Kind::ALL.map(Kind::name).into_iter().chain([LIST]).collect::<Vec<_>>().into()
}

/// The schema, or nothing where it went into a file.
struct Report {
    schema: Value,
    out: Option<PathBuf>,
}

impl Schema {
    pub(crate) fn run(self) -> anyhow::Result<Answer> {
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == self.kind).map(schema);
        let list = || (self.kind == LIST).then(dtsec_list::schema);
        let schema = serde_json::to_value(kind.or_else(list).context("the parser knows all kinds")?)?;
        if let Some(path) = &self.out {
            files::write(path, format!("{schema:#}\n").as_bytes())?;
        }
        Answer::new(Report { schema, out: self.out }, Exit::Success)
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.schema.serialize(serializer)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.out {
            Some(out) => write!(f, "wrote {}", out.display()),
            None => write!(f, "{:#}", self.schema),
        }
    }
}
