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
    if unit == "1" { "" } else { translated(unit, WORDS.into_iter()) }
}

fn word_per(unit: &str) -> &str {
    translated(unit, WORDS_PER.into_iter())
}

/// The unit in UCUM notation that the words of a `# UNIT` line mean: `s` for `seconds`, `By/s` for
/// `bytes_per_second`. Words that mean none stay.
pub fn unit_of_words(words: &str) -> String {
    let reversed = |(unit, word)| (word, unit);
    let (main, per) = words.split_once("_per_").unwrap_or((words, ""));
    let main = if main == "ratio" { "1" } else { translated(main, WORDS.into_iter().map(reversed)) };
    match per {
        "" => main.to_owned(),
        per => format!("{main}/{}", translated(per, WORDS_PER.into_iter().map(reversed))),
    }
}

fn translated(text: &str, mut table: impl Iterator<Item = (&'static str, &'static str)>) -> &str {
    table.find(|(from, _)| *from == text).map_or(text, |(_, to)| to)
}

/// Units and their words.
const WORDS: [(&str, &str); 25] = [
    ("d", "days"),
    ("h", "hours"),
    ("min", "minutes"),
    ("s", "seconds"),
    ("ms", "milliseconds"),
    ("us", "microseconds"),
    ("ns", "nanoseconds"),
    ("By", "bytes"),
    ("KiBy", "kibibytes"),
    ("MiBy", "mebibytes"),
    ("GiBy", "gibibytes"),
    ("TiBy", "tibibytes"),
    ("KBy", "kilobytes"),
    ("MBy", "megabytes"),
    ("GBy", "gigabytes"),
    ("TBy", "terabytes"),
    ("m", "meters"),
    ("V", "volts"),
    ("A", "amperes"),
    ("J", "joules"),
    ("W", "watts"),
    ("g", "grams"),
    ("Cel", "celsius"),
    ("Hz", "hertz"),
    ("%", "percent"),
];

/// Units and their words behind `per`.
const WORDS_PER: [(&str, &str); 7] = [
    ("s", "second"),
    ("m", "minute"),
    ("h", "hour"),
    ("d", "day"),
    ("w", "week"),
    ("mo", "month"),
    ("y", "year"),
];

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

    #[test]
    fn words_become_units() {
        for (words, unit) in [
            ("seconds", "s"),
            ("bytes_per_second", "By/s"),
            ("ratio", "1"),
            ("widgets", "widgets"),
            ("widgets_per_fortnight", "widgets/fortnight"),
            ("", ""),
        ] {
            assert_eq!(unit_of_words(words), unit);
        }
    }
}
