//! A copy that follows a list, and lists that lie.

#![forbid(unsafe_code)]

#[path = "../../../publish/tests/publish/desk.rs"]
mod desk;
mod follow;
mod hostile;

use desk::Desk;
use dtsec_mirror::{Mirror, MirrorError, Source, Synced};
use std::path::Path;

/// A copy that trusts the desk's first root.
fn mirror(desk: &Desk, name: &str) -> Mirror {
    let mirror = Mirror::new(desk.folder.path().join(name));
    mirror.trust(&serde_json::to_vec(&desk.first).unwrap()).unwrap();
    mirror
}

async fn sync(mirror: &Mirror, from: &Path) -> Result<Synced, MirrorError> {
    mirror.sync(&Source::new(from.to_str().unwrap()).unwrap(), true, desk::now()).await
}

fn copy(from: &Path, to: &Path) {
    if to.exists() {
        std::fs::remove_dir_all(to).unwrap();
    }
    assert!(std::process::Command::new("cp").arg("-RT").args([from, to]).status().unwrap().success());
}
