//! The text exposition format, version 0.0.4, with quoted names where names need them.
//!
//! See <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>.

use super::samples::{
    Format, append_escaped, append_float, append_head_name, append_histogram, append_name, append_summary,
    push_number,
};
use super::{Exemplar, MetricFamily, SeriesValue};

/// The text of all families.
pub fn exposition(families: &[MetricFamily]) -> String {
    let mut text = String::new();
    for family in families {
        append_family(&mut text, family);
    }
    text
}

fn append_family(text: &mut String, family: &MetricFamily) {
    text.push_str("# HELP ");
    append_head_name(text, &family.name);
    text.push(' ');
    append_escaped(text, &family.help, false);
    text.push_str("\n# TYPE ");
    append_head_name(text, &family.name);
    text.push(' ');
    text.push_str(family.kind.name());
    text.push('\n');
    for series in &family.series {
        match &series.value {
            SeriesValue::Number { value, .. } => {
                append_name(text, &family.name, &series.labels, None);
                append_float(text, *value);
                ClassicText.append_end(text, series.timestamp_ms, None);
            }
            SeriesValue::Histogram(histogram) => {
                append_histogram(text, &family.name, series, histogram, &ClassicText);
            }
            SeriesValue::Summary(summary) => {
                append_summary(text, &family.name, series, summary, &ClassicText);
            }
        }
    }
}

struct ClassicText;

impl Format for ClassicText {
    fn append_bound(&self, text: &mut String, bound: f64) {
        append_float(text, bound);
    }

    fn append_end(&self, text: &mut String, timestamp_ms: Option<i64>, _exemplar: Option<&Exemplar>) {
        if let Some(timestamp_ms) = timestamp_ms {
            text.push(' ');
            push_number(text, timestamp_ms);
        }
        text.push('\n');
    }

    fn shows_count_without_sum(&self) -> bool {
        true
    }
}
