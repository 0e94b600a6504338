//! The commands of the board.

use crate::attack;
use cdd_client::{Platform, Veneers};
use cdd_hal::Console;
use core::sync::atomic::{AtomicU32, Ordering};
use cortex_m_rt::{entry, exception};
use mps2_an505_board::{map, uart::Uart};
use probe::{Out, Probe, SCRATCH_BYTES, Surroundings, number};

mps2_an505_board::interrupt_vectors!(mps2_an505_board::vectors::INTERRUPTS);

/// Memory of its own for whatever the evaluation wants to put there.
static mut SCRATCH: [u32; SCRATCH_BYTES / 4] = [0; SCRATCH_BYTES / 4];

/// What the timer's calls came to while `nest` ran.
static NESTED: AtomicU32 = AtomicU32::new(0);
static BUSY: AtomicU32 = AtomicU32::new(0);

const SYST_CSR: u32 = 0xE000_E010;
const SYST_RVR: u32 = 0xE000_E014;
const SYST_CVR: u32 = 0xE000_E018;
const AIRCR: u32 = 0xE000_ED0C;
const CONNECTION_BUSY: i32 = -131;

#[entry]
fn main() -> ! {
    let mut probe = Probe::new(Veneers, Uart::new(map::uart::CONSOLE), Board);
    loop {
        probe.step();
    }
}

/// The board, all of which the probe may try.
struct Board;

impl Surroundings for Board {
    fn scratch(&mut self) -> &mut [u8] {
        // SAFETY: this is the one thread of this image, no interrupt handler looks at the buffer, and the borrow of
        // `self` ends before the next command, such as one that reads or writes it by its address.
        unsafe { core::slice::from_raw_parts_mut((&raw mut SCRATCH).cast(), SCRATCH_BYTES) }
    }

    fn command<C: Console>(&mut self, words: &[&str; 4], out: &mut Out<'_, C>) -> bool {
        let [verb, a, b, c] = *words;
        let (a, b, c) = (number(a), number(b), number(c));
        match verb {
            "buffer" => {
                out.say("ok").word(&raw const SCRATCH as u32).say(" ").number(SCRATCH_BYTES as i32).end();
            }
            "read" => {
                let value = attack::read(a);
                out.say("ok").word(value).end();
            }
            "write" => {
                attack::write(a, b);
                out.say("ok").end();
            }
            "fill" => {
                (0..b).for_each(|offset| attack::write_byte(a.wrapping_add(offset), c as u8));
                out.say("ok").end();
            }
            "dump" => {
                out.say("ok ");
                for offset in 0..b {
                    out.hex(&[attack::read_byte(a.wrapping_add(offset))]);
                }
                out.end();
            }
            "jump" => {
                attack::enter(a, 0);
                out.say("ok").end();
            }
            "call" => out.status(attack::enter(cdd_gate::veneer_address(a), b)),
            "enter" => out.status(attack::enter(a, b)),
            "leftovers" => {
                out.say("ok");
                for value in attack::leftovers(cdd_gate::veneer_address(a), b) {
                    out.word(value);
                }
                out.end();
            }
            "stack" => attack::stack(a),
            "stackcall" => out.status(attack::enter_with_stack(cdd_gate::veneer_address(a), b, c)),
            "reset" => {
                attack::write(AIRCR, 0x05FA_0004);
                cortex_m::asm::dsb();
                out.say("ok").end();
            }
            "nest" => nest(out, a),
            "svc" => {
                // SAFETY: the Secure side, or nobody, answers.
                unsafe { core::arch::asm!("svc #0") };
                out.say("ok").end();
            }
            "udf" => cortex_m::asm::udf(),
            _ => return false,
        }
        true
    }
}

/// Calls `random` again and again while the timer's interrupt calls `digest` in between.
fn nest<C: Console>(out: &mut Out<'_, C>, calls: u32) {
    let mut platform = Platform::new(Veneers);
    NESTED.store(0, Ordering::Relaxed);
    BUSY.store(0, Ordering::Relaxed);
    attack::write(SYST_RVR, 2_000);
    attack::write(SYST_CVR, 0);
    attack::write(SYST_CSR, 0b111);
    let mut answered = 0u32;
    let mut bytes = [0u8; 512];
    for _ in 0..calls {
        answered += u32::from(platform.random(&mut bytes).is_ok());
    }
    attack::write(SYST_CSR, 0);
    out.say("ok ").number(answered as i32);
    out.say(" ").number(NESTED.load(Ordering::Relaxed) as i32);
    out.say(" ").number(BUSY.load(Ordering::Relaxed) as i32).end();
}

#[exception]
fn SysTick() {
    let mut hash = [0u8; 32];
    let outcome = Platform::new(Veneers).digest(cdd_client::algorithm::SHA_256, b"nested", &mut hash);
    NESTED.fetch_add(1, Ordering::Relaxed);
    if outcome.err().map(|status| status.code()) == Some(CONNECTION_BUSY) {
        BUSY.fetch_add(1, Ordering::Relaxed);
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    cortex_m::asm::udf()
}
