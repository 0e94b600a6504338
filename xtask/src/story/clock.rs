//! The days of the story.
//!
//! No program of ours has a switch for its clock, so it is put before the system's.

use anyhow::{Context as _, Result, bail};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Moves the time of day by whole days.
const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
static int (*real)(clockid_t, struct timespec *);
static long days;
__attribute__((constructor)) static void begin(void) {
    const char *text = getenv("DTSEC_STORY_DAYS");
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

/// A clock that can be put.
pub(super) struct Clock {
    library: PathBuf,
}

impl Clock {
    /// Compiled with the compiler that links everything else.
    pub(super) fn make(folder: &Path) -> Result<Self> {
        let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
        std::fs::write(&source, SOURCE).with_context(|| format!("cannot write {}", source.display()))?;
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl");
        if !compiler.status().context("cannot start the C compiler `cc`")?.success() {
            bail!("the C compiler could not make {}", library.display());
        }
        Ok(Self { library })
    }

    /// For a program, it is that many days from now, or ago.
    pub(super) fn put(&self, command: &mut Command, days: i64) {
        command.env("LD_PRELOAD", &self.library).env("DTSEC_STORY_DAYS", days.to_string());
    }
}
