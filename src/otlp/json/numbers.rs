//! Numbers between JSON text and Rust, without losing a digit either way.

use std::io::Write;

/// The integer that `text` stands for, exactly; `None` when it is not one or has over 19 digits more
/// than any 64-bit integer needs. `1e3` and `5.0` are integers, as in protobuf's JSON mapping.
pub(super) fn parse_integer(text: &str) -> Option<i128> {
    if let Ok(integer) = text.parse::<i64>() {
        return Some(i128::from(integer));
    }
    text.parse::<u64>().ok().map(i128::from).or_else(|| parse_decimal(text))
}

/// The double that `text` stands for; `None` when it is not a number or too large for one.
pub(super) fn parse_double(text: &str) -> Option<f64> {
    let double = text.parse::<f64>().ok()?;
    // Rust reads `1e999` as infinity; only the word itself means infinity.
    let is_overflow = double.is_infinite() && text.bytes().any(|byte| byte.is_ascii_digit());
    (!is_overflow).then_some(double)
}

/// Writes `double` as the Collector does: the shortest text that reads back the same, with an exponent
/// below 1e-6 and from 1e21 on, and in quotes what is not a number.
pub(super) fn write_double(output: &mut Vec<u8>, double: f64) {
    let magnitude = double.abs();
    if double.is_nan() {
        output.extend_from_slice(b"\"NaN\"");
    } else if double.is_infinite() {
        output.extend_from_slice(if double > 0.0 { b"\"Infinity\"" } else { b"\"-Infinity\"" });
    } else if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        write_with_exponent(output, double);
    } else {
        write_displayed(output, double);
    }
}

/// Writes an integer in decimal.
pub(super) fn write_displayed(output: &mut Vec<u8>, number: impl std::fmt::Display) {
    // Writing into a Vec cannot fail.
    let _ = write!(output, "{number}");
}

/// Go's form of an exponent: signed and of two digits at least.
fn write_with_exponent(output: &mut Vec<u8>, double: f64) {
    let text = format!("{double:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    write_displayed(output, format_args!("{mantissa}e{sign}{digits:0>2}"));
}

/// An integer written with a fraction or an exponent, by moving the decimal point in the text.
fn parse_decimal(text: &str) -> Option<i128> {
    const MOST_DIGITS: usize = 38;
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (is_negative, mantissa) = mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if whole.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_end_matches('0');
    let trailing_zeros = i64::try_from(digits.len() - significant.len()).ok()?;
    let significant = significant.trim_start_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    let shift = exponent.checked_add(trailing_zeros)?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let zeros = usize::try_from(shift)
        .ok()
        .filter(|&zeros| zeros.saturating_add(significant.len()) <= MOST_DIGITS)?;
    let magnitude = format!("{significant}{:0<zeros$}", "").parse::<i128>().ok()?;
    Some(if is_negative { -magnitude } else { magnitude })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_read_exactly_however_they_are_written() {
        let table: [(&str, Option<i128>); 22] = [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("007", Some(7)),
            ("9223372036854775807", Some(9_223_372_036_854_775_807)),
            ("-9223372036854775808", Some(-9_223_372_036_854_775_808)),
            ("18446744073709551615", Some(18_446_744_073_709_551_615)),
            ("18446744073709551616", Some(18_446_744_073_709_551_616)),
            ("5.0", Some(5)),
            ("1e3", Some(1000)),
            ("1.5447126600000000E18", Some(1_544_712_660_000_000_000)),
            ("1.544712660300000001e18", Some(1_544_712_660_300_000_001)),
            ("-2500e-2", Some(-25)),
            ("0.000e999999999", Some(0)),
            ("1.5", None),
            ("1e-1", None),
            ("1e99", None),
            ("1e99999999999999999999", None),
            ("", None),
            (" 1", None),
            ("0x10", None),
            ("1_000", None),
            ("NaN", None),
        ];
        for (text, integer) in table {
            assert_eq!(parse_integer(text), integer, "{text}");
        }
    }

    #[test]
    fn doubles_too_large_are_refused_and_infinity_is_a_word() {
        assert_eq!(parse_double("637.704"), Some(637.704));
        assert_eq!(parse_double("5e-324"), Some(5e-324));
        assert_eq!(parse_double("-Infinity"), Some(f64::NEG_INFINITY));
        assert!(parse_double("NaN").is_some_and(f64::is_nan));
        for refused in ["1e999", "-1e309", "", "ten", "0x1p3"] {
            assert_eq!(parse_double(refused), None, "{refused}");
        }
    }

    /// The expected texts are what the Collector's own JSON marshaler writes.
    #[test]
    fn doubles_are_written_as_the_collector_writes_them() {
        let table = [
            (5.0, "5"),
            (637.704, "637.704"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1e-6, "0.000001"),
            (1e-7, "1e-07"),
            (1.5e-10, "1.5e-10"),
            (1.5e300, "1.5e+300"),
            (5e-324, "5e-324"),
            (-0.0, "-0"),
            (123_456_789.125, "123456789.125"),
            (f64::NAN, "\"NaN\""),
            (f64::INFINITY, "\"Infinity\""),
            (f64::NEG_INFINITY, "\"-Infinity\""),
        ];
        for (double, text) in table {
            let mut output = Vec::new();
            write_double(&mut output, double);
            assert_eq!(String::from_utf8(output).unwrap(), text);
        }
    }
}
