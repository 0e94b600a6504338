//! Why a component set is not listed: in which way it is nearly a listed one. An explanation for people; nothing is
//! affirmed by it.

use crate::Finding;
use crate::index::{Index, Listed};
use dtsec_list::{Component, ComponentRef, ImplementationId};

/// So many versions are looked at, so that whoever sends odd tokens does not keep the verifier busy.
const MOST: usize = 256;

/// What is different, and from which version.
pub(crate) fn diagnose<'v>(
    index: &'v Index,
    implementation_id: &ImplementationId,
    components: &[ComponentRef<'_>],
) -> (Finding, String, Option<Listed<'v>>) {
    let mut nearest: Option<(usize, Listed<'v>)> = None;
    let mut listed_somewhere = vec![false; components.len()];
    for listed in index.on(implementation_id).take(MOST) {
        let set = &listed.version.set.components;
        let mut same = 0;
        for (component, somewhere) in components.iter().zip(&mut listed_somewhere) {
            if set.iter().any(|one| one.borrowed() == *component) {
                (same, *somewhere) = (same + 1, true);
            }
        }
        if nearest.as_ref().is_none_or(|(most, _)| same > *most) {
            nearest = Some((same, listed));
        }
    }
    let Some((same, listed)) = nearest else {
        let what = format!("no listed version runs on the immutable platform {implementation_id}");
        return (Finding::NotListed, what, None);
    };
    let set = &listed.version.set.components;
    let of = format!("version {} of entry {}", listed.version.version, listed.entry.id);
    let (finding, what) = if same == components.len() && same < set.len() {
        let missing = set.iter().map(Component::borrowed).filter(|one| !components.contains(one));
        (Finding::MissingComponent, format!("{of} also has {}", names(missing)))
    } else if same == set.len() && same < components.len() {
        let extra =
            components.iter().copied().filter(|one| !set.iter().any(|other| other.borrowed() == *one));
        (Finding::ExtraComponent, format!("{of} does not have {}", names(extra)))
    } else if listed_somewhere.iter().all(|listed| *listed) {
        let other = components.iter().copied().filter(|one| !set.iter().any(|own| own.borrowed() == *one));
        (Finding::MixedRelease, format!("{} is of another version than {of}", names(other)))
    } else {
        let other = components.iter().copied().filter(|one| !set.iter().any(|own| own.borrowed() == *one));
        let other: Vec<_> = other.collect();
        let unmatched = set.iter().map(Component::borrowed).filter(|own| !components.contains(own));
        let unmatched: Vec<_> = unmatched.collect();
        let only_signer = components.len() == set.len()
            && other.iter().all(|one| unmatched.iter().any(|own| is_but_for_signer(*own, *one)));
        let finding = if only_signer { Finding::WrongSigner } else { Finding::NotListed };
        let how = if only_signer { "is signed by somebody else than in" } else { "is not that of" };
        (finding, format!("{} {how} {of}", names(other.into_iter())))
    };
    (finding, what, Some(listed))
}

fn is_but_for_signer(one: ComponentRef<'_>, other: ComponentRef<'_>) -> bool {
    one == ComponentRef { signer: one.signer, ..other }
}

fn names<'a>(components: impl Iterator<Item = ComponentRef<'a>>) -> String {
    let name = |one: ComponentRef<'_>| match (one.measurement_type, one.version) {
        (Some(name), Some(version)) => format!("{name} {version}"),
        (Some(name), None) => name.to_owned(),
        (None, _) => format!("a component with measurement {}", hex::encode(one.measurement)),
    };
    components.map(name).collect::<Vec<_>>().join(", ")
}
