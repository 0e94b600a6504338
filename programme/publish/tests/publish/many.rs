//! Many files at once, and few although there are many.

use crate::desk::{Desk, event};
use dtsec_publish::tree::Tree;

#[test]
fn many_files_are_each_there_as_a_whole_and_the_disk_is_asked_a_few_times() {
    let folder = tempfile::tempdir().unwrap();
    let tree = Tree::new(folder.path().join("tree"));
    let names: Vec<String> = (0..1_010).map(|number| format!("many/{}/{number}", number % 7)).collect();
    let mut writing = tree.writing();
    names.iter().for_each(|name| writing.put(name, name.as_bytes()).unwrap());
    assert!(!tree.has(&names[1_009]).unwrap(), "the last ones wait");
    writing.done().unwrap();
    assert!(names.iter().all(|name| tree.get(name).unwrap().as_deref() == Some(name.as_bytes())));
    let written = tree.written();
    assert_eq!(written.files, 1_010);
    assert_eq!(written.bytes, names.iter().map(|name| name.len() as u64).sum::<u64>());
    assert!(written.syncs < 30, "{written:?}");
    // The control: one at a time.
    names.iter().take(20).for_each(|name| tree.put(name, b"again").unwrap());
    assert_eq!(tree.written().syncs - written.syncs, 40);
}

#[test]
fn what_waits_when_the_disk_is_full_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let tree = Tree::new(folder.path()).with_room(3);
    let mut writing = tree.writing();
    (0..5).for_each(|number| writing.put(&format!("{number}"), b"content").unwrap());
    assert_eq!(writing.done().unwrap_err().error.kind(), std::io::ErrorKind::StorageFull);
    let mut left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|one| one.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["0", "1", "2"]);
}

#[test]
fn one_change_writes_as_few_files_in_a_long_list_as_in_a_short_one() {
    let of = |parts: usize| {
        let mut desk = Desk::new();
        (0..parts).for_each(|number| desk.set(&format!("entry/e{number}"), &format!("listed as {number}")));
        let names: Vec<String> = (0..parts).map(|number| format!("entry/e{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let first = desk.tree();
        desk.publish_to(first.clone(), &[event(1, "certified", &names)]).unwrap();
        desk.set("entry/e1", "removed");
        let second = desk.tree();
        desk.publish_to(second.clone(), &[event(2, "entry-removed", &["entry/e1"])]).unwrap();
        (first.written().files, second.written().files)
    };
    let ((_, short), (all, long)) = (of(5), of(120));
    assert!(long <= short, "{long} files, and {short} in a short list");
    assert!(all > 4 * 120, "the control: parts and pages, each in two places: {all}");
}
