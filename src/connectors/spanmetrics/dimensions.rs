//! The configured dimensions, and what spans, events and resources have for them.

use super::config::{DimensionConfig, SpanMetricsConfig};
use super::glob::KeyGlob;
use crate::metric_streams::{StreamHasher, StreamId};
use crate::otlp::wire::{put_length_delimited, put_message};
use crate::otlp::{AnyValueView, KeyValueView, List, View};

/// What is measured. Each is a metric with dimensions of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// How many spans there were.
    Calls,
    /// How long they took.
    Duration,
    /// How many events they had.
    Events,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Self; 3] = [Self::Calls, Self::Duration, Self::Events];
}

/// Something for each measure.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PerMeasure<T>(pub [T; 3]);

impl<T> PerMeasure<T> {
    /// That of `measure`.
    pub const fn of(&self, measure: Measure) -> &T {
        &self.0[measure as usize]
    }

    /// That of `measure`, to be changed.
    pub const fn of_mut(&mut self, measure: Measure) -> &mut T {
        &mut self.0[measure as usize]
    }
}

/// The configured dimensions of all measures, in one list so that attributes are walked once.
#[derive(Debug, Default)]
pub struct Dimensions {
    named: Vec<NamedDimension>,
    /// A bit for each length that a named key has, by which most attributes are passed over at once.
    named_lengths: u64,
    globs: Vec<GlobDimension>,
}

#[derive(Debug)]
struct NamedDimension {
    key: String,
    /// None where it is no dimension of the measure.
    uses: PerMeasure<Option<Use>>,
}

/// How a measure uses a dimension.
#[derive(Debug, Clone, PartialEq)]
struct Use {
    /// An encoded `KeyValue` for whoever has none.
    default: Option<Vec<u8>>,
}

#[derive(Debug)]
struct GlobDimension {
    glob: KeyGlob,
    is_used_by: PerMeasure<bool>,
}

/// What one span, event or resource has for the dimensions. Made once and filled again and again.
#[derive(Debug, Default)]
pub struct Found<'a> {
    /// By place in the list of named dimensions.
    named: Vec<Option<KeyValueView<'a>>>,
    globbed: Vec<Globbed<'a>>,
}

#[derive(Debug)]
struct Globbed<'a> {
    attribute: KeyValueView<'a>,
    is_used_by: PerMeasure<bool>,
}

impl Use {
    fn default_attribute(&self) -> Option<KeyValueView<'_>> {
        self.default.as_deref().map(KeyValueView::parse)
    }
}

impl Dimensions {
    /// The dimensions of a configuration that was checked.
    pub fn of(config: &SpanMetricsConfig) -> Self {
        let mut dimensions = Self::default();
        let lists = [
            (&config.dimensions, PerMeasure([true, true, true])),
            (&config.calls_dimensions, PerMeasure([true, false, false])),
            (&config.histogram.dimensions, PerMeasure([false, true, false])),
            (&config.events.dimensions, PerMeasure([false, false, true])),
        ];
        for (list, is_used_by) in lists {
            list.iter().for_each(|dimension| dimensions.add(dimension, is_used_by));
        }
        dimensions
    }

    /// True where there are none.
    pub const fn is_empty(&self) -> bool {
        self.named.is_empty() && self.globs.is_empty()
    }

    /// An empty record for these dimensions.
    pub fn nothing_found<'a>(&self) -> Found<'a> {
        Found { named: vec![None; self.named.len()], globbed: Vec::new() }
    }

    /// Looks for the dimensions in `attributes`. Of equal keys the first counts.
    pub fn find<'a>(&self, attributes: List<'a, KeyValueView<'a>>, found: &mut Found<'a>) {
        found.named.fill(None);
        found.globbed.clear();
        for attribute in attributes {
            let key = attribute.key;
            if self.globs.is_empty() && self.named_lengths & length_bit(key.as_bytes()) == 0 {
                continue;
            }
            let mut named_by = PerMeasure([false; 3]);
            let mut slots = found.named.iter_mut();
            for (dimension, slot) in self.named.iter().zip(&mut slots) {
                if key == *dimension.key {
                    slot.get_or_insert(attribute);
                    named_by = PerMeasure(dimension.uses.0.each_ref().map(Option::is_some));
                    break;
                }
            }
            if !self.globs.is_empty() {
                self.find_globs(attribute, named_by, found);
            }
        }
    }

    /// True where the two measures have the same dimensions.
    pub fn are_equal(&self, one: Measure, other: Measure) -> bool {
        self.named.iter().all(|dimension| dimension.uses.of(one) == dimension.uses.of(other))
            && self
                .globs
                .iter()
                .all(|dimension| dimension.is_used_by.of(one) == dimension.is_used_by.of(other))
    }

    /// The fingerprint of the series with what stands in `key` and the dimensions of `measure`. `layers` are
    /// looked through in order. `key` comes back as it was.
    ///
    /// As in the Collector, values count as text: 1 and "1" are one.
    pub fn identify(
        &self,
        hasher: &StreamHasher,
        measure: Measure,
        layers: &[&Found<'_>],
        key: &mut Vec<u8>,
    ) -> StreamId {
        let shared_length = key.len();
        for (place, dimension) in self.named.iter().enumerate() {
            let Some(usage) = dimension.uses.of(measure) else { continue };
            if let Some(attribute) = named_in(layers, place).or_else(|| usage.default_attribute()) {
                key.extend_from_slice(&(place as u32).to_le_bytes());
                put_text(key, attribute.value());
            }
        }
        let mut id = hasher.own_key(key);
        // A span may have its attributes in any order, which makes no other series of it.
        for globbed in globbed_in(layers).filter(|globbed| *globbed.is_used_by.of(measure)) {
            key.truncate(shared_length);
            put_sized(key, globbed.attribute.key.as_bytes());
            put_text(key, globbed.attribute.value());
            id = id.with(hasher.own_key(key));
        }
        key.truncate(shared_length);
        id
    }

    /// Calls `visit` with each attribute that the dimensions of `measure` become.
    pub fn for_each(&self, measure: Measure, layers: &[&Found<'_>], mut visit: impl FnMut(KeyValueView<'_>)) {
        for (place, dimension) in self.named.iter().enumerate() {
            let Some(usage) = dimension.uses.of(measure) else { continue };
            if let Some(attribute) = named_in(layers, place).or_else(|| usage.default_attribute()) {
                visit(attribute);
            }
        }
        for globbed in globbed_in(layers).filter(|globbed| *globbed.is_used_by.of(measure)) {
            visit(globbed.attribute);
        }
    }

    /// Adds an entry of a list. Where two name one attribute, the later list's default counts if it has one.
    fn add(&mut self, dimension: &DimensionConfig, is_used_by: PerMeasure<bool>) {
        if let Ok(glob) = KeyGlob::compile(&dimension.glob)
            && !dimension.glob.is_empty()
        {
            self.globs.push(GlobDimension { glob, is_used_by });
            return;
        }
        let default = dimension.default.as_ref().map(|text| encoded_attribute(&dimension.name, text));
        let place = self.named.iter().position(|known| known.key == dimension.name).unwrap_or_else(|| {
            self.named_lengths |= length_bit(dimension.name.as_bytes());
            self.named.push(NamedDimension { key: dimension.name.clone(), uses: PerMeasure::default() });
            self.named.len() - 1
        });
        let Some(named) = self.named.get_mut(place) else { return };
        for (usage, _) in named.uses.0.iter_mut().zip(is_used_by.0).filter(|(_, is_used)| *is_used) {
            let of_an_earlier_list = usage.take().and_then(|usage| usage.default);
            *usage = Some(Use { default: default.clone().or(of_an_earlier_list) });
        }
    }

    fn find_globs<'a>(&self, attribute: KeyValueView<'a>, named_by: PerMeasure<bool>, found: &mut Found<'a>) {
        let mut is_used_by = PerMeasure([false; 3]);
        for dimension in &self.globs {
            if dimension.glob.matches(attribute.key.as_bytes()) {
                for ((is_used, by_glob), by_name) in
                    is_used_by.0.iter_mut().zip(dimension.is_used_by.0).zip(named_by.0)
                {
                    *is_used |= by_glob && !by_name;
                }
            }
        }
        let is_known = || found.globbed.iter().any(|known| known.attribute.key == attribute.key);
        if is_used_by.0.contains(&true) && !is_known() {
            found.globbed.push(Globbed { attribute, is_used_by });
        }
    }
}

/// Lengths from 63 on share a bit.
fn length_bit(key: &[u8]) -> u64 {
    1 << key.len().min(63)
}

/// An encoded `KeyValue` of text.
pub fn encoded_attribute(key: &str, text: &str) -> Vec<u8> {
    let mut attribute = Vec::new();
    put_length_delimited(&mut attribute, 1, key.as_bytes());
    put_message(&mut attribute, 2, |out| put_length_delimited(out, 1, text.as_bytes()));
    attribute
}

fn named_in<'a>(layers: &[&Found<'a>], place: usize) -> Option<KeyValueView<'a>> {
    layers.iter().find_map(|layer| *layer.named.get(place)?)
}

/// What globs found, each key in the first layer that has it.
fn globbed_in<'l, 'a>(layers: &'l [&'l Found<'a>]) -> impl Iterator<Item = &'l Globbed<'a>> {
    layers.iter().enumerate().flat_map(move |(depth, layer)| {
        let above = layers.get(..depth).unwrap_or_default();
        let is_hidden = move |key| {
            above.iter().flat_map(|layer| &layer.globbed).any(|globbed| globbed.attribute.key == key)
        };
        layer.globbed.iter().filter(move |globbed| !is_hidden(globbed.attribute.key))
    })
}

/// Appends `bytes` behind their length.
pub fn put_sized(key: &mut Vec<u8>, bytes: &[u8]) {
    key.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    key.extend_from_slice(bytes);
}

/// Appends the text of a value behind its length.
fn put_text(key: &mut Vec<u8>, value: AnyValueView<'_>) {
    match value {
        AnyValueView::String(text) => put_sized(key, text.as_bytes()),
        AnyValueView::Int(number) => put_decimal(key, number),
        other => put_sized(key, other.to_text().as_bytes()),
    }
}

/// Appends a number's digits behind their count, without a place on the heap for them: every HTTP span has
/// its status code as a dimension.
fn put_decimal(key: &mut Vec<u8>, number: i64) {
    let mut digits = [0; 20];
    let mut begin = digits.len();
    let mut rest = number.unsigned_abs();
    for (place, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + (rest % 10) as u8;
        begin = place;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    let digits = digits.get(begin..).unwrap_or_default();
    let sign: &[u8] = if number < 0 { b"-" } else { b"" };
    key.extend_from_slice(&((sign.len() + digits.len()) as u64).to_le_bytes());
    key.extend_from_slice(sign);
    key.extend_from_slice(digits);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otlp::Text;

    #[test]
    fn numbers_and_their_text_are_one_value() {
        for number in [0, 7, -7, 10, 200, -200, i64::MAX, i64::MIN, i64::MIN + 1] {
            let (mut as_number, mut as_text) = (Vec::new(), Vec::new());
            put_text(&mut as_number, AnyValueView::Int(number));
            put_text(&mut as_text, AnyValueView::String(Text::new(number.to_string().as_bytes())));
            assert_eq!(as_number, as_text, "{number}");
        }
    }
}
