//! The programme made anew from its events, for the store's own check.

use super::{access, parts};
use dtsec_registry::domain::{Event, Programme, apply};
use dtsec_store::{Key, Replay};
use serde_json::Value;

/// Applies events from the first one.
#[derive(Debug, Default)]
pub struct Replayed {
    programme: Programme,
}

impl Replay for Replayed {
    fn apply(&mut self, event: &dtsec_store::Event) -> Result<Vec<(Key, Value)>, String> {
        if let Some(changed) = access::replayed(event) {
            return changed;
        }
        let change: Event = serde_json::from_value(event.data.clone()).map_err(|error| error.to_string())?;
        let touched = change.touches(&self.programme);
        self.programme =
            apply(std::mem::take(&mut self.programme), &change).map_err(|error| error.to_string())?;
        let state = |part| parts::state(&self.programme, part).map_err(|error| error.to_string());
        touched.iter().map(|part| Ok((parts::key(part), state(part)?))).collect()
    }
}
