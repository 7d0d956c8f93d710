//! What a request asks: the parts of its path and its parameters, each read with a clear error.

use std::collections::BTreeMap;
use std::time::Instant;

use axum::extract::Query;
use http::Uri;

use super::Console;
use super::answer::ApiError;
use super::router::PathParts;
use crate::config::unknown_key_hint;
use crate::otlp::Signal;
use crate::store::filter::query_text::{parse_field, parse_query_text};
use crate::store::{Field, Filter, Limits, TelemetryStore, TimeRange};

/// A request to the API.
pub struct Asked<'a> {
    /// What it is answered from.
    pub console: &'a Console,
    parts: BTreeMap<String, String>,
    parameters: BTreeMap<String, String>,
    asked_at: Instant,
}

/// The range of time where none is asked for.
const DEFAULT_RANGE_NANO: u64 = 3_600_000_000_000;

impl<'a> Asked<'a> {
    /// Reads the request; `known` are the parameters that the endpoint has.
    ///
    /// # Errors
    ///
    /// A part of the path that is not UTF-8, a parameter that the endpoint does not have, or the same one twice.
    pub fn new(console: &'a Console, parts: &PathParts, uri: &Uri, known: &[&str]) -> Result<Self, ApiError> {
        let parts = parts
            .as_ref()
            .map_err(|error| ApiError::bad_request(format!("The path cannot be read: {error}")))?;
        let Query(pairs): Query<Vec<(String, String)>> = Query::try_from_uri(uri)
            .map_err(|error| ApiError::bad_request(format!("The parameters cannot be read: {error}")))?;
        let mut parameters = BTreeMap::new();
        for (name, value) in pairs {
            if !known.contains(&name.as_str()) {
                let hint = unknown_key_hint(&name, known).replace("keys", "parameters");
                return Err(ApiError::bad_request(format!("There is no parameter {name:?} here: {hint}.")));
            }
            if parameters.insert(name.clone(), value).is_some() {
                return Err(ApiError::bad_request(format!("The parameter {name:?} is given twice.")));
            }
        }
        let parts = parts.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Self { console, parts, parameters, asked_at: Instant::now() })
    }

    /// Where telemetry is kept.
    pub fn store(&self) -> &dyn TelemetryStore {
        &*self.console.store
    }

    /// A part of the path, decoded.
    pub fn part(&self, name: &str) -> &str {
        self.parts.get(name).map_or("", String::as_str)
    }

    /// A parameter; none where it is not given or empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// A parameter that is a number.
    pub fn number(&self, name: &str) -> Result<Option<f64>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() && number >= 0.0 => Ok(Some(number)),
            _ => Err(ApiError::bad_request(format!("{name} must be a number of 0 or more, not {text:?}."))),
        }
    }

    /// A parameter that is one of some words.
    pub fn word(&self, name: &str, words: &[&'static str]) -> Result<Option<&'static str>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let word = words.iter().find(|word| **word == text);
        word.map(|word| Some(*word)).ok_or_else(|| {
            ApiError::bad_request(format!("{name} must be one of {}, not {text:?}.", words.join(", ")))
        })
    }

    /// A parameter that says how many rows are wanted: from 1 to `most`.
    pub fn rows(&self, name: &str, default: usize, most: usize) -> Result<usize, ApiError> {
        let rows = self.number(name)?.map_or(default, |rows| rows as usize);
        Ok(rows.clamp(1, most))
    }

    /// `from` and `to`, unix milliseconds; the last hour where they are not given.
    pub fn range(&self) -> Result<TimeRange, ApiError> {
        let nano = |milliseconds: f64| (milliseconds * 1e6) as u64;
        let to_unix_nano = self.number("to")?.map_or_else(|| self.console.clock.now_unix_nano(), nano);
        let hour_before = to_unix_nano.saturating_sub(DEFAULT_RANGE_NANO);
        let from_unix_nano = self.number("from")?.map_or(hour_before, nano);
        if from_unix_nano >= to_unix_nano {
            return Err(ApiError::bad_request("from must be before to; both are in unix milliseconds."));
        }
        Ok(TimeRange { from_unix_nano, to_unix_nano })
    }

    /// `step_ms`, or a step that makes about `steps` of the range; never so small that there are over 5,000.
    pub fn step_nano(&self, range: TimeRange, steps: u64) -> Result<u64, ApiError> {
        const MOST_STEPS: u64 = 5_000;
        let asked = self.number("step_ms")?.map(|milliseconds| (milliseconds * 1e6) as u64);
        let step = asked.unwrap_or_else(|| round_step(range.duration_nano() / steps.max(1)));
        Ok(step.max(range.duration_nano() / MOST_STEPS).max(1_000_000))
    }

    /// The parameter `q` as a filter on items of `signal`.
    pub fn filter(&self, signal: Signal) -> Result<Filter, ApiError> {
        Ok(parse_query_text(self.text("q").unwrap_or_default(), signal)?)
    }

    /// A parameter that lists fields, with commas between them; each as written and as understood.
    pub fn fields(&self, name: &str) -> Result<Vec<(String, Field)>, ApiError> {
        let texts = self.text(name).unwrap_or_default().split(',').map(str::trim);
        let fields = texts.filter(|text| !text.is_empty()).map(|text| {
            let field = parse_field(text)
                .map_err(|error| ApiError::bad_request(format!("{name}: {text:?} is no field: {error}")))?;
            Ok((text.to_owned(), field))
        });
        fields.collect()
    }

    /// The limits of a question whose answer may have `rows` rows.
    pub fn limits(&self, rows: usize) -> Limits {
        let deadline = self.asked_at.checked_add(self.console.question_timeout);
        Limits { rows, bytes: self.console.question_bytes, deadline }
    }
}

/// The next longer step that people would choose: 1, 2 or 5 seconds, minutes and so on.
fn round_step(nano: u64) -> u64 {
    const SECOND: u64 = 1_000_000_000;
    const STEPS: [u64; 17] =
        [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];
    let seconds = STEPS.into_iter().find(|seconds| seconds * SECOND >= nano);
    seconds.map_or(nano, |seconds| seconds * SECOND)
}
