//! `dtsec attest`: attestation tokens, in which a device says who it is and what it runs.

mod key;
mod reference_values;
mod show;
mod token;
mod verify;

use std::fmt;

use clap::Subcommand;
use dtsec_target::SessionError;
use dtsec_token::{Token, TokenError};
use serde::Serialize;

use crate::output::Answer;

/// What can be done with attestation.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Switch a device on, challenge it, and show the token that it answers with.
    Token(token::GetToken),
    /// Switch a device on and show the key that its tokens are signed with, to be endorsed by its manufacturer.
    Key(key::GetKey),
    /// Take from a token what devices of a version measure of themselves: what verdicts compare with.
    ReferenceValues(reference_values::ReferenceValues),
    /// Show what a token in a file says, and whether a key signed it.
    Show(show::Show),
    /// Hold a token against the published list: is it exactly a certified version?
    Verify(verify::Verify),
}

impl Command {
    pub(crate) fn run(self) -> anyhow::Result<Answer> {
        match self {
            Command::Token(command) => command.run(),
            Command::Key(command) => command.run(),
            Command::ReferenceValues(command) => command.run(),
            Command::Show(command) => command.run(),
            Command::Verify(command) => command.run(),
        }
    }
}

/// Why bytes are no token, in JSON.
#[derive(Serialize)]
struct Refusal {
    name: &'static str,
    message: String,
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Refusal {
        Refusal { name: error.name(), message: error.to_string() }
    }
}

/// What a key has to do with a token.
#[derive(Serialize)]
struct Checked {
    /// The signature is by this key.
    verifies: bool,
    /// The instance ID is this key's.
    instance_id_matches: bool,
}

impl Checked {
    fn new(token: &Token, public_key: &[u8; 65]) -> Checked {
        let (verifies, instance_id_matches) = (token.verify(public_key), token.names(public_key));
        Checked { verifies, instance_id_matches }
    }

    fn both(&self) -> bool {
        self.verifies && self.instance_id_matches
    }
}

/// Why a device without a platform cannot attest, when that is why it failed.
fn without_platform<T>(result: Result<T, SessionError>) -> anyhow::Result<Result<T, String>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(SessionError::NoPlatform { state }) => Ok(Err(match state.as_str() {
            "no-platform" => "no platform starts that could attest (state no-platform): put one in with \
                              `dtsec device flash`"
                .into(),
            "unprovisioned" => {
                "the device has no keys yet (state unprovisioned): `dtsec device provision` burns \
                                them"
                    .into()
            }
            _ => format!("the device starts nothing any more (state {state}): it cannot attest to anything"),
        })),
        Err(other) => Err(other.into()),
    }
}

/// A token for people.
struct Decoded<'t>(&'t Token);

impl fmt::Display for Decoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = self.0;
        let mut row = |what: &str, value: &dyn fmt::Display| writeln!(f, "{what:<18} {value}");
        row("nonce", &token.nonce)?;
        row("instance ID", &token.instance_id)?;
        row("implementation ID", &token.implementation_id)?;
        let trust =
            if token.life_cycle.may_be_trusted() { "" } else { ": not to be relied on in this state" };
        row("life cycle", &format!("{} ({:#06x}){trust}", token.life_cycle.name(), token.life_cycle_claim))?;
        let world = if token.client_id < 0 { "Non-secure" } else { "Secure" };
        row("asked for by", &format!("client {}, in the {world} world", token.client_id))?;
        if let Some(seed) = &token.boot_seed {
            row("boot seed", seed)?;
        }
        if let Some(reference) = &token.certification_reference {
            row("certified as", reference)?;
        }
        if let Some(service) = &token.verification_service {
            row("verified at", &format!("{service} (the device says so)"))?;
        }
        if token.unknown_claims > 0 {
            row("other claims", &format!("{}, of which RFC 9783 knows nothing", token.unknown_claims))?;
        }
        for (number, part) in token.components.iter().enumerate() {
            let unnamed = || format!("component {number}");
            let name = part.measurement_type.clone().unwrap_or_else(unnamed);
            let how = part.measurement_description.as_deref().unwrap_or("unknown hash");
            row(&name, &part.version.as_deref().unwrap_or("no version"))?;
            row("  measurement", &format!("{} ({how})", part.measurement))?;
            match part.signer.is_zero() {
                true => row("  signer", &"none: it never changes")?,
                false => row("  signer", &part.signer)?,
            }
        }
        Ok(())
    }
}
