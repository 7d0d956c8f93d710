//! Lines that a runtime cut in parts, put together again.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::FILE_PATH;
use crate::log_operators::{Fate, LogEntry, Outlet, Value};

/// The parts of lines whose last part is still to come, by file.
pub struct PartialLines {
    most_bytes: usize,
    by_file: HashMap<String, PartialLine>,
}

struct PartialLine {
    /// The entry of the first part, with the text of all of them.
    entry: LogEntry,
    since: Instant,
}

/// How long a line is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// From how many files parts are held back.
const MOST_FILES: usize = 1000;

impl PartialLines {
    /// No lines yet; a line of more bytes is sent on in pieces, unless the limit is 0.
    pub fn new(most_bytes: usize) -> Self {
        Self { most_bytes, by_file: HashMap::new() }
    }

    /// Takes an entry: a whole line goes on, a part waits for the others.
    pub fn put(&mut self, entry: &mut LogEntry, outlet: &mut Outlet<'_>) -> Fate {
        let is_last = matches!(entry.attributes.get("logtag"), Some(Value::String(tag)) if tag == "F");
        if self.by_file.is_empty() && is_last {
            return Fate::GoesOn;
        }
        let file = match entry.attributes.get(FILE_PATH) {
            Some(Value::String(file)) => file.as_str(),
            _ => "",
        };
        if let Some(line) = self.by_file.get_mut(file) {
            if let (Value::String(text), Value::String(part)) = (&mut line.entry.body, &entry.body) {
                text.push_str(part);
            }
            if (is_last || self.is_too_long(file))
                && let Some(line) = self.by_file.remove(file)
            {
                outlet.send(line.entry);
            }
            return Fate::IsTaken;
        }
        if is_last || self.is_over(&entry.body) {
            return Fate::GoesOn;
        }
        if self.by_file.len() >= MOST_FILES {
            self.flush(outlet);
        }
        let file = file.to_owned();
        self.by_file.insert(file, PartialLine { entry: std::mem::take(entry), since: Instant::now() });
        Fate::IsTaken
    }

    /// When the next line has waited long enough.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.by_file.values().map(|line| line.since + LONGEST_WAIT).min()
    }

    /// Sends the lines that have waited long enough.
    pub fn flush_due(&mut self, outlet: &mut Outlet<'_>) {
        let now = Instant::now();
        for (_, line) in self.by_file.extract_if(|_, line| now >= line.since + LONGEST_WAIT) {
            outlet.send(line.entry);
        }
    }

    /// Sends all lines.
    pub fn flush(&mut self, outlet: &mut Outlet<'_>) {
        for (_, line) in self.by_file.drain() {
            outlet.send(line.entry);
        }
    }

    fn is_too_long(&self, file: &str) -> bool {
        self.by_file.get(file).is_some_and(|line| self.is_over(&line.entry.body))
    }

    fn is_over(&self, body: &Value) -> bool {
        self.most_bytes > 0 && body.as_str().is_some_and(|text| text.len() > self.most_bytes)
    }
}
