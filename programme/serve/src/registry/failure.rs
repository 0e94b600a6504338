//! Why something was not done: what, where, and what to do. Nothing was changed then.

use dtsec_registry::domain::{Refusal, Rule};

/// Something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A rule of the programme says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The access layer says no.
    #[error("{what}")]
    Denied {
        /// Why.
        what: String,
        /// What to do.
        remedy: &'static str,
    },
    /// Nobody is signed in.
    #[error("this needs somebody who is signed in")]
    SignIn,
    /// A form that did not come from our own page.
    #[error("this form does not carry the mark of this sign-in")]
    Forged,
    /// A command brings in a document that nobody handed in.
    #[error("no document of the SHA-256 {digest} was handed in by your organisation or came with this")]
    NoDocument {
        /// Its hash.
        digest: String,
    },
    /// Something in what was sent is not as it should be.
    #[error("`{field}`: {problem}")]
    Unfit {
        /// Where.
        field: String,
        /// In which way.
        problem: String,
    },
    /// More than is taken.
    #[error("more than {most} bytes were sent")]
    TooLarge {
        /// The most.
        most: usize,
    },
    /// Of a kind that is not taken.
    #[error("`{found}` is not taken here; send {wanted}")]
    Media {
        /// What was sent.
        found: String,
        /// What is taken.
        wanted: &'static str,
    },
    /// There is no such thing, or nobody is to know.
    #[error("there is no {0} here")]
    NotFound(String),
    /// The route exists, and not for this method.
    #[error("this address does not take this method")]
    Method,
    /// Too much at once.
    #[error("that was too often")]
    TooOften {
        /// After so many seconds it works again.
        seconds: u64,
    },
    /// It took too long.
    #[error("this took longer than {seconds} seconds and was given up")]
    TooSlow {
        /// So many.
        seconds: u64,
    },
    /// Others were faster, each time that it was tried.
    #[error("others changed the same things {tries} times in a row")]
    Overtaken {
        /// So often.
        tries: u32,
    },
    /// The caller looked at an older version.
    #[error("{what} is at version {found}, and this was decided on version {seen}")]
    Stale {
        /// What.
        what: String,
        /// The version that there is.
        found: i64,
        /// The version that was seen.
        seen: i64,
    },
    /// A form of our own, from before somebody signed in or out.
    #[error("somebody signed in or out since this form was opened")]
    OldForm,
    /// The store says no, or fails.
    #[error(transparent)]
    Store(#[from] dtsec_store::Error),
    /// What is kept is not what was written.
    #[error("{what} cannot be read: {problem}")]
    Damaged {
        /// What.
        what: String,
        /// In which way.
        problem: String,
    },
    /// Another service did not do its part.
    #[error("{who} did not answer as it should: {problem}")]
    Elsewhere {
        /// Who.
        who: &'static str,
        /// In which way.
        problem: String,
    },
    /// A mistake of this program.
    #[error("this program made a mistake: {0}")]
    Bug(String),
}

impl Failure {
    /// Something unfit in what was sent.
    pub fn unfit(field: impl Into<String>, problem: impl ToString) -> Self {
        Self::Unfit { field: field.into(), problem: problem.to_string() }
    }

    /// The status of the answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::Refused(refusal) => match refusal {
                Refusal::RoleMissing { .. }
                | Refusal::NotYours { .. }
                | Refusal::ConflictOfInterest { .. }
                | Refusal::SamePerson { .. }
                | Refusal::ReadDenied { .. } => 403,
                Refusal::Unknown { .. } => 404,
                Refusal::Exists { .. } | Refusal::WrongState { .. } | Refusal::OtherDocument { .. } => 409,
                Refusal::Missing { .. } => 500,
                _ => 422,
            },
            Self::Denied { .. } | Self::Forged => 403,
            Self::SignIn => 401,
            Self::Unfit { .. } | Self::NoDocument { .. } => 422,
            Self::TooLarge { .. } => 413,
            Self::Media { .. } => 415,
            Self::NotFound(_) => 404,
            Self::Method => 405,
            Self::TooOften { .. } => 429,
            Self::TooSlow { .. } => 503,
            Self::Overtaken { .. } | Self::Stale { .. } | Self::OldForm => 409,
            Self::Store(error) => match error {
                dtsec_store::Error::Conflict { .. } | dtsec_store::Error::RequestReused(_) => 409,
                dtsec_store::Error::TooLarge { .. } => 413,
                dtsec_store::Error::Confidential { .. } => 403,
                error if error.is_callers() => 422,
                error if error.is_transient() => 503,
                dtsec_store::Error::NoSpace(_) => 507,
                _ => 500,
            },
            Self::Elsewhere { .. } => 502,
            Self::Damaged { .. } | Self::Bug(_) => 500,
        }
    }

    /// A number that stays, for programs: a refusal's own, or one of ours from 10 on.
    pub fn number(&self) -> u16 {
        match self {
            Self::Refused(refusal) => refusal.number(),
            Self::Denied { .. } => 10,
            Self::SignIn => 11,
            Self::Forged => 12,
            Self::Unfit { .. } => 13,
            Self::TooLarge { .. } => 14,
            Self::Media { .. } => 15,
            Self::NotFound(_) => 16,
            Self::Method => 17,
            Self::TooOften { .. } => 18,
            Self::TooSlow { .. } => 19,
            Self::Overtaken { .. } => 20,
            Self::Stale { .. } => 21,
            Self::Store(_) => 22,
            Self::Damaged { .. } => 23,
            Self::Elsewhere { .. } => 24,
            Self::Bug(_) => 25,
            Self::NoDocument { .. } => 26,
            Self::OldForm => 27,
        }
    }

    /// The rule for which it is refused.
    pub fn rule(&self) -> Option<Rule> {
        match self {
            Self::Refused(refusal) => Some(refusal.rule()),
            _ => None,
        }
    }

    /// The field that is not as it should be.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Unfit { field, .. } => Some(field),
            Self::Refused(Refusal::Blank { field }) => Some(field),
            Self::Refused(Refusal::ReasonMissing {}) => Some("reason"),
            _ => None,
        }
    }

    /// What to do.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.remedy(),
            Self::Denied { remedy, .. } => remedy,
            Self::SignIn => "Sign in, or send a token.",
            Self::Forged => "Open the page again and send its form from there.",
            Self::Unfit { .. } => "Correct the field and send it again.",
            Self::NoDocument { .. } => "Hand the document in first, or send it along, and name its hash.",
            Self::TooLarge { .. } => "Send less, or in parts.",
            Self::Media { .. } => "Say what you send in `Content-Type`, and send that.",
            Self::NotFound(_) => "Check the address.",
            Self::Method => "See the description of the interface for what may be asked of this address.",
            Self::TooOften { .. } => "Wait as long as `Retry-After` says.",
            Self::TooSlow { .. } => "Try again a little later.",
            Self::Overtaken { .. } => "Look at it again, and send it again if it is still right.",
            Self::Stale { .. } => "Reload it, and decide on what there is now.",
            Self::OldForm => "Look through what you typed, and send it again.",
            Self::Store(error) if error.is_callers() => "Correct what was sent.",
            Self::Store(error) if error.is_transient() => "Try again a little later.",
            Self::Store(_) | Self::Damaged { .. } => "Tell whoever runs this server.",
            Self::Elsewhere { .. } => "Try again, or sign in in another way.",
            Self::Bug(_) => "Tell us, with the time at which it happened.",
        }
    }

    /// Whether the details are for the log only.
    pub fn is_ours(&self) -> bool {
        self.status() == 500 || self.status() == 507
    }
}
