//! Asks a witness elsewhere.

use dtsec_log::witness::{Submission, answered, tree_size};
use dtsec_log::{Checkpoint, Hash, Key, Note, Signature};
use dtsec_publish::witness::Witness;
use url::Url;

/// The most of an answer that is read: a few signatures.
const MOST: u64 = 16 << 10;
/// The first question may only tell where it stands; meanwhile somebody else may have handed in a checkpoint.
const TRIES: usize = 3;

/// A witness by its address. Whatever it answers, only a signature that verifies is handed on.
#[derive(Debug)]
pub struct HttpWitness {
    agent: ureq::Agent,
    url: Url,
    keys: Vec<Key>,
}

impl HttpWitness {
    /// Below this address, with one of these keys.
    pub fn new(agent: ureq::Agent, url: &Url, keys: Vec<Key>) -> Self {
        Self { agent, url: url.clone(), keys }
    }

    /// Status and body.
    fn post(&self, submission: &Submission) -> Result<(u16, String), String> {
        let address = format!("{}/add-checkpoint", self.url.as_str().trim_end_matches('/'));
        let sent = self.agent.post(&address).send(submission.to_string());
        let mut answer = sent.map_err(|error| error.to_string())?;
        let body = answer.body_mut().with_config().limit(MOST).read_to_string();
        Ok((answer.status().as_u16(), body.map_err(|error| error.to_string())?))
    }

    fn ask(&self, note: &Note, prove: &mut dyn FnMut(u64) -> Option<Vec<Hash>>) -> Result<Signature, String> {
        let size = Checkpoint::parse(note.text()).map_err(|error| error.to_string())?.size;
        let mut old = 0;
        for _ in 0..TRIES {
            let proof = prove(old).ok_or_else(|| {
                format!("it has seen the log with {old} entries, and there are {size}: one of the two lies")
            })?;
            let (status, body) = self.post(&Submission { old, proof, note: note.clone() })?;
            let seen = tree_size(body.strip_suffix('\n').unwrap_or(&body));
            match (status, seen) {
                (200, _) => return answered(note, &body, &self.keys).map_err(|error| error.to_string()),
                (409, Some(seen)) if seen != old => old = seen,
                (409, Some(seen)) => {
                    return Err(format!("it has seen another log with {seen} entries: one of the two lies"));
                }
                _ => return Err(format!("it answers {status}: {}", first_line(&body))),
            }
        }
        Err(format!("after {TRIES} questions it still says another size each time"))
    }
}

impl Witness for HttpWitness {
    fn cosign(
        &mut self,
        note: &Note,
        prove: &mut dyn FnMut(u64) -> Option<Vec<Hash>>,
    ) -> Result<Signature, String> {
        self.ask(note, prove).map_err(|problem| format!("{}: {problem}", self.url))
    }
}

/// What somebody else wrote is shown on one line, and not all of it.
fn first_line(body: &str) -> String {
    let line = body.lines().next().unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(200).collect()
}
