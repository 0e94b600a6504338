//! The first member, and his passkey.

use crate::house::House;
use crate::programme::Place;

#[test]
#[ignore = "needs a browser"]
fn the_first_member_comes_by_a_link_makes_a_passkey_and_comes_back_by_it() {
    let house = House::empty(Place::Sqlite);
    let first = house.guest();
    first.browser.authenticator();
    first.sign_in(&house.first);

    // The link is used up.
    let other = house.guest();
    other.open(house.first.strip_prefix(&house.origin).unwrap());
    other.press("main form button");
    assert!(other.text().contains("this link does not work"), "{}", other.text());
    other.is_refused(403);

    first.open("/me");
    assert!(first.text().contains("You have none"), "{}", first.text());
    first.browser.type_in(&first.browser.find("#passkey-name"), "my telephone");
    // The script asks the authenticator, tells the server, and loads the page again.
    first.press("#passkey-add");
    assert!(first.text().contains("my telephone"), "{}", first.text());
    first.press(".account form button");
    assert!(first.browser.has(".account a[href='/sign-in']"), "it is not signed out");
    first.open("/work");
    assert_eq!(first.path(), "/sign-in", "a workspace is shown to nobody");
    first.press("#passkey");
    first.open("/work");
    assert_eq!(first.path(), "/work");
    first.is_calm();

    // Another browser has no such passkey, and says so in words.
    other.open("/sign-in");
    other.browser.authenticator();
    other.browser.click(&other.browser.find("#passkey"));
    other.browser.find("#passkey-problem:not(:empty)");
    assert_eq!(other.path(), "/sign-in");
}
