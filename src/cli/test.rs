//! The command `test`: runs specs and says which hold.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::spec::{Spec, run};

/// The exit code where a spec cannot be read at all.
const UNREADABLE: u8 = 2;

/// Runs the specs in `paths`, of directories every `*.yaml` below, and prints a line for each.
///
/// The exit code is 0 where all hold, 1 where one fails, 2 where one cannot be read.
pub fn test(paths: &[PathBuf]) -> ExitCode {
    let mut output = std::io::stdout().lock();
    let mut tally = Tally::default();
    for path in paths {
        match spec_files(path) {
            Ok(files) => files.iter().for_each(|file| tally.run(file, &mut output)),
            Err(message) => tally.unreadable(&message),
        }
    }
    // Nobody is left to tell where printing fails; the exit code says it.
    let _ = writeln!(output, "{} ok, {} failed", tally.held, tally.failed);
    match (tally.unreadable, tally.failed) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::FAILURE,
        _ => ExitCode::from(UNREADABLE),
    }
}

/// The spec at `path`, or all below it, sorted.
///
/// # Errors
///
/// A sentence where there is none.
pub fn spec_files(path: &Path) -> Result<Vec<PathBuf>, String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", path.display());
    if !path.metadata().map_err(wrong)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            let path = entry.path();
            if entry.file_type().map_err(wrong)?.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                files.push(path);
            }
        }
    }
    if files.is_empty() {
        return Err(format!("{}: no *.yaml is below this folder", path.display()));
    }
    files.sort();
    Ok(files)
}

#[derive(Default)]
struct Tally {
    held: usize,
    failed: usize,
    unreadable: usize,
}

impl Tally {
    fn run(&mut self, file: &Path, output: &mut impl Write) {
        let spec = match Spec::read(file) {
            Ok(spec) => spec,
            Err(errors) => return self.unreadable(&errors.to_string()),
        };
        let title = format!("{}: {}", file.display(), spec.description);
        let text = match run(spec) {
            Ok(()) => {
                self.held += 1;
                format!("ok   {title}")
            }
            Err(failure) => {
                self.failed += 1;
                format!("FAIL {title}\n{failure}")
            }
        };
        let _ = writeln!(output, "{text}");
    }

    fn unreadable(&mut self, message: &str) {
        self.unreadable += 1;
        let _ = writeln!(std::io::stderr().lock(), "{message}");
    }
}
