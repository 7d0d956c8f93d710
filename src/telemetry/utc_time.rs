//! Moments in UTC as text.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// A moment in UTC. Displayed as Go prints one: `2020-02-11 20:26:13.000000789 +0000 UTC`, the fraction
/// without trailing zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UtcTime(OffsetDateTime);

impl UtcTime {
    /// From OTLP's nanoseconds since 1970. Like Go, takes the upper half of the range for negative.
    pub fn from_unix_nano(nanoseconds: u64) -> Self {
        let signed = i128::from(nanoseconds.cast_signed());
        Self(OffsetDateTime::from_unix_timestamp_nanos(signed).unwrap_or(OffsetDateTime::UNIX_EPOCH))
    }

    /// Reads `2026-01-01T00:00:00Z`, with a fraction or another offset where wanted (RFC 3339).
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        OffsetDateTime::parse(text, &Rfc3339).ok().map(|time| Self(time.to_offset(UtcOffset::UTC)))
    }

    /// OTLP's nanoseconds since 1970; none outside the years 1970 to 2554.
    pub fn unix_nano(self) -> Option<u64> {
        u64::try_from(self.0.unix_timestamp_nanos()).ok()
    }

    /// As log lines have it: `2026-08-22T09:30:00.123Z`.
    pub fn iso8601_millis(self) -> String {
        format!("{}.{:03}Z", self.date_and_time('T'), self.0.millisecond())
    }

    /// As JSON made by Go has it: `2026-08-22T09:30:00.123456789Z`, the fraction without trailing zeros.
    pub fn rfc3339_nanos(self) -> String {
        format!("{}{}Z", self.date_and_time('T'), self.fraction())
    }

    fn date_and_time(self, separator: char) -> String {
        let (date, time) = (self.0.date(), self.0.time());
        format!(
            "{:04}-{:02}-{:02}{separator}{:02}:{:02}:{:02}",
            date.year(),
            u8::from(date.month()),
            date.day(),
            time.hour(),
            time.minute(),
            time.second()
        )
    }

    /// `.` and the digits behind the second up to the last that is not zero; empty on the full second.
    fn fraction(self) -> String {
        let digits = format!(".{:09}", self.0.nanosecond());
        digits.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

impl From<SystemTime> for UtcTime {
    fn from(time: SystemTime) -> Self {
        let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::from_unix_nano(u64::try_from(since_1970.as_nanos()).unwrap_or(0))
    }
}

impl fmt::Display for UtcTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{} +0000 UTC", self.date_and_time(' '), self.fraction())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_go_does() {
        let shown = |nanoseconds| UtcTime::from_unix_nano(nanoseconds).to_string();
        assert_eq!(shown(0), "1970-01-01 00:00:00 +0000 UTC");
        assert_eq!(shown(1_581_452_773_000_000_789), "2020-02-11 20:26:13.000000789 +0000 UTC");
        assert_eq!(shown(1_544_712_660_120_000_000), "2018-12-13 14:51:00.12 +0000 UTC");
        assert_eq!(shown(u64::MAX), "1969-12-31 23:59:59.999999999 +0000 UTC");
    }

    #[test]
    fn reads_what_it_prints_and_other_offsets() {
        let nanoseconds = |text| UtcTime::parse_rfc3339(text).and_then(UtcTime::unix_nano);
        assert_eq!(nanoseconds("2020-02-11T20:26:13.10000078Z"), Some(1_581_452_773_100_000_780));
        assert_eq!(nanoseconds("2020-02-11T21:26:13+01:00"), Some(1_581_452_773_000_000_000));
        assert_eq!(nanoseconds("1969-12-31T23:59:59Z"), None);
        assert_eq!(nanoseconds("2020-02-11"), None);
    }

    #[test]
    fn prints_as_logs_and_json_have_it() {
        let time = UtcTime::from_unix_nano(1_581_452_773_100_000_780);
        assert_eq!(time.iso8601_millis(), "2020-02-11T20:26:13.100Z");
        assert_eq!(time.rfc3339_nanos(), "2020-02-11T20:26:13.10000078Z");
    }
}
