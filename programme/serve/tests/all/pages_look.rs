//! Pages written to a folder, to be looked at: `DTSEC_PAGES=/tmp/pages cargo test -p dtsec-serve pages_to_look_at -- --ignored`,
//! then `chromium --headless --screenshot=… file:///tmp/pages/….html`.

use crate::fixtures;
use crate::site::{As, Site};

#[tokio::test]
#[ignore = "it writes files to look at"]
async fn pages_to_look_at() {
    let Some(folder) = std::env::var_os("DTSEC_PAGES").map(std::path::PathBuf::from) else { return };
    let site = Site::empty().await;
    let people = dtsec_serve::demo::fill(&site.registry).await.unwrap();
    std::fs::create_dir_all(&folder).unwrap();
    let style = site.get(&As::Nobody, "/style.css").await.is(200).text();
    std::fs::write(folder.join("style.css"), style).unwrap();
    let mut found = String::new();
    let write = async |who: &As, path: &str, name: &str| {
        let answer = site.get(who, path).await;
        let text = answer.text().replace("href=\"/style.css\"", "href=\"style.css\"");
        std::fs::write(folder.join(format!("{name}.html")), &text).unwrap();
        text
    };
    let public = [
        ("/", "list"),
        ("/labs", "labs"),
        ("/profiles", "profiles"),
        ("/advisories", "advisories"),
        ("/rules", "rules"),
        ("/sign-in", "sign-in"),
    ];
    for (path, name) in public {
        found += &write(&As::Nobody, path, name).await;
    }
    let ids = |page: &str, before: &str| -> Vec<String> {
        let mut all: Vec<String> = page
            .split(before)
            .skip(1)
            .filter_map(|rest| rest.split(['"', '?', '#', '/']).next())
            .map(str::to_owned)
            .collect();
        all.dedup();
        all
    };
    for (kind, name) in [("entries", "entry"), ("labs", "lab"), ("profiles", "profile")] {
        for (at, id) in ids(&found, &format!("href=\"/{kind}/")).iter().enumerate().take(8) {
            write(&As::Nobody, &format!("/{kind}/{id}"), &format!("{name}-{at}")).await;
        }
    }
    let entries = ids(&found, "href=\"/entries/");
    let compared: Vec<String> = entries.iter().take(3).map(|id| format!("id={id}")).collect();
    write(&As::Nobody, &format!("/compare?{}", compared.join("&")), "compare").await;
    for (person, _) in people {
        let who = site.cookie(&person).await;
        write(&who, "/work", &format!("work-{person}")).await;
        write(&who, "/me", &format!("me-{person}")).await;
        for list in ["sts", "evaluations", "requests", "vulnerabilities", "audits", "proposals"] {
            let page = write(&who, &format!("/work/{list}"), &format!("work-{list}-{person}")).await;
            for kind in ["st", "evaluation", "request", "vulnerability", "audit", "proposal"] {
                for (at, id) in ids(&page, &format!("href=\"/cases/{kind}/")).iter().enumerate().take(3) {
                    write(&who, &format!("/cases/{kind}/{id}"), &format!("case-{kind}-{at}-{person}")).await;
                }
            }
        }
        write(&who, "/do/submit-st", &format!("submit-st-{person}")).await;
        write(&who, "/people", &format!("people-{person}")).await;
    }
    let _ = fixtures::at(0);
}
