//! Metrics and points taken apart where they lie in a request.

use std::borrow::Cow;

use super::collecting::Moment;
use crate::otlp::wire::{Fields, Value, put_fields, put_message, read_length_delimited};
use crate::otlp::{MetricView, View};

/// The keys of a point of a gauge or sum: its start, its time, its value as a double and as an integer, an attribute.
const START_KEY: u8 = 2 << 3 | 1;
const TIME_KEY: u8 = 3 << 3 | 1;
const DOUBLE_KEY: u8 = 4 << 3 | 1;
const INTEGER_KEY: u8 = 6 << 3 | 1;
const ATTRIBUTE_KEY: u8 = 7 << 3 | 2;

/// A message taken apart: what it has but for the elements of one list, encoded, and those.
#[derive(Debug, Default)]
pub struct MessageParts<'a> {
    /// The message without the list.
    pub header: Vec<u8>,
    /// The elements.
    pub elements: Vec<&'a [u8]>,
}

/// A point taken apart.
#[derive(Debug)]
pub struct PointParts<'a> {
    /// The encoded attributes, with the keys of their fields.
    pub attributes: Cow<'a, [u8]>,
    /// When it was measured, and for numbers when counting began.
    pub moment: Moment,
    /// Its number; none where there is anything else in it.
    pub number: Option<Number>,
}

/// The bits of a number.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    /// Those of an integer.
    Integer(u64),
    /// Those of a double.
    Double(u64),
}

impl<'a> MessageParts<'a> {
    /// Takes a message with a list of messages under `list_field` apart.
    pub fn take(&mut self, message: &'a [u8], list_field: u32) {
        self.header.clear();
        self.elements.clear();
        take_list(message, list_field, &mut self.header, &mut self.elements);
    }

    /// Takes a metric and its points apart, and answers with the field its data is under; none where it has no data.
    pub fn take_metric(&mut self, metric: &'a [u8]) -> Option<u32> {
        let Self { header, elements: points } = self;
        header.clear();
        points.clear();
        let mut found = None;
        put_fields(header, metric, |number, value| {
            let is_data = attributes_field(number).is_some();
            if is_data {
                found = Some((number, value.bytes()));
            }
            !is_data
        });
        let (data_field, data) = found?;
        put_message(header, data_field, |header| take_list(data, 1, header, points));
        Some(data_field)
    }
}

fn take_list<'a>(message: &'a [u8], list_field: u32, header: &mut Vec<u8>, elements: &mut Vec<&'a [u8]>) {
    put_fields(header, message, |number, value| {
        let is_element = number == list_field;
        if is_element {
            elements.push(value.bytes());
        }
        !is_element
    });
}

/// Takes a point of a metric's data under `data_field` apart.
pub fn take_apart(point: &[u8], data_field: u32, attributes_field: u32) -> PointParts<'_> {
    match data_field {
        5 | 7 => take_number_apart(point).unwrap_or_else(|| take_other_apart(point, attributes_field)),
        _ => take_other_apart(point, attributes_field),
    }
}

/// A number with one run of attributes and nothing uncommon; none for other points.
fn take_number_apart(point: &[u8]) -> Option<PointParts<'_>> {
    let (mut attributes, mut moment, mut number) = (&[][..], Moment::default(), None);
    let mut rest = point;
    while let Some((key, behind)) = rest.split_first() {
        if *key == ATTRIBUTE_KEY {
            let run = rest;
            while let Some((&ATTRIBUTE_KEY, behind)) = rest.split_first() {
                rest = read_length_delimited(behind).ok()?.1;
            }
            if !std::mem::replace(&mut attributes, run.get(..run.len() - rest.len())?).is_empty() {
                return None;
            }
            continue;
        }
        let (bits, behind) = behind.split_first_chunk::<8>()?;
        let bits = u64::from_le_bytes(*bits);
        match *key {
            START_KEY => moment.start = bits,
            TIME_KEY => moment.time = bits,
            DOUBLE_KEY if number.is_none() => number = Some(Number::Double(bits)),
            INTEGER_KEY if number.is_none() => number = Some(Number::Integer(bits)),
            _ => return None,
        }
        rest = behind;
    }
    Some(PointParts { attributes: Cow::Borrowed(attributes), moment, number: Some(number?) })
}

/// Any other point: its time, and its attributes wherever they stand.
fn take_other_apart(point: &[u8], attributes_field: u32) -> PointParts<'_> {
    let (mut attributes, mut moment) = (Vec::new(), Moment::default());
    put_fields(&mut attributes, point, |number, value| {
        if let (3, Value::Fixed64(time)) = (number, value) {
            moment.time = time;
        }
        number == attributes_field
    });
    PointParts { attributes: Cow::Owned(attributes), moment, number: None }
}

/// The fields of a `Metric` that hold data points, and where the attributes are in each of these.
pub const fn attributes_field(data_field: u32) -> Option<u32> {
    match data_field {
        5 | 7 | 11 => Some(7),
        9 => Some(9),
        10 => Some(1),
        _ => None,
    }
}

/// The field with data in a metric or its header.
pub fn data_field_of(metric: &[u8]) -> Option<u32> {
    Fields::of(metric).map(|(number, _)| number).filter(|number| attributes_field(*number).is_some()).last()
}

/// The name in a metric's header.
pub fn name_of(metric_header: &[u8]) -> &[u8] {
    MetricView::parse(metric_header).name.as_bytes()
}
