//! Several commands of one person as one transaction: for who brings a list over from elsewhere.

use super::{Failure, Outcome, ROUNDS, Registry, TRIES, Upload, kept};
use dtsec_registry::domain::{Actor, Command, Programme, apply_all, decide};
use dtsec_store::Loaded;

/// A command with its reason, and the documents that it is the first to name.
#[derive(Debug, Clone)]
pub struct Step {
    /// What is asked.
    pub command: Command,
    /// Why.
    pub reason: String,
    /// Documents that come with it.
    pub attached: Vec<Upload>,
}

impl Registry {
    /// Carries commands out one after the other, each on what those before it made, all of them or none. The log has the
    /// same events as if they had come singly.
    ///
    /// # Errors
    /// The [`Failure`] of the first that is refused; then nothing was changed.
    pub async fn execute_together(&self, actor: &Actor, steps: &[Step]) -> Result<Outcome, Failure> {
        for _ in 0..TRIES {
            match self.try_together(actor, steps).await {
                Err(Failure::Store(dtsec_store::Error::Conflict { key, expected, found })) => {
                    tracing::debug!(%key, expected, found, "decided anew");
                }
                other => return other,
            }
        }
        Err(Failure::Overtaken { tries: TRIES })
    }

    async fn try_together(&self, actor: &Actor, steps: &[Step]) -> Result<Outcome, Failure> {
        let now = self.now();
        let (mut before, mut loaded) = (Programme::partial(), Loaded::default());
        let mut after = Programme::partial();
        let (mut events, mut documents) = (Vec::new(), Vec::new());
        for step in steps {
            self.load_both(&mut before, &mut after, &mut loaded, &step.command).await?;
            let made = decide(&after, actor, &step.command, &step.reason, now)?;
            after = apply_all(after, &made).map_err(|error| Failure::Bug(error.to_string()))?;
            events.extend(made);
            documents.extend(self.handed_in(actor, &step.command, &step.attached).await?);
        }
        let mut transaction = kept(before, &loaded, actor, now, &events)?;
        transaction.documents = documents;
        let changed =
            transaction.changes.iter().map(|one| format!("{}/{}", one.key.kind, one.key.id)).collect();
        let done = self.store.commit(transaction).await?;
        let events = events.iter().map(|event| event.change.name().to_owned()).collect();
        let (first, last, at) = (done.first, done.last, done.at);
        Ok(Outcome { first, last, at, repeated: false, events, changed })
    }

    /// Loads what a command needs and is not there yet: into what was before all commands, and what is after some of them.
    async fn load_both(
        &self,
        before: &mut Programme,
        after: &mut Programme,
        loaded: &mut Loaded,
        command: &Command,
    ) -> Result<(), Failure> {
        for _ in 0..ROUNDS {
            let missing = after.missing(command);
            if missing.is_empty() {
                return Ok(());
            }
            self.load_into(before, loaded, missing.clone()).await?;
            missing.iter().for_each(|part| after.load_from(before, part));
        }
        Err(Failure::Bug(format!("`{}` names ever more parts", command.name())))
    }
}
