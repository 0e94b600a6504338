//! The part of QEMU's plugin interface, version 1, that we use. Debian ships the emulator without the header; these
//! are the prototypes of QEMU's documentation (docs/devel/tcg-plugins).

use std::{
    ffi::{c_int, c_uint, c_void},
    marker::{PhantomData, PhantomPinned},
};

/// A plugin's handle.
pub(crate) type Id = u64;

/// A block of translated code.
#[repr(C)]
pub(crate) struct Tb {
    _opaque: [u8; 0],
    _neither_moved_nor_shared: PhantomData<(*mut u8, PhantomPinned)>,
}

/// An instruction in it.
#[repr(C)]
pub(crate) struct Insn {
    _opaque: [u8; 0],
    _neither_moved_nor_shared: PhantomData<(*mut u8, PhantomPinned)>,
}

/// Called when an instruction is about to be executed: number of the core, our own pointer.
pub(crate) type ExecuteCallback = extern "C" fn(c_uint, *mut c_void);

/// What is known of an access to memory, packed.
pub(crate) type MemInfo = u32;

/// Called when an instruction has accessed memory: number of the core, the access, its address, our own pointer.
pub(crate) type MemoryCallback = extern "C" fn(c_uint, MemInfo, u64, *mut c_void);

/// `QEMU_PLUGIN_MEM_W`.
pub(crate) const STORES: c_int = 2;

/// `SIGKILL`.
pub(crate) const KILL: c_int = 9;

/// `QEMU_PLUGIN_CB_NO_REGS`: the callback does not look at registers.
pub(crate) const NO_REGS: c_int = 0;

/// `QEMU_PLUGIN_INLINE_ADD_U64`.
pub(crate) const INLINE_ADD_U64: c_int = 0;

unsafe extern "C" {
    pub(crate) fn qemu_plugin_register_vcpu_tb_trans_cb(id: Id, callback: extern "C" fn(Id, *mut Tb));
    pub(crate) fn qemu_plugin_register_atexit_cb(
        id: Id,
        callback: extern "C" fn(Id, *mut c_void),
        data: *mut c_void,
    );
    pub(crate) fn qemu_plugin_tb_n_insns(block: *const Tb) -> usize;
    pub(crate) fn qemu_plugin_tb_get_insn(block: *const Tb, index: usize) -> *mut Insn;
    pub(crate) fn qemu_plugin_insn_vaddr(instruction: *const Insn) -> u64;
    pub(crate) fn qemu_plugin_insn_size(instruction: *const Insn) -> usize;
    pub(crate) fn qemu_plugin_insn_data(instruction: *const Insn) -> *const c_void;
    pub(crate) fn qemu_plugin_register_vcpu_insn_exec_inline(
        instruction: *mut Insn,
        operation: c_int,
        counter: *mut c_void,
        value: u64,
    );
    pub(crate) fn qemu_plugin_register_vcpu_insn_exec_cb(
        instruction: *mut Insn,
        callback: ExecuteCallback,
        flags: c_int,
        data: *mut c_void,
    );
    pub(crate) fn qemu_plugin_register_vcpu_mem_cb(
        instruction: *mut Insn,
        callback: MemoryCallback,
        flags: c_int,
        which: c_int,
        data: *mut c_void,
    );
    pub(crate) fn qemu_plugin_mem_is_store(info: MemInfo) -> bool;
    /// The C library's: sends a signal to this process.
    pub(crate) fn raise(signal: c_int) -> c_int;
    /// The C library's: ends the process without its exit handlers.
    pub(crate) fn _exit(status: c_int) -> !;
}
