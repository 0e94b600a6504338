//! What visitors ask: pages and lists, each in its share, the same sequence in every run.

use crate::fill;
use crate::http::Connection;
use anyhow::{Context as _, Result};
use serde::Serialize;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The first page of the list.
    List,
    /// A page far down in it.
    FarDown,
    /// A search for one word, or its beginning.
    OneWord,
    /// A search for two.
    TwoWords,
    /// A filter by two facets.
    Filter,
    /// Three products side by side.
    Compare,
    /// A product's page.
    Entry,
    /// The list as JSON.
    Json,
}

/// Each kind with its share of a hundred.
pub const SHARES: [(Kind, usize); 8] = [
    (Kind::List, 20),
    (Kind::FarDown, 12),
    (Kind::OneWord, 14),
    (Kind::TwoWords, 12),
    (Kind::Filter, 10),
    (Kind::Compare, 6),
    (Kind::Entry, 16),
    (Kind::Json, 10),
];

impl Kind {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::FarDown => "page far down",
            Self::OneWord => "search, one word",
            Self::TwoWords => "search, two words",
            Self::Filter => "filter",
            Self::Compare => "compare",
            Self::Entry => "product's page",
            Self::Json => "list as JSON",
        }
    }
}

/// Numbers that look random and are the same every time.
pub struct Dice(u64);

impl Dice {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Below a bound.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % bound
    }
}

/// Makes requests.
pub struct Asker {
    products: usize,
    cursors: Vec<String>,
    dice: Dice,
}

impl Asker {
    /// Walks through the list once, to know what lies far down.
    ///
    /// # Errors
    /// Where the server does not answer.
    pub async fn new(connection: &mut Connection, products: usize) -> Result<Self> {
        let mut cursors: Vec<String> = Vec::new();
        loop {
            let after = cursors.last().map(|cursor| format!("&after={cursor}")).unwrap_or_default();
            let path = format!("/api/v1/lists/entries?size=500{after}");
            let answer = connection.get(&path, 1).await?;
            let page: serde_json::Value = serde_json::from_slice(&answer.body)?;
            match page["next"].as_str() {
                Some(next) => cursors.push(next.to_owned()),
                None => break,
            }
        }
        // A small list has no page far down: its first one is that.
        if cursors.is_empty() {
            let answer = connection.get("/api/v1/lists/entries?size=1", 1).await?;
            let page: serde_json::Value = serde_json::from_slice(&answer.body)?;
            cursors.push(page["next"].as_str().context("the list has a single line")?.to_owned());
        }
        Ok(Self { products, cursors, dice: Dice::new(8417) })
    }

    /// The next request of the sequence.
    pub fn request(&mut self) -> (Kind, String) {
        let mut at = self.dice.below(100);
        for (kind, share) in SHARES {
            if at < share {
                return (kind, self.path(kind));
            }
            at -= share;
        }
        (Kind::List, self.path(Kind::List))
    }

    fn word(&mut self, of: usize) -> String {
        let words = fill::words()[of];
        let word = words[self.dice.below(words.len())];
        // As it is typed: half of them whole.
        if self.dice.below(2) == 0 { word.to_lowercase() } else { word[..word.len().min(3)].to_owned() }
    }

    /// A request of a kind.
    pub fn path(&mut self, kind: Kind) -> String {
        match kind {
            Kind::List => "/".to_owned(),
            Kind::FarDown => {
                let late = self.cursors.len() / 2;
                let at = late + self.dice.below(self.cursors.len() - late);
                format!("/?after={}", self.cursors[at])
            }
            Kind::OneWord => {
                let of = self.dice.below(3);
                format!("/?q={}", self.word(of))
            }
            Kind::TwoWords => {
                let first = self.dice.below(2);
                let second = 1 + first;
                format!("/?q={}+{}", self.word(first), self.word(second))
            }
            Kind::Filter => {
                let state = ["listed", "removed-pending-remediation"][self.dice.below(2)];
                let class = ["pump", "meter"][self.dice.below(2)];
                format!("/?state={state}&class={class}")
            }
            Kind::Compare => {
                let start = self.dice.below(self.products - 2);
                let id = |more: usize| format!("id={}", fill::entry(start + more));
                format!("/compare?{}&{}&{}", id(0), id(1), id(2))
            }
            Kind::Entry => format!("/entries/{}", fill::entry(self.dice.below(self.products))),
            Kind::Json => {
                let word = self.word(1);
                format!("/api/v1/lists/entries?q={word}&state=listed")
            }
        }
    }
}
