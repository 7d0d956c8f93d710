//! The command `test`: runs specs and says which hold.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use super::TestArguments;
use crate::spec::{Spec, run, spec_files};

/// The exit code where a spec cannot be read at all.
const UNREADABLE: u8 = 2;

/// Runs the specs, of folders every `*.yaml` below, and prints a line for each.
///
/// The exit code is 0 where all hold, 1 where one fails, 2 where one cannot be read.
pub fn test(arguments: &TestArguments) -> ExitCode {
    let mut output = std::io::stdout().lock();
    let mut tally = Tally::default();
    for path in &arguments.paths {
        match spec_files(path) {
            Ok(files) => files.iter().for_each(|file| tally.run(file, arguments.show, &mut output)),
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

#[derive(Default)]
struct Tally {
    held: usize,
    failed: usize,
    unreadable: usize,
}

impl Tally {
    fn run(&mut self, file: &Path, show: bool, output: &mut impl Write) {
        let spec = match Spec::read(file) {
            Ok(spec) => spec,
            Err(errors) => return self.unreadable(&errors.to_string()),
        };
        let title = format!("{}: {}", file.display(), spec.description);
        let outcome = run(spec);
        let mut text = match &outcome.failure {
            None => format!("ok   {title}\n"),
            Some(failure) => format!("FAIL {title}\n{failure}\n"),
        };
        match outcome.failure {
            None => self.held += 1,
            Some(_) => self.failed += 1,
        }
        for arrival in outcome.arrivals.iter().filter(|_| show) {
            text.push_str(&format!("{}: arrived:\n{}", arrival.location, arrival.to_yaml()));
        }
        let _ = output.write_all(text.as_bytes());
    }

    fn unreadable(&mut self, message: &str) {
        self.unreadable += 1;
        let _ = writeln!(std::io::stderr().lock(), "{message}");
    }
}
