//! The threats of the DTSec Protection Profile, as the SESIP profile takes them over (its section 3.4).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A threat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Threat {
    /// An attacker on the network who is not an authenticated peer.
    #[serde(rename = "T.NETWORK")]
    Network,
    /// An attacker who has the device in hand.
    #[serde(rename = "T.PHYSICAL")]
    Physical,
    /// Malicious or exploitable software or configuration on the device.
    #[serde(rename = "T.BAD_SOFTWARE")]
    BadSoftware,
    /// A properly authenticated peer that turns on the device.
    #[serde(rename = "T.BAD_PEER")]
    BadPeer,
}

impl Threat {
    /// All of them.
    pub const ALL: [Threat; 4] = [Threat::Network, Threat::Physical, Threat::BadSoftware, Threat::BadPeer];

    /// The profile's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            Threat::Network => "T.NETWORK",
            Threat::Physical => "T.PHYSICAL",
            Threat::BadSoftware => "T.BAD_SOFTWARE",
            Threat::BadPeer => "T.BAD_PEER",
        }
    }
}
