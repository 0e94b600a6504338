//! What the filters of the list offer. It is the same for everybody and changes seldom, so it is kept until something happens:
//! the log has moved on.

use crate::registry::{ClassRow, Failure, LabRow, PpRow, Query, Registry};
use dtsec_registry::domain::Actor;
use dtsec_store::Size;
use std::sync::{Arc, Mutex, PoisonError};

/// No filter offers more.
const MOST_OFFERED: u16 = 100;

/// Values with their names.
pub(super) type Among = Vec<(String, String)>;

/// What is offered.
#[derive(Debug, Default)]
pub(super) struct Offered {
    pub(super) classes: Among,
    pub(super) profiles: Among,
    pub(super) labs: Among,
    pub(super) developers: Among,
}

/// What was offered when the log ended at a number.
#[derive(Debug, Default)]
pub(crate) struct Filters(Mutex<Option<(i64, Arc<Offered>)>>);

impl Filters {
    /// What is offered now.
    ///
    /// # Errors
    /// Where the store fails.
    pub(super) async fn offered(&self, registry: &Registry) -> Result<Arc<Offered>, Failure> {
        // Taken before the lists are read: what happens meanwhile moves it on, and they are read anew.
        let head = registry.store().head().await?.seq;
        if let Some((at, offered)) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref()
            && *at == head
        {
            return Ok(offered.clone());
        }
        let offered = Arc::new(read(registry).await?);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((head, offered.clone()));
        Ok(offered)
    }
}

async fn read(registry: &Registry) -> Result<Offered, Failure> {
    // As somebody who is not signed in: nothing that only some may see is ever kept here.
    let guest: Actor = crate::access::guest()?;
    let query = Query { size: Size::new(MOST_OFFERED), ..Query::default() };
    let classes = registry.list::<ClassRow>(&guest, "classes", &query).await?.items;
    let profiles = registry.list::<PpRow>(&guest, "pps", &query).await?.items;
    let labs = registry.list::<LabRow>(&guest, "labs", &query).await?.items;
    let developers = registry.store().organisations("", Size::new(500)).await?.items;
    let developers = developers.into_iter().filter(|one| one.kind == "developer");
    Ok(Offered {
        classes: classes.into_iter().map(|one| (one.id, one.name)).collect(),
        profiles: profiles
            .into_iter()
            .map(|one| (one.id, format!("{} {}", one.title, one.version)))
            .collect(),
        labs: labs.into_iter().map(|one| (one.id, one.name)).collect(),
        developers: developers.map(|one| (one.id, one.name)).collect(),
    })
}
