//! Documents that come from elsewhere, read into the programme's own.
//!
//! [`sesip`] reads the text of a SESIP profile, [`niap`] reads and writes a protection profile in NIAP's XML. Both say
//! what they could not place, line by line: nothing gets lost in silence. Neither needs an official document to be
//! built or tested; the user gives the path of his own copy.
//!
//! May use `dtsec-model`; used by the command line.

#![forbid(unsafe_code)]

pub mod niap;
pub mod sesip;
mod words;
