//! Reads what a scrape shows, line by line: the text format 0.0.4 and OpenMetrics 1.0.
//!
//! What is taken and what is refused is what Prometheus takes and refuses, which is more than the
//! specifications allow: the order of lines, say, is free.
//!
//! See <https://prometheus.io/docs/instrumenting/exposition_formats/> and
//! <https://prometheus.io/docs/specs/om/open_metrics_spec/>.

mod numbers;
mod series;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use self::numbers::{milliseconds, number, whole_milliseconds};
pub use self::series::{SeriesText, read_series};
use self::series::{skip_exemplar_labels, skip_name, skip_series};

/// How an exposition is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpositionFormat {
    /// The text format 0.0.4, and 1.0.0, whose names may be quoted.
    Text,
    /// OpenMetrics 0.0.1 and 1.0.0.
    OpenMetrics,
}

/// What the values of a metric are, as its `# TYPE` line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MetricType {
    /// Nothing is known.
    #[default]
    Unknown,
    /// Never decreases but to begin anew.
    Counter,
    /// A value at a moment.
    Gauge,
    /// A distribution over buckets.
    Histogram,
    /// A distribution of what is there now.
    GaugeHistogram,
    /// Quantiles.
    Summary,
    /// Facts as labels.
    Info,
    /// Which of some states hold.
    StateSet,
}

/// One line of an exposition that says something.
#[derive(Debug, Clone, PartialEq)]
pub enum ExpositionLine<'a> {
    /// The type of the metrics called `family`.
    Type {
        /// The name, without quotes.
        family: &'a [u8],
        /// The type.
        metric_type: MetricType,
    },
    /// What the metrics called `family` are, in a sentence.
    Help {
        /// The name, without quotes.
        family: &'a [u8],
        /// The sentence.
        text: Cow<'a, str>,
    },
    /// The unit of the metrics called `family`.
    Unit {
        /// The name, without quotes.
        family: &'a [u8],
        /// The unit; may be empty.
        unit: Cow<'a, str>,
    },
    /// A value.
    Sample(SampleLine<'a>),
}

/// A series with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleLine<'a> {
    /// Name and labels as they are written, to be read with [`read_series`].
    pub series: &'a [u8],
    /// Whether the series is the one that was expected.
    pub is_expected: bool,
    /// The value.
    pub value: f64,
    /// When it was measured, in milliseconds since 1970, where that is said.
    pub timestamp_ms: Option<i64>,
    /// One measurement of those counted.
    pub exemplar: Option<ExemplarText<'a>>,
}

/// An exemplar of OpenMetrics.
#[derive(Debug, Clone, PartialEq)]
pub struct ExemplarText<'a> {
    /// The labels as they are written, braces included; to be read with [`read_series`].
    pub labels: &'a [u8],
    /// What was measured.
    pub value: f64,
    /// When, in milliseconds since 1970, where that is said.
    pub timestamp_ms: Option<i64>,
}

/// What is wrong with an exposition, and in which line, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ExpositionError {
    /// The line.
    pub line: usize,
    /// The sentence.
    pub problem: String,
}

/// Reads an exposition from its beginning to its end.
#[derive(Debug)]
pub struct ExpositionReader<'a> {
    text: &'a [u8],
    rest: &'a [u8],
    format: ExpositionFormat,
}

/// What went wrong at the reader's place.
type Problem = String;

impl<'a> ExpositionReader<'a> {
    /// A reader at the beginning of `text`.
    pub const fn new(text: &'a [u8], format: ExpositionFormat) -> Self {
        Self { text, rest: text, format }
    }

    /// The next line that says something; none at the end. A sample whose series is written as `expected`
    /// is found without looking at its labels; an empty text expects nothing.
    ///
    /// # Errors
    ///
    /// [`ExpositionError`]; nothing more can be read then.
    pub fn next_line(&mut self, expected: &[u8]) -> Result<Option<ExpositionLine<'a>>, ExpositionError> {
        let start = self.rest;
        let line = match self.format {
            ExpositionFormat::Text => self.next_of_text(expected),
            ExpositionFormat::OpenMetrics => self.next_of_open_metrics(expected),
        };
        line.map_err(|problem| self.error_in(start, problem))
    }

    fn error_in(&self, start: &[u8], problem: Problem) -> ExpositionError {
        let before = self.text.get(..self.text.len() - start.len()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let end = start.iter().position(|byte| *byte == b'\n').unwrap_or(start.len());
        let shown = String::from_utf8_lossy(start.get(..end.min(LONGEST_SHOWN)).unwrap_or_default());
        ExpositionError { line, problem: format!("{problem}: {shown:?}") }
    }

    fn next_of_text(&mut self, expected: &[u8]) -> Result<Option<ExpositionLine<'a>>, Problem> {
        loop {
            if let Some(after) = after_expected(self.rest, expected, is_blank) {
                return self.text_sample(expected.len(), after, true).map(Some);
            }
            self.rest = trim_blanks(self.rest);
            match self.rest.first() {
                None | Some(0) => return Ok(None),
                Some(b'\n') => self.rest = self.rest.get(1..).unwrap_or_default(),
                Some(b'#') => {
                    let (comment, rest) = split_line(self.rest);
                    self.rest = rest;
                    if let Some(line) = text_comment(comment)? {
                        return Ok(Some(line));
                    }
                }
                Some(_) => {
                    let after = skip_series(self.rest, self.format)?;
                    return self.text_sample(self.rest.len() - after.len(), after, false).map(Some);
                }
            }
        }
    }

    /// The sample whose series is the next `length` bytes and whose value is in `after`.
    fn text_sample(
        &mut self,
        length: usize,
        after: &'a [u8],
        is_expected: bool,
    ) -> Result<ExpositionLine<'a>, Problem> {
        let series = self.rest.get(..length).unwrap_or_default();
        let (value, after) =
            take_until(trim_blanks(after), |byte| is_blank(byte) || matches!(byte, b'\n' | b'{'));
        let value = number(value).map_err(|problem| format!("expected a value: {problem}"))?;
        let (timestamp, after) = take_until(trim_blanks(after), |byte| !byte.is_ascii_digit());
        let timestamp_ms = if timestamp.is_empty() { None } else { Some(whole_milliseconds(timestamp)?) };
        self.rest = match trim_blanks(after) {
            [b'\n', rest @ ..] => rest,
            [] => &[],
            _ => return Err("expected a timestamp or the end of the line".to_owned()),
        };
        Ok(ExpositionLine::Sample(SampleLine { series, is_expected, value, timestamp_ms, exemplar: None }))
    }

    fn next_of_open_metrics(&mut self, expected: &[u8]) -> Result<Option<ExpositionLine<'a>>, Problem> {
        if let Some(after) = after_expected(self.rest, expected, |byte| byte == b' ') {
            return self.open_metrics_sample(expected.len(), after, true).map(Some);
        }
        match self.rest.first() {
            None => Err("data does not end with # EOF".to_owned()),
            Some(b'#') => {
                let (comment, rest) = split_line(self.rest);
                let ends = comment.len() < self.rest.len();
                self.rest = rest;
                if comment == b"# EOF" {
                    return if rest.is_empty() {
                        Ok(None)
                    } else {
                        Err("unexpected data after # EOF".to_owned())
                    };
                }
                if !ends {
                    return Err("data does not end with # EOF".to_owned());
                }
                open_metrics_comment(comment).map(Some)
            }
            Some(_) => {
                let after = skip_series(self.rest, self.format)?;
                self.open_metrics_sample(self.rest.len() - after.len(), after, false).map(Some)
            }
        }
    }

    fn open_metrics_sample(
        &mut self,
        length: usize,
        after: &'a [u8],
        is_expected: bool,
    ) -> Result<ExpositionLine<'a>, Problem> {
        let series = self.rest.get(..length).unwrap_or_default();
        let (value, after) = take_word(after).ok_or("expected a value after the metric")?;
        let value = number(value)?;
        let (timestamp_ms, after) = take_timestamp(after)?;
        let (exemplar, after) = match after.strip_prefix(b" # ") {
            Some(exemplar) => take_exemplar(exemplar).map(|(exemplar, after)| (Some(exemplar), after))?,
            None => (None, after),
        };
        self.rest = match after {
            [b'\n', rest @ ..] => rest,
            [] => return Err("data does not end with # EOF".to_owned()),
            _ => return Err("expected the end of the line".to_owned()),
        };
        Ok(ExpositionLine::Sample(SampleLine { series, is_expected, value, timestamp_ms, exemplar }))
    }
}

/// How much of a line is shown in an error.
const LONGEST_SHOWN: usize = 200;

/// What stands behind the expected series, where it is the next.
fn after_expected<'a>(rest: &'a [u8], expected: &[u8], separates: impl Fn(u8) -> bool) -> Option<&'a [u8]> {
    let after = rest.strip_prefix(expected).filter(|_| !expected.is_empty())?;
    if expected.last() == Some(&b'}') {
        return Some(after);
    }
    // The name of a series with labels begins alike.
    let ends_here = after.first().is_some_and(|byte| separates(*byte));
    (ends_here && trim_blanks(after).first() != Some(&b'{')).then_some(after)
}

/// What a comment of the text format says; none where it is only that.
fn text_comment(comment: &[u8]) -> Result<Option<ExpositionLine<'_>>, Problem> {
    let Some(keyword) =
        comment.strip_prefix(b"#").filter(|rest| rest.first().is_some_and(|byte| is_blank(*byte)))
    else {
        return Ok(None);
    };
    let (keyword, rest) = take_until(trim_blanks(keyword), is_blank);
    if rest.is_empty() || !matches!(keyword, b"HELP" | b"TYPE") {
        return Ok(None);
    }
    let (family, text) = family_and_text(trim_blanks(rest), keyword)?;
    if keyword == b"HELP" {
        return Ok(Some(ExpositionLine::Help { family, text: help_text(text, false)? }));
    }
    let metric_type = match text {
        b"counter" => MetricType::Counter,
        b"gauge" => MetricType::Gauge,
        b"histogram" => MetricType::Histogram,
        b"summary" => MetricType::Summary,
        b"untyped" => MetricType::Unknown,
        _ => return Err(invalid_type(text)),
    };
    Ok(Some(ExpositionLine::Type { family, metric_type }))
}

fn open_metrics_comment(comment: &[u8]) -> Result<ExpositionLine<'_>, Problem> {
    let keyword =
        [&b"# HELP "[..], b"# TYPE ", b"# UNIT "].into_iter().find(|start| comment.starts_with(start));
    let keyword = keyword.ok_or("expected HELP, TYPE, UNIT or EOF in the comment")?;
    let (family, text) = family_and_text(comment.get(keyword.len()..).unwrap_or_default(), keyword)?;
    match keyword {
        b"# HELP " => Ok(ExpositionLine::Help { family, text: help_text(text, true)? }),
        b"# UNIT " => {
            let is_suffix = family.strip_suffix(text).is_some_and(|name| name.ends_with(b"_"));
            if !text.is_empty() && !is_suffix {
                return Err("the unit is not the end of the metric's name".to_owned());
            }
            Ok(ExpositionLine::Unit { family, unit: String::from_utf8_lossy(text) })
        }
        _ => {
            let metric_type = MetricType::of_open_metrics(text).ok_or_else(|| invalid_type(text))?;
            Ok(ExpositionLine::Type { family, metric_type })
        }
    }
}

/// A metric's name, without its quotes, and what stands behind the character after it.
fn family_and_text<'a>(rest: &'a [u8], keyword: &[u8]) -> Result<(&'a [u8], &'a [u8]), Problem> {
    let after = match rest.first() {
        Some(b'"') => series::skip_quoted(rest, true).ok_or("the metric name's quotes are not closed")?,
        _ => skip_name(rest),
    };
    let family = rest.get(..rest.len() - after.len()).unwrap_or_default();
    if family.is_empty() {
        let keyword = String::from_utf8_lossy(keyword);
        return Err(format!("expected a metric name after {}", keyword.trim_matches(['#', ' '])));
    }
    if after.first() != Some(&b' ') && keyword.starts_with(b"#") {
        return Err("expected a text after the metric's name".to_owned());
    }
    let family = family.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")).unwrap_or(family);
    Ok((family, after.get(1..).unwrap_or_default()))
}

fn help_text(text: &[u8], has_quotes: bool) -> Result<Cow<'_, str>, Problem> {
    let text = std::str::from_utf8(text).map_err(|_| "the help text is not valid UTF-8")?;
    Ok(series::unescaped(text, has_quotes))
}

fn invalid_type(text: &[u8]) -> Problem {
    format!("invalid metric type {:?}", String::from_utf8_lossy(text))
}

/// A word after one space.
fn take_word(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (word, after) = take_until(rest.strip_prefix(b" ")?, |byte| matches!(byte, b' ' | b'\n'));
    (!word.is_empty()).then_some((word, after))
}

/// The seconds after a value, where there are some.
fn take_timestamp(rest: &[u8]) -> Result<(Option<i64>, &[u8]), Problem> {
    if rest.first() != Some(&b' ') || rest.starts_with(b" # {") {
        return Ok((None, rest));
    }
    let (seconds, after) = take_word(rest).ok_or("expected a timestamp")?;
    Ok((Some(milliseconds(seconds)?), after))
}

fn take_exemplar(rest: &[u8]) -> Result<(ExemplarText<'_>, &[u8]), Problem> {
    let after = skip_exemplar_labels(rest)?;
    let labels = rest.get(..rest.len() - after.len()).unwrap_or_default();
    let (value, after) = take_word(after).ok_or("expected a value after the exemplar's labels")?;
    let value = number(value)?;
    let (timestamp_ms, after) = take_timestamp(after)?;
    Ok((ExemplarText { labels, value, timestamp_ms }, after))
}

/// The line without its end, and what follows.
fn split_line(rest: &[u8]) -> (&[u8], &[u8]) {
    let (line, after) = take_until(rest, |byte| byte == b'\n');
    (line, after.get(1..).unwrap_or_default())
}

fn take_until(rest: &[u8], ends: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    rest.split_at(rest.iter().position(|byte| ends(*byte)).unwrap_or(rest.len()))
}

fn trim_blanks(rest: &[u8]) -> &[u8] {
    take_until(rest, |byte| !is_blank(byte)).1
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

impl MetricType {
    fn of_open_metrics(text: &[u8]) -> Option<Self> {
        let all = [
            Self::Unknown,
            Self::Counter,
            Self::Gauge,
            Self::Histogram,
            Self::GaugeHistogram,
            Self::Summary,
            Self::Info,
            Self::StateSet,
        ];
        all.into_iter().find(|metric_type| metric_type.name().as_bytes() == text)
    }

    /// The word for it in OpenMetrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "stateset",
        }
    }
}
