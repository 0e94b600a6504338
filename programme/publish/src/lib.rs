//! The published list as a static tree that any web server can serve.
//!
//! ```text
//! metadata/      TUF: who may sign (root), what there is (targets), which versions belong together (snapshot), how fresh (timestamp)
//! targets/       what TUF names: manifest.json, log.json, and the whole list for whoever begins
//! objects/       everything that the manifest binds, under its digest: for mirrors
//! parts/         each public part as JSON: entry/ID.json, lab/ID.json, …; and pages and feeds: for people
//! tile/, checkpoint   the log: one leaf for each part that an event changed
//! ```
//!
//! Two questions, two answers: TUF says what is on the list *now* and that this is not an old list; the log says what was ever
//! on it, so that nothing is taken away or put back unseen. Whoever follows the list holds both against each other.
//!
//! - [`key`]: keys of roles; [`root`]: who holds which role, ceremonies, rotation, loss;
//! - [`history`]: the leaves of the log;
//! - [`tree`]: files that are there as a whole or not at all;
//! - [`witness`]: who watches the log;
//! - [`publisher`]: a publication, from events to the timestamp.
#![forbid(unsafe_code)]

pub mod history;
pub mod key;
pub mod publisher;
pub mod root;
pub mod tree;
pub mod witness;

pub use history::{Leaf, PartName};
pub use key::RoleKey;
pub use publisher::{Content, Event, Manifest, Publisher, Signers, Staged};
pub use root::{Holders, RoleName, Roles};
