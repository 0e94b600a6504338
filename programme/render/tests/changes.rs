//! Change marks between two versions, and what a small document looks like.

mod support;

use dtsec_model::security_target::SecurityTarget;
use dtsec_render::doc::{Block, Change, Content, Doc, Role, Run, plain};
use dtsec_render::{Text, changes, docx};
use support::{full, page, parts, reference, seen, well_formed, words};

fn small(version: &str, body: Vec<(&str, &str)>) -> Doc {
    let block = |(key, text): (&str, &str)| Block {
        key: key.into(),
        change: None,
        content: Content::Paragraph(vec![plain(text)]),
    };
    Doc {
        kind: "Sample".into(),
        title: "Small & <simple>".into(),
        author: "Maker".into(),
        date: None,
        version: version.into(),
        digest: "00".into(),
        mark: "PUBLIC".into(),
        banner: None,
        facts: Vec::new(),
        front: Vec::new(),
        body: body.into_iter().map(block).collect(),
    }
}

fn main_part(doc: &Doc) -> String {
    let page = page(doc);
    let main = page.split("<main id=\"content\">").nth(1).unwrap().split("</main>").next().unwrap();
    main.lines().filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn words_and_blocks_that_came_and_went_are_marked_and_nothing_else() {
    let old = small("1.0", vec![("a", "The same."), ("b", "Ten old words."), ("c", "It goes.")]);
    let new = small("1.1", vec![("a", "The same."), ("b", "Ten new words."), ("d", "It comes.")]);
    let (marked, found) = changes::mark(&old, new);
    assert_eq!((found.added, found.removed, found.changed), (1, 1, 1));
    assert_eq!(
        main_part(&marked),
        "<p class=\"text\" dir=\"auto\">The same.</p>\n\
         <p class=\"text change changed\" dir=\"auto\">Ten<del class=\"gone\"> old</del><ins> new</ins> words.</p>\n\
         <p class=\"text change removed\" dir=\"auto\"><del class=\"gone\">It goes.</del></p>\n\
         <p class=\"text change added\" dir=\"auto\"><ins>It comes.</ins></p>"
    );
    assert!(page(&marked).contains("Since version 1.0: 1 added, 1 removed, 1 changed."));
    let file = parts(&docx::write(&marked).unwrap());
    let document = &file["word/document.xml"];
    well_formed("document", document).unwrap();
    assert!(words(document).contains("Ten old new words.") && document.contains("w:dstrike"));
}

#[test]
fn a_version_that_says_the_same_has_no_marks() {
    let (marked, found) = changes::mark(&full(&reference()), full(&reference()));
    assert_eq!(found, changes::Changes::default());
    assert!(!page(&marked).contains("<ins>") && !page(&marked).contains("<del"));
}

#[test]
fn changes_of_a_security_target_are_marked_where_they_are_read() {
    let old = reference();
    let mut new: SecurityTarget = old.clone();
    new.version = "0.2".into();
    new.objectives.remove(0);
    let claim = new.requirements.iter_mut().find(|claim| claim.id == "secure-debugging").unwrap();
    claim.not_yet_met = None;
    claim.rationale.implementation.push_str(" And one more word.");
    let mut added = new.requirements.last().unwrap().clone();
    added.id = "secure-update-of-application".into();
    new.requirements.push(added);
    let (marked, found) = changes::mark(&full(&old), full(&new));
    assert!(found.added > 0 && found.removed > 0 && found.changed > 0, "{found:?}");
    let html = page(&marked);
    assert!(html.contains("<ins> And one more word.</ins>"));
    let change = |key: &str| marked.body.iter().find(|block| block.key.starts_with(key)).unwrap().change;
    assert_eq!(change("secure-debugging unmet"), Some(Change::Removed));
    assert_eq!(change("secure-update-of-application statement"), Some(Change::Added));
    assert_eq!(change("secure-trusted-storage statement"), None, "the control");
    let gone = marked.body.iter().find_map(|block| match &block.content {
        Content::Table(table) => table.rows.iter().find(|row| row.key == "follow-guidance"),
        _ => None,
    });
    assert_eq!(gone.and_then(|row| row.change), Some(Change::Removed));
    let ids: Vec<&str> = html.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let unique: std::collections::BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(unique.len(), ids.len(), "what is gone is no place any more");
    for (name, part) in parts(&docx::write(&marked).unwrap()) {
        well_formed(&name, &part).unwrap();
    }
    let seen = seen(&html);
    assert!(seen.contains("Removed: follow-guidance"), "told to those who do not see the bar");
}

#[test]
fn a_small_document_is_written_as_expected() {
    let mut doc = small("1.0", vec![("a", "x < y & z")]);
    let role = |role, text: &str| Run::new(role, text);
    doc.body.push(Block {
        key: "roles".into(),
        change: None,
        content: Content::Paragraph(vec![
            role(Role::Fixed, "fixed"),
            role(Role::Given, "given"),
            role(Role::Missing, "<prompt>"),
            Run { struck: true, ..plain("gone") },
        ]),
    });
    assert_eq!(
        main_part(&doc),
        "<p class=\"text\" dir=\"auto\">x &#60; y &#38; z</p>\n\
         <p class=\"text\" dir=\"auto\"><b class=\"fixed\">fixed</b><i class=\"given\"><bdi>given</bdi></i>\
         <mark class=\"missing\"><bdi>&#60;prompt&#62;</bdi></mark><s>gone</s></p>"
    );
    assert!(page(&doc).contains("<title>Small &#38; &#60;simple&#62; – Sample, version 1.0</title>"));
    let file = parts(&docx::write(&doc).unwrap());
    assert!(file["docProps/core.xml"].contains("<dc:title>Small &amp; &lt;simple&gt; – Sample</dc:title>"));
    let document = &file["word/document.xml"];
    for style in ["FixedByProfile", "GivenByTarget", "MissingText"] {
        assert!(document.contains(&format!("<w:rStyle w:val=\"{style}\" />")), "{document}");
        assert!(file["word/styles.xml"].contains(&format!("w:styleId=\"{style}\"")));
    }
    assert_eq!(Text::new("x").as_str(), "x");
}
