//! The build script of every image: gives the linker its memory layout and the runtime's linker script.

use std::{env, fs, path::Path};

fn main() {
    println!("cargo:rerun-if-changed=memory.x");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("none") {
        let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
        let out = Path::new(&out);
        fs::copy("memory.x", out.join("memory.x")).expect("memory.x beside build.rs");
        // The runtime asks for a list of interrupt handlers by name; there are none.
        fs::write(out.join("device.x"), "").expect("a writable OUT_DIR");
        println!("cargo:rustc-link-search={}", out.display());
        println!("cargo:rustc-link-arg-bins=-Tlink.x");
        println!("cargo:rustc-link-arg-bins=-nmagic");
    }
}
