//! Wires: file descriptors that bytes come from and go to.

use cdd_hal::Console;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// The end of a wire that bytes come from.
#[derive(Debug)]
pub struct Receiver {
    fd: OwnedFd,
    received: VecDeque<u8>,
    open: bool,
}

impl Receiver {
    /// Receives from this descriptor.
    pub fn new(fd: OwnedFd) -> Receiver {
        Receiver { fd, received: VecDeque::new(), open: true }
    }

    /// The same wire once more, with nothing received yet.
    pub fn try_clone(&self) -> io::Result<Receiver> {
        Ok(Receiver::new(self.fd.try_clone()?))
    }

    /// A byte that is already here.
    pub fn pop(&mut self) -> Option<u8> {
        self.received.pop_front()
    }

    /// Whether there is nothing more, now or ever.
    pub fn is_finished(&self) -> bool {
        !self.open && self.received.is_empty()
    }

    /// The next byte, waited for until `patience` ends.
    pub fn wait_byte(&mut self, patience: Duration) -> Option<u8> {
        if self.received.is_empty() {
            wait(&mut [self], Some(patience));
        }
        self.pop()
    }

    fn fill(&mut self) {
        let mut bytes = [0u8; 4096];
        match rustix::io::read(&self.fd, &mut bytes) {
            Ok(0) => self.open = false,
            Ok(count) => self.received.extend(&bytes[..count]),
            Err(Errno::INTR | Errno::AGAIN) => (),
            Err(_) => self.open = false,
        }
    }
}

/// Waits until one of the wires has bytes or ends, or patience does, and takes the bytes in.
pub fn wait(receivers: &mut [&mut Receiver], patience: Option<Duration>) {
    let ready: Vec<bool> = {
        let open = receivers.iter().filter(|receiver| receiver.open);
        let mut polled: Vec<PollFd<'_>> = open.map(|r| PollFd::new(&r.fd, PollFlags::IN)).collect();
        let patience = patience
            .map(|p| Timespec { tv_sec: p.as_secs().cast_signed(), tv_nsec: p.subsec_nanos().into() });
        if polled.is_empty() || poll(&mut polled, patience.as_ref()).is_err() {
            return;
        }
        polled.iter().map(|fd| !fd.revents().is_empty()).collect()
    };
    let open = receivers.iter_mut().filter(|receiver| receiver.open);
    open.zip(ready).filter(|(_, ready)| *ready).for_each(|(receiver, _)| receiver.fill());
}

/// The end of a wire that bytes go to. They are sent at the end of each line.
///
/// Nobody listening is no error: a device does not know.
#[derive(Debug)]
pub struct Sender {
    fd: OwnedFd,
    line: Vec<u8>,
}

impl Sender {
    /// Sends to this descriptor.
    pub fn new(fd: OwnedFd) -> Sender {
        Sender { fd, line: Vec::new() }
    }

    fn flush(&mut self) {
        let mut rest = &self.line[..];
        while !rest.is_empty() {
            match rustix::io::write(&self.fd, rest) {
                Ok(count) => rest = &rest[count..],
                Err(Errno::INTR) => (),
                Err(Errno::AGAIN) => {
                    let _ = poll(&mut [PollFd::new(&self.fd, PollFlags::OUT)], None);
                }
                Err(_) => break,
            }
        }
        self.line.clear();
    }

    /// Sends these bytes.
    pub fn send(&mut self, bytes: &[u8]) {
        self.line.extend_from_slice(bytes);
        if bytes.contains(&b'\n') {
            self.flush();
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.flush();
    }
}

/// A wire in both directions; the receiving end may be missing, or held by somebody else.
#[derive(Debug)]
pub struct Wire {
    /// Where its bytes go.
    pub sender: Sender,
    /// Where they come from.
    pub receiver: Option<Receiver>,
}

impl Wire {
    /// A wire over one descriptor, such as a socket.
    pub fn new(fd: OwnedFd) -> io::Result<Wire> {
        let other = fd.try_clone()?;
        Ok(Wire { sender: Sender::new(fd), receiver: Some(Receiver::new(other)) })
    }

    /// The same wire once more, with nothing received yet.
    pub fn try_clone(&self) -> io::Result<Wire> {
        let receiver = self.receiver.as_ref().map(Receiver::try_clone).transpose()?;
        Ok(Wire { sender: Sender::new(self.sender.fd.try_clone()?), receiver })
    }

    /// Standard input and output of this process.
    pub fn standard() -> io::Result<Wire> {
        Ok(Wire {
            sender: Sender::new(io::stdout().as_fd().try_clone_to_owned()?),
            receiver: Some(Receiver::new(io::stdin().as_fd().try_clone_to_owned()?)),
        })
    }

    /// Standard error of this process; nothing is ever received.
    pub fn standard_error() -> io::Result<Wire> {
        Ok(Wire { sender: Sender::new(io::stderr().as_fd().try_clone_to_owned()?), receiver: None })
    }
}

impl Console for Wire {
    fn write(&mut self, bytes: &[u8]) {
        self.sender.send(bytes);
    }

    fn read(&mut self) -> Option<u8> {
        self.receiver.as_mut().and_then(Receiver::pop)
    }
}
