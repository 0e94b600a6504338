//! Counts the instructions that a guest executes, exactly.
//!
//! Loaded by QEMU 7.2 and later: `-plugin libcdd_counter.so,out=PATH[,at=ADDRESS]…[,marks=N]`. Writes lines to `PATH`:
//!
//! * `at=0x<address> count=<n>`: `n` instructions had been executed since the start when the one at the address was
//!   executed first;
//! * `interval=<k> count=<n> stack=<bytes>`: between the `k`th begin mark and its end mark, `n` instructions were
//!   executed, the marks themselves not counted, and so much of the stack was written. An interval that is under way
//!   when the emulator ends – because the machine was reset and may not start again – is one too.
//!
//! The stack is the memory from `stack=ADDRESS` to `top=ADDRESS`, from which it grows down. Stores by the code from
//! `ignore=ADDRESS` to `ignored=ADDRESS` do not count: what wipes the stack uses none of it. Nor do those of the core
//! itself when it takes an exception. If the address of `failed=ADDRESS` is executed, the emulator ends with status 1.
//!
//! It can also cut the power at an exact place: with `cut=PATH,from=ADDRESS,to=ADDRESS` stores into that range are
//! counted from the moment when there is a file at `PATH`, and the emulator is killed right after the n-th of them, `n`
//! being the number in the file. `out` is then not needed.
//!
//! The marks are two NOP hints that do nothing else: `0xbf50` begins an interval, `0xbf60` ends it. When every address
//! was reached and `marks` intervals were seen, the emulator ends with status 0. Counted are instructions begun, on the
//! one core of the machine; one that faults counts.

mod qemu;

use qemu::{INLINE_ADD_U64, Id, Insn, NO_REGS, Tb};
use std::{
    ffi::{CStr, c_char, c_int, c_uint, c_void},
    fmt::Write as _,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

const BEGIN: u16 = 0xbf50;
const END: u16 = 0xbf60;

/// Instructions begun. QEMU adds to it from the code that it generates.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// Range whose stores are counted; empty when none are.
static FROM: AtomicU64 = AtomicU64::new(0);
static TO: AtomicU64 = AtomicU64::new(0);

/// The stack, and the code that wipes it; empty when it is not watched.
static STACK: AtomicU64 = AtomicU64::new(0);
static TOP: AtomicU64 = AtomicU64::new(0);
static IGNORE: AtomicU64 = AtomicU64::new(0);
static IGNORED: AtomicU64 = AtomicU64::new(0);

/// The lowest address of the stack that was written in this interval.
static LOWEST: AtomicU64 = AtomicU64::new(u64::MAX);

static STATE: Mutex<State> = Mutex::new(State {
    out: String::new(),
    cut: String::new(),
    stores_left: None,
    lines: String::new(),
    addresses: Vec::new(),
    failed: None,
    begun: None,
    intervals: 0,
    wanted_intervals: 0,
});

struct State {
    out: String,
    /// The file that says after how many stores to cut, and how many are left of them once it was there.
    cut: String,
    stores_left: Option<u64>,
    lines: String,
    /// Each address asked for, and whether it was reached.
    addresses: Vec<(u64, bool)>,
    /// Where the guest says that it has failed.
    failed: Option<u64>,
    begun: Option<u64>,
    intervals: u64,
    wanted_intervals: u64,
}

impl State {
    fn parse(&mut self, argument: &str) -> Result<(), String> {
        let (key, value) =
            argument.split_once('=').ok_or_else(|| format!("`{argument}` is not key=value"))?;
        match key {
            "out" => self.out = value.to_owned(),
            "at" => self.addresses.push((number(value)?, false)),
            "marks" => self.wanted_intervals = number(value)?,
            "failed" => self.failed = Some(number(value)?),
            "stack" => STACK.store(number(value)?, Ordering::Relaxed),
            "top" => TOP.store(number(value)?, Ordering::Relaxed),
            "ignore" => IGNORE.store(number(value)?, Ordering::Relaxed),
            "ignored" => IGNORED.store(number(value)?, Ordering::Relaxed),
            "cut" => self.cut = value.to_owned(),
            "from" => FROM.store(number(value)?, Ordering::Relaxed),
            "to" => TO.store(number(value)?, Ordering::Relaxed),
            _ => return Err(format!("`{key}` is none of the arguments")),
        }
        Ok(())
    }

    /// Whether this store is the one to cut after.
    fn is_last(&mut self) -> bool {
        if self.stores_left.is_none() {
            // Whoever wants the cut puts the whole file there at once.
            let file = std::fs::read_to_string(&self.cut).ok();
            self.stores_left = file.and_then(|text| number(text.trim()).ok());
        }
        let Some(left) = &mut self.stores_left else { return false };
        *left = left.saturating_sub(1);
        *left == 0
    }

    /// Ends the interval that has begun.
    fn end_interval(&mut self, count: u64) {
        if let Some(begun) = self.begun.take() {
            let stack = TOP.load(Ordering::Relaxed).saturating_sub(LOWEST.load(Ordering::Relaxed));
            let (index, executed) = (self.intervals, count - begun);
            self.intervals += 1;
            let _ = writeln!(self.lines, "interval={index} count={executed} stack={stack}");
        }
    }

    fn write(&self) {
        if self.out.is_empty() {
            return;
        }
        if let Err(error) = std::fs::write(&self.out, &self.lines) {
            eprintln!("cdd-counter: cannot write {}: {error}", self.out);
            std::process::abort();
        }
    }

    /// Ends the emulator when all that was asked for is known.
    fn end_if_complete(&self) {
        if self.out.is_empty() {
            return;
        }
        if self.addresses.iter().all(|(_, reached)| *reached) && self.intervals >= self.wanted_intervals {
            self.quit(0);
        }
    }

    fn quit(&self, status: c_int) -> ! {
        self.write();
        // SAFETY: ends the process at once; the file is written and closed. QEMU's own exit handlers must not
        // run on this thread, which holds QEMU's locks.
        unsafe { qemu::_exit(status) }
    }
}

fn number(text: &str) -> Result<u64, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| format!("`{text}` is not a number"))
}

/// The version of the interface that we are written for.
#[unsafe(no_mangle)]
pub static qemu_plugin_version: c_int = 1;

/// Called once by QEMU with the arguments.
///
/// # Safety
/// `argv` holds `argc` strings, as QEMU promises.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qemu_plugin_install(
    id: Id,
    _info: *const c_void,
    argc: c_int,
    argv: *const *const c_char,
) -> c_int {
    let mut state = STATE.lock().expect("no thread panics with the lock");
    for i in 0..argc as usize {
        // SAFETY: QEMU passes `argc` valid strings.
        let argument = unsafe { CStr::from_ptr(*argv.add(i)) };
        if let Err(error) = state.parse(&argument.to_string_lossy()) {
            eprintln!("cdd-counter: {error}");
            return 1;
        }
    }
    if state.out.is_empty() && state.cut.is_empty() {
        eprintln!("cdd-counter: out=PATH or cut=PATH is missing");
        return 1;
    }
    // SAFETY: both functions have the prototypes that the interface asks for, and live as long as the process.
    unsafe {
        qemu::qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
        qemu::qemu_plugin_register_atexit_cb(id, ended, std::ptr::null_mut());
    }
    0
}

/// Called for each block of code that QEMU translates, under its translation lock.
extern "C" fn translated(_id: Id, block: *mut Tb) {
    // SAFETY: `block` and its instructions are valid during this call; `COUNT` lives for ever, and QEMU adds to it on
    // the one thread of the one core.
    unsafe {
        for i in 0..qemu::qemu_plugin_tb_n_insns(block) {
            let instruction = qemu::qemu_plugin_tb_get_insn(block, i);
            qemu::qemu_plugin_register_vcpu_insn_exec_inline(
                instruction,
                INLINE_ADD_U64,
                COUNT.as_ptr().cast(),
                1,
            );
            watch(instruction);
            let address = qemu::qemu_plugin_insn_vaddr(instruction);
            let ignored = IGNORE.load(Ordering::Relaxed)..IGNORED.load(Ordering::Relaxed);
            if TOP.load(Ordering::Relaxed) > 0 && !ignored.contains(&address) {
                qemu::qemu_plugin_register_vcpu_mem_cb(
                    instruction,
                    pushed,
                    NO_REGS,
                    qemu::STORES,
                    std::ptr::null_mut(),
                );
            }
            if TO.load(Ordering::Relaxed) > 0 {
                qemu::qemu_plugin_register_vcpu_mem_cb(
                    instruction,
                    accessed,
                    NO_REGS,
                    qemu::STORES,
                    std::ptr::null_mut(),
                );
            }
        }
    }
}

/// Called after each access; QEMU 7.2 calls it for loads as well.
extern "C" fn accessed(_core: c_uint, access: qemu::MemInfo, address: u64, _data: *mut c_void) {
    if !(FROM.load(Ordering::Relaxed)..TO.load(Ordering::Relaxed)).contains(&address) {
        return;
    }
    // SAFETY: `access` is what QEMU has just given us.
    let is_store = unsafe { qemu::qemu_plugin_mem_is_store(access) };
    if is_store && STATE.lock().expect("no thread panics with the lock").is_last() {
        // SAFETY: ends the process here and now, as a power cut does.
        unsafe { qemu::raise(qemu::KILL) };
    }
}

/// The same, for the stack.
extern "C" fn pushed(_core: c_uint, access: qemu::MemInfo, address: u64, _data: *mut c_void) {
    let stack = STACK.load(Ordering::Relaxed)..TOP.load(Ordering::Relaxed);
    // SAFETY: `access` is what QEMU has just given us.
    if stack.contains(&address) && unsafe { qemu::qemu_plugin_mem_is_store(access) } {
        LOWEST.fetch_min(address, Ordering::Relaxed);
    }
}

/// Asks for a call when a mark or one of the addresses is executed.
///
/// # Safety
/// `instruction` is valid, as during `translated`.
unsafe fn watch(instruction: *mut Insn) {
    // SAFETY: valid during `translated`, by contract.
    let (address, size) =
        unsafe { (qemu::qemu_plugin_insn_vaddr(instruction), qemu::qemu_plugin_insn_size(instruction)) };
    let mut callback: Option<qemu::ExecuteCallback> = None;
    // No 32-bit instruction begins like a mark. QEMU 7.2 gives the last of a page as one that is 4 bytes long, because it
    // has looked ahead.
    if size >= 2 {
        // SAFETY: the data of an instruction are `size` bytes, at least 2, perhaps not aligned.
        let code = unsafe { qemu::qemu_plugin_insn_data(instruction).cast::<u16>().read_unaligned() };
        callback = match code {
            BEGIN => Some(begin),
            END => Some(end),
            _ => None,
        };
    }
    let asked_for = {
        let state = STATE.lock().expect("no thread panics with the lock");
        state.failed == Some(address) || state.addresses.iter().any(|(a, reached)| *a == address && !reached)
    };
    for callback in callback.into_iter().chain(asked_for.then_some(reached as qemu::ExecuteCallback)) {
        // SAFETY: the callback has the interface's prototype; the address travels as the opaque pointer.
        unsafe {
            qemu::qemu_plugin_register_vcpu_insn_exec_cb(
                instruction,
                callback,
                NO_REGS,
                address as usize as *mut c_void,
            );
        }
    }
}

// A callback runs before the counter is raised for its instruction: `COUNT` is what was executed before it.

extern "C" fn reached(_core: c_uint, address: *mut c_void) {
    let count = COUNT.load(Ordering::Relaxed);
    let address = address as usize as u64;
    let mut state = STATE.lock().expect("no thread panics with the lock");
    if state.failed == Some(address) {
        eprintln!("cdd-counter: the guest has failed in interval {}", state.intervals);
        state.quit(1);
    }
    for i in 0..state.addresses.len() {
        if state.addresses[i] == (address, false) {
            state.addresses[i].1 = true;
            let _ = writeln!(state.lines, "at={address:#010x} count={count}");
        }
    }
    state.end_if_complete();
}

extern "C" fn begin(_core: c_uint, _address: *mut c_void) {
    let count = COUNT.load(Ordering::Relaxed);
    LOWEST.store(u64::MAX, Ordering::Relaxed);
    STATE.lock().expect("no thread panics with the lock").begun = Some(count + 1);
}

extern "C" fn end(_core: c_uint, _address: *mut c_void) {
    let count = COUNT.load(Ordering::Relaxed);
    let mut state = STATE.lock().expect("no thread panics with the lock");
    state.end_interval(count);
    state.end_if_complete();
}

extern "C" fn ended(_id: Id, _data: *mut c_void) {
    let mut state = STATE.lock().expect("no thread panics with the lock");
    state.end_interval(COUNT.load(Ordering::Relaxed));
    state.write();
}
