//! Points in the making of a piece: each with the number of its series, which is found by the bytes of what stands above
//! the point and of its attributes, without reading them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::otlp::wire::{Fields, Value, put_fields, put_message};
use crate::otlp::{MetricView, View};

/// The fields of a `Metric` that hold data points, and where the attributes are in each of these.
pub const fn attributes_field(data_field: u32) -> Option<u32> {
    match data_field {
        5 | 7 | 11 => Some(7),
        9 => Some(9),
        10 => Some(1),
        _ => None,
    }
}

/// Points by series.
#[derive(Debug, Default)]
pub struct Collecting<'a> {
    /// Headers of resource groups, of scope groups, and metrics without points.
    pub resources: Headers,
    /// See [`resources`](Self::resources).
    pub scopes: Headers,
    /// See [`resources`](Self::resources).
    pub metrics: Headers,
    /// The series, by number.
    pub series: Vec<CollectedSeries<'a>>,
    by_key: HashMap<(Above, Cow<'a, [u8]>), u32>,
    /// The series of the last point.
    last: u32,
    /// Points that are a time, a start and a number and nothing else.
    pub numbers: Vec<NumberPoint>,
    /// All others, as they came but for their attributes.
    pub others: Vec<OtherPoint<'a>>,
}

/// Different headers, by number.
#[derive(Debug, Default)]
pub struct Headers {
    /// The headers.
    pub encoded: Vec<Vec<u8>>,
    numbers: HashMap<Vec<u8>, u32>,
}

/// What stands above the points of a series: the numbers of its resource, scope and metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Above {
    /// The resource group.
    pub resource: u32,
    /// The scope group.
    pub scope: u32,
    /// The metric.
    pub metric: u32,
}

/// A series.
#[derive(Debug)]
pub struct CollectedSeries<'a> {
    /// What stands above its points.
    pub above: Above,
    /// The encoded attributes, with the keys of their fields.
    pub attributes: Cow<'a, [u8]>,
    /// The series whose point came after one of this series: the same comes next time, mostly.
    successor: u32,
}

/// A point of a gauge or sum without anything uncommon.
#[derive(Debug, Clone, Copy)]
pub struct NumberPoint {
    /// The number of the series, doubled; one more for doubles.
    pub column: u32,
    /// When it was measured.
    pub time: u64,
    /// When counting began.
    pub start: u64,
    /// The number's bits.
    pub bits: u64,
}

/// Any other point.
#[derive(Debug)]
pub struct OtherPoint<'a> {
    /// The number of the series.
    pub series: u32,
    /// When it was measured.
    pub time: u64,
    /// The encoded point without its attributes.
    pub bytes: Cow<'a, [u8]>,
}

/// A point taken apart.
#[derive(Debug)]
pub struct PointParts<'a> {
    /// The encoded attributes, with the keys of their fields.
    pub attributes: Cow<'a, [u8]>,
    /// When it was measured.
    pub time: u64,
    /// Its start, its number's bits and whether that is a double; none for an uncommon point.
    pub number: Option<(u64, u64, bool)>,
}

impl Headers {
    /// The number of a header.
    pub fn number_of(&mut self, header: &[u8]) -> u32 {
        if let Some(number) = self.numbers.get(header) {
            return *number;
        }
        let number = u32::try_from(self.encoded.len()).unwrap_or(u32::MAX);
        self.encoded.push(header.to_vec());
        self.numbers.insert(header.to_vec(), number);
        number
    }

    /// The header with this number.
    pub fn get(&self, number: u32) -> &[u8] {
        self.encoded.get(number as usize).map_or(&[], Vec::as_slice)
    }
}

impl<'a> Collecting<'a> {
    /// The number of a series.
    pub fn series_of(&mut self, above: Above, attributes: Cow<'a, [u8]>) -> u32 {
        let is_it = |series: &CollectedSeries<'_>| series.above == above && series.attributes == attributes;
        let expected = self.series.get(self.last as usize).map_or(0, |last| last.successor);
        let number = if self.series.get(expected as usize).is_some_and(is_it) {
            expected
        } else {
            self.look_up(above, attributes)
        };
        if let Some(last) = self.series.get_mut(self.last as usize) {
            last.successor = number;
        }
        self.last = number;
        number
    }

    /// Adds a point that `parts` was made of.
    pub fn push(&mut self, above: Above, parts: PointParts<'a>, point: &'a [u8], attributes_field: u32) {
        let (time, number) = (parts.time, parts.number);
        let has_attributes = !parts.attributes.is_empty();
        let series = self.series_of(above, parts.attributes);
        if let Some((start, bits, is_double)) = number {
            self.numbers.push(NumberPoint { column: series << 1 | u32::from(is_double), time, start, bits });
            return;
        }
        let bytes = if has_attributes {
            let mut rest = Vec::with_capacity(point.len());
            put_fields(&mut rest, point, |number, _| number != attributes_field);
            Cow::Owned(rest)
        } else {
            Cow::Borrowed(point)
        };
        self.others.push(OtherPoint { series, time, bytes });
    }

    fn look_up(&mut self, above: Above, attributes: Cow<'a, [u8]>) -> u32 {
        let next = u32::try_from(self.series.len()).unwrap_or(u32::MAX);
        match self.by_key.entry((above, attributes)) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                let attributes = entry.key().1.clone();
                self.series.push(CollectedSeries { above, attributes, successor: next.wrapping_add(1) });
                *entry.insert(next)
            }
        }
    }
}

/// Takes a point of a metric's data under `data_field` apart.
pub fn take_apart(point: &[u8], data_field: u32, attributes_field: u32) -> PointParts<'_> {
    let mut fields = Fields::of(point);
    let mut rest = point;
    // Where the run of attributes begins and ends, counted from the end of the point.
    let mut run: Option<(usize, usize)> = None;
    let (mut is_in_one_run, mut is_common) = (true, matches!(data_field, 5 | 7));
    let (mut time, mut start, mut value) = (0, 0, None);
    while let Some((number, field)) = fields.next() {
        let (from, to) = (rest.len(), fields.rest().len());
        rest = fields.rest();
        if number == attributes_field {
            is_in_one_run &= run.is_none_or(|(_, end)| end == from);
            run = Some((run.map_or(from, |(begin, _)| begin), to));
            continue;
        }
        match (number, field) {
            (2, Value::Fixed64(at)) => start = at,
            (3, Value::Fixed64(at)) => time = at,
            (4, Value::Fixed64(bits)) if value.is_none() => value = Some((bits, true)),
            (6, Value::Fixed64(bits)) if value.is_none() => value = Some((bits, false)),
            _ => is_common = false,
        }
    }
    let attributes = match run {
        None => Cow::Borrowed(&[][..]),
        Some((begin, end)) if is_in_one_run => {
            Cow::Borrowed(point.get(point.len() - begin..point.len() - end).unwrap_or_default())
        }
        Some(_) => {
            let mut attributes = Vec::new();
            put_fields(&mut attributes, point, |number, _| number == attributes_field);
            Cow::Owned(attributes)
        }
    };
    let number = value.filter(|_| is_common).map(|(bits, is_double)| (start, bits, is_double));
    PointParts { attributes, time, number }
}

/// A metric without its points, and the number of its field with data; none where it has no data.
pub fn metric_header(metric: &[u8]) -> Option<(Vec<u8>, u32)> {
    let of_data = |(number, _): &(u32, Value<'_>)| attributes_field(*number).is_some();
    let (data_field, data) = Fields::of(metric).filter(of_data).last()?;
    let mut header = Vec::new();
    put_fields(&mut header, metric, |number, _| attributes_field(number).is_none());
    put_message(&mut header, data_field, |out| put_fields(out, data.bytes(), |number, _| number != 1));
    Some((header, data_field))
}

/// The field with data in a metric or its header.
pub fn data_field_of(metric: &[u8]) -> Option<u32> {
    Fields::of(metric).map(|(number, _)| number).filter(|number| attributes_field(*number).is_some()).last()
}

/// The name in a metric's header.
pub fn name_of(metric_header: &[u8]) -> &[u8] {
    MetricView::parse(metric_header).name.as_bytes()
}
