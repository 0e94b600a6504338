//! The reference application: a blood glucose meter.
//!
//! All of its logic, generic over the way to the platform ([`cdd_client::Entry`]) and over its wires
//! ([`Io`]), so that the Non-secure image of the board and the virtual device run the same code. What it
//! says and understands is laid down in `docs/wires.md`.
//!
//! It is not part of the platform: it may use `cdd-client` and `cdd-console` only, and the platform protects itself
//! from it.
//! No heap, no unsafe. Whatever the platform refuses (random after an entropy fault, storage that was tampered
//! with), the meter goes on: a measurement and its alarm are shown before anything is asked of the platform. What is
//! wrong is shown too, and never repaired: that is for the user to decide.

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

mod civil;
mod command;
mod glucose;
mod readings;
mod sensor;

pub use civil::{Civil, END_OF_TIME, civil};
pub use glucose::{Alarm, Glucose, HIGH_ABOVE_MG_DL, LOW_BELOW_MG_DL};
pub use readings::GIVEN_UP;
pub use sensor::{Measurement, SensorError, parse};

use cdd_client::{Entry, Platform, StorageHealth};
use cdd_console::{Line, Received};
use core::fmt::{self, Write};

/// Longest line on the console: `digest` with the hex of 596 bytes.
pub const MAX_CONSOLE_LINE: usize = 1200;
/// Longest line of the sensor.
pub const MAX_SENSOR_LINE: usize = 64;

/// The application's wires.
pub trait Io {
    /// Sends all of `bytes` on the console.
    fn console_write(&mut self, bytes: &[u8]);
    /// A byte that was received on the console, if there is one.
    fn console_read(&mut self) -> Option<u8>;
    /// A byte that was received from the sensor, if there is one.
    fn sensor_read(&mut self) -> Option<u8>;
    /// Called when there was nothing to do.
    fn idle(&mut self);
}

/// Lines to the console, through `core::fmt`.
pub(crate) struct Out<'i, I: Io>(&'i mut I);

impl<I: Io> Write for Out<'_, I> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.console_write(text.as_bytes());
        Ok(())
    }
}

impl<I: Io> Out<'_, I> {
    /// Writes one line. It cannot fail, for the console takes everything.
    fn line(&mut self, text: fmt::Arguments<'_>) {
        let _ = self.write_fmt(text);
        self.end();
    }

    fn end(&mut self) {
        self.0.console_write(b"\r\n");
    }

    fn hex(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let _ = write!(self, "{byte:02x}");
        }
    }

    /// Text of which every byte that is not printable ASCII, and `%`, is escaped; so is space on request.
    fn escaped(&mut self, text: &[u8], space: bool) {
        for byte in text {
            let plain = matches!(byte, b'!'..=b'~' if *byte != b'%') || (*byte == b' ' && !space);
            if plain {
                self.0.console_write(core::slice::from_ref(byte));
            } else {
                let _ = write!(self, "%{byte:02x}");
            }
        }
    }
}

/// The glucose meter.
pub struct Bgm<E: Entry, I: Io> {
    platform: Platform<E>,
    io: I,
    started: bool,
    console: Line<MAX_CONSOLE_LINE>,
    sensor: Line<MAX_SENSOR_LINE>,
    /// What the user was last told of the storage.
    told: StorageHealth,
}

impl<E: Entry, I: Io> Bgm<E, I> {
    /// A meter with no readings. It says nothing before the first [`Bgm::step`].
    pub const fn new(platform: Platform<E>, io: I) -> Self {
        Bgm {
            platform,
            io,
            started: false,
            console: Line::new(),
            sensor: Line::new(),
            told: StorageHealth::Good,
        }
    }

    /// Handles whatever has been received and returns. The first step tells the platform that the
    /// application is ready, and prints `bgm ready`.
    pub fn step(&mut self) {
        if !self.started {
            self.started = true;
            // Nothing to do about a refusal: the platform would count the next fault as one more.
            let _ = self.platform.application_ready();
            Out(&mut self.io).line(format_args!("bgm ready"));
            self.warn();
        }
        let mut busy = false;
        // Sensor first: a talkative console must not hold a reading up.
        while let Some(byte) = self.io.sensor_read() {
            busy = true;
            self.sensor_byte(byte);
        }
        while let Some(byte) = self.io.console_read() {
            busy = true;
            self.console_byte(byte);
        }
        if !busy {
            self.io.idle();
        }
    }

    /// Runs for good.
    pub fn run(&mut self) -> ! {
        loop {
            self.step();
        }
    }

    /// The wires.
    pub fn io(&mut self) -> &mut I {
        &mut self.io
    }

    fn sensor_byte(&mut self, byte: u8) {
        let Bgm { sensor, platform, io, .. } = self;
        let mut out = Out(io);
        let measured = match sensor.push(byte) {
            Received::Nothing => return,
            Received::Line(line) => parse(line),
            Received::TooLong => Err(SensorError::TooLong),
        };
        match measured {
            Ok(measured) => {
                // What the user must know first; whatever storing it takes, this is out.
                out.line(format_args!("reading {measured}"));
                match readings::store(platform, measured) {
                    Ok(index) => out.line(format_args!("stored index={index}")),
                    Err(status) => {
                        out.line(format_args!("stored error={}", status.name()));
                        self.warn();
                    }
                }
            }
            Err(error) => out.line(format_args!("sensor error={}", error.name())),
        }
    }

    /// Tells the user when the storage is not what it was.
    fn warn(&mut self) {
        let Ok(services) = self.platform.services() else { return };
        let health = services.storage_health();
        if health != self.told {
            self.told = health;
            let number = if services.storage != 0 { services.storage } else { services.storage_fault };
            Out(&mut self.io).line(format_args!("warning storage={} code={number:#06x}", health.name()));
        }
    }

    fn console_byte(&mut self, byte: u8) {
        let Bgm { platform, io, console, .. } = self;
        let mut out = Out(io);
        let outcome = match console.push(command::edited(byte)) {
            Received::Nothing => return,
            Received::Line(line) => command::execute(line, platform, &mut out),
            Received::TooLong => Err("line-too-long"),
        };
        match outcome {
            Ok(()) => out.line(format_args!("ok")),
            Err(name) => out.line(format_args!("error {name}")),
        }
        self.warn();
    }
}
