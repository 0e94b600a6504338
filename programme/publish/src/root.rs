//! Who holds which role. The root is signed offline, in a ceremony; it names the keys of all roles, itself included, and how
//! many of them have to sign. A new root is signed by enough holders of the old one *and* of the new one, so that whoever
//! trusts the first one follows to the last.

use crate::key::{KeyError, PublicKey, RoleKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroU64;
use tough::schema::{Role as _, RoleKeys, RoleType, Root, Signature, Signed, Targets};

/// The version of TUF's specification that is followed.
pub const SPEC_VERSION: &str = "1.0.31";

/// A role, in TUF's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoleName {
    /// Says who holds the roles. Offline.
    Root,
    /// Says what is on the list: the working group's quorum.
    Targets,
    /// Says which versions belong together.
    Snapshot,
    /// Says how fresh it is.
    Timestamp,
}

impl RoleName {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Root, Self::Targets, Self::Snapshot, Self::Timestamp];

    /// In TUF's documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Targets => "targets",
            Self::Snapshot => "snapshot",
            Self::Timestamp => "timestamp",
        }
    }

    pub(crate) const fn tuf(self) -> RoleType {
        match self {
            Self::Root => RoleType::Root,
            Self::Targets => RoleType::Targets,
            Self::Snapshot => RoleType::Snapshot,
            Self::Timestamp => RoleType::Timestamp,
        }
    }
}

/// Whose keys a role has, and how many of them have to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holders {
    /// The public keys.
    pub keys: BTreeSet<PublicKey>,
    /// How many.
    pub threshold: u64,
}

/// The holders of each role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles {
    /// Of the root: offline.
    pub root: Holders,
    /// Of the targets: members of the working group.
    pub targets: Holders,
    /// Of the snapshot: the publisher.
    pub snapshot: Holders,
    /// Of the timestamp: the publisher.
    pub timestamp: Holders,
}

/// Why a root cannot be.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// Nobody could ever sign.
    #[error(
        "the role {role} has {keys} keys, of which {threshold} have to sign: give 1 to {keys}, and at least one key"
    )]
    Threshold {
        /// Which role.
        role: &'static str,
        /// How many keys it has.
        keys: usize,
        /// How many have to sign.
        threshold: u64,
    },
    /// One member alone could put a product on the list.
    #[error("one key alone could sign the role {role}: decisions of the working group take two")]
    Alone {
        /// Which role.
        role: &'static str,
    },
    /// A key that is online would be enough to say who holds the roles.
    #[error("the key {key} holds the root and {role}: the root's keys are offline and hold nothing else")]
    Shared {
        /// Which key.
        key: PublicKey,
        /// Which other role.
        role: &'static str,
    },
    /// It ends before it begins.
    #[error("it would expire on {expires}, which is past")]
    Expired {
        /// When.
        expires: Timestamp,
    },
    /// There are as many as there can be.
    #[error("there are no more versions")]
    NoVersion,
    /// Too few have signed it.
    #[error("{who} have signed too few times: {problem}")]
    Unsigned {
        /// The holders of which root.
        who: &'static str,
        /// What is missing.
        problem: String,
    },
    /// It does not follow the one before.
    #[error("it has version {found}, and {expected} is next")]
    Version {
        /// Its version.
        found: u64,
        /// The one that follows.
        expected: u64,
    },
    /// A key is of no use.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Roles {
    fn holders(&self, role: RoleName) -> &Holders {
        match role {
            RoleName::Root => &self.root,
            RoleName::Targets => &self.targets,
            RoleName::Snapshot => &self.snapshot,
            RoleName::Timestamp => &self.timestamp,
        }
    }

    fn check(&self) -> Result<(), RootError> {
        for role in RoleName::ALL {
            let (Holders { keys, threshold }, name) = (self.holders(role), role.name());
            if *threshold == 0 || *threshold > keys.len() as u64 {
                return Err(RootError::Threshold { role: name, keys: keys.len(), threshold: *threshold });
            }
            if *threshold < 2 && matches!(role, RoleName::Root | RoleName::Targets) {
                return Err(RootError::Alone { role: name });
            }
            let shared = keys.intersection(&self.root.keys).next().filter(|_| role != RoleName::Root);
            if let Some(key) = shared {
                return Err(RootError::Shared { key: *key, role: name });
            }
        }
        Ok(())
    }

    /// A root that nobody has signed yet: the first one, or the one after another.
    ///
    /// # Errors
    /// [`RootError`].
    pub fn root(
        &self,
        before: Option<&Signed<Root>>,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<Signed<Root>, RootError> {
        self.check()?;
        if expires <= now {
            return Err(RootError::Expired { expires });
        }
        let version = match before {
            None => Some(NonZeroU64::MIN),
            Some(before) => before.signed.version.checked_add(1),
        };
        let (mut keys, mut roles) = (HashMap::new(), HashMap::new());
        for role in RoleName::ALL {
            let holders = self.holders(role);
            let threshold = NonZeroU64::new(holders.threshold).expect("checked above");
            let mut keyids = Vec::new();
            for key in &holders.keys {
                keyids.push(key.id()?);
                keys.insert(key.id()?, key.tuf());
            }
            roles.insert(role.tuf(), RoleKeys { keyids, threshold, _extra: HashMap::new() });
        }
        let signed = Root {
            spec_version: SPEC_VERSION.to_owned(),
            consistent_snapshot: true,
            version: version.ok_or(RootError::NoVersion)?,
            expires: whole(expires),
            keys,
            roles,
            _extra: HashMap::new(),
        };
        Ok(Signed { signed, signatures: Vec::new() })
    }
}

/// A moment in whole seconds: TUF's documents have no others.
pub(crate) fn whole(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// Whether a root may take the place of the one before: enough holders of both have signed it, and it is the next one.
///
/// # Errors
/// [`RootError`].
pub fn follows(before: Option<&Signed<Root>>, root: &Signed<Root>) -> Result<(), RootError> {
    let expected = before.map_or(1, |before| before.signed.version.get().saturating_add(1));
    let found = root.signed.version.get();
    if found != expected {
        return Err(RootError::Version { found, expected });
    }
    let unsigned =
        |who| move |error: tough::schema::Error| RootError::Unsigned { who, problem: error.to_string() };
    if let Some(before) = before {
        before.signed.verify_role(root).map_err(unsigned("the holders of the root before"))?;
    }
    root.signed.verify_role(root).map_err(unsigned("its own holders"))
}

/// The holders that a root names.
pub fn roles_of(root: &Root) -> Option<Roles> {
    let holders = |role: RoleName| {
        let keys = root.roles.get(&role.tuf())?;
        let public = root.keys(role.tuf()).map(|key| match key {
            tough::schema::key::Key::Ed25519 { keyval, .. } => hex::encode(&*keyval.public).parse().ok(),
            _ => None,
        });
        Some(Holders { keys: public.collect::<Option<_>>()?, threshold: keys.threshold.get() })
    };
    Some(Roles {
        root: holders(RoleName::Root)?,
        targets: holders(RoleName::Targets)?,
        snapshot: holders(RoleName::Snapshot)?,
        timestamp: holders(RoleName::Timestamp)?,
    })
}

/// Whether a key holds a role in a root.
pub fn holds(root: &Root, role: RoleName, key: &RoleKey) -> bool {
    let id = key.public().id().ok();
    root.roles.get(&role.tuf()).is_some_and(|keys| keys.keyids.iter().any(|one| Some(one) == id.as_ref()))
}

/// Whether a signature is one of those that count under the targets.
pub fn is_signed_by(root: &Root, targets: &Targets, signature: &Signature) -> bool {
    let mut one = root.clone();
    if let Some(keys) = one.roles.get_mut(&RoleType::Targets) {
        keys.threshold = NonZeroU64::MIN;
    }
    one.verify_role(&Signed { signed: targets.clone(), signatures: vec![signature.clone()] }).is_ok()
}

/// The bytes of a document as it lies in the tree.
///
/// # Errors
/// [`KeyError::Encoding`].
pub fn bytes<T: Serialize>(document: &Signed<T>) -> Result<Vec<u8>, KeyError> {
    serde_json::to_vec(document).map_err(|_| KeyError::Encoding)
}

/// The version of a document.
pub fn version<T: tough::schema::Role>(document: &Signed<T>) -> u64 {
    document.signed.version().get()
}

const _: fn(&Root) -> NonZeroU64 = Root::version;

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(count: usize) -> Vec<RoleKey> {
        (0..count).map(|_| RoleKey::generate().unwrap()).collect()
    }

    fn held(keys: &[RoleKey], threshold: u64) -> Holders {
        Holders { keys: keys.iter().map(RoleKey::public).collect(), threshold }
    }

    struct Ceremony {
        root: Vec<RoleKey>,
        targets: Vec<RoleKey>,
        online: Vec<RoleKey>,
    }

    impl Ceremony {
        fn new() -> Self {
            Self { root: keys(3), targets: keys(3), online: keys(2) }
        }

        fn roles(&self) -> Roles {
            Roles {
                root: held(&self.root, 2),
                targets: held(&self.targets, 2),
                snapshot: held(&self.online[..1], 1),
                timestamp: held(&self.online[1..], 1),
            }
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn made(roles: &Roles, before: Option<&Signed<Root>>, by: &[&RoleKey]) -> Signed<Root> {
        let mut root = roles.root(before, at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")).unwrap();
        by.iter().for_each(|key| key.sign(&mut root).unwrap());
        root
    }

    #[test]
    fn a_root_takes_its_quorum_and_another_one_does_not_do() {
        let held = Ceremony::new();
        let [a, b, c] = &held.root[..] else { panic!() };
        assert!(matches!(follows(None, &made(&held.roles(), None, &[a])), Err(RootError::Unsigned { .. })));
        assert!(matches!(
            follows(None, &made(&held.roles(), None, &[a, a])),
            Err(RootError::Unsigned { .. })
        ));
        let strangers = keys(2);
        let by = [&strangers[0], &strangers[1]];
        assert!(matches!(follows(None, &made(&held.roles(), None, &by)), Err(RootError::Unsigned { .. })));
        for by in [[a, b], [b, c]] {
            assert!(follows(None, &made(&held.roles(), None, &by)).is_ok());
        }
        assert_eq!(roles_of(&made(&held.roles(), None, &[]).signed), Some(held.roles()));
    }

    #[test]
    fn a_lost_key_is_replaced_by_those_that_are_left_and_by_the_new_ones() {
        let old = Ceremony::new();
        let [a, b, _lost] = &old.root[..] else { panic!() };
        let first = made(&old.roles(), None, &[a, b]);
        let mut roles = old.roles();
        let fresh = keys(1);
        roles.root.keys = [a, b, &fresh[0]].map(RoleKey::public).into();
        assert!(matches!(
            follows(Some(&first), &made(&roles, Some(&first), &[a, &fresh[0]])),
            Err(RootError::Unsigned { .. })
        ));
        let second = made(&roles, Some(&first), &[a, b]);
        assert!(follows(Some(&first), &second).is_ok());
        assert_eq!(version(&second), 2);
        assert!(matches!(follows(Some(&second), &second), Err(RootError::Version { found: 2, expected: 3 })));
        assert!(matches!(follows(None, &second), Err(RootError::Version { .. })));
        // Who took over the new root alone does not go on.
        let usurper = Ceremony::new();
        let [x, y, _] = &usurper.root[..] else { panic!() };
        assert!(follows(Some(&second), &made(&usurper.roles(), Some(&second), &[x, y])).is_err());
        assert!(follows(Some(&second), &made(&usurper.roles(), Some(&second), &[x, y, a, b])).is_ok());
    }

    #[test]
    fn roles_that_nobody_or_one_alone_could_hold_are_refused() {
        let held = Ceremony::new();
        let now = at("2026-01-01T00:00:00Z");
        let tried = |roles: Roles| roles.root(None, now, at("2027-01-01T00:00:00Z")).map(|_| ());
        assert!(tried(held.roles()).is_ok());
        let mut roles = held.roles();
        roles.targets.threshold = 4;
        assert!(matches!(tried(roles), Err(RootError::Threshold { role: "targets", keys: 3, threshold: 4 })));
        let mut roles = held.roles();
        roles.timestamp.threshold = 0;
        assert!(matches!(tried(roles), Err(RootError::Threshold { .. })));
        let mut roles = held.roles();
        roles.targets.threshold = 1;
        assert!(matches!(tried(roles), Err(RootError::Alone { role: "targets" })));
        let mut roles = held.roles();
        roles.snapshot.keys.insert(held.root[0].public());
        assert!(matches!(tried(roles), Err(RootError::Shared { role: "snapshot", .. })));
        assert!(matches!(held.roles().root(None, now, now), Err(RootError::Expired { .. })));
    }
}
