//! What may be executed while boot decides: its ROM, and nothing else.
//!
//! One skipped instruction can make a return take its target from data, and what lies in memory by then is an image that
//! nobody has verified. So the memory protection unit (Armv8-M, DDI 0553 B11) is on from the start to the last
//! instructions. There is no default map behind its regions: one that a fault left out refuses, it never permits.
//!
//! SFR: secure-initialization-of-platform.

use cortex_m::peripheral::MPU;
use mps2_an505_board::map;

/// On, in fault handlers as well, without the default map.
const ON: u32 = 0b011;
/// Attribute 0: normal memory that is not cached; attribute 1: device.
const ATTRIBUTES: u32 = 0x0044;
/// Access, as in the base register.
const EXECUTE_NEVER: u32 = 0b001;
const READ_ONLY: u32 = 0b100;
/// Kind, as in the limit register.
const MEMORY: u32 = 0;
const DEVICE: u32 = 1 << 1;

/// Words of the base and of the limit register.
type Region = (u32, u32);

const fn region(first: u32, end: u32, access: u32, kind: u32) -> Region {
    (first | access, (end - 32) | kind | 1)
}

const fn end(range: map::Range) -> u32 {
    range.start + range.size
}

const RAM_END: u32 = end(map::BOOT_RAM);
/// Boot's RAM has the first three regions, and the rest of what boot works on these.
const AFTER_RAM: u32 = 3;
static OTHERS: [Region; 5] = [
    region(map::BOOT_ROM.start, end(map::BOOT_ROM), READ_ONLY, MEMORY),
    // The device secret, and the application's memory.
    region(map::DEVICE_SECRET.start, end(map::APPLICATION_SECURE_ALIAS), EXECUTE_NEVER, MEMORY),
    // The platform's memory, the record, the application's working memory.
    region(map::PLATFORM.start, end(map::APPLICATION_RAM_SECURE_ALIAS), EXECUTE_NEVER, MEMORY),
    region(0x4000_0000, 0x6000_0000, EXECUTE_NEVER, DEVICE),
    region(map::FLASH.start, end(map::FLASH), READ_ONLY | EXECUTE_NEVER, MEMORY),
];

/// Forbids to execute anything but the ROM.
pub(crate) fn forbid() {
    configure(&[region(map::BOOT_RAM.start, RAM_END, EXECUTE_NEVER, MEMORY)]);
}

/// Lets the instructions in this part of boot's RAM run as well. Both ends are multiples of 32.
pub(crate) fn permit(first: u32, end: u32) {
    configure(&[
        // Its end is its start where nothing lies below: it then names nothing.
        region(map::BOOT_RAM.start, first, EXECUTE_NEVER, MEMORY),
        region(first, end, READ_ONLY, MEMORY),
        region(end, RAM_END, EXECUTE_NEVER, MEMORY),
    ]);
}

fn configure(ram: &[Region]) {
    if cfg!(feature = "planted-unhardened") {
        return;
    }
    // SAFETY: the registers of the unit, which nothing else in boot uses.
    let mpu = unsafe { &*MPU::PTR };
    let [attributes, _] = &mpu.mair;
    // SAFETY: off, boot can reach all memory as after the reset.
    unsafe { mpu.ctrl.write(0) };
    // SAFETY: without a meaning while the unit is off.
    unsafe { attributes.write(ATTRIBUTES) };
    program(0, ram);
    program(AFTER_RAM, &OTHERS);
    // SAFETY: the regions name all that boot reads, writes and executes.
    unsafe { mpu.ctrl.write(ON) };
    cortex_m::asm::dsb();
    cortex_m::asm::isb();
}

#[inline(never)]
fn program(from: u32, regions: &[Region]) {
    // SAFETY: as above.
    let mpu = unsafe { &*MPU::PTR };
    for (number, (base, limit)) in (from..).zip(regions) {
        // SAFETY: the unit is off.
        unsafe {
            mpu.rnr.write(number);
            mpu.rbar.write(*base);
            mpu.rlar.write(*limit);
        }
    }
}
