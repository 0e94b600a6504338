//! The boot record: what boot decided, handed to the platform at a fixed place in Secure memory.
//!
//! SFR: verification-of-platform-identity, secure-initialization-of-platform.

use crate::{BootIdentity, PartId, Refusal, SlotId};
use cdd_hardening::{Flow, Verdict, launder};
use cdd_image::Version;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
use zeroize::Zeroize;

/// Marks a record that boot has completed.
pub const RECORD_MAGIC: u32 = 0x4344_4452;

/// The steps of the whole decision; each is taken only where it succeeded.
pub(crate) mod step {
    pub(crate) const CLEARED: u32 = 0x41C6_B7D3;
    pub(crate) const LIFE_CYCLE: u32 = 0xE83A_590F;
    pub(crate) const PLATFORM: u32 = 0x2F9D_C461;
    pub(crate) const SECRETS: u32 = 0x9705_1EBA;
    pub(crate) const CONFIRMED: u32 = 0xD8B2_6A34;
}

/// What [`Record::clearance`] is when every step was taken, in order.
pub const CLEARANCE: u32 =
    Flow::expected(&[step::CLEARED, step::LIFE_CYCLE, step::PLATFORM, step::SECRETS, step::CONFIRMED]);

const PRESENT: u32 = 0x7A3C_85D1;

/// What started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum State {
    /// Platform and application start.
    Running = 1,
    /// The platform starts, the application does not.
    NoApplication = 2,
    /// No platform image may start: boot stays.
    NoPlatform = 3,
    /// The life cycle or a countermeasure forbids any start: boot stays.
    Locked = 4,
    /// No keys were ever provisioned: boot stays.
    Unprovisioned = 5,
}

impl State {
    /// The stable name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            State::Running => "running",
            State::NoApplication => "no-application",
            State::NoPlatform => "no-platform",
            State::Locked => "locked",
            State::Unprovisioned => "unprovisioned",
        }
    }

    /// What stands for the state in the record: words that differ in half of their bits.
    const fn word(self) -> u32 {
        match self {
            State::Running => 0x6A3D_95C2,
            State::NoApplication => 0x95B1_4E2D,
            State::NoPlatform => 0x0DE4_B397,
            State::Locked => 0xF21B_6848,
            State::Unprovisioned => 0x3C87_D06E,
        }
    }

    /// The state that a word stands for; one that stands for none reads as locked.
    fn from_word(word: u32) -> State {
        [State::Running, State::NoApplication, State::NoPlatform, State::Unprovisioned]
            .into_iter()
            .find(|state| state.word() == word)
            .unwrap_or(State::Locked)
    }
}

/// What started as one part.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct PartEntry {
    present: u32,
    /// Number of the slot it came from; meaningless for boot.
    pub slot: u32,
    /// Version as in the image header: major, minor, revision, build, little-endian.
    pub version: [u8; 8],
    /// Security counter.
    pub counter: u32,
    /// SHA-256 of what was started.
    pub measurement: [u8; 32],
    /// SHA-256 of the signer's public key; zero for boot.
    pub signer: [u8; 32],
    /// Name, zero padded.
    pub name: [u8; 32],
}

impl PartEntry {
    pub(crate) fn new(
        slot: u32,
        version: Version,
        counter: u32,
        measurement: [u8; 32],
        signer: [u8; 32],
        name: &str,
    ) -> PartEntry {
        let mut padded = [0u8; 32];
        padded.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
        let [r0, r1] = version.revision.to_le_bytes();
        let [b0, b1, b2, b3] = version.build.to_le_bytes();
        PartEntry {
            present: PRESENT,
            slot,
            version: [version.major, version.minor, r0, r1, b0, b1, b2, b3],
            counter,
            measurement,
            signer,
            name: padded,
        }
    }

    /// Whether the part is there.
    pub fn is_present(&self) -> bool {
        self.present == PRESENT
    }

    /// Its version.
    pub fn version(&self) -> Version {
        let [major, minor, r0, r1, b0, b1, b2, b3] = self.version;
        Version {
            major,
            minor,
            revision: u16::from_le_bytes([r0, r1]),
            build: u32::from_le_bytes([b0, b1, b2, b3]),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        let end = self.name.iter().position(|b| *b == 0).unwrap_or(self.name.len());
        core::str::from_utf8(self.name.get(..end).unwrap_or_default()).unwrap_or("")
    }
}

/// The boot record.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Record {
    /// [`RECORD_MAGIC`] once complete.
    pub magic: u32,
    state: u32,
    clearance: u32,
    /// Number of the life-cycle state, all ones for none.
    pub life_cycle: u32,
    results: [u32; 4],
    parts: [PartEntry; 3],
    /// Secret bound to exactly this boot code, platform image and life-cycle state: for attestation.
    pub attest_secret: [u8; 32],
    /// Secret bound to this device, the platform's signer and the life-cycle state: for sealing.
    pub seal_secret: [u8; 32],
}

impl Record {
    pub(crate) fn start(&mut self, boot: BootIdentity) {
        if let Ok(words) = <[u32]>::mut_from_bytes(self.as_mut_bytes()) {
            words.zeroize();
        }
        self.state = State::Locked.word();
        self.life_cycle = u32::MAX;
        self.results = [Refusal::NotTried.code() as u32; 4];
        self.set_part(
            PartId::Boot,
            PartEntry::new(u32::MAX, boot.version, 0, boot.measurement, [0; 32], boot.name),
        );
        self.magic = RECORD_MAGIC;
    }

    pub(crate) fn set_state(&mut self, state: State) {
        self.state = state.word();
    }

    pub(crate) fn set_part(&mut self, part: PartId, entry: PartEntry) {
        if let Some(to) = self.parts.get_mut(part as usize) {
            *to = entry;
        }
    }

    pub(crate) fn set_result(&mut self, slot: SlotId, code: u16) {
        if let Some(to) = self.results.get_mut(slot as usize) {
            *to = code as u32;
        }
    }

    /// Ends in a state in which nothing started.
    pub(crate) fn stop(&mut self, state: State) {
        self.attest_secret.zeroize();
        self.seal_secret.zeroize();
        self.clearance = 0;
        self.set_state(state);
    }

    /// Records that every step of the decision was taken.
    pub(crate) fn clear_for_start(&mut self, flow: Flow) {
        self.clearance = flow.state();
    }

    /// What started.
    pub fn state(&self) -> State {
        State::from_word(self.state)
    }

    /// The proof that the whole decision was taken; [`CLEARANCE`] for a record that boot may leave with.
    pub fn clearance(&self) -> u32 {
        self.clearance
    }

    /// Whether boot may jump to the platform: every step was taken, the state is one in which the platform
    /// runs, and a platform was admitted. Asked again at the jump itself, whatever was decided before.
    pub fn may_leave(&self) -> Verdict {
        let runs = |state: u32| state == State::Running.word() || state == State::NoApplication.word();
        Verdict::from_check(launder(self.clearance) == CLEARANCE)
            .and(Verdict::from_check(runs(launder(self.state))))
            .and(Verdict::from_check(self.part(PartId::Platform).is_some()))
            .and(Verdict::from_check(launder(self.clearance) ^ launder(CLEARANCE) == 0))
    }

    /// The number of a slot's result ([`Refusal::name_of`] names it).
    pub fn result(&self, slot: SlotId) -> u16 {
        self.results.get(slot as usize).map_or(0, |code| *code as u16)
    }

    /// What started as `part`, or `None` when it did not.
    pub fn part(&self, part: PartId) -> Option<&PartEntry> {
        self.parts.get(part as usize).filter(|entry| entry.is_present())
    }

    /// Takes the secrets out: they are gone from the record afterwards.
    pub fn take_secrets(&mut self) -> Secrets {
        let secrets = Secrets { attest: self.attest_secret, seal: self.seal_secret };
        self.attest_secret.zeroize();
        self.seal_secret.zeroize();
        secrets
    }
}

/// The platform's secrets, as boot derived them.
#[derive(Zeroize, zeroize::ZeroizeOnDrop)]
pub struct Secrets {
    /// See [`Record::attest_secret`].
    pub attest: [u8; 32],
    /// See [`Record::seal_secret`].
    pub seal: [u8; 32],
}
