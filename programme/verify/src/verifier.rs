//! The verifier: evidence in, verdict out.

use crate::diagnose::diagnose;
use crate::index::Index;
use crate::{ChallengeError, Challenges, Finding, Freshness, ListTime, Listed, Verdict};
use aws_lc_rs::digest::{Digest, SHA256};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use dtsec_list::endorse::{Endorsed, Endorsements};
use dtsec_list::{
    Chain, ComponentRef, ImplementationId, InstanceId, Kind, ListError, PublicKey, PublishedList, Standing,
    Status, fingerprint,
};
use dtsec_token::{LifeCycle, Place, Token, TokenError};
use jiff::{SignedDuration, Timestamp};

/// By so much clocks may differ before a list counts as one of the future.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// What a device sent.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    token: &'a [u8],
    chain: Option<&'a Chain>,
    instance_id: Option<InstanceId>,
}

impl<'a> Evidence<'a> {
    /// A token.
    pub const fn new(token: &'a [u8]) -> Evidence<'a> {
        Evidence { token, chain: None, instance_id: None }
    }

    /// With the certificates of its key, for instances that are not endorsed one by one.
    #[must_use]
    pub const fn with_chain(self, chain: &'a Chain) -> Evidence<'a> {
        Evidence { chain: Some(chain), ..self }
    }

    /// Only of this device: a relying party that knows whom it asks says so.
    #[must_use]
    pub const fn of_instance(self, instance_id: InstanceId) -> Evidence<'a> {
        Evidence { instance_id: Some(instance_id), ..self }
    }
}

/// What the token has to answer. There is no way around it: a token without a challenge proves nothing of today.
#[derive(Clone, Copy)]
pub enum Expected<'a> {
    /// The caller's own challenge, whose age he knows.
    Nonce(&'a [u8]),
    /// One of the verifier's, as the caller got it.
    Challenge {
        /// Who made it.
        by: &'a Challenges,
        /// The challenge.
        challenge: &'a [u8],
    },
}

/// Gives verdicts by one list and one set of endorsements.
pub struct Verifier {
    index: Index,
    endorsements: Endorsements,
}

/// Why a verdict is not about a version: the finding, and more of it.
struct Stop(Finding, String);

impl From<Finding> for Stop {
    fn from(finding: Finding) -> Stop {
        Stop(finding, String::new())
    }
}

impl Verifier {
    /// By a list and endorsements that the caller has found to be genuine.
    ///
    /// # Errors
    /// Where the list does not hold together.
    pub fn new(list: PublishedList, endorsements: Endorsements) -> Result<Verifier, ListError> {
        Ok(Verifier { index: Index::new(list)?, endorsements })
    }

    /// The list.
    pub const fn list(&self) -> &PublishedList {
        self.index.list()
    }

    /// Which list it is, and how fresh at this moment.
    pub fn list_time(&self, now: Timestamp) -> ListTime {
        let list = self.index.list();
        let freshness = match () {
            () if now >= list.fresh_until => Freshness::Stale,
            () if list.as_of > now.saturating_add(SKEW).unwrap_or(now) => Freshness::FromTheFuture,
            () => Freshness::Fresh,
        };
        ListTime { serial: list.serial, as_of: list.as_of, fresh_until: list.fresh_until, freshness }
    }

    /// The verdict on a device.
    pub fn verify(&self, evidence: &Evidence<'_>, expected: Expected<'_>, now: Timestamp) -> Verdict<'_> {
        let mut verdict = Verdict {
            finding: Finding::Malformed,
            detail: String::new(),
            token: None,
            fingerprint: None,
            listed: None,
            manufacturer: None,
            list: self.list_time(now),
            at: now,
        };
        match Token::parse(evidence.token) {
            Ok(token) => {
                if let Err(Stop(finding, detail)) =
                    self.appraise(&token, evidence, expected, now, &mut verdict)
                {
                    (verdict.finding, verdict.detail) = (finding, detail);
                }
                verdict.token = Some(token);
            }
            Err(error) => (verdict.finding, verdict.detail) = (unreadable(&error), error.to_string()),
        }
        verdict
    }

    fn appraise<'v>(
        &'v self,
        token: &Token,
        evidence: &Evidence<'_>,
        expected: Expected<'_>,
        now: Timestamp,
        verdict: &mut Verdict<'v>,
    ) -> Result<(), Stop> {
        answers(token, expected, now)?;
        verdict.manufacturer = Some(self.genuine(token, evidence, now)?);
        believable(token.life_cycle)?;
        let implementation_id = implementation_id(token)?;
        let components: Vec<ComponentRef<'_>> = token.components.iter().map(borrowed).collect();
        let fingerprint = fingerprint(&implementation_id, components.iter().copied());
        verdict.fingerprint = Some(fingerprint);
        if let Some(listed) = self.index.find(&fingerprint) {
            verdict.listed = Some(listed);
            (verdict.finding, verdict.detail) = standing(listed, verdict.list);
        } else {
            let (finding, detail, nearest) = diagnose(&self.index, &implementation_id, &components);
            (verdict.finding, verdict.detail, verdict.listed) = (finding, detail, nearest);
        }
        Ok(())
    }

    /// That an endorsed key of this instance signed it; answers whose endorsement it is.
    fn genuine(&self, token: &Token, evidence: &Evidence<'_>, now: Timestamp) -> Result<String, Stop> {
        let malformed = |_| Stop::from(Finding::Malformed);
        let instance_id = InstanceId::try_from(&token.instance_id[..]).map_err(malformed)?;
        if let Some(asked) = evidence.instance_id.filter(|asked| *asked != instance_id) {
            let detail = format!("{asked} was asked, and the token is of {instance_id}");
            return Err(Stop(Finding::WrongInstance, detail));
        }
        let endorsed = self.endorsed(&instance_id, evidence.chain, now)?;
        if !signed_by(token, &endorsed.key) {
            return Err(Finding::BadSignature.into());
        }
        if let Some(revocation) = self.endorsements.revocation(&instance_id, &endorsed) {
            let detail = format!("revoked since {}: {}", revocation.since, revocation.because);
            return Err(Stop(Finding::RevokedKey, detail));
        }
        match endorsed.implementation_id {
            Some(id) if id.as_bytes()[..] != token.implementation_id[..] => {
                let detail = format!("endorsed for {id}, and the token says {}", token.implementation_id);
                Err(Stop(Finding::WrongImplementation, detail))
            }
            _ => Ok(endorsed.manufacturer.to_owned()),
        }
    }

    /// The endorsement of the instance's own key, or else that by certificates.
    fn endorsed(
        &self,
        instance_id: &InstanceId,
        chain: Option<&Chain>,
        now: Timestamp,
    ) -> Result<Endorsed<'_>, Stop> {
        if let Some(endorsed) = self.endorsements.of(instance_id) {
            return Ok(endorsed);
        }
        let not_endorsed = || Stop(Finding::NotEndorsed, format!("instance {instance_id}"));
        let endorsed = self
            .endorsements
            .by_chain(chain.ok_or_else(not_endorsed)?, now)
            .map_err(|why| Stop(Finding::NotAcceptedChain, why.to_string()))?;
        // A certificate names no instance: only the ID that is made of its key is that of the instance.
        if endorsed.key.instance_id() != *instance_id {
            let detail = format!("the certificate is for {}", endorsed.key.instance_id());
            return Err(Stop(Finding::WrongInstance, detail));
        }
        Ok(endorsed)
    }
}

/// ECDSA by aws-lc: `dtsec-token` has already found out what was signed.
fn signed_by(token: &Token, key: &PublicKey) -> bool {
    let Ok(digest) = Digest::import_less_safe(token.signed_digest(), &SHA256) else { return false };
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.as_bytes())
        .verify_digest(&digest, token.signature())
        .is_ok()
}

fn unreadable(error: &TokenError) -> Finding {
    match error {
        TokenError::TooLong { .. } => Finding::Oversized,
        TokenError::Truncated => Finding::Truncated,
        TokenError::Value { place: Place::Claim("profile"), .. }
        | TokenError::Missing(Place::Claim("profile")) => Finding::WrongProfile,
        _ => Finding::Malformed,
    }
}

fn answers(token: &Token, expected: Expected<'_>, now: Timestamp) -> Result<(), Stop> {
    let nonce = match expected {
        Expected::Nonce(nonce) => nonce,
        Expected::Challenge { by, challenge } => {
            by.check(challenge, now).map_err(|why| match why {
                ChallengeError::NotOurs => Stop(Finding::ChallengeNotOurs, why.to_string()),
                ChallengeError::Expired(_) => Stop(Finding::ChallengeExpired, why.to_string()),
            })?;
            challenge
        }
    };
    // Nothing of it is secret.
    if token.nonce[..] == *nonce { Ok(()) } else { Err(Finding::NonceMismatch.into()) }
}

fn believable(life_cycle: LifeCycle) -> Result<(), Stop> {
    let finding = match life_cycle {
        LifeCycle::Secured => return Ok(()),
        LifeCycle::NonPsaRotDebug | LifeCycle::RecoverablePsaRotDebug => Finding::DebugState,
        LifeCycle::Decommissioned => Finding::Decommissioned,
        LifeCycle::Unknown | LifeCycle::AssemblyAndTest | LifeCycle::Provisioning => Finding::NotSecured,
    };
    Err(Stop(finding, format!("life cycle {}", life_cycle.name())))
}

fn implementation_id(token: &Token) -> Result<ImplementationId, Stop> {
    ImplementationId::try_from(&token.implementation_id[..]).map_err(|_| Finding::Malformed.into())
}

fn borrowed(component: &dtsec_token::Component) -> ComponentRef<'_> {
    ComponentRef {
        measurement_type: component.measurement_type.as_deref(),
        version: component.version.as_deref(),
        measurement: &component.measurement,
        signer: &component.signer,
    }
}

/// What the list says of a version, the worst first.
fn standing(listed: Listed<'_>, list: ListTime) -> (Finding, String) {
    let Listed { entry, version } = listed;
    match &entry.status {
        Status::Removed { since, because } => {
            return (Finding::Removed, format!("since {since}: {because}"));
        }
        Status::RemovedPendingRemediation { since, because } => {
            return (Finding::RemovedPendingRemediation, format!("since {since}: {because}"));
        }
        Status::Listed => {}
    }
    if !version.open.is_empty() {
        let open: Vec<&str> = version.open.iter().map(|one| one.id.as_str()).collect();
        return (Finding::OpenVulnerability, open.join(", "));
    }
    if version.standing == Standing::RevalidationRequired {
        return (Finding::RevalidationRequired, String::new());
    }
    if list.freshness != Freshness::Fresh {
        return (Finding::StaleList, list.to_string());
    }
    match &entry.kind {
        Kind::Certified { .. } => (Finding::ListedAndClean, String::new()),
        Kind::DeFacto { base } => (Finding::ListedDeFacto, format!("it leans on entry {base}")),
    }
}
