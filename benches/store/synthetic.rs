//! Plausible telemetry of a dozen services, the same in each run: traces of eight spans with ten attributes, log lines
//! with numbers in them, random walks of counters and gauges.

use bytes::Bytes;
use weir::otlp::wire::{WireType, put_key, put_length_delimited, put_message, put_varint};
use weir::otlp::{Batch, Signal};

/// An hour in nanoseconds.
pub const HOUR: u64 = 3_600_000_000_000;

/// Over how many hours all telemetry is spread.
pub const SPAN_HOURS: u64 = 6;

/// When it begins.
pub const START: u64 = 497_000 * HOUR;

const SERVICES: u64 = 12;
const SPANS_PER_TRACE: u64 = 8;
const TRACES_PER_BATCH: u64 = 64;
const RECORDS_PER_BATCH: u64 = 512;
const SERIES: u64 = 2_000;

/// Makes batches one after the other.
pub struct Generator {
    signal: Signal,
    /// What has passed of time between two items.
    step_nano: u64,
    now: u64,
    dice: u64,
    walks: Vec<f64>,
    number: u64,
}

impl Generator {
    /// A generator of `count` items.
    pub fn new(signal: Signal, count: usize) -> Self {
        let step_nano = SPAN_HOURS * HOUR / (count as u64 + 1);
        Self { signal, step_nano, now: START, dice: 1, walks: vec![100.0; SERIES as usize], number: 0 }
    }

    /// The id of a trace by its number.
    pub fn trace_id(number: u64) -> [u8; 16] {
        let mut id = [0; 16];
        let mut dice = number;
        id[..8].copy_from_slice(&roll(&mut dice).to_le_bytes());
        id[8..].copy_from_slice(&roll(&mut dice).to_le_bytes());
        id
    }

    /// The next batch.
    pub fn next_batch(&mut self) -> Batch {
        let (body, items) = match self.signal {
            Signal::Traces => self.spans(),
            Signal::Logs => self.records(),
            Signal::Metrics => self.points(),
        };
        Batch::from_valid_part(self.signal, Bytes::from(body), items as usize)
    }

    fn spans(&mut self) -> (Vec<u8>, u64) {
        let mut of_service: Vec<Vec<u8>> = vec![Vec::new(); SERVICES as usize];
        for _ in 0..TRACES_PER_BATCH {
            self.number += 1;
            let trace_id = Self::trace_id(self.number);
            let mut parent = [0_u8; 8];
            let begin = self.now;
            for depth in 0..SPANS_PER_TRACE {
                self.now += self.step_nano;
                let dice = roll(&mut self.dice);
                let span_id = roll(&mut self.dice).to_le_bytes();
                let service = (self.number + depth / 2) % SERVICES;
                let duration = (1 + dice % 997) * 100_003 / (depth + 1);
                let is_server = depth % 2 == 0;
                put_message(&mut of_service[service as usize], 2, |span| {
                    put_length_delimited(span, 1, &trace_id);
                    put_length_delimited(span, 2, &span_id);
                    if depth > 0 {
                        put_length_delimited(span, 4, &parent);
                    }
                    let route = (dice >> 10) % 40;
                    put_length_delimited(span, 5, format!("GET /api/v1/resource-{route}").as_bytes());
                    put_key(span, 6, WireType::Varint);
                    put_varint(span, if is_server { 2 } else { 3 });
                    put_fixed64(span, 7, begin + depth * 50_021);
                    put_fixed64(span, 8, begin + depth * 50_021 + duration);
                    attribute(span, 9, "http.request.method", "GET");
                    attribute(span, 9, "http.route", &format!("/api/v1/resource-{route}"));
                    number_attribute(
                        span,
                        9,
                        "http.response.status_code",
                        if dice.is_multiple_of(50) { 500 } else { 200 },
                    );
                    attribute(
                        span,
                        9,
                        "server.address",
                        &format!("service-{service}.shop.svc.cluster.local"),
                    );
                    number_attribute(span, 9, "server.port", 8080);
                    attribute(span, 9, "network.protocol.version", "1.1");
                    attribute(span, 9, "url.scheme", "http");
                    attribute(span, 9, "user_agent.original", AGENTS[(dice >> 20) as usize % AGENTS.len()]);
                    attribute(span, 9, "enduser.id", &format!("user-{}", (dice >> 24) % 50_000));
                    let address = dice >> 32;
                    attribute(
                        span,
                        9,
                        "client.address",
                        &format!("10.{}.{}.{}", address & 255, address >> 8 & 255, 4 + (address >> 16 & 127)),
                    );
                    if dice.is_multiple_of(50) {
                        put_message(span, 15, |status| {
                            put_key(status, 3, WireType::Varint);
                            put_varint(status, 2);
                        });
                    }
                    put_key(span, 16, WireType::Fixed32);
                    span.extend_from_slice(&0x101_u32.to_le_bytes());
                });
                parent = span_id;
            }
        }
        (grouped(&of_service), TRACES_PER_BATCH * SPANS_PER_TRACE)
    }

    fn records(&mut self) -> (Vec<u8>, u64) {
        let mut of_service: Vec<Vec<u8>> = vec![Vec::new(); SERVICES as usize];
        for _ in 0..RECORDS_PER_BATCH {
            self.now += self.step_nano;
            self.number += 1;
            let dice = roll(&mut self.dice);
            let service = dice % SERVICES;
            let (severity, text) = match dice % 100 {
                0..=1 => (17, "ERROR"),
                2..=6 => (13, "WARN"),
                _ => (9, "INFO"),
            };
            let order = (dice >> 16) % 1_000_000;
            let milliseconds = (dice >> 40) % 900;
            let body = match dice >> 8 & 7 {
                0 => format!(
                    "payment for order {order} took {milliseconds} ms, provider answered with status approved"
                ),
                1 => format!(
                    "timeout after {milliseconds} ms while asking inventory for order {order} , will be tried again"
                ),
                2 => format!(
                    "cache miss for key session:{order} , loaded {milliseconds} rows from the database in one go"
                ),
                3 => format!(
                    "connection from 10.1.{}.{} closed by peer after {milliseconds} requests",
                    order % 250,
                    order % 199
                ),
                _ => format!(
                    "GET /api/v1/orders/{order} answered 200 in {milliseconds} ms for a client with a valid session"
                ),
            };
            put_message(&mut of_service[service as usize], 2, |record| {
                put_fixed64(record, 1, self.now);
                put_key(record, 2, WireType::Varint);
                put_varint(record, severity);
                put_length_delimited(record, 3, text.as_bytes());
                put_message(record, 5, |value| put_length_delimited(value, 1, body.as_bytes()));
                attribute(record, 6, "logger", LOGGERS[(dice >> 50) as usize % LOGGERS.len()]);
                attribute(record, 6, "thread.name", &format!("worker-{}", (dice >> 55) % 16));
                if dice.is_multiple_of(4) {
                    put_length_delimited(record, 9, &Self::trace_id(self.number / 8));
                    put_length_delimited(record, 10, &dice.to_le_bytes());
                }
                put_fixed64(record, 11, self.now + 1_000_000 + dice % 1_000_000);
            });
        }
        (grouped(&of_service), RECORDS_PER_BATCH)
    }

    /// One point of every series, as a scrape would bring them.
    fn points(&mut self) -> (Vec<u8>, u64) {
        let mut of_service: Vec<Vec<u8>> = vec![Vec::new(); SERVICES as usize];
        self.now += self.step_nano * SERIES;
        for metric in 0..20_u64 {
            for (service, groups) in (0..SERVICES).zip(&mut of_service) {
                let series: Vec<u64> =
                    (0..SERIES / 20).filter(|series| series % SERVICES == service).collect();
                put_message(groups, 2, |encoded| {
                    put_length_delimited(encoded, 1, format!("requests.{metric}").as_bytes());
                    put_length_delimited(encoded, 3, b"1");
                    put_message(encoded, 5, |gauge| {
                        for series in &series {
                            let walk = &mut self.walks[(metric * (SERIES / 20) + series) as usize];
                            let step = (roll(&mut self.dice) % 401) as f64 / 100.0 - 2.0;
                            *walk = ((*walk + step) * 100.0).round() / 100.0;
                            put_message(gauge, 1, |point| {
                                put_fixed64(point, 3, self.now);
                                put_fixed64(point, 4, walk.to_bits());
                                attribute(point, 7, "instance", &format!("instance-{series}"));
                            });
                        }
                    });
                });
            }
        }
        (grouped(&of_service), SERIES)
    }
}

const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36",
    "okhttp/4.12.0",
    "curl/8.14.1",
];

const LOGGERS: [&str; 5] = ["shop.orders", "shop.payment", "shop.inventory", "http.server", "db.pool"];

/// A request of one resource group for each service.
fn grouped(of_service: &[Vec<u8>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (service, items) in of_service.iter().enumerate().filter(|(_, items)| !items.is_empty()) {
        put_message(&mut body, 1, |resource_group| {
            put_message(resource_group, 1, |resource| {
                attribute(resource, 1, "service.name", &format!("service-{service}"));
                attribute(resource, 1, "service.version", "1.4.2");
                attribute(resource, 1, "host.name", &format!("node-{}", service % 3));
                attribute(resource, 1, "telemetry.sdk.language", "java");
            });
            put_message(resource_group, 2, |scope_group| {
                put_message(scope_group, 1, |scope| {
                    put_length_delimited(scope, 1, b"io.opentelemetry.netty-4.1")
                });
                scope_group.extend_from_slice(items);
            });
        });
    }
    body
}

fn attribute(out: &mut Vec<u8>, field: u32, key: &str, value: &str) {
    put_message(out, field, |attribute| {
        put_length_delimited(attribute, 1, key.as_bytes());
        put_message(attribute, 2, |any_value| put_length_delimited(any_value, 1, value.as_bytes()));
    });
}

fn number_attribute(out: &mut Vec<u8>, field: u32, key: &str, value: u64) {
    put_message(out, field, |attribute| {
        put_length_delimited(attribute, 1, key.as_bytes());
        put_message(attribute, 2, |any_value| {
            put_key(any_value, 3, WireType::Varint);
            put_varint(any_value, value);
        });
    });
}

fn put_fixed64(out: &mut Vec<u8>, field: u32, value: u64) {
    put_key(out, field, WireType::Fixed64);
    out.extend_from_slice(&value.to_le_bytes());
}

/// The next number of a fixed sequence (splitmix64).
pub fn roll(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
