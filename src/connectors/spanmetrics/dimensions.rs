//! The configured dimensions, and what spans, events and resources have for them.

use super::config::{DimensionConfig, SpanMetricsConfig};
use super::glob::KeyGlob;
use crate::metric_streams::{StreamHasher, StreamId};
use crate::otlp::wire::{put_length_delimited, put_message};
use crate::otlp::{AnyValueView, KeyValueView, List, Text, View};

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
    globs: Vec<GlobDimension>,
}

#[derive(Debug)]
struct NamedDimension {
    key: String,
    /// None where it is no dimension of the measure.
    uses: PerMeasure<Option<Use>>,
}

/// How a measure uses a dimension.
#[derive(Debug, Clone)]
struct Use {
    default: Option<DefaultValue>,
}

#[derive(Debug, Clone)]
struct DefaultValue {
    /// The encoded `KeyValue`.
    attribute: Vec<u8>,
    id: StreamId,
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

impl Dimensions {
    /// The dimensions of a configuration that was checked.
    pub fn of(config: &SpanMetricsConfig, hasher: &StreamHasher) -> Self {
        let mut dimensions = Self::default();
        let lists = [
            (&config.dimensions, PerMeasure([true, true, true])),
            (&config.calls_dimensions, PerMeasure([true, false, false])),
            (&config.histogram.dimensions, PerMeasure([false, true, false])),
            (&config.events.dimensions, PerMeasure([false, false, true])),
        ];
        for (list, is_used_by) in lists {
            list.iter().for_each(|dimension| dimensions.add(dimension, is_used_by, hasher));
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

    /// Adds up the fingerprints of the attributes that the dimensions become, for each measure. `layers` are
    /// looked through in order.
    pub fn identify(&self, hasher: &StreamHasher, layers: &[&Found<'_>]) -> PerMeasure<StreamId> {
        let mut ids = PerMeasure([StreamId::NO_ATTRIBUTES; 3]);
        for (place, dimension) in self.named.iter().enumerate() {
            let id = named_in(layers, place).map(|attribute| text_fingerprint(hasher, attribute));
            for (sum, usage) in ids.0.iter_mut().zip(&dimension.uses.0) {
                let Some(usage) = usage else { continue };
                if let Some(id) = id.or_else(|| Some(usage.default.as_ref()?.id)) {
                    *sum = sum.with(id);
                }
            }
        }
        for globbed in globbed_in(layers) {
            let id = text_fingerprint(hasher, globbed.attribute);
            for (sum, is_used) in ids.0.iter_mut().zip(globbed.is_used_by.0) {
                if is_used {
                    *sum = sum.with(id);
                }
            }
        }
        ids
    }

    /// Calls `visit` with each attribute that the dimensions of `measure` become.
    pub fn for_each(&self, measure: Measure, layers: &[&Found<'_>], mut visit: impl FnMut(KeyValueView<'_>)) {
        for (place, dimension) in self.named.iter().enumerate() {
            let Some(usage) = dimension.uses.of(measure) else { continue };
            match (named_in(layers, place), &usage.default) {
                (Some(attribute), _) => visit(attribute),
                (None, Some(default)) => visit(KeyValueView::parse(&default.attribute)),
                (None, None) => {}
            }
        }
        for globbed in globbed_in(layers).filter(|globbed| *globbed.is_used_by.of(measure)) {
            visit(globbed.attribute);
        }
    }

    /// Adds an entry of a list. Where two name one attribute, the later list's default counts if it has one.
    fn add(&mut self, dimension: &DimensionConfig, is_used_by: PerMeasure<bool>, hasher: &StreamHasher) {
        if let Ok(glob) = KeyGlob::compile(&dimension.glob)
            && !dimension.glob.is_empty()
        {
            self.globs.push(GlobDimension { glob, is_used_by });
            return;
        }
        let default = dimension.default.as_ref().map(|text| DefaultValue {
            attribute: encoded_attribute(&dimension.name, text),
            id: hasher.attribute(dimension.name.as_bytes(), AnyValueView::String(Text::new(text.as_bytes()))),
        });
        let place = self.named.iter().position(|known| known.key == dimension.name).unwrap_or_else(|| {
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

/// The fingerprint of an attribute by its text: as in the Collector, 1 and "1" are one dimension value.
fn text_fingerprint(hasher: &StreamHasher, attribute: KeyValueView<'_>) -> StreamId {
    let key = attribute.key.as_bytes();
    let of_text = |text: &[u8]| hasher.attribute(key, AnyValueView::String(Text::new(text)));
    match attribute.value() {
        value @ AnyValueView::String(_) => hasher.attribute(key, value),
        AnyValueView::Int(number) => of_text(DecimalDigits::of(number).as_bytes()),
        AnyValueView::Bool(flag) => of_text(if flag { b"true" } else { b"false" }),
        other => of_text(other.to_text().as_bytes()),
    }
}

/// An integer's digits without a place on the heap: status codes are dimensions of every HTTP span.
struct DecimalDigits {
    digits: [u8; 20],
    length: usize,
}

impl DecimalDigits {
    fn of(number: i64) -> Self {
        let mut digits = [0; 20];
        let mut unused: &mut [u8] = &mut digits;
        // The longest is -9223372036854775808, of 20 characters.
        let is_written = std::io::Write::write_fmt(&mut unused, format_args!("{number}")).is_ok();
        debug_assert!(is_written);
        let length = 20 - unused.len();
        Self { digits, length }
    }

    fn as_bytes(&self) -> &[u8] {
        self.digits.get(..self.length).unwrap_or_default()
    }
}
