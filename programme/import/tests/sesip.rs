//! The text of a SESIP profile of our own, in the form of the official ones, read and held against what stands in it.

#![forbid(unsafe_code)]

use dtsec_import::sesip::{Import, ImportError, Place, import};
use dtsec_model::assurance::Level;
use dtsec_model::operations::{NoneMeans, Operation, complete, operation, operations, sentence};
use dtsec_model::profile::{
    NoteKind, ObjectiveApplies, Obligation, ProfileRequirement, SesipProfile, Strike, Wording,
};
use dtsec_model::threat::Threat;
use dtsec_model::{Document, builtin};

const GARDEN: &str = include_str!("documents/garden-profile.txt");

fn garden() -> Import {
    import(GARDEN).unwrap()
}

fn requirement<'p>(profile: &'p SesipProfile, id: &str) -> &'p ProfileRequirement {
    profile.requirement(id).unwrap_or_else(|| panic!("there is no {id}"))
}

fn ids(requirement: &ProfileRequirement) -> Vec<&str> {
    operations(&requirement.statement).filter_map(Operation::id).collect()
}

fn with(change: &str, into: &str) -> Import {
    assert!(GARDEN.contains(change), "the document has no “{change}”");
    import(&GARDEN.replace(change, into)).unwrap()
}

#[test]
fn the_title_page_says_title_version_date_and_number() {
    let Import { profile, report, comparison } = garden();
    assert_eq!(profile.title, "SESIP Profile for Connected Garden Irrigation Controllers");
    assert_eq!((&*profile.version, &*profile.date, &*profile.reference), ("0.4", "March 2031", "OG_SPE_007"));
    assert_eq!(profile.id, "sesip-profile-for-connected-garden-irrigation");
    assert!(matches!(&profile.wording, Wording::Official { sha256 } if sha256.len() == 64));
    assert_eq!(profile.level, Level::Sesip2);
    assert_eq!(profile.protection_profile.as_deref(), Some("garden-pp"));
    assert!(comparison.is_none(), "it is not the built-in one");
    assert_eq!(report.left_out.len(), 5, "{:?}", report.left_out);
}

#[test]
fn nothing_of_it_is_left_unplaced() {
    let report = garden().report;
    assert_eq!(report.unplaced, []);
    let placed: usize = report.placed.values().sum();
    assert_eq!(placed + report.left_out.len(), report.lines);
    assert_eq!(report.placed[&Place::Heading], 42);
}

#[test]
fn every_word_of_it_is_in_the_profile() {
    let profile = garden().profile;
    let plain = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
    };
    let json: serde_json::Value = serde_json::from_str(&profile.to_json()).unwrap();
    let mut held = String::new();
    let mut open = vec![&json];
    while let Some(value) = open.pop() {
        match value {
            serde_json::Value::String(text) => held.push_str(&plain(text)),
            serde_json::Value::Array(items) => open.extend(items),
            serde_json::Value::Object(members) => open.extend(members.values()),
            _ => (),
        }
        held.push(' ');
    }
    let body_at = GARDEN.lines().position(|line| line == "1 INTRODUCTION").unwrap();
    // Labels and tags are form. Of the tables of chapter 6 the component and the requirement are ids, and the rest of
    // the first two columns is their titles.
    let form = ["i", "ul", "style", "application", "notes", "extension", "selection"];
    let heads =
        ["Standard", "Term\t", "Abbreviation", "Date\t", "Reference\t", "Assurance Class", "[Garden PP]"];
    let chapter_6 = GARDEN.lines().position(|line| line == "6.1 Assurance of SESIP2").unwrap();
    let mut looked_at = 0;
    for (index, line) in GARDEN.lines().enumerate().skip(body_at) {
        if line.contains('\t') && heads.iter().any(|head| line.starts_with(head)) {
            continue;
        }
        let cells = if line.contains('\t') && index > chapter_6 {
            line.split('\t').skip(2).collect()
        } else {
            vec![line]
        };
        let words = cells
            .iter()
            .flat_map(|cell| cell.split(|c: char| c.is_whitespace() || "<>*/=\"[]()-".contains(c)));
        for word in words.map(plain).filter(|word| !word.is_empty() && !form.contains(&&**word)) {
            looked_at += 1;
            assert!(held.contains(&word), "line {}: {word}", index + 1);
        }
    }
    assert!(looked_at > 800, "{looked_at}");
}

#[test]
fn sections_have_their_titles_texts_and_what_is_told_the_writer() {
    let profile = garden().profile;
    assert_eq!(profile.sections.len(), 42);
    let section = |number: &str| profile.sections.iter().find(|section| section.number == number).unwrap();
    assert_eq!(section("1").title, "Introduction", "as in the contents, not in capitals");
    assert!(section("1").removable && section("1.5").removable && !section("2").removable);
    assert_eq!(
        section("1.1").text,
        ["Makers of valves, and those who test them; see also <https://garden.example/readers/>."]
    );
    let told = &section("2.1").instructions;
    assert_eq!(told[0], "State the title of the Security Target, and its version.", "a line was wrapped");
    assert_eq!(
        told[1], "Say here who wrote it. And say how he can be reached when it rains.",
        "two paragraphs"
    );
    assert_eq!(section("3.2").instructions.len(), 1);
    let list = section("3.1").text.iter().find(|text| text.starts_with("- ")).unwrap();
    assert_eq!(list.lines().count(), 2);
    assert!(section("6.1").text.iter().any(|text| text.starts_with("¹ Whoever")), "the footnote");
    assert!(section("3.1").text.iter().any(|text| text.starts_with("Figure 3-1")));
}

#[test]
fn tables_are_read_by_their_heads() {
    let profile = garden().profile;
    let references: Vec<(&str, Option<&str>)> =
        profile.references.iter().map(|reference| (&*reference.id, reference.edition.as_deref())).collect();
    let wanted = [
        ("Garden PP", Some("v1.1, 2 May 2029")),
        ("TAPS", None),
        ("IEC 62304", Some("Second edition")),
        ("Profile", None),
    ];
    assert_eq!(references, wanted);
    assert_eq!(profile.terms.len(), 4);
    assert_eq!(
        profile.terms[0].meaning, "What is watered, and what complains if it is not.",
        "a line was wrapped"
    );
    assert_eq!(profile.revisions.len(), 3);
    assert_eq!(profile.revisions[1].version, "0.3");
    let rows: Vec<&str> = profile.identification.iter().map(|row| &*row.id).collect();
    assert_eq!(rows, ["commercial-name", "hw-version", "fw-version", "colour-of-the-box"]);
}

#[test]
fn threats_features_and_objectives_are_read() {
    let profile = garden().profile;
    assert_eq!(profile.threats.iter().map(|threat| threat.id).collect::<Vec<_>>(), Threat::ALL);
    assert_eq!(profile.threats[0].title, "Hose in the Middle");
    assert!(profile.threats[0].text.ends_with("listen to the water."), "both paragraphs");
    assert_eq!(profile.features.len(), 3);
    let [guidance, lock, shed, honest] = &profile.objectives[..] else { panic!("{:?}", profile.objectives) };
    let shown = |objective: &dtsec_model::profile::ProfileObjective| {
        sentence(&complete(&objective.statement, &Default::default()))
    };
    assert_eq!(shown(guidance), "The maker of the garden reads the leaflet in <Reference>.");
    assert_eq!(
        operations(&lock.statement).filter_map(Operation::id).collect::<Vec<_>>(),
        ["name-of-the-lock", "guidance"]
    );
    assert_eq!(shed.applies, ObjectiveApplies::WithoutPhysicalResistance);
    assert_eq!(
        shown(honest),
        "Moreover the maker of the garden follows the leaflet in <Reference>: To keep the readings of the rain gauge honest.",
        "what leads the list leads its items"
    );
    let forbidden = |op: &Operation| matches!(op, Operation::Assignment(a) if a.none == NoneMeans::Forbidden);
    assert!(profile.objectives.iter().flat_map(|objective| operations(&objective.statement)).all(forbidden));
}

#[test]
fn requirements_have_the_catalogues_ids_and_the_obligation_of_their_section() {
    let profile = garden().profile;
    let count = |obligation| profile.requirements.iter().filter(|r| r.obligation == obligation).count();
    assert_eq!(count(Obligation::Mandatory), 10);
    assert_eq!(count(Obligation::OptionalInProtectionProfile), 2);
    assert_eq!(count(Obligation::OptionalBeyondProtectionProfile), 2);
    let own = requirement(&profile, "frost-protection");
    assert_eq!(ids(own), ["pipes", "temperature"]);
    assert!(garden().report.assumed.iter().any(|assumed| assumed.read_as.contains("Frost Protection")));
}

#[test]
fn operations_have_the_ids_of_the_built_in_profile() {
    let profile = garden().profile;
    for id in [
        "secure-update-of-platform",
        "secure-debugging",
        "secure-communication-support",
        "cryptographic-keystore",
        "secure-trusted-storage",
        "limited-physical-attacker-resistance",
        "secure-update-of-application",
    ] {
        let ours = builtin::sesip_profile().requirement(id).unwrap();
        assert_eq!(ids(requirement(&profile, id)), ids(ours), "{id}");
    }
    assert_eq!(
        ids(requirement(&profile, "cryptographic-operation")),
        ["operations", "algorithms", "specification", "key-lengths"]
    );
    assert_eq!(
        ids(requirement(&profile, "audit-log-generation-and-storage")),
        ["events", "access"],
        "the catalogue's"
    );
}

#[test]
fn fixed_words_optional_words_and_selections_are_operations() {
    let profile = garden().profile;
    let hose = &requirement(&profile, "secure-communication-support").statement;
    let fixed: Vec<&str> = operations(hose)
        .filter_map(|op| match op {
            Operation::Fixed(text) => Some(&**text),
            _ => None,
        })
        .collect();
    assert_eq!(fixed, ["the Tap at Home", "tearing and repeating"]);
    let Some(Operation::Option(word)) = operation(hose, "disclosure") else { panic!() };
    assert_eq!(word.text, "disclosure, ", "with its space");
    let store = &requirement(&profile, "cryptographic-keystore").statement;
    let Some(Operation::Selection(selection)) = operation(store, "properties") else { panic!() };
    assert_eq!(selection.options, ["confidentiality", "integrity", "authenticity"]);
    let debugging =
        sentence(&complete(&requirement(&profile, "secure-debugging").statement, &Default::default()));
    assert!(
        debugging
            .ends_with("All that the owner has planted, except <list of exceptions>, is hidden from them.")
    );
}

#[test]
fn notes_are_told_apart_and_numbered_as_in_the_built_in_profile() {
    let Import { profile, report, .. } = garden();
    let notes = |kind| profile.all_notes().filter(|note| note.kind == kind).count();
    assert_eq!((notes(NoteKind::Application), notes(NoteKind::Informational)), (9, 2));
    assert_eq!(profile.notes.len(), 2);
    assert_eq!(profile.notes[1].text.lines().count(), 4, "the items below belong to it");
    assert!(profile.notes.iter().all(|note| note.id.starts_with("controller-definition-")));
    let crypto = requirement(&profile, "cryptographic-operation");
    let named: Vec<&str> = crypto.notes.iter().map(|note| &*note.id).collect();
    assert_eq!(
        named,
        ["cryptographic-operation-1", "cryptographic-operation-2", "cryptographic-operation-3"]
    );
    assert_eq!(crypto.notes[2].kind, NoteKind::Informational, "a plain Note");
    assert_eq!(crypto.notes[2].text, "Stirring goes beyond [Garden PP].", "without its marks");
    let storage = requirement(&profile, "secure-trusted-storage");
    assert_eq!(storage.notes[0].text, "A sieve is no cryptography.\n\nIt stops leaves only.");
    assert!(report.assumed.iter().any(|assumed| assumed.read_as.contains("behind one with a label")));
    assert!(
        requirement(&profile, "secure-initialization-of-platform")
            .extension
            .as_deref()
            .unwrap()
            .starts_with("The WVC")
    );
    assert_eq!(
        requirement(&profile, "audit-log-generation-and-storage").instructions,
        ["The log goes beyond [Garden PP]."]
    );
}

#[test]
fn rules_follow_from_the_notes() {
    let profile = garden().profile;
    assert_eq!(
        requirement(&profile, "secure-update-of-platform").strike,
        Strike::WithFlawRemediationArgument
    );
    assert_eq!(requirement(&profile, "secure-debugging").strike, Strike::WithoutDebuggingAfterDelivery);
    assert_eq!(requirement(&profile, "secure-trusted-storage").strike, Strike::Forbidden);
    assert!(requirement(&profile, "cryptographic-operation").needs_strength);
    let none = |id: &str, op: &str| match operation(&requirement(&profile, id).statement, op) {
        Some(Operation::Assignment(assignment)) => assignment.none,
        other => panic!("{other:?}"),
    };
    assert_eq!(none("cryptographic-operation", "algorithms"), NoneMeans::CancelsRequirement);
    assert_eq!(none("cryptographic-keystore", "assets"), NoneMeans::CancelsRequirement);
    assert_eq!(none("cryptographic-keystore", "operations"), NoneMeans::Nothing);
}

#[test]
fn the_mapping_survives_merged_cells_lists_in_cells_and_page_breaks() {
    let profile = garden().profile;
    let row = |name: &str| profile.mapping.iter().find(|row| row.requirement == name).unwrap();
    assert_eq!(profile.mapping.len(), 10);
    assert_eq!(row("FDP_IFF.1").rationale, row("FDP_IFC.1").rationale, "merged");
    assert_eq!(row("FPT_TST_EXT.1").covered_by, ["secure-initialization-of-platform", "frost-protection"]);
    assert_eq!(row("FDP_DAU.1").covered_by, ["secure-trusted-storage"], "by its other name");
    assert_eq!(
        row("FCS_COP.1").iterations,
        ["Hoses", "Taps, and what hangs on them", "Cryptographic Key Generation"]
    );
    assert!(row("FIA_UAU.6").optional && row("FIA_UAU.6").covered_by.is_empty());
    assert_eq!(
        row("FPT_PHP.3").covered_by,
        ["physical-attacker-resistance", "limited-physical-attacker-resistance"]
    );
    let components: Vec<&str> = profile.assurance.iter().map(|row| &*row.component).collect();
    assert!(Level::Sesip2.is_made_of(&components), "{components:?}");
}

#[test]
fn a_contradiction_is_told_where_it_stands_and_not_where_it_does_not() {
    let found = |import: &Import| -> Vec<String> {
        import.profile.deviations.iter().map(|deviation| deviation.id.clone()).collect()
    };
    // Each with what takes it away.
    let planted = [
        ("gic-application", "GIC application", "WVC application"),
        ("secure-storage", "Secure Storage", "Secure Trusted Storage"),
        ("title", "Connected Lawn Sprinklers", "Connected Garden Irrigation Controllers"),
        ("iec-62304-edition", " – Second edition", ""),
        ("key-generation-twice", "• Cryptographic Key Generation ", ""),
        ("keystore-unmapped", "Secure Storage", "Secure Storage Cryptographic KeyStore"),
        ("secure-debugging-unmapped", "Secure Storage", "Secure Storage Secure Debugging"),
        ("element-in-mapping", "FIA_NET_EXT.1.1", "FIA_NET_EXT.1"),
        ("no-section-documents-of-the-shed", "“Documents of the shed”", "“Guidance”"),
        ("roman-operations", "in roman letters ", ""),
        ("revision-order", "1.0 draft", "0.1 draft"),
    ];
    let all = found(&garden());
    for (id, change, into) in planted {
        assert!(all.iter().any(|found| found == id), "{id} is not among {all:?}");
        assert!(!found(&with(change, into)).iter().any(|found| found == id), "{id} stays without its reason");
    }
    assert!(all.contains(&"empty-covered-by".to_owned()));
    assert!(!all.contains(&"van-3-and-4".to_owned()), "nobody asks for DTSec here");
    assert_eq!(all.len(), planted.len() + 1, "{all:?}");
}

#[test]
fn what_has_no_place_is_reported_with_its_line() {
    let unplaced = |import: Import| import.report.unplaced;
    let line = |text: &str| GARDEN.lines().position(|line| line.contains(text)).unwrap() + 1;
    let gone = unplaced(with("3.2 Seasons", "Seasons"));
    assert!(gone.iter().any(|gone| gone.why.contains("contents") && gone.text == "3.2 Seasons"), "{gone:?}");
    let open = unplaced(with("controlled states>*", "controlled states*"));
    assert_eq!(open[0].line, line("5.2.3 Secure Initialization"), "{open:?}");
    let stranger = unplaced(with("(T.BAD_PEER)\n", "(T.SNAILS)\n"));
    assert!(
        stranger.iter().any(|threat| threat.text.contains("T.SNAILS") && threat.why.contains("T.BAD_PEER"))
    );
    let unknown = unplaced(with(
        "Covered by SESIP\tRationale\nFTP_ITC.1\tSecure Communication Support",
        "Covered by SESIP\tRationale\nFTP_ITC.1\tSecure Watering",
    ));
    assert_eq!(unknown[0].text, "Secure Watering");
    let empty = unplaced(with(
        "The controller grows keys for *<list of cryptographic algorithms>* by *<specification>*.",
        "",
    ));
    assert!(empty.iter().any(|empty| empty.why.contains("no statement")), "{empty:?}");
    let undated = unplaced(with("March 2031", "some day"));
    assert_eq!(undated[0].text, "date");
}

#[test]
fn what_is_no_profile_is_refused_with_a_reason() {
    assert_eq!(import("").unwrap_err(), ImportError::NoSections);
    assert_eq!(import("1 Introduction\n\nHello.").unwrap_err(), ImportError::NoTitle);
    let level = GARDEN.replace("**SESIP2**", "something");
    assert_eq!(import(&level).unwrap_err(), ImportError::NoLevel);
    let start = "SESIP Profile for Nothing\n\n1 Security Assurance Requirements\n\nSESIP1 it is.\n";
    assert_eq!(import(start).unwrap_err(), ImportError::NoRequirements);
    assert!(matches!(import(&"x".repeat(3 << 20)), Err(ImportError::TooLong { .. })));
}

#[test]
fn it_needs_no_table_of_contents() {
    let (front, rest) = GARDEN.split_once("Contents\n").unwrap();
    let body = &rest[rest.find("1 INTRODUCTION").unwrap()..];
    let Import { profile, report, .. } = import(&format!("{front}{body}")).unwrap();
    let with_contents = garden().profile;
    assert_eq!(profile.requirements, with_contents.requirements);
    assert_eq!(profile.mapping, with_contents.mapping);
    assert_eq!(report.unplaced, []);
}

#[test]
fn a_copy_of_the_built_in_document_has_the_words_that_security_targets_repeat() {
    let copy = |reference: &str| {
        let numbered = GARDEN.replace("Document Reference: OG_SPE_007", "Document Reference: GPT_SPE_151");
        let text = numbered.replace("Garden Protection Profile, v1.1, 2 May 2029\t[Garden PP]", reference);
        import(&text).unwrap().profile
    };
    let ours = builtin::sesip_profile();
    let iterations = |profile: &SesipProfile| {
        profile.mapping.iter().find(|row| row.requirement == "FCS_COP.1").unwrap().iterations.clone()
    };
    let profile = copy("A profile, v2.0, November 25, 2017\t[DTSec PP]");
    assert_eq!(profile.references[0].edition, ours.references[0].edition, "the same day in other words");
    assert_eq!(iterations(&profile), iterations(ours));
    let kept = &profile.sections.last().unwrap().text;
    let wording =
        "FCS_COP.1, iterated for: Hoses; Taps, and what hangs on them; Cryptographic Key Generation";
    assert!(kept.iter().any(|text| text == wording), "{kept:?}");
    assert!(profile.deviations.iter().any(|deviation| deviation.id == "key-generation-twice"));
    let newer = copy("A profile, v2.1, November 25, 2017\t[DTSec PP]");
    assert_eq!(
        newer.references[0].edition.as_deref(),
        Some("v2.1, November 25, 2017"),
        "another edition stays"
    );
    assert_ne!(iterations(&garden().profile), iterations(ours), "another document keeps its own");
}

#[test]
fn an_imported_profile_is_a_document_like_any_other() {
    let profile = garden().profile;
    assert_eq!(SesipProfile::from_json(&profile.to_json()).unwrap(), profile);
}

/// The user's own copy of the official profile; it is not in the repository:
/// `DTSEC_SESIP_PROFILE=path cargo test -p dtsec-import --features official-profile`.
#[test]
#[cfg(feature = "official-profile")]
fn the_official_profile_gives_the_ids_and_rules_of_the_built_in_one() {
    let path = std::env::var_os("DTSEC_SESIP_PROFILE").expect("DTSEC_SESIP_PROFILE names the text");
    let Import { profile, report, comparison } = import(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(report.unplaced, []);
    let ours = builtin::sesip_profile();
    assert_eq!(profile.requirements.len(), 21);
    for requirement in &ours.requirements {
        assert_eq!(
            ids(profile.requirement(&requirement.id).unwrap()),
            ids(requirement),
            "{}",
            requirement.id
        );
    }
    let notes = |profile: &SesipProfile| -> Vec<(String, NoteKind)> {
        profile.all_notes().map(|note| (note.id.clone(), note.kind)).collect()
    };
    assert_eq!(notes(&profile), notes(ours));
    let objectives = |profile: &SesipProfile| -> Vec<String> {
        profile.objectives.iter().map(|objective| objective.id.clone()).collect()
    };
    assert_eq!(objectives(&profile), objectives(ours));
    assert_eq!(comparison.as_ref().unwrap().differences, [] as [String; 0]);
    let editions = |profile: &SesipProfile| -> Vec<Option<String>> {
        profile.references.iter().map(|reference| reference.edition.clone()).collect()
    };
    assert_eq!(editions(&profile), editions(ours));
    for count in comparison.unwrap().counts {
        assert_eq!(count.imported, count.built_in, "{}", count.what);
    }
}
