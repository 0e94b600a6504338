//! Who watches the log: a checkpoint is released only with the signatures of enough witnesses.

use crate::tree::{Lock, Tree, TreeError};
use dtsec_log::witness::{Declined, Remembered, cosign};
use dtsec_log::{Hash, Key, Note, NoteSigner, Signature};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Somebody who watches the log.
pub trait Witness {
    /// Signs a checkpoint that continues the last one he saw. He says by himself where that was: `prove` leads from there.
    ///
    /// # Errors
    /// What he says.
    fn cosign(
        &mut self,
        note: &Note,
        prove: &mut dyn FnMut(u64) -> Option<Vec<Hash>>,
    ) -> Result<Signature, String>;
}

/// A witness whose key and memory are on this machine. Run beside the publisher, others believe it as far as they believe that its
/// key is elsewhere.
#[derive(Debug)]
pub struct LocalWitness {
    signer: NoteSigner,
    log: Key,
    state: PathBuf,
}

/// Why a witness does not sign.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// Because of what it was shown.
    #[error(transparent)]
    Declined(#[from] Declined),
    /// What it remembers is damaged. It signs nothing, because it might sign two logs.
    #[error("{0}: what it remembers is damaged; make another witness, with a key of its own")]
    Damaged(PathBuf),
    /// Its memory cannot be read or written.
    #[error(transparent)]
    State(#[from] TreeError),
}

/// What it remembers, as it lies in its file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Memory {
    size: u64,
    root: String,
}

impl LocalWitness {
    /// With a key for the log with that key, and a file to remember in.
    pub fn new(signer: NoteSigner, log: Key, state: PathBuf) -> Self {
        Self { signer, log, state }
    }

    /// The log that it watches.
    pub fn log(&self) -> &Key {
        &self.log
    }

    /// Its own key.
    pub fn public(&self) -> &Key {
        self.signer.public()
    }

    /// What it remembers of the log.
    ///
    /// # Errors
    /// [`WitnessError::State`], [`WitnessError::Damaged`].
    pub fn remembered(&self) -> Result<Remembered, WitnessError> {
        let (tree, name) = self.place();
        let Some(bytes) = tree.get(&name)? else { return Ok(Remembered::nothing()) };
        let memory = serde_json::from_slice::<Memory>(&bytes).ok();
        let remembered = memory.and_then(|memory| {
            let root = hex::decode(&memory.root).ok()?.try_into().ok()?;
            Some(Remembered { size: memory.size, root })
        });
        remembered.ok_or_else(|| WitnessError::Damaged(self.state.clone()))
    }

    /// Signs a checkpoint if the proof shows that it continues what is remembered. Nobody else comes between looking and
    /// remembering, in this process or another one, and it remembers before it gives the signature away.
    ///
    /// # Errors
    /// [`WitnessError`].
    pub fn answer(&self, note: &Note, (old, proof): (u64, &[Hash])) -> Result<Signature, WitnessError> {
        let (tree, name) = self.place();
        let _alone = Lock::wait(&tree.place(&format!("{name}.lock")))?;
        let at = u64::try_from(Timestamp::now().as_second()).unwrap_or(0);
        let (now, signature) = cosign(&self.signer, &self.log, self.remembered()?, (old, proof), note, at)?;
        let memory = format!("{{\"size\":{},\"root\":\"{}\"}}", now.size, hex::encode(now.root));
        tree.put_changed(&name, memory.as_bytes())?;
        Ok(signature)
    }

    /// The folder of its file, and the file's name in it.
    fn place(&self) -> (Tree, String) {
        let folder = self.state.parent().filter(|folder| !folder.as_os_str().is_empty());
        let name = self.state.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (Tree::new(folder.unwrap_or(Path::new("."))), name)
    }
}

impl Witness for LocalWitness {
    fn cosign(
        &mut self,
        note: &Note,
        prove: &mut dyn FnMut(u64) -> Option<Vec<Hash>>,
    ) -> Result<Signature, String> {
        let told = |error: WitnessError| format!("{}: {error}", self.signer.public().name());
        let old = self.remembered().map_err(told)?.size;
        self.answer(note, (old, &prove(old).unwrap_or_default())).map_err(told)
    }
}
