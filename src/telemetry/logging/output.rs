//! Where log lines go: standard output, standard error, files.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};

/// The places every line is written to.
#[derive(Debug, Default)]
pub struct LogOutput {
    sinks: Vec<Sink>,
}

#[derive(Debug)]
enum Sink {
    Stdout,
    Stderr,
    File(File),
    #[cfg(test)]
    Memory(std::sync::Arc<parking_lot::Mutex<String>>),
}

impl LogOutput {
    /// Opens `stdout`, `stderr` and paths of files (also as `file:///path`), which are appended to.
    pub fn open(paths: &[String]) -> io::Result<Self> {
        Ok(Self { sinks: paths.iter().map(|path| open(path)).collect::<io::Result<_>>()? })
    }

    /// Keeps lines in memory, for tests.
    #[cfg(test)]
    pub fn memory() -> (Self, std::sync::Arc<parking_lot::Mutex<String>>) {
        let lines = std::sync::Arc::default();
        (Self { sinks: vec![Sink::Memory(std::sync::Arc::clone(&lines))] }, lines)
    }

    /// Writes `line` and a line break everywhere.
    pub fn write_line(&mut self, line: &str) {
        let line = format!("{line}\n");
        for sink in &mut self.sinks {
            // A log that cannot be written (a closed pipe, a full disk) must not stop the data.
            let _ = sink.write(&line);
        }
    }
}

impl Sink {
    fn write(&mut self, line: &str) -> io::Result<()> {
        match self {
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(line.as_bytes())?;
                stdout.flush()
            }
            Self::Stderr => io::stderr().lock().write_all(line.as_bytes()),
            Self::File(file) => file.write_all(line.as_bytes()),
            #[cfg(test)]
            Self::Memory(lines) => {
                lines.lock().push_str(line);
                Ok(())
            }
        }
    }
}

fn open(path: &str) -> io::Result<Sink> {
    match path {
        "stdout" => Ok(Sink::Stdout),
        "stderr" => Ok(Sink::Stderr),
        _ => {
            let path = path.strip_prefix("file://").unwrap_or(path);
            let file = OpenOptions::new().create(true).append(true).open(path);
            let file = file.map_err(|error| io::Error::new(error.kind(), format!("open {path}: {error}")))?;
            Ok(Sink::File(file))
        }
    }
}
