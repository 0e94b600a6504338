//! JSON Schema 2020-12 of every document, made from the types.

use crate::Kind;
use crate::etr::EvaluationTechnicalReport;
use crate::evidence::EvidenceBundle;
use crate::profile::SesipProfile;
use crate::protection_profile::ProtectionProfile;
use crate::security_target::SecurityTarget;
use schemars::{Schema, schema_for};

/// The schema of a kind of document.
pub fn schema(kind: Kind) -> Schema {
    match kind {
        Kind::ProtectionProfile => schema_for!(ProtectionProfile),
        Kind::SesipProfile => schema_for!(SesipProfile),
        Kind::SecurityTarget => schema_for!(SecurityTarget),
        Kind::Evidence => schema_for!(EvidenceBundle),
        Kind::EvaluationTechnicalReport => schema_for!(EvaluationTechnicalReport),
    }
}
