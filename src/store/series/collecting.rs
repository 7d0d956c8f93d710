//! Points in the making of a piece, each with the number of its series.

use std::borrow::Cow;

use super::series_numbers::{Above, SeriesNumbers};
use super::taking_apart::{Number, PointParts};
use crate::otlp::wire::put_fields;

/// Points by series.
#[derive(Debug, Default)]
pub struct Collecting<'a> {
    /// The series.
    pub series: SeriesNumbers,
    /// Times and starts, one behind the other as points came with others.
    pub moments: Vec<Moment>,
    /// Points that are a time, a start and a number and nothing else.
    pub numbers: Vec<NumberPoint>,
    /// All others, as they came but for their attributes.
    pub others: Vec<OtherPoint<'a>>,
}

/// What points that are sent together mostly have in common.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moment {
    /// When they were measured.
    pub time: u64,
    /// When counting began.
    pub start: u64,
}

/// A point of a gauge or sum without anything uncommon.
#[derive(Debug, Clone, Copy, Default)]
pub struct NumberPoint {
    /// The number of the series, doubled; one more for doubles.
    pub column: u32,
    /// The number of its moment.
    pub moment: u32,
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

impl<'a> Collecting<'a> {
    /// None yet, and room for so many numbers.
    pub fn with_room(numbers: usize) -> Self {
        Self { numbers: Vec::with_capacity(numbers), ..Self::default() }
    }

    /// Adds a point that `parts` was made of.
    pub fn push(&mut self, above: Above, parts: PointParts<'a>, point: &'a [u8], attributes_field: u32) {
        let PointParts { attributes, moment, number } = parts;
        let has_attributes = !attributes.is_empty();
        let series = self.series.number_of(above, &attributes);
        if let Some(number) = number {
            self.push_number(series, moment, number);
            return;
        }
        let bytes = if has_attributes {
            let mut rest = Vec::with_capacity(point.len());
            put_fields(&mut rest, point, |number, _| number != attributes_field);
            Cow::Owned(rest)
        } else {
            Cow::Borrowed(point)
        };
        self.others.push(OtherPoint { series, time: moment.time, bytes });
    }

    /// Adds a point that is a number alone.
    pub fn push_number(&mut self, series: u32, moment: Moment, number: Number) {
        if self.moments.last() != Some(&moment) {
            self.moments.push(moment);
        }
        let moment = u32::try_from(self.moments.len() - 1).unwrap_or(u32::MAX);
        let (bits, is_double) = match number {
            Number::Integer(bits) => (bits, 0),
            Number::Double(bits) => (bits, 1),
        };
        self.numbers.push(NumberPoint { column: series << 1 | is_double, moment, bits });
    }
}
