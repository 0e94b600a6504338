//! The process as the tools meet it: four sockets. One test only, for the descriptors are inheritable
//! while it starts its processes.

#![forbid(unsafe_code)]

mod support;

use cdd_boot::SlotId;
use rustix::io::{FdFlags, fcntl_setfd};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Stdio};
use std::time::Duration;
use support::folder::Folder;
use support::*;

struct Powered {
    child: Child,
    management: BufReader<UnixStream>,
    console: BufReader<UnixStream>,
    entropy: UnixStream,
    sensor: UnixStream,
}

fn power(folder: &Folder) -> Powered {
    let mut command = folder.command();
    let mut theirs = Vec::new();
    let mut wire = |name: &str| {
        let (ours, other) = UnixStream::pair().unwrap();
        fcntl_setfd(&other, FdFlags::empty()).unwrap();
        command.args([format!("--{name}-fd"), other.as_raw_fd().to_string()]);
        theirs.push(other);
        ours.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        ours
    };
    let (management, console) = (BufReader::new(wire("management")), BufReader::new(wire("console")));
    let (entropy, sensor) = (wire("entropy"), wire("sensor"));
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    Powered { child, management, console, entropy, sensor }
}

impl Powered {
    /// Powers off by closing the wires; the process must end quietly.
    fn off(mut self) {
        drop((self.management, self.console));
        assert!(self.child.wait().unwrap().success());
        let mut said = String::new();
        self.child.stdout.unwrap().read_to_string(&mut said).unwrap();
        self.child.stderr.unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(said, "");
    }
}

fn line(wire: &mut BufReader<UnixStream>) -> String {
    let mut line = String::new();
    wire.read_line(&mut line).unwrap();
    assert!(line.ends_with("\r\n"), "{line:?}");
    line.trim_end().to_owned()
}

fn until(wire: &mut BufReader<UnixStream>, end: &str) -> Vec<String> {
    let mut lines = vec![line(wire)];
    while lines.last().unwrap() != end {
        lines.push(line(wire));
    }
    lines
}

fn ask(wire: &mut BufReader<UnixStream>, question: &str) {
    wire.get_mut().write_all(question.as_bytes()).unwrap();
}

#[test]
fn the_four_wires_carry_what_the_contract_says() {
    // A device that runs.
    let genuine = Folder::new(&Specimen::genuine());
    let mut device = power(&genuine);
    until(&mut device.management, "cdd report=end state=running");
    assert_eq!(line(&mut device.console), "bgm ready");
    let good = "$BG,1767225600,100,mg/dL*";
    let checksum = good[1..good.len() - 1].bytes().fold(0, |sum, byte| sum ^ byte);
    device.sensor.write_all(format!("{good}{checksum:02X}\n$BG,1,1,mg/dL*00\n").as_bytes()).unwrap();
    assert_eq!(line(&mut device.console), "reading time=2026-01-01T00:00:00Z mg/dL=100 mmol/L=5.6");
    assert_eq!(line(&mut device.console), "stored index=1");
    assert_eq!(line(&mut device.console), "sensor error=checksum");

    // Noise comes in on its wire and is tested; then the device answers.
    let noise = Random(0xE17).bytes(4096);
    device.entropy.write_all(&noise).unwrap();
    ask(&mut device.console, "random 32\nreport\n");
    let random = line(&mut device.console);
    assert!(random.starts_with("random ") && random.len() == 7 + 64, "{random}");
    assert_eq!(line(&mut device.console), "ok");
    assert_eq!(line(&mut device.console), "error unknown-command");
    assert_eq!(line(&mut device.management), "cdd event=random state=ready");
    // A running device answers on management too, and ends without a word.
    ask(&mut device.management, "report\r\n");
    let report = until(&mut device.management, "cdd report=end state=running");
    assert!(report.iter().any(|line| line.starts_with("cdd services storage=ready ")), "{report:?}");
    device.off();

    // A source that says nothing: no random, but readings all the same.
    let mut device = power(&genuine);
    assert_eq!(line(&mut device.console), "bgm ready");
    ask(&mut device.console, "random 32\n");
    assert_eq!(line(&mut device.console), "error insufficient-entropy");
    until(&mut device.management, "cdd report=end state=running");
    let event = line(&mut device.management);
    assert!(event.starts_with("cdd event=random state=") && !event.ends_with("ready"), "{event}");
    device.sensor.write_all(format!("{good}{checksum:02x}\n").as_bytes()).unwrap();
    assert!(line(&mut device.console).starts_with("reading time="));
    assert_eq!(line(&mut device.console), "stored index=2", "the first one survived the loss of power");

    // A factory reset takes the readings, restarts the device, and says so.
    ask(&mut device.management, "factory-reset\r\n");
    let asked = line(&mut device.management);
    let code = asked.strip_prefix("cdd confirm=factory-reset code=").unwrap().to_owned();
    ask(&mut device.management, "confirm 00112233\r\n");
    assert_eq!(line(&mut device.management), "cdd error=nothing-to-confirm");
    ask(&mut device.management, &format!("confirm {code}\r\n"));
    assert_eq!(line(&mut device.management), "cdd error=nothing-to-confirm", "a wrong code ends it");
    ask(&mut device.management, "factory-reset\r\n");
    let code = line(&mut device.management).rsplit('=').next().unwrap().to_owned();
    ask(&mut device.management, &format!("confirm {code}\r\n"));
    assert_eq!(line(&mut device.management), "cdd event=life-cycle begun=factory-reset");
    assert_eq!(line(&mut device.management), "cdd event=life-cycle finished=factory-reset");
    let report = until(&mut device.management, "cdd report=end state=running");
    let services = report.iter().find(|line| line.starts_with("cdd services ")).unwrap();
    assert!(services.contains(" next-reading=0 ") && services.ends_with(" factory-resets=1"), "{services}");
    assert_eq!(line(&mut device.console), "bgm ready");
    device.off();

    // Without an application the platform answers on management, without a platform boot does.
    for (slot, state) in [(SlotId::ApplicationA, "no-application"), (SlotId::PlatformA, "no-platform")] {
        let mut specimen = Specimen::genuine();
        specimen.put(slot, &[]);
        let folder = Folder::new(&specimen);
        let mut device = power(&folder);
        let end = format!("cdd report=end state={state}");
        let report = until(&mut device.management, &end);
        ask(&mut device.management, "report\r\nreset\r\n\r\n");
        assert_eq!(until(&mut device.management, &end), report);
        assert_eq!(line(&mut device.management), "cdd error=unknown-command");
        ask(&mut device.management, &"report ".repeat(20));
        ask(&mut device.management, "\n");
        assert_eq!(line(&mut device.management), "cdd error=unknown-command");
        device.console.get_mut().set_nonblocking(true).unwrap();
        assert_eq!(device.console.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        device.off();
    }
}
