//! `cargo xtask bench`: instructions and bytes of the device, beside the figures of others; times of the programme's side.

use super::build;
use crate::{
    Answer, layout,
    measure::{self, Figures, Kept, programme},
    needs::{self, Need},
    peers::{self, Beside, Peer},
    shell,
};
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;

/// Measures the firmware, the programme's server, verdicts and publications.
#[derive(clap::Args)]
pub struct Bench {
    /// One of them
    #[arg(long, value_enum)]
    only: Option<Group>,
    /// Write what was measured to benches/measured.json
    #[arg(long)]
    save: bool,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
    /// Measure what was built last
    #[arg(long)]
    no_build: bool,
}

/// What is measured together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Group {
    /// Instructions and bytes of the device, which have budgets.
    Firmware,
    /// Times of the programme's server, which have none: they are those of this machine.
    Server,
    /// Times of verdicts, in a process and over HTTP.
    Verdicts,
    /// Times and bytes of publications, and of following them.
    Publication,
}

/// A table: our figures in columns, then those of others.
struct Table {
    title: &'static str,
    columns: &'static [&'static str],
    figures: &'static [&'static str],
    aim: &'static str,
    peers: &'static [Peer],
}

const TABLES: [Table; 6] = [
    Table {
        title: "Instructions from reset to the first instruction of the image, one image of that payload verified (ECDSA-P256)",
        columns: &["64 KiB", "256 KiB"],
        figures: &["boot-64k", "boot-256k"],
        aim: "9.6 / 16.5 M in portable Rust, 3.1 / 10 M with assembly",
        peers: peers::BOOT,
    },
    Table {
        title: "Instructions from reset to the first instruction of the application: the platform at its own size, then an application of that payload",
        columns: &["64 KiB", "256 KiB"],
        figures: &["application-64k", "application-256k"],
        aim: "",
        peers: &[],
    },
    Table {
        title: "Instructions from the platform's first to the application's first, with so many records in trusted storage (and 0, 200, 400, 600 readings)",
        columns: &["none", "10", "100", "1,000"],
        figures: &["start-0", "start-10", "start-100", "start-1000"],
        aim: "bounded: a walk over what lives and as much again",
        peers: &[],
    },
    Table {
        title: "Bytes of the boot code",
        columns: &["code", "variables"],
        figures: &["boot-code", "boot-variables"],
        aim: "at most 24 KB of code",
        peers: peers::BOOT_BYTES,
    },
    Table {
        title: "Bytes of the Secure image",
        columns: &["code", "variables"],
        figures: &["platform-code", "platform-variables"],
        aim: "at most 80 KB of code, 24 KB of variables",
        peers: peers::PLATFORM_BYTES,
    },
    Table {
        title: "Bytes of the platform's stack in the deepest gate call (there are map::PLATFORM_STACK of them)",
        columns: &["most"],
        figures: &["gate-stack"],
        aim: "1 KiB less than map::PLATFORM_STACK",
        peers: &[],
    },
];

impl Bench {
    pub(super) fn run(self) -> Result<Answer> {
        let is_wanted = |group| self.only.is_none_or(|only| only == group);
        let programme = [
            (Group::Server, programme::Bench::Server),
            (Group::Verdicts, programme::Bench::Verdicts),
            (Group::Publication, programme::Bench::Publication),
        ];
        let measured = programme.into_iter().filter(|(group, _)| is_wanted(*group));
        let measured = measured.map(|(_, bench)| bench.measure()).collect::<Result<Vec<_>>>()?;
        if !is_wanted(Group::Firmware) {
            for one in &measured {
                println!("{}", if self.json { one.json.to_string() } else { one.text.clone() });
            }
            return Ok(Answer::Yes);
        }
        needs::ensure(&Need::RUN)?;
        if !self.no_build {
            build::everything(&needs::toolchain()?)?;
        }
        let figures = measure::measure()?;
        if self.save {
            save(&figures)?;
        }
        let kept = figures.against(&Figures::budgets()?)?;
        if self.json {
            let bytes = measure::per_byte(&figures).into_iter().collect::<BTreeMap<_, _>>();
            let mut all =
                serde_json::json!({ "figures": figures, "tenths_per_byte": bytes, "budgets": kept });
            for one in measured {
                all[one.name] = one.json;
            }
            println!("{all}");
        } else {
            TABLES.iter().for_each(|table| print(table, &figures, &kept));
            calls(&figures, &kept);
            by_the_byte(&figures);
            stored(&figures, &kept);
            stack(&figures);
            stores(&figures, &kept);
            println!(
                "\nCounted in QEMU: nothing is said of time, side channels or real glitching. Each run makes new keys; \
                 with them, the boot varies by some 0.5 %. Variables do not include the stack."
            );
            for one in &measured {
                println!("\n{}", one.text);
            }
        }
        let broken: Vec<_> = kept.iter().filter(|k| !k.holds()).collect();
        for k in &broken {
            shell::note(&format!(
                "{} is {}, beyond its budget of {}",
                k.name,
                grouped(k.value),
                grouped(k.budget)
            ));
        }
        Ok(Answer::from_bool(broken.is_empty()))
    }
}

fn save(figures: &Figures) -> Result<()> {
    let path = layout::root().join("benches/measured.json");
    let mut text = serde_json::to_string_pretty(figures)?;
    text.push('\n');
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    shell::note(&format!("saved to {}", path.display()));
    Ok(())
}

fn budget(kept: &[Kept], name: &str) -> String {
    kept.iter().find(|k| k.name == name).map_or("–".into(), |k| grouped(k.budget))
}

fn value(figures: &Figures, name: &str) -> String {
    figures.get(name).map_or("–".into(), grouped)
}

/// What others take for the same, the least first as it stands there.
fn beside(list: &[Beside], figure: &str, shown: impl Fn(u64) -> String) -> String {
    let others = list.iter().find(|beside| beside.figure == figure).map_or(&[][..], |beside| beside.others);
    let others: Vec<_> = others.iter().map(|(who, value)| format!("{who} {}", shown(*value))).collect();
    if others.is_empty() { String::new() } else { format!("   {}", others.join(", ")) }
}

fn calls(figures: &Figures, kept: &[Kept]) {
    println!(
        "\nInstructions of one gate call, from the call in the application to its return. In `-first` is the self-test of \
         the family. Beside it others, the operation alone"
    );
    row("", &["measured".into(), "its budget".into()], "");
    for name in measure::names().iter().filter(|name| figures.get(name).is_some()) {
        let others = beside(peers::OPERATIONS, name, grouped);
        row(name, &[value(figures, name), budget(kept, name)], &others);
    }
}

fn by_the_byte(figures: &Figures) {
    println!(
        "\nInstructions for one byte: what 4 KiB take more than 64 bytes. Beside it others, the operation alone"
    );
    let shown = |tenths: u64| format!("{}.{}", tenths / 10, tenths % 10);
    for (name, tenths) in measure::per_byte(figures) {
        row(&name, &[shown(tenths)], &beside(peers::BYTES, &name, shown));
    }
}

fn stored(figures: &Figures, kept: &[Kept]) {
    println!(
        "\nInstructions of one gate call with so many records in trusted storage, the mean of several calls"
    );
    let heads: Vec<_> = measure::records().collect();
    row("", &heads, "");
    for name in measure::names().iter().filter(|name| figures.get(name).is_none()) {
        let of = |cell: &dyn Fn(&str) -> String| {
            heads.iter().map(|records| cell(&format!("{name}-{records}"))).collect::<Vec<_>>()
        };
        row(name, &of(&|name| value(figures, name)), "");
        row("  its budget", &of(&|name| budget(kept, name)), "");
    }
}

fn stack(figures: &Figures) {
    println!("\nBytes of the platform's stack that each gate call used, the deepest first");
    let mut calls: Vec<_> = figures.stack.iter().collect();
    calls.sort_by_key(|(_, bytes)| std::cmp::Reverse(**bytes));
    for four in calls.chunks(4) {
        let cells: String =
            four.iter().map(|(name, bytes)| format!("  {name:24}{:>7}", grouped(**bytes))).collect();
        println!("{cells}");
    }
}

fn stores(figures: &Figures, kept: &[Kept]) {
    println!("\nTrusted storage beside two plain stores, on the same flash model\n\n{}", figures.stores);
    println!("\nThousandths of a plain store's words, records x bytes, and bytes that a mount reads");
    row("", &["measured".into(), "its budget".into()], "");
    let mounts = figures.bytes.keys().filter(|name| name.starts_with("storage-"));
    for name in figures.permille.keys().chain(mounts) {
        row(name, &[value(figures, name), budget(kept, name)], "");
    }
}

fn print(table: &Table, figures: &Figures, kept: &[Kept]) {
    println!("\n{}", table.title);
    row("", &table.columns.iter().map(|column| (*column).to_owned()).collect::<Vec<_>>(), "");
    row("this platform", &table.figures.iter().map(|name| value(figures, name)).collect::<Vec<_>>(), "");
    row("  its budget", &table.figures.iter().map(|name| budget(kept, name)).collect::<Vec<_>>(), "");
    for peer in table.peers {
        row(peer.who, &peer.values.iter().map(|v| grouped(*v)).collect::<Vec<_>>(), "");
    }
    if !table.aim.is_empty() {
        println!("  aim: {}", table.aim);
    }
}

fn row(name: &str, cells: &[String], behind: &str) {
    let cells: String = cells.iter().map(|c| format!("{c:>15}")).collect();
    println!("  {name:54}{cells}{behind}");
}

/// 1234567 as `1,234,567`.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn every_figure_of_the_tables_has_a_budget() {
        let budgets = Figures::budgets().unwrap();
        for name in TABLES.iter().flat_map(|t| t.figures) {
            assert!(budgets.get(name).is_some(), "{name}");
        }
        for name in measure::names() {
            let with = |records| budgets.get(&format!("{name}-{records}")).is_some();
            assert!(budgets.get(&name).is_some() || measure::records().all(with), "{name}");
        }
    }

    #[test]
    fn others_stand_beside_figures_that_there_are() {
        let names = measure::names();
        for beside in peers::OPERATIONS {
            assert!(names.iter().any(|name| name == beside.figure), "{}", beside.figure);
        }
        for beside in peers::BYTES {
            assert!(names.contains(&format!("{}-4096", beside.figure)), "{}", beside.figure);
        }
    }
}
