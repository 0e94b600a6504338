//! One start of the device, from power on until a wire ends.

use crate::wire::{Receiver, Sender, Wire, wait};
use crate::{Entropy, FuseDevice, Gate, HostCrypto, VirtualMachine};
use bgm::{Bgm, Io};
use cdd_boot::report::{self, Context, Line};
use cdd_boot::{Record, State};
use cdd_platform::{History, LineReader, Platform};
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

/// What the platform has of this process as its board.
pub struct VirtualBoard {
    management: Wire,
    fuses: FuseDevice,
    faults: u32,
}

impl VirtualBoard {
    /// A board with this management wire and these fuses.
    pub fn new(management: Wire, fuses: FuseDevice) -> VirtualBoard {
        VirtualBoard { management, fuses, faults: 0 }
    }

    /// The count of faults that would be kept over a reset.
    pub fn fault_count(&self) -> u32 {
        self.faults
    }
}

impl cdd_platform::Board for VirtualBoard {
    type Console = Wire;
    type Fuses = FuseDevice;

    fn console(&mut self) -> &mut Wire {
        &mut self.management
    }

    fn fuses(&mut self) -> &mut FuseDevice {
        &mut self.fuses
    }

    fn keep_fault_count(&mut self, count: u32) {
        self.faults = count;
    }
}

/// Starts the device and runs it until the management wire or the console ends.
pub fn run(mut machine: VirtualMachine, mut wires: Wires) {
    let mut record = Record::new_zeroed();
    cdd_boot::boot::<_, HostCrypto>(&mut machine, &mut record);
    match record.state() {
        State::Running | State::NoApplication => {
            // The platform writes on the management wire; what comes in on it is for the loops here.
            let questions = wires.management.receiver.take();
            let board = VirtualBoard::new(wires.management, machine.into_fuses());
            let platform = Platform::start(board, record, wires.entropy, History::default());
            if platform.may_start_application() {
                let application = ApplicationWires {
                    sender: wires.console.sender,
                    console: wires.console.receiver,
                    sensor: wires.sensor,
                    management: questions,
                };
                run_application(platform, application);
            } else {
                serve(platform, |platform, line| platform.serve(line), questions);
            }
        }
        State::NoPlatform | State::Locked | State::Unprovisioned => {
            let questions = wires.management.receiver.take();
            let mut stopped = Stopped { machine, record, management: wires.management };
            stopped.report();
            serve(stopped, |stopped, line| stopped.answer(line), questions);
        }
    }
}

/// Boot, where it starts nothing.
struct Stopped {
    machine: VirtualMachine,
    record: Record,
    management: Wire,
}

impl Stopped {
    fn report(&mut self) {
        let state = self.record.state();
        let context = Context { by: "boot", state, reason: None };
        report::write(&mut self.management, &mut self.machine, &self.record, &context);
        report::finish(&mut self.management, state);
    }

    fn answer(&mut self, line: &[u8]) {
        match line {
            b"report" => self.report(),
            b"" => (),
            _ => Line::start(&mut self.management).text("error", "unknown-command").end(),
        }
    }
}

/// Answers line after line until the wire ends.
fn serve<T>(mut who: T, answer: impl Fn(&mut T, &[u8]), questions: Option<Receiver>) {
    let Some(mut questions) = questions else { return };
    let mut lines = LineReader::new();
    while !questions.is_finished() {
        wait(&mut [&mut questions], None);
        while let Some(byte) = questions.pop() {
            if let Some(line) = lines.push(byte) {
                answer(&mut who, line);
            }
        }
    }
}

fn run_application(platform: Platform<VirtualBoard, Entropy>, wires: ApplicationWires) {
    let mut meter = Bgm::new(cdd_client::Platform::new(Gate::new(platform)), wires);
    while !meter.io().is_finished() {
        meter.step();
    }
}

/// The application's wires, and the incoming side of management, on which a running device is deaf.
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
        if let Some(management) = &mut self.management {
            while management.pop().is_some() {}
        }
    }
}
