//! A PostgreSQL server in a folder of its own, for tests and measurements; and a [`Clock`] that can be put.
//!
//! The server is the installed PostgreSQL (Debian's `postgresql`), with its own data, reached by a socket in the folder and by nothing
//! else. Server and folder go when whoever started it ends, however that is: not by `Drop` alone, but because the end of a pipe
//! is noticed by a keeper.
#![forbid(unsafe_code)]

mod clock;

pub use clock::Clock;

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// A running server. Its methods panic with what PostgreSQL said: nothing can go on without it.
pub struct Server {
    folder: PathBuf,
    bin: PathBuf,
    /// None where somebody else keeps it.
    keeper: Option<Child>,
}

/// The variable with the folder of a server that serves several test programs.
pub const SHARED: &str = "DTSEC_SCRATCH_POSTGRES";

/// What the keeper does; the end of its input is the end of whoever started it.
const KEEPER: &str = r#"
set -e
"$BIN/initdb" -D "$DIR/data" -U dtsec --auth=trust -E UTF8 --locale=C --no-sync > "$DIR/log" 2>&1
cat >> "$DIR/data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$DIR'
fsync = on
full_page_writes = on
max_connections = 200
shared_buffers = 16MB
END
"$BIN/pg_ctl" -D "$DIR/data" -w -l "$DIR/log" start >> "$DIR/log" 2>&1 < /dev/null
echo ready
cat > /dev/null
"$BIN/pg_ctl" -D "$DIR/data" -m immediate stop > /dev/null 2>&1 || true
rm -rf "$DIR"
"#;

impl Server {
    /// Makes and starts one.
    pub fn start() -> Self {
        let bin = newest();
        let folder =
            tempfile::Builder::new().prefix("dtsec-pg-").tempdir_in("/tmp").expect("a folder in /tmp").keep();
        let user = unprivileged();
        if let Some((uid, gid)) = user {
            std::os::unix::fs::chown(&folder, Some(uid), Some(gid)).expect("a folder of the user `postgres`");
        }
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER]).env("BIN", &bin).env("DIR", &folder).current_dir("/");
        // Not the test runner's group: its interrupt is not to kill what cleans up.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Some((uid, gid)) = user {
            command.uid(uid).gid(gid);
        }
        let mut keeper = command.spawn().expect("a shell");
        let mut line = String::new();
        let stdout = keeper.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line of the keeper");
        let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert_eq!(line, "ready\n", "PostgreSQL does not start: {}", log());
        Self { folder, bin, keeper: Some(keeper) }
    }

    /// The one server of a test program, or of all of them where [`SHARED`] names it: a runner that gives each test a process of
    /// its own would start one for each. Each test takes a database of its own from it.
    ///
    /// It is never dropped: it ends with the program.
    pub fn shared() -> &'static Self {
        static SERVER: OnceLock<Server> = OnceLock::new();
        SERVER.get_or_init(|| match std::env::var_os(SHARED) {
            Some(folder) => Self { folder: folder.into(), bin: newest(), keeper: None },
            None => Self::start(),
        })
    }

    /// Where it lies, for [`SHARED`].
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The address of a database: `postgres://…`.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://dtsec@{}/{database}", self.folder.display().to_string().replace('/', "%2F"))
    }

    /// The address of a new, empty database.
    pub fn database(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("scratch_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        self.run(
            Command::new(self.bin.join("createdb")).args(["-U", "dtsec", "-h"]).arg(&self.folder).arg(&name),
        );
        self.url(&name)
    }

    /// The folder of PostgreSQL's programs.
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    /// Kills the server and all its processes, as a power cut would, and starts it again.
    pub fn crash_and_recover(&self) {
        let control = |arguments: &[&str]| {
            let mut command = Command::new(self.bin.join("pg_ctl"));
            self.run(command.arg("-D").arg(self.folder.join("data")).args(arguments));
        };
        control(&["-m", "immediate", "-w", "stop"]);
        let log = self.folder.join("log").display().to_string();
        control(&["-w", "-l", &log, "start"]);
    }

    fn run(&self, command: &mut Command) {
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some((uid, gid)) = unprivileged() {
            command.uid(uid).gid(gid);
        }
        let status = command.status().expect("PostgreSQL's program");
        assert!(status.success(), "{command:?}: {status}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }
}

/// The newest of those installed, as Debian lays them.
fn newest() -> PathBuf {
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = installed.map(|entry| entry.path()).max_by_key(|path| version(path));
    newest
        .expect("PostgreSQL is not installed: `cargo xtask setup`, or `apt-get install postgresql`")
        .join("bin")
}

/// PostgreSQL does not run as root.
fn unprivileged() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let passwd = std::fs::read_to_string("/etc/passwd").expect("/etc/passwd");
    let line = passwd.lines().find(|line| line.starts_with("postgres:")).expect("a user `postgres`");
    let fields: Vec<&str> = line.split(':').collect();
    let number = |at: usize| fields[at].parse().expect("a number in /etc/passwd");
    Some((number(2), number(3)))
}
