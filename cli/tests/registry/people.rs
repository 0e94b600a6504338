//! Who takes part.

/// Id and kind.
pub(crate) const ORGANISATIONS: [(&str, &str); 3] =
    [("north", "lab"), ("alpha", "developer"), ("beta", "developer")];

const DWG: &[&str] = &["dwg-scope", "dwg-profiles", "dwg-assurance"];

/// Person, organisation, roles. `root` is there from the beginning.
pub(crate) const PEOPLE: [(&str, &str, &[&str]); 8] = [
    ("dirk", "dwg", DWG),
    // A third member, with an interest in a lab.
    ("dina", "dwg", DWG),
    ("otto", "dwg", &["auditor"]),
    ("nora", "north", &["lab-evaluator", "lab-quality"]),
    ("ann", "alpha", &["developer"]),
    // Answers for a lab that a developer has himself.
    ("lea", "alpha", &["lab-evaluator", "lab-quality"]),
    ("bob", "beta", &["developer"]),
    ("pat", "beta", &[]),
];
