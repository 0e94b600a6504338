//! Starts the process that is the device: QEMU with real firmware, or the virtual device.

use crate::board::Kind;
use crate::{Device, Firmware, Power, SessionError};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{
    Pid, PidfdFlags, Signal, getpid, getppid, pidfd_open, set_parent_process_death_signal,
};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};

const QEMU: &str = "qemu-system-arm";

/// The four wires in the order of the board's UARTs.
const WIRES: [&str; 4] = ["management", "console", "entropy", "sensor"];

/// The device's process and our ends of its wires, in the order of [`WIRES`].
pub(crate) struct Started {
    pub(crate) child: Child,
    pub(crate) wires: [UnixStream; 4],
    /// The process, if it is an emulator's.
    pub(crate) emulator: Option<OwnedFd>,
}

/// Starts the device with its wires connected; nothing is lost before the first read.
pub(crate) fn start(device: &Device, power: &Power) -> Result<Started, SessionError> {
    let (ours, theirs) = wires().map_err(|reason| SessionError::Wire { wire: "new", reason })?;
    let fds = [0, 1, 2, 3].map(|n: usize| theirs[n].as_raw_fd());
    let firmware = firmware(device, power);
    let mut command = match device.board().kind() {
        Kind::Qemu => qemu(device, power, &firmware, fds)?,
        Kind::Process => process(device, power, &firmware, fds)?,
    };
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let child = spawn(command, theirs.map(OwnedFd::from).into(), device.board().kind())?;
    let emulator = match device.board().kind() {
        // Nobody has waited for it yet, so that the number is still its own.
        Kind::Qemu => pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).ok(),
        Kind::Process => None,
    };
    Ok(Started { child, wires: ours, emulator })
}

/// Starts the virtual device as a server of [`crate::Batch`] requests on its standard input.
pub(crate) fn start_batch(device: &Device, power: &Power) -> Result<Child, SessionError> {
    let target = device.board().target();
    if device.board().kind() != Kind::Process {
        return Err(SessionError::NotForThisBoard { option: "a batch", target: target.into() });
    }
    let mut command = Command::new(present(&firmware(device, power))?);
    command.arg("--batch").arg("--device").arg(device.dir()).args(&power.extra_args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    spawn(command, Vec::new(), Kind::Process)
}

fn firmware(device: &Device, power: &Power) -> Firmware {
    if power.firmware.as_os_str().is_empty() {
        return Firmware::built(device.board());
    }
    Firmware::new(&power.firmware, device.board())
}

fn present(firmware: &Firmware) -> Result<std::path::PathBuf, SessionError> {
    let path = firmware.boot();
    if path.is_file() { Ok(path) } else { Err(SessionError::NoFirmware { path }) }
}

fn wires() -> io::Result<([UnixStream; 4], [UnixStream; 4])> {
    let [a, b, c, d] = [UnixStream::pair()?, UnixStream::pair()?, UnixStream::pair()?, UnixStream::pair()?];
    Ok(([a.0, b.0, c.0, d.0], [a.1, b.1, c.1, d.1]))
}

fn qemu(device: &Device, power: &Power, firmware: &Firmware, fds: [i32; 4]) -> Result<Command, SessionError> {
    let flash = device.board().flash().size;
    let factory = device.board().factory_secret_address().unwrap_or_default();
    let mut command = Command::new(QEMU);
    command
        .args(["-machine", &format!("{},memory-backend=flash0", device.board().target())])
        .arg("-object")
        .arg(option(
            &format!("memory-backend-file,id=flash0,size={flash},share=on,mem-path="),
            &device.flash_path(),
        ))
        .arg("-kernel")
        .arg(present(firmware)?)
        .arg("-device")
        .arg(option(&format!("loader,addr={factory:#x},force-raw=on,file="), &device.factory_path()))
        .arg("-drive")
        .arg(option("if=none,id=otp,format=raw,file=", &device.fuses_path()))
        .args(["-device", "at24c-eeprom,address=0x50,rom-size=4096,drive=otp"])
        .args(["-nodefaults", "-display", "none", "-monitor", "none"]);
    for (n, fd) in fds.iter().enumerate() {
        command.args(["-chardev", &format!("socket,id=u{n},fd={fd}"), "-serial", &format!("chardev:u{n}")]);
    }
    if let Some(gdb) = &power.gdb {
        let mut wire = option("unix:", gdb);
        wire.push(",server=on,wait=off");
        command.arg("-gdb").arg(wire);
    }
    command.args(&power.extra_args);
    Ok(command)
}

fn process(
    device: &Device,
    power: &Power,
    firmware: &Firmware,
    fds: [i32; 4],
) -> Result<Command, SessionError> {
    if power.gdb.is_some() {
        let target = device.board().target().into();
        return Err(SessionError::NotForThisBoard { option: "a debugger's socket", target });
    }
    let mut command = Command::new(present(firmware)?);
    command.arg("--device").arg(device.dir());
    for (name, fd) in WIRES.iter().zip(fds) {
        command.args([format!("--{name}-fd"), fd.to_string()]);
    }
    command.args(&power.extra_args);
    Ok(command)
}

/// A QEMU option that ends in a path; QEMU wants commas in it doubled.
fn option(start: &str, path: &Path) -> OsString {
    let mut option = OsString::from(start);
    for (n, piece) in path.as_os_str().as_bytes().split(|byte| *byte == b',').enumerate() {
        if n > 0 {
            option.push(",,");
        }
        option.push(OsStr::from_bytes(piece));
    }
    option
}

/// Spawns so that the child dies with us, keeping `kept` open in it under the same numbers.
fn spawn(mut command: Command, kept: Vec<OwnedFd>, kind: Kind) -> Result<Child, SessionError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let parent = getpid();
    let prepare = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        if getppid() != Some(parent) {
            return Err(rustix::io::Errno::SRCH.into());
        }
        kept.iter().try_for_each(|fd| fcntl_setfd(fd, FdFlags::empty()))?;
        Ok(())
    };
    // SAFETY: between fork and exec, `prepare` makes system calls only: it neither allocates nor locks,
    // and `kept` is open for as long as the command, which owns it, lives.
    unsafe { command.pre_exec(prepare) };
    let (reply, answer) = channel();
    let job: Job = Box::new(move || {
        // Dropping the command closes our copies of `kept`, so that the wires end with the child.
        let result = command.spawn();
        drop(command);
        drop(reply.send(result));
    });
    let lost = || io::Error::other("the thread that starts processes is gone");
    spawner().send(job).map_err(|_| lost()).and_then(|()| answer.recv().map_err(|_| lost())?).map_err(
        |reason| {
            let hint = match kind {
                Kind::Qemu => "run `cargo xtask setup`, or install the Debian package qemu-system-arm",
                Kind::Process => "build it with `cargo xtask build`",
            };
            SessionError::NotStarted { program, reason, hint }
        },
    )
}

type Job = Box<dyn FnOnce() + Send>;

/// One thread that starts every process. The kernel sends the death signal when the *thread* that
/// forked ends, so a session made by a short-lived thread would otherwise lose its device with it.
fn spawner() -> &'static Sender<Job> {
    static SPAWNER: OnceLock<Sender<Job>> = OnceLock::new();
    SPAWNER.get_or_init(|| {
        let (jobs, queue) = channel::<Job>();
        std::thread::spawn(move || queue.into_iter().for_each(|job| job()));
        jobs
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_a_path_are_doubled_for_qemu() {
        assert_eq!(option("file=", Path::new("/tmp/a,b")), OsString::from("file=/tmp/a,,b"));
        let odd = OsStr::from_bytes(b"/tmp/\xff,b");
        assert_eq!(option("", Path::new(odd)), OsStr::from_bytes(b"/tmp/\xff,,b"));
    }
}
