//! Campaigns on the content of the flash: whatever it holds, only a genuine image is ever accepted. Each
//! proves itself by a planted defect that it must find.

#![forbid(unsafe_code)]

mod support;

use cdd_boot::{Crypto, Record, Refusal, SlotId, State};
use cdd_virtual::{AcceptAnySignature, HostCrypto};
use support::*;
use zerocopy::FromZeros;

#[test]
fn every_single_flipped_bit_of_an_image_makes_it_refused() {
    let specimen = Specimen::genuine();
    for (slot, image) in
        [(SlotId::PlatformA, genuine_platform(1)), (SlotId::ApplicationA, genuine_application(1))]
    {
        let at = cdd_virtual::Board::reference().slot(slot).offset as usize;
        let mut machine = specimen.machine();
        let mut record = Record::new_zeroed();
        let mut start = |machine: &mut _| {
            cdd_boot::boot::<_, HostCrypto>(machine, &mut record);
            (record.state(), record.result(slot))
        };
        assert_eq!(start(&mut machine), (State::Running, 0));
        for bit in 0..image.len() * 8 {
            let (byte, mask) = (bit / 8, 1 << (bit % 8));
            machine.nor.tamper(at + byte, &[image[byte] ^ mask]).unwrap();
            let (state, result) = start(&mut machine);
            assert_ne!(state, State::Running, "bit {bit} of {}", slot.name());
            assert!(!matches!(Refusal::name_of(result), "accepted" | "not-tried" | "unknown"), "bit {bit}");
            machine.nor.tamper(at + byte, &image[byte..=byte]).unwrap();
        }
        assert_eq!(start(&mut machine), (State::Running, 0));
    }
}

/// One content of the flash, made from a genuine device.
fn mutated(random: &mut Random, genuine: &Specimen) -> Specimen {
    let mut specimen = genuine.clone();
    for _ in 0..=random.below(3) {
        let slot = SlotId::ALL[random.below(4)];
        let other = SlotId::ALL[random.below(4)];
        let (at, len) = (random.below(1700), 1 + random.below(64));
        match random.below(9) {
            0 => specimen.slot_mut(slot)[at] = random.next() as u8,
            1 => {
                let bytes = random.bytes(len);
                specimen.slot_mut(slot)[at..at + len].copy_from_slice(&bytes);
            }
            2 => specimen.slot_mut(slot)[at..].fill(ERASED),
            3 => specimen.slot_mut(slot)[..at].fill(0),
            4 => {
                let content = specimen.slot(other).to_vec();
                specimen.put(slot, &content);
            }
            5 => {
                // A header that promises something, before the old rest.
                let field = [8, 10, 12, 16, 20][random.below(5)];
                let bytes = random.bytes(4);
                specimen.slot_mut(slot)[field..field + 4].copy_from_slice(&bytes);
            }
            6 => specimen.slot_mut(slot).copy_within(at..at + 2000, 0),
            7 => {
                // The front of one image with the rest of another.
                let front = specimen.slot(other)[..at].to_vec();
                specimen.slot_mut(slot)[..at].copy_from_slice(&front);
            }
            _ => {
                let content = random.bytes(2048);
                specimen.slot_mut(slot)[..2048].copy_from_slice(&content);
                if random.below(2) == 0 {
                    specimen.slot_mut(slot)[..4].copy_from_slice(&0x96F3_B83Du32.to_le_bytes());
                }
            }
        }
    }
    specimen
}

/// Runs the campaign; returns how often an image that nobody signed was accepted, and how often a
/// device ran.
fn campaign<C: Crypto>(starts: usize) -> (usize, usize) {
    let mut genuine = Specimen::genuine();
    genuine.put(SlotId::PlatformB, &genuine_platform(2));
    genuine.put(SlotId::ApplicationB, &genuine_application(2));
    let images = [genuine_platform(1), genuine_platform(2), genuine_application(1), genuine_application(2)];
    let mut random = Random(0x5EED_0001);
    let (mut forged, mut ran) = (0, 0);
    for _ in 0..starts {
        let specimen = mutated(&mut random, &genuine);
        let start = specimen.start_with::<C>();
        ran += usize::from(start.state() == State::Running);
        for slot in SlotId::ALL {
            let result = start.result(slot);
            assert_ne!(result, "unknown");
            assert_ne!(result, "fault-detected");
            if result == "accepted" {
                let kind =
                    if slot.part() == cdd_boot::PartId::Platform { &images[..2] } else { &images[2..] };
                forged += usize::from(!kind.iter().any(|image| specimen.slot(slot).starts_with(image)));
            }
        }
    }
    (forged, ran)
}

#[test]
fn of_ten_thousand_mutated_contents_none_makes_boot_accept_what_nobody_signed() {
    let (forged, ran) = campaign::<HostCrypto>(10_000);
    assert_eq!(forged, 0);
    // The campaign is no good if it never leaves a device that runs, or always does.
    assert!((500..9_500).contains(&ran), "{ran} ran");
}

#[test]
fn the_campaign_sees_a_boot_that_accepts_any_signature() {
    let (forged, _) = campaign::<AcceptAnySignature>(2_000);
    assert!(forged > 0, "blind");
}

#[test]
fn ten_thousand_random_contents_end_in_a_named_state_without_a_panic() {
    let mut random = Random(0xF00D);
    let mut machine = Specimen::secured().machine();
    let mut record = Record::new_zeroed();
    for _ in 0..10_000 {
        for slot in SlotId::ALL {
            let at = cdd_virtual::Board::reference().slot(slot).offset as usize;
            let mut bytes = random.bytes(1200);
            // Most would fail at the magic otherwise.
            if random.below(4) != 0 {
                bytes[..4].copy_from_slice(&0x96F3_B83Du32.to_le_bytes());
                bytes[8..10].copy_from_slice(&1024u16.to_le_bytes());
                bytes[12..16].copy_from_slice(&(random.below(150) as u32).to_le_bytes());
                bytes[10..12].fill(0);
                bytes[16..20].fill(0);
            }
            machine.nor.tamper(at, &bytes).unwrap();
        }
        cdd_boot::boot::<_, HostCrypto>(&mut machine, &mut record);
        assert_eq!(record.state(), State::NoPlatform);
        for slot in [SlotId::PlatformA, SlotId::PlatformB] {
            assert!(!matches!(Refusal::name_of(record.result(slot)), "accepted" | "unknown"));
        }
    }
}

#[test]
fn ten_thousand_random_fuse_contents_never_start_what_the_fuses_do_not_name() {
    let mut random = Random(0xF05E);
    let genuine = Specimen::genuine();
    let mut machine = genuine.machine();
    let mut record = Record::new_zeroed();
    let mut ran = 0;
    for _ in 0..10_000 {
        let mut fuses = genuine.fuses.clone();
        for _ in 0..=random.below(2) {
            let at = random.below(0x200);
            fuses[at] |= 1 << random.below(8);
        }
        machine.fuses.tamper(0, &fuses).unwrap();
        cdd_boot::boot::<_, HostCrypto>(&mut machine, &mut record);
        if record.state() == State::Running {
            ran += 1;
            // More bits never gave a start that the same fuses without them would not have given: the
            // life cycle and the keys in use are as they were.
            assert_eq!(fuses[..16], genuine.fuses[..16], "the life cycle");
            assert_eq!(fuses[0x80..0xC4], genuine.fuses[0x80..0xC4], "the platform's key");
            assert_eq!(fuses[0x1A0..0x1E4], genuine.fuses[0x1A0..0x1E4], "the application's key");
        }
    }
    assert!((100..9_900).contains(&ran), "{ran} ran");
}
