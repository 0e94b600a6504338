//! File descriptors that the parent process left open for this one.
//!
//! The only unsafe code of this crate: there is no safe way to take ownership of a descriptor by number
//! that also works for sockets wherever this process may run (`pidfd_getfd` is forbidden in many
//! containers).

#![allow(unsafe_code)]

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// Inherited descriptors, each of which can be taken once.
#[derive(Debug)]
pub struct Inherited(BTreeSet<RawFd>);

impl Inherited {
    /// Notes which descriptors were inherited.
    ///
    /// # Safety
    ///
    /// Must be called once, before anything in this process opens a descriptor that it keeps: every
    /// descriptor from 3 on that is open at this moment is taken to be the parent's gift.
    pub unsafe fn at_start() -> io::Result<Inherited> {
        let mut open = BTreeSet::new();
        for entry in std::fs::read_dir("/proc/self/fd")? {
            if let Some(fd) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) {
                open.insert(fd);
            }
        }
        // The listing itself used one, which is closed by now.
        open.retain(|fd| *fd > 2 && std::fs::symlink_metadata(format!("/proc/self/fd/{fd}")).is_ok());
        Ok(Inherited(open))
    }

    /// Takes ownership of an inherited descriptor.
    pub fn take(&mut self, fd: RawFd) -> io::Result<OwnedFd> {
        if !self.0.remove(&fd) {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!("file descriptor {fd} was not left open for this process, or is asked for twice"),
            ));
        }
        // SAFETY: the descriptor was open before anything here opened one, nobody else in this process
        // knows of it (`at_start`), and it is taken out of the set, so it gets exactly one owner.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }
}
