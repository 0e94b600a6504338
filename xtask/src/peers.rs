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

/// What others take for an operation of ours, alone: without a gate, a key store, a check of rights or a wiped stack.
pub struct Beside {
    /// Our figure; of those by the byte, what both lengths' names begin with.
    pub figure: &'static str,
    /// Whose, and instructions; by the byte, tenths of them.
    pub others: &'static [(&'static str, u64)],
}

/// Instructions of one operation. Measured side by side on QEMU mps2-an505 (2026-11-21), opt-level s.
pub const OPERATIONS: &[Beside] = &[
    Beside {
        figure: "gate-p256-sign",
        others: &[
            ("p256-cortex-m4-sys", 264_000),
            ("micro-ecc", 3_870_000),
            ("Mbed TLS 3.6.6", 6_720_000),
            ("p256 0.14", 6_930_000),
        ],
    },
    Beside {
        figure: "gate-p256-verify",
        others: &[
            ("p256-cortex-m4-sys", 683_000),
            ("wolfSSL SP asm", 2_010_000),
            ("micro-ecc UMAAL", 4_250_000),
            ("p256 0.14", 7_180_000),
            ("tinycrypt", 14_400_000),
            ("Mbed TLS 3.6.6", 22_700_000),
        ],
    },
    Beside {
        figure: "gate-ecdh-p256",
        others: &[
            ("p256-cortex-m4-sys", 653_000),
            ("micro-ecc", 3_300_000),
            ("p256 0.14", 6_560_000),
            ("Mbed TLS 3.6.6", 14_800_000),
        ],
    },
    Beside {
        figure: "gate-x25519",
        others: &[("wolfSSL asm", 449_000), ("salty", 1_070_000), ("dalek", 1_820_000)],
    },
    Beside {
        figure: "gate-ed25519-verify",
        others: &[("wolfSSL asm, 81 KB", 493_000), ("dalek", 2_020_000), ("salty", 4_300_000)],
    },
    Beside { figure: "gate-hkdf-64", others: &[("hkdf over sha2, fast back end", 27_700)] },
];

/// Tenths of an instruction a byte, likewise.
pub const BYTES: &[Beside] = &[
    Beside {
        figure: "gate-digest",
        others: &[
            ("sha2 fast", 351),
            ("sha2 compact", 685),
            ("Mbed", 425),
            ("wolf asm", 428),
            ("tinycrypt", 705),
        ],
    },
    Beside {
        figure: "gate-aes-128-ccm",
        others: &[("aes, ccm", 4330), ("Mbed, tables", 1140), ("wolf asm, tables", 790)],
    },
    Beside {
        figure: "gate-aes-128-gcm",
        others: &[("aes-gcm", 2620), ("Mbed, tables", 1630), ("wolf asm, tables", 660)],
    },
    Beside {
        figure: "gate-chacha20-poly1305",
        others: &[("chacha20poly1305", 456), ("Mbed", 610), ("wolf asm", 230)],
    },
];
