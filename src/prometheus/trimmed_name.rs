//! Metric names without what Prometheus has at their end.

/// The name without `_total`, where it is a sum's, and without the words of its unit: `requests` for
/// `requests_seconds_total` in `seconds`.
pub fn trimmed_name(name: &str, is_sum: bool, unit_words: &str) -> String {
    let name = if is_sum { without_words(name, "total") } else { name };
    without_words(name, unit_words).to_owned()
}

/// A name of nothing but the words stays.
fn without_words<'a>(name: &'a str, words: &str) -> &'a str {
    let stripped = name.strip_suffix(words).filter(|_| !words.is_empty());
    stripped.and_then(|name| name.strip_suffix('_')).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_units_are_taken_off() {
        for (name, is_sum, unit, expected) in [
            ("http_requests_total", true, "", "http_requests"),
            ("http_requests_total", false, "", "http_requests_total"),
            ("io_bytes_total", true, "bytes", "io"),
            ("speed_bytes_per_second", false, "bytes_per_second", "speed"),
            ("seconds", false, "seconds", "seconds"),
            ("milliseconds", false, "seconds", "milliseconds"),
            ("total", true, "", "total"),
        ] {
            assert_eq!(trimmed_name(name, is_sum, unit), expected);
        }
    }
}
