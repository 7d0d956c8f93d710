//! Units in UCUM notation as the words that Prometheus has in metric names.

/// The words at the end of a metric's name: `seconds`, and what comes behind `per` for `By/s`. Either is
/// empty where the unit has none; units in braces, such as `{request}`, are no units.
pub(super) fn unit_words(unit: &str) -> (&str, String) {
    let (main, per) = unit.split_once('/').unwrap_or((unit, ""));
    let (main, per) = (without_annotation(main), without_annotation(per));
    let per = if per.is_empty() { String::new() } else { format!("per_{}", word_per(per)) };
    (word(main), per)
}

fn without_annotation(unit: &str) -> &str {
    if unit.contains(['{', '}']) { "" } else { unit.trim() }
}

fn word(unit: &str) -> &str {
    match unit {
        "d" => "days",
        "h" => "hours",
        "min" => "minutes",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "ns" => "nanoseconds",
        "By" => "bytes",
        "KiBy" => "kibibytes",
        "MiBy" => "mebibytes",
        "GiBy" => "gibibytes",
        "TiBy" => "tibibytes",
        "KBy" => "kilobytes",
        "MBy" => "megabytes",
        "GBy" => "gigabytes",
        "TBy" => "terabytes",
        "m" => "meters",
        "V" => "volts",
        "A" => "amperes",
        "J" => "joules",
        "W" => "watts",
        "g" => "grams",
        "Cel" => "celsius",
        "Hz" => "hertz",
        "1" => "",
        "%" => "percent",
        other => other,
    }
}

fn word_per(unit: &str) -> &str {
    match unit {
        "s" => "second",
        "m" => "minute",
        "h" => "hour",
        "d" => "day",
        "w" => "week",
        "mo" => "month",
        "y" => "year",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_become_words() {
        let of = |unit| {
            let (main, per) = unit_words(unit);
            format!("{main} {per}")
        };
        assert_eq!(of("s"), "seconds ");
        assert_eq!(of("By/s"), "bytes per_second");
        assert_eq!(of("m/m"), "meters per_minute");
        assert_eq!(of("{packet}/s"), " per_second");
        assert_eq!(of("{request}"), " ");
        assert_eq!(of("1"), " ");
        assert_eq!(of(" foo / bar-baz "), "foo per_bar-baz");
    }
}
