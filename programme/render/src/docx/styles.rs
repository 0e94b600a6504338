//! The styles of the file. Headings have the ids that word processors know, so that navigation and contents work.

use super::BULLETS;
use docx_rs::{
    AbstractNumbering, Docx, Level, LevelJc, LevelText, LineSpacing, NumberFormat, Numbering, RunFonts,
    SpecialIndentType, Start, Style, StyleType,
};

const SOFT: &str = "5B6570";
const LINK: &str = "0B57A4";

/// Puts fonts, styles and the numbering of lists into a file.
pub(super) fn put(docx: Docx) -> Docx {
    let fonts = RunFonts::new().ascii("Calibri").hi_ansi("Calibri").east_asia("Calibri").cs("Arial");
    let docx = docx
        .default_fonts(fonts)
        .default_size(21)
        .add_abstract_numbering(
            AbstractNumbering::new(BULLETS).add_level(
                Level::new(
                    0,
                    Start::new(1),
                    NumberFormat::new("bullet"),
                    LevelText::new("•"),
                    LevelJc::new("left"),
                )
                .indent(Some(500), Some(SpecialIndentType::Hanging(250)), None, None),
            ),
        )
        .add_numbering(Numbering::new(BULLETS, BULLETS));
    all().into_iter().fold(docx, Docx::add_style)
}

fn all() -> Vec<Style> {
    let spaced = |before: u32, after: u32| LineSpacing::new().before(before).after(after);
    let paragraph = |id: &str, name: &str, based: &str| {
        let style = Style::new(id, StyleType::Paragraph).name(name);
        if based.is_empty() { style } else { style.based_on(based) }
    };
    let run = |id: &str, name: &str| Style::new(id, StyleType::Character).name(name);
    let heading = |level: usize, size: usize, before: u32| {
        let mut style = paragraph(&format!("Heading{level}"), &format!("heading {level}"), "Normal")
            .next("BodyText")
            .size(size)
            .bold()
            .outline_lvl(level - 1)
            .line_spacing(spaced(before, 120));
        style.paragraph_property = style.paragraph_property.keep_next(true);
        style
    };
    let contents = |level: usize, left: i32| {
        paragraph(&format!("TOC{level}"), &format!("toc {level}"), "Normal")
            .indent(Some(left), None, None, None)
            .line_spacing(spaced(if level == 1 { 100 } else { 0 }, 20))
    };
    vec![
        paragraph("Normal", "Normal", "").line_spacing(spaced(0, 0)),
        paragraph("BodyText", "Body Text", "Normal").line_spacing(spaced(0, 140).line(276)),
        paragraph("Title", "Title", "Normal").size(52).bold().line_spacing(spaced(0, 480)),
        paragraph("Subtitle", "Subtitle", "Normal").size(28).color(SOFT).line_spacing(spaced(2400, 120)),
        paragraph("Banner", "Banner", "Normal").size(36).bold().color("A3161F").line_spacing(spaced(600, 0)),
        heading(1, 34, 0),
        heading(2, 28, 360),
        heading(3, 24, 300),
        heading(4, 22, 240),
        // Not a heading: it must not stand in the contents.
        paragraph("ContentsTitle", "Contents Title", "Normal").size(34).bold().line_spacing(spaced(0, 240)),
        contents(1, 0).bold(),
        contents(2, 300),
        contents(3, 600),
        paragraph("Caption", "caption", "Normal").size(19).color(SOFT).line_spacing(spaced(180, 80)),
        paragraph("TableHead", "Table Head", "Normal")
            .size(19)
            .bold()
            .color(SOFT)
            .line_spacing(spaced(20, 20)),
        paragraph("TableText", "Table Text", "Normal").size(19).line_spacing(spaced(20, 40)),
        paragraph("ListBullet", "List Bullet", "Normal").line_spacing(spaced(0, 60)),
        paragraph("Term", "Term", "Normal").bold().color(SOFT).line_spacing(spaced(100, 20)),
        paragraph("Definition", "Definition", "Normal")
            .indent(Some(400), None, None, None)
            .line_spacing(spaced(0, 100).line(276)),
        paragraph("Gap", "Gap", "Normal").size(8).line_spacing(spaced(0, 60)),
        paragraph("Header", "header", "Normal").size(16).color(SOFT),
        paragraph("Footer", "footer", "Normal").size(16).color(SOFT),
        run("Strong", "Strong").bold(),
        run("FixedByProfile", "Fixed by the profile").bold(),
        run("GivenByTarget", "Given by the Security Target").italic(),
        run("MissingText", "To be filled in").highlight("yellow").bold(),
        run("CodeText", "Code").fonts(RunFonts::new().ascii("Consolas").hi_ansi("Consolas").cs("Consolas")),
        run("CrossReference", "Cross Reference").color(LINK).underline("single"),
    ]
}
