//! What a bench tells: Markdown tables, which can be put into a document between markers, and what made them.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Outcome;

/// A Markdown table.
pub struct Table {
    /// The one of its markers in a document.
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

    /// Prints it and puts it between its markers in `document`, if one is named, behind what made it. Answers how many rows
    /// could not be measured.
    ///
    /// # Errors
    /// The document cannot be written, or has no such markers.
    pub fn tell(&self, provenance: &str, document: Option<&Path>) -> Outcome<usize> {
        println!("{self}");
        if let Some(document) = document {
            write_between_markers(document, self.name, &format!("{provenance}\n{self}"))?;
        }
        Ok(self.rows.iter().filter(|row| row.iter().any(|cell| cell.starts_with("failed"))).count())
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

/// What made the numbers: the command, the commit and the machine, a line each.
pub fn provenance(bench: &str) -> Outcome<Vec<String>> {
    let processor = fs::read_to_string("/proc/cpuinfo")?;
    let model = processor.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    Ok(vec![
        format!(
            "Made with `cargo bench --bench {bench} -- {}`, commit {}.",
            std::env::args().skip(1).filter(|argument| argument != "--bench").collect::<Vec<_>>().join(" "),
            first_line_of(Command::new("git").args(["rev-parse", "--short", "HEAD"]))
        ),
        format!(
            "Machine: {} × {}, Linux {}, load average before: {}.",
            std::thread::available_parallelism()?,
            model.trim_start_matches([' ', '\t', ':']),
            fs::read_to_string("/proc/sys/kernel/osrelease")?.trim(),
            fs::read_to_string("/proc/loadavg")?.split(' ').next().unwrap_or_default()
        ),
    ])
}

/// A list of Markdown.
pub fn list(lines: &[String]) -> String {
    lines.iter().map(|line| format!("- {line}\n")).collect()
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
