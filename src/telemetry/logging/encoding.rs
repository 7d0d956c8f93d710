//! The two forms of a log line: what zap's console and JSON encoders write.

use std::borrow::Cow;
use std::io::{self, Write};
use std::time::SystemTime;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use serde_json::ser::Formatter;

use crate::telemetry::UtcTime;

/// Named values in the order in which they stand on the line.
#[derive(Debug, Clone, Default)]
pub struct LogFields(Vec<(Cow<'static, str>, Value)>);

/// One log line before it is written down.
#[derive(Debug)]
pub struct LogEntry<'a> {
    /// When it was said; shown in UTC with milliseconds.
    pub time: SystemTime,
    /// `debug`, `info`, `warn` or `error`.
    pub level: &'static str,
    /// The place in the source.
    pub caller: Option<String>,
    /// The sentence.
    pub message: &'a str,
    /// Everything else.
    pub fields: &'a LogFields,
}

impl LogFields {
    /// Appends a field.
    pub fn push(&mut self, name: impl Into<Cow<'static, str>>, value: Value) {
        self.0.push((name.into(), value));
    }

    /// Appends the fields of another.
    pub fn extend(&mut self, other: &Self) {
        self.0.extend(other.0.iter().cloned());
    }

    /// The fields as an object with spaces after colons and commas; empty where there are none.
    pub fn spaced_json(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let mut json = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut json, Spaced);
        // Maps with text keys, written to memory: nothing in this can fail.
        let _ = self.serialize(&mut serializer);
        String::from_utf8_lossy(&json).into_owned()
    }
}

impl Serialize for LogFields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl LogEntry<'_> {
    /// Time, level, caller, message and fields with tabs between them.
    pub fn console_line(&self) -> String {
        let mut line = format!("{}\t{}\t", UtcTime::from(self.time).iso8601_millis(), self.level);
        if let Some(caller) = &self.caller {
            line.push_str(caller);
            line.push('\t');
        }
        line.push_str(self.message);
        let fields = self.fields.spaced_json();
        if !fields.is_empty() {
            line.push('\t');
            line.push_str(&fields);
        }
        line
    }

    /// One JSON object.
    pub fn json_line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Serialize for LogEntry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("level", self.level)?;
        map.serialize_entry("ts", &UtcTime::from(self.time).iso8601_millis())?;
        if let Some(caller) = &self.caller {
            map.serialize_entry("caller", caller)?;
        }
        map.serialize_entry("msg", self.message)?;
        for (name, value) in &self.fields.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// JSON on one line with a space after each colon and comma.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}
