//! The assurance programme: who is accepted as a lab, which Security Target may be evaluated, what is certified and
//! listed, and what becomes of it afterwards.
//!
//! [`domain`] holds the rules of the DTSec standard as pure state machines. Storage, web pages and API are built on it and
//! decide nothing themselves.
//!
//! # How to use it
//!
//! ```text
//! programme = Programme::partial()
//! loop { missing = programme.missing(&command); if empty: break; load each Ref, or add it to programme.absent }
//! events = decide(&programme, &actor, &command, reason, now)?     // or a Refusal: number, rule, sentence, remedy
//! in one transaction, for each event:
//!     rows to write = event.touches(&programme)
//!     programme     = apply(programme, &event)?
//!     audit row     = event (JSON), outbox row = event
//! ```
//!
//! - A [`domain::Programme`] is a view: maps of the parts that are loaded. In a partial one, a command that needs a part which
//!   is neither loaded nor known to be absent is refused, and not decided on half a case.
//! - What one member of the working group may not decide alone is a [`domain::Decision`] and no [`domain::Command`]. It is
//!   proposed, confirmed by another member, and checked both times.
//! - Events of one call belong together. `certified` is one event for report, certificate, entry, index of components and
//!   request, because none of them means anything without the others.
//! - Ids, times and the shares of draws come from outside. Names of commands, events and states are stable tags.
//! - Each [`domain::Row`] of [`domain::RULES`] has a test that allows and one that refuses (`tests/rules`), and the rules
//!   hold in every state that small programmes can reach (`src/domain/model_check.rs`).
//!
//! # Readings of the standard
//!
//! - It wants protection against moderate to high attack potential for what is highly critical, and sets no number. Here
//!   that is AVA_VAN.4, unless the working group determines, with its reasons on record, that a package meets the aim.
//! - A de-facto entry is never certified: it is claimed, admitted, shown apart, and goes with the entry that it leans on.
//! - It sets no thresholds for removal, so there are none; recurring means more than one, and the judgement is recorded.
//! - An audit draws at most a quarter of the requirements. The quarter is ours.
//!
//! Uses `dtsec-model`.

#![forbid(unsafe_code)]

// The tests' fixtures name this crate from outside and from inside.
#[cfg(test)]
extern crate self as dtsec_registry;

pub mod domain;
