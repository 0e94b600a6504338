//! Endorsements from the parts of a list.

use anyhow::ensure;
use dtsec_list::batch;
use dtsec_list::endorse::{Endorsement, Endorsements};
use dtsec_list::{PublicKey, assemble};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::time::Instant;

#[derive(Serialize)]
pub(crate) struct Figure {
    pub(crate) keys: usize,
    pub(crate) parts: usize,
    pub(crate) bytes: usize,
    pub(crate) assembled_ms: u128,
}

/// From the bytes of so many keys' parts to what a verifier looks them up in.
pub(crate) fn load(keys: usize) -> anyhow::Result<Figure> {
    let mut all = Endorsements::new();
    all.reserve(keys);
    for number in 0..keys {
        // Of devices that send nothing: it need not be a point of the curve.
        let digest = Sha256::digest(number.to_le_bytes());
        let public_key = PublicKey::try_from(&[&[4][..], &digest, &digest].concat()[..])?;
        let instance_id = public_key.instance_id();
        all.endorse("ACME", &Endorsement { instance_id, public_key, implementation_id: None })?;
    }
    let batches = batch::changed(&BTreeMap::new(), &all);
    let parts = batches
        .into_iter()
        .map(|(name, batch)| Ok((name, serde_json::to_vec(&batch)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    drop(all);
    let started = Instant::now();
    let assembled = assemble::<_, _, anyhow::Error>(parts.iter().map(|(name, bytes)| Ok((name, bytes))))?;
    let assembled_ms = started.elapsed().as_millis();
    ensure!(assembled.endorsements.len() == keys, "{} keys", assembled.endorsements.len());
    Ok(Figure {
        keys,
        parts: parts.len(),
        bytes: parts.iter().map(|(_, bytes)| bytes.len()).sum(),
        assembled_ms,
    })
}
