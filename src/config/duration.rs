//! Durations written as in Go: `200ms`, `1m30s`, `-1.5h`.

use std::fmt;
use std::time::Duration;

use super::{ConfigValue, Decoding, Node, NodeValue, Secrets, TypeDocs};

/// A signed duration with the precision of nanoseconds, read and written in Go's notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct GoDuration {
    nanoseconds: i64,
}

/// Nanoseconds of each unit that Go's `time.ParseDuration` knows.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

impl GoDuration {
    /// No time at all.
    pub const ZERO: Self = Self { nanoseconds: 0 };

    /// A number of milliseconds.
    pub const fn from_millis(milliseconds: i64) -> Self {
        Self { nanoseconds: milliseconds * 1_000_000 }
    }

    /// A number of seconds.
    pub const fn from_secs(seconds: i64) -> Self {
        Self { nanoseconds: seconds * 1_000_000_000 }
    }

    /// True below zero.
    pub const fn is_negative(self) -> bool {
        self.nanoseconds < 0
    }

    /// True for no time at all.
    pub const fn is_zero(self) -> bool {
        self.nanoseconds == 0
    }

    /// The duration for timers; negative ones count as zero.
    pub fn to_std(self) -> Duration {
        Duration::from_nanos(u64::try_from(self.nanoseconds).unwrap_or(0))
    }

    /// The duration, or none where zero or less means "no limit".
    pub fn limit(self) -> Option<Duration> {
        (self.nanoseconds > 0).then(|| self.to_std())
    }

    /// Reads Go's notation: a sign, then decimal numbers each with a unit, or a bare `0`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let invalid = || format!("time: invalid duration {text:?}");
        let (negative, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if rest == "0" {
            return Ok(Self::ZERO);
        }
        if rest.is_empty() {
            return Err(invalid());
        }
        let mut total: u64 = 0;
        while !rest.is_empty() {
            let number_length = rest
                .find(|character: char| !character.is_ascii_digit() && character != '.')
                .unwrap_or(rest.len());
            let (number, after_number) = rest.split_at(number_length);
            let unit_length = after_number
                .find(|character: char| character.is_ascii_digit() || character == '.')
                .unwrap_or(after_number.len());
            let (unit, after_unit) = after_number.split_at(unit_length);
            if unit.is_empty() && !number.is_empty() {
                return Err(format!("time: missing unit in duration {text:?}"));
            }
            let nanoseconds_per_unit = UNITS
                .iter()
                .find(|(name, _)| *name == unit)
                .map(|(_, nanoseconds)| *nanoseconds)
                .ok_or_else(|| format!("time: unknown unit {unit:?} in duration {text:?}"))?;
            let nanoseconds = multiply(number, nanoseconds_per_unit).ok_or_else(invalid)?;
            total = total.checked_add(nanoseconds).ok_or_else(invalid)?;
            rest = after_unit;
        }
        let magnitude = i64::try_from(total).map_err(|_| invalid())?;
        Ok(Self { nanoseconds: if negative { -magnitude } else { magnitude } })
    }
}

/// A decimal number times the nanoseconds of its unit, truncated as Go does.
fn multiply(number: &str, nanoseconds_per_unit: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut nanoseconds = whole.checked_mul(nanoseconds_per_unit)?;
    let mut scale = nanoseconds_per_unit as f64;
    let mut fractional = 0.0;
    for digit in fraction.bytes() {
        scale /= 10.0;
        fractional += f64::from(digit - b'0') * scale;
    }
    nanoseconds = nanoseconds.checked_add((fractional + 1e-6) as u64)?;
    Some(nanoseconds)
}

/// Lengths beyond 292 years become that.
impl From<Duration> for GoDuration {
    fn from(duration: Duration) -> Self {
        Self { nanoseconds: i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX) }
    }
}

/// Go's own output form: `1m30s`, `200ms`, `0s`.
impl fmt::Display for GoDuration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanoseconds == 0 {
            return formatter.write_str("0s");
        }
        if self.nanoseconds < 0 {
            formatter.write_str("-")?;
        }
        let total = self.nanoseconds.unsigned_abs();
        if total < 1_000 {
            return write!(formatter, "{total}ns");
        }
        if total < 1_000_000 {
            return write!(formatter, "{}µs", total as f64 / 1e3);
        }
        if total < 1_000_000_000 {
            return write!(formatter, "{}ms", total as f64 / 1e6);
        }
        let hours = total / 3_600_000_000_000;
        let minutes = total / 60_000_000_000 % 60;
        let seconds = (total % 60_000_000_000) as f64 / 1e9;
        if hours > 0 {
            write!(formatter, "{hours}h")?;
        }
        if hours > 0 || minutes > 0 {
            write!(formatter, "{minutes}m")?;
        }
        write!(formatter, "{seconds}s")
    }
}

impl ConfigValue for GoDuration {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        match &node.value {
            NodeValue::Null => {}
            NodeValue::String(text) => match Self::parse(text) {
                Ok(duration) => *self = duration,
                Err(message) => {
                    let message = format!("'{}' {message}", decoding.dotted_path());
                    decoding.error(
                        &node.location,
                        message,
                        Some("write a number with a unit, such as 200ms, 5s or 1m30s".to_owned()),
                    );
                }
            },
            // A bare number counts nanoseconds, as it does in Go.
            NodeValue::Integer(number) if i64::try_from(*number).is_ok() => {
                self.nanoseconds = i64::try_from(*number).unwrap_or_default();
            }
            _ => decoding.wrong_type(
                node,
                "time.Duration",
                Some("write a number with a unit, such as 200ms, 5s or 1m30s".to_owned()),
            ),
        }
    }

    fn to_yaml(&self, _secrets: Secrets) -> serde_yaml::Value {
        serde_yaml::Value::String(self.to_string())
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::Scalar("duration")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_counts_nanoseconds() {
        let mut duration = GoDuration::from_secs(5);
        let mut decoding = Decoding::default();
        duration.update(&Node::anonymous(NodeValue::Integer(0)), &mut decoding);
        assert_eq!(duration, GoDuration::ZERO);
        duration.update(&Node::anonymous(NodeValue::Integer(1_500_000_000)), &mut decoding);
        assert_eq!(duration.to_string(), "1.5s");
        assert!(decoding.into_errors().is_empty());
    }

    #[test]
    fn reads_and_writes_gos_notation() {
        for (text, nanoseconds, shown) in [
            ("0", 0, "0s"),
            ("200ms", 200_000_000, "200ms"),
            ("1m30s", 90_000_000_000, "1m30s"),
            ("1.5h", 5_400_000_000_000, "1h30m0s"),
            ("-5s", -5_000_000_000, "-5s"),
            ("1h", 3_600_000_000_000, "1h0m0s"),
            (".5s", 500_000_000, "500ms"),
            ("10us", 10_000, "10µs"),
            ("1.000000001s", 1_000_000_001, "1.000000001s"),
        ] {
            let duration = GoDuration::parse(text).unwrap();
            assert_eq!(duration.nanoseconds, nanoseconds, "{text}");
            assert_eq!(duration.to_string(), shown, "{text}");
        }
    }

    #[test]
    fn refuses_what_go_refuses() {
        for (text, message) in [
            ("", "time: invalid duration \"\""),
            ("5", "time: missing unit in duration \"5\""),
            ("5 s", "time: unknown unit \" s\" in duration \"5 s\""),
            ("5d", "time: unknown unit \"d\" in duration \"5d\""),
            ("9999999h", "time: invalid duration \"9999999h\""),
            (".s", "time: invalid duration \".s\""),
        ] {
            assert_eq!(GoDuration::parse(text), Err(message.to_owned()), "{text}");
        }
    }
}
