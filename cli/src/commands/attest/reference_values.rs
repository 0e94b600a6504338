//! `dtsec attest reference-values`.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use dtsec_list::{Component, ComponentSet, Fingerprint, Hash, ImplementationId};
use dtsec_token::{Token, TokenError};
use serde::Serialize;

use super::show::{p256_key, start_of};
use super::verify::{Nonce, nonce};
use super::{Checked, Refusal};
use crate::files;
use crate::output::{Answer, Exit, ShownPath};

/// Take from a token what devices of a version measure of themselves: the complete set of components, which verdicts compare with.
///
/// The device has to be one that runs exactly this version, before whoever takes them: the key is the one that it gave there (`dtsec
/// attest key`), the nonce the one that it was challenged with. The status is 1 where the token is not that device's answer, or
/// the device is not secured. A lab hands the file in with its report, a developer with a maintenance request.
#[derive(Args)]
pub(crate) struct ReferenceValues {
    /// The token: CBOR, as `dtsec attest token --out` writes it.
    token: PathBuf,
    /// The attestation key of the device in PEM.
    #[arg(long, value_name = "PEM")]
    key: PathBuf,
    /// The challenge that the token answers, in hex.
    #[arg(long, value_name = "HEX", value_parser = nonce)]
    nonce: Nonce,
    /// File for the values: JSON.
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Report {
    token: ShownPath,
    /// Why there are none.
    refused: Option<Refusal>,
    fingerprint: Option<Fingerprint>,
    reference_values: Option<ComponentSet>,
    out: Option<ShownPath>,
}

/// Why a token gives no reference values.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error("it is no token: {0}")]
    Token(#[from] TokenError),
    #[error("the key did not sign it, or is not that of its instance: give the key of the device before you")]
    Key,
    #[error("it answers another challenge: ask the device anew (`dtsec attest token`)")]
    Nonce,
    #[error(
        "the device is in the state {0}, where what it measures need not be what is sold: secure it first"
    )]
    LifeCycle(&'static str),
    #[error("it names what no list can have: {0}")]
    Set(String),
}

impl Unfit {
    fn name(&self) -> &'static str {
        match self {
            Unfit::Token(error) => error.name(),
            Unfit::Key => "key",
            Unfit::Nonce => "nonce",
            Unfit::LifeCycle(_) => "life-cycle",
            Unfit::Set(_) => "components",
        }
    }
}

impl ReferenceValues {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let key = p256_key(&self.key)?;
        let bytes = start_of(&self.token)?;
        let mut report = Report {
            token: self.token.clone().into(),
            refused: None,
            fingerprint: None,
            reference_values: None,
            out: None,
        };
        match set(&bytes, &key, &self.nonce.0) {
            Ok(set) => {
                if let Some(path) = self.out {
                    let mut json = serde_json::to_vec_pretty(&set).context("the values are no JSON")?;
                    json.push(b'\n');
                    files::write(&path, &json)?;
                    report.out = Some(path.into());
                }
                report.fingerprint = Some(set.fingerprint());
                report.reference_values = Some(set);
                Answer::new(report, Exit::Success)
            }
            Err(unfit) => {
                report.refused = Some(Refusal { name: unfit.name(), message: unfit.to_string() });
                Answer::new(report, Exit::No)
            }
        }
    }
}

fn set(bytes: &[u8], key: &[u8; 65], nonce: &[u8]) -> Result<ComponentSet, Unfit> {
    let token = Token::parse(bytes)?;
    match () {
        () if !Checked::new(&token, key).both() => return Err(Unfit::Key),
        () if &token.nonce[..] != nonce => return Err(Unfit::Nonce),
        () if !token.life_cycle.may_be_trusted() => return Err(Unfit::LifeCycle(token.life_cycle.name())),
        () => {}
    }
    let unfit = |error: &dyn fmt::Display| Unfit::Set(error.to_string());
    let component = |one: &dtsec_token::Component| {
        Ok(Component {
            measurement_type: one.measurement_type.clone(),
            version: one.version.clone(),
            measurement: Hash::try_from(&one.measurement[..]).map_err(|error| unfit(&error))?,
            signer: Hash::try_from(&one.signer[..]).map_err(|error| unfit(&error))?,
        })
    };
    let set = ComponentSet {
        implementation_id: ImplementationId::try_from(&token.implementation_id[..])
            .map_err(|error| unfit(&error))?,
        components: token.components.iter().map(component).collect::<Result<_, Unfit>>()?,
    };
    set.check().map_err(|error| unfit(&error))?;
    Ok(set)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Refusal { message, .. }) = &self.refused {
            return write!(f, "{} gives no reference values: {message}", self.token);
        }
        let (Some(set), Some(fingerprint)) = (&self.reference_values, &self.fingerprint) else {
            return Ok(());
        };
        writeln!(f, "fingerprint        {fingerprint}")?;
        writeln!(f, "implementation ID  {}", set.implementation_id)?;
        for Component { measurement_type, version, measurement, signer } in &set.components {
            let name = measurement_type.as_deref().unwrap_or("component");
            writeln!(f, "{name:<18} {}", version.as_deref().unwrap_or("no version"))?;
            writeln!(f, "  measurement      {measurement}\n  signer           {signer}")?;
        }
        match &self.out {
            Some(out) => write!(f, "wrote {out}"),
            None => Ok(()),
        }
    }
}
