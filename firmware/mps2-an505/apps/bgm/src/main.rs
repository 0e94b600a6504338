//! The glucose meter on the board: its wires are the two Non-secure UARTs.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod board {
    use bgm::{Bgm, Io};
    use cdd_client::{Platform, Veneers};
    use cdd_hal::Console;
    use mps2_an505_board::{map, uart::Uart};

    mps2_an505_board::interrupt_vectors!(mps2_an505_board::vectors::INTERRUPTS);

    struct Wires {
        console: Uart,
        sensor: Uart,
    }

    impl Io for Wires {
        fn console_write(&mut self, bytes: &[u8]) {
            self.console.write(bytes);
        }

        fn console_read(&mut self) -> Option<u8> {
            self.console.read()
        }

        fn sensor_read(&mut self) -> Option<u8> {
            self.sensor.read()
        }

        fn idle(&mut self) {}
    }

    #[cortex_m_rt::entry]
    fn main() -> ! {
        let wires = Wires { console: Uart::new(map::uart::CONSOLE), sensor: Uart::new(map::uart::SENSOR) };
        Bgm::new(Platform::new(Veneers), wires).run()
    }

    /// An undefined instruction: the Secure side takes it as a fault, records it and resets.
    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        cortex_m::asm::udf()
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
