//! The counter counts exactly: a program of known length, in the emulator.

use std::{path::Path, process::Command};
use xtask::{
    counter::{Counter, Interval, Machine, Wanted},
    elf::Program,
};

const SOURCE: &str = "
        .syntax unified
        .cpu    cortex-m33
        .thumb
        .section .vectors, \"a\"
        .word   0x30001000
        .word   start
        .text
        .global start, behind_loop, last, wiping, wiped
        .thumb_func
start:  movw    r0, #1000               @ 1
1:      subs    r0, #1                  @ 2000 with the branch
        bne     1b
        .thumb_func
behind_loop:
        .inst.n 0xbf50
        sub     sp, #16
        str     r0, [sp, #8]
        add     sp, #16
        .inst.n 0xbf60
        bl      2f
        .thumb_func
last:   b       .
2:      .inst.n 0xbf50
        .inst.n 0xbf60
        .inst.n 0xbf50
        .thumb_func
wiping: push    {r0-r7}
        .thumb_func
wiped:  pop     {r0-r7}
        .inst.n 0xbf60
        b       3f
        .balign 1024
        .space  1020
3:      .inst.n 0xbf50                  @ QEMU looks at what comes behind it: the page ends there
        nop
        .inst.n 0xbf60
        bx      lr
";

fn assemble(folder: &Path) -> std::path::PathBuf {
    let (source, script, elf) = (folder.join("a.s"), folder.join("a.ld"), folder.join("a.elf"));
    std::fs::write(&source, SOURCE).unwrap();
    std::fs::write(&script, "SECTIONS { . = 0x10000000; .text : { *(.vectors) *(.text) } }").unwrap();
    let status = Command::new("arm-none-eabi-gcc")
        .args(["-mcpu=cortex-m33", "-mthumb", "-nostdlib", "-Wl,-nmagic", "-Wl,--build-id=none", "-o"])
        .arg(&elf)
        .arg("-T")
        .args([&script, &source])
        .status()
        .expect("arm-none-eabi-gcc: `cargo xtask setup` installs it");
    assert!(status.success());
    elf
}

#[test]
#[ignore = "needs QEMU and the Arm assembler: run by `cargo xtask test`"]
fn every_instruction_is_counted_once_and_the_marks_bound_their_interval_in_qemu() {
    let folder = tempfile::tempdir().unwrap();
    let elf = assemble(folder.path());
    let program = Program::read(&elf).unwrap();
    let at = ["start", "behind_loop", "last"].map(|name| program.symbol(name).unwrap());
    let [wiping, wiped] = ["wiping", "wiped"].map(|name| program.symbol(name).unwrap());
    let wanted = Wanted {
        at: at.into(),
        intervals: 4,
        stack: 0x3000_0000..0x3000_1000,
        ignored: wiping..wiped,
        failed: None,
    };
    let counts = Counter::build().unwrap().count(&elf, &Machine::Bare, &wanted).unwrap();
    assert_eq!(counts.at, [0, 2001, 2018]);
    let expected = [(3, 8), (0, 0), (2, 0), (1, 0)];
    assert_eq!(counts.intervals, expected.map(|(count, stack)| Interval { count, stack }));
}

#[test]
#[ignore = "needs QEMU and the Arm assembler: run by `cargo xtask test`"]
fn a_program_that_says_that_it_has_failed_is_an_error_in_qemu() {
    let folder = tempfile::tempdir().unwrap();
    let elf = assemble(folder.path());
    let last = Program::read(&elf).unwrap().symbol("last").unwrap();
    let wanted = Wanted { intervals: 5, failed: Some(last), ..Wanted::default() };
    let error = Counter::build().unwrap().count(&elf, &Machine::Bare, &wanted).unwrap_err().to_string();
    assert!(error.contains("4 of 5 intervals") && error.contains("the guest has failed"), "{error}");
}

#[test]
#[ignore = "needs QEMU and the Arm assembler: run by `cargo xtask test`"]
fn two_counts_of_the_same_program_are_equal_in_qemu() {
    let folder = tempfile::tempdir().unwrap();
    let elf = assemble(folder.path());
    let last = Program::read(&elf).unwrap().symbol("last").unwrap();
    let wanted = Wanted { at: vec![last], ..Wanted::default() };
    let counter = Counter::build().unwrap();
    let [first, second] = [(); 2].map(|()| counter.count(&elf, &Machine::Bare, &wanted).unwrap());
    assert_eq!(first, second);
}
