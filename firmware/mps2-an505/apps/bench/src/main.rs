//! The sequence on the board, between the marks of `benches/qemu-plugin`.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod board {
    use bench::{Interval, Marks};
    use cdd_client::{Platform, Veneers};
    use core::arch::asm;

    mps2_an505_board::interrupt_vectors!(mps2_an505_board::vectors::INTERRUPTS);

    /// The number of the sequence. `xtask` puts another one here before it signs the image.
    #[unsafe(no_mangle)]
    #[used]
    static CDD_BENCH_SEQUENCE: u32 = 0;

    /// Two hints of the instruction set that do nothing.
    struct Hints;

    impl Marks for Hints {
        #[inline(always)]
        fn begin(&mut self, _: Interval) {
            // SAFETY: a NOP hint that is not assigned.
            unsafe { asm!(".inst.n 0xbf50", options(nostack, preserves_flags)) }
        }

        #[inline(always)]
        fn end(&mut self) {
            // SAFETY: as above.
            unsafe { asm!(".inst.n 0xbf60", options(nostack, preserves_flags)) }
        }
    }

    #[cortex_m_rt::entry]
    fn main() -> ! {
        // SAFETY: a variable that nobody writes; read so that its value here is not taken for the one in the image.
        let number = unsafe { (&raw const CDD_BENCH_SEQUENCE).read_volatile() };
        let _ = bench::sequence(Platform::new(Veneers), Hints, number);
        cdd_bench_failed()
    }

    /// A call has failed, or the device was not reset. The counter ends here.
    #[unsafe(no_mangle)]
    #[inline(never)]
    extern "C" fn cdd_bench_failed() -> ! {
        loop {
            cortex_m::asm::wfi();
        }
    }

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        cdd_bench_failed()
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
