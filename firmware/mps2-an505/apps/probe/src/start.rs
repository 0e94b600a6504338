//! The commands.

use crate::attack;
use crate::console::{Wire, number};
use cdd_client::{Platform, Veneers};
use core::sync::atomic::{AtomicU32, Ordering};
use cortex_m_rt::{entry, exception};

mps2_an505_board::interrupt_vectors!(mps2_an505_board::vectors::INTERRUPTS);

/// Memory of its own for whatever the evaluation wants to put there.
const SCRATCH_BYTES: usize = 4096;
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
    let mut wire = Wire::new();
    let mut platform = Platform::new(Veneers);
    wire.say("probe ready").end();
    loop {
        let [verb, a, b, c, _] = wire.words();
        let (a, b, c) = (number(a), number(b), number(c));
        match verb {
            "ping" => wire.say("ok").end(),
            "ready" => {
                let outcome = platform.application_ready();
                status(&mut wire, outcome.err().map_or(0, |status| status.code()));
            }
            "buffer" => {
                wire.say("ok").word(&raw const SCRATCH as u32).say(" ").number(SCRATCH_BYTES as i32).end()
            }
            "read" => {
                let value = attack::read(a);
                wire.say("ok").word(value).end();
            }
            "write" => {
                attack::write(a, b);
                wire.say("ok").end();
            }
            "fill" => {
                (0..b).for_each(|offset| attack::write_byte(a.wrapping_add(offset), c as u8));
                wire.say("ok").end();
            }
            "dump" => {
                wire.say("ok ");
                for offset in 0..b {
                    wire.hex(&[attack::read_byte(a.wrapping_add(offset))]);
                }
                wire.end();
            }
            "jump" => {
                attack::enter(a, 0);
                wire.say("ok").end();
            }
            "call" => status(&mut wire, attack::enter(cdd_gate::veneer_address(a), b)),
            "enter" => status(&mut wire, attack::enter(a, b)),
            "leftovers" => {
                wire.say("ok");
                for value in attack::leftovers(cdd_gate::veneer_address(a), b) {
                    wire.word(value);
                }
                wire.end();
            }
            "stack" => attack::stack(a),
            "stackcall" => {
                status(&mut wire, attack::enter_with_stack(cdd_gate::veneer_address(a), b, c));
            }
            "reset" => {
                attack::write(AIRCR, 0x05FA_0004);
                cortex_m::asm::dsb();
                wire.say("ok").end();
            }
            "nest" => nest(&mut wire, &mut platform, a),
            "random" => random(&mut wire, &mut platform, a),
            "svc" => {
                // SAFETY: the Secure side, or nobody, answers.
                unsafe { core::arch::asm!("svc #0") };
                wire.say("ok").end();
            }
            "udf" => cortex_m::asm::udf(),
            _ => wire.say("unknown").end(),
        }
    }
}

fn status(wire: &mut Wire, code: i32) {
    wire.say("status ").number(code).end();
}

fn random(wire: &mut Wire, platform: &mut Platform<Veneers>, len: u32) {
    let mut bytes = [0u8; 4096];
    let len = (len as usize).min(bytes.len());
    match platform.random(&mut bytes[..len]) {
        Ok(written) => wire.say("random ").hex(&bytes[..written]).end(),
        Err(error) => status(wire, error.code()),
    }
}

/// Calls `random` again and again while the timer's interrupt calls `digest` in between.
fn nest(wire: &mut Wire, platform: &mut Platform<Veneers>, calls: u32) {
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
    wire.say("ok ").number(answered as i32);
    wire.say(" ").number(NESTED.load(Ordering::Relaxed) as i32);
    wire.say(" ").number(BUSY.load(Ordering::Relaxed) as i32).end();
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
