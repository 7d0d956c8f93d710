//! Times written as numbers since 1970.

use crate::log_operators::{OperatorError, Value};

/// What a number since 1970 counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochLayout {
    name: &'static str,
    /// How many nanoseconds the number, or the digits behind its point, count.
    nanoseconds: i64,
    /// Digits behind the point; none for whole numbers.
    decimals: Option<usize>,
}

const LAYOUTS: [EpochLayout; 7] = [
    EpochLayout { name: "s", nanoseconds: 1_000_000_000, decimals: None },
    EpochLayout { name: "ms", nanoseconds: 1_000_000, decimals: None },
    EpochLayout { name: "us", nanoseconds: 1_000, decimals: None },
    EpochLayout { name: "ns", nanoseconds: 1, decimals: None },
    EpochLayout { name: "s.ms", nanoseconds: 1_000_000, decimals: Some(3) },
    EpochLayout { name: "s.us", nanoseconds: 1_000, decimals: Some(6) },
    EpochLayout { name: "s.ns", nanoseconds: 1, decimals: Some(9) },
];

impl EpochLayout {
    /// The layout of a name, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        LAYOUTS.into_iter().find(|layout| layout.name == name)
    }

    /// The moment that a number or its text means, in nanoseconds since 1970.
    ///
    /// # Errors
    ///
    /// What is no number, or has a point where the layout has none, or none where it has one.
    pub fn parse(self, value: &Value) -> Result<u64, OperatorError> {
        let text = match value {
            Value::String(text) => return self.parse_text(text),
            Value::Bytes(bytes) => return self.parse_text(&String::from_utf8_lossy(bytes)),
            Value::Int(number) => match self.decimals {
                None => return Ok(number.wrapping_mul(self.nanoseconds) as u64),
                Some(_) => format!("{number}.0"),
            },
            Value::Double(number) => match self.decimals {
                None => return Ok((*number as i64).wrapping_mul(self.nanoseconds) as u64),
                Some(decimals) => format!("{number:10.decimals$}"),
            },
            other => {
                return Err(OperatorError::failed(format!(
                    "type {} cannot be parsed as a time",
                    other.go_type()
                )));
            }
        };
        self.parse_text(&text)
    }

    fn parse_text(self, text: &str) -> Result<u64, OperatorError> {
        let read = match self.decimals {
            None => text.parse::<i64>().ok().map(|number| number.wrapping_mul(self.nanoseconds)),
            Some(_) => text.split_once('.').and_then(|(seconds, below)| {
                let (seconds, below): (i64, i64) = (seconds.parse().ok()?, below.parse().ok()?);
                Some(seconds.wrapping_mul(1_000_000_000).wrapping_add(below.wrapping_mul(self.nanoseconds)))
            }),
        };
        read.map(|nanoseconds| nanoseconds as u64).ok_or_else(|| {
            OperatorError::failed(format!("invalid value '{text}' for layout '{}'", self.name))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(layout: &str, value: impl Into<Value>) -> Result<u64, String> {
        EpochLayout::named(layout).unwrap().parse(&value.into()).map_err(|error| error.to_string())
    }

    #[test]
    fn every_layout_reads_texts_and_numbers() {
        for (layout, value, expected) in [
            ("s", Value::from("1136214245"), 1_136_214_245_000_000_000),
            ("s", Value::from(1_136_214_245), 1_136_214_245_000_000_000),
            ("s", Value::from(1_136_214_245.9), 1_136_214_245_000_000_000),
            ("ms", Value::from("1136214245123"), 1_136_214_245_123_000_000),
            ("ms", Value::from(1_136_214_245_123.0), 1_136_214_245_123_000_000),
            ("us", Value::from("1136214245123456"), 1_136_214_245_123_456_000),
            ("ns", Value::from("1136214245123456789"), 1_136_214_245_123_456_789),
            ("s.ms", Value::from("1136214245.123"), 1_136_214_245_123_000_000),
            ("s.ms", Value::from(1_136_214_245.123), 1_136_214_245_123_000_000),
            ("s.ms", Value::from(1_136_214_245), 1_136_214_245_000_000_000),
            ("s.us", Value::from("1136214245.123456"), 1_136_214_245_123_456_000),
            ("s.us", Value::from(1_136_214_245.123456), 1_136_214_245_123_456_000),
            ("s.ns", Value::from("1136214245.123456789"), 1_136_214_245_123_456_789),
            ("ns", Value::Bytes("7".into()), 7),
            ("s", Value::from(-1), (-1_000_000_000_i64) as u64),
        ] {
            assert_eq!(parsed(layout, value.clone()), Ok(expected), "{layout} of {value:?}");
        }
    }

    #[test]
    fn what_is_no_such_number_is_refused() {
        for (layout, value, expected) in [
            ("s", Value::from("1136214245.123"), "invalid value '1136214245.123' for layout 's'"),
            ("s.ms", Value::from("1136214245"), "invalid value '1136214245' for layout 's.ms'"),
            ("s.ns", Value::from("1.2.3"), "invalid value '1.2.3' for layout 's.ns'"),
            ("ms", Value::from(""), "invalid value '' for layout 'ms'"),
            ("s", Value::from(true), "type bool cannot be parsed as a time"),
        ] {
            assert_eq!(parsed(layout, value), Err(expected.to_owned()));
        }
        assert_eq!(EpochLayout::named("m"), None);
    }
}
