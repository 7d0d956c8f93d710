//! The parts both text formats are made of: names with labels, escaped texts, numbers.

use std::fmt::Write as _;

use super::{HistogramValue, Label, ShownSeries, SummaryValue};
use crate::otlp::special_number;

/// How one format writes what the formats write differently.
pub(super) trait Format {
    /// The bound of a bucket, or a quantile.
    fn append_bound(&self, text: &mut String, bound: f64);
    /// What follows a sample's value, the end of the line included.
    fn append_end(&self, text: &mut String, timestamp_ms: Option<i64>, exemplar: Option<&super::Exemplar>);
    /// Whether a histogram whose sum is not known shows its count beside the bucket of all values.
    fn shows_count_without_sum(&self) -> bool;
}

pub(super) fn append_histogram(
    text: &mut String,
    name: &str,
    series: &ShownSeries,
    histogram: &HistogramValue,
    format: &impl Format,
) {
    let timestamp_ms = series.timestamp_ms;
    let bucket_name = format!("{name}_bucket");
    for bucket in &histogram.buckets {
        let mut bound = String::new();
        format.append_bound(&mut bound, bucket.upper_bound);
        append_name(text, &bucket_name, &series.labels, Some(("le", &bound)));
        push_number(text, bucket.cumulative_count);
        format.append_end(text, timestamp_ms, bucket.exemplar.as_ref());
    }
    if let Some(sum) = histogram.sum {
        append_name(text, &format!("{name}_sum"), &series.labels, None);
        append_float(text, sum);
        format.append_end(text, timestamp_ms, None);
    }
    if histogram.sum.is_some() || format.shows_count_without_sum() {
        append_name(text, &format!("{name}_count"), &series.labels, None);
        push_number(text, histogram.count);
        format.append_end(text, timestamp_ms, None);
    }
}

pub(super) fn append_summary(
    text: &mut String,
    name: &str,
    series: &ShownSeries,
    summary: &SummaryValue,
    format: &impl Format,
) {
    let timestamp_ms = series.timestamp_ms;
    for (quantile, value) in &summary.quantiles {
        let mut bound = String::new();
        format.append_bound(&mut bound, *quantile);
        append_name(text, name, &series.labels, Some(("quantile", &bound)));
        append_float(text, *value);
        format.append_end(text, timestamp_ms, None);
    }
    append_name(text, &format!("{name}_sum"), &series.labels, None);
    append_float(text, summary.sum);
    format.append_end(text, timestamp_ms, None);
    append_name(text, &format!("{name}_count"), &series.labels, None);
    push_number(text, summary.count);
    format.append_end(text, timestamp_ms, None);
}

/// `name{label="value",...} `, or `{"name",...} ` where the name has letters beyond the classic ones.
pub(super) fn append_name(text: &mut String, name: &str, labels: &[Label], last: Option<(&str, &str)>) {
    let mut separator = if is_classic_name(name) {
        text.push_str(name);
        '{'
    } else {
        text.push('{');
        append_quoted(text, name);
        ','
    };
    let labels = labels.iter().map(|label| (label.name.as_str(), label.value.as_str()));
    for (name, value) in labels.chain(last) {
        text.push(separator);
        separator = ',';
        append_label_name(text, name);
        text.push('=');
        append_quoted(text, value);
    }
    // Still `{` where there are no labels and the name stands before the braces.
    if separator == ',' {
        text.push('}');
    }
    text.push(' ');
}

/// `{label="value",...}`, also without labels.
pub(super) fn append_label_set(text: &mut String, labels: &[Label]) {
    text.push('{');
    for (index, label) in labels.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        append_label_name(text, &label.name);
        text.push('=');
        append_quoted(text, &label.value);
    }
    text.push('}');
}

/// A metric's name as it stands in `# HELP` and `# TYPE`.
pub(super) fn append_head_name(text: &mut String, name: &str) {
    if is_classic_name(name) { text.push_str(name) } else { append_quoted(text, name) }
}

/// A value: plain digits where they are few, else with an exponent.
pub(super) fn append_float(text: &mut String, value: f64) {
    if let Some(word) = special_number(value, "+Inf") {
        text.push_str(&word);
        return;
    }
    let magnitude = value.abs();
    // Writing to a string cannot fail.
    let _ = if magnitude == 0.0 || (1e-6..1e21).contains(&magnitude) {
        write!(text, "{value}")
    } else {
        write!(text, "{value:e}")
    };
}

pub(super) fn push_number(text: &mut String, number: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = write!(text, "{number}");
}

/// `text` with backslashes and line ends escaped, and quotes where `escapes_quotes`.
pub(super) fn append_escaped(text: &mut String, value: &str, escapes_quotes: bool) {
    for character in value.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '"' if escapes_quotes => text.push_str("\\\""),
            other => text.push(other),
        }
    }
}

fn append_quoted(text: &mut String, value: &str) {
    text.push('"');
    append_escaped(text, value, true);
    text.push('"');
}

fn append_label_name(text: &mut String, name: &str) {
    let is_classic = !name.contains(':') && is_classic_name(name);
    if is_classic { text.push_str(name) } else { append_quoted(text, name) }
}

/// Whether a metric's name needs no quotes.
pub(super) fn is_classic_name(name: &str) -> bool {
    let is_letter = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | ':');
    name.chars().all(is_letter) && !name.starts_with(|first: char| first.is_ascii_digit()) && !name.is_empty()
}
