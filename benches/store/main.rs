//! What the embedded store costs: CPU to take telemetry in, bytes on disk, time for each kind of question, memory.
//!
//! `cargo bench --bench store -- [spans] [logs] [points]`, each in millions; 1 of each where nothing is said. The
//! telemetry is synthetic and the same in each run; CPU for making it is measured and not counted.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement tells its results")]

mod generated;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use weir::otlp::{Batch, Signal};
use weir::store::engine::{EngineOptions, SqliteStore};
use weir::store::{
    Aggregation, Condition, Field, Filter, Limits, LogSearch, MetricQuery, TelemetryStore, Test, TimeRange,
    TraceOrder, TraceSearch,
};

use self::generated::{Generator, HOUR, SPAN_HOURS, START};

fn main() {
    let millions: Vec<f64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let count = |place: usize| (millions.get(place).copied().unwrap_or(1.0) * 1e6) as usize;
    let directory = tempfile::tempdir().unwrap();
    let end = START + SPAN_HOURS * HOUR;
    let store =
        SqliteStore::open(&EngineOptions::new(directory.path().to_owned(), Arc::new(move || end))).unwrap();
    for (place, signal) in [Signal::Traces, Signal::Logs, Signal::Metrics].into_iter().enumerate() {
        ingest(&store, signal, count(place), directory.path());
    }
    println!("resident after ingest: {:.0} MB (peak {:.0} MB)", memory("VmRSS"), memory("VmHWM"));
    ask(&store, end);
    println!("peak resident memory: {:.0} MB", memory("VmHWM"));
}

fn ingest(store: &SqliteStore, signal: Signal, count: usize, directory: &Path) {
    if count == 0 {
        return;
    }
    let mut generator = Generator::new(signal, count);
    let (mut generating, mut items, mut bytes) = (0.0, 0, 0);
    let (before, began) = (process_cpu_seconds(), Instant::now());
    while items < count {
        let at = thread_cpu_seconds();
        let batch: Batch = generator.next_batch();
        generating += thread_cpu_seconds() - at;
        items += batch.items();
        bytes += batch.bytes();
        store.append(&batch).unwrap();
    }
    store.cut().unwrap();
    let cpu = process_cpu_seconds() - before - generating;
    let on_disk = bytes_in(&directory.join(signal.name()));
    println!(
        "{signal}: {items} items, {:.2} CPU-s ({:.0} k items per CPU-second, {:.1} s elapsed), {:.1} B each on disk, {:.0} B as OTLP",
        cpu,
        items as f64 / cpu / 1e3,
        began.elapsed().as_secs_f64(),
        on_disk as f64 / items as f64,
        bytes as f64 / items as f64,
    );
}

fn ask(store: &SqliteStore, end: u64) {
    let limits = Limits { rows: 100, ..Limits::NONE };
    let last_hour = TimeRange { from_unix_nano: end - HOUR, to_unix_nano: end };
    let all = TimeRange::ALL;
    let equals = |key: &str, value: &str| Condition {
        field: Field::Attribute(key.to_owned()),
        test: Test::Equals(value.to_owned()),
        negated: false,
    };
    let filter = |condition: Condition| Filter { conditions: vec![condition] };
    let contains = |part: &str| {
        filter(Condition { field: Field::Body, test: Test::Contains(part.to_owned()), negated: false })
    };
    let traces = |range, filter: &Filter, order| {
        let search = TraceSearch { range, filter: filter.clone(), order };
        store.search_traces(&search, &limits).unwrap().value.len()
    };
    let logs = |range, filter: Filter| {
        store.search_logs(&LogSearch { range, filter, before: None }, &limits).unwrap().value.items()
    };
    let trace_id = Generator::trace_id(START / 7);
    let some_trace = store
        .search_traces(
            &TraceSearch { range: last_hour, filter: Filter::default(), order: TraceOrder::Newest },
            &Limits { rows: 1, ..Limits::NONE },
        )
        .unwrap()
        .value
        .first()
        .map_or(trace_id, |trace| trace.trace_id);
    time("trace by id", || store.trace(&some_trace, &limits).unwrap().value.items());
    time("trace that is not there", || store.trace(&trace_id, &limits).unwrap().value.items());
    time("services, last hour", || store.service_rates(last_hour, &limits).unwrap().value.len());
    time("services, everything", || store.service_rates(all, &limits).unwrap().value.len());
    time("operations of a service, last hour", || {
        store.operation_rates("service-3", last_hour, &limits).unwrap().value.len()
    });
    time("service map, everything", || store.service_edges(all, &limits).unwrap().value.len());
    time("newest 100 traces", || traces(last_hour, &Filter::default(), TraceOrder::Newest));
    let user = filter(equals("enduser.id", "user-4711"));
    time("100 traces by a rare attribute, everything", || traces(all, &user, TraceOrder::Newest));
    let rare = filter(equals("client.address", "10.1.2.3"));
    time("traces by an attribute value that is not there", || traces(all, &rare, TraceOrder::Newest));
    time("newest 100 records", || logs(last_hour, Filter::default()));
    time("records with a rare number in the body", || logs(all, contains("order 123457 ")));
    time("newest 100 records with a common word", || logs(all, contains("timeout")));
    time("records by minute and severity, last hour", || {
        store.count_logs(last_hour, 60_000_000_000, &Filter::default(), &limits).unwrap().value.len()
    });
    time("facets of services and routes, last hour of spans", || {
        let fields = [Field::Service, Field::Attribute("http.route".to_owned())];
        store.facets(Signal::Traces, last_hour, &Filter::default(), &fields, 10, &limits).unwrap().value.len()
    });
    let query = MetricQuery {
        name: "requests.0".to_owned(),
        range: last_hour,
        step_nano: 60_000_000_000,
        filter: Filter::default(),
        group_by: vec![Field::Service],
        aggregation: Aggregation::Sum,
    };
    time("a metric by service and minute, last hour", || {
        store.query_metric(&query, &limits).unwrap().value.len()
    });
    time("metric catalogue, last hour", || store.metric_catalogue(last_hour, &limits).unwrap().value.len());
}

/// The shortest of five, after one to warm up.
fn time(what: &str, question: impl Fn() -> usize) {
    let first = Instant::now();
    let found = question();
    let cold = first.elapsed();
    let mut best = f64::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        question();
        best = best.min(began.elapsed().as_secs_f64());
    }
    println!(
        "{what}: {:.2} ms ({:.2} ms the first time), {found} rows",
        best * 1e3,
        cold.as_secs_f64() * 1e3
    );
}

fn bytes_in(directory: &Path) -> u64 {
    std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

fn memory(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1e3
}

fn process_cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

fn thread_cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e9
}
