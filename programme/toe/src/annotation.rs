//! The one form in which a source file says which requirements it implements:
//!
//! ```text
//! //! SFR: factory-reset-of-platform, decommission-of-platform.
//! ```
//!
//! in the documentation at its head; the list ends with a full stop and may go on in the next line.

/// Why the annotation of a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnnotationError {
    /// There are several.
    #[error("line {line}: a second `SFR:` line; put all requirements of the file into one")]
    Twice {
        /// Of the second one.
        line: usize,
    },
    /// The list has no end.
    #[error(
        "line {line}: the list after `SFR:` does not end with a full stop in the documentation at the head of the file"
    )]
    Open {
        /// Where it begins.
        line: usize,
    },
    /// Something that is no id.
    #[error(
        "line {line}: `{found}` after `SFR:` is no id of a requirement; ids are kebab-case, separated by commas"
    )]
    NoId {
        /// Where the list begins.
        line: usize,
        /// What stands there.
        found: String,
    },
}

/// The requirements that a file names; none where it has no annotation.
pub fn read(source: &str) -> Result<Option<Vec<String>>, AnnotationError> {
    let mut found: Option<(usize, String)> = None;
    let mut open = false;
    for (number, line) in (1..).zip(source.lines()) {
        // Attributes and blank lines may stand before and between; code ends the head.
        let Some(text) = line.strip_prefix("//!") else {
            if line.trim().is_empty() || line.starts_with("#!") {
                continue;
            }
            break;
        };
        let text = text.trim();
        let rest = match text.strip_prefix("SFR:") {
            Some(_) if found.is_some() => return Err(AnnotationError::Twice { line: number }),
            Some(rest) => {
                (found, open) = (Some((number, String::new())), true);
                rest
            }
            None => text,
        };
        if let (true, Some((_, list))) = (open, &mut found) {
            let (piece, ends) = rest.split_once('.').map_or((rest, false), |(piece, _)| (piece, true));
            list.push(' ');
            list.push_str(piece);
            open = !ends;
        }
    }
    let Some((line, list)) = found else { return Ok(None) };
    if open {
        return Err(AnnotationError::Open { line });
    }
    let ids: Vec<String> = list.split(',').map(|id| id.trim().to_owned()).collect();
    let is_id = |id: &str| {
        !id.is_empty() && id.bytes().all(|b| b == b'-' || b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    match ids.iter().find(|id| !is_id(id)) {
        Some(found) => Err(AnnotationError::NoId { line, found: found.clone() }),
        None => Ok(Some(ids)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_goes_up_to_the_full_stop_and_over_lines() {
        let source =
            "//! A file.\n//!\n//! SFR: one-thing, another,\n//! third. May use nothing.\n\nuse x;\n";
        assert_eq!(read(source).unwrap().unwrap(), ["one-thing", "another", "third"]);
    }

    #[test]
    fn attributes_may_stand_before_the_head_and_code_ends_it() {
        assert_eq!(read("#![no_std]\n\n//! SFR: one.\n").unwrap().unwrap(), ["one"]);
        assert_eq!(read("//! A file.\nuse x;\n//! SFR: one.\n"), Ok(None));
        assert_eq!(read("//! Serves the SFR: all.\n// SFR: one.\n"), Ok(None), "another form is none");
    }

    #[test]
    fn a_list_that_cannot_be_read_is_told_with_its_line() {
        assert_eq!(read("//! SFR: one.\n//! SFR: two.\n"), Err(AnnotationError::Twice { line: 2 }));
        assert_eq!(read("//!\n//! SFR: one\n//! two\n"), Err(AnnotationError::Open { line: 2 }));
        for bad in ["//! SFR: One.\n", "//! SFR: one,, two.\n", "//! SFR: .\n", "//! SFR: one two.\n"] {
            assert!(matches!(read(bad), Err(AnnotationError::NoId { line: 1, .. })), "{bad}");
        }
    }
}
