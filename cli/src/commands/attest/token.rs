//! `dtsec attest token`.

use std::fmt;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use dtsec_target::Device;
use dtsec_token::Token;
use serde::Serialize;

use super::{Checked, Decoded, Refusal, without_platform};
use crate::commands::supply::Supply;
use crate::files;
use crate::output::{Answer, Exit, ShownPath};

/// Lengths of a challenge in bytes (RFC 9783 §4.1.1).
const CHALLENGE_BYTES: [usize; 3] = [32, 48, 64];

/// Switch a device on, challenge it, and show the token that it answers with.
///
/// The status is 0 when the token answers the challenge and verifies with the key that the device gives. That proves
/// nothing about who the device is: see `dtsec attest show --key`.
#[derive(Args)]
pub(crate) struct GetToken {
    /// The device.
    dir: PathBuf,
    /// What the token has to answer: 32, 48 or 64 bytes in hex; 32 random ones unless told.
    #[arg(long, value_name = "HEX", value_parser = challenge)]
    challenge: Option<Challenge>,
    /// File for the token as it is: CBOR.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    supply: Supply,
}

#[derive(Clone)]
struct Challenge(Vec<u8>);

#[derive(Serialize)]
struct Report {
    device: ShownPath,
    challenge: String,
    /// Why the device cannot attest.
    refused: Option<String>,
    /// Why what it answered is no token.
    error: Option<Refusal>,
    token: Option<Token>,
    answers_challenge: bool,
    /// The key that the device gives, `04 ‖ x ‖ y`.
    attestation_key: Option<String>,
    checked: Option<Checked>,
    /// The token as it is.
    raw: Option<String>,
    out: Option<ShownPath>,
}

impl GetToken {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let challenge = match self.challenge {
            Some(Challenge(bytes)) => bytes,
            None => drawn()?,
        };
        let device = Device::open(&self.dir)?;
        let mut report = Report::new(&device, &challenge);
        let mut session = self.supply.switch_on(&device)?;
        let answered = session.token(&challenge).and_then(|raw| Ok((raw, session.attestation_key()?)));
        let (raw, key) = match without_platform(answered)? {
            Ok(answered) => answered,
            Err(reason) => {
                report.refused = Some(reason);
                return Answer::new(report, Exit::No);
            }
        };
        session.power_off();
        if let Some(path) = self.out {
            files::write(&path, &raw)?;
            report.out = Some(path.into());
        }
        report.raw = Some(hex::encode(&raw));
        report.attestation_key = Some(hex::encode(key));
        match Token::parse(&raw) {
            Ok(token) => {
                report.answers_challenge = token.nonce[..] == challenge;
                report.checked = Some(Checked::new(&token, &key));
                report.token = Some(token);
            }
            Err(error) => report.error = Some(error.into()),
        }
        let good = report.answers_challenge && report.checked.as_ref().is_some_and(Checked::both);
        Answer::new(report, if good { Exit::Success } else { Exit::No })
    }
}

impl Report {
    fn new(device: &Device, challenge: &[u8]) -> Report {
        Report {
            device: device.dir().into(),
            challenge: hex::encode(challenge),
            refused: None,
            error: None,
            token: None,
            answers_challenge: false,
            attestation_key: None,
            checked: None,
            raw: None,
            out: None,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(reason) = &self.refused {
            return writeln!(f, "no token: {reason}");
        }
        let raw = self.raw.as_deref().unwrap_or_default();
        writeln!(
            f,
            "{} answered the challenge {} with {} bytes",
            self.device,
            self.challenge,
            raw.len() / 2
        )?;
        if let Some(out) = &self.out {
            writeln!(f, "wrote {out}")?;
        }
        if let Some(error) = &self.error {
            return writeln!(f, "that is no token: {}: {}\n{raw}", error.name, error.message);
        }
        let (Some(token), Some(checked)) = (&self.token, &self.checked) else { return Ok(()) };
        writeln!(f, "\n{}", Decoded(token))?;
        if !self.answers_challenge {
            writeln!(f, "the nonce is NOT the challenge: this token was made for somebody else")?;
        }
        match (checked.verifies, checked.instance_id_matches) {
            (true, true) => writeln!(f, "the signature verifies with the key that the device gives")?,
            (true, false) => {
                writeln!(f, "the signature verifies, but the instance ID is NOT that of the key")?
            }
            (false, _) => writeln!(f, "the signature does NOT verify with the key that the device gives")?,
        }
        writeln!(f, "  {}", self.attestation_key.as_deref().unwrap_or_default())?;
        writeln!(
            f,
            "That alone proves nothing: whoever makes up a token can make up a key. Check it with the key that the\n\
             manufacturer has endorsed: dtsec attest show FILE --key PEM"
        )?;
        writeln!(f, "\n{raw}")
    }
}

fn drawn() -> anyhow::Result<Vec<u8>> {
    let mut challenge = vec![0; CHALLENGE_BYTES[0]];
    getrandom::fill(&mut challenge)
        .map_err(|error| anyhow!("the operating system gives no random bytes: {error}"))?;
    Ok(challenge)
}

fn challenge(text: &str) -> Result<Challenge, String> {
    let bytes = hex::decode(text).map_err(|error| format!("not hex: {error}"))?;
    if CHALLENGE_BYTES.contains(&bytes.len()) {
        return Ok(Challenge(bytes));
    }
    Err(format!("a challenge has 32, 48 or 64 bytes, not {}", bytes.len()))
}
