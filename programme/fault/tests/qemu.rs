//! The interpreter against QEMU: the same registers before every instruction, from reset to the decision.

use dtsec_fault::{Images, Outcome, Scenario, Target, walk};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

fn firmware() -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/firmware/mps2-an505");
    std::env::var_os("DTSEC_FIRMWARE").map_or(built, PathBuf::from)
}

/// QEMU with the device of a scenario, telling its registers before each instruction.
struct Qemu {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    _work: tempfile::TempDir,
}

impl Drop for Qemu {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Qemu {
    fn start(scenario: Scenario, attacked: bool) -> Qemu {
        let content = scenario.content(attacked).unwrap();
        let work = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = work.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path.display().to_string()
        };
        let flash = file("flash.bin", &content.flash_file());
        let fuses = file("fuses.bin", &content.fuses);
        let factory = file("factory.bin", &content.secret);
        let secret = dtsec_fault::board::DEVICE_SECRET;
        let mut qemu = Command::new("qemu-system-arm");
        qemu.args(["-machine", "mps2-an505,memory-backend=flash0", "-nodefaults", "-display", "none"])
            .args(["-monitor", "none", "-singlestep", "-d", "cpu,nochain", "-D", "/dev/stdout"])
            .args(["-object", &format!("memory-backend-file,id=flash0,size=16M,share=on,mem-path={flash}")])
            .args(["-device", &format!("loader,addr={secret:#x},force-raw=on,file={factory}")])
            .args(["-drive", &format!("if=none,id=otp,format=raw,file={fuses}")])
            .args(["-device", "at24c-eeprom,address=0x50,rom-size=4096,drive=otp"])
            .args(["-serial", "null", "-serial", "null", "-serial", "null", "-serial", "null", "-kernel"])
            .arg(firmware().join("boot.elf"));
        let mut child = qemu.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("qemu-system-arm");
        let lines = BufReader::with_capacity(1 << 20, child.stdout.take().unwrap()).lines();
        Qemu { child, lines, _work: work }
    }

    /// r0 to r15, and the flags N, Z, C, V.
    fn registers(&mut self) -> ([u32; 16], u32) {
        let mut registers = [0; 16];
        loop {
            let line = self.lines.next().expect("QEMU goes on").unwrap();
            for field in line.split_whitespace() {
                match field.split_once('=') {
                    Some(("XPSR", value)) => {
                        return (registers, u32::from_str_radix(value, 16).unwrap() >> 28);
                    }
                    Some((name, value)) if name.starts_with('R') => {
                        if let (Ok(number), Ok(value)) =
                            (name[1..].parse::<usize>(), u32::from_str_radix(value, 16))
                        {
                            registers[number] = value;
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}

/// Instructions compared, and how the interpreter ended.
fn compared(scenario: Scenario, attacked: bool) -> (u64, Outcome) {
    let images = Images::in_folder(&firmware(), Target::Boot).expect("run `cargo xtask build` first");
    let mut qemu = Qemu::start(scenario, attacked);
    let mut count = 0;
    let outcome = walk(scenario, attacked, &images, |ours| {
        let (theirs, flags) = qemu.registers();
        assert_eq!(ours.r, theirs, "after {count} instructions, at {:#010x}", theirs[15]);
        assert_eq!(ours.apsr() >> 28, flags, "flags after {count} instructions, at {:#010x}", theirs[15]);
        count += 1;
        true
    });
    (count, outcome.unwrap())
}

#[test]
#[ignore = "needs the firmware and QEMU"]
fn a_refused_start_is_the_same_in_qemu_instruction_by_instruction() {
    let (count, outcome) = compared(Scenario::OlderCounter, true);
    assert_eq!(outcome, Outcome::Refused);
    assert!(count > 100_000, "{count}");
}

#[test]
#[ignore = "needs the firmware and QEMU"]
fn a_start_with_both_verifications_is_the_same_in_qemu_instruction_by_instruction() {
    let (count, outcome) = compared(Scenario::ForgedSignature, false);
    assert_eq!(outcome, Outcome::Started);
    assert!(count > 1_000_000, "{count}");
}
