//! Claims about the firmware as it was linked. They need it built: `cargo xtask test` does that and runs them.

use cdd_gate::{CALLS, VENEER_BYTES, VENEERS};
use xtask::{elf::Program, firmware, layout, needs, symbols};

const NEEDS_FIRMWARE: &str = "run `cargo xtask build` first, or all tests by `cargo xtask test`";

fn program(product: &str) -> Program {
    Program::read(&layout::firmware().join(product).with_extension("elf")).expect(NEEDS_FIRMWARE)
}

#[test]
#[ignore = "needs the firmware: run by `cargo xtask test`"]
fn no_panic_path_is_linked_into_the_boot_code_and_a_planted_one_is_found() {
    assert_eq!(symbols::panicking(&program("boot").symbols()), Vec::<&str>::new());
    let ed25519 = Program::read(&layout::firmware_ed25519().join("boot.elf")).expect(NEEDS_FIRMWARE);
    assert_eq!(symbols::panicking(&ed25519.symbols()), Vec::<&str>::new(), "the one with Ed25519");

    let toolchain = needs::toolchain().expect("a compiler for the firmware");
    // Where the genuine one was built, so that nothing but the boot code is compiled again.
    let target = layout::products().join("firmware-build");
    let planted =
        firmware::compile(&toolchain, &layout::root(), &target, &firmware::PACKAGES[0], &["planted-panic"])
            .unwrap();
    let planted = Program::read(&planted).unwrap().symbols();
    assert_ne!(
        symbols::panicking(&planted),
        Vec::<&str>::new(),
        "the check cannot see a panic path that is there"
    );
}

#[test]
#[ignore = "needs the firmware: run by `cargo xtask test`"]
fn no_heap_is_linked_into_the_boot_code_or_the_platform() {
    for product in ["boot", "platform"] {
        let symbols = program(product).symbols();
        assert!(symbols.len() > 50, "{product} has no symbol table, so the check would be blind");
        assert_eq!(symbols::allocating(&symbols), Vec::<&str>::new(), "{product}");
    }
}

#[test]
#[ignore = "needs the firmware: run by `cargo xtask test`"]
fn the_boot_code_carries_the_digest_of_what_is_loaded() {
    let mut again = program("boot");
    let stored = program("boot");
    again.patch_measurement().unwrap();
    assert_eq!(again.file(), stored.file());
}

/// The gate's table and the linked image agree to the instruction: a veneer for each call, and nowhere else an `SG`.
#[test]
#[ignore = "needs the firmware: run by `cargo xtask test`"]
fn the_platform_can_be_entered_at_its_veneers_and_nowhere_else() {
    let sections = program("platform").sections().unwrap();
    let expected: Vec<u32> = CALLS.iter().map(|call| VENEERS + 8 * call.number).collect();
    assert_eq!(symbols::entries(&sections), expected);

    let veneers = sections.iter().find(|s| s.name == ".nsc").expect("a section .nsc");
    assert_eq!((veneers.address, veneers.size), (VENEERS, VENEER_BYTES));
    for call in CALLS {
        let slot = &veneers.data[8 * call.number as usize..][..8];
        assert!(symbols::is_wide_branch(&slot[4..]), "{}: {slot:02x?} is not `sg; b.w`", call.name);
    }
    let free = &veneers.data[8 * CALLS.len()..];
    assert!(
        free.iter().all(|byte| *byte == 0xde),
        "what is behind the last veneer is not the filling 0xde (`udf`)"
    );
}

#[test]
#[ignore = "needs the firmware: run by `cargo xtask test`"]
fn every_image_starts_with_its_vector_table_behind_its_header() {
    let board = xtask::device::Board::read().unwrap();
    for (product, part) in [
        ("platform", xtask::device::Part::Platform),
        ("bgm", xtask::device::Part::Application),
        ("probe", xtask::device::Part::Application),
    ] {
        let program = program(product);
        let loaded = program.loaded().unwrap();
        assert_eq!(loaded.address, board.part(part).unwrap().payload(), "{product}");
        let reset = program.reset_vector().unwrap();
        assert!((loaded.address..loaded.address + loaded.bytes.len() as u32).contains(&reset), "{product}");
        let flat =
            std::fs::read(layout::firmware().join(product).with_extension("bin")).expect(NEEDS_FIRMWARE);
        assert_eq!(flat, loaded.bytes, "{product}");
    }
}
