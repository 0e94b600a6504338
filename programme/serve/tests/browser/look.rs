//! Pictures of the demonstration's main pages, to be looked at:
//! `DTSEC_PAGES=/tmp/pages cargo test -p dtsec-serve --test browser pictures -- --ignored`.

use crate::house::House;

#[test]
#[ignore = "needs a browser"]
fn pictures_are_taken_of_the_main_pages() {
    let Some(folder) = std::env::var_os("DTSEC_PAGES").map(std::path::PathBuf::from) else { return };
    std::fs::create_dir_all(&folder).unwrap();
    let house = House::of_the_demonstration();
    let pages: &[(&str, &[(&str, &str)])] = &[
        (
            "guest",
            &[
                ("/", "list"),
                ("/entries/alpha-pump", "entry"),
                ("/entries/alpha-meter", "entry-removed"),
                ("/compare?id=alpha-pump&id=beta-sensor&id=alpha-meter", "compare"),
                ("/profiles", "profiles"),
                ("/profiles/cdd-1.1", "profile"),
                ("/labs", "labs"),
                ("/labs/north", "lab"),
                ("/advisories", "advisories"),
                ("/rules", "rules"),
                ("/sign-in", "sign-in"),
                ("/nothing", "nothing"),
            ],
        ),
        (
            "dana",
            &[
                ("/work", "work"),
                ("/work/evaluations", "evaluations"),
                ("/cases/entry/alpha-pump", "case-entry"),
                ("/cases/vulnerability/CVE-2030-1002", "case-vulnerability"),
                ("/people", "people"),
                ("/log", "log"),
                ("/me", "me"),
            ],
        ),
        ("ann", &[("/work", "work-developer"), ("/do/submit-st", "submit-st")]),
        ("nora", &[("/work", "work-lab")]),
    ];
    for (who, pages) in pages {
        let visitor = house.at(who);
        for (path, name) in *pages {
            for (width, kind) in [(1280, "wide"), (390, "narrow")] {
                visitor.browser.resize(width, 900);
                for scheme in ["light", "dark"] {
                    visitor.browser.media(scheme, "");
                    visitor.open(path);
                    visitor.browser.picture(&folder.join(format!("{name}-{kind}-{scheme}.png")));
                }
            }
        }
        visitor.browser.resize(1280, 900);
    }
}
