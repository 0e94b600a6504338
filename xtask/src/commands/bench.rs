//! `cargo xtask bench`: instructions and bytes, beside the figures of others.

use super::build;
use crate::{
    Answer, layout,
    measure::{self, Figures, Kept},
    needs::{self, Need},
    peers::{self, Peer},
    shell,
};
use anyhow::{Context as _, Result};

/// Measures the firmware.
#[derive(clap::Args)]
pub struct Bench {
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

/// A table: our figures in columns, then those of others.
struct Table {
    title: &'static str,
    columns: &'static [&'static str],
    figures: &'static [&'static str],
    aim: &'static str,
    peers: &'static [Peer],
}

const TABLES: [Table; 5] = [
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
        title: "Instructions of one gate call, from the branch in the application to the return",
        columns: &["state", "identity", "SHA-256 64 B", "random 32 B"],
        figures: &["gate-platform-state", "gate-identity-part", "gate-digest-64", "gate-random-32"],
        aim: "",
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
];

impl Bench {
    pub(super) fn run(self) -> Result<Answer> {
        needs::ensure(&Need::RUN)?;
        if !self.no_build {
            build::everything(&needs::toolchain()?)?;
        }
        let figures = measure::measure()?;
        let kept = figures.against(&Figures::budgets()?)?;
        if self.json {
            println!("{}", serde_json::json!({ "figures": figures, "budgets": kept }));
        } else {
            TABLES.iter().for_each(|table| print(table, &figures, &kept));
            println!(
                "\nCounted in QEMU: nothing is said of time, side channels or real glitching. Each run makes new keys; \
                 with them, verification varies by some 0.2 %. Variables do not include the stack."
            );
        }
        if self.save {
            let path = layout::root().join("benches/measured.json");
            let mut text = serde_json::to_string_pretty(&figures)?;
            text.push('\n');
            std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            shell::note(&format!("saved to {}", path.display()));
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

fn print(table: &Table, figures: &Figures, kept: &[Kept]) {
    println!("\n{}", table.title);
    let heads = table.columns.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>();
    row("", &heads);
    let value = |name: &&str| figures.get(name).map_or("–".into(), grouped);
    row("this platform", &table.figures.iter().map(value).collect::<Vec<_>>());
    let budget =
        |name: &&str| kept.iter().find(|k| k.name == **name).map_or("–".into(), |k| grouped(k.budget));
    row("  its budget", &table.figures.iter().map(budget).collect::<Vec<_>>());
    for peer in table.peers {
        row(peer.who, &peer.values.iter().map(|v| grouped(*v)).collect::<Vec<_>>());
    }
    if !table.aim.is_empty() {
        println!("  aim: {}", table.aim);
    }
}

fn row(name: &str, cells: &[String]) {
    let cells: String = cells.iter().map(|c| format!("{c:>15}")).collect();
    println!("  {name:54}{cells}");
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
    }
}
