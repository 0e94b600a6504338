//! Chapter 2: the Security Target, the platform, the guidance, the other documents.

use super::Writing;
use crate::doc::{Row, code, link, missing, plain, strong};
use crate::layout::{anchored, cell, row, said};
use crate::text::Anchor;
use dtsec_model::security_target::{GuidanceDocument, PartKind, PlatformRole};

impl Writing<'_> {
    pub(super) fn identification(&mut self, digest: &str) {
        self.section("2", "Identification");
        self.section("2.1", "Identification of the Security Target");
        let rows = self.facts(digest).into_iter();
        let title = row("title", vec![cell(strong("Title")), vec![said(&self.target.title, "title")]]);
        let rows = rows.map(|(term, line)| row(term.as_str(), vec![cell(strong(term.as_str())), vec![line]]));
        let rows = std::iter::once(title).chain(rows).collect();
        self.out.table("st", "The Security Target", &[("Item", 35), ("Value", 65)], rows);

        self.section("2.2", "Identification of the Platform");
        self.platform();
        self.section("2.3", "Identification of the Guidance");
        let guidance = documents(&self.target.guidance);
        let columns = [("Cited as", 18), ("Title", 42), ("Version", 15), ("Serves", 25)];
        self.out.table("guidance", "Guidance for preparation and operation", &columns, guidance);
        if self.target.guidance.is_empty() {
            self.out.line("guidance", vec![missing("guidance")]);
        }
        self.section("2.4", "Documentation References");
        if self.is_full() {
            let all = documents(&self.target.documents);
            self.out.table("documents", "Documents for the evaluation", &columns, all);
        } else {
            self.left_out("documents", "The developer's documents for the evaluation");
        }
    }

    fn platform(&mut self) {
        let platform = &self.target.platform;
        if let PlatformRole::Component { device_level } = platform.role {
            let text = format!(
                "The platform is a component, for devices that are evaluated at {}.",
                device_level.name()
            );
            self.out.line("role", vec![plain(text)]);
        }
        let given = platform.identification.iter().map(|one| {
            let title = self.profile.identification.iter().find(|row| row.id == one.row);
            let verified = match &one.verified_in {
                Some(place) => vec![self.place(place)],
                None => cell(missing("where it is told how to see it")),
            };
            let title = title.map_or(&*one.row, |row| &row.title);
            row(&*one.row, vec![cell(strong(title)), vec![said(&one.value, title)], verified])
        });
        let given: Vec<Row> = given.collect();
        let absent =
            self.profile.identification.iter().filter(|row| given.iter().all(|one| one.key != row.id));
        let absent = absent.map(|one| {
            let cells =
                vec![cell(strong(&one.title)), cell(missing(&one.title)), cell(missing("how to see it"))];
            row(&*one.id, cells)
        });
        let rows: Vec<Row> = absent.collect::<Vec<_>>().into_iter().chain(given).collect();
        let columns = [("Item", 25), ("Value, as the device answers", 35), ("How to see it", 40)];
        self.out.table("platform", "Identification of the platform", &columns, rows);
        let declaration = match platform.only_certified_products_identify_so {
            true => {
                plain("The developer declares that only the certified product identifies itself in this way.")
            }
            false => {
                missing("the developer's declaration that only the certified product identifies itself so")
            }
        };
        self.out.line("declaration", vec![declaration]);
        self.parts();
    }

    fn parts(&mut self) {
        let platform = &self.target.platform;
        let rows = platform.parts.iter().map(|part| {
            let what = match part.what {
                PartKind::Hardware => "hardware",
                PartKind::Firmware => "firmware",
                PartKind::Software => "software",
            };
            let mut description = vec![said(&part.description, "what it does")];
            if let Some(protocol) = &part.linked_by {
                description.push(vec![plain(format!("Linked to the other parts by {protocol}."))]);
            }
            let cells = vec![
                vec![vec![strong(&part.name)], vec![plain(what)]],
                vec![said(&part.version, "version")],
                description,
                vec![said(&part.delivery, "how it is delivered")],
            ];
            row(&*part.name, cells)
        });
        let rows = rows.collect();
        let columns = [("Part", 18), ("Version", 12), ("What it does", 40), ("Delivery", 30)];
        self.out.table("parts", "Parts of the platform", &columns, rows);

        let rows = platform.certified_parts.iter().map(|part| {
            let raised =
                part.raised_by.as_deref().map_or_else(|| cell(plain("–")), |why| vec![said(why, "why")]);
            let raised = if self.is_full() { raised } else { cell(plain("left out")) };
            let cells = vec![
                cell(strong(&part.part)),
                vec![said(&part.certificate, "certificate")],
                cell(plain(part.level.name())),
                raised,
            ];
            row(&*part.part, cells)
        });
        let rows = rows.collect();
        let columns = [("Part", 25), ("Certificate", 25), ("Level", 15), ("Why a higher level holds", 35)];
        self.out.table("certified", "Parts with a certificate of their own", &columns, rows);

        let rows = self.target.other_certifications.iter().map(|one| {
            let cells = vec![
                vec![said(&one.scheme, "scheme")],
                vec![said(&one.body, "body")],
                vec![said(&one.number, "number")],
                cell(plain(one.date.to_string())),
            ];
            row(format!("{} {}", one.scheme, one.number), cells)
        });
        let rows = rows.collect();
        let columns = [("Scheme", 30), ("Body", 30), ("Number", 22), ("Date", 18)];
        self.out.table("certifications", "Certificates by other schemes", &columns, rows);
    }
}

fn documents(all: &[GuidanceDocument]) -> Vec<Row> {
    let one = |document: &GuidanceDocument| {
        let serves = if document.serves.is_empty() { "–".to_owned() } else { document.serves.join(", ") };
        let cells = vec![
            cell(code(&document.id)),
            vec![said(&document.title, "title")],
            vec![said(&document.version, "version")],
            cell(plain(serves)),
        ];
        anchored(Anchor::new("document", &document.id), &*document.id, cells)
    };
    all.iter().map(one).collect()
}

impl Writing<'_> {
    /// A cross reference to an objective.
    pub(super) fn objective(&self, id: &str) -> crate::doc::Run {
        link(Anchor::new("objective", id), id)
    }
}
