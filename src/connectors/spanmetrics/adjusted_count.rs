//! How many spans a sampled span stands for, by the threshold in its trace state.
//!
//! Follows <https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/>: of 2^56 equally
//! likely values those from the threshold `th` on are sampled.

use crate::otlp::Text;

/// 2^56, the number of values that sampling chooses among.
const VALUES: u64 = 1 << 56;
/// Hexadecimal digits of such a value.
const MOST_DIGITS: usize = 14;

/// The longest trace state, the most members, and the longest value of a member, that count as valid.
const LONGEST_TRACE_STATE: usize = 1024;
const MOST_MEMBERS: usize = 31;
const LONGEST_VALUE: usize = 256;

/// Tells what spans stand for, and remembers the last answer: spans that follow each other mostly belong to
/// one trace.
#[derive(Debug)]
pub struct AdjustedCounts<'a> {
    trace_state: Text<'a>,
    answer: (u64, bool),
}

impl Default for AdjustedCounts<'_> {
    fn default() -> Self {
        Self { trace_state: Text::default(), answer: (1, false) }
    }
}

impl<'a> AdjustedCounts<'a> {
    /// How many spans a span with this trace state stands for, and whether the trace state says so; 1 where
    /// it does not, or is not valid. A fraction is rounded up as often as it is large.
    #[inline]
    pub fn of(&mut self, trace_state: Text<'a>) -> (u64, bool) {
        // Nearly all are empty, and to compare empty slices costs more than all the rest on some processors.
        if trace_state.is_empty() {
            return (1, false);
        }
        if trace_state != self.trace_state {
            self.trace_state = trace_state;
            self.answer = match sampling_threshold(trace_state.as_bytes()) {
                Some(threshold) => (rounded_quotient(VALUES, VALUES - threshold), true),
                None => (1, false),
            };
        }
        self.answer
    }
}

fn rounded_quotient(numerator: u64, denominator: u64) -> u64 {
    let remainder = numerator % denominator;
    let is_rounded_up = remainder > 0 && fastrand::u64(..denominator) < remainder;
    numerator / denominator + u64::from(is_rounded_up)
}

/// The threshold in a W3C trace state; none where there is none, or anything in the trace state is wrong.
fn sampling_threshold(trace_state: &[u8]) -> Option<u64> {
    if trace_state.len() > LONGEST_TRACE_STATE {
        return None;
    }
    let mut threshold = None;
    let members = trace_state.split(|byte| *byte == b',');
    for (place, member) in members.enumerate() {
        if place >= MOST_MEMBERS {
            return None;
        }
        let member = trimmed(member);
        if member.is_empty() {
            continue;
        }
        let (key, value) = split_at_byte(member, b'=')?;
        if !is_member_key(key) || !is_member_value(value) {
            return None;
        }
        if key == b"ot" {
            threshold = threshold_in(value)?;
        }
    }
    threshold
}

/// The threshold among OpenTelemetry's own entries, if any; an outer none where one of them is wrong.
fn threshold_in(entries: &[u8]) -> Option<Option<u64>> {
    let mut threshold = None;
    for entry in entries.split(|byte| *byte == b';') {
        let (key, value) = split_at_byte(entry, b':')?;
        let (first, others) = key.split_first()?;
        let is_key = first.is_ascii_lowercase()
            && others.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let is_value = value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte));
        if !is_key || !is_value {
            return None;
        }
        match key {
            b"th" => threshold = Some(hexadecimal(value)? << (4 * (MOST_DIGITS - value.len()))),
            b"rv" if value.len() == MOST_DIGITS => drop(hexadecimal(value)?),
            b"rv" => return None,
            _ => {}
        }
    }
    Some(threshold)
}

fn hexadecimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > MOST_DIGITS {
        return None;
    }
    digits
        .iter()
        .try_fold(0_u64, |number, digit| Some(number << 4 | u64::from(char::from(*digit).to_digit(16)?)))
}

/// `lcalpha` and more, or a tenant, which may begin with a digit, an `@` and a system.
fn is_member_key(key: &[u8]) -> bool {
    let is_part = |part: &[u8], may_begin_with_digit: bool| {
        part.split_first().is_some_and(|(first, others)| {
            let is_first = first.is_ascii_lowercase() || may_begin_with_digit && first.is_ascii_digit();
            is_first
                && others
                    .iter()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/".contains(byte))
        })
    };
    match split_at_byte(key, b'@') {
        Some((tenant, system)) => {
            tenant.len() <= 241 && system.len() <= 14 && is_part(tenant, true) && is_part(system, false)
        }
        None => key.len() <= 256 && is_part(key, false),
    }
}

/// Printable ASCII without comma and equals sign. Blanks around it are trimmed already.
fn is_member_value(value: &[u8]) -> bool {
    let is_valid = |byte: &u8| (0x20..=0x7e).contains(byte) && !b",=".contains(byte);
    !value.is_empty() && value.len() <= LONGEST_VALUE && value.iter().all(is_valid)
}

fn split_at_byte(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|byte| *byte == separator)?;
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}

/// `bytes` without blanks and tabs at both ends.
fn trimmed(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(trace_state: &str) -> (u64, bool) {
        AdjustedCounts::default().of(Text::new(trace_state.as_bytes()))
    }

    #[test]
    fn a_threshold_says_how_many_spans_one_stands_for() {
        // Half of all values lie above 8; of c a quarter; of 0 all.
        assert_eq!(count("ot=th:8"), (2, true));
        assert_eq!(count("ot=th:c"), (4, true));
        assert_eq!(count("ot=th:0"), (1, true));
        assert_eq!(count("ot=th:ffffffffffffff"), (1 << 56, true));
        assert_eq!(count("vendor=1, ot=rv:00000000000001;th:8;x:y.z,1a@b=c"), (2, true));
    }

    #[test]
    fn without_a_valid_threshold_a_span_is_one_span() {
        let too_many = format!("ot=th:8{}", ",a=b".repeat(31));
        for trace_state in [
            "",
            "a=b",
            "ot=rv:00000000000001",
            "ot=",
            "ot=th:",
            "ot=th:g",
            "ot=th:123456789abcdef",
            "ot=th:8;",
            "ot=th:8;rv:1",
            "ot=th:8;X:1",
            "OT=th:8",
            "ot=th:8,A=b",
            "ot=th:8,b",
            "ot=th:8,b=",
            "ot=th:8,b=c=d",
            &too_many,
        ] {
            assert_eq!(count(trace_state), (1, false), "{trace_state}");
        }
    }

    #[test]
    fn fractions_are_rounded_without_a_bias() {
        // A threshold of a quarter: each span stands for 4/3.
        let mut total = 0;
        for _ in 0..30_000 {
            let (times, is_extrapolated) = count("ot=th:4");
            assert!(is_extrapolated && (times == 1 || times == 2));
            total += times;
        }
        // 40,000 expected, with a standard deviation of 82.
        assert!((39_000..41_000).contains(&total), "{total}");
    }
}
