//! How long it takes to render 10,000 entries, and one change among them: `cargo run --release --example ten_thousand`.

#[path = "../tests/site/made.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod made;

use made::{Made, entry, part};
use std::time::Instant;

const ENTRIES: usize = 10_000;

fn main() {
    let of = |n: usize| {
        entry(&format!("entry-{n:05}"), &format!("{} product {n}", char::from(b'A' + (n % 26) as u8)))
    };
    let mut made = Made::new((0..ENTRIES).map(of));
    let time = |what: &str, files: &dyn Fn() -> usize| {
        let start = Instant::now();
        let count = files();
        println!("{what}: {count} files in {:.0} ms", start.elapsed().as_secs_f64() * 1000.0);
    };
    time("all entries", &|| made.files().len());
    let name = part("entry/entry-00007");
    made.parts.entry(name).and_modify(|state| state["last-reviewed"] = "2030-03-31".into());
    time("one change", &|| made.changed(&["entry/entry-00007"]).len());
    time("one change, again", &|| made.changed(&["entry/entry-00007"]).len());
}
