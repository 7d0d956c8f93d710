//! Points in the making of a piece: each with the number of its series, which is found by the bytes of what stands above
//! the point and of its attributes, without reading them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::taking_apart::{Number, PointParts};
use crate::otlp::wire::put_fields;

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
    order: Order,
    /// Times and starts, one behind the other as points came with others.
    pub moments: Vec<Moment>,
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
    order: Order,
}

/// In which order numbers come: mostly in the same as the time before.
#[derive(Debug, Default)]
struct Order {
    last: u32,
    /// What came after each number when that came last.
    successors: Vec<u32>,
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

impl Order {
    /// What may come next: what came after the last one, or that once more.
    fn guesses(&self) -> [u32; 2] {
        [self.successors.get(self.last as usize).copied().unwrap_or_default(), self.last]
    }

    fn came(&mut self, number: u32) {
        if number == self.last {
            return;
        }
        let last = self.last as usize;
        if last >= self.successors.len() {
            self.successors.resize(last + 1, 0);
        }
        if let Some(successor) = self.successors.get_mut(last) {
            *successor = number;
        }
        self.last = number;
    }
}

impl Headers {
    /// The number of a header.
    pub fn number_of(&mut self, header: &[u8]) -> u32 {
        let is_it = |number: &u32| self.encoded.get(*number as usize).is_some_and(|known| known == header);
        let number = self.order.guesses().into_iter().find(is_it).unwrap_or_else(|| self.look_up(header));
        self.order.came(number);
        number
    }

    /// The header with this number.
    pub fn get(&self, number: u32) -> &[u8] {
        self.encoded.get(number as usize).map_or(&[], Vec::as_slice)
    }

    fn look_up(&mut self, header: &[u8]) -> u32 {
        if let Some(number) = self.numbers.get(header) {
            return *number;
        }
        let number = u32::try_from(self.encoded.len()).unwrap_or(u32::MAX);
        self.encoded.push(header.to_vec());
        self.numbers.insert(header.to_vec(), number);
        number
    }
}

impl<'a> Collecting<'a> {
    /// None yet, and room for so many numbers.
    pub fn with_room(numbers: usize) -> Self {
        Self { numbers: Vec::with_capacity(numbers), ..Self::default() }
    }

    /// The number of a series.
    pub fn series_of(&mut self, above: Above, attributes: Cow<'a, [u8]>) -> u32 {
        let is_it = |number: &u32| {
            let known = self.series.get(*number as usize);
            known.is_some_and(|known| known.above == above && known.attributes == attributes)
        };
        let guessed = self.order.guesses().into_iter().find(is_it);
        let number = guessed.unwrap_or_else(|| self.look_up(above, attributes));
        self.order.came(number);
        number
    }

    /// The numbers of what stands above points.
    pub fn above(&mut self, [resource, scope, metric]: [&[u8]; 3]) -> Above {
        Above {
            resource: self.resources.number_of(resource),
            scope: self.scopes.number_of(scope),
            metric: self.metrics.number_of(metric),
        }
    }

    /// Adds a point that `parts` was made of.
    pub fn push(&mut self, above: Above, parts: PointParts<'a>, point: &'a [u8], attributes_field: u32) {
        let PointParts { attributes, moment, number } = parts;
        let has_attributes = !attributes.is_empty();
        let series = self.series_of(above, attributes);
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

    fn look_up(&mut self, above: Above, attributes: Cow<'a, [u8]>) -> u32 {
        let next = u32::try_from(self.series.len()).unwrap_or(u32::MAX);
        match self.by_key.entry((above, attributes)) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                let attributes = entry.key().1.clone();
                self.series.push(CollectedSeries { above, attributes });
                *entry.insert(next)
            }
        }
    }
}
