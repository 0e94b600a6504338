//! Both ways with the real imgtool: what it signs verifies here, what is signed here it accepts, and
//! beside each a negative control that both must refuse.
//!
//! imgtool is `$DTSEC_IMGTOOL`, or `target/venv/bin/imgtool` as `cargo xtask setup` installs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cdd_image::build::public_from_pem;
use cdd_image::{Error, Image, PublicKeyBytes, RustCrypto, flags, verify};
use tempfile::TempDir;

const KEY_TYPES: [&str; 2] = ["ecdsa-p256", "ed25519"];
const SIZES: [usize; 6] = [0, 1, 31, 1000, 65_536, 262_144];
const HEADER_SIZES: [&str; 3] = ["32", "0x200", "0x400"];
const ALIGNS: [&str; 5] = ["1", "4", "8", "16", "32"];
/// Fits the largest payload, header and trailer.
const SLOT_SIZE: &str = "0x60000";

/// A folder with a payload and two keys of a type, made by imgtool.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new(key_type: &str) -> Bench {
        let bench = Bench { folder: TempDir::new().unwrap() };
        for name in ["key.pem", "other.pem"] {
            succeeded(&bench.imgtool(&["keygen", "-t", key_type, "-k", name]));
        }
        bench.payload(1000);
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Writes `in.bin`, so many bytes that are not all alike.
    fn payload(&self, size: usize) {
        let bytes: Vec<u8> = (0..size).map(|i| (i * 7 + i / 251) as u8).collect();
        std::fs::write(self.path("in.bin"), bytes).unwrap();
    }

    fn imgtool(&self, arguments: &[&str]) -> Output {
        Command::new(imgtool()).args(arguments).current_dir(self.folder.path()).output().unwrap()
    }

    fn dtsec(&self, arguments: &[&str]) -> Output {
        let program = env!("CARGO_BIN_EXE_dtsec");
        Command::new(program).arg("image").args(arguments).current_dir(self.folder.path()).output().unwrap()
    }

    /// Signs `in.bin` with imgtool into `theirs.bin`.
    fn they_sign(&self, options: &[&str]) -> Vec<u8> {
        let arguments = [&["sign", "-k", "key.pem"], options, &["in.bin", "theirs.bin"]].concat();
        succeeded(&self.imgtool(&arguments));
        self.read("theirs.bin")
    }

    /// Signs `in.bin` with dtsec into `ours.bin`.
    fn we_sign(&self, options: &[&str]) -> Vec<u8> {
        let arguments = [&["sign", "-k", "key.pem"], options, &["in.bin", "ours.bin"]].concat();
        succeeded(&self.dtsec(&arguments));
        self.read("ours.bin")
    }

    fn they_accept(&self, key: &str, image: &str) -> bool {
        let output = self.imgtool(&["verify", "-k", key, image]);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{output:?}");
        output.status.success()
    }

    fn we_accept(&self, key: &str, image: &str) -> bool {
        let output = self.dtsec(&["verify", "-k", key, image]);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{output:?}");
        output.status.success()
    }

    fn public(&self, key: &str) -> PublicKeyBytes {
        public_from_pem(&String::from_utf8(self.read(key)).unwrap()).unwrap()
    }

    fn verified(&self, bytes: &[u8], key: &str) -> Result<[u8; 32], Error> {
        verify::<RustCrypto>(&Image::parse(bytes)?, &self.public(key))
    }

    /// Both tools accept `image` with its key; both refuse it with another one, and with a byte changed.
    fn both_agree_about(&self, image: &str) {
        assert!(self.they_accept("key.pem", image) && self.we_accept("key.pem", image), "{image}");
        assert!(!self.they_accept("other.pem", image) && !self.we_accept("other.pem", image), "{image}");
        let mut bytes = self.read(image);
        let last = Image::parse(&bytes).unwrap().signed_bytes().len() - 1;
        bytes[last] ^= 0x10;
        std::fs::write(self.path("flipped.bin"), bytes).unwrap();
        assert!(!self.they_accept("key.pem", "flipped.bin") && !self.we_accept("key.pem", "flipped.bin"));
    }
}

fn imgtool() -> PathBuf {
    let installed = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/venv/bin/imgtool");
    let path = std::env::var_os("DTSEC_IMGTOOL").map_or_else(installed, PathBuf::from);
    assert!(path.exists(), "there is no imgtool at {}: run cargo xtask setup", path.display());
    path
}

fn succeeded(output: &Output) {
    assert!(output.status.success(), "{output:?}");
}

/// Options that both tools have, for one of the many cases.
fn options(case: usize, header_size: &'static str) -> Vec<&'static str> {
    let align = ALIGNS[case % ALIGNS.len()];
    let mut options =
        vec!["-v", "1.2.3+4", "--pad-header", "-H", header_size, "-S", SLOT_SIZE, "--align", align];
    if case.is_multiple_of(2) {
        options.extend(["--security-counter", "7"]);
    }
    if case % 4 == 1 {
        options.push("--pad");
    }
    // Once round the header sizes is three cases: shift, so that each meets each of these.
    match (case + case / 3) % 3 {
        0 => options.extend(["--load-addr", "0x38000000"]),
        1 => options.extend(["--rom-fixed", "0x10080000"]),
        _ => options.extend(["--dependencies", "(1, 1.2.3+0), (2, 0.9.0)"]),
    }
    options
}

/// The two ways of saying which part an image is.
const THEIR_PART: [&str; 6] = ["--custom-tlv", "0x00a0", "application", "--custom-tlv", "0x00a1", "bgm"];
const OUR_PART: [&str; 4] = ["--part", "application", "--name", "bgm"];

/// Both tools sign the same with the same options; the answers of each about the other's image.
fn sign_and_compare(key_type: &str) {
    let bench = Bench::new(key_type);
    let mut case = 0;
    for size in SIZES {
        bench.payload(size);
        for header_size in HEADER_SIZES {
            let options = options(case, header_size);
            let theirs = bench.they_sign(&[&options[..], &THEIR_PART].concat());
            let ours = bench.we_sign(&[&options[..], &OUR_PART].concat());
            let context = format!("{key_type}, {size} bytes, {options:?}");

            let image = Image::parse(&theirs).expect(&context);
            assert_eq!(image.payload(), bench.read("in.bin"), "{context}");
            assert_eq!(image.header().version.to_string(), "1.2.3+4");
            assert_eq!(image.part(), Ok(&b"application"[..]));
            assert_eq!(image.name(), Some("bgm"));
            let asked = |option| options.contains(&option);
            assert_eq!(image.security_counter().ok(), asked("--security-counter").then_some(7), "{context}");
            assert_eq!(
                image.dependencies().count(),
                if asked("--dependencies") { 2 } else { 0 },
                "{context}"
            );
            assert_eq!(image.header().has(flags::RAM_LOAD), asked("--load-addr"), "{context}");
            assert_eq!(image.header().has(flags::ROM_FIXED), asked("--rom-fixed"), "{context}");
            assert!(bench.verified(&theirs, "key.pem").is_ok(), "{context}");
            assert_eq!(bench.verified(&theirs, "other.pem"), Err(Error::KeyMismatch), "{context}");

            assert!(bench.they_accept("key.pem", "ours.bin"), "{context}");
            if key_type == "ed25519" {
                assert!(ours == theirs, "not the same bytes: {context}");
            } else {
                // imgtool's ECDSA signatures are random; all that is not signature is the same.
                let mine = Image::parse(&ours).unwrap();
                assert!(mine.signed_bytes() == image.signed_bytes(), "not the same bytes: {context}");
                assert_eq!((mine.digest(), mine.key_hash()), (image.digest(), image.key_hash()));
                if asked("--pad") {
                    let after = mine.total_size().max(image.total_size());
                    assert!(ours[after..] == theirs[after..], "not the same trailer: {context}");
                } else {
                    assert_eq!(ours.len(), mine.total_size(), "{context}");
                }
            }
            case += 1;
        }
    }
    bench.both_agree_about("theirs.bin");
    bench.both_agree_about("ours.bin");
}

#[test]
fn with_ecdsa_each_tool_accepts_what_the_other_signs() {
    sign_and_compare("ecdsa-p256");
}

#[test]
fn with_ed25519_each_tool_accepts_what_the_other_signs_and_the_bytes_are_the_same() {
    sign_and_compare("ed25519");
}

#[test]
fn a_padded_signature_and_a_whole_public_key_are_understood_both_ways() {
    for key_type in KEY_TYPES {
        let bench = Bench::new(key_type);
        for special in [&["--pad-sig"][..], &["--public-key-format", "full"]] {
            let options = [&options(0, "0x200")[..], special].concat();
            let theirs = bench.they_sign(&options);
            let ours = bench.we_sign(&options);
            let image = Image::parse(&theirs).unwrap();
            assert_eq!(image.public_key().is_some(), special.contains(&"full"));
            assert_eq!(image.key_hash().is_ok(), !special.contains(&"full"));
            if special == ["--pad-sig"] || key_type == "ed25519" {
                assert_eq!(theirs.len(), ours.len());
            }
            bench.both_agree_about("theirs.bin");
            bench.both_agree_about("ours.bin");
        }
    }
}

#[test]
fn each_tool_signs_with_the_keys_of_the_other() {
    for key_type in KEY_TYPES {
        // `Bench` has imgtool's keys, and we sign with them in the tests above. Here they are ours.
        let bench = Bench::new(key_type);
        for name in ["key", "other"] {
            let (private, public) = (format!("{name}.pem"), format!("{name}-public.pem"));
            std::fs::remove_file(bench.path(&private)).unwrap();
            succeeded(&bench.dtsec(&["keygen", "-t", key_type, "--out", &private, "--public-out", &public]));
        }
        let theirs = bench.they_sign(&options(0, "32"));
        let ours = bench.we_sign(&options(0, "32"));
        assert_eq!(ours == theirs, key_type == "ed25519");
        bench.both_agree_about("theirs.bin");
        for (key, accepted) in [("key-public.pem", true), ("other-public.pem", false)] {
            assert_eq!(bench.they_accept(key, "ours.bin"), accepted);
            assert_eq!(bench.we_accept(key, "ours.bin"), accepted);
        }
        // imgtool's own public key files, too.
        succeeded(&bench.imgtool(&["getpub", "-k", "key.pem", "-e", "pem", "-o", "their-public.pem"]));
        assert_eq!(bench.public("their-public.pem"), bench.public("key.pem"));
        assert_eq!(bench.read("their-public.pem"), bench.read("key-public.pem"));
    }
}

#[test]
fn the_key_hash_is_the_one_that_imgtool_computes() {
    for key_type in KEY_TYPES {
        let bench = Bench::new(key_type);
        succeeded(&bench.imgtool(&["getpubhash", "-k", "key.pem", "-e", "raw", "-o", "hash.bin"]));
        assert_eq!(bench.public("key.pem").hash::<RustCrypto>().to_vec(), bench.read("hash.bin"));
        assert_ne!(bench.public("other.pem").hash::<RustCrypto>().to_vec(), bench.read("hash.bin"));
    }
}

#[test]
fn what_imgtool_can_do_and_the_platform_does_not_support_is_refused_by_name() {
    let bench = Bench::new("ed25519");
    succeeded(&bench.imgtool(&["keygen", "-t", "x25519", "-k", "encrypt.pem"]));
    succeeded(&bench.imgtool(&["keygen", "-t", "rsa-2048", "-k", "rsa.pem"]));
    succeeded(&bench.imgtool(&["keygen", "-t", "ecdsa-p384", "-k", "p384.pem"]));
    bench.payload(5000);
    let basics = options(0, "0x200");
    let refused =
        |special: &[&str]| bench.verified(&bench.they_sign(&[&basics[..], special].concat()), "key.pem");
    assert!(refused(&[]).is_ok(), "the control");
    assert_eq!(refused(&["--pure"]), Err(Error::UnsupportedDigest));
    assert_eq!(refused(&["--sha", "512"]), Err(Error::UnsupportedDigest));
    assert_eq!(refused(&["-k", "p384.pem"]), Err(Error::UnsupportedDigest));
    assert_eq!(refused(&["-k", "rsa.pem"]), Err(Error::UnsupportedSignature));
    assert_eq!(refused(&["--encrypt", "encrypt.pem"]), Err(Error::UnsupportedEncryption));
    assert_eq!(refused(&["--endian", "big"]), Err(Error::BadMagic));
    std::fs::write(bench.path("in.bin"), vec![0x5A; 5000]).unwrap();
    assert_eq!(refused(&["--compression", "lzma2"]), Err(Error::UnsupportedCompression));
    let unsigned = [&["sign"], &basics[..], &["in.bin", "theirs.bin"]].concat();
    succeeded(&bench.imgtool(&unsigned));
    assert_eq!(bench.verified(&bench.read("theirs.bin"), "key.pem"), Err(Error::KeyHashMissing));
}
