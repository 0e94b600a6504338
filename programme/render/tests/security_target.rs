//! A Security Target for people: everything of it stands in it, in the profile's chapters, and what is open is seen.

mod support;

use dtsec_model::security_target::{NoteApplied, Passage, SecurityTarget, Struck};
use dtsec_model::{canonical, catalogue, operations::Value};
use dtsec_render::doc::{Content, Role};
use dtsec_render::{Doc, Options, RenderError, Variant, docx, security_target};
use std::collections::BTreeSet;
use support::{
    full, one_line, page, parts, profile, reference, reference_value, sanitised, seen, well_formed, words,
};

fn anchors_and_links(page: &str) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let after = |mark: &'static str| {
        page.split(mark).skip(1).map(|rest| rest.split('"').next().unwrap()).collect::<BTreeSet<_>>()
    };
    (after(" id=\""), after("href=\"#"))
}

#[test]
fn every_requirement_note_objective_and_threat_of_the_reference_platform_stands_in_both_variants() {
    let target = reference();
    for doc in [full(&target), sanitised(&target)] {
        let page = page(&doc);
        let text = seen(&page);
        for claim in &target.requirements {
            let title = &catalogue::sfr(&claim.id).unwrap().title;
            assert!(text.contains(&**title) && text.contains(&claim.id), "{}", claim.name());
            let wanted = claim.iteration.as_ref().map(|iteration| format!("{title} – {iteration}"));
            assert!(wanted.is_none_or(|wanted| text.contains(&one_line(&wanted))), "{}", claim.name());
            for value in claim.values.values() {
                assert!(
                    value.texts().iter().all(|one| text.contains(&one_line(one))),
                    "{}: {value:?}",
                    claim.name()
                );
            }
            if let Some(lacks) = &claim.not_yet_met {
                assert!(text.contains(&one_line(lacks)), "{}", claim.name());
            }
        }
        for one in &target.notes {
            let note = profile().all_notes().find(|note| note.id == one.note).unwrap();
            assert!(text.contains(&one_line(&note.text)), "{}", note.id);
        }
        for objective in &target.objectives {
            assert!(page.contains(&format!("id=\"objective-{}\"", objective.id)), "{}", objective.id);
            for place in &objective.guidance {
                assert!(text.contains(&one_line(&place.section)), "{}", objective.id);
            }
        }
        for threat in &profile().threats {
            assert!(
                text.contains(threat.id.name()) && text.contains(&one_line(&threat.text)),
                "{}",
                threat.id.name()
            );
        }
        for passage in &target.passages {
            assert!(text.contains(&one_line(&passage.text)), "{}", passage.section);
        }
    }
}

#[test]
fn every_sentence_of_the_security_target_stands_in_the_full_variant() {
    fn texts(value: &serde_json::Value, path: &str, found: &mut Vec<(String, String)>) {
        match value {
            serde_json::Value::String(text) => found.push((path.to_owned(), text.clone())),
            serde_json::Value::Array(items) => items.iter().for_each(|item| texts(item, path, found)),
            serde_json::Value::Object(members) => {
                members.iter().for_each(|(name, member)| texts(member, &format!("{path}/{name}"), found));
            }
            _ => {}
        }
    }
    let text = seen(&page(&full(&reference())));
    let mut all = Vec::new();
    texts(&reference_value(), "", &mut all);
    let sentences: Vec<_> = all.iter().filter(|(_, text)| text.split_whitespace().count() > 3).collect();
    assert!(sentences.len() > 100, "the control: there is something to look for");
    for (path, sentence) in sentences {
        assert!(text.contains(&one_line(sentence)), "{path}: {sentence}");
    }
}

#[test]
fn the_title_page_names_product_version_date_organisation_sesip_profile_and_digest() {
    let target = reference();
    let text = seen(&page(&full(&target)));
    let title = text.split("Contents").next().unwrap();
    let digest = canonical::digest(&target).unwrap();
    for wanted in [
        "Security Target",
        &target.title,
        &target.version,
        "Reference BGM",
        "2026-",
        &target.organisation,
        "GPT_SPE_151",
        "0.0.0.9",
        "SESIP3",
        &digest,
    ] {
        assert!(title.contains(&*one_line(wanted)), "{wanted}");
    }
}

#[test]
fn claims_that_are_not_met_yet_are_told_on_the_title_page_in_the_contents_and_at_the_claim() {
    let target = reference();
    let unmet = target.requirements.iter().filter(|claim| claim.not_yet_met.is_some()).count();
    assert!(unmet > 0, "the reference platform's Security Target is ahead of it");
    let doc = full(&target);
    let text = seen(&page(&doc));
    let total = target.requirements.len();
    assert!(text.contains(&format!("{unmet} of the {total} claims in this Security Target are not met")));
    let headings = doc.contents(4).filter(|one| one.line[0].text.as_str().ends_with("(not met yet)")).count();
    assert_eq!(headings, unmet);
    assert_eq!(text.matches("Not met by this version of the platform").count(), unmet);
    let mut met = target;
    met.requirements.iter_mut().for_each(|claim| claim.not_yet_met = None);
    let text = seen(&page(&full(&met)));
    assert!(
        !text.contains("claims in this Security Target are not met") && !text.contains("Not met by"),
        "the control"
    );
}

#[test]
fn chapters_have_the_profiles_numbers_and_the_first_may_go_but_its_references_stay() {
    let target = reference();
    let numbers = |doc: &Doc| -> Vec<String> {
        doc.contents(1).filter_map(|heading| heading.number.as_ref()).map(ToString::to_string).collect()
    };
    let doc = full(&target);
    assert_eq!(numbers(&doc), ["1", "2", "3", "4", "5", "6"]);
    for requirement in profile().requirements.iter().filter(|one| target.claims(&one.id).next().is_some()) {
        let found = doc
            .contents(3)
            .any(|heading| heading.number.as_ref().is_some_and(|n| n.as_str() == requirement.section));
        assert!(found, "{}", requirement.section);
    }
    let options = Options { variant: Variant::Confidential, introduction: false };
    let doc = security_target(&target, profile(), options).unwrap();
    assert_eq!(numbers(&doc), ["2", "3", "4", "5", "6"]);
    assert!(page(&doc).contains("id=\"section-references\""));
}

#[test]
fn every_cross_reference_leads_somewhere_and_no_place_has_two_of_one_name() {
    for doc in [full(&reference()), sanitised(&reference())] {
        let page = page(&doc);
        let (anchors, links) = anchors_and_links(&page);
        assert!(links.len() > 50, "the control: {}", links.len());
        assert_eq!(links.difference(&anchors).collect::<Vec<_>>(), Vec::<&&str>::new());
        assert_eq!(page.matches(" id=\"").count(), anchors.len());
    }
}

#[test]
fn the_sanitised_variant_has_no_rationale_and_nothing_internal_and_says_so() {
    let target = reference();
    let (all, public) = (seen(&page(&full(&target))), seen(&page(&sanitised(&target))));
    let mut hidden: Vec<&str> = Vec::new();
    for claim in &target.requirements {
        hidden.extend([claim.rationale.implementation.as_str(), &claim.rationale.assessment]);
    }
    hidden.extend(target.threats.iter().map(|trace| trace.rationale.as_str()));
    hidden.extend(target.assurance.sufficiency.iter().map(|one| one.rationale.as_str()));
    hidden.extend(target.life_cycle.transitions.iter().map(|one| one.secured_by.as_str()));
    hidden.extend([
        target.assurance.flaw_remediation.procedure.as_str(),
        &target.life_cycle.key_provisioning.description,
    ]);
    for text in hidden {
        let text = one_line(text);
        assert!(all.contains(&text), "the control: {text}");
        assert!(!public.contains(&text), "{text}");
    }
    assert!(
        public.contains("Security Target – sanitised version")
            && public.contains("Sanitised from the document with digest")
    );
    assert!(!all.contains("sanitised"), "the control");
}

#[test]
fn what_the_profile_fixed_is_bold_what_is_given_italic_and_what_is_missing_marked() {
    let mut target = reference();
    let claim =
        target.requirements.iter_mut().find(|claim| claim.id == "secure-initialization-of-platform").unwrap();
    claim.values.insert("controlled-states".to_owned(), Value::Text("state <b>".to_owned()));
    let statement = |target: &SecurityTarget| {
        let doc = full(target);
        let key = "secure-initialization-of-platform statement";
        let block = doc.body.into_iter().find(|block| block.key == key).unwrap();
        match block.content {
            Content::Paragraph(line) => line,
            other => panic!("{other:?}"),
        }
    };
    let roles =
        |target: &SecurityTarget| statement(target).into_iter().map(|run| run.role).collect::<Vec<_>>();
    assert_eq!(
        roles(&target),
        [Role::Plain, Role::Missing, Role::Plain],
        "a value with `<` is not filled in"
    );
    assert_eq!(roles(&reference()), [Role::Plain, Role::Given, Role::Plain], "the control");
    target.requirements.iter_mut().for_each(|claim| claim.values.clear());
    let doc = full(&target);
    let open = doc.missing();
    assert!(open > 0 && seen(&page(&doc)).contains("<list of controlled states>"));
    assert!(seen(&page(&doc)).contains(&format!("{open} places are not filled in")));
    // The summary on the title page is no place to be filled in; an optional word keeps the space behind it.
    assert!(seen(&page(&doc)).contains("its <confidentiality,> integrity"));
}

#[test]
fn a_struck_requirement_stays_readable_struck_through_with_its_argument() {
    let mut target = reference();
    let claim = target.requirements.iter_mut().find(|claim| claim.id == "secure-debugging").unwrap();
    claim.not_yet_met = None;
    claim.struck = Some(Struck {
        argument: "There is no debugging after delivery.".into(),
        objective: Some("disable-debug".into()),
    });
    let page = page(&full(&target));
    let at = page.find("Secure Debugging (struck through)</h4>").expect("the heading says it");
    let section = &page[at..][..3000];
    assert!(section.contains("<s>") && section.contains("There is no debugging after delivery."));
    assert!(section.contains("href=\"#objective-disable-debug\""));
    assert!(!support::page(&full(&reference())).contains("(struck through)</h4>"), "the control");
}

#[test]
fn nothing_is_dropped_that_has_no_place_in_the_profile() {
    let mut target = reference();
    target.passages.push(Passage { section: "9.9".into(), text: "A passage of nowhere.".into() });
    let note = NoteApplied {
        note: "unknown-1".into(),
        text: Some("A note of nowhere.".into()),
        applied: "Somehow.".into(),
    };
    target.notes.push(note);
    let claim = target.requirements.last_mut().unwrap();
    claim.values.insert("stray".into(), Value::Text("A value of nowhere.".into()));
    let text = seen(&page(&full(&target)));
    for wanted in ["A passage of nowhere.", "A note of nowhere.", "A value of nowhere."] {
        assert!(text.contains(wanted), "{wanted}");
    }
}

#[test]
fn another_profile_than_the_claimed_one_is_refused() {
    let mut other = profile().clone();
    other.id = "another".into();
    let refused = security_target(&reference(), &other, Options::default()).unwrap_err();
    assert!(matches!(refused, RenderError::OtherProfile { .. }));
    assert!(refused.to_string().contains("give the profile that it claims"), "{refused}");
    assert!(security_target(&reference(), profile(), Options::default()).is_ok(), "the control");
}

#[test]
fn the_official_wording_and_its_digest_stand_in_it_where_an_imported_profile_is_given() {
    let mut official = profile().clone();
    official.wording = dtsec_model::profile::Wording::Official { sha256: "ab".repeat(32) };
    official.requirements[0].statement =
        serde_json::from_str(r#"["The wording as it is ", {"fixed": "published"}, "."]"#).unwrap();
    let imported = page(&security_target(&reference(), &official, Options::default()).unwrap());
    assert!(
        imported.contains("The wording as it is <b class=\"fixed\">published</b>."),
        "fixed by the profile: bold"
    );
    assert!(imported.contains(&"ab".repeat(32)) && !imported.contains("Not the official wording"));
    assert!(page(&full(&reference())).contains("Not the official wording"), "the control");
}

#[test]
fn the_file_for_word_processors_has_styles_headings_contents_header_rows_and_page_numbers() {
    let target = reference();
    let doc = full(&target);
    let parts = parts(&docx::write(&doc).unwrap());
    for (name, part) in &parts {
        well_formed(name, part).unwrap();
    }
    let document = &parts["word/document.xml"];
    for heading in doc.contents(4) {
        let style = format!("w:val=\"Heading{}\"", heading.level);
        assert!(
            document.contains(&style)
                && parts["word/styles.xml"].contains(&format!("w:styleId=\"Heading{}\"", heading.level))
        );
    }
    assert!(document.contains("TOC \\o") && document.contains("PAGEREF"), "contents are a field");
    let tables = doc.body.iter().filter(|block| matches!(block.content, Content::Table(_))).count();
    assert_eq!(document.matches("<w:tblHeader />").count(), tables);
    let digest = canonical::digest(&target).unwrap();
    let footer = &parts["word/footer1.xml"];
    assert!(footer.contains(&digest) && footer.contains("NUMPAGES") && footer.contains("PAGE"), "{footer}");
    assert!(parts["word/header1.xml"].contains("PUBLIC"));
    assert!(parts["docProps/core.xml"].contains("<dc:title>"));
    let text = words(document);
    for claim in &target.requirements {
        assert!(text.contains(claim.rationale.implementation.trim()), "{}", claim.name());
    }
    let named = |mark: &str| -> BTreeSet<String> {
        document.split(mark).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    let (links, marks) = (named("w:anchor=\""), named("w:name=\""));
    assert!(links.len() > 50 && links.is_subset(&marks), "{:?}", links.difference(&marks));
    assert!(
        marks
            .iter()
            .all(|name| name.len() <= 40 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
    );
}

#[test]
fn a_confidential_security_target_says_so_on_every_page() {
    let mut value = reference_value();
    value["confidentiality"] = "confidential".into();
    let target: SecurityTarget = serde_json::from_value(value).unwrap();
    let parts_of = |doc: &Doc| parts(&docx::write(doc).unwrap());
    assert!(parts_of(&full(&target))["word/header1.xml"].contains("CONFIDENTIAL"));
    assert!(page(&full(&target)).contains("<span class=\"mark\">CONFIDENTIAL"));
    assert!(!parts_of(&sanitised(&target))["word/header1.xml"].contains("CONFIDENTIAL"), "the control");
}
