//! Actions applied to the attributes of one message after the other.

use regex::bytes::{CaptureLocations, Regex};

use super::convert::{put_converted, put_hashed};
use super::plan::{Affected, ConvertedType, KeyId, Plan, PutCondition, Step, ValueSource};
use crate::otlp::{AnyValueView, AttributePlace, AttributesInPlace, ClientInfo, Text, View, put_any_value};

/// The actions at work on one batch. What a message needs is kept for the next one, so that nothing is
/// allocated for messages in which nothing changes.
#[derive(Debug)]
pub struct ActionRun<'plan> {
    plan: &'plan Plan,
    /// What `from_context` found, encoded; as long as the list of steps.
    client_values: Vec<Option<Vec<u8>>>,
    /// Where the groups of `extract` patterns are found; as long as the list of steps.
    locations: Vec<Option<CaptureLocations>>,
    /// The attributes of the message that actions name, in order, and behind them those that are new.
    notes: Vec<Note>,
    /// Encoded values that actions made for the message.
    computed: Vec<u8>,
}

/// An attribute as far as the actions have come.
#[derive(Debug, Clone, Copy)]
struct Note {
    /// None for a new one.
    place: Option<AttributePlace>,
    /// None for one that only a pattern may match.
    key: Option<KeyId>,
    value: NotedValue,
    is_changed: bool,
    is_deleted: bool,
}

/// Where an encoded value lies.
#[derive(Debug, Clone, Copy)]
enum NotedValue {
    InMessage(AttributePlace),
    /// In the step with this index.
    Constant(usize),
    Fallback(usize),
    Client(usize),
    Computed {
        start: usize,
        end: usize,
    },
}

impl<'plan> ActionRun<'plan> {
    pub(super) fn new(plan: &'plan Plan, client: Option<&ClientInfo>) -> Self {
        let client_value = |step: &Step| match step {
            Step::Put { source: ValueSource::Client(value), .. } => {
                let text = value.find(client)?;
                let mut encoded = Vec::with_capacity(text.len() + 3);
                put_any_value(&mut encoded, AnyValueView::String(Text::new(text.as_bytes())));
                Some(encoded)
            }
            _ => None,
        };
        let locations = |step: &Step| match step {
            Step::Extract { pattern, .. } => Some(pattern.capture_locations()),
            _ => None,
        };
        Self {
            plan,
            client_values: plan.steps.iter().map(client_value).collect(),
            locations: plan.steps.iter().map(locations).collect(),
            notes: Vec::new(),
            computed: Vec::new(),
        }
    }

    /// Applies every action in order to the attributes of one message.
    pub fn apply(&mut self, attributes: &mut AttributesInPlace<'_, '_>) {
        self.notes.clear();
        self.computed.clear();
        for (place, attribute) in attributes.iter() {
            let key = self.plan.keys.find(attribute.key.as_bytes());
            if key.is_some() || self.plan.has_key_patterns {
                let value = NotedValue::InMessage(place);
                let place = Some(place);
                self.notes.push(Note { place, key, value, is_changed: false, is_deleted: false });
            }
        }
        let plan = self.plan;
        for (index, step) in plan.steps.iter().enumerate() {
            match step {
                Step::Put { key, source, fallback, condition } => {
                    if let Some(value) = self.value_from(index, source, fallback.is_some()) {
                        self.put(*key, value, *condition);
                    }
                }
                Step::Delete(affected) => self.delete(affected, attributes),
                Step::Hash(affected) => self.hash(affected, attributes),
                Step::Extract { key, pattern, targets } => {
                    self.extract(index, *key, pattern, targets, attributes);
                }
                Step::Convert { key, to } => self.convert(*key, *to, attributes),
            }
        }
        self.write(attributes);
    }

    /// The first attribute with this key that is still there.
    fn first(&self, key: KeyId) -> Option<usize> {
        self.notes.iter().position(|note| note.key == Some(key) && !note.is_deleted)
    }

    fn value_from(&self, step: usize, source: &ValueSource, has_fallback: bool) -> Option<NotedValue> {
        let found = match source {
            ValueSource::Constant(_) => Some(NotedValue::Constant(step)),
            ValueSource::Attribute(key) => {
                self.first(*key).and_then(|index| self.notes.get(index)).map(|note| note.value)
            }
            ValueSource::Client(_) => {
                let is_known = self.client_values.get(step).is_some_and(Option::is_some);
                is_known.then_some(NotedValue::Client(step))
            }
            ValueSource::Nothing => None,
        };
        found.or(has_fallback.then_some(NotedValue::Fallback(step)))
    }

    fn put(&mut self, key: KeyId, value: NotedValue, condition: PutCondition) {
        match self.first(key) {
            Some(_) if condition == PutCondition::Absent => {}
            Some(index) => self.set(index, value),
            None if condition == PutCondition::Present => {}
            None => {
                self.notes.push(Note {
                    place: None,
                    key: Some(key),
                    value,
                    is_changed: false,
                    is_deleted: false,
                });
            }
        }
    }

    fn set(&mut self, index: usize, value: NotedValue) {
        if let Some(note) = self.notes.get_mut(index) {
            note.value = value;
            note.is_changed = true;
        }
    }

    fn delete(&mut self, affected: &Affected, attributes: &AttributesInPlace<'_, '_>) {
        for note in &mut self.notes {
            note.is_deleted |= has_key(note, affected.key)
                || affected.pattern.as_ref().is_some_and(|pattern| {
                    !note.is_deleted && pattern.is_match(key_of(self.plan, note, attributes))
                });
        }
    }

    fn hash(&mut self, affected: &Affected, attributes: &AttributesInPlace<'_, '_>) {
        for index in 0..self.notes.len() {
            if self.notes.get(index).is_some_and(|note| has_key(note, affected.key)) {
                self.compute(index, attributes, |out, value| {
                    put_hashed(out, value);
                    true
                });
            }
        }
        let Some(pattern) = &affected.pattern else { return };
        for index in 0..self.notes.len() {
            let Some(note) = self.notes.get(index) else { continue };
            if !note.is_deleted && pattern.is_match(key_of(self.plan, note, attributes)) {
                self.compute(index, attributes, |out, value| {
                    put_hashed(out, value);
                    true
                });
            }
        }
    }

    fn convert(&mut self, key: KeyId, to: ConvertedType, attributes: &AttributesInPlace<'_, '_>) {
        if let Some(index) = self.first(key) {
            self.compute(index, attributes, |out, value| put_converted(out, value, to));
        }
    }

    /// Sets the attribute noted at `index` to what `make` makes of its value, unless it makes nothing.
    fn compute(
        &mut self,
        index: usize,
        attributes: &AttributesInPlace<'_, '_>,
        make: impl FnOnce(&mut Vec<u8>, AnyValueView<'_>) -> bool,
    ) {
        let Some(note) = self.notes.get(index) else { return };
        let mut made = Vec::new();
        if make(&mut made, AnyValueView::parse(self.encoded_value(note.value, attributes))) {
            let value = self.keep(&made);
            self.set(index, value);
        }
    }

    fn extract(
        &mut self,
        step: usize,
        key: KeyId,
        pattern: &Regex,
        targets: &[KeyId],
        attributes: &AttributesInPlace<'_, '_>,
    ) {
        let Some(note) = self.first(key).and_then(|index| self.notes.get(index)) else { return };
        let source = self.encoded_value(note.value, attributes);
        let AnyValueView::String(text) = AnyValueView::parse(source) else { return };
        let text = text.as_bytes().to_vec();
        let Some(mut locations) = self.locations.get_mut(step).and_then(Option::take) else { return };
        if pattern.captures_read(&mut locations, &text).is_some() {
            for (group, target) in (1..).zip(targets) {
                // A group that took no part in the match is an empty text, as in the Collector.
                let found = locations.get(group).and_then(|(start, end)| text.get(start..end));
                let mut encoded = Vec::new();
                let found = AnyValueView::String(Text::new(found.unwrap_or_default()));
                put_any_value(&mut encoded, found);
                let value = self.keep(&encoded);
                self.put(*target, value, PutCondition::Always);
            }
        }
        if let Some(kept) = self.locations.get_mut(step) {
            *kept = Some(locations);
        }
    }

    fn keep(&mut self, encoded: &[u8]) -> NotedValue {
        let start = self.computed.len();
        self.computed.extend_from_slice(encoded);
        NotedValue::Computed { start, end: self.computed.len() }
    }

    fn encoded_value<'a, 'source: 'a>(
        &'a self,
        value: NotedValue,
        attributes: &AttributesInPlace<'_, 'source>,
    ) -> &'a [u8] {
        let step = |index| self.plan.steps.get(index);
        match value {
            NotedValue::InMessage(place) => attributes.at(place).encoded_value,
            NotedValue::Constant(index) => match step(index) {
                Some(Step::Put { source: ValueSource::Constant(constant), .. }) => constant,
                _ => &[],
            },
            NotedValue::Fallback(index) => match step(index) {
                Some(Step::Put { fallback: Some(fallback), .. }) => fallback,
                _ => &[],
            },
            NotedValue::Client(index) => {
                self.client_values.get(index).and_then(Option::as_deref).unwrap_or_default()
            }
            NotedValue::Computed { start, end } => self.computed.get(start..end).unwrap_or_default(),
        }
    }

    /// Splices what the actions changed. The notes are in the order of the bytes, new attributes last.
    fn write(&self, attributes: &mut AttributesInPlace<'_, '_>) {
        for note in &self.notes {
            match note.place {
                Some(place) if note.is_deleted => attributes.delete(place),
                Some(place) if note.is_changed => {
                    let key = key_of(self.plan, note, attributes);
                    attributes.replace(place, key, self.encoded_value(note.value, attributes));
                }
                None if !note.is_deleted => {
                    let key = key_of(self.plan, note, attributes);
                    attributes.push(key, self.encoded_value(note.value, attributes));
                }
                _ => {}
            }
        }
    }
}

fn has_key(note: &Note, key: Option<KeyId>) -> bool {
    key.is_some() && note.key == key && !note.is_deleted
}

fn key_of<'a, 'source: 'a>(
    plan: &'a Plan,
    note: &Note,
    attributes: &AttributesInPlace<'_, 'source>,
) -> &'a [u8] {
    match (note.key, note.place) {
        (Some(key), _) => plan.keys.key(key),
        (None, Some(place)) => attributes.at(place).key.as_bytes(),
        (None, None) => &[],
    }
}
