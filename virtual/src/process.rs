//! The device from power on until a wire ends: one start after the other.

use crate::shared::SharedNor;
use crate::wire::{Receiver, Sender, Wire, wait};
use crate::{Entropy, FuseDevice, Gate, HostCrypto, Place, Region, StorageCounter, VirtualMachine};
use anyhow::{Context as _, Result};
use bgm::{Bgm, Io};
use cdd_boot::SlotId;
use cdd_boot::report::{self, Context, Line};
use cdd_boot::{PartEntry, PartId, Record, State};
use cdd_client::{Argument, Entry};
use cdd_console::Received;
use cdd_hal::Console;
use cdd_lifecycle::EraseError;
use cdd_platform::{Buffers, Hardware, History, Index, Platform};
use embedded_storage::nor_flash::NorFlash;
use probe::{Out, Probe, SCRATCH_BYTES, Surroundings};
use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use zerocopy::FromZeros;

/// The wires of the device, as in `docs/wires.md`.
pub struct Wires {
    /// The boot report, events, questions.
    pub management: Wire,
    /// The application's console.
    pub console: Wire,
    /// The noise source.
    pub entropy: Entropy,
    /// The glucose sensor, where there is one.
    pub sensor: Option<Receiver>,
}

impl Wires {
    /// The same wires once more, with nothing received yet: what a reset finds.
    fn try_clone(&self) -> io::Result<Wires> {
        Ok(Wires {
            management: self.management.try_clone()?,
            console: self.console.try_clone()?,
            entropy: self.entropy.try_clone()?,
            sensor: self.sensor.as_ref().map(Receiver::try_clone).transpose()?,
        })
    }
}

/// What the platform has of this process as its board.
pub struct VirtualBoard<C: Console = Wire> {
    /// The management wire.
    pub management: C,
    /// The fuses.
    pub fuses: FuseDevice,
    flash: SharedNor,
    application: [Place; 2],
    faults: u32,
}

impl<C: Console> VirtualBoard<C> {
    /// What of a machine boot leaves to the platform.
    ///
    /// `None` when the board describes a storage that does not lie in its flash.
    pub fn hardware(
        machine: VirtualMachine,
        management: C,
        source: Entropy,
    ) -> Option<Hardware<VirtualBoard<C>, Entropy>> {
        let board = machine.board();
        let (storage, application) =
            (board.storage(), [SlotId::ApplicationA, SlotId::ApplicationB].map(|slot| board.slot(slot)));
        let (nor, fuses) = machine.into_nor_and_fuses();
        let counter = fuses.counter();
        let flash = SharedNor::new(nor);
        let region = Region::new(flash.clone(), storage)?;
        let board = VirtualBoard { management, fuses, flash, application, faults: 0 };
        Some(Hardware {
            board,
            source,
            flash: region,
            counter,
            index: Box::new(Index::new()),
            buffers: Box::new(Buffers::new()),
        })
    }

    /// The flash, for tests: its power and its content.
    pub fn flash(&self) -> &SharedNor {
        &self.flash
    }

    /// The count of faults that would be kept over a reset.
    pub fn fault_count(&self) -> u32 {
        self.faults
    }
}

impl<C: Console> cdd_platform::Board for VirtualBoard<C> {
    type Console = C;
    type Fuses = FuseDevice;
    type Flash = Region<SharedNor>;
    type Counter = StorageCounter;
    type Index = Box<Index>;
    type Buffers = Box<Buffers>;

    fn console(&mut self) -> &mut C {
        &mut self.management
    }

    fn fuses(&mut self) -> &mut FuseDevice {
        &mut self.fuses
    }

    fn keep_fault_count(&mut self, count: u32) {
        self.faults = count;
    }

    fn erase_application(&mut self) -> Result<(), EraseError> {
        let flash = &mut self.flash;
        self.application
            .iter()
            .try_for_each(|slot| flash.erase(slot.offset, slot.offset + slot.size))
            .map_err(|_| EraseError)
    }
}

/// How a start ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// A wire ended: the power is off.
    Off,
    /// The platform wants to be reset.
    Reset,
}

/// Starts the device, again after each reset, and runs it until the management wire or the console ends.
pub fn run(machine: impl Fn() -> Result<VirtualMachine>, mut wires: Wires) -> Result<()> {
    loop {
        let next = wires.try_clone().context("cannot keep the wires for the next start")?;
        if start(machine()?, wires)? == Ended::Off {
            return Ok(());
        }
        wires = next;
    }
}

fn start(mut machine: VirtualMachine, mut wires: Wires) -> Result<Ended> {
    let mut record = Record::new_zeroed();
    cdd_boot::boot::<_, HostCrypto>(&mut machine, &mut record);
    // The platform writes on the management wire; what comes in on it is for the loops here.
    let questions = wires.management.receiver.take();
    match record.state() {
        State::Running | State::NoApplication => {
            let application =
                Application::named(record.part(PartId::Application).map_or("", PartEntry::name));
            let hardware = VirtualBoard::hardware(machine, wires.management, wires.entropy)
                .context("board.json describes a storage that does not lie in the flash")?;
            let platform = Platform::start(hardware, record, History::default());
            if platform.wants_reset() {
                return Ok(Ended::Reset);
            }
            if !platform.may_start_application() {
                return Ok(serve(platform, Platform::receive, Platform::wants_reset, questions));
            }
            let wires = ApplicationWires {
                sender: wires.console.sender,
                console: wires.console.receiver,
                sensor: wires.sensor,
                management: questions,
            };
            Ok(application.run(Gate::new(platform), wires))
        }
        State::NoPlatform | State::Locked | State::Unprovisioned => {
            let mut stopped =
                Stopped { machine, record, management: wires.management, line: Default::default() };
            stopped.report();
            Ok(serve(stopped, Stopped::receive, |_| false, questions))
        }
    }
}

/// Boot, where it starts nothing.
struct Stopped {
    machine: VirtualMachine,
    record: Record,
    management: Wire,
    line: cdd_console::Line<160>,
}

impl Stopped {
    fn report(&mut self) {
        let state = self.record.state();
        let context = Context { by: "boot", state, reason: None };
        report::write(&mut self.management, &mut self.machine, &self.record, &context);
        report::finish(&mut self.management, state);
    }

    fn receive(&mut self, byte: u8) {
        match self.line.push(byte) {
            Received::Nothing => (),
            Received::Line(line) if line == b"report" => self.report(),
            Received::Line(_) | Received::TooLong => {
                Line::start(&mut self.management).text("error", "unknown-command").end();
            }
        }
    }
}

/// Answers until the wire ends or a reset is wanted.
fn serve<T>(
    mut who: T,
    receive: impl Fn(&mut T, u8),
    wants_reset: impl Fn(&T) -> bool,
    questions: Option<Receiver>,
) -> Ended {
    let Some(mut questions) = questions else { return Ended::Off };
    while !questions.is_finished() {
        wait(&mut [&mut questions], None);
        while let Some(byte) = questions.pop() {
            receive(&mut who, byte);
            if wants_reset(&who) {
                return Ended::Reset;
            }
        }
    }
    Ended::Off
}

/// The gate, which the application calls and beside which the management wire is answered.
#[derive(Clone)]
struct SharedGate(Rc<RefCell<Gate<VirtualBoard, Entropy>>>);

impl Entry for SharedGate {
    fn call(&mut self, number: u32, arguments: &mut [Argument<'_>]) -> (i32, usize) {
        self.0.borrow_mut().call(number, arguments)
    }
}

/// Takes what has come on the management wire between two steps of the application.
fn manage(gate: &SharedGate, management: &mut Option<Receiver>) -> Option<Ended> {
    let mut gate = gate.0.borrow_mut();
    while let Some(byte) = management.as_mut().and_then(Receiver::pop) {
        if gate.platform.wants_reset() {
            break;
        }
        gate.platform.receive(byte);
    }
    gate.platform.wants_reset().then_some(Ended::Reset)
}

/// What runs as the application. The images of this device hold no code: the name of the one that was verified
/// chooses.
enum Application {
    Meter,
    Probe,
}

impl Application {
    /// The probe where the image is named after it; the meter for all others, which may have any name.
    fn named(name: &str) -> Application {
        match name {
            "probe" => Application::Probe,
            _ => Application::Meter,
        }
    }

    fn run(self, gate: Gate<VirtualBoard, Entropy>, wires: ApplicationWires) -> Ended {
        let gate = SharedGate(Rc::new(RefCell::new(gate)));
        match self {
            Application::Meter => {
                let mut meter = Bgm::new(cdd_client::Platform::new(gate.clone()), wires);
                while !meter.io().is_finished() {
                    meter.step();
                    if let Some(ended) = manage(&gate, &mut meter.io().management) {
                        return ended;
                    }
                }
            }
            Application::Probe => {
                let scratch = NoHardware(vec![0; SCRATCH_BYTES]);
                let mut probe = Probe::new(gate.clone(), wires, scratch);
                while !probe.console().is_finished() {
                    let busy = probe.step();
                    if let Some(ended) = manage(&gate, &mut probe.console().management) {
                        return ended;
                    }
                    if !busy {
                        probe.console().idle();
                    }
                }
            }
        }
        Ended::Off
    }
}

/// There is no memory to attack here, and no instruction that would be one: such commands are unknown.
struct NoHardware(Vec<u8>);

impl Surroundings for NoHardware {
    fn scratch(&mut self) -> &mut [u8] {
        &mut self.0
    }

    fn command<C: Console>(&mut self, _: &[&str; 4], _: &mut Out<'_, C>) -> bool {
        false
    }
}

/// The application's wires, and the incoming side of management.
struct ApplicationWires {
    sender: Sender,
    console: Option<Receiver>,
    sensor: Option<Receiver>,
    management: Option<Receiver>,
}

impl ApplicationWires {
    fn is_finished(&self) -> bool {
        [&self.console, &self.management].into_iter().flatten().any(Receiver::is_finished)
    }
}

impl Io for ApplicationWires {
    fn console_write(&mut self, bytes: &[u8]) {
        self.sender.send(bytes);
    }

    fn console_read(&mut self) -> Option<u8> {
        self.console.as_mut().and_then(Receiver::pop)
    }

    fn sensor_read(&mut self) -> Option<u8> {
        self.sensor.as_mut().and_then(Receiver::pop)
    }

    fn idle(&mut self) {
        let receivers = [&mut self.console, &mut self.sensor, &mut self.management];
        let mut receivers: Vec<&mut Receiver> = receivers.into_iter().flatten().collect();
        wait(&mut receivers, None);
    }
}

impl Console for ApplicationWires {
    fn write(&mut self, bytes: &[u8]) {
        self.console_write(bytes);
    }

    fn read(&mut self) -> Option<u8> {
        self.console_read()
    }
}
