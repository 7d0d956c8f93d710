//! Runs the chosen parts, prints their tables, and puts them into a document between its markers.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::arguments::{Part, Settings};
use crate::case::NamedValue as _;
use crate::{components, edges, idle, paced, scaling, under_load};

/// Measures what the settings ask for.
///
/// # Errors
/// A subject is missing, the document has no markers, or some row failed: a report with a hole is no success.
pub async fn run(settings: &Settings) -> Outcome<()> {
    let provenance = provenance(settings)?;
    println!("{provenance}");
    let mut failures = 0;
    for part in &settings.parts {
        let table = match part {
            Part::Load => under_load::table(settings).await?,
            Part::Paced => paced::table(settings).await?,
            Part::Idle => idle::table(settings).await?,
            Part::Scaling => scaling::table(settings).await?,
            Part::Components => components::table(settings).await?,
            Part::Hostmetrics | Part::Filelog | Part::Scrape | Part::RemoteWrite => {
                edges::table(settings, *part).await?
            }
        };
        println!("{table}");
        failures += table.failures();
        if let Some(document) = &settings.write {
            write_between_markers(document, table.name, &format!("{provenance}\n{table}"))?;
        }
    }
    if failures > 0 {
        return Err(format!("{failures} rows failed").into());
    }
    Ok(())
}

/// A Markdown table.
pub struct Table {
    name: &'static str,
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table; `name` is the one of its markers.
    pub fn new(name: &'static str, columns: &[&'static str]) -> Self {
        Self { name, columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row, one cell for each column.
    pub fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// Adds a row for what could not be measured: its first cells and the reason.
    pub fn push_failure(&mut self, mut row: Vec<String>, reason: &str) {
        row.push(format!("failed: {}", reason.replace(['\n', '|'], " ")));
        row.resize(self.columns.len(), String::new());
        self.rows.push(row);
    }

    fn failures(&self) -> usize {
        self.rows.iter().filter(|row| row.iter().any(|cell| cell.starts_with("failed"))).count()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "| {} |", self.columns.join(" | "))?;
        writeln!(formatter, "|{}", " --- |".repeat(self.columns.len()))?;
        for row in &self.rows {
            writeln!(formatter, "| {} |", row.join(" | "))?;
        }
        Ok(())
    }
}

/// What a reader needs to judge the numbers and to make them again.
fn provenance(settings: &Settings) -> Outcome<String> {
    let mut lines = vec![format!(
        "Made with `cargo bench --bench gateway -- {}`, commit {}.",
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect::<Vec<_>>().join(" "),
        first_line_of(Command::new("git").args(["rev-parse", "--short", "HEAD"]))
    )];
    let processor = fs::read_to_string("/proc/cpuinfo")?;
    let model = processor.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    lines.push(format!(
        "Machine: {} × {}, Linux {}, load average before: {}.",
        std::thread::available_parallelism()?,
        model.trim_start_matches([' ', '\t', ':']),
        fs::read_to_string("/proc/sys/kernel/osrelease")?.trim(),
        fs::read_to_string("/proc/loadavg")?.split(' ').next().unwrap_or_default()
    ));
    for subject in settings.subjects() {
        lines.push(format!("{}: {}.", subject.name(), subject.version(settings.weir.as_deref())?));
    }
    Ok(lines.into_iter().map(|line| format!("- {line}\n")).collect())
}

fn first_line_of(command: &mut Command) -> String {
    let output = command.output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).lines().next().unwrap_or("unknown").to_owned()
}

/// Replaces what stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->`.
fn write_between_markers(document: &Path, name: &str, content: &str) -> Outcome<()> {
    let text = fs::read_to_string(document)?;
    let (begin, end) = (format!("<!-- {name}:begin -->"), format!("<!-- {name}:end -->"));
    let missing = || format!("{} has no {begin} … {end}", document.display());
    let (head, rest) = text.split_once(&begin).ok_or_else(missing)?;
    let (_, tail) = rest.split_once(&end).ok_or_else(missing)?;
    fs::write(document, format!("{head}{begin}\n{content}{end}{tail}"))?;
    Ok(())
}
