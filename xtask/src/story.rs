//! The whole story, from a device that is evaluated to the verdict on a device in the field and what becomes of it, told step by
//! step: by whom, by which command, and what came out.
//!
//! Everything is done by `dtsec` as anybody would do it, on an emulated board, in one folder in which what was made can be
//! looked at afterwards. The story takes two weeks, which nobody waits for: they have passed when it begins, because the clock of
//! each program is put back by so many days; the last day is today.

mod devices;
mod programme;
mod publication;
mod scene;

pub use scene::{Chapter, Deed, Setting};

use anyhow::Result;
use scene::Scene;
use serde::Serialize;
use std::path::PathBuf;

/// What was told.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tale {
    /// What happened, in order.
    pub chapters: Vec<Chapter>,
    /// Every verdict on a device, in order.
    pub verdicts: Vec<Verdict>,
    /// Where everything lies.
    pub folder: PathBuf,
}

/// A verdict on a device in the story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The device.
    pub device: String,
    /// The version of its application.
    pub version: String,
    /// The finding, by its name.
    pub finding: String,
}

/// The version that is evaluated and certified.
pub const FIRST: &str = "0.1.0";
/// The version that mends it.
pub const FIXED: &str = "0.1.1";

/// Tells it. Each chapter is handed over when it has happened.
///
/// # Errors
/// Where something could not be done, or did not come out as it has to.
pub fn tell(setting: Setting, told: &mut dyn FnMut(&Chapter)) -> Result<Tale> {
    let mut scene = Scene::new(setting, told)?;
    devices::are_made(&mut scene)?;
    devices::are_evaluated(&mut scene)?;

    let mut programme = programme::Programme::begins(&mut scene)?;
    programme.accepts_the_profile(&mut scene)?;
    programme.accepts_the_lab(&mut scene)?;
    programme.approves_the_security_target(&mut scene)?;
    devices::give_reference_values(&mut scene, "meter-1", FIRST)?;
    programme.accepts_the_report_and_lists(&mut scene)?;

    publication::ceremony(&mut scene)?;
    devices::are_endorsed(&mut scene)?;
    publication::publishes(&mut scene, "The list is published", &["--endorse", "manufacturer"])?;
    scene.begins(
        "A hospital asks a device what it is",
        "It challenges the device, and holds the token against its copy of the list. The second time it follows the list anew, as who has \
         no copy does.",
    );
    devices::is_verified(&mut scene, "meter-1", FIRST, "listed-and-clean")?;
    devices::is_verified_against_the_tree(&mut scene, "meter-1", FIRST, "listed-and-clean")?;
    scene.ends();

    programme.hears_of_a_vulnerability(&mut scene)?;
    publication::publishes(&mut scene, "What is open against the product is published", &[])?;
    scene.begins("The hospital asks again", "Nothing has changed on the device; the verdict has.");
    devices::is_verified(&mut scene, "meter-1", FIRST, "open-vulnerability")?;
    scene.ends();

    programme.removes_what_is_overdue(&mut scene)?;
    publication::publishes(&mut scene, "The removal is published", &[])?;
    scene.begins("The hospital asks again", "The product is not on the list any more.");
    devices::is_verified(&mut scene, "meter-1", FIRST, "removed-pending-remediation")?;
    scene.ends();

    devices::one_is_updated(&mut scene)?;
    devices::give_reference_values(&mut scene, "meter-2", FIXED)?;
    programme.appends_the_fixed_version_and_restores(&mut scene)?;
    publication::publishes(&mut scene, "The product is back on the list, and everybody can see how", &[])?;
    scene.begins(
        "The hospital asks both devices",
        "The new version is listed and clean. The old one is known to be open to attack, and stays so.",
    );
    devices::is_verified(&mut scene, "meter-2", FIXED, "listed-and-clean")?;
    devices::is_verified(&mut scene, "meter-1", FIRST, "open-vulnerability")?;
    scene.ends();
    publication::shows_the_history(&mut scene)?;
    Ok(scene.tale())
}
