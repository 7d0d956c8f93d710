//! The captured telemetry of an application, again and again: later, with other ids, and by as many instances of the
//! application as are needed to have all of it within six hours.
//!
//! Times and ids have fixed places in a serialized request, which are looked up once; a copy is then made in place.

use std::fs::File;
use std::path::Path;

use bytes::Bytes;
use weir::exporters::file::codec::{Encoding, read_messages};

use weir::otlp::wire::{Fields, Value, put_fields, put_length_delimited, put_message};
use weir::otlp::{Batch, Signal, item_count};

use crate::Outcome;
use crate::synthetic::{HOUR, SPAN_HOURS, START, roll};

/// What is put in the place of each resource's `service.instance.id`; the digits are replaced.
const INSTANCE: &str = "instance-000";

/// All requests of one signal that were captured.
pub struct Capture {
    signal: Signal,
    requests: Vec<CapturedRequest>,
    items: usize,
    /// The earliest time of an item, and how long it is to the latest, in nanoseconds.
    first: u64,
    period: u64,
}

/// A request and where in it lies what differs between copies.
struct CapturedRequest {
    body: Vec<u8>,
    items: usize,
    /// The earliest and the latest time at which something happened.
    first: u64,
    last: u64,
    /// Times of eight bytes each.
    times: Vec<usize>,
    /// Ids, in pieces of eight bytes.
    ids: Vec<usize>,
    /// The three digits of instances.
    instances: Vec<usize>,
}

impl Capture {
    /// Reads the requests of `signal` that the exporter `file` wrote into `directory`.
    ///
    /// # Errors
    /// There is no such file, it cannot be read, or nothing is in it.
    pub fn read(directory: &Path, signal: Signal) -> Outcome<Self> {
        let path = directory.join(format!("{}.otlp", signal.name()));
        let file = File::open(&path)
            .map_err(|error| format!("{}: {error}; benches/store/capture-shop writes it", path.display()))?;
        let encoding = Encoding { is_json: false, is_compressed: false };
        let requests: Vec<_> = read_messages(encoding, std::io::BufReader::new(file))?
            .iter()
            .map(|body| CapturedRequest::of(signal, body))
            .collect();
        let first = requests.iter().map(|request| request.first).min().unwrap_or_default();
        let last = requests.iter().map(|request| request.last).max().unwrap_or_default();
        if first >= last {
            return Err(format!("{} holds nothing", path.display()).into());
        }
        let items = requests.iter().map(|request| request.items).sum();
        Ok(Self { signal, requests, items, first, period: last - first + 1_000_000_000 })
    }

    /// At least `count` items.
    pub fn scaled_to(self, count: usize) -> Scaled {
        let copies = count.div_ceil(self.items) as u64;
        let instances = (copies * self.period).div_ceil(SPAN_HOURS * HOUR);
        Scaled {
            rounds: copies.div_ceil(instances),
            capture: self,
            instances,
            round: 0,
            request: 0,
            instance: 0,
        }
    }
}

/// A captured application's telemetry, scaled up.
pub struct Scaled {
    capture: Capture,
    instances: u64,
    /// How often each instance repeats what was captured.
    rounds: u64,
    round: u64,
    request: usize,
    instance: u64,
}

impl Scaled {
    /// The next request: each captured one by all instances in turn, and from the beginning after the last.
    pub fn next_batch(&mut self) -> Batch {
        let request = &self.capture.requests[self.request];
        // What was captured may be younger than the start, so this may wrap around, and adding it does so again.
        let later = START.wrapping_sub(self.capture.first).wrapping_add(self.round * self.capture.period);
        let body = request.copy(later, self.round * self.instances + self.instance, self.instance);
        let batch = Batch::from_valid_part(self.capture.signal, Bytes::from(body), request.items);
        self.instance += 1;
        if self.instance == self.instances {
            (self.instance, self.request) = (0, self.request + 1);
        }
        if self.request == self.capture.requests.len() {
            (self.request, self.round) = (0, self.round + 1);
        }
        batch
    }

    /// A time behind the last round.
    pub fn end(&self) -> u64 {
        START + self.rounds * self.capture.period
    }
}

impl CapturedRequest {
    fn of(signal: Signal, captured: &[u8]) -> Self {
        let mut body = Vec::with_capacity(captured.len() + 256);
        for (_, resource_group) in Fields::of(captured) {
            put_message(&mut body, 1, |group| {
                for (number, value) in Fields::of(resource_group.bytes()) {
                    match number {
                        1 => put_message(group, 1, |resource| put_resource(resource, value.bytes())),
                        _ => put_length_delimited(group, number, value.bytes()),
                    }
                }
            });
        }
        let mut request = Self {
            items: item_count(signal, &body),
            first: u64::MAX,
            last: 0,
            body: Vec::new(),
            times: Vec::new(),
            ids: Vec::new(),
            instances: Vec::new(),
        };
        for (_, resource_group) in Fields::of(&body) {
            for (number, value) in Fields::of(resource_group.bytes()) {
                match number {
                    1 => request.instances.extend(place_of_instance(&body, value.bytes())),
                    2 => request.note_places(signal, &body, value.bytes()),
                    _ => {}
                }
            }
        }
        request.body = body;
        request
    }

    fn note_places(&mut self, signal: Signal, body: &[u8], scope_group: &[u8]) {
        for item in messages(scope_group, &[2]) {
            match signal {
                Signal::Traces => {
                    self.note(body, item, &[7, 8], &[1, 2, 4]);
                    messages(item, &[11]).for_each(|event| self.note(body, event, &[1], &[]));
                    messages(item, &[13]).for_each(|link| self.note(body, link, &[], &[1, 2]));
                }
                Signal::Logs => self.note(body, item, &[1, 11], &[9, 10]),
                Signal::Metrics => {
                    for data in messages(item, &[5, 7, 9, 10, 11]) {
                        messages(data, &[1]).for_each(|point| self.note(body, point, &[3, 2], &[]));
                    }
                }
            }
        }
    }

    /// Notes where the fields of `message` with these numbers lie; the first of `times` is when it happened. A time that is
    /// not known stays so.
    fn note(&mut self, body: &[u8], message: &[u8], times: &[u32], ids: &[u32]) {
        let mut fields = Fields::of(message);
        while let Some((number, value)) = fields.next() {
            match value {
                Value::Fixed64(time) if times.contains(&number) && time != 0 => {
                    self.times.push(offset(body, fields.rest()) - 8);
                    if times.first() == Some(&number) {
                        (self.first, self.last) = (self.first.min(time), self.last.max(time));
                    }
                }
                Value::Bytes(id) if ids.contains(&number) => {
                    self.ids.extend((0..id.len() / 8).map(|piece| offset(body, id) + piece * 8));
                }
                _ => {}
            }
        }
    }

    fn number_at(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.body[at..at + 8].try_into().unwrap_or_default())
    }

    fn copy(&self, later: u64, copy: u64, instance: u64) -> Vec<u8> {
        let mut body = self.body.clone();
        let mask = roll(&mut copy.wrapping_add(1));
        for at in &self.times {
            body[*at..at + 8].copy_from_slice(&self.number_at(*at).wrapping_add(later).to_le_bytes());
        }
        for at in &self.ids {
            body[*at..at + 8].copy_from_slice(&(self.number_at(*at) ^ mask).to_le_bytes());
        }
        for at in &self.instances {
            body[*at..at + 3].copy_from_slice(format!("{:03}", instance % 1000).as_bytes());
        }
        body
    }
}

/// The resource with an instance of ours.
fn put_resource(out: &mut Vec<u8>, resource: &[u8]) {
    put_message(out, 1, |attribute| {
        put_length_delimited(attribute, 1, b"service.instance.id");
        put_message(attribute, 2, |value| put_length_delimited(value, 1, INSTANCE.as_bytes()));
    });
    put_fields(out, resource, |number, value| {
        let key = Fields::of(value.bytes()).find(|(number, _)| *number == 1).map(|(_, key)| key.bytes());
        number != 1 || key != Some(b"service.instance.id")
    });
}

fn place_of_instance(body: &[u8], resource: &[u8]) -> Option<usize> {
    let at = resource.windows(INSTANCE.len()).position(|part| part == INSTANCE.as_bytes())?;
    Some(offset(body, resource) + at + INSTANCE.len() - 3)
}

fn messages<'a>(message: &'a [u8], numbers: &'a [u32]) -> impl Iterator<Item = &'a [u8]> {
    Fields::of(message).filter(|(number, _)| numbers.contains(number)).map(|(_, value)| value.bytes())
}

/// Where `part` begins in the `whole` that it is a part of.
fn offset(whole: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr() - whole.as_ptr().addr()
}
