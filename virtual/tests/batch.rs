//! The batch server: changes hold for one start, and a defect planted in it shows.

#![forbid(unsafe_code)]

mod support;

use cdd_boot::SlotId;
use cdd_virtual::batch::{Batch, PlantedDefect, serve};
use support::*;

const RUNNING: &str =
    "state=running platform-a=accepted platform-b=empty application-a=accepted application-b=empty";

fn batch() -> Batch {
    Batch::new(Specimen::genuine().machine(), None)
}

#[test]
fn a_change_holds_for_one_start_and_no_longer() {
    let mut batch = batch();
    assert_eq!(batch.answer("boot"), RUNNING);
    assert_eq!(
        batch.answer("boot flash@0x450=00"),
        "state=no-platform platform-a=digest-mismatch platform-b=empty application-a=not-tried application-b=not-tried"
    );
    assert!(
        batch.answer("boot fuses@0=00000000000000000000000000000000").starts_with("state=unprovisioned ")
    );
    assert!(batch.answer("boot erase@65536+32768").starts_with("state=no-application platform-a=accepted"));
    assert_eq!(batch.answer("boot"), RUNNING);
    let pristine = Specimen::genuine();
    assert_eq!(batch.machine().nor.content(), pristine.flash);
    assert_eq!(batch.machine().fuses.content(), pristine.fuses);
}

#[test]
fn changes_are_made_in_order_and_taken_back_whether_they_overlap_or_not() {
    let mut batch = batch();
    let byte = Specimen::genuine().flash[1100];
    assert_eq!(
        batch.answer(&format!("boot flash@1100=0000 erase@1090+20 flash@1090={}", hex(1090, 20))),
        RUNNING
    );
    assert_eq!(batch.answer(&format!("boot flash@1100={:02x} flash@1100={byte:02X}", !byte)), RUNNING);
    assert!(
        batch
            .answer(&format!("boot flash@1100={byte:02x} flash@1100={:02x}", !byte))
            .contains("digest-mismatch")
    );
    assert_eq!(batch.answer("boot"), RUNNING);
}

fn hex(at: usize, len: usize) -> String {
    Specimen::genuine().flash[at..at + len].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_bad_request_is_named_starts_nothing_and_leaves_nothing_behind() {
    let mut batch = batch();
    for (request, what) in [
        ("", "unknown-request"),
        ("boots", "unknown-request"),
        ("boot x", "bad-change"),
        ("boot flash=00", "bad-change"),
        ("boot flash@0", "bad-change"),
        ("boot rom@0=00", "bad-change"),
        ("boot erase@0=1", "bad-change"),
        ("boot flash@0=0", "bad-hex"),
        ("boot flash@0=0g", "bad-hex"),
        ("boot flash@=00", "bad-number"),
        ("boot flash@-1=00", "bad-number"),
        ("boot flash@+1=00", "bad-number"),
        ("boot flash@0x=00", "bad-number"),
        ("boot flash@0x+1=00", "bad-number"),
        ("boot flash@99999999999999999999=00", "bad-number"),
        ("boot flash@524288=00", "out-of-range"),
        ("boot flash@524287=0000", "out-of-range"),
        ("boot flash@0xffffffffffffffff=00", "out-of-range"),
        ("boot fuses@4096=00", "out-of-range"),
        ("boot erase@0+524289", "out-of-range"),
        ("boot erase@4096+524288", "out-of-range"),
        ("boot erase@0xffffffffffffffff+1", "out-of-range"),
        ("boot flash@1100=00 flash@524288=00", "out-of-range"),
    ] {
        assert_eq!(batch.answer(request), format!("error {what}"), "{request}");
        assert_eq!(batch.answer("boot"), RUNNING, "after {request}");
    }
}

#[test]
fn the_server_answers_every_line_and_ends_with_its_input() {
    let mut answers = Vec::new();
    serve(batch(), &b"boot\nnonsense\n\xFF\xFE\nboot erase@0+4096\nboot"[..], &mut answers).unwrap();
    let answers = String::from_utf8(answers).unwrap();
    let lines: Vec<&str> = answers.lines().collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(
        (lines[0], lines[1], lines[2], lines[4]),
        (RUNNING, "error unknown-request", "error not-text", RUNNING)
    );
    assert!(lines[3].starts_with("state=no-platform platform-a=empty "));
}

#[test]
fn the_planted_defect_accepts_a_signature_that_the_genuine_boot_refuses() {
    let mut specimen = Specimen::genuine();
    let len = genuine_platform(1).len();
    // The last byte of the signature.
    specimen.slot_mut(SlotId::PlatformA)[len - 1] ^= 1;
    let answer = |defect| Batch::new(specimen.machine(), defect).answer("boot");
    assert!(answer(None).contains("platform-a=signature-invalid"));
    assert_eq!(answer(Some(PlantedDefect::AcceptAnySignature)), RUNNING);
}
