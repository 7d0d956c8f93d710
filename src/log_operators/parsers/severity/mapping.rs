//! Which values mean which severity.

use std::collections::HashMap;

use crate::log_operators::severity_name;

/// Severity numbers by texts in lower case.
#[derive(Debug, Default)]
pub struct SeverityMapping(HashMap<String, u8>);

impl SeverityMapping {
    /// A mapping to start from: `none` is empty, `otel` has the names and numbers of OTLP, all others have
    /// `warning` and `err` besides.
    pub fn preset(name: &str) -> Self {
        let mut mapping = Self::default();
        if name == "none" {
            return mapping;
        }
        mapping.0 = (1..=24).flat_map(texts_of).collect();
        if !matches!(name, "otel" | "aliases") {
            for (number, text) in (13..=20).zip(MORE_NAMES) {
                mapping.0.insert(text.to_owned(), number);
            }
        }
        mapping
    }

    /// Adds what a configuration has for a severity.
    ///
    /// # Errors
    ///
    /// The values are of another type.
    pub fn add_configured(&mut self, severity: &str, values: &serde_yaml::Value) -> Result<(), String> {
        // The Collector takes every name for a severity, and gives those it does not know the number 0.
        let number = severity_number(severity).unwrap_or(0);
        match values {
            serde_yaml::Value::Sequence(values) => {
                values.iter().try_for_each(|value| self.add(number, value))
            }
            value => self.add(number, value),
        }
    }

    fn add(&mut self, severity: u8, value: &serde_yaml::Value) -> Result<(), String> {
        let range = match value {
            serde_yaml::Value::Number(number) if number.is_i64() => {
                self.0.insert(number.to_string(), severity);
                return Ok(());
            }
            serde_yaml::Value::String(text) => match text.as_str() {
                "2xx" => Some((200, 299)),
                "3xx" => Some((300, 399)),
                "4xx" => Some((400, 499)),
                "5xx" => Some((500, 599)),
                text => {
                    self.0.insert(text.to_lowercase(), severity);
                    return Ok(());
                }
            },
            serde_yaml::Value::Mapping(range) => {
                let end = |name: &str| range.get(name).and_then(serde_yaml::Value::as_i64);
                end("min").zip(end("max"))
            }
            _ => None,
        };
        let Some((one, other)) = range else {
            return Err(format!("type {} cannot be parsed as a severity", go_type(value)));
        };
        let (least, most) = (one.min(other), one.max(other));
        if most.saturating_sub(least) >= WIDEST_RANGE {
            return Err(format!("the range {least} to {most} has more than {WIDEST_RANGE} numbers"));
        }
        for number in least..=most {
            self.0.insert(number.to_string(), severity);
        }
        Ok(())
    }

    /// The severity of a text in any case; 0 where it is not in the mapping.
    pub fn find(&self, text: &str) -> u8 {
        // Nearly all are short and plain, and cost no allocation that way.
        let mut buffer = [0; 32];
        if let Some(lower) = buffer.get_mut(..text.len())
            && text.is_ascii()
        {
            lower.copy_from_slice(text.as_bytes());
            lower.make_ascii_lowercase();
            return std::str::from_utf8(lower).ok().and_then(|lower| self.0.get(lower)).copied().unwrap_or(0);
        }
        self.0.get(&text.to_lowercase()).copied().unwrap_or(0)
    }
}

/// Every number of a range is one entry of the mapping.
const WIDEST_RANGE: i64 = 1_000_000;

/// What logs say besides the names of OTLP, for 13 to 20.
const MORE_NAMES: [&str; 8] = ["warning", "warning2", "warning3", "warning4", "err", "err2", "err3", "err4"];

fn texts_of(number: u8) -> [(String, u8); 2] {
    [(severity_name(number).to_lowercase(), number), (number.to_string(), number)]
}

fn severity_number(text: &str) -> Option<u8> {
    (1..=24).find(|number| severity_name(*number).eq_ignore_ascii_case(text) || number.to_string() == text)
}

fn go_type(value: &serde_yaml::Value) -> &'static str {
    match value {
        serde_yaml::Value::Null => "<nil>",
        serde_yaml::Value::Bool(_) => "bool",
        serde_yaml::Value::Number(number) if number.is_f64() => "float64",
        serde_yaml::Value::Number(_) => "int",
        serde_yaml::Value::String(_) => "string",
        serde_yaml::Value::Sequence(_) => "[]interface {}",
        serde_yaml::Value::Mapping(_) | serde_yaml::Value::Tagged(_) => "map[string]interface {}",
    }
}
