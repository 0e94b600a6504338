//! Forms that few fill in: an agreement on confidentiality, a de-facto claim, a revalidation.

use crate::house::House;
use crate::programme::Place;

fn place(location: &str) -> &str {
    location.split(['?', '#']).next().unwrap()
}

#[test]
#[ignore = "needs a browser"]
fn an_agreement_is_proposed_signed_by_both_and_ended() {
    let house = House::with_entry(Place::Sqlite);
    let document = house.file("agreement.md", "Neither tells anybody.");
    let fields = [("lab", "north"), ("developer", "alpha"), ("document@file", document.as_str())];
    let made = house.walks("dora", "/do/propose-agreement", "propose-agreement", &fields);
    let case = place(&made).to_owned();
    assert!(case.starts_with("/cases/agreement/"), "{case}");
    for who in ["nora", "ann"] {
        house.walks(who, &case, "sign-agreement", &[]);
    }
    house.walks("ann", &case, "end-agreement", &[]);
    let bob = house.at("bob");
    bob.open(&case);
    bob.is_refused(404);
}

#[test]
#[ignore = "needs a browser"]
fn a_de_facto_claim_is_sent_admitted_and_listed_apart() {
    let house = House::with_entry(Place::Sqlite);
    let assertion = house.file("assertion.md", "It meets all of it.");
    let claimed = house.walks(
        "ann",
        "/cases/entry/entry",
        "claim-de-facto",
        &[
            ("claim/product", "Pump mini"),
            ("claim/version", "2.1"),
            ("claim/identity", "alpha pump mini 2.1"),
            ("claim/contains", "radio-1.0"),
            ("claim/assertion@file", &assertion),
        ],
    );
    let dora = house.at("dora");
    dora.open("/work");
    dora.press("main a[href*='do-admit-de-facto']");
    let case = place(&dora.path()).to_owned();
    house.both_decide(&case, "admit-de-facto", &[]);
    let guest = house.at("guest");
    guest.open("/");
    assert!(guest.text().contains("de facto"), "{claimed}: {}", guest.text());
}

#[test]
#[ignore = "needs a browser"]
fn a_major_change_is_asked_for_and_leads_to_a_revalidation() {
    let house = House::with_entry(Place::Sqlite);
    let document = house.file("request.md", "Another radio.");
    let asked = house.walks(
        "ann",
        "/cases/entry/entry",
        "request-maintenance",
        &[
            ("form/document@file", &document),
            ("form/version", "3.0"),
            ("form/identity", "alpha pump 3.0"),
            ("form/differences/0/what", "another radio"),
            ("form/differences/0/touches", "requirement-1"),
            ("form/differences/0/effect", "major"),
            ("form/differences/0/reasoning", "its protocol is another one"),
        ],
    );
    house.both_decide(place(&asked), "require-revalidation", &[]);
    let ann = house.at("ann");
    ann.open(place(&asked));
    assert!(ann.text().to_lowercase().contains("revalidation"), "{}", ann.text());
}
