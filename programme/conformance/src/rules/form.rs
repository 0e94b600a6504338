//! Rules for the document as such: nothing left open, title page, versions, dates, sections.

use crate::context::{Context, open, token};
use crate::finding::Found;
use crate::rule::{Rule, Severity};
use serde_json::Value;
use std::collections::HashSet;

pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "no-placeholder",
        clause: "GPT_SPE_151 1 (usage); requirements 2.5; T3",
        title: "Nothing is left in angle brackets",
        explanation: "The profile speaks to the writer in angle brackets: such a place is to be filled in, or the note obeyed, \
                      and the brackets go. A finished Security Target has no `<` anywhere.",
        remedy: "Fill the place in, or obey the note and remove it; in plain text write \"less than\" for the sign.",
        severity: Severity::Error,
        check: no_placeholder,
    },
    Rule {
        id: "title-page-complete",
        clause: "GP_FST_070 Annex D 1; GPT_SPE_151 2.1; T6",
        title: "The title page names title, organisation and SESIP version",
        explanation: "An evaluation refers to a Security Target by what stands on its title page.",
        remedy: "Fill in `title`, `organisation` and `sesip-version`.",
        severity: Severity::Error,
        check: title_page_complete,
    },
    Rule {
        id: "version-form",
        clause: "GPT_SPE_151 1.6; T5",
        title: "The version is n.n or n.n.n",
        explanation: "`n.0` is a major version, `n.n` a minor one, `n.n.n` maintenance: a reader sees from the number how much \
                      changed.",
        remedy: "Write the version as two or three numbers with dots, as `1.0` or `1.2.1`.",
        severity: Severity::Error,
        check: version_form,
    },
    Rule {
        id: "date-said",
        clause: "GP_FST_070 Annex D 1; GPT_SPE_151 2.1; T6",
        title: "The Security Target has a date",
        explanation: "Approval, evaluation and listing are put in order by it.",
        remedy: "Set `date` to the day of this version, as yyyy-mm-dd.",
        severity: Severity::Error,
        check: date_said,
    },
    Rule {
        id: "dates-in-order",
        clause: "GP_FST_070 Annex D 2",
        title: "Other certificates are not from after the Security Target",
        explanation: "A Security Target cannot refer to a certificate that was not given yet.",
        remedy: "Correct the date of the certificate, or that of the Security Target.",
        severity: Severity::Error,
        check: dates_in_order,
    },
    Rule {
        id: "certificate-complete",
        clause: "GP_FST_070 Annex D 2",
        title: "Another certificate is given with scheme, body and number",
        explanation: "Without them nobody can look the certificate up.",
        remedy: "Fill in `scheme`, `body` and `number`, or remove the certificate.",
        severity: Severity::Error,
        check: certificate_complete,
    },
    Rule {
        id: "profile-claimed",
        clause: "GPT_SPE_151 2.1, 2.4",
        title: "The profile that is claimed is the one it is held against",
        explanation: "Conformance is to one version of one profile; another version may ask for something else.",
        remedy: "Set `profile` to id, reference and version of the profile, or check against the profile that is meant.",
        severity: Severity::Error,
        check: profile_claimed,
    },
    Rule {
        id: "ids-distinct",
        clause: "CC Part 1, iteration; house rule of the data model",
        title: "No two entries of a list have one id",
        explanation: "What refers to an id must mean one thing.",
        remedy: "Rename one of the two, or remove it.",
        severity: Severity::Error,
        check: ids_distinct,
    },
    Rule {
        id: "section-kept",
        clause: "GPT_SPE_151 1 (usage), 2 to 6; GP_FST_070 Annex D; T1",
        title: "No section is dropped but those that may go",
        explanation: "Chapter 1 of the profile may go; what chapters 2 to 6 ask for must be there.",
        remedy: "Say what the section asks for.",
        severity: Severity::Error,
        check: section_kept,
    },
    Rule {
        id: "passage-placed",
        clause: "GPT_SPE_151, structure; T1",
        title: "A passage stands under a section of the profile",
        explanation: "A Security Target has the profile's sections; a passage elsewhere has no reader.",
        remedy: "Set `section` to a number of the profile and say something there, or remove the passage.",
        severity: Severity::Error,
        check: passage_placed,
    },
    Rule {
        id: "reference-edition",
        clause: "GPT_SPE_151 1.3; T4",
        title: "A document that the profile dates is cited in that edition",
        explanation: "Where the profile names an edition, that one applies; elsewhere the latest does.",
        remedy: "Cite the profile's edition; that of this profile stands in its references.",
        severity: Severity::Error,
        check: reference_edition,
    },
];

fn no_placeholder(context: &Context<'_>, found: &mut Found) {
    // The types of the model have string keys and no failing serializers.
    let json = serde_json::to_value(context.target).unwrap_or_default();
    walk(&json, &mut String::new(), found);
}

fn walk(value: &Value, pointer: &mut String, found: &mut Found) {
    let length = pointer.len();
    match value {
        Value::String(text) if open(text) => {
            found.at(pointer.clone(), text, "something in angle brackets is left");
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                pointer.push_str(&format!("/{at}"));
                walk(item, pointer, found);
                pointer.truncate(length);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                pointer.push('/');
                pointer.push_str(&token(name));
                walk(member, pointer, found);
                pointer.truncate(length);
            }
        }
        _ => {}
    }
}

fn title_page_complete(context: &Context<'_>, found: &mut Found) {
    let target = context.target;
    found.unless_said("/title", &target.title, "title");
    found.unless_said("/organisation", &target.organisation, "organisation");
    found.unless_said("/sesip-version", &target.sesip_version, "version of SESIP");
}

fn version_form(context: &Context<'_>, found: &mut Found) {
    let version = &context.target.version;
    let numbers: Vec<&str> = version.split('.').collect();
    let number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let well_formed = (2..=3).contains(&numbers.len()) && numbers.iter().all(number);
    if !open(version) && !well_formed {
        found.at("/version", version, "this is no version of the form n.n or n.n.n");
    }
}

fn date_said(context: &Context<'_>, found: &mut Found) {
    if context.target.date.is_none() {
        found.at("/date", "", "the Security Target has no date");
    }
}

fn dates_in_order(context: &Context<'_>, found: &mut Found) {
    let Some(date) = context.target.date else { return };
    for (at, other) in context.target.other_certifications.iter().enumerate() {
        if other.date > date {
            let message = format!("the certificate is from after the Security Target of {date}");
            found.at(format!("/other-certifications/{at}/date"), other.date, message);
        }
    }
}

fn certificate_complete(context: &Context<'_>, found: &mut Found) {
    for (at, other) in context.target.other_certifications.iter().enumerate() {
        let place = format!("/other-certifications/{at}");
        found.unless_said(format!("{place}/scheme"), &other.scheme, "scheme of the certificate");
        found.unless_said(format!("{place}/body"), &other.body, "body that gave the certificate");
        found.unless_said(format!("{place}/number"), &other.number, "number of the certificate");
    }
}

fn profile_claimed(context: &Context<'_>, found: &mut Found) {
    let (claimed, profile) = (&context.target.profile, context.profile);
    for (name, there, wanted) in [
        ("id", &claimed.id, &profile.id),
        ("reference", &claimed.reference, &profile.reference),
        ("version", &claimed.version, &profile.version),
    ] {
        if there != wanted && !open(there) {
            found.at(format!("/profile/{name}"), there, format!("it is held against {wanted}"));
        }
    }
}

fn ids_distinct(context: &Context<'_>, found: &mut Found) {
    let target = context.target;
    let mut list = |place: &str, known: &[&String], ids: Vec<String>| {
        let mut seen: HashSet<&String> = known.iter().copied().collect();
        for (at, id) in ids.iter().enumerate().filter(|(_, id)| !open(id)) {
            if !seen.insert(id) {
                found.at(format!("{place}/{at}"), id, format!("`{id}` is there already"));
            }
        }
    };
    let of = |ids: &mut dyn Iterator<Item = &String>| ids.cloned().collect::<Vec<_>>();
    let guidance: Vec<&String> = target.guidance.iter().map(|document| &document.id).collect();
    list("/guidance", &[], of(&mut guidance.iter().copied()));
    // Guidance and the other documents are cited alike.
    list("/documents", &guidance, of(&mut target.documents.iter().map(|document| &document.id)));
    list("/references", &[], of(&mut target.references.iter().map(|reference| &reference.id)));
    list("/platform/parts", &[], of(&mut target.platform.parts.iter().map(|part| &part.name)));
    list("/objectives", &[], of(&mut target.objectives.iter().map(|objective| &objective.id)));
    let life_cycle = &target.life_cycle;
    list("/life-cycle/phases", &[], of(&mut life_cycle.phases.iter().map(|phase| &phase.name)));
    for (at, phase) in life_cycle.phases.iter().enumerate() {
        list(&format!("/life-cycle/phases/{at}/states"), &[], phase.states.clone());
    }
    list("/life-cycle/roots-of-trust", &[], of(&mut life_cycle.roots_of_trust.iter().map(|root| &root.name)));
    list("/threats", &[], target.threats.iter().map(|trace| trace.threat.name().to_owned()).collect());
    list(
        "/assurance/sufficiency",
        &[],
        of(&mut target.assurance.sufficiency.iter().map(|row| &row.component)),
    );
    list("/notes", &[], of(&mut target.notes.iter().map(|note| &note.note)));
}

fn section_kept(context: &Context<'_>, found: &mut Found) {
    let target = context.target;
    let overview = &target.overview;
    let said = |text: &str| !text.trim().is_empty();
    for (section, pointer, there, what) in [
        ("2.3", "/guidance", !target.guidance.is_empty(), "the manuals for preparation and operation"),
        ("2.4", "/documents", !target.documents.is_empty(), "the documents that the level needs"),
        ("2.2", "/platform/type", said(&target.platform.platform_type), "what kind of platform it is"),
        ("3.1", "/overview/definition", said(&overview.definition), "what the platform is made of"),
        ("3.1", "/overview/functional", said(&overview.functional), "what the platform does"),
        ("3.1", "/overview/physical-scope", said(&overview.physical_scope), "where the platform ends"),
        ("3.1", "/overview/in-scope", !overview.in_scope.is_empty(), "what belongs to the platform"),
        (
            "3.1",
            "/overview/out-of-scope",
            !overview.out_of_scope.is_empty(),
            "what does not belong to the platform",
        ),
        ("3.2", "/use-case/environment", said(&target.use_case.environment), "the conditions of secure use"),
        ("3.5", "/overview/features", !overview.features.is_empty(), "the main security features"),
    ] {
        let removable =
            context.profile.sections.iter().any(|known| known.number == section && known.removable);
        if !there && !removable {
            found.at(pointer, "", format!("section {section} may not be dropped: {what}"));
        }
    }
}

fn passage_placed(context: &Context<'_>, found: &mut Found) {
    for (at, passage) in context.target.passages.iter().enumerate() {
        let known = context.profile.sections.iter().any(|section| section.number == passage.section);
        if !known && !open(&passage.section) {
            let message = "the profile has no section of this number";
            found.at(format!("/passages/{at}/section"), &passage.section, message);
        }
        found.unless_said(format!("/passages/{at}/text"), &passage.text, "passage");
    }
}

fn reference_edition(context: &Context<'_>, found: &mut Found) {
    for (at, reference) in context.target.references.iter().enumerate() {
        let dated = context.profile.references.iter().find(|other| other.id == reference.id);
        let (Some(there), Some(wanted)) =
            (&reference.edition, dated.and_then(|other| other.edition.as_ref()))
        else {
            continue;
        };
        if there != wanted && !open(there) {
            let message = format!("the profile cites the edition \"{wanted}\"");
            found.at(format!("/references/{at}/edition"), there, message);
        }
    }
}
