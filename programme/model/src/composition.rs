//! Composition: which level a whole may claim, and whether a component's level fits the device that holds it.

use crate::assurance::Level;
use crate::security_target::{CertifiedPart, PlatformRole, SecurityTarget};

/// Why a composition does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misfit<'s> {
    /// The whole claims more than this part has, and nothing raises it.
    PartBelow(&'s CertifiedPart),
    /// The component is evaluated at another level than the device that holds it.
    OtherThanDevice {
        /// The component's.
        component: Level,
        /// The device's.
        device: Level,
    },
}

/// The highest level that a composition may claim by its parts alone: the lowest of theirs.
pub fn ceiling(parts: &[CertifiedPart]) -> Option<Level> {
    parts.iter().map(|part| part.level).min()
}

/// Everything that keeps the levels of a Security Target from holding.
pub fn misfits(target: &SecurityTarget) -> Vec<Misfit<'_>> {
    let claimed =
        target.assurance.levels.iter().filter(|claim| claim.requirements.is_empty()).map(|claim| claim.level);
    let Some(claimed) = claimed.max() else { return Vec::new() };
    let parts = &target.platform.certified_parts;
    let raised = |part: &CertifiedPart| part.raised_by.as_ref().is_some_and(|why| !why.trim().is_empty());
    let mut found: Vec<Misfit<'_>> =
        parts.iter().filter(|part| part.level < claimed && !raised(part)).map(Misfit::PartBelow).collect();
    if let PlatformRole::Component { device_level } = target.platform.role
        && device_level != claimed
    {
        found.push(Misfit::OtherThanDevice { component: claimed, device: device_level });
    }
    found
}
