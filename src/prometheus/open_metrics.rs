//! The OpenMetrics text format, version 1.0.0, with quoted names where names need them.
//!
//! See <https://prometheus.io/docs/specs/om/open_metrics_spec/>. As in the Collector, there are no `# UNIT`
//! lines and no `_created` samples.

use std::collections::HashSet;

use super::samples::{
    Format, append_escaped, append_float, append_head_name, append_histogram, append_label_set, append_name,
    append_summary,
};
use super::{Exemplar, FamilyKind, MetricFamily, SeriesValue};

/// The text of all families, with its end.
pub fn exposition(families: &[MetricFamily]) -> String {
    let names: HashSet<&str> = families.iter().map(|family| family.name.as_str()).collect();
    let mut text = String::new();
    for family in families {
        append_family(&mut text, family, &names);
    }
    text.push_str("# EOF\n");
    text
}

fn append_family(text: &mut String, family: &MetricFamily, names: &HashSet<&str>) {
    let (name, kind) = name_and_kind(family, names);
    text.push_str("# HELP ");
    append_head_name(text, name);
    text.push(' ');
    append_escaped(text, &family.help, true);
    text.push_str("\n# TYPE ");
    append_head_name(text, name);
    text.push(' ');
    text.push_str(kind);
    text.push('\n');
    for series in &family.series {
        match &series.value {
            SeriesValue::Number { value, exemplar } => {
                append_name(text, &family.name, &series.labels, None);
                append_float(text, *value);
                let exemplar = exemplar.as_ref().filter(|_| kind == FamilyKind::Counter.name());
                OpenMetricsText.append_end(text, series.timestamp_ms, exemplar);
            }
            SeriesValue::Histogram(histogram) => {
                append_histogram(text, &family.name, series, histogram, &OpenMetricsText);
            }
            SeriesValue::Summary(summary) => {
                append_summary(text, &family.name, series, summary, &OpenMetricsText);
            }
        }
    }
}

/// A counter is named without the `_total` that its samples have. One without that, or whose name without
/// it is another family's, is of unknown kind.
fn name_and_kind<'a>(family: &'a MetricFamily, names: &HashSet<&str>) -> (&'a str, &'static str) {
    match (family.kind, family.name.strip_suffix("_total")) {
        (FamilyKind::Counter, Some(name)) if !name.is_empty() && !names.contains(name) => {
            (name, FamilyKind::Counter.name())
        }
        (FamilyKind::Counter | FamilyKind::Unknown, _) => (&family.name, "unknown"),
        (kind, _) => (&family.name, kind.name()),
    }
}

struct OpenMetricsText;

impl Format for OpenMetricsText {
    fn append_bound(&self, text: &mut String, bound: f64) {
        let start = text.len();
        append_float(text, bound);
        // Bounds are floating point numbers in their canonical form.
        let is_integer = text.get(start..).is_some_and(|digits| !digits.contains(['.', 'e', 'N', 'I']));
        if is_integer {
            text.push_str(".0");
        }
    }

    fn append_end(&self, text: &mut String, timestamp_ms: Option<i64>, exemplar: Option<&Exemplar>) {
        if let Some(timestamp_ms) = timestamp_ms {
            text.push(' ');
            append_float(text, timestamp_ms as f64 / 1e3);
        }
        if let Some(exemplar) = exemplar {
            text.push_str(" # ");
            append_label_set(text, &exemplar.labels);
            text.push(' ');
            append_float(text, exemplar.value);
            if exemplar.time_unix_nano > 0 {
                text.push(' ');
                append_seconds(text, exemplar.time_unix_nano);
            }
        }
        text.push('\n');
    }

    /// The specification wants both or neither.
    fn shows_count_without_sum(&self) -> bool {
        false
    }
}

/// Nanoseconds since 1970 as seconds, to the millisecond that Prometheus keeps.
fn append_seconds(text: &mut String, time_unix_nano: u64) {
    append_float(text, (time_unix_nano / 1_000_000) as f64 / 1e3);
}
