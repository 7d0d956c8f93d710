//! Log records: the newest that fit, how many there are over time, and the values they have.

use serde::Serialize;

use super::attributes::{attributes, value};
use crate::console::answer::{ApiError, CutShape, Pair, cut_shape, first_cut, milliseconds, with_cut};
use crate::console::asked::Asked;
use crate::otlp::{Batch, LogRecordView, Signal, hexadecimal};
use crate::store::filter::matching::{record_time, service_of, severity_word};
use crate::store::filter::query_text::field_text;
use crate::store::{Cut, Field, LogPosition, LogSearch};

/// Answer of `/logs`.
#[derive(Debug, Serialize)]
pub struct Logs {
    logs: Vec<LogLine>,
    /// The value of `before` that goes on from here; none at the end.
    next: Option<String>,
    cut: Option<CutShape>,
}

/// A log record.
#[derive(Debug, Serialize)]
pub struct LogLine {
    time_ms: f64,
    time_unix_nano: String,
    severity: &'static str,
    severity_number: i32,
    severity_text: String,
    body: serde_json::Value,
    service: String,
    trace_id: String,
    span_id: String,
    attributes: Vec<Pair>,
    resource: Vec<Pair>,
    scope: String,
}

/// Answer of `/logs/histogram`.
#[derive(Debug, Serialize)]
pub struct LogHistogram {
    step_ms: f64,
    times_ms: Vec<f64>,
    counts: SeverityCounts,
    cut: Option<CutShape>,
}

#[derive(Debug, Default, Serialize)]
struct SeverityCounts {
    unspecified: Vec<u64>,
    trace: Vec<u64>,
    debug: Vec<u64>,
    info: Vec<u64>,
    warn: Vec<u64>,
    error: Vec<u64>,
    fatal: Vec<u64>,
}

/// Answer of `/logs/facets`.
#[derive(Debug, Serialize)]
pub struct Facets {
    facets: Vec<FacetOfKey>,
    cut: Option<CutShape>,
}

#[derive(Debug, Serialize)]
struct FacetOfKey {
    key: String,
    values: Vec<(String, u64)>,
}

/// Answer of `/fields`.
#[derive(Debug, Serialize)]
pub struct Fields {
    fields: Vec<String>,
    cut: Option<CutShape>,
}

const DEFAULT_LIMIT: usize = 100;
const MOST_RECORDS: usize = 5_000;
const HISTOGRAM_STEPS: u64 = 100;
const DEFAULT_FACET_VALUES: usize = 10;
const MOST_FACET_VALUES: usize = 1_000;
/// How many keys are shown where nobody asked for any.
const SHOWN_KEYS: usize = 10;
const MOST_FIELDS: usize = 10_000;

/// The newest records that fit.
pub fn logs(asked: &Asked<'_>) -> Result<Logs, ApiError> {
    let before = asked.text("before").map(position).transpose()?;
    let search = LogSearch { range: asked.range()?, filter: asked.filter(Signal::Logs)?, before };
    let limit = asked.rows("limit", DEFAULT_LIMIT, MOST_RECORDS)?;
    let (found, cut) = with_cut(asked.store().search_logs(&search, &asked.limits(limit))?, "records");
    Ok(Logs { logs: log_lines(&found.records), next: found.next.map(cursor), cut })
}

/// How many records fit, over time.
pub fn histogram(asked: &Asked<'_>) -> Result<LogHistogram, ApiError> {
    let range = asked.range()?;
    let step_nano = asked.step_nano(range, HISTOGRAM_STEPS)?;
    let filter = asked.filter(Signal::Logs)?;
    let limits = asked.limits(usize::MAX);
    let (steps, cut) = with_cut(asked.store().count_logs(range, step_nano, &filter, &limits)?, "records");
    let mut counts = SeverityCounts::default();
    for step in &steps {
        let [unspecified, trace, debug, info, warn, error, fatal] = step.by_severity;
        counts.unspecified.push(unspecified);
        counts.trace.push(trace);
        counts.debug.push(debug);
        counts.info.push(info);
        counts.warn.push(warn);
        counts.error.push(error);
        counts.fatal.push(fatal);
    }
    let times_ms = steps.iter().map(|step| milliseconds(step.unix_nano)).collect();
    Ok(LogHistogram { step_ms: milliseconds(step_nano), times_ms, counts, cut })
}

/// The most frequent values of the keys asked for, or of service, severity and the most frequent attributes.
pub fn facets(asked: &Asked<'_>) -> Result<Facets, ApiError> {
    let (range, filter) = (asked.range()?, asked.filter(Signal::Logs)?);
    let values = asked.rows("values", DEFAULT_FACET_VALUES, MOST_FACET_VALUES)?;
    let limits = asked.limits(usize::MAX);
    let mut fields: Vec<Field> = asked.fields("keys")?.into_iter().map(|(_, field)| field).collect();
    let is_asked = !fields.is_empty();
    let mut cuts = Vec::new();
    if !is_asked {
        let most = asked.limits(SHOWN_KEYS);
        let keys = asked.store().frequent_attributes(Signal::Logs, range, &filter, &most)?;
        cuts.push(keys.cut.filter(|cut| *cut != Cut::Rows));
        // The attribute says what the service says.
        let is_service = |field: &Field| matches!(field, Field::Attribute(key) if key == "service.name");
        let others = keys.value.into_iter().map(|(field, _)| field).filter(|field| !is_service(field));
        fields = [Field::Service, Field::Severity].into_iter().chain(others).take(SHOWN_KEYS).collect();
    }
    let found = asked.store().facets(Signal::Logs, range, &filter, &fields, values, &limits)?;
    cuts.push(found.cut);
    let mut facets = found.value;
    if !is_asked {
        facets.retain(|facet| !facet.values.is_empty());
    }
    let facet =
        |facet: crate::store::Facet| FacetOfKey { key: field_text(&facet.field), values: facet.values };
    let facets = facets.into_iter().map(facet).collect();
    Ok(Facets { facets, cut: cut_shape(first_cut(cuts), "records") })
}

/// The keys that queries about items of a signal can use.
pub fn fields(asked: &Asked<'_>) -> Result<Fields, ApiError> {
    let signal = match asked.word("signal", &["traces", "metrics", "logs"])? {
        Some("traces") => Signal::Traces,
        Some("metrics") => Signal::Metrics,
        _ => Signal::Logs,
    };
    let special: &[Field] = match signal {
        Signal::Traces => &[
            Field::Service,
            Field::Name,
            Field::Kind,
            Field::Status,
            Field::DurationMilliseconds,
            Field::TraceId,
            Field::SpanId,
            Field::Scope,
        ],
        Signal::Metrics => &[Field::Service, Field::Scope],
        Signal::Logs => &[
            Field::Service,
            Field::Severity,
            Field::Body,
            Field::Name,
            Field::TraceId,
            Field::SpanId,
            Field::Scope,
        ],
    };
    let keys = asked.store().attribute_keys(signal, asked.range()?, &asked.limits(MOST_FIELDS))?;
    let fields = special.iter().chain(&keys.value).map(field_text).collect();
    Ok(Fields { fields, cut: cut_shape(keys.cut, "keys") })
}

/// The records of a batch in their order.
pub fn log_lines(batch: &Batch) -> Vec<LogLine> {
    let mut lines = Vec::with_capacity(batch.items());
    for group in batch.resource_groups() {
        let service = service_of(&group.resource).to_text().into_owned();
        let resource = attributes(group.resource.attributes);
        for scope_group in group.scope_groups {
            let scope = scope_group.scope.name.to_string();
            let records = scope_group.log_records();
            lines.extend(records.map(|record| LogLine {
                service: service.clone(),
                resource: resource.clone(),
                scope: scope.clone(),
                ..LogLine::of(&record)
            }));
        }
    }
    lines
}

impl LogLine {
    fn of(record: &LogRecordView<'_>) -> Self {
        let time = record_time(record);
        Self {
            time_ms: milliseconds(time),
            time_unix_nano: time.to_string(),
            severity: severity_word(record.severity_number),
            severity_number: record.severity_number,
            severity_text: record.severity_text.to_string(),
            body: value(record.body),
            service: String::new(),
            trace_id: hexadecimal(record.trace_id),
            span_id: hexadecimal(record.span_id),
            attributes: attributes(record.attributes),
            resource: Vec::new(),
            scope: String::new(),
        }
    }
}

fn cursor(position: LogPosition) -> String {
    format!("{}.{}", position.unix_nano, position.older_at_that_time)
}

fn position(text: &str) -> Result<LogPosition, ApiError> {
    let read = || {
        let (unix_nano, older) = text.split_once('.')?;
        let older_at_that_time = older.parse().ok()?;
        Some(LogPosition { unix_nano: unix_nano.parse().ok()?, older_at_that_time })
    };
    read().ok_or_else(|| {
        ApiError::bad_request(format!("before must be the value of next in an earlier answer, not {text:?}."))
    })
}
