//! Clients that are not ours: python-tuf reads what we sign.

use crate::desk::{Desk, event};
use std::process::Command;

/// Refreshes as TUF's reference client does, and fetches two targets.
const CLIENT: &str = r#"
import sys, pathlib
from tuf.ngclient import Updater, FetcherInterface
from tuf.api.exceptions import DownloadHTTPError

class Files(FetcherInterface):
    def _fetch(self, url):
        path = pathlib.Path(url.removeprefix("file://"))
        if not path.is_file():
            raise DownloadHTTPError("not there", 404)
        yield path.read_bytes()

tree, work = map(pathlib.Path, sys.argv[1:])
(work / "targets").mkdir(exist_ok=True)
updater = Updater(str(work), f"file://{tree}/metadata/", str(work / "targets"), f"file://{tree}/targets/", Files(),
                  bootstrap=(tree / "metadata/1.root.json").read_bytes())
updater.refresh()
for name in ["manifest.json", "log.json"]:
    info = updater.get_targetinfo(name)
    print(name, pathlib.Path(updater.download_target(info)).stat().st_size)
assert updater.get_targetinfo("not-there.json") is None
"#;

#[test]
#[ignore = "needs python-tuf"]
fn python_tuf_follows_two_publications_and_refuses_the_first_one_afterwards() {
    let python = std::env::var("DTSEC_VENV_PYTHON").expect("DTSEC_VENV_PYTHON: `cargo xtask test` sets it");
    let mut desk = Desk::new();
    desk.set("entry/a", "listed");
    desk.publish(&[event(1, "certified", &["entry/a"])]).unwrap();
    let work = desk.folder.path().join("work");
    std::fs::create_dir(&work).unwrap();
    let client = || {
        let output = Command::new(&python).args(["-c", CLIENT]).arg(desk.path()).arg(&work).output().unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        )
    };
    let (good, said) = client();
    assert!(good && said.contains("manifest.json") && said.contains("log.json"), "{said}");
    let old = std::fs::read(desk.path().join("metadata/timestamp.json")).unwrap();
    desk.set("entry/a", "removed");
    desk.publish(&[event(2, "entry-removed", &["entry/a"])]).unwrap();
    let client = || {
        let output = Command::new(&python).args(["-c", CLIENT]).arg(desk.path()).arg(&work).output().unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        )
    };
    let (good, said) = client();
    assert!(good, "{said}");
    std::fs::write(desk.path().join("metadata/timestamp.json"), old).unwrap();
    let (good, said) = client();
    assert!(!good && said.contains("BadVersionNumberError"), "{said}");
}
