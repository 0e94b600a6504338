//! Figures of others, measured or published, that ours are printed beside.

/// A figure of another implementation, beside one or two of ours.
pub struct Peer {
    /// Whose, which version and build.
    pub who: &'static str,
    /// Its figures, in the columns of the table.
    pub values: &'static [u64],
}

/// Instructions from reset to the first instruction of the image: 64 KiB, 256 KiB. Measured side by side by the method of
/// `cargo xtask bench` on QEMU mps2-an505, ECDSA-P256 (2026-11-21; MCUboot 2d4bacc3, Mbed TLS 3.6.6, gcc 12.2).
pub const BOOT: &[Peer] = &[
    Peer { who: "MCUboot 2d4bacc3, tinycrypt, -Os, overwrite-only", values: &[18_780_000, 33_240_000] },
    Peer { who: "MCUboot 2d4bacc3, tinycrypt, -O3", values: &[14_470_000, 28_370_000] },
    Peer { who: "MCUboot 2d4bacc3, Mbed TLS 3.6.6, -Os", values: &[23_810_000, 31_720_000] },
    Peer { who: "MCUboot 2d4bacc3, Mbed TLS 3.6.6, -O3", values: &[19_370_000, 27_890_000] },
    Peer { who: "limit probe: sha2 + p256 0.14 (no slots, no update)", values: &[9_510_000, 16_390_000] },
    Peer { who: "limit probe: sha2 + p256-cortex-m4-sys (assembly)", values: &[3_010_000, 9_920_000] },
];

/// Bytes of boot code. MCUboot and the probes: measured as above. wolfBoot: the limits of its own CI on an STM32F4.
pub const BOOT_BYTES: &[Peer] = &[
    Peer { who: "MCUboot 2d4bacc3, tinycrypt, -Os", values: &[7_644] },
    Peer { who: "the same with fault hardening MEDIUM", values: &[8_680] },
    Peer { who: "MCUboot 2d4bacc3, Mbed TLS 3.6.6, -Os", values: &[19_512] },
    Peer { who: "wolfBoot, limit of its tools/test.mk, STM32F4, ECC256", values: &[18_920] },
    Peer { who: "wolfBoot, the same without assembly", values: &[13_952] },
    Peer { who: "limit probe: sha2 + p256 0.14", values: &[29_016] },
    Peer { who: "limit probe: sha2 + p256-cortex-m4-sys", values: &[17_212] },
    Peer { who: "MCUboot in a medical product (its PR #2523)", values: &[80_432] },
];

/// Bytes of the Secure image: code, variables. From the projects' own documents, on other boards and with other services:
/// an order of magnitude, not like for like.
pub const PLATFORM_BYTES: &[Peer] = &[
    Peer { who: "TF-M 2.3.0-RC1, AN521, Small", values: &[52_004, 13_328] },
    Peer { who: "TF-M 2.3.0-RC1, AN521, Medium", values: &[69_648, 41_160] },
    Peer { who: "TF-M 2.3.0-RC1, AN521, Large", values: &[113_120, 47_600] },
    Peer { who: "wolfTrust, native engine, secure image", values: &[86_848, 27_253] },
];
