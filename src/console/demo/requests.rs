//! Requests to the shop as traces, with what is logged about them and measured of them.

use std::collections::BTreeMap;

use fastrand::Rng;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span, status};

use super::records::record;
use super::{
    CATALOG, CHECKOUT, MINUTE, PAYMENT, SERVICES, STOREFRONT, Service, number, resource, scope, text,
};

/// The shop and its customers.
pub struct Shop {
    rng: Rng,
    /// Durations of the requests to each service so far, by the buckets of [`BOUNDS`].
    pub measured: Measured,
}

/// By service and whether requests failed: how many requests of each bucket, and the sum of their seconds.
pub type Measured = BTreeMap<(&'static str, bool), ([u64; BOUNDS.len() + 1], f64)>;

/// The bounds that the semantic conventions advise for durations of HTTP requests, in seconds.
pub const BOUNDS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// What happened in a minute.
pub struct Traffic {
    pub traces: u64,
    pub spans: Vec<(Service, Vec<Span>)>,
    pub logs: Vec<(Service, Vec<LogRecord>)>,
}

/// A trace that is being made.
struct Trace<'a> {
    rng: &'a mut Rng,
    id: Vec<u8>,
    spans: &'a mut Vec<(Service, Vec<Span>)>,
    logs: &'a mut Vec<(Service, Vec<LogRecord>)>,
    measured: &'a mut Measured,
}

/// A span under which others stand: its id, when it began, and how long it has taken so far.
struct Open {
    id: Vec<u8>,
    start: u64,
    elapsed: u64,
}

/// What a span says it did; with an error, whose message may be empty, it failed.
struct Did<'a> {
    name: &'a str,
    kind: SpanKind,
    attributes: Vec<KeyValue>,
    error: Option<&'a str>,
}

/// What a database is asked.
struct Query {
    name: &'static str,
    server: &'static str,
    statement: &'static str,
}

const SELECT_PRODUCTS: Query = Query {
    name: "SELECT products",
    server: "catalog-db",
    statement: "SELECT * FROM products WHERE category = $1",
};

const INSERT_ORDER: Query = Query {
    name: "INSERT orders",
    server: "orders-db",
    statement: "INSERT INTO orders (customer, total) VALUES ($1, $2)",
};

const MILLISECOND: u64 = 1_000_000;

impl Shop {
    /// A shop whose customers do as `rng` says.
    pub const fn new(rng: Rng) -> Self {
        Self { rng, measured: Measured::new() }
    }

    /// One minute of requests. More come at the middle of the hour than at its ends.
    pub fn minute(&mut self, start: u64, minute: u64, is_slow: bool) -> Traffic {
        let busy = 30 - minute.abs_diff(30);
        let traces = 16 + busy / 2 + self.rng.u64(0..6);
        let mut spans: Vec<_> = SERVICES.into_iter().map(|service| (service, Vec::new())).collect();
        let mut logs: Vec<_> = SERVICES.into_iter().map(|service| (service, Vec::new())).collect();
        for _ in 0..traces {
            let at = start + self.rng.u64(0..MINUTE - 10_000 * MILLISECOND);
            let mut id = vec![0; 16];
            self.rng.fill(&mut id);
            let buys = self.rng.u8(0..100) < 30;
            let mut trace = Trace {
                rng: &mut self.rng,
                id,
                spans: &mut spans,
                logs: &mut logs,
                measured: &mut self.measured,
            };
            if buys { trace.order(at, is_slow) } else { trace.browse(at) }
        }
        spans.retain(|(_, spans)| !spans.is_empty());
        logs.retain(|(_, logs)| !logs.is_empty());
        Traffic { traces, spans, logs }
    }
}

/// The spans of a service as its SDK sends them.
pub fn group(service: Service, spans: Vec<Span>) -> ResourceSpans {
    let scope_spans = vec![ScopeSpans { scope: scope(), spans, ..ScopeSpans::default() }];
    ResourceSpans { resource: resource(service), scope_spans, ..ResourceSpans::default() }
}

impl Trace<'_> {
    /// A customer looks at products.
    fn browse(&mut self, start: u64) {
        let mut page = self.begin(start, 1, 4);
        let mut call = self.begin(start + page.elapsed, 1, 2);
        let mut asked = self.begin(call.start + call.elapsed, 1, 3);
        let rows = self.rng.i64(1..40);
        self.call_database(CATALOG, &mut asked, &SELECT_PRODUCTS, 2..12, false);
        self.end_served(CATALOG, &asked, &call, "GET /products", false);
        call.elapsed += asked.elapsed + MILLISECOND;
        self.end_call(STOREFRONT, &call, &page, "GET /products", "catalog", false);
        page.elapsed += call.elapsed + self.rng.u64(1..6) * MILLISECOND;
        self.end_root(STOREFRONT, &page, "GET /", false);
        if self.rng.u8(0..4) == 0 {
            self.log(STOREFRONT, &page, 9, "product list shown", vec![number("products", rows)]);
        }
    }

    /// A customer orders.
    fn order(&mut self, start: u64, is_slow: bool) {
        let mut page = self.begin(start, 2, 6);
        let mut call = self.begin(start + page.elapsed, 1, 2);
        let mut checkout = self.begin(call.start + call.elapsed, 2, 8);
        let wait = if is_slow { 600..2_600 } else { 4..25 };
        let times_out = is_slow && self.rng.u8(0..100) < 22;
        self.call_database(CHECKOUT, &mut checkout, &INSERT_ORDER, wait, times_out);
        let declined = !times_out && self.rng.u8(0..100) < 4;
        if times_out {
            let fields = vec![text("exception.type", "java.sql.SQLTimeoutException")];
            self.log(
                CHECKOUT,
                &checkout,
                17,
                "order could not be stored: the database did not answer in time",
                fields,
            );
        } else {
            let mut charge = self.begin(checkout.start + checkout.elapsed, 1, 2);
            let charged = Open {
                elapsed: self.rng.u64(30..160) * MILLISECOND,
                ..self.begin(charge.start + charge.elapsed, 0, 1)
            };
            self.end_served(PAYMENT, &charged, &charge, "POST /charge", declined);
            if declined {
                self.log(PAYMENT, &charged, 13, "card declined", vec![text("payment.provider", "acme")]);
            }
            charge.elapsed += charged.elapsed + MILLISECOND;
            self.end_call(CHECKOUT, &charge, &checkout, "POST /charge", "payment", declined);
            checkout.elapsed += charge.elapsed + self.rng.u64(1..4) * MILLISECOND;
        }
        let failed = times_out || declined;
        let total = self.rng.i64(500..20_000);
        if !failed {
            self.log(CHECKOUT, &checkout, 9, "order placed", vec![number("order.total_cents", total)]);
        }
        self.end_served(CHECKOUT, &checkout, &call, "POST /orders", times_out);
        call.elapsed += checkout.elapsed + MILLISECOND;
        self.end_call(STOREFRONT, &call, &page, "POST /orders", "checkout", times_out);
        page.elapsed += call.elapsed + self.rng.u64(1..6) * MILLISECOND;
        self.end_root(STOREFRONT, &page, "POST /checkout", failed);
        if failed {
            self.log(STOREFRONT, &page, 17, "checkout failed", vec![text("http.route", "/checkout")]);
        }
    }

    /// A span that has taken so many milliseconds before what it waits for begins.
    fn begin(&mut self, start: u64, least: u64, most: u64) -> Open {
        let mut id = vec![0; 8];
        self.rng.fill(&mut id);
        Open { id, start, elapsed: self.rng.u64(least..=most) * MILLISECOND }
    }

    fn call_database(
        &mut self,
        service: Service,
        parent: &mut Open,
        query: &Query,
        milliseconds: std::ops::Range<u64>,
        failed: bool,
    ) {
        let mut waiting = self.begin(parent.start + parent.elapsed, 0, 0);
        waiting.elapsed = self.rng.u64(milliseconds) * MILLISECOND;
        let attributes = vec![
            text("db.system.name", "postgresql"),
            text("db.namespace", "shop"),
            text("db.query.text", query.statement),
            text("server.address", query.server),
        ];
        let message = failed.then_some("the query was canceled: statement timeout");
        let did = Did { name: query.name, kind: SpanKind::Client, attributes, error: message };
        self.push(service, &waiting, Some(parent), did);
        parent.elapsed += waiting.elapsed + MILLISECOND;
    }

    fn end_call(
        &mut self,
        service: Service,
        open: &Open,
        parent: &Open,
        name: &str,
        peer: &str,
        failed: bool,
    ) {
        let (method, path) = name.split_once(' ').unwrap_or_default();
        let attributes = vec![
            text("http.request.method", method),
            text("url.full", &format!("http://{peer}{path}")),
            text("server.address", peer),
            number("http.response.status_code", if failed { 503 } else { 200 }),
        ];
        let did = Did { name, kind: SpanKind::Client, attributes, error: failed.then_some("") };
        self.push(service, open, Some(parent), did);
    }

    fn end_served(&mut self, service: Service, open: &Open, parent: &Open, name: &str, failed: bool) {
        self.served(service, open, Some(parent), name, failed);
    }

    fn end_root(&mut self, service: Service, open: &Open, name: &str, failed: bool) {
        self.served(service, open, None, name, failed);
    }

    fn served(&mut self, service: Service, open: &Open, parent: Option<&Open>, name: &str, failed: bool) {
        let (method, route) = name.split_once(' ').unwrap_or_default();
        let attributes = vec![
            text("http.request.method", method),
            text("http.route", route),
            number("http.response.status_code", if failed { 503 } else { 200 }),
        ];
        let (buckets, sum) = self.measured.entry((service.name, failed)).or_default();
        let seconds = open.elapsed as f64 / 1e9;
        let bucket = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len());
        if let Some(count) = buckets.get_mut(bucket) {
            *count += 1;
        }
        *sum += seconds;
        let did = Did { name, kind: SpanKind::Server, attributes, error: failed.then_some("") };
        self.push(service, open, parent, did);
    }

    fn push(&mut self, service: Service, open: &Open, parent: Option<&Open>, did: Did<'_>) {
        let Did { name, kind, attributes, error } = did;
        let end = open.start + open.elapsed;
        let events = error.filter(|message| !message.is_empty()).map(|message| span::Event {
            time_unix_nano: end,
            name: "exception".to_owned(),
            attributes: vec![
                text("exception.type", "java.sql.SQLTimeoutException"),
                text("exception.message", message),
            ],
            ..span::Event::default()
        });
        let status = error.map(|message| Status {
            code: i32::from(status::StatusCode::Error),
            message: message.to_owned(),
        });
        let made = Span {
            trace_id: self.id.clone(),
            span_id: open.id.clone(),
            parent_span_id: parent.map(|parent| parent.id.clone()).unwrap_or_default(),
            name: name.to_owned(),
            kind: i32::from(kind),
            start_time_unix_nano: open.start,
            end_time_unix_nano: end,
            attributes,
            events: events.into_iter().collect(),
            status,
            ..Span::default()
        };
        if let Some((_, spans)) = self.spans.iter_mut().find(|(known, _)| known.name == service.name) {
            spans.push(made);
        }
    }

    fn log(&mut self, service: Service, at: &Open, severity: i32, body: &str, attributes: Vec<KeyValue>) {
        let made = record(at.start + at.elapsed, severity, body, attributes, &self.id, &at.id);
        if let Some((_, logs)) = self.logs.iter_mut().find(|(known, _)| known.name == service.name) {
            logs.push(made);
        }
    }
}
