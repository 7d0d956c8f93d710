//! The questions of the console's pages, as they are asked of the store.

use std::time::{Duration, Instant};

use weir::otlp::Signal;
use weir::store::engine::SqliteStore;
use weir::store::{
    Aggregation, Condition, Field, Filter, Limits, LogSearch, MetricQuery, StoreError, TelemetryStore, Test,
    TimeRange, TraceOrder, TraceSearch,
};

use crate::Outcome;
use crate::synthetic::HOUR;
use crate::telemetry::Telemetry;

const MINUTE: u64 = 60_000_000_000;

/// How long an answer took.
pub struct Answered {
    pub question: &'static str,
    /// The first time.
    pub first: Duration,
    /// The shortest of five times after that.
    pub best: Duration,
    /// How much was answered.
    pub rows: usize,
}

/// Asks everything about `signal`; `end` is behind the newest item.
///
/// # Errors
/// The store could not answer, or answered nothing where there is something.
pub fn answers(
    store: &SqliteStore,
    telemetry: Telemetry,
    signal: Signal,
    end: u64,
) -> Outcome<Vec<Answered>> {
    let mut asker = Asker { store, sought: Sought::of(telemetry), end, answers: Vec::new() };
    match signal {
        Signal::Traces => asker.about_traces()?,
        Signal::Logs => asker.about_logs()?,
        Signal::Metrics => asker.about_metrics()?,
    }
    Ok(asker.answers)
}

/// What is looked for in whose telemetry.
struct Sought {
    service: &'static str,
    /// A resource's or span's attribute that few have, and one that none has.
    rare: [&'static str; 2],
    absent: [&'static str; 2],
    /// Parts of log bodies.
    rare_part: &'static str,
    common_word: &'static str,
    metric: &'static str,
    group: Field,
    rate_metric: Option<&'static str>,
}

impl Sought {
    fn of(telemetry: Telemetry) -> Self {
        match telemetry {
            Telemetry::Synthetic => Self {
                service: "service-3",
                rare: ["enduser.id", "user-4711"],
                absent: ["client.address", "10.1.2.3"],
                rare_part: "order 123457 ",
                common_word: "timeout",
                metric: "requests.0",
                group: Field::Service,
                rate_metric: None,
            },
            Telemetry::Shop => Self {
                service: "shop-front",
                rare: ["user_agent.original", "Python-urllib/3.11"],
                absent: ["url.path", "/items/gold"],
                rare_part: "tea, 602 left",
                common_word: "ordered",
                metric: "system.memory.usage",
                group: Field::Attribute("state".to_owned()),
                rate_metric: Some("system.network.io"),
            },
        }
    }
}

struct Asker<'a> {
    store: &'a SqliteStore,
    sought: Sought,
    end: u64,
    answers: Vec<Answered>,
}

const SHOWN: Limits = Limits { rows: 100, ..Limits::NONE };

impl Asker<'_> {
    fn about_traces(&mut self) -> Outcome<()> {
        let (last_hour, store) = (self.last_hour(), self.store);
        let ordered = |range, filter: &Filter, order| {
            store.search_traces(&TraceSearch { range, filter: filter.clone(), order }, &SHOWN)
        };
        let traces = |range, filter: &Filter| ordered(range, filter, TraceOrder::Newest);
        let found = traces(last_hour, &Filter::default())?.value;
        let trace_id = found.last().ok_or("there are no traces")?.trace_id;
        let service = self.sought.service;
        let [rare, absent] = [self.sought.rare, self.sought.absent].map(equals);
        self.time("a trace by its id", || Ok(store.trace(&trace_id, &SHOWN)?.value.items()))?;
        self.time("rates of services, last hour", || {
            Ok(store.service_rates(last_hour, &SHOWN)?.value.len())
        })?;
        self.time("rates of services, six hours", || {
            Ok(store.service_rates(TimeRange::ALL, &SHOWN)?.value.len())
        })?;
        self.time("operations of a service, last hour", || {
            Ok(store.operation_rates(service, last_hour, &SHOWN)?.value.len())
        })?;
        self.time("service map, six hours", || Ok(store.service_edges(TimeRange::ALL, &SHOWN)?.value.len()))?;
        self.time("newest 100 traces", || Ok(traces(last_hour, &Filter::default())?.value.len()))?;
        let of_service = filter(Field::Service, Test::Equals(service.to_owned()));
        self.time("longest 100 traces of a service, last hour", || {
            Ok(ordered(last_hour, &of_service, TraceOrder::Longest)?.value.len())
        })?;
        self.time_of_nothing("100 traces by a rare attribute, six hours", || {
            Ok(traces(TimeRange::ALL, &rare)?.value.len())
        })?;
        self.time_of_nothing("traces by an attribute that none has, six hours", || {
            Ok(traces(TimeRange::ALL, &absent)?.value.len())
        })?;
        self.time("facets of services and routes, last hour", || {
            let fields = [Field::Service, Field::Attribute("http.route".to_owned())];
            let answer =
                store.facets(Signal::Traces, last_hour, &Filter::default(), &fields, 10, &Limits::NONE)?;
            Ok(answer.value.iter().map(|facet| facet.values.len()).sum())
        })
    }

    fn about_logs(&mut self) -> Outcome<()> {
        let (last_hour, store) = (self.last_hour(), self.store);
        let logs = |range, filter: Filter| -> Result<usize, StoreError> {
            Ok(store.search_logs(&LogSearch { range, filter, before: None }, &SHOWN)?.value.records.items())
        };
        let (rare, common) = (self.sought.rare_part, self.sought.common_word);
        self.time("newest 100 records", || logs(last_hour, Filter::default()))?;
        // Among few records there is none.
        self.time_of_nothing("100 records with a rare number, six hours", || {
            logs(TimeRange::ALL, contains(rare))
        })?;
        self.time("newest 100 records with a common word", || logs(TimeRange::ALL, contains(common)))?;
        self.time("records by minute and severity, last hour", || {
            Ok(store.count_logs(last_hour, MINUTE, &Filter::default(), &SHOWN)?.value.len())
        })
    }

    fn about_metrics(&mut self) -> Outcome<()> {
        let (last_hour, store) = (self.last_hour(), self.store);
        let query = |name: &str, range, step_nano, aggregation| MetricQuery {
            name: name.to_owned(),
            range,
            step_nano,
            filter: Filter::default(),
            group_by: vec![self.sought.group.clone()],
            aggregation,
        };
        let of_an_hour = query(self.sought.metric, last_hour, MINUTE, Aggregation::Sum);
        let everything = TimeRange { from_unix_nano: self.end - 6 * HOUR, to_unix_nano: self.end };
        let of_all = query(self.sought.metric, everything, 6 * MINUTE, Aggregation::Sum);
        let rate = self.sought.rate_metric.map(|name| MetricQuery {
            group_by: vec![Field::Attribute("direction".to_owned())],
            ..query(name, last_hour, MINUTE, Aggregation::Rate)
        });
        self.time("a gauge by group and minute, last hour", || {
            Ok(store.query_metric(&of_an_hour, &SHOWN)?.value.len())
        })?;
        self.time("a gauge by group, six hours", || Ok(store.query_metric(&of_all, &SHOWN)?.value.len()))?;
        if let Some(rate) = rate {
            self.time("the rate of a counter by group and minute, last hour", || {
                Ok(store.query_metric(&rate, &SHOWN)?.value.len())
            })?;
        }
        self.time("catalogue of metrics, last hour", || {
            Ok(store.metric_catalogue(last_hour, None, &SHOWN)?.value.len())
        })
    }

    fn last_hour(&self) -> TimeRange {
        TimeRange { from_unix_nano: self.end - HOUR, to_unix_nano: self.end }
    }

    fn time(&mut self, question: &'static str, ask: impl Fn() -> Result<usize, StoreError>) -> Outcome<()> {
        self.time_of_nothing(question, ask)?;
        match self.answers.last() {
            Some(answered) if answered.rows == 0 => Err(format!("{question}: nothing was answered").into()),
            _ => Ok(()),
        }
    }

    fn time_of_nothing(
        &mut self,
        question: &'static str,
        ask: impl Fn() -> Result<usize, StoreError>,
    ) -> Outcome<()> {
        let begun = Instant::now();
        let rows = ask()?;
        let (first, mut best) = (begun.elapsed(), Duration::MAX);
        for _ in 0..5 {
            let begun = Instant::now();
            ask()?;
            best = best.min(begun.elapsed());
        }
        self.answers.push(Answered { question, first, best, rows });
        Ok(())
    }
}

fn equals([key, value]: [&str; 2]) -> Filter {
    filter(Field::Attribute(key.to_owned()), Test::Equals(value.to_owned()))
}

fn contains(part: &str) -> Filter {
    filter(Field::Body, Test::Contains(part.to_owned()))
}

fn filter(field: Field, test: Test) -> Filter {
    Filter { conditions: vec![Condition { field, test, negated: false }] }
}
