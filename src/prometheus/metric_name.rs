//! OpenTelemetry metric names as Prometheus metric names, with units and types at their end.

use std::borrow::Cow;

use super::label_name::{append_escaped_label_name, has_more_than_underscores};
use super::unit_name::unit_words;
use crate::metric_streams::MetricKind;

/// How names are translated: one of the Collector's translation strategies, and a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    namespace: String,
    adds_suffixes: bool,
    keeps_utf8: bool,
}

/// The values of `translation_strategy`, the first being that it is not written.
pub const STRATEGIES: [&str; 5] = [
    "",
    "UnderscoreEscapingWithSuffixes",
    "UnderscoreEscapingWithoutSuffixes",
    "NoUTF8EscapingWithSuffixes",
    "NoTranslation",
];

/// What of a metric's kind shows in its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedKind {
    /// A monotonic sum: `_total`.
    Counter,
    /// A gauge: `_ratio` where the unit is `1`.
    Gauge,
    /// All others.
    Other,
}

impl NamedKind {
    /// What of `kind` shows.
    pub const fn of(kind: MetricKind) -> Self {
        match kind {
            MetricKind::Gauge => Self::Gauge,
            MetricKind::Sum { is_monotonic: true, .. } => Self::Counter,
            _ => Self::Other,
        }
    }
}

impl Naming {
    /// Names with `namespace_` before them where that is not empty, with units and types behind them where
    /// `adds_suffixes`, in the letters every Prometheus takes unless `keeps_utf8`.
    pub fn new(namespace: &str, adds_suffixes: bool, keeps_utf8: bool) -> Self {
        let namespace = if keeps_utf8 { namespace.to_owned() } else { namespace.replace(is_invalid, "_") };
        Self { namespace, adds_suffixes, keeps_utf8 }
    }

    /// Names by one of [`STRATEGIES`]; `adds_suffixes` counts where that is not written.
    pub fn of_strategy(namespace: &str, strategy: &str, adds_suffixes: bool) -> Self {
        let (adds_suffixes, keeps_utf8) = match strategy {
            "UnderscoreEscapingWithoutSuffixes" => (false, false),
            "NoUTF8EscapingWithSuffixes" => (true, true),
            "NoTranslation" => (false, true),
            "" => (adds_suffixes, false),
            _ => (true, false),
        };
        Self::new(namespace, adds_suffixes, keeps_utf8)
    }

    /// The name of a metric; none where nothing of it can be kept.
    pub fn metric(&self, name: &str, unit: &str, kind: NamedKind) -> Option<String> {
        if self.keeps_utf8 {
            let name = self.with_namespace(name);
            let name = if self.adds_suffixes { with_suffixes(name, unit, kind) } else { name };
            return (!name.is_empty()).then_some(name);
        }
        let translated = if self.adds_suffixes {
            self.normalized(name, unit, kind)
        } else {
            let words: Vec<&str> = name.split(is_invalid).filter(|word| !word.is_empty()).collect();
            self.with_namespace(&words.join("_"))
        };
        let translated = not_beginning_with_digit(translated);
        let is_name = has_more_than_underscores(&translated) || (translated == name && !name.is_empty());
        is_name.then_some(translated)
    }

    /// The name of the label for an attribute; none where nothing of it can be kept.
    pub fn label(&self, key: &str) -> Option<String> {
        let mut name = String::with_capacity(key.len() + 4);
        self.append_label(&mut name, key).then_some(name)
    }

    /// Appends that name to a text; false, whatever was appended, where there is none.
    pub fn append_label(&self, text: &mut String, key: &str) -> bool {
        if self.keeps_utf8 {
            text.push_str(key);
            return has_more_than_underscores(key);
        }
        append_escaped_label_name(text, key)
    }

    /// A unit in words.
    pub fn unit(&self, unit: &str) -> String {
        let (main, per) = unit_words(unit);
        let clean = |word: &str| if self.keeps_utf8 { word.to_owned() } else { in_valid_letters(word) };
        let words = [clean(main), clean(&per)];
        let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
        let words = words.join("_");
        let words = words.strip_prefix('_').unwrap_or(&words);
        words.strip_suffix('_').unwrap_or(words).to_owned()
    }

    /// The name of the metric that holds resource attributes.
    pub fn target_info(&self) -> String {
        not_beginning_with_digit(self.with_namespace("target_info"))
    }

    /// Whether names may hold any letters.
    pub const fn keeps_utf8(&self) -> bool {
        self.keeps_utf8
    }

    fn with_namespace(&self, name: &str) -> String {
        if self.namespace.is_empty() { name.to_owned() } else { format!("{}_{name}", self.namespace) }
    }

    /// The name in words, the unit's among them unless they are there, the type's last.
    fn normalized(&self, name: &str, unit: &str, kind: NamedKind) -> String {
        let is_separator = |character: char| character == '_' || is_invalid(character);
        let mut words: Vec<Cow<'_, str>> =
            name.split(is_separator).filter(|word| !word.is_empty()).map(Cow::Borrowed).collect();
        let (main, per) = unit_words(unit);
        let (main, per) = (in_valid_letters(main), in_valid_letters(&per));
        let main = if words.iter().any(|word| *word == main) { String::new() } else { main };
        // Only one underscore stands between two words.
        let main = if per.is_empty() { main } else { main.trim_end_matches('_').to_owned() };
        words.extend([main, per].into_iter().filter(|word| !word.is_empty()).map(Cow::Owned));
        if let Some(suffix) = type_suffix(unit, kind) {
            words.retain(|word| word != suffix);
            words.push(Cow::Borrowed(suffix));
        }
        if !self.namespace.is_empty() {
            words.insert(0, Cow::Borrowed(&self.namespace));
        }
        words.join("_")
    }
}

/// A name that is kept as it is, with unit and type behind it unless it ends so.
fn with_suffixes(mut name: String, unit: &str, kind: NamedKind) -> String {
    let (main, per) = unit_words(unit);
    let suffix = type_suffix(unit, kind);
    for ending in [suffix.unwrap_or_default(), &per] {
        let longer_than_ending = name.len() > ending.len() + 1;
        if longer_than_ending && !ending.is_empty() && name.ends_with(ending) {
            // The separator before it may be any character.
            name.truncate(name.len() - ending.len());
            name.pop();
        }
    }
    if !name.ends_with(main) {
        name = format!("{name}_{main}");
    }
    for ending in [&per, suffix.unwrap_or_default()].into_iter().filter(|ending| !ending.is_empty()) {
        name = format!("{name}_{ending}");
    }
    name
}

const fn type_suffix(unit: &str, kind: NamedKind) -> Option<&'static str> {
    match kind {
        NamedKind::Counter => Some("total"),
        NamedKind::Gauge if matches!(unit.as_bytes(), b"1") => Some("ratio"),
        NamedKind::Gauge | NamedKind::Other => None,
    }
}

fn not_beginning_with_digit(mut name: String) -> String {
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        name.insert(0, '_');
    }
    name
}

/// A unit's word with runs of other letters as one underscore, and none at its beginning.
fn in_valid_letters(word: &str) -> String {
    let mut name = String::with_capacity(word.len());
    for character in word.chars() {
        let character = if is_invalid(character) { '_' } else { character };
        if character != '_' || !(name.is_empty() || name.ends_with('_')) {
            name.push(character);
        }
    }
    name
}

fn is_invalid(character: char) -> bool {
    !(character.is_ascii_alphanumeric() || character == '_' || character == ':')
}

#[cfg(test)]
mod tests {
    use super::NamedKind::{Counter, Gauge, Other};
    use super::*;

    /// What github.com/prometheus/otlptranslator 1.0.0 makes of a name, a unit and a kind: escaped with and
    /// without suffixes, then UTF-8 with suffixes.
    const CASES: &[(&str, &str, NamedKind, [&str; 3])] = &[
        (
            "http.server.duration",
            "ms",
            Other,
            [
                "http_server_duration_milliseconds",
                "http_server_duration",
                "http.server.duration_milliseconds",
            ],
        ),
        (
            "system.network.io",
            "By",
            Counter,
            ["system_network_io_bytes_total", "system_network_io", "system.network.io_bytes_total"],
        ),
        ("active", "1", Gauge, ["active_ratio", "active", "active_ratio"]),
        ("queue_ratio", "1", Gauge, ["queue_ratio", "queue_ratio", "queue_ratio"]),
        ("some.ratio.x", "1", Gauge, ["some_x_ratio", "some_ratio_x", "some.ratio.x_ratio"]),
        ("requests_total", "1", Counter, ["requests_total", "requests_total", "requests_total"]),
        (
            "total.requests",
            "{request}",
            Counter,
            ["requests_total", "total_requests", "total.requests_total"],
        ),
        (
            "network.speed",
            "By/s",
            Gauge,
            ["network_speed_bytes_per_second", "network_speed", "network.speed_bytes_per_second"],
        ),
        (
            "x.bytes_per_second",
            "By/s",
            Gauge,
            ["x_bytes_per_second_per_second", "x_bytes_per_second", "x.bytes_per_second"],
        ),
        (
            "cpu.utilization",
            "%",
            Gauge,
            ["cpu_utilization_percent", "cpu_utilization", "cpu.utilization_percent"],
        ),
        ("3.14.things", "", Gauge, ["_3_14_things", "_3_14_things", "3.14.things"]),
        (
            "storage::used",
            "GiBy",
            Other,
            ["storage::used_gibibytes", "storage::used", "storage::used_gibibytes"],
        ),
        ("é.weird  name", "", Gauge, ["weird_name", "weird_name", "é.weird  name"]),
        ("__a__b__", "", Gauge, ["a_b", "__a__b__", "__a__b__"]),
        (
            "unmapped",
            "foo/bar-baz",
            Gauge,
            ["unmapped_foo_per_bar_baz", "unmapped", "unmapped_foo_per_bar-baz"],
        ),
        ("rate", "{packet}/s", Counter, ["rate_per_second_total", "rate", "rate_per_second_total"]),
        ("latency", "__s__", Gauge, ["latency_s_", "latency", "latency___s__"]),
        ("d", "/s", Gauge, ["d_per_second", "d", "d_per_second"]),
        ("m_seconds", "s", Other, ["m_seconds", "m_seconds", "m_seconds"]),
        ("m.bytes.sum", "By", Counter, ["m_bytes_sum_total", "m_bytes_sum", "m.bytes.sum_bytes_total"]),
        (
            "speed_kilobytes",
            "KBy/h",
            Other,
            ["speed_kilobytes_per_hour", "speed_kilobytes", "speed_kilobytes_per_hour"],
        ),
        ("a total", "s", Counter, ["a_seconds_total", "a_total", "a_seconds_total"]),
        ("...", "s", Gauge, ["seconds", "", "..._seconds"]),
        ("_", "", Gauge, ["", "_", "_"]),
        ("", "", Gauge, ["", "", ""]),
    ];

    #[test]
    fn names_are_those_of_the_translator() {
        let namings = [(true, false), (false, false), (true, true)];
        for (name, unit, kind, expected) in CASES {
            for ((adds_suffixes, keeps_utf8), expected) in namings.into_iter().zip(expected) {
                let naming = Naming::new("", adds_suffixes, keeps_utf8);
                let found = naming.metric(name, unit, *kind).unwrap_or_default();
                assert_eq!(found, *expected, "{name:?} {unit:?} {naming:?}");
            }
        }
    }

    #[test]
    fn without_translation_names_stay() {
        let naming = Naming::new("", false, true);
        assert_eq!(naming.metric("a.b é", "By", Counter).as_deref(), Some("a.b é"));
        assert_eq!(naming.label("a.b").as_deref(), Some("a.b"));
        assert_eq!(naming.label("__"), None);
    }

    #[test]
    fn a_namespace_comes_first() {
        let escaped = Naming::new("my-ns", true, false);
        assert_eq!(escaped.metric("3.d", "", Gauge).as_deref(), Some("my_ns_3_d"));
        assert_eq!(escaped.target_info(), "my_ns_target_info");
        let plain = Naming::new("my-ns", false, false);
        assert_eq!(plain.metric("a.b", "s", Gauge).as_deref(), Some("my_ns_a_b"));
        let utf8 = Naming::new("my-ns", true, true);
        assert_eq!(utf8.metric("a.b", "s", Gauge).as_deref(), Some("my-ns_a.b_seconds"));
    }
}
