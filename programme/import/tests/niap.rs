//! Protection profiles in NIAP's XML: ours there and back, and one of our own in that form.

#![forbid(unsafe_code)]

use dtsec_import::niap::{MAX_DEPTH, ReadError, WriteError, read, write};
use dtsec_model::builtin;
use dtsec_model::operations::{
    Assignment, NoneMeans, Operation, OptionalWord, Segment, Selection, operations,
};
use dtsec_model::protection_profile::{Element, Named, Package, ProtectionProfile, Requirement};
use proptest::prelude::*;

const GARDEN: &str = include_str!("documents/garden-pp.xml");

#[test]
fn our_profile_survives_the_way_there_and_back() {
    let ours = builtin::protection_profile();
    let exported = write(ours).unwrap();
    assert_eq!(&read(&exported.xml).unwrap().profile, ours);
    assert!(
        exported.lacking.iter().any(|lacking| lacking.contains("objective-refer")),
        "{:?}",
        exported.lacking
    );
    assert!(
        exported.xml.contains(r#"<f-component cc-id="fpt_tst_ext.1" name="TSF testing">"#),
        "{}",
        exported.xml
    );
    assert!(exported.xml.contains("<PPPubDate>2017-11-25</PPPubDate>"));
}

#[test]
fn a_document_in_that_form_is_read() {
    let profile = read(GARDEN).unwrap().profile;
    assert_eq!(profile.title, "Protection Profile for Garden Controllers");
    assert_eq!(profile.id, "protection-profile-for-garden-controllers");
    assert_eq!((&*profile.version, &*profile.date), ("1.1", "2029-05-02"));
    assert_eq!(profile.scope, "Boxes that open valves & close them, at 20° and below.");
    assert_eq!(profile.criteria, "CC of the third garden.");
    let threats: Vec<(&str, &str)> =
        profile.threats.iter().map(|threat| (&*threat.id, &*threat.text)).collect();
    assert_eq!(threats, [("T.HOSE", "Someone listens to the water."), ("T.SPADE", "Someone digs.")]);
    let objectives: Vec<&str> = profile.objectives.iter().map(|objective| &*objective.id).collect();
    assert_eq!(objectives, ["O.TIGHT", "OE.FENCE"]);
    assert_eq!(profile.packages.len(), 1);
    assert_eq!(profile.packages[0].components, ["ADV_FSP.1", "AVA_VAN.1"]);
}

#[test]
fn components_iterations_elements_and_operations_are_read() {
    let profile = read(GARDEN).unwrap().profile;
    let named: Vec<(&str, bool)> = profile.requirements.iter().map(|r| (&*r.id, r.optional)).collect();
    assert_eq!(named, [("FCS_COP.1/HOSE", false), ("FCS_COP.1/TAP", true), ("FTP_ITC_EXT.1", true)]);
    let hose = &profile.requirements[0];
    assert_eq!(hose.notes, ["Keys are long.", "Two hundred are plenty."]);
    assert_eq!(hose.elements[0].id, "FCS_COP.1.1/HOSE");
    let [
        Segment::Text(start),
        Segment::Operation(Operation::Selection(selection)),
        Segment::Text(_),
        Segment::Operation(Operation::Assignment(size)),
        Segment::Text(end),
    ] = &hose.elements[0].statement[..]
    else {
        panic!("{:?}", hose.elements[0].statement)
    };
    assert_eq!((&**start, &**end), ("The TSF shall perform ", ", as bibTAPS has it."));
    assert!(selection.only_one);
    assert_eq!(selection.options, ["stirring", "pouring of [assignment: list of liquids]"]);
    assert_eq!((&*size.id, &*size.prompt), ("size-in-bits", "size in bits"));
    let fixed = operations(&profile.requirements[1].elements[0].statement).next();
    assert_eq!(fixed, Some(&Operation::Fixed("only its own".into())));
    assert_eq!(profile.requirements[2].elements[1].id, "FTP_ITC_EXT.1.2");
}

#[test]
fn what_is_not_taken_over_is_told() {
    let imported = read(GARDEN).unwrap();
    let left_out: Vec<&str> = imported.left_out.iter().map(|out| &*out.element).collect();
    for element in ["aactivity", "appendix", "assumptions", "objective-refer", "tech-terms", "addressed-by"] {
        assert!(left_out.contains(&element), "{element}: {left_out:?}");
    }
    let activity = imported.left_out.iter().find(|out| out.element == "aactivity").unwrap();
    let line = GARDEN.lines().position(|line| line.contains("<aactivity>")).unwrap() + 1;
    assert_eq!((activity.count, activity.line), (1, line));
    assert!(imported.assumed.iter().any(|assumed| assumed.contains("sel-based")), "{:?}", imported.assumed);
    assert!(imported.assumed.iter().any(|assumed| assumed.contains("holds another")));
}

#[test]
fn no_entity_is_expanded_and_no_document_type_is_read() {
    let with = |text: &str| GARDEN.replace("Someone digs.", text);
    assert!(read(&with("Someone digs &amp; digs &#x21;")).is_ok(), "XML's own are known");
    let error = read(&with("Someone &dig;s.")).unwrap_err();
    assert!(matches!(&error, ReadError::Entity { name, .. } if name == "dig"), "{error}");
    assert!(matches!(
        read(&GARDEN.replace("name=\"T.SPADE\"", "name=\"&spade;\"")),
        Err(ReadError::Syntax { .. })
    ));
    let laughs = GARDEN.replacen("<PP ", "<!DOCTYPE PP [<!ENTITY dig \"dig dig dig\">]>\n<PP ", 1);
    assert!(matches!(read(&laughs), Err(ReadError::DocumentType { line: 4 })), "{:?}", read(&laughs));
}

#[test]
fn depth_and_size_are_bounded() {
    let nested = |depth: usize| {
        let inner = format!("{}deep{}", "<h:b>".repeat(depth), "</h:b>".repeat(depth));
        GARDEN.replace("Someone digs.", &inner)
    };
    assert_eq!(read(&nested(MAX_DEPTH - 10)).unwrap().profile.threats[1].text, "deep");
    assert!(matches!(read(&nested(MAX_DEPTH)), Err(ReadError::TooDeep { .. })));
    assert!(matches!(read(&nested(100_000)), Err(ReadError::TooDeep { .. })));
    let many = GARDEN.replace("Someone digs.", &"<h:br/>".repeat(300_000));
    assert!(matches!(read(&many), Err(ReadError::TooMany { .. })));
    assert!(matches!(read(&" ".repeat(17 << 20)), Err(ReadError::TooLong { .. })));
}

#[test]
fn what_is_no_protection_profile_is_refused_with_its_place() {
    let module = GARDEN.replace("<PP ", "<Module ").replace("</PP>", "</Module>");
    assert!(
        matches!(read(&module), Err(ReadError::NotAProtectionProfile { found, .. }) if found == "Module")
    );
    let elsewhere = GARDEN.replace("\"https://niap-ccevs.org/cc/v1\"", "\"https://example.org\"");
    assert!(matches!(read(&elsewhere), Err(ReadError::NotAProtectionProfile { .. })));
    let nameless = read(&GARDEN.replace(" cc-id=\"ftp_itc_ext.1\"", "")).unwrap_err();
    let line = GARDEN.lines().position(|line| line.contains("ftp_itc_ext.1")).unwrap() + 1;
    assert!(
        matches!(&nameless, ReadError::Element { line: at, message, .. } if *at == line && message.contains("cc-id"))
    );
    assert!(matches!(read(&GARDEN.replace("</threats>", "")), Err(ReadError::Syntax { .. })));
    assert!(matches!(read(&GARDEN.replace("h:i>", "x:i>")), Err(ReadError::Syntax { .. })));
    let twice = GARDEN.replace("iteration=\"TAP\"", "iteration=\"HOSE\"");
    assert!(
        matches!(read(&twice), Err(ReadError::Element { message, .. }) if message.contains("second time"))
    );
    let bare = "<PP xmlns=\"https://niap-ccevs.org/cc/v1\"/>";
    assert!(matches!(read(bare), Err(ReadError::Missing { .. })));
}

#[test]
fn a_character_that_xml_cannot_carry_is_refused() {
    let mut profile = builtin::protection_profile().clone();
    profile.threats[0].text.push('\u{1}');
    assert!(matches!(write(&profile), Err(WriteError::Character { character: '\u{1}', .. })));
}

fn words() -> impl Strategy<Value = String> {
    // Signs that mean something to XML among them.
    proptest::collection::vec("[a-zA-Z<>&\"'?;\\-\\]ä]{1,8}", 1..5).prop_map(|words| words.join(" "))
}

fn operation() -> impl Strategy<Value = Operation> {
    let none = prop_oneof![
        Just(NoneMeans::Nothing),
        Just(NoneMeans::Forbidden),
        Just(NoneMeans::CancelsRequirement)
    ];
    let id = String::new;
    prop_oneof![
        (words(), none).prop_map(move |(prompt, none)| Operation::Assignment(Assignment {
            id: id(),
            prompt,
            none
        })),
        (words(), proptest::collection::vec(words(), 1..4), any::<bool>()).prop_map(
            move |(prompt, options, only_one)| {
                Operation::Selection(Selection { id: id(), prompt, options, only_one })
            }
        ),
        words().prop_map(move |word| Operation::Option(OptionalWord { id: id(), text: format!("{word} ") })),
        words().prop_map(Operation::Fixed),
    ]
}

/// Text, operation, text, operation: no two texts side by side.
fn statement() -> impl Strategy<Value = Vec<Segment>> {
    proptest::collection::vec((words(), operation()), 1..4).prop_map(|pairs| {
        let mut statement = Vec::new();
        for (number, (text, mut operation)) in pairs.into_iter().enumerate() {
            match &mut operation {
                Operation::Assignment(Assignment { id, .. })
                | Operation::Selection(Selection { id, .. })
                | Operation::Option(OptionalWord { id, .. }) => *id = format!("op-{number}"),
                Operation::Fixed(_) => (),
            }
            let space = if number == 0 { "" } else { " " };
            statement.push(Segment::Text(format!("{space}{text} ")));
            statement.push(Segment::Operation(operation));
        }
        statement
    })
}

fn profile() -> impl Strategy<Value = ProtectionProfile> {
    let named = |start: &'static str| {
        proptest::collection::vec((words(), words()), 0..3).prop_map(move |texts| {
            let each = texts.into_iter().enumerate();
            each.map(|(n, (title, text))| Named { id: format!("{start}{n}"), title, text })
                .collect::<Vec<_>>()
        })
    };
    let requirement = (
        words(),
        any::<bool>(),
        proptest::collection::vec(statement(), 0..3),
        proptest::collection::vec(words(), 0..4),
    );
    let requirements = proptest::collection::vec(requirement, 1..4).prop_map(|all| {
        let each = all.into_iter().enumerate().map(|(n, (title, optional, statements, notes))| {
            let family = ["FCS_COP.1", "FIA_AFL.1", "FDP_ODD_FAMILY_EXT.12", "FCS_COP.2"][n];
            let id = if n == 1 { format!("{family}/TWO") } else { family.to_owned() };
            let elements = statements.into_iter().enumerate();
            let elements =
                elements.map(|(e, statement)| Element { id: format!("{family}.{}", e + 1), statement });
            Requirement {
                id,
                title,
                optional,
                elements: elements.collect(),
                dependencies: vec!["FCS_CKM.4".into()],
                notes,
            }
        });
        each.collect::<Vec<_>>()
    });
    (words(), words(), words(), named("T.A"), named("O.A"), named("OE.A"), requirements, words()).prop_map(
        |(title, version, date, threats, mut objectives, environment, requirements, odd)| {
            objectives.extend(environment);
            ProtectionProfile {
                kind: Default::default(),
                id: odd.clone(),
                title,
                version,
                date,
                criteria: odd.clone(),
                scope: odd.clone(),
                threats,
                objectives,
                requirements,
                packages: vec![Package {
                    id: odd.clone(),
                    title: odd.clone(),
                    components: vec!["AVA_VAN.3".into(), odd.clone()],
                }],
                reservations: vec![odd],
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_profile_survives_the_way_there_and_back(profile in profile()) {
        let xml = write(&profile).unwrap().xml;
        let back = read(&xml).map_err(|error| TestCaseError::fail(format!("{error}\n{xml}")))?;
        prop_assert_eq!(back.profile, profile);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[<>/a-z!?&;\\[\\]\"= -]{0,200}") {
        let _ = read(&text);
    }

    #[test]
    fn no_change_makes_the_reader_panic(at in 0usize..10_000, remove in 0usize..40, put in "[<>/a-z!?&;\"= -]{0,6}") {
        let chars: Vec<char> = GARDEN.chars().collect();
        let at = at % chars.len();
        let rest = chars.iter().skip(at + remove);
        let text: String = chars[..at].iter().copied().chain(put.chars()).chain(rest.copied()).collect();
        let _ = read(&text);
    }
}
