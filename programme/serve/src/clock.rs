//! What time it is.

use dtsec_store::Time;

/// Says what time it is.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Time;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        // Kept to the microsecond, so that what is decided on is what is read back.
        let now = Time::now();
        Time::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}
