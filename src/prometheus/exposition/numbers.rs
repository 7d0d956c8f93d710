//! Values and timestamps of an exposition, as Go's `strconv` reads them.

/// What a value that is none reads as: the one of Prometheus, whose other bits mean that a series ended.
const NOT_A_NUMBER: f64 = f64::from_bits(0x7ff8_0000_0000_0001);

/// A floating point number: digits, or a word for infinity or none.
pub(super) fn number(text: &[u8]) -> Result<f64, String> {
    let invalid = || format!("{:?} is not a number", String::from_utf8_lossy(text));
    let digits = std::str::from_utf8(text).map_err(|_| invalid())?;
    let value: f64 = digits.parse().map_err(|_| invalid())?;
    if value.is_finite() {
        return Ok(value);
    }
    if value.is_nan() {
        // Go knows no signs here.
        return if text.len() == 3 { Ok(NOT_A_NUMBER) } else { Err(invalid()) };
    }
    if text.iter().any(u8::is_ascii_digit) {
        return Err(format!("{digits:?} is out of range"));
    }
    Ok(value)
}

/// Seconds as milliseconds, cut off.
pub(super) fn milliseconds(seconds: &[u8]) -> Result<i64, String> {
    let value = number(seconds)?;
    if !value.is_finite() {
        return Err(format!("invalid timestamp {:?}", String::from_utf8_lossy(seconds)));
    }
    Ok((value * 1000.0) as i64)
}

/// Digits as milliseconds.
pub(super) fn whole_milliseconds(digits: &[u8]) -> Result<i64, String> {
    let text = String::from_utf8_lossy(digits);
    text.parse().map_err(|_| format!("the timestamp {text:?} is out of range"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_go() {
        let read = |text: &str| number(text.as_bytes());
        for (text, value) in [
            ("1", 1.0),
            ("-1.5e-3", -0.0015),
            ("+1.", 1.0),
            (".5", 0.5),
            ("+Inf", f64::INFINITY),
            ("-inf", f64::NEG_INFINITY),
            ("Infinity", f64::INFINITY),
            ("0x", f64::NAN),
        ] {
            match read(text) {
                Ok(found) => assert_eq!(found, value, "{text}"),
                Err(_) => assert!(value.is_nan(), "{text}"),
            }
        }
        assert_eq!(read("NaN").unwrap().to_bits(), 0x7ff8_0000_0000_0001);
        for text in ["", "+nan", "-NaN", "1_000", "0x1p-2", "1e999", "1 ", "one"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn seconds_are_cut_off_at_milliseconds() {
        assert_eq!(milliseconds(b"1520879607.789").unwrap(), 1_520_879_607_789);
        assert_eq!(milliseconds(b"-1.0019").unwrap(), -1001);
        assert!(milliseconds(b"NaN").is_err());
        assert!(whole_milliseconds(b"99999999999999999999").is_err());
    }
}
