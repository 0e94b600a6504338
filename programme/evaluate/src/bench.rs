//! The bench: one evaluation's keys, images and devices.
//!
//! Every evaluation makes its own keys and provisions its own devices, so that nothing that a developer left in a
//! device or in a file can decide a test.

use crate::evidence::TestedFile;
use crate::images::{Keys, Part, Recipe, SignedImage, Signer, sha256};
use crate::model::{Failure, Outcome, Target, require};
use crate::monitor::{Monitor, Socket};
use crate::observations::Observations;
use crate::seed::Sampler;
use crate::{Options, Work};
use anyhow::{Context, Result};
use cdd_image::PublicKeyBytes;
use dtsec_target::Kind as BoardKind;
use dtsec_target::{
    Batch, Board, Burn, Device, Entropy, Firmware, FuseImage, LifeCycle, Power, Provisioning, PublicKey,
    Report, Role, Session, SessionError,
};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// What the devices of an evaluation are called.
pub(crate) const COMMERCIAL_NAME: &str = "Evaluated CDD";
/// Their hardware.
pub(crate) const HARDWARE_REFERENCE: &str = "evaluation-board";
/// Its version.
pub(crate) const HARDWARE_VERSION: &str = "7.3";

/// Version of the good platform image: the one under which this platform is released and certified.
pub(crate) const PLATFORM_VERSION: &str = "0.1.0+0";
/// Version of the good application image.
pub(crate) const APPLICATION_VERSION: &str = "2.1.0+9";
/// Security counter in the fuses and in the good images.
pub(crate) const COUNTER: u32 = 5;

/// Everything that the tests of one evaluation share.
pub(crate) struct Bench {
    /// What is evaluated.
    pub target: Target,
    /// Its layout.
    pub board: Board,
    /// Where samples come from.
    pub seed: u64,
    /// Whether samples are cut down.
    pub quick: bool,
    firmware: Firmware,
    keys: Keys,
    payloads: Payloads,
    work: Arc<Work>,
}

struct Payloads {
    platform: Vec<u8>,
    applications: Vec<(String, Vec<u8>)>,
}

impl Bench {
    /// A bench for what `options` say, with its devices in `work`.
    pub(crate) fn new(options: &Options, work: &Arc<Work>) -> Result<Bench> {
        let Options { target, seed, quick, .. } = *options;
        let board = Board::named(target.name()).context("the target has no board description")?;
        let firmware = Firmware::new(&options.firmware, &board);
        let payloads = match target {
            Target::Mps2An505 => Payloads::read(&firmware)?,
            Target::Virtual => Payloads::small(),
        };
        Ok(Bench {
            target,
            board,
            seed,
            quick,
            firmware,
            keys: Keys::generate()?,
            payloads,
            work: Arc::clone(work),
        })
    }

    /// The firmware under test.
    pub(crate) fn firmware(&self) -> &Firmware {
        &self.firmware
    }

    /// The files under test, each with its digest and with the name and version by which a device that runs it
    /// identifies the part. A device that does not start has no names to give.
    pub(crate) fn files(&self) -> Result<Vec<TestedFile>> {
        let report = self.genuine_device(&mut Observations::default()).and_then(|device| device.boot()).ok();
        let answered = |part: &str| {
            let part = report.as_ref()?.parts.get(part)?;
            Some((part.name.clone(), part.version.clone()))
        };
        let mut files = vec![("boot code".to_owned(), answered("boot"), self.firmware.boot())];
        if self.target == Target::Mps2An505 {
            files.push(("platform".to_owned(), answered("platform"), self.firmware.platform()));
            for name in self.board.applications() {
                let path = self.firmware.application(name);
                files.extend(path.map(|path| (format!("application {name}"), None, path)));
            }
        }
        let tested = |(what, answered, path): (String, Option<(String, String)>, PathBuf)| {
            let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let (name, version) = answered.unzip();
            Ok(TestedFile {
                name: name.unwrap_or(what),
                version,
                path: path.display().to_string(),
                size: bytes.len(),
                sha256: sha256(&bytes),
            })
        };
        files.into_iter().map(tested).collect()
    }

    /// The choices of the test called `label`.
    pub(crate) fn sampler(&self, label: &str) -> Sampler {
        Sampler::new(self.seed, label)
    }

    /// `full` cases, or `quick` in a quick evaluation.
    pub(crate) fn samples(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }

    /// The recipe of the good image of `part`; the application is the glucose meter.
    pub(crate) fn recipe(&self, part: Part) -> Recipe {
        match part {
            Part::Platform => Recipe {
                version: version(PLATFORM_VERSION),
                name: Some("cdd-platform".into()),
                payload: self.payloads.platform.clone(),
                ..self.bare(Part::Platform)
            },
            Part::Application => self.application("bgm"),
        }
    }

    /// The recipe of the application built under this name.
    pub(crate) fn application(&self, name: &str) -> Recipe {
        let payload = self.payloads.applications.iter().find(|(known, _)| known == name);
        Recipe {
            version: version(APPLICATION_VERSION),
            name: Some(name.into()),
            payload: payload.map(|(_, bytes)| bytes.clone()).unwrap_or_default(),
            ..self.bare(Part::Application)
        }
    }

    fn bare(&self, part: Part) -> Recipe {
        let layout = self.board.part(part.name()).copied();
        Recipe {
            part,
            says_part: Some(part.name().into()),
            name: None,
            version: version("0.0.1"),
            counter: Some(COUNTER),
            signer: Signer::Own,
            header_size: layout.map_or(1024, |layout| layout.header_size),
            load_address: layout.map(|layout| layout.load_address),
            non_bootable: false,
            needs_platform: None,
            payload: Vec::new(),
        }
    }

    /// Signs an image.
    pub(crate) fn sign(&self, recipe: &Recipe) -> Outcome<SignedImage> {
        recipe.sign(&self.keys).map_err(Failure::Harness)
    }

    /// The good image of `part`, signed.
    pub(crate) fn genuine(&self, part: Part) -> Outcome<SignedImage> {
        self.sign(&self.recipe(part))
    }

    /// The public keys that a device of this bench trusts for `part`: not the revoked one, and not the Ed25519
    /// key where the boot code was built without that algorithm.
    pub(crate) fn trusted(&self, part: Part, ed25519: bool) -> Vec<PublicKeyBytes> {
        let signers: &[Signer] = if ed25519 { &[Signer::Own, Signer::OwnEd25519] } else { &[Signer::Own] };
        signers.iter().map(|signer| self.keys.of(part, *signer).public()).collect()
    }

    /// Whether the boot code verifies Ed25519 signatures, which a product may leave out. Found by trying; that it
    /// then does so for every part and in every combination is a test of its own.
    pub(crate) fn verifies_ed25519(&self) -> Outcome<bool> {
        let dut = self.device()?;
        let platform = Recipe { signer: Signer::OwnEd25519, ..self.recipe(Part::Platform) };
        dut.flash_slot(Part::Platform.slot_a(), &self.sign(&platform)?.bytes)?;
        Ok(dut.boot()?.slot(Part::Platform.slot_a()) == "accepted")
    }

    /// What is burnt into a good device.
    pub(crate) fn provisioning(&self) -> Outcome<Provisioning> {
        let keys = |part| self.keys.provisioned(part).map(|key| fuse_key(key.public())).to_vec();
        let mut burnt = Provisioning::blank().with_random_diversifier()?.with_random_secret()?;
        burnt.life_cycle = LifeCycle::Secured;
        burnt.platform_keys = keys(Part::Platform);
        burnt.application_keys = keys(Part::Application);
        burnt.platform_counter = COUNTER;
        burnt.application_counter = COUNTER;
        burnt.revoked_platform = vec![Keys::REVOKED_SLOT];
        burnt.revoked_application = vec![Keys::REVOKED_SLOT];
        burnt.commercial_name = COMMERCIAL_NAME.into();
        burnt.hardware_reference = HARDWARE_REFERENCE.into();
        burnt.hardware_version = HARDWARE_VERSION.into();
        Ok(burnt)
    }

    /// Puts a key into a key slot of the fuses, whatever is there, as no tool of a manufacturer could.
    pub(crate) fn burn_key(&self, dut: &Dut, part: Part, slot: usize, signer: Signer) -> Outcome {
        let role = match part {
            Part::Platform => Role::Platform,
            Part::Application => Role::Application,
        };
        let (offset, bits) = fuse_key(self.keys.of(part, signer).public()).encode(role, slot);
        let mut bytes = dut.read_fuses()?.bytes().to_vec();
        let from = usize::from(offset);
        bytes[from..from + bits.len()].copy_from_slice(&bits);
        match FuseImage::from_bytes(bytes) {
            Some(fuses) => dut.write_fuses(&fuses),
            None => Ok(()),
        }
    }

    /// A good device with empty flash.
    pub(crate) fn device(&self) -> Outcome<Dut> {
        self.device_provisioned(&self.provisioning()?)
    }

    /// A device with other fuses.
    pub(crate) fn device_provisioned(&self, provisioning: &Provisioning) -> Outcome<Dut> {
        self.work.make(|folder| {
            let device = Device::create(&folder.path().join("device"), &self.board, provisioning)?;
            Ok(Dut { device, firmware: self.firmware.dir.clone(), folder })
        })
    }

    /// A good device with both good images in their first slots, written down as the set-up.
    pub(crate) fn genuine_device(&self, seen: &mut Observations) -> Outcome<Dut> {
        self.device_with(
            seen,
            &[
                (Part::Platform.slot_a(), &self.recipe(Part::Platform)),
                (Part::Application.slot_a(), &self.recipe(Part::Application)),
            ],
        )
    }

    /// A good device with these images, written down as the set-up.
    pub(crate) fn device_with(&self, seen: &mut Observations, images: &[(&str, &Recipe)]) -> Outcome<Dut> {
        seen.setup(
            "device",
            format!("{} · life cycle secured · counters {COUNTER} · new keys", self.target.name()),
        );
        let dut = self.device()?;
        for (slot, recipe) in images {
            let image = self.sign(recipe)?;
            seen.setup(format!("slot {slot}"), image.describe());
            dut.flash_slot(slot, &image.bytes)?;
        }
        Ok(dut)
    }
}

impl Payloads {
    fn read(firmware: &Firmware) -> Result<Payloads> {
        let read = |path: PathBuf| {
            std::fs::read(&path)
                .with_context(|| format!("cannot read {}; run `cargo xtask build`", path.display()))
        };
        let mut applications = Vec::new();
        for name in firmware.board.applications() {
            if let Some(path) = firmware.application(name) {
                applications.push((name.to_owned(), read(path)?));
            }
        }
        Ok(Payloads { platform: read(firmware.platform())?, applications })
    }

    /// The virtual device runs its own code whatever the payload is, so small ones serve best: every one of
    /// their bits can be tried.
    fn small() -> Payloads {
        let filled = |seed: u8, len: u32| (0..len).map(|n| (n as u8).wrapping_mul(31) ^ seed).collect();
        let applications = vec![("bgm".into(), filled(0x3C, 192)), ("probe".into(), filled(0x5B, 192))];
        Payloads { platform: filled(0xA5, 256), applications }
    }
}

fn fuse_key(key: PublicKeyBytes) -> PublicKey {
    match key {
        PublicKeyBytes::P256(point) => PublicKey::P256(point),
        PublicKeyBytes::Ed25519(key) => PublicKey::Ed25519(key),
    }
}

/// A bench without firmware, for tests of what looks at images only.
#[cfg(test)]
pub(crate) fn unplugged() -> Bench {
    let selection = crate::Selection::default();
    let options =
        Options { target: Target::Virtual, firmware: "none".into(), selection, seed: 1, quick: false };
    Bench::new(&options, &Arc::new(Work::new().unwrap())).unwrap()
}

/// The version in a text that is known to be one.
///
/// # Panics
/// When it is none, which a test of this module rules out for the constants.
pub(crate) fn version(text: &str) -> cdd_image::Version {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is not a version"))
}

/// Where the board has its flash.
const FLASH: u64 = 0x8000_0000;

/// A device under test, in a folder that goes with it.
pub(crate) struct Dut {
    device: Device,
    firmware: PathBuf,
    folder: TempDir,
}

impl Dut {
    /// Erases the slot and writes an image, or anything else, to its start.
    pub(crate) fn flash_slot(&self, slot: &str, content: &[u8]) -> Outcome {
        Ok(self.device.flash_slot(slot, content)?)
    }

    /// Erases the slot.
    pub(crate) fn erase_slot(&self, slot: &str) -> Outcome {
        Ok(self.device.erase_slot(slot)?)
    }

    /// The content of a slot.
    pub(crate) fn read_slot(&self, slot: &str) -> Outcome<Vec<u8>> {
        Ok(self.device.read_slot(slot)?)
    }

    /// The fuses.
    pub(crate) fn read_fuses(&self) -> Outcome<FuseImage> {
        Ok(self.device.read_fuses()?)
    }

    /// Overwrites the fuses, clearing bits too, as no attacker could.
    pub(crate) fn write_fuses(&self, fuses: &FuseImage) -> Outcome {
        Ok(self.device.write_fuses(fuses)?)
    }

    /// Burns fuses.
    pub(crate) fn burn(&self, burns: &[Burn]) -> Outcome {
        Ok(self.device.burn(burns)?)
    }

    /// Switches it on with good entropy.
    pub(crate) fn power(&self) -> Outcome<Session> {
        self.power_with(Entropy::System)
    }

    /// Switches it on with another noise source.
    pub(crate) fn power_with(&self, entropy: Entropy) -> Outcome<Session> {
        let power = Power::new(&self.firmware).with_entropy(entropy);
        judged(self.device.power_on(&power))
    }

    /// Switches it on, hears its boot report, and gives a switch for warm resets: resets that leave the memory as it
    /// is.
    pub(crate) fn power_with_reset(&self) -> Outcome<(Session, Report, Monitor)> {
        let (session, report, monitor) = self.power_watched(Entropy::System, &[])?;
        let none = || Failure::Harness(anyhow::anyhow!("the virtual device has no warm reset"));
        Ok((session, report, monitor.ok_or_else(none)?))
    }

    /// Switches it on with this noise source and these more arguments for what carries the device, and hears its boot
    /// report; on the board with a monitor.
    pub(crate) fn power_watched(
        &self,
        entropy: Entropy,
        more: &[String],
    ) -> Outcome<(Session, Report, Option<Monitor>)> {
        // An order to cut was for the start before.
        drop(std::fs::remove_file(self.cut_order()));
        let mut power = Power::new(&self.firmware).with_entropy(entropy);
        power.extra_args = more.to_vec();
        let mut socket = None;
        if self.target() == Target::Mps2An505 {
            let path = self.folder.path().join("monitor");
            socket = Some(Socket::at(&path)?);
            power.extra_args.extend(["-qmp".into(), format!("unix:{}", in_option(&path))]);
        }
        let mut session = judged(self.device.power_on(&power))?;
        let report = judged(session.report())?;
        let monitor = socket.as_ref().map(Monitor::of).transpose()?;
        Ok((session, report, monitor))
    }

    /// A file for what comes from the monitor, in a folder that goes with the device.
    pub(crate) fn scrap(&self) -> PathBuf {
        self.folder.path().join("scrap")
    }

    /// More arguments for a board whose power is to be cut right after a chosen store into these addresses: see
    /// [`Dut::cut_after_stores`]. None when the plugin that does it was not built, or on the virtual device.
    pub(crate) fn counting_stores(&self, addresses: &Range<u64>) -> Option<Vec<String>> {
        let plugin = self.firmware.join("libcdd_counter.so");
        if self.target() != Target::Mps2An505 || !plugin.is_file() {
            return None;
        }
        let (plugin, order) = (in_option(&plugin), in_option(&self.cut_order()));
        let Range { start, end } = addresses;
        Some(vec!["-plugin".into(), format!("{plugin},cut={order},from={start:#x},to={end:#x}")])
    }

    /// Where the processor finds the flash.
    pub(crate) fn flash_addresses(&self) -> Range<u64> {
        FLASH..FLASH + self.device.board().flash().size as u64
    }

    /// From now on so many of the stores that are counted are made, and the last of them ends the device.
    pub(crate) fn cut_after_stores(&self, stores: u32) -> Outcome {
        let draft = self.scrap();
        std::fs::write(&draft, stores.to_string())?;
        Ok(std::fs::rename(draft, self.cut_order())?)
    }

    fn cut_order(&self) -> PathBuf {
        self.folder.path().join("cut")
    }

    /// What it is.
    pub(crate) fn target(&self) -> Target {
        match self.device.board().kind() {
            BoardKind::Qemu => Target::Mps2An505,
            BoardKind::Process => Target::Virtual,
        }
    }

    /// All of the flash, also while the device is on.
    pub(crate) fn read_flash(&self) -> Outcome<Vec<u8>> {
        Ok(self.device.read_flash()?)
    }

    /// Overwrites bytes of the flash from outside, without erasing and without rules.
    pub(crate) fn write_flash(&self, offset: usize, bytes: &[u8]) -> Outcome {
        Ok(self.device.write_flash(offset, bytes)?)
    }

    /// The part of the flash that is the platform's trusted storage, also while the device is on.
    pub(crate) fn read_storage(&self) -> Outcome<Vec<u8>> {
        let place = self.storage()?;
        Ok(self.device.read_flash_at(place.start, place.len())?)
    }

    /// Overwrites all of that part from outside.
    pub(crate) fn write_storage(&self, content: &[u8]) -> Outcome {
        self.write_flash(self.storage()?.start, content)
    }

    /// Where that part lies in the flash.
    pub(crate) fn storage(&self) -> Outcome<Range<usize>> {
        let place = self.device.board().storage();
        place.ok_or_else(|| Failure::Harness(anyhow::anyhow!("the board's description names no storage")))
    }

    /// Switches it on and cuts the power so much later, while it starts.
    pub(crate) fn cut_while_starting(&self, after: Duration) -> Outcome {
        let session = self.power()?;
        let_pass(after);
        session.power_off();
        Ok(())
    }

    /// Starts it again and again as a batch; virtual devices only.
    pub(crate) fn batch(&self) -> Outcome<Batch> {
        judged(Batch::start(&self.device, &Power::new(&self.firmware)))
    }

    /// The same with boot code that accepts any signature, which a campaign must notice.
    ///
    /// A copy of the device, so that both can be started at the same time.
    pub(crate) fn batch_with_planted_defect(&self) -> Outcome<Batch> {
        let copy = self.folder.path().join("planted");
        let device = match Device::open(&copy) {
            Ok(device) => device,
            Err(_) => self.device.copy_to(&copy)?,
        };
        let mut power = Power::new(&self.firmware);
        power.extra_args = vec!["--planted-defect".into(), "accept-any-signature".into()];
        judged(Batch::start(&device, &power))
    }

    /// Switches it on, hears its boot report, and switches it off.
    pub(crate) fn boot(&self) -> Outcome<Report> {
        let mut session = self.power()?;
        judged(session.report())
    }
}

/// Lets a device run for so long, and then its power is cut: a moment that the sampler chose, no wait for anything.
pub(crate) fn let_pass(time: Duration) {
    std::thread::sleep(time);
}

/// A path inside an option of QEMU's, which wants commas in it doubled.
fn in_option(path: &Path) -> String {
    path.display().to_string().replace(',', ",,")
}

/// Sorts the errors of a session: a device that hangs, dies or says what it may not is refuted; all else is the
/// harness.
pub(crate) fn judged<T>(result: Result<T, SessionError>) -> Outcome<T> {
    result.map_err(|error| match error {
        SessionError::Hang { .. }
        | SessionError::Died { .. }
        | SessionError::Restarted(_)
        | SessionError::NotRunning { .. }
        | SessionError::Unexpected { .. } => Failure::Refuted(error.to_string()),
        other => Failure::Harness(other.into()),
    })
}

/// The report says this state.
pub(crate) fn expect_state(report: &Report, state: &str) -> Outcome {
    require!(
        report.state == state,
        "state={} where {state} was expected; slots: {}",
        report.state,
        slots(report)
    );
    Ok(())
}

/// The report says this of a slot.
pub(crate) fn expect_slot(report: &Report, slot: &str, result: &str) -> Outcome {
    require!(
        report.slot(slot) == result,
        "{slot} is reported as `{}` where `{result}` was expected",
        report.slot(slot)
    );
    Ok(())
}

/// The results of all slots in one line.
pub(crate) fn slots(report: &Report) -> String {
    let slot = |(name, slot): (&String, &dtsec_target::SlotResult)| format!("{name}={}", slot.result);
    report.slots.iter().map(slot).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_of_the_good_images_are_versions() {
        for text in [PLATFORM_VERSION, APPLICATION_VERSION] {
            assert_eq!(version(text).to_string(), text);
        }
    }

    #[test]
    fn a_device_that_hangs_is_refuted_and_a_missing_file_is_the_harness() {
        let hang: Result<(), _> = Err(SessionError::Hang {
            waiting_for: "report".into(),
            after: std::time::Duration::from_secs(1),
            last: String::new(),
        });
        assert!(matches!(judged(hang), Err(Failure::Refuted(_))));
        let missing: Result<(), _> = Err(SessionError::NoFirmware { path: "x".into() });
        assert!(matches!(judged(missing), Err(Failure::Harness(_))));
    }
}
