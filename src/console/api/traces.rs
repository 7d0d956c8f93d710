//! Searching traces, and one trace.

use serde::Serialize;
use serde_json::value::RawValue;

use super::attributes::trace_id;
use super::span_tree::{Trace, trace_of};
use crate::console::answer::{ApiError, CutShape, cut_shape, milliseconds, with_cut};
use crate::console::asked::Asked;
use crate::otlp::json::encode_json;
use crate::otlp::{Batch, Signal, hexadecimal};
use crate::store::{Condition, Cut, Field, Test, TraceOrder, TraceSearch, TraceSummary};

/// The parameters of `/traces`.
pub const PARAMETERS: &[&str] =
    &["from", "to", "service", "operation", "status", "min_ms", "max_ms", "q", "order", "limit"];

/// Answer of `/traces`.
#[derive(Debug, Serialize)]
pub struct Traces {
    traces: Vec<FoundTrace>,
    cut: Option<CutShape>,
}

#[derive(Debug, Serialize)]
struct FoundTrace {
    trace_id: String,
    root_service: String,
    root_name: String,
    has_root: bool,
    start_ms: f64,
    duration_ms: f64,
    spans: u64,
    errors: u64,
    services: Vec<Share>,
}

#[derive(Debug, Serialize)]
struct Share {
    name: String,
    spans: u64,
    errors: u64,
}

const DEFAULT_LIMIT: usize = 100;
const MOST_TRACES: usize = 2_000;

/// More spans of one trace than anybody looks at; the store's limit on bytes holds too.
const MOST_SPANS: usize = 200_000;

/// The traces that have a span as asked for.
pub fn traces(asked: &Asked<'_>) -> Result<Traces, ApiError> {
    let mut filter = asked.filter(Signal::Traces)?;
    let mut add = |field: Field, test: Option<Test>| {
        filter.conditions.extend(test.map(|test| Condition { field, test, negated: false }));
    };
    add(Field::Service, asked.text("service").map(|text| Test::Equals(text.to_owned())));
    add(Field::Name, asked.text("operation").map(|text| Test::Equals(text.to_owned())));
    let status = asked.word("status", &["unset", "ok", "error"])?;
    add(Field::Status, status.map(|status| Test::Equals(status.to_owned())));
    add(Field::DurationMilliseconds, asked.number("min_ms")?.map(Test::AtLeast));
    add(Field::DurationMilliseconds, asked.number("max_ms")?.map(Test::AtMost));
    let order = match asked.word("order", &["newest", "longest"])? {
        Some("longest") => TraceOrder::Longest,
        _ => TraceOrder::Newest,
    };
    let search = TraceSearch { range: asked.range()?, filter, order };
    let limits = asked.limits(asked.rows("limit", DEFAULT_LIMIT, MOST_TRACES)?);
    let (found, cut) = with_cut(asked.store().search_traces(&search, &limits)?, "traces");
    Ok(Traces { traces: found.into_iter().map(FoundTrace::from).collect(), cut })
}

/// All of one trace.
pub fn trace(asked: &Asked<'_>) -> Result<Trace, ApiError> {
    let (id, batch, cut) = batch_of(asked)?;
    Ok(trace_of(&id, &batch, cut_shape(cut, "spans")))
}

/// All of one trace as an OTLP/JSON document.
pub fn trace_as_otlp(asked: &Asked<'_>) -> Result<Box<RawValue>, ApiError> {
    let (_, batch, _) = batch_of(asked)?;
    let document = String::from_utf8(encode_json(&batch)).ok();
    let document = document.and_then(|document| RawValue::from_string(document).ok());
    document.ok_or_else(|| ApiError::internal("The trace cannot be written as JSON."))
}

fn batch_of(asked: &Asked<'_>) -> Result<(String, Batch, Option<Cut>), ApiError> {
    let text = asked.part("id");
    let id = trace_id(text).ok_or_else(|| {
        ApiError::bad_request(format!("{text:?} is no trace id: that has 32 hexadecimal digits."))
    })?;
    let found = asked.store().trace(&id, &asked.limits(MOST_SPANS))?;
    if found.value.is_empty() && found.cut.is_none() {
        let sentence = format!(
            "Trace {text} is not in the store: it was never received, or is older than what is kept."
        );
        return Err(ApiError::not_found(sentence));
    }
    Ok((hexadecimal(&id), found.value, found.cut))
}

impl From<TraceSummary> for FoundTrace {
    fn from(found: TraceSummary) -> Self {
        let share = |share: crate::store::ServiceShare| Share {
            name: share.service,
            spans: share.spans,
            errors: share.errors,
        };
        Self {
            trace_id: hexadecimal(&found.trace_id),
            root_service: found.root_service,
            root_name: found.root_name,
            has_root: found.has_root,
            start_ms: milliseconds(found.start_unix_nano),
            duration_ms: milliseconds(found.duration_nano),
            spans: found.spans,
            errors: found.errors,
            services: found.services.into_iter().map(share).collect(),
        }
    }
}
