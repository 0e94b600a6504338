//! A clock that is put before the system's: no program of ours has a switch for its own.

use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// Moves the time of day by whole days, and leaves every other clock as it is.
const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
static int (*real)(clockid_t, struct timespec *);
static long days;
__attribute__((constructor)) static void begin(void) {
    const char *text = getenv("DTSEC_SCRATCH_DAYS");
    days = text ? atol(text) : 0;
    real = (int (*)(clockid_t, struct timespec *)) dlsym(RTLD_NEXT, "clock_gettime");
}
int clock_gettime(clockid_t clock, struct timespec *now) {
    if (!real) begin();
    int failed = real(clock, now);
    if (!failed && clock == CLOCK_REALTIME) now->tv_sec += 86400L * days;
    return failed;
}
"#;

/// A clock that can be put. Its library lies in a folder of its own, which goes with it.
pub struct Clock {
    folder: TempDir,
}

impl Clock {
    /// Compiles it with the compiler that links everything else. Panics where there is none: nothing can go on without it.
    #[expect(clippy::new_without_default, reason = "it calls a compiler")]
    pub fn new() -> Self {
        let clock = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        let source = clock.folder.path().join("clock.c");
        std::fs::write(&source, SOURCE).expect("a file in a temporary folder");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-o"]).arg(clock.library()).arg(&source).arg("-ldl");
        assert!(compiler.status().expect("the C compiler `cc`").success(), "the C compiler fails");
        clock
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("clock.so")
    }

    /// For that program it is so many days later than it is, or earlier.
    pub fn put(&self, command: &mut Command, days: i64) {
        command.env("LD_PRELOAD", self.library()).env("DTSEC_SCRATCH_DAYS", days.to_string());
    }
}
