//! Values of a Prometheus configuration: texts that need no quotes, durations and sizes.

use std::fmt;
use std::time::Duration;

use crate::config::{ConfigValue, Decoding, Node, NodeValue, Secrets, TypeDocs};

/// A text; numbers and truth values are taken as they are written, as Prometheus does.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScalarText(pub String);

/// A length of time in Prometheus's notation: `15s`, `1m30s`, `1d`, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct PrometheusDuration {
    milliseconds: u64,
}

/// A number of bytes: `10MB`, `512KiB`; all units are powers of 1024. 0 where there is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ByteSize(pub u64);

impl ScalarText {
    /// A text.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for ScalarText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl ConfigValue for ScalarText {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        match &node.value {
            NodeValue::Bool(_) | NodeValue::Integer(_) | NodeValue::Float(_) if node.original.is_none() => {
                self.0 = node.value.to_string();
            }
            _ => self.0.update(node, decoding),
        }
    }

    fn to_yaml(&self, _secrets: Secrets) -> serde_yaml::Value {
        serde_yaml::Value::String(self.0.clone())
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::Scalar("string")
    }
}

/// The units, longest first, in milliseconds.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

impl PrometheusDuration {
    /// A number of seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self { milliseconds: seconds * 1000 }
    }

    /// True for no time at all.
    pub const fn is_zero(self) -> bool {
        self.milliseconds == 0
    }

    /// The duration for timers.
    pub const fn to_std(self) -> Duration {
        Duration::from_millis(self.milliseconds)
    }

    /// Reads Prometheus's notation: whole numbers with units, from the largest unit to the smallest.
    ///
    /// # Errors
    ///
    /// Prometheus's sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let invalid = || format!("not a valid duration string: {text:?}");
        match text {
            "0" => return Ok(Self::default()),
            "" => return Err("empty duration string".to_owned()),
            _ => {}
        }
        let (mut rest, mut milliseconds, mut units_left) = (text, 0_u64, &UNITS[..]);
        while !rest.is_empty() {
            let end = rest.find(|character: char| !character.is_ascii_digit()).ok_or_else(invalid)?;
            let (number, after) = rest.split_at(end);
            let end = after.find(|character: char| character.is_ascii_digit()).unwrap_or(after.len());
            let (unit, after) = after.split_at(end);
            let number: u64 = number.parse().map_err(|_| invalid())?;
            if !UNITS.iter().any(|(name, _)| *name == unit) {
                return Err(format!("unknown unit {unit:?} in duration {text:?}"));
            }
            let place = units_left.iter().position(|(name, _)| *name == unit).ok_or_else(invalid)?;
            let factor = units_left.get(place).map_or(0, |(_, factor)| *factor);
            units_left = units_left.get(place + 1..).unwrap_or_default();
            milliseconds = number
                .checked_mul(factor)
                .and_then(|part| milliseconds.checked_add(part))
                .filter(|sum| *sum <= LONGEST_MILLISECONDS)
                .ok_or("duration out of range")?;
            rest = after;
        }
        Ok(Self { milliseconds })
    }
}

/// What 64 bits of nanoseconds hold.
const LONGEST_MILLISECONDS: u64 = i64::MAX.unsigned_abs() / 1_000_000;

/// Prometheus's own notation; years and weeks only where nothing is left of them.
impl fmt::Display for PrometheusDuration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.milliseconds == 0 {
            return formatter.write_str("0s");
        }
        let mut rest = self.milliseconds;
        for (unit, factor) in UNITS {
            let only_exact = matches!(unit, "y" | "w");
            if rest < factor || (only_exact && !rest.is_multiple_of(factor)) {
                continue;
            }
            write!(formatter, "{}{unit}", rest / factor)?;
            rest %= factor;
        }
        Ok(())
    }
}

impl ConfigValue for PrometheusDuration {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        update_parsed(self, node, decoding, |text| Self::parse(text).map_err(|message| (message, None)));
    }

    fn to_yaml(&self, _secrets: Secrets) -> serde_yaml::Value {
        serde_yaml::Value::String(self.to_string())
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::Scalar("duration")
    }
}

impl ByteSize {
    fn parse(text: &str) -> Option<Self> {
        let end = text.find(|character: char| character.is_ascii_alphabetic()).unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let power = match unit {
            "" if number == "0" => 0,
            "B" => 0,
            "KB" | "KiB" => 1,
            "MB" | "MiB" => 2,
            "GB" | "GiB" => 3,
            "TB" | "TiB" => 4,
            "PB" | "PiB" => 5,
            "EB" | "EiB" => 6,
            _ => return None,
        };
        let number: f64 = number.parse().ok().filter(|number: &f64| *number >= 0.0)?;
        Some(Self((number * 1024_f64.powi(power)) as u64))
    }
}

impl ConfigValue for ByteSize {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        update_parsed(self, node, decoding, |text| {
            let hint = || Some("write a number with a unit, such as 10MB".to_owned());
            Self::parse(text).ok_or_else(|| (format!("units: invalid {text:?}"), hint()))
        });
    }

    fn to_yaml(&self, _secrets: Secrets) -> serde_yaml::Value {
        serde_yaml::Value::String(format!("{}B", self.0))
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::Scalar("bytes")
    }
}

/// Takes a scalar of any kind as the text it is written as. An error is a message and what to write instead.
fn update_parsed<T>(
    value: &mut T,
    node: &Node,
    decoding: &mut Decoding,
    parse: impl FnOnce(&str) -> Result<T, (String, Option<String>)>,
) {
    if node.is_null() {
        return;
    }
    let mut text = ScalarText::default();
    text.update(node, decoding);
    match parse(&text.0) {
        Ok(parsed) => *value = parsed,
        Err((message, hint)) => decoding.error(&node.location, message, hint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_prometheus() {
        for (text, milliseconds, shown) in [
            ("0", 0, "0s"),
            ("15s", 15_000, "15s"),
            ("1m30s", 90_000, "1m30s"),
            ("90s", 90_000, "1m30s"),
            ("1d", 86_400_000, "1d"),
            ("7d", 604_800_000, "1w"),
            ("8d", 691_200_000, "8d"),
            ("1y1ms", 31_536_000_001, "365d1ms"),
            ("500ms", 500, "500ms"),
        ] {
            let duration = PrometheusDuration::parse(text).unwrap();
            assert_eq!((duration.milliseconds, duration.to_string().as_str()), (milliseconds, shown));
        }
        for (text, error) in [
            ("", "empty duration string"),
            ("15", "not a valid duration string: \"15\""),
            ("-1s", "not a valid duration string: \"-1s\""),
            ("1s1m", "not a valid duration string: \"1s1m\""),
            ("1.5h", "unknown unit \".\" in duration \"1.5h\""),
            ("1x", "unknown unit \"x\" in duration \"1x\""),
            ("300y", "duration out of range"),
        ] {
            assert_eq!(PrometheusDuration::parse(text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn sizes_count_in_powers_of_1024() {
        assert_eq!(ByteSize::parse("10MB"), Some(ByteSize(10 << 20)));
        assert_eq!(ByteSize::parse("1.5KiB"), Some(ByteSize(1536)));
        assert_eq!(ByteSize::parse("0"), Some(ByteSize(0)));
        assert_eq!(ByteSize::parse("10"), None);
        assert_eq!(ByteSize::parse("-1B"), None);
    }
}
