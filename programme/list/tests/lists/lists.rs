//! The document: in and out, its schema, and lists that contradict themselves.

use crate::made::*;
use dtsec_list::{Component, FORMAT, ListError, PublishedList, Status, schema};
use serde_json::{Value, json};

fn json_of(list: &PublishedList) -> Value {
    serde_json::to_value(list).unwrap()
}

fn read(value: &Value) -> Result<PublishedList, ListError> {
    PublishedList::from_json(value.to_string().as_bytes())
}

#[test]
fn a_list_is_read_as_it_was_written_and_fits_its_schema() {
    let mut list = list();
    list.entries[1].status = Status::Removed { since: now(), because: "vulnerability".into() };
    let value = json_of(&list);
    assert_eq!(read(&value).unwrap(), list);
    assert_eq!(value["format"], FORMAT);
    assert_eq!(value["entries"][0]["status"], json!({ "is": "listed" }));
    assert_eq!(value["entries"][0]["versions"][0]["set"]["components"][0]["measurement"], "01".repeat(32));
    let validator = jsonschema::validator_for(&serde_json::to_value(schema()).unwrap()).unwrap();
    assert!(validator.is_valid(&value), "{:?}", validator.iter_errors(&value).next());
    let mut odd = value;
    odd["entries"][0]["versions"][0]["fingerprint"] = "XY".into();
    assert!(!validator.is_valid(&odd));
}

#[test]
fn another_format_and_what_is_not_known_are_refused() {
    for (pointer, with) in [
        ("/format", json!("dtsec-published-list/2")),
        ("/serial", json!(-1)),
        ("/entries/0/status", json!({ "is": "wonderful" })),
        ("/entries/0/status", json!({ "is": "removed" })),
        ("/entries/0/versions/0/fingerprint", json!("AB".repeat(32))),
        ("/entries/0/versions/0/set/implementation_id", json!("1d")),
        ("/entries/0/versions/0/set/components/0/signer", json!("51".repeat(31))),
    ] {
        let mut value = json_of(&list());
        *value.pointer_mut(pointer).unwrap() = with;
        assert!(matches!(read(&value), Err(ListError::Json(_))), "{pointer}");
    }
    let mut more = json_of(&list());
    more["more"] = json!(1);
    assert!(matches!(read(&more), Err(ListError::Json(_))));
}

#[test]
fn a_list_that_contradicts_itself_is_refused_with_the_place() {
    let refused = |change: &dyn Fn(&mut PublishedList)| {
        let mut list = list();
        change(&mut list);
        read(&json_of(&list)).unwrap_err().to_string()
    };
    assert!(read(&json_of(&list())).is_ok(), "the control");
    for (change, says) in [
        (
            &(|list: &mut PublishedList| list.fresh_until = list.as_of) as &dyn Fn(&mut PublishedList),
            "not later",
        ),
        (&|list| list.entries[1].id = "E-1".into(), "entry `E-1` stands there twice"),
        (
            &|list| list.entries[0].versions[1].version = "1.0.0".into(),
            "entry `E-1` has version `1.0.0` twice",
        ),
        (
            &|list| list.entries[1].versions[0].fingerprint = set(1).fingerprint(),
            "entry `E-2`, version `3.0.0`: the fingerprint is",
        ),
        (
            &|list| {
                list.entries[1].versions[0].set = set(1);
                list.entries[1].versions[0].fingerprint = set(1).fingerprint();
            },
            "entry `E-2`, version `3.0.0` has the same component set as entry `E-1`",
        ),
        (&|list| list.entries[1].versions[0].set.components.clear(), "0 components"),
        (
            &|list| {
                let components = &mut list.entries[1].versions[0].set.components;
                *components = (0..65).map(|byte| component("part", byte)).collect();
            },
            "65 components",
        ),
        (
            &|list| {
                let components: &mut Vec<Component> = &mut list.entries[1].versions[0].set.components;
                components.push(components[0].clone());
            },
            "component 3 stands there twice",
        ),
        (
            &|list| list.entries[1].versions[0].set.components[1].version = Some("1\n2".into()),
            "component 1: the version has to be 1 to 256 bytes of printable ASCII",
        ),
        (
            &|list| list.entries[1].versions[0].set.components[2].measurement_type = Some(String::new()),
            "component 2: the measurement type",
        ),
    ] {
        let message = refused(change);
        assert!(message.contains(says), "{message}");
    }
}
