//! What a verdict can be: each finding once, with its number, its name and one sentence.
//!
//! Numbers are for good: 1xx affirms, 2xx warns, 3xx is against the device, 4xx is no evidence.

use serde::{Serialize, Serializer};

macro_rules! findings {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal, $says:literal;)*) => {
        /// What a verdict comes down to.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        #[repr(u16)]
        pub enum Finding {
            $($(#[$doc])* #[doc = $says] $name = $number,)*
        }

        impl Finding {
            /// Every finding.
            pub const ALL: &'static [Finding] = &[$(Finding::$name,)*];

            /// Its name in JSON.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Finding::$name => $text,)*
                }
            }

            /// What it says, in one sentence.
            pub const fn says(self) -> &'static str {
                match self {
                    $(Finding::$name => $says,)*
                }
            }
        }
    };
}

findings! {
    ListedAndClean = 100, "listed-and-clean",
        "Exactly a certified version runs, and no vulnerability is open against it.";
    OpenVulnerability = 200, "open-vulnerability",
        "Exactly a listed version runs, and a vulnerability is open against it.";
    ListedDeFacto = 201, "listed-de-facto",
        "Exactly a listed version runs; that it is secure is the developer's word and not a lab's.";
    RevalidationRequired = 202, "revalidation-required",
        "Exactly a listed version runs, and it does not count until it has been revalidated.";
    StaleList = 203, "stale-list",
        "The version is listed and clean in a list that is not fresh: what became of it since is not known.";
    NotListed = 210, "not-listed",
        "The device is genuine, and what runs on it is no listed version.";
    MissingComponent = 211, "missing-component",
        "All that the device names belongs to a listed version, and something of that version is missing.";
    ExtraComponent = 212, "extra-component",
        "A listed version runs, and something beside it that does not belong to it.";
    MixedRelease = 213, "mixed-release",
        "All that runs is listed, but not together: parts of several versions.";
    WrongSigner = 214, "wrong-signer",
        "A listed version runs, but signed by somebody else.";
    RemovedPendingRemediation = 300, "removed-pending-remediation",
        "The entry was taken off the list until what conflicts with it is remediated.";
    Removed = 301, "removed",
        "The entry was taken off the list.";
    DebugState = 310, "debug-state",
        "Debugging is open on the device: nothing that it says can be relied on.";
    Decommissioned = 311, "decommissioned",
        "The device is decommissioned.";
    NotSecured = 312, "not-secured",
        "The device has not come out of production, or does not say in which state of its life it is.";
    RevokedKey = 320, "revoked-key",
        "The key that signed was endorsed once and is revoked.";
    NotEndorsed = 321, "not-endorsed",
        "Nobody has endorsed a key of this instance.";
    NotAcceptedChain = 322, "not-accepted-chain",
        "The certificates that came with the token lead to no endorsed authority.";
    WrongInstance = 323, "wrong-instance",
        "The token is of another instance than the one that was asked, or than the one that the certificate is for.";
    WrongImplementation = 324, "wrong-implementation",
        "The token names another immutable platform than the manufacturer does for this instance.";
    BadSignature = 400, "bad-signature",
        "The endorsed key of the instance did not sign this.";
    NonceMismatch = 401, "nonce-mismatch",
        "The token answers another challenge: it is an old one, or made for somebody else.";
    ChallengeExpired = 402, "challenge-expired",
        "The token answers the challenge, but too late.";
    ChallengeNotOurs = 403, "challenge-not-ours",
        "The challenge that was to be answered was not made by this verifier.";
    Malformed = 410, "malformed",
        "The bytes are no attestation token.";
    Truncated = 411, "truncated",
        "The token is cut off.";
    Oversized = 412, "oversized",
        "There are more bytes than any token has.";
    WrongProfile = 413, "wrong-profile",
        "The token is of a profile that is not spoken here.";
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// The trustworthiness tiers of AR4SI (draft-ietf-rats-ar4si-09 §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// The verifier says nothing.
    None,
    /// All is well.
    Affirming,
    /// It is for the relying party to look closer.
    Warning,
    /// Not to be trusted.
    Contraindicated,
}

impl Tier {
    /// The tier of a claim.
    pub const fn of(claim: i8) -> Tier {
        match claim {
            -1..=1 => Tier::None,
            -32..=31 => Tier::Affirming,
            -96..=95 => Tier::Warning,
            _ => Tier::Contraindicated,
        }
    }
}

/// The trustworthiness vector of AR4SI (draft-ietf-rats-ar4si-09 §2.3), as far as this verifier says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TrustVector {
    /// Whether it is this device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_identity: Option<i8>,
    /// Whether its state is as it has to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<i8>,
    /// Whether what runs is what was evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executables: Option<i8>,
    /// Whether the hardware and its immutable code are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hardware: Option<i8>,
}

impl TrustVector {
    const fn new(
        instance_identity: Option<i8>,
        configuration: Option<i8>,
        executables: Option<i8>,
        hardware: Option<i8>,
    ) -> TrustVector {
        TrustVector { instance_identity, configuration, executables, hardware }
    }

    /// The worst tier of its claims.
    pub fn tier(&self) -> Tier {
        let claims = [self.instance_identity, self.configuration, self.executables, self.hardware];
        claims.into_iter().flatten().map(Tier::of).max().unwrap_or(Tier::None)
    }
}

impl Finding {
    /// Its number.
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// Its trustworthiness vector.
    pub const fn vector(self) -> TrustVector {
        use Finding as F;
        match self {
            F::ListedAndClean | F::ListedDeFacto => TrustVector::new(Some(2), Some(2), Some(2), Some(2)),
            F::OpenVulnerability => TrustVector::new(Some(2), Some(2), Some(32), Some(32)),
            // Nothing is said from a list that is not fresh.
            F::StaleList => TrustVector::new(Some(2), Some(2), None, None),
            F::RevalidationRequired
            | F::NotListed
            | F::MissingComponent
            | F::ExtraComponent
            | F::MixedRelease
            | F::WrongSigner => TrustVector::new(Some(2), Some(2), Some(33), None),
            F::RemovedPendingRemediation | F::Removed => {
                TrustVector::new(Some(2), Some(2), Some(96), Some(96))
            }
            F::DebugState | F::Decommissioned | F::NotSecured => {
                TrustVector::new(Some(2), Some(96), None, None)
            }
            F::RevokedKey => TrustVector::new(Some(96), None, None, None),
            F::NotEndorsed | F::NotAcceptedChain | F::WrongInstance | F::WrongImplementation => {
                TrustVector::new(Some(97), None, None, None)
            }
            F::BadSignature
            | F::NonceMismatch
            | F::ChallengeExpired
            | F::ChallengeNotOurs
            | F::Malformed
            | F::Truncated
            | F::Oversized
            | F::WrongProfile => TrustVector::new(Some(99), Some(99), Some(99), Some(99)),
        }
    }

    /// Its tier: the worst of the vector, or worse where the claims do not carry all that is to be said.
    pub fn tier(self) -> Tier {
        match self {
            Finding::ListedDeFacto | Finding::StaleList => Tier::Warning,
            other => other.vector().tier(),
        }
    }
}
