//! What one stage leaves to the next, looked at through QEMU's debugger on the firmware as built. They need the firmware:
//! `cargo xtask test` builds it and runs them.

use dtsec_target::{Device, Power, Session};
use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    time::{Duration, Instant},
};
use xtask::{
    device::{Part, Workshop},
    elf::Program,
    layout,
};

const DEVICE_SECRET: u32 = 0x1001_0000;
const BOOT_RAM: (u32, u32) = (0x3000_0000, 32 << 10);
const PLATFORM_RAM: u32 = 0x3808_0000;
const APPLICATION_RAM_SECURE: u32 = 0x3820_0000;
const SEAL: u32 = 0xFEF5_EDA5;

/// QEMU's debugger stub (the GDB remote serial protocol), as far as it is needed here.
struct Debugger(UnixStream);

impl Debugger {
    fn attach(socket: &Path) -> Debugger {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Ok(stream) = UnixStream::connect(socket) {
                stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
                let mut debugger = Debugger(stream);
                // Without its description of the core, the stub does not know the Secure registers.
                debugger.ask("qXfer:features:read:target.xml:0,ffb");
                return debugger;
            }
            assert!(Instant::now() < deadline, "QEMU's debugger does not answer at {}", socket.display());
            std::thread::yield_now();
        }
    }

    fn ask(&mut self, question: &str) -> String {
        let sum = question.bytes().fold(0u8, u8::wrapping_add);
        self.0.write_all(format!("${question}#{sum:02x}").as_bytes()).unwrap();
        self.answer()
    }

    fn answer(&mut self) -> String {
        let mut text = Vec::new();
        let mut byte = [0];
        loop {
            self.0.read_exact(&mut byte).expect("an answer of the debugger");
            match byte[0] {
                b'$' => text.clear(),
                b'#' => break,
                other => text.push(other),
            }
        }
        let mut sum = [0; 2];
        self.0.read_exact(&mut sum).unwrap();
        self.0.write_all(b"+").unwrap();
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Runs until the instruction at `address` is about to be executed.
    fn run_to(&mut self, address: u32) {
        assert_eq!(self.ask(&format!("Z1,{address:x},2")), "OK");
        let stopped = self.ask("c");
        assert!(stopped.starts_with("T05"), "{stopped}");
        assert_eq!(self.register(15), address);
        assert_eq!(self.ask(&format!("z1,{address:x},2")), "OK");
    }

    fn register(&mut self, number: u32) -> u32 {
        u32::from_str_radix(&self.ask(&format!("p{number:x}")), 16).unwrap().swap_bytes()
    }

    fn memory(&mut self, start: u32, len: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        while (bytes.len() as u32) < len {
            let at = start + bytes.len() as u32;
            let piece = (len - bytes.len() as u32).min(1024);
            let text = self.ask(&format!("m{at:x},{piece:x}"));
            assert_eq!(text.len(), piece as usize * 2, "reading {at:#x}: {text}");
            bytes
                .extend((0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()));
        }
        bytes
    }

    fn word(&mut self, address: u32) -> u32 {
        u32::from_le_bytes(self.memory(address, 4).try_into().unwrap())
    }

    fn fill(&mut self, start: u32, bytes: &[u8]) {
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(self.ask(&format!("M{start:x},{:x}:{text}", bytes.len())), "OK");
    }
}

/// A device with the platform and the meter, powered on, stopped at its first instruction.
fn stopped(folder: &Path) -> (Session, Debugger, Vec<u8>) {
    let workshop = Workshop::open_or_make(&folder.join("workshop")).unwrap();
    let firmware = layout::firmware();
    workshop.install(Part::Platform, "cdd-platform", &firmware.join("platform.bin")).unwrap();
    workshop.install(Part::Application, "bgm", &firmware.join("bgm.bin")).unwrap();
    let secret = std::fs::read(workshop.device().join("factory.bin")).unwrap();
    let socket = folder.join("gdb");
    let power =
        Power { firmware, gdb: Some(socket.clone()), extra_args: vec!["-S".to_owned()], ..Power::default() };
    let session = Device::open(workshop.device()).unwrap().power_on(&power).unwrap();
    (session, Debugger::attach(&socket), secret)
}

fn program(product: &str) -> Program {
    Program::read(&layout::firmware().join(product).with_extension("elf"))
        .expect("run `cargo xtask build` first")
}

fn symbol(program: &Program, name: &str) -> u32 {
    program.symbol(name).unwrap_or_else(|| panic!("no symbol {name}")) & !1
}

#[test]
#[ignore = "needs the firmware and QEMU: run by `cargo xtask test`"]
fn nothing_of_boot_or_of_an_earlier_run_is_left_to_the_platform() {
    let folder = tempfile::tempdir().unwrap();
    let (_session, mut debugger, secret) = stopped(folder.path());
    // Controls: the secret is there when boot starts, and what is planted in memory can be seen.
    assert_eq!(debugger.memory(DEVICE_SECRET, 32), secret);
    let planted = [0xA5; 64];
    let places = [PLATFORM_RAM + 0x1000, APPLICATION_RAM_SECURE + 0x20000, 0x3803_0000, 0x380F_F800];
    for place in places {
        debugger.fill(place, &planted);
        assert_eq!(debugger.memory(place, 64), planted);
    }

    // The last instructions of boot: the secret is gone, and so is what was planted.
    let leave = symbol(&program("boot"), "cdd_leave");
    debugger.run_to(leave);
    assert_eq!(debugger.memory(DEVICE_SECRET, 32), [0; 32], "the device secret outlives the decision");
    for place in places {
        assert_eq!(debugger.memory(place, 64), [0; 64], "left by an earlier run at {place:#x}");
    }
    let ram = debugger.memory(BOOT_RAM.0, BOOT_RAM.1);
    assert!(
        ram[0x400..].iter().any(|byte| *byte != 0),
        "boot used no memory, so the next check would be blind"
    );

    // The platform's first instruction: boot's memory is empty but for the routine that emptied it.
    let entry = debugger.word(0x3800_0404) & !1;
    debugger.run_to(entry);
    let ram = debugger.memory(BOOT_RAM.0, BOOT_RAM.1);
    let left = ram.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    assert!(left <= 0x100, "{left:#x} bytes of boot's memory are left");
    for register in 0..13 {
        let value = debugger.register(register);
        assert!(value == 0 || value == entry | 1, "r{register} holds {value:#x}");
    }
}

#[test]
#[ignore = "needs the firmware and QEMU: run by `cargo xtask test`"]
fn calls_of_the_gate_find_an_empty_stack_under_its_seal() {
    let folder = tempfile::tempdir().unwrap();
    let (_session, mut debugger, _) = stopped(folder.path());
    // Behind the application's image: by the Secure alias before it is given away, by the other one after.
    debugger.fill(0x1027_0000, &[0xA5; 64]);
    let platform = program("platform");
    let entry = symbol(&platform, "cdd_gate_entry");
    let top = platform.symbol("_stack_start").expect("the linker script's symbol");
    debugger.run_to(entry);
    assert_eq!(debugger.register(13), top, "something of the start is left on the stack");
    assert_eq!((debugger.word(top), debugger.word(top + 4)), (SEAL, SEAL));
    assert_eq!(debugger.memory(0x0027_0000, 64), [0; 64], "left by an earlier run behind the application");
    let below = debugger.memory(top - 4096, 4096);
    assert!(below.iter().all(|byte| *byte == 0), "the start's stack was not cleared");
    assert!(
        debugger.memory(PLATFORM_RAM, 64 << 10).iter().any(|byte| *byte != 0),
        "the platform has no variables, so the debugger is blind"
    );
}
