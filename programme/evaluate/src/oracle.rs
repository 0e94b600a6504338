//! What a device must make of a flash content, found without the device.
//!
//! The oracle knows the public keys that were provisioned, the counter in the fuses and the rules of the
//! configuration guide. It verifies with the host's side of the image format, which shares no code with boot's
//! decision.

use crate::bench::{Bench, COUNTER};
use crate::images::Part;
use crate::mutation::Flash;
use cdd_image::{Image, PublicKeyBytes, RustCrypto, verify};

/// Knows what is genuine.
pub(crate) struct Oracle {
    parts: [Rules; 2],
}

struct Rules {
    part: Part,
    keys: Vec<PublicKeyBytes>,
    header_size: u16,
    load_address: u32,
    capacity: usize,
}

impl Oracle {
    /// The oracle for the devices of this bench; `ed25519` says whether their boot code has that algorithm.
    pub(crate) fn new(bench: &Bench, ed25519: bool) -> Oracle {
        let rules = |part: Part| {
            let layout = bench.board.part(part.name()).copied();
            Rules {
                part,
                keys: bench.trusted(part, ed25519),
                header_size: layout.map_or(0, |layout| layout.header_size),
                load_address: layout.map_or(0, |layout| layout.load_address),
                capacity: bench.board.slot(part.slot_a()).map_or(0, |slot| slot.size),
            }
        };
        Oracle { parts: Part::ALL.map(rules) }
    }

    /// The state that a device with this flash must report.
    pub(crate) fn predict(&self, flash: &Flash) -> &'static str {
        let any = |rules: &Rules| {
            let slots = [rules.part.slot_a(), rules.part.slot_b()];
            flash.slots.iter().any(|(name, bytes)| slots.contains(name) && rules.is_genuine(bytes))
        };
        let [platform, application] = &self.parts;
        match (any(platform), any(application)) {
            (false, _) => "no-platform",
            (true, false) => "no-application",
            (true, true) => "running",
        }
    }
}

impl Rules {
    fn is_genuine(&self, slot: &[u8]) -> bool {
        // As the device sees it: what was not written is erased flash.
        let mut slot = slot.to_vec();
        slot.resize(self.capacity.max(slot.len()), 0xFF);
        let Ok(image) = Image::parse(&slot) else { return false };
        let header = image.header();
        let signed = self.keys.iter().any(|key| verify::<RustCrypto>(&image, key).is_ok());
        signed
            && image.total_size() <= self.capacity
            && header.header_size == self.header_size
            && header.flags & !cdd_image::flags::RAM_LOAD == 0
            && (!header.has(cdd_image::flags::RAM_LOAD) || header.load_address == self.load_address)
            && image.part() == Ok(self.part.name().as_bytes())
            && image.name().is_some()
            && image.security_counter().is_ok_and(|counter| counter >= COUNTER)
            && image.dependencies().next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::{Recipe, Signer};

    fn flash(slots: Vec<(&'static str, Vec<u8>)>) -> Flash {
        Flash { slots, kind: "", history: String::new() }
    }

    #[test]
    fn the_oracle_knows_genuine_images_and_is_not_taken_in_by_others() {
        let bench = crate::bench::unplugged();
        let oracle = Oracle::new(&bench, true);
        let sign = |recipe: Recipe| bench.sign(&recipe).ok().unwrap();
        let platform = sign(bench.recipe(Part::Platform));
        let application = sign(bench.recipe(Part::Application));
        let slots =
            |p: &[u8], a: &[u8]| flash(vec![("platform-b", p.to_vec()), ("application-a", a.to_vec())]);
        assert_eq!(oracle.predict(&slots(&platform.bytes, &application.bytes)), "running");
        assert_eq!(oracle.predict(&flash(Vec::new())), "no-platform");
        let other = sign(Recipe { signer: Signer::OwnEd25519, ..bench.recipe(Part::Application) });
        assert_eq!(oracle.predict(&slots(&platform.bytes, &other.bytes)), "running");
        assert_eq!(
            Oracle::new(&bench, false).predict(&slots(&platform.bytes, &other.bytes)),
            "no-application"
        );
        assert_eq!(oracle.predict(&slots(&platform.flipped(9000), &application.bytes)), "no-platform");
        for bad in [
            Recipe { signer: Signer::Revoked, ..bench.recipe(Part::Application) },
            Recipe { signer: Signer::OtherRole, ..bench.recipe(Part::Application) },
            Recipe { counter: Some(COUNTER - 1), ..bench.recipe(Part::Application) },
            Recipe { says_part: Some("platform".into()), ..bench.recipe(Part::Application) },
            Recipe { header_size: 512, ..bench.recipe(Part::Application) },
        ] {
            assert_eq!(oracle.predict(&slots(&platform.bytes, &sign(bad).bytes)), "no-application");
        }
    }
}
