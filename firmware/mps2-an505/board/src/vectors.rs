//! The interrupt part of a vector table.

/// Interrupts that the board has.
pub const INTERRUPTS: usize = 124;

/// Defines the interrupt part of the vector table of an image: `$count` entries, all of them the
/// default handler but those named as `number => handler`.
#[macro_export]
macro_rules! interrupt_vectors {
    ($count:expr $(, $number:expr => $handler:path)*) => {
        const _: () = {
            unsafe extern "C" {
                fn DefaultHandler();
            }
            #[used]
            #[unsafe(no_mangle)]
            #[unsafe(link_section = ".vector_table.interrupts")]
            static __INTERRUPTS: [unsafe extern "C" fn(); $count] = {
                #[allow(unused_mut)]
                let mut all: [unsafe extern "C" fn(); $count] = [DefaultHandler; $count];
                $( all[$number as usize] = $handler; )*
                all
            };
        };
    };
}
