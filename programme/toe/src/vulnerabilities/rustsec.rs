//! Advisories of the RustSec database: Markdown files that begin with a block of TOML.

use super::advisory::{Advisory, Affected};
use semver::VersionReq;
use serde::Deserialize;

#[derive(Deserialize)]
struct Front {
    advisory: Head,
    #[serde(default)]
    versions: Versions,
}

#[derive(Deserialize)]
struct Head {
    id: String,
    package: String,
    date: String,
    #[serde(default)]
    aliases: Vec<String>,
    withdrawn: Option<String>,
}

#[derive(Default, Deserialize)]
struct Versions {
    #[serde(default)]
    patched: Vec<VersionReq>,
    #[serde(default)]
    unaffected: Vec<VersionReq>,
}

/// Reads one; the error says what is wrong with it.
pub(super) fn read(text: &str) -> Result<Advisory, String> {
    let front = text.trim_start().strip_prefix("```toml").ok_or("it does not begin with ```toml")?;
    let (front, rest) = front.split_once("\n```").ok_or("its block of TOML does not end")?;
    let Front { advisory, versions } = toml::from_str(front).map_err(|error| error.to_string())?;
    let title =
        rest.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or(&advisory.id).trim().to_owned();
    Ok(Advisory {
        aliases: advisory.aliases,
        package: advisory.package,
        title,
        date: advisory.date,
        withdrawn: advisory.withdrawn,
        affected: Affected::AllBut { patched: versions.patched, unaffected: versions.unaffected },
        id: advisory.id,
    })
}
