//! Questions of every kind at random, and what an engine answers to them as text.

use fastrand::Rng;

use super::lines::{lines, sorted_lines};
use super::telemetry::{DURATION, NAMES, NOW, ROUTES, SECOND, SERVICES, WORDS};
use super::telemetry_of_metrics::METRICS;
use crate::otlp::Signal;
use crate::store::{
    Aggregation, Condition, Field, Filter, Limits, LogPosition, LogSearch, MetricQuery, TelemetryStore, Test,
    TimeRange, TraceOrder, TraceSearch,
};

/// A question, with the most rows of its answer.
#[derive(Debug, Clone)]
pub struct Question {
    kind: Kind,
    rows: usize,
}

#[derive(Debug, Clone)]
enum Kind {
    Trace([u8; 16]),
    Traces(TraceSearch),
    Services(TimeRange),
    Operations(String, TimeRange),
    Edges(TimeRange),
    Logs(LogSearch),
    LogCounts(TimeRange, u64, Filter),
    Facets(Signal, TimeRange, Filter, Vec<Field>, usize),
    Keys(Signal, TimeRange, Filter),
    Catalogue(TimeRange, Option<&'static str>),
    Metric(MetricQuery),
    Export(Signal, TimeRange),
}

impl Question {
    /// A question; some are about one of `trace_ids`.
    pub fn any(rng: &mut Rng, trace_ids: &[[u8; 16]]) -> Self {
        let range = range(rng);
        let kind = match rng.u32(0..21) {
            0 => Kind::Trace(rng.choice(trace_ids).copied().unwrap_or([7; 16])),
            1..5 => {
                let order = rng.choice([TraceOrder::Newest, TraceOrder::Longest]).unwrap();
                Kind::Traces(TraceSearch { range, filter: filter(rng, Signal::Traces), order })
            }
            5 => Kind::Services(range),
            6 => Kind::Operations(
                rng.choice(["shop", "cart", "unknown_service", "none"]).unwrap().to_owned(),
                range,
            ),
            7 => Kind::Edges(range),
            8..11 => Kind::Logs(LogSearch { range, filter: filter(rng, Signal::Logs), before: before(rng) }),
            11 => Kind::LogCounts(narrow(range), rng.u64(1..900) * SECOND, filter(rng, Signal::Logs)),
            12..14 => {
                let signal = rng.choice(Signal::ALL).unwrap();
                let fields = (0..rng.usize(1..4)).map(|_| field(rng)).collect();
                Kind::Facets(signal, range, filter(rng, signal), fields, rng.usize(1..6))
            }
            14 => Kind::Catalogue(range, rng.bool().then(|| *rng.choice(&METRICS).unwrap())),
            15..19 => Kind::Metric(metric_query(rng, narrow(range))),
            19 => {
                let signal = rng.choice(Signal::ALL).unwrap();
                Kind::Keys(signal, range, filter(rng, signal))
            }
            _ => Kind::Export(rng.choice(Signal::ALL).unwrap(), range),
        };
        Self { kind, rows: rng.choice([1, 3, 20, usize::MAX, usize::MAX]).unwrap() }
    }

    /// What `store` answers, as text: equal texts are equal answers.
    pub fn ask(&self, store: &dyn TelemetryStore) -> String {
        let limits = Limits { rows: self.rows, ..Limits::NONE };
        match &self.kind {
            Kind::Trace(trace_id) => {
                let answer = store.trace(trace_id, &limits).unwrap();
                // Which of the spans are answered is not promised.
                let spans = if answer.cut.is_some() { Vec::new() } else { sorted_lines([&answer.value]) };
                format!("{} {:?} {spans:#?}", answer.value.items(), answer.cut)
            }
            Kind::Traces(search) => format!("{:#?}", store.search_traces(search, &limits)),
            Kind::Services(range) => format!("{:#?}", store.service_rates(*range, &limits)),
            Kind::Operations(service, range) => {
                format!("{:#?}", store.operation_rates(service, *range, &limits))
            }
            Kind::Edges(range) => format!("{:#?}", store.service_edges(*range, &limits)),
            Kind::Logs(search) => {
                let answer = store.search_logs(search, &limits).unwrap();
                format!("{:?} {:?} {:#?}", answer.cut, answer.value.next, lines(&answer.value.records))
            }
            Kind::LogCounts(range, step_nano, filter) => {
                format!("{:?}", store.count_logs(*range, *step_nano, filter, &limits))
            }
            Kind::Facets(signal, range, filter, fields, values_each) => {
                format!("{:#?}", store.facets(*signal, *range, filter, fields, *values_each, &limits))
            }
            Kind::Keys(signal, range, filter) => {
                format!("{:#?}", store.frequent_attributes(*signal, *range, filter, &limits))
            }
            Kind::Catalogue(range, name) => {
                format!("{:#?}", store.metric_catalogue(*range, *name, &limits))
            }
            Kind::Metric(query) => format!("{:#?}", store.query_metric(query, &limits)),
            Kind::Export(signal, range) => {
                let mut batches = Vec::new();
                let mut take = |batch| {
                    batches.push(batch);
                    Ok(())
                };
                store.export(*signal, *range, &mut take).unwrap();
                format!("{:#?}", sorted_lines(&batches))
            }
        }
    }
}

fn range(rng: &mut Rng) -> TimeRange {
    if rng.u32(0..6) == 0 {
        return TimeRange::ALL;
    }
    let from_unix_nano = NOW - rng.u64(0..DURATION + 600 * SECOND);
    TimeRange { from_unix_nano, to_unix_nano: from_unix_nano + rng.u64(0..DURATION) }
}

/// A range that can be had in steps.
fn narrow(range: TimeRange) -> TimeRange {
    if range == TimeRange::ALL {
        return TimeRange { from_unix_nano: NOW - DURATION, to_unix_nano: NOW + 1 };
    }
    range
}

fn before(rng: &mut Rng) -> Option<LogPosition> {
    let unix_nano = NOW - rng.u64(1..60) * 60 * SECOND;
    rng.bool().then(|| LogPosition { unix_nano, older_at_that_time: rng.u64(0..3) })
}

fn field(rng: &mut Rng) -> Field {
    let keys = [
        "http.route",
        "http.response.status_code",
        "user.id",
        "ratio",
        "flag",
        "list",
        "host.name",
        "nothing",
        "in.scope",
        "state",
        "cpu",
        "service.name",
        "absent",
    ];
    let fields = [
        Field::Service,
        Field::Name,
        Field::Body,
        Field::Kind,
        Field::Status,
        Field::DurationMilliseconds,
        Field::Severity,
        Field::TraceId,
        Field::SpanId,
        Field::Scope,
    ];
    if rng.bool() {
        Field::Attribute(rng.choice(keys).unwrap().to_owned())
    } else {
        rng.choice(fields).unwrap()
    }
}

fn filter(rng: &mut Rng, signal: Signal) -> Filter {
    let most = if signal == Signal::Metrics { 2 } else { 4 };
    Filter { conditions: (0..rng.usize(0..most)).map(|_| condition(rng)).collect() }
}

fn condition(rng: &mut Rng) -> Condition {
    let field = field(rng);
    let number = rng.choice([0.0, 0.25, 1.0, 2.0, 9.0, 17.0, 200.0, 404.0, 500.0]).unwrap();
    let test = match rng.u32(0..10) {
        0 => Test::Exists,
        1..6 => Test::Equals(value(rng, &field)),
        6 => {
            let value = value(rng, &field);
            let part: String = value.chars().skip(rng.usize(0..3)).take(rng.usize(0..6)).collect();
            Test::Contains(if rng.bool() { part.to_ascii_uppercase() } else { part })
        }
        7 => Test::Below(number),
        8 => rng.choice([Test::AtMost(number), Test::Above(number)]).unwrap(),
        _ => Test::AtLeast(number),
    };
    Condition { field, test, negated: rng.u32(0..4) == 0 }
}

/// A value that the field may have.
fn value(rng: &mut Rng, field: &Field) -> String {
    let of = |rng: &mut Rng, values: &[&str]| (*rng.choice(values).unwrap()).to_owned();
    match field {
        Field::Attribute(key) => match &**key {
            "http.route" => of(rng, &ROUTES),
            "http.response.status_code" => of(rng, &["200", "404", "500", "500.0"]),
            "user.id" => format!("user-{}", rng.u32(0..30)),
            "ratio" => of(rng, &["0.25", "1", "1.0"]),
            "flag" => of(rng, &["true", "false"]),
            "list" => "[\"a\"]".to_owned(),
            "host.name" => of(rng, &["host-1", "host-2", "of-the-item"]),
            "state" => of(rng, &["idle", "busy"]),
            "cpu" => of(rng, &["0", "1"]),
            "service.name" => of(rng, &SERVICES),
            _ => of(rng, &["", "yes"]),
        },
        Field::Service => of(rng, &["shop", "cart", "größe", "unknown_service"]),
        Field::Name => of(rng, &NAMES),
        Field::Body => format!("{} {}", of(rng, &WORDS), of(rng, &WORDS)),
        Field::Kind => of(rng, &["server", "client", "unspecified", "consumer"]),
        Field::Status => of(rng, &["unset", "ok", "error"]),
        Field::DurationMilliseconds => of(rng, &["0", "1.5"]),
        Field::Severity => of(rng, &["info", "error", "unspecified"]),
        Field::TraceId => "01".repeat(16),
        Field::SpanId => "02".repeat(8),
        Field::Scope => of(rng, &["tracer", ""]),
    }
}

fn metric_query(rng: &mut Rng, range: TimeRange) -> MetricQuery {
    let aggregations = [
        Aggregation::Rate,
        Aggregation::Increase,
        Aggregation::Sum,
        Aggregation::Average,
        Aggregation::Minimum,
        Aggregation::Maximum,
        Aggregation::Last,
        Aggregation::Series,
        Aggregation::Quantile(0.95),
        Aggregation::Heatmap,
    ];
    MetricQuery {
        name: (*rng.choice(&METRICS).unwrap()).to_owned(),
        range,
        step_nano: rng.u64(30..3_000) * SECOND,
        filter: filter(rng, Signal::Metrics),
        group_by: (0..rng.usize(0..3)).map(|_| field(rng)).collect(),
        aggregation: rng.choice(aggregations).unwrap(),
    }
}
